//! Tables of rules that change weights by label and state.
//!
//! "Red week: delta down by 0.05, size at 70 %" is a row. A table declares its axes, so that gaps and overlaps can be
//! found before the day on which they matter; labels and numbers carry the time at which they became known, and a
//! decision refuses what became known after it.

mod apply;
mod partition;
mod state;
mod table;

pub use apply::{AdjustedWeight, AppliedRule};
pub use partition::{Cell, Finding, TableReport};
pub use state::DecisionState;
pub use table::{Action, AdjustmentRule, AdjustmentTable, Axis, AxisDomain, Condition, Effect, Target};

//! The contract in which instruments, models, stress tests, optimisers and monitors meet.

mod coverage;
mod estimate;
mod history;
mod limit;
mod model;
mod pnl;
pub(crate) mod scenario;
mod status;

pub use coverage::Coverage;
pub use estimate::{Estimate, Interval, IntervalMethod, Measure};
pub use history::{History, HistorySplitter};
pub use limit::{Bound, Limit, LinearRow};
pub use model::{FittedVarModel, FittedVolatility, LossDistribution, VarModel, VolatilityModel};
pub use pnl::{Assumption, ScenarioPnl, ScenarioPnlParts, Unvalued};
pub use scenario::{Factor, Ordering, ScenarioSet, ScenarioSource, ShockKind};
pub use status::{Status, Verdict};

//! Which strategies are too alike to be held together, and what to do about it.
//!
//! A [`ConflictRule`] turns correlations into conflicting pairs, with a memory so that a correlation near the limit
//! does not flip every review. A [`CorrelationPolicy`] answers them: the set of strategies with the highest total
//! score and no conflict inside, caps on pairs, or caps on clusters. Caps are data for an optimiser.

mod caps;
mod independent_set;
mod policy;
mod state;

pub use caps::GroupCap;
pub use independent_set::{IndependentSet, independent_set};
pub use policy::{CorrelationPolicy, DropReason, Dropped, PolicyOutcome};
pub use state::{Conflict, ConflictBasis, ConflictReview, ConflictRule, ConflictState, ConflictStatistic, UnknownPair};

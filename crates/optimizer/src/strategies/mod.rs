//! Capital among strategies: how alike they are, which may be held together, and how much each gets.
//!
//! - [`correlation`]: correlations of strategies with intervals, calm and in a crisis, and in the tails;
//! - [`conflicts`]: which strategies are too alike, the best set without such a pair, caps on pairs and clusters;
//! - [`performance`]: weights tilted by shrunken past performance, scaled by drawdown, capped by capacity;
//! - [`hierarchy`]: account, strategy and underlying, each level by its own rule, within bounds on all of them;
//! - [`experimental_online`]: weights that follow realised returns, with a bound on the regret;
//! - [`adjustments`]: tables of rules that change weights by label and state.
//!
//! Names of strategies, nodes and labels are free text.

pub mod adjustments;
mod check;
pub mod conflicts;
pub mod correlation;
pub mod experimental_online;
pub mod hierarchy;
pub mod performance;
mod returns;
mod shares;

pub use returns::StrategyReturns;

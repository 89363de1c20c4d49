//! Probabilities of scenarios that agree with views and otherwise stay as close to a prior as they can (entropy
//! pooling).
//!
//! ```
//! use alluse_risk_core::entropy_pooling::{EntropyPooling, Relation, ScenarioView};
//! use ndarray::array;
//!
//! // A coin toss with the prior ½, ½, and the view that it gains 20 % of the stake on average.
//! let tosses = array![[1.0], [-1.0]];
//! let posterior = EntropyPooling::new()
//!     .with_view(ScenarioView::mean("coin", Relation::Equal, 0.2))
//!     .posterior(&["coin"], tosses.view(), array![0.5, 0.5].view())?;
//! assert!((posterior.probabilities[0] - 0.6).abs() < 1e-12);
//! # Ok::<(), alluse_risk_core::Error>(())
//! ```
//!
//! The probabilities fit [`ScenarioSet::with_probabilities`](crate::ScenarioSet::with_probabilities) and
//! [`LossSample::with_probabilities`](crate::measures::LossSample::with_probabilities).

mod constraint;
mod dual;
mod opinion;
mod pooling;
mod tail;
#[cfg(test)]
mod tests;
mod view;

pub use opinion::{effective_scenarios, pool_opinions, relative_entropy};
pub use pooling::{ConstraintReport, EntropyPooling, EntropyPosterior};
pub use view::{Center, ConstraintRole, Relation, ScenarioView, Statistic};

//! Anything that turns a history into weights.

use std::fmt;

use alluse_risk_core::{History, Weights};

use crate::{Fallback, Problem, Result};

/// A rule that chooses weights from what was known before the decision.
///
/// A [`History`] ends before the decision, so a rule cannot see later rows.
pub trait Allocator: fmt::Debug + Send + Sync {
    /// Its name, for tables of results.
    fn name(&self) -> &str;

    /// The weights to hold from now on; `held` are those held now, after their drift.
    ///
    /// # Errors
    /// Those of the rule behind the trait.
    fn allocate(&self, history: History<'_>, held: &Weights) -> Result<Weights>;
}

/// An allocator that states a problem from the history and solves it.
///
/// ```
/// use alluse_optimizer::problem::{Constraint, Objective, Problem, RiskMeasure};
/// use alluse_optimizer::{ProblemAllocator, Universe};
/// use alluse_risk_core::covariance::SampleCovariance;
/// use alluse_risk_core::{History, Weights};
///
/// let least_variance = ProblemAllocator::new("minimum variance", |history: History<'_>, _held: &Weights| {
///     let covariance = SampleCovariance::default().covariance(history.returns())?;
///     Ok(Problem::new(Universe::new(history.assets().to_vec())?, Objective::MinimiseRisk(RiskMeasure::Variance))
///         .with_covariance(covariance)?
///         .subject_to(Constraint::budget(1.0))
///         .subject_to(Constraint::long_only()))
/// });
/// # use alluse_optimizer::Allocator;
/// assert_eq!(least_variance.name(), "minimum variance");
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
pub struct ProblemAllocator<F> {
    name: String,
    state: F,
    fallbacks: Vec<Fallback>,
}

impl<F> ProblemAllocator<F>
where
    F: Fn(History<'_>, &Weights) -> Result<Problem> + Send + Sync,
{
    /// A name and the problem to solve at each decision.
    pub fn new(name: impl Into<String>, state: F) -> Self {
        Self { name: name.into(), state, fallbacks: Vec::new() }
    }

    /// With second choices for a decision at which the problem has no solution.
    #[must_use]
    pub fn with_fallbacks(mut self, fallbacks: Vec<Fallback>) -> Self {
        self.fallbacks = fallbacks;
        self
    }
}

impl<F> fmt::Debug for ProblemAllocator<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProblemAllocator").field("name", &self.name).field("fallbacks", &self.fallbacks).finish()
    }
}

impl<F> Allocator for ProblemAllocator<F>
where
    F: Fn(History<'_>, &Weights) -> Result<Problem> + Send + Sync,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn allocate(&self, history: History<'_>, held: &Weights) -> Result<Weights> {
        (self.state)(history, held)?.solve_or(&self.fallbacks)?.to_weights()
    }
}

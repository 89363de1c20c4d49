//! What to do when a problem has no solution, decided beforehand.

use serde::{Deserialize, Serialize};

use crate::problem::{Constraint, ConstraintKind, Members, Objective, Problem, RiskMeasure, Side};
use crate::solution::Attempt;
use crate::{Error, Result, Solution};

/// A second choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fallback {
    /// Move the limits that contradict each other by the cheapest amounts, and solve again.
    RelaxLimits,
    /// The same limits with another objective.
    Objective(Objective),
    /// Without the limits of these names.
    Without(Vec<String>),
    /// The least variance, long only and fully invested, without any other limit.
    MinimumVariance,
}

impl std::fmt::Display for Fallback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RelaxLimits => write!(f, "the cheapest relaxation of the limits"),
            Self::Objective(objective) => write!(f, "another objective: {objective}"),
            Self::Without(names) => write!(f, "without {}", names.join(", ")),
            Self::MinimumVariance => write!(f, "minimum variance, long only"),
        }
    }
}

impl Problem {
    /// Solves the problem or, where that fails, the first of the fallbacks that can be solved. The solution records every
    /// attempt that failed and why.
    ///
    /// Invalid input is not a reason to fall back: it is returned as it is.
    ///
    /// # Errors
    /// The error of the problem itself, when every fallback fails as well.
    ///
    /// ```
    /// use alluse_optimizer::problem::{Constraint, Objective, Problem, RiskMeasure};
    /// use alluse_optimizer::{Fallback, Universe};
    /// use alluse_risk_core::Covariance;
    /// use ndarray::array;
    ///
    /// let problem = Problem::new(Universe::named(["SPY", "TLT"])?, Objective::MinimiseRisk(RiskMeasure::Variance))
    ///     .with_covariance(Covariance::new(array![[4e-4, 0.0], [0.0, 1e-4]])?)?
    ///     .subject_to(Constraint::budget(1.0))
    ///     .subject_to(Constraint::weights(0.0..=0.4));
    /// let solution = problem.solve_or(&[Fallback::RelaxLimits])?;
    /// assert!(solution.attempts[0].failure.contains("contradict"));
    /// assert!((solution.weights.iter().sum::<f64>() - 1.0).abs() < 0.21);
    /// # Ok::<(), alluse_optimizer::Error>(())
    /// ```
    pub fn solve_or(&self, fallbacks: &[Fallback]) -> Result<Solution> {
        let first = match self.solve() {
            Ok(solution) => return Ok(solution),
            Err(error @ (Error::Input(_) | Error::Invalid { .. } | Error::Unsupported { .. })) => return Err(error),
            Err(error) => error,
        };
        let mut attempts = vec![Attempt { tried: self.objective.to_string(), failure: first.to_string() }];
        for fallback in fallbacks {
            match self.fall_back(fallback, &first).and_then(|problem| problem.solve()) {
                Ok(mut solution) => {
                    solution.method = format!("{} ({fallback})", solution.method);
                    solution.attempts = attempts;
                    return Ok(solution);
                }
                Err(error) => attempts.push(Attempt { tried: fallback.to_string(), failure: error.to_string() }),
            }
        }
        Err(first)
    }

    fn fall_back(&self, fallback: &Fallback, error: &Error) -> Result<Self> {
        match fallback {
            Fallback::RelaxLimits => match error {
                Error::Conflict(conflict) if !conflict.relaxation.is_empty() => Ok(self.relaxed(conflict)),
                _ => Err(Error::Unsupported { what: "relaxing limits that do not contradict each other".into() }),
            },
            Fallback::Objective(objective) => Ok(self.clone().with_objective(objective.clone())),
            Fallback::Without(names) => {
                for name in names {
                    if !self.limits.iter().any(|limit| limit.name() == name) {
                        return Err(Error::invalid("fallback", format!("there is no limit {name:?} to leave out")));
                    }
                }
                Ok(names.iter().fold(self.clone(), |problem, name| problem.without(name)))
            }
            Fallback::MinimumVariance => {
                let mut problem = self.clone().with_objective(Objective::MinimiseRisk(RiskMeasure::Variance));
                problem.limits = vec![
                    Constraint::budget(1.0),
                    Constraint::new("long only", ConstraintKind::Weight(Members::All), 0.0..),
                ];
                problem.costs = None;
                Ok(problem)
            }
        }
    }

    /// The problem with its limits moved as a conflict proposes, and by a millionth of that more: what just touches is
    /// hard for any solver.
    #[must_use]
    pub fn relaxed(&self, conflict: &crate::conflict::Conflict) -> Self {
        let mut problem = self.clone();
        for step in &conflict.relaxation {
            let extra = 1e-6 * (step.to - step.from);
            for limit in problem.limits.iter_mut().filter(|limit| limit.name() == step.limit) {
                let to = step.to + extra;
                let (lower, upper) = (limit.lower(), limit.upper());
                *limit = match step.side {
                    Side::Lower => limit.clone().between(to, upper),
                    Side::Upper => limit.clone().between(lower, to),
                };
            }
        }
        problem
    }

    /// What a limit costs in all: the objective without it less the objective with it, as an improvement.
    ///
    /// A shadow price is the cost of the last unit; this is the cost of the whole limit, found by solving without it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a name that is not a limit's, and those of [`solve`](Self::solve).
    pub fn cost_of(&self, limit: &str) -> Result<f64> {
        if !self.limits.iter().any(|known| known.name() == limit) {
            return Err(Error::invalid("limit", format!("there is none of the name {limit:?}")));
        }
        let (with, without) = (self.solve()?, self.clone().without(limit).solve()?);
        let gain = without.objective - with.objective;
        Ok(if self.objective.is_maximised() { gain } else { -gain })
    }
}

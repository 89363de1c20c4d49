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

#[cfg(test)]
mod tests {
    use alluse_risk_core::{Covariance, HistorySplitter, Weights, panel::ReturnPanel};
    use jiff::{ToSpan, civil::date};
    use ndarray::{Array2, array};

    use super::*;
    use crate::{Allocator, ProblemAllocator, Universe};

    fn impossible() -> Problem {
        let universe = Universe::named(["A", "B"]).unwrap();
        Problem::new(universe, Objective::MaximiseUtility { risk_aversion: 2.0 })
            .with_covariance(Covariance::new(array![[4e-4, 0.0], [0.0, 1e-4]]).unwrap())
            .unwrap()
            .with_mean(array![1e-3, 2e-4])
            .unwrap()
            .subject_to(Constraint::budget(1.0))
            .subject_to(Constraint::weights(0.0..=0.45).named("cap"))
    }

    #[test]
    fn the_chain_is_walked_in_order_and_recorded() {
        let chain = [Fallback::Objective(Objective::MaximiseReturn), Fallback::Without(vec!["cap".into()])];
        let solution = impossible().solve_or(&chain).unwrap();
        assert_eq!(solution.attempts.len(), 2);
        assert!(solution.attempts[1].tried.contains("maximise expected return"));
        assert!(solution.method.ends_with("(without cap)"), "{}", solution.method);
        let free = impossible().without("cap").solve().unwrap();
        assert_eq!(solution.weights, free.weights);
        let last = impossible().solve_or(&[Fallback::MinimumVariance]).unwrap();
        assert!((last.weights[0] - 0.2).abs() < 1e-9);
        let relaxed = impossible().solve_or(&[Fallback::RelaxLimits]).unwrap();
        assert!(relaxed.certificate.is_optimal());
    }

    #[test]
    fn where_nothing_helps_the_first_failure_is_returned() {
        let chain = [Fallback::Objective(Objective::MaximiseReturn), Fallback::Without(vec!["no such limit".into()])];
        assert!(matches!(impossible().solve_or(&chain).unwrap_err(), Error::Conflict(_)));
        // Invalid input is no reason to try something else.
        let invalid = impossible().subject_to(Constraint::asset("Z", ..=0.1));
        assert!(matches!(invalid.solve_or(&[Fallback::MinimumVariance]).unwrap_err(), Error::Invalid { .. }));
        // What can be solved is solved as it is.
        let possible = impossible().without("cap");
        assert!(possible.solve_or(&chain).unwrap().attempts.is_empty());
        // There is nothing to relax where nothing contradicts.
        let unbounded = impossible().without("cap").without("budget").with_objective(Objective::MaximiseReturn);
        assert!(matches!(unbounded.solve_or(&[Fallback::RelaxLimits]).unwrap_err(), Error::Unbounded { .. }));
    }

    #[test]
    fn a_limit_costs_what_its_absence_gains() {
        let problem = impossible().without("cap").subject_to(Constraint::asset("A", ..=0.1).named("tight"));
        let (with, without) = (problem.solve().unwrap(), problem.clone().without("tight").solve().unwrap());
        let cost = problem.cost_of("tight").unwrap();
        assert!(cost > 0.0 && (cost - (without.objective - with.objective)).abs() < 1e-15);
        assert!(problem.cost_of("no such limit").is_err());
        let risk = problem.with_objective(Objective::MinimiseRisk(RiskMeasure::Variance));
        assert!(risk.cost_of("tight").unwrap() > 0.0);
    }

    #[test]
    fn an_allocator_states_the_problem_and_falls_back() {
        let dates: Vec<_> = (0..40).map(|day| date(2018, 1, 1).saturating_add(day.days())).collect();
        let assets = Universe::named(["A", "B"]).unwrap().assets().to_vec();
        let returns = Array2::from_shape_fn((40, 2), |(t, i)| 0.01 * ((t * (i + 2)) as f64).sin());
        let panel = ReturnPanel::new(dates, assets, returns).unwrap();
        let splitter = HistorySplitter::new(&panel, vec![0.0, 0.0]).unwrap();
        let held = Weights::equal(2).unwrap();
        let rule = ProblemAllocator::new("tight", |_, _: &Weights| Ok(impossible()));
        assert!(rule.allocate(splitter.ending(30, 20).unwrap(), &held).is_err());
        let rule = rule.with_fallbacks(vec![Fallback::MinimumVariance]);
        let weights = rule.allocate(splitter.ending(30, 20).unwrap(), &held).unwrap();
        assert!((weights.view()[0] - 0.2).abs() < 1e-9);
        assert!(format!("{rule:?}").contains("tight") && rule.name() == "tight");
    }
}

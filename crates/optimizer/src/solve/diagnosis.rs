//! Why a problem has no solution.

use crate::Error;
use crate::compile::Compiled;
use crate::conflict::short;
use crate::problem::{Constraint, Objective, Problem};
use crate::solution::Found;

impl Problem {
    /// A ratio has no solution for two reasons: the limits contradict each other, or nothing earns enough.
    pub(super) fn explain_infeasible(&self) -> Error {
        let Objective::MaximiseRatio { risk_free, .. } = self.objective else { return self.explain_conflict() };
        match self.clone().with_objective(Objective::MaximiseReturn).find() {
            Ok(best) => {
                let earned = self.expected_return_of(ndarray::ArrayView1::from(&best.weights)).unwrap_or(f64::NAN);
                let reason = format!(
                    "no portfolio within the limits earns more than the risk-free rate of {} a period: the best expected \
                     return is {}",
                    short(risk_free),
                    short(earned)
                );
                Error::Undefined { what: "maximum ratio of return to risk", reason }
            }
            Err(Error::Infeasible { .. }) => self.explain_conflict(),
            Err(error) => error,
        }
    }

    /// What is behind a solver that stopped: limits that contradict each other, an objective without end, or arithmetic.
    pub(super) fn diagnose(&self, error: Error) -> Error {
        match self.is_contradictory() {
            Ok(true) => contradiction(),
            _ => self.runaway().unwrap_or(error),
        }
    }

    /// Tells a solver that ran after an objective without end from one whose arithmetic failed: with weights held in a box,
    /// the former gains from every larger box.
    fn runaway(&self) -> Option<Error> {
        const BOX: &str = "a box to see whether the objective runs away";
        if self.limits.iter().any(|limit| limit.name() == BOX) {
            return None;
        }
        let within = |size: f64| {
            let boxed = self.clone().subject_to(Constraint::weights(-size..=size).named(BOX));
            Some((boxed.find_conic().ok()?, size))
        };
        let (near, far) = (within(1e2)?, within(1e3)?);
        let reaches = |(found, size): &(Found, f64)| found.weights.iter().any(|w| w.abs() > 0.999 * size);
        if !(reaches(&near) && reaches(&far)) {
            return None;
        }
        let direction: Vec<f64> = far.0.weights.iter().zip(&near.0.weights).map(|(a, b)| a - b).collect();
        Some(self.unbounded_along(&direction, "objective"))
    }

    pub(super) fn explain_unbounded(&self, compiled: &Compiled, direction: &[f64]) -> Error {
        let what = if compiled.unit.is_some() { "ratio of return to risk" } else { "objective" };
        self.unbounded_along(&direction[..self.universe.len()], what)
    }

    fn unbounded_along(&self, weights: &[f64], what: &'static str) -> Error {
        let largest = weights.iter().fold(0.0, |most: f64, w| most.max(w.abs()));
        let mut moves: Vec<(usize, f64)> = weights.iter().copied().enumerate().collect();
        moves.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let named: Vec<String> = moves
            .iter()
            .filter(|(_, w)| w.abs() > 1e-3 * largest && largest > 0.0)
            .take(4)
            .map(|(asset, w)| format!("{} {}", if *w > 0.0 { "more" } else { "less" }, self.universe.assets()[*asset]))
            .collect();
        let reason = if named.is_empty() {
            "the limits leave a direction in which it improves for ever".to_owned()
        } else {
            format!("it improves for ever with {}; a limit on weights or on leverage is missing", named.join(", "))
        };
        Error::Unbounded { what, reason }
    }
}

pub(super) fn contradiction() -> Error {
    Error::Infeasible { what: "problem", reason: "its limits contradict each other".into() }
}

//! The best Sharpe ratio under linear limits: a point of the exact frontier.
//!
//! The portfolio that maximises `(μ'w − f) / √(w'Σw)` maximises `μ'w − (γ/2) w'Σw` too, at `γ = (μ'w − f) / w'Σw`. The
//! frontier gives the portfolio and its γ; the quadratic program at that γ gives the multipliers, which over the volatility
//! are those of the ratio.

use ndarray::{Array1, Axis};

use super::priced;
use crate::certificate::{Optimality, certify, quadratic_optimality};
use crate::compile::{LinearLimits, linear_limits};
use crate::frontier::CriticalLine;
use crate::problem::{ConstraintKind, Objective, Problem, RiskMeasure};
use crate::solution::{Found, Termination};
use crate::{QuadraticProgram, Result};

impl Problem {
    /// `None` where the problem is not of this form or the method gave up.
    pub(super) fn find_tangency(&self) -> Result<Option<Found>> {
        let Objective::MaximiseRatio { measure: RiskMeasure::Volatility, risk_free } = self.objective else {
            return Ok(None);
        };
        let Some(limits) = linear_limits(self, |_| false)? else { return Ok(None) };
        let Some(aversion) = self.tangent_aversion(&limits, risk_free)? else { return Ok(None) };
        let (mean, model) = (self.expected_returns()?, self.risk_model()?);
        let sources = limits.sources().clone();
        let program = QuadraticProgram::new(model.hessian(), mean.mapv(|m| -m))?
            .with_scale(aversion)?
            .with_bounds(limits.lower, limits.upper)?
            .with_rows(limits.rows, limits.row_lower, limits.row_upper)?;
        let Ok(solution) = program.solve() else { return Ok(None) };
        let variance = model.variance_of(solution.x.view())?;
        let excess = mean.dot(&solution.x) - risk_free;
        if !(variance > 0.0 && excess > 0.0) {
            return Ok(None);
        }
        let volatility = variance.sqrt();
        // The ratio is stationary where the utility is and γ is its own.
        let of_utility = quadratic_optimality(&program, &solution);
        let stationarity = of_utility.stationarity.max((aversion * variance - excess).abs() / excess);
        let optimality = Optimality { stationarity, ..of_utility };
        let weights = solution.x.to_vec();
        let certificate = certify(self, &weights, excess / volatility, optimality)?;
        if !certificate.is_optimal() {
            return Ok(None);
        }
        let multipliers = sources.multipliers(&solution.bound_multipliers, &solution.row_multipliers);
        Ok(Some(Found {
            weights,
            prices: priced(multipliers, 1.0 / volatility),
            certificate,
            termination: Termination::Optimal,
            method: "critical line",
            iterations: solution.iterations,
        }))
    }

    /// `γ` of the best ratio on the frontier.
    fn tangent_aversion(&self, limits: &LinearLimits, risk_free: f64) -> Result<Option<f64>> {
        let is_budget = |limit: usize| {
            let constraint = &self.limits[limit];
            #[expect(clippy::float_cmp, reason = "the two sides of an equation are the same number")]
            let equation = constraint.lower() == constraint.upper();
            matches!(constraint.kind(), ConstraintKind::Budget) && equation
        };
        let behind = limits.sources().row_limits();
        let Some(budget) = behind.iter().position(|limit| is_budget(*limit)) else { return Ok(None) };
        let others: Vec<usize> = (0..behind.len()).filter(|row| *row != budget).collect();
        let pick = |sides: &Array1<f64>| sides.select(Axis(0), &others);
        let (mean, model) = (self.expected_returns()?, self.risk_model()?);
        let line = CriticalLine::new(mean.view(), model)?
            .with_budget(limits.row_upper[budget])?
            .with_bounds(limits.lower.clone(), limits.upper.clone())?
            .with_rows(limits.rows.select(Axis(0), &others), pick(&limits.row_lower), pick(&limits.row_upper))?;
        // Why there is no frontier, or no ratio on it, is for the general method to tell.
        let Ok(frontier) = line.trace() else { return Ok(None) };
        let Ok(best) = frontier.maximum_sharpe(risk_free) else { return Ok(None) };
        let excess = best.mean - risk_free;
        Ok((excess > 0.0 && best.variance > 0.0).then(|| excess / best.variance))
    }
}

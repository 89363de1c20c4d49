//! The multiplier at which trades and their costs leave the cash that is asked for.

use ndarray::Array1;

use super::descent::Descent;
use crate::{Error, Result};

/// A minimum for one multiplier of the budget.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) x: Array1<f64>,
    /// λ.
    pub(super) multiplier: f64,
    /// Spent above the budget: `Σ xᵢ + Σ kᵢ |xᵢ − hᵢ| − budget`.
    pub(super) overspent: f64,
    pub(super) residual: f64,
}

/// What a budget costs and how it is charged.
#[derive(Debug, Clone)]
pub(super) struct Budget<'a> {
    /// The problem without a budget; its penalty is replaced.
    pub(super) problem: Descent<'a>,
    /// k: the part of each trade that is lost.
    pub(super) rates: &'a [f64],
    /// What a unit of cost weighs in the objective, without the budget.
    pub(super) weight: f64,
    /// Penalties beyond those of the costs, the same for every asset.
    pub(super) extra: f64,
    /// `1 − cash`.
    pub(super) invested: f64,
}

/// Steps to bracket the multiplier, and to find it in the bracket.
const STEPS: usize = 200;

/// How close a budget must be met when no multiplier meets it closer.
const RESOLUTION: f64 = 1e-10;

impl Budget<'_> {
    /// The minimum at one multiplier.
    pub(super) fn at(&self, multiplier: f64, start: &Array1<f64>) -> Result<Point> {
        let mut problem = self.problem.clone();
        problem.tilt = multiplier;
        problem.penalty = self.rates.iter().map(|k| (self.weight + multiplier) * k + self.extra).collect();
        let (x, residual) = problem.minimise(start)?;
        let overspent = super::spent(&x, &self.problem.held, self.rates) - self.invested;
        Ok(Point { x, multiplier, overspent, residual })
    }

    /// The minimum that spends no more than the budget, from a guess of its multiplier.
    pub(super) fn at_most(&self, guess: f64, start: &Array1<f64>) -> Result<Point> {
        let first = self.at(guess.max(0.0), start)?;
        let enough = first.overspent <= self.tolerance(&first.x);
        if enough && first.multiplier == 0.0 {
            Ok(first)
        } else if enough {
            self.loosened(first, Some(0.0))
        } else {
            self.tightened(first)
        }
    }

    /// The minimum that spends the budget exactly.
    pub(super) fn exactly(&self, guess: f64, start: &Array1<f64>) -> Result<Point> {
        let first = self.at(guess, start)?;
        if first.overspent.abs() <= self.tolerance(&first.x) {
            Ok(first)
        } else if first.overspent > 0.0 {
            self.tightened(first)
        } else {
            self.loosened(first, None)
        }
    }

    fn tolerance(&self, x: &Array1<f64>) -> f64 {
        let gross: f64 = x.iter().chain(self.problem.held).map(|w| w.abs()).sum();
        1e-13 * (1.0 + gross + self.invested.abs())
    }

    /// Raises the multiplier until the budget is met.
    fn tightened(&self, mut low: Point) -> Result<Point> {
        let mut step = self.step(low.multiplier);
        for _ in 0..STEPS {
            let high = self.at(low.multiplier + step, &low.x)?;
            if high.overspent <= 0.0 {
                return self.between(low, high);
            }
            (low, step) = (high, 2.0 * step);
        }
        Err(self.infeasible("selling as much as the bounds allow leaves too little cash", low.overspent))
    }

    /// Lowers it until the budget is used up or the multiplier is the lowest allowed, but not to where costs would be
    /// welcome: there the problem stops being convex.
    fn loosened(&self, mut high: Point, lowest: Option<f64>) -> Result<Point> {
        let mut step = self.step(high.multiplier);
        for _ in 0..STEPS {
            let next = lowest.map_or(high.multiplier - step, |lowest| lowest.max(high.multiplier - step));
            if self.rates.iter().any(|k| (self.weight + next) * k + self.extra < 0.0) {
                // Halving the way to the edge, the multiplier never reaches it.
                step = 0.5 * (self.weight + high.multiplier);
                if step <= f64::EPSILON * self.weight {
                    break;
                }
                continue;
            }
            let low = self.at(next, &high.x)?;
            if low.overspent >= 0.0 {
                return self.between(low, high);
            }
            if lowest.is_some_and(|lowest| next <= lowest) {
                return Ok(low);
            }
            (high, step) = (low, 2.0 * step);
        }
        Err(self.infeasible("buying as much as the bounds and the worth of a trade allow leaves cash", high.overspent))
    }

    /// False position with the Illinois correction: spending is piecewise linear in the multiplier.
    fn between(&self, mut low: Point, mut high: Point) -> Result<Point> {
        let (mut above, mut below) = (low.overspent, high.overspent);
        let (mut raised, mut lowered) = (false, false);
        for step in 0..STEPS {
            if low.overspent.abs() <= self.tolerance(&low.x) {
                return Ok(low);
            }
            if high.overspent.abs() <= self.tolerance(&high.x) {
                return Ok(high);
            }
            let width = high.multiplier - low.multiplier;
            // Every fourth step halves the bracket, so that it shrinks whatever the shape.
            let part = if step % 4 == 3 { 0.5 } else { above / (above - below) };
            let middle = self.at(low.multiplier + part * width, &low.x)?;
            // An end that stays twice running counts half, or it would stay for ever.
            if middle.overspent > 0.0 {
                below = if raised { 0.5 * below } else { high.overspent };
                (above, raised, lowered) = (middle.overspent, true, false);
                low = middle;
            } else {
                above = if lowered { 0.5 * above } else { low.overspent };
                (below, raised, lowered) = (middle.overspent, false, true);
                high = middle;
            }
            if width <= 4.0 * f64::EPSILON * (low.multiplier.abs() + high.multiplier.abs()) {
                break;
            }
        }
        let closer = if low.overspent <= -high.overspent { low } else { high };
        let residual = closer.overspent.abs();
        // Neighbouring multipliers spend differently when assets are nearly collinear; nothing lies between them.
        if residual <= RESOLUTION * (1.0 + self.invested.abs()) {
            return Ok(closer);
        }
        Err(Error::NotConverged { method: "the budget of the no-trade region", iterations: STEPS, residual })
    }

    /// A first step of the multiplier: part of a guess, or of the marginal costs and slopes that it sets off.
    fn step(&self, multiplier: f64) -> f64 {
        if multiplier != 0.0 {
            return 0.05 * multiplier.abs();
        }
        let rate = self.rates.iter().fold(0.0_f64, |a, b| a.max(*b));
        let gap = (&self.problem.held - &self.problem.target).fold(0.0_f64, |a, b| a.max(b.abs()));
        let curvature = self.problem.curvature.diag().fold(0.0_f64, |a, b| a.max(*b));
        (0.25 * self.weight * rate + 0.01 * curvature * gap.max(1e-3)).max(f64::MIN_POSITIVE)
    }

    fn infeasible(&self, why: &str, overspent: f64) -> Error {
        let reason = format!("{why}: {overspent:e} off the {} to be invested", self.invested);
        Error::Infeasible { what: "the budget of the no-trade region", reason }
    }
}

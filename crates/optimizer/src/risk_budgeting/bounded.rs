//! Risk budgets between bounds on single weights.

use super::convergence::larger;
use super::coordinate::{positive_root, sweep};
use super::operator::Correlation;
use crate::{Error, Result};

/// Relative move of a sweep at which the inner problem counts as solved.
const STILL: f64 = 1e-13;
/// How far the gross exposure may be from 1.
const GROSS: f64 = 1e-12;
const METHOD: &str = "coordinate descent for bounded risk budgets";

/// Smallest and largest size, the absolute value of a weight, of each asset.
#[derive(Debug)]
pub(super) struct Limits {
    smallest: Vec<f64>,
    largest: Vec<f64>,
}

/// Sizes that sum to 1, and the sweeps that they took.
#[derive(Debug)]
pub(super) struct Bounded {
    pub(super) sizes: Vec<f64>,
    pub(super) sweeps: usize,
}

impl Limits {
    /// Bounds on weights as bounds on their sizes.
    pub(super) fn new(lower: &[f64], upper: &[f64], signs: &[f64]) -> Result<Self> {
        for (name, bounds) in [("lower bounds", lower), ("upper bounds", upper)] {
            if bounds.len() != signs.len() {
                let (expected, got) = (signs.len(), bounds.len());
                return Err(alluse_risk_core::Error::LengthMismatch { name, expected, got }.into());
            }
        }
        let (mut smallest, mut largest) = (Vec::new(), Vec::new());
        for (asset, ((&low, &high), &sign)) in lower.iter().zip(upper).zip(signs).enumerate() {
            if !(low <= high) || low == f64::INFINITY || high == f64::NEG_INFINITY {
                return Err(Error::invalid(format!("bounds of asset {asset}"), format!("{low} to {high}")));
            }
            let (from, to) = if sign > 0.0 { (low, high) } else { (-high, -low) };
            if to <= 0.0 {
                let side = if sign > 0.0 { "long" } else { "short" };
                let reason = format!("asset {asset} has a budget on the {side} side, its bounds are {low} to {high}");
                return Err(Error::Infeasible { what: "a bounded risk budget", reason });
            }
            smallest.push(from.max(0.0));
            largest.push(to.min(1.0));
        }
        let (least, most) = (smallest.iter().sum::<f64>(), largest.iter().sum::<f64>());
        let reason = match (least > 1.0 + GROSS, most < 1.0 - GROSS) {
            (true, _) => format!("the smallest sizes sum to {least}, above a gross exposure of 1"),
            (_, true) => format!("the largest sizes sum to {most}, below a gross exposure of 1"),
            _ => return Ok(Self { smallest, largest }),
        };
        Err(Error::Infeasible { what: "a bounded risk budget", reason })
    }

    /// Whether sizes lie within.
    pub(super) fn hold(&self, sizes: &[f64]) -> bool {
        let limits = self.smallest.iter().zip(&self.largest);
        sizes.iter().zip(limits).all(|(x, (low, high))| low <= x && x <= high)
    }

    /// Assets at the smaller and at the larger end.
    pub(super) fn active(&self, sizes: &[f64]) -> (Vec<usize>, Vec<usize>) {
        let at = |ends: &[f64]| -> Vec<usize> {
            let near = |i: &usize| (sizes[*i] - ends[*i]).abs() <= 1e-12 * ends[*i].max(1e-3);
            (0..sizes.len()).filter(near).collect()
        };
        (at(&self.smallest), at(&self.largest))
    }

    /// The ends themselves when only one portfolio is left.
    fn only(&self) -> Option<&[f64]> {
        let single = |ends: &[f64]| (ends.iter().sum::<f64>() - 1.0).abs() <= GROSS;
        [&self.smallest, &self.largest].into_iter().find(|ends| single(ends)).map(Vec::as_slice)
    }
}

/// Minimises `½ x'Σx − λ Σ bᵢ ln xᵢ` between the bounds, with the λ at which the sizes sum to 1.
///
/// Each coordinate has its minimum in closed form and is cut off at its bounds, which is where the one-dimensional
/// minimum then lies (Richard and Roncalli 2019, §3); the sum is continuous in λ, so its root is bracketed.
pub(super) fn bounded(
    operator: &Correlation<'_>,
    budgets: &[f64],
    volatilities: &[f64],
    limits: &Limits,
    unbounded: &[f64],
    max_sweeps: usize,
) -> Result<Bounded> {
    if let Some(sizes) = limits.only() {
        return Ok(Bounded { sizes: sizes.to_vec(), sweeps: 0 });
    }
    let start: Vec<f64> = unbounded.iter().zip(volatilities).map(|(x, v)| x * v).collect();
    let product = operator.product(&start)?;
    let variance: f64 = start.iter().zip(&product).map(|(y, p)| y * p).sum();
    let mut search = Search { operator, budgets, volatilities, limits, y: start, sweeps: 0, max_sweeps };
    let root = search.root(variance.ln())?;
    search.verify(root.exp())?;
    Ok(Bounded { sizes: search.sizes(), sweeps: search.sweeps })
}

#[derive(Debug)]
struct Search<'a, 'm> {
    operator: &'a Correlation<'m>,
    budgets: &'a [f64],
    volatilities: &'a [f64],
    limits: &'a Limits,
    /// Sizes in units of volatility; each solve starts from the last.
    y: Vec<f64>,
    sweeps: usize,
    max_sweeps: usize,
}

impl Search<'_, '_> {
    /// A size in its own units, exactly at a bound where that is what stopped it.
    fn size(&self, i: usize) -> f64 {
        (self.y[i] / self.volatilities[i]).clamp(self.limits.smallest[i], self.limits.largest[i])
    }

    fn sizes(&self) -> Vec<f64> {
        (0..self.y.len()).map(|i| self.size(i)).collect()
    }

    /// Sum of the sizes less 1, at `ln λ`.
    fn excess(&mut self, log_lambda: f64) -> Result<f64> {
        let lambda = log_lambda.exp();
        let (budgets, volatilities, limits) = (self.budgets, self.volatilities, self.limits);
        let mut moved = f64::INFINITY;
        for _ in 0..self.max_sweeps {
            self.sweeps += 1;
            moved = sweep(self.operator, &mut self.y, |i, rest| {
                let volatility = volatilities[i];
                let (low, high) = (limits.smallest[i] * volatility, limits.largest[i] * volatility);
                positive_root(rest, lambda * budgets[i]).clamp(low, high)
            });
            if moved <= STILL {
                return Ok((0..self.y.len()).map(|i| self.size(i)).sum::<f64>() - 1.0);
            }
        }
        Err(Error::NotConverged { method: METHOD, iterations: self.sweeps, residual: moved })
    }

    /// `ln λ` at which the sizes sum to 1: a bracket, then false position that halves when it stalls.
    fn root(&mut self, start: f64) -> Result<f64> {
        let (mut a, mut excess_a) = (start, self.excess(start)?);
        if excess_a.abs() <= GROSS {
            return Ok(a);
        }
        let (mut b, mut excess_b, mut reach) = (a, excess_a, 0.5_f64);
        while excess_a * excess_b > 0.0 {
            (a, excess_a) = (b, excess_b);
            b = if excess_b > 0.0 { b - reach } else { b + reach };
            excess_b = self.excess(b)?;
            reach *= 2.0;
            if reach > 128.0 {
                let reason = format!("between the bounds the sizes sum to {} at the nearest", 1.0 + excess_b);
                return Err(Error::Infeasible { what: "a bounded risk budget", reason });
            }
        }
        for _ in 0..200 {
            if excess_b.abs() <= GROSS {
                return Ok(b);
            }
            let mut next = b - excess_b * (b - a) / (excess_b - excess_a);
            if !(next > a.min(b) && next < a.max(b)) {
                next = 0.5 * (a + b);
            }
            let excess = self.excess(next)?;
            if excess * excess_b < 0.0 {
                (a, excess_a) = (b, excess_b);
            } else {
                excess_a *= 0.5;
            }
            (b, excess_b) = (next, excess);
        }
        Err(Error::NotConverged { method: METHOD, iterations: self.sweeps, residual: excess_b.abs() })
    }

    /// Away from the bounds the contributions must be λ times the budgets.
    fn verify(&self, lambda: f64) -> Result<()> {
        let product = self.operator.product(&self.y)?;
        let interior = (0..self.y.len()).filter(|&i| {
            let size = self.size(i);
            size > self.limits.smallest[i] && size < self.limits.largest[i]
        });
        let residual = interior.map(|i| (self.y[i] * product[i] / lambda - self.budgets[i]).abs()).fold(0.0, larger);
        if residual <= 1e-9 {
            return Ok(());
        }
        Err(Error::NotConverged { method: METHOD, iterations: self.sweeps, residual })
    }
}

//! Risk budgets in expected shortfall, on scenarios.

use alluse_risk_core::measures::LossSample;
use alluse_risk_core::{Confidence, Weights, linalg};
use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::convergence::larger;
use super::{RiskBudgeting, ScenarioBudgetSolution};
use crate::{Error, Result};

/// Complementarity at which the interior-point method stops; the expected shortfall is 1 in its units.
const COMPLEMENTARITY: f64 = 1e-11;
/// Distance from the budgets at which it stops.
const STATIONARITY: f64 = 1e-10;
/// Relative distance between the expected shortfall and the sum of its parts that is let through.
const GAP: f64 = 1e-8;
const METHOD: &str = "interior-point method for shortfall budgets";

impl RiskBudgeting {
    /// Weights whose shares of the expected shortfall of equally likely scenarios are the budgets.
    ///
    /// ```text
    /// y = argmin ES(y) − Σ bᵢ ln yᵢ,      w ∝ y
    /// ```
    ///
    /// `returns` has a row a scenario and a column an asset. The expected shortfall of a finite sample has kinks, and
    /// the solution tends to lie on one: the budgets are then met under one of the tails that the tie allows, which
    /// the solution carries.
    ///
    /// # Errors
    /// - [`Error::Input`] and [`Error::Invalid`] for returns, budgets or signs that do not fit.
    /// - [`Error::Undefined`] when an asset, or a portfolio with the given signs, has no tail loss: nothing then
    ///   limits its weight.
    /// - [`Error::Unsupported`] with bounds.
    /// - [`Error::NotConverged`], [`Error::Numerical`].
    ///
    /// # Source
    /// Cetingoz, Fermanian and Guéant (2024), *Risk budgeting portfolios: existence and computation*.
    ///
    /// # Examples
    /// ```
    /// use alluse_optimizer::risk_budgeting::RiskBudgeting;
    /// use alluse_risk_core::Confidence;
    /// use ndarray::array;
    ///
    /// // The second asset is twice the first: it gets half the weight.
    /// let returns = array![[0.01, 0.02], [-0.02, -0.04], [0.03, 0.06], [-0.01, -0.02]];
    /// let solution = RiskBudgeting::default().solve_scenarios(returns.view(), Confidence::new(0.75)?)?;
    /// assert!((solution.weights.view()[0] - 2.0 / 3.0).abs() < 1e-8);
    /// # Ok::<(), alluse_optimizer::Error>(())
    /// ```
    pub fn solve_scenarios(
        &self,
        returns: ArrayView2<'_, f64>,
        confidence: Confidence,
    ) -> Result<ScenarioBudgetSolution> {
        let (budgets, signs) = self.checked(returns.ncols())?;
        if self.is_bounded() {
            return Err(Error::Unsupported { what: "bounds with a budget of expected shortfall".to_owned() });
        }
        let (losses, scales) = scaled_losses(returns, &signs, confidence)?;
        let tail = confidence.tail_count(returns.nrows()).max(1.0);
        let mut state = Interior::new(&losses, &budgets, 1.0 / tail);
        let iterations = state.run(self.iteration_limit())?;
        let gross: f64 = state.y.iter().zip(&scales).map(|(y, s)| y / s).sum();
        let sizes: Array1<f64> = state.y.iter().zip(&scales).map(|(y, s)| y / s / gross).collect();
        let weights: Array1<f64> = sizes.iter().zip(&signs).map(|(x, s)| x * s).collect();
        let total: f64 = state.q.iter().sum();
        let tail_probabilities: Vec<f64> = state.q.iter().map(|q| q / total).collect();
        let marginal = returns.t().dot(&Array1::from(tail_probabilities.clone()));
        let contribution: Vec<f64> = weights.iter().zip(&marginal).map(|(w, m)| -w * m).collect();
        let sum: f64 = contribution.iter().sum();
        let expected_shortfall = shortfall(returns.dot(&weights), confidence)?;
        let relative_gap = (expected_shortfall - sum) / expected_shortfall;
        if !(relative_gap.abs() <= GAP) {
            return Err(Error::NotConverged { method: METHOD, iterations, residual: relative_gap });
        }
        let relative: Vec<f64> = contribution.iter().map(|c| c / sum).collect();
        let error = relative.iter().zip(&budgets).map(|(share, b)| (share - b).abs()).fold(0.0, larger);
        Ok(ScenarioBudgetSolution {
            weights: Weights::new(weights)?,
            budgets,
            confidence,
            expected_shortfall,
            contribution,
            relative,
            tail_probabilities,
            error,
            relative_gap,
            iterations,
        })
    }
}

fn shortfall(returns: Array1<f64>, confidence: Confidence) -> Result<f64> {
    Ok(LossSample::from_returns(returns.view())?.expected_shortfall(confidence)?.value)
}

/// Losses of every asset on its side, over its own expected shortfall, and these.
fn scaled_losses(
    returns: ArrayView2<'_, f64>,
    signs: &[f64],
    confidence: Confidence,
) -> Result<(Array2<f64>, Vec<f64>)> {
    if returns.is_empty() {
        return Err(alluse_risk_core::Error::Empty { name: "returns" }.into());
    }
    if let Some(((row, column), &value)) = returns.indexed_iter().find(|(_, r)| !r.is_finite()) {
        let (row, column) = (row.to_string(), column.to_string());
        let (name, expected) = ("returns", "finite");
        return Err(alluse_risk_core::Error::EntryOutOfDomain { name, row, column, expected, value }.into());
    }
    let mut losses = Array2::zeros(returns.dim());
    let mut scales = Vec::with_capacity(signs.len());
    for (asset, &sign) in signs.iter().enumerate() {
        let held = returns.column(asset).mapv(|r| sign * r);
        let scale = shortfall(held.clone(), confidence)?;
        if !(scale > 0.0) {
            let reason = format!("asset {asset} on its side has expected shortfall {scale:e}: it has no tail loss");
            return Err(Error::Undefined { what: "a budget of expected shortfall", reason });
        }
        losses.column_mut(asset).assign(&held.mapv(|r| -r / scale));
        scales.push(scale);
    }
    Ok((losses, scales))
}

/// A primal-dual interior-point state for
///
/// ```text
/// minimise  τ + c Σ uₜ − Σ bᵢ ln yᵢ    subject to  s = u − L y + τ ≥ 0,  u ≥ 0
/// ```
///
/// with multipliers `q` of the first and `c − q` of the second constraint.
#[derive(Debug)]
struct Interior<'a> {
    losses: &'a Array2<f64>,
    budgets: &'a [f64],
    /// `c`: the most a scenario may weigh.
    cap: f64,
    y: Array1<f64>,
    threshold: f64,
    s: Array1<f64>,
    u: Array1<f64>,
    q: Array1<f64>,
}

/// The Newton direction of a state.
#[derive(Debug)]
struct Direction {
    y: Array1<f64>,
    threshold: f64,
    s: Array1<f64>,
    u: Array1<f64>,
    q: Array1<f64>,
}

impl<'a> Interior<'a> {
    fn new(losses: &'a Array2<f64>, budgets: &'a [f64], cap: f64) -> Self {
        let scenarios = losses.nrows();
        let y = Array1::from(budgets.to_vec());
        let portfolio = losses.dot(&y);
        let threshold = portfolio.mean().unwrap_or(0.0);
        let slack = portfolio.iter().map(|l| (l - threshold).abs()).sum::<f64>() / scenarios as f64 + 1e-3;
        let u = portfolio.mapv(|l| (l - threshold).max(0.0) + slack);
        let s = &u - &portfolio + threshold;
        // Strictly below the cap: with one loss in the tail or less the cap is 1.
        let q = Array1::from_elem(scenarios, 1.0 / scenarios as f64);
        Self { losses, budgets, cap, y, threshold, s, u, q }
    }

    fn p(&self) -> Array1<f64> {
        self.q.mapv(|q| self.cap - q)
    }

    fn complementarity(&self) -> f64 {
        self.q.dot(&self.s) + self.p().dot(&self.u)
    }

    /// Largest distance of a contribution from its budget, and of the multipliers' sum from 1.
    fn stationarity(&self) -> f64 {
        let marginal = self.losses.t().dot(&self.q);
        let parts = self.y.iter().zip(&marginal).zip(self.budgets).map(|((y, m), b)| (y * m - b).abs());
        parts.fold((self.q.sum() - 1.0).abs(), larger)
    }

    fn run(&mut self, max_iterations: usize) -> Result<usize> {
        let scenarios = self.s.len() as f64;
        // A tail that holds every scenario leaves no choice: the start, made of the assets' own means, is the answer.
        if self.cap * scenarios <= 1.0 + 1e-12 {
            return Ok(0);
        }
        let mut centring = 0.3;
        for iteration in 0..max_iterations {
            let (gap, distance) = (self.complementarity(), self.stationarity());
            if gap <= COMPLEMENTARITY && distance <= STATIONARITY {
                return Ok(iteration);
            }
            if self.y.iter().any(|y| !(*y < 1e8)) {
                let reason = "some portfolio with the given signs has no tail loss, so nothing limits its size";
                return Err(Error::Undefined { what: "a budget of expected shortfall", reason: reason.to_owned() });
            }
            let step = self.direction(centring * gap / (2.0 * scenarios))?;
            let length = self.advance(&step);
            centring = if length > 0.9 { 0.05 } else { 0.3 };
        }
        let residual = self.complementarity().max(self.stationarity());
        Err(Error::NotConverged { method: METHOD, iterations: max_iterations, residual })
    }

    /// Newton's step towards products `q s` and `p u` of `barrier`; all but `y` is eliminated by hand.
    fn direction(&self, barrier: f64) -> Result<Direction> {
        let (scenarios, p) = (self.s.len(), self.p());
        let (mut weight, mut shift) = (Array1::zeros(scenarios), Array1::zeros(scenarios));
        for t in 0..scenarios {
            let (q, s, u) = (self.q[t], self.s[t], self.u[t]);
            let pivot = s * p[t] + q * u;
            weight[t] = q * p[t] / pivot;
            shift[t] = ((barrier - q * s) * p[t] - q * (barrier - p[t] * u)) / pivot;
        }
        let total = weight.sum();
        let pull = self.losses.t().dot(&weight);
        let left = 1.0 - self.q.sum() - shift.sum();
        let inverse: Array1<f64> = self.budgets.iter().zip(&self.y).map(|(b, y)| b / y).collect();
        let right = &inverse - &self.losses.t().dot(&(&self.q + &shift)) - &pull * (left / total);
        let y = linalg::cholesky(self.normal_matrix(&weight, &pull, total)?.view())
            .and_then(|factor| factor.solve(right.view()))
            .map_err(|error| Error::Numerical { method: METHOD, reason: error.to_string() })?;
        let threshold = (pull.dot(&y) - left) / total;
        let loss = self.losses.dot(&y) - threshold;
        let q = &weight * &loss + &shift;
        let u = Array1::from_shape_fn(scenarios, |t| (barrier - p[t] * self.u[t] + self.u[t] * q[t]) / p[t]);
        Ok(Direction { s: &u - &loss, y, threshold, u, q })
    }

    /// `diag(b / y²) + Σₜ kₜ (Lₜ − L̄)(Lₜ − L̄)'`.
    fn normal_matrix(&self, weight: &Array1<f64>, pull: &Array1<f64>, total: f64) -> Result<Array2<f64>> {
        let mut rows = self.losses - &(pull / total);
        rows *= &weight.mapv(f64::sqrt).insert_axis(Axis(1));
        let mut matrix = linalg::gram(rows.view())?;
        matrix.diag_mut().iter_mut().zip(self.budgets.iter().zip(&self.y)).for_each(|(m, (b, y))| *m += b / (y * y));
        Ok(matrix)
    }

    /// Moves as far as everything stays positive, and says how far that was.
    fn advance(&mut self, step: &Direction) -> f64 {
        let p = self.p();
        let pairs = [(&self.y, &step.y, 1.0), (&self.s, &step.s, 1.0), (&self.u, &step.u, 1.0)];
        let multipliers = [(&self.q, &step.q, 1.0), (&p, &step.q, -1.0)];
        let mut length: f64 = 1.0;
        for (at, move_, sign) in pairs.into_iter().chain(multipliers) {
            for (at, move_) in at.iter().zip(move_) {
                if sign * move_ < 0.0 {
                    length = length.min(-0.99 * at / (sign * move_));
                }
            }
        }
        self.y.scaled_add(length, &step.y);
        self.threshold += length * step.threshold;
        self.u.scaled_add(length, &step.u);
        self.s.scaled_add(length, &step.s);
        self.q.scaled_add(length, &step.q);
        length
    }
}

//! Regression of outcomes on forecasts of expected shortfall.

use alluse_risk_core::Error as CoreError;
use serde::{Deserialize, Serialize};

use super::LevelRecord;
use super::check::undefined;
use super::laws::normal_beyond;
use super::outcome::{TestName, TestOutcome};
use super::projection::solve;
use super::quantile_fit::{Line, quantile_line, weighted_quantile};
use crate::{Error, Result};

/// Which regression.
///
/// With `q` the quantile and `e` the shortfall of the return, both negative in the tail:
///
/// ```text
/// Strict      q = β₁ + β₂ êₜ     e = γ₁ + γ₂ êₜ     H₀: γ = (0, 1), χ²(2)
/// Auxiliary   q = β₁ + β₂ v̂ₜ     e = γ₁ + γ₂ êₜ     H₀: γ = (0, 1), χ²(2)
/// Intercept   q = β₁ + êₜ        e = γ₁ + êₜ        H₀: γ₁ = 0, χ²(1)
/// ```
/// where `v̂ = −VaR` and `ê = −ES` are the forecasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EsRegression {
    /// Forecasts of expected shortfall only.
    #[default]
    Strict,
    /// Forecasts of value at risk for the quantile.
    Auxiliary,
    /// Only the level of the forecasts is in question.
    Intercept,
}

/// A fitted regression and its test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EsRegressionFit {
    /// `γ₁`, in units of the returns.
    pub intercept: f64,
    /// `γ₂`; 1 by assumption in the intercept version.
    pub slope: f64,
    /// `β₁`.
    pub quantile_intercept: f64,
    /// `β₂`.
    pub quantile_slope: f64,
    /// Standard error of `γ₁`.
    pub intercept_error: f64,
    /// Standard error of `γ₂`; `None` in the intercept version.
    pub slope_error: Option<f64>,
    /// Mean of the joint loss at the fit, for returns in units of the mean forecast shortfall.
    pub loss: f64,
    /// p-value against understated shortfall only; of the intercept version.
    pub one_sided_p_value: Option<f64>,
    /// The Wald test.
    pub outcome: TestOutcome,
}

/// Losses in the tail below which the regression is refused.
const LEAST_TAIL: f64 = 3.0;

impl EsRegression {
    fn name(self) -> TestName {
        match self {
            Self::Strict => TestName::EsRegressionStrict,
            Self::Auxiliary => TestName::EsRegressionAuxiliary,
            Self::Intercept => TestName::EsRegressionIntercept,
        }
    }

    /// Fits by the joint loss of quantile and shortfall and tests the forecasts.
    ///
    /// ```text
    /// min Σ −1{y≤q}(q − y)/(p e) + q/e + ln(−e) − 1      p = 1 − confidence
    /// ```
    /// Quantile and shortfall take turns: given `e`, the quantile line is a quantile regression with weights `−1/e`, solved
    /// exactly; given `q`, the shortfall line is found by Fisher scoring, started at the forecasts themselves. The
    /// covariance of `γ` is the sandwich `A⁻¹BA⁻¹`, `A = Σ xx'/e²`, `B = Σ ψψ'`: in the loss used here the two halves are
    /// orthogonal, so that it needs no density estimate.
    ///
    /// # Errors
    /// [`Error::Input`] without forecasts of expected shortfall, with fewer than three observations in the tail,
    /// and for forecasts that do not vary (but in the intercept version);
    /// [`NotConverged`](alluse_risk_core::ErrorKind::NotConverged) when the turns do not settle.
    ///
    /// # Source
    /// Bayer and Dimitriadis (2022), *Journal of Financial Econometrics* 20(3); the loss of Patton, Ziegel and Chen (2019).
    pub fn fit(self, record: &LevelRecord) -> Result<EsRegressionFit> {
        let shortfall = record.expected_shortfall()?;
        let n = record.observations();
        let tail = record.confidence().tail();
        if !(record.confidence().tail_count(n) >= LEAST_TAIL) {
            let required = (LEAST_TAIL / tail - 1e-9).ceil() as usize;
            return Err(CoreError::InsufficientData { name: "ES regression", required, available: n }.into());
        }
        // Units of the mean forecast, so that tolerances and the loss do not depend on currency.
        let unit = shortfall.sum() / n as f64;
        let scaled = |sign: f64, values: ndarray::ArrayView1<'_, f64>| -> Vec<f64> {
            values.iter().map(|v| sign * v / unit).collect()
        };
        let y = scaled(1.0, record.returns());
        let e = scaled(-1.0, shortfall);
        let x = if self == Self::Auxiliary { scaled(-1.0, record.value_at_risk()) } else { e.clone() };
        if self != Self::Intercept {
            for series in [&x, &e] {
                let (low, high) = series.iter().fold((f64::MAX, f64::MIN), |(a, b), v| (a.min(*v), b.max(*v)));
                if !(high - low > 1e-9 * low.abs().max(high.abs())) {
                    return Err(undefined("ES regression", "the forecasts do not vary"));
                }
            }
        }
        let problem = Problem { y, x, e, tail, free_slope: self != Self::Intercept };
        self.report(&problem, &problem.fit()?, unit)
    }

    fn report(self, problem: &Problem, fit: &Fit, unit: f64) -> Result<EsRegressionFit> {
        let n = problem.y.len();
        let (mut a, mut b) = ([[0.0; 2]; 2], [[0.0; 2]; 2]);
        for t in 0..n {
            let u = -problem.shortfall(fit.gamma, t);
            let x = [1.0, problem.e[t]];
            let miss = problem.score(fit.beta, t) - u;
            for i in 0..2 {
                for j in 0..2 {
                    a[i][j] += x[i] * x[j] / (u * u);
                    b[i][j] += x[i] * x[j] * miss * miss / u.powi(4);
                }
            }
        }
        let singular = || Error::from(CoreError::Singular { name: "ES regression covariance" });
        let (statistic, errors) = if problem.free_slope {
            let off = [fit.gamma.intercept, fit.gamma.slope - 1.0];
            let pull = [a[0][0] * off[0] + a[0][1] * off[1], a[1][0] * off[0] + a[1][1] * off[1]];
            let solved = solve(b, pull).ok_or_else(singular)?;
            let variance = |unit: [f64; 2]| -> Result<f64> {
                let v = solve(a, unit).ok_or_else(singular)?;
                Ok(v[0] * (b[0][0] * v[0] + b[0][1] * v[1]) + v[1] * (b[1][0] * v[0] + b[1][1] * v[1]))
            };
            let errors = (variance([1.0, 0.0])?.sqrt(), Some(variance([0.0, 1.0])?.sqrt()));
            (pull[0] * solved[0] + pull[1] * solved[1], errors)
        } else {
            let error = b[0][0].sqrt() / a[0][0];
            if !(error > 0.0) {
                return Err(singular());
            }
            ((fit.gamma.intercept / error).powi(2), (error, None))
        };
        let degrees = if problem.free_slope { 2.0 } else { 1.0 };
        let one_sided = (!problem.free_slope).then(|| normal_beyond(-fit.gamma.intercept / errors.0));
        Ok(EsRegressionFit {
            intercept: fit.gamma.intercept * unit,
            slope: fit.gamma.slope,
            quantile_intercept: fit.beta.intercept * unit,
            quantile_slope: fit.beta.slope,
            intercept_error: errors.0 * unit,
            slope_error: errors.1,
            loss: fit.loss / n as f64,
            one_sided_p_value: one_sided,
            outcome: TestOutcome::chi_square(self.name(), statistic, degrees, n)
                .with_note("the asymptotic law rejects too often with few losses in the tail"),
        })
    }
}

struct Problem {
    y: Vec<f64>,
    x: Vec<f64>,
    e: Vec<f64>,
    tail: f64,
    free_slope: bool,
}

struct Fit {
    beta: Line,
    gamma: Line,
    loss: f64,
}

impl Problem {
    fn shortfall(&self, gamma: Line, t: usize) -> f64 {
        gamma.intercept + gamma.slope * self.e[t]
    }

    /// `1{y≤q}(q − y)/p − q`, whose mean is minus the shortfall.
    fn score(&self, beta: Line, t: usize) -> f64 {
        let q = beta.intercept + beta.slope * self.x[t];
        (q - self.y[t]).max(0.0) / self.tail - q
    }

    /// The joint loss without the constant −n; infinite when some shortfall is not negative.
    fn loss(&self, scores: &[f64], gamma: Line) -> f64 {
        let mut loss = 0.0;
        for (t, s) in scores.iter().enumerate() {
            let u = -self.shortfall(gamma, t);
            if !(u > 0.0) {
                return f64::INFINITY;
            }
            loss += s / u + u.ln();
        }
        loss
    }

    fn fit(&self) -> Result<Fit> {
        const MOST: usize = 200;
        let n = self.y.len();
        let mut gamma = Line { intercept: 0.0, slope: 1.0 };
        let (mut last, mut gain) = (f64::INFINITY, f64::INFINITY);
        let mut before = None;
        for _ in 0..MOST {
            let weights: Vec<f64> = (0..n).map(|t| -1.0 / self.shortfall(gamma, t)).collect();
            let beta = self.quantile(&weights);
            let scores: Vec<f64> = (0..n).map(|t| self.score(beta, t)).collect();
            gamma = self.scoring(&scores, gamma)?;
            let loss = self.loss(&scores, gamma);
            gain = last - loss;
            // The quantile line moves from vertex to vertex: the turns end when it stays, or when two vertices are
            // equally good to rounding.
            if before == Some(beta) || !(gain > 1e-14 * n as f64) {
                return Ok(Fit { beta, gamma, loss: loss - n as f64 });
            }
            last = loss;
            before = Some(beta);
        }
        Err(CoreError::NotConverged { name: "ES regression", iterations: MOST, residual: gain }.into())
    }

    fn quantile(&self, weights: &[f64]) -> Line {
        if self.free_slope {
            return quantile_line(&self.x, &self.y, weights, self.tail);
        }
        let gaps = self.y.iter().zip(&self.x).map(|(y, x)| y - x).zip(weights.iter().copied()).collect();
        Line { intercept: weighted_quantile(gaps, self.tail), slope: 1.0 }
    }

    /// Fisher scoring with halved steps.
    fn scoring(&self, scores: &[f64], start: Line) -> Result<Line> {
        const NAME: &str = "shortfall line";
        const MOST: usize = 100;
        let mut at = start;
        let mut here = self.loss(scores, at);
        let mut decrement = f64::INFINITY;
        for _ in 0..MOST {
            let (mut a, mut g) = ([[0.0; 2]; 2], [0.0; 2]);
            for (t, s) in scores.iter().enumerate() {
                let u = -self.shortfall(at, t);
                let (weight, x) = (1.0 / (u * u), [1.0, self.e[t]]);
                // e = −u: the loss falls where −u moves towards −s.
                for i in 0..2 {
                    g[i] += x[i] * (u - s) * weight;
                    for j in 0..2 {
                        a[i][j] += x[i] * x[j] * weight;
                    }
                }
            }
            let step = if self.free_slope {
                solve(a, g).ok_or(CoreError::Singular { name: NAME })?
            } else {
                [g[0] / a[0][0], 0.0]
            };
            decrement = g[0] * step[0] + g[1] * step[1];
            if decrement < 1e-20 * scores.len() as f64 {
                return Ok(Line { intercept: at.intercept + step[0], slope: at.slope + step[1] });
            }
            let mut length = 1.0;
            loop {
                let next = Line { intercept: at.intercept + length * step[0], slope: at.slope + length * step[1] };
                let loss = self.loss(scores, next);
                // Rounding of the loss must not stop the steps: it hides errors of its square root.
                if loss <= here + 1e-13 * scores.len() as f64 {
                    (at, here) = (next, loss);
                    break;
                }
                length *= 0.5;
                if length < 1e-9 {
                    // The loss is flat to rounding here, or the scoring direction is of no use.
                    return if decrement < 1e-9 { Ok(at) } else { Err(stuck(NAME, MOST, decrement)) };
                }
            }
        }
        if decrement < 1e-9 { Ok(at) } else { Err(stuck(NAME, MOST, decrement)) }
    }
}

fn stuck(name: &'static str, iterations: usize, residual: f64) -> Error {
    CoreError::NotConverged { name, iterations, residual }.into()
}

#[cfg(test)]
mod tests;

//! Are the forecast distributions right as a whole? Tests of the probability integral transforms.

use alluse_risk_core::{Confidence, inference, normal};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::check::{enough, every, finite, undefined, within};
use super::outcome::{TestName, TestOutcome};
use super::projection::solve;
use crate::{Error, Result};
use alluse_risk_core::Error as CoreError;

pub(super) fn check_pit(pit: ArrayView1<'_, f64>) -> Result<()> {
    finite("PIT", pit)?;
    every("PIT", pit, "in [0, 1]", |u| (0.0..=1.0).contains(&u))
}

/// `Φ⁻¹(u)`; an impossible outcome, `u` of 0 or 1, has no score.
fn scores(pit: ArrayView1<'_, f64>) -> Result<Vec<f64>> {
    check_pit(pit)?;
    every("PIT", pit, "in (0, 1)", |u| u > 0.0 && u < 1.0)?;
    Ok(pit.iter().map(|u| normal::quantile(*u)).collect::<alluse_risk_core::Result<_>>()?)
}

/// Kolmogorov–Smirnov test that the transforms are uniform.
///
/// ```text
/// D = sup |F̂ₙ(u) − u|      p by Kolmogorov's series at (√n + 0.12 + 0.11/√n) D
/// ```
/// The exact p-value (Marsaglia, Tsang and Wang 2003) is given while the matrix it needs stays small.
///
/// # Errors
/// [`Error::Input`] for no transforms and transforms outside `[0, 1]`.
///
/// ```
/// use alluse_var_models::backtest::kolmogorov_smirnov;
/// use ndarray::Array1;
///
/// let pit = Array1::from_shape_fn(100, |t| (t as f64 + 0.5) / 100.0);
/// assert!((kolmogorov_smirnov(pit.view())?.statistic - 0.005).abs() < 1e-12);
/// # Ok::<(), alluse_var_models::Error>(())
/// ```
pub fn kolmogorov_smirnov(pit: ArrayView1<'_, f64>) -> Result<TestOutcome> {
    let test = inference::kolmogorov_smirnov(pit)?;
    let outcome = TestOutcome::new(TestName::KolmogorovSmirnov, test.statistic, test.p_value, test.observations);
    Ok(match test.exact_p_value {
        Some(p_value) => outcome.with_exact(p_value),
        None => outcome,
    })
}

/// Berkowitz's test with its fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Berkowitz {
    /// Mean of the scores; 0 for a right model.
    pub mean: f64,
    /// Standard deviation of the innovations; 1 for a right model.
    pub standard_deviation: f64,
    /// First-order autocorrelation; 0 for a right model. Not fitted by the tail version.
    pub autocorrelation: Option<f64>,
    /// The likelihood ratio test.
    pub outcome: TestOutcome,
}

/// Berkowitz's likelihood ratio test: the scores `zₜ = Φ⁻¹(uₜ)` are independent standard normals.
///
/// ```text
/// zₜ − μ = ρ (zₜ₋₁ − μ) + σ εₜ,  z₁ ~ N(μ, σ²/(1−ρ²))      LR = 2 (ln L(μ̂, σ̂, ρ̂) − ln L(0, 1, 0))      χ²(3)
/// ```
/// by exact maximum likelihood of the stationary autoregression.
///
/// # Errors
/// [`Error::Input`] for fewer than five transforms, transforms outside `(0, 1)`, and scores that do not vary.
///
/// # Source
/// Berkowitz (2001), *Journal of Business & Economic Statistics* 19(4).
pub fn berkowitz(pit: ArrayView1<'_, f64>) -> Result<Berkowitz> {
    let test = inference::berkowitz(pit)?;
    let outcome =
        TestOutcome::chi_square(TestName::Berkowitz, test.statistic, test.degrees_of_freedom, test.observations);
    Ok(Berkowitz {
        mean: test.mean,
        standard_deviation: test.standard_deviation,
        autocorrelation: Some(test.autocorrelation),
        outcome,
    })
}

/// Berkowitz's test of the tail: scores above the level's are censored, so only the losses beyond it speak.
///
/// ```text
/// ln L = Σ_{z<c} ln[φ((z−μ)/σ)/σ] + #{z≥c} ln[1 − Φ((c−μ)/σ)]      c = Φ⁻¹(1 − confidence)      χ²(2)
/// ```
///
/// # Errors
/// [`Error::Input`] for fewer than three losses beyond the level, transforms outside `(0, 1)` there, and tail scores
/// that do not vary; [`NotConverged`](alluse_risk_core::ErrorKind::NotConverged) when Newton's method does not settle.
///
/// # Source
/// Berkowitz (2001), §2.3; the likelihood is concave in `(μ/σ, 1/σ)` (Olsen 1978).
pub fn berkowitz_tail(pit: ArrayView1<'_, f64>, confidence: Confidence) -> Result<Berkowitz> {
    check_pit(pit)?;
    let cut = normal::quantile(confidence.tail())?;
    let beyond: Vec<f64> = pit.iter().copied().filter(|u| *u < confidence.tail()).collect();
    enough("tail test", 3, beyond.len())?;
    let tail = Tail { z: scores(ArrayView1::from(&beyond))?, cut, censored: (pit.len() - beyond.len()) as f64 };
    if tail.z.iter().all(|v| (v - tail.z[0]).abs() <= 1e-12 * v.abs()) {
        return Err(undefined("tail test", "the scores beyond the level do not vary"));
    }
    let [gamma, h] = tail.best()?;
    let statistic = (2.0 * (tail.log_likelihood([gamma, h]) - tail.log_likelihood([0.0, 1.0]))).max(0.0);
    let outcome = TestOutcome::chi_square(TestName::BerkowitzTail, statistic, 2.0, pit.len());
    Ok(Berkowitz { mean: gamma / h, standard_deviation: 1.0 / h, autocorrelation: None, outcome })
}

struct Tail {
    z: Vec<f64>,
    cut: f64,
    censored: f64,
}

impl Tail {
    fn log_likelihood(&self, [gamma, h]: [f64; 2]) -> f64 {
        let squares: f64 = self.z.iter().map(|z| (h * z - gamma) * (h * z - gamma)).sum();
        self.z.len() as f64 * h.ln() - 0.5 * squares + self.censored * normal::cdf(gamma - h * self.cut).ln()
    }

    /// Slope and negative curvature.
    fn derivatives(&self, [gamma, h]: [f64; 2]) -> ([f64; 2], [[f64; 2]; 2]) {
        let n = self.z.len() as f64;
        let (mut sum, mut square, mut lean, mut lever) = (0.0, 0.0, 0.0, 0.0);
        for z in &self.z {
            let e = h * z - gamma;
            sum += z;
            square += z * z;
            lean += e;
            lever += z * e;
        }
        let w = gamma - h * self.cut;
        let mills = normal::density(w) / normal::cdf(w);
        let bend = mills * (w + mills) * self.censored;
        let pull = mills * self.censored;
        let slope = [lean + pull, n / h - lever - self.cut * pull];
        let cross = -sum - self.cut * bend;
        (slope, [[n + bend, cross], [cross, n / (h * h) + square + self.cut * self.cut * bend]])
    }

    fn best(&self) -> Result<[f64; 2]> {
        const NAME: &str = "tail likelihood";
        const MOST: usize = 200;
        let mut at = [0.0, 1.0];
        let mut residual = f64::INFINITY;
        for _ in 0..MOST {
            let (slope, curvature) = self.derivatives(at);
            let step = solve(curvature, slope).ok_or(CoreError::Singular { name: NAME }).map_err(Error::from)?;
            // Newton's decrement: twice the gain that is left.
            residual = slope[0] * step[0] + slope[1] * step[1];
            if residual < 1e-12 * self.z.len() as f64 {
                // The method squares the error: one more step is as good as it gets.
                return Ok([at[0] + step[0], at[1] + step[1]]);
            }
            let here = self.log_likelihood(at);
            let mut length = 1.0;
            let next = loop {
                let next = [at[0] + length * step[0], at[1] + length * step[1]];
                if next[1] > 0.0 && self.log_likelihood(next) >= here {
                    break next;
                }
                length *= 0.5;
                if length < 1e-10 {
                    // Nothing is left to gain at this precision.
                    return if residual < 1e-9 { Ok(at) } else { Err(not_converged(NAME, MOST, residual)) };
                }
            };
            at = next;
        }
        Err(not_converged(NAME, MOST, residual))
    }
}

fn not_converged(name: &'static str, iterations: usize, residual: f64) -> Error {
    CoreError::NotConverged { name, iterations, residual }.into()
}

/// What a calibration plot shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Calibration {
    /// Edges of the bins of the histogram, one more than bins.
    pub edges: Vec<f64>,
    /// Share of the transforms in each bin; flat for a right model.
    pub shares: Vec<f64>,
    /// Half-width of the band around `1/bins` in which a right model's bin lies with 95 % probability.
    pub band: f64,
    /// Probabilities `1/n … n/n` of the reliability curve.
    pub nominal: Vec<f64>,
    /// The sorted transforms; on the diagonal for a right model.
    pub observed: Vec<f64>,
}

/// Histogram and reliability curve of the transforms.
///
/// # Errors
/// [`Error::Input`] for no transforms, transforms outside `[0, 1]` and unless there are 1 to 1,000,000 bins.
pub fn calibration(pit: ArrayView1<'_, f64>, bins: usize) -> Result<Calibration> {
    check_pit(pit)?;
    within("bins", "in 1..=1000000", 1..=1_000_000, bins)?;
    let (n, width) = (pit.len() as f64, 1.0 / bins as f64);
    let mut counts = vec![0.0; bins];
    for u in pit {
        counts[((u * bins as f64) as usize).min(bins - 1)] += 1.0;
    }
    let mut observed = pit.to_vec();
    observed.sort_by(f64::total_cmp);
    Ok(Calibration {
        edges: (0..=bins).map(|k| k as f64 / bins as f64).collect(),
        shares: counts.into_iter().map(|c| c / n).collect(),
        band: normal::quantile(0.975)? * (width * (1.0 - width) / n).sqrt(),
        nominal: (1..=observed.len()).map(|i| i as f64 / n).collect(),
        observed,
    })
}

#[cfg(test)]
mod tests;

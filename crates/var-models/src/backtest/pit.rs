//! Are the forecast distributions right as a whole? Tests of the probability integral transforms.

use alluse_risk_core::{Confidence, normal};
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
    let distance = largest_distance(pit)?;
    let n = pit.len() as f64;
    let root = n.sqrt();
    let p_value = kolmogorov_beyond((root + 0.12 + 0.11 / root) * distance);
    let outcome = TestOutcome::new(TestName::KolmogorovSmirnov, distance, p_value, pit.len());
    Ok(match kolmogorov_exact(pit.len(), distance) {
        Some(below) => outcome.with_exact(1.0 - below),
        None => outcome,
    })
}

/// Largest distance of the empirical distribution of the transforms from the diagonal.
pub(super) fn largest_distance(pit: ArrayView1<'_, f64>) -> Result<f64> {
    check_pit(pit)?;
    let mut sorted = pit.to_vec();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let farther = |d: f64, (i, u): (usize, &f64)| d.max((i + 1) as f64 / n - u).max(u - i as f64 / n);
    Ok(sorted.iter().enumerate().fold(0.0, farther))
}

/// `2 Σ (−1)^(k−1) exp(−2k²x²)`.
fn kolmogorov_beyond(x: f64) -> f64 {
    if x < 0.2 {
        return 1.0;
    }
    let term = |k: i32| (-2.0 * f64::from(k * k) * x * x).exp() * if k % 2 == 1 { 2.0 } else { -2.0 };
    (1..=30).map(term).sum()
}

/// Largest order of the matrix whose power gives the exact law.
const EXACT_ORDER: usize = 120;

/// `P(Dₙ < d)` as an entry of the n-th power of Durbin's matrix; `None` when that would be too large.
fn kolmogorov_exact(n: usize, d: f64) -> Option<f64> {
    let nd = n as f64 * d;
    let k = nd.floor() as usize + 1;
    let (m, h) = (2 * k - 1, k as f64 - nd);
    if m > EXACT_ORDER {
        return None;
    }
    let mut matrix = vec![0.0; m * m];
    for i in 0..m {
        for j in 0..m.min(i + 2) {
            matrix[i * m + j] = 1.0;
        }
    }
    for i in 0..m {
        matrix[i * m] -= h.powi(i as i32 + 1);
        matrix[(m - 1) * m + i] -= h.powi((m - i) as i32);
    }
    if 2.0 * h > 1.0 {
        matrix[(m - 1) * m] += (2.0 * h - 1.0).powi(m as i32);
    }
    for i in 0..m {
        for j in 0..m.min(i + 2) {
            for g in 1..=(i + 1 - j) {
                matrix[i * m + j] /= g as f64;
            }
        }
    }
    let (power, exponent) = matrix_power(&matrix, m, n);
    let mut value = power[(k - 1) * m + k - 1];
    let mut scale = exponent;
    for i in 1..=n {
        value *= i as f64 / n as f64;
        if value < 1e-140 {
            value *= 1e140;
            scale -= 140;
        }
    }
    let probability = value * 10_f64.powi(scale);
    probability.is_finite().then_some(probability.clamp(0.0, 1.0))
}

/// The power by squaring, with a decimal exponent kept apart so that it does not overflow.
fn matrix_power(base: &[f64], m: usize, mut n: usize) -> (Vec<f64>, i32) {
    let product = |a: &[f64], b: &[f64]| {
        let mut c = vec![0.0; m * m];
        for i in 0..m {
            for k in 0..m {
                let left = a[i * m + k];
                for j in 0..m {
                    c[i * m + j] += left * b[k * m + j];
                }
            }
        }
        c
    };
    let tame = |a: &mut Vec<f64>, exponent: &mut i32| {
        if a[(m / 2) * m + m / 2] > 1e140 {
            a.iter_mut().for_each(|v| *v *= 1e-140);
            *exponent += 140;
        }
    };
    let mut result: Vec<f64> = (0..m * m).map(|i| if i % (m + 1) == 0 { 1.0 } else { 0.0 }).collect();
    let (mut square, mut result_exponent, mut square_exponent) = (base.to_vec(), 0, 0);
    while n > 0 {
        if n % 2 == 1 {
            result = product(&result, &square);
            result_exponent += square_exponent;
            tame(&mut result, &mut result_exponent);
        }
        n /= 2;
        if n > 0 {
            square = product(&square, &square);
            square_exponent *= 2;
            tame(&mut square, &mut square_exponent);
        }
    }
    (result, result_exponent)
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
    let z = scores(pit)?;
    enough("Berkowitz test", 5, z.len())?;
    if z.iter().all(|v| (v - z[0]).abs() <= 1e-12 * z[0].abs().max(1.0)) {
        return Err(undefined("Berkowitz test", "the scores do not vary"));
    }
    let series = Autoregression::new(&z);
    let rho = series.best();
    let fit = series.at(rho);
    let null = -0.5 * z.iter().map(|v| v * v).sum::<f64>();
    let outcome =
        TestOutcome::chi_square(TestName::Berkowitz, (2.0 * (fit.log_likelihood - null)).max(0.0), 3.0, z.len());
    Ok(Berkowitz { mean: fit.mean, standard_deviation: fit.deviation, autocorrelation: Some(rho), outcome })
}

/// Sums over the pairs `(zₜ₋₁, zₜ)`, which decide the likelihood at any parameters.
struct Autoregression {
    n: f64,
    first: f64,
    before: f64,
    after: f64,
    before_squared: f64,
    after_squared: f64,
    product: f64,
}

struct AutoregressionFit {
    mean: f64,
    deviation: f64,
    /// Without the constant −(n/2) ln 2π.
    log_likelihood: f64,
}

impl Autoregression {
    fn new(z: &[f64]) -> Self {
        let sum = |term: fn(f64, f64) -> f64| z.windows(2).map(|p| term(p[0], p[1])).sum::<f64>();
        Self {
            n: z.len() as f64,
            first: z[0],
            before: sum(|x, _| x),
            after: sum(|_, y| y),
            before_squared: sum(|x, _| x * x),
            after_squared: sum(|_, y| y * y),
            product: sum(|x, y| x * y),
        }
    }

    /// Best mean and scale for an autocorrelation: generalised least squares.
    fn at(&self, rho: f64) -> AutoregressionFit {
        let (start, slope) = (1.0 - rho * rho, 1.0 - rho);
        let drift = self.after - rho * self.before;
        let pairs = self.n - 1.0;
        let mean = (start * self.first + slope * drift) / (start + pairs * slope * slope);
        let rest = self.after_squared - 2.0 * rho * self.product + rho * rho * self.before_squared
            - 2.0 * slope * mean * drift
            + pairs * slope * slope * mean * mean;
        let variance = (start * (self.first - mean) * (self.first - mean) + rest) / self.n;
        let log_likelihood = -0.5 * self.n * (variance.ln() + 1.0) + 0.5 * start.ln();
        AutoregressionFit { mean, deviation: variance.sqrt(), log_likelihood }
    }

    /// A grid finds the hill, golden section its top.
    fn best(&self) -> f64 {
        let value = |rho: f64| self.at(rho).log_likelihood;
        let step = 0.02;
        let mut top = 0.0;
        for k in -49..=49 {
            let rho = f64::from(k) * step;
            if value(rho) > value(top) {
                top = rho;
            }
        }
        let (mut low, mut high) = ((top - step).max(-1.0 + 1e-12), (top + step).min(1.0 - 1e-12));
        let golden = 0.5 * (5_f64.sqrt() - 1.0);
        for _ in 0..60 {
            let (a, b) = (high - golden * (high - low), low + golden * (high - low));
            if value(a) > value(b) { high = b } else { low = a }
        }
        0.5 * (low + high)
    }
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

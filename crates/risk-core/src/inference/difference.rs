use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::circular;
use super::hac::Hac;
use crate::measures::Bootstrap;
use crate::moments;
use crate::{Confidence, Error, Interval, IntervalMethod, Result, check, normal};

/// What is compared of two series of returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ComparedStatistic {
    /// Mean over standard deviation, per period; the returns are in excess of cash.
    SharpeRatio,
    /// The natural logarithm of the variance: a difference is the logarithm of a ratio.
    LogVariance,
}

/// Where the p-value and the interval come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DifferenceMethod {
    /// A normal distribution with a kernel variance.
    Asymptotic,
    /// The studentised circular block bootstrap, better in samples of the usual length.
    StudentisedBootstrap {
        /// Returns in a block; 1 resamples them one by one.
        block: usize,
        /// Seed and number of resamples.
        bootstrap: Bootstrap,
    },
}

/// The test of Ledoit and Wolf that two series of returns have the same Sharpe ratio or the same variance.
///
/// ```text
/// Δ = θ(a) − θ(b)      s² = Ψ/n      Ψ the long-run variance of IFₜ(a) − IFₜ(b)
/// Sharpe ratio: IFₜ = z − ½ SR (z² − 1)      log variance: IFₜ = z² − 1      z = (rₜ − r̄)/σ, σ with divisor n
/// bootstrap:  p = (1 + #{|Δ* − Δ|/s* ≥ |Δ|/s})/(B + 1)      interval Δ ± c s, c a quantile of |Δ* − Δ|/s*
/// ```
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `statistic` | required | what is compared |
/// | `method` | required | where the p-value comes from |
/// | `hac` | quadratic spectral, prewhitened, automatic | the long-run variance of the sample |
/// | `level` | 95 % | coverage of the interval |
///
/// The bandwidth and the prewhitening are those of the one series `IF(a) − IF(b)` whose variance is asked for; the
/// paper fits them to the four moments, so numbers agree with its code only for a fixed bandwidth without prewhitening.
/// The bootstrap's own errors s* are those of its blocks. Each test is two-sided.
///
/// # Source
/// Ledoit and Wolf (2008), "Robust performance hypothesis testing with the Sharpe ratio"; Ledoit and Wolf (2011),
/// "Robust performances hypothesis testing with the variance".
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::DifferenceTest;
/// use alluse_risk_core::measures::Bootstrap;
/// use alluse_risk_core::streams::Streams;
///
/// let z = Streams::new(1).standard_normals(500, 2);
/// let (a, b) = (z.column(0).mapv(|z| 0.01 * z), z.column(1).mapv(|z| 0.02 * z));
/// let ratio = DifferenceTest::of_variances().compare(a.view(), b.view())?;
/// assert!((ratio.difference - (0.25_f64).ln()).abs() < 0.3 && ratio.p_value < 1e-6);
/// let sharpe = DifferenceTest::of_sharpe_ratios().with_bootstrap(5, Bootstrap::new(7));
/// assert!(sharpe.compare(a.view(), b.view())?.p_value > 0.01);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DifferenceTest {
    /// What is compared.
    pub statistic: ComparedStatistic,
    /// Where the p-value comes from.
    pub method: DifferenceMethod,
    /// The long-run variance of the sample.
    pub hac: Hac,
    /// Coverage of the interval.
    pub level: Confidence,
}

/// What the test found: the answer of [`DifferenceTest::compare`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Difference {
    /// The statistic of the first series.
    pub first: f64,
    /// That of the second.
    pub second: f64,
    /// First less second.
    pub difference: f64,
    /// Standard error of the difference.
    pub standard_error: f64,
    /// Two-sided.
    pub p_value: f64,
    /// Around the difference.
    pub interval: Interval,
    /// Pairs of returns.
    pub observations: usize,
}

impl DifferenceTest {
    fn new(statistic: ComparedStatistic) -> Self {
        let (hac, level) = (Hac::default(), Confidence::P95);
        Self { statistic, method: DifferenceMethod::Asymptotic, hac, level }
    }

    /// Of Sharpe ratios per period, asymptotic.
    #[must_use]
    pub fn of_sharpe_ratios() -> Self {
        Self::new(ComparedStatistic::SharpeRatio)
    }

    /// Of the logarithms of variances, asymptotic.
    #[must_use]
    pub fn of_variances() -> Self {
        Self::new(ComparedStatistic::LogVariance)
    }

    /// With the studentised circular block bootstrap.
    #[must_use]
    pub fn with_bootstrap(mut self, block: usize, bootstrap: Bootstrap) -> Self {
        self.method = DifferenceMethod::StudentisedBootstrap { block, bootstrap };
        self
    }

    /// With another long-run variance.
    #[must_use]
    pub fn with_hac(mut self, hac: Hac) -> Self {
        self.hac = hac;
        self
    }

    /// With another coverage of the interval.
    #[must_use]
    pub fn with_level(mut self, level: Confidence) -> Self {
        self.level = level;
        self
    }

    /// Compares two series of returns of the same dates, both of shape `(n,)`.
    ///
    /// # Errors
    /// - [`Error::Empty`], [`Error::LengthMismatch`]; [`Error::ElementOutOfDomain`] for a return that is not finite.
    /// - [`Error::InsufficientData`] for fewer than 10 pairs, or than two blocks.
    /// - [`Error::OutOfDomain`] for a block of 0, fewer than 2 replicates or a bandwidth that is not positive.
    /// - [`Error::Undefined`] for constant returns, two series that are the same up to scale, and a resample without
    ///   variance, as blocks much too long for the series can make.
    pub fn compare(&self, first: ArrayView1<'_, f64>, second: ArrayView1<'_, f64>) -> Result<Difference> {
        check::finite("first returns", first)?;
        check::length("second returns", first.len(), second.len())?;
        check::finite("second returns", second)?;
        check::enough("difference test", 10, first.len())?;
        let pair = [Standardised::new(first)?, Standardised::new(second)?];
        let n = first.len();
        let [a, b] = &pair;
        let (theta_a, theta_b) = (self.statistic.value(a), self.statistic.value(b));
        let difference = theta_a - theta_b;
        let influence: Vec<f64> = a
            .scores
            .iter()
            .zip(&b.scores)
            .map(|(za, zb)| self.statistic.influence(*za, theta_a) - self.statistic.influence(*zb, theta_b))
            .collect();
        // Scores are of size one, so influences that are all rounding come from series a scale apart.
        let size = influence.iter().fold(0.0_f64, |size, x| size.max(x.abs()));
        let rounding = 64.0 * f64::EPSILON * (1.0 + theta_a.abs() + theta_b.abs()) * n as f64;
        let variance = self.hac.variance(&influence, self.statistic.parameters())?;
        if size <= rounding || variance <= 0.0 {
            return Err(Error::Undefined { name: "difference test", reason: "the two series differ by scale alone" });
        }
        let standard_error = (variance / n as f64).sqrt();
        let (p_value, interval) = self.decide(&pair, difference, standard_error)?;
        let (first, second) = (theta_a, theta_b);
        Ok(Difference { first, second, difference, standard_error, p_value, interval, observations: n })
    }

    fn decide(&self, pair: &[Standardised; 2], difference: f64, error: f64) -> Result<(f64, Interval)> {
        let studentised = difference.abs() / error;
        let (p_value, reach, method) = match self.method {
            DifferenceMethod::Asymptotic => {
                let reach = normal::quantile_inside(1.0 - 0.5 * self.level.tail());
                (2.0 * normal::cdf(-studentised), reach, IntervalMethod::Asymptotic)
            }
            DifferenceMethod::StudentisedBootstrap { block, bootstrap } => {
                let drawn = circular::studentised(pair, self.statistic, difference, block, &bootstrap)?;
                let as_far = drawn.iter().filter(|d| **d >= studentised).count();
                let p_value = (as_far + 1) as f64 / (drawn.len() + 1) as f64;
                (p_value, upper_order_statistic(drawn, self.level), IntervalMethod::Bootstrap)
            }
        };
        let (lower, upper) = (difference - reach * error, difference + reach * error);
        Ok((p_value, Interval { lower, upper, level: self.level, method }))
    }
}

/// The order statistic number `⌈level (B + 1)⌉`, or the largest, so that interval and p-value agree.
fn upper_order_statistic(mut drawn: Vec<f64>, level: Confidence) -> f64 {
    drawn.sort_by(f64::total_cmp);
    let place = crate::types::confidence::snap(level.level() * (drawn.len() + 1) as f64).ceil() as usize;
    drawn[place.clamp(1, drawn.len()) - 1]
}

/// A series as scores `z = (r − r̄)/σ` and its Sharpe ratio `r̄/σ`; σ has divisor n.
pub(super) struct Standardised {
    pub(super) scores: Vec<f64>,
    pub(super) ratio: f64,
    pub(super) log_variance: f64,
}

impl Standardised {
    fn new(returns: ArrayView1<'_, f64>) -> Result<Self> {
        let mean = moments::mean(returns)?;
        let deviation = moments::standard_deviation(returns, 0)?;
        let size = returns.fold(0.0_f64, |size, r| size.max(r.abs()));
        if deviation <= 4.0 * f64::EPSILON * size {
            return Err(Error::Undefined { name: "difference test", reason: "the returns are constant" });
        }
        let scores = returns.iter().map(|r| (r - mean) / deviation).collect();
        Ok(Self { scores, ratio: mean / deviation, log_variance: 2.0 * libm::log(deviation) })
    }
}

impl ComparedStatistic {
    fn value(self, series: &Standardised) -> f64 {
        match self {
            Self::SharpeRatio => series.ratio,
            Self::LogVariance => series.log_variance,
        }
    }

    /// Of a score, at a value of the statistic.
    fn influence(self, score: f64, value: f64) -> f64 {
        match self {
            Self::SharpeRatio => score - 0.5 * value * (score * score - 1.0),
            Self::LogVariance => score * score - 1.0,
        }
    }

    /// Moments estimated: two of each series.
    fn parameters(self) -> usize {
        4
    }
}

#[cfg(test)]
#[path = "difference/tests.rs"]
mod tests;

//! The error of means of a series that depends on its past, by the stationary bootstrap without drawing.
//!
//! Two places of a resample that are k apart lie in the same block with probability qᵏ, q = 1 − 1/b, and are
//! independent otherwise, so the variance of a resampled mean is a sum (Politis and Romano 1994, lemma 1):
//!
//! ```text
//! V = (1/n²) [Σ ψₜ² + 2 Σₖ wₖ Σₜ ψₜ ψₜ₊ₖ]      wₖ = (1 − k/n) qᵏ      t + k around the end
//! ```
//!
//! ψ is the series less its group's mean times n/nᵍ, with a sign: its mean is the error of a group mean or of a
//! difference of two. Removing a mean makes V too small: ψ is widened by √(nᵍ/(nᵍ − 1)), which makes the variances of
//! the groups unbiased, and V is divided by what the products at positive lags then lose on average for independent
//! observations of equal variance. The interval takes a Student t with the degrees of freedom of V: Welch's for the
//! groups, times those that blocks leave of n. With blocks of one, all of it is Welch's (for one mean, Student's) test.
//!
//! In simulated books of 260 weeks the 95 % intervals hold the truth in 94 to 96 % for autoregressions up to 0.5 and for
//! labels in runs of some seven weeks; drivers that stay for fifteen weeks at a time bring it down to 91 %.

use alluse_risk_core::inference::optimal_block_length;
use alluse_risk_core::measures::StationaryBlocks;
use alluse_risk_core::sum::CompensatedSum;
use alluse_risk_core::{Confidence, ErrorKind, Interval, IntervalMethod};
use ndarray::{ArrayView1, aview1};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::TooFew;
use crate::{Error, Result, check};

/// An estimate with its error.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EffectEstimate {
    /// The estimate.
    pub value: f64,
    /// Its standard error, allowing for dependence on the past.
    pub standard_error: f64,
    /// Estimate ± Student t quantile × standard error.
    pub interval: Interval,
    /// Of the Student t.
    pub degrees_of_freedom: f64,
    /// Mean length of the blocks.
    pub block_length: f64,
}

impl EffectEstimate {
    /// The estimate times a positive number.
    pub(super) fn scaled(self, by: f64) -> Self {
        let interval = Interval { lower: by * self.interval.lower, upper: by * self.interval.upper, ..self.interval };
        Self { value: by * self.value, standard_error: by * self.standard_error, interval, ..self }
    }

    /// Two-sided p-value of no effect.
    pub(super) fn p_value(&self) -> Result<f64> {
        let law = student(self.degrees_of_freedom)?;
        Ok((2.0 * law.cdf(-(self.value / self.standard_error).abs())).min(1.0))
    }
}

/// What is estimated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    /// Mean of the group.
    Mean,
    /// Mean of the group less the mean of all others.
    Difference,
}

/// How blocks are chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BlockChoice {
    /// Twice the length of Politis and White for each series: their length minimises the squared error of the variance,
    /// of which an interval would rather have the bias small; the Student t pays for the variance.
    #[default]
    Automatic,
    /// The same mean length for every series.
    Fixed(StationaryBlocks),
}

impl BlockChoice {
    /// The mean length; `None` where the few periods of a label next to each other cancel, so that no length is best.
    fn length(self, errors: &[f64]) -> Result<Option<f64>> {
        match self {
            Self::Fixed(blocks) => Ok(Some(f64::from(blocks))),
            Self::Automatic => {
                let most = (errors.len() as f64 / 3.0).max(1.0);
                match optimal_block_length(aview1(errors)) {
                    Ok(best) => Ok(Some((2.0 * best.stationary).clamp(1.0, most))),
                    Err(error) if error.kind() == ErrorKind::Undefined => Ok(None),
                    Err(error) => Err(error.into()),
                }
            }
        }
    }
}

/// An estimate, or what there is too little of for its error.
pub(super) type Estimated = std::result::Result<EffectEstimate, TooFew>;

/// The estimate for the periods that `inside` picks.
pub(super) fn estimate(
    series: ArrayView1<'_, f64>,
    inside: &[bool],
    target: Target,
    blocks: BlockChoice,
    level: Confidence,
) -> Result<Estimated> {
    let n = series.len() as f64;
    let groups = [true, false].map(|side| Group::of(series, inside, side));
    let used = if target == Target::Mean { 1 } else { 2 };
    let required = 2;
    match groups.each_ref().map(|group| group.size) {
        [available, _] if available < required => return Ok(Err(TooFew::Labelled { available, required })),
        [_, available] if used == 2 && available < required => return Ok(Err(TooFew::Rest { available, required })),
        _ => {}
    }
    let scale = [n / groups[0].size as f64, if used == 2 { -n / groups[1].size as f64 } else { 0.0 }];
    let side = |t: usize| usize::from(!inside[t]);
    let widen = |group: &Group| (group.size as f64 / (group.size as f64 - 1.0)).sqrt();
    let factors: [f64; 2] = [0, 1].map(|g| if g < used { scale[g] * widen(&groups[g]) } else { 0.0 });
    let errors: Vec<f64> = (0..series.len()).map(|t| factors[side(t)] * (series[t] - groups[side(t)].mean)).collect();
    let value = groups[0].mean - if used == 2 { groups[1].mean } else { 0.0 };
    check::result("estimate of an effect", value)?;
    // Relative to the numbers themselves: what rounding leaves of a constant is no variation.
    let largest = series.iter().fold(0.0_f64, |largest, x| largest.max(x.abs()));
    let apart = |t: usize| if side(t) < used { (series[t] - groups[side(t)].mean).abs() } else { 0.0 };
    if (0..series.len()).map(apart).fold(0.0, f64::max) <= 8.0 * f64::EPSILON * largest {
        return Ok(Err(TooFew::Variation));
    }
    let Some(length) = blocks.length(&errors)? else { return Ok(Err(TooFew::Runs)) };
    let kernel = Kernel::new(length, series.len());
    let (mut sum, mut expected) = (CompensatedSum::default(), CompensatedSum::default());
    errors.iter().for_each(|e| sum.add(e * e));
    let squares: [f64; 2] = [0, 1].map(|g| scale[g] * scale[g]);
    let wanted: f64 = groups[..used].iter().zip(squares).map(|(g, square)| square * g.size as f64).sum();
    expected.add(wanted);
    for (k, weight) in kernel.weights.iter().enumerate().map(|(index, weight)| (index + 1, weight)) {
        let (mut product, mut together) = (0.0, [0_usize; 2]);
        for t in 0..errors.len() {
            let ahead = if t + k < errors.len() { t + k } else { t + k - errors.len() };
            product += errors[t] * errors[ahead];
            if inside[t] == inside[ahead] {
                together[side(t)] += 1;
            }
        }
        sum.add(2.0 * weight * product);
        for g in 0..used {
            expected.add(-2.0 * weight * squares[g] * together[g] as f64 / (groups[g].size as f64 - 1.0));
        }
    }
    // Blocks as long as the series leave nothing to learn a variance from.
    let left = expected.value() / wanted;
    if left <= 0.05 {
        return Ok(Err(TooFew::Runs));
    }
    let variance = check::result("variance of an effect", sum.value() / left)? / (n * n);
    if variance <= 0.0 {
        return Ok(Err(TooFew::Variation));
    }
    let degrees_of_freedom = (welch(&groups[..used]) * kernel.freedom(series.len())).max(1.0);
    let standard_error = variance.sqrt();
    let half = standard_error * student(degrees_of_freedom)?.inverse_cdf(1.0 - 0.5 * level.tail());
    let interval = Interval { lower: value - half, upper: value + half, level, method: IntervalMethod::Asymptotic };
    Ok(Ok(EffectEstimate { value, standard_error, interval, degrees_of_freedom, block_length: length }))
}

struct Group {
    size: usize,
    mean: f64,
    /// Variance of the mean for independent observations.
    variance: f64,
}

impl Group {
    fn of(series: ArrayView1<'_, f64>, inside: &[bool], side: bool) -> Self {
        let own = || series.iter().zip(inside).filter(move |(_, i)| **i == side).map(|(x, _)| *x);
        let size = own().count();
        let n = size.max(1) as f64;
        let mean = CompensatedSum::of(own()) / n;
        let squares = CompensatedSum::of(own().map(|x| (x - mean) * (x - mean)));
        Self { size, mean, variance: squares / ((n - 1.0).max(1.0) * n) }
    }
}

/// Satterthwaite's degrees of freedom of a sum of two variances.
fn welch(groups: &[Group]) -> f64 {
    let sum: f64 = groups.iter().map(|g| g.variance).sum();
    let parts: f64 = groups.iter().map(|g| g.variance * g.variance / (g.size as f64 - 1.0)).sum();
    sum * sum / parts
}

struct Kernel {
    /// Of lags 1, 2, …
    weights: Vec<f64>,
}

impl Kernel {
    fn new(length: f64, n: usize) -> Self {
        let stay = 1.0 - 1.0 / length;
        let mut power = 1.0;
        let mut weights = Vec::new();
        for k in 1..n {
            power *= stay;
            // Beyond this the terms are below the rounding of the sum.
            if power < 1e-12 {
                break;
            }
            weights.push((1.0 - k as f64 / n as f64) * power);
        }
        Self { weights }
    }

    /// What blocks leave of the degrees of freedom of independent observations: 1 for blocks of one.
    fn freedom(&self, n: usize) -> f64 {
        let n = n as f64;
        let squares: f64 = self.weights.iter().map(|w| w * w).sum();
        (n / (1.0 + 2.0 * squares) - 1.0) / (n - 1.0)
    }
}

fn student(degrees_of_freedom: f64) -> Result<StudentsT> {
    StudentsT::new(0.0, 1.0, degrees_of_freedom)
        .map_err(|_| Error::undefined("Student t", format!("{degrees_of_freedom} degrees of freedom")))
}

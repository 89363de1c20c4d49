//! Seeded simulation: paths of breaches and of probability integral transforms, and p-values from them.

use alluse_risk_core::streams::Streams;
use alluse_risk_core::{Confidence, normal};
use ndarray::Array2;
use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::check::within;
use super::christoffersen::independence_statistic;
use super::coverage::{pof_statistic, tuff_statistic};
use super::duration::time_between_failures;
use super::outcome::TestName;
use super::{Breaches, DynamicQuantile, weibull_duration};
use crate::Result;

/// How to simulate a test's law under the hypothesis.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `seed` | required | the same seed gives the same answer on any thread count |
/// | `replicates` | 999 | simulated samples, 19 to 100 million |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MonteCarlo {
    seed: u64,
    replicates: usize,
}

impl MonteCarlo {
    /// 999 samples from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, replicates: 999 }
    }

    /// With another number of samples; 99, 999 … make tests at 5 % and 1 % exact.
    #[must_use]
    pub fn with_replicates(mut self, replicates: usize) -> Self {
        self.replicates = replicates;
        self
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Simulated samples.
    #[must_use]
    pub fn replicates(&self) -> usize {
        self.replicates
    }

    pub(super) fn check(&self) -> Result<()> {
        within("replicates", "in 19..=100000000", 19..=100_000_000, self.replicates)
    }

    /// One number per sample; NaN stands for a sample on which the statistic has no value.
    pub(super) fn draw(&self, one: impl Fn(&mut ChaCha8Rng) -> f64 + Send + Sync) -> Vec<f64> {
        draw(self.seed, self.replicates, one)
    }
}

/// One number per path, each block of paths from a stream of its own.
pub(super) fn draw(seed: u64, paths: usize, one: impl Fn(&mut ChaCha8Rng) -> f64 + Send + Sync) -> Vec<f64> {
    let mut values = Array2::zeros((paths, 1));
    Streams::new(seed).fill_blocks(&mut values, |stream, mut rows| rows.iter_mut().for_each(|v| *v = one(stream)));
    values.into_iter().collect()
}

/// Uniform on the open interval.
pub(super) fn uniform(stream: &mut impl Rng) -> f64 {
    loop {
        let u: f64 = stream.random();
        if u > 0.0 {
            return u;
        }
    }
}

/// Breaches of a right model; the gaps between them are geometric.
pub(super) fn independent_breaches(stream: &mut impl Rng, observations: usize, probability: f64) -> Vec<usize> {
    let mut indices = Vec::new();
    let log = (-probability).ln_1p();
    let mut next = 0.0;
    loop {
        next += (uniform(stream).ln() / log).floor();
        if !(next < observations as f64) {
            return indices;
        }
        indices.push(next as usize);
        next += 1.0;
    }
}

/// Breaches of a first-order Markov chain that starts in its stationary law.
pub(super) fn clustered_breaches(
    stream: &mut impl Rng,
    observations: usize,
    nominal: f64,
    after_breach: f64,
) -> Vec<usize> {
    let after_calm = nominal * (1.0 - after_breach) / (1.0 - nominal);
    let mut probability = nominal;
    let mut indices = Vec::new();
    for day in 0..observations {
        if stream.random::<f64>() < probability {
            indices.push(day);
            probability = after_breach;
        } else {
            probability = after_calm;
        }
    }
    indices
}

/// Transforms of a model whose normal law has too small a scale: `Φ(ratio · z)`.
pub(super) fn scaled_pit(stream: &mut impl Rng, observations: usize, ratio: f64) -> Vec<f64> {
    let score = |stream: &mut _| -> f64 { StandardNormal.sample(stream) };
    (0..observations).map(|_| normal::cdf(ratio * score(stream))).collect()
}

/// Share of simulated statistics at least as large as the one seen, ties broken at random, so that the p-value is
/// uniform under the hypothesis although the statistic is discrete.
pub(super) fn upper_p_value(seen: f64, simulated: &[f64], ties: &mut impl Rng) -> f64 {
    let own: f64 = ties.random();
    let slack = 1e-9 * seen.abs().max(1e-9);
    let mut extreme = 0;
    for value in simulated {
        let tied = (value - seen).abs() <= slack;
        if *value > seen + slack || (tied && ties.random::<f64>() >= own) {
            extreme += 1;
        }
    }
    (extreme + 1) as f64 / (simulated.len() + 1) as f64
}

/// Exact p-value of a coverage test, by simulation of independent breaches with probability `1 − confidence`.
///
/// ```text
/// p = (1 + #{Sᵢ > S} + #{Sᵢ = S, Uᵢ ≥ U}) / (replicates + 1)
/// ```
/// Ties are broken by uniform numbers, because the statistics are discrete: the test is then exact for any length.
/// Samples on which a statistic has no value (no breach, say) count as 0, as does an observed one.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) for fewer than 19 replicates and for tests other than `KupiecPof`,
/// `KupiecTuff`, `Independence`, `ConditionalCoverage`, `MixedKupiec`, `WeibullDuration` and `DynamicQuantile`
/// (four lags, no forecast).
///
/// # Source
/// Dufour (2006), *Journal of Econometrics* 133(2); Christoffersen and Pelletier (2004).
///
/// # Examples
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::backtest::{Breaches, MonteCarlo, TestName, monte_carlo_p_value};
///
/// let breaches = Breaches::from_indices(250, vec![100, 101, 102])?;
/// let p = monte_carlo_p_value(&breaches, Confidence::P99, TestName::Independence, MonteCarlo::new(1))?;
/// assert!(p < 0.02);
/// # Ok::<(), alluse_var_models::Error>(())
/// ```
pub fn monte_carlo_p_value(
    breaches: &Breaches,
    confidence: Confidence,
    test: TestName,
    monte_carlo: MonteCarlo,
) -> Result<f64> {
    monte_carlo.check()?;
    let tail = confidence.tail();
    let statistic = |breaches: &Breaches| hit_statistic(test, breaches, tail, confidence).unwrap_or(0.0);
    if hit_statistic(test, breaches, tail, confidence).is_none() && !is_hit_test(test) {
        let what = "a simulated p-value for a test that needs more than breaches";
        return Err(alluse_risk_core::Error::Unsupported { what }.into());
    }
    let observations = breaches.observations();
    let simulated = monte_carlo.draw(|stream| {
        let indices = independent_breaches(stream, observations, tail);
        Breaches::from_indices(observations, indices).map_or(0.0, |sample| statistic(&sample))
    });
    // A stream that no block of replicates uses.
    let mut ties = Streams::new(monte_carlo.seed).block(u64::MAX);
    Ok(upper_p_value(statistic(breaches), &simulated, &mut ties))
}

pub(super) fn is_hit_test(test: TestName) -> bool {
    use TestName as T;
    matches!(
        test,
        T::KupiecPof
            | T::KupiecTuff
            | T::Independence
            | T::ConditionalCoverage
            | T::MixedKupiec
            | T::WeibullDuration
            | T::DynamicQuantile
    )
}

/// The statistic of a test that needs only breaches.
pub(super) fn hit_statistic(test: TestName, breaches: &Breaches, tail: f64, confidence: Confidence) -> Option<f64> {
    let pof = || pof_statistic(breaches.observations(), breaches.count(), tail);
    let independence = || {
        if breaches.observations() < 2 { 0.0 } else { independence_statistic(breaches.transitions()) }
    };
    match test {
        TestName::KupiecPof => Some(pof()),
        TestName::KupiecTuff => breaches.first().map(|first| tuff_statistic(first, tail)),
        TestName::Independence => Some(independence()),
        TestName::ConditionalCoverage => Some(pof() + independence()),
        TestName::MixedKupiec => time_between_failures(breaches, tail).map(|between| between + pof()),
        TestName::WeibullDuration => weibull_duration(breaches).ok().map(|test| test.outcome.statistic),
        TestName::DynamicQuantile => {
            DynamicQuantile::default().test_hits(breaches, confidence).ok().map(|outcome| outcome.statistic)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;

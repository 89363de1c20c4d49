//! Unconditional coverage: is the number of breaches right?

use alluse_risk_core::{Confidence, Error as CoreError};
use serde::{Deserialize, Serialize};

use super::Breaches;
use super::check::{at_least, probability, undefined};
use super::laws::{Binomial, binomial_deviance, chi_square_beyond, first_true, normal_beyond};
use super::outcome::{Alternative, BREACH_MULTIPLE, Power, SIGNIFICANCE, TestName, TestOutcome, more_breaches};
use crate::{Error, Result};

/// Which deviation from the nominal rate counts against the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sidedness {
    /// Too many breaches.
    Greater,
    /// Too few.
    Less,
    /// Both: the total probability of the outcomes no likelier than the one seen.
    #[default]
    TwoSided,
}

/// Inclusive range of counts that a test does not reject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AcceptanceRegion {
    /// Smallest count not rejected.
    pub lowest: usize,
    /// Largest count not rejected.
    pub highest: usize,
}

/// Probabilities of several numbers of breaches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BinomialTable {
    /// The counts.
    pub breaches: Vec<usize>,
    /// `P(X = x)`.
    pub exact_probability: Vec<f64>,
    /// `P(X ≥ x)`.
    pub at_least_probability: Vec<f64>,
}

pub(super) fn check_counts(observations: usize, breaches: usize) -> Result<()> {
    if observations == 0 {
        return Err(CoreError::Empty { name: "observations" }.into());
    }
    if breaches > observations {
        return Err(Error::out_of_domain("breaches", "at most the number of observations", breaches as f64));
    }
    Ok(())
}

pub(super) fn pof_statistic(observations: usize, breaches: usize, tail: f64) -> f64 {
    binomial_deviance(observations as f64, breaches as f64, tail)
}

/// Kupiec's proportion-of-failures test.
///
/// ```text
/// LR = −2 ln [ (1−p)ᴺ⁻ˣ pˣ / ((1−x/N)ᴺ⁻ˣ (x/N)ˣ) ]      χ²(1)      p = 1 − confidence
/// ```
/// The exact p-value is `P(LR(X) ≥ LR(x))` for `X` binomial. The power is exact: the probability that the
/// asymptotic test rejects at 5 % when breaches are twice as likely as they should be.
///
/// # Errors
/// [`Error::Input`] without observations and for more breaches than observations.
///
/// # Source
/// Kupiec (1995), *Journal of Derivatives* 3(2).
///
/// # Examples
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::backtest::kupiec_pof;
///
/// let outcome = kupiec_pof(250, 6, Confidence::P99)?;
/// assert!(outcome.p_value > 0.05);
/// // A year of days sees a doubled breach rate one time in four.
/// assert!((outcome.power.unwrap().power - 0.24).abs() < 0.005);
/// # Ok::<(), alluse_var_models::Error>(())
/// ```
pub fn kupiec_pof(observations: usize, breaches: usize, confidence: Confidence) -> Result<TestOutcome> {
    check_counts(observations, breaches)?;
    let tail = confidence.tail();
    let statistic = pof_statistic(observations, breaches, tail);
    let law = Binomial::new(observations, tail);
    // A tie within rounding counts as at least as extreme.
    let region = region_below(observations, tail, |lr| lr < statistic * (1.0 - 1e-9));
    let outcome = TestOutcome::chi_square(TestName::KupiecPof, statistic, 1.0, observations)
        .with_exact(region.map_or(1.0, |region| outside(law, region)))
        .with_degenerate(breaches == 0 || breaches == observations);
    Ok(outcome.with_power(pof_power(observations, confidence, BREACH_MULTIPLE, SIGNIFICANCE)?))
}

/// Probability of a count outside the region.
fn outside(law: Binomial, region: AcceptanceRegion) -> f64 {
    let below = if region.lowest == 0 { 0.0 } else { law.at_most(region.lowest - 1) };
    below + law.at_least(region.highest + 1)
}

/// The counts around the nominal one whose statistic is `inside`; the statistic falls up to the nominal count and
/// rises from there.
fn region_below(observations: usize, tail: f64, inside: impl Fn(f64) -> bool) -> Option<AcceptanceRegion> {
    let statistic = |x: usize| pof_statistic(observations, x, tail);
    let below = (observations as f64 * tail).floor() as usize;
    let above = (below + 1).min(observations);
    let lowest = first_true(0, below + 1, |x| inside(statistic(x)));
    let end = first_true(above, observations + 1, |x| !inside(statistic(x)));
    let (lowest, highest) = match (lowest <= below, end > above) {
        (true, true) => (lowest, end - 1),
        (true, false) => (lowest, below),
        (false, true) => (above, end - 1),
        (false, false) => return None,
    };
    Some(AcceptanceRegion { lowest, highest })
}

/// The numbers of breaches that Kupiec's test does not reject at `test_confidence`.
///
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::backtest::kupiec_region;
///
/// let region = kupiec_region(250, Confidence::P99, Confidence::P95)?;
/// assert_eq!((region.lowest, region.highest), (1, 6));
/// # Ok::<(), alluse_var_models::Error>(())
/// ```
///
/// # Errors
/// [`Error::Input`] without observations, and when the test rejects every count.
pub fn kupiec_region(
    observations: usize,
    confidence: Confidence,
    test_confidence: Confidence,
) -> Result<AcceptanceRegion> {
    check_counts(observations, 0)?;
    region_below(observations, confidence.tail(), |lr| chi_square_beyond(lr, 1.0) > test_confidence.tail())
        .ok_or_else(|| undefined("acceptance region", "the test rejects every count"))
}

/// Power of Kupiec's asymptotic test when breaches are `multiple` times as likely as they should be.
pub(super) fn pof_power(
    observations: usize,
    confidence: Confidence,
    multiple: f64,
    significance: f64,
) -> Result<Power> {
    probability("significance", significance)?;
    let alternative = more_breaches(confidence, multiple);
    let region = region_below(observations, confidence.tail(), |lr| chi_square_beyond(lr, 1.0) > significance);
    let rejected = region.map_or(1.0, |region| outside(Binomial::new(observations, truth(alternative)), region));
    Ok(Power::exact(alternative, significance, rejected))
}

fn truth(alternative: Alternative) -> f64 {
    match alternative {
        Alternative::BreachProbability { probability, .. } => probability,
        Alternative::BreachClustering { nominal, .. } => nominal,
        Alternative::HeavierTail { .. } | Alternative::WrongScale { .. } => 0.0,
    }
}

/// Exact binomial p-value of a number of breaches.
///
/// # Errors
/// As [`kupiec_pof`].
pub fn binomial_p_value(
    observations: usize,
    breaches: usize,
    confidence: Confidence,
    sidedness: Sidedness,
) -> Result<f64> {
    check_counts(observations, breaches)?;
    let law = Binomial::new(observations, confidence.tail());
    Ok(match sidedness {
        Sidedness::Greater => law.at_least(breaches),
        Sidedness::Less => law.at_most(breaches),
        Sidedness::TwoSided => law.two_sided(breaches),
    })
}

/// Binomial test of a number of breaches.
///
/// ```text
/// z = (x − Np)/√(Np(1−p))      N(0, 1)
/// ```
/// with the exact p-value beside it. The power is that of the exact test.
///
/// # Errors
/// As [`kupiec_pof`].
pub fn binomial_test(
    observations: usize,
    breaches: usize,
    confidence: Confidence,
    sidedness: Sidedness,
) -> Result<TestOutcome> {
    let exact = binomial_p_value(observations, breaches, confidence, sidedness)?;
    let (n, p) = (observations as f64, confidence.tail());
    let z = (breaches as f64 - n * p) / (n * p * (1.0 - p)).sqrt();
    let p_value = match sidedness {
        Sidedness::Greater => normal_beyond(z),
        Sidedness::Less => normal_beyond(-z),
        Sidedness::TwoSided => 2.0 * normal_beyond(z.abs()),
    };
    let power = binomial_power(observations, confidence, sidedness, BREACH_MULTIPLE, SIGNIFICANCE)?;
    Ok(TestOutcome::new(TestName::Binomial, z, p_value, observations).with_exact(exact).with_power(power))
}

/// Power of the exact binomial test.
pub(super) fn binomial_power(
    observations: usize,
    confidence: Confidence,
    sidedness: Sidedness,
    multiple: f64,
    significance: f64,
) -> Result<Power> {
    probability("significance", significance)?;
    let alternative = more_breaches(confidence, multiple);
    let (null, wrong) =
        (Binomial::new(observations, confidence.tail()), Binomial::new(observations, truth(alternative)));
    // The p-value rises up to the mode and falls from there, so the rejected counts are two tails.
    let mode = (((observations + 1) as f64 * confidence.tail()) as usize).min(observations);
    let above = first_true(mode, observations + 1, |x| null.at_least(x) <= significance);
    let rejected = match sidedness {
        Sidedness::Greater => wrong.at_least(above),
        Sidedness::Less => match first_true(0, observations + 1, |x| null.at_most(x) > significance) {
            0 => 0.0,
            end => wrong.at_most(end - 1),
        },
        Sidedness::TwoSided => {
            let above = first_true(mode, observations + 1, |x| null.two_sided(x) <= significance);
            let accepted = first_true(0, mode + 1, |x| null.two_sided(x) > significance);
            wrong.at_least(above) + if accepted == 0 { 0.0 } else { wrong.at_most(accepted - 1) }
        }
    };
    Ok(Power::exact(alternative, significance, rejected))
}

/// `P(X = x)` and `P(X ≥ x)` for several numbers of breaches when `confidence` is the true coverage.
///
/// # Errors
/// As [`kupiec_pof`].
pub fn binomial_table(observations: usize, breaches: &[usize], confidence: Confidence) -> Result<BinomialTable> {
    breaches.iter().try_for_each(|x| check_counts(observations, *x))?;
    at_least("breaches", "at least one count", 1, breaches.len())?;
    let law = Binomial::new(observations, confidence.tail());
    Ok(BinomialTable {
        breaches: breaches.to_vec(),
        exact_probability: breaches.iter().map(|x| law.probability(*x)).collect(),
        at_least_probability: breaches.iter().map(|x| law.at_least(*x)).collect(),
    })
}

pub(super) fn tuff_statistic(first: usize, tail: f64) -> f64 {
    binomial_deviance(first as f64, 1.0, tail)
}

/// Inclusive range of days of the first breach that the TUFF test does not reject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FirstBreachRegion {
    /// Earliest day, counted from 1.
    pub first: usize,
    /// Latest day.
    pub last: usize,
}

/// Kupiec's test of the time until the first failure.
///
/// ```text
/// LR = −2 ln [ p(1−p)ⁿ⁻¹ / ((1/n)(1−1/n)ⁿ⁻¹) ]      χ²(1)      n = day of the first breach
/// ```
/// The exact p-value is `P(LR(T) ≥ LR(n))` for `T` geometric. The power is exact: the probability that the test can
/// be made within the sample and rejects at 5 % when breaches are twice as likely as they should be.
///
/// # Errors
/// [`Error::Input`] when nothing was breached: the first breach is still to come.
///
/// # Source
/// Kupiec (1995), *Journal of Derivatives* 3(2).
pub fn kupiec_tuff(breaches: &Breaches, confidence: Confidence) -> Result<TestOutcome> {
    let first = breaches.first().ok_or_else(|| undefined("time until first failure", "nothing was breached"))?;
    let tail = confidence.tail();
    let statistic = tuff_statistic(first, tail);
    let inside = days_below(tail, |lr| lr < statistic * (1.0 - 1e-9));
    let exact = inside.map_or(1.0, |region| {
        -((region.first - 1) as f64 * (-tail).ln_1p()).exp_m1() + (region.last as f64 * (-tail).ln_1p()).exp()
    });
    Ok(TestOutcome::chi_square(TestName::KupiecTuff, statistic, 1.0, breaches.observations())
        .with_exact(exact)
        .with_power(tuff_power(breaches.observations(), confidence, BREACH_MULTIPLE, SIGNIFICANCE)?))
}

/// The days of the first breach that the TUFF test does not reject at `test_confidence`.
///
/// # Errors
/// [`Error::Input`] when the test rejects every day.
pub fn kupiec_tuff_region(confidence: Confidence, test_confidence: Confidence) -> Result<FirstBreachRegion> {
    days_below(confidence.tail(), |lr| chi_square_beyond(lr, 1.0) > test_confidence.tail())
        .ok_or_else(|| undefined("acceptance region", "the test rejects every day"))
}

fn days_below(tail: f64, inside: impl Fn(f64) -> bool) -> Option<FirstBreachRegion> {
    let statistic = |n: usize| tuff_statistic(n, tail);
    // The most likely day is 1/p; the statistic falls up to it and rises from there.
    let below = ((1.0 / tail).floor() as usize).max(1);
    let above = below + 1;
    let first = first_true(1, below + 1, |n| inside(statistic(n)));
    let mut far = above;
    while inside(statistic(far)) {
        far = far.saturating_mul(2);
        if far == usize::MAX {
            break;
        }
    }
    let end = first_true(above, far, |n| !inside(statistic(n)));
    match (first <= below, end > above) {
        (true, _) => Some(FirstBreachRegion { first, last: end - 1 }),
        (false, true) => Some(FirstBreachRegion { first: above, last: end - 1 }),
        (false, false) => None,
    }
}

pub(super) fn tuff_power(
    observations: usize,
    confidence: Confidence,
    multiple: f64,
    significance: f64,
) -> Result<Power> {
    probability("significance", significance)?;
    let alternative = more_breaches(confidence, multiple);
    let p = truth(alternative);
    let within = |days: usize| -(days.min(observations) as f64 * (-p).ln_1p()).exp_m1();
    let rejected = match days_below(confidence.tail(), |lr| chi_square_beyond(lr, 1.0) > significance) {
        Some(region) => within(region.first - 1) + within(observations) - within(region.last),
        None => within(observations),
    };
    Ok(Power::exact(alternative, significance, rejected))
}

#[cfg(test)]
mod tests;

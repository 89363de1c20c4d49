//! Are breaches independent from one day to the next?

use alluse_risk_core::{Confidence, Error as CoreError};
use serde::{Deserialize, Serialize};

use super::coverage::{check_counts, pof_statistic};
use super::laws::binomial_deviance;
use super::outcome::{TestName, TestOutcome};
use super::{Breaches, Transitions};
use crate::{Error, Result};

/// Which days the coverage part of conditional coverage counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FirstObservation {
    /// All days.
    #[default]
    Counted,
    /// All days but the first, on which the Markov chain is conditioned.
    Conditioned,
}

/// Christoffersen's two tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Christoffersen {
    /// The counts they are made from.
    pub transitions: Transitions,
    /// Independence, χ²(1).
    pub independence: TestOutcome,
    /// Independence and coverage together, χ²(2).
    pub conditional_coverage: TestOutcome,
}

/// Christoffersen's tests of independence and conditional coverage.
///
/// ```text
/// LR_ind = −2 ln [ (1−π)^(n₀₀+n₁₀) π^(n₀₁+n₁₁) / ((1−π₀)^n₀₀ π₀^n₀₁ (1−π₁)^n₁₀ π₁^n₁₁) ]      χ²(1)
/// LR_cc  = LR_pof + LR_ind                                                                   χ²(2)
/// π = (n₀₁+n₁₁)/Σn    π₀ = n₀₁/(n₀₀+n₀₁)    π₁ = n₁₁/(n₁₀+n₁₁)    0 ln 0 = 0
/// ```
/// `degenerate` is set when no breach follows a breach, or there is nothing but breaches: the statistic exists but
/// the chi-square law is poor; [`monte_carlo_p_value`](super::monte_carlo_p_value) is exact.
///
/// # Errors
/// [`Error::Input`] for counts that contradict each other and fewer than two days.
///
/// # Source
/// Christoffersen (1998), *International Economic Review* 39(4).
///
/// # Examples
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::backtest::{FirstObservation, Transitions, christoffersen_from_counts};
///
/// let n = Transitions { calm_to_calm: 932, calm_to_breach: 53, breach_to_calm: 53, breach_to_breach: 4 };
/// let tests = christoffersen_from_counts(n, 1043, 57, Confidence::P95, FirstObservation::Counted)?;
/// assert!((tests.independence.statistic - 0.25866).abs() < 1e-5);
/// assert!((tests.conditional_coverage.p_value - 0.69763).abs() < 1e-5);
/// # Ok::<(), alluse_var_models::Error>(())
/// ```
pub fn christoffersen_from_counts(
    transitions: Transitions,
    observations: usize,
    breaches: usize,
    confidence: Confidence,
    first: FirstObservation,
) -> Result<Christoffersen> {
    check_counts(observations, breaches)?;
    if observations < 2 {
        let (name, required, available) = ("transitions", 2, observations);
        return Err(CoreError::InsufficientData { name, required, available }.into());
    }
    check_consistent(transitions, observations, breaches)?;
    let n = transitions;
    let degenerate = n.breach_to_breach == 0 || n.calm_to_calm + n.calm_to_breach == 0;
    let independence = independence_statistic(n);
    let coverage = match first {
        FirstObservation::Counted => pof_statistic(observations, breaches, confidence.tail()),
        FirstObservation::Conditioned => {
            pof_statistic(n.total(), n.calm_to_breach + n.breach_to_breach, confidence.tail())
        }
    };
    let outcome = |test, statistic, degrees| {
        let outcome = TestOutcome::chi_square(test, statistic, degrees, observations).with_degenerate(degenerate);
        if degenerate { outcome.with_note("no breach followed a breach, or nothing but breaches") } else { outcome }
    };
    Ok(Christoffersen {
        transitions,
        independence: outcome(TestName::Independence, independence, 1.0),
        conditional_coverage: outcome(TestName::ConditionalCoverage, coverage + independence, 2.0),
    })
}

/// [`christoffersen_from_counts`] of a series of breaches.
///
/// # Errors
/// [`Error::Input`] for fewer than two days.
pub fn christoffersen(breaches: &Breaches, confidence: Confidence, first: FirstObservation) -> Result<Christoffersen> {
    christoffersen_from_counts(breaches.transitions(), breaches.observations(), breaches.count(), confidence, first)
}

pub(super) fn independence_statistic(n: Transitions) -> f64 {
    let calm = (n.calm_to_calm + n.calm_to_breach) as f64;
    let stressed = (n.breach_to_calm + n.breach_to_breach) as f64;
    let hits = (n.calm_to_breach + n.breach_to_breach) as f64;
    let rate = hits / (calm + stressed);
    binomial_deviance(calm, n.calm_to_breach as f64, rate)
        + binomial_deviance(stressed, n.breach_to_breach as f64, rate)
}

fn check_consistent(n: Transitions, observations: usize, breaches: usize) -> Result<()> {
    if n.total() != observations - 1 {
        let (name, expected, got) = ("transitions", observations - 1, n.total());
        return Err(CoreError::LengthMismatch { name, expected, got }.into());
    }
    // The first day is in no pair as the second, the last in none as the first.
    let arrivals = n.calm_to_breach + n.breach_to_breach;
    let departures = n.breach_to_calm + n.breach_to_breach;
    let possible = |pairs: usize| breaches == pairs || breaches == pairs + 1;
    if possible(arrivals) && possible(departures) {
        return Ok(());
    }
    Err(Error::out_of_domain("breaches", "the number that the transitions imply", breaches as f64))
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use proptest::prelude::*;

    use super::*;

    fn counts(n: [usize; 4]) -> Transitions {
        Transitions { calm_to_calm: n[0], calm_to_breach: n[1], breach_to_calm: n[2], breach_to_breach: n[3] }
    }

    #[test]
    fn values_of_other_software() {
        // SciPy 1.17.1: chi2.sf of log-likelihoods by scipy.special.xlogy.
        let tests = christoffersen_from_counts(
            counts([4_281, 231, 231, 36]),
            4_780,
            267,
            Confidence::P95,
            FirstObservation::Counted,
        )
        .unwrap();
        assert!((tests.independence.statistic / 25.000_195_267_929_257 - 1.0).abs() < 1e-10);
        assert!((tests.independence.p_value / 5.732_450_849_778_567e-7 - 1.0).abs() < 1e-8);
        assert!((tests.conditional_coverage.statistic / 28.332_447_270_641_524 - 1.0).abs() < 1e-10);
        assert!((tests.conditional_coverage.p_value / 7.041_857_717_156_305e-7 - 1.0).abs() < 1e-8);
        assert!(!tests.independence.degenerate);
    }

    #[test]
    fn conditioning_leaves_the_first_day_out() {
        // Breach, calm, breach, breach: three pairs, two of them arriving at a breach.
        let breaches = Breaches::from_hits(&[true, false, true, true]).unwrap();
        let all = christoffersen(&breaches, Confidence::P95, FirstObservation::Counted).unwrap();
        let rest = christoffersen(&breaches, Confidence::P95, FirstObservation::Conditioned).unwrap();
        assert_eq!(all.independence, rest.independence);
        let coverage = |tests: &Christoffersen| tests.conditional_coverage.statistic - tests.independence.statistic;
        let by_hand = |n: i32, x: i32| {
            let rate = f64::from(x) / f64::from(n);
            let likelihood = |p: f64| p.powi(x) * (1.0 - p).powi(n - x);
            -2.0 * (likelihood(0.05) / likelihood(rate)).ln()
        };
        assert!((coverage(&all) - by_hand(4, 3)).abs() < 1e-12);
        assert!((coverage(&rest) - by_hand(3, 2)).abs() < 1e-12);
    }

    #[test]
    fn degenerate_samples_have_a_statistic_and_say_so() {
        let none =
            christoffersen(&Breaches::from_indices(250, vec![]).unwrap(), Confidence::P99, FirstObservation::Counted)
                .unwrap();
        assert_eq!((none.independence.statistic, none.independence.p_value), (0.0, 1.0));
        assert!(none.independence.degenerate && none.conditional_coverage.degenerate);
        let all = christoffersen(&Breaches::from_hits(&[true; 5]).unwrap(), Confidence::P99, FirstObservation::Counted)
            .unwrap();
        assert!(all.independence.degenerate);
        assert_eq!(all.independence.statistic, 0.0);
    }

    #[test]
    fn hostile_inputs() {
        let try_counts = |n, observations, breaches| {
            christoffersen_from_counts(counts(n), observations, breaches, Confidence::P95, FirstObservation::Counted)
                .unwrap_err()
                .kind()
        };
        assert_eq!(try_counts([0, 0, 0, 0], 0, 0), ErrorKind::InvalidInput);
        assert_eq!(try_counts([0, 0, 0, 0], 1, 0), ErrorKind::InsufficientData);
        assert_eq!(try_counts([5, 1, 1, 0], 9, 1), ErrorKind::InvalidInput);
        assert_eq!(try_counts([5, 1, 1, 0], 8, 3), ErrorKind::InvalidInput);
        assert_eq!(try_counts([5, 1, 3, 0], 10, 1), ErrorKind::InvalidInput);
    }

    proptest! {
        #[test]
        fn reversing_time_leaves_independence_alone(hits in prop::collection::vec(any::<bool>(), 2..60)) {
            let backwards: Vec<bool> = hits.iter().rev().copied().collect();
            let lr = |hits: &[bool]| {
                let breaches = Breaches::from_hits(hits).unwrap();
                christoffersen(&breaches, Confidence::P95, FirstObservation::Counted).unwrap().independence.statistic
            };
            // The chain of a path and of its reverse differ only in the first and last day.
            if hits.first() == hits.last() {
                prop_assert!((lr(&hits) - lr(&backwards)).abs() < 1e-9);
            }
            prop_assert!(lr(&hits) >= 0.0);
        }
    }
}

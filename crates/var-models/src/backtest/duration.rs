//! Times between breaches: Haas's mixed test and the Weibull test.

use alluse_risk_core::{Confidence, Error as CoreError};
use serde::{Deserialize, Serialize};

use super::Breaches;
use super::check::undefined;
use super::coverage::{pof_statistic, tuff_statistic};
use super::laws::chi_square_beyond;
use super::outcome::{TestName, TestOutcome};
use crate::{Error, Result};

/// Haas's mixed Kupiec test and its parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MixedKupiec {
    /// Sum over the times between failures, χ²(number of breaches).
    pub time_between_failures_statistic: f64,
    /// Its p-value.
    pub time_between_failures_p_value: f64,
    /// Together with the proportion of failures, χ²(number of breaches + 1).
    pub outcome: TestOutcome,
}

/// Haas's mixed Kupiec test: are the times between failures, and their number, right?
///
/// ```text
/// LR_tbf = Σᵢ −2 ln [ p(1−p)^(vᵢ−1) / ((1/vᵢ)(1−1/vᵢ)^(vᵢ−1)) ]      χ²(x)
/// LR_mix = LR_tbf + LR_pof                                           χ²(x + 1)
/// ```
/// with `v₁` the day of the first breach and `vᵢ` the days from breach to breach.
///
/// # Errors
/// [`Error::Input`] when nothing was breached.
///
/// # Source
/// Haas (2001), *New Methods in Backtesting*.
pub fn mixed_kupiec(breaches: &Breaches, confidence: Confidence) -> Result<MixedKupiec> {
    let Some(between) = time_between_failures(breaches, confidence.tail()) else {
        return Err(undefined("time between failures", "nothing was breached"));
    };
    let pof = pof_statistic(breaches.observations(), breaches.count(), confidence.tail());
    let mut mixed = mixed_kupiec_from_statistics(breaches.count(), between, pof)?;
    mixed.outcome.observations = breaches.observations();
    Ok(mixed)
}

/// The sum of the statistics of the times between failures; `None` without a breach.
pub(super) fn time_between_failures(breaches: &Breaches, tail: f64) -> Option<f64> {
    let first = breaches.first()?;
    let rest = breaches.durations().into_iter().map(|days| tuff_statistic(days, tail));
    Some(tuff_statistic(first, tail) + rest.sum::<f64>())
}

/// The mixed test from statistics that are known already; its `observations` is then the number of breaches.
///
/// # Errors
/// [`Error::Input`] without a breach and for statistics that are negative or not finite.
pub fn mixed_kupiec_from_statistics(
    breaches: usize,
    time_between_failures_statistic: f64,
    pof_statistic: f64,
) -> Result<MixedKupiec> {
    if breaches == 0 {
        return Err(undefined("time between failures", "nothing was breached"));
    }
    for (name, value) in
        [("time between failures statistic", time_between_failures_statistic), ("POF statistic", pof_statistic)]
    {
        if !(value >= 0.0 && value.is_finite()) {
            return Err(Error::out_of_domain(name, "finite and not negative", value));
        }
    }
    let degrees = breaches as f64;
    let statistic = time_between_failures_statistic + pof_statistic;
    Ok(MixedKupiec {
        time_between_failures_statistic,
        time_between_failures_p_value: chi_square_beyond(time_between_failures_statistic, degrees),
        outcome: TestOutcome::chi_square(TestName::MixedKupiec, statistic, degrees + 1.0, breaches),
    })
}

/// The Weibull duration test with its fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct WeibullDuration {
    /// Shape `b`: below 1 breaches come in clusters, 1 is no memory.
    pub shape: f64,
    /// Rate `a`, per day.
    pub rate: f64,
    /// Durations whose both ends were seen.
    pub complete: usize,
    /// Durations cut off by the start or the end of the series.
    pub censored: usize,
    /// The test of `b = 1`.
    pub outcome: TestOutcome,
}

/// Largest and smallest shape looked for; outside, the likelihood has no maximum worth the name.
const SHAPES: (f64, f64) = (1e-3, 1e3);

/// The duration test of Christoffersen and Pelletier.
///
/// ```text
/// f(d) = aᵇ b d^(b−1) exp(−(a d)ᵇ)      S(d) = exp(−(a d)ᵇ) for the durations cut off at the ends
/// LR = 2 (ln L(â, b̂) − ln L(â₁, 1))     χ²(1)
/// ```
///
/// # Errors
/// [`Error::Input`] with fewer than two breaches, and when the longest durations are all complete and equal, so
/// that the likelihood rises without end.
///
/// # Source
/// Christoffersen and Pelletier (2004), *Journal of Financial Econometrics* 2(1).
///
/// ```
/// use alluse_var_models::backtest::{Breaches, weibull_duration};
///
/// // Two clusters far apart.
/// let breaches = Breaches::from_indices(300, vec![50, 51, 53, 54, 240, 242, 243, 247])?;
/// let test = weibull_duration(&breaches)?;
/// assert!(test.shape < 0.7 && test.outcome.p_value < 0.05);
/// # Ok::<(), alluse_var_models::Error>(())
/// ```
pub fn weibull_duration(breaches: &Breaches) -> Result<WeibullDuration> {
    let complete = breaches.durations();
    if complete.is_empty() {
        let (name, required, available) = ("Weibull duration test", 2, breaches.count());
        return Err(CoreError::InsufficientData { name, required, available }.into());
    }
    let (before, after) = breaches.censored_durations();
    let sample = Durations::new(&complete, before.into_iter().chain(after));
    let shape = sample.shape()?;
    let statistic = 2.0 * (sample.log_likelihood(shape) - sample.log_likelihood(1.0));
    let outcome = TestOutcome::chi_square(TestName::WeibullDuration, statistic.max(0.0), 1.0, breaches.observations())
        .with_degenerate(complete.len() < 2);
    Ok(WeibullDuration {
        shape,
        rate: sample.rate(shape),
        complete: complete.len(),
        censored: sample.all.len() - complete.len(),
        outcome,
    })
}

struct Durations {
    complete: f64,
    log_sum: f64,
    /// `ln d` of every duration, the censored ones last.
    all: Vec<f64>,
}

impl Durations {
    fn new(complete: &[usize], censored: impl Iterator<Item = usize>) -> Self {
        let mut all: Vec<f64> = complete.iter().map(|d| (*d as f64).ln()).collect();
        let log_sum = all.iter().sum();
        all.extend(censored.map(|d| (d as f64).ln()));
        Self { complete: complete.len() as f64, log_sum, all }
    }

    /// `ln Σ dᵇ` and the mean of `ln d` weighted by `dᵇ`.
    fn powers(&self, shape: f64) -> (f64, f64) {
        let top = self.all.iter().fold(f64::NEG_INFINITY, |a, v| a.max(*v));
        let (mut sum, mut weighted) = (0.0, 0.0);
        for log in &self.all {
            let weight = (shape * (log - top)).exp();
            sum += weight;
            weighted += weight * log;
        }
        (shape * top + sum.ln(), weighted / sum)
    }

    /// `â = (m/Σ dᵇ)^(1/b)` for `m` complete durations.
    fn rate(&self, shape: f64) -> f64 {
        ((self.complete.ln() - self.powers(shape).0) / shape).exp()
    }

    /// At the best rate for the shape.
    fn log_likelihood(&self, shape: f64) -> f64 {
        let m = self.complete;
        m * (m.ln() - self.powers(shape).0 + shape.ln() - 1.0) + (shape - 1.0) * self.log_sum
    }

    /// Slope of that likelihood, which falls in the shape.
    fn slope(&self, shape: f64) -> f64 {
        self.complete / shape + self.log_sum - self.complete * self.powers(shape).1
    }

    fn shape(&self) -> Result<f64> {
        let (mut low, mut high) = (SHAPES.0.ln(), SHAPES.1.ln());
        if !(self.slope(SHAPES.0) > 0.0 && self.slope(SHAPES.1) < 0.0) {
            return Err(undefined("Weibull shape", "equal durations make the likelihood rise without end"));
        }
        for _ in 0..80 {
            let middle = 0.5 * (low + high);
            if self.slope(middle.exp()) > 0.0 { low = middle } else { high = middle }
        }
        Ok((0.5 * (low + high)).exp())
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;

    use super::*;

    #[test]
    fn the_mixed_test_adds_up_the_gaps() {
        // SciPy 1.17.1, xlogy for each of the gaps 3, 1, 4 and POF(3 of 10), p = 0.1; chi2.sf.
        let mixed =
            mixed_kupiec(&Breaches::from_indices(10, vec![2, 3, 7]).unwrap(), Confidence::new(0.9).unwrap()).unwrap();
        assert!(
            (mixed.time_between_failures_statistic - TBF).abs() < 1e-9,
            "{}",
            mixed.time_between_failures_statistic
        );
        assert!((mixed.time_between_failures_p_value - TBF_P).abs() < 1e-9);
        assert!((mixed.outcome.statistic - MIXED).abs() < 1e-9, "{}", mixed.outcome.statistic);
        assert!((mixed.outcome.p_value - MIXED_P).abs() < 1e-9);
        assert_eq!((mixed.outcome.degrees_of_freedom, mixed.outcome.observations), (Some(4.0), 10));
    }

    const TBF: f64 = 6.551_349_547_823_193;
    const TBF_P: f64 = 0.087_659_254_122_759_48;
    const MIXED: f64 = 9.624_621_283_899_163;
    const MIXED_P: f64 = 0.047_248_590_825_036_41;

    #[test]
    fn the_weibull_fit_of_other_software() {
        // SciPy 1.17.1, Nelder–Mead on the censored log likelihood in (ln a, ln b) to 1e-12.
        for (observations, indices, shape, rate, statistic) in WEIBULL {
            let test = weibull_duration(&Breaches::from_indices(observations, indices.to_vec()).unwrap()).unwrap();
            assert!((test.shape / shape - 1.0).abs() < 1e-6, "{}", test.shape);
            assert!((test.rate / rate - 1.0).abs() < 1e-6, "{}", test.rate);
            assert!((test.outcome.statistic - statistic).abs() < 1e-8, "{}", test.outcome.statistic);
        }
    }

    const WEIBULL: [(usize, &[usize], f64, f64, f64); 3] = [
        (300, &[50, 51, 53, 54, 240, 242, 243, 247], 0.429_507_966, 0.040_271_984_4, 12.337_918_430_179_52),
        (20, &[0, 3, 4, 19], 0.974_618_875, 0.159_786_712, 0.003_261_276_338_289_32),
        (250, &[30, 85, 120, 181, 240], 7.431_818_14, 0.017_695_681_5, 11.878_345_719_956_318),
    ];

    #[test]
    fn ends_that_are_breaches_cut_nothing_off() {
        let test = weibull_duration(&Breaches::from_indices(20, vec![0, 3, 4, 19]).unwrap()).unwrap();
        assert_eq!((test.complete, test.censored), (3, 0));
        let test = weibull_duration(&Breaches::from_indices(25, vec![2, 3, 20]).unwrap()).unwrap();
        assert_eq!((test.complete, test.censored, test.outcome.degenerate), (2, 2, false));
        let one = weibull_duration(&Breaches::from_indices(25, vec![2, 3]).unwrap()).unwrap();
        assert!(one.outcome.degenerate);
    }

    #[test]
    fn hostile_inputs() {
        let weibull = |n, indices| weibull_duration(&Breaches::from_indices(n, indices).unwrap()).unwrap_err().kind();
        assert_eq!(weibull(10, vec![]), ErrorKind::InsufficientData);
        assert_eq!(weibull(10, vec![4]), ErrorKind::InsufficientData);
        assert_eq!(weibull(16, vec![0, 5, 10, 15]), ErrorKind::Undefined);
        assert_eq!(
            mixed_kupiec(&Breaches::from_indices(5, vec![]).unwrap(), Confidence::P99).unwrap_err().kind(),
            ErrorKind::Undefined
        );
        for (x, tbf, pof, kind) in [
            (0, 1.0, 1.0, ErrorKind::Undefined),
            (2, -1.0, 1.0, ErrorKind::InvalidInput),
            (2, f64::NAN, 1.0, ErrorKind::InvalidInput),
            (2, 1.0, f64::INFINITY, ErrorKind::InvalidInput),
        ] {
            assert_eq!(mixed_kupiec_from_statistics(x, tbf, pof).unwrap_err().kind(), kind);
        }
    }
}

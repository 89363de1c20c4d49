use alluse_risk_core::{Confidence, Error as Input};
use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;

use crate::{Result, check};

/// A share with its exact binomial interval.
///
/// ```text
/// P(B ≥ x | lower) = P(B ≤ x | upper) = (1 − level)/2      B binomial in `effective` trials, x = share · effective
/// ```
///
/// Where outcomes overlap, the interval is that of the independent ones, whose count need not be whole: the incomplete
/// beta function takes any.
///
/// # Source
/// Clopper and Pearson (1934); Korn and Graubard (1998) for effective counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Share {
    /// The share.
    pub value: f64,
    /// How often it came about.
    pub count: usize,
    /// How often it could have.
    pub trials: usize,
    /// Independent trials that these are worth.
    pub effective_trials: f64,
    /// Lower end of the interval.
    pub lower: f64,
    /// Upper end of the interval.
    pub upper: f64,
    /// Coverage that the interval promises, at least.
    pub level: Confidence,
}

impl Share {
    /// From counts and the number of independent trials that they are worth.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for no trial, a count above the trials, and effective trials outside
    /// (0, trials].
    ///
    /// # Examples
    /// ```
    /// use alluse_forecast::evaluation::Share;
    /// use alluse_risk_core::Confidence;
    ///
    /// // None in ten: 1 − 0.025^(1/10).
    /// let share = Share::new(0, 10, 10.0, Confidence::P95)?;
    /// assert_eq!(share.lower, 0.0);
    /// assert!((share.upper - 0.308497).abs() < 1e-6);
    /// # Ok::<(), alluse_forecast::Error>(())
    /// ```
    pub fn new(count: usize, trials: usize, effective_trials: f64, level: Confidence) -> Result<Self> {
        if trials == 0 {
            return Err(Input::Empty { name: "trials" }.into());
        }
        check::ensure(count <= trials, "count", "at most the trials", count as f64)?;
        let holds = effective_trials > 0.0 && effective_trials <= trials as f64;
        check::ensure(holds, "effective trials", "positive and at most the trials", effective_trials)?;
        let value = count as f64 / trials as f64;
        let (hits, misses) = (value * effective_trials, (1.0 - value) * effective_trials);
        let miss = 0.5 * level.tail();
        let lower = if count == 0 { 0.0 } else { beta_quantile(hits, misses + 1.0, miss) };
        let upper = if count == trials { 1.0 } else { beta_quantile(hits + 1.0, misses, 1.0 - miss) };
        Ok(Self { value, count, trials, effective_trials, lower, upper, level })
    }

    /// Whether the interval holds a number.
    #[must_use]
    pub fn contains(&self, share: f64) -> bool {
        (self.lower..=self.upper).contains(&share)
    }
}

/// By bisection to the last digit: the function increases.
fn beta_quantile(a: f64, b: f64, probability: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..60 {
        let middle = 0.5 * (low + high);
        if beta_reg(a, b, middle) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_agree_with_scipy() {
        // scipy 1.17: beta.ppf(0.025, k, n − k + 1), beta.ppf(0.975, k + 1, n − k), k = share · effective.
        for (count, trials, effective, lower, upper) in GOLDEN {
            let share = Share::new(count, trials, effective, Confidence::P95).unwrap();
            assert!((share.lower - lower).abs() < 1e-10, "{count}/{trials}: {}", share.lower);
            assert!((share.upper - upper).abs() < 1e-10, "{count}/{trials}: {}", share.upper);
            assert!(share.contains(share.value));
        }
    }

    const GOLDEN: [(usize, usize, f64, f64, f64); 4] = [
        (53, 100, 100.0, 0.4275814848900452, 0.6305948358056055),
        (640, 1000, 47.5, 0.4877900688011301, 0.7740681863033447),
        (1, 20, 20.0, 0.0012650894979498038, 0.24873276277202777),
        (19, 20, 6.5, 0.5032378149009543, 0.9999987821069543),
    ];

    #[test]
    fn hostile_input() {
        let new = |count, trials, effective| Share::new(count, trials, effective, Confidence::P95);
        assert!(new(0, 0, 1.0).is_err() && new(3, 2, 1.0).is_err());
        for effective in [0.0, -1.0, 2.1, f64::NAN] {
            assert!(new(1, 2, effective).is_err());
        }
        assert_eq!(new(2, 2, 0.5).unwrap().upper, 1.0);
    }
}

use serde::{Deserialize, Serialize};

use super::standardised::MomentEstimator;
use crate::{Error, Result, check};

/// Mean and central moments up to the fourth, one observation at a time, and mergeable.
///
/// Two accumulators over two parts of a series merge into that of the whole, up to rounding; merging in a
/// fixed order gives the same bits on any number of threads.
///
/// # Source
/// Welford (1962); Chan, Golub and LeVeque (1979); higher moments: Pébay (2008).
///
/// # Examples
/// ```
/// use alluse_risk_core::moments::RunningMoments;
///
/// let mut left = RunningMoments::new();
/// let mut right = RunningMoments::new();
/// for x in [1.0, 2.0] { left.push(x)?; }
/// for x in [3.0, 6.0] { right.push(x)?; }
/// left.merge(&right);
/// assert_eq!(left.mean()?, 3.0);
/// assert_eq!(left.variance(1)?, 14.0 / 3.0);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct RunningMoments {
    count: u64,
    mean: f64,
    /// Sums of powers of the deviations from the mean.
    second: f64,
    third: f64,
    fourth: f64,
    largest: f64,
}

impl RunningMoments {
    /// Of no observations.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From the mean, the sums of the second, third and fourth powers of the deviations from it, and the largest
    /// absolute observation, however they were summed.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] for a number that is not finite or a negative even power; [`Error::Empty`] for sums of no
    /// observations.
    ///
    /// # Examples
    /// ```
    /// use alluse_risk_core::moments::RunningMoments;
    ///
    /// let mut one_by_one = RunningMoments::new();
    /// for x in [1.0, 2.0, 6.0] { one_by_one.push(x)?; }
    /// // Deviations from 3: −2, −1 and 3.
    /// assert_eq!(RunningMoments::from_central_sums(3, 3.0, [14.0, 18.0, 98.0], 6.0)?.variance(1)?, 7.0);
    /// assert_eq!(one_by_one.variance(1)?, 7.0);
    /// assert!(RunningMoments::from_central_sums(3, 3.0, [-1.0, 0.0, 0.0], 6.0).is_err());
    /// # Ok::<(), alluse_risk_core::Error>(())
    /// ```
    pub fn from_central_sums(count: u64, mean: f64, sums: [f64; 3], largest: f64) -> Result<Self> {
        let [second, third, fourth] = sums;
        Stored { count, mean, second, third, fourth, largest }.try_into()
    }

    /// Takes one observation.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] for a value that is not finite, which leaves the moments as they were.
    pub fn push(&mut self, value: f64) -> Result<()> {
        check::finite_number("value", value)?;
        self.merge(&Self { count: 1, mean: value, largest: value.abs(), ..Self::default() });
        Ok(())
    }

    /// Takes the observations of another accumulator.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            *self = *other;
            return;
        }
        let (a, b) = (self.count as f64, other.count as f64);
        let n = a + b;
        let delta = other.mean - self.mean;
        let share = delta / n;
        let square = share * share;
        let cross = delta * share * a * b;
        self.fourth += other.fourth
            + cross * square * (a * a - a * b + b * b)
            + 6.0 * square * (a * a * other.second + b * b * self.second)
            + 4.0 * share * (a * other.third - b * self.third);
        self.third += other.third + cross * share * (a - b) + 3.0 * share * (a * other.second - b * self.second);
        self.second += other.second + cross;
        self.mean += share * b;
        self.count += other.count;
        self.largest = self.largest.max(other.largest);
    }

    /// Number of observations.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Mean.
    ///
    /// # Errors
    /// [`Error::Empty`] without observations, [`Error::Overflow`].
    pub fn mean(&self) -> Result<f64> {
        if self.count == 0 {
            return Err(Error::Empty { name: "running moments" });
        }
        super::central::finite("mean", self.mean)
    }

    /// Variance with divisor `n − ddof`.
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::Undefined`] unless there are more observations than `ddof`.
    pub fn variance(&self, ddof: u64) -> Result<f64> {
        self.mean()?;
        if self.count <= ddof {
            return Err(Error::Undefined { name: "variance", reason: "it needs more observations than ddof" });
        }
        super::central::finite("variance", self.second / (self.count - ddof) as f64)
    }

    /// Skewness.
    ///
    /// # Errors
    /// As [`skewness`](super::skewness).
    pub fn skewness(&self, estimator: MomentEstimator) -> Result<f64> {
        let variance = self.positive_variance("skewness")?;
        let population = self.third / self.count as f64 / variance.powf(1.5);
        estimator.skewness(self.count as usize, super::central::finite("skewness", population)?)
    }

    /// Raw kurtosis, 3 for a normal law.
    ///
    /// # Errors
    /// As [`kurtosis`](super::kurtosis).
    pub fn kurtosis(&self, estimator: MomentEstimator) -> Result<f64> {
        Ok(self.excess_kurtosis(estimator)? + 3.0)
    }

    /// Excess kurtosis, 0 for a normal law.
    ///
    /// # Errors
    /// As [`kurtosis`](super::kurtosis).
    pub fn excess_kurtosis(&self, estimator: MomentEstimator) -> Result<f64> {
        let variance = self.positive_variance("kurtosis")?;
        let raw = self.fourth / self.count as f64 / (variance * variance);
        estimator.excess_kurtosis(self.count as usize, super::central::finite("kurtosis", raw)?)
    }

    fn positive_variance(&self, name: &'static str) -> Result<f64> {
        let variance = self.variance(0)?;
        if variance.sqrt() > 4.0 * f64::EPSILON * self.largest {
            Ok(variance)
        } else {
            Err(Error::Undefined { name, reason: "the series does not vary" })
        }
    }
}

/// The stored form, checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Stored {
    count: u64,
    mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
    largest: f64,
}

impl TryFrom<Stored> for RunningMoments {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let Stored { count, mean, second, third, fourth, largest } = stored;
        for (name, value) in [("mean", mean), ("third moment", third)] {
            check::finite_number(name, value)?;
        }
        for (name, value) in [("second moment", second), ("fourth moment", fourth), ("largest value", largest)] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::OutOfDomain { name, expected: "at least 0 and finite", value });
            }
        }
        if count == 0 && !(mean == 0.0 && second == 0.0 && third == 0.0 && fourth == 0.0 && largest == 0.0) {
            return Err(Error::Empty { name: "running moments" });
        }
        Ok(Self { count, mean, second, third, fourth, largest })
    }
}

impl From<RunningMoments> for Stored {
    fn from(moments: RunningMoments) -> Self {
        let RunningMoments { count, mean, second, third, fourth, largest } = moments;
        Self { count, mean, second, third, fourth, largest }
    }
}

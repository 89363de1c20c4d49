use serde::{Deserialize, Serialize};
use statrs::distribution::{Continuous, ContinuousCDF, StudentsT};
use statrs::function::beta::beta_reg;

use crate::{Confidence, Error, Interval, IntervalMethod, Result, check};

/// An estimate with its standard error, and Student's t test of whether it is zero.
///
/// ```text
/// t = value/se      p = P(|T| ≥ |t|)      interval = value ± t_{(1+c)/2} se      T Student with `degrees_of_freedom`
/// ```
///
/// # Examples
/// ```
/// use alluse_risk_core::{Confidence, inference::StudentEstimate};
///
/// // The table of Student's t: 2.228 with ten degrees of freedom leaves 5 % on both sides.
/// let estimate = StudentEstimate::new(2.228, 1.0, 10.0)?;
/// assert!((estimate.p_value - 0.05).abs() < 1e-4);
/// assert!(estimate.interval(Confidence::P95).lower.abs() < 1e-3);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StudentEstimate {
    /// The estimate.
    pub value: f64,
    /// Its standard error, positive.
    pub standard_error: f64,
    /// Degrees of freedom of the test.
    pub degrees_of_freedom: f64,
    /// The estimate over its standard error.
    pub t_statistic: f64,
    /// Two-sided.
    pub p_value: f64,
}

impl StudentEstimate {
    /// From an estimate, its standard error and the degrees of freedom.
    ///
    /// # Errors
    /// - [`Error::OutOfDomain`] for a number that is not finite, a negative error and degrees of freedom that are not
    ///   positive.
    /// - [`Error::Undefined`] for an error of zero: there is nothing to measure the estimate by.
    /// - [`Error::Overflow`] when the ratio is too large.
    pub fn new(value: f64, standard_error: f64, degrees_of_freedom: f64) -> Result<Self> {
        check::finite_number("estimate", value)?;
        let refused = |name, expected, value| Err(Error::OutOfDomain { name, expected, value });
        if !(standard_error >= 0.0 && standard_error.is_finite()) {
            return refused("standard error", "finite and not negative", standard_error);
        }
        if !(degrees_of_freedom > 0.0 && degrees_of_freedom.is_finite()) {
            return refused("degrees of freedom", "positive and finite", degrees_of_freedom);
        }
        if standard_error == 0.0 {
            return Err(Error::Undefined { name: "t statistic", reason: "the standard error is zero" });
        }
        let t_statistic = value / standard_error;
        if !t_statistic.is_finite() {
            return Err(Error::Overflow { name: "t statistic" });
        }
        let p_value = two_sided(t_statistic, degrees_of_freedom);
        Ok(Self { value, standard_error, degrees_of_freedom, t_statistic, p_value })
    }

    /// The estimate plus and minus its standard error times a quantile of Student's t.
    #[must_use]
    pub fn interval(&self, level: Confidence) -> Interval {
        let reach = two_sided_quantile(level, self.degrees_of_freedom) * self.standard_error;
        let (lower, upper) = (self.value - reach, self.value + reach);
        Interval { lower, upper, level, method: IntervalMethod::StudentT }
    }

    /// The same estimate in another unit: the value and its error times a positive number.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless the number is positive and finite, and those of [`new`](Self::new).
    pub fn scaled(&self, factor: f64) -> Result<Self> {
        if !(factor > 0.0 && factor.is_finite()) {
            return Err(Error::OutOfDomain { name: "scale", expected: "positive and finite", value: factor });
        }
        Self::new(self.value * factor, self.standard_error * factor, self.degrees_of_freedom)
    }
}

/// `P(|T| ≥ |t|)`, accurate relative to its own size in the tail.
fn two_sided(t: f64, degrees_of_freedom: f64) -> f64 {
    let square = t * t;
    // Beyond this the share below is zero in floating point, and so is the probability.
    if square.is_infinite() {
        return 0.0;
    }
    beta_reg(0.5 * degrees_of_freedom, 0.5, degrees_of_freedom / (degrees_of_freedom + square))
}

/// The positive number that `|T|` exceeds with probability `1 − level`.
fn two_sided_quantile(level: Confidence, degrees_of_freedom: f64) -> f64 {
    let Ok(law) = StudentsT::new(0.0, 1.0, degrees_of_freedom) else {
        // A stored estimate without degrees of freedom says nothing.
        return f64::INFINITY;
    };
    let tail = level.tail();
    let mut t = law.inverse_cdf(1.0 - 0.5 * tail);
    // The inverse at hand is good to some ten digits; Newton on the tail probability gives the rest.
    for _ in 0..2 {
        let polished = t + (two_sided(t, degrees_of_freedom) - tail) / (2.0 * law.pdf(t));
        if polished.is_finite() && polished > 0.0 {
            t = polished;
        }
    }
    t
}

#[cfg(test)]
mod tests {
    use super::*;

    /// scipy 1.17: `2 * t.sf(x, df)` and `t.isf((1 - level) / 2, df)`.
    #[test]
    fn probabilities_and_quantiles_agree_with_scipy() {
        for (t, degrees, want) in PROBABILITIES {
            let got = StudentEstimate::new(t, 1.0, degrees).unwrap().p_value;
            // Logarithms of gamma functions lose digits with their argument.
            assert!((got / want - 1.0).abs() < 1e-12 + 1e-15 * degrees, "{t} {degrees}: {got:e}");
        }
        for (level, degrees, want) in QUANTILES {
            let interval = StudentEstimate::new(1.0, 2.0, degrees).unwrap().interval(Confidence::new(level).unwrap());
            let got = (interval.upper - interval.lower) / 4.0;
            assert!((got / want - 1.0).abs() < 1e-12, "{level} {degrees}: {got}");
            assert_eq!(interval.method, IntervalMethod::StudentT);
        }
    }

    const PROBABILITIES: [(f64, f64, f64); 6] = [
        (0.5, 3.0, 0.651447964848151),
        (2.0, 7.5, 0.08289699529816631),
        (-2.5, 30.0, 0.01811564906806669),
        (6.0, 200.0, 9.115120348810346e-09),
        (12.0, 1000.0, 4.324057386774429e-31),
        (3.3, 1000000.0, 0.0009668820793400051),
    ];
    const QUANTILES: [(f64, f64, f64); 7] = [
        (0.95, 1.0, 12.706204736174694),
        (0.95, 5.0, 2.5705818356363146),
        (0.99, 10.0, 3.16927267261695),
        (0.9, 97.0, 1.6607146101230252),
        (0.95, 2258.0, 1.9610151456255773),
        (0.999, 40.0, 3.5509657608633107),
        (0.5, 4.0, 0.7406970841126829),
    ];

    #[test]
    fn hostile_input() {
        let new = StudentEstimate::new;
        assert!(matches!(new(f64::NAN, 1.0, 3.0), Err(Error::OutOfDomain { name: "estimate", .. })));
        assert!(matches!(new(1.0, -1.0, 3.0), Err(Error::OutOfDomain { name: "standard error", .. })));
        assert!(matches!(new(1.0, 1.0, 0.0), Err(Error::OutOfDomain { name: "degrees of freedom", .. })));
        assert!(matches!(new(1.0, 0.0, 3.0), Err(Error::Undefined { .. })));
        assert!(matches!(new(1e300, 1e-300, 3.0), Err(Error::Overflow { .. })));
        assert_eq!(new(1e200, 1.0, 3.0).unwrap().p_value, 0.0);
        let estimate = new(1.0, 0.5, 3.0).unwrap();
        assert_eq!(estimate.scaled(2.0), new(2.0, 1.0, 3.0));
        assert!(estimate.scaled(0.0).is_err());
    }
}

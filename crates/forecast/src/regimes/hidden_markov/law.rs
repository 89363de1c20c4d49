use alluse_risk_core::normal;
use serde::{Deserialize, Serialize};

use crate::{Result, check};

/// ln √(2π).
const LN_ROOT_TWO_PI: f64 = 0.918_938_533_204_672_7;

/// The law of an observation in one state: normal, or Student t when it has degrees of freedom.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct StateLaw {
    mean: f64,
    variance: f64,
    degrees_of_freedom: Option<f64>,
}

impl StateLaw {
    /// A normal law.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a mean that is not finite or a variance that is not positive.
    pub fn gaussian(mean: f64, variance: f64) -> Result<Self> {
        check::number("mean of a state", mean)?;
        check::positive("variance of a state", variance)?;
        Ok(Self { mean, variance, degrees_of_freedom: None })
    }

    /// A Student t law with this mean and this variance (not scale: `scale² = variance · (ν−2)/ν`).
    ///
    /// # Errors
    /// As [`gaussian`](Self::gaussian), and for degrees of freedom not above 2, which have no variance.
    pub fn student_t(mean: f64, variance: f64, degrees_of_freedom: f64) -> Result<Self> {
        let holds = degrees_of_freedom > 2.0 && degrees_of_freedom.is_finite();
        check::ensure(holds, "degrees of freedom", "above 2 and finite", degrees_of_freedom)?;
        let law = Self::gaussian(mean, variance)?;
        Ok(Self { degrees_of_freedom: Some(degrees_of_freedom), ..law })
    }

    /// The mean.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The variance.
    #[must_use]
    pub fn variance(&self) -> f64 {
        self.variance
    }

    /// The degrees of freedom of a Student t law; `None` for the normal one.
    #[must_use]
    pub fn degrees_of_freedom(&self) -> Option<f64> {
        self.degrees_of_freedom
    }

    /// Log of the density at `x`.
    #[must_use]
    pub fn log_density(&self, x: f64) -> f64 {
        self.density().log(x)
    }

    /// The squared scale: the variance of a normal law, less than the variance for Student t.
    pub(super) fn squared_scale(&self) -> f64 {
        self.degrees_of_freedom.map_or(self.variance, |nu| self.variance * (nu - 2.0) / nu)
    }

    /// The density with its constants worked out.
    pub(super) fn density(&self) -> Density {
        Density::new(self.mean, self.squared_scale(), self.degrees_of_freedom)
    }

    /// Distribution function at `x`.
    pub(super) fn cdf(&self, x: f64) -> Result<f64> {
        let z = (x - self.mean) / self.squared_scale().sqrt();
        match self.degrees_of_freedom {
            None => Ok(normal::cdf(z)),
            Some(nu) => {
                use statrs::distribution::{ContinuousCDF, StudentsT};
                let law = StudentsT::new(0.0, 1.0, nu)
                    .map_err(|_| crate::Error::invalid("degrees of freedom", format!("{nu} is refused")))?;
                Ok(law.cdf(z))
            }
        }
    }
}

/// The density of a state with its constants worked out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Density {
    pub(super) mean: f64,
    inverse_squared_scale: f64,
    pub(super) constant: f64,
    /// Degrees of freedom; 0 for the normal law, whose exponent is kept elsewhere.
    pub(super) nu: f64,
    /// `ln((ν + 1)/ν)`.
    pub(super) log_rescale: f64,
}

impl Density {
    pub(super) fn new(mean: f64, squared_scale: f64, degrees_of_freedom: Option<f64>) -> Self {
        let half_log_scale = 0.5 * libm::log(squared_scale);
        let (constant, nu) = match degrees_of_freedom {
            None => (-LN_ROOT_TWO_PI - half_log_scale, 0.0),
            Some(nu) => {
                let gammas = libm::lgamma(0.5 * (nu + 1.0)) - libm::lgamma(0.5 * nu);
                (gammas - 0.5 * libm::log(nu * std::f64::consts::PI) - half_log_scale, nu)
            }
        };
        let log_rescale = if nu > 0.0 { libm::log1p(1.0 / nu) } else { 0.0 };
        Self { mean, inverse_squared_scale: 1.0 / squared_scale, constant, nu, log_rescale }
    }

    /// Squared distance from the mean in scales.
    #[inline]
    pub(super) fn distance(&self, x: f64) -> f64 {
        let d = x - self.mean;
        d * d * self.inverse_squared_scale
    }

    /// Log of the density at `x`.
    #[inline]
    pub(super) fn log(&self, x: f64) -> f64 {
        let distance = self.distance(x);
        if self.nu > 0.0 {
            self.constant - 0.5 * (self.nu + 1.0) * libm::log1p(distance / self.nu)
        } else {
            self.constant - 0.5 * distance
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    mean: f64,
    variance: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    degrees_of_freedom: Option<f64>,
}

impl TryFrom<Stored> for StateLaw {
    type Error = crate::Error;

    fn try_from(stored: Stored) -> Result<Self> {
        match stored.degrees_of_freedom {
            None => Self::gaussian(stored.mean, stored.variance),
            Some(nu) => Self::student_t(stored.mean, stored.variance, nu),
        }
    }
}

impl From<StateLaw> for Stored {
    fn from(law: StateLaw) -> Self {
        Self { mean: law.mean, variance: law.variance, degrees_of_freedom: law.degrees_of_freedom }
    }
}

#[cfg(test)]
mod tests {
    use testkit::close;

    use super::*;

    #[test]
    fn densities_of_scipy() {
        // scipy 1.17: norm.logpdf(1.3, 0.5, 2), t.logpdf(1.3, 5, 0.5, sqrt(4*3/5)), t.cdf of the same, norm.cdf.
        let normal = StateLaw::gaussian(0.5, 4.0).unwrap();
        close(normal.log_density(1.3), -1.692_085_713_764_618_1, 1e-14);
        close(normal.cdf(1.3).unwrap(), 0.655_421_741_610_324_2, 1e-14);
        let student = StateLaw::student_t(0.5, 4.0, 5.0).unwrap();
        close(student.log_density(1.3), -1.562_233_174_523_807_4, 1e-13);
        close(student.cdf(1.3).unwrap(), 0.686_202_339_326_049_2, 1e-12);
    }

    #[test]
    fn hostile_input() {
        assert!(StateLaw::gaussian(f64::NAN, 1.0).is_err() && StateLaw::gaussian(0.0, 0.0).is_err());
        assert!(StateLaw::student_t(0.0, 1.0, 2.0).is_err() && StateLaw::student_t(0.0, 1.0, f64::NAN).is_err());
        assert!(serde_json::from_str::<StateLaw>(r#"{"mean":0.0,"variance":-1.0}"#).is_err());
        let text = serde_json::to_string(&StateLaw::student_t(0.1, 2.0, 7.0).unwrap()).unwrap();
        assert_eq!(serde_json::from_str::<StateLaw>(&text).unwrap(), StateLaw::student_t(0.1, 2.0, 7.0).unwrap());
    }
}

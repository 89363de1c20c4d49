use alluse_risk_core::normal;
use rand::{Rng, RngExt};
use rand_distr::{Distribution, Gamma, StandardNormal, StudentT as StudentDraws};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};
use statrs::function::gamma::checked_gamma_lr;

use super::kernel::Student;
use super::{Innovations, Kernel};
use crate::{Error, Result, check};

/// A standardised law: mean 0, variance 1.
///
/// ```text
/// StudentT          f ∝ (1 + z²/(ν−2))^(−(ν+1)/2)
/// SkewedT           f ∝ (1 + y²/(ν−2))^(−(ν+1)/2),  y = (bz + a)/(1 ± λ),  − left of −a/b
///                   a = 4λc(ν−2)/(ν−1),  b² = 1 + 3λ² − a²,  c the constant of the Student t
/// GeneralizedError  f ∝ exp(−½ |z/s|^ν),  s² = 2^(−2/ν) Γ(1/ν)/Γ(3/ν)
/// ```
///
/// # Source
/// Hansen (1994), "Autoregressive conditional density estimation"; Nelson (1991), "Conditional heteroskedasticity in
/// asset returns: a new approach".
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum InnovationLaw {
    /// Standard normal.
    Normal,
    /// Student t.
    StudentT {
        /// ν, above 2.
        degrees_of_freedom: f64,
    },
    /// Hansen's skewed t.
    SkewedT {
        /// ν, above 2.
        degrees_of_freedom: f64,
        /// λ in (−1, 1); negative: the long tail is on the left.
        skew: f64,
    },
    /// Generalised error: 2 is normal, 1 Laplace.
    GeneralizedError {
        /// ν, positive.
        shape: f64,
    },
}

impl InnovationLaw {
    /// The family that the law belongs to.
    #[must_use]
    pub fn family(self) -> Innovations {
        match self {
            Self::Normal => Innovations::Normal,
            Self::StudentT { .. } => Innovations::StudentT,
            Self::SkewedT { .. } => Innovations::SkewedT,
            Self::GeneralizedError { .. } => Innovations::GeneralizedError,
        }
    }

    /// The shape parameters, in the order of [`Innovations::shape_names`].
    #[must_use]
    pub fn shapes(self) -> Vec<f64> {
        match self {
            Self::Normal => vec![],
            Self::StudentT { degrees_of_freedom } => vec![degrees_of_freedom],
            Self::SkewedT { degrees_of_freedom, skew } => vec![degrees_of_freedom, skew],
            Self::GeneralizedError { shape } => vec![shape],
        }
    }

    /// Refuses shapes without a variance.
    ///
    /// # Errors
    /// [`Error::Input`] for degrees of freedom of at most 2, a skew outside (−1, 1), a shape below 0.1, or NaN.
    pub fn check(self) -> Result<()> {
        let degrees = |nu: f64| check::ensure(nu > 2.0 && nu.is_finite(), "degrees of freedom", "above 2", nu);
        match self {
            Self::Normal => {}
            Self::StudentT { degrees_of_freedom } => {
                degrees(degrees_of_freedom)?;
            }
            Self::SkewedT { degrees_of_freedom, skew } => {
                degrees(degrees_of_freedom)?;
                check::ensure(skew.abs() < 1.0, "skew", "in (-1, 1)", skew)?;
            }
            Self::GeneralizedError { shape } => {
                check::ensure(shape >= 0.1 && shape.is_finite(), "shape", "at least 0.1", shape)?;
            }
        }
        Ok(())
    }

    /// Logarithm of the density at `z`.
    ///
    /// # Errors
    /// As [`check`](Self::check), and for a `z` that is not finite.
    pub fn log_density(self, z: f64) -> Result<f64> {
        self.check()?;
        Ok(Kernel::new(self).log_density(check::number("z", z)?))
    }

    /// Probability of at most `z`.
    ///
    /// # Errors
    /// As [`log_density`](Self::log_density).
    pub fn cdf(self, z: f64) -> Result<f64> {
        self.check()?;
        check::number("z", z)?;
        Ok(match self {
            Self::Normal => normal::cdf(z),
            Self::StudentT { degrees_of_freedom: nu } => student(nu)?.cdf(z * (nu / (nu - 2.0)).sqrt()),
            Self::SkewedT { degrees_of_freedom: nu, skew } => {
                let (a, b) = hansen(nu, skew);
                let (y, left) = (b * z + a, b * z + a < 0.0);
                let side = if left { 1.0 - skew } else { 1.0 + skew };
                let below = student(nu)?.cdf(y / side * (nu / (nu - 2.0)).sqrt());
                if left { side * below } else { 0.5 * (1.0 - skew) + side * (below - 0.5) }
            }
            Self::GeneralizedError { shape } => {
                let size = 0.5 * libm::pow(z.abs() / ged_scale(shape), shape);
                let half = if size > 0.0 {
                    0.5 * checked_gamma_lr(1.0 / shape, size).map_err(|e| Error::undefined("cdf", e.to_string()))?
                } else {
                    0.0
                };
                if z < 0.0 { 0.5 - half } else { 0.5 + half }
            }
        })
    }

    /// The shock that is not exceeded with `probability`.
    ///
    /// # Errors
    /// As [`check`](Self::check), and unless `probability` lies in (0, 1).
    pub fn quantile(self, probability: f64) -> Result<f64> {
        self.check()?;
        let p = check::ensure(probability > 0.0 && probability < 1.0, "probability", "in (0, 1)", probability)?;
        Ok(match self {
            Self::Normal => normal::quantile(p)?,
            Self::StudentT { degrees_of_freedom: nu } => student(nu)?.inverse_cdf(p) * ((nu - 2.0) / nu).sqrt(),
            Self::SkewedT { degrees_of_freedom: nu, skew } => {
                let (a, b) = hansen(nu, skew);
                let below = 0.5 * (1.0 - skew);
                let (side, inner) = if p < below {
                    (1.0 - skew, p / (1.0 - skew))
                } else {
                    (1.0 + skew, 0.5 + (p - below) / (1.0 + skew))
                };
                (side * student(nu)?.inverse_cdf(inner) * ((nu - 2.0) / nu).sqrt() - a) / b
            }
            Self::GeneralizedError { .. } => self.root(p)?,
        })
    }

    /// The quantile by bisection of the cdf; no law here spreads beyond a few thousand at probabilities that a double
    /// can hold.
    fn root(self, p: f64) -> Result<f64> {
        let (mut low, mut high) = (-1.0, 1.0);
        while self.cdf(low)? > p && low > -1e12 {
            low *= 2.0;
        }
        while self.cdf(high)? < p && high < 1e12 {
            high *= 2.0;
        }
        while high - low > 4.0 * f64::EPSILON * (1.0 + low.abs().max(high.abs())) {
            let middle = 0.5 * (low + high);
            if self.cdf(middle)? < p { low = middle } else { high = middle }
        }
        Ok(0.5 * (low + high))
    }

    /// Fills `out` with independent shocks.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn fill(self, stream: &mut impl Rng, out: &mut [f64]) -> Result<()> {
        self.check()?;
        let refused = |error: String| Error::undefined("draws of an innovation", error);
        match self {
            Self::Normal => out.iter_mut().for_each(|slot| *slot = StandardNormal.sample(stream)),
            Self::StudentT { degrees_of_freedom: nu } => {
                let law = StudentDraws::new(nu).map_err(|error| refused(error.to_string()))?;
                let scale = ((nu - 2.0) / nu).sqrt();
                out.iter_mut().for_each(|slot| *slot = scale * law.sample(stream));
            }
            Self::SkewedT { degrees_of_freedom: nu, skew } => {
                let law = StudentDraws::new(nu).map_err(|error| refused(error.to_string()))?;
                let scale = ((nu - 2.0) / nu).sqrt();
                let (a, b) = hansen(nu, skew);
                for slot in out {
                    let size = scale * law.sample(stream).abs();
                    let left = stream.random::<f64>() < 0.5 * (1.0 - skew);
                    let y = if left { -(1.0 - skew) * size } else { (1.0 + skew) * size };
                    *slot = (y - a) / b;
                }
            }
            Self::GeneralizedError { shape } => {
                let law = Gamma::new(1.0 / shape, 1.0).map_err(|error| refused(error.to_string()))?;
                let scale = ged_scale(shape);
                for slot in out {
                    let size = scale * libm::pow(2.0 * law.sample(stream), 1.0 / shape);
                    *slot = if stream.random::<bool>() { size } else { -size };
                }
            }
        }
        Ok(())
    }
}

fn student(nu: f64) -> Result<StudentsT> {
    StudentsT::new(0.0, 1.0, nu).map_err(|error| Error::undefined("Student t", error.to_string()))
}

fn hansen(nu: f64, skew: f64) -> (f64, f64) {
    let c = libm::exp(Student::new(nu).constant);
    let a = 4.0 * skew * c * (nu - 2.0) / (nu - 1.0);
    (a, (1.0 + 3.0 * skew * skew - a * a).sqrt())
}

fn ged_scale(shape: f64) -> f64 {
    libm::exp(-std::f64::consts::LN_2 / shape + 0.5 * (libm::lgamma(1.0 / shape) - libm::lgamma(3.0 / shape)))
}

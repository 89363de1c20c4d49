//! The raw SVI smile.

use serde::{Deserialize, Serialize};

use super::{VariancePoint, check};
use crate::{Error, Result};

/// The parameters of [`Svi`], unchecked until they reach it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SviParameters {
    /// Level of total variance; may be negative.
    pub a: f64,
    /// Half the sum of the two wing slopes, at least 0.
    pub b: f64,
    /// Tilt, in (−1, 1).
    pub rho: f64,
    /// Log-moneyness around which the smile bends.
    pub m: f64,
    /// How round the bend is, above 0.
    pub sigma: f64,
}

/// Total variance as a tilted hyperbola in log-moneyness.
///
/// ```text
/// w(k) = a + b (ρ (k − m) + √((k − m)² + σ²))
/// ```
///
/// Every value of this type is positive at all strikes; whether it is free of butterfly arbitrage is another question,
/// see [`ArbitrageCheck`](super::ArbitrageCheck).
///
/// # Source
/// Gatheral (2004).
///
/// # Examples
/// ```
/// use alluse_instruments::surface::{Svi, SviParameters};
///
/// let svi = Svi::new(SviParameters { a: 0.04, b: 0.1, rho: -0.5, m: 0.0, sigma: 0.2 })?;
/// assert!((svi.total_variance(0.0) - 0.06).abs() < 1e-15); // a + b σ at k = m
/// assert!((svi.wing_slopes().0 - 0.15).abs() < 1e-15); // b (1 − ρ)
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "SviParameters", into = "SviParameters")]
pub struct Svi(SviParameters);

impl Svi {
    /// # Errors
    /// `OutOfDomain`, naming the parameter, unless all are finite, `b ≥ 0`, `|ρ| < 1`, `σ > 0` and the smallest total
    /// variance `a + bσ√(1 − ρ²)` is positive.
    pub fn new(parameters: SviParameters) -> Result<Self> {
        let SviParameters { a, b, rho, m, sigma } = parameters;
        check::finite("a", a)?;
        check::finite("m", m)?;
        check::positive("sigma", sigma)?;
        if !(b >= 0.0 && b.is_finite()) {
            return Err(Error::out_of_domain("b", "at least 0 and finite", b));
        }
        if !(rho.abs() < 1.0) {
            return Err(Error::out_of_domain("rho", "in (-1, 1)", rho));
        }
        let svi = Self(parameters);
        check::positive("smallest total variance", svi.smallest_variance())?;
        Ok(svi)
    }

    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> SviParameters {
        self.0
    }

    /// Total variance.
    #[must_use]
    pub fn total_variance(&self, log_moneyness: f64) -> f64 {
        self.at(log_moneyness).variance
    }

    /// Total variance and its derivatives.
    #[must_use]
    pub fn at(&self, log_moneyness: f64) -> VariancePoint {
        let SviParameters { a, b, rho, m, sigma } = self.0;
        let x = log_moneyness - m;
        let root = libm::hypot(x, sigma);
        VariancePoint {
            variance: a + b * (rho * x + root),
            slope: b * (rho + x / root),
            curvature: b * (sigma / root) * (sigma / root) / root,
        }
    }

    /// `a + bσ√(1 − ρ²)`.
    #[must_use]
    pub fn smallest_variance(&self) -> f64 {
        let SviParameters { a, b, rho, sigma, .. } = self.0;
        a + b * sigma * ((1.0 - rho) * (1.0 + rho)).sqrt()
    }

    /// Slopes that the total variance tends to on the low and the high side: `b (1 − ρ)` and `b (1 + ρ)`.
    #[must_use]
    pub fn wing_slopes(&self) -> (f64, f64) {
        let SviParameters { b, rho, .. } = self.0;
        (b * (1.0 - rho), b * (1.0 + rho))
    }
}

impl TryFrom<SviParameters> for Svi {
    type Error = Error;

    fn try_from(parameters: SviParameters) -> Result<Self> {
        Self::new(parameters)
    }
}

impl From<Svi> for SviParameters {
    fn from(svi: Svi) -> Self {
        svi.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GOOD: SviParameters = SviParameters { a: 0.01, b: 0.2, rho: -0.6, m: 0.05, sigma: 0.3 };

    #[test]
    fn one_wrong_parameter_at_a_time() {
        let cases = [
            ("a", SviParameters { a: f64::NAN, ..GOOD }),
            ("b", SviParameters { b: -1e-9, ..GOOD }),
            ("b", SviParameters { b: f64::INFINITY, ..GOOD }),
            ("rho", SviParameters { rho: 1.0, ..GOOD }),
            ("rho", SviParameters { rho: -1.0, ..GOOD }),
            ("rho", SviParameters { rho: f64::NAN, ..GOOD }),
            ("m", SviParameters { m: f64::INFINITY, ..GOOD }),
            ("sigma", SviParameters { sigma: 0.0, ..GOOD }),
            // 0.2 · 0.3 · 0.8 = 0.048 is what the hyperbola adds at its lowest.
            ("smallest total variance", SviParameters { a: -0.0481, ..GOOD }),
            ("smallest total variance", SviParameters { a: 0.0, b: 0.0, ..GOOD }),
        ];
        for (field, bad) in cases {
            let error = Svi::new(bad).unwrap_err();
            assert!(
                matches!(error, Error::Input(alluse_risk_core::Error::OutOfDomain { name, .. }) if name == field),
                "{field}: {error}"
            );
        }
        assert!(Svi::new(SviParameters { a: -0.0479, ..GOOD }).is_ok());
        assert!(Svi::new(SviParameters { b: 0.0, ..GOOD }).is_ok());
    }

    #[test]
    fn the_stored_form_is_checked() {
        let svi = Svi::new(GOOD).unwrap();
        let text = serde_json::to_string(&svi).unwrap();
        assert_eq!(serde_json::from_str::<Svi>(&text).unwrap(), svi);
        assert!(serde_json::from_str::<Svi>(&text.replace("-0.6", "-1.6")).is_err());
    }

    #[test]
    fn the_lowest_point_lies_where_the_slope_vanishes() {
        let svi = Svi::new(GOOD).unwrap();
        // k* = m − ρσ/√(1 − ρ²) = 0.05 + 0.6 · 0.3 / 0.8.
        let lowest = svi.at(0.275);
        assert!(lowest.slope.abs() < 1e-15);
        assert!((lowest.variance - 0.058).abs() < 1e-15);
        assert!((svi.smallest_variance() - 0.058).abs() < 1e-15);
    }

    proptest! {
        #[test]
        fn derivatives_are_those_of_the_variance(
            b in 0.01..1.0_f64, rho in -0.95..0.95_f64, m in -0.5..0.5_f64, sigma in 0.05..1.0_f64, k in -2.0..2.0_f64,
        ) {
            let svi = Svi::new(SviParameters { a: 0.02, b, rho, m, sigma }).unwrap();
            let step = 1e-4;
            let (low, mid, high) = (svi.at(k - step), svi.at(k), svi.at(k + step));
            let slope = (high.variance - low.variance) / (2.0 * step);
            let curvature = (high.slope - low.slope) / (2.0 * step);
            prop_assert!((mid.slope - slope).abs() < 1e-5 * (1.0 + b / sigma));
            prop_assert!((mid.curvature - curvature).abs() < 1e-4 * (1.0 + b / sigma / sigma));
            prop_assert!(mid.curvature > 0.0 && mid.variance >= svi.smallest_variance() - 1e-15);
        }
    }
}

//! The generalised extreme value law.

use alluse_risk_core::Error as CoreError;
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::maxima_fit::{GeneralizedExtremeValueFit, fit};
use super::series::{exp_ratio, log_ratio};
use crate::{Error, Result};

/// The generalised extreme value law, the limit of the maxima of long blocks.
///
/// ```text
/// F(x) = exp(−(1 + ξ (x − μ)/σ)^(−1/ξ))        exp(−e^(−(x − μ)/σ)) for ξ = 0
/// ```
///
/// The parametrisation is SciPy's `genextreme(c = −ξ, loc = μ, scale = σ)`.
///
/// # Source
/// Jenkinson (1955), "The frequency distribution of the annual maximum (or minimum) values of meteorological
/// elements".
///
/// ```
/// use alluse_var_models::GeneralizedExtremeValue;
///
/// // The loss that the worst day of one block in twenty exceeds.
/// let law = GeneralizedExtremeValue::new(0.2, 0.02, 0.008)?;
/// assert!((law.quantile(0.95)? - 0.0524).abs() < 1e-4);
/// # Ok::<(), alluse_var_models::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct GeneralizedExtremeValue {
    xi: f64,
    mu: f64,
    sigma: f64,
}

impl GeneralizedExtremeValue {
    /// From the shape `ξ`, the location `μ` and the scale `σ`.
    ///
    /// # Errors
    /// [`Error::Input`] unless all are finite and `σ` is positive.
    pub fn new(xi: f64, mu: f64, sigma: f64) -> Result<Self> {
        for (name, value) in [("xi", xi), ("mu", mu)] {
            if !value.is_finite() {
                return Err(Error::out_of_domain(name, "finite", value));
            }
        }
        if !(sigma > 0.0 && sigma.is_finite()) {
            return Err(Error::out_of_domain("sigma", "positive and finite", sigma));
        }
        Ok(Self { xi, mu, sigma })
    }

    /// The maximum-likelihood fit to block maxima; see [`GeneralizedExtremeValueFit`].
    ///
    /// # Errors
    /// [`Error::Input`] for fewer than [`GeneralizedExtremeValueFit::MIN_MAXIMA`], for values that are not finite
    /// or all equal, and with [`NotConverged`](CoreError::NotConverged) when the likelihood has no maximum with
    /// `ξ > −0.99` near the sample, as for maxima that pile up at their upper end.
    pub fn fit(maxima: ArrayView1<'_, f64>) -> Result<GeneralizedExtremeValueFit> {
        fit(maxima)
    }

    /// The shape `ξ`.
    #[must_use]
    pub fn xi(&self) -> f64 {
        self.xi
    }

    /// The location `μ`.
    #[must_use]
    pub fn mu(&self) -> f64 {
        self.mu
    }

    /// The scale `σ`.
    #[must_use]
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// Probability that a maximum is at most `x`.
    ///
    /// # Errors
    /// [`Error::Input`] when `x` is NaN.
    pub fn cdf(&self, x: f64) -> Result<f64> {
        if x.is_nan() {
            return Err(Error::out_of_domain("maximum", "a number", x));
        }
        let z = (x - self.mu) / self.sigma;
        if z.is_infinite() {
            return Ok(if z > 0.0 { 1.0 } else { 0.0 });
        }
        if self.xi * z <= -1.0 {
            // Below the lower end for ξ > 0, above the upper end for ξ < 0.
            return Ok(if self.xi > 0.0 { 0.0 } else { 1.0 });
        }
        Ok((-(-z * log_ratio(self.xi * z)).exp()).exp())
    }

    /// The maximum that is exceeded with probability `1 − probability`: the return level of `1/(1 − p)` blocks.
    ///
    /// ```text
    /// μ + σ/ξ ((−ln p)^(−ξ) − 1)
    /// ```
    ///
    /// # Errors
    /// [`Error::Input`] unless `0 < probability < 1`, and for a maximum beyond the range of numbers.
    pub fn quantile(&self, probability: f64) -> Result<f64> {
        if !(probability > 0.0 && probability < 1.0) {
            return Err(Error::out_of_domain("probability", "in (0, 1)", probability));
        }
        let reduced = -(-probability.ln()).ln();
        let maximum = self.mu + self.sigma * reduced * exp_ratio(self.xi * reduced);
        if maximum.is_finite() { Ok(maximum) } else { Err(CoreError::Overflow { name: "maximum" }.into()) }
    }

    /// Log-likelihood of independent maxima.
    ///
    /// ```text
    /// −n ln σ − Σ ((1 + ξ) yᵢ + e^(−yᵢ))        y = ln(1 + ξ (x − μ)/σ)/ξ
    /// ```
    ///
    /// # Errors
    /// [`Error::Input`] for no maximum, and for one that is not finite or outside the support.
    pub fn log_likelihood(&self, maxima: ArrayView1<'_, f64>) -> Result<f64> {
        if maxima.is_empty() {
            return Err(CoreError::Empty { name: "maxima" }.into());
        }
        let mut total = 0.0;
        for (index, &value) in maxima.iter().enumerate() {
            let z = (value - self.mu) / self.sigma;
            if !(value.is_finite() && self.xi * z > -1.0) {
                let expected = "finite and inside the support";
                return Err(CoreError::ElementOutOfDomain { name: "maxima", index, expected, value }.into());
            }
            let y = z * log_ratio(self.xi * z);
            total += (1.0 + self.xi) * y + (-y).exp();
        }
        Ok(-(maxima.len() as f64) * self.sigma.ln() - total)
    }
}

/// The stored form, so that a stored law is checked when it is read back.
#[derive(Deserialize)]
struct Raw {
    xi: f64,
    mu: f64,
    sigma: f64,
}

impl TryFrom<Raw> for GeneralizedExtremeValue {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.xi, raw.mu, raw.sigma)
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cdf_and_density_agree_with_scipy() {
        // scipy 1.17 genextreme.cdf and logpdf with c = −ξ, loc = 1, scale = 2; a few roundings each.
        for (xi, x, cdf, log_density) in [
            (0.3, 4.0, 0.748_409_101_089_871_6, -2.593_061_449_027_463_7),
            (-0.3, 4.0, 0.872_568_099_981_943_8, -2.224_414_758_719_242),
            (0.0, -1.0, 0.065_988_035_845_312_54, -2.411_429_009_018_989_5),
            (0.3, -3.0, 6.168_546_903_992_675e-10, -17.928_941_638_752_974),
        ] {
            let law = GeneralizedExtremeValue::new(xi, 1.0, 2.0).unwrap();
            assert!((law.cdf(x).unwrap() / cdf - 1.0).abs() < 1e-12, "{xi} {x}");
            assert!((law.log_likelihood(array![x].view()).unwrap() - log_density).abs() < 1e-12, "{xi} {x}");
            if cdf > 1e-6 {
                assert!((law.quantile(cdf).unwrap() - x).abs() < 1e-11, "{xi} {x}");
            }
        }
    }

    #[test]
    fn the_support_ends_where_it_should() {
        // μ − σ/ξ: −3 from below for ξ = 1/2, 5 from above for ξ = −1/2.
        let heavy = GeneralizedExtremeValue::new(0.5, 1.0, 2.0).unwrap();
        let light = GeneralizedExtremeValue::new(-0.5, 1.0, 2.0).unwrap();
        assert_eq!((heavy.cdf(-3.0).unwrap(), light.cdf(5.0).unwrap()), (0.0, 1.0));
        assert!(heavy.cdf(-1.5).unwrap() > 0.0 && light.cdf(4.9).unwrap() < 1.0);
        for law in [heavy, light] {
            assert_eq!((law.cdf(f64::NEG_INFINITY).unwrap(), law.cdf(f64::INFINITY).unwrap()), (0.0, 1.0));
            assert!(law.cdf(f64::NAN).is_err());
        }
        for (law, outside) in [(heavy, -3.0), (light, 5.0), (heavy, f64::INFINITY), (heavy, f64::NAN)] {
            let error = law.log_likelihood(array![1.0, outside].view()).unwrap_err();
            assert!(matches!(error, Error::Input(CoreError::ElementOutOfDomain { index: 1, .. })), "{error}");
        }
        assert_eq!(heavy.log_likelihood(Array1::zeros(0).view()), Err(CoreError::Empty { name: "maxima" }.into()));
    }

    #[test]
    fn hostile_parameters() {
        for (xi, mu, sigma, name) in [
            (f64::NAN, 0.0, 1.0, "xi"),
            (0.1, f64::INFINITY, 1.0, "mu"),
            (0.1, 0.0, 0.0, "sigma"),
            (0.1, 0.0, -1.0, "sigma"),
            (0.1, 0.0, f64::INFINITY, "sigma"),
        ] {
            let error = GeneralizedExtremeValue::new(xi, mu, sigma).unwrap_err();
            assert!(matches!(error, Error::Input(CoreError::OutOfDomain { name: n, .. }) if n == name), "{error}");
        }
        let law = GeneralizedExtremeValue::new(200.0, 0.0, 1.0).unwrap();
        for p in [0.0, 1.0, f64::NAN] {
            assert_eq!(law.quantile(p).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
        assert_eq!(law.quantile(0.99).unwrap_err().kind(), ErrorKind::Numerical);
        let text = serde_json::to_string(&law).unwrap();
        assert_eq!(serde_json::from_str::<GeneralizedExtremeValue>(&text).unwrap(), law);
        assert!(serde_json::from_str::<GeneralizedExtremeValue>(&text.replace("\"sigma\":", "\"sigma\":-")).is_err());
    }

    proptest! {
        #[test]
        fn cdf_undoes_the_quantile(xi in -0.9..1.5_f64, mu in -5.0..5.0_f64, sigma in 0.01..10.0_f64, p in 0.001..0.999_f64) {
            let law = GeneralizedExtremeValue::new(xi, mu, sigma).unwrap();
            let back = law.cdf(law.quantile(p).unwrap()).unwrap();
            prop_assert!((back - p).abs() < 1e-9, "{back}");
        }
    }
}

//! The generalised Pareto law.

use alluse_risk_core::{Error as CoreError, normal};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::pareto_fit::{GeneralizedParetoFit, fit};
use super::series::{exp_ratio, log_ratio};
use crate::{Error, Result};

/// The generalised Pareto law, the limit of the excesses over a high threshold.
///
/// ```text
/// P(Y > y) = (1 + ξ y/β)^(−1/ξ),  e^(−y/β) for ξ = 0        0 ≤ y, and y < −β/ξ for ξ < 0
/// ```
///
/// The shape `ξ` is the heaviness of the tail: moments of order `1/ξ` and more are infinite. `β` is in the unit
/// of the excesses. The parametrisation is SciPy's `genpareto(c = ξ, scale = β)`.
///
/// # Source
/// Balkema and de Haan (1974); Pickands (1975), "Statistical inference using extreme order statistics".
///
/// ```
/// use alluse_var_models::GeneralizedPareto;
///
/// let law = GeneralizedPareto::new(0.5, 2.0)?;
/// assert!((law.survival(12.0)? - 1.0 / 16.0).abs() < 1e-15); // (1 + 12/4)⁻²
/// assert!((law.quantile(0.9375)? - 12.0).abs() < 1e-12);
/// # Ok::<(), alluse_var_models::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw")]
pub struct GeneralizedPareto {
    xi: f64,
    beta: f64,
}

impl GeneralizedPareto {
    /// From the shape `ξ` and the scale `β`.
    ///
    /// # Errors
    /// [`Error::Input`] unless `ξ` is finite and `β` positive and finite.
    pub fn new(xi: f64, beta: f64) -> Result<Self> {
        if !xi.is_finite() {
            return Err(Error::out_of_domain("xi", "finite", xi));
        }
        if !(beta > 0.0 && beta.is_finite()) {
            return Err(Error::out_of_domain("beta", "positive and finite", beta));
        }
        Ok(Self { xi, beta })
    }

    /// The maximum-likelihood fit to excesses over a threshold; see [`GeneralizedParetoFit`].
    ///
    /// # Errors
    /// [`Error::Input`] for fewer than [`GeneralizedParetoFit::MIN_EXCESSES`], for excesses that are not positive
    /// and finite, and when the likelihood has no maximum inside `−1 < ξ < 10`, as for equal excesses.
    pub fn fit(excesses: ArrayView1<'_, f64>) -> Result<GeneralizedParetoFit> {
        fit(excesses)
    }

    /// The shape `ξ`.
    #[must_use]
    pub fn xi(&self) -> f64 {
        self.xi
    }

    /// The scale `β`.
    #[must_use]
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// The end of the support, `−β/ξ`; `None` for `ξ ≥ 0`, where there is none.
    #[must_use]
    pub fn upper_end(&self) -> Option<f64> {
        (self.xi < 0.0).then(|| -self.beta / self.xi)
    }

    /// Probability that an excess is at most `y`.
    ///
    /// # Errors
    /// [`Error::Input`] when `y` is NaN.
    pub fn cdf(&self, y: f64) -> Result<f64> {
        Ok(0.0 - (-self.cumulative_hazard(y)?).exp_m1())
    }

    /// Probability that an excess is above `y`, without the cancellation of `1 − cdf`.
    ///
    /// # Errors
    /// [`Error::Input`] when `y` is NaN.
    pub fn survival(&self, y: f64) -> Result<f64> {
        Ok((-self.cumulative_hazard(y)?).exp())
    }

    /// `−ln P(Y > y)`.
    fn cumulative_hazard(&self, y: f64) -> Result<f64> {
        if y.is_nan() {
            return Err(Error::out_of_domain("excess", "a number", y));
        }
        if y <= 0.0 {
            return Ok(0.0);
        }
        let z = y / self.beta;
        let x = self.xi * z;
        Ok(if x <= -1.0 {
            f64::INFINITY
        } else if x.is_infinite() {
            // Large ξ and y: ln(1 + ξz) is ln ξ + ln y − ln β to rounding.
            (self.xi.ln() + y.ln() - self.beta.ln()) / self.xi
        } else {
            z * log_ratio(x)
        })
    }

    /// The excess that is exceeded with probability `1 − probability`.
    ///
    /// ```text
    /// β/ξ ((1 − p)^(−ξ) − 1)        −β ln(1 − p) for ξ = 0
    /// ```
    ///
    /// # Errors
    /// [`Error::Input`] unless `0 ≤ probability < 1`, and for an excess beyond the range of numbers.
    pub fn quantile(&self, probability: f64) -> Result<f64> {
        if !(0.0..1.0).contains(&probability) {
            return Err(Error::out_of_domain("probability", "in [0, 1)", probability));
        }
        self.at_log_survival(-(-probability).ln_1p())
    }

    /// The excess with the survival probability `e^(−l)`, `l ≥ 0`.
    pub(super) fn at_log_survival(&self, l: f64) -> Result<f64> {
        let excess = self.beta * l * exp_ratio(self.xi * l);
        if excess.is_finite() { Ok(excess) } else { Err(CoreError::Overflow { name: "excess" }.into()) }
    }

    /// Mean of an excess, `β/(1 − ξ)`.
    ///
    /// # Errors
    /// [`Error::InfiniteTailMean`] for `ξ ≥ 1`.
    pub fn mean(&self) -> Result<f64> {
        if self.xi >= 1.0 {
            return Err(Error::InfiniteTailMean { xi: self.xi });
        }
        Ok(self.beta / (1.0 - self.xi))
    }

    /// Log-likelihood of independent excesses.
    ///
    /// ```text
    /// −n ln β − (1 + 1/ξ) Σ ln(1 + ξ yᵢ/β)
    /// ```
    ///
    /// # Errors
    /// [`Error::Input`] for no excess, and for one that is negative, not finite or at or beyond
    /// [`upper_end`](Self::upper_end).
    pub fn log_likelihood(&self, excesses: ArrayView1<'_, f64>) -> Result<f64> {
        if excesses.is_empty() {
            return Err(CoreError::Empty { name: "excesses" }.into());
        }
        let mut total = 0.0;
        for (index, &value) in excesses.iter().enumerate() {
            let x = self.xi * value / self.beta;
            if !(value >= 0.0 && value.is_finite() && x > -1.0) {
                let expected = "at least 0, finite and inside the support";
                return Err(CoreError::ElementOutOfDomain { name: "excesses", index, expected, value }.into());
            }
            total += value / self.beta * log_ratio(x) * (1.0 + self.xi);
        }
        Ok(-(excesses.len() as f64) * self.beta.ln() - total)
    }

    /// The law of the excesses over a threshold `by` higher: the same shape, the scale `β + ξ·by`.
    ///
    /// # Errors
    /// [`Error::Input`] unless `by` is at least 0, finite and inside the support.
    pub fn above(&self, by: f64) -> Result<Self> {
        if !(by >= 0.0 && by.is_finite()) {
            return Err(Error::out_of_domain("threshold step", "at least 0 and finite", by));
        }
        Self::new(self.xi, self.beta + self.xi * by)
    }
}

/// The stored form, so that a stored law is checked when it is read back.
#[derive(Deserialize)]
struct Raw {
    xi: f64,
    beta: f64,
}

impl TryFrom<Raw> for GeneralizedPareto {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.xi, raw.beta)
    }
}

/// Half of the quantile at `level` of the χ² law with one degree of freedom: how far the log-likelihood may
/// fall inside a likelihood-ratio interval.
pub(super) fn allowed_fall(level: f64) -> Result<f64> {
    let z = normal::quantile(0.5 * (1.0 + level))?;
    Ok(0.5 * z * z)
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cdf_and_quantile_agree_with_mpmath() {
        // mpmath 1.4, 40 digits, straight from the definition; a few roundings each.
        for (xi, beta, y, survival) in GOLDEN {
            let law = GeneralizedPareto::new(xi, beta).unwrap();
            assert!((law.survival(y).unwrap() / survival - 1.0).abs() < 1e-13, "{xi} {beta} {y}");
            assert!((law.cdf(y).unwrap() - (1.0 - survival)).abs() < 1e-15, "{xi} {beta} {y}");
            assert!((law.at_log_survival(-survival.ln()).unwrap() / y - 1.0).abs() < 1e-12, "{xi} {beta} {y}");
        }
    }

    const GOLDEN: [(f64, f64, f64, f64); 8] = [
        (0.5, 2.0, 7.0, 0.1322314049586777),
        (0.15, 0.0078, 0.02, 0.1142366997485105),
        (1.5, 1.0, 1000.0, 0.007628038420972355),
        (-0.3, 1.0, 2.5, 0.009843133202303699),
        (0.0, 2.0, 9.0, 0.011108996538242306),
        (1e-10, 2.0, 9.0, 0.011108996549490165),
        (-1e-10, 2.0, 9.0, 0.011108996526994448),
        (1e-05, 1.0, 5.0, 0.006738789267025522),
    ];

    #[test]
    fn the_support_ends_where_it_should() {
        let law = GeneralizedPareto::new(-0.5, 2.0).unwrap();
        assert_eq!(law.upper_end(), Some(4.0));
        assert_eq!(law.cdf(4.0).unwrap(), 1.0);
        assert_eq!(law.survival(5.0).unwrap(), 0.0);
        assert_eq!(law.cdf(-1.0).unwrap(), 0.0);
        assert_eq!(law.quantile(0.0).unwrap(), 0.0);
        assert_eq!(GeneralizedPareto::new(0.0, 2.0).unwrap().upper_end(), None);
        let far = GeneralizedPareto::new(2.0, 1e-300).unwrap();
        assert!((far.survival(1e300).unwrap() / 0.5_f64.sqrt() / 1e-300 - 1.0).abs() < 1e-12);
        assert_eq!(far.survival(f64::INFINITY).unwrap(), 0.0);
    }

    #[test]
    fn mean_of_a_uniform_law_is_its_middle() {
        // ξ = −1 is uniform on (0, β).
        assert_eq!(GeneralizedPareto::new(-1.0, 3.0).unwrap().mean().unwrap(), 1.5);
        let heavy = GeneralizedPareto::new(1.0, 3.0).unwrap();
        assert_eq!(heavy.mean(), Err(Error::InfiniteTailMean { xi: 1.0 }));
        assert_eq!(heavy.mean().unwrap_err().kind(), ErrorKind::Undefined);
    }

    #[test]
    fn log_likelihood_of_an_exponential_sample() {
        let law = GeneralizedPareto::new(0.0, 2.0).unwrap();
        // −3 ln 2 − 6/2
        let want = -3.0 * std::f64::consts::LN_2 - 3.0;
        assert!((law.log_likelihood(array![1.0, 2.0, 3.0].view()).unwrap() - want).abs() < 1e-14);
        // scipy 1.17 genpareto.logpdf([1, 2, 3], 0.5, scale = 2).sum(); two roundings.
        let heavy = GeneralizedPareto::new(0.5, 2.0).unwrap();
        let got = heavy.log_likelihood(array![1.0, 2.0, 3.0].view()).unwrap();
        assert!((got - -5.644114883753226).abs() < 1e-13, "{got}");
    }

    #[test]
    fn a_higher_threshold_keeps_the_shape() {
        let law = GeneralizedPareto::new(0.25, 2.0).unwrap();
        let above = law.above(4.0).unwrap();
        assert_eq!((above.xi(), above.beta()), (0.25, 3.0));
        let conditional = law.survival(10.0).unwrap() / law.survival(4.0).unwrap();
        assert!((above.survival(6.0).unwrap() - conditional).abs() < 1e-15);
        assert!(GeneralizedPareto::new(-0.5, 2.0).unwrap().above(4.0).is_err());
        assert!(law.above(-1.0).is_err() && law.above(f64::NAN).is_err() && law.above(f64::INFINITY).is_err());
    }

    #[test]
    fn hostile_input() {
        for (xi, beta, name) in [
            (f64::NAN, 1.0, "xi"),
            (f64::INFINITY, 1.0, "xi"),
            (0.1, 0.0, "beta"),
            (0.1, -1.0, "beta"),
            (0.1, f64::NAN, "beta"),
            (0.1, f64::INFINITY, "beta"),
        ] {
            let error = GeneralizedPareto::new(xi, beta).unwrap_err();
            assert!(matches!(error, Error::Input(CoreError::OutOfDomain { name: n, .. }) if n == name), "{error}");
        }
        let law = GeneralizedPareto::new(-0.5, 1.0).unwrap();
        assert!(law.cdf(f64::NAN).is_err() && law.survival(f64::NAN).is_err());
        for p in [-0.1, 1.0, f64::NAN] {
            assert!(law.quantile(p).is_err(), "{p}");
        }
        let overflow = GeneralizedPareto::new(50.0, 1.0).unwrap().quantile(1.0 - 1e-10).unwrap_err();
        assert_eq!(overflow, Error::Input(CoreError::Overflow { name: "excess" }));
        assert_eq!(
            law.log_likelihood(Array1::zeros(0).view()).unwrap_err(),
            Error::Input(CoreError::Empty { name: "excesses" })
        );
        for bad in [-0.1, 2.0, 3.0, f64::NAN] {
            let error = law.log_likelihood(array![0.5, bad].view()).unwrap_err();
            assert!(matches!(error, Error::Input(CoreError::ElementOutOfDomain { index: 1, .. })), "{bad}: {error}");
        }
        assert!(GeneralizedPareto::new(0.5, 1.0).unwrap().log_likelihood(array![f64::INFINITY].view()).is_err());
    }

    #[test]
    fn storage_checks_again() {
        let law = GeneralizedPareto::new(0.2, 1.5).unwrap();
        let text = serde_json::to_string(&law).unwrap();
        assert_eq!(serde_json::from_str::<GeneralizedPareto>(&text).unwrap(), law);
        assert!(serde_json::from_str::<GeneralizedPareto>(r#"{"xi":0.2,"beta":-1.5}"#).is_err());
    }

    #[test]
    fn the_fall_at_95_percent_is_half_of_3_84() {
        assert!((allowed_fall(0.95).unwrap() - 0.5 * 3.841_458_820_694_124).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn cdf_undoes_the_quantile(xi in -0.9..2.0_f64, beta in 1e-3..1e3_f64, p in 0.0..0.9999_f64) {
            let law = GeneralizedPareto::new(xi, beta).unwrap();
            let back = law.cdf(law.quantile(p).unwrap()).unwrap();
            prop_assert!((back - p).abs() < 1e-12, "{back}");
        }

        #[test]
        fn quantiles_pass_smoothly_through_a_shape_of_zero(xi in 1e-12..1e-6_f64, p in 0.01..0.999_f64) {
            let at = |xi| GeneralizedPareto::new(xi, 1.0).unwrap().quantile(p).unwrap();
            let (below, middle, above) = (at(-xi), at(0.0), at(xi));
            // The second difference is ξ² l³/3 at most, with l < 7.
            prop_assert!((below + above - 2.0 * middle).abs() < 150.0 * xi * xi + 1e-13);
            prop_assert!(below <= middle && middle <= above);
        }
    }
}

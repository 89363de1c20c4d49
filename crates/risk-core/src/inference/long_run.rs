use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::autocovariance::Centred;
use crate::{Error, Result, check};

/// How many autocovariances enter a long-run variance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BartlettLags {
    /// `⌊n^(1/3)⌋`, the rate at which the error of the Bartlett kernel falls fastest (Andrews 1991).
    #[default]
    CubeRoot,
    /// So many; 0 treats the observations as uncorrelated.
    Fixed(usize),
}

impl BartlettLags {
    /// The number of lags for a series of length `n`.
    #[must_use]
    pub fn count(self, n: usize) -> usize {
        match self {
            Self::CubeRoot => whole_cube_root(n),
            Self::Fixed(lags) => lags,
        }
    }
}

/// `⌊n^(1/3)⌋` in whole numbers: a cube such as 1,000 must not depend on the last digit of a logarithm.
fn whole_cube_root(n: usize) -> usize {
    let cube = |root: usize| root.saturating_mul(root).saturating_mul(root);
    let near = libm::cbrt(n as f64).round() as usize;
    if cube(near) > n { near - 1 } else { near }
}

/// A mean with a standard error that allows for autocorrelation and changing variance.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LongRunMean {
    /// The mean.
    pub mean: f64,
    /// Long-run variance of one observation; 0 for a constant series.
    pub variance: f64,
    /// `√(variance/n)`.
    pub standard_error: f64,
    /// Autocovariances used.
    pub lags: usize,
    /// Length of the series.
    pub observations: usize,
}

/// The mean of a series and its heteroskedasticity and autocorrelation consistent standard error.
///
/// ```text
/// V = γ₀ + 2 Σₖ₌₁ᴸ (1 − k/(L + 1)) γₖ      γₖ = (1/n) Σₜ (xₜ − x̄)(xₜ₊ₖ − x̄)      se = √(V/n)
/// ```
///
/// `series` has shape `(n,)`; the mean and the error have its unit. The divisor is `n`, without a
/// small-sample correction.
///
/// # Errors
/// - [`Error::Empty`]; [`Error::ElementOutOfDomain`] for a value that is not finite.
/// - [`Error::InsufficientData`] unless there are 2 observations and more of them than lags.
/// - [`Error::Overflow`] when the variance is too large.
///
/// # Source
/// Newey and West (1987).
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::{BartlettLags, long_run_mean};
/// use ndarray::array;
///
/// // γ₀ = 1 and γ₁ = −3/4: alternation makes the mean surer than independence would.
/// let series = array![1.0, -1.0, 1.0, -1.0];
/// assert_eq!(long_run_mean(series.view(), BartlettLags::Fixed(0))?.variance, 1.0);
/// assert_eq!(long_run_mean(series.view(), BartlettLags::Fixed(1))?.variance, 0.25);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn long_run_mean(series: ArrayView1<'_, f64>, lags: BartlettLags) -> Result<LongRunMean> {
    check::finite("series", series)?;
    let n = series.len();
    let lags = lags.count(n);
    check::enough("long-run variance", lags.saturating_add(1).max(2), n)?;
    let centred = Centred::new(series);
    let variance = centred.bartlett(lags);
    if !(variance.is_finite() && centred.mean.is_finite()) {
        return Err(Error::Overflow { name: "long-run variance" });
    }
    // The kernel is positive semidefinite: anything below zero is rounding.
    let variance = variance.max(0.0);
    Ok(LongRunMean {
        mean: centred.mean,
        variance,
        standard_error: (variance / n as f64).sqrt(),
        lags,
        observations: n,
    })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;

    fn series() -> Array1<f64> {
        array![0.3, -1.2, 0.8, 1.1, -0.4, 0.9, 2.0, -0.7, 0.1, 1.6, -1.5, 0.2]
    }

    #[test]
    fn agrees_with_statsmodels() {
        // statsmodels OLS(x, ones).fit(cov_type="HAC", cov_kwds={"maxlags": L, "use_correction": False}).bse[0];
        // a dozen additions leave a few units in the last place.
        for (lags, want) in GOLDEN {
            let got = long_run_mean(series().view(), BartlettLags::Fixed(lags)).unwrap();
            assert!((got.standard_error - want).abs() < 1e-15, "{lags}: {}", got.standard_error);
            assert!((got.mean - 3.2 / 12.0).abs() < 1e-16);
            assert_eq!((got.lags, got.observations), (lags, 12));
        }
    }

    const GOLDEN: [(usize, f64); 4] = [
        (0, 0.298_685_391_278_119),
        (1, 0.244_460_226_763_242_36),
        (4, 0.200_516_308_871_515_1),
        (11, 0.108_363_006_382_544_55),
    ];

    #[test]
    fn the_automatic_lag_is_the_whole_cube_root() {
        for (n, lags) in [(2, 1), (7, 1), (8, 2), (26, 2), (27, 3), (999, 9), (1_000, 10), (1_001, 10), (6_000, 18)] {
            let series: Array1<f64> = (0..n).map(|i| f64::from(i % 5)).collect();
            assert_eq!(long_run_mean(series.view(), BartlettLags::default()).unwrap().lags, lags, "{n}");
        }
        for root in [46_340_usize, 1_000_003, 2_097_151] {
            assert_eq!(whole_cube_root(root.pow(3)), root);
            assert_eq!(whole_cube_root(root.pow(3) - 1), root - 1);
        }
    }

    #[test]
    fn a_constant_series_has_no_error_at_all() {
        let got = long_run_mean(Array1::from_elem(10, 0.1).view(), BartlettLags::Fixed(3)).unwrap();
        assert_eq!((got.mean, got.variance, got.standard_error), (0.1, 0.0, 0.0));
    }

    #[test]
    fn hostile_inputs_are_named() {
        let call = |x: Array1<f64>, lags| long_run_mean(x.view(), lags).unwrap_err();
        let short = |required, available| Error::InsufficientData { name: "long-run variance", required, available };
        assert_eq!(call(array![], BartlettLags::CubeRoot), Error::Empty { name: "series" });
        assert_eq!(call(array![1.0], BartlettLags::CubeRoot), short(2, 1));
        assert_eq!(call(array![1.0], BartlettLags::Fixed(0)), short(2, 1));
        assert_eq!(call(array![1.0, 2.0], BartlettLags::Fixed(2)), short(3, 2));
        assert_eq!(call(array![1.0, 2.0], BartlettLags::Fixed(usize::MAX)), short(usize::MAX, 2));
        assert!(matches!(
            call(array![1.0, f64::NAN], BartlettLags::CubeRoot),
            Error::ElementOutOfDomain { name: "series", index: 1, .. }
        ));
        let overflow = Error::Overflow { name: "long-run variance" };
        assert_eq!(call(array![1e200, -1e200], BartlettLags::Fixed(0)), overflow);
        assert_eq!(call(array![f64::MAX, f64::MAX, 0.0], BartlettLags::Fixed(0)), overflow);
    }

    proptest! {
        #[test]
        fn variance_scales_with_the_square_and_forgets_the_level(
            x in prop::collection::vec(-1.0_f64..1.0, 5..40), shift in -10.0_f64..10.0,
        ) {
            let x = Array1::from(x);
            let of = |x: Array1<f64>| long_run_mean(x.view(), BartlettLags::CubeRoot).unwrap().variance;
            let base = of(x.clone());
            prop_assert!(base >= 0.0);
            prop_assert!((of(&x * 4.0) - 16.0 * base).abs() <= 1e-13);
            prop_assert!((of(&x + shift) - base).abs() <= 1e-13);
        }
    }
}

use ndarray::{ArrayView1, Zip};
use serde::{Deserialize, Serialize};

use super::autocovariance::Centred;
use super::long_run::{BartlettLags, long_run_mean};
use crate::sum::mean;
use crate::{Error, Result, check, normal};

const NAME: &str = "Clark-West statistic";

/// What the test of Clark and West found: [`clark_west`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClarkWestTest {
    /// Positive when the larger model predicts better.
    pub statistic: f64,
    /// One-sided, normal: small when the larger model predicts better than the smaller.
    pub p_value: f64,
    /// Mean squared error of the smaller model.
    pub restricted_mspe: f64,
    /// That of the larger.
    pub unrestricted_mspe: f64,
    /// Mean squared difference of the forecasts: what noise in useless coefficients costs the larger model.
    pub adjustment: f64,
    /// `restricted_mspe − (unrestricted_mspe − adjustment)`.
    pub adjusted_gain: f64,
    /// Long-run standard error of the adjusted gain.
    pub standard_error: f64,
    /// Autocovariances used.
    pub lags: usize,
    /// Number of forecasts.
    pub observations: usize,
}

/// The test of Clark and West that a larger model predicts no better than a smaller one nested in it.
///
/// ```text
/// fₜ = (yₜ − aₜ)² − [(yₜ − bₜ)² − (aₜ − bₜ)²]      S = f̄/√(V/n)
/// ```
///
/// | argument       | shape  | meaning                                                                |
/// |----------------|--------|------------------------------------------------------------------------|
/// | `actual`       | `(n,)` | what happened, y                                                       |
/// | `restricted`   | `(n,)` | forecasts of the smaller model, a, such as the historical mean         |
/// | `unrestricted` | `(n,)` | forecasts of the larger model, b, which holds the smaller as a special case |
/// | `lags`         |        | Bartlett lags of V; `Fixed(0)` for one-step forecasts, at least h − 1 for h steps |
///
/// Under the null the larger model estimates coefficients that are zero, and the noise makes its squared error the
/// larger one: an honest comparison of mean squared errors such as [Diebold and Mariano's](super::DieboldMariano)
/// rejects too rarely. The statistic is approximately standard normal and the test one-sided.
///
/// # Errors
/// - [`Error::Empty`], [`Error::LengthMismatch`], [`Error::ElementOutOfDomain`] for a value that is not finite.
/// - [`Error::InsufficientData`] unless there are 2 forecasts and more of them than lags.
/// - [`Error::Undefined`] when the adjusted gain does not vary, as with identical forecasts.
/// - [`Error::Overflow`] when the errors are too large to square.
///
/// # Source
/// Clark and West (2007), "Approximately normal tests for equal predictive accuracy in nested models".
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::{BartlettLags, clark_west};
/// use ndarray::array;
///
/// let actual = array![1.0, -1.0, 2.0, -2.0];
/// let nothing = array![0.0, 0.0, 0.0, 0.0];
/// let sign = array![1.0, -1.0, 1.0, -1.0];
/// let test = clark_west(actual.view(), nothing.view(), sign.view(), BartlettLags::Fixed(0))?;
/// assert_eq!((test.restricted_mspe, test.unrestricted_mspe, test.adjustment), (2.5, 0.5, 1.0));
/// assert!(test.adjusted_gain == 3.0 && test.p_value < 0.001);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn clark_west(
    actual: ArrayView1<'_, f64>,
    restricted: ArrayView1<'_, f64>,
    unrestricted: ArrayView1<'_, f64>,
    lags: BartlettLags,
) -> Result<ClarkWestTest> {
    check::finite("actual", actual)?;
    check::length("restricted", actual.len(), restricted.len())?;
    check::finite("restricted", restricted)?;
    check::length("unrestricted", actual.len(), unrestricted.len())?;
    check::finite("unrestricted", unrestricted)?;
    let squares =
        |a: ArrayView1<'_, f64>, b: ArrayView1<'_, f64>| Zip::from(a).and(b).map_collect(|a, b| (a - b) * (a - b));
    let small = squares(actual, restricted);
    let large = squares(actual, unrestricted);
    let apart = squares(restricted, unrestricted);
    let gains = &small - &(&large - &apart);
    if gains.iter().any(|gain| !gain.is_finite()) {
        return Err(Error::Overflow { name: NAME });
    }
    let spread = long_run_mean(gains.view(), lags)?;
    // Gains are differences of squares, rounded at the size of the largest.
    let size = small.iter().chain(&large).chain(&apart).fold(0.0_f64, |size, square| size.max(*square));
    let rounding = 8.0 * f64::EPSILON * size;
    let undefined = |reason| Err(Error::Undefined { name: NAME, reason });
    let variance = Centred::new(gains.view()).autocovariance(0);
    if variance.sqrt() <= rounding {
        return undefined("the adjusted gain does not vary");
    }
    if spread.variance <= 1e-12 * variance {
        return undefined("its long-run variance is not positive");
    }
    let statistic = spread.mean / spread.standard_error;
    Ok(ClarkWestTest {
        statistic,
        p_value: normal::cdf(-statistic),
        restricted_mspe: mean(small.iter()),
        unrestricted_mspe: mean(large.iter()),
        adjustment: mean(apart.iter()),
        adjusted_gain: spread.mean,
        standard_error: spread.standard_error,
        lags: spread.lags,
        observations: actual.len(),
    })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;
    use crate::streams::Streams;

    fn series() -> [Array1<f64>; 3] {
        [
            array![0.3, -1.2, 0.8, 1.1, -0.4, 0.9, 2.0, -0.7, 0.1, 1.6, -1.5, 0.2, 0.6, -0.3, 1.0, 0.4],
            array![0.1, 0.2, 0.3, 0.2, 0.3, 0.2, 0.3, 0.4, 0.2, 0.3, 0.4, 0.3, 0.2, 0.3, 0.2, 0.3],
            array![0.1, -0.6, 0.5, 0.4, 0.3, 0.2, 1.1, 0.4, -0.2, 0.9, -0.2, 0.3, 0.1, 0.0, 0.6, 0.7],
        ]
    }

    #[test]
    fn agrees_with_statsmodels() {
        // statsmodels 0.14: OLS(f, ones).fit(cov_type="HAC", maxlags=L, use_correction=False), f by numpy.
        let [y, a, b] = series();
        for (lags, mean, error, p_value) in GOLDEN {
            let got = clark_west(y.view(), a.view(), b.view(), BartlettLags::Fixed(lags)).unwrap();
            assert!((got.adjusted_gain / mean - 1.0).abs() < 1e-13, "{got:?}");
            assert!((got.standard_error / error - 1.0).abs() < 1e-12, "{got:?}");
            assert!((got.p_value / p_value - 1.0).abs() < 1e-11, "{got:?}");
        }
    }

    const GOLDEN: [(usize, f64, f64, f64); 3] = [
        (0, 0.6525000000000003, 0.233_551_887_971_388_68, 0.002604539938653951),
        (1, 0.6525000000000003, 0.209_469_603_161_025_67, 0.0009196920080935227),
        (3, 0.6525000000000003, 0.142_468_729_436_278_56, 2.3254087679673853e-06),
    ];

    #[test]
    fn hostile_inputs_are_named() {
        let [y, a, b] = series();
        let lags = BartlettLags::Fixed(0);
        let same = clark_west(y.view(), a.view(), a.view(), lags);
        assert!(matches!(same, Err(Error::Undefined { name: NAME, .. })));
        let short = clark_west(y.view(), array![1.0].view(), b.view(), lags);
        assert!(matches!(short, Err(Error::LengthMismatch { name: "restricted", .. })));
        let mut nan = b.clone();
        nan[3] = f64::NAN;
        let bad = clark_west(y.view(), a.view(), nan.view(), lags);
        assert!(matches!(bad, Err(Error::ElementOutOfDomain { name: "unrestricted", index: 3, .. })));
        let huge = clark_west((&y * 1e200).view(), a.view(), b.view(), lags);
        assert_eq!(huge, Err(Error::Overflow { name: NAME }));
        let many = clark_west(y.view(), a.view(), b.view(), BartlettLags::Fixed(16));
        assert!(matches!(many, Err(Error::InsufficientData { required: 17, available: 16, .. })));
    }

    /// A useless regressor, its coefficient estimated from the last 40 observations, against nothing.
    #[test]
    fn rejects_as_often_as_it_says_when_the_larger_model_is_useless() {
        let z = Streams::new(31).standard_normals(2_000, 2 * 140);
        let rejected = z.rows().into_iter().filter(|row| {
            let y = |t: usize| row[2 * t];
            let x = |t: usize| row[2 * t + 1];
            let slope = |t: usize| {
                let window = t - 40..t;
                let products: f64 = window.clone().map(|s| x(s) * y(s)).sum();
                products / window.map(|s| x(s) * x(s)).sum::<f64>()
            };
            let actual: Array1<f64> = (40..140).map(y).collect();
            let larger: Array1<f64> = (40..140).map(|t| slope(t) * x(t)).collect();
            let zero = Array1::zeros(100);
            clark_west(actual.view(), zero.view(), larger.view(), BartlettLags::Fixed(0)).unwrap().p_value < 0.1
        });
        // Clark and West find sizes a little below the nominal 10 %: between 6 and 10.5 %. Binomial(2,000, 0.1) has a
        // standard error of 0.7 %, so 4 % to 12.7 % holds their range with four of them.
        let share = rejected.count() as f64 / 2_000.0;
        assert!((0.04..0.127).contains(&share), "{share}");
    }

    proptest! {
        #[test]
        fn the_unit_does_not_matter(c in 0.01_f64..100.0) {
            let [y, a, b] = series();
            let test = |c: f64| clark_west((&y * c).view(), (&a * c).view(), (&b * c).view(), BartlettLags::Fixed(2)).unwrap();
            prop_assert!((test(c).statistic / test(1.0).statistic - 1.0).abs() < 1e-11);
            prop_assert!((test(c).adjusted_gain / (c * c * test(1.0).adjusted_gain) - 1.0).abs() < 1e-11);
        }
    }
}

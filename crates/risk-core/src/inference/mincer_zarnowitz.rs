use ndarray::{ArrayView1, Axis};
use serde::{Deserialize, Serialize};

use super::{BartlettLags, LeastSquares, StandardErrors, StudentEstimate, WaldTest};
use crate::{Result, check};

/// Whether forecasts are right on average and by size: [`mincer_zarnowitz`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MincerZarnowitz {
    /// The constant a; 0 for an optimal forecast, which its t test asks.
    pub intercept: StudentEstimate,
    /// The slope b; its t test asks whether the forecasts say anything, b = 0.
    pub slope: StudentEstimate,
    /// `b − 1`; its t test asks whether the forecasts move by the right amount.
    pub slope_less_one: StudentEstimate,
    /// Test that a = 0 and b = 1 together: small p-values speak against the forecasts.
    pub optimality: WaldTest,
    /// Share of the variance that the forecasts explain after the best straightening.
    pub r_squared: f64,
    /// Autocovariances used in the standard errors.
    pub lags: BartlettLags,
    /// Number of forecasts.
    pub observations: usize,
}

/// The regression of outcomes on forecasts, with the test that nothing but the forecast is needed.
///
/// ```text
/// yₜ = a + b fₜ + eₜ      optimal: a = 0, b = 1      F = d'V⁻¹d/2,  d = (a, b − 1)
/// ```
///
/// `actual` and `forecast` have shape `(n,)` and one unit. V is Newey and West's with `lags` Bartlett lags and no
/// small-sample factor; forecasts h steps ahead have errors that overlap and call for at least h − 1. The tests use
/// Student's t and F with n − 2 degrees of freedom.
///
/// An unbiased forecast can still be poor: look at `r_squared` too. For variances, whose proxies are skewed, the
/// regression in levels is dominated by a few days; [`PointLoss::Qlike`](super::PointLoss::Qlike) is not.
///
/// # Errors
/// - [`Error::Empty`](crate::Error::Empty), [`Error::LengthMismatch`](crate::Error::LengthMismatch),
///   [`Error::ElementOutOfDomain`](crate::Error::ElementOutOfDomain) for a value that is not finite.
/// - [`Error::InsufficientData`](crate::Error::InsufficientData) unless there are 3 forecasts and more than lags.
/// - [`Error::Collinear`](crate::Error::Collinear) when every forecast is the same.
/// - [`Error::Undefined`](crate::Error::Undefined) when the outcomes are an exact straight line of the forecasts or
///   do not vary.
/// - [`Error::NotPositiveDefinite`](crate::Error::NotPositiveDefinite) when V cannot be inverted.
///
/// # Source
/// Mincer and Zarnowitz (1969), "The evaluation of economic forecasts"; Newey and West (1987).
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::{BartlettLags, mincer_zarnowitz};
/// use ndarray::array;
///
/// // The forecasts move twice as much as they should.
/// let forecast = array![-2.0, 2.0, -4.0, 4.0, 0.0, 1.0, -1.0, 3.0];
/// let actual = array![-1.1, 1.1, -1.9, 1.9, 0.1, 0.4, -0.4, 1.5];
/// let test = mincer_zarnowitz(actual.view(), forecast.view(), BartlettLags::Fixed(0))?;
/// assert!((test.slope.value - 0.5).abs() < 0.02 && test.optimality.p_value < 1e-6);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn mincer_zarnowitz(
    actual: ArrayView1<'_, f64>,
    forecast: ArrayView1<'_, f64>,
    lags: BartlettLags,
) -> Result<MincerZarnowitz> {
    check::finite("actual", actual)?;
    check::length("forecast", actual.len(), forecast.len())?;
    check::finite("forecast", forecast)?;
    let errors = StandardErrors::NeweyWest(lags);
    let regressor = forecast.insert_axis(Axis(1));
    let model = LeastSquares::default().with_names(["forecast"]);
    let fit = model.fit(regressor, actual)?;
    // The error of the forecast on the forecast: the same line less the diagonal, so (0, 1) becomes (0, 0).
    let misses = &actual - &forecast;
    let tilted = model.fit(regressor, misses.view())?;
    Ok(MincerZarnowitz {
        intercept: fit.coefficient(0, errors)?,
        slope: fit.coefficient(1, errors)?,
        slope_less_one: tilted.coefficient(1, errors)?,
        optimality: tilted.joint_test(&[0, 1], errors)?,
        r_squared: fit.r_squared()?,
        lags,
        observations: actual.len(),
    })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};

    use super::*;
    use crate::Error;
    use crate::streams::Streams;

    fn series() -> [Array1<f64>; 2] {
        [
            array![0.3, -1.2, 0.8, 1.1, -0.4, 0.9, 2.0, -0.7, 0.1, 1.6, -1.5, 0.2, 0.6, -0.3, 1.0, 0.4],
            array![0.1, -0.6, 0.5, 0.4, 0.3, 0.2, 1.1, 0.4, -0.2, 0.9, -0.2, 0.3, 0.1, 0.0, 0.6, 0.7],
        ]
    }

    #[test]
    fn agrees_with_statsmodels() {
        // statsmodels 0.14: OLS(y, add_constant(f)).fit(cov_type="HAC", maxlags=L, use_correction=False, use_t=True),
        // params, bse, f_test("const = 0, x1 = 1") and rsquared.
        let [y, f] = series();
        for (lags, params, errors, [statistic, p_value], r_squared) in GOLDEN {
            let got = mincer_zarnowitz(y.view(), f.view(), BartlettLags::Fixed(lags)).unwrap();
            let near = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 1e-10, "{got} against {want}");
            near(got.intercept.value, params[0]);
            near(got.slope.value, params[1]);
            near(got.slope_less_one.value + 1.0, params[1]);
            near(got.intercept.standard_error, errors[0]);
            near(got.slope.standard_error, errors[1]);
            near(got.slope_less_one.standard_error, errors[1]);
            near(got.optimality.f_statistic, statistic);
            near(got.optimality.p_value, p_value);
            near(got.r_squared, r_squared);
            assert_eq!((got.optimality.restrictions, got.optimality.degrees_of_freedom), (2, 14));
        }
    }

    type Row = (usize, [f64; 2], [f64; 2], [f64; 2], f64);
    const GOLDEN: [Row; 3] = [
        (
            0,
            [-0.195_397_676_496_872_29, 1.744861483467382],
            [0.173_366_215_533_892_23, 0.253_064_954_937_579_86],
            [4.590602477918737, 0.029_305_167_111_871_117],
            0.6167625338710229,
        ),
        (
            1,
            [-0.195_397_676_496_872_29, 1.744861483467382],
            [0.1487875593951217, 0.254_773_229_054_991_17],
            [4.649962455242433, 0.028_275_780_383_898_174],
            0.6167625338710229,
        ),
        (
            3,
            [-0.195_397_676_496_872_29, 1.744861483467382],
            [0.102129010542697, 0.167_742_786_202_332_77],
            [10.118_655_043_768_568, 0.001_911_607_808_801_262_6],
            0.6167625338710229,
        ),
    ];

    #[test]
    fn hostile_inputs_are_named() {
        let [y, f] = series();
        let call = |y: &Array1<f64>, f: &Array1<f64>| mincer_zarnowitz(y.view(), f.view(), BartlettLags::Fixed(0));
        assert!(matches!(call(&y, &Array1::ones(16)), Err(Error::Collinear { .. })));
        assert!(matches!(call(&f, &f), Err(Error::Undefined { .. })));
        assert!(matches!(call(&y, &array![1.0]), Err(Error::LengthMismatch { name: "forecast", .. })));
        let mut nan = y.clone();
        nan[2] = f64::NAN;
        assert!(matches!(call(&nan, &f), Err(Error::ElementOutOfDomain { name: "actual", index: 2, .. })));
        assert!(matches!(call(&array![1.0, 2.0], &array![0.0, 1.0]), Err(Error::InsufficientData { .. })));
    }

    #[test]
    fn optimal_forecasts_are_rejected_as_often_as_the_test_says() {
        let z = Streams::new(41).standard_normals(2_000, 2 * 200);
        let rejected = z.rows().into_iter().filter(|row| {
            let forecast: Array1<f64> = row.iter().step_by(2).copied().collect();
            let actual: Array1<f64> = row.iter().skip(1).step_by(2).zip(&forecast).map(|(e, f)| f + e).collect();
            let test = mincer_zarnowitz(actual.view(), forecast.view(), BartlettLags::Fixed(0)).unwrap();
            test.optimality.p_value < 0.05
        });
        // Binomial(2,000, 0.05): four standard errors are 2 %; White's errors without a factor over-reject by about
        // half a percent at n = 200.
        let share = rejected.count() as f64 / 2_000.0;
        assert!((0.03..0.075).contains(&share), "{share}");
    }
}

use std::path::Path;

use ndarray::{Array1, Array2, array};
use proptest::prelude::*;

use super::*;
use crate::Confidence;
use crate::inference::{BartlettLags, Hac};
use crate::streams::Streams;

/// Monthly size returns on the market and value, 1990 to 1994: 60 months of the Fama-French factors.
fn size_on_market_and_value() -> Option<(Array2<f64>, Array1<f64>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/data/ff3_monthly.csv");
    let text = std::fs::read_to_string(path).ok()?;
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(1)
        .filter(|line| ("1990".."1995").contains(&&line[..4]))
        .map(|line| line.split(',').skip(1).map(|cell| cell.parse().unwrap()).collect())
        .collect();
    let regressors = Array2::from_shape_fn((rows.len(), 2), |(t, k)| rows[t][2 * k]);
    Some((regressors, rows.iter().map(|row| row[1]).collect()))
}

fn lags(lags: usize) -> StandardErrors {
    StandardErrors::NeweyWest(BartlettLags::Fixed(lags))
}

/// Relative to the number itself: a dozen roundings of a well conditioned problem.
fn near(got: f64, want: f64) {
    assert!((got / want - 1.0).abs() < 1e-10, "{got} against {want}");
}

/// statsmodels 0.15: `OLS(y, X).fit()`, `HC1_se`, `get_robustcov_results("HAC", maxlags=L, use_correction=False)`.
#[test]
fn agrees_with_statsmodels() {
    let Some((x, y)) = size_on_market_and_value() else { return };
    let fit = LeastSquares::default().with_names(["market", "value"]).fit(x.view(), y.view()).unwrap();
    assert_eq!((fit.observations(), fit.degrees_of_freedom()), (60, 57));
    assert_eq!(fit.terms(), ["constant", "market", "value"]);
    let of = |errors| (0..3).map(|j| fit.coefficient(j, errors).unwrap()).collect::<Vec<_>>();
    for (errors, want) in [
        (StandardErrors::Classical, [0.0031454540602418347, 0.08916341407011694, 0.1369761139320356]),
        (StandardErrors::Hc1, [0.002883420101658116, 0.09245294645457433, 0.18277174929693019]),
        (lags(0), [0.002810410274054981, 0.0901119855664372, 0.1781438652438161]),
        (lags(4), [0.0031638017481197506, 0.09518283686416652, 0.1661036680226495]),
    ] {
        let values = [0.0010108783925578057, 0.13406399896941895, -0.0766286502908379];
        let covariance = fit.covariance(errors).unwrap();
        for (j, got) in of(errors).into_iter().enumerate() {
            near(got.value, values[j]);
            near(got.standard_error, want[j]);
            near(covariance[[j, j]].sqrt(), want[j]);
        }
    }
    let classical = of(StandardErrors::Classical);
    for (got, want) in classical.iter().zip([0.7490997893604139, 0.1382113353354885, 0.5780594738708001]) {
        near(got.p_value, want);
    }
    let interval = classical[1].interval(Confidence::P95);
    near(interval.lower, -0.04448265793845199);
    near(interval.upper, 0.31261065587728987);
    let summary = fit.summary(StandardErrors::Classical).unwrap();
    near(summary.r_squared, 0.058199489682147054);
    near(summary.adjusted_r_squared, 0.025153857741169627);
    near(summary.residual_volatility, 0.023992997976488174);
    near(summary.log_likelihood, 140.202081370233);
    near(summary.durbin_watson, 1.8957191778037756);
    near(summary.condition_number, 45.79161002706872);
    for (errors, statistic, p_value) in [
        (StandardErrors::Classical, 1.7611855565690804, 0.18106281194534143),
        (lags(0), 1.4525085479043702, 0.2425114721910513),
        (lags(4), 1.0886842638095322, 0.3435558778409744),
    ] {
        let test = fit.joint_test(&[1, 2], errors).unwrap();
        near(test.f_statistic, statistic);
        near(test.p_value, p_value);
    }
    let text = serde_json::to_string(&summary).unwrap();
    assert_eq!(serde_json::from_str::<RegressionSummary>(&text).unwrap(), summary);
}

#[test]
fn agrees_with_statsmodels_without_a_constant() {
    let Some((x, y)) = size_on_market_and_value() else { return };
    let fit = LeastSquares::new(Intercept::Excluded).fit(x.view(), y.view()).unwrap();
    let got = fit.coefficient(1, lags(4)).unwrap();
    near(got.value, -0.07061038393294684);
    near(got.standard_error, 0.16796984637856807);
    near(fit.coefficient(0, StandardErrors::Hc1).unwrap().standard_error, 0.09303637628645367);
    near(fit.r_squared().unwrap(), 0.05956235744313898);
    near(fit.adjusted_r_squared().unwrap(), 0.027133473217040294);
    near(fit.log_likelihood().unwrap(), 140.1477708002464);
    near(fit.durbin_watson().unwrap(), 1.9017659973427299);
    near(fit.condition_number().unwrap(), 1.731405843819259);
    assert_eq!(fit.terms(), ["0", "1"]);
}

/// The NIST reference set "Longley" is the classical test of a regression that is nearly collinear: certified values.
#[test]
fn longley_keeps_its_digits() {
    let x = array![
        [83.0, 234_289.0, 2356.0, 1590.0, 107_608.0, 1947.0],
        [88.5, 259_426.0, 2325.0, 1456.0, 108_632.0, 1948.0],
        [88.2, 258_054.0, 3682.0, 1616.0, 109_773.0, 1949.0],
        [89.5, 284_599.0, 3351.0, 1650.0, 110_929.0, 1950.0],
        [96.2, 328_975.0, 2099.0, 3099.0, 112_075.0, 1951.0],
        [98.1, 346_999.0, 1932.0, 3594.0, 113_270.0, 1952.0],
        [99.0, 365_385.0, 1870.0, 3547.0, 115_094.0, 1953.0],
        [100.0, 363_112.0, 3578.0, 3350.0, 116_219.0, 1954.0],
        [101.2, 397_469.0, 2904.0, 3048.0, 117_388.0, 1955.0],
        [104.6, 419_180.0, 2822.0, 2857.0, 118_734.0, 1956.0],
        [108.4, 442_769.0, 2936.0, 2798.0, 120_445.0, 1957.0],
        [110.8, 444_546.0, 4681.0, 2637.0, 121_950.0, 1958.0],
        [112.6, 482_704.0, 3813.0, 2552.0, 123_366.0, 1959.0],
        [114.2, 502_601.0, 3931.0, 2514.0, 125_368.0, 1960.0],
        [115.7, 518_173.0, 4806.0, 2572.0, 127_852.0, 1961.0],
        [116.9, 554_894.0, 4007.0, 2827.0, 130_081.0, 1962.0],
    ];
    let y = array![
        60_323.0, 61_122.0, 60_171.0, 61_187.0, 63_221.0, 63_639.0, 64_989.0, 63_761.0, 66_019.0, 67_857.0, 68_169.0,
        66_513.0, 68_655.0, 69_564.0, 69_331.0, 70_551.0
    ];
    let fit = LeastSquares::default().fit(x.view(), y.view()).unwrap();
    let certified = [
        (-3_482_258.634_595_82, 890_420.383_607_373),
        (15.061_872_271_373_3, 84.914_925_774_766_9),
        (-0.358_191_792_925_910e-1, 0.334_910_077_722_432e-1),
        (-2.020_229_803_816_83, 0.488_399_681_651_699),
        (-1.033_226_867_173_59, 0.214_274_163_161_675),
        (-0.511_041_056_535_807e-1, 0.226_073_200_069_370),
        (1_829.151_464_613_55, 455.478_499_142_212),
    ];
    for (index, (value, error)) in certified.into_iter().enumerate() {
        let got = fit.coefficient(index, StandardErrors::Classical).unwrap();
        // The condition number is 5e9: seven digits are what double precision can promise.
        assert!((got.value / value - 1.0).abs() < 1e-7, "{index}: {}", got.value);
        assert!((got.standard_error / error - 1.0).abs() < 1e-7, "{index}: {}", got.standard_error);
    }
    assert!((fit.r_squared().unwrap() - 0.995_479_004_577_296).abs() < 1e-12);
    // statsmodels 0.15 prints 4.86e+09.
    assert!((fit.condition_number().unwrap() / 4.859_257_015e9 - 1.0).abs() < 1e-6);
}

#[test]
fn a_collinear_regressor_is_named() {
    let z = Streams::new(4).standard_normals(50, 2);
    let named = |columns: [Array1<f64>; 3]| {
        let x = Array2::from_shape_fn((50, 3), |(t, k)| columns[k][t]);
        let y = Array1::from_shape_fn(50, |t| t as f64);
        LeastSquares::default().with_names(["a", "b", "c"]).fit(x.view(), y.view()).unwrap_err()
    };
    let (a, b) = (z.column(0).to_owned(), z.column(1).to_owned());
    let collinear = |column: &str| Error::Collinear { name: "regressors", column: column.to_owned() };
    assert_eq!(named([a.clone(), b.clone(), &a * 2.0 - &b * 3.0]), collinear("c"));
    assert_eq!(named([a.clone(), &a * 1e9, b.clone()]), collinear("b"));
    assert_eq!(named([Array1::from_elem(50, 0.25), a.clone(), b.clone()]), collinear("a"));
    assert_eq!(named([a, b, Array1::zeros(50)]), collinear("c"));
}

#[test]
fn hostile_input() {
    let fit = |x: Array2<f64>, y: Array1<f64>| LeastSquares::default().fit(x.view(), y.view());
    let x = array![[1.0], [2.0], [4.0]];
    assert!(matches!(fit(Array2::zeros((0, 1)), array![]), Err(Error::Empty { name: "regressors" })));
    assert!(matches!(fit(x.clone(), array![1.0, 2.0]), Err(Error::LengthMismatch { name: "response", .. })));
    assert!(matches!(fit(array![[f64::NAN]], array![1.0]), Err(Error::EntryOutOfDomain { .. })));
    assert!(matches!(fit(x.clone(), array![1.0, f64::INFINITY, 0.0]), Err(Error::ElementOutOfDomain { index: 1, .. })));
    assert!(matches!(
        fit(array![[1.0], [2.0]], array![1.0, 2.0]),
        Err(Error::InsufficientData { required: 3, available: 2, .. })
    ));
    let names = LeastSquares::default().with_names(["a", "b"]).fit(x.view(), array![1.0, 2.0, 0.0].view());
    assert!(matches!(names, Err(Error::LengthMismatch { name: "names of the regressors", .. })));

    let exact = fit(x.clone(), array![1.0, 2.0, 4.0]).unwrap();
    for errors in [StandardErrors::Classical, StandardErrors::Hc1, StandardErrors::default(), lags(1)] {
        assert!(matches!(exact.coefficient(1, errors), Err(Error::Undefined { name: "regression", .. })));
    }
    assert!(exact.durbin_watson().is_err() && exact.log_likelihood().is_err() && exact.r_squared().is_ok());

    let good = fit(x, array![1.0, 2.0, 0.0]).unwrap();
    assert!(matches!(good.coefficient(1, lags(3)), Err(Error::InsufficientData { .. })));
    assert!(matches!(good.coefficient(2, lags(0)), Err(Error::OutOfDomain { .. })));
    assert!(matches!(good.covariance(StandardErrors::Hac(Hac::default())), Err(Error::Unsupported { .. })));
    assert!(matches!(good.joint_test(&[], lags(0)), Err(Error::Empty { .. })));
    assert!(matches!(good.joint_test(&[1, 1], StandardErrors::Classical), Err(Error::NotPositiveDefinite { .. })));
    assert!(good.combination(array![1.0].view(), lags(0)).is_err());
    let level = fit(array![[1.0], [2.0], [4.0]], array![0.1, 0.1, 0.1]).unwrap();
    assert_eq!(level.r_squared(), Err(Error::Undefined { name: "R²", reason: "the response is constant" }));
}

/// An autoregression of order one with this coefficient.
fn autoregression(rho: f64, shocks: ndarray::ArrayView1<'_, f64>) -> Array1<f64> {
    let mut last = 0.0;
    shocks
        .iter()
        .map(|z| {
            last = rho * last + z;
            last
        })
        .collect()
}

/// Regressors and errors that both remember: 95 % intervals must hold between 93 % and 97 % of the time.
#[test]
fn intervals_hold_under_autocorrelation() {
    const SAMPLES: usize = 2_000;
    const MONTHS: usize = 400;
    let (alpha, beta, rho) = (0.1, 0.7, 0.4);
    let mut held = [[0; 2]; 2];
    let kinds = [StandardErrors::default(), StandardErrors::Classical];
    for sample in 0..SAMPLES {
        let shocks = Streams::new(20 + sample as u64).standard_normals(MONTHS, 2);
        let factor = autoregression(rho, shocks.column(0));
        let noise = autoregression(rho, shocks.column(1));
        let y = &factor * beta + &noise + alpha;
        let fit = LeastSquares::default().fit(factor.insert_axis(Axis(1)).view(), y.view()).unwrap();
        for (kind, held) in kinds.into_iter().zip(&mut held) {
            for (index, truth) in [alpha, beta].into_iter().enumerate() {
                let interval = fit.coefficient(index, kind).unwrap().interval(Confidence::P95);
                held[index] += usize::from(interval.lower <= truth && truth <= interval.upper);
            }
        }
    }
    let share = held.map(|counts| counts.map(|count| count as f64 / SAMPLES as f64));
    assert!(share[0].iter().all(|share| (0.93..=0.97).contains(share)), "{share:?}");
    // The study can fail: errors that allow for nothing cover too little, the alpha most of all.
    assert!(share[1][0] < 0.85 && share[1][1] < 0.93, "{share:?}");
}

proptest! {
    /// Residuals are orthogonal to every regressor, influences have mean zero, fitted and residual add up.
    #[test]
    fn normal_equations(cells in prop::collection::vec(-1.0_f64..1.0, 36), shift in -2.0_f64..2.0) {
        let table = Array2::from_shape_vec((12, 3), cells).unwrap();
        let (y, x) = (table.column(0).to_owned(), table.select(Axis(1), &[1, 2]));
        let Ok(fit) = LeastSquares::default().fit(x.view(), y.view()) else { return Ok(()) };
        let e = fit.residuals();
        prop_assert!(e.sum().abs() < 1e-12 && x.t().dot(&e).iter().all(|v| v.abs() < 1e-12));
        prop_assert!((&fit.fitted() + &e - &y).iter().all(|v| v.abs() < 1e-15));
        prop_assert!((0.0..=1.0).contains(&fit.r_squared().unwrap()));
        // A level added to the response moves the constant alone.
        let moved = LeastSquares::default().fit(x.view(), (&y + shift).view()).unwrap();
        prop_assert!((moved.coefficients()[0] - fit.coefficients()[0] - shift).abs() < 1e-9);
        prop_assert!((moved.coefficients()[1] - fit.coefficients()[1]).abs() < 1e-9);
        // A combination of one coefficient is that coefficient, by every kind of error.
        for errors in [StandardErrors::Classical, StandardErrors::Hc1, StandardErrors::default()] {
            let alone = fit.coefficient(1, errors).unwrap();
            let combined = fit.combination(array![0.0, 1.0, 0.0].view(), errors).unwrap();
            prop_assert!((alone.standard_error / combined.standard_error - 1.0).abs() < 1e-9);
        }
    }
}

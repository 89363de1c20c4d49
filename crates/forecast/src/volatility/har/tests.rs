use alluse_risk_core::inference::{BartlettLags, StandardErrors};
use alluse_risk_core::{ErrorKind, FittedVolatility, VolatilityModel};
use ndarray::{Array1, ArrayView1, array};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Written by `tests/golden/volatility_kit.py`.
fn golden() -> Value {
    serde_json::from_str(include_str!("../../../tests/golden/volatility_kit.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    serde_json::from_value(value.clone()).unwrap()
}

/// Both sides solve least squares to some twelve digits.
fn near(got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-9 * want.abs(), "got {got:e}, want {want:e}");
}

fn all_near<'a>(got: impl IntoIterator<Item = &'a f64>, want: &Value) {
    let (got, want): (Vec<&f64>, Vec<f64>) = (got.into_iter().collect(), numbers(want));
    assert_eq!(got.len(), want.len());
    got.into_iter().zip(want).for_each(|(got, want)| near(*got, want));
}

fn squares() -> Array1<f64> {
    numbers(&golden()["returns"]).iter().map(|r| r * r).collect()
}

#[test]
fn iterated_forecasts_agree_with_arch() {
    let want = &golden()["har"];
    let fit = Har::default().fit(squares().view()).unwrap();
    all_near(std::iter::once(&fit.intercept()).chain(fit.coefficients()), &want["parameters"]);
    near(fit.residual_variance(), want["residual_variance"].as_f64().unwrap());
    near(fit.r_squared(), want["r_squared"].as_f64().unwrap());
    all_near(&fit.forecast(10).unwrap().variance, &want["forecast"]);
}

#[test]
fn transforms_agree_with_a_companion_form() {
    let positive = squares() + 0.05;
    for (key, transform) in [("har_log", HarTransform::Log), ("har_square_root", HarTransform::SquareRoot)] {
        let want = &golden()[key];
        let fit = Har::default().with_transform(transform).fit(positive.view()).unwrap();
        all_near(std::iter::once(&fit.intercept()).chain(fit.coefficients()), &want["parameters"]);
        near(fit.residual_variance(), want["residual_variance"].as_f64().unwrap());
        all_near(&fit.forecast(10).unwrap().variance, &want["forecast"]);
        let errors = StandardErrors::NeweyWest(BartlettLags::Fixed(7));
        let summary = fit.summary(errors).unwrap();
        all_near(summary.regression.coefficients.iter().map(|b| &b.standard_error), &want["se"]);
        let stored = serde_json::to_string(&summary).unwrap();
        assert_eq!(serde_json::from_str::<HarSummary>(&stored).unwrap(), summary);
    }
}

#[test]
fn direct_averages_agree_with_statsmodels() {
    let positive = squares() + 0.05;
    for (key, transform) in [("har_average_variance", HarTransform::Variance), ("har_average_log", HarTransform::Log)] {
        let want = &golden()[key];
        let fit = Har::default().with_transform(transform).fit_average(positive.view(), 5).unwrap();
        all_near(std::iter::once(&fit.intercept()).chain(fit.coefficients()), &want["parameters"]);
        near(fit.r_squared(), want["r_squared"].as_f64().unwrap());
        let error = want["residual_variance"].as_f64().unwrap();
        near(fit.residual_variance(), error);
        let errors = StandardErrors::NeweyWest(BartlettLags::Fixed(9));
        all_near(fit.summary(errors).unwrap().regression.coefficients.iter().map(|b| &b.standard_error), &want["se"]);
        let (linear, forecast) = (want["linear_forecast"].as_f64().unwrap(), fit.forecast().unwrap());
        near(forecast.variance, if transform == HarTransform::Log { (linear + 0.5 * error).exp() } else { linear });
        assert_eq!((forecast.horizon, forecast.floored), (5, false));
    }
    // ⌊574^⅓⌋ = 8 lags for a week, and the overlap for a quarter.
    let lags = |horizon| Har::default().fit_average(positive.view(), horizon).unwrap().overlap_errors();
    assert_eq!(lags(5), StandardErrors::NeweyWest(BartlettLags::Fixed(8)));
    assert_eq!(lags(63), StandardErrors::NeweyWest(BartlettLags::Fixed(63)));
}

#[test]
fn a_horizon_of_one_is_the_next_value() {
    let fit = Har::default().fit(squares().view()).unwrap();
    let direct = Har::default().fit_average(squares().view(), 1).unwrap();
    near(direct.forecast().unwrap().variance, fit.forecast(1).unwrap().variance[0]);
    assert_eq!(direct.observations(), fit.observations());
}

#[test]
fn reference_cases_of_index_returns() {
    let Some(folder) = testkit::conformance_dir() else { return };
    for (file, parameters, residual_variance, forecast) in [
        (
            "b_sp500_log_returns.csv",
            [0.23092176581451723, -0.12481321107343964, 0.4092973491360204, 0.5584497979207147],
            16.467195843607666,
            [4.666015946250142, 3.9238737404564663, 2.518241620190796, 2.887429959791953, 3.1196858549410584],
        ),
        (
            "b_nasdaq_log_returns.csv",
            [0.44348620140803297, -0.044464531928583725, 0.2920624119286759, 0.5778075363080711],
            38.56548778688296,
            [5.341370484211005, 5.068290049178872, 3.6284289928433875, 3.974875777485189, 4.236420826252438],
        ),
    ] {
        let text = std::fs::read_to_string(folder.join("series").join(file)).unwrap();
        let series: Array1<f64> =
            text.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().parse::<f64>().unwrap()).collect();
        let fit = Har::default().fit(series.view()).unwrap();
        std::iter::once(&fit.intercept())
            .chain(fit.coefficients())
            .zip(parameters)
            .for_each(|(got, want)| near(*got, want));
        near(fit.residual_variance(), residual_variance);
        fit.forecast(5).unwrap().variance.iter().zip(forecast).for_each(|(got, want)| near(*got, want));
    }
}

#[test]
fn the_slow_road_confirms_the_fast_one() {
    let fit = Har::new(vec![1, 3, 4, 30]).unwrap().fit(squares().view()).unwrap();
    let regression = fit.regression().unwrap();
    let fast = std::iter::once(&fit.intercept()).chain(fit.coefficients()).copied().collect::<Vec<f64>>();
    fast.iter().zip(regression.coefficients()).for_each(|(fast, slow)| assert!((fast - slow).abs() < 1e-12));
    near(fit.r_squared(), regression.r_squared().unwrap());
    assert_eq!(regression.terms(), ["constant", "mean of 1", "mean of 3", "mean of 4", "mean of 30"]);
}

/// A series whose fit has a negative coefficient: each large value is followed by a small one.
fn alternating() -> Array1<f64> {
    Array1::from_shape_fn(80, |t| if t % 2 == 0 { 1.0 + 0.1 * (t as f64).sin() } else { 0.2 + 0.1 * (t as f64).cos() })
}

#[test]
fn a_negative_forecast_is_floored_and_flagged() {
    let series = alternating();
    let fit = Har::new(vec![1]).unwrap().fit(series.view()).unwrap();
    assert!(fit.coefficients()[0] < -0.5);
    let smallest = series.iter().copied().fold(f64::INFINITY, f64::min);
    let after_a_crash = fit.forecast_from(array![0.5, 10.0].view(), 3).unwrap();
    assert_eq!((after_a_crash.variance[0], after_a_crash.floor), (smallest, smallest));
    assert_eq!(after_a_crash.floored, [0]);
    let share = Har::new(vec![1]).unwrap().with_floor(HarFloor::ShareOfMean(0.5)).fit(series.view()).unwrap();
    near(share.floor(), 0.5 * series.mean().unwrap());
    // In roots: the floor stands for the mean of the root, and the error variance comes on top.
    let roots = Har::new(vec![1]).unwrap().with_transform(HarTransform::SquareRoot).fit(series.view()).unwrap();
    let floored = roots.forecast_from(array![400.0].view(), 1).unwrap();
    assert_eq!(floored.floored, [0]);
    near(floored.variance[0], smallest + roots.residual_variance());
}

#[test]
fn volatilities_are_ex_ante_forecasts() {
    let returns: Array1<f64> = numbers(&golden()["returns"]).into();
    let fitted = HarVolatility::new(Har::default()).fit_returns(returns.view()).unwrap();
    let variances = squares();
    for t in [22, 23, 100, 599] {
        let known = fitted.fit().forecast_from(variances.view().split_at(ndarray::Axis(0), t).0, 1).unwrap();
        near(fitted.volatility()[t].powi(2), known.variance[0]);
    }
    let ahead = fitted.forecast_variance(10).unwrap();
    all_near(&ahead, &golden()["har"]["forecast"]);
    assert!(fitted.floored().is_empty());
    assert_eq!((fitted.mean()[5], fitted.forecast_mean(2).unwrap()), (0.0, array![0.0, 0.0]));
    let demeaned = HarVolatility::default().with_mean(ReturnMean::Sample).fit_returns(returns.view()).unwrap();
    near(demeaned.mean()[0], returns.mean().unwrap());
}

#[test]
fn filtering_keeps_the_parameters() {
    let returns: Array1<f64> = numbers(&golden()["returns"]).into();
    let (early, _) = returns.view().split_at(ndarray::Axis(0), 400);
    let fitted = HarVolatility::default().fit_returns(early).unwrap();
    let longer = fitted.filter(returns.view()).unwrap();
    // What came later changes no earlier volatility, to the bit.
    assert!(fitted.volatility().iter().zip(longer.volatility()).all(|(a, b)| a.to_bits() == b.to_bits()));
    near(longer.volatility()[400].powi(2), fitted.forecast_variance(1).unwrap()[0]);
    let short = fitted.filter(array![0.5, -1.0].view()).unwrap();
    assert!(short.volatility().len() == 2 && short.forecast_variance(3).unwrap().iter().all(|v| *v > 0.0));
}

#[test]
fn attached_variances_belong_to_their_returns() {
    let returns: Array1<f64> = numbers(&golden()["returns"]).into();
    let ranges = returns.mapv(|r| 0.2 * r * r + 0.1);
    let model = HarVolatility::new(Har::default()).with_variances(returns.view(), ranges.view()).unwrap();
    let run = returns.view().split_at(ndarray::Axis(0), 50).1;
    let fitted = model.fit_returns(run).unwrap();
    let mean = |x: ArrayView1<'_, f64>| x.mean().unwrap();
    let expected = mean(run.mapv(|r| r * r).view()) / mean(ranges.view().split_at(ndarray::Axis(0), 50).1);
    near(fitted.scale(), expected);
    // The unit of the attached variances does not matter.
    let thousand = &ranges * 1000.0;
    let other = HarVolatility::new(Har::default()).with_variances(returns.view(), thousand.view()).unwrap();
    let other = other.fit_returns(run).unwrap();
    fitted.volatility().iter().zip(other.volatility()).for_each(|(a, b)| near(*a, *b));
    // Other returns are refused, and so is a run that could be in two places.
    let refused = model.fit_returns((&run * 1.01).view()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    assert!(fitted.filter(array![1.0, 2.0, 3.0].view()).is_err());
    let twice = ndarray::concatenate![ndarray::Axis(0), returns, returns];
    let variances = twice.mapv(|r| r * r + 0.1);
    let model = HarVolatility::default().with_variances(twice.view(), variances.view()).unwrap();
    assert!(model.fit_returns(returns.view()).unwrap_err().to_string().contains("positions 0 and 600"));
}

#[test]
fn simulated_paths_follow_the_recursion() {
    let returns: Array1<f64> = numbers(&golden()["returns"]).into();
    let fitted = HarVolatility::new(Har::default()).fit_returns(returns.view()).unwrap();
    let mut path = Array1::zeros(30);
    let shocks = Array1::from_shape_fn(30, |t| (1.7 * t as f64).sin() * 1.4);
    fitted.simulate(shocks.view(), path.view_mut()).unwrap();
    // The path, filtered with the returns before it, has the volatilities that it was made with.
    let whole = ndarray::concatenate![ndarray::Axis(0), returns, path];
    let filtered = fitted.filter(whole.view()).unwrap();
    for t in 0..30 {
        near(filtered.volatility()[600 + t] * shocks[t], path[t]);
    }
    let log = HarVolatility::new(Har::default().with_transform(HarTransform::Log)).fit_returns(returns.view()).unwrap();
    assert_eq!(log.simulate(shocks.view(), path.view_mut()).unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(fitted.simulate(array![1.0].view(), path.view_mut()).is_err());
}

#[test]
fn hostile_input() {
    let har = Har::default();
    let kind = |series: &Array1<f64>| har.fit(series.view()).unwrap_err().kind();
    let good = squares();
    let with = |value: f64| {
        let mut series = good.clone();
        series[7] = value;
        series
    };
    assert_eq!(kind(&Array1::zeros(0)), ErrorKind::InvalidInput);
    for bad in [-1e-9, f64::NAN, f64::INFINITY] {
        assert_eq!(kind(&with(bad)), ErrorKind::InvalidInput);
    }
    assert!(har.fit(with(-1e-9).view()).unwrap_err().to_string().contains("variances[7]"));
    assert_eq!(kind(&Array1::from_elem(26, 1.0)), ErrorKind::InsufficientData);
    assert!(har.fit(Array1::from_elem(60, 1.0).view()).is_err() && har.fit(Array1::zeros(60).view()).is_err());
    assert!(har.fit((&good * 1e300).view()).is_err());
    let log = Har::default().with_transform(HarTransform::Log);
    assert_eq!(log.fit(with(0.0).view()).unwrap_err().kind(), ErrorKind::InvalidInput);
    for lags in [vec![], vec![0, 1], vec![5, 1], vec![2, 2]] {
        assert_eq!(Har::new(lags).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    assert!(serde_json::from_str::<Har>(r#"{"lags":[5,1]}"#).is_err());
    let stored = serde_json::to_string(&log).unwrap();
    assert_eq!(serde_json::from_str::<Har>(&stored).unwrap(), log);
    assert!(Har::new(vec![usize::MAX]).unwrap().fit(good.view()).is_err());
    assert!(har.fit_average(good.view(), 0).is_err() && har.fit_average(good.view(), usize::MAX).is_err());
    for share in [0.0, -1.0, f64::NAN, 1.5] {
        assert!(Har::default().with_floor(HarFloor::ShareOfMean(share)).fit(good.view()).is_err());
    }
    let fit = har.fit(good.view()).unwrap();
    assert!(fit.forecast(0).is_err() && fit.forecast_from(array![1.0].view(), 1).is_err());
    assert!(fit.forecast_from(with(f64::NAN).view(), 1).is_err());
    let model = HarVolatility::default();
    assert!(model.fit(array![].view()).is_err() && model.fit(with(f64::NAN).view()).is_err());
    assert!(model.fit(with(1e200).view()).is_err());
    assert!(model.clone().with_variances(good.view(), array![1.0].view()).is_err());
    assert!(model.with_variances(good.view(), with(-1.0).view()).is_err());
    let fitted = HarVolatility::default().fit(good.view()).unwrap();
    assert!(fitted.forecast_variance(0).is_err() && fitted.forecast_mean(0).is_err());
    assert!(fitted.filter(array![].view()).is_err() && fitted.filter(array![f64::NAN].view()).is_err());
}

proptest! {
    /// In another unit the slopes and R² are the same, and the forecasts are in that unit.
    #[test]
    fn units_do_not_matter(
        values in proptest::collection::vec(0.01..1.0f64, 60..120),
        scale in prop_oneof![Just(1e-4), Just(1e6)],
    ) {
        let series = Array1::from(values);
        for transform in [HarTransform::Variance, HarTransform::SquareRoot, HarTransform::Log] {
            let har = Har::new(vec![1, 4, 10]).unwrap().with_transform(transform);
            let (one, other) = (har.fit(series.view())?, har.fit((&series * scale).view())?);
            let (a, b) = (one.forecast(6)?, other.forecast(6)?);
            prop_assert_eq!(&a.floored, &b.floored);
            for (a, b) in a.variance.iter().zip(&b.variance) {
                prop_assert!((a * scale / b - 1.0).abs() < 1e-8);
            }
            prop_assert!((one.r_squared() - other.r_squared()).abs() < 1e-9);
        }
    }

    /// Whatever the series, a volatility is positive.
    #[test]
    fn volatilities_are_positive(values in proptest::collection::vec(-1.0..1.0f64, 60..90), steps in 1usize..30) {
        let returns = Array1::from(values);
        let fitted = HarVolatility::default().fit(returns.view())?;
        prop_assert!(fitted.volatility().iter().all(|v| *v > 0.0));
        prop_assert!(fitted.forecast_variance(steps)?.iter().all(|v| *v > 0.0));
    }
}

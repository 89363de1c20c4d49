use alluse_risk_core::{Confidence, ErrorKind, normal};
use ndarray::Array1;

use super::*;
use crate::backtest::simulate::draw;
use rand_distr::{Distribution, StandardNormal};

fn fraction(t: usize, step: f64) -> f64 {
    ((t + 1) as f64 * step).fract()
}

/// Two hundred days without an RNG, so that other software gets the same ones.
fn record() -> LevelRecord {
    let n = 200;
    let confidence = Confidence::new(0.9).unwrap();
    let z = normal::quantile(confidence.tail()).unwrap();
    let scale = Array1::from_shape_fn(n, |t| 0.01 * (1.0 + 0.5 * fraction(t, 0.414_213_56)));
    let returns = Array1::from_shape_fn(n, |t| scale[t] * normal::quantile(fraction(t, 0.618_033_988_7)).unwrap());
    let var = &scale * -z;
    let wobble = Array1::from_shape_fn(n, |t| 0.9 + 0.2 * fraction(t, 0.732_050_8));
    let shortfall = &scale * &wobble * (normal::density(z) / confidence.tail());
    let shortfall = Array1::from_shape_fn(n, |t| shortfall[t].max(var[t] * 1.001));
    LevelRecord::new(returns.view(), var.view(), confidence).unwrap().with_expected_shortfall(shortfall.view()).unwrap()
}

#[test]
fn fits_of_other_software() {
    // SciPy 1.17.1: the joint loss by Nelder–Mead from sixty starts, twice each, tolerance 1e-13; NumPy for the
    // sandwich. (loss, W, γ₁ in units of the mean forecast, γ₂ or its error in the intercept version.)
    for (regression, loss, wald, gamma) in GOLDEN {
        let fit = regression.fit(&record()).unwrap();
        // Nelder–Mead never reaches below the best fit, nor does the best fit lie above it.
        assert!((fit.loss - loss).abs() < 1e-10, "{regression:?}: loss {}", fit.loss);
        assert!((fit.outcome.statistic / wald - 1.0).abs() < 1e-4, "{regression:?}: {}", fit.outcome.statistic);
        let unit = record().expected_shortfall().unwrap().mean().unwrap();
        assert!((fit.intercept / unit - gamma).abs() < 1e-5, "{regression:?}: {}", fit.intercept / unit);
    }
}

const GOLDEN: [(EsRegression, f64, f64, f64); 3] = [
    (EsRegression::Strict, -0.029_829_228_271_201_51, 0.091_614_160_766_688_71, -0.080_277_2),
    (EsRegression::Auxiliary, -0.028_680_828_576_421_596, 0.482_834_789_513_694_5, -0.232_173_51),
    (EsRegression::Intercept, -0.020_140_090_324_283_644, 0.047_930_143_945_639_24, 0.015_339_03),
];

#[test]
fn units_do_not_matter() {
    let record = record();
    let in_cents = LevelRecord::new(
        (&record.returns() * 100.0).view(),
        (&record.value_at_risk() * 100.0).view(),
        record.confidence(),
    )
    .unwrap()
    .with_expected_shortfall((&record.expected_shortfall().unwrap() * 100.0).view())
    .unwrap();
    for regression in [EsRegression::Strict, EsRegression::Auxiliary, EsRegression::Intercept] {
        let (a, b) = (regression.fit(&record).unwrap(), regression.fit(&in_cents).unwrap());
        assert!((a.outcome.statistic - b.outcome.statistic).abs() < 1e-6 * a.outcome.statistic.max(1.0));
        assert!((100.0 * a.intercept - b.intercept).abs() < 1e-8, "{regression:?}");
        assert!((a.slope - b.slope).abs() < 1e-7);
    }
}

/// Normal returns whose forecasts are `share` of the truth.
fn simulated(seed: u64, share: f64, days: usize, statistic: impl Fn(&LevelRecord) -> f64 + Send + Sync) -> Vec<f64> {
    draw(seed, 200, |stream| {
        let z = normal::quantile(0.05).unwrap();
        let scale = Array1::from_shape_fn(days, |t| (0.5 * (t as f64 / 40.0).sin()).exp());
        let returns = scale.mapv(|s| {
            let draw: f64 = StandardNormal.sample(stream);
            s * draw
        });
        let record = LevelRecord::new(returns.view(), (&scale * (-z * share)).view(), Confidence::P95)
            .and_then(|r| r.with_expected_shortfall((&scale * (normal::density(z) / 0.05 * share)).view()))
            .unwrap();
        statistic(&record)
    })
}

#[test]
fn right_forecasts_are_rarely_rejected_and_wrong_ones_are() {
    for (regression, most) in
        [(EsRegression::Strict, 0.17), (EsRegression::Auxiliary, 0.17), (EsRegression::Intercept, 0.13)]
    {
        let reject = |record: &LevelRecord| f64::from(regression.fit(record).unwrap().outcome.p_value < 0.05);
        // The test is known to be oversized with 60 losses in the tail; 200 samples leave ±0.06.
        let size = simulated(1, 1.0, 1_200, reject).iter().sum::<f64>() / 200.0;
        assert!(size > 0.0 && size < most, "{regression:?}: {size}");
        let power = simulated(2, 0.8, 1_200, reject).iter().sum::<f64>() / 200.0;
        assert!(power > 0.8, "{regression:?}: {power}");
    }
}

#[test]
fn the_slope_finds_understatement_by_a_share() {
    // Forecasts are four fifths of the truth: the slope that repairs them is 1.25.
    let slopes = simulated(3, 0.8, 1_500, |record| EsRegression::Auxiliary.fit(record).unwrap().slope);
    let mean = slopes.iter().sum::<f64>() / 200.0;
    assert!((mean - 1.25).abs() < 0.06, "{mean}");
    let one_sided =
        simulated(4, 0.8, 500, |record| EsRegression::Intercept.fit(record).unwrap().one_sided_p_value.unwrap());
    assert!(one_sided.iter().filter(|p| **p < 0.05).count() > 120);
    let other_side =
        simulated(4, 1.3, 500, |record| EsRegression::Intercept.fit(record).unwrap().one_sided_p_value.unwrap());
    assert!(other_side.iter().all(|p| *p > 0.5));
}

#[test]
fn standard_errors_are_the_spread_of_the_estimates() {
    let fits = |pick: fn(&EsRegressionFit) -> f64| {
        simulated(6, 1.0, 1_500, move |record| pick(&EsRegression::Intercept.fit(record).unwrap()))
    };
    let (estimates, errors) = (fits(|fit| fit.intercept), fits(|fit| fit.intercept_error));
    let mean = estimates.iter().sum::<f64>() / 200.0;
    let spread = (estimates.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / 199.0).sqrt();
    let stated = errors.iter().sum::<f64>() / 200.0;
    // The spread of 200 estimates is known to 5 %; the sandwich is a little narrow in small samples.
    assert!((stated / spread - 1.0).abs() < 0.25, "{stated} {spread}");
}

#[test]
fn hostile_inputs() {
    let build = |n: usize, returns: Array1<f64>, shortfall: Array1<f64>| {
        LevelRecord::new(returns.view(), Array1::from_elem(n, 1.0).view(), Confidence::P95)
            .unwrap()
            .with_expected_shortfall(shortfall.view())
            .unwrap()
    };
    let short = build(50, Array1::zeros(50), Array1::from_elem(50, 2.0));
    let constant = build(100, Array1::from_shape_fn(100, |t| (t as f64).sin()), Array1::from_elem(100, 2.0));
    let bare = LevelRecord::new(Array1::zeros(100).view(), Array1::ones(100).view(), Confidence::P95).unwrap();
    for regression in [EsRegression::Strict, EsRegression::Auxiliary] {
        assert_eq!(regression.fit(&short).unwrap_err().kind(), ErrorKind::InsufficientData);
        assert_eq!(regression.fit(&constant).unwrap_err().kind(), ErrorKind::Undefined);
        assert_eq!(regression.fit(&bare).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
    // The level can be tested on forecasts that do not vary.
    assert!(EsRegression::Intercept.fit(&constant).is_ok());
    let flat = build(100, Array1::zeros(100), Array1::from_elem(100, 2.0));
    let fit = EsRegression::Intercept.fit(&flat);
    assert!(fit.is_err(), "{fit:?}");
}

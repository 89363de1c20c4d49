use alluse_risk_core::linalg::cholesky;
use alluse_risk_core::{Confidence, ErrorKind};
use ndarray::{Array1, Array2, Axis, array};
use proptest::prelude::*;
use testkit::close;

use super::super::Shocks;
use super::super::samples::{airline, hormone};
use super::polynomial::{from_partial, product};
use super::*;

fn parameters(ar: &[f64], ma: &[f64], mean: Option<f64>, innovation_variance: f64) -> ArimaParameters {
    ArimaParameters { ar: ar.to_vec(), ma: ma.to_vec(), mean, innovation_variance, ..ArimaParameters::default() }
}

/// Log-density of a normal vector whose autocovariances are `σ² Σⱼ ψⱼ ψⱼ₊ₖ`, summed until nothing is left.
fn dense(series: &[f64], ar: &[f64], ma: &[f64], mean: f64, variance: f64) -> f64 {
    let mut psi = vec![1.0_f64];
    // A root close to the unit circle keeps the weights alive for tens of thousands of lags.
    while psi.iter().rev().take(8).any(|weight| weight.abs() > 1e-12) {
        let j = psi.len();
        let own = ma.get(j - 1).copied().unwrap_or(0.0);
        let lags = (1..=ar.len().min(j)).map(|i| ar[i - 1] * psi[j - i]).sum::<f64>();
        psi.push(own + lags);
    }
    let gamma = |lag: usize| psi.iter().zip(&psi[lag..]).map(|(a, b)| a * b).sum::<f64>() * variance;
    let gammas: Vec<f64> = (0..series.len()).map(gamma).collect();
    let covariance = Array2::from_shape_fn((series.len(), series.len()), |(i, j)| gammas[i.abs_diff(j)]);
    let factor = cholesky(covariance.view()).unwrap();
    let off: Array1<f64> = series.iter().map(|value| value - mean).collect();
    let squares = off.dot(&factor.solve(off.view()).unwrap());
    -0.5 * (series.len() as f64 * (2.0 * std::f64::consts::PI).ln() + factor.log_determinant() + squares)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_likelihood_is_that_of_a_normal_vector(
        series in prop::collection::vec(-3.0..3.0_f64, 1..12),
        partial in prop::collection::vec(-0.9..0.9_f64, 0..4),
        ma in prop::collection::vec(-1.5..1.5_f64, 0..4),
        seasonal_ma in -0.9..0.9_f64,
        mean in -1.0..1.0_f64,
        variance in 0.2..4.0_f64,
    ) {
        let ar = from_partial(&partial);
        let model = Arima::new(ar.len(), 0, ma.len()).with_seasonal(0, 0, 1, 4);
        let full = product(&ma, &[seasonal_ma], 4);
        let given = ArimaParameters { seasonal_ma: vec![seasonal_ma], ..parameters(&ar, &ma, Some(mean), variance) };
        let got = model.log_likelihood(Array1::from_vec(series.clone()).view(), &given).unwrap();
        // Twelve observations, condition below 1e6.
        close(got, dense(&series, &ar, &full, mean, variance), 1e-8);
    }

    #[test]
    fn units_shift_the_likelihood_only(scale in 0.001..1000.0_f64) {
        let one = Arima::new(1, 0, 1).fit(hormone().view()).unwrap();
        let other = Arima::new(1, 0, 1).fit((hormone() * scale).view()).unwrap();
        close(other.log_likelihood() + 48.0 * scale.ln(), one.log_likelihood(), 1e-9);
        close(other.parameters().ar[0], one.parameters().ar[0], 1e-5);
        close(other.parameters().mean.unwrap() / scale, one.parameters().mean.unwrap(), 1e-5);
    }
}

#[test]
fn the_examples_of_r_come_back() {
    // R, ?arima: arima(lh, order = c(1,0,0)).
    let one = Arima::new(1, 0, 0).fit(hormone().view()).unwrap();
    let (found, errors) = (one.parameters(), one.standard_errors().unwrap());
    close(found.ar[0], 0.5739, 5e-5);
    close(found.mean.unwrap(), 2.4133, 5e-5);
    close(found.innovation_variance, 0.1975, 5e-5);
    close(errors.ar[0], 0.1161, 5e-4);
    close(errors.mean.unwrap(), 0.1466, 5e-4);
    // statsmodels 0.15.0 prints more digits.
    close(one.log_likelihood(), -29.379_162_388_082_13, 1e-8);
    close(one.criteria().aicc, 65.303_779_321_618_8, 1e-8);
    close(one.criteria().bic, 70.371_927_808_887_93, 1e-8);
    // arima(lh, order = c(3,0,0)) and its predict(…, n.ahead = 12).
    let three = Arima::new(3, 0, 0).fit(hormone().view()).unwrap();
    let found = three.parameters();
    for (got, want) in found.ar.iter().zip([0.6448, -0.0634, -0.2198]) {
        close(*got, want, 5e-4);
    }
    close(found.mean.unwrap(), 2.3931, 5e-4);
    close(three.criteria().aic, 64.18, 5e-3 / 64.0);
    let ahead = three.filtered().forecast(3).unwrap();
    let deviation = three.filtered().forecast_variance(3).unwrap().mapv(f64::sqrt);
    // Forecasts of R; their errors by statsmodels 0.15.0, whose coefficients differ in the fifth digit.
    for (got, want) in ahead.iter().zip([2.460_173, 2.270_829, 2.198_597]) {
        close(*got, want, 1e-4);
    }
    for (got, want) in deviation.iter().zip([0.422_679, 0.502_929, 0.524_523]) {
        close(*got, want, 1e-4);
    }
}

#[test]
fn the_airline_model_of_box_and_jenkins() {
    // R, ?AirPassengers: ma1 −0.4018 (0.0896), sma1 −0.5569 (0.0731), log likelihood 353.96.
    let model = Arima::new(0, 1, 1).with_seasonal(0, 1, 1, 12);
    let fitted = model.fit(airline().mapv(f64::log10).view()).unwrap();
    let (found, errors) = (fitted.parameters(), fitted.standard_errors().unwrap());
    close(found.ma[0], -0.4018, 5e-5);
    close(found.seasonal_ma[0], -0.5569, 5e-5);
    close(errors.ma[0], 0.0896, 1e-3);
    close(errors.seasonal_ma[0], 0.0731, 1e-3);
    // R prints 353.96; a better end of the search than statsmodels 0.15.0 has, 353.954724, is right.
    assert!((353.954_724..353.966).contains(&fitted.log_likelihood()), "{}", fitted.log_likelihood());
    assert!(fitted.certificate().gradient < 1e-5 && fitted.certificate().searches.len() == 4);
    assert!((0.9..1.0).contains(&fitted.certificate().ma_root) && fitted.certificate().ar_root == 0.0);
    // statsmodels 0.15.0, SARIMAX with diffuse levels at the same parameters: the differences keep their 131
    // observations in both, so forecasts and errors agree to the rounding of its diffuse start.
    let given = ArimaParameters {
        ma: vec![-0.4018],
        seasonal_ma: vec![-0.5569],
        innovation_variance: 0.000_254_3,
        ..ArimaParameters::default()
    };
    let filtered = model.filter(airline().mapv(f64::log10).view(), &given).unwrap();
    let (ahead, variance) = (filtered.forecast(13).unwrap(), filtered.forecast_variance(13).unwrap());
    let wanted = [
        (0, 2.653_619_703_694_787, 0.015_946_798_990_94),
        (1, 2.629_120_291_978_256, 0.018_582_249_156_13),
        (11, 2.678_738_206_657_718, 0.035_430_154_390_49),
        (12, 2.695_419_605_141_742, 0.039_128_452_185_23),
    ];
    for (h, mean, deviation) in wanted {
        close(ahead[h], mean, 1e-6);
        close(variance[h].sqrt() / deviation, 1.0, 1e-5);
    }
}

#[test]
fn statsmodels_agrees_at_given_parameters() {
    // statsmodels 0.15.0, ARIMA(lh, (2,0,1)).filter([2.4, 0.5, -0.2, 0.3, 0.2]).
    let given = parameters(&[0.5, -0.2], &[0.3], Some(2.4), 0.2);
    let filtered = Arima::new(2, 0, 1).filter(hormone().view(), &given).unwrap();
    close(filtered.log_likelihood(), -30.354_337_039_106_326, 1e-10);
    let mean = [2.680_673_016_934_911, 2.440_336_508_467_456, 2.364_033_650_846_745, 2.373_949_523_729_881];
    let deviation = [0.447_213_595_499_958, 0.572_712_842_531_054, 0.579_655_069_847_578, 0.580_275_796_496_804];
    let (ahead, variance) = (filtered.forecast(4).unwrap(), filtered.forecast_variance(4).unwrap());
    for h in 0..4 {
        close(ahead[h], mean[h], 1e-10);
        close(variance[h].sqrt(), deviation[h], 1e-10);
    }
}

#[test]
fn forecasts_by_hand() {
    // AR(1), mean 1, φ = ½, last level 5: 1 + 4·½ʰ; variances 1, 1 + ¼, 1 + ¼ + 1/16.
    let given = parameters(&[0.5], &[], Some(1.0), 1.0);
    let filtered = Arima::new(1, 0, 0).filter(array![0.0, 5.0].view(), &given).unwrap();
    assert_eq!(filtered.forecast(3).unwrap(), array![3.0, 2.0, 1.5]);
    assert_eq!(filtered.forecast_variance(3).unwrap(), array![1.0, 1.25, 1.3125]);
    let (low, high) = filtered.intervals(1, Confidence::P95).unwrap()[0];
    close(low, 3.0 - 1.959_963_984_540_054, 1e-12);
    close(high, 3.0 + 1.959_963_984_540_054, 1e-12);
    // A random walk with drift 2 of variance 3.
    let drift = Arima::new(0, 1, 0).with_constant(Constant::Mean);
    let walk = drift.filter(array![1.0, 4.0].view(), &parameters(&[], &[], Some(2.0), 3.0)).unwrap();
    assert_eq!(walk.forecast(2).unwrap(), array![6.0, 8.0]);
    assert_eq!(walk.forecast_variance(2).unwrap(), array![3.0, 6.0]);
    // Twice integrated noise: weights 1, 2, 3.
    let twice = Arima::new(0, 2, 0).filter(array![0.0, 1.0, 3.0].view(), &parameters(&[], &[], None, 1.0)).unwrap();
    assert_eq!(twice.forecast(2).unwrap(), array![5.0, 7.0]);
    assert_eq!(twice.forecast_variance(3).unwrap(), array![1.0, 5.0, 14.0]);
    // One observation x of an MA(1) with θ = 1: the forecast is γ₁/γ₀ x = x/2 and its variance 2 − ½.
    let short = Arima::new(0, 0, 1).with_constant(Constant::Zero);
    let short = short.filter(array![4.0].view(), &parameters(&[], &[1.0], None, 1.0)).unwrap();
    assert_eq!(short.forecast(2).unwrap(), array![2.0, 0.0]);
    assert_eq!(short.forecast_variance(2).unwrap(), array![1.5, 2.0]);
}

#[test]
fn paths_have_the_mean_and_variance_of_the_forecasts() {
    // Few observations and θ near −1: the state is not known at the end of the sample.
    let given = parameters(&[0.4], &[-0.95], None, 2.0);
    let levels = array![1.0, 3.0, 2.0, 5.0, 4.0];
    for shocks in [Shocks::Normal, Shocks::Resampled] {
        let filtered = Arima::new(1, 1, 1).with_shocks(shocks).filter(levels.view(), &given).unwrap();
        let paths = filtered.simulate(6, 50_000, 11).unwrap();
        assert_eq!(filtered.simulate(6, 5, 11).unwrap(), paths.view().split_at(Axis(0), 5).0);
        if shocks == Shocks::Resampled {
            continue; // four innovations do not have the mean and variance of the model
        }
        let (mean, variance) = (filtered.forecast(6).unwrap(), filtered.forecast_variance(6).unwrap());
        for (h, step) in paths.columns().into_iter().enumerate() {
            // Four standard errors.
            close((step.mean().unwrap() - mean[h]) / (variance[h] / 50_000.0).sqrt(), 0.0, 4.0);
            close(step.var(0.0) / variance[h], 1.0, 4.0 * (2.0 / 50_000_f64).sqrt());
        }
    }
}

#[test]
fn simulated_parameters_are_recovered_within_their_errors() {
    let truth = parameters(&[0.7, -0.3], &[0.5], Some(3.0), 2.0);
    let start = Arima::new(2, 0, 1).filter(array![3.0].view(), &truth).unwrap();
    let series = start.simulate(3_000, 1, 21).unwrap();
    let fitted = Arima::new(2, 0, 1).fit(series.row(0)).unwrap();
    let (found, errors) = (fitted.parameters(), fitted.standard_errors().unwrap());
    let pairs = [
        (found.ar[0], 0.7, errors.ar[0]),
        (found.ar[1], -0.3, errors.ar[1]),
        (found.ma[0], 0.5, errors.ma[0]),
        (found.mean.unwrap(), 3.0, errors.mean.unwrap()),
        (found.innovation_variance, 2.0, errors.innovation_variance),
    ];
    for (got, want, error) in pairs {
        assert!((got - want).abs() < 4.0 * error && error < 0.2, "{got} ± {error}, want {want}");
    }
    // Of the innovation variance the error is known: σ² √(2/n).
    close(errors.innovation_variance / (found.innovation_variance * (2.0 / 3_000_f64).sqrt()), 1.0, 1e-3);
    assert!(fitted.log_likelihood() >= Arima::new(2, 0, 1).log_likelihood(series.row(0), &truth).unwrap());
}

#[test]
fn a_maximum_on_the_border_is_reported() {
    // Noise that is differenced once too often: θ = −1.
    let noise = Arima::new(0, 0, 0).filter(array![0.0].view(), &parameters(&[], &[], Some(0.0), 1.0)).unwrap();
    let noise = noise.simulate(60, 1, 4).unwrap();
    let fitted = Arima::new(0, 1, 1).fit(noise.row(0)).unwrap();
    assert!(fitted.certificate().ma_root > 0.99, "{:?}", fitted.certificate());
}

#[test]
fn hostile_input() {
    let kind = |model: Arima, levels: Array1<f64>| model.fit(levels.view()).unwrap_err().kind();
    let arma = Arima::new(1, 0, 1);
    assert_eq!(kind(arma, array![]), ErrorKind::InvalidInput);
    assert_eq!(kind(arma, array![1.0, 2.0, 1.5]), ErrorKind::InsufficientData);
    assert_eq!(kind(arma, Array1::from_elem(50, 0.1)), ErrorKind::Undefined);
    assert_eq!(kind(Arima::new(1, 1, 0), Array1::from_iter((0..50).map(|t| 0.1 * f64::from(t)))), ErrorKind::Undefined);
    assert_eq!(kind(arma, array![1.0, f64::NAN, 2.0, 1.0, 3.0, 1.0, 2.0, 4.0]), ErrorKind::InvalidInput);
    assert_eq!(kind(Arima::new(1, 2, 0).with_constant(Constant::Mean), hormone()), ErrorKind::InvalidInput);
    assert_eq!(kind(Arima::new(51, 0, 0), hormone()), ErrorKind::InvalidInput);
    assert_eq!(kind(Arima::new(0, 0, 0).with_seasonal(1, 0, 0, 1), hormone()), ErrorKind::InvalidInput);
    assert_eq!(kind(arma.with_starts(0), hormone()), ErrorKind::InvalidInput);
    let at = |given: ArimaParameters| Arima::new(1, 0, 0).filter(hormone().view(), &given).err().map(|e| e.kind());
    assert_eq!(at(parameters(&[0.5], &[], Some(2.0), 1.0)), None);
    for bad in [
        parameters(&[1.0], &[], Some(2.0), 1.0),
        parameters(&[], &[], Some(2.0), 1.0),
        parameters(&[0.5], &[], None, 1.0),
        parameters(&[0.5], &[], Some(2.0), 0.0),
        parameters(&[f64::NAN], &[], Some(2.0), 1.0),
        parameters(&[0.5], &[0.1], Some(2.0), 1.0),
    ] {
        assert_eq!(at(bad), Some(ErrorKind::InvalidInput));
    }
    let filtered = Arima::new(1, 0, 0).filter(hormone().view(), &parameters(&[0.5], &[], Some(2.0), 1.0)).unwrap();
    assert!(filtered.forecast(0).is_err() && filtered.forecast_variance(0).is_err());
    assert!(filtered.simulate(0, 1, 1).is_err() && filtered.simulate(1, 0, 1).is_err());
}

#[test]
fn names_and_saved_fits() {
    assert_eq!(Arima::new(1, 1, 2).with_seasonal(0, 1, 1, 12).to_string(), "ARIMA(1,1,2)(0,1,1)[12]");
    assert_eq!(Arima::new(0, 0, 0).to_string(), "ARIMA(0,0,0) with mean");
    let fitted = Arima::new(1, 0, 0).fit(hormone().view()).unwrap();
    let saved = serde_json::to_string(&fitted).unwrap();
    assert_eq!(serde_json::from_str::<FittedArima>(&saved).unwrap(), fitted);
    let short = saved.replace("\"tail\":[]", "\"tail\":[1.0]");
    assert!(short != saved && serde_json::from_str::<FittedArima>(&short).is_err());
}

use alluse_risk_core::{Confidence, ErrorKind};
use ndarray::{Array1, Axis, array};
use testkit::close;

use super::super::samples::{airline, hormone};
use super::*;

fn constants(level: f64, trend: Option<f64>, season: Option<f64>, damping: Option<f64>) -> SmoothingParameters {
    SmoothingParameters { level, trend, season, damping }
}

fn state(level: f64, trend: Option<f64>, season: &[f64]) -> SmoothingState {
    SmoothingState { level, trend, season: season.to_vec() }
}

#[test]
fn a_multiplicative_season_follows_the_book() {
    // The recursion of Hyndman et al. (2008), table 2.3, written out in numpy. (statsmodels 0.15.0 divides what its
    // season learns by the new level, and so differs in the third digit.)
    let model =
        ExponentialSmoothing::new(ErrorTerm::Multiplicative, Trend::Damped).with_season(Season::Multiplicative, 4);
    let given = constants(0.6, Some(0.1), Some(0.2), Some(0.95));
    let season = state(115.0, Some(1.5), &[0.98, 1.01, 1.03, 0.98]);
    let found = model.filter(airline().view(), &given, &season).unwrap();
    close(found.log_likelihood(), -709.126_791_819_092, 1e-11);
    let ahead = found.forecast(6).unwrap();
    ahead.iter().zip(BOOK).for_each(|(got, want)| close(*got, want, 1e-11));
}

/// statsmodels 0.15.0, `ETSModel(…).smooth(…)` at these constants and states; it counts initial seasons backwards.
#[test]
fn statsmodels_agrees_at_given_parameters() {
    let multiplied = ExponentialSmoothing::new(ErrorTerm::Multiplicative, Trend::Damped);
    let given = constants(0.6, Some(0.1), Some(0.2), Some(0.95));
    let season = state(115.0, Some(1.5), &[-2.0, 1.0, 4.0, -3.0]);
    let found = multiplied.with_season(Season::Additive, 4).filter(airline().view(), &given, &season).unwrap();
    close(found.log_likelihood(), -711.593_957_989_608_3, 1e-11);
    let wanted = [380.005_833_282_235_76, 365.336_527_896_876_53, 368.687_148_308_577_95, 384.209_160_920_285];
    found.forecast(4).unwrap().iter().zip(wanted).for_each(|(got, want)| close(*got, want, 1e-11));

    let damped = ExponentialSmoothing::new(ErrorTerm::Additive, Trend::Damped);
    let given = constants(0.6, Some(0.1), None, Some(0.9));
    let found = damped.filter(hormone().view(), &given, &state(2.4, Some(0.01), &[])).unwrap();
    close(found.log_likelihood(), -39.010_697_160_279_264, 1e-11);
    let wanted = [0.297_473_137_735_940_6, 0.439_100_098_612_022, 0.615_930_328_080_911_9, 0.827_780_942_632_262_5];
    found.forecast_variance(4).unwrap().iter().zip(wanted).for_each(|(got, want)| close(*got, want, 1e-11));

    let seasonal = ExponentialSmoothing::new(ErrorTerm::Additive, Trend::Additive).with_season(Season::Additive, 3);
    let given = constants(0.3, Some(0.1), Some(0.2), None);
    let found = seasonal.filter(hormone().view(), &given, &state(2.4, Some(0.01), &[-0.1, 0.0, 0.1])).unwrap();
    close(found.log_likelihood(), -48.089_453_390_680_55, 1e-11);
    let (ahead, variance) = (found.forecast(6).unwrap(), found.forecast_variance(6).unwrap());
    close(ahead[0], 3.352_562_380_235_952_3, 1e-11);
    close(ahead[5], 3.181_775_120_366_426, 1e-11);
    close(variance[3], 0.890_199_175_455_341_6, 1e-11);
    close(variance[5], 1.380_894_330_706_334_8, 1e-11);
}

#[test]
fn no_other_fit_is_better() {
    // The best log-likelihoods that statsmodels 0.15.0 found for the airline data, its constants in [1e-4, 0.9999].
    let cases = [
        (ErrorTerm::Multiplicative, Trend::None, Season::None, -680.450_799_480_430_9),
        (ErrorTerm::Multiplicative, Trend::Damped, Season::Additive, -550.608_337_287_014_1),
        (ErrorTerm::Additive, Trend::Additive, Season::Additive, -564.983_780_675_487_8),
        (ErrorTerm::Additive, Trend::Damped, Season::None, -710.254_320_178_929_9),
    ];
    for (error, trend, season, reference) in cases {
        let model = ExponentialSmoothing::new(error, trend).with_season(season, 12);
        let fitted = model.fit(airline().view()).unwrap();
        let got = fitted.filtered().log_likelihood();
        // A thousandth of a unit of log-likelihood is far below what a comparison of models sees.
        assert!(got > reference - 1e-3, "{model}: {got}, reference {reference}");
        let best = fitted.certificate().searches.iter().flatten().fold(f64::NEG_INFINITY, |a, b| a.max(*b));
        close(best, got, 1e-9);
    }
}

#[test]
fn the_minimum_of_simple_smoothing_by_brute_force() {
    let fitted = ExponentialSmoothing::new(ErrorTerm::Additive, Trend::None).fit(hormone().view()).unwrap();
    let least = fitted.filtered().sum_of_squares();
    let levels = hormone();
    let mut smallest = f64::INFINITY;
    for a in 1..400 {
        for l in 0..300 {
            let (alpha, mut level) = (f64::from(a) / 400.0, 1.5 + f64::from(l) / 100.0);
            let mut squares = 0.0;
            for value in &levels {
                squares += (value - level).powi(2);
                level += alpha * (value - level);
            }
            smallest = smallest.min(squares);
        }
    }
    // The grid cannot be lower, and comes within its squared step times the curvature.
    assert!(least <= smallest && smallest < least + 2e-3, "{least} {smallest}");
}

#[test]
fn paths_have_the_mean_and_variance_of_the_forecasts() {
    for (error, season) in [(ErrorTerm::Additive, Season::Additive), (ErrorTerm::Multiplicative, Season::Additive)] {
        let model = ExponentialSmoothing::new(error, Trend::Damped).with_season(season, 12);
        let fitted = model.fit(airline().view()).unwrap();
        let (mean, variance) = (fitted.forecast(13).unwrap(), fitted.filtered().forecast_variance(13).unwrap());
        let paths = fitted.simulate(13, 50_000, 2).unwrap();
        for (h, step) in paths.columns().into_iter().enumerate() {
            // Four standard errors; those of the variance as of normal paths, which relative errors are nearly.
            close((step.mean().unwrap() - mean[h]) / (variance[h] / 50_000.0).sqrt(), 0.0, 4.0);
            close(step.var(0.0) / variance[h], 1.0, 4.5 * (2.0 / 50_000_f64).sqrt());
        }
        assert_eq!(fitted.simulate(13, 5, 2).unwrap(), paths.view().split_at(Axis(0), 5).0);
    }
}

#[test]
fn a_multiplicative_season_is_simulated() {
    let model = ExponentialSmoothing::new(ErrorTerm::Multiplicative, Trend::Additive);
    let fitted = model.with_season(Season::Multiplicative, 12).fit(airline().view()).unwrap();
    assert_eq!(fitted.filtered().forecast_variance(3).unwrap_err().kind(), ErrorKind::Unsupported);
    let (ahead, intervals) = (fitted.forecast(3).unwrap(), fitted.intervals(3, Confidence::P95).unwrap());
    let inside = ahead.iter().zip(&intervals).all(|(mean, (low, high))| low < mean && mean < high);
    assert!(inside && intervals[2].1 - intervals[2].0 > intervals[0].1 - intervals[0].0);
}

#[test]
fn hostile_input() {
    let model = |error, trend| ExponentialSmoothing::new(error, trend);
    let kind = |model: ExponentialSmoothing, levels: Array1<f64>| model.fit(levels.view()).unwrap_err().kind();
    let simple = model(ErrorTerm::Additive, Trend::None);
    assert_eq!(kind(simple, array![]), ErrorKind::InvalidInput);
    assert_eq!(kind(simple, array![1.0, 2.0]), ErrorKind::InsufficientData);
    assert_eq!(kind(simple, Array1::from_elem(30, 4.0)), ErrorKind::Undefined);
    assert_eq!(kind(simple, array![1.0, f64::INFINITY, 3.0, 1.0, 2.0, 4.0]), ErrorKind::InvalidInput);
    assert_eq!(kind(model(ErrorTerm::Multiplicative, Trend::None), hormone() - 2.4), ErrorKind::InvalidInput);
    assert_eq!(kind(simple.with_season(Season::Multiplicative, 12), airline()), ErrorKind::Unsupported);
    assert_eq!(kind(simple.with_season(Season::Additive, 1), airline()), ErrorKind::InvalidInput);
    assert_eq!(kind(simple.with_season(Season::Additive, 40), hormone()), ErrorKind::InsufficientData);
    assert_eq!(kind(simple.with_starts(0), hormone()), ErrorKind::InvalidInput);
    assert_eq!(kind(simple.with_damping(0.9, 0.8), hormone()), ErrorKind::InvalidInput);
    let filter = |given, initial| simple.filter(hormone().view(), &given, &initial).is_err();
    assert!(!filter(constants(0.5, None, None, None), state(2.0, None, &[])));
    assert!(filter(constants(0.5, Some(0.1), None, None), state(2.0, None, &[])));
    assert!(filter(constants(0.5, None, None, None), state(2.0, Some(0.0), &[])));
    assert!(filter(constants(0.5, None, None, None), state(2.0, None, &[1.0])));
    assert!(filter(constants(f64::NAN, None, None, None), state(2.0, None, &[])));
    let saved = serde_json::to_string(&simple.fit(hormone().view()).unwrap()).unwrap();
    assert!(serde_json::from_str::<FittedSmoothing>(&saved).is_ok());
    let wrong = saved.replace("\"season\":[]", "\"season\":[1.0]");
    assert!(wrong != saved && serde_json::from_str::<FittedSmoothing>(&wrong).is_err());
}

const BOOK: [f64; 6] = [
    392.652_391_250_918_7,
    376.212_946_552_606_7,
    373.691_062_769_874_46,
    384.308_003_242_136_2,
    350.918_107_125_934_74,
    337.104_880_193_897_8,
];

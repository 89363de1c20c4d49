use alluse_risk_core::ErrorKind;
use alluse_risk_core::FittedVolatility as _;
use alluse_risk_core::streams::Streams;
use ndarray::{Array1, ArrayView1, Axis, array};
use proptest::prelude::*;
use testkit::close;

use super::climb::{climb, warm};
use super::expectation::Work;
use super::*;
use crate::regimes::TransitionMatrix;
use crate::simulation::{FittedPaths as _, PathModel as _};

fn two_state(laws: [StateLaw; 2]) -> HiddenMarkovParameters {
    let chain = TransitionMatrix::new(vec![vec![0.97, 0.03], vec![0.06, 0.94]]).unwrap();
    HiddenMarkovParameters::new(vec![0.5, 0.5], chain, laws.to_vec()).unwrap()
}

fn gaussian() -> HiddenMarkovParameters {
    two_state([StateLaw::gaussian(0.001, 1e-4).unwrap(), StateLaw::gaussian(-0.002, 9e-4).unwrap()])
}

fn simulated(parameters: &HiddenMarkovParameters, n: usize, seed: u64) -> Array1<f64> {
    parameters.filter().simulate(n, 1, seed).unwrap().values().row(0).to_owned()
}

#[test]
fn the_likelihood_is_the_sum_over_all_paths() {
    let laws = [StateLaw::gaussian(0.2, 1.0).unwrap(), StateLaw::student_t(-1.0, 4.0, 3.5).unwrap()];
    let model = two_state(laws);
    let series = [0.3, -2.0, 0.1, 5.0, -0.7, 0.2];
    let mut total = 0.0;
    let mut best = (f64::NEG_INFINITY, 0_usize);
    let (mut last, mut third) = ([0.0; 2], [0.0; 2]);
    for path in 0..64_usize {
        let state = |t: usize| path >> t & 1;
        let mut probability = model.start()[state(0)];
        for (t, &x) in series.iter().enumerate() {
            if t > 0 {
                probability *= model.transition().rows()[state(t - 1)][state(t)];
            }
            probability *= laws[state(t)].log_density(x).exp();
        }
        total += probability;
        last[state(5)] += probability;
        third[state(2)] += probability;
        if probability > best.0 {
            best = (probability, path);
        }
    }
    let decoded = model.decode(ArrayView1::from(&series)).unwrap();
    close(decoded.log_likelihood, total.ln(), 1e-14);
    close(decoded.smoothed.last()[1], last[1] / total, 1e-13);
    close(decoded.filtered.last()[1], last[1] / total, 1e-13);
    close(decoded.smoothed.at(2).unwrap()[0], third[0] / total, 1e-13);
    close(decoded.viterbi.log_probability(), best.0.ln(), 1e-14);
    assert_eq!(decoded.viterbi.states(), (0..6).map(|t| best.1 >> t & 1).collect::<Vec<_>>());
}

/// The scaled recursions of the fit against the logarithms of the filter.
#[test]
fn two_roads_to_the_likelihood() {
    for emissions in [Emissions::Gaussian, Emissions::StudentT] {
        let series = simulated(&gaussian(), 600, 4);
        let fitted = HiddenMarkov::new(2).with_emissions(emissions).fit(series.view()).unwrap();
        // The last point of the ascent is where the estimates are.
        close(*fitted.certificate().ascent.last().unwrap(), fitted.log_likelihood(), 1e-12);
        let smoothed = fitted.smoothed().occupancy();
        close(smoothed[0], fitted.certificate().occupancy[0], 1e-9);
    }
}

#[test]
fn nothing_underflows() {
    let chain = TransitionMatrix::new(vec![vec![1.0, 0.0], vec![0.0, 1.0]]).unwrap();
    let laws = vec![StateLaw::gaussian(0.0, 1.0).unwrap(), StateLaw::gaussian(100.0, 1.0).unwrap()];
    let model = HiddenMarkovParameters::new(vec![0.5, 0.5], chain, laws.clone()).unwrap();
    // e^(−5000) against e^0 and back: in linear arithmetic the second state is lost for ever.
    let decoded = model.decode(array![0.0, 100.0].view()).unwrap();
    close(decoded.smoothed.at(0).unwrap()[0], 0.5, 1e-9);
    close(decoded.log_likelihood, -5_000.0 - (2.0 * std::f64::consts::PI).ln(), 1e-12);
    let only = TransitionMatrix::new(vec![vec![1.0, 0.0], vec![0.0, 1.0]]).unwrap();
    let fixed = HiddenMarkovParameters::new(vec![1.0, 0.0], only, laws).unwrap();
    let error = fixed.decode(array![1e200].view()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undefined);
}

#[test]
fn simulated_parameters_are_recovered() {
    let truth = gaussian();
    let series = simulated(&truth, 6_000, 1);
    let fitted = HiddenMarkov::new(2).fit(series.view()).unwrap();
    // About 4,000 and 2,000 observations: four standard errors σ/√n of a mean, 4·√(2/n) of a variance, and of a
    // probability with 120 moves out of each state, all widened by a half for the states being unseen.
    for ((got, want), n) in fitted.parameters().states().iter().zip(truth.states()).zip([4_000.0_f64, 2_000.0]) {
        close(got.mean() / want.variance().sqrt(), want.mean() / want.variance().sqrt(), 6.0 / n.sqrt());
        close(got.variance() / want.variance(), 1.0, 6.0 * (2.0 / n).sqrt());
    }
    let rows = fitted.parameters().transition().rows();
    close(rows[0][1] / 0.03, 1.0, 6.0 / 120_f64.sqrt());
    close(rows[1][0] / 0.06, 1.0, 6.0 / 120_f64.sqrt());
    assert!(fitted.certificate().warnings().is_empty(), "{:?}", fitted.certificate());
    assert!(fitted.log_likelihood() >= truth.decode(series.view()).unwrap().log_likelihood);
}

#[test]
fn degrees_of_freedom_are_recovered() {
    let laws = [StateLaw::student_t(0.0, 1e-4, 4.0).unwrap(), StateLaw::student_t(0.0, 16e-4, 8.0).unwrap()];
    let truth = two_state(laws);
    let series = simulated(&truth, 8_000, 5);
    let fitted = HiddenMarkov::new(2).with_emissions(Emissions::StudentT).fit(series.view()).unwrap();
    let degrees: Vec<f64> = fitted.parameters().states().iter().filter_map(StateLaw::degrees_of_freedom).collect();
    // The standard error of ν near 4 with 5,000 observations is about 0.25; near 8 with 2,700 about 1.3.
    assert!((degrees[0] - 4.0).abs() < 1.0 && (degrees[1] - 8.0).abs() < 4.0, "{degrees:?}");
    assert!(fitted.log_likelihood() >= truth.decode(series.view()).unwrap().log_likelihood);
    let normal = HiddenMarkov::new(2).fit(series.view()).unwrap();
    assert!(fitted.bic() < normal.bic() && fitted.aic() < normal.aic());
    assert_eq!((normal.free_parameters(), fitted.free_parameters()), (7, 9));
}

#[test]
fn later_data_change_the_smoothed_and_never_the_filtered() {
    let model = gaussian();
    let series = simulated(&model, 300, 2);
    let mut other = series.clone();
    other.iter_mut().skip(200).for_each(|x| *x = 5.0 * *x + 0.05);
    let (a, b) = (model.decode(series.view()).unwrap(), model.decode(other.view()).unwrap());
    let head = |values: ndarray::ArrayView2<'_, f64>| values.split_at(Axis(0), 200).0.to_owned();
    assert_eq!(head(a.filtered.values()), head(b.filtered.values()));
    assert_ne!(head(a.smoothed.values()), head(b.smoothed.values()));
    // Online, one at a time, the very same numbers.
    let mut filter = model.filter();
    for (t, &x) in series.iter().enumerate() {
        filter.observe(x).unwrap();
        assert_eq!(filter.probabilities(), a.filtered.at(t).unwrap());
    }
    assert_eq!(filter.observed(), 300);
    assert_eq!(a.filtered.estimated_through(), 0);
    let text = serde_json::to_string(&filter).unwrap();
    let read: RegimeFilter = serde_json::from_str(&text).unwrap();
    close(read.predicted()[0], filter.predicted()[0], 1e-14);
}

#[test]
fn ex_ante_volatility_and_forecasts() {
    let series = simulated(&gaussian(), 1_500, 7);
    let fitted = HiddenMarkov::new(2).fit(series.view()).unwrap();
    // The volatility of the next observation is that of the first forecast.
    let (part, rest) = series.view().split_at(Axis(0), 1_000);
    let ex_ante = RegimeVolatility::along(fitted.parameters(), part).unwrap();
    let whole = ex_ante.filter(series.view()).unwrap();
    close(ex_ante.forecast_variance(1).unwrap()[0], whole.volatility()[1_000].powi(2), 1e-14);
    close(ex_ante.forecast_mean(1).unwrap()[0], whole.mean()[1_000], 1e-14);
    assert_eq!(whole.volatility().len(), rest.len() + 1_000);
    // Far ahead the state is forgotten: the forecast is the moment of the stationary mixture.
    let stationary = fitted.parameters().transition().stationary().unwrap();
    let laws = fitted.parameters().states();
    let mean = stationary[0] * laws[0].mean() + stationary[1] * laws[1].mean();
    let second = |k: usize| stationary[k] * (laws[k].variance() + laws[k].mean().powi(2));
    let far = fitted.forecast_variance(500).unwrap()[499];
    assert!((far / (second(0) + second(1) - mean * mean) - 1.0).abs() < 1e-10);
    // As a model of the contract.
    let boxed = HiddenMarkov::fit(&HiddenMarkov::new(2), series.view()).unwrap();
    let contract: Box<dyn alluse_risk_core::FittedVolatility> =
        alluse_risk_core::VolatilityModel::fit(&HiddenMarkov::new(2), series.view()).unwrap();
    assert_eq!(contract.volatility(), boxed.ex_ante().volatility());
    let mut path = array![0.0, 0.0];
    contract.simulate(array![1.0, -1.0].view(), path.view_mut()).unwrap();
    let first = contract.forecast_mean(1).unwrap()[0] + contract.forecast_variance(1).unwrap()[0].sqrt();
    close(path[0], first, 1e-15);
    assert!(contract.simulate(array![1.0].view(), path.view_mut()).is_err());
    assert!(contract.forecast_variance(0).is_err() && contract.forecast_mean(0).is_err());
}

#[test]
fn simulated_paths_have_the_moments_of_the_forecast() {
    let series = simulated(&gaussian(), 1_000, 11);
    let model = RegimePaths::new(HiddenMarkov::new(2));
    let fitted = HiddenMarkov::new(2).fit(series.view()).unwrap();
    let paths = fitted.simulate(5, 40_000, 3).unwrap();
    let (means, variances) = (fitted.forecast_mean(5).unwrap(), fitted.forecast_variance(5).unwrap());
    for (t, column) in paths.values().columns().into_iter().enumerate() {
        let spread = (variances[t] / 40_000.0).sqrt();
        assert!((column.mean().unwrap() - means[t]).abs() < 4.0 * spread);
        // Kurtosis below 8: the standard error of a variance is below √(7/n) of it.
        assert!((column.var(0.0) / variances[t] - 1.0).abs() < 4.0 * (7.0_f64 / 40_000.0).sqrt());
    }
    let again = model.fit(series.view()).unwrap().simulate(5, 3, 3).unwrap();
    assert_eq!(again.values(), paths.values().split_at(Axis(0), 3).0);
    assert!(fitted.simulate(0, 1, 0).is_err() && fitted.simulate(1, 0, 0).is_err());
    assert_eq!((model.name(), model.min_observations()), ("hidden Markov regimes", 50));
    // The share of simulated first returns below a bound is the probability that the filter states.
    let below = paths.values().column(0).iter().filter(|r| **r <= -0.01).count() as f64 / 40_000.0;
    let stated = fitted.filter().predicted_cdf(-0.01).unwrap();
    assert!((below - stated).abs() < 4.0 * (0.25_f64 / 40_000.0).sqrt());
    let predictive = fitted.filter().predictive(999).unwrap();
    close(fitted.filter().predicted_cdf(predictive.median()).unwrap(), 0.5, 1e-9);
}

#[test]
fn hostile_input_is_refused() {
    let kind = |series: &Array1<f64>| HiddenMarkov::new(2).fit(series.view()).unwrap_err().kind();
    let good = simulated(&gaussian(), 400, 3);
    assert_eq!(kind(&good.iter().take(49).copied().collect()), ErrorKind::InsufficientData);
    assert_eq!(kind(&Array1::from_elem(400, 0.3)), ErrorKind::Undefined);
    let with = |value: f64| {
        let mut series = good.clone();
        series[77] = value;
        series
    };
    assert_eq!(kind(&with(f64::NAN)), ErrorKind::InvalidInput);
    assert!(HiddenMarkov::new(2).fit(with(f64::NAN).view()).unwrap_err().to_string().contains("77"));
    // One value that outweighs all others: a state of its own has no variance.
    assert_eq!(kind(&with(1e9)), ErrorKind::Undefined);
    assert_eq!(kind(&with(1e200)), ErrorKind::Undefined);
    for model in [
        HiddenMarkov::new(1),
        HiddenMarkov::new(7),
        HiddenMarkov::new(2).with_starts(0),
        HiddenMarkov::new(2).with_finishers(0),
        HiddenMarkov::new(2).with_tolerance(0.0),
        HiddenMarkov::new(2).with_most_steps(0),
    ] {
        assert_eq!(model.fit(good.view()).unwrap_err().kind(), ErrorKind::InvalidInput, "{model:?}");
    }
    let short = HiddenMarkov::new(2).with_most_steps(2).fit(good.view()).unwrap_err();
    assert_eq!(short.kind(), ErrorKind::NotConverged);
    let mut filter = gaussian().filter();
    assert!(filter.observe(f64::NAN).is_err() && filter.predictive(0).is_err());
    assert!(filter.forecast_probabilities(0).is_err() && filter.predicted_cdf(f64::NAN).is_err());
    assert!(gaussian().decode(array![].view()).is_err());
}

#[test]
fn rare_states_are_reported() {
    let mut series = simulated(&gaussian(), 2_000, 9);
    series.iter_mut().skip(1_000).take(20).for_each(|x| *x *= 40.0);
    let fitted = HiddenMarkov::new(3).fit(series.view()).unwrap();
    let certificate = fitted.certificate();
    assert_eq!(certificate.rare_states, [2]);
    assert!(certificate.warnings()[0].starts_with("state 2 holds"), "{:?}", certificate.warnings());
    let text = serde_json::to_string(&fitted).unwrap();
    assert!(serde_json::from_str::<FittedHiddenMarkov>(&text).is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Plain steps and extrapolated climbs never lose likelihood; the states come out in order; the unit is free.
    #[test]
    fn the_likelihood_never_falls(seed in 0_u64..1_000, student in any::<bool>(), scale in 1e-3..1e3f64) {
        let series = simulated(&gaussian(), 400, seed);
        let standard = Standardised::new(series.view()).unwrap();
        let mut work = Work::<3>::new(&standard.values, 1e-6);
        let mut at = starts::start::<3>(&standard.values, seed as usize, student, &mut Streams::new(seed).block(0));
        let mut before = f64::NEG_INFINITY;
        for _ in 0..20 {
            let Some(step) = work.step(&at) else { break };
            prop_assert!(step.log_likelihood >= before - 1e-9, "{before} {}", step.log_likelihood);
            (before, at) = (step.log_likelihood, step.next);
        }
        let start = starts::start::<2>(&standard.values, seed as usize, student, &mut Streams::new(seed).block(0));
        let mut work = Work::<2>::new(&standard.values, 1e-6);
        if let Some((_, at)) = warm(&mut work, start, 2) && let Ok(summit) = climb(&mut work, at, 1e-7, 2_000, None) {
            prop_assert!(summit.trace.windows(2).all(|pair| pair[1] >= pair[0] - 1e-9), "{:?}", summit.trace);
        }
        let emissions = if student { Emissions::StudentT } else { Emissions::Gaussian };
        let model = HiddenMarkov::new(2).with_emissions(emissions);
        if let Ok(fitted) = model.fit(series.view()) {
            let laws = fitted.parameters().states();
            prop_assert!(laws[0].variance() <= laws[1].variance());
            let scaled = model.fit((&series * scale).view()).unwrap();
            let want = fitted.log_likelihood() - 400.0 * scale.ln();
            prop_assert!((scaled.log_likelihood() - want).abs() < 1e-3);
        }
    }
}

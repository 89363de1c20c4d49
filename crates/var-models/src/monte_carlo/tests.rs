use std::sync::Arc;

use alluse_instruments::{Book, MarketSnapshot};
use alluse_risk_core::covariance::EwmaCovariance;
use alluse_risk_core::measures::{QuantileRule, Spectrum};
use alluse_risk_core::panel::ReturnPanel;
use alluse_risk_core::streams::Streams;
use alluse_risk_core::{
    AssetId, Confidence, Covariance, Decay, Error as CoreError, ErrorKind, Estimate, Factor, HistorySplitter, Horizon,
    IntervalMethod, LossDistribution, Ordering, Result as CoreResult, ScenarioSource, ShockKind, VarModel,
};
use jiff::ToSpan;
use jiff::civil::date;
use ndarray::{Array1, Array2, ArrayView2, Axis, array};
use proptest::prelude::*;

use super::*;
use crate::{DeltaGamma, Error, HorizonRule, NormalLoss, Result, StudentTLoss};

const DAY: Horizon = Horizon::DAY;

fn covariance() -> Covariance {
    Covariance::new(array![[4e-4, 1e-4, 0.0], [1e-4, 9e-4, 2e-4], [0.0, 2e-4, 1e-4]]).unwrap()
}

fn exposures() -> Array1<f64> {
    array![1_000.0, -500.0, 2_000.0]
}

/// By hand: 400 + 225 + 400 − 2·50 − 2·200 = 525.
const VARIANCE: f64 = 525.0;

fn normal() -> FactorModel {
    FactorModel::normal(Array1::zeros(3), &covariance()).unwrap()
}

fn every_sampling() -> [Sampling; 5] {
    let shift = Sampling::Sobol { scramblings: 16, randomisation: Randomisation::DigitalShift };
    [Sampling::Independent, Sampling::Antithetic, Sampling::moment_matched(), Sampling::sobol(), shift]
}

fn book() -> LinearPnl {
    LinearPnl::new(exposures()).unwrap()
}

/// Within `errors` standard errors of `want`.
fn near(estimate: &Estimate, want: f64, errors: f64) -> bool {
    estimate.standard_error.is_some_and(|error| (estimate.value - want).abs() < errors * error)
}

fn var(loss: &dyn LossDistribution, level: f64) -> Estimate {
    loss.value_at_risk(Confidence::new(level).unwrap()).unwrap()
}

fn shortfall(loss: &dyn LossDistribution, level: f64) -> Estimate {
    loss.expected_shortfall(Confidence::new(level).unwrap()).unwrap()
}

#[test]
fn every_sampling_finds_the_normal_law() {
    let exact = NormalLoss::new(0.0, VARIANCE.sqrt(), DAY).unwrap();
    for sampling in every_sampling() {
        let simulation = Simulation::new(5).with_paths(1 << 16).with_sampling(sampling);
        let loss = simulation.losses(&normal(), &book(), DAY).unwrap();
        for level in [0.05, 0.95, 0.99] {
            // Kernel densities and quantile widths know the error to a few percent, so four of them are allowed.
            assert!(near(&var(&loss, level), var(&exact, level).value, 4.0), "{sampling:?} {level}");
            assert!(near(&shortfall(&loss, level), shortfall(&exact, level).value, 4.0), "{sampling:?} {level}");
        }
        let spectrum = Spectrum::exponential(10.0).unwrap();
        let (got, want) = (loss.spectral(&spectrum).unwrap(), exact.spectral(&spectrum).unwrap());
        assert!(near(&got, want.value, 4.0), "{sampling:?}");
        assert!((loss.cdf(0.0).unwrap() - 0.5).abs() < 0.01);
        assert_eq!((loss.horizon(), loss.sample().len()), (DAY, 1 << 16));
        let mean = loss.mean().unwrap();
        assert!(mean.value.abs() < 4.0 * mean.standard_error.unwrap() + 1e-10, "{sampling:?}");
    }
}

#[test]
fn every_sampling_finds_the_t_law() {
    let model = FactorModel::student_t(array![0.001, 0.0, 0.0], &covariance(), 5.0).unwrap();
    let exact = StudentTLoss::with_standard_deviation(1.0, VARIANCE.sqrt(), 5.0, DAY).unwrap();
    for sampling in every_sampling() {
        let simulation = Simulation::new(11).with_paths(1 << 16).with_sampling(sampling);
        for reduction in [Reduction::Portfolio, Reduction::Directions, Reduction::Factors] {
            let loss = simulation.linear_losses(&model, exposures().view(), DAY, reduction).unwrap();
            for level in [0.9, 0.99] {
                assert!(near(&var(&loss, level), var(&exact, level).value, 4.0), "{sampling:?} {reduction:?} {level}");
                let want = shortfall(&exact, level).value;
                assert!(near(&shortfall(&loss, level), want, 4.0), "{sampling:?} {reduction:?} {level}");
            }
        }
    }
}

#[test]
fn directions_and_factors_are_the_same_paths() {
    for model in [normal(), FactorModel::student_t(array![0.1, 0.0, 0.2], &covariance(), 4.0).unwrap()] {
        for sampling in every_sampling() {
            let simulation = Simulation::new(3).with_paths(2_048).with_sampling(sampling);
            let ask = |reduction| simulation.linear_losses(&model, exposures().view(), DAY, reduction).unwrap();
            let (short, long) = (ask(Reduction::Directions), ask(Reduction::Factors));
            let gap = &short.sample().losses() - &long.sample().losses();
            assert!(gap.iter().all(|gap| gap.abs() < 1e-10), "{sampling:?}");
        }
    }
}

#[test]
fn the_number_of_paths_does_not_change_the_first_ones() {
    let moves = |paths| Simulation::new(9).with_paths(paths).moves(&normal(), Horizon::WEEK).unwrap();
    let (few, many) = (moves(1_024), moves(3_000));
    assert_eq!(many.view().split_at(Axis(0), 1_024).0, few);
    let other = Simulation::new(10).with_paths(1_024).moves(&normal(), Horizon::WEEK).unwrap();
    assert_ne!(few, other);
}

#[test]
fn pairs_mirror_each_other_and_share_their_mixing() {
    let model = FactorModel::student_t(Array1::zeros(3), &covariance(), 3.0).unwrap();
    let simulation = Simulation::new(1).with_paths(3_000).with_sampling(Sampling::Antithetic);
    for model in [model, normal()] {
        let moves = simulation.moves(&model, DAY).unwrap();
        for pair in moves.axis_chunks_iter(Axis(0), 2) {
            assert_eq!(pair.row(0), -&pair.row(1));
        }
        assert_ne!(moves.row(0), moves.row(2));
    }
    // A linear book without drift: the pairs cancel, so the mean is exact.
    let mean = simulation.losses(&normal(), &book(), DAY).unwrap().mean().unwrap();
    assert!(mean.value.abs() < 1e-12 && mean.standard_error.unwrap() < 1e-12);
}

#[test]
fn matched_batches_have_exact_moments() {
    let unit = Covariance::new(Array2::eye(2)).unwrap();
    let model = FactorModel::normal(Array1::zeros(2), &unit).unwrap();
    let simulation = Simulation::new(1).with_paths(1_600).with_sampling(Sampling::moment_matched());
    let moves = simulation.moves(&model, DAY).unwrap();
    for batch in moves.axis_chunks_iter(Axis(0), 100) {
        for column in batch.columns() {
            assert!((column.sum() / 100.0).abs() < 1e-14);
            assert!((column.dot(&column) / 100.0 - 1.0).abs() < 1e-13);
        }
    }
}

/// Spread of the estimates of many seeds over the error that they state.
fn calibration(ask: impl Fn(u64) -> Estimate) -> f64 {
    let seeds = 200;
    let all: Vec<Estimate> = (0..seeds).map(ask).collect();
    let mean = all.iter().map(|e| e.value).sum::<f64>() / seeds as f64;
    let spread = all.iter().map(|e| (e.value - mean).powi(2)).sum::<f64>() / (seeds - 1) as f64;
    let stated = all.iter().map(|e| e.standard_error.unwrap().powi(2)).sum::<f64>() / seeds as f64;
    (spread / stated).sqrt()
}

#[test]
fn stated_errors_are_the_spread_between_seeds() {
    // 200 seeds know a standard deviation to 1/√400 = 5 %; four of those, and some percent of bias in the density.
    for sampling in every_sampling() {
        let loss = |seed| {
            let simulation = Simulation::new(seed).with_paths(4_096).with_sampling(sampling);
            simulation.losses(&normal(), &book(), DAY).unwrap()
        };
        let ratio = calibration(|seed| var(&loss(seed), 0.95));
        assert!((0.75..1.25).contains(&ratio), "{sampling:?} VaR {ratio}");
        let ratio = calibration(|seed| shortfall(&loss(seed), 0.95));
        assert!((0.75..1.25).contains(&ratio), "{sampling:?} ES {ratio}");
    }
}

#[test]
fn better_sampling_has_smaller_errors() {
    let error = |sampling| {
        let simulation = Simulation::new(2).with_paths(1 << 16).with_sampling(sampling);
        let loss = simulation.linear_losses(&normal(), exposures().view(), DAY, Reduction::Factors).unwrap();
        shortfall(&loss, 0.95).standard_error.unwrap()
    };
    let plain = error(Sampling::Independent);
    assert!(error(Sampling::sobol()) < 0.3 * plain);
    assert!(error(Sampling::moment_matched()) < 0.9 * plain);
}

#[test]
fn intervals_say_how_they_were_made() {
    let loss = |sampling| {
        let simulation = Simulation::new(2).with_paths(1 << 12).with_sampling(sampling);
        simulation.losses(&normal(), &book(), DAY).unwrap()
    };
    let method = |sampling| var(&loss(sampling), 0.95).interval.unwrap().method;
    assert_eq!(method(Sampling::Independent), IntervalMethod::OrderStatistic);
    assert_eq!(method(Sampling::Antithetic), IntervalMethod::Asymptotic);
    assert_eq!(method(Sampling::sobol()), IntervalMethod::Replicates);
    let estimate = shortfall(&loss(Sampling::sobol()), 0.95);
    let (error, interval) = (estimate.standard_error.unwrap(), estimate.interval.unwrap());
    // Student t with 15 degrees of freedom: 2.1314.
    assert!(((interval.upper - estimate.value) / error - 2.131_449_5).abs() < 1e-6);
    assert!(((estimate.value - interval.lower) / error - 2.131_449_5).abs() < 1e-6);
    // A quantile too near the end for its interval has an error at most.
    let estimate = var(&loss(Sampling::Antithetic), 0.9999);
    assert!(estimate.interval.is_none());
}

fn bent_book() -> DeltaGamma {
    let gammas = array![[-2e4, 0.0, 5e3], [0.0, -1e4, 0.0], [5e3, 0.0, -4e4]];
    DeltaGamma::new(3.0, exposures().view(), gammas.view(), &covariance(), DAY).unwrap()
}

#[test]
fn a_bent_book_agrees_with_the_inversion() {
    let exact = bent_book().loss().unwrap();
    for sampling in every_sampling() {
        let simulation = Simulation::new(5).with_paths(1 << 16).with_sampling(sampling);
        let loss = simulation.losses(&normal(), &bent_book(), DAY).unwrap();
        for level in [0.9, 0.99] {
            assert!(near(&var(&loss, level), var(&exact, level).value, 4.0), "{sampling:?} {level}");
            assert!(near(&shortfall(&loss, level), shortfall(&exact, level).value, 4.0), "{sampling:?} {level}");
        }
    }
}

#[test]
fn the_control_is_exact_for_itself_and_helps_others() {
    let simulation = Simulation::new(8).with_paths(20_000);
    // A book that is its own control has the exact probability in every stratum: at 98 % the quantile is an edge.
    let loss = simulation.losses_with_control(&normal(), &book(), exposures().view()).unwrap();
    let exact = NormalLoss::new(0.0, VARIANCE.sqrt(), DAY).unwrap();
    let edge = var(&exact, 0.98).value;
    assert!((loss.cdf(edge).unwrap() - 0.98).abs() < 1e-12);
    assert!((loss.cdf(-edge).unwrap() - 0.02).abs() < 1e-12);
    // A book whose gammas move a tenth of what its deltas do gains what the deltas explain.
    let gammas = array![[-5e3, 0.0, 1e3], [0.0, -2.5e3, 0.0], [1e3, 0.0, -1e4]];
    let mild = DeltaGamma::new(3.0, exposures().view(), gammas.view(), &covariance(), DAY).unwrap();
    let plain = simulation.losses(&normal(), &mild, DAY).unwrap();
    let controlled = simulation.losses_with_control(&normal(), &mild, exposures().view()).unwrap();
    let law = mild.loss().unwrap();
    // Further out a stratum near the quantile holds more of the tail, and less is gained.
    for (level, gain) in [(0.95, 0.6), (0.99, 0.8)] {
        let (with, without) = (var(&controlled, level), var(&plain, level));
        assert!(near(&with, var(&law, level).value, 4.0), "{level}");
        assert!(with.standard_error.unwrap() < gain * without.standard_error.unwrap(), "{level}");
        let (with, without) = (shortfall(&controlled, level), shortfall(&plain, level));
        assert!(near(&with, shortfall(&law, level).value, 4.0), "{level}");
        assert!(with.standard_error.unwrap() < gain * without.standard_error.unwrap(), "{level}");
    }
    assert!(controlled.spectral(&Spectrum::exponential(5.0).unwrap()).unwrap().standard_error.is_some());
    assert!(controlled.mean().unwrap().standard_error.unwrap() < 0.5 * plain.mean().unwrap().standard_error.unwrap());
}

#[test]
fn the_control_knows_the_t_law() {
    let model = FactorModel::student_t(array![0.0, 0.002, 0.0], &covariance(), 4.0).unwrap();
    let exact = StudentTLoss::with_standard_deviation(-1.0, VARIANCE.sqrt(), 4.0, DAY).unwrap();
    let simulation = Simulation::new(8).with_paths(5_000);
    let loss = simulation.losses_with_control(&model, &book(), exposures().view()).unwrap();
    assert!((loss.cdf(var(&exact, 0.96).value).unwrap() - 0.96).abs() < 1e-12);
}

#[test]
fn errors_of_weighted_designs_are_the_spread_between_seeds() {
    let controlled = |seed| {
        let simulation = Simulation::new(seed).with_paths(4_000);
        simulation.losses_with_control(&normal(), &bent_book(), exposures().view()).unwrap()
    };
    let twisted = |seed| {
        let simulation = Simulation::new(seed).with_paths(4_000);
        simulation.importance_losses(&bent_book(), &bent_book(), Confidence::P99).unwrap()
    };
    // As above, five percent four times.
    for (name, ratio) in [
        ("control VaR", calibration(|seed| var(&controlled(seed), 0.95))),
        ("control ES", calibration(|seed| shortfall(&controlled(seed), 0.95))),
        ("twist VaR", calibration(|seed| var(&twisted(seed), 0.99))),
        ("twist ES", calibration(|seed| shortfall(&twisted(seed), 0.99))),
    ] {
        assert!((0.75..1.25).contains(&ratio), "{name} {ratio}");
    }
}

#[test]
fn importance_sampling_reaches_the_far_tail() {
    let law = bent_book().loss().unwrap();
    let level = Confidence::new(0.9999).unwrap();
    let simulation = Simulation::new(21).with_paths(20_000);
    let loss = simulation.importance_losses(&bent_book(), &bent_book(), level).unwrap();
    let (quantile, mean) = (var(&loss, 0.9999), shortfall(&loss, 0.9999));
    assert!(near(&quantile, var(&law, 0.9999).value, 4.0));
    assert!(near(&mean, shortfall(&law, 0.9999).value, 4.0));
    // Two losses of 20,000 plain ones lie out there: their ES has an error of tens of percent.
    assert!(mean.standard_error.unwrap() < 0.01 * mean.value);
    assert!(quantile.standard_error.unwrap() < 0.01 * quantile.value);
    let total: f64 = loss.sample().probabilities().unwrap().sum();
    assert!((total - 1.0).abs() < 1e-12);
    // A curvature of the wrong book is no harm: the same moves value another one.
    let straight = simulation.importance_losses(&bent_book(), &book(), Confidence::P99).unwrap();
    assert!(near(&var(&straight, 0.99), var(&NormalLoss::new(0.0, VARIANCE.sqrt(), DAY).unwrap(), 0.99).value, 4.0));
}

#[test]
fn days_compound_by_kind() {
    let certain = Covariance::new(Array2::zeros((3, 3))).unwrap();
    let kinds = vec![ShockKind::Relative, ShockKind::Absolute, ShockKind::Log];
    let model = FactorModel::normal(array![0.1, 0.1, 0.1], &certain).unwrap().with_kinds(kinds).unwrap();
    let moves = Simulation::new(1).with_paths(2).moves(&model, Horizon::days(3).unwrap()).unwrap();
    assert!((moves[[0, 0]] - (1.1_f64.powi(3) - 1.0)).abs() < 1e-14);
    assert!((moves[[0, 1]] - 0.3).abs() < 1e-14 && (moves[[1, 2]] - 0.3).abs() < 1e-14);
    let ruin = FactorModel::normal(array![-1.5, 0.0, 0.0], &certain).unwrap();
    let ruin = |horizon| Simulation::new(1).with_paths(2).moves(&ruin, horizon);
    assert!(ruin(DAY).is_ok());
    assert!(matches!(ruin(Horizon::WEEK), Err(Error::Input(CoreError::OutOfDomain { name: "simulated return", .. }))));
}

#[test]
fn independent_days_add_their_variances() {
    // Log moves of 10 days: variance 10 · 525, for every sampling.
    let model = normal().with_kinds(vec![ShockKind::Log; 3]).unwrap();
    let exact = NormalLoss::new(0.0, (10.0 * VARIANCE).sqrt(), Horizon::TEN_DAYS).unwrap();
    for sampling in every_sampling() {
        let simulation = Simulation::new(6).with_paths(1 << 14).with_sampling(sampling);
        let loss = simulation.losses(&model, &book(), Horizon::TEN_DAYS).unwrap();
        assert!(near(&var(&loss, 0.95), var(&exact, 0.95).value, 4.0), "{sampling:?}");
        assert_eq!(loss.horizon(), Horizon::TEN_DAYS);
    }
}

#[test]
fn copulas_keep_their_marginals() {
    let correlation = Covariance::new(array![[1.0, 0.5], [0.5, 1.0]]).unwrap();
    let sample: Array1<f64> = (0..101).map(|i| f64::from(i).powi(2) / 1e4 - 0.3).collect();
    let fitted = MarginalKind::Empirical.fit(sample.view()).unwrap();
    for degrees in [None, Some(4.0)] {
        let marginals: Vec<Arc<dyn Marginal>> = vec![
            Arc::new(fitted.clone()),
            Arc::new(FittedMarginal::StudentT { location: 0.0, scale: 0.01, degrees_of_freedom: 3.0 }),
        ];
        let model = FactorModel::copula(marginals, &correlation, degrees).unwrap();
        let simulation = Simulation::new(4).with_paths(40_000).with_quantile_rule(QuantileRule::Linear);
        // One exposure at a time: the law of the P&L is that of the marginal.
        for (exposure, place) in [(array![-1.0, 0.0], 0), (array![0.0, -1.0], 1)] {
            let loss = simulation.linear_losses(&model, exposure.view(), DAY, Reduction::Portfolio).unwrap();
            for level in [0.3, 0.9, 0.99] {
                let want = if place == 0 {
                    fitted.quantile(level).unwrap()
                } else {
                    FittedMarginal::StudentT { location: 0.0, scale: 0.01, degrees_of_freedom: 3.0 }
                        .quantile(level)
                        .unwrap()
                };
                assert!(near(&var(&loss, level), want, 4.5), "{degrees:?} {place} {level}");
            }
        }
        // A t copula has more joint extremes than a normal one with the same correlation.
        let moves = simulation.moves(&model, DAY).unwrap();
        let edge = [fitted.quantile(0.01).unwrap(), -0.045_407];
        let joint = moves.rows().into_iter().filter(|row| row[0] <= edge[0] && row[1] <= edge[1]).count();
        let range = if degrees.is_none() { 30..80 } else { 85..170 };
        assert!(range.contains(&joint), "{degrees:?}: {joint}");
    }
}

#[test]
fn wrong_numbers_of_paths_are_refused() {
    let kind = |paths, sampling| {
        let simulation = Simulation::new(1).with_paths(paths).with_sampling(sampling);
        match simulation.losses(&normal(), &book(), DAY).unwrap_err() {
            Error::Input(CoreError::OutOfDomain { name, .. }) => name,
            other => panic!("{other}"),
        }
    };
    let sobol = |scramblings| Sampling::Sobol { scramblings, randomisation: Randomisation::Nested };
    assert_eq!(kind(0, Sampling::Independent), "paths");
    assert_eq!(kind(1, Sampling::Independent), "paths");
    assert_eq!(kind(101, Sampling::Antithetic), "paths of antithetic pairs");
    assert_eq!(kind(150, Sampling::MomentMatched { batches: 15 }), "replicates");
    assert_eq!(kind(0x100, sobol(0)), "replicates");
    assert_eq!(kind(161, Sampling::moment_matched()), "paths");
    assert_eq!(kind(16, Sampling::sobol()), "paths");
    assert_eq!(kind(160, Sampling::sobol()), "paths of a scrambling");
    let many = Simulation::new(1).with_paths(64).with_sampling(Sampling::sobol());
    let error = many.moves(&normal(), Horizon::days(1_400).unwrap()).unwrap_err();
    assert!(matches!(error, Error::Input(CoreError::OutOfDomain { name: "Sobol dimensions", .. })));
    assert!(Simulation::new(1).with_paths(2).losses(&normal(), &book(), DAY).is_ok());
}

#[test]
fn one_wrong_thing_at_a_time() {
    let simulation = Simulation::new(1).with_paths(64);
    let kind = |result: Result<SimulatedLoss>| result.unwrap_err().kind();
    assert!(matches!(LinearPnl::new(Array1::zeros(0)), Err(Error::Input(CoreError::Empty { .. }))));
    assert!(matches!(
        LinearPnl::new(array![1.0, f64::NAN]),
        Err(Error::Input(CoreError::ElementOutOfDomain { index: 1, .. }))
    ));
    let short = LinearPnl::new(array![1.0]).unwrap();
    assert_eq!(kind(simulation.losses(&normal(), &short, DAY)), ErrorKind::InvalidInput);
    for reduction in [Reduction::Portfolio, Reduction::Directions, Reduction::Factors] {
        let ask = |x: Array1<f64>| simulation.linear_losses(&normal(), x.view(), DAY, reduction);
        assert_eq!(kind(ask(array![1.0])), ErrorKind::InvalidInput, "{reduction:?}");
        assert_eq!(kind(ask(array![1.0, 1.0, f64::NAN])), ErrorKind::InvalidInput, "{reduction:?}");
    }
    let correlation = Covariance::new(Array2::eye(1)).unwrap();
    let law = FittedMarginal::Normal { mean: 0.0, standard_deviation: 1.0 };
    let copula = FactorModel::copula(vec![Arc::new(law)], &correlation, None).unwrap();
    let one = LinearPnl::new(array![1.0]).unwrap();
    let control = |s: Simulation, model: &FactorModel, book: &LinearPnl, x: Array1<f64>| {
        kind(s.losses_with_control(model, book, x.view()))
    };
    assert_eq!(control(simulation, &copula, &one, array![1.0]), ErrorKind::Unsupported);
    assert_eq!(control(simulation, &normal(), &book(), Array1::zeros(3)), ErrorKind::Undefined);
    let pairs = simulation.with_sampling(Sampling::Antithetic);
    assert_eq!(control(pairs, &normal(), &book(), exposures()), ErrorKind::Unsupported);
    let twist =
        |s: Simulation, level| kind(s.importance_losses(&bent_book(), &book(), Confidence::new(level).unwrap()));
    assert_eq!(twist(pairs, 0.99), ErrorKind::Unsupported);
    assert_eq!(twist(simulation, 0.01), ErrorKind::InvalidInput);
    let flat = Covariance::new(Array2::zeros((1, 1))).unwrap();
    let idle = DeltaGamma::new(0.0, array![1.0].view(), Array2::zeros((1, 1)).view(), &flat, DAY).unwrap();
    assert_eq!(kind(simulation.importance_losses(&idle, &one, Confidence::P99)), ErrorKind::Undefined);
}

#[derive(Debug)]
struct Short;

impl FactorPnl for Short {
    fn pnl(&self, _: ArrayView2<'_, f64>) -> CoreResult<Array1<f64>> {
        Ok(Array1::zeros(1))
    }
}

#[test]
fn a_book_that_forgets_paths_is_found_out() {
    let error = Simulation::new(1).with_paths(8).losses(&normal(), &Short, DAY).unwrap_err();
    assert!(matches!(error, Error::Input(CoreError::LengthMismatch { expected: 8, got: 1, .. })));
}

#[test]
fn a_certain_book_has_certain_losses() {
    let certain = Covariance::new(Array2::zeros((1, 1))).unwrap();
    let model = FactorModel::normal(array![-0.02], &certain).unwrap();
    for sampling in every_sampling() {
        let simulation = Simulation::new(1).with_paths(64).with_sampling(sampling);
        let loss = simulation.losses(&model, &LinearPnl::new(array![100.0]).unwrap(), DAY).unwrap();
        assert!((var(&loss, 0.99).value - 2.0).abs() < 1e-14, "{sampling:?}");
        assert!((shortfall(&loss, 0.99).value - 2.0).abs() < 1e-14, "{sampling:?}");
    }
}

#[test]
fn configurations_are_stored() {
    let simulation = Simulation::new(3).with_paths(512).with_sampling(Sampling::sobol());
    let text = serde_json::to_string(&simulation).unwrap();
    assert_eq!(serde_json::from_str::<Simulation>(&text).unwrap(), simulation);
    assert_eq!((simulation.paths(), simulation.sampling()), (512, Sampling::sobol()));
    assert_eq!(Simulation::new(3).paths(), 100_000);
    let law = FactorLaw::TCopula { degrees_of_freedom: 4.0, marginal: MarginalKind::StudentT };
    let text = serde_json::to_string(&law).unwrap();
    assert_eq!(serde_json::from_str::<FactorLaw>(&text).unwrap(), law);
}

fn factors() -> Vec<Factor> {
    ["A", "B", "C"].map(|name| Factor::Spot(AssetId::new(name).unwrap())).to_vec()
}

#[test]
fn scenarios_of_a_factor_do_not_depend_on_the_others() {
    let simulation = Simulation::new(3).with_paths(500);
    let source = MonteCarloScenarios::new(date(2024, 1, 5), factors(), normal(), simulation).unwrap();
    let all = source.scenarios(&factors(), Horizon::WEEK).unwrap();
    let some = source.scenarios(&[factors()[2].clone(), factors()[0].clone()], Horizon::WEEK).unwrap();
    assert_eq!(all.column(&factors()[2]).unwrap(), some.column(&factors()[2]).unwrap());
    assert_eq!(some.factors()[0], (factors()[2].clone(), ShockKind::Relative));
    assert_eq!((all.ordering(), all.horizon(), all.as_of()), (Ordering::Exchangeable, Horizon::WEEK, date(2024, 1, 5)));
    assert!(all.probabilities().is_none());
    let other = Factor::Spot(AssetId::new("D").unwrap());
    assert!(matches!(source.scenarios(&[other], DAY), Err(CoreError::Unknown { .. })));
    let twice = vec![factors()[0].clone(), factors()[1].clone(), factors()[0].clone()];
    let error = MonteCarloScenarios::new(date(2024, 1, 5), twice, normal(), simulation).unwrap_err();
    assert!(matches!(error, Error::Input(CoreError::Duplicate { first: 0, second: 2, .. })));
    let error = MonteCarloScenarios::new(date(2024, 1, 5), factors()[..2].to_vec(), normal(), simulation).unwrap_err();
    assert!(matches!(error, Error::Input(CoreError::LengthMismatch { .. })));
}

#[test]
fn a_revalued_share_book_has_the_losses_of_the_simulation() {
    let spots = [50.0, 20.0, 80.0];
    let market = factors()
        .iter()
        .zip(["A", "B", "C"])
        .zip(spots)
        .fold(MarketSnapshot::usd(date(2024, 1, 5)), |market, ((_, name), spot)| market.with_spot(name, spot).unwrap());
    // 1,000, −500 and 2,000 in money.
    let book = Book::builder().share("A", 20.0).share("B", -25.0).share("C", 25.0).build(&market).unwrap();
    let simulation = Simulation::new(3).with_paths(2_000);
    let source = MonteCarloScenarios::new(date(2024, 1, 5), factors(), normal(), simulation).unwrap();
    let pnl = book.revalue(&source.scenarios(&factors(), DAY).unwrap()).unwrap();
    let revalued = pnl.losses().unwrap();
    let direct = simulation.losses(&normal(), &super::tests::book(), DAY).unwrap();
    let gap = &revalued.losses() - &direct.sample().losses();
    assert!(gap.iter().all(|gap| gap.abs() < 1e-9));
}

#[test]
fn twisted_scenarios_carry_their_probabilities() {
    let simulation = Simulation::new(3).with_paths(20_000);
    let source = MonteCarloScenarios::new(date(2024, 1, 5), factors(), normal(), simulation)
        .unwrap()
        .with_importance(bent_book(), Confidence::P99)
        .unwrap();
    let set = source.scenarios(&factors(), DAY).unwrap();
    let probabilities = set.probabilities().unwrap();
    let losses = bent_book().pnl(set.shocks()).unwrap().mapv(|gain| -gain);
    let quantile = var(&bent_book().loss().unwrap(), 0.99).value;
    let tail: f64 = losses.iter().zip(probabilities).filter(|(l, _)| **l > quantile).map(|(_, p)| p).sum();
    // About half of the paths are in the tail; its mass of 1 % is known to a percent or two.
    assert!((tail - 0.01).abs() < 4e-4, "{tail}");
    assert!(matches!(source.scenarios(&factors(), Horizon::WEEK), Err(CoreError::Model { .. })));
    let one = Covariance::new(Array2::eye(1)).unwrap();
    let other = DeltaGamma::new(0.0, array![1.0].view(), Array2::eye(1).view(), &one, DAY).unwrap();
    let plain = MonteCarloScenarios::new(date(2024, 1, 5), factors(), normal(), simulation).unwrap();
    assert!(plain.with_importance(other, Confidence::P99).is_err());
}

fn panel(count: usize) -> ReturnPanel {
    let dates = date(2020, 1, 1).series(1.day()).take(count).collect();
    let assets = ["A", "B"].map(|name| AssetId::new(name).unwrap()).to_vec();
    let z = Streams::new(77).standard_normals(count, 2);
    let mix = array![[0.01, 0.005], [0.0, 0.02]];
    ReturnPanel::new(dates, assets, z.dot(&mix) + 0.001).unwrap()
}

fn forecast(model: &MonteCarlo, count: usize, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
    let panel = panel(count);
    let splitter = HistorySplitter::new(&panel, array![1_000.0, 500.0])?;
    model.forecast(splitter.ending(count, count)?, horizon)
}

fn laws() -> [FactorLaw; 5] {
    [
        FactorLaw::Normal,
        FactorLaw::StudentT { degrees_of_freedom: 200.0 },
        FactorLaw::NormalCopula { marginal: MarginalKind::Normal },
        FactorLaw::NormalCopula { marginal: MarginalKind::Empirical },
        FactorLaw::TCopula { degrees_of_freedom: 200.0, marginal: MarginalKind::StudentT },
    ]
}

#[test]
fn every_law_fits_normal_returns_alike() {
    // P&L 12.5 z₁ + 10 z₂ + 1.5: standard deviation √256.25 = 16.0. The fit to 2,000 days knows the VaR to a few
    // percent, and the sample that is fitted is the same for all.
    let exact = forecast(&MonteCarlo::new(Simulation::new(1)), 2_000, DAY).unwrap();
    let exact = var(&*exact, 0.95).value;
    assert!((exact - (1.644_853_6 * 256.25_f64.sqrt() - 1.5)).abs() < 1.5, "{exact}");
    for law in laws() {
        let model = MonteCarlo::new(Simulation::new(1).with_paths(20_000)).with_law(law);
        let loss = forecast(&model, 2_000, DAY).unwrap();
        assert!((var(&*loss, 0.95).value / exact - 1.0).abs() < 0.05, "{law:?}");
        // Without drift the loss is larger by the mean of the window.
        let still = forecast(&model.clone().with_drift(Drift::Zero), 2_000, DAY).unwrap();
        let moved = var(&*still, 0.95).value - var(&*loss, 0.95).value;
        assert!((moved - 1.5).abs() < 1.3 && moved > 0.0, "{law:?}: {moved}");
    }
}

#[test]
fn names_and_limits() {
    let names: Vec<String> =
        laws().iter().map(|law| MonteCarlo::new(Simulation::new(1)).with_law(*law).name().to_owned()).collect();
    assert_eq!(names[0], "Monte Carlo normal");
    assert_eq!(names[1], "Monte Carlo student t");
    assert_eq!(names[2], "Monte Carlo normal copula");
    assert_eq!(names[4], "Monte Carlo t copula");
    let model = MonteCarlo::new(Simulation::new(1));
    assert_eq!(model.min_observations(), 100);
    assert_eq!(model.clone().with_min_observations(0).min_observations(), 2);
    assert!(matches!(forecast(&model, 99, DAY), Err(CoreError::InsufficientData { required: 100, available: 99, .. })));
    assert!(forecast(&model, 100, DAY).is_ok());
    for law in [
        FactorLaw::StudentT { degrees_of_freedom: 2.0 },
        FactorLaw::TCopula { degrees_of_freedom: f64::NAN, marginal: MarginalKind::Normal },
    ] {
        let error = forecast(&model.clone().with_law(law), 200, DAY).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{law:?}");
    }
}

#[test]
fn longer_horizons_compound_or_scale_by_name() {
    let ten = Horizon::TEN_DAYS;
    let model = MonteCarlo::new(Simulation::new(1).with_paths(50_000));
    let compounded = forecast(&model, 500, ten).unwrap();
    let scaled = model.clone().with_multi_day(MultiDay::Rule(HorizonRule::SquareRootOfTime));
    let scaled = forecast(&scaled, 500, ten).unwrap();
    assert_eq!((compounded.horizon(), scaled.horizon()), (ten, ten));
    // Small returns hardly compound: a percent of the loss.
    let (a, b) = (var(&*compounded, 0.95), var(&*scaled, 0.95));
    assert!((a.value / b.value - 1.0).abs() < 0.05, "{} {}", a.value, b.value);
    assert_eq!(b.horizon, ten);
    let refused = model.clone().with_multi_day(MultiDay::Rule(HorizonRule::OneDayOnly));
    assert_eq!(forecast(&refused, 500, ten).unwrap_err().kind(), ErrorKind::Unsupported);
    // A scaled copula is scaled as a whole: mean × 10, spread × √10.
    let law = FactorLaw::NormalCopula { marginal: MarginalKind::Normal };
    let copula = model.with_law(law).with_multi_day(MultiDay::Rule(HorizonRule::SquareRootOfTime));
    assert!((var(&*forecast(&copula, 500, ten).unwrap(), 0.95).value / b.value - 1.0).abs() < 0.03);
}

#[test]
fn estimator_and_reduction_are_the_callers() {
    let plain = MonteCarlo::new(Simulation::new(1).with_paths(50_000));
    let fast = plain.clone().with_estimator(Arc::new(EwmaCovariance::new(Decay::new(0.9).unwrap())));
    let (a, b) = (var(&*forecast(&plain, 500, DAY).unwrap(), 0.95), var(&*forecast(&fast, 500, DAY).unwrap(), 0.95));
    assert!((a.value / b.value - 1.0).abs() > 0.01, "{} {}", a.value, b.value);
    let whole = plain.with_reduction(Reduction::Factors);
    let whole = var(&*forecast(&whole, 500, DAY).unwrap(), 0.95);
    let error = a.standard_error.unwrap().hypot(whole.standard_error.unwrap());
    assert!((a.value - whole.value).abs() < 4.0 * error && a.value != whole.value);
}

#[test]
fn a_constant_factor_is_no_obstacle_but_for_copulas() {
    let dates = date(2020, 1, 1).series(1.day()).take(120).collect();
    let assets = ["A", "B"].map(|name| AssetId::new(name).unwrap()).to_vec();
    let mut returns = Streams::new(1).standard_normals(120, 2) * 0.01;
    returns.column_mut(1).fill(0.002);
    let panel = ReturnPanel::new(dates, assets, returns).unwrap();
    let splitter = HistorySplitter::new(&panel, array![0.0, 1_000.0]).unwrap();
    let ask = |law| {
        let model = MonteCarlo::new(Simulation::new(1).with_paths(100)).with_law(law);
        model.forecast(splitter.ending(120, 120).unwrap(), DAY)
    };
    assert!((var(&*ask(FactorLaw::Normal).unwrap(), 0.99).value + 2.0).abs() < 1e-9);
    let error = ask(FactorLaw::NormalCopula { marginal: MarginalKind::Empirical }).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undefined);
}

#[test]
fn everything_crosses_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<FactorModel>();
    crosses::<Simulation>();
    crosses::<SimulatedLoss>();
    crosses::<MonteCarlo>();
    crosses::<MonteCarloScenarios>();
    crosses::<Box<dyn FactorPnl>>();
    crosses::<Box<dyn Marginal>>();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn risk_is_homogeneous_and_ordered(
        x in prop::collection::vec(-1e3..1e3_f64, 3),
        scale in 0.1..10.0_f64,
        seed: u64,
        which in 0_usize..5,
    ) {
        let simulation = Simulation::new(seed).with_paths(1_024).with_sampling(every_sampling()[which]);
        let ask = |factor: f64| {
            let x: Array1<f64> = x.iter().map(|x| factor * x).collect();
            simulation.linear_losses(&normal(), x.view(), DAY, Reduction::Factors).unwrap()
        };
        let (one, many) = (ask(1.0), ask(scale));
        let size = x.iter().map(|x| x.abs()).sum::<f64>() * scale;
        prop_assert!((var(&many, 0.9).value - scale * var(&one, 0.9).value).abs() < 1e-9 * size);
        prop_assert!(shortfall(&one, 0.9).value >= var(&one, 0.9).value);
    }
}

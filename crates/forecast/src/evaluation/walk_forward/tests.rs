use alluse_risk_core::splits::TrainWindow;
use alluse_risk_core::streams::Streams;
use ndarray::{Array1, Array2, ArrayView1, array};
use proptest::prelude::*;

use super::*;
use crate::simulation::{FittedPaths, PathModel, ReturnPaths};
use crate::{Error, Predictive, Result};

fn noise(rows: usize, seed: u64) -> Array1<f64> {
    Streams::new(seed).standard_normals(rows, 1).column(0).mapv(|z| 0.01 * z)
}

/// The last known return, compounded; it fails on the rows whose last return is large.
fn last(refuse_above: f64) -> impl ReturnForecaster {
    FnForecaster::new("last", move |history: ArrayView1<'_, f64>, horizons: &[usize], _| {
        let r = history[history.len() - 1];
        if r > refuse_above {
            return Err(Error::undefined("forecast", format!("last return {r}")));
        }
        horizons.iter().map(|&h| Predictive::new(vec![(1.0 + r).powi(h as i32) - 1.0])).collect()
    })
}

#[test]
fn records_by_hand() {
    let returns = array![0.1, -0.2, 0.5, 0.1, -0.5, 0.2];
    let evaluation = ReturnEvaluation::new(TrainWindow::Expanding(3), 1).with_horizons([1, 2]);
    let model = last(1.0);
    let run = evaluation.run(returns.view(), &[&model]).unwrap();
    assert_eq!(run.origins(), [3, 4, 5]);
    // Two days from row 3: 1.1 · 0.5 − 1; of the two-day returns known by then, −12 % and +20 %, one rose.
    let two = run.outcomes(2);
    assert_eq!(two.len(), 2);
    assert!((two[0].realised + 0.45).abs() < 1e-15 && two[0].base_rate == 0.5 && two[0].base_returns == 2);
    // By row 4 also 1.5 · 1.1 − 1 = +65 %.
    assert!((two[1].realised + 0.4).abs() < 1e-15 && (two[1].base_rate - 2.0 / 3.0).abs() < 1e-15);
    assert!(run.outcomes(3).is_empty());
    let judged = run.models().last().unwrap();
    assert_eq!((judged.role, judged.records.len(), judged.failures.len()), (Role::Candidate, 5, 0));
    // Last known return before row 3: +50 %; two days of it are +125 %, and −45 % came about.
    let record = judged.at(2).next().unwrap();
    assert_eq!((record.origin, record.members, record.probability_up, record.pit), (3, 1, 1.0, 0.0));
    assert!((record.crps - 1.7).abs() < 1e-15 && (record.squared_error - 2.89).abs() < 1e-14 && record.brier == 1.0);
    assert!(!record.within_80() && !record.within_95());
    // The historical mean before row 3 is 0.4/3.
    let mean = run.naive(Naive::HistoricalMean).unwrap().at(1).next().unwrap();
    assert!((mean.mean - 0.4 / 3.0).abs() < 1e-15);
    // The walk without drift expects nothing: 1,000 midpoints leave out a little of the upper tail.
    let walk = run.naive(Naive::RandomWalk).unwrap().at(1).next().unwrap();
    assert!(walk.mean.abs() < 1e-3 && walk.mean < 0.0);
}

#[test]
fn failures_are_listed_and_nothing_is_lost() {
    let returns = noise(120, 3);
    let evaluation = ReturnEvaluation::new(TrainWindow::Rolling(50), 10).with_horizons([1, 5]).with_stride(2);
    let model = last(0.01);
    let run = evaluation.run(returns.view(), &[&model]).unwrap();
    let judged = run.models().last().unwrap();
    let refused: Vec<usize> = run.origins().iter().copied().filter(|&origin| returns[origin - 1] > 0.01).collect();
    assert!(!refused.is_empty());
    assert_eq!(judged.failures.iter().map(|f| f.origin).collect::<Vec<_>>(), refused);
    assert!(judged.failures.iter().all(|f| f.stage == FailureStage::Predict && f.message.contains("last return")));
    assert_eq!(judged.at(1).count() + refused.len(), run.outcomes(1).len());
}

/// Fails to fit in the middle of the series.
#[derive(Debug)]
struct Fragile;

impl ReturnForecaster for Fragile {
    fn name(&self) -> &str {
        "fragile"
    }

    fn fit<'a>(&'a self, training: ArrayView1<'_, f64>) -> Result<Box<dyn FittedForecaster + 'a>> {
        match training.len() {
            70 => Err(Error::NotConverged { method: "fit", iterations: 9, residual: 1.0 }),
            rows => Ok(Box::new(Frozen(rows))),
        }
    }
}

/// Says how many rows it was fitted on; wrong number of forecasts after row 90.
#[derive(Debug)]
struct Frozen(usize);

impl FittedForecaster for Frozen {
    fn predict(&self, history: ArrayView1<'_, f64>, horizons: &[usize], _: u64) -> Result<Vec<Predictive>> {
        let asked = if history.len() >= 90 { 0 } else { horizons.len() };
        horizons.iter().take(asked).map(|_| Predictive::new(vec![self.0 as f64])).collect()
    }
}

#[test]
fn the_schedule_and_the_purge_are_kept() {
    let evaluation = ReturnEvaluation::new(TrainWindow::Expanding(60), 10).with_horizons([1]).with_purge(3);
    let run = evaluation.run(noise(100, 1).view(), &[&Fragile]).unwrap();
    let judged = run.models().last().unwrap();
    // First origin 63, fitted on 60 rows; origins 73 to 82 want the fit on 70 rows; 83 to 89 that on 80.
    for record in &judged.records {
        assert_eq!(record.mean, if record.origin < 73 { 60.0 } else { 80.0 }, "{}", record.origin);
    }
    let at = |stage| judged.failures.iter().filter(move |f| f.stage == stage).map(|f| f.origin).collect::<Vec<_>>();
    assert_eq!(at(FailureStage::Fit), (73..83).collect::<Vec<_>>());
    assert_eq!(at(FailureStage::Predict), (90..100).collect::<Vec<_>>());
    assert_eq!(judged.records.len() + judged.failures.len(), run.origins().len());
}

/// Every future repeats the mean of the rows that it was fitted to, so that a forecast tells which those were.
#[derive(Debug)]
struct Repeat;

#[derive(Debug)]
struct Repeated(f64);

impl PathModel for Repeat {
    fn name(&self) -> &str {
        "repeat"
    }

    fn min_observations(&self) -> usize {
        1
    }

    fn fit(&self, returns: ArrayView1<'_, f64>) -> Result<Box<dyn FittedPaths>> {
        Ok(Box::new(Repeated(returns.sum() / returns.len() as f64)))
    }
}

impl FittedPaths for Repeated {
    fn simulate(&self, steps: usize, paths: usize, _: u64) -> Result<ReturnPaths> {
        ReturnPaths::new(Array2::from_elem((paths, steps), self.0))
    }
}

#[test]
fn a_path_model_goes_on_from_its_origin() {
    let returns = noise(40, 9);
    let evaluation = ReturnEvaluation::new(TrainWindow::Rolling(20), 10).with_horizons([1, 2]).with_purge(2);
    let model = PathForecaster::new(Repeat, 3);
    let run = evaluation.run(returns.view(), &[&model]).unwrap();
    let judged = run.models().last().unwrap();
    assert_eq!((judged.name.as_str(), judged.failures.len(), judged.records.len()), ("repeat", 0, 18 + 17));
    for record in &judged.records {
        // Training rows start at row 0 up to origin 31 and at row 10 from there on.
        let start = if record.origin < 32 { 0 } else { 10 };
        let known = returns.iter().take(record.origin).skip(start);
        let mean = known.clone().sum::<f64>() / known.count() as f64;
        let total = (1.0 + mean).powi(record.horizon as i32) - 1.0;
        assert!((record.mean - total).abs() < 1e-15 && record.members == 3, "{}", record.origin);
    }
}

/// Places in the bootstrap of noise: a mean of one half and a variance of a twelfth.
#[test]
fn places_of_a_calibrated_forecast_are_uniform() {
    let evaluation = ReturnEvaluation::new(TrainWindow::Expanding(200), 100).with_horizons([1, 5]).with_members(200);
    let run = evaluation.run(noise(1_200, 2).view(), &[]).unwrap();
    let pits = |naive, horizon| run.naive(naive).unwrap().disjoint_pits(run.overlap(horizon).unwrap());
    for (horizon, count) in [(1, 1_000), (5, 200)] {
        let pits = pits(Naive::UnconditionalBootstrap, horizon);
        let n = pits.len() as f64;
        assert_eq!(pits.len(), count);
        let mean = pits.iter().sum::<f64>() / n;
        let variance = pits.iter().map(|p| (p - 0.5) * (p - 0.5)).sum::<f64>() / n;
        // Four standard errors: √(1/12n) and √(1/180n).
        assert!((mean - 0.5).abs() < 4.0 / (12.0 * n).sqrt(), "{mean}");
        assert!((variance - 1.0 / 12.0).abs() < 4.0 / (180.0 * n).sqrt(), "{variance}");
    }
    assert!(pits(Naive::HistoricalMean, 1).is_empty());
}

#[test]
fn hostile_input() {
    let run = |evaluation: ReturnEvaluation, returns: &Array1<f64>| evaluation.run(returns.view(), &[]);
    let base = ReturnEvaluation::new(TrainWindow::Expanding(10), 5).with_horizons([1, 5]);
    let good = noise(30, 1);
    assert!(run(base.clone(), &good).is_ok());
    for bad in [
        base.clone().with_horizons([]),
        base.clone().with_horizons([0, 1]),
        base.clone().with_horizons([5, 5]),
        base.clone().with_horizons([1, 11]),
        base.clone().with_stride(0),
        base.clone().with_members(1),
        base.clone().with_purge(usize::MAX),
        ReturnEvaluation::new(TrainWindow::Expanding(10), 0).with_horizons([1]),
        ReturnEvaluation::new(TrainWindow::Rolling(1), 1).with_horizons([1]),
    ] {
        assert!(run(bad.clone(), &good).is_err(), "{bad:?}");
    }
    for value in [f64::NAN, f64::INFINITY, -1.0, -2.0] {
        let mut returns = good.clone();
        returns[7] = value;
        let error = run(base.clone(), &returns).unwrap_err().to_string();
        assert!(error.contains("returns[7]"), "{error}");
    }
    assert!(run(base.clone(), &Array1::from_elem(30, 1e300)).is_err());
    assert!(run(base.clone(), &noise(10, 1)).is_err());
    let (a, b) = (last(1.0), last(1.0));
    assert!(matches!(base.run(good.view(), &[&a, &b]), Err(Error::Invalid { .. })));
    let impostor = FnForecaster::new("random walk", |_: ArrayView1<'_, f64>, _: &[usize], _| Ok(vec![]));
    assert!(matches!(base.run(good.view(), &[&impostor]), Err(Error::Invalid { .. })));
}

#[test]
fn a_stored_run_keeps_its_competitors() {
    let evaluation = ReturnEvaluation::new(TrainWindow::Expanding(10), 5).with_horizons([1]).with_members(20);
    let run = evaluation.run(noise(20, 1).view(), &[]).unwrap();
    let mut value = serde_json::to_value(&run).unwrap();
    assert_eq!(serde_json::from_value::<WalkForwardRun>(value.clone()).unwrap(), run);
    let mut forged = value.clone();
    forged["models"][1]["records"][0]["realised"] = 0.5.into();
    assert!(serde_json::from_value::<WalkForwardRun>(forged).is_err());
    value["models"].as_array_mut().unwrap().remove(1);
    assert!(serde_json::from_value::<WalkForwardRun>(value).unwrap_err().to_string().contains("random walk"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Changing the rows from some date on changes no forecast made before it.
    #[test]
    fn later_rows_change_no_earlier_forecast(seed in 0_u64..1_000, from in 45_usize..79, purge in 0_usize..4, rolling: bool) {
        let returns = noise(80, seed);
        let mut changed = returns.clone();
        for row in from..80 {
            changed[row] = 0.03 - returns[row];
        }
        let window = if rolling { TrainWindow::Rolling(40) } else { TrainWindow::Expanding(40) };
        let evaluation =
            ReturnEvaluation::new(window, 7).with_horizons([1, 5]).with_purge(purge).with_members(20).with_seed(seed);
        let model = last(0.015);
        let runs = [&returns, &changed].map(|series| evaluation.run(series.view(), &[&model]).unwrap());
        for (one, other) in runs[0].models().iter().zip(runs[1].models()) {
            let made = |run: &ModelRun| -> Vec<(usize, usize, f64, [f64; 7])> {
                run.records.iter().filter(|r| r.origin <= from).map(|r| (r.origin, r.horizon, r.mean, r.quantiles)).collect()
            };
            prop_assert_eq!(made(one), made(other));
            let failed = |run: &ModelRun| run.failures.iter().filter(|f| f.origin <= from).count();
            prop_assert_eq!(failed(one), failed(other));
        }
        for (one, other) in runs[0].outcomes(5).iter().zip(runs[1].outcomes(5)).filter(|(o, _)| o.origin <= from) {
            prop_assert_eq!(one.base_rate, other.base_rate);
        }
    }
}

use alluse_risk_core::splits::TrainWindow;
use alluse_risk_core::streams::Streams;
use alluse_risk_core::{FittedVolatility, VolatilityModel};
use ndarray::{Array1, ArrayView1, ArrayViewMut1, array};

use super::*;
use crate::evaluation::skill_table::{SkillSettings, SkillVerdict};

/// GARCH(1, 1) with given parameters, started at its long-run variance.
#[derive(Debug, Clone, Copy)]
struct Known {
    omega: f64,
    alpha: f64,
    beta: f64,
}

const TRUTH: Known = Known { omega: 4e-6, alpha: 0.16, beta: 0.8 };

#[derive(Debug)]
struct Filtered {
    model: Known,
    volatility: Array1<f64>,
    mean: Array1<f64>,
    next: f64,
}

impl Known {
    fn run(self, returns: ArrayView1<'_, f64>) -> Filtered {
        let mut next = self.omega / (1.0 - self.alpha - self.beta);
        let mut volatility = Array1::zeros(returns.len());
        for (v, r) in volatility.iter_mut().zip(returns) {
            *v = f64::sqrt(next);
            next = self.omega + self.alpha * r * r + self.beta * next;
        }
        Filtered { model: self, volatility, mean: Array1::zeros(returns.len()), next }
    }
}

impl VolatilityModel for Known {
    fn fit(&self, returns: ArrayView1<'_, f64>) -> alluse_risk_core::Result<Box<dyn FittedVolatility>> {
        if returns.len() == 240 {
            return Err(alluse_risk_core::Error::Singular { name: "Hessian" });
        }
        Ok(Box::new(self.run(returns)))
    }
}

impl FittedVolatility for Filtered {
    fn mean(&self) -> ArrayView1<'_, f64> {
        self.mean.view()
    }

    fn volatility(&self) -> ArrayView1<'_, f64> {
        self.volatility.view()
    }

    fn forecast_mean(&self, steps: usize) -> alluse_risk_core::Result<Array1<f64>> {
        Ok(Array1::zeros(steps))
    }

    fn forecast_variance(&self, steps: usize) -> alluse_risk_core::Result<Array1<f64>> {
        let Known { omega, alpha, beta } = self.model;
        let mut variance = self.next;
        Ok((0..steps)
            .map(|_| {
                let now = variance;
                variance = omega + (alpha + beta) * variance;
                now
            })
            .collect())
    }

    fn filter(&self, returns: ArrayView1<'_, f64>) -> alluse_risk_core::Result<Box<dyn FittedVolatility>> {
        Ok(Box::new(self.model.run(returns)))
    }

    fn simulate(&self, _: ArrayView1<'_, f64>, _: ArrayViewMut1<'_, f64>) -> alluse_risk_core::Result<()> {
        Err(alluse_risk_core::Error::Unsupported { what: "simulation" })
    }
}

fn garch(rows: usize, truth: Known, seed: u64) -> Array1<f64> {
    let z = Streams::new(seed).standard_normals(rows, 1);
    let mut variance = truth.omega / (1.0 - truth.alpha - truth.beta);
    Array1::from_shape_fn(rows, |t| {
        let r = f64::sqrt(variance) * z[[t, 0]];
        variance = truth.omega + truth.alpha * r * r + truth.beta * variance;
        r
    })
}

#[test]
fn the_true_model_beats_the_naive_ones() {
    let returns = garch(3_000, TRUTH, 1);
    let wrong = Known { omega: 2e-4, alpha: 0.0, beta: 0.0 };
    let evaluation = VolatilityEvaluation::new(TrainWindow::Expanding(200), 20).with_horizons([5]);
    let run = evaluation.run(returns.view(), &[("truth", &TRUTH), ("twice too high", &wrong)]).unwrap();
    let table = VolatilityTable::new(&run, &SkillSettings::default()).unwrap();
    let truth = &table.rows[3];
    assert_eq!((truth.model.as_str(), truth.verdict), ("truth", SkillVerdict::BetterThanNaive), "{}", truth.sentence);
    // The fit on 240 rows failed and would have served 20 origins.
    assert_eq!((truth.due, truth.missing, truth.common), (2_796, 20, 2_776));
    assert_eq!(table.tried[3].1.len(), 20);
    assert!(*truth.mse_ratio.known().unwrap() < 0.9);
    let direction = truth.direction.known().unwrap();
    assert!(direction.hit_rate.lower > direction.base_rate);
    assert!(direction.pesaran_timmermann.known().unwrap().p_value < 1e-6);
    let regression = direction.direction_regression.known().unwrap();
    assert!(regression.p_value < 1e-6 && regression.hit_rate == direction.hit_rate.value);
    assert_eq!((regression.observations, regression.lags), (2_776, 14));
    // The true variance is an optimal forecast; the last realised one moves too much, and a constant says nothing.
    let line = truth.mincer_zarnowitz.known().unwrap();
    assert!(line.optimality.p_value > 0.01, "{line:?}");
    assert!((line.slope.value - 1.0).abs() < 3.0 * line.slope.standard_error);
    let walk = table.rows[0].mincer_zarnowitz.known().unwrap();
    assert!(walk.slope.value < 0.9 && walk.intercept.value > 0.0 && walk.optimality.p_value < 1e-3, "{walk:?}");
    assert!(table.rows[4].mincer_zarnowitz.known().is_none());
    assert_eq!(table.rows[4].verdict, SkillVerdict::WorseThanNaive);
    // Who says that nothing changes has no direction.
    assert!(table.rows[0].direction.known().unwrap().pesaran_timmermann.known().is_none());
    assert_eq!(table.rows[0].mse_ratio.known(), Some(&1.0));
    let text = serde_json::to_string(&table).unwrap();
    assert_eq!(serde_json::from_str::<VolatilityTable>(&text).unwrap(), table);
}

#[test]
fn naive_forecasts_by_hand() {
    let returns = array![0.1, -0.2, 0.3, 0.0, 0.1];
    let run = VolatilityEvaluation::new(TrainWindow::Expanding(3), 1).with_horizons([1, 2]).run(returns.view(), &[]);
    let run = run.unwrap();
    let mut stored = serde_json::to_value(&run).unwrap();
    assert_eq!(serde_json::from_value::<VolatilityRun>(stored.clone()).unwrap(), run);
    stored["models"].as_array_mut().unwrap().remove(1);
    assert!(serde_json::from_value::<VolatilityRun>(stored).is_err());
    let records = |place: usize| &run.models()[place].records;
    // Row 3 knows 0.01, 0.04 and 0.09; over two rows 0 + 0.01 came about.
    let walk = records(0)[1];
    assert!((walk.forecast - 0.13).abs() < 1e-15 && (walk.realised - 0.01).abs() < 1e-15 && walk.last == walk.forecast);
    assert!((records(2)[0].forecast - 0.14 / 3.0).abs() < 1e-15);
    let start = 0.14 / 3.0;
    let average = 0.94 * (0.94 * (0.94 * start + 0.06 * 0.01) + 0.06 * 0.04) + 0.06 * 0.09;
    assert!((records(1)[0].forecast - average).abs() < 1e-15);
    // The last return before row 4 is zero: no positive forecast.
    assert_eq!((run.models()[0].failures.len(), run.models()[0].failures[0].origin), (1, 4));
    assert_eq!(records(1).len(), 3);
}

#[test]
fn hostile_input() {
    let returns = garch(40, TRUTH, 2);
    let base = VolatilityEvaluation::new(TrainWindow::Rolling(10), 5).with_horizons([1, 5]);
    assert!(base.run(returns.view(), &[]).is_ok());
    for bad in [
        base.clone().with_horizons([]),
        base.clone().with_horizons([0]),
        base.clone().with_horizons([5, 1]),
        base.clone().with_horizons([11]),
        base.clone().with_stride(0),
        base.clone().with_purge(60),
        VolatilityEvaluation::new(TrainWindow::Rolling(10), 0).with_horizons([1]),
    ] {
        assert!(bad.run(returns.view(), &[]).is_err(), "{bad:?}");
    }
    assert!(base.run(returns.view(), &[("a", &TRUTH), ("a", &TRUTH)]).is_err());
    assert!(base.run(returns.view(), &[("random walk", &TRUTH)]).is_err());
    let mut bad = returns.clone();
    bad[3] = f64::NAN;
    assert!(base.run(bad.view(), &[]).is_err() && base.run(Array1::from_elem(40, 1e200).view(), &[]).is_err());
    // Nothing ever moves: no naive forecast is positive, and nothing can be said.
    let still = base.run(Array1::zeros(40).view(), &[("truth", &TRUTH)]).unwrap();
    let table = VolatilityTable::new(&still, &SkillSettings::default()).unwrap();
    assert_eq!(table.rows[3].verdict, SkillVerdict::NotEnoughData);
    assert!(table.rows[3].mean_qlike.known().is_none() && table.rows[3].direction.known().is_none());
    assert!(VolatilityTable::new(&still, &SkillSettings::default().with_min_effective(0)).is_err());
}

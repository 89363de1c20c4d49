use alluse_risk_core::splits::TrainWindow;
use alluse_risk_core::streams::Streams;
use alluse_risk_core::{ErrorKind, Status, Verdict, moments, normal};
use ndarray::{Array1, ArrayView1};

use super::*;
use crate::evaluation::walk_forward::{FnForecaster, Naive, ReturnEvaluation, ReturnForecaster, WalkForwardRun};
use crate::{Error, Predictive, Result};

/// Returns whose share `phi` comes back the day after.
fn series(rows: usize, phi: f64, seed: u64) -> Array1<f64> {
    let z = Streams::new(seed).standard_normals(rows, 1);
    let mut returns = Array1::zeros(rows);
    for t in 0..rows {
        let before = if t == 0 { 0.0 } else { returns[t - 1] };
        returns[t] = phi * before + 0.01 * z[[t, 0]];
    }
    returns
}

/// Expects the share `phi` of the last return on the next day, and what follows from it on the days after.
fn autoregression(name: &str, phi: f64) -> impl ReturnForecaster {
    FnForecaster::new(name, move |history: ArrayView1<'_, f64>, horizons: &[usize], _| {
        let last = history[history.len() - 1];
        let member = |centre: f64, deviation: f64, k: usize| {
            Ok(centre + deviation * normal::quantile((k as f64 + 0.5) / 400.0)?)
        };
        let at = |&h: &usize| {
            let centre: f64 = (1..=h).map(|k| phi.powi(k as i32) * last).sum();
            let variance: f64 = (0..h).map(|k| (0..=k).map(|j| phi.powi(j as i32)).sum::<f64>().powi(2)).sum();
            Predictive::new((0..400).map(|k| member(centre, 0.01 * variance.sqrt(), k)).collect::<Result<Vec<_>>>()?)
        };
        horizons.iter().map(at).collect()
    })
}

/// Estimates mean and deviation as a naive competitor does, and believes that a tenth of the last return comes back.
fn believer() -> impl ReturnForecaster {
    FnForecaster::new("believer", |history: ArrayView1<'_, f64>, horizons: &[usize], _| {
        let (mean, deviation) = (moments::mean(history)?, moments::standard_deviation(history, 1)?);
        let excess = 0.1 * (history[history.len() - 1] - mean);
        let member = |h: f64, k: usize| {
            Ok(h * mean + excess + h.sqrt() * deviation * normal::quantile((k as f64 + 0.5) / 400.0)?)
        };
        horizons
            .iter()
            .map(|&h| Predictive::new((0..400).map(|k| member(h as f64, k)).collect::<Result<Vec<_>>>()?))
            .collect()
    })
}

fn run(returns: &Array1<f64>, horizons: &[usize], models: &[&dyn ReturnForecaster]) -> WalkForwardRun {
    let evaluation = ReturnEvaluation::new(TrainWindow::Expanding(60), 20).with_horizons(horizons).with_members(400);
    evaluation.run(returns.view(), models).unwrap()
}

#[test]
fn planted_skill_is_found_at_its_horizon() {
    let returns = series(560, 0.4, 11);
    let (knows, wrong) = (autoregression("knows", 0.4), autoregression("wrong way", -0.4));
    let table = SkillTable::new(&run(&returns, &[1, 50], &[&knows, &wrong]), &SkillSettings::default()).unwrap();
    let rows: Vec<_> = table.of("knows").collect();
    assert_eq!(
        (rows[0].verdict, rows[0].due, rows[0].common, rows[0].effective),
        (SkillVerdict::BetterThanNaive, 500, 500, 500)
    );
    // An autoregression explains φ² = 16 % of the variance; the score goes with the deviation: 1 − √0.84 = 8.3 %.
    let skill = rows[0].against_bootstrap.known().unwrap();
    assert!((skill.value - 0.083).abs() < 2.5 * skill.standard_error, "{}", skill.value);
    assert!(skill.interval.lower > 0.0);
    let point = rows[0].point_skill.known().unwrap();
    assert!((point.value - 0.16).abs() < 2.5 * point.standard_error);
    // The sign of a normal with R² = 16 % is right with probability ½ + asin(0.4)/π = 63 %.
    let direction = rows[0].direction.known().unwrap();
    assert!(direction.hit_rate.contains(0.631), "{:?}", direction.hit_rate);
    assert!(direction.pesaran_timmermann.known().unwrap().p_value < 1e-3);
    let regression = direction.direction_regression.known().unwrap();
    assert!(regression.p_value < 1e-3 && regression.hit_rate == direction.hit_rate.value);
    assert_eq!((regression.observations, regression.lags), (500, 7));
    assert!(direction.brier_skill.known().unwrap().interval.lower > 0.0);
    for (share, promised) in [(&rows[0].coverage_80, 0.8_f64), (&rows[0].coverage_95, 0.95)] {
        // Three standard errors of 500 outcomes, and 1 % for the rounding of quantiles.
        let error = (promised * (1.0 - promised) / 500.0).sqrt();
        assert!((share.known().unwrap().value - promised).abs() < 3.0 * error + 0.01, "{share:?}");
    }
    assert_eq!(rows[0].in_confidence_set, Status::Known(true));
    assert!(rows[0].sentence.contains("yes, better") && rows[0].sentence.contains("500 independent"));
    // Fifty days ahead 451 forecasts are worth ten outcomes: whatever they say, it is no verdict.
    assert_eq!((rows[1].verdict, rows[1].common, rows[1].effective), (SkillVerdict::NotEnoughData, 451, 10));
    assert_eq!(rows[1].verdict.as_check(), Verdict::Unknown);
    let bad = table.of("wrong way").next().unwrap();
    assert_eq!((bad.verdict, &bad.in_confidence_set), (SkillVerdict::WorseThanNaive, &Status::Known(false)));
    assert_eq!(bad.p_value, Status::Known(1.0));
    // The right law is calibrated. The wrong one misses by 0.8 rₜ₋₁ + eₜ, whose deviation is √(0.64/0.84 + 1) = 1.33
    // times the forecast's.
    let calibrated = rows[0].calibration.known().unwrap();
    assert!(calibrated.uniformity.best_p_value() > 0.01 && calibrated.berkowitz.known().unwrap().p_value > 0.01);
    let scores = *bad.calibration.known().unwrap().berkowitz.known().unwrap();
    let deviation = scores.standard_deviation / (1.0 - scores.autocorrelation.powi(2)).sqrt();
    assert!(scores.p_value < 1e-6 && (deviation - 1.33).abs() < 0.15, "{deviation}");
    assert!(matches!(rows[1].calibration, Status::Unknown { kind: ErrorKind::InsufficientData, .. }));
    let [day, fifty] = &table.superiority[..] else { panic!("two horizons") };
    assert_eq!((day.best(), day.common, day.effective), (Some("knows"), 500, 500));
    assert_eq!(day.contenders, ["knows", "wrong way"]);
    assert!(day.test.known().unwrap().p_values.consistent < 0.01);
    assert!(matches!(fifty.test, Status::Unknown { kind: ErrorKind::InsufficientData, .. }) && fifty.best().is_none());
    assert_eq!(table.tried.len(), 6);
    let text = serde_json::to_string(&table).unwrap();
    assert_eq!(serde_json::from_str::<SkillTable>(&text).unwrap(), table);
}

/// 200 series without anything to find; the model believes in one.
#[test]
fn noise_is_not_taken_for_skill() {
    let (mut better, mut worse, mut direction, mut brier) = (0, 0, 0, 0);
    let (mut superior, mut crooked) = (0, 0);
    let rounds = 200;
    for seed in 0..rounds {
        let returns = series(260, 0.0, 5_000 + seed);
        let believer = believer();
        let table = SkillTable::new(&run(&returns, &[1], &[&believer]), &SkillSettings::default()).unwrap();
        let row = table.of("believer").next().unwrap();
        better += usize::from(row.verdict == SkillVerdict::BetterThanNaive);
        worse += usize::from(row.verdict == SkillVerdict::WorseThanNaive);
        let judged = row.direction.known().unwrap();
        direction += usize::from(judged.pesaran_timmermann.known().unwrap().p_value <= 0.05);
        brier += usize::from(judged.brier_skill.known().unwrap().interval.lower > 0.0);
        superior += usize::from(table.superiority[0].test.known().unwrap().p_values.consistent <= 0.05);
        crooked += usize::from(row.calibration.known().unwrap().uniformity.best_p_value() <= 0.05);
    }
    // Each test is meant to err in at most 5 % (the two-sided ones 2.5 % on this side); a binomial of 200 at 5 % stays
    // below 19 with 99.5 %.
    assert!(better <= 19 && direction <= 19 && brier <= 19, "{better} {direction} {brier} {worse}");
    assert!(superior <= 19 && crooked <= 19, "{superior} {crooked}");
}

/// Five days ahead from every day: the overlap must not make noise significant.
#[test]
fn overlap_does_not_make_skill() {
    let (mut better, mut direction, rounds) = (0, 0, 100);
    for seed in 0..rounds {
        let returns = series(360, 0.0, 9_000 + seed);
        let believer = believer();
        let table = SkillTable::new(&run(&returns, &[5], &[&believer]), &SkillSettings::default()).unwrap();
        let row = table.of("believer").next().unwrap();
        assert_eq!((row.common, row.effective), (296, 60));
        better += usize::from(row.against_bootstrap.known().unwrap().interval.lower > 0.0);
        // Where it always says the same there is no test.
        if let Some(judged) = row.direction.known().unwrap().direction_regression.known() {
            assert_eq!((judged.observations, judged.lags), (296, 8));
            direction += usize::from(judged.p_value <= 0.05);
        }
    }
    // 2.5 % and 5 % wanted; a binomial of 100 at 5 % stays below 12 with 99.5 %.
    assert!(better <= 12 && direction <= 12, "{better} {direction}");
}

#[test]
fn missing_forecasts_are_counted_and_compared_on_common_origins() {
    let returns = series(160, 0.0, 3);
    let picky = FnForecaster::new("picky", |history: ArrayView1<'_, f64>, horizons: &[usize], _| {
        if history.len().is_multiple_of(4) {
            return Err(Error::undefined("forecast", "not today"));
        }
        horizons.iter().map(|_| Predictive::new(vec![-0.01, 0.0, 0.01])).collect()
    });
    let silent = FnForecaster::new("silent", |_: ArrayView1<'_, f64>, _: &[usize], _| {
        Err(Error::undefined("forecast", "never"))
    });
    let table = SkillTable::new(&run(&returns, &[1], &[&picky, &silent]), &SkillSettings::default()).unwrap();
    let row = table.of("picky").next().unwrap();
    assert_eq!((row.due, row.forecasts, row.missing, row.common), (100, 75, 25, 75));
    let none = table.of("silent").next().unwrap();
    assert_eq!((none.missing, none.common, none.verdict), (100, 0, SkillVerdict::NotEnoughData));
    assert!(none.mean_crps.known().is_none() && none.direction.known().is_none());
    assert_eq!((table.best[0].common, table.best[0].left_out.as_slice()), (75, &["silent".to_owned()][..]));
    let failed: Vec<_> = table.tried.iter().map(|tried| tried.failures.len()).collect();
    assert_eq!(failed, [0, 0, 0, 0, 25, 100]);
}

#[test]
fn always_up_and_the_point_have_what_they_can_have() {
    let returns = series(160, 0.0, 4).mapv(|r| r + 0.002);
    let table = SkillTable::new(&run(&returns, &[1], &[]), &SkillSettings::default()).unwrap();
    let up = table.of("always up").next().unwrap();
    let direction = up.direction.known().unwrap();
    assert_eq!(direction.hit_rate.value, direction.base_rate);
    assert!(direction.pesaran_timmermann.known().is_none() && direction.brier_skill.known().is_none());
    assert!(direction.direction_regression.known().is_none());
    let mean = table.rows.iter().find(|row| row.role == RowRole::Naive(Naive::HistoricalMean)).unwrap();
    assert!(mean.coverage_80.known().is_none() && mean.mean_crps.known().is_some());
    assert!(mean.calibration.known().is_none() && up.calibration.known().is_none());
    // Nobody claims to be better.
    assert!(table.superiority[0].test.known().is_none() && table.superiority[0].contenders.is_empty());
    let settings = SkillSettings::default();
    let run = run(&returns, &[1], &[]);
    assert!(SkillTable::new(&run, &settings.with_min_effective(1)).is_err());
    assert!(SkillTable::new(&run, &settings.with_bootstrap(1, 1)).is_err());
}

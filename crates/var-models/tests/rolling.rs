//! Walks along a history, and the models that filter it.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "a test may fail by panicking; exact numbers are compared")]

use std::sync::{Arc, Mutex};

use alluse_instruments::pricing::{BlackScholes, BlackScholesInputs, OptionKind};
use alluse_instruments::{Book, MarketSnapshot, Multiplier, OptionContract, Revaluation};
use alluse_risk_core::measures::QuantileRule;
use alluse_risk_core::panel::{HistoricalScenarios, LogReturnPanel, PricePanel, ReturnPanel};
use alluse_risk_core::streams::Streams;
use alluse_risk_core::volatility::{EwmaStart, EwmaVolatility};
use alluse_risk_core::{
    AssetId, Confidence, Decay, Error as CoreError, ErrorKind, Factor, FittedVarModel, HalfLife, History,
    HistorySplitter, Horizon, LossDistribution, Ordering, Result as CoreResult, ScenarioSet, ScenarioSource, ShockKind,
    VarModel, VolatilityModel,
};
use alluse_var_models::{
    Asked, BookSource, Conditional, Error, FilterScope, FilteredHistorical, FilteredScenarios, ForecastRecord,
    FullRevaluation, Historical, Innovations, LevelForecasts, ParametricNormal, ParametricStudentT, Residuals, Rolling,
    ScenarioFilter, StudentTLoss, VolatilityWeighted, Window,
};
use jiff::ToSpan;
use jiff::civil::{Date, date};
use ndarray::{Array1, Array2, ArrayView1, Axis, array};
use proptest::prelude::*;

fn days(count: usize) -> Vec<Date> {
    date(2020, 1, 1).series(1.day()).take(count).collect()
}

fn panel(returns: Array2<f64>) -> ReturnPanel {
    let assets = (0..returns.ncols()).map(|i| AssetId::new(format!("A{i}")).unwrap()).collect();
    ReturnPanel::new(days(returns.nrows()), assets, returns).unwrap()
}

/// Two assets whose volatility comes in waves and whose bad days coincide.
fn returns(count: usize) -> Array2<f64> {
    let normals = Streams::new(11).standard_normals(count, 3);
    Array2::from_shape_fn((count, 2), |(t, i)| {
        let wave = 0.008 * (1.5 + (t as f64 / 17.0).sin());
        wave * (0.6 * normals[[t, 2]] + 0.8 * normals[[t, i]])
    })
}

fn ewma(observations: usize) -> Box<dyn VolatilityModel> {
    Box::new(EwmaVolatility::default().with_start(EwmaStart::Backcast { observations }))
}

fn models() -> Vec<Box<dyn VarModel>> {
    vec![
        Box::new(Historical::default().with_min_observations(20)),
        Box::new(ParametricNormal::default()),
        Box::new(ParametricStudentT::default()),
        Box::new(VolatilityWeighted::new(ewma(10)).with_min_observations(20)),
        Box::new(FilteredHistorical::new(ewma(10)).with_min_observations(20)),
        Box::new(FilteredHistorical::new(ewma(10)).with_min_observations(20).with_scope(FilterScope::EachAsset)),
        Box::new(Conditional::default()),
        Box::new(Conditional::new(ewma(10), Innovations::StudentT)),
    ]
}

fn one(returns: &[f64], model: &dyn VarModel, horizon: u32) -> CoreResult<Box<dyn LossDistribution>> {
    let panel = panel(Array1::from(returns.to_vec()).insert_axis(Axis(1)));
    let splitter = HistorySplitter::new(&panel, array![1.0])?;
    model.forecast(splitter.ending(returns.len(), returns.len())?, Horizon::days(horizon)?)
}

#[test]
fn a_truncated_history_gives_the_same_forecasts() {
    let whole = returns(90);
    for window in [Window::Fixed(40), Window::Expanding(40)] {
        for refit in [1, 7] {
            let rolling = Rolling::new(window).unwrap().with_refit_every(refit).unwrap();
            for model in models() {
                let all_panel = panel(whole.clone());
                let all = HistorySplitter::new(&all_panel, array![60.0, 40.0]).unwrap();
                let all = rolling.run(&*model, &all).unwrap();
                assert_eq!((all.len(), all.missing().len()), (50, 0), "{}", model.name());
                for kept in [41, 66, 89] {
                    let some_panel = panel(whole.view().split_at(Axis(0), kept).0.to_owned());
                    let some = HistorySplitter::new(&some_panel, array![60.0, 40.0]).unwrap();
                    let some = rolling.run(&*model, &some).unwrap();
                    let count = kept - 40;
                    assert_eq!(some.dates(), &all.dates()[..count]);
                    assert_eq!(some.pit(), &all.pit()[..count], "{} {window:?} {refit}", model.name());
                    for (some, all) in some.levels().iter().zip(all.levels()) {
                        assert_eq!(some.value_at_risk, all.value_at_risk[..count], "{}", model.name());
                        assert_eq!(some.expected_shortfall, all.expected_shortfall[..count], "{}", model.name());
                    }
                }
            }
        }
    }
}

/// A model that answers with what it was shown.
#[derive(Debug)]
struct Witness(Mutex<Vec<(Date, usize, &'static str)>>);

impl Witness {
    fn seen(&self) -> Vec<(Date, usize, &'static str)> {
        let mut seen = self.0.lock().unwrap().clone();
        seen.sort();
        seen
    }

    fn note(&self, history: &History<'_>, what: &'static str) {
        self.0.lock().unwrap().push((*history.dates().last().unwrap(), history.dates().len(), what));
    }
}

impl VarModel for Witness {
    fn name(&self) -> &str {
        "witness"
    }

    fn min_observations(&self) -> usize {
        1
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        self.note(&history, "forecast");
        Historical::default().with_min_observations(1).forecast(history, horizon)
    }

    fn fit(&self, history: History<'_>) -> CoreResult<Option<Box<dyn FittedVarModel>>> {
        self.note(&history, "fit");
        ParametricStudentT::default().fit(history.pnl().view()).map_err(CoreError::from)?;
        Ok(None)
    }
}

#[test]
fn parameters_are_estimated_on_schedule() {
    let panel = panel(returns(20));
    let splitter = HistorySplitter::new(&panel, array![1.0, 1.0]).unwrap();
    let day = |n: usize| days(20)[n];
    let witness = Witness(Mutex::default());
    let rolling = Rolling::new(Window::Fixed(12)).unwrap().with_refit_every(3).unwrap();
    rolling.run(&witness, &splitter).unwrap();
    let fits: Vec<_> = witness.seen().into_iter().filter(|seen| seen.2 == "fit").collect();
    assert_eq!(fits, [(day(11), 12, "fit"), (day(14), 12, "fit"), (day(17), 12, "fit")]);
    let asked: Vec<_> = witness.seen().into_iter().filter(|seen| seen.2 == "forecast").map(|s| (s.0, s.1)).collect();
    assert_eq!(asked, (11..19).map(|n| (day(n), 12)).collect::<Vec<_>>());

    let witness = Witness(Mutex::default());
    Rolling::new(Window::Expanding(17)).unwrap().run(&witness, &splitter).unwrap();
    assert_eq!(witness.seen(), [(day(16), 17, "forecast"), (day(17), 18, "forecast"), (day(18), 19, "forecast")]);
}

#[test]
fn kept_parameters_differ_from_new_ones_only_between_fits() {
    // The t residual law is the parameter here: on a fit date both ways agree, a day later they need not.
    let panel = panel(returns(90));
    let splitter = HistorySplitter::new(&panel, array![1.0, 0.0]).unwrap();
    let model = Conditional::new(ewma(10), Innovations::StudentT);
    let daily = Rolling::new(Window::Fixed(60)).unwrap();
    let weekly = daily.clone().with_refit_every(5).unwrap();
    let level = |rolling: &Rolling| rolling.run(&model, &splitter).unwrap().value_at_risk(Confidence::P99).unwrap();
    let (daily, weekly) = (level(&daily), level(&weekly));
    for (i, (a, b)) in daily.iter().zip(&weekly).enumerate() {
        assert_eq!(a == b, i % 5 == 0, "{i}");
        assert!((a / b - 1.0).abs() < 0.5);
    }
    // EWMA has no parameter to estimate: the filter gives the same every day.
    let filtered = FilteredHistorical::new(ewma(10)).with_min_observations(20);
    let rolling = Rolling::new(Window::Fixed(60)).unwrap();
    let (a, b) = (
        rolling.run(&filtered, &splitter).unwrap(),
        rolling.clone().with_refit_every(5).unwrap().run(&filtered, &splitter).unwrap(),
    );
    assert_eq!(a, b);
}

#[test]
fn progress_counts_every_forecast() {
    let panel = panel(returns(200));
    let splitter = HistorySplitter::new(&panel, array![1.0, 1.0]).unwrap();
    let told = Mutex::new(Vec::new());
    let models: Vec<Box<dyn VarModel>> = vec![Box::new(ParametricNormal::default()), Box::new(Conditional::default())];
    let rolling = Rolling::new(Window::Fixed(50)).unwrap();
    let pnl = splitter.pnl();
    let records =
        rolling.run_all(&models, &splitter, pnl.view(), &|p| told.lock().unwrap().push((p.done, p.total))).unwrap();
    let mut told = told.into_inner().unwrap();
    told.sort_unstable();
    assert_eq!(told.last(), Some(&(300, 300)));
    assert_eq!(told.len(), 6); // blocks of 64, 64 and 22 days, twice
    assert_eq!(records.iter().map(ForecastRecord::model).collect::<Vec<_>>(), ["normal", "conditional normal"]);
    assert_eq!(records[0].realised(), &pnl.to_vec()[50..]);
}

/// Refuses to forecast after a bad day.
#[derive(Debug)]
struct Sulking;

impl VarModel for Sulking {
    fn name(&self) -> &str {
        "sulking"
    }

    fn min_observations(&self) -> usize {
        2
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        if history.pnl()[history.dates().len() - 1] < -0.9 {
            return Err(CoreError::Undefined { name: "forecast", reason: "the day was bad" });
        }
        ParametricNormal::default().forecast(history, horizon)
    }
}

#[test]
fn a_failed_forecast_is_missing_and_says_why() {
    let series = array![0.1, 0.2, -0.95, 0.1, 0.3];
    let rolling = Rolling::new(Window::Fixed(2)).unwrap();
    let record = rolling.of_returns(&Sulking, series.view()).unwrap();
    let level = record.level(Confidence::P99).unwrap();
    assert_eq!(level.value_at_risk.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(record.pit()[1], None);
    let missing = &record.missing()[0];
    assert_eq!((record.missing().len(), missing.asked, missing.kind), (1, Asked::Distribution, ErrorKind::Undefined));
    assert_eq!(missing.date, record.dates()[1]);
    let error = record.value_at_risk(Confidence::P99).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Undefined);
    assert!(error.to_string().contains("the day was bad"), "{error}");
    assert!(record.expected_shortfall(Confidence::P95).is_err());
    assert_eq!(record.level(Confidence::new(0.9).unwrap()).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn forecasts_are_summed_up() {
    let series = array![0.0, -1.0, 0.0, -0.5, -0.5, 0.0];
    let worst = Historical::default().with_min_observations(1);
    let rolling = Rolling::new(Window::Fixed(1)).unwrap().with_levels(vec![Confidence::P99]).unwrap();
    let record = rolling.of_returns(&worst, series.view()).unwrap();
    assert_eq!(record.value_at_risk(Confidence::P99).unwrap(), [0.0, 1.0, 0.0, 0.5, 0.5]);
    let var = record.value_at_risk_summary(Confidence::P99).unwrap();
    assert_eq!((var.first, var.last, var.mean, var.max, var.max_index), (0.0, 0.5, 0.4, 1.0, 1));
    assert_eq!(record.expected_shortfall_summary(Confidence::P99).unwrap(), var);
    // The first loss, 1, lies above its only scenario, 0; the second, 0, under its scenario, a loss of 1.
    assert_eq!(record.pit()[..2], [Some(1.0), Some(0.0)]);
    let twice = rolling.of_returns(&worst, array![-0.5, -0.5, 0.0].view()).unwrap();
    assert_eq!(twice.value_at_risk_summary(Confidence::P99).unwrap().max_index, 0);
    let panel = panel(series.insert_axis(Axis(1)));
    let money = HistorySplitter::new(&panel, array![10.0]).unwrap();
    let money = rolling.run(&worst, &money).unwrap();
    assert_eq!(money.value_at_risk(Confidence::P99).unwrap(), [0.0, 10.0, 0.0, 5.0, 5.0]);
    assert_eq!(money.realised(), [-10.0, 0.0, -5.0, -5.0, 0.0]);
}

#[test]
fn a_walk_refuses_what_it_cannot_do() {
    let model = ParametricNormal::default();
    let ask = |series: ArrayView1<'_, f64>, window| {
        Rolling::new(Window::Fixed(window)).unwrap().of_returns(&model, series).unwrap_err()
    };
    let series = returns(10).column(0).to_owned();
    assert_eq!(
        ask(series.view(), 10),
        Error::Input(CoreError::InsufficientData { name: "rolling forecast", required: 11, available: 10 })
    );
    assert_eq!(ask(series.view(), usize::MAX).kind(), ErrorKind::InsufficientData);
    assert_eq!(
        ask(series.view(), 1),
        Error::Input(CoreError::InsufficientData { name: "window of the model", required: 2, available: 1 })
    );
    assert_eq!(ask(array![].view(), 1).kind(), ErrorKind::InvalidInput);
    assert_eq!(ask(array![0.1, f64::NAN, 0.1].view(), 2).kind(), ErrorKind::InvalidInput);
    assert_eq!(ask(Array1::zeros(3_652_060).view(), 2).kind(), ErrorKind::InvalidInput);
    assert!(Rolling::new(Window::Expanding(0)).is_err());
    let rolling = Rolling::new(Window::Fixed(2)).unwrap();
    assert!(rolling.clone().with_refit_every(0).is_err());
    assert!(rolling.clone().with_levels(vec![]).is_err());
    assert!(rolling.clone().with_levels(vec![Confidence::P95, Confidence::P95]).is_err());
    let panel = panel(returns(10));
    let splitter = HistorySplitter::new(&panel, array![1.0, 1.0]).unwrap();
    assert!(rolling.run_on(&model, &splitter, array![1.0].view()).is_err());
    let text = serde_json::to_string(&rolling).unwrap();
    assert_eq!(serde_json::from_str::<Rolling>(&text).unwrap(), rolling);
    assert!(serde_json::from_str::<Rolling>(&text.replace(":2", ":0")).is_err());
    assert_eq!((rolling.window(), rolling.refit_every(), rolling.levels().len()), (Window::Fixed(2), 1, 3));
}

#[test]
fn stored_records_are_checked() {
    let series = returns(14).column(0).to_owned();
    let good = Rolling::new(Window::Fixed(11)).unwrap().of_returns(&ParametricNormal::default(), series.view());
    let good = good.unwrap();
    let text = serde_json::to_string(&good).unwrap();
    assert_eq!(serde_json::from_str::<ForecastRecord>(&text).unwrap(), good);
    let level = |n: usize| LevelForecasts {
        confidence: Confidence::P99,
        value_at_risk: vec![Some(1.0); n],
        expected_shortfall: vec![Some(1.5); n],
    };
    let make = |dates, realised, levels, pit| ForecastRecord::new("m", dates, realised, levels, pit, vec![]);
    let two = || days(2);
    assert!(make(two(), vec![0.0; 2], vec![level(2)], vec![None; 2]).is_ok());
    assert!(make(vec![], vec![], vec![level(0)], vec![]).is_err());
    assert!(make(two(), vec![0.0; 2], vec![], vec![None; 2]).is_err());
    assert!(make(two(), vec![0.0; 3], vec![level(2)], vec![None; 2]).is_err());
    assert!(make(two(), vec![0.0; 2], vec![level(3)], vec![None; 2]).is_err());
    assert!(make(two(), vec![0.0; 2], vec![level(2)], vec![None; 1]).is_err());
    assert!(make(two(), vec![0.0, f64::NAN], vec![level(2)], vec![None; 2]).is_err());
    assert!(make(two(), vec![0.0; 2], vec![level(2)], vec![None, Some(1.1)]).is_err());
    let backwards = days(2).into_iter().rev().collect();
    assert!(matches!(
        make(backwards, vec![0.0; 2], vec![level(2)], vec![None; 2]),
        Err(Error::Input(CoreError::NotIncreasing { index: 1, .. }))
    ));
    let mut bad = level(2);
    bad.value_at_risk[1] = Some(f64::INFINITY);
    assert!(make(two(), vec![0.0; 2], vec![bad], vec![None; 2]).is_err());
}

#[test]
fn volatility_weighting_by_hand() {
    // λ = 1/2, start at the first square. Variances before returns 1, 2, 4: 1, 1, 2.5; after them 9.25.
    let model = EwmaVolatility::default()
        .with_decay(HalfLife::periods(1.0).unwrap())
        .with_start(EwmaStart::Backcast { observations: 1 });
    let weighted = VolatilityWeighted::new(Box::new(model)).with_min_observations(1);
    let weighted = weighted.with_quantile_rule(QuantileRule::LowerLoss);
    let loss = one(&[-0.1, 0.2, -0.4], &weighted, 1).unwrap();
    // -0.4 · √(9.25/2.5), the worst of the three
    let worst = loss.value_at_risk(Confidence::P99).unwrap().value;
    assert!((worst - 0.4 * 3.7_f64.sqrt()).abs() < 1e-12, "{worst}");
    let middle = loss.value_at_risk(Confidence::new(0.6).unwrap()).unwrap().value;
    assert!((middle - 0.1 * 9.25_f64.sqrt()).abs() < 1e-12, "{middle}");
    let kinds = |r: CoreResult<Box<dyn LossDistribution>>| r.unwrap_err().kind();
    assert_eq!(kinds(one(&[-0.1, 0.2, -0.4], &weighted, 2)), ErrorKind::Unsupported);
    assert_eq!(kinds(one(&[0.0, 0.0, 0.0], &weighted, 1)), ErrorKind::InvalidInput);
    assert_eq!(kinds(one(&[0.1, 0.2], &VolatilityWeighted::default(), 1)), ErrorKind::InsufficientData);
}

#[test]
fn one_day_of_the_filter_uses_every_residual_once() {
    let series = returns(60).column(0).to_vec();
    let model = FilteredHistorical::new(ewma(10)).with_min_observations(10);
    let loss = one(&series, &model, 1).unwrap();
    let shortfall = loss.expected_shortfall(Confidence::P95).unwrap();
    assert_eq!((shortfall.observations, shortfall.tail_observations), (60, Some(3.0)));
    // Standardised residuals: the mean loss is 0 and its mean square today's variance.
    let today = ewma(10).fit(ArrayView1::from(&series)).unwrap().forecast_variance(1).unwrap()[0];
    // A tail of all but 1e-9 leaves out that share of the best day, which is no better than 4 deviations.
    let mean = loss.expected_shortfall(Confidence::new(1e-9).unwrap()).unwrap().value;
    assert!(mean.abs() < 4e-9 * today.sqrt(), "{mean}");
    let second = second_moment(&*loss, today.sqrt());
    assert!((second / today - 1.0).abs() < 0.01, "{}", second / today);
    // The untreated residuals differ, and a window keeps the newest.
    let raw = FilteredHistorical::new(ewma(10)).with_min_observations(10).with_residuals(Residuals::AsTheyAre);
    let raw_loss = one(&series, &raw, 1).unwrap().value_at_risk(Confidence::P95).unwrap();
    assert!(raw_loss.value != loss.value_at_risk(Confidence::P95).unwrap().value);
    let newest = FilteredHistorical::new(ewma(10)).with_min_observations(10).with_residual_window(20);
    assert_eq!(one(&series, &newest, 1).unwrap().value_at_risk(Confidence::P95).unwrap().observations, 20);
    let kind = |m: FilteredHistorical, s: &[f64], h| one(s, &m, h).unwrap_err().kind();
    let wide = FilteredHistorical::new(ewma(10)).with_min_observations(10).with_residual_window(61);
    assert_eq!(kind(wide, &series, 1), ErrorKind::InsufficientData);
    let none = FilteredHistorical::new(ewma(10)).with_min_observations(10).with_residual_window(0);
    assert_eq!(kind(none, &series, 1), ErrorKind::InsufficientData);
    assert_eq!(kind(FilteredHistorical::default(), &series, 1), ErrorKind::InsufficientData);
    let flat = FilteredHistorical::new(ewma(10)).with_min_observations(3);
    assert_eq!(kind(flat, &[0.01; 5], 1), ErrorKind::Undefined);
    let dead = FilteredHistorical::new(ewma(10)).with_min_observations(3);
    assert_eq!(kind(dead, &[0.0; 5], 1), ErrorKind::InvalidInput);
}

#[test]
fn joint_filtering_keeps_what_happens_together() {
    // Two assets that always move against each other: the joint filter knows that the pair earns nothing,
    // and a book of one of them does not.
    let series = returns(80).column(0).to_owned();
    let pair = panel(ndarray::stack![Axis(1), series, -&series]);
    let model = || {
        FilteredHistorical::new(ewma(10)).with_min_observations(10).with_scope(FilterScope::EachAsset).with_paths(2_000)
    };
    let ask = |exposures: Array1<f64>, horizon: u32| {
        let splitter = HistorySplitter::new(&pair, exposures).unwrap();
        let law = model().forecast(splitter.ending(80, 80).unwrap(), Horizon::days(horizon).unwrap()).unwrap();
        law.value_at_risk(Confidence::P99).unwrap().value
    };
    assert!(ask(array![1.0, 1.0], 1).abs() < 1e-12);
    assert!(ask(array![1.0, 0.0], 1) > 0.01);
    // Over ten days the two compound, so the pair earns a little, never a tenth of what one may lose.
    assert!(ask(array![1.0, 1.0], 10).abs() < 0.1 * ask(array![1.0, 0.0], 10));
    let same = |seed| ask_seed(&pair, model().with_seed(seed));
    assert_eq!(same(5), same(5));
    assert!(same(5) != same(6));
}

fn ask_seed(pair: &ReturnPanel, model: FilteredHistorical) -> f64 {
    let splitter = HistorySplitter::new(pair, array![1.0, 0.0]).unwrap();
    let law = model.forecast(splitter.ending(80, 80).unwrap(), Horizon::TEN_DAYS).unwrap();
    law.value_at_risk(Confidence::P99).unwrap().value
}

#[test]
fn many_days_of_the_filter_have_the_variance_of_the_sum() {
    // EWMA is a martingale in variance: ten days have ten times the variance of one. 20,000 paths of a law
    // whose fourth moment is that of a variance mixture; 5 % are more than four of its standard errors.
    let series = returns(120).column(0).to_vec();
    let model = FilteredHistorical::new(ewma(10)).with_min_observations(10).with_paths(20_000).named("fhs");
    assert_eq!(model.name(), "fhs");
    let law = one(&series, &model, 10).unwrap();
    assert_eq!(law.horizon(), Horizon::TEN_DAYS);
    let estimate = law.expected_shortfall(Confidence::P975).unwrap();
    assert_eq!((estimate.observations, estimate.effective_observations), (20_000, 120.0));
    let today = ewma(10).fit(ArrayView1::from(&series)).unwrap().forecast_variance(1).unwrap()[0];
    let second = second_moment(&*law, (10.0 * today).sqrt());
    assert!((second / (10.0 * today) - 1.0).abs() < 0.05, "{}", second / (10.0 * today));
}

/// The mean square loss, by the trapezoid rule on the cdf: `∫ 2x (1 − F(x) + F(−x)) dx`.
fn second_moment(law: &dyn LossDistribution, scale: f64) -> f64 {
    let step = scale / 200.0;
    (0..4_000)
        .map(|i| (i as f64 + 0.5) * step)
        .map(|x| 2.0 * x * (1.0 - law.cdf(x).unwrap() + law.cdf(-x).unwrap()) * step)
        .sum()
}

#[test]
fn conditional_laws_by_hand() {
    let model = EwmaVolatility::default()
        .with_decay(Decay::new(0.5).unwrap())
        .with_start(EwmaStart::Backcast { observations: 1 });
    let normal = Conditional::new(Box::new(model), Innovations::Normal);
    // Variance (0.01 + 0.04)/2 = 0.025; ten days ten times as much.
    let var = |days| one(&[-0.1, 0.2], &normal, days).unwrap().value_at_risk(Confidence::P99).unwrap().value;
    assert!((var(1) - 2.326_347_874_040_841 * 0.025_f64.sqrt()).abs() < 1e-14);
    assert!((var(10) - 2.326_347_874_040_841 * 0.25_f64.sqrt()).abs() < 1e-14);
    let student = Conditional::new(ewma(10), Innovations::StudentT).named("t").with_paths(20_000).with_seed(3);
    assert_eq!((student.name(), student.min_observations()), ("t", 10));
    let series = returns(250).column(0).to_vec();
    let day = one(&series, &student, 1).unwrap();
    let today = ewma(10).fit(ArrayView1::from(&series)).unwrap().forecast_variance(1).unwrap()[0];
    // The other road: residuals divided out by hand, their t fitted, its quantile times today's volatility.
    let fitted = ewma(10).fit(ArrayView1::from(&series)).unwrap();
    let residuals: Array1<f64> = series.iter().zip(fitted.volatility()).map(|(r, v)| r / v).collect();
    let law = StudentTLoss::from_fit(&ParametricStudentT::default().fit(residuals.view()).unwrap(), Horizon::DAY);
    let unit = law.unwrap().value_at_risk(Confidence::P99).unwrap().value;
    let ratio = day.value_at_risk(Confidence::P99).unwrap().value / (unit * today.sqrt());
    assert!((ratio - 1.0).abs() < 1e-12, "ratio {ratio}");
    assert!(day.value_at_risk(Confidence::P99).unwrap().standard_error.unwrap() > 0.0);
    let week = one(&series, &student, 5).unwrap();
    let growth = week.value_at_risk(Confidence::P95).unwrap().value / day.value_at_risk(Confidence::P95).unwrap().value;
    assert!((growth / 5_f64.sqrt() - 1.0).abs() < 0.1, "{growth}");
    let again = one(&series, &student, 5).unwrap().value_at_risk(Confidence::P95).unwrap();
    assert_eq!(week.value_at_risk(Confidence::P95).unwrap(), again);
    assert_eq!(one(&[0.0; 12], &student, 1).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(one(&[0.1; 3], &student, 1).unwrap_err().kind(), ErrorKind::InsufficientData);
}

fn filter() -> ScenarioFilter {
    ScenarioFilter::new(ewma(10))
}

/// A spot that moves relatively and a volatility that moves in points.
fn source_of(moves: &Array2<f64>) -> ScenarioSet {
    let asset = AssetId::new("A").unwrap();
    let factors =
        vec![(Factor::Spot(asset.clone()), ShockKind::Relative), (Factor::Volatility(asset), ShockKind::Absolute)];
    let set = ScenarioSet::new(date(2024, 1, 5), Horizon::DAY, factors, moves.clone()).unwrap();
    set.with_dates(&days(moves.nrows())).unwrap()
}

#[test]
fn filtered_scenarios_move_every_factor() {
    let moves = returns(60);
    let mut prices = Array2::from_elem((61, 2), 100.0);
    for t in 0..60 {
        for i in 0..2 {
            prices[[t + 1, i]] = prices[[t, i]] * (1.0 + moves[[t, i]]);
        }
    }
    let assets: Vec<_> = ["A", "B"].into_iter().map(|a| AssetId::new(a).unwrap()).collect();
    let prices = PricePanel::new(days(61), assets.clone(), prices).unwrap();
    let logs: LogReturnPanel = prices.log_returns().unwrap();
    let history = HistoricalScenarios::new(prices);
    let factors: Vec<_> = assets.into_iter().map(Factor::Spot).collect();
    let source = FilteredScenarios::new(history, filter().with_residuals(Residuals::AsTheyAre));
    let set = source.scenarios(&factors, Horizon::DAY).unwrap();
    assert_eq!((set.len(), set.ordering(), set.horizon()), (60, Ordering::Exchangeable, Horizon::DAY));
    assert_eq!(set.factors()[0].1, ShockKind::Relative);
    // The other road: log returns scaled by hand to today's volatility.
    for (column, factor) in factors.iter().enumerate() {
        let log = logs.log_returns().column(column).to_owned();
        let fitted = ewma(10).fit(log.view()).unwrap();
        let today = fitted.forecast_variance(1).unwrap()[0].sqrt();
        for (t, shock) in set.column(factor).unwrap().1.iter().enumerate() {
            let want = (log[t] * today / fitted.volatility()[t]).exp() - 1.0;
            assert!((shock - want).abs() < 1e-12, "{t}");
        }
    }
    let day = set.clone();
    let dated = source_of(&moves);
    let many = filter().with_paths(500).with_seed(2).apply(&dated, Horizon::WEEK).unwrap();
    assert_eq!(filter().apply(&day, Horizon::DAY).unwrap_err().kind(), ErrorKind::Undefined);
    assert_eq!((many.len(), many.horizon()), (500, Horizon::WEEK));
    assert!(many.shocks().column(0).iter().all(|shock| *shock > -1.0));
    // Absolute moves are filtered as they are: the mean of standardised residuals is 0, so is that of the sums.
    let points = many.shocks().column(1).mean().unwrap();
    let spread = many.shocks().column(1).std(0.0);
    assert!(points.abs() < 4.0 * spread / 500_f64.sqrt(), "{points}");
}

#[test]
fn filtered_scenarios_need_a_path() {
    #[derive(Debug)]
    struct Draws;
    impl ScenarioSource for Draws {
        fn scenarios(&self, factors: &[Factor], horizon: Horizon) -> CoreResult<alluse_risk_core::ScenarioSet> {
            let factors = factors.iter().map(|f| (f.clone(), ShockKind::Relative)).collect();
            alluse_risk_core::ScenarioSet::new(date(2024, 1, 5), horizon, factors, array![[0.1], [-1.0]])
        }
    }
    #[derive(Debug)]
    struct Ruin;
    impl ScenarioSource for Ruin {
        fn scenarios(&self, factors: &[Factor], horizon: Horizon) -> CoreResult<alluse_risk_core::ScenarioSet> {
            Draws.scenarios(factors, horizon)?.with_dates(&days(2))
        }
    }
    let factor = [Factor::Spot(AssetId::new("A").unwrap())];
    let ask = |source: &dyn ScenarioSource| source.scenarios(&factor, Horizon::DAY).unwrap_err();
    assert_eq!(ask(&FilteredScenarios::new(Draws, filter())).kind(), ErrorKind::Undefined);
    assert!(matches!(ask(&FilteredScenarios::new(Ruin, filter())), CoreError::EntryOutOfDomain { .. }));
}

/// One share and one short put, the same every day.
#[derive(Debug)]
struct Shop {
    volatility: Option<f64>,
}

impl BookSource for Shop {
    fn book(&self, as_of: Date) -> CoreResult<Book> {
        let market = MarketSnapshot::usd(as_of).with_spot("A", 100.0).and_then(|m| m.with_rate("USD", 0.0));
        let mut market = market.and_then(|m| m.with_dividend_yield("A", 0.0)).unwrap();
        if let Some(volatility) = self.volatility {
            market = market.with_volatility("A", volatility).unwrap();
        }
        let put = OptionContract::put("A", 95.0, date(2020, 6, 19), Multiplier::new(1.0).unwrap()).unwrap();
        Ok(Book::builder().share("A", 1.0).option(put.european(), -2.0).build(&market).unwrap())
    }
}

#[test]
fn full_revaluation_prices_the_book_of_the_day() {
    let moves = array![[0.02, 0.1], [-0.05, 0.3], [0.01, -0.05]];
    let panel = panel(moves.clone());
    let splitter = HistorySplitter::new(&panel, array![0.0, 0.0]).unwrap();
    let asset = AssetId::new("A").unwrap();
    let factors = vec![Factor::Spot(asset.clone()), Factor::Volatility(asset)];
    let model = |volatility| FullRevaluation::new(Arc::new(Shop { volatility }), factors.clone()).unwrap();
    let known = model(Some(0.2)).with_min_observations(3).with_quantile_rule(QuantileRule::LowerLoss).named("shop");
    assert_eq!((known.name(), known.min_observations()), ("shop", 3));
    let law = known.forecast(splitter.ending(3, 3).unwrap(), Horizon::DAY).unwrap();
    let worst = law.value_at_risk(Confidence::P99).unwrap().value;
    // The other road: scalar prices of the put, a weekday older, in the second scenario.
    let price = |spot: f64, volatility: f64, from: Date| {
        let days = f64::from(from.until(date(2020, 6, 19)).unwrap().get_days());
        let inputs =
            BlackScholesInputs { spot, strike: 95.0, rate: 0.0, dividend_yield: 0.0, volatility, time: days / 365.0 };
        BlackScholes::new(inputs).unwrap().price(OptionKind::Put)
    };
    // The history ends on Friday 3 January 2020; the horizon ends on Monday.
    let (now, then) = (date(2020, 1, 3), date(2020, 1, 6));
    let want = 5.0 + 2.0 * (price(95.0, 0.26, then) - price(100.0, 0.2, now));
    assert!((worst - want).abs() < 1e-9, "{worst} {want}");
    let kind = |m: FullRevaluation, horizon| m.forecast(splitter.ending(3, 3).unwrap(), horizon).unwrap_err().kind();
    assert_eq!(kind(model(Some(0.2)).with_min_observations(3), Horizon::WEEK), ErrorKind::Unsupported);
    assert_eq!(kind(model(Some(0.2)), Horizon::DAY), ErrorKind::InsufficientData);
    assert_eq!(kind(model(None).with_min_observations(3), Horizon::DAY), ErrorKind::InsufficientData);
    assert!(FullRevaluation::new(Arc::new(Shop { volatility: None }), vec![]).is_err());
    let filtered = model(Some(0.2)).with_min_observations(3).with_revaluation(Revaluation::default());
    let filtered = filtered.with_filter(ScenarioFilter::new(ewma(1)).with_paths(300));
    let week = filtered.forecast(splitter.ending(3, 3).unwrap(), Horizon::WEEK).unwrap();
    let shortfall = week.expected_shortfall(Confidence::P95).unwrap();
    assert_eq!((shortfall.observations, week.horizon()), (300, Horizon::WEEK));
    assert!(shortfall.value > 0.0);
}

proptest! {
    /// Positive homogeneity: twice the money, twice the risk, whatever the filter.
    #[test]
    fn filtered_risk_is_homogeneous(factor in 0.1_f64..10.0, seed in 0_u64..50) {
        let series = Streams::new(seed).standard_normals(60, 1);
        let small: Vec<f64> = series.iter().map(|z| 0.01 * z).collect();
        let large: Vec<f64> = small.iter().map(|r| factor * r / 10.0).collect();
        for model in [
            Box::new(FilteredHistorical::new(ewma(10)).with_min_observations(10)) as Box<dyn VarModel>,
            Box::new(VolatilityWeighted::new(ewma(10)).with_min_observations(10)),
            Box::new(Conditional::default()),
        ] {
            let ask = |series: &[f64]| one(series, &*model, 1).unwrap().expected_shortfall(Confidence::P95).unwrap().value;
            let (a, b) = (ask(&small), ask(&large));
            prop_assert!((a * factor / 10.0 - b).abs() < 1e-12 * a.abs().max(1.0));
        }
    }
}

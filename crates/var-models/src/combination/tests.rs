use alluse_risk_core::experts::AggregationRule;
use alluse_risk_core::measures::Spectrum;
use alluse_risk_core::{
    Confidence, ErrorKind, Horizon, LossDistribution, VarModel, normal, panel::ReturnPanel, streams::Streams,
};
use jiff::ToSpan;
use jiff::civil::date;
use ndarray::{Array1, Axis, array};

use super::*;
use crate::{ForecastRecord, LevelForecasts, NormalLoss, ParametricNormal, Rolling, Window};

fn unit(deviation: f64) -> Box<dyn LossDistribution> {
    Box::new(NormalLoss::new(0.0, deviation, Horizon::DAY).unwrap().with_observations(100))
}

#[test]
fn quantiles_are_averaged() {
    let law = CombinedLoss::new(vec![(0.25, unit(1.0)), (0.75, unit(3.0))]).unwrap();
    // Comonotone normals: the average deviation, 2.5.
    let alone = NormalLoss::new(0.0, 2.5, Horizon::DAY).unwrap().with_observations(100);
    for c in [Confidence::P95, Confidence::P99] {
        let (got, want) = (law.value_at_risk(c).unwrap(), alone.value_at_risk(c).unwrap());
        assert!((got.value - want.value).abs() < 1e-13);
        assert!((got.standard_error.unwrap() - want.standard_error.unwrap()).abs() < 1e-13);
        assert_eq!(got.observations, 100);
        let (got, want) = (law.expected_shortfall(c).unwrap(), alone.expected_shortfall(c).unwrap());
        assert!((got.value - want.value).abs() < 1e-13);
    }
    let spectrum = Spectrum::exponential(4.0).unwrap();
    let (got, want) = (law.spectral(&spectrum).unwrap().value, alone.spectral(&spectrum).unwrap().value);
    assert!((got - want).abs() < 1e-12);
    for x in [-3.0, 0.0, 4.0] {
        assert!((law.cdf(x).unwrap() - normal::cdf(x / 2.5)).abs() < 1e-11);
    }
    assert!(law.cdf(f64::NAN).is_err());
    assert_eq!(CombinedLoss::new(vec![(1.0, unit(2.0))]).unwrap().cdf(0.7).unwrap(), normal::cdf(0.35));
    assert_eq!(law.horizon(), Horizon::DAY);
}

#[test]
fn bad_parts_are_refused() {
    let kind = |parts| CombinedLoss::new(parts).unwrap_err().kind();
    assert_eq!(kind(vec![]), ErrorKind::InvalidInput);
    assert_eq!(kind(vec![(0.5, unit(1.0))]), ErrorKind::InvalidInput);
    assert_eq!(kind(vec![(1.5, unit(1.0)), (-0.5, unit(1.0))]), ErrorKind::InvalidInput);
    let week: Box<dyn LossDistribution> = Box::new(NormalLoss::new(0.0, 1.0, Horizon::WEEK).unwrap());
    assert_eq!(kind(vec![(0.5, unit(1.0)), (0.5, week)]), ErrorKind::InvalidInput);
    let model = || Box::new(ParametricNormal::default()) as Box<dyn VarModel>;
    let kind = |models, weights: Array1<f64>| CombinedModel::new(models, weights.view()).unwrap_err().kind();
    assert_eq!(kind(vec![], array![]), ErrorKind::InvalidInput);
    assert_eq!(kind(vec![model()], array![0.5, 0.5]), ErrorKind::InvalidInput);
    assert_eq!(kind(vec![model()], array![0.9]), ErrorKind::InvalidInput);
    assert_eq!(kind(vec![model(), model()], array![1.5, -0.5]), ErrorKind::InvalidInput);
}

#[test]
fn a_model_without_weight_is_not_asked() {
    let days = (0..6).map(|day| date(2024, 1, 1).checked_add(day.days()).unwrap()).collect();
    let returns = array![0.01, -0.02, 0.03, 0.0, -0.01, 0.02].insert_axis(Axis(1));
    let panel = ReturnPanel::new(days, vec![alluse_risk_core::AssetId::new("A").unwrap()], returns).unwrap();
    let splitter = alluse_risk_core::HistorySplitter::new(&panel, array![1.0]).unwrap();
    let models: Vec<Box<dyn VarModel>> =
        vec![Box::new(ParametricNormal::default()), Box::new(crate::Historical::default())];
    let combined = CombinedModel::new(models, array![1.0, 0.0].view()).unwrap().named("mix");
    assert_eq!((combined.name(), combined.min_observations()), ("mix", 100));
    assert_eq!(combined.weights(), array![1.0, 0.0]);
    let law = combined.forecast(splitter.ending(6, 6).unwrap(), Horizon::DAY).unwrap();
    let alone = ParametricNormal::default().forecast(splitter.ending(6, 6).unwrap(), Horizon::DAY).unwrap();
    assert_eq!(law.value_at_risk(Confidence::P95).unwrap().value, alone.value_at_risk(Confidence::P95).unwrap().value);
    let models: Vec<Box<dyn VarModel>> =
        vec![Box::new(ParametricNormal::default()), Box::new(crate::Historical::default())];
    let both = CombinedModel::new(models, array![0.5, 0.5].view()).unwrap();
    assert!(both.forecast(splitter.ending(6, 6).unwrap(), Horizon::DAY).is_err());
}

/// A record of constant forecasts on normal days of deviation 0.01.
fn record(name: &str, days: usize, tail: impl Fn(usize) -> Option<(f64, f64)>) -> ForecastRecord {
    let dates: Vec<_> = (0..days as i64).map(|day| date(2020, 1, 1).checked_add(day.days()).unwrap()).collect();
    let realised = Streams::new(9).standard_normals(days, 1).mapv_into(|z| 0.01 * z).into_raw_vec_and_offset().0;
    let tails: Vec<_> = (0..days).map(tail).collect();
    let level = LevelForecasts {
        confidence: Confidence::P95,
        value_at_risk: tails.iter().map(|t| t.map(|t| t.0)).collect(),
        expected_shortfall: tails.iter().map(|t| t.map(|t| t.1)).collect(),
    };
    ForecastRecord::new(name, dates, realised, vec![level], vec![None; days], vec![]).unwrap()
}

/// The right figures of that law, and figures half and twice as large.
fn three(days: usize) -> Vec<ForecastRecord> {
    [("right", 1.0), ("half", 0.5), ("twice", 2.0)]
        .map(|(name, factor)| record(name, days, |_| Some((0.016449 * factor, 0.020627 * factor))))
        .to_vec()
}

#[test]
fn weight_goes_to_the_model_that_scores_best() {
    let combined = Combination::default().of(&three(800), Confidence::P95).unwrap();
    assert_eq!(combined.models, ["right", "half", "twice"]);
    assert!(combined.next_weights[0] > 0.9, "{}", combined.next_weights);
    assert!(combined.regret <= combined.regret_bound.unwrap() + 1e-9);
    // The first day knows nothing; every day's weights are a distribution.
    for weight in combined.weights.row(0) {
        assert!((weight - 1.0 / 3.0).abs() < 1e-15);
    }
    assert!(combined.weights.rows().into_iter().all(|row| (row.sum() - 1.0).abs() < 1e-12));
    let var = combined.record.value_at_risk(Confidence::P95).unwrap();
    assert!((var[0] - 0.016449 * 3.5 / 3.0).abs() < 1e-15);
    assert!(
        (var[799] - combined.weights.row(799).dot(&array![0.016449, 0.5 * 0.016449, 2.0 * 0.016449])).abs() < 1e-15
    );
    let es = combined.record.expected_shortfall(Confidence::P95).unwrap();
    assert!((es[0] - 0.020627 * 3.5 / 3.0).abs() < 1e-15);
    assert!(combined.record.pit().iter().all(Option::is_none));
}

#[test]
fn weights_know_only_the_past() {
    let whole = Combination::default().of(&three(300), Confidence::P95).unwrap();
    let part = Combination::default().of(&three(120), Confidence::P95).unwrap();
    // The draws of a longer record begin with those of the shorter one.
    assert_eq!(whole.record.realised()[..120], part.record.realised()[..]);
    assert_eq!(whole.weights.view().split_at(Axis(0), 120).0, part.weights.view());
    // Dividing by a total that is 1 but for rounding may move the last digit.
    assert!(whole.weights.row(120).iter().zip(&part.next_weights).all(|(a, b)| (a - b).abs() < 1e-15));
}

#[test]
fn a_sleeping_model_leaves_its_weight_to_the_others() {
    let mut records = three(50);
    records[1] = record("half", 50, |day| (day != 7).then_some((0.0082, 0.0103)));
    records[2] = record("twice", 50, |day| (day < 10).then_some((0.0329, 0.0413)));
    let equal = Combination::new(AggregationRule::Equal).of(&records, Confidence::P95).unwrap();
    assert_eq!(equal.weights.row(7), array![0.5, 0.0, 0.5]);
    assert_eq!(equal.weights.row(20), array![0.5, 0.5, 0.0]);
    assert_eq!(equal.regret_bound, None);
    let learned = Combination::default().of(&records, Confidence::P95).unwrap();
    assert!((learned.weights.row(20).sum() - 1.0).abs() < 1e-12 && learned.weights[[20, 2]] == 0.0);
    // All asleep: the day is missing, and says so.
    let none = vec![record("a", 5, |day| (day != 2).then_some((0.01, 0.02)))];
    let combined = Combination::default().of(&none, Confidence::P95).unwrap();
    assert_eq!(combined.record.missing().len(), 1);
    assert_eq!(combined.record.level(Confidence::P95).unwrap().value_at_risk[2], None);
    // The leader sleeps: the others share equally, though the rule gave them nothing.
    let leader = vec![
        record("right", 30, |day| (day != 29).then_some((0.0164, 0.0206))),
        record("twice", 30, |_| Some((0.0329, 0.0413))),
        record("more", 30, |_| Some((0.05, 0.06))),
    ];
    let combined = Combination::new(AggregationRule::FollowTheLeader).of(&leader, Confidence::P95).unwrap();
    assert_eq!(combined.weights.row(29), array![0.0, 0.5, 0.5]);
}

#[test]
fn records_must_be_of_the_same_days() {
    let kind = |records: &[ForecastRecord]| Combination::default().of(records, Confidence::P95).unwrap_err().kind();
    assert_eq!(kind(&[]), ErrorKind::InvalidInput);
    let mut records = three(50);
    records.push(three(49).remove(0));
    assert_eq!(kind(&records), ErrorKind::InvalidInput);
    assert!(Combination::default().of(&three(50), Confidence::P99).is_err());
    let returns = Streams::new(2).standard_normals(40, 1).column(0).mapv(|z| 0.01 * z);
    let rolling = Rolling::new(Window::Fixed(20)).unwrap();
    let one = rolling.of_returns(&ParametricNormal::default(), returns.view()).unwrap();
    let alone = Combination::default().of(std::slice::from_ref(&one), Confidence::P99).unwrap();
    assert_eq!(alone.record.value_at_risk(Confidence::P99).unwrap(), one.value_at_risk(Confidence::P99).unwrap());
    assert_eq!(alone.regret, 0.0);
}

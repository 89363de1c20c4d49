use alluse_risk_core::streams::Streams;
use jiff::ToSpan;
use jiff::civil::date;
use ndarray::Array2;

use super::super::{ConflictBasis, ConflictRule, ConflictStatistic, UnknownPair};
use super::*;
use crate::Universe;
use crate::strategies::StrategyReturns;
use crate::strategies::correlation::{CorrelationInterval, EffectiveSize, StrategyCorrelation};

/// Strategies `common·m + own`, one loading each, so that ρᵢⱼ = lᵢ lⱼ.
fn report(seed: u64, n: usize, loadings: &[f64]) -> CorrelationReport {
    let z: Array2<f64> = Streams::new(seed).standard_normals(n, loadings.len() + 1);
    let columns = loadings.iter().enumerate().map(|(i, l)| {
        let own = (1.0 - l * l).sqrt();
        z.rows().into_iter().map(|row| Some(0.01 * (l * row[0] + own * row[i + 1]))).collect()
    });
    let names = Universe::named((0..loadings.len()).map(|i| format!("s{i}"))).unwrap();
    let dates = (0..n as i64).map(|i| date(2020, 1, 1) + i.days()).collect();
    let returns = StrategyReturns::new(dates, names, columns.collect()).unwrap();
    settings().measure(&returns, None).unwrap()
}

fn settings() -> StrategyCorrelation {
    let size = EffectiveSize::Independent;
    StrategyCorrelation::default().with_interval(CorrelationInterval::FisherZ { size })
}

fn names(kept: &[AssetId]) -> Vec<&str> {
    kept.iter().map(AssetId::as_str).collect()
}

#[test]
fn the_rule_finds_true_conflicts_and_spares_the_others() {
    // √0.85 twice: ρ = 0.85; with a loading of 0.65/√0.85 each: 0.65 to the first two, 0.50 among themselves.
    let (high, low) = (0.85_f64.sqrt(), 0.65 / 0.85_f64.sqrt());
    let rule = ConflictRule::default();
    let (mut missed, mut wrong) = (0, 0);
    for seed in 0..100 {
        let report = report(seed, 252, &[high, high, low, low]);
        let review = rule.review(&report, &ConflictState::default()).unwrap();
        let pairs: Vec<_> = review.state.conflicts().iter().map(|c| (c.first.as_str(), c.second.as_str())).collect();
        missed += usize::from(!pairs.contains(&("s0", "s1")));
        wrong += pairs.iter().filter(|pair| **pair != ("s0", "s1")).count();
    }
    // Entering needs a lower end above 0.75: artanh 0.85 is 4.5 standard errors above artanh 0.75, the interval
    // takes 1.96, and 2.5 % of a normal lie beyond the rest by less than 1 %.
    assert!(missed <= 5 && wrong == 0, "{missed} {wrong}");
}

#[test]
fn a_correlation_between_the_thresholds_keeps_its_state() {
    let near = report(7, 2_000, &[0.85, 0.85]); // ρ ≈ 0.7225
    let high = report(7, 2_000, &[0.95, 0.95]);
    let low = report(7, 2_000, &[0.7, 0.7]);
    let rule = ConflictRule::default().with_statistic(ConflictStatistic::Point);
    let step = |report, state: &ConflictState| rule.review(report, state).unwrap();
    let start = step(&near, &ConflictState::default());
    assert!(start.state.conflicts().is_empty());
    let entered = step(&high, &start.state);
    assert_eq!((entered.entered.len(), entered.state.conflicts().len()), (1, 1));
    // Stored between reviews, as JSON.
    let stored: ConflictState = serde_json::from_str(&serde_json::to_string(&entered.state).unwrap()).unwrap();
    let stays = step(&near, &stored);
    assert_eq!((stays.entered.len(), stays.left.len(), stays.state.conflicts()[0].reviews), (0, 0, 2));
    let left = step(&low, &stays.state);
    assert_eq!((left.left.len(), left.state.conflicts().len()), (1, 0));
    assert!(step(&near, &left.state).state.conflicts().is_empty());
}

#[test]
fn the_worse_of_two_alike_is_dropped_with_its_reason() {
    let report = report(3, 1_000, &[0.97, 0.97, 0.2]);
    let state = ConflictRule::default().review(&report, &ConflictState::default()).unwrap().state;
    let outcome = CorrelationPolicy::SelectAndCap { pair_cap: 0.4 }.apply(&report, &state, &[1.0, 2.0, -0.5]).unwrap();
    assert_eq!(names(&outcome.kept), ["s1"]);
    assert_eq!(outcome.selection.as_ref().unwrap().gap(), 0.0);
    assert!(matches!(&outcome.dropped[0].reason, DropReason::Conflict(c) if c.second.as_str() == "s1"));
    assert_eq!((outcome.dropped[1].strategy.as_str(), &outcome.dropped[1].reason), ("s2", &DropReason::Score));
    let text = serde_json::to_string(&outcome).unwrap();
    assert_eq!(serde_json::from_str::<PolicyOutcome>(&text).unwrap(), outcome);
    let none = CorrelationPolicy::Select.apply(&report, &state, &[0.0, -1.0, 0.0]);
    assert!(matches!(none, Err(Error::Infeasible { .. })));
}

#[test]
fn the_cap_is_for_pairs_that_only_warn() {
    // ρ = 0.72 over 100 days: the point exceeds 0.70, the lower end is near 0.61.
    let report = (0..50).map(|seed| report(seed, 100, &[0.85, 0.85, 0.1])).find(|report| {
        let known = *report.pairs[0].overall.known().unwrap();
        known.correlation > 0.70 && known.interval.lower < 0.70
    });
    let report = report.unwrap();
    let state = ConflictRule::default().review(&report, &ConflictState::default()).unwrap().state;
    let outcome = CorrelationPolicy::SelectAndCap { pair_cap: 0.5 }.apply(&report, &state, &[1.0; 3]).unwrap();
    assert_eq!((outcome.kept.len(), outcome.caps.len()), (3, 1));
    assert_eq!((names(outcome.caps[0].members()), outcome.caps[0].cap()), (vec!["s0", "s1"], 0.5));
}

#[test]
fn clusters_join_what_pairs_join() {
    let report = report(5, 2_000, &[0.95, 0.95, 0.95, 0.1]);
    let state = ConflictRule::default().review(&report, &ConflictState::default()).unwrap().state;
    let policy = CorrelationPolicy::CapClusters { threshold: 0.7, cap: 0.6 };
    let outcome = policy.apply(&report, &state, &[1.0; 4]).unwrap();
    assert_eq!(outcome.kept.len(), 4);
    assert_eq!(outcome.caps.len(), 1);
    assert_eq!(names(outcome.caps[0].members()), ["s0", "s1", "s2"]);
    let pairs = CorrelationPolicy::CapPairs { cap: 0.5 }.apply(&report, &state, &[1.0; 4]).unwrap();
    assert_eq!(pairs.caps.len(), 3);
    assert!(CorrelationPolicy::CapPairs { cap: -1.0 }.apply(&report, &state, &[1.0; 4]).is_err());
    assert!(CorrelationPolicy::CapClusters { threshold: 1.0, cap: 0.5 }.apply(&report, &state, &[1.0; 4]).is_err());
    assert!(policy.apply(&report, &state, &[1.0; 3]).is_err());
    assert!(policy.apply(&report, &state, &[1.0, 1.0, f64::NAN, 1.0]).is_err());
}

#[test]
fn unknown_pairs_follow_their_rule() {
    let mut report = report(5, 8, &[0.5, 0.5]); // fewer than 12 days
    let review = |rule: ConflictRule, state: &ConflictState| rule.review(&report, state);
    let (rule, none) = (ConflictRule::default(), ConflictState::default());
    let closed = review(rule, &none).unwrap().state;
    assert_eq!(closed.conflicts()[0].statistic, None);
    let before = rule.with_unknown(UnknownPair::AsBefore);
    assert!(review(before, &none).unwrap().state.conflicts().is_empty());
    assert_eq!(review(before, &closed).unwrap().state.conflicts()[0].reviews, 2);
    assert!(matches!(review(rule.with_unknown(UnknownPair::Refuse), &none), Err(Error::Undefined { .. })));
    assert!(matches!(review(rule.with_basis(ConflictBasis::Crisis), &none), Err(Error::Invalid { .. })));
    for (enter, leave) in [(0.6, 0.7), (1.0, 0.5), (f64::NAN, 0.5), (0.7, f64::NAN)] {
        assert!(review(rule.with_thresholds(enter, leave), &none).is_err(), "{enter} {leave}");
    }
    // A strategy that is gone leaves with its conflicts.
    report.strategies.pop();
    report.pairs.clear();
    assert_eq!(rule.review(&report, &closed).unwrap().left.len(), 1);
}

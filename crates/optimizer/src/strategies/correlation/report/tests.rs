use alluse_risk_core::Error as Input;
use alluse_risk_core::streams::Streams;
use jiff::ToSpan;
use jiff::civil::{Date, date};
use ndarray::Array2;

use super::super::{EffectiveSize, Rise, StressDays};
use super::*;
use crate::Universe;

fn days(n: usize) -> Vec<Date> {
    (0..n as i64).map(|i| date(2020, 1, 1) + i.days()).collect()
}

fn named(columns: Vec<Vec<Option<f64>>>) -> StrategyReturns {
    let names = (0..columns.len()).map(|i| format!("strategy {i}"));
    StrategyReturns::new(days(columns[0].len()), Universe::named(names).unwrap(), columns).unwrap()
}

/// Two strategies of daily volatility 1 % with correlation `rho`.
fn pair(z: &Array2<f64>, rho: f64) -> StrategyReturns {
    let side = (1.0 - rho * rho).sqrt();
    let first = z.column(0).iter().map(|x| Some(0.01 * x)).collect();
    let second = z.rows().into_iter().map(|row| Some(0.01 * (rho * row[0] + side * row[1]))).collect();
    named(vec![first, second])
}

fn independent() -> StrategyCorrelation {
    StrategyCorrelation::default().with_interval(CorrelationInterval::FisherZ { size: EffectiveSize::Independent })
}

fn verdicts(rho: f64, n: usize, trials: u64) -> Vec<Verdict> {
    let one = |trial| {
        let z = Streams::new(trial).standard_normals(n, 2);
        independent().measure(&pair(&z, rho), None).unwrap().pairs[0].verdict
    };
    (0..trials).map(one).collect()
}

#[test]
fn error_rates_of_the_flag_match_its_design() {
    // A year of days. At 0.70 the flag is wrong with 2.5 %: 400 trials, four standard errors of 0.8 % above it.
    let flagged = |rho| {
        let all = verdicts(rho, 252, 400);
        all.iter().filter(|v| **v == Verdict::Breach).count() as f64 / all.len() as f64
    };
    assert!(flagged(0.70) <= 0.025 + 4.0 * 0.0078);
    assert!(flagged(0.70) > 0.0);
    assert!(flagged(0.60) <= 0.05);
    // artanh 0.85 lies 6.1 standard errors above artanh 0.70, of which the interval takes 1.96.
    assert!(flagged(0.85) > 0.98);
}

#[test]
fn the_warning_is_the_point_and_the_flag_the_lower_end() {
    let all = verdicts(0.75, 60, 100);
    let count = |verdict| all.iter().filter(|v| **v == verdict).count();
    assert!(count(Verdict::Warn) > 30 && count(Verdict::Breach) > 0 && count(Verdict::Pass) > 0);
}

#[test]
fn coverage_of_the_interval_is_what_it_promises() {
    let held = (0..400).filter(|trial| {
        let z = Streams::new(1_000 + trial).standard_normals(60, 2);
        let report = independent().measure(&pair(&z, 0.5), None).unwrap();
        let interval = report.pairs[0].overall.known().unwrap().interval;
        interval.lower <= 0.5 && 0.5 <= interval.upper
    });
    // 95 % of 400 with a standard deviation of 4.4: four of them.
    assert!((held.count() as f64 - 380.0).abs() < 17.5);
}

#[test]
fn overlapping_returns_are_not_counted_as_independent() {
    // Weekly sums taken daily. Counted as independent, the interval of a correlation of 0 misses far too often.
    let missed = |size| {
        let settings = StrategyCorrelation::default().with_interval(CorrelationInterval::FisherZ { size });
        let misses = (0..200).filter(|trial| {
            let z = Streams::new(2_000 + trial).standard_normals(254, 2);
            let z = &z;
            let sums = |c: usize| (0..250).map(move |t| Some(0.01 * (t..t + 5).map(|s| z[[s, c]]).sum::<f64>()));
            let report = settings.measure(&named(vec![sums(0).collect(), sums(1).collect()]), None).unwrap();
            let interval = report.pairs[0].overall.known().unwrap().interval;
            interval.lower > 0.0 || interval.upper < 0.0
        });
        misses.count()
    };
    // 5 % of 200 with a standard deviation of 3.1: four of them.
    assert!(missed(EffectiveSize::Overlapping { periods: 5 }) <= 22);
    assert!(missed(EffectiveSize::Autocorrelated) <= 28);
    assert!(missed(EffectiveSize::Independent) > 40);
}

/// A market with calm and stormy days, and two strategies with given loadings in the storm.
fn stormy(seed: u64, n: usize, storm_loading: f64) -> (StrategyReturns, MarketStress) {
    let z = Streams::new(seed).standard_normals(n, 3);
    let storm = |t: usize| t.is_multiple_of(5);
    let market: Vec<f64> = (0..n).map(|t| z[[t, 0]] * if storm(t) { 0.03 } else { 0.01 }).collect();
    let own = |c: usize| {
        let loading = |t: usize| if storm(t) { storm_loading } else { 0.5 };
        (0..n).map(|t| Some(loading(t) * market[t] + 0.01 * z[[t, c]])).collect::<Vec<_>>()
    };
    let dates = days(n).into_iter().step_by(5).collect();
    (named(vec![own(1), own(2)]), MarketStress { market, days: StressDays::Dates(dates) })
}

#[test]
fn a_higher_correlation_in_a_storm_is_explained_unless_the_dependence_changed() {
    let rise = |seed, loading| {
        let (returns, stress) = stormy(seed, 1_000, loading);
        let report = independent().measure(&returns, Some(&stress)).unwrap();
        let crisis = report.pairs[0].crisis.clone().unwrap();
        let value = |s: &Status<CorrelationEstimate>| s.known().unwrap().correlation;
        // Calm: 0.25/1.25 = 0.2. Stormy with the same loading: 2.25/3.25 = 0.69.
        assert!((value(&crisis.calm) - 0.2).abs() < 0.15);
        assert!(value(&crisis.crisis) > 0.5);
        assert!((crisis.explained.known().unwrap() - 2.25 / 3.25).abs() < 0.15);
        *crisis.rise.known().unwrap()
    };
    let same = (0..40).filter(|seed| rise(*seed, 0.5) == Rise::Explained).count();
    let more = (0..40).filter(|seed| rise(*seed, 1.5) == Rise::Higher).count();
    assert!(same >= 32 && more == 40, "{same} {more}");
}

#[test]
fn worst_days_are_counted_and_missing_ones_named() {
    let market = vec![0.03, -0.01, 0.02, -0.05, 0.01, -0.02, 0.0, 0.04, -0.04, 0.05];
    let of = |days_of| MarketStress { market: market.clone(), days: days_of }.rows(&days(10));
    let worst = of(StressDays::WorstShare(0.3)).unwrap();
    assert_eq!((0..10).filter(|t| worst[*t]).collect::<Vec<_>>(), [3, 5, 8]);
    assert!(of(StressDays::Dates(vec![date(1999, 1, 1)])).is_err());
    for bad in [0.0, 0.6, f64::NAN] {
        assert!(of(StressDays::WorstShare(bad)).is_err(), "{bad}");
    }
    let short = MarketStress { market: vec![0.0], days: StressDays::WorstShare(0.1) };
    assert!(short.rows(&days(10)).is_err());
}

#[test]
fn what_cannot_be_known_says_so() {
    let z = Streams::new(4).standard_normals(40, 2);
    let full: Vec<Option<f64>> = z.column(0).iter().map(|x| Some(0.01 * x)).collect();
    let early = (0..40).map(|t| (t < 20).then_some(0.01 * z[[t, 1]])).collect();
    let late = (0..40).map(|t| (t >= 12).then_some(0.01 * z[[t, 1]])).collect();
    let flat = vec![Some(0.001); 40];
    let report = StrategyCorrelation::default().measure(&named(vec![full, early, late, flat]), None).unwrap();
    let kind = |a: &str, b: &str| match &report.pair(a, b).unwrap().overall {
        Status::Known(known) => Err(known.observations),
        Status::Unknown { kind, .. } => Ok(*kind),
        Status::Partial { .. } => panic!("no part was asked for"),
    };
    assert_eq!(kind("strategy 0", "strategy 1"), Err(20));
    assert_eq!(kind("strategy 1", "strategy 2"), Ok(ErrorKind::InsufficientData));
    assert_eq!(kind("strategy 0", "strategy 3"), Ok(ErrorKind::Undefined));
    assert_eq!(report.pair("strategy 3", "strategy 0").unwrap().verdict, Verdict::Unknown);
    assert!(report.pair("strategy 3", "strategy 9").is_err());
    let matrix = report.matrix();
    assert_eq!((matrix[[3, 3]], matrix[[3, 0]], matrix[[1, 2]]), (Some(1.0), None, None));
    assert_eq!(matrix[[0, 1]], matrix[[1, 0]]);
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<CorrelationReport>(&text).unwrap(), report);
}

#[test]
fn a_copy_of_a_strategy_is_a_breach_without_normal_tails() {
    let z = Streams::new(4).standard_normals(200, 1);
    let column: Vec<Option<f64>> = z.column(0).iter().map(|x| Some(0.01 * x)).collect();
    let report = independent().measure(&named(vec![column.clone(), column]), None).unwrap();
    assert_eq!(report.pairs[0].verdict, Verdict::Breach);
    assert!(report.pairs[0].exceedance.known().is_none());
    assert_eq!(report.pairs[0].tail.known().unwrap().coefficient, 1.0);
}

#[test]
fn settings_outside_their_range_are_named() {
    let z = Streams::new(4).standard_normals(40, 2);
    let returns = pair(&z, 0.0);
    let name = |settings: StrategyCorrelation| match settings.measure(&returns, None).unwrap_err() {
        Error::Input(Input::OutOfDomain { name, .. }) => name,
        other => panic!("{other}"),
    };
    let base = StrategyCorrelation::default();
    assert_eq!(name(base.with_limit(1.0)), "correlation limit");
    assert_eq!(name(base.with_limit(f64::NAN)), "correlation limit");
    assert_eq!(name(base.with_min_observations(3)), "minimum observations");
    assert_eq!(name(base.with_threshold(f64::NAN)), "threshold");
    assert_eq!(name(base.with_tail_share(0.0)), "tail share");
    assert_eq!(base.with_limit(0.6).limit(), 0.6);
}

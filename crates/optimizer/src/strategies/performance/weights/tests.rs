use alluse_risk_core::streams::Streams;
use jiff::ToSpan;
use jiff::civil::date;

use super::super::Between;
use super::*;
use crate::Universe;

const FREE: StrategyLimits = StrategyLimits { drawdown: None, capacity: None };

fn table(columns: Vec<Vec<Option<f64>>>) -> StrategyReturns {
    let dates = (0..columns[0].len() as i64).map(|i| date(2015, 1, 1) + i.days()).collect();
    StrategyReturns::new(dates, Universe::named((0..columns.len()).map(|i| format!("s{i}"))).unwrap(), columns).unwrap()
}

/// Daily returns of 1 % volatility with these true annual Sharpe ratios.
fn drawn(seed: u64, n: usize, ratios: &[f64]) -> Vec<Vec<Option<f64>>> {
    let z = Streams::new(seed).standard_normals(n, ratios.len());
    let column =
        |(i, ratio): (usize, &f64)| z.column(i).iter().map(|x| Some(0.01 * (ratio / 252_f64.sqrt() + x))).collect();
    ratios.iter().enumerate().map(column).collect()
}

fn rule() -> PerformanceWeights {
    PerformanceWeights::new(Frequency::Daily)
}

fn weights(result: &PerformanceResult) -> Vec<f64> {
    result.strategies.iter().map(|s| s.weight).collect()
}

#[test]
fn thin_evidence_gives_equal_weights() {
    let short = rule().allocate(&table(drawn(1, 10, &[3.0, 0.0, -3.0])), &[FREE; 3]).unwrap();
    assert!(weights(&short).iter().all(|w| (w - 1.0 / 3.0).abs() < 1e-15));
    assert!(short.shrinkage.is_none() && short.strategies[0].performance.is_none());
}

#[test]
fn luck_is_mostly_shrunk_away_and_skill_is_not() {
    // Same true ratio: plain performance would spread the weights by e^{±1}; on average little of that is left.
    let spread = |seed, ratios: &[f64], years: usize| {
        let result = rule().allocate(&table(drawn(seed, 252 * years, ratios)), &[FREE; 5]).unwrap();
        let w = weights(&result);
        w.iter().copied().fold(0.0, f64::max) / w.iter().copied().fold(1.0, f64::min)
    };
    let mean = |f: &dyn Fn(u64) -> f64| (0..40).map(f).sum::<f64>() / 40.0;
    let luck = mean(&|seed| spread(seed, &[0.5; 5], 1));
    let plain = mean(&|seed| {
        let ratio = |column: Vec<Option<f64>>| {
            let values: Vec<f64> = column.into_iter().flatten().collect();
            let m = values.iter().sum::<f64>() / 252.0;
            m / (values.iter().map(|v| (v - m).powi(2)).sum::<f64>() / 251.0).sqrt() * 252_f64.sqrt()
        };
        let ratios: Vec<f64> = drawn(seed, 252, &[0.5; 5]).into_iter().map(ratio).collect();
        (ratios.iter().copied().fold(f64::MIN, f64::max) - ratios.iter().copied().fold(f64::MAX, f64::min)).exp()
    });
    assert!(luck < 2.5 && plain > 8.0, "{luck} {plain}");
    // True ratios two apart over ten years: errors are 0.32, so most of e² stays.
    assert!(mean(&|seed| spread(seed, &[2.0, 0.0, 0.0, 0.0, 0.0], 10)) > 5.0);
}

#[test]
fn old_evidence_fades() {
    let mut columns = drawn(3, 600, &[2.0, 0.0]);
    columns[0][300..].fill(None);
    let fading = rule().with_half_life(HalfLife::periods(60.0).unwrap());
    let result = fading.allocate(&table(columns.clone()), &[FREE; 2]).unwrap();
    // Five half-lives after its last return: a Kish size of about 3 · 60/ln 2 · (2/3) over 32.
    assert!(result.strategies[0].effective_observations < 6.0);
    assert!(result.strategies[0].performance.is_none());
    assert_eq!(rule().allocate(&table(columns), &[FREE; 2]).unwrap().strategies[0].effective_observations, 300.0);
}

#[test]
fn drawdowns_free_capital_and_capacity_caps_it() {
    let mut columns = drawn(5, 100, &[0.0; 4]);
    // The last return of the first is a fall of a tenth from a peak.
    columns[0] = (0..100).map(|i| Some(if i == 99 { -0.1 } else { 0.001 * f64::from(i % 3) })).collect();
    let returns = table(columns);
    let limits = |capacity| {
        let mut limits = [FREE; 4];
        limits[0].drawdown = Some(0.2);
        limits[1].capacity = capacity;
        limits
    };
    let scale = DrawdownScale::new(vec![(0.0, 1.0), (1.0, 0.0)], Between::Line).unwrap();
    let flat = rule().with_measure(PerformanceMeasure::Mean, 0.0);
    let cash = flat.clone().with_drawdown(scale.clone(), FreedCapital::Cash);
    let got = cash.allocate(&returns, &limits(None)).unwrap();
    assert!((got.strategies[0].current_drawdown.unwrap() - 0.1).abs() < 1e-12);
    for (got, want) in weights(&got).iter().zip([0.125, 0.25, 0.25, 0.25]) {
        assert!((got - want).abs() < 1e-12);
    }
    assert!((got.cash - 0.125).abs() < 1e-12);
    // Redistributed: 1/7, 2/7, 2/7, 2/7; with a capacity of 0.1 the others share 0.9 as 1 : 2 : 2.
    let moved = flat.with_drawdown(scale.clone(), FreedCapital::Redistribute);
    let got = moved.allocate(&returns, &limits(Some(0.1))).unwrap();
    for (got, want) in weights(&got).iter().zip([0.18, 0.1, 0.36, 0.36]) {
        assert!((got - want).abs() < 1e-12, "{got} {want}");
    }
    assert!(got.strategies[1].at_capacity && !got.strategies[2].at_capacity);
    // Capacities that leave room for less than all: the rest is cash, not an error.
    let tight = [StrategyLimits { drawdown: None, capacity: Some(0.2) }; 4];
    assert!((rule().allocate(&returns, &tight).unwrap().cash - 0.2).abs() < 1e-12);
    // All at their limit: all cash.
    let ruined = table(vec![vec![Some(-0.3); 2], vec![Some(-0.4); 2]]);
    let limit = [StrategyLimits { drawdown: Some(0.2), capacity: None }; 2];
    let got = rule().with_drawdown(scale, FreedCapital::Redistribute).allocate(&ruined, &limit).unwrap();
    assert_eq!((weights(&got), got.cash), (vec![0.0, 0.0], 1.0));
}

#[test]
fn the_tilt_by_hand() {
    // Means of 0 and 0.002 a day with a deviation of 0.01 and 400 days: annual 0 and 0.504, errors 0.126, so that
    // Q = 0.504²/(2 · 0.126²) = 8, τ² = (8 − 1) · 0.126² and B = 1/8.
    let column = |mean: f64| (0..400).map(|i| Some(mean + 0.01 * f64::from(i % 2 * 2 - 1))).collect::<Vec<_>>();
    let flat = rule().with_measure(PerformanceMeasure::Mean, 4.0);
    let got = flat.allocate(&table(vec![column(0.0), column(0.002)]), &[FREE; 2]).unwrap();
    let value = got.strategies[1].performance.unwrap();
    // The sample deviation has n − 1, a relative 1/800.
    assert!((value.intensity - 0.125).abs() < 1e-3 && (value.estimate - 0.504).abs() < 1e-12);
    assert!((value.shrunk - 0.252 - 0.875 * 0.252).abs() < 1e-3);
    let log_ratio = (got.strategies[1].weight / got.strategies[0].weight).ln();
    assert!((log_ratio - 4.0 * 0.875 * 0.504).abs() < 4e-3);
}

#[test]
fn hostile_inputs_are_named() {
    let returns = table(drawn(1, 60, &[0.0, 0.0]));
    let fails = |rule: PerformanceWeights, limits: &[StrategyLimits]| rule.allocate(&returns, limits).unwrap_err();
    for tilt in [-1.0, f64::NAN, f64::INFINITY] {
        let error = fails(rule().with_measure(PerformanceMeasure::Mean, tilt), &[FREE; 2]);
        assert!(matches!(error, Error::Input(Input::OutOfDomain { name: "tilt", .. })), "{tilt}");
    }
    fails(rule().with_min_observations(2), &[FREE; 2]);
    fails(rule(), &[FREE]);
    for (drawdown, capacity) in [(Some(0.0), None), (Some(f64::NAN), None), (None, Some(-0.1)), (None, Some(f64::NAN))]
    {
        let error = fails(rule(), &[FREE, StrategyLimits { drawdown, capacity }]);
        assert!(matches!(error, Error::Input(Input::ElementOutOfDomain { index: 1, .. })), "{error}");
    }
    let flat = table(vec![vec![Some(0.01); 60], (0..60).map(|i| Some(0.001 * f64::from(i % 2))).collect()]);
    assert!(matches!(rule().allocate(&flat, &[FREE; 2]), Err(Error::Undefined { .. })));
    let huge = rule().with_measure(PerformanceMeasure::SharpeRatio, 1e300);
    let apart = table(drawn(1, 2_520, &[5.0, -5.0]));
    assert!(matches!(huge.allocate(&apart, &[FREE; 2]), Err(Error::Numerical { .. })));
}

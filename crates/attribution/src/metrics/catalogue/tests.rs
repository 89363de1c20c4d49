use std::collections::BTreeSet;

use alluse_risk_core::measures::{ExpansionDomain, QuantileRule};
use alluse_risk_core::{Confidence, ErrorKind, Frequency, Status};
use ndarray::{Array1, array};
use proptest::prelude::*;

use super::*;
use crate::{Annualisation, Performance, RiskFree};

const MONTHLY: Annualisation = Annualisation::Periods(Frequency::Monthly);

/// The monthly returns of the portfolio in Bacon (2008), chapters 2 to 5.
fn portfolio24() -> Array1<f64> {
    array![
        0.003, 0.026, 0.011, -0.01, 0.015, 0.025, 0.016, 0.067, -0.014, 0.04, -0.005, 0.081, 0.04, -0.037, -0.061,
        0.017, -0.049, -0.022, 0.07, 0.058, -0.065, 0.024, -0.005, -0.009
    ]
}

fn value(table: &[MetricValue], metric: Metric) -> Option<f64> {
    table.iter().find(|row| row.metric == metric).and_then(|row| row.value.known().copied())
}

fn kind(table: &[MetricValue], metric: Metric) -> Option<ErrorKind> {
    table.iter().find(|row| row.metric == metric).and_then(|row| match row.value {
        Status::Unknown { kind, .. } => Some(kind),
        _ => None,
    })
}

#[test]
fn every_metric_is_defined_once() {
    let definitions: Vec<Definition> = Metric::ALL.iter().map(|metric| metric.definition()).collect();
    assert!(definitions.len() > 60);
    assert_eq!(definitions.iter().map(|d| d.name).collect::<BTreeSet<_>>().len(), definitions.len());
    assert!(definitions.iter().all(|d| !d.formula.is_empty() && !d.degenerate.is_empty()));
    let returns = portfolio24();
    let performance = Performance::new(returns.view(), MONTHLY).unwrap();
    let with = Conventions::default();
    let rows: Vec<Metric> =
        [performance.table(&with), performance.fitted_table(&with)].concat().iter().map(|row| row.metric).collect();
    assert_eq!(rows.iter().collect::<BTreeSet<_>>().len(), Metric::ALL.len());
    assert_eq!(rows.len(), Metric::ALL.len());
}

/// Made with numpy 2 and scipy 1 in double precision from textbook definitions, and with statsmodels where it has the
/// statistic. Both sides round sums of 24 terms, so they agree to far better than 1e-12.
#[test]
fn a_table_by_another_road() {
    let returns = portfolio24();
    let performance = Performance::new(returns.view(), MONTHLY).unwrap();
    let with = Conventions {
        target: 0.005,
        confidence: Confidence::P90,
        lags: 5,
        expansion: ExpansionDomain::Unchecked,
        ..Conventions::default().with_risk_free(RiskFree::PerPeriod(0.002))
    };
    let table = performance.table(&with);
    for (metric, want) in [
        (Metric::GeometricMeanReturn, 0.008_254_591_236_645_403),
        (Metric::MeanReturn, 0.009),
        (Metric::SemiDeviation, 0.028_329_582_019_353_983),
        (Metric::SharpeRatio, 0.613_137_975_966_822_2),
        (Metric::GeometricSharpeRatio, 0.579_652_772_301_333),
        (Metric::PenalisedSharpeRatio, 0.582_765_798_761_079_8),
        (Metric::KappaThree, 0.119_649_789_114_166_06),
        (Metric::ExpectedShortfall, 0.060_666_666_666_666_66),
        (Metric::ValueAtRisk, 0.0454),
        (Metric::RachevRatio, 1.221_153_846_153_846_3),
        (Metric::TailRatio, 1.416_299_559_471_365_7),
        (Metric::BurkeRatio, 0.544_749_202_335_904_3),
        (Metric::AverageDrawdown, 0.043_418_238_934_804_54),
        (Metric::DrawdownDeviation, 0.029_756_836_835_088_375),
        (Metric::ConditionalDrawdown, 0.128_501_094_091_757_47),
        (Metric::CurrentDrawdown, 0.085_865_810_736_394_32),
        (Metric::LongestDrawdown, 11.0),
        (Metric::TimeUnderWater, 14.0 / 24.0),
        (Metric::RecoveryFactor, 1.507_578_013_502_856_7),
        (Metric::Expectancy, 0.009),
        (Metric::LjungBox, 4.489_445_117_022_733),
        (Metric::JarqueBera, 0.349_374_931_862_814),
        (Metric::HurstExponent, 0.505_238_443_170_992_4),
        (Metric::Stability, 0.587_911_729_665_036_5),
        (Metric::KellyFraction, 4.475_454_494_912_992),
        (Metric::KellyFractionWinLoss, 0.210_752_688_172_043),
        (Metric::RiskOfRuin, 1.216_728_500_958_493e-14),
        (Metric::OutlierWinRatio, 2.228_356_997_971_602),
        (Metric::OutlierLossRatio, 2.313_357_400_722_021_2),
        (Metric::SterlingRatio, 0.423_742_335_627_456),
        (Metric::PainRatio, 1.985_824_856_845_341_6),
        (Metric::UlcerPerformanceIndex, 3.101_428_628_058_259_5),
        (Metric::SerenityIndex, 0.993_581_481_936_755_3),
        // PerformanceAnalytics on the same series, to its fifteen digits.
        (Metric::DownsideDeviation, 0.025_536_738_241_208_5),
        (Metric::OmegaSharpeRatio, 0.291_793_313_069_909),
        (Metric::VolatilitySkewness, 1.323_046_450_706_03),
        (Metric::DownsideFrequency, 0.458_333_333_333_333),
        (Metric::UpsideFrequency, 0.541_666_666_666_667),
        (Metric::DRatio, 0.401_332_946_971_892),
        (Metric::PainIndex, 0.039_989_690_687_304_6),
        (Metric::SkewnessKurtosisRatio, -0.033_942_044_617_069),
        (Metric::MeanAbsoluteDeviation, 0.031_083_333_333_333_3),
    ] {
        let got = value(&table, metric).unwrap();
        assert!((got - want).abs() <= 1e-12 * want.abs().max(1e-3), "{metric:?}: got {got}, want {want}");
    }
    let at_95 = Conventions { confidence: Confidence::P95, ..with };
    for (metric, want) in [
        (Metric::ModifiedValueAtRisk, 0.056_028_994_816_641_066),
        (Metric::ModifiedExpectedShortfall, 0.068_791_103_854_391_95),
    ] {
        let got = performance.metric(metric, &at_95).unwrap();
        assert!((got - want).abs() <= 1e-12, "{metric:?}: got {got}, want {want}");
    }
}

#[test]
fn one_observation_has_what_one_observation_can_say() {
    let returns = array![0.02];
    let table = Performance::new(returns.view(), MONTHLY).unwrap().table(&Conventions::default());
    assert_eq!(value(&table, Metric::WinRate), Some(1.0));
    assert_eq!(value(&table, Metric::ValueAtRisk), Some(-0.02));
    assert_eq!(value(&table, Metric::ExpectedShortfall), Some(-0.02));
    assert_eq!(value(&table, Metric::MaximumDrawdown), Some(0.0));
    for metric in [
        Metric::AnnualVolatility,
        Metric::SemiDeviation,
        Metric::SharpeRatio,
        Metric::Stability,
        Metric::HurstExponent,
        Metric::LagOneAutocorrelation,
        Metric::LjungBox,
        Metric::KellyFraction,
    ] {
        assert_eq!(kind(&table, metric), Some(ErrorKind::InsufficientData), "{metric:?}");
    }
    assert_eq!(kind(&table, Metric::Skewness), Some(ErrorKind::Undefined));
}

#[test]
fn constant_gains_have_no_risk_to_divide_by() {
    let returns = Array1::from_elem(40, 0.01);
    let performance = Performance::new(returns.view(), MONTHLY).unwrap();
    // A target that equals the returns: the distances are rounding, not shortfalls.
    for target in [0.0, 0.01] {
        let table = performance.table(&Conventions::default().with_target(target));
        for metric in [Metric::Volatility, Metric::AnnualVolatility, Metric::SemiDeviation, Metric::DownsideDeviation] {
            assert_eq!(value(&table, metric), Some(0.0), "{metric:?}");
        }
        for metric in [
            Metric::SharpeRatio,
            Metric::GeometricSharpeRatio,
            Metric::PenalisedSharpeRatio,
            Metric::AdjustedSharpeRatio,
            Metric::SortinoRatio,
            Metric::KappaThree,
            Metric::OmegaRatio,
            Metric::UpsidePotentialRatio,
            Metric::CalmarRatio,
            Metric::BurkeRatio,
            Metric::SerenityIndex,
            Metric::Skewness,
            Metric::ModifiedValueAtRisk,
            Metric::KellyFraction,
            Metric::HurstExponent,
            Metric::LjungBox,
        ] {
            assert_eq!(kind(&table, metric), Some(ErrorKind::Undefined), "{metric:?} at {target}");
        }
        assert!((value(&table, Metric::Stability).unwrap() - 1.0).abs() < 1e-14);
    }
}

#[test]
fn gains_alone_leave_loss_ratios_undefined_and_say_why() {
    let returns = array![0.01, 0.03, 0.02, 0.05, 0.01];
    let table = Performance::new(returns.view(), MONTHLY).unwrap().table(&Conventions::default());
    for metric in [
        Metric::SortinoRatio,
        Metric::OmegaRatio,
        Metric::CalmarRatio,
        Metric::PainRatio,
        Metric::MartinRatio,
        Metric::RecoveryFactor,
        Metric::ProfitFactor,
        Metric::PayoffRatio,
        Metric::TailRatio,
        Metric::RachevRatio,
        Metric::AverageLoss,
        Metric::AverageDrawdown,
        Metric::OutlierLossRatio,
    ] {
        assert_eq!(kind(&table, metric), Some(ErrorKind::Undefined), "{metric:?}");
    }
    assert!(value(&table, Metric::SharpeRatio).unwrap() > 0.0);
    let reason = |metric| table.iter().find(|row| row.metric == metric).map(|row| row.value.clone());
    assert_eq!(
        reason(Metric::CalmarRatio),
        Some(Status::Unknown {
            kind: ErrorKind::Undefined,
            reason: "Calmar ratio is undefined: the value never falls".into()
        })
    );
}

#[test]
fn after_a_total_loss_growth_is_minus_one_and_paths_are_undefined() {
    let returns = array![0.1, -1.0, 0.2, 0.1, -0.05];
    let table = Performance::new(returns.view(), MONTHLY).unwrap().table(&Conventions::default());
    for metric in [Metric::TotalReturn, Metric::AnnualReturn, Metric::GeometricMeanReturn] {
        assert_eq!(value(&table, metric), Some(-1.0), "{metric:?}");
    }
    for metric in [Metric::MaximumDrawdown, Metric::CalmarRatio, Metric::Stability, Metric::TimeUnderWater] {
        assert_eq!(kind(&table, metric), Some(ErrorKind::Undefined), "{metric:?}");
    }
    assert!(value(&table, Metric::SharpeRatio).is_some() && value(&table, Metric::ProfitFactor).is_some());
}

#[test]
fn bad_conventions_are_refused_where_they_matter() {
    let returns = portfolio24();
    let performance = Performance::new(returns.view(), MONTHLY).unwrap();
    let short = Conventions::default().with_risk_free(RiskFree::Series(array![0.01]));
    assert_eq!(kind(&performance.table(&short), Metric::SharpeRatio), Some(ErrorKind::InvalidInput));
    assert!(value(&performance.table(&short), Metric::TotalReturn).is_some());
    let nowhere = Conventions::default().with_target(f64::NAN);
    for metric in [Metric::SortinoRatio, Metric::OmegaRatio, Metric::KappaThree, Metric::DownsideFrequency] {
        assert_eq!(kind(&performance.table(&nowhere), metric), Some(ErrorKind::InvalidInput), "{metric:?}");
    }
    let none = Conventions { lags: 0, ..Conventions::default() };
    assert_eq!(kind(&performance.table(&none), Metric::LjungBox), Some(ErrorKind::InvalidInput));
    let text = serde_json::to_string(&short).unwrap();
    assert_eq!(serde_json::from_str::<Conventions>(&text).unwrap(), short);
    assert_eq!(serde_json::from_str::<Conventions>("{}").unwrap(), Conventions::default());
    let table = performance.table(&none);
    let text = serde_json::to_string(&table).unwrap();
    assert_eq!(serde_json::from_str::<Vec<MetricValue>>(&text).unwrap(), table);
}

/// Metrics that a positive factor on all returns leaves alone.
const SCALE_FREE: [Metric; 18] = [
    Metric::Skewness,
    Metric::ExcessKurtosis,
    Metric::SharpeRatio,
    Metric::PenalisedSharpeRatio,
    Metric::AdjustedSharpeRatio,
    Metric::SortinoRatio,
    Metric::KappaThree,
    Metric::OmegaRatio,
    Metric::UpsidePotentialRatio,
    Metric::ProspectRatio,
    Metric::TailRatio,
    Metric::RachevRatio,
    Metric::PayoffRatio,
    Metric::ProfitFactor,
    Metric::DRatio,
    Metric::KellyFractionWinLoss,
    Metric::HurstExponent,
    Metric::LjungBox,
];

/// Metrics that see the order of the returns.
const ORDERED: [Metric; 23] = [
    Metric::PenalisedSharpeRatio,
    Metric::MaximumDrawdown,
    Metric::AverageDrawdown,
    Metric::PainIndex,
    Metric::UlcerIndex,
    Metric::DrawdownDeviation,
    Metric::ConditionalDrawdown,
    Metric::CurrentDrawdown,
    Metric::LongestDrawdown,
    Metric::TimeUnderWater,
    Metric::CalmarRatio,
    Metric::SterlingRatio,
    Metric::PainRatio,
    Metric::MartinRatio,
    Metric::UlcerPerformanceIndex,
    Metric::BurkeRatio,
    Metric::ModifiedBurkeRatio,
    Metric::RecoveryFactor,
    Metric::SerenityIndex,
    Metric::LongestWinningRun,
    Metric::LongestLosingRun,
    Metric::Stability,
    Metric::HurstExponent,
];

fn alike(a: &Status<f64>, b: &Status<f64>, tolerance: f64) -> bool {
    match (a, b) {
        (Status::Known(a), Status::Known(b)) => (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1.0),
        (Status::Unknown { kind: a, .. }, Status::Unknown { kind: b, .. }) => a == b,
        _ => false,
    }
}

proptest! {
    #[test]
    fn scaling_leaves_ratios_alone(returns in prop::collection::vec(-0.1_f64..0.1, 12..60), factor in 0.5_f64..4.0) {
        let returns = Array1::from(returns);
        let with = Conventions::default();
        let small = Performance::new(returns.clone(), MONTHLY).unwrap().table(&with);
        let large = Performance::new(returns * factor, MONTHLY).unwrap().table(&with);
        for (a, b) in small.iter().zip(&large).filter(|(a, _)| SCALE_FREE.contains(&a.metric)) {
            prop_assert!(alike(&a.value, &b.value, 1e-9), "{:?}: {:?} and {:?}", a.metric, a.value, b.value);
        }
    }

    #[test]
    fn order_matters_only_to_paths(returns in prop::collection::vec(-0.1_f64..0.1, 12..60)) {
        let with = Conventions::default();
        let forward = Performance::new(Array1::from(returns.clone()), MONTHLY).unwrap().table(&with);
        let mut sorted = returns;
        sorted.sort_by(f64::total_cmp);
        let backward = Performance::new(Array1::from(sorted), MONTHLY).unwrap().table(&with);
        let serial = [Metric::LagOneAutocorrelation, Metric::LjungBox];
        let free = |row: &&MetricValue| !ORDERED.contains(&row.metric) && !serial.contains(&row.metric);
        for (a, b) in forward.iter().filter(free).zip(backward.iter().filter(free)) {
            prop_assert!(alike(&a.value, &b.value, 1e-9), "{:?}: {:?} and {:?}", a.metric, a.value, b.value);
        }
    }

    /// What is computed first does not change what comes after, to the last bit.
    #[test]
    fn a_metric_alone_is_the_metric_in_the_table(returns in prop::collection::vec(-0.1_f64..0.1, 1..40), target in -0.01_f64..0.01) {
        let returns = Array1::from(returns);
        let with = Conventions::default().with_target(target).with_risk_free(RiskFree::PerPeriod(0.001));
        for row in Performance::new(returns.view(), MONTHLY).unwrap().table(&with) {
            let alone = Performance::new(returns.view(), MONTHLY).unwrap().metric(row.metric, &with);
            match row.value {
                Status::Known(value) => prop_assert_eq!(value.to_bits(), alone.unwrap().to_bits(), "{:?}", row.metric),
                Status::Unknown { kind, .. } => prop_assert_eq!(kind, alone.unwrap_err().kind(), "{:?}", row.metric),
                Status::Partial { .. } => prop_assert!(false),
            }
        }
    }

    /// Cash given once for all periods and cash given period by period are the same cash.
    #[test]
    fn a_constant_series_of_cash_is_a_rate(returns in prop::collection::vec(-0.1_f64..0.1, 5..40), rate in 0.0_f64..0.01) {
        let n = returns.len();
        let returns = Array1::from(returns);
        let performance = Performance::new(returns.view(), MONTHLY).unwrap();
        let one = performance.table(&Conventions::default().with_risk_free(RiskFree::PerPeriod(rate)));
        let many = RiskFree::Series(Array1::from_elem(n, rate));
        for (a, b) in one.iter().zip(&performance.table(&Conventions::default().with_risk_free(many))) {
            prop_assert!(alike(&a.value, &b.value, 1e-8), "{:?}: {:?} and {:?}", a.metric, a.value, b.value);
        }
    }

    #[test]
    fn tails_move_with_the_returns(returns in prop::collection::vec(-0.1_f64..0.1, 1..60), shift in 0.0_f64..0.2) {
        let returns = Array1::from(returns);
        let (here, there) = (Performance::new(returns.clone(), MONTHLY).unwrap(), Performance::new(returns + shift, MONTHLY).unwrap());
        let var = |p: &Performance<'_>| p.value_at_risk(Confidence::P90, QuantileRule::Hazen).unwrap();
        let es = |p: &Performance<'_>| p.expected_shortfall(Confidence::P90).unwrap();
        prop_assert!((var(&here) - shift - var(&there)).abs() < 1e-14);
        prop_assert!((es(&here) - shift - es(&there)).abs() < 1e-14);
        let losses = alluse_risk_core::measures::LossSample::from_returns(here.returns()).unwrap();
        prop_assert!((losses.expected_shortfall(Confidence::P90).unwrap().value - es(&here)).abs() < 1e-14);
        let wanted = here.drawdown_path().unwrap().conditional(Confidence::P90).unwrap();
        prop_assert!((here.conditional_drawdown(Confidence::P90).unwrap() - wanted).abs() < 1e-14);
    }
}

/// Ten years of days, in one thread. Run on an idle machine with `--release -- --ignored`.
#[test]
#[ignore = "measures time"]
fn a_table_takes_less_than_seventy_microseconds() {
    let mut state = 42_u64;
    let mut uniform = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let series: Vec<Array1<f64>> = (0..1_000)
        .map(|_| (0..2_520).map(|_| 0.012 * ((0..6).map(|_| uniform()).sum::<f64>() - 2.9)).collect())
        .collect();
    let with = Conventions::default();
    let daily = Annualisation::Periods(Frequency::Daily);
    let time = |block: &[Array1<f64>]| {
        let start = std::time::Instant::now();
        for returns in block {
            std::hint::black_box(Performance::new(returns.view(), daily).unwrap().table(&with));
        }
        start.elapsed()
    };
    // The best of several rounds of each block, so that a busy moment of the machine does not count.
    let best = |block| (0..10).map(|_| time(block)).min().unwrap_or_default();
    let total: std::time::Duration = series.chunks(20).map(best).sum();
    assert!(total.as_micros() < 70_000, "1,000 series took {total:?}");
}

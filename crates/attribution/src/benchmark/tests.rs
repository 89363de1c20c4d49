use alluse_risk_core::inference::BartlettLags;
use alluse_risk_core::moments::Normalisation;
use alluse_risk_core::{Confidence, ErrorKind, Frequency, Status};
use ndarray::{Array1, array, aview1};
use proptest::prelude::*;
use testkit::close;

use super::*;
use crate::{Annualisation, Error, Result, RiskFree};

const MONTHLY: Annualisation = Annualisation::Periods(Frequency::Monthly);

/// Bacon (2008), ch. 4: 24 months of a portfolio and its benchmark.
const BACON: [f64; 24] = [
    0.003, 0.026, 0.011, -0.01, 0.015, 0.025, 0.016, 0.067, -0.014, 0.04, -0.005, 0.081, 0.04, -0.037, -0.061, 0.017,
    -0.049, -0.022, 0.07, 0.058, -0.065, 0.024, -0.005, -0.009,
];
const BACON_BENCHMARK: [f64; 24] = [
    0.002, 0.025, 0.018, -0.011, 0.014, 0.018, 0.014, 0.065, -0.015, 0.042, -0.006, 0.083, 0.039, -0.038, -0.062,
    0.015, -0.048, 0.021, 0.06, 0.056, -0.067, 0.019, -0.003, 0.0,
];

fn bacon() -> Relative<'static> {
    Relative::new(aview1(&BACON), aview1(&BACON_BENCHMARK), RiskFree::Zero, MONTHLY).unwrap()
}

/// The linear congruential numbers that the reference script draws its returns from.
fn uniform(n: usize, factor: u64, shift: u64, modulus: u64) -> Vec<f64> {
    let mut state = 1;
    let draw = || {
        state = (state * factor + shift) % modulus;
        state as f64 / modulus as f64 - 0.5
    };
    std::iter::repeat_with(draw).take(n).collect()
}

fn simulated() -> (Array1<f64>, Array1<f64>) {
    let benchmark: Array1<f64> =
        uniform(60, 1_103_515_245, 12_345, 1 << 31).into_iter().map(|u| 0.08 * u + 0.005).collect();
    let noise: Array1<f64> = uniform(60, 1_664_525, 1_013_904_223, 1 << 32).into_iter().map(|u| 0.03 * u).collect();
    (0.001 + 0.8 * &benchmark + noise, benchmark)
}

#[test]
fn bacons_table() {
    // The book's 24 months, recomputed in full precision by independent software; 1e-9 leaves room for its sums.
    let relative = bacon();
    let population = AppraisalDenominator::SpecificRisk { ddof: 0 };
    let modified = TreynorDenominator::SystematicRisk { ddof: 0 };
    for (got, want) in [
        (relative.fama_beta(), 1.030_394_909_121_98),
        (relative.jensen_alpha(), -0.014_169_444_654_244_2),
        (relative.regression_epsilon(), -0.013_139_323_809_325_9),
        (relative.specific_risk(0), 0.032_931_091_231_369_7),
        (relative.systematic_risk(0), 0.130_009_781_287_068),
        (relative.total_risk(0, 0), 0.134_115_621_759_734),
        (relative.m_squared(MeanReturn::Geometric, 0), 0.100_619_955_331_647),
        (relative.m2_sortino(0.005), 0.103_479_881_801_35),
        (relative.omega_excess_return(0.005), 0.080_537_946_419_910_1),
        (relative.appraisal_ratio(population), -0.430_275_588_339_648),
        (relative.treynor_ratio(TreynorNumerator::AnnualExcessReturn, modified), 0.797_465_303_790_357),
    ] {
        close(got.unwrap(), want, 1e-9);
    }
}

#[test]
fn alpha_and_beta_have_the_errors_of_statsmodels() {
    // statsmodels 0.15, OLS(...).fit(cov_type="HAC", maxlags=..., use_correction=False).
    let (returns, benchmark) = simulated();
    let relative = Relative::new(returns.view(), benchmark.view(), RiskFree::PerPeriod(0.002), MONTHLY).unwrap();
    for (lags, alpha, beta) in [
        (0, 0.001_175_737_103_482_913_3, 0.049_365_656_712_920_85),
        (3, 0.001_299_916_012_595_409, 0.042_833_607_145_046_39),
    ] {
        let errors = HacErrors { lags: BartlettLags::Fixed(lags), ..HacErrors::default() };
        let got = relative.alpha_beta_hac(&errors).unwrap();
        close(got.alpha.estimate, -3.030_959_126_008_522_8e-5, 1e-14);
        close(got.beta.estimate, 0.787_991_182_200_902, 1e-13);
        close(got.alpha.standard_error, alpha, 1e-13);
        close(got.beta.standard_error, beta, 1e-12);
        close(got.annual_alpha.standard_error, 12.0 * alpha, 1e-12);
        assert_eq!((got.lags, got.observations), (lags, 60));
    }
    let errors = HacErrors { lags: BartlettLags::Fixed(3), ..HacErrors::default() };
    let interval = relative.alpha_beta_hac(&errors).unwrap().beta.interval;
    close(interval.lower, 0.704_038_854_868_673_6, 1e-12);
    close(interval.upper, 0.871_943_509_533_130_5, 1e-12);
}

#[test]
fn market_timing_has_the_errors_of_statsmodels() {
    // As above, with 3 lags.
    let (returns, benchmark) = simulated();
    let relative = Relative::new(returns.view(), benchmark.view(), RiskFree::PerPeriod(0.002), MONTHLY).unwrap();
    let errors = HacErrors { lags: BartlettLags::Fixed(3), ..HacErrors::default() };
    let wants = [
        (
            TimingModel::TreynorMazuy,
            [0.003_159_251_703_173_399, 0.852_710_747_290_331_3, -6.444_371_411_033_007],
            [0.002_125_557_121_337_976, 0.041_442_939_129_431_06, 2.527_339_744_780_343],
        ),
        (
            TimingModel::HenrikssonMerton,
            [0.004_367_254_985_974_863_5, 0.604_852_775_837_057_2, -0.457_667_702_279_558_33],
            [0.003_009_147_645_794_613, 0.115_634_197_822_568_77, 0.236_749_982_080_554_87],
        ),
    ];
    for (model, estimates, standard_errors) in wants {
        let got = relative.market_timing(model, &errors).unwrap();
        for (coefficient, (estimate, error)) in
            [got.alpha, got.beta, got.gamma].into_iter().zip(estimates.into_iter().zip(standard_errors))
        {
            close(coefficient.estimate, estimate, 1e-11);
            close(coefficient.standard_error, error, 1e-11);
        }
    }
}

#[test]
fn other_packages_agree() {
    // empyrical 0.7.1 and numpy 2.4 on the simulated returns.
    let (returns, benchmark) = simulated();
    let relative = Relative::new(returns.view(), benchmark.view(), RiskFree::PerPeriod(0.002), MONTHLY).unwrap();
    let annual = |periods| relative.capture_ratio(periods, CaptureMethod::AnnualReturn, ZeroBenchmark::Excluded);
    for (got, want) in [
        (relative.beta(MarketPeriods::All), 0.787_991_182_200_901_8),
        (relative.alpha(AlphaBasis::Geometric), -0.000_363_654_468_938_712_23),
        (annual(MarketPeriods::Up), 0.780_735_455_788_252),
        (annual(MarketPeriods::Down), 0.778_427_797_250_627_7),
        (relative.batting_average(MarketPeriods::All, ZeroBenchmark::Excluded), 0.483_333_333_333_333_34),
        (relative.batting_average(MarketPeriods::Up, ZeroBenchmark::Excluded), 0.382_352_941_176_470_56),
        (relative.batting_average(MarketPeriods::Down, ZeroBenchmark::Excluded), 0.615_384_615_384_615_4),
        (relative.beta_fragility(), -0.017_137_498_983_439_13),
        (relative.tracking_error(1), 0.035_482_970_315_499_97),
        (relative.correlation(), 0.895_439_040_162_991_1),
        (relative.beta(MarketPeriods::Up), 0.641_738_487_546_840_4),
        (relative.beta(MarketPeriods::Down), 1.123_644_811_673_756_5),
    ] {
        close(got.unwrap(), want, 1e-12);
    }
}

#[test]
fn a_flat_benchmark_goes_where_it_is_told() {
    let returns = array![0.10, -0.10, 0.05];
    let benchmark = array![0.10, -0.05, 0.0];
    let relative = Relative::new(returns.view(), benchmark.view(), RiskFree::Zero, MONTHLY).unwrap();
    let up = |zero| relative.capture_ratio(MarketPeriods::Up, CaptureMethod::TotalReturn, zero).unwrap();
    let down = |zero| relative.capture_ratio(MarketPeriods::Down, CaptureMethod::TotalReturn, zero).unwrap();
    close(up(ZeroBenchmark::Excluded), 1.0, 1e-14);
    close(up(ZeroBenchmark::Up), 1.55, 1e-14);
    close(down(ZeroBenchmark::Excluded), 2.0, 1e-14);
    close(down(ZeroBenchmark::Down), 1.1, 1e-14);
    assert_eq!(relative.batting_average(MarketPeriods::All, ZeroBenchmark::Excluded), Ok(1.0 / 3.0));
    assert_eq!(relative.batting_average(MarketPeriods::Up, ZeroBenchmark::Up), Ok(0.5));
}

#[test]
fn drawdown_beta_by_hand() {
    // One fall of the benchmark by 20 %, in which the returns lost 10 % and gained 5 %.
    let benchmark = array![0.1, -0.1, -1.0 / 9.0, 0.3];
    let returns = array![0.0, -0.1, 0.05, 0.0];
    let relative = Relative::new(returns.view(), benchmark.view(), RiskFree::Zero, MONTHLY).unwrap();
    close(relative.drawdown_beta(Confidence::P95).unwrap(), (1.0 - 0.9 * 1.05) / 0.2, 1e-14);
    let rising = array![0.1, 0.1];
    let relative = Relative::new(rising.view(), rising.view(), RiskFree::Zero, MONTHLY).unwrap();
    assert_eq!(relative.drawdown_beta(Confidence::P95).unwrap_err().kind(), ErrorKind::Undefined);
}

#[test]
fn a_constant_benchmark_is_undefined_not_infinite() {
    // Multiples of 0.1 round differently; a mean of them is not exactly one of them.
    let returns = array![0.01, -0.02, 0.03, 0.004, 0.01, 0.02, -0.01];
    let flat = Array1::from_elem(7, 0.1);
    for risk_free in [RiskFree::Zero, RiskFree::PerPeriod(0.03), RiskFree::Series(Array1::from_elem(7, 0.1))] {
        let relative = Relative::new(returns.view(), flat.view(), risk_free, MONTHLY).unwrap();
        for got in [
            relative.beta(MarketPeriods::All),
            relative.beta(MarketPeriods::Up),
            relative.correlation(),
            relative.fama_beta(),
            relative.beta_fragility(),
            relative.appraisal_ratio(AppraisalDenominator::default()),
        ] {
            assert_eq!(got.unwrap_err().kind(), ErrorKind::Undefined);
        }
        assert!(relative.market_timing(TimingModel::TreynorMazuy, &HacErrors::default()).is_err());
        assert!(relative.tracking_error(1).is_ok());
    }
}

#[test]
fn a_perfect_copy_has_no_information_ratio() {
    let (_, benchmark) = simulated();
    let relative = Relative::new(benchmark.view(), benchmark.view(), RiskFree::Zero, MONTHLY).unwrap();
    assert_eq!(relative.tracking_error(1), Ok(0.0));
    close(relative.beta(MarketPeriods::All).unwrap(), 1.0, 1e-14);
    for got in [
        relative.information_ratio(MeanReturn::Arithmetic, 1),
        relative.appraisal_ratio(AppraisalDenominator::default()),
        relative.alpha_beta_hac(&HacErrors::default()).map(|both| both.alpha.t_statistic),
    ] {
        assert_eq!(got.unwrap_err().kind(), ErrorKind::Undefined);
    }
}

#[test]
fn a_close_tracker_keeps_its_tracking_error() {
    // Alternating differences of a billionth: sd = 1e-9 exactly, with ddof 0.
    let (_, benchmark) = simulated();
    let returns: Array1<f64> =
        benchmark.iter().enumerate().map(|(t, b)| b + if t % 2 == 0 { 1e-9 } else { -1e-9 }).collect();
    let yearly = Annualisation::Periods(Frequency::Yearly);
    let relative = Relative::new(returns.view(), benchmark.view(), RiskFree::Zero, yearly).unwrap();
    // b + 1e-9 is rounded to 2^-58 of a number below 1/16: 4e-9 of the difference.
    assert!((relative.tracking_error(0).unwrap() / 1e-9 - 1.0).abs() < 1e-7);
}

#[test]
fn hostile_input_is_named() {
    let make = |r: Vec<f64>, b: Vec<f64>, risk_free| -> Result<()> {
        Relative::new(aview1(&r), aview1(&b), risk_free, MONTHLY).map(drop)
    };
    let say = |result: Result<()>| result.unwrap_err().to_string();
    assert_eq!(say(make(vec![], vec![], RiskFree::Zero)), "returns is empty");
    assert!(say(make(vec![0.1], vec![0.1, 0.2], RiskFree::Zero)).contains("benchmark must have length 1, got 2"));
    assert!(say(make(vec![0.1, 0.1], vec![0.1, f64::NAN], RiskFree::Zero)).starts_with("benchmark[1]"));
    assert!(say(make(vec![0.1], vec![0.1], RiskFree::Series(array![0.0, 0.0]))).contains("risk-free returns"));
    assert!(make(vec![-1.0], vec![-1.0], RiskFree::Zero).is_ok());
}

#[test]
fn one_observation_has_a_reason_for_every_metric() {
    let one = array![0.01];
    let relative = Relative::new(one.view(), one.view(), RiskFree::Zero, MONTHLY).unwrap();
    let table = relative.table(&BenchmarkConventions::default());
    assert_eq!(table.len(), BenchmarkMetric::ALL.len());
    let known: Vec<BenchmarkMetric> =
        table.iter().filter(|row| row.value.known().is_some()).map(|row| row.metric).collect();
    let expected = [
        BenchmarkMetric::ActiveReturn,
        BenchmarkMetric::OmegaExcessReturn,
        BenchmarkMetric::UpCapture,
        BenchmarkMetric::UpCaptureFrequency,
        BenchmarkMetric::BattingAverage,
        BenchmarkMetric::UpBattingAverage,
    ];
    assert_eq!(known, expected);
    for row in &table {
        if let Status::Unknown { kind, reason } = &row.value {
            assert!(matches!(kind, ErrorKind::Undefined | ErrorKind::InsufficientData), "{:?}: {reason}", row.metric);
        }
    }
}

#[test]
fn a_total_loss_is_a_number_where_it_can_be() {
    let returns = array![0.1, -1.0, 0.1];
    let benchmark = array![0.05, -0.2, 0.1];
    let relative = Relative::new(returns.view(), benchmark.view(), RiskFree::PerPeriod(0.01), MONTHLY).unwrap();
    let market = relative.annual_returns().unwrap()[1];
    assert_eq!(relative.active_return(MeanReturn::Geometric), Ok(-1.0 - market));
    // An excess return of −101 % cannot be compounded.
    let treynor = relative.treynor_ratio(TreynorNumerator::default(), TreynorDenominator::default());
    assert!(matches!(treynor, Err(Error::Undefined { .. })), "{treynor:?}");
}

#[test]
fn definitions_are_complete_and_distinct() {
    let mut names: Vec<&str> = BenchmarkMetric::ALL.iter().map(|metric| metric.definition().name).collect();
    for metric in BenchmarkMetric::ALL {
        let definition = metric.definition();
        assert!(![definition.name, definition.formula, definition.source].contains(&""), "{metric:?}");
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), BenchmarkMetric::ALL.len());
}

#[test]
fn values_in_a_strided_view_are_the_same() {
    let both = ndarray::stack![ndarray::Axis(1), aview1(&BACON), aview1(&BACON_BENCHMARK)];
    let strided = Relative::new(both.column(0), both.column(1), RiskFree::Zero, MONTHLY).unwrap();
    let conventions = BenchmarkConventions::default();
    assert_eq!(strided.table(&conventions), bacon().table(&conventions));
}

fn pairs() -> impl Strategy<Value = Vec<(f64, f64)>> {
    prop::collection::vec((-0.2_f64..0.2, -0.2_f64..0.2), 3..60)
}

fn split(pairs: &[(f64, f64)]) -> (Array1<f64>, Array1<f64>) {
    (pairs.iter().map(|pair| pair.0).collect(), pairs.iter().map(|pair| pair.1).collect())
}

proptest! {
    #[test]
    fn nothing_is_infinite_and_nothing_panics(
        pairs in prop::collection::vec((prop_oneof![Just(0.0), Just(-1.0), -0.5_f64..1.0], prop_oneof![Just(0.0), Just(0.01), -1.0_f64..1.0]), 1..20),
        rate in prop_oneof![Just(0.0), 0.0_f64..0.02],
    ) {
        let (r, b) = split(&pairs);
        let relative = Relative::new(r.view(), b.view(), RiskFree::PerPeriod(rate), MONTHLY).unwrap();
        for row in relative.table(&BenchmarkConventions::default()) {
            if let Some(value) = row.value.value() {
                prop_assert!(value.is_finite(), "{:?} {value}", row.metric);
            }
        }
    }

    #[test]
    fn one_rate_is_a_series_of_equal_rates(pairs in prop::collection::vec((-0.2_f64..0.2, -0.2_f64..0.2), 20..60), rate in -0.01_f64..0.02) {
        let (r, b) = split(&pairs);
        let series = RiskFree::Series(Array1::from_elem(r.len(), rate));
        let table = |risk_free| {
            let relative = Relative::new(r.view(), b.view(), risk_free, MONTHLY).unwrap();
            relative.table(&BenchmarkConventions::default())
        };
        for (one, other) in table(RiskFree::PerPeriod(rate)).iter().zip(table(series)) {
            match (one.value.known(), other.value.known()) {
                // A ratio whose denominator almost vanishes magnifies the rounding of the two roads.
                (Some(a), Some(b)) => prop_assert!((a - b).abs() <= 1e-8 * b.abs().max(1.0), "{:?} {a} {b}", one.metric),
                (a, b) => prop_assert_eq!(a, b),
            }
        }
    }

    #[test]
    fn variance_splits_into_systematic_and_specific(pairs in pairs()) {
        // With one rate for all periods the residuals are uncorrelated with the benchmark.
        let (r, b) = split(&pairs);
        let relative = Relative::new(r.view(), b.view(), RiskFree::PerPeriod(0.001), MONTHLY).unwrap();
        let volatility = alluse_risk_core::moments::standard_deviation(r.view(), 1).unwrap() * 12.0_f64.sqrt();
        prop_assert!((relative.total_risk(1, 1).unwrap() - volatility).abs() <= 1e-12);
    }

    #[test]
    fn beta_is_the_systematic_comoment_and_scales(pairs in pairs(), factor in 0.1_f64..2.0) {
        let (r, b) = split(&pairs);
        let relative = Relative::new(r.view(), b.view(), RiskFree::Zero, MONTHLY).unwrap();
        let beta = relative.beta(MarketPeriods::All).unwrap();
        let comoment = relative.comoment(1, Normalisation::BenchmarkMoment).unwrap();
        prop_assert!((beta - comoment).abs() <= 1e-11 * beta.abs().max(1.0));
        let scaled = &r * factor;
        let relative = Relative::new(scaled.view(), b.view(), RiskFree::Zero, MONTHLY).unwrap();
        prop_assert!((relative.beta(MarketPeriods::All).unwrap() - factor * beta).abs() <= 1e-11 * beta.abs().max(1.0));
    }

    #[test]
    fn a_line_through_the_market_has_no_residual(b in prop::collection::vec(-0.2_f64..0.2, 4..40), slope in -2.0_f64..2.0) {
        let b = Array1::from(b);
        let r = b.mapv(|b| 0.001 + slope * b);
        let relative = Relative::new(r.view(), b.view(), RiskFree::Zero, MONTHLY).unwrap();
        let spread = alluse_risk_core::moments::standard_deviation(b.view(), 0).unwrap();
        prop_assume!(spread > 1e-3);
        prop_assert!((relative.beta(MarketPeriods::All).unwrap() - slope).abs() <= 1e-11);
        prop_assert!((relative.alpha(AlphaBasis::PerPeriod).unwrap() - 0.001).abs() <= 1e-12);
        prop_assert!(relative.specific_risk(1).unwrap() <= 1e-13);
    }

    #[test]
    fn growth_splits_over_the_market(pairs in pairs()) {
        // Up, down and flat periods are a partition: their counts of wins add up to those of all periods.
        let (r, b) = split(&pairs);
        let relative = Relative::new(r.view(), b.view(), RiskFree::Zero, MONTHLY).unwrap();
        let n = b.len() as f64;
        let share = |periods: MarketPeriods, holds: fn(&f64) -> bool| {
            let count = b.iter().filter(|b| holds(b)).count() as f64;
            if count == 0.0 { 0.0 } else { count * relative.batting_average(periods, ZeroBenchmark::Up).unwrap() }
        };
        let all = n * relative.batting_average(MarketPeriods::All, ZeroBenchmark::Up).unwrap();
        let parts = share(MarketPeriods::Up, |b| *b >= 0.0) + share(MarketPeriods::Down, |b| *b < 0.0);
        prop_assert!((all - parts).abs() < 1e-9);
    }
}

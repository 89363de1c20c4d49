use alluse_risk_core::measures::{DrawdownKind, DrawdownPath, LossSample, QuantileRule};
use alluse_risk_core::moments::{self, MomentEstimator, Normalisation, comoment};
use alluse_risk_core::{Confidence, ErrorKind, Frequency};
use ndarray::{Array1, ArrayView1, array};
use proptest::prelude::*;
use testkit::close;

use super::*;
use crate::{Performance, Result, RiskFree};

const DAILY: Frequency = Frequency::Daily;
const RETURNS: [f64; 10] = [0.012, -0.034, 0.005, 0.021, -0.008, 0.0, 0.017, -0.052, 0.03, 0.011];
const BENCHMARK: [f64; 10] = [0.010, -0.020, 0.004, 0.015, -0.011, 0.002, 0.009, -0.041, 0.022, 0.013];

/// Against windows that end at 5 to 9.
#[track_caller]
fn agree(got: &RollingValues, want: [f64; 5]) {
    assert_eq!((got.first(), got.values().len()), (5, 5));
    for (position, want) in (5..10).zip(want) {
        let value = got.get(position).unwrap();
        assert!(
            (value - want).abs() <= 1e-12 * want.abs() + 1e-15,
            "{} at {position}: {value}, want {want}",
            got.metric()
        );
    }
}

#[test]
fn single_metrics_agree_with_pandas_and_numpy() {
    // pandas 3 rolling(6), numpy 2 on each window; P = 252, risk-free and target 0.001 a day.
    let returns = Array1::from(RETURNS.to_vec());
    let rolling = Rolling::new(returns.view(), 6).unwrap();
    let rf = RiskFree::PerPeriod(0.001);
    agree(
        &rolling.mean_return(),
        [
            -0.0006666666666666666,
            0.00016666666666666682,
            -0.0028333333333333322,
            0.001333333333333334,
            -0.00033333333333333305,
        ],
    );
    agree(
        &rolling.annual_volatility(DAILY, 1).unwrap(),
        [0.3034758639496723, 0.31548629130280764, 0.41848727579222766, 0.4702356855875573, 0.45331843112761255],
    );
    agree(
        &rolling.skewness(MomentEstimator::BiasCorrected),
        [-1.0754253415399708, -1.0129763198539992, -1.5907837419951798, -1.3562773132966581, -1.3372197423893686],
    );
    agree(
        &rolling.excess_kurtosis(MomentEstimator::BiasCorrected),
        [1.5306413573872006, 1.0928809142750437, 2.917891121673903, 1.9174764320515718, 2.2583466834357],
    );
    agree(
        &rolling.sharpe_ratio(&rf, DAILY, 1).unwrap(),
        [-1.3839650855056205, -0.6656390651169042, -2.308313910312542, 0.17863382676931958, -0.7412008357220614],
    );
    agree(
        &rolling.annual_downside_deviation(0.001, DAILY).unwrap(),
        [0.2342946862393597, 0.2342946862393597, 0.34845659701030196, 0.34845659701030196, 0.34845659701030196],
    );
    agree(
        &rolling.sortino_ratio(0.001, DAILY).unwrap(),
        [-1.792614278801529, -0.8963071394007647, -2.772224742731562, 0.24106302110709216, -0.96425208442837],
    );
    agree(&rolling.max_drawdown(), [0.034, 0.034, 0.052, 0.052, 0.052]);
    // Products near 1 less 1: 16 digits of the product leave 1e-16 of the difference.
    let total = rolling.total_return();
    for (position, want) in (5..10).zip([
        -0.004912857153280048,
        3.5812995196060626e-06,
        -0.018630025805440376,
        0.005782162607359753,
        -0.004068789034240128,
    ]) {
        assert!((total.get(position).unwrap() - want).abs() < 2e-15);
    }
    let annual = rolling.annual_return(DAILY);
    for (position, want) in (5..10).zip([
        -0.18685718945840413,
        0.00015042562328382303,
        -0.5460832772827432,
        0.2739870888740972,
        -0.1573787761908213,
    ]) {
        assert!((annual.get(position).unwrap() - want).abs() < 1e-13); // P/n = 42 times that
    }
    let confidence = Confidence::new(0.8).unwrap();
    agree(&rolling.value_at_risk(confidence, QuantileRule::Linear).unwrap(), [0.008; 5]);
    agree(
        &rolling.expected_shortfall(confidence),
        [0.029666666666666668, 0.029666666666666668, 0.04466666666666666, 0.04466666666666666, 0.04466666666666666],
    );
    agree(&rolling.win_rate(), [0.6; 5]);
    agree(&rolling.gain_frequency(), [0.5; 5]);
}

#[test]
fn relative_metrics_agree_with_pandas_and_numpy() {
    let (returns, benchmark) = (Array1::from(RETURNS.to_vec()), Array1::from(BENCHMARK.to_vec()));
    let rolling = RollingRelative::new(returns.view(), benchmark.view(), 6).unwrap();
    agree(
        &rolling.beta(),
        [1.4122401847575057, 1.4833694154693955, 1.2922500814067077, 1.29305912596401, 1.2525651144435672],
    );
    agree(
        &rolling.correlation(),
        [0.9722067292800269, 0.9713663801448568, 0.9919136286782444, 0.994139291906496, 0.987450896185893],
    );
    agree(
        &rolling.tracking_error(DAILY, 1).unwrap(),
        [0.11164945140931057, 0.12486152329681072, 0.10786102168995061, 0.11751425445451287, 0.11520416659131733],
    );
    agree(
        &rolling.information_ratio(DAILY, 1).unwrap(),
        [-1.504709587726558, 0.6727452763836786, 1.9469498499991122, 4.2888414034493785, 1.4582805897635132],
    );
    agree(
        &rolling.alpha(&RiskFree::PerPeriod(0.001)).unwrap(),
        [
            -0.0002544264819091609,
            0.0008972643180476283,
            0.002197167046564638,
            0.002488431876606685,
            0.001171796895553801,
        ],
    );
    let series = RiskFree::Series(Array1::from_elem(10, 0.001));
    assert_eq!(rolling.alpha(&series).unwrap(), rolling.alpha(&RiskFree::PerPeriod(0.001)).unwrap());
}

#[test]
fn ewma_agrees_with_pandas() {
    // pandas 3 ewm(span=4).std()
    let want = [
        0.03252691193458118,
        0.024286554607310554,
        0.023453588815602024,
        0.01926651912078874,
        0.014499088925477716,
        0.014678139720168671,
        0.03553949948163223,
        0.03823373979774543,
        0.02995163245116977,
    ];
    let got = ewma_volatility(ArrayView1::from(&RETURNS), 4.0).unwrap();
    for (position, want) in (1..10).zip(want) {
        close(got.get(position).unwrap(), want, 1e-14);
    }
    assert_eq!(got.get(0).unwrap_err().kind(), ErrorKind::Undefined);
    assert!(ewma_volatility(ArrayView1::from(&RETURNS), 1.0).is_err());
    assert!(ewma_volatility(array![0.1, f64::NAN].view(), 4.0).is_err());
}

#[test]
fn undefined_windows_are_gaps_with_reasons() {
    let returns = array![0.01, 0.01, 0.01, 0.02, 0.0, 0.0, 0.0];
    let rolling = Rolling::new(returns.view(), 3).unwrap();
    let skewness = rolling.skewness(MomentEstimator::Population);
    assert_eq!(skewness.values().iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, true, true, false]);
    let runs: Vec<_> = skewness.undefined().iter().map(|run| (run.from, run.to, run.kind)).collect();
    assert_eq!(runs, [(2, 2, ErrorKind::Undefined), (6, 6, ErrorKind::Undefined)]);
    assert_eq!(skewness.get(6).unwrap_err().kind(), ErrorKind::Undefined);
    assert_eq!(skewness.get(1).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(skewness.get(7).unwrap_err().kind(), ErrorKind::InvalidInput);
    assert!(skewness.at(&[3, 6]).is_err() && skewness.at(&[3, 4]).unwrap().len() == 2);
    assert_eq!(skewness.known().map(|(position, _)| position).collect::<Vec<_>>(), [3, 4, 5]);
    assert!(rolling.sharpe_ratio(&RiskFree::Zero, DAILY, 1).unwrap().get(2).is_err());
    assert!(rolling.sortino_ratio(0.0, DAILY).unwrap().get(3).is_err());
    assert!(rolling.win_rate().get(6).is_err() && rolling.win_rate().get(5).unwrap() == 1.0);
    assert_eq!(rolling.annual_volatility(DAILY, 1).unwrap().get(2).unwrap(), 0.0);
    let flat = Array1::from_elem(7, 0.01);
    let relative = RollingRelative::new(returns.view(), flat.view(), 3).unwrap();
    assert!(relative.beta().known().next().is_none() && relative.beta().undefined().len() == 1);
    let same = RollingRelative::new(returns.view(), returns.view(), 3).unwrap();
    assert!(same.information_ratio(DAILY, 1).unwrap().known().next().is_none());
    close(same.beta().get(3).unwrap(), 1.0, 1e-15);
    let text = serde_json::to_string(&skewness).unwrap();
    assert_eq!(serde_json::from_str::<RollingValues>(&text).unwrap(), skewness);
    assert!(text.contains("\"values\":[null,"));
    // Everything lost: a path at zero has fallen by all.
    let ruin = array![0.5, -1.0, 0.2, 0.1];
    let ruin = Rolling::new(ruin.view(), 2).unwrap();
    assert_eq!(ruin.max_drawdown().at(&[1, 2, 3]).unwrap(), array![1.0, 1.0, 0.0]);
    assert_eq!(ruin.total_return().get(2).unwrap(), -1.0);
}

#[test]
fn hostile_input_is_refused() {
    let returns = array![0.01, 0.02, 0.03];
    let refuse = |returns: &Array1<f64>, window| Rolling::new(returns.view(), window).unwrap_err().kind();
    assert_eq!(refuse(&returns, 0), ErrorKind::InvalidInput);
    assert_eq!(refuse(&returns, 4), ErrorKind::InsufficientData);
    assert_eq!(refuse(&array![], 1), ErrorKind::InvalidInput);
    assert_eq!(refuse(&array![0.1, -1.1], 1), ErrorKind::InvalidInput);
    let rolling = Rolling::new(returns.view(), 1).unwrap();
    assert_eq!(rolling.annual_volatility(DAILY, 1).unwrap_err().kind(), ErrorKind::Undefined);
    assert!(rolling.sortino_ratio(f64::NAN, DAILY).is_err());
    assert!(rolling.sharpe_ratio(&RiskFree::Series(array![0.0]), DAILY, 0).is_err());
    assert!(RollingRelative::new(returns.view(), array![0.1].view(), 1).is_err());
    assert!(RollingRelative::new(returns.view(), array![0.1, 0.2, f64::NAN].view(), 1).is_err());
    let huge = array![1e308, 1e308, 1e308];
    let total = Rolling::new(huge.view(), 3).unwrap().total_return();
    assert_eq!(total.get(2).unwrap_err().kind(), ErrorKind::Numerical);
}

/// A hundred thousand returns with jumps that a running sum would never forget.
fn long_series(seed: u64) -> Array1<f64> {
    let mut state = seed;
    let mut uniform = || {
        // Knuth's generator, upper bits.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    (0..100_000)
        .map(|i| {
            let noise = 0.02 * ((0..12).map(|_| uniform()).sum::<f64>() - 6.0);
            match i % 9_973 {
                4_000 => 1e6,
                7_000 => -0.999,
                _ => noise.max(-0.9),
            }
        })
        .collect()
}

#[test]
fn no_drift_over_a_long_series_with_outliers() {
    let (returns, benchmark) = (long_series(7), long_series(11));
    let window = 252;
    let rolling = Rolling::new(returns.view(), window).unwrap();
    let relative = RollingRelative::new(returns.view(), benchmark.view(), window).unwrap();
    let one = Frequency::custom(1.0).unwrap();
    let (mean, volatility) = (rolling.mean_return(), rolling.annual_volatility(one, 1).unwrap());
    let (skewness, kurtosis) = (rolling.skewness(MomentEstimator::Sample), rolling.kurtosis(MomentEstimator::Sample));
    let (downside, drawdown) = (rolling.annual_downside_deviation(0.0, one).unwrap(), rolling.max_drawdown());
    let tail = Confidence::P95;
    let (var, es) = (rolling.value_at_risk(tail, QuantileRule::Hazen).unwrap(), rolling.expected_shortfall(tail));
    let (beta, correlation) = (relative.beta(), relative.correlation());
    let error = relative.tracking_error(one, 1).unwrap();
    // All windows around the outliers, and every 211th.
    let ends = (window - 1..returns.len()).filter(|end| end % 211 == 0 || (4_000..4_300).contains(&(end % 9_973)));
    for end in ends {
        let within = |values: &Array1<f64>| -> Array1<f64> {
            values.iter().skip(end + 1 - window).take(window).copied().collect()
        };
        let (r, b) = (within(&returns), within(&benchmark));
        let check = |got: &RollingValues, want: f64, scale: f64| {
            let got = (got.metric().to_owned(), got.get(end).unwrap());
            assert!((got.1 - want).abs() <= 1e-12 * scale.abs(), "{} at {end}: {} want {want}", got.0, got.1);
        };
        let deviation = moments::standard_deviation(r.view(), 1).unwrap();
        check(&volatility, deviation, deviation);
        check(&mean, moments::mean(r.view()).unwrap(), deviation);
        let s = moments::skewness(r.view(), MomentEstimator::Sample).unwrap();
        check(&skewness, s, s.abs().max(1.0));
        let k = moments::kurtosis(r.view(), MomentEstimator::Sample).unwrap();
        check(&kurtosis, k, k);
        let losses = LossSample::from_returns(r.view()).unwrap().with_quantile_rule(QuantileRule::Hazen);
        let want = losses.value_at_risk(tail).unwrap().value;
        check(&var, want, want);
        let want = losses.expected_shortfall(tail).unwrap().value;
        check(&es, want, want);
        let path = DrawdownPath::from_returns(r.view(), DrawdownKind::Compounded).unwrap();
        check(&drawdown, path.max(), path.max());
        let below = r.mapv(|value| value.min(0.0).powi(2)).mean().unwrap().sqrt();
        check(&downside, below, below);
        let (rb, bb) =
            (comoment(r.view(), b.view(), 1, Normalisation::None).unwrap(), moments::variance(b.view(), 0).unwrap());
        // A covariance is as sure as the product of the deviations.
        let rr = moments::variance(r.view(), 0).unwrap();
        check(&beta, rb / bb, (rr / bb).sqrt());
        check(&correlation, rb / (rr * bb).sqrt(), 1.0);
        let want = moments::standard_deviation((&r - &b).view(), 1).unwrap();
        check(&error, want, want);
    }
}

proptest! {
    /// A window as long as the series is the series.
    #[test]
    fn one_window_is_the_batch(values in prop::collection::vec(-0.5_f64..0.5, 4..40)) {
        let values = Array1::from(values);
        let rolling = Rolling::new(values.view(), values.len()).unwrap();
        let last = values.len() - 1;
        let performance = Performance::new(values.view(), crate::Annualisation::Periods(DAILY)).unwrap();
        let gains = performance.gains_and_losses();
        let rate: Result<f64> = rolling.win_rate().get(last);
        prop_assert!((rate.unwrap() - gains.gains as f64 / (gains.gains + gains.losses) as f64).abs() < 1e-15);
        let total = rolling.total_return().get(last).unwrap();
        let want = values.iter().map(|r| 1.0 + r).product::<f64>() - 1.0;
        prop_assert!((total - want).abs() <= 1e-13 * (1.0 + want));
        let drawdown = rolling.max_drawdown().get(last).unwrap();
        prop_assert!((drawdown - performance.drawdown_path().unwrap().max()).abs() < 1e-14);
    }

    /// Every quantile rule, every window.
    #[test]
    fn quantiles_of_windows(
        values in prop::collection::vec(prop::sample::select(vec![-0.2, -0.1, 0.0, -0.0, 0.05, 0.1, 0.3]), 1..30),
        window in 1_usize..30, level in 0.01_f64..0.99,
    ) {
        let values = Array1::from(values);
        let window = window.min(values.len());
        let confidence = Confidence::new(level).unwrap();
        let rolling = Rolling::new(values.view(), window).unwrap();
        for rule in [QuantileRule::Linear, QuantileRule::LowerLoss, QuantileRule::UpperLoss, QuantileRule::Weibull] {
            let got = rolling.value_at_risk(confidence, rule).unwrap();
            let shortfall = rolling.expected_shortfall(confidence);
            for end in window - 1..values.len() {
                let part: Array1<f64> = values.iter().skip(end + 1 - window).take(window).copied().collect();
                let sample = LossSample::from_returns(part.view()).unwrap().with_quantile_rule(rule);
                let want = sample.value_at_risk(confidence).unwrap().value;
                prop_assert!((got.get(end).unwrap() - want).abs() < 1e-13, "{:?} {}", rule, end);
                let want = sample.expected_shortfall(confidence).unwrap().value;
                prop_assert!((shortfall.get(end).unwrap() - want).abs() < 1e-13);
            }
        }
    }
}

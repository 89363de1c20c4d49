use alluse_risk_core::measures::{DrawdownKind, DrawdownPath};
use alluse_risk_core::moments::{self, MomentEstimator};
use alluse_risk_core::{Confidence, ErrorKind, Frequency};
use ndarray::Array1;
use proptest::prelude::*;
use testkit::close;

use super::*;

const DAILY: Frequency = Frequency::Daily;
const RETURNS: [f64; 10] = [0.012, -0.034, 0.005, 0.021, -0.008, 0.0, 0.017, -0.052, 0.03, 0.011];
const BENCHMARK: [f64; 10] = [0.010, -0.020, 0.004, 0.015, -0.011, 0.002, 0.009, -0.041, 0.022, 0.013];

fn relative(pairs: impl IntoIterator<Item = (f64, f64)>) -> StreamingRelative {
    let mut stream = StreamingRelative::new();
    pairs.into_iter().for_each(|(r, b)| stream.push(r, b).unwrap());
    stream
}

#[test]
fn batch_values_of_numpy_and_scipy() {
    // numpy 2.4, scipy.stats.skew and kurtosis with bias=False; a risk-free return of 0.001 a day.
    let stream = StreamingPerformance::of(RETURNS).unwrap();
    close(stream.mean_return().unwrap(), 0.0002, 1e-18);
    close(stream.moments().unwrap().variance(1).unwrap(), 0.0006492888888888889, 1e-18);
    close(stream.skewness(MomentEstimator::BiasCorrected).unwrap(), -1.1716815617711822, 1e-14);
    close(stream.excess_kurtosis(MomentEstimator::BiasCorrected).unwrap(), 0.7789503542031175, 1e-14);
    close(stream.sharpe_ratio(0.001, DAILY, 1).unwrap(), -0.49839224021628836, 1e-14);
    close(stream.total_return().unwrap(), -0.0009694121050486393, 1e-15);
    close(stream.annual_return(DAILY).unwrap(), -0.02414477018552874, 1e-14);
    assert_eq!((stream.best_return().unwrap(), stream.worst_return().unwrap()), (0.03, -0.052));
    let sums = stream.gains_and_losses();
    assert_eq!((sums.gains, sums.losses, sums.zeros), (6, 3, 1));
    close(sums.gained, 0.096, 1e-16);
    close(sums.lost, 0.094, 1e-16);
    close(stream.losses().unwrap().value_at_risk(Confidence::new(0.9).unwrap()).unwrap().value, 0.0358, 1e-15);
    close(DrawdownSummary::of(RETURNS).unwrap().max_drawdown(), 0.052, 1e-15);

    let stream = relative(RETURNS.into_iter().zip(BENCHMARK));
    close(stream.beta().unwrap(), 1.3141062772476446, 1e-14);
    close(stream.correlation().unwrap(), 0.9845409665182006, 1e-14);
    close(stream.tracking_error(DAILY, 1).unwrap(), 0.11866423218476578, 1e-15);
    close(stream.information_ratio(DAILY, 1).unwrap(), -0.2123639072704089, 1e-13);
    close(stream.alpha(0.001).unwrap(), 0.00011987439407335127, 1e-15);
}

#[test]
fn digits_survive_a_large_mean() {
    // NIST NumAcc4: 1 + 2·500 numbers around ten million with a standard deviation of exactly 0.1.
    let mut stream = StreamingPerformance::of([10_000_000.2]).unwrap();
    (0..1_000).for_each(|i| stream.push(if i % 2 == 0 { 10_000_000.1 } else { 10_000_000.3 }).unwrap());
    // The mean of the rounded inputs lies half way between two numbers.
    close(stream.mean_return().unwrap(), 10_000_000.2, 2e-16);
    // The inputs themselves are rounded to 2e-9, which leaves 1e-8 of the certified deviation.
    close(stream.moments().unwrap().variance(1).unwrap().sqrt(), 0.1, 2e-8);
}

#[test]
fn hostile_input_leaves_the_state_alone() {
    let mut stream = StreamingPerformance::of(RETURNS).unwrap();
    let before = stream.clone();
    for value in [f64::NAN, f64::INFINITY, -1.000_001, 1e71] {
        assert_eq!(stream.push(value).unwrap_err().kind(), ErrorKind::InvalidInput);
        assert!(stream.retract(value).is_err());
        assert!(stream.correct(0.0, value).is_err());
    }
    assert!(stream.retract(0.2).unwrap_err().to_string().contains("0.2 is not among the 10 returns"));
    assert!(stream.correct(0.2, 0.2).is_err());
    assert_eq!(stream, before);
    stream.retract(-0.0).unwrap(); // zero is zero
    assert!(stream.retract(0.0).is_err());

    let empty = StreamingPerformance::new();
    let kind = |result: crate::Result<f64>| result.unwrap_err().kind();
    assert_eq!(kind(empty.mean_return()), ErrorKind::InvalidInput);
    assert_eq!(kind(empty.total_return()), ErrorKind::InvalidInput);
    assert_eq!(kind(empty.annual_return(DAILY)), ErrorKind::InvalidInput);
    assert_eq!(kind(empty.best_return()), ErrorKind::InvalidInput);
    assert!(empty.moments().is_err() && empty.losses().is_err());
    let constant = StreamingPerformance::of([0.1; 5]).unwrap();
    assert_eq!(constant.moments().unwrap().variance(1).unwrap(), 0.0);
    assert_eq!(kind(constant.sharpe_ratio(0.0, DAILY, 1)), ErrorKind::Undefined);
    assert_eq!(kind(constant.skewness(MomentEstimator::Population)), ErrorKind::Undefined);
    assert_eq!(
        kind(StreamingPerformance::of([1e-200, 2e-200]).unwrap().annual_volatility(DAILY, 1)),
        ErrorKind::Undefined
    );
    let mut ruined = StreamingPerformance::of([0.1, -1.0]).unwrap();
    assert_eq!(ruined.total_return().unwrap(), -1.0);
    ruined.retract(-1.0).unwrap();
    close(ruined.total_return().unwrap(), 0.1, 1e-16);
    assert_eq!(kind(StreamingPerformance::of([1e70; 5]).unwrap().total_return()), ErrorKind::Numerical);

    let mut stream = relative([(0.1, 0.2), (0.2, 0.2)]);
    assert!(stream.push(0.1, f64::NAN).is_err() && stream.push(-2.0, 0.1).is_err());
    assert!(stream.retract(0.2, 0.1).is_err() && stream.retract(f64::NAN, 0.2).is_err());
    assert_eq!(stream.count(), 2);
    assert_eq!(kind(stream.beta()), ErrorKind::Undefined);
    assert_eq!(kind(StreamingRelative::new().tracking_error(DAILY, 1)), ErrorKind::InvalidInput);
    assert_eq!(kind(relative([(0.1, 0.2)]).tracking_error(DAILY, 1)), ErrorKind::Undefined);
    assert_eq!(kind(relative([(0.1, 0.1), (0.2, 0.2)]).information_ratio(DAILY, 1)), ErrorKind::Undefined);

    let mut path = StreamingPath::new();
    assert!(path.is_empty() && path.pop().is_none() && path.summary().periods() == 0);
    assert!(path.push(-1.5).is_err() && path.replace(0, 0.1).is_err() && StreamingPath::of([0.1, f64::NAN]).is_err());
    path.push(0.1).unwrap();
    assert!(path.replace(0, f64::NAN).is_err() && path.stretch(0..2).is_err());
    #[expect(clippy::reversed_empty_ranges, reason = "that is what is hostile about it")]
    let reversed = path.stretch(1..0);
    assert!(reversed.is_err());
    assert_eq!(path.stretch(1..1).unwrap(), DrawdownSummary::new());
    assert_eq!(path.returns(), [0.1]);
}

#[test]
fn states_are_stored_and_checked() {
    let stream = StreamingPerformance::of(RETURNS).unwrap();
    let text = serde_json::to_string(&stream).unwrap();
    assert_eq!(serde_json::from_str::<StreamingPerformance>(&text).unwrap(), stream);
    assert!(serde_json::from_str::<StreamingPerformance>("[0.1,-3.0]").is_err());
    let stream = relative(RETURNS.into_iter().zip(BENCHMARK));
    let text = serde_json::to_string(&stream).unwrap();
    assert_eq!(serde_json::from_str::<StreamingRelative>(&text).unwrap(), stream);
    let path = StreamingPath::of(RETURNS).unwrap();
    let text = serde_json::to_string(&path).unwrap();
    let back = serde_json::from_str::<StreamingPath>(&text).unwrap();
    assert_eq!((back.summary(), &back), (path.summary(), &path));
    for returns in [vec![], vec![-1.0, 0.5], RETURNS.to_vec()] {
        let summary = DrawdownSummary::of(returns).unwrap();
        let text = serde_json::to_string(&summary).unwrap();
        assert_eq!(serde_json::from_str::<DrawdownSummary>(&text).unwrap(), summary);
    }
    let hostile = r#"{"periods":1,"log_growth":0.5,"log_peak":0.1,"log_trough":0.0,"log_fall":0.0}"#;
    assert!(serde_json::from_str::<DrawdownSummary>(hostile).is_err());
}

fn returns() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -0.3_f64..0.3,
        1 => prop::sample::select(vec![0.0, -1.0, 0.01, 1e9, 1e-9, 1e50]),
    ]
}

fn mild() -> impl Strategy<Value = f64> {
    prop_oneof![9 => -0.3_f64..0.3, 1 => prop::sample::select(vec![0.0, 0.01, -0.99, 30.0])]
}

fn near(a: &DrawdownSummary, b: &DrawdownSummary) -> bool {
    let same = |a: f64, b: f64| (a - b).abs() <= 1e-13 * a.abs().max(1.0);
    a.periods() == b.periods()
        && same(a.total_return().unwrap(), b.total_return().unwrap())
        && same(a.peak().unwrap(), b.peak().unwrap())
        && same(a.trough(), b.trough())
        && same(a.max_drawdown(), b.max_drawdown())
        && same(a.current_drawdown(), b.current_drawdown())
}

proptest! {
    /// To the last bit, whatever was pushed.
    #[test]
    fn retracting_is_never_having_pushed(
        kept in prop::collection::vec((returns(), returns()), 0..20),
        gone in prop::collection::vec((returns(), returns()), 0..20),
    ) {
        let never = StreamingPerformance::of(kept.iter().map(|pair| pair.0)).unwrap();
        let mut stream = StreamingPerformance::of(gone.iter().chain(&kept).map(|pair| pair.0)).unwrap();
        for (value, _) in gone.iter().rev() {
            stream.retract(*value).unwrap();
        }
        prop_assert_eq!(&stream, &never);
        if let (Ok(a), Ok(b)) = (stream.moments(), never.moments()) {
            prop_assert_eq!(a, b);
        }
        let never = relative(kept.iter().copied());
        let mut stream = relative(kept.iter().chain(&gone).copied());
        for (r, b) in gone {
            stream.retract(r, b).unwrap();
        }
        prop_assert_eq!(stream, never);
    }

    /// To the last bit, in any order and any grouping.
    #[test]
    fn merging_is_associative_and_the_batch(parts in prop::collection::vec(prop::collection::vec((returns(), returns()), 0..8), 3)) {
        let streams: Vec<_> = parts.iter().map(|part| StreamingPerformance::of(part.iter().map(|p| p.0)).unwrap()).collect();
        let mut left = streams[0].clone();
        left.merge(&streams[1]);
        left.merge(&streams[2]);
        let mut right = streams[2].clone();
        right.merge(&streams[1]);
        right.merge(&streams[0]);
        prop_assert_eq!(&left, &right);
        let all: Vec<(f64, f64)> = parts.concat();
        prop_assert_eq!(&left, &StreamingPerformance::of(all.iter().map(|p| p.0)).unwrap());
        let mut pairs = relative(parts[1].iter().copied());
        pairs.merge(&relative(parts[0].iter().copied()));
        pairs.merge(&relative(parts[2].iter().copied()));
        prop_assert_eq!(pairs, relative(all));
    }

    #[test]
    fn streams_agree_with_batches(pairs in prop::collection::vec((mild(), mild()), 4..60)) {
        let r: Array1<f64> = pairs.iter().map(|pair| pair.0).collect();
        let b: Array1<f64> = pairs.iter().map(|pair| pair.1).collect();
        let stream = StreamingPerformance::of(r.iter().copied()).unwrap();
        let got = stream.moments().unwrap();
        let deviation = moments::standard_deviation(r.view(), 1).unwrap();
        prop_assert!((got.mean().unwrap() - moments::mean(r.view()).unwrap()).abs() <= 1e-14 * deviation.max(1e-3));
        prop_assert!((got.variance(1).unwrap().sqrt() - deviation).abs() <= 1e-13 * deviation);
        for estimator in [MomentEstimator::Population, MomentEstimator::BiasCorrected, MomentEstimator::Sample] {
            let (s, k) = (moments::skewness(r.view(), estimator), moments::excess_kurtosis(r.view(), estimator));
            if let (Ok(s), Ok(k)) = (s, k) {
                prop_assert!((stream.skewness(estimator).unwrap() - s).abs() <= 1e-12 * s.abs().max(1.0));
                prop_assert!((stream.excess_kurtosis(estimator).unwrap() - k).abs() <= 1e-12 * k.abs().max(1.0));
            }
        }
        let total = r.iter().map(|r| 1.0 + r).product::<f64>();
        // A growth far below 1 leaves only the digits of 1 in the return.
        prop_assert!((stream.total_return().unwrap() + 1.0 - total).abs() <= 1e-12 * total + 2e-16);
        let two = relative(pairs.iter().copied());
        let rolling = crate::rolling::RollingRelative::new(r.view(), b.view(), r.len()).unwrap();
        let last = r.len() - 1;
        let agree = |a: crate::Result<f64>, b: crate::Result<f64>| match (a, b) {
            (Ok(a), Ok(b)) => (a - b).abs() <= 1e-11 * b.abs().max(1.0),
            (Err(a), Err(b)) => a.kind() == b.kind(),
            _ => false,
        };
        prop_assert!(agree(two.beta(), rolling.beta().get(last)));
        prop_assert!(agree(two.correlation(), rolling.correlation().get(last)));
        prop_assert!(agree(two.tracking_error(DAILY, 1), rolling.tracking_error(DAILY, 1).unwrap().get(last)));
        prop_assert!(agree(two.alpha(0.001), rolling.alpha(&crate::RiskFree::PerPeriod(0.001)).unwrap().get(last)));
    }

    #[test]
    fn a_corrected_path_is_the_path_of_the_corrected_returns(
        values in prop::collection::vec(mild(), 1..70),
        corrections in prop::collection::vec((0_usize..70, prop_oneof![4 => mild(), 1 => Just(-1.0)]), 0..10),
        cut in (0_usize..70, 0_usize..70),
    ) {
        let mut path = StreamingPath::new();
        values.iter().for_each(|value| path.push(*value).unwrap());
        let mut plain = values.clone();
        for (index, value) in corrections {
            let index = index % plain.len();
            prop_assert_eq!(path.replace(index, value).unwrap(), plain[index]);
            plain[index] = value;
        }
        prop_assert!(near(&path.summary(), &DrawdownSummary::of(plain.iter().copied()).unwrap()));
        prop_assert_eq!(path.summary(), StreamingPath::of(plain.iter().copied()).unwrap().summary());
        let (low, high) = (cut.0.min(cut.1).min(plain.len()), cut.0.max(cut.1).min(plain.len()));
        let stretch = path.stretch(low..high).unwrap();
        prop_assert!(near(&stretch, &DrawdownSummary::of(plain[low..high].iter().copied()).unwrap()));
        if let Ok(batch) = DrawdownPath::from_returns(Array1::from(plain.clone()).view(), DrawdownKind::Compounded) {
            prop_assert!((path.summary().max_drawdown() - batch.max()).abs() <= 1e-12 * batch.max());
        }
        path.push(0.25).unwrap();
        prop_assert_eq!(path.pop(), Some(0.25));
        prop_assert!(near(&path.summary(), &DrawdownSummary::of(plain.iter().copied()).unwrap()));
    }

    #[test]
    fn appending_is_associative(parts in prop::collection::vec(prop::collection::vec(mild(), 0..10), 3)) {
        let parts: Vec<_> = parts.iter().map(|part| DrawdownSummary::of(part.iter().copied()).unwrap()).collect();
        let join = |a: &DrawdownSummary, b: &DrawdownSummary| {
            let mut whole = *a;
            whole.append(b);
            whole
        };
        let left = join(&join(&parts[0], &parts[1]), &parts[2]);
        let right = join(&parts[0], &join(&parts[1], &parts[2]));
        prop_assert!(near(&left, &right));
    }
}

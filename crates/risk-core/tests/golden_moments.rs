//! Moments against SciPy, NIST and hand computation, and input that must be refused.

#![allow(clippy::float_cmp, clippy::unwrap_used, reason = "tests compare exactly representable numbers and may fail")]

use alluse_risk_core::moments::{
    Divisor, MomentEstimator, Normalisation, PartialMoment, Root, RunningMoments, Side, Target, central_moment,
    comoment, excess_kurtosis, jarque_bera, kurtosis, l_moments, mean, partial_moment, skewness, standard_deviation,
    variance,
};
use alluse_risk_core::{Error, ErrorKind};
use ndarray::{Array1, array};
use testkit::close;

fn series() -> Array1<f64> {
    array![
        0.021, -0.013, 0.034, 0.008, -0.027, 0.055, 0.002, -0.041, 0.017, 0.029, -0.006, 0.012, -0.019, 0.047, 0.001,
        0.038, -0.033, 0.024, 0.009, 0.063
    ]
}

#[test]
fn moments_agree_with_scipy() {
    let x = series();
    // np.mean, np.var(ddof=1), scipy.stats.skew(bias=…), scipy.stats.kurtosis(fisher=…, bias=…),
    // scipy.stats.jarque_bera. Both sides round a few times: 1e-13.
    close(mean(x.view()).unwrap(), 0.01105, 1e-16);
    close(variance(x.view(), 1).unwrap() / 0.000_835_102_631_578_947_5, 1.0, 1e-13);
    close(standard_deviation(x.view(), 1).unwrap().powi(2) / 0.000_835_102_631_578_947_5, 1.0, 1e-13);
    let s = |e| skewness(x.view(), e).unwrap();
    close(s(MomentEstimator::Population), -0.038_040_869_490_866_01, 1e-13);
    close(s(MomentEstimator::BiasCorrected), -0.041_197_392_402_798_74, 1e-13);
    close(kurtosis(x.view(), MomentEstimator::Population).unwrap(), 2.231_124_705_445_125_3, 1e-13);
    close(excess_kurtosis(x.view(), MomentEstimator::BiasCorrected).unwrap(), -0.630_004_060_547_042_5, 1e-13);
    close(kurtosis(x.view(), MomentEstimator::BiasCorrected).unwrap(), 3.0 - 0.630_004_060_547_042_5, 1e-13);
    let test = jarque_bera(x.view()).unwrap();
    close(test.statistic, 0.497_464_707_986_108_15, 1e-13);
    close(test.p_value, 0.779_788_652_776_529_1, 1e-13);
}

#[test]
fn bacon_distinguishes_his_kurtoses() {
    // Bacon (2008), chapter 4, table 4.1: 24 months, printed to two decimals.
    let portfolio = array![
        0.003, 0.026, 0.011, -0.01, 0.015, 0.025, 0.016, 0.067, -0.014, 0.04, -0.005, 0.081, 0.04, -0.037, -0.061,
        0.017, -0.049, -0.022, 0.07, 0.058, -0.065, 0.024, -0.005, -0.009
    ];
    close(kurtosis(portfolio.view(), MomentEstimator::Sample).unwrap(), 3.03, 0.005 / 3.03);
    close(excess_kurtosis(portfolio.view(), MomentEstimator::Sample).unwrap(), 0.03, 0.005);
    close(excess_kurtosis(portfolio.view(), MomentEstimator::BiasCorrected).unwrap(), -0.41, 0.005);
    // His skewness-kurtosis ratio is made of the population moments.
    let ratio = skewness(portfolio.view(), MomentEstimator::Population).unwrap()
        / kurtosis(portfolio.view(), MomentEstimator::Population).unwrap();
    close(ratio, -0.034, 0.0005);
    // The sample skewness carries n²/((n−1)(n−2)) = 576/506.
    let sample = skewness(portfolio.view(), MomentEstimator::Sample).unwrap();
    close(sample / skewness(portfolio.view(), MomentEstimator::Population).unwrap(), 576.0 / 506.0, 1e-14);
}

/// The NIST StRD set NumAcc4: 10000000.2, then 10000000.1 and 10000000.3 in turn, 1,001 values.
fn num_acc_4() -> Array1<f64> {
    (0..1_001)
        .map(|i| {
            if i == 0 {
                10_000_000.2
            } else if i % 2 == 1 {
                10_000_000.1
            } else {
                10_000_000.3
            }
        })
        .collect()
}

#[test]
fn nist_num_acc_4_keeps_eight_digits() {
    // Certified: mean 10000000.2, standard deviation 0.1. The data themselves are rounded to 1.9e-9.
    let x = num_acc_4();
    close(mean(x.view()).unwrap() / 10_000_000.2, 1.0, 1e-15);
    close(standard_deviation(x.view(), 1).unwrap() / 0.1, 1.0, 1e-8);
    let mut running = RunningMoments::new();
    x.iter().for_each(|&v| running.push(v).unwrap());
    close(running.mean().unwrap() / 10_000_000.2, 1.0, 1e-15);
    close(running.variance(1).unwrap().sqrt() / 0.1, 1.0, 1e-8);
}

#[test]
fn central_moments_and_roots() {
    let x = array![1.0, 2.0, 3.0, 6.0];
    let of = |order, root| central_moment(x.view(), order, root);
    assert_eq!(of(2, Root::None), Ok(3.5));
    assert_eq!(of(3, Root::None), Ok(4.5));
    assert_eq!(of(4, Root::None), Ok(24.5));
    assert_eq!(of(4, Root::Square), Ok(24.5_f64.sqrt()));
    close(of(3, Root::Order).unwrap(), 4.5_f64.cbrt(), 1e-15);
    let left = array![-1.0, -2.0, -3.0, -6.0];
    assert_eq!(central_moment(left.view(), 3, Root::Square).unwrap_err().kind(), ErrorKind::Undefined);
    for order in [0, 1, 65] {
        assert!(matches!(of(order, Root::None), Err(Error::OutOfDomain { name: "order", .. })));
    }
}

#[test]
fn partial_moments_by_hand() {
    let x = array![0.02, -0.01, -0.03, 0.04, 0.0];
    let of = |moment: PartialMoment| partial_moment(x.view(), &moment).unwrap();
    let lower = PartialMoment::new(Side::Lower, Target::Value(0.0), 2);
    close(of(lower), 0.001 / 5.0, 1e-16);
    close(of(lower.with_ddof(1)), 0.001 / 4.0, 1e-16);
    close(of(lower.with_divisor(Divisor::BeyondTarget)), 0.001 / 2.0, 1e-16);
    close(of(lower.with_root(Root::Square)), (0.001_f64 / 5.0).sqrt(), 1e-16);
    close(of(PartialMoment::new(Side::Upper, Target::Value(0.01), 1)), 0.04 / 5.0, 1e-16);
    close(
        of(PartialMoment::new(Side::Upper, Target::Value(0.01), 3).with_root(Root::Order)),
        (28e-6_f64 / 5.0).cbrt(),
        1e-15,
    );
    // The mean is 0.004; below it lie 0, −0.01 and −0.03.
    let below_mean: f64 = 0.004_f64.powi(2) + 0.014_f64.powi(2) + 0.034_f64.powi(2);
    close(of(PartialMoment::semi_deviation()), (below_mean / 5.0).sqrt(), 1e-16);
    let nothing_below = PartialMoment::new(Side::Lower, Target::Value(-1.0), 2);
    assert_eq!(of(nothing_below), 0.0);
    let undefined = partial_moment(x.view(), &nothing_below.with_divisor(Divisor::BeyondTarget));
    assert_eq!(undefined.unwrap_err().kind(), ErrorKind::Undefined);
    assert!(partial_moment(x.view(), &PartialMoment::new(Side::Lower, Target::Value(f64::NAN), 2)).is_err());
    assert!(partial_moment(x.view(), &PartialMoment::new(Side::Lower, Target::Mean, 0)).is_err());
    assert!(partial_moment(array![1.0].view(), &lower.with_ddof(1)).is_err());
}

#[test]
fn comoments_by_hand() {
    let r = array![1.0, 2.0, 6.0];
    let b = array![0.0, 1.0, 5.0];
    let of = |power, normalisation| comoment(r.view(), b.view(), power, normalisation);
    // Deviations −2, −1, 3 in both.
    assert_eq!(of(1, Normalisation::None), Ok(14.0 / 3.0));
    assert_eq!(of(2, Normalisation::None), Ok(6.0));
    close(of(3, Normalisation::None).unwrap(), 98.0 / 3.0, 1e-15);
    for power in 1..=3 {
        close(of(power, Normalisation::BenchmarkMoment).unwrap(), 1.0, 1e-15);
    }
    let half = r.mapv(|r| 0.5 * r);
    close(comoment(half.view(), b.view(), 2, Normalisation::BenchmarkMoment).unwrap(), 0.5, 1e-15);
    assert!(matches!(
        comoment(r.view(), array![1.0].view(), 1, Normalisation::None),
        Err(Error::LengthMismatch { .. })
    ));
    assert!(of(0, Normalisation::None).is_err());
    let flat = array![2.0, 2.0, 2.0];
    assert_eq!(
        comoment(r.view(), flat.view(), 1, Normalisation::BenchmarkMoment).unwrap_err().kind(),
        ErrorKind::Undefined
    );
    let symmetric = array![-1.0, 0.0, 1.0];
    let third = comoment(r.view(), symmetric.view(), 2, Normalisation::BenchmarkMoment);
    assert_eq!(third.unwrap_err().kind(), ErrorKind::Undefined);
}

#[test]
fn l_moments_agree_with_all_subsamples() {
    // Hosking's definition over every subsample of size r (itertools.combinations), NumPy.
    let l = l_moments(series().view()).unwrap();
    close(l.location, 0.01105, 1e-16);
    close(l.scale / 0.016_949_999_999_999_99, 1.0, 1e-12);
    close(l.third / -0.000_204_385_964_912_280_27, 1.0, 1e-11);
    close(l.fourth / 0.001_771_981_424_148_613, 1.0, 1e-11);
    close(l.skewness().unwrap(), l.third / l.scale, 1e-16);
    assert!(matches!(
        l_moments(array![1.0, 2.0, 3.0].view()),
        Err(Error::InsufficientData { required: 4, available: 3, .. })
    ));
    assert_eq!(
        l_moments(Array1::from_elem(6, 0.1).view()).unwrap().kurtosis().unwrap_err().kind(),
        ErrorKind::Undefined
    );
}

#[test]
fn what_has_no_moment_says_so() {
    let one = array![0.1];
    assert_eq!(variance(one.view(), 0), Ok(0.0));
    assert_eq!(variance(one.view(), 1).unwrap_err().kind(), ErrorKind::Undefined);
    assert_eq!(mean(Array1::zeros(0).view()), Err(Error::Empty { name: "values" }));
    // Thirteen times 0.1 has a rounded mean; the series is constant all the same.
    let constant = Array1::from_elem(13, 0.1);
    assert_eq!(variance(constant.view(), 1), Ok(0.0));
    for estimator in [MomentEstimator::Population, MomentEstimator::BiasCorrected, MomentEstimator::Sample] {
        assert_eq!(skewness(constant.view(), estimator).unwrap_err().kind(), ErrorKind::Undefined);
        assert_eq!(kurtosis(constant.view(), estimator).unwrap_err().kind(), ErrorKind::Undefined);
    }
    assert_eq!(jarque_bera(constant.view()).unwrap_err().kind(), ErrorKind::Undefined);
    let nearly = Array1::from_shape_fn(13, |i| if i == 3 { 0.3_f64.next_up() } else { 0.3 });
    assert_eq!(skewness(nearly.view(), MomentEstimator::Population).unwrap_err().kind(), ErrorKind::Undefined);
    let two = array![1.0, 2.0];
    assert!(skewness(two.view(), MomentEstimator::Population).is_ok());
    assert!(matches!(skewness(two.view(), MomentEstimator::Sample), Err(Error::InsufficientData { required: 3, .. })));
    let three = array![1.0, 2.0, 4.0];
    assert!(matches!(
        kurtosis(three.view(), MomentEstimator::BiasCorrected),
        Err(Error::InsufficientData { required: 4, .. })
    ));
    assert!(matches!(
        kurtosis(three.view(), MomentEstimator::Sample),
        Err(Error::InsufficientData { required: 4, .. })
    ));
    for bad in [f64::NAN, f64::INFINITY] {
        assert!(matches!(variance(array![1.0, bad].view(), 1), Err(Error::ElementOutOfDomain { index: 1, .. })));
    }
    assert_eq!(variance(array![1e200, -1e200].view(), 1), Err(Error::Overflow { name: "variance" }));
    assert_eq!(mean(array![f64::MAX, f64::MAX].view()).unwrap_err().kind(), ErrorKind::Numerical);
}

#[test]
fn running_moments_refuse_what_batch_moments_refuse() {
    let mut running = RunningMoments::new();
    assert_eq!(running.mean(), Err(Error::Empty { name: "running moments" }));
    running.push(0.1).unwrap();
    assert_eq!(running.variance(1).unwrap_err().kind(), ErrorKind::Undefined);
    let before = running;
    assert!(running.push(f64::NAN).is_err());
    assert_eq!(running, before);
    for _ in 0..12 {
        running.push(0.1).unwrap();
    }
    assert_eq!(running.skewness(MomentEstimator::Population).unwrap_err().kind(), ErrorKind::Undefined);
    running.merge(&RunningMoments::new());
    assert_eq!(running.count(), 13);
    let text = serde_json::to_string(&running).unwrap();
    assert_eq!(serde_json::from_str::<RunningMoments>(&text).unwrap(), running);
    assert!(serde_json::from_str::<RunningMoments>(&text.replace("\"largest\":0.1", "\"largest\":-0.1")).is_err());
    assert!(serde_json::from_str::<RunningMoments>(&text.replace("\"count\":13", "\"count\":0")).is_err());
}

use ndarray::{Array1, Array2, array};
use proptest::prelude::*;

use super::super::hac::{Bandwidth, HacKernel, Prewhitening};
use super::*;
use crate::streams::Streams;

/// Two normal series with correlation ρ, in units of their volatility.
fn pair(seed: u64, n: usize, ratios: [f64; 2], rho: f64) -> [Array1<f64>; 2] {
    let z: Array2<f64> = Streams::new(seed).standard_normals(n, 2);
    let second = |row: usize| rho * z[[row, 0]] + (1.0 - rho * rho).sqrt() * z[[row, 1]];
    [
        Array1::from_shape_fn(n, |t| 0.01 * (ratios[0] + z[[t, 0]])),
        Array1::from_shape_fn(n, |t| 0.02 * (ratios[1] + second(t))),
    ]
}

fn independent() -> Hac {
    let hac = Hac::default().with_kernel(HacKernel::Parzen).with_prewhitening(Prewhitening::None);
    hac.with_bandwidth(Bandwidth::Fixed(1.0))
}

/// Memmel (2003) for independent normals: n·var = 2 − 2ρ + ½(SR₁² + SR₂² − 2 SR₁SR₂ρ²); the error of a variance from
/// n = 20,000 is under 2 %.
#[test]
fn the_error_is_that_of_memmel() {
    let (n, rho, ratios) = (20_000, 0.6, [0.3, 0.1]);
    let [a, b] = pair(3, n, ratios, rho);
    let want = 2.0 - 2.0 * rho + 0.5 * (0.09 + 0.01 - 2.0 * 0.03 * rho * rho);
    for hac in [Hac::default(), independent()] {
        let got = DifferenceTest::of_sharpe_ratios().with_hac(hac).compare(a.view(), b.view()).unwrap();
        let variance = got.standard_error * got.standard_error * n as f64;
        assert!((variance / want - 1.0).abs() < 0.05, "{variance} against {want}");
        assert!((got.difference - 0.2).abs() < 5.0 * got.standard_error);
    }
}

/// Log variances of independent normals: n·var = 4 (1 − ρ²).
#[test]
fn the_error_of_log_variances_is_that_of_the_normal() {
    let (n, rho) = (20_000, 0.6);
    let [a, b] = pair(4, n, [0.0, 0.0], rho);
    let got = DifferenceTest::of_variances().compare(a.view(), b.view()).unwrap();
    let variance = got.standard_error * got.standard_error * n as f64;
    assert!((variance / (4.0 * (1.0 - rho * rho)) - 1.0).abs() < 0.05, "{variance}");
    assert!((got.difference - 0.25_f64.ln()).abs() < 5.0 * got.standard_error);
}

/// The gradient form of Ledoit and Wolf (2008), equation (3), at a fixed bandwidth: another road to the same error.
#[test]
fn influences_are_the_papers_gradient_times_its_moments() {
    let [a, b] = pair(5, 60, [0.2, 0.0], 0.3);
    let moments = [a.mean().unwrap(), b.mean().unwrap(), (&a * &a).mean().unwrap(), (&b * &b).mean().unwrap()];
    let y: Vec<[f64; 4]> = (0..60)
        .map(|t| [a[t], b[t], a[t] * a[t], b[t] * b[t]])
        .map(|row| std::array::from_fn(|i| row[i] - moments[i]))
        .collect();
    let [ma, mb, ga, gb] = moments;
    let (va, vb) = ((ga - ma * ma).powf(1.5), (gb - mb * mb).powf(1.5));
    let gradient = [ga / va, -gb / vb, -0.5 * ma / va, 0.5 * mb / vb];
    let lag = |k: usize| -> f64 {
        let dot = |t: usize| -> f64 { y[t].iter().zip(gradient).map(|(y, g)| y * g).sum() };
        (k..60).map(|t| dot(t) * dot(t - k)).sum::<f64>() / 60.0
    };
    // Parzen with S = 3: k(1/3) = 1 − 6/9 + 6/27 = 5/9, k(2/3) = 2/27.
    let psi = 60.0 / 56.0 * (lag(0) + 2.0 * (5.0 / 9.0 * lag(1) + 2.0 / 27.0 * lag(2)));
    let hac = independent().with_bandwidth(Bandwidth::Fixed(3.0));
    let got = DifferenceTest::of_sharpe_ratios().with_hac(hac).compare(a.view(), b.view()).unwrap();
    assert!((got.standard_error / (psi / 60.0).sqrt() - 1.0).abs() < 1e-10);
}

/// Under the null a test at 10 % rejects 10 % of the time: 300 samples, four standard errors of a share.
#[test]
fn the_bootstrap_keeps_its_level() {
    let mut rejected = [0_usize; 2];
    for seed in 0..300 {
        let [a, b] = pair(100 + seed, 120, [0.1, 0.1], 0.5);
        for (count, test) in
            rejected.iter_mut().zip([DifferenceTest::of_sharpe_ratios(), DifferenceTest::of_variances()])
        {
            let b = if test.statistic == ComparedStatistic::LogVariance { &b * 0.5 } else { b.clone() };
            let bootstrap = Bootstrap::new(seed).with_replicates(199);
            let got = test.with_bootstrap(4, bootstrap).compare(a.view(), b.view()).unwrap();
            *count += usize::from(got.p_value <= 0.1);
        }
    }
    for count in rejected {
        let share = count as f64 / 300.0;
        assert!((share - 0.1).abs() < 4.0 * (0.1 * 0.9 / 300.0_f64).sqrt(), "{share}");
    }
}

#[test]
fn interval_and_p_value_say_the_same() {
    for seed in 0..40 {
        let [a, b] = pair(seed, 80, [0.35, 0.1], 0.5);
        for test in [
            DifferenceTest::of_sharpe_ratios(),
            DifferenceTest::of_sharpe_ratios().with_bootstrap(3, Bootstrap::new(seed).with_replicates(199)),
        ] {
            let got = test.compare(a.view(), b.view()).unwrap();
            let outside = got.interval.lower > 0.0 || got.interval.upper < 0.0;
            assert_eq!(outside, got.p_value < 0.05, "{seed} {got:?}");
        }
    }
}

#[test]
fn a_seed_gives_one_answer() {
    let [a, b] = pair(8, 200, [0.1, 0.0], 0.2);
    let test = DifferenceTest::of_sharpe_ratios().with_bootstrap(5, Bootstrap::new(9).with_replicates(300));
    assert_eq!(test.compare(a.view(), b.view()), test.compare(a.view(), b.view()));
    let text = serde_json::to_string(&test).unwrap();
    assert_eq!(serde_json::from_str::<DifferenceTest>(&text).unwrap(), test);
}

#[test]
fn hostile_input() {
    let [a, b] = pair(1, 30, [0.1, 0.0], 0.2);
    let test = DifferenceTest::of_sharpe_ratios();
    assert!(matches!(test.compare(array![].view(), array![].view()), Err(Error::Empty { .. })));
    let short = Array1::zeros(5);
    assert!(matches!(test.compare(a.view(), short.view()), Err(Error::LengthMismatch { .. })));
    assert!(matches!(test.compare(short.view(), short.view()), Err(Error::InsufficientData { .. })));
    let mut bad = a.clone();
    bad[7] = f64::NAN;
    assert!(matches!(test.compare(b.view(), bad.view()), Err(Error::ElementOutOfDomain { index: 7, .. })));
    let constant = Array1::from_elem(30, 0.1);
    assert!(matches!(test.compare(a.view(), constant.view()), Err(Error::Undefined { .. })));
    for test in [test, DifferenceTest::of_variances()] {
        for same in [a.clone(), &a * 3.0] {
            assert!(matches!(test.compare(a.view(), same.view()), Err(Error::Undefined { .. })));
        }
    }
    for (block, error) in [(0, crate::ErrorKind::InvalidInput), (16, crate::ErrorKind::InsufficientData)] {
        let got = test.with_bootstrap(block, Bootstrap::new(1)).compare(a.view(), b.view()).unwrap_err();
        assert_eq!(got.kind(), error);
    }
    assert!(test.with_bootstrap(2, Bootstrap::new(1).with_replicates(1)).compare(a.view(), b.view()).is_err());
}

proptest! {
    #[test]
    fn changing_places_changes_the_sign(seed in 0_u64..1_000, scale in 0.1_f64..10.0) {
        let [a, b] = pair(seed, 50, [0.2, 0.1], 0.4);
        for test in [DifferenceTest::of_sharpe_ratios(), DifferenceTest::of_variances()] {
            let (ab, ba) = (test.compare(a.view(), b.view()).unwrap(), test.compare(b.view(), a.view()).unwrap());
            prop_assert_eq!(ab.difference, -ba.difference);
            prop_assert!((ab.p_value - ba.p_value).abs() < 1e-12);
        }
        // A Sharpe ratio does not know the unit.
        let test = DifferenceTest::of_sharpe_ratios();
        let (one, other) = (test.compare(a.view(), b.view()).unwrap(), test.compare((&a * scale).view(), b.view()).unwrap());
        prop_assert!((one.standard_error / other.standard_error - 1.0).abs() < 1e-9);
    }
}

use ndarray::{Array2, array};
use proptest::prelude::*;

use super::*;
use crate::{moments, streams::Streams};

fn student(m: f64, s: f64, nu: f64, y: f64) -> f64 {
    log_score_student_t(array![m].view(), array![s].view(), array![nu].view(), array![y].view()).unwrap()[0]
}

fn normal(m: f64, s: f64, y: f64) -> f64 {
    log_score_normal(array![m].view(), array![s].view(), array![y].view()).unwrap()[0]
}

#[test]
fn agrees_with_high_precision_arithmetic() {
    // mpmath 1.4, 40 digits: the formula with log-gamma functions.
    for (m, s, nu, y, want) in STUDENT {
        let got = student(m, s, nu, y);
        assert!((got - want).abs() <= 4e-15 * want.abs().max(1.0), "{m} {s} {nu} {y}: {got} against {want}");
    }
    for (m, s, y, want) in NORMAL {
        let got = normal(m, s, y);
        assert!((got - want).abs() <= 4e-16 * want.abs().max(1.0), "{got} against {want}");
    }
}

const STUDENT: [(f64, f64, f64, f64, f64); 7] = [
    (0.1, 0.5, 3.0, -0.3, 0.694_484_455_024_643_6),
    (-2.0, 3.0, 0.7, 40.0, 7.113_227_339_225_243),
    (0.0, 0.01, 59.0, 0.03, 0.577_113_270_656_710_6),
    (0.0, 0.01, 61.0, 0.03, 0.584_129_238_519_987_8),
    (0.0, 1.0, 1e9, 2.5, 4.043_938_526_814_048),
    (0.0, 1e-3, 5.0, 1e150, 2_103.005_665_941_304_4),
    (1.0, 2.0, 30.0, 1.0, 1.620_417_505_938_791),
];
const NORMAL: [(f64, f64, f64, f64); 3] = [
    (0.1, 0.5, -0.3, 0.545_791_352_644_727_4),
    (-2.0, 3.0, 40.0, 100.017_550_821_872_77),
    (0.0, 0.01, 0.03, 0.813_768_347_216_580_9),
];

#[test]
fn ensembles_agree_with_scipy() {
    // scipy 1.17: −gaussian_kde(x, bw_method=h/std(x, ddof=1)).logpdf(y), h by numpy's std and quantile.
    let members = array![[0.3, -1.2, 0.8, 1.1, -0.4, 0.9, 2.0, -0.7], [0.3, -1.2, 0.8, 1.1, -0.4, 0.9, 2.0, -0.7]];
    let got = log_score_ensemble(members.view(), array![0.25, -5.0].view()).unwrap();
    for (got, want) in got.iter().zip(ENSEMBLE) {
        assert!((got / want - 1.0).abs() < 1e-13, "{got} against {want}");
    }
}

const ENSEMBLE: [f64; 2] = [1.236_285_585_972_117_1, 20.766_308_250_849_026];

#[test]
fn coinciding_quartiles_leave_the_deviation() {
    // Seven of nine members at zero; h = 0.9 s 9^(−1/5) with s² = 2/8.
    let members = array![[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, -1.0]];
    let h = 0.9 * 0.5 * 9.0_f64.powf(-0.2);
    let density = (7.0 + 2.0 * (-0.5 / (h * h)).exp()) / (9.0 * h * (2.0 * PI).sqrt());
    let got = log_score_ensemble(members.view(), array![0.0].view()).unwrap()[0];
    assert!((got + density.ln()).abs() < 1e-14);
}

#[test]
fn hostile_inputs_are_named() {
    let (two, nan) = (array![1.0, 2.0], array![1.0, f64::NAN]);
    let zero = array![1.0, 0.0];
    let element = |e: Error, want: &str| matches!(e, Error::ElementOutOfDomain { name, index: 1, .. } if name == want);
    assert_eq!(log_score(array![].view()), Err(Error::Empty { name: "densities" }));
    assert!(element(log_score(zero.view()).unwrap_err(), "densities"));
    assert!(element(log_score(nan.view()).unwrap_err(), "densities"));
    let call =
        |m: &Array1<f64>, s: &Array1<f64>, y: &Array1<f64>| log_score_normal(m.view(), s.view(), y.view()).unwrap_err();
    assert!(element(call(&nan, &two, &two), "means"));
    assert!(element(call(&two, &zero, &two), "volatilities"));
    assert!(element(call(&two, &two, &nan), "observed"));
    assert!(matches!(call(&array![1.0], &two, &two), Error::LengthMismatch { name: "means", .. }));
    assert_eq!(call(&(&two * 1e300), &two, &two), Error::Overflow { name: "logarithmic score" });
    let call = |m: &Array1<f64>, s: &Array1<f64>, nu: &Array1<f64>, y: &Array1<f64>| {
        log_score_student_t(m.view(), s.view(), nu.view(), y.view()).unwrap_err()
    };
    assert!(element(call(&two, &zero, &two, &two), "scales"));
    assert!(element(call(&two, &two, &zero, &two), "degrees_of_freedom"));
    assert!(element(call(&nan, &two, &two, &two), "locations"));
    let call = |x: Array2<f64>, y: Array1<f64>| log_score_ensemble(x.view(), y.view()).unwrap_err();
    let reason = "the members are all the same";
    assert_eq!(
        call(array![[0.0, 1.0], [2.0, 2.0]], two.clone()),
        Error::Undefined { name: "density of an ensemble", reason }
    );
    assert!(matches!(call(array![[0.0], [2.0]], two), Error::InsufficientData { required: 2, available: 1, .. }));
    assert!(matches!(call(array![[0.0, f64::NAN]], array![0.0]), Error::EntryOutOfDomain { name: "members", .. }));
    assert!(matches!(call(array![[-1e300, 1e300]], array![0.0]), Error::Overflow { .. }));
}

#[test]
fn an_ensemble_of_normals_scores_near_the_normal() {
    // The kernel adds h² ≈ 0.9² · 5,000^(−2/5) = 0.027 to the variance, which moves the score by some 0.01.
    let drawn = Streams::new(2).standard_normals(5_000, 1);
    let members = drawn.t().to_owned();
    let got = log_score_ensemble(members.view(), array![0.7].view()).unwrap()[0];
    assert!((got - normal(0.0, 1.0, 0.7)).abs() < 0.05, "{got}");
}

proptest! {
    /// Propriety: the normal that generated the data scores best on average.
    #[test]
    fn the_true_normal_scores_best(mean in -0.5_f64..0.5, volatility in 0.5_f64..2.0) {
        prop_assume!(mean.abs() > 0.1 || (volatility - 1.0).abs() > 0.2);
        let drawn = Streams::new(11).standard_normals(20_000, 1);
        let score = |m: f64, s: f64| {
            let (m, s) = (Array1::from_elem(20_000, m), Array1::from_elem(20_000, s));
            moments::mean(log_score_normal(m.view(), s.view(), drawn.column(0)).unwrap().view()).unwrap()
        };
        prop_assert!(score(0.0, 1.0) < score(mean, volatility));
    }

    /// A density in another unit is divided by it.
    #[test]
    fn another_unit_adds_its_logarithm(m in -1.0_f64..1.0, s in 0.1_f64..2.0, y in -3.0_f64..3.0, c in 0.01_f64..100.0) {
        prop_assert!((normal(c * m, c * s, c * y) - normal(m, s, y) - c.ln()).abs() < 1e-11);
        prop_assert!((student(c * m, c * s, 4.0, c * y) - student(m, s, 4.0, y) - c.ln()).abs() < 1e-11);
        let ensemble = |c: f64| {
            let members = array![[c * m, c * (m + s), c * (m - 2.0 * s), c * (m + 0.3 * s)]];
            log_score_ensemble(members.view(), array![c * y].view()).unwrap()[0]
        };
        prop_assert!((ensemble(c) - ensemble(1.0) - c.ln()).abs() < 1e-8 * ensemble(1.0).abs().max(1.0));
    }
}

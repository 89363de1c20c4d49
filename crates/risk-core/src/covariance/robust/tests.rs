//! Golden values: the fixed points by plain iteration in mpmath (30 digits) and the likelihoods by SciPy 1.17's
//! `minimize` and `multivariate_t` on the data below.

use ndarray::{Array2, ArrayView2, Axis, array};
use proptest::prelude::*;

use super::*;
use crate::covariance::{CovarianceEstimator, CovarianceFlag};
use crate::streams::Streams;

fn returns() -> Array2<f64> {
    array![
        [0.010, 0.020, -0.010],
        [-0.015, 0.005, 0.020],
        [0.010, -0.030, 0.005],
        [0.025, 0.020, -0.010],
        [-0.005, 0.000, 0.015],
        [0.010, 0.015, -0.020],
        [0.000, -0.010, 0.005]
    ]
}

/// Fourteen rows, two of them wild.
fn wild() -> Array2<f64> {
    array![
        [0.4, -0.2],
        [1.1, 0.9],
        [-0.7, -0.1],
        [0.3, 0.5],
        [-1.2, -1.6],
        [0.1, -0.6],
        [0.8, 0.2],
        [-0.3, 0.4],
        [6.0, -5.0],
        [-0.5, -0.9],
        [0.6, 1.3],
        [0.0, 0.2],
        [-4.0, 1.0],
        [0.2, -0.3]
    ]
}

#[track_caller]
fn near(got: ArrayView2<'_, f64>, want: &Array2<f64>, tolerance: f64) {
    for (place, want) in want.indexed_iter() {
        assert!((got[place] - want).abs() <= tolerance, "{place:?}: got {}, want {want}", got[place]);
    }
}

fn about_zero() -> TylerScatter {
    TylerScatter::default().with_centre(ScatterCentre::Zero)
}

#[test]
fn the_median_is_the_middle() {
    assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
    assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), 2.5);
    assert_eq!(median(vec![7.0]), 7.0);
}

#[test]
fn tyler_agrees_with_the_fixed_point_in_thirty_digits() {
    let want = array![
        [0.441_237_019_388_881_6, 0.216_309_991_008_611_76, -0.564_966_595_274_629_4],
        [0.216_309_991_008_611_76, 1.402_529_292_945_653_8, -0.762_583_806_992_804_6],
        [-0.564_966_595_274_629_4, -0.762_583_806_992_804_6, 1.156_233_687_665_464_6]
    ];
    let fit = about_zero().fit(returns().view()).unwrap();
    // The step is below 1e-10 and shrinks linearly; its sum stays below 1e-9.
    near(fit.shape.view(), &want, 1e-9);
    assert!(fit.residual <= 1e-10 && fit.iterations > 5);
    assert_eq!((fit.observations, fit.left_out), (7, 0));
    // Median length over the median of χ²₃, SciPy.
    assert!((fit.scale / 2.906_200_8e-4 - 1.0).abs() < 1e-6, "{}", fit.scale);
    near(fit.covariance().unwrap().view(), &(&want * fit.scale), 1e-12);
    let trace = about_zero().with_scale(ScatterScale::SampleTrace).fit(returns().view()).unwrap();
    assert!((trace.scale - 2.142_857_142_857_143e-4).abs() < 1e-18);
}

#[test]
fn the_regularized_shape_exists_for_two_rows_of_three_assets() {
    let want = array![
        [0.822_739_056_305_183_9, 0.251_119_670_234_322_7, -0.723_815_520_087_165_4],
        [0.251_119_670_234_322_7, 1.044_315_235_923_704, -0.206_804_434_310_618_7],
        [-0.723_815_520_087_165_4, -0.206_804_434_310_618_7, 1.132_945_707_771_112]
    ];
    let two = returns().slice_axis(Axis(0), (0..2).into()).to_owned();
    let tyler = TylerScatter::regularized(0.3).unwrap().with_centre(ScatterCentre::Zero);
    near(tyler.fit(two.view()).unwrap().shape.view(), &want, 1e-9);
    assert!(matches!(about_zero().fit(two.view()), Err(Error::InsufficientData { required: 4, available: 2, .. })));
    let identity = TylerScatter::regularized(1.0).unwrap().with_centre(ScatterCentre::Zero).fit(two.view()).unwrap();
    near(identity.shape.view(), &Array2::eye(3), 1e-15);
    assert_eq!(CovarianceEstimator::name(&tyler), "regularized tyler");
}

#[test]
fn chi_squared_medians_agree_with_scipy() {
    for (p, want) in
        [(1, 0.454_936_423_119_572), (2, 1.386_294_361_119_891), (3, 2.365_973_884_375_338), (10, 9.341_817_765_591_97)]
    {
        // 0.5 is reached to the last digits of the incomplete gamma function.
        let got = tyler::chi_squared_median(p);
        assert!((got - want).abs() < 1e-9, "{p}: {got}");
    }
}

#[test]
fn centres_are_what_they_say() {
    let r = returns();
    let location = |centre| TylerScatter::default().with_centre(centre).fit(r.view()).unwrap().location;
    assert_eq!(location(ScatterCentre::Median), [0.01, 0.005, 0.005]);
    assert_eq!(location(ScatterCentre::Zero), [0.0; 3]);
    assert!((location(ScatterCentre::Mean)[0] - 0.005).abs() < 1e-17);
}

#[test]
fn rows_at_the_centre_are_left_out_and_counted() {
    let mut r = returns();
    r.push_row(array![0.0, 0.0, 0.0].view()).unwrap();
    let (with, without) = (about_zero().fit(r.view()).unwrap(), about_zero().fit(returns().view()).unwrap());
    assert_eq!((with.observations, with.left_out), (7, 1));
    assert_eq!(with.shape, without.shape);
}

#[test]
fn scatters_without_a_shape_are_errors() {
    // Four of five rows on one line: more than half of the sample in half of the dimensions.
    let line = array![[1.0, 1.0], [2.0, 2.0], [-1.0, -1.0], [3.0, 3.0], [1.0, -1.0]];
    let error = about_zero().with_max_iterations(100_000).fit(line.view()).unwrap_err();
    assert!(matches!(error, Error::NotPositiveDefinite { .. } | Error::NotConverged { .. }), "{error:?}");
    for nu in [0.5, 1.0] {
        // A t exists only while less than (ν + p − 1)/(ν + p) of the rows lie on a line.
        let t = StudentTScatter::new(DegreesOfFreedom::Fixed(nu)).unwrap().with_max_iterations(100_000);
        let error = t.fit(line.view()).unwrap_err();
        assert!(matches!(error, Error::NotPositiveDefinite { .. } | Error::NotConverged { .. }), "{error:?}");
    }
    let few = about_zero().with_max_iterations(2).fit(returns().view()).unwrap_err();
    assert!(
        matches!(few, Error::NotConverged { iterations: 2, residual, .. } if residual > 0.0 && residual.is_finite())
    );
    assert!(matches!(about_zero().fit(Array2::zeros((0, 2)).view()), Err(Error::Empty { .. })));
    assert!(matches!(about_zero().fit(array![[f64::NAN]].view()), Err(Error::EntryOutOfDomain { .. })));
    let still = Array2::from_elem((9, 2), 0.01);
    assert!(matches!(
        TylerScatter::default().fit(still.view()),
        Err(Error::InsufficientData { available: 0, required: 3, .. })
    ));
    for bad in [0.0, -0.1, 1.1, f64::NAN] {
        assert!(matches!(TylerScatter::regularized(bad), Err(Error::OutOfDomain { .. })), "{bad}");
    }
    for bad in [0.0, 1.0, f64::NAN] {
        assert!(
            TylerScatter::default().with_tolerance(bad).is_err()
                && StudentTScatter::default().with_tolerance(bad).is_err()
        );
    }
}

#[test]
fn the_t_likelihood_is_that_of_scipy() {
    for (nu, location, scatter, log_likelihood) in [
        (3.0, [0.089_134_35, 0.013_051_20], [0.477_964_59, 0.098_075_44, 0.425_527_01], -43.862_151_392_846_93),
        (1.0, [0.138_395_94, 0.010_821_92], [0.257_797_05, 0.079_277_24, 0.281_684_93], -42.742_328_611_238_88),
    ] {
        let fit = StudentTScatter::new(DegreesOfFreedom::Fixed(nu)).unwrap().fit(wild().view()).unwrap();
        // SciPy's search for a flat maximum finds its place to half of the digits of its height.
        assert!((fit.location[0] - location[0]).abs() < 1e-6 && (fit.location[1] - location[1]).abs() < 1e-6);
        let [a, b, c] = scatter;
        near(fit.scatter.view(), &array![[a, b], [b, c]], 1e-6);
        assert!((fit.log_likelihood - log_likelihood).abs() < 1e-11, "{}", fit.log_likelihood);
        assert_eq!((fit.status, fit.degrees_of_freedom, fit.observations), (DegreesOfFreedomStatus::Fixed, nu, 14));
        assert!(fit.residual <= 1e-9);
        // Kent, Tyler and Vardi: at the maximum the weights sum to n.
        assert!((fit.weights.iter().sum::<f64>() - 14.0).abs() < 1e-6);
        assert!(fit.weights[8] < 0.2 && fit.weights[11] > 1.0);
    }
}

#[test]
fn fitted_degrees_of_freedom_are_those_of_scipy() {
    let bounds = DegreesOfFreedom::Fitted { lower: 0.5, upper: 50.0 };
    let fit = StudentTScatter::new(bounds).unwrap().fit(wild().view()).unwrap();
    assert!((fit.degrees_of_freedom - 1.429_139_95).abs() < 1e-5, "{}", fit.degrees_of_freedom);
    assert!((fit.log_likelihood + 42.384_263_316_864_19).abs() < 1e-11);
    assert_eq!(fit.status, DegreesOfFreedomStatus::Interior);
    // Infinite variance is said, not multiplied by a negative number.
    assert!(matches!(fit.covariance(), Err(Error::Undefined { name: "covariance", .. })));
    let two = StudentTScatter::new(DegreesOfFreedom::Fixed(2.0)).unwrap().fit(wild().view()).unwrap();
    assert!(two.covariance().is_err());
}

#[test]
fn bounds_that_bind_are_reported() {
    let fit = StudentTScatter::default().fit(wild().view()).unwrap();
    assert_eq!((fit.status, fit.degrees_of_freedom), (DegreesOfFreedomStatus::Lower, 2.05));
    let estimate = CovarianceEstimator::estimate(&StudentTScatter::default(), wild().view()).unwrap();
    assert!(estimate.flags.contains(&CovarianceFlag::HeaviestTail));
    near(estimate.covariance.view(), &(&fit.scatter.view() * 41.0), 1e-12);
    assert!(estimate.effective_observations < 14.0 && estimate.observations == 14);
    // Points on a circle have lighter tails than any t.
    let circle = Array2::from_shape_fn((40, 2), |(i, j)| {
        let angle = i as f64 * 0.157_079_632_679_489_66;
        if j == 0 { angle.cos() } else { angle.sin() }
    });
    let fit = StudentTScatter::default().fit(circle.view()).unwrap();
    assert_eq!((fit.status, fit.degrees_of_freedom), (DegreesOfFreedomStatus::Upper, 200.0));
    let estimate = CovarianceEstimator::estimate(&StudentTScatter::default(), circle.view()).unwrap();
    assert!(!estimate.flags.contains(&CovarianceFlag::HeaviestTail));
    assert_eq!(CovarianceEstimator::name(&StudentTScatter::default()), "student t");
}

/// 4,000 draws of a bivariate t with five degrees of freedom, scatter [[1, 0.6], [0.6, 2]].
fn t_draws() -> Array2<f64> {
    let z = Streams::new(11).standard_normals(4_000, 7);
    let mut draws = Array2::zeros((4_000, 2));
    for (row, mut to) in z.rows().into_iter().zip(draws.rows_mut()) {
        let chi: f64 = row.iter().skip(2).map(|v| v * v).sum::<f64>() / 5.0;
        let (a, b) = (row[0] / chi.sqrt(), row[1] / chi.sqrt());
        to[0] = a + 0.3;
        to[1] = 0.6 * a + 1.64_f64.sqrt() * b - 0.2;
    }
    draws
}

#[test]
fn a_simulated_t_is_recovered() {
    let fit = StudentTScatter::default().fit(t_draws().view()).unwrap();
    // Five standard errors: about 0.3 for ν, 2 % for a scatter, 0.02 for a location.
    assert!((fit.degrees_of_freedom - 5.0).abs() < 1.5, "{}", fit.degrees_of_freedom);
    near(fit.scatter.view(), &array![[1.0, 0.6], [0.6, 2.0]], 0.2);
    assert!((fit.location[0] - 0.3).abs() < 0.1 && (fit.location[1] + 0.2).abs() < 0.14);
    let shape = TylerScatter::default().fit(t_draws().view()).unwrap().shape;
    near(shape.view(), &(array![[1.0, 0.6], [0.6, 2.0]] * (2.0 / 3.0)), 0.08);
}

#[test]
fn on_normal_data_the_scale_is_that_of_the_covariance() {
    let z = Streams::new(5).standard_normals(20_000, 3) * 0.01;
    let covariance = CovarianceEstimator::estimate(&TylerScatter::default(), z.view()).unwrap().covariance;
    // The median length has a relative error of 1 %.
    near(covariance.view(), &(Array2::eye(3) * 1e-4), 5e-6);
}

#[test]
fn bad_samples_are_refused_by_the_t() {
    let t = StudentTScatter::default();
    assert!(matches!(t.fit(Array2::zeros((0, 2)).view()), Err(Error::Empty { .. })));
    assert!(matches!(t.fit(array![[1.0], [f64::NAN], [2.0]].view()), Err(Error::EntryOutOfDomain { .. })));
    let short = wild().slice_axis(Axis(0), (0..3).into()).to_owned();
    assert!(matches!(t.fit(short.view()), Err(Error::InsufficientData { required: 4, available: 3, .. })));
    let mut still = wild();
    still.column_mut(1).fill(0.1);
    assert!(matches!(t.fit(still.view()), Err(Error::Undefined { .. })));
    let mut twins = wild();
    let first = twins.column(0).to_owned();
    twins.column_mut(1).assign(&(first * 2.0));
    assert!(matches!(t.fit(twins.view()), Err(Error::NotPositiveDefinite { .. })));
    let hasty = t.with_max_iterations(1).fit(wild().view()).unwrap_err();
    assert!(matches!(hasty, Error::NotConverged { iterations: 1, .. }));
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(StudentTScatter::new(DegreesOfFreedom::Fixed(bad)).is_err(), "{bad}");
    }
    for (lower, upper) in [(5.0, 5.0), (5.0, 3.0), (-1.0, 3.0), (1.0, f64::INFINITY), (1.0, f64::NAN)] {
        assert!(StudentTScatter::new(DegreesOfFreedom::Fitted { lower, upper }).is_err(), "{lower} {upper}");
    }
}

#[test]
fn settings_and_results_survive_storage_and_stay_checked() {
    let tyler = TylerScatter::regularized(0.25).unwrap().with_scale(ScatterScale::SampleTrace).with_max_iterations(0);
    let text = serde_json::to_string(&tyler).unwrap();
    assert_eq!(serde_json::from_str::<TylerScatter>(&text).unwrap(), tyler);
    assert!(text.contains("\"max_iterations\":1"));
    assert!(serde_json::from_str::<TylerScatter>(&text.replace("0.25", "2.5")).is_err());
    assert_eq!(
        serde_json::from_str::<TylerScatter>(&serde_json::to_string(&TylerScatter::default()).unwrap()).unwrap(),
        TylerScatter::default()
    );
    let t = StudentTScatter::new(DegreesOfFreedom::Fixed(4.5)).unwrap();
    let text = serde_json::to_string(&t).unwrap();
    assert_eq!(serde_json::from_str::<StudentTScatter>(&text).unwrap(), t);
    assert!(serde_json::from_str::<StudentTScatter>(&text.replace("4.5", "-4.5")).is_err());
    let fit = t.fit(wild().view()).unwrap();
    assert_eq!(serde_json::from_str::<MultivariateStudentT>(&serde_json::to_string(&fit).unwrap()).unwrap(), fit);
}

fn samples() -> impl Strategy<Value = Array2<f64>> {
    prop::collection::vec(-1.0..1.0_f64, 24).prop_map(|data| Array2::from_shape_vec((12, 2), data).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn tyler_does_not_feel_lengths(r in samples(), factors in prop::collection::vec(0.1..10.0_f64, 12)) {
        prop_assume!(r.rows().into_iter().all(|row| row.dot(&row) > 1e-3));
        let stretched = &r * &ndarray::Array1::from(factors).insert_axis(Axis(1));
        let (plain, stretched) = (about_zero().fit(r.view()), about_zero().fit(stretched.view()));
        if let (Ok(plain), Ok(stretched)) = (plain, stretched) {
            prop_assert!((&plain.shape.view() - &stretched.shape.view()).iter().all(|d| d.abs() < 1e-7));
        }
    }

    #[test]
    fn the_t_follows_linear_maps(r in samples()) {
        let map = array![[2.0, 0.3], [-0.5, 1.5]];
        let t = StudentTScatter::new(DegreesOfFreedom::Fixed(4.0)).unwrap();
        let plain = t.fit(r.view()).unwrap();
        let mapped = t.fit(r.dot(&map.t()).view()).unwrap();
        let want = map.dot(&plain.scatter.view()).dot(&map.t());
        prop_assert!((&mapped.scatter.view() - &want).iter().all(|d| d.abs() < 1e-6), "{want} against {:?}", mapped.scatter);
        // The density is divided by the determinant of the map, 3.15.
        prop_assert!((plain.log_likelihood - 12.0 * 3.15_f64.ln() - mapped.log_likelihood).abs() < 1e-8);
    }
}

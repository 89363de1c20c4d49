//! Golden values: scikit-learn 1.9.1 and PyPortfolioOpt 1.6.0 on thirty dates of four assets made by `waves`, whose
//! sines may differ in the last bit between libraries: 1e-11 of the value.

use ndarray::{Axis, array};

use super::*;
use crate::Error;
use crate::covariance::*;

const TARGETS: [ShrinkageTarget; 3] =
    [ShrinkageTarget::ScaledIdentity, ShrinkageTarget::SingleFactor, ShrinkageTarget::ConstantCorrelation];

fn fixed(target: ShrinkageTarget, t: f64) -> LinearShrinkage {
    LinearShrinkage::new(target).with_intensity(ShrinkageIntensity::Fixed(t))
}

#[track_caller]
fn agrees(estimator: LinearShrinkage, shrinkage: f64, row: &[f64]) {
    let got = estimator.shrink(waves(30, 4).view()).unwrap();
    assert!((got.shrinkage / shrinkage - 1.0).abs() < 1e-11, "{}", got.shrinkage);
    row_close(got.covariance.view().row(0), row, 1e-15);
}

#[test]
fn identity_agrees_with_scikit_learn() {
    let row = [8.596349504814399e-5, -1.9830172192489127e-6, 2.500266290329824e-5, -4.914272165561566e-6];
    agrees(LinearShrinkage::default(), 0.11795964725413977, &row);
    let row = [8.573867387655202e-5, -1.829717634862448e-6, 2.3069801305110883e-5, -4.534368313376207e-6];
    agrees(LinearShrinkage::default().with_intensity(ShrinkageIntensity::Oas), 0.18614686125082186, &row);
}

#[test]
fn structured_targets_agree_with_pyportfolioopt() {
    let row = [8.635242171843646e-5, -1.4459989135115175e-6, 2.8535481077161445e-5, -4.4846965604042344e-6];
    agrees(LinearShrinkage::new(ShrinkageTarget::SingleFactor), 0.029063967287799638, &row);
    let row = [8.933009143286531e-5, 1.4826299626261726e-6, 3.061010070277379e-5, -8.382739888017618e-7];
    let constant = LinearShrinkage::new(ShrinkageTarget::ConstantCorrelation);
    agrees(constant.with_ddof(1), 0.1061017513630367, &row);
    // The paper's divisor: NumPy, pair by pair.
    let paper = constant.shrink(waves(30, 4).view()).unwrap();
    assert!((paper.shrinkage / 0.11350626474390355 - 1.0).abs() < 1e-11);
}

#[test]
fn targets_by_hand() {
    // Deviations (2, 1), (-2, -1), (1, -2), (-1, 2): variances 2.5, no covariance; a third asset of variance 10.
    let returns = array![[2.0, 1.0, 4.0], [-2.0, -1.0, -4.0], [1.0, -2.0, 2.0], [-1.0, 2.0, -2.0]];
    let all = |target| fixed(target, 1.0).shrink(returns.view()).unwrap().covariance;
    // Covariances with the third: 5 and 0.
    all_close(all(ShrinkageTarget::ScaledIdentity).view(), &(Array2::eye(3) * 5.0), 1e-14);
    let (c, two) = (1.0 / 3.0, 5.0 / 3.0);
    let constant = array![[2.5, 2.5 * c, two], [2.5 * c, 2.5, two], [two, two, 10.0]];
    all_close(all(ShrinkageTarget::ConstantCorrelation).view(), &constant, 1e-14);
    // The mean of the three has covariances 2.5, 5/6 and 5 with them, and variance 25/9.
    let factor = array![[2.5, 0.75, 4.5], [0.75, 2.5, 1.5], [4.5, 1.5, 10.0]];
    all_close(all(ShrinkageTarget::SingleFactor).view(), &factor, 1e-14);
    // Divisor 3 instead of 4 for everything.
    for (target, want) in [(ShrinkageTarget::ConstantCorrelation, constant), (ShrinkageTarget::SingleFactor, factor)] {
        let got = fixed(target, 1.0).with_ddof(1).shrink(returns.view()).unwrap().covariance;
        all_close(got.view(), &(want * 4.0 / 3.0), 1e-14);
    }
    let got = fixed(ShrinkageTarget::ScaledIdentity, 1.0).with_ddof(1).shrink(returns.view()).unwrap().covariance;
    all_close(got.view(), &(Array2::eye(3) * 20.0 / 3.0), 1e-14);
}

#[test]
fn no_weight_is_the_sample_covariance() {
    for target in TARGETS {
        for ddof in [0, 1, 3] {
            let got = fixed(target, 0.0).with_ddof(ddof).shrink(waves(9, 4).view()).unwrap();
            let want = SampleCovariance::new(ddof).covariance(waves(9, 4).view()).unwrap();
            all_close(got.covariance.view(), &want.view().to_owned(), 1e-19);
            assert_eq!(got.shrinkage, 0.0);
        }
    }
}

#[test]
fn the_divisor_does_not_move_the_intensity_of_identity_and_factor() {
    for target in [ShrinkageTarget::ScaledIdentity, ShrinkageTarget::SingleFactor] {
        let at = |ddof| LinearShrinkage::new(target).with_ddof(ddof).shrink(waves(30, 4).view()).unwrap().shrinkage;
        assert!((at(0) - at(1)).abs() < 1e-13 && (at(0) - at(7)).abs() < 1e-13);
    }
}

#[test]
fn a_sample_that_is_its_target_is_left_alone() {
    let lone = array![[0.01], [-0.02], [0.03]];
    // Two assets have one correlation, which is the mean of all.
    let cases = [
        (ShrinkageTarget::ScaledIdentity, lone.clone()),
        (ShrinkageTarget::SingleFactor, lone.clone()),
        (ShrinkageTarget::ConstantCorrelation, lone),
        (ShrinkageTarget::ConstantCorrelation, waves(30, 2)),
    ];
    for (target, returns) in cases {
        let got = LinearShrinkage::new(target).shrink(returns.view()).unwrap();
        assert_eq!(got.shrinkage, 0.0, "{target:?}");
        let want = SampleCovariance::new(0).covariance(returns.view()).unwrap();
        all_close(got.covariance.view(), &want.view().to_owned(), 1e-19);
    }
    // OAS of a sample that is already spherical goes all the way, which changes nothing.
    let oas = LinearShrinkage::default().with_intensity(ShrinkageIntensity::Oas);
    let square = array![[0.01, 0.01], [-0.01, -0.01], [0.01, -0.01], [-0.01, 0.01]];
    let got = oas.shrink(square.view()).unwrap();
    assert_eq!(got.shrinkage, 1.0);
    all_close(got.covariance.view(), &(Array2::eye(2) * 1e-4), 1e-19);
}

#[test]
fn extreme_scales_give_the_same_intensity() {
    for target in TARGETS {
        let base = LinearShrinkage::new(target).shrink(waves(30, 4).view()).unwrap();
        for exponent in [-400, -150, 150, 450] {
            let scale = 2.0_f64.powi(exponent);
            let got = LinearShrinkage::new(target).shrink((waves(30, 4) * scale).view()).unwrap();
            assert_eq!(got.shrinkage, base.shrinkage, "{target:?} {exponent}");
            let want = base.covariance.view().mapv(|v| v * scale * scale);
            assert!(got.covariance.view().iter().zip(&want).all(|(g, w)| (g - w).abs() <= 1e-14 * w.abs()));
        }
    }
}

#[cfg(any(feature = "linalg", feature = "lapack"))]
#[test]
fn estimates_tell_their_intensity_and_condition() {
    let few = waves(3, 5);
    let got = LinearShrinkage::default().estimate(few.view()).unwrap();
    // Singular before, not after.
    assert!(got.flags.is_empty() && got.condition_number.unwrap() > 1.0);
    assert_eq!((got.observations, got.effective_observations), (3, 3.0));
    assert_eq!(got.shrinkage, Some(LinearShrinkage::default().shrink(few.view()).unwrap().shrinkage));
    assert_eq!(got.repair_distance, None);
    let none = fixed(ShrinkageTarget::ScaledIdentity, 0.0).estimate(few.view()).unwrap();
    assert_eq!(none.flags, [CovarianceFlag::RankDeficient { rank_at_most: 2 }, CovarianceFlag::Singular]);
    assert_eq!(SampleCovariance::default().estimate(few.view()).unwrap().shrinkage, None);
}

#[cfg(any(feature = "linalg", feature = "lapack"))]
#[test]
fn an_asset_that_did_not_move_is_flagged_once() {
    let mut returns = waves(9, 3);
    returns.column_mut(1).fill(0.3);
    let moved = LinearShrinkage::default().estimate(returns.view()).unwrap();
    assert!(moved.covariance.view()[[1, 1]] > 0.0);
    assert_eq!(moved.flags, [CovarianceFlag::ZeroVariance { asset: 1 }]);
    returns.column_mut(1).fill(0.25);
    let kept = LinearShrinkage::new(ShrinkageTarget::SingleFactor).estimate(returns.view()).unwrap();
    assert_eq!(kept.flags, [CovarianceFlag::Singular, CovarianceFlag::ZeroVariance { asset: 1 }]);
    let undefined = LinearShrinkage::new(ShrinkageTarget::ConstantCorrelation).estimate(returns.view());
    assert!(matches!(undefined, Err(Error::Undefined { name: "constant correlation", .. })));
    let still = LinearShrinkage::default().estimate(Array2::from_elem((4, 2), 0.5).view()).unwrap();
    assert_eq!(still.shrinkage, Some(0.0));
    assert_eq!(still.flags.len(), 3); // singular and both assets
}

#[test]
fn hostile_shrinkage() {
    let returns = waves(30, 4);
    for value in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
        let got = fixed(ShrinkageTarget::ScaledIdentity, value).shrink(returns.view());
        assert!(matches!(got, Err(Error::OutOfDomain { name: "shrinkage", .. })), "{value}");
    }
    for target in [ShrinkageTarget::SingleFactor, ShrinkageTarget::ConstantCorrelation] {
        let got = LinearShrinkage::new(target).with_intensity(ShrinkageIntensity::Oas).shrink(returns.view());
        assert!(matches!(got, Err(Error::Unsupported { .. })), "{target:?}");
    }
    let offset = array![[0.01, -0.01], [0.02, -0.02], [-0.03, 0.03]];
    let got = LinearShrinkage::new(ShrinkageTarget::SingleFactor).shrink(offset.view());
    assert!(matches!(got, Err(Error::Undefined { name: "single factor", .. })));
    let mut gap = returns.clone();
    gap[[3, 2]] = f64::NAN;
    for target in TARGETS {
        let estimator = LinearShrinkage::new(target);
        assert!(matches!(estimator.shrink(gap.view()), Err(Error::EntryOutOfDomain { name: "returns", .. })));
        assert_eq!(estimator.shrink(Array2::zeros((0, 4)).view()), Err(Error::Empty { name: "returns" }));
        let one = estimator.shrink(returns.slice_axis(Axis(0), ndarray::Slice::from(0..1)));
        assert!(matches!(one, Err(Error::InsufficientData { required: 2, available: 1, .. })));
        let narrow = estimator.with_ddof(30).shrink(returns.view());
        assert!(matches!(narrow, Err(Error::InsufficientData { required: 31, available: 30, .. })));
        let huge = estimator.shrink((&returns * 1e160).view());
        assert!(matches!(huge, Err(Error::EntryOutOfDomain { .. })));
    }
}

#[test]
fn names_and_configurations() {
    let names: Vec<String> = TARGETS.iter().map(|t| LinearShrinkage::new(*t).name().to_owned()).collect();
    let of = "shrinkage to ";
    assert_eq!(names, ["scaled identity", "single factor", "constant correlation"].map(|name| format!("{of}{name}")));
    let oas = LinearShrinkage::default().with_intensity(ShrinkageIntensity::Oas);
    assert_eq!(oas.name(), "oas");
    let config = fixed(ShrinkageTarget::SingleFactor, 0.3).with_ddof(1);
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<LinearShrinkage>(&text).unwrap(), config);
    let shrunk = config.shrink(waves(9, 2).view()).unwrap();
    let back: LinearlyShrunk = serde_json::from_str(&serde_json::to_string(&shrunk).unwrap()).unwrap();
    all_close(back.covariance.view(), &shrunk.covariance.view().to_owned(), 1e-18);
}

proptest! {
    #[test]
    fn shrinkage_lies_in_the_unit_interval_and_keeps_the_trace(sample in samples(), ddof in 0..3_usize) {
        for target in TARGETS {
            let got = match LinearShrinkage::new(target).with_ddof(ddof).shrink(sample.view()) {
                Ok(got) => got,
                Err(Error::Undefined { .. }) => continue,
                Err(other) => return Err(TestCaseError::fail(other.to_string())),
            };
            prop_assert!((0.0..=1.0).contains(&got.shrinkage));
            let plain = SampleCovariance::new(ddof).covariance(sample.view()).unwrap();
            let (got_trace, want) = (got.covariance.variances().sum(), plain.variances().sum());
            prop_assert!((got_trace / want - 1.0).abs() < 1e-12);
            #[cfg(any(feature = "linalg", feature = "lapack"))]
            prop_assert!(got.covariance.eigenvalues().unwrap()[0] >= -1e-15 * want);
        }
        let oas = LinearShrinkage::default().with_intensity(ShrinkageIntensity::Oas).shrink(sample.view()).unwrap();
        prop_assert!((0.0..=1.0).contains(&oas.shrinkage));
    }

    #[test]
    fn scaling_squares_and_permuting_permutes(sample in samples(), scale in 0.01..100.0_f64) {
        let mut mirrored = sample.view();
        mirrored.invert_axis(Axis(1));
        for target in TARGETS {
            let estimator = LinearShrinkage::new(target);
            let Ok(base) = estimator.shrink(sample.view()) else { continue };
            let scaled = estimator.shrink((&sample * scale).view()).unwrap();
            prop_assert!((scaled.shrinkage - base.shrinkage).abs() < 1e-9);
            let largest = base.covariance.variances().iter().fold(0.0_f64, |a, v| a.max(*v));
            let want = base.covariance.view().mapv(|v| v * scale * scale);
            all_close(scaled.covariance.view(), &want, 1e-9 * largest * scale * scale);
            let mut permuted = estimator.shrink(mirrored).unwrap().covariance.into_matrix();
            permuted.invert_axis(Axis(0));
            permuted.invert_axis(Axis(1));
            all_close(permuted.view(), &base.covariance.view().to_owned(), 1e-9 * largest);
        }
    }
}

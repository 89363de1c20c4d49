//! Golden values: statsmodels 0.14 (OLS) and NumPy 2 (`eigh`) on the returns of `returns()`; their
//! variances are near 1e-4, so 1e-17 leaves them 13 digits.

use ndarray::{Array1, Array2, ArrayView2, Axis, array};
use proptest::prelude::*;

use super::*;
use crate::covariance::{Covariance, SampleCovariance};
use crate::streams::Streams;
use crate::{AssetId, Error, Frequency};

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

fn factor() -> Array2<f64> {
    array![[0.012], [-0.008], [-0.004], [0.018], [0.002], [0.006], [-0.006]]
}

/// Two factors, three assets; dense Σ by hand below.
fn model() -> FactorCovariance {
    let factors = Covariance::new(array![[0.04, 0.01], [0.01, 0.09]]).unwrap();
    FactorCovariance::new(array![[1.0, 0.0], [0.5, 1.0], [0.0, -1.0]], factors, array![0.01, 0.02, 0.03]).unwrap()
}

/// B F B' + D on paper: B F has the rows (0.04, 0.01), (0.03, 0.095), (−0.01, −0.09).
fn dense() -> Array2<f64> {
    array![[0.05, 0.03, -0.01], [0.03, 0.13, -0.095], [-0.01, -0.095, 0.12]]
}

#[track_caller]
fn near<'a>(got: impl IntoIterator<Item = &'a f64>, want: &[f64], tolerance: f64) {
    let got: Vec<f64> = got.into_iter().copied().collect();
    assert_eq!(got.len(), want.len());
    for (i, (got, want)) in got.iter().zip(want).enumerate() {
        assert!((got - want).abs() <= tolerance, "{i}: got {got}, want {want}");
    }
}

#[test]
fn the_dense_matrix_is_that_of_paper() {
    let model = model();
    near(model.to_dense().unwrap().view().iter(), dense().as_slice().unwrap(), 1e-16);
    near(&model.variances(), &[0.05, 0.13, 0.12], 1e-16);
    near(&model.volatilities(), &[0.05_f64.sqrt(), 0.13_f64.sqrt(), 0.12_f64.sqrt()], 1e-15);
    assert_eq!((model.len(), model.factors()), (3, 2));
    assert_eq!(model.loadings()[[2, 1]], -1.0);
    assert_eq!(model.factor_covariance().view()[[0, 1]], 0.01);
    assert_eq!(model.residual_variances()[1], 0.02);
}

#[test]
fn products_solves_and_determinant_are_those_of_the_dense_matrix() {
    let model = model();
    let x = array![1.0, -2.0, 0.5];
    near(&model.product(x.view()).unwrap(), &[-0.015, -0.2775, 0.24], 1e-15);
    // Σ x solved back.
    near(&model.solve(array![-0.015, -0.2775, 0.24].view()).unwrap(), &[1.0, -2.0, 0.5], 1e-13);
    // x'Σx = −0.015 + 0.555 + 0.12.
    assert!((model.variance_of(x.view()).unwrap() - 0.66).abs() < 1e-15);
    assert!((model.volatility_of(x.view()).unwrap() - 0.66_f64.sqrt()).abs() < 1e-15);
    // By cofactors: 0.05 (0.0156 − 0.009025) − 0.03 (0.0036 − 0.00095) − 0.01 (−0.00285 + 0.0013).
    let determinant = 0.05 * 0.006_575 - 0.03 * 0.002_65 + 0.01 * 0.001_55;
    assert!((model.log_determinant().unwrap() - f64::ln(determinant)).abs() < 1e-13);
    let inverse = model.inverse().unwrap();
    assert!((inverse.quadratic(array![-0.015, -0.2775, 0.24].view()).unwrap() - 0.66).abs() < 1e-13);
}

#[test]
fn risk_splits_by_asset_and_by_factor() {
    let w = array![0.5, 0.3, -0.2];
    let risk = model().risk_of(w.view()).unwrap();
    // Exposures: 0.5 + 0.15, 0.3 + 0.2. Factor variance 0.65² 0.04 + 2·0.65·0.5·0.01 + 0.5² 0.09.
    near(&risk.factor_exposures, &[0.65, 0.5], 1e-15);
    assert!((risk.factor_variance - 0.0459).abs() < 1e-15);
    assert!((risk.residual_variance - (0.0025 + 0.0018 + 0.0012)).abs() < 1e-15);
    let sigma = 0.0514_f64.sqrt();
    assert!((risk.volatility - sigma).abs() < 1e-15);
    near(&risk.factor_contributions, &[0.65 * 0.031 / sigma, 0.5 * 0.0515 / sigma], 1e-15);
    near(&risk.residual_contributions, &[0.0025 / sigma, 0.0018 / sigma, 0.0012 / sigma], 1e-15);
    near(&risk.marginal, &[0.036 / sigma, 0.073 / sigma, -0.0575 / sigma], 1e-15);
    near(&risk.contributions, &[0.018 / sigma, 0.0219 / sigma, 0.0115 / sigma], 1e-15);
    let nothing = model().risk_of(array![0.0, 0.0, 0.0].view());
    assert!(matches!(nothing, Err(Error::Undefined { .. })));
}

#[test]
fn draws_have_the_covariance_of_the_model() {
    let model = model();
    // One path a standard normal direction: the draws are the rows of [G, √D]'.
    let draws = model.correlate(Array2::eye(5).view()).unwrap();
    near(draws.t().dot(&draws).iter(), dense().as_slice().unwrap(), 1e-15);
    assert_eq!(draws.slice_axis(Axis(0), (0..2).into()), model.sampling_root().t());
    let normals = Streams::new(7).standard_normals(40_000, 5);
    let sample = SampleCovariance::default().covariance(model.correlate(normals.view()).unwrap().view()).unwrap();
    // Five standard errors of a variance, √(2/n): 3.5 %.
    for (got, want) in sample.variances().iter().zip([0.05, 0.13, 0.12]) {
        assert!((got / want - 1.0).abs() < 0.036, "{got} against {want}");
    }
    assert!(matches!(model.correlate(Array2::zeros((2, 3)).view()), Err(Error::LengthMismatch { expected: 5, .. })));
}

#[test]
fn a_year_has_its_periods_and_names_stay() {
    let names: Vec<AssetId> = ["A", "B", "C"].iter().map(|n| AssetId::new(*n).unwrap()).collect();
    let model = model().with_assets(names.clone()).unwrap();
    let year = model.annualized(Frequency::Monthly).unwrap();
    near(year.to_dense().unwrap().view().iter(), (dense() * 12.0).as_slice().unwrap(), 1e-14);
    assert_eq!(year.assets(), Some(names.as_slice()));
    assert_eq!(year.to_dense().unwrap().assets(), Some(names.as_slice()));
    let twice = vec![names[0].clone(), names[0].clone(), names[1].clone()];
    assert!(matches!(model.clone().with_assets(twice), Err(Error::Duplicate { .. })));
    assert!(matches!(model.with_assets(names[..2].to_vec()), Err(Error::LengthMismatch { .. })));
}

#[test]
fn stored_models_come_back_checked() {
    let model = model().with_assets(["A", "B", "C"].iter().map(|n| AssetId::new(*n).unwrap()).collect()).unwrap();
    let text = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<FactorCovariance>(&text).unwrap(), model);
    assert!(serde_json::from_str::<FactorCovariance>(&text.replace("0.02", "-0.02")).is_err());
    assert!(serde_json::from_str::<FactorCovariance>(&text.replace("\"B\"", "\"A\"")).is_err());
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let f = || Covariance::new(array![[0.04]]).unwrap();
    let new = |b: Array2<f64>, d: Array1<f64>| FactorCovariance::new(b, f(), d);
    assert!(matches!(new(Array2::zeros((0, 1)), array![]), Err(Error::Empty { name: "loadings" })));
    assert!(matches!(new(array![[f64::NAN]], array![0.1]), Err(Error::EntryOutOfDomain { .. })));
    assert!(matches!(new(array![[1.0, 2.0]], array![0.1]), Err(Error::LengthMismatch { expected: 1, got: 2, .. })));
    assert!(matches!(new(array![[1.0]], array![0.1, 0.1]), Err(Error::LengthMismatch { expected: 1, got: 2, .. })));
    let negative = new(array![[1.0], [1.0]], array![0.1, -1e-300]);
    assert!(matches!(negative, Err(Error::ElementOutOfDomain { name: "residual variances", index: 1, .. })));
    assert!(matches!(new(array![[1e200]], array![0.1]), Err(Error::Overflow { .. })));
    let indefinite = Covariance::new(array![[1.0, 2.0], [2.0, 1.0]]).unwrap();
    let refused = FactorCovariance::new(array![[1.0, 1.0]], indefinite, array![0.1]);
    assert!(matches!(refused, Err(Error::NotPositiveSemidefinite { .. })));
    let model = model();
    assert!(matches!(model.product(array![1.0].view()), Err(Error::LengthMismatch { .. })));
    assert!(matches!(model.variance_of(array![1.0, f64::NAN, 0.0].view()), Err(Error::ElementOutOfDomain { .. })));
    assert!(matches!(model.variance_of(array![1e200, 0.0, 0.0].view()), Err(Error::Overflow { .. })));
    assert!(matches!(model.solve(array![1.0].view()), Err(Error::LengthMismatch { .. })));
    assert!(matches!(model.solve(array![1.0, 1.0, f64::INFINITY].view()), Err(Error::ElementOutOfDomain { .. })));
}

#[test]
fn an_asset_without_residual_variance_multiplies_but_does_not_invert() {
    let singular = Covariance::new(array![[0.04, 0.04], [0.04, 0.04]]).unwrap();
    let loadings = array![[1.0, 0.0], [0.0, 1.0]];
    // A singular F is no obstacle: Σ = 0.04 11' + diag.
    let model = FactorCovariance::new(loadings.clone(), singular.clone(), array![0.01, 0.01]).unwrap();
    near(&model.solve(array![0.09, 0.09].view()).unwrap(), &[1.0, 1.0], 1e-12);
    let model = FactorCovariance::new(loadings, singular, array![0.0, 0.01]).unwrap();
    assert!((model.variance_of(array![1.0, 1.0].view()).unwrap() - 0.17).abs() < 1e-15);
    let refused = model.inverse().unwrap_err();
    assert!(matches!(refused, Error::ElementOutOfDomain { name: "residual variances", index: 0, .. }));
    assert!(model.log_determinant().is_err());
}

#[test]
fn regression_agrees_with_statsmodels() {
    let fitted = FactorRegression::default().estimate(returns().view(), factor().view()).unwrap();
    near(&fitted.intercepts, &[1.975_806_451_612_9e-3, -1.038_306_451_612_902_1e-3, 3.810_483_870_967_74e-3], 1e-16);
    let loadings = [1.058_467_741_935_483_5, 1.363_407_258_064_515_8, -1.083_669_354_838_709];
    near(fitted.covariance.loadings().iter(), &loadings, 1e-13);
    let residuals = [7.298_387_096_774_194e-5, 1.878_276_209_677_419e-4, 1.211_491_935_483_870_8e-4];
    near(fitted.covariance.residual_variances(), &residuals, 1e-17);
    let r_squared: Vec<f64> = fitted.r_squared.iter().map(|r| r.unwrap()).collect();
    near(&r_squared, &[0.635_080_645_161_290_3, 0.528_747_904_382_009_6, 0.523_570_587_169_264_2], 1e-13);
    assert!((fitted.covariance.factor_covariance().view()[[0, 0]] - 9.447_619_047_619_049e-5).abs() < 1e-18);
    assert_eq!((fitted.observations, fitted.residual_degrees_of_freedom), (7, 5));
    assert!(fitted.raised.is_empty());
    let population = FactorRegression::default().with_factor_ddof(0).estimate(returns().view(), factor().view());
    let variance = population.unwrap().covariance.factor_covariance().view()[[0, 0]];
    assert!((variance - 9.447_619_047_619_049e-5 * 6.0 / 7.0).abs() < 1e-18);
}

#[test]
fn equal_divisors_keep_the_sample_variances() {
    let regression = FactorRegression::default().with_residual_ddof(ResidualDdof::Given(1));
    let fitted = regression.estimate(returns().view(), factor().view()).unwrap();
    let sample = SampleCovariance::default().covariance(returns().view()).unwrap();
    near(&fitted.covariance.variances(), sample.variances().as_slice().unwrap(), 1e-18);
    assert_eq!(fitted.residual_degrees_of_freedom, 6);
}

#[test]
fn floors_are_explicit() {
    // The second asset is twice the factor, the third constant.
    let f = factor();
    let mut r = returns();
    r.column_mut(1).assign(&(&f.column(0) * 2.0));
    r.column_mut(2).fill(0.01);
    let run = |floor| FactorRegression::default().with_floor(floor).estimate(r.view(), f.view());
    let refused = run(ResidualFloor::Refuse).unwrap_err();
    assert!(matches!(refused, Error::ElementOutOfDomain { name: "residual variances", index: 1, .. }));
    let kept = run(ResidualFloor::Keep).unwrap();
    assert!(kept.raised.is_empty() && kept.covariance.residual_variances()[1] < 1e-30);
    assert_eq!((kept.covariance.residual_variances()[2], kept.r_squared[2]), (0.0, None));
    let share = run(ResidualFloor::ShareOfVariance(0.1)).unwrap();
    // A tenth of nothing is nothing: the constant asset stays without variance.
    assert_eq!((share.raised, share.covariance.residual_variances()[2]), (vec![1], 0.0));
    // Squares of twice the factor over 5, a tenth of it.
    assert!((share.covariance.residual_variances()[1] - 0.1 * 4.0 * 9.447_619_047_619_049e-5 * 1.2).abs() < 1e-17);
    let absolute = run(ResidualFloor::Absolute(1e-6)).unwrap();
    assert_eq!(absolute.raised, [1, 2]);
    near(absolute.covariance.residual_variances(), &[7.298_387_096_774_194e-5, 1e-6, 1e-6], 1e-17);
    for bad in [-0.1, 1.1, f64::NAN] {
        assert!(matches!(run(ResidualFloor::ShareOfVariance(bad)), Err(Error::OutOfDomain { .. })), "{bad}");
    }
    assert!(run(ResidualFloor::ShareOfVariance(1.0)).is_ok() && run(ResidualFloor::ShareOfVariance(0.0)).is_ok());
    for bad in [-1e-9, f64::INFINITY, f64::NAN] {
        assert!(matches!(run(ResidualFloor::Absolute(bad)), Err(Error::OutOfDomain { .. })), "{bad}");
    }
}

#[test]
fn bad_samples_are_refused_by_the_regression() {
    let (r, f) = (returns(), factor());
    let run = |r: ArrayView2<'_, f64>, f: ArrayView2<'_, f64>| FactorRegression::default().estimate(r, f);
    assert!(matches!(run(Array2::zeros((0, 2)).view(), f.view()), Err(Error::Empty { .. })));
    assert!(matches!(run(r.view(), Array2::zeros((0, 1)).view()), Err(Error::Empty { .. })));
    assert!(matches!(run(r.view(), Array2::zeros((6, 1)).view()), Err(Error::LengthMismatch { .. })));
    let few = |n: usize| run(r.slice_axis(Axis(0), (0..n).into()), f.slice_axis(Axis(0), (0..n).into()));
    assert!(matches!(few(2), Err(Error::InsufficientData { required: 3, available: 2, .. })));
    assert!(few(3).is_ok());
    assert!(matches!(run(r.view(), Array2::ones((7, 1)).view()), Err(Error::Singular { .. })));
    let greedy = FactorRegression::default().with_residual_ddof(ResidualDdof::Given(7)).estimate(r.view(), f.view());
    assert!(matches!(greedy, Err(Error::InsufficientData { required: 8, .. })));
    let mut broken = r.clone();
    broken[[3, 1]] = f64::NAN;
    assert!(matches!(run(broken.view(), f.view()), Err(Error::EntryOutOfDomain { name: "returns", .. })));
}

#[test]
fn principal_components_agree_with_numpy() {
    let fitted = StatisticalFactors::new(1).estimate(returns().view()).unwrap();
    let values = [4.821_254_260_990_371_5e-4, 1.981_936_499_449_758e-4, 3.039_520_967_027_279e-5];
    near(&fitted.eigenvalues, &values[..1], 1e-17);
    // The eigenvectors of `numpy.linalg.eigh`, known to rounding over the gap of the eigenvalues.
    let loadings = [0.415_191_082_794_691_5, 0.699_419_466_101_847_9, -0.581_746_315_162_870_8];
    near(fitted.covariance.loadings().iter(), &loadings, 1e-13);
    let residuals = [8.355_613_307_782_756e-5, 9.629_308_208_282_346e-5, 4.873_964_445_459_725_4e-5];
    near(fitted.covariance.residual_variances(), &residuals, 1e-17);
    assert!((fitted.explained_share - values[0] / values.iter().sum::<f64>()).abs() < 1e-13);
    assert_eq!(fitted.observations, 7);
    let sample = SampleCovariance::default().covariance(returns().view()).unwrap();
    near(&fitted.covariance.variances(), sample.variances().as_slice().unwrap(), 1e-17);
}

#[test]
fn components_of_the_correlation_are_scaled_back() {
    let by_correlation = StatisticalFactors::new(1).with_scaling(FactorScaling::Correlation);
    let fitted = by_correlation.estimate(returns().view()).unwrap();
    near(&fitted.eigenvalues, &[2.081_614_603_067_138], 1e-14);
    assert!((fitted.explained_share - 2.081_614_603_067_138 / 3.0).abs() < 1e-14);
    let sd = SampleCovariance::default().covariance(returns().view()).unwrap().volatilities();
    let vector = [-0.597_922_979_370_113_2, -0.457_974_206_906_723_2, 0.657_835_645_544_786_6];
    let want: Vec<f64> = vector.iter().zip(&sd).map(|(v, s)| v * s).collect();
    near(fitted.covariance.loadings().iter(), &want, 1e-15);
    let residuals = [4.263_300_509_144_868e-5, 1.871_297_421_547_967_6e-4, 2.101_798_405_182_338_7e-5];
    near(fitted.covariance.residual_variances(), &residuals, 1e-17);
}

#[test]
fn more_assets_than_observations_take_the_other_road() {
    // Three rows are read as seven assets; the road over T × T must agree with the road over N × N.
    let wide = returns().reversed_axes();
    let two = StatisticalFactors::new(2).with_floor(ResidualFloor::Keep).estimate(wide.view()).unwrap();
    let sample = SampleCovariance::default().covariance(wide.view()).unwrap();
    // Three observations span two dimensions: two factors are the whole matrix.
    near(
        two.covariance.to_dense().unwrap().view().iter(),
        sample.into_matrix().as_standard_layout().as_slice().unwrap(),
        1e-17,
    );
    for column in two.covariance.loadings().columns() {
        let largest = column.iter().fold(0.0_f64, |a, v| if v.abs() > a.abs() { *v } else { a });
        assert!(largest > 0.0 && (column.dot(&column) - 1.0).abs() < 1e-13);
    }
    assert!((two.explained_share - 1.0).abs() < 1e-13);
    assert!(matches!(StatisticalFactors::new(2).estimate(wide.view()), Err(Error::ElementOutOfDomain { .. })));
    assert!(matches!(
        StatisticalFactors::new(3).estimate(wide.view()),
        Err(Error::InsufficientData { required: 4, .. })
    ));
}

#[test]
fn bad_samples_are_refused_by_the_components() {
    let r = returns();
    assert!(matches!(StatisticalFactors::new(0).estimate(r.view()), Err(Error::OutOfDomain { .. })));
    assert!(matches!(StatisticalFactors::new(4).estimate(r.view()), Err(Error::OutOfDomain { value: 4.0, .. })));
    assert!(StatisticalFactors::new(3).with_floor(ResidualFloor::Keep).estimate(r.view()).is_ok());
    let flat = Array2::from_elem((5, 2), 0.01);
    assert!(matches!(StatisticalFactors::new(1).estimate(flat.view()), Err(Error::Undefined { .. })));
    let mut half = r.clone();
    half.column_mut(0).fill(0.5);
    let by_correlation = StatisticalFactors::new(1).with_scaling(FactorScaling::Correlation);
    assert!(matches!(by_correlation.estimate(half.view()), Err(Error::Undefined { .. })));
    let one = r.slice_axis(Axis(0), (0..1).into());
    assert!(matches!(StatisticalFactors::new(1).estimate(one), Err(Error::InsufficientData { .. })));
    assert!(matches!(
        StatisticalFactors::new(1).with_ddof(7).estimate(r.view()),
        Err(Error::InsufficientData { required: 8, .. })
    ));
}

#[test]
fn settings_and_results_survive_storage() {
    let fitted = StatisticalFactors::new(1).estimate(returns().view()).unwrap();
    let text = serde_json::to_string(&fitted).unwrap();
    assert_eq!(serde_json::from_str::<StatisticalFactorEstimate>(&text).unwrap(), fitted);
    let regression = FactorRegression::default().with_floor(ResidualFloor::ShareOfVariance(0.05));
    let text = serde_json::to_string(&regression).unwrap();
    assert_eq!(serde_json::from_str::<FactorRegression>(&text).unwrap(), regression);
}

fn models() -> impl Strategy<Value = (FactorCovariance, Array1<f64>)> {
    (1..8_usize, 1..4_usize).prop_flat_map(|(n, k)| {
        let numbers = |count| prop::collection::vec(-2.0..2.0_f64, count);
        (numbers(n * k), numbers(k * k), prop::collection::vec(0.01..1.0_f64, n), numbers(n)).prop_map(
            move |(loadings, root, residuals, x)| {
                let loadings = Array2::from_shape_vec((n, k), loadings).unwrap();
                let root = Array2::from_shape_vec((k, k), root).unwrap();
                let factors = Covariance::new(crate::linalg::gram(root.view()).unwrap()).unwrap();
                (FactorCovariance::new(loadings, factors, residuals).unwrap(), Array1::from(x))
            },
        )
    })
}

proptest! {
    #[test]
    fn woodbury_is_the_dense_solve((model, x) in models()) {
        let dense = model.to_dense().unwrap();
        let factor = crate::linalg::cholesky(dense.view()).unwrap();
        let want = factor.solve(x.view()).unwrap();
        let got = model.solve(x.view()).unwrap();
        let size = want.iter().fold(1.0_f64, |a, v| a.max(v.abs()));
        // Condition numbers stay below 1e5 here.
        prop_assert!((&got - &want).iter().all(|d| d.abs() < 1e-9 * size), "{got} against {want}");
        prop_assert!((model.log_determinant().unwrap() - factor.log_determinant()).abs() < 1e-9);
        let variance = x.dot(&dense.view().dot(&x));
        prop_assert!((model.variance_of(x.view()).unwrap() - variance).abs() <= 1e-12 * variance.abs().max(1.0));
    }

    #[test]
    fn both_splits_add_up((model, x) in models()) {
        prop_assume!(model.variance_of(x.view()).unwrap() > 1e-6);
        let risk = model.risk_of(x.view()).unwrap();
        let by_asset: f64 = risk.contributions.iter().sum();
        let by_factor: f64 = risk.factor_contributions.iter().chain(&risk.residual_contributions).sum();
        prop_assert!((by_asset - risk.volatility).abs() <= 1e-11 * risk.volatility.max(1.0));
        prop_assert!((by_factor - risk.volatility).abs() <= 1e-11 * risk.volatility.max(1.0));
    }
}

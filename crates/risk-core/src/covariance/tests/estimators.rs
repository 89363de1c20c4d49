//! Golden values: NumPy 2.4.6, pandas 3.1.1 and SciPy 1.17.1 on the returns in `mod.rs`.
//! Covariances are near 1e-4, so 1e-18 leaves them 14 digits.

use ndarray::{Axis, array};

use super::*;
use crate::covariance::ewma::{self, InitialVariance};
use crate::covariance::*;
use crate::{Decay, Error, Frequency, HalfLife};

#[test]
fn sample_covariance_agrees_with_numpy() {
    let want = array![
        [1.6666666666666666e-4, 6.25e-5, -1.5e-4],
        [6.25e-5, 3.3214285714285713e-4, -1.3571428571428572e-4],
        [-1.5e-4, -1.3571428571428572e-4, 2.119047619047619e-4]
    ];
    let estimate = SampleCovariance::default().estimate(returns().view()).unwrap();
    all_close(estimate.covariance.view(), &want, 1e-18);
    assert_eq!((estimate.observations, estimate.effective_observations), (7, 7.0));
    assert!(estimate.flags.is_empty());
    let population = SampleCovariance::new(0).covariance(returns().view()).unwrap();
    all_close(population.view(), &(want * (6.0 / 7.0)), 1e-18);
}

#[test]
fn a_large_mean_costs_no_digits() {
    // NIST StRD NumAcc4: 1e7 + 0.2 and then 1e7 + 0.1 and 1e7 + 0.3 in turn; deviation exactly 0.1.
    let column: Vec<f64> =
        (0..1001).map(|i| if i == 0 { 10_000_000.2 } else { [10_000_000.3, 10_000_000.1][i % 2] }).collect();
    let column = Array2::from_shape_vec((1001, 1), column).unwrap();
    let variance = SampleCovariance::default().covariance(column.view()).unwrap().view()[[0, 0]];
    // The data themselves are rounded to 2e-9, which is 2e-8 of the deviation.
    assert!((variance.sqrt() / 0.1 - 1.0).abs() < 2e-8);
}

#[test]
fn correlations_agree_with_scipy() {
    for (method, want) in [
        (CorrelationMethod::Pearson, [0.2656398240645259, -0.7981720689709664, -0.5115554884468135]),
        (CorrelationMethod::Spearman, [0.4487745552040595, -0.830336491706037, -0.5504818825631803]),
        (CorrelationMethod::KendallTauB, [0.26352313834736496, -0.7570332986102252, -0.2564945880212885]),
    ] {
        let got = SampleCorrelation::new(method).estimate(returns().view()).unwrap();
        let [a, b, c] = want;
        all_close(got.correlation.view(), &array![[1.0, a, b], [a, 1.0, c], [b, c, 1.0]], 1e-15);
        assert_eq!((got.observations, got.method), (7, method));
        assert!(got.flags.is_empty());
    }
}

#[test]
fn perfect_correlation_is_exactly_one() {
    let r = returns();
    let twice = ndarray::stack![Axis(1), r.column(0), r.column(0).mapv(|v| 3.0 * v), r.column(0).mapv(|v| -v)];
    for method in [CorrelationMethod::Pearson, CorrelationMethod::Spearman, CorrelationMethod::KendallTauB] {
        let got = SampleCorrelation::new(method).estimate(twice.view()).unwrap().correlation;
        assert!((got[[0, 1]] - 1.0).abs() < 1e-15 && (got[[0, 2]] + 1.0).abs() < 1e-15);
        assert!(got.iter().all(|rho| rho.abs() <= 1.0));
    }
    let tiny = SampleCorrelation::default().estimate((returns() * 1e-200).view()).unwrap().correlation;
    assert!((tiny[[0, 1]] - 0.2656398240645259).abs() < 1e-15);
}

#[test]
fn ewma_agrees_with_pandas() {
    // DataFrame.ewm(alpha=0.3, adjust=…).cov(bias=…), last date.
    let about_weighted = EwmaCovariance::new(Decay::new(0.7).unwrap()).with_centre(EwmaCentre::WeightedMean);
    let biased = array![
        [9.953743364867687e-05, 6.533946370807666e-05, -9.965426604996272e-05],
        [6.533946370807666e-05, 0.00021524049885685996, -0.00012079227718236353],
        [-9.965426604996272e-05, -0.00012079227718236353, 0.00017444856814744446]
    ];
    let unbiased = array![
        [0.0001257016494735284, 8.251446780123169e-05, -0.00012584919221212684],
        [8.251446780123169e-05, 0.0002718181969138206, -0.0001525434997558688],
        [-0.00012584919221212684, -0.0001525434997558688, 0.0002203037787956922]
    ];
    let recursive = array![
        [0.00011514685304104489, 8.326430153025844e-05, -0.0001173163913044295],
        [8.326430153025844e-05, 0.0002764617055333782, -0.00015310306708223918],
        [-0.0001173163913044295, -0.00015310306708223918, 0.00020541649042053205]
    ];
    let r = returns();
    all_close(about_weighted.estimate(r.view()).unwrap().covariance.view(), &biased, 1e-18);
    all_close(about_weighted.bias_corrected().estimate(r.view()).unwrap().covariance.view(), &unbiased, 1e-18);
    let first = about_weighted.bias_corrected().with_weights(EwmaWeights::FirstObservation);
    all_close(first.estimate(r.view()).unwrap().covariance.view(), &recursive, 1e-18);
}

#[test]
fn ewma_about_the_sample_mean() {
    // NumPy: weights 0.7^age scaled to sum 1, deviations from the plain mean.
    let want = array![
        [9.966974999174518e-05, 6.598033891044691e-05, -9.919292263732225e-05],
        [6.598033891044691e-05, 0.00021834458271746882, -0.00011855775689498302],
        [-9.919292263732225e-05, -0.00011855775689498303, 0.0001760571203447861]
    ];
    let estimator = EwmaCovariance::new(Decay::new(0.7).unwrap()).with_centre(EwmaCentre::SampleMean);
    let estimate = estimator.estimate(returns().view()).unwrap();
    all_close(estimate.covariance.view(), &want, 1e-18);
    // 1/Σw² of 0.7^j/Σ, by hand: (1−λ)²(1−λ¹⁴)/((1−λ²)(1−λ⁷)²) is Σw².
    let l = 0.7_f64;
    let squares = (1.0 - l).powi(2) * (1.0 - l.powi(14)) / ((1.0 - l * l) * (1.0 - l.powi(7)).powi(2));
    assert!((estimate.effective_observations * squares - 1.0).abs() < 1e-13);
}

#[test]
fn ewma_recursion_and_weights_are_two_roads() {
    let r = returns();
    let decay = Decay::RISKMETRICS_DAILY;
    let by_weights = EwmaCovariance::new(decay).with_weights(EwmaWeights::FirstObservation);
    let covariance = by_weights.estimate(r.view()).unwrap().covariance;
    for (asset, column) in r.columns().into_iter().enumerate() {
        let series = ewma::variance(column, decay, InitialVariance::FirstSquare).unwrap();
        assert!((series.last() - covariance.view()[[asset, asset]]).abs() < 1e-18);
        assert_eq!(series.after(7).unwrap(), series.last());
        assert_eq!(series.after(1).unwrap(), column[0] * column[0]);
    }
}

#[test]
fn ewma_variance_series_by_hand() {
    let half = HalfLife::periods(1.0).unwrap();
    let series = ewma::variance(array![2.0, 4.0, 0.0].view(), half, InitialVariance::Given(8.0)).unwrap();
    assert_eq!(series.view().to_vec(), [6.0, 11.0, 5.5]);
    assert_eq!(series.over(10).unwrap(), 55.0);
    assert_eq!(series.annualized_volatility(Frequency::custom(5.5).unwrap()), 5.5);
    let text = serde_json::to_string(&series).unwrap();
    assert_eq!(text, "[6.0,11.0,5.5]");
    assert_eq!(serde_json::from_str::<ewma::EwmaVariance>(&text).unwrap(), series);
    assert!(serde_json::from_str::<ewma::EwmaVariance>("[1.0,-1.0]").is_err());
    assert!(serde_json::from_str::<ewma::EwmaVariance>("[]").is_err());
}

#[test]
fn two_decays_give_volatilities_and_correlations_of_their_own() {
    let (slow, fast) = (Decay::new(0.97).unwrap(), Decay::new(0.8).unwrap());
    let r = returns();
    let both = EwmaCovariance::new(slow).with_volatility_decay(fast).estimate(r.view()).unwrap().covariance;
    let slow = EwmaCovariance::new(slow).estimate(r.view()).unwrap().covariance;
    let fast = EwmaCovariance::new(fast).estimate(r.view()).unwrap().covariance;
    all_close(both.correlation().unwrap().view(), &slow.correlation().unwrap(), 1e-14);
    assert!((both.volatilities() - fast.volatilities()).iter().all(|d| d.abs() < 1e-16));
}

#[test]
fn semicovariance_by_hand() {
    let r = array![[0.02, -0.01], [-0.02, -0.03], [0.01, 0.01], [-0.05, 0.05]];
    // Means −0.01 and 0.005; shortfalls (0, −0.015), (−0.01, −0.035), (0, 0), (−0.04, 0).
    let about_mean = SemiCovariance::new(SemiTarget::Mean).with_ddof(1).estimate(r.view()).unwrap();
    let want = array![[17e-4, 3.5e-4], [3.5e-4, 14.5e-4]] / 3.0;
    all_close(about_mean.covariance.view(), &want, 1e-18);
    // At −0.02 the loss of −0.02 itself is none.
    let below = SemiCovariance::new(SemiTarget::Value(-0.02)).estimate(r.view()).unwrap();
    all_close(below.covariance.view(), &array![[2.25e-4, 0.0], [0.0, 0.25e-4]], 1e-18);
    let still = SemiCovariance::new(SemiTarget::Value(-0.04)).estimate(r.view()).unwrap();
    assert_eq!(still.flags[0], CovarianceFlag::RankDeficient { rank_at_most: 1 });
    assert!(still.flags.contains(&CovarianceFlag::ZeroVariance { asset: 1 }));
}

#[cfg(any(feature = "linalg", feature = "lapack"))]
#[test]
fn pairwise_agrees_with_pandas() {
    let mut r = returns();
    for place in [[1, 1], [4, 0], [4, 2], [6, 2]] {
        r[place] = f64::NAN;
    }
    let want = array![
        [1.766666666666667e-4, 9.625e-05, -1.7e-4],
        [9.625e-05, 3.975e-4, -2.1041666666666667e-4],
        [-1.7e-4, -2.1041666666666667e-4, 2.45e-4]
    ];
    let got = PairwiseCovariance::new(4, PsdPolicy::Error).estimate(r.view()).unwrap();
    all_close(got.estimate.covariance.view(), &want, 1e-18);
    assert_eq!(got.overlaps, [[6, 5, 5], [5, 6, 4], [5, 4, 5]]);
    assert_eq!((got.estimate.observations, got.estimate.effective_observations), (7, 4.0));
    assert_eq!((got.action, got.distance), (RepairAction::None, 0.0));
    // A mask says the same, whatever stands under it.
    let mask = r.mapv(|v| !v.is_nan());
    let masked = PairwiseCovariance::new(4, PsdPolicy::Error).estimate_where(returns().view(), mask.view()).unwrap();
    assert_eq!(masked, got);
    let short = PairwiseCovariance::new(5, PsdPolicy::Error).estimate(r.view());
    assert!(matches!(short, Err(Error::InsufficientData { required: 5, available: 4, .. })));
    let narrow = PairwiseCovariance::new(2, PsdPolicy::Error).with_ddof(4).estimate(r.view());
    assert!(matches!(narrow, Err(Error::InsufficientData { required: 5, available: 4, .. })));
    assert!(matches!(
        PairwiseCovariance::new(2, PsdPolicy::Error).estimate_where(r.view(), mask.mapv(|_| true).view()),
        Err(Error::EntryOutOfDomain { .. })
    ));
    r[[0, 0]] = f64::INFINITY;
    assert!(matches!(
        PairwiseCovariance::new(2, PsdPolicy::Error).estimate(r.view()),
        Err(Error::EntryOutOfDomain { .. })
    ));
}

#[cfg(any(feature = "linalg", feature = "lapack"))]
#[test]
fn pairs_that_do_not_fit_together_are_repaired_and_measured() {
    let n = f64::NAN;
    // One and two move together, two and three too, one and three oppose each other.
    let r = array![
        [0.01, 0.01, n],
        [-0.01, -0.01, n],
        [0.02, 0.02, n],
        [n, 0.01, 0.01],
        [n, -0.01, -0.01],
        [n, 0.02, 0.02],
        [0.01, n, -0.01],
        [-0.01, n, 0.01],
        [0.02, n, -0.02]
    ];
    let refused = PairwiseCovariance::new(3, PsdPolicy::Error).estimate(r.view());
    assert!(matches!(refused, Err(Error::NotPositiveSemidefinite { .. })));
    for policy in [PsdPolicy::ClipEigen, PsdPolicy::Higham] {
        let got = PairwiseCovariance::new(3, policy).estimate(r.view()).unwrap();
        assert!(got.smallest_eigenvalue_before < -1e-5 && got.distance > 1e-5);
        assert_ne!(got.action, RepairAction::None);
        assert!(!matches!(got.estimate.covariance.definiteness().unwrap(), Definiteness::Indefinite { .. }));
    }
}

#[cfg(any(feature = "linalg", feature = "lapack"))]
#[test]
fn singular_estimates_say_so() {
    let r = returns();
    let few = r.slice_axis(Axis(0), ndarray::Slice::from(0..3));
    let estimate = SampleCovariance::default().estimate(few).unwrap();
    assert_eq!(estimate.flags, [CovarianceFlag::RankDeficient { rank_at_most: 2 }, CovarianceFlag::Singular]);
    assert_eq!(estimate.condition_number, None);
    let enough = SampleCovariance::default().estimate(r.view()).unwrap();
    let condition = enough.covariance.condition_number().unwrap();
    assert_eq!(enough.condition_number, Some(condition));
    assert!(condition > 1.0);
    // About zero every observation counts for the rank, about a mean one is lost.
    let zero = EwmaCovariance::new(Decay::RISKMETRICS_DAILY);
    assert!(zero.estimate(few).unwrap().flags.is_empty());
    let mean = zero.with_centre(EwmaCentre::WeightedMean).estimate(few).unwrap();
    assert_eq!(mean.flags[0], CovarianceFlag::RankDeficient { rank_at_most: 2 });
    // Rows that repeat: enough of them, but of rank 1.
    let twins = ndarray::stack![Axis(1), r.column(0), r.column(0)];
    let estimate = SampleCovariance::default().estimate(twins.view()).unwrap();
    assert_eq!(estimate.flags, [CovarianceFlag::Singular]);
}

#[test]
fn hostile_returns() {
    let r = returns();
    let mut gap = r.clone();
    gap[[2, 1]] = f64::NAN;
    let empty = Array2::<f64>::zeros((0, 3));
    let one = r.slice_axis(Axis(0), ndarray::Slice::from(0..1));
    let ewma = EwmaCovariance::new(Decay::RISKMETRICS_DAILY);
    let estimators: [Box<dyn CovarianceEstimator>; 5] = [
        Box::new(SampleCovariance::default()),
        Box::new(SemiCovariance::new(SemiTarget::Mean)),
        Box::new(ewma.with_centre(EwmaCentre::SampleMean)),
        Box::new(ewma.bias_corrected()),
        Box::new(SampleCovariance::new(0)),
    ];
    for estimator in &estimators {
        let name = estimator.name();
        assert!(estimator.estimate(r.view()).is_ok(), "{name}");
        assert!(
            matches!(estimator.estimate(gap.view()), Err(Error::EntryOutOfDomain { ref row, ref column, .. }) if row == "2" && column == "1"),
            "{name}"
        );
        assert_eq!(estimator.estimate(empty.view()), Err(Error::Empty { name: "returns" }), "{name}");
        let short = estimator.estimate(one);
        assert!(matches!(short, Err(Error::InsufficientData { required: 2, available: 1, .. })), "{name}");
    }
    assert!(ewma.estimate(one).is_ok());
    assert!(SemiCovariance::default().estimate(one).is_ok());
    let eight = SampleCovariance::new(7).covariance(r.view());
    assert!(matches!(eight, Err(Error::InsufficientData { required: 8, available: 7, .. })));
    assert!(SampleCovariance::new(usize::MAX).covariance(r.view()).is_err());
    let target = SemiCovariance::new(SemiTarget::Value(f64::NAN)).estimate(r.view());
    assert!(matches!(target, Err(Error::OutOfDomain { name: "target", .. })));
    let lone = EwmaCovariance::new(Decay::new(1e-20).unwrap()).bias_corrected().estimate(r.view());
    assert!(matches!(lone, Err(Error::Undefined { .. })));
    let huge = SampleCovariance::default().covariance(array![[1e200], [-1e200]].view());
    assert!(matches!(huge, Err(Error::EntryOutOfDomain { .. })));
    assert!(EwmaWeights::Normalised.of(0, Decay::RISKMETRICS_DAILY).is_err());
}

#[test]
fn hostile_correlations_and_variances() {
    let flat = array![[0.1, 0.2], [0.1, 0.3], [0.1, 0.4]];
    for method in [CorrelationMethod::Pearson, CorrelationMethod::Spearman, CorrelationMethod::KendallTauB] {
        let constant = SampleCorrelation::new(method).estimate(flat.view());
        assert!(matches!(constant, Err(Error::Undefined { name: "correlation", .. })));
        let short = SampleCorrelation::new(method).estimate(array![[0.1, 0.2]].view());
        assert!(matches!(short, Err(Error::InsufficientData { .. })));
    }
    let decay = Decay::RISKMETRICS_DAILY;
    let first = InitialVariance::FirstSquare;
    assert!(matches!(ewma::variance(array![].view(), decay, first), Err(Error::Empty { .. })));
    for bad in [f64::NAN, f64::INFINITY, 1e200] {
        let got = ewma::variance(array![0.1, bad].view(), decay, first);
        assert!(matches!(got, Err(Error::ElementOutOfDomain { index: 1, .. })), "{bad}");
    }
    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        let got = ewma::variance(array![0.1].view(), decay, InitialVariance::Given(bad));
        assert!(matches!(got, Err(Error::OutOfDomain { name: "initial variance", .. })), "{bad}");
    }
    let series = ewma::variance(array![0.1].view(), decay, first).unwrap();
    assert!(matches!(series.after(0), Err(Error::OutOfDomain { .. })));
    assert!(matches!(series.after(2), Err(Error::InsufficientData { required: 2, available: 1, .. })));
    assert!(matches!(series.over(0), Err(Error::OutOfDomain { .. })));
}

#[test]
fn estimates_and_their_configurations_survive_json() {
    let estimate = SampleCovariance::default().estimate(returns().view()).unwrap();
    let names = ["A", "B", "C"].map(|name| crate::AssetId::new(name).unwrap()).to_vec();
    let estimate = estimate.with_assets(names).unwrap();
    let text = serde_json::to_string(&estimate).unwrap();
    // JSON text keeps all but the last bit.
    let back = serde_json::from_str::<CovarianceEstimate>(&text).unwrap();
    all_close(back.covariance.view(), &estimate.covariance.view().to_owned(), 1e-19);
    assert_eq!((back.covariance.assets(), &back.flags), (estimate.covariance.assets(), &estimate.flags));
    let correlation = SampleCorrelation::default().estimate(returns().view()).unwrap();
    let text = serde_json::to_string(&correlation).unwrap();
    let back = serde_json::from_str::<CorrelationEstimate>(&text).unwrap();
    all_close(back.correlation.view(), &correlation.correlation, 1e-15);
    assert_eq!((back.method, back.observations), (correlation.method, correlation.observations));
    let ewma = EwmaCovariance::new(Decay::RISKMETRICS_DAILY).bias_corrected();
    let text = serde_json::to_string(&ewma).unwrap();
    assert_eq!(serde_json::from_str::<EwmaCovariance>(&text).unwrap(), ewma);
    assert!(serde_json::from_str::<EwmaCovariance>(&text.replace("0.94", "1.94")).is_err());
}

fn reversed(sample: &Array2<f64>, axis: Axis) -> Array2<f64> {
    let mut view = sample.view();
    view.invert_axis(axis);
    view.to_owned()
}

proptest! {
    #[test]
    fn the_order_of_rows_does_not_matter_and_that_of_assets_permutes(sample in samples()) {
        let estimator = SampleCovariance::default();
        let covariance = estimator.covariance(sample.view()).unwrap();
        let rows = estimator.covariance(reversed(&sample, Axis(0)).view()).unwrap();
        all_close(rows.view(), &covariance.view().to_owned(), 1e-17);
        let assets = estimator.covariance(reversed(&sample, Axis(1)).view()).unwrap();
        all_close(assets.view(), &reversed(&reversed(&covariance.view().to_owned(), Axis(0)), Axis(1)), 1e-17);
    }

    #[test]
    fn moving_returns_leaves_and_scaling_them_squares(sample in samples(), shift in -0.5..0.5_f64) {
        let estimator = SampleCovariance::default();
        let covariance = estimator.covariance(sample.view()).unwrap();
        let moved = estimator.covariance((&sample + shift).view()).unwrap();
        all_close(moved.view(), &covariance.view().to_owned(), 1e-15);
        let scaled = estimator.covariance((&sample * 2.0).view()).unwrap();
        all_close(scaled.view(), &(&covariance.view() * 4.0), 1e-17);
    }

    #[test]
    fn ewma_and_semicovariance_have_no_negative_variance(
        sample in samples(), decay in 0.05..0.999_f64, w in prop::collection::vec(-1.0..1.0_f64, 6)
    ) {
        let weights = ndarray::Array1::from(w[..sample.ncols()].to_vec());
        let ewma = EwmaCovariance::new(Decay::new(decay).unwrap());
        for estimator in [ewma, ewma.with_centre(EwmaCentre::WeightedMean), ewma.with_weights(EwmaWeights::FirstObservation)] {
            let covariance = estimator.estimate(sample.view()).unwrap().covariance;
            prop_assert!(covariance.variance_of(weights.view()).unwrap() >= 0.0);
            #[cfg(any(feature = "linalg", feature = "lapack"))]
            prop_assert!(covariance.eigenvalues().unwrap()[0] >= -1e-16);
        }
        let semi = SemiCovariance::new(SemiTarget::Mean).estimate(sample.view()).unwrap().covariance;
        prop_assert!(semi.variance_of(weights.view()).unwrap() >= 0.0);
    }

    #[test]
    fn ewma_weights_sum_to_one(n in 1..400_usize, decay in 0.01..0.999_f64) {
        for kind in [EwmaWeights::Normalised, EwmaWeights::FirstObservation] {
            let weights = kind.of(n, Decay::new(decay).unwrap()).unwrap();
            prop_assert!((weights.sum() - 1.0).abs() < 1e-13);
        }
    }

    #[test]
    fn rank_correlations_see_order_only(sample in samples()) {
        let bent = sample.mapv(|r| (40.0 * r).exp());
        for method in [CorrelationMethod::Spearman, CorrelationMethod::KendallTauB] {
            let plain = SampleCorrelation::new(method).estimate(sample.view()).unwrap();
            let other = SampleCorrelation::new(method).estimate(bent.view()).unwrap();
            prop_assert_eq!(plain, other);
        }
    }
}

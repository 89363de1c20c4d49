//! Estimators that look at eigenvalues, signs or partial correlations. Golden values: mpmath 1.3 with 50 digits,
//! skfolio 1.12.2, Riskfolio-Lib 7.4.0, scikit-learn 1.9.1 and NumPy 2.4.6 on returns made by `waves` and `noise`,
//! whose sines may differ in the last bit between libraries.

use ndarray::{Array1, Axis, array};

use super::*;
use crate::Error;
use crate::covariance::*;
use crate::streams::Streams;

/// Hardly correlated returns with volatilities that rise.
fn noise(observations: usize, assets: usize) -> Array2<f64> {
    Array2::from_shape_fn((observations, assets), |(t, i)| {
        let (t, i) = ((t + 1) as f64, (i + 1) as f64);
        0.01 * (t * t * 0.37 + i * i * i * 0.11 + 1.3 * t * i).sin() * (1.0 + 0.1 * i)
    })
}

#[track_caller]
fn relatively_close(got: &[f64], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (got, want) in got.iter().zip(want) {
        assert!((got / want - 1.0).abs() <= tolerance, "got {got}, want {want}");
    }
}

#[test]
fn nonlinear_shrinkage_with_few_assets() {
    let got = NonlinearShrinkage::default().fit(waves(30, 4).view()).unwrap();
    let sample = [3.2070648950783586e-6, 1.759611397807545e-5, 9.80591313620037e-5, 0.00022481481582406232];
    let shrunk = [4.359237771431938e-6, 2.1797968203958665e-5, 0.00011773514298281654, 0.00022197254922910254];
    relatively_close(&got.sample_eigenvalues, &sample, 1e-11);
    relatively_close(&got.shrunk_eigenvalues, &shrunk, 1e-11);
    relatively_close(got.estimate.covariance.eigenvalues().unwrap().as_slice().unwrap(), &shrunk, 1e-11);
    assert!(got.estimate.flags.is_empty());
    assert_eq!((got.estimate.observations, got.estimate.effective_observations), (30, 30.0));
}

#[test]
fn nonlinear_shrinkage_with_more_assets_than_observations() {
    let got = NonlinearShrinkage::default().fit(noise(15, 18).view()).unwrap();
    assert_eq!(got.sample_eigenvalues[..4], [0.0; 4]);
    let mut want = vec![9.629861031119703e-5; 4];
    want.extend([
        9.861089679312996e-5,
        0.0002574191810081351,
        0.0002742917566502484,
        0.0001715091691910917,
        0.00021072159638769935,
        0.0002258414374885574,
        0.00021617233870405554,
        0.00019812088780663524,
        0.00018827464140873656,
        0.0001772202307733507,
        0.00018692764902970198,
        0.00026938926927353525,
        0.0002648856644405434,
        0.00030357565168961166,
    ]);
    relatively_close(&got.shrunk_eigenvalues, &want, 1e-10);
    // Positive definite although the sample is not.
    assert!(got.estimate.flags.is_empty() && got.estimate.condition_number.unwrap() < 4.0);
}

#[test]
fn nonlinear_shrinkage_with_as_many_assets_as_degrees_of_freedom() {
    let got = NonlinearShrinkage::default().fit(noise(15, 14).view()).unwrap();
    let want = [
        1.2447038623098095e-5,
        3.566240343805106e-5,
        0.00010552697689040373,
        0.00016145990658247058,
        0.0001236990986247568,
        0.00017446583417285954,
        0.00017857478955538795,
        0.00012844242274778246,
        0.00019917426786328975,
        0.000224197292585818,
        0.00019909553677196476,
        0.00016903561468142078,
        0.00018217370024737578,
        0.00020155619319079095,
    ];
    // The smallest of them are 1e-3 of the largest, and their errors are of the largest.
    relatively_close(&got.shrunk_eigenvalues, &want, 1e-9);
}

#[test]
fn nonlinear_shrinkage_keeps_eigenvectors_and_order_on_request() {
    let returns = noise(15, 14);
    let plain = NonlinearShrinkage::default().fit(returns.view()).unwrap();
    let ordered = NonlinearShrinkage::default().with_order(EigenvalueOrder::Isotonic).fit(returns.view()).unwrap();
    assert!(plain.shrunk_eigenvalues.windows(2).any(|pair| pair[0] > pair[1]));
    assert!(ordered.shrunk_eigenvalues.windows(2).all(|pair| pair[0] <= pair[1]));
    let sum = |values: &[f64]| values.iter().sum::<f64>();
    assert!((sum(&plain.shrunk_eigenvalues) / sum(&ordered.shrunk_eigenvalues) - 1.0).abs() < 1e-13);
    // Σ S = S Σ exactly when both have the same eigenvectors.
    let sample = SampleCovariance::default().covariance(returns.view()).unwrap();
    for shrunk in [plain, ordered] {
        let covariance = shrunk.estimate.covariance;
        let commutator = covariance.view().dot(&sample.view()) - sample.view().dot(&covariance.view());
        let size = sample.summary().unwrap().frobenius_norm * covariance.summary().unwrap().frobenius_norm;
        assert!(commutator.iter().all(|v| v.abs() < 1e-14 * size));
    }
}

#[test]
fn nonlinear_shrinkage_of_white_noise_goes_to_the_truth() {
    // True eigenvalues are 1. The loss ‖Σ − I‖²/k of the sample is c; that of the estimator vanishes in the limit.
    // Where c is near 1 the smallest eigenvalues are near 0, and it vanishes slowly.
    for (observations, assets, share) in [(400, 100, 0.02), (100, 200, 0.02), (201, 200, 0.2)] {
        let returns = Streams::new(11).standard_normals(observations, assets);
        let got = NonlinearShrinkage::default().fit(returns.view()).unwrap();
        let loss = |values: &[f64]| values.iter().map(|v| (v - 1.0).powi(2)).sum::<f64>() / assets as f64;
        let concentration = assets as f64 / observations as f64;
        assert!(loss(&got.sample_eigenvalues) > 0.7 * concentration);
        let left = loss(&got.shrunk_eigenvalues) / loss(&got.sample_eigenvalues);
        assert!(left < share, "{observations} {assets} {left}");
        let mean = got.shrunk_eigenvalues.iter().sum::<f64>() / assets as f64;
        assert!((mean - 1.0).abs() < 0.1, "{mean}");
    }
}

#[test]
fn gerber_agrees_with_skfolio() {
    let active = [8.635242171843647e-5, -5.209456418801448e-6, 9.64826920851339e-6, -6.3096694518701165e-6];
    let unit = [8.635242171843647e-5, -8.11613345020628e-6, 1.5443535504451415e-5, -9.830223190512806e-6];
    let returns = waves(30, 4);
    for (denominator, want) in [(GerberDenominator::ActivePairs, active), (GerberDenominator::UnitDiagonal, unit)] {
        let gerber = GerberCovariance::new(0.6).with_denominator(denominator);
        let got = gerber.estimate(returns.view()).unwrap();
        row_close(got.covariance.view().row(0), &want, 1e-17);
        assert!(got.repair_distance.is_none() && got.flags.is_empty());
        // The other divisor moves the threshold too, but never a variance by more than that.
        let sample = gerber.with_ddof(1).estimate(returns.view()).unwrap().covariance.variances();
        assert!((sample / got.covariance.variances() - 30.0 / 29.0).iter().all(|d| d.abs() < 1e-14));
    }
}

/// Signs of moves of size 1, whose population deviations are near 1.
fn signs(rows: &[[f64; 3]]) -> Array2<f64> {
    Array2::from_shape_fn((rows.len(), 3), |(t, i)| rows[t][i])
}

#[test]
fn gerber_denominators_by_hand() {
    // One and two: three dates together, one against, one where only two moves, one where both are quiet.
    let returns = signs(&[
        [1.0, 1.0, 1.0],
        [-1.0, -1.0, 1.0],
        [1.0, 1.0, -1.0],
        [-1.0, 1.0, -1.0],
        [0.0, -1.0, 1.0],
        [0.0, 0.0, -1.0],
    ]);
    let g = |denominator| {
        let gerber = GerberCovariance::new(0.5).with_denominator(denominator);
        gerber.estimate(returns.view()).unwrap().covariance.correlation().unwrap()[[0, 1]]
    };
    assert!((g(GerberDenominator::ActivePairs) - 2.0 / 5.0).abs() < 1e-15);
    assert!((g(GerberDenominator::UnitDiagonal) - 2.0 / 20.0_f64.sqrt()).abs() < 1e-15);
    assert!((g(GerberDenominator::BothMove) - 2.0 / 4.0).abs() < 1e-15);
}

#[test]
fn gerber_counts_a_move_of_exactly_the_threshold() {
    // Deviations are exactly 1, so at threshold 1 every return counts and above none does.
    let returns = signs(&[[1.0, 1.0, 1.0], [-1.0, -1.0, 1.0], [1.0, -1.0, -1.0], [-1.0, 1.0, -1.0]]);
    let at = GerberCovariance::new(1.0).estimate(returns.view()).unwrap();
    all_close(at.covariance.view(), &Array2::eye(3), 1e-15);
    let above = GerberCovariance::new(1.0 + 1e-12).estimate(returns.view());
    assert!(matches!(above, Err(Error::Undefined { name: "Gerber statistic", .. })));
}

#[test]
fn gerber_says_how_far_a_repair_went() {
    // One with two agree, two with three agree, one and three oppose, each pair on dates of its own.
    let returns = signs(&[
        [1.0, 1.0, 0.0],
        [-1.0, -1.0, 0.0],
        [0.0, 1.0, 1.0],
        [0.0, -1.0, -1.0],
        [1.0, 0.0, -1.0],
        [-1.0, 0.0, 1.0],
    ]);
    let gerber = GerberCovariance::new(0.5).with_denominator(GerberDenominator::BothMove);
    assert!(matches!(gerber.estimate(returns.view()), Err(Error::NotPositiveSemidefinite { .. })));
    // Variances 2/3; the correlations 1, 1, −1 have eigenvalues 2, 2, −1. The nearest are 1/2, 1/2, −1/2.
    let nearest = gerber.with_policy(PsdPolicy::Higham).estimate(returns.view()).unwrap();
    assert!((nearest.covariance.view()[[0, 1]] - 1.0 / 3.0).abs() < 1e-9);
    let moved = (6.0_f64 * (1.0_f64 / 3.0).powi(2)).sqrt();
    assert!((nearest.repair_distance.unwrap() - moved).abs() < 1e-8);
    let clipped = gerber.with_policy(PsdPolicy::ClipEigen).estimate(returns.view()).unwrap();
    assert!(clipped.repair_distance.unwrap() >= moved - 1e-8);
    assert!(clipped.flags.contains(&CovarianceFlag::Singular));
    // The other denominators have nothing to repair on the same dates.
    assert_eq!(GerberCovariance::new(0.5).estimate(returns.view()).unwrap().repair_distance, None);
    let apart = signs(&[[1.0, 0.0, 1.0], [-1.0, 0.0, 1.0], [0.0, 1.0, -1.0], [0.0, -1.0, -1.0]]);
    assert!(matches!(gerber.estimate(apart.view()), Err(Error::Undefined { .. })));
}

#[test]
fn pairwise_estimates_tell_their_repair_too() {
    let n = f64::NAN;
    let returns = array![
        [0.01, 0.01, n],
        [-0.01, -0.01, n],
        [n, 0.01, 0.01],
        [n, -0.01, -0.01],
        [0.01, n, -0.01],
        [-0.01, n, 0.01]
    ];
    let got = PairwiseCovariance::new(2, PsdPolicy::Higham).estimate(returns.view()).unwrap();
    assert_eq!(got.estimate.repair_distance, Some(got.distance));
    let whole = PairwiseCovariance::new(2, PsdPolicy::Higham).estimate(waves(9, 3).view()).unwrap();
    assert_eq!(whole.estimate.repair_distance, None);
}

#[test]
fn denoising_agrees_with_riskfolio() {
    // At the noise variance 0.99999, where its descent ends.
    let constant = [
        8.222934714019181e-5,
        -3.2582792041914233e-6,
        1.3479411159704036e-5,
        -1.0686903723563349e-5,
        5.120995319488519e-5,
        -5.464848134246997e-6,
        7.309988283337888e-6,
        5.8130256757583376e-5,
    ];
    let zero = [
        8.222934714019181e-5,
        -4.91897292326444e-6,
        2.3013564234304293e-5,
        -1.6210443300190507e-5,
        7.900766037792544e-5,
        -8.351616627103216e-6,
        1.1106606279138237e-5,
        8.344719161473367e-5,
    ];
    let targeted = [
        8.22293471401918e-5,
        -4.31312754669441e-6,
        1.6805889302599184e-5,
        -1.1820862027876927e-5,
        5.599864045486528e-5,
        -8.829276293392675e-6,
        5.847216858330159e-6,
        7.662254980410379e-5,
    ];
    let given = NoiseVariance::Given(0.99999);
    for (treatment, want) in [
        (NoiseTreatment::ConstantResidual, constant),
        (NoiseTreatment::ZeroResidual, zero),
        (NoiseTreatment::TargetedShrinkage { alpha: 0.3 }, targeted),
    ] {
        let estimator = DenoisedCovariance::new(treatment).with_noise_variance(given);
        let got = estimator.denoise(waves(60, 8).view()).unwrap();
        row_close(got.estimate.covariance.view().row(0), &want, 1e-16);
        assert_eq!((got.fit_at_bound, got.noise_variance), (false, 0.99999));
        assert!((got.edge - 1.8636114403727881).abs() < 1e-14);
        assert_eq!((got.noise_components, got.eigenvalues.len()), (6, 8));
        assert!((got.eigenvalues[7] - 3.5208315203726253).abs() < 1e-12);
        all_close(got.estimate.covariance.correlation().unwrap().view(), &got.correlation, 1e-13);
        let singular = got.estimate.flags.contains(&CovarianceFlag::Singular);
        assert_eq!(singular, treatment == NoiseTreatment::ZeroResidual);
    }
}

#[test]
fn the_kernel_fit_does_not_jump_over_its_valley() {
    // NumPy: the squares fall to 581 at 0.96 and jump to 843 at 0.98, where an eigenvalue of 1.81 comes below the edge.
    let fit = NoiseVariance::KernelFit { bandwidth: 0.01 };
    let got = DenoisedCovariance::default().with_noise_variance(fit).denoise(waves(60, 8).view()).unwrap();
    assert!(got.noise_variance > 0.955 && got.noise_variance < 0.973, "{}", got.noise_variance);
    assert_eq!((got.noise_components, got.fit_at_bound), (5, false));
}

#[test]
fn a_given_noise_variance_moves_the_edge() {
    let returns = waves(60, 8);
    let noise = |v: f64| {
        let given = DenoisedCovariance::default().with_noise_variance(NoiseVariance::Given(v));
        given.denoise(returns.view()).unwrap()
    };
    assert_eq!(noise(1.0).noise_components, 6);
    assert_eq!(noise(0.9).noise_components, 5);
    assert!(!noise(0.9).fit_at_bound);
    // Below the smallest eigenvalue nothing is noise and nothing changes.
    let none = noise(0.005);
    assert_eq!(none.noise_components, 0);
    let sample = SampleCovariance::default().covariance(returns.view()).unwrap();
    all_close(none.estimate.covariance.view(), &sample.view().to_owned(), 1e-18);
}

#[test]
fn white_noise_is_all_noise() {
    let returns = Streams::new(5).standard_normals(500, 20);
    let got = DenoisedCovariance::default().denoise(returns.view()).unwrap();
    assert!(got.noise_components >= 19);
    let all = DenoisedCovariance::new(NoiseTreatment::TargetedShrinkage { alpha: 0.0 });
    let independent = array![[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]];
    all_close(all.denoise(independent.view()).unwrap().correlation.view(), &Array2::eye(2), 1e-15);
    let nothing = DenoisedCovariance::new(NoiseTreatment::ZeroResidual).denoise(independent.view());
    assert!(matches!(nothing, Err(Error::Undefined { .. })));
}

#[test]
fn detoning_agrees_with_skfolio() {
    let want = [
        8.222934714019181e-5,
        3.4733863752086295e-5,
        5.3268063483045405e-5,
        5.4858315727616817e-5,
        -6.0304975916090965e-5,
        -4.7893587594663915e-5,
        -5.430278916906177e-5,
        2.5593282227979804e-5,
    ];
    let got = DetonedCovariance::new(2).estimate(waves(60, 8).view()).unwrap();
    row_close(got.covariance.view().row(0), &want, 1e-16);
    assert_eq!(got.flags, [CovarianceFlag::ComponentsRemoved { count: 2 }, CovarianceFlag::Singular]);
    assert_eq!(got.condition_number, None);
    let values = got.covariance.eigenvalues().unwrap();
    assert!(values[1] < 1e-14 * values[7] && values[2] > 1e-6 * values[7]);
}

#[test]
fn denoised_and_detoned() {
    let both = DenoisedCovariance::default().with_components_removed(1);
    let got = both.denoise(waves(60, 8).view()).unwrap();
    assert_eq!(got.estimate.flags, [CovarianceFlag::ComponentsRemoved { count: 1 }, CovarianceFlag::Singular]);
    assert!(got.correlation.diag().iter().all(|v| *v == 1.0));
    let values = got.estimate.covariance.eigenvalues().unwrap();
    assert!(values[0].abs() < 1e-14 * values[7] && values[1] > 1e-4 * values[7]);
    for count in [8, 9] {
        let got = DenoisedCovariance::default().with_components_removed(count).denoise(waves(60, 8).view());
        assert!(matches!(got, Err(Error::OutOfDomain { name: "components", .. })), "{count}");
    }
}

#[test]
fn nothing_is_made_of_what_is_left_of_a_twin() {
    let r = waves(30, 1);
    let twins = ndarray::stack![Axis(1), r.column(0), r.column(0)];
    let got = DetonedCovariance::default().estimate(twins.view());
    assert!(matches!(got, Err(Error::Undefined { name: "correlation", .. })));
}

#[test]
fn graphical_lasso_agrees_with_scikit_learn() {
    let light = array![
        [1.2200826142324612, 0.0, -0.8002750997468951, 0.6260108201241753],
        [0.0, 4.4288309782780875, 0.0, -3.89688501958476],
        [-0.8002750997468951, 0.0, 2.9122607253197814, -2.230522175296221],
        [0.6260108201241753, -3.89688501958476, -2.230522175296221, 6.137375426138146]
    ];
    let heavy = array![
        [1.0, 0.0, 0.0, 0.0],
        [0.0, 1.4086481815246013, -0.14923714288959897, -0.6848961168257836],
        [0.0, -0.14923714288959897, 1.2206357084845907, -0.42420753111708775],
        [0.0, -0.6848961168257836, -0.42420753111708775, 1.5378270213229972]
    ];
    let returns = waves(30, 4);
    let sample = SampleCovariance::new(0).covariance(returns.view()).unwrap();
    for (penalty, want, nonzeros) in [(0.05, light, 12), (0.4, heavy, 10)] {
        let got = GraphicalLasso::new(penalty).with_tolerance(1e-13).fit(returns.view()).unwrap();
        // Both stop at a small gap, which is quadratic in the distance from the solution.
        all_close(got.precision.view(), &want, 1e-6);
        assert_eq!(got.nonzeros(0.0), nonzeros);
        assert!(got.duality_gap.abs() < 1e-12 && got.iterations < 100);
        // Optimality, entry by entry: W − S is the penalty times the sign of P, or smaller where P is zero.
        let correlation = sample.correlation().unwrap();
        for ((i, j), p) in got.precision.indexed_iter() {
            let slack = got.covariance[[i, j]] - correlation[[i, j]];
            let want = if i == j { 0.0 } else { penalty * p.signum() };
            if i == j || *p != 0.0 {
                assert!((slack - want).abs() < 1e-6, "{i} {j} {slack} {want}");
            } else {
                assert!(slack.abs() <= penalty + 1e-6);
            }
        }
        let volatilities = got.estimate.covariance.volatilities();
        assert!((volatilities / sample.volatilities() - 1.0).iter().all(|d| d.abs() < 1e-6));
    }
}

#[test]
fn without_penalty_the_lasso_inverts_the_sample() {
    let returns = waves(30, 4);
    let sample = SampleCovariance::new(0).covariance(returns.view()).unwrap();
    for scale in [LassoScale::Standardised, LassoScale::Returns] {
        let got = GraphicalLasso::new(0.0).with_scale(scale).fit(returns.view()).unwrap();
        all_close(got.estimate.covariance.view(), &sample.view().to_owned(), 1e-9);
        let product = got.precision.dot(&got.covariance);
        all_close(product.view(), &Array2::eye(4), 1e-10);
    }
    let few = GraphicalLasso::new(0.0).fit(waves(4, 4).view());
    assert!(matches!(few, Err(Error::NotPositiveDefinite { .. })));
    // A penalty makes it solvable with fewer observations than assets.
    let few = GraphicalLasso::new(0.1).fit(waves(4, 6).view()).unwrap();
    assert!(few.estimate.flags.is_empty() && few.duality_gap < 1e-10);
}

#[test]
fn the_scale_of_returns_scales_the_penalty() {
    let returns = waves(30, 4);
    let base = GraphicalLasso::new(1e-5).with_scale(LassoScale::Returns).fit(returns.view()).unwrap();
    let tenfold = GraphicalLasso::new(1e-3).with_scale(LassoScale::Returns).fit((&returns * 10.0).view()).unwrap();
    all_close(tenfold.covariance.view(), &(&base.covariance * 100.0), 1e-10);
    all_close(base.estimate.covariance.view(), &base.covariance, 0.0);
    assert_eq!(base.nonzeros(0.0), tenfold.nonzeros(0.0));
    // Every entry off the diagonal is drawn to zero by the penalty, the diagonal stays.
    let sample = SampleCovariance::new(0).covariance(returns.view()).unwrap();
    assert!((base.covariance.diag().to_owned() - sample.variances()).iter().all(|d| d.abs() < 1e-10));
    let all = GraphicalLasso::new(1.0).fit(returns.view()).unwrap();
    assert_eq!(all.nonzeros(0.0), 4);
    all_close(all.covariance.view(), &Array2::eye(4), 1e-15);
}

#[test]
fn a_lasso_that_is_not_done_says_so() {
    let got = GraphicalLasso::new(0.01).with_max_iterations(1).with_tolerance(1e-14).fit(waves(30, 4).view());
    let Err(Error::NotConverged { name: "graphical lasso", iterations: 1, residual }) = got else {
        panic!("one sweep is not enough: {got:?}")
    };
    assert!(residual > 1e-14);
}

#[test]
fn hostile_configurations() {
    let returns = waves(30, 4);
    let refused = |got: Result<CovarianceEstimate, Error>, what: &str| {
        assert!(matches!(got, Err(Error::OutOfDomain { name, .. }) if name == what), "{what}: {got:?}");
    };
    for bad in [0.0, -0.5, f64::NAN, f64::INFINITY] {
        refused(GerberCovariance::new(bad).estimate(returns.view()), "threshold");
        let fit = NoiseVariance::KernelFit { bandwidth: bad };
        refused(DenoisedCovariance::default().with_noise_variance(fit).estimate(returns.view()), "bandwidth");
        let given = NoiseVariance::Given(bad);
        refused(DenoisedCovariance::default().with_noise_variance(given).estimate(returns.view()), "noise variance");
        refused(GraphicalLasso::new(0.1).with_tolerance(bad).estimate(returns.view()), "tolerance");
    }
    let above = NoiseVariance::Given(1.0001);
    refused(DenoisedCovariance::default().with_noise_variance(above).estimate(returns.view()), "noise variance");
    for bad in [-0.5, f64::NAN, f64::INFINITY] {
        refused(GraphicalLasso::new(bad).estimate(returns.view()), "penalty");
        let treatment = NoiseTreatment::TargetedShrinkage { alpha: bad };
        refused(DenoisedCovariance::new(treatment).estimate(returns.view()), "alpha");
    }
    let treatment = NoiseTreatment::TargetedShrinkage { alpha: 1.1 };
    refused(DenoisedCovariance::new(treatment).estimate(returns.view()), "alpha");
    refused(GraphicalLasso::new(0.1).with_max_iterations(0).estimate(returns.view()), "max_iterations");
    for components in [0, 4, 5] {
        refused(DetonedCovariance::new(components).estimate(returns.view()), "components");
    }
    let square = NoiseVariance::KernelFit { bandwidth: 0.01 };
    let got = DenoisedCovariance::default().with_noise_variance(square).estimate(waves(4, 4).view());
    assert!(matches!(got, Err(Error::Undefined { name: "noise variance", .. })));
}

fn everyone() -> Vec<Box<dyn CovarianceEstimator>> {
    vec![
        Box::new(NonlinearShrinkage::default()),
        Box::new(GerberCovariance::default()),
        Box::new(GerberCovariance::default().with_denominator(GerberDenominator::UnitDiagonal)),
        Box::new(DenoisedCovariance::default()),
        Box::new(DenoisedCovariance::new(NoiseTreatment::ZeroResidual)),
        Box::new(DenoisedCovariance::new(NoiseTreatment::TargetedShrinkage { alpha: 0.5 })),
        Box::new(DetonedCovariance::default()),
        Box::new(GraphicalLasso::new(0.1)),
    ]
}

#[test]
fn hostile_returns() {
    let returns = waves(30, 4);
    let mut gap = returns.clone();
    gap[[5, 2]] = f64::INFINITY;
    let mut still = returns.clone();
    still.column_mut(3).fill(0.1);
    let one = returns.slice_axis(Axis(0), ndarray::Slice::from(0..1));
    let mut names = std::collections::BTreeSet::new();
    for estimator in everyone() {
        let name = estimator.name().to_owned();
        assert!(estimator.estimate(returns.view()).is_ok(), "{name}");
        let got = estimator.estimate(gap.view());
        assert!(matches!(got, Err(Error::EntryOutOfDomain { name: "returns", .. })), "{name}");
        assert_eq!(estimator.estimate(Array2::zeros((0, 3)).view()), Err(Error::Empty { name: "returns" }), "{name}");
        let least = if name == "nonlinear shrinkage" { 13 } else { 2 };
        let short = estimator.estimate(one);
        assert!(matches!(short, Err(Error::InsufficientData { required, available: 1, .. }) if required == least));
        let got = estimator.estimate(still.view());
        assert!(matches!(got, Err(Error::Undefined { .. })), "{name}: {got:?}");
        names.insert(name);
    }
    assert_eq!(names.len(), 7);
    let twelve = NonlinearShrinkage::default().fit(noise(12, 3).view());
    assert!(matches!(twelve, Err(Error::InsufficientData { required: 13, available: 12, .. })));
    assert!(NonlinearShrinkage::default().fit(noise(13, 30).view()).is_ok());
    let r = waves(30, 2);
    let twins = ndarray::stack![Axis(1), r.column(0), r.column(1), r.column(0)];
    assert_eq!(NonlinearShrinkage::default().fit(twins.view()), Err(Error::Singular { name: "sample covariance" }));
    let narrow = GerberCovariance::default().with_ddof(30).estimate(returns.view());
    assert!(matches!(narrow, Err(Error::InsufficientData { required: 31, available: 30, .. })));
}

#[test]
fn one_asset_alone() {
    let returns = waves(30, 1);
    let variance = |ddof| SampleCovariance::new(ddof).covariance(returns.view()).unwrap().view()[[0, 0]];
    for (got, want) in [
        (GerberCovariance::default().estimate(returns.view()), variance(0)),
        (DenoisedCovariance::default().estimate(returns.view()), variance(1)),
        (GraphicalLasso::new(0.3).estimate(returns.view()), variance(0)),
    ] {
        assert!((got.unwrap().covariance.view()[[0, 0]] / want - 1.0).abs() < 1e-13);
    }
    assert!(DetonedCovariance::default().estimate(returns.view()).is_err());
}

#[test]
fn results_and_configurations_survive_json() {
    fn round<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
        assert_eq!(&serde_json::from_str::<T>(&serde_json::to_string(value).unwrap()).unwrap(), value);
    }
    round(&NonlinearShrinkage::default().with_order(EigenvalueOrder::Isotonic));
    round(&GerberCovariance::new(0.7).with_policy(PsdPolicy::Higham).with_ddof(1));
    let fit = NoiseVariance::KernelFit { bandwidth: 0.25 };
    round(&DenoisedCovariance::new(NoiseTreatment::TargetedShrinkage { alpha: 0.5 }).with_noise_variance(fit));
    round(&DetonedCovariance::new(3));
    round(&GraphicalLasso::new(0.25).with_scale(LassoScale::Returns));
    let solution = GraphicalLasso::new(0.4).fit(waves(30, 3).view()).unwrap();
    let text = serde_json::to_string(&solution).unwrap();
    let back: GraphicalLassoSolution = serde_json::from_str(&text).unwrap();
    all_close(back.precision.view(), &solution.precision, 1e-12);
    // A file from before these fields existed still loads.
    let old = serde_json::to_string(&solution.estimate).unwrap();
    let old = old.replace(r#","shrinkage":null,"repair_distance":null"#, "");
    assert!(!old.contains("repair_distance"));
    let estimate: CovarianceEstimate = serde_json::from_str(&old).unwrap();
    assert_eq!((estimate.shrinkage, estimate.repair_distance), (None, None));
}

fn panels() -> impl Strategy<Value = Array2<f64>> {
    (13..30_usize, 2..18_usize).prop_flat_map(|(n, assets)| {
        prop::collection::vec(-0.1..0.1_f64, n * assets)
            .prop_map(move |data| Array2::from_shape_vec((n, assets), data).unwrap())
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_estimate_is_positive_semidefinite(sample in panels(), threshold in 0.1..1.0_f64) {
        let mut estimators = everyone();
        for denominator in [GerberDenominator::ActivePairs, GerberDenominator::UnitDiagonal] {
            estimators.push(Box::new(GerberCovariance::new(threshold).with_denominator(denominator)));
        }
        for estimator in estimators {
            let got = match estimator.estimate(sample.view()) {
                Ok(got) => got,
                Err(Error::Undefined { .. } | Error::Singular { .. }) => continue,
                Err(other) => return Err(TestCaseError::fail(format!("{}: {other}", estimator.name()))),
            };
            let values = got.covariance.eigenvalues().unwrap();
            let largest = values[values.len() - 1];
            prop_assert!(values[0] >= -1e-13 * largest, "{}: {}", estimator.name(), values[0] / largest);
        }
    }

    #[test]
    fn scaling_squares_and_permuting_permutes(sample in panels(), scale in 0.01..100.0_f64) {
        let mut mirrored = sample.view();
        mirrored.invert_axis(Axis(1));
        for estimator in everyone() {
            let Ok(base) = estimator.estimate(sample.view()) else { continue };
            let base = base.covariance;
            let largest = base.variances().iter().fold(0.0_f64, |a, v| a.max(*v));
            // Counts and splits can change at a tie, which scaling by a power of two cannot bring about.
            let scale = 2.0_f64.powi(libm::ilogb(scale));
            let scaled = estimator.estimate((&sample * scale).view()).unwrap().covariance;
            all_close(scaled.view(), &base.view().mapv(|v| v * scale * scale), 1e-9 * largest * scale * scale);
            let mut permuted = estimator.estimate(mirrored).unwrap().covariance.into_matrix();
            permuted.invert_axis(Axis(0));
            permuted.invert_axis(Axis(1));
            // The lasso stops at a gap of 1e-10, which leaves its entries 1e-5.
            all_close(permuted.view(), &base.view().to_owned(), 1e-5 * largest);
        }
    }

    #[test]
    fn variances_stay_where_only_correlations_change(sample in panels()) {
        let want = |ddof| SampleCovariance::new(ddof).covariance(sample.view()).unwrap().variances();
        let close = |got: Array1<f64>, want: Array1<f64>| (got / want - 1.0).iter().all(|d| d.abs() < 1e-4);
        if let Ok(got) = GerberCovariance::default().estimate(sample.view()) {
            prop_assert!(close(got.covariance.variances(), want(0)));
        }
        if let Ok(got) = DenoisedCovariance::default().estimate(sample.view()) {
            prop_assert!(close(got.covariance.variances(), want(1)));
        }
        if let Ok(got) = DetonedCovariance::default().estimate(sample.view()) {
            prop_assert!(close(got.covariance.variances(), want(1)));
        }
        let got = GraphicalLasso::new(0.2).estimate(sample.view()).unwrap();
        prop_assert!(close(got.covariance.variances(), want(0)));
    }

    #[test]
    fn a_larger_penalty_leaves_less_of_the_precision(sample in panels()) {
        let size = |penalty| {
            let solution = GraphicalLasso::new(penalty).fit(sample.view()).unwrap();
            let off = solution.precision.indexed_iter().filter(|((i, j), _)| i != j);
            off.map(|(_, p)| p.abs()).sum::<f64>()
        };
        let sizes = [0.05, 0.1, 0.2, 0.4].map(size);
        prop_assert!(sizes.windows(2).all(|pair| pair[1] <= pair[0] + 1e-3));
    }
}

//! Golden numbers: He and Litterman (1999), tables 2, 4 and 5; Idzorek (2005), tables 1, 4, 6 and 7. Numbers with more
//! digits than the papers print are those tables recomputed in full precision by an independent program.

use alluse_risk_core::covariance::FactorCovariance;
use alluse_risk_core::linalg::{cholesky, least_squares};
use alluse_risk_core::{AssetId, Covariance, ErrorKind, Frequency, Weights};
use ndarray::{Array1, Array2, ArrayView1, Axis, array, concatenate};
use proptest::prelude::*;

use super::*;
use crate::{Result, RiskModel, Universe};

const COUNTRIES: [&str; 7] = ["AUL", "CAN", "FRA", "GER", "JAP", "UKG", "USA"];
const CLASSES: [&str; 8] = ["BOND", "XBOND", "LG", "LV", "SG", "SV", "DEV", "EM"];

fn he_litterman() -> (Universe, RiskModel, Prior) {
    let covariance = array![
        [0.0256, 0.01585024, 0.01896704, 0.0223304, 0.014750399999999999, 0.016384, 0.01469072],
        [
            0.01585024,
            0.041209,
            0.033428416,
            0.03603351500000001,
            0.013215300000000001,
            0.024684800000000003,
            0.029571619000000004
        ],
        [0.01896704, 0.033428416, 0.061503999999999996, 0.057866088, 0.0184884, 0.038836800000000005, 0.030979168],
        [0.0223304, 0.03603351500000001, 0.057866088, 0.073441, 0.02014614, 0.0421134, 0.033092081],
        [0.014750399999999999, 0.013215300000000001, 0.0184884, 0.02014614, 0.04409999999999999, 0.01701, 0.01201662],
        [0.016384, 0.024684800000000003, 0.038836800000000005, 0.0421134, 0.01701, 0.04000000000000001, 0.0243848],
        [0.01469072, 0.029571619000000004, 0.030979168, 0.033092081, 0.01201662, 0.0243848, 0.034969]
    ];
    let weights = Weights::new(vec![0.016, 0.022, 0.052, 0.055, 0.116, 0.124, 0.615]).unwrap();
    let risk = RiskModel::from(Covariance::new(covariance).unwrap());
    (Universe::named(COUNTRIES).unwrap(), risk, Prior::Equilibrium { risk_aversion: 2.5, weights })
}

fn idzorek() -> (Universe, RiskModel, Prior) {
    let covariance = array![
        [0.001005, 0.001328, -0.000579, -0.000675, 0.000121, 0.000128, -0.000445, -0.000437],
        [0.001328, 0.007277, -0.001307, -0.00061, -0.002237, -0.000989, 0.001442, -0.001535],
        [-0.000579, -0.001307, 0.059852, 0.027588, 0.063497, 0.023036, 0.032967, 0.048039],
        [-0.000675, -0.00061, 0.027588, 0.029609, 0.026572, 0.021465, 0.020697, 0.029854],
        [0.000121, -0.002237, 0.063497, 0.026572, 0.102488, 0.042744, 0.039943, 0.065994],
        [0.000128, -0.000989, 0.023036, 0.021465, 0.042744, 0.032056, 0.019881, 0.032235],
        [-0.000445, 0.001442, 0.032967, 0.020697, 0.039943, 0.019881, 0.028355, 0.035064],
        [-0.000437, -0.001535, 0.048039, 0.029854, 0.065994, 0.032235, 0.035064, 0.079958]
    ];
    let weights = Weights::new(vec![0.1934, 0.2613, 0.1209, 0.1209, 0.0134, 0.0134, 0.2418, 0.0349]).unwrap();
    let risk = RiskModel::from(Covariance::new(covariance).unwrap());
    (Universe::named(CLASSES).unwrap(), risk, Prior::Equilibrium { risk_aversion: IDZOREK_AVERSION, weights })
}

const IDZOREK_AVERSION: f64 = 3.06514971403788;

fn germany() -> View {
    View::portfolio([("GER", 1.0), ("FRA", -0.295), ("UKG", -0.705)], 0.05)
}

fn idzorek_views() -> [View; 3] {
    [
        View::absolute("DEV", 0.0525),
        View::relative("XBOND", "BOND", 0.0025),
        View::portfolio([("LG", 0.9), ("LV", -0.9), ("SG", 0.1), ("SV", -0.1)], 0.02),
    ]
}

fn close(got: ArrayView1<'_, f64>, want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len());
    for (index, (a, b)) in got.iter().zip(want).enumerate() {
        assert!((a - b).abs() <= tolerance, "[{index}]: {a} is not {b}");
    }
}

#[test]
fn he_litterman_tables() {
    let (universe, risk, prior) = he_litterman();
    let model = BlackLitterman::new(prior).with_view(germany());
    // Table 2, then table 4.
    let equilibrium = model.prior_mean(&universe, &risk).unwrap();
    close(equilibrium.view(), &[0.039, 0.069, 0.084, 0.09, 0.043, 0.068, 0.076], 0.000501);
    let one = model.posterior(&universe, &risk).unwrap();
    close(
        one.mean(),
        &[
            0.04328023513567621,
            0.0757566246813919,
            0.09287672518806661,
            0.110367144380446,
            0.045061639924013,
            0.0695271028950585,
            0.08069329541416441,
        ],
        1e-10,
    );
    let weights = one.weights(WeightsCovariance::Posterior, 2.5).unwrap();
    close(
        weights.weights.view(),
        &[
            0.0152380952380951,
            0.020952380952380997,
            -0.0394846489563029,
            0.35410454044913003,
            0.11047619047618999,
            -0.0946198914928261,
            0.585714285714286,
        ],
        1e-10,
    );
    assert!((weights.view_weights[0] - 0.317).abs() < 0.0005, "{:?}", weights.view_weights);
    // Its last column, weights less those of the market scaled by 1 / 1.05.
    close(ArrayView1::from(&weights.tilt), &[0.0, 0.0, -0.089, 0.302, 0.0, -0.213, 0.0], 0.000501);
    // Table 5.
    let two = model.with_view(View::relative("CAN", "USA", 0.03)).posterior(&universe, &risk).unwrap();
    close(
        two.mean(),
        &[
            0.0442214515180197,
            0.0872986419006458,
            0.0947974504032151,
            0.112099470070865,
            0.0461634652728055,
            0.0697166031787644,
            0.0748155952553461,
        ],
        1e-10,
    );
    let weights = two.weights(WeightsCovariance::Posterior, 2.5).unwrap();
    close(
        weights.weights.view(),
        &[
            0.0152380952380952,
            0.418635712709232,
            -0.0340932082510025,
            0.335828470261672,
            0.11047619047618999,
            -0.0817352620106692,
            0.18803095395743502,
        ],
        1e-10,
    );
    close(ArrayView1::from(&weights.view_weights), &[0.298, 0.418], 0.0005);
}

#[test]
fn idzorek_tables() {
    let (universe, risk, prior) = idzorek();
    let model = BlackLitterman::new(prior).with_tau(0.025).with_views(idzorek_views());
    close(
        model.prior_mean(&universe, &risk).unwrap().view(),
        &[
            0.000828353951583995,
            0.00667720091140777,
            0.06413985838742339,
            0.0408134318189695,
            0.0742861476223287,
            0.037030219902933,
            0.0480012357912508,
            0.065952613062533,
        ],
        1e-10,
    );
    let posterior = model.posterior(&universe, &risk).unwrap();
    close(
        posterior.mean(),
        &[
            0.000666349426964299,
            0.00498496196437627,
            0.0649719139431152,
            0.043221920315225294,
            0.075853043470062,
            0.039376983074545,
            0.0493383782159006,
            0.06837978004557281,
        ],
        1e-10,
    );
    let weights = posterior.weights(WeightsCovariance::Prior, IDZOREK_AVERSION).unwrap();
    close(
        weights.weights.view(),
        &[
            0.298860241350961,
            0.155839758649039,
            0.09357212587626121,
            0.148227874123738,
            0.0103635695418081,
            0.0164364304581924,
            0.278177141686593,
            0.0348999999999999,
        ],
        1e-10,
    );
    // Table 4, variances of the views.
    let variances: Array1<f64> = posterior.views().iter().map(|view| view.prior_variance / 0.025).collect();
    close(variances.view(), &[0.028355, 0.005626, 0.03462513], 1e-10);
    let alone: Array1<f64> = idzorek_views().iter().map(|view| view.variance(&universe, &risk).unwrap()).collect();
    close(alone.view(), &[0.028355, 0.005626, 0.03462513], 1e-15);
    // Table 7, which prints two decimals of a percent.
    let implied = model.implied_confidence(&universe, &risk, IDZOREK_AVERSION).unwrap();
    close(
        implied.full_confidence_weights.view(),
        &[0.4382, 0.0165, 0.0381, 0.20370000000000002, 0.0042, 0.0226, 0.3521, 0.0349],
        0.000201,
    );
    let confidence: Vec<f64> = implied.confidence.iter().take(7).map(|c| c.unwrap()).collect();
    close(
        ArrayView1::from(&confidence),
        &[
            0.43060000000000004,
            0.43060000000000004,
            0.33020000000000005,
            0.33020000000000005,
            0.33020000000000005,
            0.33020000000000005,
            0.32939999999999997,
        ],
        0.0005,
    );
    assert_eq!(implied.confidence[7], None); // emerging markets are in no view
}

/// Mixed estimation as one stacked, whitened regression: `L⁻¹(π; q) = L⁻¹(I; P) μ`.
fn mixed_estimate(
    sigma: &Array2<f64>,
    tau: f64,
    prior: &Array1<f64>,
    p: &Array2<f64>,
    q: &Array1<f64>,
    omega: &Array1<f64>,
) -> Vec<f64> {
    let factor = cholesky((sigma * tau).view()).unwrap();
    let whiten = |right: Array2<f64>| factor.solve_lower(right.view()).unwrap();
    let scale = omega.mapv(|o| 1.0 / o.sqrt());
    let top = whiten(Array2::eye(prior.len()));
    let design = concatenate(Axis(0), &[top.view(), (p * &scale.view().insert_axis(Axis(1))).view()]).unwrap();
    let first = whiten(prior.view().insert_axis(Axis(1)).to_owned()).column(0).to_owned();
    let response = concatenate(Axis(0), &[first.view(), (q * &scale).view()]).unwrap();
    least_squares(design.view(), response.view()).unwrap().coefficients().to_vec()
}

/// Loadings, residual variances, weights, two views and their values.
type Draw = (Vec<f64>, Vec<f64>, Vec<f64>, Vec<f64>, Vec<f64>);

fn draws() -> impl Strategy<Value = Draw> {
    let span = |low: f64, high: f64, n: usize| proptest::collection::vec(low..high, n);
    (span(-1.0, 1.0, 10), span(0.2, 1.0, 5), span(0.0, 1.0, 5), span(-1.0, 1.0, 10), span(-0.1, 0.1, 2))
}

struct Case {
    universe: Universe,
    dense: RiskModel,
    factored: RiskModel,
    model: BlackLitterman,
    p: Array2<f64>,
}

fn case((loadings, residuals, weights, p, q): Draw, uncertainty: Uncertainty) -> Case {
    let factors = Covariance::new(array![[0.04, 0.01], [0.01, 0.09]]).unwrap();
    let loadings = Array2::from_shape_vec((5, 2), loadings).unwrap();
    let model = FactorCovariance::new(loadings, factors, Array1::from(residuals) * 0.04).unwrap();
    let names = ["A", "B", "C", "D", "E"];
    let p = Array2::from_shape_vec((2, 5), p).unwrap();
    let views =
        p.rows().into_iter().zip(&q).map(|(row, &value)| {
            View::portfolio(names.into_iter().zip(row.to_vec()), value).with_uncertainty(uncertainty)
        });
    let prior = Prior::Equilibrium { risk_aversion: 2.5, weights: Weights::new(weights).unwrap() };
    Case {
        universe: Universe::named(names).unwrap(),
        dense: model.to_dense().unwrap().into(),
        factored: model.into(),
        model: BlackLitterman::new(prior).with_tau(0.1).with_views(views),
        p,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Conditioning is mild by construction (residuals of at least 0.008 beside factors of at most 0.5), so both
    /// roads agree to far more digits than 1e-10.
    #[test]
    fn agrees_with_mixed_estimation(draw in draws(), deviation in 0.02_f64..0.2) {
        let case = case(draw, Uncertainty::StandardDeviation(deviation));
        let posterior = case.model.posterior(&case.universe, &case.dense).unwrap();
        let RiskModel::Dense(sigma) = &case.dense else { unreachable!() };
        let sigma = sigma.view().to_owned();
        let q: Array1<f64> = posterior.views().iter().map(|view| view.value).collect();
        let omega = Array1::from_elem(2, deviation * deviation);
        let want = mixed_estimate(&sigma, 0.1, &posterior.prior_mean().to_owned(), &case.p, &q, &omega);
        for (a, b) in posterior.mean().iter().zip(&want) {
            prop_assert!((a - b).abs() < 1e-10, "{a} {b}");
        }
        // The error covariance is the inverse of the summed precisions.
        let precision = cholesky((&sigma * 0.1).view()).unwrap().inverse().unwrap()
            + case.p.t().dot(&(&case.p / (deviation * deviation)));
        let product = posterior.mean_covariance().to_dense().unwrap().into_matrix().dot(&precision);
        for ((i, j), v) in product.indexed_iter() {
            prop_assert!((v - f64::from(u8::from(i == j))).abs() < 1e-9);
        }
        // The weights are optimal: V w δ = μ.
        for (kind, covariance) in [
            (WeightsCovariance::Posterior, posterior.covariance().to_dense().unwrap().into_matrix()),
            (WeightsCovariance::Prior, sigma),
        ] {
            let weights = posterior.weights(kind, 3.0).unwrap().weights;
            for (a, b) in (covariance.dot(&weights.view()) * 3.0).iter().zip(posterior.mean()) {
                prop_assert!((a - b).abs() < 1e-10, "{kind:?}");
            }
        }
    }

    #[test]
    fn factors_and_matrix_agree(draw in draws(), c in 0.05_f64..1.0) {
        let case = case(draw, Uncertainty::Confidence(c));
        let dense = case.model.posterior(&case.universe, &case.dense).unwrap();
        let factored = case.model.posterior(&case.universe, &case.factored).unwrap();
        let x = array![1.0, -0.5, 0.25, 0.0, 2.0];
        for (a, b) in [
            (dense.mean().to_owned(), factored.mean().to_owned()),
            (dense.covariance().product(x.view()).unwrap(), factored.covariance().product(x.view()).unwrap()),
            (dense.mean_covariance().variances(), factored.mean_covariance().to_dense().unwrap().variances()),
        ] {
            for (a, b) in a.iter().zip(&b) {
                prop_assert!((a - b).abs() < 1e-10);
            }
        }
    }

    #[test]
    fn order_and_sign_of_views_do_not_matter(draw in draws()) {
        let case = case(draw, Uncertainty::Proportional);
        let straight = case.model.posterior(&case.universe, &case.dense).unwrap();
        let mut turned = case.model.clone();
        turned.views.reverse();
        for view in &mut turned.views {
            view.value = -view.value;
            if let Subject::Portfolio(weights) = &mut view.subject {
                weights.iter_mut().for_each(|(_, weight)| *weight = -*weight);
            }
        }
        let turned = turned.posterior(&case.universe, &case.dense).unwrap();
        for (a, b) in straight.mean().iter().zip(turned.mean()) {
            prop_assert!((a - b).abs() < 1e-12);
        }
    }

    /// A view that repeats the prior moves no mean but makes it surer.
    #[test]
    fn a_view_equal_to_the_prior_changes_no_mean(draw in draws()) {
        let mut case = case(draw, Uncertainty::Proportional);
        let said: Vec<f64> =
            case.model.posterior(&case.universe, &case.dense).unwrap().views().iter().map(|v| v.prior_value).collect();
        for (view, value) in case.model.views.iter_mut().zip(said) {
            view.value = value;
        }
        let posterior = case.model.posterior(&case.universe, &case.dense).unwrap();
        prop_assert_eq!(posterior.mean(), posterior.prior_mean());
        let sure = posterior.mean_covariance().variance_of(case.p.row(0)).unwrap();
        prop_assert!(sure < posterior.views()[0].prior_variance);
    }

    #[test]
    fn certain_views_hold_exactly(draw in draws()) {
        let case = case(draw, Uncertainty::Confidence(1.0));
        let posterior = case.model.posterior(&case.universe, &case.dense).unwrap();
        for (view, row) in posterior.views().iter().zip(case.p.rows()) {
            prop_assert!((posterior.mean().dot(&row) - view.value).abs() < 1e-10);
            prop_assert!((view.posterior_value - view.value).abs() < 1e-10);
            prop_assert!(posterior.mean_covariance().variance_of(row).unwrap() < 1e-12);
        }
    }
}

#[test]
fn no_view_or_none_that_counts_is_the_prior_to_the_bit() {
    let (universe, risk, prior) = he_litterman();
    let none = BlackLitterman::new(prior.clone()).posterior(&universe, &risk).unwrap();
    let dropped = BlackLitterman::new(prior)
        .with_view(germany().with_uncertainty(Uncertainty::Confidence(0.0)))
        .posterior(&universe, &risk)
        .unwrap();
    for posterior in [&none, &dropped] {
        assert_eq!(posterior.mean(), posterior.prior_mean());
        assert!(posterior.test().is_none());
        let idzorek = posterior.weights(WeightsCovariance::Prior, 2.5).unwrap().weights;
        close(idzorek.view(), &[0.016, 0.022, 0.052, 0.055, 0.116, 0.124, 0.615], 1e-16);
    }
    assert_eq!(dropped.views()[0].implied_confidence, Some(0.0));
    assert_eq!(dropped.views()[0].posterior_value, dropped.views()[0].prior_value);
}

#[test]
fn half_confidence_is_proportional_and_distance_has_parts() {
    let (universe, risk, prior) = idzorek();
    let model = BlackLitterman::new(prior).with_views(idzorek_views());
    let proportional = model.posterior(&universe, &risk).unwrap();
    let half = model.views().iter().cloned().map(|view| view.with_uncertainty(Uncertainty::Confidence(0.5)));
    let half = BlackLitterman::new(model.prior.clone()).with_views(half).posterior(&universe, &risk).unwrap();
    assert_eq!(proportional.mean(), half.mean());
    let test = half.test().unwrap();
    let parts: f64 = half.views().iter().map(|view| view.distance).sum();
    assert!((parts - test.distance).abs() < 1e-14);
    assert_eq!(test.degrees_of_freedom, 3);
    // The same errors as one matrix.
    let errors: Array1<f64> = half.views().iter().map(|view| view.error_variance.unwrap()).collect();
    let whole = model.with_view_covariance(Covariance::new(Array2::from_diag(&errors)).unwrap());
    assert_eq!(whole.posterior(&universe, &risk).unwrap().mean(), half.mean());
}

/// A view 1.96 standard deviations from the prior has a two-sided p-value of 5 %.
#[test]
fn test_of_one_view_is_the_two_sided_normal_test() {
    let universe = Universe::named(["A"]).unwrap();
    let risk = RiskModel::from(Covariance::new(array![[0.04]]).unwrap());
    // τΣ + ω = 0.01 · 0.04 + 0.0021 = 0.05².
    let view = View::absolute("A", 0.05 * 1.959963984540054).with_uncertainty(Uncertainty::Variance(0.0021));
    let posterior =
        BlackLitterman::new(Prior::Mean(vec![0.0])).with_tau(0.01).with_view(view).posterior(&universe, &risk).unwrap();
    assert!((posterior.test().unwrap().p_value - 0.05).abs() < 1e-9);
    assert!((posterior.views()[0].surprise.unwrap() - 1.959963984540054).abs() < 1e-12);
}

/// The factor joins the assets as one more of them; a view on it must do to the assets what it does there.
#[test]
fn a_view_on_a_factor_is_a_view_on_an_asset_that_is_not_held() {
    let factors = Covariance::new(array![[0.04, 0.01], [0.01, 0.09]]).unwrap();
    let loadings = array![[1.0, 0.2], [0.8, -0.5], [1.2, 0.9]];
    let residuals = array![0.02, 0.03, 0.01];
    let small = FactorCovariance::new(loadings.clone(), factors.clone(), residuals.clone()).unwrap();
    // Assets, then both factors as assets without residual.
    let all = concatenate(Axis(0), &[loadings.view(), Array2::eye(2).view()]).unwrap();
    let big = FactorCovariance::new(all, factors, array![0.02, 0.03, 0.01, 0.0, 0.0]).unwrap().to_dense().unwrap();
    let weights = vec![0.5, 0.3, 0.2];
    let prior = |w: Vec<f64>| Prior::Equilibrium { risk_aversion: 3.0, weights: Weights::new(w).unwrap() };
    for uncertainty in [Uncertainty::Proportional, Uncertainty::Confidence(1.0), Uncertainty::Variance(1e-4)] {
        let on = |view: View| view.with_uncertainty(uncertainty);
        let narrow = BlackLitterman::new(prior(weights.clone()))
            .with_views([on(View::factor(0, 0.03)), on(View::absolute("B", 0.1)), on(View::factor(1, -0.02))])
            .posterior(&Universe::named(["A", "B", "C"]).unwrap(), &small.clone().into())
            .unwrap();
        let mut longer = weights.clone();
        longer.extend([0.0, 0.0]);
        let wide = BlackLitterman::new(prior(longer))
            .with_views([on(View::absolute("F", 0.03)), on(View::absolute("B", 0.1)), on(View::absolute("G", -0.02))])
            .posterior(&Universe::named(["A", "B", "C", "F", "G"]).unwrap(), &big.clone().into())
            .unwrap();
        for i in 0..3 {
            assert!((narrow.mean()[i] - wide.mean()[i]).abs() < 1e-12, "{uncertainty:?}");
            let (a, b) = (&narrow.views()[i], &wide.views()[i]);
            assert!(
                (a.prior_value - b.prior_value).abs() < 1e-12 && (a.posterior_value - b.posterior_value).abs() < 1e-12
            );
        }
        let factor =
            View::factor(1, f64::NAN).variance(&Universe::named(["A", "B", "C"]).unwrap(), &small.clone().into());
        assert!((factor.unwrap() - 0.09).abs() < 1e-15);
        // Optimal weights of the three assets alone.
        let weights = narrow.weights(WeightsCovariance::Posterior, 3.0).unwrap().weights;
        let back = narrow.covariance().product(weights.view()).unwrap() * 3.0;
        close(back.view(), narrow.mean().as_slice().unwrap(), 1e-12);
    }
}

#[test]
fn loadings_view_is_the_least_squares_factor_return() {
    let risk = RiskModel::from(Covariance::new(array![[0.04, 0.0], [0.0, 0.01]]).unwrap());
    let universe = Universe::named(["A", "B"]).unwrap();
    let view = View::loadings([("A", 1.0), ("B", 0.5)], 0.02).with_uncertainty(Uncertainty::Confidence(1.0));
    let posterior =
        BlackLitterman::new(Prior::Mean(vec![0.0, 0.0])).with_view(view).posterior(&universe, &risk).unwrap();
    // Σ⁻¹b = (25, 50), b'Σ⁻¹b = 50: the portfolio is (½, 1), and assets move by their loading times the return.
    close(posterior.mean(), &[0.02, 0.01], 1e-16);
}

#[test]
fn yearly_views_and_total_returns_are_converted_once() {
    let universe = Universe::named(["A", "B"]).unwrap();
    let yearly = Covariance::new(array![[0.04, 0.01], [0.01, 0.09]]).unwrap();
    let monthly = Covariance::new(yearly.view().mapv(|v| v / 12.0)).unwrap();
    let prior = Prior::Equilibrium { risk_aversion: 2.0, weights: Weights::new(vec![0.5, 0.5]).unwrap() };
    let view = View::relative("A", "B", 0.06);
    let by_year = BlackLitterman::new(prior.clone())
        .with_view(view.clone().with_uncertainty(Uncertainty::Confidence(0.3)))
        .posterior(&universe, &yearly.into())
        .unwrap();
    let total = view.clone().with_return_kind(ReturnKind::Total).per_year();
    let by_month = BlackLitterman::new(prior.clone())
        .with_basis(ReturnBasis::Total { risk_free: 0.003 })
        .with_frequency(Frequency::Monthly)
        .with_view(total.with_uncertainty(Uncertainty::Confidence(0.3)))
        .posterior(&universe, &monthly.clone().into())
        .unwrap();
    let back = by_month.mean().mapv(|v| (v - 0.003) * 12.0);
    close(back.view(), by_year.mean().as_slice().unwrap(), 1e-14);
    close(
        by_month.weights(WeightsCovariance::Posterior, 2.0).unwrap().weights.view(),
        by_year.weights(WeightsCovariance::Posterior, 2.0).unwrap().weights.view().as_slice().unwrap(),
        1e-14,
    );
    let sure = BlackLitterman::new(prior)
        .with_frequency(Frequency::Monthly)
        .with_view(view.per_year().with_uncertainty(Uncertainty::StandardDeviation(0.12)))
        .posterior(&universe, &monthly.into())
        .unwrap();
    assert!((sure.views()[0].error_variance.unwrap() - 1e-4).abs() < 1e-18);
}

#[test]
fn certain_views_that_depend_on_each_other_are_named() {
    let (universe, risk, prior) = he_litterman();
    let sure = |view: View| view.with_uncertainty(Uncertainty::Confidence(1.0));
    let model = BlackLitterman::new(prior)
        .with_view(View::absolute("JAP", 0.05))
        .with_views([sure(View::relative("GER", "FRA", 0.01)), sure(View::relative("FRA", "UKG", 0.01))]);
    let message = |last: View| {
        let error = model.clone().with_view(sure(last)).posterior(&universe, &risk).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Infeasible);
        error.to_string()
    };
    let contradiction = message(View::relative("GER", "UKG", 0.05));
    assert!(contradiction.contains("contradict") && contradiction.contains("GER over UKG"), "{contradiction}");
    assert!(!contradiction.contains("JAP"), "{contradiction}");
    assert!(message(View::relative("GER", "UKG", 0.02)).contains("repeat"));
}

/// The paper prints 3.07; the digits are its tables 1, 2 and 5 put together in full precision.
#[test]
fn risk_aversion_of_idzorek() {
    let (_, risk, prior) = idzorek();
    let Prior::Equilibrium { weights, .. } = prior else { panic!("an equilibrium") };
    let implied = array![0.0008, 0.0067, 0.0641, 0.0408, 0.0743, 0.0370, 0.0480, 0.0660];
    let found = |scale: f64, implied: &Array1<f64>| {
        implied_risk_aversion(&risk, (&weights.view() * scale).view(), implied.view())
    };
    assert!((found(1.0, &implied).unwrap() / IDZOREK_AVERSION - 1.0).abs() < 1e-12);
    // Scaled alike; the squares of numbers this small would be zero.
    let tiny = found(1e-200, &(&implied * 1e-200)).unwrap();
    assert!((tiny / IDZOREK_AVERSION - 1.0).abs() < 1e-12);

    let kind = |scale, implied: &Array1<f64>| found(scale, implied).unwrap_err().kind();
    assert_eq!(kind(0.0, &implied), ErrorKind::Undefined);
    for bad in [-&implied, Array1::zeros(8), Array1::zeros(7), Array1::from_elem(8, f64::NAN)] {
        assert_eq!(kind(1.0, &bad), ErrorKind::InvalidInput, "{bad}");
    }
    assert_eq!(kind(f64::NAN, &implied), ErrorKind::InvalidInput);
}

#[test]
fn fully_invested_weights_sum_to_1_or_are_refused() {
    let universe = Universe::named(["A", "B"]).unwrap();
    let risk = RiskModel::from(Covariance::new(array![[0.5, 0.0], [0.0, 0.25]]).unwrap());
    let scaled = |mean: Vec<f64>| {
        let posterior = BlackLitterman::new(Prior::Mean(mean)).posterior(&universe, &risk).unwrap();
        posterior.weights(WeightsCovariance::Prior, 1.0).unwrap().fully_invested()
    };
    // Without views (δΣ)⁻¹π: 0.02 · 2 and −0.005 · 4.
    close(scaled(vec![0.02, -0.005]).unwrap().view(), &[2.0, -1.0], 1e-15);
    for short in [vec![-0.02, 0.005], vec![0.02, -0.01], vec![0.0, 0.0]] {
        assert_eq!(scaled(short).unwrap_err().kind(), ErrorKind::Undefined);
    }
}

#[test]
fn hostile_input_is_refused() {
    let (universe, risk, prior) = he_litterman();
    let model = BlackLitterman::new(prior.clone());
    let with = |view: View| model.clone().with_view(view);
    let long = Prior::Mean(vec![0.0; 8]);
    let nan = Prior::Mean(vec![f64::NAN; 7]);
    let aversion = Prior::Equilibrium { risk_aversion: -1.0, weights: Weights::equal(7).unwrap() };
    let bad = [
        ("tau", model.clone().with_tau(0.0)),
        ("tau", model.clone().with_tau(f64::NAN)),
        ("XYZ", with(View::absolute("XYZ", 0.1))),
        ("NaN", with(View::absolute("GER", f64::NAN))),
        ("twice", with(View::relative("GER", "GER", 0.1))),
        ("positions", with(View::portfolio(Vec::<(String, f64)>::new(), 0.1))),
        ("positions", with(View::portfolio([("GER", 0.0)], 0.1))),
        ("inf", with(View::portfolio([("GER", f64::INFINITY)], 0.1))),
        ("frequency", with(View::absolute("GER", 0.1).per_year())),
        ("Total", with(View::absolute("GER", 0.1).with_return_kind(ReturnKind::Total))),
        ("factors", with(View::factor(0, 0.1))),
        ("domain", with(germany().with_uncertainty(Uncertainty::Variance(-1.0)))),
        ("domain", with(germany().with_uncertainty(Uncertainty::StandardDeviation(f64::NAN)))),
        ("domain", with(germany().with_uncertainty(Uncertainty::Confidence(1.1)))),
        (
            "view covariance",
            with(germany()).with_view_covariance(Covariance::new(array![[1.0, 0.0], [0.0, 1.0]]).unwrap()),
        ),
        ("prior mean", BlackLitterman::new(long)),
        ("prior mean", BlackLitterman::new(nan)),
        ("risk aversion", BlackLitterman::new(aversion)),
        ("risk-free", model.clone().with_basis(ReturnBasis::Total { risk_free: f64::INFINITY })),
    ];
    for (word, model) in bad {
        let error = model.posterior(&universe, &risk).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().contains(word), "{word}: {error}");
    }
    let indefinite = Covariance::new(array![[1.0, 2.0], [2.0, 1.0]]).unwrap();
    let two = with(germany()).with_view(View::absolute("USA", 0.1)).with_view_covariance(indefinite);
    assert_eq!(two.posterior(&universe, &risk).unwrap_err().kind(), ErrorKind::Numerical);
}

#[test]
fn other_assets_and_views_on_nothing_that_varies_are_refused() {
    let ids = |names: [&str; 2]| names.map(|name| AssetId::new(name).unwrap()).to_vec();
    let covariance = Covariance::new(array![[0.04, 0.04], [0.04, 0.04]]).unwrap();
    let universe = Universe::named(["A", "B"]).unwrap();
    let model = BlackLitterman::new(Prior::Mean(vec![0.01, 0.02])).with_view(View::relative("A", "B", 0.0));
    let swapped = RiskModel::from(covariance.clone().with_assets(ids(["B", "A"])).unwrap());
    assert!(model.posterior(&universe, &swapped).unwrap_err().to_string().contains("position 0 is B"));
    let misplaced = View::absolute("A", 0.0).variance(&universe, &swapped).unwrap_err();
    assert!(misplaced.to_string().contains("position 0 is B"));
    let twins = RiskModel::from(covariance.clone());
    assert_eq!(View::relative("A", "B", 0.0).variance(&universe, &twins).unwrap(), 0.0);
    assert_eq!(View::absolute("C", 0.0).variance(&universe, &twins).unwrap_err().kind(), ErrorKind::InvalidInput);
    // Twins: their difference has no variance, so a proportional view on it is certain.
    let error = model.posterior(&universe, &covariance.into()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Infeasible);
}

#[test]
fn settings_and_results_survive_storage() -> Result<()> {
    let (universe, risk, prior) = he_litterman();
    let model = BlackLitterman::new(prior).with_frequency(Frequency::Monthly).with_view(germany());
    let stored = serde_json::to_string(&model).unwrap();
    assert_eq!(serde_json::from_str::<BlackLitterman>(&stored).unwrap(), model);
    let posterior = model.posterior(&universe, &risk)?;
    let weights = posterior.weights(WeightsCovariance::Posterior, 2.5)?;
    let stored = serde_json::to_string(&weights).unwrap();
    assert_eq!(serde_json::from_str::<PosteriorWeights>(&stored).unwrap(), weights);
    let stored = serde_json::to_string(posterior.views()).unwrap();
    assert_eq!(serde_json::from_str::<Vec<ViewReport>>(&stored).unwrap(), posterior.views());
    Ok(())
}

//! What the tests of several methods share.

use alluse_risk_core::Covariance;
use ndarray::{Array2, array};
use proptest::prelude::*;

/// The covariance of the ten simulated assets of Lopez de Prado (2016), from the paper's seeds.
pub(super) fn published_covariance() -> Covariance {
    let matrix = array![
        [
            1.000647799437,
            -0.00305047911,
            0.010033223999,
            -0.010759689408,
            -0.005036503239,
            0.008762562917,
            0.998201624512,
            -0.001393195666,
            -0.001254521813,
            -0.009365990859
        ],
        [
            -0.00305047911,
            1.009021348874,
            0.008613816544,
            0.007334477582,
            -0.009492687711,
            0.013031817055,
            -0.009420720097,
            -0.01534622266,
            1.010520047378,
            1.01333484911
        ],
        [
            0.010033223999,
            0.008613816544,
            1.000739363177,
            -0.00063788529,
            0.001783292511,
            1.001574768098,
            0.006385368265,
            0.001922316188,
            0.012902049533,
            0.007997934904
        ],
        [
            -0.010759689408,
            0.007334477582,
            -0.00063788529,
            1.011854725097,
            0.005759976488,
            0.00090581211,
            -0.011912269364,
            0.000461894368,
            0.012572660742,
            0.009621670361
        ],
        [
            -0.005036503239,
            -0.009492687711,
            0.001783292511,
            0.005759976488,
            1.005835877857,
            0.005606343319,
            -0.009643250271,
            1.008567426567,
            -0.006183035044,
            -0.007942769744
        ],
        [
            0.008762562917,
            0.013031817055,
            1.001574768098,
            0.00090581211,
            0.005606343319,
            1.064309824816,
            0.004413959926,
            0.005780147854,
            0.017185396183,
            0.011601335722
        ],
        [
            0.998201624512,
            -0.009420720097,
            0.006385368265,
            -0.011912269364,
            -0.009643250271,
            0.004413959926,
            1.0581720267,
            -0.006755374115,
            -0.008099180692,
            -0.016240270608
        ],
        [
            -0.001393195666,
            -0.01534622266,
            0.001922316188,
            0.000461894368,
            1.008567426567,
            0.005780147854,
            -0.006755374115,
            1.074833155118,
            -0.011903468576,
            -0.013738377763
        ],
        [
            -0.001254521813,
            1.010520047378,
            0.012902049533,
            0.012572660742,
            -0.006183035044,
            0.017185396183,
            -0.008099180692,
            -0.011903468576,
            1.075346676996,
            1.015220125576
        ],
        [
            -0.009365990859,
            1.01333484911,
            0.007997934904,
            0.009621670361,
            -0.007942769744,
            0.011601335722,
            -0.016240270608,
            -0.013738377763,
            1.015220125576,
            1.078586685668
        ],
    ];
    Covariance::new(matrix).unwrap()
}

/// Covariances of full rank: a product of random numbers and some variance of each asset's own.
pub(super) fn covariances(sizes: std::ops::Range<usize>) -> impl Strategy<Value = Covariance> {
    sizes.prop_flat_map(|n| {
        proptest::collection::vec(-1.0_f64..1.0, n * (n + 2)).prop_map(move |values| {
            let factors = Array2::from_shape_vec((n + 2, n), values).unwrap();
            let mut matrix = factors.t().dot(&factors);
            for (i, variance) in matrix.diag_mut().iter_mut().enumerate() {
                *variance += 0.1 * (i + 1) as f64;
            }
            let symmetric = 0.5 * (&matrix + &matrix.t());
            Covariance::new(symmetric).unwrap()
        })
    })
}

/// The same assets in another order: asset `i` stands at `places[i]`.
pub(super) fn relabelled(covariance: &Covariance, seed: u64) -> (Covariance, Vec<usize>) {
    let n = covariance.len();
    let mut places: Vec<usize> = (0..n).collect();
    let mut state = seed;
    for last in (1..n).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        places.swap(last, (state >> 33) as usize % (last + 1));
    }
    let mut matrix = Array2::zeros((n, n));
    for ((i, j), value) in covariance.view().indexed_iter() {
        matrix[[places[i], places[j]]] = *value;
    }
    (Covariance::new(matrix).unwrap(), places)
}

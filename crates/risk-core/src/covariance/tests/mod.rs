//! Tests of the whole module; the ones that need eigenvalues run with either backend.

mod estimators;
mod matrix;
#[cfg(any(feature = "linalg", feature = "lapack"))]
mod nearest;
#[cfg(any(feature = "linalg", feature = "lapack"))]
mod repair;

use ndarray::{Array2, array};
use proptest::prelude::*;

/// Seven returns of three assets with ties.
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

#[track_caller]
fn all_close(got: ndarray::ArrayView2<'_, f64>, want: &Array2<f64>, tolerance: f64) {
    assert_eq!(got.dim(), want.dim());
    for (place, want) in want.indexed_iter() {
        assert!((got[place] - want).abs() <= tolerance, "{place:?}: got {}, want {want}", got[place]);
    }
}

fn samples() -> impl Strategy<Value = Array2<f64>> {
    (5..30_usize, 1..6_usize).prop_flat_map(|(n, assets)| {
        prop::collection::vec(-0.1..0.1_f64, n * assets)
            .prop_map(move |data| Array2::from_shape_vec((n, assets), data).unwrap())
    })
}

//! Tests of the whole module; the ones that need eigenvalues run with either backend.

mod estimators;
mod matrix;
#[cfg(any(feature = "linalg", feature = "lapack"))]
mod nearest;
#[cfg(any(feature = "linalg", feature = "lapack"))]
mod repair;
mod shrinkage;
#[cfg(any(feature = "linalg", feature = "lapack"))]
mod structured;

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

/// Returns with a common swing, waves of their own, and no randomness, so that other programs can make them too.
fn waves(observations: usize, assets: usize) -> Array2<f64> {
    Array2::from_shape_fn((observations, assets), |(t, i)| {
        let (t, i) = ((t + 1) as f64, (i + 1) as f64);
        0.01 * ((1.7 * t + i * i).sin() + 0.8 * (0.9 * t).sin() + 0.3 * (2.3 * t * i).cos())
    })
}

#[track_caller]
fn row_close(got: ndarray::ArrayView1<'_, f64>, want: &[f64], tolerance: f64) {
    let want = Array2::from_shape_vec((1, want.len()), want.to_vec()).unwrap();
    all_close(got.insert_axis(ndarray::Axis(0)), &want, tolerance);
}

mod enumeration;
mod flat;
mod hostile;
mod published;
mod random;
mod timing;

use ndarray::{Array1, Array2};
use rand::RngExt;

use crate::{Hessian, QuadraticProgram};

/// A positive definite matrix that looks like a covariance: a few common factors and something of each asset's own.
pub(super) fn covariance(n: usize, seed: u64) -> Array2<f64> {
    let mut rng = alluse_risk_core::streams::Streams::new(seed).block(0);
    let factors = 3.min(n);
    let loadings = Array2::from_shape_fn((n, factors), |_| rng.random::<f64>() - 0.3);
    let mut matrix = loadings.dot(&loadings.t());
    for i in 0..n {
        matrix[[i, i]] += 0.05 + rng.random::<f64>();
    }
    matrix
}

/// Full investment, weights between 0 and `cap`, and sectors of every `sectors`-th asset between two shares.
pub(super) fn sectors(matrix: &Array2<f64>, cap: f64, sectors: usize, share: (f64, f64)) -> QuadraticProgram<'_> {
    let n = matrix.nrows();
    let rows = Array2::from_shape_fn((1 + sectors, n), |(r, i)| f64::from(u8::from(r == 0 || i % sectors == r - 1)));
    let side = |share: f64| Array1::from_shape_fn(1 + sectors, |r| if r == 0 { 1.0 } else { share });
    QuadraticProgram::new(Hessian::Dense(matrix.view()), Array1::zeros(n))
        .and_then(|program| program.with_bounds(Array1::zeros(n), Array1::from_elem(n, cap)))
        .and_then(|program| program.with_rows(rows, side(share.0), side(share.1)))
        .unwrap()
}

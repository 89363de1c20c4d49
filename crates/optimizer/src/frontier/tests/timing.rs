//! Times on one core; run by hand with `--release -- --ignored --nocapture`.

use std::time::Instant;

use alluse_risk_core::Covariance;
use ndarray::{Array1, Array2};
use rand::RngExt;

use crate::RiskModel;
use crate::frontier::CriticalLine;

#[test]
#[ignore = "a measurement"]
fn traces() {
    for n in [20, 100, 500] {
        let mut rng = alluse_risk_core::streams::Streams::new(4).block(0);
        let loadings = Array2::from_shape_fn((n, 5), |_| rng.random::<f64>() - 0.3);
        let mut matrix = loadings.dot(&loadings.t());
        matrix.diag_mut().iter_mut().for_each(|v| *v += 0.05 + rng.random::<f64>());
        let mean = Array1::from_shape_fn(n, |_| 0.1 * rng.random::<f64>());
        let risk = RiskModel::from(Covariance::new(matrix).unwrap());
        let line = CriticalLine::new(mean.view(), &risk).unwrap();
        let start = Instant::now();
        let frontier = line.trace().unwrap();
        eprintln!("{n}: {:?}, {} corners", start.elapsed(), frontier.corners.len());
    }
}

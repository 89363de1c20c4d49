//! Data and programs that the tests share.

use alluse_risk_core::streams::Streams;
use ndarray::{Array1, Array2};

use super::super::{HingeBlock, HingeProgram, Penalty};

/// Daily-sized returns of three fat-tailed factors and a residual an asset.
pub(super) fn fat_tailed_returns(assets: usize, scenarios: usize, seed: u64) -> Array2<f64> {
    let normals = Streams::new(seed).standard_normals(scenarios, assets + 5);
    let loadings = Streams::new(seed + 1).standard_normals(3, assets);
    Array2::from_shape_fn((scenarios, assets), |(s, j)| {
        // Student's t with two degrees of freedom less a normal: normal over the root of a mean of squares.
        let mix = (0.5 * (normals[[s, 0]].powi(2) + normals[[s, 1]].powi(2))).sqrt().max(0.2);
        let common = 1.0 + 0.3 * loadings[[0, j]];
        let factors = common * normals[[s, 2]]
            + 0.4 * loadings[[1, j]] * normals[[s, 3]]
            + 0.4 * loadings[[2, j]] * normals[[s, 4]];
        0.0003 + 0.0001 * loadings[[2, j]] + 0.006 * (factors + 1.2 * normals[[s, 5 + j]]) / mix
    })
}

/// Expected shortfall of a long-only, fully invested portfolio; the last variable is the threshold.
pub(super) fn cvar(returns: &Array2<f64>, confidence: f64, upper: f64) -> HingeProgram<'_> {
    let (scenarios, n) = returns.dim();
    let mut linear = Array1::zeros(n + 1);
    linear[n] = 1.0;
    let mut low = Array1::zeros(n + 1);
    let mut high = Array1::from_elem(n + 1, upper);
    (low[n], high[n]) = (f64::NEG_INFINITY, f64::INFINITY);
    let mut budget = Array2::ones((1, n + 1));
    budget[[0, n]] = 0.0;
    let costs = Array1::from_elem(scenarios, 1.0 / ((1.0 - confidence) * scenarios as f64));
    let block = HingeBlock::new(returns.view(), Penalty::Linear(costs)).with_factor(-1.0).with_level(n, -1.0);
    HingeProgram::new(linear)
        .and_then(|p| p.with_bounds(low, high))
        .and_then(|p| p.with_rows(budget, vec![1.0], vec![1.0]))
        .and_then(|p| p.with_block(block))
        .unwrap()
}

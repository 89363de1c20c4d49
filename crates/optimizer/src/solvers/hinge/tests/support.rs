//! Data, programs and a check of the optimality conditions that the tests share.

use alluse_risk_core::streams::Streams;
use ndarray::{Array1, Array2, Axis};

use super::super::{HingeBlock, HingeProgram, HingeSolution, Penalty};

/// Daily-sized returns of three factors and a residual an asset, with fat tails.
pub(super) fn fat_tailed_returns(assets: usize, scenarios: usize, seed: u64) -> Array2<f64> {
    let normals = Streams::new(seed).standard_normals(scenarios, assets + 5);
    let loadings = Streams::new(seed + 1).standard_normals(3, assets);
    Array2::from_shape_fn((scenarios, assets), |(s, j)| {
        // Student's t with two degrees of freedom, its tail cut: a normal over the root of a mean of squares.
        let mix = (0.5 * (normals[[s, 0]].powi(2) + normals[[s, 1]].powi(2))).sqrt().max(0.2);
        let common = 1.0 + 0.3 * loadings[[0, j]];
        let factors = common * normals[[s, 2]]
            + 0.4 * loadings[[1, j]] * normals[[s, 3]]
            + 0.4 * loadings[[2, j]] * normals[[s, 4]];
        0.0003 + 0.0001 * loadings[[2, j]] + 0.006 * (factors + 1.2 * normals[[s, 5 + j]]) / mix
    })
}

/// `1'w = 1`, `0 ≤ w ≤ upper` and `extra` free variables behind the weights, of cost `cost`.
fn long_only<'a>(assets: usize, extra: usize, cost: f64, upper: f64) -> HingeProgram<'a> {
    let n = assets + extra;
    let is_weight = |j: usize| j < assets;
    let linear = Array1::from_shape_fn(n, |j| if is_weight(j) { 0.0 } else { cost });
    let low = Array1::from_shape_fn(n, |j| if is_weight(j) { 0.0 } else { f64::NEG_INFINITY });
    let high = Array1::from_shape_fn(n, |j| if is_weight(j) { upper } else { f64::INFINITY });
    let budget = Array2::from_shape_fn((1, n), |(_, j)| if is_weight(j) { 1.0 } else { 0.0 });
    HingeProgram::new(linear)
        .and_then(|p| p.with_bounds(low, high))
        .and_then(|p| p.with_rows(budget, vec![1.0], vec![1.0]))
        .unwrap()
}

/// The hinges of expected shortfall over the first columns; `threshold` is the variable of value at risk.
pub(super) fn tail<'a>(returns: &'a Array2<f64>, confidence: f64, threshold: usize) -> HingeBlock<'a> {
    let scenarios = returns.nrows();
    let costs = Array1::from_elem(scenarios, 1.0 / ((1.0 - confidence) * scenarios as f64));
    HingeBlock::new(returns.view(), Penalty::Linear(costs)).with_factor(-1.0).with_level(threshold, -1.0)
}

/// Least expected shortfall, long only and fully invested; the last variable is the threshold.
pub(super) fn cvar(returns: &Array2<f64>, confidence: f64, upper: f64) -> HingeProgram<'_> {
    let n = returns.ncols();
    long_only(n, 1, 1.0, upper).with_block(tail(returns, confidence, n)).unwrap()
}

/// The same with a floor under the mean return.
pub(super) fn cvar_with_floor(returns: &Array2<f64>, confidence: f64, upper: f64, floor: f64) -> HingeProgram<'_> {
    let n = returns.ncols();
    let means = returns.mean_axis(Axis(0)).unwrap();
    let rows = Array2::from_shape_fn((2, n + 1), |(i, j)| match (i, j) {
        (_, j) if j == n => 0.0,
        (0, _) => 1.0,
        (_, j) => means[j],
    });
    cvar(returns, confidence, upper).with_rows(rows, vec![1.0, floor], vec![1.0, f64::INFINITY]).unwrap()
}

/// Largest mean return under a limit on expected shortfall.
pub(super) fn mean_under_limit(returns: &Array2<f64>, confidence: f64, limit: f64) -> HingeProgram<'_> {
    let n = returns.ncols();
    let means = returns.mean_axis(Axis(0)).unwrap();
    let linear = Array1::from_shape_fn(n + 1, |j| if j < n { -means[j] } else { 0.0 });
    let rows = Array2::from_shape_fn((2, n + 1), |(i, j)| f64::from(u8::from((i == 0) == (j < n))));
    let plain = long_only(n, 1, 0.0, 1.0);
    HingeProgram::new(linear)
        .and_then(|p| p.with_bounds(plain.lower, plain.upper))
        .and_then(|p| p.with_rows(rows, vec![1.0, f64::NEG_INFINITY], vec![1.0, limit]))
        .and_then(|p| p.with_block(tail(returns, confidence, n).charged_to_row(1)))
        .unwrap()
}

/// Least mean absolute deviation; `centred` are returns less their means.
pub(super) fn mean_absolute_deviation(centred: &Array2<f64>) -> HingeProgram<'_> {
    let costs = Array1::from_elem(centred.nrows(), 2.0 / centred.nrows() as f64);
    let block = HingeBlock::new(centred.view(), Penalty::Linear(costs)).with_factor(-1.0);
    long_only(centred.ncols(), 0, 0.0, 1.0).with_block(block).unwrap()
}

/// Least semivariance with `ddof = 1`.
pub(super) fn semivariance(centred: &Array2<f64>) -> HingeProgram<'_> {
    let costs = Array1::from_elem(centred.nrows(), 2.0 / (centred.nrows() as f64 - 1.0));
    let block = HingeBlock::new(centred.view(), Penalty::Squared(costs)).with_factor(-1.0);
    long_only(centred.ncols(), 0, 0.0, 1.0).with_block(block).unwrap()
}

/// Least worst loss; the last variable is that loss.
pub(super) fn worst_loss(returns: &Array2<f64>) -> HingeProgram<'_> {
    let n = returns.ncols();
    let block = HingeBlock::new(returns.view(), Penalty::Forbidden).with_factor(-1.0).with_level(n, -1.0);
    long_only(n, 1, 1.0, 1.0).with_block(block).unwrap()
}

pub(super) fn centred(returns: &Array2<f64>) -> Array2<f64> {
    returns - &returns.mean_axis(Axis(0)).unwrap()
}

/// One scenario's affine function at `x`, and its coefficients.
fn affine(block: &HingeBlock<'_>, s: usize, x: &Array1<f64>) -> (f64, Array1<f64>) {
    let mut row = Array1::zeros(x.len());
    for (j, value) in block.matrix.row(s).iter().enumerate() {
        row[block.first + j] = block.factor * value;
    }
    for (variable, k) in &block.levels {
        row[*variable] += k;
    }
    (row.dot(x) + block.offsets[s], row)
}

/// Asserts the optimality conditions of a program without a Hessian, one by one from its data.
///
/// `tolerance` is relative to the sizes of the terms: a sum of scenarios rounds like its largest partial sum.
#[track_caller]
pub(super) fn assert_optimal(program: &HingeProgram<'_>, solution: &HingeSolution, tolerance: f64) {
    let x = &solution.x;
    let mut gradient = &program.linear + &solution.bound_multipliers + program.rows.t().dot(&solution.row_multipliers);
    let mut activity = program.rows.dot(x);
    let mut scale = program.linear.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    for (block, theta) in program.blocks.iter().zip(&solution.scenario_multipliers) {
        for s in 0..block.matrix.nrows() {
            let (value, row) = affine(block, s, x);
            let theta = theta[s];
            gradient.scaled_add(theta, &row);
            let size = row.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            scale = scale.max(theta * size);
            match &block.penalty {
                Penalty::Linear(costs) => {
                    // One scenario's term of the gradient, whether or not it is paid at the optimum.
                    scale = scale.max(if block.charged_row.is_none() { costs[s] * size } else { 0.0 });
                    let price = block.charged_row.map_or(1.0, |row| solution.row_multipliers[row]);
                    let cap = costs[s] * price;
                    assert!(theta >= 0.0 && theta <= cap * (1.0 + 1e-12), "θ {theta} of cap {cap}");
                    let loose = if value > 0.0 { cap - theta } else { theta };
                    assert!(loose * value.abs() <= tolerance * scale.max(cap) * size, "scenario {s}: {value} {theta}");
                    if let Some(row) = block.charged_row {
                        activity[row] += costs[s] * value.max(0.0);
                    }
                }
                Penalty::Squared(costs) => {
                    scale = scale.max(costs[s] * size * size);
                    let want = costs[s] * value.max(0.0);
                    assert!((theta - want).abs() <= tolerance * costs[s] * size, "scenario {s}: {theta} {want}");
                }
                Penalty::Forbidden => {
                    assert!(theta >= 0.0 && value <= tolerance * size, "scenario {s}: {value}");
                    assert!(theta * value.abs() <= tolerance * scale * size, "scenario {s}: {value} {theta}");
                }
            }
        }
    }
    // Nothing has a size where every coefficient is zero.
    let scale = if scale == 0.0 { 1.0 } else { scale };
    for (j, g) in gradient.iter().enumerate() {
        assert!(g.abs() <= tolerance * scale, "stationarity {j}: {g:e} of {scale:e}");
    }
    sides(x, &solution.bound_multipliers, &program.lower, &program.upper, tolerance, scale);
    sides(&activity, &solution.row_multipliers, &program.row_lower, &program.row_upper, tolerance, scale);
}

fn sides(
    value: &Array1<f64>,
    multipliers: &Array1<f64>,
    lower: &Array1<f64>,
    upper: &Array1<f64>,
    tolerance: f64,
    scale: f64,
) {
    for (i, (v, m)) in value.iter().zip(multipliers).enumerate() {
        assert!(*v >= lower[i] - tolerance && *v <= upper[i] + tolerance, "{i}: {v}");
        let distance = if *m > 0.0 { upper[i] - v } else { v - lower[i] };
        assert!(m.abs() * distance.abs().min(1.0) <= tolerance * scale, "{i}: {v} {m}");
    }
}

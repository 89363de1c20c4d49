//! The same programs by a general conic solver.

use clarabel::algebra::CscMatrix;
use clarabel::solver::{
    DefaultSettings, DefaultSolver, IPSolver, NonnegativeConeT, SolverStatus, SupportedConeT, ZeroConeT,
};
use ndarray::Array1;

use super::super::{HingeProgram, Penalty};
use super::support::*;

#[derive(Default)]
struct Triplets {
    rows: Vec<usize>,
    columns: Vec<usize>,
    values: Vec<f64>,
    sides: Vec<f64>,
}

impl Triplets {
    /// `row · x ≤ side`, or an equation.
    fn push(&mut self, entries: impl IntoIterator<Item = (usize, f64)>, side: f64) {
        for (column, value) in entries.into_iter().filter(|(_, v)| *v != 0.0) {
            self.rows.push(self.sides.len());
            self.columns.push(column);
            self.values.push(value);
        }
        self.sides.push(side);
    }
}

/// The objective and the variables by Clarabel: one auxiliary variable a scenario.
pub(super) fn clarabel(program: &HingeProgram<'_>, tolerance: f64) -> (f64, Array1<f64>) {
    let n = program.len();
    let total = n + program.blocks.iter().map(|block| block.matrix.nrows()).sum::<usize>();
    let mut cost: Vec<f64> = program.linear.to_vec();
    cost.resize(total, 0.0);
    let mut curve = vec![0.0; total];
    let (mut equations, mut rest) = (Triplets::default(), Triplets::default());
    let mut charges: Vec<Vec<(usize, f64)>> = vec![Vec::new(); program.rows.nrows()];
    let mut next = n;
    for block in &program.blocks {
        for s in 0..block.matrix.nrows() {
            let mut row: Vec<(usize, f64)> =
                block.matrix.row(s).iter().enumerate().map(|(j, v)| (block.first + j, block.factor * v)).collect();
            row.extend(block.levels.iter().copied());
            row.push((next, if block.penalty == Penalty::Forbidden { 0.0 } else { -1.0 }));
            rest.push(row, -block.offsets[s]);
            rest.push([(next, -1.0)], 0.0);
            match (&block.penalty, block.charged_row) {
                (Penalty::Linear(costs), Some(row)) => charges[row].push((next, costs[s])),
                (Penalty::Linear(costs), None) => cost[next] = costs[s],
                (Penalty::Squared(costs), _) => curve[next] = costs[s],
                (Penalty::Forbidden, _) => cost[next] = 1.0,
            }
            next += 1;
        }
    }
    for (i, row) in program.rows.outer_iter().enumerate() {
        let entries = || row.iter().copied().enumerate().chain(charges[i].iter().copied());
        let (low, high) = (program.row_lower[i], program.row_upper[i]);
        if low == high {
            equations.push(entries(), low);
            continue;
        }
        if high.is_finite() {
            rest.push(entries(), high);
        }
        if low.is_finite() {
            rest.push(entries().map(|(j, v)| (j, -v)), -low);
        }
    }
    for j in 0..n {
        if program.lower[j].is_finite() {
            rest.push([(j, -1.0)], -program.lower[j]);
        }
        if program.upper[j].is_finite() {
            rest.push([(j, 1.0)], program.upper[j]);
        }
    }
    let first = equations.sides.len();
    let cones: Vec<SupportedConeT<f64>> = vec![ZeroConeT(first), NonnegativeConeT(rest.sides.len())];
    equations.rows.extend(rest.rows.iter().map(|row| row + first));
    equations.columns.extend(rest.columns);
    equations.values.extend(rest.values);
    equations.sides.extend(rest.sides);
    let a =
        CscMatrix::new_from_triplets(equations.sides.len(), total, equations.rows, equations.columns, equations.values);
    let diagonal: Vec<usize> = (0..total).collect();
    let p = CscMatrix::new_from_triplets(total, total, diagonal.clone(), diagonal, curve);
    let mut settings = DefaultSettings { verbose: false, ..DefaultSettings::default() };
    (settings.tol_gap_abs, settings.tol_gap_rel, settings.tol_feas) = (tolerance, tolerance, tolerance);
    let mut solver = DefaultSolver::new(&p, &cost, &a, &equations.sides, &cones, settings).unwrap();
    solver.solve();
    let solution = &solver.solution;
    assert!(matches!(solution.status, SolverStatus::Solved | SolverStatus::AlmostSolved), "{:?}", solution.status);
    (solution.obj_val, solution.x.iter().take(n).copied().collect())
}

/// Returns in per cent, so that 1e-8 of the objective is relative.
#[track_caller]
fn same(program: &HingeProgram<'_>) {
    let solution = program.solve().unwrap();
    assert_optimal(program, &solution, 1e-8);
    let (objective, _) = clarabel(program, 1e-10);
    testkit::close(solution.objective, objective, 1e-8);
}

#[test]
fn random_programs_of_every_kind() {
    for seed in 0..6 {
        let returns = fat_tailed_returns(8, 150, 100 + 10 * seed) * 100.0;
        let centred = centred(&returns);
        same(&cvar(&returns, 0.9, 0.3));
        // Equal weights reach the floor.
        same(&cvar_with_floor(&returns, 0.95, 0.5, returns.mean().unwrap()));
        same(&mean_absolute_deviation(&centred));
        same(&semivariance(&centred));
        same(&worst_loss(&returns));
        let least = cvar(&returns, 0.9, 1.0).solve().unwrap().objective;
        same(&mean_under_limit(&returns, 0.9, 1.1 * least));
    }
}

/// Two tails at once, one in the objective and one as a limit, and a quadratic cost.
#[test]
fn several_blocks_share_the_variables() {
    let returns = fat_tailed_returns(6, 120, 5) * 100.0;
    let n = 6;
    let mut linear = Array1::zeros(n + 2);
    linear[n] = 1.0;
    let mut rows = ndarray::Array2::zeros((2, n + 2));
    rows.row_mut(0).iter_mut().take(n).for_each(|v| *v = 1.0);
    rows[[1, n + 1]] = 1.0;
    let bounds = |side: f64, free: f64| Array1::from_shape_fn(n + 2, |j| if j < n { side } else { free });
    let base = HingeProgram::new(linear)
        .and_then(|p| p.with_bounds(bounds(-0.2, f64::NEG_INFINITY), bounds(0.6, f64::INFINITY)))
        .unwrap();
    let with_limit = |limit: f64| {
        base.clone()
            .with_rows(rows.clone(), vec![1.0, f64::NEG_INFINITY], vec![1.0, limit])
            .and_then(|p| p.with_block(tail(&returns, 0.8, n)))
            .and_then(|p| p.with_block(tail(&returns, 0.98, n + 1).charged_to_row(1)))
            .unwrap()
    };
    let loose = with_limit(100.0).solve().unwrap();
    let tail_now = shortfall(&returns, &loose.x, 0.98);
    let tight = with_limit(0.97 * tail_now);
    same(&tight);
    let solution = tight.solve().unwrap();
    assert!(solution.objective > loose.objective && solution.row_multipliers[1] > 0.0);
    testkit::close(shortfall(&returns, &solution.x, 0.98), 0.97 * tail_now, 1e-9);
}

/// Expected shortfall from sorted losses; the tail is a whole number or a fraction of scenarios.
pub(super) fn shortfall(returns: &ndarray::Array2<f64>, x: &Array1<f64>, confidence: f64) -> f64 {
    let weights: Array1<f64> = x.iter().take(returns.ncols()).copied().collect();
    let mut losses = returns.dot(&weights).mapv(|r| -r).to_vec();
    losses.sort_by(|a, b| b.total_cmp(a));
    let mut left = (1.0 - confidence) * losses.len() as f64;
    let tail = left;
    let mut sum = 0.0;
    for loss in losses {
        let share = left.min(1.0);
        sum += share * loss;
        left -= share;
        if left <= 0.0 {
            break;
        }
    }
    sum / tail
}

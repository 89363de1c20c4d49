//! A third method for quadratic programs: the alternating direction method of multipliers in the form of Stellato et al.
//! (2020), on the weights alone.

use alluse_optimizer::problem::{Benchmark, Objective, RiskMeasure};
use ndarray::{Array1, Array2};

use crate::case::Case;
use crate::reference::linear_rows;

/// `½ s w'Σw + q'w + c`, all over the mean variance.
struct Quadratic {
    hessian: Array2<f64>,
    linear: Array1<f64>,
    constant: f64,
    size: f64,
}

fn quadratic(case: &Case) -> Quadratic {
    let sigma = case.market.root.t().dot(&case.market.root);
    let (scale, linear, constant) = match &case.objective {
        Objective::MinimiseRisk(RiskMeasure::Variance) => (2.0, Array1::zeros(case.market.len()), 0.0),
        Objective::MaximiseUtility { risk_aversion } => (*risk_aversion, -&case.market.mean, 0.0),
        Objective::MinimiseTrackingVariance(Benchmark::Weights(b)) => {
            let product = sigma.dot(&b.view());
            (2.0, -2.0 * &product, b.view().dot(&product))
        }
        other => panic!("{other} is not quadratic"),
    };
    let size = scale * sigma.diag().mean().unwrap();
    Quadratic { hessian: sigma * (scale / size), linear: linear / size, constant: constant / size, size }
}

/// The best value of the objective; `None` when the iterations did not settle.
pub(crate) fn best(case: &Case) -> Option<f64> {
    const OWN: f64 = 1e-8;
    const EQUATION: f64 = 1e3;
    let program = quadratic(case);
    let (rows, lower, upper) = linear_rows(case);
    let n = case.market.len();
    let (mut x, mut z, mut y) = (Array1::zeros(n), Array1::zeros(rows.nrows()), Array1::<f64>::zeros(rows.nrows()));
    let mut step = 1.0;
    let equation = |row: usize| upper[row] - lower[row] < 1e-12;
    let steps = |step: f64| -> Array1<f64> {
        (0..lower.len()).map(|row| if equation(row) { EQUATION * step } else { step }).collect()
    };
    let mut rho = steps(step);
    let mut factor = factorise(&program.hessian, &rows, &rho, OWN);
    for iteration in 1..=30_000 {
        let right = OWN * &x - &program.linear + rows.t().dot(&(&rho * &z - &y));
        let moved = solve(&factor, right);
        let image = rows.dot(&moved);
        x = 1.6 * &moved - 0.6 * &x;
        let relaxed = 1.6 * &image - 0.6 * &z;
        let wanted: Array1<f64> = &relaxed + &(&y / &rho);
        z = (0..lower.len()).map(|row| wanted[row].clamp(lower[row], upper[row])).collect();
        y += &(&rho * &(&relaxed - &z));
        if iteration % 25 != 0 {
            continue;
        }
        let largest = |v: &Array1<f64>| v.fold(0.0_f64, |most, e| most.max(e.abs()));
        let (image, bent, pull) = (rows.dot(&x), program.hessian.dot(&x), rows.t().dot(&y));
        let primal = largest(&(&image - &z));
        let dual = largest(&(&bent + &program.linear + &pull));
        let sizes = (largest(&z), largest(&bent).max(largest(&program.linear)).max(largest(&pull)));
        let value = 0.5 * x.dot(&bent) + program.linear.dot(&x);
        if primal <= 1e-10 && dual <= 1e-10 * sizes.1.max(1e-3) {
            let value = (value + program.constant) * program.size;
            return Some(if case.objective.is_maximised() { -value } else { value });
        }
        if iteration % 200 == 0 {
            let better = step * ((primal / sizes.0.max(1e-12)) / (dual / sizes.1.max(1e-12)).max(1e-300)).sqrt();
            if !(0.2..=5.0).contains(&(better / step)) {
                step = better.clamp(1e-6, 1e6);
                rho = steps(step);
                factor = factorise(&program.hessian, &rows, &rho, OWN);
            }
        }
    }
    None
}

/// The Cholesky factor of `H + own I + A' rho A`.
fn factorise(hessian: &Array2<f64>, rows: &Array2<f64>, rho: &Array1<f64>, own: f64) -> Array2<f64> {
    let weighted = Array2::from_shape_fn(rows.dim(), |(row, column)| rho[row] * rows[[row, column]]);
    let matrix = hessian + &rows.t().dot(&weighted) + &(Array2::<f64>::eye(hessian.nrows()) * own);
    let n = matrix.nrows();
    let mut lower = Array2::<f64>::zeros((n, n));
    for column in 0..n {
        for row in column..n {
            let inner: f64 = (0..column).map(|k| lower[[row, k]] * lower[[column, k]]).sum();
            let rest = matrix[[row, column]] - inner;
            lower[[row, column]] = if row == column { rest.sqrt() } else { rest / lower[[column, column]] };
        }
    }
    lower
}

fn solve(lower: &Array2<f64>, mut x: Array1<f64>) -> Array1<f64> {
    let n = x.len();
    for row in 0..n {
        let inner: f64 = (0..row).map(|k| lower[[row, k]] * x[k]).sum();
        x[row] = (x[row] - inner) / lower[[row, row]];
    }
    for row in (0..n).rev() {
        let inner: f64 = (row + 1..n).map(|k| lower[[k, row]] * x[k]).sum();
        x[row] = (x[row] - inner) / lower[[row, row]];
    }
    x
}

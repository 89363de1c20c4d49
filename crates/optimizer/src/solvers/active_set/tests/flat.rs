//! Programs that are flat in some direction.

use alluse_risk_core::covariance::FactorCovariance;
use alluse_risk_core::{Covariance, ErrorKind};
use ndarray::{Array1, Array2, array};

use super::covariance;
use crate::{Hessian, QuadraticProgram};

/// A linear program, `max 3x + 2y` with `x + y ≤ 4`, `x + 3y ≤ 7`, `x ≤ 3`: (3, 1), 11.
#[test]
fn a_linear_program_ends_in_its_corner() {
    let flat = Array2::zeros((2, 2));
    let solution = QuadraticProgram::new(Hessian::Dense(flat.view()), array![-3.0, -2.0])
        .and_then(|program| program.with_bounds(array![0.0, 0.0], array![3.0, f64::INFINITY]))
        .and_then(|p| {
            p.with_rows(array![[1.0, 1.0], [1.0, 3.0]], Array1::from_elem(2, -f64::INFINITY), array![4.0, 7.0])
        })
        .and_then(|program| program.solve())
        .unwrap();
    assert!((solution.x[0] - 3.0).abs() < 1e-12 && (solution.x[1] - 1.0).abs() < 1e-12, "{solution:?}");
    assert!((solution.objective + 11.0).abs() < 1e-12);
    assert!((solution.row_multipliers[0] - 2.0).abs() < 1e-12 && solution.row_multipliers[1].abs() < 1e-12);
    assert!((solution.bound_multipliers[0] - 1.0).abs() < 1e-12);
}

#[test]
fn what_falls_for_ever_is_unbounded_and_not_infeasible() {
    let flat = array![[1.0, 0.0], [0.0, 0.0]];
    let program = QuadraticProgram::new(Hessian::Dense(flat.view()), array![0.0, -1.0]).unwrap();
    assert_eq!(program.solve().unwrap_err().kind(), ErrorKind::Unbounded);
    let capped = program.clone().with_bounds(array![-1.0, -1.0], array![1.0, 1.0]).unwrap();
    assert!((capped.solve().unwrap().x[1] - 1.0).abs() < 1e-12);
    let torn = program.with_rows(array![[0.0, 1.0], [0.0, 1.0]], array![0.0, 1.0], array![0.0, 1.0]).unwrap();
    assert_eq!(torn.solve().unwrap_err().kind(), ErrorKind::Infeasible);
}

/// Fewer observations than assets: the least variance over the simplex, against the same with a little added to the
/// diagonal, whose variance is at most that little above.
#[test]
fn a_covariance_of_few_observations_is_solved() {
    let n = 12;
    let root = covariance(n, 4).slice_axis(ndarray::Axis(1), (0..5).into()).to_owned();
    let matrix = root.dot(&root.t());
    let program = super::sectors(&matrix, 1.0, 1, (1.0, 1.0));
    let least = program.solve().unwrap();
    let little = 1e-9;
    let near = program.clone().with_diagonal(Array1::from_elem(n, little)).unwrap().solve().unwrap();
    assert!((least.x.sum() - 1.0).abs() < 1e-9 && least.x.iter().all(|x| *x >= 0.0));
    assert!(least.objective <= near.objective + 1e-10 && near.objective <= least.objective + little);
}

#[test]
fn a_factor_model_without_residuals_is_solved() {
    // All risk is one factor's: the smallest loading alone.
    let model =
        FactorCovariance::new(array![[1.0], [2.0], [0.5]], Covariance::new(array![[0.04]]).unwrap(), Array1::zeros(3));
    let model = model.unwrap();
    let solution = QuadraticProgram::new(Hessian::Factored(&model), Array1::zeros(3))
        .and_then(|program| program.with_bounds(Array1::zeros(3), Array1::ones(3)))
        .and_then(|program| program.with_rows(Array2::ones((1, 3)), array![1.0], array![1.0]))
        .and_then(|program| program.solve())
        .unwrap();
    assert!((solution.x[2] - 1.0).abs() < 1e-9, "{solution:?}");
    assert!((solution.objective - 0.005).abs() < 1e-9);
}

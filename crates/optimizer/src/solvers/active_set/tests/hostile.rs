//! One wrong thing at a time.

use ndarray::{Array1, Array2, array};

use crate::{ActiveSet, Activity, Error, Hessian, QuadraticProgram};
use alluse_risk_core::ErrorKind;

#[test]
fn a_matrix_that_curves_down_is_refused_even_where_the_free_block_does_not() {
    // On the bound of the second variable every first-order condition holds; the minimum is elsewhere.
    let matrix = array![[1.0, 0.0], [0.0, -1.0]];
    let program = QuadraticProgram::new(Hessian::Dense(matrix.view()), array![0.0, 0.1])
        .and_then(|program| program.with_bounds(array![0.0, 0.0], array![1.0, 1.0]))
        .unwrap();
    let start = ActiveSet { bounds: vec![Activity::Inactive, Activity::Lower], rows: vec![] };
    for result in [program.solve(), program.solve_from(&start), program.proven_definite().and_then(|p| p.solve())] {
        let refused = alluse_risk_core::Error::NotPositiveSemidefinite { name: "hessian", smallest_eigenvalue: -1.0 };
        assert_eq!(result, Err(Error::Input(refused)));
    }
}

#[test]
fn a_matrix_with_a_nan_or_without_symmetry_is_refused() {
    for matrix in [array![[1.0, f64::NAN], [f64::NAN, 1.0]], array![[1.0, 0.5], [0.0, 1.0]]] {
        let program = QuadraticProgram::new(Hessian::Dense(matrix.view()), array![0.0, 0.0]).unwrap();
        assert_eq!(program.solve().unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(program.proven_definite().unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}

#[test]
fn limits_that_contradict_each_other_are_infeasible() {
    let matrix = Array2::<f64>::eye(3);
    let program = |rows: Array2<f64>, low: Array1<f64>, high: Array1<f64>| {
        QuadraticProgram::new(Hessian::Dense(matrix.view()), Array1::zeros(3))
            .and_then(|program| program.with_bounds(Array1::zeros(3), Array1::from_elem(3, 0.3)))
            .and_then(|program| program.with_rows(rows, low, high))
            .unwrap()
    };
    let none = f64::INFINITY;
    let cases = [
        program(Array2::ones((1, 3)), array![1.0], array![1.0]),
        program(Array2::ones((2, 3)), array![0.5, 0.6], array![0.5, 0.6]),
        program(array![[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]], array![0.2, -0.1], array![none, none]),
        program(Array2::zeros((1, 3)), array![1.0], array![1.0]),
    ];
    for program in cases {
        assert_eq!(program.solve().unwrap_err().kind(), ErrorKind::Infeasible);
    }
}

#[test]
fn equations_that_repeat_each_other_are_no_obstacle() {
    let matrix = array![[2.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 3.0]];
    let once = QuadraticProgram::new(Hessian::Dense(matrix.view()), Array1::zeros(3)).unwrap();
    let twice = once.clone().with_rows(array![[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]], array![1.0, 2.0], array![1.0, 2.0]);
    let once = once.with_rows(Array2::ones((1, 3)), array![1.0], array![1.0]);
    let (once, twice) = (once.unwrap().solve().unwrap(), twice.unwrap().solve().unwrap());
    assert!(once.x.iter().zip(&twice.x).all(|(a, b)| (a - b).abs() < 1e-14));
}

#[test]
fn a_guess_of_the_wrong_length_is_refused() {
    let matrix = Array2::<f64>::eye(2);
    let program = QuadraticProgram::new(Hessian::Dense(matrix.view()), Array1::zeros(2)).unwrap();
    for guess in [
        ActiveSet { bounds: vec![Activity::Lower], rows: vec![] },
        ActiveSet { bounds: vec![Activity::Lower; 2], rows: vec![Activity::Upper] },
    ] {
        assert!(matches!(program.solve_from(&guess), Err(Error::Input(_))));
    }
}

#[test]
fn a_guess_that_is_wrong_changes_nothing() {
    let matrix = super::covariance(12, 5);
    let program = super::sectors(&matrix, 0.2, 3, (0.2, 0.5));
    let cold = program.solve().unwrap();
    for side in [Activity::Lower, Activity::Upper, Activity::Inactive] {
        let guess = ActiveSet { bounds: vec![side; 12], rows: vec![side; 4] };
        let warm = program.solve_from(&guess).unwrap();
        assert!(warm.x.iter().zip(&cold.x).all(|(a, b)| (a - b).abs() < 1e-13));
    }
    let warm = program.solve_from(&cold.active_set()).unwrap();
    assert_eq!(warm.iterations, 1);
    assert!(warm.x.iter().zip(&cold.x).all(|(a, b)| (a - b).abs() < 1e-15));
}

#[test]
fn without_limits_it_is_a_linear_system() {
    let matrix = array![[4.0, 1.0], [1.0, 3.0]];
    let program = QuadraticProgram::new(Hessian::Dense(matrix.view()), array![-1.0, -2.0]).unwrap();
    let solution = program.solve().unwrap();
    assert!((solution.x[0] - 1.0 / 11.0).abs() < 1e-15 && (solution.x[1] - 7.0 / 11.0).abs() < 1e-15);
}

//! Published optima.

use ndarray::{Array1, Array2, array};

use crate::{Hessian, QuadraticProgram, QuadraticSolution};

const FREE: f64 = f64::INFINITY;

/// Maros and Mészáros (1999), *A repository of convex quadratic programming problems*, Hock-Schittkowski subset.
fn maros_meszaros(
    p: Array2<f64>,
    q: Array1<f64>,
    constant: f64,
    bounds: (Array1<f64>, Array1<f64>),
    rows: (Array2<f64>, Array1<f64>, Array1<f64>),
) -> QuadraticSolution {
    QuadraticProgram::new(Hessian::Dense(p.view()), q)
        .and_then(|program| program.with_constant(constant).with_bounds(bounds.0, bounds.1))
        .and_then(|program| program.with_rows(rows.0, rows.1, rows.2))
        .and_then(|program| program.solve())
        .unwrap()
}

#[test]
fn hs21() {
    let bounds = (array![2.0, -50.0], array![50.0, 50.0]);
    let rows = (array![[-10.0, 1.0]], array![-FREE], array![-10.0]);
    let solution = maros_meszaros(array![[0.02, 0.0], [0.0, 2.0]], array![0.0, 0.0], -100.0, bounds, rows);
    assert!((solution.objective + 99.96).abs() < 1e-12);
}

#[test]
fn hs35() {
    let p = array![[4.0, 2.0, 2.0], [2.0, 4.0, 0.0], [2.0, 0.0, 2.0]];
    let rows = (array![[1.0, 1.0, 2.0]], array![-FREE], array![3.0]);
    let bounds = (Array1::zeros(3), Array1::from_elem(3, FREE));
    let solution = maros_meszaros(p, array![-8.0, -6.0, -4.0], 9.0, bounds, rows);
    // The page gives 0.111111111, one ninth.
    assert!((solution.objective - 1.0 / 9.0).abs() < 1e-14);
}

#[test]
fn hs76() {
    let p = array![[2.0, 0.0, -1.0, 0.0], [0.0, 1.0, 0.0, 0.0], [-1.0, 0.0, 2.0, 1.0], [0.0, 0.0, 1.0, 1.0]];
    let a = array![[1.0, 2.0, 1.0, 1.0], [3.0, 1.0, 2.0, -1.0], [0.0, -1.0, -4.0, 0.0]];
    let rows = (a, Array1::from_elem(3, -FREE), array![5.0, 4.0, -1.5]);
    let bounds = (Array1::zeros(4), Array1::from_elem(4, FREE));
    let solution = maros_meszaros(p, array![-1.0, -3.0, 1.0, -1.0], 0.0, bounds, rows);
    assert!((solution.objective + 4.681_818_18).abs() < 5.1e-9);
}

fn three_equations() -> (Array2<f64>, Array1<f64>, Array1<f64>) {
    let a = array![[1.0, 3.0, 0.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0, -2.0], [0.0, 1.0, 0.0, 0.0, -1.0]];
    (a, Array1::zeros(3), Array1::zeros(3))
}

#[test]
fn hs52_whose_matrix_is_singular() {
    let p = array![
        [32.0, -8.0, 0.0, 0.0, 0.0],
        [-8.0, 4.0, 2.0, 0.0, 0.0],
        [0.0, 2.0, 2.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 2.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 2.0],
    ];
    let bounds = (Array1::from_elem(5, -FREE), Array1::from_elem(5, FREE));
    let q = array![0.0, -4.0, -4.0, -2.0, -2.0];
    let solution = maros_meszaros(p, q, 6.0, bounds, three_equations());
    assert!((solution.objective - 5.326_647_56).abs() < 5.1e-9);
}

#[test]
fn hs53_whose_matrix_is_singular() {
    let p = array![
        [2.0, -2.0, 0.0, 0.0, 0.0],
        [-2.0, 4.0, 2.0, 0.0, 0.0],
        [0.0, 2.0, 2.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 2.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 2.0],
    ];
    let bounds = (Array1::from_elem(5, -10.0), Array1::from_elem(5, 10.0));
    let q = array![0.0, -4.0, -4.0, -2.0, -2.0];
    let solution = maros_meszaros(p, q, 6.0, bounds, three_equations());
    assert!((solution.objective - 4.093_023_26).abs() < 5.1e-9);
}

/// Roncalli (2010), *Understanding the impact of weights constraints in portfolio theory*: the minimum variance
/// portfolios of four assets under weight limits, to the five digits given.
#[test]
fn roncalli_minimum_variance() {
    let covariance = array![
        [0.0225, 0.003, 0.015, 0.0225],
        [0.003, 0.04, 0.035, 0.024],
        [0.015, 0.035, 0.0625, 0.06],
        [0.0225, 0.024, 0.06, 0.09],
    ];
    let cases = [
        (0.0, FREE, [0.65487, 0.34513, 0.0, 0.0]),
        (0.1, FREE, [0.56195, 0.23805, 0.1, 0.1]),
        (0.2, FREE, [0.4, 0.2, 0.2, 0.2]),
        (0.0, 0.5, [0.5, 0.5, 0.0, 0.0]),
    ];
    for (lower, upper, expected) in cases {
        let program = QuadraticProgram::new(Hessian::Dense(covariance.view()), Array1::zeros(4))
            .and_then(|program| program.with_bounds(Array1::from_elem(4, lower), Array1::from_elem(4, upper)))
            .and_then(|program| program.with_rows(Array2::ones((1, 4)), array![1.0], array![1.0]))
            .unwrap();
        let solution = program.solve().unwrap();
        assert!(solution.x.iter().zip(expected).all(|(x, e)| (x - e).abs() < 5.1e-6), "{:?}", solution.x);
    }
}

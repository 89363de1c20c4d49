use ndarray::array;

use super::cones::{outside, outside_dual};
use super::{conic_optimality, quadratic_optimality};
use crate::conic::{Affine, Cone, ConicProgram, Source};
use crate::{Hessian, QuadraticProgram};

#[test]
fn points_of_the_cones_by_hand() {
    assert_eq!(outside(Cone::SecondOrder, &[5.0, 3.0, 4.0]), 0.0);
    assert_eq!(outside(Cone::SecondOrder, &[4.0, 3.0, 4.0]), 1.0);
    assert_eq!(outside(Cone::Exponential, &[0.0, 1.0, 1.0]), 0.0);
    assert!(outside(Cone::Exponential, &[0.0, 1.0, 0.9]) > 0.09);
    assert_eq!(outside(Cone::Exponential, &[-1.0, 0.0, 0.0]), 0.0);
    assert_eq!(outside(Cone::Exponential, &[1.0, 0.0, 0.0]), 1.0);
    assert!(outside(Cone::Power(0.5), &[1.0, 4.0, 2.0]) < 1e-15);
    assert!((outside(Cone::Power(0.5), &[1.0, 4.0, 3.0]) - 1.0).abs() < 1e-15);
}

#[test]
fn dual_cones_make_no_negative_products() {
    // Boundary points of each cone against boundary points of its dual.
    for t in [-2.0_f64, -0.5, 0.0, 0.7, 1.5] {
        let point = [t, 1.0, t.exp()];
        for u in [-3.0_f64, -1.0, -0.2] {
            for v in [-2.0_f64, 0.0, 1.0] {
                let dual = [u, v, -u * (v / u - 1.0).exp()];
                assert!(outside_dual(Cone::Exponential, &dual) < 1e-12);
                let product: f64 = point.iter().zip(dual).map(|(a, b)| a * b).sum();
                assert!(product > -1e-12, "{t} {u} {v}: {product}");
            }
        }
    }
    let inside = |dual: [f64; 3]| outside_dual(Cone::Power(1.0 / 3.0), &dual) < 1e-14;
    assert!(inside([1.0 / 3.0, 2.0 / 3.0, 1.0]) && !inside([1.0 / 3.0, 2.0 / 3.0, 1.01]));
}

#[test]
fn a_wrong_dual_is_seen() {
    // min ½x², x ≥ 1: x = 1, multiplier 1.
    let mut program = ConicProgram::default();
    let x = program.variable();
    program.quadratic = vec![(x, x, 1.0)];
    program.push(Cone::Nonnegative, vec![Affine::variable(x).plus_constant(-1.0)], Source::Definition);
    let right = conic_optimality(&program, &[1.0], &[1.0]);
    assert_eq!((right.duality_gap, right.stationarity, right.cone_violation), (0.0, 0.0, 0.0));
    assert!(conic_optimality(&program, &[1.0], &[0.9]).stationarity > 0.09);
    assert!(conic_optimality(&program, &[2.0], &[2.0]).duality_gap > 0.5);
    assert!(conic_optimality(&program, &[-1.0], &[-1.0]).cone_violation >= 1.0);
}

#[test]
fn a_multiplier_on_a_free_side_is_seen() {
    let hessian = array![[1.0, 0.0], [0.0, 1.0]];
    let program = QuadraticProgram::new(Hessian::Dense(hessian.view()), array![0.0, -1.0])
        .unwrap()
        .with_bounds(array![0.5, f64::NEG_INFINITY], array![f64::INFINITY, f64::INFINITY])
        .unwrap();
    let mut solution = program.solve().unwrap();
    let right = quadratic_optimality(&program, &solution);
    assert!(right.duality_gap < 1e-15 && right.stationarity < 1e-15 && right.cone_violation == 0.0);
    solution.bound_multipliers[0] = 0.5;
    let wrong = quadratic_optimality(&program, &solution);
    assert!(wrong.cone_violation > 0.5 && wrong.stationarity > 0.5);
}

#[test]
fn the_check_knows_no_solver() {
    let sources = [
        include_str!("mod.rs"),
        include_str!("cones.rs"),
        include_str!("conic.rs"),
        include_str!("limits.rs"),
        include_str!("objective.rs"),
        include_str!("quadratic.rs"),
        include_str!("scenario.rs"),
    ];
    for source in sources {
        assert!(!source.contains("solvers") && !source.contains("crate::solve") && !source.contains(".solve("));
        assert!(!source.contains("crate::compile"));
    }
}

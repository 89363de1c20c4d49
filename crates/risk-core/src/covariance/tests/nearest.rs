use ndarray::{Array2, array};
use proptest::prelude::*;
use testkit::close;

use super::all_close;
use crate::Error;
use crate::covariance::{NearestAlgorithm, NearestCorrelation, NearestCorrelationSolution};

const BOTH: [NearestAlgorithm; 2] = [NearestAlgorithm::AlternatingProjections, NearestAlgorithm::Newton];

fn torn() -> Array2<f64> {
    array![[1.0, 0.9, -0.8], [0.9, 1.0, 0.9], [-0.8, 0.9, 1.0]]
}

/// A symmetric matrix with a unit diagonal and the given entries below it.
fn filled(n: usize, entries: &[f64]) -> Array2<f64> {
    let mut matrix = Array2::eye(n);
    let mut next = entries.iter();
    for i in 0..n {
        for j in 0..i {
            let rho = *next.next().unwrap();
            matrix[[i, j]] = rho;
            matrix[[j, i]] = rho;
        }
    }
    matrix
}

/// Entries that have no pattern an algorithm could like.
fn arbitrary(n: usize) -> Array2<f64> {
    let entries: Vec<f64> = (0..n * n).map(|k| f64::sin((k * k % 8191) as f64)).collect();
    filled(n, &entries)
}

#[test]
fn published_matrices() {
    // Higham (2002), IMA J. Numer. Anal. 22, section 4: four printed digits.
    let tridiagonal = Array2::from_shape_fn((4, 4), |(i, j)| [2.0, -1.0, 0.0, 0.0][i.abs_diff(j)]);
    let want = array![
        [1.0, -0.8084, 0.1916, 0.1068],
        [-0.8084, 1.0, -0.6562, 0.1916],
        [0.1916, -0.6562, 1.0, -0.8084],
        [0.1068, 0.1916, -0.8084, 1.0]
    ];
    let three = array![[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]];
    for algorithm in BOTH {
        let config = NearestCorrelation::default().with_algorithm(algorithm);
        let got = config.solve(tridiagonal.view()).unwrap();
        all_close(got.correlation.view(), &want, 5.1e-5);
        let got = config.solve(three.view()).unwrap();
        all_close(
            got.correlation.view(),
            &array![[1.0, 0.7607, 0.1573], [0.7607, 1.0, 0.7607], [0.1573, 0.7607, 1.0]],
            5.1e-5,
        );
        close(got.distance, 0.5278, 5e-5);
        assert!(got.iterations > 0 && got.residual <= 1e-10);
    }
}

#[test]
fn constrained_answers_in_closed_form() {
    // On the boundary det(X − floor·I) = 0 one correlation is left to choose: mpmath, 30 digits.
    // By symmetry (1, 2) and (2, 3) agree at x = √((1−δ)²/2 + y(1−δ)/2); with (1, 2) fixed, the
    // others are cos θ and cos(θ − arccos 0.9).
    let plain = NearestCorrelation::default();
    let cases = [
        (plain.clone(), [0.526579467057388, -0.445428129747114, 0.526579467057388], 0.899563227373060),
        (
            plain.clone().with_min_eigenvalue(0.1).unwrap(),
            [0.475318179120546, -0.397939174661175, 0.475318179120546],
            1.02211761088743,
        ),
        (plain.clone().with_fixed_entries([(1, 0)]), [0.9, -0.179815545623723, 0.266951048573765], 1.25329943138251),
        (
            plain.with_min_eigenvalue(0.05).unwrap().with_fixed_entries([(0, 2)]),
            [0.266926956300783, -0.8, 0.266926956300783],
            1.26614608739844,
        ),
    ];
    for (config, [a, b, c], distance) in cases {
        for algorithm in BOTH {
            let got = config.clone().with_algorithm(algorithm).solve(torn().view()).unwrap();
            all_close(got.correlation.view(), &array![[1.0, a, b], [a, 1.0, c], [b, c, 1.0]], 1e-9);
            close(got.distance, distance, 1e-9);
        }
    }
}

#[test]
fn fixed_entries_come_back_exactly() {
    for algorithm in BOTH {
        let config = NearestCorrelation::default().with_algorithm(algorithm).with_fixed_entries([(0, 1), (1, 0)]);
        let got = config.solve(torn().view()).unwrap();
        assert_eq!((got.correlation[[0, 1]], got.correlation[[1, 0]]), (0.9, 0.9));
        assert!(got.smallest_eigenvalue > -1e-9);
    }
}

#[test]
fn the_two_algorithms_meet() {
    for n in [2, 20, 110] {
        let matrix = arbitrary(n);
        let [one, two] = BOTH.map(|a| NearestCorrelation::default().with_algorithm(a).solve(matrix.view()).unwrap());
        // Both stop at residuals of 1e-10; linear convergence leaves the first some way off.
        all_close(one.correlation.view(), &two.correlation, 5e-9);
        let auto = NearestCorrelation::default().solve(matrix.view()).unwrap();
        assert_eq!(auto, if n > 100 { two } else { one });
    }
}

#[test]
fn acceleration_saves_steps_and_keeps_the_answer() {
    let matrix = arbitrary(20);
    let config = NearestCorrelation::default().with_algorithm(NearestAlgorithm::AlternatingProjections);
    let plain = config.clone().with_memory(0).unwrap().solve(matrix.view()).unwrap();
    let fast = config.solve(matrix.view()).unwrap();
    assert!(fast.iterations < plain.iterations, "{} against {}", fast.iterations, plain.iterations);
    all_close(fast.correlation.view(), &plain.correlation, 5e-9);
}

#[test]
fn impossible_demands_do_not_converge() {
    // No correlation matrix has 0.9, 0.9 and −0.8 at once.
    let everything = NearestCorrelation::default().with_fixed_entries([(0, 1), (0, 2), (1, 2)]);
    for algorithm in [NearestAlgorithm::Auto, NearestAlgorithm::Newton] {
        let config = everything.clone().with_algorithm(algorithm).with_max_iterations(300).unwrap();
        let got = config.solve(torn().view());
        assert!(matches!(got, Err(Error::NotConverged { residual, .. }) if residual > 1e-10), "{got:?}");
    }
    let hasty = NearestCorrelation::default().with_algorithm(NearestAlgorithm::AlternatingProjections);
    let got = hasty.with_max_iterations(2).unwrap().solve(torn().view());
    assert!(matches!(got, Err(Error::NotConverged { iterations: 2, .. })));
}

#[test]
fn hostile_inputs() {
    let config = NearestCorrelation::default();
    assert!(matches!(config.solve(array![[1.0, 0.5], [0.4, 1.0]].view()), Err(Error::NotSymmetric { .. })));
    assert!(matches!(config.solve(array![[f64::NAN]].view()), Err(Error::EntryOutOfDomain { .. })));
    for bad in [0.0, 1.0, f64::NAN] {
        assert!(config.clone().with_tolerance(bad).is_err(), "{bad}");
    }
    for bad in [-0.1, 1.0, f64::NAN] {
        assert!(config.clone().with_min_eigenvalue(bad).is_err(), "{bad}");
    }
    assert!(config.clone().with_max_iterations(0).is_err());
    assert!(config.clone().with_memory(11).is_err());
    for place in [(0, 0), (0, 3)] {
        let got = config.clone().with_fixed_entries([place]).solve(torn().view());
        assert!(matches!(got, Err(Error::OutOfDomain { .. })), "{place:?}");
    }
    let beyond = array![[1.0, 1.2], [1.2, 1.0]];
    let got = config.clone().with_fixed_entries([(0, 1)]).solve(beyond.view());
    assert!(matches!(got, Err(Error::EntryOutOfDomain { name: "fixed entries", .. })));
    let got = config.solve(beyond.view()).unwrap();
    close(got.correlation[[0, 1]], 1.0, 1e-10);
}

#[test]
fn configurations_and_solutions_survive_json() {
    let config = NearestCorrelation::default().with_min_eigenvalue(0.01).unwrap().with_fixed_entries([(2, 1)]);
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<NearestCorrelation>(&text).unwrap(), config);
    assert_eq!(serde_json::from_str::<NearestCorrelation>("{}").unwrap(), NearestCorrelation::default());
    assert!(serde_json::from_str::<NearestCorrelation>(r#"{"tolerance": 2.0}"#).is_err());
    let solution = config.solve(torn().view()).unwrap();
    let text = serde_json::to_string(&solution).unwrap();
    let back = serde_json::from_str::<NearestCorrelationSolution>(&text).unwrap();
    all_close(back.correlation.view(), &solution.correlation, 1e-15);
    assert_eq!(back.iterations, solution.iterations);
}

proptest! {
    #[test]
    fn a_correlation_matrix_that_stays(
        n in 2..9_usize, entries in prop::collection::vec(-1.0..1.0_f64, 36), floor in 0.0..0.3_f64
    ) {
        let matrix = filled(n, &entries);
        for algorithm in BOTH {
            let config = NearestCorrelation::default().with_algorithm(algorithm);
            let config = config.with_min_eigenvalue(floor).unwrap();
            let once = config.solve(matrix.view()).unwrap();
            prop_assert!(once.smallest_eigenvalue >= floor - 1e-9);
            prop_assert!(once.correlation.diag().iter().all(|d| *d == 1.0));
            prop_assert!(once.correlation.iter().all(|rho| rho.abs() <= 1.0));
            prop_assert_eq!(&once.correlation, &once.correlation.t());
            let twice = config.solve(once.correlation.view()).unwrap();
            all_close(twice.correlation.view(), &once.correlation, 1e-9);
        }
    }
}

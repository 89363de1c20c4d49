//! Numbers that others published or computed.

use ndarray::{Array1, Array2, Axis, array};
use testkit::close;

use super::super::{HingeProgram, HingeSolution};
use super::support::*;

/// A case of the reference suite by name; `None` where the suite is not installed.
fn expected(id: &str, field: &str) -> Option<serde_json::Value> {
    let text = std::fs::read_to_string(testkit::conformance_dir()?.join("optimisation.jsonl")).unwrap();
    let cases = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    Some(cases.into_iter().find(|case| case["id"] == id).unwrap()["expect"][field].clone())
}

/// The daily returns of the suite's twenty stocks.
fn stocks() -> Option<Array2<f64>> {
    let path = testkit::conformance_dir()?.join("series/b_stocks20_returns.csv");
    let text = std::fs::read_to_string(path).unwrap();
    let rows: Vec<f64> = text
        .lines()
        .skip(1)
        .flat_map(|line| line.split(',').take(20).map(|v| v.parse::<f64>().unwrap()).collect::<Vec<_>>())
        .collect();
    Some(Array2::from_shape_vec((rows.len() / 20, 20), rows).unwrap())
}

/// cvxpy 1.9.3 with Clarabel 0.11.1; the tolerances are those of the suite.
#[track_caller]
fn agrees(id: &str, program: &HingeProgram<'_>, weight_tolerance: f64) -> HingeSolution {
    let solution = program.solve().unwrap();
    assert_optimal(program, &solution, 1e-8);
    let want = expected(id, "objective").unwrap().as_f64().unwrap();
    assert!((solution.objective / want - 1.0).abs() < 1e-6, "{id}: {} {want}", solution.objective);
    let weights = expected(&format!("{id}/weights"), "weights").unwrap();
    for (j, want) in weights.as_array().unwrap().iter().enumerate() {
        close(solution.x[j], want.as_f64().unwrap(), weight_tolerance);
    }
    solution
}

#[test]
fn expected_shortfall_of_twenty_stocks() {
    let Some(returns) = stocks() else { return };
    agrees("min_cvar_0.05", &cvar(&returns, 0.95, f64::INFINITY), 1e-6);
    agrees("min_cvar_0.01", &cvar(&returns, 0.99, f64::INFINITY), 1e-6);
    let floor = 0.12 / 252.0;
    agrees("min_cvar_0.05_target_return", &cvar_with_floor(&returns, 0.95, f64::INFINITY, floor), 1e-6);
}

#[test]
fn deviations_and_worst_loss_of_twenty_stocks() {
    let Some(returns) = stocks() else { return };
    let centred = centred(&returns);
    agrees("min_mad", &mean_absolute_deviation(&centred), 1e-6);
    // The reference's own weights are good to 1e-6 only: it leaves 1e-8 on assets that are not held.
    agrees("min_semivariance", &semivariance(&centred), 1e-5);
    agrees("min_worst_realization", &worst_loss(&returns), 1e-6);
}

#[test]
fn limit_on_expected_shortfall_of_twenty_stocks() {
    let Some(returns) = stocks() else { return };
    let limit = 0.02001984060877043;
    let program = mean_under_limit(&returns, 0.95, limit);
    let solution = program.solve().unwrap();
    assert_optimal(&program, &solution, 1e-8);
    // skfolio 1.12.2, case `skfolio_max_return_cvar_limit`, which reports four digits.
    let want = expected("skfolio_max_return_cvar_limit", "objective").unwrap().as_f64().unwrap();
    assert!((-solution.objective / want - 1.0).abs() < 1e-4, "{} {want}", solution.objective);
}

/// Rockafellar and Uryasev (2000), tables 1 to 4: S&P 500, long bonds, small caps; monthly mean at least 1.1 %.
///
/// Scenarios are normal with exactly the published mean and covariance. The tail mean over `S (1 − c)` scenarios
/// has a standard error of at most a third of its distance from the mean over the root of their number, and the
/// smallest shortfall a sample allows is below that of the true optimum by no more than such an error.
#[test]
fn rockafellar_uryasev_2000() {
    let mean = array![0.010111, 0.0043532, 0.0137058];
    let covariance = array![
        [0.00324625, 0.00022983, 0.00420395],
        [0.00022983, 0.00049937, 0.00019247],
        [0.00420395, 0.00019247, 0.00764097]
    ];
    let normals = alluse_risk_core::streams::Streams::new(2000).standard_normals(20_000, 3);
    let normals = centred(&normals);
    let sample = normals.t().dot(&normals) / normals.nrows() as f64;
    let whiten = alluse_risk_core::linalg::cholesky(sample.view()).unwrap();
    let white = whiten.solve_lower(normals.t()).unwrap();
    let colour = alluse_risk_core::linalg::cholesky(covariance.view()).unwrap();
    let returns = colour.correlate(white.t()).unwrap() + &mean;
    for (confidence, published) in [(0.9, 0.096975), (0.95, 0.115908), (0.99, 0.152977)] {
        let program = cvar_with_floor(&returns, confidence, f64::INFINITY, 0.011);
        let solution = program.solve().unwrap();
        assert_optimal(&program, &solution, 1e-8);
        let tail = 20_000.0 * (1.0 - confidence);
        let error = (published + 0.011) / 3.0 / tail.sqrt();
        assert!((solution.objective - published).abs() < 3.0 * error, "{} {published}", solution.objective);
        // The mean binds at its floor, and the published portfolio is optimal for the population.
        close(
            returns.mean_axis(Axis(0)).unwrap().dot(&solution.x.iter().take(3).copied().collect::<Array1<f64>>()),
            0.011,
            1e-9,
        );
        for (got, want) in solution.x.iter().zip([0.452013, 0.115573, 0.432414]) {
            assert!((got - want).abs() < 0.1, "{got} {want}");
        }
    }
}

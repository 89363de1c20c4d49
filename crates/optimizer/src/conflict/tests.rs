use alluse_risk_core::{Covariance, ErrorKind};
use ndarray::array;

use crate::problem::{Constraint, Members, Objective, Problem, RiskMeasure, Side};
use crate::{Error, Universe};

fn problem() -> Problem {
    let covariance = Covariance::new(array![[1e-4, 0.0, 0.0], [0.0, 2e-4, 0.0], [0.0, 0.0, 4e-4]]).unwrap();
    Problem::new(Universe::named(["A", "B", "C"]).unwrap(), Objective::MinimiseRisk(RiskMeasure::Variance))
        .with_covariance(covariance)
        .unwrap()
        .with_mean(array![2e-4, 3e-4, 8e-4])
        .unwrap()
        .subject_to(Constraint::budget(1.0))
        .subject_to(Constraint::long_only())
}

fn conflict(problem: &Problem) -> Box<super::Conflict> {
    match problem.solve().unwrap_err() {
        Error::Conflict(conflict) => conflict,
        other => panic!("{other}"),
    }
}

#[test]
fn two_sums_above_the_budget() {
    let impossible = problem()
        .subject_to(Constraint::asset("A", 0.6..))
        .subject_to(Constraint::asset("B", 0.5..))
        .subject_to(Constraint::asset("C", ..=0.9));
    assert_eq!(impossible.solve().unwrap_err().kind(), ErrorKind::Infeasible);
    let found = conflict(&impossible);
    let mut names: Vec<_> = found.members.iter().map(|m| (m.limit.as_str(), m.side)).collect();
    names.sort_unstable();
    // C may not be short: the budget, both minima and that.
    assert_eq!(names, [("A", Side::Lower), ("B", Side::Lower), ("budget", Side::Upper), ("long only", Side::Lower)]);
    for member in &found.members {
        let needed = member.needed.unwrap();
        let expected = match member.limit.as_str() {
            "A" => 0.5,
            "B" => 0.4,
            "budget" => 1.1,
            _ => -0.1,
        };
        assert!((needed - expected).abs() < 1e-6, "{member:?}");
    }
    let moved: f64 = found.relaxation.iter().map(|step| (step.to - step.from).abs()).sum();
    assert!((moved - 0.1).abs() < 1e-6, "{:?}", found.relaxation);
}

#[test]
fn a_return_that_its_risk_forbids() {
    let impossible = problem()
        .subject_to(Constraint::target_return(6e-4))
        .subject_to(Constraint::risk(RiskMeasure::Volatility, 0.01))
        .subject_to(Constraint::group("pair", Members::of(["A", "B"]), ..=0.95));
    let found = conflict(&impossible);
    let names: Vec<_> = found.members.iter().map(|m| m.limit.as_str()).collect();
    assert!(names.contains(&"target return") && names.contains(&"volatility"), "{names:?}");
    assert!(!names.contains(&"pair"), "{names:?}");
    let text = Error::Conflict(found).to_string();
    assert!(text.contains("contradict each other") && text.contains("cheapest way out"), "{text}");
}

#[test]
fn one_floor_for_all_is_one_limit() {
    let impossible = problem().subject_to(Constraint::weights(0.4..));
    let found = conflict(&impossible);
    let floor = found.members.iter().find(|m| m.limit == "weights").unwrap();
    assert!((floor.needed.unwrap() - 1.0 / 3.0).abs() < 1e-6, "{floor:?}");
}

#[test]
fn what_can_be_kept_is_no_conflict() {
    // Exactly one portfolio: still one.
    let tight = problem().subject_to(Constraint::weights(1.0 / 3.0..));
    assert_eq!(tight.conflict().unwrap(), None);
}

#[test]
fn a_row_in_large_units_is_as_cheap_to_move_as_one_in_small_units() {
    // A at most 0.2 by the row, at least 0.3 twice: one move of the row instead of two of the weights.
    let impossible = problem()
        .subject_to(Constraint::linear("exposure in dollars", [("A", 1e5)], ..=2e4))
        .subject_to(Constraint::asset("A", 0.3..).named("first"))
        .subject_to(Constraint::asset("A", 0.3..).named("second"));
    let found = conflict(&impossible);
    assert_eq!(found.relaxation.len(), 1, "{:?}", found.relaxation);
    assert_eq!(found.relaxation[0].limit, "exposure in dollars");
    assert!((found.relaxation[0].to - 3e4).abs() < 1.0, "{:?}", found.relaxation);
}

//! Inputs at the edge, and inputs without an answer.

use ndarray::{Array1, Array2, array};
use testkit::close;

use super::super::{HingeBlock, HingeProgram, Penalty};
use super::reference::shortfall;
use super::support::*;
use crate::{Error, Hessian};

#[test]
fn one_dimension_against_a_grid() {
    // Σ c max(0, l x + e) + q x on [-2, 3]: the minimum of a piecewise linear function is at a kink or an end.
    let l = array![[1.0], [-2.0], [0.5], [3.0], [-1.0]];
    let e = array![-0.3, 1.1, 0.2, -2.0, -0.7];
    let c = array![0.4, 0.2, 1.0, 0.1, 0.9];
    let value = |x: f64| (0..5).map(|s| c[s] * (l[[s, 0]] * x + e[s]).max(0.0)).sum::<f64>() - 0.3 * x;
    let kinks = (0..5).map(|s| -e[s] / l[[s, 0]]).chain([-2.0, 3.0]);
    let want = kinks.filter(|x| (-2.0..=3.0).contains(x)).map(value).fold(f64::INFINITY, f64::min);
    let program = HingeProgram::new(vec![-0.3])
        .and_then(|p| p.with_bounds(vec![-2.0], vec![3.0]))
        .and_then(|p| p.with_block(HingeBlock::new(l.view(), Penalty::Linear(c.clone())).with_offsets(e.clone())))
        .unwrap();
    let solution = program.solve().unwrap();
    close(solution.objective, want, 1e-10);
    assert_optimal(&program, &solution, 1e-9);
}

#[test]
fn a_hessian_joins_the_hinges() {
    // ½ x² + max(0, 1 − x) has its minimum ½ at the kink x = 1, where θ = 1 is exactly its cap.
    let l = array![[-1.0]];
    let h = array![[1.0]];
    let block = HingeBlock::new(l.view(), Penalty::Linear(array![0.5])).with_offsets(array![1.0]);
    let program = HingeProgram::new(vec![0.0])
        .and_then(|p| p.with_hessian(Hessian::Dense(h.view()), 1.0))
        .and_then(|p| p.with_block(block))
        .unwrap();
    let solution = program.solve().unwrap();
    // Half the cost: the gradient x − ½ vanishes at ½, before the kink; ⅛ + ¼.
    close(solution.x[0], 0.5, 1e-8);
    close(solution.objective, 0.375, 1e-10);
    close(solution.scenario_multipliers[0][0], 0.5, 1e-8);
}

#[test]
fn fewer_scenarios_than_assets() {
    let returns = fat_tailed_returns(30, 8, 1);
    for program in [cvar(&returns, 0.9, 0.2), cvar(&returns, 0.5, 1.0), worst_loss(&returns)] {
        assert_optimal(&program, &program.solve().unwrap(), 1e-8);
    }
}

#[test]
fn duplicate_scenarios_and_a_whole_number_in_the_tail() {
    let once = fat_tailed_returns(5, 20, 2);
    let twice = ndarray::concatenate![ndarray::Axis(0), once, once];
    // (1 − 0.9) · 20 = 2 and 4 scenarios: a whole interval of thresholds is optimal.
    let (a, b) = (cvar(&once, 0.9, 1.0), cvar(&twice, 0.9, 1.0));
    let (first, second) = (a.solve().unwrap(), b.solve().unwrap());
    close(first.objective, second.objective, 1e-10);
    assert_optimal(&a, &first, 1e-8);
    assert_optimal(&b, &second, 1e-8);
}

#[test]
fn duplicate_assets_share_their_weight() {
    let returns = fat_tailed_returns(4, 60, 3);
    let doubled = ndarray::concatenate![ndarray::Axis(1), returns, returns];
    let program = cvar(&doubled, 0.95, 1.0);
    let solution = program.solve().unwrap();
    close(solution.objective, cvar(&returns, 0.95, 1.0).solve().unwrap().objective, 1e-10);
    assert_optimal(&program, &solution, 1e-8);
}

#[test]
fn constant_returns_and_one_scenario() {
    let constant = Array2::from_elem((10, 3), 0.01);
    close(cvar(&constant, 0.95, 1.0).solve().unwrap().objective, -0.01, 1e-11);
    let zero = Array2::zeros((10, 3));
    close(cvar(&zero, 0.95, 1.0).solve().unwrap().objective, 0.0, 1e-11);
    close(mean_absolute_deviation(&zero).solve().unwrap().objective, 0.0, 1e-11);
    let one = array![[0.01, 0.03, -0.02]];
    let solution = cvar(&one, 0.95, 1.0).solve().unwrap();
    close(solution.objective, -0.03, 1e-11);
    close(shortfall(&one, &solution.x, 0.95), -0.03, 1e-9);
}

#[test]
fn fixed_weights_and_scenarios_without_cost() {
    let returns = fat_tailed_returns(4, 50, 4);
    let mut program = cvar(&returns, 0.9, 1.0);
    (program.lower[1], program.upper[1]) = (0.4, 0.4);
    if let Penalty::Linear(costs) = &mut program.blocks[0].penalty {
        costs[3] = 0.0;
    }
    let solution = program.solve().unwrap();
    assert_eq!(solution.x[1], 0.4);
    assert_eq!(solution.scenario_multipliers[0][3], 0.0);
    assert_optimal(&program, &solution, 1e-8);
    // Every weight fixed: what is left is the threshold.
    program.lower = array![0.25, 0.25, 0.25, 0.25, f64::NEG_INFINITY];
    program.upper = array![0.25, 0.25, 0.25, 0.25, f64::INFINITY];
    assert_optimal(&program, &program.solve().unwrap(), 1e-8);
}

#[test]
fn repeated_equations_are_one() {
    let returns = fat_tailed_returns(4, 50, 4);
    let program = cvar(&returns, 0.9, 1.0);
    let want = program.solve().unwrap().objective;
    let rows = array![[1.0, 1.0, 1.0, 1.0, 0.0], [2.0, 2.0, 2.0, 2.0, 0.0]];
    let repeated = program.with_rows(rows, vec![1.0, 2.0], vec![1.0, 2.0]).unwrap();
    close(repeated.solve().unwrap().objective, want, 1e-10);
}

#[test]
fn infeasible_and_unbounded_are_told_apart() {
    let returns = fat_tailed_returns(5, 60, 9);
    // Five weights of at most 0.1 do not add up to 1.
    assert!(matches!(cvar(&returns, 0.95, 0.1).solve(), Err(Error::Infeasible { .. })));
    // No portfolio has a mean of 100 %.
    assert!(matches!(cvar_with_floor(&returns, 0.95, 1.0, 1.0).solve(), Err(Error::Infeasible { .. })));
    // No portfolio has so little shortfall.
    let least = cvar(&returns, 0.9, 1.0).solve().unwrap().objective;
    assert!(matches!(mean_under_limit(&returns, 0.9, 0.9 * least).solve(), Err(Error::Infeasible { .. })));
    assert!(mean_under_limit(&returns, 0.9, 1.001 * least).solve().is_ok());
    // Without the tail's cost nothing holds the threshold up.
    let mut program = cvar(&returns, 0.95, 1.0);
    program.blocks.clear();
    assert!(matches!(program.solve(), Err(Error::Unbounded { .. })));
    // A tail of more than the whole: lowering the threshold pays for ever.
    let mut program = cvar(&returns, 0.95, 1.0);
    program.linear[5] = 30.0;
    assert!(matches!(program.solve(), Err(Error::Unbounded { .. })));
    // Free weights on opposite bets that never lose.
    let sure = array![[0.01, -0.01], [0.02, -0.02]];
    let block = HingeBlock::new(sure.view(), Penalty::Linear(Array1::ones(2))).with_factor(-1.0);
    let program = HingeProgram::new(vec![-1.0, 0.0]).and_then(|p| p.with_block(block)).unwrap();
    assert!(matches!(program.solve(), Err(Error::Unbounded { .. })));
}

#[test]
fn bad_input_is_refused() {
    let matrix = array![[1.0, 2.0], [3.0, 4.0]];
    let nan = array![[1.0, f64::NAN]];
    let plain = || HingeProgram::new(vec![1.0, 1.0]).unwrap();
    let costs = || Penalty::Linear(array![1.0, 1.0]);
    assert!(HingeProgram::new(Vec::<f64>::new()).is_err());
    assert!(HingeProgram::new(vec![f64::INFINITY]).is_err());
    let refused = [
        HingeBlock::new(nan.view(), Penalty::Forbidden),
        HingeBlock::new(matrix.view(), Penalty::Linear(array![1.0])),
        HingeBlock::new(matrix.view(), Penalty::Squared(array![1.0, -1.0])),
        HingeBlock::new(matrix.view(), Penalty::Linear(array![1.0, f64::INFINITY])),
        HingeBlock::new(matrix.view(), costs()).with_first(1),
        HingeBlock::new(matrix.view(), costs()).with_factor(f64::NAN),
        HingeBlock::new(matrix.view(), costs()).with_offsets(array![0.0]),
        HingeBlock::new(matrix.view(), costs()).with_offsets(array![0.0, f64::NAN]),
        HingeBlock::new(matrix.view(), costs()).with_level(0, 1.0),
        HingeBlock::new(matrix.view(), costs()).with_level(2, 1.0),
    ];
    for block in refused {
        let what = format!("{block:?}");
        assert!(plain().with_block(block).is_err(), "{what}");
    }
    assert!(plain().with_bounds(vec![0.0, 1.0], vec![1.0, 0.0]).is_err());
    assert!(plain().with_rows(array![[1.0, f64::NAN]], vec![0.0], vec![1.0]).is_err());
    assert!(plain().with_diagonal(vec![-1.0, 0.0]).is_err());
    assert!(plain().with_hessian(Hessian::Dense(matrix.view()), 0.0).is_err());
    let charged = plain().with_block(HingeBlock::new(matrix.view(), costs()).charged_to_row(0)).unwrap();
    assert!(matches!(charged.solve(), Err(Error::Invalid { .. })));
}

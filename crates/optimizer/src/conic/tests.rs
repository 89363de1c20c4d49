use super::*;

/// `max x` subject to `x² + y² ≤ 4`, `x ≤ 3`.
fn disc(limit: f64) -> ConicProgram {
    let mut program = ConicProgram::default();
    let x = program.variables(2);
    program.cost(&Affine::term(x, -1.0));
    let rows = vec![Affine::constant(2.0), Affine::variable(x), Affine::variable(x + 1)];
    program.push(Cone::SecondOrder, rows, Source::Definition);
    program.push(Cone::Nonnegative, vec![Affine::term(x, -1.0).plus_constant(limit)], Source::Definition);
    program
}

#[test]
fn a_disc_is_touched_where_it_ends() {
    let Outcome::Solved(solution) = disc(3.0).solve().unwrap() else { panic!() };
    assert!((solution.x[0] - 2.0).abs() < 1e-8);
    assert_eq!(solution.accuracy, Accuracy::Full);
    let Outcome::Solved(solution) = disc(1.0).solve().unwrap() else { panic!() };
    assert!((solution.x[0] - 1.0).abs() < 1e-9);
    // The limit is what binds: one more unit of it is one more of the objective.
    assert!((solution.duals[3] - 1.0).abs() < 1e-8);
}

#[test]
fn contradictions_and_missing_limits_are_told_apart() {
    assert!(matches!(disc(-3.0).solve().unwrap(), Outcome::Infeasible(_)));
    let mut free = ConicProgram::default();
    let x = free.variable();
    free.cost(&Affine::term(x, -1.0));
    free.push(Cone::Nonnegative, vec![Affine::variable(x)], Source::Definition);
    assert!(matches!(free.solve().unwrap(), Outcome::Unbounded(_)));
}

#[test]
fn a_small_objective_is_solved_as_well_as_a_large_one() {
    // min ½·1e-8(x² + 2 y²), x + y = 1: x = 2/3.
    let mut program = ConicProgram::default();
    let x = program.variables(2);
    program.quadratic = vec![(x, x, 1e-8), (x + 1, x + 1, 2e-8)];
    program.push(Cone::Zero, vec![Affine::combination(x, [1.0, 1.0]).plus_constant(-1.0)], Source::Definition);
    let Outcome::Solved(solution) = program.solve().unwrap() else { panic!() };
    assert!((solution.x[0] - 2.0 / 3.0).abs() < 1e-9);
}

#[test]
fn repeated_terms_add_up() {
    let mut program = ConicProgram::default();
    let x = program.variable();
    program.quadratic = vec![(x, x, 1.0), (x, x, 1.0)];
    program.push(Cone::Zero, vec![Affine::variable(x).plus(x, 1.0).plus_constant(-4.0)], Source::Definition);
    let Outcome::Solved(solution) = program.solve().unwrap() else { panic!() };
    assert!((solution.x[0] - 2.0).abs() < 1e-10);
    assert!((program.objective(&solution.x) - 4.0).abs() < 1e-9);
}

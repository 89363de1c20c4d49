//! Why a program has no optimum: two programs of the same kind that always have one.

use ndarray::{Array1, Axis, concatenate};

use super::form::{curvature, objective_scale, unit};
use super::method::attempt;
use super::program::{HingeProgram, Penalty};
use crate::{Error, Result};

/// The violation, relative to the sides, from which a program counts as infeasible.
const VIOLATION: f64 = 1e-8;
/// The descent along a direction of unit size, relative to the gradient, from which it counts as unbounded.
const DESCENT: f64 = 1e-7;
/// Curvature that keeps a variable without bounds near zero where nothing else does.
const ANCHOR: f64 = 1e-12;

/// Replaces an error of the method by the reason behind it, where there is one.
pub(super) fn explain(program: &HingeProgram<'_>, error: Error) -> Error {
    let what = "the program over scenarios";
    match infeasibility(program) {
        Ok(Some(reason)) => return Error::Infeasible { what, reason },
        Ok(None) => {}
        Err(_) => return error,
    }
    match descent(program) {
        Ok(Some(reason)) => Error::Unbounded { what, reason },
        _ => error,
    }
}

/// Minimises the largest violation of a row or a forbidden scenario, in units of its largest coefficient.
fn infeasibility(program: &HingeProgram<'_>) -> Result<Option<String>> {
    let n = program.len();
    let mut linear = Array1::zeros(n + 1);
    linear[n] = 1.0;
    let sizes = program.rows.map_axis(Axis(1), |row| row.iter().fold(0.0_f64, |m, v| m.max(v.abs())));
    let sizes = sizes.mapv(|size| if size > 0.0 { size } else { 1.0 });
    // Every side that exists becomes an upper side of its own; the charged rows come first and keep their numbers.
    let above = concatenate![Axis(1), program.rows, -sizes.clone().insert_axis(Axis(1))];
    let below = concatenate![Axis(1), -&program.rows, -sizes.clone().insert_axis(Axis(1))];
    let m = program.rows.nrows();
    let rows = concatenate![Axis(0), above, below];
    let upper = concatenate![Axis(0), program.row_upper, program.row_lower.mapv(|v| -v)];
    let anchors = Array1::from_shape_fn(n + 1, |j| {
        if j < n && !(program.lower[j].is_finite() && program.upper[j].is_finite()) { ANCHOR } else { 0.0 }
    });
    let mut elastic = HingeProgram::new(linear)?
        .with_bounds(
            concatenate![Axis(0), program.lower, Array1::zeros(1)],
            concatenate![Axis(0), program.upper, Array1::from_elem(1, f64::INFINITY)],
        )?
        .with_rows(rows, Array1::from_elem(2 * m, f64::NEG_INFINITY), upper)?
        .with_diagonal(anchors)?;
    for block in &program.blocks {
        if block.charged_row.is_some() {
            elastic = elastic.with_block(block.clone())?;
        } else if block.penalty == Penalty::Forbidden {
            elastic = elastic.with_block(block.clone().with_level(n, -unit(block)))?;
        }
    }
    let solution = attempt(&elastic)?;
    let finite = program.row_lower.iter().chain(&program.row_upper).zip(sizes.iter().chain(&sizes));
    let size = finite.filter(|(side, _)| side.is_finite()).fold(1.0_f64, |most, (side, s)| most.max(side.abs() / s));
    let violation = solution.x[n];
    if violation <= VIOLATION * size {
        return Ok(None);
    }
    let involved: Vec<usize> =
        (0..m).filter(|i| solution.row_multipliers[*i].max(solution.row_multipliers[*i + m]) > 1e-6).collect();
    Ok(Some(format!(
        "with the bounds, rows {involved:?} and the forbidden scenarios leave a violation of at least {violation:e}"
    )))
}

/// Looks for a direction of unit size that every constraint allows for ever and the objective falls along.
fn descent(program: &HingeProgram<'_>) -> Result<Option<String>> {
    let n = program.len();
    let side = |v: &f64, far: f64| if v.is_finite() { 0.0 } else { far };
    let mut rows = program.rows.clone();
    let mut row_lower = program.row_lower.mapv(|v| side(&v, f64::NEG_INFINITY));
    let mut row_upper = program.row_upper.mapv(|v| side(&v, f64::INFINITY));
    let ones = Array1::ones(n);
    let curvature = curvature(program, &ones)?;
    if let Some(p) = &curvature {
        let flat = Array1::zeros(n);
        rows = concatenate![Axis(0), rows, p.view()];
        row_lower = concatenate![Axis(0), row_lower, flat];
        row_upper = concatenate![Axis(0), row_upper, flat];
    }
    let mut recession = HingeProgram::new(program.linear.clone())?
        .with_bounds(program.lower.mapv(|v| side(&v, -1.0)), program.upper.mapv(|v| side(&v, 1.0)))?
        .with_rows(rows, row_lower, row_upper)?;
    for block in &program.blocks {
        let mut block = block.clone();
        block.offsets.fill(0.0);
        if let Penalty::Squared(costs) = &block.penalty {
            // A squared hinge outgrows every linear term, so it must stay at zero; where it costs nothing, it may not.
            let kept: Vec<usize> = (0..costs.len()).filter(|s| costs[*s] > 0.0).collect();
            if kept.len() < costs.len() {
                return Ok(None);
            }
            block.penalty = Penalty::Forbidden;
        }
        recession = recession.with_block(block)?;
    }
    let solution = attempt(&recession)?;
    let units: Vec<f64> = program.blocks.iter().map(unit).collect();
    let size = objective_scale(program, &ones, &units, curvature.as_ref());
    if solution.objective >= -DESCENT * size {
        return Ok(None);
    }
    let moving: Vec<usize> = (0..n).filter(|j| solution.x[*j].abs() > 1e-3).collect();
    Ok(Some(format!("moving variables {moving:?} lowers it by {:e} a unit for ever", -solution.objective)))
}

//! The optimality conditions of a conic program.

use super::Optimality;
use super::cones::{outside, outside_dual};
use crate::conic::ConicProgram;

/// Stationarity `P x + q = Σ z a`, `z` in the dual cones, and the gap between `½x'Px + q'x` and `−½x'Px − z'constants`.
pub(crate) fn conic_optimality(program: &ConicProgram, x: &[f64], duals: &[f64]) -> Optimality {
    let mut curved = vec![0.0; program.variables];
    // What rounding can make of each element of `P x`: where a portfolio without risk exists, this is all there is.
    let mut rounding = vec![0.0; program.variables];
    let unit = 4.0 * f64::EPSILON * program.variables as f64;
    for &(row, column, entry) in &program.quadratic {
        curved[row] += entry * x[column];
        rounding[row] += unit * (entry * x[column]).abs();
        if row != column {
            curved[column] += entry * x[row];
            rounding[column] += unit * (entry * x[row]).abs();
        }
    }
    let mut pulled = vec![0.0; program.variables];
    let (mut constants, mut made_of) = (0.0, 0.0);
    let (mut beyond, mut outside_rows, mut largest) = (0.0_f64, 0.0_f64, 0.0_f64);
    let mut place = 0;
    for block in &program.blocks {
        let own = &duals[place..place + block.rows.len()];
        for (row, dual) in block.rows.iter().zip(own) {
            row.terms.iter().for_each(|(variable, coefficient)| pulled[*variable] += dual * coefficient);
            constants += dual * row.constant;
            let spread: f64 = row.terms.iter().map(|(variable, coefficient)| (coefficient * x[*variable]).abs()).sum();
            made_of += dual.abs() * row.constant.abs().max(spread);
            largest = largest.max(dual.abs());
        }
        beyond = beyond.max(outside_dual(block.cone, own));
        let values: Vec<f64> = block.rows.iter().map(|row| row.at(x)).collect();
        let reach = values.iter().fold(1.0, |most: f64, v| most.max(v.abs()));
        outside_rows = outside_rows.max(outside(block.cone, &values) / reach);
        place += block.rows.len();
    }
    let (mut residual, mut size) = (0.0_f64, 0.0_f64);
    for (((curved, linear), pulled), rounding) in curved.iter().zip(&program.linear).zip(&pulled).zip(&rounding) {
        residual = residual.max((curved + linear - pulled).abs() - rounding);
        size = size.max(curved.abs()).max(linear.abs()).max(pulled.abs());
    }
    let bent: f64 = curved.iter().zip(x).map(|(c, x)| c * x).sum();
    let rounded: f64 = rounding.iter().zip(x).map(|(r, x)| r * x.abs()).sum();
    let straight: f64 = program.linear.iter().zip(x).map(|(q, x)| q * x).sum();
    let (primal, dual) = (0.5 * bent + straight, -0.5 * bent - constants);
    let scale = primal.abs().max(dual.abs()).max(0.5 * bent.abs());
    // Where the objective vanishes, what it is made of is the measure of its size.
    let scale = if scale > 1e-6 * made_of { scale } else { made_of.max(straight.abs()) };
    Optimality {
        duality_gap: ratio(((primal - dual).abs() - rounded).max(0.0), scale),
        stationarity: ratio(residual, size),
        cone_violation: ratio(beyond, largest).max(outside_rows),
    }
}

/// Zero over zero is no error.
pub(super) fn ratio(error: f64, size: f64) -> f64 {
    if error == 0.0 { 0.0 } else { error / size }
}

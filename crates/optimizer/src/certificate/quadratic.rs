//! The optimality conditions of a quadratic program.

use ndarray::Array1;

use super::Optimality;
use super::conic::ratio;
use crate::{Hessian, QuadraticProgram, QuadraticSolution};

/// Stationarity `(sH + D) x + q + A'y + z = 0`, signs of the multipliers, and the gap to the dual value.
pub(crate) fn quadratic_optimality(program: &QuadraticProgram<'_>, solution: &QuadraticSolution) -> Optimality {
    let x = &solution.x;
    let mut curved = program.scale * hessian_product(program.hessian, x);
    if let Some(diagonal) = &program.diagonal {
        curved += &(diagonal * x);
    }
    let pulled = program.rows.t().dot(&solution.row_multipliers) + &solution.bound_multipliers;
    let (mut residual, mut size) = (0.0_f64, 0.0_f64);
    for ((curved, linear), pulled) in curved.iter().zip(&program.linear).zip(&pulled) {
        residual = residual.max((curved + linear + pulled).abs());
        size = size.max(curved.abs()).max(linear.abs()).max(pulled.abs());
    }
    // A multiplier takes the side it stands for; on a side that is free it must vanish.
    let sides = program.lower.iter().zip(&program.upper).chain(program.row_lower.iter().zip(&program.row_upper));
    let multipliers = solution.bound_multipliers.iter().chain(&solution.row_multipliers);
    let (mut bounds, mut wrong, mut largest) = (0.0, 0.0_f64, 0.0_f64);
    for ((lower, upper), multiplier) in sides.zip(multipliers) {
        largest = largest.max(multiplier.abs());
        let side = if *multiplier > 0.0 { *upper } else { *lower };
        if side.is_finite() {
            bounds += multiplier * side;
        } else {
            wrong = wrong.max(multiplier.abs());
        }
    }
    let (bent, straight) = (curved.dot(x), program.linear.dot(x));
    let (primal, dual) = (0.5 * bent + straight, -0.5 * bent - bounds);
    let scale = primal.abs().max(dual.abs()).max(0.5 * bent.abs());
    Optimality {
        duality_gap: ratio((primal - dual).abs(), scale),
        stationarity: ratio(residual, size),
        cone_violation: ratio(wrong, largest),
    }
}

pub(super) fn hessian_product(hessian: Hessian<'_>, x: &Array1<f64>) -> Array1<f64> {
    match hessian {
        Hessian::Dense(matrix) => matrix.dot(x),
        Hessian::Factored(model) => {
            let exposures = model.loadings().t().dot(x);
            let spread = model.factor_covariance().view().dot(&exposures);
            model.loadings().dot(&spread) + &(&model.residual_variances() * x)
        }
    }
}

//! The interior point method, for programs that are flat in some direction or that defeat the exact methods.

use super::curvature::Parts;
use super::dual::Limit;
use super::instance::{Instance, Point};
use super::kkt::{Dependent, Kkt};
use super::optimality::residual;
use super::working_set::{ActiveSet, Activity};
use crate::conic::{Affine, Cone, ConicProgram, Outcome, Source};
use crate::{Error, Result};

/// The point, its iterations and its residual.
pub(super) fn interior(instance: &Instance<'_>) -> Result<(Point, usize, f64)> {
    let (program, rows) = converted(instance);
    let solution = match program.solve()? {
        Outcome::Solved(solution) => solution,
        Outcome::Infeasible(weights) => return Err(contradiction(&rows, &weights)),
        Outcome::Unbounded(direction) => return Err(unbounded(&direction[..instance.n])),
    };
    let x = solution.x[..instance.n].to_vec();
    let curved = instance.curvature.product(&x);
    let mut point = Point { x, y: vec![0.0; instance.m], z: vec![0.0; instance.n], curved };
    for ((limit, sign), dual) in rows.iter().zip(&solution.duals) {
        match limit {
            Limit::Variable(i) => point.z[*i] += sign * dual,
            Limit::Row(r) => point.y[*r] += sign * dual,
        }
    }
    let rough = residual(instance, &point);
    let (point, residual) = match polished(instance, &point) {
        Some((exact, better)) if better <= rough => (exact, better),
        _ => (point, rough),
    };
    Ok((point, solution.iterations, residual))
}

/// The program over cones, and for each of its rows the limit it stands for and the sign of its multiplier.
fn converted(instance: &Instance<'_>) -> (ConicProgram, Vec<(Limit, f64)>) {
    let mut program = ConicProgram::default();
    let first = program.variables(instance.n);
    program.linear.copy_from_slice(&instance.linear);
    let (mut equations, mut inequalities) = (Vec::new(), Vec::new());
    let mut take = |limit, expression: Affine, lower: f64, upper: f64| {
        if lower >= upper {
            equations.push((expression.plus_constant(-lower), (limit, -1.0)));
            return;
        }
        if lower.is_finite() {
            inequalities.push((expression.clone().plus_constant(-lower), (limit, -1.0)));
        }
        if upper.is_finite() {
            inequalities.push((expression.times(-1.0).plus_constant(upper), (limit, 1.0)));
        }
    };
    for i in 0..instance.n {
        take(Limit::Variable(i), Affine::variable(first + i), instance.lower[i], instance.upper[i]);
    }
    for r in 0..instance.m {
        let row = Affine::combination(first, instance.row(r).iter().copied());
        take(Limit::Row(r), row, instance.row_lower[r], instance.row_upper[r]);
    }
    let mut limits = Vec::new();
    for (cone, list) in [(Cone::Zero, equations), (Cone::Nonnegative, inequalities)] {
        for (row, limit) in list {
            program.push(cone, vec![row], Source::Definition);
            limits.push(limit);
        }
    }
    curve(instance, &mut program, first);
    (program, limits)
}

/// Adds the quadratic part; factors become variables, `½ x'G G'x = ½ f'f` with `f = G'x`.
fn curve(instance: &Instance<'_>, program: &mut ConicProgram, first: usize) {
    match &instance.curvature.parts {
        Parts::Dense { scale, matrix, diagonal } => {
            for (i, row) in matrix.chunks_exact(instance.n).enumerate() {
                let entries = row.iter().enumerate().skip(i).filter(|(_, v)| **v != 0.0);
                program.quadratic.extend(entries.map(|(j, v)| (first + i, first + j, scale * v)));
            }
            if let Some(diagonal) = diagonal {
                program.quadratic.extend(diagonal.iter().enumerate().map(|(i, d)| (first + i, first + i, *d)));
            }
        }
        Parts::Factored { root, factors, own } => {
            program.quadratic.extend(own.iter().enumerate().map(|(i, e)| (first + i, first + i, *e)));
            let exposures = program.variables(*factors);
            for factor in 0..*factors {
                let loadings = root.iter().skip(factor).step_by(*factors).copied();
                let definition = Affine::combination(first, loadings).plus(exposures + factor, -1.0);
                program.push(Cone::Zero, vec![definition], Source::Definition);
                program.quadratic.push((exposures + factor, exposures + factor, 1.0));
            }
        }
    }
}

/// The equations that the limits near the point make, solved exactly.
fn polished(instance: &Instance<'_>, point: &Point) -> Option<(Point, f64)> {
    let scales = instance.scales(point);
    let slope = if scales.gradient > 0.0 { scales.gradient } else { 1.0 };
    // Of distance and multiplier, one vanishes at the optimum: the smaller one says which.
    let side = |value: f64, lower: f64, upper: f64, size: f64, multiplier: f64| {
        let size = if size > 0.0 { size } else { 1.0 };
        if multiplier < 0.0 && (value - lower) / size < -multiplier / slope {
            Activity::Lower
        } else if multiplier > 0.0 && (upper - value) / size < multiplier / slope {
            Activity::Upper
        } else {
            Activity::Inactive
        }
    };
    let activity = instance.activity(&point.x);
    let bounds = (0..instance.n).map(|i| side(point.x[i], instance.lower[i], instance.upper[i], scales.x, point.z[i]));
    let rows = (0..instance.m).map(|r| {
        let multiplier = point.y[r] * instance.row(r).iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        side(activity[r], instance.row_lower[r], instance.row_upper[r], scales.rows[r], multiplier)
    });
    let active = ActiveSet { bounds: bounds.collect(), rows: rows.collect() }.fitted(instance);
    let kkt = Kkt::semidefinite(instance, &active, Dependent::LeaveOut).ok()?;
    let exact = kkt.refined(instance, &active, kkt.point(instance, &active));
    let left = residual(instance, &exact);
    Some((exact, left))
}

fn contradiction(rows: &[(Limit, f64)], weights: &[f64]) -> Error {
    let heaviest = rows.iter().zip(weights).max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
    let limit = match heaviest {
        Some(((Limit::Variable(i), _), _)) => format!("the bounds of variable {i}"),
        Some(((Limit::Row(r), _), _)) => format!("row {r}"),
        None => "the program".to_owned(),
    };
    Error::Infeasible { what: "quadratic program", reason: format!("{limit} contradicts the other limits") }
}

fn unbounded(direction: &[f64]) -> Error {
    let most = direction.iter().enumerate().max_by(|(_, a), (_, b)| a.abs().total_cmp(&b.abs()));
    let reason = match most {
        Some((i, step)) if *step < 0.0 => format!("it falls for ever as variable {i} falls"),
        Some((i, _)) => format!("it falls for ever as variable {i} rises"),
        None => "it falls for ever".to_owned(),
    };
    Error::Unbounded { what: "quadratic program", reason }
}

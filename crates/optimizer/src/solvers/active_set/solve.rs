//! The methods one behind the other, and the check that ends each.

use super::block_pivot::block_pivot;
use super::definiteness::{Definiteness, definiteness};
use super::dual::{Limit, Outcome, dual};
use super::instance::{Instance, Point};
use super::interior::interior;
use super::optimality::residual;
use super::working_set::{ActiveSet, Activity};
use crate::quadratic::Curved;
use crate::{Error, QuadraticProgram, QuadraticSolution, Result};

/// Largest relative residual of an exact method's answer; rounding leaves about 1e-14.
const EXACT: f64 = 1e-10;
/// Largest relative residual of an interior point that could not be made exact.
const APPROXIMATE: f64 = 1e-7;

impl QuadraticProgram<'_> {
    /// The optimum.
    ///
    /// A primal-dual active set method: exact to rounding, five to ten small factorisations as a rule. Each answer
    /// has met its optimality conditions to 1e-10 of the terms they are made of before it is returned. Where the
    /// Hessian is flat in some direction the answer may come from an interior point method, which
    /// [`method`](QuadraticSolution::method) tells; its conditions then hold to 1e-7 or better.
    ///
    /// The whole Hessian is tested for definiteness first, since conditions on the free variables alone prove
    /// nothing about an indefinite one; see [`proven_definite`](Self::proven_definite) to do that once.
    ///
    /// # Errors
    /// - [`Error::Input`] for a Hessian that is not finite, not symmetric or not positive semidefinite.
    /// - [`Error::Infeasible`] when nothing meets all limits, [`Error::Unbounded`] when the objective falls forever.
    /// - [`Error::NotConverged`] when rounding defeats every method.
    ///
    /// # Examples
    /// ```
    /// use alluse_optimizer::{Hessian, QuadraticProgram};
    /// use ndarray::array;
    ///
    /// // The least variance of two assets held long, in full: the safer one alone.
    /// let covariance = array![[0.01, 0.015], [0.015, 0.04]];
    /// let program = QuadraticProgram::new(Hessian::Dense(covariance.view()), array![0.0, 0.0])?
    ///     .with_bounds(array![0.0, 0.0], array![1.0, 1.0])?
    ///     .with_rows(array![[1.0, 1.0]], array![1.0], array![1.0])?;
    /// let solution = program.solve()?;
    /// assert!((solution.x[0] - 1.0).abs() < 1e-14 && solution.x[1].abs() < 1e-14);
    /// assert!((solution.objective - 0.005).abs() < 1e-15);
    /// // A unit of the second asset would cost 0.015 − 0.01 of variance at first.
    /// assert!((solution.bound_multipliers[1] + 0.005).abs() < 1e-14);
    /// # Ok::<(), alluse_optimizer::Error>(())
    /// ```
    pub fn solve(&self) -> Result<QuadraticSolution> {
        solve(self, None)
    }

    /// The optimum, from a guess at the limits that hold with equality: that of a similar program before.
    ///
    /// # Errors
    /// Those of [`solve`](Self::solve), and [`Error::Input`] for a guess of the wrong length.
    pub fn solve_from(&self, active: &ActiveSet) -> Result<QuadraticSolution> {
        active.checked(self.len(), self.rows.nrows())?;
        solve(self, Some(active))
    }

    /// The same program, its Hessian tested once: what is derived from it by other bounds, rows, linear terms, by a
    /// scale or a diagonal stays positive definite, and is solved without another test.
    ///
    /// # Errors
    /// [`Error::Input`] unless the Hessian is finite, symmetric and positive definite.
    pub fn proven_definite(mut self) -> Result<Self> {
        let instance = Instance::new(&self);
        match definiteness(&instance.curvature)? {
            Definiteness::Definite(_) => self.curved = Curved::Definite,
            Definiteness::Semidefinite => {
                return Err(alluse_risk_core::Error::Singular { name: "hessian" }.into());
            }
        }
        Ok(self)
    }
}

fn solve(program: &QuadraticProgram<'_>, guess: Option<&ActiveSet>) -> Result<QuadraticSolution> {
    let instance = Instance::new(program);
    let definiteness = match program.curved {
        Curved::Definite => Definiteness::Definite(None),
        Curved::Untested => definiteness(&instance.curvature)?,
    };
    let start = guess.map_or_else(|| ActiveSet::loosest(&instance), |guess| guess.clone().fitted(&instance));
    let (strict, whole) = match definiteness {
        Definiteness::Definite(whole) => (true, whole),
        Definiteness::Semidefinite => (false, None),
    };
    let outcome = block_pivot(&instance, start, whole);
    if let Some(point) = outcome.point
        && residual(&instance, &point) <= EXACT
    {
        return Ok(finished(program, &instance, point, outcome.iterations, "primal-dual active set"));
    }
    if strict {
        match dual(&instance, outcome.active) {
            Outcome::Solved { point, iterations } if residual(&instance, &point) <= EXACT => {
                let iterations = outcome.iterations + iterations;
                return Ok(finished(program, &instance, point, iterations, "dual active set"));
            }
            Outcome::Infeasible { limit, side, violation } => return Err(infeasible(limit, side, violation)),
            _ => {}
        }
    }
    let (point, iterations, residual) = interior(&instance)?;
    if residual <= APPROXIMATE {
        return Ok(finished(program, &instance, point, outcome.iterations + iterations, "interior point"));
    }
    Err(Error::NotConverged { method: "interior point", iterations, residual })
}

fn infeasible(limit: Limit, side: Activity, violation: f64) -> Error {
    let (kind, index) = match limit {
        Limit::Variable(index) => ("bound of variable", index),
        Limit::Row(index) => ("side of row", index),
    };
    let side = if side == Activity::Upper { "upper" } else { "lower" };
    let reason =
        format!("the {side} {kind} {index} contradicts the others; where those are met it is missed by {violation:e}");
    Error::Infeasible { what: "quadratic program", reason }
}

/// The solution of a point, with variables on their limits exactly there.
fn finished(
    program: &QuadraticProgram<'_>,
    instance: &Instance<'_>,
    point: Point,
    iterations: usize,
    method: &'static str,
) -> QuadraticSolution {
    let objective = instance.objective(&point) + program.constant;
    let Point { mut x, y, z, .. } = point;
    for (i, x) in x.iter_mut().enumerate() {
        *x = x.clamp(instance.lower[i], instance.upper[i]);
    }
    QuadraticSolution {
        objective,
        x: x.into(),
        bound_multipliers: z.into(),
        row_multipliers: y.into(),
        iterations,
        method,
    }
}

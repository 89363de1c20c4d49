//! The interior-point solver behind every program that no specialised method takes.

use clarabel::algebra::CscMatrix;
use clarabel::solver::{DefaultSettings, DefaultSolver, IPSolver, SolverStatus, SupportedConeT};

use super::{Cone, ConicProgram};
use crate::{Error, Result};

/// The name under which errors and results speak of it.
const METHOD: &str = "interior point";
/// What the residuals of a scaled program are driven to.
const TOLERANCE: f64 = 1e-11;
/// How far a step may go towards the boundary of the cones, first choice first. A path that stays further inside loses less
/// to rounding where many limits nearly bind; which share serves a program best cannot be told beforehand.
pub(crate) const STEPS: [f64; 4] = [0.95, 0.8, 0.99, 0.9];

/// How far the solver got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accuracy {
    /// To the full tolerance.
    Full,
    /// It stopped short; whether the point is of use is for a check to say.
    Reduced,
}

/// A primal and dual point.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ConicSolution {
    pub(crate) x: Vec<f64>,
    /// One dual value a row, in the order of the blocks, each block's in its dual cone.
    pub(crate) duals: Vec<f64>,
    pub(crate) accuracy: Accuracy,
    pub(crate) iterations: usize,
}

/// How a solve ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// With a point.
    Solved(ConicSolution),
    /// With a proof that nothing satisfies the rows: weights, one a row, under which they contradict each other.
    Infeasible(Vec<f64>),
    /// With a direction along which the objective improves for ever.
    Unbounded(Vec<f64>),
}

impl ConicProgram {
    /// Solves the program, scaled so that its objective is of the order of one.
    ///
    /// Interior-point tolerances are relative to `max(1, |objective|)`: the variance of a portfolio, near 1e-5,
    /// would satisfy them long before its weights are right.
    pub(crate) fn solve(&self) -> Result<Outcome> {
        self.solve_stepping(STEPS[0])
    }

    /// The same with steps of this share of the way to the boundary.
    pub(crate) fn solve_stepping(&self, step: f64) -> Result<Outcome> {
        let mut scale = 1.0 / self.magnitude();
        let mut outcome = self.solve_scaled(scale, step)?;
        // One more pass when the guess of the objective's size was far off.
        if let Outcome::Solved(solution) = &outcome {
            let size = (self.objective(&solution.x) - self.constant).abs();
            let finite = size.is_finite() && size > 0.0;
            if finite && size * scale < 1e-3 {
                let reduced = solution.accuracy == Accuracy::Reduced;
                scale = (1.0 / size).min(scale * 1e6);
                if let Ok(Outcome::Solved(better)) = self.solve_scaled(scale, step)
                    && (reduced || better.accuracy == Accuracy::Full)
                {
                    outcome = Outcome::Solved(better);
                }
            }
        }
        Ok(outcome)
    }

    /// A guess of the size of the objective: the mean of its largest kind of coefficient.
    fn magnitude(&self) -> f64 {
        let diagonal: Vec<f64> = self.quadratic.iter().filter(|(r, c, _)| r == c).map(|(_, _, p)| p.abs()).collect();
        let quadratic = diagonal.iter().sum::<f64>() / diagonal.len().max(1) as f64;
        let linear = self.linear.iter().fold(0.0, |largest: f64, q| largest.max(q.abs()));
        let size = quadratic.max(linear);
        if size > 0.0 && size.is_finite() { size } else { 1.0 }
    }

    fn solve_scaled(&self, scale: f64, step: f64) -> Result<Outcome> {
        let n = self.variables;
        let quadratic = triplets(n, n, self.quadratic.iter().map(|&(row, column, p)| (row, column, p * scale)));
        let linear: Vec<f64> = self.linear.iter().map(|q| q * scale).collect();
        let (rows, offsets, cones) = self.constraints();
        let settings = DefaultSettings {
            verbose: false,
            max_threads: 1,
            max_iter: 300,
            max_step_fraction: step,
            tol_gap_abs: TOLERANCE,
            tol_gap_rel: TOLERANCE,
            tol_feas: TOLERANCE,
            presolve_enable: false,
            ..DefaultSettings::default()
        };
        let broke = |reason: String| Error::Numerical { method: METHOD, reason };
        let mut solver = DefaultSolver::new(&quadratic, &linear, &rows, &offsets, &cones, settings)
            .map_err(|error| broke(error.to_string()))?;
        solver.solve();
        let solution = &solver.solution;
        let finite = |values: &[f64]| values.iter().all(|v| v.is_finite());
        let point = |accuracy| {
            if !finite(&solution.x) || !finite(&solution.z) {
                return Err(broke("it returned numbers that are not finite".into()));
            }
            let duals = solution.z.iter().map(|z| z / scale).collect();
            let iterations = solution.iterations as usize;
            Ok(Outcome::Solved(ConicSolution { x: solution.x.clone(), duals, accuracy, iterations }))
        };
        match solution.status {
            SolverStatus::Solved => point(Accuracy::Full),
            SolverStatus::PrimalInfeasible | SolverStatus::AlmostPrimalInfeasible => {
                Ok(Outcome::Infeasible(solution.z.clone()))
            }
            SolverStatus::DualInfeasible | SolverStatus::AlmostDualInfeasible => {
                Ok(Outcome::Unbounded(solution.x.clone()))
            }
            SolverStatus::AlmostSolved | SolverStatus::InsufficientProgress => point(Accuracy::Reduced),
            SolverStatus::MaxIterations => Err(Error::NotConverged {
                method: METHOD,
                iterations: solution.iterations as usize,
                residual: solution.r_prim.max(solution.r_dual),
            }),
            status => Err(broke(format!("{status:?}"))),
        }
    }

    /// The rows as `A x + s = b`, `s` in the cones.
    fn constraints(&self) -> (CscMatrix<f64>, Vec<f64>, Vec<SupportedConeT<f64>>) {
        let mut entries = Vec::new();
        let mut offsets = Vec::new();
        let mut cones: Vec<SupportedConeT<f64>> = Vec::new();
        for block in &self.blocks {
            for row in &block.rows {
                let place = offsets.len();
                entries.extend(row.terms.iter().map(|&(variable, coefficient)| (place, variable, -coefficient)));
                offsets.push(row.constant);
            }
            let size = block.rows.len();
            match (block.cone, cones.last_mut()) {
                // Neighbouring polyhedral blocks are one cone: the solver loops over cones.
                (Cone::Zero, Some(SupportedConeT::ZeroConeT(count)))
                | (Cone::Nonnegative, Some(SupportedConeT::NonnegativeConeT(count))) => *count += size,
                (Cone::Zero, _) => cones.push(SupportedConeT::ZeroConeT(size)),
                (Cone::Nonnegative, _) => cones.push(SupportedConeT::NonnegativeConeT(size)),
                (Cone::SecondOrder, _) => cones.push(SupportedConeT::SecondOrderConeT(size)),
                (Cone::Exponential, _) => cones.push(SupportedConeT::ExponentialConeT()),
                (Cone::Power(alpha), _) => cones.push(SupportedConeT::PowerConeT(alpha)),
            }
        }
        let rows = triplets(offsets.len(), self.variables, entries.into_iter());
        (rows, offsets, cones)
    }
}

/// A compressed matrix, repeated entries added up.
fn triplets(rows: usize, columns: usize, entries: impl Iterator<Item = (usize, usize, f64)>) -> CscMatrix<f64> {
    let mut entries: Vec<(usize, usize, f64)> = entries.collect();
    entries.sort_by_key(|&(row, column, _)| (column, row));
    let mut starts = vec![0; columns + 1];
    let mut places: Vec<usize> = Vec::with_capacity(entries.len());
    let mut values: Vec<f64> = Vec::with_capacity(entries.len());
    let mut last = None;
    for (row, column, value) in entries {
        if last == Some((row, column)) {
            if let Some(sum) = values.last_mut() {
                *sum += value;
            }
            continue;
        }
        places.push(row);
        values.push(value);
        starts[column + 1] += 1;
        last = Some((row, column));
    }
    for column in 0..columns {
        starts[column + 1] += starts[column];
    }
    CscMatrix::new(rows, columns, starts, places, values)
}

//! The way from the least variance upwards, corner by corner.
//!
//! At a corner, the weights for the next larger `λ` leave in the direction `d` that solves
//!
//! ```text
//! minimise ½ d'Σd − μ'd
//! ```
//!
//! where limits with a multiplier stay as they are and limits without one may only be left. Its optimum is unique
//! even where several limits or multipliers vanish together, so each step goes forward and none is taken twice.

use ndarray::Array1;

use super::{Corner, Ray};
use crate::{ActiveSet, Activity, Error, QuadraticProgram, QuadraticSolution, Result};

/// Distances and multipliers up to this share of their size are zero.
const ZERO: f64 = 1e-10;
/// Rates up to this share of the largest are rounding.
const STILL: f64 = 1e-13;
/// Largest relative residual of a corner that was extrapolated; beyond it the corner is solved for.
const EXACT: f64 = 1e-12;

/// How a limit takes part in the next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    /// It is not met with equality.
    Away,
    /// It has a multiplier.
    Fixed,
    /// Met with equality on the lower side, without a multiplier.
    Lower,
    /// Met with equality on the upper side, without a multiplier.
    Upper,
}

impl Hold {
    fn of(value: f64, (lower, upper): (f64, f64), size: f64, multiplier: f64, slope: f64) -> Self {
        if lower >= upper {
            return Self::Fixed;
        }
        let (below, above) = (value - lower <= ZERO * size, upper - value <= ZERO * size);
        match (below, above) {
            (true, _) if multiplier < -ZERO * slope => Self::Fixed,
            (_, true) if multiplier > ZERO * slope => Self::Fixed,
            (true, _) => Self::Lower,
            (_, true) => Self::Upper,
            _ => Self::Away,
        }
    }

    /// What the limit allows of the direction.
    fn sides(self) -> (f64, f64) {
        match self {
            Self::Away => (f64::NEG_INFINITY, f64::INFINITY),
            Self::Fixed => (0.0, 0.0),
            Self::Lower => (0.0, f64::INFINITY),
            Self::Upper => (f64::NEG_INFINITY, 0.0),
        }
    }

    /// A guess, from whether the limit held in the step before: what stopped that step has changed.
    fn guess(self, before: Activity) -> Activity {
        match (self, before) {
            (Self::Away, _) => Activity::Inactive,
            (Self::Fixed, _) | (Self::Lower, Activity::Inactive) => Activity::Lower,
            (Self::Upper, Activity::Inactive) => Activity::Upper,
            _ => Activity::Inactive,
        }
    }
}

/// A point on the frontier, on the way up.
#[derive(Debug)]
pub(super) struct Path<'a> {
    program: QuadraticProgram<'a>,
    mean: Array1<f64>,
    lambda: f64,
    point: QuadraticSolution,
    /// The limits that held in the step before.
    held: ActiveSet,
}

/// The direction of a step, how the limits take part in it and how it ends.
struct Step {
    direction: QuadraticSolution,
    held: ActiveSet,
    /// None when nothing ends it.
    length: Option<f64>,
    moves: bool,
}

impl<'a> Path<'a> {
    /// At the least variance.
    pub(super) fn start(program: QuadraticProgram<'a>, mean: Array1<f64>) -> Result<Self> {
        let point = program.solve()?;
        // Limits met without a multiplier: whether they hold next is for the first step to find out.
        let held = point.active_set();
        Ok(Self { program, mean, lambda: 0.0, point, held })
    }

    /// The corners from the largest mean down, and what lies beyond them.
    pub(super) fn follow(mut self) -> Result<(Vec<Corner>, Option<Ray>)> {
        let limits = self.program.len() + self.program.rows.nrows();
        let mut corners = vec![self.corner()];
        // Each step changes a limit, and in practice each limit changes a few times at most.
        let most = 1000 + 50 * limits;
        for _ in 0..most {
            let step = self.step()?;
            let last = corners.len() - 1;
            let Some(length) = step.length else {
                corners.reverse();
                if step.moves {
                    let mean = self.mean.dot(&step.direction.x);
                    return Ok((corners, Some(Ray { weights: step.direction.x.to_vec(), mean })));
                }
                corners[0].lambda_until = None;
                return Ok((corners, None));
            };
            let moves = step.moves;
            self.advance(step, length)?;
            if moves {
                corners.push(self.corner());
            } else {
                corners[last].lambda_until = Some(self.lambda);
            }
        }
        Err(Error::NotConverged { method: "critical line", iterations: most, residual: f64::NAN })
    }

    fn corner(&self) -> Corner {
        let (weights, mean) = (self.point.x.to_vec(), self.mean.dot(&self.point.x));
        let variance = self.program.curvature_at(&self.point.x);
        Corner { weights, lambda: self.lambda, lambda_until: Some(self.lambda), mean, variance }
    }

    /// The program at a `λ`.
    fn at(&self, lambda: f64) -> QuadraticProgram<'a> {
        let mut program = self.program.clone();
        program.linear = &self.mean * -lambda;
        program
    }

    fn step(&self) -> Result<Step> {
        let (bounds, rows) = self.holds();
        let mut program = self.program.clone();
        // The budget leaves a common part of the means without effect; without it equal means are equal exactly.
        let common = self.mean.sum() / self.mean.len() as f64;
        program.linear = self.mean.mapv(|mean| common - mean);
        (program.lower, program.upper) = sides(&bounds);
        (program.row_lower, program.row_upper) = sides(&rows);
        let guess = |holds: &[Hold], before: &[Activity]| {
            holds.iter().zip(before).map(|(hold, before)| hold.guess(*before)).collect()
        };
        let guess = ActiveSet { bounds: guess(&bounds, &self.held.bounds), rows: guess(&rows, &self.held.rows) };
        let mut direction = program.solve_from(&guess)?;
        direction.row_multipliers[0] += common;
        let moves = self.moves(&program.linear, &direction.x);
        if !moves {
            direction.x.fill(0.0);
        }
        let held = ActiveSet {
            bounds: bounds.iter().zip(&direction.bound_multipliers).map(|(hold, z)| kept(*hold, *z)).collect(),
            rows: rows.iter().zip(&direction.row_multipliers).map(|(hold, y)| kept(*hold, *y)).collect(),
        };
        let length = self.length(&direction, (&bounds, &rows));
        Ok(Step { direction, held, length, moves })
    }

    /// Whether a direction is more than rounding, next to what each asset alone would do.
    fn moves(&self, linear: &Array1<f64>, direction: &Array1<f64>) -> bool {
        let largest = |values: &Array1<f64>| values.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        let alone = linear / &self.program.curvature_diagonal();
        largest(direction) > STILL * largest(&alone) && self.mean.dot(direction) > 0.0
    }

    fn holds(&self) -> (Vec<Hold>, Vec<Hold>) {
        let (program, point) = (&self.program, &self.point);
        let scales = self.at(self.lambda).scales(point);
        let bounds = (0..program.len()).map(|i| {
            let limits = (program.lower[i], program.upper[i]);
            Hold::of(point.x[i], limits, scales.x, point.bound_multipliers[i], scales.gradient)
        });
        let activity = program.rows.dot(&point.x);
        let rows = (0..program.rows.nrows()).map(|r| {
            let limits = (program.row_lower[r], program.row_upper[r]);
            let multiplier = point.row_multipliers[r] * largest_in_row(program, r);
            Hold::of(activity[r], limits, scales.rows[r], multiplier, scales.gradient)
        });
        (bounds.collect(), rows.collect())
    }

    /// How far the direction holds: until a limit is met or a multiplier vanishes.
    fn length(&self, direction: &QuadraticSolution, (bounds, rows): (&[Hold], &[Hold])) -> Option<f64> {
        let (program, point) = (&self.program, &self.point);
        let largest = |v: &Array1<f64>| v.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        let speeds =
            (largest(&direction.x), largest(&direction.bound_multipliers), largest(&direction.row_multipliers));
        let mut length: Option<f64> = None;
        let mut look = |step: Option<f64>| {
            if let Some(step) = step
                && length.is_none_or(|least| step < least)
            {
                length = Some(step);
            }
        };
        for (i, hold) in bounds.iter().enumerate() {
            let (limits, rate) = ((program.lower[i], program.upper[i]), direction.x[i]);
            look(meets(*hold, point.x[i], rate, limits, STILL * speeds.0));
            if program.lower[i] < program.upper[i] {
                let (z, rate) = (point.bound_multipliers[i], direction.bound_multipliers[i]);
                look(vanishes(*hold, z, rate, STILL * speeds.1));
            }
        }
        let (activity, rates) = (program.rows.dot(&point.x), program.rows.dot(&direction.x));
        for (r, hold) in rows.iter().enumerate() {
            let limits = (program.row_lower[r], program.row_upper[r]);
            let still = STILL * speeds.0 * largest_in_row(program, r) * program.len() as f64;
            look(meets(*hold, activity[r], rates[r], limits, still));
            if program.row_lower[r] < program.row_upper[r] {
                let (y, rate) = (point.row_multipliers[r], direction.row_multipliers[r]);
                look(vanishes(*hold, y, rate, STILL * speeds.2));
            }
        }
        length
    }

    fn advance(&mut self, step: Step, length: f64) -> Result<()> {
        self.lambda += length;
        let Step { direction, held, .. } = step;
        self.point.x.scaled_add(length, &direction.x);
        self.point.bound_multipliers.scaled_add(length, &direction.bound_multipliers);
        self.point.row_multipliers.scaled_add(length, &direction.row_multipliers);
        let program = self.at(self.lambda);
        if !(program.residual(&self.point) <= EXACT) {
            let active = self.sided(&held);
            self.point = program.solve_from(&active)?;
        }
        self.held = held;
        Ok(())
    }

    /// The limits that held in a step, each on its side.
    fn sided(&self, held: &ActiveSet) -> ActiveSet {
        let side = |held: Activity, value: f64, lower: f64, upper: f64| match held {
            Activity::Inactive => Activity::Inactive,
            _ if value - lower <= upper - value => Activity::Lower,
            _ => Activity::Upper,
        };
        let (program, x) = (&self.program, &self.point.x);
        let activity = program.rows.dot(x);
        let bounds = (0..x.len()).map(|i| side(held.bounds[i], x[i], program.lower[i], program.upper[i]));
        let rows =
            (0..activity.len()).map(|r| side(held.rows[r], activity[r], program.row_lower[r], program.row_upper[r]));
        ActiveSet { bounds: bounds.collect(), rows: rows.collect() }
    }
}

fn sides(holds: &[Hold]) -> (Array1<f64>, Array1<f64>) {
    (holds.iter().map(|hold| hold.sides().0).collect(), holds.iter().map(|hold| hold.sides().1).collect())
}

/// Whether a limit held in a step, given the rate of its multiplier.
fn kept(hold: Hold, rate: f64) -> Activity {
    match hold {
        Hold::Fixed => Activity::Lower,
        Hold::Lower if rate != 0.0 => Activity::Lower,
        Hold::Upper if rate != 0.0 => Activity::Upper,
        _ => Activity::Inactive,
    }
}

/// The step to the limit ahead.
fn meets(hold: Hold, value: f64, rate: f64, (lower, upper): (f64, f64), still: f64) -> Option<f64> {
    let gap = if rate > still && hold != Hold::Upper {
        upper - value
    } else if rate < -still && hold != Hold::Lower {
        value - lower
    } else {
        return None;
    };
    (hold != Hold::Fixed && gap.is_finite()).then(|| gap.max(0.0) / rate.abs())
}

/// The step after which a multiplier is gone.
fn vanishes(hold: Hold, multiplier: f64, rate: f64, still: f64) -> Option<f64> {
    (hold == Hold::Fixed && rate.abs() > still && rate * multiplier < 0.0).then(|| -multiplier / rate)
}

fn largest_in_row(program: &QuadraticProgram<'_>, r: usize) -> f64 {
    program.rows.row(r).iter().fold(0.0_f64, |a, v| a.max(v.abs()))
}

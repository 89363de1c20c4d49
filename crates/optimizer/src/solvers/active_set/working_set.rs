//! Which limits hold with equality.

use serde::{Deserialize, Serialize};

use super::instance::Instance;
use crate::{QuadraticSolution, Result};

/// Where a variable or row stands between its two limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// Held by neither limit.
    Inactive,
    /// Held at the lower limit.
    Lower,
    /// Held at the upper limit.
    Upper,
}

/// The limits that hold with equality at a solution: a start for the next, similar program.
///
/// A wrong guess costs time and never changes the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActiveSet {
    /// One a variable.
    pub bounds: Vec<Activity>,
    /// One a row.
    pub rows: Vec<Activity>,
}

impl ActiveSet {
    /// Nothing but what has no choice: equations and fixed variables.
    pub(super) fn loosest(instance: &Instance<'_>) -> Self {
        let inactive =
            Self { bounds: vec![Activity::Inactive; instance.n], rows: vec![Activity::Inactive; instance.m] };
        inactive.fitted(instance)
    }

    /// Without sides that do not exist, and with the equations and fixed variables of a program.
    pub(super) fn fitted(mut self, instance: &Instance<'_>) -> Self {
        let fit = |side: &mut Activity, lower: f64, upper: f64| {
            *side = match side {
                _ if lower >= upper => Activity::Lower,
                Activity::Lower if lower.is_finite() => Activity::Lower,
                Activity::Upper if upper.is_finite() => Activity::Upper,
                _ => Activity::Inactive,
            };
        };
        for (i, side) in self.bounds.iter_mut().enumerate() {
            fit(side, instance.lower[i], instance.upper[i]);
        }
        for (r, side) in self.rows.iter_mut().enumerate() {
            fit(side, instance.row_lower[r], instance.row_upper[r]);
        }
        self
    }

    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless there is one side a variable and a row.
    pub(super) fn checked(&self, variables: usize, rows: usize) -> Result<()> {
        for (name, expected, got) in
            [("active bounds", variables, self.bounds.len()), ("active rows", rows, self.rows.len())]
        {
            if expected != got {
                return Err(alluse_risk_core::Error::LengthMismatch { name, expected, got }.into());
            }
        }
        Ok(())
    }

    pub(super) fn free(&self) -> Vec<usize> {
        indices(&self.bounds, |side| side == Activity::Inactive)
    }

    pub(super) fn held_rows(&self) -> Vec<usize> {
        indices(&self.rows, |side| side != Activity::Inactive)
    }
}

fn indices(sides: &[Activity], keep: impl Fn(Activity) -> bool) -> Vec<usize> {
    (0..sides.len()).filter(|&i| keep(sides[i])).collect()
}

/// The side a multiplier pushes on.
fn pushed(multiplier: f64) -> Activity {
    if multiplier > 0.0 {
        Activity::Upper
    } else if multiplier < 0.0 {
        Activity::Lower
    } else {
        Activity::Inactive
    }
}

impl QuadraticSolution {
    /// The limits with a multiplier, to start from in [`QuadraticProgram::solve_from`](crate::QuadraticProgram::solve_from).
    #[must_use]
    pub fn active_set(&self) -> ActiveSet {
        ActiveSet {
            bounds: self.bound_multipliers.iter().map(|z| pushed(*z)).collect(),
            rows: self.row_multipliers.iter().map(|y| pushed(*y)).collect(),
        }
    }
}

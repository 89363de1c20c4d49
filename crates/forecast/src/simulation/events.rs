use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::return_paths::{drawdown, growth};
use super::{EventProbability, ReturnPaths};
use crate::{Error, Result, check};

/// What may happen on a path of returns; levels are total returns from today, so that −0.1 is a fall of ten percent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PathEvent {
    /// The last total return is above a hurdle; above zero is a gain.
    EndsAbove(f64),
    /// The total return reaches a target at the end of any period.
    Reaches(f64),
    /// The total return falls to a floor, or through it, at the end of any period.
    FallsTo(f64),
    /// A fall from a peak, in fractions of it, is larger than this at the end of any period.
    DrawdownBeyond(f64),
}

impl PathEvent {
    fn check(self) -> Result<()> {
        match self {
            Self::EndsAbove(level) => check::number("hurdle", level)?,
            Self::Reaches(level) => check::number("target", level)?,
            Self::FallsTo(level) => check::number("floor", level)?,
            Self::DrawdownBeyond(depth) => check::ensure((0.0..1.0).contains(&depth), "drawdown", "in [0, 1)", depth)?,
        };
        Ok(())
    }

    fn happens(self, path: ArrayView1<'_, f64>, steps: usize) -> bool {
        let mut level = 1.0;
        let mut totals = path.iter().take(steps).map(|r| {
            level *= 1.0 + r;
            level - 1.0
        });
        match self {
            Self::EndsAbove(hurdle) => growth(path, steps) - 1.0 > hurdle,
            Self::Reaches(target) => totals.any(|total| total >= target),
            Self::FallsTo(floor) => totals.any(|total| total <= floor),
            Self::DrawdownBeyond(depth) => drawdown(path, steps) > depth,
        }
    }

    /// Periods at whose end the event is looked for.
    fn closes(self, steps: usize) -> usize {
        if matches!(self, Self::EndsAbove(_)) { 1 } else { steps }
    }
}

impl ReturnPaths {
    /// Share of the paths on which `event` happens within the first `steps` periods.
    ///
    /// # Errors
    /// [`Error::Input`] for a level that is not finite, a drawdown outside [0, 1), and unless `steps` lies in 1 to
    /// [`steps`](Self::steps).
    pub fn probability(&self, event: PathEvent, steps: usize) -> Result<EventProbability> {
        event.check()?;
        let steps = self.within(steps)?;
        let happens = self.over_paths(|path| event.happens(path, steps));
        Ok(EventProbability::of(happens.into_iter(), event.closes(steps)))
    }

    /// Share of the paths whose total return over `steps` periods is above that of `benchmark` on the same path: both
    /// must come from one joint simulation.
    ///
    /// # Errors
    /// [`Error::Invalid`] for another number of paths; otherwise as [`probability`](Self::probability).
    pub fn probability_of_beating(&self, benchmark: &Self, steps: usize) -> Result<EventProbability> {
        if self.len() != benchmark.len() {
            let reason = format!("{} paths against {}", self.len(), benchmark.len());
            return Err(Error::invalid("benchmark", reason));
        }
        let (steps, _) = (self.within(steps)?, benchmark.within(steps)?);
        let own = self.over_paths(|path| growth(path, steps));
        let other = benchmark.over_paths(|path| growth(path, steps));
        let beats: Vec<bool> = own.iter().zip(&other).map(|(own, other)| own > other).collect();
        Ok(EventProbability::of(beats.into_iter(), 1))
    }
}

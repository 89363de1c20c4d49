use alluse_risk_core::{Error as Input, ErrorKind};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Successive windows in which a metric has no value, all for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UndefinedRun {
    /// Position at which the first of them ends.
    pub from: usize,
    /// Position at which the last of them ends.
    pub to: usize,
    /// The kind of the obstacle.
    pub kind: ErrorKind,
    /// The obstacle in words.
    pub reason: String,
}

/// A metric of every window, by the position at which the window ends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RollingValues {
    metric: String,
    first: usize,
    values: Vec<Option<f64>>,
    undefined: Vec<UndefinedRun>,
}

impl RollingValues {
    /// For windows that end from `first` on.
    pub(super) fn new(metric: &str, first: usize, capacity: usize) -> Self {
        let values = Vec::with_capacity(capacity);
        Self { metric: metric.to_owned(), first, values, undefined: Vec::new() }
    }

    /// The value of the next window, or why there is none.
    pub(super) fn push(&mut self, value: Result<f64>) {
        let position = self.first + self.values.len();
        match value {
            Ok(value) => self.values.push(Some(value)),
            Err(error) => {
                let (kind, reason) = (error.kind(), error.to_string());
                match self.undefined.last_mut() {
                    Some(run) if run.to + 1 == position && run.kind == kind && run.reason == reason => {
                        run.to = position
                    }
                    _ => self.undefined.push(UndefinedRun { from: position, to: position, kind, reason }),
                }
                self.values.push(None);
            }
        }
    }

    /// Which metric.
    #[must_use]
    pub fn metric(&self) -> &str {
        &self.metric
    }

    /// Position at which the first window ends, counted from 0.
    #[must_use]
    pub fn first(&self) -> usize {
        self.first
    }

    /// One value a window, `None` where the metric does not exist.
    #[must_use]
    pub fn values(&self) -> &[Option<f64>] {
        &self.values
    }

    /// Where there is no value, and why.
    #[must_use]
    pub fn undefined(&self) -> &[UndefinedRun] {
        &self.undefined
    }

    /// Positions with their values, those without left out.
    pub fn known(&self) -> impl Iterator<Item = (usize, f64)> + '_ {
        self.values.iter().enumerate().filter_map(|(index, value)| value.map(|value| (self.first + index, value)))
    }

    /// The value of the window that ends at a position.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a position at which no window ends; where the metric has no value, [`Error::Undefined`]
    /// with the reason, or [`Error::Input`] when it overflowed.
    pub fn get(&self, position: usize) -> Result<f64> {
        let value = position.checked_sub(self.first).and_then(|index| self.values.get(index));
        match value {
            Some(Some(value)) => Ok(*value),
            Some(None) => Err(self.obstacle(position)),
            None => {
                let last = (self.first + self.values.len()).saturating_sub(1);
                let reason = format!("windows end at {} to {last}, not at {position}", self.first);
                Err(Error::invalid(format!("position of {}", self.metric), reason))
            }
        }
    }

    /// The values of the windows that end at some positions.
    ///
    /// # Errors
    /// As [`get`](Self::get), for the first position without a value.
    pub fn at(&self, positions: &[usize]) -> Result<Array1<f64>> {
        positions.iter().map(|&position| self.get(position)).collect()
    }

    fn obstacle(&self, position: usize) -> Error {
        let run = self.undefined.iter().find(|run| (run.from..=run.to).contains(&position));
        let reason = run.map_or("it has no value", |run| run.reason.as_str());
        match run.map(|run| run.kind) {
            Some(ErrorKind::Numerical) => Input::Overflow { name: "rolling value" }.into(),
            _ => {
                let reason = format!("{} of the window that ends at {position}: {reason}", self.metric);
                Error::undefined("rolling value", reason)
            }
        }
    }
}

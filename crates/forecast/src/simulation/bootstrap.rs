use alluse_risk_core::inference::optimal_block_length;
use alluse_risk_core::streams::{BLOCK, Streams};
use ndarray::ArrayView1;
use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::{FittedPaths, PathModel, ReturnPaths};
use crate::{Result, check};

/// Length of the blocks that are drawn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BlockLength {
    /// That of Politis and White (2004) with the correction of 2009, at least one.
    #[default]
    Automatic,
    /// A mean length, at least one.
    Mean(f64),
}

impl BlockLength {
    pub(super) fn of(self, series: ArrayView1<'_, f64>) -> Result<f64> {
        match self {
            Self::Mean(length) => {
                check::ensure(length >= 1.0 && length.is_finite(), "mean block length", "at least 1", length)
            }
            Self::Automatic => Ok(optimal_block_length(series)?.stationary.max(1.0)),
        }
    }
}

/// Positions drawn from a history: single days, or stretches of geometric length that wrap around its end.
#[derive(Debug, Clone, Copy)]
pub(super) struct Positions {
    observations: usize,
    /// Probability of a new stretch at every step, scaled to 2³².
    restart: u64,
}

impl Positions {
    pub(super) fn new(observations: usize, mean_length: f64) -> Self {
        Self { observations, restart: (4_294_967_296.0 / mean_length) as u64 }
    }

    /// Any position: the upper half of a product of 32 random bits with the length is uniform to n/2³².
    fn any(self, stream: &mut impl Rng) -> usize {
        ((u64::from(stream.random::<u32>()) * self.observations as u64) >> 32) as usize
    }

    /// Calls `take` with the position of every step.
    pub(super) fn draw(self, stream: &mut impl Rng, steps: usize, mut take: impl FnMut(usize, usize)) {
        let mut position = self.any(stream);
        for step in 0..steps {
            if step > 0 {
                position = if self.restart > u64::from(u32::MAX) || u64::from(stream.random::<u32>()) < self.restart {
                    self.any(stream)
                } else if position + 1 == self.observations {
                    0
                } else {
                    position + 1
                };
            }
            take(step, position);
        }
    }
}

/// Days drawn from the history with replacement: the distribution stays, what follows what does not.
///
/// The competitor without a model that every other has to beat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct UnconditionalBootstrap;

impl PathModel for UnconditionalBootstrap {
    fn name(&self) -> &str {
        "unconditional bootstrap"
    }

    fn min_observations(&self) -> usize {
        2
    }

    fn fit(&self, returns: ArrayView1<'_, f64>) -> Result<Box<dyn FittedPaths>> {
        Ok(Box::new(Sample::new(returns, self.min_observations(), |_| Ok(1.0))?))
    }
}

/// Stretches of days drawn from the history, of geometric length (Politis and Romano 1994).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct StationaryBootstrap {
    length: BlockLength,
}

impl StationaryBootstrap {
    /// Blocks of this length.
    #[must_use]
    pub fn new(length: BlockLength) -> Self {
        Self { length }
    }
}

impl PathModel for StationaryBootstrap {
    fn name(&self) -> &str {
        "stationary bootstrap"
    }

    fn min_observations(&self) -> usize {
        20
    }

    fn fit(&self, returns: ArrayView1<'_, f64>) -> Result<Box<dyn FittedPaths>> {
        Ok(Box::new(Sample::new(returns, self.min_observations(), |returns| self.length.of(returns))?))
    }
}

/// A history to draw from.
#[derive(Debug)]
struct Sample {
    returns: Vec<f64>,
    positions: Positions,
}

impl Sample {
    fn new(
        returns: ArrayView1<'_, f64>,
        fewest: usize,
        length: impl Fn(ArrayView1<'_, f64>) -> Result<f64>,
    ) -> Result<Self> {
        super::model::history(returns, fewest)?;
        let positions = Positions::new(returns.len(), length(returns)?);
        Ok(Self { returns: returns.to_vec(), positions })
    }
}

impl FittedPaths for Sample {
    fn simulate(&self, steps: usize, paths: usize, seed: u64) -> Result<ReturnPaths> {
        let mut values = super::model::room(steps, paths)?;
        Streams::new(seed).try_fill_chunks(&mut values, BLOCK, |_, stream, mut rows| {
            for mut row in rows.rows_mut() {
                self.positions.draw(stream, steps, |step, position| row[step] = self.returns[position]);
            }
            Ok(())
        })?;
        ReturnPaths::new(values)
    }
}

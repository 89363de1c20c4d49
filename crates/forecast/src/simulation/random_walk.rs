use alluse_risk_core::moments;
use alluse_risk_core::streams::Streams;
use ndarray::ArrayView1;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::{FittedPaths, PathModel, ReturnPaths};
use crate::Result;

/// What a random walk expects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Drift {
    /// Nothing.
    None,
    /// The historical mean.
    #[default]
    Historical,
}

/// Independent normal returns with the historical volatility.
///
/// A simulated return below −1 is a total loss and counts as −1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RandomWalk {
    drift: Drift,
}

impl RandomWalk {
    /// With this drift.
    #[must_use]
    pub fn new(drift: Drift) -> Self {
        Self { drift }
    }
}

impl PathModel for RandomWalk {
    fn name(&self) -> &str {
        match self.drift {
            Drift::None => "random walk",
            Drift::Historical => "random walk with drift",
        }
    }

    fn min_observations(&self) -> usize {
        2
    }

    fn fit(&self, returns: ArrayView1<'_, f64>) -> Result<Box<dyn FittedPaths>> {
        super::model::history(returns, self.min_observations())?;
        let mean = match self.drift {
            Drift::None => 0.0,
            Drift::Historical => moments::mean(returns)?,
        };
        Ok(Box::new(Normal { mean, volatility: moments::variance(returns, 1)?.sqrt() }))
    }
}

#[derive(Debug)]
struct Normal {
    mean: f64,
    volatility: f64,
}

impl FittedPaths for Normal {
    fn simulate(&self, steps: usize, paths: usize, seed: u64) -> Result<ReturnPaths> {
        let mut values = super::model::room(steps, paths)?;
        Streams::new(seed).fill_blocks(&mut values, |stream, mut rows| {
            for slot in &mut rows {
                let z: f64 = StandardNormal.sample(stream);
                *slot = (self.mean + self.volatility * z).max(-1.0);
            }
        });
        ReturnPaths::new(values)
    }
}

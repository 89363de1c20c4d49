//! ARIMA models by exact maximum likelihood.

mod difference;
mod filtered;
mod fit;
mod gain;
mod kalman;
mod model;
mod polynomial;
mod start;

pub use filtered::FilteredArima;
pub use fit::{ArimaCertificate, ArimaStandardErrors, FittedArima};
pub use model::{Arima, ArimaParameters, Constant};

use alluse_risk_core::Confidence;
use ndarray::{Array1, Array2, ArrayView1};

use super::levels::{FittedLevels, LevelModel};
use crate::Result;

impl LevelModel for Arima {
    fn name(&self) -> String {
        self.to_string()
    }

    fn min_observations(&self) -> usize {
        Self::min_observations(self)
    }

    fn fit(&self, levels: ArrayView1<'_, f64>) -> Result<Box<dyn FittedLevels>> {
        Ok(Box::new(Self::fit(self, levels)?))
    }
}

impl FittedLevels for FittedArima {
    fn name(&self) -> String {
        self.model().to_string()
    }

    fn forecast(&self, steps: usize) -> Result<Array1<f64>> {
        self.filtered().forecast(steps)
    }

    fn simulate(&self, steps: usize, paths: usize, seed: u64) -> Result<Array2<f64>> {
        self.filtered().simulate(steps, paths, seed)
    }

    fn intervals(&self, steps: usize, coverage: Confidence) -> Result<Vec<(f64, f64)>> {
        self.filtered().intervals(steps, coverage)
    }
}

#[cfg(test)]
mod tests;

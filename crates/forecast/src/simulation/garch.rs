use alluse_risk_core::FittedVolatility;
use alluse_risk_core::streams::{BLOCK, Streams};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::{FittedPaths, PathModel, ReturnPaths};
use crate::Result;
use crate::volatility::{FittedGarch, Garch};

/// A model of the GARCH family with shocks from its own law.
///
/// A simulated return below −1 is a total loss and counts as −1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GarchPaths {
    name: String,
    model: Garch,
}

impl GarchPaths {
    /// Paths of this model.
    #[must_use]
    pub fn new(model: Garch) -> Self {
        Self { name: "GARCH simulation".to_owned(), model }
    }

    /// With another name in tables.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

impl PathModel for GarchPaths {
    fn name(&self) -> &str {
        &self.name
    }

    fn min_observations(&self) -> usize {
        Garch::MIN_OBSERVATIONS + 10
    }

    fn fit(&self, returns: ArrayView1<'_, f64>) -> Result<Box<dyn FittedPaths>> {
        super::model::history(returns, self.min_observations())?;
        Ok(Box::new(self.model.estimate(returns)?))
    }
}

impl FittedPaths for FittedGarch {
    fn simulate(&self, steps: usize, paths: usize, seed: u64) -> Result<ReturnPaths> {
        let mut values = super::model::room(steps, paths)?;
        let law = self.parameters().law;
        law.check()?;
        Streams::new(seed).try_fill_chunks(&mut values, BLOCK, |_, stream, mut rows| {
            let mut z = vec![0.0; steps];
            for mut row in rows.rows_mut() {
                law.fill(stream, &mut z)?;
                FittedVolatility::simulate(self, ArrayView1::from(z.as_slice()), row.view_mut())?;
                row.mapv_inplace(|value| value.max(-1.0));
            }
            Ok(())
        })?;
        ReturnPaths::new(values)
    }
}

use std::sync::Arc;

use alluse_risk_core::streams::{BLOCK, Streams};
use alluse_risk_core::{FittedVolatility, VolatilityModel};
use ndarray::{Array1, ArrayView1};

use super::bootstrap::{BlockLength, Positions};
use super::{FittedPaths, PathModel, ReturnPaths};
use crate::{Error, Result, check};

/// Standardised returns drawn from the history and moved by a volatility model from today's volatility on: filtered
/// historical simulation.
///
/// ```text
/// zₜ = (rₜ − μₜ)/σₜ over the history, less their mean, over their deviation
/// futures: the model's recursion from the end of the history, its shocks drawn from the z
/// ```
///
/// A simulated return below −1 is a total loss and counts as −1.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `length` | 1 | mean length of the stretches of z that are drawn |
/// | `skipped` | 0 | first returns whose z are left out, such as those that only start the filter |
///
/// # Source
/// Barone-Adesi, Giannopoulos and Vosper (1999), "VaR without correlations for portfolios of derivative securities".
#[derive(Debug, Clone)]
pub struct FilteredBootstrap {
    name: String,
    volatility: Arc<dyn VolatilityModel>,
    length: BlockLength,
    skipped: usize,
}

impl FilteredBootstrap {
    /// Filtered by this model.
    pub fn new(volatility: impl VolatilityModel + 'static) -> Self {
        Self {
            name: "filtered bootstrap".to_owned(),
            volatility: Arc::new(volatility),
            length: BlockLength::Mean(1.0),
            skipped: 0,
        }
    }

    /// With another name in tables.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// With stretches of shocks instead of single ones.
    #[must_use]
    pub fn with_blocks(mut self, length: BlockLength) -> Self {
        self.length = length;
        self
    }

    /// Without the shocks of the first returns.
    #[must_use]
    pub fn with_skipped(mut self, returns: usize) -> Self {
        self.skipped = returns;
        self
    }
}

impl PathModel for FilteredBootstrap {
    fn name(&self) -> &str {
        &self.name
    }

    fn min_observations(&self) -> usize {
        self.skipped.saturating_add(20)
    }

    fn fit(&self, returns: ArrayView1<'_, f64>) -> Result<Box<dyn FittedPaths>> {
        super::model::history(returns, self.min_observations())?;
        let fitted = self.volatility.fit(returns)?;
        let shocks = standardised(returns, fitted.as_ref(), self.skipped)?;
        let length = self.length.of(ArrayView1::from(shocks.as_slice()))?;
        Ok(Box::new(Filtered { positions: Positions::new(shocks.len(), length), fitted, shocks }))
    }
}

/// Standardised returns with mean 0 and variance 1.
pub(super) fn standardised(
    returns: ArrayView1<'_, f64>,
    fitted: &dyn FittedVolatility,
    skipped: usize,
) -> Result<Vec<f64>> {
    let (means, volatilities) = (fitted.mean(), fitted.volatility());
    let mut shocks = Vec::with_capacity(returns.len());
    for (date, ((&value, &mean), &volatility)) in returns.iter().zip(means).zip(volatilities).enumerate().skip(skipped)
    {
        if !(volatility > 0.0) {
            return Err(Error::invalid("volatility", format!("it is {volatility} at return {date}")));
        }
        shocks.push((value - mean) / volatility);
    }
    let n = shocks.len() as f64;
    let mean = shocks.iter().sum::<f64>() / n;
    let variance = shocks.iter().map(|z| (z - mean) * (z - mean)).sum::<f64>() / n;
    let scale = check::positive("variance of the standardised returns", variance)?.sqrt();
    shocks.iter_mut().for_each(|z| *z = (*z - mean) / scale);
    Ok(shocks)
}

#[derive(Debug)]
struct Filtered {
    fitted: Box<dyn FittedVolatility>,
    shocks: Vec<f64>,
    positions: Positions,
}

impl FittedPaths for Filtered {
    fn simulate(&self, steps: usize, paths: usize, seed: u64) -> Result<ReturnPaths> {
        let mut values = super::model::room(steps, paths)?;
        Streams::new(seed).try_fill_chunks(&mut values, BLOCK, |_, stream, mut rows| {
            let mut z = Array1::zeros(steps);
            for mut row in rows.rows_mut() {
                self.positions.draw(stream, steps, |step, position| z[step] = self.shocks[position]);
                self.fitted.simulate(z.view(), row.view_mut())?;
                row.mapv_inplace(|value| value.max(-1.0));
            }
            Ok(())
        })?;
        ReturnPaths::new(values)
    }
}

use std::sync::Arc;

use alluse_risk_core::streams::{BLOCK, Streams};
use alluse_risk_core::{AssetId, Error as Input, FittedVolatility, VolatilityModel};
use ndarray::{Array1, Array2, Array3, ArrayView2, ArrayView3, Axis};

use super::ReturnPaths;
use super::bootstrap::{BlockLength, Positions};
use super::filtered::standardised;
use crate::{Error, Result, check};

/// What is drawn together: the rows of one date.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum JointDraws {
    /// Returns of a date.
    #[default]
    Returns,
    /// Standardised returns of a date, each moved by a volatility model of its own.
    Filtered(Arc<dyn VolatilityModel>),
}

/// Futures of several assets: all of a date are drawn together, so that what moves together stays together.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `draws` | returns | raw returns, or standardised ones moved by a volatility model an asset |
/// | `length` | 1 | mean length of the stretches of dates that are drawn |
///
/// A simulated return below −1 is a total loss and counts as −1.
#[derive(Debug, Clone)]
pub struct JointBootstrap {
    draws: JointDraws,
    length: f64,
}

impl Default for JointBootstrap {
    fn default() -> Self {
        Self { draws: JointDraws::Returns, length: 1.0 }
    }
}

impl JointBootstrap {
    /// Filtered by one volatility model an asset.
    pub fn filtered(volatility: impl VolatilityModel + 'static) -> Self {
        Self { draws: JointDraws::Filtered(Arc::new(volatility)), length: 1.0 }
    }

    /// With stretches of dates of this mean length.
    ///
    /// # Errors
    /// [`Error::Input`] for a length below one.
    pub fn with_mean_block(mut self, length: f64) -> Result<Self> {
        self.length = BlockLength::Mean(length).of(ndarray::ArrayView1::from(&[]))?;
        Ok(self)
    }

    /// Simulates `paths` futures of `steps` periods after the `returns`, dates × assets.
    ///
    /// # Errors
    /// [`Error::Input`] for returns that are not finite or below −1, other than one column an asset, fewer than 20
    /// dates, and no step or path; [`Error::Invalid`] naming the asset whose volatility model fails.
    pub fn simulate(
        &self,
        assets: Vec<AssetId>,
        returns: ArrayView2<'_, f64>,
        steps: usize,
        paths: usize,
        seed: u64,
    ) -> Result<JointPaths> {
        check::finite_matrix("returns", returns)?;
        check::length("assets", returns.ncols(), assets.len())?;
        check::enough("history of a joint bootstrap", 20, returns.nrows())?;
        for (asset, column) in assets.iter().zip(returns.columns()) {
            super::model::history(column, 20).map_err(|error| Error::invalid(asset.to_string(), error.to_string()))?;
        }
        let count = assets.len();
        let positions = Positions::new(returns.nrows(), self.length);
        let mut flat = super::model::room(steps.saturating_mul(count), paths)?;
        match &self.draws {
            JointDraws::Returns => {
                Streams::new(seed).fill_blocks(&mut flat, |stream, mut rows| {
                    for mut path in rows.rows_mut() {
                        positions.draw(stream, steps, |step, date| {
                            let slots = path.iter_mut().skip(step * count);
                            slots.zip(returns.row(date)).for_each(|(slot, value)| *slot = *value);
                        });
                    }
                });
            }
            JointDraws::Filtered(model) => {
                let Filters { fitted, shocks } = filters(model.as_ref(), &assets, returns)?;
                Streams::new(seed).try_fill_chunks(&mut flat, BLOCK, |_, stream, mut rows| {
                    let mut dates = vec![0; steps];
                    let (mut z, mut out) = (Array1::zeros(steps), Array1::zeros(steps));
                    for mut path in rows.rows_mut() {
                        positions.draw(stream, steps, |step, date| dates[step] = date);
                        for (asset, fitted) in fitted.iter().enumerate() {
                            z.iter_mut().zip(&dates).for_each(|(slot, &date)| *slot = shocks[(asset, date)]);
                            fitted.simulate(z.view(), out.view_mut())?;
                            let slots = path.iter_mut().skip(asset).step_by(count);
                            slots.zip(&out).for_each(|(slot, value)| *slot = value.max(-1.0));
                        }
                    }
                    Ok(())
                })?;
            }
        }
        let values = flat
            .into_shape_with_order((paths, steps, count))
            .map_err(|error| Error::invalid("simulated returns", error.to_string()))?;
        JointPaths::new(assets, values)
    }
}

/// A volatility model an asset, and the standardised returns, assets × dates.
struct Filters {
    fitted: Vec<Box<dyn FittedVolatility>>,
    shocks: Array2<f64>,
}

fn filters(model: &dyn VolatilityModel, assets: &[AssetId], returns: ArrayView2<'_, f64>) -> Result<Filters> {
    let mut shocks = Array2::zeros((assets.len(), returns.nrows()));
    let mut all = Vec::with_capacity(assets.len());
    for ((asset, column), mut row) in assets.iter().zip(returns.columns()).zip(shocks.rows_mut()) {
        let named = |error: &dyn std::fmt::Display| Error::invalid(asset.to_string(), error.to_string());
        let fitted = model.fit(column).map_err(|error| named(&error))?;
        let own = standardised(column, fitted.as_ref(), 0).map_err(|error| named(&error))?;
        row.iter_mut().zip(own).for_each(|(slot, value)| *slot = value);
        all.push(fitted);
    }
    Ok(Filters { fitted: all, shocks })
}

/// Equally likely joint futures of several assets: paths × steps × assets, simple returns.
#[derive(Debug, Clone, PartialEq)]
pub struct JointPaths {
    assets: Vec<AssetId>,
    values: Array3<f64>,
}

impl JointPaths {
    /// From simulated returns, paths × steps × assets.
    ///
    /// # Errors
    /// [`Error::Input`] for other than one column an asset, no value, and a value that is not finite.
    pub fn new(assets: Vec<AssetId>, values: Array3<f64>) -> Result<Self> {
        check::length("assets", values.len_of(Axis(2)), assets.len())?;
        if values.is_empty() {
            return Err(Input::Empty { name: "joint paths" }.into());
        }
        if let Some(((path, step, asset), &value)) = values.indexed_iter().find(|(_, value)| !value.is_finite()) {
            let (row, column) = (format!("path {path}, step {step}"), assets[asset].to_string());
            return Err(Input::EntryOutOfDomain { name: "joint paths", row, column, expected: "finite", value }.into());
        }
        Ok(Self { assets, values })
    }

    /// The assets, one a column.
    #[must_use]
    pub fn assets(&self) -> &[AssetId] {
        &self.assets
    }

    /// The returns, paths × steps × assets.
    #[must_use]
    pub fn values(&self) -> ArrayView3<'_, f64> {
        self.values.view()
    }

    /// Assets and values apart, such as for [`book::AssetPaths`](super::book::AssetPaths).
    #[must_use]
    pub fn into_parts(self) -> (Vec<AssetId>, Array3<f64>) {
        (self.assets, self.values)
    }

    /// The futures of one asset.
    ///
    /// # Errors
    /// [`Error::Input`] for an asset that has none.
    pub fn asset(&self, asset: &AssetId) -> Result<ReturnPaths> {
        let Some(position) = self.assets.iter().position(|own| own == asset) else {
            return Err(Error::invalid(asset.to_string(), "has no simulated future"));
        };
        ReturnPaths::new(self.values.index_axis(Axis(2), position).to_owned())
    }

    /// The futures of a portfolio that is brought back to its `weights` every period; what they leave to one is cash
    /// without interest.
    ///
    /// # Errors
    /// [`Error::Input`] for other than one finite weight an asset, and a loss of more than everything.
    pub fn rebalanced(&self, weights: &[f64]) -> Result<ReturnPaths> {
        check::length("weights", self.assets.len(), weights.len())?;
        check::finite("weights", ndarray::ArrayView1::from(weights))?;
        let weights = ndarray::ArrayView1::from(weights);
        let (paths, steps, _) = self.values.dim();
        let total = |(path, step): (usize, usize)| {
            self.values.index_axis(Axis(0), path).index_axis(Axis(0), step).dot(&weights)
        };
        ReturnPaths::new(Array2::from_shape_fn((paths, steps), total))
    }
}

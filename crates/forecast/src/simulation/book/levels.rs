//! Where prices, volatilities and exchange rates stand at the steps that matter.

use std::collections::{BTreeMap, BTreeSet};

use alluse_risk_core::{AssetId, Currency, Error as Input};
use ndarray::{Array2, ArrayView2, ArrayView3, Axis};

use super::AssetPaths;
use crate::Result;

/// Multiples of today's values, paths × columns, by step; step 0 is today.
#[derive(Debug)]
pub(super) struct Levels<'a> {
    paths: &'a AssetPaths,
    spots: BTreeMap<usize, Array2<f64>>,
    currencies: BTreeMap<usize, Array2<f64>>,
}

impl<'a> Levels<'a> {
    pub(super) fn new(paths: &'a AssetPaths, steps: &BTreeSet<usize>) -> Result<Self> {
        let spots = compound("compounded returns", paths.returns(), steps, |c| paths.assets()[c].to_string())?;
        let currencies = match paths.currency_returns() {
            Some(returns) => {
                let name = |c: usize| paths.currencies()[c].to_string();
                compound("compounded exchange rates", returns.view(), steps, name)?
            }
            None => BTreeMap::new(),
        };
        Ok(Self { paths, spots, currencies })
    }

    /// Number of paths.
    pub(super) fn len(&self) -> usize {
        self.paths.len()
    }

    /// Column of an asset; `None` for one that the paths say nothing about.
    pub(super) fn column(&self, asset: &AssetId) -> Option<usize> {
        self.paths.assets().iter().position(|a| a == asset)
    }

    pub(super) fn currency_column(&self, currency: &Currency) -> Option<usize> {
        self.paths.currencies().iter().position(|c| c == currency)
    }

    /// Level of the price of an asset, by its column, on a path.
    pub(super) fn spot(&self, step: usize, path: usize, column: usize) -> f64 {
        self.spots[&step][[path, column]]
    }

    pub(super) fn currency(&self, step: usize, path: usize, column: usize) -> f64 {
        self.currencies[&step][[path, column]]
    }

    /// Simulated volatilities over today's after a step, which is not 0.
    pub(super) fn volatility(&self, step: usize) -> Option<ArrayView2<'a, f64>> {
        Some(self.paths.volatility_ratios()?.index_axis_move(Axis(1), step - 1))
    }
}

fn compound(
    name: &'static str,
    returns: ArrayView3<'_, f64>,
    steps: &BTreeSet<usize>,
    column: impl Fn(usize) -> String,
) -> Result<BTreeMap<usize, Array2<f64>>> {
    let (paths, _, columns) = returns.dim();
    let mut level: Array2<f64> = Array2::ones((paths, columns));
    let mut kept = BTreeMap::new();
    for step in 0..=steps.last().copied().unwrap_or(0) {
        if step > 0 {
            level.zip_mut_with(&returns.index_axis(Axis(1), step - 1), |level, r| *level *= 1.0 + r);
        }
        if steps.contains(&step) {
            if let Some(((path, c), &value)) = level.indexed_iter().find(|(_, level)| !level.is_finite()) {
                let row = format!("path {path}, step {}", step.saturating_sub(1));
                return Err(Input::EntryOutOfDomain { name, row, column: column(c), expected: "finite", value }.into());
            }
            kept.insert(step, level.clone());
        }
    }
    Ok(kept)
}

//! The P&L of a book on a grid.

use alluse_risk_core::{Assumption, Coverage, Error as CoreError, RowId, ScenarioPnl};
use ndarray::{Array3, ArrayView1};
use serde::{Deserialize, Serialize};

use super::{VolatilityAxis, check_axes};
use crate::{Error, Result};

/// A point of a grid and what the book loses there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GridPoint {
    /// Exchange days that have passed.
    pub days: u32,
    /// Relative shock of every price.
    pub spot: f64,
    /// Shock of every volatility, in the measure of the axis.
    pub volatility: f64,
    /// The loss, positive; negative where the book gains at every point.
    pub loss: f64,
}

/// The P&L of a book on a grid: days × volatilities × spots, gain positive, base currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawPnl", into = "RawPnl")]
pub struct GridPnl {
    spots: Vec<f64>,
    volatilities: VolatilityAxis,
    days: Vec<u32>,
    slices: Vec<ScenarioPnl>,
    held: Vec<Assumption>,
}

impl GridPnl {
    /// Relative shocks of every price.
    #[must_use]
    pub fn spots(&self) -> &[f64] {
        &self.spots
    }

    /// Shocks of every volatility.
    #[must_use]
    pub fn volatilities(&self) -> &VolatilityAxis {
        &self.volatilities
    }

    /// Exchange days that have passed.
    #[must_use]
    pub fn days(&self) -> &[u32] {
        &self.days
    }

    /// The cube of each number of days: rows by volatility, spots within.
    #[must_use]
    pub fn slices(&self) -> &[ScenarioPnl] {
        &self.slices
    }

    /// P&L of everything that could be valued, days × volatilities × spots.
    #[must_use]
    pub fn total(&self) -> Array3<f64> {
        let totals: Vec<_> = self.slices.iter().map(ScenarioPnl::total).collect();
        self.tensor(&totals.iter().map(|total| total.view()).collect::<Vec<_>>())
    }

    /// P&L of one position, or of one label after [`StressGrid::revalue_by`](crate::StressGrid::revalue_by), days × volatilities × spots.
    ///
    /// # Errors
    /// [`Error::Input`] for a name that the grid does not have, or that could not be valued on every day.
    pub fn row(&self, name: &str) -> Result<Array3<f64>> {
        let unknown = || Error::Input(CoreError::Unknown { name: "row of the grid", value: name.to_owned() });
        let mut parts = Vec::with_capacity(self.slices.len());
        for slice in &self.slices {
            let row = slice.rows().iter().position(|row| row.as_str() == name).ok_or_else(unknown)?;
            parts.push(slice.values().row(row).to_owned());
        }
        Ok(self.tensor(&parts.iter().map(|part| part.view()).collect::<Vec<_>>()))
    }

    /// Names of the rows that were valued at the first number of days.
    #[must_use]
    pub fn rows(&self) -> &[RowId] {
        self.slices.first().map_or(&[], ScenarioPnl::rows)
    }

    /// Where the book loses most; the first such point when several lose the same.
    #[must_use]
    pub fn worst(&self) -> GridPoint {
        self.worst_in(&self.total())
    }

    /// Where one row loses most.
    ///
    /// # Errors
    /// As [`row`](Self::row).
    pub fn worst_of(&self, name: &str) -> Result<GridPoint> {
        Ok(self.worst_in(&self.row(name)?))
    }

    /// What part of the book the numbers speak for, at the number of days where it is least.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        let all = self.slices.iter().map(ScenarioPnl::coverage);
        all.min_by_key(|coverage| coverage.positions_valued).unwrap_or_else(|| Coverage::complete(0, 0.0))
    }

    /// What was taken for granted, on whatever day.
    #[must_use]
    pub fn assumptions(&self) -> Vec<Assumption> {
        let mut all: Vec<Assumption> = self.held.clone();
        for assumption in self.slices.iter().flat_map(ScenarioPnl::assumptions) {
            if !all.contains(assumption) {
                all.push(assumption.clone());
            }
        }
        all
    }

    fn tensor(&self, days: &[ArrayView1<'_, f64>]) -> Array3<f64> {
        let (volatilities, spots) = (self.volatilities.shocks().len(), self.spots.len());
        Array3::from_shape_fn((days.len(), volatilities, spots), |(d, v, s)| days[d][v * spots + s])
    }

    fn worst_in(&self, pnl: &Array3<f64>) -> GridPoint {
        let mut worst = ((0, 0, 0), f64::INFINITY);
        for (place, &value) in pnl.indexed_iter() {
            if value < worst.1 {
                worst = (place, value);
            }
        }
        let ((d, v, s), pnl) = worst;
        GridPoint {
            days: self.days[d],
            spot: self.spots[s],
            volatility: self.volatilities.shocks()[v],
            loss: if pnl == 0.0 { 0.0 } else { -pnl },
        }
    }
}

/// The stored form of the P&L, checked in the same way.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawPnl {
    pub(super) spots: Vec<f64>,
    pub(super) volatilities: VolatilityAxis,
    pub(super) days: Vec<u32>,
    pub(super) slices: Vec<ScenarioPnl>,
    pub(super) held: Vec<Assumption>,
}

impl TryFrom<RawPnl> for GridPnl {
    type Error = Error;

    fn try_from(RawPnl { spots, volatilities, days, slices, held }: RawPnl) -> Result<Self> {
        check_axes(&spots, &volatilities, &days)?;
        let length = |name, expected, got| {
            if expected == got { Ok(()) } else { Err(CoreError::LengthMismatch { name, expected, got }) }
        };
        length("slices of the grid", days.len(), slices.len())?;
        let points = spots.len() * volatilities.shocks().len();
        slices.iter().try_for_each(|slice| length("points of a slice", points, slice.ids().len()))?;
        Ok(Self { spots, volatilities, days, slices, held })
    }
}

impl From<GridPnl> for RawPnl {
    fn from(GridPnl { spots, volatilities, days, slices, held }: GridPnl) -> Self {
        Self { spots, volatilities, days, slices, held }
    }
}

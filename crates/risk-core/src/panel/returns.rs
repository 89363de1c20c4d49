use jiff::civil::Date;
use ndarray::{Array2, ArrayView2};

use crate::{AssetId, Result, check};

/// Simple returns, dates × assets.
#[derive(Debug, Clone, PartialEq)]
pub struct ReturnPanel {
    dates: Vec<Date>,
    assets: Vec<AssetId>,
    returns: Array2<f64>,
}

impl ReturnPanel {
    /// # Errors
    /// e
    pub fn new(dates: Vec<Date>, assets: Vec<AssetId>, returns: Array2<f64>) -> Result<Self> {
        check::finite_matrix("returns", returns.view())?;
        Ok(Self { dates, assets, returns })
    }
    /// Dates.
    #[must_use]
    pub fn dates(&self) -> &[Date] {
        &self.dates
    }
    /// Assets.
    #[must_use]
    pub fn assets(&self) -> &[AssetId] {
        &self.assets
    }
    /// Returns.
    #[must_use]
    pub fn returns(&self) -> ArrayView2<'_, f64> {
        self.returns.view()
    }
}

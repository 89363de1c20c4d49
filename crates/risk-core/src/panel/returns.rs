use jiff::civil::Date;
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::LogReturnPanel;
use super::frame::{Frame, LOG_RETURNS, RETURNS, shared_methods};
use super::stored::Stored;
use crate::{AssetId, Result, Weights, check};

/// Simple returns, dates × assets, decimals: finite and at least −1.
///
/// ```
/// use alluse_risk_core::{AssetId, Weights, panel::ReturnPanel};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let panel = ReturnPanel::new(
///     vec![date(2024, 1, 3), date(2024, 1, 4)],
///     vec![AssetId::new("A")?, AssetId::new("B")?],
///     array![[0.01, 0.03], [-0.02, 0.00]],
/// )?;
/// let portfolio = panel.portfolio(&Weights::equal(2)?)?;
/// assert!((portfolio[0] - 0.02).abs() < 1e-15);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored<AssetId>", into = "Stored<AssetId>")]
pub struct ReturnPanel {
    frame: Frame<AssetId>,
}

shared_methods!(ReturnPanel, RETURNS, AssetId, AssetId::new, assets, returns);

impl ReturnPanel {
    /// A panel of simple `returns`, dates × assets, that do not overlap.
    ///
    /// # Errors
    /// - [`Error::Empty`](crate::Error::Empty) without dates or assets;
    /// - [`Error::LengthMismatch`](crate::Error::LengthMismatch) unless the shape is dates × assets;
    /// - [`Error::Duplicate`](crate::Error::Duplicate) for a date or an asset that occurs twice,
    ///   [`Error::NotIncreasing`](crate::Error::NotIncreasing) for dates out of order;
    /// - [`Error::EntryOutOfDomain`](crate::Error::EntryOutOfDomain) for a return that is not finite or below −1.
    pub fn new(dates: Vec<Date>, assets: Vec<AssetId>, returns: Array2<f64>) -> Result<Self> {
        Frame::new(&RETURNS, dates, assets, returns).map(Self::from_frame)
    }

    pub(super) fn from_frame(frame: Frame<AssetId>) -> Self {
        Self { frame }
    }

    /// The returns of one asset.
    ///
    /// # Errors
    /// [`Error::Unknown`](crate::Error::Unknown) for an asset that the panel does not have.
    pub fn column(&self, asset: &AssetId) -> Result<ArrayView1<'_, f64>> {
        self.frame.column(&RETURNS, asset.as_str())
    }

    /// Neighbouring rows that share a period; 1 when none do.
    #[must_use]
    pub fn overlap(&self) -> u32 {
        self.frame.overlap
    }

    /// Rows that do not overlap in a panel of this length, `rows / overlap`, at least 1.
    #[must_use]
    pub fn effective_observations(&self) -> f64 {
        (self.frame.dates.len() as f64 / f64::from(self.frame.overlap)).max(1.0)
    }

    /// Returns of a portfolio that is brought back to `weights` at the start of every row, `R · w`.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`](crate::Error::LengthMismatch) unless there is a weight per asset,
    /// [`Error::ElementOutOfDomain`](crate::Error::ElementOutOfDomain) for a result too large for a number.
    pub fn portfolio(&self, weights: &Weights) -> Result<Array1<f64>> {
        check::length("weights", self.frame.columns.len(), weights.len())?;
        let returns = self.frame.values.dot(&weights.view());
        check::finite("portfolio returns", returns.view())?;
        Ok(returns)
    }

    /// The same returns as logs, `ln(1 + r)`.
    ///
    /// # Errors
    /// [`Error::EntryOutOfDomain`](crate::Error::EntryOutOfDomain) for a return of −1, which has no log.
    pub fn to_log_returns(&self) -> Result<LogReturnPanel> {
        let frame = &self.frame;
        let values = frame.values.mapv(libm::log1p);
        let logs = Frame::new(&LOG_RETURNS, frame.dates.clone(), frame.columns.clone(), values)?;
        Ok(LogReturnPanel::from_frame(logs.with_overlap(frame.overlap).with_report(frame.report.clone())))
    }
}

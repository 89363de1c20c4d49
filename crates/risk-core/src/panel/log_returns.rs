use jiff::civil::Date;
use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::ReturnPanel;
use super::frame::{Frame, LOG_RETURNS, RETURNS, shared_methods};
use super::stored::Stored;
use crate::{AssetId, Result};

/// Log returns, dates × assets. A type of its own: what asks for simple returns does not take them.
///
/// ```
/// use alluse_risk_core::{AssetId, panel::PricePanel};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let prices = PricePanel::new(
///     vec![date(2024, 1, 2), date(2024, 1, 3)],
///     vec![AssetId::new("A")?],
///     array![[50.0], [100.0]],
/// )?;
/// let logs = prices.log_returns()?;
/// assert!((logs.log_returns()[[0, 0]] - std::f64::consts::LN_2).abs() < 1e-15);
/// assert!((logs.to_simple_returns()?.returns()[[0, 0]] - 1.0).abs() < 1e-15);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored<AssetId>", into = "Stored<AssetId>")]
pub struct LogReturnPanel {
    frame: Frame<AssetId>,
}

shared_methods!(LogReturnPanel, LOG_RETURNS, AssetId, AssetId::new, assets, log_returns);

impl LogReturnPanel {
    /// A panel of `log_returns`, dates × assets, that do not overlap.
    ///
    /// # Errors
    /// As [`ReturnPanel::new`], but any finite number is a log return.
    pub fn new(dates: Vec<Date>, assets: Vec<AssetId>, log_returns: Array2<f64>) -> Result<Self> {
        Frame::new(&LOG_RETURNS, dates, assets, log_returns).map(Self::from_frame)
    }

    pub(super) fn from_frame(frame: Frame<AssetId>) -> Self {
        Self { frame }
    }

    /// The log returns of one asset.
    ///
    /// # Errors
    /// [`Error::Unknown`](crate::Error::Unknown) for an asset that the panel does not have.
    pub fn column(&self, asset: &AssetId) -> Result<ArrayView1<'_, f64>> {
        self.frame.column(&LOG_RETURNS, asset.as_str())
    }

    /// Neighbouring rows that share a period; 1 when none do.
    #[must_use]
    pub fn overlap(&self) -> u32 {
        self.frame.overlap
    }

    /// The same returns as simple ones, `exp(l) − 1`.
    ///
    /// # Errors
    /// [`Error::EntryOutOfDomain`](crate::Error::EntryOutOfDomain) for a return too large for a number.
    pub fn to_simple_returns(&self) -> Result<ReturnPanel> {
        let frame = &self.frame;
        let values = frame.values.mapv(libm::expm1);
        let simple = Frame::new(&RETURNS, frame.dates.clone(), frame.columns.clone(), values)?;
        Ok(ReturnPanel::from_frame(simple.with_overlap(frame.overlap).with_report(frame.report.clone())))
    }
}

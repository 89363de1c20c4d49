use jiff::civil::Date;
use ndarray::{Array2, ArrayView1, Axis, Zip};
use serde::{Deserialize, Serialize};

use super::frame::{Frame, PRICES, shared_methods};
use super::stored::Stored;
use super::{LogReturnPanel, ReturnPanel};
use crate::{AssetId, Horizon, Result, check};

/// Prices, dates × assets: every one positive and finite.
///
/// ```
/// use alluse_risk_core::{AssetId, Error, panel::PricePanel};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let dates = vec![date(2024, 1, 2), date(2024, 1, 3)];
/// let spy = vec![AssetId::new("SPY")?];
/// let prices = PricePanel::new(dates.clone(), spy.clone(), array![[100.0], [102.0]])?;
/// assert!((prices.simple_returns()?.returns()[[0, 0]] - 0.02).abs() < 1e-15);
/// // A price of zero is an error here, not a return of -100 % or a NaN further down.
/// assert!(matches!(PricePanel::new(dates, spy, array![[100.0], [0.0]]), Err(Error::EntryOutOfDomain { .. })));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored<AssetId>", into = "Stored<AssetId>")]
pub struct PricePanel {
    frame: Frame<AssetId>,
}

shared_methods!(PricePanel, PRICES, AssetId, AssetId::new, assets, prices);

impl PricePanel {
    /// A panel of `prices`, dates × assets.
    ///
    /// # Errors
    /// - [`Error::Empty`](crate::Error::Empty) without dates or assets;
    /// - [`Error::LengthMismatch`](crate::Error::LengthMismatch) unless the shape is dates × assets;
    /// - [`Error::Duplicate`](crate::Error::Duplicate) for a date or an asset that occurs twice,
    ///   [`Error::NotIncreasing`](crate::Error::NotIncreasing) for dates out of order;
    /// - [`Error::EntryOutOfDomain`](crate::Error::EntryOutOfDomain) for a price that is not positive and finite.
    pub fn new(dates: Vec<Date>, assets: Vec<AssetId>, prices: Array2<f64>) -> Result<Self> {
        Frame::new(&PRICES, dates, assets, prices).map(|frame| Self { frame })
    }

    /// The prices of one asset.
    ///
    /// # Errors
    /// [`Error::Unknown`](crate::Error::Unknown) for an asset that the panel does not have.
    pub fn column(&self, asset: &AssetId) -> Result<ArrayView1<'_, f64>> {
        self.frame.column(&PRICES, asset.as_str())
    }

    /// Simple returns from each date to the next, dated by their end.
    ///
    /// ```text
    /// rₜ = (Pₜ − Pₜ₋₁) / Pₜ₋₁
    /// ```
    ///
    /// # Errors
    /// [`Error::InsufficientData`](crate::Error::InsufficientData) for fewer than two dates,
    /// [`Error::EntryOutOfDomain`](crate::Error::EntryOutOfDomain) for a return too large for a number.
    pub fn simple_returns(&self) -> Result<ReturnPanel> {
        self.overlapping_returns(Horizon::DAY)
    }

    /// Log returns from each date to the next, dated by their end.
    ///
    /// ```text
    /// lₜ = ln(Pₜ / Pₜ₋₁) = ln(1 + rₜ)
    /// ```
    ///
    /// # Errors
    /// [`Error::InsufficientData`](crate::Error::InsufficientData) for fewer than two dates.
    pub fn log_returns(&self) -> Result<LogReturnPanel> {
        let (dates, values) = self.changes(1, log_change)?;
        let frame = Frame::new(&super::frame::LOG_RETURNS, dates, self.frame.columns.clone(), values)?;
        Ok(LogReturnPanel::from_frame(frame.with_report(self.frame.report.clone())))
    }

    /// Simple returns over windows of `horizon` rows, one window a row, dated by their end.
    ///
    /// ```text
    /// rₜ = (Pₜ − Pₜ₋ₕ) / Pₜ₋ₕ
    /// ```
    ///
    /// Neighbouring windows share `h − 1` of their `h` periods; the result records that as its
    /// [`overlap`](ReturnPanel::overlap). A horizon counts rows: the panel should have one per exchange day.
    ///
    /// # Errors
    /// [`Error::InsufficientData`](crate::Error::InsufficientData) for `h` dates or fewer,
    /// [`Error::EntryOutOfDomain`](crate::Error::EntryOutOfDomain) for a return too large for a number.
    pub fn overlapping_returns(&self, horizon: Horizon) -> Result<ReturnPanel> {
        let (dates, values) = self.changes(horizon.trading_days() as usize, relative_change)?;
        let frame = Frame::new(&super::frame::RETURNS, dates, self.frame.columns.clone(), values)?;
        let frame = frame.with_overlap(horizon.trading_days()).with_report(self.frame.report.clone());
        Ok(ReturnPanel::from_frame(frame))
    }

    fn changes(&self, rows: usize, change: fn(f64, f64) -> f64) -> Result<(Vec<Date>, Array2<f64>)> {
        let dates = &self.frame.dates;
        check::enough("returns", rows.saturating_add(1), dates.len())?;
        let prices = self.frame.values.view();
        let before = prices.split_at(Axis(0), dates.len() - rows).0;
        let after = prices.split_at(Axis(0), rows).1;
        Ok((dates[rows..].to_vec(), Zip::from(before).and(after).map_collect(|&b, &a| change(b, a))))
    }
}

/// The difference first: it is exact for near prices, so a small return keeps all its digits.
pub(super) fn relative_change(before: f64, after: f64) -> f64 {
    (after - before) / before
}

/// `ln(after / before)` of two positive numbers: near 1 by way of the exact difference, far from 1 by the
/// quotient, and by two logs where the quotient would overflow or lose digits.
pub(super) fn log_change(before: f64, after: f64) -> f64 {
    let change = relative_change(before, after);
    let quotient = after / before;
    if change.abs() < 0.5 {
        libm::log1p(change)
    } else if quotient.is_normal() {
        libm::log(quotient)
    } else {
        libm::log(after) - libm::log(before)
    }
}

use jiff::civil::Date;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::panel::ReturnPanel;
use crate::{AssetId, Error, Result, check};

/// What a model may see: dates, asset returns and today's exposures, all before the forecast date.
///
/// Only a [`HistorySplitter`] makes one, so a model cannot look ahead.
#[derive(Debug, Clone, Copy)]
pub struct History<'a> {
    dates: &'a [Date],
    assets: &'a [AssetId],
    returns: ArrayView2<'a, f64>,
    exposures: ArrayView1<'a, f64>,
}

impl<'a> History<'a> {
    /// Dates of the returns, increasing.
    #[must_use]
    pub fn dates(&self) -> &'a [Date] {
        self.dates
    }

    /// Column names of the returns.
    #[must_use]
    pub fn assets(&self) -> &'a [AssetId] {
        self.assets
    }

    /// Simple returns, dates × assets.
    #[must_use]
    pub fn returns(&self) -> ArrayView2<'a, f64> {
        self.returns
    }

    /// Money per asset, in base currency.
    #[must_use]
    pub fn exposures(&self) -> ArrayView1<'a, f64> {
        self.exposures
    }

    /// P&L of today's exposures under each day's returns, `R · x`.
    #[must_use]
    pub fn pnl(&self) -> Array1<f64> {
        self.returns.dot(&self.exposures)
    }
}

/// Cuts histories out of a panel so that each ends before its forecast date.
///
/// ```
/// use alluse_risk_core::{HistorySplitter, panel::ReturnPanel, AssetId};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let panel = ReturnPanel::new(
///     vec![date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)],
///     vec![AssetId::new("SPY")?],
///     array![[0.01], [-0.02], [0.03]],
/// )?;
/// let splitter = HistorySplitter::new(&panel, array![100.0])?;
/// let history = splitter.before(date(2024, 1, 4), 2)?;
/// assert_eq!(history.dates().last(), Some(&date(2024, 1, 3)));
/// assert_eq!(history.pnl()[1], -2.0);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct HistorySplitter<'a> {
    panel: &'a ReturnPanel,
    /// One row for every date, or a single row for all of them.
    exposures: Array2<f64>,
}

impl<'a> HistorySplitter<'a> {
    /// A splitter over `panel` for fixed `exposures`, one per column, in money.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] or [`Error::ElementOutOfDomain`] for bad exposures,
    /// [`Error::Unsupported`] for a panel of overlapping returns: a model would take them for as many
    /// independent ones.
    pub fn new(panel: &'a ReturnPanel, exposures: impl Into<Array1<f64>>) -> Result<Self> {
        let exposures = exposures.into();
        check::length("exposures", panel.assets().len(), exposures.len())?;
        check::finite("exposures", exposures.view())?;
        Self::checked(panel, exposures.insert_axis(Axis(0)))
    }

    /// A splitter over `panel` for exposures that change: row `t`, in money per column, is held over return
    /// number `t` and was decided before it. Every history carries the exposures into its forecast date.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] unless `exposures` has the shape of the panel, [`Error::EntryOutOfDomain`]
    /// for one that is not finite, [`Error::Unsupported`] as in [`new`](Self::new).
    pub fn varying(panel: &'a ReturnPanel, exposures: Array2<f64>) -> Result<Self> {
        check::length("exposures", panel.assets().len(), exposures.ncols())?;
        check::length("dates of exposures", panel.dates().len(), exposures.nrows())?;
        check::finite_matrix("exposures", exposures.view())?;
        Self::checked(panel, exposures)
    }

    fn checked(panel: &'a ReturnPanel, exposures: Array2<f64>) -> Result<Self> {
        if panel.overlap() != 1 {
            return Err(Error::Unsupported { what: "a history of overlapping returns" });
        }
        Ok(Self { panel, exposures })
    }

    /// The panel that histories are cut from.
    #[must_use]
    pub fn panel(&self) -> &'a ReturnPanel {
        self.panel
    }

    /// What the book earned on every date of the panel: the exposures into the date times its returns.
    #[must_use]
    pub fn pnl(&self) -> Array1<f64> {
        let returns = self.panel.returns();
        match self.exposures.nrows() == 1 {
            true => returns.dot(&self.exposures.row(0)),
            false => (&returns * &self.exposures).sum_axis(Axis(1)),
        }
    }

    fn exposures_into(&self, end: usize) -> Result<ArrayView1<'_, f64>> {
        match self.exposures.nrows() {
            1 => Ok(self.exposures.row(0)),
            rows if end < rows => Ok(self.exposures.row(end)),
            rows => Err(Error::InsufficientData { name: "exposures by date", required: end + 1, available: rows }),
        }
    }

    /// The last `window` returns dated before `forecast_date`.
    ///
    /// # Errors
    /// [`Error::InsufficientData`] when there are fewer, [`Error::OutOfDomain`] for an empty window.
    pub fn before(&self, forecast_date: Date, window: usize) -> Result<History<'_>> {
        let end = self.panel.dates().partition_point(|date| *date < forecast_date);
        self.ending(end, window)
    }

    /// The `window` returns before position `end` (the position of the first return not seen).
    ///
    /// # Errors
    /// As [`before`](Self::before).
    pub fn ending(&self, end: usize, window: usize) -> Result<History<'_>> {
        if window == 0 {
            return Err(Error::OutOfDomain { name: "window", expected: "at least 1", value: 0.0 });
        }
        let available = end.min(self.panel.dates().len());
        check::enough("history", window, available)?;
        let start = available - window;
        Ok(History {
            dates: &self.panel.dates()[start..available],
            assets: self.panel.assets(),
            returns: self.panel.returns().split_at(Axis(0), available).0.split_at(Axis(0), start).1,
            exposures: self.exposures_into(available)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ndarray::array;

    use super::*;

    fn panel() -> ReturnPanel {
        let dates = (1..=5).map(|day| date(2024, 1, day)).collect();
        let assets = vec![AssetId::new("A").unwrap(), AssetId::new("B").unwrap()];
        let returns = array![[0.01, 0.0], [0.02, 0.01], [0.03, 0.02], [0.04, 0.03], [0.05, 0.04]];
        ReturnPanel::new(dates, assets, returns).unwrap()
    }

    #[test]
    fn a_history_never_reaches_its_forecast_date() {
        let panel = panel();
        let splitter = HistorySplitter::new(&panel, array![1.0, 2.0]).unwrap();
        for day in 2..=5 {
            let history = splitter.before(date(2024, 1, day), 1).unwrap();
            assert_eq!(history.dates(), &[date(2024, 1, day - 1)]);
            assert_eq!(history.returns().nrows(), 1);
            assert_eq!(history.assets().len(), 2);
            assert_eq!(history.exposures(), array![1.0, 2.0]);
        }
    }

    #[test]
    fn short_or_misshapen_histories_are_refused() {
        let panel = panel();
        let splitter = HistorySplitter::new(&panel, array![1.0, 2.0]).unwrap();
        assert_eq!(
            splitter.ending(2, 3).unwrap_err(),
            Error::InsufficientData { name: "history", required: 3, available: 2 }
        );
        assert!(splitter.ending(2, 0).is_err());
        assert!(HistorySplitter::new(&panel, array![1.0]).is_err());
        assert!(HistorySplitter::new(&panel, array![1.0, f64::NAN]).is_err());
    }

    #[test]
    fn exposures_by_date_are_those_into_the_forecast_date() {
        let panel = panel();
        let by_date = array![[1.0, 0.0], [0.0, 1.0], [2.0, 0.0], [0.0, 2.0], [3.0, 3.0]];
        let splitter = HistorySplitter::varying(&panel, by_date.clone()).unwrap();
        let history = splitter.before(date(2024, 1, 4), 2).unwrap();
        assert_eq!(history.exposures(), array![0.0, 2.0]);
        assert_eq!(history.pnl(), array![0.02, 0.04]);
        for (got, want) in splitter.pnl().iter().zip([0.01, 0.01, 0.06, 0.06, 0.27]) {
            assert!((got - want).abs() < 1e-15);
        }
        assert_eq!(HistorySplitter::new(&panel, array![2.0, 0.0]).unwrap().pnl()[4], 0.1);
        assert_eq!(
            splitter.ending(5, 2).unwrap_err(),
            Error::InsufficientData { name: "exposures by date", required: 6, available: 5 }
        );
        assert!(HistorySplitter::varying(&panel, array![[1.0, 1.0]]).is_err());
        assert!(HistorySplitter::varying(&panel, Array2::ones((5, 1))).is_err());
        let mut bad = by_date;
        bad[(3, 1)] = f64::INFINITY;
        assert!(matches!(HistorySplitter::varying(&panel, bad), Err(Error::EntryOutOfDomain { .. })));
    }

    #[test]
    fn overlapping_returns_are_no_history() {
        let dates = (1..=4).map(|day| date(2024, 1, day)).collect();
        let prices = array![[1.0], [2.0], [3.0], [4.0]];
        let prices = crate::panel::PricePanel::new(dates, vec![AssetId::new("A").unwrap()], prices).unwrap();
        let returns = prices.overlapping_returns(crate::Horizon::days(2).unwrap()).unwrap();
        assert!(matches!(HistorySplitter::new(&returns, array![1.0]), Err(Error::Unsupported { .. })));
    }
}

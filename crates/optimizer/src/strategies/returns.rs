//! Return histories that need not cover the same dates.

use alluse_risk_core::panel::ReturnPanel;
use alluse_risk_core::{AssetId, Error as Input};
use jiff::civil::Date;

use crate::{Result, Universe};

/// Simple returns of strategies on common dates, with gaps where a strategy did not exist or was not valued.
///
/// A gap is `None`, never a number: a pair of strategies is compared on the dates that both have.
///
/// ```
/// use alluse_optimizer::Universe;
/// use alluse_optimizer::strategies::StrategyReturns;
/// use jiff::civil::date;
///
/// let returns = StrategyReturns::new(
///     vec![date(2024, 1, 5), date(2024, 1, 12)],
///     Universe::named(["put selling", "iron condor"])?,
///     vec![vec![Some(0.01), Some(-0.02)], vec![None, Some(0.005)]],
/// )?;
/// assert_eq!(returns.observed(1), [0.005]);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StrategyReturns {
    dates: Vec<Date>,
    universe: Universe,
    columns: Vec<Vec<Option<f64>>>,
}

impl StrategyReturns {
    /// One column a strategy, one row a date.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) without dates, for dates that do not increase, a wrong length, and a
    /// return that is not finite or below −1.
    pub fn new(dates: Vec<Date>, universe: Universe, columns: Vec<Vec<Option<f64>>>) -> Result<Self> {
        if dates.is_empty() {
            return Err(Input::Empty { name: "dates" }.into());
        }
        if let Some(before) = dates.windows(2).position(|pair| pair[0] >= pair[1]) {
            let (index, value) = (before + 1, dates[before + 1].to_string());
            return Err(Input::NotIncreasing { name: "dates", index, value }.into());
        }
        super::check::length("columns", universe.len(), columns.len())?;
        for (column, name) in columns.iter().zip(universe.assets()) {
            super::check::length("returns of a strategy", dates.len(), column.len())?;
            let refused = |value: &Option<f64>| value.is_some_and(|r| !(r.is_finite() && r >= -1.0));
            if let Some(row) = column.iter().position(refused) {
                return Err(Input::EntryOutOfDomain {
                    name: "strategy returns",
                    row: dates[row].to_string(),
                    column: name.to_string(),
                    expected: "finite and at least -1",
                    value: column[row].unwrap_or(f64::NAN),
                }
                .into());
            }
        }
        Ok(Self { dates, universe, columns })
    }

    /// A panel, which has no gaps.
    ///
    /// # Errors
    /// None for a panel that was made by its own doors.
    pub fn from_panel(panel: &ReturnPanel) -> Result<Self> {
        let columns = panel.returns().columns().into_iter().map(|c| c.iter().copied().map(Some).collect()).collect();
        Self::new(panel.dates().to_vec(), Universe::new(panel.assets().to_vec())?, columns)
    }

    /// The dates, increasing, never none.
    #[must_use]
    pub fn dates(&self) -> &[Date] {
        &self.dates
    }

    /// The strategies, in order.
    #[must_use]
    pub fn universe(&self) -> &Universe {
        &self.universe
    }

    /// The names, in order.
    #[must_use]
    pub fn names(&self) -> &[AssetId] {
        self.universe.assets()
    }

    /// The returns that a strategy has, in time order; empty for a position that does not exist.
    #[must_use]
    pub fn observed(&self, position: usize) -> Vec<f64> {
        self.columns.get(position).into_iter().flatten().filter_map(|value| *value).collect()
    }

    /// The returns that a strategy has, each with its age in rows before the last; the position exists.
    pub(super) fn with_ages(&self, position: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let last = self.dates.len() - 1;
        self.columns[position].iter().enumerate().filter_map(move |(row, value)| value.map(|r| (last - row, r)))
    }

    /// Returns of a mix of neighbouring columns, on the rows where every column that carries weight has one.
    pub(super) fn composed(&self, weights: &[f64], columns: std::ops::Range<usize>) -> Vec<Option<f64>> {
        let held: Vec<_> = weights.iter().zip(&self.columns[columns]).filter(|(w, _)| **w != 0.0).collect();
        let row = |row: usize| held.iter().map(|(w, column)| column[row].map(|r| **w * r)).sum::<Option<f64>>();
        (0..self.dates.len()).map(row).collect()
    }

    /// The rows on which both strategies have a return; the positions exist.
    pub(super) fn common_rows(&self, first: usize, second: usize) -> Vec<usize> {
        let (a, b) = (&self.columns[first], &self.columns[second]);
        (0..self.dates.len()).filter(|row| a[*row].is_some() && b[*row].is_some()).collect()
    }

    /// The returns of a strategy on rows where it has them.
    pub(super) fn on_rows(&self, position: usize, rows: &[usize]) -> Vec<f64> {
        rows.iter().filter_map(|row| self.columns[position][*row]).collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ndarray::array;

    use super::*;
    use crate::Error;

    #[test]
    fn a_panel_has_no_gaps() {
        let names = vec![AssetId::new("A").unwrap(), AssetId::new("B").unwrap()];
        let dates = vec![date(2024, 1, 3), date(2024, 1, 4)];
        let panel = ReturnPanel::new(dates, names, array![[0.01, 0.03], [-0.02, 0.0]]).unwrap();
        let returns = StrategyReturns::from_panel(&panel).unwrap();
        assert_eq!(returns.observed(1), [0.03, 0.0]);
        assert_eq!(returns.observed(2), [0.0; 0]);
        assert_eq!((returns.names().len(), returns.dates().len()), (2, 2));
    }

    #[test]
    fn hostile_inputs_are_named() {
        let days = |n: i8| (1..=n).map(|d| date(2024, 1, d)).collect::<Vec<_>>();
        let make =
            |dates, columns| StrategyReturns::new(dates, Universe::named(["A", "B"]).unwrap(), columns).unwrap_err();
        let input = |error| match error {
            Error::Input(error) => error,
            other => panic!("{other}"),
        };
        let good = vec![Some(0.0); 2];
        assert_eq!(input(make(vec![], vec![])), Input::Empty { name: "dates" });
        assert!(matches!(input(make(vec![days(1)[0]; 2], vec![])), Input::NotIncreasing { index: 1, .. }));
        assert!(matches!(input(make(days(2), vec![good.clone()])), Input::LengthMismatch { expected: 2, got: 1, .. }));
        assert!(matches!(input(make(days(2), vec![good.clone(), vec![None]])), Input::LengthMismatch { got: 1, .. }));
        for bad in [f64::NAN, f64::INFINITY, -1.5] {
            let error = input(make(days(2), vec![good.clone(), vec![None, Some(bad)]]));
            assert!(matches!(error, Input::EntryOutOfDomain { column, .. } if column == "B"), "{bad}");
        }
    }
}

use jiff::civil::Date;
use ndarray::{Array2, Axis};
use serde::{Deserialize, Serialize};

use super::frame::{Frame, Kind, axes};
use crate::{Error, Result, check};

/// What to do about missing values. There is no default: whoever reads data says it.
///
/// ```
/// use alluse_risk_core::{AssetId, Error, panel::{Missing, PricePanel}};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let read = |missing| {
///     PricePanel::from_cells(
///         vec![date(2024, 1, 2), date(2024, 1, 3)],
///         vec![AssetId::new("SPY")?],
///         array![[Some(100.0)], [None]],
///         missing,
///     )
/// };
/// assert!(matches!(read(Missing::Reject), Err(Error::MissingValue { .. })));
/// let prices = read(Missing::DropRow)?;
/// assert_eq!(prices.missing().dropped_rows, [date(2024, 1, 3)]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Missing {
    /// A missing value is an error.
    Reject,
    /// Leave out every date on which some column has no value. A return over such a gap spans more than
    /// one period.
    DropRow,
    /// Leave out every column that lacks a value on some date.
    DropColumn,
    /// Invent data: repeat the last value of the column, as long as it is at most `max_days` calendar days
    /// old. A gap at the start of a column, or a longer one, is an error.
    CarryForward {
        /// The greatest age of a repeated value, in calendar days.
        max_days: u32,
    },
}

/// What was done about missing values.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MissingReport {
    /// Dates that were left out.
    pub dropped_rows: Vec<Date>,
    /// Columns that were left out.
    pub dropped_columns: Vec<String>,
    /// Values that were invented.
    pub filled: Vec<Filled>,
}

/// A value that was repeated because there was none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filled {
    /// The date without a value.
    pub date: Date,
    /// Its column.
    pub column: String,
    /// The date whose value was repeated.
    pub from: Date,
}

impl MissingReport {
    /// Whether nothing was missing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dropped_rows.is_empty() && self.dropped_columns.is_empty() && self.filled.is_empty()
    }

    pub(super) fn between(&self, first: Date, last: Date) -> Self {
        let inside = |date: &Date| (first..=last).contains(date);
        Self {
            dropped_rows: self.dropped_rows.iter().copied().filter(inside).collect(),
            dropped_columns: self.dropped_columns.clone(),
            filled: self.filled.iter().filter(|filled| inside(&filled.date)).cloned().collect(),
        }
    }

    pub(super) fn of_columns<N: AsRef<str>>(&self, names: &[N]) -> Self {
        let kept = |filled: &&Filled| names.iter().any(|name| name.as_ref() == filled.column);
        Self { filled: self.filled.iter().filter(kept).cloned().collect(), ..self.clone() }
    }
}

/// A table with gaps, and where it was read.
#[derive(Debug)]
pub(super) struct Cells<N> {
    pub(super) dates: Vec<Date>,
    pub(super) columns: Vec<N>,
    pub(super) values: Array2<Option<f64>>,
    pub(super) origin: Option<Origin>,
}

/// The text that rows come from.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) source: String,
    /// Line of each row, counted from 1.
    pub(super) lines: Vec<u64>,
}

impl<N: AsRef<str>> Cells<N> {
    fn missing(&self, row: usize, column: usize) -> Error {
        let date = self.dates[row];
        let line = self.origin.as_ref().and_then(|o| Some((&o.source, o.lines.get(row)?)));
        Error::MissingValue {
            row: line.map_or_else(|| date.to_string(), |(source, line)| format!("line {line} of {source} ({date})")),
            column: self.columns[column].as_ref().to_owned(),
        }
    }
}

/// Closes the gaps as the policy says.
pub(super) fn resolve<N: AsRef<str> + Clone>(kind: &Kind, cells: Cells<N>, policy: Missing) -> Result<Frame<N>> {
    axes(kind, &cells.dates, &cells.columns)?;
    check::length("rows of the panel", cells.dates.len(), cells.values.nrows())?;
    check::length("columns of the panel", cells.columns.len(), cells.values.ncols())?;
    match policy {
        Missing::Reject => complete(kind, cells, MissingReport::default()),
        Missing::DropRow => drop_rows(kind, cells),
        Missing::DropColumn => drop_columns(kind, cells),
        Missing::CarryForward { .. } if !kind.carries => {
            Err(Error::Unsupported { what: "carrying a return forward: fill the prices instead" })
        }
        Missing::CarryForward { max_days } => carry_forward(kind, cells, max_days),
    }
}

fn complete<N: AsRef<str> + Clone>(kind: &Kind, cells: Cells<N>, report: MissingReport) -> Result<Frame<N>> {
    let mut values = Array2::zeros(cells.values.raw_dim());
    for (position, cell) in cells.values.indexed_iter() {
        values[position] = cell.ok_or_else(|| cells.missing(position.0, position.1))?;
    }
    Ok(Frame::new(kind, cells.dates, cells.columns, values)?.with_report(report))
}

fn drop_rows<N: AsRef<str> + Clone>(kind: &Kind, mut cells: Cells<N>) -> Result<Frame<N>> {
    let (kept, dropped) = split_complete(&cells.values, Axis(0));
    if kept.is_empty() {
        return Err(Error::Empty { name: "panel without its incomplete rows" });
    }
    let at = |rows: &[usize]| rows.iter().map(|&row| cells.dates[row]).collect();
    let report = MissingReport { dropped_rows: at(&dropped), ..MissingReport::default() };
    cells.dates = at(&kept);
    cells.values = cells.values.select(Axis(0), &kept);
    complete(kind, cells, report)
}

fn drop_columns<N: AsRef<str> + Clone>(kind: &Kind, mut cells: Cells<N>) -> Result<Frame<N>> {
    let (kept, dropped) = split_complete(&cells.values, Axis(1));
    if kept.is_empty() {
        return Err(Error::Empty { name: "panel without its incomplete columns" });
    }
    let dropped_columns = dropped.iter().map(|&column| cells.columns[column].as_ref().to_owned()).collect();
    cells.columns = kept.iter().map(|&column| cells.columns[column].clone()).collect();
    cells.values = cells.values.select(Axis(1), &kept);
    complete(kind, cells, MissingReport { dropped_columns, ..MissingReport::default() })
}

/// Positions along an axis without a gap, and those with one.
fn split_complete(values: &Array2<Option<f64>>, axis: Axis) -> (Vec<usize>, Vec<usize>) {
    let whole = |index: &usize| values.index_axis(axis, *index).iter().all(Option::is_some);
    (0..values.len_of(axis)).partition(whole)
}

fn carry_forward<N: AsRef<str> + Clone>(kind: &Kind, mut cells: Cells<N>, max_days: u32) -> Result<Frame<N>> {
    let mut last: Vec<Option<(Date, f64)>> = vec![None; cells.columns.len()];
    let mut filled = Vec::new();
    for (row, &date) in cells.dates.iter().enumerate() {
        for (column, last) in last.iter_mut().enumerate() {
            match (cells.values[[row, column]], *last) {
                (Some(value), _) => *last = Some((date, value)),
                (None, Some((from, value))) if age_in_days(from, date) <= i64::from(max_days) => {
                    cells.values[[row, column]] = Some(value);
                    filled.push(Filled { date, column: cells.columns[column].as_ref().to_owned(), from });
                }
                // Stays missing; `complete` turns it into an error.
                (None, _) => {}
            }
        }
    }
    complete(kind, cells, MissingReport { filled, ..MissingReport::default() })
}

/// Calendar days from one date to a later one.
pub(super) fn age_in_days(from: Date, to: Date) -> i64 {
    // Whole days of a duration between civil dates: exact, and without the units that a span may carry.
    from.duration_until(to).as_hours() / 24
}

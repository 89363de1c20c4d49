use jiff::civil::Date;
use ndarray::{Array2, ArrayView1, Axis};

use super::MissingReport;
use crate::{Error, InputHash, Result, check};

/// What one kind of panel holds, and what it may hold.
#[derive(Debug)]
pub(super) struct Kind {
    /// What the numbers are.
    pub(super) values: &'static str,
    /// What a column is.
    pub(super) column: &'static str,
    /// Domain of the numbers, in words.
    pub(super) expected: &'static str,
    /// Domain of the numbers; refuses NaN.
    pub(super) allows: fn(f64) -> bool,
    /// Whether the last value still stands when a new one is missing. A return does not.
    pub(super) carries: bool,
}

pub(super) const PRICES: Kind = Kind {
    values: "prices",
    column: "asset",
    expected: "positive and finite",
    allows: |price| price > 0.0 && price.is_finite(),
    carries: true,
};

pub(super) const RETURNS: Kind = Kind {
    values: "returns",
    column: "asset",
    expected: "finite and at least -1",
    allows: |value| value >= -1.0 && value.is_finite(),
    carries: false,
};

pub(super) const LOG_RETURNS: Kind =
    Kind { values: "log returns", column: "asset", expected: "finite", allows: f64::is_finite, carries: false };

pub(super) const SERIES: Kind =
    Kind { values: "series", column: "column", expected: "finite", allows: f64::is_finite, carries: true };

/// What all panels share: a checked table of numbers by date and column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frame<N> {
    pub(super) dates: Vec<Date>,
    pub(super) columns: Vec<N>,
    pub(super) values: Array2<f64>,
    pub(super) overlap: u32,
    pub(super) report: MissingReport,
}

impl<N: AsRef<str> + Clone> Frame<N> {
    pub(super) fn new(kind: &Kind, dates: Vec<Date>, columns: Vec<N>, values: Array2<f64>) -> Result<Self> {
        axes(kind, &dates, &columns)?;
        check::length("rows of the panel", dates.len(), values.nrows())?;
        check::length("columns of the panel", columns.len(), values.ncols())?;
        if let Some(((row, column), &value)) = values.indexed_iter().find(|(_, v)| !(kind.allows)(**v)) {
            return Err(Error::EntryOutOfDomain {
                name: kind.values,
                row: dates[row].to_string(),
                column: columns[column].as_ref().to_owned(),
                expected: kind.expected,
                value,
            });
        }
        let values = if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() };
        Ok(Self { dates, columns, values, overlap: 1, report: MissingReport::default() })
    }

    pub(super) fn with_report(self, report: MissingReport) -> Self {
        Self { report, ..self }
    }

    pub(super) fn with_overlap(self, overlap: u32) -> Self {
        Self { overlap, ..self }
    }

    pub(super) fn column(&self, kind: &Kind, name: &str) -> Result<ArrayView1<'_, f64>> {
        Ok(self.values.column(self.position(kind, name)?))
    }

    pub(super) fn position(&self, kind: &Kind, name: &str) -> Result<usize> {
        let unknown = || Error::Unknown { name: kind.column, value: name.to_owned() };
        self.columns.iter().position(|column| column.as_ref() == name).ok_or_else(unknown)
    }

    /// The named columns, in the order asked for.
    pub(super) fn select(&self, kind: &Kind, names: &[N]) -> Result<Self> {
        if names.is_empty() {
            return Err(Error::Empty { name: "selection" });
        }
        check::unique(kind.column, names.iter().map(AsRef::as_ref))?;
        let positions = names.iter().map(|name| self.position(kind, name.as_ref())).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            dates: self.dates.clone(),
            columns: names.to_vec(),
            values: standard(self.values.select(Axis(1), &positions)),
            overlap: self.overlap,
            report: self.report.of_columns(names),
        })
    }

    pub(super) fn between(&self, first: Date, last: Date) -> Result<Self> {
        let start = self.dates.partition_point(|date| *date < first);
        let end = self.dates.partition_point(|date| *date <= last);
        if start >= end {
            return Err(Error::Empty { name: "panel between the dates" });
        }
        Ok(self.rows(&(start..end).collect::<Vec<_>>()))
    }

    pub(super) fn last(&self, n: usize) -> Result<Self> {
        if n == 0 {
            return Err(Error::OutOfDomain { name: "rows", expected: "at least 1", value: 0.0 });
        }
        check::enough("panel", n, self.dates.len())?;
        Ok(self.rows(&(self.dates.len() - n..self.dates.len()).collect::<Vec<_>>()))
    }

    /// The rows at increasing positions that exist; the caller has found at least one.
    pub(super) fn rows(&self, positions: &[usize]) -> Self {
        let dates: Vec<Date> = positions.iter().map(|&row| self.dates[row]).collect();
        let report = match (dates.first(), dates.last()) {
            (Some(&first), Some(&last)) => self.report.between(first, last),
            _ => MissingReport::default(),
        };
        Self {
            columns: self.columns.clone(),
            values: standard(self.values.select(Axis(0), positions)),
            dates,
            overlap: self.overlap,
            report,
        }
    }

    /// SHA-256 of the labels and numbers: per column its name and a line feed, an empty line, per row its
    /// ISO date, a line feed and the little-endian bits of its numbers.
    pub(super) fn input_hash(&self, name: impl Into<String>) -> InputHash {
        let mut bytes = Vec::with_capacity(8 * self.values.len() + 11 * self.dates.len());
        for column in &self.columns {
            bytes.extend_from_slice(column.as_ref().as_bytes());
            bytes.push(b'\n');
        }
        bytes.push(b'\n');
        for (date, row) in self.dates.iter().zip(self.values.rows()) {
            bytes.extend_from_slice(date.to_string().as_bytes());
            bytes.push(b'\n');
            row.iter().for_each(|value| bytes.extend_from_slice(&value.to_bits().to_le_bytes()));
        }
        InputHash::of_bytes(name, &bytes)
    }
}

/// Checks dates and names: some of each, dates increasing, names neither blank nor double.
pub(super) fn axes<N: AsRef<str>>(kind: &Kind, dates: &[Date], columns: &[N]) -> Result<()> {
    if dates.is_empty() {
        return Err(Error::Empty { name: "dates" });
    }
    if columns.is_empty() || columns.iter().any(|name| name.as_ref().trim().is_empty()) {
        return Err(Error::Empty { name: kind.column });
    }
    check::unique(kind.column, columns.iter().map(AsRef::as_ref))?;
    for (index, pair) in dates.windows(2).enumerate() {
        let value = pair[1].to_string();
        if pair[0] == pair[1] {
            return Err(Error::Duplicate { name: "date", value, first: index, second: index + 1 });
        }
        if pair[0] > pair[1] {
            return Err(Error::NotIncreasing { name: "dates", index: index + 1, value });
        }
    }
    Ok(())
}

/// Selecting may leave columns first in memory; hashes and kernels read row after row.
fn standard(values: Array2<f64>) -> Array2<f64> {
    if values.is_standard_layout() { values } else { values.as_standard_layout().into_owned() }
}

/// The methods that every panel has, on top of its `frame`.
macro_rules! shared_methods {
    ($panel:ident, $kind:expr, $name:ty, $make:expr, $columns:ident, $values:ident) => {
        impl $panel {
            /// Takes a table with gaps and does with them what `missing` says.
            ///
            /// # Errors
            #[doc = concat!("Those of [`new`](", stringify!($panel), "::new), [`Error::MissingValue`](crate::Error::MissingValue)")]
            /// for a gap that the policy does not close, and [`Error::Empty`](crate::Error::Empty) when
            /// dropping leaves nothing. Returns cannot be carried forward:
            /// [`Error::Unsupported`](crate::Error::Unsupported).
            pub fn from_cells(
                dates: Vec<jiff::civil::Date>,
                $columns: Vec<$name>,
                cells: ndarray::Array2<Option<f64>>,
                missing: super::Missing,
            ) -> crate::Result<Self> {
                let cells = super::missing::Cells { dates, columns: $columns, values: cells, origin: None };
                super::missing::resolve(&$kind, cells, missing).map(|frame| Self { frame })
            }

            /// Reads a CSV file whose first column is called `date` and holds ISO dates, `2024-01-31`. An
            /// empty field is a missing value; any other text that is not a number is an error.
            ///
            /// # Errors
            /// [`Error::Parse`](crate::Error::Parse) with file, line and column for everything wrong in the
            /// text, [`Error::Unreadable`](crate::Error::Unreadable) when the file cannot be read, and the
            /// errors of [`from_cells`](Self::from_cells).
            #[cfg(feature = "csv")]
            pub fn from_csv(path: impl AsRef<std::path::Path>, missing: super::Missing) -> crate::Result<Self> {
                let (name, file) = super::read::open(path.as_ref())?;
                Self::from_reader(&name, file, missing)
            }

            /// Reads CSV text from anywhere; `name` stands for the file in errors.
            ///
            /// # Errors
            /// As [`from_csv`](Self::from_csv).
            #[cfg(feature = "csv")]
            pub fn from_reader(
                name: &str,
                reader: impl std::io::Read,
                missing: super::Missing,
            ) -> crate::Result<Self> {
                let cells = super::read::table(name, reader, &$kind)?;
                let columns = cells.columns.into_iter().map($make).collect::<crate::Result<_>>()?;
                let cells = super::missing::Cells {
                    dates: cells.dates,
                    columns,
                    values: cells.values,
                    origin: cells.origin,
                };
                super::missing::resolve(&$kind, cells, missing).map(|frame| Self { frame })
            }

            /// The dates, increasing, never none.
            #[must_use]
            pub fn dates(&self) -> &[jiff::civil::Date] {
                &self.frame.dates
            }

            /// Names of the columns, each once.
            #[must_use]
            pub fn $columns(&self) -> &[$name] {
                &self.frame.columns
            }

            /// The numbers, dates × columns, row after row.
            #[must_use]
            pub fn $values(&self) -> ndarray::ArrayView2<'_, f64> {
                self.frame.values.view()
            }

            /// What was dropped and filled when the panel was read, as far as it concerns what is left of it.
            #[must_use]
            pub fn missing(&self) -> &super::MissingReport {
                &self.frame.report
            }

            /// The named columns, in the order asked for.
            ///
            /// # Errors
            /// [`Error::Unknown`](crate::Error::Unknown) for a name that the panel does not have,
            /// [`Error::Duplicate`](crate::Error::Duplicate) for one asked for twice,
            /// [`Error::Empty`](crate::Error::Empty) when none is asked for.
            pub fn select(&self, $columns: &[$name]) -> crate::Result<Self> {
                self.frame.select(&$kind, $columns).map(|frame| Self { frame })
            }

            /// The rows from `first` to `last`, both included.
            ///
            /// # Errors
            /// [`Error::Empty`](crate::Error::Empty) when there are none.
            pub fn between(&self, first: jiff::civil::Date, last: jiff::civil::Date) -> crate::Result<Self> {
                self.frame.between(first, last).map(|frame| Self { frame })
            }

            /// The last `n` rows.
            ///
            /// # Errors
            /// [`Error::InsufficientData`](crate::Error::InsufficientData) when there are fewer,
            /// [`Error::OutOfDomain`](crate::Error::OutOfDomain) for none.
            pub fn last(&self, n: usize) -> crate::Result<Self> {
                self.frame.last(n).map(|frame| Self { frame })
            }

            /// SHA-256 of labels and numbers, for a [`Receipt`](crate::Receipt).
            ///
            /// Hashed is, for each column, its name and a line feed; then a line feed; then, for each row, its
            /// ISO date, a line feed and the bits of its numbers in little-endian order.
            pub fn input_hash(&self, name: impl Into<String>) -> crate::InputHash {
                self.frame.input_hash(name)
            }
        }

        impl super::align::sealed::Rows for $panel {
            fn at(&self, positions: &[usize]) -> Self {
                Self { frame: self.frame.rows(positions) }
            }
        }

        impl super::Panel for $panel {
            fn dates(&self) -> &[jiff::civil::Date] {
                &self.frame.dates
            }
        }

        impl TryFrom<super::stored::Stored<$name>> for $panel {
            type Error = crate::Error;

            fn try_from(stored: super::stored::Stored<$name>) -> crate::Result<Self> {
                stored.into_frame(&$kind).map(|frame| Self { frame })
            }
        }

        impl From<$panel> for super::stored::Stored<$name> {
            fn from(panel: $panel) -> Self {
                Self::from(panel.frame)
            }
        }
    };
}
pub(super) use shared_methods;

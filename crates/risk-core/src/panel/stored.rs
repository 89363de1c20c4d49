use jiff::civil::Date;
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::MissingReport;
use super::frame::{Frame, Kind};
use crate::{Error, Result};

/// The stored form of every panel, so that a stored one is checked when it is read back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Stored<N> {
    dates: Vec<Date>,
    columns: Vec<N>,
    #[serde(with = "crate::nested::matrix")]
    values: Array2<f64>,
    overlap: u32,
    missing: MissingReport,
}

impl<N: AsRef<str> + Clone> Stored<N> {
    pub(super) fn into_frame(self, kind: &Kind) -> Result<Frame<N>> {
        // Only returns span periods, so only they can share them.
        let most = if kind.carries { 1 } else { u32::MAX };
        if self.overlap == 0 || self.overlap > most {
            let expected = if kind.carries { "1" } else { "at least 1" };
            return Err(Error::OutOfDomain { name: "overlap", expected, value: f64::from(self.overlap) });
        }
        let frame = Frame::new(kind, self.dates, self.columns, self.values)?;
        Ok(frame.with_overlap(self.overlap).with_report(self.missing))
    }
}

impl<N> From<Frame<N>> for Stored<N> {
    fn from(frame: Frame<N>) -> Self {
        Self {
            dates: frame.dates,
            columns: frame.columns,
            values: frame.values,
            overlap: frame.overlap,
            missing: frame.report,
        }
    }
}

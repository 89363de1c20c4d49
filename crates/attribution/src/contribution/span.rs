use alluse_risk_core::Error as Input;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A label that one row carries over some periods: the tag of a trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelSpan {
    /// Position of the row.
    pub row: usize,
    /// Position of the first period.
    pub first: usize,
    /// Position of the last period, itself included.
    pub last: usize,
    /// The label.
    pub label: String,
}

impl LabelSpan {
    /// The span that each cell belongs to, row by row.
    pub(super) fn owners(spans: &[Self], rows: usize, periods: usize) -> Result<Vec<Option<usize>>> {
        let mut owners = vec![None; rows * periods];
        for (index, span) in spans.iter().enumerate() {
            span.check(index, rows, periods)?;
            for period in span.first..=span.last {
                let owner = &mut owners[span.row * periods + period];
                if let Some(before) = *owner {
                    let (row, label) = (span.row, &span.label);
                    let reason =
                        format!("spans {before} and {index} ({label:?}) overlap in row {row}, period {period}");
                    return Err(Error::invalid("label spans", reason));
                }
                *owner = Some(index);
            }
        }
        Ok(owners)
    }

    fn check(&self, index: usize, rows: usize, periods: usize) -> Result<()> {
        let outside = |name, expected, value: usize| {
            Err(Input::ElementOutOfDomain { name, index, expected, value: value as f64 }.into())
        };
        if self.row >= rows {
            return outside("rows of the label spans", "below the number of rows", self.row);
        }
        if self.last >= periods {
            return outside("last periods of the label spans", "below the number of periods", self.last);
        }
        if self.first > self.last {
            let reason = format!("span {index} starts in period {} and ends in period {}", self.first, self.last);
            return Err(Error::invalid("label spans", reason));
        }
        Ok(())
    }
}

use serde::{Deserialize, Serialize};

use crate::{Error, Result, Value};

/// Rows of values under named columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What the table shows; read out before it by a screen reader.
    pub caption: String,
    /// Column headings. The first column names the row.
    pub columns: Vec<String>,
    /// One value a column in each row.
    pub rows: Vec<Vec<Value>>,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new<S: Into<String>>(caption: impl Into<String>, columns: impl IntoIterator<Item = S>) -> Self {
        Self { caption: caption.into(), columns: columns.into_iter().map(Into::into).collect(), rows: Vec::new() }
    }

    /// Appends a row.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a number of values that is not the number of columns.
    pub fn push(&mut self, row: Vec<Value>) -> Result<()> {
        if row.len() == self.columns.len() {
            self.rows.push(row);
            Ok(())
        } else {
            let reason = format!("a row of {} values under {} columns", row.len(), self.columns.len());
            Err(Error::invalid(format!("table {:?}", self.caption), reason))
        }
    }
}

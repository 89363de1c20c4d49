//! The forms in which a document is written. All carry the same numbers.

mod delimited;
mod html;
mod json;
mod markdown;
#[cfg(feature = "pdf")]
mod pdf;
#[cfg(test)]
mod tests;

/// Longest chart table that is written out below its picture or into Markdown; longer ones stand in JSON and CSV.
const SHOWN_ROWS: usize = 40;

use crate::{Document, Result};

impl Document {
    /// One HTML page that needs nothing else: no scripts, no network, no fonts. It prints, follows the reader's
    /// light or dark preference and narrows to a phone.
    ///
    /// # Errors
    /// [`Error::Drawing`](crate::Error::Drawing) and [`Error::Invalid`](crate::Error::Invalid) for a chart that cannot
    /// be drawn.
    pub fn html(&self) -> Result<String> {
        html::write(self)
    }

    /// The document as JSON: an object with `schema`, the name and version of the form, and the fields of
    /// [`Document`]. Numbers are unrounded.
    ///
    /// # Errors
    /// [`Error::Writing`](crate::Error::Writing) when a number cannot be written.
    pub fn json(&self) -> Result<String> {
        json::write(self)
    }

    /// Reads what [`json`](Self::json) wrote.
    ///
    /// # Errors
    /// [`Error::Writing`](crate::Error::Writing) for text that is not such a document.
    pub fn from_json(text: &str) -> Result<Self> {
        json::read(text)
    }

    /// Every figure, table and chart in one long table: a line a value, with the columns
    /// `section, item, row, column, value, lower, upper, level, unit, text`. Numbers are unrounded.
    ///
    /// # Errors
    /// As [`html`](Self::html).
    pub fn csv(&self) -> Result<String> {
        delimited::write(self)
    }

    /// GitHub-flavoured Markdown. Charts are described in words and, where short, written out as tables.
    ///
    /// # Errors
    /// As [`html`](Self::html).
    pub fn markdown(&self) -> Result<String> {
        markdown::write(self)
    }

    /// Pages of A4 with text that can be searched and copied, charts made of lines, bookmarks and page numbers. Tables
    /// repeat their headings on every page; wide ones are set smaller, and very wide ones in parts. Letters that the
    /// embedded font lacks, which holds European Latin and Greek, show as `?` and are copied as what they are. The same
    /// document gives the same bytes.
    ///
    /// ```
    /// use alluse_report::{Block, Document, ReportKind, Section};
    ///
    /// let mut document = Document::new("Fund", "Net of costs", ReportKind::Monthly, jiff::civil::date(2024, 5, 31));
    /// document.push(Section::new("Summary").with(Block::Text("The fund gained.".into())));
    /// let file = document.pdf()?;
    /// assert!(file.starts_with(b"%PDF-"));
    /// assert_eq!(file, document.pdf()?);
    /// # Ok::<(), alluse_report::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`html`](Self::html); [`Error::Writing`](crate::Error::Writing) when the file cannot be written.
    #[cfg(feature = "pdf")]
    pub fn pdf(&self) -> Result<Vec<u8>> {
        pdf::write(self)
    }
}

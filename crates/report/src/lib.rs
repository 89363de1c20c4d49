//! Reports people read: tear sheets, risk reports, allocation reports and forecasts.
//!
//! A report is a [`Document`]: sections of text, figures, tables and charts, all of them data. One document is
//! written as self-contained HTML with SVG charts, as JSON, as CSV and as Markdown, so that every form carries the same
//! numbers. Nothing here computes a number that another crate owns.

#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare exactly representable numbers"))]

pub mod chart;
mod document;
mod error;
mod table;
mod value;

pub use chart::Chart;
pub use document::{Block, Document, Figure, ReportKind, Section};
pub use error::{Error, Result};
pub use table::Table;
pub use value::{Unit, Value};

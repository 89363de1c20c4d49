//! Reports people read: tear sheets, risk reports, allocation reports and forecasts.
//!
//! A report is a [`Document`]: sections of text, figures, tables and charts, all of them data. One document is
//! written as self-contained HTML with SVG charts, as JSON, as CSV and as Markdown, so that every form carries the same
//! numbers. The feature `pdf` adds pages of A4, and `png` charts as pixels. Nothing here computes a number that another
//! crate owns.

#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare exactly representable numbers"))]

#[cfg(feature = "allocation")]
pub mod allocation;
mod bins;
pub mod chart;
mod document;
mod error;
pub mod forecast;
#[cfg(feature = "risk")]
pub mod risk;
mod sentence;
mod table;
pub mod tear_sheet;
mod value;
mod write;

pub use chart::Chart;
pub use document::{Block, Document, Figure, ReportKind, Section};
pub use error::{Error, Result};
pub use table::Table;
pub use tear_sheet::TearSheet;
pub use value::{Unit, Value};

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Chart, Table, Value};

/// How often a report is made, and so what it looks back on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReportKind {
    /// The last trading day.
    Daily,
    /// The last week, with its labels.
    Weekly,
    /// The last calendar month.
    Monthly,
    /// The last calendar quarter.
    Quarterly,
    /// The whole history.
    SinceInception,
}

impl fmt::Display for ReportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Daily => "Daily",
            Self::Weekly => "Weekly",
            Self::Monthly => "Monthly",
            Self::Quarterly => "Quarterly",
            Self::SinceInception => "Since-inception",
        })
    }
}

/// A report as data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Heading of the whole.
    pub title: String,
    /// One line under it.
    pub subtitle: String,
    /// How often it is made.
    pub kind: ReportKind,
    /// The day it speaks for.
    pub as_of: Date,
    /// Parts, in reading order. The first is page one.
    pub sections: Vec<Section>,
}

/// One part of a report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Heading.
    pub heading: String,
    /// Content, in reading order.
    pub blocks: Vec<Block>,
}

/// A piece of content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// Points that belong together, such as assumptions.
    List(Vec<String>),
    /// What the reader must know before trusting a number; shown apart.
    Caution(String),
    /// Headline figures, shown large.
    Figures(Vec<Figure>),
    /// A table.
    Table(Table),
    /// A chart.
    Chart(Chart),
}

/// A named figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figure {
    /// What it is.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Convention or comparison, in a few words.
    pub note: Option<String>,
}

impl Document {
    /// An empty report.
    #[must_use]
    pub fn new(title: impl Into<String>, subtitle: impl Into<String>, kind: ReportKind, as_of: Date) -> Self {
        Self { title: title.into(), subtitle: subtitle.into(), kind, as_of, sections: Vec::new() }
    }

    /// Appends a section.
    pub fn push(&mut self, section: Section) {
        self.sections.push(section);
    }

    /// Every chart, with the heading of its section.
    pub fn charts(&self) -> impl Iterator<Item = (&str, &Chart)> {
        self.sections.iter().flat_map(|section| {
            section.blocks.iter().filter_map(|block| match block {
                Block::Chart(chart) => Some((section.heading.as_str(), chart)),
                _ => None,
            })
        })
    }
}

impl Section {
    /// An empty section.
    #[must_use]
    pub fn new(heading: impl Into<String>) -> Self {
        Self { heading: heading.into(), blocks: Vec::new() }
    }

    /// Appends a block.
    pub fn push(&mut self, block: impl Into<Block>) {
        self.blocks.push(block.into());
    }

    /// With another block.
    #[must_use]
    pub fn with(mut self, block: impl Into<Block>) -> Self {
        self.push(block);
        self
    }
}

impl Figure {
    /// A figure without a note.
    #[must_use]
    pub fn new(name: impl Into<String>, value: Value) -> Self {
        Self { name: name.into(), value, note: None }
    }

    /// With a note.
    #[must_use]
    pub fn with_note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

impl From<Table> for Block {
    fn from(table: Table) -> Self {
        Self::Table(table)
    }
}

impl From<Chart> for Block {
    fn from(chart: Chart) -> Self {
        Self::Chart(chart)
    }
}

impl From<Vec<Figure>> for Block {
    fn from(figures: Vec<Figure>) -> Self {
        Self::Figures(figures)
    }
}

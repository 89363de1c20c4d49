use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::Unit;

/// A chart. Its title says what is seen, its description what to see in it: the words a screen reader reads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Chart {
    /// Series over time.
    Lines(Lines),
    /// Values by row and column, such as monthly returns.
    Heatmap(Heatmap),
    /// A distribution.
    Histogram(Histogram),
    /// Named values side by side, such as contributions.
    Bars(Bars),
    /// Points in a plane, such as an efficient frontier.
    Scatter(Scatter),
    /// Quantile bands into the future.
    Fan(Fan),
    /// Shares over an ordered axis that add up, such as weights along a frontier.
    Stack(Stack),
}

/// Series over time on one axis of values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lines {
    /// What is seen.
    pub title: String,
    /// What to see in it.
    pub description: String,
    /// Unit of the values.
    pub unit: Unit,
    /// Logarithmic axis of values; they must be positive.
    pub logarithmic: bool,
    /// The series, the most important first.
    pub lines: Vec<Line>,
    /// Spans of time shown behind, such as the worst drawdowns.
    pub shades: Vec<Shade>,
    /// A level to compare with, such as 1 or 0.
    pub reference: Option<f64>,
}

/// One series over time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Its name.
    pub name: String,
    /// Increasing dates.
    pub dates: Vec<Date>,
    /// One finite value a date.
    pub values: Vec<f64>,
    /// Filled down to the reference, or to zero.
    pub filled: bool,
}

/// A span of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Shade {
    /// What it is.
    pub name: String,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
}

/// Values by row and column, coloured about zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Heatmap {
    /// What is seen.
    pub title: String,
    /// What to see in it.
    pub description: String,
    /// Unit of the values.
    pub unit: Unit,
    /// Column headings.
    pub columns: Vec<String>,
    /// Row headings, top to bottom.
    pub rows: Vec<String>,
    /// Rows of cells; `None` where there is no value.
    pub cells: Vec<Vec<Option<f64>>>,
}

/// A distribution in bins of equal width.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Histogram {
    /// What is seen.
    pub title: String,
    /// What to see in it.
    pub description: String,
    /// Unit of the values.
    pub unit: Unit,
    /// Edges of the bins, increasing, one more than counts.
    pub edges: Vec<f64>,
    /// Observations in each bin.
    pub counts: Vec<usize>,
    /// Vertical lines, such as value at risk.
    pub markers: Vec<Marker>,
}

/// A named value on the axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Marker {
    /// What it marks.
    pub name: String,
    /// Where.
    pub value: f64,
}

/// Named values side by side, signed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bars {
    /// What is seen.
    pub title: String,
    /// What to see in it.
    pub description: String,
    /// Unit of the values.
    pub unit: Unit,
    /// The bars, top to bottom.
    pub bars: Vec<Bar>,
}

/// One bar, with the interval around it where there is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// Its name.
    pub name: String,
    /// Its length.
    pub value: f64,
    /// Lower and upper end of the interval.
    pub interval: Option<(f64, f64)>,
}

/// Points in a plane, and a curve among them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scatter {
    /// What is seen.
    pub title: String,
    /// What to see in it.
    pub description: String,
    /// What the horizontal axis measures.
    pub x_name: String,
    /// Its unit.
    pub x_unit: Unit,
    /// What the vertical axis measures.
    pub y_name: String,
    /// Its unit.
    pub y_unit: Unit,
    /// A curve, such as the efficient frontier; may be empty.
    pub curve: Vec<(f64, f64)>,
    /// Named points.
    pub points: Vec<ScatterPoint>,
}

/// A named point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScatterPoint {
    /// Its name.
    pub name: String,
    /// Horizontal place.
    pub x: f64,
    /// Vertical place.
    pub y: f64,
    /// Shown strongly.
    pub emphasised: bool,
}

/// What was, and quantile bands of what may come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fan {
    /// What is seen.
    pub title: String,
    /// What to see in it.
    pub description: String,
    /// Unit of the values.
    pub unit: Unit,
    /// The past; may be empty.
    pub history: Vec<(Date, f64)>,
    /// Increasing dates of the future.
    pub dates: Vec<Date>,
    /// The median, one value a date.
    pub median: Vec<f64>,
    /// Bands, the widest first.
    pub bands: Vec<FanBand>,
}

/// One band of a fan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FanBand {
    /// Probability that it holds, such as 0.8.
    pub probability: f64,
    /// Lower ends, one a date.
    pub lower: Vec<f64>,
    /// Upper ends, one a date.
    pub upper: Vec<f64>,
}

/// Shares along an ordered axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stack {
    /// What is seen.
    pub title: String,
    /// What to see in it.
    pub description: String,
    /// What the horizontal axis measures.
    pub x_name: String,
    /// Its unit.
    pub x_unit: Unit,
    /// Increasing places on it.
    pub xs: Vec<f64>,
    /// Names of the layers, bottom to top.
    pub names: Vec<String>,
    /// One row of shares a layer, one value a place, none negative.
    pub shares: Vec<Vec<f64>>,
}

impl Chart {
    /// What is seen.
    #[must_use]
    pub fn title(&self) -> &str {
        match self {
            Self::Lines(chart) => &chart.title,
            Self::Heatmap(chart) => &chart.title,
            Self::Histogram(chart) => &chart.title,
            Self::Bars(chart) => &chart.title,
            Self::Scatter(chart) => &chart.title,
            Self::Fan(chart) => &chart.title,
            Self::Stack(chart) => &chart.title,
        }
    }

    /// What to see in it.
    #[must_use]
    pub fn description(&self) -> &str {
        match self {
            Self::Lines(chart) => &chart.description,
            Self::Heatmap(chart) => &chart.description,
            Self::Histogram(chart) => &chart.description,
            Self::Bars(chart) => &chart.description,
            Self::Scatter(chart) => &chart.description,
            Self::Fan(chart) => &chart.description,
            Self::Stack(chart) => &chart.description,
        }
    }
}

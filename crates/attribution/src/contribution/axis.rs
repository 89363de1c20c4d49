use std::collections::BTreeMap;

use alluse_risk_core::Error as Input;
use alluse_risk_core::labels::{DateLabels, LabelTable, UNLABELLED};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::LabelSpan;
use crate::{Error, Result, check};

/// Whether a label could have guided a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelKnowledge {
    /// Known when the period (or the position) started.
    ExAnte,
    /// Known only afterwards: it describes what happened, and no rule could have used it.
    Hindsight,
}

/// What carries the labels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Labelled {
    /// Rows: the same label in every period (strategy, account, underlying).
    Rows,
    /// Periods: the same label for every row (week type, regime, calendar year).
    Periods,
    /// A row over a span of periods (a trade's tag).
    Cells,
}

/// Calendar stretches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Calendar {
    /// "2024".
    Year,
    /// "2024-Q1".
    Quarter,
    /// "2024-01".
    Month,
}

/// One axis of labels on the cells (row, period) of a panel.
///
/// Each cell carries exactly one label of the axis or belongs to the explicit unlabelled group, which comes last: the
/// groups partition the panel by construction.
///
/// ```
/// use alluse_attribution::contribution::{LabelAxis, LabelKnowledge};
/// use alluse_risk_core::labels::DateLabels;
/// use jiff::civil::date;
///
/// let week = date(2024, 1, 12);
/// let mut types = DateLabels::new("week_type");
/// types.record(week, "assigned", "2024-01-12T21:00:00Z".parse().unwrap())?;
/// // On Monday nobody knew.
/// let monday = "2024-01-08T14:30:00Z".parse().unwrap();
/// let ex_ante = LabelAxis::ex_ante(&types, &[week], &[monday])?;
/// let hindsight = LabelAxis::hindsight(&types, &[week])?;
/// assert_eq!((ex_ante.label(0, 0), hindsight.label(0, 0)), (None, Some("assigned")));
/// assert_eq!(ex_ante.knowledge(), LabelKnowledge::ExAnte);
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LabelAxis {
    name: String,
    knowledge: LabelKnowledge,
    labels: Vec<String>,
    /// Positions in `labels`; `labels.len()` for none.
    codes: Codes,
    /// Days of the decisions, when moments were given.
    known_on: Vec<Date>,
}

#[derive(Debug, Clone, PartialEq)]
enum Codes {
    Rows(Vec<usize>),
    Periods(Vec<usize>),
    Cells { periods: usize, codes: Vec<usize> },
}

impl LabelAxis {
    /// The labels of rows on one axis of a table with a row for each row of the panel.
    ///
    /// A table does not say since when a label was known; the caller does. What was decided at entry (strategy,
    /// account) is ex ante, what was found out later ("winner") is hindsight.
    ///
    /// # Errors
    /// [`Error::Input`] for an axis that the table does not have.
    pub fn positions(table: &LabelTable, axis: &str, knowledge: LabelKnowledge) -> Result<Self> {
        let labels: Vec<Option<&str>> =
            (0..table.rows()).map(|row| table.label(row, axis)).collect::<std::result::Result<_, _>>()?;
        let (labels, codes) = encode(axis, labels)?;
        Ok(Self { name: axis.to_owned(), knowledge, labels, codes: Codes::Rows(codes), known_on: Vec::new() })
    }

    /// The labels of periods as they were known when each was decided on.
    ///
    /// `dates` are the dates under which the periods are labelled, `known_at` the moments of decision, one a period. That
    /// a moment lies at the start of its period is the caller's word; a moment on a later day (UTC) than the end of its
    /// period is refused when the axis meets the panel.
    ///
    /// # Errors
    /// [`Error::Input`] for no dates, lengths that differ, dates or moments that do not increase.
    pub fn ex_ante(labels: &DateLabels, dates: &[Date], known_at: &[Timestamp]) -> Result<Self> {
        check::length("moments of decision", dates.len(), known_at.len())?;
        for (index, pair) in known_at.windows(2).enumerate() {
            if pair[1] <= pair[0] {
                let (index, value) = (index + 1, pair[1].to_string());
                return Err(Input::NotIncreasing { name: "moment of decision", index, value }.into());
            }
        }
        let known = |(&date, &time): (&Date, &Timestamp)| labels.known_at(date, time);
        let labelled = dates.iter().zip(known_at).map(known).collect();
        let mut axis = Self::of_periods(labels.axis(), dates, labelled, LabelKnowledge::ExAnte)?;
        axis.known_on = known_at.iter().map(|time| TimeZone::UTC.to_datetime(*time).date()).collect();
        Ok(axis)
    }

    /// The last word on the label of each period, whenever it was spoken.
    ///
    /// # Errors
    /// [`Error::Input`] for no dates and dates that repeat or go back.
    pub fn hindsight(labels: &DateLabels, dates: &[Date]) -> Result<Self> {
        let labelled = dates.iter().map(|&date| labels.hindsight(date)).collect();
        Self::of_periods(labels.axis(), dates, labelled, LabelKnowledge::Hindsight)
    }

    /// Labels of periods as plain data.
    ///
    /// # Errors
    /// [`Error::Input`] for no labels, blank ones and the reserved `unlabelled`.
    pub fn periods(name: impl Into<String>, labels: &[Option<&str>], knowledge: LabelKnowledge) -> Result<Self> {
        let name = name.into();
        if labels.is_empty() {
            return Err(Input::Empty { name: "labels of periods" }.into());
        }
        let (labels, codes) = encode(&name, labels.to_vec())?;
        Ok(Self { name, knowledge, labels, codes: Codes::Periods(codes), known_on: Vec::new() })
    }

    /// Periods by the calendar stretch in which they end.
    ///
    /// # Errors
    /// [`Error::Input`] for no dates and dates that repeat or go back.
    pub fn calendar(dates: &[Date], calendar: Calendar) -> Result<Self> {
        let stretch = |date: &Date| match calendar {
            Calendar::Year => format!("{:04}", date.year()),
            Calendar::Quarter => format!("{:04}-Q{}", date.year(), (date.month() + 2) / 3),
            Calendar::Month => format!("{:04}-{:02}", date.year(), date.month()),
        };
        let name = match calendar {
            Calendar::Year => "year",
            Calendar::Quarter => "quarter",
            Calendar::Month => "month",
        };
        let labels: Vec<String> = dates.iter().map(stretch).collect();
        let labels = labels.iter().map(|label| Some(label.as_str())).collect();
        Self::of_periods(name, dates, labels, LabelKnowledge::ExAnte)
    }

    /// Labels of rows over spans of periods, such as the tags of trades.
    ///
    /// # Errors
    /// [`Error::Input`] for a row or period that does not exist and a blank label; [`Error::Invalid`] for a span that
    /// ends before it starts and for two spans that overlap, even with the same label.
    pub fn trades(
        name: impl Into<String>,
        rows: usize,
        periods: usize,
        spans: &[LabelSpan],
        knowledge: LabelKnowledge,
    ) -> Result<Self> {
        let name = name.into();
        let owners = LabelSpan::owners(spans, rows, periods)?;
        let labels = owners.iter().map(|owner| owner.map(|span| spans[span].label.as_str())).collect();
        let (labels, codes) = encode(&name, labels)?;
        Ok(Self { name, knowledge, labels, codes: Codes::Cells { periods, codes }, known_on: Vec::new() })
    }

    fn of_periods(name: &str, dates: &[Date], labels: Vec<Option<&str>>, knowledge: LabelKnowledge) -> Result<Self> {
        check::increasing("date of a period", dates)?;
        Self::periods(name, &labels, knowledge)
    }

    /// The axis by name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether decisions could have known the labels.
    #[must_use]
    pub fn knowledge(&self) -> LabelKnowledge {
        self.knowledge
    }

    /// What carries the labels.
    #[must_use]
    pub fn labelled(&self) -> Labelled {
        match self.codes {
            Codes::Rows(_) => Labelled::Rows,
            Codes::Periods(_) => Labelled::Periods,
            Codes::Cells { .. } => Labelled::Cells,
        }
    }

    /// The labels in order of first use, without the unlabelled group.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The label of a cell, if it has one.
    ///
    /// # Panics
    /// For a cell that does not exist.
    #[must_use]
    pub fn label(&self, row: usize, period: usize) -> Option<&str> {
        self.labels.get(self.code(row, period)).map(String::as_str)
    }

    /// The group of each period, the unlabelled last, when periods carry the labels.
    pub(crate) fn period_codes(&self) -> Option<&[usize]> {
        match &self.codes {
            Codes::Periods(codes) => Some(codes),
            Codes::Rows(_) | Codes::Cells { .. } => None,
        }
    }

    /// Groups, the unlabelled one included.
    pub(crate) fn groups(&self) -> usize {
        self.labels.len() + 1
    }

    /// The group of a cell, the unlabelled last.
    pub(crate) fn code(&self, row: usize, period: usize) -> usize {
        match &self.codes {
            Codes::Rows(codes) => codes[row],
            Codes::Periods(codes) => codes[period],
            Codes::Cells { periods, codes } => codes[row * periods + period],
        }
    }

    /// The label of a group; `None` for the unlabelled.
    pub(crate) fn name_of(&self, group: usize) -> Option<String> {
        self.labels.get(group).cloned()
    }

    /// Whether it fits a panel of so many rows and periods that end on these dates.
    pub(crate) fn check(&self, rows: usize, ends: &[Date]) -> Result<()> {
        match &self.codes {
            Codes::Rows(codes) => check::length("labels of rows", rows, codes.len())?,
            Codes::Periods(codes) => check::length("labels of periods", ends.len(), codes.len())?,
            Codes::Cells { periods, codes } => {
                check::length("periods of the trade labels", ends.len(), *periods)?;
                check::length("cells of the trade labels", rows * ends.len(), codes.len())?;
            }
        }
        match self.known_on.iter().zip(ends).position(|(known, end)| known > end) {
            None => Ok(()),
            Some(period) => {
                let (known, end) = (self.known_on[period], ends[period]);
                let reason = format!("period {period} ends on {end}, but its label is taken as known on {known}");
                Err(Error::invalid(format!("label axis {:?}", self.name), reason))
            }
        }
    }
}

/// Distinct labels in order of first use, and the code of each place.
fn encode(axis: &str, labels: Vec<Option<&str>>) -> Result<(Vec<String>, Vec<usize>)> {
    if axis.trim().is_empty() {
        return Err(Input::Empty { name: "label axis" }.into());
    }
    let mut index = BTreeMap::new();
    let mut distinct = Vec::new();
    let mut codes = Vec::with_capacity(labels.len());
    for (place, label) in labels.into_iter().enumerate() {
        let Some(label) = label else {
            codes.push(usize::MAX);
            continue;
        };
        if label.trim().is_empty() {
            return Err(Error::invalid(
                format!("label axis {axis:?}"),
                format!("the label at position {place} is blank"),
            ));
        }
        if label == UNLABELLED {
            let reason = format!("the label {UNLABELLED:?} at position {place} is reserved for cells without one");
            return Err(Error::invalid(format!("label axis {axis:?}"), reason));
        }
        codes.push(*index.entry(label).or_insert_with(|| {
            distinct.push(label.to_owned());
            distinct.len() - 1
        }));
    }
    let none = distinct.len();
    codes.iter_mut().for_each(|code| *code = (*code).min(none));
    Ok((distinct, codes))
}

use alluse_risk_core::Frequency;
use jiff::civil::Date;

use super::{BridgedDate, DropReason, DroppedDate, GapPolicy, no_shared_period};
use crate::{Error, Result, ReturnSeries, check};

/// The dates at which the value of a series is known: its stated start and the ends of its periods.
pub(super) struct Boundaries<'a> {
    pub(super) series: &'a ReturnSeries,
    pub(super) dates: Vec<Date>,
}

impl<'a> Boundaries<'a> {
    pub(super) fn of(series: &'a ReturnSeries) -> Self {
        let dates = series.start().into_iter().chain(series.dates().iter().copied()).collect();
        Self { series, dates }
    }

    fn first(&self) -> Date {
        self.dates[0]
    }

    fn last(&self) -> Date {
        self.dates[self.dates.len() - 1]
    }

    fn has(&self, date: Date) -> bool {
        self.dates.binary_search(&date).is_ok()
    }

    /// The last boundary at or before a date.
    fn at_or_before(&self, date: Date) -> Option<Date> {
        let after = self.dates.partition_point(|&boundary| boundary <= date);
        after.checked_sub(1).map(|index| self.dates[index])
    }
}

/// What all series cover, and who limits it.
pub(super) struct Window {
    first: Date,
    last: Date,
    latest_start: String,
    earliest_end: String,
    /// Whether the first date is a stated start, at which no return ends.
    stated: bool,
}

pub(super) fn window(boundaries: &[Boundaries<'_>]) -> Result<Window> {
    let (mut latest, mut earliest) = (&boundaries[0], &boundaries[0]);
    for one in boundaries {
        if one.first() > latest.first() {
            latest = one;
        }
        if one.last() < earliest.last() {
            earliest = one;
        }
    }
    if latest.first() > earliest.last() {
        let all: Vec<&ReturnSeries> = boundaries.iter().map(|one| one.series).collect();
        return Err(Error::invalid("alignment", no_shared_period(&all)));
    }
    Ok(Window {
        first: latest.first(),
        last: earliest.last(),
        latest_start: latest.series.name().to_owned(),
        earliest_end: earliest.series.name().to_owned(),
        stated: latest.series.start().is_some(),
    })
}

/// One aligned period, after `start` up to and including `end`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    /// `None` for a first period of one return each whose start no series knows.
    pub(super) start: Option<Date>,
    pub(super) end: Date,
}

pub(super) struct Periods {
    pub(super) spans: Vec<Span>,
    pub(super) bridged: Vec<BridgedDate>,
    nodes: Vec<Node>,
    gaps: GapPolicy,
}

/// A period end of the grid and the first series that cannot be valued there.
struct Node {
    date: Date,
    missing: Option<String>,
}

impl Periods {
    /// The periods between neighbouring dates of `coarsest` at which every series can be valued.
    pub(super) fn find(
        boundaries: &[Boundaries<'_>],
        coarsest: &ReturnSeries,
        window: &Window,
        gaps: GapPolicy,
    ) -> Result<Self> {
        let mut bridged = Vec::new();
        let mut nodes = Vec::new();
        let grid = coarsest.start().into_iter().chain(coarsest.dates().iter().copied());
        for date in grid.filter(|date| (window.first..=window.last).contains(date)) {
            let mut missing = None;
            for one in boundaries.iter().filter(|one| !one.has(date)) {
                let taken_from = stand_in(one, date, gaps)?;
                let series = one.series.name().to_owned();
                if taken_from.is_none() {
                    missing.get_or_insert(series.clone());
                }
                if gaps != GapPolicy::DropPeriod {
                    bridged.push(BridgedDate { date, series, taken_from });
                }
            }
            nodes.push(Node { date, missing });
        }
        let mut spans = Vec::new();
        if let Some(end) = nodes.first().filter(|node: &&Node| node.missing.is_none()).map(|node| node.date)
            && let FirstPeriod::Same { start } = first_period(boundaries, end)
        {
            spans.push(Span { start, end });
        }
        let mut open: Option<Date> = None;
        for node in &nodes {
            match (&node.missing, gaps) {
                (None, _) => {
                    if let Some(start) = open {
                        spans.push(Span { start: Some(start), end: node.date });
                    }
                    open = Some(node.date);
                }
                (Some(_), GapPolicy::DropPeriod) => open = None,
                (Some(_), _) => {}
            }
        }
        Ok(Self { spans, bridged, nodes, gaps })
    }

    /// Start of the first period; nothing when periods were left out, for the time that elapsed is then not theirs.
    pub(super) fn start(&self) -> Option<Date> {
        let whole = self.gaps != GapPolicy::DropPeriod || self.nodes.iter().all(|node| node.missing.is_none());
        self.spans.first().and_then(|span| span.start).filter(|_| whole)
    }

    /// The returns of a series over the periods, and its returns that are in none.
    pub(super) fn compound(&self, series: &ReturnSeries, window: &Window) -> Result<(Vec<f64>, Vec<DroppedDate>)> {
        let mut compounded: Vec<f64> = Vec::with_capacity(self.spans.len());
        let mut dropped = Vec::new();
        let mut drop = |date: Date, reason: DropReason| {
            dropped.push(DroppedDate { series: series.name().to_owned(), date, reason });
        };
        let mut observations = series.dates().iter().copied().zip(series.returns().into_iter().copied()).peekable();
        for span in &self.spans {
            // Returns before the span.
            while let Some((date, _)) = observations.next_if(|(date, _)| match span.start {
                Some(start) => *date <= start,
                None => *date < span.end,
            }) {
                drop(date, self.reason(date, window));
            }
            // A single return keeps its digits.
            let mut single = None;
            let (mut growth, mut count) = (1.0, 0_usize);
            while let Some((_, value)) = observations.next_if(|(date, _)| *date <= span.end) {
                single = Some(value);
                growth *= 1.0 + value;
                count += 1;
            }
            let value = match (single, count) {
                (Some(value), 1) => value,
                (Some(_), _) => growth - 1.0,
                (None, _) => {
                    let reason = format!("{:?} has no return in the period to {}", series.name(), span.end);
                    return Err(Error::invalid("alignment", reason));
                }
            };
            compounded.push(check::result("compounded return", value)?);
        }
        for (date, _) in observations {
            drop(date, self.reason(date, window));
        }
        Ok((compounded, dropped))
    }

    fn reason(&self, date: Date, window: &Window) -> DropReason {
        if date > window.last {
            return DropReason::AfterEnd { of: window.earliest_end.clone() };
        }
        if date < window.first || (window.stated && date == window.first) {
            return DropReason::BeforeInception { of: window.latest_start.clone() };
        }
        if self.gaps == GapPolicy::DropPeriod {
            // The period around the date, by its ends.
            let next = self.nodes.partition_point(|node| node.date < date);
            let ends = [next.checked_sub(1), Some(next)].into_iter().flatten();
            let hole = ends.filter_map(|index| self.nodes.get(index)).find_map(|node| node.missing.clone());
            if let Some(missing_in) = hole {
                return DropReason::Gap { missing_in };
            }
        }
        match self.spans.last() {
            Some(last) if date > last.end => DropReason::NoCounterpart,
            _ => DropReason::StartNotShared,
        }
    }
}

/// The observation that stands in for a missing one.
fn stand_in(one: &Boundaries<'_>, date: Date, gaps: GapPolicy) -> Result<Option<Date>> {
    let refuse = |detail: String| {
        let reason = format!("{:?} has no observation on {date}{detail}", one.series.name());
        Err(Error::invalid("gap", reason))
    };
    match gaps {
        GapPolicy::Merge | GapPolicy::DropPeriod => Ok(None),
        GapPolicy::Reject => refuse(String::new()),
        GapPolicy::LastWithin { days } => match one.at_or_before(date) {
            Some(last) if date.duration_since(last).as_hours() <= 24 * i64::from(days) => Ok(Some(last)),
            Some(last) => refuse(format!(", and the last one before is of {last}")),
            None => refuse(", and none before".to_owned()),
        },
    }
}

/// Whether the first returns up to a date are of one and the same period.
enum FirstPeriod {
    /// They are; the start is that of the series that know theirs.
    Same { start: Option<Date> },
    /// They are not, or nobody knows.
    Unknown,
}

/// Where a series has no earlier boundary its start is unknown, and its frequency says how long the period is: the same
/// for all. Where several have one, it must be the same; a stated one must also be as far away as the frequency says,
/// or the first period is a part of one.
fn first_period(boundaries: &[Boundaries<'_>], end: Date) -> FirstPeriod {
    let pace = boundaries[0].series.frequency();
    let mut known: Option<Date> = None;
    for one in boundaries {
        let ends_there = one.series.dates().binary_search(&end).is_ok();
        if one.series.frequency() != pace || !ends_there {
            return FirstPeriod::Unknown;
        }
        let before = one.dates.partition_point(|&boundary| boundary < end);
        if let Some(start) = before.checked_sub(1).map(|index| one.dates[index]) {
            let stated = one.series.start() == Some(start);
            if known.is_some_and(|known| known != start) || (stated && !is_whole(start, end, pace)) {
                return FirstPeriod::Unknown;
            }
            known = Some(start);
        }
    }
    FirstPeriod::Same { start: known }
}

/// Whether two dates are apart by one period, give or take a fifth. A day is whole however many holidays precede it.
fn is_whole(start: Date, end: Date, frequency: Frequency) -> bool {
    let days = end.duration_since(start).as_hours() as f64 / 24.0;
    let length = 365.25 / frequency.periods_per_year();
    length < 2.0 || (days - length).abs() <= 0.2 * length
}

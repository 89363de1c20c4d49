//! Returns of different frequency, calendar and length brought to the same periods.

mod grid;
mod resample;
#[cfg(test)]
mod tests;

use alluse_risk_core::Frequency;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use self::grid::{Boundaries, Periods, window};
pub use self::resample::{PartialPeriod, PeriodEnd, Resampled, resample};
use super::Relative;
use crate::{Error, Result, ReturnKind, ReturnSeries, RiskFree};

/// What happens at a period end at which one of the series has no observation.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GapPolicy {
    /// The period is joined to the next one in every series. No return is lost; some periods are longer.
    #[default]
    Merge,
    /// The two periods that meet there are left out: a return that spans the date belongs to both.
    DropPeriod,
    /// The series is taken as it stood at its last observation, at most so many days before.
    LastWithin {
        /// Calendar days.
        days: u16,
    },
    /// An error that names the date and the series.
    Reject,
}

/// Whether total returns may meet price returns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KindPolicy {
    /// They may not: a dividend yield would look like skill.
    #[default]
    Same,
    /// They may, and the report names the series that differ from the portfolio.
    Mixed,
}

/// How series are aligned.
///
/// | field | default |
/// |---|---|
/// | `gaps` | [`GapPolicy::Merge`] |
/// | `kinds` | [`KindPolicy::Same`] |
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Alignment {
    /// Period ends without an observation.
    pub gaps: GapPolicy,
    /// Total and price returns.
    pub kinds: KindPolicy,
}

/// Why a return is in no aligned period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DropReason {
    /// It ends before every series is known to have begun.
    BeforeInception {
        /// The series that begins last.
        of: String,
    },
    /// It ends after a series has ended.
    AfterEnd {
        /// The series that ends first.
        of: String,
    },
    /// Its period starts at a date that is not stated, or not shared by all series.
    StartNotShared,
    /// It lies between the last period end that all series share and the end of the window.
    NoCounterpart,
    /// A series has no observation at an end of its period.
    Gap {
        /// The series.
        missing_in: String,
    },
}

/// A return that is in no aligned period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DroppedDate {
    /// Of which series.
    pub series: String,
    /// End of the return's period.
    pub date: Date,
    /// Why.
    pub reason: DropReason,
}

/// A period end that was bridged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgedDate {
    /// The period end.
    pub date: Date,
    /// The series without an observation there.
    pub series: String,
    /// The date of the observation that stands in for it; `None` when the period was joined to the next.
    pub taken_from: Option<Date>,
}

/// Returns of one series that were used and not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesCount {
    /// The series.
    pub series: String,
    /// Returns it has.
    pub observations: usize,
    /// Returns that are in an aligned period.
    pub used: usize,
    /// Returns that are in none.
    pub dropped: usize,
}

/// What alignment did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlignmentReport {
    /// The frequency of the aligned returns, which is the coarsest of all series.
    pub frequency: Frequency,
    /// The series whose dates are the period ends.
    pub period_ends_of: String,
    /// Number of aligned periods.
    pub periods: usize,
    /// Start of the first period, when stated.
    pub start: Option<Date>,
    /// End of the last period.
    pub end: Date,
    /// Per series, the portfolio first.
    pub counts: Vec<SeriesCount>,
    /// Every return that is in no period.
    pub dropped: Vec<DroppedDate>,
    /// Every period end at which a series had no observation, and what was done.
    pub bridged: Vec<BridgedDate>,
    /// Series whose kind is not that of the portfolio.
    pub mixed_kinds: Vec<String>,
}

/// A portfolio and its benchmarks over the same periods.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Aligned {
    /// The portfolio.
    pub portfolio: ReturnSeries,
    /// The benchmarks in their order.
    pub benchmarks: Vec<ReturnSeries>,
    /// What was done.
    pub report: AlignmentReport,
}

impl Aligned {
    /// The portfolio against one of the benchmarks.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a position without a benchmark, and as [`Relative::of`], but total and price returns
    /// that alignment let pass are let pass.
    pub fn relative(&self, benchmark: usize, risk_free: RiskFree) -> Result<Relative<'_>> {
        let count = self.benchmarks.len();
        let series = self.benchmarks.get(benchmark).ok_or_else(|| {
            Error::invalid("benchmark", format!("position {benchmark} is asked for, and there are {count}"))
        })?;
        Relative::same_dates(&self.portfolio, series, risk_free)
    }
}

/// Brings a portfolio and its benchmarks to the same periods.
///
/// The series of the coarsest frequency gives the period ends (the portfolio if it is among them), so weeks end where
/// the portfolio's weeks end. Within the window that all series cover, every series is compounded over the periods
/// `(previous end, end]`: a week of the portfolio meets all days of the benchmark in it.
///
/// A first period counts when its start is known: the series of the period ends states it
/// ([`ReturnSeries::starting`]), or all series have the same frequency and end their first common period together.
///
/// # Errors
/// - [`Error::Invalid`] without benchmarks; for series that share no period, with the ranges of both; for total against
///   price returns unless [`KindPolicy::Mixed`]; for a gap under [`GapPolicy::Reject`], or one too wide for
///   [`GapPolicy::LastWithin`].
/// - [`Error::Input`] when a compounded return overflows.
///
/// # Examples
/// ```
/// use alluse_attribution::{ReturnKind, ReturnSeries, benchmark::{Alignment, align}};
/// use alluse_risk_core::Frequency;
/// use jiff::civil::date;
///
/// let weekly = ReturnSeries::new(
///     "wheel", vec![date(2024, 1, 5), date(2024, 1, 12)], vec![0.01, 0.002], Frequency::Weekly, ReturnKind::Total,
/// )?.starting(date(2023, 12, 29))?;
/// let days = vec![date(2024, 1, 3), date(2024, 1, 5), date(2024, 1, 9), date(2024, 1, 12)];
/// let daily = ReturnSeries::new("SPY", days, vec![0.01, 0.01, -0.02, 0.03], Frequency::Daily, ReturnKind::Total)?
///     .starting(date(2023, 12, 29))?;
/// let aligned = align(&weekly, &[&daily], Alignment::default())?;
/// assert!((aligned.benchmarks[0].returns()[0] - 0.0201).abs() < 1e-15); // both days of the week
/// assert!(aligned.report.dropped.is_empty());
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
pub fn align(portfolio: &ReturnSeries, benchmarks: &[&ReturnSeries], alignment: Alignment) -> Result<Aligned> {
    if benchmarks.is_empty() {
        return Err(Error::invalid("alignment", "there is no benchmark"));
    }
    let series: Vec<&ReturnSeries> = std::iter::once(portfolio).chain(benchmarks.iter().copied()).collect();
    let mixed_kinds = mixed(&series, alignment.kinds)?;
    let pace = |series: &ReturnSeries| series.frequency().periods_per_year();
    let coarsest =
        series.iter().skip(1).fold(portfolio, |best, next| if pace(next) < pace(best) { next } else { best });
    let boundaries: Vec<Boundaries<'_>> = series.iter().map(|series| Boundaries::of(series)).collect();
    let window = window(&boundaries)?;
    let periods = Periods::find(&boundaries, coarsest, &window, alignment.gaps)?;
    if periods.spans.is_empty() {
        return Err(Error::invalid("alignment", no_shared_period(&series)));
    }
    let mut dropped = Vec::new();
    let mut counts = Vec::with_capacity(series.len());
    let mut aligned = Vec::with_capacity(series.len());
    for one in &series {
        let (returns, unused) = periods.compound(one, &window)?;
        counts.push(SeriesCount {
            series: one.name().to_owned(),
            observations: one.len(),
            used: one.len() - unused.len(),
            dropped: unused.len(),
        });
        dropped.extend(unused);
        let dates = periods.spans.iter().map(|span| span.end).collect();
        let new = ReturnSeries::new(one.name(), dates, returns, coarsest.frequency(), one.kind())?;
        aligned.push(match periods.start() {
            Some(start) => new.starting(start)?,
            None => new,
        });
    }
    let (start, end) = (periods.start(), periods.spans[periods.spans.len() - 1].end);
    let report = AlignmentReport {
        frequency: coarsest.frequency(),
        period_ends_of: coarsest.name().to_owned(),
        periods: periods.spans.len(),
        start,
        end,
        counts,
        dropped,
        bridged: periods.bridged,
        mixed_kinds,
    };
    let portfolio = aligned.remove(0);
    Ok(Aligned { portfolio, benchmarks: aligned, report })
}

/// Names of the series of another kind than the first.
fn mixed(series: &[&ReturnSeries], policy: KindPolicy) -> Result<Vec<String>> {
    let own = series[0].kind();
    let others: Vec<&&ReturnSeries> = series.iter().filter(|one| one.kind() != own).collect();
    if let (Some(other), KindPolicy::Same) = (others.first(), policy) {
        let word = |kind: ReturnKind| match kind {
            ReturnKind::Total => "total",
            ReturnKind::Price => "price",
        };
        let reason = format!(
            "{} returns of {:?} against {} returns of {:?}; KindPolicy::Mixed allows it",
            word(own),
            series[0].name(),
            word(other.kind()),
            other.name()
        );
        return Err(Error::invalid("return kinds", reason));
    }
    Ok(others.iter().map(|one| one.name().to_owned()).collect())
}

/// Which series covers what.
fn no_shared_period(series: &[&ReturnSeries]) -> String {
    let ranges: Vec<String> = series
        .iter()
        .map(|one| {
            let dates = one.dates();
            format!("{:?} from {} to {}", one.name(), one.start().unwrap_or(dates[0]), dates[dates.len() - 1])
        })
        .collect();
    format!("no period is shared by {}", ranges.join(" and "))
}

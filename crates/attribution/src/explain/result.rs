//! The explanation of a book over many days.

use std::collections::BTreeSet;

use alluse_instruments::Book;
use alluse_risk_core::labels::LabelTable;
use alluse_risk_core::{AssetId, Assumption, Coverage, RowId, Status};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::day::{Day, value};
use super::moves::Moves;
use super::{ExplainDay, ExplainMethod, Explained, MoveSize, PnlExplainer, SigmaRule};
use crate::{Result, check};

/// The P&L of a book, explained by position and day.
///
/// Sums over positions, labels and days are sums of the rows, so that `effects + residual = actual` holds for each of
/// them up to rounding.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PnlExplain {
    /// Closes at which the days end.
    pub dates: Vec<Date>,
    /// Every position of every day, by day and name.
    pub rows: Vec<PositionExplain>,
    /// Their labels.
    pub labels: LabelTable,
    /// The days.
    pub days: Vec<DayExplain>,
    /// The sum over all days.
    pub total: Explained,
    /// How much of the book it speaks for: position-days and their notionals.
    pub coverage: Coverage,
    /// How it was explained.
    pub explainer: PnlExplainer,
    /// What was taken for granted.
    pub assumptions: Vec<Assumption>,
}

/// A position on a day.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PositionExplain {
    /// Place of the day.
    pub day: usize,
    /// Its name.
    pub position: RowId,
    /// What moves it, if anything.
    pub underlying: Option<AssetId>,
    /// What it earned and why, or why that is unknown.
    pub outcome: Status<Explained>,
    /// What part of the book it is.
    pub coverage: Coverage,
}

/// A day of the book.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DayExplain {
    /// The close before.
    pub from: Date,
    /// The close.
    pub to: Date,
    /// Value of the book at the close before, of what could be valued.
    pub start_value: f64,
    /// Value at the close, of what could be valued.
    pub end_value: f64,
    /// Money from outside, less money to it: the change of cash that no flow accounts for. `None` where a currency has no
    /// price. Complete days satisfy `end = start + actual + external flows`.
    pub external_flows: Option<f64>,
    /// Sum over the positions that are known.
    pub sums: Explained,
    /// Sum of their residuals without signs.
    pub position_residuals: f64,
    /// Sum of their P&L without signs.
    pub position_pnl: f64,
    /// How large the day was.
    pub size: MoveSize,
    /// How much of the book the sums speak for.
    pub coverage: Coverage,
}

/// The positions that share a label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LabelExplain {
    /// The label, or `unlabelled`.
    pub label: String,
    /// Over all days.
    pub total: Explained,
    /// Day by day.
    pub days: Vec<Explained>,
    /// How much of them it speaks for.
    pub coverage: Coverage,
}

/// Residuals beside P&L, over some of the days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResidualShare {
    /// Days.
    pub days: usize,
    /// `Σ |P&L|` of the book's days.
    pub pnl: f64,
    /// `Σ |residual|` of the book's days.
    pub residual: f64,
    /// The second over the first; `None` when nothing was earned or lost.
    pub share: Option<f64>,
    /// The same with absolute values taken position by position, so that residuals of one position cannot hide those of
    /// another.
    pub position_share: Option<f64>,
    /// Largest `|residual|` of a day.
    pub largest: f64,
}

/// How well the P&L is explained, common days and tail days apart.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExplainSummary {
    /// From how many standard deviations a day is a tail day.
    pub tail_sigmas: f64,
    /// By which measure.
    pub sigma: SigmaRule,
    /// Days below.
    pub common: ResidualShare,
    /// Days at or above.
    pub tail: ResidualShare,
    /// Days whose size is not known.
    pub unclassified: ResidualShare,
    /// All days.
    pub all: ResidualShare,
    /// The sum over all days.
    pub total: Explained,
    /// How much of the book it speaks for.
    pub coverage: Coverage,
}

impl PnlExplainer {
    /// Explains what a book earned from the close of `opening` through every day.
    ///
    /// A position that lacks a quote is a row of status unknown; it has no part in the sums and lowers the coverage.
    ///
    /// # Errors
    /// - [`Error::Input`](crate::Error::Input) for no days or parameters out of range.
    /// - [`Error::Invalid`](crate::Error::Invalid) for closes that do not increase, base currencies that differ, a flow
    ///   that is not finite or of the wrong kind, a name that means two instruments, and quantities that the trades do
    ///   not account for.
    pub fn explain(&self, opening: &Book, days: &[ExplainDay]) -> Result<PnlExplain> {
        self.check()?;
        check::enough("days to explain", 1, days.len())?;
        let mut collected = Collected::default();
        let (mut open, mut moves) = (opening, Moves::default());
        for (place, close) in days.iter().enumerate() {
            collected.take(self, place, &Day::new(open, close)?, (open, close), &mut moves)?;
            open = &close.book;
        }
        collected.finish(*self)
    }
}

#[derive(Default)]
struct Collected {
    rows: Vec<PositionExplain>,
    labels: Vec<Vec<(String, String)>>,
    axes: Vec<String>,
    days: Vec<DayExplain>,
    expired: BTreeSet<RowId>,
}

impl Collected {
    fn take(
        &mut self,
        explainer: &PnlExplainer,
        place: usize,
        day: &Day<'_>,
        (open, close): (&Book, &ExplainDay),
        moves: &mut Moves,
    ) -> Result<()> {
        let axes: BTreeSet<String> = day.axes().collect();
        let (mut sums, mut coverage) = (Explained::default(), Coverage::complete(0, 0.0));
        let (mut position_residuals, mut position_pnl) = (0.0, 0.0);
        for (id, line) in &day.lines {
            let outcome = day.outcome(line, explainer.method);
            if let Some(explained) = outcome.known() {
                sums += *explained;
                position_residuals += explained.residual.abs();
                position_pnl += explained.actual.abs();
            }
            let part = day.coverage(line, outcome.known().is_some());
            coverage = coverage.and(part);
            let label = |axis: &String| day.label(line, axis).map(|label| (axis.clone(), label));
            self.labels.push(axes.iter().filter_map(label).collect());
            let underlying = line.instrument().and_then(|instrument| instrument.underlying().cloned());
            if let Some(alluse_instruments::Instrument::Option(contract)) = line.instrument()
                && contract.expiry() <= close.book.market().as_of()
            {
                self.expired.insert(id.clone());
            }
            self.rows.push(PositionExplain { day: place, position: id.clone(), underlying, outcome, coverage: part });
        }
        self.axes.extend(axes.into_iter().filter(|axis| !self.axes.contains(axis)).collect::<Vec<_>>());
        self.days.push(DayExplain {
            from: open.market().as_of(),
            to: close.book.market().as_of(),
            start_value: value(open).0,
            end_value: value(&close.book).0,
            external_flows: day.external_flows().ok(),
            sums,
            position_residuals,
            position_pnl,
            size: moves.size(explainer, open, close.book.market()),
            coverage,
        });
        Ok(())
    }

    fn finish(self, explainer: PnlExplainer) -> Result<PnlExplain> {
        let mut labels = LabelTable::new(self.rows.len());
        for axis in &self.axes {
            let of = |row: &Vec<(String, String)>| row.iter().find(|(name, _)| name == axis).map(|(_, l)| l.clone());
            labels = labels.with_axis(axis, self.labels.iter().map(of).collect())?;
        }
        let (mut total, mut coverage) = (Explained::default(), Coverage::complete(0, 0.0));
        for day in &self.days {
            total += day.sums;
            coverage = coverage.and(day.coverage);
        }
        Ok(PnlExplain {
            dates: self.days.iter().map(|day| day.to).collect(),
            assumptions: assumptions(&explainer, self.expired.len()),
            rows: self.rows,
            labels,
            days: self.days,
            total,
            coverage,
            explainer,
        })
    }
}

fn assumptions(explainer: &PnlExplainer, expired: usize) -> Vec<Assumption> {
    let note = |text: &str| Assumption::Note { text: text.to_owned() };
    let mut all = vec![
        Assumption::ModelledInput {
            description: "option prices are the model's at each close's volatility of the contract".to_owned(),
        },
        note("the volatility of a contract moves as quoted: a smile that moves with the spot is part of vega"),
        note("trades, income and costs are converted at the closing currency rates of their day"),
    ];
    if let ExplainMethod::PathIntegrated { .. } = explainer.method {
        all.push(note("between two closes all market factors move along a straight line"));
    }
    if expired > 0 {
        all.push(Assumption::Note {
            text: format!(
                "{expired} options end within their day: at intrinsic value on the spot of the path at expiry, with the \
                 opening volatility held where the close has none"
            ),
        });
    }
    all
}

impl PnlExplain {
    /// The explanation by the labels of an axis, in order of first use, the unlabelled last.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for an axis that no position has.
    pub fn by_label(&self, axis: &str) -> Result<Vec<LabelExplain>> {
        let label = |group: alluse_risk_core::labels::Group| {
            let mut of = LabelExplain {
                label: group.name().to_owned(),
                total: Explained::default(),
                days: vec![Explained::default(); self.days.len()],
                coverage: Coverage::complete(0, 0.0),
            };
            for row in group.rows.iter().map(|&row| &self.rows[row]) {
                of.coverage = of.coverage.and(row.coverage);
                if let Some(explained) = row.outcome.known() {
                    of.total += *explained;
                    of.days[row.day] += *explained;
                }
            }
            of
        };
        Ok(self.labels.group_by(axis)?.into_iter().map(label).collect())
    }

    /// Residual against P&L, common days and tail days apart.
    #[must_use]
    pub fn summary(&self) -> ExplainSummary {
        let over = |fits: fn(&MoveSize) -> bool| share(self.days.iter().filter(|day| fits(&day.size)));
        ExplainSummary {
            tail_sigmas: self.explainer.tail_sigmas,
            sigma: self.explainer.sigma,
            common: over(|size| matches!(size, MoveSize::Common { .. })),
            tail: over(|size| matches!(size, MoveSize::Tail { .. })),
            unclassified: over(|size| matches!(size, MoveSize::Unclassified { .. })),
            all: over(|_| true),
            total: self.total,
            coverage: self.coverage,
        }
    }
}

fn share<'a>(days: impl Iterator<Item = &'a DayExplain>) -> ResidualShare {
    let mut sums = ResidualShare::default();
    let (mut position_pnl, mut position_residuals) = (0.0, 0.0);
    for day in days {
        sums.days += 1;
        sums.pnl += day.sums.actual.abs();
        sums.residual += day.sums.residual.abs();
        sums.largest = sums.largest.max(day.sums.residual.abs());
        position_pnl += day.position_pnl;
        position_residuals += day.position_residuals;
    }
    sums.share = (sums.pnl > 0.0).then(|| sums.residual / sums.pnl);
    sums.position_share = (position_pnl > 0.0).then(|| position_residuals / position_pnl);
    sums
}

use alluse_risk_core::panel::ReturnPanel;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::config::Backtest;
use super::engine::{Decision, Engine};
use super::result::BacktestResult;
use crate::{Allocator, Result};

/// A decision that came out differently without the future.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TruncationMismatch {
    /// The first row that was removed.
    pub removed_from: Date,
    /// Row before which the weights differ, the first one that does.
    pub row: usize,
    /// Largest difference of a weight there; `None` when the run without the future failed.
    pub largest_difference: Option<f64>,
    /// Error of the run without the future.
    pub error: Option<String>,
}

/// Whether weights depend on what came after them: the answer of [`Backtest::truncation_test`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TruncationReport {
    /// Name of the allocator.
    pub allocator: String,
    /// Dates from which on the future was removed.
    pub removed_from: Vec<Date>,
    /// Decisions compared, over all runs.
    pub decisions_compared: usize,
    /// What differed; empty for an allocator that does not look ahead.
    pub mismatches: Vec<TruncationMismatch>,
}

impl TruncationReport {
    /// Whether every decision came out the same, bit for bit.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.mismatches.is_empty()
    }
}

impl Backtest {
    /// Looks for look-ahead: for `dates` decisions, evenly spread, the panel is cut right before the decision's row, the
    /// allocator is made again from what is left, and all weights up to that decision must be the same bit for bit.
    ///
    /// `make` builds the allocator from a panel, as the caller would build it before the back-test: what an allocator
    /// knows beyond its history comes in there, and there it is cut.
    ///
    /// # Errors
    /// - Those of [`run`](Self::run) and of `make` on the whole panel; on a cut one they are a mismatch.
    /// - [`Error::Input`](crate::Error::Input) when no date is to be tested.
    pub fn truncation_test<F>(&self, panel: &ReturnPanel, dates: usize, make: F) -> Result<TruncationReport>
    where
        F: Fn(&ReturnPanel) -> Result<Box<dyn Allocator>>,
    {
        if dates == 0 {
            let (name, expected) = ("dates of a truncation test", "at least 1");
            return Err(alluse_risk_core::Error::OutOfDomain { name, expected, value: 0.0 }.into());
        }
        let decisions = self.decisions(panel)?;
        let allocator = make(panel)?;
        let whole = self.run(panel, allocator.as_ref())?;
        let name = allocator.name().to_owned();
        let mut report =
            TruncationReport { allocator: name, removed_from: vec![], decisions_compared: 0, mismatches: vec![] };
        for place in spread(decisions.len(), dates) {
            let (known, _) = decisions.split_at(place + 1);
            let cut = decisions[place].row;
            report.removed_from.push(panel.dates()[cut]);
            report.decisions_compared += known.len();
            let mismatch = match self.without_future(panel, known, &make) {
                Ok(run) => first_difference(&whole, &run, known),
                Err(error) => Some((cut, None, Some(error.to_string()))),
            };
            if let Some((row, largest_difference, error)) = mismatch {
                let removed_from = panel.dates()[cut];
                report.mismatches.push(TruncationMismatch { removed_from, row, largest_difference, error });
            }
        }
        Ok(report)
    }

    /// The decisions again, the last of them right after the last row there is.
    fn without_future<F>(&self, panel: &ReturnPanel, known: &[Decision], make: &F) -> Result<BacktestResult>
    where
        F: Fn(&ReturnPanel) -> Result<Box<dyn Allocator>>,
    {
        let Some(last) = known.last() else {
            return Err(alluse_risk_core::Error::Empty { name: "decisions" }.into());
        };
        let left = panel.between(panel.dates()[0], panel.dates()[last.row - 1])?;
        let allocator = make(&left)?;
        Engine::new(self, &left, allocator.as_ref())?.run(known)
    }
}

/// So many places of a list, evenly spread, the last one among them.
fn spread(len: usize, count: usize) -> Vec<usize> {
    let count = count.min(len);
    (1..=count).map(|k| k * len / count - 1).collect()
}

type Found = (usize, Option<f64>, Option<String>);

fn first_difference(whole: &BacktestResult, cut: &BacktestResult, known: &[Decision]) -> Option<Found> {
    known.iter().find_map(|decision| {
        let of = |run: &BacktestResult| run.rebalances.iter().find(|r| r.row == decision.row).map(|r| r.target.clone());
        match (of(whole), of(cut)) {
            (None, None) => None,
            (Some(a), Some(b)) => {
                let same = a.view().iter().zip(b.view()).all(|(a, b)| a.to_bits() == b.to_bits());
                let largest = a.view().iter().zip(b.view()).fold(0.0_f64, |most, (a, b)| most.max((a - b).abs()));
                (!same).then_some((decision.row, Some(largest), None))
            }
            _ => Some((decision.row, None, Some("the allocator failed in one of the two runs".to_owned()))),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn places_are_spread_and_end_with_the_last() {
        assert_eq!(spread(10, 3), [2, 5, 9]);
        assert_eq!(spread(2, 5), [0, 1]);
    }
}

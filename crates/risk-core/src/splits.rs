//! Train and test ranges in time that cannot leak.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{Error, Result, check};

/// Rows to learn from, and later rows to judge by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Split {
    /// Rows to learn from; one range, or two around the test in [`purged_folds`].
    pub train: Vec<Range<usize>>,
    /// Rows to judge by.
    pub test: Range<usize>,
}

impl Split {
    /// How many rows there are to learn from.
    #[must_use]
    pub fn train_rows(&self) -> usize {
        self.train.iter().map(ExactSizeIterator::len).sum()
    }
}

/// What a walk forward learns from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrainWindow {
    /// The last so many rows before the purge.
    Rolling(usize),
    /// All rows before the purge, at least so many.
    Expanding(usize),
}

/// A walk forward through time: learn, leave out what overlaps, judge, move on.
///
/// ```text
/// rolling, 5 rows, purge 1, test 2:    [0..5) ─ 5 ─ [6..8)    [2..7) ─ 7 ─ [8..10)    …
/// ```
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `window` | required | rows to learn from |
/// | `test` | required | rows of every test; also how far each step moves |
/// | `purge` | 0 | rows left out between the two, because their labels reach into the test |
///
/// The last test may be shorter. The law that every split keeps: the last training row plus the purge comes before
/// the first test row.
///
/// ```
/// use alluse_risk_core::splits::{TrainWindow, WalkForward};
///
/// let walk = WalkForward::new(TrainWindow::Rolling(5), 2)?.with_purge(1);
/// let splits = walk.splits(9)?;
/// assert_eq!((splits[0].train[0].clone(), splits[0].test.clone()), (0..5, 6..8));
/// assert_eq!((splits[1].train[0].clone(), splits[1].test.clone()), (2..7, 8..9));
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawWalk")]
pub struct WalkForward {
    window: TrainWindow,
    test: usize,
    purge: usize,
}

impl WalkForward {
    /// With a training window and the length of a test.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] when one of them is empty.
    pub fn new(window: TrainWindow, test: usize) -> Result<Self> {
        let (TrainWindow::Rolling(rows) | TrainWindow::Expanding(rows)) = window;
        for (name, value) in [("training window", rows), ("test", test)] {
            if value == 0 {
                return Err(Error::OutOfDomain { name, expected: "at least 1 row", value: 0.0 });
            }
        }
        Ok(Self { window, test, purge: 0 })
    }

    /// With rows left out between training and test.
    #[must_use]
    pub fn with_purge(mut self, rows: usize) -> Self {
        self.purge = rows;
        self
    }

    /// The splits of so many rows, in order of time.
    ///
    /// # Errors
    /// [`Error::InsufficientData`] when not even one row is left to judge by.
    pub fn splits(&self, rows: usize) -> Result<Vec<Split>> {
        let (TrainWindow::Rolling(least) | TrainWindow::Expanding(least)) = self.window;
        let first = least.saturating_add(self.purge);
        check::enough("walk forward", first.saturating_add(1), rows)?;
        let split = |start: usize| {
            let end = start - self.purge;
            let from = match self.window {
                TrainWindow::Rolling(rows) => end - rows,
                TrainWindow::Expanding(_) => 0,
            };
            Split {
                train: std::iter::once(from..end).collect(),
                test: start..rows.min(start.saturating_add(self.test)),
            }
        };
        Ok((first..rows).step_by(self.test).map(split).collect())
    }
}

#[derive(Deserialize)]
struct RawWalk {
    window: TrainWindow,
    test: usize,
    purge: usize,
}

impl TryFrom<RawWalk> for WalkForward {
    type Error = Error;

    fn try_from(raw: RawWalk) -> Result<Self> {
        Ok(Self::new(raw.window, raw.test)?.with_purge(raw.purge))
    }
}

/// Cross-validation in time: every fold is judged once, by what was learned from the rows around it, without those
/// within `purge` rows before it and `purge + embargo` rows after it.
///
/// Rows before a fold are left out because their labels may reach into it, rows after it because its labels may
/// reach into them; the embargo keeps out what is correlated with the fold beyond that.
///
/// # Errors
/// [`Error::OutOfDomain`] for fewer than two folds, [`Error::InsufficientData`] for fewer rows than folds, and when a
/// fold leaves nothing to learn from.
///
/// # Source
/// López de Prado (2018), *Advances in Financial Machine Learning*, chapter 7.
///
/// # Examples
/// ```
/// use alluse_risk_core::splits::purged_folds;
///
/// let folds = purged_folds(10, 2, 1, 1)?;
/// assert_eq!((folds[0].test.clone(), folds[0].train.clone()), (0..5, vec![7..10]));
/// assert_eq!((folds[1].test.clone(), folds[1].train.clone()), (5..10, vec![0..4]));
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn purged_folds(rows: usize, folds: usize, purge: usize, embargo: usize) -> Result<Vec<Split>> {
    if folds < 2 {
        return Err(Error::OutOfDomain { name: "folds", expected: "at least 2", value: folds as f64 });
    }
    check::enough("folds", folds, rows)?;
    let fold = |k: usize| {
        let test = k * rows / folds..(k + 1) * rows / folds;
        let before = 0..test.start.saturating_sub(purge);
        let after = test.end.saturating_add(purge).saturating_add(embargo).min(rows)..rows;
        let train: Vec<Range<usize>> = [before, after].into_iter().filter(|range| !range.is_empty()).collect();
        if train.is_empty() {
            return Err(Error::InsufficientData { name: "training rows of a fold", required: 1, available: 0 });
        }
        Ok(Split { train, test })
    };
    (0..folds).map(fold).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_expanding_walk_keeps_its_start() {
        let walk = WalkForward::new(TrainWindow::Expanding(3), 2).unwrap();
        let splits = walk.splits(7).unwrap();
        let ranges: Vec<_> = splits.iter().map(|s| (s.train[0].clone(), s.test.clone())).collect();
        assert_eq!(ranges, [(0..3, 3..5), (0..5, 5..7)]);
        assert_eq!(splits[1].train_rows(), 5);
        assert_eq!(walk.splits(4).unwrap().len(), 1);
    }

    #[test]
    fn a_fold_in_the_middle_learns_from_both_sides() {
        let folds = purged_folds(12, 3, 1, 2).unwrap();
        assert_eq!(folds[1], Split { train: vec![0..3, 11..12], test: 4..8 });
        assert_eq!(folds[1].train_rows(), 4);
        assert_eq!(folds[2], Split { train: std::iter::once(0..7).collect(), test: 8..12 });
    }

    #[test]
    fn hostile_input() {
        assert!(matches!(WalkForward::new(TrainWindow::Rolling(0), 1), Err(Error::OutOfDomain { .. })));
        assert!(matches!(WalkForward::new(TrainWindow::Expanding(1), 0), Err(Error::OutOfDomain { .. })));
        let walk = WalkForward::new(TrainWindow::Rolling(3), 1).unwrap().with_purge(2);
        assert_eq!(
            walk.splits(5).unwrap_err(),
            Error::InsufficientData { name: "walk forward", required: 6, available: 5 }
        );
        assert!(walk.with_purge(usize::MAX).splits(10).is_err());
        assert!(matches!(purged_folds(10, 1, 0, 0), Err(Error::OutOfDomain { .. })));
        assert!(matches!(purged_folds(2, 3, 0, 0), Err(Error::InsufficientData { required: 3, .. })));
        assert!(matches!(purged_folds(10, 2, 5, 0), Err(Error::InsufficientData { available: 0, .. })));
        let text = serde_json::to_string(&walk).unwrap();
        assert_eq!(serde_json::from_str::<WalkForward>(&text).unwrap(), walk);
        assert!(serde_json::from_str::<WalkForward>(&text.replace("\"test\":1", "\"test\":0")).is_err());
    }

    proptest! {
        /// No training row comes within the purge of its test, every later row is judged exactly once.
        #[test]
        fn a_walk_does_not_leak(window in 1_usize..20, test in 1_usize..9, purge in 0_usize..5, rows in 30_usize..90, rolling: bool) {
            let kind = if rolling { TrainWindow::Rolling(window) } else { TrainWindow::Expanding(window) };
            let splits = WalkForward::new(kind, test).unwrap().with_purge(purge).splits(rows).unwrap();
            let mut judged = window + purge;
            for split in splits {
                prop_assert_eq!(split.train[0].end + purge, split.test.start);
                prop_assert_eq!(split.test.start, judged);
                prop_assert!(split.train_rows() >= window && (!rolling || split.train_rows() == window));
                judged = split.test.end;
            }
            prop_assert_eq!(judged, rows);
        }

        #[test]
        fn folds_do_not_leak(rows in 20_usize..200, folds in 2_usize..6, purge in 0_usize..3, embargo in 0_usize..3) {
            let splits = purged_folds(rows, folds, purge, embargo).unwrap();
            prop_assert_eq!(splits.iter().map(|s| s.test.len()).sum::<usize>(), rows);
            for split in splits {
                for range in &split.train {
                    let before = range.end + purge <= split.test.start;
                    let after = range.start >= split.test.end + purge + embargo;
                    prop_assert!(before || after);
                }
            }
        }
    }
}

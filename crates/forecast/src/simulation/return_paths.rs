use ndarray::{Array2, ArrayView1, ArrayView2};

use crate::{Predictive, Result, check};

/// Equally likely futures of a series of simple returns, one path a row, one period a column.
#[derive(Debug, Clone, PartialEq)]
pub struct ReturnPaths {
    values: Array2<f64>,
}

impl ReturnPaths {
    /// From simulated returns, paths × steps.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for no path, no step, or a value that is not finite or below −1.
    pub fn new(values: Array2<f64>) -> Result<Self> {
        check::finite_matrix("paths", values.view())?;
        if let Some(((path, step), &value)) = values.indexed_iter().find(|(_, value)| **value < -1.0) {
            let (row, column) = (path.to_string(), step.to_string());
            let expected = "a simple return of at least -1";
            return Err(
                alluse_risk_core::Error::EntryOutOfDomain { name: "paths", row, column, expected, value }.into()
            );
        }
        Ok(Self { values })
    }

    /// The returns, paths × steps.
    #[must_use]
    pub fn values(&self) -> ArrayView2<'_, f64> {
        self.values.view()
    }

    /// Number of periods.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.values.ncols()
    }

    /// Number of paths.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.values.nrows()
    }

    /// Compounded return of the first `steps` periods, `Π(1 + rₜ) − 1`, over the paths.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless `steps` lies in 1 to [`steps`](Self::steps).
    pub fn total_return(&self, steps: usize) -> Result<Predictive> {
        let steps = self.within(steps)?;
        Predictive::new(self.over_paths(|path| growth(path, steps) - 1.0))
    }

    /// Value of every path after every period, from the value `start` today; paths × steps.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a start that is not positive.
    pub fn levels(&self, start: f64) -> Result<Array2<f64>> {
        check::positive("start", start)?;
        let mut levels = self.values.clone();
        for mut path in levels.rows_mut() {
            let mut level = start;
            path.mapv_inplace(|value| {
                level *= 1.0 + value;
                level
            });
        }
        Ok(levels)
    }

    /// Gain of a position worth `value` today over the first `steps` periods, over the paths; negative of a short one.
    ///
    /// # Errors
    /// As [`total_return`](Self::total_return), and for a value that is not finite.
    pub fn profit(&self, value: f64, steps: usize) -> Result<Predictive> {
        check::number("value", value)?;
        let steps = self.within(steps)?;
        Predictive::new(self.over_paths(|path| value * (growth(path, steps) - 1.0)))
    }

    /// Largest fall from a peak within the first `steps` periods, as a positive fraction of the peak, over the paths;
    /// today's value is the first peak.
    ///
    /// # Errors
    /// As [`total_return`](Self::total_return).
    pub fn max_drawdown(&self, steps: usize) -> Result<Predictive> {
        let steps = self.within(steps)?;
        Predictive::new(self.over_paths(|path| drawdown(path, steps)))
    }

    /// A count of periods that the paths have.
    pub(super) fn within(&self, steps: usize) -> Result<usize> {
        let holds = (1..=self.steps()).contains(&steps);
        check::ensure(holds, "steps", "between 1 and the steps of the paths", steps as f64)?;
        Ok(steps)
    }

    pub(super) fn over_paths<T>(&self, of: impl Fn(ArrayView1<'_, f64>) -> T) -> Vec<T> {
        self.values.rows().into_iter().map(of).collect()
    }
}

/// `Π(1 + rₜ)` of the first `steps` periods.
pub(super) fn growth(path: ArrayView1<'_, f64>, steps: usize) -> f64 {
    path.iter().take(steps).map(|r| 1.0 + r).product()
}

/// Largest fall from a peak, today's level being 1.
pub(super) fn drawdown(path: ArrayView1<'_, f64>, steps: usize) -> f64 {
    let (mut level, mut peak, mut worst) = (1.0_f64, 1.0_f64, 0.0_f64);
    for r in path.iter().take(steps) {
        level *= 1.0 + r;
        peak = peak.max(level);
        worst = worst.max(1.0 - level / peak);
    }
    worst
}

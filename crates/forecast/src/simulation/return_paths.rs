use ndarray::{Array2, ArrayView2};

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
    /// [`Error::Input`](crate::Error::Input) for no path, no step or a value that is not finite.
    pub fn new(values: Array2<f64>) -> Result<Self> {
        check::finite_matrix("paths", values.view())?;
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
        let holds = (1..=self.steps()).contains(&steps);
        check::ensure(holds, "steps", "between 1 and the steps of the paths", steps as f64)?;
        let total =
            |path: ndarray::ArrayView1<'_, f64>| path.iter().take(steps).map(|r| 1.0 + r).product::<f64>() - 1.0;
        Predictive::new(self.values.rows().into_iter().map(total).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn returns_compound() {
        let paths = ReturnPaths::new(array![[0.5, 0.1], [-0.5, 1.0]]).unwrap();
        assert_eq!((paths.len(), paths.steps()), (2, 2));
        assert_eq!(paths.total_return(1).unwrap().outcomes(), [-0.5, 0.5]);
        let two = paths.total_return(2).unwrap();
        assert!((two.outcomes()[0]).abs() < 1e-15 && (two.outcomes()[1] - 0.65).abs() < 1e-15);
        assert!(paths.total_return(0).is_err() && paths.total_return(3).is_err());
        assert!(ReturnPaths::new(array![[]]).is_err() && ReturnPaths::new(array![[f64::NAN]]).is_err());
    }
}

use ndarray::ArrayView1;

use super::ReturnPaths;
use crate::Result;

/// A model of how returns go on.
pub trait PathModel: std::fmt::Debug + Send + Sync {
    /// What the model is called in tables.
    fn name(&self) -> &str;

    /// Fewest observations it works with.
    fn min_observations(&self) -> usize;

    /// Fits the model to simple returns in date order.
    ///
    /// # Errors
    /// When the series is too short, not finite, or the fit does not converge.
    fn fit(&self, returns: ArrayView1<'_, f64>) -> Result<Box<dyn FittedPaths>>;
}

/// A model that has seen its history and can be asked about what comes after it.
pub trait FittedPaths: std::fmt::Debug + Send + Sync {
    /// Simulates `paths` futures of `steps` simple returns each. The same seed gives the same futures, whatever the
    /// number of threads; the first paths do not depend on how many follow.
    ///
    /// # Errors
    /// When `steps` or `paths` is zero, or a future leaves the numbers.
    fn simulate(&self, steps: usize, paths: usize, seed: u64) -> Result<ReturnPaths>;
}

use alluse_risk_core::Error as Input;
use ndarray::{Array2, ArrayView1};

use super::ReturnPaths;
use crate::{Error, Result, check};

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

/// Simple returns that a model can be fitted to.
pub(super) fn history(returns: ArrayView1<'_, f64>, fewest: usize) -> Result<()> {
    check::finite("returns", returns)?;
    check::elements("returns", "a simple return of at least -1", returns, |value| value >= -1.0)?;
    check::enough("history of a path model", fewest, returns.len())
}

/// A matrix for the futures, paths × steps.
pub(super) fn room(steps: usize, paths: usize) -> Result<Array2<f64>> {
    check::at_least_one("steps", steps)?;
    check::at_least_one("paths", paths)?;
    // A terabyte of futures is a mistake, not a question.
    match steps.checked_mul(paths) {
        Some(count) if count <= 1 << 37 => Ok(Array2::zeros((paths, steps))),
        _ => {
            let expected = "small enough for the machine's memory";
            Err(Error::Input(Input::OutOfDomain {
                name: "paths times steps",
                expected,
                value: steps as f64 * paths as f64,
            }))
        }
    }
}

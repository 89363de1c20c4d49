use ndarray::{Array1, ArrayView1, ArrayViewMut1};

use super::{Estimate, History};
use crate::measures::Spectrum;
use crate::{Confidence, Horizon, Result};

/// A predictive distribution of the loss over a horizon. Losses are positive.
pub trait LossDistribution: std::fmt::Debug + Send + Sync {
    /// The horizon that the distribution speaks about.
    fn horizon(&self) -> Horizon;

    /// Quantile of the loss.
    ///
    /// # Errors
    /// When the model cannot answer at this level.
    fn value_at_risk(&self, confidence: Confidence) -> Result<Estimate>;

    /// Mean loss in the tail.
    ///
    /// # Errors
    /// When the model cannot answer at this level, or the tail mean is infinite.
    fn expected_shortfall(&self, confidence: Confidence) -> Result<Estimate>;

    /// Spectral risk measure.
    ///
    /// # Errors
    /// When the model cannot answer for this spectrum.
    fn spectral(&self, spectrum: &Spectrum) -> Result<Estimate>;

    /// Probability that the loss is at most `loss`.
    ///
    /// # Errors
    /// When `loss` is NaN.
    fn cdf(&self, loss: f64) -> Result<f64>;
}

/// A model that turns a history into a predictive loss distribution.
pub trait VarModel: std::fmt::Debug + Send + Sync {
    /// What the model is called in tables.
    fn name(&self) -> &str;

    /// Fewest observations it works with.
    fn min_observations(&self) -> usize;

    /// The distribution of the loss over `horizon`, as seen at the end of `history`.
    ///
    /// # Errors
    /// When the history is too short or the fit fails.
    fn forecast(&self, history: History<'_>, horizon: Horizon) -> Result<Box<dyn LossDistribution>>;

    /// The model with its parameters estimated on `history`, to be asked about later histories without
    /// estimating anew. `None` for a model that has no parameters to keep: it forecasts from every history.
    ///
    /// # Errors
    /// When the history is too short or the fit fails.
    fn fit(&self, history: History<'_>) -> Result<Option<Box<dyn FittedVarModel>>> {
        let _ = history;
        Ok(None)
    }
}

/// A model whose parameters stay as they were estimated.
pub trait FittedVarModel: std::fmt::Debug + Send + Sync {
    /// The distribution of the loss over `horizon`, as seen at the end of `history`, with the parameters of
    /// the fit.
    ///
    /// # Errors
    /// When the history is too short.
    fn forecast(&self, history: History<'_>, horizon: Horizon) -> Result<Box<dyn LossDistribution>>;
}

/// A conditional-volatility model.
pub trait VolatilityModel: std::fmt::Debug + Send + Sync {
    /// Fits the model to returns in date order.
    ///
    /// # Errors
    /// When the series is too short or the fit does not converge.
    fn fit(&self, returns: ArrayView1<'_, f64>) -> Result<Box<dyn FittedVolatility>>;
}

/// A fitted conditional-volatility model.
pub trait FittedVolatility: std::fmt::Debug + Send + Sync {
    /// Conditional mean of each return, made from data before it.
    fn mean(&self) -> ArrayView1<'_, f64>;

    /// Conditional volatility of each return, ex ante: element `t` uses data before `t`.
    fn volatility(&self) -> ArrayView1<'_, f64>;

    /// Expected value of each of the next `steps` returns.
    ///
    /// # Errors
    /// When `steps` is zero.
    fn forecast_mean(&self, steps: usize) -> Result<Array1<f64>>;

    /// Expected variance of each of the next `steps` returns.
    ///
    /// # Errors
    /// When `steps` is zero.
    fn forecast_variance(&self, steps: usize) -> Result<Array1<f64>>;

    /// The same parameters over another series, such as the sample and what came after it.
    ///
    /// # Errors
    /// When the series is empty or not finite.
    fn filter(&self, returns: ArrayView1<'_, f64>) -> Result<Box<dyn FittedVolatility>>;

    /// One path of returns after the sample from standardised shocks `z`, written to `out`.
    ///
    /// # Errors
    /// When `z` and `out` differ in length.
    fn simulate(&self, z: ArrayView1<'_, f64>, out: ArrayViewMut1<'_, f64>) -> Result<()>;
}

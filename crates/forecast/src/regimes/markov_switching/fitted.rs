use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::MarkovSwitchingAutoregression;
use super::kernel::{Kernel, Values};
use crate::Result;
use crate::regimes::chain::TransitionMatrix;
use crate::regimes::probabilities::{FilteredProbabilities, SmoothedProbabilities};

/// How a Markov-switching autoregression was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MarkovSwitchingCertificate {
    /// Starts whose likelihood was looked at.
    pub starts: usize,
    /// Starts that were climbed until they converged.
    pub finished: usize,
    /// Of these, how many reached the best log-likelihood (within 0.001): one alone is reason to try more starts.
    pub reached_best: usize,
    /// Climbs that were dropped because the variance of a regime fell to its floor.
    pub collapsed: usize,
    /// Steps of the best climb.
    pub iterations: usize,
    /// Length of the gradient at its end, over max(1, |log-likelihood|), in standardised units.
    pub gradient: f64,
}

/// A Markov-switching autoregression and what it says about its series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FittedMarkovSwitching {
    /// The configuration.
    pub model: MarkovSwitchingAutoregression,
    /// Log-likelihood given the first `order` values.
    pub log_likelihood: f64,
    /// Mean of every regime; in the intercept form its intercept.
    pub means: Vec<f64>,
    /// Coefficients of the lags, the latest first.
    pub autoregression: Vec<f64>,
    /// Standard deviation of the shocks: one, or one for every regime.
    pub deviations: Vec<f64>,
    /// Transition probabilities; row `i` leaves regime `i`.
    pub transition: TransitionMatrix,
    /// Akaike's criterion; lower is better.
    pub aic: f64,
    /// Schwarz's criterion over the observations after the first `order`; lower is better.
    pub bic: f64,
    /// How it was found.
    pub certificate: MarkovSwitchingCertificate,
    /// Regime probabilities known at each time, for the observations after the first `order`.
    pub filtered: FilteredProbabilities,
    /// The same in hindsight.
    pub smoothed: SmoothedProbabilities,
}

impl FittedMarkovSwitching {
    pub(super) fn new(
        model: MarkovSwitchingAutoregression,
        values: Values,
        certificate: MarkovSwitchingCertificate,
        series: ArrayView1<'_, f64>,
    ) -> Result<Self> {
        let kernel = Kernel::new(series, model.order, model.regimes, model.form);
        let pass = kernel.pass(&values)?;
        let filtered = kernel.marginal(&pass.filtered);
        let smoothed = kernel.smooth(&values, &pass);
        let (parameters, rows) = (model.free_parameters() as f64, filtered.nrows());
        Ok(Self {
            model,
            log_likelihood: pass.log_likelihood,
            aic: 2.0 * parameters - 2.0 * pass.log_likelihood,
            bic: parameters * (rows as f64).ln() - 2.0 * pass.log_likelihood,
            means: values.levels,
            autoregression: values.autoregression,
            deviations: values.deviations,
            transition: values.transition,
            certificate,
            filtered: FilteredProbabilities::trusted(filtered, rows),
            smoothed: SmoothedProbabilities::trusted(smoothed),
        })
    }

    /// Mean number of periods that a visit to each regime lasts.
    #[must_use]
    pub fn expected_durations(&self) -> Vec<f64> {
        self.transition.expected_durations()
    }
}

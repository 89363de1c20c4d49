use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::search::Found;
use super::{Emissions, HiddenMarkov, HiddenMarkovParameters, RegimeFilter, RegimeVolatility};
use crate::Result;
use crate::regimes::probabilities::{FilteredProbabilities, SmoothedProbabilities};

/// Share of the observations below which a state is called rare.
const RARE: f64 = 0.02;

/// A hidden Markov model and what it says about the series that it was fitted to.
///
/// Forecasts start from the filtered probabilities at the end of the sample; the smoothed ones are hindsight and enter
/// nothing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FittedHiddenMarkov {
    model: HiddenMarkov,
    log_likelihood: f64,
    observations: usize,
    certificate: HiddenMarkovCertificate,
    filtered: FilteredProbabilities,
    smoothed: SmoothedProbabilities,
    ex_ante: RegimeVolatility,
}

/// How a hidden Markov model was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct HiddenMarkovCertificate {
    /// Starts tried.
    pub starts: usize,
    /// Starts that were climbed until they converged or met the path of the best.
    pub finished: usize,
    /// Of these, how many reached the best log-likelihood (within 0.01): one alone is reason to try more starts.
    pub reached_best: usize,
    /// Starts that were dropped because a state was left without a variance of its own.
    pub collapsed: usize,
    /// Steps of expectation-maximisation of the best climb.
    pub iterations: usize,
    /// What the last step added to the log-likelihood.
    pub last_increase: f64,
    /// The log-likelihood along the best climb; it never falls.
    pub ascent: Vec<f64>,
    /// Mean smoothed probability of each state.
    pub occupancy: Vec<f64>,
    /// States that hold less than 2 % of the observations: their parameters rest on little.
    pub rare_states: Vec<usize>,
    /// States whose degrees of freedom ended at a bound: at 200 the law is normal, at 2.1 its variance barely exists.
    pub degrees_of_freedom_at_bound: Vec<usize>,
}

impl HiddenMarkovCertificate {
    /// What a reader should know before relying on the fit; empty when there is nothing.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        for &state in &self.rare_states {
            let share = 100.0 * self.occupancy[state];
            warnings.push(format!("state {state} holds {share:.2} % of the observations"));
        }
        for state in &self.degrees_of_freedom_at_bound {
            warnings.push(format!("the degrees of freedom of state {state} ended at a bound of the search"));
        }
        if self.finished > 1 && self.reached_best == 1 {
            warnings.push(format!("only one of {} climbs reached the best likelihood", self.finished));
        }
        warnings
    }
}

impl FittedHiddenMarkov {
    pub(super) fn new(model: HiddenMarkov, found: Found, series: ArrayView1<'_, f64>) -> Result<Self> {
        let pass = found.parameters.forward(series)?;
        let smoothed = SmoothedProbabilities::trusted(found.parameters.backward(&pass));
        let rare = |(state, share): (usize, &f64)| (*share < RARE).then_some(state);
        let certificate = HiddenMarkovCertificate {
            starts: model.starts,
            finished: found.tally.finished,
            reached_best: found.tally.reached_best,
            collapsed: found.tally.collapsed,
            iterations: found.steps,
            last_increase: found.last_increase,
            ascent: found.ascent,
            rare_states: found.occupancy.iter().enumerate().filter_map(rare).collect(),
            occupancy: found.occupancy,
            degrees_of_freedom_at_bound: found.degrees_at_bound,
        };
        Ok(Self {
            model,
            log_likelihood: pass.log_likelihood,
            observations: series.len(),
            certificate,
            filtered: FilteredProbabilities::trusted(pass.log_filtered.mapv(libm::exp), series.len()),
            smoothed,
            ex_ante: RegimeVolatility::new(pass),
        })
    }

    /// The configuration.
    #[must_use]
    pub fn model(&self) -> &HiddenMarkov {
        &self.model
    }

    /// The estimates: states by variance, then by mean.
    #[must_use]
    pub fn parameters(&self) -> &HiddenMarkovParameters {
        self.filter().parameters()
    }

    /// Log-likelihood of the sample.
    #[must_use]
    pub fn log_likelihood(&self) -> f64 {
        self.log_likelihood
    }

    /// Number of observations.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.observations
    }

    /// Number of free parameters: `K−1` of the start, `K(K−1)` of the transitions, two (Student t: three) of each law.
    #[must_use]
    pub fn free_parameters(&self) -> usize {
        let k = self.model.states;
        let per_law = if self.model.emissions == Emissions::StudentT { 3 } else { 2 };
        (k - 1) + k * (k - 1) + per_law * k
    }

    /// Akaike's criterion, `2p − 2 ln L`; lower is better.
    #[must_use]
    pub fn aic(&self) -> f64 {
        2.0 * self.free_parameters() as f64 - 2.0 * self.log_likelihood
    }

    /// Schwarz's criterion, `p ln n − 2 ln L`; lower is better.
    #[must_use]
    pub fn bic(&self) -> f64 {
        self.free_parameters() as f64 * (self.observations as f64).ln() - 2.0 * self.log_likelihood
    }

    /// Mean number of periods that a visit to each state lasts.
    #[must_use]
    pub fn expected_durations(&self) -> Vec<f64> {
        self.parameters().transition().expected_durations()
    }

    /// How the fit was found.
    #[must_use]
    pub fn certificate(&self) -> &HiddenMarkovCertificate {
        &self.certificate
    }

    /// What the filter knew at each time (with parameters that know the whole sample).
    #[must_use]
    pub fn filtered(&self) -> &FilteredProbabilities {
        &self.filtered
    }

    /// What is known in hindsight.
    #[must_use]
    pub fn smoothed(&self) -> &SmoothedProbabilities {
        &self.smoothed
    }

    /// The filter at the end of the sample, to go on one observation at a time.
    #[must_use]
    pub fn filter(&self) -> &RegimeFilter {
        self.ex_ante.regime_filter()
    }

    /// Conditional mean and volatility along the sample, and the forecasts after it.
    #[must_use]
    pub fn ex_ante(&self) -> &RegimeVolatility {
        &self.ex_ante
    }

    /// State probabilities of each of the next `steps` periods, steps × states.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for no step.
    pub fn forecast_probabilities(&self, steps: usize) -> Result<Array2<f64>> {
        self.filter().forecast_probabilities(steps)
    }

    /// Expected value of each of the next `steps` observations.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for no step.
    pub fn forecast_mean(&self, steps: usize) -> Result<Array1<f64>> {
        self.filter().forecast_mean(steps)
    }

    /// Variance of each of the next `steps` observations, within the states and between them.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for no step.
    pub fn forecast_variance(&self, steps: usize) -> Result<Array1<f64>> {
        self.filter().forecast_variance(steps)
    }
}

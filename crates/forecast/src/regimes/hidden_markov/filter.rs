use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::law::Density;
use super::parameters::HiddenMarkovParameters;
use crate::{Error, Predictive, Result, check};

/// A hidden Markov filter that takes one observation at a time; its parameters stay as they are.
///
/// Fed the same observations it holds the very numbers of [`HiddenMarkovParameters::filtered`], because that is how
/// they are made.
///
/// ```
/// use alluse_forecast::regimes::{HiddenMarkovParameters, StateLaw, TransitionMatrix};
///
/// let laws = vec![StateLaw::gaussian(0.0, 1.0)?, StateLaw::gaussian(0.0, 9.0)?];
/// let chain = TransitionMatrix::new(vec![vec![0.95, 0.05], vec![0.10, 0.90]])?;
/// let mut filter = HiddenMarkovParameters::new(vec![0.5, 0.5], chain, laws)?.filter();
/// filter.observe(5.0)?;
/// assert!(filter.probabilities()[1] > 0.99); // five standard deviations of the calm state
/// assert!((filter.predicted()[1] - 0.9).abs() < 0.01); // tomorrow: the storm lasts with 0.9
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct RegimeFilter {
    parameters: HiddenMarkovParameters,
    densities: Vec<Density>,
    log_transition: Vec<Vec<f64>>,
    observed: usize,
    /// Of the state at the last observation.
    log_probabilities: Vec<f64>,
    /// Of the state at the next observation.
    log_predicted: Vec<f64>,
    terms: Vec<f64>,
}

impl RegimeFilter {
    /// A filter that has seen nothing yet: the next observation is the first.
    #[must_use]
    pub fn new(parameters: HiddenMarkovParameters) -> Self {
        let log_start: Vec<f64> = parameters.start().iter().map(|p| libm::log(*p)).collect();
        Self {
            densities: parameters.states().iter().map(super::law::StateLaw::density).collect(),
            log_transition: parameters
                .transition()
                .rows()
                .iter()
                .map(|row| row.iter().map(|p| libm::log(*p)).collect())
                .collect(),
            observed: 0,
            log_probabilities: log_start.clone(),
            terms: vec![0.0; log_start.len()],
            log_predicted: log_start,
            parameters,
        }
    }

    /// Takes the next observation; returns the log of its density given those before it.
    ///
    /// # Errors
    /// [`Error::Input`] for a value that is not finite, [`Error::Undefined`] for one that no state can produce; the
    /// filter then stays where it was.
    pub fn observe(&mut self, value: f64) -> Result<f64> {
        check::number("observation", value)?;
        self.advance(self.observed, value)
    }

    /// Number of observations taken.
    #[must_use]
    pub fn observed(&self) -> usize {
        self.observed
    }

    /// The parameters.
    #[must_use]
    pub fn parameters(&self) -> &HiddenMarkovParameters {
        &self.parameters
    }

    /// Probabilities of the state at the last observation; before the first one, those of its state.
    #[must_use]
    pub fn probabilities(&self) -> Array1<f64> {
        self.log_probabilities.iter().map(|p| libm::exp(*p)).collect()
    }

    /// Probabilities of the state at the next observation.
    #[must_use]
    pub fn predicted(&self) -> Array1<f64> {
        self.log_predicted.iter().map(|p| libm::exp(*p)).collect()
    }

    /// Expected value of the next observation.
    #[must_use]
    pub fn predicted_mean(&self) -> f64 {
        self.parameters.mixture_mean(self.predicted().view())
    }

    /// Variance of the next observation, within the states and between them.
    #[must_use]
    pub fn predicted_variance(&self) -> f64 {
        self.parameters.mixture_variance(self.predicted().view())
    }

    /// Probability that the next observation is at most `value`.
    ///
    /// # Errors
    /// [`Error::Input`] for NaN.
    pub fn predicted_cdf(&self, value: f64) -> Result<f64> {
        check::ensure(!value.is_nan(), "value", "a number", value)?;
        let predicted = self.predicted();
        let terms = predicted.iter().zip(self.parameters.states()).map(|(p, law)| Ok(p * law.cdf(value)?));
        terms.sum::<Result<f64>>()
    }

    /// The law of the next observation as `outcomes` equally likely values: the quantiles of the mixture at
    /// `(i + ½)/outcomes`.
    ///
    /// # Errors
    /// [`Error::Input`] for no outcome.
    pub fn predictive(&self, outcomes: usize) -> Result<Predictive> {
        check::at_least_one("outcomes", outcomes)?;
        let quantile = |i: usize| self.predicted_quantile((i as f64 + 0.5) / outcomes as f64);
        Predictive::new((0..outcomes).map(quantile).collect::<Result<Vec<_>>>()?)
    }

    /// By bisection; the caller gives a probability inside (0, 1).
    fn predicted_quantile(&self, probability: f64) -> Result<f64> {
        let (mean, spread) = (self.predicted_mean(), self.predicted_variance().sqrt());
        let (mut low, mut high) = (mean - spread, mean + spread);
        while self.predicted_cdf(low)? > probability {
            low = mean - 2.0 * (mean - low);
        }
        while self.predicted_cdf(high)? < probability {
            high = mean + 2.0 * (high - mean);
        }
        // 60 halvings of an interval of a few standard deviations leave nothing that a double could show.
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            *(if self.predicted_cdf(middle)? < probability { &mut low } else { &mut high }) = middle;
        }
        Ok(0.5 * (low + high))
    }

    pub(super) fn log_probabilities(&self) -> &[f64] {
        &self.log_probabilities
    }

    pub(super) fn log_predicted(&self) -> &[f64] {
        &self.log_predicted
    }

    /// The step itself; `value` is finite.
    pub(super) fn advance(&mut self, index: usize, value: f64) -> Result<f64> {
        for ((term, density), prior) in self.terms.iter_mut().zip(&self.densities).zip(&self.log_predicted) {
            *term = density.log(value) + prior;
        }
        let log_density = log_sum(&self.terms);
        if !log_density.is_finite() {
            let reason = format!("no state that can follow produces observation {index}, {value}");
            return Err(Error::undefined("the state", reason));
        }
        for (probability, term) in self.log_probabilities.iter_mut().zip(&self.terms) {
            *probability = term - log_density;
        }
        for j in 0..self.log_predicted.len() {
            for ((term, p), row) in self.terms.iter_mut().zip(&self.log_probabilities).zip(&self.log_transition) {
                *term = p + row[j];
            }
            self.log_predicted[j] = log_sum(&self.terms);
        }
        self.observed += 1;
        Ok(log_density)
    }
}

/// `ln Σ exp(xᵢ)`; minus infinity when every term is.
pub(super) fn log_sum(terms: &[f64]) -> f64 {
    let top = terms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top == f64::NEG_INFINITY {
        return top;
    }
    top + libm::log(terms.iter().map(|x| libm::exp(x - top)).sum::<f64>())
}

#[derive(Serialize, Deserialize)]
struct Stored {
    parameters: HiddenMarkovParameters,
    observed: usize,
    probabilities: Vec<f64>,
}

impl TryFrom<Stored> for RegimeFilter {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let mut filter = Self::new(stored.parameters);
        check::length("probabilities", filter.log_probabilities.len(), stored.probabilities.len())?;
        crate::regimes::probabilities::distribution("probabilities", &stored.probabilities)?;
        if stored.observed > 0 {
            filter.log_probabilities = stored.probabilities.iter().map(|p| libm::log(*p)).collect();
            let now = Array1::from(stored.probabilities);
            let predicted = filter.parameters.transition().step(now.view());
            filter.log_predicted = predicted.iter().map(|p| libm::log(*p)).collect();
            filter.observed = stored.observed;
        }
        Ok(filter)
    }
}

impl From<RegimeFilter> for Stored {
    fn from(filter: RegimeFilter) -> Self {
        let probabilities = filter.probabilities().to_vec();
        Self { parameters: filter.parameters, observed: filter.observed, probabilities }
    }
}

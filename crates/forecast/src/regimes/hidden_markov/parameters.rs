use ndarray::{Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::filter::{RegimeFilter, log_sum};
use super::law::StateLaw;
use crate::regimes::chain::TransitionMatrix;
use crate::regimes::probabilities::{FilteredProbabilities, SmoothedProbabilities, ViterbiPath, distribution};
use crate::{Error, Result, check};

/// The parameters of a hidden Markov model: where it starts, how it moves, and the law of an observation in each state.
///
/// ```
/// use alluse_forecast::regimes::{HiddenMarkovParameters, StateLaw, TransitionMatrix};
/// use ndarray::array;
///
/// let calm = StateLaw::gaussian(0.0, 1.0)?;
/// let storm = StateLaw::gaussian(0.0, 9.0)?;
/// let chain = TransitionMatrix::new(vec![vec![0.95, 0.05], vec![0.10, 0.90]])?;
/// let model = HiddenMarkovParameters::new(vec![0.5, 0.5], chain, vec![calm, storm])?;
/// let decoded = model.decode(array![0.1, -0.2, 0.3, 0.0, 6.0, -5.0].view())?;
/// assert_eq!(decoded.viterbi.states(), [0, 0, 0, 0, 1, 1]);
/// assert!(decoded.filtered.last()[1] > 0.99);
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct HiddenMarkovParameters {
    start: Vec<f64>,
    transition: TransitionMatrix,
    states: Vec<StateLaw>,
}

/// What given parameters say about a series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Decoded {
    /// Log-likelihood of the series.
    pub log_likelihood: f64,
    /// What was known at each time.
    pub filtered: FilteredProbabilities,
    /// What is known in hindsight.
    pub smoothed: SmoothedProbabilities,
    /// The most likely sequence of states in hindsight.
    pub viterbi: ViterbiPath,
}

impl HiddenMarkovParameters {
    /// From the distribution of the first state, the transitions and the laws.
    ///
    /// # Errors
    /// [`Error::Input`] unless all three have the same number of states and `start` is a distribution.
    pub fn new(start: Vec<f64>, transition: TransitionMatrix, states: Vec<StateLaw>) -> Result<Self> {
        check::length("start", transition.states(), start.len())?;
        check::length("states", transition.states(), states.len())?;
        distribution("start", &start)?;
        let sum: f64 = start.iter().sum();
        Ok(Self { start: start.into_iter().map(|p| p / sum).collect(), transition, states })
    }

    /// Distribution of the state at the first observation.
    #[must_use]
    pub fn start(&self) -> &[f64] {
        &self.start
    }

    /// The transitions.
    #[must_use]
    pub fn transition(&self) -> &TransitionMatrix {
        &self.transition
    }

    /// The law of each state.
    #[must_use]
    pub fn states(&self) -> &[StateLaw] {
        &self.states
    }

    /// A filter that has seen nothing yet.
    #[must_use]
    pub fn filter(&self) -> RegimeFilter {
        RegimeFilter::new(self.clone())
    }

    /// The filtered probabilities along a series: nothing at `t` depends on what comes after `t`.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    pub fn filtered(&self, series: ArrayView1<'_, f64>) -> Result<FilteredProbabilities> {
        let pass = self.forward(series)?;
        Ok(FilteredProbabilities::trusted(pass.log_filtered.mapv(libm::exp), 0))
    }

    /// Likelihood, filtered and smoothed probabilities and the Viterbi path of a series. All of it works with
    /// logarithms, so that no length, outlier or forbidden transition underflows.
    ///
    /// # Errors
    /// [`Error::Input`] for an empty series or a value that is not finite; [`Error::Undefined`] for one that no
    /// sequence of states can produce.
    ///
    /// # Source
    /// Rabiner (1989), "A tutorial on hidden Markov models"; the smoother in the form of Kim (1994).
    pub fn decode(&self, series: ArrayView1<'_, f64>) -> Result<Decoded> {
        let pass = self.forward(series)?;
        let smoothed = SmoothedProbabilities::trusted(self.backward(&pass));
        let viterbi = self.viterbi(series);
        let filtered = FilteredProbabilities::trusted(pass.log_filtered.mapv_into(libm::exp), 0);
        Ok(Decoded { log_likelihood: pass.log_likelihood, filtered, smoothed, viterbi })
    }

    pub(super) fn forward(&self, series: ArrayView1<'_, f64>) -> Result<Forward> {
        check::finite("series", series)?;
        let (n, states) = (series.len(), self.states.len());
        let mut filter = self.filter();
        let mut log_filtered = Array2::zeros((n, states));
        let mut log_predicted = Array2::zeros((n, states));
        let mut log_likelihood = 0.0;
        for (t, &value) in series.iter().enumerate() {
            log_predicted.row_mut(t).iter_mut().zip(filter.log_predicted()).for_each(|(to, from)| *to = *from);
            log_likelihood += filter.advance(t, value)?;
            log_filtered.row_mut(t).iter_mut().zip(filter.log_probabilities()).for_each(|(to, from)| *to = *from);
        }
        Ok(Forward { log_likelihood, log_filtered, log_predicted, filter })
    }

    fn log_transition(&self) -> Vec<Vec<f64>> {
        self.transition.rows().iter().map(|row| row.iter().map(|p| libm::log(*p)).collect()).collect()
    }

    /// `γₜ(i) = αₜ(i) Σⱼ aᵢⱼ γₜ₊₁(j) / pₜ₊₁|ₜ(j)`, in logarithms.
    pub(super) fn backward(&self, pass: &Forward) -> Array2<f64> {
        let (n, states) = pass.log_filtered.dim();
        let log_transition = self.log_transition();
        let mut smoothed = Array2::zeros((n, states));
        let mut next: Vec<f64> = pass.log_filtered.row(n - 1).to_vec();
        let mut terms = vec![0.0; states];
        for t in (0..n).rev() {
            if t + 1 < n {
                // What the future adds to each state of t + 1.
                let gain: Vec<f64> = (0..states)
                    .map(|j| match next[j] > f64::NEG_INFINITY {
                        true => next[j] - pass.log_predicted[[t + 1, j]],
                        false => f64::NEG_INFINITY,
                    })
                    .collect();
                for i in 0..states {
                    terms.iter_mut().zip(&log_transition[i]).zip(&gain).for_each(|((x, a), g)| *x = a + g);
                    next[i] = pass.log_filtered[[t, i]] + log_sum(&terms);
                }
            }
            let mut row = smoothed.row_mut(t);
            row.iter_mut().zip(&next).for_each(|(to, from)| *to = libm::exp(*from));
            let sum: f64 = row.sum();
            row /= sum;
        }
        smoothed
    }

    /// The caller has seen that the series has a likelihood.
    fn viterbi(&self, series: ArrayView1<'_, f64>) -> ViterbiPath {
        let states = self.states.len();
        let log_transition = self.log_transition();
        let densities: Vec<_> = self.states.iter().map(StateLaw::density).collect();
        let mut came_from = vec![0_usize; series.len() * states];
        let mut best: Vec<f64> = self.start.iter().map(|p| libm::log(*p)).collect();
        let mut moved = vec![0.0; states];
        for (t, &x) in series.iter().enumerate() {
            if t > 0 {
                for j in 0..states {
                    let (from, value) = (0..states).map(|i| (i, best[i] + log_transition[i][j])).fold(
                        (0, f64::NEG_INFINITY),
                        |so_far, candidate| if candidate.1 > so_far.1 { candidate } else { so_far },
                    );
                    came_from[t * states + j] = from;
                    moved[j] = value;
                }
                std::mem::swap(&mut best, &mut moved);
            }
            best.iter_mut().zip(&densities).for_each(|(b, density)| *b += density.log(x));
        }
        let mut state = (0..states).fold(0, |top, j| if best[j] > best[top] { j } else { top });
        let log_probability = best[state];
        let mut path = vec![0; series.len()];
        for t in (0..series.len()).rev() {
            path[t] = state;
            state = came_from[t * states + state];
        }
        ViterbiPath::trusted(path, states, log_probability)
    }

    /// Mean of an observation whose state has these probabilities.
    pub(super) fn mixture_mean(&self, probabilities: ArrayView1<'_, f64>) -> f64 {
        probabilities.iter().zip(&self.states).map(|(p, law)| p * law.mean()).sum()
    }

    /// Its variance: within the states and between them.
    pub(super) fn mixture_variance(&self, probabilities: ArrayView1<'_, f64>) -> f64 {
        let mean = self.mixture_mean(probabilities);
        let spread = |law: &StateLaw| law.variance() + (law.mean() - mean).powi(2);
        probabilities.iter().zip(&self.states).map(|(p, law)| p * spread(law)).sum()
    }
}

/// What one pass forward leaves behind, observations × states.
pub(super) struct Forward {
    pub(super) log_likelihood: f64,
    pub(super) log_filtered: Array2<f64>,
    pub(super) log_predicted: Array2<f64>,
    pub(super) filter: RegimeFilter,
}

#[derive(Deserialize)]
struct Stored {
    start: Vec<f64>,
    transition: TransitionMatrix,
    states: Vec<StateLaw>,
}

impl TryFrom<Stored> for HiddenMarkovParameters {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        Self::new(stored.start, stored.transition, stored.states)
    }
}

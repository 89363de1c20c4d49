//! Hidden Markov models with normal or Student t observations.

mod climb;
mod expectation;
mod filter;
mod fitted;
mod law;
mod parameters;
mod paths;
mod search;
mod starts;
mod volatility;

#[cfg(test)]
mod tests;

pub use filter::RegimeFilter;
pub use fitted::{FittedHiddenMarkov, HiddenMarkovCertificate};
pub use law::StateLaw;
use ndarray::ArrayView1;
pub use parameters::{Decoded, HiddenMarkovParameters};
pub use paths::RegimePaths;
use serde::{Deserialize, Serialize};
pub use volatility::RegimeVolatility;

use crate::{Error, Result, check};

/// Observations per state below which a fit is refused.
const OBSERVATIONS_PER_STATE: usize = 25;
/// Most states.
const MOST_STATES: usize = 6;

/// The law of an observation given its state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Emissions {
    /// Normal.
    #[default]
    Gaussian,
    /// Student t, its degrees of freedom estimated for every state between 2.1 and 200.
    StudentT,
}

/// A hidden Markov model, fitted by maximum likelihood without priors.
///
/// ```text
/// P(sₜ = j | sₜ₋₁ = i) = aᵢⱼ        xₜ | sₜ = k  ~  N(μₖ, σₖ²)  or  Student t
/// ```
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `states` | required | number of states | 2 to 6 |
/// | `emissions` | `Gaussian` | law of an observation | |
/// | `starts` | 10 | seeded starts, each given two steps | at least 1 |
/// | `finishers` | 3 | best starts that are then climbed to convergence | at least 1 |
/// | `tolerance` | 1e-7 | increase of the log-likelihood in one step at which a climb ends | positive |
/// | `most_steps` | 2,000 | steps of one climb | at least 1 |
/// | `seed` | 0 | of the starts | |
///
/// The climb is the algorithm of Baum and Welch with scaled recursions (Student t: with the latent precision of every
/// observation, Liu and Rubin, 1995), sped up by the squared extrapolation of Varadhan and Roland (2008). States are
/// ordered by variance, then by mean. The likelihood of a state that holds a single observation has no bound; a climb
/// is dropped when the variance of a state falls to 1e-6 of the sample variance or its weight below three
/// observations, and the certificate counts such climbs.
///
/// The first state is estimated too: the likelihood is linear in its distribution, whose maximum is one certain state.
///
/// ```
/// use alluse_forecast::regimes::HiddenMarkov;
/// use ndarray::Array1;
///
/// // Calm and storm by turns, fifty observations each.
/// let series = Array1::from_shape_fn(400, |t| (1 + 4 * (t / 50 % 2)) as f64 * (t as f64 * 1.7).sin());
/// let fitted = HiddenMarkov::new(2).fit(series.view())?;
/// assert!((fitted.parameters().states()[0].variance() - 0.5).abs() < 0.05);
/// assert!((fitted.parameters().states()[1].variance() - 12.5).abs() < 1.5);
/// assert!((fitted.expected_durations()[0] - 50.0).abs() < 20.0);
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
///
/// # Source
/// Baum, Petrie, Soules and Weiss (1970); Rabiner (1989); Liu and Rubin (1995), "ML estimation of the t distribution
/// using EM and its extensions, ECM and ECME".
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct HiddenMarkov {
    states: usize,
    emissions: Emissions,
    starts: usize,
    finishers: usize,
    tolerance: f64,
    most_steps: usize,
    seed: u64,
}

impl HiddenMarkov {
    /// A model with normal observations in `states` states.
    #[must_use]
    pub fn new(states: usize) -> Self {
        Self {
            states,
            emissions: Emissions::Gaussian,
            starts: 10,
            finishers: 3,
            tolerance: 1e-7,
            most_steps: 2_000,
            seed: 0,
        }
    }

    /// With another law of the observations.
    #[must_use]
    pub fn with_emissions(mut self, emissions: Emissions) -> Self {
        self.emissions = emissions;
        self
    }

    /// With another number of starts.
    #[must_use]
    pub fn with_starts(mut self, starts: usize) -> Self {
        self.starts = starts;
        self
    }

    /// With another number of starts that are climbed to convergence.
    #[must_use]
    pub fn with_finishers(mut self, finishers: usize) -> Self {
        self.finishers = finishers;
        self
    }

    /// With another increase of the log-likelihood at which a climb ends.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// With another most number of steps of a climb.
    #[must_use]
    pub fn with_most_steps(mut self, most_steps: usize) -> Self {
        self.most_steps = most_steps;
        self
    }

    /// With another seed of the starts.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Number of states.
    #[must_use]
    pub fn states(&self) -> usize {
        self.states
    }

    /// The law of the observations.
    #[must_use]
    pub fn emissions(&self) -> Emissions {
        self.emissions
    }

    /// Fewest observations of a fit: 25 for every state.
    #[must_use]
    pub fn fewest_observations(&self) -> usize {
        OBSERVATIONS_PER_STATE * self.states
    }

    /// Fits the model to a series in date order.
    ///
    /// # Errors
    /// - [`Error::Input`] for a configuration out of range, a series that is too short or a value that is not finite;
    /// - [`Error::Undefined`] for a constant series, and when every climb ends in a state without a variance of its
    ///   own, as one huge outlier makes it;
    /// - [`Error::NotConverged`] when no climb converges in its steps.
    pub fn fit(&self, series: ArrayView1<'_, f64>) -> Result<FittedHiddenMarkov> {
        self.check()?;
        check::enough("hidden Markov model", self.fewest_observations(), series.len())?;
        check::finite("series", series)?;
        let standard = Standardised::new(series)?;
        let found = match self.states {
            2 => search::search::<2>(self, &standard),
            3 => search::search::<3>(self, &standard),
            4 => search::search::<4>(self, &standard),
            5 => search::search::<5>(self, &standard),
            _ => search::search::<6>(self, &standard),
        }?;
        FittedHiddenMarkov::new(*self, found, series)
    }

    fn check(&self) -> Result<()> {
        let states = (2..=MOST_STATES).contains(&self.states);
        check::ensure(states, "states", "between 2 and 6", self.states as f64)?;
        check::at_least_one("starts", self.starts)?;
        check::at_least_one("finishers", self.finishers)?;
        check::at_least_one("steps of a climb", self.most_steps)?;
        check::positive("tolerance", self.tolerance).map(|_| ())
    }
}

/// The series with mean 0 and variance 1, so that nothing depends on its unit.
struct Standardised {
    values: Vec<f64>,
    mean: f64,
    deviation: f64,
}

impl Standardised {
    fn new(series: ArrayView1<'_, f64>) -> Result<Self> {
        use alluse_risk_core::sum::CompensatedSum;
        let n = series.len() as f64;
        let largest = series.iter().fold(0.0_f64, |top, x| top.max(x.abs()));
        let undefined = |reason: String| Error::undefined("a hidden Markov model", reason);
        if !(largest < 1e150) {
            return Err(undefined(format!("a value of size {largest:e} has no square")));
        }
        let mean = CompensatedSum::of(series.iter().copied()) / n;
        let variance = CompensatedSum::of(series.iter().map(|x| (x - mean).powi(2))) / n;
        let deviation = variance.sqrt();
        // What rounding alone can make of equal values.
        if !(deviation > 1e-12 * largest) || !(variance > f64::MIN_POSITIVE) {
            return Err(undefined(format!("the series is constant (standard deviation {deviation:e})")));
        }
        Ok(Self { values: series.iter().map(|x| (x - mean) / deviation).collect(), mean, deviation })
    }
}

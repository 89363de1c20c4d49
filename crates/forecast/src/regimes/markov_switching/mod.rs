//! Autoregressions whose mean, and if wanted variance, switch with a hidden Markov chain.

mod fit;
mod fitted;
mod kernel;
#[cfg(test)]
mod tests;

pub use fitted::{FittedMarkovSwitching, MarkovSwitchingCertificate};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::{Result, check};

/// How the regime enters the autoregression.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SwitchingForm {
    /// Deviations from the mean of the regime of their time: `yₜ − μ(sₜ) = Σ φₖ (yₜ₋ₖ − μ(sₜ₋ₖ)) + σ εₜ`. A change of
    /// regime moves the level at once.
    #[default]
    MeanDeviation,
    /// A switching intercept: `yₜ = c(sₜ) + Σ φₖ yₜ₋ₖ + σ εₜ`. A change of regime moves the level little by little.
    Intercept,
}

/// What the variance of the shocks does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SwitchingVariance {
    /// One variance for all regimes.
    #[default]
    Common,
    /// A variance for every regime.
    PerRegime,
}

/// The Markov-switching autoregression of Hamilton, fitted by maximum likelihood given the first `order` values.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `order` | required | lags `p` | at least 0 |
/// | `regimes` | 2 | number of regimes `K` | 2 to 4, `K^(p+1)` at most 1,024 |
/// | `form` | `MeanDeviation` | how the regime enters | |
/// | `variance` | `Common` | whether the variance switches | |
/// | `starts` | 60 | seeded starts whose likelihood is looked at | at least 1 |
/// | `finishers` | 8 | best of them that are climbed to convergence | at least 1 |
/// | `seed` | 0 | of the starts | |
///
/// The state of the mean-deviation form holds the regimes of the last `p + 1` periods; the first one has its
/// stationary distribution. The likelihood has several maxima, so that one start is not enough: the certificate says
/// how many climbs reached the best. Regimes are ordered by mean (with a switching variance by variance, then mean).
///
/// # Source
/// Hamilton (1989), "A new approach to the economic analysis of nonstationary time series and the business cycle";
/// Kim (1994), "Dynamic linear models with Markov-switching", for the smoother.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkovSwitchingAutoregression {
    order: usize,
    regimes: usize,
    form: SwitchingForm,
    variance: SwitchingVariance,
    starts: usize,
    finishers: usize,
    seed: u64,
}

impl MarkovSwitchingAutoregression {
    /// Two regimes and `order` lags.
    #[must_use]
    pub fn new(order: usize) -> Self {
        Self {
            order,
            regimes: 2,
            form: SwitchingForm::MeanDeviation,
            variance: SwitchingVariance::Common,
            starts: 60,
            finishers: 8,
            seed: 0,
        }
    }

    /// With another number of regimes.
    #[must_use]
    pub fn with_regimes(mut self, regimes: usize) -> Self {
        self.regimes = regimes;
        self
    }

    /// With another form.
    #[must_use]
    pub fn with_form(mut self, form: SwitchingForm) -> Self {
        self.form = form;
        self
    }

    /// With another choice for the variance.
    #[must_use]
    pub fn with_variance(mut self, variance: SwitchingVariance) -> Self {
        self.variance = variance;
        self
    }

    /// With another number of starts.
    #[must_use]
    pub fn with_starts(mut self, starts: usize) -> Self {
        self.starts = starts;
        self
    }

    /// With another number of climbs.
    #[must_use]
    pub fn with_finishers(mut self, finishers: usize) -> Self {
        self.finishers = finishers;
        self
    }

    /// With another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Number of free parameters.
    #[must_use]
    pub fn free_parameters(&self) -> usize {
        self.regimes + self.order + self.variances() + self.regimes * (self.regimes - 1)
    }

    /// Fits the model to a series in date order.
    ///
    /// # Errors
    /// - [`Error::Input`](crate::Error::Input) for a configuration out of range, a value that is not finite, or fewer
    ///   than `order` observations more than five for every free parameter;
    /// - [`Error::Undefined`](crate::Error::Undefined) for a constant series, or when the variance of a regime falls
    ///   to 1e-6 of the sample variance in every climb;
    /// - [`Error::NotConverged`](crate::Error::NotConverged) when no climb converges.
    pub fn fit(&self, series: ArrayView1<'_, f64>) -> Result<FittedMarkovSwitching> {
        check::ensure((2..=4).contains(&self.regimes), "regimes", "between 2 and 4", self.regimes as f64)?;
        let states = u32::try_from(self.order + 1).ok().and_then(|lags| self.regimes.checked_pow(lags));
        let fits = states.is_some_and(|states| states <= 1_024);
        check::ensure(fits, "order", "such that regimes^(order + 1) is at most 1,024", self.order as f64)?;
        check::at_least_one("starts", self.starts)?;
        check::at_least_one("finishers", self.finishers)?;
        let required = self.order + 5 * self.free_parameters();
        check::enough("Markov-switching autoregression", required, series.len())?;
        check::finite("series", series)?;
        fit::fit(self, series)
    }

    fn variances(&self) -> usize {
        if self.variance == SwitchingVariance::PerRegime { self.regimes } else { 1 }
    }
}

//! What every test of the court answers with.

use std::fmt;

use alluse_risk_core::Confidence;
use serde::{Deserialize, Serialize};

use super::check::probability;
use super::laws::chi_square_beyond;
use crate::Result;

/// The tests of the court.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TestName {
    /// Proportion of failures (Kupiec 1995).
    KupiecPof,
    /// Time until first failure (Kupiec 1995).
    KupiecTuff,
    /// Binomial test of the number of breaches.
    Binomial,
    /// Basel traffic light (1996).
    TrafficLight,
    /// First-order Markov independence (Christoffersen 1998).
    Independence,
    /// Independence and coverage together (Christoffersen 1998).
    ConditionalCoverage,
    /// Times between failures and their number (Haas 2001).
    MixedKupiec,
    /// Times between failures against a Weibull law (Christoffersen and Pelletier 2004).
    WeibullDuration,
    /// Dynamic quantile (Engle and Manganelli 2004).
    DynamicQuantile,
    /// Pearson's statistic over several levels (Kratz, Lok and McNeil 2018).
    MultinomialPearson,
    /// Nass's correction of it.
    MultinomialNass,
    /// Likelihood ratio over several levels.
    MultinomialLikelihoodRatio,
    /// Mean of the losses beyond value at risk against expected shortfall (McNeil and Frey 2000).
    ExceedanceResiduals,
    /// Z₁ of Acerbi and Szekely (2014).
    AcerbiSzekelyZ1,
    /// Z₂ of Acerbi and Szekely (2014).
    AcerbiSzekelyZ2,
    /// Z₃ of Acerbi and Szekely (2014).
    AcerbiSzekelyZ3,
    /// Mean of the cumulative violations (Du and Escanciano 2017).
    DuEscancianoUnconditional,
    /// Autocorrelation of the cumulative violations (Du and Escanciano 2017).
    DuEscancianoConditional,
    /// Strict ES regression (Bayer and Dimitriadis 2022).
    EsRegressionStrict,
    /// Auxiliary ES regression.
    EsRegressionAuxiliary,
    /// Intercept ES regression.
    EsRegressionIntercept,
    /// Uniformity of the probability integral transforms (Kolmogorov, Smirnov).
    KolmogorovSmirnov,
    /// Mean, variance and autocorrelation of the normal scores (Berkowitz 2001).
    Berkowitz,
    /// The same on the tail, the rest censored.
    BerkowitzTail,
}

/// A way in which a model can be wrong, under which a test's power is stated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Alternative {
    /// Breaches come more often than the level says.
    BreachProbability {
        /// The true probability of a breach.
        probability: f64,
        /// What the model says it is.
        nominal: f64,
    },
    /// Breaches have the right frequency but follow each other: a first-order Markov chain.
    BreachClustering {
        /// Probability of a breach on the day after a breach.
        after_breach: f64,
        /// Probability of a breach over all days.
        nominal: f64,
    },
    /// The model says normal; the truth is Student t with the model's value at risk, so that expected shortfall
    /// is understated.
    HeavierTail {
        /// Degrees of freedom of the truth.
        degrees_of_freedom: f64,
    },
    /// The model's law is right but for its scale.
    WrongScale {
        /// True volatility over the forecast.
        ratio: f64,
    },
}

impl fmt::Display for Alternative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BreachProbability { probability, nominal } => {
                write!(f, "breaches have probability {probability:.4} where the model says {nominal:.4}")
            }
            Self::BreachClustering { after_breach, nominal } => {
                write!(f, "a breach follows a breach with probability {after_breach:.4}; {nominal:.4} overall")
            }
            Self::HeavierTail { degrees_of_freedom } => write!(
                f,
                "losses are Student t with {degrees_of_freedom} degrees of freedom and the value at risk of the model's normal law"
            ),
            Self::WrongScale { ratio } => write!(f, "true volatility is {ratio} times the forecast"),
        }
    }
}

/// How often a test would have rejected, had the model been wrong in the stated way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Power {
    /// The stated way.
    pub alternative: Alternative,
    /// The same in words.
    pub description: String,
    /// Level of the test.
    pub significance: f64,
    /// Probability of a rejection under the alternative.
    pub power: f64,
    /// Simulation error of `power`; `None` when it is exact.
    pub standard_error: Option<f64>,
}

impl Power {
    pub(super) fn exact(alternative: Alternative, significance: f64, power: f64) -> Self {
        let description = alternative.to_string();
        Self { alternative, description, significance, power: power.clamp(0.0, 1.0), standard_error: None }
    }

    pub(super) fn simulated(alternative: Alternative, significance: f64, rejections: usize, paths: usize) -> Self {
        let power = rejections as f64 / paths as f64;
        let error = (power * (1.0 - power) / paths as f64).sqrt();
        Self { standard_error: Some(error), ..Self::exact(alternative, significance, power) }
    }
}

/// The answer of one test, with what it could have seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TestOutcome {
    /// Which test.
    pub test: TestName,
    /// Its statistic.
    pub statistic: f64,
    /// The p-value of its usual law; that of a simulation where there is no such law.
    pub p_value: f64,
    /// An exact p-value: by enumeration, or by simulation under the hypothesis.
    pub exact_p_value: Option<f64>,
    /// Degrees of freedom of the chi-square or t law.
    pub degrees_of_freedom: Option<f64>,
    /// Observations that the statistic is made from.
    pub observations: usize,
    /// What the test sees; `None` until a [`PowerStudy`](super::PowerStudy) attaches it, where it is not in closed form.
    pub power: Option<Power>,
    /// The data leave the statistic little or nothing to vary with, such as no two breaches in a row.
    pub degenerate: bool,
    /// What a reader should know.
    pub notes: Vec<String>,
}

impl TestOutcome {
    pub(super) fn new(test: TestName, statistic: f64, p_value: f64, observations: usize) -> Self {
        Self {
            test,
            statistic,
            p_value: p_value.clamp(0.0, 1.0),
            exact_p_value: None,
            degrees_of_freedom: None,
            observations,
            power: None,
            degenerate: false,
            notes: Vec::new(),
        }
    }

    pub(super) fn chi_square(test: TestName, statistic: f64, degrees: f64, observations: usize) -> Self {
        let p_value = chi_square_beyond(statistic, degrees);
        Self { degrees_of_freedom: Some(degrees), ..Self::new(test, statistic, p_value, observations) }
    }

    pub(super) fn with_exact(mut self, p_value: f64) -> Self {
        self.exact_p_value = Some(p_value.clamp(0.0, 1.0));
        self
    }

    pub(super) fn with_power(mut self, power: Power) -> Self {
        self.power = Some(power);
        self
    }

    pub(super) fn with_degenerate(mut self, degenerate: bool) -> Self {
        self.degenerate |= degenerate;
        self
    }

    pub(super) fn with_note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The exact p-value where there is one, else the asymptotic one.
    #[must_use]
    pub fn best_p_value(&self) -> f64 {
        self.exact_p_value.unwrap_or(self.p_value)
    }

    /// Whether the test rejects at `significance`, by [`best_p_value`](Self::best_p_value).
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless `0 < significance < 1`.
    pub fn rejects(&self, significance: f64) -> Result<bool> {
        probability("significance", significance)?;
        Ok(self.best_p_value() <= significance)
    }
}

/// The level at which tests reject and the wrong breach probability of their closed-form power, unless a study
/// says otherwise: 5 %, and twice the nominal one.
pub(super) const SIGNIFICANCE: f64 = 0.05;
pub(super) const BREACH_MULTIPLE: f64 = 2.0;

/// A breach probability that is `multiple` times too high; certainty is out of reach.
pub(super) fn more_breaches(confidence: Confidence, multiple: f64) -> Alternative {
    let nominal = confidence.tail();
    Alternative::BreachProbability { probability: (multiple * nominal).min(0.5 * (1.0 + nominal)), nominal }
}

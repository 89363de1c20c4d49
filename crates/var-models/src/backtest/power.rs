//! What a test would have seen.

use std::f64::consts::TAU;

use alluse_risk_core::inference::distance_from_uniform;
use alluse_risk_core::{Confidence, normal};
use ndarray::{Array1, ArrayView1};
use rand::Rng;
use rand::rngs::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::check::{positive, probability, within};
use super::coverage::{binomial_power, check_counts, pof_power, tuff_power};
use super::multinomial::spaced_levels;
use super::outcome::{Alternative, Power, TestName, TestOutcome};
use super::simulate::{clustered_breaches, draw, hit_statistic, independent_breaches, scaled_pit, uniform};
use super::traffic_light::light_power;
use super::{
    AcerbiSzekely, Breaches, EsRegression, LevelRecord, MultinomialStatistic, PredictiveLaw, Sidedness, berkowitz,
    berkowitz_tail, du_escanciano_conditional, du_escanciano_unconditional, exceedance_residuals,
    multinomial_cells_from_pit, multinomial_test,
};
use crate::backtest::MonteCarlo;
use crate::backtest::law::StandardLaw;
use crate::{Error, Result};

/// Levels of the multinomial test and lags of the conditional test whose power is studied.
pub(super) const LEVELS: usize = 4;
pub(super) const LAGS: usize = 5;

/// The ways in which models are taken to be wrong.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `seed` | required | |
/// | `significance` | 0.05 | level of the tests |
/// | `simulations` | 1,000 | samples under the hypothesis, and as many under the alternative; at least 100 |
/// | `breach_multiple` | 2 | coverage tests: breaches are so many times as likely |
/// | `clustering_multiple` | 10 | independence tests: so many times as likely on the day after a breach, at most ½ |
/// | `degrees_of_freedom` | 4 | shortfall tests: the truth is Student t with the model's value at risk, the model normal |
/// | `scale_ratio` | 1.25 | tests of transforms: true volatility over the forecast |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawConfig", into = "RawConfig")]
pub struct PowerConfig {
    seed: u64,
    significance: f64,
    simulations: usize,
    breach_multiple: f64,
    clustering_multiple: f64,
    degrees_of_freedom: f64,
    scale_ratio: f64,
}

impl PowerConfig {
    /// The defaults from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            significance: super::outcome::SIGNIFICANCE,
            simulations: 1_000,
            breach_multiple: super::outcome::BREACH_MULTIPLE,
            clustering_multiple: 10.0,
            degrees_of_freedom: 4.0,
            scale_ratio: 1.25,
        }
    }

    /// With another level of the tests.
    ///
    /// # Errors
    /// [`Error::Input`] unless it lies in `(0, 1)`.
    pub fn with_significance(mut self, significance: f64) -> Result<Self> {
        probability("significance", significance)?;
        self.significance = significance;
        Ok(self)
    }

    /// With another number of simulations.
    ///
    /// # Errors
    /// [`Error::Input`] for fewer than 100 and more than 10 million.
    pub fn with_simulations(mut self, simulations: usize) -> Result<Self> {
        within("simulations", "in 100..=10000000", 100..=10_000_000, simulations)?;
        self.simulations = simulations;
        Ok(self)
    }

    /// With breaches so many times as likely as they should be.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is positive and finite.
    pub fn with_breach_multiple(mut self, multiple: f64) -> Result<Self> {
        positive("breach multiple", multiple)?;
        self.breach_multiple = multiple;
        Ok(self)
    }

    /// With breaches so many times as likely on the day after a breach.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is positive and finite.
    pub fn with_clustering_multiple(mut self, multiple: f64) -> Result<Self> {
        positive("clustering multiple", multiple)?;
        self.clustering_multiple = multiple;
        Ok(self)
    }

    /// With other degrees of freedom of the truth.
    ///
    /// # Errors
    /// [`Error::Input`] unless they are above 1 and finite.
    pub fn with_degrees_of_freedom(mut self, degrees_of_freedom: f64) -> Result<Self> {
        PredictiveLaw::StudentT { degrees_of_freedom }.at(Confidence::P99)?;
        self.degrees_of_freedom = degrees_of_freedom;
        Ok(self)
    }

    /// With another ratio of true to forecast volatility.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is positive and finite.
    pub fn with_scale_ratio(mut self, ratio: f64) -> Result<Self> {
        positive("scale ratio", ratio)?;
        self.scale_ratio = ratio;
        Ok(self)
    }
}

#[derive(Serialize, Deserialize)]
struct RawConfig {
    seed: u64,
    significance: f64,
    simulations: usize,
    breach_multiple: f64,
    clustering_multiple: f64,
    degrees_of_freedom: f64,
    scale_ratio: f64,
}

impl From<PowerConfig> for RawConfig {
    fn from(c: PowerConfig) -> Self {
        Self {
            seed: c.seed,
            significance: c.significance,
            simulations: c.simulations,
            breach_multiple: c.breach_multiple,
            clustering_multiple: c.clustering_multiple,
            degrees_of_freedom: c.degrees_of_freedom,
            scale_ratio: c.scale_ratio,
        }
    }
}

impl TryFrom<RawConfig> for PowerConfig {
    type Error = Error;

    fn try_from(raw: RawConfig) -> Result<Self> {
        Self::new(raw.seed)
            .with_significance(raw.significance)?
            .with_simulations(raw.simulations)?
            .with_breach_multiple(raw.breach_multiple)?
            .with_clustering_multiple(raw.clustering_multiple)?
            .with_degrees_of_freedom(raw.degrees_of_freedom)?
            .with_scale_ratio(raw.scale_ratio)
    }
}

/// Powers by test, length and level, each worked out once.
///
/// Thousands of backtests share a few lengths and levels. The power of the coverage tests (Kupiec, binomial, traffic
/// light) is exact, of the test with its usual law. The others are simulated: `simulations` samples of a right model give
/// the critical value, so that the power is that of a test of exactly the stated significance, and as many samples of the
/// alternative are held against it. A sample on which a test has no answer counts as not rejected. ES regressions are
/// simulated a fifth as often (at least 100 times), with forecasts that swing by a factor of 2.7 over a year.
///
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::backtest::{PowerConfig, PowerStudy, TestName};
///
/// let mut study = PowerStudy::new(PowerConfig::new(1));
/// let seen = study.power(TestName::KupiecPof, 1_000, Confidence::P99)?;
/// assert!((seen.power - 0.78).abs() < 0.005);
/// # Ok::<(), alluse_var_models::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PowerStudy {
    config: PowerConfig,
    known: Vec<Known>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Known {
    test: TestName,
    observations: usize,
    confidence: Confidence,
    power: Power,
}

impl PowerStudy {
    /// Nothing is worked out yet.
    #[must_use]
    pub fn new(config: PowerConfig) -> Self {
        Self { config, known: Vec::new() }
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> PowerConfig {
        self.config
    }

    /// Combinations worked out so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// Whether nothing is worked out yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The power of a test on so many days at a level.
    ///
    /// # Errors
    /// [`Error::Input`] without observations, and where the test is not defined at that length and level at all.
    pub fn power(&mut self, test: TestName, observations: usize, confidence: Confidence) -> Result<Power> {
        let same = |k: &&Known| k.test == test && k.observations == observations && k.confidence == confidence;
        if let Some(known) = self.known.iter().find(same) {
            return Ok(known.power.clone());
        }
        check_counts(observations, 0)?;
        let power = Study { config: self.config, test, observations, confidence }.power()?;
        self.known.push(Known { test, observations, confidence, power: power.clone() });
        Ok(power)
    }

    /// The outcome with the power of its test, on a record of `observations` days.
    ///
    /// # Errors
    /// As [`power`](Self::power).
    pub fn attach(&mut self, outcome: TestOutcome, observations: usize, confidence: Confidence) -> Result<TestOutcome> {
        let power = self.power(outcome.test, observations, confidence)?;
        Ok(outcome.with_power(power))
    }
}

struct Study {
    config: PowerConfig,
    test: TestName,
    observations: usize,
    confidence: Confidence,
}

impl Study {
    fn power(&self) -> Result<Power> {
        let Self { config: c, observations, confidence, .. } = *self;
        match self.test {
            TestName::KupiecPof => pof_power(observations, confidence, c.breach_multiple, c.significance),
            TestName::KupiecTuff => tuff_power(observations, confidence, c.breach_multiple, c.significance),
            TestName::Binomial => {
                binomial_power(observations, confidence, Sidedness::TwoSided, c.breach_multiple, c.significance)
            }
            TestName::TrafficLight => Ok(light_power(observations, confidence, c.breach_multiple)),
            TestName::Independence
            | TestName::ConditionalCoverage
            | TestName::MixedKupiec
            | TestName::WeibullDuration
            | TestName::DynamicQuantile => self.of_hits(),
            TestName::DuEscancianoConditional => self.of_clustered_pit(),
            TestName::KolmogorovSmirnov | TestName::Berkowitz | TestName::BerkowitzTail => self.of_scaled_pit(),
            TestName::MultinomialPearson
            | TestName::MultinomialNass
            | TestName::MultinomialLikelihoodRatio
            | TestName::DuEscancianoUnconditional => self.of_heavy_pit(),
            TestName::ExceedanceResiduals
            | TestName::EsRegressionStrict
            | TestName::EsRegressionAuxiliary
            | TestName::EsRegressionIntercept => self.of_heavy_records(),
            TestName::AcerbiSzekelyZ1 => self.of_acerbi_szekely(AcerbiSzekely::Z1),
            TestName::AcerbiSzekelyZ2 => self.of_acerbi_szekely(AcerbiSzekely::Z2),
            TestName::AcerbiSzekelyZ3 => self.of_acerbi_szekely(AcerbiSzekely::Z3),
        }
    }

    /// Simulates the statistic (large speaks against the model; NaN has no answer) when the model is right and wrong.
    fn compare(
        &self,
        alternative: Alternative,
        simulations: usize,
        statistic: impl Fn(&mut ChaCha8Rng, Truth) -> f64 + Send + Sync,
    ) -> Power {
        let seed = self.config.seed;
        let mut right = draw(seed, simulations, |stream| statistic(stream, Truth::Right));
        // Another family of streams, or the two samples would be close twins.
        let wrong = draw(seed ^ 0x9E37_79B9_7F4A_7C15, simulations, |stream| statistic(stream, Truth::Wrong));
        // What has no answer is never beyond the critical value.
        right.iter_mut().filter(|v| v.is_nan()).for_each(|v| *v = f64::NEG_INFINITY);
        right.sort_by(f64::total_cmp);
        let rank = ((1.0 - self.config.significance) * (simulations + 1) as f64).ceil() as usize;
        let critical = right[rank.clamp(1, simulations) - 1];
        let slack = if critical.is_finite() { 1e-9 * critical.abs() } else { 0.0 };
        let rejections = wrong.iter().filter(|v| **v > critical + slack).count();
        Power::simulated(alternative, self.config.significance, rejections, simulations)
    }

    fn after_breach(&self) -> f64 {
        (self.config.clustering_multiple * self.confidence.tail()).min(0.5)
    }

    fn clustering(&self) -> Alternative {
        Alternative::BreachClustering { after_breach: self.after_breach(), nominal: self.confidence.tail() }
    }

    fn heavier(&self) -> Alternative {
        Alternative::HeavierTail { degrees_of_freedom: self.config.degrees_of_freedom }
    }

    fn hits(&self, stream: &mut ChaCha8Rng, truth: Truth) -> Vec<usize> {
        let tail = self.confidence.tail();
        match truth {
            Truth::Right => independent_breaches(stream, self.observations, tail),
            Truth::Wrong => clustered_breaches(stream, self.observations, tail, self.after_breach()),
        }
    }

    fn of_hits(&self) -> Result<Power> {
        let tail = self.confidence.tail();
        Ok(self.compare(self.clustering(), self.config.simulations, |stream, truth| {
            let breaches = Breaches::from_indices(self.observations, self.hits(stream, truth)).ok();
            breaches.and_then(|b| hit_statistic(self.test, &b, tail, self.confidence)).unwrap_or(f64::NAN)
        }))
    }

    fn of_clustered_pit(&self) -> Result<Power> {
        let tail = self.confidence.tail();
        Ok(self.compare(self.clustering(), self.config.simulations, |stream, truth| {
            let hits = self.hits(stream, truth);
            let mut pit: Vec<f64> = (0..self.observations).map(|_| tail + (1.0 - tail) * uniform(stream)).collect();
            hits.into_iter().for_each(|t| pit[t] = tail * uniform(stream));
            self.of_pit(&pit)
        }))
    }

    fn of_scaled_pit(&self) -> Result<Power> {
        let ratio = self.config.scale_ratio;
        Ok(self.compare(Alternative::WrongScale { ratio }, self.config.simulations, |stream, truth| {
            self.of_pit(&scaled_pit(stream, self.observations, if truth == Truth::Right { 1.0 } else { ratio }))
        }))
    }

    fn of_heavy_pit(&self) -> Result<Power> {
        let laws = self.laws()?;
        Ok(self.compare(self.heavier(), self.config.simulations, |stream, truth| {
            let pit: Vec<f64> = (0..self.observations).map(|_| normal::cdf(laws.draw(stream, truth))).collect();
            self.of_pit(&pit)
        }))
    }

    /// The statistic of a test of transforms.
    fn of_pit(&self, pit: &[f64]) -> f64 {
        let (pit, level) = (ArrayView1::from(pit), self.confidence);
        let multinomial = |statistic| {
            let levels = spaced_levels(level, LEVELS)?;
            multinomial_test(&multinomial_cells_from_pit(pit, &levels)?, &levels, statistic)
        };
        if self.test == TestName::KolmogorovSmirnov {
            // Its exact p-value would take most of the time and is not needed.
            return distance_from_uniform(pit).unwrap_or(f64::NAN);
        }
        let outcome = match self.test {
            TestName::Berkowitz => berkowitz(pit).map(|test| test.outcome),
            TestName::BerkowitzTail => berkowitz_tail(pit, level).map(|test| test.outcome),
            TestName::DuEscancianoConditional => du_escanciano_conditional(pit, level, LAGS),
            TestName::MultinomialPearson => multinomial(MultinomialStatistic::Pearson),
            TestName::MultinomialNass => multinomial(MultinomialStatistic::Nass),
            TestName::MultinomialLikelihoodRatio => multinomial(MultinomialStatistic::LikelihoodRatio),
            _ => du_escanciano_unconditional(pit, level),
        };
        outcome.map_or(f64::NAN, |outcome| outcome.statistic.abs())
    }

    fn laws(&self) -> Result<Laws> {
        let model = PredictiveLaw::Normal.at(self.confidence)?;
        let nu = self.config.degrees_of_freedom;
        let truth = PredictiveLaw::StudentT { degrees_of_freedom: nu }.at(self.confidence)?;
        Ok(Laws { model, truth, ratio: model.value_at_risk / truth.value_at_risk })
    }

    fn of_heavy_records(&self) -> Result<Power> {
        let laws = self.laws()?;
        let (regression, simulations) = match self.test {
            TestName::EsRegressionStrict => (Some(EsRegression::Strict), (self.config.simulations / 5).max(100)),
            TestName::EsRegressionAuxiliary => (Some(EsRegression::Auxiliary), (self.config.simulations / 5).max(100)),
            TestName::EsRegressionIntercept => (Some(EsRegression::Intercept), (self.config.simulations / 5).max(100)),
            _ => (None, self.config.simulations),
        };
        let scales: Array1<f64> =
            (0..self.observations).map(|t| (0.5 * (TAU * t as f64 / 250.0).sin()).exp()).collect();
        let (var, shortfall) = (&scales * laws.model.value_at_risk, &scales * laws.model.expected_shortfall);
        Ok(self.compare(self.heavier(), simulations, |stream, truth| {
            let returns = scales.mapv(|scale| scale * laws.draw(stream, truth));
            let statistic = LevelRecord::new(returns.view(), var.view(), self.confidence)
                .and_then(|record| record.with_expected_shortfall(shortfall.view()))
                .and_then(|record| match regression {
                    Some(regression) => regression.fit(&record).map(|fit| fit.outcome.statistic),
                    // Only the studentised mean is used here; the fewest resamples will do.
                    None => exceedance_residuals(&record, None, MonteCarlo::new(0).with_replicates(19))
                        .map(|outcome| outcome.statistic),
                });
            statistic.unwrap_or(f64::NAN)
        }))
    }

    fn of_acerbi_szekely(&self, which: AcerbiSzekely) -> Result<Power> {
        let laws = self.laws()?;
        let sampler = which.sampler(self.observations, laws.model, self.confidence)?;
        Ok(self.compare(self.heavier(), self.config.simulations, |stream, truth| match truth {
            Truth::Right => -sampler(stream, 1.0, None),
            Truth::Wrong => -sampler(stream, laws.ratio, Some(laws.truth)),
        }))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    Right,
    Wrong,
}

/// The model's law, and the heavier one with the same value at risk.
struct Laws {
    model: StandardLaw,
    truth: StandardLaw,
    ratio: f64,
}

impl Laws {
    fn draw(&self, stream: &mut impl Rng, truth: Truth) -> f64 {
        match truth {
            Truth::Right => self.model.draw(stream),
            Truth::Wrong => self.ratio * self.truth.draw(stream),
        }
    }
}

#[cfg(test)]
mod tests;

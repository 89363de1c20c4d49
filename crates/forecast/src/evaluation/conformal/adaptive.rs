use std::collections::VecDeque;

use alluse_risk_core::Confidence;
use alluse_risk_core::experts::{AggregationRule, ExpertPool};
use ndarray::{Array1, aview1};
use serde::{Deserialize, Serialize};

use super::base::{BaseInterval, ConformalInterval, conformal, rank};
use crate::{Error, Result, check};

/// The rates that Gibbs and Candès (2024) run side by side.
pub const DEFAULT_RATES: [f64; 8] = [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128];

/// Intervals whose long-run coverage is kept under any drift, by feedback on their misses.
///
/// ```text
/// widening = score of rank ⌈(n + 1)(1 − αₜ)⌉ among the last n        αₜ₊₁ = αₜ + γ(α − 1{miss})
/// ```
///
/// With one rate γ the share of misses m after T rounds obeys `|m − α| ≤ (max(α, 1 − α) + γ)/(Tγ)` for every sequence
/// whatsoever. With several, each rate keeps its own αₜ, and the interval uses their mean weighted by exponential
/// weights with a fixed share on the pinball loss of αₜ (dynamically tuned adaptive conformal inference).
///
/// The order of a round: [`interval`](Self::interval), then [`observe`](Self::observe) with the same base.
///
/// # Source
/// Gibbs and Candès (2021), "Adaptive conformal inference under distribution shift"; Gibbs and Candès (2024),
/// "Conformal inference for online prediction with arbitrary distribution shifts", JMLR 25, for several rates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct AdaptiveConformal {
    coverage: Confidence,
    window: usize,
    rates: Vec<f64>,
    /// αₜ of every rate.
    misses: Vec<f64>,
    pool: ExpertPool,
    /// The last scores, oldest first.
    scores: VecDeque<f64>,
    rounds: usize,
    covered: usize,
}

impl AdaptiveConformal {
    /// With one rate, over the last `window` scores.
    ///
    /// # Errors
    /// [`Error::Input`] for a rate that is not positive and finite, and a window of no score.
    pub fn new(coverage: Confidence, rate: f64, window: usize) -> Result<Self> {
        Self::build(coverage, vec![rate], window, AggregationRule::Equal)
    }

    /// With several rates, such as [`DEFAULT_RATES`], whose weights answer to about the last `memory` rounds.
    ///
    /// ```text
    /// σ = 1/(2I)      η = √(3/I · (ln(IK) + 2)/((1 − α)²α³ + α²(1 − α)³))      I rounds of memory, K rates
    /// ```
    ///
    /// # Errors
    /// [`Error::Input`] for no rate, one that is not positive and finite, a window of no score, and a memory of none.
    pub fn with_rates(coverage: Confidence, rates: impl Into<Vec<f64>>, window: usize, memory: usize) -> Result<Self> {
        let rates = rates.into();
        check::at_least_one("memory", memory)?;
        let (alpha, rounds) = (coverage.tail(), memory as f64);
        let kept = coverage.level();
        let spread = kept * kept * alpha * alpha * alpha + alpha * alpha * kept * kept * kept;
        let rate = (3.0 / rounds * ((rounds * rates.len() as f64).ln() + 2.0) / spread).sqrt();
        Self::build(coverage, rates, window, AggregationRule::FixedShare { rate, share: 0.5 / rounds })
    }

    fn build(coverage: Confidence, rates: Vec<f64>, window: usize, rule: AggregationRule) -> Result<Self> {
        check::finite("rates", aview1(&rates))?;
        check::elements("rates", "positive", aview1(&rates), |rate| rate > 0.0)?;
        check::at_least_one("window", window)?;
        let pool = ExpertPool::new(rates.len(), rule)?;
        let misses = vec![coverage.tail(); rates.len()];
        Ok(Self { coverage, window, rates, misses, pool, scores: VecDeque::new(), rounds: 0, covered: 0 })
    }

    /// The promised coverage.
    #[must_use]
    pub fn promised(&self) -> Confidence {
        self.coverage
    }

    /// αₜ: the share of misses that the next interval allows among past scores; below 0 or above 1 at times.
    #[must_use]
    pub fn allowed_misses(&self) -> f64 {
        self.pool.weights().iter().zip(&self.misses).map(|(weight, miss)| weight * miss).sum()
    }

    /// The weight of every rate.
    #[must_use]
    pub fn weights(&self) -> Array1<f64> {
        self.pool.weights()
    }

    /// Rounds observed.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.rounds
    }

    /// Share of the rounds whose observation was inside; `None` before the first.
    #[must_use]
    pub fn coverage(&self) -> Option<f64> {
        (self.rounds > 0).then(|| self.covered as f64 / self.rounds as f64)
    }

    /// What the share of misses cannot be further away from the promised one, whatever comes; `None` with several
    /// rates, and before the first round.
    #[must_use]
    pub fn coverage_bound(&self) -> Option<f64> {
        let alpha = self.coverage.tail();
        match (self.rates.as_slice(), self.rounds) {
            (_, 0) => None,
            ([rate], rounds) => Some((alpha.max(1.0 - alpha) + rate) / (rounds as f64 * rate)),
            _ => None,
        }
    }

    /// The interval around that of the next forecast; the whole line until enough scores are known.
    #[must_use]
    pub fn interval(&self, base: BaseInterval) -> ConformalInterval {
        conformal(base, &self.sorted(), self.allowed_misses())
    }

    /// Shows what came about and tells whether the interval held it.
    ///
    /// # Errors
    /// [`Error::Input`] for an observation that is not finite or too far away; the state is then unchanged.
    pub fn observe(&mut self, base: BaseInterval, observed: f64) -> Result<bool> {
        let score = base.score(observed)?;
        let sorted = self.sorted();
        // By ranks and not by ends, so that every rate is judged by the same comparison.
        let needed = sorted.partition_point(|past| *past < score) as f64 + 1.0;
        let missed = |miss: f64| needed > rank(sorted.len(), miss);
        let held = !missed(self.allowed_misses());
        let alpha = self.coverage.tail();
        if self.rates.len() > 1 {
            let level = 1.0 - (needed - 1.0) / (sorted.len() + 1) as f64;
            let loss = |miss: &f64| alpha * (level - miss) - (level - miss).min(0.0);
            let losses: Array1<f64> = self.misses.iter().map(loss).collect();
            self.pool.observe(losses.view())?;
        }
        for (miss, rate) in self.misses.iter_mut().zip(&self.rates) {
            *miss += rate * (alpha - f64::from(u8::from(missed(*miss))));
        }
        if self.scores.len() == self.window {
            self.scores.pop_front();
        }
        self.scores.push_back(score);
        self.rounds += 1;
        self.covered += usize::from(held);
        Ok(held)
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted: Vec<f64> = self.scores.iter().copied().collect();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    coverage: Confidence,
    window: usize,
    rates: Vec<f64>,
    misses: Vec<f64>,
    pool: ExpertPool,
    scores: VecDeque<f64>,
    rounds: usize,
    covered: usize,
}

impl TryFrom<Stored> for AdaptiveConformal {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let Stored { coverage, window, rates, misses, pool, scores, rounds, covered } = stored;
        let fresh = Self::build(coverage, rates, window, pool.rule())?;
        check::length("allowed misses", fresh.rates.len(), misses.len())?;
        check::length("weights", fresh.rates.len(), pool.weights().len())?;
        check::length("scores", rounds.min(window), scores.len())?;
        for (miss, rate) in misses.iter().zip(&fresh.rates) {
            let holds = (-rate - 1e-9..=1.0 + rate + 1e-9).contains(miss);
            check::ensure(holds, "allowed misses", "within one rate of [0, 1]", *miss)?;
        }
        let bad = scores.iter().find(|score| !score.is_finite());
        bad.map_or(Ok(0.0), |score| check::number("scores", *score))?;
        check::ensure(covered <= rounds, "covered", "at most the rounds", covered as f64)?;
        Ok(Self { misses, pool, scores, rounds, covered, ..fresh })
    }
}

impl From<AdaptiveConformal> for Stored {
    fn from(state: AdaptiveConformal) -> Self {
        let AdaptiveConformal { coverage, window, rates, misses, pool, scores, rounds, covered } = state;
        Self { coverage, window, rates, misses, pool, scores, rounds, covered }
    }
}

//! Far gains against far losses.

use alluse_risk_core::Confidence;
use alluse_risk_core::measures::{QuantileRule, quantile_in_order};
use serde::{Deserialize, Serialize};

use super::ratio::ratio;
use super::{Outcome, Performance};
use crate::{Error, Result};

/// Which tails the Rachev ratio compares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RachevTails {
    /// Expected shortfall of the losses and of the gains, each of exactly the tail's mass.
    #[default]
    ExpectedShortfall,
    /// As the R package PerformanceAnalytics: the mean of the returns from value number `⌊n c⌋` on, over the mean
    /// loss of the returns at or below the type 7 quantile at `1 − c`.
    PerformanceAnalytics,
}

impl Performance<'_> {
    /// Sample quantile of the returns at a probability; the rules are worded for losses, read "return" for "loss".
    ///
    /// # Errors
    /// [`Error::Input`] for a probability outside `[0, 1]`.
    pub fn quantile(&self, probability: f64, rule: QuantileRule) -> Result<f64> {
        Ok(quantile_in_order(self.len(), probability, rule, |k| self.order_statistic(k))?)
    }

    /// Historical value at risk per period: the quantile of the losses `−r` at the confidence. Negative when even
    /// the tail gains.
    ///
    /// [`LossSample`](alluse_risk_core::measures::LossSample) gives the same number with its sampling error.
    ///
    /// # Errors
    /// None on checked returns.
    pub fn value_at_risk(&self, confidence: Confidence, rule: QuantileRule) -> Result<f64> {
        let last = self.len() - 1;
        let loss = |k: usize| -self.order_statistic(last - k);
        Ok(quantile_in_order(self.len(), confidence.level(), rule, loss)?)
    }

    /// Historical expected shortfall per period: the mean loss of exactly the mass `1 − c`, the last loss in part.
    ///
    /// # Errors
    /// [`Error::Input`] when it overflows.
    ///
    /// # Source
    /// Acerbi and Tasche (2002).
    pub fn expected_shortfall(&self, confidence: Confidence) -> Result<f64> {
        Ok(self.tail_mean(confidence, |k| -self.order_statistic(k)))
    }

    /// Tail ratio: the quantile of the returns at `c` over the loss at `1 − c`.
    ///
    /// # Errors
    /// [`Error::Undefined`] unless the upper quantile is a gain and the lower one a loss.
    pub fn tail_ratio(&self, confidence: Confidence, rule: QuantileRule) -> Result<f64> {
        const NAME: &str = "tail ratio";
        let upper = self.quantile(confidence.level(), rule)?;
        let lower = self.quantile(confidence.tail(), rule)?;
        if upper > 0.0 {
            ratio(NAME, upper, -lower, "the lower quantile is not a loss")
        } else {
            Err(Error::undefined(NAME, format!("the upper quantile {upper} is not a gain")))
        }
    }

    /// Profit factor times tail ratio.
    ///
    /// # Errors
    /// As [`profit_factor`](Self::profit_factor) and [`tail_ratio`](Self::tail_ratio).
    pub fn common_sense_ratio(&self, confidence: Confidence, rule: QuantileRule) -> Result<f64> {
        Ok(self.profit_factor()? * self.tail_ratio(confidence, rule)?)
    }

    /// Rachev ratio: mean gain of the best `1 − c` of the periods over the mean loss of the worst.
    ///
    /// # Errors
    /// [`Error::Undefined`] when the mean of the worst returns is not a loss.
    ///
    /// # Source
    /// Biglova, Ortobelli, Rachev and Stoyanov (2004).
    pub fn rachev_ratio(&self, gains: Confidence, losses: Confidence, tails: RachevTails) -> Result<f64> {
        const NAME: &str = "Rachev ratio";
        let n = self.len();
        let (gain, loss) = match tails {
            RachevTails::ExpectedShortfall => (
                self.tail_mean(gains, |k| self.order_statistic(n - 1 - k)),
                self.tail_mean(losses, |k| -self.order_statistic(k)),
            ),
            RachevTails::PerformanceAnalytics => {
                let at_most = self.quantile(losses.tail(), QuantileRule::Linear)?;
                let at_least = self.order_statistic(whole(gains.level() * n as f64).clamp(1, n) - 1);
                (self.mean_where(|r| r >= at_least), -self.mean_where(|r| r <= at_most))
            }
        };
        ratio(NAME, gain, loss, "the mean of the worst returns is not a loss")
    }

    /// Outlier ratio: a far quantile over the average on its side, which for wins counts zeros (`r ≥ 0`).
    ///
    /// # Errors
    /// [`Error::Input`] for a probability outside `[0, 1]`; [`Error::Undefined`] when the side has no gain or loss.
    pub fn outlier_ratio(&self, side: Outcome, probability: f64, rule: QuantileRule) -> Result<f64> {
        let far = self.quantile(probability, rule)?;
        let sums = self.gains_and_losses();
        match side {
            Outcome::Win => {
                let average = sums.gained / (sums.gains + sums.zeros).max(1) as f64;
                ratio("outlier win ratio", far, average, "no period gains")
            }
            Outcome::Loss => {
                let average = sums.lost / sums.losses.max(1) as f64;
                ratio("outlier loss ratio", -far, average, "no period loses")
            }
        }
    }

    /// Mean of the tail's mass over values in the order of the tail, the last in part.
    fn tail_mean(&self, confidence: Confidence, value: impl Fn(usize) -> f64) -> f64 {
        let n = self.len();
        let held = confidence.tail_count(n);
        let whole = held.floor() as usize;
        if whole == 0 {
            return value(0);
        }
        let sum: f64 = (0..whole).map(&value).sum();
        let part = held - held.floor();
        let rest = if part > 0.0 { part * value(whole.min(n - 1)) } else { 0.0 };
        (sum + rest) / held
    }

    fn mean_where(&self, holds: impl Fn(f64) -> bool) -> f64 {
        let (mut sum, mut count) = (0.0, 0.0);
        for &r in self.slice().iter().filter(|&&r| holds(r)) {
            sum += r;
            count += 1.0;
        }
        sum / count
    }
}

/// The whole part of a count that is whole but for rounding.
fn whole(count: f64) -> usize {
    let nearest = count.round();
    if (count - nearest).abs() < 1e-9 { nearest as usize } else { count.floor() as usize }
}

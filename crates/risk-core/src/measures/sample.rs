use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use super::quantile::{QuantileRule, tied};
use crate::contract::scenario::probabilities_valid;
use crate::sum::compensated;
use crate::{
    Confidence, Coverage, Error, Estimate, Horizon, Interval, IntervalMethod, LossDistribution, Measure, Result, check,
    measures::Spectrum, normal,
};

/// A sample of losses, losses positive: the empirical distribution behind every historical, simulated
/// and scenario measure.
///
/// Losses may carry probabilities. Every measure then treats the sample as the discrete distribution it
/// is; losses of probability zero count for nothing.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | probabilities | equal | one per loss, at least 0, sum 1 |
/// | quantile rule | [`QuantileRule::Linear`] | how value at risk reads the sample |
/// | interval level | 95 % | coverage of the intervals in the results |
/// | effective observations | the number of losses | independent observations behind the standard errors |
/// | horizon, coverage | one day, complete | passed on to every result |
///
/// # Examples
/// ```
/// use alluse_risk_core::{Confidence, measures::LossSample};
/// use ndarray::array;
///
/// // Returns of ten days; the tail of 15 % is the worst day and half of the next.
/// let returns = array![0.01, -0.04, 0.02, 0.00, -0.01, 0.03, -0.02, 0.01, 0.00, 0.02];
/// let losses = LossSample::from_returns(returns.view())?;
/// let shortfall = losses.expected_shortfall(Confidence::new(0.85)?)?;
/// assert!((shortfall.value - (0.04 + 0.5 * 0.02) / 1.5).abs() < 1e-15);
/// assert!(shortfall.tail_observations.is_some_and(|held| (held - 1.5).abs() < 1e-12));
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct LossSample {
    losses: Vec<f64>,
    probabilities: Option<Vec<f64>>,
    /// Kish's number over the number of losses.
    kish_share: f64,
    effective: f64,
    horizon: Horizon,
    coverage: Coverage,
    rule: QuantileRule,
    interval_level: Confidence,
}

impl LossSample {
    /// Equally likely losses.
    ///
    /// # Errors
    /// [`Error::Empty`] without losses, [`Error::ElementOutOfDomain`] when one is not finite.
    pub fn new(losses: impl Into<Array1<f64>>) -> Result<Self> {
        let losses = losses.into();
        check::finite("losses", losses.view())?;
        Ok(Self {
            effective: losses.len() as f64,
            losses: losses.into_iter().collect(),
            probabilities: None,
            kish_share: 1.0,
            horizon: Horizon::DAY,
            coverage: Coverage::single(),
            rule: QuantileRule::default(),
            interval_level: Confidence::P95,
        })
    }

    /// The losses `−r` of simple returns.
    ///
    /// # Errors
    /// As [`new`](Self::new), about `returns`.
    pub fn from_returns(returns: ArrayView1<'_, f64>) -> Result<Self> {
        check::finite("returns", returns)?;
        // Subtracting from zero keeps the loss of a zero return from becoming −0.
        Self::new(returns.mapv(|r| 0.0 - r))
    }

    /// With one probability per loss.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`], [`Error::ElementOutOfDomain`] for a negative or non-finite probability,
    /// [`Error::OutOfDomain`] unless they sum to 1 within 1e-9.
    pub fn with_probabilities(mut self, probabilities: impl Into<Array1<f64>>) -> Result<Self> {
        let probabilities = probabilities.into();
        probabilities_valid(probabilities.view(), self.losses.len())?;
        let sum = compensated(probabilities.iter().copied());
        let probabilities: Vec<f64> = probabilities.into_iter().map(|p| p / sum).collect();
        let concentration = compensated(probabilities.iter().map(|p| p * p));
        self.kish_share = 1.0 / (concentration * probabilities.len() as f64);
        self.probabilities = Some(probabilities);
        Ok(self)
    }

    /// Over another horizon.
    #[must_use]
    pub fn with_horizon(mut self, horizon: Horizon) -> Self {
        self.horizon = horizon;
        self
    }

    /// With the part of the book that the losses speak for.
    #[must_use]
    pub fn with_coverage(mut self, coverage: Coverage) -> Self {
        self.coverage = coverage;
        self
    }

    /// With the number of independent observations among the losses, which is lower than their number
    /// when windows overlap. Unequal probabilities lower it further, by Kish's share
    /// `1 / (n Σ pᵢ²)`; the caller does not include that.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless the number is positive and finite.
    pub fn with_effective_observations(mut self, effective: f64) -> Result<Self> {
        if !(effective > 0.0 && effective.is_finite()) {
            let expected = "positive and finite";
            return Err(Error::OutOfDomain { name: "effective observations", expected, value: effective });
        }
        self.effective = effective;
        Ok(self)
    }

    /// With another sample quantile for value at risk.
    #[must_use]
    pub fn with_quantile_rule(mut self, rule: QuantileRule) -> Self {
        self.rule = rule;
        self
    }

    /// With another level for the intervals in the results.
    #[must_use]
    pub fn with_interval_level(mut self, level: Confidence) -> Self {
        self.interval_level = level;
        self
    }

    /// The losses, in the order given.
    #[must_use]
    pub fn losses(&self) -> ArrayView1<'_, f64> {
        ArrayView1::from(self.losses.as_slice())
    }

    /// The probabilities, or `None` for equally likely losses.
    #[must_use]
    pub fn probabilities(&self) -> Option<ArrayView1<'_, f64>> {
        self.probabilities.as_deref().map(ArrayView1::from)
    }

    /// Number of losses, never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a sample is never empty")]
    pub fn len(&self) -> usize {
        self.losses.len()
    }

    /// Independent observations that the sample is worth, overlap and unequal probabilities included.
    #[must_use]
    pub fn effective_observations(&self) -> f64 {
        self.effective * self.kish_share
    }

    /// The sample quantile behind value at risk.
    #[must_use]
    pub fn quantile_rule(&self) -> QuantileRule {
        self.rule
    }

    /// The horizon of the losses.
    #[must_use]
    pub fn horizon(&self) -> Horizon {
        self.horizon
    }

    /// Probability that a loss is at most `loss`.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] when `loss` is NaN.
    pub fn cdf(&self, loss: f64) -> Result<f64> {
        if loss.is_nan() {
            return Err(Error::OutOfDomain { name: "loss", expected: "a number", value: loss });
        }
        let n = self.losses.len();
        let below = self.losses.iter().filter(|&&l| l <= loss).count();
        Ok(match &self.probabilities {
            None => below as f64 / n as f64,
            Some(_) if below == n => 1.0,
            Some(_) => self.mean_of(|l| if l <= loss { 1.0 } else { 0.0 }).min(1.0),
        })
    }

    /// Expected loss `Σ pᵢ Lᵢ`.
    ///
    /// # Errors
    /// [`Error::Overflow`] when the losses are too large to be added.
    pub fn mean(&self) -> Result<Estimate> {
        let mean = self.expectation();
        let error = self.error_of_mean(self.variance_about(mean));
        self.estimate(mean, Measure::ExpectedLoss, error)
    }

    pub(super) fn slice(&self) -> &[f64] {
        &self.losses
    }

    pub(super) fn probability_slice(&self) -> Option<&[f64]> {
        self.probabilities.as_deref()
    }

    pub(super) fn interval_level(&self) -> Confidence {
        self.interval_level
    }

    /// The losses with their probabilities, in the order given.
    pub(super) fn weighted(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let equal = 1.0 / self.losses.len() as f64;
        let probability = move |i: usize| self.probabilities.as_ref().map_or(equal, |p| p[i]);
        self.losses.iter().enumerate().map(move |(i, &loss)| (loss, probability(i)))
    }

    /// Independent equally likely observations that the probabilities leave, overlap not considered.
    pub(super) fn kish(&self) -> f64 {
        self.kish_share * self.losses.len() as f64
    }

    /// The largest loss of positive probability and the probability of it.
    pub(super) fn maximum(&self) -> (f64, f64) {
        self.weighted().filter(|&(_, p)| p > 0.0).fold((f64::NEG_INFINITY, 0.0), |(top, mass), (loss, p)| {
            if loss > top {
                (loss, p)
            } else if tied(loss, top) {
                (top, mass + p)
            } else {
                (top, mass)
            }
        })
    }

    /// `Σ pᵢ f(Lᵢ)`.
    pub(super) fn mean_of(&self, f: impl Fn(f64) -> f64) -> f64 {
        match &self.probabilities {
            None => compensated(self.losses.iter().map(|&l| f(l))) / self.losses.len() as f64,
            Some(p) => compensated(self.losses.iter().zip(p).filter(|&(_, &p)| p > 0.0).map(|(&l, p)| p * f(l))),
        }
    }

    pub(super) fn expectation(&self) -> f64 {
        self.mean_of(|l| l)
    }

    /// Population variance, exactly zero for a constant sample.
    pub(super) fn variance_about(&self, mean: f64) -> f64 {
        let mut support = self.weighted().filter(|&(_, p)| p > 0.0).map(|(l, _)| l);
        let first = support.next();
        if support.all(|l| Some(l) == first) { 0.0 } else { self.mean_of(|l| (l - mean) * (l - mean)) }
    }

    /// Standard error of the mean of something with population variance `variance`.
    pub(super) fn error_of_mean(&self, variance: f64) -> Option<f64> {
        let effective = self.effective_observations();
        (effective > 1.0 && variance > 0.0).then(|| (variance / (effective - 1.0)).sqrt())
    }

    /// An estimate with everything it inherits from the sample, and a normal interval when there is an error.
    pub(super) fn estimate(&self, value: f64, measure: Measure, standard_error: Option<f64>) -> Result<Estimate> {
        if !value.is_finite() {
            return Err(Error::Overflow { name: "risk measure" });
        }
        let estimate = Estimate::new(value, measure, self.horizon, self.losses.len())
            .with_effective_observations(self.effective_observations())
            .with_coverage(self.coverage);
        let Some(error) = standard_error.filter(|error| error.is_finite()) else { return Ok(estimate) };
        let reach = error * normal::quantile_inside(0.5 * (1.0 + self.interval_level.level()));
        Ok(estimate.with_standard_error(error).with_interval(Interval {
            lower: value - reach,
            upper: value + reach,
            level: self.interval_level,
            method: IntervalMethod::Asymptotic,
        }))
    }

    /// The gains of the same distribution, as losses.
    pub(super) fn negated(&self) -> Self {
        Self { losses: self.losses.iter().map(|l| -l).collect(), ..self.clone() }
    }

    /// Equally likely losses that inherit everything else; the values are known to be finite.
    pub(super) fn replaced(&self, losses: Vec<f64>) -> Self {
        Self { effective: losses.len() as f64, losses, probabilities: None, kish_share: 1.0, ..*self }
    }
}

impl LossDistribution for LossSample {
    fn horizon(&self) -> Horizon {
        self.horizon
    }

    fn value_at_risk(&self, confidence: Confidence) -> Result<Estimate> {
        self.value_at_risk(confidence)
    }

    fn expected_shortfall(&self, confidence: Confidence) -> Result<Estimate> {
        self.expected_shortfall(confidence)
    }

    fn spectral(&self, spectrum: &Spectrum) -> Result<Estimate> {
        self.spectral(spectrum)
    }

    fn cdf(&self, loss: f64) -> Result<f64> {
        self.cdf(loss)
    }
}

/// The stored form, checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Stored {
    losses: Vec<f64>,
    probabilities: Option<Vec<f64>>,
    effective_observations: f64,
    horizon: Horizon,
    coverage: Coverage,
    quantile_rule: QuantileRule,
    interval_level: Confidence,
}

impl TryFrom<Stored> for LossSample {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let sample = Self::new(stored.losses)?;
        let sample = match stored.probabilities {
            Some(probabilities) => sample.with_probabilities(probabilities)?,
            None => sample,
        };
        Ok(sample
            .with_effective_observations(stored.effective_observations)?
            .with_horizon(stored.horizon)
            .with_coverage(stored.coverage)
            .with_quantile_rule(stored.quantile_rule)
            .with_interval_level(stored.interval_level))
    }
}

impl From<LossSample> for Stored {
    fn from(sample: LossSample) -> Self {
        Self {
            losses: sample.losses,
            probabilities: sample.probabilities,
            effective_observations: sample.effective,
            horizon: sample.horizon,
            coverage: sample.coverage,
            quantile_rule: sample.rule,
            interval_level: sample.interval_level,
        }
    }
}

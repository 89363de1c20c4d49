use serde::{Deserialize, Serialize};

use super::ordered::Ordered;
use super::precision;
use super::quantile::{QuantileRule, order_statistic, select, tied};
use super::sample::LossSample;
use crate::sum::compensated;
use crate::types::confidence::snap;
use crate::{Confidence, Error, Estimate, Measure, Result};

/// Which losses a tail mean averages; `v` is the value at risk under the sample's quantile rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TailMean {
    /// Exactly the mass `1 − c`: the last loss counts in part. Coherent, and the default.
    #[default]
    FractionalAtom,
    /// The losses `> v`. Not coherent; empty when no loss lies beyond.
    StrictlyBeyond,
    /// The losses `≥ v`. Not coherent.
    AtOrBeyond,
    /// The `⌊(n−1)(1−c)⌋ + 1` largest losses; with probabilities, the losses ranked at or after the
    /// quantile of [`QuantileRule::Higher`]. Not coherent.
    WholeCount,
}

/// Value at risk and expected shortfall at one level, as plain numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TailRisk {
    /// The level.
    pub confidence: Confidence,
    /// Value at risk under the sample's quantile rule.
    pub value_at_risk: f64,
    /// Expected shortfall with the exact fractional atom.
    pub expected_shortfall: f64,
}

/// The tail of mass `1 − c`: losses above `boundary` whole, losses at it in the part `share`.
struct Tail {
    boundary: f64,
    share: f64,
}

impl Tail {
    fn fraction(&self, loss: f64) -> f64 {
        if loss > self.boundary {
            1.0
        } else if tied(loss, self.boundary) {
            self.share
        } else {
            0.0
        }
    }
}

/// What the tail says about its mean.
struct TailMoments {
    boundary: f64,
    mean: f64,
    variance: f64,
    observations: f64,
}

/// Losses in the tail of an equally likely sample, never zero.
fn equal_tail_count(confidence: Confidence, n: usize) -> f64 {
    let count = confidence.tail_count(n);
    if count > 0.0 { count } else { confidence.tail() * n as f64 }
}

/// Moments of the tail by one selection; only the losses above the boundary are looked at again.
fn equal_tail_moments(buffer: &mut [f64], confidence: Confidence) -> TailMoments {
    let observations = equal_tail_count(confidence, buffer.len());
    let place = QuantileRule::UpperLoss.place(buffer.len(), confidence.level());
    let (_, &mut boundary, upper) = buffer.select_nth_unstable_by(place.low, f64::total_cmp);
    let above = || upper.iter().copied().filter(|&loss| loss > boundary);
    let rest = (observations - above().count() as f64).max(0.0);
    // The mean distance from the boundary is exact when all losses of the tail are equal.
    let mean = boundary + compensated(above().map(|loss| loss - boundary)) / observations;
    let squares = compensated(above().map(|loss| (loss - mean) * (loss - mean)));
    let at_boundary = rest * (boundary - mean) * (boundary - mean);
    TailMoments { boundary, mean, variance: (squares + at_boundary) / observations, observations }
}

impl LossSample {
    /// Value at risk: the quantile of the loss at `confidence` under the sample's [`QuantileRule`].
    ///
    /// The interval is the pair of order statistics whose ranks bracket a binomial count with at most
    /// half of the miss probability on each side; it needs no distribution, and is absent when the sample
    /// is too short to have such ranks. The standard error is `√(c(1−c)/n) / f(v)` with a Gaussian kernel
    /// density `f`. Both use the effective number of observations.
    ///
    /// # Errors
    /// None on a checked sample; the type leaves room for distributions without an answer.
    ///
    /// # Examples
    /// ```
    /// use alluse_risk_core::{Confidence, measures::{LossSample, QuantileRule}};
    ///
    /// let losses = LossSample::new((1..=100).map(f64::from).collect::<Vec<_>>())?;
    /// assert!((losses.value_at_risk(Confidence::P95)?.value - 95.05).abs() < 1e-12);
    /// let exact = losses.with_quantile_rule(QuantileRule::LowerLoss);
    /// assert_eq!(exact.value_at_risk(Confidence::P95)?.value, 95.0);
    /// # Ok::<(), alluse_risk_core::Error>(())
    /// ```
    pub fn value_at_risk(&self, confidence: Confidence) -> Result<Estimate> {
        let measure = Measure::ValueAtRisk { confidence, rule: Some(self.quantile_rule()) };
        let mut quantiles = Quantiles::new(self);
        let value = quantiles.at(self.quantile_rule(), confidence.level());
        let error = precision::quantile_error(self, &mut quantiles, value, confidence);
        let estimate = self.estimate(value, measure, error)?;
        let interval = precision::order_statistic_interval(self, &mut quantiles, confidence);
        let observations = self.tail_observations(&mut quantiles, confidence);
        Ok(Estimate { interval, ..estimate }.with_tail_observations(observations))
    }

    /// Expected shortfall: the mean loss in the tail of mass `1 − c`, exact for a discrete sample.
    ///
    /// ```text
    /// ES = [L₍₁₎ + … + L₍ₖ₎ + (an − k) L₍ₖ₊₁₎] / (an),   a = 1 − c,   k = ⌊an⌋,   losses descending
    /// ```
    ///
    /// A tail thinner than one loss is the worst loss; `tail_observations` says how many losses the tail
    /// holds. The standard error is `√([Var(L | tail) + c(ES − v)²] / (an))`, stated when the tail holds
    /// two losses or more.
    ///
    /// # Errors
    /// [`Error::Overflow`] when the losses are too large to be added.
    ///
    /// # Source
    /// Acerbi and Tasche (2002); Rockafellar and Uryasev (2002); standard error: Manistre and Hancock (2005).
    pub fn expected_shortfall(&self, confidence: Confidence) -> Result<Estimate> {
        let moments = self.tail_moments(&mut Quantiles::new(self), confidence);
        let error = self.shortfall_error(confidence, &moments);
        let estimate = self.estimate(moments.mean, Measure::ExpectedShortfall { confidence }, error)?;
        Ok(estimate.with_tail_observations(moments.observations))
    }

    /// The tail mean that `kind` names. Only [`TailMean::FractionalAtom`] carries a standard error.
    ///
    /// # Errors
    /// [`Error::Undefined`] when no loss lies strictly beyond the value at risk, [`Error::Overflow`].
    pub fn tail_mean(&self, confidence: Confidence, kind: TailMean) -> Result<Estimate> {
        let (value, observations) = match kind {
            TailMean::FractionalAtom => return self.expected_shortfall(confidence),
            TailMean::WholeCount => self.whole_count_mean(confidence),
            TailMean::StrictlyBeyond | TailMean::AtOrBeyond => {
                let v = Quantiles::new(self).at(self.quantile_rule(), confidence.level());
                let strictly = kind == TailMean::StrictlyBeyond;
                self.mean_over(|loss| if loss > v || (!strictly && tied(loss, v)) { 1.0 } else { 0.0 })
            }
        };
        if observations == 0.0 {
            return Err(Error::Undefined { name: "tail mean", reason: "no loss lies beyond the value at risk" });
        }
        let estimate = self.estimate(value, Measure::ExpectedShortfall { confidence }, None)?;
        Ok(estimate.with_tail_observations(observations))
    }

    /// Value at risk and expected shortfall at many levels with one sort, or one level by selection.
    ///
    /// The numbers are those of [`value_at_risk`](Self::value_at_risk) and
    /// [`expected_shortfall`](Self::expected_shortfall) without the error statements, for hot loops.
    ///
    /// # Errors
    /// [`Error::Overflow`] when the losses are too large to be added.
    pub fn tail_risk(&self, levels: &[Confidence]) -> Result<Vec<TailRisk>> {
        let found: Vec<TailRisk> = if let ([confidence], None) = (levels, self.probability_slice()) {
            let mut quantiles = Quantiles::new(self);
            vec![TailRisk {
                confidence: *confidence,
                expected_shortfall: self.tail_moments(&mut quantiles, *confidence).mean,
                value_at_risk: quantiles.at(self.quantile_rule(), confidence.level()),
            }]
        } else {
            let ordered = Ordered::new(self);
            let sums = ordered.suffix_sums();
            let risk = |&confidence: &Confidence| TailRisk {
                confidence,
                value_at_risk: ordered.quantile(self.quantile_rule(), confidence.level()),
                expected_shortfall: ordered.tail_mean(&sums, confidence.tail()),
            };
            levels.iter().map(risk).collect()
        };
        if found.iter().all(|risk| risk.expected_shortfall.is_finite()) {
            Ok(found)
        } else {
            Err(Error::Overflow { name: "expected shortfall" })
        }
    }

    /// The losses that make up the expected shortfall: `(index, weight)`, weights positive with sum 1.
    ///
    /// `Σ weight · L[index]` is the expected shortfall, and the same sum over a position's losses in the
    /// same scenarios is its Euler contribution. Losses equal to the last one in the tail share its part
    /// in proportion to their probabilities, so that the order of scenarios does not matter.
    #[must_use]
    pub fn tail_weights(&self, confidence: Confidence) -> Vec<(usize, f64)> {
        let tail = self.tail(&mut Quantiles::new(self), confidence);
        self.normalised(|loss, p| p * tail.fraction(loss))
    }

    /// The losses that make up the value at risk: `(index, weight)`, weights positive with sum 1.
    ///
    /// One loss for the rules without interpolation, two for the others; equal losses share the weight
    /// in proportion to their probabilities.
    #[must_use]
    pub fn quantile_weights(&self, confidence: Confidence) -> Vec<(usize, f64)> {
        let (low, high, fraction) = Quantiles::new(self).bracket(self.quantile_rule(), confidence.level());
        let mass = |of: f64| compensated(self.weighted().filter(|&(loss, _)| tied(loss, of)).map(|(_, p)| p));
        let (low_mass, high_mass) = (mass(low), mass(high));
        self.normalised(|loss, p| {
            let from_low = if tied(loss, low) { (1.0 - fraction) * p / low_mass } else { 0.0 };
            let from_high = if tied(loss, high) { fraction * p / high_mass } else { 0.0 };
            from_low + from_high
        })
    }

    fn normalised(&self, weight: impl Fn(f64, f64) -> f64) -> Vec<(usize, f64)> {
        let picked = self.weighted().enumerate().map(|(i, (loss, p))| (i, weight(loss, p)));
        let mut picked: Vec<(usize, f64)> = picked.filter(|&(_, w)| w > 0.0).collect();
        let total = compensated(picked.iter().map(|&(_, w)| w));
        picked.iter_mut().for_each(|(_, w)| *w /= total);
        picked
    }

    fn tail(&self, quantiles: &mut Quantiles, confidence: Confidence) -> Tail {
        let boundary = quantiles.at(QuantileRule::UpperLoss, confidence.level());
        let n = self.len();
        let (mut above, mut at) = (0.0, 0.0);
        let wanted = match self.probability_slice() {
            None => {
                for &loss in self.slice() {
                    above += f64::from(u8::from(loss > boundary));
                    at += f64::from(u8::from(tied(loss, boundary)));
                }
                equal_tail_count(confidence, n)
            }
            Some(_) => {
                above = compensated(self.weighted().filter(|&(loss, _)| loss > boundary).map(|(_, p)| p));
                at = compensated(self.weighted().filter(|&(loss, _)| tied(loss, boundary)).map(|(_, p)| p));
                confidence.tail()
            }
        };
        Tail { boundary, share: ((wanted - above) / at).clamp(0.0, 1.0) }
    }

    /// Mean loss under the probabilities times `fraction`, and the sum of the fractions.
    fn mean_over(&self, fraction: impl Fn(f64) -> f64) -> (f64, f64) {
        let (mut mass, mut observations) = (0.0, 0.0);
        let equal = self.probability_slice().is_none();
        let sum = compensated(self.weighted().filter_map(|(loss, p)| {
            // Counting equally likely losses is free of the rounding of 1/n.
            let p = if equal { 1.0 } else { p };
            let part = fraction(loss);
            let used = part > 0.0 && p > 0.0;
            used.then(|| {
                mass += part * p;
                observations += part;
                part * p * loss
            })
        }));
        (sum / mass, observations)
    }

    fn tail_moments(&self, quantiles: &mut Quantiles, confidence: Confidence) -> TailMoments {
        if let Quantiles::Equal(buffer) = quantiles {
            return equal_tail_moments(buffer, confidence);
        }
        let tail = self.tail(quantiles, confidence);
        let (mean, observations) = self.mean_over(|loss| tail.fraction(loss));
        let (mut mass, mut squares) = (0.0, 0.0);
        for (loss, p) in self.weighted() {
            let part = p * tail.fraction(loss);
            mass += part;
            squares += part * (loss - mean) * (loss - mean);
        }
        TailMoments { boundary: tail.boundary, mean, variance: squares / mass, observations }
    }

    fn shortfall_error(&self, confidence: Confidence, tail: &TailMoments) -> Option<f64> {
        let independent = snap(confidence.tail() * self.effective_observations());
        if tail.observations < 2.0 || independent < 2.0 {
            return None;
        }
        let gap = tail.mean - tail.boundary;
        let variance = tail.variance + confidence.level() * gap * gap;
        (variance > 0.0).then(|| (variance / independent).sqrt())
    }

    fn tail_observations(&self, quantiles: &mut Quantiles, confidence: Confidence) -> f64 {
        if self.probability_slice().is_none() {
            return equal_tail_count(confidence, self.len());
        }
        let tail = self.tail(quantiles, confidence);
        self.mean_over(|loss| tail.fraction(loss)).1
    }

    fn whole_count_mean(&self, confidence: Confidence) -> (f64, f64) {
        if self.probability_slice().is_none() {
            let last = self.len() - 1;
            let count = snap(last as f64 * confidence.tail()).floor() as usize + 1;
            let boundary = order_statistic(&mut self.slice().to_vec(), self.len() - count);
            let above = self.slice().iter().filter(|&&loss| loss > boundary).count();
            let ties = self.slice().iter().filter(|&&loss| tied(loss, boundary)).count();
            let tail = Tail { boundary, share: (count - above) as f64 / ties as f64 };
            return (self.mean_over(|loss| tail.fraction(loss)).0, count as f64);
        }
        let ordered = Ordered::new(self);
        let first = ordered.place(QuantileRule::Higher, confidence.level()).low;
        let mass = 1.0 - ordered.below(first);
        (ordered.suffix_sums()[first] / mass, (ordered.len() - first) as f64)
    }
}

/// Sample quantiles: by selection on a copy when losses are equally likely, on sorted losses otherwise.
pub(super) enum Quantiles {
    Equal(Vec<f64>),
    Weighted(Ordered),
}

impl Quantiles {
    pub(super) fn new(sample: &LossSample) -> Self {
        match sample.probability_slice() {
            None => Self::Equal(sample.slice().to_vec()),
            Some(_) => Self::Weighted(Ordered::new(sample)),
        }
    }

    pub(super) fn at(&mut self, rule: QuantileRule, probability: f64) -> f64 {
        match self {
            Self::Equal(buffer) => {
                let place = rule.place(buffer.len(), probability);
                select(buffer, place)
            }
            Self::Weighted(ordered) => ordered.quantile(rule, probability),
        }
    }

    /// The losses on both sides of the quantile and the part of the upper one.
    fn bracket(&mut self, rule: QuantileRule, probability: f64) -> (f64, f64, f64) {
        let (place, low, high);
        match self {
            Self::Equal(buffer) => {
                place = rule.place(buffer.len(), probability);
                low = order_statistic(buffer, place.low);
                high = if place.fraction > 0.0 { order_statistic(buffer, place.low + 1) } else { low };
            }
            Self::Weighted(ordered) => {
                place = ordered.place(rule, probability);
                low = ordered.losses[place.low];
                high = if place.fraction > 0.0 { ordered.losses[place.low + 1] } else { low };
            }
        }
        (low, high, place.fraction)
    }
}

use serde::{Deserialize, Serialize};

use super::ordered::Ordered;
use super::sample::LossSample;
use crate::sum::compensated;
use crate::{Confidence, Error, Estimate, Measure, Result};

/// A spectrum of risk aversion: a density `φ` over the quantile levels of the loss, nonnegative,
/// nondecreasing and with integral 1.
///
/// ```text
/// M = ∫₀¹ φ(p) q(p) dp = Σᵢ L₍ᵢ₎ ∫ φ over the probability of L₍ᵢ₎,   losses ascending
/// ```
///
/// # Source
/// Acerbi (2002), "Spectral measures of risk".
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Spectrum(Shape);

#[derive(Debug, Clone, PartialEq)]
enum Shape {
    Exponential(f64),
    ExpectedShortfall(Confidence),
    Step(Steps),
}

/// Constant heights between `0`, the breaks and `1`.
#[derive(Debug, Clone, PartialEq)]
struct Steps {
    breaks: Vec<f64>,
    heights: Vec<f64>,
    /// Integral up to the start of each step.
    before: Vec<f64>,
}

impl Spectrum {
    /// `φ(p) = k e^(−k(1−p)) / (1 − e^(−k))` with absolute risk aversion `k`.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless `k` is positive and finite.
    pub fn exponential(aversion: f64) -> Result<Self> {
        if aversion > 0.0 && aversion.is_finite() {
            Ok(Self(Shape::Exponential(aversion)))
        } else {
            Err(Error::OutOfDomain { name: "risk aversion", expected: "positive and finite", value: aversion })
        }
    }

    /// The spectrum of expected shortfall: `φ(p) = 1/(1−c)` for `p ≥ c`, 0 below.
    #[must_use]
    pub fn expected_shortfall(confidence: Confidence) -> Self {
        Self(Shape::ExpectedShortfall(confidence))
    }

    /// A step function: `heights[j]` between `breaks[j−1]` and `breaks[j]`, from 0 to 1.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] unless there is one height more than breaks; [`Error::ElementOutOfDomain`]
    /// for breaks that do not increase inside `(0, 1)` and heights that are negative or fall;
    /// [`Error::OutOfDomain`] unless the integral is 1 within 1e-12.
    ///
    /// # Examples
    /// ```
    /// use alluse_risk_core::measures::{LossSample, Spectrum};
    ///
    /// // Half of the attention on the worse half, the rest on everything alike.
    /// let spectrum = Spectrum::step(vec![0.5], vec![0.5, 1.5])?;
    /// let losses = LossSample::new(vec![-1.0, 3.0, 0.0, 2.0])?;
    /// assert_eq!(losses.spectral(&spectrum)?.value, 0.125 * (-1.0 + 0.0) + 0.375 * (2.0 + 3.0));
    /// # Ok::<(), alluse_risk_core::Error>(())
    /// ```
    pub fn step(breaks: Vec<f64>, heights: Vec<f64>) -> Result<Self> {
        crate::check::length("spectrum heights", breaks.len() + 1, heights.len())?;
        let mut previous = 0.0;
        for (index, &value) in breaks.iter().enumerate() {
            if !(value > previous && value < 1.0) {
                let expected = "in (0, 1) and above the one before";
                return Err(Error::ElementOutOfDomain { name: "spectrum breaks", index, expected, value });
            }
            previous = value;
        }
        nondecreasing("spectrum heights", &heights)?;
        let ends = breaks.iter().copied().chain([1.0]);
        let starts = [0.0].into_iter().chain(breaks.iter().copied());
        let areas: Vec<f64> = starts.zip(ends).zip(&heights).map(|((start, end), h)| (end - start) * h).collect();
        let value = compensated(areas.iter().copied());
        if (value - 1.0).abs() > 1e-12 {
            return Err(Error::OutOfDomain { name: "integral of the spectrum", expected: "1", value });
        }
        let before = (0..areas.len()).map(|j| compensated(areas[..j].iter().copied())).collect();
        Ok(Self(Shape::Step(Steps { breaks, heights, before })))
    }

    /// One weight per loss of a sample of that size, from the smallest loss to the largest.
    ///
    /// On a sample of another size, or with probabilities, the weights are the step function of equal
    /// steps that they stand for.
    ///
    /// # Errors
    /// [`Error::Empty`]; [`Error::ElementOutOfDomain`] for a weight that is negative or below the one
    /// before; [`Error::OutOfDomain`] unless they sum to 1 within 1e-12.
    pub fn weights(weights: &[f64]) -> Result<Self> {
        if weights.is_empty() {
            return Err(Error::Empty { name: "spectrum weights" });
        }
        nondecreasing("spectrum weights", weights)?;
        let n = weights.len();
        let breaks = (1..n).map(|k| k as f64 / n as f64).collect();
        Self::step(breaks, weights.iter().map(|w| w * n as f64).collect())
    }

    /// The density `φ` at the level `0 ≤ p ≤ 1`.
    fn density(&self, p: f64) -> f64 {
        match &self.0 {
            Shape::Exponential(k) => k * (-k * (1.0 - p)).exp() / -(-k).exp_m1(),
            Shape::ExpectedShortfall(c) => {
                if p >= c.level() {
                    1.0 / c.tail()
                } else {
                    0.0
                }
            }
            Shape::Step(steps) => steps.heights[steps.step_at(p)],
        }
    }

    /// The integral of `φ` from 0 to `p`; 1 at 1.
    fn cumulative(&self, p: f64) -> f64 {
        if p >= 1.0 {
            return 1.0;
        }
        match &self.0 {
            Shape::Exponential(k) => (-k * (1.0 - p)).exp() * (-k * p).exp_m1() / (-k).exp_m1(),
            Shape::ExpectedShortfall(c) => ((p - c.level()) / c.tail()).max(0.0),
            Shape::Step(steps) => {
                let j = steps.step_at(p);
                let start = if j == 0 { 0.0 } else { steps.breaks[j - 1] };
                steps.before[j] + (p - start) * steps.heights[j]
            }
        }
    }

    /// What the spectrum is called in results.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.0 {
            Shape::Exponential(k) => format!("exponential({k})"),
            Shape::ExpectedShortfall(c) => format!("expected_shortfall({})", c.level()),
            Shape::Step(steps) => format!("step({} steps)", steps.heights.len()),
        }
    }
}

impl Steps {
    fn step_at(&self, p: f64) -> usize {
        self.breaks.partition_point(|&b| b <= p)
    }
}

fn nondecreasing(name: &'static str, values: &[f64]) -> Result<()> {
    let mut previous = 0.0;
    for (index, &value) in values.iter().enumerate() {
        // Equal weights such as 1/n times n may differ in the last bit.
        if !(value >= previous - 1e-15 * previous && value.is_finite()) {
            let expected = "at least 0 and not below the one before";
            return Err(Error::ElementOutOfDomain { name, index, expected, value });
        }
        previous = value;
    }
    Ok(())
}

impl LossSample {
    /// Spectral risk measure: losses weighted by the spectrum over their quantile levels.
    ///
    /// The standard error is that of an L-statistic, from its influence function; a bootstrap is at
    /// [`bootstrap`](Self::bootstrap).
    ///
    /// # Errors
    /// [`Error::Overflow`] when the losses are too large to be added.
    pub fn spectral(&self, spectrum: &Spectrum) -> Result<Estimate> {
        let ordered = Ordered::new(self);
        let weight = |k: usize| spectrum.cumulative(ordered.cumulative[k]) - spectrum.cumulative(ordered.below(k));
        let value = compensated((0..ordered.len()).map(|k| weight(k) * ordered.losses[k]));
        let error = self.error_of_mean(influence_variance(&ordered, spectrum));
        self.estimate(value, Measure::Spectral { spectrum: spectrum.name() }, error)
    }

    /// The losses that make up the spectral measure: `(index, weight)`, weights positive with sum 1.
    ///
    /// Equal losses share their weight in proportion to their probabilities.
    #[must_use]
    pub fn spectral_weights(&self, spectrum: &Spectrum) -> Vec<(usize, f64)> {
        let mut order: Vec<(usize, f64, f64)> =
            self.weighted().enumerate().map(|(i, (loss, p))| (i, loss, p)).filter(|&(.., p)| p > 0.0).collect();
        order.sort_by(|a, b| a.1.total_cmp(&b.1));
        let ordered = Ordered::new(self);
        let mut weights = Vec::with_capacity(order.len());
        let mut start = 0;
        while start < order.len() {
            let end = start + order[start..].partition_point(|&(_, loss, _)| loss <= order[start].1);
            let mass = spectrum.cumulative(ordered.cumulative[end - 1]) - spectrum.cumulative(ordered.below(start));
            let probability = compensated(order[start..end].iter().map(|&(.., p)| p));
            weights.extend(order[start..end].iter().map(|&(i, _, p)| (i, mass * p / probability)));
            start = end;
        }
        weights.retain(|&(_, w)| w > 0.0);
        weights.sort_unstable_by_key(|&(i, _)| i);
        weights
    }
}

/// Variance of the influence function `x ↦ ∫ up to x of φ(F(y)) dy`, up to a constant.
fn influence_variance(ordered: &Ordered, spectrum: &Spectrum) -> f64 {
    let mut influence = vec![0.0; ordered.len()];
    for k in 1..ordered.len() {
        let step = ordered.losses[k] - ordered.losses[k - 1];
        influence[k] = influence[k - 1] + step * spectrum.density(ordered.cumulative[k - 1]);
    }
    let mean = compensated((0..ordered.len()).map(|k| ordered.probability(k) * influence[k]));
    compensated((0..ordered.len()).map(|k| ordered.probability(k) * (influence[k] - mean).powi(2)))
}

/// The stored form, checked when it is read back.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stored {
    Exponential { aversion: f64 },
    ExpectedShortfall { confidence: Confidence },
    Step { breaks: Vec<f64>, heights: Vec<f64> },
}

impl TryFrom<Stored> for Spectrum {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        match stored {
            Stored::Exponential { aversion } => Self::exponential(aversion),
            Stored::ExpectedShortfall { confidence } => Ok(Self::expected_shortfall(confidence)),
            Stored::Step { breaks, heights } => Self::step(breaks, heights),
        }
    }
}

impl From<Spectrum> for Stored {
    fn from(spectrum: Spectrum) -> Self {
        match spectrum.0 {
            Shape::Exponential(aversion) => Self::Exponential { aversion },
            Shape::ExpectedShortfall(confidence) => Self::ExpectedShortfall { confidence },
            Shape::Step(Steps { breaks, heights, .. }) => Self::Step { breaks, heights },
        }
    }
}

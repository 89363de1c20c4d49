use super::ordered::Ordered;
use super::sample::LossSample;
use crate::sum::compensated;
use crate::{Confidence, Error, Estimate, Measure, Result};

/// The smallest tail of the tail Gini, in the convention of the libraries that offer it.
const SMALLEST_TAIL: f64 = 1e-4;

impl LossSample {
    /// The largest loss.
    ///
    /// # Errors
    /// None on a checked sample; the type is that of every measure.
    pub fn worst_loss(&self) -> Result<Estimate> {
        self.estimate(self.maximum().0, Measure::WorstLoss, None)
    }

    /// Standard deviation with divisor `n − ddof`; `n` is Kish's number when probabilities differ.
    ///
    /// The standard error `σ √((k − 1)/(4n))` uses the raw kurtosis `k` of the sample.
    ///
    /// # Errors
    /// [`Error::Undefined`] unless the sample is worth more than `ddof` observations, [`Error::Overflow`].
    pub fn volatility(&self, ddof: usize) -> Result<Estimate> {
        let mean = self.expectation();
        let variance = self.variance_with(mean, ddof)?;
        let population = self.variance_about(mean);
        let spread = self.mean_of(|l| ((l - mean) * (l - mean) / population - 1.0).powi(2));
        let error = (population > 0.0 && self.effective_observations() > 1.0)
            .then(|| 0.5 * (variance * spread / self.effective_observations()).sqrt());
        self.estimate(variance.sqrt(), Measure::Volatility, error)
    }

    /// Root of the lower partial moment of the gain, `(E max(target + L, 0)^order)^(1/order)`.
    ///
    /// `target` is a return or P&L; order 2 about 0 is the downside deviation. Partial moments with other
    /// divisors are at [`moments::partial_moment`](crate::moments::partial_moment).
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] for a target that is not finite or order 0, [`Error::Overflow`].
    pub fn lower_partial_moment(&self, target: f64, order: u32) -> Result<Estimate> {
        crate::check::finite_number("target", target)?;
        if order == 0 {
            return Err(Error::OutOfDomain { name: "order", expected: "at least 1", value: 0.0 });
        }
        let power = f64::from(order);
        let shortfall = |loss: f64| (target + loss).max(0.0).powf(power);
        let moment = self.mean_of(shortfall);
        let spread = self.error_of_mean(self.mean_of(|loss| (shortfall(loss) - moment).powi(2)));
        let value = moment.powf(1.0 / power);
        let error = spread.filter(|_| moment > 0.0).map(|s| s * value / (power * moment));
        self.estimate(value, Measure::LowerPartialMoment { order }, error)
    }

    /// Mean absolute deviation from the mean.
    ///
    /// # Errors
    /// [`Error::Overflow`] when the losses are too large to be added.
    pub fn mean_absolute_deviation(&self) -> Result<f64> {
        let mean = self.expectation();
        finite("mean absolute deviation", self.mean_of(|loss| (loss - mean).abs()))
    }

    /// Gini's mean difference: the mean of `|Lᵢ − Lⱼ|` over pairs of different observations.
    ///
    /// # Errors
    /// [`Error::Undefined`] unless the sample is worth more than one observation, [`Error::Overflow`].
    pub fn gini_mean_difference(&self) -> Result<f64> {
        let pairs = 1.0 - 1.0 / self.kish();
        if pairs <= 1e-12 {
            return Err(Error::Undefined { name: "Gini mean difference", reason: "it needs two observations" });
        }
        let ordered = Ordered::new(self);
        let half = compensated((1..ordered.len()).map(|k| {
            let below = ordered.below(k);
            (ordered.losses[k] - ordered.losses[k - 1]) * below * (1.0 - below)
        }));
        finite("Gini mean difference", 2.0 * half / pairs)
    }

    /// Largest loss less smallest loss.
    ///
    /// # Errors
    /// [`Error::Overflow`] when the difference does.
    pub fn range(&self) -> Result<f64> {
        let smallest = self.weighted().filter(|&(_, p)| p > 0.0).map(|(loss, _)| loss).fold(f64::INFINITY, f64::min);
        finite("range", self.maximum().0 - smallest)
    }

    /// Tail Gini: expected shortfalls at `levels` tails, equally spaced from 0.0001 to `a = 1 − c`, under
    /// the trapezoid weights of the Gini integral.
    ///
    /// ```text
    /// Σ wⱼ ES(aⱼ),  w₁ = a₂ a₁/a²,  wⱼ = (aⱼ₊₁ − aⱼ₋₁) aⱼ/a²,  w_N = (a − a_{N−1})/a
    /// ```
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] for fewer than 3 levels or a tail of 0.0001 or less, [`Error::Overflow`].
    pub fn tail_gini(&self, confidence: Confidence, levels: usize) -> Result<f64> {
        let tail = confidence.tail();
        if levels < 3 {
            return Err(Error::OutOfDomain { name: "levels", expected: "at least 3", value: levels as f64 });
        }
        if tail <= SMALLEST_TAIL {
            return Err(Error::OutOfDomain { name: "confidence", expected: "below 0.9999", value: confidence.level() });
        }
        let last = levels - 1;
        let step = (tail - SMALLEST_TAIL) / last as f64;
        let at = |j: usize| if j == last { tail } else { SMALLEST_TAIL + j as f64 * step };
        let weight = |j: usize| match j {
            0 => at(1) * at(0) / (tail * tail),
            _ if j == last => (tail - at(last - 1)) / tail,
            _ => (at(j + 1) - at(j - 1)) * at(j) / (tail * tail),
        };
        let ordered = Ordered::new(self);
        let sums = ordered.suffix_sums();
        finite("tail Gini", compensated((0..levels).map(|j| weight(j) * ordered.tail_mean(&sums, at(j)))))
    }

    /// Expected shortfall of the losses plus expected shortfall of the gains.
    ///
    /// # Errors
    /// [`Error::Overflow`].
    pub fn expected_shortfall_range(&self, confidence: Confidence) -> Result<f64> {
        let losses = self.expected_shortfall(confidence)?.value;
        let gains = self.negated().expected_shortfall(confidence)?.value;
        finite("expected shortfall range", losses + gains)
    }
}

fn finite(name: &'static str, value: f64) -> Result<f64> {
    if value.is_finite() { Ok(value) } else { Err(Error::Overflow { name }) }
}

use super::root;
use super::sample::LossSample;
use crate::types::confidence::snap;
use crate::{Confidence, Error, Estimate, Measure, Result};

impl LossSample {
    /// Entropic value at risk, the tightest Chernoff bound on value at risk.
    ///
    /// ```text
    /// EVaR = inf over t > 0 of [ln E e^(tL) − ln(1−c)] / t
    /// ```
    ///
    /// When the largest loss has probability `1 − c` or more it is the answer. The standard error is that
    /// of the mean of `e^(tL)` at the optimal `t`, carried through the logarithm; the largest loss as the
    /// answer has none.
    ///
    /// # Errors
    /// [`Error::Overflow`] when the losses are too large to be subtracted, [`Error::NotConverged`] when the
    /// search for `t` fails.
    ///
    /// # Source
    /// Ahmadi-Javid (2012), "Entropic value-at-risk: a new coherent risk measure".
    pub fn entropic_value_at_risk(&self, confidence: Confidence) -> Result<Estimate> {
        let measure = Measure::EntropicValueAtRisk { confidence };
        let (top, deviation) = self.top_and_deviation()?;
        if self.top_fills(confidence) {
            return self.estimate(top, measure, None);
        }
        let budget = -confidence.tail().ln();
        // The optimum under a normal law is the natural scale of the search.
        let start = ((2.0 * budget).sqrt() / deviation).ln();
        // The relative entropy of the tilted law rises with t from 0 to −ln P(L = top).
        let gap = |log_t: f64| self.tilted(top, log_t.exp()).entropy - budget;
        let Some((low, high)) = widen(start, &gap) else {
            // The tilt needed is beyond what doubles resolve: the infimum is at the largest loss.
            return self.estimate(top, measure, None);
        };
        let log_t = root::bracketed(low, high, 1e-11, gap).ok_or(Error::NotConverged {
            name: "entropic value at risk",
            iterations: 200,
            residual: high - low,
        })?;
        let t = log_t.exp();
        let tilted = self.tilted(top, t);
        let effective = self.effective_observations();
        let error = (effective > 1.0).then(|| ((tilted.mean_square_ratio - 1.0).max(0.0) / effective).sqrt() / t);
        self.estimate(top + (tilted.log_sum + budget) / t, measure, error)
    }

    /// Entropic risk `θ (ln E e^(L/θ) − ln(1−c))` with risk tolerance `θ`; the certainty equivalent of
    /// exponential utility is the case without the second term.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless `θ` is positive and finite, [`Error::Overflow`].
    pub fn entropic_risk(&self, tolerance: f64, confidence: Confidence) -> Result<f64> {
        if !(tolerance > 0.0 && tolerance.is_finite()) {
            return Err(Error::OutOfDomain {
                name: "risk tolerance",
                expected: "positive and finite",
                value: tolerance,
            });
        }
        let (top, _) = self.maximum();
        let log_mean = self.mean_of(|loss| ((loss - top) / tolerance).exp()).ln();
        let risk = top + tolerance * (log_mean - confidence.tail().ln());
        if risk.is_finite() { Ok(risk) } else { Err(Error::Overflow { name: "entropic risk" }) }
    }

    /// The largest loss and the standard deviation, both finite.
    pub(super) fn top_and_deviation(&self) -> Result<(f64, f64)> {
        let deviation = self.variance_about(self.expectation()).sqrt();
        if deviation.is_finite() { Ok((self.maximum().0, deviation)) } else { Err(Error::Overflow { name: "losses" }) }
    }

    /// Whether the largest loss alone fills the tail.
    pub(super) fn top_fills(&self, confidence: Confidence) -> bool {
        let n = self.len() as f64;
        snap((self.maximum().1 - confidence.tail()) * n) >= 0.0
    }

    fn tilted(&self, top: f64, t: f64) -> Tilted {
        let (mut sum, mut moment, mut squares) = (0.0, 0.0, 0.0);
        for (loss, p) in self.weighted() {
            if p > 0.0 {
                let distance = t * (loss - top);
                let density = distance.exp();
                sum += p * density;
                moment += p * density * distance;
                squares += p * density * density;
            }
        }
        let log_sum = sum.ln();
        Tilted { log_sum, entropy: moment / sum - log_sum, mean_square_ratio: squares / (sum * sum) }
    }
}

/// The law with density proportional to `e^(t(L − top))`.
struct Tilted {
    /// `ln E e^(t(L − top))`.
    log_sum: f64,
    /// Relative entropy against the sample.
    entropy: f64,
    /// `E w² / (E w)²` of the density `w`.
    mean_square_ratio: f64,
}

/// A bracket around the sign change of an increasing function, grown from `start`.
pub(super) fn widen(start: f64, f: &impl Fn(f64) -> f64) -> Option<(f64, f64)> {
    let (mut low, mut high) = (start - 0.7, start + 0.7);
    for _ in 0..60 {
        if f(low) < 0.0 {
            break;
        }
        (high, low) = (low, low - 2.0);
    }
    for _ in 0..60 {
        if f(high) > 0.0 {
            return Some((low, high));
        }
        (low, high) = (high, high + 2.0);
    }
    None
}

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::measures::{QuantileRule, quantile};
use crate::{Confidence, Error, Result, check, moments};

/// The relative spread of a quote, `(ask − bid) / ((ask + bid)/2)`, between 0 and 2.
///
/// # Errors
/// [`Error::OutOfDomain`] unless `0 ≤ bid ≤ ask`, `ask > 0`, both finite.
///
/// # Examples
/// ```
/// use alluse_risk_core::liquidity::relative_spread;
///
/// assert!((relative_spread(99.0, 101.0)? - 0.02).abs() < 1e-15);
/// assert!(relative_spread(101.0, 99.0).is_err()); // crossed
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn relative_spread(bid: f64, ask: f64) -> Result<f64> {
    if !(bid >= 0.0 && bid.is_finite()) {
        return Err(Error::OutOfDomain { name: "bid", expected: "finite and not negative", value: bid });
    }
    if !(ask > 0.0 && ask.is_finite() && ask >= bid) {
        return Err(Error::OutOfDomain { name: "ask", expected: "positive, finite and at least the bid", value: ask });
    }
    // Halves first: the sum of two large prices could overflow.
    Ok((ask - bid) / (0.5 * ask + 0.5 * bid))
}

/// The law of a relative spread in three numbers, as a liquidity-adjusted value at risk wants it.
///
/// ```text
/// worst spread = S̄ + a σ_S      cost of a sale = worst spread / 2
/// ```
///
/// | parameter | meaning | range |
/// |---|---|---|
/// | `mean` | S̄ | [0, 2] |
/// | `standard_deviation` | σ_S | not negative |
/// | `multiplier` | a, how many deviations the worst spread is away | not negative; 2.0 to 4.5 in the source |
///
/// A worst spread above 2 is refused: no quote is that wide.
///
/// # Source
/// Bangia, Diebold, Schuermann and Stroughair (1999), "Modeling liquidity risk".
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct SpreadModel {
    mean: f64,
    standard_deviation: f64,
    multiplier: f64,
}

impl SpreadModel {
    /// # Errors
    /// [`Error::OutOfDomain`] for a number outside the ranges above.
    pub fn new(mean: f64, standard_deviation: f64, multiplier: f64) -> Result<Self> {
        let numbers = [("mean spread", mean), ("spread deviation", standard_deviation), ("multiplier", multiplier)];
        for (name, value) in numbers {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::OutOfDomain { name, expected: "finite and not negative", value });
            }
        }
        let model = Self { mean, standard_deviation, multiplier };
        let value = model.worst();
        if value <= 2.0 {
            Ok(model)
        } else {
            Err(Error::OutOfDomain { name: "worst spread", expected: "at most 2, the widest a quote can be", value })
        }
    }

    /// S̄.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// σ_S.
    #[must_use]
    pub fn standard_deviation(&self) -> f64 {
        self.standard_deviation
    }

    /// a.
    #[must_use]
    pub fn multiplier(&self) -> f64 {
        self.multiplier
    }

    /// `S̄ + a σ_S`.
    #[must_use]
    pub fn worst(&self) -> f64 {
        self.mean + self.multiplier * self.standard_deviation
    }

    /// Half of the worst spread: what a sale at that spread loses against the mid price.
    #[must_use]
    pub fn cost(&self) -> f64 {
        0.5 * self.worst()
    }
}

/// A sample of relative spreads in a few numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SpreadStatistics {
    /// S̄.
    pub mean: f64,
    /// σ_S with divisor `n − 1`.
    pub standard_deviation: f64,
    /// The sample quantile at the confidence.
    pub quantile: f64,
    /// `(quantile − S̄)/σ_S`; `None` when the spread never changed.
    pub multiplier: Option<f64>,
    /// The confidence of the quantile.
    pub confidence: Confidence,
    /// Which sample quantile.
    pub rule: QuantileRule,
    /// Spreads used.
    pub observations: usize,
    /// Spreads in the tail, a fraction included.
    pub tail_observations: f64,
}

impl SpreadStatistics {
    /// The model whose worst spread is the sample quantile.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] when the quantile lies below the mean, where the model cannot follow.
    pub fn model(&self) -> Result<SpreadModel> {
        SpreadModel::new(self.mean, self.standard_deviation, self.multiplier.unwrap_or(0.0))
    }
}

/// Mean, deviation and quantile of relative spreads.
///
/// # Errors
/// [`Error::Empty`]; [`Error::ElementOutOfDomain`] for a spread outside [0, 2]; [`Error::InsufficientData`]
/// with fewer than two.
///
/// # Examples
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_risk_core::liquidity::spread_statistics;
/// use alluse_risk_core::measures::QuantileRule;
/// use ndarray::array;
///
/// let spreads = array![0.01, 0.01, 0.02, 0.02, 0.04];
/// let statistics = spread_statistics(spreads.view(), Confidence::new(0.75)?, QuantileRule::Linear)?;
/// assert!((statistics.mean - 0.02).abs() < 1e-15 && (statistics.quantile - 0.02).abs() < 1e-15);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn spread_statistics(
    spreads: ArrayView1<'_, f64>,
    confidence: Confidence,
    rule: QuantileRule,
) -> Result<SpreadStatistics> {
    const NAME: &str = "spreads";
    check::finite(NAME, spreads)?;
    if let Some(index) = spreads.iter().position(|s| !(0.0..=2.0).contains(s)) {
        return Err(Error::ElementOutOfDomain { name: NAME, index, expected: "in [0, 2]", value: spreads[index] });
    }
    let observations = spreads.len();
    check::enough("spread statistics", 2, observations)?;
    let mean = moments::mean(spreads)?;
    let constant = spreads.iter().all(|s| (s - spreads[0]).abs() <= 0.0);
    // The deviation of equal numbers is rounding of their mean.
    let standard_deviation = if constant { 0.0 } else { moments::variance(spreads, 1)?.sqrt() };
    let quantile = quantile(spreads, confidence.level(), rule)?;
    let multiplier = (standard_deviation > 0.0).then(|| (quantile - mean) / standard_deviation);
    let tail_observations = confidence.tail_count(observations);
    Ok(SpreadStatistics {
        mean,
        standard_deviation,
        quantile,
        multiplier,
        confidence,
        rule,
        observations,
        tail_observations,
    })
}

/// The stored form, so that a stored model is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    mean: f64,
    standard_deviation: f64,
    multiplier: f64,
}

impl TryFrom<Raw> for SpreadModel {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.mean, raw.standard_deviation, raw.multiplier)
    }
}

impl From<SpreadModel> for Raw {
    fn from(model: SpreadModel) -> Self {
        Self { mean: model.mean, standard_deviation: model.standard_deviation, multiplier: model.multiplier }
    }
}

use serde::{Deserialize, Serialize};

use super::sample::LossSample;
use crate::{Confidence, Error, Estimate, Measure, Result, check, normal};

/// What to do outside the parameters for which the Cornish-Fisher expansion is a quantile function.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ExpansionDomain {
    /// Refuse: the expansion must increase everywhere.
    #[default]
    Monotone,
    /// Evaluate the polynomial wherever it leads, as most packages do.
    Unchecked,
}

/// How far the expansion of a quantile goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpansionOrder {
    /// The first skewness term alone, as older texts have it.
    Third,
    /// Skewness and kurtosis.
    #[default]
    Fourth,
}

/// An expanded quantile and the loss there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExpandedQuantile {
    /// The standardised quantile of the return, negative in the loss tail.
    pub z: f64,
    /// The loss, `−(μ + z σ)`.
    pub value_at_risk: f64,
}

/// Whether an expansion of expected shortfall may fall below its value at risk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ShortfallFloor {
    /// At least the value at risk of the same expansion.
    #[default]
    ValueAtRisk,
    /// The polynomial as it is.
    None,
}

/// The Cornish-Fisher expansion of a return distribution around the normal law.
///
/// ```text
/// h = z + (z²−1) S/6 + (z³−3z) K/24 − (2z³−5z) S²/36,   z = Φ⁻¹(1−c)
/// VaR = −(μ + h σ)
/// ```
///
/// `S` and `K` are skewness and excess kurtosis of the return (not of the loss). They are parameters of
/// the expansion: the law it describes has other moments unless both are small.
///
/// # Source
/// Cornish and Fisher (1938); domain: Maillard (2012); expected shortfall: Boudt, Peterson and Croux (2008).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CornishFisher {
    mean: f64,
    standard_deviation: f64,
    skewness: f64,
    excess_kurtosis: f64,
}

impl CornishFisher {
    /// # Errors
    /// [`Error::OutOfDomain`] for a parameter that is not finite or a negative standard deviation;
    /// [`Error::Undefined`] outside the monotone domain when `domain` asks for it.
    ///
    /// # Examples
    /// ```
    /// use alluse_risk_core::{Confidence, measures::{CornishFisher, ExpansionDomain}};
    ///
    /// let fat = CornishFisher::new(0.0, 0.01, -0.5, 2.0, ExpansionDomain::Monotone)?;
    /// let thin = CornishFisher::new(0.0, 0.01, 0.0, 0.0, ExpansionDomain::Monotone)?;
    /// assert!(fat.value_at_risk(Confidence::P99) > thin.value_at_risk(Confidence::P99));
    /// // A skewness of −3 bends the quantile back on itself.
    /// assert!(CornishFisher::new(0.0, 0.01, -3.0, 2.0, ExpansionDomain::Monotone).is_err());
    /// # Ok::<(), alluse_risk_core::Error>(())
    /// ```
    pub fn new(
        mean: f64,
        standard_deviation: f64,
        skewness: f64,
        excess_kurtosis: f64,
        domain: ExpansionDomain,
    ) -> Result<Self> {
        check::finite_number("mean", mean)?;
        check::finite_number("skewness", skewness)?;
        check::finite_number("excess kurtosis", excess_kurtosis)?;
        if !(standard_deviation >= 0.0 && standard_deviation.is_finite()) {
            let expected = "at least 0 and finite";
            return Err(Error::OutOfDomain { name: "standard deviation", expected, value: standard_deviation });
        }
        if domain == ExpansionDomain::Monotone && !Self::is_monotone(skewness, excess_kurtosis) {
            let reason = "skewness and kurtosis lie outside the domain in which its quantile increases";
            return Err(Error::Undefined { name: "Cornish-Fisher expansion", reason });
        }
        Ok(Self { mean, standard_deviation, skewness, excess_kurtosis })
    }

    /// Whether the expansion increases in `z` everywhere.
    ///
    /// ```text
    /// derivative = (K/8 − S²/6) z² + (S/3) z + (1 − K/8 + 5S²/36) ≥ 0 for all z
    /// ```
    #[must_use]
    pub fn is_monotone(skewness: f64, excess_kurtosis: f64) -> bool {
        let (s, k) = (skewness, excess_kurtosis);
        let curvature = k / 8.0 - s * s / 6.0;
        let constant = 1.0 - k / 8.0 + 5.0 * s * s / 36.0;
        curvature >= 0.0 && constant >= 0.0 && s * s / 9.0 - 4.0 * curvature * constant <= 0.0
    }

    /// Mean of the return.
    #[must_use]
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Standard deviation of the return.
    #[must_use]
    pub fn standard_deviation(&self) -> f64 {
        self.standard_deviation
    }

    /// Skewness of the return.
    #[must_use]
    pub fn skewness(&self) -> f64 {
        self.skewness
    }

    /// Excess kurtosis of the return.
    #[must_use]
    pub fn excess_kurtosis(&self) -> f64 {
        self.excess_kurtosis
    }

    /// Value at risk of the expansion.
    #[must_use]
    pub fn value_at_risk(&self, confidence: Confidence) -> f64 {
        -(self.mean + self.standardised_quantile(confidence) * self.standard_deviation)
    }

    /// The expansion where the normal quantile of the return would be `−multiplier`, such as the 2.33 of older
    /// texts.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless the multiplier is finite; [`Error::Undefined`] where the expansion does not
    /// increase at that point, whatever the domain the expansion was made with.
    ///
    /// # Examples
    /// ```
    /// use alluse_risk_core::measures::{CornishFisher, ExpansionDomain, ExpansionOrder};
    ///
    /// // Hull, technical note 10: skewness alone, 2.33 standard deviations.
    /// let pnl = CornishFisher::new(-0.2, 2.2, -0.4, 0.0, ExpansionDomain::Unchecked)?;
    /// assert!((pnl.at_multiplier(2.33, ExpansionOrder::Third)?.value_at_risk - 5.976).abs() < 2e-3);
    /// # Ok::<(), alluse_risk_core::Error>(())
    /// ```
    pub fn at_multiplier(&self, multiplier: f64, order: ExpansionOrder) -> Result<ExpandedQuantile> {
        check::finite_number("multiplier", multiplier)?;
        let (s, k) = (self.skewness, self.excess_kurtosis);
        let q = -multiplier;
        let (z, slope) = match order {
            ExpansionOrder::Third => (q + (q * q - 1.0) * s / 6.0, 1.0 + q * s / 3.0),
            ExpansionOrder::Fourth => {
                (self.expand(q), 1.0 + q * s / 3.0 + (q * q - 1.0) * k / 8.0 - (6.0 * q * q - 5.0) * s * s / 36.0)
            }
        };
        if slope <= 0.0 {
            let reason = "the expansion does not increase at this quantile";
            return Err(Error::Undefined { name: "Cornish-Fisher quantile", reason });
        }
        Ok(ExpandedQuantile { z, value_at_risk: -(self.mean + z * self.standard_deviation) })
    }

    /// Expected shortfall by the Edgeworth expansion of the tail mean.
    ///
    /// ```text
    /// ES = −μ + σ E,  E = φ(h)/(1−c) · [1 + h³ S/6 + (h⁶−9h⁴+9h²+3) S²/72 + (h⁴−2h²−1) K/24]
    /// ```
    #[must_use]
    pub fn expected_shortfall(&self, confidence: Confidence, floor: ShortfallFloor) -> f64 {
        let (s, k) = (self.skewness, self.excess_kurtosis);
        let h = self.standardised_quantile(confidence);
        let h2 = h * h;
        let square = ((h2 - 9.0) * h2 + 9.0) * h2 + 3.0;
        let bracket = 1.0 + h2 * h * s / 6.0 + square * s * s / 72.0 + ((h2 - 2.0) * h2 - 1.0) * k / 24.0;
        let raw = normal::density(h) / confidence.tail() * bracket;
        let standardised = match floor {
            ShortfallFloor::ValueAtRisk => raw.max(-h),
            ShortfallFloor::None => raw,
        };
        self.standard_deviation * standardised - self.mean
    }

    fn standardised_quantile(&self, confidence: Confidence) -> f64 {
        self.expand(normal::quantile_inside(confidence.tail()))
    }

    fn expand(&self, z: f64) -> f64 {
        let (s, k) = (self.skewness, self.excess_kurtosis);
        let z2 = z * z;
        z + (z2 - 1.0) * s / 6.0 + z * (z2 - 3.0) * k / 24.0 - z * (2.0 * z2 - 5.0) * s * s / 36.0
    }
}

impl LossSample {
    /// Value at risk of the normal law with the sample's mean and standard deviation, `m + z sd` on losses.
    ///
    /// The standard error `sd √((1 + z²/2)/n)` holds when the losses are normal.
    ///
    /// # Errors
    /// [`Error::Undefined`] unless the sample is worth more than `ddof` observations, [`Error::Overflow`].
    pub fn normal_value_at_risk(&self, confidence: Confidence, ddof: usize) -> Result<Estimate> {
        let z = -normal::quantile_inside(confidence.tail());
        self.normal(z, ddof, Measure::ValueAtRisk { confidence, rule: None })
    }

    /// Expected shortfall of the normal law with the sample's mean and standard deviation,
    /// `m + sd φ(z)/(1−c)` on losses.
    ///
    /// # Errors
    /// As [`normal_value_at_risk`](Self::normal_value_at_risk).
    pub fn normal_expected_shortfall(&self, confidence: Confidence, ddof: usize) -> Result<Estimate> {
        let multiple = normal::density(normal::quantile_inside(confidence.tail())) / confidence.tail();
        self.normal(multiple, ddof, Measure::ExpectedShortfall { confidence })
    }

    /// The Cornish-Fisher expansion with the sample's mean and population moments.
    ///
    /// # Errors
    /// [`Error::Undefined`] for a constant sample and outside the domain that is asked for.
    pub fn cornish_fisher(&self, domain: ExpansionDomain) -> Result<CornishFisher> {
        let mean = self.expectation();
        let variance = self.variance_about(mean);
        if !variance.is_finite() {
            return Err(Error::Overflow { name: "variance" });
        }
        if variance <= 0.0 {
            let reason = "the sample does not vary";
            return Err(Error::Undefined { name: "Cornish-Fisher expansion", reason });
        }
        let deviation = variance.sqrt();
        let standardised = |loss: f64| (loss - mean) / deviation;
        // The skewness of the return is that of the loss with the other sign.
        let skewness = -self.mean_of(|loss| standardised(loss).powi(3));
        let excess = self.mean_of(|loss| standardised(loss).powi(4)) - 3.0;
        CornishFisher::new(-mean, deviation, skewness, excess, domain)
    }

    /// Value at risk of the sample's Cornish-Fisher expansion; no standard error but by
    /// [`bootstrap`](Self::bootstrap).
    ///
    /// # Errors
    /// As [`cornish_fisher`](Self::cornish_fisher).
    pub fn cornish_fisher_value_at_risk(&self, confidence: Confidence, domain: ExpansionDomain) -> Result<Estimate> {
        let value = self.cornish_fisher(domain)?.value_at_risk(confidence);
        self.estimate(value, Measure::ValueAtRisk { confidence, rule: None }, None)
    }

    /// Expected shortfall of the sample's Cornish-Fisher expansion.
    ///
    /// # Errors
    /// As [`cornish_fisher`](Self::cornish_fisher).
    pub fn cornish_fisher_expected_shortfall(
        &self,
        confidence: Confidence,
        domain: ExpansionDomain,
        floor: ShortfallFloor,
    ) -> Result<Estimate> {
        let value = self.cornish_fisher(domain)?.expected_shortfall(confidence, floor);
        self.estimate(value, Measure::ExpectedShortfall { confidence }, None)
    }

    fn normal(&self, multiple: f64, ddof: usize, measure: Measure) -> Result<Estimate> {
        let mean = self.expectation();
        let deviation = self.variance_with(mean, ddof)?.sqrt();
        let spread = (1.0 + 0.5 * multiple * multiple) / self.effective_observations();
        let error = (deviation > 0.0).then(|| deviation * spread.sqrt());
        self.estimate(mean + multiple * deviation, measure, error)
    }

    /// Variance with the divisor `N − ddof`, `N` Kish's number.
    pub(super) fn variance_with(&self, mean: f64, ddof: usize) -> Result<f64> {
        let n = self.kish();
        let left = n - ddof as f64;
        if left <= 1e-9 {
            return Err(Error::Undefined { name: "variance", reason: "it needs more observations than ddof" });
        }
        Ok(self.variance_about(mean) * n / left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standard(skewness: f64, excess_kurtosis: f64) -> CornishFisher {
        CornishFisher::new(0.0, 1.0, skewness, excess_kurtosis, ExpansionDomain::Unchecked).unwrap()
    }

    #[test]
    fn without_skew_and_kurtosis_it_is_the_normal() {
        for order in [ExpansionOrder::Third, ExpansionOrder::Fourth] {
            assert_eq!(standard(0.0, 0.0).at_multiplier(2.0, order).unwrap().z, -2.0);
        }
    }

    #[test]
    fn fourth_order_by_hand() {
        // q = −2, S = −0.6, K = 2.4: −2 + 3(−0.1) + (−8+6)(0.1) − (−16+10)(0.01) = −2.44.
        let z = standard(-0.6, 2.4).at_multiplier(2.0, ExpansionOrder::Fourth).unwrap().z;
        assert!((z + 2.44).abs() < 1e-12, "{z}");
    }

    #[test]
    fn where_it_does_not_increase_there_is_no_number() {
        for (skewness, order) in [(4.0, ExpansionOrder::Fourth), (2.0, ExpansionOrder::Third)] {
            let error = standard(skewness, 1.0).at_multiplier(2.3, order).unwrap_err();
            assert!(matches!(error, Error::Undefined { .. }), "{skewness}");
        }
        assert!(standard(0.0, 0.0).at_multiplier(f64::NAN, ExpansionOrder::Third).is_err());
    }
}

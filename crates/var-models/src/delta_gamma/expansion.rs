//! The Cornish-Fisher expansion of the loss on its exact cumulants.
//!
//! ```text
//! q(p) = μ + σ h(z),   h = z + (z²−1) S/6 + (z³−3z) K/24 − (2z³−5z) S²/36,   z = Φ⁻¹(p)
//! ES   = μ + σ m [1 + z S/6 + (z²−1) K/24 − (2z²−1) S²/36],                 m = φ(z)/(1−c)
//! ```
//! The second line is the mean of the first over the tail: `∫ Heₖ φ = Heₖ₋₁ φ` from `z` on.

use alluse_risk_core::measures::CornishFisher;
use alluse_risk_core::{Error as CoreError, Result as CoreResult, normal};

use super::form::Form;

#[derive(Debug, Clone, Copy)]
pub(super) struct Expansion {
    mean: f64,
    deviation: f64,
    skewness: f64,
    kurtosis: f64,
}

impl Expansion {
    /// Refuses cumulants for which the expansion is not a quantile function.
    pub(super) fn new(form: &Form) -> CoreResult<Self> {
        let (mean, variance) = (form.mean(), form.variance());
        if variance == 0.0 {
            return Ok(Self { mean, deviation: 0.0, skewness: 0.0, kurtosis: 0.0 });
        }
        let deviation = variance.sqrt();
        let skewness = form.cumulant(3) / (variance * deviation);
        let kurtosis = form.cumulant(4) / (variance * variance);
        if !CornishFisher::is_monotone(skewness, kurtosis) {
            let reason = "skewness and kurtosis of the delta-gamma loss lie outside the domain in which it increases";
            return Err(CoreError::Undefined { name: "Cornish-Fisher expansion", reason });
        }
        Ok(Self { mean, deviation, skewness, kurtosis })
    }

    /// The loss where the standard normal is `z`.
    pub(super) fn at(&self, z: f64) -> f64 {
        let (s, k, z2) = (self.skewness, self.kurtosis, z * z);
        let bent = (z2 - 1.0) * s / 6.0 + z * (z2 - 3.0) * k / 24.0 - z * (2.0 * z2 - 5.0) * s * s / 36.0;
        self.mean + self.deviation * (z + bent)
    }

    /// Mean loss beyond `z`, a tail of mass `tail`.
    pub(super) fn beyond(&self, z: f64, tail: f64) -> f64 {
        let (s, k, z2) = (self.skewness, self.kurtosis, z * z);
        let inner = 1.0 + z * s / 6.0 + (z2 - 1.0) * k / 24.0 - (2.0 * z2 - 1.0) * s * s / 36.0;
        self.mean + self.deviation * inner * normal::density(z) / tail
    }

    /// The probability of at most `loss`, by bisection on the increasing polynomial.
    pub(super) fn below(&self, loss: f64) -> f64 {
        if self.deviation == 0.0 {
            return f64::from(u8::from(loss >= self.mean));
        }
        // Beyond 40 deviations the normal has no mass that a double can show.
        let (mut low, mut high) = (-40.0, 40.0);
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if self.at(middle) <= loss { low = middle } else { high = middle }
        }
        normal::cdf(0.5 * (low + high))
    }
}

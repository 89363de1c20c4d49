//! Expectations that multi-step forecasts need.

use super::{InnovationLaw, Kernel};

impl InnovationLaw {
    /// Whether `E exp(u |z|)` is finite for positive `u`.
    pub(crate) fn has_exponential_moments(self) -> bool {
        match self {
            Self::Normal => true,
            Self::StudentT { .. } | Self::SkewedT { .. } => false,
            Self::GeneralizedError { shape } => shape > 1.0,
        }
    }

    /// `E g(z)`, by the trapezoidal rule in `s` with `z = sinh s`, over the probability that the rule finds.
    ///
    /// The rule converges faster than any power of its step for smooth `g` on either side of zero. Dividing by the
    /// probability makes what the far tails leave out cancel to first order.
    pub(crate) fn expectation(self, g: impl Fn(f64) -> f64) -> f64 {
        const STEP: f64 = 1.0 / 64.0;
        const FAR: i32 = 64 * 28;
        let kernel = Kernel::new(self);
        let (mut total, mut mass) = (0.0, 0.0);
        // Nodes half a step away from zero, where laws and integrands have kinks.
        for node in -FAR..FAR {
            let s = (f64::from(node) + 0.5) * STEP;
            let z = libm::sinh(s);
            let weight = libm::exp(kernel.log_density(z)) * libm::cosh(s);
            if weight > 0.0 {
                total += weight * g(z);
                mass += weight;
            }
        }
        total / mass
    }

    /// Share of the variance that comes from negative shocks: one half of a symmetric law.
    pub(crate) fn negative_share(self) -> f64 {
        match self {
            Self::SkewedT { .. } => {
                let negative = self.expectation(|z| if z < 0.0 { z * z } else { 0.0 });
                let positive = self.expectation(|z| if z > 0.0 { z * z } else { 0.0 });
                negative / (negative + positive)
            }
            _ => 0.5,
        }
    }
}

//! The Cornish-Fisher expansion of a quantile.
//!
//! ```text
//! z_cf = q + (q²−1)S/6 + (q³−3q)K/24 − (2q³−5q)S²/36        q = −multiplier
//! VaR  = −(μ + z_cf σ)
//! ```
//! with skewness `S` and excess kurtosis `K`; the third-order form stops after the first correction.

use alluse_risk_core::Error as CoreError;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// How far the expansion goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CornishFisherOrder {
    /// Skewness only.
    Third,
    /// Skewness and kurtosis.
    Fourth,
}

/// Mean, standard deviation, skewness and excess kurtosis of the P&L or return.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CornishFisher {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub standard_deviation: f64,
    /// Skewness.
    pub skewness: f64,
    /// Kurtosis less 3.
    pub excess_kurtosis: f64,
    /// How far the expansion goes.
    pub order: CornishFisherOrder,
}

/// An expanded quantile.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CornishFisherVar {
    /// The expanded standard quantile, negative in the loss tail.
    pub z: f64,
    /// The loss there.
    pub value_at_risk: f64,
}

impl CornishFisher {
    /// VaR where the normal quantile would be `−multiplier`.
    ///
    /// # Errors
    /// [`Error::Input`] for numbers that are not finite or a negative standard deviation, and `Undefined`
    /// where the expansion is not increasing at the quantile and so is not a quantile at all.
    ///
    /// ```
    /// use alluse_var_models::{CornishFisher, CornishFisherOrder};
    ///
    /// // Hull, technical note 10.
    /// let pnl = CornishFisher {
    ///     mean: -0.2,
    ///     standard_deviation: 2.2,
    ///     skewness: -0.4,
    ///     excess_kurtosis: 0.0,
    ///     order: CornishFisherOrder::Third,
    /// };
    /// assert!((pnl.at_multiplier(2.33)?.value_at_risk - 5.976).abs() < 2e-3);
    /// # Ok::<(), alluse_var_models::Error>(())
    /// ```
    pub fn at_multiplier(&self, multiplier: f64) -> Result<CornishFisherVar> {
        let Self { mean, standard_deviation, skewness: s, excess_kurtosis: k, order } = *self;
        for (name, value) in
            [("mean", mean), ("skewness", s), ("excess_kurtosis", k), ("multiplier", multiplier)]
        {
            if !value.is_finite() {
                return Err(Error::out_of_domain(name, "finite", value));
            }
        }
        if !(standard_deviation >= 0.0 && standard_deviation.is_finite()) {
            return Err(Error::out_of_domain("standard_deviation", "finite and at least 0", standard_deviation));
        }
        let q = -multiplier;
        let (mut z, mut slope) = (q + (q * q - 1.0) * s / 6.0, 1.0 + q * s / 3.0);
        if order == CornishFisherOrder::Fourth {
            z += (q.powi(3) - 3.0 * q) * k / 24.0 - (2.0 * q.powi(3) - 5.0 * q) * s * s / 36.0;
            slope += (q * q - 1.0) * k / 8.0 - (6.0 * q * q - 5.0) * s * s / 36.0;
        }
        if slope <= 0.0 {
            let reason = "the expansion does not increase at this quantile for this skewness and kurtosis";
            return Err(CoreError::Undefined { name: "Cornish-Fisher quantile", reason }.into());
        }
        Ok(CornishFisherVar { z, value_at_risk: -(mean + z * standard_deviation) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pnl(skewness: f64, excess_kurtosis: f64, order: CornishFisherOrder) -> CornishFisher {
        CornishFisher { mean: 0.0, standard_deviation: 1.0, skewness, excess_kurtosis, order }
    }

    #[test]
    fn without_skew_and_kurtosis_it_is_the_normal() {
        for order in [CornishFisherOrder::Third, CornishFisherOrder::Fourth] {
            assert_eq!(pnl(0.0, 0.0, order).at_multiplier(2.0).unwrap().z, -2.0);
        }
    }

    #[test]
    fn fourth_order_by_hand() {
        // q = −2, S = −0.6, K = 2.4: −2 + 3(−0.1) + (−8+6)(0.1) − (−16+10)(0.01) = −2.44.
        let z = pnl(-0.6, 2.4, CornishFisherOrder::Fourth).at_multiplier(2.0).unwrap().z;
        assert!((z + 2.44).abs() < 1e-12, "{z}");
    }

    #[test]
    fn outside_its_domain_there_is_no_number() {
        let error = pnl(4.0, 1.0, CornishFisherOrder::Fourth).at_multiplier(2.3).unwrap_err();
        assert!(matches!(error, Error::Input(CoreError::Undefined { .. })));
        assert!(pnl(2.0, 0.0, CornishFisherOrder::Third).at_multiplier(2.0).is_err());
        assert!(pnl(f64::NAN, 0.0, CornishFisherOrder::Third).at_multiplier(2.0).is_err());
        let negative = CornishFisher { standard_deviation: -1.0, ..pnl(0.0, 0.0, CornishFisherOrder::Third) };
        assert!(negative.at_multiplier(2.0).is_err());
    }
}

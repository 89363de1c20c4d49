use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::central::finite;
use crate::sum::compensated;
use crate::{Error, Result, check};

/// The first four L-moments: location, scale and shape from order statistics, robust against outliers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LMoments {
    /// `λ₁`, the mean.
    pub location: f64,
    /// `λ₂`, half of Gini's mean difference.
    pub scale: f64,
    /// `λ₃`.
    pub third: f64,
    /// `λ₄`.
    pub fourth: f64,
}

impl LMoments {
    /// L-skewness `τ₃ = λ₃/λ₂`, in `(−1, 1)`.
    ///
    /// # Errors
    /// [`Error::Undefined`] for a constant series.
    pub fn skewness(&self) -> Result<f64> {
        self.ratio(self.third)
    }

    /// L-kurtosis `τ₄ = λ₄/λ₂`, in `[−1/4, 1)`; 0.1226 for a normal law.
    ///
    /// # Errors
    /// [`Error::Undefined`] for a constant series.
    pub fn kurtosis(&self) -> Result<f64> {
        self.ratio(self.fourth)
    }

    fn ratio(&self, moment: f64) -> Result<f64> {
        if self.scale > 4.0 * f64::EPSILON * self.location.abs() {
            Ok(moment / self.scale)
        } else {
            Err(Error::Undefined { name: "L-moment ratio", reason: "the series does not vary" })
        }
    }
}

/// Sample L-moments from unbiased probability-weighted moments `b_r`.
///
/// ```text
/// b_r = (1/n) Σ C(i−1, r)/C(n−1, r) x₍ᵢ₎      λ₂ = 2b₁ − b₀
/// λ₃ = 6b₂ − 6b₁ + b₀                         λ₄ = 20b₃ − 30b₂ + 12b₁ − b₀
/// ```
///
/// # Errors
/// [`Error::Empty`], [`Error::ElementOutOfDomain`], [`Error::InsufficientData`] for fewer than 4 values.
///
/// # Source
/// Hosking (1990), "L-moments: analysis and estimation of distributions".
pub fn l_moments(values: ArrayView1<'_, f64>) -> Result<LMoments> {
    check::finite("values", values)?;
    check::enough("L-moments", 4, values.len())?;
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len() as f64;
    // Moments about the median value lose no digits to a large location.
    let centre = sorted[sorted.len() / 2];
    let weighted = |order: usize| {
        let terms = sorted.iter().enumerate().map(|(i, x)| {
            let weight: f64 = (0..order).map(|j| (i as f64 - j as f64) / (n - 1.0 - j as f64)).product();
            weight * (x - centre)
        });
        compensated(terms) / n
    };
    let (b0, b1, b2, b3) = (weighted(0), weighted(1), weighted(2), weighted(3));
    Ok(LMoments {
        location: finite("L-moments", centre + b0)?,
        scale: finite("L-moments", 2.0 * b1 - b0)?,
        third: finite("L-moments", 6.0 * b2 - 6.0 * b1 + b0)?,
        fourth: finite("L-moments", 20.0 * b3 - 30.0 * b2 + 12.0 * b1 - b0)?,
    })
}

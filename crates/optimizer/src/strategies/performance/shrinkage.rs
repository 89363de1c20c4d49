//! Estimates shrunk towards their common mean.

use alluse_risk_core::Error as Input;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::strategies::check;

/// Estimates of several like quantities, shrunk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Shrinkage {
    /// μ, the common mean.
    pub mean: f64,
    /// τ², the variance of the true values between strategies; 0 when the estimates differ no more than their
    /// errors explain.
    pub between_variance: f64,
    /// The estimates, in order.
    pub values: Vec<ShrunkValue>,
}

/// One estimate and what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ShrunkValue {
    /// As it was measured.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Bᵢ, the part of its distance from the mean that is taken as luck: 1 shrinks all the way.
    pub intensity: f64,
    /// `μ + (1 − Bᵢ)(estimate − μ)`.
    pub shrunk: f64,
}

/// Empirical Bayes shrinkage of estimates with known errors.
///
/// ```text
/// xᵢ ~ N(θᵢ, vᵢ)    θᵢ ~ N(μ, τ²)    Bᵢ = vᵢ/(vᵢ + τ²)    θ̂ᵢ = μ̂ + (1 − Bᵢ)(xᵢ − μ̂)
/// Q = Σ (xᵢ − x̄)²/vᵢ    τ² = max(0, (Q − (k − 1)) / (Σ 1/vᵢ − Σ 1/vᵢ² / Σ 1/vᵢ))    μ̂ = Σ xᵢ/(vᵢ + τ²) / Σ 1/(vᵢ + τ²)
/// ```
///
/// `x̄` is the mean weighted by `1/vᵢ`. The errors are taken as independent: errors that are alike between
/// strategies shift all of them and cancel in a comparison, so τ² then errs on the low side.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) without estimates, for lengths that differ, an estimate that is not finite
/// and a standard error that is not positive and finite.
///
/// # Source
/// Efron & Morris (1975) for the shrinkage; DerSimonian & Laird (1986) for τ².
///
/// # Examples
/// ```
/// use alluse_optimizer::strategies::performance::shrink;
///
/// // Three estimates a tenth apart, with errors of one half: all luck.
/// let luck = shrink(&[0.4, 0.5, 0.6], &[0.5; 3])?;
/// assert_eq!(luck.between_variance, 0.0);
/// assert!((luck.values[2].shrunk - 0.5).abs() < 1e-15);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
pub fn shrink(estimates: &[f64], standard_errors: &[f64]) -> Result<Shrinkage> {
    if estimates.is_empty() {
        return Err(Input::Empty { name: "estimates" }.into());
    }
    check::length("standard errors", estimates.len(), standard_errors.len())?;
    check::elements("estimates", "finite", estimates, f64::is_finite)?;
    let positive = |e: f64| e > 0.0 && e * e > 0.0 && (e * e).is_finite();
    check::elements("standard errors", "positive and finite", standard_errors, positive)?;
    let variances: Vec<f64> = standard_errors.iter().map(|e| e * e).collect();
    let between_variance = between(estimates, &variances);
    let mean = weighted_mean(estimates, &variances, between_variance);
    let value = |(&estimate, &variance): (&f64, &f64)| {
        let intensity = variance / (variance + between_variance);
        let shrunk = mean + (1.0 - intensity) * (estimate - mean);
        ShrunkValue { estimate, standard_error: variance.sqrt(), intensity, shrunk }
    };
    let values = estimates.iter().zip(&variances).map(value).collect();
    Ok(Shrinkage { mean, between_variance, values })
}

fn weighted_mean(estimates: &[f64], variances: &[f64], between: f64) -> f64 {
    let weights = || variances.iter().map(|v| 1.0 / (v + between));
    weights().zip(estimates).map(|(w, x)| w * x).sum::<f64>() / weights().sum::<f64>()
}

/// DerSimonian and Laird's τ².
fn between(estimates: &[f64], variances: &[f64]) -> f64 {
    let mean = weighted_mean(estimates, variances, 0.0);
    let excess: f64 = estimates.iter().zip(variances).map(|(x, v)| (x - mean).powi(2) / v - 1.0).sum::<f64>() + 1.0;
    let total: f64 = variances.iter().map(|v| 1.0 / v).sum();
    let squares: f64 = variances.iter().map(|v| 1.0 / (v * v)).sum();
    let scale = total - squares / total;
    // One estimate has nothing to differ from.
    if scale > 0.0 { (excess / scale).max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Colditz et al. (1994): tuberculosis cases and healthy among vaccinated, then among controls, in 13 trials.
    const BCG: [[f64; 4]; 13] = [
        [4.0, 119.0, 11.0, 128.0],
        [6.0, 300.0, 29.0, 274.0],
        [3.0, 228.0, 11.0, 209.0],
        [62.0, 13_536.0, 248.0, 12_619.0],
        [33.0, 5_036.0, 47.0, 5_761.0],
        [180.0, 1_361.0, 372.0, 1_079.0],
        [8.0, 2_537.0, 10.0, 619.0],
        [505.0, 87_886.0, 499.0, 87_892.0],
        [29.0, 7_470.0, 45.0, 7_232.0],
        [17.0, 1_699.0, 65.0, 1_600.0],
        [186.0, 50_448.0, 141.0, 27_197.0],
        [5.0, 2_493.0, 3.0, 2_338.0],
        [27.0, 16_886.0, 29.0, 17_825.0],
    ];

    #[test]
    fn agrees_with_metafor_on_the_bcg_trials() {
        // metafor, rma(measure = "RR", method = "DL", data = dat.bcg): tau^2 0.3088, estimate -0.7141.
        let row = |[a, b, c, d]: [f64; 4]| {
            let ratio = ((a / (a + b)) / (c / (c + d))).ln();
            (ratio, (1.0 / a - 1.0 / (a + b) + 1.0 / c - 1.0 / (c + d)).sqrt())
        };
        let (ratios, errors): (Vec<f64>, Vec<f64>) = BCG.into_iter().map(row).unzip();
        let got = shrink(&ratios, &errors).unwrap();
        assert!((got.between_variance - 0.3088).abs() < 5e-5, "{}", got.between_variance);
        assert!((got.mean + 0.7141).abs() < 5e-5, "{}", got.mean);
    }

    #[test]
    fn one_estimate_stays_where_it_is() {
        let got = shrink(&[0.7], &[0.2]).unwrap();
        assert_eq!((got.mean, got.values[0].shrunk, got.values[0].intensity), (0.7, 0.7, 1.0));
    }

    #[test]
    fn hostile_inputs_are_named() {
        assert!(shrink(&[], &[]).is_err() && shrink(&[1.0], &[1.0, 1.0]).is_err());
        for (estimate, error) in [(f64::NAN, 1.0), (1.0, 0.0), (1.0, -1.0), (1.0, f64::NAN), (1.0, f64::INFINITY)] {
            assert!(shrink(&[0.5, estimate], &[1.0, error]).is_err(), "{estimate} {error}");
        }
    }

    proptest! {
        #[test]
        fn estimates_move_towards_the_mean_and_keep_their_order_when_errors_are_equal(
            estimates in prop::collection::vec(-2.0_f64..2.0, 2..12), error in 0.05_f64..1.0,
        ) {
            let got = shrink(&estimates, &vec![error; estimates.len()]).unwrap();
            for value in &got.values {
                prop_assert!((0.0..=1.0).contains(&value.intensity));
                let (before, after) = (value.estimate - got.mean, value.shrunk - got.mean);
                prop_assert!(after.abs() <= before.abs() + 1e-12 && before * after >= -1e-12);
            }
        }

        #[test]
        fn shrinkage_follows_shift_and_scale(
            parts in prop::collection::vec((-2.0_f64..2.0, 0.1_f64..1.0), 2..10), shift in -3.0_f64..3.0,
        ) {
            let (x, e): (Vec<f64>, Vec<f64>) = parts.into_iter().unzip();
            let base = shrink(&x, &e).unwrap();
            let moved: Vec<f64> = x.iter().map(|x| 4.0 * x + shift).collect();
            let wider: Vec<f64> = e.iter().map(|e| 4.0 * e).collect();
            let got = shrink(&moved, &wider).unwrap();
            for (a, b) in base.values.iter().zip(&got.values) {
                prop_assert!((4.0 * a.shrunk + shift - b.shrunk).abs() < 1e-9);
            }
        }
    }
}

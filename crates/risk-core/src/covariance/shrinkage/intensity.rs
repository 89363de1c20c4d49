//! How far toward the target: estimates of the best weight.
//!
//! The papers write sums over pairs of assets of fourth moments `M_ij = mean(x_i² x_j²)` and their like. Summed
//! over pairs first and over dates second, each is a mean over dates of products of row sums:
//! `Σ_ij M_ij = mean((x'x)²)`. No matrix beyond the second moments is formed.

use ndarray::ArrayView1;

use super::sample::{Sample, squares};
use super::target::Target;
use crate::sum::compensated;

/// Oracle approximating shrinkage.
pub(super) fn oas(sample: &Sample, target: &Target) -> f64 {
    let (n, assets) = (sample.observations(), sample.assets());
    let Target::ScaledIdentity { mean_variance } = target else { return 0.0 };
    let mean_square = sample.inflation.powi(2) * squares(sample.moments.view()) / assets.powi(2);
    // `A − q²/k` is the mean squared distance to the target: as a sum of squares it cannot turn negative.
    let dispersion = squares(target.distance_to(sample).view()) / assets.powi(2);
    let numerator = mean_square + mean_variance.powi(2);
    if numerator > 0.0 { numerator / numerator.max((n + 1.0) * dispersion) } else { 0.0 }
}

/// Distance from the target, relative to the sample, that only rounding makes.
const ROUNDING: f64 = 16.0 * f64::EPSILON;

/// Ledoit and Wolf's estimates, one a target. At the target itself any weight gives the same matrix: 0.
pub(super) fn ledoit_wolf(sample: &Sample, target: &Target) -> f64 {
    let distance = squares(target.distance_to(sample).view());
    let size = sample.inflation.powi(2) * squares(sample.moments.view());
    if distance <= ROUNDING.powi(2) * size {
        return 0.0;
    }
    let (excess, distance) = match target {
        // Both in units of divisor n, as the paper has them.
        Target::ScaledIdentity { .. } => (entry_variance(sample), distance / sample.inflation.powi(2)),
        Target::SingleFactor { covariances, variance } => {
            let excess = entry_variance(sample) - factor_covariance(sample, covariances.view(), *variance);
            (excess, distance / sample.inflation.powi(2))
        }
        Target::ConstantCorrelation { mean_correlation, volatilities } => {
            (correlation_excess(sample, *mean_correlation, volatilities.view()), distance)
        }
    };
    (excess / (sample.observations() * distance)).clamp(0.0, 1.0)
}

/// `xₜ'xₜ` for every date.
fn sizes(sample: &Sample) -> Vec<f64> {
    sample.across(|_| |x| x * x)
}

/// `Σ M_ij`.
fn fourth_moments(sample: &Sample) -> f64 {
    sample.mean(sizes(sample).into_iter().map(|size| size * size))
}

/// `π = Σ M_ij − Σ S_ij²`: the asymptotic variances of the entries, added up.
fn entry_variance(sample: &Sample) -> f64 {
    fourth_moments(sample) - squares(sample.moments.view())
}

/// `ρ` for the single factor: the asymptotic covariances of the entries of `S` and `F`, added up.
///
/// ```text
/// ρ = Σᵢ (M_ii − S_ii²) + (2/v) Σ_{i≠j} b_j V1_ij − (1/v²) Σ_{i≠j} b_i b_j V3_ij
/// V1_ij = mean(x_i² x_j f) − b_i S_ij      V3_ij = mean(x_i x_j f²) − v S_ij
/// ```
fn factor_covariance(sample: &Sample, b: ArrayView1<'_, f64>, v: f64) -> f64 {
    let s = &sample.moments;
    let factor: Vec<f64> = sample.across(|_| |x| x).into_iter().map(|sum| sum / sample.assets()).collect();
    let sizes = sizes(sample);
    let loaded = sample.across(|asset| {
        let load = b[asset];
        move |x| load * x
    });
    let fourth = sample.along(&factor, |_, x| (x * x).powi(2));
    let cubes = sample.along(&factor, |f, x| x.powi(3) * f);
    let crossed = sample.along(&factor, |f, x| (x * f).powi(2));
    let diagonal = compensated(fourth.iter().zip(s.diag()).map(|(m, s)| m - s * s));

    let off = b.dot(&s.dot(&b)) - compensated(b.iter().zip(s.diag()).map(|(b, s)| b * b * s));
    let first = sample.mean(factor.iter().zip(&sizes).zip(&loaded).map(|((f, size), l)| f * size * l));
    let first = first - compensated(b.iter().zip(&cubes).map(|(b, c)| b * c)) - off;
    let third = sample.mean(factor.iter().zip(&loaded).map(|(f, l)| (f * l).powi(2)));
    let third = third - compensated(b.iter().zip(&crossed).map(|(b, c)| b * b * c)) - v * off;
    diagonal + 2.0 / v * first - third / (v * v)
}

/// `π − ρ` for the constant correlation `c`, where `S` may have another divisor than the moments `S0`.
///
/// ```text
/// π = Σ Q_ij,  Q_ij = M_ij − 2 S0_ij S_ij + S_ij²      ρ = Σᵢ Q_ii + c Σ_{i≠j} (σ_j/σ_i) H_ij
/// H_ij = mean(x_i³ x_j) − S0_ii S_ij − S0_ij S_ii + S_ii S_ij
/// ```
fn correlation_excess(sample: &Sample, c: f64, volatilities: ArrayView1<'_, f64>) -> f64 {
    let s = &sample.moments;
    // S0 S terms and S² terms in one coefficient of S0².
    let mixed = sample.inflation * (2.0 - sample.inflation);
    let total = fourth_moments(sample) - mixed * squares(s.view());
    let sums = sample.across(|asset| {
        let volatility = volatilities[asset];
        move |x| volatility * x
    });
    let cubes = sample.across(|asset| {
        let inverse = 1.0 / volatilities[asset];
        move |x| x.powi(3) * inverse
    });
    let fourth = sample.along(&sums, |_, x| (x * x).powi(2));
    let own = compensated(fourth.iter().zip(s.diag()).map(|(m, s)| m - mixed * s * s));

    let skewed = sample.mean(cubes.iter().zip(&sums).map(|(a, b)| a * b)) - compensated(fourth.iter().copied());
    // σ_j/σ_i S0_ii S0_ij = σ_i σ_j S0_ij / inflation.
    let quadratic = volatilities.dot(&s.dot(&volatilities));
    let diagonal = compensated(volatilities.iter().zip(s.diag()).map(|(v, s)| v * v * s));
    let off = skewed - mixed / sample.inflation * (quadratic - diagonal);
    total - own - c * off
}

//! The bivariate normal distribution for moderate correlations.

use std::f64::consts::PI;
use std::sync::OnceLock;

use super::super::normal;
use super::tables::gauss_legendre;

const POINTS: usize = 32;

/// `P(X ≤ a, Y ≤ b)` of two standard normals with correlation `rho`, to 1e-12 for `|rho| ≤ 0.8`.
///
/// Plackett (1954), with the correlation as the sine of an angle:
/// ```text
/// Φ(a)Φ(b) + 1/(2π) ∫₀^asin ρ exp(−(a² + b² − 2ab sin θ)/(2 cos² θ)) dθ
/// ```
pub(super) fn cdf(a: f64, b: f64, rho: f64) -> f64 {
    static RULE: OnceLock<(Vec<f64>, Vec<f64>)> = OnceLock::new();
    let (at, weights) = RULE.get_or_init(|| gauss_legendre(POINTS));
    // Beyond 38 deviations a tail underflows; infinities would meet each other as NaN.
    let (a, b) = (a.clamp(-40.0, 40.0), b.clamp(-40.0, 40.0));
    let angle = rho.asin();
    let integral: f64 = at
        .iter()
        .zip(weights)
        .map(|(at, weight)| {
            let (sin, cos) = (angle * at).sin_cos();
            weight * (-(a * a + b * b - 2.0 * a * b * sin) / (2.0 * cos * cos)).exp()
        })
        .sum();
    normal::cdf(a) * normal::cdf(b) + angle * integral / (2.0 * PI)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadrant_probability_is_known() {
        // Sheppard: P(X ≤ 0, Y ≤ 0) = 1/4 + asin(ρ)/(2π).
        for rho in [-0.786_f64, -0.3, 0.0, 0.5, 0.786] {
            assert!((cdf(0.0, 0.0, rho) - 0.25 - rho.asin() / (2.0 * PI)).abs() < 1e-15);
        }
    }

    #[test]
    fn values_of_an_independent_integration() {
        // mpmath 1.3, 30 digits: quadrature of φ(x) Φ((b − ρx)/√(1 − ρ²)).
        for (a, b, rho, want) in GOLDEN {
            assert!((cdf(a, b, rho) - want).abs() < 1e-12, "{a} {b} {rho}: {}", cdf(a, b, rho));
        }
    }

    const GOLDEN: [(f64, f64, f64, f64); 4] = [
        (1.0, -0.5, 0.786, 0.30755033639552337),
        (-2.0, -1.5, 0.786, 0.0160158637603951),
        (0.3, 0.7, -0.786, 0.3832498463227403),
        (-3.0, -2.5, -0.6, 2.303531608306991e-11),
    ];
}

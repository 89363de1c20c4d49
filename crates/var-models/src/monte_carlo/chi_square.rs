//! Quantiles of the chi-square law, for mixing variables drawn by inversion.

use alluse_risk_core::{Error as CoreError, Result as CoreResult, normal};
use statrs::function::gamma::gamma_lr;

/// The value that a chi-square variable does not exceed with probability `p`, by Newton's method from Wilson and
/// Hilferty's cube. The caller has checked `0 < p < 1` and `degrees > 0`.
pub(super) fn quantile(p: f64, degrees: f64) -> CoreResult<f64> {
    const STEPS: usize = 200;
    let half = 0.5 * degrees;
    let spread = 2.0 / (9.0 * degrees);
    let cube = 1.0 - spread + normal::quantile(p)? * spread.sqrt();
    // For small p the law is x^(ν/2)/(2^(ν/2) Γ(ν/2 + 1)) near zero.
    let small = 2.0 * libm::exp((libm::log(p) + libm::lgamma(half + 1.0)) / half);
    let mut x = if cube > 0.2 { degrees * cube * cube * cube } else { small };
    let (mut low, mut high) = (0.0, f64::INFINITY);
    let mut residual = f64::INFINITY;
    for _ in 0..STEPS {
        let gap = gamma_lr(half, 0.5 * x) - p;
        if gap > 0.0 {
            high = x
        } else {
            low = x
        }
        residual = gap.abs();
        let density = 0.5 * libm::exp((half - 1.0) * libm::log(0.5 * x) - 0.5 * x - libm::lgamma(half));
        let newton = x - gap / density;
        let fallback = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * x };
        let next = if newton > low && newton < high { newton } else { fallback };
        if (next - x).abs() <= 1e-13 * x {
            return Ok(next);
        }
        x = next;
    }
    // Where the function itself is only good to rounding of p, the steps need not shrink further.
    if residual < 1e-14 {
        return Ok(x);
    }
    Err(CoreError::NotConverged { name: "chi-square quantile", iterations: STEPS, residual })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_other_software() {
        // SciPy 1.17.1, scipy.stats.chi2.ppf.
        for (p, degrees, want) in CASES {
            let got = quantile(p, degrees).unwrap();
            assert!((got / want - 1.0).abs() < 1e-10, "{p} {degrees}: {got}");
        }
    }

    const CASES: [(f64, f64, f64); 8] = [
        (1e-09, 5.0, 0.0008122895656656541),
        (0.01, 2.5, 0.056212054834822126),
        (0.5, 3.0, 2.3659738843753377),
        (0.95, 5.0, 11.070497693516351),
        (0.999999, 4.0, 33.37684158165888),
        (0.3, 60.0, 53.80912613235279),
        (0.0001, 0.8, 1.4830709365913491e-10),
        (0.99, 300.0, 359.9064259503349),
    ];
}

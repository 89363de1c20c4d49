//! What normal returns with one and the same correlation would show on selected days.

use std::f64::consts::PI;

use alluse_risk_core::normal;

use crate::strategies::check;
use crate::{Error, Result};

/// The correlation of two strategies on days that a third series selects, when nothing but the selection changes.
///
/// ```text
/// ρ' = (ρ + ab(v − 1)) / √((1 + a²(v − 1)) (1 + b²(v − 1)))
/// ```
///
/// | argument | meaning |
/// |---|---|
/// | `correlation` | ρ of the two strategies before the selection |
/// | `with_market` | a and b, their correlations with the series that selects |
/// | `variance_ratio` | v, variance of that series on the selected days over its variance before |
///
/// With the first strategy as the market (`a = 1`, `b = ρ`) it is `ρ √v / √(1 + ρ²(v − 1))`. A correlation measured
/// in a crisis is no news unless it exceeds this.
///
/// # Errors
/// [`Error::Input`] for a correlation outside [−1, 1] or a ratio that is not positive and finite;
/// [`Error::Undefined`] when a conditional variance is 0.
///
/// # Source
/// Boyer, Gibson & Loretan (1997), *Pitfalls in tests for changes in correlations*; the form with a third series is
/// the selection theorem of Pearson and Lawley, which needs linear regression and constant residual variance.
///
/// # Examples
/// ```
/// use alluse_optimizer::strategies::correlation::selected_correlation;
///
/// // On days when the first strategy itself is four times as variable.
/// let rho = selected_correlation(0.5, (1.0, 0.5), 4.0)?;
/// assert!((rho - 1.0 / 1.75_f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
pub fn selected_correlation(correlation: f64, with_market: (f64, f64), variance_ratio: f64) -> Result<f64> {
    let (a, b) = with_market;
    for value in [correlation, a, b] {
        check::within("correlation", value, -1.0, 1.0, "in [-1, 1]")?;
    }
    check::within("variance ratio", variance_ratio, f64::MIN_POSITIVE, f64::MAX, "positive and finite")?;
    let excess = variance_ratio - 1.0;
    let variances = (1.0 + a * a * excess) * (1.0 + b * b * excess);
    if !(variances > 0.0 && variances.is_finite()) {
        let reason = format!("the selection leaves a variance product of {variances}");
        return Err(Error::Undefined { what: "correlation on selected days", reason });
    }
    Ok(((correlation + a * b * excess) / variances.sqrt()).clamp(-1.0, 1.0))
}

/// `P(X ≤ t, Y ≤ t)` of standard normals with correlation ρ in (−1, 1).
///
/// Plackett's identity `∂P/∂ρ = φ₂(t, t; ρ)`, with `ρ = sin θ`, integrated from independence:
/// `Φ(t)² + (1/2π) ∫ exp(−t²/(1 + sin θ)) dθ`.
pub(super) fn joint_probability(threshold: f64, correlation: f64) -> f64 {
    const PANELS: u32 = 48;
    let end = correlation.asin();
    let integrand = |angle: f64| libm::exp(-threshold * threshold / (1.0 + angle.sin()));
    let step = end / f64::from(2 * PANELS);
    let inner: f64 = (1..2 * PANELS).map(|i| if i % 2 == 1 { 4.0 } else { 2.0 } * integrand(step * f64::from(i))).sum();
    let simpson = (integrand(0.0) + integrand(end) + inner) * step / 3.0;
    normal::cdf(threshold).powi(2) + simpson / (2.0 * PI)
}

/// The correlation that standard normals show where both are at or below a threshold.
///
/// It falls towards 0 as the threshold moves into the tail, whatever ρ < 1 is: an exceedance correlation of returns
/// says something only beside this number.
///
/// # Errors
/// [`Error::Input`] for a correlation that is not inside (−1, 1) or a threshold outside [−8, 8], beyond which the
/// corner is too rare for double precision.
///
/// # Source
/// Moments of the truncated bivariate normal: Rosenbaum (1961); used so by Longin & Solnik (2001) and Ang & Chen
/// (2002).
///
/// # Examples
/// ```
/// use alluse_optimizer::strategies::correlation::normal_exceedance_correlation;
///
/// // A correlation of one half is 0.27 among days when both are below their means.
/// let both_down = normal_exceedance_correlation(0.5, 0.0)?;
/// assert!((both_down - 0.269).abs() < 5e-4);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
pub fn normal_exceedance_correlation(correlation: f64, threshold: f64) -> Result<f64> {
    let open = 1.0 - f64::EPSILON;
    check::within("correlation", correlation, -open, open, "inside (-1, 1)")?;
    check::within("threshold", threshold, -8.0, 8.0, "in [-8, 8] standard deviations")?;
    // Mirrored: X, Y ≥ h.
    let (h, rho) = (-threshold, correlation);
    let mass = joint_probability(threshold, rho);
    let across = normal::cdf(-h * (1.0 - rho) / (1.0 - rho * rho).sqrt());
    let edge = normal::density(h) * across;
    let corner = (1.0 - rho * rho).sqrt() / (2.0 * PI) * libm::exp(-h * h / (1.0 + rho));
    let mean = (1.0 + rho) * edge / mass;
    let square = 1.0 + ((1.0 + rho * rho) * h * edge + rho * corner) / mass;
    let product = rho + (2.0 * rho * h * edge + corner) / mass;
    let value = (product - mean * mean) / (square - mean * mean);
    // Below about 1e-13 of a corner cancellation eats the variance.
    if !(value.is_finite() && value.abs() <= 1.0 && mass > 1e-13) {
        let reason = format!("the corner below {threshold} has probability {mass:e}");
        return Err(Error::Undefined { what: "normal exceedance correlation", reason });
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::streams::Streams;
    use proptest::prelude::*;

    use super::super::estimate::pearson;
    use super::*;

    /// Pairs of standard normals with correlation `rho`.
    fn pairs(seed: u64, n: usize, rho: f64) -> Vec<(f64, f64)> {
        let z = Streams::new(seed).standard_normals(n, 2);
        let side = (1.0 - rho * rho).sqrt();
        z.rows().into_iter().map(|row| (row[0], rho * row[0] + side * row[1])).collect()
    }

    fn correlation_of(pairs: &[(f64, f64)]) -> f64 {
        let (x, y): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        pearson(&x, &y).unwrap()
    }

    #[test]
    fn orthant_probabilities_have_a_closed_form() {
        // Sheppard (1899): 1/4 + asin ρ / 2π at the means.
        for rho in [-0.9, -0.3, 0.0, 0.5, 0.99] {
            let want = 0.25 + f64::asin(rho) / (2.0 * PI);
            assert!((joint_probability(0.0, rho) - want).abs() < 1e-15, "{rho}");
        }
        // Perfect dependence is the limit: Φ(−1) = 0.158655.
        assert!((joint_probability(-1.0, 0.999_999) - 0.158_655).abs() < 1e-3);
        assert!((joint_probability(-1.0, 0.0) - 0.158_655_253_931_457_05_f64.powi(2)).abs() < 1e-16);
    }

    #[test]
    fn selection_by_one_side_agrees_with_simulation() {
        // Boyer, Gibson & Loretan's case: days on which the first is beyond one standard deviation either way.
        let chosen: Vec<_> = pairs(5, 200_000, 0.5).into_iter().filter(|(x, _)| x.abs() > 1.0).collect();
        // Var(X | |X| > 1) = 1 + φ(1)/Φ(−1).
        let ratio = 1.0 + 0.241_970_724_519_143_37 / 0.158_655_253_931_457_05;
        let want = selected_correlation(0.5, (1.0, 0.5), ratio).unwrap();
        // About 63,000 days: five standard errors of a correlation of 0.68.
        assert!((correlation_of(&chosen) - want).abs() < 5.0 * (1.0 - want * want) / (chosen.len() as f64).sqrt());
        assert!(want > 0.66);
    }

    #[test]
    fn selection_by_a_market_agrees_with_simulation() {
        // X = 0.8 M + 0.6 e, Y = 0.6 M + 0.8 f: ρ = 0.48. Worst tenth of M by the truncated normal.
        let z = Streams::new(6).standard_normals(300_000, 3);
        let cut = normal::quantile(0.1).unwrap();
        let worst = z.rows().into_iter().filter(|row| row[0] <= cut);
        let chosen: Vec<_> = worst.map(|r| (0.8 * r[0] + 0.6 * r[1], 0.6 * r[0] + 0.8 * r[2])).collect();
        let mills = normal::density(cut) / 0.1;
        let ratio = 1.0 - cut * mills - mills * mills;
        let want = selected_correlation(0.48, (0.8, 0.6), ratio).unwrap();
        assert!((correlation_of(&chosen) - want).abs() < 5.0 / (chosen.len() as f64).sqrt(), "{want}");
        // One tail makes the market less variable, so an unchanged world looks less correlated.
        assert!(want < 0.3);
    }

    #[test]
    fn exceedances_agree_with_simulation() {
        for (rho, threshold) in [(0.5, 0.0), (0.7, -1.0), (-0.3, -0.5), (0.9, -1.5)] {
            let kept: Vec<_> =
                pairs(9, 400_000, rho).into_iter().filter(|(x, y)| *x <= threshold && *y <= threshold).collect();
            let want = normal_exceedance_correlation(rho, threshold).unwrap();
            // The corner is not normal: its correlation has up to twice the normal error.
            let error = 2.0 / (kept.len() as f64).sqrt();
            assert!((correlation_of(&kept) - want).abs() < 4.0 * error, "{rho} {threshold} {want}");
        }
    }

    #[test]
    fn what_has_no_answer_is_refused() {
        for (rho, threshold) in [(1.0, 0.0), (-1.0, 0.0), (f64::NAN, 0.0), (0.5, f64::NAN), (0.5, -9.0)] {
            assert!(normal_exceedance_correlation(rho, threshold).is_err(), "{rho} {threshold}");
        }
        assert!(normal_exceedance_correlation(-0.9, -7.0).is_err());
        for ratio in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(selected_correlation(0.5, (0.5, 0.5), ratio).is_err(), "{ratio}");
        }
        assert!(selected_correlation(1.5, (0.5, 0.5), 1.0).is_err());
    }

    proptest! {
        #[test]
        fn no_selection_changes_nothing(rho in -0.99_f64..0.99, a in -1.0_f64..1.0, b in -1.0_f64..1.0) {
            prop_assert!((selected_correlation(rho, (a, b), 1.0).unwrap() - rho).abs() < 1e-15);
        }

        #[test]
        fn selections_compose(rho in 0.0_f64..0.9, first in 0.2_f64..5.0, second in 0.2_f64..5.0) {
            // Of the first strategy itself: two selections in a row are one with the product of the ratios.
            let once = selected_correlation(rho, (1.0, rho), first).unwrap();
            let twice = selected_correlation(once, (1.0, once), second).unwrap();
            let direct = selected_correlation(rho, (1.0, rho), first * second).unwrap();
            prop_assert!((twice - direct).abs() < 1e-12);
        }
    }
}

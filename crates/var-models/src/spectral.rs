//! Spectral measures of laws with a quantile function, by quadrature.

use alluse_risk_core::Result as CoreResult;
use alluse_risk_core::measures::Spectrum;

/// `∫ φ(p) q(p) dp` for a law that is symmetric about zero, from its quantile function at `p ≤ 1/2`.
pub(crate) fn spectral_of_symmetric(
    spectrum: &Spectrum,
    lower_quantile: impl Fn(f64) -> CoreResult<f64>,
) -> CoreResult<f64> {
    spectral_of_law(spectrum, &lower_quantile, |u| Ok(-lower_quantile(u)?))
}

/// `∫ φ(p) q(p) dp` from the quantile with mass `p ≤ 1/2` below it and the one with mass `u ≤ 1/2` above it.
///
/// The tanh-sinh rule between the breaks of the spectrum: its nodes crowd towards the ends, where the
/// quantile runs away, and the upper half is asked by its upper mass so that `1 − p` never loses digits.
pub(crate) fn spectral_of_law(
    spectrum: &Spectrum,
    lower_quantile: impl Fn(f64) -> CoreResult<f64>,
    upper_quantile: impl Fn(f64) -> CoreResult<f64>,
) -> CoreResult<f64> {
    let mut edges = vec![0.0];
    edges.extend(spectrum.breaks());
    edges.push(1.0);
    if !edges.contains(&0.5) {
        edges.push(0.5);
    }
    edges.sort_unstable_by(f64::total_cmp);
    let mut total = 0.0;
    for pair in edges.windows(2) {
        let (start, end) = (pair[0], pair[1]);
        let middle = spectrum.density(0.5 * (start + end));
        if middle == 0.0 && spectrum.density(end) == 0.0 {
            continue;
        }
        total += if start >= 0.5 {
            integrate(1.0 - end, 1.0 - start, |u| {
                // A step belongs to its inside: at an edge the density may already be that of the next.
                let level = (1.0 - u).clamp(start.next_up(), if end < 1.0 { end.next_down() } else { 1.0 });
                Ok(spectrum.density(level) * upper_quantile(u)?)
            })?
        } else {
            integrate(start, end, |p| {
                let level = p.clamp(start.next_up(), end.next_down());
                Ok(spectrum.density(level) * lower_quantile(p)?)
            })?
        };
    }
    Ok(total)
}

/// Tanh-sinh quadrature on `(low, high)`, with nodes given by their distance from `low` where that is small.
fn integrate(low: f64, high: f64, f: impl Fn(f64) -> CoreResult<f64>) -> CoreResult<f64> {
    const STEP: f64 = 1.0 / 32.0;
    const NODES: i32 = 32 * 4;
    let half = 0.5 * (high - low);
    let mut sum = 0.0;
    for i in -NODES..=NODES {
        let t = f64::from(i) * STEP;
        let u = std::f64::consts::FRAC_PI_2 * t.sinh();
        let weight = std::f64::consts::FRAC_PI_2 * t.cosh() / u.cosh().powi(2);
        // 1 + tanh u without cancellation when u is very negative.
        let from_low = half * 2.0 / (1.0 + (-2.0 * u).exp());
        let x = low + from_low;
        if weight == 0.0 || x <= low || x >= high || x <= 0.0 {
            continue;
        }
        sum += weight * f(x)?;
    }
    Ok(sum * STEP * half)
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::{Confidence, normal};

    use super::*;

    #[test]
    fn the_expected_shortfall_spectrum_gives_the_expected_shortfall() {
        for confidence in [Confidence::P95, Confidence::P99, Confidence::new(0.3).unwrap()] {
            let got = spectral_of_symmetric(&Spectrum::expected_shortfall(confidence), normal::quantile).unwrap();
            let z = normal::quantile(confidence.level()).unwrap();
            assert!((got - normal::density(z) / confidence.tail()).abs() < 1e-10, "{got}");
        }
    }

    #[test]
    fn a_flat_spectrum_gives_the_mean() {
        let flat = Spectrum::step(vec![0.25, 0.8], vec![1.0, 1.0, 1.0]).unwrap();
        assert!(spectral_of_symmetric(&flat, normal::quantile).unwrap().abs() < 1e-10);
    }
}

//! Where the eigenvalues of pure noise end, and how much of a correlation matrix is noise.

use std::f64::consts::TAU;

use crate::minimise::golden_section;
use crate::sum::compensated;
use crate::{Error, Result};

/// The largest eigenvalue of the correlations of uncorrelated returns with variance `noise`, in the limit.
///
/// `λ₊ = v (1 + √(k/n))²`
pub(super) fn upper_edge(noise: f64, assets: usize, observations: usize) -> f64 {
    noise * (1.0 + (assets as f64 / observations as f64).sqrt()).powi(2)
}

/// A noise variance, and whether it is an end of the interval it was looked for in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct NoiseFit {
    pub(super) variance: f64,
    pub(super) at_bound: bool,
}

/// Points of the support on which densities are compared.
const POINTS: usize = 1_000;

/// Variances tried before the best is refined; one step moves the edge by less than the usual bandwidth.
const GRID: usize = 400;

const LOWEST: f64 = 1e-5;
const HIGHEST: f64 = 1.0 - 1e-5;

/// Kernels further away than this many bandwidths add less than rounding.
const REACH: f64 = 9.0;

/// The noise variance in (0, 1) whose Marchenko-Pastur density is nearest to the kernel density of the
/// eigenvalues, which ascend.
pub(super) fn fit(values: &[f64], observations: usize, bandwidth: f64) -> Result<NoiseFit> {
    if observations == values.len() {
        let reason = "the noise density is unbounded with as many assets as observations";
        return Err(Error::Undefined { name: "noise variance", reason });
    }
    let ratio = observations as f64 / values.len() as f64;
    let error = |noise: f64| misfit(values, noise, ratio, bandwidth);
    let at = |step: usize| LOWEST + (HIGHEST - LOWEST) * step as f64 / GRID as f64;
    let (best, least) = (0..=GRID)
        .map(|step| (step, error(at(step))))
        .fold((0, f64::INFINITY), |best, tried| if tried.1 < best.1 { tried } else { best });
    let refined = golden_section(at(best.saturating_sub(1)), at((best + 1).min(GRID)), error);
    let variance = if error(refined) < least { refined } else { at(best) };
    let margin = 1e-7;
    Ok(NoiseFit { variance, at_bound: variance < LOWEST + margin || variance > HIGHEST - margin })
}

/// Sum of the squared differences between both densities.
fn misfit(values: &[f64], noise: f64, ratio: f64, bandwidth: f64) -> f64 {
    let root = (1.0 / ratio).sqrt();
    let (lower, upper) = (noise * (1.0 - root).powi(2), noise * (1.0 + root).powi(2));
    let step = (upper - lower) / (POINTS - 1) as f64;
    let weight = 1.0 / (values.len() as f64 * bandwidth * TAU.sqrt());
    let mut first = 0;
    compensated((0..POINTS).map(|point| {
        let x = lower + step * point as f64;
        let expected = ratio / (TAU * noise * x) * ((upper - x).max(0.0) * (x - lower).max(0.0)).sqrt();
        // Both ascend, so what has fallen out of reach stays out.
        while first < values.len() && values[first] < x - REACH * bandwidth {
            first += 1;
        }
        let near = values[first..].iter().take_while(|value| **value <= x + REACH * bandwidth);
        let found = weight * near.map(|value| (-0.5 * ((x - value) / bandwidth).powi(2)).exp()).sum::<f64>();
        (found - expected).powi(2)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_edge_by_hand() {
        assert_eq!(upper_edge(1.0, 1, 4), 2.25);
        assert_eq!(upper_edge(0.5, 100, 100), 2.0);
    }

    #[test]
    fn as_many_assets_as_observations_have_no_density_to_fit() {
        assert!(matches!(fit(&[0.5, 1.5], 2, 0.01), Err(Error::Undefined { name: "noise variance", .. })));
    }

    #[test]
    fn the_misfit_agrees_with_numpy() {
        // Sum of squared differences on numpy.linspace(lower, upper, 1000), kernels added up without a cut.
        let values = [0.2, 0.35, 0.5, 0.6, 0.8, 1.1, 3.45];
        for (noise, n, want) in
            [(0.7, 20.0, 41.869879497199804), (0.4, 20.0, 385.2705732982178), (0.7, 5.0, 83.56620650754323)]
        {
            let got = misfit(&values, noise, n / 7.0, 0.1);
            assert!((got / want - 1.0).abs() < 1e-12, "{got}");
        }
    }

    #[test]
    fn eigenvalues_of_noise_give_its_variance_back() {
        // Quantiles of the Marchenko-Pastur law at variance 0.6 and four observations an asset, by SciPy; so is the
        // best fit, from a grid of 4001 values and a bounded search around the best.
        let values = [
            0.18104231834775403,
            0.22060065446988142,
            0.25652223182769746,
            0.29190804089011346,
            0.32773403303731724,
            0.36450244720110353,
            0.4025498026899294,
            0.44214784586399697,
            0.4835485887654251,
            0.5270106753171848,
            0.5728199882428656,
            0.6213108803323508,
            0.6728931977503656,
            0.7280919458826037,
            0.7876119101990131,
            0.85245357580902,
            0.9241457476263483,
            1.005290253120517,
            1.1011961717763492,
            1.228204590720073,
        ];
        let got = fit(&values, 80, 0.05).unwrap();
        assert!((got.variance - 0.6131445817563861).abs() < 1e-7, "{}", got.variance);
        assert!(!got.at_bound);
        // Ten times as large they are beyond any noise of standardised returns.
        let large = values.map(|v| 10.0 * v);
        let got = fit(&large, 80, 0.05).unwrap();
        assert!(got.at_bound && got.variance > 0.9999);
    }
}

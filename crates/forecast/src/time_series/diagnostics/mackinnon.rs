//! MacKinnon's response surfaces of the Dickey-Fuller law.

use alluse_risk_core::normal;
use serde::{Deserialize, Serialize};

use super::Deterministic;

/// Values below which a Dickey-Fuller statistic rejects the unit root, for the sample size at hand.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CriticalValues {
    /// At 1 %.
    pub one_percent: f64,
    /// At 5 %.
    pub five_percent: f64,
    /// At 10 %.
    pub ten_percent: f64,
}

/// Surface of the p-value: Φ of a polynomial in the statistic, one for small and one for large p.
struct Surface {
    /// Below this the p-value is zero to the accuracy of the surface.
    least: f64,
    /// Up to this the polynomial of small p holds.
    switch: f64,
    /// Above this the p-value is one to the accuracy of the surface.
    most: f64,
    small: [f64; 3],
    large: [f64; 4],
    /// Critical values at 1, 5 and 10 %, as polynomials in one over the sample size.
    critical: [[f64; 4]; 3],
}

/// MacKinnon (1994), tables 3 and 4, for one series.
const NONE: Surface = Surface {
    least: -19.04,
    switch: -1.04,
    most: f64::INFINITY,
    small: [0.6344, 1.2378, 0.032496],
    large: [0.4797, 0.93557, -0.06999, 0.033066],
    critical: [
        [-2.56574, -2.2358, -3.627, 0.0],
        [-1.94100, -0.2686, -3.365, 31.223],
        [-1.61682, 0.2656, -2.714, 25.364],
    ],
};
const CONSTANT: Surface = Surface {
    least: -18.83,
    switch: -1.61,
    most: 2.74,
    small: [2.1659, 1.4412, 0.038269],
    large: [1.7339, 0.93202, -0.12745, -0.010368],
    critical: [
        [-3.43035, -6.5393, -16.786, -79.433],
        [-2.86154, -2.8903, -4.234, -40.040],
        [-2.56677, -1.5384, -2.809, 0.0],
    ],
};
const TREND: Surface = Surface {
    least: -16.18,
    switch: -2.89,
    most: 0.7,
    small: [3.2512, 1.6047, 0.049588],
    large: [2.5261, 0.61654, -0.37956, -0.060285],
    critical: [
        [-3.95877, -9.0531, -28.428, -134.155],
        [-3.41049, -4.3904, -9.036, -45.374],
        [-3.12705, -2.5856, -3.925, -22.380],
    ],
};

fn surface(deterministic: Deterministic) -> &'static Surface {
    match deterministic {
        Deterministic::None => &NONE,
        Deterministic::Constant => &CONSTANT,
        Deterministic::ConstantAndTrend => &TREND,
    }
}

/// Probability of a smaller statistic under a unit root.
pub(super) fn p_value(statistic: f64, deterministic: Deterministic) -> f64 {
    let surface = surface(deterministic);
    if statistic > surface.most {
        1.0
    } else if statistic < surface.least {
        0.0
    } else if statistic <= surface.switch {
        normal::cdf(polynomial(&surface.small, statistic))
    } else {
        normal::cdf(polynomial(&surface.large, statistic))
    }
}

pub(super) fn critical_values(observations: usize, deterministic: Deterministic) -> CriticalValues {
    let [one_percent, five_percent, ten_percent] =
        surface(deterministic).critical.map(|terms| polynomial(&terms, 1.0 / observations as f64));
    CriticalValues { one_percent, five_percent, ten_percent }
}

fn polynomial(terms: &[f64], x: f64) -> f64 {
    terms.iter().rev().fold(0.0, |sum, term| sum * x + term)
}

//! Upper tails of the laws that the tests refer to.

use statrs::function::beta::beta_reg;
use statrs::function::gamma::gamma_ur;

/// Probability that a chi-square variable exceeds the statistic.
pub(super) fn chi_square(statistic: f64, degrees_of_freedom: usize) -> f64 {
    if statistic > 0.0 { gamma_ur(0.5 * degrees_of_freedom as f64, 0.5 * statistic) } else { 1.0 }
}

/// Probability that an F variable exceeds the statistic.
pub(super) fn f(statistic: f64, numerator: usize, denominator: usize) -> f64 {
    let (q, d) = (numerator as f64, denominator as f64);
    beta_reg(0.5 * d, 0.5 * q, d / (d + q * statistic.max(0.0)))
}

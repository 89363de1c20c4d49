//! Log-densities of many shocks at once, with their derivatives.

use std::f64::consts::{LN_2, PI};

use statrs::function::gamma::digamma;

use super::InnovationLaw;

/// A law with everything computed that does not depend on the shock.
///
/// Sums of logarithms are taken over products of up to eight factors: one logarithm instead of eight.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kernel {
    Normal,
    StudentT { nu: f64, constant: f64, constant_slope: f64 },
    SkewedT(Skewed),
    GeneralizedError { nu: f64, inverse_scale: f64, constant: f64, constant_slope: f64, log_scale_slope: f64 },
}

/// Hansen's constants and their slopes by degrees of freedom and by skew.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Skewed {
    nu: f64,
    skew: f64,
    a: f64,
    b: f64,
    constant: f64,
    constant_slopes: [f64; 2],
    a_slopes: [f64; 2],
    b_slopes: [f64; 2],
}

const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;

/// ln of the constant of a Student t density with variance 1, and its slope.
fn student_constant(nu: f64) -> (f64, f64) {
    let value = libm::lgamma(0.5 * (nu + 1.0)) - libm::lgamma(0.5 * nu) - 0.5 * libm::log(PI * (nu - 2.0));
    let slope = 0.5 * digamma(0.5 * (nu + 1.0)) - 0.5 * digamma(0.5 * nu) - 0.5 / (nu - 2.0);
    (value, slope)
}

impl Kernel {
    pub(crate) fn new(law: InnovationLaw) -> Self {
        match law {
            InnovationLaw::Normal => Self::Normal,
            InnovationLaw::StudentT { degrees_of_freedom: nu } => {
                let (constant, constant_slope) = student_constant(nu);
                Self::StudentT { nu, constant, constant_slope }
            }
            InnovationLaw::SkewedT { degrees_of_freedom: nu, skew } => Self::SkewedT(Skewed::new(nu, skew)),
            InnovationLaw::GeneralizedError { shape: nu } => {
                let (one, three) = (libm::lgamma(1.0 / nu), libm::lgamma(3.0 / nu));
                let log_scale = -LN_2 / nu + 0.5 * (one - three);
                let square = nu * nu;
                let log_scale_slope = (LN_2 - 0.5 * digamma(1.0 / nu) + 1.5 * digamma(3.0 / nu)) / square;
                Self::GeneralizedError {
                    nu,
                    inverse_scale: libm::exp(-log_scale),
                    constant: libm::log(nu) - log_scale - (1.0 + 1.0 / nu) * LN_2 - one,
                    constant_slope: 1.0 / nu - log_scale_slope + (LN_2 + digamma(1.0 / nu)) / square,
                    log_scale_slope,
                }
            }
        }
    }

    pub(crate) fn log_density(&self, z: f64) -> f64 {
        match self {
            Self::Normal => -HALF_LN_2PI - 0.5 * z * z,
            Self::StudentT { nu, constant, .. } => constant - 0.5 * (nu + 1.0) * libm::log1p(z * z / (nu - 2.0)),
            Self::SkewedT(law) => {
                let y = law.inner(z).0;
                law.constant - 0.5 * (law.nu + 1.0) * libm::log1p(y * y / (law.nu - 2.0))
            }
            Self::GeneralizedError { nu, inverse_scale, constant, .. } => {
                constant - 0.5 * libm::pow(z.abs() * inverse_scale, *nu)
            }
        }
    }

    /// Sum of the log-densities of `z`.
    pub(crate) fn sum(&self, z: &[f64]) -> f64 {
        let n = z.len() as f64;
        match self {
            Self::Normal => -n * HALF_LN_2PI - 0.5 * z.iter().map(|z| z * z).sum::<f64>(),
            Self::StudentT { nu, constant, .. } => {
                let inverse = 1.0 / (nu - 2.0);
                n * constant - 0.5 * (nu + 1.0) * log_of_product(z.iter().map(|z| 1.0 + z * z * inverse))
            }
            Self::SkewedT(law) => {
                let inverse = 1.0 / (law.nu - 2.0);
                let factor = |z: &f64| {
                    let y = law.inner(*z).0;
                    1.0 + y * y * inverse
                };
                n * law.constant - 0.5 * (law.nu + 1.0) * log_of_product(z.iter().map(factor))
            }
            Self::GeneralizedError { .. } => z.iter().map(|z| self.log_density(*z)).sum(),
        }
    }

    /// Sum of the log-densities of `z`; the slope of each by its shock goes to `scores`, the slope of the sum by each
    /// shape to `shapes`.
    pub(crate) fn sum_with_slopes(&self, z: &[f64], scores: &mut [f64], shapes: &mut [f64]) -> f64 {
        shapes.fill(0.0);
        match self {
            Self::Normal => scores.iter_mut().zip(z).for_each(|(score, z)| *score = -z),
            Self::StudentT { nu, constant_slope, .. } => {
                let least = nu - 2.0;
                let mut share = 0.0;
                for (score, &z) in scores.iter_mut().zip(z) {
                    let inverse = 1.0 / (least + z * z);
                    *score = -(nu + 1.0) * z * inverse;
                    share += z * z * inverse;
                }
                let logs = log_of_product(z.iter().map(|z| 1.0 + z * z / least));
                shapes[0] = z.len() as f64 * constant_slope - 0.5 * logs + 0.5 * (nu + 1.0) / least * share;
                return self.sum(z);
            }
            Self::SkewedT(law) => {
                let least = law.nu - 2.0;
                let (mut share, mut by_nu, mut by_skew) = (0.0, 0.0, 0.0);
                for (score, &z) in scores.iter_mut().zip(z) {
                    let (y, side) = law.inner(z);
                    let inverse = 1.0 / (least + y * y);
                    let outer = -(law.nu + 1.0) * y * inverse;
                    *score = outer * law.b * side;
                    share += y * y * inverse;
                    by_nu += outer * (law.b_slopes[0] * z + law.a_slopes[0]) * side;
                    let sign = if y < 0.0 { -1.0 } else { 1.0 };
                    by_skew += outer * (law.b_slopes[1] * z + law.a_slopes[1] - sign * y) * side;
                }
                let n = z.len() as f64;
                let logs = log_of_product(z.iter().map(|z| 1.0 + law.inner(*z).0.powi(2) / least));
                shapes[0] = n * law.constant_slopes[0] - 0.5 * logs + 0.5 * (law.nu + 1.0) / least * share + by_nu;
                shapes[1] = n * law.constant_slopes[1] + by_skew;
                return n * law.constant - 0.5 * (law.nu + 1.0) * logs;
            }
            Self::GeneralizedError { nu, inverse_scale, constant_slope, log_scale_slope, .. } => {
                for (score, &z) in scores.iter_mut().zip(z) {
                    let size = z.abs() * inverse_scale;
                    // At zero the power and its slopes vanish for every shape above one.
                    let power = if size > 0.0 { libm::pow(size, *nu) } else { 0.0 };
                    *score = if size > 0.0 { -0.5 * nu * power / z } else { 0.0 };
                    let log = if size > 0.0 { libm::log(size) } else { 0.0 };
                    shapes[0] += constant_slope - 0.5 * power * (log - nu * log_scale_slope);
                }
            }
        }
        self.sum(z)
    }
}

impl Skewed {
    fn new(nu: f64, skew: f64) -> Self {
        let (log_c, log_c_slope) = student_constant(nu);
        let per_skew = 4.0 * libm::exp(log_c) * (nu - 2.0) / (nu - 1.0);
        let a = skew * per_skew;
        let b = (1.0 + 3.0 * skew * skew - a * a).sqrt();
        let a_slopes = [a * (log_c_slope + 1.0 / (nu - 2.0) - 1.0 / (nu - 1.0)), per_skew];
        let b_slopes = [-a * a_slopes[0] / b, (3.0 * skew - a * a_slopes[1]) / b];
        let constant = libm::log(b) + log_c;
        let constant_slopes = [b_slopes[0] / b + log_c_slope, b_slopes[1] / b];
        Self { nu, skew, a, b, constant, constant_slopes, a_slopes, b_slopes }
    }

    /// The shock of the symmetric law behind `z`, and the inverse of the scale on its side.
    fn inner(&self, z: f64) -> (f64, f64) {
        let shifted = self.b * z + self.a;
        let side = if shifted < 0.0 { 1.0 / (1.0 - self.skew) } else { 1.0 / (1.0 + self.skew) };
        (shifted * side, side)
    }
}

/// `Σ ln xᵢ` of factors of at least about 1e-30 and at most 1e30.
pub(crate) fn log_of_product(factors: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut product, mut count) = (0.0, 1.0, 0);
    for factor in factors {
        product *= factor;
        count += 1;
        if count == 8 {
            sum += libm::log(product);
            (product, count) = (1.0, 0);
        }
    }
    sum + libm::log(product)
}

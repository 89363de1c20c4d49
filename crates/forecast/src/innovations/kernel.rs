//! Log-densities of many shocks at once, with their derivatives.

use std::f64::consts::{LN_2, PI};

use statrs::function::gamma::digamma;

use super::InnovationLaw;

/// A law with everything computed that does not depend on the shock.
///
/// Sums of logarithms are taken of products of many factors: one logarithm instead of many.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kernel {
    Normal,
    StudentT(Student),
    SkewedT(Skewed),
    GeneralizedError { nu: f64, inverse_scale: f64, constant: f64, constant_slope: f64, log_scale_slope: f64 },
}

/// A Student t with variance 1.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Student {
    pub(crate) nu: f64,
    /// Logarithm of the factor before the power.
    pub(crate) constant: f64,
    pub(crate) constant_slope: f64,
}

/// Hansen's constants and their slopes by degrees of freedom and by skew.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Skewed {
    pub(crate) nu: f64,
    /// Inverse of the scale below and above the mode.
    sides: [f64; 2],
    a: f64,
    b: f64,
    pub(crate) constant: f64,
    constant_slopes: [f64; 2],
    a_slopes: [f64; 2],
    b_slopes: [f64; 2],
}

/// What the shape slopes of the skewed law need of one shock.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SkewedSlopes {
    /// Slope of the log-density by the shock.
    pub(crate) score: f64,
    /// `1 + y²/(ν − 2)` with the shock `y` of the symmetric law behind it.
    pub(crate) tail: f64,
    /// `y²/(ν − 2 + y²)`.
    pub(crate) share: f64,
    /// Through the shape's part in `y`.
    pub(crate) by_shape: [f64; 2],
}

const HALF_LN_2PI: f64 = 0.918_938_533_204_672_8;

/// Sum of `n` standard normal log-densities from that of the squares.
pub(crate) fn normal_log_densities(n: f64, squares: f64) -> f64 {
    -n * HALF_LN_2PI - 0.5 * squares
}

impl Student {
    pub(crate) fn new(nu: f64) -> Self {
        let (ratio, slope) = gamma_ratio(0.5 * nu);
        Self { nu, constant: ratio - 0.5 * libm::log(PI * (nu - 2.0)), constant_slope: 0.5 * slope - 0.5 / (nu - 2.0) }
    }
}

/// `ln Γ(x + ½) − ln Γ(x)` and its derivative.
///
/// Two logarithms of the gamma function leave no digits of a large `x`: from 50 on its asymptotic series, whose next term
/// is below 1e-16. Source: Tricomi and Erdélyi (1951), "The asymptotic expansion of a ratio of gamma functions".
fn gamma_ratio(x: f64) -> (f64, f64) {
    if x < 50.0 {
        return (libm::lgamma(x + 0.5) - libm::lgamma(x), digamma(x + 0.5) - digamma(x));
    }
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    let odd = -1.0 / 8.0 + square * (1.0 / 192.0 + square * (-1.0 / 640.0 + square * 17.0 / 14_336.0));
    let even = 1.0 / 8.0 + square * (-1.0 / 64.0 + square * (1.0 / 128.0 - square * 17.0 / 2_048.0));
    (0.5 * libm::log(x) + inverse * odd, 0.5 * inverse + square * even)
}

impl Kernel {
    pub(crate) fn new(law: InnovationLaw) -> Self {
        match law {
            InnovationLaw::Normal => Self::Normal,
            InnovationLaw::StudentT { degrees_of_freedom: nu } => Self::StudentT(Student::new(nu)),
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
            Self::StudentT(Student { nu, constant, .. }) => {
                constant - 0.5 * (nu + 1.0) * libm::log1p(z * z / (nu - 2.0))
            }
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
            Self::Normal => normal_log_densities(n, z.iter().map(|z| z * z).sum()),
            Self::StudentT(Student { nu, constant, .. }) => {
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
            Self::StudentT(Student { nu, constant_slope, .. }) => {
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
                let (mut share, mut by_shape, mut tails) = (0.0, [0.0; 2], LogProduct::default());
                for (score, &z) in scores.iter_mut().zip(z) {
                    let slopes = law.slopes(z);
                    *score = slopes.score;
                    share += slopes.share;
                    by_shape = [by_shape[0] + slopes.by_shape[0], by_shape[1] + slopes.by_shape[1]];
                    tails.multiply(slopes.tail);
                }
                let (n, logs) = (z.len() as f64, tails.log());
                shapes.copy_from_slice(&law.shape_slopes(n, logs, share, by_shape));
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
        let Student { constant: log_c, constant_slope: log_c_slope, .. } = Student::new(nu);
        let per_skew = 4.0 * libm::exp(log_c) * (nu - 2.0) / (nu - 1.0);
        let a = skew * per_skew;
        let b = (1.0 + 3.0 * skew * skew - a * a).sqrt();
        let a_slopes = [a * (log_c_slope + 1.0 / (nu - 2.0) - 1.0 / (nu - 1.0)), per_skew];
        let b_slopes = [-a * a_slopes[0] / b, (3.0 * skew - a * a_slopes[1]) / b];
        let constant = libm::log(b) + log_c;
        let constant_slopes = [b_slopes[0] / b + log_c_slope, b_slopes[1] / b];
        let sides = [1.0 / (1.0 - skew), 1.0 / (1.0 + skew)];
        Self { nu, sides, a, b, constant, constant_slopes, a_slopes, b_slopes }
    }

    /// The shock of the symmetric law behind `z`, and the inverse of the scale on its side.
    #[inline(always)]
    pub(crate) fn inner(&self, z: f64) -> (f64, f64) {
        let shifted = self.b * z + self.a;
        let side = if shifted < 0.0 { self.sides[0] } else { self.sides[1] };
        (shifted * side, side)
    }

    #[inline(always)]
    pub(crate) fn slopes(&self, z: f64) -> SkewedSlopes {
        let least = self.nu - 2.0;
        let (y, side) = self.inner(z);
        let inverse = 1.0 / (least + y * y);
        let outer = -(self.nu + 1.0) * y * inverse * side;
        let by_nu = outer * (self.b_slopes[0] * z + self.a_slopes[0]);
        let by_skew = outer * (self.b_slopes[1] * z + self.a_slopes[1] - y.abs());
        SkewedSlopes {
            score: outer * self.b,
            tail: 1.0 + y * y / least,
            share: y * y * inverse,
            by_shape: [by_nu, by_skew],
        }
    }

    /// Slopes of the log-density of `n` shocks by degrees of freedom and skew, from sums over them.
    pub(crate) fn shape_slopes(&self, n: f64, logs: f64, share: f64, by_shape: [f64; 2]) -> [f64; 2] {
        let direct = n * self.constant_slopes[0] - 0.5 * logs + 0.5 * (self.nu + 1.0) / (self.nu - 2.0) * share;
        [direct + by_shape[0], n * self.constant_slopes[1] + by_shape[1]]
    }
}

/// `Σ ln xᵢ` of factors of at least about 1e-30 and at most 1e30.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogProduct {
    sum: f64,
    product: f64,
    count: u32,
}

impl Default for LogProduct {
    fn default() -> Self {
        Self { sum: 0.0, product: 1.0, count: 0 }
    }
}

impl LogProduct {
    #[inline(always)]
    pub(crate) fn multiply(&mut self, factor: f64) {
        self.product *= factor;
        self.count += 1;
        if self.count == 8 {
            self.count = 0;
            // Eight factors more still have a product.
            if !(1e-60..1e60).contains(&self.product) {
                self.sum += libm::log(self.product);
                self.product = 1.0;
            }
        }
    }

    pub(crate) fn log(&self) -> f64 {
        self.sum + libm::log(self.product)
    }
}

/// `Σ ln xᵢ`, with the bounds of [`LogProduct`].
pub(crate) fn log_of_product(factors: impl Iterator<Item = f64>) -> f64 {
    let mut product = LogProduct::default();
    factors.for_each(|factor| product.multiply(factor));
    product.log()
}

//! The numbers of a discretisation that do not depend on the option: built once, then only read.

use std::f64::consts::{FRAC_PI_2, PI};
use std::sync::OnceLock;

use super::Precision;

/// Most time nodes of a scheme.
pub(super) const MAX_NODES: usize = 32;
/// Most points of the quadrature of the premium.
pub(super) const MAX_PRICING: usize = 128;

/// Nodes are Chebyshev's in `x^(1/CLUSTERING)`: near expiry the squared log boundary is like `x² ln x`, which is
/// smoother in that variable.
const CLUSTERING: f64 = 1.5;

/// A spot near the boundary decides within a short time whether it will be crossed.
const PRICING_POWER: f64 = 1.5;

/// Sizes and tolerance of a scheme.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scheme {
    /// Its name.
    pub(super) precision: Precision,
    /// Time nodes with an unknown boundary.
    pub(super) nodes: usize,
    /// Quadrature points inside the fixed-point equations.
    pub(super) inner: usize,
    /// Quadrature points of the premium.
    pub(super) pricing: usize,
    /// Largest Newton step that ends the iteration, relative to the distance of the log boundary from its limit.
    /// What is left is of the order of its square.
    pub(super) tolerance: f64,
}

/// Everything about a scheme that can be computed beforehand.
///
/// Times are in units of the time to expiry and enter through their square root: `x = √(τ/T)`.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) scheme: Scheme,
    /// `x` of the nodes, from 1 downwards; the node at 0, where the boundary is known, is left out.
    pub(super) x: Vec<f64>,
    /// For the point `j · nodes + i`: square root of the age `v = τᵢ sⱼ²`.
    pub(super) root_age: Vec<f64>,
    /// For the same point: weight of an integral over the age from 0 to `τᵢ`.
    pub(super) weight: Vec<f64>,
    /// Row `k`: value at each point of the cardinal polynomial of node `k`.
    pub(super) cardinal: Vec<f64>,
    /// The same numbers, all nodes of a point together.
    pub(super) cardinal_by_point: Vec<f64>,
    /// Square roots of the ages at which the premium is evaluated.
    pub(super) pricing_root_age: Vec<f64>,
    /// Their weights.
    pub(super) pricing_weight: Vec<f64>,
    /// Row `k`: cardinal polynomial of node `k` at the times of those points.
    pub(super) pricing_cardinal: Vec<f64>,
}

impl Tables {
    pub(super) fn of(precision: Precision) -> &'static Self {
        static TABLES: [OnceLock<Tables>; 3] = [const { OnceLock::new() }; 3];
        let (slot, scheme) = match precision {
            Precision::Fast => (&TABLES[0], Scheme { precision, nodes: 8, inner: 8, pricing: 24, tolerance: 1e-3 }),
            Precision::Standard => {
                (&TABLES[1], Scheme { precision, nodes: 12, inner: 12, pricing: 48, tolerance: 1e-3 })
            }
            Precision::High => (&TABLES[2], Scheme { precision, nodes: 24, inner: 32, pricing: 128, tolerance: 1e-6 }),
        };
        slot.get_or_init(|| Self::new(scheme))
    }

    pub(super) fn new(scheme: Scheme) -> Self {
        let n = scheme.nodes;
        let x: Vec<f64> = (0..n).map(|k| chebyshev(k, n).powf(CLUSTERING)).collect();
        let (s, c, omega) = quarter_circle(scheme.inner, 1.0);
        let mut root_age = Vec::new();
        let mut weight = Vec::new();
        let mut root_time = Vec::new();
        for ((&s, &c), &omega) in s.iter().zip(&c).zip(&omega) {
            for &x in &x {
                root_age.push(x * s);
                weight.push(x * x * omega);
                root_time.push(x * c);
            }
        }
        let (s, c, omega) = quarter_circle(scheme.pricing, PRICING_POWER);
        let cardinal = cardinal_rows(scheme, &root_time);
        let points = root_time.len();
        Self {
            scheme,
            cardinal_by_point: (0..points * n).map(|at| cardinal[at % n * points + at / n]).collect(),
            cardinal,
            pricing_weight: omega,
            pricing_cardinal: cardinal_rows(scheme, &c),
            pricing_root_age: s,
            x,
            root_age,
            weight,
        }
    }

    /// Values at `x` of the cardinal polynomials of the nodes.
    pub(super) fn cardinal_at(&self, x: f64) -> Vec<f64> {
        cardinal_rows(self.scheme, &[x])
    }
}

/// Chebyshev-Lobatto node `k` of `0..=n` on `[0, 1]`, from 1 down to 0.
fn chebyshev(k: usize, n: usize) -> f64 {
    0.5 * (1.0 + (PI * k as f64 / n as f64).cos())
}

/// Row `k`, column `p`: the polynomial of degree `n` that is 1 at Chebyshev-Lobatto node `k` of `[0, 1]` and 0 at
/// the others, at `at[p]`. The last node, `x = 0`, carries the value 0 and has no row.
fn cardinal_rows(scheme: Scheme, at: &[f64]) -> Vec<f64> {
    let n = scheme.nodes;
    let node = |k: usize| chebyshev(k, n);
    let barycentric = |k: usize| {
        let sign = if k.is_multiple_of(2) { 1.0 } else { -1.0 };
        if k == 0 || k == n { 0.5 * sign } else { sign }
    };
    let mut rows = vec![0.0; n * at.len()];
    for (p, &x) in at.iter().enumerate() {
        let x = x.powf(1.0 / CLUSTERING);
        let distance = |k: usize| x - node(k);
        let nearest = (0..=n).find(|&k| distance(k).abs() < 1e-15);
        let total: f64 = (0..=n).map(|k| barycentric(k) / distance(k)).sum();
        for k in 0..n {
            rows[k * at.len() + p] = match nearest {
                Some(hit) => f64::from(u8::from(hit == k)),
                None => barycentric(k) / distance(k) / total,
            };
        }
    }
    rows
}

/// Sines, cosines and weights for integrals over an age `v` in `[0, 1]` by the angle whose sine is `√v`.
///
/// The nodes of the angle are those of Gauss and Legendre to a power, which crowds them at age 0. Integrands are
/// smooth in `√v` at 0 and in the root of the time left, `√(1 − v)`, at 1; the angle serves both.
fn quarter_circle(points: usize, power: f64) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let (at, omega) = gauss_legendre(points);
    let (sines, cosines): (Vec<f64>, Vec<f64>) = at.iter().map(|at| (FRAC_PI_2 * at.powf(power)).sin_cos()).unzip();
    let stretch = at.iter().map(|at| power * at.powf(power - 1.0));
    let weights =
        omega.iter().zip(stretch).zip(sines.iter().zip(&cosines)).map(|((w, d), (s, c))| PI * s * c * w * d).collect();
    (sines, cosines, weights)
}

/// Nodes and weights of the Gauss-Legendre rule on `[0, 1]`.
pub(super) fn gauss_legendre(points: usize) -> (Vec<f64>, Vec<f64>) {
    let n = points as f64;
    let mut nodes = Vec::with_capacity(points);
    let mut weights = Vec::with_capacity(points);
    for i in 0..points {
        let mut x = -(PI * (i as f64 + 0.75) / (n + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..100 {
            let (mut before, mut value) = (1.0, x);
            for k in 2..=points {
                let k = k as f64;
                (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
            }
            slope = n * (x * value - before) / (x * x - 1.0);
            let step = value / slope;
            x -= step;
            if step.abs() < 1e-16 {
                break;
            }
        }
        nodes.push(0.5 * (1.0 + x));
        weights.push(1.0 / ((1.0 - x * x) * slope * slope));
    }
    (nodes, weights)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quadrature_is_exact_for_polynomials() {
        let (x, w) = gauss_legendre(16);
        for power in 0..32 {
            let got: f64 = x.iter().zip(&w).map(|(x, w)| w * x.powi(power)).sum();
            assert!((got - 1.0 / (f64::from(power) + 1.0)).abs() < 1e-15, "{power}");
        }
    }

    #[test]
    fn interpolation_is_exact_for_polynomials_that_vanish_at_zero() {
        let tables = Tables::new(Scheme { precision: Precision::Fast, nodes: 8, inner: 4, pricing: 4, tolerance: 1.0 });
        let f = |x: f64| {
            let z = x.powf(1.0 / CLUSTERING);
            z * (1.0 - 3.0 * z.powi(7))
        };
        for x in [0.0, 0.01, 0.3, 0.5, 0.99, 1.0] {
            let rows = tables.cardinal_at(x);
            let got: f64 = rows.iter().zip(&tables.x).map(|(row, &node)| row * f(node)).sum();
            assert!((got - f(x)).abs() < 1e-14, "{x}: {got}");
        }
    }
}

use alluse_risk_core::{Error as Input, linalg};
use ndarray::{Array1, ArrayView1, ArrayView2, Axis};

use crate::{Error, Result};

const METHOD: &str = "active set on the simplex";

/// Where a quadratic is least on the simplex.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SimplexMinimum {
    /// Not negative, sum 1.
    pub(super) point: Array1<f64>,
    /// `(Qx − c)ⱼ + ν`: zero where x is positive, not negative elsewhere, up to the tolerance.
    pub(super) reduced_costs: Array1<f64>,
    /// Systems solved.
    pub(super) iterations: usize,
}

/// Minimises `½ x'Qx − c'x` over `x ≥ 0, Σx = 1`, Q positive definite.
///
/// The active-set method of Lawson and Hanson (1974, chapter 23) with the sum as one more equation: free the variable
/// with the lowest reduced cost, solve among the free ones, and step back to the boundary for as long as one of them
/// would turn negative. Each solve lowers the objective, so no set of free variables comes back.
pub(super) fn minimise(q: ArrayView2<'_, f64>, c: ArrayView1<'_, f64>) -> Result<SimplexMinimum> {
    let n = c.len();
    let size = c.iter().chain(q.diag()).fold(0.0_f64, |a, v| a.max(v.abs()));
    let tolerance = 64.0 * n as f64 * f64::EPSILON * size;
    // The best corner to start from.
    let cost = |j: usize| 0.5 * q[[j, j]] - c[j];
    let start = (1..n).fold(0, |best, j| if cost(j) < cost(best) { j } else { best });
    let mut point = Array1::zeros(n);
    point[start] = 1.0;
    let mut free = vec![start];
    let mut iterations = 0;
    let most = 10 * n + 30;
    loop {
        let gradient = q.dot(&point) - c;
        // Among the free variables the gradient is the same up to rounding: minus the multiplier of the sum.
        let level = free.iter().map(|&j| gradient[j]).sum::<f64>() / free.len() as f64;
        let reduced_costs = gradient - level;
        let worst = (0..n)
            .filter(|j| !free.contains(j) && reduced_costs[*j] < -tolerance)
            .min_by(|a, b| reduced_costs[*a].total_cmp(&reduced_costs[*b]));
        let Some(entering) = worst else {
            return Ok(SimplexMinimum { point, reduced_costs, iterations });
        };
        free.push(entering);
        loop {
            iterations += 1;
            if iterations > most {
                let residual = -reduced_costs[entering];
                return Err(Error::NotConverged { method: METHOD, iterations, residual });
            }
            let target = among(q, c, &free)?;
            // The step to the first variable that would turn negative.
            let boundary = free
                .iter()
                .zip(&target)
                .filter(|(_, to)| **to <= 0.0)
                .map(|(&j, &to)| (point[j] / (point[j] - to), j))
                .filter(|(step, _)| step.is_finite())
                .min_by(|a, b| a.0.total_cmp(&b.0));
            let step = boundary.map_or(1.0, |(step, _)| step.clamp(0.0, 1.0));
            for (&j, to) in free.iter().zip(&target) {
                point[j] += step * (to - point[j]);
            }
            let Some((_, leaving)) = boundary else { break };
            free.retain(|&j| j != leaving && point[j] > 0.0);
            (0..n).filter(|j| !free.contains(j)).for_each(|j| point[j] = 0.0);
            if free.is_empty() {
                return Err(Error::NotConverged { method: METHOD, iterations, residual: f64::INFINITY });
            }
        }
    }
}

/// The minimum over `Σx = 1` with all but the free variables zero: `x = Q⁻¹(c − ν1)`.
fn among(q: ArrayView2<'_, f64>, c: ArrayView1<'_, f64>, free: &[usize]) -> Result<Array1<f64>> {
    let part = q.select(Axis(0), free).select(Axis(1), free);
    let factor = linalg::cholesky(part.view())?;
    let unconstrained = factor.solve(c.select(Axis(0), free).view())?;
    let ones = factor.solve(Array1::ones(free.len()).view())?;
    let total = ones.sum();
    if !(total > 0.0) {
        return Err(Input::Singular { name: "covariance of the free indices" }.into());
    }
    let multiplier = (unconstrained.sum() - 1.0) / total;
    Ok(unconstrained - ones * multiplier)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn by_hand() {
        // Two variables: ½(x² + y²) − c'x over the line: the middle, moved by half the difference of c.
        let q = Array2::eye(2);
        let got = minimise(q.view(), array![0.2, 0.0].view()).unwrap();
        assert!((got.point[0] - 0.6).abs() < 1e-15 && (got.point[1] - 0.4).abs() < 1e-15);
        // Far enough, and a corner is best.
        assert_eq!(minimise(q.view(), array![3.0, 0.0].view()).unwrap().point, array![1.0, 0.0]);
        // One variable has no choice.
        assert_eq!(minimise(array![[2.0]].view(), array![-5.0].view()).unwrap().point, array![1.0]);
    }

    proptest! {
        /// The Kuhn-Tucker conditions, which prove a minimum of a convex problem.
        #[test]
        fn kuhn_tucker(
            cells in prop::collection::vec(-1.0_f64..1.0, 48), c in prop::collection::vec(-2.0_f64..2.0, 6),
        ) {
            let x = Array2::from_shape_vec((8, 6), cells).unwrap();
            let q = x.t().dot(&x) + Array2::<f64>::eye(6) * 1e-3;
            let c = Array1::from(c);
            let got = minimise(q.view(), c.view()).unwrap();
            prop_assert!((got.point.sum() - 1.0).abs() < 1e-12);
            prop_assert!(got.point.iter().all(|x| *x >= 0.0));
            let gradient = q.dot(&got.point) - &c;
            let lowest = gradient.iter().copied().fold(f64::INFINITY, f64::min);
            for (x, g) in got.point.iter().zip(&gradient) {
                // Complementary slackness: what is held costs the least.
                prop_assert!(x * (g - lowest) < 1e-10, "{} {}", x, g - lowest);
            }
        }
    }
}

//! The smoothing index: how much of a period's news its own return shows.

use serde::{Deserialize, Serialize};

use super::Performance;
use crate::{Error, Result, check};

const NAME: &str = "smoothing index";
/// Orders beyond this have a likelihood too flat for a search without derivatives.
const LARGEST_ORDER: usize = 6;
const ITERATIONS: usize = 4_000;
const TOLERANCE: f64 = 1e-11;

/// A moving average fitted to the returns, and the smoothing it implies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Smoothing {
    /// `Σ w²`: 1 without smoothing, `1/(order + 1)` when news is spread evenly.
    pub index: f64,
    /// Weights of the news of this period and the periods before, not negative with sum 1.
    pub weights: Vec<f64>,
    /// The invertible coefficients `θ₁ …` that maximise the likelihood, before negative ones are cut off.
    pub coefficients: Vec<f64>,
    /// Variance of the innovations.
    pub innovation_variance: f64,
    /// The maximal Gaussian log-likelihood.
    pub log_likelihood: f64,
}

impl Performance<'_> {
    /// Smoothing of an order by exact Gaussian maximum likelihood.
    ///
    /// ```text
    /// r_t − m = e_t + θ₁ e_{t−1} + …      w = (1, θ⁺)/(1 + Σ θ⁺)      index = Σ w²
    /// ```
    ///
    /// The likelihood is that of the innovations algorithm, maximised over invertible coefficients; negative ones
    /// are not smoothing and count as 0.
    ///
    /// # Errors
    /// [`Error::Input`] for an order outside 1 to 6 or fewer than `10 · order` returns; [`Error::Undefined`] for
    /// returns that do not vary; [`Error::NotConverged`] when the search stops short.
    ///
    /// # Source
    /// Getmansky, Lo and Makarov (2004), "An econometric model of serial correlation and illiquidity".
    pub fn smoothing(&self, order: usize) -> Result<Smoothing> {
        check::ensure((1..=LARGEST_ORDER).contains(&order), "smoothing order", "from 1 to 6", order as f64)?;
        check::enough(NAME, 10 * order, self.len())?;
        let moments = self.moments();
        let scale = moments.positive_deviation(0, NAME)?;
        let series: Vec<f64> = self.slice().iter().map(|r| (r - moments.mean) / scale).collect();
        let objective = |free: &[f64]| likelihood(&series, &invertible(free)).0;
        let free = minimise(objective, order)?;
        let coefficients = invertible(&free);
        let (deviance, variance) = likelihood(&series, &coefficients);
        let positive: Vec<f64> = coefficients.iter().map(|theta| theta.max(0.0)).collect();
        let total = 1.0 + positive.iter().sum::<f64>();
        let weights: Vec<f64> = std::iter::once(1.0).chain(positive).map(|weight| weight / total).collect();
        let n = series.len() as f64;
        let log_likelihood = -0.5 * (n * (deviance + std::f64::consts::TAU.ln() + 1.0)) - n * scale.ln();
        Ok(Smoothing {
            index: weights.iter().map(|w| w * w).sum(),
            weights,
            coefficients,
            innovation_variance: variance * scale * scale,
            log_likelihood,
        })
    }
}

/// Coefficients of an invertible moving average from unbounded parameters, through partial correlations.
fn invertible(free: &[f64]) -> Vec<f64> {
    let mut theta: Vec<f64> = Vec::with_capacity(free.len());
    for parameter in free {
        let partial = parameter.tanh();
        let k = theta.len();
        let before = theta.clone();
        for j in 0..k {
            theta[j] = before[j] + partial * before[k - 1 - j];
        }
        theta.push(partial);
    }
    theta
}

/// `ln σ̂² + (1/n) Σ ln v_t`, the deviance per observation less its constant, and `σ̂²`.
///
/// `v_t` are the prediction variances in units of `σ²`: the innovations algorithm for a banded covariance.
fn likelihood(series: &[f64], theta: &[f64]) -> (f64, f64) {
    let q = theta.len();
    let coefficient = |k: usize| if k == 0 { 1.0 } else { theta[k - 1] };
    let covariance: Vec<f64> = (0..=q).map(|k| (k..=q).map(|j| coefficient(j) * coefficient(j - k)).sum()).collect();
    // Row t of the triangular factor holds the weights of the last q innovations, newest first.
    let mut rows = vec![[0.0; LARGEST_ORDER]; q + 1];
    let mut variances = vec![1.0; q + 1];
    let mut innovations = vec![0.0; q + 1];
    let (mut squares, mut logarithms, mut product) = (0.0, 0.0, 1.0_f64);
    for (t, &value) in series.iter().enumerate() {
        let slot = t % (q + 1);
        let reach = q.min(t);
        let mut row = [0.0; LARGEST_ORDER];
        let mut variance = covariance[0];
        let mut prediction = 0.0;
        // From the oldest innovation to the newest.
        for lag in (1..=reach).rev() {
            let other = (t - lag) % (q + 1);
            let mut found = covariance[lag];
            for older in lag + 1..=reach {
                found -= row[older - 1] * rows[other][older - lag - 1] * variances[(t - older) % (q + 1)];
            }
            found /= variances[other];
            row[lag - 1] = found;
            variance -= found * found * variances[other];
            prediction += found * innovations[other];
        }
        let innovation = value - prediction;
        (rows[slot], variances[slot], innovations[slot]) = (row, variance, innovation);
        squares += innovation * innovation / variance;
        // One logarithm for many factors.
        product *= variance;
        if !(1e-200..1e200).contains(&product) {
            logarithms += product.ln();
            product = 1.0;
        }
    }
    let n = series.len() as f64;
    let variance = squares / n;
    (variance.ln() + (logarithms + product.ln()) / n, variance)
}

/// Nelder and Mead's search from no smoothing, started again from where it ends until that no longer helps.
fn minimise(objective: impl Fn(&[f64]) -> f64, dimension: usize) -> Result<Vec<f64>> {
    let mut best = vec![0.0; dimension];
    let mut value = objective(&best);
    let mut spent = 0;
    for side in [0.3, 0.1, 0.05, 0.02] {
        let (found, at, used) = simplex(&objective, &best, side, ITERATIONS - spent);
        spent += used;
        let gain = value - at;
        if at <= value {
            (best, value) = (found, at);
        }
        if gain.abs() <= TOLERANCE && spent < ITERATIONS {
            return Ok(best);
        }
        if spent >= ITERATIONS || !value.is_finite() {
            return Err(Error::NotConverged { method: NAME, iterations: spent, residual: gain });
        }
    }
    Ok(best)
}

/// One search: the best corner, its value and the iterations used.
fn simplex(objective: &impl Fn(&[f64]) -> f64, start: &[f64], side: f64, iterations: usize) -> (Vec<f64>, f64, usize) {
    let n = start.len();
    let evaluated = |point: Vec<f64>| {
        let value = objective(&point);
        (point, if value.is_nan() { f64::INFINITY } else { value })
    };
    let mut corners = vec![evaluated(start.to_vec())];
    for k in 0..n {
        let mut corner = start.to_vec();
        corner[k] += side;
        corners.push(evaluated(corner));
    }
    for iteration in 0..iterations {
        corners.sort_by(|a, b| a.1.total_cmp(&b.1));
        if corners[n].1 - corners[0].1 <= TOLERANCE && diameter(&corners) <= 1e-6 {
            return (corners[0].0.clone(), corners[0].1, iteration);
        }
        let centre: Vec<f64> = (0..n).map(|k| corners[..n].iter().map(|c| c.0[k]).sum::<f64>() / n as f64).collect();
        let along = |step: f64| -> Vec<f64> {
            centre.iter().zip(&corners[n].0).map(|(centre, worst)| centre + step * (worst - centre)).collect()
        };
        let reflected = evaluated(along(-1.0));
        let replacement = if reflected.1 < corners[0].1 {
            let expanded = evaluated(along(-2.0));
            Some(if expanded.1 < reflected.1 { expanded } else { reflected })
        } else if reflected.1 < corners[n - 1].1 {
            Some(reflected)
        } else {
            let contracted = evaluated(along(if reflected.1 < corners[n].1 { -0.5 } else { 0.5 }));
            (contracted.1 < reflected.1.min(corners[n].1)).then_some(contracted)
        };
        match replacement {
            Some(corner) => corners[n] = corner,
            None => {
                let best = corners[0].0.clone();
                for corner in &mut corners[1..] {
                    let point = corner.0.iter().zip(&best).map(|(x, best)| 0.5 * (x + best)).collect();
                    *corner = evaluated(point);
                }
            }
        }
    }
    corners.sort_by(|a, b| a.1.total_cmp(&b.1));
    (corners[0].0.clone(), corners[0].1, iterations)
}

/// The largest distance of a corner from the first, in the largest coordinate, in effective units: beyond ±4 the
/// hyperbolic tangent no longer moves.
fn diameter(corners: &[(Vec<f64>, f64)]) -> f64 {
    let first = &corners[0].0;
    corners[1..]
        .iter()
        .flat_map(|corner| corner.0.iter().zip(first).map(|(a, b)| (a.tanh() - b.tanh()).abs()))
        .fold(0.0, f64::max)
}

#[cfg(test)]
pub(super) mod tests {
    use alluse_risk_core::Frequency;
    use ndarray::Array1;

    use super::*;
    use crate::Annualisation;

    /// Whole numbers make noise that any language can repeat; a moving average of it with weights 1, 0.45 and 0.2.
    pub(in crate::metrics) fn smoothed(n: usize) -> Array1<f64> {
        let noise = |i: usize| ((i * i * 7_919 + i * 104_729 + 12_345) % 10_007) as f64 / 10_007.0 - 0.5;
        (0..n).map(|i| 0.02 * (noise(i + 2) + 0.45 * noise(i + 1) + 0.2 * noise(i)) + 0.004).collect()
    }

    /// numpy and scipy: the normal density of all returns at once, by Cholesky factor of their 240 × 240 covariance, and
    /// its top by a search to 1e-10. At the top the deviance of a return moves by 1e-11, the search's tolerance, for
    /// coefficients apart by 5e-6.
    #[test]
    fn the_likelihood_and_its_top_are_those_of_the_joint_density() {
        let returns = smoothed(240);
        let performance = Performance::new(returns.view(), Annualisation::Periods(Frequency::Monthly)).unwrap();
        let found = performance.smoothing(2).unwrap();
        assert!((found.log_likelihood - 883.000_187_760_656_7).abs() < 1e-8, "{found:?}");
        for (got, want) in found.coefficients.iter().zip([0.377_088_69, 0.226_635_81]) {
            assert!((got - want).abs() < 5e-6, "{found:?}");
        }
        assert!((found.innovation_variance / 3.727_957_304_650_9e-5 - 1.0).abs() < 1e-6);
        assert!((found.index - 0.464_071_191_053_122_4).abs() < 5e-6);
        let one = performance.smoothing(1).unwrap();
        assert!((one.log_likelihood - 876.353_285_392_027_7).abs() < 1e-8, "{one:?}");
        assert!((one.coefficients[0] - 0.296_492_44).abs() < 5e-6);
    }

    #[test]
    fn opposite_moves_are_not_smoothing() {
        let returns: Array1<f64> =
            smoothed(200).iter().enumerate().map(|(t, r)| if t % 2 == 0 { *r } else { -r }).collect();
        let found =
            Performance::new(returns.view(), Annualisation::Periods(Frequency::Monthly)).unwrap().smoothing(1).unwrap();
        assert!(found.coefficients[0] < 0.0);
        assert_eq!((found.index, found.weights), (1.0, vec![1.0, 0.0]));
    }

    #[test]
    fn hostile_input() {
        let monthly = Annualisation::Periods(Frequency::Monthly);
        let constant = Array1::from_elem(60, 0.01);
        let constant = Performance::new(constant.view(), monthly).unwrap();
        assert!(matches!(constant.smoothing(2), Err(Error::Undefined { .. })));
        assert!(constant.smoothing(0).is_err() && constant.smoothing(7).is_err());
        let short = smoothed(19);
        assert!(matches!(Performance::new(short.view(), monthly).unwrap().smoothing(2), Err(Error::Input(_))));
    }
}

//! Analytical nonlinear shrinkage.

use std::f64::consts::PI;

use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::estimate::{checked, varying};
use super::{Covariance, CovarianceEstimate, CovarianceEstimator, SampleCovariance, spectral};
use crate::{Error, Result};

/// Whether the shrunk eigenvalues keep the order of the sample's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EigenvalueOrder {
    /// As the formula gives them: neighbours may swap.
    #[default]
    AsEstimated,
    /// Nearest values in the squared distance that do not decrease; the trace stays.
    Isotonic,
}

/// The sample covariance with every eigenvalue shrunk by its own amount, its eigenvectors kept.
///
/// ```text
/// n = T − 1,  c = k/n,  h = n^(−1/3),  hⱼ = h λⱼ,  r = min(k, n) nonzero sample eigenvalues
/// f(x) = (1/r) Σⱼ K((x − λⱼ)/hⱼ) / hⱼ        K(z) = (3/(4√5)) max(0, 1 − z²/5)
/// H(x) = the same mean with the Hilbert transform of K
///
/// k ≤ n   dᵢ = λᵢ / [ (π c λᵢ f(λᵢ))² + (1 − c − π c λᵢ H(λᵢ))² ]
/// k > n   dᵢ = λᵢ / [ π² λᵢ² (f(λᵢ)² + H(λᵢ)²) ]      zero eigenvalues: 1 / (π (k − n)/n H(0))
/// ```
///
/// At `|z| = √5`, where the Hilbert transform has the form `0 · ∞`, its limit is taken; far outside the kernel it
/// comes from its series, where the closed form would lose all digits. The result is positive definite. Its trace
/// is that of the sample only asymptotically.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `order` | `AsEstimated` | whether shrunk eigenvalues may swap places | |
///
/// # Source
/// Ledoit and Wolf (2020), Analytical nonlinear shrinkage of large-dimensional covariance matrices, *Annals of
/// Statistics* 48, eqs 4.7–4.9 and appendix C.
///
/// # Examples
/// ```
/// use alluse_risk_core::covariance::NonlinearShrinkage;
/// use alluse_risk_core::streams::Streams;
///
/// // Two hundred and one dates of a hundred uncorrelated assets with variance 1: the sample spreads far about 1.
/// let returns = Streams::new(7).standard_normals(201, 100);
/// let shrunk = NonlinearShrinkage::default().fit(returns.view())?;
/// assert!(shrunk.sample_eigenvalues[0] < 0.1 && shrunk.sample_eigenvalues[99] > 2.8);
/// assert!(shrunk.shrunk_eigenvalues.iter().all(|value| *value > 0.7 && *value < 1.5));
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonlinearShrinkage {
    order: EigenvalueOrder,
}

/// A covariance with its eigenvalues before and after nonlinear shrinkage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NonlinearlyShrunk {
    /// The covariance and its diagnostics.
    pub estimate: CovarianceEstimate,
    /// Eigenvalues of the sample covariance with divisor `T − 1`, ascending; those known to be zero are zero.
    pub sample_eigenvalues: Vec<f64>,
    /// What became of each.
    pub shrunk_eigenvalues: Vec<f64>,
}

/// Observations less one that the null eigenvalues need: below, the kernels of the smallest eigenvalues reach zero.
const LEAST: usize = 12;

impl NonlinearShrinkage {
    /// With another treatment of the order of the eigenvalues.
    #[must_use]
    pub fn with_order(mut self, order: EigenvalueOrder) -> Self {
        self.order = order;
        self
    }

    /// The shrunk covariance with its eigenvalues before and after.
    ///
    /// # Errors
    /// - [`Error::Empty`], [`Error::EntryOutOfDomain`] for a return that is not finite.
    /// - [`Error::InsufficientData`] with fewer than 13 observations.
    /// - [`Error::Undefined`] when an asset's returns are all the same.
    /// - [`Error::Singular`] when the returns span fewer dimensions than `min(k, T − 1)`, as with an asset that is
    ///   a multiple of another.
    /// - [`Error::NotConverged`] from the eigenvalues; [`Error::Unsupported`] without the features `linalg` and
    ///   `lapack`.
    pub fn fit(&self, returns: ArrayView2<'_, f64>) -> Result<NonlinearlyShrunk> {
        checked("nonlinear shrinkage", returns, LEAST + 1)?;
        varying("nonlinear shrinkage", returns)?;
        let (observations, assets) = returns.dim();
        let n = observations - 1;
        let sample = SampleCovariance::new(1).covariance(returns)?;
        let mut eigen = spectral::eigen("sample covariance", sample.view())?;
        let zeros = assets.saturating_sub(n);
        eigen.values.iter_mut().take(zeros).for_each(|value| *value = 0.0);
        let (_, positive) = eigen.values.view().split_at(ndarray::Axis(0), zeros);
        if positive[0] <= spectral::negligible(eigen.values.view()) {
            return Err(Error::Singular { name: "sample covariance" });
        }
        let mut shrunk = shrink(positive, n, zeros);
        if self.order == EigenvalueOrder::Isotonic {
            shrunk = isotonic(&shrunk);
        }
        let matrix = spectral::recompose(&eigen, ArrayView1::from(&shrunk))?;
        let covariance = Covariance::new(matrix)?;
        Ok(NonlinearlyShrunk {
            estimate: CovarianceEstimate::new(covariance, observations, observations as f64, assets)?,
            sample_eigenvalues: eigen.values.to_vec(),
            shrunk_eigenvalues: shrunk,
        })
    }

    /// The shrunk covariance with its diagnostics.
    ///
    /// # Errors
    /// Those of [`fit`](Self::fit).
    pub fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        Ok(self.fit(returns)?.estimate)
    }
}

impl CovarianceEstimator for NonlinearShrinkage {
    fn name(&self) -> &str {
        "nonlinear shrinkage"
    }

    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        self.estimate(returns)
    }
}

/// The shrunk eigenvalues, first those of the `zeros` null eigenvalues.
fn shrink(positive: ArrayView1<'_, f64>, n: usize, zeros: usize) -> Vec<f64> {
    let bandwidth = libm::cbrt(1.0 / n as f64);
    let count = positive.len() as f64;
    let concentration = (positive.len() + zeros) as f64 / n as f64;
    let mut shrunk = Vec::with_capacity(positive.len() + zeros);
    if zeros > 0 {
        let inverse_mean = positive.iter().map(|value| 1.0 / value).sum::<f64>() / count;
        // The transform of the density at zero, seen from which every eigenvalue lies at −1/h.
        let at_zero = kernel_transform(-1.0 / bandwidth) / bandwidth * inverse_mean;
        shrunk.resize(zeros, 1.0 / (PI * (zeros as f64 / n as f64) * at_zero));
    }
    for &value in positive {
        // Both times the eigenvalue, so that they have no unit.
        let (mut density, mut transform) = (0.0, 0.0);
        for &other in positive {
            let ratio = value / other;
            let z = (ratio - 1.0) / bandwidth;
            density += kernel(z) * ratio;
            transform += kernel_transform(z) * ratio;
        }
        let (density, transform) = (PI * density / (count * bandwidth), PI * transform / (count * bandwidth));
        let factor = if zeros > 0 {
            density.powi(2) + transform.powi(2)
        } else {
            (concentration * density).powi(2) + (1.0 - concentration - concentration * transform).powi(2)
        };
        shrunk.push(value / factor);
    }
    shrunk
}

/// Epanechnikov's kernel with variance 1.
fn kernel(z: f64) -> f64 {
    0.75 / 5.0_f64.sqrt() * (1.0 - z * z / 5.0).max(0.0)
}

/// Where the closed form has lost two digits and a dozen terms of the series have all of them.
const FAR: f64 = 10.0;

/// The Hilbert transform of the kernel, `(1/π) ∫ K(u)/(u − z) du` as a principal value.
fn kernel_transform(z: f64) -> f64 {
    let edge = 5.0_f64.sqrt();
    if z.abs() > FAR {
        return far_transform(edge / z);
    }
    let linear = -0.3 / PI * z;
    let room = 1.0 - z * z / 5.0;
    let (below, above) = ((edge - z).abs(), (edge + z).abs());
    // At the edge the factor before the logarithm vanishes faster than the logarithm grows.
    if below <= 0.0 || above <= 0.0 {
        return linear;
    }
    linear + 0.75 / (edge * PI) * room * (below / above).ln()
}

/// `−(3/(√5 π)) Σ y^(2j+1) / ((2j+1)(2j+3))` with `y = √5/z`.
fn far_transform(y: f64) -> f64 {
    let square = y * y;
    let (mut power, mut sum) = (y, 0.0);
    for term in 0..14 {
        let odd = f64::from(2 * term + 1);
        sum += power / (odd * (odd + 2.0));
        power *= square;
    }
    -3.0 / (5.0_f64.sqrt() * PI) * sum
}

/// The nearest sequence that does not decrease: pools of neighbours that violate the order take their mean.
fn isotonic(values: &[f64]) -> Vec<f64> {
    let mut pools: Vec<(f64, usize)> = Vec::with_capacity(values.len());
    for &value in values {
        let (mut mean, mut size) = (value, 1);
        while let Some(&(before, count)) = pools.last()
            && before > mean
        {
            mean = (before * count as f64 + mean * size as f64) / (count + size) as f64;
            size += count;
            pools.pop();
        }
        pools.push((mean, size));
    }
    pools.into_iter().flat_map(|(mean, size)| std::iter::repeat_n(mean, size)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_transform_of_the_kernel() {
        // mpmath 1.3, 40 digits: (1/π) PV ∫ K(u)/(u − z) du by quadrature around the pole.
        for (z, want) in TRANSFORMS {
            let got = kernel_transform(z);
            assert!((got - want).abs() <= 1e-13 * want.abs(), "{z}: {got} {want}");
            assert!((kernel_transform(-z) + want).abs() <= 1e-13 * want.abs());
        }
        assert_eq!(kernel_transform(0.0), 0.0);
    }

    #[test]
    fn at_the_edge_of_the_kernel_the_limit_is_taken() {
        let edge = 5.0_f64.sqrt();
        // −3√5/(10π), and next to it the values approach it.
        assert!((kernel_transform(edge) + 0.21352876302515314).abs() < 1e-15);
        assert!((kernel_transform(-edge) - 0.21352876302515314).abs() < 1e-15);
        for beside in [edge.next_up(), edge.next_down(), edge + 1e-9, edge - 1e-9] {
            assert!((kernel_transform(beside) - kernel_transform(edge)).abs() < 1e-7);
        }
    }

    #[test]
    fn far_out_the_transform_is_that_of_a_point() {
        for z in [1e3, 1e6, 1e9, -1e12] {
            // −1/(πz) (1 + 1/z² + …) for a kernel of variance 1.
            let want = -1.0 / (PI * z) * (1.0 + 1.0 / (z * z));
            assert!((kernel_transform(z) / want - 1.0).abs() < 1e-10, "{z}");
        }
        let (inside, outside) = (kernel_transform(FAR), kernel_transform(FAR.next_up()));
        assert!((inside / outside - 1.0).abs() < 1e-12);
    }

    #[test]
    fn the_kernel_is_a_density_of_variance_one() {
        let step = 1e-4;
        let grid = || (-30_000..=30_000).map(|i| f64::from(i) * step);
        // The trapezoidal rule on a kinked parabola errs by step² at most.
        assert!((grid().map(kernel).sum::<f64>() * step - 1.0).abs() < 1e-7);
        assert!((grid().map(|z| z * z * kernel(z)).sum::<f64>() * step - 1.0).abs() < 1e-7);
        assert_eq!(kernel(3.0), 0.0);
    }

    #[test]
    fn pools_take_their_mean() {
        assert_eq!(isotonic(&[1.0, 3.0, 2.0, 4.0]), [1.0, 2.5, 2.5, 4.0]);
        assert_eq!(isotonic(&[3.0, 2.0, 1.0]), [2.0, 2.0, 2.0]);
        assert_eq!(isotonic(&[5.0, 1.0, 3.0, 3.0]), [3.0, 3.0, 3.0, 3.0]);
        assert_eq!(isotonic(&[1.0, 1.0, 2.0]), [1.0, 1.0, 2.0]);
    }

    proptest! {
        #[test]
        fn isotonic_values_rise_and_keep_their_sum(values in prop::collection::vec(0.0..9.0_f64, 1..20)) {
            let pooled = isotonic(&values);
            prop_assert_eq!(pooled.len(), values.len());
            prop_assert!(pooled.windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert!((pooled.iter().sum::<f64>() - values.iter().sum::<f64>()).abs() < 1e-12);
            let again = isotonic(&pooled);
            prop_assert!(again.iter().zip(&pooled).all(|(a, b)| (a - b).abs() < 1e-14));
        }

        #[test]
        fn shrunk_eigenvalues_scale_with_the_sample(
            mut values in prop::collection::vec(0.1..10.0_f64, 2..15), scale in 1e-8..1e8_f64, zeros in 0..3_usize
        ) {
            values.sort_by(f64::total_cmp);
            let n = if zeros > 0 { values.len().max(13) } else { 40 };
            let base = shrink(ArrayView1::from(&values), n, zeros);
            let scaled: Vec<f64> = values.iter().map(|v| v * scale).collect();
            let other = shrink(ArrayView1::from(&scaled), n, zeros);
            for (a, b) in base.iter().zip(&other) {
                prop_assert!(*a > 0.0 && (a * scale / b - 1.0).abs() < 1e-9);
            }
        }
    }

    const TRANSFORMS: [(f64, f64); 10] = [
        (0.3, -0.05695075760347393),
        (1.0, -0.17769501846158),
        (2.2, -0.2265249354025904),
        (2.3, -0.1932421215210006),
        (3.7, -0.09355954402266912),
        (9.5, -0.0338866611177976),
        (10.5, -0.0305956783425889),
        (25.0, -0.012752837438368077),
        (4000.0, -7.957747651954031e-5),
        (123456.0, -2.5783265795479786e-6),
    ];
}

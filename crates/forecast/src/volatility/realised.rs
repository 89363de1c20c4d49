//! Variance of a day from the returns inside it.

use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, check};

/// Sum of the squared log returns inside a day: `Σ rᵢ²`.
///
/// # Errors
/// [`Error::Input`] for no return or one that is not finite, [`Error::Undefined`] when the sum overflows.
///
/// # Source
/// Andersen, Bollerslev, Diebold and Labys (2001).
pub fn realised_variance(returns: ArrayView1<'_, f64>) -> Result<f64> {
    check::finite("returns", returns)?;
    usable("realised variance", returns.iter().map(|r| r * r).sum())
}

/// Variance without the jumps: `π/2 · n/(n − 1) Σ |rᵢ| |rᵢ₋₁|`, which a single large return moves little.
///
/// The factor `n/(n − 1)` is for the product that n returns have less than squares.
///
/// # Errors
/// [`Error::Input`] for fewer than 2 returns or one that is not finite, [`Error::Undefined`] when the sum overflows.
///
/// # Source
/// Barndorff-Nielsen and Shephard (2004).
pub fn bipower_variance(returns: ArrayView1<'_, f64>) -> Result<f64> {
    const NAME: &str = "bipower variation";
    check::finite("returns", returns)?;
    check::enough(NAME, 2, returns.len())?;
    let n = returns.len() as f64;
    let sum: f64 = returns.iter().skip(1).zip(returns).map(|(now, last)| now.abs() * last.abs()).sum();
    usable(NAME, std::f64::consts::FRAC_PI_2 * n / (n - 1.0) * sum)
}

/// How far the kernel of a [`RealisedKernel`] reaches.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KernelBandwidth {
    /// So many returns; 0 is the realised variance.
    Fixed(usize),
    /// `⌈3.5134 ξ^⅘ n^⅗⌉`, `ξ² = ω²/IV`: the noise `ω²` is the realised variance over 2n, the signal `IV` the mean
    /// realised variance of all grids of every `stride`-th price. At most n − 1.
    Automatic {
        /// Returns in one sparse return, some 20 minutes' worth.
        stride: usize,
    },
}

/// Variance of a day from noisy prices.
///
/// ```text
/// K = γ₀ + 2 Σₕ₌₁ᴴ k(h/(H + 1)) γₕ      γₕ = Σ xⱼ xⱼ₋ₕ
/// k(x) = 1 − 6x² + 6x³ up to ½, then 2 (1 − x)³ (Parzen); K is never negative
/// ```
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `bandwidth` | automatic, stride 20 | H |
/// | `jitter` | 2 | prices averaged at each end, which takes the noise of the ends out; 1 for none |
///
/// # Source
/// Barndorff-Nielsen, Hansen, Lunde and Shephard (2009), "Realized kernels in practice: trades and quotes".
///
/// # Examples
/// ```
/// use alluse_forecast::volatility::{KernelBandwidth, RealisedKernel};
/// use ndarray::array;
///
/// // A price that bounces between bid and ask has moved little, however large the sum of its squares.
/// let bounce = array![0.01, -0.01, 0.01, -0.01, 0.01, -0.01, 0.01, -0.01];
/// let kernel = RealisedKernel::default().with_bandwidth(KernelBandwidth::Fixed(3)).with_jitter(1);
/// assert!(kernel.estimate(bounce.view())?.variance < 0.2 * 8e-4);
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RealisedKernel {
    /// Reach of the kernel.
    pub bandwidth: KernelBandwidth,
    /// Prices averaged at each end.
    pub jitter: usize,
}

/// Result of a [`RealisedKernel`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KernelVariance {
    /// Variance over the span of the returns.
    pub variance: f64,
    /// H used.
    pub bandwidth: usize,
    /// Returns used, after the ends were averaged.
    pub returns: usize,
}

impl Default for RealisedKernel {
    fn default() -> Self {
        Self { bandwidth: KernelBandwidth::Automatic { stride: 20 }, jitter: 2 }
    }
}

impl RealisedKernel {
    /// With another reach.
    #[must_use]
    pub fn with_bandwidth(mut self, bandwidth: KernelBandwidth) -> Self {
        self.bandwidth = bandwidth;
        self
    }

    /// With another number of prices averaged at each end.
    #[must_use]
    pub fn with_jitter(mut self, prices: usize) -> Self {
        self.jitter = prices;
        self
    }

    /// Variance over the span of `returns`, log returns in time order.
    ///
    /// # Errors
    /// - [`Error::Input`] for a return that is not finite, a jitter or a stride of 0, and too few returns for the
    ///   jitter, the bandwidth or the stride.
    /// - [`Error::Undefined`] when the automatic bandwidth meets a sparse variance of zero, or a sum overflows.
    pub fn estimate(&self, returns: ArrayView1<'_, f64>) -> Result<KernelVariance> {
        const NAME: &str = "realised kernel";
        check::finite("returns", returns)?;
        check::at_least_one("jitter", self.jitter)?;
        // At least one return between two averages that share no price.
        check::enough(NAME, self.jitter.saturating_mul(2).saturating_sub(1), returns.len())?;
        let x = jittered(returns, self.jitter);
        let n = x.len();
        let bandwidth = match self.bandwidth {
            KernelBandwidth::Fixed(lags) => lags,
            KernelBandwidth::Automatic { stride } => automatic(returns, stride)?.min(n - 1),
        };
        check::enough(NAME, bandwidth.saturating_add(1), n)?;
        let gamma = |lag: usize| x.iter().skip(lag).zip(&x).map(|(a, b)| a * b).sum::<f64>();
        let sides: f64 = (1..=bandwidth).map(|h| parzen(h as f64 / (bandwidth + 1) as f64) * gamma(h)).sum();
        // The kernel is positive semidefinite: anything below zero is rounding.
        let variance = usable(NAME, gamma(0) + 2.0 * sides)?.max(0.0);
        Ok(KernelVariance { variance, bandwidth, returns: n })
    }
}

/// Returns between prices whose first and last are means of `m`.
fn jittered(returns: ArrayView1<'_, f64>, m: usize) -> Array1<f64> {
    let n = returns.len();
    let mut x: Array1<f64> = returns.iter().skip(m - 1).take(n - 2 * (m - 1)).copied().collect();
    // The mean of p₀ … pₘ₋₁ lies Σ (j/m) rⱼ below pₘ₋₁, j = 1 … m − 1, and mirrored at the end.
    let share = |j: usize| j as f64 / m as f64;
    let start: f64 = (1..m).map(|j| share(j) * returns[j - 1]).sum();
    let end: f64 = (1..m).map(|j| share(j) * returns[n - j]).sum();
    let last = x.len() - 1;
    x[0] += start;
    x[last] += end;
    x
}

fn automatic(returns: ArrayView1<'_, f64>, stride: usize) -> Result<usize> {
    check::at_least_one("stride", stride)?;
    check::enough("sparse realised variance", stride.saturating_mul(2), returns.len())?;
    let n = returns.len();
    let dense: f64 = returns.iter().map(|r| r * r).sum();
    let mut prices = Vec::with_capacity(n + 1);
    prices.push(0.0);
    returns.iter().fold(0.0, |level, r| {
        prices.push(level + r);
        level + r
    });
    let sparse = (0..stride)
        .map(|offset| {
            let grid: Vec<f64> = prices.iter().skip(offset).step_by(stride).copied().collect();
            // Each grid covers a part of the day; its variance per return is scaled to all of them.
            let covered = (grid.len() - 1) * stride;
            let squares: f64 = grid.windows(2).map(|pair| (pair[1] - pair[0]) * (pair[1] - pair[0])).sum();
            squares * n as f64 / covered as f64
        })
        .sum::<f64>()
        / stride as f64;
    if !(sparse > 0.0) {
        return Err(Error::undefined("automatic bandwidth", format!("the sparse variance is {sparse:e}")));
    }
    let noise = dense / (2.0 * n as f64);
    let reach = 3.5134 * (noise / sparse).powf(0.4) * (n as f64).powf(0.6);
    Ok(if reach < n as f64 { reach.ceil() as usize } else { n })
}

fn parzen(x: f64) -> f64 {
    if x <= 0.5 { 1.0 - 6.0 * x * x * (1.0 - x) } else { 2.0 * (1.0 - x).powi(3) }
}

fn usable(name: &'static str, value: f64) -> Result<f64> {
    if value.is_finite() { Ok(value) } else { Err(Error::undefined(name, "the sum overflows")) }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::array;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// Written by `tests/golden/volatility_kit.py`, the kernel as a quadratic form of prices there.
    #[test]
    fn agrees_with_numpy() {
        let file: Value = serde_json::from_str(include_str!("../../tests/golden/volatility_kit.json")).unwrap();
        let returns: Vec<f64> = serde_json::from_value(file["intraday"].clone()).unwrap();
        let x = Array1::from(returns);
        let want = |key: &str| file["realised"][key].as_f64().unwrap();
        let close = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 1e-11, "{got:e} {want:e}");
        close(realised_variance(x.view()).unwrap(), want("variance"));
        close(bipower_variance(x.view()).unwrap(), want("bipower"));
        let automatic = RealisedKernel::default().estimate(x.view()).unwrap();
        close(automatic.variance, want("kernel_automatic"));
        assert_eq!(automatic.bandwidth as f64, want("bandwidth"));
        let fixed = RealisedKernel::default().with_bandwidth(KernelBandwidth::Fixed(7));
        close(fixed.with_jitter(1).estimate(x.view()).unwrap().variance, want("kernel_7"));
        close(fixed.with_jitter(3).estimate(x.view()).unwrap().variance, want("kernel_7_jitter_3"));
    }

    #[test]
    fn by_hand() {
        let x = array![1.0, -2.0, 3.0];
        assert_eq!(realised_variance(x.view()).unwrap(), 14.0);
        // π/2 · 3/2 · (2 + 6)
        assert!((bipower_variance(x.view()).unwrap() - 6.0 * std::f64::consts::PI).abs() < 1e-14);
        // k(½) = ¼ and γ₁ = −8: 14 − 2 · ¼ · 8.
        let kernel = RealisedKernel::default().with_bandwidth(KernelBandwidth::Fixed(1)).with_jitter(1);
        assert_eq!(kernel.estimate(x.view()).unwrap().variance, 10.0);
        // Prices 0, 1, −1, 2 become ½, ½: one return of nothing.
        let ends = RealisedKernel::default().with_bandwidth(KernelBandwidth::Fixed(0)).estimate(x.view()).unwrap();
        assert_eq!((ends.variance, ends.returns), (0.0, 1));
    }

    #[test]
    fn hostile_input() {
        let (empty, one, bad) = (Array1::<f64>::zeros(0), array![0.1], array![0.1, f64::NAN, 0.1]);
        for x in [&empty, &bad] {
            assert!(realised_variance(x.view()).is_err() && bipower_variance(x.view()).is_err());
            assert!(RealisedKernel::default().estimate(x.view()).is_err());
        }
        assert_eq!(bipower_variance(one.view()).unwrap_err().kind(), ErrorKind::InsufficientData);
        assert_eq!(realised_variance(array![1e200].view()).unwrap_err().kind(), ErrorKind::Undefined);
        let flat = Array1::<f64>::zeros(100);
        assert_eq!(RealisedKernel::default().estimate(flat.view()).unwrap_err().kind(), ErrorKind::Undefined);
        let kernel = RealisedKernel::default();
        for jitter in [0, 52, usize::MAX] {
            assert!(kernel.with_jitter(jitter).estimate(flat.view()).is_err(), "{jitter}");
        }
        for bandwidth in [KernelBandwidth::Fixed(100), KernelBandwidth::Fixed(usize::MAX)] {
            assert!(kernel.with_bandwidth(bandwidth).estimate(flat.view()).is_err());
        }
        for stride in [0, 51, usize::MAX] {
            let wrong = kernel.with_bandwidth(KernelBandwidth::Automatic { stride });
            assert!(wrong.estimate(flat.view()).is_err(), "{stride}");
        }
    }

    proptest! {
        /// Twice the returns are four times the variance, time may run backwards, and nothing is negative.
        #[test]
        fn laws(values in proptest::collection::vec(-0.01..0.01f64, 45..90), bandwidth in 0usize..20) {
            let x = Array1::from(values);
            let (twice, back): (Array1<f64>, Array1<f64>) = (&x * 2.0, x.iter().rev().copied().collect());
            let fixed = RealisedKernel::default().with_bandwidth(KernelBandwidth::Fixed(bandwidth));
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-12 * (1e-4 + a.abs());
            for kernel in [fixed, RealisedKernel::default()] {
                let variance = |x: &Array1<f64>| kernel.estimate(x.view()).map(|estimate| estimate.variance);
                let v = variance(&x)?;
                prop_assert!(v >= 0.0 && near(4.0 * v, variance(&twice)?));
                if kernel == fixed {
                    prop_assert!(near(v, variance(&back)?));
                }
            }
            prop_assert!(near(4.0 * bipower_variance(x.view())?, bipower_variance(twice.view())?));
            prop_assert!(near(bipower_variance(x.view())?, bipower_variance(back.view())?));
        }
    }
}

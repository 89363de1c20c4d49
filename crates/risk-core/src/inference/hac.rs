use std::f64::consts::PI;

use ndarray::Axis;
use serde::{Deserialize, Serialize};

use super::autocovariance::Centred;
use crate::{Error, Result};

/// How autocovariances are weighted in a long-run variance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HacKernel {
    /// `1 − 6x² + 6x³` up to ½, then `2 (1 − x)³`; x the lag over the bandwidth.
    Parzen,
    /// `25/(12π²x²) (sin(6πx/5)/(6πx/5) − cos(6πx/5))`, the smallest error of all positive kernels.
    #[default]
    QuadraticSpectral,
}

/// Whether the first autocorrelation is taken out before the kernel and put back after it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Prewhitening {
    /// No.
    None,
    /// By an autoregression of order one whose coefficient is held within ±0.97 (Andrews and Monahan 1992).
    #[default]
    Autoregression,
}

/// How far the kernel of a long-run variance reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Bandwidth {
    /// Best for an autoregression of order one with the series' first autocorrelation (Andrews 1991).
    #[default]
    Automatic,
    /// So many lags; positive.
    Fixed(f64),
}

/// A variance that allows for autocorrelation and changing variance, by a positive kernel.
///
/// ```text
/// Ψ = n/(n − p) · (γ₀ + 2 Σₖ k(k/S) γₖ)       p the number of moments estimated
/// S = 2.6614 (α n)^⅕ (Parzen), 1.3221 (α n)^⅕ (quadratic spectral)       α = 4ρ²/(1 − ρ)⁴
/// ```
///
/// | setting | default |
/// |---|---|
/// | `kernel` | quadratic spectral |
/// | `prewhitening` | by an autoregression |
/// | `bandwidth` | automatic |
///
/// # Source
/// Andrews (1991); Andrews and Monahan (1992); the factor n/(n − p) as in Ledoit and Wolf (2008).
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Hac {
    /// The weights.
    pub kernel: HacKernel,
    /// Whether the first autocorrelation is taken out first.
    pub prewhitening: Prewhitening,
    /// How far the weights reach.
    pub bandwidth: Bandwidth,
}

impl Hac {
    /// With another kernel.
    #[must_use]
    pub fn with_kernel(mut self, kernel: HacKernel) -> Self {
        self.kernel = kernel;
        self
    }

    /// With or without prewhitening.
    #[must_use]
    pub fn with_prewhitening(mut self, prewhitening: Prewhitening) -> Self {
        self.prewhitening = prewhitening;
        self
    }

    /// With another bandwidth.
    #[must_use]
    pub fn with_bandwidth(mut self, bandwidth: Bandwidth) -> Self {
        self.bandwidth = bandwidth;
        self
    }

    /// The long-run variance of a series whose mean is zero by construction, after `parameters` moments were
    /// estimated. The caller has checked that the series is finite and longer than that.
    pub(super) fn variance(&self, series: &[f64], parameters: usize) -> Result<f64> {
        if let Bandwidth::Fixed(lags) = self.bandwidth
            && !(lags > 0.0 && lags.is_finite())
        {
            return Err(Error::OutOfDomain { name: "bandwidth", expected: "positive and finite", value: lags });
        }
        let n = series.len() as f64;
        let whole = Centred::new(ndarray::aview1(series));
        let (rest, recolour) = match self.prewhitening {
            Prewhitening::None => (whole, 1.0),
            Prewhitening::Autoregression => {
                let rho = first_autocorrelation(&whole).clamp(-0.97, 0.97);
                let deviations = whole.deviations();
                let rest: Vec<f64> =
                    deviations.iter().skip(1).zip(deviations).map(|(now, last)| now - rho * last).collect();
                (Centred::new(ndarray::aview1(&rest)), 1.0 / ((1.0 - rho) * (1.0 - rho)))
            }
        };
        let variance = n / (n - parameters as f64) * recolour * self.smoothed(&rest);
        if variance.is_finite() { Ok(variance.max(0.0)) } else { Err(Error::Overflow { name: "long-run variance" }) }
    }

    fn smoothed(&self, centred: &Centred) -> f64 {
        let bandwidth = match self.bandwidth {
            Bandwidth::Fixed(lags) => lags,
            Bandwidth::Automatic => self.automatic(centred),
        };
        if bandwidth == 0.0 {
            return centred.autocovariance(0);
        }
        let last = centred.len() - 1;
        let lags = match self.kernel {
            HacKernel::Parzen => (bandwidth.ceil() as usize).min(last),
            HacKernel::QuadraticSpectral => last,
        };
        // All lags of a long series: plain products, whose rounding is far below the sampling error.
        let deviations = ndarray::aview1(centred.deviations());
        let autocovariance = |lag: usize| {
            let late = deviations.split_at(Axis(0), lag).1;
            let early = deviations.split_at(Axis(0), deviations.len() - lag).0;
            late.dot(&early) / deviations.len() as f64
        };
        let sides: f64 = (1..=lags).map(|lag| self.weight(lag as f64 / bandwidth) * autocovariance(lag)).sum();
        autocovariance(0) + 2.0 * sides
    }

    fn automatic(&self, centred: &Centred) -> f64 {
        let rho = first_autocorrelation(centred).clamp(-0.97, 0.97);
        let alpha = 4.0 * rho * rho / libm::pow(1.0 - rho, 4.0);
        let reach = libm::pow(alpha * centred.len() as f64, 0.2);
        match self.kernel {
            HacKernel::Parzen => 2.6614 * reach,
            HacKernel::QuadraticSpectral => 1.3221 * reach,
        }
    }

    fn weight(&self, x: f64) -> f64 {
        match self.kernel {
            HacKernel::Parzen if x <= 0.5 => 1.0 - 6.0 * x * x * (1.0 - x),
            HacKernel::Parzen if x <= 1.0 => 2.0 * (1.0 - x) * (1.0 - x) * (1.0 - x),
            HacKernel::Parzen => 0.0,
            HacKernel::QuadraticSpectral => {
                let z = 1.2 * PI * x;
                // Below this the difference of the two terms is lost to rounding and its series is exact.
                if z < 1e-2 { 1.0 - z * z / 10.0 } else { 3.0 / (z * z) * (libm::sin(z) / z - libm::cos(z)) }
            }
        }
    }
}

/// The coefficient of a regression of each deviation on the one before; 0 for a constant series.
fn first_autocorrelation(centred: &Centred) -> f64 {
    let deviations = centred.deviations();
    let before = deviations.split_at(deviations.len() - 1).0;
    let squares: f64 = before.iter().map(|d| d * d).sum();
    let products: f64 = deviations.iter().skip(1).zip(before).map(|(now, last)| now * last).sum();
    if squares > 0.0 { products / squares } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::streams::Streams;

    fn autoregression(rho: f64, n: usize) -> Vec<f64> {
        let z = Streams::new(11).standard_normals(n, 1);
        let mut last = 0.0;
        z.iter()
            .map(|z| {
                last = rho * last + z;
                last
            })
            .collect()
    }

    fn every() -> impl Iterator<Item = Hac> {
        [HacKernel::Parzen, HacKernel::QuadraticSpectral].into_iter().flat_map(|kernel| {
            [Prewhitening::None, Prewhitening::Autoregression]
                .map(|p| Hac::default().with_kernel(kernel).with_prewhitening(p))
        })
    }

    #[test]
    fn finds_the_long_run_variance_of_an_autoregression() {
        // 1/(1 − ρ)², four for one half and 4/9 for minus one half; n = 20,000 and bandwidths near 20 leave a standard
        // error of about 3 % and a bias of the same size.
        for hac in every() {
            for (rho, want) in [(0.5, 4.0), (-0.5, 4.0 / 9.0), (0.0, 1.0)] {
                let got = hac.variance(&autoregression(rho, 20_000), 0).unwrap();
                assert!((got / want - 1.0).abs() < 0.1, "{hac:?} {rho}: {got}");
            }
        }
    }

    #[test]
    fn weights_are_those_of_the_tables() {
        let parzen = Hac::default().with_kernel(HacKernel::Parzen);
        for (x, want) in [(0.0, 1.0), (0.25, 0.718_75), (0.5, 0.25), (0.75, 0.031_25), (1.0, 0.0), (2.0, 0.0)] {
            assert_eq!(parzen.weight(x), want, "{x}");
        }
        let spectral = Hac::default();
        // mpmath 1.3: 25/(12 pi^2 x^2)(sin(6 pi x/5)/(6 pi x/5) - cos(6 pi x/5)).
        assert!((spectral.weight(1e-9) - 1.0).abs() < 1e-15);
        // At x = 5/6 the sine is 0 and the cosine −1: 3/π².
        assert!((spectral.weight(5.0 / 6.0) - 3.0 / (PI * PI)).abs() < 1e-15);
        // The series and the formula meet.
        let seam = 1e-2 / (1.2 * PI);
        assert!((spectral.weight(seam * 0.999_999) - spectral.weight(seam * 1.000_001)).abs() < 1e-9);
    }

    #[test]
    fn a_fixed_bandwidth_by_hand() {
        // γ₀ = 1, γ₁ = −3/4, γ₂ = 1/2, γ₃ = −1/4. Parzen with S = 2: k(½) = 1/4, k(1) = 0.
        let hac = Hac::default().with_kernel(HacKernel::Parzen).with_prewhitening(Prewhitening::None);
        let hac = hac.with_bandwidth(Bandwidth::Fixed(2.0));
        assert_eq!(hac.variance(&[1.0, -1.0, 1.0, -1.0], 0), Ok(1.0 - 2.0 * 0.25 * 0.75));
        assert_eq!(hac.variance(&[1.0, -1.0, 1.0, -1.0], 2), Ok(2.0 * (1.0 - 2.0 * 0.25 * 0.75)));
        for bad in [0.0, -1.0, f64::NAN] {
            assert!(hac.with_bandwidth(Bandwidth::Fixed(bad)).variance(&[1.0, -1.0], 0).is_err());
        }
    }
}

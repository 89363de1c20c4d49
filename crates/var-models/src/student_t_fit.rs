//! Maximum likelihood of the location-scale Student t.

use alluse_risk_core::Error as CoreError;
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::small_matrix::{curvature, invert};
use crate::student_t_law::StandardT;
use crate::{Error, Result};

/// Whether the degrees of freedom stopped at an end of the searched range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DegreesOfFreedomBound {
    /// Inside the range.
    Interior,
    /// At the lower end: the tail is heavier than the model can say.
    Lower,
    /// At the upper end: the sample looks normal.
    Upper,
}

/// A fitted location-scale Student t.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StudentTFit {
    /// Location.
    pub location: f64,
    /// Scale; the standard deviation is `scale · √(ν/(ν−2))` for `ν > 2`.
    pub scale: f64,
    /// Degrees of freedom ν.
    pub degrees_of_freedom: f64,
    /// Log-likelihood at the maximum.
    pub log_likelihood: f64,
    /// Whether ν stopped at an end of its range.
    pub bound: DegreesOfFreedomBound,
    /// Observations used.
    pub observations: usize,
    /// Covariance of the estimates of (location, ln scale, ln ν) from the observed information; `None`
    /// when ν stands at a bound, where that theory does not hold.
    pub covariance: Option<[[f64; 3]; 3]>,
}

impl StudentTFit {
    /// Fewest observations that the fit accepts.
    pub const MIN_OBSERVATIONS: usize = 10;

    /// The searched degrees of freedom.
    const RANGE: (f64, f64) = (0.5, 200.0);

    pub(crate) fn scaled(&self, location_factor: f64, scale_factor: f64) -> Self {
        let mut scaled = self.clone();
        scaled.location *= location_factor;
        scaled.scale *= scale_factor;
        if let Some(covariance) = &mut scaled.covariance {
            scale_first(covariance, location_factor);
        }
        scaled
    }
}

/// Fits by profile likelihood: for each ν the location and scale by EM, and ν by golden section on ln ν.
///
/// # Errors
/// [`Error::Input`] for fewer than [`StudentTFit::MIN_OBSERVATIONS`], for NaN or infinite values, and
/// for a constant sample.
pub(crate) fn fit(values: ArrayView1<'_, f64>) -> Result<StudentTFit> {
    let n = values.len();
    if n < StudentTFit::MIN_OBSERVATIONS {
        let required = StudentTFit::MIN_OBSERVATIONS;
        return Err(CoreError::InsufficientData { name: "student t fit", required, available: n }.into());
    }
    if let Some(index) = values.iter().position(|v| !v.is_finite()) {
        let value = values[index];
        return Err(CoreError::ElementOutOfDomain { name: "returns", index, expected: "finite", value }.into());
    }
    let sample = Standardised::new(values)?;
    refuse_ties("student t fit", values, StudentTFit::RANGE.0)?;
    let (low, high) = (StudentTFit::RANGE.0.ln(), StudentTFit::RANGE.1.ln());
    let log_nu = maximise(low, high, |log_nu| sample.profile(log_nu.exp()).log_likelihood);
    let best = sample.profile(log_nu.exp());
    let edge = 1e-6;
    let bound = if log_nu - low < edge {
        DegreesOfFreedomBound::Lower
    } else if high - log_nu < edge {
        DegreesOfFreedomBound::Upper
    } else {
        DegreesOfFreedomBound::Interior
    };
    let interior = bound == DegreesOfFreedomBound::Interior;
    let covariance = if interior { sample.covariance(&best, log_nu) } else { None };
    Ok(StudentTFit {
        location: sample.centre + sample.unit * best.location,
        scale: sample.unit * best.scale,
        degrees_of_freedom: log_nu.exp(),
        log_likelihood: best.log_likelihood - n as f64 * sample.unit.ln(),
        bound,
        observations: n,
        covariance,
    })
}

/// Refuses a sample whose likelihood has no maximum: when more than the share `ν/(1 + ν)` of the values are the
/// same, a t with `ν` degrees of freedom around them grows without bound as its scale shrinks.
pub(crate) fn refuse_ties(name: &'static str, values: ArrayView1<'_, f64>, least_degrees: f64) -> Result<()> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let longest = sorted.chunk_by(|a, b| a - b == 0.0).map(<[f64]>::len).max().unwrap_or(0);
    if longest as f64 * (1.0 + least_degrees) > least_degrees * values.len() as f64 {
        let reason = "so many of the values are the same that the likelihood has no maximum";
        return Err(CoreError::Undefined { name, reason }.into());
    }
    Ok(())
}

/// The sample less its median, in units of its mean absolute deviation: the search does not feel units.
struct Standardised {
    values: Vec<f64>,
    centre: f64,
    unit: f64,
}

struct Profile {
    location: f64,
    scale: f64,
    log_likelihood: f64,
}

impl Standardised {
    fn new(values: ArrayView1<'_, f64>) -> Result<Self> {
        let mut sorted = values.to_vec();
        let middle = sorted.len() / 2;
        let (_, centre, _) = sorted.select_nth_unstable_by(middle, f64::total_cmp);
        let centre = *centre;
        let unit = values.iter().map(|v| (v - centre).abs()).sum::<f64>() / values.len() as f64;
        if unit <= 1e-14 * centre.abs() || unit == 0.0 {
            return Err(Error::Input(CoreError::Undefined { name: "student t fit", reason: "the sample is constant" }));
        }
        Ok(Self { values: values.iter().map(|v| (v - centre) / unit).collect(), centre, unit })
    }

    /// Location and scale by EM for given degrees of freedom. The scale update divides by the sum of the
    /// weights, not by n, which converges in a fraction of the steps (Kent, Tyler & Vardi 1994).
    fn profile(&self, nu: f64) -> Profile {
        let (mut location, mut variance) = (0.0_f64, 1.0_f64);
        for _ in 0..1_000 {
            let (mut sum_w, mut sum_wx) = (0.0, 0.0);
            let mut sum_wd = 0.0;
            for &x in &self.values {
                let d = x - location;
                let w = (nu + 1.0) / (nu + d * d / variance);
                sum_w += w;
                sum_wx += w * x;
                sum_wd += w * d * d;
            }
            let next_location = sum_wx / sum_w;
            let shift = next_location - location;
            let next_variance = (sum_wd - sum_w * shift * shift) / sum_w;
            let moved = shift.abs() / variance.sqrt() + (next_variance / variance - 1.0).abs();
            (location, variance) = (next_location, next_variance);
            if moved < 1e-14 {
                break;
            }
        }
        let scale = variance.sqrt();
        Profile { location, scale, log_likelihood: self.log_likelihood(location, scale, nu) }
    }

    fn log_likelihood(&self, location: f64, scale: f64, nu: f64) -> f64 {
        let n = self.values.len() as f64;
        let spread: f64 = self
            .values
            .iter()
            .map(|x| {
                let z = (x - location) / scale;
                (z * z / nu).ln_1p()
            })
            .sum();
        n * (StandardT::new(nu).log_constant() - scale.ln()) - 0.5 * (nu + 1.0) * spread
    }

    /// Inverse of the observed information in (location, ln scale, ln ν), back in the caller's units.
    fn covariance(&self, best: &Profile, log_nu: f64) -> Option<[[f64; 3]; 3]> {
        let at = |d: [f64; 3]| {
            let scale = best.scale * d[1].exp();
            self.log_likelihood(best.location + d[0], scale, (log_nu + d[2]).exp())
        };
        let step = [1e-3 * best.scale, 1e-3, 1e-3];
        let mut inverse = invert(curvature(step, at))?;
        scale_first(&mut inverse, self.unit);
        Some(inverse)
    }
}

/// The covariance when the first variable is taken in units `factor` times smaller.
fn scale_first(covariance: &mut [[f64; 3]; 3], factor: f64) {
    covariance[0].iter_mut().for_each(|entry| *entry *= factor);
    covariance.iter_mut().for_each(|row| row[0] *= factor);
}

/// The largest value of a function with one peak on `[low, high]`: golden section, then a parabola
/// through the last three points, since near the peak the function is flat to rounding.
fn maximise(low: f64, high: f64, f: impl Fn(f64) -> f64) -> f64 {
    /// (√5 − 1)/2.
    const RATIO: f64 = 0.618_033_988_749_894_8;
    let (mut a, mut b) = (low, high);
    let (mut x, mut y) = (b - RATIO * (b - a), a + RATIO * (b - a));
    let (mut fx, mut fy) = (f(x), f(y));
    while b - a > 1e-3 {
        if fx < fy {
            (a, x, fx) = (x, y, fy);
            y = a + RATIO * (b - a);
            fy = f(y);
        } else {
            (b, y, fy) = (y, x, fx);
            x = b - RATIO * (b - a);
            fx = f(x);
        }
    }
    let (mut centre, mut width) = (0.5 * (a + b), 2e-3);
    for _ in 0..3 {
        let centred = centre.clamp(low + width, high - width);
        let (left, middle, right) = (f(centred - width), f(centred), f(centred + width));
        let curvature = left - 2.0 * middle + right;
        if curvature < 0.0 {
            centre = (centred + 0.5 * width * (left - right) / curvature).clamp(low, high);
        }
        width *= 0.5;
    }
    // A peak at the edge leaves the bracket there.
    if a <= low {
        low
    } else if b >= high {
        high
    } else {
        centre
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::Array1;

    use super::*;

    /// Quantiles of a t law: a sample without sampling error.
    fn grid(nu: f64, location: f64, scale: f64, n: usize) -> Array1<f64> {
        (0..n).map(|i| location + scale * StandardT::new(nu).quantile((i as f64 + 0.5) / n as f64).unwrap()).collect()
    }

    #[test]
    fn parameters_of_a_regular_sample_are_recovered() {
        let fitted = fit(grid(5.0, 0.3, 2.0, 4_000).view()).unwrap();
        assert!((fitted.degrees_of_freedom - 5.0).abs() < 0.05, "{}", fitted.degrees_of_freedom);
        assert!((fitted.location - 0.3).abs() < 1e-3);
        assert!((fitted.scale - 2.0).abs() < 5e-3);
        assert_eq!(fitted.bound, DegreesOfFreedomBound::Interior);
        let covariance = fitted.covariance.unwrap();
        // Fisher information of the location, n (ν+1)/((ν+3) s²): Lange, Little & Taylor (1989).
        let want = 4.0 * 8.0 / (6.0 * 4_000.0);
        assert!((covariance[0][0] / want - 1.0).abs() < 0.02, "{}", covariance[0][0]);
    }

    #[test]
    fn units_do_not_matter() {
        let sample = grid(3.0, 0.0, 1.0, 500);
        let small = fit(sample.mapv(|x| 1e-9 * x).view()).unwrap();
        let large = fit(sample.mapv(|x| 1e9 * x).view()).unwrap();
        assert!((small.degrees_of_freedom / large.degrees_of_freedom - 1.0).abs() < 1e-9);
        assert!((small.scale * 1e18 / large.scale - 1.0).abs() < 1e-9);
    }

    #[test]
    fn thin_tails_stop_at_the_upper_bound() {
        let uniform: Array1<f64> = (0..200).map(f64::from).collect();
        let fitted = fit(uniform.view()).unwrap();
        assert_eq!(fitted.bound, DegreesOfFreedomBound::Upper);
        assert_eq!(fitted.covariance, None);
    }

    #[test]
    fn hostile_samples() {
        assert_eq!(fit(Array1::zeros(5).view()).unwrap_err().kind(), ErrorKind::InsufficientData);
        assert_eq!(fit(Array1::from_elem(50, 3.0).view()).unwrap_err().kind(), ErrorKind::Undefined);
        let mut sample = grid(4.0, 0.0, 1.0, 50);
        sample[7] = f64::NAN;
        assert!(matches!(
            fit(sample.view()).unwrap_err(),
            Error::Input(CoreError::ElementOutOfDomain { index: 7, .. })
        ));
    }
}

//! Fitting raw SVI to the smile of one expiry.

use alluse_risk_core::Error as Input;
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::inner::{Inner, MAX_TILT, Observations};
use super::simplex::{self, Minimum, Stop};
use super::{Svi, SviParameters, check};
use crate::{Error, Result};

/// Unknowns of the fit, and so the fewest different strikes.
const PARAMETERS: usize = 5;
/// Searches that are started from the best points of a grid.
const STARTS: usize = 5;
const GRID_CENTRES: i32 = 9;
/// Roundness in widths of the quoted range.
const GRID_ROUNDNESS: [f64; 7] = [0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0];
/// How far the centre may leave the quoted range, in its widths.
const CENTRE_MARGIN: f64 = 1.0;
/// Bounds on `ln(σ / width)`.
const ROUNDNESS: (f64, f64) = (-6.9, 2.3);

/// How a raw SVI smile is fitted: the quasi-explicit method.
///
/// For each centre `m` and roundness `σ` the other three parameters are a least-squares problem with convex
/// constraints, solved exactly; `(m, σ)` are searched by downhill simplexes from a grid of starts. The fit keeps
/// `|ρ| < 1`, wing slopes of at most 2, and total variance positive everywhere. It does not enforce the absence of
/// butterfly arbitrage, but reports it.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `weights` | equal | of each squared error in total variance | positive |
/// | `max_iterations` | 2,000 | of each simplex search | at least 1 |
/// | `tolerance` | 1e-9 | size of the final simplex, in widths of the quoted range | positive |
///
/// # Source
/// De Marco and Martini (2009), "Quasi-explicit calibration of Gatheral's SVI model". Unlike there, `a` may be negative
/// as long as the smile is positive, and wing slopes are bounded by Lee's 2.
///
/// # Examples
/// ```
/// use alluse_instruments::surface::{Svi, SviFit, SviParameters};
/// use ndarray::Array1;
///
/// let truth = Svi::new(SviParameters { a: 0.02, b: 0.1, rho: -0.6, m: 0.03, sigma: 0.15 })?;
/// let k = Array1::linspace(-0.4, 0.3, 15);
/// let w = k.mapv(|k| truth.total_variance(k));
/// let fitted = SviFit::default().fit(k.view(), w.view())?;
/// assert!((fitted.svi.parameters().rho + 0.6).abs() < 1e-5);
/// assert!(fitted.max_error < 1e-9 && fitted.butterfly > 0.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SviFit {
    weights: Option<Vec<f64>>,
    max_iterations: usize,
    tolerance: f64,
}

impl Default for SviFit {
    fn default() -> Self {
        Self { weights: None, max_iterations: 2_000, tolerance: 1e-9 }
    }
}

/// A smile and how far it is from the quotes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FittedSvi {
    /// The smile.
    pub svi: Svi,
    /// Root of the weighted mean squared error of total variance.
    pub rms_error: f64,
    /// Largest absolute error of total variance.
    pub max_error: f64,
    /// Quotes used.
    pub observations: usize,
    /// Smallest value of Durrleman's function over the quoted range and half its width to either side; negative
    /// where a butterfly has a negative price.
    pub butterfly: f64,
    /// The log-moneyness of that smallest value.
    pub butterfly_at: f64,
    /// Simplex steps of the search that won.
    pub iterations: usize,
}

impl SviFit {
    /// Weights of the squared errors, one for each observation.
    #[must_use]
    pub fn with_weights(mut self, weights: Vec<f64>) -> Self {
        self.weights = Some(weights);
        self
    }

    /// Longest search.
    #[must_use]
    pub fn with_max_iterations(mut self, max_iterations: usize) -> Self {
        self.max_iterations = max_iterations;
        self
    }

    /// Size of the final simplex.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// The smile nearest to the total variances `σ²T` at log-moneyness `ln(K/F)`, in any order.
    ///
    /// # Errors
    /// - `LengthMismatch` unless both (and the weights) have one length.
    /// - `InsufficientData` below 5 different strikes.
    /// - `ElementOutOfDomain` for a log-moneyness that is not finite, or a variance or weight that is not positive.
    /// - `OutOfDomain` for the tolerance or the number of iterations.
    /// - `NotConverged` when the search stops early.
    pub fn fit(&self, log_moneyness: ArrayView1<'_, f64>, total_variance: ArrayView1<'_, f64>) -> Result<FittedSvi> {
        let (k, w) = (log_moneyness.to_vec(), total_variance.to_vec());
        let weights = self.checked(&k, &w)?;
        let smallest = w.iter().copied().fold(f64::INFINITY, f64::min);
        let data = Observations { log_moneyness: &k, total_variance: &w, weights: &weights, floor: 1e-6 * smallest };
        let search = Search::new(&data);
        let found = search.best(Stop { tolerance: self.tolerance, iterations: self.max_iterations });
        if !found.converged {
            let (iterations, residual) = (found.iterations, found.value.sqrt());
            return Err(Input::NotConverged { name: "SVI fit", iterations, residual }.into());
        }
        let (m, sigma, _) = search.place(&found.at);
        let inner = data.solve(m, sigma).ok_or(Input::Singular { name: "SVI normal equations" })?;
        let svi = smile(&inner, m, sigma)?;
        let errors: Vec<f64> = k.iter().zip(&w).map(|(k, w)| svi.total_variance(*k) - w).collect();
        let mean_square: f64 = errors.iter().zip(&weights).map(|(error, weight)| weight * error * error).sum();
        let (butterfly, butterfly_at) = smallest_butterfly(&svi, search.low, search.width);
        Ok(FittedSvi {
            svi,
            rms_error: mean_square.sqrt(),
            max_error: errors.iter().fold(0.0, |largest, error| largest.max(error.abs())),
            observations: k.len(),
            butterfly,
            butterfly_at,
            iterations: found.iterations,
        })
    }

    /// The weights, which sum to 1, once everything else has been looked at.
    fn checked(&self, k: &[f64], w: &[f64]) -> Result<Vec<f64>> {
        check::length("total variances", k.len(), w.len())?;
        check::all_finite("log-moneyness", k)?;
        check::all_positive("total variances", w)?;
        check::enough("SVI fit", PARAMETERS, check::distinct(k))?;
        check::positive("tolerance", self.tolerance)?;
        if self.max_iterations == 0 {
            return Err(Error::out_of_domain("max_iterations", "at least 1", 0.0));
        }
        let weights = self.weights.clone().unwrap_or_else(|| vec![1.0; k.len()]);
        check::length("weights", k.len(), weights.len())?;
        check::all_positive("weights", &weights)?;
        let sum: f64 = weights.iter().sum();
        check::positive("sum of weights", sum)?;
        Ok(weights.iter().map(|weight| weight / sum).collect())
    }
}

fn smile(inner: &Inner, m: f64, sigma: f64) -> Result<Svi> {
    let b = inner.bend.max(0.0);
    // Without a bend both are rounding.
    let rho = if b > 0.0 { (inner.tilt / b).clamp(-MAX_TILT, MAX_TILT) } else { 0.0 };
    Svi::new(SviParameters { a: inner.level - sigma * b, b, rho, m, sigma })
}

fn smallest_butterfly(svi: &Svi, low: f64, width: f64) -> (f64, f64) {
    let at = |index: i32| low + width * (-0.5 + f64::from(index) / 100.0);
    let values = (0..=200).map(|index| (svi.at(at(index)).butterfly(at(index)), at(index)));
    values.fold((f64::INFINITY, low), |lowest, next| if next.0 < lowest.0 { next } else { lowest })
}

/// The outer problem in the coordinates `((m − low)/width, ln(σ/width))`.
struct Search<'a> {
    data: &'a Observations<'a>,
    low: f64,
    width: f64,
    /// Charged for each unit outside the bounds.
    penalty: f64,
}

impl<'a> Search<'a> {
    fn new(data: &'a Observations<'a>) -> Self {
        let low = data.log_moneyness.iter().copied().fold(f64::INFINITY, f64::min);
        let high = data.log_moneyness.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let penalty = data.total_variance.iter().map(|w| w * w).fold(0.0, f64::max);
        Self { data, low, width: high - low, penalty }
    }

    /// Centre, roundness, and how far the coordinates are outside their bounds.
    fn place(&self, at: &[f64]) -> (f64, f64, f64) {
        let centre = at[0].clamp(-CENTRE_MARGIN, 1.0 + CENTRE_MARGIN);
        let roundness = at[1].clamp(ROUNDNESS.0, ROUNDNESS.1);
        let outside = (at[0] - centre).abs() + (at[1] - roundness).abs();
        (self.low + self.width * centre, self.width * libm::exp(roundness), outside)
    }

    fn objective(&self, at: &[f64]) -> f64 {
        let (m, sigma, outside) = self.place(at);
        let fit = self.data.solve(m, sigma).map_or(f64::INFINITY, |inner| inner.mean_square);
        fit + self.penalty * outside
    }

    /// The best of several searches, started again where it ended in case its simplex had collapsed.
    fn best(&self, stop: Stop) -> Minimum {
        let search =
            |start: &[f64], step: f64| simplex::minimize(start, &[step, 2.0 * step], stop, |at| self.objective(at));
        let mut best: Option<Minimum> = None;
        for start in self.starts() {
            let found = search(&start, 0.1);
            if best.as_ref().is_none_or(|best| found.value < best.value) {
                best = Some(found);
            }
        }
        let first = best.unwrap_or_else(|| search(&[0.5, 0.0], 0.1));
        let again = search(&first.at, 0.03);
        if again.value < first.value { again } else { first }
    }

    fn starts(&self) -> Vec<Vec<f64>> {
        let mut grid = Vec::new();
        for centre in 0..GRID_CENTRES {
            for roundness in GRID_ROUNDNESS {
                let at = vec![-0.25 + 1.5 * f64::from(centre) / f64::from(GRID_CENTRES - 1), libm::log(roundness)];
                grid.push((self.objective(&at), at));
            }
        }
        grid.sort_by(|a, b| a.0.total_cmp(&b.0));
        grid.into_iter().take(STARTS).map(|(_, at)| at).collect()
    }
}

#[cfg(test)]
#[path = "svi_fit_tests.rs"]
mod tests;

use std::f64::consts::PI;

use ndarray::{Array1, Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use statrs::function::gamma::digamma;

use super::{Whitened, median, tolerance, weighted_products};
use crate::covariance::estimate::checked;
use crate::covariance::matrix::scaled;
use crate::covariance::{Covariance, CovarianceEstimate, CovarianceEstimator, CovarianceFlag};
use crate::{Error, Result, check};

/// Whether the degrees of freedom are given or estimated.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DegreesOfFreedom {
    /// Known.
    Fixed(f64),
    /// Estimated between two bounds.
    Fitted {
        /// Smallest value tried.
        lower: f64,
        /// Largest value tried.
        upper: f64,
    },
}

/// Where the degrees of freedom of a fit came to stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DegreesOfFreedomStatus {
    /// They were given.
    Fixed,
    /// Inside the bounds.
    Interior,
    /// At the lower bound: the tails are heavier than the model may say.
    Lower,
    /// At the upper bound: the sample looks normal.
    Upper,
}

/// Maximum likelihood of the multivariate Student t.
///
/// ```text
/// wₜ = (ν + p) / (ν + (rₜ−μ)'S⁻¹(rₜ−μ))      μ = Σ wₜrₜ / Σ wₜ      S = Σ wₜ(rₜ−μ)(rₜ−μ)' / Σ wₜ
/// Σ = ν/(ν−2) S      for ν > 2
/// ```
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `degrees_of_freedom` | fitted in [2.05, 200] | ν | positive, `lower < upper` |
/// | `tolerance` | 1e-9 | largest change of location and scatter in units of the scatter, and of ln ν, in the last step | (0, 1) |
/// | `max_iterations` | 2,000 | | at least 1 |
///
/// The scatter is divided by the sum of the weights, not by `n`, which has the same fixed point and gets there
/// in fewer steps; ν maximises the likelihood itself at every step.
///
/// # Source
/// Kent, Tyler and Vardi (1994), "A curious likelihood identity for the multivariate t-distribution"; Liu and
/// Rubin (1995), "ML estimation of the t distribution using EM and its extensions, ECM and ECME".
///
/// # Examples
/// ```
/// use alluse_risk_core::covariance::{DegreesOfFreedom, StudentTScatter};
/// use ndarray::array;
///
/// let returns = array![[0.01, 0.0], [-0.01, 0.01], [0.0, -0.01], [0.01, 0.01], [-0.01, -0.02], [0.5, -0.4]];
/// let fit = StudentTScatter::new(DegreesOfFreedom::Fixed(3.0))?.fit(returns.view())?;
/// assert!(fit.location[0] < 0.05); // the mean is 0.083: the last row counts little
/// assert!((fit.weights.iter().sum::<f64>() - 6.0).abs() < 1e-6);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct StudentTScatter {
    degrees_of_freedom: DegreesOfFreedom,
    tolerance: f64,
    max_iterations: usize,
}

/// A multivariate Student t fitted by [`StudentTScatter`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MultivariateStudentT {
    /// μ.
    pub location: Vec<f64>,
    /// S; the covariance is `ν/(ν−2)` times as large.
    pub scatter: Covariance,
    /// ν.
    pub degrees_of_freedom: f64,
    /// Whether ν stands at a bound.
    pub status: DegreesOfFreedomStatus,
    /// Log-likelihood at the maximum.
    pub log_likelihood: f64,
    /// How much each row counted; they sum to the number of rows.
    pub weights: Vec<f64>,
    /// Rows of returns used.
    pub observations: usize,
    /// Iterations made.
    pub iterations: usize,
    /// Largest change of location, scatter (both in units of the scatter) and ln ν in the last step.
    pub residual: f64,
}

impl MultivariateStudentT {
    /// `ν/(ν−2) S`.
    ///
    /// # Errors
    /// [`Error::Undefined`] unless `ν > 2`: the variance is infinite; [`Error::EntryOutOfDomain`] when an entry
    /// overflows.
    pub fn covariance(&self) -> Result<Covariance> {
        let nu = self.degrees_of_freedom;
        if !(nu > 2.0) {
            let reason = "a Student t with two or fewer degrees of freedom has infinite variance";
            return Err(Error::Undefined { name: "covariance", reason });
        }
        Covariance::new(&self.scatter.view() * (nu / (nu - 2.0)))
    }
}

impl Default for StudentTScatter {
    fn default() -> Self {
        let degrees_of_freedom = DegreesOfFreedom::Fitted { lower: 2.05, upper: 200.0 };
        Self { degrees_of_freedom, tolerance: 1e-9, max_iterations: 2_000 }
    }
}

impl StudentTScatter {
    /// With degrees of freedom given or fitted.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless they are positive and finite, a lower bound below its upper bound.
    pub fn new(degrees_of_freedom: DegreesOfFreedom) -> Result<Self> {
        let (low, high) = match degrees_of_freedom {
            DegreesOfFreedom::Fixed(nu) => (nu, f64::INFINITY),
            DegreesOfFreedom::Fitted { lower, upper } => (lower, upper),
        };
        if !(low > 0.0 && low.is_finite()) {
            let expected = "positive and finite";
            return Err(Error::OutOfDomain { name: "degrees of freedom", expected, value: low });
        }
        let fitted = matches!(degrees_of_freedom, DegreesOfFreedom::Fitted { .. });
        if fitted && !(high > low && high.is_finite()) {
            let expected = "finite and above the lower bound";
            return Err(Error::OutOfDomain { name: "upper bound of degrees of freedom", expected, value: high });
        }
        Ok(Self { degrees_of_freedom, ..Self::default() })
    }

    /// With another tolerance.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless it is in (0, 1).
    pub fn with_tolerance(self, value: f64) -> Result<Self> {
        Ok(Self { tolerance: tolerance(value)?, ..self })
    }

    /// With another limit of iterations; 0 counts as 1.
    #[must_use]
    pub fn with_max_iterations(mut self, iterations: usize) -> Self {
        self.max_iterations = iterations.max(1);
        self
    }

    /// The law with its certificate.
    ///
    /// # Errors
    /// - [`Error::Empty`], [`Error::EntryOutOfDomain`] for a return that is not finite.
    /// - [`Error::InsufficientData`] unless there are more rows than assets and one.
    /// - [`Error::Undefined`] when an asset's returns are all the same, [`Error::NotPositiveDefinite`] when the
    ///   assets are dependent or too many rows coincide, [`Error::NotConverged`].
    pub fn fit(&self, returns: ArrayView2<'_, f64>) -> Result<MultivariateStudentT> {
        checked("Student t scatter", returns, returns.ncols() + 2)?;
        let sample = Standardised::new(returns)?;
        let mut state = State::start(&sample)?;
        for iteration in 1..=self.max_iterations {
            let residual = state.step(&sample, self.degrees_of_freedom)?;
            if residual <= self.tolerance {
                return state.finish(&sample, self.degrees_of_freedom, iteration, residual);
            }
            state.residual = residual;
        }
        let residual = state.residual;
        Err(Error::NotConverged { name: "Student t scatter", iterations: self.max_iterations, residual })
    }
}

impl CovarianceEstimator for StudentTScatter {
    fn name(&self) -> &str {
        "student t"
    }

    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        let fit = self.fit(returns)?;
        let n = fit.observations;
        let effective = (n as f64).powi(2) / fit.weights.iter().map(|w| w * w).sum::<f64>();
        let mut estimate = CovarianceEstimate::new(fit.covariance()?, n, effective, returns.ncols())?;
        if fit.status == DegreesOfFreedomStatus::Lower {
            estimate.flags.push(CovarianceFlag::HeaviestTail);
        }
        Ok(estimate)
    }
}

/// The sample less its medians, in units of its mean absolute deviations: the search does not feel units.
struct Standardised {
    rows: Array2<f64>,
    centre: Array1<f64>,
    units: Array1<f64>,
}

impl Standardised {
    fn new(returns: ArrayView2<'_, f64>) -> Result<Self> {
        let centre = returns.map_axis(Axis(0), |column| median(column.to_vec()));
        let mut rows = &returns - &centre;
        let units = rows.map_axis(Axis(0), |column| column.iter().map(|v| v.abs()).sum::<f64>() / column.len() as f64);
        check::finite("deviations", units.view())?;
        if units.iter().zip(&centre).any(|(unit, centre)| *unit <= 1e-14 * centre.abs()) {
            return Err(Error::Undefined { name: "scatter", reason: "an asset's returns are all the same" });
        }
        rows /= &units;
        Ok(Self { rows, centre, units })
    }
}

struct State {
    location: Array1<f64>,
    scatter: Array2<f64>,
    nu: f64,
    status: DegreesOfFreedomStatus,
    residual: f64,
}

impl State {
    fn start(sample: &Standardised) -> Result<Self> {
        let n = sample.rows.nrows();
        let scatter = weighted_products(sample.rows.view(), Array1::from_elem(n, 1.0 / n as f64).view())?;
        let location = Array1::zeros(sample.rows.ncols());
        Ok(Self {
            location,
            scatter,
            nu: f64::INFINITY,
            status: DegreesOfFreedomStatus::Fixed,
            residual: f64::INFINITY,
        })
    }

    fn weights(&self, lengths: &Array1<f64>) -> Array1<f64> {
        let p = self.location.len() as f64;
        lengths.mapv(|d| (self.nu + p) / (self.nu + d))
    }

    /// One step of ECME; the largest change in units of the scatter.
    fn step(&mut self, sample: &Standardised, degrees: DegreesOfFreedom) -> Result<f64> {
        let deviations = &sample.rows - &self.location;
        let current = Whitened::new(self.scatter.view(), deviations.view())?;
        let before = self.nu;
        self.update_nu(&current.lengths, degrees);
        let weights = self.weights(&current.lengths);
        let total = weights.sum();
        let shift = weights.dot(&deviations) / total;
        self.scatter = weighted_products((&deviations - &shift).view(), weights.view())? / total;
        self.location += &shift;
        check::finite_matrix("scatter", self.scatter.view())?;
        let moved = current.factor.solve_lower(shift.view().insert_axis(Axis(1)))?;
        let change = current.change_to(self.scatter.view())?.max(moved.iter().fold(0.0, |a, v| a.max(v.abs())));
        Ok(change.max((self.nu / before).ln().abs()))
    }

    /// ν where the derivative of the likelihood at these lengths changes sign from plus to minus.
    fn update_nu(&mut self, lengths: &Array1<f64>, degrees: DegreesOfFreedom) {
        let (lower, upper) = match degrees {
            DegreesOfFreedom::Fixed(nu) => {
                (self.nu, self.status) = (nu, DegreesOfFreedomStatus::Fixed);
                return;
            }
            DegreesOfFreedom::Fitted { lower, upper } => (lower, upper),
        };
        let p = self.location.len() as f64;
        let rises = |nu: f64| nu_score(lengths, p, nu) > 0.0;
        (self.nu, self.status) = match (rises(lower), rises(upper)) {
            (true, false) => (crossing(lower, upper, rises), DegreesOfFreedomStatus::Interior),
            (true, true) => (upper, DegreesOfFreedomStatus::Upper),
            (false, false) => (lower, DegreesOfFreedomStatus::Lower),
            // A valley between the bounds: the better end.
            (false, true) if nu_likelihood(lengths, p, upper) > nu_likelihood(lengths, p, lower) => {
                (upper, DegreesOfFreedomStatus::Upper)
            }
            (false, true) => (lower, DegreesOfFreedomStatus::Lower),
        };
    }

    fn finish(
        mut self,
        sample: &Standardised,
        degrees: DegreesOfFreedom,
        iterations: usize,
        residual: f64,
    ) -> Result<MultivariateStudentT> {
        let deviations = &sample.rows - &self.location;
        let Whitened { factor, lengths } = Whitened::new(self.scatter.view(), deviations.view())?;
        self.update_nu(&lengths, degrees);
        let (n, p) = sample.rows.dim();
        let units: f64 = sample.units.iter().map(|u| u.ln()).sum();
        let log_likelihood =
            nu_likelihood(&lengths, p as f64, self.nu) - n as f64 * (0.5 * factor.log_determinant() + units);
        Ok(MultivariateStudentT {
            location: (&sample.centre + &(&sample.units * &self.location)).to_vec(),
            scatter: Covariance::new(scaled(self.scatter.view(), sample.units.view()))?,
            degrees_of_freedom: self.nu,
            status: self.status,
            log_likelihood,
            weights: self.weights(&lengths).to_vec(),
            observations: n,
            iterations,
            residual,
        })
    }
}

/// The part of the log-likelihood that depends on ν.
fn nu_likelihood(lengths: &Array1<f64>, p: f64, nu: f64) -> f64 {
    let constant = libm::lgamma(0.5 * (nu + p)) - libm::lgamma(0.5 * nu) - 0.5 * p * (nu * PI).ln();
    let spread: f64 = lengths.iter().map(|d| (d / nu).ln_1p()).sum();
    lengths.len() as f64 * constant - 0.5 * (nu + p) * spread
}

/// Its derivative, times 2/n.
fn nu_score(lengths: &Array1<f64>, p: f64, nu: f64) -> f64 {
    let n = lengths.len() as f64;
    let constant = digamma(0.5 * (nu + p)) - digamma(0.5 * nu) - p / nu;
    let sum: f64 = lengths.iter().map(|d| (nu + p) * d / (nu * (nu + d)) - (d / nu).ln_1p()).sum();
    constant + sum / n
}

/// Where `rises` turns false, by bisection on a logarithmic scale to the last digit.
fn crossing(lower: f64, upper: f64, rises: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (lower.ln(), upper.ln());
    for _ in 0..54 {
        let middle = 0.5 * (low + high);
        if rises(middle.exp()) { low = middle } else { high = middle }
    }
    (0.5 * (low + high)).exp()
}

/// The stored form, so that stored settings are checked when they are read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    degrees_of_freedom: DegreesOfFreedom,
    tolerance: f64,
    max_iterations: usize,
}

impl TryFrom<Raw> for StudentTScatter {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.degrees_of_freedom)?.with_max_iterations(raw.max_iterations).with_tolerance(raw.tolerance)
    }
}

impl From<StudentTScatter> for Raw {
    fn from(scatter: StudentTScatter) -> Self {
        Self {
            degrees_of_freedom: scatter.degrees_of_freedom,
            tolerance: scatter.tolerance,
            max_iterations: scatter.max_iterations,
        }
    }
}

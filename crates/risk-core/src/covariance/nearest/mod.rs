//! The nearest correlation matrix.

mod newton;
mod projections;

use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::repair::unit_diagonal;
use super::spectral;
use super::symmetry::{symmetric, symmetrize};
use crate::{Error, Result};

/// How the nearest correlation matrix is found. The answer is the same to the tolerance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NearestAlgorithm {
    /// Alternating projections up to 100 assets and Newton's method above, or where those do not
    /// converge.
    #[default]
    Auto,
    /// Alternating projections with Dykstra's correction and Anderson acceleration.
    AlternatingProjections,
    /// Newton's method on the dual problem.
    Newton,
}

/// The correlation matrix nearest to a symmetric matrix in the Frobenius norm.
///
/// ```text
/// min ‖A − X‖_F    subject to  X positive semidefinite (λ ≥ min_eigenvalue),  Xᵢᵢ = 1,
///                              Xᵢⱼ = Aᵢⱼ for fixed entries
/// ```
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `tolerance` | 1e-10 | residual at which the iteration stops | (0, 1) |
/// | `max_iterations` | 10 000 | of either method | at least 1 |
/// | `min_eigenvalue` | 0 | lower bound of the eigenvalues | [0, 1) |
/// | `fixed` | none | entries that keep their value | off the diagonal, in [−1, 1] |
/// | `algorithm` | `Auto` | see [`NearestAlgorithm`] | |
/// | `memory` | 3 | past steps that Anderson acceleration mixes; 0 is the plain method | up to 10 |
///
/// A matrix that meets the constraints already comes back as it is. Without fixed entries the result
/// has a unit diagonal and eigenvalues above the bound to rounding; with them it has the entries
/// exactly and the eigenvalues to the tolerance.
///
/// # Source
/// Higham (2002), *IMA Journal of Numerical Analysis* 22; Higham and Strabić (2016) for the
/// acceleration; Qi and Sun (2006) for Newton's method.
///
/// # Examples
/// ```
/// use alluse_risk_core::covariance::NearestCorrelation;
/// use ndarray::array;
///
/// let nearest = NearestCorrelation::default().solve(array![[1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 1.0]].view())?;
/// assert!((nearest.correlation[[0, 1]] - 0.7607).abs() < 5e-5); // Higham (2002), §4
/// assert!((nearest.distance - 0.5278).abs() < 5e-5);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct NearestCorrelation {
    tolerance: f64,
    max_iterations: usize,
    min_eigenvalue: f64,
    fixed: Vec<(usize, usize)>,
    algorithm: NearestAlgorithm,
    memory: usize,
}

/// The nearest correlation matrix and how it was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NearestCorrelationSolution {
    /// The correlation matrix.
    #[serde(with = "crate::nested::matrix")]
    pub correlation: Array2<f64>,
    /// Frobenius norm of the change.
    pub distance: f64,
    /// Iterations made, 0 when nothing had to be done.
    pub iterations: usize,
    /// Residual at which the iteration stopped.
    pub residual: f64,
    /// Smallest eigenvalue of the result.
    pub smallest_eigenvalue: f64,
}

/// A matrix that an iteration ended at: semidefinite, its fixed entries right to the tolerance.
struct Found {
    matrix: Array2<f64>,
    iterations: usize,
    residual: f64,
}

impl Default for NearestCorrelation {
    fn default() -> Self {
        Self {
            tolerance: 1e-10,
            max_iterations: 10_000,
            min_eigenvalue: 0.0,
            fixed: Vec::new(),
            algorithm: NearestAlgorithm::Auto,
            memory: 3,
        }
    }
}

impl NearestCorrelation {
    /// Stops at another residual.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless it lies in (0, 1).
    pub fn with_tolerance(mut self, tolerance: f64) -> Result<Self> {
        if !(tolerance > 0.0 && tolerance < 1.0) {
            return Err(Error::OutOfDomain { name: "tolerance", expected: "in (0, 1)", value: tolerance });
        }
        self.tolerance = tolerance;
        Ok(self)
    }

    /// Gives up after so many iterations.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] for 0.
    pub fn with_max_iterations(mut self, max_iterations: usize) -> Result<Self> {
        if max_iterations == 0 {
            return Err(Error::OutOfDomain { name: "max_iterations", expected: "at least 1", value: 0.0 });
        }
        self.max_iterations = max_iterations;
        Ok(self)
    }

    /// With eigenvalues of at least this, so that the result can be inverted.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless it lies in [0, 1).
    pub fn with_min_eigenvalue(mut self, min_eigenvalue: f64) -> Result<Self> {
        if !(0.0..1.0).contains(&min_eigenvalue) {
            return Err(Error::OutOfDomain { name: "min_eigenvalue", expected: "in [0, 1)", value: min_eigenvalue });
        }
        self.min_eigenvalue = min_eigenvalue;
        Ok(self)
    }

    /// Keeps these entries, given as row and column; their mirrors are kept too.
    #[must_use]
    pub fn with_fixed_entries(mut self, entries: impl IntoIterator<Item = (usize, usize)>) -> Self {
        self.fixed = entries.into_iter().map(|(i, j)| (i.min(j), i.max(j))).collect();
        self.fixed.sort_unstable();
        self.fixed.dedup();
        self
    }

    /// With another algorithm.
    #[must_use]
    pub fn with_algorithm(mut self, algorithm: NearestAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// With so many past steps mixed by the acceleration.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] above 10.
    pub fn with_memory(mut self, memory: usize) -> Result<Self> {
        if memory > 10 {
            return Err(Error::OutOfDomain { name: "memory", expected: "at most 10", value: memory as f64 });
        }
        self.memory = memory;
        Ok(self)
    }

    /// The nearest correlation matrix.
    ///
    /// # Errors
    /// - [`Error::Empty`], [`Error::EntryOutOfDomain`], [`Error::LengthMismatch`], [`Error::NotSymmetric`]
    ///   for the matrix; its diagonal need not be 1.
    /// - [`Error::EntryOutOfDomain`] for a fixed entry outside [−1, 1], [`Error::OutOfDomain`] for one on
    ///   the diagonal or outside the matrix.
    /// - [`Error::NotConverged`], also when no correlation matrix has the fixed entries.
    /// - [`Error::Unsupported`] without the features `linalg` and `lapack`.
    pub fn solve(&self, matrix: ArrayView2<'_, f64>) -> Result<NearestCorrelationSolution> {
        symmetric("matrix", matrix)?;
        let mut target = matrix.to_owned();
        symmetrize(&mut target);
        let constraints = self.constraints(target.view())?;
        if let Some(done) = self.already(target.view())? {
            return Ok(done);
        }
        let found = match self.algorithm {
            NearestAlgorithm::AlternatingProjections => projections::solve(self, target.view(), &constraints),
            NearestAlgorithm::Newton => newton::solve(self, target.view(), &constraints),
            NearestAlgorithm::Auto if target.nrows() > 100 => newton::solve(self, target.view(), &constraints),
            NearestAlgorithm::Auto => match projections::solve(self, target.view(), &constraints) {
                Err(Error::NotConverged { .. }) => newton::solve(self, target.view(), &constraints),
                other => other,
            },
        }?;
        let mut correlation = unit_diagonal(found.matrix)?;
        for &(i, j) in &self.fixed {
            correlation[[i, j]] = target[[i, j]];
            correlation[[j, i]] = target[[i, j]];
        }
        let distance = spectral::frobenius((&correlation - &target).iter());
        let smallest_eigenvalue = spectral::eigenvalues("correlation", correlation.view())?[0];
        let (iterations, residual) = (found.iterations, found.residual);
        Ok(NearestCorrelationSolution { correlation, distance, iterations, residual, smallest_eigenvalue })
    }

    /// Row, column and value of every entry that is fixed, the diagonal first.
    fn constraints(&self, target: ArrayView2<'_, f64>) -> Result<Vec<(usize, usize, f64)>> {
        let n = target.nrows();
        let mut constraints: Vec<_> = (0..n).map(|i| (i, i, 1.0)).collect();
        for &(i, j) in &self.fixed {
            if i == j || j >= n {
                let expected = "off the diagonal and inside the matrix";
                return Err(Error::OutOfDomain { name: "column of a fixed entry", expected, value: j as f64 });
            }
            let value = target[[i, j]];
            if value.abs() > 1.0 {
                return Err(Error::EntryOutOfDomain {
                    name: "fixed entries",
                    row: i.to_string(),
                    column: j.to_string(),
                    expected: "in [-1, 1]",
                    value,
                });
            }
            constraints.push((i, j, value));
        }
        Ok(constraints)
    }

    fn already(&self, target: ArrayView2<'_, f64>) -> Result<Option<NearestCorrelationSolution>> {
        if target.diag().iter().any(|v| (v - 1.0).abs() > 0.0) {
            return Ok(None);
        }
        let values = spectral::eigenvalues("matrix", target)?;
        let smallest_eigenvalue = values[0];
        let rounding = 10.0 * spectral::negligible(values.view());
        Ok((smallest_eigenvalue >= self.min_eigenvalue - rounding).then(|| NearestCorrelationSolution {
            correlation: target.to_owned(),
            distance: 0.0,
            iterations: 0,
            residual: 0.0,
            smallest_eigenvalue,
        }))
    }

    fn not_converged(&self, iterations: usize, residual: f64) -> Error {
        Error::NotConverged { name: "nearest correlation matrix", iterations, residual }
    }
}

/// The stored form, so that a stored configuration is checked when it is read back.
#[derive(Serialize, Deserialize)]
#[serde(default)]
struct Raw {
    tolerance: f64,
    max_iterations: usize,
    min_eigenvalue: f64,
    fixed: Vec<(usize, usize)>,
    algorithm: NearestAlgorithm,
    memory: usize,
}

impl Default for Raw {
    fn default() -> Self {
        NearestCorrelation::default().into()
    }
}

impl TryFrom<Raw> for NearestCorrelation {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Ok(Self::default()
            .with_tolerance(raw.tolerance)?
            .with_max_iterations(raw.max_iterations)?
            .with_min_eigenvalue(raw.min_eigenvalue)?
            .with_memory(raw.memory)?
            .with_fixed_entries(raw.fixed)
            .with_algorithm(raw.algorithm))
    }
}

impl From<NearestCorrelation> for Raw {
    fn from(config: NearestCorrelation) -> Self {
        let NearestCorrelation { tolerance, max_iterations, min_eigenvalue, fixed, algorithm, memory } = config;
        Self { tolerance, max_iterations, min_eigenvalue, fixed, algorithm, memory }
    }
}

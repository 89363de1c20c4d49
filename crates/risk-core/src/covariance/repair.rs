//! Repairs of matrices that are not positive semidefinite.

use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::matrix::scaled;
use super::symmetry::symmetric;
use super::{Covariance, Definiteness, NearestCorrelation, spectral};
use crate::{Error, Result};

/// What to do about a covariance with a negative eigenvalue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PsdPolicy {
    /// Refuse it.
    #[default]
    Error,
    /// [`clip_correlation`] at zero; variances stay.
    ClipEigen,
    /// The nearest correlation matrix ([`NearestCorrelation`]); variances stay.
    Higham,
}

/// What a repair did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RepairAction {
    /// Nothing: the matrix was positive semidefinite already.
    None,
    /// Raised negative eigenvalues of the correlation to zero.
    ClippedEigenvalues {
        /// How many.
        count: usize,
    },
    /// Went to the nearest correlation matrix.
    NearestCorrelation {
        /// Iterations made.
        iterations: usize,
    },
}

/// A positive semidefinite covariance and how far it is from the one that was given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Repaired {
    /// The covariance, with the variances and names of the one given.
    pub covariance: Covariance,
    /// What was done.
    pub action: RepairAction,
    /// Frobenius norm of the change.
    pub distance: f64,
    /// Smallest eigenvalue before.
    pub smallest_eigenvalue_before: f64,
}

impl Covariance {
    /// A positive semidefinite matrix by the chosen policy: this one when nothing is wrong with it.
    ///
    /// # Errors
    /// - [`Error::NotPositiveSemidefinite`] under [`PsdPolicy::Error`] when an eigenvalue is negative
    ///   beyond rounding.
    /// - [`Error::Undefined`] when an asset without variance has covariances: no correlation can be
    ///   repaired there.
    /// - [`Error::NotConverged`]; [`Error::Unsupported`] without the features `linalg` and `lapack`.
    ///
    /// # Examples
    /// ```
    /// use alluse_risk_core::Covariance;
    /// use alluse_risk_core::covariance::PsdPolicy;
    /// use ndarray::array;
    ///
    /// let bad = Covariance::new(array![[4.0, 2.2], [2.2, 1.0]])?; // a correlation of 1.1
    /// assert!(bad.clone().repaired(PsdPolicy::Error).is_err());
    /// let good = bad.repaired(PsdPolicy::Higham)?;
    /// assert!((good.covariance.view()[[0, 1]] - 2.0).abs() < 1e-9);
    /// assert!((good.distance - 0.2 * 2.0_f64.sqrt()).abs() < 1e-9);
    /// # Ok::<(), alluse_risk_core::Error>(())
    /// ```
    pub fn repaired(self, policy: PsdPolicy) -> Result<Repaired> {
        let values = self.eigenvalues()?;
        let before = values[0];
        let Definiteness::Indefinite { smallest_eigenvalue } = Definiteness::of(values.view()) else {
            let (action, distance) = (RepairAction::None, 0.0);
            return Ok(Repaired { covariance: self, action, distance, smallest_eigenvalue_before: before });
        };
        let live: Vec<usize> = (0..self.len()).filter(|&i| self.view()[[i, i]] > 0.0).collect();
        let dead_rows_are_zero =
            (0..self.len()).filter(|i| !live.contains(i)).all(|i| self.view().row(i).iter().all(|v| v.abs() <= 0.0));
        if policy != PsdPolicy::Error && !dead_rows_are_zero {
            let reason = "an asset with zero variance has covariances";
            return Err(Error::Undefined { name: "repaired covariance", reason });
        }
        let part = Self::new(self.view().select(Axis(0), &live).select(Axis(1), &live))?;
        let (correlation, action) = match policy {
            PsdPolicy::Error => {
                return Err(Error::NotPositiveSemidefinite { name: "covariance", smallest_eigenvalue });
            }
            PsdPolicy::ClipEigen => {
                let clipped = clip_correlation(part.correlation()?.view(), 0.0)?;
                (clipped.matrix, RepairAction::ClippedEigenvalues { count: clipped.clipped })
            }
            PsdPolicy::Higham => {
                let nearest = NearestCorrelation::default().solve(part.correlation()?.view())?;
                (nearest.correlation, RepairAction::NearestCorrelation { iterations: nearest.iterations })
            }
        };
        let repaired = scaled(correlation.view(), part.volatilities().view());
        let mut matrix = self.view().to_owned();
        for (row, &i) in live.iter().enumerate() {
            for (column, &j) in live.iter().enumerate().filter(|(_, j)| **j != i) {
                matrix[[i, j]] = repaired[[row, column]];
            }
        }
        let distance = spectral::frobenius((&matrix - &self.view()).iter());
        Ok(Repaired { covariance: self.replaced(matrix)?, action, distance, smallest_eigenvalue_before: before })
    }
}

/// A matrix whose small eigenvalues were raised to a floor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ClippedEigenvalues {
    /// The matrix.
    #[serde(with = "crate::nested::matrix")]
    pub matrix: Array2<f64>,
    /// Eigenvalues that were below the floor.
    pub clipped: usize,
    /// Frobenius norm of the change.
    pub distance: f64,
}

/// Raises every eigenvalue of a symmetric matrix to at least `floor`.
///
/// ```text
/// A = U diag(λ) U'   →   U diag(max(λ, floor)) U'
/// ```
///
/// With floor 0 this is the positive semidefinite matrix nearest to `A` in the Frobenius norm
/// (Higham 1988). It changes the diagonal; [`clip_correlation`] restores it, and is then *not* the
/// nearest correlation matrix.
///
/// # Errors
/// [`Error::OutOfDomain`] for a floor that is negative or not finite; [`Error::Empty`],
/// [`Error::EntryOutOfDomain`], [`Error::LengthMismatch`], [`Error::NotSymmetric`] for the matrix;
/// [`Error::NotConverged`]; [`Error::Unsupported`] without the features `linalg` and `lapack`.
pub fn clip_eigenvalues(matrix: ArrayView2<'_, f64>, floor: f64) -> Result<ClippedEigenvalues> {
    if !(floor >= 0.0 && floor.is_finite()) {
        return Err(Error::OutOfDomain { name: "floor", expected: "finite and not negative", value: floor });
    }
    let eigen = spectral::eigen("matrix", matrix)?;
    let clipped = eigen.values.iter().filter(|value| **value < floor).count();
    if clipped == 0 {
        return Ok(ClippedEigenvalues { matrix: matrix.to_owned(), clipped, distance: 0.0 });
    }
    let raised = spectral::recompose(&eigen, eigen.values.mapv(|value| value.max(floor)).view())?;
    let distance = spectral::frobenius((&raised - &matrix).iter());
    Ok(ClippedEigenvalues { matrix: raised, clipped, distance })
}

/// Eigenvalue clipping of a correlation matrix, scaled back to a unit diagonal.
///
/// Quick, positive semidefinite, but not the nearest correlation matrix; with a positive floor the
/// scaling can leave eigenvalues somewhat below it.
///
/// # Errors
/// Those of [`clip_eigenvalues`], and [`Error::Undefined`] when the diagonal vanishes.
///
/// # Source
/// Rebonato and Jäckel (1999), §3.
pub fn clip_correlation(correlation: ArrayView2<'_, f64>, floor: f64) -> Result<ClippedEigenvalues> {
    let clipped = clip_eigenvalues(correlation, floor)?;
    let matrix = unit_diagonal(clipped.matrix)?;
    let distance = spectral::frobenius((&matrix - &correlation).iter());
    Ok(ClippedEigenvalues { matrix, clipped: clipped.clipped, distance })
}

/// Scales a positive semidefinite matrix to a diagonal of ones.
pub(super) fn unit_diagonal(matrix: Array2<f64>) -> Result<Array2<f64>> {
    if matrix.diag().iter().any(|v| *v <= 0.0) {
        return Err(Error::Undefined { name: "correlation", reason: "a diagonal entry is not positive" });
    }
    let mut unit = scaled(matrix.view(), matrix.diag().mapv(|v| 1.0 / v.sqrt()).view());
    unit.mapv_inplace(|rho| rho.clamp(-1.0, 1.0));
    unit.diag_mut().fill(1.0);
    Ok(unit)
}

/// A correlation matrix drawn toward the identity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ShrunkCorrelation {
    /// The matrix.
    #[serde(with = "crate::nested::matrix")]
    pub correlation: Array2<f64>,
    /// Share `a` of the identity, in [0, 1].
    pub intensity: f64,
    /// Frobenius norm of the change.
    pub distance: f64,
}

/// Draws a correlation matrix toward the identity just enough to lift its eigenvalues to a floor.
///
/// ```text
/// (1 − a) R + a I      a = max(0, (ε − λ₁) / (1 − λ₁))
/// ```
///
/// Every correlation shrinks by the same share, so their signs and order stay.
///
/// # Errors
/// [`Error::OutOfDomain`] unless `0 ≤ min_eigenvalue < 1`; [`Error::EntryOutOfDomain`] unless the
/// diagonal is 1 to 1e-12; otherwise those of [`clip_eigenvalues`].
///
/// # Examples
/// ```
/// use alluse_risk_core::covariance::shrink_correlation;
/// use ndarray::array;
///
/// // Eigenvalues 1 ± 1.25: a = 0.25 / 1.25.
/// let shrunk = shrink_correlation(array![[1.0, 1.25], [1.25, 1.0]].view(), 0.0)?;
/// assert!((shrunk.intensity - 0.2).abs() < 1e-15);
/// assert!((shrunk.correlation[[0, 1]] - 1.0).abs() < 1e-15);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn shrink_correlation(correlation: ArrayView2<'_, f64>, min_eigenvalue: f64) -> Result<ShrunkCorrelation> {
    if !(0.0..1.0).contains(&min_eigenvalue) {
        return Err(Error::OutOfDomain { name: "min_eigenvalue", expected: "in [0, 1)", value: min_eigenvalue });
    }
    symmetric("correlation", correlation)?;
    if let Some(asset) = correlation.diag().iter().position(|v| (v - 1.0).abs() > 1e-12) {
        return Err(Error::EntryOutOfDomain {
            name: "correlation",
            row: asset.to_string(),
            column: asset.to_string(),
            expected: "1 on the diagonal",
            value: correlation[[asset, asset]],
        });
    }
    let smallest = spectral::eigenvalues("correlation", correlation)?[0];
    let intensity = if smallest < min_eigenvalue { (min_eigenvalue - smallest) / (1.0 - smallest) } else { 0.0 };
    let mut shrunk = &correlation * (1.0 - intensity);
    shrunk.diag_mut().fill(1.0);
    let distance = spectral::frobenius((&shrunk - &correlation).iter());
    Ok(ShrunkCorrelation { correlation: shrunk, intensity, distance })
}

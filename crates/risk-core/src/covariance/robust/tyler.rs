use ndarray::{Array1, Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use statrs::function::gamma::gamma_lr;

use super::{Whitened, median, tolerance, weighted_products};
use crate::covariance::estimate::{centred, checked, column_means};
use crate::covariance::{Covariance, CovarianceEstimate, CovarianceEstimator, spectral};
use crate::{Error, Result, check};

/// The point that directions are seen from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ScatterCentre {
    /// The median of each asset.
    #[default]
    Median,
    /// The mean of each asset; not robust.
    Mean,
    /// Zero.
    Zero,
}

/// How a shape becomes a covariance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ScatterScale {
    /// The median squared Mahalanobis length is that of a normal law, the median of χ² with one degree of
    /// freedom an asset. Robust; the covariance of the normal that fits the middle of the data.
    #[default]
    MedianDistance,
    /// The trace is that of the mean squared deviations from the centre. Not robust.
    SampleTrace,
}

/// Tyler's M-estimator of scatter: the shape that looks the same from every direction.
///
/// ```text
/// V = (p/n) Σ xᵢxᵢ' / (xᵢ'V⁻¹xᵢ)      tr V = p
/// ```
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `centre` | median | point that directions are seen from | |
/// | `scale` | median distance | how the shape becomes a covariance | |
/// | `tolerance` | 1e-10 | relative change `‖V^−½ T(V) V^−½ − I‖ / √p` at which the fixed point counts as found | (0, 1) |
/// | `max_iterations` | 1,000 | | at least 1 |
///
/// Only directions count: the shape is the same for a normal and for any elliptical law, however heavy its
/// tails. Returns equal to the centre have no direction and are left out.
///
/// [`regularized`](Self::regularized) is the variant that exists for fewer observations than assets:
///
/// ```text
/// V ← (1−ρ)(p/n) Σ xᵢxᵢ' / (xᵢ'V⁻¹xᵢ) + ρ I,      then scaled to tr V = p
/// ```
///
/// # Source
/// Tyler (1987), "A distribution-free M-estimator of multivariate scatter"; Chen, Wiesel and Hero (2011),
/// "Robust shrinkage estimation of high-dimensional covariance matrices".
///
/// # Examples
/// ```
/// use alluse_risk_core::covariance::{ScatterCentre, TylerScatter};
/// use ndarray::array;
///
/// // Four directions at right angles, at any distance: a round shape.
/// let returns = array![[1.0, 0.0], [0.0, 50.0], [-0.1, 0.0], [0.0, -3.0]];
/// let fit = TylerScatter::default().with_centre(ScatterCentre::Zero).fit(returns.view())?;
/// assert!((fit.shape.view()[[0, 0]] - 1.0).abs() < 1e-9 && fit.shape.view()[[0, 1]].abs() < 1e-9);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct TylerScatter {
    centre: ScatterCentre,
    scale: ScatterScale,
    regularization: Option<f64>,
    tolerance: f64,
    max_iterations: usize,
}

/// A shape found by [`TylerScatter`], with the certificate that it is the fixed point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TylerFit {
    /// The shape, its trace the number of assets.
    pub shape: Covariance,
    /// What the shape is multiplied by to be a covariance.
    pub scale: f64,
    /// The centre.
    pub location: Vec<f64>,
    /// Rows of returns used.
    pub observations: usize,
    /// Rows left out because they equal the centre.
    pub left_out: usize,
    /// Iterations made.
    pub iterations: usize,
    /// `‖V^−½ T(V) V^−½ − I‖ / √p` of the last step, Frobenius norm: zero at the fixed point.
    pub residual: f64,
}

impl TylerFit {
    /// Scale times shape.
    ///
    /// # Errors
    /// [`Error::EntryOutOfDomain`] when an entry overflows.
    pub fn covariance(&self) -> Result<Covariance> {
        Covariance::new(&self.shape.view() * self.scale)
    }
}

impl Default for TylerScatter {
    fn default() -> Self {
        Self {
            centre: ScatterCentre::default(),
            scale: ScatterScale::default(),
            regularization: None,
            tolerance: 1e-10,
            max_iterations: 1_000,
        }
    }
}

impl TylerScatter {
    /// The variant that is pulled towards the identity with weight `regularization`.
    ///
    /// The identity is meant in the units of the returns: assets of very different volatility should be
    /// scaled first.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless it is in (0, 1].
    pub fn regularized(regularization: f64) -> Result<Self> {
        if regularization > 0.0 && regularization <= 1.0 {
            Ok(Self { regularization: Some(regularization), ..Self::default() })
        } else {
            Err(Error::OutOfDomain { name: "regularization", expected: "in (0, 1]", value: regularization })
        }
    }

    /// About another centre.
    #[must_use]
    pub fn with_centre(mut self, centre: ScatterCentre) -> Self {
        self.centre = centre;
        self
    }

    /// With another convention of scale.
    #[must_use]
    pub fn with_scale(mut self, scale: ScatterScale) -> Self {
        self.scale = scale;
        self
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

    /// The shape with its certificate.
    ///
    /// # Errors
    /// - [`Error::Empty`], [`Error::EntryOutOfDomain`] for a return that is not finite.
    /// - [`Error::InsufficientData`] unless more rows than assets differ from the centre (with
    ///   regularization, at least one).
    /// - [`Error::NotPositiveDefinite`] or [`Error::NotConverged`] when too many rows lie in a subspace, where
    ///   no shape exists.
    pub fn fit(&self, returns: ArrayView2<'_, f64>) -> Result<TylerFit> {
        checked("Tyler scatter", returns, 1)?;
        let p = returns.ncols();
        let location = self.location(returns);
        let deviations = centred(returns, location.view());
        check::finite_matrix("deviations", deviations.view())?;
        let (directions, lengths) = directions(deviations.view());
        let required = if self.regularization.is_some() { 1 } else { p + 1 };
        check::enough("Tyler scatter", required, lengths.len())?;
        let (shape, iterations, residual) = self.iterate(directions.view())?;
        let scale = self.scale_of(shape.view(), directions.view(), &lengths)?;
        Ok(TylerFit {
            shape: Covariance::new(shape)?,
            scale,
            location: location.to_vec(),
            observations: lengths.len(),
            left_out: returns.nrows() - lengths.len(),
            iterations,
            residual,
        })
    }

    fn location(&self, returns: ArrayView2<'_, f64>) -> Array1<f64> {
        match self.centre {
            ScatterCentre::Zero => Array1::zeros(returns.ncols()),
            ScatterCentre::Mean => column_means(returns),
            ScatterCentre::Median => returns.map_axis(Axis(0), |column| median(column.to_vec())),
        }
    }

    fn iterate(&self, directions: ArrayView2<'_, f64>) -> Result<(Array2<f64>, usize, f64)> {
        let (n, p) = directions.dim();
        let rho = self.regularization.unwrap_or(0.0);
        let mut shape = Array2::<f64>::eye(p);
        let mut residual = f64::INFINITY;
        for iteration in 1..=self.max_iterations {
            let current = Whitened::new(shape.view(), directions)?;
            let weights = current.lengths.mapv(|d| (1.0 - rho) * p as f64 / (n as f64 * d));
            let mut next = weighted_products(directions, weights.view())?;
            next.diag_mut().mapv_inplace(|v| v + rho);
            next *= p as f64 / next.diag().sum();
            check::finite_matrix("scatter", next.view())?;
            residual = current.change_to(next.view())?;
            shape = next;
            if residual <= self.tolerance {
                return Ok((shape, iteration, residual));
            }
        }
        Err(Error::NotConverged { name: "Tyler scatter", iterations: self.max_iterations, residual })
    }

    fn scale_of(
        &self,
        shape: ArrayView2<'_, f64>,
        directions: ArrayView2<'_, f64>,
        lengths: &Array1<f64>,
    ) -> Result<f64> {
        let p = shape.nrows();
        let scale = match self.scale {
            ScatterScale::MedianDistance => {
                let unit = Whitened::new(shape, directions)?.lengths;
                median((unit * lengths * lengths).to_vec()) / chi_squared_median(p)
            }
            ScatterScale::SampleTrace => lengths.mapv(|l| l * l).mean().unwrap_or(f64::NAN) / p as f64,
        };
        if scale > 0.0 && scale.is_finite() { Ok(scale) } else { Err(Error::Overflow { name: "scale of a scatter" }) }
    }
}

impl CovarianceEstimator for TylerScatter {
    fn name(&self) -> &str {
        if self.regularization.is_some() { "regularized tyler" } else { "tyler" }
    }

    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        let fit = self.fit(returns)?;
        let n = fit.observations;
        CovarianceEstimate::new(fit.covariance()?, n, n as f64, returns.ncols())
    }
}

/// Rows of length 1 and the lengths they had; rows without length are left out.
fn directions(deviations: ArrayView2<'_, f64>) -> (Array2<f64>, Array1<f64>) {
    let lengths: Vec<f64> = deviations.rows().into_iter().map(|row| spectral::frobenius(row.iter())).collect();
    let kept: Vec<usize> = (0..lengths.len()).filter(|&row| lengths[row] > 0.0).collect();
    let mut directions = deviations.select(Axis(0), &kept);
    let lengths: Array1<f64> = kept.iter().map(|&row| lengths[row]).collect();
    directions /= &lengths.view().insert_axis(Axis(1));
    (directions, lengths)
}

/// The median of χ² with `p` degrees of freedom, by bisection.
pub(super) fn chi_squared_median(p: usize) -> f64 {
    let half = 0.5 * p as f64;
    // The median lies between 0 and the mean.
    let (mut low, mut high) = (0.0, p as f64);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if gamma_lr(half, 0.5 * middle) < 0.5 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The stored form, so that stored settings are checked when they are read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    centre: ScatterCentre,
    scale: ScatterScale,
    regularization: Option<f64>,
    tolerance: f64,
    max_iterations: usize,
}

impl TryFrom<Raw> for TylerScatter {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let base = match raw.regularization {
            Some(rho) => Self::regularized(rho)?,
            None => Self::default(),
        };
        let base = base.with_centre(raw.centre).with_scale(raw.scale).with_max_iterations(raw.max_iterations);
        base.with_tolerance(raw.tolerance)
    }
}

impl From<TylerScatter> for Raw {
    fn from(tyler: TylerScatter) -> Self {
        Self {
            centre: tyler.centre,
            scale: tyler.scale,
            regularization: tyler.regularization,
            tolerance: tyler.tolerance,
            max_iterations: tyler.max_iterations,
        }
    }
}

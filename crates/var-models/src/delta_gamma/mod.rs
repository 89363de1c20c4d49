//! Delta-gamma: the P&L as a quadratic form in normal factor moves.
//!
//! ```text
//! P&L = θ + δ'x + x'Γx/2,   x ~ N(0, Σ)
//!     = θ + Σ (βⱼ yⱼ + γⱼ yⱼ²/2),   Σ = CC',  C'ΓC = U diag(γ) U',  β = U'C'δ,   y independent standard normals
//! ```
//! Directions without variance are dropped, so a singular covariance is no obstacle.

mod complex;
mod expansion;
mod form;
mod inversion;
mod loss;
mod quantile;
mod saddlepoint;

use alluse_risk_core::linalg::{matmul, matvec, symmetric_eigen};
use alluse_risk_core::{Covariance, Error as CoreError, Horizon, Result as CoreResult};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

pub use loss::{DeltaGammaLoss, DeltaGammaMethod};

use crate::{Error, Result};

/// A book that is quadratic in factor moves, with the covariance of those moves.
///
/// | input        | shape    | unit                                                             |
/// |--------------|----------|------------------------------------------------------------------|
/// | `time_pnl`   | scalar   | money over the horizon when nothing moves                        |
/// | `deltas`     | `(n,)`   | money per unit of a factor's move                                |
/// | `gammas`     | `(n, n)` | money per unit of move squared, symmetric, cross gammas included |
/// | `covariance` | `(n, n)` | moves squared over the horizon                                   |
///
/// ```
/// use alluse_risk_core::{Confidence, Covariance, Horizon, LossDistribution};
/// use alluse_var_models::DeltaGamma;
/// use ndarray::array;
///
/// // Two assets with volatilities of 1 % and 2 %; the book is short gamma, so the tail is worse than linear.
/// let covariance = Covariance::new(array![[1e-4, 1e-4], [1e-4, 4e-4]])?;
/// let gammas = array![[-4e4, 0.0], [0.0, -1e4]];
/// let book = DeltaGamma::new(10.0, array![1_000.0, 2_000.0].view(), gammas.view(), &covariance, Horizon::DAY)?;
/// let curved = book.loss()?.value_at_risk(Confidence::P99)?.value;
/// let straight = book.linear_loss()?.value_at_risk(Confidence::P99)?.value;
/// assert!(curved > straight);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Source
/// Rouvinez (1997); Glasserman, Heidelberger and Shahabuddin (2000); Jaschke (2002).
#[derive(Debug, Clone, PartialEq)]
pub struct DeltaGamma {
    time_pnl: f64,
    deltas: Array1<f64>,
    gammas: Array2<f64>,
    horizon: Horizon,
    axes: Axes,
}

/// The book in its own coordinates.
#[derive(Debug, Clone, PartialEq)]
struct Axes {
    /// `C U`, factors × directions: `x = axes · y`.
    loadings: Array2<f64>,
    /// `β`.
    slopes: Array1<f64>,
    /// `γ`.
    curvatures: Array1<f64>,
}

impl DeltaGamma {
    /// From deltas and gammas in money and the covariance of the factor moves over `horizon`.
    ///
    /// # Errors
    /// [`Error::Input`] for shapes that disagree, numbers that are not finite, gammas that are not symmetric, and a
    /// covariance with a negative eigenvalue (`NotPositiveSemidefinite`).
    pub fn new(
        time_pnl: f64,
        deltas: ArrayView1<'_, f64>,
        gammas: ArrayView2<'_, f64>,
        covariance: &Covariance,
        horizon: Horizon,
    ) -> Result<Self> {
        let n = covariance.len();
        if !time_pnl.is_finite() {
            return Err(Error::out_of_domain("time_pnl", "finite", time_pnl));
        }
        finite("deltas", deltas)?;
        let shape = [("deltas", deltas.len()), ("gammas rows", gammas.nrows()), ("gammas columns", gammas.ncols())];
        for (name, got) in shape {
            if got != n {
                return Err(CoreError::LengthMismatch { name, expected: n, got }.into());
            }
        }
        let gammas = symmetric_gammas(gammas)?;
        let axes = Axes::new(deltas, gammas.view(), covariance)?;
        Ok(Self { time_pnl, deltas: deltas.to_owned(), gammas, horizon, axes })
    }

    /// From the greeks of single underlyings: `δᵢ Sᵢ` and `Γᵢ Sᵢ²` per unit of return.
    ///
    /// `covariance` is that of simple returns over the horizon; `deltas` and `gammas` count the units held.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_greeks(
        time_pnl: f64,
        deltas: ArrayView1<'_, f64>,
        gammas: ArrayView1<'_, f64>,
        spots: ArrayView1<'_, f64>,
        covariance: &Covariance,
        horizon: Horizon,
    ) -> Result<Self> {
        for (name, values) in [("deltas", deltas), ("gammas", gammas), ("spots", spots)] {
            finite(name, values)?;
            if values.len() != covariance.len() {
                let (expected, got) = (covariance.len(), values.len());
                return Err(CoreError::LengthMismatch { name, expected, got }.into());
            }
        }
        let money = &deltas * &spots;
        let curvature = Array2::from_diag(&(&gammas * &spots * spots));
        Self::new(time_pnl, money.view(), curvature.view(), covariance, horizon)
    }

    /// Horizon of the covariance.
    #[must_use]
    pub fn horizon(&self) -> Horizon {
        self.horizon
    }

    /// Number of factors.
    #[must_use]
    pub fn factors(&self) -> usize {
        self.deltas.len()
    }

    /// Money per unit of each factor's move.
    #[must_use]
    pub fn deltas(&self) -> ArrayView1<'_, f64> {
        self.deltas.view()
    }

    /// The law of the loss, by inversion unless another [method](DeltaGammaLoss::with_method) is named.
    ///
    /// # Errors
    /// [`Error::Input`] when the variance overflows.
    pub fn loss(&self) -> Result<DeltaGammaLoss> {
        let slopes: Vec<f64> = self.axes.slopes.iter().map(|b| 0.0 - b).collect();
        let curvatures: Vec<f64> = self.axes.curvatures.iter().map(|g| -0.5 * g).collect();
        DeltaGammaLoss::from_quadratic(0.0 - self.time_pnl, &slopes, &curvatures, self.horizon)
    }

    /// The law of the loss without the gammas: delta-normal.
    ///
    /// # Errors
    /// As [`loss`](Self::loss).
    pub fn linear_loss(&self) -> Result<crate::NormalLoss> {
        let variance = self.axes.slopes.dot(&self.axes.slopes);
        crate::NormalLoss::new(self.time_pnl, variance.sqrt(), self.horizon)
    }

    /// `θ + δ'x + x'Γx/2` of factor moves, moves × factors.
    ///
    /// # Errors
    /// [`Error::Input`] for the wrong number of columns and a P&L that is not finite.
    pub fn pnl(&self, moves: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        if moves.ncols() != self.factors() {
            let (expected, got) = (self.factors(), moves.ncols());
            return Err(CoreError::LengthMismatch { name: "moves columns", expected, got }.into());
        }
        let bent = matmul(moves, self.gammas.view())?;
        let mut pnl = matvec(moves, self.deltas.view())?;
        for ((pnl, row), bent) in pnl.iter_mut().zip(moves.rows()).zip(bent.rows()) {
            *pnl += self.time_pnl + 0.5 * row.dot(&bent);
        }
        finite("P&L", pnl.view())?;
        Ok(pnl)
    }

    /// Factors × directions: `x = loadings · y` with independent standard normal directions.
    pub(crate) fn loadings(&self) -> ArrayView2<'_, f64> {
        self.axes.loadings.view()
    }
}

impl Axes {
    fn new(deltas: ArrayView1<'_, f64>, gammas: ArrayView2<'_, f64>, covariance: &Covariance) -> CoreResult<Self> {
        let root = semidefinite_root(covariance.view())?;
        let directions = root.ncols();
        if directions == 0 {
            let loadings = Array2::zeros((deltas.len(), 0));
            return Ok(Self { loadings, slopes: Array1::zeros(0), curvatures: Array1::zeros(0) });
        }
        let mut inner = matmul(root.t(), matmul(gammas, root.view())?.view())?;
        for row in 0..directions {
            for column in 0..row {
                let mean = 0.5 * (inner[[row, column]] + inner[[column, row]]);
                inner[[row, column]] = mean;
                inner[[column, row]] = mean;
            }
        }
        let eigen = symmetric_eigen(inner.view())?;
        let loadings = matmul(root.view(), eigen.vectors.view())?;
        let slopes = matvec(loadings.t(), deltas)?;
        Ok(Self { loadings, slopes, curvatures: eigen.values })
    }
}

/// `C` with `CC' = Σ`, one column a direction with variance, the largest first.
pub(crate) fn semidefinite_root(covariance: ArrayView2<'_, f64>) -> CoreResult<Array2<f64>> {
    let eigen = symmetric_eigen(covariance)?;
    let n = eigen.values.len();
    let floor = n as f64 * f64::EPSILON * eigen.values[n - 1].abs().max(eigen.values[0].abs());
    if eigen.values[0] < -floor {
        let smallest_eigenvalue = eigen.values[0];
        return Err(CoreError::NotPositiveSemidefinite { name: "covariance", smallest_eigenvalue });
    }
    let rank = eigen.values.iter().filter(|value| **value > floor).count();
    let largest_first = |(row, k): (usize, usize)| eigen.vectors[[row, n - 1 - k]] * eigen.values[n - 1 - k].sqrt();
    Ok(Array2::from_shape_fn((n, rank), largest_first))
}

fn finite(name: &'static str, values: ArrayView1<'_, f64>) -> CoreResult<()> {
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(index) => Err(CoreError::ElementOutOfDomain { name, index, expected: "finite", value: values[index] }),
    }
}

/// The gammas with rounding in their symmetry averaged away.
fn symmetric_gammas(gammas: ArrayView2<'_, f64>) -> CoreResult<Array2<f64>> {
    let largest = gammas.iter().fold(0.0_f64, |largest, v| largest.max(v.abs()));
    for ((row, column), &value) in gammas.indexed_iter() {
        if !value.is_finite() {
            let (row, column) = (row.to_string(), column.to_string());
            return Err(CoreError::EntryOutOfDomain { name: "gammas", row, column, expected: "finite", value });
        }
        let difference = (value - gammas[[column, row]]).abs();
        if difference > 1e-12 * largest {
            return Err(CoreError::NotSymmetric { name: "gammas", row, column, difference });
        }
    }
    Ok(Array2::from_shape_fn(gammas.dim(), |(i, j)| 0.5 * (gammas[[i, j]] + gammas[[j, i]])))
}

#[cfg(test)]
mod tests;

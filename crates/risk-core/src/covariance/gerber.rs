use ndarray::{Array2, ArrayView2};
use serde::{Deserialize, Serialize};

use super::estimate::{centred, checked, column_means, varying};
use super::matrix::scaled;
use super::{Covariance, CovarianceEstimate, CovarianceEstimator, PsdPolicy, spectral};
use crate::{Error, Result};

/// What the count of concordant less discordant moves is divided by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GerberDenominator {
    /// The dates on which at least one of the two moves. Positive semidefinite.
    #[default]
    ActivePairs,
    /// The geometric mean of the numbers of dates on which each moves. Positive semidefinite.
    UnitDiagonal,
    /// The dates on which both move, as first proposed; it may need a repair.
    BothMove,
}

/// The covariance by the Gerber statistic: only moves beyond a threshold count, and only by their direction.
///
/// ```text
/// mₜᵢ = sign(rₜᵢ) where |rₜᵢ| ≥ c σᵢ, else 0      H = Σₜ mₜ mₜ' = concordant − discordant dates
///
/// gᵢⱼ  active pairs    Hᵢⱼ / (n − dates on which both are quiet)
///      unit diagonal   Hᵢⱼ / √(Hᵢᵢ Hⱼⱼ)
///      both move       Hᵢⱼ / (concordant + discordant)
///
/// Σᵢⱼ = gᵢⱼ σᵢ σⱼ
/// ```
///
/// Moves are about zero, the deviations `σ` about the mean. `H` is a Gram matrix, and dividing it by counts of
/// a union keeps it positive semidefinite (`1/|A ∪ B|` is a power series of intersections with positive terms),
/// so on the first two denominators the policy has nothing to do; the third is why there is one.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `threshold` | 0.5 | the least move that counts, in deviations | positive |
/// | `denominator` | `ActivePairs` | see [`GerberDenominator`] | |
/// | `policy` | `Error` | what to do when the matrix is not positive semidefinite | |
/// | `ddof` | 0 | taken from the number of observations in the variances | below `n` |
///
/// The first two denominators agree with skfolio's `GerberCovariance` at `psd_variant` true and false.
///
/// # Source
/// Gerber, Markowitz, Ernst, Miao, Javid and Sargen (2022), *Journal of Portfolio Management* 48; Gerber,
/// Markowitz and Pujara (2015) for `BothMove`.
///
/// # Examples
/// ```
/// use alluse_risk_core::covariance::GerberCovariance;
/// use ndarray::array;
///
/// // Both up, both down, one alone: (2 − 0) / 3.
/// let returns = array![[0.02, 0.03], [-0.02, -0.03], [0.02, 0.001], [0.001, -0.001]];
/// let estimate = GerberCovariance::default().estimate(returns.view())?;
/// assert!((estimate.covariance.correlation()?[[0, 1]] - 2.0 / 3.0).abs() < 1e-15);
/// assert_eq!(estimate.repair_distance, None);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GerberCovariance {
    threshold: f64,
    denominator: GerberDenominator,
    policy: PsdPolicy,
    ddof: usize,
}

impl Default for GerberCovariance {
    fn default() -> Self {
        Self { threshold: 0.5, denominator: GerberDenominator::default(), policy: PsdPolicy::Error, ddof: 0 }
    }
}

impl GerberCovariance {
    /// With this threshold, in standard deviations.
    #[must_use]
    pub fn new(threshold: f64) -> Self {
        Self { threshold, ..Self::default() }
    }

    /// With another denominator.
    #[must_use]
    pub fn with_denominator(mut self, denominator: GerberDenominator) -> Self {
        self.denominator = denominator;
        self
    }

    /// With this repair of a matrix that is not positive semidefinite.
    #[must_use]
    pub fn with_policy(mut self, policy: PsdPolicy) -> Self {
        self.policy = policy;
        self
    }

    /// With variances of divisor `n − ddof`.
    #[must_use]
    pub fn with_ddof(mut self, ddof: usize) -> Self {
        self.ddof = ddof;
        self
    }

    /// The covariance with its diagnostics and the distance that a repair moved it.
    ///
    /// # Errors
    /// - [`Error::OutOfDomain`] for a threshold that is not positive and finite.
    /// - [`Error::Empty`], [`Error::EntryOutOfDomain`] for a return that is not finite.
    /// - [`Error::InsufficientData`] with fewer than two observations or not more than `ddof`.
    /// - [`Error::Undefined`] when an asset's returns are all the same or never reach the threshold, with
    ///   `BothMove` also when two assets never move on one date.
    /// - With `BothMove` those of [`Covariance::repaired`], among them [`Error::NotPositiveSemidefinite`].
    pub fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        if !(self.threshold > 0.0 && self.threshold.is_finite()) {
            let expected = "positive and finite";
            return Err(Error::OutOfDomain { name: "threshold", expected, value: self.threshold });
        }
        checked("Gerber covariance", returns, self.ddof.saturating_add(1).max(2))?;
        varying("Gerber statistic", returns)?;
        let n = returns.nrows();
        let deviations = centred(returns, column_means(returns).view());
        let volatilities = deviations
            .columns()
            .into_iter()
            .map(|column| spectral::frobenius(column.iter()) / ((n - self.ddof) as f64).sqrt())
            .collect::<ndarray::Array1<f64>>();
        let mut moves = returns.to_owned();
        for (mut column, volatility) in moves.columns_mut().into_iter().zip(&volatilities) {
            let least = self.threshold * volatility;
            column.mapv_inplace(|r| if r.abs() >= least { r.signum() } else { 0.0 });
        }
        let statistic = self.statistic(&moves)?;
        let covariance = Covariance::new(scaled(statistic.view(), volatilities.view()))?;
        match self.denominator {
            GerberDenominator::UnitDiagonal => CovarianceEstimate::new(covariance, n, n as f64, n),
            // Dividing pair by pair can raise the rank above that of the moves.
            GerberDenominator::ActivePairs => CovarianceEstimate::new(covariance, n, n as f64, returns.ncols()),
            GerberDenominator::BothMove => {
                let repaired = covariance.repaired(self.policy)?;
                let estimate = CovarianceEstimate::new(repaired.covariance, n, n as f64, returns.ncols())?;
                Ok(estimate.after_repair(repaired.action, repaired.distance))
            }
        }
    }

    /// `g`, its diagonal exactly 1.
    fn statistic(&self, moves: &Array2<f64>) -> Result<Array2<f64>> {
        let undefined = |reason| Error::Undefined { name: "Gerber statistic", reason };
        let net = spectral::gram(moves.view())?;
        if net.diag().iter().any(|count| *count < 1.0) {
            return Err(undefined("an asset never reaches the threshold"));
        }
        let size = spectral::gram(moves.mapv(f64::abs).view())?;
        let mut statistic = Array2::from_shape_fn(net.dim(), |(i, j)| {
            let denominator = match self.denominator {
                GerberDenominator::ActivePairs => net[[i, i]] + net[[j, j]] - size[[i, j]],
                GerberDenominator::UnitDiagonal => (net[[i, i]] * net[[j, j]]).sqrt(),
                GerberDenominator::BothMove => size[[i, j]],
            };
            net[[i, j]] / denominator
        });
        if statistic.iter().any(|g| !g.is_finite()) {
            return Err(undefined("two assets never move on one date"));
        }
        statistic.diag_mut().fill(1.0);
        Ok(statistic)
    }
}

impl CovarianceEstimator for GerberCovariance {
    fn name(&self) -> &str {
        "gerber"
    }

    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<CovarianceEstimate> {
        self.estimate(returns)
    }
}

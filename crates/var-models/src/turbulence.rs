//! How unusual a day's returns are, given how assets usually move together.

use alluse_risk_core::covariance::SampleCovariance;
use alluse_risk_core::linalg::{Cholesky, cholesky};
use alluse_risk_core::{Covariance, Error as CoreError, moments};
use ndarray::{Array1, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};
use statrs::function::beta::beta_reg;

use crate::concentration::finite;
use crate::{Error, Result};

/// The usual returns and co-movements of assets, made by [`FittedTurbulence::fit`].
///
/// ```text
/// d = (r − μ)'Σ⁻¹(r − μ)
/// ```
///
/// # Source
/// Kritzman and Li (2010), "Skulls, financial turbulence, and risk management"; Hotelling (1931) for the law of d.
///
/// # Examples
/// ```
/// use alluse_var_models::FittedTurbulence;
/// use ndarray::array;
///
/// let history = array![[1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]];
/// let usual = FittedTurbulence::fit(history.view())?;
/// let score = usual.score(array![2.0, 0.0].view())?;
/// assert!((score.distance - 3.0).abs() < 1e-12); // variance 4/3, so 4 over 4/3
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct FittedTurbulence {
    mean: Array1<f64>,
    covariance: Covariance,
    factor: Cholesky,
    observations: usize,
}

/// How unusual one day is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TurbulenceScore {
    /// d, the squared Mahalanobis distance.
    pub distance: f64,
    /// d over the number of assets: about 1 on a usual day.
    pub per_asset: f64,
    /// Probability of a distance at least as large on a usual day, for normal returns that are independent of
    /// the history; exact for estimated moments.
    pub tail_probability: f64,
    /// Days that the usual moments come from.
    pub observations: usize,
}

impl FittedTurbulence {
    /// From a history of returns, dates × assets, that ends before the days to be judged.
    ///
    /// # Errors
    /// [`Error::Input`]: returns that are empty or not finite, not more dates than assets,
    /// not positive definite when assets are dependent.
    pub fn fit(history: ArrayView2<'_, f64>) -> Result<Self> {
        let covariance = SampleCovariance::default().covariance(history)?;
        let mean = history.columns().into_iter().map(moments::mean).collect::<alluse_risk_core::Result<_>>()?;
        Self::new(mean, covariance, history.nrows())
    }

    fn new(mean: Array1<f64>, covariance: Covariance, observations: usize) -> Result<Self> {
        finite("mean", mean.view())?;
        let assets = covariance.len();
        if mean.len() != assets {
            return Err(CoreError::LengthMismatch { name: "mean", expected: assets, got: mean.len() }.into());
        }
        if observations <= assets {
            let required = assets + 1;
            let name = "turbulence";
            return Err(CoreError::InsufficientData { name, required, available: observations }.into());
        }
        let factor = cholesky(covariance.view())?;
        Ok(Self { mean, covariance, factor, observations })
    }

    /// The turbulence of one day.
    ///
    /// # Errors
    /// [`Error::Input`] for returns that do not fit or are not finite, overflow.
    pub fn score(&self, returns: ArrayView1<'_, f64>) -> Result<TurbulenceScore> {
        finite("returns", returns)?;
        let assets = self.mean.len();
        if returns.len() != assets {
            return Err(CoreError::LengthMismatch { name: "returns", expected: assets, got: returns.len() }.into());
        }
        let deviation = (&returns - &self.mean).insert_axis(Axis(1));
        let distance: f64 = self.factor.solve_lower(deviation.view())?.iter().map(|v| v * v).sum();
        if !distance.is_finite() {
            return Err(CoreError::Overflow { name: "turbulence" }.into());
        }
        let per_asset = distance / assets as f64;
        let tail_probability = self.tail(distance);
        Ok(TurbulenceScore { distance, per_asset, tail_probability, observations: self.observations })
    }

    /// The turbulence of each day, dates × assets.
    ///
    /// # Errors
    /// Those of [`score`](Self::score).
    pub fn scores(&self, returns: ArrayView2<'_, f64>) -> Result<Vec<TurbulenceScore>> {
        returns.rows().into_iter().map(|row| self.score(row)).collect()
    }

    /// `P(F ≥ f)` with `f = d · n(n − N)/((n² − 1)N)` and F(N, n − N).
    fn tail(&self, distance: f64) -> f64 {
        let (n, assets) = (self.observations as f64, self.mean.len() as f64);
        let rest = n - assets;
        let f = distance * n * rest / ((n * n - 1.0) * assets);
        beta_reg(0.5 * rest, 0.5 * assets, rest / (rest + assets * f))
    }
}

/// The stored form, so that a stored fit is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    mean: Vec<f64>,
    covariance: Covariance,
    observations: usize,
}

impl TryFrom<Raw> for FittedTurbulence {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(Array1::from(raw.mean), raw.covariance, raw.observations)
    }
}

impl From<FittedTurbulence> for Raw {
    fn from(fitted: FittedTurbulence) -> Self {
        Self { mean: fitted.mean.to_vec(), covariance: fitted.covariance, observations: fitted.observations }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};
    use proptest::prelude::*;

    use super::*;

    fn history() -> Array2<f64> {
        array![
            [0.010, 0.020, -0.010],
            [-0.015, 0.005, 0.020],
            [0.010, -0.030, 0.005],
            [0.025, 0.020, -0.010],
            [-0.005, 0.000, 0.015],
            [0.010, 0.015, -0.020],
            [0.000, -0.010, 0.005]
        ]
    }

    #[test]
    fn distances_and_tails_agree_with_scipy() {
        let usual = FittedTurbulence::fit(history().view()).unwrap();
        let score = usual.score(array![-0.03, 0.01, -0.02].view()).unwrap();
        // scipy.spatial.distance.mahalanobis squared; scipy.stats.f.sf.
        assert!((score.distance / 47.808_008_075_780_56 - 1.0).abs() < 1e-11, "{}", score.distance);
        assert!((score.per_asset / (47.808_008_075_780_56 / 3.0) - 1.0).abs() < 1e-11);
        assert!((score.tail_probability / 0.028_238_842_894_570_11 - 1.0).abs() < 1e-9, "{}", score.tail_probability);
        assert_eq!(score.observations, 7);
        let at_the_mean = usual.score(array![0.005, 0.02 / 7.0, 0.005 / 7.0].view()).unwrap();
        assert!(at_the_mean.distance < 1e-25 && (at_the_mean.tail_probability - 1.0).abs() < 1e-12);
    }

    #[test]
    fn stored_fits_come_back_checked() {
        let usual = FittedTurbulence::fit(history().view()).unwrap();
        let text = serde_json::to_string(&usual).unwrap();
        assert_eq!(serde_json::from_str::<FittedTurbulence>(&text).unwrap(), usual);
        assert!(
            serde_json::from_str::<FittedTurbulence>(&text.replace("\"observations\":7", "\"observations\":3"))
                .is_err()
        );
        assert!(serde_json::from_str::<FittedTurbulence>(&text.replace("\"mean\":[", "\"mean\":[0.5,")).is_err());
    }

    #[test]
    fn hostile_inputs_are_refused() {
        let usual = FittedTurbulence::fit(history().view()).unwrap();
        assert!(matches!(usual.score(array![0.0].view()), Err(Error::Input(CoreError::LengthMismatch { .. }))));
        let nan = usual.score(array![0.0, f64::NAN, 0.0].view());
        assert!(matches!(nan, Err(Error::Input(CoreError::ElementOutOfDomain { index: 1, .. }))));
        assert!(matches!(usual.score(array![1e200, 0.0, 0.0].view()), Err(Error::Input(CoreError::Overflow { .. }))));
        let few = history().select(Axis(0), &[0, 1, 2]);
        let short = FittedTurbulence::fit(few.view());
        assert!(matches!(short, Err(Error::Input(CoreError::InsufficientData { required: 4, available: 3, .. }))));
        let twins = history().select(Axis(1), &[0, 0]);
        assert!(matches!(
            FittedTurbulence::fit(twins.view()),
            Err(Error::Input(CoreError::NotPositiveDefinite { .. }))
        ));
        assert!(FittedTurbulence::fit(Array2::zeros((0, 2)).view()).is_err());
    }

    proptest! {
        #[test]
        fn linear_maps_of_the_assets_change_nothing(data in prop::collection::vec(-1.0..1.0_f64, 24)) {
            let rows = Array2::from_shape_vec((12, 2), data).unwrap();
            let map = array![[2.0, 0.3], [-0.5, 1.5]];
            let mapped = rows.dot(&map.t());
            let (plain, turned) = (FittedTurbulence::fit(rows.view()).unwrap(), FittedTurbulence::fit(mapped.view()).unwrap());
            let (plain, turned) = (plain.scores(rows.view()).unwrap(), turned.scores(mapped.view()).unwrap());
            for (a, b) in plain.iter().zip(&turned) {
                prop_assert!((a.distance - b.distance).abs() < 1e-8);
            }
            // In sample the distances sum to (n − 1) N.
            prop_assert!((plain.iter().map(|s| s.distance).sum::<f64>() - 22.0).abs() < 1e-9);
        }
    }
}

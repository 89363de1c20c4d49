use std::fmt;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::covariance::Covariance;
use crate::{AssetId, Error, Frequency, Result, check};

/// Anything that estimates expected returns from returns, dates × assets.
pub trait ExpectedReturns: fmt::Debug + Send + Sync {
    /// Its name, for tables of results.
    fn name(&self) -> &str;

    /// The expected returns with their estimation error.
    ///
    /// # Errors
    /// Those of the estimator behind the trait.
    fn estimate(&self, returns: ArrayView2<'_, f64>) -> Result<ExpectedReturnsEstimate>;
}

/// How returns of several periods add up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compounding {
    /// By their sum: `P` periods earn `P m`.
    #[default]
    Arithmetic,
    /// By the product of their growth: `P` periods earn `(1 + m)ᴾ − 1`.
    Geometric,
}

/// How far, and towards what, an estimate was pulled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Shrinkage {
    /// Weight of the target, in [0, 1].
    pub intensity: f64,
    /// The target, in the unit of the estimate.
    pub target: f64,
}

/// Expected returns and how far they can be trusted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExpectedReturnsEstimate {
    /// The names of the assets, where they were given.
    pub assets: Option<Vec<AssetId>>,
    /// One expected return an asset.
    pub values: Vec<f64>,
    /// Of a year of so many periods; `None` for one period of the returns.
    pub frequency: Option<Frequency>,
    /// How the returns of a year were added up.
    pub compounding: Compounding,
    /// Rows of returns used; `None` when no sample was used.
    pub observations: Option<usize>,
    /// Equally weighted observations that would carry as much information.
    pub effective_observations: Option<f64>,
    /// Covariance of the estimation errors, in the unit of the values squared; `None` when it cannot be stated.
    pub error_covariance: Option<Covariance>,
    /// What shrinkage did, where there was any.
    pub shrinkage: Option<Shrinkage>,
}

impl ExpectedReturnsEstimate {
    pub(super) fn new(values: Array1<f64>, frequency: Option<Frequency>, compounding: Compounding) -> Result<Self> {
        if values.iter().any(|v| !v.is_finite()) {
            return Err(Error::Overflow { name: "expected return" });
        }
        Ok(Self {
            assets: None,
            values: values.to_vec(),
            frequency,
            compounding,
            observations: None,
            effective_observations: None,
            error_covariance: None,
            shrinkage: None,
        })
    }

    pub(super) fn with_observations(mut self, observations: usize, effective: f64) -> Self {
        self.observations = Some(observations);
        self.effective_observations = Some(effective);
        self
    }

    pub(super) fn with_error(mut self, covariance: Option<Array2<f64>>) -> Result<Self> {
        self.error_covariance = covariance.map(Covariance::new).transpose()?;
        Ok(self)
    }

    /// With the names of the assets.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] unless there is one name an asset, [`Error::Duplicate`] for a name that occurs
    /// twice.
    pub fn with_assets(mut self, assets: Vec<AssetId>) -> Result<Self> {
        check::length("assets", self.values.len(), assets.len())?;
        check::unique("asset", assets.iter().map(AssetId::as_str))?;
        self.error_covariance = self.error_covariance.map(|c| c.with_assets(assets.clone())).transpose()?;
        self.assets = Some(assets);
        Ok(self)
    }

    /// The values as an array.
    #[must_use]
    pub fn view(&self) -> ArrayView1<'_, f64> {
        ArrayView1::from(&self.values)
    }

    /// Standard errors, one an asset, where they can be stated.
    #[must_use]
    pub fn standard_errors(&self) -> Option<Array1<f64>> {
        self.error_covariance.as_ref().map(Covariance::volatilities)
    }
}

pub(super) fn periods(frequency: Option<Frequency>) -> f64 {
    frequency.map_or(1.0, Frequency::periods_per_year)
}

/// The compounded return of a column, `Π(1+r)^(P/n) − 1`, by logarithms.
///
/// # Errors
/// [`Error::EntryOutOfDomain`] for a return below −1.
pub(super) fn compounded(column: ArrayView1<'_, f64>, asset: usize, periods: f64) -> Result<f64> {
    if let Some(row) = column.iter().position(|r| *r < -1.0) {
        return Err(Error::EntryOutOfDomain {
            name: "returns",
            row: row.to_string(),
            column: asset.to_string(),
            expected: "at least -1 to be compounded",
            value: column[row],
        });
    }
    // All is lost, once and for ever.
    if column.iter().any(|r| *r <= -1.0) {
        return Ok(-1.0);
    }
    let growth = crate::sum::compensated(column.iter().map(|r| libm::log1p(*r)));
    Ok(libm::expm1(periods * (growth / column.len() as f64)))
}

/// `gᵢ gⱼ cᵢⱼ`: the covariance of functions of estimates by their derivatives.
pub(super) fn delta_method(gradient: &Array1<f64>, covariance: ArrayView2<'_, f64>) -> Array2<f64> {
    Array2::from_shape_fn(covariance.dim(), |(i, j)| {
        let (first, second) = (i.max(j), i.min(j));
        covariance[[first, second]] * gradient[first] * gradient[second]
    })
}

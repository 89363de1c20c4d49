//! From a history of returns through an estimated covariance to weights.

use alluse_risk_core::covariance::CovarianceEstimator;
use alluse_risk_core::{History, Weights};
use serde::{Deserialize, Serialize};

use super::{MaximumEntropy, inverse_variance, inverse_volatility, minimum_correlation};
use crate::risk_budgeting::RiskBudgeting;
use crate::{Allocator, Result, RiskModel};

/// A rule that turns a risk model into weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WeightRule {
    /// The same weight for every asset.
    EqualWeight,
    /// In proportion to `1/σ`.
    InverseVolatility,
    /// In proportion to `1/σ²`.
    InverseVariance,
    /// The minimum correlation algorithm.
    MinimumCorrelation,
    /// As even as limits allow.
    MaximumEntropy(MaximumEntropy),
    /// Given shares of the volatility.
    RiskBudgeting(RiskBudgeting),
    /// The same weights at every date.
    Given(Weights),
}

impl WeightRule {
    /// Its name, for tables of results.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::EqualWeight => "equal weight",
            Self::InverseVolatility => "inverse volatility",
            Self::InverseVariance => "inverse variance",
            Self::MinimumCorrelation => "minimum correlation",
            Self::MaximumEntropy(_) => "maximum entropy",
            Self::RiskBudgeting(_) => "risk budgeting",
            Self::Given(_) => "given weights",
        }
    }

    /// The weights under a risk model.
    ///
    /// # Errors
    /// Those of the rule, and [`Error::Input`](crate::Error::Input) unless given weights are one an asset.
    pub fn weights(&self, model: &RiskModel) -> Result<Weights> {
        match self {
            Self::InverseVolatility => inverse_volatility(model),
            Self::InverseVariance => inverse_variance(model),
            Self::MinimumCorrelation => minimum_correlation(model),
            Self::RiskBudgeting(problem) => Ok(problem.solve(model)?.weights),
            Self::EqualWeight | Self::MaximumEntropy(_) | Self::Given(_) => self.without_model(model.len()),
        }
    }

    fn needs_covariance(&self) -> bool {
        !matches!(self, Self::EqualWeight | Self::MaximumEntropy(_) | Self::Given(_))
    }

    fn without_model(&self, assets: usize) -> Result<Weights> {
        match self {
            Self::MaximumEntropy(problem) => Ok(problem.solve(assets)?.weights),
            Self::Given(weights) if weights.len() == assets => Ok(weights.clone()),
            Self::Given(weights) => {
                let (name, got) = ("given weights", weights.len());
                Err(alluse_risk_core::Error::LengthMismatch { name, expected: assets, got }.into())
            }
            _ => Ok(Weights::equal(assets)?),
        }
    }
}

/// An [`Allocator`] that estimates a covariance from the returns of a history and applies a rule to it.
///
/// Rules that need no covariance are applied without an estimate.
///
/// ```
/// use alluse_optimizer::Allocator;
/// use alluse_optimizer::baseline::{EstimatedAllocator, WeightRule};
/// use alluse_risk_core::covariance::SampleCovariance;
/// use alluse_risk_core::{AssetId, HistorySplitter, Weights, panel::ReturnPanel};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let dates = vec![date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)];
/// let assets = vec![AssetId::new("A")?, AssetId::new("B")?];
/// let panel = ReturnPanel::new(dates, assets, array![[0.01, 0.02], [-0.01, -0.02], [0.0, 0.0]])?;
/// let splitter = HistorySplitter::new(&panel, array![0.0, 0.0])?;
/// let rule = EstimatedAllocator::new(SampleCovariance::default(), WeightRule::InverseVolatility);
/// let weights = rule.allocate(splitter.ending(3, 3)?, &Weights::equal(2)?)?;
/// assert!((weights.view()[0] - 2.0 / 3.0).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct EstimatedAllocator {
    estimator: Box<dyn CovarianceEstimator>,
    rule: WeightRule,
    name: String,
}

impl EstimatedAllocator {
    /// An estimator and a rule.
    #[must_use]
    pub fn new(estimator: impl CovarianceEstimator + 'static, rule: WeightRule) -> Self {
        Self { name: rule.name().to_owned(), estimator: Box::new(estimator), rule }
    }

    /// With another name than that of the rule.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

impl Allocator for EstimatedAllocator {
    fn name(&self) -> &str {
        &self.name
    }

    fn allocate(&self, history: History<'_>, _held: &Weights) -> Result<Weights> {
        if !self.rule.needs_covariance() {
            return self.rule.without_model(history.assets().len());
        }
        let estimate = self.estimator.estimate(history.returns())?;
        self.rule.weights(&RiskModel::from(estimate.covariance))
    }
}

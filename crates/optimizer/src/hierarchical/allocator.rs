//! The methods as rules for a walk through history.

use std::fmt;

use alluse_risk_core::covariance::CovarianceEstimator;
use alluse_risk_core::{Covariance, History, Weights};

use super::herc::HierarchicalEqualRiskContribution;
use super::hrp::HierarchicalRiskParity;
use super::nco::NestedClusteredOptimization;
use super::portfolio::HierarchicalPortfolio;
use crate::{Allocator, Result};

/// A method that goes from a covariance to a portfolio by way of a tree.
pub trait HierarchicalMethod: fmt::Debug + Send + Sync {
    /// Its name, for tables of results.
    fn name(&self) -> &str;

    /// The portfolio for a covariance per period.
    ///
    /// # Errors
    /// Those of the method behind the trait.
    fn allocate(&self, covariance: &Covariance) -> Result<HierarchicalPortfolio>;
}

macro_rules! method {
    ($method:ty, $name:literal) => {
        impl HierarchicalMethod for $method {
            fn name(&self) -> &str {
                $name
            }

            fn allocate(&self, covariance: &Covariance) -> Result<HierarchicalPortfolio> {
                self.allocate(covariance)
            }
        }
    };
}

method!(HierarchicalRiskParity, "hierarchical risk parity");
method!(HierarchicalEqualRiskContribution, "hierarchical equal risk contribution");
method!(NestedClusteredOptimization, "nested clustered optimization");

/// A hierarchical method on the covariance that an estimator finds in the history.
///
/// ```
/// use alluse_optimizer::Allocator;
/// use alluse_optimizer::hierarchical::{HierarchicalAllocator, HierarchicalRiskParity};
/// use alluse_risk_core::{AssetId, HistorySplitter, Weights, covariance::SampleCovariance, panel::ReturnPanel};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let panel = ReturnPanel::new(
///     vec![date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)],
///     vec![AssetId::new("SPY")?, AssetId::new("TLT")?],
///     array![[0.01, 0.02], [-0.01, 0.02], [0.00, -0.04]],
/// )?;
/// let splitter = HistorySplitter::new(&panel, array![0.0, 0.0])?;
/// let rule = HierarchicalAllocator::new(SampleCovariance::default(), HierarchicalRiskParity::default());
/// let weights = rule.allocate(splitter.ending(3, 3)?, &Weights::equal(2)?)?;
/// // Variances 1e-4 and 12e-4: inverse variance.
/// assert!((weights.view()[0] - 12.0 / 13.0).abs() < 1e-12);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct HierarchicalAllocator<E, M> {
    estimator: E,
    method: M,
}

impl<E: CovarianceEstimator, M: HierarchicalMethod> HierarchicalAllocator<E, M> {
    /// From an estimator and a method.
    #[must_use]
    pub fn new(estimator: E, method: M) -> Self {
        Self { estimator, method }
    }

    /// The portfolio with everything that led to it, its assets named.
    ///
    /// # Errors
    /// Those of the estimator and of the method.
    pub fn explain(&self, history: History<'_>) -> Result<HierarchicalPortfolio> {
        let estimate = self.estimator.estimate(history.returns())?;
        let covariance = estimate.covariance.with_assets(history.assets().to_vec())?;
        self.method.allocate(&covariance)
    }
}

impl<E: CovarianceEstimator, M: HierarchicalMethod> Allocator for HierarchicalAllocator<E, M> {
    fn name(&self) -> &str {
        self.method.name()
    }

    /// What is held does not enter.
    fn allocate(&self, history: History<'_>, _held: &Weights) -> Result<Weights> {
        Ok(self.explain(history)?.weights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hierarchical::ClusterCount;
    use alluse_risk_core::covariance::SampleCovariance;
    use alluse_risk_core::panel::ReturnPanel;
    use alluse_risk_core::streams::Streams;
    use alluse_risk_core::{AssetId, ErrorKind, HistorySplitter};
    use jiff::civil::date;

    #[test]
    fn every_method_is_a_rule() {
        let (days, assets) = (60_usize, 5);
        let returns = Streams::new(1).standard_normals(days, assets) * 0.01;
        let dates = (0..60).map(|day| date(2024, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap()).collect();
        let names = (0..assets).map(|i| AssetId::new(format!("A{i}")).unwrap()).collect::<Vec<_>>();
        let panel = ReturnPanel::new(dates, names.clone(), returns.clone()).unwrap();
        let splitter = HistorySplitter::new(&panel, vec![0.0; assets]).unwrap();
        let history = splitter.ending(days, days).unwrap();
        let held = Weights::equal(assets).unwrap();
        let count = ClusterCount::Fixed(2);
        let rules: [Box<dyn Allocator>; 3] = [
            Box::new(HierarchicalAllocator::new(SampleCovariance::default(), HierarchicalRiskParity::default())),
            Box::new(HierarchicalAllocator::new(
                SampleCovariance::default(),
                HierarchicalEqualRiskContribution::default().with_clusters(count),
            )),
            Box::new(HierarchicalAllocator::new(
                SampleCovariance::default(),
                NestedClusteredOptimization::default().with_clusters(count),
            )),
        ];
        for rule in rules {
            let weights = rule.allocate(history, &held).unwrap();
            assert!((weights.net() - 1.0).abs() < 1e-12, "{}", rule.name());
            assert_eq!(weights, rule.allocate(history, &held).unwrap());
            // One day has no covariance.
            let short = splitter.ending(1, 1).unwrap();
            assert_eq!(rule.allocate(short, &held).unwrap_err().kind(), ErrorKind::InsufficientData);
        }
        let hrp = HierarchicalAllocator::new(SampleCovariance::default(), HierarchicalRiskParity::default());
        let portfolio = hrp.explain(history).unwrap();
        assert_eq!(portfolio.assets, Some(names));
        let covariance = SampleCovariance::default().covariance(returns.view()).unwrap();
        assert_eq!(portfolio.weights, HierarchicalRiskParity::default().allocate(&covariance).unwrap().weights);
    }
}

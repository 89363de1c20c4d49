//! How sure a metric is.
//!
//! Two roads: the delta method on a long-run variance, for metrics that are smooth functions of means
//! ([`smooth`]); and the stationary block bootstrap, for any metric ([`BlockBootstrap`]).

mod bootstrap;
pub mod smooth;

use alluse_risk_core::Interval;
use serde::{Deserialize, Serialize};

pub use bootstrap::{BlockBootstrap, BlockLength, Statistic};

/// A metric with the uncertainty that sampling leaves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MetricEstimate {
    /// The metric on the whole sample.
    pub value: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// The interval.
    pub interval: Interval,
    /// Observations.
    pub observations: usize,
    /// Autocovariances that entered, or the mean length of the blocks that were drawn.
    pub dependence: f64,
    /// Resamples on which the metric had no value; they are in no interval.
    pub undefined_draws: usize,
}

impl MetricEstimate {
    /// Whether `reference` lies outside the interval.
    #[must_use]
    pub fn differs_from(&self, reference: f64) -> bool {
        reference < self.interval.lower || reference > self.interval.upper
    }
}

//! Covariance estimators.

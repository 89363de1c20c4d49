//! Levels and growth: ARIMA, exponential smoothing, Theta, and tests of what a series is.

pub mod diagnostics;

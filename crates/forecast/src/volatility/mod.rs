//! Conditional volatility: the GARCH family, HAR, RiskMetrics, range estimators, blends with implied volatility.

//! Correlations that change: constant and dynamic conditional correlation of many series.

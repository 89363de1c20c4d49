use serde::{Deserialize, Serialize};

/// Which sample quantile, stated on ascending losses at the confidence `c`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuantileRule {
    /// Hyndman-Fan type 7.
    #[default]
    Linear,
}

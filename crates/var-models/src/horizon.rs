//! How a one-day model answers for more days.

use alluse_risk_core::Horizon;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What a model fitted to one-day returns does when asked about a longer horizon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HorizonRule {
    /// Refuses. Scenarios over the horizon answer instead.
    #[default]
    OneDayOnly,
    /// Mean × h and volatility × √h: right only for independent returns with one law, wrong whenever
    /// volatility clusters or the book is not linear.
    SquareRootOfTime,
}

impl HorizonRule {
    /// Factors for mean and volatility.
    pub(crate) fn factors(self, model: &'static str, horizon: Horizon) -> Result<(f64, f64)> {
        let days = horizon.trading_days();
        match self {
            Self::SquareRootOfTime => Ok((f64::from(days), f64::from(days).sqrt())),
            Self::OneDayOnly if days == 1 => Ok((1.0, 1.0)),
            Self::OneDayOnly => Err(Error::Horizon { model, model_days: 1, asked_days: days }),
        }
    }
}

/// Refuses every horizon but a day, for a model that speaks about one day and knows no rule.
pub(crate) fn one_day(model: &'static str, horizon: Horizon) -> Result<()> {
    HorizonRule::OneDayOnly.factors(model, horizon).map(|_| ())
}

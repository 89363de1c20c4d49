//! The tail of a loss distribution at several levels.

use alluse_risk_core::{Confidence, LossDistribution, Result as CoreResult};
use serde::{Deserialize, Serialize};

use crate::Result;

/// Value at risk and expected shortfall at several levels, in the order in which they were asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TailTable {
    /// The levels.
    pub confidence: Vec<Confidence>,
    /// Value at risk at each.
    pub value_at_risk: Vec<f64>,
    /// Expected shortfall at each.
    pub expected_shortfall: Vec<f64>,
}

/// The tail of `loss` at each of `levels`.
///
/// # Errors
/// What the distribution answers at any of the levels, such as an infinite mean.
///
/// ```
/// use alluse_risk_core::{Confidence, Horizon};
/// use alluse_var_models::{NormalLoss, tail_table};
///
/// let table = tail_table(&NormalLoss::new(0.0, 1.0, Horizon::DAY)?, &[Confidence::P95, Confidence::P99])?;
/// assert!((table.value_at_risk[1] - 2.3263).abs() < 1e-4);
/// assert!((table.expected_shortfall[0] - 2.0627).abs() < 1e-4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn tail_table(loss: &dyn LossDistribution, levels: &[Confidence]) -> Result<TailTable> {
    let value_at_risk = levels.iter().map(|c| Ok(loss.value_at_risk(*c)?.value)).collect::<CoreResult<_>>()?;
    let expected_shortfall =
        levels.iter().map(|c| Ok(loss.expected_shortfall(*c)?.value)).collect::<CoreResult<_>>()?;
    Ok(TailTable { confidence: levels.to_vec(), value_at_risk, expected_shortfall })
}

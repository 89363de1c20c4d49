use serde::{Deserialize, Serialize};

use crate::exact_sum::ExactSum;
use crate::{Result, check};

/// `start + flows + gain = end`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GainIdentity {
    /// Value at the start.
    pub start: f64,
    /// Money that came in less money that went out.
    pub flows: f64,
    /// What was earned: the sum over the periods in between.
    pub gain: f64,
    /// Value at the end.
    pub end: f64,
    /// `end − (start + flows + gain)`: rounding.
    pub residual: f64,
    /// Sum of the absolute amounts that entered, against which the residual is small.
    pub turnover: f64,
}

impl GainIdentity {
    /// From the flows and the gains of the parts.
    pub(super) fn new(
        (start, end): (f64, f64),
        flows: impl Iterator<Item = f64> + Clone,
        gains: impl Iterator<Item = f64>,
    ) -> Result<Self> {
        let turnover = ExactSum::of(flows.clone().map(f64::abs).chain([start.abs(), end.abs()]));
        let turnover = turnover.checked("turnover of the account")?;
        let flows = ExactSum::of(flows).checked("flows")?;
        let gain = ExactSum::of(gains).checked("gain")?;
        let residual = ExactSum::of([end, -start, -flows, -gain]).value();
        Ok(Self { start, flows, gain, end, residual, turnover })
    }

    /// The residual as a share of the amounts that entered; 0 when there were none.
    #[must_use]
    pub fn relative_residual(&self) -> f64 {
        if self.turnover > 0.0 { self.residual.abs() / self.turnover } else { 0.0 }
    }
}

/// `growth^(365/days) − 1`.
pub(super) fn annual(total_return: f64, days: f64) -> Result<f64> {
    check::result("annual return", libm::expm1(total_return.ln_1p() * 365.0 / days))
}

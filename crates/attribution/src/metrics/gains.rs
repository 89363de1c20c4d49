use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::sides::Sides;

/// Sums and counts of the gains, the losses and the periods of exactly zero.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct GainsAndLosses {
    /// Periods with a positive return.
    pub gains: usize,
    /// Periods with a negative return.
    pub losses: usize,
    /// Periods with a return of exactly zero.
    pub zeros: usize,
    /// Sum of the positive returns.
    pub gained: f64,
    /// Sum of the negative returns, with the sign turned: positive.
    pub lost: f64,
}

impl GainsAndLosses {
    /// Of these returns.
    #[must_use]
    pub fn of(returns: ArrayView1<'_, f64>) -> Self {
        match returns.as_slice() {
            Some(returns) => Sides::of(returns, 0.0).gains_and_losses(returns.len()),
            None => Sides::of(&returns.to_vec(), 0.0).gains_and_losses(returns.len()),
        }
    }
}

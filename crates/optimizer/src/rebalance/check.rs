//! The checks and the sum that the parts of this module share.

use alluse_risk_core::Error as InputError;
use alluse_risk_core::sum::CompensatedSum;

use crate::Result;
pub(super) use crate::check::{ensure, length, not_negative, number as finite, positive};

/// An element of a vector that must satisfy something.
pub(super) fn element(holds: bool, name: &'static str, index: usize, expected: &'static str, value: f64) -> Result<()> {
    if holds { Ok(()) } else { Err(InputError::ElementOutOfDomain { name, index, expected, value }.into()) }
}

/// A result that did not overflow.
pub(super) fn finished(name: &'static str, value: f64) -> Result<f64> {
    if value.is_finite() { Ok(value) } else { Err(InputError::Overflow { name }.into()) }
}

/// Cash must add up however long the list of orders.
pub(super) fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    CompensatedSum::of(values)
}

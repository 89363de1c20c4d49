//! The checks that the parts of this module share.

use alluse_risk_core::Error as Input;

use crate::Result;
pub(super) use crate::check::{elements, length};

/// Refuses a number outside `[lower, upper]`; NaN is outside.
pub(super) fn within(name: &'static str, value: f64, lower: f64, upper: f64, expected: &'static str) -> Result<()> {
    if value >= lower && value <= upper { Ok(()) } else { Err(Input::OutOfDomain { name, expected, value }.into()) }
}

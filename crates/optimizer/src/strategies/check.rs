//! The checks that the parts of this module share.

use alluse_risk_core::Error as Input;

use crate::Result;

/// Refuses a number outside `[lower, upper]`; NaN is outside.
pub(super) fn within(name: &'static str, value: f64, lower: f64, upper: f64, expected: &'static str) -> Result<()> {
    if value >= lower && value <= upper { Ok(()) } else { Err(Input::OutOfDomain { name, expected, value }.into()) }
}

/// Refuses an element for which `accepts` is false.
pub(super) fn each(
    name: &'static str,
    values: &[f64],
    expected: &'static str,
    accepts: impl Fn(f64) -> bool,
) -> Result<()> {
    match values.iter().position(|value| !accepts(*value)) {
        None => Ok(()),
        Some(index) => Err(Input::ElementOutOfDomain { name, index, expected, value: values[index] }.into()),
    }
}

/// Refuses a vector whose length differs from what the other inputs imply.
pub(super) fn length(name: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got { Ok(()) } else { Err(Input::LengthMismatch { name, expected, got }.into()) }
}

//! The checks and the sum that the parts of this module share.

use alluse_risk_core::Error as InputError;

use crate::Result;

/// A finite number above zero.
pub(super) fn positive(name: &'static str, value: f64) -> Result<f64> {
    ensure(value > 0.0 && value.is_finite(), name, "positive and finite", value)
}

/// A finite number from zero on.
pub(super) fn not_negative(name: &'static str, value: f64) -> Result<f64> {
    ensure(value >= 0.0 && value.is_finite(), name, "finite and not negative", value)
}

/// A finite number.
pub(super) fn finite(name: &'static str, value: f64) -> Result<f64> {
    ensure(value.is_finite(), name, "finite", value)
}

pub(super) fn ensure(holds: bool, name: &'static str, expected: &'static str, value: f64) -> Result<f64> {
    if holds { Ok(value) } else { Err(InputError::OutOfDomain { name, expected, value }.into()) }
}

/// The length that the other inputs imply.
pub(super) fn length(name: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got { Ok(()) } else { Err(InputError::LengthMismatch { name, expected, got }.into()) }
}

/// An element of a vector that must satisfy something.
pub(super) fn element(holds: bool, name: &'static str, index: usize, expected: &'static str, value: f64) -> Result<()> {
    if holds { Ok(()) } else { Err(InputError::ElementOutOfDomain { name, index, expected, value }.into()) }
}

/// A result that did not overflow.
pub(super) fn finished(name: &'static str, value: f64) -> Result<f64> {
    if value.is_finite() { Ok(value) } else { Err(InputError::Overflow { name }.into()) }
}

/// Neumaier's compensated sum: cash must add up however long the list of orders.
pub(super) fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut total, mut lost) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = total + value;
        lost += if total.abs() >= value.abs() { (total - next) + value } else { (value - next) + total };
        total = next;
    }
    total + lost
}

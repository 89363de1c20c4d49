//! The checks that every door into this module shares.

use alluse_risk_core::Error as Input;

use crate::Result;

/// Refuses what is not a positive finite number.
pub(super) fn positive(name: &'static str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() { Ok(()) } else { refuse(name, "positive and finite", value) }
}

/// Refuses what is negative or not finite.
pub(super) fn non_negative(name: &'static str, value: f64) -> Result<()> {
    if value >= 0.0 && value.is_finite() { Ok(()) } else { refuse(name, "at least 0 and finite", value) }
}

/// Refuses what is not finite.
pub(super) fn finite(name: &'static str, value: f64) -> Result<()> {
    if value.is_finite() { Ok(()) } else { refuse(name, "finite", value) }
}

/// Hands out a number that the caller is about to report, unless it overflowed on the way.
pub(super) fn computed(name: &'static str, value: f64) -> Result<f64> {
    if value.is_finite() { Ok(value) } else { undefined(name, "the result exceeds what a number can hold") }
}

pub(super) fn refuse<T>(name: &'static str, expected: &'static str, value: f64) -> Result<T> {
    Err(Input::OutOfDomain { name, expected, value }.into())
}

pub(super) fn undefined<T>(name: &'static str, reason: &'static str) -> Result<T> {
    Err(Input::Undefined { name, reason }.into())
}

pub(super) fn unsupported<T>(what: &'static str) -> Result<T> {
    Err(Input::Unsupported { what }.into())
}

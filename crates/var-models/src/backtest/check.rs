//! The checks that every test shares.

use alluse_risk_core::Error as CoreError;
use ndarray::ArrayView1;

use crate::{Error, Result};

/// Refuses an empty series and any NaN or infinite element.
pub(super) fn finite(name: &'static str, values: ArrayView1<'_, f64>) -> Result<()> {
    if values.is_empty() {
        return Err(CoreError::Empty { name }.into());
    }
    every(name, values, "finite", |v| v.is_finite())
}

/// Refuses the first element that is not `allowed`.
pub(super) fn every(
    name: &'static str,
    values: ArrayView1<'_, f64>,
    expected: &'static str,
    allowed: impl Fn(f64) -> bool,
) -> Result<()> {
    match values.iter().position(|v| !allowed(*v)) {
        None => Ok(()),
        Some(index) => Err(CoreError::ElementOutOfDomain { name, index, expected, value: values[index] }.into()),
    }
}

/// Refuses a series whose length differs from the others'.
pub(super) fn length(name: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got { Ok(()) } else { Err(CoreError::LengthMismatch { name, expected, got }.into()) }
}

/// Refuses a sample that is too short for the question.
pub(super) fn enough(name: &'static str, required: usize, available: usize) -> Result<()> {
    if available >= required { Ok(()) } else { Err(CoreError::InsufficientData { name, required, available }.into()) }
}

/// Refuses a probability on the edge or outside.
pub(super) fn probability(name: &'static str, value: f64) -> Result<()> {
    if value > 0.0 && value < 1.0 { Ok(()) } else { Err(Error::out_of_domain(name, "in (0, 1)", value)) }
}

/// Refuses a number that is not finite and positive.
pub(super) fn positive(name: &'static str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(Error::out_of_domain(name, "positive and finite", value))
    }
}

/// Refuses a count below `least`.
pub(super) fn at_least(name: &'static str, expected: &'static str, least: usize, value: usize) -> Result<()> {
    if value >= least { Ok(()) } else { Err(Error::out_of_domain(name, expected, value as f64)) }
}

/// Refuses a count outside a range; the upper end keeps a slip of the pen from asking for all memory.
pub(super) fn within(
    name: &'static str,
    expected: &'static str,
    range: std::ops::RangeInclusive<usize>,
    value: usize,
) -> Result<()> {
    if range.contains(&value) { Ok(()) } else { Err(Error::out_of_domain(name, expected, value as f64)) }
}

/// No answer on this input.
pub(super) fn undefined(name: &'static str, reason: &'static str) -> Error {
    CoreError::Undefined { name, reason }.into()
}

//! The checks that every door into this module shares.

use alluse_risk_core::Error as Input;

use crate::{Error, Result};

/// Refuses what is not a positive finite number.
pub(super) fn positive(name: &'static str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(Error::out_of_domain(name, "positive and finite", value))
    }
}

/// Refuses what is not finite.
pub(super) fn finite(name: &'static str, value: f64) -> Result<()> {
    if value.is_finite() { Ok(()) } else { Err(Error::out_of_domain(name, "finite", value)) }
}

/// Refuses a list of another length.
pub(super) fn length(name: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got { Ok(()) } else { Err(Input::LengthMismatch { name, expected, got }.into()) }
}

/// Refuses a list that is too short.
pub(super) fn enough(name: &'static str, required: usize, available: usize) -> Result<()> {
    if available >= required { Ok(()) } else { Err(Input::InsufficientData { name, required, available }.into()) }
}

/// Refuses a list with an element that is not finite.
pub(super) fn all_finite(name: &'static str, values: &[f64]) -> Result<()> {
    all(name, values, "finite", f64::is_finite)
}

/// Refuses a list with an element that is not a positive finite number.
pub(super) fn all_positive(name: &'static str, values: &[f64]) -> Result<()> {
    all(name, values, "positive and finite", |value| value > 0.0 && value.is_finite())
}

/// Refuses a list with an element outside its domain.
pub(super) fn all(
    name: &'static str,
    values: &[f64],
    expected: &'static str,
    valid: impl Fn(f64) -> bool,
) -> Result<()> {
    match values.iter().position(|value| !valid(*value)) {
        None => Ok(()),
        Some(index) => Err(Input::ElementOutOfDomain { name, index, expected, value: values[index] }.into()),
    }
}

/// Refuses a list that does not increase.
pub(super) fn increasing(name: &'static str, values: &[f64]) -> Result<()> {
    match values.windows(2).position(|pair| !(pair[0] < pair[1])) {
        None => Ok(()),
        Some(before) => {
            let index = before + 1;
            Err(Input::NotIncreasing { name, index, value: values[index].to_string() }.into())
        }
    }
}

/// How many different numbers a list holds.
pub(super) fn distinct(values: &[f64]) -> usize {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    sorted.len()
}

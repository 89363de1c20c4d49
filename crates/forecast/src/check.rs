//! The checks that every door into the crate shares.

use alluse_risk_core::Error as Input;
use ndarray::{ArrayView1, ArrayView2};

use crate::Result;

/// The length that the other inputs imply.
pub(crate) fn length(name: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got { Ok(()) } else { Err(Input::LengthMismatch { name, expected, got }.into()) }
}

/// At least so many observations.
pub(crate) fn enough(name: &'static str, required: usize, available: usize) -> Result<()> {
    if available >= required { Ok(()) } else { Err(Input::InsufficientData { name, required, available }.into()) }
}

/// A number for which the condition holds.
pub(crate) fn ensure(holds: bool, name: &'static str, expected: &'static str, value: f64) -> Result<f64> {
    if holds { Ok(value) } else { Err(Input::OutOfDomain { name, expected, value }.into()) }
}

/// A finite number.
pub(crate) fn number(name: &'static str, value: f64) -> Result<f64> {
    ensure(value.is_finite(), name, "finite", value)
}

/// A positive finite number.
pub(crate) fn positive(name: &'static str, value: f64) -> Result<f64> {
    ensure(value.is_finite() && value > 0.0, name, "positive and finite", value)
}

/// A count of at least one.
pub(crate) fn at_least_one(name: &'static str, count: usize) -> Result<()> {
    if count > 0 { Ok(()) } else { Err(Input::OutOfDomain { name, expected: "at least 1", value: 0.0 }.into()) }
}

/// A vector that is not empty and whose elements are finite.
pub(crate) fn finite(name: &'static str, values: ArrayView1<'_, f64>) -> Result<()> {
    if values.is_empty() {
        return Err(Input::Empty { name }.into());
    }
    elements(name, "finite", values, f64::is_finite)
}

/// Elements that all fit.
pub(crate) fn elements(
    name: &'static str,
    expected: &'static str,
    values: ArrayView1<'_, f64>,
    fits: impl Fn(f64) -> bool,
) -> Result<()> {
    match values.iter().position(|&value| !fits(value)) {
        None => Ok(()),
        Some(index) => Err(Input::ElementOutOfDomain { name, index, expected, value: values[index] }.into()),
    }
}

/// A matrix that is not empty and whose entries are finite.
pub(crate) fn finite_matrix(name: &'static str, matrix: ArrayView2<'_, f64>) -> Result<()> {
    if matrix.is_empty() {
        return Err(Input::Empty { name }.into());
    }
    match matrix.indexed_iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some(((row, column), &value)) => {
            let (row, column) = (row.to_string(), column.to_string());
            Err(Input::EntryOutOfDomain { name, row, column, expected: "finite", value }.into())
        }
    }
}

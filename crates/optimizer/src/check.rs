//! The checks that every door into the crate shares.

use alluse_risk_core::Error as Input;
use ndarray::{Array1, ArrayView1, ArrayView2};

use crate::{Error, Result};

/// The length that the other inputs imply.
pub(crate) fn length(name: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got { Ok(()) } else { Err(Input::LengthMismatch { name, expected, got }.into()) }
}

/// A number for which the condition holds.
pub(crate) fn ensure(holds: bool, name: &'static str, expected: &'static str, value: f64) -> Result<f64> {
    if holds { Ok(value) } else { Err(Input::OutOfDomain { name, expected, value }.into()) }
}

/// A finite number.
pub(crate) fn number(name: &'static str, value: f64) -> Result<f64> {
    ensure(value.is_finite(), name, "finite", value)
}

/// A finite number above zero.
pub(crate) fn positive(name: &'static str, value: f64) -> Result<f64> {
    ensure(value > 0.0 && value.is_finite(), name, "positive and finite", value)
}

/// A finite number from zero on.
pub(crate) fn not_negative(name: &'static str, value: f64) -> Result<f64> {
    ensure(value >= 0.0 && value.is_finite(), name, "finite and not negative", value)
}

/// Elements that all fit.
pub(crate) fn elements<'a>(
    name: &'static str,
    expected: &'static str,
    values: impl IntoIterator<Item = &'a f64>,
    fits: impl Fn(f64) -> bool,
) -> Result<()> {
    match values.into_iter().enumerate().find(|(_, value)| !fits(**value)) {
        None => Ok(()),
        Some((index, &value)) => Err(Input::ElementOutOfDomain { name, index, expected, value }.into()),
    }
}

/// A vector that is not empty and whose elements are finite.
pub(crate) fn finite(name: &'static str, values: ArrayView1<'_, f64>) -> Result<()> {
    if values.is_empty() {
        return Err(Input::Empty { name }.into());
    }
    elements(name, "finite", values, f64::is_finite)
}

/// A matrix whose entries are finite.
pub(crate) fn finite_matrix(name: &'static str, matrix: ArrayView2<'_, f64>) -> Result<()> {
    match matrix.indexed_iter().find(|(_, value)| !value.is_finite()) {
        None => Ok(()),
        Some(((row, column), &value)) => {
            let (row, column) = (row.to_string(), column.to_string());
            Err(Input::EntryOutOfDomain { name, row, column, expected: "finite", value }.into())
        }
    }
}

/// Lower sides that do not exceed their upper sides and leave something between them.
pub(crate) fn ordered(what: &str, lower: &Array1<f64>, upper: &Array1<f64>) -> Result<()> {
    for (index, (low, high)) in lower.iter().zip(upper).enumerate() {
        if !(low <= high) || *low == f64::INFINITY || *high == f64::NEG_INFINITY {
            return Err(Error::invalid(format!("{what} {index}"), format!("{low} to {high} leaves nothing")));
        }
    }
    Ok(())
}

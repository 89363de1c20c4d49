//! The checks that every door into the crate shares.

use alluse_risk_core::{Error as Input, Status};
use jiff::civil::Date;
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

/// A result that did not leave the floating-point numbers.
pub(crate) fn result(name: &'static str, value: f64) -> Result<f64> {
    if value.is_finite() { Ok(value) } else { Err(Input::Overflow { name }.into()) }
}

/// The value of a metric, or why it has none; a number is known only when it is one.
pub(crate) fn status(value: Result<f64>) -> Status<f64> {
    match value.and_then(|value| result("metric", value)) {
        Ok(value) => Status::Known(value),
        Err(error) => Status::Unknown { kind: error.kind(), reason: error.to_string() },
    }
}

/// Elements that all fit.
pub(crate) fn elements(
    name: &'static str,
    expected: &'static str,
    values: ArrayView1<'_, f64>,
    fits: impl Fn(f64) -> bool,
) -> Result<()> {
    // Almost always all fit, which several at once can tell; only otherwise is the first that does not looked for.
    let all_of = |values: &[f64]| values.iter().fold(true, |fit, &value| fit & fits(value));
    if values.as_slice().is_some_and(|values| values.chunks(256).all(all_of)) {
        return Ok(());
    }
    match values.iter().position(|&value| !fits(value)) {
        None => Ok(()),
        Some(index) => Err(Input::ElementOutOfDomain { name, index, expected, value: values[index] }.into()),
    }
}

/// A vector that is not empty and whose elements are finite.
pub(crate) fn finite(name: &'static str, values: ArrayView1<'_, f64>) -> Result<()> {
    if values.is_empty() {
        return Err(Input::Empty { name }.into());
    }
    elements(name, "finite", values, f64::is_finite)
}

/// Simple returns: at least one, finite, none below −100 %.
pub(crate) fn returns(name: &'static str, values: ArrayView1<'_, f64>) -> Result<()> {
    if values.is_empty() {
        return Err(Input::Empty { name }.into());
    }
    elements(name, "a finite simple return of at least -1", values, |value| value >= -1.0 && value.is_finite())
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

/// Dates that increase.
pub(crate) fn increasing(name: &'static str, dates: &[Date]) -> Result<()> {
    for (before, pair) in dates.windows(2).enumerate() {
        let (index, value) = (before + 1, pair[1].to_string());
        if pair[0] == pair[1] {
            return Err(Input::Duplicate { name, value, first: before, second: index }.into());
        }
        if pair[0] > pair[1] {
            return Err(Input::NotIncreasing { name, index, value }.into());
        }
    }
    Ok(())
}

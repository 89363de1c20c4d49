//! The checks that every door into the crate shares.

use ndarray::{ArrayView1, ArrayView2};

use crate::{Error, Result};

/// Refuses an empty vector and any NaN or infinite element.
pub(crate) fn finite(name: &'static str, values: ArrayView1<'_, f64>) -> Result<()> {
    if values.is_empty() {
        return Err(Error::Empty { name });
    }
    // The common case in one pass without a branch; the offender is looked for only when there is one.
    if values.fold(true, |finite, v| finite & v.is_finite()) {
        return Ok(());
    }
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(()),
        Some(index) => Err(Error::ElementOutOfDomain { name, index, expected: "finite", value: values[index] }),
    }
}

/// Refuses an empty matrix and any NaN or infinite entry.
pub(crate) fn finite_matrix(name: &'static str, values: ArrayView2<'_, f64>) -> Result<()> {
    if values.is_empty() {
        return Err(Error::Empty { name });
    }
    // The common case in one pass without a branch; the offender is looked for only when there is one.
    if values.fold(true, |finite, v| finite & v.is_finite()) {
        return Ok(());
    }
    match values.indexed_iter().find(|(_, v)| !v.is_finite()) {
        None => Ok(()),
        Some(((row, column), &value)) => Err(Error::EntryOutOfDomain {
            name,
            row: row.to_string(),
            column: column.to_string(),
            expected: "finite",
            value,
        }),
    }
}

/// Refuses a vector whose length differs from what the other inputs imply.
pub(crate) fn length(name: &'static str, expected: usize, got: usize) -> Result<()> {
    if expected == got { Ok(()) } else { Err(Error::LengthMismatch { name, expected, got }) }
}

/// Refuses a sample that is too short for the question.
pub(crate) fn enough(name: &'static str, required: usize, available: usize) -> Result<()> {
    if available >= required { Ok(()) } else { Err(Error::InsufficientData { name, required, available }) }
}

/// Refuses a number that is not finite.
pub(crate) fn finite_number(name: &'static str, value: f64) -> Result<()> {
    if value.is_finite() { Ok(()) } else { Err(Error::OutOfDomain { name, expected: "finite", value }) }
}

/// Refuses names that occur twice and names that are empty.
pub(crate) fn unique<'a>(name: &'static str, values: impl IntoIterator<Item = &'a str>) -> Result<()> {
    let mut seen = std::collections::BTreeMap::new();
    for (second, value) in values.into_iter().enumerate() {
        if let Some(first) = seen.insert(value, second) {
            return Err(Error::Duplicate { name, value: value.to_owned(), first, second });
        }
    }
    Ok(())
}

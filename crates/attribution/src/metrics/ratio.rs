use crate::{Error, Result, check};

/// `numerator / denominator` of a metric whose denominator must be positive; `missing` says what a zero means.
pub(super) fn ratio(what: &'static str, numerator: f64, denominator: f64, missing: &'static str) -> Result<f64> {
    if denominator > 0.0 { check::result(what, numerator / denominator) } else { Err(Error::undefined(what, missing)) }
}

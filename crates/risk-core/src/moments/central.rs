use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::sum::{self, compensated};
use crate::{Error, Result, check};

/// A root taken of a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Root {
    /// The moment itself.
    #[default]
    None,
    /// Its square root.
    Square,
    /// The root of its own order, which has the unit of the series.
    Order,
}

impl Root {
    pub(super) fn of(self, moment: f64, order: u32) -> f64 {
        match self {
            Self::None => moment,
            Self::Square => moment.sqrt(),
            Self::Order => moment.powf(1.0 / f64::from(order)),
        }
    }
}

/// Arithmetic mean.
///
/// # Errors
/// [`Error::Empty`], [`Error::ElementOutOfDomain`] for a value that is not finite, [`Error::Overflow`].
pub fn mean(values: ArrayView1<'_, f64>) -> Result<f64> {
    check::finite("values", values)?;
    finite("mean", sum::mean(values.iter()))
}

/// Variance with divisor `n − ddof`.
///
/// # Errors
/// As [`mean`]; [`Error::Undefined`] unless there are more values than `ddof`.
pub fn variance(values: ArrayView1<'_, f64>, ddof: usize) -> Result<f64> {
    let deviations = Deviations::new(values)?;
    let n = values.len();
    if n <= ddof {
        return Err(Error::Undefined { name: "variance", reason: "it needs more observations than ddof" });
    }
    finite("variance", deviations.sum_of_powers(2) / (n - ddof) as f64)
}

/// Standard deviation with divisor `n − ddof`.
///
/// # Errors
/// As [`variance`].
pub fn standard_deviation(values: ArrayView1<'_, f64>, ddof: usize) -> Result<f64> {
    Ok(variance(values, ddof)?.sqrt())
}

/// Central moment `(1/n) Σ (x − m)^order`, and a root of it.
///
/// # Errors
/// As [`mean`]; [`Error::OutOfDomain`] for an order below 2 or above 64; [`Error::Undefined`] for a root
/// of a negative moment.
pub fn central_moment(values: ArrayView1<'_, f64>, order: u32, root: Root) -> Result<f64> {
    if !(2..=64).contains(&order) {
        return Err(Error::OutOfDomain { name: "order", expected: "from 2 to 64", value: f64::from(order) });
    }
    let moment = Deviations::new(values)?.sum_of_powers(order) / values.len() as f64;
    if root != Root::None && moment < 0.0 {
        return Err(Error::Undefined { name: "root of a central moment", reason: "the moment is negative" });
    }
    finite("central moment", root.of(moment, order))
}

pub(super) fn finite(name: &'static str, value: f64) -> Result<f64> {
    if value.is_finite() { Ok(value) } else { Err(Error::Overflow { name }) }
}

/// Deviations from the mean, exactly zero for a constant series.
pub(super) struct Deviations {
    pub(super) deviations: Vec<f64>,
    largest: f64,
}

impl Deviations {
    pub(super) fn new(values: ArrayView1<'_, f64>) -> Result<Self> {
        let mean = mean(values)?;
        let constant = values.iter().all(|v| v.total_cmp(&values[0]).is_eq());
        let mut deviations: Vec<f64> = values.iter().map(|&v| if constant { 0.0 } else { v - mean }).collect();
        // The mean is rounded; what it missed shows in the mean of the deviations.
        let missed = sum::mean(deviations.iter());
        deviations.iter_mut().for_each(|d| *d -= missed);
        let largest = values.iter().fold(0.0_f64, |top, v| top.max(v.abs()));
        Ok(Self { deviations, largest })
    }

    pub(super) fn sum_of_powers(&self, order: u32) -> f64 {
        let order = order as i32;
        compensated(self.deviations.iter().map(|d| d.powi(order)))
    }

    /// Population variance, refused when nothing but rounding is left of it.
    pub(super) fn positive_variance(&self, name: &'static str) -> Result<f64> {
        let variance = finite(name, self.sum_of_powers(2) / self.deviations.len() as f64)?;
        if variance.sqrt() > 4.0 * f64::EPSILON * self.largest {
            Ok(variance)
        } else {
            Err(Error::Undefined { name, reason: "the series does not vary" })
        }
    }
}

use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::central::{Deviations, finite};
use crate::sum::compensated;
use crate::{Error, Result, check};

/// What a comoment is divided by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Normalisation {
    /// Nothing.
    #[default]
    None,
    /// The moment of the benchmark of the same total order, which makes it a systematic comoment: beta
    /// for power 1, beta coskewness for 2, beta cokurtosis for 3.
    BenchmarkMoment,
}

/// Comoment `(1/n) Σ (r − r̄)(b − b̄)^power`: covariance, coskewness and cokurtosis for power 1, 2 and 3.
///
/// # Errors
/// [`Error::Empty`] and [`Error::ElementOutOfDomain`] for bad values, [`Error::LengthMismatch`] unless both
/// have the same length, [`Error::OutOfDomain`] for a power outside 1 to 63, and [`Error::Undefined`] when
/// the moment of the benchmark to divide by is zero.
pub fn comoment(
    returns: ArrayView1<'_, f64>,
    benchmark: ArrayView1<'_, f64>,
    power: u32,
    normalisation: Normalisation,
) -> Result<f64> {
    check::finite("returns", returns)?;
    check::finite("benchmark", benchmark)?;
    check::length("benchmark", returns.len(), benchmark.len())?;
    if !(1..=63).contains(&power) {
        return Err(Error::OutOfDomain { name: "power", expected: "from 1 to 63", value: f64::from(power) });
    }
    let r = Deviations::new(returns)?;
    let b = Deviations::new(benchmark)?;
    let n = returns.len() as f64;
    let products = r.deviations.iter().zip(&b.deviations).map(|(r, b)| r * b.powi(power as i32));
    let moment = compensated(products) / n;
    match normalisation {
        Normalisation::None => finite("comoment", moment),
        Normalisation::BenchmarkMoment => {
            b.positive_variance("systematic comoment")?;
            let own = b.sum_of_powers(power + 1) / n;
            if own == 0.0 {
                let reason = "the moment of the benchmark is zero";
                return Err(Error::Undefined { name: "systematic comoment", reason });
            }
            finite("comoment", moment / own)
        }
    }
}

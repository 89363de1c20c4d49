use ndarray::{Array1, ArrayView1, Zip};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, check};

/// What an error of a point forecast costs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PointLoss {
    /// `|e|`; the median is the best forecast.
    Absolute,
    /// `e²`; the mean is the best forecast.
    #[default]
    Squared,
    /// `e⁴`, which dwells on large errors.
    FourthPower,
}

impl PointLoss {
    fn of(self, error: f64) -> f64 {
        match self {
            Self::Absolute => error.abs(),
            Self::Squared => error * error,
            Self::FourthPower => (error * error) * (error * error),
        }
    }
}

/// The loss of each point forecast, `L(actualₜ − forecastₜ)`; all shapes `(T,)`.
///
/// # Errors
/// [`Error::Empty`], [`Error::LengthMismatch`], [`Error::ElementOutOfDomain`] for a value that is not
/// finite, [`Error::Overflow`].
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::{PointLoss, point_losses};
/// use ndarray::array;
///
/// let losses = point_losses(array![1.0, 2.0].view(), array![3.0, 1.0].view(), PointLoss::FourthPower)?;
/// assert_eq!(losses, array![16.0, 1.0]);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn point_losses(
    actual: ArrayView1<'_, f64>,
    forecast: ArrayView1<'_, f64>,
    loss: PointLoss,
) -> Result<Array1<f64>> {
    losses(actual, "forecast", forecast, loss)
}

pub(super) fn losses(
    actual: ArrayView1<'_, f64>,
    name: &'static str,
    forecast: ArrayView1<'_, f64>,
    loss: PointLoss,
) -> Result<Array1<f64>> {
    check::finite("actual", actual)?;
    check::length(name, actual.len(), forecast.len())?;
    check::finite(name, forecast)?;
    let losses = Zip::from(actual).and(forecast).map_collect(|y, f| loss.of(y - f));
    if losses.iter().all(|loss| loss.is_finite()) { Ok(losses) } else { Err(Error::Overflow { name: "loss" }) }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn losses_are_those_of_the_error() {
        let of = |loss| point_losses(array![0.5, -1.0].view(), array![2.0, 2.0].view(), loss).unwrap();
        assert_eq!(of(PointLoss::Absolute), array![1.5, 3.0]);
        assert_eq!(of(PointLoss::Squared), array![2.25, 9.0]);
        assert_eq!(of(PointLoss::FourthPower), array![5.0625, 81.0]);
        assert_eq!(of(PointLoss::default()), of(PointLoss::Squared));
    }

    #[test]
    fn hostile_inputs_are_named() {
        let call = |y: Array1<f64>, f: Array1<f64>| point_losses(y.view(), f.view(), PointLoss::Squared).unwrap_err();
        assert_eq!(call(array![], array![]), Error::Empty { name: "actual" });
        assert_eq!(call(array![1.0], array![]), Error::LengthMismatch { name: "forecast", expected: 1, got: 0 });
        assert!(matches!(call(array![f64::NAN], array![1.0]), Error::ElementOutOfDomain { name: "actual", .. }));
        assert!(matches!(call(array![1.0], array![f64::NAN]), Error::ElementOutOfDomain { name: "forecast", .. }));
        assert_eq!(call(array![1e200], array![0.0]), Error::Overflow { name: "loss" });
    }
}

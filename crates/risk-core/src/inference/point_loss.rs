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
    /// `y/f − ln(y/f) − 1` of a positive outcome y and forecast f, such as variances: the mean is the best forecast,
    /// also of an outcome that only a noisy but unbiased proxy shows, and a unit changes nothing (Patton 2011).
    Qlike,
}

impl PointLoss {
    fn of(self, actual: f64, forecast: f64) -> f64 {
        let error = actual - forecast;
        match self {
            Self::Absolute => error.abs(),
            Self::Squared => error * error,
            Self::FourthPower => (error * error) * (error * error),
            Self::Qlike if error.abs() < 0.1 * forecast => less_its_logarithm(error / forecast),
            Self::Qlike => actual / forecast - (libm::log(actual) - libm::log(forecast)) - 1.0,
        }
    }
}

/// The loss of each point forecast, `L(actualₜ − forecastₜ)` or QLIKE; all shapes `(T,)`.
///
/// # Errors
/// [`Error::Empty`], [`Error::LengthMismatch`], [`Error::ElementOutOfDomain`] for a value that is not
/// finite, or not positive under [`PointLoss::Qlike`]; [`Error::Overflow`].
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
    if loss == PointLoss::Qlike {
        positive("actual", actual)?;
        positive(name, forecast)?;
    }
    let losses = Zip::from(actual).and(forecast).map_collect(|&y, &f| loss.of(y, f));
    if losses.iter().all(|loss| loss.is_finite()) { Ok(losses) } else { Err(Error::Overflow { name: "loss" }) }
}

/// `x − ln(1 + x)` for small x, where the two cancel: with `r = x/(2 + x)` the logarithm is `2 artanh r` and its first
/// term leaves `x − 2r = x r` exactly.
fn less_its_logarithm(x: f64) -> f64 {
    let r = x / (2.0 + x);
    let square = r * r;
    // |r| < 0.053: the first term left out, r¹²/13, is below rounding.
    let rest =
        [1.0 / 11.0, 1.0 / 9.0, 1.0 / 7.0, 1.0 / 5.0, 1.0 / 3.0].iter().fold(0.0, |sum, term| term + square * sum);
    r * (x - 2.0 * square * rest)
}

fn positive(name: &'static str, values: ArrayView1<'_, f64>) -> Result<()> {
    match values.iter().position(|value| *value <= 0.0) {
        None => Ok(()),
        Some(index) => Err(Error::ElementOutOfDomain { name, index, expected: "positive", value: values[index] }),
    }
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
    fn qlike_agrees_with_high_precision_arithmetic() {
        // mpmath 1.4, 40 digits: y/f − ln(y/f) − 1.
        for (y, f, want) in QLIKE {
            let got = point_losses(array![y].view(), array![f].view(), PointLoss::Qlike).unwrap()[0];
            assert!((got / want - 1.0).abs() < 1e-14, "{y} {f}: {got:e} against {want:e}");
        }
        let bad = |y: f64, f: f64| point_losses(array![1.0, y].view(), array![1.0, f].view(), PointLoss::Qlike);
        let error = |name, value| Err(Error::ElementOutOfDomain { name, index: 1, expected: "positive", value });
        assert_eq!(bad(0.0, 1.0), error("actual", 0.0));
        assert_eq!(bad(1.0, -1.0), error("forecast", -1.0));
    }

    const QLIKE: [(f64, f64, f64); 5] = [
        (1.0, 2.0, 0.193_147_180_559_945_31),
        (0.0003, 0.0001, 0.901_387_711_331_89),
        (1.25, 1.0, 0.026_856_448_685_790_246),
        (1.000_000_953_674_316_4, 1.0, 4.547470617660916e-13),
        (1e-08, 1000.0, 24.328_436_022_944_5),
    ];

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

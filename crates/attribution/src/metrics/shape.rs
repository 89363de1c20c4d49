//! How the path looks: how straight, how persistent, how often invested.

use serde::{Deserialize, Serialize};

use super::lanes::trend;
use super::ratio::ratio;
use super::{Compounding, Performance};
use crate::{Error, Result, check};

/// How [`Performance::return_over_exposure`] measures exposure.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExposureShare {
    /// The share of periods with a return that is not zero.
    #[default]
    Exact,
    /// That share rounded up to a whole percent, as quantstats does.
    WholePercent,
}

impl Performance<'_> {
    /// Stability: the squared correlation of the cumulated `ln(1 + r)` with time, 1 for a steady rate.
    ///
    /// # Errors
    /// [`Error::Input`] for fewer than 3 returns; [`Error::Undefined`] when the value never moves or a period loses
    /// everything.
    pub fn stability(&self) -> Result<f64> {
        const NAME: &str = "stability";
        check::enough(NAME, 3, self.len())?;
        let path = self.log_path(NAME)?;
        let n = path.len() as f64;
        let [cross, squares, mean] = trend(&path);
        let times = n * (n * n - 1.0) / 12.0;
        let rounding = 4.0 * f64::EPSILON * (1.0 + mean.abs());
        if (squares / n).sqrt() > rounding {
            Ok((cross * cross / (times * squares)).min(1.0))
        } else {
            Err(Error::undefined(NAME, "the value never moves"))
        }
    }

    /// Hurst exponent by the rescaled range of the whole series: `ln(R/s)/ln n`, `R` the range of the cumulated
    /// deviations from the mean and `s` the sample standard deviation.
    ///
    /// ½ for independent returns, up to a bias that vanishes slowly; more when moves persist.
    ///
    /// # Errors
    /// [`Error::Input`] for one return, [`Error::Undefined`] for returns that do not vary.
    ///
    /// # Source
    /// Hurst (1951); Mandelbrot and Wallis (1969).
    pub fn hurst_exponent(&self) -> Result<f64> {
        const NAME: &str = "Hurst exponent";
        check::enough(NAME, 2, self.len())?;
        let moments = self.moments();
        let deviation = moments.positive_deviation(1, NAME)?;
        let (mut sum, mut low, mut high) = (0.0_f64, f64::INFINITY, f64::NEG_INFINITY);
        for r in self.slice() {
            sum += r - moments.mean;
            low = if sum < low { sum } else { low };
            high = if sum > high { sum } else { high };
        }
        check::result(NAME, ((high - low) / deviation).ln() / (self.len() as f64).ln())
    }

    /// Compounded annual return over the share of invested periods.
    ///
    /// # Errors
    /// [`Error::Undefined`] when every return is zero.
    pub fn return_over_exposure(&self, share: ExposureShare) -> Result<f64> {
        let exposure = match share {
            ExposureShare::Exact => self.exposure(),
            ExposureShare::WholePercent => {
                let percent = 100.0 * self.exposure();
                let whole = percent.round();
                // A share that is a whole percent but for rounding stays.
                if (percent - whole).abs() < 1e-9 { 0.01 * whole } else { 0.01 * percent.ceil() }
            }
        };
        ratio("return over exposure", self.annual_return(Compounding::Geometric)?, exposure, "every return is zero")
    }
}

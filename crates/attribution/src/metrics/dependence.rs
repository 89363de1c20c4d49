//! Whether one period says something about the next, and whether a smooth record is what it seems.

use alluse_risk_core::normal;
use serde::{Deserialize, Serialize};
use statrs::function::gamma::gamma_ur;

use super::lanes::{dot, dot_about};
use super::{Performance, Zeros};
use crate::{Result, check};

/// Ljung and Box's test that a series has no autocorrelation up to a lag.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LjungBox {
    /// `n(n+2) Σ ρ_k²/(n−k)`.
    pub statistic: f64,
    /// Probability of a larger statistic under the chi-square law with as many degrees of freedom as lags.
    pub p_value: f64,
    /// Lags tested.
    pub lags: usize,
}

/// What a smooth record may hide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SmoothingSignal {
    /// Neither is significant.
    None,
    /// Positive serial correlation: volatility and Sharpe ratio look better than they are.
    SerialCorrelation,
    /// Frequent wins and a long left tail, as of sold options: win rate and Sharpe ratio leave out losses that the
    /// sample may not have seen.
    ShortOptionality,
    /// Both.
    Both,
}

/// Whether premium income or stale marks make a record look smooth, with the numbers behind the answer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ThetaSmoothing {
    /// The answer.
    pub signal: SmoothingSignal,
    /// Autocorrelation of one period with the next.
    pub autocorrelation: f64,
    /// One-sided p-value of no positive autocorrelation, from `ρ √n`.
    pub autocorrelation_p_value: f64,
    /// Population skewness.
    pub skewness: f64,
    /// One-sided p-value of no negative skewness, from `S √(n/6)`.
    pub skewness_p_value: f64,
    /// Share of wins among the periods that gained or lost.
    pub win_rate: f64,
    /// One-sided p-value of a win rate of ½.
    pub win_rate_p_value: f64,
}

impl Performance<'_> {
    /// Autocorrelation at a lag: `Σ (r_t − m)(r_{t−k} − m)/Σ(r − m)²`.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless there are more returns than the lag, which is at least 1; [`Error::Undefined`](crate::Error::Undefined) for
    /// returns that do not vary.
    pub fn autocorrelation(&self, lag: usize) -> Result<f64> {
        const NAME: &str = "autocorrelation";
        check::ensure(lag >= 1, "lag", "at least 1", lag as f64)?;
        check::enough(NAME, lag + 1, self.len())?;
        let moments = self.moments();
        moments.positive_deviation(0, NAME)?;
        let products = dot_about(&self.slice()[lag..], moments.mean, self.slice(), moments.mean);
        Ok(products / moments.sums[0])
    }

    /// Ljung and Box's test of no autocorrelation at the lags from 1 on.
    ///
    /// # Errors
    /// As [`autocorrelation`](Self::autocorrelation) at the last lag.
    ///
    /// # Source
    /// Ljung and Box (1978).
    pub fn ljung_box(&self, lags: usize) -> Result<LjungBox> {
        const NAME: &str = "Ljung-Box statistic";
        check::ensure(lags >= 1, "lags", "at least 1", lags as f64)?;
        check::enough(NAME, lags + 1, self.len())?;
        let moments = self.moments();
        moments.positive_deviation(0, NAME)?;
        let deviations: Vec<f64> = self.slice().iter().map(|r| r - moments.mean).collect();
        let n = deviations.len() as f64;
        let sum: f64 = (1..=lags)
            .map(|lag| {
                let rho = dot(&deviations[lag..], &deviations) / moments.sums[0];
                rho * rho / (n - lag as f64)
            })
            .sum();
        let statistic = check::result(NAME, n * (n + 2.0) * sum)?;
        let p_value = if statistic > 0.0 { gamma_ur(0.5 * lags as f64, 0.5 * statistic) } else { 1.0 };
        Ok(LjungBox { statistic, p_value, lags })
    }

    /// Whether the record is smooth because marks follow each other or because rare losses are sold.
    ///
    /// Serial correlation is flagged when its one-sided p-value is below `size`; short optionality when both the
    /// win rate above ½ and the negative skewness are. The tests are large-sample and take periods as independent
    /// otherwise.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for fewer than 20 returns or a `size` outside (0, ½); [`Error::Undefined`](crate::Error::Undefined) for returns that
    /// do not vary.
    ///
    /// # Source
    /// Getmansky, Lo and Makarov (2004) for smoothing; Goetzmann, Ingersoll, Spiegel and Welch (2007) for sold tails.
    pub fn theta_smoothing(&self, size: f64) -> Result<ThetaSmoothing> {
        check::ensure(size > 0.0 && size < 0.5, "size of the tests", "in (0, 0.5)", size)?;
        check::enough("smoothing signal", 20, self.len())?;
        let n = self.len() as f64;
        let autocorrelation = self.autocorrelation(1)?;
        let skewness = self.moments().skewness("smoothing signal")?;
        let win_rate = self.win_rate(Zeros::Excluded)?;
        let counts = self.gains_and_losses();
        let active = (counts.gains + counts.losses) as f64;
        let autocorrelation_p_value = normal::cdf(-autocorrelation * n.sqrt());
        let skewness_p_value = normal::cdf(skewness * (n / 6.0).sqrt());
        let win_rate_p_value = normal::cdf(-(win_rate - 0.5) * 2.0 * active.sqrt());
        let serial = autocorrelation_p_value < size;
        let sold = skewness_p_value < size && win_rate_p_value < size;
        let signal = match (serial, sold) {
            (false, false) => SmoothingSignal::None,
            (true, false) => SmoothingSignal::SerialCorrelation,
            (false, true) => SmoothingSignal::ShortOptionality,
            (true, true) => SmoothingSignal::Both,
        };
        Ok(ThetaSmoothing {
            signal,
            autocorrelation,
            autocorrelation_p_value,
            skewness,
            skewness_p_value,
            win_rate,
            win_rate_p_value,
        })
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::Frequency;
    use ndarray::{Array1, array};

    use super::super::smoothing::tests::smoothed;
    use super::*;
    use crate::Annualisation;

    const MONTHLY: Annualisation = Annualisation::Periods(Frequency::Monthly);

    /// statsmodels 0.14, `acf` and `acorr_ljungbox`, on the portfolio of Bacon (2008).
    #[test]
    fn serial_correlation_by_another_road() {
        let returns = array![
            0.003, 0.026, 0.011, -0.01, 0.015, 0.025, 0.016, 0.067, -0.014, 0.04, -0.005, 0.081, 0.04, -0.037, -0.061,
            0.017, -0.049, -0.022, 0.07, 0.058, -0.065, 0.024, -0.005, -0.009
        ];
        let performance = Performance::new(returns.view(), MONTHLY).unwrap();
        assert!((performance.autocorrelation(3).unwrap() - 0.027_686_662_589_648_04).abs() < 1e-14);
        let test = performance.ljung_box(5).unwrap();
        assert!((test.statistic - 4.489_445_117_022_733).abs() < 1e-12);
        assert!((test.p_value - 0.481_296_886_230_825).abs() < 1e-12);
        assert!(performance.autocorrelation(0).is_err() && performance.autocorrelation(24).is_err());
        assert!(performance.ljung_box(24).is_err());
    }

    #[test]
    fn smooth_records_are_told_apart() {
        let signal = |returns: &Array1<f64>| {
            Performance::new(returns.view(), MONTHLY).unwrap().theta_smoothing(0.05).unwrap().signal
        };
        assert_eq!(signal(&smoothed(240)), SmoothingSignal::SerialCorrelation);
        // Premium month after month, and one month in twenty that takes fifteen of them.
        let sold: Array1<f64> = (0..120).map(|t| if t % 20 == 13 { -0.15 } else { 0.01 }).collect();
        assert_eq!(signal(&sold), SmoothingSignal::ShortOptionality);
        let alternating: Array1<f64> = (0..120).map(|t| if t % 2 == 0 { 0.02 } else { -0.015 }).collect();
        assert_eq!(signal(&alternating), SmoothingSignal::None);
        let sold = Performance::new(sold.view(), MONTHLY).unwrap();
        assert!(sold.theta_smoothing(0.0).is_err() && sold.theta_smoothing(0.7).is_err());
    }
}

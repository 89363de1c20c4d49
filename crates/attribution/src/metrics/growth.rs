//! What the returns add up to.

use serde::{Deserialize, Serialize};

use super::Performance;
use crate::{Result, RiskFree, check};

/// How returns of several periods go together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Compounding {
    /// Each period earns on what the periods before it left: products of `1 + r`.
    #[default]
    Geometric,
    /// Each period earns on the same capital: sums of `r`.
    Arithmetic,
}

impl Performance<'_> {
    /// Total return: `Π(1 + r) − 1`, or `Σ r`.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) when it overflows.
    pub fn total_return(&self, compounding: Compounding) -> Result<f64> {
        check::result(
            "total return",
            match compounding {
                Compounding::Geometric => self.growth() - 1.0,
                Compounding::Arithmetic => self.sum(),
            },
        )
    }

    /// Mean return per period: `Π(1 + r)^{1/n} − 1`, or `Σ r / n`.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) when it overflows.
    pub fn mean_return(&self, compounding: Compounding) -> Result<f64> {
        check::result(
            "mean return",
            match compounding {
                Compounding::Geometric => (self.log_growth() / self.len() as f64).exp_m1(),
                Compounding::Arithmetic => self.moments().mean,
            },
        )
    }

    /// Return per year: `Π(1 + r)^{1/years} − 1`, or the mean return times the periods a year.
    ///
    /// A series that lost everything returns −1 geometrically.
    ///
    /// ```
    /// use alluse_attribution::{Annualisation, Performance, metrics::Compounding};
    /// use alluse_risk_core::Frequency;
    /// use ndarray::array;
    ///
    /// let returns = array![0.1, 0.1, -0.1, 0.2];
    /// let quarters = Performance::new(returns.view(), Annualisation::Periods(Frequency::Quarterly))?;
    /// assert!((quarters.annual_return(Compounding::Geometric)? - 0.3068).abs() < 1e-12);
    /// assert!((quarters.annual_return(Compounding::Arithmetic)? - 0.3).abs() < 1e-15);
    /// # Ok::<(), alluse_attribution::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) when it overflows, [`Error::Invalid`](crate::Error::Invalid) for an annualisation whose dates do not increase.
    pub fn annual_return(&self, compounding: Compounding) -> Result<f64> {
        check::result(
            "annual return",
            match compounding {
                Compounding::Geometric => (self.log_growth() / self.years()?).exp_m1(),
                Compounding::Arithmetic => self.moments().mean * self.periods_per_year()?,
            },
        )
    }

    /// What cash returned per year over the same periods, compounded: `Π(1 + f)^{1/years} − 1`.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for cash returns that do not fit, [`Error::Invalid`](crate::Error::Invalid) as in
    /// [`annual_return`](Self::annual_return).
    pub fn annual_risk_free(&self, risk_free: &RiskFree) -> Result<f64> {
        risk_free.check(self.len())?;
        let log_growth = match risk_free {
            RiskFree::Zero => return Ok(0.0),
            RiskFree::PerPeriod(rate) => rate.ln_1p() * self.len() as f64,
            RiskFree::Series(rates) => rates.iter().map(|rate| rate.ln_1p()).sum(),
        };
        check::result("annual risk-free return", (log_growth / self.years()?).exp_m1())
    }

    /// `Σ r`.
    pub(super) fn sum(&self) -> f64 {
        self.moments().mean * self.len() as f64
    }

    /// `ln Π(1 + r)`, −∞ after a total loss.
    fn log_growth(&self) -> f64 {
        let growth = self.growth();
        // A product that left the normal numbers says nothing; the logarithms still do.
        if growth.is_normal() { growth.ln() } else { self.slice().iter().map(|r| r.ln_1p()).sum() }
    }

    /// Cumulated logarithms `ln Π_{s≤t}(1 + r_s)`, one a period.
    pub(super) fn log_path(&self, what: &'static str) -> Result<Vec<f64>> {
        self.not_ruined(what)?;
        let mut logs = log_returns(self.slice(), self.moments().extremes);
        let mut sum = 0.0;
        for log in &mut logs {
            sum += *log;
            *log = sum;
        }
        Ok(logs)
    }
}

/// Returns up to this size have their logarithms from the series.
const SERIES: f64 = 0.1;

/// `ln(1 + r)` of every return.
///
/// For returns within ±10 %, `ln(1 + r) = 2 artanh(s)`, `s = r/(2 + r)`, by a series whose first term left
/// out is below the rounding of the result; it runs over several returns at once.
fn log_returns(returns: &[f64], (low, high): (f64, f64)) -> Vec<f64> {
    let log = |r: f64| {
        let s = r / (2.0 + r);
        let q = s * s;
        let tail = q * (1.0 / 3.0 + q * (1.0 / 5.0 + q * (1.0 / 7.0 + q * (1.0 / 9.0 + q * (1.0 / 11.0 + q / 13.0)))));
        2.0 * (s + s * tail)
    };
    let mut logs: Vec<f64> = returns.iter().map(|&r| log(r)).collect();
    if low < -SERIES || high > SERIES {
        for (log, r) in logs.iter_mut().zip(returns).filter(|(_, r)| r.abs() > SERIES) {
            *log = r.ln_1p();
        }
    }
    logs
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::Frequency;
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;
    use crate::{Annualisation, Error};

    const MONTHLY: Annualisation = Annualisation::Periods(Frequency::Monthly);

    #[test]
    fn a_total_loss_returns_minus_one_and_has_no_logarithm() {
        let returns = array![0.1, -1.0, 0.4];
        let lost = Performance::new(returns.view(), MONTHLY).unwrap();
        for found in [
            lost.total_return(Compounding::Geometric),
            lost.mean_return(Compounding::Geometric),
            lost.annual_return(Compounding::Geometric),
        ] {
            assert_eq!(found.unwrap(), -1.0);
        }
        assert!(lost.log_path("stability").unwrap_err().to_string().contains("return 1 loses everything"));
    }

    #[test]
    fn products_that_leave_the_floating_point_numbers_still_have_a_rate() {
        for rate in [-0.9, 9.0] {
            let returns = Array1::from_elem(700, rate);
            let far = Performance::new(returns.view(), MONTHLY).unwrap();
            assert!((far.mean_return(Compounding::Geometric).unwrap() - rate).abs() < 1e-12);
        }
        let returns = Array1::from_elem(700, 9.0);
        let far = Performance::new(returns.view(), MONTHLY).unwrap();
        assert!(matches!(far.total_return(Compounding::Geometric), Err(Error::Input(_))));
    }

    #[test]
    fn elapsed_time_sets_the_years() {
        use jiff::civil::date;
        let elapsed = Annualisation::elapsed(date(2020, 1, 1), date(2024, 1, 1)).unwrap();
        let returns = array![0.5, 0.2];
        let four_years = Performance::new(returns.view(), elapsed).unwrap();
        // 1.8^(365.2425/1461) − 1 with Python.
        assert!((four_years.annual_return(Compounding::Geometric).unwrap() - 0.158_288_690_279_678_73).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn the_series_is_the_logarithm(
            returns in prop::collection::vec(prop_oneof![4 => -0.1_f64..0.1, 1 => -0.99_f64..3.0], 1..40),
        ) {
            let end = |start: f64, of: fn(f64, f64) -> f64| returns.iter().copied().fold(start, of);
            let logs = log_returns(&returns, (end(f64::INFINITY, f64::min), end(f64::NEG_INFINITY, f64::max)));
            for (r, log) in returns.iter().zip(logs) {
                prop_assert!((log - r.ln_1p()).abs() <= 4.0 * f64::EPSILON * log.abs());
            }
        }

        #[test]
        fn order_does_not_matter(mut returns in prop::collection::vec(-0.5_f64..0.5, 2..40)) {
            let annual = |returns: &[f64]| {
                let returns = Array1::from(returns.to_vec());
                Performance::new(returns, MONTHLY).unwrap().annual_return(Compounding::Geometric).unwrap()
            };
            let before = annual(&returns);
            returns.reverse();
            prop_assert!((annual(&returns) - before).abs() <= 1e-12 * before.abs().max(1.0));
        }
    }
}

//! Cash dividends known in advance.

use alluse_risk_core::Error as Input;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::check;
use crate::{Result, year_fraction};

/// What the share price does when a cash dividend is paid, and what of it is lognormal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DividendModel {
    /// The share price less the present value of the dividends until expiry is lognormal. European options have a
    /// closed form; options of different expiries on one share contradict each other slightly.
    #[default]
    Escrowed,
    /// The share price itself is lognormal between dividends and drops by the amount, but never below 0.
    Spot,
}

/// One cash dividend.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CashDividend {
    /// Years (ACT/365F) until the share trades without it, above 0.
    pub ex_time: f64,
    /// Cash per share, at least 0.
    pub amount: f64,
}

/// Cash dividends in the order in which the share goes ex.
///
/// ```
/// use alluse_instruments::pricing::DividendSchedule;
/// use jiff::civil::date;
///
/// let schedule = DividendSchedule::from_dates(date(2024, 1, 2), &[(date(2024, 3, 14), 0.485), (date(2024, 6, 13), 0.485)])?;
/// assert_eq!(schedule.until(0.25).dividends().len(), 1);
/// assert!((schedule.present_value(0.05) - 0.485 * (0.990_184_5 + 0.977_920_9)).abs() < 1e-6);
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<CashDividend>", into = "Vec<CashDividend>")]
pub struct DividendSchedule {
    dividends: Vec<CashDividend>,
}

impl DividendSchedule {
    /// No dividends.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// # Errors
    /// `ElementOutOfDomain`, naming the place, unless every ex time is finite, above 0 and above the one before it, and
    /// every amount is finite and at least 0. Two dividends at one time are one dividend of their sum.
    pub fn new(dividends: Vec<CashDividend>) -> Result<Self> {
        let refused =
            |name, index, expected, value| Err(Input::ElementOutOfDomain { name, index, expected, value }.into());
        let mut before = 0.0;
        for (index, dividend) in dividends.iter().enumerate() {
            let CashDividend { ex_time, amount } = *dividend;
            if !(ex_time > before && ex_time.is_finite()) {
                let expected = if index == 0 { "above 0 and finite" } else { "above the one before it and finite" };
                return refused("ex_times", index, expected, ex_time);
            }
            if !(amount >= 0.0 && amount.is_finite()) {
                return refused("amounts", index, "at least 0 and finite", amount);
            }
            before = ex_time;
        }
        Ok(Self { dividends })
    }

    /// From ex dates, with times ACT/365F from `as_of`: the price of that day's close is still without them.
    ///
    /// # Errors
    /// As [`new`](Self::new); a date that is not after `as_of` shows as its time.
    pub fn from_dates(as_of: Date, dividends: &[(Date, f64)]) -> Result<Self> {
        let timed = |&(ex_date, amount): &(Date, f64)| CashDividend { ex_time: year_fraction(as_of, ex_date), amount };
        Self::new(dividends.iter().map(timed).collect())
    }

    /// The dividends, first to last.
    #[must_use]
    pub fn dividends(&self) -> &[CashDividend] {
        &self.dividends
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.dividends.is_empty()
    }

    /// Those with an ex time of at most `time`: what lowers the price at which an option of that expiry settles.
    #[must_use]
    pub fn until(&self, time: f64) -> Self {
        Self { dividends: self.dividends.iter().copied().filter(|dividend| dividend.ex_time <= time).collect() }
    }

    /// `Σᵢ Dᵢ e^(−r tᵢ)`.
    #[must_use]
    pub fn present_value(&self, rate: f64) -> f64 {
        self.escrow(rate, 0.0)
    }

    /// What a share is worth for its cash dividends alone, `Σᵢ Dᵢ e^(−(r − q) tᵢ)`: with its yield reinvested, one
    /// share has become `e^(q tᵢ)` shares by the time of the dividend.
    #[must_use]
    pub fn escrow(&self, rate: f64, dividend_yield: f64) -> f64 {
        self.dividends.iter().map(|d| d.amount * (-(rate - dividend_yield) * d.ex_time).exp()).sum()
    }

    /// Derivative of the [`escrow`](Self::escrow) by the rate.
    pub(super) fn escrow_slope(&self, rate: f64, dividend_yield: f64) -> f64 {
        self.dividends.iter().map(|d| -d.ex_time * d.amount * (-(rate - dividend_yield) * d.ex_time).exp()).sum()
    }

    /// Refuses a present value that overflows.
    pub(super) fn check_escrow(&self, rate: f64, dividend_yield: f64) -> Result<f64> {
        check::computed("present value of the dividends", self.escrow(rate, dividend_yield))
    }
}

impl TryFrom<Vec<CashDividend>> for DividendSchedule {
    type Error = crate::Error;

    fn try_from(dividends: Vec<CashDividend>) -> Result<Self> {
        Self::new(dividends)
    }
}

impl From<DividendSchedule> for Vec<CashDividend> {
    fn from(schedule: DividendSchedule) -> Self {
        schedule.dividends
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::Error;

    fn schedule(pairs: &[(f64, f64)]) -> Result<DividendSchedule> {
        DividendSchedule::new(pairs.iter().map(|&(ex_time, amount)| CashDividend { ex_time, amount }).collect())
    }

    fn place(result: Result<DividendSchedule>) -> (&'static str, usize) {
        match result {
            Err(Error::Input(Input::ElementOutOfDomain { name, index, .. })) => (name, index),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn every_door_refuses_what_is_not_a_schedule() {
        for bad in [0.0, -0.1, f64::NAN, f64::INFINITY] {
            assert_eq!(place(schedule(&[(bad, 1.0)])), ("ex_times", 0), "{bad}");
        }
        assert_eq!(place(schedule(&[(0.5, 1.0), (0.5, 1.0)])), ("ex_times", 1));
        assert_eq!(place(schedule(&[(0.5, 1.0), (0.4, 1.0)])), ("ex_times", 1));
        for bad in [-1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(place(schedule(&[(0.5, 1.0), (0.6, bad)])), ("amounts", 1), "{bad}");
        }
        let today = date(2024, 1, 2);
        assert_eq!(place(DividendSchedule::from_dates(today, &[(today, 1.0)])), ("ex_times", 0));
        let good = schedule(&[(0.25, 0.0), (0.5, 2.0)]).unwrap();
        let text = serde_json::to_string(&good).unwrap();
        assert_eq!(serde_json::from_str::<DividendSchedule>(&text).unwrap(), good);
        assert!(serde_json::from_str::<DividendSchedule>(&text.replace("0.25", "0.75")).is_err());
        assert!(serde_json::from_str::<DividendSchedule>(&text.replace("2.0", "-2.0")).is_err());
    }

    #[test]
    fn present_values_by_hand() {
        let schedule = schedule(&[(0.5, 1.0), (1.0, 2.0)]).unwrap();
        // exp(-0.05) and exp(-0.1).
        assert!((schedule.present_value(0.1) - (0.951_229_424_500_714 + 2.0 * 0.904_837_418_035_960)).abs() < 1e-14);
        assert_eq!(schedule.escrow(0.1, 0.1), 3.0);
        assert!(schedule.escrow(0.1, 0.02) > schedule.present_value(0.1));
        assert_eq!(schedule.until(0.5).dividends(), &[CashDividend { ex_time: 0.5, amount: 1.0 }]);
        assert!(schedule.until(0.49).is_empty() && DividendSchedule::none().is_empty());
        let bumped = (schedule.escrow(0.1 + 1e-5, 0.02) - schedule.escrow(0.1 - 1e-5, 0.02)) / 2e-5;
        assert!((schedule.escrow_slope(0.1, 0.02) - bumped).abs() < 1e-8);
        let explosive = DividendSchedule::new(vec![CashDividend { ex_time: 1e3, amount: 1.0 }]).unwrap();
        assert!(explosive.check_escrow(-1.0, 0.0).is_err());
    }
}

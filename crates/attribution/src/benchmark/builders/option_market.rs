use jiff::civil::Date;
use ndarray::ArrayView1;

use crate::{Result, check};

/// What options on an index are priced from, day by day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OptionMarket<'a> {
    dates: &'a [Date],
    spot: ArrayView1<'a, f64>,
    volatility: ArrayView1<'a, f64>,
    rate: ArrayView1<'a, f64>,
    dividend_yield: ArrayView1<'a, f64>,
}

impl<'a> OptionMarket<'a> {
    /// Closes on increasing dates.
    ///
    /// | argument | unit |
    /// |---|---|
    /// | `spot` | level of the index without dividends |
    /// | `volatility` | implied, per √year, decimal: a VIX of 20 is 0.20 |
    /// | `rate` | of bills, continuously compounded |
    /// | `dividend_yield` | continuously compounded |
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for lengths that differ, fewer than two days, dates that repeat or go back,
    /// a spot or volatility that is not positive, and a number that is not finite, each with its position.
    pub fn new(
        dates: &'a [Date],
        spot: ArrayView1<'a, f64>,
        volatility: ArrayView1<'a, f64>,
        rate: ArrayView1<'a, f64>,
        dividend_yield: ArrayView1<'a, f64>,
    ) -> Result<Self> {
        let days = dates.len();
        check::enough("market of the written options", 2, days)?;
        check::increasing("date", dates)?;
        check::length("spot", days, spot.len())?;
        check::length("volatility", days, volatility.len())?;
        check::length("rate", days, rate.len())?;
        check::length("dividend_yield", days, dividend_yield.len())?;
        let positive = |value: f64| value > 0.0 && value.is_finite();
        check::elements("spot", "positive and finite", spot, positive)?;
        check::elements("volatility", "positive and finite", volatility, positive)?;
        check::finite("rate", rate)?;
        check::finite("dividend_yield", dividend_yield)?;
        Ok(Self { dates, spot, volatility, rate, dividend_yield })
    }

    pub(super) fn dates(&self) -> &'a [Date] {
        self.dates
    }

    pub(super) fn day(&self, index: usize) -> Day {
        Day {
            date: self.dates[index],
            spot: self.spot[index],
            volatility: self.volatility[index],
            rate: self.rate[index],
            dividend_yield: self.dividend_yield[index],
        }
    }
}

/// One close.
#[derive(Debug, Clone, Copy)]
pub(super) struct Day {
    pub(super) date: Date,
    pub(super) spot: f64,
    pub(super) volatility: f64,
    pub(super) rate: f64,
    pub(super) dividend_yield: f64,
}

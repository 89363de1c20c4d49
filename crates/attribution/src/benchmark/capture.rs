use super::beta::ratio;
use super::sums::SideGrowth;
use super::{CaptureMethod, MarketDirection, MarketPeriods, Relative, ZeroBenchmark};
use crate::{Error, Result, check};

impl Relative<'_> {
    /// Capture ratio: growth of the returns over growth of the benchmark, over the periods of a side. With
    /// [`MarketPeriods::All`] over every period, whatever `zero_benchmark` says.
    ///
    /// # Errors
    /// [`Error::Undefined`] when no period is on the side, or when the benchmark's growth is 0 but for rounding.
    ///
    /// # Source
    /// Morningstar's up and down capture ratios (annual); R's PerformanceAnalytics (total).
    pub fn capture_ratio(
        &self,
        periods: MarketPeriods,
        method: CaptureMethod,
        zero_benchmark: ZeroBenchmark,
    ) -> Result<f64> {
        const NAME: &str = "capture ratio";
        let side = self.side(periods, zero_benchmark);
        self.not_empty(NAME, side)?;
        let [own, market] = side.growth.map(|growth| growth - 1.0);
        if market.abs() <= side.count as f64 * f64::EPSILON {
            return Err(Error::undefined(NAME, format!("the benchmark earned {market:e} in {} periods", side.count)));
        }
        match method {
            CaptureMethod::TotalReturn => check::result(NAME, own / market),
            CaptureMethod::AnnualReturn => {
                let years = side.count as f64 / self.periods_per_year()?;
                let [own, market] = side.growth.map(|growth| (libm::log(growth) / years).exp_m1());
                ratio(NAME, check::result(NAME, own)?, check::result(NAME, market)?, "the benchmark's growth")
            }
        }
    }

    /// Up capture over down capture; periods in which the benchmark earned nothing count for neither.
    ///
    /// # Errors
    /// As [`capture_ratio`](Self::capture_ratio); [`Error::Undefined`] when the down capture is 0.
    pub fn up_down_capture(&self, method: CaptureMethod) -> Result<f64> {
        let up = self.capture_ratio(MarketPeriods::Up, method, ZeroBenchmark::Excluded)?;
        let down = self.capture_ratio(MarketPeriods::Down, method, ZeroBenchmark::Excluded)?;
        ratio("up/down capture", up, down, "the down capture")
    }

    /// Share of the periods with a rising (falling) benchmark in which the returns were positive (negative).
    ///
    /// # Errors
    /// [`Error::Undefined`] when the benchmark never went that way.
    pub fn capture_frequency(&self, direction: MarketDirection) -> Result<f64> {
        let side = match direction {
            MarketDirection::Up => self.sides()[0],
            MarketDirection::Down => self.sides()[1],
        };
        self.not_empty("capture frequency", side)?;
        Ok(side.same_sign as f64 / side.count as f64)
    }

    /// Batting average: share of the periods of a side in which the returns beat the benchmark.
    ///
    /// # Errors
    /// [`Error::Undefined`] when no period is on the side.
    pub fn batting_average(&self, periods: MarketPeriods, zero_benchmark: ZeroBenchmark) -> Result<f64> {
        let side = self.side(periods, zero_benchmark);
        self.not_empty("batting average", side)?;
        Ok(side.wins as f64 / side.count as f64)
    }

    fn side(&self, periods: MarketPeriods, zero_benchmark: ZeroBenchmark) -> SideGrowth {
        let [up, down, flat] = self.sides();
        match (periods, zero_benchmark) {
            (MarketPeriods::All, _) => up.with(down).with(flat),
            (MarketPeriods::Up, ZeroBenchmark::Up) => up.with(flat),
            (MarketPeriods::Down, ZeroBenchmark::Down) => down.with(flat),
            (MarketPeriods::Up, _) => up,
            (MarketPeriods::Down, _) => down,
        }
    }

    fn not_empty(&self, what: &'static str, side: SideGrowth) -> Result<()> {
        if side.count > 0 {
            Ok(())
        } else {
            Err(Error::undefined(what, format!("none of the {} periods is on this side of the market", self.len())))
        }
    }
}

//! The index, the put-write benchmark that is made from it, and cash.

use alluse_quant::attribution::benchmark::{OptionMarket, OptionWriting, put_write};
use alluse_quant::attribution::{ReturnKind, ReturnSeries};
use alluse_quant::risk_core::Frequency;
use jiff::civil::Date;
use ndarray::Array1;

use super::Settings;
use crate::wheel::inputs::{Day, Inputs};
use crate::{Failure, Result};

/// Dividend yield of the index that the put-write options are priced with.
const DIVIDEND_YIELD: f64 = 0.02;

/// What the portfolio is held against.
pub(super) struct Benchmarks {
    pub(super) series: Vec<ReturnSeries>,
    pub(super) assumptions: Vec<String>,
    days: Vec<Day>,
}

pub(super) fn load(settings: &Settings) -> Result<Benchmarks> {
    let inputs = Inputs::load(&settings.market)?;
    let days = inputs.days;
    let dates: Vec<Date> = days.iter().map(|day| day.date).collect();
    let column = |of: fn(&Day) -> f64| days.iter().map(of).collect::<Array1<f64>>();
    let (spot, volatility, rate) = (column(|day| day.spot), column(|day| day.volatility), column(|day| day.rate));
    let index = ReturnSeries::from_values(
        inputs.asset.as_str(),
        dates.clone(),
        spot.view(),
        Frequency::Daily,
        ReturnKind::Price,
    )?;
    let dividends = Array1::from_elem(days.len(), DIVIDEND_YIELD);
    let market = OptionMarket::new(&dates, spot.view(), volatility.view(), rate.view(), dividends.view())?;
    let name = format!("{} put-write (modelled)", inputs.asset);
    let built = put_write(name, &market, &OptionWriting::default())?;
    let mut assumptions: Vec<String> = built
        .assumptions
        .assumed
        .iter()
        .map(|assumed| format!("Put-write benchmark, {}: {}.", assumed.subject, assumed.statement))
        .collect();
    assumptions.push(format!("{} is a price index: it earns no dividends here.", inputs.asset));
    Ok(Benchmarks { series: vec![index, built.series], assumptions, days })
}

impl Benchmarks {
    /// What bills earned over each period, compounded day by day at the rate of the day before.
    pub(super) fn cash_over(&self, start: Option<Date>, ends: &[Date]) -> Result<Array1<f64>> {
        let mut from = start.unwrap_or(ends[0]);
        let mut earned = Vec::with_capacity(ends.len());
        for &end in ends {
            let mut growth = 0.0;
            let mut at = from;
            while at < end {
                let known = self.days.partition_point(|day| day.date <= at);
                let day = known.checked_sub(1).and_then(|place| self.days.get(place));
                let day = day.ok_or_else(|| Failure(format!("no bill rate is known on {at}")))?;
                let next = self.days.get(known).map_or(end, |next| next.date.min(end));
                growth += day.rate * f64::from((next - at).get_days()) / 365.0;
                at = next;
            }
            earned.push(growth.exp_m1());
            from = end;
        }
        Ok(Array1::from(earned))
    }
}

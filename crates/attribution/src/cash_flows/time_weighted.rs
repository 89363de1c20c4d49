use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use alluse_risk_core::Frequency;

use super::flow::{days, weekday_before};
use super::gain::annual;
use super::{AccountHistory, FeeBasis, FlowTiming, GainIdentity, Valuation};
use crate::exact_sum::ExactSum;
use crate::{Error, Result, ReturnKind, ReturnSeries, check};

/// A stretch between two valuations without a flow inside.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SubPeriod {
    /// Close at which it starts.
    pub from: Date,
    /// Close at which it ends.
    pub to: Date,
    /// Value at the start, before its flows.
    pub start_value: f64,
    /// Flows before anything was earned.
    pub start_flows: f64,
    /// Flows after everything was earned.
    pub end_flows: f64,
    /// Value at the end, after all flows.
    pub end_value: f64,
    /// `(end value − end flows) / (start value + start flows) − 1`; `None` while the account was empty.
    pub return_rate: Option<f64>,
}

impl SubPeriod {
    fn gain(&self) -> f64 {
        ExactSum::of([self.end_value, -self.end_flows, -self.start_value, -self.start_flows]).value()
    }
}

/// The time-weighted return of an account: what a unit earned that stayed in it all the time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TimeWeighted {
    /// The account.
    pub account: String,
    /// Whether management fees lower the return.
    pub fees: FeeBasis,
    /// `Π (1 + r) − 1` over the sub-periods with capital.
    pub total_return: f64,
    /// Calendar days of those sub-periods.
    pub invested_days: u32,
    /// Every stretch between two valuations.
    pub sub_periods: Vec<SubPeriod>,
    /// The money behind it.
    pub gain: GainIdentity,
}

impl TimeWeighted {
    /// `(1 + total)^(365/days) − 1` over the invested days.
    ///
    /// # Errors
    /// [`Error::Undefined`] for less than a year, which is not to be annualised; [`Error::Input`] on overflow.
    pub fn annual_return(&self) -> Result<f64> {
        if self.invested_days < 365 {
            let reason = format!("{} invested days are less than a year", self.invested_days);
            return Err(Error::undefined("annual return", reason));
        }
        annual(self.total_return, f64::from(self.invested_days))
    }

    /// The returns of the sub-periods as a series that starts when the account was first invested.
    ///
    /// `frequency` states how often the account was valued; use [`ReturnSeries::elapsed`] for irregular dates.
    ///
    /// # Errors
    /// [`Error::Undefined`] when the account was never invested, or was empty for a while in between.
    pub fn series(&self, frequency: Frequency) -> Result<ReturnSeries> {
        let invested = |period: &SubPeriod| period.return_rate.is_some();
        let ends = (self.sub_periods.iter().position(invested), self.sub_periods.iter().rposition(invested));
        let (Some(first), Some(last)) = ends else {
            return Err(Error::undefined("return series", format!("{} was never invested", self.account)));
        };
        let mut dates = Vec::with_capacity(last - first + 1);
        let mut returns = Vec::with_capacity(last - first + 1);
        for period in &self.sub_periods[first..=last] {
            let Some(rate) = period.return_rate else {
                let reason = format!("{} was empty from {} to {}", self.account, period.from, period.to);
                return Err(Error::undefined("return series", reason));
            };
            dates.push(period.to);
            returns.push(rate);
        }
        ReturnSeries::new(self.account.clone(), dates, returns, frequency, ReturnKind::Total)?
            .starting(self.sub_periods[first].from)
    }
}

impl AccountHistory {
    /// The exact time-weighted return: sub-periods end at every flow and are linked.
    ///
    /// A flow at the end of a day needs a valuation at the close of that day; one at the start of a day needs one at
    /// the close of the weekday before. Stretches in which the account was empty have no return and are left out.
    ///
    /// ```text
    /// R = Π (V_end − F_end) / (V_start + F_start) − 1
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the date at which a valuation is missing; [`Error::Undefined`] when capital is not
    /// positive though something was earned on it, when more than everything was lost, and when the account was
    /// never invested.
    ///
    /// # Source
    /// CFA Institute, Global Investment Performance Standards (2020), 2.A; Bacon (2008), section 2.5.
    pub fn time_weighted(&self, fees: FeeBasis) -> Result<TimeWeighted> {
        let mut sub_periods = Vec::with_capacity(self.valuations().len() - 1);
        let (mut growth, mut invested_days) = (1.0_f64, 0.0_f64);
        for pair in self.valuations().windows(2) {
            let period = self.sub_period(pair[0], pair[1], fees)?;
            if let Some(rate) = period.return_rate {
                growth *= 1.0 + rate;
                invested_days += days(period.from, period.to);
            }
            sub_periods.push(period);
        }
        if invested_days <= 0.0 {
            return Err(Error::undefined("time-weighted return", format!("{} was never invested", self.name())));
        }
        let (start, end) = self.ends();
        let flows = self.flows_between(start.date, end.date, fees).map(|flow| flow.amount);
        let gain = GainIdentity::new((start.value, end.value), flows, sub_periods.iter().map(SubPeriod::gain))?;
        Ok(TimeWeighted {
            account: self.name().to_owned(),
            fees,
            total_return: check::result("time-weighted return", growth - 1.0)?,
            invested_days: invested_days as u32,
            sub_periods,
            gain,
        })
    }

    fn sub_period(&self, from: Valuation, to: Valuation, fees: FeeBasis) -> Result<SubPeriod> {
        let (mut at_start, mut at_end) = (ExactSum::default(), ExactSum::default());
        for flow in self.flows_between(from.date, to.date, fees) {
            let (needed, sum) = match flow.timing {
                FlowTiming::Start => (weekday_before(flow.date), &mut at_start),
                FlowTiming::End => (Some(flow.date), &mut at_end),
            };
            let valued = match flow.timing {
                // The first valuation may be later than the weekday before, over a weekend.
                FlowTiming::Start => needed.is_none_or(|needed| from.date >= needed),
                FlowTiming::End => needed == Some(to.date),
            };
            if !valued {
                let why = format!("needed for the flow of {} on {}", flow.amount, flow.date);
                return Err(self.missing(needed.unwrap_or(flow.date), why));
            }
            sum.add(flow.amount);
        }
        let (start_flows, end_flows) = (at_start.checked("flows")?, at_end.checked("flows")?);
        let capital = ExactSum::of([from.value, start_flows]).checked("capital")?;
        let result = ExactSum::of([to.value, -end_flows]).checked("value before flows")?;
        Ok(SubPeriod {
            from: from.date,
            to: to.date,
            start_value: from.value,
            start_flows,
            end_flows,
            end_value: to.value,
            return_rate: self.rate(from.date, to.date, capital, result)?,
        })
    }

    fn rate(&self, from: Date, to: Date, capital: f64, result: f64) -> Result<Option<f64>> {
        if capital == 0.0 && result == 0.0 {
            return Ok(None);
        }
        let undefined = |reason: String| Error::undefined("time-weighted return", reason);
        if !(capital > 0.0) {
            return Err(undefined(format!(
                "{} started {from} with a capital of {capital} and was worth {result} before flows on {to}",
                self.name()
            )));
        }
        if result < 0.0 {
            return Err(undefined(format!(
                "{} lost more than everything: from {capital} on {from} to {result} before flows on {to}",
                self.name()
            )));
        }
        Ok(Some(check::result("time-weighted return", result / capital - 1.0)?))
    }
}

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use alluse_risk_core::Frequency;

use super::flow::days;
use super::{AccountHistory, FeeBasis, FlowTiming, GainIdentity};
use crate::exact_sum::ExactSum;
use crate::{Error, Result, ReturnKind, ReturnSeries, check};

/// The modified Dietz return of one period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DietzPeriod {
    /// Close at which it starts.
    pub from: Date,
    /// Close at which it ends.
    pub to: Date,
    /// Start value plus the flows, each weighted by the share of the period during which it was there.
    pub average_capital: f64,
    /// `gain / average capital`.
    pub return_rate: f64,
    /// The money behind it.
    pub gain: GainIdentity,
}

/// Modified Dietz returns of successive periods, linked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LinkedDietz {
    /// The account.
    pub account: String,
    /// `Π (1 + r) − 1`.
    pub total_return: f64,
    /// The periods.
    pub periods: Vec<DietzPeriod>,
    /// The money behind all of them.
    pub gain: GainIdentity,
}

impl LinkedDietz {
    /// The returns of the periods as a series.
    ///
    /// # Errors
    /// As [`ReturnSeries::new`].
    pub fn series(&self, frequency: Frequency) -> Result<ReturnSeries> {
        let dates = self.periods.iter().map(|period| period.to).collect();
        let returns: Vec<f64> = self.periods.iter().map(|period| period.return_rate).collect();
        ReturnSeries::new(self.account.clone(), dates, returns, frequency, ReturnKind::Total)?
            .starting(self.periods[0].from)
    }
}

impl AccountHistory {
    /// The modified Dietz return between two valuations, which needs no valuation in between.
    ///
    /// ```text
    /// R = (V₁ − V₀ − Σ Fᵢ) / (V₀ + Σ wᵢ Fᵢ)
    /// wᵢ = (D − dᵢ)/D at the end of day dᵢ,   (D − dᵢ + 1)/D at its start,   days counted from the close of `from`
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] unless both dates are valued and in order; [`Error::Undefined`] when the average capital is
    /// not positive.
    ///
    /// # Source
    /// Dietz (1966); Bacon (2008), section 2.4.2.
    pub fn modified_dietz(&self, from: Date, to: Date, fees: FeeBasis) -> Result<DietzPeriod> {
        if to <= from {
            return Err(Error::invalid("period", format!("{to} does not come after {from}")));
        }
        let (start, end) = (self.value_at(from)?, self.value_at(to)?);
        let length = days(from, to);
        let flows = || self.flows_between(from, to, fees);
        let mut capital = ExactSum::of([start]);
        for flow in flows() {
            let passed = days(from, flow.date) - if flow.timing == FlowTiming::Start { 1.0 } else { 0.0 };
            capital.add_product(flow.amount, (length - passed) / length);
        }
        let average_capital = capital.checked("average capital")?;
        let earned = ExactSum::of(flows().map(|flow| -flow.amount).chain([end, -start])).checked("gain")?;
        if !(average_capital > 0.0) {
            let reason = format!("the average capital of {} from {from} to {to} is {average_capital}", self.name());
            return Err(Error::undefined("modified Dietz return", reason));
        }
        Ok(DietzPeriod {
            from,
            to,
            average_capital,
            return_rate: check::result("modified Dietz return", earned / average_capital)?,
            gain: GainIdentity::new((start, end), flows().map(|flow| flow.amount), [earned].into_iter())?,
        })
    }

    /// The modified Dietz returns between successive dates, linked; between all valuations when `dates` is empty.
    ///
    /// # Errors
    /// As [`modified_dietz`](Self::modified_dietz), for any of the periods; [`Error::Input`] for a single date;
    /// [`Error::Undefined`] when a period lost more than everything.
    pub fn linked_dietz(&self, dates: &[Date], fees: FeeBasis) -> Result<LinkedDietz> {
        let valued: Vec<Date>;
        let dates = if dates.is_empty() {
            valued = self.valuations().iter().map(|valuation| valuation.date).collect();
            &valued
        } else {
            dates
        };
        check::enough("dates of linked periods", 2, dates.len())?;
        let mut growth = 1.0;
        let mut periods = Vec::with_capacity(dates.len() - 1);
        for pair in dates.windows(2) {
            let period = self.modified_dietz(pair[0], pair[1], fees)?;
            if period.return_rate < -1.0 {
                let reason = format!(
                    "{} returned {} from {} to {}, which cannot be linked",
                    self.name(),
                    period.return_rate,
                    pair[0],
                    pair[1]
                );
                return Err(Error::undefined("linked modified Dietz return", reason));
            }
            growth *= 1.0 + period.return_rate;
            periods.push(period);
        }
        let (from, to) = (dates[0], dates[dates.len() - 1]);
        let flows = self.flows_between(from, to, fees).map(|flow| flow.amount);
        let gains = periods.iter().map(|period| period.gain.gain);
        let gain = GainIdentity::new((self.value_at(from)?, self.value_at(to)?), flows, gains)?;
        let total_return = check::result("linked modified Dietz return", growth - 1.0)?;
        Ok(LinkedDietz { account: self.name().to_owned(), total_return, periods, gain })
    }
}

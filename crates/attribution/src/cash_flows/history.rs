use alluse_risk_core::Error as Input;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{CashFlow, FeeBasis, FlowTiming, Valuation};
use crate::{Error, Result, check};

/// What an account was worth, and what flowed into it and out of it.
///
/// Flows of the first valuation's day, and those before, are part of that valuation: the history starts there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct AccountHistory {
    name: String,
    valuations: Vec<Valuation>,
    flows: Vec<CashFlow>,
}

impl AccountHistory {
    /// With valuations at increasing dates; flows in any order.
    ///
    /// # Errors
    /// [`Error::Input`] for fewer than two valuations, a value or amount that is not finite, and dates that repeat or
    /// go back; [`Error::Invalid`] for a flow outside the valuations, naming its date.
    pub fn new(name: impl Into<String>, valuations: Vec<Valuation>, mut flows: Vec<CashFlow>) -> Result<Self> {
        let name = name.into();
        check::enough("valuations of an account", 2, valuations.len())?;
        let dates: Vec<Date> = valuations.iter().map(|valuation| valuation.date).collect();
        check::increasing("date of a valuation", &dates)?;
        for (index, valuation) in valuations.iter().enumerate() {
            finite_element("valuations", index, valuation.value)?;
        }
        let (start, end) = (dates[0], dates[dates.len() - 1]);
        for (index, flow) in flows.iter().enumerate() {
            finite_element("flows", index, flow.amount)?;
            if flow.date < start || flow.date > end {
                let reason =
                    format!("a flow of {} on {} is outside the valuations, {start} to {end}", flow.amount, flow.date);
                return Err(Error::invalid(format!("flows of {name}"), reason));
            }
        }
        flows.sort_by_key(|flow| (flow.date, flow.timing));
        Ok(Self { name, valuations, flows })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it was worth, by increasing date.
    #[must_use]
    pub fn valuations(&self) -> &[Valuation] {
        &self.valuations
    }

    /// Its flows, by date and timing.
    #[must_use]
    pub fn flows(&self) -> &[CashFlow] {
        &self.flows
    }

    /// The first and the last valuation.
    pub(super) fn ends(&self) -> (Valuation, Valuation) {
        (self.valuations[0], self.valuations[self.valuations.len() - 1])
    }

    /// Flows after the close of `from` up to the close of `to` that are no result of the account.
    pub(super) fn flows_between(
        &self,
        from: Date,
        to: Date,
        fees: FeeBasis,
    ) -> impl Iterator<Item = &CashFlow> + Clone {
        let first = self.flows.partition_point(|flow| flow.date <= from);
        let last = self.flows.partition_point(|flow| flow.date <= to);
        self.flows[first..last].iter().filter(move |flow| flow.counts(fees))
    }

    /// The value at the close of a day.
    pub(super) fn value_at(&self, date: Date) -> Result<f64> {
        let found = self.valuations.binary_search_by_key(&date, |valuation| valuation.date);
        found
            .map(|index| self.valuations[index].value)
            .map_err(|_| self.missing(date, "asked for as an end of a period"))
    }

    pub(super) fn missing(&self, date: Date, why: impl std::fmt::Display) -> Error {
        Error::invalid(format!("valuations of {}", self.name), format!("none at the close of {date}: {why}"))
    }

    /// Whether any flow of a timing is on a day.
    pub(super) fn has_flow(&self, date: Date, timing: FlowTiming) -> bool {
        self.flows.iter().any(|flow| flow.date == date && flow.timing == timing)
    }

    pub(super) fn into_parts(self) -> (String, Vec<Valuation>, Vec<CashFlow>) {
        (self.name, self.valuations, self.flows)
    }
}

fn finite_element(name: &'static str, index: usize, value: f64) -> Result<()> {
    if value.is_finite() {
        Ok(())
    } else {
        Err(Input::ElementOutOfDomain { name, index, expected: "finite", value }.into())
    }
}

/// The stored form, checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Stored {
    name: String,
    valuations: Vec<Valuation>,
    flows: Vec<CashFlow>,
}

impl TryFrom<Stored> for AccountHistory {
    type Error = Error;

    fn try_from(Stored { name, valuations, flows }: Stored) -> Result<Self> {
        Self::new(name, valuations, flows)
    }
}

impl From<AccountHistory> for Stored {
    fn from(AccountHistory { name, valuations, flows }: AccountHistory) -> Self {
        Self { name, valuations, flows }
    }
}

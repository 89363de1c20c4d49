//! Options that expire on the way, and cash.

use alluse_instruments::pricing::OptionKind;
use alluse_instruments::{Error, ExchangeCalendar, OptionContract, Position, year_fraction};
use alluse_risk_core::{AssetId, ContractId, Horizon, RowId};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::run::Run;
use super::{EventProbability, SimulatedMean};
use crate::Result;

/// How likely a short option ends in the money, and what that takes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AssignmentForecast {
    /// The short position.
    pub position: RowId,
    /// What is short.
    pub contract: ContractId,
    /// The close at which it settles.
    pub settles: Date,
    /// Share of the paths on which it ends in the money.
    pub probability: EventProbability,
    /// What is owed at settlement over all paths, at least 0: the intrinsic value of the position in base currency.
    pub intrinsic_owed: SimulatedMean,
    /// Shares that assignment brings to the account (short puts) or takes from it (short calls, negative); 0 where cash
    /// is settled.
    pub shares: f64,
}

/// The days of the steps, today first.
pub(super) fn dates(calendar: &ExchangeCalendar, today: Date, steps: usize) -> Vec<Date> {
    let mut dates = vec![today];
    for step in 0..steps {
        dates.push(calendar.advance(dates[step], Horizon::DAY));
    }
    dates
}

/// The step at which an option settles, the last exchange day at or before its expiry; `None` beyond the last step.
pub(super) fn settling_step(dates: &[Date], calendar: &ExchangeCalendar, contract: &OptionContract) -> Option<usize> {
    let after = dates.partition_point(|date| *date <= contract.expiry());
    let beyond = after == dates.len()
        && dates.last().is_none_or(|last| calendar.advance(*last, Horizon::DAY) <= contract.expiry());
    if beyond { None } else { Some(after.saturating_sub(1)) }
}

impl Run<'_> {
    /// P&L of cash, which earns interest and moves with its exchange rate.
    pub(super) fn cash(&self, position: &Position, value_now: f64, step: usize) -> Vec<f64> {
        let growth = self.growth(position, 0, step);
        self.in_base(position, step, |_| position.quantity * growth, value_now)
    }

    /// P&L of an option that settled at step `settled`, seen from a later one.
    pub(super) fn settled(
        &self,
        position: &Position,
        contract: &OptionContract,
        value_now: f64,
        settled: usize,
        step: usize,
    ) -> Result<Vec<f64>> {
        let underlying = contract.underlying();
        let name = || underlying.to_string();
        let column = self.levels.column(underlying).ok_or_else(|| Error::NoScenarios { name: name() })?;
        let spot = self.book.market().spot(underlying);
        let spot = spot.ok_or_else(|| Error::MissingQuote { what: "price", name: name() })?;
        let growth = self.growth(position, settled, step);
        let (strike, units) = (contract.strike(), position.units());
        let price = |step: usize, path: usize| spot * self.levels.spot(step, path, column);
        if !self.config.settlement().delivers(contract) {
            let payoff = |path: usize| units * contract.intrinsic(price(settled, path)) * growth;
            return Ok(self.in_base(position, step, payoff, value_now));
        }
        let received = self.dividends(underlying, settled, step);
        let shares = units * direction(contract.kind());
        let holding = |path: usize| match contract.intrinsic(price(settled, path)) > 0.0 {
            true => shares * (price(step, path) + received - strike * growth),
            false => 0.0,
        };
        Ok(self.in_base(position, step, holding, value_now))
    }

    /// Of each short option that settles within the horizons, and of each path the first step with an assignment.
    pub(super) fn assignments(&self) -> (Vec<AssignmentForecast>, Vec<Option<u32>>) {
        let mut first: Vec<Option<u32>> = vec![None; self.levels.len()];
        let mut all = Vec::new();
        for (row, position) in self.book.positions().iter().enumerate() {
            let (Some(contract), Some(settled)) = (position.option(), self.settles[row]) else { continue };
            let Some(spot) = self.book.market().spot(contract.underlying()) else { continue };
            let Some(column) = self.levels.column(contract.underlying()) else { continue };
            let units = position.units();
            if units >= 0.0 || !self.has_exchange_rate(position) {
                continue;
            }
            let intrinsic = |path: usize| contract.intrinsic(spot * self.levels.spot(settled, path, column));
            for (path, first) in first.iter_mut().enumerate() {
                if intrinsic(path) > 0.0 {
                    *first = Some(first.map_or(settled as u32, |first| first.min(settled as u32)));
                }
            }
            let paths = 0..self.levels.len();
            let owed = self.in_base(position, settled, |path| -units * intrinsic(path), 0.0);
            let delivers = self.config.settlement().delivers(contract);
            all.push(AssignmentForecast {
                position: position.id.clone(),
                contract: contract.id(),
                settles: self.dates[settled],
                probability: EventProbability::of(paths.map(|path| intrinsic(path) > 0.0), 1),
                intrinsic_owed: SimulatedMean::of(owed.iter().copied()),
                shares: if delivers { units * direction(contract.kind()) } else { 0.0 },
            });
        }
        (all, first)
    }

    /// What a unit of cash becomes between two steps.
    fn growth(&self, position: &Position, from: usize, to: usize) -> f64 {
        let rate = self.book.market().rate(self.book.currency(position)).filter(|_| self.config.earns_interest());
        rate.map_or(1.0, |rate| libm::exp(rate * year_fraction(self.dates[from], self.dates[to])))
    }

    /// The value in base currency on each path less a value in base currency today; for positions that have an
    /// exchange rate.
    fn in_base(&self, position: &Position, step: usize, value: impl Fn(usize) -> f64, value_now: f64) -> Vec<f64> {
        let currency = self.book.currency(position);
        let fx = self.book.market().fx(currency).unwrap_or(1.0);
        let column = self.levels.currency_column(currency).filter(|_| currency != self.book.market().base());
        let level = |path: usize| column.map_or(1.0, |column| self.levels.currency(step, path, column));
        (0..self.levels.len()).map(|path| value(path) * (fx * level(path)) - value_now).collect()
    }

    /// Cash per share that goes ex after one step and by another.
    fn dividends(&self, asset: &AssetId, after: usize, until: usize) -> f64 {
        let (after, until) = (self.dates[after], self.dates[until]);
        let paid = self.book.market().dividends(asset).iter();
        paid.filter(|(ex_date, _)| *ex_date > after && *ex_date <= until).map(|(_, amount)| amount).sum()
    }
}

/// Shares that exercise brings the holder, per unit.
fn direction(kind: OptionKind) -> f64 {
    match kind {
        OptionKind::Call => 1.0,
        OptionKind::Put => -1.0,
    }
}

#[cfg(test)]
mod tests {
    use alluse_instruments::Multiplier;
    use jiff::civil::date;

    use super::*;

    #[test]
    fn an_expiry_without_trading_settles_on_the_day_before() {
        let calendar = ExchangeCalendar::weekdays().with_holidays([date(2019, 1, 1)]);
        // Monday; then Wednesday to Friday and Monday.
        let dates = dates(&calendar, date(2018, 12, 31), 4);
        assert_eq!(dates[1..], [date(2019, 1, 2), date(2019, 1, 3), date(2019, 1, 4), date(2019, 1, 7)]);
        let step = |expiry| {
            let call = OptionContract::call("A", 1.0, expiry, Multiplier::EQUITY).unwrap();
            settling_step(&dates, &calendar, &call)
        };
        assert_eq!(
            (step(date(2018, 12, 31)), step(date(2019, 1, 1)), step(date(2019, 1, 2))),
            (Some(0), Some(0), Some(1))
        );
        assert_eq!(
            (step(date(2019, 1, 4)), step(date(2019, 1, 5)), step(date(2019, 1, 7))),
            (Some(3), Some(3), Some(4))
        );
        assert_eq!(step(date(2019, 1, 8)), None);
        // A Saturday beyond the last step, a Friday, still settles on it.
        let friday = &dates[..4];
        let saturday = OptionContract::call("A", 1.0, date(2019, 1, 5), Multiplier::EQUITY).unwrap();
        assert_eq!(settling_step(friday, &calendar, &saturday), Some(3));
    }
}

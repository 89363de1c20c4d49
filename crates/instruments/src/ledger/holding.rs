//! What is held of one instrument, and what it cost.

use std::collections::BTreeMap;

use alluse_risk_core::{AssetId, ContractId, Currency};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Instrument, OptionContract};

/// Which cost a sale is measured against in the premium view.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CostBasis {
    /// That of the oldest lots.
    #[default]
    Fifo,
    /// The average of what is held.
    Average,
}

/// What was opened at once and is still held.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lot {
    /// When it was opened.
    pub date: Date,
    /// Shares or contracts; negative when short.
    pub quantity: f64,
    /// Cost per share; shares from an assignment cost the strike, because the premium is counted on its own.
    pub price: f64,
}

/// A position of one account and group with its cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Holding {
    /// Whose.
    pub account: String,
    /// Of which history.
    pub group: Option<String>,
    /// A share or an option.
    pub instrument: Instrument,
    /// Shares or contracts; negative when short.
    pub quantity: f64,
    /// Cost per share by the average rule.
    pub average_price: f64,
    /// What it is made of, oldest first.
    pub lots: Vec<Lot>,
    /// Labels of the events that made it.
    pub labels: BTreeMap<String, String>,
}

impl Holding {
    pub(super) fn new(account: &str, group: Option<&str>, instrument: Instrument) -> Self {
        Self {
            account: account.to_owned(),
            group: group.map(ToOwned::to_owned),
            instrument,
            quantity: 0.0,
            average_price: 0.0,
            lots: Vec::new(),
            labels: BTreeMap::new(),
        }
    }

    /// `account | group | instrument`, with all terms of an option.
    #[must_use]
    pub fn name(&self) -> String {
        let instrument = match &self.instrument {
            Instrument::Option(contract) => contract.id().to_string(),
            other => other.to_string(),
        };
        match &self.group {
            Some(group) => format!("{} | {group} | {instrument}", self.account),
            None => format!("{} | {instrument}", self.account),
        }
    }

    /// Quantity times units per contract.
    #[must_use]
    pub fn units(&self) -> f64 {
        self.quantity * multiplier(&self.instrument)
    }

    /// What it cost: positive when paid, negative when received.
    #[must_use]
    pub fn cost(&self, basis: CostBasis) -> f64 {
        let per_unit = match basis {
            CostBasis::Fifo => self.lots.iter().map(|lot| lot.quantity * lot.price).sum(),
            CostBasis::Average => self.quantity * self.average_price,
        };
        per_unit * multiplier(&self.instrument)
    }

    /// Adds a signed lot and returns what closing older ones realised.
    pub(super) fn add(&mut self, lot: Lot, basis: CostBasis) -> f64 {
        let average = self.add_at_average(lot.quantity, lot.price);
        let fifo = self.add_lot(lot);
        multiplier(&self.instrument)
            * match basis {
                CostBasis::Fifo => fifo,
                CostBasis::Average => average,
            }
    }

    /// Takes part of it out, oldest lots first, with its cost by the average rule.
    pub(super) fn take(&mut self, quantity: f64) -> Holding {
        let mut taken = Self { lots: Vec::new(), ..self.clone() };
        let mut left = quantity;
        while left != 0.0 && !self.lots.is_empty() {
            let whole = matches(self.lots[0].quantity, left) || self.lots[0].quantity.abs() < left.abs();
            let lot = if whole { self.lots.remove(0) } else { Lot { quantity: left, ..self.lots[0] } };
            if !whole {
                self.lots[0].quantity -= left;
            }
            left = if matches(lot.quantity, left) { 0.0 } else { left - lot.quantity };
            taken.lots.push(lot);
        }
        self.settle_quantity();
        taken.settle_quantity();
        taken
    }

    /// Adds what was taken elsewhere and returns what closing older lots realised.
    pub(super) fn receive(&mut self, other: Holding, basis: CostBasis) -> f64 {
        let average = self.add_at_average(other.quantity, other.average_price);
        let fifo: f64 = other.lots.iter().map(|lot| self.add_lot(*lot)).sum();
        self.lots.sort_by_key(|lot| lot.date);
        self.labels.extend(other.labels);
        multiplier(&self.instrument)
            * match basis {
                CostBasis::Fifo => fifo,
                CostBasis::Average => average,
            }
    }

    /// The same value in other units: `contracts` as many of a new instrument whose price is divided by `price`.
    pub(super) fn converted(mut self, instrument: Instrument, quantity: f64, price: f64) -> Self {
        self.instrument = instrument;
        self.quantity *= quantity;
        self.average_price /= price;
        for lot in &mut self.lots {
            lot.quantity *= quantity;
            lot.price /= price;
        }
        self
    }

    fn add_at_average(&mut self, quantity: f64, price: f64) -> f64 {
        let held = self.quantity;
        if held * quantity >= 0.0 {
            self.average_price = (held * self.average_price + quantity * price) / (held + quantity);
            return 0.0;
        }
        let gain = price - self.average_price;
        if matches(held, -quantity) || quantity.abs() < held.abs() {
            return -quantity * gain;
        }
        self.average_price = price;
        held * gain
    }

    fn add_lot(&mut self, lot: Lot) -> f64 {
        let (mut left, mut realised) = (lot.quantity, 0.0);
        while let Some(first) = self.lots.first_mut().filter(|first| first.quantity * left < 0.0) {
            let gain = lot.price - first.price;
            if matches(first.quantity, -left) {
                realised += first.quantity * gain;
                self.lots.remove(0);
                left = 0.0;
            } else if first.quantity.abs() < left.abs() {
                realised += first.quantity * gain;
                left += first.quantity;
                self.lots.remove(0);
            } else {
                realised -= left * gain;
                first.quantity += left;
                left = 0.0;
            }
        }
        if left != 0.0 {
            self.lots.push(Lot { quantity: left, ..lot });
        }
        self.settle_quantity();
        realised
    }

    fn settle_quantity(&mut self) {
        // The sum of the lots, so that what was closed leaves no dust.
        self.quantity = self.lots.iter().map(|lot| lot.quantity).sum();
    }
}

/// Whether two quantities differ by rounding only.
pub(super) fn matches(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-12 * a.abs().max(b.abs())
}

pub(super) fn multiplier(instrument: &Instrument) -> f64 {
    match instrument {
        Instrument::Option(contract) => contract.multiplier().units(),
        Instrument::Cash { .. } | Instrument::Share { .. } => 1.0,
    }
}

/// What makes two instruments the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum InstrumentKey {
    Cash(Currency),
    Share(AssetId),
    Option(ContractId),
}

impl InstrumentKey {
    pub(super) fn of(instrument: &Instrument) -> Self {
        match instrument {
            Instrument::Cash { currency } => Self::Cash(currency.clone()),
            Instrument::Share { asset } => Self::Share(asset.clone()),
            Instrument::Option(contract) => Self::Option(OptionContract::id(contract)),
        }
    }
}

/// What makes two positions the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct PositionKey {
    pub(super) account: String,
    pub(super) group: Option<String>,
    pub(super) instrument: InstrumentKey,
}

impl PositionKey {
    pub(super) fn new(account: &str, group: Option<&str>, instrument: &Instrument) -> Self {
        Self {
            account: account.to_owned(),
            group: group.map(ToOwned::to_owned),
            instrument: InstrumentKey::of(instrument),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn held(trades: &[(f64, f64)], basis: CostBasis) -> (Holding, Vec<f64>) {
        let mut holding = Holding::new("X", None, Instrument::Share { asset: AssetId::new("A").unwrap() });
        let mut day = date(2024, 1, 1);
        let realised = trades.iter().map(|&(quantity, price)| {
            day = day.tomorrow().unwrap();
            holding.add(Lot { date: day, quantity, price }, basis)
        });
        let realised = realised.collect();
        (holding, realised)
    }

    #[test]
    fn fifo_and_average_differ_until_all_is_sold() {
        // Bought 10 at 1 and 10 at 3; sold 10 at 5, then 10 at 5: FIFO 40 + 20, average 30 + 30.
        let trades = [(10.0, 1.0), (10.0, 3.0), (-10.0, 5.0), (-10.0, 5.0)];
        assert_eq!(held(&trades, CostBasis::Fifo).1, [0.0, 0.0, 40.0, 20.0]);
        assert_eq!(held(&trades, CostBasis::Average).1, [0.0, 0.0, 30.0, 30.0]);
        let (open, _) = held(&trades[..3], CostBasis::Fifo);
        assert_eq!((open.quantity, open.average_price), (10.0, 2.0));
        assert_eq!(open.cost(CostBasis::Fifo), 30.0);
        assert_eq!(open.cost(CostBasis::Average), 20.0);
    }

    #[test]
    fn a_sale_through_zero_closes_and_opens() {
        for basis in [CostBasis::Fifo, CostBasis::Average] {
            let (holding, realised) = held(&[(2.0, 10.0), (3.0, 10.0), (-8.0, 12.0), (1.0, 11.0)], basis);
            assert_eq!(realised, [0.0, 0.0, 10.0, 1.0]);
            assert_eq!((holding.quantity, holding.average_price), (-2.0, 12.0));
            assert_eq!(holding.lots, [Lot { date: date(2024, 1, 4), quantity: -2.0, price: 12.0 }]);
        }
    }

    #[test]
    fn part_of_a_lot_can_close() {
        let (holding, realised) = held(&[(-5.0, 7.0), (2.0, 4.0)], CostBasis::Fifo);
        assert_eq!(realised, [0.0, 6.0]);
        assert_eq!(holding.lots[0].quantity, -3.0);
    }

    #[test]
    fn rounding_leaves_no_dust() {
        for basis in [CostBasis::Fifo, CostBasis::Average] {
            let (holding, _) = held(&[(0.1 + 0.2, 1.0), (-0.3, 1.0)], basis);
            assert_eq!((holding.quantity, holding.lots.len()), (0.0, 0));
        }
    }

    #[test]
    fn taking_keeps_dates_and_costs() {
        let (mut holding, _) = held(&[(2.0, 10.0), (3.0, 20.0)], CostBasis::Fifo);
        let taken = holding.take(3.0);
        assert_eq!(taken.lots.iter().map(|l| (l.quantity, l.price)).collect::<Vec<_>>(), [(2.0, 10.0), (1.0, 20.0)]);
        assert_eq!((taken.quantity, holding.quantity), (3.0, 2.0));
        assert_eq!(holding.lots, [Lot { date: date(2024, 1, 3), quantity: 2.0, price: 20.0 }]);
        assert_eq!(taken.average_price, 16.0);
        let (mut other, _) = held(&[(-1.0, 30.0)], CostBasis::Fifo);
        assert_eq!(other.receive(taken.clone(), CostBasis::Fifo), 20.0);
        assert_eq!(other.quantity, 2.0);
        let (mut other, _) = held(&[(-1.0, 30.0)], CostBasis::Average);
        assert_eq!(other.receive(taken, CostBasis::Average), 14.0);
        let all = holding.take(2.0);
        assert_eq!((holding.quantity, holding.lots.len(), all.quantity), (0.0, 0, 2.0));
    }
}

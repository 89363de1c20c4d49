//! The positions an order can lead to, nearest to the ideal first.

use crate::rebalance::{CostBreakdown, Instrument, TradingCosts};
use crate::{Error, Result};

/// One asset of a plan.
#[derive(Debug, Clone)]
pub(super) struct Slot<'a> {
    pub(super) instrument: &'a Instrument,
    pub(super) held: f64,
    /// Value that the target weight asks for.
    pub(super) ideal: f64,
    /// Lots of the smallest order that is allowed.
    ticket: f64,
    /// Whether an order to close the position is large enough.
    closable: bool,
}

/// A position after trading.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) units: f64,
    /// `|value − ideal|`.
    pub(super) deviation: f64,
    /// Cash that the trade takes, before its cost.
    pub(super) paid: f64,
    pub(super) cost: CostBreakdown,
}

/// Beyond this many lots neighbouring numbers of lots are not told apart.
const MOST_LOTS: f64 = 4.5e15;

impl<'a> Slot<'a> {
    pub(super) fn new(instrument: &'a Instrument, held: f64, ideal: f64, minimum_ticket: f64) -> Result<Self> {
        let ticket = (minimum_ticket / instrument.value_of(instrument.lot())).ceil();
        let closable = instrument.value_of(held).abs() >= minimum_ticket;
        let slot = Self { instrument, held, ideal, ticket, closable };
        let lots = (ideal / instrument.value_of(1.0)).abs().max(held.abs()) / instrument.lot();
        if lots < MOST_LOTS && ticket < MOST_LOTS {
            Ok(slot)
        } else {
            let reason = format!("{} is worth {lots:e} lots of it, more than can be counted", instrument.asset());
            Err(Error::invalid("lot", reason))
        }
    }

    pub(super) fn lot_value(&self) -> f64 {
        self.instrument.value_of(self.instrument.lot())
    }

    pub(super) fn candidate(&self, units: f64, costs: &TradingCosts) -> Result<Candidate> {
        let traded = units - self.held;
        Ok(Candidate {
            units,
            deviation: self.deviation(units),
            paid: self.instrument.value_of(traded),
            cost: costs.cost(self.instrument, traded)?,
        })
    }

    fn deviation(&self, units: f64) -> f64 {
        (self.instrument.value_of(units) - self.ideal).abs()
    }

    /// Whether a position lies on the side of its target; what is held may stay.
    fn allowed(&self, units: f64) -> bool {
        units - self.held == 0.0 || units * self.ideal > 0.0 || units == 0.0
    }

    /// A whole number of lots from the position held, exactly zero where only rounding keeps it away.
    fn units(&self, lots: f64) -> f64 {
        let units = self.held + lots * self.instrument.lot();
        if units.abs() < 1e-9 * self.instrument.lot() { 0.0 } else { units }
    }

    /// The next allowed number of lots downwards from here, this one included.
    fn down(&self, lots: f64) -> f64 {
        if lots > 0.0 && lots < self.ticket {
            0.0
        } else if lots < 0.0 && lots > -self.ticket {
            -self.ticket
        } else {
            lots
        }
    }

    fn up(&self, lots: f64) -> f64 {
        -self.down(-lots)
    }

    /// As few lots as possible below a position so that it pays at least this much; `None` when there are none.
    pub(super) fn reduced(&self, units: f64, shortage: f64) -> Option<f64> {
        if !(units > 0.0) {
            return None;
        }
        let lots = ((units - self.held) / self.instrument.lot()).round();
        let fewer = self.units(self.down(lots - (shortage / self.lot_value()).ceil().max(1.0)));
        let closable = self.held == 0.0 || self.closable;
        if fewer >= 0.0 { Some(fewer) } else { closable.then_some(0.0) }
    }

    /// All positions an order can lead to, by their distance from the ideal: never-ending, at least one.
    pub(super) fn outward(&self) -> impl Iterator<Item = f64> + '_ {
        let exact = (self.ideal / self.instrument.value_of(1.0) - self.held) / self.instrument.lot();
        // A whole number of lots, but for rounding, is a whole number.
        let below = (exact + 1e-9).floor();
        let (mut down, mut up) = (self.down(below), self.up(below + 1.0));
        let mut extras = self.extras();
        std::iter::from_fn(move || {
            let (low, high) = (self.units(down), self.units(up));
            let distance = |units: f64, open: bool| if open { self.deviation(units) } else { f64::INFINITY };
            let (to_low, to_high) = (distance(low, self.allowed(low)), distance(high, self.allowed(high)));
            let extra = extras.last().copied();
            if let Some(units) = extra.filter(|units| self.deviation(*units) <= to_low.min(to_high)) {
                extras.pop();
                return Some(units);
            }
            if to_low <= to_high && to_low.is_finite() {
                down = self.down(down - 1.0);
                Some(low)
            } else if to_high.is_finite() {
                up = self.up(up + 1.0);
                Some(high)
            } else {
                None
            }
        })
    }

    /// Positions off the grid of whole lots from the one held: closing it, and keeping it on the other side of the
    /// target. The nearer one is last.
    fn extras(&self) -> Vec<f64> {
        let lots = self.held / self.instrument.lot();
        let odd = self.held != 0.0 && (lots - lots.round()).abs() > 1e-9;
        let mut extras = Vec::new();
        if self.held != 0.0 && self.held * self.ideal <= 0.0 {
            extras.push(self.held);
        }
        if odd && self.closable {
            extras.push(0.0);
        }
        extras
    }
}

//! Whole lots for a plan: largest remainder, and branch and bound.

use serde::{Deserialize, Serialize};

use super::candidates::{Candidate, Slot};
use crate::rebalance::check::sum;
use crate::rebalance::{CostBreakdown, TradingCosts};
use crate::{Error, Result};

/// How target values become whole lots.
///
/// Both make the misallocation small and leave the least cash:
///
/// ```text
/// misallocation = Σ |value − ideal value| + |cash − ideal cash| + costs,    cash before costs
/// ```
///
/// Costs stand apart so that paying them never passes for a use of spare cash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rounding {
    /// Round down, then add lots by the largest remainder while cash allows and the misallocation falls.
    LargestRemainder,
    /// The least misallocation by branch and bound, from the largest-remainder answer. After this many nodes it
    /// returns the best found and a lower bound.
    Exact {
        /// Positions tried at most.
        node_limit: usize,
    },
}

impl Default for Rounding {
    /// Exact with up to 200,000 nodes.
    fn default() -> Self {
        Self::Exact { node_limit: 200_000 }
    }
}

/// Positions in whole lots.
#[derive(Debug, Clone)]
pub(super) struct Rounded {
    pub(super) units: Vec<f64>,
    pub(super) misallocation: f64,
    /// No whole lots have less.
    pub(super) bound: f64,
    pub(super) nodes: usize,
}

/// What is to be rounded.
#[derive(Debug)]
pub(super) struct Lots<'a> {
    pub(super) slots: Vec<Slot<'a>>,
    pub(super) costs: &'a TradingCosts,
    pub(super) cash: f64,
    /// Cash before costs when every value is ideal.
    pub(super) ideal_cash: f64,
    pub(super) least_cash: f64,
}

impl Lots<'_> {
    pub(super) fn round(&self, rounding: Rounding) -> Result<Rounded> {
        let started = self.largest_remainder()?;
        let least = self.slots.iter().map(|slot| self.least(slot)).collect::<Result<Vec<_>>>()?;
        match rounding {
            Rounding::LargestRemainder => {
                let (units, misallocation) = started.ok_or_else(|| self.infeasible())?;
                Ok(Rounded { units, misallocation, bound: sum(least).min(misallocation), nodes: 0 })
            }
            Rounding::Exact { node_limit } => {
                let mut search = Search::new(self, least, started, node_limit)?;
                search.visit(0, &SoFar { deviation: 0.0, costs: 0.0, cash: self.cash })?;
                search.finish().ok_or_else(|| self.infeasible())
            }
        }
    }

    /// Cash after trades and costs.
    fn cash_after(&self, positions: &[Candidate]) -> f64 {
        sum([self.cash].into_iter().chain(positions.iter().flat_map(|it| [-it.paid, -it.cost.total])))
    }

    fn misallocation(&self, positions: &[Candidate]) -> f64 {
        let off = sum([self.cash, -self.ideal_cash].into_iter().chain(positions.iter().map(|it| -it.paid))).abs();
        sum(positions.iter().flat_map(|it| [it.deviation, it.cost.total]).chain([off]))
    }

    /// No position of an asset has a smaller sum of deviation and cost than this.
    fn least(&self, slot: &Slot<'_>) -> Result<f64> {
        let mut best = f64::INFINITY;
        for (tried, units) in slot.outward().enumerate() {
            let candidate = slot.candidate(units, self.costs)?;
            if candidate.deviation >= best {
                break;
            }
            if tried == 64 {
                // What is left deviates by as much or more; to beat the best it must still trade all but `best`.
                let ideal = (slot.ideal - slot.instrument.value_of(slot.held)).abs();
                let units = (ideal - best).max(0.0) / slot.instrument.value_of(1.0);
                let cost = self.costs.cost(slot.instrument, units)?.total;
                return Ok(best.min(candidate.deviation + cost));
            }
            best = best.min(candidate.deviation + candidate.cost.total);
        }
        Ok(best)
    }

    /// `None` when no positions on its way leave enough cash.
    fn largest_remainder(&self) -> Result<Option<(Vec<f64>, f64)>> {
        let mut positions = Vec::new();
        let mut upper = Vec::new();
        for slot in &self.slots {
            let near = slot.outward().take(3).map(|units| slot.candidate(units, self.costs));
            let near = near.collect::<Result<Vec<_>>>()?;
            let value = |it: &&Candidate| slot.instrument.value_of(it.units);
            let below = near.iter().find(|it| value(it) <= slot.ideal).or(near.first());
            let above = near.iter().find(|it| value(it) > slot.ideal);
            positions.push(below.copied().unwrap_or(slot.candidate(slot.held, self.costs)?));
            upper.push(above.copied());
        }
        self.repair(&mut positions)?;
        let mut order: Vec<usize> = (0..positions.len()).collect();
        let remainder = |i: &usize| positions[*i].deviation / self.slots[*i].lot_value();
        order.sort_by(|a, b| remainder(b).total_cmp(&remainder(a)));
        for i in order {
            let Some(candidate) = upper[i] else { continue };
            let mut other = positions.clone();
            other[i] = candidate;
            let better = self.misallocation(&other) < self.misallocation(&positions);
            if better && self.cash_after(&other) >= self.least_cash {
                positions = other;
            }
        }
        if self.cash_after(&positions) < self.least_cash {
            let held: Result<Vec<_>> = self.slots.iter().map(|it| it.candidate(it.held, self.costs)).collect();
            positions = held?;
        }
        let enough = self.cash_after(&positions) >= self.least_cash;
        Ok(enough.then(|| (positions.iter().map(|it| it.units).collect(), self.misallocation(&positions))))
    }

    /// Takes lots away, the smallest first, until there is cash enough or nothing to take.
    fn repair(&self, positions: &mut [Candidate]) -> Result<()> {
        let mut order: Vec<usize> = (0..positions.len()).collect();
        order.sort_by(|a, b| self.slots[*a].lot_value().total_cmp(&self.slots[*b].lot_value()));
        for i in order {
            // Twice, because the cost of the sale is not known before it.
            for _ in 0..2 {
                let shortage = self.least_cash - self.cash_after(positions);
                let fewer = self.slots[i].reduced(positions[i].units, shortage);
                if let (true, Some(units)) = (shortage > 0.0, fewer) {
                    positions[i] = self.slots[i].candidate(units, self.costs)?;
                }
            }
        }
        Ok(())
    }

    fn infeasible(&self) -> Error {
        let reason = format!("no orders leave the least cash of {}; cash is {}", self.least_cash, self.cash);
        Error::Infeasible { what: "the plan in whole lots", reason }
    }
}

/// Depth first, expensive lots first, positions from the ideal outward.
#[derive(Debug)]
struct Search<'a> {
    lots: &'a Lots<'a>,
    order: Vec<usize>,
    /// Least deviation and cost of this place in the order and all after it.
    rest_least: Vec<f64>,
    /// Cash those take when each is exactly ideal.
    rest_paid: Vec<f64>,
    chosen: Vec<Candidate>,
    best: Option<Vec<f64>>,
    misallocation: f64,
    /// The least bound of what the node limit left unvisited.
    open: f64,
    nodes: usize,
    limit: usize,
}

/// What the positions chosen so far add up to.
#[derive(Debug)]
struct SoFar {
    deviation: f64,
    costs: f64,
    /// Cash before costs.
    cash: f64,
}

impl<'a> Search<'a> {
    fn new(lots: &'a Lots<'a>, least: Vec<f64>, started: Option<(Vec<f64>, f64)>, limit: usize) -> Result<Self> {
        let n = lots.slots.len();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|a, b| lots.slots[*b].lot_value().total_cmp(&lots.slots[*a].lot_value()));
        let (best, misallocation) = started.map_or((None, f64::INFINITY), |(units, off)| (Some(units), off));
        let (mut rest_least, mut rest_paid) = (vec![0.0; n + 1], vec![0.0; n + 1]);
        for place in (0..n).rev() {
            let slot = &lots.slots[order[place]];
            rest_least[place] = rest_least[place + 1] + least[order[place]];
            rest_paid[place] = rest_paid[place + 1] + slot.ideal - slot.instrument.value_of(slot.held);
        }
        let chosen = vec![Candidate { units: 0.0, deviation: 0.0, paid: 0.0, cost: CostBreakdown::default() }; n];
        let open = f64::INFINITY;
        Ok(Self { lots, order, rest_least, rest_paid, chosen, best, misallocation, open, nodes: 0, limit })
    }

    /// The least misallocation of what follows from this place.
    ///
    /// Each deviation after it changes cash by as much. So cash that would be off by g with all the rest ideal stays
    /// off by g, or is brought back by deviations of g in all; and so does cash below the least.
    fn bound(&self, place: usize, so_far: &SoFar) -> f64 {
        let ideal = so_far.cash - self.rest_paid[place];
        let off = (ideal - self.lots.ideal_cash).abs();
        let missing = self.lots.least_cash - (ideal - so_far.costs);
        so_far.deviation + so_far.costs + self.rest_least[place].max(off).max(missing)
    }

    fn visit(&mut self, place: usize, so_far: &SoFar) -> Result<()> {
        let Some(&index) = self.order.get(place) else { return self.leaf() };
        let lots = self.lots;
        let slot = &lots.slots[index];
        for units in slot.outward() {
            let candidate = slot.candidate(units, lots.costs)?;
            let next = SoFar {
                deviation: so_far.deviation + candidate.deviation,
                costs: so_far.costs + candidate.cost.total,
                cash: so_far.cash - candidate.paid,
            };
            // The positions that follow deviate more still.
            let least = next.deviation + so_far.costs + self.rest_least[place + 1];
            if least >= self.misallocation {
                break;
            }
            if self.nodes >= self.limit {
                self.open = self.open.min(least.max(self.bound(place, so_far)));
                break;
            }
            self.nodes += 1;
            if self.bound(place + 1, &next) < self.misallocation {
                self.chosen[index] = candidate;
                self.visit(place + 1, &next)?;
            }
        }
        Ok(())
    }

    fn leaf(&mut self) -> Result<()> {
        let off = self.lots.misallocation(&self.chosen);
        if off < self.misallocation && self.lots.cash_after(&self.chosen) >= self.lots.least_cash {
            self.misallocation = off;
            self.best = Some(self.chosen.iter().map(|it| it.units).collect());
        }
        Ok(())
    }

    fn finish(self) -> Option<Rounded> {
        let bound = self.open.min(self.misallocation);
        let (misallocation, nodes) = (self.misallocation, self.nodes);
        self.best.map(|units| Rounded { units, misallocation, bound, nodes })
    }
}

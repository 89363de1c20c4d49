//! The wash sale rule, replayed over the trades of an account.

use alluse_risk_core::AssetId;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::choice::LotChoice;
use super::lot::{LongTermRule, TaxLot, TaxLots, realize};
use super::report::{ReplacedLot, SaleReport, TaxReport, WashSale};
use crate::rebalance::check::{element, positive};
use crate::rebalance::{Order, Plan, Side};
use crate::{Error, Result};

/// A purchase or a sale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaxTrade {
    /// The trade date.
    pub date: Date,
    /// What.
    pub asset: AssetId,
    /// Units, negative for a sale.
    pub units: f64,
    /// Currency per unit, costs and any multiplier included.
    pub unit_price: f64,
}

impl TaxTrade {
    /// A trade; the replay checks its numbers.
    ///
    /// # Errors
    /// [`Error::Input`] for an empty name.
    pub fn new(date: Date, asset: impl Into<String>, units: f64, unit_price: f64) -> Result<Self> {
        Ok(Self { date, asset: AssetId::new(asset)?, units, unit_price })
    }

    /// The orders of a plan filled on this day, costs in the price of a unit: added to a purchase, taken off a sale.
    ///
    /// Replayed after the trades of the account so far, they show the gains and wash sales that the plan would bring.
    #[must_use]
    pub fn of_plan(plan: &Plan, date: Date) -> Vec<Self> {
        let trade = |order: &Order| {
            let (units, paid) = match order.side {
                Side::Buy => (order.units, order.value + order.cost.total),
                Side::Sell => (-order.units, order.value - order.cost.total),
            };
            Self { date, asset: order.asset.clone(), units, unit_price: paid / order.units }
        };
        plan.orders.iter().map(trade).collect()
    }
}

/// Something whose purchase replaces another asset: a substantially identical security, or a contract or option to
/// acquire it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubstantiallyIdentical {
    /// What is bought.
    pub asset: AssetId,
    /// What it stands for.
    pub same_as: AssetId,
    /// Units of that behind one unit of it: 100 for an option on 100 shares.
    pub units_each: f64,
}

/// The US wash sale rule: a loss does not count as far as the asset, or something substantially identical, is bought
/// from 30 days before to 30 days after the sale. It is added to the basis of what was bought, whose holding period
/// takes over that of what was sold.
///
/// - Replacements are matched in the order they were bought, and each unit replaces one unit once.
/// - What is left of a purchase after part of it is sold replaces nothing (Revenue Ruling 56-602).
/// - Days are calendar days between trade dates. One account is looked at; a purchase in another, such as a spouse's or
///   a retirement account, has to be among the trades to be seen.
/// - A sale of more than is held is refused: short sales have rules of their own.
///
/// What is substantially identical is for the user to say. This is bookkeeping, not tax advice.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `choice` | | which lots a sale takes; [`LotChoice::Specific`] is refused, it fits one sale only |
/// | `long_term` | more than one year | |
/// | `identical` | none | what else counts as the same |
///
/// # Source
/// IRC §1091; Treas. Reg. §1.1091-1 and -2; IRS Publication 550, "Wash Sales".
///
/// # Examples
/// ```
/// use alluse_optimizer::rebalance::{LotChoice, TaxTrade, Term, WashSaleRule};
/// use jiff::civil::date;
///
/// // Publication 550: 100 shares for $1,000, sold for $750, bought back within 30 days for $800.
/// let trades = [
///     TaxTrade::new(date(2024, 1, 10), "X", 100.0, 10.0)?,
///     TaxTrade::new(date(2024, 6, 3), "X", -100.0, 7.5)?,
///     TaxTrade::new(date(2024, 6, 20), "X", 100.0, 8.0)?,
/// ];
/// let report = WashSaleRule::new(LotChoice::Fifo).replay(&trades)?;
/// assert_eq!(report.recognized(Term::Short), 0.0);
/// assert_eq!(report.wash_sales[0].disallowed, 250.0);
/// assert_eq!(report.lots.values().next().unwrap().basis(), 1_050.0);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WashSaleRule {
    choice: LotChoice,
    #[serde(default)]
    long_term: LongTermRule,
    #[serde(default)]
    identical: Vec<SubstantiallyIdentical>,
}

/// Days before and after a sale.
const WINDOW: i32 = 30;

impl WashSaleRule {
    /// With nothing else substantially identical.
    #[must_use]
    pub fn new(choice: LotChoice) -> Self {
        Self { choice, long_term: LongTermRule::default(), identical: Vec::new() }
    }

    /// With another rule for long-term gains.
    #[must_use]
    pub fn with_long_term(mut self, rule: LongTermRule) -> Self {
        self.long_term = rule;
        self
    }

    /// With purchases of `asset` replacing `units_each` units of `same_as` each, and the other way round.
    ///
    /// # Errors
    /// [`Error::Input`] for an empty name or units that are not positive; [`Error::Invalid`] for an asset that stands
    /// for itself, is declared twice, or stands for one that stands for a third.
    pub fn with_identical(
        mut self,
        asset: impl Into<String>,
        same_as: impl Into<String>,
        units_each: f64,
    ) -> Result<Self> {
        let (asset, same_as) = (AssetId::new(asset)?, AssetId::new(same_as)?);
        self.identical.push(SubstantiallyIdentical { asset, same_as, units_each });
        self.check()?;
        Ok(self)
    }

    fn check(&self) -> Result<()> {
        for (index, it) in self.identical.iter().enumerate() {
            positive("units each", it.units_each)?;
            let others = self.identical.iter().enumerate().filter(|(other, _)| *other != index);
            let clash =
                others.map(|(_, other)| other).find(|other| other.asset == it.asset || other.asset == it.same_as);
            if it.asset == it.same_as || clash.is_some() {
                let reason = format!("{} for {} is circular, repeated or a chain", it.asset, it.same_as);
                return Err(Error::invalid("substantially identical", reason));
            }
        }
        if matches!(self.choice, LotChoice::Specific(_)) {
            return Err(Error::Unsupported { what: "specific lots for all sales of an account".to_owned() });
        }
        Ok(())
    }

    /// What the trades realise, and which losses do not count.
    ///
    /// The trades are those of an account from its first purchase on, in order of date; those of a day in the order
    /// they were made.
    ///
    /// # Errors
    /// [`Error::Input`] for units of zero, numbers that are not finite and a purchase below zero, [`Error::Invalid`] for dates out of order
    /// and sales of more than is held, [`Error::Unsupported`] for [`LotChoice::Specific`].
    pub fn replay(&self, trades: &[TaxTrade]) -> Result<TaxReport> {
        self.check()?;
        let mut account = Account { rule: self, open: Vec::new(), losses: Vec::new(), report: TaxReport::default() };
        for (index, trade) in trades.iter().enumerate() {
            let units = trade.units;
            element(units != 0.0 && units.is_finite(), "trade units", index, "finite and not zero", units)?;
            let price = trade.unit_price;
            element(price.is_finite(), "unit prices", index, "finite", price)?;
            if index.checked_sub(1).and_then(|last| trades.get(last)).is_some_and(|last| last.date > trade.date) {
                return Err(Error::invalid(format!("trade {index}"), format!("{} is out of order", trade.date)));
            }
            if units > 0.0 { account.buy(index, trade)? } else { account.sell(index, trade)? }
        }
        Ok(account.closed())
    }

    /// What an asset stands for, and how many units of it.
    fn stands_for<'a>(&'a self, asset: &'a AssetId) -> (&'a AssetId, f64) {
        let declared = self.identical.iter().find(|it| it.asset == *asset);
        declared.map_or((asset, 1.0), |it| (&it.same_as, it.units_each))
    }
}

/// A lot that is still held.
#[derive(Debug, Clone)]
struct OpenLot {
    asset: AssetId,
    trade: usize,
    lot: TaxLot,
    /// Whether it replaced units sold already.
    replaces: bool,
}

/// A loss of which some units are not replaced so far.
#[derive(Debug, Clone)]
struct Loss {
    sale: usize,
    line: usize,
    sold: AssetId,
    date: Date,
    lot: TaxLot,
    /// The trade that had bought what was sold.
    bought: usize,
    loss_per_unit: f64,
    /// Units sold that are not replaced.
    left: f64,
    term: super::Term,
}

struct Account<'a> {
    rule: &'a WashSaleRule,
    open: Vec<OpenLot>,
    losses: Vec<Loss>,
    report: TaxReport,
}

impl Account<'_> {
    fn buy(&mut self, trade: usize, it: &TaxTrade) -> Result<()> {
        let lot = TaxLot::new(it.date, it.units, it.unit_price)?;
        self.open.push(OpenLot { asset: it.asset.clone(), trade, lot, replaces: false });
        self.match_all()
    }

    fn sell(&mut self, trade: usize, it: &TaxTrade) -> Result<()> {
        let places: Vec<usize> = (0..self.open.len()).filter(|&i| self.open[i].asset == it.asset).collect();
        let lots: Vec<&TaxLot> = places.iter().map(|&i| &self.open[i].lot).collect();
        let (units, rule) = (-it.units, self.rule.long_term);
        let taken = self.rule.choice.take(&lots, it.date, units, it.unit_price, rule)?;
        let mut realized = Vec::new();
        let mut emptied = Vec::new();
        for (index, units) in taken {
            let place = places[index];
            let held = &mut self.open[place];
            let Some(sold) = held.lot.resized(units) else { continue };
            match held.lot.resized(held.lot.units() - units) {
                Some(rest) => held.lot = rest,
                None => emptied.push(place),
            }
            let line = realize(sold, it.date, it.unit_price, rule);
            let loss_per_unit = line.lot.unit_cost() - it.unit_price;
            if loss_per_unit > 0.0 {
                self.losses.push(Loss {
                    sale: trade,
                    line: realized.len(),
                    sold: it.asset.clone(),
                    date: it.date,
                    lot: line.lot.clone(),
                    bought: held.trade,
                    loss_per_unit,
                    left: units,
                    term: line.term,
                });
            }
            realized.push(line);
        }
        emptied.sort_unstable();
        for place in emptied.into_iter().rev() {
            self.open.remove(place);
        }
        self.report.sales.push(SaleReport { trade, asset: it.asset.clone(), realized });
        self.match_all()
    }

    /// Matches losses, first sold first, with lots in the window, first bought first.
    fn match_all(&mut self) -> Result<()> {
        self.open.sort_by_key(|it| it.trade);
        for index in 0..self.losses.len() {
            let mut place = 0;
            while self.losses[index].left > 0.0 && place < self.open.len() {
                if self.replaces(&self.losses[index], &self.open[place]) {
                    self.replace(index, place)?;
                }
                place += 1;
            }
        }
        self.losses.retain(|loss| loss.left > 0.0);
        Ok(())
    }

    fn replaces(&self, loss: &Loss, lot: &OpenLot) -> bool {
        let same = self.rule.stands_for(&loss.sold).0 == self.rule.stands_for(&lot.asset).0;
        let window = WINDOW.days();
        let from = loss.date.saturating_sub(window);
        let to = loss.date.saturating_add(window);
        let inside = from <= lot.lot.opened() && lot.lot.opened() <= to;
        same && inside && !lot.replaces && lot.trade != loss.bought
    }

    /// Moves the loss of as many units as a lot can replace into that lot, split where it replaces only in part.
    fn replace(&mut self, index: usize, place: usize) -> Result<()> {
        let (loss, open) = (&self.losses[index], &self.open[place]);
        // One unit sold is as many units of the lot as stand for it.
        let each = self.rule.stands_for(&loss.sold).1 / self.rule.stands_for(&open.asset).1;
        let wanted = loss.left * each;
        let whole = wanted >= open.lot.units() * (1.0 - 1e-12);
        let units = if whole { open.lot.units() } else { wanted };
        let sold = if units >= wanted * (1.0 - 1e-12) { loss.left } else { units / each };
        let disallowed = sold * loss.loss_per_unit;
        let held = loss
            .date
            .since(loss.lot.held_since())
            .map_err(|error| Error::Numerical { method: "holding period", reason: error.to_string() })?;
        let held_since = open.lot.opened().saturating_sub(held);
        let Some(part) = open.lot.resized(units) else { return Ok(()) };
        self.report.wash_sales.push(WashSale {
            sale: loss.sale,
            line: loss.line,
            units: sold,
            disallowed,
            term: loss.term,
            replacement: ReplacedLot {
                asset: open.asset.clone(),
                trade: open.trade,
                units,
                basis_added: disallowed,
                held_since_before: open.lot.held_since(),
                held_since,
            },
        });
        let replaced = OpenLot { lot: part.adjusted(disallowed / units, held_since), replaces: true, ..open.clone() };
        let rest = if whole { None } else { open.lot.resized(open.lot.units() - units) };
        let rest = rest.map(|lot| OpenLot { lot, ..open.clone() });
        self.losses[index].left -= sold;
        self.open.splice(place..=place, [replaced].into_iter().chain(rest));
        Ok(())
    }

    fn closed(mut self) -> TaxReport {
        for it in self.open {
            let lots = self.report.lots.remove(&it.asset).unwrap_or_default();
            let lots = lots.lots().iter().cloned().chain([it.lot]).collect();
            self.report.lots.insert(it.asset, TaxLots::new(lots));
        }
        self.report
    }
}

//! One day of a book: every position from one close to the next.

use std::collections::BTreeMap;

use alluse_instruments::{Book, Error as Priced, Instrument, MarketSnapshot, Position, year_fraction};
use alluse_risk_core::{Coverage, Currency, RowId, Status};

use super::effects::{Effects, Explained};
use super::integrate::explain_unit;
use super::pricer::Pricer;
use super::{ExplainDay, ExplainMethod, Flow, FlowKind};
use crate::{Error, Result, check};

/// All that happened to one position on a day.
#[derive(Debug, Default)]
pub(super) struct Line<'a> {
    open: Option<(usize, &'a Position)>,
    close: Option<(usize, &'a Position)>,
    flows: Vec<&'a Flow>,
}

/// The lines of a day by the names of the positions.
pub(super) struct Day<'a> {
    open: &'a Book,
    close: &'a ExplainDay,
    pub(super) lines: BTreeMap<RowId, Line<'a>>,
}

impl<'a> Day<'a> {
    /// # Errors
    /// For dates that do not increase, bases that differ, bad flows, and quantities that the trades do not explain.
    pub(super) fn new(open: &'a Book, close: &'a ExplainDay) -> Result<Self> {
        let (before, after) = (open.market(), close.book.market());
        if after.as_of() <= before.as_of() {
            let reason = format!("the close of {} does not come after that of {}", after.as_of(), before.as_of());
            return Err(Error::invalid("days to explain", reason));
        }
        if after.base() != before.base() {
            let reason = format!("{} becomes {} on {}", before.base(), after.base(), after.as_of());
            return Err(Error::invalid("base currency", reason));
        }
        let mut lines: BTreeMap<RowId, Line<'a>> = BTreeMap::new();
        for (row, position) in open.positions().iter().enumerate() {
            lines.entry(position.id.clone()).or_default().open = Some((row, position));
        }
        for (row, position) in close.book.positions().iter().enumerate() {
            lines.entry(position.id.clone()).or_default().close = Some((row, position));
        }
        for (index, flow) in close.flows.iter().enumerate() {
            check_flow(flow, index)?;
            lines.entry(flow.position.clone()).or_default().flows.push(flow);
        }
        let day = Self { open, close, lines };
        for (id, line) in &day.lines {
            line.reconcile()
                .map_err(|reason| Error::invalid(format!("position {:?} on {}", id.as_str(), after.as_of()), reason))?;
        }
        Ok(day)
    }

    fn markets(&self) -> (&MarketSnapshot, &MarketSnapshot) {
        (self.open.market(), self.close.book.market())
    }

    /// What the position earned and why, or why that is not known.
    pub(super) fn outcome(&self, line: &Line<'_>, method: ExplainMethod) -> Status<Explained> {
        let finite = |explained: Explained| check::result("P&L of a position", explained.actual).map(|_| explained);
        match self.explain(line, method).and_then(finite) {
            Ok(explained) => Status::Known(explained),
            Err(error) => Status::Unknown { kind: error.kind(), reason: error.to_string() },
        }
    }

    fn explain(&self, line: &Line<'_>, method: ExplainMethod) -> Result<Explained> {
        let (before, after) = self.markets();
        let mut explained = match line.open {
            Some((_, position)) => {
                let unit = unit(&position.instrument, before, after, method)?;
                let units = position.units();
                Explained { actual: units * unit.actual, effects: unit.effects.scaled(units), residual: 0.0 }
            }
            None => Explained::default(),
        };
        let mut others = Effects::default();
        for flow in &line.flows {
            match &flow.kind {
                FlowKind::Trade { instrument, quantity, price } => {
                    let units = quantity * multiplier(instrument);
                    others.trading +=
                        units * (mark(instrument, before, after)? - price) * fx(after, currency(after, instrument))?;
                }
                FlowKind::Dividend { currency, amount } => others.dividends += amount * fx(after, currency)?,
                FlowKind::Interest { currency, amount } => others.interest += amount * fx(after, currency)?,
                FlowKind::Cost { currency, amount } => others.costs -= amount * fx(after, currency)?,
            }
        }
        explained.actual += others.total();
        explained.effects += others;
        Ok(Explained::new(explained.actual, explained.effects))
    }

    /// What part of the day the position is.
    pub(super) fn coverage(&self, line: &Line<'_>, known: bool) -> Coverage {
        let notional = match (line.open, line.close) {
            (Some((_, position)), _) => self.open.gross_notional(position),
            (None, Some((_, position))) => self.close.book.gross_notional(position),
            (None, None) => Some(0.0),
        };
        match (known, notional) {
            (true, Some(notional)) => Coverage::complete(1, notional),
            (_, notional) => Coverage::missing(1, notional),
        }
    }

    /// The label of a position on an axis: of the close, of the opening, or of its flows.
    pub(super) fn label(&self, line: &Line<'_>, axis: &str) -> Option<String> {
        let of = |book: &Book, row: usize| book.labels().label(row, axis).ok().flatten().map(ToOwned::to_owned);
        let closing = line.close.and_then(|(row, _)| of(&self.close.book, row));
        closing
            .or_else(|| line.open.and_then(|(row, _)| of(self.open, row)))
            .or_else(|| line.flows.iter().rev().find_map(|flow| flow.labels.get(axis).cloned()))
    }

    /// Names of all axes in use.
    pub(super) fn axes(&self) -> impl Iterator<Item = String> {
        let flows = self.close.flows.iter().flat_map(|flow| flow.labels.keys().map(String::as_str));
        self.open.labels().axes().chain(self.close.book.labels().axes()).chain(flows).map(ToOwned::to_owned)
    }

    /// Money that came from outside: the change of cash that neither trades nor income nor costs made.
    pub(super) fn external_flows(&self) -> Result<f64> {
        let (_, after) = self.markets();
        let mut sum = 0.0;
        for line in self.lines.values() {
            let cash = |side: Option<(usize, &Position)>| match side {
                Some((_, Position { instrument: Instrument::Cash { .. }, quantity, .. })) => *quantity,
                _ => 0.0,
            };
            let change = cash(line.close) - cash(line.open);
            if let Some(Instrument::Cash { currency }) = line.instrument() {
                sum += change * fx(after, currency)?;
            }
            for flow in &line.flows {
                sum -= match &flow.kind {
                    FlowKind::Trade { instrument, quantity, price } => {
                        -quantity * multiplier(instrument) * price * fx(after, currency(after, instrument))?
                    }
                    FlowKind::Dividend { currency, amount } | FlowKind::Interest { currency, amount } => {
                        amount * fx(after, currency)?
                    }
                    FlowKind::Cost { currency, amount } => -amount * fx(after, currency)?,
                };
            }
        }
        Ok(sum)
    }
}

impl Line<'_> {
    /// What is, was or has been traded.
    pub(super) fn instrument(&self) -> Option<&Instrument> {
        let traded = self.flows.iter().find_map(|flow| match &flow.kind {
            FlowKind::Trade { instrument, .. } => Some(instrument),
            _ => None,
        });
        self.close.or(self.open).map(|(_, position)| &position.instrument).or(traded)
    }

    /// Quantities must follow from trades, and one name must mean one instrument.
    fn reconcile(&self) -> std::result::Result<(), String> {
        let Some(instrument) = self.instrument() else { return Ok(()) };
        let held = |side: Option<(usize, &Position)>| side.map_or(0.0, |(_, position)| position.quantity);
        let (open, close) = (held(self.open), held(self.close));
        let (mut traded, mut largest) = (0.0, open.abs().max(close.abs()));
        for side in [self.open, self.close].into_iter().flatten() {
            if side.1.instrument != *instrument {
                return Err(format!("it is {} and {instrument} at once", side.1.instrument));
            }
        }
        for flow in &self.flows {
            let FlowKind::Trade { instrument: other, quantity, .. } = &flow.kind else { continue };
            if other != instrument {
                return Err(format!("it is {instrument}, the trade is in {other}"));
            }
            traded += quantity;
            largest = f64::max(largest, traded.abs());
        }
        let cash = matches!(instrument, Instrument::Cash { .. });
        if !cash && (open + traded - close).abs() > 1e-9 * largest {
            return Err(format!("{open} held, {traded} traded, but {close} at the close"));
        }
        Ok(())
    }
}

fn check_flow(flow: &Flow, index: usize) -> Result<()> {
    let what = || format!("flow {index} of position {:?}", flow.position.as_str());
    let refuse = |name: &str, expected: &str, value: f64| {
        Err(Error::invalid(what(), format!("{name} must be {expected}, got {value}")))
    };
    match &flow.kind {
        FlowKind::Trade { instrument: Instrument::Cash { currency }, .. } => {
            Err(Error::invalid(what(), format!("a trade is in shares or options, not in {currency} cash")))
        }
        FlowKind::Trade { quantity, .. } if !quantity.is_finite() => refuse("quantity", "finite", *quantity),
        FlowKind::Trade { price, .. } if !(*price >= 0.0 && price.is_finite()) => {
            refuse("price", "at least 0 and finite", *price)
        }
        FlowKind::Trade { .. } => Ok(()),
        FlowKind::Dividend { amount, .. } | FlowKind::Interest { amount, .. } if !amount.is_finite() => {
            refuse("amount", "finite", *amount)
        }
        FlowKind::Cost { amount, .. } if !(*amount >= 0.0 && amount.is_finite()) => {
            refuse("cost", "at least 0 and finite", *amount)
        }
        FlowKind::Dividend { .. } | FlowKind::Interest { .. } | FlowKind::Cost { .. } => Ok(()),
    }
}

/// What one unit that is held earned from close to close.
fn unit(
    instrument: &Instrument,
    before: &MarketSnapshot,
    after: &MarketSnapshot,
    method: ExplainMethod,
) -> Result<Explained> {
    let (x0, x1) = (fx(before, currency(before, instrument))?, fx(after, currency(after, instrument))?);
    let (p0, p1) = match instrument {
        Instrument::Cash { .. } => (1.0, 1.0),
        Instrument::Share { .. } => (share_price(before, instrument)?, share_price(after, instrument)?),
        Instrument::Option(contract) => return explain_unit(&Pricer::new(contract, before, after)?, method),
    };
    // The straight path of price and currency, integrated: exact.
    let effects = Effects { delta: 0.5 * (x0 + x1) * (p1 - p0), fx: 0.5 * (p0 + p1) * (x1 - x0), ..Effects::default() };
    Ok(Explained::new(p1 * x1 - p0 * x0, effects))
}

/// The closing price of one unit in its own currency; of an option that has ended, what it ended at.
fn mark(instrument: &Instrument, before: &MarketSnapshot, after: &MarketSnapshot) -> Result<f64> {
    match instrument {
        Instrument::Cash { .. } => Ok(1.0),
        Instrument::Share { .. } => share_price(after, instrument),
        Instrument::Option(contract) => {
            if contract.expiry() <= after.as_of() {
                let whole = year_fraction(before.as_of(), after.as_of());
                let reached = (year_fraction(before.as_of(), contract.expiry()) / whole).clamp(0.0, 1.0);
                let spot = |market: &MarketSnapshot| {
                    let (what, name) = ("price", contract.underlying().to_string());
                    market.spot(contract.underlying()).ok_or(Priced::MissingQuote { what, name })
                };
                let end = spot(after)?;
                let at_expiry = if reached < 1.0 { spot(before)? + reached * (end - spot(before)?) } else { end };
                return Ok(contract.intrinsic(at_expiry));
            }
            let at_close = Pricer::standing(contract, after)?;
            at_close.value(&at_close.at(0.0))
        }
    }
}

fn share_price(market: &MarketSnapshot, instrument: &Instrument) -> Result<f64> {
    let (what, name) = ("price", instrument.to_string());
    let spot = instrument.underlying().and_then(|asset| market.spot(asset));
    Ok(spot.ok_or(Priced::MissingQuote { what, name })?)
}

pub(super) fn currency<'a>(market: &'a MarketSnapshot, instrument: &'a Instrument) -> &'a Currency {
    match instrument {
        Instrument::Cash { currency } => currency,
        Instrument::Share { asset } => market.quote_currency(asset),
        Instrument::Option(contract) => market.quote_currency(contract.underlying()),
    }
}

pub(super) fn fx(market: &MarketSnapshot, currency: &Currency) -> Result<f64> {
    let (what, name) = ("price", currency.to_string());
    Ok(market.fx(currency).ok_or(Priced::MissingQuote { what, name })?)
}

pub(super) fn multiplier(instrument: &Instrument) -> f64 {
    match instrument {
        Instrument::Option(contract) => contract.multiplier().units(),
        Instrument::Cash { .. } | Instrument::Share { .. } => 1.0,
    }
}

/// Market value of what could be valued.
pub(super) fn value(book: &Book) -> (f64, Coverage) {
    let (exposure, coverage) = book.exposure();
    (exposure.market_value, coverage)
}

//! From an action to the changes that it makes, with every check before the first change.

use std::fmt::Display;

use alluse_risk_core::AssetId;
use jiff::civil::Date;

use super::event::{Action, Event, OptionTrade, Settlement};
use super::fault::LedgerFault;
use super::holding::{PositionKey, matches, multiplier};
use super::{CashMove, CashPurpose, Conversion, Ledger, Move, MoveKind};
use crate::pricing::{ExerciseStyle, OptionKind};
use crate::{Instrument, Multiplier, OptionContract};

type Checked<T = ()> = Result<T, LedgerFault>;

/// Changes that have passed the checks and are not made yet.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) steps: Vec<Step>,
    pub(super) cash: Vec<CashMove>,
}

#[derive(Debug)]
pub(super) enum Step {
    /// A change of one position, with the instrument whose labels the new position carries on.
    Trade(Move, Option<Instrument>),
    /// What leaves one account and arrives in the other.
    Transfer(Move, String),
    /// A position in other units: factors of quantity and price.
    Convert(Conversion, f64),
}

/// The changes that an event makes.
pub(super) fn draft(ledger: &Ledger, event: &Event) -> Checked<Draft> {
    let mut booking = Booking { ledger, event, draft: Draft::default() };
    booking.names()?;
    booking.action()?;
    Ok(booking.draft)
}

struct Booking<'a> {
    ledger: &'a Ledger,
    event: &'a Event,
    draft: Draft,
}

impl Booking<'_> {
    fn names(&self) -> Checked {
        let event = self.event;
        not_blank("account", &event.account)?;
        event.group.as_deref().map_or(Ok(()), |group| not_blank("group", group))?;
        for (axis, label) in &event.labels {
            not_blank("axis of a label", axis)?;
            not_blank("label", label)?;
            if axis == "account" || axis == "group" || label == "unlabelled" {
                return Err(LedgerFault::Reserved { axis: axis.clone(), label: label.clone() });
            }
        }
        match self.ledger.last_date() {
            Some(previous) if event.date < previous => Err(LedgerFault::OutOfOrder { date: event.date, previous }),
            _ => Ok(()),
        }
    }

    fn action(&mut self) -> Checked {
        match &self.event.action {
            Action::Trade { instrument, quantity, price, fees } => self.trade(instrument, *quantity, *price, *fees),
            Action::Deposit { amount } => self.flow(*amount, 1.0),
            Action::Withdrawal { amount } => self.flow(*amount, -1.0),
            Action::Transfer { to, amount } => self.transfer(to, *amount),
            Action::TransferPosition { to, instrument, quantity, price } => {
                self.transfer_position(to, instrument, *quantity, *price)
            }
            Action::Dividend { asset, amount } => self.income(CashPurpose::Dividend, "dividend", asset, *amount),
            Action::Interest { amount } => {
                self.income(CashPurpose::Interest, "interest", &self.ledger.config().currency, *amount)
            }
            Action::Fee { amount } => {
                positive("fee", &self.event.account, *amount)?;
                self.fees(*amount)
            }
            Action::Expiry { contract, settlement } => self.expiry(contract, *settlement),
            Action::Exercise { contract, contracts, spot, fees } => {
                self.deliver(contract, *contracts, 1.0, *spot, *fees)
            }
            Action::Assignment { contract, contracts, spot, fees } => {
                self.deliver(contract, *contracts, -1.0, *spot, *fees)
            }
            Action::CalledAway { contract, contracts, spot, fees } => {
                self.covered(contract, *contracts)?;
                self.deliver(contract, *contracts, -1.0, *spot, *fees)
            }
            Action::Roll { close, open, fees } => self.roll(close, open, *fees),
            Action::Split { asset, ratio } => self.split(asset, *ratio),
        }
    }

    fn trade(&mut self, instrument: &Instrument, quantity: f64, price: f64, fees: f64) -> Checked {
        if let Instrument::Cash { .. } = instrument {
            let expected = "something to trade: a share or an option";
            return Err(LedgerFault::WrongInstrument { instrument: instrument.to_string(), expected });
        }
        not_zero("quantity", instrument, quantity)?;
        not_negative("price", instrument, price)?;
        if let Instrument::Option(contract) = instrument {
            alive(contract, self.event.date)?;
        }
        self.step(instrument, quantity, (price, price), MoveKind::Trade, None);
        self.fees(fees)
    }

    fn flow(&mut self, amount: f64, direction: f64) -> Checked {
        positive("amount", &self.ledger.config().currency, amount)?;
        self.cash(direction * amount, CashPurpose::External);
        Ok(())
    }

    fn transfer(&mut self, to: &str, amount: f64) -> Checked {
        self.other_account(to)?;
        positive("amount", &self.ledger.config().currency, amount)?;
        self.cash(-amount, CashPurpose::Internal);
        let received = CashMove {
            account: to.to_owned(),
            group: self.event.group.clone(),
            amount,
            purpose: CashPurpose::Internal,
        };
        self.draft.cash.push(received);
        Ok(())
    }

    fn transfer_position(&mut self, to: &str, instrument: &Instrument, quantity: f64, price: f64) -> Checked {
        self.other_account(to)?;
        not_zero("quantity", instrument, quantity)?;
        not_negative("price", instrument, price)?;
        self.held_at_least(instrument, quantity)?;
        let leaving = self.make(instrument, -quantity, (price, price), MoveKind::Transfer);
        self.draft.steps.push(Step::Transfer(leaving, to.to_owned()));
        Ok(())
    }

    fn income(&mut self, purpose: CashPurpose, name: &'static str, of: &dyn Display, amount: f64) -> Checked {
        not_zero(name, of, amount)?;
        self.cash(amount, purpose);
        Ok(())
    }

    fn fees(&mut self, fees: f64) -> Checked {
        not_negative("fees", &self.event.account, fees)?;
        if fees > 0.0 {
            self.cash(-fees, CashPurpose::Fees);
        }
        Ok(())
    }

    fn expiry(&mut self, contract: &OptionContract, settlement: Settlement) -> Checked {
        ended(contract, self.event.date)?;
        let instrument = Instrument::Option(contract.clone());
        let held = self.held(&instrument);
        if held == 0.0 {
            return Err(LedgerFault::NotHeld { instrument: instrument.to_string(), asked: 1.0, held });
        }
        let value = match settlement {
            Settlement::Worthless => 0.0,
            Settlement::Cash { spot } => {
                not_negative("settlement price", contract.underlying(), spot)?;
                contract.intrinsic(spot)
            }
        };
        self.step(&instrument, -held, (value, value), MoveKind::Settlement, None);
        Ok(())
    }

    /// Shares change hands at the strike: for the holder of a long option (side 1) or by a short one (side −1).
    fn deliver(&mut self, contract: &OptionContract, contracts: f64, side: f64, spot: f64, fees: f64) -> Checked {
        positive("contracts", contract, contracts)?;
        positive("market price", contract.underlying(), spot)?;
        if contract.style() == ExerciseStyle::European {
            ended(contract, self.event.date)?;
        }
        let option = Instrument::Option(contract.clone());
        self.held_at_least(&option, side * contracts)?;
        let share = share_of(contract);
        let call = contract.kind().sign();
        let units = side * call * contracts * contract.multiplier().units();
        // Signed: whoever is assigned against the market's favour gains.
        let settled = call * (spot - contract.strike());
        self.step(&option, -side * contracts, (settled, 0.0), MoveKind::Settlement, None);
        self.step(&share, units, (spot, contract.strike()), MoveKind::Trade, Some(option));
        self.fees(fees)
    }

    fn covered(&self, contract: &OptionContract, contracts: f64) -> Checked {
        if contract.kind() != OptionKind::Call {
            let expected = "a call, and only calls take shares away";
            return Err(LedgerFault::WrongInstrument { instrument: contract.to_string(), expected });
        }
        positive("contracts", contract, contracts)?;
        self.held_at_least(&share_of(contract), contracts * contract.multiplier().units())
    }

    fn roll(&mut self, close: &OptionTrade, open: &OptionTrade, fees: f64) -> Checked {
        if self.event.group.is_none() {
            return Err(LedgerFault::NoGroup);
        }
        let closed = Instrument::Option(close.contract.clone());
        for side in [close, open] {
            not_zero("quantity", &side.contract, side.quantity)?;
            not_negative("price", &side.contract, side.price)?;
            alive(&side.contract, self.event.date)?;
        }
        self.held_at_least(&closed, -close.quantity)?;
        if close.quantity.signum() == open.quantity.signum() {
            return Err(LedgerFault::RollSides { closed: close.quantity, opened: open.quantity });
        }
        let opened = Instrument::Option(open.contract.clone());
        self.step(&closed, close.quantity, (close.price, close.price), MoveKind::Trade, None);
        self.step(&opened, open.quantity, (open.price, open.price), MoveKind::Trade, Some(closed));
        self.fees(fees)
    }

    fn split(&mut self, asset: &AssetId, ratio: f64) -> Checked {
        positive("ratio", asset, ratio)?;
        let affected = |instrument: &Instrument| match instrument {
            Instrument::Option(contract) => contract.underlying() == asset && contract.expiry() >= self.event.date,
            Instrument::Share { asset: held } => held == asset,
            Instrument::Cash { .. } => false,
        };
        let account = &self.event.account;
        let holdings = self.ledger.holdings().filter(|held| held.account == *account && affected(&held.instrument));
        let steps = holdings.map(|held| {
            let (to, quantity) = after_split(&held.instrument, ratio)?;
            let conversion = Conversion {
                account: held.account.clone(),
                group: held.group.clone(),
                from: held.instrument.clone(),
                to,
                ratio: quantity,
                realised: 0.0,
            };
            Ok(Step::Convert(conversion, ratio))
        });
        let steps = steps.collect::<Checked<Vec<_>>>()?;
        if steps.is_empty() {
            return Err(LedgerFault::NotHeld { instrument: asset.to_string(), asked: 1.0, held: 0.0 });
        }
        self.draft.steps = steps;
        Ok(())
    }

    fn held(&self, instrument: &Instrument) -> f64 {
        let key = PositionKey::new(&self.event.account, self.event.group.as_deref(), instrument);
        self.ledger.position(&key).map_or(0.0, |held| held.quantity)
    }

    /// `asked` with the sign of the side on which it must be held.
    fn held_at_least(&self, instrument: &Instrument, asked: f64) -> Checked {
        let held = self.held(instrument);
        if held * asked > 0.0 && (held.abs() >= asked.abs() || matches(held, asked)) {
            return Ok(());
        }
        Err(LedgerFault::NotHeld { instrument: instrument.to_string(), asked, held })
    }

    fn other_account(&self, to: &str) -> Checked {
        not_blank("receiving account", to)?;
        if to == self.event.account { Err(LedgerFault::SameAccount) } else { Ok(()) }
    }

    fn make(&self, instrument: &Instrument, quantity: f64, prices: (f64, f64), kind: MoveKind) -> Move {
        Move {
            account: self.event.account.clone(),
            group: self.event.group.clone(),
            instrument: instrument.clone(),
            quantity,
            price: prices.0,
            booked_price: prices.1,
            kind,
            realised: 0.0,
        }
    }

    /// A move with the cash that it brings.
    fn step(
        &mut self,
        instrument: &Instrument,
        quantity: f64,
        prices: (f64, f64),
        kind: MoveKind,
        inherits: Option<Instrument>,
    ) {
        let made = self.make(instrument, quantity, prices, kind);
        self.draft.steps.push(Step::Trade(made, inherits));
        let amount = -quantity * prices.1 * multiplier(instrument);
        if amount != 0.0 {
            self.cash(amount, CashPurpose::Trade);
        }
    }

    fn cash(&mut self, amount: f64, purpose: CashPurpose) {
        let (account, group) = (self.event.account.clone(), self.event.group.clone());
        self.draft.cash.push(CashMove { account, group, amount, purpose });
    }
}

fn share_of(contract: &OptionContract) -> Instrument {
    Instrument::Share { asset: contract.underlying().clone() }
}

/// What an instrument becomes, and how many of it one becomes.
fn after_split(instrument: &Instrument, ratio: f64) -> Checked<(Instrument, f64)> {
    let Instrument::Option(contract) = instrument else {
        return Ok((instrument.clone(), ratio));
    };
    let refused = |_| LedgerFault::Value {
        name: "ratio",
        instrument: contract.to_string(),
        expected: "small enough to leave a strike and a multiplier",
        value: ratio,
    };
    let whole = ratio.fract() == 0.0;
    let units = contract.multiplier().units();
    let multiplier = Multiplier::new(if whole { units } else { units * ratio }).map_err(refused)?;
    let (kind, style) = (contract.kind(), contract.style());
    let strike = contract.strike() / ratio;
    let adjusted =
        OptionContract::new(contract.underlying().as_str(), kind, style, strike, contract.expiry(), multiplier);
    Ok((Instrument::Option(adjusted.map_err(refused)?), if whole { ratio } else { 1.0 }))
}

fn alive(contract: &OptionContract, date: Date) -> Checked {
    if contract.expiry() >= date {
        return Ok(());
    }
    Err(LedgerFault::Expired { instrument: contract.to_string(), expiry: contract.expiry(), date })
}

fn ended(contract: &OptionContract, date: Date) -> Checked {
    if date >= contract.expiry() {
        return Ok(());
    }
    Err(LedgerFault::BeforeExpiry { instrument: contract.to_string(), expiry: contract.expiry(), date })
}

fn not_blank(name: &'static str, text: &str) -> Checked {
    if text.trim().is_empty() { Err(LedgerFault::Blank { name }) } else { Ok(()) }
}

fn positive(name: &'static str, of: &dyn Display, value: f64) -> Checked {
    within(name, of, "positive and finite", value, value > 0.0)
}

fn not_negative(name: &'static str, of: &dyn Display, value: f64) -> Checked {
    within(name, of, "not negative and finite", value, value >= 0.0)
}

fn not_zero(name: &'static str, of: &dyn Display, value: f64) -> Checked {
    within(name, of, "finite and not zero", value, value != 0.0)
}

fn within(name: &'static str, of: &dyn Display, expected: &'static str, value: f64, inside: bool) -> Checked {
    if inside && value.is_finite() {
        return Ok(());
    }
    Err(LedgerFault::Value { name, instrument: of.to_string(), expected, value })
}

//! Tests of the ledger as a whole.

mod accounting;
mod faults;
mod random;
mod wheels;

use jiff::civil::{Date, date};

use super::{Action, Event, Ledger, LedgerConfig, OptionTrade};
use crate::{Instrument, Multiplier, OptionContract};

fn day(day: i8) -> Date {
    date(2024, 3, day)
}

fn share(asset: &str) -> Instrument {
    Instrument::Share { asset: asset.to_owned().try_into().unwrap() }
}

fn put(strike: f64, expiry: Date) -> OptionContract {
    OptionContract::put("A", strike, expiry, Multiplier::EQUITY).unwrap()
}

fn call(strike: f64, expiry: Date) -> OptionContract {
    OptionContract::call("A", strike, expiry, Multiplier::EQUITY).unwrap()
}

fn option(contract: &OptionContract) -> Instrument {
    Instrument::Option(contract.clone())
}

fn trade(instrument: Instrument, quantity: f64, price: f64) -> Action {
    Action::Trade { instrument, quantity, price, fees: 0.0 }
}

fn sell(contract: &OptionContract, contracts: f64, price: f64) -> Action {
    trade(option(contract), -contracts, price)
}

fn assigned(contract: &OptionContract, contracts: f64, spot: f64) -> Action {
    Action::Assignment { contract: contract.clone(), contracts, spot, fees: 0.0 }
}

fn side(contract: &OptionContract, quantity: f64, price: f64) -> OptionTrade {
    OptionTrade { contract: contract.clone(), quantity, price }
}

/// A ledger of one account and group.
fn history(actions: impl IntoIterator<Item = (i8, Action)>) -> Ledger {
    let mut ledger = Ledger::new(LedgerConfig::default());
    for (on, action) in actions {
        ledger.apply(Event::new(day(on), "X", action).in_group("g")).unwrap();
    }
    ledger
}

use alluse_instruments::pricing::{BlackScholes, BlackScholesInputs, OptionKind};
use alluse_instruments::year_fraction;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::option_market::Day;
use crate::{Error, Result};

/// Where the premium of a sale comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PremiumSource {
    /// The model of Black, Scholes and Merton.
    Modelled,
    /// A quote that the caller gave.
    Quoted,
}

/// An option that was sold and what became of it, per unit of the index.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Roll {
    /// Day of the sale.
    pub date: Date,
    /// Day of the settlement.
    pub expiry: Date,
    /// Level of the index at the sale.
    pub spot: f64,
    /// Strike.
    pub strike: f64,
    /// Premium before costs.
    pub premium: f64,
    /// Its source.
    pub source: PremiumSource,
    /// What the option paid at expiry; `None` when the data end before.
    pub payoff: Option<f64>,
}

/// What secures the option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// A put, by bills that grow to the strike.
    Put,
    /// A call, by the index.
    Call,
}

impl Written {
    pub(super) fn kind(self) -> OptionKind {
        match self {
            Self::Put => OptionKind::Put,
            Self::Call => OptionKind::Call,
        }
    }
}

/// So many short options, each with its collateral.
#[derive(Debug, Clone, Copy)]
pub(super) struct Position {
    written: Written,
    quantity: f64,
    /// Bills, all together; 0 for covered calls.
    bills: f64,
    strike: f64,
    expiry: Date,
}

impl Position {
    /// Sells as many options as the capital secures, `premium` each after costs.
    ///
    /// ```text
    /// puts:  (capital + N premium) e^{rT} = N strike      the bills grow to the strike
    /// calls: capital + N premium = N spot                 the premium buys more of the index
    /// ```
    pub(super) fn open(
        written: Written,
        capital: f64,
        premium: f64,
        strike: f64,
        expiry: Date,
        day: Day,
    ) -> Result<Self> {
        let backing = match written {
            Written::Put => strike * (-day.rate * year_fraction(day.date, expiry)).exp(),
            Written::Call => day.spot,
        };
        let net = backing - premium;
        if !(net > 0.0 && net.is_finite()) {
            let reason = format!("on {} the premium of {premium} is no less than the {backing} behind it", day.date);
            return Err(Error::undefined("option writing", reason));
        }
        let quantity = capital / net;
        let bills = match written {
            Written::Put => capital + quantity * premium,
            Written::Call => 0.0,
        };
        Ok(Self { written, quantity, bills, strike, expiry })
    }

    pub(super) fn expiry(&self) -> Date {
        self.expiry
    }

    /// Interest, or dividends reinvested in the covered position, from one close to the next.
    pub(super) fn accrue(&mut self, from: Day, to: Day) -> Result<()> {
        let time = year_fraction(from.date, to.date);
        match self.written {
            Written::Put => self.bills *= (from.rate * time).exp(),
            Written::Call => {
                let dividend = from.spot * (from.dividend_yield * time).exp_m1();
                let unit = to.spot - self.option(to)?;
                if !(unit > 0.0) {
                    return Err(Error::undefined(
                        "option writing",
                        format!("a covered call is worth {unit} on {}", to.date),
                    ));
                }
                self.quantity *= 1.0 + dividend / unit;
            }
        }
        Ok(())
    }

    /// Value at a close; at expiry the settlement.
    pub(super) fn value(&self, day: Day) -> Result<f64> {
        let option = self.option(day)?;
        let value = match self.written {
            Written::Put => self.bills - self.quantity * option,
            Written::Call => self.quantity * (day.spot - option),
        };
        if value > 0.0 && value.is_finite() {
            Ok(value)
        } else {
            Err(Error::undefined("option writing", format!("the value on {} is {value}", day.date)))
        }
    }

    /// One option.
    fn option(&self, day: Day) -> Result<f64> {
        price(self.written.kind(), self.strike, self.expiry, day)
    }

    /// What one option pays.
    pub(super) fn payoff(&self, day: Day) -> f64 {
        self.written.kind().payoff(day.spot, self.strike)
    }
}

/// Price of one option in the model; the payoff at expiry.
pub(super) fn price(kind: OptionKind, strike: f64, expiry: Date, day: Day) -> Result<f64> {
    let model = BlackScholes::new(BlackScholesInputs {
        spot: day.spot,
        strike,
        time: year_fraction(day.date, expiry),
        volatility: day.volatility,
        rate: day.rate,
        dividend_yield: day.dividend_yield,
    })?;
    Ok(model.price(kind))
}

//! The programme itself: what is sold, what happens to it, what it is worth every day.

use alluse_quant::instruments::ledger::{
    Action, CashPolicy, Event, Ledger, LedgerConfig, Marks, Settlement, WheelState,
};
use alluse_quant::instruments::pricing::{
    BlackScholes, BlackScholesInputs, DeltaConvention, DeltaMarket, ExerciseStyle, OptionKind, strike_from_delta,
};
use alluse_quant::instruments::{Instrument, MarketSnapshot, Multiplier, OptionContract, year_fraction};
use alluse_quant::risk_core::AssetId;

use super::inputs::{Day, Inputs, Settings};
use crate::Result;

/// The account of the programme.
pub const ACCOUNT: &str = "programme";
/// Its history: put, index, call.
pub const GROUP: &str = "wheel";

/// What happened.
#[derive(Debug)]
pub struct Run {
    /// Every event.
    pub ledger: Ledger,
    /// Marks of every day.
    pub marks: Vec<Marks>,
    /// Value of every day.
    pub values: Vec<f64>,
    /// What was sold, in order.
    pub sales: Vec<Sale>,
}

/// An option that was sold.
#[derive(Debug, Clone, PartialEq)]
pub struct Sale {
    /// Put or call.
    pub kind: OptionKind,
    /// Premium received at mid.
    pub premium: f64,
    /// The strike over the index.
    pub moneyness: f64,
}

/// Runs the programme.
///
/// # Errors
/// When an option cannot be priced or the ledger refuses an event.
pub fn run(inputs: &Inputs, settings: &Settings) -> Result<Run> {
    let ledger = Ledger::new(LedgerConfig::default().with_cash(CashPolicy::NoBorrowing));
    let empty = Run { ledger, marks: Vec::new(), values: Vec::new(), sales: Vec::new() };
    let mut programme = Programme { asset: &inputs.asset, settings, open: None, run: empty };
    for (place, day) in inputs.days.iter().enumerate() {
        match place.checked_sub(1).and_then(|before| inputs.days.get(before)) {
            // Enough to secure one contract at the money.
            None => {
                let amount = Multiplier::EQUITY.units() * day.spot;
                programme.book(day, Action::Deposit { amount }, None)?;
            }
            Some(before) => programme.interest(before, day)?,
        }
        programme.end(day)?;
        if let Some(expiry) = day.sells_until {
            programme.sell(day, expiry)?;
        }
        let marks = programme.run.ledger.marks(&market(&inputs.asset, day)?)?;
        programme.run.values.push(programme.run.ledger.value(&marks)?);
        programme.run.marks.push(marks);
    }
    Ok(programme.run)
}

struct Programme<'a> {
    asset: &'a AssetId,
    settings: &'a Settings,
    open: Option<OptionContract>,
    run: Run,
}

impl Programme<'_> {
    fn book(&mut self, day: &Day, action: Action, group: Option<&str>) -> Result<()> {
        let event = Event::new(day.date, ACCOUNT, action);
        let event = match group {
            Some(group) => event.in_group(group).tagged("strategy", "weekly wheel"),
            None => event,
        };
        self.run.ledger.apply(event)?;
        Ok(())
    }

    fn interest(&mut self, before: &Day, day: &Day) -> Result<()> {
        let cash = self.run.ledger.cash_of(ACCOUNT).unwrap_or(0.0);
        let amount = cash * (before.rate * year_fraction(before.date, day.date)).exp_m1();
        if amount == 0.0 { Ok(()) } else { self.book(day, Action::Interest { amount }, None) }
    }

    /// What expires today is assigned when it is in the money.
    fn end(&mut self, day: &Day) -> Result<()> {
        let Some(contract) = self.open.take_if(|contract| contract.expiry() <= day.date) else { return Ok(()) };
        let contracts = self.held(&Instrument::Option(contract.clone())).abs();
        let (spot, fees) = (day.spot, 0.0);
        let action = if contract.intrinsic(spot) <= 0.0 {
            Action::Expiry { contract, settlement: Settlement::Worthless }
        } else if contract.kind() == OptionKind::Put {
            Action::Assignment { contract, contracts, spot, fees }
        } else {
            Action::CalledAway { contract, contracts, spot, fees }
        };
        self.book(day, action, Some(GROUP))
    }

    /// A call on the units that are held, or as many puts as the cash secures.
    fn sell(&mut self, day: &Day, expiry: jiff::civil::Date) -> Result<()> {
        let units = self.held(&Instrument::Share { asset: self.asset.clone() });
        let kind = if units > 0.0 { OptionKind::Call } else { OptionKind::Put };
        let time = year_fraction(day.date, expiry);
        let Day { spot, volatility, rate, .. } = *day;
        let market = DeltaMarket { spot, time, volatility, rate, dividend_yield: 0.0 };
        let delta = kind.sign() * self.settings.delta;
        let strike = strike_from_delta(&market, kind, delta, DeltaConvention::Spot)?;
        let inputs = BlackScholesInputs { spot, strike, time, volatility, rate, dividend_yield: 0.0 };
        let price = BlackScholes::new(inputs)?.price(kind);
        let style = ExerciseStyle::European;
        let contract = OptionContract::new(self.asset.as_str(), kind, style, strike, expiry, Multiplier::EQUITY)?;
        let size = Multiplier::EQUITY.units();
        let contracts = match kind {
            OptionKind::Call => units / size,
            OptionKind::Put => self.run.ledger.cash_of(ACCOUNT).unwrap_or(0.0) / (strike * size),
        };
        let premium = price * contracts * size;
        let fees = self.settings.half_spread * premium;
        let instrument = Instrument::Option(contract.clone());
        self.book(day, Action::Trade { instrument, quantity: -contracts, price, fees }, Some(GROUP))?;
        self.run.sales.push(Sale { kind, premium, moneyness: strike / spot });
        self.open = Some(contract);
        Ok(())
    }

    fn held(&self, instrument: &Instrument) -> f64 {
        self.run.ledger.holding(ACCOUNT, Some(GROUP), instrument).map_or(0.0, |held| held.quantity)
    }
}

/// The market at the close of a day.
///
/// # Errors
/// When a number of the day is not one that a market can have.
pub fn market(asset: &AssetId, day: &Day) -> Result<MarketSnapshot> {
    let asset = asset.as_str();
    let market = MarketSnapshot::usd(day.date).with_spot(asset, day.spot)?.with_volatility(asset, day.volatility)?;
    Ok(market.with_rate("USD", day.rate)?.with_dividend_yield(asset, 0.0)?)
}

/// What a state is called on the page.
#[must_use]
pub fn state_name(state: WheelState) -> &'static str {
    match state {
        WheelState::Flat => "flat",
        WheelState::CashSecured => "short put",
        WheelState::Assigned => "index held",
        WheelState::CoveredCall => "covered call",
        WheelState::CalledAway => "called away",
        WheelState::Other => "other",
    }
}

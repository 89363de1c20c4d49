//! The weekly option programme of the wheel example on the real index and its volatility index, 2014 to 2018: puts of
//! 30 delta sold on the whole cash, the index taken when assigned, calls sold on it until it is called away.

use std::collections::BTreeMap;
use std::path::PathBuf;

use alluse_instruments::ledger::{Action, CashPolicy, Event, Ledger, LedgerConfig, Marks, Settlement};
use alluse_instruments::pricing::{
    BlackScholes, BlackScholesInputs, DeltaConvention, DeltaMarket, ExerciseStyle, OptionKind, strike_from_delta,
};
use alluse_instruments::{Instrument, MarketSnapshot, Multiplier, OptionContract, year_fraction};
use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

const ACCOUNT: &str = "programme";
pub(crate) const GROUP: &str = "wheel";
const ASSET: &str = "SP500";
const DELTA: f64 = 0.30;
const HALF_SPREAD: f64 = 0.03;

#[derive(Debug, Clone, Copy)]
struct Day {
    date: Date,
    spot: f64,
    volatility: f64,
    rate: f64,
    sells_until: Option<Date>,
}

/// Events and the market of every day.
pub(crate) struct Programme {
    pub(crate) ledger: Ledger,
    pub(crate) markets: Vec<MarketSnapshot>,
    pub(crate) marks: Vec<Marks>,
}

pub(crate) fn run() -> Programme {
    let days = days();
    let ledger = Ledger::new(LedgerConfig::default().with_cash(CashPolicy::NoBorrowing));
    let mut running = Running { ledger, open: None };
    let (mut markets, mut marks) = (Vec::new(), Vec::new());
    for (place, day) in days.iter().enumerate() {
        match place.checked_sub(1).map(|before| days[before]) {
            None => running.book(day, Action::Deposit { amount: 100.0 * day.spot }, None),
            Some(before) => {
                let cash = running.ledger.cash_of(ACCOUNT).unwrap_or(0.0);
                let amount = cash * (before.rate * year_fraction(before.date, day.date)).exp_m1();
                if amount != 0.0 {
                    running.book(day, Action::Interest { amount }, None);
                }
            }
        }
        running.end(day);
        if let Some(expiry) = day.sells_until {
            running.sell(day, expiry);
        }
        let market = MarketSnapshot::usd(day.date).with_spot(ASSET, day.spot).unwrap();
        let market = market.with_volatility(ASSET, day.volatility).unwrap().with_rate("USD", day.rate).unwrap();
        let market = market.with_dividend_yield(ASSET, 0.0).unwrap();
        marks.push(running.ledger.marks(&market).unwrap());
        markets.push(market);
    }
    Programme { ledger: running.ledger, markets, marks }
}

struct Running {
    ledger: Ledger,
    open: Option<OptionContract>,
}

impl Running {
    fn book(&mut self, day: &Day, action: Action, group: Option<&str>) {
        let event = Event::new(day.date, ACCOUNT, action);
        let event = match group {
            Some(group) => event.in_group(group).tagged("strategy", "weekly wheel"),
            None => event,
        };
        self.ledger.apply(event).unwrap();
    }

    fn held(&self, instrument: &Instrument) -> f64 {
        self.ledger.holding(ACCOUNT, Some(GROUP), instrument).map_or(0.0, |held| held.quantity)
    }

    fn end(&mut self, day: &Day) {
        let Some(contract) = self.open.take_if(|contract| contract.expiry() <= day.date) else { return };
        let contracts = self.held(&Instrument::Option(contract.clone())).abs();
        let (spot, fees) = (day.spot, 0.0);
        let action = if contract.intrinsic(spot) <= 0.0 {
            Action::Expiry { contract, settlement: Settlement::Worthless }
        } else if contract.kind() == OptionKind::Put {
            Action::Assignment { contract, contracts, spot, fees }
        } else {
            Action::CalledAway { contract, contracts, spot, fees }
        };
        self.book(day, action, Some(GROUP));
    }

    fn sell(&mut self, day: &Day, expiry: Date) {
        let units = self.held(&Instrument::Share { asset: ASSET.to_owned().try_into().unwrap() });
        let kind = if units > 0.0 { OptionKind::Call } else { OptionKind::Put };
        let time = year_fraction(day.date, expiry);
        let Day { spot, volatility, rate, .. } = *day;
        let market = DeltaMarket { spot, time, volatility, rate, dividend_yield: 0.0 };
        let strike = strike_from_delta(&market, kind, kind.sign() * DELTA, DeltaConvention::Spot).unwrap();
        let inputs = BlackScholesInputs { spot, strike, time, volatility, rate, dividend_yield: 0.0 };
        let price = BlackScholes::new(inputs).unwrap().price(kind);
        let contract =
            OptionContract::new(ASSET, kind, ExerciseStyle::European, strike, expiry, Multiplier::EQUITY).unwrap();
        let contracts = match kind {
            OptionKind::Call => units / 100.0,
            OptionKind::Put => self.ledger.cash_of(ACCOUNT).unwrap() / (strike * 100.0),
        };
        let fees = HALF_SPREAD * price * contracts * 100.0;
        let instrument = Instrument::Option(contract.clone());
        self.book(day, Action::Trade { instrument, quantity: -contracts, price, fees }, Some(GROUP));
        self.open = Some(contract);
    }
}

/// The last trading day of every week sells until that of the next one.
fn days() -> Vec<Day> {
    let (volatility, rates) = (column("vix_2014_2018_daily.csv", 1), column("ff3_monthly.csv", 4));
    let mut days: Vec<Day> = column("sp500_index_daily.csv", 1)
        .into_iter()
        .filter_map(|(date, spot)| {
            let volatility = volatility.get(&date)? / 100.0;
            let (_, bill) = rates.range(..=date).next_back().unwrap();
            Some(Day { date, spot, volatility, rate: 12.0 * bill.ln_1p(), sells_until: None })
        })
        .collect();
    let monday = |date: Date| date.saturating_sub(i64::from(date.weekday().to_monday_zero_offset()).days());
    let mut next = None;
    for place in (0..days.len()).rev() {
        let date = days[place].date;
        let ends = match days.get(place + 1) {
            Some(after) => monday(after.date) != monday(date),
            None => date.weekday() == Weekday::Friday,
        };
        if ends {
            days[place].sells_until = Some(next.unwrap_or_else(|| monday(date).saturating_add(11.days())));
            next = Some(date);
        }
    }
    days
}

fn column(file: &str, place: usize) -> BTreeMap<Date, f64> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../examples/data").join(file);
    let text = std::fs::read_to_string(path).unwrap();
    // A day without a number is a day on which there was none.
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        let cell = cells[place].trim();
        (!cell.is_empty()).then(|| (cells[0].parse().unwrap(), cell.parse().unwrap()))
    };
    text.lines().skip(1).filter(|line| !line.is_empty()).filter_map(row).collect()
}

//! W4: revaluation of an option book, and its greeks.

use std::path::Path;

use alluse_quant::instruments::kernel::{
    Dispatch, European, Input, Options, Scenarios, book_greeks, price_options, price_scenarios,
};
use alluse_quant::instruments::pricing::{AmericanMethod, BlackScholes, BlackScholesInputs, OptionKind};
use ndarray::Array2;
use ndarray_npy::read_npy;
use serde_json::{Map, json};

use crate::record::{Record, Result, digest};

/// The book, column by column.
struct Book {
    kind: Vec<OptionKind>,
    spot: Vec<f64>,
    strike: Vec<f64>,
    time: Vec<f64>,
    rate: Vec<f64>,
    dividend_yield: Vec<f64>,
    volatility: Vec<f64>,
    quantity: Vec<f64>,
}

impl Book {
    fn options(&self) -> Options<'_> {
        Options {
            kind: &self.kind,
            spot: &self.spot,
            strike: &self.strike,
            time: &self.time,
            volatility: &self.volatility,
            rate: &self.rate,
            dividend_yield: &self.dividend_yield,
        }
    }
}

/// The scenarios, column by column: relative spot, absolute volatility and rate shocks.
struct Shocks {
    spot: Vec<f64>,
    volatility: Vec<f64>,
    rate: Vec<f64>,
}

/// The workload's floor under a shocked volatility.
const VOLATILITY_FLOOR: f64 = 0.01;

/// The workload's floor under a shocked rate of American options.
const RATE_FLOOR: f64 = 1e-6;

pub(crate) fn run(data: &Path, record: &mut Record) -> Result<()> {
    let options: Array2<f64> = read_npy(data.join("w4_options.npy"))?;
    let scenarios: Array2<f64> = read_npy(data.join("w4_scen.npy"))?;
    let column = |matrix: &Array2<f64>, j: usize| matrix.column(j).to_vec();
    let kind_of = |sign: &f64| if *sign > 0.0 { OptionKind::Call } else { OptionKind::Put };
    let book = Book {
        kind: options.column(6).iter().map(kind_of).collect(),
        spot: column(&options, 0),
        strike: column(&options, 1),
        time: column(&options, 2),
        rate: column(&options, 3),
        dividend_yield: column(&options, 4),
        volatility: column(&options, 5),
        quantity: column(&options, 7),
    };
    let shocks = Shocks { spot: column(&scenarios, 0), volatility: column(&scenarios, 1), rate: column(&scenarios, 2) };
    for name in ["1000x1000 European reval", "1000x1000 European reval, scenario loop (cache-blocked)"] {
        record.case(
            name,
            || revalue(&book, &shocks),
            |(base, pnl)| Map::from_iter([("base".to_owned(), json!(base)), ("pnl".to_owned(), digest(pnl))]),
        )?;
    }
    let all = book.options();
    record.case(
        "1000 European greeks",
        || Ok(book_greeks(Dispatch::detect(), &all, &book.quantity)?),
        |g| {
            Map::from_iter(
                [("delta", g.delta), ("gamma", g.gamma), ("vega", g.vega), ("theta", g.theta), ("rho", g.rho)]
                    .map(|(name, value)| (name.to_owned(), json!(value))),
            )
        },
    )?;
    for (name, scenarios) in [("1000x1 American QdFp (spectral)", 1), ("1000x5 American BAW", 5)] {
        record.case(
            name,
            || american(&book, &shocks, scenarios),
            |values| Map::from_iter([("book".to_owned(), json!(values))]),
        )?;
    }
    Ok(())
}

/// The book's value, and its P&L in every scenario.
fn revalue(book: &Book, shocks: &Shocks) -> Result<(f64, Vec<f64>)> {
    let count = book.spot.len();
    let scenarios = shocks.spot.len();
    let dispatch = Dispatch::detect();
    let mut pnl = vec![0.0; scenarios];
    let (mut spot, mut volatility) = (vec![0.0; scenarios], vec![0.0; scenarios]);
    let (mut rate, mut price) = (vec![0.0; scenarios], vec![0.0; scenarios]);
    // ln(S (1 + s)) = ln S + ln(1 + s): one logarithm a scenario for the whole book.
    let log_shock: Vec<f64> = shocks.spot.iter().map(|shock| shock.ln_1p()).collect();
    let mut log_spot = vec![0.0; scenarios];
    let mut values = vec![0.0; count];
    let all = book.options();
    price_options(dispatch, &all, &mut values)?;
    let base = values.iter().zip(&book.quantity).map(|(value, quantity)| value * quantity).sum();
    for (i, &value) in values.iter().enumerate() {
        let log_now = book.spot[i].ln();
        for s in 0..scenarios {
            log_spot[s] = log_now + log_shock[s];
            spot[s] = book.spot[i] * (1.0 + shocks.spot[s]);
            volatility[s] = (book.volatility[i] + shocks.volatility[s]).max(VOLATILITY_FLOOR);
            rate[s] = book.rate[i] + shocks.rate[s];
        }
        let option = European::new(book.kind[i], book.strike[i], book.time[i])?;
        let market = Scenarios::new(&spot[..], &volatility[..], &rate[..], Input::Constant(book.dividend_yield[i]))
            .with_log_spot(&log_spot);
        price_scenarios(dispatch, &option, &market, &mut price)?;
        let quantity = book.quantity[i];
        pnl.iter_mut().zip(&price).for_each(|(pnl, price)| *pnl += quantity * (price - value));
    }
    Ok((base, pnl))
}

/// American values of the book in the first scenarios, expiries on whole days as the peer has them.
fn american(book: &Book, shocks: &Shocks, scenarios: usize) -> Result<Vec<f64>> {
    (0..scenarios)
        .map(|s| {
            let mut total = 0.0;
            for i in 0..book.spot.len() {
                let inputs = BlackScholesInputs {
                    spot: book.spot[i] * (1.0 + shocks.spot[s]),
                    strike: book.strike[i],
                    time: (book.time[i] * 365.0).round().max(1.0) / 365.0,
                    volatility: (book.volatility[i] + shocks.volatility[s]).max(VOLATILITY_FLOOR),
                    rate: (book.rate[i] + shocks.rate[s]).max(RATE_FLOOR),
                    dividend_yield: book.dividend_yield[i],
                };
                let price = AmericanMethod::default().price(book.kind[i], &BlackScholes::new(inputs)?)?;
                total += book.quantity[i] * price;
            }
            Ok(total)
        })
        .collect()
}

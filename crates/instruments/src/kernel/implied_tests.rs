use super::*;
use crate::kernel::testing::paths;
use crate::pricing::{BlackScholes, BlackScholesInputs};

/// Quotes in columns.
#[derive(Default)]
struct Columns {
    kind: Vec<OptionKind>,
    price: Vec<f64>,
    spot: Vec<f64>,
    strike: Vec<f64>,
    time: Vec<f64>,
    rate: Vec<f64>,
    dividend_yield: Vec<f64>,
}

impl Columns {
    fn push(&mut self, kind: OptionKind, price: f64, quote: SpotQuote) {
        self.kind.push(kind);
        self.price.push(price);
        self.spot.push(quote.spot);
        self.strike.push(quote.strike);
        self.time.push(quote.time);
        self.rate.push(quote.rate);
        self.dividend_yield.push(quote.dividend_yield);
    }

    fn quotes(&self) -> Quotes<'_> {
        Quotes {
            kind: &self.kind,
            price: &self.price,
            spot: &self.spot,
            strike: &self.strike,
            time: &self.time,
            rate: &self.rate,
            dividend_yield: &self.dividend_yield,
        }
    }

    fn time_value(&self, i: usize) -> f64 {
        let forward = self.spot[i] * (-self.dividend_yield[i] * self.time[i]).exp();
        self.price[i] - self.kind[i].payoff(forward, self.strike[i] * (-self.rate[i] * self.time[i]).exp())
    }

    fn one(&self, i: usize) -> Result<f64> {
        let quote = SpotQuote {
            spot: self.spot[i],
            strike: self.strike[i],
            time: self.time[i],
            rate: self.rate[i],
            dividend_yield: self.dividend_yield[i],
        };
        implied_volatility(self.kind[i], self.price[i], &quote)
    }
}

const QUOTE: SpotQuote = SpotQuote { spot: 100.0, strike: 105.0, time: 0.5, rate: 0.03, dividend_yield: 0.01 };

struct Uniform(u64);

impl Uniform {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (high - low) * ((self.0 >> 11) as f64 / (1_u64 << 53) as f64)
    }
}

/// Near and far from the money, short and long, in and out of every range of the vectors.
fn wide_book() -> Columns {
    let (mut uniform, mut columns) = (Uniform(5), Columns::default());
    for i in 0..20_000 {
        let time = uniform.between(-7.0, 3.0).exp();
        let deviation = uniform.between(-6.0, 1.3).exp();
        let x = deviation * uniform.between(-1.0, 1.0).powi(1 + i % 3) * if i % 5 == 0 { 30.0 } else { 4.0 };
        let (rate, dividend_yield) = (uniform.between(-0.02, 0.1), uniform.between(0.0, 0.1));
        let volatility = deviation / time.sqrt();
        let spot = 100.0 * (x - (rate - dividend_yield) * time).exp();
        let inputs = BlackScholesInputs { spot, strike: 100.0, time, volatility, rate, dividend_yield };
        let kind = if (i % 7 == 0) == (x < 0.0) { OptionKind::Put } else { OptionKind::Call };
        let price = BlackScholes::new(inputs).unwrap().price(kind);
        columns.push(kind, price, SpotQuote { spot, strike: 100.0, time, rate, dividend_yield });
    }
    columns
}

/// What the rounding of prices, legs and moneyness means for the volatility, relative: both roads round them
/// differently.
fn carried(columns: &Columns, i: usize, volatility: f64) -> f64 {
    let Columns { kind, spot, strike, time, rate, dividend_yield, .. } = columns;
    let inputs = BlackScholesInputs {
        spot: spot[i],
        strike: strike[i],
        time: time[i],
        volatility,
        rate: rate[i],
        dividend_yield: dividend_yield[i],
    };
    let greeks = BlackScholes::new(inputs).unwrap().greeks(kind[i]).unwrap();
    let in_the_money = kind[i].sign() * (spot[i] / strike[i]).ln() > -1e-3;
    let size = if in_the_money { spot[i].max(strike[i]) } else { columns.price[i] };
    let legs = spot[i] * greeks.delta.abs();
    f64::EPSILON * (16.0 + 8.0 * (size + legs) / (volatility * greeks.vega))
}

#[test]
fn a_batch_is_its_elements() {
    let columns = wide_book();
    for dispatch in paths() {
        let batch = implied_volatilities(dispatch, &columns.quotes()).unwrap();
        let mut compared = 0;
        for (i, got) in batch.iter().enumerate() {
            match (got, columns.one(i)) {
                (Ok(got), Ok(want)) if want > 0.0 => {
                    let tolerance = carried(&columns, i, want);
                    if tolerance < 1e-3 {
                        assert!((got / want - 1.0).abs() < tolerance, "{i}: {got:e}, {want:e}, {tolerance:e}");
                        compared += 1;
                    }
                }
                // By rounding of the legs, a price at its intrinsic value may fall on either side.
                (got, want) => assert!(columns.time_value(i).abs() < 1e-13, "{i}: {got:?}, {want:?}"),
            }
        }
        assert!(compared > 15_000, "{compared}");
    }
}

#[test]
fn most_of_a_market_stays_in_the_vectors() {
    let mut columns = Columns::default();
    for i in 0..1000 {
        let (moneyness, time) = (0.7 + 0.6 * f64::from(i % 40) / 40.0, 0.02 + f64::from(i % 29) / 10.0);
        let inputs = BlackScholesInputs {
            spot: 100.0,
            strike: 100.0 * moneyness,
            time,
            volatility: 0.12 + f64::from(i % 17) * 0.04,
            rate: 0.03,
            dividend_yield: 0.01,
        };
        let kind = if moneyness < 1.0 { OptionKind::Put } else { OptionKind::Call };
        let price = BlackScholes::new(inputs).unwrap().price(kind);
        columns.push(
            kind,
            price,
            SpotQuote { spot: 100.0, strike: 100.0 * moneyness, time, rate: 0.03, dividend_yield: 0.01 },
        );
    }
    for dispatch in paths() {
        let mut out = vec![0.0; 1000];
        dispatch.run(Kernel { quotes: &columns.quotes(), out: &mut out });
        let left = out.iter().zip(&columns.price).filter(|(v, price)| v.is_nan() && **price > 1e-250).count();
        assert!(left < 20, "{left}");
    }
}

// Golden volatilities: mpmath, in the file of the European prices.
#[test]
fn high_precision_prices_give_their_volatility() {
    let rows: Vec<serde_json::Value> =
        serde_json::from_str(include_str!("../../tests/golden/black_scholes.json")).unwrap();
    let (mut columns, mut wants) = (Columns::default(), Vec::new());
    for row in rows {
        let quote: SpotQuote = serde_json::from_value(row["inputs"].clone()).unwrap();
        let kind: OptionKind = serde_json::from_value(row["kind"].clone()).unwrap();
        let (price, vega) = (row["greeks"]["value"].as_f64().unwrap(), row["greeks"]["vega"].as_f64().unwrap());
        let conditioning = 4.0 * f64::EPSILON * price.max(quote.spot.max(quote.strike) * 1e-300) / vega;
        if conditioning < 1e-3 {
            columns.push(kind, price, quote);
            wants.push((row["inputs"]["volatility"].as_f64().unwrap(), conditioning));
        }
    }
    for dispatch in paths() {
        let batch = implied_volatilities(dispatch, &columns.quotes()).unwrap();
        for (i, (got, (want, conditioning))) in batch.into_iter().zip(&wants).enumerate() {
            assert!((got.clone().unwrap() - want).abs() < 4e-15 + conditioning, "{i}: {got:?} for {want}");
        }
    }
}

#[test]
fn a_result_does_not_depend_on_its_place() {
    let mut columns = wide_book();
    for dispatch in paths() {
        let whole = implied_volatilities(dispatch, &columns.quotes()).unwrap();
        for (start, count) in [(0, 1), (3, 5), (64, 63), (101, 130)] {
            let part = |values: &[f64]| values[start..start + count].to_vec();
            let some = Columns {
                kind: columns.kind[start..start + count].to_vec(),
                price: part(&columns.price),
                spot: part(&columns.spot),
                strike: part(&columns.strike),
                time: part(&columns.time),
                rate: part(&columns.rate),
                dividend_yield: part(&columns.dividend_yield),
            };
            assert_eq!(implied_volatilities(dispatch, &some.quotes()).unwrap(), whole[start..start + count]);
        }
    }
    // Nor on its neighbours, be they broken.
    columns.price[8] = f64::NAN;
    columns.spot[10] = -1.0;
    for dispatch in paths() {
        let batch = implied_volatilities(dispatch, &columns.quotes()).unwrap();
        assert!(batch[8].is_err() && batch[10].is_err());
        assert_eq!(batch[9], implied_volatilities(dispatch, &wide_book().quotes()).unwrap()[9]);
    }
}

// Each element has the very error that it would have alone.
#[test]
fn each_element_has_its_own_error() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let mut columns = Columns::default();
    for price in [nan, inf, -inf, -1.0, 0.0, 100.0, 1e3, 1e-320] {
        columns.push(OptionKind::Call, price, QUOTE);
        columns.push(OptionKind::Put, price, QUOTE);
    }
    for bad in [nan, inf, -inf, 0.0, -1.0, 1e-320, 1e308] {
        columns.push(OptionKind::Call, 8.0, SpotQuote { spot: bad, ..QUOTE });
        columns.push(OptionKind::Call, 8.0, SpotQuote { strike: bad, ..QUOTE });
        columns.push(OptionKind::Put, 8.0, SpotQuote { time: bad, ..QUOTE });
        columns.push(OptionKind::Put, 8.0, SpotQuote { rate: bad, ..QUOTE });
        columns.push(OptionKind::Call, 8.0, SpotQuote { dividend_yield: bad, ..QUOTE });
    }
    for dispatch in paths() {
        let batch = implied_volatilities(dispatch, &columns.quotes()).unwrap();
        let mut errors = 0;
        for (i, got) in batch.iter().enumerate() {
            match (got, columns.one(i)) {
                (Ok(got), Ok(want)) => assert!((got - want).abs() <= 1e-14 * want, "{i}: {got} {want}"),
                (got, want) => {
                    // NaN inside an error is not equal to itself.
                    assert_eq!(format!("{got:?}"), format!("{want:?}"), "{i}");
                    errors += 1;
                }
            }
        }
        assert!(errors > 25, "{errors}");
    }
}

#[test]
fn lengths_are_checked_by_name() {
    let mut columns = Columns::default();
    let empty = implied_volatilities(Dispatch::detect(), &columns.quotes());
    assert_eq!(empty, Err(Error::Empty { name: "kind" }.into()));
    columns.push(OptionKind::Call, 8.0, QUOTE);
    let good = columns.quotes();
    for (name, bad) in [
        ("price", Quotes { price: &[], ..good }),
        ("spot", Quotes { spot: &[1.0, 2.0], ..good }),
        ("strike", Quotes { strike: &[], ..good }),
        ("time", Quotes { time: &[], ..good }),
        ("rate", Quotes { rate: &[], ..good }),
        ("dividend_yield", Quotes { dividend_yield: &[0.0; 3], ..good }),
    ] {
        let result = implied_volatilities(Dispatch::detect(), &bad).map_err(|error| error.to_string());
        let text = result.unwrap_err();
        assert!(text.contains(name), "{text}");
    }
}

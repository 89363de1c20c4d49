//! Numbers from elsewhere.

use alluse_instruments::surface::{Carry, ExpirySlice, SplineSmile, VolatilitySurface};
use alluse_instruments::{Book, Method};
use alluse_risk_core::Currency;
use jiff::civil::date;
use ndarray::{Array3, array};

use super::super::{BookForecast, CashInterest, VolatilityRule};
use super::*;

/// Spot 100 to 92 and to 107.50 in five steps, not in a straight line.
fn two_ways() -> AssetPaths {
    to_prices(&[&[101.0, 99.0, 80.0, 95.0, 92.0], &[99.0, 120.0, 105.0, 104.0, 107.5]])
}

#[test]
fn shares_are_linear_in_the_price() {
    let returns = array![[[0.25, -0.5], [-0.5, 0.5]], [[0.0, 0.25], [0.5, 0.0]]];
    let paths = AssetPaths::new(vec![asset("A"), asset("B")], returns).unwrap();
    let book = build(Book::builder().share("A", 30.0).share("B", -20.0), &market(0.03, 0.0));
    let forecast = BookForecast::daily(days(2)).forecast(&book, &paths).unwrap();
    // A: 125, 62.50 and 100, 150. B: 25, 37.50 and 62.50, 62.50. All of it is exact in binary.
    assert_eq!(forecast.outcomes(days(1)).unwrap(), [30.0 * 25.0 + 20.0 * 25.0, -20.0 * 12.5]);
    assert_eq!(forecast.outcomes(days(2)).unwrap(), [-30.0 * 37.5 + 20.0 * 12.5, 30.0 * 50.0 - 20.0 * 12.5]);
    assert_eq!(forecast.value_now(), 2_000.0);
    assert_eq!(forecast.dates(), [date(2019, 1, 1), date(2019, 1, 2)]);
}

#[test]
fn european_options_have_the_prices_of_scipy() {
    // Black-Scholes-Merton on scipy.stats.norm (1.17.1), checked with mpmath: r = 3 %, q = 1 %, 25 %, five trading days of a life of 74 days.
    for (contract, want) in [
        (call("A", 105.0, MARCH), [-206.728_081_384_333_96, 345.055_766_056_798_8]),
        (put("A", 95.0, MARCH), [325.349_266_163_626_57, -156.871_765_161_541]),
    ] {
        let book = build(Book::builder().option(contract.european(), 1.0), &market(0.03, 0.01));
        // Twelve digits of the price, times 100 shares.
        close(&outcomes(&BookForecast::new([days(5)]), &book, &two_ways(), 5), &want, 1e-9);
    }
}

#[test]
fn american_options_have_the_prices_of_a_lattice() {
    // The mean of Cox-Ross-Rubinstein trees of 8,000 and 8,001 steps in numpy: r = 6 %, q = 1 %, 25 %.
    let (now, low, high) = (13.603_447_882_751_72, 19.024_149_999_519_143, 9.631_578_604_295_601);
    let book = build(Book::builder().option(put("A", 110.0, date(2019, 12, 20)), -1.0), &market(0.06, 0.01));
    let got = outcomes(&BookForecast::new([days(5)]), &book, &two_ways(), 5);
    // Such a tree is good to 1e-4 of the price.
    close(&got, &[100.0 * (now - low), 100.0 * (now - high)], 0.1);
}

#[test]
fn volatility_follows_its_rule() {
    let book = build(Book::builder().option(put("A", 95.0, MARCH).european(), 1.0), &market(0.03, 0.01));
    let volatilities = Array3::from_shape_fn((2, 5, 1), |(path, step, _)| match (path, step) {
        (0, 4) => 0.03,
        _ => 0.02,
    });
    let paths = two_ways().with_volatilities(&[0.02], volatilities.view()).unwrap();
    let under = |rule| outcomes(&BookForecast::new([days(5)]).with_volatility(rule), &book, &paths, 5);
    // As above, at 1.5 times the volatility on the first path, and at 0.92^−1.2 times.
    let still = 325.349_266_163_626_57;
    let scaled = under(VolatilityRule::Scaled { elasticity: 1.0 });
    close(&scaled, &[519.304_748_288_038_1, -156.871_765_161_541], 1e-9);
    let beta = under(VolatilityRule::SpotBeta { beta: -1.2, lowest: 0.5, highest: 3.0 });
    close(&beta[..1], &[365.857_486_050_285_3], 1e-9);
    assert!(beta[1] < -156.9); // the rise of the spot lowers volatility
    close(&under(VolatilityRule::StickyStrike)[..1], &[still], 1e-9);
    // Without a surface there is no smile to move along.
    close(&under(VolatilityRule::StickyMoneyness)[..1], &[still], 1e-9);
}

#[test]
fn moneyness_keeps_its_volatility() {
    // 20 % at the money and more below it; the spot falls to the strike.
    let expiry = date(2019, 12, 31);
    let skew = SplineSmile::new(vec![-0.4, 0.0, 0.4], vec![0.08, 0.04, 0.03]).unwrap();
    let slices = vec![ExpirySlice::new(expiry, Carry::Rate(0.0), skew)];
    let surface = VolatilitySurface::new(TODAY, 100.0, slices).unwrap();
    let market = market(0.0, 0.0).with_surface("A", surface).unwrap();
    let contract = put("A", 90.0, expiry).european();
    let steep = build(Book::builder().option(contract.clone(), 1.0), &market);
    let at_the_money = market.clone().with_contract_volatility(&contract, 0.2).unwrap();
    let flat = build(Book::builder().option(contract, 1.0), &at_the_money);
    let paths = to_prices(&[&[90.0]]);
    let under = |rule, book| outcomes(&BookForecast::new([days(1)]).with_volatility(rule), book, &paths, 1)[0];
    let value = |book: &Book| book.market_value(&book.positions()[0]).unwrap();
    let moved = value(&steep) + under(VolatilityRule::StickyMoneyness, &steep);
    assert!((moved - (value(&flat) + under(VolatilityRule::StickyStrike, &flat))).abs() < 1e-9);
    assert!(moved < value(&steep) + under(VolatilityRule::StickyStrike, &steep) - 10.0);
}

#[test]
fn cash_earns_the_rate_in_its_currency() {
    // 261 weekdays are the 365 days to 2019-12-31: 1000 (e^0.05 − 1).
    let market = market(0.05, 0.0).with_rate("EUR", 0.0).unwrap().with_fx("EUR", 1.25).unwrap();
    let year = days(261);
    let book = build(Book::builder().cash("USD", 1_000.0), &market);
    let still = AssetPaths::new(vec![asset("A")], Array3::zeros((1, 261, 1))).unwrap();
    close(&outcomes(&BookForecast::new([year]), &book, &still, 261), &[51.271_096_376_024_12], 1e-10);
    let idle = BookForecast::new([year]).with_cash_interest(CashInterest::None);
    assert_eq!(outcomes(&idle, &book, &still, 261), [0.0]);
    // Euros gain 10 % on the first day: 1000 · 1.25 · 0.1.
    let euros = build(Book::builder().cash("EUR", 1_000.0), &market);
    let rates = Array3::from_shape_fn((1, 261, 1), |(_, step, _)| if step == 0 { 0.1 } else { 0.0 });
    let paths = still.with_currencies(vec![Currency::new("EUR").unwrap()], rates).unwrap();
    close(&outcomes(&BookForecast::new([year]), &euros, &paths, 261), &[125.0], 1e-10);
}

#[test]
fn the_grid_is_as_good_as_it_says() {
    let mut builder = Book::builder();
    for (index, strike) in [80.0, 90.0, 100.0, 110.0].into_iter().enumerate() {
        builder = builder.option(put("A", strike, MARCH), 1.0).named(&format!("{index}"));
    }
    let book = build(builder, &market(0.04, 0.02));
    let paths = wander(400, 21, 0.03);
    let volatilities = paths.returns().mapv(|r| 0.2 + 2.0 * r);
    let paths = paths.with_volatilities(&[0.2, 0.2], volatilities.view()).unwrap();
    let config = BookForecast::new([days(1), days(21)]).with_volatility(VolatilityRule::Scaled { elasticity: 0.5 });
    let exact = config.clone().with_method(Method::Exact);
    for horizon in [1, 21] {
        let (fast, slow) = (outcomes(&config, &book, &paths, horizon), outcomes(&exact, &book, &paths, horizon));
        // A tolerance of 1e-5 of the strikes, 380 in all, for 100 shares, on a sample; a few times that elsewhere.
        close(&fast, &slow, 3.0 * 1e-5 * 380.0 * 100.0);
    }
    let notes = config.forecast(&book, &paths).unwrap();
    assert!(notes.assumptions().iter().any(|a| a.to_string().contains("approximated")), "{:?}", notes.assumptions());
}

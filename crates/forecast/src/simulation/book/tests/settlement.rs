//! Expiries inside the horizon.

use alluse_instruments::Book;
use alluse_risk_core::Assumption;
use jiff::civil::date;
use ndarray::Array3;

use super::super::{BookForecast, CashInterest, Settlement};
use super::*;

/// Below 90 on the day of the expiry and back at 100 after it; and the other way round.
fn crossing() -> AssetPaths {
    to_prices(&[
        &[100.0, 100.0, 100.0, 80.0, 100.0, 100.0, 100.0, 104.0],
        &[100.0, 100.0, 100.0, 100.0, 100.0, 100.0, 100.0, 80.0],
    ])
}

#[test]
fn an_option_settles_at_the_price_of_its_expiry() {
    let book = build(Book::builder().option(put("A", 90.0, FRIDAY), -1.0), &market(0.0, 0.0));
    let premium = -book.market_value(&book.positions()[0]).unwrap();
    let config = BookForecast::new([days(4), days(8)]).with_settlement(Settlement::Cash);
    let forecast = config.forecast(&book, &crossing()).unwrap();
    // Ten points are owed on the first path, whatever comes later, and nothing on the second.
    close(&forecast.outcomes(days(4)).unwrap(), &[premium - 1_000.0, premium], 1e-9);
    close(&forecast.outcomes(days(8)).unwrap(), &[premium - 1_000.0, premium], 1e-9);
    let assignment = &forecast.assignments()[0];
    assert_eq!((assignment.settles, assignment.probability.hits, assignment.shares), (FRIDAY, 1, 0.0));
    close(&[assignment.intrinsic_owed.value], &[500.0], 1e-9);
    let notes: Vec<String> = forecast.assumptions().iter().map(ToString::to_string).collect();
    assert!(notes.iter().any(|note| note.contains("settles on 2019-01-04 at the price of its path, in cash")));
    assert!(!forecast.assumptions().iter().any(|a| matches!(a, Assumption::SettledInsideHorizon { .. })));
}

#[test]
fn delivered_shares_go_on_along_the_path() {
    let market = market(0.0, 0.0);
    let book = build(
        Book::builder().option(put("A", 90.0, FRIDAY), -1.0).option(call("A", 90.0, FRIDAY).european(), -2.0),
        &market,
    );
    let premium = -book.market_value(&book.positions()[0]).unwrap();
    let call_premium = -book.market_value(&book.positions()[1]).unwrap();
    let by_style = BookForecast::new([days(4), days(8)]).forecast(&book, &crossing()).unwrap();
    // Path 1: the put brings 100 shares at 90, worth 80 and then 104. Path 2: the calls cost ten points in cash.
    let both = premium + call_premium;
    close(&by_style.outcomes(days(4)).unwrap(), &[both - 1_000.0, both - 2_000.0], 1e-9);
    close(&by_style.outcomes(days(8)).unwrap(), &[both + 1_400.0, both - 2_000.0], 1e-9);
    let shares: Vec<f64> = by_style.assignments().iter().map(|assignment| assignment.shares).collect();
    assert_eq!(shares, [100.0, 0.0]);
    // Delivered, the calls leave the account short 200 shares, which fall to 80.
    let delivery = BookForecast::new([days(4), days(8)]).with_settlement(Settlement::Delivery);
    let delivery = delivery.forecast(&book, &crossing()).unwrap();
    close(&delivery.outcomes(days(4)).unwrap(), &by_style.outcomes(days(4)).unwrap(), 1e-9);
    close(&delivery.outcomes(days(8)).unwrap(), &[both + 1_400.0, both + 2_000.0], 1e-9);
    assert_eq!(delivery.assignments()[1].shares, -200.0);
}

#[test]
fn a_covered_call_gains_no_more_than_to_its_strike() {
    let book = build(Book::builder().share("A", 100.0).option(call("A", 105.0, FRIDAY), -1.0), &market(0.0, 0.0));
    let most = 500.0 - book.market_value(&book.positions()[1]).unwrap();
    let paths = to_prices(&[
        &[102.0, 104.0, 106.0, 120.0, 130.0],
        &[100.0, 100.0, 100.0, 105.0, 300.0],
        &[90.0, 90.0, 90.0, 101.0, 99.0],
    ]);
    let forecast = BookForecast::daily(days(5)).forecast(&book, &paths).unwrap();
    // Called away at 105, whatever comes after; at 105 itself nothing is called, and the shares go on.
    close(&forecast.outcomes(days(4)).unwrap(), &[most, most, most - 400.0], 1e-9);
    close(&forecast.outcomes(days(5)).unwrap(), &[most, most + 19_500.0, most - 600.0], 1e-9);
    assert!(forecast.outcomes(days(3)).unwrap().iter().all(|pnl| *pnl <= most));
}

#[test]
fn settlement_cash_earns_the_rate_and_shares_their_dividends() {
    let market = market(0.05, 0.0)
        .with_dividends("A", vec![(FRIDAY, 0.5), (date(2019, 1, 7), 0.25), (date(2019, 1, 8), 0.5)])
        .unwrap();
    let book = build(Book::builder().option(put("A", 90.0, FRIDAY), -1.0), &market);
    let premium = -book.market_value(&book.positions()[0]).unwrap();
    let paths = to_prices(&[&[100.0, 100.0, 100.0, 80.0, 85.0]]);
    let under = |settlement| outcomes(&BookForecast::new([days(5)]).with_settlement(settlement), &book, &paths, 5);
    // Three calendar days of interest, e^(0.05 · 3/365) = 1.000_411_043_359_288, on what was paid; the dividend of Monday
    // is the first that the new shares receive.
    let growth = 1.000_411_043_359_288;
    close(&under(Settlement::Cash), &[premium - 1_000.0 * growth], 1e-9);
    close(&under(Settlement::Delivery), &[premium + 8_500.0 + 25.0 - 9_000.0 * growth], 1e-9);
    let idle = BookForecast::new([days(5)]).with_cash_interest(CashInterest::None);
    close(&outcomes(&idle, &book, &paths, 5), &[premium + 8_500.0 + 25.0 - 9_000.0], 1e-9);
    // Shares held throughout receive all that goes ex by the horizon.
    let held = build(Book::builder().share("A", 100.0), &market);
    close(&outcomes(&BookForecast::new([days(5)]), &held, &paths, 5), &[-1_500.0 + 75.0], 1e-9);
}

#[test]
fn an_option_of_today_settles_at_the_price_of_today() {
    let book = build(Book::builder().option(put("A", 110.0, TODAY), -1.0), &market(0.0, 0.0));
    let paths = to_prices(&[&[120.0], &[90.0]]);
    let forecast = BookForecast::new([days(1)]).forecast(&book, &paths).unwrap();
    // It was worth the ten points that are owed; the 100 shares move by 20 and −10.
    close(&forecast.outcomes(days(1)).unwrap(), &[2_000.0, -1_000.0], 1e-9);
    assert_eq!((forecast.assignments()[0].probability.hits, forecast.assignments()[0].settles), (2, TODAY));
}

#[test]
fn long_options_are_exercised_and_not_assigned() {
    let book = build(Book::builder().option(call("A", 90.0, FRIDAY), 1.0), &market(0.0, 0.0));
    let cost = book.market_value(&book.positions()[0]).unwrap();
    let paths = AssetPaths::new(vec![asset("A")], Array3::from_elem((1, 5, 1), 0.0)).unwrap();
    let forecast = BookForecast::new([days(5)]).forecast(&book, &paths).unwrap();
    close(&forecast.outcomes(days(5)).unwrap(), &[1_000.0 - cost], 1e-9);
    assert!(forecast.assignments().is_empty());
    assert_eq!(forecast.probability_of_assignment(days(5)).unwrap().probability, 0.0);
}

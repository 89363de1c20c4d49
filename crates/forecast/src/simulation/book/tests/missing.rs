//! What is not known is said, and never counted as zero.

use alluse_instruments::{Book, MarketSnapshot};
use alluse_risk_core::{Currency, ErrorKind};
use ndarray::Array3;

use super::super::{BookForecast, VolatilityRule};
use super::*;
use crate::Error;

fn paths() -> AssetPaths {
    to_prices(&[&[101.0, 103.0], &[99.0, 95.0]])
}

#[test]
fn positions_without_paths_or_quotes_are_reported() {
    let whole = market(0.03, 0.0);
    let no_volatility = MarketSnapshot::usd(TODAY)
        .with_spot("A", 100.0)
        .and_then(|m| m.with_rate("USD", 0.03)?.with_dividend_yield("A", 0.0))
        .unwrap();
    let no_rate = MarketSnapshot::usd(TODAY)
        .with_spot("A", 100.0)
        .and_then(|m| m.with_volatility("A", 0.2)?.with_dividend_yield("A", 0.0))
        .unwrap();
    let no_yield = MarketSnapshot::usd(TODAY)
        .with_spot("A", 100.0)
        .and_then(|m| m.with_volatility("A", 0.2)?.with_rate("USD", 0.0))
        .unwrap();
    let option = || Book::builder().option(put("A", 95.0, MARCH), -1.0).named("x");
    for (builder, market, reason) in [
        (Book::builder().share("B", 5.0).named("x"), &whole, "spot of B"),
        (Book::builder().option(put("B", 45.0, MARCH), 1.0).named("x"), &whole, "spot of B"),
        (Book::builder().option(put("B", 45.0, TODAY), 1.0).named("x"), &whole, "spot of B"),
        (option(), &no_volatility, "no volatility"),
        (option(), &no_rate, "no rate of USD"),
        (option(), &no_yield, "no dividend yield of A"),
        (Book::builder().cash("USD", 10.0).named("x"), &no_rate, "no rate of USD"),
        (Book::builder().cash("EUR", 10.0).named("x"), &whole, "EUR"),
    ] {
        let builder = builder.tagged("kind", "lost").share("A", 10.0).tagged("kind", "found");
        let config = BookForecast::daily(days(2)).by_axis("kind");
        let forecast = config.forecast(&build(builder, market), &paths()).unwrap();
        let lost = &forecast.unvalued()[0];
        assert!(lost.reason.contains(reason), "{}", lost.reason);
        assert_eq!((lost.row.as_str(), lost.kind), ("x", ErrorKind::InsufficientData));
        assert_eq!((forecast.coverage().positions_valued, forecast.coverage().positions), (1, 2));
        // The share alone.
        close(&forecast.outcomes(days(2)).unwrap(), &[30.0, -50.0], 1e-12);
        assert!(forecast.predictive_of("kind", "found", days(2)).is_ok());
        assert_eq!(forecast.predictive_of("kind", "lost", days(2)).unwrap_err().kind(), ErrorKind::Undefined);
        assert!(forecast.require_complete().unwrap_err().to_string().contains("x has no value"));
    }
}

#[test]
fn a_book_of_nothing_but_unknowns_has_no_forecast() {
    let market = market(0.03, 0.0);
    let config = BookForecast::new([days(1)]);
    let unknown = config.forecast(&build(Book::builder().share("B", 5.0), &market), &paths()).unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Undefined);
    assert!(unknown.to_string().contains("spot of B"));
    assert!(config.forecast(&build(Book::builder(), &market), &paths()).is_err());
}

#[test]
fn a_currency_needs_paths() {
    let market = market(0.03, 0.0)
        .with_quote_currency("A", "EUR")
        .and_then(|m| m.with_fx("EUR", 1.2)?.with_rate("EUR", 0.0))
        .unwrap();
    let book = build(Book::builder().share("A", 10.0).option(put("A", 99.0, TODAY), -1.0).share("B", 1.0), &market);
    let returns = Array3::from_shape_fn((1, 1, 2), |(_, _, asset)| if asset == 0 { 0.1 } else { 0.0 });
    let paths = AssetPaths::new(vec![asset("A"), asset("B")], returns).unwrap();
    let forecast = BookForecast::new([days(1)]).forecast(&book, &paths).unwrap();
    assert_eq!(forecast.unvalued().len(), 2);
    assert!(forecast.unvalued()[0].reason.contains("price of EUR"));
    assert!(forecast.assignments().is_empty());
    let euro = vec![Currency::new("EUR").unwrap()];
    let paths = paths.with_currencies(euro, Array3::from_elem((1, 1, 1), -0.5)).unwrap();
    // Ten shares of 110 euros at 0.60 instead of 100 at 1.20.
    close(&outcomes(&BookForecast::new([days(1)]), &book, &paths, 1), &[660.0 - 1_200.0], 1e-9);
}

#[test]
fn one_wrong_setting_at_a_time() {
    let book = build(Book::builder().share("A", 1.0), &market(0.0, 0.0));
    let refused = |config: BookForecast| config.forecast(&book, &paths()).unwrap_err();
    assert_eq!(refused(BookForecast::new([])).kind(), ErrorKind::InvalidInput);
    assert!(refused(BookForecast::new([days(2), days(1)])).to_string().contains("horizons must increase"));
    assert!(refused(BookForecast::new([days(1), days(1)])).to_string().contains("horizons must increase"));
    assert!(refused(BookForecast::daily(days(3))).to_string().contains("the paths end after 2"));
    assert_eq!(refused(BookForecast::new([days(1)]).by_axis("none")).kind(), ErrorKind::InvalidInput);
    let scaled = VolatilityRule::Scaled { elasticity: 1.0 };
    assert!(matches!(refused(BookForecast::new([days(1)]).with_volatility(scaled)), Error::Invalid { .. }));
    let runaway = AssetPaths::new(vec![asset("A")], Array3::from_elem((1, 2, 1), 1e200)).unwrap();
    let overflow = BookForecast::new([days(2)]).forecast(&book, &runaway).unwrap_err();
    assert!(overflow.to_string().contains("compounded returns[path 0, step 1, A]"), "{overflow}");
}

#[test]
fn a_share_may_become_worthless() {
    let book = build(
        Book::builder()
            .share("A", 1.0)
            .option(put("A", 95.0, MARCH).european(), 0.01)
            .option(call("A", 95.0, FRIDAY), 1.0),
        &market(0.0, 0.0),
    );
    let spent: f64 = book.positions()[1..].iter().map(|position| book.market_value(position).unwrap()).sum();
    let paths = to_prices(&[&[50.0, 10.0, 1.0, 0.0]]);
    close(&outcomes(&BookForecast::new([days(4)]), &book, &paths, 4), &[-100.0 + 95.0 - spent], 1e-9);
}

#[test]
fn a_position_lost_on_one_horizon_is_left_out_of_all() {
    // No exercise boundary is found for such a volatility; the first day is quiet.
    let market = market(0.03, 0.0);
    let book = build(Book::builder().share("A", 10.0).option(put("A", 95.0, MARCH), 1.0), &market);
    let mut volatilities = Array3::from_elem((2, 2, 1), 1.0);
    volatilities[[1, 1, 0]] = 1e300;
    let paths = paths().with_volatilities(&[1.0], volatilities.view()).unwrap();
    let rule = VolatilityRule::Scaled { elasticity: 1.0 };
    let config = |horizons: &[u32]| {
        BookForecast::new(horizons.iter().map(|h| days(*h)).collect::<Vec<_>>()).with_volatility(rule)
    };
    assert!(config(&[1]).forecast(&book, &paths).unwrap().unvalued().is_empty());
    let both = config(&[1, 2]).forecast(&book, &paths).unwrap();
    assert_eq!(both.unvalued().len(), 1);
    close(&both.outcomes(days(1)).unwrap(), &[10.0, -10.0], 1e-12);
}

#[test]
fn a_configuration_can_be_stored() {
    let config =
        BookForecast::daily(days(3)).with_volatility(VolatilityRule::Scaled { elasticity: 0.7 }).by_axis("desk");
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(serde_json::from_str::<BookForecast>(&text).unwrap(), config);
    assert_eq!(config.horizons().len(), 3);
}

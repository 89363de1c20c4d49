use alluse_instruments::{MarketSnapshot, Multiplier, OptionContract};
use jiff::civil::date;

use super::*;

fn put() -> OptionContract {
    OptionContract::put("A", 95.0, date(2019, 2, 15), Multiplier::EQUITY).unwrap().european()
}

fn market_at(day: jiff::civil::Date, spot: f64, volatility: f64) -> MarketSnapshot {
    MarketSnapshot::usd(day)
        .with_spot("A", spot)
        .and_then(|m| m.with_volatility("A", volatility))
        .and_then(|m| m.with_rate("USD", 0.02))
        .and_then(|m| m.with_dividend_yield("A", 0.01))
        .unwrap()
}

fn book_in(market: &MarketSnapshot) -> Book {
    let builder = Book::builder().share("A", 50.0).tagged("leg", "long").option(put(), -2.0).tagged("leg", "short");
    builder.cash("USD", 100.0).build(market).unwrap()
}

fn book() -> Book {
    book_in(&market_at(date(2018, 12, 31), 100.0, 0.25))
}

fn grid() -> StressGrid {
    let volatilities = VolatilityAxis::Absolute(vec![-0.05, 0.0, 0.30]);
    StressGrid::new(vec![-0.2, -0.1, 0.0, 0.1], volatilities).unwrap().with_days(vec![0, 5]).unwrap()
}

#[test]
fn every_point_is_the_book_in_the_moved_market() {
    let pnl = grid().revalue(&book()).unwrap();
    let total = pnl.total();
    assert_eq!(total.dim(), (2, 3, 4));
    let now = book().exposure().0.market_value;
    // Five exchange days after a Monday is the next Monday.
    for (d, day) in [date(2018, 12, 31), date(2019, 1, 7)].into_iter().enumerate() {
        for (v, volatility) in [0.20, 0.25, 0.55].into_iter().enumerate() {
            for (s, spot) in [80.0, 90.0, 100.0, 110.0].into_iter().enumerate() {
                let then = book_in(&market_at(day, spot, volatility)).exposure().0.market_value;
                // Prices of both roads agree to rounding; the P&L is in thousands.
                testkit::close(total[[d, v, s]], then - now, 1e-8);
            }
        }
    }
    assert_eq!((pnl.spots().len(), pnl.days(), pnl.slices().len()), (4, &[0, 5][..], 2));
    assert_eq!(pnl.volatilities().shocks(), [-0.05, 0.0, 0.30]);
    assert!(pnl.coverage().is_complete());
    assert_eq!(pnl.rows().len(), 3);
    assert_eq!(pnl.slices()[0].ids()[1].as_str(), "spot -0.1, volatility -0.05");
}

#[test]
fn relative_volatilities_are_fractions_of_each() {
    let relative = StressGrid::new(vec![-0.1, 0.0], VolatilityAxis::Relative(vec![-0.2, 1.2])).unwrap();
    let total = relative.revalue(&book()).unwrap().total();
    assert_eq!(total.dim(), (1, 2, 2));
    let now = book().exposure().0.market_value;
    let then = book_in(&market_at(date(2018, 12, 31), 90.0, 0.55)).exposure().0.market_value;
    testkit::close(total[[0, 1, 0]], then - now, 1e-8);
}

#[test]
fn the_worst_point_is_the_first_of_the_largest_losses() {
    let pnl = grid().revalue(&book()).unwrap();
    let worst = pnl.worst();
    assert_eq!((worst.days, worst.spot, worst.volatility), (0, -0.2, 0.30));
    let largest = pnl.total().iter().fold(f64::INFINITY, |low, value| low.min(*value));
    assert_eq!(worst.loss, -largest);
    assert!(worst.loss > 1000.0);
    // The shares alone do not care for volatility or time: the first of six equal losses.
    let shares = pnl.worst_of("A").unwrap();
    assert_eq!((shares.days, shares.spot, shares.volatility), (0, -0.2, -0.05));
    assert!((shares.loss - 1000.0).abs() < 1e-9);
    let cash = pnl.worst_of("USD cash").unwrap();
    assert!(cash.loss == 0.0 && cash.loss.is_sign_positive());
    assert!(pnl.worst_of("B").is_err() && pnl.row("B").is_err());
    let gains = StressGrid::new(vec![0.1, 0.2], VolatilityAxis::Absolute(vec![0.0])).unwrap();
    let gain = gains.revalue(&book()).unwrap().worst_of("A").unwrap();
    assert!((gain.loss + 500.0).abs() < 1e-9);
    assert_eq!(gain.spot, 0.1);
}

#[test]
fn labels_add_up() {
    let by_label = grid().revalue_by(&book(), "leg").unwrap();
    let total = grid().revalue(&book()).unwrap().total();
    let parts = ["long", "short", "unlabelled"].map(|name| by_label.row(name).unwrap());
    for (place, want) in total.indexed_iter() {
        testkit::close(parts.iter().map(|part| part[place]).sum(), *want, 1e-12);
    }
    assert!(by_label.worst_of("short").unwrap().loss > 0.0);
    assert!(matches!(grid().revalue_by(&book(), "none"), Err(Error::Pricing(_))));
}

#[test]
fn what_cannot_be_valued_is_reported() {
    let market = market_at(date(2018, 12, 31), 100.0, 0.25);
    let odd = OptionContract::call("B", 1.0, date(2019, 2, 15), Multiplier::EQUITY).unwrap();
    let book = Book::builder().share("A", 1.0).option(odd, 1.0).build(&market).unwrap();
    let pnl = grid().revalue(&book).unwrap();
    assert_eq!((pnl.coverage().positions_valued, pnl.coverage().positions), (1, 2));
    assert_eq!(pnl.slices()[1].unvalued().len(), 1);
    let rates = pnl.assumptions();
    assert!(!rates.is_empty());
    let unique: std::collections::BTreeSet<String> = rates.iter().map(ToString::to_string).collect();
    assert_eq!(unique.len(), rates.len());
}

#[test]
fn currencies_stay_and_money_does_not_move() {
    let market = market_at(date(2018, 12, 31), 100.0, 0.25).with_fx("EUR", 1.1).unwrap();
    let book = Book::builder().cash("EUR", 10.0).build(&market).unwrap();
    let pnl = grid().revalue(&book).unwrap();
    assert!(pnl.total().iter().all(|value| *value == 0.0));
    let eur = Factor::Fx(alluse_risk_core::Currency::new("EUR").unwrap());
    assert!(pnl.assumptions().contains(&Assumption::HeldFixed { factor: eur }));
    let cash = Book::builder().cash("USD", 10.0).build(&market).unwrap();
    assert_eq!(grid().revalue(&cash).unwrap().worst().loss, 0.0);
}

#[test]
fn volatilities_must_stay_positive() {
    let floor = |shock| StressGrid::new(vec![-0.1, 0.0], VolatilityAxis::Absolute(vec![shock, 0.0])).unwrap();
    match floor(-0.25).revalue(&book()).unwrap_err() {
        Error::ShockOutOfDomain { scenario, step: 2, factor, value, .. } => {
            assert_eq!((scenario.as_str(), value), ("spot -0.1, volatility -0.25", 0.0));
            assert!(factor.starts_with("volatility of A 2019-02-15 P 95"), "{factor}");
        }
        other => panic!("{other}"),
    }
    assert!(floor(-0.26).revalue_by(&book(), "leg").is_err());
    assert!(floor(-0.24).revalue(&book()).is_ok());
}

#[test]
fn hostile_axes_are_refused() {
    let flat = || VolatilityAxis::Relative(vec![0.0]);
    let spots = |spots: Vec<f64>| StressGrid::new(spots, flat()).unwrap_err();
    assert!(matches!(spots(vec![]), Error::Input(CoreError::Empty { .. })));
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        let error = spots(vec![-0.5, bad]);
        assert!(matches!(error, Error::Input(CoreError::ElementOutOfDomain { index: 1, .. })), "{bad}");
    }
    assert!(matches!(spots(vec![0.0, 0.0]), Error::Input(CoreError::NotIncreasing { index: 1, .. })));
    let volatilities = |axis| StressGrid::new(vec![0.0], axis);
    assert!(volatilities(VolatilityAxis::Relative(vec![-1.0])).is_err());
    assert!(volatilities(VolatilityAxis::Absolute(vec![-1.0])).is_ok());
    assert!(volatilities(VolatilityAxis::Absolute(vec![f64::NEG_INFINITY])).is_err());
    assert!(volatilities(VolatilityAxis::Absolute(vec![])).is_err());
    assert!(grid().with_days(vec![]).is_err());
    assert!(grid().with_days(vec![1, 1]).is_err());
    let many: Vec<f64> = (0..1001).map(|i| f64::from(i) * 1e-3).collect();
    assert!(StressGrid::new(many[..1000].to_vec(), VolatilityAxis::Absolute(many[..1000].to_vec())).is_ok());
    let error = StressGrid::new(many[..1000].to_vec(), VolatilityAxis::Absolute(many)).unwrap_err();
    assert!(matches!(error, Error::Input(CoreError::OutOfDomain { value, .. }) if value == 1_001_000.0));
}

#[test]
fn stored_grids_are_checked() {
    let text = serde_json::to_string(&grid()).unwrap();
    assert_eq!(serde_json::from_str::<StressGrid>(&text).unwrap(), grid());
    assert!(serde_json::from_str::<StressGrid>(&text.replace("-0.2", "-1.2")).is_err());
    let pnl = grid().revalue(&book()).unwrap();
    let text = serde_json::to_string(&pnl).unwrap();
    assert_eq!(serde_json::from_str::<GridPnl>(&text).unwrap(), pnl);
    assert!(serde_json::from_str::<GridPnl>(&text.replace("\"days\":[0,5]", "\"days\":[0]")).is_err());
    assert!(serde_json::from_str::<GridPnl>(&text.replace("[-0.2,-0.1,0.0,0.1]", "[-0.2,-0.1,0.0]")).is_err());
}

#[test]
fn another_revaluation_is_used() {
    let few = grid().with_revaluation(Revaluation::default().with_max_cells(35));
    assert!(matches!(few.revalue(&book()), Err(Error::Pricing(_)))); // 3 positions at 12 points
    let enough = grid().with_revaluation(Revaluation::default().with_max_cells(36));
    assert!(enough.revalue(&book()).is_ok());
}

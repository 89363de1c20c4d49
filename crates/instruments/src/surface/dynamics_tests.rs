use alluse_risk_core::{Error as Input, Horizon, Ordering, ScenarioId};
use jiff::civil::{Date, date};
use ndarray::{Array2, array};

use super::*;
use crate::surface::{Carry, ExpirySlice, Svi, SviParameters};
use crate::{MarketSnapshot, Multiplier, Revaluation, TimeRoll};

const TODAY: Date = date(2018, 12, 31);
const EXPIRY: Date = date(2019, 12, 31);

fn surface() -> VolatilitySurface {
    let svi = Svi::new(SviParameters { a: 0.01, b: 0.15, rho: -0.7, m: 0.02, sigma: 0.15 }).unwrap();
    VolatilitySurface::new(TODAY, 100.0, vec![ExpirySlice::new(EXPIRY, Carry::Rate(0.01), svi)]).unwrap()
}

fn put(strike: f64) -> OptionContract {
    OptionContract::put("A", strike, EXPIRY, Multiplier::EQUITY).unwrap().european()
}

fn market() -> MarketSnapshot {
    MarketSnapshot::usd(TODAY)
        .with_spot("A", 100.0)
        .and_then(|m| m.with_surface("A", surface())?.with_rate("USD", 0.02)?.with_dividend_yield("A", 0.01))
        .and_then(|m| m.with_spot("B", 50.0)?.with_volatility("B", 0.3)?.with_dividend_yield("B", 0.0))
        .unwrap()
}

fn asset(name: &str) -> AssetId {
    AssetId::new(name).unwrap()
}

fn spot(name: &str) -> Factor {
    Factor::Spot(asset(name))
}

fn volatility(name: &str) -> Factor {
    Factor::Volatility(asset(name))
}

fn scenarios(factors: Vec<(Factor, ShockKind)>, shocks: Array2<f64>) -> ScenarioSet {
    ScenarioSet::new(TODAY, Horizon::DAY, factors, shocks).unwrap()
}

fn shocks(set: &ScenarioSet, contract: &OptionContract) -> Vec<f64> {
    let (kind, shocks) = set.column(&Factor::ContractVolatility(contract.id())).unwrap();
    assert_eq!(kind, ShockKind::Absolute);
    shocks.to_vec()
}

#[test]
fn a_strike_keeps_its_volatility_and_a_moneyness_too() {
    let surface = surface();
    let read = |strike| surface.volatility(strike, EXPIRY).unwrap();
    let strike = SmileDynamics::StickyStrike.volatility_after(&surface, &put(90.0), 100.0, 80.0).unwrap();
    assert_eq!(strike, read(90.0));
    // After a fall to 80 the strike of 90 is where 112.5 was.
    let delta = SmileDynamics::StickyDelta.volatility_after(&surface, &put(90.0), 100.0, 80.0).unwrap();
    assert!((delta - read(112.5)).abs() < 1e-15 && delta < strike);
    for (now, then) in [(0.0, 80.0), (100.0, 0.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)] {
        let result = SmileDynamics::StickyDelta.volatility_after(&surface, &put(90.0), now, then);
        assert!(matches!(result, Err(Error::Input(Input::OutOfDomain { .. }))));
    }
}

#[test]
fn shocks_compose_after_the_dynamics() {
    let book = Book::builder().option(put(90.0), -1.0).build(&market()).unwrap();
    let (now, moved) = (surface().volatility(90.0, EXPIRY).unwrap(), surface().volatility(112.5, EXPIRY).unwrap());
    let factors = |kind| vec![(spot("A"), ShockKind::Relative), (volatility("A"), kind)];
    for (kind, shock, then) in [
        (ShockKind::Relative, 0.5, 1.5 * moved),
        (ShockKind::Absolute, 0.05, moved + 0.05),
        (ShockKind::Log, std::f64::consts::LN_2, 2.0 * moved),
    ] {
        let set = scenarios(factors(kind), array![[-0.2, shock], [0.0, 0.0]]);
        let with = add_smile_dynamics(&set, &book, SmileDynamics::StickyDelta).unwrap();
        let shocks = shocks(&with, &put(90.0));
        assert!((shocks[0] - (then - now)).abs() < 1e-14, "{kind:?}");
        assert!(shocks[1].abs() < 1e-15);
    }
    let set = scenarios(factors(ShockKind::Relative), array![[-0.2, 0.5]]);
    let strike = add_smile_dynamics(&set, &book, SmileDynamics::StickyStrike).unwrap();
    assert!((shocks(&strike, &put(90.0))[0] - 0.5 * now).abs() < 1e-15);
}

#[test]
fn without_a_volatility_column_only_the_smile_moves() {
    let book = Book::builder().option(put(90.0), -1.0).option(put(90.0), 2.0).named("second").build(&market()).unwrap();
    let set = scenarios(vec![(spot("A"), ShockKind::Log)], array![[0.8_f64.ln()]]);
    let with = add_smile_dynamics(&set, &book, SmileDynamics::StickyDelta).unwrap();
    assert_eq!(with.factors().len(), 2); // one contract, held twice
    let moved = surface().volatility(112.5, EXPIRY).unwrap() - surface().volatility(90.0, EXPIRY).unwrap();
    assert!((shocks(&with, &put(90.0))[0] - moved).abs() < 1e-14);
}

#[test]
fn a_contract_of_its_own_volatility_moves_as_the_smile_does() {
    let market = market().with_contract_volatility(&put(90.0), 0.5).unwrap();
    let book = Book::builder().option(put(90.0), -1.0).build(&market).unwrap();
    let set = scenarios(vec![(spot("A"), ShockKind::Relative)], array![[-0.2]]);
    let moved = surface().volatility(112.5, EXPIRY).unwrap() - surface().volatility(90.0, EXPIRY).unwrap();
    let with = add_smile_dynamics(&set, &book, SmileDynamics::StickyDelta).unwrap();
    assert!((shocks(&with, &put(90.0))[0] - moved).abs() < 1e-14);
    let strike = add_smile_dynamics(&set, &book, SmileDynamics::StickyStrike).unwrap();
    assert_eq!(shocks(&strike, &put(90.0)), [0.0]);
}

#[test]
fn everything_else_of_the_scenarios_is_kept() {
    let other = OptionContract::put("B", 45.0, EXPIRY, Multiplier::EQUITY).unwrap();
    let book = Book::builder().option(put(90.0), -1.0).option(other.clone(), 1.0).build(&market()).unwrap();
    let factors = vec![
        (spot("A"), ShockKind::Relative),
        (spot("B"), ShockKind::Relative),
        (volatility("B"), ShockKind::Relative),
    ];
    let ids = vec![ScenarioId::new("up").unwrap(), ScenarioId::new("down").unwrap()];
    let set = scenarios(factors, array![[0.1, 0.2, -0.1], [-0.1, -0.2, 0.3]])
        .with_ids(ids.clone(), Ordering::Named)
        .and_then(|set| set.with_probabilities(array![0.25, 0.75])?.with_overlap(3))
        .unwrap();
    let with = add_smile_dynamics(&set, &book, SmileDynamics::StickyDelta).unwrap();
    assert_eq!(with.ids(), ids);
    assert_eq!((with.ordering(), with.overlap(), with.horizon()), (Ordering::Named, 3, Horizon::DAY));
    assert_eq!(with.probabilities().unwrap().to_vec(), [0.25, 0.75]);
    for column in 0..3 {
        assert_eq!(with.shocks().column(column), set.shocks().column(column));
    }
    assert_eq!(with.factors().len(), 4);
    assert!(with.column(&Factor::ContractVolatility(other.id())).is_none());
    let shares = Book::builder().share("B", 1.0).build(&market()).unwrap();
    assert_eq!(add_smile_dynamics(&set, &shares, SmileDynamics::StickyDelta).unwrap(), set);
}

#[test]
fn revaluation_prices_with_the_volatility_of_the_dynamics() {
    let book = Book::builder().option(put(90.0), 1.0).build(&market()).unwrap();
    let set = scenarios(vec![(spot("A"), ShockKind::Relative)], array![[-0.2]]);
    let with = add_smile_dynamics(&set, &book, SmileDynamics::StickyDelta).unwrap();
    let pnl = Revaluation::default().with_time_roll(TimeRoll::Instant).revalue(&book, &with).unwrap();
    let price = |spot, volatility| {
        let inputs = crate::pricing::BlackScholesInputs {
            spot,
            strike: 90.0,
            time: 1.0,
            volatility,
            rate: 0.02,
            dividend_yield: 0.01,
        };
        crate::pricing::BlackScholes::new(inputs).unwrap().price(crate::pricing::OptionKind::Put)
    };
    let read = |strike| surface().volatility(strike, EXPIRY).unwrap();
    let want = 100.0 * (price(80.0, read(112.5)) - price(100.0, read(90.0)));
    assert!((pnl.values()[[0, 0]] - want).abs() < 1e-9, "{} {want}", pnl.values()[[0, 0]]);
}

#[test]
fn one_wrong_thing_at_a_time() {
    let book = Book::builder().option(put(90.0), -1.0).build(&market()).unwrap();
    let fails = |set: &ScenarioSet, book: &Book| add_smile_dynamics(set, book, SmileDynamics::StickyDelta).unwrap_err();
    let crash = |shock: f64| scenarios(vec![(spot("A"), ShockKind::Relative)], array![[shock]]);
    let late = ScenarioSet::new(EXPIRY, Horizon::DAY, vec![(spot("A"), ShockKind::Relative)], array![[0.0]]).unwrap();
    assert!(matches!(fails(&late, &book), Error::AsOfMismatch { .. }));
    assert!(matches!(fails(&crash(-1.0), &book), Error::ShockOutOfDomain { value: 0.0, .. }));
    let other = scenarios(vec![(spot("B"), ShockKind::Relative)], array![[0.0]]);
    assert!(matches!(fails(&other, &book), Error::NoScenarios { .. }));
    let down = scenarios(
        vec![(spot("A"), ShockKind::Relative), (volatility("A"), ShockKind::Absolute)],
        array![[0.0, 0.0], [0.0, -0.9]],
    );
    match fails(&down, &book) {
        Error::ShockOutOfDomain { scenario, value, .. } => assert!(scenario == "2" && value < 0.0),
        other => panic!("{other:?}"),
    }
    let own = scenarios(
        vec![(spot("A"), ShockKind::Relative), (Factor::ContractVolatility(put(90.0).id()), ShockKind::Absolute)],
        array![[0.0, 0.1]],
    );
    assert!(matches!(fails(&own, &book), Error::Input(Input::Duplicate { .. })));
    let unpriced = MarketSnapshot::usd(TODAY).with_surface("A", surface()).unwrap();
    let unpriced = Book::builder().option(put(90.0), -1.0).build(&unpriced).unwrap();
    assert!(matches!(fails(&crash(0.0), &unpriced), Error::MissingQuote { what: "price", .. }));
}

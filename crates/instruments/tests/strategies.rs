//! Strategies in bags of legs, and what they cost in margin.

#![allow(clippy::unwrap_used, reason = "a test may panic")]
#![allow(clippy::float_cmp, reason = "tests compare exactly representable numbers")]

use alluse_instruments::margin::{
    MarginRates, OptionClass, PortfolioMarginRules, StockRates, StrategyMarginRules, compare,
};
use alluse_instruments::pricing::{BlackScholes, BlackScholesInputs, ExerciseStyle, OptionKind};
use alluse_instruments::strategy::{
    GroupCost, GroupLeg, Leg, Recogniser, Recognition, StrategyTemplate, StrategyTerms,
};
use alluse_instruments::{Book, Error, Instrument, MarketSnapshot, Multiplier, OptionContract, Result};
use alluse_risk_core::{AssetId, ErrorKind, RowId, Status};
use jiff::civil::{Date, date};
use proptest::prelude::*;

const NEAR: Date = date(2024, 1, 19);
const FAR: Date = date(2024, 2, 16);

fn market() -> MarketSnapshot {
    MarketSnapshot::usd(date(2024, 1, 2))
        .with_spot("A", 100.0)
        .and_then(|m| m.with_volatility("A", 0.25))
        .and_then(|m| m.with_rate("USD", 0.0))
        .and_then(|m| m.with_dividend_yield("A", 0.0))
        .unwrap()
}

fn put(strike: f64, expiry: Date) -> OptionContract {
    OptionContract::put("A", strike, expiry, Multiplier::EQUITY).unwrap()
}

fn call(strike: f64, expiry: Date) -> OptionContract {
    OptionContract::call("A", strike, expiry, Multiplier::EQUITY).unwrap()
}

fn leg(index: usize, instrument: Instrument, quantity: f64) -> Leg {
    Leg { id: RowId::new(format!("{index} {instrument}")).unwrap(), instrument, quantity }
}

fn options(legs: &[(OptionContract, f64)]) -> Vec<Leg> {
    legs.iter().enumerate().map(|(i, (c, q))| leg(i, Instrument::Option(c.clone()), *q)).collect()
}

/// Every group costs 1: the fewest groups win.
struct Count;

impl GroupCost for Count {
    fn cost(&self, _: &[GroupLeg<'_>]) -> Result<f64> {
        Ok(1.0)
    }
}

fn names(found: &Recognition) -> Vec<(String, f64, bool)> {
    let mut names: Vec<_> = found
        .matches
        .iter()
        .map(|m| (m.strategy.clone().unwrap_or_else(|| "-".to_owned()), m.units, m.mirrored))
        .collect();
    names.sort_by(|a, b| a.0.cmp(&b.0));
    names
}

#[test]
fn every_standard_strategy_is_recognised_in_its_own_legs() {
    for template in StrategyTemplate::standard() {
        for (f, form) in template.forms().iter().enumerate() {
            for units in [1, -3] {
                let terms = StrategyTerms {
                    underlying: AssetId::new("A").unwrap(),
                    strikes: (0..form.strikes()).map(|i| 90.0 + 5.0 * i as f64).collect(),
                    expiries: [NEAR, FAR][..form.expiries()].to_vec(),
                    multiplier: Multiplier::EQUITY,
                    style: ExerciseStyle::American,
                };
                let legs = template.legs(f, &terms, units).unwrap();
                let legs: Vec<Leg> = legs.into_iter().enumerate().map(|(i, (what, q))| leg(i, what, q)).collect();
                let found = Recogniser::standard().recognise(&legs, &Count).unwrap();
                let name = template.name().to_owned();
                // An iron butterfly is an iron condor whose middle strikes meet, which is not one: strikes differ.
                assert_eq!(names(&found), [(name, f64::from(units.abs()), units < 0)], "{found:?}");
                assert_eq!(found.cost, f64::from(units.abs()), "a cost is per unit");
            }
        }
    }
}

#[test]
fn pairing_is_optimal_where_greedy_is_not() {
    // The short 100 put could take the long 95; then the short 95 of the far expiry would have nothing that outlives it.
    let book = Book::builder()
        .option(put(100.0, NEAR), -1.0)
        .option(put(98.0, FAR), -1.0)
        .option(put(95.0, FAR), 1.0)
        .option(put(90.0, NEAR), 1.0)
        .build(&market())
        .unwrap();
    let margin = StrategyMarginRules::new(MarginRates::maintenance()).requirement(&book).unwrap();
    // 100/90 near costs 1,000 and 98/95 far 300. Pairing the nearest strikes first, 100 near with 95 far, costs 500
    // but leaves 98 far naked: far more.
    assert!((margin.requirement.value().unwrap() - 1_300.0).abs() < 1e-9, "{margin:?}");
    assert_eq!(margin.groups.len(), 2);
}

#[test]
fn published_formulas() {
    let requirement = |builder: alluse_instruments::BookBuilder, market: &MarketSnapshot, rates: MarginRates| {
        let book = builder.build(market).unwrap();
        *StrategyMarginRules::new(rates).requirement(&book).unwrap().requirement.known().unwrap()
    };
    let premium = |kind, strike: f64| {
        let time = 17.0 / 365.0;
        let inputs = BlackScholesInputs { spot: 100.0, strike, time, volatility: 0.25, rate: 0.0, dividend_yield: 0.0 };
        100.0 * BlackScholes::new(inputs).unwrap().price(kind)
    };
    let (p95, c105) = (premium(OptionKind::Put, 95.0), premium(OptionKind::Call, 105.0));
    let rates = MarginRates::maintenance;
    let close = |got: f64, want: f64| assert!((got - want).abs() < 1e-6, "{got} is not {want}");
    // Five out of the money: 20 % of 10,000 less 500.
    close(requirement(Book::builder().option(put(95.0, NEAR), -2.0), &market(), rates()), 2.0 * (p95 + 1_500.0));
    close(requirement(Book::builder().option(call(105.0, NEAR), -1.0), &market(), rates()), c105 + 1_500.0);
    // Far out of the money the floors hold: 10 % of the strike for a put, of the underlying for a call.
    let (p60, c160) = (premium(OptionKind::Put, 60.0), premium(OptionKind::Call, 160.0));
    close(requirement(Book::builder().option(put(60.0, NEAR), -1.0), &market(), rates()), p60 + 600.0);
    close(requirement(Book::builder().option(call(160.0, NEAR), -1.0), &market(), rates()), c160 + 1_000.0);
    let index = rates().with_class("A", OptionClass::BroadIndex).unwrap();
    close(requirement(Book::builder().option(put(95.0, NEAR), -1.0), &market(), index), p95 + 1_000.0);
    let double = rates().with_class("A", OptionClass::Leveraged { leverage: -2.0 }).unwrap();
    close(requirement(Book::builder().option(put(95.0, NEAR), -1.0), &market(), double), p95 + 3_500.0);
    // Strangle: the larger side and the premium of the other.
    let strangle = Book::builder().option(put(95.0, NEAR), -1.0).option(call(102.0, NEAR), -1.0);
    let c102 = premium(OptionKind::Call, 102.0);
    close(requirement(strangle, &market(), rates()), 1_800.0 + c102 + p95);
    // Iron condor: one side can lose at a time.
    let condor = Book::builder()
        .option(put(90.0, NEAR), 1.0)
        .option(put(95.0, NEAR), -1.0)
        .option(call(105.0, NEAR), -1.0)
        .option(call(112.0, NEAR), 1.0);
    close(requirement(condor, &market(), rates()), 700.0);
    // Covered call, shares alone, short shares, and a long option that is paid for.
    let covered = || Book::builder().share("A", 200.0).option(call(105.0, NEAR), -2.0);
    close(requirement(covered(), &market(), rates()), 0.25 * 20_000.0);
    close(requirement(covered(), &market(), MarginRates::initial()), 0.50 * 20_000.0);
    let house = MarginRates::new(StockRates::House { long: 0.4, short: 0.6 }).unwrap();
    close(requirement(Book::builder().share("A", -10.0), &market(), house), 600.0);
    close(requirement(Book::builder().option(call(105.0, NEAR), 3.0), &market(), rates()), 0.0);
    // A butterfly that is long its wings and a debit calendar cost their premium, which is paid.
    let butterfly =
        Book::builder().option(put(90.0, NEAR), 1.0).option(put(95.0, NEAR), -2.0).option(put(100.0, NEAR), 1.0);
    close(requirement(butterfly, &market(), rates()), 0.0);
    let calendar = Book::builder().option(put(95.0, NEAR), -1.0).option(put(95.0, FAR), 1.0);
    close(requirement(calendar, &market(), rates()), 0.0);
    // The long leg of a short calendar dies first: the short one is naked.
    let short_calendar = Book::builder().option(put(95.0, NEAR), 1.0).option(put(95.0, FAR), -1.0);
    assert!(requirement(short_calendar, &market(), rates()) > 1_500.0);
    // 150 shares cover one call of two.
    let half = Book::builder().share("A", 150.0).option(call(105.0, NEAR), -2.0);
    close(requirement(half, &market(), rates()), 0.25 * 15_000.0 + c105 + 1_500.0);
}

#[test]
fn positions_without_a_price_are_unknown_not_free() {
    let book = Book::builder()
        .option(put(95.0, NEAR), -1.0)
        .option(OptionContract::put("B", 50.0, NEAR, Multiplier::EQUITY).unwrap(), -1.0)
        .cash("USD", 10_000.0)
        .build(&market())
        .unwrap();
    let margin = StrategyMarginRules::new(MarginRates::maintenance()).requirement(&book).unwrap();
    assert!(matches!(margin.requirement, Status::Partial { .. }));
    assert_eq!(margin.unknown.len(), 1);
    let portfolio = PortfolioMarginRules::new(MarginRates::maintenance()).requirement(&book).unwrap();
    assert!(matches!(portfolio.requirement, Status::Partial { .. }));
    assert_eq!(portfolio.unknown[0].0, "B 2024-01-19 P 50");
}

#[test]
fn side_by_side_by_account() {
    let book = Book::builder()
        .option(put(95.0, NEAR), -2.0)
        .tagged("account", "one")
        .option(put(90.0, NEAR), 2.0)
        .tagged("account", "two")
        .option(call(105.0, NEAR), -1.0)
        .tagged("account", "two")
        .cash("USD", 25_000.0)
        .tagged("account", "one")
        .build(&market())
        .unwrap();
    let rates = MarginRates::maintenance();
    let strategy = StrategyMarginRules::new(rates.clone());
    let portfolio = PortfolioMarginRules::new(rates);
    let accounts = compare(&book, Some("account"), &strategy, &portfolio).unwrap();
    assert_eq!(accounts[0].label, "one");
    assert_eq!(accounts[0].cash_secured.requirement, Status::Known(19_000.0));
    assert_eq!(accounts[0].cash_secured.cash, Status::Known(25_000.0));
    // The long put of account two does not cover the short one of account one.
    assert_eq!(accounts[0].strategy_based.groups[0].strategy.as_deref(), Some("put_selling"));
    // No amount of cash secures a naked call.
    assert!(matches!(&accounts[1].cash_secured.requirement, Status::Unknown { kind: ErrorKind::Undefined, .. }));
    assert_eq!(accounts[1].cash_secured.uncovered_calls[0].1, 100.0);
    // The array: ten points, the worst of them at the end that hurts.
    let array = &accounts[0].portfolio.arrays[0];
    assert_eq!(array.moves.len(), 10);
    assert!((array.moves[0] + 0.15).abs() < 1e-15 && (array.moves[9] - 0.15).abs() < 1e-15);
    assert_eq!(array.requirement, -array.pnl[0]);
    assert!(array.pnl.windows(2).all(|pair| pair[0] < pair[1] + 1e-9));
    let whole = compare(&book, None, &strategy, &portfolio).unwrap();
    assert_eq!(whole.len(), 1);
    assert!(whole[0].strategy_based.requirement.value() < accounts[0].strategy_based.requirement.value());
    assert!(compare(&book, Some("nonsense"), &strategy, &portfolio).is_err());
}

#[test]
fn the_risk_array_is_a_revaluation() {
    // A share has no curvature: the array is the position times the moves.
    let book = Book::builder().share("A", 10.0).build(&market()).unwrap();
    let index = MarginRates::maintenance().with_class("A", OptionClass::BroadIndex).unwrap();
    let margin = PortfolioMarginRules::new(index).requirement(&book).unwrap();
    let array = &margin.arrays[0];
    for (step, pnl) in array.moves.iter().zip(&array.pnl) {
        assert!((pnl - 1_000.0 * step).abs() < 1e-9);
    }
    assert!((margin.requirement.known().unwrap() - 80.0).abs() < 1e-9);
    // Far out of the money the least per contract holds.
    let book = Book::builder().option(put(20.0, NEAR), -4.0).build(&market()).unwrap();
    let margin = PortfolioMarginRules::new(MarginRates::maintenance()).requirement(&book).unwrap();
    assert_eq!(margin.requirement, Status::Known(150.0));
    let empty = Book::builder().cash("USD", 1.0).build(&market()).unwrap();
    let margin = PortfolioMarginRules::new(MarginRates::maintenance()).requirement(&empty).unwrap();
    assert_eq!(margin.requirement, Status::Known(0.0));
}

#[test]
fn what_is_no_leg_is_refused() {
    let recognise = |legs: &[Leg]| Recogniser::standard().recognise(legs, &Count);
    let cash = Instrument::Cash { currency: alluse_risk_core::Currency::usd() };
    assert!(matches!(recognise(&[leg(0, cash, 1.0)]), Err(Error::Leg { .. })));
    for bad in [0.0, f64::NAN, f64::INFINITY, 0.5] {
        assert!(matches!(recognise(&options(&[(put(95.0, NEAR), bad)])), Err(Error::Leg { .. })), "{bad}");
    }
    let many: Vec<_> = (0..40).map(|i| (put(50.0 + f64::from(i), NEAR), if i % 2 == 0 { 1.0 } else { -1.0 })).collect();
    let few = Recogniser::standard().with_max_candidates(10);
    assert!(matches!(few.recognise(&options(&many), &Count), Err(Error::TooManyGroups { legs: 40, limit: 10, .. })));
    struct Free;
    impl GroupCost for Free {
        fn cost(&self, _: &[GroupLeg<'_>]) -> Result<f64> {
            Ok(f64::NAN)
        }
    }
    assert!(Recogniser::standard().recognise(&options(&[(put(95.0, NEAR), 1.0)]), &Free).is_err());
    assert_eq!(recognise(&[]).unwrap().matches, []);
}

/// A small bag: strikes on a grid of five, two expiries, quantities between −2 and 2.
fn bag() -> impl Strategy<Value = Vec<Leg>> {
    let one = (0..5_u32, any::<bool>(), any::<bool>(), prop_oneof![-2..=-1_i32, 1..=2_i32]);
    prop::collection::vec(one, 1..6).prop_map(|rows| {
        rows.into_iter()
            .enumerate()
            .map(|(i, (strike, is_call, is_far, quantity))| {
                let (strike, expiry) = (90.0 + 5.0 * f64::from(strike), if is_far { FAR } else { NEAR });
                let contract = if is_call { call(strike, expiry) } else { put(strike, expiry) };
                leg(i, Instrument::Option(contract), f64::from(quantity))
            })
            .collect()
    })
}

/// A cost that depends on the group, so that pairings differ: a hash of its legs, cheap for large groups.
struct Uneven;

impl GroupCost for Uneven {
    fn cost(&self, legs: &[GroupLeg<'_>]) -> Result<f64> {
        let mix = |sum: f64, leg: &GroupLeg<'_>| match &leg.leg.instrument {
            Instrument::Option(contract) => sum + (contract.strike() * 0.731 + leg.quantity * 0.377).sin().abs(),
            _ => sum,
        };
        Ok(1.0 + legs.iter().fold(0.0, mix) / legs.len() as f64)
    }
}

/// The least cost by trying every way to take one group after the other; shares no code with the integer program.
fn by_force(left: &[f64], legs: &[Leg], groups: &[(Vec<(usize, f64)>, f64)], from: usize) -> f64 {
    let alone: f64 = legs
        .iter()
        .zip(left)
        .map(|(leg, left)| left.abs() * Uneven.cost(&[GroupLeg { leg, quantity: leg.quantity.signum() }]).unwrap())
        .sum();
    let mut best = alone;
    for (index, (parts, cost)) in groups.iter().enumerate().skip(from) {
        if parts.iter().all(|&(leg, take)| left[leg] * take > 0.0 && left[leg].abs() >= take.abs()) {
            let mut rest = left.to_vec();
            parts.iter().for_each(|&(leg, take)| rest[leg] -= take);
            best = best.min(cost + by_force(&rest, legs, groups, index));
        }
    }
    best
}

/// Every pair that is a vertical spread, by a search of its own.
fn verticals(legs: &[Leg]) -> Vec<(Vec<(usize, f64)>, f64)> {
    let mut groups = Vec::new();
    for (i, a) in legs.iter().enumerate() {
        for (j, b) in legs.iter().enumerate() {
            let (Instrument::Option(x), Instrument::Option(y)) = (&a.instrument, &b.instrument) else { continue };
            let same = x.kind() == y.kind() && x.expiry() == y.expiry();
            if same && x.strike() < y.strike() && a.quantity * b.quantity < 0.0 {
                let parts = vec![(i, a.quantity.signum()), (j, b.quantity.signum())];
                let members = [(i, a), (j, b)].map(|(_, leg)| GroupLeg { leg, quantity: leg.quantity.signum() });
                groups.push((parts, Uneven.cost(&members).unwrap()));
            }
        }
    }
    groups
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_other_pairing_costs_less(legs in bag()) {
        let spreads = ["put_spread", "call_spread"].map(|name| StrategyTemplate::named(name).unwrap());
        let found = Recogniser::new(spreads.to_vec()).recognise(&legs, &Uneven).unwrap();
        let quantities: Vec<f64> = legs.iter().map(|leg| leg.quantity).collect();
        let least = by_force(&quantities, &legs, &verticals(&legs), 0);
        // A group more costs 1e-6 of the dearest one.
        prop_assert!((found.cost - least).abs() < 1e-4, "{} is not {}", found.cost, least);
    }

    #[test]
    fn the_legs_of_the_groups_are_the_legs_of_the_bag(legs in bag()) {
        let found = Recogniser::standard().recognise(&legs, &Count).unwrap();
        for leg in &legs {
            let taken: f64 = found.matches.iter().flat_map(|m| &m.legs).filter(|(id, _)| *id == leg.id).map(|(_, q)| q).sum();
            prop_assert!((taken - leg.quantity).abs() < 1e-9);
        }
        let sum: f64 = found.matches.iter().map(|m| m.cost).sum();
        prop_assert!((sum - found.cost).abs() < 1e-9);
    }

    #[test]
    fn more_strategies_never_cost_more(legs in bag()) {
        let mut builder = Book::builder();
        for leg in &legs {
            let Instrument::Option(contract) = &leg.instrument else { continue };
            builder = builder.option(contract.clone(), leg.quantity).named(leg.id.as_str());
        }
        let book = builder.build(&market()).unwrap();
        let rules = StrategyMarginRules::new(MarginRates::maintenance());
        let all = rules.requirement(&book).unwrap();
        let spreads = ["put_spread", "call_spread"].map(|name| StrategyTemplate::named(name).unwrap());
        let some = rules.clone().with_recogniser(Recogniser::new(spreads.to_vec())).requirement(&book).unwrap();
        let none = rules.with_recogniser(Recogniser::new(vec![])).requirement(&book).unwrap();
        let value = |m: &alluse_instruments::margin::StrategyMargin| *m.requirement.known().unwrap();
        prop_assert!(value(&all) <= value(&some) + 0.1);
        prop_assert!(value(&some) <= value(&none) + 0.1);
        prop_assert!(value(&all) >= 0.0);
    }
}

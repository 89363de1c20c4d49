use super::*;
use crate::rebalance::{AssetCosts, Holdings, Instrument, TradingCosts, one_way_turnover};
use crate::{Error, OneWayRate, Result};
use alluse_risk_core::Weights;
use proptest::prelude::*;

fn bp(rate: f64) -> TradingCosts {
    TradingCosts::new(AssetCosts::proportional(OneWayRate::from_basis_points(rate).unwrap()))
}

fn weights(values: &[f64]) -> Weights {
    Weights::new(values.to_vec()).unwrap()
}

fn book(cash: f64, positions: &[(f64, f64)]) -> Result<Holdings> {
    positions.iter().enumerate().try_fold(Holdings::new(cash)?, |book, (i, (price, units))| {
        book.with(Instrument::new(format!("A{i}"), *price)?, *units)
    })
}

fn units(plan: &Plan) -> Vec<f64> {
    plan.after.positions().iter().map(|held| held.units).collect()
}

#[test]
fn the_first_purchase_is_charged() -> Result<()> {
    // 1,000 at 1 % for shares of 10: 99 of them cost 990 and 9.90; the hundredth cannot be paid.
    let plan = Planner::new(bp(100.0)).plan(&book(1_000.0, &[(10.0, 0.0)])?, &weights(&[1.0]))?;
    assert_eq!(units(&plan), [99.0]);
    assert!((plan.costs - 9.9).abs() < 1e-12 && (plan.cash_after - 0.1).abs() < 1e-12);
    assert_eq!((plan.orders[0].reason, plan.orders[0].side), (OrderReason::Open, Side::Buy));
    Ok(())
}

#[test]
fn contracts_count_with_their_multiplier_and_odd_lots_can_be_closed() -> Result<()> {
    let holdings = Holdings::new(0.0)?
        .with(Instrument::new("share", 20.0)?.with_lot(100.0)?, 530.0)?
        .with(Instrument::new("put", 1.5)?.with_multiplier(100.0)?, 0.0)?;
    let costs = TradingCosts::default().with_asset("put", AssetCosts::default().with_per_unit(0.65)?)?;
    // 10,600 in all: 85 % is 450.5 shares, reached from 530 in lots of 100 by 430; 5 % is 3.5 contracts of 150, and
    // the fourth uses cash that the shares leave.
    let plan = Planner::new(costs.clone()).plan(&holdings, &weights(&[0.85, 0.05]))?;
    assert_eq!(units(&plan)[0], 430.0);
    assert_eq!(units(&plan)[1], 4.0);
    assert!((plan.costs - 2.6).abs() < 1e-12);
    let out = Planner::new(costs).plan(&holdings, &weights(&[0.0, 0.0]))?;
    assert_eq!((units(&out), out.orders[0].reason), (vec![0.0, 0.0], OrderReason::Close));
    assert_eq!(out.kept[0].reason, KeptReason::AtTarget);
    Ok(())
}

#[test]
fn fractions_of_shares_reach_the_target() -> Result<()> {
    let holdings = Holdings::new(1_000.0)?
        .with(Instrument::new("A", 333.0)?.with_lot(1e-6)?, 0.0)?
        .with(Instrument::new("B", 7.0)?.with_lot(1e-6)?, 0.0)?;
    for rounding in [Rounding::LargestRemainder, Rounding::Exact { node_limit: 2_000 }] {
        let plan = Planner::new(bp(10.0)).with_rounding(rounding).plan(&holdings, &weights(&[0.6, 0.4]))?;
        // Beside the costs, one millionth of a share of 333 and of 7 at most, and the same again in cash.
        assert!(plan.misallocation - plan.costs / 1_000.0 <= 2.0 * 340e-6 / 1_000.0, "{plan:?}");
        assert!(plan.cash_after >= 0.0);
        // Proven to a hundredth of a basis point.
        let gap = plan.misallocation - plan.misallocation_bound;
        assert!((0.0..1e-6).contains(&gap), "{gap}");
    }
    Ok(())
}

#[test]
fn cash_is_kept_and_borrowed_as_allowed() -> Result<()> {
    let holdings = book(1_000.0, &[(10.0, 0.0)])?;
    let plan = |minimum| Planner::new(bp(0.0)).with_minimum_cash(minimum)?.plan(&holdings, &weights(&[1.0]));
    assert_eq!(units(&plan(MinimumCash::Fraction(0.055))?), [94.0]);
    assert_eq!(units(&plan(MinimumCash::Currency(300.0))?), [70.0]);
    let overdraft = Planner::new(bp(0.0)).with_minimum_cash(MinimumCash::Currency(-200.0))?;
    assert_eq!(units(&overdraft.plan(&holdings, &weights(&[1.5]))?), [120.0]);
    // What is owed already must be paid back first.
    let indebted = book(-50.0, &[(10.0, 100.0)])?;
    assert_eq!(units(&Planner::new(bp(0.0)).plan(&indebted, &weights(&[1.0]))?), [95.0]);
    let stuck = book(-50.0, &[(10.0, 100.0)])?;
    let demanding = Planner::new(bp(0.0)).with_minimum_cash(MinimumCash::Currency(2_000.0))?;
    assert!(matches!(demanding.plan(&stuck, &weights(&[1.0])), Err(Error::Infeasible { .. })));
    Ok(())
}

#[test]
fn small_orders_are_left_and_say_what_they_save() -> Result<()> {
    let holdings = book(100.0, &[(10.0, 45.0), (10.0, 45.0)])?;
    let costs = TradingCosts::new(AssetCosts::default().with_per_order(3.0)?);
    let planner = Planner::new(costs).with_minimum_ticket(120.0)?;
    let plan = planner.plan(&holdings, &weights(&[0.4, 0.5]))?;
    assert_eq!(plan.kept.len(), 2);
    assert_eq!(plan.kept[0].reason, KeptReason::BelowMinimumTicket);
    assert_eq!(plan.kept[0].saving, 3.0);
    assert!((plan.kept[0].shortfall + 50.0).abs() < 5.0);
    assert_eq!((plan.cash_after, plan.costs), (100.0, 0.0));
    Ok(())
}

#[test]
fn shorts_bring_cash() -> Result<()> {
    let plan = Planner::new(bp(0.0)).plan(&book(1_000.0, &[(10.0, 0.0), (25.0, 4.0)])?, &weights(&[1.2, -0.2]))?;
    assert_eq!(units(&plan), [132.0, -9.0]);
    assert_eq!(plan.orders[0].reason, OrderReason::Reverse);
    assert_eq!(plan.cash_after, 1_100.0 - 1_320.0 + 225.0);
    Ok(())
}

#[test]
fn bad_input_is_refused() -> Result<()> {
    let holdings = book(1_000.0, &[(10.0, 0.0)])?;
    assert!(Planner::new(bp(0.0)).plan(&holdings, &weights(&[0.5, 0.5])).is_err());
    assert!(matches!(
        Planner::new(bp(0.0)).plan(&book(-10.0, &[(10.0, 1.0)])?, &weights(&[1.0])),
        Err(Error::Undefined { .. })
    ));
    let dust = Holdings::new(1e9)?.with(Instrument::new("A", 1e-3)?.with_lot(1e-9)?, 0.0)?;
    assert!(matches!(Planner::new(bp(0.0)).plan(&dust, &weights(&[1.0])), Err(Error::Invalid { .. })));
    for bad in [f64::NAN, f64::INFINITY, -1.0] {
        assert!(Planner::new(bp(0.0)).with_minimum_ticket(bad).is_err());
        assert!(Planner::new(bp(0.0)).with_minimum_cash(MinimumCash::Fraction(bad)).is_err());
    }
    let planner = Planner::new(bp(2.0)).with_minimum_ticket(5.0)?;
    let text = serde_json::to_string(&planner).unwrap();
    assert_eq!(serde_json::from_str::<Planner>(&text).unwrap(), planner);
    assert!(serde_json::from_str::<Planner>(&text.replace("5.0", "-5.0")).is_err());
    let plan = planner.plan(&holdings, &weights(&[0.5]))?;
    assert_eq!(serde_json::from_str::<Plan>(&serde_json::to_string(&plan).unwrap()).unwrap(), plan);
    Ok(())
}

/// The misallocation of purchases from cash alone, from its definition.
fn off(values: &[f64], ideal: &[f64], cash: f64, rate: f64) -> f64 {
    let total = |values: &[f64]| values.iter().sum::<f64>();
    let deviations = values.iter().zip(ideal).map(|(v, t)| (v - t).abs()).sum::<f64>();
    deviations + ((cash - total(values)) - (cash - total(ideal))).abs() + rate * total(values)
}

/// Calls with every combination of counts from zero to the most of each.
fn for_all(most: &[usize], mut visit: impl FnMut(&[usize])) {
    let mut counts = vec![0; most.len()];
    loop {
        visit(&counts);
        let Some(next) = (0..most.len()).find(|&i| counts[i] < most[i]) else { return };
        counts[..next].fill(0);
        counts[next] += 1;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Cash adds up in exact integer arithmetic: prices in cents, whole units, one-way rates in whole basis points,
    /// fees in cents, so that everything is a whole number of millionths.
    #[test]
    fn cash_adds_up_exactly(
        lines in prop::collection::vec((1..500_000_i64, 0..400_i64, 0..100_u32, 0..60_i64, 0..900_i64), 1..12),
        cash in 0..50_000_000_i64,
    ) {
        let total: u32 = lines.iter().map(|it| it.2).sum();
        prop_assume!(total > 0);
        let mut holdings = Holdings::new(cash as f64 / 100.0).unwrap();
        let mut costs = TradingCosts::default();
        for (i, (cents, units, _, rate, fee)) in lines.iter().enumerate() {
            let instrument = Instrument::new(format!("A{i}"), *cents as f64 / 100.0).unwrap();
            holdings = holdings.with(instrument, *units as f64).unwrap();
            let each = AssetCosts::proportional(OneWayRate::from_basis_points(*rate as f64).unwrap());
            costs = costs.with_asset(format!("A{i}"), each.with_per_order(*fee as f64 / 100.0).unwrap()).unwrap();
        }
        let target = weights(&lines.iter().map(|it| f64::from(it.2) / f64::from(total)).collect::<Vec<_>>());
        let planner = Planner::new(costs).with_rounding(Rounding::Exact { node_limit: 5_000 });
        let plan = match planner.plan(&holdings, &target) {
            Ok(plan) => plan,
            // A book too small for its fees has no plan.
            Err(Error::Undefined { .. } | Error::Infeasible { .. }) => return Ok(()),
            Err(other) => panic!("{other}"),
        };
        let (mut exact, mut flow) = (i128::from(cash) * 10_000, 0_i128);
        for ((cents, before, _, rate, fee), after) in lines.iter().zip(units(&plan)) {
            prop_assert_eq!(after, after.round());
            let traded = i128::from(after as i64 - before);
            exact -= traded * i128::from(*cents) * 10_000;
            flow += (traded * i128::from(*cents)).abs();
            if traded != 0 {
                exact -= (traded * i128::from(*cents)).abs() * i128::from(*rate) + i128::from(*fee) * 10_000;
            }
        }
        let (exact, scale) = (exact as f64 / 1e6, (cash as f64 + flow as f64) / 100.0);
        prop_assert!((plan.cash_after - exact).abs() <= 1e-14 * scale + 1e-10, "{} {exact}", plan.cash_after);
        let identity = plan.cash_before - plan.bought + plan.sold - plan.costs - plan.cash_after;
        prop_assert!(identity.abs() <= 1e-10 + 1e-14 * scale);
        prop_assert!(plan.cash_after >= 0.0);
        prop_assert!(plan.misallocation_bound <= plan.misallocation);
        prop_assert_eq!(plan.orders.len() + plan.kept.len(), lines.len());
        let reached = plan.after.weights().unwrap();
        let moved = one_way_turnover(&holdings.weights().unwrap(), &reached).unwrap();
        // Costs shrink the value, and so move weights that are not traded, by no more than their share of it.
        prop_assert!((moved - plan.turnover).abs() <= plan.costs / plan.after.value().unwrap() + 1e-12);
    }

    /// Branch and bound finds what trying everything finds.
    #[test]
    fn the_exact_search_is_exact(
        prices in prop::collection::vec((20..400_u32, 1..10_u32), 2..4),
        rate in prop::sample::select(vec![0.0, 10.0, 100.0]),
        cash in 300.0..1_500.0_f64,
    ) {
        let total: u32 = prices.iter().map(|it| it.1).sum();
        let target: Vec<f64> = prices.iter().map(|it| f64::from(it.1) / f64::from(total)).collect();
        let holdings =
            book(cash, &prices.iter().map(|it| (f64::from(it.0), 0.0)).collect::<Vec<_>>()).unwrap();
        let planner = Planner::new(bp(rate));
        let plan = planner.plan(&holdings, &weights(&target)).unwrap();
        prop_assert_eq!(plan.misallocation, plan.misallocation_bound);
        let greedy = planner.with_rounding(Rounding::LargestRemainder).plan(&holdings, &weights(&target)).unwrap();
        prop_assert!(plan.misallocation <= greedy.misallocation);
        prop_assert!(greedy.misallocation_bound <= plan.misallocation + 1e-12);

        // Fully invested from cash alone: the value after unrounded costs is cash / (1 + k).
        let value = cash / (1.0 + rate * 1e-4);
        let ideal: Vec<f64> = target.iter().map(|w| w * value).collect();
        let mut best = f64::INFINITY;
        for_all(&prices.iter().map(|it| (cash / f64::from(it.0)) as usize + 2).collect::<Vec<_>>(), |counts| {
            let values: Vec<f64> = counts.iter().zip(&prices).map(|(n, it)| *n as f64 * f64::from(it.0)).collect();
            if cash - values.iter().sum::<f64>() * (1.0 + rate * 1e-4) >= 0.0 {
                best = best.min(off(&values, &ideal, cash, rate * 1e-4));
            }
        });
        prop_assert!((plan.misallocation * cash - best).abs() < 1e-9 * cash, "{} {best}", plan.misallocation * cash);
    }

    /// The same from a book that is already there, free of cost: sales too, and the smallest ticket respected.
    #[test]
    fn the_exact_search_is_exact_from_holdings(
        lines in prop::collection::vec((50..400_u32, 0..6_u32, 1..10_u32), 2..5),
        cash in 0..900_u32,
        ticket in prop::sample::select(vec![0.0, 150.0, 600.0]),
    ) {
        let total: u32 = lines.iter().map(|it| it.2).sum();
        let positions: Vec<_> = lines.iter().map(|it| (f64::from(it.0), f64::from(it.1))).collect();
        let holdings = book(f64::from(cash), &positions).unwrap();
        let value = holdings.value().unwrap();
        prop_assume!(value > 0.0);
        let target: Vec<f64> = lines.iter().map(|it| f64::from(it.2) / f64::from(total)).collect();
        let planner = Planner::new(bp(0.0)).with_minimum_ticket(ticket).unwrap();
        let plan = planner.plan(&holdings, &weights(&target)).unwrap();
        prop_assert_eq!(plan.misallocation, plan.misallocation_bound);
        let ideal: Vec<f64> = target.iter().map(|w| w * value).collect();
        let mut best = f64::INFINITY;
        for_all(&lines.iter().map(|it| (value / f64::from(it.0)) as usize + 1).collect::<Vec<_>>(), |counts| {
            let values: Vec<f64> = counts.iter().zip(&positions).map(|(n, it)| *n as f64 * it.0).collect();
            let trades = values.iter().zip(&positions).map(|(v, it)| (v - it.0 * it.1).abs());
            let left = value - values.iter().sum::<f64>();
            if left >= 0.0 && trades.into_iter().all(|trade| trade == 0.0 || trade >= ticket) {
                best = best.min(off(&values, &ideal, value, 0.0));
            }
        });
        prop_assert!((plan.misallocation * value - best).abs() < 1e-9 * value, "{} {best}", plan.misallocation * value);
    }
}

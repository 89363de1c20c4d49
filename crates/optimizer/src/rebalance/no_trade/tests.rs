use super::*;
use crate::rebalance::{BandScale, Bands, Extent, Funding, Situation};
use crate::{OneWayRate, Result, RiskModel, Universe};
use alluse_risk_core::covariance::FactorCovariance;
use alluse_risk_core::{Covariance, Weights};
use ndarray::{Array2, array};
use proptest::prelude::*;

fn bp(rates: &[f64]) -> Vec<OneWayRate> {
    rates.iter().map(|rate| OneWayRate::from_basis_points(*rate).unwrap()).collect()
}

fn weights(values: &[f64]) -> Weights {
    Weights::new(values.to_vec()).unwrap()
}

fn dense(matrix: Array2<f64>) -> RiskModel {
    Covariance::new(matrix).unwrap().into()
}

/// Uncorrelated assets have a band each: k/(T γ σ²) is 0.01 for A, 0.04 for B and 0.05 for C.
#[test]
fn uncorrelated_assets_go_to_their_own_edges() -> Result<()> {
    let risk = dense(array![[0.04, 0.0, 0.0], [0.0, 0.01, 0.0], [0.0, 0.0, 0.01]]);
    let region = NoTradeRegion::new(5.0, 1.0, bp(&[20.0, 20.0, 25.0]))?;
    let solution = region.solve(&weights(&[0.4, 0.3, 0.1]), &weights(&[0.3, 0.32, 0.2]), &risk)?;
    let x: Vec<f64> = solution.weights.clone().into();
    assert!((x[0] - 0.31).abs() < 1e-12 && (x[2] - 0.15).abs() < 1e-12, "{x:?}");
    assert_eq!(x[1], 0.3);
    assert!((solution.turnover - 0.07).abs() < 1e-12);
    assert!((solution.cost - (0.09 * 20e-4 + 0.05 * 25e-4)).abs() < 1e-15);
    assert!((solution.cash - (1.0 - 0.76 - solution.cost)).abs() < 1e-15);
    // Off by 0.01 at 20 % and by 0.02 and 0.05 at 10 %.
    assert!((solution.tracking_error - (4e-6_f64 + 4e-6 + 25e-6).sqrt()).abs() < 1e-12);
    let TradeDecision::Traded { gain: Some(gain), .. } = solution.decisions[0] else { panic!() };
    // Moving A by 0.09: γσ²/2 (0.1² − 0.01²) less 0.09 × 20 bp.
    assert!((gain - (0.1 * (0.01 - 0.0001) - 1.8e-4)).abs() < 1e-15);
    let TradeDecision::Kept { alternative: Some(other), marginal_gain, .. } = solution.decisions[1].clone() else {
        panic!()
    };
    assert!((other.cost_saved - 0.02 * 20e-4).abs() < 1e-15 && (marginal_gain - 0.001).abs() < 1e-15);
    assert!((other.utility_given_up - 0.025 * 0.0004).abs() < 1e-15);
    Ok(())
}

#[test]
fn a_full_portfolio_stays_full_after_costs() -> Result<()> {
    let risk = dense(array![[0.04, 0.01], [0.01, 0.02]]);
    let region = NoTradeRegion::new(4.0, 0.5, bp(&[10.0, 30.0]))?.with_cash(CashRule::Exactly(0.0))?;
    let solution = region.solve(&weights(&[0.8, 0.2]), &weights(&[0.5, 0.5]), &risk)?;
    let x = solution.weights.view().to_vec();
    let paid = 10e-4 * (0.8 - x[0]) + 30e-4 * (x[1] - 0.2);
    assert!((x[0] + x[1] + paid - 1.0).abs() < 1e-13 && x[1] > 0.2);
    assert!((solution.cost - paid).abs() < 1e-16 && solution.cash.abs() < 1e-13);
    // One trade cannot be undone alone without breaking the budget.
    assert!(matches!(solution.decisions[0], TradeDecision::Traded { gain: Some(_) | None, .. }));
    Ok(())
}

#[test]
fn new_money_is_invested_net_of_its_cost() -> Result<()> {
    let risk = dense(array![[0.04]]);
    let region = NoTradeRegion::new(4.0, 1.0, bp(&[100.0]))?.with_cash(CashRule::Exactly(0.0))?;
    let solution = region.solve(&weights(&[0.0]), &weights(&[1.0]), &risk)?;
    assert!((solution.weights.view()[0] - 1.0 / 1.01).abs() < 1e-13);
    Ok(())
}

#[test]
fn borrowing_needs_leave() -> Result<()> {
    let risk = dense(array![[0.04]]);
    let region = NoTradeRegion::new(4.0, 1.0, bp(&[0.0]))?;
    let (held, target) = (weights(&[0.5]), weights(&[1.5]));
    assert!((region.solve(&held, &target, &risk)?.weights.view()[0] - 1.0).abs() < 1e-13);
    let leave = region.with_cash(CashRule::AtLeast(-1.0))?;
    assert!((leave.solve(&held, &target, &risk)?.weights.view()[0] - 1.5).abs() < 1e-13);
    Ok(())
}

#[test]
fn trades_that_a_cap_asks_for_are_necessary() -> Result<()> {
    // Nearly collinear assets, two of them above their cap of 0.4, and capital that stays fully invested.
    let covariance = Array2::from_shape_fn((5, 5), |(i, j)| if i == j { 1e-4 } else { 0.98e-4 });
    let risk = dense(covariance);
    let region = NoTradeRegion::new(3.0, 63.0, bp(&[10.0; 5]))?
        .with_cash(CashRule::Exactly(0.0))?
        .with_bounds(vec![0.0; 5], vec![0.4; 5])?;
    let held = weights(&[0.0, 0.0, 0.400095, 0.403553, 0.196352]);
    let target = weights(&[0.0, 0.0, 0.4, 0.4, 0.2]);
    let best = region.solve(&held, &target, &risk)?;
    let found = region.unnecessary_turnover(&held, &best.weights, &target, &risk, Removal::OthersResolved, 4e-7)?;
    // Sold: 0.000095 and 0.003553; bought: as much less the costs of both.
    assert!((found.turnover - 0.003648).abs() < 1e-5, "{found:?}");
    assert_eq!(found.unnecessary, 0.0);
    assert!(found.excess < 1e-6, "{found:?}");
    for asset in [2, 3] {
        assert!(found.trades.iter().any(|trade| trade.asset == asset && trade.lost.is_none()));
        assert!(matches!(best.decisions[asset], TradeDecision::Traded { gain: None, .. }));
    }
    Ok(())
}

#[test]
fn a_full_rebalancing_of_small_drifts_is_unnecessary() -> Result<()> {
    let risk = dense(array![[0.04, 0.0], [0.0, 0.01]]);
    let region = NoTradeRegion::new(5.0, 1.0, bp(&[20.0, 20.0]))?;
    // A is 0.1 off, worth trading to its edge at 0.01; B is 0.02 off, inside its edge of 0.04.
    let (held, target) = (weights(&[0.6, 0.28]), weights(&[0.5, 0.3]));
    let report = |proposed: &Weights, tolerance| {
        region.unnecessary_turnover(&held, proposed, &target, &risk, Removal::OthersKept, tolerance)
    };
    let full = report(&target, 1e-12)?;
    assert!((full.unnecessary - 0.02 / 0.12).abs() < 1e-12);
    // The least is 0.09 of 0.12, but for what a tolerance of 1e-12 buys: √(2e-12/0.2) of weight.
    assert!((full.excess - 0.25).abs() < 1e-4, "{full:?}");
    let best = region.solve(&held, &target, &risk)?;
    let best = report(&best.weights, 1e-12)?;
    assert_eq!(best.unnecessary, 0.0);
    assert!(best.excess < 1e-4 && (best.utility - best.best_utility).abs() < 1e-15);
    // Half a basis point of utility is worth √(2 · 5e-5/0.2) of weight in A: from 0.09 to 0.09 − 0.02236.
    let loose = report(&target, 5e-5)?;
    assert!((loose.least_turnover - 0.5 * (0.09 - 5e-4_f64.sqrt())).abs() < 1e-9, "{loose:?}");
    Ok(())
}

#[test]
fn bad_input_is_refused() -> Result<()> {
    let risk = dense(array![[0.04, 0.0], [0.0, 0.01]]);
    let region = NoTradeRegion::new(5.0, 1.0, bp(&[20.0, 20.0]))?;
    let two = weights(&[0.5, 0.5]);
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(NoTradeRegion::new(bad, 1.0, bp(&[1.0])).is_err());
        assert!(NoTradeRegion::new(1.0, bad, bp(&[1.0])).is_err());
        let report = region.unnecessary_turnover(&two, &two, &two, &risk, Removal::OthersKept, bad);
        assert!(report.is_err());
    }
    assert!(NoTradeRegion::new(1.0, 1.0, Vec::new()).is_err());
    // On target and free of cost there is nothing to do, wherever a proposal would go.
    let free = NoTradeRegion::new(1.0, 1.0, bp(&[0.0, 0.0]))?;
    let report = free.unnecessary_turnover(&two, &weights(&[0.4, 0.6]), &two, &risk, Removal::OthersResolved, 1e-6)?;
    assert_eq!((report.unnecessary, report.least_turnover), (1.0, 0.0));
    assert!(region.clone().with_cash(CashRule::Exactly(f64::NAN)).is_err());
    assert!(region.clone().with_bounds(vec![0.5, 0.0], vec![0.4, 1.0]).is_err());
    assert!(region.clone().with_bounds(vec![0.5], vec![0.4]).is_err());
    assert!(region.solve(&weights(&[0.5]), &two, &risk).is_err());
    assert!(region.solve(&two, &two, &dense(array![[0.04]])).is_err());
    assert!(region.solve(&two, &two, &dense(array![[0.04, 0.0], [0.0, 0.0]])).is_err());
    let bounded = region.with_bounds(vec![0.3, f64::NEG_INFINITY], vec![f64::INFINITY, 1.0])?;
    let text = serde_json::to_string(&bounded).unwrap();
    assert_eq!(serde_json::from_str::<NoTradeRegion>(&text).unwrap(), bounded);
    let short_of_cash = bounded.with_bounds(vec![0.8, 0.8], vec![1.0, 1.0])?;
    assert!(matches!(short_of_cash.solve(&two, &two, &risk), Err(crate::Error::Infeasible { .. })));
    Ok(())
}

/// Random books: loadings of a one-factor model, residual variances, weights and costs.
fn book() -> impl Strategy<Value = Vec<(f64, f64, f64, f64, f64)>> {
    prop::collection::vec((0.2..1.5_f64, 0.005..0.04_f64, 0.05..1.0_f64, 0.05..1.0_f64, 0.0..60.0_f64), 2..9)
}

struct Book {
    model: RiskModel,
    dense: RiskModel,
    held: Weights,
    target: Weights,
    rates: Vec<OneWayRate>,
}

fn read(book: &[(f64, f64, f64, f64, f64)]) -> Book {
    let n = book.len();
    let column = |f: fn(&(f64, f64, f64, f64, f64)) -> f64| book.iter().map(f).collect::<Vec<_>>();
    let share = |values: Vec<f64>| {
        let total: f64 = values.iter().sum();
        weights(&values.iter().map(|v| v / total).collect::<Vec<_>>())
    };
    let loadings = Array2::from_shape_vec((n, 1), column(|it| it.0)).unwrap();
    let factor = Covariance::new(array![[0.03]]).unwrap();
    let model = FactorCovariance::new(loadings, factor, ndarray::Array1::from(column(|it| it.1))).unwrap();
    Book {
        dense: model.to_dense().unwrap().into(),
        model: model.into(),
        held: share(column(|it| it.2)),
        target: share(column(|it| it.3)),
        rates: bp(&column(|it| it.4)),
    }
}

/// The objective, from its definition.
fn objective(book: &Book, x: &[f64], gamma: f64, periods: f64) -> f64 {
    let gap: Vec<_> = x.iter().zip(book.target.view()).map(|(x, t)| x - t).collect();
    let paid: f64 =
        x.iter().zip(book.held.view()).zip(&book.rates).map(|((x, h), k)| k.fraction() * (x - h).abs()).sum();
    0.5 * gamma * book.dense.variance_of(Weights::new(gap).unwrap().view()).unwrap() + paid / periods
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// No small move that keeps the budget is better, factors or not; a convex problem needs no more.
    #[test]
    fn nothing_near_is_better(numbers in book(), gamma in 1.0..10.0_f64, periods in 0.1..2.0_f64) {
        let book = read(&numbers);
        let region = NoTradeRegion::new(gamma, periods, book.rates.clone()).unwrap();
        let free = region.with_cash(CashRule::AtLeast(-1.0)).unwrap();
        let solution = free.solve(&book.held, &book.target, &book.model).unwrap();
        let x = solution.weights.view().to_vec();
        let best = objective(&book, &x, gamma, periods);
        prop_assert!((best + solution.net_utility).abs() < 1e-13);
        prop_assert!(solution.gain >= -1e-14);
        for i in 0..x.len() {
            for step in [1e-3, -1e-3, 1e-5, -1e-5] {
                let mut other = x.clone();
                other[i] += step;
                prop_assert!(objective(&book, &other, gamma, periods) >= best - 1e-14);
                let pair = (i + 1) % x.len();
                other[pair] -= step;
                prop_assert!(objective(&book, &other, gamma, periods) >= best - 1e-14);
            }
        }
        let dense = free.solve(&book.held, &book.target, &book.dense).unwrap();
        for (a, b) in x.iter().zip(dense.weights.view()) {
            prop_assert!((a - b).abs() < 1e-9);
        }
    }

    /// At the utility that a band rule reaches, less turnover is needed than it makes; and no proposal beats the best.
    #[test]
    fn a_band_trades_more_for_the_same_utility(numbers in book(), width in 0.0..0.1_f64) {
        let book = read(&numbers);
        let region = NoTradeRegion::new(5.0, 0.5, book.rates.clone()).unwrap();
        let region = region.with_cash(CashRule::AtLeast(-1.0)).unwrap();
        let universe = Universe::named((0..numbers.len()).map(|i| format!("A{i}"))).unwrap();
        let situation = Situation::new(&universe, &book.held, &book.target).unwrap();
        let bands = Bands::uniform(BandScale::Absolute, width).unwrap();
        let proposed = Extent::ToBandEdge(bands, Funding::Cash).destination(&situation).unwrap();
        let report = |tolerance| {
            let removal = Removal::OthersResolved;
            region.unnecessary_turnover(&book.held, &proposed, &book.target, &book.dense, removal, tolerance).unwrap()
        };
        let first = report(1e-9);
        let behind = first.best_utility - first.utility;
        prop_assert!(behind >= -1e-14);
        let same = report(behind.max(1e-9));
        prop_assert!(same.least_turnover <= same.turnover + 1e-6, "{same:?}");
        prop_assert!(same.least_turnover <= first.least_turnover + 1e-9);
    }

    /// Each trade gains, each trade not made saves at least what it gives up, and cash obeys its rule.
    #[test]
    fn every_decision_pays(numbers in book(), exact in prop::bool::ANY) {
        let book = read(&numbers);
        let cash = if exact { CashRule::Exactly(0.0) } else { CashRule::AtLeast(0.0) };
        let region = NoTradeRegion::new(5.0, 0.5, book.rates.clone()).unwrap().with_cash(cash).unwrap();
        let solution = region.solve(&book.held, &book.target, &book.dense).unwrap();
        prop_assert!(solution.cash >= -1e-12 && (!exact || solution.cash.abs() <= 1e-12));
        for decision in &solution.decisions {
            match decision {
                TradeDecision::Traded { gain, .. } => prop_assert!(gain.is_none_or(|gain| gain >= -1e-13)),
                TradeDecision::Kept { marginal_gain, marginal_cost, alternative, .. } => {
                    prop_assert!(*marginal_gain <= marginal_cost + 1e-11);
                    if let Some(it) = alternative {
                        prop_assert!(it.cost_saved >= it.utility_given_up - 1e-13);
                    }
                }
            }
        }
    }

    /// Without costs the target is reached; a longer time to spread costs over never means less turnover.
    #[test]
    fn cheaper_trading_trades_more(numbers in book()) {
        let mut book = read(&numbers);
        let turnover = |periods| {
            let region = NoTradeRegion::new(5.0, periods, book.rates.clone()).unwrap();
            region.with_cash(CashRule::AtLeast(-1.0)).unwrap().solve(&book.held, &book.target, &book.dense).unwrap()
        };
        // Costs here are Σ k |x − h| before spreading: that sum falls as its weight 1/T rises.
        prop_assert!(turnover(0.1).cost <= turnover(1.0).cost + 1e-12);
        book.rates = bp(&vec![0.0; numbers.len()]);
        let region = NoTradeRegion::new(5.0, 1.0, book.rates.clone()).unwrap();
        let free = region.solve(&book.held, &book.target, &book.dense).unwrap();
        for (x, t) in free.weights.view().iter().zip(book.target.view()) {
            prop_assert!((x - t).abs() < 1e-9);
        }
    }
}

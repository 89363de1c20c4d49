//! Limits around a portfolio that keeps them, and what a portfolio makes of a limit.

use alluse_optimizer::problem::{Benchmark, Constraint, ConstraintKind, Members, RiskMeasure, TurnoverConvention};
use alluse_risk_core::Weights;
use ndarray::Array1;

use crate::market::{Dice, Market};

/// Which limits may be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Menu {
    /// Bounds, sums and rows.
    Linear,
    /// Those, and leverage, shorts, turnover, tracking error and volatility.
    Cones,
}

/// Limits that `known` keeps. Risks leave it some room: limits that only one portfolio keeps are another question.
pub(crate) fn around(dice: &mut Dice, market: &Market, known: &Array1<f64>, menu: Menu) -> Vec<Constraint> {
    let least = known.fold(0.0_f64, |least, w| least.min(*w));
    let most = known.fold(0.0_f64, |most, w| most.max(*w));
    let mut limits = vec![Constraint::weights(1.2 * least..=most * dice.between(1.05, 2.0) + 0.01)];
    limits.push(match dice.chance(0.8) {
        true => Constraint::budget(known.sum()),
        false => Constraint::new("budget", ConstraintKind::Budget, known.sum() - 0.1..=known.sum() + 0.05),
    });
    sums(dice, market, known, &mut limits);
    if dice.chance(0.4) {
        let earned = market.mean.dot(known);
        limits.push(Constraint::target_return(earned - dice.between(0.0, 0.3) * earned.abs()));
    }
    if menu == Menu::Cones {
        cones(dice, market, known, &mut limits);
    }
    limits
}

fn members(dice: &mut Dice, among: &[usize]) -> Vec<usize> {
    let mut chosen: Vec<usize> = among.iter().copied().filter(|_| dice.chance(0.5)).collect();
    if chosen.is_empty() {
        chosen.push(among[dice.count(0, among.len() - 1)]);
    }
    chosen
}

fn named(market: &Market, places: &[usize]) -> Members {
    Members::of(places.iter().map(|place| market.names[*place].clone()))
}

/// Groups, groups within groups, single assets and factor exposures.
fn sums(dice: &mut Dice, market: &Market, known: &Array1<f64>, limits: &mut Vec<Constraint>) {
    let n = market.len();
    let all: Vec<usize> = (0..n).collect();
    let sum = |places: &[usize]| places.iter().map(|place| known[*place]).sum::<f64>();
    let room = |dice: &mut Dice| if dice.chance(0.1) { 0.0 } else { dice.between(0.0, 0.15) };
    for group in 0..dice.count(0, 3) {
        let outer = members(dice, &all);
        let total = sum(&outer);
        let (low, high) = (total - room(dice), total + room(dice));
        limits.push(Constraint::group(format!("group {group}"), named(market, &outer), low..=high));
        if total > 0.05 && dice.chance(0.5) {
            let inner = members(dice, &outer);
            let share = sum(&inner) / total;
            let (low, high) = (share - room(dice), share + room(dice));
            let (inner, outer) = (named(market, &inner), named(market, &outer));
            limits.push(Constraint::share(format!("part of group {group}"), inner, outer, low..=high));
        }
    }
    for factor in 0..dice.count(0, 2) {
        let loadings: Vec<f64> = (0..n).map(|_| dice.normal()).collect();
        let exposure: f64 = loadings.iter().zip(known).map(|(a, w)| a * w).sum();
        let row = market.names.iter().cloned().zip(loadings);
        let (low, high) = (exposure - room(dice), exposure + room(dice));
        limits.push(Constraint::linear(format!("factor {factor}"), row, low..=high));
    }
    if dice.chance(0.3) {
        let asset = dice.count(0, n - 1);
        let (low, high) = (known[asset] - room(dice), known[asset] + room(dice));
        limits.push(Constraint::asset(market.names[asset].clone(), low..=high));
    }
}

fn cones(dice: &mut Dice, market: &Market, known: &Array1<f64>, limits: &mut Vec<Constraint>) {
    let gross = known.fold(0.0, |gross, w| gross + w.abs());
    if dice.chance(0.4) {
        limits.push(Constraint::leverage(gross * dice.between(1.0, 1.2)));
    }
    if dice.chance(0.3) {
        let short = known.fold(0.0, |short, w| short + (-w).max(0.0));
        limits.push(Constraint::short_exposure(short * dice.between(1.0, 1.2) + 0.01));
    }
    let other = |dice: &mut Dice| known + &known.map(|w| 0.5 * w * dice.unit() + 0.02 * dice.normal());
    if dice.chance(0.5) {
        let held = other(dice);
        let traded = (known - &held).fold(0.0, |traded, d| traded + d.abs());
        let convention = if dice.chance(0.5) { TurnoverConvention::OneWay } else { TurnoverConvention::TwoSided };
        let share = if convention == TurnoverConvention::OneWay { 0.5 } else { 1.0 };
        let limit = share * traded * dice.between(1.0, 1.5);
        limits.push(Constraint::turnover(Weights::new(held).unwrap(), limit, convention));
    }
    if dice.chance(0.5) {
        let benchmark = other(dice);
        let error = market.volatility(&(known - &benchmark));
        let limit = error * dice.between(1.05, 1.5) + 1e-4;
        limits.push(Constraint::tracking_error(Benchmark::Weights(Weights::new(benchmark).unwrap()), limit));
    }
    if dice.chance(0.5) {
        limits
            .push(Constraint::risk(RiskMeasure::Volatility, market.volatility(known) * dice.between(1.05, 1.5) + 1e-4));
    }
}

/// The members of a limit.
pub(crate) fn places(market: &Market, members: &Members) -> Vec<usize> {
    match members {
        Members::All => (0..market.len()).collect(),
        Members::Named(names) => {
            names.iter().map(|name| market.names.iter().position(|known| known == name).unwrap()).collect()
        }
    }
}

/// How far weights are outside a limit, in its own unit.
pub(crate) fn outside(market: &Market, limit: &Constraint, w: &Array1<f64>, spent: f64) -> f64 {
    let sum = |members: &Members| places(market, members).iter().map(|place| w[*place]).sum::<f64>();
    let beyond = |value: f64| (value - limit.upper()).max(limit.lower() - value).max(0.0);
    match limit.kind() {
        ConstraintKind::Budget => beyond(w.sum()),
        ConstraintKind::BudgetAfterCosts => beyond(w.sum() + spent),
        ConstraintKind::Weight(members) => {
            places(market, members).iter().fold(0.0, |worst: f64, place| worst.max(beyond(w[*place])))
        }
        ConstraintKind::Group(members) => beyond(sum(members)),
        ConstraintKind::ShareOfGroup { members, parent } => {
            let (inner, outer) = (sum(members), sum(parent));
            (inner - limit.upper() * outer).max(limit.lower() * outer - inner).max(0.0)
        }
        ConstraintKind::Linear(row) => {
            beyond(row.iter().map(|(name, a)| a * w[places(market, &Members::of([name.clone()]))[0]]).sum())
        }
        ConstraintKind::Gross(_) => beyond(w.fold(0.0, |gross, w| gross + w.abs())),
        ConstraintKind::Short(_) => beyond(w.fold(0.0, |short, w| short + (-w).max(0.0))),
        ConstraintKind::Turnover { held, convention } => {
            let traded = (w - &held.view()).fold(0.0, |traded, d| traded + d.abs());
            beyond(if *convention == TurnoverConvention::OneWay { traded / 2.0 } else { traded })
        }
        ConstraintKind::ExpectedReturn => beyond(market.mean.dot(w)),
        ConstraintKind::Risk(RiskMeasure::Volatility) => beyond(market.volatility(w)),
        ConstraintKind::TrackingError(Benchmark::Weights(benchmark)) => {
            beyond(market.volatility(&(w - &benchmark.view())))
        }
        other => panic!("no {other:?} is drawn"),
    }
}

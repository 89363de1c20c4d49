//! The families of problems, each a way to draw one.

use alluse_optimizer::RiskModel;
use alluse_optimizer::problem::{Benchmark, Constraint, ConstraintKind, MeanUncertainty, Objective, RiskMeasure};
use alluse_risk_core::{Confidence, Weights};
use ndarray::Array1;

use crate::case::{Case, Paid, Rates};
use crate::limits::{Menu, around};
use crate::market::{Dice, Market, Shape, portfolio};

/// What a family draws before its objective.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Draw {
    pub(crate) shapes: &'static [Shape],
    pub(crate) most: usize,
    pub(crate) menu: Menu,
    pub(crate) dates: usize,
}

pub(crate) const PLAIN: Draw = Draw { shapes: &Shape::ALL, most: 40, menu: Menu::Linear, dates: 0 };
pub(crate) const CONES: Draw = Draw { menu: Menu::Cones, ..PLAIN };
pub(crate) const RISKY: Draw = Draw { shapes: &Shape::RISKY, ..PLAIN };
pub(crate) const RISKY_CONES: Draw = Draw { shapes: &Shape::RISKY, ..CONES };
pub(crate) const SCENARIOS: Draw = Draw { shapes: &[Shape::Dense], most: 12, menu: Menu::Linear, dates: 40 };

impl Draw {
    /// A market, a portfolio and limits that it keeps.
    pub(crate) fn case(
        self,
        dice: &mut Dice,
        objective: impl Fn(&mut Dice, &Market, &Array1<f64>) -> Objective,
    ) -> Case {
        let n = dice.count(2, self.most);
        let shape = self.shapes[dice.count(0, self.shapes.len() - 1)];
        let dates = if self.dates > 0 { dice.count(self.dates / 2, 2 * self.dates) } else { 0 };
        let market = Market::new(dice, n, shape, dates);
        let shorts = dice.chance(0.4);
        let known = portfolio(dice, n, shorts);
        let limits = around(dice, &market, &known, self.menu);
        let objective = objective(dice, &market, &known);
        Case { market, objective, limits, rates: None }
    }

    pub(crate) fn minimise(self, dice: &mut Dice, measure: RiskMeasure) -> Case {
        self.case(dice, |_, _, _| Objective::MinimiseRisk(measure))
    }
}

pub(crate) fn utility(dice: &mut Dice, _: &Market, _: &Array1<f64>) -> Objective {
    Objective::MaximiseUtility { risk_aversion: (dice.between(0.0, 4.0)).exp() }
}

pub(crate) fn tracking(dice: &mut Dice, market: &Market, _: &Array1<f64>) -> Objective {
    let benchmark = portfolio(dice, market.len(), false);
    Objective::MinimiseTrackingVariance(Benchmark::Weights(Weights::new(benchmark).unwrap()))
}

/// A rate that the known portfolio beats.
pub(crate) fn sharpe(dice: &mut Dice, market: &Market, known: &Array1<f64>) -> Objective {
    let earned = market.mean.dot(known);
    Objective::sharpe(earned - dice.between(0.2, 1.5) * earned.abs() - 1e-5)
}

pub(crate) fn ratio(dice: &mut Dice, market: &Market, known: &Array1<f64>, measure: RiskMeasure) -> Objective {
    let Objective::MaximiseRatio { risk_free, .. } = sharpe(dice, market, known) else { unreachable!() };
    Objective::MaximiseRatio { measure, risk_free }
}

pub(crate) fn robust(dice: &mut Dice, market: &Market, uncertainty: MeanUncertainty) -> Objective {
    debug_assert!(market.len() > 1);
    Objective::MaximiseRobustUtility { uncertainty, risk_aversion: dice.between(0.5, 10.0) }
}

pub(crate) fn boxes(dice: &mut Dice, market: &Market, _: &Array1<f64>) -> Objective {
    let widths = market.volatilities().iter().map(|v| 0.05 * v * dice.unit()).collect();
    robust(dice, market, MeanUncertainty::Box(widths))
}

pub(crate) fn ellipsoid(dice: &mut Dice, market: &Market, _: &Array1<f64>) -> Objective {
    let radius = dice.between(0.2, 3.0);
    let dense = match &market.model {
        RiskModel::Dense(matrix) => matrix.view().to_owned(),
        RiskModel::Factored(_) => {
            let sigma = market.root.t().dot(&market.root);
            (&sigma + &sigma.t()) / 2.0
        }
    };
    robust(dice, market, MeanUncertainty::Ellipsoid { error_covariance: dense / 500.0, radius })
}

pub(crate) fn independent(dice: &mut Dice, market: &Market, _: &Array1<f64>) -> Objective {
    let radius = dice.between(0.2, 3.0);
    robust(dice, market, MeanUncertainty::of_sample(&market.model, 500, radius))
}

/// With costs from holdings near the known portfolio, and half the time a budget that pays for them.
pub(crate) fn paid(dice: &mut Dice, draw: Draw, paid: Paid) -> Case {
    let mut case = draw.case(dice, utility);
    let n = case.market.len();
    // Holdings near the middle of the bounds: what the limits keep needs no trade to be large.
    let known = Array1::from_elem(n, 1.0 / n as f64);
    let rates = Rates::new(dice, &known, paid);
    if dice.chance(0.5) {
        let budget = case.limits.iter_mut().find(|limit| matches!(limit.kind(), ConstraintKind::Budget)).unwrap();
        let room = 3.0 * (1..=n).map(|_| 1e-3).sum::<f64>() + rates.buy.iter().chain(&rates.sell).sum::<f64>();
        *budget = Constraint::budget_after_costs(budget.upper() + room);
    }
    case.rates = Some(rates);
    case
}

/// Some limits moved against the known portfolio and made soft.
pub(crate) fn soft(dice: &mut Dice) -> Case {
    let objective = |dice: &mut Dice, market: &Market, known: &Array1<f64>| match dice.count(0, 2) {
        0 => Objective::MinimiseRisk(RiskMeasure::Variance),
        1 => utility(dice, market, known),
        _ => tracking(dice, market, known),
    };
    let mut case = CONES.case(dice, objective);
    let n = case.market.len();
    let size = if case.objective.is_maximised() { 1e-3 } else { 1e-4 };
    for place in 0..dice.count(1, 3) {
        let asset = dice.count(0, n - 1);
        let own = case.market.names[asset].clone();
        let price = size * dice.between(0.01, 3.0);
        let wanted = dice.between(0.0, 0.5);
        let limit = match dice.count(0, 2) {
            0 => Constraint::asset(own, wanted..),
            1 => Constraint::leverage(wanted),
            _ => Constraint::linear(
                "row",
                case.market.names.iter().map(|name| (name.clone(), dice.normal())),
                ..=-wanted,
            ),
        };
        case.limits.push(limit.named(format!("wish {place}")).soft(price));
    }
    case
}

/// One whose tail holds several of the scenarios.
pub(crate) fn low_confidence(dice: &mut Dice) -> Confidence {
    Confidence::new([0.7, 0.8, 0.85][dice.count(0, 2)]).unwrap()
}

pub(crate) fn confidence(dice: &mut Dice) -> Confidence {
    Confidence::new([0.8, 0.9, 0.95, 0.99][dice.count(0, 3)]).unwrap()
}

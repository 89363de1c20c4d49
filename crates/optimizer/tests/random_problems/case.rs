//! One random problem, as data that every solver reads in its own way.

use alluse_optimizer::Problem;
use alluse_optimizer::problem::{Constraint, Costs, Objective, Scenarios};
use alluse_risk_core::Weights;
use ndarray::Array1;

use crate::market::{Dice, Market};

/// Rates of trading.
#[derive(Debug, Clone)]
pub(crate) struct Rates {
    pub(crate) held: Array1<f64>,
    pub(crate) buy: Vec<f64>,
    pub(crate) sell: Vec<f64>,
    pub(crate) quadratic: Vec<f64>,
    pub(crate) impact: Vec<f64>,
}

/// Which costs a family pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paid {
    Linear,
    Quadratic,
    ThreeHalves,
    All,
}

impl Rates {
    pub(crate) fn new(dice: &mut Dice, known: &Array1<f64>, paid: Paid) -> Self {
        let n = known.len();
        let held = known + &known.map(|w| 0.5 * w * dice.unit() + 0.02 * dice.normal());
        let mut drawn = |kinds: [Paid; 2], least: f64, most: f64| -> Vec<f64> {
            (0..n).map(|_| if kinds.contains(&paid) { dice.between(least, most) } else { 0.0 }).collect()
        };
        Self {
            held,
            buy: drawn([Paid::Linear, Paid::All], 1e-5, 5e-4),
            sell: drawn([Paid::Linear, Paid::All], 1e-5, 5e-4),
            quadratic: drawn([Paid::Quadratic, Paid::All], 1e-4, 1e-2),
            impact: drawn([Paid::ThreeHalves, Paid::All], 1e-4, 1e-2),
        }
    }

    pub(crate) fn of(&self, w: &Array1<f64>) -> f64 {
        let one = |asset: usize| {
            let traded = w[asset] - self.held[asset];
            let size = traded.abs();
            let rate = if traded > 0.0 { self.buy[asset] } else { self.sell[asset] };
            rate * size + self.quadratic[asset] * size.powi(2) + self.impact[asset] * size.powf(1.5)
        };
        (0..w.len()).map(one).sum()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) market: Market,
    pub(crate) objective: Objective,
    pub(crate) limits: Vec<Constraint>,
    pub(crate) rates: Option<Rates>,
}

impl Case {
    /// For the solver that is tested.
    pub(crate) fn problem(&self) -> Problem {
        let mut problem = Problem::new(self.market.universe.clone(), self.objective.clone())
            .with_mean(self.market.mean.clone())
            .unwrap()
            .with_covariance(self.market.model.clone())
            .unwrap()
            .subject_to_all(self.limits.clone());
        if self.market.scenarios.nrows() > 0 {
            problem = problem.with_scenarios(Scenarios::dated(self.market.scenarios.clone()).unwrap()).unwrap();
        }
        if let Some(rates) = &self.rates {
            let costs = Costs::from(Weights::new(rates.held.clone()).unwrap())
                .with_linear(rates.buy.clone(), rates.sell.clone())
                .and_then(|costs| costs.with_quadratic(rates.quadratic.clone()))
                .and_then(|costs| costs.with_impact(rates.impact.clone()))
                .unwrap();
            problem = problem.with_costs(costs).unwrap();
        }
        problem
    }
}

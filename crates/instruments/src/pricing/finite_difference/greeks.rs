//! Derivatives of the price.

use serde::{Deserialize, Serialize};

use super::DividendOption;
use super::grid::{Grid, cubic};
use super::sweep::solve;
use super::terms::{Moment, Terms};
use crate::Result;
use crate::pricing::{BlackScholesInputs, DividendSchedule, check};

/// Steps of the differences: a fraction of the volatility, and an absolute change of the rate.
const VOLATILITY_STEP: f64 = 0.01;
const RATE_STEP: f64 = 1e-3;

/// Price of an option on a share with cash dividends and its derivatives, each per unit of its input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DividendGreeks {
    /// The price.
    pub price: f64,
    /// `∂V/∂S`, the cash amounts held.
    pub delta: f64,
    /// `∂²V/∂S²`; 0 where the option is exercised.
    pub gamma: f64,
    /// Change of the price as a year passes, the ex dates held; per year.
    pub theta: f64,
    /// `∂V/∂σ`, per 1.00 of volatility; in the escrowed model of the volatility of the lognormal part.
    pub vega: f64,
    /// `∂V/∂r`, per 1.00 of rate.
    pub rho: f64,
}

impl DividendOption {
    /// The price and its derivatives.
    ///
    /// Delta and gamma come from the nodes around the spot and theta from the equation that the price obeys; vega and
    /// rho are central differences (1 % of the volatility, 0.1 % of rate) between solutions on the same nodes.
    ///
    /// # Errors
    /// `Undefined` without time or volatility, and when a result exceeds what a number can hold.
    pub fn greeks(&self) -> Result<DividendGreeks> {
        if self.terms.deviation() <= 0.0 {
            return check::undefined("greeks", "they need time and volatility above 0");
        }
        if self.closed() { self.closed_greeks() } else { self.solved_greeks() }
    }

    fn closed_greeks(&self) -> Result<DividendGreeks> {
        let terms = &self.terms;
        let escrow = terms.escrow(Moment::NOW);
        let greeks = self.closed_form(terms.inputs.spot - escrow)?.greeks(terms.kind)?;
        let schedule = DividendSchedule::new(terms.dividends.clone())?;
        Ok(DividendGreeks {
            price: greeks.value,
            delta: greeks.delta,
            gamma: greeks.gamma,
            // The escrowed part grows towards its payment, out of a spot that stands still.
            theta: greeks.theta - greeks.delta * terms.carry() * escrow,
            vega: greeks.vega,
            rho: greeks.rho - greeks.delta * schedule.escrow_slope(terms.inputs.rate, terms.inputs.dividend_yield),
        })
    }

    fn solved_greeks(&self) -> Result<DividendGreeks> {
        let (terms, spot) = (&self.terms, self.terms.inputs.spot);
        let grid = Grid::new(terms, self.size.nodes_per_deviation(), self.size.time_steps());
        let price_of = |inputs: BlackScholesInputs| -> Result<f64> {
            let moved = Self { terms: Terms { inputs, ..terms.clone() }, size: self.size };
            let solution = solve(&moved.terms, &grid, None);
            moved.price_at(spot, Some(&(grid.clone(), solution)))
        };
        let BlackScholesInputs { volatility, rate, .. } = terms.inputs;
        let vega = central(VOLATILITY_STEP * volatility, |change| {
            price_of(BlackScholesInputs { volatility: volatility + change, ..terms.inputs })
        })?;
        let rho = central(RATE_STEP, |change| price_of(BlackScholesInputs { rate: rate + change, ..terms.inputs }))?;
        let solution = solve(terms, &grid, None);
        let (delta, gamma) = match self.coordinate(spot).and_then(|coordinate| grid.place(coordinate)) {
            Some(place) => self.slopes(&grid, &solution.values, place),
            None => (self.certain_slope(spot), 0.0),
        };
        let price = self.price_at(spot, Some(&(grid, solution)))?;
        if self.exercised_now(spot, price) {
            return Ok(DividendGreeks { price, delta: terms.kind.sign(), gamma: 0.0, theta: 0.0, vega, rho });
        }
        let free = spot - terms.escrow(Moment::NOW);
        let theta = rate * price - terms.carry() * spot * delta - 0.5 * (volatility * free).powi(2) * gamma;
        for (name, value) in [("delta", delta), ("gamma", gamma), ("theta", theta), ("vega", vega), ("rho", rho)] {
            check::computed(name, value)?;
        }
        Ok(DividendGreeks { price, delta, gamma, theta, vega, rho })
    }

    /// First and second derivative by the spot.
    fn slopes(&self, grid: &Grid, values: &[f64], place: f64) -> (f64, f64) {
        let inputs = &self.terms.inputs;
        let first = (place as usize).saturating_sub(1).clamp(2, values.len() - 6);
        let (mut slope, mut bend) = ([0.0; 4], [0.0; 4]);
        for (offset, (slope, bend)) in slope.iter_mut().zip(&mut bend).enumerate() {
            let v = &values[first + offset - 2..=first + offset + 2];
            *slope = (v[0] - 8.0 * v[1] + 8.0 * v[3] - v[4]) / (12.0 * grid.step);
            *bend = (v[1] - 2.0 * v[2] + v[3]) / (grid.step * grid.step);
        }
        let within = place - first as f64;
        let (slope, bend) = (cubic(&slope, within), cubic(&bend, within));
        let discount = (-inputs.rate * inputs.time).exp();
        let free = inputs.spot - self.terms.escrow(Moment::NOW);
        (discount * slope / free, discount * (bend - slope) / (free * free))
    }

    fn certain_slope(&self, spot: f64) -> f64 {
        let value = |spot: f64| self.terms.certain(Moment::NOW, spot).value;
        let step = 1e-6 * spot;
        (value(spot + step) - value(spot - step)) / (2.0 * step)
    }
}

fn central(step: f64, at: impl Fn(f64) -> Result<f64>) -> Result<f64> {
    Ok((at(step)? - at(-step)?) / (2.0 * step))
}

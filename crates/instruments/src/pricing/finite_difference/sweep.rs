//! The backward sweep: Crank-Nicolson steps between dividends, a shift at each.

use super::grid::{Grid, cubic, stretches};
use super::probability::Layers;
use super::terms::{Moment, Terms};
use crate::pricing::{DividendModel, OptionKind};

/// How much better than waiting an exercise must be to count as one, as a fraction of the strike.
const TIE: f64 = 1e-11;

/// Today's prices at all nodes.
#[derive(Debug, Clone)]
pub(super) struct Solution {
    /// Undiscounted: times `e^(rT)`.
    pub(super) values: Vec<f64>,
    pub(super) layers: Option<Layers>,
}

/// Coefficients of one kind of step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) length: f64,
    /// 1/2 for Crank-Nicolson, 1 for backward Euler.
    pub(super) implicitness: f64,
}

struct Sweep<'a> {
    terms: &'a Terms,
    grid: &'a Grid,
    values: Vec<f64>,
    /// Right-hand sides.
    right: Vec<f64>,
    /// Reciprocal pivots, and pivots' ratios, of the elimination from the far end.
    pivots: Vec<f64>,
    exercised: Vec<bool>,
    layers: Option<Layers>,
    /// Years from today, counted down.
    moment: Moment,
}

/// Solves for all nodes; with `layers` also for the probabilities of exercise.
pub(super) fn solve(terms: &Terms, grid: &Grid, layers: Option<Layers>) -> Solution {
    let expiry = Moment { time: terms.inputs.time, next: terms.dividends.len() };
    let count = grid.len();
    let mut sweep = Sweep {
        terms,
        grid,
        values: grid.levels.iter().map(|level| terms.payoff(*level)).collect(),
        right: vec![0.0; count],
        pivots: vec![0.0; count],
        exercised: vec![false; count],
        layers,
        moment: expiry,
    };
    sweep.smooth_the_kink();
    if let Some(layers) = &mut sweep.layers {
        layers.start(terms, grid);
    }
    let stretches = stretches(terms);
    for (end, length) in stretches {
        if length > 0.0 {
            sweep.stretch(end, length);
        }
        if end.next > 0 {
            sweep.dividend(end.next - 1);
        }
    }
    Solution { values: sweep.values, layers: sweep.layers }
}

impl Sweep<'_> {
    /// The payoff at the strike becomes its average over the cell of the node, which keeps the order of the scheme.
    fn smooth_the_kink(&mut self) {
        let Some(place) = self.grid.place(self.terms.inputs.strike.ln()) else { return };
        let half = 0.5 * self.grid.step.abs();
        let strike = self.terms.inputs.strike;
        // ∫ of |eˣ − 1| over the half cell on the side of the money.
        let area = match self.terms.kind {
            OptionKind::Call => libm::expm1(half) - half,
            OptionKind::Put => half + libm::expm1(-half),
        };
        self.values[place.round() as usize] = strike * area / (2.0 * half);
    }

    fn stretch(&mut self, end: Moment, length: f64) {
        let blocks = self.grid.blocks(length);
        let start = end.time + length;
        let mut passed = 0.0;
        self.moment.next = end.next;
        for (index, block) in blocks.into_iter().enumerate() {
            let mut left = block.count;
            if index == 0 {
                // Half steps of backward Euler damp what a kink or a jump leaves behind (Rannacher).
                let half = Step { length: 0.5 * block.step, implicitness: 1.0 };
                self.factorize(half);
                for quarter in 1..=4_u32 {
                    self.step(half, start - 0.5 * block.step * f64::from(quarter));
                }
                left -= 2;
            }
            let full = Step { length: block.step, implicitness: 0.5 };
            self.factorize(full);
            for done in block.count - left..block.count {
                self.step(full, start - passed - block.step * (done + 1) as f64);
            }
            passed += block.step * block.count as f64;
        }
        self.moment = end;
    }

    /// `σ²/2` per squared step, fitted so that the discrete equation carries `eˣ` exactly.
    fn diffusion(&self, step: Step) -> f64 {
        let sinh = libm::sinh(0.5 * self.grid.step);
        let volatility = self.terms.inputs.volatility;
        0.5 * volatility * volatility * step.length / (4.0 * sinh * sinh)
    }

    fn factorize(&mut self, step: Step) {
        let implicit = step.implicitness * self.diffusion(step);
        let (diagonal, square) = (1.0 + 2.0 * implicit, implicit * implicit);
        let mut pivot = diagonal;
        for reciprocal in self.pivots.iter_mut().rev().skip(1) {
            *reciprocal = 1.0 / pivot;
            pivot = diagonal - square * *reciprocal;
        }
        if let Some(layers) = &mut self.layers {
            layers.factorize(self.grid, step, self.terms.inputs.volatility);
        }
    }

    /// One step back to `time`. The elimination runs from the far end and the substitution from the side of exercise, so
    /// that comparing with the payoff on the way solves the inequality exactly (Brennan and Schwartz).
    fn step(&mut self, step: Step, time: f64) {
        self.moment.time = time;
        let diffusion = self.diffusion(step);
        let (implicit, explicit) = (step.implicitness * diffusion, (1.0 - step.implicitness) * diffusion);
        let last = self.grid.len() - 1;
        let inner = 1.0 - 2.0 * explicit;
        for (right, around) in self.right[1..last].iter_mut().zip(self.values.windows(3)) {
            *right = inner * around[1] + explicit * (around[0] + around[2]);
        }
        let (near, far) = (self.edge(0), self.edge(last));
        self.values[0] = near;
        self.values[last] = far;
        let mut carried = far;
        for (right, reciprocal) in self.right[1..last].iter_mut().zip(&self.pivots[1..last]).rev() {
            carried = *right * reciprocal + implicit * reciprocal * carried;
            *right = carried;
        }
        // `right` now holds what the node would be if its nearer neighbour were 0.
        let solved = self.right[1..last].iter().zip(&self.pivots[1..last]);
        let mut before = near;
        if self.terms.is_american() {
            let (scale, shift, growth) = self.payoff_terms();
            let sign = self.terms.kind.sign() * growth;
            let tie = TIE * self.terms.inputs.strike;
            let nodes = self.values[1..last].iter_mut().zip(&mut self.exercised[1..last]);
            for (((value, exercised), level), (right, reciprocal)) in nodes.zip(&self.grid.levels[1..last]).zip(solved)
            {
                let waiting = right + implicit * reciprocal * before;
                let payoff = sign * (level * scale + shift);
                *exercised = payoff > waiting + tie;
                before = waiting.max(payoff);
                *value = before;
            }
            self.exercised[0] = self.exercised[1];
        } else {
            for (value, (right, reciprocal)) in self.values[1..last].iter_mut().zip(solved) {
                before = right + implicit * reciprocal * before;
                *value = before;
            }
        }
        if let Some(layers) = &mut self.layers {
            layers.step(step, &self.exercised);
        }
    }

    /// `S − K = level · scale + shift`, and the factor that undoes discounting.
    fn payoff_terms(&self) -> (f64, f64, f64) {
        let left = self.terms.inputs.time - self.moment.time;
        let scale = (-self.terms.log_drift() * left).exp();
        (scale, self.terms.escrow(self.moment) - self.terms.inputs.strike, (self.terms.inputs.rate * left).exp())
    }

    /// So far out, the price is that of a certain future.
    fn edge(&self, index: usize) -> f64 {
        let (scale, shift, growth) = self.payoff_terms();
        let spot = self.grid.levels[index] * scale + shift + self.terms.inputs.strike;
        growth * self.terms.certain(self.moment, spot).value
    }

    /// From just after a dividend to just before it.
    fn dividend(&mut self, index: usize) {
        let after = self.moment;
        let before = Moment { time: after.time, next: index };
        let (scale, _, growth) = self.payoff_terms();
        if self.terms.model == DividendModel::Spot {
            let amount = self.terms.dividends.get(index).map_or(0.0, |dividend| dividend.amount);
            let shift = self.terms.log_drift() * (self.terms.inputs.time - after.time);
            let places: Vec<(f64, Option<f64>)> = self
                .grid
                .levels
                .iter()
                .map(|level| {
                    let spot = (level * scale - amount).max(0.0);
                    (spot, self.grid.place(libm::log(spot) + shift))
                })
                .collect();
            let old = std::mem::take(&mut self.values);
            self.values = places
                .iter()
                .map(|(spot, place)| match place {
                    Some(place) => cubic(&old, *place),
                    None => growth * self.terms.certain(after, *spot).value,
                })
                .collect();
            if let Some(layers) = &mut self.layers {
                layers.shift(&places);
            }
        }
        self.moment = before;
        if !self.terms.is_american() {
            return;
        }
        let (scale, shift, growth) = self.payoff_terms();
        let (sign, tie) = (self.terms.kind.sign(), TIE * self.terms.inputs.strike);
        let mut gains = Vec::with_capacity(self.values.len());
        for (value, level) in self.values.iter_mut().zip(&self.grid.levels) {
            let payoff = (sign * growth * (level * scale + shift)).max(0.0);
            gains.push(payoff - *value - tie);
            *value = value.max(payoff);
        }
        if let Some(layers) = &mut self.layers {
            layers.exercise(&gains);
        }
    }
}

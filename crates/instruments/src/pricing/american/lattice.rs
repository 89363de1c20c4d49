//! Recombining binomial lattices.

use crate::Result;
use crate::pricing::{BlackScholesInputs, OptionKind, check};

/// One step of a lattice.
struct Lattice {
    up: f64,
    down: f64,
    probability: f64,
    discount: f64,
}

pub(super) fn cox_ross_rubinstein(kind: OptionKind, inputs: &BlackScholesInputs, steps: usize) -> Result<f64> {
    if steps == 0 {
        return check::refuse("steps", "at least 1", 0.0);
    }
    let BlackScholesInputs { time, volatility, rate, dividend_yield, .. } = *inputs;
    let dt = time / steps as f64;
    let move_size = volatility * dt.sqrt();
    let drift = rate - dividend_yield - 0.5 * volatility * volatility;
    Lattice {
        up: move_size.exp(),
        down: (-move_size).exp(),
        probability: 0.5 + 0.5 * drift * dt / move_size,
        discount: (-rate * dt).exp(),
    }
    .price(kind, inputs, steps)
}

pub(super) fn leisen_reimer(kind: OptionKind, inputs: &BlackScholesInputs, steps: usize) -> Result<f64> {
    if steps.is_multiple_of(2) {
        return check::refuse("steps", "an odd number", steps as f64);
    }
    let BlackScholesInputs { spot, strike, time, volatility, rate, dividend_yield } = *inputs;
    let n = steps as f64;
    let dt = time / n;
    let deviation = volatility * time.sqrt();
    let d2 = ((spot / strike).ln() + (rate - dividend_yield) * time) / deviation - 0.5 * deviation;
    let probability = peizer_pratt(d2, n);
    let share_probability = peizer_pratt(d2 + deviation, n);
    let growth = ((rate - dividend_yield) * dt).exp();
    Lattice {
        up: growth * share_probability / probability,
        down: growth * (1.0 - share_probability) / (1.0 - probability),
        probability,
        discount: (-rate * dt).exp(),
    }
    .price(kind, inputs, steps)
}

/// The second inversion of Peizer and Pratt: the binomial probability whose `n`-step tail matches `Φ(z)`.
fn peizer_pratt(z: f64, n: f64) -> f64 {
    let scaled = z / (n + 1.0 / 3.0 + 0.1 / (n + 1.0));
    let spread = -(-scaled * scaled * (n + 1.0 / 6.0)).exp_m1();
    0.5 + 0.5f64.copysign(z) * spread.sqrt()
}

impl Lattice {
    fn price(&self, kind: OptionKind, inputs: &BlackScholesInputs, steps: usize) -> Result<f64> {
        if !(self.probability > 0.0 && self.probability < 1.0) {
            return check::undefined("lattice", "its up probability leaves (0, 1): more steps are needed");
        }
        let up_weight = self.discount * self.probability;
        let down_weight = self.discount * (1.0 - self.probability);
        let ratio = self.up / self.down;
        // The logarithm keeps the extreme nodes from overflowing on the way.
        let lowest = |step: usize| (inputs.spot.ln() + step as f64 * self.down.ln()).exp();
        let mut values = Vec::with_capacity(steps + 1);
        let mut spot = lowest(steps);
        for _ in 0..=steps {
            values.push(kind.payoff(spot, inputs.strike));
            spot *= ratio;
        }
        for step in (0..steps).rev() {
            let mut spot = lowest(step);
            for node in 0..=step {
                let waiting = down_weight * values[node] + up_weight * values[node + 1];
                values[node] = waiting.max(kind.payoff(spot, inputs.strike));
                spot *= ratio;
            }
        }
        check::computed("lattice price", values[0])
    }
}

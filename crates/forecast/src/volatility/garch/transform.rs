//! Parameters from variables on the whole line, so that a search needs no bounds.

use super::layout::Layout;
use super::model::VarianceEquation;

/// Largest tilt of the power model: at one, shocks of one sign are no news at all and powers below one have no slope.
pub(super) const MOST_TILT: f64 = 0.99;

/// Powers that a search considers.
pub(super) const POWERS: (f64, f64) = (0.3, 5.0);

/// The variable of a share when this is the rest.
pub(super) fn share_variable(share: f64, rest: f64) -> f64 {
    2.0 * libm::asinh(0.5 * (share / rest).sqrt())
}

/// The variable of a power.
pub(super) fn power_variable(power: f64) -> f64 {
    libm::log((power - POWERS.0) / (POWERS.1 - power))
}

/// Variables and parameters have the same places.
///
/// GARCH and TARCH: half of each α, half of each α + γ (all of an α without γ) and each β are shares of a whole whose rest
/// is `1 − persistence`; ω is a variance times that rest, and the logarithm of that variance its variable. A share is to the
/// rest as `4 sinh²(x/2)` to one: far out a logarithm, and nothing at zero, where a search ends as it ends anywhere. The power model
/// has shares α and β and bounded tilts. EGARCH has a bounded β and the level that the log-variance returns to.
#[derive(Debug, Clone)]
pub(super) struct Transform {
    layout: Layout,
    shares: Vec<f64>,
    rest: f64,
}

impl Transform {
    pub(super) fn new(layout: &Layout) -> Self {
        let count = layout.power() - layout.alpha();
        Self { layout: *layout, shares: vec![0.0; count], rest: 1.0 }
    }

    fn halves(&self) -> bool {
        self.layout.equation != VarianceEquation::Aparch
    }

    /// Writes the parameters of the variables `x`.
    pub(super) fn parameters(&mut self, x: &[f64], at: &mut [f64]) {
        let layout = self.layout;
        at.copy_from_slice(x);
        let shapes = layout.innovations.shapes_of(&x[layout.shapes()..]);
        at[layout.shapes()..].copy_from_slice(&shapes);
        if layout.equation == VarianceEquation::Egarch {
            let mut left = 1.0;
            for k in layout.beta()..layout.power() {
                at[k] = libm::tanh(x[k]);
                left -= at[k];
            }
            at[layout.omega()] = left * x[layout.omega()];
            return;
        }
        self.divide(x);
        at[layout.omega()] = self.rest * libm::exp(x[layout.omega()]);
        let (gamma, beta) = (layout.arch, layout.arch + layout.asymmetry);
        if layout.equation == VarianceEquation::Aparch {
            for i in 0..layout.asymmetry {
                at[layout.gamma() + i] = MOST_TILT * libm::tanh(x[layout.gamma() + i]);
            }
            at[layout.power()] = POWERS.0 + (POWERS.1 - POWERS.0) / (1.0 + libm::exp(-x[layout.power()]));
        }
        for i in 0..layout.arch {
            let both = self.halves() && i < layout.asymmetry;
            at[layout.alpha() + i] = if both { 2.0 * self.shares[i] } else { self.shares[i] };
            if both {
                at[layout.gamma() + i] = 2.0 * (self.shares[gamma + i] - self.shares[i]);
            }
        }
        for k in 0..layout.garch {
            at[layout.beta() + k] = self.shares[beta + k];
        }
    }

    /// Shares of the variables; tilts of the power model have none.
    fn divide(&mut self, x: &[f64]) {
        let layout = self.layout;
        let halves = self.halves();
        let skip = |k: usize| !halves && (layout.arch..layout.arch + layout.asymmetry).contains(&k);
        let first = layout.alpha();
        let mut total = 1.0;
        for k in 0..self.shares.len() {
            let share = if skip(k) { 0.0 } else { 4.0 * libm::sinh(0.5 * x[first + k]).powi(2) };
            total += share;
            self.shares[k] = share;
        }
        self.shares.iter_mut().for_each(|share| *share /= total);
        self.rest = 1.0 / total;
    }

    /// Turns the gradient by the parameters `at` of the last variables into the gradient by the variables.
    pub(super) fn pull_back(&self, x: &[f64], at: &[f64], by_parameter: &[f64], by_variable: &mut [f64]) {
        let layout = self.layout;
        by_variable.copy_from_slice(by_parameter);
        let slopes = layout.innovations.slopes(&x[layout.shapes()..]);
        by_variable[layout.shapes()..].iter_mut().zip(slopes).for_each(|(slot, slope)| *slot *= slope);
        let omega = layout.omega();
        if layout.equation == VarianceEquation::Egarch {
            let mut left = 1.0;
            for k in layout.beta()..layout.power() {
                left -= at[k];
                let by_beta = by_parameter[k] - x[omega] * by_parameter[omega];
                by_variable[k] = by_beta * (1.0 - at[k] * at[k]);
            }
            by_variable[omega] = by_parameter[omega] * left;
            return;
        }
        by_variable[omega] = by_parameter[omega] * at[omega];
        let first = layout.alpha();
        let mut by_share: Vec<f64> = by_parameter[first..layout.power()].to_vec();
        if self.halves() {
            for i in 0..layout.asymmetry {
                let (alpha, gamma) = (by_parameter[first + i], by_parameter[layout.gamma() + i]);
                by_share[i] = 2.0 * (alpha - gamma);
                by_share[layout.arch + i] = 2.0 * gamma;
            }
        } else {
            for i in 0..layout.asymmetry {
                let slot = layout.gamma() + i;
                let share = at[slot] / MOST_TILT;
                by_variable[slot] = by_parameter[slot] * MOST_TILT * (1.0 - share * share);
            }
            let power = at[layout.power()];
            let slope = (power - POWERS.0) * (POWERS.1 - power) / (POWERS.1 - POWERS.0);
            by_variable[layout.power()] = by_parameter[layout.power()] * slope;
        }
        let middle = self.shares.iter().zip(&by_share).map(|(share, slope)| share * slope).sum::<f64>()
            + by_parameter[omega] * at[omega];
        for (k, slope) in by_share.iter().enumerate() {
            if self.halves() || !(layout.arch..layout.arch + layout.asymmetry).contains(&k) {
                by_variable[first + k] = 2.0 * libm::sinh(x[first + k]) * self.rest * (slope - middle);
            }
        }
    }
}

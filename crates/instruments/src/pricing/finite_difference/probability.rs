//! The probability of exercise, carried along with the price.

use super::grid::{Grid, linear};
use super::sweep::Step;
use super::terms::Terms;

/// Probabilities at the nodes that the option will be exercised early, or at expiry.
///
/// They obey the equation of the undiscounted price with another drift and are 1, or 0, where the option is exercised.
#[derive(Debug, Clone)]
pub(super) struct Layers {
    pub(super) early: Vec<f64>,
    pub(super) at_expiry: Vec<f64>,
    /// Drift of the price less that under the pricing measure, per year.
    excess_drift: f64,
    right: Vec<f64>,
    pivots: Vec<f64>,
    /// Per step: to the nearer and to the farther neighbour.
    weights: [f64; 2],
}

impl Layers {
    pub(super) fn new(excess_drift: f64) -> Self {
        let empty = Vec::new;
        Self { early: empty(), at_expiry: empty(), excess_drift, right: empty(), pivots: empty(), weights: [0.0; 2] }
    }

    /// At expiry. The node on the strike stands for a cell of which half is in the money.
    pub(super) fn start(&mut self, terms: &Terms, grid: &Grid) {
        let count = grid.len();
        self.early = vec![0.0; count];
        self.right = vec![0.0; count];
        self.pivots = vec![0.0; count];
        self.at_expiry = grid.levels.iter().map(|level| f64::from(u8::from(terms.payoff(*level) > 0.0))).collect();
        if let Some(place) = grid.place(terms.inputs.strike.ln()) {
            self.at_expiry[place.round() as usize] = 0.5;
        }
    }

    pub(super) fn factorize(&mut self, grid: &Grid, step: Step, volatility: f64) {
        let spread = 0.5 * volatility * volatility * step.length / (grid.step * grid.step);
        let pull = 0.5 * self.excess_drift * step.length / grid.step;
        self.weights = [spread - pull, spread + pull];
        let [near, far] = self.weights.map(|weight| step.implicitness * weight);
        // Beyond the last node the probability is that of the last node.
        let mut pivot = 1.0 + near;
        for reciprocal in self.pivots.iter_mut().rev().skip(1) {
            *reciprocal = 1.0 / pivot;
            pivot = 1.0 + near + far - far * near * *reciprocal;
        }
    }

    pub(super) fn step(&mut self, step: Step, exercised: &[bool]) {
        let Self { early, at_expiry, right, pivots, weights, .. } = self;
        one(early, 1.0, step, exercised, right, pivots, *weights);
        one(at_expiry, 0.0, step, exercised, right, pivots, *weights);
    }

    /// Ahead of a dividend the price stands where it will be after it.
    pub(super) fn shift(&mut self, places: &[(f64, Option<f64>)]) {
        for layer in [&mut self.early, &mut self.at_expiry] {
            let old = layer.clone();
            // Nodes that leave the grid fall off its low end; which end that is depends on the option.
            let low = if places.first() < places.last() { old.first() } else { old.last() };
            let low = low.copied().unwrap_or(0.0);
            for (value, (_, place)) in layer.iter_mut().zip(places) {
                *value = place.map_or(low, |place| linear(&old, place));
            }
        }
    }

    /// Exercise where the gain over waiting is positive. Where its sign changes between two nodes, the cell of the nearer
    /// one is exercised in part: a whole cell is worth half a percent.
    pub(super) fn exercise(&mut self, gains: &[f64]) {
        let mut shares: Vec<f64> = gains.iter().map(|gain| f64::from(u8::from(*gain > 0.0))).collect();
        for (i, pair) in gains.windows(2).enumerate() {
            if pair[0] > 0.0 && pair[1] <= 0.0 {
                let reach = pair[0] / (pair[0] - pair[1]);
                shares[i] = (0.5 + reach).min(1.0);
                shares[i + 1] = (reach - 0.5).max(0.0);
            }
        }
        for ((early, at_expiry), share) in self.early.iter_mut().zip(&mut self.at_expiry).zip(shares) {
            *early = share + (1.0 - share) * *early;
            *at_expiry *= 1.0 - share;
        }
    }
}

/// One layer, one step; `known` is its value where the option is exercised.
fn one(
    values: &mut [f64],
    known: f64,
    step: Step,
    exercised: &[bool],
    right: &mut [f64],
    pivots: &[f64],
    weights: [f64; 2],
) {
    let last = values.len() - 1;
    let [near, far] = weights.map(|weight| step.implicitness * weight);
    let [near_now, far_now] = weights.map(|weight| (1.0 - step.implicitness) * weight);
    let inner = 1.0 - near_now - far_now;
    for (right, around) in right[1..last].iter_mut().zip(values.windows(3)) {
        *right = inner * around[1] + near_now * around[0] + far_now * around[2];
    }
    let mut carried = 0.0;
    for (right, reciprocal) in right[1..last].iter_mut().zip(&pivots[1..last]).rev() {
        carried = (*right + far * carried) * reciprocal;
        *right = carried;
    }
    // Before the first node the probability is that of the first node.
    let mut before = if exercised[1] { known } else { right[1] / (1.0 - near * pivots[1]) };
    values[0] = before;
    for i in 1..last {
        before = if exercised[i] { known } else { right[i] + near * pivots[i] * before };
        values[i] = before;
    }
    values[last] = before;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exercised(gains: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut layers = Layers::new(0.0);
        layers.early = vec![0.2; gains.len()];
        layers.at_expiry = vec![0.4; gains.len()];
        layers.exercise(gains);
        (layers.early, layers.at_expiry)
    }

    #[test]
    fn a_cell_is_exercised_as_far_as_the_gain_reaches() {
        // The gain ends a quarter of the way to the third node: three quarters of the second cell.
        let (early, at_expiry) = exercised(&[3.0, 1.0, -3.0, -3.0]);
        for (got, want) in early.iter().zip([1.0, 0.8, 0.2, 0.2]).chain(at_expiry.iter().zip([0.0, 0.1, 0.4, 0.4])) {
            assert!((got - want).abs() < 1e-15, "{got} {want}");
        }
        // Three quarters of the way: the whole second cell and a quarter of the third.
        let (early, at_expiry) = exercised(&[3.0, 3.0, -1.0, -1.0]);
        for (got, want) in early.iter().zip([1.0, 1.0, 0.4, 0.2]).chain(at_expiry.iter().zip([0.0, 0.0, 0.3, 0.4])) {
            assert!((got - want).abs() < 1e-15, "{got} {want}");
        }
        assert_eq!(exercised(&[-1.0; 3]), (vec![0.2; 3], vec![0.4; 3]));
        assert_eq!(exercised(&[1.0; 3]), (vec![1.0; 3], vec![0.0; 3]));
    }

    #[test]
    fn nodes_that_fall_off_the_grid_take_its_low_end() {
        let places = [(0.0, None), (1.0, Some(0.5)), (2.0, Some(2.0))];
        let mut layers = Layers::new(0.0);
        layers.early = vec![0.1, 0.3, 0.9];
        layers.at_expiry = vec![0.0; 3];
        layers.shift(&places);
        assert_eq!(layers.early, [0.1, 0.2, 0.9]);
        let falling = [(2.0, Some(0.0)), (1.0, Some(1.5)), (0.0, None)];
        layers.early = vec![0.1, 0.3, 0.9];
        layers.shift(&falling);
        assert_eq!(layers.early[0], 0.1);
        assert!((layers.early[1] - 0.6).abs() < 1e-15 && layers.early[2] == 0.9);
    }
}

//! Where and when the solver looks.

use super::terms::{Moment, Terms};
use crate::pricing::{DividendModel, OptionKind};

/// Half the width of the grid beyond the strikes that matter, in deviations: the probability beyond is 1e-9.
const WIDTH: f64 = 6.0;
/// Fewest nodes, and the most that a wide grid may take.
const FEWEST: usize = 64;
const MOST: usize = 8_000;
/// Fewest time steps between two dividends.
const FEWEST_STEPS: usize = 16;

/// Equally spaced nodes of `ln F + (r − q − σ²/2)τ`, in which the price has no drift; the first node lies on the side
/// on which the option is exercised.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    first: f64,
    /// Negative for calls.
    pub(super) step: f64,
    /// `e^node`.
    pub(super) levels: Vec<f64>,
    /// Average time step.
    average: f64,
}

/// Steps of one length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Block {
    pub(super) step: f64,
    pub(super) count: usize,
}

impl Grid {
    /// `density` nodes per deviation, and `steps` time steps over the whole life.
    pub(super) fn new(terms: &Terms, density: usize, steps: usize) -> Self {
        let (strike, deviation) = (terms.inputs.strike, terms.deviation());
        let drift = terms.log_drift() * terms.inputs.time;
        let width = (WIDTH + deviation) * deviation;
        // Ahead of dividends the strike is met at a lower lognormal part (escrowed) or at a higher price (spot).
        let paid: f64 = terms.dividends.iter().map(|d| d.amount * (-terms.carry().min(0.0) * d.ex_time).exp()).sum();
        let (lowest, highest) = match terms.model {
            DividendModel::Escrowed => ((strike - paid).max(1e-3 * strike), strike),
            DividendModel::Spot => (strike, strike + paid),
        };
        let low = lowest.ln() - width + drift.min(0.0);
        let high = highest.ln() + width + drift.max(0.0);
        // The strike, where the payoff bends, is a node.
        let wanted = deviation / density as f64;
        let count = (((high - low) / wanted).ceil() as usize).clamp(FEWEST, MOST);
        let size = (high - low) / count as f64;
        let below = ((strike.ln() - low) / size).round();
        let low = strike.ln() - below * size;
        let (first, step) = match terms.kind {
            OptionKind::Put => (low, size),
            OptionKind::Call => (low + size * count as f64, -size),
        };
        let levels = (0..=count).map(|i| libm::exp(first + step * i as f64)).collect();
        Self { first, step, levels, average: terms.inputs.time / steps as f64 }
    }

    pub(super) fn len(&self) -> usize {
        self.levels.len()
    }

    /// Place of a node coordinate, in steps from the first node; `None` outside.
    pub(super) fn place(&self, coordinate: f64) -> Option<f64> {
        let place = (coordinate - self.first) / self.step;
        (place >= 0.0 && place <= (self.len() - 1) as f64).then_some(place)
    }

    /// Steps for a stretch of `length` years: four blocks, each four times as long as the one before, because the price
    /// bends most where the stretch begins.
    pub(super) fn blocks(&self, length: f64) -> [Block; 4] {
        let count = ((length / self.average / 4.0).ceil() as usize).max(FEWEST_STEPS / 4);
        [1.0, 3.0, 12.0, 48.0].map(|part| Block { step: length * part / 64.0 / count as f64, count })
    }
}

/// Cubic through the four nodes around a place.
pub(super) fn cubic(values: &[f64], place: f64) -> f64 {
    let first = (place as usize).saturating_sub(1).min(values.len() - 4);
    let (a, p) = (place - first as f64, &values[first..first + 4]);
    let (b, c, d) = (a - 1.0, a - 2.0, a - 3.0);
    -b * c * d / 6.0 * p[0] + a * c * d / 2.0 * p[1] - a * b * d / 2.0 * p[2] + a * b * c / 6.0 * p[3]
}

/// Straight line between the two nodes around a place: a probability stays one.
pub(super) fn linear(values: &[f64], place: f64) -> f64 {
    let first = (place as usize).min(values.len() - 2);
    let part = place - first as f64;
    (1.0 - part) * values[first] + part * values[first + 1]
}

/// Stretches between dividends, last one first: the moment at which each ends, and its length.
pub(super) fn stretches(terms: &Terms) -> Vec<(Moment, f64)> {
    let mut end = terms.inputs.time;
    let mut result = Vec::with_capacity(terms.dividends.len() + 1);
    for (index, dividend) in terms.dividends.iter().enumerate().rev() {
        result.push((Moment { time: dividend.ex_time, next: index + 1 }, end - dividend.ex_time));
        end = dividend.ex_time;
    }
    result.push((Moment::NOW, end));
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pricing::{BlackScholesInputs, CashDividend, ExerciseStyle};

    fn terms(kind: OptionKind, model: DividendModel, dividends: &[(f64, f64)]) -> Terms {
        Terms {
            kind,
            style: ExerciseStyle::American,
            model,
            inputs: BlackScholesInputs {
                spot: 100.0,
                strike: 100.0,
                time: 1.0,
                volatility: 0.2,
                rate: 0.05,
                dividend_yield: 0.0,
            },
            dividends: dividends.iter().map(|&(ex_time, amount)| CashDividend { ex_time, amount }).collect(),
        }
    }

    #[test]
    fn the_strike_is_a_node_and_the_side_of_exercise_comes_first() {
        for (kind, rising) in [(OptionKind::Put, true), (OptionKind::Call, false)] {
            let grid = Grid::new(&terms(kind, DividendModel::Spot, &[]), 64, 200);
            let place = grid.place(100.0_f64.ln()).unwrap();
            assert!((place - place.round()).abs() < 1e-9);
            assert_eq!(grid.levels[0] < grid.levels[1], rising);
            assert!((grid.step.abs() - 0.2 / 64.0).abs() < 1e-5);
            assert_eq!(grid.place(0.0_f64.ln()), None);
            assert_eq!(grid.place(20.0), None);
            // Six deviations and what drift and variance add.
            assert!(grid.len() > 64 * 12 && grid.len() < 64 * 14, "{}", grid.len());
        }
    }

    #[test]
    fn dividends_widen_the_grid_where_the_strike_is_met() {
        let plain = Grid::new(&terms(OptionKind::Put, DividendModel::Spot, &[]), 64, 200);
        let (low, high) = (plain.levels[0], plain.levels[plain.len() - 1]);
        let paid = [(0.5, 30.0)];
        let spot = Grid::new(&terms(OptionKind::Put, DividendModel::Spot, &paid), 64, 200);
        assert!((spot.levels[spot.len() - 1] / high - 1.3).abs() < 0.01 && (spot.levels[0] / low - 1.0).abs() < 0.01);
        let escrowed = Grid::new(&terms(OptionKind::Put, DividendModel::Escrowed, &paid), 64, 200);
        assert!((escrowed.levels[0] / low - 0.7).abs() < 0.01);
        assert!((escrowed.levels[escrowed.len() - 1] / high - 1.0).abs() < 0.01);
    }

    #[test]
    fn blocks_fill_their_stretch() {
        let grid = Grid::new(&terms(OptionKind::Put, DividendModel::Spot, &[]), 64, 200);
        for length in [1e-3, 0.3, 1.0] {
            let blocks = grid.blocks(length);
            let whole: f64 = blocks.iter().map(|block| block.step * block.count as f64).sum();
            assert!((whole - length).abs() < 1e-14);
            assert!(blocks.iter().all(|block| block.count >= 4));
        }
        assert_eq!(grid.blocks(1.0).map(|block| block.count), [50; 4]);
        assert_eq!(grid.blocks(1e-3).map(|block| block.count), [4; 4]);
    }

    #[test]
    fn stretches_run_back_from_expiry() {
        let stretches = stretches(&terms(OptionKind::Put, DividendModel::Spot, &[(0.25, 1.0), (1.0, 1.0)]));
        let found: Vec<_> = stretches.iter().map(|(end, length)| (end.time, end.next, *length)).collect();
        assert_eq!(found, [(1.0, 2, 0.0), (0.25, 1, 0.75), (0.0, 0, 0.25)]);
    }

    #[test]
    fn interpolation_is_exact_for_its_polynomials() {
        let f = |x: f64| 1.0 - 2.0 * x + 0.5 * x * x - 0.1 * x * x * x;
        let values: Vec<f64> = (0..9).map(|i| f(f64::from(i))).collect();
        let line: Vec<f64> = (0..9).map(|i| 3.0 - 0.5 * f64::from(i)).collect();
        for place in [0.0, 0.3, 1.0, 4.6, 7.2, 7.999, 8.0] {
            assert!((cubic(&values, place) - f(place)).abs() < 1e-12, "{place}");
            assert!((linear(&line, place) - (3.0 - 0.5 * place)).abs() < 1e-14, "{place}");
        }
    }
}

//! Hamilton's filter and Kim's smoother over the regimes of the last `p + 1` periods.

use ndarray::{Array1, Array2, ArrayView1};

use super::SwitchingForm;
use crate::Result;
use crate::regimes::chain::TransitionMatrix;

/// ln √(2π).
const LN_ROOT_TWO_PI: f64 = 0.918_938_533_204_672_7;

/// Parameters in any unit.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Values {
    /// Means, or intercepts.
    pub(super) levels: Vec<f64>,
    pub(super) autoregression: Vec<f64>,
    /// One, or one for every regime.
    pub(super) deviations: Vec<f64>,
    pub(super) transition: TransitionMatrix,
}

impl Values {
    fn deviation(&self, regime: usize) -> f64 {
        if self.deviations.len() == 1 { self.deviations[0] } else { self.deviations[regime] }
    }
}

/// The joint state: `s(t) + K s(t−1) + … + K^p s(t−p)`. In the intercept form the past regimes do not matter and the
/// state is `s(t)` alone.
pub(super) struct Kernel<'a> {
    series: ArrayView1<'a, f64>,
    order: usize,
    regimes: usize,
    states: usize,
    form: SwitchingForm,
}

/// What a pass leaves behind, from observation `order` on; observations × joint states.
pub(super) struct Pass {
    pub(super) log_likelihood: f64,
    pub(super) filtered: Array2<f64>,
    pub(super) predicted: Array2<f64>,
}

impl<'a> Kernel<'a> {
    pub(super) fn new(series: ArrayView1<'a, f64>, order: usize, regimes: usize, form: SwitchingForm) -> Self {
        let digits = if form == SwitchingForm::MeanDeviation { order + 1 } else { 1 };
        // The caller has seen that this is at most 1,024.
        let states = (0..digits).fold(1, |states, _| states * regimes);
        Self { series, order, regimes, states, form }
    }

    pub(super) fn log_likelihood(&self, values: &Values) -> Result<f64> {
        self.run(values, |_, _, _| ())
    }

    pub(super) fn pass(&self, values: &Values) -> Result<Pass> {
        let rows = self.series.len() - self.order;
        let mut filtered = Array2::zeros((rows, self.states));
        let mut predicted = Array2::zeros((rows, self.states));
        let log_likelihood = self.run(values, |t, before, after| {
            predicted.row_mut(t).iter_mut().zip(before).for_each(|(to, from)| *to = *from);
            filtered.row_mut(t).iter_mut().zip(after).for_each(|(to, from)| *to = *from);
        })?;
        Ok(Pass { log_likelihood, filtered, predicted })
    }

    /// Calls `see` with the predicted and the filtered probabilities of every observation.
    fn run(&self, values: &Values, mut see: impl FnMut(usize, &[f64], &[f64])) -> Result<f64> {
        let (k, p) = (self.regimes, self.order);
        let rows = values.transition.rows();
        let mut predicted = self.start(values)?;
        let mut filtered = vec![0.0; self.states];
        let shifts = self.shifts(values);
        let constants: Vec<(f64, f64)> = (0..k)
            .map(|regime| {
                let deviation = values.deviation(regime);
                (-LN_ROOT_TWO_PI - libm::log(deviation), 1.0 / deviation)
            })
            .collect();
        let mut log_likelihood = 0.0;
        let oldest = self.states / k;
        for t in p..self.series.len() {
            let explained: f64 = (1..=p).map(|lag| values.autoregression[lag - 1] * self.series[t - lag]).sum();
            let centre = self.series[t] - explained;
            let mut top = f64::NEG_INFINITY;
            for (state, slot) in filtered.iter_mut().enumerate() {
                let (constant, inverse) = constants[state % k];
                let z = (centre - shifts[state]) * inverse;
                *slot = constant - 0.5 * z * z;
                if predicted[state] > 0.0 {
                    top = top.max(*slot);
                }
            }
            let mut sum = 0.0;
            for (slot, prior) in filtered.iter_mut().zip(&predicted) {
                *slot = if *prior > 0.0 { prior * libm::exp(*slot - top) } else { 0.0 };
                sum += *slot;
            }
            log_likelihood += top + libm::log(sum);
            let scale = 1.0 / sum;
            filtered.iter_mut().for_each(|probability| *probability *= scale);
            see(t - p, &predicted, &filtered);
            for (state, slot) in predicted.iter_mut().enumerate() {
                let (now, past) = (state % k, state / k);
                // The states that agree with the past differ in their oldest regime only.
                let joint = |from: usize| filtered[from] * rows[from % k][now];
                *slot = if oldest == 1 {
                    (0..k).map(joint).sum()
                } else {
                    (0..k).map(|lost| joint(past + oldest * lost)).sum()
                };
            }
        }
        Ok(log_likelihood)
    }

    /// What the levels take from `yₜ − Σ φ y` in every state.
    fn shifts(&self, values: &Values) -> Vec<f64> {
        let k = self.regimes;
        let shift = |state: usize| {
            let mut level = values.levels[state % k];
            if self.form == SwitchingForm::MeanDeviation {
                let mut past = state / k;
                for coefficient in &values.autoregression {
                    level -= coefficient * values.levels[past % k];
                    past /= k;
                }
            }
            level
        };
        (0..self.states).map(shift).collect()
    }

    /// The stationary distribution of the joint state.
    fn start(&self, values: &Values) -> Result<Vec<f64>> {
        let k = self.regimes;
        let stationary = values.transition.stationary()?;
        let rows = values.transition.rows();
        let joint = |state: usize| {
            let mut left = state;
            let mut newer = left % k;
            let mut probability = 1.0;
            let mut digits = self.states / k;
            while digits > 1 {
                left /= k;
                digits /= k;
                let older = left % k;
                probability *= rows[older][newer];
                newer = older;
            }
            probability * stationary[newer]
        };
        Ok((0..self.states).map(joint).collect())
    }

    /// Kim's smoother, on joint states: observations × regimes.
    #[expect(clippy::needless_range_loop, reason = "matrix arithmetic reads by its indices")]
    pub(super) fn smooth(&self, values: &Values, pass: &Pass) -> Array2<f64> {
        let k = self.regimes;
        let rows = values.transition.rows();
        let oldest = self.states / k;
        let last = pass.filtered.nrows() - 1;
        let mut smoothed = Array2::zeros((pass.filtered.nrows(), k));
        let mut next: Array1<f64> = pass.filtered.row(last).to_owned();
        for t in (0..=last).rev() {
            if t < last {
                let after = std::mem::replace(&mut next, Array1::zeros(self.states));
                for from in 0..self.states {
                    let kept = if oldest == 1 { 0 } else { from % oldest };
                    for now in 0..k {
                        let to = if oldest == 1 { now } else { now + k * kept };
                        let prior = pass.predicted[[t + 1, to]];
                        if prior > 0.0 {
                            // The share of `to` that came from here is at most 1, whatever the sizes.
                            let share = pass.filtered[[t, from]] * rows[from % k][now] / prior;
                            next[from] += share * after[to];
                        }
                    }
                }
            }
            for (state, probability) in next.iter().enumerate() {
                smoothed[[t, state % k]] += probability;
            }
        }
        smoothed
    }

    /// Joint states summed to the present regime: observations × regimes.
    pub(super) fn marginal(&self, joint: &Array2<f64>) -> Array2<f64> {
        let mut marginal = Array2::zeros((joint.nrows(), self.regimes));
        for ((t, state), probability) in joint.indexed_iter() {
            marginal[[t, state % self.regimes]] += probability;
        }
        marginal
    }
}

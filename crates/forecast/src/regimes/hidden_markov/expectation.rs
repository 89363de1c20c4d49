//! One step of expectation-maximisation, for a number of states that the compiler knows.

use statrs::function::gamma::digamma;

use super::law::Density;

/// Least probability of a transition: it keeps scaled recursions away from zero and costs no likelihood that shows.
pub(super) const LEAST_TRANSITION: f64 = 1e-10;
/// Where the recursions are scaled up again. One step shrinks them by no more than `LEAST_TRANSITION`, so that a product
/// of the two stays far from underflow.
const SMALL: f64 = 1e-100;
/// Degrees of freedom that are searched: the variance must exist, and beyond 200 the law is normal.
pub(super) const DEGREES: (f64, f64) = (2.1, 200.0);

/// Parameters in the unit of the standardised series. The state of the first observation is not among them: the
/// likelihood is linear in its distribution, so that its maximum is one certain state, found anew in every step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Parameters<const K: usize> {
    pub(super) means: [f64; K],
    pub(super) squared_scales: [f64; K],
    /// `None` for normal laws.
    pub(super) degrees: Option<[f64; K]>,
    pub(super) transition: [[f64; K]; K],
}

/// What a step finds at the parameters it is given, and the parameters it leads to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step<const K: usize> {
    /// At the parameters given.
    pub(super) log_likelihood: f64,
    /// Smoothed expected number of observations in each state, at the parameters given.
    pub(super) occupancy: [f64; K],
    /// The most likely state of the first observation, at the parameters given.
    pub(super) first: usize,
    pub(super) next: Parameters<K>,
}

/// The series and the room that steps work in: nothing is allocated per step.
pub(super) struct Work<'a, const K: usize> {
    series: &'a [f64],
    /// Least squared scale of a state.
    floor: f64,
    /// Densities relative to the largest of their observation.
    densities: Vec<[f64; K]>,
    /// Of Student t laws: `ln(1 + δ/ν)`.
    stretches: Vec<[f64; K]>,
    /// Density times backward probability.
    weights: Vec<[f64; K]>,
}

impl<'a, const K: usize> Work<'a, K> {
    pub(super) fn new(series: &'a [f64], floor: f64) -> Self {
        let empty = || vec![[0.0; K]; series.len()];
        Self { series, floor, densities: empty(), stretches: empty(), weights: empty() }
    }

    pub(super) fn series(&self) -> &'a [f64] {
        self.series
    }

    pub(super) fn floor(&self) -> f64 {
        self.floor
    }

    /// `None` when a state is left with no observation or the arithmetic breaks down.
    pub(super) fn step(&mut self, at: &Parameters<K>) -> Option<Step<K>> {
        let laws: [Density; K] = std::array::from_fn(|k| {
            Density::new(at.means[k], at.squared_scales[k], at.degrees.map(|degrees| degrees[k]))
        });
        let offsets = self.fill_densities(&laws);
        self.fill_weights(&at.transition);
        let (sums, log_scales) = self.gather(at, &laws);
        let first = sums.first;
        let log_likelihood = offsets + log_scales;
        let next = self.maximise(at, &sums)?;
        log_likelihood.is_finite().then_some(Step { log_likelihood, occupancy: sums.weight, first, next })
    }

    /// Returns the sum of the logarithms of the largest densities.
    fn fill_densities(&mut self, laws: &[Density; K]) -> f64 {
        let student = laws[0].nu > 0.0;
        let mut offsets = 0.0;
        for ((row, stretch), &x) in self.densities.iter_mut().zip(&mut self.stretches).zip(self.series) {
            let mut logs = [0.0; K];
            for k in 0..K {
                let distance = laws[k].distance(x);
                logs[k] = if student {
                    stretch[k] = libm::log1p(distance / laws[k].nu);
                    laws[k].constant - 0.5 * (laws[k].nu + 1.0) * stretch[k]
                } else {
                    laws[k].constant - 0.5 * distance
                };
            }
            let top = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            offsets += top;
            for k in 0..K {
                row[k] = if logs[k] < top { libm::exp(logs[k] - top) } else { 1.0 };
            }
        }
        offsets
    }

    /// Backward: `wₜ(j) = bₜ(j) βₜ(j)`, `βₜ(i) ∝ Σⱼ aᵢⱼ wₜ₊₁(j)`.
    fn fill_weights(&mut self, transition: &[[f64; K]; K]) {
        let mut beta = [1.0; K];
        for (weight, density) in self.weights.iter_mut().zip(&self.densities).rev() {
            for k in 0..K {
                weight[k] = density[k] * beta[k];
            }
            let mut sum = 0.0;
            for i in 0..K {
                beta[i] = (0..K).map(|j| transition[i][j] * weight[j]).sum();
                sum += beta[i];
            }
            // What is computed from the weights does not depend on their scale.
            if !(sum > SMALL) {
                let scale = 1.0 / sum;
                beta.iter_mut().for_each(|b| *b *= scale);
            }
        }
    }

    /// Forward, and the expected sufficient statistics on the way; also the sum of the logarithms of the scales.
    #[expect(clippy::needless_range_loop, reason = "matrix arithmetic reads by its indices")]
    fn gather(&self, at: &Parameters<K>, laws: &[Density; K]) -> (Sums<K>, f64) {
        let mut sums = Sums::default();
        let mut log_scales = 0.0;
        let mut alpha = [0.0; K];
        let rows = self.series.iter().zip(&self.densities).zip(&self.stretches).zip(&self.weights);
        for (t, (((&x, density), stretch), weight)) in rows.enumerate() {
            let mut predicted = [0.0; K];
            if t == 0 {
                sums.first = (0..K).fold(0, |top, k| if weight[k] > weight[top] { k } else { top });
                predicted[sums.first] = 1.0;
            } else {
                for j in 0..K {
                    predicted[j] = (0..K).map(|i| alpha[i] * at.transition[i][j]).sum();
                }
            }
            let norm: f64 = (0..K).map(|k| predicted[k] * weight[k]).sum();
            let inverse_norm = 1.0 / norm;
            for j in 0..K {
                let share = weight[j] * inverse_norm;
                if t > 0 {
                    for i in 0..K {
                        sums.moves[i][j] += alpha[i] * share;
                    }
                }
                sums.add(j, predicted[j] * share, x, &laws[j], stretch[j]);
            }
            let mut sum = 0.0;
            for k in 0..K {
                alpha[k] = predicted[k] * density[k];
                sum += alpha[k];
            }
            // One logarithm and one division for many observations.
            if !(sum > SMALL) {
                log_scales += libm::log(sum);
                let scale = 1.0 / sum;
                alpha.iter_mut().for_each(|a| *a *= scale);
            }
        }
        let sum: f64 = alpha.iter().sum();
        (sums, log_scales + libm::log(sum))
    }

    #[expect(clippy::needless_range_loop, reason = "matrix arithmetic reads by its indices")]
    fn maximise(&self, at: &Parameters<K>, sums: &Sums<K>) -> Option<Parameters<K>> {
        let mut next = *at;
        for k in 0..K {
            if !(sums.weight[k] > 0.0 && sums.precision[k] > 0.0) {
                return None;
            }
            next.means[k] = sums.linear[k] / sums.precision[k];
            // Rounding may leave a sum of squares about the mean just below zero.
            let squares = sums.square[k] - next.means[k] * sums.linear[k];
            next.squared_scales[k] = (squares / sums.weight[k]).max(self.floor);
            if let (Some(degrees), Some(old)) = (&mut next.degrees, at.degrees) {
                degrees[k] = next_degrees(old[k], sums.surprise[k] / sums.weight[k]);
            }
            let row = &mut next.transition[k];
            for j in 0..K {
                row[j] = at.transition[k][j] * sums.moves[k][j];
            }
            normalise(row);
        }
        next.means.iter().all(|m| m.is_finite()).then_some(next)
    }
}

/// A row of transition probabilities that sums to 1 and keeps away from zero.
pub(super) fn normalise<const K: usize>(row: &mut [f64; K]) {
    for _ in 0..2 {
        let sum: f64 = row.iter().sum();
        let usable = sum > 0.0;
        row.iter_mut().for_each(|p| *p = if usable { (*p / sum).max(LEAST_TRANSITION) } else { 1.0 / K as f64 });
    }
}

/// Expected sufficient statistics.
#[derive(Debug, Clone, Copy)]
struct Sums<const K: usize> {
    first: usize,
    moves: [[f64; K]; K],
    weight: [f64; K],
    /// Weighted by the expected precision u of a Student t law (1 for the normal one).
    precision: [f64; K],
    linear: [f64; K],
    square: [f64; K],
    /// `Σ γ (ln u − u)`.
    surprise: [f64; K],
}

impl<const K: usize> Default for Sums<K> {
    fn default() -> Self {
        let zero = [0.0; K];
        Self { first: 0, moves: [zero; K], weight: zero, precision: zero, linear: zero, square: zero, surprise: zero }
    }
}

impl<const K: usize> Sums<K> {
    #[inline]
    fn add(&mut self, k: usize, weight: f64, x: f64, law: &Density, stretch: f64) {
        self.weight[k] += weight;
        let precision = if law.nu > 0.0 {
            let u = (law.nu + 1.0) / (law.nu + law.distance(x));
            self.surprise[k] += weight * (law.log_rescale - stretch - u);
            weight * u
        } else {
            weight
        };
        self.precision[k] += precision;
        self.linear[k] += precision * x;
        self.square[k] += precision * x * x;
    }
}

/// The degrees of freedom that maximise the expected likelihood of the latent precisions, of which `surprise` is the
/// mean of `ln u − u`. The derivative falls, so that its root is found by halving.
fn next_degrees(old: f64, surprise: f64) -> f64 {
    let known = 1.0 + surprise + digamma(0.5 * (old + 1.0)) - libm::log(0.5 * (old + 1.0));
    let rises = |nu: f64| libm::log(0.5 * nu) - digamma(0.5 * nu) + known > 0.0;
    if rises(DEGREES.1) {
        return DEGREES.1;
    }
    if !rises(DEGREES.0) {
        return DEGREES.0;
    }
    let (mut low, mut high) = (libm::log(DEGREES.0), libm::log(DEGREES.1));
    for _ in 0..48 {
        let middle = 0.5 * (low + high);
        *(if rises(libm::exp(middle)) { &mut low } else { &mut high }) = middle;
    }
    libm::exp(0.5 * (low + high))
}

//! The exact likelihood of an ARMA process by the Kalman filter, in units of the innovation variance.
//!
//! The state is Harvey's: its first element is the observation, its transition shifts the others up. As nothing is
//! observed with noise, the filtered covariance of the first element is zero, and so one step of the covariance is a
//! shift and a rank-one change. Source: Harvey (1989), §4.1; Gardner, Harvey and Phillips (1980).

use super::gain::Gain;
use super::polynomial::predictors;

/// An ARMA process as a state space.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arma {
    /// Autoregressive coefficients, one a state.
    pub(super) ar: Vec<f64>,
    /// What an innovation adds to each state: 1, then the moving-average coefficients.
    pub(super) load: Vec<f64>,
}

/// Log-likelihood with the innovation variance, and the mean if there is one, at their best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Concentrated {
    pub(super) mean: f64,
    /// `Σ v²/F`.
    pub(super) squares: f64,
    /// `Σ ln F`.
    pub(super) log_determinant: f64,
}

/// The covariance of the prediction of the next state.
#[derive(Debug, Clone)]
pub(super) struct Filter<'a> {
    arma: &'a Arma,
    /// Upper triangle, row after row, of the covariance of the predicted state.
    covariance: Vec<f64>,
    gain: Vec<f64>,
    steady: bool,
}

impl Arma {
    pub(super) fn new(ar: &[f64], ma: &[f64]) -> Self {
        let states = ar.len().max(ma.len() + 1);
        let padded = |values: &mut dyn Iterator<Item = f64>| {
            let mut out: Vec<f64> = values.collect();
            out.resize(states, 0.0);
            out
        };
        Self { ar: padded(&mut ar.iter().copied()), load: padded(&mut std::iter::once(1.0).chain(ma.iter().copied())) }
    }

    pub(super) fn states(&self) -> usize {
        self.ar.len()
    }

    /// The filter before the first observation, or `None` when the process is not stationary.
    pub(super) fn start(&self) -> Option<Filter<'_>> {
        let covariance = self.stationary_covariance()?;
        Some(Filter { arma: self, covariance, gain: vec![0.0; self.states()], steady: false })
    }

    /// The first `count` weights `ψ` of `wₜ = Σ ψⱼ eₜ₋ⱼ`.
    pub(super) fn psi(&self, count: usize) -> Vec<f64> {
        let mut psi: Vec<f64> = Vec::with_capacity(count);
        for j in 0..count {
            let carried: f64 = self.ar.iter().zip(psi.iter().rev()).map(|(phi, weight)| phi * weight).sum();
            psi.push(carried + self.load.get(j).copied().unwrap_or(0.0));
        }
        psi
    }

    /// Autocovariances at lags 0 to `states`, from those of the autoregression without its moving average, or `None`
    /// when the process is not stationary.
    fn autocovariances(&self) -> Option<Vec<f64>> {
        let r = self.states();
        let trimmed = self.ar.iter().rposition(|phi| phi.abs() > 0.0).map_or(0, |last| last + 1);
        let orders = predictors(&self.ar[..trimmed])?;
        let mut error =
            1.0 / orders.iter().filter_map(|order| order.last()).map(|last| 1.0 - last * last).product::<f64>();
        let mut pure = vec![error];
        for (k, order) in orders.iter().enumerate() {
            let last = order[k];
            let lower: &[f64] = if k == 0 { &[] } else { &orders[k - 1] };
            let carried: f64 = lower.iter().enumerate().map(|(i, phi)| phi * pure[k - i]).sum();
            pure.push(carried + last * error);
            error *= 1.0 - last * last;
        }
        for k in pure.len()..2 * r + 1 {
            pure.push(self.ar[..trimmed].iter().enumerate().map(|(i, phi)| phi * pure[k - 1 - i]).sum());
        }
        let with_average = |lag: usize| {
            let mut total = 0.0;
            for (i, a) in self.load.iter().enumerate().filter(|(_, a)| a.abs() > 0.0) {
                total += self.load.iter().enumerate().map(|(j, b)| a * b * pure[(lag + j).abs_diff(i)]).sum::<f64>();
            }
            total
        };
        Some((0..=r).map(with_average).collect())
    }

    /// First row of the covariance of the state, from the autocovariances.
    pub(super) fn first_row(&self) -> Option<Vec<f64>> {
        let r = self.states();
        let (gamma, psi) = (self.autocovariances()?, self.psi(r));
        let element = |j: usize| (j..r).map(|k| self.ar[k] * gamma[1 + k - j] + self.load[k] * psi[k - j]).sum();
        Some(std::iter::once(gamma[0]).chain((1..r).map(element)).collect())
    }

    /// The solution of `P = T P T' + R R'`: its first row, then the others from the last upwards.
    fn stationary_covariance(&self) -> Option<Vec<f64>> {
        let r = self.states();
        let (ar, load) = (&self.ar, &self.load);
        let mut p = self.first_row()?;
        p.resize(r * r, 0.0);
        for i in (1..r).rev() {
            for j in (i..r).rev() {
                let first = |k: usize| if k < r { p[k] } else { 0.0 };
                let below = if j + 1 < r { p[(i + 1) * r + j + 1] } else { 0.0 };
                let carried = ar[i] * ar[j] * p[0] + ar[i] * first(j + 1) + ar[j] * first(i + 1);
                p[i * r + j] = carried + below + load[i] * load[j];
            }
        }
        p.iter().all(|value| value.is_finite()).then_some(p)
    }

    /// The likelihood of a series at the best innovation variance, and at the best constant mean or at zero.
    pub(super) fn concentrate(&self, series: &[f64], with_mean: bool) -> Option<Concentrated> {
        // Few states: the covariance costs no more, and loses no digits next to a unit root.
        if self.states() <= 8 {
            run(self.start()?, series, with_mean)
        } else {
            run(Gain::start(self)?, series, with_mean)
        }
    }
}

/// What carries the gain through a series.
pub(super) trait Predictor {
    /// Variance of the next innovation; readies the gain.
    fn variance(&mut self) -> f64;
    /// Moves the prediction `state` past an observation and returns the innovation.
    fn observe(&self, state: &mut [f64], observed: f64) -> f64;
    /// Moves the gain past an observation.
    fn predict(&mut self);
    fn states(&self) -> usize;
}

pub(super) fn run(mut gain: impl Predictor, series: &[f64], with_mean: bool) -> Option<Concentrated> {
    let mut state = vec![0.0; gain.states()];
    let mut unit = vec![0.0; gain.states()];
    let (mut squares, mut cross, mut weight, mut log_determinant) = (0.0, 0.0, 0.0, 0.0);
    for &observed in series {
        let f = gain.variance();
        let v = gain.observe(&mut state, observed);
        squares += v * v / f;
        log_determinant += f.ln();
        if with_mean {
            let u = gain.observe(&mut unit, 1.0);
            cross += u * v / f;
            weight += u * u / f;
        }
        gain.predict();
    }
    let mean = if with_mean { cross / weight } else { 0.0 };
    let squares = squares - mean * cross;
    (squares > 0.0 && log_determinant.is_finite() && mean.is_finite() && squares.is_finite()).then_some(Concentrated {
        mean,
        squares,
        log_determinant,
    })
}

impl Predictor for Filter<'_> {
    fn variance(&mut self) -> f64 {
        Self::variance(self)
    }

    fn observe(&self, state: &mut [f64], observed: f64) -> f64 {
        Self::observe(self, state, observed)
    }

    fn predict(&mut self) {
        Self::predict(self);
    }

    fn states(&self) -> usize {
        self.arma.states()
    }
}

impl Filter<'_> {
    /// The variance of the next innovation; sets the gain.
    pub(super) fn variance(&mut self) -> f64 {
        if self.steady {
            return 1.0;
        }
        let f = self.covariance[0];
        for (gain, covariance) in self.gain.iter_mut().zip(&self.covariance) {
            *gain = covariance / f;
        }
        f
    }

    /// Moves the prediction `state` past an observation and returns the innovation.
    pub(super) fn observe(&self, state: &mut [f64], observed: f64) -> f64 {
        let innovation = observed - state[0];
        let last = state.len() - 1;
        for i in 0..last {
            state[i] = self.arma.ar[i] * observed + state[i + 1] + self.gain[i + 1] * innovation;
        }
        state[last] = self.arma.ar[last] * observed;
        innovation
    }

    /// Moves the covariance past an observation.
    pub(super) fn predict(&mut self) {
        if self.steady {
            return;
        }
        let (r, load, gain, p) = (self.arma.states(), &self.arma.load, &self.gain, &mut self.covariance);
        let f = p[0];
        let mut left = 0.0;
        for i in 0..r - 1 {
            let scaled = gain[i + 1] * f;
            for j in i..r - 1 {
                let filtered = p[(i + 1) * r + j + 1] - scaled * gain[j + 1];
                left += if i == j { filtered.abs() } else { 0.0 };
                p[i * r + j] = filtered + load[i] * load[j];
            }
            p[i * r + r - 1] = load[i] * load[r - 1];
        }
        p[r * r - 1] = load[r - 1] * load[r - 1];
        // Nothing about the past is left unknown: from here on the innovations are the shocks themselves.
        if left < 1e-13 {
            self.steady = true;
            self.gain.copy_from_slice(load);
        }
    }

    /// What is still unknown about the predicted state besides the next shock, `P − R R'`: row after row, or `None`
    /// when that is nothing.
    pub(super) fn unknown(&self) -> Option<Vec<f64>> {
        if self.steady {
            return None;
        }
        let (r, load) = (self.arma.states(), &self.arma.load);
        let upper = |i: usize, j: usize| self.covariance[i.min(j) * r + i.max(j)];
        Some((0..r * r).map(|at| upper(at / r, at % r) - load[at / r] * load[at % r]).collect())
    }
}

#[cfg(test)]
mod tests {
    use testkit::close;

    use super::super::polynomial::from_partial;
    use super::*;

    /// `Σ Tᵏ R R' Tᵏ'`, the definition.
    fn covariance_by_summation(arma: &Arma) -> Vec<f64> {
        let r = arma.states();
        let mut response = arma.load.clone();
        let mut p = vec![0.0; r * r];
        for _ in 0..4_000 {
            for i in 0..r {
                for j in i..r {
                    p[i * r + j] += response[i] * response[j];
                }
            }
            let first = response[0];
            for i in 0..r {
                response[i] = arma.ar[i] * first + if i + 1 < r { response[i + 1] } else { 0.0 };
            }
        }
        p
    }

    #[test]
    fn the_stationary_covariance_is_the_sum_of_its_series() {
        let cases: [(&[f64], &[f64]); 6] = [
            (&[], &[]),
            (&[0.9], &[]),
            (&[0.5, -0.3, 0.7], &[0.4]),
            (&[], &[0.8, -0.4, 0.3]),
            (&[-0.6], &[0.7, 0.2, 0.5]),
            (&[0.2, 0.0, 0.0, 0.6], &[0.0, 0.3]),
        ];
        for (partial, ma) in cases {
            let arma = Arma::new(&from_partial(partial), ma);
            let (got, want) = (arma.stationary_covariance().unwrap(), covariance_by_summation(&arma));
            for (a, b) in got.iter().zip(&want) {
                close(*a, *b, 1e-10);
            }
        }
        assert!(Arma::new(&[1.0], &[]).stationary_covariance().is_none());
    }

    #[test]
    fn weights_of_past_shocks_by_hand() {
        // ψ of an ARMA(1,1) with φ = 0.5, θ = 0.25: 1, 0.75, 0.375, …
        assert_eq!(Arma::new(&[0.5], &[0.25]).psi(4), [1.0, 0.75, 0.375, 0.1875]);
    }
}

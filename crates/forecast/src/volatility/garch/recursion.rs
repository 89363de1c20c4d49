//! The likelihood and its gradient in one pass forwards and one back.
//!
//! Forwards the equation makes the variances; backwards the adjoint of each variance, what the log-likelihood gains
//! by it, runs through the same recursion. The gradient by every parameter is then a product of adjoints with what the
//! parameter multiplies, so that its cost hardly depends on the number of parameters.

use std::f64::consts::FRAC_2_PI;

use super::layout::Layout;
use super::model::{InitialVariance, VarianceEquation};
use super::one_lag::{Gather, Likelihood, NormalSums, OneLag, SkewedSums, StudentSums};
use crate::innovations::{Kernel, log_of_product};
use crate::{Result, check};

/// Returns and what does not depend on parameters.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) returns: Vec<f64>,
    /// `b` of a backcast.
    pub(super) backcast: f64,
    /// Variance at or below which the recursion has broken down: what lies there is no market.
    floor: f64,
}

/// The floor of a variance over the variance of the returns.
const FLOOR: f64 = 1e-12;

impl Sample {
    pub(super) fn new(layout: &Layout, returns: Vec<f64>) -> Result<Self> {
        let residuals = &returns[layout.lags()..];
        let centre = match layout.mean.has_constant() {
            true => residuals.iter().sum::<f64>() / residuals.len() as f64,
            false => 0.0,
        };
        let (mut sum, mut weights, mut weight) = (0.0, 0.0, 1.0);
        for value in residuals.iter().take(75) {
            let e = value - centre;
            sum += weight * if layout.equation == VarianceEquation::Tarch { e.abs() } else { e * e };
            weights += weight;
            weight *= 0.94;
        }
        let backcast = sum / weights;
        if layout.initial == InitialVariance::Backcast {
            check::positive("variance of the first returns", backcast)?;
        }
        let n = returns.len() as f64;
        let mean = returns.iter().sum::<f64>() / n;
        let floor = FLOOR * returns.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
        Ok(Self { returns, backcast, floor })
    }

    /// The same with another `b`.
    pub(super) fn with_backcast(mut self, backcast: f64) -> Self {
        self.backcast = backcast;
        self
    }

    pub(super) fn residual_count(&self, layout: &Layout) -> usize {
        self.returns.len() - layout.lags()
    }
}

/// Room for one evaluation after the other.
#[derive(Debug, Clone)]
pub(super) struct Recursion {
    layout: Layout,
    n: usize,
    pub(super) residuals: Vec<f64>,
    /// What α multiplies, with the presample in front.
    news: Vec<f64>,
    /// What γ multiplies, with the presample in front.
    bad: Vec<f64>,
    /// Variance, deviation, log-variance or power, with the presample in front and the next one at the end.
    pub(super) state: Vec<f64>,
    z: Vec<f64>,
    scores: Vec<f64>,
    /// What the log-likelihood gains by each state.
    adjoint: Vec<f64>,
}

impl Recursion {
    pub(super) fn new(layout: &Layout, sample: &Sample) -> Self {
        let n = sample.residual_count(layout);
        let padded = n + layout.presample + 1;
        Self {
            layout: *layout,
            n,
            residuals: vec![0.0; n],
            news: vec![0.0; padded],
            bad: vec![0.0; padded],
            state: vec![0.0; padded],
            z: vec![0.0; n],
            scores: vec![0.0; n],
            adjoint: vec![0.0; padded],
        }
    }

    /// Log-likelihood at the parameters `at`; minus infinity where a variance is not positive. With `gradient`, its
    /// slope by every parameter.
    pub(super) fn evaluate(&mut self, sample: &Sample, at: &[f64], gradient: Option<&mut [f64]>) -> f64 {
        self.residuals(sample, at);
        let start = self.start(sample);
        let kernel = Kernel::new(self.layout.innovations.law(&at[self.layout.shapes()..]));
        match (self.one_lag(at, start, sample.floor), kernel) {
            (Some(one), Kernel::Normal) => self.evaluate_one_lag(sample, one, NormalSums::default(), gradient),
            (Some(one), Kernel::StudentT(law)) => self.evaluate_one_lag(sample, one, StudentSums::new(law), gradient),
            (Some(one), Kernel::SkewedT(law)) => self.evaluate_one_lag(sample, one, SkewedSums::new(law), gradient),
            _ => self.evaluate_any(sample, at, start, &kernel, gradient),
        }
    }

    /// The likelihood of an equation with one lag of each kind.
    fn one_lag(&self, at: &[f64], start: f64, floor: f64) -> Option<Likelihood> {
        let layout = &self.layout;
        let orders = (layout.equation, layout.arch, layout.garch, layout.asymmetry);
        let (VarianceEquation::Garch, 1, 1, asymmetry @ (0 | 1)) = orders else {
            return None;
        };
        let gamma = if asymmetry == 1 { at[layout.gamma()] } else { 0.0 };
        let (omega, alpha, beta) = (at[layout.omega()], at[layout.alpha()], at[layout.beta()]);
        Some(Likelihood { equation: OneLag { omega, alpha, gamma, beta }, start, floor })
    }

    fn evaluate_one_lag(
        &mut self,
        sample: &Sample,
        one: Likelihood,
        law: impl Gather,
        gradient: Option<&mut [f64]>,
    ) -> f64 {
        let layout = self.layout;
        self.state[0] = one.start;
        let variances = &mut self.state[1..];
        let Some(gradient) = gradient else {
            return one.log_likelihood(&self.residuals, variances, law);
        };
        let (first, shapes) = gradient.split_at_mut(layout.shapes());
        let (by_variance, by_residual) = (&mut self.adjoint, &mut self.scores);
        let (value, slopes) = one.with_slopes(&self.residuals, variances, law, by_variance, by_residual, shapes);
        first[layout.omega()] = slopes.omega;
        first[layout.alpha()] = slopes.alpha;
        first[layout.beta()] = slopes.beta;
        if layout.asymmetry == 1 {
            first[layout.gamma()] = slopes.gamma;
        }
        if layout.initial == InitialVariance::MeanSquare {
            let by_start = 2.0 * slopes.start / self.n as f64;
            by_residual.iter_mut().zip(&self.residuals).for_each(|(slope, e)| *slope += by_start * e);
        }
        let (lags, constants) = (layout.lags(), layout.constants());
        if constants == 1 {
            first[0] = -by_residual.iter().sum::<f64>();
        }
        for k in 0..lags {
            let past = &sample.returns[lags - 1 - k..];
            first[constants + k] = -by_residual.iter().zip(past).map(|(slope, value)| slope * value).sum::<f64>();
        }
        value
    }

    /// As [`evaluate`](Self::evaluate), by the passes that any model can take.
    #[cfg(test)]
    pub(super) fn evaluate_in_passes(&mut self, sample: &Sample, at: &[f64], gradient: Option<&mut [f64]>) -> f64 {
        self.residuals(sample, at);
        let start = self.start(sample);
        let kernel = Kernel::new(self.layout.innovations.law(&at[self.layout.shapes()..]));
        self.evaluate_any(sample, at, start, &kernel, gradient)
    }

    fn evaluate_any(
        &mut self,
        sample: &Sample,
        at: &[f64],
        start: f64,
        kernel: &Kernel,
        gradient: Option<&mut [f64]>,
    ) -> f64 {
        if !self.forwards(at, start, sample.floor) {
            return f64::NEG_INFINITY;
        }
        let logs = self.standardise(at);
        let Some(gradient) = gradient else {
            return kernel.sum(&self.z) - 0.5 * logs;
        };
        let (_, shapes) = gradient.split_at_mut(self.layout.shapes());
        let densities = kernel.sum_with_slopes(&self.z, &mut self.scores, shapes);
        self.backwards(sample, at, start, gradient);
        densities - 0.5 * logs
    }

    /// The log-likelihood of each return at the parameters `at`.
    pub(super) fn by_return(&mut self, sample: &Sample, at: &[f64]) -> Option<Vec<f64>> {
        self.evaluate(sample, at, None).is_finite().then(|| {
            let kernel = Kernel::new(self.layout.innovations.law(&at[self.layout.shapes()..]));
            let states = &self.state[self.layout.presample..];
            let of = |(e, state): (&f64, &f64)| {
                let variance = self.variance(at, *state);
                kernel.log_density(e / variance.sqrt()) - 0.5 * libm::log(variance)
            };
            self.residuals.iter().zip(states).map(of).collect()
        })
    }

    /// The variance that a state stands for.
    pub(super) fn variance(&self, at: &[f64], state: f64) -> f64 {
        let power = if self.layout.equation == VarianceEquation::Aparch { at[self.layout.power()] } else { 2.0 };
        self.layout.equation.variance(state, power)
    }

    fn residuals(&mut self, sample: &Sample, at: &[f64]) {
        let (lags, constants) = (self.layout.lags(), self.layout.constants());
        let mean = if constants == 1 { at[0] } else { 0.0 };
        if lags == 0 {
            self.residuals.iter_mut().zip(&sample.returns).for_each(|(slot, value)| *slot = value - mean);
            return;
        }
        for (t, slot) in self.residuals.iter_mut().enumerate() {
            let mut e = sample.returns[t + lags] - mean;
            for k in 0..lags {
                e -= at[constants + k] * sample.returns[t + lags - 1 - k];
            }
            *slot = e;
        }
    }

    fn start(&self, sample: &Sample) -> f64 {
        match (self.layout.initial, self.layout.equation) {
            (InitialVariance::Backcast, _) => sample.backcast,
            (_, VarianceEquation::Tarch) => self.residuals.iter().map(|e| e.abs()).sum::<f64>() / self.n as f64,
            _ => self.residuals.iter().map(|e| e * e).sum::<f64>() / self.n as f64,
        }
    }

    /// Whether every state is positive and finite.
    fn forwards(&mut self, at: &[f64], start: f64, floor: f64) -> bool {
        let layout = self.layout;
        let (m, omega) = (layout.presample, at[layout.omega()]);
        let alpha = &at[layout.alpha()..layout.gamma()];
        let gamma = &at[layout.gamma()..layout.beta()];
        let beta = &at[layout.beta()..layout.power()];
        match layout.equation {
            VarianceEquation::Garch | VarianceEquation::Tarch => {
                let squared = layout.equation == VarianceEquation::Garch;
                self.news[..m].fill(start);
                self.bad[..m].fill(0.5 * start);
                self.state[..m].fill(start);
                let rows = self.news[m..].iter_mut().zip(&mut self.bad[m..]).zip(&self.residuals);
                for ((news, bad), &e) in rows {
                    *news = if squared { e * e } else { e.abs() };
                    *bad = if e < 0.0 { *news } else { 0.0 };
                }
                for t in m..=m + self.n {
                    self.state[t] = omega
                        + weighted(alpha, &self.news[..t])
                        + weighted(gamma, &self.bad[..t])
                        + weighted(beta, &self.state[..t]);
                }
                let least = if squared { floor } else { floor.sqrt() };
                self.state[m..].iter().all(|state| *state > least && *state < f64::MAX)
            }
            VarianceEquation::Egarch => {
                let middle = FRAC_2_PI.sqrt();
                self.news[..m].fill(0.0);
                self.bad[..m].fill(0.0);
                self.state[..m].fill(libm::log(start));
                for t in 0..=self.n {
                    self.state[t + m] = if t == 0 && layout.initial == InitialVariance::MeanSquare {
                        libm::log(start)
                    } else {
                        omega
                            + weighted(alpha, &self.news[..t + m])
                            + weighted(gamma, &self.bad[..t + m])
                            + weighted(beta, &self.state[..t + m])
                    };
                    if t < self.n {
                        let z = self.residuals[t] * libm::exp(-0.5 * self.state[t + m]);
                        self.news[t + m] = z.abs() - middle;
                        self.bad[t + m] = z;
                    }
                }
                // Beyond these a log-variance feeds on itself; the series has variance 1 in a search, and percent or
                // decimals elsewhere.
                self.state[m..].iter().all(|state| state.abs() < 60.0)
            }
            VarianceEquation::Aparch => {
                let power = at[layout.power()];
                let presample = libm::pow(start, 0.5 * power);
                self.state[..m].fill(presample);
                for t in 0..=self.n {
                    let mut state = omega + weighted(beta, &self.state[..t + m]);
                    for (i, a) in alpha.iter().enumerate() {
                        let tilt = gamma.get(i).copied().unwrap_or(0.0);
                        state += a * match t.checked_sub(i + 1) {
                            Some(past) => power_news(self.residuals[past], tilt, power),
                            None => presample,
                        };
                    }
                    self.state[t + m] = state;
                }
                self.state[m..].iter().all(|state| *state > 0.0 && *state < f64::MAX)
            }
        }
    }

    /// Fills `z` and returns the sum of the logarithms of the variances.
    fn standardise(&mut self, at: &[f64]) -> f64 {
        let m = self.layout.presample;
        let states = &self.state[m..m + self.n];
        let rows = self.z.iter_mut().zip(&self.residuals).zip(states);
        match self.layout.equation {
            VarianceEquation::Garch => {
                rows.for_each(|((z, e), h)| *z = e / h.sqrt());
                log_of_product(states.iter().copied())
            }
            VarianceEquation::Tarch => {
                rows.for_each(|((z, e), s)| *z = e / s);
                2.0 * log_of_product(states.iter().copied())
            }
            VarianceEquation::Egarch => {
                rows.for_each(|((z, e), x)| *z = e * libm::exp(-0.5 * x));
                states.iter().sum()
            }
            VarianceEquation::Aparch => {
                let root = 1.0 / at[self.layout.power()];
                rows.for_each(|((z, e), x)| *z = e / libm::pow(*x, root));
                2.0 * root * log_of_product(states.iter().copied())
            }
        }
    }

    fn backwards(&mut self, sample: &Sample, at: &[f64], start: f64, gradient: &mut [f64]) {
        let layout = self.layout;
        let m = layout.presample;
        let (alpha, gamma) = (&at[layout.alpha()..layout.gamma()], &at[layout.gamma()..layout.beta()]);
        let beta = &at[layout.beta()..layout.power()];
        gradient[..layout.shapes()].fill(0.0);
        self.adjoint.fill(0.0);
        self.states_backwards(at, alpha, gamma, beta);
        let adjoint = &self.adjoint[m..m + self.n];
        gradient[layout.omega()] = adjoint.iter().sum();
        if layout.equation == VarianceEquation::Egarch && layout.initial == InitialVariance::MeanSquare {
            // The first state is the logarithm of the mean square itself.
            gradient[layout.omega()] -= adjoint[0];
        }
        let first =
            usize::from(layout.equation == VarianceEquation::Egarch && layout.initial == InitialVariance::MeanSquare);
        let along = |values: &[f64], lag: usize| -> f64 {
            adjoint.iter().enumerate().skip(first).map(|(t, a)| a * values[t + m - lag]).sum()
        };
        for k in 1..=layout.garch {
            gradient[layout.beta() + k - 1] = along(&self.state, k);
        }
        let mut presample = 0.0;
        for k in 1..=layout.garch {
            presample += beta[k - 1] * adjoint.iter().take(k).skip(first).sum::<f64>();
        }
        if layout.equation == VarianceEquation::Aparch {
            self.power_slopes(at, start, gradient, &mut presample);
        } else {
            for i in 1..=layout.arch {
                gradient[layout.alpha() + i - 1] = along(&self.news, i);
            }
            for j in 1..=layout.asymmetry {
                gradient[layout.gamma() + j - 1] = along(&self.bad, j);
            }
            if layout.equation != VarianceEquation::Egarch {
                for i in 1..=layout.arch {
                    presample += alpha[i - 1] * self.adjoint[m..m + self.n.min(i)].iter().sum::<f64>();
                }
                for j in 1..=layout.asymmetry {
                    presample += 0.5 * gamma[j - 1] * self.adjoint[m..m + self.n.min(j)].iter().sum::<f64>();
                }
            } else if first == 1 {
                presample += self.adjoint[m];
            }
        }
        self.mean_slopes(sample, at, start, presample, gradient);
    }

    /// `adjoint[t]`: the slope of the log-likelihood by state `t`, through everything that follows from it.
    fn states_backwards(&mut self, at: &[f64], alpha: &[f64], gamma: &[f64], beta: &[f64]) {
        let (m, n) = (self.layout.presample, self.n);
        let equation = self.layout.equation;
        let direct = |t: usize| {
            let pull = 1.0 + self.z[t] * self.scores[t];
            match equation {
                VarianceEquation::Garch => -0.5 * pull / self.state[t + m],
                VarianceEquation::Tarch => -pull / self.state[t + m],
                VarianceEquation::Egarch => -0.5 * pull,
                VarianceEquation::Aparch => -pull / (at[self.layout.power()] * self.state[t + m]),
            }
        };
        if let ([b], true) = (beta, equation != VarianceEquation::Egarch) {
            let mut next = 0.0;
            for t in (0..n).rev() {
                next = direct(t) + b * next;
                self.adjoint[t + m] = next;
            }
            return;
        }
        for t in (0..n).rev() {
            let mut value = direct(t);
            for (k, b) in beta.iter().enumerate() {
                if t + k + 1 < n {
                    value += b * self.adjoint[t + m + k + 1];
                }
            }
            if equation == VarianceEquation::Egarch {
                // A larger state makes the shock behind later states smaller.
                value -= 0.5 * self.z[t] * self.news_pull(t, alpha, gamma);
            }
            self.adjoint[t + m] = value;
        }
    }

    /// Slope of the log-likelihood by shock `t` through the log-variances that it moves.
    fn news_pull(&self, t: usize, alpha: &[f64], gamma: &[f64]) -> f64 {
        self.later(t, alpha) * sign(self.z[t]) + self.later(t, gamma)
    }

    /// The adjoints of the states after `t`, each times the weight of its lag.
    fn later(&self, t: usize, weights: &[f64]) -> f64 {
        let m = self.layout.presample;
        let after = &self.adjoint[t + m + 1..m + self.n];
        weights.iter().zip(after).map(|(weight, adjoint)| weight * adjoint).sum()
    }

    /// Slopes of the power model by α, γ and δ.
    fn power_slopes(&self, at: &[f64], start: f64, gradient: &mut [f64], presample: &mut f64) {
        let layout = self.layout;
        let (m, power) = (layout.presample, at[layout.power()]);
        let before = libm::pow(start, 0.5 * power);
        let mut by_power = 0.0;
        for t in 0..self.n {
            let state = self.state[t + m];
            // Through the variance that the state stands for: ln h = (2/δ) ln x.
            by_power += (1.0 + self.z[t] * self.scores[t]) * libm::log(state) / (power * power);
            let adjoint = self.adjoint[t + m];
            for i in 0..layout.arch {
                let alpha = at[layout.alpha() + i];
                let Some(past) = t.checked_sub(i + 1) else {
                    gradient[layout.alpha() + i] += adjoint * before;
                    *presample += adjoint * alpha;
                    continue;
                };
                let e = self.residuals[past];
                let tilt = if i < layout.asymmetry { at[layout.gamma() + i] } else { 0.0 };
                let base = e.abs() - tilt * e;
                let news = power_news(e, tilt, power);
                gradient[layout.alpha() + i] += adjoint * news;
                if base > 0.0 {
                    by_power += adjoint * alpha * news * libm::log(base);
                    if i < layout.asymmetry {
                        gradient[layout.gamma() + i] -= adjoint * alpha * power * news / base * e;
                    }
                }
            }
        }
        // The presample is a power of the start.
        by_power += *presample * 0.5 * libm::log(start) * before;
        gradient[layout.power()] = by_power;
    }

    /// Slopes by the parameters of the mean, through the residuals.
    fn mean_slopes(&self, sample: &Sample, at: &[f64], start: f64, presample: f64, gradient: &mut [f64]) {
        let layout = self.layout;
        let (lags, constants) = (layout.lags(), layout.constants());
        if lags + constants == 0 {
            return;
        }
        let m = layout.presample;
        let n = self.n;
        let (alpha, gamma) = (&at[layout.alpha()..layout.gamma()], &at[layout.gamma()..layout.beta()]);
        let of_start = match (layout.initial, layout.equation) {
            (InitialVariance::Backcast, _) => 0.0,
            (_, VarianceEquation::Egarch) => presample / start,
            (_, VarianceEquation::Aparch) => {
                let power = at[layout.power()];
                presample * 0.5 * power * libm::pow(start, 0.5 * power - 1.0)
            }
            _ => presample,
        } / n as f64;
        let mut by_mean = 0.0;
        for t in 0..n {
            let e = self.residuals[t];
            let (later_alpha, later_gamma) = (self.later(t, alpha), self.later(t, gamma));
            let through_news = later_alpha + if e < 0.0 { later_gamma } else { 0.0 };
            let slope = match layout.equation {
                VarianceEquation::Garch => {
                    self.scores[t] / self.state[t + m].sqrt() + 2.0 * e * (through_news + of_start)
                }
                VarianceEquation::Tarch => self.scores[t] / self.state[t + m] + sign(e) * (through_news + of_start),
                VarianceEquation::Egarch => {
                    let pull = self.scores[t] + later_alpha * sign(self.z[t]) + later_gamma;
                    pull * libm::exp(-0.5 * self.state[t + m]) + 2.0 * e * of_start
                }
                VarianceEquation::Aparch => {
                    let power = at[layout.power()];
                    let mut slope = self.scores[t] / libm::pow(self.state[t + m], 1.0 / power) + 2.0 * e * of_start;
                    for (i, a) in alpha.iter().enumerate().filter(|(i, _)| t + i + 1 < n) {
                        let tilt = gamma.get(i).copied().unwrap_or(0.0);
                        let base = e.abs() - tilt * e;
                        if base > 0.0 {
                            let by_e = power * libm::pow(base, power - 1.0) * (sign(e) - tilt);
                            slope += a * self.adjoint[t + m + i + 1] * by_e;
                        }
                    }
                    slope
                }
            };
            by_mean -= slope;
            for k in 0..lags {
                gradient[constants + k] -= slope * sample.returns[t + lags - 1 - k];
            }
        }
        if constants == 1 {
            gradient[0] = by_mean;
        }
    }
}

/// `Σ wᵢ x₋ᵢ`, the nearest value first.
fn weighted(weights: &[f64], past: &[f64]) -> f64 {
    weights.iter().zip(past.iter().rev()).map(|(weight, value)| weight * value).sum()
}

/// `(|e| − γe)^δ`.
pub(super) fn power_news(e: f64, tilt: f64, power: f64) -> f64 {
    let base = e.abs() - tilt * e;
    if base > 0.0 { libm::pow(base, power) } else { 0.0 }
}

fn sign(x: f64) -> f64 {
    if x > 0.0 {
        1.0
    } else if x < 0.0 {
        -1.0
    } else {
        0.0
    }
}

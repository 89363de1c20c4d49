//! The likelihood and the gradient of the model that is fitted most, a variance with one lag of each kind, in one loop
//! forwards and one back.
//!
//! It says what [`super::recursion`] says of any model, several times faster: nothing is stored that a loop can carry,
//! the chain of dependent operations is one multiplication and one addition for two returns, and the sums run beside it.

use ndarray::{ArrayView1, ArrayViewMut1};

use crate::innovations::{LogProduct, Skewed, Student, normal_log_densities};

/// A variance equation with one lag of each kind, at given parameters.
#[derive(Debug, Clone, Copy)]
pub(super) struct OneLag {
    pub(super) omega: f64,
    pub(super) alpha: f64,
    /// Zero for a symmetric model.
    pub(super) gamma: f64,
    pub(super) beta: f64,
}

/// Its likelihood along residuals.
#[derive(Debug, Clone, Copy)]
pub(super) struct Likelihood {
    pub(super) equation: OneLag,
    /// Squared residual and variance before the first.
    pub(super) start: f64,
    /// Variance at or below which the recursion has broken down.
    pub(super) floor: f64,
}

/// Slopes of the log-likelihood by the parameters of the equation.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Slopes {
    pub(super) omega: f64,
    pub(super) alpha: f64,
    pub(super) gamma: f64,
    pub(super) beta: f64,
    pub(super) start: f64,
}

/// Slopes of the log-density of one residual.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pull {
    by_variance: f64,
    by_residual: f64,
}

/// The log-density of residuals, gathered one after the other.
pub(super) trait Gather {
    /// Takes a residual and its variance.
    fn take(&mut self, residual: f64, variance: f64);
    /// Takes them and returns slopes.
    fn take_with_slopes(&mut self, residual: f64, variance: f64) -> Pull;
    /// Log-density of the `n` residuals taken.
    fn total(&self, n: f64) -> f64;
    /// Its slope by each shape.
    fn shape_slopes(&self, n: f64, slopes: &mut [f64]);
}

impl OneLag {
    #[inline(always)]
    fn news_weight(&self, residual: f64) -> f64 {
        self.alpha + if residual < 0.0 { self.gamma } else { 0.0 }
    }

    /// Returns about `mean` along the shocks `z`, from the variance of the first on.
    pub(super) fn simulate(&self, mean: f64, variance: f64, z: ArrayView1<'_, f64>, mut out: ArrayViewMut1<'_, f64>) {
        let mut variance = variance;
        for (slot, &shock) in out.iter_mut().zip(z) {
            *slot = mean + variance.sqrt() * shock;
            // By the square of the shock: no root stands between one variance and the next.
            variance = self.omega + variance * (self.beta + self.news_weight(shock) * (shock * shock));
        }
    }
}

impl Likelihood {
    fn start_weight(&self) -> f64 {
        self.equation.alpha + 0.5 * self.equation.gamma + self.equation.beta
    }

    /// Fills `variances`, one more than there are residuals, and hands each residual with its variance to `each`; whether
    /// all variances are positive and finite.
    #[inline(always)]
    fn forwards(&self, residuals: &[f64], variances: &mut [f64], mut each: impl FnMut(usize, f64, f64)) -> bool {
        let equation = self.equation;
        let (omega, beta, square) = (equation.omega, equation.beta, equation.beta * equation.beta);
        let inside = |h: f64| (h > self.floor) & (h < f64::MAX);
        let mut h = omega + self.start_weight() * self.start;
        let mut all = inside(h);
        let (pairs, last) = residuals.as_chunks::<2>();
        let (slots, rest) = variances.as_chunks_mut::<2>();
        for (k, (&[e, f], [first, second])) in pairs.iter().zip(slots).enumerate() {
            let news = omega + equation.news_weight(e) * (e * e);
            let later = omega + equation.news_weight(f) * (f * f);
            let g = news + beta * h;
            (*first, *second) = (h, g);
            each(2 * k, e, h);
            each(2 * k + 1, f, g);
            h = (later + beta * news) + square * h;
            all &= inside(g) & inside(h);
        }
        // An odd residual is in a pair of its own with the variance after the sample.
        if let &[e] = last {
            each(residuals.len() - 1, e, h);
            let after = omega + equation.news_weight(e) * (e * e) + beta * h;
            if let Some(slots) = variances.last_chunk_mut::<2>() {
                *slots = [h, after];
            }
            all &= inside(after);
        } else if let [slot] = rest {
            *slot = h;
        }
        all
    }

    /// Log-likelihood; minus infinity where a variance is not positive and finite.
    pub(super) fn log_likelihood(&self, residuals: &[f64], variances: &mut [f64], mut law: impl Gather) -> f64 {
        match self.forwards(residuals, variances, |_, e, h| law.take(e, h)) {
            true => law.total(residuals.len() as f64),
            false => f64::NEG_INFINITY,
        }
    }

    /// Log-likelihood with its slopes by the equation and by the shapes of the law; `by_residual` gets the slope by each
    /// residual.
    pub(super) fn with_slopes(
        &self,
        residuals: &[f64],
        variances: &mut [f64],
        mut law: impl Gather,
        by_variance: &mut [f64],
        by_residual: &mut [f64],
        shapes: &mut [f64],
    ) -> (f64, Slopes) {
        let n = residuals.len();
        let (by_variance, by_residual) = (&mut by_variance[..n], &mut by_residual[..n]);
        let all = self.forwards(residuals, variances, |t, e, h| {
            let pull = law.take_with_slopes(e, h);
            (by_variance[t], by_residual[t]) = (pull.by_variance, pull.by_residual);
        });
        if !all {
            return (f64::NEG_INFINITY, Slopes::default());
        }
        law.shape_slopes(n as f64, shapes);
        (law.total(n as f64), self.backwards(residuals, variances, by_variance, by_residual))
    }

    /// What the log-likelihood gains by each variance, through everything that follows from it, summed against what each
    /// parameter multiplies.
    fn backwards(&self, residuals: &[f64], variances: &[f64], by_variance: &[f64], by_residual: &mut [f64]) -> Slopes {
        let equation = self.equation;
        let (beta, square) = (equation.beta, equation.beta * equation.beta);
        let mut sums = [Slopes::default(); 2];
        // The gain by the variance after the residual at hand: nothing follows from the last one.
        let mut next = 0.0;
        let account = |sums: &mut Slopes, t: usize, next: f64, gain: f64, slot: &mut f64| {
            let e = residuals[t];
            let carried = next * e;
            *slot += 2.0 * equation.news_weight(e) * carried;
            sums.omega += gain;
            sums.alpha += carried * e;
            sums.gamma += if e < 0.0 { carried * e } else { 0.0 };
            sums.beta += next * variances[t];
        };
        let odd = residuals.len() % 2;
        if let (1, Some(slot)) = (odd, by_residual.last_mut()) {
            let t = residuals.len() - 1;
            let gain = by_variance[t];
            account(&mut sums[0], t, 0.0, gain, slot);
            next = gain;
        }
        let (pairs, _) = by_residual.as_chunks_mut::<2>();
        for (k, [first, second]) in pairs.iter_mut().enumerate().rev() {
            let t = 2 * k;
            let (direct, later) = (by_variance[t], by_variance[t + 1]);
            let middle = later + beta * next;
            let gain = (direct + beta * later) + square * next;
            account(&mut sums[0], t + 1, next, middle, second);
            account(&mut sums[1], t, middle, gain, first);
            next = gain;
        }
        let [a, b] = sums;
        Slopes {
            omega: a.omega + b.omega,
            alpha: a.alpha + b.alpha + next * self.start,
            gamma: a.gamma + b.gamma + 0.5 * next * self.start,
            beta: a.beta + b.beta + next * self.start,
            start: next * self.start_weight(),
        }
    }
}

/// `Σ z²` and `Σ ln h`.
#[derive(Debug, Default)]
pub(super) struct NormalSums {
    squares: f64,
    variances: LogProduct,
}

impl Gather for NormalSums {
    #[inline(always)]
    fn take(&mut self, residual: f64, variance: f64) {
        self.squares += residual * residual / variance;
        self.variances.multiply(variance);
    }

    #[inline(always)]
    fn take_with_slopes(&mut self, residual: f64, variance: f64) -> Pull {
        let inverse = 1.0 / variance;
        let square = residual * residual * inverse;
        self.squares += square;
        self.variances.multiply(variance);
        Pull { by_variance: -0.5 * (1.0 - square) * inverse, by_residual: -residual * inverse }
    }

    fn total(&self, n: f64) -> f64 {
        normal_log_densities(n, self.squares) - 0.5 * self.variances.log()
    }

    fn shape_slopes(&self, _: f64, _: &mut [f64]) {}
}

/// Of a Student t.
#[derive(Debug)]
pub(super) struct StudentSums {
    law: Student,
    /// `1/(ν − 2)`.
    inverse: f64,
    variances: LogProduct,
    /// `Σ ln(1 + z²/(ν − 2))`.
    tails: LogProduct,
    /// `Σ z²/(ν − 2 + z²)`.
    share: f64,
}

impl StudentSums {
    pub(super) fn new(law: Student) -> Self {
        let (variances, tails) = (LogProduct::default(), LogProduct::default());
        Self { law, inverse: 1.0 / (law.nu - 2.0), variances, tails, share: 0.0 }
    }
}

impl Gather for StudentSums {
    #[inline(always)]
    fn take(&mut self, residual: f64, variance: f64) {
        self.variances.multiply(variance);
        self.tails.multiply(1.0 + residual * residual / variance * self.inverse);
    }

    #[inline(always)]
    fn take_with_slopes(&mut self, residual: f64, variance: f64) -> Pull {
        let square = residual * residual;
        let scaled = (self.law.nu - 2.0) * variance + square;
        // One division for two.
        let both = 1.0 / (variance * scaled);
        let inverse = scaled * both;
        let share = square * variance * both;
        self.variances.multiply(variance);
        self.tails.multiply(1.0 + square * inverse * self.inverse);
        self.share += share;
        let weight = self.law.nu + 1.0;
        Pull { by_variance: -0.5 * (1.0 - weight * share) * inverse, by_residual: -weight * residual * variance * both }
    }

    fn total(&self, n: f64) -> f64 {
        n * self.law.constant - 0.5 * self.variances.log() - 0.5 * (self.law.nu + 1.0) * self.tails.log()
    }

    fn shape_slopes(&self, n: f64, slopes: &mut [f64]) {
        let through = 0.5 * (self.law.nu + 1.0) * self.inverse * self.share;
        slopes[0] = n * self.law.constant_slope - 0.5 * self.tails.log() + through;
    }
}

/// Of Hansen's skewed t.
#[derive(Debug)]
pub(super) struct SkewedSums {
    law: Skewed,
    variances: LogProduct,
    /// `Σ ln(1 + y²/(ν − 2))` with the symmetric shock `y`.
    tails: LogProduct,
    share: f64,
    by_shape: [f64; 2],
}

impl SkewedSums {
    pub(super) fn new(law: Skewed) -> Self {
        let (variances, tails) = (LogProduct::default(), LogProduct::default());
        Self { law, variances, tails, share: 0.0, by_shape: [0.0; 2] }
    }
}

impl Gather for SkewedSums {
    #[inline(always)]
    fn take(&mut self, residual: f64, variance: f64) {
        let (y, _) = self.law.inner(residual / variance.sqrt());
        self.variances.multiply(variance);
        self.tails.multiply(1.0 + y * y / (self.law.nu - 2.0));
    }

    #[inline(always)]
    fn take_with_slopes(&mut self, residual: f64, variance: f64) -> Pull {
        let inverse = 1.0 / variance.sqrt();
        let z = residual * inverse;
        let slopes = self.law.slopes(z);
        self.variances.multiply(variance);
        self.tails.multiply(slopes.tail);
        self.share += slopes.share;
        self.by_shape[0] += slopes.by_shape[0];
        self.by_shape[1] += slopes.by_shape[1];
        Pull { by_variance: -0.5 * (1.0 + z * slopes.score) * inverse * inverse, by_residual: slopes.score * inverse }
    }

    fn total(&self, n: f64) -> f64 {
        n * self.law.constant - 0.5 * self.variances.log() - 0.5 * (self.law.nu + 1.0) * self.tails.log()
    }

    fn shape_slopes(&self, n: f64, slopes: &mut [f64]) {
        slopes[..2].copy_from_slice(&self.law.shape_slopes(n, self.tails.log(), self.share, self.by_shape));
    }
}

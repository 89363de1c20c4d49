use super::entropic::widen;
use super::root;
use super::sample::LossSample;
use crate::sum::compensated;
use crate::{Confidence, Error, Result};

impl LossSample {
    /// Relativistic value at risk, between entropic value at risk (`κ → 0`) and the largest loss (`κ → 1`).
    ///
    /// ```text
    /// sup Σ zᵢ Lᵢ  over z ≥ 0, Σ zᵢ = 1, Σ zᵢ ln_κ(zᵢ) ≤ ln_κ(1/(an)),   ln_κ(x) = (x^κ − x^−κ)/(2κ)
    /// ```
    ///
    /// `a = 1 − c`. With probabilities, `n` is Kish's number and `ln_κ(zᵢ)` is taken of `zᵢ/(n pᵢ)`.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] unless `0 < κ < 1`, [`Error::Overflow`], and [`Error::NotConverged`] when the
    /// search for the multipliers fails.
    ///
    /// # Source
    /// Cajas (2023), "Portfolio optimization of relativistic value at risk".
    pub fn relativistic_value_at_risk(&self, confidence: Confidence, kappa: f64) -> Result<f64> {
        if !(kappa > 0.0 && kappa < 1.0) {
            return Err(Error::OutOfDomain { name: "kappa", expected: "in (0, 1)", value: kappa });
        }
        let (top, deviation) = self.top_and_deviation()?;
        if self.top_fills(confidence) {
            return Ok(top);
        }
        let n = self.kish();
        let scaled: Vec<(f64, f64)> =
            self.weighted().filter(|&(_, p)| p > 0.0).map(|(loss, p)| ((loss - top) / deviation, n * p)).collect();
        let budget = log_kappa(1.0 / (confidence.tail() * n), kappa);
        let dual = Dual { scaled: &scaled, kappa, count: n };
        // The divergence falls as its multiplier grows.
        let gap = |log_lambda: f64| dual.solve(log_lambda.exp()).map_or(f64::NAN, |s| budget - s.divergence);
        let failed = Error::NotConverged { name: "relativistic value at risk", iterations: 200, residual: deviation };
        let Some((low, high)) = widen(0.0, &gap) else { return Err(failed) };
        let log_lambda = root::bracketed(low, high, 1e-9, gap).ok_or_else(|| failed.clone())?;
        let lambda = log_lambda.exp();
        let solution = dual.solve(lambda).ok_or(failed)?;
        let value = top + deviation * (solution.dual_value + lambda * budget);
        if value.is_finite() { Ok(value) } else { Err(Error::Overflow { name: "relativistic value at risk" }) }
    }
}

fn log_kappa(x: f64, kappa: f64) -> f64 {
    (kappa * x.ln()).sinh() / kappa
}

/// The Lagrangian in `z` for a given multiplier of the divergence.
struct Dual<'a> {
    /// Losses below the largest in standard deviations, and `n pᵢ`.
    scaled: &'a [(f64, f64)],
    kappa: f64,
    count: f64,
}

struct Solution {
    divergence: f64,
    /// Value of the dual function without its budget term.
    dual_value: f64,
}

impl Dual<'_> {
    /// The maximiser `y = z/(np)` of `s·y − y ln_κ(y)`, and its derivative in `s`.
    fn density(&self, s: f64) -> (f64, f64) {
        let k = self.kappa;
        let root = (k * s).hypot((1.0 - k * k).sqrt());
        // Two forms of the root of the same quadratic: each is free of cancellation on its side.
        let x = if s > 0.0 { (root + k * s) / (1.0 + k) } else { (1.0 - k) / (root - k * s) };
        let y = x.powf(1.0 / k);
        (y, y / root)
    }

    /// The multiplier `mu` of `Σ z = 1` by Newton steps kept inside a bracket, and what follows from it.
    fn solve(&self, lambda: f64) -> Option<Solution> {
        let k = self.kappa;
        // Some z is at most, and some at least, its share 1/n of the whole; that brackets mu.
        let level = (1.0 / self.count).powf(k);
        let at_share = ((1.0 + k) * level - (1.0 - k) / level) / (2.0 * k);
        let deepest = self.scaled.iter().map(|&(d, _)| d).fold(0.0, f64::min);
        let (mut low, mut high) = (deepest - lambda * at_share, -lambda * at_share);
        let mut mu = high;
        for _ in 0..200 {
            let (mut sum, mut slope) = (0.0, 0.0);
            for &(d, np) in self.scaled {
                let (y, dy) = self.density((d - mu) / lambda);
                sum += np * y;
                slope += np * dy;
            }
            let excess = sum - 1.0;
            // The dual value is flat in mu at its root: this leaves an error of the order of its square.
            if excess.abs() < 1e-11 || high - low <= 1e-15 * high.abs().max(low.abs()) {
                return Some(self.at(lambda, mu));
            }
            if excess > 0.0 {
                low = mu
            } else {
                high = mu
            }
            let newton = mu + lambda * excess / slope;
            mu = if newton > low && newton < high { newton } else { 0.5 * (low + high) };
        }
        None
    }

    fn at(&self, lambda: f64, mu: f64) -> Solution {
        let k = self.kappa;
        let divergence = compensated(self.scaled.iter().map(|&(d, np)| {
            let y = self.density((d - mu) / lambda).0;
            if y > 0.0 { np * y * log_kappa(y, k) } else { 0.0 }
        }));
        let conjugate = compensated(self.scaled.iter().map(|&(d, np)| {
            let y = self.density((d - mu) / lambda).0;
            if y > 0.0 { np * y * (k * y.ln()).cosh() } else { 0.0 }
        }));
        Solution { divergence, dual_value: mu + lambda * conjugate }
    }
}

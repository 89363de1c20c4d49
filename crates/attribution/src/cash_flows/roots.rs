//! All zeros of a sum of exponentials, by Descartes' rule of signs.

use crate::exact_sum::ExactSum;
use crate::{Error, Result};

/// Below this share of its terms a sum is zero up to rounding.
const ROUNDING: f64 = 64.0 * f64::EPSILON;
/// Work grows with the square of the sign changes.
const MOST_SIGN_CHANGES: usize = 400;
const MOST_STEPS: usize = 300;

/// `f(u) = Σ aₖ e^{tₖ u}` with increasing exponents and coefficients that are not zero.
#[derive(Debug, Clone)]
pub(super) struct Exponentials {
    terms: Vec<(f64, f64)>,
}

/// `f`, `f′` and `Σ |aₖ e^{tₖ u}|`, all scaled by the same positive number.
struct Value {
    value: f64,
    slope: f64,
    size: f64,
}

impl Exponentials {
    /// From exponents that increase, with their coefficients; zeros are dropped.
    pub(super) fn new(terms: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let terms: Vec<(f64, f64)> = terms.into_iter().filter(|(_, coefficient)| *coefficient != 0.0).collect();
        let largest = terms.iter().fold(0.0_f64, |top, (_, a)| top.max(a.abs()));
        Self { terms: terms.into_iter().map(|(t, a)| (t, a / largest)).collect() }
    }

    /// Places before which the coefficients change their sign.
    fn sign_changes(&self) -> Vec<usize> {
        (1..self.terms.len()).filter(|&k| (self.terms[k].1 > 0.0) != (self.terms[k - 1].1 > 0.0)).collect()
    }

    pub(super) fn changes_sign(&self) -> bool {
        !self.sign_changes().is_empty()
    }

    fn at(&self, u: f64) -> Value {
        let (low, high) = (self.terms[0].0 * u, self.terms[self.terms.len() - 1].0 * u);
        let scale = low.max(high);
        let mut sums = Value { value: 0.0, slope: 0.0, size: 0.0 };
        for &(t, a) in &self.terms {
            let term = a * libm::exp(t * u - scale);
            sums.value += term;
            sums.slope += t * term;
            sums.size += term.abs();
        }
        sums
    }

    /// Zeros in increasing order, one that is not crossed included.
    ///
    /// `e^{−τu} f(u)` with `τ` between two terms of opposite signs has a derivative with one sign change less; between
    /// the zeros of that it is monotone and crosses zero at most once.
    pub(super) fn zeros(&self) -> Result<Vec<f64>> {
        let changes = self.sign_changes();
        if changes.len() > MOST_SIGN_CHANGES {
            let what = format!("all rates of return of flows that change sign {} times", changes.len());
            return Err(Error::Unsupported { what });
        }
        if let Some(zero) = self.sole_zero(changes.len())? {
            return Ok(vec![zero]);
        }
        let Some(&at) = changes.get(changes.len() / 2) else { return Ok(Vec::new()) };
        let pivot = 0.5 * (self.terms[at - 1].0 + self.terms[at].0);
        let turns = Self::new(self.terms.iter().map(|&(t, a)| (t - pivot, a * (t - pivot)))).zeros()?;
        self.between(&turns)
    }

    /// The only zero, where that can be told: with one sign change, or with balances that stay on one side.
    fn sole_zero(&self, changes: usize) -> Result<Option<f64>> {
        let ends = (self.terms[0].1 > 0.0, self.terms[self.terms.len() - 1].1 > 0.0);
        if changes == 0 || ends.0 == ends.1 {
            return Ok(None);
        }
        let zero = self.crossing(f64::NEG_INFINITY, f64::INFINITY)?;
        if changes == 1 {
            return Ok(Some(zero));
        }
        let scale = (self.terms[0].0 * zero).max(self.terms[self.terms.len() - 1].0 * zero);
        let mut balance = 0.0;
        let mut size = 0.0;
        for &(t, a) in &self.terms[..self.terms.len() - 1] {
            let term = a * libm::exp(t * zero - scale);
            balance += term;
            size += term.abs();
            let clear = if ends.0 { balance } else { -balance };
            if clear <= ROUNDING * size {
                return Ok(None);
            }
        }
        Ok(Some(zero))
    }

    /// The zeros, given points between which `f`, up to a positive factor, is monotone.
    fn between(&self, turns: &[f64]) -> Result<Vec<f64>> {
        let sign = |u: f64| {
            let Value { value, size, .. } = self.at(u);
            if value.abs() <= ROUNDING * size { 0.0 } else { value.signum() }
        };
        let ends = (self.terms[0].1.signum(), self.terms[self.terms.len() - 1].1.signum());
        let mut zeros = Vec::new();
        let (mut left, mut left_sign) = (f64::NEG_INFINITY, ends.0);
        for (right, right_sign) in turns.iter().map(|&u| (u, sign(u))).chain([(f64::INFINITY, ends.1)]) {
            if left_sign * right_sign < 0.0 {
                zeros.push(self.crossing(left, right)?);
            }
            if right_sign == 0.0 {
                zeros.push(right);
            }
            (left, left_sign) = (right, right_sign);
        }
        Ok(zeros)
    }

    /// The zero between two points of opposite signs, by Newton's steps inside a bracket; infinite ends are replaced
    /// by points at which the sign is already that of the limit.
    fn crossing(&self, left: f64, right: f64) -> Result<f64> {
        let falls = self.terms[0].1 > 0.0;
        let left_positive = if left.is_finite() { self.at(left).value > 0.0 } else { falls };
        let (mut low, mut high) = (left, right);
        let span = self.terms[self.terms.len() - 1].0 - self.terms[0].0;
        let mut step = 1.0 / span;
        let mut tries = 0;
        let stuck = |tries| Error::NotConverged {
            method: "bracketing a rate of return",
            iterations: tries,
            residual: f64::INFINITY,
        };
        while !low.is_finite() {
            let anchor = if high.is_finite() { high } else { 0.0 };
            let candidate = anchor - step;
            if (self.at(candidate).value > 0.0) == left_positive {
                low = candidate;
            }
            step *= 2.0;
            tries += 1;
            if tries > MOST_STEPS {
                return Err(stuck(tries));
            }
        }
        step = 1.0 / span;
        while !high.is_finite() {
            let candidate = low + step;
            if (self.at(candidate).value > 0.0) != left_positive {
                high = candidate;
            }
            step *= 2.0;
            tries += 1;
            if tries > MOST_STEPS {
                return Err(stuck(tries));
            }
        }
        self.newton(low, high, left_positive)
    }

    fn newton(&self, mut low: f64, mut high: f64, low_positive: bool) -> Result<f64> {
        let mut u = 0.5 * (low + high);
        let mut residual = f64::INFINITY;
        let (mut width, mut stale) = (high - low, 0);
        for _ in 0..MOST_STEPS {
            let Value { value, slope, size } = self.at(u);
            residual = value.abs() / size;
            if (value > 0.0) == low_positive {
                low = u;
            } else {
                high = u;
            }
            let step = u - value / slope;
            stale = if high - low <= 0.5 * width { 0 } else { stale + 1 };
            // Outside the bracket, no slope, or steps that are too short far from the zero: halve.
            let newton = step > low && step < high && (stale < 4 || (step - u).abs() < 1e-9 * u.abs());
            if stale == 0 || !newton {
                (width, stale) = (high - low, 0);
            }
            let next = if newton { step } else { 0.5 * (low + high) };
            let resolution = f64::EPSILON * next.abs().max(f64::MIN_POSITIVE);
            if value == 0.0 || (next - u).abs() <= resolution || high - low <= 2.0 * resolution {
                return Ok(self.polished(if value == 0.0 { u } else { next }));
            }
            u = next;
        }
        Err(Error::NotConverged { method: "rate of return", iterations: MOST_STEPS, residual })
    }

    /// One more step with a sum that does not round.
    fn polished(&self, u: f64) -> f64 {
        let scale = (self.terms[0].0 * u).max(self.terms[self.terms.len() - 1].0 * u);
        let terms = self.terms.iter().map(|&(t, a)| a * libm::exp(t * u - scale));
        let step = ExactSum::of(terms).value() / self.at(u).slope;
        if step.abs() <= 1e-12 * u.abs().max(1e-3) { u - step } else { u }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Coefficients of `Π (x − xᵢ)` by increasing power.
    fn polynomial(zeros: &[f64]) -> Vec<f64> {
        zeros.iter().fold(vec![1.0], |p, zero| {
            let mut next = vec![0.0; p.len() + 1];
            for (k, a) in p.iter().enumerate() {
                next[k + 1] += a;
                next[k] -= zero * a;
            }
            next
        })
    }

    fn zeros(coefficients: &[f64]) -> Vec<f64> {
        let terms = coefficients.iter().enumerate().map(|(k, a)| (k as f64, *a));
        Exponentials::new(terms).zeros().unwrap().into_iter().map(f64::exp).collect()
    }

    #[test]
    fn every_zero_is_found() {
        let got = zeros(&polynomial(&[0.5, 0.9, 1.0, 1.3, 4.0]));
        for (got, want) in got.iter().zip([0.5, 0.9, 1.0, 1.3, 4.0]) {
            assert!((got - want).abs() < 1e-11, "{got} {want}"); // condition number about 1e4
        }
        assert_eq!(got.len(), 5);
        assert!(zeros(&[1.0, -1.0, 1.0]).is_empty()); // x² − x + 1
        assert!(zeros(&[1.0, 2.0, 1.0]).is_empty());
        let double = zeros(&[1.0, -2.0, 1.0]); // touches zero at 1
        assert!(double.len() == 1 && (double[0] - 1.0).abs() < 1e-7, "{double:?}");
        let far = zeros(&[1e-30, -1.0, 1e-30]); // at 1e-30 and 1e30
        assert!(far.len() == 2 && (far[0] / 1e-30 - 1.0).abs() < 1e-12 && (far[1] / 1e30 - 1.0).abs() < 1e-12);
    }

    proptest! {
        #[test]
        fn well_separated_zeros_are_recovered(gaps in prop::collection::vec(0.3_f64..1.5, 1..6)) {
            let mut want = Vec::new();
            let mut at = -1.0_f64;
            for gap in gaps {
                at += gap;
                want.push(at.exp());
            }
            let got = zeros(&polynomial(&want));
            prop_assert_eq!(got.len(), want.len());
            for (got, want) in got.iter().zip(&want) {
                prop_assert!((got / want - 1.0).abs() < 1e-9, "{} {}", got, want);
            }
        }
    }
}

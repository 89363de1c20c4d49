//! The gain of the Kalman filter with as much work as there are states.
//!
//! The search for a maximum does not need the covariance of the state: its increments have rank one, and the gain
//! follows from them. Source: Morf, Sidhu and Kailath (1974); Herbst (2015).

use super::kalman::{Arma, Predictor};

/// The gain of the filter without its covariance.
#[derive(Debug)]
pub(super) struct Gain<'a> {
    arma: &'a Arma,
    /// Of the next innovation.
    variance: f64,
    /// `T P Z'`.
    product: Vec<f64>,
    /// The covariance changes by `weight · change change'`.
    change: Vec<f64>,
    weight: f64,
    steady: bool,
}

impl<'a> Gain<'a> {
    pub(super) fn start(arma: &'a Arma) -> Option<Self> {
        let row = arma.first_row()?;
        let variance = row[0];
        if !(variance.is_finite() && variance > 0.0) {
            return None;
        }
        let next = |i: usize| row.get(i + 1).copied().unwrap_or(0.0);
        let product: Vec<f64> = arma.ar.iter().enumerate().map(|(i, phi)| phi * variance + next(i)).collect();
        let change = product.clone();
        Some(Self { arma, variance, product, change, weight: -1.0 / variance, steady: false })
    }
}

impl Predictor for Gain<'_> {
    fn variance(&mut self) -> f64 {
        self.variance
    }

    fn states(&self) -> usize {
        self.arma.states()
    }

    fn observe(&self, state: &mut [f64], observed: f64) -> f64 {
        let first = state[0];
        let innovation = observed - first;
        let scaled = innovation / self.variance;
        let last = state.len() - 1;
        for i in 0..last {
            state[i] = self.arma.ar[i] * first + state[i + 1] + self.product[i] * scaled;
        }
        state[last] = self.arma.ar[last] * first + self.product[last] * scaled;
        innovation
    }

    fn predict(&mut self) {
        if self.steady {
            return;
        }
        let (first, before) = (self.change[0], self.variance);
        self.variance += first * first * self.weight;
        let (grown, drawn) = (first * self.weight, first / self.variance);
        let last = self.change.len() - 1;
        let mut size = 0.0;
        for i in 0..=last {
            let next = if i < last { self.change[i + 1] } else { 0.0 };
            let moved = self.arma.ar[i] * first + next;
            self.product[i] += moved * grown;
            self.change[i] = moved - self.product[i] * drawn;
            size += self.change[i] * self.change[i];
        }
        self.weight += grown * grown / before;
        // Nothing about the past is left unknown: from here on the innovations are the shocks themselves.
        if size * self.weight.abs() < 1e-15 && (self.variance - 1.0).abs() < 1e-12 {
            self.steady = true;
            self.variance = 1.0;
            let next = |i: usize| self.arma.load.get(i + 1).copied().unwrap_or(0.0);
            self.product = self.arma.ar.iter().enumerate().map(|(i, phi)| phi + next(i)).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use testkit::close;

    use super::super::kalman::run;
    use super::super::polynomial::from_partial;
    use super::*;

    #[test]
    fn the_gain_without_the_covariance_is_the_gain_with_it() {
        let series: Vec<f64> = (0..200).map(|t| f64::from(t * 7919 % 31) / 10.0 - 1.5).collect();
        let cases: [(&[f64], &[f64]); 5] = [
            (&[0.9], &[0.4]),
            (&[0.5, -0.3, 0.999], &[0.4]),
            (&[], &[-1.0]),
            (&[-0.6], &[0.7, 0.2, 0.5]),
            (&[0.2, 0.0, 0.0, 0.6], &[0.0, 0.3, 0.0, 0.0, -0.9]),
        ];
        for (partial, ma) in cases {
            let arma = Arma::new(&from_partial(partial), ma);
            let mut filter = arma.start().unwrap();
            let mut state = vec![0.0; arma.states()];
            let (mut squares, mut log_determinant) = (0.0, 0.0);
            for observed in &series {
                let f = filter.variance();
                squares += filter.observe(&mut state, *observed).powi(2) / f;
                log_determinant += f.ln();
                filter.predict();
            }
            let found = run(Gain::start(&arma).unwrap(), &series, false).unwrap();
            // Its variances come down from the first one in steps that cancel: rounding times the square of that.
            let allowed = 1e-12 + 10.0 * f64::EPSILON * arma.first_row().unwrap()[0].powi(2);
            close(found.squares / squares, 1.0, allowed);
            close(found.log_determinant, log_determinant, allowed);
        }
    }
}

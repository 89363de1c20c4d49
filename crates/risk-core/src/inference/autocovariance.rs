use ndarray::ArrayView1;

use crate::sum::{self, compensated};

/// Deviations of a series from its mean; exactly zero when the series is constant.
pub(super) struct Centred {
    pub(super) mean: f64,
    deviations: Vec<f64>,
}

impl Centred {
    /// The caller has checked that the series is not empty and finite.
    pub(super) fn new(series: ArrayView1<'_, f64>) -> Self {
        let first = series[0];
        if series.iter().all(|value| value.total_cmp(&first).is_eq()) {
            return Self { mean: first, deviations: vec![0.0; series.len()] };
        }
        let mean = sum::mean(series.iter());
        Self { mean, deviations: series.iter().map(|value| value - mean).collect() }
    }

    /// `γₖ = (1/n) Σ dₜ dₜ₊ₖ`.
    pub(super) fn autocovariance(&self, lag: usize) -> f64 {
        let later = self.deviations.iter().skip(lag);
        compensated(self.deviations.iter().zip(later).map(|(a, b)| a * b)) / self.deviations.len() as f64
    }

    pub(super) fn len(&self) -> usize {
        self.deviations.len()
    }

    pub(super) fn deviations(&self) -> &[f64] {
        &self.deviations
    }

    /// The autocovariance sum over the root of the two sums of squares without the last and the first `lag + 1`
    /// deviations; 0 where there is nothing left to divide by.
    pub(super) fn stretch_autocorrelation(&self, lag: usize) -> f64 {
        let n = self.deviations.len();
        let squares = |range: &[f64]| compensated(range.iter().map(|d| d * d));
        let (_, late) = self.deviations.split_at((lag + 1).min(n));
        let (early, _) = self.deviations.split_at(n.saturating_sub(lag + 1));
        let scale = (squares(late) * squares(early)).sqrt();
        if scale > 0.0 { self.autocovariance(lag) * n as f64 / scale } else { 0.0 }
    }

    /// `γ₀ + 2 Σₖ₌₁ᴸ w(k) γₖ`.
    pub(super) fn weighted(&self, lags: usize, weight: impl Fn(usize) -> f64) -> f64 {
        let sides = compensated((1..=lags).map(|lag| weight(lag) * self.autocovariance(lag)));
        self.autocovariance(0) + 2.0 * sides
    }

    /// With the weights `1 − k/(L + 1)`, whose sum is never negative but for rounding.
    pub(super) fn bartlett(&self, lags: usize) -> f64 {
        self.weighted(lags, |lag| 1.0 - lag as f64 / (lags + 1) as f64)
    }
}

//! Serial correlation and what it does to an annualised ratio.

use ndarray::ArrayView1;
use statrs::function::gamma::checked_gamma_ur;

/// `ρₖ = Σ (xₜ − x̄)(xₜ₊ₖ − x̄) / Σ (xₜ − x̄)²` for lags 1 to `lags`; nothing for a constant series.
pub(super) fn autocorrelations(series: ArrayView1<'_, f64>, lags: usize) -> Option<Vec<f64>> {
    let mean = series.sum() / series.len() as f64;
    let centred: Vec<f64> = series.iter().map(|x| x - mean).collect();
    let sum = |lag: usize| centred.iter().zip(&centred[lag..]).map(|(a, b)| a * b).sum::<f64>();
    let variance = sum(0);
    (variance > 0.0).then(|| (1..=lags).map(|lag| sum(lag) / variance).collect())
}

/// Probability of a Ljung-Box statistic at least as large, were there no correlation: `Q = n(n + 2) Σ ρₖ²/(n − k)`
/// against χ² with as many degrees of freedom as lags.
pub(super) fn ljung_box(correlations: &[f64], observations: usize) -> Option<f64> {
    let n = observations as f64;
    let terms = correlations.iter().enumerate().map(|(place, rho)| rho * rho / (n - 1.0 - place as f64));
    let statistic = n * (n + 2.0) * terms.sum::<f64>();
    if statistic <= 0.0 {
        return Some(1.0);
    }
    checked_gamma_ur(0.5 * correlations.len() as f64, 0.5 * statistic).ok()
}

/// Factor from a ratio per period to one over `q` periods: `q/√(q + 2 Σₖ (q − k) ρₖ)`, with lags that are not given taken
/// as 0. Nothing when the variance over `q` periods would not be positive.
pub(super) fn lo_factor(correlations: &[f64], q: f64) -> Option<f64> {
    let weighted = correlations.iter().enumerate().map(|(place, rho)| (q - 1.0 - place as f64).max(0.0) * rho);
    let variance = q + 2.0 * weighted.sum::<f64>();
    (variance > 0.0).then(|| q / variance.sqrt())
}

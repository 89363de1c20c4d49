//! First guesses of the coefficients.

use alluse_risk_core::linalg::least_squares;
use ndarray::{Array2, ArrayView1};

use super::model::Arima;
use super::polynomial::to_partial;

/// First guesses as partial autocorrelations of φ, θ, Φ and Θ in this order, the signs of θ and Θ turned: the
/// regression of Hannan and Rissanen (1982) first where it works, then zero, then a grid of the first of each kind.
pub(super) fn guesses(model: &Arima, series: &[f64]) -> Vec<Vec<f64>> {
    let grid: &[f64] = &[0.9, 0.5, 0.0, -0.5, -0.9];
    let choices = |order: usize, values: &'static [f64]| if order > 0 { values } else { &[0.0] };
    let mut out: Vec<Vec<f64>> = hannan_rissanen(model, series).into_iter().collect();
    let firsts = [0, model.ar, model.ar + model.ma, model.ar + model.ma + model.seasonal_ar];
    let orders = [model.ar, model.ma, model.seasonal_ar, model.seasonal_ma];
    out.push(vec![0.0; model.coefficients()]);
    for &ar in choices(model.ar, grid) {
        for &ma in choices(model.ma, grid) {
            for &seasonal_ar in choices(model.seasonal_ar, &[0.5, 0.0]) {
                for &seasonal_ma in choices(model.seasonal_ma, &[0.5, 0.0]) {
                    let mut guess = vec![0.0; model.coefficients()];
                    for ((at, order), value) in firsts.iter().zip(orders).zip([ar, ma, seasonal_ar, seasonal_ma]) {
                        if order > 0 {
                            guess[*at] = value;
                        }
                    }
                    out.push(guess);
                }
            }
        }
    }
    out
}

/// Residuals of a long autoregression stand in for the shocks; the series is regressed on its lags and theirs.
fn hannan_rissanen(model: &Arima, series: &[f64]) -> Option<Vec<f64>> {
    let n = series.len();
    let lags = |order: usize, seasonal: usize| -> Vec<usize> {
        (1..=order).chain((1..=seasonal).map(|k| k * model.period)).collect()
    };
    let (ar, ma) = (lags(model.ar, model.seasonal_ar), lags(model.ma, model.seasonal_ma));
    let longest_ar = ar.iter().copied().max().unwrap_or(0);
    let longest_ma = ma.iter().copied().max().unwrap_or(0);
    let (shocks, lost) = if ma.is_empty() {
        (Vec::new(), 0)
    } else {
        let order = (10.0 * (n as f64).log10()) as usize;
        let order = order.max(longest_ar.max(longest_ma) + 1).min(n / 3);
        let regressors: Vec<(&[f64], usize)> = (1..=order).map(|lag| (series, lag)).collect();
        let fit = regress(series, &regressors, order)?;
        let shocks = vec![0.0; order].into_iter().chain(fit.1).collect();
        (shocks, order)
    };
    let regressors: Vec<(&[f64], usize)> =
        ar.iter().map(|lag| (series, *lag)).chain(ma.iter().map(|lag| (shocks.as_slice(), *lag))).collect();
    let (coefficients, _) = regress(series, &regressors, longest_ar.max(lost + longest_ma))?;
    let (ar, ma) = coefficients.split_at(ar.len());
    let (ar, seasonal_ar) = ar.split_at(model.ar);
    let turned: Vec<f64> = ma.iter().map(|theta| -theta).collect();
    let (ma, seasonal_ma) = turned.split_at(model.ma);
    let parts = [ar, ma, seasonal_ar, seasonal_ma];
    let partial: Option<Vec<Vec<f64>>> = parts.iter().map(|part| inside(part)).collect();
    partial.map(|parts| parts.concat())
}

/// Coefficients of `series` on lags of these series, and the residuals, both from observation `first` on.
fn regress(series: &[f64], regressors: &[(&[f64], usize)], first: usize) -> Option<(Vec<f64>, Vec<f64>)> {
    let rows = series.len().checked_sub(first)?;
    if regressors.is_empty() || rows <= regressors.len() {
        return None;
    }
    let value = |(t, j): (usize, usize)| regressors[j].0[first + t - regressors[j].1];
    let matrix = Array2::from_shape_fn((rows, regressors.len()), value);
    let fit = least_squares(matrix.view(), ArrayView1::from(&series[first..])).ok()?;
    Some((fit.coefficients().to_vec(), fit.residuals().to_vec()))
}

/// Partial autocorrelations of coefficients that are drawn in until the roots leave the unit circle, at most 0.97.
fn inside(coefficients: &[f64]) -> Option<Vec<f64>> {
    let mut radius = 1.0;
    for _ in 0..60 {
        let mut power = 1.0;
        let drawn: Vec<f64> = coefficients
            .iter()
            .map(|c| {
                power *= radius;
                c * power
            })
            .collect();
        match to_partial(&drawn) {
            Some(partial) if partial.iter().all(|r| r.abs() <= 0.97) => return Some(partial),
            _ => radius *= 0.95,
        }
    }
    None
}

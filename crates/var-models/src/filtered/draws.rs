//! Paths of standardised residuals: whole days are drawn, so what happened together stays together.

use alluse_risk_core::FittedVolatility;
use alluse_risk_core::streams::{BLOCK, Streams};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use rand::RngExt;

use crate::Result;

/// Which days each path draws: paths × steps, with replacement. Block `b` of [`BLOCK`] paths has stream `b`.
pub(crate) fn days_drawn(seed: u64, paths: usize, steps: usize, days: usize) -> Vec<usize> {
    let streams = Streams::new(seed);
    let mut drawn = Vec::with_capacity(paths * steps);
    for (block, first) in (0..paths).step_by(BLOCK).enumerate() {
        let mut stream = streams.block(block as u64);
        let count = (paths - first).min(BLOCK) * steps;
        drawn.extend((0..count).map(|_| stream.random_range(0..days)));
    }
    drawn
}

/// How the returns of one path add up over the horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Aggregation {
    /// A sum: P&L, log returns, moves of a volatility or a rate.
    Sum,
    /// `∏(1 + r) − 1`. What has lost everything stays lost.
    Compound,
}

impl Aggregation {
    pub(crate) fn of(self, path: ArrayView1<'_, f64>) -> f64 {
        match self {
            Self::Sum => path.sum(),
            Self::Compound => path.iter().map(|r| (1.0 + r).max(0.0)).product::<f64>() - 1.0,
        }
    }
}

/// The aggregated return of every path and column, paths × columns.
pub(crate) fn simulate(
    fitted: &[Box<dyn FittedVolatility>],
    residuals: ArrayView2<'_, f64>,
    drawn: &[usize],
    steps: usize,
    aggregation: &[Aggregation],
) -> Result<Array2<f64>> {
    let paths = drawn.len() / steps;
    let mut totals = Array2::zeros((paths, fitted.len()));
    if steps == 1 {
        // One day has no recursion to walk.
        for (column, (fit, mut totals)) in fitted.iter().zip(totals.columns_mut()).enumerate() {
            let (mean, volatility) = (fit.forecast_mean(1)?[0], fit.forecast_variance(1)?[0].sqrt());
            for (&day, total) in drawn.iter().zip(totals.iter_mut()) {
                let gain = mean + volatility * residuals[[day, column]];
                *total = match aggregation[column] {
                    Aggregation::Sum => gain,
                    Aggregation::Compound => gain.max(-1.0),
                };
            }
        }
        return Ok(totals);
    }
    let (mut shocks, mut path) = (Array1::zeros(steps), Array1::zeros(steps));
    for (column, (fit, mut totals)) in fitted.iter().zip(totals.columns_mut()).enumerate() {
        for (days, total) in drawn.chunks_exact(steps).zip(totals.iter_mut()) {
            for (shock, &day) in shocks.iter_mut().zip(days) {
                *shock = residuals[[day, column]];
            }
            fit.simulate(shocks.view(), path.view_mut())?;
            *total = aggregation[column].of(path.view());
        }
    }
    Ok(totals)
}

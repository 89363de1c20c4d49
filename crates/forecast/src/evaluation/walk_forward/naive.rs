use alluse_risk_core::streams::Streams;
use alluse_risk_core::{moments, normal};
use ndarray::ArrayView1;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::{Predictive, Result};

/// The competitors that cost nothing.
///
/// All of them see the same rows as the models; `μ` and `σ` are the mean and the standard deviation of the known log
/// returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Naive {
    /// A point, `(1 + r̄)ʰ − 1`, at the mean of the known returns.
    HistoricalMean,
    /// h known returns drawn independently and compounded: the same distribution whatever happened lately.
    UnconditionalBootstrap,
    /// `ln(1 + R) ~ N(−hσ²/2, hσ²)`: no return is expected.
    RandomWalk,
    /// `ln(1 + R) ~ N(hμ, hσ²)`.
    RandomWalkWithDrift,
}

impl Naive {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 4] =
        [Self::UnconditionalBootstrap, Self::RandomWalk, Self::RandomWalkWithDrift, Self::HistoricalMean];

    /// What it is called in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::HistoricalMean => "historical mean",
            Self::UnconditionalBootstrap => "unconditional bootstrap",
            Self::RandomWalk => "random walk",
            Self::RandomWalkWithDrift => "random walk with drift",
        }
    }

    /// Its distributions of the total return over each of the increasing horizons.
    pub(super) fn predict(
        self,
        history: ArrayView1<'_, f64>,
        horizons: &[usize],
        members: usize,
        seed: u64,
    ) -> Result<Vec<Predictive>> {
        if self == Self::UnconditionalBootstrap {
            return bootstrap(history, horizons, members, seed);
        }
        let mean = moments::mean(history)?;
        let logs = history.mapv(f64::ln_1p);
        let (drift, deviation) = (moments::mean(logs.view())?, moments::standard_deviation(logs.view(), 1)?);
        let at = |&horizon: &usize| {
            let h = horizon as f64;
            match self {
                Self::HistoricalMean => Predictive::new(vec![(h * mean.ln_1p()).exp_m1()]),
                Self::RandomWalk => log_normal(-0.5 * h * deviation * deviation, h.sqrt() * deviation, members),
                _ => log_normal(h * drift, h.sqrt() * deviation, members),
            }
        };
        horizons.iter().map(at).collect()
    }
}

/// The law at the midpoints of equally likely slices: no simulation noise.
fn log_normal(centre: f64, deviation: f64, members: usize) -> Result<Predictive> {
    let member = |slice: usize| {
        let z = normal::quantile((slice as f64 + 0.5) / members as f64)?;
        Ok((centre + deviation * z).exp_m1())
    };
    Predictive::new((0..members).map(member).collect::<Result<Vec<_>>>()?)
}

/// Every step takes the known returns in equal shares over the members, in an order of its own (Latin hypercube): with
/// independent draws the competitor would lose by simulation noise that is none of its own.
fn bootstrap(history: ArrayView1<'_, f64>, horizons: &[usize], members: usize, seed: u64) -> Result<Vec<Predictive>> {
    let mut stream = Streams::new(seed).block(0);
    let mut growth: Vec<f64> = history.iter().map(|r| 1.0 + r).collect();
    growth.sort_unstable_by(f64::total_cmp);
    let width = growth.len() as f64 / members as f64;
    let mut ranks: Vec<usize> = (0..members).collect();
    let (mut values, mut step) = (vec![1.0; members], 0);
    let mut forecasts = Vec::with_capacity(horizons.len());
    for &horizon in horizons {
        while step < horizon {
            for last in (1..members).rev() {
                ranks.swap(last, stream.random_range(0..=last));
            }
            let offset: f64 = stream.random();
            for (value, rank) in values.iter_mut().zip(&ranks) {
                let drawn = ((*rank as f64 + offset) * width) as usize;
                *value *= growth[drawn.min(growth.len() - 1)];
            }
            step += 1;
        }
        forecasts.push(Predictive::new(values.iter().map(|value| value - 1.0).collect::<Vec<_>>())?);
    }
    Ok(forecasts)
}

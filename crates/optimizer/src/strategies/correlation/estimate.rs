//! One correlation with its interval.

use alluse_risk_core::measures::{Bootstrap, QuantileRule, StationaryBlocks, quantile};
use alluse_risk_core::streams::Streams;
use alluse_risk_core::{Confidence, Error as Input, Interval, IntervalMethod};
use ndarray::Array1;
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::fisher::{EffectiveSize, fisher_interval};
use crate::{Error, Result};

/// How the interval of a correlation is made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CorrelationInterval {
    /// Fisher's transformation: fast, exact in large samples of normal returns.
    FisherZ {
        /// How many independent observations the returns are worth.
        size: EffectiveSize,
    },
    /// Percentiles over resampled blocks of days, both strategies together: keeps fat tails and dependence in time.
    BlockBootstrap {
        /// The blocks.
        blocks: StationaryBlocks,
        /// Seed and number of resamples.
        bootstrap: Bootstrap,
    },
}

impl Default for CorrelationInterval {
    fn default() -> Self {
        Self::FisherZ { size: EffectiveSize::default() }
    }
}

/// A correlation and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CorrelationEstimate {
    /// Pearson's correlation.
    pub correlation: f64,
    /// Two-sided interval around it.
    pub interval: Interval,
    /// Periods that both strategies have.
    pub observations: usize,
    /// Independent observations they are worth; `None` when the bootstrap made the interval.
    pub effective_observations: Option<f64>,
}

/// Of two series of equal length.
pub(super) fn estimate(
    x: &[f64],
    y: &[f64],
    level: Confidence,
    method: CorrelationInterval,
    required: usize,
) -> Result<CorrelationEstimate> {
    let observations = x.len();
    if observations < required {
        let name = "strategy correlation";
        return Err(Input::InsufficientData { name, required, available: observations }.into());
    }
    let correlation = pearson(x, y)?;
    let (interval, effective_observations) = match method {
        CorrelationInterval::FisherZ { size } => {
            let effective = size.observations(x, y)?;
            (fisher_interval(correlation, effective, level)?, Some(effective))
        }
        CorrelationInterval::BlockBootstrap { blocks, bootstrap } => (resampled(x, y, level, blocks, bootstrap)?, None),
    };
    Ok(CorrelationEstimate { correlation, interval, observations, effective_observations })
}

/// Pearson's correlation of two series of equal length.
pub(super) fn pearson(x: &[f64], y: &[f64]) -> Result<f64> {
    let (x, y) = (unit_deviations(x)?, unit_deviations(y)?);
    Ok(x.iter().zip(&y).map(|(a, b)| a * b).sum::<f64>().clamp(-1.0, 1.0))
}

/// Deviations from the mean, of length 1.
fn unit_deviations(series: &[f64]) -> Result<Vec<f64>> {
    let constant = || {
        let reason = format!("a strategy earns the same in all {} periods", series.len());
        Error::Undefined { what: "correlation", reason }
    };
    let Some(first) = series.first() else { return Err(constant()) };
    if series.iter().all(|value| value.total_cmp(first).is_eq()) {
        return Err(constant());
    }
    let mean = series.iter().sum::<f64>() / series.len() as f64;
    let deviations: Vec<f64> = series.iter().map(|value| value - mean).collect();
    // By the largest first, so that squares neither overflow nor vanish.
    let largest = deviations.iter().fold(0.0_f64, |most, d| most.max(d.abs()));
    let length = deviations.iter().map(|d| (d / largest).powi(2)).sum::<f64>().sqrt();
    let unit: Vec<f64> = deviations.iter().map(|d| d / largest / length).collect();
    if unit.iter().all(|u| u.is_finite()) { Ok(unit) } else { Err(constant()) }
}

fn resampled(
    x: &[f64],
    y: &[f64],
    level: Confidence,
    blocks: StationaryBlocks,
    bootstrap: Bootstrap,
) -> Result<Interval> {
    if bootstrap.replicates < 2 {
        let (name, expected, value) = ("replicates", "at least 2", bootstrap.replicates as f64);
        return Err(Input::OutOfDomain { name, expected, value }.into());
    }
    let (n, ends) = (x.len(), 1.0 / f64::from(blocks));
    let streams = Streams::new(bootstrap.seed);
    let mut values = Vec::with_capacity(bootstrap.replicates);
    for replicate in 0..bootstrap.replicates {
        let mut stream = streams.block(replicate as u64);
        let (mut a, mut b, mut place) = (Vec::with_capacity(n), Vec::with_capacity(n), 0);
        for i in 0..n {
            let jump = i == 0 || stream.random::<f64>() < ends;
            place = if jump { stream.random_range(0..n) } else { (place + 1) % n };
            a.push(x[place]);
            b.push(y[place]);
        }
        values.push(pearson(&a, &b)?);
    }
    let (values, miss) = (Array1::from(values), 0.5 * level.tail());
    let end = |p| quantile(values.view(), p, QuantileRule::Linear);
    Ok(Interval { lower: end(miss)?, upper: end(1.0 - miss)?, level, method: IntervalMethod::Bootstrap })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        // Deviations (−1, 0, 1) and (−2, 1, 1): 3/√(2·6).
        let rho = pearson(&[1.0, 2.0, 3.0], &[1.0, 4.0, 4.0]).unwrap();
        assert!((rho - 3.0 / 12.0_f64.sqrt()).abs() < 1e-15);
        assert!((pearson(&[1e-200, 2e-200], &[3e200, 1e200]).unwrap() + 1.0).abs() < 1e-15);
        assert!(matches!(pearson(&[0.1; 3], &[1.0, 2.0, 3.0]), Err(Error::Undefined { .. })));
        assert!(pearson(&[], &[]).is_err());
    }

    #[test]
    fn the_bootstrap_agrees_with_fisher_on_normal_returns() {
        // Two roads. Percentile ends have an error of about 1.3/√(replicates · density²), a tenth of the reach here.
        let z = Streams::new(11).standard_normals(400, 2);
        let x: Vec<f64> = z.column(0).to_vec();
        let y: Vec<f64> = z.rows().into_iter().map(|row| 0.6 * row[0] + 0.8 * row[1]).collect();
        let fisher = CorrelationInterval::FisherZ { size: EffectiveSize::Independent };
        let method = CorrelationInterval::BlockBootstrap {
            blocks: StationaryBlocks::new(1.0).unwrap(),
            bootstrap: Bootstrap::new(3),
        };
        let fast = estimate(&x, &y, Confidence::P95, fisher, 4).unwrap();
        let slow = estimate(&x, &y, Confidence::P95, method, 4).unwrap();
        assert_eq!(fast.correlation, slow.correlation);
        assert_eq!((fast.effective_observations, slow.effective_observations), (Some(400.0), None));
        let reach = fast.interval.upper - fast.interval.lower;
        assert!((fast.interval.lower - slow.interval.lower).abs() < 0.15 * reach, "{fast:?} {slow:?}");
        assert!((fast.interval.upper - slow.interval.upper).abs() < 0.15 * reach, "{fast:?} {slow:?}");
        let few = CorrelationInterval::BlockBootstrap {
            blocks: StationaryBlocks::new(1.0).unwrap(),
            bootstrap: Bootstrap::new(3).with_replicates(1),
        };
        assert!(estimate(&x, &y, Confidence::P95, few, 4).is_err());
    }
}

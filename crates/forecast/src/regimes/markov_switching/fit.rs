//! Maximum likelihood from many starts.

use alluse_risk_core::minimise::Descent;
use alluse_risk_core::streams::Streams;
use alluse_risk_core::sum::CompensatedSum;
use ndarray::{Array1, ArrayView1};
use rand::RngExt;

use super::fitted::FittedMarkovSwitching;
use super::kernel::{Kernel, Values};
use super::{MarkovSwitchingAutoregression, MarkovSwitchingCertificate, SwitchingVariance};
use crate::regimes::chain::TransitionMatrix;
use crate::{Error, Result};

/// Log-likelihoods closer than this are the same maximum.
const SAME: f64 = 1e-3;
/// Least variance of a regime, as a share of the sample variance.
const FLOOR: f64 = 1e-6;
/// Largest logit of a transition probability: e^−25 is 1e-11.
const LARGEST_LOGIT: f64 = 25.0;

pub(super) fn fit(model: &MarkovSwitchingAutoregression, series: ArrayView1<'_, f64>) -> Result<FittedMarkovSwitching> {
    let n = series.len() as f64;
    let mean = CompensatedSum::of(series.iter().copied()) / n;
    let deviation = (CompensatedSum::of(series.iter().map(|y| (y - mean).powi(2))) / n).sqrt();
    let largest = series.iter().fold(0.0_f64, |top, y| top.max(y.abs()));
    if !(deviation > 1e-12 * largest) || !deviation.is_finite() {
        let reason = format!("the series has the standard deviation {deviation:e}");
        return Err(Error::undefined("a Markov-switching autoregression", reason));
    }
    let standard: Array1<f64> = series.mapv(|y| (y - mean) / deviation);
    let (best, certificate) = search(model, standard.view())?;
    let values = ordered(model, restored(model, &best, mean, deviation)?)?;
    FittedMarkovSwitching::new(*model, values, certificate, series)
}

fn search(
    model: &MarkovSwitchingAutoregression,
    standard: ArrayView1<'_, f64>,
) -> Result<(Values, MarkovSwitchingCertificate)> {
    let kernel = Kernel::new(standard, model.order, model.regimes, model.form);
    let cost = |at: &[f64]| {
        let value = unpack(model, at).and_then(|values| kernel.log_likelihood(&values));
        value.map_or(f64::INFINITY, |l| if l.is_finite() { -l } else { f64::INFINITY })
    };
    let streams = Streams::new(model.seed);
    let mut starts: Vec<(f64, Vec<f64>)> = (0..model.starts)
        .map(|index| {
            let start = start(model, standard, index, &mut streams.block(index as u64));
            (cost(&start), start)
        })
        .collect();
    // Stable, so that equals stay in the order of their numbers.
    starts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let descent = Descent::new("Markov-switching autoregression").with_longest_step(1.0);
    let (mut finished, mut reached_best, mut collapsed) = (0, 0, 0);
    let mut best: Option<(f64, Values, usize, f64)> = None;
    let mut failed = None;
    for (_, start) in starts {
        if finished == model.finishers {
            break;
        }
        let found = match descent.minimise(&start, cost) {
            Ok(found) => found,
            Err(error) => {
                failed = Some(error);
                continue;
            }
        };
        let values = unpack(model, &found.at)?;
        if values.deviations.iter().any(|d| d * d <= FLOOR) {
            collapsed += 1;
            continue;
        }
        finished += 1;
        let reached = -found.value;
        let before = best.as_ref().map_or(f64::NEG_INFINITY, |best| best.0);
        if reached > before + SAME {
            reached_best = 1;
        } else if reached > before - SAME {
            reached_best += 1;
        }
        if reached > before {
            best = Some((reached, values, found.iterations, found.gradient));
        }
    }
    match (best, failed) {
        (Some((_, values, iterations, gradient)), _) => {
            let starts = model.starts;
            Ok((values, MarkovSwitchingCertificate { starts, finished, reached_best, collapsed, iterations, gradient }))
        }
        (None, Some(error)) => Err(error.into()),
        (None, None) => {
            let reason = "in every climb the variance of a regime fell to its floor";
            Err(Error::undefined("a Markov-switching autoregression", reason))
        }
    }
}

/// Levels drawn from the quantiles of the series, persistence and autoregression at random.
fn start(
    model: &MarkovSwitchingAutoregression,
    standard: ArrayView1<'_, f64>,
    index: usize,
    stream: &mut impl rand::Rng,
) -> Vec<f64> {
    let mut sorted = standard.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let mut shares: Vec<f64> = (0..model.regimes).map(|_| stream.random::<f64>()).collect();
    shares.sort_unstable_by(f64::total_cmp);
    let mut at: Vec<f64> = shares.iter().map(|share| sorted[(share * (sorted.len() - 1) as f64) as usize]).collect();
    // Every other start without autoregression: the regimes then have to carry the dynamics.
    let size = if index.is_multiple_of(2) { 0.0 } else { 0.5 };
    at.extend((0..model.order).map(|_| size * (stream.random::<f64>() - 0.5)));
    at.extend((0..model.variances()).map(|_| libm::log(0.4 + 0.8 * stream.random::<f64>())));
    for _ in 0..model.regimes {
        let stay = 0.5 + 0.48 * stream.random::<f64>();
        let logit = libm::log((1.0 - stay) / stay / (model.regimes - 1) as f64);
        at.extend(std::iter::repeat_n(logit, model.regimes - 1));
    }
    at
}

/// Free variables: levels, autoregression, logarithms of the deviations, logits of leaving relative to staying.
fn unpack(model: &MarkovSwitchingAutoregression, at: &[f64]) -> Result<Values> {
    let (levels, rest) = at.split_at(model.regimes);
    let (autoregression, rest) = rest.split_at(model.order);
    let (logs, logits) = rest.split_at(model.variances());
    let least = 0.5 * libm::log(FLOOR);
    let rows = logits.chunks(model.regimes - 1).enumerate().map(|(i, logits)| {
        let odds = |logit: &f64| libm::exp(logit.clamp(-LARGEST_LOGIT, LARGEST_LOGIT));
        let mut row: Vec<f64> = logits.iter().map(odds).collect();
        row.insert(i, 1.0);
        let sum: f64 = row.iter().sum();
        row.iter_mut().for_each(|p| *p /= sum);
        row
    });
    Ok(Values {
        levels: levels.to_vec(),
        autoregression: autoregression.to_vec(),
        deviations: logs.iter().map(|log| libm::exp(log.clamp(least, 50.0))).collect(),
        transition: TransitionMatrix::new(rows.collect())?,
    })
}

/// Back to the unit of the series.
fn restored(model: &MarkovSwitchingAutoregression, values: &Values, mean: f64, deviation: f64) -> Result<Values> {
    // An intercept takes only what the lags leave of the mean.
    let carried = match model.form {
        super::SwitchingForm::MeanDeviation => 1.0,
        super::SwitchingForm::Intercept => 1.0 - values.autoregression.iter().sum::<f64>(),
    };
    Ok(Values {
        levels: values.levels.iter().map(|level| carried * mean + deviation * level).collect(),
        deviations: values.deviations.iter().map(|d| d * deviation).collect(),
        ..values.clone()
    })
}

fn ordered(model: &MarkovSwitchingAutoregression, values: Values) -> Result<Values> {
    let mut order: Vec<usize> = (0..model.regimes).collect();
    let per_regime = model.variance == SwitchingVariance::PerRegime;
    order.sort_by(|&a, &b| {
        let by_level = values.levels[a].total_cmp(&values.levels[b]);
        if per_regime { values.deviations[a].total_cmp(&values.deviations[b]).then(by_level) } else { by_level }
    });
    let rows = values.transition.rows();
    Ok(Values {
        levels: order.iter().map(|&k| values.levels[k]).collect(),
        deviations: match per_regime {
            true => order.iter().map(|&k| values.deviations[k]).collect(),
            false => values.deviations.clone(),
        },
        transition: TransitionMatrix::new(
            order.iter().map(|&i| order.iter().map(|&j| rows[i][j]).collect()).collect(),
        )?,
        autoregression: values.autoregression,
    })
}

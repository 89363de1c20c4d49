//! Many starts, few climbs.

use alluse_risk_core::streams::Streams;

use super::climb::{Fall, Summit, climb, warm};
use super::expectation::{DEGREES, Parameters, Work};
use super::law::StateLaw;
use super::{Emissions, HiddenMarkov, HiddenMarkovParameters, Standardised};
use crate::regimes::chain::TransitionMatrix;
use crate::{Error, Result};

/// Steps of every start before the best are chosen.
const WARM_STEPS: usize = 2;
/// Least squared scale of a state, as a share of the sample variance.
const FLOOR: f64 = 1e-6;
/// Log-likelihoods closer than this are the same summit.
const SAME: f64 = 0.01;

/// The best summit in the unit of the series, states in order.
pub(super) struct Found {
    pub(super) parameters: HiddenMarkovParameters,
    pub(super) occupancy: Vec<f64>,
    pub(super) degrees_at_bound: Vec<usize>,
    pub(super) steps: usize,
    pub(super) last_increase: f64,
    pub(super) ascent: Vec<f64>,
    pub(super) tally: Tally,
}

/// What became of the starts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) finished: usize,
    pub(super) reached_best: usize,
    pub(super) collapsed: usize,
}

pub(super) fn search<const K: usize>(model: &HiddenMarkov, standard: &Standardised) -> Result<Found> {
    let (summit, tally) = best::<K>(model, &standard.values)?;
    found(&summit, tally, standard)
}

/// The best summit of the standardised series.
pub(super) fn best<const K: usize>(model: &HiddenMarkov, series: &[f64]) -> Result<(Summit<K>, Tally)> {
    let mut work = Work::<K>::new(series, FLOOR);
    let streams = Streams::new(model.seed);
    let student = model.emissions == Emissions::StudentT;
    let mut tally = Tally::default();
    let mut warmed: Vec<(f64, Parameters<K>)> = Vec::with_capacity(model.starts);
    for index in 0..model.starts {
        let start = super::starts::start(work.series(), index, student, &mut streams.block(index as u64));
        match warm(&mut work, start, WARM_STEPS) {
            Some(start) => warmed.push(start),
            None => tally.collapsed += 1,
        }
    }
    // Stable, so that equals stay in the order of their numbers.
    warmed.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut best: Option<Summit<K>> = None;
    let mut unfinished = None;
    for (_, start) in warmed {
        if tally.finished == model.finishers {
            break;
        }
        match climb(&mut work, start, model.tolerance, model.most_steps, best.as_ref()) {
            Err(Fall::Collapsed) => tally.collapsed += 1,
            Err(Fall::Unfinished { last_increase }) => unfinished = Some(last_increase),
            Err(Fall::Joined) => {
                tally.finished += 1;
                tally.reached_best += 1;
            }
            Ok(summit) => {
                tally.finished += 1;
                let before = best.as_ref().map_or(f64::NEG_INFINITY, |best| best.log_likelihood);
                if summit.log_likelihood > before + SAME {
                    tally.reached_best = 1;
                } else if summit.log_likelihood > before - SAME {
                    tally.reached_best += 1;
                }
                if summit.log_likelihood > before {
                    best = Some(summit);
                }
            }
        }
    }
    match (best, unfinished) {
        (Some(best), _) => Ok((best, tally)),
        (None, Some(residual)) => {
            Err(Error::NotConverged { method: "hidden Markov model", iterations: model.most_steps, residual })
        }
        (None, None) => {
            let reason = format!("in all {} starts a state was left without a variance of its own", model.starts);
            Err(Error::undefined("a hidden Markov model", reason))
        }
    }
}

/// Back to the unit of the series, states by variance, then by mean.
fn found<const K: usize>(summit: &Summit<K>, tally: Tally, standard: &Standardised) -> Result<Found> {
    let at = &summit.at;
    let mut laws = Vec::with_capacity(K);
    for k in 0..K {
        let mean = standard.mean + standard.deviation * at.means[k];
        let squared_scale = standard.deviation.powi(2) * at.squared_scales[k];
        laws.push(match at.degrees {
            None => StateLaw::gaussian(mean, squared_scale)?,
            Some(degrees) => StateLaw::student_t(mean, squared_scale * degrees[k] / (degrees[k] - 2.0), degrees[k])?,
        });
    }
    let mut order: Vec<usize> = (0..K).collect();
    order.sort_by(|&a, &b| {
        let by_variance = laws[a].variance().total_cmp(&laws[b].variance());
        by_variance.then(laws[a].mean().total_cmp(&laws[b].mean()))
    });
    let start = order.iter().map(|&k| if k == summit.first { 1.0 } else { 0.0 }).collect();
    let rows = order.iter().map(|&i| order.iter().map(|&j| at.transition[i][j]).collect()).collect();
    let at_bound = |nu: f64| nu >= DEGREES.1 || nu <= DEGREES.0;
    let n = standard.values.len() as f64;
    Ok(Found {
        parameters: HiddenMarkovParameters::new(
            start,
            TransitionMatrix::new(rows)?,
            order.iter().map(|&k| laws[k]).collect(),
        )?,
        occupancy: order.iter().map(|&k| summit.occupancy[k] / n).collect(),
        degrees_at_bound: (0..K)
            .filter(|&position| at.degrees.is_some_and(|degrees| at_bound(degrees[order[position]])))
            .collect(),
        steps: summit.steps,
        last_increase: summit.last_increase,
        ascent: summit.trace.iter().map(|value| value - n * standard.deviation.ln()).collect(),
        tally,
    })
}

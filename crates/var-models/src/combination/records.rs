//! Weights learned along the forecasts of several models.

use alluse_risk_core::experts::{AggregationRule, ExpertPool};
use alluse_risk_core::{Confidence, Error as CoreError, scores};
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::{Asked, ForecastRecord, LevelForecasts, MissingForecast, Result};

/// An online combination: the forecast of a day is the average of the models' forecasts, with weights made from
/// their joint VaR-ES scores ([`scores::joint_loss`]) on the days before.
///
/// A model that has no forecast on a day sleeps: the others share its weight, and it is charged what they lost.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `rule` | `AdaHedge` | how weights follow from scores |
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Combination {
    rule: AggregationRule,
}

/// The combined forecasts and how they came about.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CombinedForecasts {
    /// The combined forecasts at one level, one a day. The predictive probability of a combination is not known
    /// from its quantiles at one level, so it is missing.
    pub record: ForecastRecord,
    /// The models, in the order of the columns of `weights`.
    pub models: Vec<String>,
    /// Days × models: the weights that each day's forecast was made with.
    pub weights: Array2<f64>,
    /// Summed score of the weighted models less that of the best single one.
    pub regret: f64,
    /// What that regret cannot exceed, where the rule has such a bound.
    pub regret_bound: Option<f64>,
    /// The weights of the day after the last.
    pub next_weights: Array1<f64>,
}

impl Combination {
    /// With a rule.
    #[must_use]
    pub fn new(rule: AggregationRule) -> Self {
        Self { rule }
    }

    /// Combines records of the same days.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) without records, for records of different days or P&L, and for a level that was not asked.
    pub fn of(&self, records: &[ForecastRecord], confidence: Confidence) -> Result<CombinedForecasts> {
        let Some(first) = records.first() else {
            return Err(CoreError::Empty { name: "records" }.into());
        };
        for (index, record) in records.iter().enumerate() {
            if record.dates() != first.dates() || record.realised() != first.realised() {
                let (name, expected, value) = ("records", "of the same days and P&L", f64::NAN);
                return Err(CoreError::ElementOutOfDomain { name, index, expected, value }.into());
            }
        }
        let levels = records.iter().map(|record| record.level(confidence)).collect::<Result<Vec<_>>>()?;
        let mut pool = ExpertPool::new(records.len(), self.rule)?;
        let mut combined = LevelForecasts { confidence, value_at_risk: Vec::new(), expected_shortfall: Vec::new() };
        let mut weights = Array2::zeros((first.len(), records.len()));
        let mut missing = Vec::new();
        for (day, mut used) in weights.rows_mut().into_iter().enumerate() {
            let tails: Vec<Option<(f64, f64)>> = levels.iter().map(|level| tail(level, day)).collect();
            used.assign(&awake(&pool.weights(), &tails));
            if tails.iter().all(Option::is_none) {
                missing.push(none_awake(first, day));
                combined.value_at_risk.push(None);
                combined.expected_shortfall.push(None);
                continue;
            }
            let average = |of: fn(&(f64, f64)) -> f64| {
                used.iter().zip(&tails).map(|(w, tail)| tail.as_ref().map_or(0.0, |tail| w * of(tail))).sum::<f64>()
            };
            combined.value_at_risk.push(Some(average(|tail| tail.0)));
            combined.expected_shortfall.push(Some(average(|tail| tail.1)));
            pool.observe(losses(first.realised()[day], &tails, used.view(), confidence)?.view())?;
        }
        let record = ForecastRecord::new(
            "combination",
            first.dates().to_vec(),
            first.realised().to_vec(),
            vec![combined],
            vec![None; first.len()],
            missing,
        )?;
        let models = records.iter().map(|record| record.model().to_owned()).collect();
        let (regret, regret_bound, next_weights) = (pool.regret(), pool.regret_bound(), pool.weights());
        Ok(CombinedForecasts { record, models, weights, regret, regret_bound, next_weights })
    }
}

/// Both forecasts of a day, when both exist and the score knows what to do with them.
fn tail(level: &LevelForecasts, day: usize) -> Option<(f64, f64)> {
    let (var, es) = (level.value_at_risk[day]?, level.expected_shortfall[day]?);
    (es > 0.0).then_some((var, es))
}

/// The weights of those that have a forecast, summing to 1; equal ones when none of them had any weight.
fn awake(weights: &Array1<f64>, tails: &[Option<(f64, f64)>]) -> Array1<f64> {
    let of = |weight: f64| -> Array1<f64> {
        weights.iter().zip(tails).map(|(w, tail)| if tail.is_some() { w.max(weight) } else { 0.0 }).collect()
    };
    let plain = of(0.0);
    let total = plain.sum();
    if total > 0.0 {
        return plain / total;
    }
    let equal = of(1.0);
    let count = equal.sum();
    if count > 0.0 { equal / count } else { equal }
}

fn losses(
    realised: f64,
    tails: &[Option<(f64, f64)>],
    used: ArrayView1<'_, f64>,
    confidence: Confidence,
) -> Result<Array1<f64>> {
    let one = |value: f64| Array1::from_elem(1, value);
    let mut scored = Vec::with_capacity(tails.len());
    for tail in tails {
        scored.push(match tail {
            Some((var, es)) => {
                Some(scores::joint_loss(one(realised).view(), one(*var).view(), one(*es).view(), confidence)?[0])
            }
            None => None,
        });
    }
    let mixture: f64 = used.iter().zip(&scored).map(|(w, score)| score.map_or(0.0, |score| w * score)).sum();
    Ok(scored.into_iter().map(|score| score.unwrap_or(mixture)).collect())
}

fn none_awake(record: &ForecastRecord, day: usize) -> MissingForecast {
    MissingForecast {
        date: record.dates()[day],
        asked: Asked::Distribution,
        kind: alluse_risk_core::ErrorKind::InsufficientData,
        reason: "no model has a forecast".to_owned(),
    }
}

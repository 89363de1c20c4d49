use std::collections::BTreeMap;

use alluse_risk_core::ErrorKind;
use alluse_risk_core::scores::EnsembleRule;
use alluse_risk_core::splits::TrainWindow;
use serde::{Deserialize, Serialize};

use super::{Naive, ReturnEvaluation};
use crate::evaluation::Overlap;
use crate::{Error, Predictive, Result};

/// The probabilities at which a record keeps quantiles; the 80 % and the 95 % interval are among them.
pub const QUANTILE_LEVELS: [f64; 7] = [0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975];

/// What came about, and what was known about its direction before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Outcome {
    /// First row of the target; all rows before it were known.
    pub origin: usize,
    /// Total return of the target, `Π(1 + rₜ) − 1`.
    pub realised: f64,
    /// Share of the rises among the total returns over this horizon that had come about by then, overlapping ones
    /// included: the probability that always-up states.
    pub base_rate: f64,
    /// How many such returns there were.
    pub base_returns: usize,
}

impl Outcome {
    /// Whether the total return was above zero.
    #[must_use]
    pub fn rose(&self) -> bool {
        self.realised > 0.0
    }
}

/// One forecast, what came about, and its scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ForecastRecord {
    /// First row of the target.
    pub origin: usize,
    /// Rows ahead.
    pub horizon: usize,
    /// Number of equally likely outcomes that the forecast was made of; 1 for a point.
    pub members: usize,
    /// Mean of the forecast.
    pub mean: f64,
    /// Forecast probability of a return above zero.
    pub probability_up: f64,
    /// Quantiles at [`QUANTILE_LEVELS`].
    pub quantiles: [f64; 7],
    /// What came about.
    pub realised: f64,
    /// Continuous ranked probability score; for a point the absolute error.
    pub crps: f64,
    /// `(realised − mean)²`.
    pub squared_error: f64,
    /// `(probability_up − 1{rose})²`.
    pub brier: f64,
    /// Place of the outcome in the forecast, from 0 to 1: the middle of the jump of the distribution function there.
    pub pit: f64,
}

impl ForecastRecord {
    pub(super) fn new(forecast: &Predictive, horizon: usize, outcome: &Outcome) -> Result<Self> {
        let (outcomes, realised) = (forecast.outcomes(), outcome.realised);
        let mean = forecast.mean();
        let probability_up = forecast.probability_above(0.0)?;
        let mut quantiles = [0.0; 7];
        for (quantile, level) in quantiles.iter_mut().zip(QUANTILE_LEVELS) {
            *quantile = forecast.quantile(level)?;
        }
        let below = outcomes.partition_point(|member| *member < realised);
        let up_to = outcomes.partition_point(|member| *member <= realised);
        let miss = realised - mean;
        let doubt = probability_up - f64::from(u8::from(outcome.rose()));
        let squared_error = miss * miss;
        if !squared_error.is_finite() {
            return Err(alluse_risk_core::Error::Overflow { name: "squared error" }.into());
        }
        Ok(Self {
            origin: outcome.origin,
            horizon,
            members: outcomes.len(),
            mean,
            probability_up,
            quantiles,
            realised,
            crps: forecast.crps(realised, EnsembleRule::Empirical)?,
            squared_error,
            brier: doubt * doubt,
            pit: 0.5 * (below + up_to) as f64 / outcomes.len() as f64,
        })
    }

    /// Whether the outcome lies within the central 80 % interval.
    #[must_use]
    pub fn within_80(&self) -> bool {
        (self.quantiles[1]..=self.quantiles[5]).contains(&self.realised)
    }

    /// Whether the outcome lies within the central 95 % interval.
    #[must_use]
    pub fn within_95(&self) -> bool {
        (self.quantiles[0]..=self.quantiles[6]).contains(&self.realised)
    }
}

/// Where a model failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailureStage {
    /// Its parameters could not be estimated, so there was nothing to ask at this origin.
    Fit,
    /// It gave no forecast, or not one for every horizon.
    Predict,
    /// Its forecast could not be scored.
    Score,
}

/// A forecast that was due and is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// First row of the target.
    pub origin: usize,
    /// Where it failed.
    pub stage: FailureStage,
    /// The kind of the error.
    pub kind: ErrorKind,
    /// The error in words.
    pub message: String,
}

impl Failure {
    pub(crate) fn new(origin: usize, stage: FailureStage, error: &Error) -> Self {
        Self { origin, stage, kind: error.kind(), message: error.to_string() }
    }
}

/// Whether a model is judged or judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// A model that claims skill.
    Candidate,
    /// A competitor that costs nothing.
    Naive(Naive),
}

/// Everything that one model did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelRun {
    /// What the model is called.
    pub name: String,
    /// Whether it is judged or judges.
    pub role: Role,
    /// Its forecasts, by origin and then by horizon.
    pub records: Vec<ForecastRecord>,
    /// The origins at which it gave none, and why.
    pub failures: Vec<Failure>,
}

impl ModelRun {
    /// Its forecasts over one horizon, by origin.
    pub fn at(&self, horizon: usize) -> impl Iterator<Item = &ForecastRecord> {
        self.records.iter().filter(move |record| record.horizon == horizon)
    }

    /// Places of the outcomes in its forecasts over a horizon, of forecasts whose targets do not overlap: independent
    /// and uniform on [0, 1] when the forecasts are calibrated. Those of points are left out, which have no such place.
    #[must_use]
    pub fn disjoint_pits(&self, overlap: Overlap) -> Vec<f64> {
        let records: Vec<&ForecastRecord> = self.at(overlap.horizon).filter(|record| record.members > 1).collect();
        let origins: Vec<usize> = records.iter().map(|record| record.origin).collect();
        overlap.disjoint(&origins).into_iter().map(|place| records[place].pit).collect()
    }
}

/// The forecasts of all models and of all naive competitors, with their failures.
///
/// Only [`ReturnEvaluation::run`] makes one, and a stored one without its naive competitors is refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct WalkForwardRun {
    evaluation: ReturnEvaluation,
    rows: usize,
    origins: Vec<usize>,
    outcomes: BTreeMap<usize, Vec<Outcome>>,
    models: Vec<ModelRun>,
}

impl WalkForwardRun {
    pub(super) fn new(
        evaluation: ReturnEvaluation,
        rows: usize,
        origins: Vec<usize>,
        outcomes: BTreeMap<usize, Vec<Outcome>>,
        models: Vec<ModelRun>,
    ) -> Self {
        Self { evaluation, rows, origins, outcomes, models }
    }

    /// The settings.
    #[must_use]
    pub fn evaluation(&self) -> &ReturnEvaluation {
        &self.evaluation
    }

    /// Rows of the series.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// The origins at which forecasts were asked for.
    #[must_use]
    pub fn origins(&self) -> &[usize] {
        &self.origins
    }

    /// The window of the training rows.
    #[must_use]
    pub fn window(&self) -> TrainWindow {
        self.evaluation.window
    }

    /// What came about over a horizon, by origin; empty for a horizon that was not asked for, and without the origins
    /// whose target reaches beyond the series.
    #[must_use]
    pub fn outcomes(&self, horizon: usize) -> &[Outcome] {
        self.outcomes.get(&horizon).map_or(&[], Vec::as_slice)
    }

    /// Every model that was tried: the naive competitors first.
    #[must_use]
    pub fn models(&self) -> &[ModelRun] {
        &self.models
    }

    /// A naive competitor.
    #[must_use]
    pub fn naive(&self, naive: Naive) -> Option<&ModelRun> {
        self.models.iter().find(|model| model.role == Role::Naive(naive))
    }

    /// The overlap of the forecasts over a horizon.
    ///
    /// # Errors
    /// [`Error::Input`] for a horizon of zero.
    pub fn overlap(&self, horizon: usize) -> Result<Overlap> {
        Overlap::new(horizon, self.evaluation.stride)
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    evaluation: ReturnEvaluation,
    rows: usize,
    origins: Vec<usize>,
    outcomes: BTreeMap<usize, Vec<Outcome>>,
    models: Vec<ModelRun>,
}

impl TryFrom<Stored> for WalkForwardRun {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let Stored { evaluation, rows, origins, outcomes, models } = stored;
        evaluation.check()?;
        for naive in Naive::ALL {
            let runs = models.iter().filter(|model| model.role == Role::Naive(naive)).count();
            if runs != 1 {
                let reason = format!("{} stands in it {runs} times, expected once", naive.name());
                return Err(Error::invalid("stored evaluation", reason));
            }
        }
        for model in &models {
            for record in &model.records {
                let known = outcomes.get(&record.horizon).and_then(|all| {
                    all.binary_search_by_key(&record.origin, |outcome| outcome.origin).ok().map(|place| all[place])
                });
                if known.is_none_or(|outcome| outcome.realised.to_bits() != record.realised.to_bits()) {
                    let (name, origin, horizon) = (&model.name, record.origin, record.horizon);
                    let reason =
                        format!("the record of {name:?} at origin {origin} over {horizon} has no such outcome");
                    return Err(Error::invalid("stored evaluation", reason));
                }
            }
        }
        Ok(Self { evaluation, rows, origins, outcomes, models })
    }
}

impl From<WalkForwardRun> for Stored {
    fn from(run: WalkForwardRun) -> Self {
        let WalkForwardRun { evaluation, rows, origins, outcomes, models } = run;
        Self { evaluation, rows, origins, outcomes, models }
    }
}

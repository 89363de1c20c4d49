use std::collections::BTreeMap;

use alluse_risk_core::inference::{
    BartlettLags, DieboldMariano, DieboldMarianoTest, DirectionCounts, DirectionRegression, MincerZarnowitz,
    PesaranTimmermannTest, direction_regression, holm, mincer_zarnowitz, pesaran_timmermann,
};
use alluse_risk_core::{ErrorKind, Status, moments};
use ndarray::{Array1, Axis};
use serde::{Deserialize, Serialize};

use super::run::{NaiveVolatility, VolatilityModelRun, VolatilityRecord, VolatilityRole, VolatilityRun};
use crate::evaluation::skill_table::{SkillSettings, SkillVerdict};
use crate::evaluation::walk_forward::Failure;
use crate::evaluation::{Overlap, Share, Skill, skill, status};
use crate::{Error, Result, check};

/// Whether the direction in which the variance moves from the last h rows to the next h was forecast.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VolatilityDirection {
    /// Share of right directions.
    pub hit_rate: Share,
    /// Share of rises: what always saying "up" would have got.
    pub base_rate: f64,
    /// On outcomes that do not overlap.
    pub pesaran_timmermann: Status<PesaranTimmermannTest>,
    /// On all outcomes, with an error that allows for what they share ([`Overlap::bartlett_lags`]).
    pub direction_regression: Status<DirectionRegression>,
}

/// One variance forecast over one horizon, against the naive ones at the same origins.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VolatilityRow {
    /// The model.
    pub model: String,
    /// Whether it is judged or judges.
    pub role: VolatilityRole,
    /// Rows ahead.
    pub horizon: usize,
    /// Forecasts that were due.
    pub due: usize,
    /// Forecasts that were made.
    pub forecasts: usize,
    /// Forecasts that are missing.
    pub missing: usize,
    /// Forecasts compared with all naive competitors at the same origins.
    pub common: usize,
    /// Independent outcomes among them.
    pub effective: usize,
    /// Mean of `ln f + y/f`: the quasi-likelihood loss up to a term in the outcome alone, so that an outcome of zero
    /// does no harm. Differences of it are differences of `y/f − ln(y/f) − 1` (Patton 2011).
    pub mean_qlike: Status<f64>,
    /// By that loss, against the last realised variance.
    pub qlike_against_random_walk: Status<DieboldMarianoTest>,
    /// By that loss, against the exponentially weighted variance.
    pub qlike_against_ewma: Status<DieboldMarianoTest>,
    /// By that loss, against the historical variance.
    pub qlike_against_historical: Status<DieboldMarianoTest>,
    /// Mean squared error over that of the random walk; below 1 is better.
    pub mse_ratio: Status<f64>,
    /// 1 less that ratio, with its interval and test.
    pub mse_skill: Status<Skill>,
    /// The regression of the realised variance on the forecast, in levels: an optimal forecast has intercept 0 and slope
    /// 1. Its standard errors allow for the overlap ([`Overlap::bartlett_lags`]). The wildest outcomes dominate it.
    pub mincer_zarnowitz: Status<MincerZarnowitz>,
    /// Direction of the change.
    pub direction: Status<VolatilityDirection>,
    /// Largest two-sided p-value by quasi-likelihood against the three, corrected by Holm for the candidates over this
    /// horizon; 1 where it does not lose less than each of them.
    pub adjusted_p_value: Status<f64>,
    /// Whether it can be told from the naive competitors by quasi-likelihood.
    pub verdict: SkillVerdict,
    /// The verdict in a sentence.
    pub sentence: String,
}

/// All variance forecasts over all horizons, with every failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VolatilityTable {
    /// What it takes as evidence.
    pub settings: SkillSettings,
    /// Every model that was tried, and where it failed.
    pub tried: Vec<(String, Vec<Failure>)>,
    /// By horizon, the naive competitors first.
    pub rows: Vec<VolatilityRow>,
}

type ByOrigin<'a> = BTreeMap<usize, &'a VolatilityRecord>;

impl VolatilityTable {
    /// From a walk forward.
    ///
    /// # Errors
    /// [`Error::Input`] for settings out of their domain.
    pub fn new(run: &VolatilityRun, settings: &SkillSettings) -> Result<Self> {
        let holds = settings.min_effective >= 2;
        check::ensure(holds, "least effective outcomes", "at least 2", settings.min_effective as f64)?;
        let mut rows = Vec::new();
        for &horizon in &run.evaluation.horizons {
            rows.extend(block(run, horizon, settings)?);
        }
        let tried = run.models.iter().map(|model| (model.name.clone(), model.failures.clone())).collect();
        Ok(Self { settings: *settings, tried, rows })
    }
}

fn block(run: &VolatilityRun, horizon: usize, settings: &SkillSettings) -> Result<Vec<VolatilityRow>> {
    let overlap = Overlap::new(horizon, run.evaluation.stride)?;
    let due = run.origins.iter().filter(|origin| **origin + horizon <= run.rows).count();
    let by_origin = |model: &VolatilityModelRun| -> BTreeMap<usize, VolatilityRecord> {
        model.records.iter().filter(|r| r.horizon == horizon).map(|r| (r.origin, *r)).collect()
    };
    let all: Vec<BTreeMap<usize, VolatilityRecord>> = run.models.iter().map(by_origin).collect();
    let naives: Vec<ByOrigin<'_>> =
        all.iter().take(NaiveVolatility::ALL.len()).map(|n| n.iter().map(|(k, v)| (*k, v)).collect()).collect();
    let mut rows = Vec::with_capacity(all.len());
    let mut p_values = Vec::with_capacity(all.len());
    for (model, records) in run.models.iter().zip(&all) {
        let (row, p) = row(model, records, &naives, overlap, due, settings)?;
        rows.push(row);
        p_values.push(p);
    }
    let candidates: Vec<usize> = (0..rows.len()).filter(|&at| rows[at].role == VolatilityRole::Candidate).collect();
    if !candidates.is_empty() {
        let tested: Array1<f64> = candidates.iter().map(|&at| p_values[at].known().copied().unwrap_or(1.0)).collect();
        for (&at, adjusted) in candidates.iter().zip(holm(tested.view())?) {
            rows[at].adjusted_p_value = match &p_values[at] {
                Status::Known(_) => Status::Known(adjusted),
                other => other.clone(),
            };
        }
    }
    for row in &mut rows {
        row.verdict = verdict(row, settings);
        row.sentence = sentence(row);
    }
    Ok(rows)
}

fn row(
    model: &VolatilityModelRun,
    records: &BTreeMap<usize, VolatilityRecord>,
    naives: &[ByOrigin<'_>],
    overlap: Overlap,
    due: usize,
    settings: &SkillSettings,
) -> Result<(VolatilityRow, Status<f64>)> {
    let shared = |record: &&VolatilityRecord| naives.iter().all(|naive| naive.contains_key(&record.origin));
    let own: Vec<&VolatilityRecord> = records.values().filter(shared).collect();
    let origins: Vec<usize> = own.iter().map(|record| record.origin).collect();
    let disjoint = overlap.disjoint(&origins);
    let each = |of: fn(&VolatilityRecord) -> f64| own.iter().map(|r| of(r)).collect::<Array1<f64>>();
    let theirs = |place: usize, loss: fn(&VolatilityRecord) -> f64| -> Array1<f64> {
        origins.iter().filter_map(|origin| naives[place].get(origin)).map(|r| loss(r)).collect()
    };
    let lags = overlap.bartlett_lags(own.len());
    let dm = DieboldMariano::default().with_horizon(overlap.lags() + 1);
    let against = |place: usize| -> Status<DieboldMarianoTest> {
        if model.role == VolatilityRole::Naive(NaiveVolatility::ALL[place]) {
            let reason = "a competitor is not compared with itself".to_owned();
            return Status::Unknown { kind: ErrorKind::Undefined, reason };
        }
        status(dm.compare(each(qlike).view(), theirs(place, qlike).view()).map_err(Error::from))
    };
    let tests = [against(0), against(1), against(2)];
    let (squared, walk) = (each(squared_error), theirs(0, squared_error));
    let p_value = match model.role {
        VolatilityRole::Candidate => largest(&tests),
        VolatilityRole::Naive(_) => {
            let reason = "a naive competitor is the yardstick".to_owned();
            Status::Unknown { kind: ErrorKind::Undefined, reason }
        }
    };
    let ratio = moments::mean(squared.view()).map_err(Error::from).and_then(|own| {
        let reference = moments::mean(walk.view())?;
        check::positive("mean squared error of the random walk", reference)?;
        Ok(own / reference)
    });
    let [qlike_against_random_walk, qlike_against_ewma, qlike_against_historical] = tests;
    let row = VolatilityRow {
        model: model.name.clone(),
        role: model.role,
        horizon: overlap.horizon,
        due,
        forecasts: records.len(),
        missing: due.saturating_sub(records.len()),
        common: own.len(),
        effective: disjoint.len(),
        mean_qlike: status(moments::mean(each(qlike).view()).map_err(Error::from)),
        qlike_against_random_walk,
        qlike_against_ewma,
        qlike_against_historical,
        mse_ratio: status(ratio),
        mse_skill: status(skill(squared.view(), walk.view(), overlap.lags(), disjoint.len(), settings.level)),
        mincer_zarnowitz: status(
            mincer_zarnowitz(each(|r| r.realised).view(), each(|r| r.forecast).view(), lags).map_err(Error::from),
        ),
        direction: status(direction(&own, &disjoint, lags, settings)),
        adjusted_p_value: p_value.clone(),
        verdict: SkillVerdict::Reference,
        sentence: String::new(),
    };
    Ok((row, p_value))
}

fn qlike(record: &VolatilityRecord) -> f64 {
    record.forecast.ln() + record.realised / record.forecast
}

fn squared_error(record: &VolatilityRecord) -> f64 {
    let miss = record.realised - record.forecast;
    miss * miss
}

fn direction(
    own: &[&VolatilityRecord],
    disjoint: &[usize],
    lags: BartlettLags,
    settings: &SkillSettings,
) -> Result<VolatilityDirection> {
    let actual: Array1<f64> = own.iter().map(|record| record.realised - record.last).collect();
    let forecast: Array1<f64> = own.iter().map(|record| record.forecast - record.last).collect();
    let hits = actual.iter().zip(&forecast).filter(|(actual, forecast)| (**actual > 0.0) == (**forecast > 0.0)).count();
    let rises = actual.iter().filter(|change| **change > 0.0).count();
    let apart = |all: &Array1<f64>| all.select(Axis(0), disjoint);
    let counts = DirectionCounts::of(apart(&actual).view(), apart(&forecast).view());
    let regression = direction_regression(actual.view(), forecast.view(), lags);
    Ok(VolatilityDirection {
        hit_rate: Share::new(hits, own.len(), disjoint.len() as f64, settings.level)?,
        base_rate: rises as f64 / own.len() as f64,
        pesaran_timmermann: status(counts.and_then(pesaran_timmermann).map_err(Error::from)),
        direction_regression: status(regression.map_err(Error::from)),
    })
}

/// Better than all of them only when better than each: the largest p-value, without a correction (Berger 1982).
fn largest(tests: &[Status<DieboldMarianoTest>]) -> Status<f64> {
    let mut largest = 0.0_f64;
    for test in tests {
        match test {
            Status::Known(test) if test.mean_differential < 0.0 => largest = largest.max(test.p_value),
            Status::Known(_) => largest = 1.0,
            Status::Partial { .. } => {}
            Status::Unknown { kind, reason } => return Status::Unknown { kind: *kind, reason: reason.clone() },
        }
    }
    Status::Known(largest)
}

fn verdict(row: &VolatilityRow, settings: &SkillSettings) -> SkillVerdict {
    if row.role != VolatilityRole::Candidate {
        return SkillVerdict::Reference;
    }
    let significance = settings.level.tail();
    let tests = [&row.qlike_against_random_walk, &row.qlike_against_ewma, &row.qlike_against_historical];
    let worse = |test: &DieboldMarianoTest| test.mean_differential > 0.0 && test.p_value <= significance;
    match row.adjusted_p_value.known() {
        Some(_) if row.effective < settings.min_effective => SkillVerdict::NotEnoughData,
        None => SkillVerdict::NotEnoughData,
        Some(p) if *p <= significance => SkillVerdict::BetterThanNaive,
        Some(_) if tests.iter().any(|test| test.known().is_some_and(worse)) => SkillVerdict::WorseThanNaive,
        Some(_) => SkillVerdict::NotDistinguishable,
    }
}

fn sentence(row: &VolatilityRow) -> String {
    let VolatilityRow { model, horizon, common, effective, missing, .. } = row;
    let ratio = match &row.mse_ratio {
        Status::Known(ratio) | Status::Partial { value: ratio, .. } => {
            format!("mean squared error {ratio:.3} of the random walk's")
        }
        Status::Unknown { reason, .. } => format!("no ratio of squared errors: {reason}"),
    };
    let verdict = row.verdict.words();
    let counts = format!("{common} forecasts worth {effective} independent outcomes, {missing} missing");
    format!("{model}, variance of {horizon} ahead: {verdict}; {ratio}; {counts}")
}

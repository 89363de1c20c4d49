use std::collections::{BTreeMap, BTreeSet};

use alluse_risk_core::inference::{
    ModelConfidenceSet, SuperiorPredictiveAbility, holm, model_confidence_set, superior_predictive_ability,
};
use alluse_risk_core::measures::{Bootstrap, StationaryBlocks};
use alluse_risk_core::{Confidence, Error as Input, ErrorKind, Status, moments};
use ndarray::{Array1, Array2, Axis, aview1};
use serde::{Deserialize, Serialize};

use super::calibration::{a_point_has_none, calibration};
use super::direction::judge;
use super::row::{RowRole, SkillRow, SkillVerdict};
use super::superiority::Superiority;
use crate::evaluation::walk_forward::{Failure, ForecastRecord, ModelRun, Naive, Outcome, Role, WalkForwardRun};
use crate::evaluation::{Overlap, Share, Skill, skill, status};
use crate::{Error, Result, check};

/// Independent outcomes below which there is no test of superiority: a bootstrap of few blocks has too small a spread, and
/// rejects more often than it says.
const LEAST_FOR_SUPERIORITY: usize = 50;

/// What a table takes as evidence.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `level` | 95 % | of all intervals; its tail is the significance of the verdicts |
/// | `min_effective` | 20 | independent outcomes below which there is no verdict |
/// | `seed`, `replicates` | 0, 1,000 | of the bootstraps of the model confidence set and of superiority |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SkillSettings {
    /// Of all intervals.
    pub level: Confidence,
    /// Independent outcomes below which there is no verdict; at least 2.
    pub min_effective: usize,
    /// Seed of the model confidence set and of superiority.
    pub seed: u64,
    /// Replicates of the model confidence set and of superiority.
    pub replicates: usize,
}

impl Default for SkillSettings {
    fn default() -> Self {
        Self { level: Confidence::P95, min_effective: 20, seed: 0, replicates: 1_000 }
    }
}

impl SkillSettings {
    /// With another level.
    #[must_use]
    pub fn with_level(mut self, level: Confidence) -> Self {
        self.level = level;
        self
    }

    /// With another number of independent outcomes as the least for a verdict.
    #[must_use]
    pub fn with_min_effective(mut self, outcomes: usize) -> Self {
        self.min_effective = outcomes;
        self
    }

    /// With another seed and number of replicates of the bootstraps.
    #[must_use]
    pub fn with_bootstrap(mut self, seed: u64, replicates: usize) -> Self {
        (self.seed, self.replicates) = (seed, replicates);
        self
    }
}

/// A model that was tried, whatever became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TriedModel {
    /// The model.
    pub name: String,
    /// Whether it is judged or judges.
    pub role: Role,
    /// The origins at which it failed, and why.
    pub failures: Vec<Failure>,
}

/// The models that may be the best over one horizon, on the origins that all of them share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BestModels {
    /// Rows ahead.
    pub horizon: usize,
    /// The models compared, naive competitors included, in the order of the set's columns.
    pub models: Vec<String>,
    /// Models without a forecast over this horizon.
    pub left_out: Vec<String>,
    /// Origins that all of them share.
    pub common: usize,
    /// The set.
    pub set: Status<ModelConfidenceSet>,
}

/// Skill of all models over all horizons; see [`SkillRow`].
///
/// Every comparison is made on the origins that the compared models share, and says how many those are. The naive
/// competitors and always-up have rows of their own.
///
/// ```
/// use alluse_forecast::evaluation::skill_table::{SkillSettings, SkillTable, SkillVerdict};
/// use alluse_forecast::evaluation::walk_forward::ReturnEvaluation;
/// use alluse_risk_core::splits::TrainWindow;
/// use alluse_risk_core::streams::Streams;
///
/// let returns = Streams::new(1).standard_normals(300, 1).column(0).mapv(|z| 0.01 * z);
/// let run = ReturnEvaluation::new(TrainWindow::Expanding(200), 50).with_horizons([1, 5]).run(returns.view(), &[])?;
/// let table = SkillTable::new(&run, &SkillSettings::default())?;
/// assert_eq!(table.rows.len(), 2 * 5); // four naive competitors and always-up
/// assert!(table.rows.iter().all(|row| row.verdict == SkillVerdict::Reference));
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SkillTable {
    /// What it takes as evidence.
    pub settings: SkillSettings,
    /// Every model that was tried.
    pub tried: Vec<TriedModel>,
    /// By horizon, the naive competitors first.
    pub rows: Vec<SkillRow>,
    /// By horizon.
    pub best: Vec<BestModels>,
    /// By horizon.
    pub superiority: Vec<Superiority>,
}

impl SkillTable {
    /// From a walk forward.
    ///
    /// What has no answer in a row is [`Status::Unknown`] with the reason; the table itself fails only on its settings.
    ///
    /// # Errors
    /// [`Error::Input`] for settings out of their domain.
    pub fn new(run: &WalkForwardRun, settings: &SkillSettings) -> Result<Self> {
        let holds = settings.min_effective >= 2;
        check::ensure(holds, "least effective outcomes", "at least 2", settings.min_effective as f64)?;
        check::ensure(settings.replicates >= 2, "replicates", "at least 2", settings.replicates as f64)?;
        let tried = |model: &ModelRun| {
            let ModelRun { name, role, failures, .. } = model;
            TriedModel { name: name.clone(), role: *role, failures: failures.clone() }
        };
        let (mut rows, mut best, mut superiority) = (Vec::new(), Vec::new(), Vec::new());
        for &horizon in &run.evaluation().horizons {
            let block = Block::new(run, horizon, *settings)?;
            let set = block.best();
            rows.extend(block.rows(&set)?);
            best.push(set);
            superiority.push(block.superiority());
        }
        Ok(Self { settings: *settings, tried: run.models().iter().map(tried).collect(), rows, best, superiority })
    }

    /// The rows of a model, by horizon.
    pub fn of<'a>(&'a self, model: &'a str) -> impl Iterator<Item = &'a SkillRow> {
        self.rows.iter().filter(move |row| row.model == model)
    }
}

/// The forecasts over one horizon.
struct Block<'a> {
    run: &'a WalkForwardRun,
    horizon: usize,
    settings: SkillSettings,
    overlap: Overlap,
    outcomes: &'a [Outcome],
    /// By model and origin.
    records: Vec<BTreeMap<usize, &'a ForecastRecord>>,
}

impl<'a> Block<'a> {
    fn new(run: &'a WalkForwardRun, horizon: usize, settings: SkillSettings) -> Result<Self> {
        let records = run.models().iter().map(|model| model.at(horizon).map(|r| (r.origin, r)).collect()).collect();
        let (overlap, outcomes) = (run.overlap(horizon)?, run.outcomes(horizon));
        Ok(Self { run, horizon, settings, overlap, outcomes, records })
    }

    fn naive(&self, naive: Naive) -> Option<&BTreeMap<usize, &'a ForecastRecord>> {
        self.run.models().iter().position(|m| m.role == Role::Naive(naive)).map(|place| &self.records[place])
    }

    /// The models with forecasts that are wanted, and the names of those wanted that have none.
    fn present(&self, wanted: impl Fn(Role) -> bool) -> (Vec<usize>, Vec<String>) {
        let (mut with, mut without) = (Vec::new(), Vec::new());
        for (place, model) in self.run.models().iter().enumerate().filter(|(_, model)| wanted(model.role)) {
            if self.records[place].is_empty() { without.push(model.name.clone()) } else { with.push(place) }
        }
        (with, without)
    }

    /// The origins that these models share, and their scores there, origins × models.
    fn scores(&self, models: &[usize]) -> (Vec<usize>, Array2<f64>) {
        let shared = |origin: &usize| models.iter().all(|&model| self.records[model].contains_key(origin));
        let common: Vec<usize> = self.outcomes.iter().map(|o| o.origin).filter(shared).collect();
        let losses = Array2::from_shape_fn((common.len(), models.len()), |(t, m)| {
            // Shared origins are in every map.
            self.records[models[m]].get(&common[t]).map_or(f64::NAN, |record| record.crps)
        });
        (common, losses)
    }

    fn blocks(&self) -> Result<StationaryBlocks> {
        Ok(StationaryBlocks::new((self.overlap.lags() + 1) as f64)?)
    }

    fn bootstrap(&self) -> Bootstrap {
        Bootstrap::new(self.settings.seed).with_replicates(self.settings.replicates)
    }

    fn names(&self, models: &[usize]) -> Vec<String> {
        models.iter().map(|&model| self.run.models()[model].name.clone()).collect()
    }

    fn best(&self) -> BestModels {
        let (present, left_out) = self.present(|_| true);
        let (common, losses) = self.scores(&present);
        let set = self.blocks().and_then(|blocks| Ok(model_confidence_set(losses.view(), blocks, &self.bootstrap())?));
        BestModels {
            horizon: self.horizon,
            models: self.names(&present),
            left_out,
            common: common.len(),
            set: status(set),
        }
    }

    fn superiority(&self) -> Superiority {
        let benchmark = Role::Naive(Naive::UnconditionalBootstrap);
        let (contenders, left_out) = self.present(|role| role == Role::Candidate);
        let (mut compared, _) = self.present(|role| role == benchmark);
        compared.extend(&contenders);
        let (common, losses) = self.scores(&compared);
        let effective = self.overlap.disjoint(&common).len();
        let test = || -> Result<SuperiorPredictiveAbility> {
            if contenders.is_empty() || compared.len() == contenders.len() {
                let name = if contenders.is_empty() { "contenders" } else { "benchmark" };
                return Err(Input::Empty { name }.into());
            }
            let least = self.settings.min_effective.max(LEAST_FOR_SUPERIORITY);
            check::enough("superior predictive ability", least, effective)?;
            let (own, theirs) = losses.view().split_at(Axis(1), 1);
            Ok(superior_predictive_ability(own.column(0), theirs, self.blocks()?, &self.bootstrap())?)
        };
        Superiority {
            horizon: self.horizon,
            benchmark: Naive::UnconditionalBootstrap.name().to_owned(),
            left_out,
            common: common.len(),
            effective,
            test: status(test()),
            contenders: self.names(&contenders),
        }
    }

    fn rows(&self, best: &BestModels) -> Result<Vec<SkillRow>> {
        let mut rows = Vec::new();
        for (model, records) in self.run.models().iter().zip(&self.records) {
            rows.push(self.row(model, records, best)?);
        }
        rows.insert(Naive::ALL.len().min(rows.len()), self.always_up());
        self.correct(&mut rows)?;
        for row in &mut rows {
            row.verdict = self.verdict(row);
            row.sentence = sentence(row, self.settings.level);
        }
        Ok(rows)
    }

    fn row(&self, model: &ModelRun, records: &BTreeMap<usize, &ForecastRecord>, best: &BestModels) -> Result<SkillRow> {
        let references: Vec<_> = Naive::ALL.iter().filter_map(|naive| self.naive(*naive)).collect();
        let shared = |o: &&Outcome| {
            records.contains_key(&o.origin) && references.iter().all(|reference| reference.contains_key(&o.origin))
        };
        let outcomes: Vec<Outcome> = self.outcomes.iter().filter(shared).copied().collect();
        let own: Vec<&ForecastRecord> = outcomes.iter().filter_map(|o| records.get(&o.origin).copied()).collect();
        let effective = self.overlap.disjoint(&outcomes.iter().map(|o| o.origin).collect::<Vec<_>>()).len();
        let against = |naive: Naive, loss: fn(&ForecastRecord) -> f64| -> Status<Skill> {
            if model.role == Role::Naive(naive) {
                let reason = "a competitor is not compared with itself".to_owned();
                return Status::Unknown { kind: ErrorKind::Undefined, reason };
            }
            let theirs: Array1<f64> = outcomes
                .iter()
                .filter_map(|o| self.naive(naive).and_then(|all| all.get(&o.origin)).map(|record| loss(record)))
                .collect();
            let losses: Array1<f64> = own.iter().map(|record| loss(record)).collect();
            status(skill(losses.view(), theirs.view(), self.overlap.lags(), effective, self.settings.level))
        };
        let share = |within: fn(&ForecastRecord) -> bool| {
            if own.iter().any(|record| record.members == 1) {
                let reason = "a point has no interval".to_owned();
                return Status::Unknown { kind: ErrorKind::Undefined, reason };
            }
            let count = own.iter().filter(|record| within(record)).count();
            status(Share::new(count, own.len(), effective as f64, self.settings.level))
        };
        let calibration = match own.iter().any(|record| record.members == 1) {
            true => a_point_has_none(),
            false => status(calibration(&own, self.overlap, self.settings.min_effective)),
        };
        let crps: Vec<f64> = own.iter().map(|record| record.crps).collect();
        let probabilities: Vec<f64> = own.iter().map(|record| record.probability_up).collect();
        let against_bootstrap = against(Naive::UnconditionalBootstrap, |r| r.crps);
        let against_random_walk = against(Naive::RandomWalk, |r| r.crps);
        let against_drift = against(Naive::RandomWalkWithDrift, |r| r.crps);
        let p_value = match model.role {
            Role::Naive(_) => reference_has_none(),
            Role::Candidate => joint_p_value(&[&against_bootstrap, &against_random_walk, &against_drift]),
        };
        Ok(SkillRow {
            model: model.name.clone(),
            role: match model.role {
                Role::Candidate => RowRole::Candidate,
                Role::Naive(naive) => RowRole::Naive(naive),
            },
            horizon: self.horizon,
            due: self.outcomes.len(),
            forecasts: records.len(),
            missing: self.outcomes.len() - records.len().min(self.outcomes.len()),
            common: own.len(),
            effective,
            mean_crps: status(moments::mean(aview1(&crps)).map_err(Error::from)),
            against_bootstrap,
            against_random_walk,
            against_drift,
            point_skill: against(Naive::HistoricalMean, |r| r.squared_error),
            direction: status(judge(&outcomes, &probabilities, self.overlap, self.settings.level)),
            coverage_80: share(ForecastRecord::within_80),
            coverage_95: share(ForecastRecord::within_95),
            calibration,
            adjusted_p_value: p_value.clone(),
            p_value,
            in_confidence_set: membership(best, &model.name, self.settings.level),
            verdict: SkillVerdict::Reference,
            sentence: String::new(),
        })
    }

    fn always_up(&self) -> SkillRow {
        fn none<T>() -> Status<T> {
            let reason = "always-up states a direction and no distribution".to_owned();
            Status::Unknown { kind: ErrorKind::Undefined, reason }
        }
        let base: Vec<f64> = self.outcomes.iter().map(|outcome| outcome.base_rate).collect();
        let origins: Vec<usize> = self.outcomes.iter().map(|outcome| outcome.origin).collect();
        let effective = self.overlap.disjoint(&origins).len();
        // Its direction does not depend on the base rate, its probability does.
        let direction = judge(self.outcomes, &base, self.overlap, self.settings.level).and_then(|mut direction| {
            let rises = self.outcomes.iter().filter(|outcome| outcome.rose()).count();
            direction.hit_rate = Share::new(rises, origins.len(), effective as f64, self.settings.level)?;
            direction.pesaran_timmermann = always_the_same("Pesaran-Timmermann statistic");
            direction.direction_regression = always_the_same("direction regression");
            Ok(direction)
        });
        SkillRow {
            model: "always up".to_owned(),
            role: RowRole::AlwaysUp,
            horizon: self.horizon,
            due: origins.len(),
            forecasts: origins.len(),
            missing: 0,
            common: origins.len(),
            effective,
            mean_crps: none(),
            against_bootstrap: none(),
            against_random_walk: none(),
            against_drift: none(),
            point_skill: none(),
            direction: status(direction),
            coverage_80: none(),
            coverage_95: none(),
            calibration: none(),
            p_value: none(),
            adjusted_p_value: none(),
            in_confidence_set: none(),
            verdict: SkillVerdict::Reference,
            sentence: String::new(),
        }
    }

    /// Holm's correction over all candidates; one without an answer counts as a test that was made and failed.
    fn correct(&self, rows: &mut [SkillRow]) -> Result<()> {
        let candidates: BTreeSet<usize> = (0..rows.len()).filter(|&at| rows[at].role == RowRole::Candidate).collect();
        if candidates.is_empty() {
            return Ok(());
        }
        let p: Array1<f64> = candidates.iter().map(|&at| rows[at].p_value.known().copied().unwrap_or(1.0)).collect();
        let adjusted = holm(p.view())?;
        for (&at, adjusted) in candidates.iter().zip(adjusted) {
            if rows[at].p_value.known().is_some() {
                rows[at].adjusted_p_value = Status::Known(adjusted);
            }
        }
        Ok(())
    }

    fn verdict(&self, row: &SkillRow) -> SkillVerdict {
        if row.role != RowRole::Candidate {
            return SkillVerdict::Reference;
        }
        let significance = self.settings.level.tail();
        let Some(&adjusted) = row.adjusted_p_value.known() else {
            return SkillVerdict::NotEnoughData;
        };
        if row.effective < self.settings.min_effective {
            return SkillVerdict::NotEnoughData;
        }
        let skills = [&row.against_bootstrap, &row.against_random_walk, &row.against_drift];
        let worse = |s: &Skill| s.test.mean_differential > 0.0 && s.test.p_value <= significance;
        match adjusted <= significance {
            true => SkillVerdict::BetterThanNaive,
            false if skills.iter().any(|s| s.known().is_some_and(worse)) => SkillVerdict::WorseThanNaive,
            false => SkillVerdict::NotDistinguishable,
        }
    }
}

fn reference_has_none<T>() -> Status<T> {
    Status::Unknown { kind: ErrorKind::Undefined, reason: "a naive competitor is the yardstick".to_owned() }
}

fn always_the_same<T>(test: &str) -> Status<T> {
    let reason = format!("{test} is undefined: every prediction is the same");
    Status::Unknown { kind: ErrorKind::Undefined, reason }
}

/// Better than all of them only when better than each: the largest p-value, without a correction (Berger 1982).
fn joint_p_value(skills: &[&Status<Skill>]) -> Status<f64> {
    let mut largest = 0.0_f64;
    for skill in skills {
        match skill {
            Status::Known(skill) if skill.test.mean_differential < 0.0 => largest = largest.max(skill.test.p_value),
            Status::Known(_) => largest = 1.0,
            Status::Partial { .. } => {}
            Status::Unknown { kind, reason } => return Status::Unknown { kind: *kind, reason: reason.clone() },
        }
    }
    Status::Known(largest)
}

fn membership(best: &BestModels, model: &str, level: Confidence) -> Status<bool> {
    let unknown = |kind, reason| Status::Unknown { kind, reason };
    match (&best.set, best.models.iter().position(|name| name == model)) {
        (Status::Known(set), Some(place)) => Status::Known(set.members(level).contains(&place)),
        (Status::Unknown { kind, reason }, Some(_)) => unknown(*kind, reason.clone()),
        _ => unknown(ErrorKind::InsufficientData, "it has no forecast over this horizon".to_owned()),
    }
}

fn sentence(row: &SkillRow, level: Confidence) -> String {
    let SkillRow { model, horizon, common, effective, missing, .. } = row;
    let counts = format!("{common} forecasts worth {effective} independent outcomes, {missing} missing");
    let verdict = row.verdict.words();
    let skill = match &row.against_bootstrap {
        Status::Known(skill) => {
            let (value, lower, upper) = (skill.value, skill.interval.lower, skill.interval.upper);
            let percent = 100.0 * level.level();
            format!(
                "skill against the unconditional bootstrap {value:.3}, {percent} % interval {lower:.3} to {upper:.3}"
            )
        }
        Status::Partial { .. } => "skill against the unconditional bootstrap partial".to_owned(),
        Status::Unknown { reason, .. } => format!("no skill against the unconditional bootstrap: {reason}"),
    };
    format!("{model}, {horizon} ahead: {verdict}; {skill}; {counts}")
}

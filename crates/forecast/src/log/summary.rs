use std::collections::{BTreeMap, BTreeSet};

use alluse_risk_core::scores::pinball_loss;
use alluse_risk_core::{Confidence, Status, sum};
use jiff::Timestamp;
use ndarray::{Array1, aview1};
use serde::{Deserialize, Serialize};

use super::{ForecastLog, LogError, LoggedForecast};
use crate::Result;
use crate::evaluation::{Skill, skill};

/// The scores of one forecast; lower is better. A score is absent where the forecast states nothing of its kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LoggedScore {
    /// The forecast.
    pub id: String,
    /// What came about.
    pub observed: f64,
    /// Mean over the stated quantiles of `(p − 1{y < q})(y − q)`.
    pub pinball: Option<f64>,
    /// `(y − mean)²`.
    pub squared_error: Option<f64>,
    /// Mean over the stated events of `(p − 1{y > threshold})²`.
    pub brier: Option<f64>,
}

/// Forecasts of one version of a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VersionCount {
    /// The version.
    pub version: String,
    /// Hash of the configuration.
    pub configuration: String,
    /// Its forecasts.
    pub forecasts: usize,
    /// Those with an outcome.
    pub scored: usize,
}

/// All forecasts of a model about one subject over one horizon; means are over those that state the kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GroupSummary {
    /// The subject.
    pub subject: String,
    /// Exchange days ahead.
    pub horizon: usize,
    /// Forecasts made.
    pub forecasts: usize,
    /// Those with an outcome.
    pub scored: usize,
    /// Mean quantile loss.
    pub mean_pinball: Option<f64>,
    /// Mean squared error of the stated means.
    pub mean_squared_error: Option<f64>,
    /// Mean Brier score.
    pub mean_brier: Option<f64>,
    /// How many of the scored state quantiles, a mean, and probabilities.
    pub stating: [usize; 3],
}

/// Everything that a model ever put on record, all versions of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LogSummary {
    /// The model.
    pub model: String,
    /// The time that the summary speaks of.
    pub as_of: Timestamp,
    /// Forecasts made.
    pub forecasts: usize,
    /// Those with an outcome.
    pub scored: usize,
    /// Those whose target is over and whose outcome is missing, by name.
    pub unscored: Vec<String>,
    /// Those whose target is not over yet.
    pub pending: usize,
    /// Forecasts by version.
    pub versions: Vec<VersionCount>,
    /// Scores by subject and horizon: losses of different subjects have no common scale.
    pub groups: Vec<GroupSummary>,
}

/// A model against another on the targets that both spoke about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LogComparison {
    /// The subject.
    pub subject: String,
    /// Exchange days ahead.
    pub horizon: usize,
    /// Targets compared: the first forecast of each of the two, at the same levels, with its outcome.
    pub compared: usize,
    /// Targets of the model that are over and have no part in it: the reference is silent, states other levels, or the
    /// outcome is missing.
    pub left_out: usize,
    /// Targets of the reference on which the model is silent.
    pub model_silent: usize,
    /// Later forecasts of the model about a target that it had spoken about: they do not count twice.
    pub repeated: usize,
    /// Skill of the model by the mean quantile loss.
    pub skill: Status<Skill>,
}

impl ForecastLog {
    /// The scores of a forecast; `None` while its outcome is unknown.
    ///
    /// # Errors
    /// [`LogError::UnknownForecast`], and [`Error::Input`](crate::Error::Input) for a score that is too large.
    pub fn score(&self, id: &str) -> Result<Option<LoggedScore>> {
        let Some(forecast) = self.get(id) else {
            return Err(LogError::UnknownForecast { id: id.to_owned() }.into());
        };
        self.outcome_of(id).map(|outcome| score(forecast, outcome.observed)).transpose()
    }

    /// The record of a model: every forecast of every version of it that was made by `as_of` counts.
    ///
    /// # Errors
    /// [`LogError::UnknownModel`] for a model without a forecast by then; those of [`score`](Self::score).
    pub fn summary(&self, model: &str, as_of: Timestamp) -> Result<LogSummary> {
        let all = self.made_by(model, as_of)?;
        let (mut unscored, mut pending, mut scored) = (Vec::new(), 0, 0);
        let mut versions: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
        let mut groups: BTreeMap<(&str, usize), (usize, Vec<LoggedScore>)> = BTreeMap::new();
        for forecast in &all {
            let version = (forecast.model.version.as_str(), forecast.model.configuration.sha256.as_str());
            let version = versions.entry(version).or_default();
            let group = groups.entry((forecast.subject.as_str(), forecast.horizon)).or_default();
            version.0 += 1;
            group.0 += 1;
            match self.known_by(&forecast.id, as_of) {
                Some(observed) => {
                    group.1.push(score(forecast, observed)?);
                    version.1 += 1;
                    scored += 1;
                }
                None if forecast.target.closes_at() <= as_of => unscored.push(forecast.id.clone()),
                None => pending += 1,
            }
        }
        let version = |((version, configuration), (forecasts, scored)): ((&str, &str), (usize, usize))| VersionCount {
            version: version.to_owned(),
            configuration: configuration.to_owned(),
            forecasts,
            scored,
        };
        Ok(LogSummary {
            model: model.to_owned(),
            as_of,
            forecasts: all.len(),
            scored,
            unscored,
            pending,
            versions: versions.into_iter().map(version).collect(),
            groups: groups.into_iter().map(|((subject, horizon), group)| summarise(subject, horizon, group)).collect(),
        })
    }

    /// A model against a reference, such as a naive competitor that is on record beside it, for every subject and
    /// horizon of the model. What has no part in the comparison is counted.
    ///
    /// # Errors
    /// Those of [`summary`](Self::summary), for either of the two.
    pub fn compare(
        &self,
        model: &str,
        reference: &str,
        as_of: Timestamp,
        level: Confidence,
    ) -> Result<Vec<LogComparison>> {
        let (own, repeated) = first_by_target(&self.made_by(model, as_of)?);
        let (other, _) = first_by_target(&self.made_by(reference, as_of)?);
        let groups: BTreeSet<(&str, usize)> = own.keys().map(|key| (key.subject, key.horizon)).collect();
        groups.into_iter().map(|group| self.compare_group(group, &own, &other, &repeated, (as_of, level))).collect()
    }

    fn compare_group(
        &self,
        (subject, horizon): (&str, usize),
        own: &ByTarget<'_>,
        other: &ByTarget<'_>,
        repeated: &BTreeMap<(&str, usize), usize>,
        (as_of, level): (Timestamp, Confidence),
    ) -> Result<LogComparison> {
        let in_group = |key: &&Key<'_>| key.subject == subject && key.horizon == horizon && key.closes_at <= as_of;
        let (mut losses, mut naive, mut spans, mut left_out) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for key in own.keys().filter(in_group) {
            let pair = other.get(key).filter(|theirs| same_levels(own[key], theirs));
            let observed = self.known_by(&own[key].id, as_of);
            // One target has one outcome: two that differ belong to no comparison.
            let theirs = pair.and_then(|theirs| self.known_by(&theirs.id, as_of));
            match (pair, observed, theirs) {
                (Some(pair), Some(observed), Some(same)) if observed.to_bits() == same.to_bits() => {
                    losses.push(pinball(own[key], observed)?.unwrap_or_default());
                    naive.push(pinball(pair, observed)?.unwrap_or_default());
                    spans.push((key.opens_at, key.closes_at));
                }
                _ => left_out += 1,
            }
        }
        let (lags, effective) = overlap(&spans);
        let (losses, naive) = (Array1::from(losses), Array1::from(naive));
        let found = skill(losses.view(), naive.view(), lags, effective, level);
        Ok(LogComparison {
            subject: subject.to_owned(),
            horizon,
            compared: losses.len(),
            left_out,
            model_silent: other.keys().filter(in_group).filter(|key| !own.contains_key(key)).count(),
            repeated: repeated.get(&(subject, horizon)).copied().unwrap_or(0),
            skill: match found {
                Ok(skill) => Status::Known(skill),
                Err(error) => Status::Unknown { kind: error.kind(), reason: error.to_string() },
            },
        })
    }

    fn made_by(&self, model: &str, as_of: Timestamp) -> Result<Vec<&LoggedForecast>> {
        let own = |f: &&LoggedForecast| f.model.name == model && f.made_at <= as_of;
        let all: Vec<&LoggedForecast> = self.forecasts().filter(own).collect();
        if all.is_empty() {
            return Err(LogError::UnknownModel { name: model.to_owned() }.into());
        }
        Ok(all)
    }

    fn known_by(&self, id: &str, as_of: Timestamp) -> Option<f64> {
        self.outcome_of(id).filter(|outcome| outcome.observed_at <= as_of).map(|outcome| outcome.observed)
    }
}

/// What makes two forecasts speak about the same: ordered by time within a subject and horizon.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    subject: &'a str,
    horizon: usize,
    opens_at: Timestamp,
    closes_at: Timestamp,
    date: jiff::civil::Date,
}

type ByTarget<'a> = BTreeMap<Key<'a>, &'a LoggedForecast>;

/// The first forecast of every target, and how many came after it.
fn first_by_target<'a>(all: &[&'a LoggedForecast]) -> (ByTarget<'a>, BTreeMap<(&'a str, usize), usize>) {
    let (mut first, mut repeated) = (ByTarget::new(), BTreeMap::new());
    for &forecast in all {
        let (subject, horizon, target) = (forecast.subject.as_str(), forecast.horizon, forecast.target);
        let (opens_at, closes_at, date) = (target.opens_at(), target.closes_at(), target.date());
        let key = Key { subject, horizon, opens_at, closes_at, date };
        match first.contains_key(&key) {
            true => *repeated.entry((subject, horizon)).or_insert(0) += 1,
            false => {
                first.insert(key, forecast);
            }
        }
    }
    (first, repeated)
}

/// The largest number of later targets that open before one closes, and the number of targets that share no time.
fn overlap(spans: &[(Timestamp, Timestamp)]) -> (usize, usize) {
    let reach = |(at, (_, closes)): (usize, &(Timestamp, Timestamp))| {
        spans.iter().skip(at + 1).take_while(|later| later.0 < *closes).count()
    };
    let lags = spans.iter().enumerate().map(reach).max().unwrap_or(0);
    let (mut effective, mut free_from) = (0, None);
    for (opens, closes) in spans {
        if free_from.is_none_or(|free| *opens >= free) {
            effective += 1;
            free_from = Some(*closes);
        }
    }
    (lags, effective)
}

fn same_levels(a: &LoggedForecast, b: &LoggedForecast) -> bool {
    let levels = |f: &LoggedForecast| f.quantiles.iter().map(|q| q.probability.to_bits()).collect::<Vec<_>>();
    !a.quantiles.is_empty() && levels(a) == levels(b)
}

fn score(forecast: &LoggedForecast, observed: f64) -> Result<LoggedScore> {
    let squared_error = forecast.mean.map(|mean| (observed - mean) * (observed - mean));
    if squared_error.is_some_and(|error| !error.is_finite()) {
        return Err(alluse_risk_core::Error::Overflow { name: "squared error" }.into());
    }
    let doubt = |event: &super::StatedProbability| {
        let miss = event.probability - f64::from(u8::from(observed > event.above));
        miss * miss
    };
    Ok(LoggedScore {
        id: forecast.id.clone(),
        observed,
        pinball: pinball(forecast, observed)?,
        squared_error,
        brier: mean(forecast.probabilities.iter().map(doubt)),
    })
}

fn pinball(forecast: &LoggedForecast, observed: f64) -> Result<Option<f64>> {
    let mut losses = Vec::with_capacity(forecast.quantiles.len());
    for quantile in &forecast.quantiles {
        losses.push(pinball_loss(aview1(&[quantile.value]), aview1(&[observed]), quantile.probability)?[0]);
    }
    Ok(mean(losses.into_iter()))
}

fn summarise(subject: &str, horizon: usize, (forecasts, scores): (usize, Vec<LoggedScore>)) -> GroupSummary {
    let of = |kind: fn(&LoggedScore) -> Option<f64>| {
        let stated: Vec<f64> = scores.iter().filter_map(kind).collect();
        (mean(stated.iter().copied()), stated.len())
    };
    let (pinball, squared, brier) = (of(|s| s.pinball), of(|s| s.squared_error), of(|s| s.brier));
    GroupSummary {
        subject: subject.to_owned(),
        horizon,
        forecasts,
        scored: scores.len(),
        mean_pinball: pinball.0,
        mean_squared_error: squared.0,
        mean_brier: brier.0,
        stating: [pinball.1, squared.1, brier.1],
    }
}

fn mean(values: impl ExactSizeIterator<Item = f64>) -> Option<f64> {
    let count = values.len();
    (count > 0).then(|| sum::CompensatedSum::of(values) / count as f64)
}

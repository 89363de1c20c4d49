use alluse_risk_core::{Status, Verdict};
use serde::{Deserialize, Serialize};

use super::calibration::CalibrationSkill;
use super::direction::DirectionSkill;
use crate::evaluation::walk_forward::Naive;
use crate::evaluation::{Share, Skill};

/// What stands in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RowRole {
    /// A model that claims skill.
    Candidate,
    /// A competitor that costs nothing.
    Naive(Naive),
    /// The forecast that it will rise, with the base rate known at the origin as its probability.
    AlwaysUp,
}

/// Whether a model can be told from the naive competitors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SkillVerdict {
    /// It is one of them.
    Reference,
    /// It loses less than every one of them by the continuous ranked probability score, after Holm's correction for
    /// the number of models tried.
    BetterThanNaive,
    /// It loses significantly more than one of them.
    WorseThanNaive,
    /// Neither.
    NotDistinguishable,
    /// Too few independent outcomes, or a test without an answer: not a verdict that there is no skill.
    NotEnoughData,
}

impl SkillVerdict {
    /// As a check: passed only by who is better than all naive competitors.
    #[must_use]
    pub fn as_check(self) -> Verdict {
        match self {
            Self::BetterThanNaive | Self::Reference => Verdict::Pass,
            Self::NotDistinguishable => Verdict::Warn,
            Self::WorseThanNaive => Verdict::Breach,
            Self::NotEnoughData => Verdict::Unknown,
        }
    }

    pub(in crate::evaluation) fn words(self) -> &'static str {
        match self {
            Self::Reference => "naive competitor",
            Self::BetterThanNaive => "distinguishable from naive: yes, better",
            Self::WorseThanNaive => "distinguishable from naive: yes, worse",
            Self::NotDistinguishable => "distinguishable from naive: no",
            Self::NotEnoughData => "distinguishable from naive: not enough data",
        }
    }
}

/// One model over one horizon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SkillRow {
    /// The model.
    pub model: String,
    /// What it is.
    pub role: RowRole,
    /// Rows ahead.
    pub horizon: usize,
    /// Outcomes that came about, hence forecasts that were due.
    pub due: usize,
    /// Forecasts that were made and scored.
    pub forecasts: usize,
    /// Forecasts that are missing: `due − forecasts`.
    pub missing: usize,
    /// Forecasts compared with all naive competitors at the same origins.
    pub common: usize,
    /// Independent outcomes among them.
    pub effective: usize,
    /// Mean continuous ranked probability score at those origins.
    pub mean_crps: Status<f64>,
    /// Skill by that score against the unconditional bootstrap.
    pub against_bootstrap: Status<Skill>,
    /// Skill by that score against the random walk without drift.
    pub against_random_walk: Status<Skill>,
    /// Skill by that score against the random walk with drift.
    pub against_drift: Status<Skill>,
    /// Skill of the mean by its squared error against the historical mean: out-of-sample R² (Campbell and Thompson
    /// 2008).
    pub point_skill: Status<Skill>,
    /// Direction against the base rate.
    pub direction: Status<DirectionSkill>,
    /// Share of outcomes within the central 80 % interval.
    pub coverage_80: Status<Share>,
    /// Share of outcomes within the central 95 % interval.
    pub coverage_95: Status<Share>,
    /// Whether the whole distribution was right; unknown for points and below the table's least number of independent
    /// outcomes.
    pub calibration: Status<CalibrationSkill>,
    /// Largest p-value of the Diebold-Mariano tests against the three competitors with distributions, two-sided; 1
    /// where it does not lose less than each of them.
    pub p_value: Status<f64>,
    /// The same after Holm's correction for all candidates over this horizon.
    pub adjusted_p_value: Status<f64>,
    /// Whether it may be the best of all models over this horizon, at the level of the table.
    pub in_confidence_set: Status<bool>,
    /// Whether it can be told from the naive competitors.
    pub verdict: SkillVerdict,
    /// The verdict in a sentence.
    pub sentence: String,
}

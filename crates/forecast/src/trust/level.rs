use alluse_risk_core::{Confidence, Error as Input, ErrorKind};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::evaluation::{Skill, skill};
use crate::{Result, check};

/// How a record becomes trust.
///
/// ```text
/// trust = lower end of the skill's interval / full_skill, held within [0, 1]
/// ```
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `level` | 95 % | of the interval around the skill |
/// | `min_effective` | 30 | independent outcomes below which trust is unknown; at least 2 |
/// | `full_skill` | 0.1 | lower bound of the skill that earns full trust; in (0, 1] |
///
/// A model that cannot be told from the naive competitor has a lower bound of at most 0, and no trust.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct TrustRule {
    /// Of the interval around the skill.
    pub level: Confidence,
    /// Independent outcomes below which trust is unknown.
    pub min_effective: usize,
    /// Lower bound of the skill that earns full trust.
    pub full_skill: f64,
}

impl Default for TrustRule {
    fn default() -> Self {
        Self { level: Confidence::P95, min_effective: 30, full_skill: 0.1 }
    }
}

impl TrustRule {
    /// With another level of the interval.
    #[must_use]
    pub fn with_level(mut self, level: Confidence) -> Self {
        self.level = level;
        self
    }

    /// With another number of independent outcomes as the least evidence.
    #[must_use]
    pub fn with_min_effective(mut self, outcomes: usize) -> Self {
        self.min_effective = outcomes;
        self
    }

    /// With another skill that earns full trust.
    #[must_use]
    pub fn with_full_skill(mut self, skill: f64) -> Self {
        self.full_skill = skill;
        self
    }

    /// The trust that the losses of a model have earned against those of a naive competitor on the same outcomes.
    ///
    /// `losses` and `reference` have shape `(n,)` and come from a proper score; `lags` later outcomes overlap with each
    /// one, and `effective` of them are independent. See [`skill`].
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for settings out of their domain, shapes that differ, losses that are not
    /// finite, and more independent outcomes than losses. Too little evidence, and losses without a skill, are no
    /// errors but [`TrustLevel::Unknown`].
    pub fn assess(
        &self,
        losses: ArrayView1<'_, f64>,
        reference: ArrayView1<'_, f64>,
        lags: usize,
        effective: usize,
    ) -> Result<TrustLevel> {
        let Self { level, min_effective, full_skill } = *self;
        check::ensure(min_effective >= 2, "least effective outcomes", "at least 2", min_effective as f64)?;
        check::ensure(full_skill > 0.0 && full_skill <= 1.0, "skill of full trust", "in (0, 1]", full_skill)?;
        let scored = losses.len();
        check::length("reference", scored, reference.len())?;
        check::elements("losses", "finite", losses, f64::is_finite)?;
        check::elements("reference", "finite", reference, f64::is_finite)?;
        if effective > scored {
            let (name, expected, value) = ("effective outcomes", "at most the losses", effective as f64);
            return Err(Input::OutOfDomain { name, expected, value }.into());
        }
        let unknown = |kind, reason| TrustLevel::Unknown { scored, effective, required: min_effective, kind, reason };
        if effective < min_effective {
            let reason = format!("{effective} independent outcomes, {min_effective} are needed");
            return Ok(unknown(ErrorKind::InsufficientData, reason));
        }
        Ok(match skill(losses, reference, lags, effective, level) {
            Ok(skill) => {
                let value = (skill.interval.lower / full_skill).clamp(0.0, 1.0);
                TrustLevel::Scored { value, scored, effective, skill: Box::new(skill) }
            }
            Err(error) => unknown(error.kind(), error.to_string()),
        })
    }
}

/// What a record is worth.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TrustLevel {
    /// Nothing can be said yet; it gives no more than the floor of a limit.
    Unknown {
        /// Forecasts scored.
        scored: usize,
        /// Independent outcomes among them.
        effective: usize,
        /// Independent outcomes that are needed.
        required: usize,
        /// The kind of the obstacle.
        kind: ErrorKind,
        /// The obstacle in words.
        reason: String,
    },
    /// A scored record.
    Scored {
        /// Trust, in [0, 1].
        value: f64,
        /// Forecasts scored.
        scored: usize,
        /// Independent outcomes among them.
        effective: usize,
        /// The skill with its interval.
        skill: Box<Skill>,
    },
}

impl TrustLevel {
    /// The trust, in [0, 1]; `None` while it is unknown.
    #[must_use]
    pub fn value(&self) -> Option<f64> {
        match self {
            Self::Unknown { .. } => None,
            Self::Scored { value, .. } => Some(*value),
        }
    }
}

use serde::{Deserialize, Serialize};

use super::TrustLevel;
use crate::{Error, Result, check};

/// A multiplier of a limit that follows trust: down at once, up by a step at a time.
///
/// ```text
/// earned = floor + (ceiling − floor) · trust, the floor while trust is unknown
/// multiplier ← min(earned, multiplier + step)
/// ```
///
/// It starts at the floor and never leaves [floor, ceiling].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct TrustLimit {
    floor: f64,
    ceiling: f64,
    step: f64,
    multiplier: f64,
}

impl TrustLimit {
    /// From the floor, the ceiling and the most that an update may add.
    ///
    /// # Errors
    /// [`Error::Input`] unless `0 ≤ floor ≤ ceiling`, both finite, and the step is positive and finite.
    pub fn new(floor: f64, ceiling: f64, step: f64) -> Result<Self> {
        check::ensure(floor >= 0.0 && floor.is_finite(), "floor", "finite and not negative", floor)?;
        check::ensure(ceiling >= floor && ceiling.is_finite(), "ceiling", "finite and at least the floor", ceiling)?;
        check::positive("step", step)?;
        Ok(Self { floor, ceiling, step, multiplier: floor })
    }

    /// The multiplier that holds now.
    #[must_use]
    pub fn multiplier(&self) -> f64 {
        self.multiplier
    }

    /// What a trust earns in the long run; increasing in it.
    #[must_use]
    pub fn earned(&self, trust: &TrustLevel) -> f64 {
        let value = trust.value().filter(|value| !value.is_nan()).unwrap_or(0.0).clamp(0.0, 1.0);
        (self.floor + (self.ceiling - self.floor) * value).clamp(self.floor, self.ceiling)
    }

    /// Follows a new assessment and returns the multiplier that holds from now on.
    ///
    /// # Errors
    /// [`Error::Input`] for a stored trust outside [0, 1]; the limit is then at its floor.
    pub fn update(&mut self, trust: &TrustLevel) -> Result<f64> {
        if let Some(value) = trust.value()
            && !(0.0..=1.0).contains(&value)
        {
            self.multiplier = self.floor;
            check::ensure(false, "trust", "in [0, 1]", value)?;
        }
        self.multiplier = self.earned(trust).min(self.multiplier + self.step);
        Ok(self.multiplier)
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    floor: f64,
    ceiling: f64,
    step: f64,
    multiplier: f64,
}

impl TryFrom<Stored> for TrustLimit {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let fresh = Self::new(stored.floor, stored.ceiling, stored.step)?;
        let holds = (fresh.floor..=fresh.ceiling).contains(&stored.multiplier);
        let multiplier = check::ensure(holds, "multiplier", "between floor and ceiling", stored.multiplier)?;
        Ok(Self { multiplier, ..fresh })
    }
}

impl From<TrustLimit> for Stored {
    fn from(limit: TrustLimit) -> Self {
        let TrustLimit { floor, ceiling, step, multiplier } = limit;
        Self { floor, ceiling, step, multiplier }
    }
}

//! What an option is.

use serde::{Deserialize, Serialize};

/// The right to buy, or the right to sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptionKind {
    /// The right to buy at the strike.
    Call,
    /// The right to sell at the strike.
    Put,
}

impl OptionKind {
    /// `+1` for a call, `−1` for a put.
    #[must_use]
    pub fn sign(self) -> f64 {
        match self {
            Self::Call => 1.0,
            Self::Put => -1.0,
        }
    }

    /// What exercise would pay: `max(spot − strike, 0)` for a call, `max(strike − spot, 0)` for a put.
    #[must_use]
    pub fn payoff(self, spot: f64, strike: f64) -> f64 {
        (self.sign() * (spot - strike)).max(0.0)
    }

    /// The other kind.
    #[must_use]
    pub fn opposite(self) -> Self {
        match self {
            Self::Call => Self::Put,
            Self::Put => Self::Call,
        }
    }
}

/// When the holder may exercise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExerciseStyle {
    /// At expiry only.
    European,
    /// At any time up to expiry.
    American,
}

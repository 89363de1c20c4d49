//! Which assets are held long and which short.

use serde::{Deserialize, Serialize};

use crate::Result;

/// The side on which an asset is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// A positive weight.
    Long,
    /// A negative weight.
    Short,
}

impl Side {
    pub(super) fn sign(self) -> f64 {
        match self {
            Self::Long => 1.0,
            Self::Short => -1.0,
        }
    }
}

/// The orthant in which a risk budget has its one solution.
///
/// A portfolio with given risk budgets is unique once the sign of every weight is fixed; weights are scaled to a gross
/// exposure of 1, which is a sum of 1 when all are long.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignPattern {
    /// All long.
    #[default]
    LongOnly,
    /// A side for each asset.
    Fixed(Vec<Side>),
}

impl SignPattern {
    /// +1 or −1 an asset.
    pub(super) fn signs(&self, assets: usize) -> Result<Vec<f64>> {
        match self {
            Self::LongOnly => Ok(vec![1.0; assets]),
            Self::Fixed(sides) if sides.len() == assets => Ok(sides.iter().map(|side| side.sign()).collect()),
            Self::Fixed(sides) => {
                let (name, got) = ("sides", sides.len());
                Err(alluse_risk_core::Error::LengthMismatch { name, expected: assets, got }.into())
            }
        }
    }
}

//! Caps on the weight of several strategies together.

use alluse_risk_core::{AssetId, LinearRow, RowId};
use serde::{Deserialize, Serialize};

use crate::strategies::check;
use crate::{Error, Result};

/// `Σ xᵢ ≤ cap` over the members: a pair, a cluster, whatever must not grow too large together.
///
/// ```
/// use alluse_optimizer::strategies::conflicts::GroupCap;
///
/// let cap = GroupCap::new("short volatility", ["put selling", "strangle"], 0.4)?;
/// assert_eq!(cap.row()?.upper, 0.4);
/// assert!(GroupCap::new("twice", ["a", "a"], 0.4).is_err());
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct GroupCap {
    name: String,
    members: Vec<AssetId>,
    cap: f64,
}

impl GroupCap {
    /// # Errors
    /// [`Error::Input`] without members, for one that occurs twice or is blank, and for a cap that is not finite and
    /// at least 0.
    pub fn new<M: Into<String>>(
        name: impl Into<String>,
        members: impl IntoIterator<Item = M>,
        cap: f64,
    ) -> Result<Self> {
        let members: std::result::Result<Vec<_>, _> = members.into_iter().map(AssetId::new).collect();
        // A universe has members, each once.
        let members = crate::Universe::new(members?)?.assets().to_vec();
        check::within("cap", cap, 0.0, f64::MAX, "finite and at least 0")?;
        Ok(Self { name: name.into(), members, cap })
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The members, each once.
    #[must_use]
    pub fn members(&self) -> &[AssetId] {
        &self.members
    }

    /// The largest weight of the members together.
    #[must_use]
    pub fn cap(&self) -> f64 {
        self.cap
    }

    /// The cap as a row of an optimisation.
    ///
    /// # Errors
    /// Those of [`RowId::new`].
    pub fn row(&self) -> Result<LinearRow> {
        let coefficient = |member: &AssetId| Ok((RowId::new(member.as_str())?, 1.0));
        let coefficients: Result<Vec<_>> = self.members.iter().map(coefficient).collect();
        let (name, lower) = (self.name.clone(), f64::NEG_INFINITY);
        Ok(LinearRow { name, coefficients: coefficients?, lower, upper: self.cap })
    }
}

/// The stored form, so that a stored cap is checked when it is read back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    name: String,
    members: Vec<String>,
    cap: f64,
}

impl TryFrom<Stored> for GroupCap {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        Self::new(stored.name, stored.members, stored.cap)
    }
}

impl From<GroupCap> for Stored {
    fn from(group: GroupCap) -> Self {
        let members = group.members.into_iter().map(String::from).collect();
        Self { name: group.name, members, cap: group.cap }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serde_cannot_get_round_the_check() {
        let cap = GroupCap::new("pair", ["a", "b"], 0.3).unwrap();
        let text = serde_json::to_string(&cap).unwrap();
        assert_eq!(serde_json::from_str::<GroupCap>(&text).unwrap(), cap);
        for (from, to) in [("0.3", "-0.3"), ("\"b\"", "\"a\""), ("\"b\"", "\" \""), ("\"cap\"", "\"limit\"")] {
            assert!(serde_json::from_str::<GroupCap>(&text.replace(from, to)).is_err(), "{to}");
        }
        assert!(GroupCap::new("none", [""; 0], 0.3).is_err());
        assert!(GroupCap::new("nan", ["a"], f64::NAN).is_err());
    }
}

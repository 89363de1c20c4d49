//! The question: what to optimise, over what, within which limits, at which costs.

/// Which side of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Its least value.
    Lower,
    /// Its greatest value.
    Upper,
}

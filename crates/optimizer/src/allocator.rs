//! Anything that turns a history into weights.

use std::fmt;

use alluse_risk_core::{History, Weights};

use crate::Result;

/// A rule that chooses weights from what was known before the decision.
///
/// A [`History`] ends before the decision, so a rule cannot see later rows.
pub trait Allocator: fmt::Debug + Send + Sync {
    /// Its name, for tables of results.
    fn name(&self) -> &str;

    /// The weights to hold from now on; `held` are those held now, after their drift.
    ///
    /// # Errors
    /// Those of the rule behind the trait.
    fn allocate(&self, history: History<'_>, held: &Weights) -> Result<Weights>;
}

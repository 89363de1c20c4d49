use alluse_risk_core::{History, Weights};

use crate::{Allocator, Result};

/// The same weight for every asset, `1/N`: what any other rule has to beat.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EqualWeight;

impl Allocator for EqualWeight {
    fn name(&self) -> &'static str {
        "1/N"
    }

    fn allocate(&self, history: History<'_>, _: &Weights) -> Result<Weights> {
        Ok(Weights::equal(history.assets().len())?)
    }
}

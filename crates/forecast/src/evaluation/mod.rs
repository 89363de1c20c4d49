//! Whether a forecast has skill: walk-forward evaluation against naive competitors, calibration, conformal intervals.

pub mod conformal;
mod overlap;
mod share;
mod skill;
pub mod skill_table;
pub mod volatility_table;
pub mod walk_forward;

use alluse_risk_core::Status;

pub use overlap::Overlap;
pub use share::Share;
pub use skill::{Skill, skill};

use crate::Result;

/// A result as a status: an error becomes the reason why there is no value.
pub(crate) fn status<T>(result: Result<T>) -> Status<T> {
    match result {
        Ok(value) => Status::Known(value),
        Err(error) => Status::Unknown { kind: error.kind(), reason: error.to_string() },
    }
}

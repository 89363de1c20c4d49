//! Whether a forecast has skill: walk-forward evaluation against naive competitors, calibration, conformal intervals.

mod overlap;
pub mod walk_forward;

pub use overlap::Overlap;


//! Every model and every naive competitor, horizon by horizon, with what can and what cannot be said.

mod calibration;
mod direction;
mod row;
mod superiority;
mod table;
#[cfg(test)]
mod tests;

pub use calibration::CalibrationSkill;
pub use direction::DirectionSkill;
pub use row::{RowRole, SkillRow, SkillVerdict};
pub use superiority::Superiority;
pub use table::{BestModels, SkillSettings, SkillTable, TriedModel};

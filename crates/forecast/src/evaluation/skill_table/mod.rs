//! Every model and every naive competitor, horizon by horizon, with what can and what cannot be said.

mod direction;
mod row;
mod table;
#[cfg(test)]
mod tests;

pub use direction::DirectionSkill;
pub use row::{RowRole, SkillRow, SkillVerdict};
pub use table::{BestModels, SkillSettings, SkillTable, TriedModel};

//! Small validated types: once made, they need no further check.

pub(crate) mod confidence;
mod frequency;
mod horizon;
mod ids;
mod memory;
mod weights;

pub use confidence::Confidence;
pub use frequency::{Frequency, PeriodsPerYear};
pub use horizon::Horizon;
pub use ids::{AssetId, ContractId, Currency, RowId, ScenarioId};
pub use memory::{Decay, HalfLife};
pub use weights::Weights;

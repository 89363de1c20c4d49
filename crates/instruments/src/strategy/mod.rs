//! Option strategies as data: templates of legs, the legs of a trade, and the strategies in a bag of legs.
//!
//! A [`StrategyTemplate`] says which legs stand together, not at which strikes. [`StrategyTemplate::standard`] has the
//! usual ones; users add their own in code or as JSON. [`Recogniser`] finds the pairing of a bag of legs that costs
//! least.

mod candidates;
mod recognise;
mod standard;
mod template;

pub(crate) use recognise::is_short;
pub use recognise::{GroupCost, GroupLeg, Leg, Recogniser, Recognition, StrategyMatch};
pub use template::{LegKind, LegTemplate, StrategyForm, StrategyTemplate, StrategyTerms, StrikeSpacing};

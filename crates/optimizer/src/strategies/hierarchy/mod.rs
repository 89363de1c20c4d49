//! Capital from the account down to the underlyings, each level by its own rule, within bounds on all of them.
//!
//! The rules make target shares from the bottom up; bounds on nodes and caps across branches then move the leaves
//! as little as possible, in proportion: the answer minimises `Σ x ln(x/target)` within all of them at once, so
//! every constraint has one factor by which it scales its leaves, 1 where it does not bind.

mod allocate;
mod node;
mod rule;
mod scaling;

pub use allocate::{
    Binding, HierarchicalAllocation, HierarchicalResult, LeafWeight, LevelExplanation, LookThrough, NodeRisk,
    NodeWeight,
};
pub use node::{AllocationNode, NodeContent};
pub use rule::{LevelInputs, LevelRule, RuleBook, ShareRule};

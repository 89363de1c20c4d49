//! From holdings and target weights to orders in whole lots that pay for themselves.

mod candidates;
mod order;
mod planner;
mod rounding;

pub use order::{Kept, KeptReason, Order, OrderReason, Plan, Side};
pub use planner::{MinimumCash, Planner};
pub use rounding::Rounding;

#[cfg(test)]
mod tests;

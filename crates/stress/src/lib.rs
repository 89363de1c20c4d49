//! What a book does when the world moves: scenarios as data, and what they cost.
//!
//! # Conventions
//! P&L is gain positive and losses are positive; shocks are decimals (−0.20 is a fall of 20 %, 0.05 of volatility
//! is five points); a shock happens now unless a scenario says how many exchange days it takes.
//!
//! # Features
//! | feature | default | brings |
//! |---|---|---|
//! | `parallel` | yes | thread-parallel kernels; no number depends on it |

#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare exactly representable numbers"))]

mod error;
mod factors;
mod pivoted;
mod plausibility;
mod propagation;

pub use error::{Error, Result};
pub use factors::{Centre, FactorModel, Window};
pub use propagation::{ConditionalLoss, Propagation, propagate};

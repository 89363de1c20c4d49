//! Allocation rules walked forward through real data, and simulations in which the truth is known.

pub mod comparison;
pub mod data;
pub mod figures;
pub mod flag;
pub mod page;
pub mod rules;
pub mod settings;
pub mod truth;
pub mod turnover;

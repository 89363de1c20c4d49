//! Who earned it and when: contributions to the total return by any label and over time.
//!
//! A [`PnlPanel`] holds the P&L of rows in periods by component, a [`LabelAxis`] labels its cells, and
//! [`Contributions`] adds them up: every table sums to the total return, what carries no label is shown, and labels
//! that were known in time are kept apart from those of hindsight.

mod axis;
mod by_label;
mod chained;
mod component;
mod counterfactual;
mod frequency;
mod panel;
pub mod scheme;
mod span;
mod tables;
mod target;
#[cfg(test)]
mod tests;
mod wilson;

pub use axis::{Calendar, LabelAxis, LabelKnowledge, Labelled};
pub use by_label::{ComponentContribution, LabelContribution, LabelPeriod, LabelReport, Unlabelled};
pub use chained::Contributions;
pub use component::Component;
pub use counterfactual::{Counterfactual, WhatIf};
pub use frequency::{
    FrequencyCheck, FrequencyVerdict, LabelFrequencies, LabelFrequency, StatedFrequency, check_frequencies,
    label_frequencies,
};
pub use panel::PnlPanel;
pub use span::LabelSpan;
pub use tables::{CellSum, CrossTable, LabelTimeTable};
pub use target::{BaseRate, chance_of_target, implied_annual};
pub use wilson::Share;

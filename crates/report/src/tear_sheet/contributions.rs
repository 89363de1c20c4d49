//! Where the return came from.

use super::AxisContributions;
use crate::chart::{Bar, Bars};
use crate::{Chart, Section, Unit};

pub(super) fn section(axis: &AxisContributions) -> Section {
    let mut section = Section::new(format!("Contributions by {}", axis.axis));
    let mut parts: Vec<&(String, f64)> = axis.parts.iter().collect();
    parts.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let bars = parts.iter().map(|(name, value)| Bar { name: name.clone(), value: *value, interval: None }).collect();
    section.push(Chart::Bars(Bars {
        title: format!("Contribution to the return by {}", axis.axis),
        description: format!("The parts add up to the total return of {}.", Unit::PERCENT.format(axis.total)),
        unit: Unit::PERCENT,
        bars,
    }));
    section
}

use alluse_risk_core::Confidence;
use alluse_risk_core::sum::CompensatedSum;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Component, Contributions, LabelAxis, LabelKnowledge, Labelled, Share};
use crate::{Annualisation, Result};

/// One period of a label, by its contribution to that period's return.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LabelPeriod {
    /// End of the period.
    pub date: Date,
    /// P&L over the value at the start of the period.
    pub contribution: f64,
}

/// What one component added to a label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ComponentContribution {
    /// The component.
    pub component: Component,
    /// Money.
    pub pnl: f64,
    /// Chained contribution to the total return.
    pub contribution: f64,
}

/// What one label contributed.
///
/// A label is *present* in a period in which at least one cell carries it, and *active* in one in which a component of
/// such a cell is not zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LabelContribution {
    /// The label; `None` for what carries none.
    pub label: Option<String>,
    /// Money, all components.
    pub pnl: f64,
    /// Chained contribution to the total return, all components.
    pub contribution: f64,
    /// By what it comes from; costs, fees and cash stand apart.
    pub components: Vec<ComponentContribution>,
    /// Cells (row, period) that carry the label.
    pub cells: usize,
    /// Periods in which it is present.
    pub periods: usize,
    /// Periods in which it is active.
    pub active_periods: usize,
    /// Its sum over periods of |P&L|, as a share of the sum of all labels; `None` when nothing moved.
    pub share_of_absolute_pnl: Option<f64>,
    /// Active periods with a positive P&L, among active periods; `None` without one.
    pub hit_rate: Option<Share>,
    /// Mean contribution to the return of a period in which it is present, per period.
    pub mean_contribution: Option<f64>,
    /// Arithmetic: the sum of its contributions to single periods over the years of the panel. Over the labels these
    /// add up to the annualised arithmetic mean return.
    pub annualised_contribution: f64,
    /// The active period in which it contributed most.
    pub best: Option<LabelPeriod>,
    /// The active period in which it contributed least.
    pub worst: Option<LabelPeriod>,
}

/// What carries no label, stated even when it is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Unlabelled {
    /// Cells without a label.
    pub cells: usize,
    /// Their share of all cells.
    pub share_of_cells: f64,
    /// Their share of the absolute P&L; `None` when nothing moved.
    pub share_of_absolute_pnl: Option<f64>,
}

/// The total return by label: the answer of [`Contributions::by_label`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LabelReport {
    /// The axis.
    pub axis: String,
    /// What carries the labels.
    pub labelled: Labelled,
    /// Whether decisions could have known them.
    pub knowledge: LabelKnowledge,
    /// Start of the first period.
    pub start: Date,
    /// End of the last.
    pub end: Date,
    /// Number of periods.
    pub periods: usize,
    /// Total return, multiplied out.
    pub total_return: f64,
    /// P&L of all labels.
    pub total_pnl: f64,
    /// The labels in order of first use; what carries none comes last, if any cell does.
    pub labels: Vec<LabelContribution>,
    /// What carries no label.
    pub unlabelled: Unlabelled,
    /// Total return less the sum of the contributions: rounding.
    pub residual: f64,
}

impl LabelReport {
    /// What `label` contributed; `None` asks for the unlabelled.
    #[must_use]
    pub fn label(&self, label: Option<&str>) -> Option<&LabelContribution> {
        self.labels.iter().find(|entry| entry.label.as_deref() == label)
    }
}

/// What a group of cells adds up to.
#[derive(Clone)]
struct Group {
    cells: usize,
    /// P&L and chained contribution of each component.
    sums: Vec<(CompensatedSum, CompensatedSum)>,
    present: Vec<bool>,
    active: Vec<bool>,
}

impl Contributions<'_> {
    /// The total return by the labels of one axis.
    ///
    /// `level` is that of the hit rates' intervals.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for an axis of another number of rows or periods,
    /// [`Error::Invalid`](crate::Error::Invalid) for a label known only after its period, and the errors of
    /// [`Annualisation::years`].
    ///
    /// # Examples
    /// ```
    /// use alluse_attribution::Annualisation;
    /// use alluse_attribution::contribution::{Component, LabelAxis, LabelKnowledge, PnlPanel};
    /// use alluse_risk_core::{Confidence, Frequency};
    /// use jiff::civil::date;
    /// use ndarray::array;
    ///
    /// let dates = vec![date(2024, 1, 12), date(2024, 1, 19)];
    /// let rows = vec!["put".into(), "shares".into()];
    /// let panel = PnlPanel::new(date(2024, 1, 5), dates, rows, array![100.0, 110.0])?
    ///     .with(Component::Price, array![[4.0, -11.0], [6.0, 22.0]])?;
    /// let week_type = LabelAxis::periods("week_type", &[Some("calm"), None], LabelKnowledge::Hindsight)?;
    /// let weekly = Annualisation::Periods(Frequency::Weekly);
    /// let report = panel.contributions()?.by_label(&week_type, weekly, Confidence::P95)?;
    /// // 10 % in the first week, and 10 % on 1.1 in the second.
    /// assert!((report.labels[0].contribution - 0.10).abs() < 1e-15);
    /// assert!((report.labels[1].contribution - 0.11).abs() < 1e-15 && report.labels[1].label.is_none());
    /// assert!((report.total_return - 0.21).abs() < 1e-15 && report.unlabelled.share_of_cells == 0.5);
    /// # Ok::<(), alluse_attribution::Error>(())
    /// ```
    pub fn by_label(&self, axis: &LabelAxis, annualisation: Annualisation, level: Confidence) -> Result<LabelReport> {
        self.check_axis(axis)?;
        let panel = self.panel();
        let dates = panel.dates();
        let years = annualisation.years(dates.len())?;
        let groups = self.group(axis);
        let net = self.net_by(axis.groups(), |row, t| axis.code(row, t));
        let absolute: Vec<f64> = net.iter().map(|row| CompensatedSum::of(row.iter().map(|pnl| pnl.abs()))).collect();
        let moved = CompensatedSum::of(absolute.iter().copied());
        let share_of = |group: usize| (moved > 0.0).then(|| absolute[group] / moved);
        let mut labels = Vec::with_capacity(groups.len());
        for (index, group) in groups.iter().enumerate().filter(|(_, group)| group.cells > 0) {
            let single: Vec<f64> = net[index].iter().zip(panel.values()).map(|(pnl, value)| pnl / value).collect();
            let sum = CompensatedSum::of(single.iter().copied());
            let periods = count(&group.present);
            let active_periods = count(&group.active);
            let wins = net[index].iter().filter(|&&pnl| pnl > 0.0).count();
            let active = || (0..dates.len()).filter(|&t| group.active[t]);
            let extreme = |t: usize| LabelPeriod { date: dates[t], contribution: single[t] };
            // Of equals, the first.
            let best = active().reduce(|best, t| if single[t] > single[best] { t } else { best });
            let worst = active().reduce(|worst, t| if single[t] < single[worst] { t } else { worst });
            labels.push(LabelContribution {
                label: axis.name_of(index),
                pnl: CompensatedSum::of(group.sums.iter().map(|(pnl, _)| pnl.value())),
                contribution: CompensatedSum::of(group.sums.iter().map(|(_, chained)| chained.value())),
                components: self.components_of(group),
                cells: group.cells,
                periods,
                active_periods,
                share_of_absolute_pnl: share_of(index),
                hit_rate: (active_periods > 0).then(|| Share::new(wins, active_periods, level)).transpose()?,
                mean_contribution: (periods > 0).then(|| sum / periods as f64),
                annualised_contribution: sum / years,
                best: best.map(extreme),
                worst: worst.map(extreme),
            });
        }
        let (cells, nowhere) = (panel.rows().len() * dates.len(), axis.groups() - 1);
        let unlabelled = Unlabelled {
            cells: groups[nowhere].cells,
            share_of_cells: groups[nowhere].cells as f64 / cells as f64,
            share_of_absolute_pnl: share_of(nowhere),
        };
        Ok(LabelReport {
            axis: axis.name().to_owned(),
            labelled: axis.labelled(),
            knowledge: axis.knowledge(),
            start: panel.start(),
            end: dates[dates.len() - 1],
            periods: dates.len(),
            total_return: self.total_return(),
            total_pnl: CompensatedSum::of(labels.iter().map(|label| label.pnl)),
            residual: self.total_return() - CompensatedSum::of(labels.iter().map(|label| label.contribution)),
            labels,
            unlabelled,
        })
    }

    fn group(&self, axis: &LabelAxis) -> Vec<Group> {
        let panel = self.panel();
        let n = panel.dates().len();
        let parts = panel.components().len();
        let empty = Group {
            cells: 0,
            sums: vec![(CompensatedSum::default(), CompensatedSum::default()); parts],
            present: vec![false; n],
            active: vec![false; n],
        };
        let mut groups = vec![empty; axis.groups()];
        let chain: Vec<f64> = (0..n).map(|t| self.chain(t)).collect();
        for row in 0..panel.rows().len() {
            for t in 0..n {
                let group = &mut groups[axis.code(row, t)];
                group.cells += 1;
                group.present[t] = true;
            }
        }
        for (part, (_, pnl)) in panel.components().enumerate() {
            for ((row, t), &value) in pnl.indexed_iter().filter(|(_, value)| **value != 0.0) {
                let group = &mut groups[axis.code(row, t)];
                group.active[t] = true;
                group.sums[part].0.add(value);
                group.sums[part].1.add(value * chain[t]);
            }
        }
        groups
    }

    fn components_of(&self, group: &Group) -> Vec<ComponentContribution> {
        let of = |((component, _), (pnl, chained)): ((&Component, _), &(CompensatedSum, CompensatedSum))| {
            ComponentContribution { component: component.clone(), pnl: pnl.value(), contribution: chained.value() }
        };
        self.panel().components().zip(&group.sums).map(of).collect()
    }
}

fn count(flags: &[bool]) -> usize {
    flags.iter().filter(|&&flag| flag).count()
}

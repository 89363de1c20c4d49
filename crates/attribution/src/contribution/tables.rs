use alluse_risk_core::sum::CompensatedSum;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Contributions, LabelAxis, LabelKnowledge};
use crate::Result;

/// Money and chained contribution of some cells.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct CellSum {
    /// Cells (row, period) summed.
    pub cells: usize,
    /// Money.
    pub pnl: f64,
    /// Chained contribution to the total return.
    pub contribution: f64,
}

/// Labels × periods: the answer of [`Contributions::over_time`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LabelTimeTable {
    /// The axis.
    pub axis: String,
    /// Whether decisions could have known the labels.
    pub knowledge: LabelKnowledge,
    /// The labels, `None` for what carries none, which comes last and may be empty.
    pub labels: Vec<Option<String>>,
    /// Ends of the periods.
    pub dates: Vec<Date>,
    /// Labels × periods: what the label added to the return of that period alone.
    pub single: Vec<Vec<f64>>,
    /// Labels × periods: chained contributions to the total return.
    pub chained: Vec<Vec<f64>>,
    /// Sums over the periods of `chained`.
    pub label_totals: Vec<f64>,
    /// Sums over the labels of `chained`.
    pub period_totals: Vec<f64>,
    /// Returns of the periods.
    pub returns: Vec<f64>,
    /// Total return, multiplied out.
    pub total_return: f64,
    /// Total return less the sum of the table: rounding.
    pub residual: f64,
}

impl LabelTimeTable {
    /// Labels × periods: chained contributions so far, whose sum over the labels is the return so far.
    #[must_use]
    pub fn cumulative(&self) -> Vec<Vec<f64>> {
        let running = |row: &Vec<f64>| {
            let mut sum = CompensatedSum::default();
            row.iter()
                .map(|&value| {
                    sum.add(value);
                    sum.value()
                })
                .collect()
        };
        self.chained.iter().map(running).collect()
    }
}

/// One axis × another: the answer of [`Contributions::cross`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CrossTable {
    /// The axis down.
    pub row_axis: String,
    /// The axis across.
    pub column_axis: String,
    /// Hindsight as soon as one of the axes is.
    pub knowledge: LabelKnowledge,
    /// Labels down, `None` for what carries none, which comes last and may be empty.
    pub rows: Vec<Option<String>>,
    /// Labels across, likewise.
    pub columns: Vec<Option<String>>,
    /// Rows × columns.
    pub cells: Vec<Vec<CellSum>>,
    /// Each row over the columns.
    pub row_totals: Vec<CellSum>,
    /// Each column over the rows.
    pub column_totals: Vec<CellSum>,
    /// All of it.
    pub total: CellSum,
    /// Total return, multiplied out.
    pub total_return: f64,
    /// Total return less the contribution of the whole table: rounding.
    pub residual: f64,
}

impl Contributions<'_> {
    /// Labels × periods.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for an axis of another number of rows or periods,
    /// [`Error::Invalid`](crate::Error::Invalid) for a label known only after its period.
    pub fn over_time(&self, axis: &LabelAxis) -> Result<LabelTimeTable> {
        self.check_axis(axis)?;
        let panel = self.panel();
        let n = panel.dates().len();
        let net = self.net_by(axis.groups(), |row, t| axis.code(row, t));
        let scaled = |by: &dyn Fn(usize) -> f64| -> Vec<Vec<f64>> {
            net.iter().map(|row| row.iter().enumerate().map(|(t, pnl)| pnl * by(t)).collect()).collect()
        };
        let single = scaled(&|t| 1.0 / panel.values()[t]);
        let chained = scaled(&|t| self.chain(t));
        let period_totals: Vec<f64> = (0..n).map(|t| CompensatedSum::of(chained.iter().map(|row| row[t]))).collect();
        Ok(LabelTimeTable {
            axis: axis.name().to_owned(),
            knowledge: axis.knowledge(),
            labels: (0..axis.groups()).map(|group| axis.name_of(group)).collect(),
            dates: panel.dates().to_vec(),
            single,
            label_totals: chained.iter().map(|row| CompensatedSum::of(row.iter().copied())).collect(),
            returns: self.returns().to_vec(),
            total_return: self.total_return(),
            residual: self.total_return() - CompensatedSum::of(chained.iter().flatten().copied()),
            chained,
            period_totals,
        })
    }

    /// The labels of one axis × those of another, such as strategy × week type; with
    /// [`LabelAxis::calendar`], labels × years.
    ///
    /// # Errors
    /// Those of [`over_time`](Self::over_time), for either axis.
    pub fn cross(&self, down: &LabelAxis, across: &LabelAxis) -> Result<CrossTable> {
        self.check_axis(down)?;
        self.check_axis(across)?;
        let panel = self.panel();
        let (columns, n) = (across.groups(), panel.dates().len());
        let group = |row, t| down.code(row, t) * columns + across.code(row, t);
        let chain: Vec<f64> = (0..n).map(|t| self.chain(t)).collect();
        let mut counts = vec![0; down.groups() * columns];
        for row in 0..panel.rows().len() {
            (0..n).for_each(|t| counts[group(row, t)] += 1);
        }
        let mut sums = vec![(CompensatedSum::default(), CompensatedSum::default()); counts.len()];
        for (_, pnl) in panel.components() {
            for ((row, t), &value) in pnl.indexed_iter() {
                let (money, chained) = &mut sums[group(row, t)];
                money.add(value);
                chained.add(value * chain[t]);
            }
        }
        let cell = |(&cells, (pnl, chained)): (&usize, &(CompensatedSum, CompensatedSum))| CellSum {
            cells,
            pnl: pnl.value(),
            contribution: chained.value(),
        };
        let flat: Vec<CellSum> = counts.iter().zip(&sums).map(cell).collect();
        let cells: Vec<Vec<CellSum>> = flat.chunks(columns).map(<[CellSum]>::to_vec).collect();
        let total = total_of(flat.iter());
        Ok(CrossTable {
            row_axis: down.name().to_owned(),
            column_axis: across.name().to_owned(),
            knowledge: down.knowledge().max(across.knowledge()),
            rows: (0..down.groups()).map(|group| down.name_of(group)).collect(),
            columns: (0..columns).map(|group| across.name_of(group)).collect(),
            row_totals: cells.iter().map(|row| total_of(row.iter())).collect(),
            column_totals: (0..columns).map(|column| total_of(cells.iter().map(|row| &row[column]))).collect(),
            cells,
            total_return: self.total_return(),
            residual: self.total_return() - total.contribution,
            total,
        })
    }
}

fn total_of<'c>(cells: impl Iterator<Item = &'c CellSum> + Clone) -> CellSum {
    CellSum {
        cells: cells.clone().map(|cell| cell.cells).sum(),
        pnl: CompensatedSum::of(cells.clone().map(|cell| cell.pnl)),
        contribution: CompensatedSum::of(cells.map(|cell| cell.contribution)),
    }
}

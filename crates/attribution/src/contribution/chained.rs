use alluse_risk_core::Error as Input;
use alluse_risk_core::sum::CompensatedSum;
use ndarray::{Array1, ArrayView1};

use super::{LabelAxis, PnlPanel};
use crate::{Error, Result, check};

/// Contributions to the return of every period, chained so that they add up to the total return.
///
/// ```text
/// cᵢₜ = P&Lᵢₜ / Vₜ      Rₜ = Σᵢ cᵢₜ      Gₜ = Π_{s<t} (1 + Rₛ)
/// chained: cᵢₜ Gₜ      Σᵢ Σₜ cᵢₜ Gₜ = Π (1 + Rₜ) − 1
/// ```
///
/// With weights `w` at the start, `P&L / V = w r`. Scaling by the growth *before* the period says what a contribution
/// was worth on the capital of the day, and nothing later changes it: a report that was printed stays true.
///
/// # Source
/// The prefix form of the GRAP linking (Groupe de Recherche en Attribution de Performance, 1997), without a benchmark.
#[derive(Debug, Clone, PartialEq)]
pub struct Contributions<'a> {
    panel: &'a PnlPanel,
    returns: Array1<f64>,
    growth: Array1<f64>,
    total: f64,
}

impl<'a> Contributions<'a> {
    pub(super) fn new(panel: &'a PnlPanel) -> Result<Self> {
        if panel.components().len() == 0 {
            return Err(Input::Empty { name: "components of the P&L" }.into());
        }
        let n = panel.dates().len();
        let mut returns = Array1::zeros(n);
        let mut growth = Array1::zeros(n);
        let mut product = 1.0;
        for t in 0..n {
            let value = panel.pnl_of_period(t) / panel.values()[t];
            check::result("return of a period", value)?;
            if value < -1.0 || (value <= -1.0 && t + 1 < n) {
                let date = panel.dates()[t];
                let reason = format!("the period to {date} (position {t}) returned {value}: nothing is left to chain");
                return Err(Error::undefined("chained contribution", reason));
            }
            returns[t] = value;
            growth[t] = product;
            product *= 1.0 + value;
        }
        Ok(Self { panel, returns, growth, total: check::result("total return", product - 1.0)? })
    }

    /// The panel.
    #[must_use]
    pub fn panel(&self) -> &'a PnlPanel {
        self.panel
    }

    /// Returns of the periods, `Rₜ`.
    #[must_use]
    pub fn returns(&self) -> ArrayView1<'_, f64> {
        self.returns.view()
    }

    /// What one unit had grown to at the start of each period, `Gₜ`.
    #[must_use]
    pub fn growth(&self) -> ArrayView1<'_, f64> {
        self.growth.view()
    }

    /// The total return `Π (1 + Rₜ) − 1`, multiplied out; what the contributions must add up to.
    #[must_use]
    pub fn total_return(&self) -> f64 {
        self.total
    }

    /// What turns P&L of period `t` into its chained contribution.
    pub(super) fn chain(&self, t: usize) -> f64 {
        self.growth[t] / self.panel.values()[t]
    }

    pub(super) fn check_axis(&self, axis: &LabelAxis) -> Result<()> {
        axis.check(self.panel.rows().len(), self.panel.dates())
    }

    /// P&L of all components by group of cells, groups × periods; a cell that belongs nowhere is an axis error.
    pub(super) fn net_by(&self, groups: usize, group: impl Fn(usize, usize) -> usize) -> Vec<Vec<f64>> {
        let n = self.panel.dates().len();
        let mut sums = vec![CompensatedSum::default(); groups * n];
        for (_, pnl) in self.panel.components() {
            for ((row, t), &value) in pnl.indexed_iter() {
                sums[group(row, t) * n + t].add(value);
            }
        }
        sums.chunks(n).map(|row| row.iter().map(|sum| sum.value()).collect()).collect()
    }
}

//! Returns in scenarios, one column an asset.

use alluse_risk_core::panel::ReturnPanel;
use alluse_risk_core::{Ordering, ScenarioPnl};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::{Error, Result, check};

/// What a unit of weight earns in each scenario: scenarios × assets.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenarios {
    returns: Array2<f64>,
    probabilities: Option<Array1<f64>>,
    dated: bool,
}

impl Scenarios {
    /// Equally likely scenarios in no order.
    ///
    /// # Errors
    /// [`Error::Input`] for an empty matrix or an entry that is not finite.
    pub fn new(returns: Array2<f64>) -> Result<Self> {
        if returns.is_empty() {
            return Err(alluse_risk_core::Error::Empty { name: "scenario returns" }.into());
        }
        check::finite_matrix("scenario returns", returns.view())?;
        let returns = if returns.is_standard_layout() { returns } else { returns.as_standard_layout().into_owned() };
        Ok(Self { returns, probabilities: None, dated: false })
    }

    /// Equally likely scenarios whose rows are dates in order, so that they have drawdowns.
    ///
    /// # Errors
    /// Those of [`new`](Self::new).
    pub fn dated(returns: Array2<f64>) -> Result<Self> {
        Ok(Self { dated: true, ..Self::new(returns)? })
    }

    /// The dates of a panel of returns.
    ///
    /// # Errors
    /// [`Error::Invalid`] for returns that overlap: their running sum counts every day several times.
    pub fn from_panel(panel: &ReturnPanel) -> Result<Self> {
        if panel.overlap() > 1 {
            return Err(Error::invalid("scenario returns", format!("they overlap by {} rows", panel.overlap())));
        }
        Self::dated(panel.returns().to_owned())
    }

    /// The revalued rows of a book, per unit of capital.
    ///
    /// `capital` is what a weight of 1 in each row is counted in: the value of shares, the margin or the obligation of
    /// options, for the quantity that was revalued. Options enter with their own payoff in every scenario.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a row was not valued in full, [`Error::Input`] unless there is one positive capital a row.
    pub fn from_pnl(pnl: &ScenarioPnl, capital: &[f64]) -> Result<Self> {
        let rows = pnl.rows();
        check::length("capital", rows.len(), capital.len())?;
        check::elements("capital", "positive and finite", capital, |amount| amount > 0.0 && amount.is_finite())?;
        for (index, row) in rows.iter().enumerate() {
            if !pnl.row_coverage()[index].is_complete() {
                return Err(Error::invalid(row.as_str(), "its P&L was not valued in every scenario"));
            }
        }
        let mut returns = pnl.values().t().as_standard_layout().into_owned();
        for (mut column, amount) in returns.axis_iter_mut(Axis(1)).zip(capital) {
            column /= *amount;
        }
        let mut scenarios = Self::new(returns)?;
        scenarios.dated = pnl.ordering() == Ordering::Dated && pnl.overlap() <= 1;
        match pnl.probabilities() {
            Some(probabilities) => scenarios.with_probabilities(probabilities.to_owned()),
            None => Ok(scenarios),
        }
    }

    /// With the probability of each scenario.
    ///
    /// # Errors
    /// [`Error::Input`] for a wrong length or a probability that is negative or not finite; [`Error::Invalid`] unless
    /// they add up to 1 within 1e-9.
    pub fn with_probabilities(mut self, probabilities: impl Into<Array1<f64>>) -> Result<Self> {
        let probabilities = probabilities.into();
        check::length("probabilities", self.len(), probabilities.len())?;
        check::elements("probabilities", "finite and not negative", &probabilities, |p| p >= 0.0 && p.is_finite())?;
        if !((probabilities.sum() - 1.0).abs() <= 1e-9) {
            return Err(Error::invalid("probabilities", format!("they add up to {}", probabilities.sum())));
        }
        self.probabilities = Some(probabilities);
        Ok(self)
    }

    /// Scenarios × assets.
    #[must_use]
    pub fn returns(&self) -> ArrayView2<'_, f64> {
        self.returns.view()
    }

    /// The probability of each scenario, where they differ.
    #[must_use]
    pub fn probabilities(&self) -> Option<ArrayView1<'_, f64>> {
        self.probabilities.as_ref().map(|p| p.view())
    }

    /// Whether the scenarios are dates in order.
    #[must_use]
    pub fn are_dated(&self) -> bool {
        self.dated
    }

    /// Number of scenarios, never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "scenarios are never empty")]
    pub fn len(&self) -> usize {
        self.returns.nrows()
    }

    /// Number of assets, never zero.
    #[must_use]
    pub fn assets(&self) -> usize {
        self.returns.ncols()
    }

    /// The probability of one scenario.
    pub(crate) fn probability(&self, scenario: usize) -> f64 {
        self.probabilities.as_ref().map_or(1.0 / self.len() as f64, |p| p[scenario])
    }

    /// The mean return of each asset.
    #[must_use]
    pub fn mean(&self) -> Array1<f64> {
        match &self.probabilities {
            Some(probabilities) => probabilities.dot(&self.returns),
            None => self.returns.sum_axis(Axis(0)) / self.len() as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::labels::LabelTable;
    use alluse_risk_core::{Coverage, Horizon, RowId, ScenarioId, ScenarioPnlParts};
    use ndarray::array;

    use super::*;

    fn pnl(coverage: Coverage) -> ScenarioPnl {
        let rows: Vec<RowId> = ["put", "shares"].into_iter().map(|name| RowId::new(name).unwrap()).collect();
        ScenarioPnl::new(ScenarioPnlParts {
            labels: LabelTable::new(rows.len()),
            values: array![[10.0, -50.0, 5.0], [100.0, -200.0, 20.0]],
            probabilities: Some(array![0.25, 0.25, 0.5]),
            ids: (0..3).map(|s| ScenarioId::new(s.to_string()).unwrap()).collect(),
            ordering: Ordering::Exchangeable,
            overlap: 1,
            horizon: Horizon::DAY,
            row_coverage: vec![coverage, Coverage::complete(1, 1_000.0)],
            unvalued: Vec::new(),
            assumptions: Vec::new(),
            rows,
        })
        .unwrap()
    }

    #[test]
    fn a_book_earns_per_unit_of_capital() {
        let scenarios = Scenarios::from_pnl(&pnl(Coverage::complete(1, 500.0)), &[500.0, 1_000.0]).unwrap();
        assert_eq!(scenarios.returns(), array![[0.02, 0.1], [-0.1, -0.2], [0.01, 0.02]]);
        assert!((scenarios.mean()[0] - (0.25 * 0.02 - 0.25 * 0.1 + 0.5 * 0.01)).abs() < 1e-17);
        assert!(!scenarios.are_dated() && scenarios.probability(2) == 0.5);
    }

    #[test]
    fn what_was_not_valued_and_what_is_no_capital_is_refused() {
        let partial = pnl(Coverage::missing(1, Some(500.0)));
        assert!(Scenarios::from_pnl(&partial, &[500.0, 1_000.0]).unwrap_err().to_string().contains("put"));
        let whole = pnl(Coverage::complete(1, 500.0));
        assert!(Scenarios::from_pnl(&whole, &[0.0, 1_000.0]).unwrap_err().to_string().contains("capital[0]"));
        assert!(Scenarios::from_pnl(&whole, &[1_000.0]).is_err());
    }

    #[test]
    fn probabilities_are_probabilities() {
        let two = || Scenarios::new(array![[0.1], [0.2]]).unwrap();
        assert!(two().with_probabilities(array![0.5, 0.4]).is_err());
        assert!(two().with_probabilities(array![1.5, -0.5]).is_err());
        assert!(two().with_probabilities(array![1.0]).is_err());
        assert!(Scenarios::new(array![[f64::NAN]]).is_err());
        assert!(Scenarios::new(Array2::zeros((0, 2))).is_err());
    }
}

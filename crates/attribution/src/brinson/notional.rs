use serde::{Deserialize, Serialize};

use super::linking::compound;
use super::{SectorData, Totals};
use crate::{Result, check};

/// Attribution by notional funds, which compounds each fund by itself.
///
/// ```text
/// allocation   Π(1 + Σ w b) − Π(1 + B)
/// selection    Π(1 + Σ W r) − Π(1 + B)
/// interaction  Π(1 + R) − Π(1 + Σ W r) − Π(1 + Σ w b) + Π(1 + B)
/// ```
///
/// # Source
/// Davies and Laker (2001), "Multiple-Period Performance Attribution Using the Brinson Model".
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NotionalFunds {
    /// Number of periods.
    pub periods: usize,
    /// Compounded return of the portfolio.
    pub portfolio_return: f64,
    /// Compounded return of the benchmark.
    pub benchmark_return: f64,
    /// Compounded return of the portfolio's weights in the benchmark's groups, `Σ w b`.
    pub allocation_fund: f64,
    /// Compounded return of the benchmark's weights in the portfolio's groups, `Σ W r`.
    pub selection_fund: f64,
    /// Allocation over the span.
    pub allocation_total: f64,
    /// Selection over the span.
    pub selection_total: f64,
    /// Interaction over the span.
    pub interaction_total: f64,
}

impl NotionalFunds {
    /// Difference of the compounded returns of portfolio and benchmark.
    #[must_use]
    pub fn active_return(&self) -> f64 {
        self.portfolio_return - self.benchmark_return
    }

    /// What the effects leave of the active return: rounding.
    #[must_use]
    pub fn residual(&self) -> f64 {
        self.active_return() - (self.allocation_total + self.selection_total + self.interaction_total)
    }
}

impl SectorData {
    /// Allocation, selection and interaction over the span by the returns of notional funds.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for given totals of another length or not finite, and for a compounded
    /// return that overflows.
    pub fn notional_funds(&self, totals: Totals<'_>) -> Result<NotionalFunds> {
        let [portfolio, benchmark] = self.resolve(totals)?;
        let fund = |weights: ndarray::ArrayView2<'_, f64>, returns: ndarray::ArrayView2<'_, f64>| {
            let rows = weights.rows().into_iter().zip(returns.rows()).map(|(w, r)| w.dot(&r)).collect::<Vec<_>>();
            check::result("compounded return of a notional fund", compound(&rows))
        };
        let allocation_fund = fund(self.portfolio_weights(), self.benchmark_returns())?;
        let selection_fund = fund(self.benchmark_weights(), self.portfolio_returns())?;
        let portfolio_return = check::result("compounded portfolio return", compound(&portfolio))?;
        let benchmark_return = check::result("compounded benchmark return", compound(&benchmark))?;
        Ok(NotionalFunds {
            periods: self.periods(),
            portfolio_return,
            benchmark_return,
            allocation_fund,
            selection_fund,
            allocation_total: allocation_fund - benchmark_return,
            selection_total: selection_fund - benchmark_return,
            interaction_total: portfolio_return - selection_fund - allocation_fund + benchmark_return,
        })
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn given_totals_are_checked() {
        let one = array![[1.0], [1.0]];
        let returns = array![[0.1], [0.1]];
        let data = SectorData::new(one.view(), one.view(), returns.view(), returns.view()).unwrap();
        let (short, good, bad) = (array![0.1], array![0.1, 0.1], array![0.1, f64::NAN]);
        let given = |portfolio, benchmark| Totals::Given { portfolio, benchmark };
        let refuse = |totals| data.notional_funds(totals).unwrap_err().to_string();
        assert_eq!(refuse(given(short.view(), good.view())), "portfolio totals must have length 2, got 1");
        assert_eq!(refuse(given(good.view(), bad.view())), "benchmark totals[1] must be finite, got NaN");
        let funds = data.notional_funds(given(array![0.1, 0.2].view(), good.view())).unwrap();
        assert!((funds.interaction_total - 0.11).abs() < 1e-15 && funds.selection_total.abs() < 1e-15);
    }
}

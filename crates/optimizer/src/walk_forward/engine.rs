use std::borrow::Cow;

use alluse_risk_core::panel::ReturnPanel;
use alluse_risk_core::{History, HistorySplitter, Weights};
use ndarray::Axis;

use super::config::{Backtest, CashReturns, FailurePolicy};
use super::result::{BacktestResult, Failure, NetReturns, Rebalance};
use crate::{Allocator, Error, Result};

/// Weights are chosen before row `row` from the `window` rows that end before row `end`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decision {
    pub(super) row: usize,
    pub(super) window: usize,
    pub(super) end: usize,
}

/// One pass through a panel. What does not depend on the cost level, all but the share kept at a trade, is done once.
pub(super) struct Engine<'a> {
    backtest: &'a Backtest,
    panel: &'a ReturnPanel,
    allocator: &'a dyn Allocator,
    /// Weights now, after their drift.
    held: Vec<f64>,
    result: BacktestResult,
    /// Share of the capital kept at the trade before the next row, one a cost level; 1 without a trade.
    kept: Vec<f64>,
}

impl<'a> Engine<'a> {
    pub(super) fn new(backtest: &'a Backtest, panel: &'a ReturnPanel, allocator: &'a dyn Allocator) -> Result<Self> {
        let assets = panel.assets().len();
        backtest.costs.iter().try_for_each(|rates| rates.check(assets))?;
        if let CashReturns::Series(rates) = &backtest.cash {
            check_cash(rates, panel.dates().len())?;
        }
        let net =
            |rates: &super::CostRates| NetReturns { rates: rates.clone(), returns: Vec::new(), costs: Vec::new() };
        let held = vec![0.0; assets];
        let result = BacktestResult {
            allocator: allocator.name().to_owned(),
            assets: panel.assets().to_vec(),
            dates: Vec::new(),
            gross_returns: Vec::new(),
            net: backtest.costs.iter().map(net).collect(),
            cash_returns: Vec::new(),
            rebalances: Vec::new(),
            failures: Vec::new(),
            final_weights: Weights::new(held.clone())?,
        };
        Ok(Self { backtest, panel, allocator, held, result, kept: vec![1.0; backtest.costs.len()] })
    }

    /// From the first decision to the end of the panel. A decision right after the last row is made as well.
    pub(super) fn run(mut self, decisions: &[Decision]) -> Result<BacktestResult> {
        let Some(first) = decisions.first() else {
            return Err(alluse_risk_core::Error::Empty { name: "decisions" }.into());
        };
        let rows = self.panel.dates().len();
        self.result.dates = self.panel.dates().iter().skip(first.row).copied().collect();
        let earning = rows.saturating_sub(first.row);
        self.result.gross_returns.reserve(earning);
        self.result.cash_returns.reserve(earning);
        self.result.net.iter_mut().for_each(|net| net.returns.reserve(earning));
        let mut next = decisions.iter().peekable();
        for row in first.row..rows {
            if let Some(decision) = next.next_if(|decision| decision.row == row) {
                self.decide(decision)?;
            }
            self.earn(row)?;
        }
        if let Some(decision) = next.next_if(|decision| decision.row == rows) {
            self.decide(decision)?;
        }
        self.result.final_weights = Weights::new(self.held)?;
        Ok(self.result)
    }

    fn decide(&mut self, decision: &Decision) -> Result<()> {
        let drifted = Weights::new(self.held.clone())?;
        // One small vector a decision; the window itself is a view of the panel.
        let splitter = HistorySplitter::new(self.panel, self.held.clone())?;
        let history = splitter.ending(decision.end, decision.window)?;
        match self.target(history, &drifted) {
            Ok(target) => self.trade(decision, drifted, target),
            Err(error) => match self.backtest.on_failure {
                FailurePolicy::Stop => Err(error),
                FailurePolicy::Hold => {
                    let (row, kind, message) = (decision.row, error.kind(), error.to_string());
                    self.result.failures.push(Failure { date: self.date(row), row, kind, message });
                    Ok(())
                }
            },
        }
    }

    fn target(&self, history: History<'_>, drifted: &Weights) -> Result<Weights> {
        let target = self.allocator.allocate(history, drifted)?;
        if target.len() == self.held.len() {
            return Ok(target);
        }
        let reason = format!("{} weights for {} assets", target.len(), self.held.len());
        Err(Error::invalid(format!("weights of {:?}", self.allocator.name()), reason))
    }

    fn trade(&mut self, decision: &Decision, drifted: Weights, target: Weights) -> Result<()> {
        let (from, to) = (&self.held, target.view().to_vec());
        for (kept, net) in self.kept.iter_mut().zip(&mut self.result.net) {
            *kept = net.rates.kept(from, &to)?;
            net.costs.push(1.0 - *kept);
        }
        let traded: f64 = from.iter().zip(&to).map(|(d, w)| (w - d).abs()).sum();
        let squares: f64 = to.iter().map(|w| w * w).sum();
        let gross: f64 = to.iter().map(|w| w.abs()).sum();
        self.result.rebalances.push(Rebalance {
            date: self.date(decision.row),
            row: decision.row,
            history_rows: decision.window,
            drifted,
            target,
            turnover: 0.5 * traded,
            effective_holdings: (squares > 0.0).then(|| gross * gross / squares),
        });
        self.held = to;
        Ok(())
    }

    /// Earns the returns of a row and lets the weights drift.
    fn earn(&mut self, row: usize) -> Result<()> {
        let returns = self.panel.returns().index_axis_move(Axis(0), row);
        // A slice when the row is contiguous, as those of a panel are: its loops are half the cost of a run.
        let returns = returns.to_slice().map_or_else(|| Cow::Owned(returns.to_vec()), Cow::Borrowed);
        let cash_return = match &self.backtest.cash {
            CashReturns::Zero => 0.0,
            CashReturns::Series(rates) => rates[row],
        };
        let (mut invested, mut earned) = (0.0, 0.0);
        for (weight, value) in self.held.iter().zip(returns.iter()) {
            invested += weight;
            earned += weight * value;
        }
        let gross = earned + (1.0 - invested) * cash_return;
        let growth = 1.0 + gross;
        if !(growth > 0.0 && growth.is_finite()) {
            let reason = format!("{:?} returned {gross} on {}", self.allocator.name(), self.date(row));
            return Err(Error::Undefined { what: "wealth", reason });
        }
        let shrink = 1.0 / growth;
        for (weight, value) in self.held.iter_mut().zip(returns.iter()) {
            *weight *= (1.0 + value) * shrink;
        }
        for (kept, net) in self.kept.iter_mut().zip(&mut self.result.net) {
            net.returns.push(*kept * growth - 1.0);
            *kept = 1.0;
        }
        self.result.gross_returns.push(gross);
        self.result.cash_returns.push(cash_return);
        Ok(())
    }

    /// The date of a row; of one beyond the last, that of the last.
    fn date(&self, row: usize) -> jiff::civil::Date {
        let dates = self.panel.dates();
        dates[row.min(dates.len() - 1)]
    }
}

fn check_cash(rates: &[f64], rows: usize) -> Result<()> {
    let name = "cash returns";
    // A truncated panel has fewer rows than the series, which then is read from its start.
    if rates.len() < rows {
        return Err(alluse_risk_core::Error::LengthMismatch { name, expected: rows, got: rates.len() }.into());
    }
    crate::check::elements(name, "finite and above -1", rates, |rate| rate > -1.0 && rate.is_finite())
}

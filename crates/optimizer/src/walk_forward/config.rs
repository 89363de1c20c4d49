use alluse_risk_core::panel::ReturnPanel;
use alluse_risk_core::splits::{TrainWindow, WalkForward};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::costs::CostRates;
use super::engine::{Decision, Engine};
use super::result::BacktestResult;
use crate::{Allocator, Error, Result};

/// When weights are chosen anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RebalanceDates {
    /// Before the first row with enough history and before every so many rows from there.
    EveryRows(usize),
    /// Before the rows of these dates, increasing; the weights earn the return of the date itself.
    On(Vec<Date>),
}

/// What capital earns that is not invested, and costs that is borrowed.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CashReturns {
    /// Nothing.
    #[default]
    Zero,
    /// A simple return for every row of the panel.
    Series(Vec<f64>),
}

/// What happens when an allocator fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FailurePolicy {
    /// The back-test ends with its error.
    #[default]
    Stop,
    /// The drifted weights are held on, cash before the first purchase, and the failure is recorded.
    Hold,
}

/// A walk forward through a panel of returns.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `window` | required | rows that an allocator sees: the last so many, or all and at least so many |
/// | `dates` | required | when weights are chosen |
/// | `purge` | 0 | rows before the decision left out because their labels reach into the holding period |
/// | `embargo` | 0 | further rows left out because they are correlated with it |
/// | `cash` | zero | what capital earns that is not invested |
/// | `costs` | none | cost levels, all charged in one pass; one [`NetReturns`](super::NetReturns) each |
/// | `on_failure` | stop | what happens when an allocator fails |
///
/// A decision before row t sees rows that end at `t − purge − embargo`, through a
/// [`History`](alluse_risk_core::History) whose exposures are the weights held. Costs are charged on the traded value,
/// that of the first purchase included, out of the capital: the weights bought are the target's fractions of what is
/// left. So weights, drift and gross returns are the same at every cost level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct Backtest {
    pub(super) window: TrainWindow,
    pub(super) dates: RebalanceDates,
    pub(super) purge: usize,
    pub(super) embargo: usize,
    pub(super) cash: CashReturns,
    pub(super) costs: Vec<CostRates>,
    pub(super) on_failure: FailurePolicy,
}

impl Backtest {
    /// With a decision every so many rows.
    ///
    /// # Errors
    /// [`Error::Input`] when the window or the number of rows is zero.
    pub fn every(rows: usize, window: TrainWindow) -> Result<Self> {
        WalkForward::new(window, rows)?;
        Ok(Self::with(RebalanceDates::EveryRows(rows), window))
    }

    /// With decisions on given dates.
    ///
    /// # Errors
    /// [`Error::Input`] when the window is zero, without dates and for dates that do not increase.
    pub fn on(dates: Vec<Date>, window: TrainWindow) -> Result<Self> {
        WalkForward::new(window, 1)?;
        if dates.is_empty() {
            return Err(alluse_risk_core::Error::Empty { name: "rebalance dates" }.into());
        }
        if let Some(index) = (1..dates.len()).find(|&i| dates[i - 1] >= dates[i]) {
            let (name, value) = ("rebalance dates", dates[index].to_string());
            return Err(alluse_risk_core::Error::NotIncreasing { name, index, value }.into());
        }
        Ok(Self::with(RebalanceDates::On(dates), window))
    }

    fn with(dates: RebalanceDates, window: TrainWindow) -> Self {
        let (cash, on_failure) = (CashReturns::default(), FailurePolicy::default());
        Self { window, dates, purge: 0, embargo: 0, cash, costs: Vec::new(), on_failure }
    }

    /// With rows left out before every decision.
    #[must_use]
    pub fn with_purge(mut self, rows: usize) -> Self {
        self.purge = rows;
        self
    }

    /// With further rows left out before every decision.
    #[must_use]
    pub fn with_embargo(mut self, rows: usize) -> Self {
        self.embargo = rows;
        self
    }

    /// With other returns of cash.
    #[must_use]
    pub fn with_cash(mut self, cash: CashReturns) -> Self {
        self.cash = cash;
        self
    }

    /// With cost levels, such as 5, 10 and 25 basis points.
    #[must_use]
    pub fn with_costs(mut self, costs: Vec<CostRates>) -> Self {
        self.costs = costs;
        self
    }

    /// With another answer to a failing allocator.
    #[must_use]
    pub fn with_failure_policy(mut self, on_failure: FailurePolicy) -> Self {
        self.on_failure = on_failure;
        self
    }

    /// Runs an allocator over a panel.
    ///
    /// # Errors
    /// - [`Error::Input`] for a panel of overlapping returns or without a decision with enough history, a date that is
    ///   not in it, cash returns of another length or not finite, cost rates of another length.
    /// - [`Error::Undefined`] when a day or a cost takes all capital.
    /// - Under [`FailurePolicy::Stop`] that of the allocator, and [`Error::Invalid`] for weights of a wrong length.
    pub fn run(&self, panel: &ReturnPanel, allocator: &dyn Allocator) -> Result<BacktestResult> {
        if let CashReturns::Series(rates) = &self.cash
            && rates.len() != panel.dates().len()
        {
            let (name, expected, got) = ("cash returns", panel.dates().len(), rates.len());
            return Err(alluse_risk_core::Error::LengthMismatch { name, expected, got }.into());
        }
        Engine::new(self, panel, allocator)?.run(&self.decisions(panel)?)
    }

    /// Rows before which weights are chosen, with the rows that may be seen.
    pub(super) fn decisions(&self, panel: &ReturnPanel) -> Result<Vec<Decision>> {
        let gap = self.purge.saturating_add(self.embargo);
        match &self.dates {
            RebalanceDates::EveryRows(rows) => {
                let splits = WalkForward::new(self.window, *rows)?.with_purge(gap).splits(panel.dates().len())?;
                let decision = |split: &alluse_risk_core::splits::Split| Decision {
                    row: split.test.start,
                    window: split.train_rows(),
                    end: split.test.start - gap,
                };
                Ok(splits.iter().map(decision).collect())
            }
            RebalanceDates::On(dates) => dates.iter().map(|date| self.decision_on(*date, gap, panel)).collect(),
        }
    }

    fn decision_on(&self, date: Date, gap: usize, panel: &ReturnPanel) -> Result<Decision> {
        let Ok(row) = panel.dates().binary_search(&date) else {
            return Err(alluse_risk_core::Error::Unknown { name: "rebalance date", value: date.to_string() }.into());
        };
        let end = row.saturating_sub(gap);
        let (TrainWindow::Rolling(least) | TrainWindow::Expanding(least)) = self.window;
        if end < least {
            let name = "history of a rebalance date";
            return Err(alluse_risk_core::Error::InsufficientData { name, required: least, available: end }.into());
        }
        let window = if let TrainWindow::Rolling(rows) = self.window { rows } else { end };
        Ok(Decision { row, window, end })
    }
}

/// The stored form, so that a stored back-test is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    window: TrainWindow,
    dates: RebalanceDates,
    #[serde(default)]
    purge: usize,
    #[serde(default)]
    embargo: usize,
    #[serde(default)]
    cash: CashReturns,
    #[serde(default)]
    costs: Vec<CostRates>,
    #[serde(default)]
    on_failure: FailurePolicy,
}

impl TryFrom<Raw> for Backtest {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let made = match raw.dates {
            RebalanceDates::EveryRows(rows) => Self::every(rows, raw.window)?,
            RebalanceDates::On(dates) => Self::on(dates, raw.window)?,
        };
        let Raw { purge, embargo, cash, costs, on_failure, .. } = raw;
        Ok(Self { purge, embargo, cash, costs, on_failure, ..made })
    }
}

impl From<Backtest> for Raw {
    fn from(backtest: Backtest) -> Self {
        let Backtest { window, dates, purge, embargo, cash, costs, on_failure } = backtest;
        Self { window, dates, purge, embargo, cash, costs, on_failure }
    }
}

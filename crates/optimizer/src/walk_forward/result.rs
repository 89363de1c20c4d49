use alluse_risk_core::{AssetId, ErrorKind, Weights};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::costs::CostRates;
use crate::{Error, Result};

/// Weights chosen before a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rebalance {
    /// Date of the first return that the new weights earn.
    pub date: Date,
    /// Its row in the panel.
    pub row: usize,
    /// Rows that the allocator saw.
    pub history_rows: usize,
    /// Weights before the trade, after their drift; zero before the first purchase.
    pub drifted: Weights,
    /// Weights after it.
    pub target: Weights,
    /// `½ Σ |target − drifted|` over the assets, cash not counted.
    pub turnover: f64,
    /// `(Σ|w|)²/Σ w²` of the target; `None` when it holds nothing.
    pub effective_holdings: Option<f64>,
}

/// A decision at which the allocator failed and the drifted weights were held.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Failure {
    /// Date of the first return after it.
    pub date: Date,
    /// Its row in the panel.
    pub row: usize,
    /// The kind of the error.
    pub kind: ErrorKind,
    /// Its message.
    pub message: String,
}

/// What is left at one cost level.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NetReturns {
    /// The level.
    pub rates: CostRates,
    /// Net return of every row.
    pub returns: Vec<f64>,
    /// Cost of every rebalance, as a fraction of the capital before it.
    pub costs: Vec<f64>,
}

/// What an allocator would have earned: the answer of [`Backtest::run`](super::Backtest::run).
///
/// ```text
/// Wₜ = Wₜ₋₁ (1 − cₜ)(1 + gₜ) = Wₜ₋₁ (1 + nₜ)      g gross, n net return, c cost, zero without a rebalance
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BacktestResult {
    /// Name of the allocator.
    pub allocator: String,
    /// Assets, in the order of the weights.
    pub assets: Vec<AssetId>,
    /// Dates of the returns, from the first decision on.
    pub dates: Vec<Date>,
    /// Gross return of every row.
    pub gross_returns: Vec<f64>,
    /// Net returns, one a cost level, in the order of the levels.
    pub net: Vec<NetReturns>,
    /// What cash earned on every row.
    pub cash_returns: Vec<f64>,
    /// Rebalances, in order of time; failed ones are among the failures instead.
    pub rebalances: Vec<Rebalance>,
    /// Failures that were held over.
    pub failures: Vec<Failure>,
    /// Weights after the last return.
    pub final_weights: Weights,
}

impl BacktestResult {
    /// Net returns at a cost level, by its number; gross returns for `None`.
    ///
    /// # Errors
    /// [`Error::Input`] for a level that was not charged.
    pub fn returns(&self, level: Option<usize>) -> Result<&[f64]> {
        match level {
            None => Ok(&self.gross_returns),
            Some(level) => Ok(&self.net_of(level)?.returns),
        }
    }

    /// What the rebalances cost at a level, the first purchase included, as fractions of the capital before each.
    ///
    /// # Errors
    /// Those of [`returns`](Self::returns).
    pub fn total_cost(&self, level: usize) -> Result<f64> {
        Ok(self.net_of(level)?.costs.iter().sum())
    }

    fn net_of(&self, level: usize) -> Result<&NetReturns> {
        let unknown = || alluse_risk_core::Error::Unknown { name: "cost level", value: level.to_string() };
        self.net.get(level).ok_or_else(|| Error::from(unknown()))
    }

    /// Sum of the one-way turnovers, the first purchase included.
    #[must_use]
    pub fn total_turnover(&self) -> f64 {
        self.rebalances.iter().map(|r| r.turnover).sum()
    }

    /// Share of the traded notional `Σ|Δw|` that an opposite trade in the same asset reverses within so many rows.
    ///
    /// A trade is matched with earlier opposite ones of its asset, the latest first, each unit once; what is matched
    /// counts as traded twice. The first purchase is part of the notional and can be reversed.
    ///
    /// # Errors
    /// [`Error::Undefined`] when nothing was traded.
    pub fn reversed_share(&self, within_rows: usize) -> Result<f64> {
        let (mut traded, mut reversed) = (0.0, 0.0);
        for asset in 0..self.assets.len() {
            let mut open: Vec<(usize, f64)> = Vec::new();
            for rebalance in &self.rebalances {
                let mut trade = rebalance.target.view()[asset] - rebalance.drifted.view()[asset];
                traded += trade.abs();
                for (row, left) in open.iter_mut().rev() {
                    if rebalance.row - *row > within_rows || trade == 0.0 {
                        break;
                    }
                    if *left * trade < 0.0 {
                        let matched = left.abs().min(trade.abs());
                        reversed += 2.0 * matched;
                        *left -= matched.copysign(*left);
                        trade -= matched.copysign(trade);
                    }
                }
                open.push((rebalance.row, trade));
            }
        }
        if traded > 0.0 {
            return Ok(reversed / traded);
        }
        Err(Error::Undefined { what: "share of reversed trades", reason: "nothing was traded".to_owned() })
    }
}

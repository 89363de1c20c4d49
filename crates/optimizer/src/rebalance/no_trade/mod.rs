//! Trade only what is worth its cost.

mod budget;
mod decision;
mod descent;
mod half_width;
mod region;
mod unnecessary;

use ndarray::{Array1, ArrayView1};

pub use decision::{KeptAlternative, TradeDecision};
pub use half_width::no_trade_half_width;
pub use region::{CashRule, NoTradeRegion, NoTradeSolution};
pub use unnecessary::{Removal, RemovedTrade, UnnecessaryTurnover};

/// What weights and the costs of reaching them take out of cash.
fn spent(x: &Array1<f64>, held: &ArrayView1<'_, f64>, rates: &[f64]) -> f64 {
    super::check::sum(x.iter().copied().chain(lost(x, held, rates)))
}

/// What each trade loses to its cost.
fn lost(x: &Array1<f64>, held: &ArrayView1<'_, f64>, rates: &[f64]) -> impl Iterator<Item = f64> {
    x.iter().zip(held).zip(rates).map(|((x, h), k)| k * (x - h).abs())
}

#[cfg(test)]
mod tests;

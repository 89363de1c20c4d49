//! Stakes that make wealth grow fastest (Kelly), and what fewer of them cost and save.
//!
//! | opportunity | type |
//! |---|---|
//! | a bet that wins or loses everything staked | [`BinaryBet`] |
//! | a bet with several outcomes | [`DiscreteBet`] |
//! | one asset that trades continuously | [`ContinuousKelly`] |
//! | several such assets, without limits | [`KellyPortfolio`] |
//!
//! [`shrinkage`] says what share of the full stake is best when means are estimated.

mod bets;
mod continuous;
mod portfolio;
#[cfg(test)]
mod tests;

pub use bets::{BinaryBet, DiscreteBet, KellyStake, Outcome, StakeSign};
pub use continuous::ContinuousKelly;
pub use portfolio::{KellyPortfolio, SharpeKnowledge, shrinkage};

use crate::check::{ensure, number as finite, positive};

//! The court of `risk_backtest`: portfolios, models, verdicts, and the tables they are printed in.

pub mod judge;
pub mod models;
pub mod option_programs;
pub mod page;
pub mod portfolios;
pub mod verdict;

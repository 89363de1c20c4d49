//! The efficient frontier, exactly: its corner portfolios, and any point between them.

mod corner;
mod critical_line;
mod path;
mod queries;
mod sharpe;

pub use corner::{Corner, EfficientPortfolio, Frontier, Ray};
pub use critical_line::CriticalLine;

#[cfg(test)]
mod tests;

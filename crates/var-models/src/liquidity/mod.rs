//! Value at risk with the cost and the time of getting out.

mod book;
mod horizons;
mod model;
mod position;

pub use book::BookLiquidity;
pub use horizons::liquidity_horizon_shortfall;
pub use model::{EndogenousLiquidity, LiquidityAdjusted, PriceRiskForm};
pub use position::{LiquidPosition, PositionLiquidity};

#[cfg(test)]
mod tests;

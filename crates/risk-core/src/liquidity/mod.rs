//! What it costs, and how long it takes, to turn a position into cash.
//!
//! | question | answer |
//! |---|---|
//! | how wide is the spread, usually and at its worst? | [`spread_statistics`], [`SpreadModel`] |
//! | how many days does a sale take? | [`days_to_liquidate`] |
//! | how far does the sale move the price? | [`ImpactModel`] |
//! | how much price risk is left while selling? | [`LiquidationPath`] |
//!
//! Costs are fractions of the position's value at mid prices; spreads are relative, `(ask − bid)/mid`; volumes
//! are units a day. A volume of zero is an error: the sale would take for ever.
//!
//! ```
//! use alluse_risk_core::liquidity::{AverageDailyVolume, Participation, days_to_liquidate};
//!
//! let (volume, share) = (AverageDailyVolume::new(1_000_000.0)?, Participation::new(0.1)?);
//! assert!((days_to_liquidate(-250_000.0, volume, share)? - 2.5).abs() < 1e-12);
//! assert!(AverageDailyVolume::new(0.0).is_err());
//! # Ok::<(), alluse_risk_core::Error>(())
//! ```

mod impact;
mod liquidation;
mod spread;
mod volume;

pub use impact::{AlmgrenImpact, ImpactCost, ImpactModel, PowerLawImpact, Trade};
pub use liquidation::LiquidationPath;
pub use spread::{SpreadModel, SpreadStatistics, relative_spread, spread_statistics};
pub use volume::{AverageDailyVolume, Participation, days_to_liquidate};

#[cfg(test)]
mod tests;

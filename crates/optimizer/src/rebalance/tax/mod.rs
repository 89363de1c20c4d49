//! Which lots a sale takes, what it realises, and which losses do not count.

mod choice;
mod lot;
mod replay;
mod report;

pub use choice::{LotChoice, SpecificLot, TaxRates};
pub use lot::{LongTermRule, LotSale, RealizedLot, TaxLot, TaxLots, Term};
pub use replay::{SubstantiallyIdentical, TaxTrade, WashSaleRule};
pub use report::{ReplacedLot, SaleReport, TaxReport, WashSale};

#[cfg(test)]
mod tests;

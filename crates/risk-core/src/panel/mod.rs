//! Labelled panels of prices and returns, dates × assets.

mod returns;

pub use returns::ReturnPanel;

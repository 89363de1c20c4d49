//! Labelled panels, dates × columns: prices, returns and other series, and the scenarios made from them.
//!
//! Every panel is checked when it is made: dates increase, column names are unique, every number is finite
//! and fits its kind. A gap in the data is never a number: what happens to it is said with [`Missing`], and
//! what was done about it stays in the panel as a [`MissingReport`].
//!
//! ```
//! use alluse_risk_core::{AssetId, panel::PricePanel};
//! use jiff::civil::date;
//! use ndarray::array;
//!
//! let prices = PricePanel::new(
//!     vec![date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)],
//!     vec![AssetId::new("SPY")?],
//!     array![[100.0], [110.0], [99.0]],
//! )?;
//! let returns = prices.simple_returns()?;
//! assert_eq!(returns.dates()[0], date(2024, 1, 3));
//! assert!((returns.returns()[[1, 0]] + 0.10).abs() < 1e-15); // 110 to 99 is a loss of a tenth
//! # Ok::<(), alluse_risk_core::Error>(())
//! ```

mod align;
mod driver;
mod frame;
mod historical;
mod log_returns;
mod missing;
mod prices;
#[cfg(feature = "csv")]
mod read;
mod returns;
mod series;
mod stored;

pub use align::{Aligned, Panel, align};
pub use driver::{DrivenFactors, Driver};
pub use historical::{HistoricalScenarios, MissingFactor};
pub use log_returns::LogReturnPanel;
pub use missing::{Filled, Missing, MissingReport};
pub use prices::PricePanel;
pub use returns::ReturnPanel;
pub use series::{AsOf, SeriesPanel};

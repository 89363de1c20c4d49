//! What a broker asks for: strategy-based, cash-secured and portfolio margin, side by side.
//!
//! Every requirement is in base currency and at least 0. The rules are those of FINRA Rule 4210 and the Cboe margin
//! manual as parameters, not a broker's: houses add to them.

mod cash_secured;
mod comparison;
mod portfolio;
mod rates;
mod strategy_based;

pub use cash_secured::{CashSecured, CashSecuredLine};
pub use comparison::{MarginComparison, compare};
pub use portfolio::{PortfolioMargin, PortfolioMarginRules, RiskArray};
pub use rates::{MarginRates, OptionClass, StockRates};
pub use strategy_based::{StrategyMargin, StrategyMarginRules};

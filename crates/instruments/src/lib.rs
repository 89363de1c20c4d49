//! Shares, cash and listed options: what they are worth, and what a book of them is worth in every scenario.
//!
//! ```
//! use alluse_instruments::{Book, MarketSnapshot, Multiplier, OptionContract};
//! use jiff::civil::date;
//!
//! let market = MarketSnapshot::usd(date(2018, 12, 31))
//!     .with_spot("KO", 41.0)?
//!     .with_volatility("KO", 0.20)?
//!     .with_rate("USD", 0.02)?
//!     .with_dividend_yield("KO", 0.0)?;
//! let put = OptionContract::put("KO", 40.0, date(2019, 1, 18), Multiplier::EQUITY)?;
//! let book = Book::builder().cash("USD", 4_000.0).option(put, -1.0).build(&market)?;
//!
//! let (exposure, coverage) = book.exposure();
//! assert!(coverage.is_complete());
//! assert!(exposure.dollar_delta > 0.0 && exposure.vega < 0.0); // a short put
//! assert_eq!(book.assignment_obligations()[0].amount, 4_000.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | question | answer |
//! |---|---|
//! | what is an option worth, and how does it move? | [`pricing`], batches: [`kernel`] |
//! | which volatility has a strike? | [`surface`], [`strike_for_delta`] |
//! | what is the book worth, now and in every scenario? | [`Book`], [`Revaluation`], [`Book::after`], [`Book::greeks_by`] |
//! | which strategies are in it, and what margin do they take? | [`strategy`], [`margin`] |
//! | what if short options are assigned? | [`AssignmentAnalysis`], [`Book::assignment_obligations`] |
//! | what became of every trade? | [`ledger`] |
//!
//! # Conventions
//! Rates and dividend yields are continuously compounded, volatility is per √year, time is ACT/365F to the close of the
//! expiry date. Greeks are per unit of their input. A position that cannot be valued is reported, never
//! dropped.
//!
//! # Features
//! | feature | default | brings |
//! |---|---|---|
//! | `parallel` | yes | revaluation on all cores; no number depends on it |

#![cfg_attr(test, allow(clippy::float_cmp, reason = "tests compare exactly representable numbers"))]

mod assignment;
mod book;
mod calendar;
mod error;
mod instrument;
pub mod kernel;
pub mod ledger;
pub mod margin;
mod market;
mod portfolio_greeks;
pub mod pricing;
mod revalue;
pub mod strategy;
mod strike_selection;
pub mod surface;
mod valuation;

pub use assignment::{
    AssignmentAnalysis, AssignmentNeed, AssignmentRisk, AssignmentSum, ExDividendFlag, LabelAssignment,
};
pub use book::{AssignmentObligation, Book, BookBuilder, Position};
pub use calendar::{ExchangeCalendar, year_fraction};
pub use error::{Error, Result};
pub use instrument::{Instrument, Multiplier, OptionContract};
pub use market::MarketSnapshot;
pub use portfolio_greeks::{Betas, PortfolioGreeks};
pub use revalue::{BookAfter, HeldFixed, Method, Revaluation, TimeRoll};
pub use strike_selection::{
    Delta, DeltaBand, SelectedStrike, StrikeRequest, StrikeValues, strike_for_delta, strikes_in_band,
};
pub use valuation::{Exposure, LabelExposure};

//! How a book is valued on paths.

use alluse_instruments::pricing::ExerciseStyle;
use alluse_instruments::{Book, ExchangeCalendar, Method, OptionContract};
use alluse_risk_core::{Error as Input, Horizon};
use serde::{Deserialize, Serialize};

use super::run::Run;
use super::{AssetPaths, BookPaths, VolatilityRule};
use crate::{Error, Result};

/// What becomes of an option that ends in the money.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Settlement {
    /// American options deliver shares, European ones cash: the custom for shares and indices in the US.
    #[default]
    ByStyle,
    /// Shares change hands at the strike and go on along the path, long or short.
    Delivery,
    /// The intrinsic value changes hands, and nothing is left of the position but cash.
    Cash,
}

impl Settlement {
    pub(super) fn delivers(self, contract: &OptionContract) -> bool {
        match self {
            Self::ByStyle => contract.style() == ExerciseStyle::American,
            Self::Delivery => true,
            Self::Cash => false,
        }
    }
}

/// Whether cash, that of the account and that of settlements, earns or costs interest until the horizon.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CashInterest {
    /// The market's rate of its currency, on balances of either sign.
    #[default]
    AtRate,
    /// None.
    None,
}

/// Forecast of the P&L of a book: it is revalued at every horizon of every path.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `horizons` | given | exchange days ahead at which the book is valued, increasing |
/// | `volatility` | sticky strike | how implied volatility moves along a path |
/// | `settlement` | by exercise style | what becomes of options that end in the money |
/// | `cash_interest` | at the rate | whether cash earns interest |
/// | `method` | exact under sticky strike, else a grid within 1e-5 of the strike | exact prices, or an approximation where it is measured to be that good |
/// | `calendar` | weekdays | which days the steps of the paths are |
/// | `axes` | none | label axes by which the P&L is also kept |
///
/// At a horizon of `h` days, with `S` the price of the path,
///
/// ```text
/// cash                      amount · (e^(rt) − 1)
/// share                     units · (S_h − S_0 + cash dividends that went ex)
/// option alive              units · (V(S_h, σ_h, time left at h) − V_0)
/// option expired, cash      units · (intrinsic(S_e) · e^(r(t_h − t_e)) − V_0)
/// option expired, delivery  units · (±(S_h + cash dividends after e − K e^(r(t_h − t_e))) · 1{intrinsic(S_e) > 0} − V_0)
/// ```
///
/// `e` is the step of the expiry (the last exchange day before it, should it fall on a day without trading), not the
/// end of the horizon. American options are exercised at expiry only; the right to do so earlier is in their price.
/// Rates stay where they are; dividends received earn no interest; a dividend yield is in option prices and, on shares,
/// in the returns of the paths or nowhere. A position that cannot be valued on every horizon is left out of all of them
/// and reported.
///
/// # Source
/// Full revaluation: Jorion (2007), "Value at Risk"; Glasserman (2003), "Monte Carlo Methods in Financial Engineering",
/// section 9.1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BookForecast {
    horizons: Vec<Horizon>,
    volatility: VolatilityRule,
    settlement: Settlement,
    cash_interest: CashInterest,
    method: Option<Method>,
    calendar: ExchangeCalendar,
    axes: Vec<String>,
}

impl BookForecast {
    /// A forecast for these horizons; path events, such as drawdowns, are looked for at them and nowhere else.
    #[must_use]
    pub fn new(horizons: impl Into<Vec<Horizon>>) -> Self {
        Self {
            horizons: horizons.into(),
            volatility: VolatilityRule::default(),
            settlement: Settlement::default(),
            cash_interest: CashInterest::default(),
            method: None,
            calendar: ExchangeCalendar::weekdays(),
            axes: Vec::new(),
        }
    }

    /// A forecast for every exchange day up to a last one.
    #[must_use]
    pub fn daily(last: Horizon) -> Self {
        Self::new((1..=last.trading_days()).filter_map(|day| Horizon::days(day).ok()).collect::<Vec<_>>())
    }

    /// How implied volatility moves along a path.
    #[must_use]
    pub fn with_volatility(mut self, volatility: VolatilityRule) -> Self {
        self.volatility = volatility;
        self
    }

    /// What becomes of options that end in the money.
    #[must_use]
    pub fn with_settlement(mut self, settlement: Settlement) -> Self {
        self.settlement = settlement;
        self
    }

    /// Whether cash earns interest.
    #[must_use]
    pub fn with_cash_interest(mut self, cash_interest: CashInterest) -> Self {
        self.cash_interest = cash_interest;
        self
    }

    /// Exact prices, or a checked approximation, whatever the volatility does.
    #[must_use]
    pub fn with_method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Which days the steps of the paths are.
    #[must_use]
    pub fn with_calendar(mut self, calendar: ExchangeCalendar) -> Self {
        self.calendar = calendar;
        self
    }

    /// With the P&L by the labels of this axis too.
    #[must_use]
    pub fn by_axis(mut self, axis: impl Into<String>) -> Self {
        self.axes.push(axis.into());
        self
    }

    /// The horizons, increasing.
    #[must_use]
    pub fn horizons(&self) -> &[Horizon] {
        &self.horizons
    }

    pub(super) fn volatility(&self) -> VolatilityRule {
        self.volatility
    }

    pub(super) fn settlement(&self) -> Settlement {
        self.settlement
    }

    pub(super) fn earns_interest(&self) -> bool {
        self.cash_interest == CashInterest::AtRate
    }

    /// An American option has one exercise boundary for all paths where its volatility stays, and one for each path
    /// where it moves.
    pub(super) fn method(&self) -> Method {
        self.method.unwrap_or(match self.volatility {
            VolatilityRule::StickyStrike => Method::Exact,
            _ => Method::Grid { tolerance: 1e-5 },
        })
    }

    pub(super) fn calendar(&self) -> &ExchangeCalendar {
        &self.calendar
    }

    pub(super) fn axes(&self) -> &[String] {
        &self.axes
    }

    /// The P&L of the book on every path at every horizon, in its base currency, gain positive.
    ///
    /// The same paths give the same numbers, whatever the number of threads.
    ///
    /// # Errors
    /// - [`Error::Input`] without horizons, for horizons that do not increase, for a horizon beyond the paths, and for
    ///   an axis that no position has.
    /// - [`Error::Invalid`] for a rule that needs volatility paths where there are none.
    /// - [`Error::Undefined`] when no position of the book can be valued.
    /// - [`Error::Instruments`] when a path leads outside the domain of the prices.
    pub fn forecast(&self, book: &Book, paths: &AssetPaths) -> Result<BookPaths> {
        self.check(paths)?;
        Run::new(self, book, paths)?.finish()
    }

    fn check(&self, paths: &AssetPaths) -> Result<()> {
        let Some(last) = self.horizons.last() else { return Err(Input::Empty { name: "horizons" }.into()) };
        if let Some(place) = self.horizons.windows(2).position(|pair| pair[0] >= pair[1]) {
            let value = self.horizons[place + 1].trading_days().to_string();
            return Err(Input::NotIncreasing { name: "horizons", index: place + 1, value }.into());
        }
        if last.trading_days() as usize > paths.steps() {
            let reason = format!("{} days, but the paths end after {}", last.trading_days(), paths.steps());
            return Err(Error::invalid("horizon", reason));
        }
        self.volatility.check(paths.volatility_ratios().is_some())
    }
}

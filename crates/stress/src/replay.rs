//! A window of recorded history, played again on today's book.

mod proxy;

use std::collections::BTreeMap;

use alluse_instruments::{Book, TimeRoll};
use alluse_risk_core::panel::{DrivenFactors, Driver, HistoricalScenarios, MissingFactor, PricePanel, SeriesPanel};
use alluse_risk_core::{AssetId, Error as CoreError, Factor, Horizon, ScenarioSource, ShockKind};
use jiff::civil::Date;
use ndarray::Axis;
use serde::{Deserialize, Serialize};

use proxy::regress;
pub use proxy::{ProxyReport, ReplayProxy};

use crate::scenario::Universe;
use crate::{Error, Result, Shock, Step, StressScenario, Target};

/// A replayed window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Replayed {
    /// The moves as a scenario; proxies are among its assumptions.
    pub scenario: StressScenario,
    /// What the proxies came to.
    pub proxies: Vec<ProxyReport>,
}

/// Recorded history to be played again: spots move by their relative change from close to close; other factors
/// move with the columns of a series, as [`Driver`]s say.
///
/// A volatility, rate or dividend yield without a driver is left out of the scenario; the compiler then asks about
/// volatilities. An asset without prices needs a [`ReplayProxy`], a foreign currency a driver.
///
/// ```
/// use alluse_instruments::{Book, MarketSnapshot, Revaluation};
/// use alluse_risk_core::{AssetId, panel::PricePanel};
/// use alluse_stress::{CompileOptions, Replay, ReplayProxy, compile};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let days = vec![date(2008, 9, 12), date(2008, 10, 10)];
/// let ibm = AssetId::new("IBM")?;
/// let history = PricePanel::new(days, vec![ibm.clone()], array![[100.0], [75.0]])?;
/// let market = MarketSnapshot::usd(date(2018, 12, 31)).with_spot("IBM", 110.0)?.with_spot("NEW", 20.0)?;
/// let book = Book::builder().share("IBM", 10.0).share("NEW", 10.0).build(&market)?;
///
/// let replay = Replay::new(history).with_proxy("NEW", ReplayProxy::Beta { on: ibm, beta: 1.5 })?;
/// let lehman = replay.scenario("lehman", &book, date(2008, 9, 12), date(2008, 10, 10))?;
/// let sets = compile(&[lehman.scenario], &book, &CompileOptions::default())?;
/// let pnl = sets[0].revalue(&book, &Revaluation::default())?;
/// assert!((pnl.total()[0] - (-0.25 * 1100.0 - 0.375 * 200.0)).abs() < 1e-9);
/// assert!(pnl.assumptions().iter().any(|one| one.to_string().contains("NEW")));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    prices: PricePanel,
    fit: Option<PricePanel>,
    series: Option<SeriesPanel>,
    drivers: Vec<Driver>,
    proxies: BTreeMap<AssetId, ReplayProxy>,
    time: TimeRoll,
}

impl Replay {
    /// Replays windows of `prices`, all at once.
    #[must_use]
    pub fn new(prices: PricePanel) -> Self {
        Self { prices, fit: None, series: None, drivers: Vec::new(), proxies: BTreeMap::new(), time: TimeRoll::Instant }
    }

    /// With prices of another era, for regressions that have to see an asset beside those that stand in for it.
    #[must_use]
    pub fn with_fit_prices(self, prices: PricePanel) -> Self {
        Self { fit: Some(prices), ..self }
    }

    /// With series that other factors can follow.
    #[must_use]
    pub fn with_series(self, series: SeriesPanel) -> Self {
        Self { series: Some(series), ..self }
    }

    /// With factors that follow a column of the series.
    ///
    /// # Errors
    /// [`Error::UnknownFactor`] for a driver of a single contract's volatility.
    pub fn with_driver(mut self, driver: Driver) -> Result<Self> {
        if let DrivenFactors::One(factor) = driver.factors() {
            Target::of(factor)?;
        }
        self.drivers.push(driver);
        Ok(self)
    }

    /// With a stand-in for an asset that has no prices in the window. Recorded prices go before it.
    ///
    /// # Errors
    /// [`Error::Input`] for a blank name, a beta that is not finite, and a regression on nothing, on the asset
    /// itself, or over dates in the wrong order.
    pub fn with_proxy(mut self, asset: &str, proxy: ReplayProxy) -> Result<Self> {
        let asset = AssetId::new(asset)?;
        let itself = |value: &AssetId| Error::Input(CoreError::Unknown { name: "proxy", value: value.to_string() });
        match &proxy {
            ReplayProxy::Beta { on, .. } if *on == asset => return Err(itself(on)),
            ReplayProxy::Beta { beta, .. } if !beta.is_finite() => {
                return Err(CoreError::OutOfDomain { name: "beta", expected: "finite", value: *beta }.into());
            }
            ReplayProxy::Beta { .. } => {}
            ReplayProxy::Regression { on, from, to } => {
                if on.is_empty() {
                    return Err(CoreError::Empty { name: "regressors" }.into());
                }
                if on.contains(&asset) {
                    return Err(itself(&asset));
                }
                increasing("dates of the regression", *from, *to)?;
            }
        }
        self.proxies.insert(asset, proxy);
        Ok(self)
    }

    /// Whether the scenarios take the rows of their window, one an exchange day, or happen now (the default).
    #[must_use]
    pub fn with_time_roll(self, time: TimeRoll) -> Self {
        Self { time, ..self }
    }

    /// The moves from the close of `start` to the close of `end`, for the factors of a book.
    ///
    /// # Errors
    /// - [`Error::Input`] when a date is not one of the panel or of the series, the dates are in the wrong order, a
    ///   driver has no column, or a currency of the book has no driver;
    /// - [`Error::UnknownFactor`] for an asset of the book that has neither prices nor a proxy, and for a proxy on
    ///   an asset without prices;
    /// - [`Error::Input`] for a regression with too few returns or with dependent regressors.
    pub fn scenario(&self, name: &str, book: &Book, start: Date, end: Date) -> Result<Replayed> {
        increasing("dates of the replay", start, end)?;
        let first = row_of("date of the prices", self.prices.dates(), start)?;
        let last = row_of("date of the prices", self.prices.dates(), end)?;
        let universe = Universe::new(book);
        let window = self.window(start, end, first, last)?;
        // A position without a quote today is not valued whatever its history.
        let quoted = universe.assets.iter().filter(|asset| book.market().spot(asset).is_some());
        let (recorded, missing): (Vec<&AssetId>, Vec<&AssetId>) = quoted.partition(|asset| self.is_recorded(asset));
        let mut steps = recorded_steps(&window, &factors(&universe, &recorded))?;
        let mut reports = Vec::new();
        for asset in missing {
            let proxy = self.proxies.get(asset).ok_or_else(|| unknown_price(asset, start, end))?;
            let report = self.report(asset, proxy, first, last)?;
            steps.push(Step::new(Target::spot(asset.as_str())?, Shock::Relative(report.change)));
            reports.push(report);
        }
        let mut scenario = StressScenario::new(name, steps)?
            .with_description(&format!("replay of {start} to {end}, close to close"))
            .with_source("recorded history");
        if self.time == TimeRoll::Horizon {
            let days = u32::try_from(last - first).unwrap_or(u32::MAX);
            scenario = scenario.with_days(days)?;
        }
        let scenario = reports.iter().fold(scenario, |scenario, report| scenario.with_assumption(&report.to_string()));
        Ok(Replayed { scenario, proxies: reports })
    }

    fn is_recorded(&self, asset: &AssetId) -> bool {
        let spot = DrivenFactors::One(Factor::Spot(asset.clone()));
        self.prices.column(asset).is_ok() || self.drivers.iter().any(|driver| *driver.factors() == spot)
    }

    /// The history cut down to its two closes.
    fn window(&self, start: Date, end: Date, first: usize, last: usize) -> Result<HistoricalScenarios> {
        let closes = self.prices.prices().select(Axis(0), &[first, last]);
        let prices = PricePanel::new(vec![start, end], self.prices.assets().to_vec(), closes)?;
        let mut window = HistoricalScenarios::new(prices).with_missing_factor(MissingFactor::HoldFixed);
        if let Some(series) = &self.series {
            let first = row_of("date of the series", series.dates(), start)?;
            let last = row_of("date of the series", series.dates(), end)?;
            let values = series.values().select(Axis(0), &[first, last]);
            window = window.with_series(SeriesPanel::new(vec![start, end], series.columns().to_vec(), values)?)?;
        }
        for driver in &self.drivers {
            window = window.with_driver(driver.clone())?;
        }
        Ok(window)
    }

    fn report(&self, asset: &AssetId, proxy: &ReplayProxy, first: usize, last: usize) -> Result<ProxyReport> {
        let (betas, r_squared, observations) = match proxy {
            ReplayProxy::Beta { on, beta } => (vec![(on.clone(), *beta)], None, 0),
            ReplayProxy::Regression { on, from, to } => {
                regress(self.fit.as_ref().unwrap_or(&self.prices), asset, on, *from, *to)?
            }
        };
        let mut change = 0.0;
        for (on, beta) in &betas {
            let dates = self.prices.dates();
            let closes = self.prices.column(on).map_err(|_| unknown_price(on, dates[first], dates[last]))?;
            change += beta * ((closes[last] - closes[first]) / closes[first]);
        }
        Ok(ProxyReport { asset: asset.clone(), betas, r_squared, observations, change })
    }
}

/// Everything that may move in the book, spots without prices apart.
fn factors(universe: &Universe<'_>, recorded: &[&AssetId]) -> Vec<Factor> {
    let market = universe.book.market();
    let mut factors: Vec<Factor> = recorded.iter().map(|&asset| Factor::Spot(asset.clone())).collect();
    let underlyings = universe.underlyings();
    factors.extend(underlyings.iter().map(|&asset| Factor::Volatility(asset.clone())));
    factors.extend(underlyings.iter().map(|&asset| Factor::Dividend(asset.clone())));
    factors.extend(universe.currencies.iter().cloned().map(Factor::Rate));
    factors.extend(universe.currencies.iter().filter(|c| *c != market.base()).cloned().map(Factor::Fx));
    // What the market does not quote cannot move; its positions are reported as not valued.
    factors.retain(|factor| match factor {
        Factor::Volatility(asset) => universe.on(asset).any(|contract| contract.volatility.is_some()),
        other => market.value(other).is_some(),
    });
    factors
}

fn recorded_steps(window: &HistoricalScenarios, factors: &[Factor]) -> Result<Vec<Step>> {
    let held = window.held_fixed(factors)?;
    let moving: Vec<Factor> = factors.iter().filter(|factor| !held.contains(factor)).cloned().collect();
    if moving.is_empty() {
        return Ok(Vec::new());
    }
    let set = window.scenarios(&moving, Horizon::DAY)?;
    let step = |((factor, kind), size): (&(Factor, ShockKind), &f64)| {
        let shock = match kind {
            ShockKind::Relative => Shock::Relative(*size),
            ShockKind::Absolute => Shock::Absolute(*size),
            ShockKind::Log => Shock::Log(*size),
        };
        Ok(Step::new(Target::of(factor)?, shock))
    };
    set.factors().iter().zip(set.shocks().row(0)).map(step).collect()
}

fn increasing(name: &'static str, start: Date, end: Date) -> Result<()> {
    if start < end { Ok(()) } else { Err(CoreError::NotIncreasing { name, index: 1, value: end.to_string() }.into()) }
}

fn row_of(name: &'static str, dates: &[Date], date: Date) -> Result<usize> {
    dates.binary_search(&date).map_err(|_| CoreError::Unknown { name, value: date.to_string() }.into())
}

fn unknown_price(asset: &AssetId, start: Date, end: Date) -> Error {
    let factor = format!("spot of {asset} from {start} to {end}");
    Error::UnknownFactor { what: "the recorded history", factor }
}

#[cfg(test)]
mod tests;

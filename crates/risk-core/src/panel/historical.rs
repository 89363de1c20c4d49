use jiff::civil::Date;
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::prices::relative_change;
use super::{DrivenFactors, Driver, PricePanel, SeriesPanel, align};
use crate::{Error, Factor, Horizon, Ordering, Result, ScenarioId, ScenarioSet, ScenarioSource, ShockKind, check};

/// What to do about a volatility, rate or dividend yield without a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissingFactor {
    /// It is an error.
    #[default]
    Reject,
    /// It does not move: the scenarios leave it out, and revaluation records that it was held fixed.
    HoldFixed,
}

/// Scenarios that repeat what happened.
///
/// Every window of the history becomes a scenario. Spots move by their simple return; volatilities, rates,
/// dividend yields and currencies move with a column of a series, as a [`Driver`] says. A horizon of `h` days
/// takes the windows of `h` rows that end on each date; they overlap, and the set says so.
///
/// ```
/// use alluse_risk_core::panel::{Driver, DrivenFactors, HistoricalScenarios, PricePanel, SeriesPanel};
/// use alluse_risk_core::{AssetId, Factor, Horizon, ScenarioSource, ShockKind};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let dates = vec![date(2024, 1, 2), date(2024, 1, 3), date(2024, 1, 4)];
/// let spy = AssetId::new("SPY")?;
/// let prices = PricePanel::new(dates.clone(), vec![spy.clone()], array![[100.0], [90.0], [99.0]])?;
/// let vix = SeriesPanel::new(dates, vec!["vix".into()], array![[20.0], [40.0], [20.0]])?;
///
/// let history = HistoricalScenarios::new(prices)
///     .with_series(vix)?
///     .with_driver(Driver::new(DrivenFactors::EveryVolatility, "vix", ShockKind::Log))?;
/// let set = history.scenarios(&[Factor::Spot(spy.clone()), Factor::Volatility(spy)], Horizon::DAY)?;
/// assert_eq!(set.ids()[0].as_str(), "2024-01-03");
/// assert!((set.shocks()[[0, 0]] + 0.10).abs() < 1e-15);
/// assert!((set.shocks()[[0, 1]] - std::f64::consts::LN_2).abs() < 1e-15);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct HistoricalScenarios {
    prices: PricePanel,
    series: Option<SeriesPanel>,
    drivers: Vec<Driver>,
    missing: MissingFactor,
    last: Option<usize>,
    dropped_prices: Vec<Date>,
    dropped_series: Vec<Date>,
}

/// Where the shocks of a factor come from.
enum Source<'a> {
    Price(ArrayView1<'a, f64>),
    Series(&'a Driver, ArrayView1<'a, f64>),
}

impl HistoricalScenarios {
    /// The whole history of `prices`, spots only.
    #[must_use]
    pub fn new(prices: PricePanel) -> Self {
        Self {
            prices,
            series: None,
            drivers: Vec::new(),
            missing: MissingFactor::default(),
            last: None,
            dropped_prices: Vec::new(),
            dropped_series: Vec::new(),
        }
    }

    /// With series that other factors can follow, cut to the dates that they share with the prices. A second
    /// call replaces the series of the first.
    ///
    /// # Errors
    /// [`Error::Empty`] without a date in common, [`Error::Unknown`] when a driver set before has no column
    /// in the new series.
    pub fn with_series(mut self, series: SeriesPanel) -> Result<Self> {
        let aligned = align(&self.prices, &series)?;
        for driver in &self.drivers {
            aligned.right.column(driver.column())?;
        }
        self.prices = aligned.left;
        self.series = Some(aligned.right);
        self.dropped_prices.extend(aligned.dropped_left);
        self.dropped_prices.sort_unstable();
        self.dropped_series = aligned.dropped_right;
        Ok(self)
    }

    /// With factors that follow a column of the series. A driver of one factor goes before one of every
    /// factor of a kind, and before the prices.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a column that the series do not have, [`Error::Duplicate`] for factors that
    /// have a driver already.
    pub fn with_driver(mut self, driver: Driver) -> Result<Self> {
        let unknown = || Error::Unknown { name: "column", value: driver.column().to_owned() };
        self.series.as_ref().ok_or_else(unknown)?.column(driver.column())?;
        if let Some(first) = self.drivers.iter().position(|known| known.factors() == driver.factors()) {
            let value = match driver.factors() {
                DrivenFactors::One(factor) => factor.to_string(),
                every => format!("{every:?}"),
            };
            return Err(Error::Duplicate { name: "driver", value, first, second: self.drivers.len() });
        }
        self.drivers.push(driver);
        Ok(self)
    }

    /// With another answer to a volatility, rate or dividend yield that nothing drives. The default rejects
    /// it. A spot or a currency without history is an error either way.
    #[must_use]
    pub fn with_missing_factor(self, missing: MissingFactor) -> Self {
        Self { missing, ..self }
    }

    /// With the last `n` scenarios only.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] for none. Whether there are as many is seen when the horizon is known.
    pub fn last(self, n: usize) -> Result<Self> {
        if n == 0 {
            return Err(Error::OutOfDomain { name: "scenarios", expected: "at least 1", value: 0.0 });
        }
        Ok(Self { last: Some(n), ..self })
    }

    /// The prices in use.
    #[must_use]
    pub fn prices(&self) -> &PricePanel {
        &self.prices
    }

    /// The series in use.
    #[must_use]
    pub fn series(&self) -> Option<&SeriesPanel> {
        self.series.as_ref()
    }

    /// Dates left out because the series lack them. A window over one spans more than its exchange days.
    #[must_use]
    pub fn dropped_price_dates(&self) -> &[Date] {
        &self.dropped_prices
    }

    /// Dates left out because the prices lack them.
    #[must_use]
    pub fn dropped_series_dates(&self) -> &[Date] {
        &self.dropped_series
    }

    /// Those of `factors` that the scenarios leave out because nothing drives them.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a factor that may not be left out.
    pub fn held_fixed(&self, factors: &[Factor]) -> Result<Vec<Factor>> {
        let mut held = Vec::new();
        for factor in factors {
            if self.source(factor)?.is_none() {
                held.push(factor.clone());
            }
        }
        Ok(held)
    }

    /// Where a factor's shocks come from; `None` when it is held fixed.
    fn source(&self, factor: &Factor) -> Result<Option<Source<'_>>> {
        let one = |driver: &&Driver| matches!(driver.factors(), DrivenFactors::One(_));
        let (single, every): (Vec<&Driver>, Vec<&Driver>) = self.drivers.iter().partition(one);
        let driver = single.into_iter().chain(every).find(|driver| driver.factors().include(factor));
        if let (Some(driver), Some(series)) = (driver, &self.series) {
            return Ok(Some(Source::Series(driver, series.column(driver.column())?)));
        }
        match factor {
            Factor::Spot(asset) => Ok(Some(Source::Price(self.prices.column(asset)?))),
            Factor::Volatility(_) | Factor::ContractVolatility(_) | Factor::Rate(_) | Factor::Dividend(_)
                if self.missing == MissingFactor::HoldFixed =>
            {
                Ok(None)
            }
            _ => Err(Error::Unknown { name: "factor", value: factor.to_string() }),
        }
    }

    /// Start and end rows of the windows, oldest first.
    fn windows(&self, horizon: Horizon) -> Result<Vec<(usize, usize)>> {
        let span = horizon.trading_days() as usize;
        let rows = self.prices.dates().len();
        let available = rows.saturating_sub(span);
        let wanted = self.last.unwrap_or(available.max(1));
        check::enough("historical scenarios", wanted, available)?;
        Ok((rows - wanted..rows).map(|end| (end - span, end)).collect())
    }
}

impl ScenarioSource for HistoricalScenarios {
    /// One scenario per window, named by the date on which it ends, as of the last date. One-day windows are
    /// [`Ordering::Dated`]; longer ones overlap and are [`Ordering::Exchangeable`].
    fn scenarios(&self, factors: &[Factor], horizon: Horizon) -> Result<ScenarioSet> {
        let windows = self.windows(horizon)?;
        let dates = self.prices.dates();
        let mut moving = Vec::new();
        let mut columns: Vec<Array1<f64>> = Vec::new();
        for factor in factors {
            let Some(source) = self.source(factor)? else { continue };
            let (kind, shocks) = source.shocks(dates, &windows)?;
            moving.push((factor.clone(), kind));
            columns.push(shocks);
        }
        let mut shocks = Array2::zeros((windows.len(), columns.len()));
        for (mut target, column) in shocks.columns_mut().into_iter().zip(&columns) {
            target.assign(column);
        }
        let as_of = dates[dates.len() - 1];
        let ends: Vec<Date> = windows.iter().map(|&(_, end)| dates[end]).collect();
        let set = ScenarioSet::new(as_of, horizon, moving, shocks)?;
        if horizon == Horizon::DAY {
            return set.with_dates(&ends);
        }
        let ids = ends.iter().map(|date| ScenarioId::new(date.to_string())).collect::<Result<_>>()?;
        // No more windows can share a day than there are windows.
        let overlap = horizon.trading_days().min(u32::try_from(windows.len()).unwrap_or(u32::MAX));
        set.with_ids(ids, Ordering::Exchangeable)?.with_overlap(overlap)
    }
}

impl Source<'_> {
    fn shocks(&self, dates: &[Date], windows: &[(usize, usize)]) -> Result<(ShockKind, Array1<f64>)> {
        match self {
            Self::Price(prices) => {
                let shock = |&(start, end): &(usize, usize)| relative_change(prices[start], prices[end]);
                Ok((ShockKind::Relative, windows.iter().map(shock).collect()))
            }
            Self::Series(driver, values) => {
                let at = |row: usize| (dates[row], values[row]);
                let shocks = windows.iter().map(|&(start, end)| driver.shock(at(start), at(end)));
                Ok((driver.kind(), shocks.collect::<Result<_>>()?))
            }
        }
    }
}

/// The stored form, so that a stored source is checked when it is read back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    prices: PricePanel,
    series: Option<SeriesPanel>,
    drivers: Vec<Driver>,
    missing: MissingFactor,
    last: Option<usize>,
    dropped_prices: Vec<Date>,
    dropped_series: Vec<Date>,
}

impl TryFrom<Raw> for HistoricalScenarios {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let mut source = Self::new(raw.prices).with_missing_factor(raw.missing);
        if let Some(series) = raw.series {
            source = source.with_series(series)?;
        }
        // A stored source is aligned already; what was dropped before adds to what is dropped now.
        source.dropped_prices = merged(raw.dropped_prices, source.dropped_prices);
        source.dropped_series = merged(raw.dropped_series, source.dropped_series);
        for driver in raw.drivers {
            source = source.with_driver(driver)?;
        }
        match raw.last {
            Some(n) => source.last(n),
            None => Ok(source),
        }
    }
}

fn merged(mut before: Vec<Date>, now: Vec<Date>) -> Vec<Date> {
    before.extend(now);
    before.sort_unstable();
    before
}

impl From<HistoricalScenarios> for Raw {
    fn from(source: HistoricalScenarios) -> Self {
        Self {
            prices: source.prices,
            series: source.series,
            drivers: source.drivers,
            missing: source.missing,
            last: source.last,
            dropped_prices: source.dropped_prices,
            dropped_series: source.dropped_series,
        }
    }
}

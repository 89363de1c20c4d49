//! Greeks of a book by label: dollar, percent, cross, time-weighted and beta-weighted.

use std::collections::BTreeMap;

use alluse_risk_core::{
    AssetId, Coverage, Error as CoreError, ErrorKind, Factor, Horizon, Ordering, ScenarioId, ScenarioPnl, ScenarioSet,
    ShockKind, Status,
};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::calendar::year_fraction;
use crate::{Book, Error, Exposure, Instrument, Position, Result, Revaluation, TimeRoll};

/// Betas of underlyings to a benchmark, for beta-weighted deltas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct Betas {
    benchmark: AssetId,
    betas: BTreeMap<AssetId, f64>,
}

impl Betas {
    /// Betas to `benchmark`, whose own beta is 1.
    ///
    /// # Errors
    /// [`Error::Input`] for a beta that is not finite.
    pub fn new(benchmark: AssetId, betas: BTreeMap<AssetId, f64>) -> Result<Self> {
        if let Some((asset, beta)) = betas.iter().find(|(_, beta)| !beta.is_finite()) {
            return Err(Error::Market { what: "beta", name: asset.to_string(), expected: "finite", value: *beta });
        }
        Ok(Self { benchmark, betas })
    }

    /// What the betas are measured to.
    #[must_use]
    pub fn benchmark(&self) -> &AssetId {
        &self.benchmark
    }

    fn of(&self, asset: &AssetId) -> Option<f64> {
        if *asset == self.benchmark { Some(1.0) } else { self.betas.get(asset).copied() }
    }
}

/// The stored form, so that stored betas are checked when they are read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    benchmark: AssetId,
    betas: BTreeMap<AssetId, f64>,
}

impl TryFrom<Raw> for Betas {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.benchmark, raw.betas)
    }
}

impl From<Betas> for Raw {
    fn from(Betas { benchmark, betas }: Betas) -> Self {
        Self { benchmark, betas }
    }
}

/// Greeks of the positions that share a label, in base currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PortfolioGreeks {
    /// The label, or `unlabelled`; `book` for everything.
    pub label: String,
    /// Value, dollar delta and gamma, vega, theta, rho.
    pub exposure: Exposure,
    /// `S · ∂²V/∂S∂σ`: change of the dollar delta per 1.00 of volatility, and of the vega per 100 % rise.
    pub dollar_vanna: f64,
    /// `∂²V/∂σ²`: change of the vega per 1.00 of volatility.
    pub volga: f64,
    /// `Σ vega · √(30 days / days to expiry)`: short-dated volatilities move more, and this makes them comparable.
    pub time_weighted_vega: f64,
    /// `Σ dollar delta · σ / √252`: gain if every underlying rises by one of its implied daily deviations at once;
    /// unknown where an underlying has no volatility.
    pub one_sigma: Status<f64>,
    /// `Σ dollar delta · β`; unknown without betas, or for an underlying that has none.
    pub beta_weighted_delta: Status<f64>,
    /// How many positions the numbers speak for.
    pub coverage: Coverage,
}

impl PortfolioGreeks {
    /// The additive greeks as fractions of a value, such as the net value of the account: the percent greeks.
    ///
    /// # Errors
    /// [`Error::Input`] unless the value is positive and finite.
    pub fn percent_of(&self, value: f64) -> Result<Exposure> {
        if !(value > 0.0 && value.is_finite()) {
            return Err(Error::out_of_domain("value", "positive and finite", value));
        }
        Ok(self.exposure.scaled(1.0 / value))
    }

    /// Beta-weighted delta in units of the benchmark.
    ///
    /// # Errors
    /// [`Error::MissingQuote`] when the benchmark has no price, [`Error::Input`] when the delta is unknown.
    pub fn beta_weighted_units(&self, book: &Book, betas: &Betas) -> Result<f64> {
        let name = betas.benchmark.to_string();
        let spot = book.market().spot(&betas.benchmark).ok_or(Error::MissingQuote { what: "price", name })?;
        let reason = "an underlying has no beta";
        let undefined = CoreError::Undefined { name: "beta-weighted delta", reason };
        Ok(self.beta_weighted_delta.known().ok_or(undefined)? / spot)
    }
}

/// Steps of the cross differences: fractions of spot and of volatility.
const SPOT_STEP: f64 = 0.01;
const VOLATILITY_STEP: f64 = 0.02;

impl Book {
    /// Greeks by the labels of an axis, or of the whole book without one.
    ///
    /// Delta, gamma, vega, theta and rho are those of [`exposures`](Book::exposures); vanna and volga are central
    /// differences of the revalued book, good to three digits.
    ///
    /// ```
    /// use alluse_instruments::{Betas, Book, MarketSnapshot, Multiplier, OptionContract};
    /// use jiff::civil::date;
    ///
    /// let market = MarketSnapshot::usd(date(2018, 12, 31))
    ///     .with_spot("KO", 41.0)?
    ///     .with_spot("SPY", 250.0)?
    ///     .with_volatility("KO", 0.20)?
    ///     .with_rate("USD", 0.02)?
    ///     .with_dividend_yield("KO", 0.0)?;
    /// let put = OptionContract::put("KO", 40.0, date(2019, 1, 18), Multiplier::EQUITY)?;
    /// let book = Book::builder().share("KO", 100.0).option(put, -1.0).build(&market)?;
    /// let betas = Betas::new("SPY".to_owned().try_into()?, [("KO".to_owned().try_into()?, 0.6)].into())?;
    /// let greeks = &book.greeks_by(None, Some(&betas))?[0];
    /// assert!(greeks.beta_weighted_units(&book, &betas)? > 0.6 * 4_100.0 / 250.0); // shares, and a short put
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::Input`] for an axis that no position has, and the errors of [`Revaluation::revalue`].
    pub fn greeks_by(&self, axis: Option<&str>, betas: Option<&Betas>) -> Result<Vec<PortfolioGreeks>> {
        let exposures = self.exposures();
        let cross = self.cross_differences()?;
        let sum = |(label, rows): (String, Vec<usize>)| {
            let mut sum = PortfolioGreeks {
                label,
                exposure: Exposure::default(),
                dollar_vanna: 0.0,
                volga: 0.0,
                time_weighted_vega: 0.0,
                one_sigma: Status::Known(0.0),
                beta_weighted_delta: Status::Known(0.0),
                coverage: Coverage::complete(0, 0.0),
            };
            for row in rows {
                let position = &self.positions()[row];
                let known = exposures[row].1.known();
                sum.coverage = sum.coverage.and(self.coverage_of(position, known.is_some()));
                if let Some(exposure) = known {
                    sum.add(self, position, exposure, betas);
                    let (vanna, volga) = cross.get(position.id.as_str()).copied().unwrap_or_default();
                    sum.dollar_vanna += vanna;
                    sum.volga += volga;
                }
            }
            sum
        };
        Ok(self.groups(axis)?.into_iter().map(sum).collect())
    }

    /// Vanna and volga of every option that has a value.
    fn cross_differences(&self) -> Result<BTreeMap<String, (f64, f64)>> {
        let options = self.positions().iter().filter_map(Position::option);
        let mut assets: Vec<&AssetId> = options.map(|contract| contract.underlying()).collect();
        assets.sort_unstable();
        assets.dedup();
        if assets.is_empty() {
            return Ok(BTreeMap::new());
        }
        let cube = Revaluation::default().with_time_roll(TimeRoll::Instant).revalue(self, &self.stencil(&assets)?)?;
        Ok(self.differences(&cube))
    }

    /// Four corners, then volatility up and down.
    fn stencil(&self, assets: &[&AssetId]) -> Result<ScenarioSet> {
        const POINTS: [(f64, f64); 6] = [(1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0), (0.0, 1.0), (0.0, -1.0)];
        let mut factors = Vec::new();
        let mut columns: Vec<[f64; 6]> = Vec::new();
        for asset in assets {
            factors.push((Factor::Spot((*asset).clone()), ShockKind::Relative));
            columns.push(POINTS.map(|(spot, _)| spot * SPOT_STEP));
            factors.push((Factor::Volatility((*asset).clone()), ShockKind::Relative));
            columns.push(POINTS.map(|(_, volatility)| volatility * VOLATILITY_STEP));
        }
        let base = self.market().base();
        let mut currencies: Vec<_> = self.positions().iter().map(|position| self.currency(position)).collect();
        currencies.sort_unstable();
        currencies.dedup();
        for currency in currencies.into_iter().filter(|currency| *currency != base) {
            factors.push((Factor::Fx(currency.clone()), ShockKind::Relative));
            columns.push([0.0; 6]);
        }
        let shocks = Array2::from_shape_fn((POINTS.len(), columns.len()), |(row, column)| columns[column][row]);
        let ids = (1..=POINTS.len()).map(|i| ScenarioId::new(format!("point {i}")));
        let ids = ids.collect::<std::result::Result<_, _>>()?;
        let set = ScenarioSet::new(self.market().as_of(), Horizon::DAY, factors, shocks)?;
        Ok(set.with_ids(ids, Ordering::Named)?)
    }

    fn differences(&self, cube: &ScenarioPnl) -> BTreeMap<String, (f64, f64)> {
        let mut found = BTreeMap::new();
        for (row, id) in cube.rows().iter().enumerate() {
            let position = self.positions().iter().find(|position| position.id == *id);
            let contract = position.and_then(Position::option);
            let Some(volatility) = contract.and_then(|contract| self.market().volatility(contract)) else { continue };
            let p = cube.values().row(row).to_vec();
            let step = volatility * VOLATILITY_STEP;
            let vanna = (p[0] - p[1] - p[2] + p[3]) / (4.0 * SPOT_STEP * step);
            found.insert(id.to_string(), (vanna, (p[4] + p[5]) / (step * step)));
        }
        found
    }
}

impl PortfolioGreeks {
    fn add(&mut self, book: &Book, position: &Position, exposure: &Exposure, betas: Option<&Betas>) {
        const REFERENCE_DAYS: f64 = 30.0;
        self.exposure = self.exposure.plus(*exposure);
        if let Instrument::Option(contract) = &position.instrument {
            let days = 365.0 * year_fraction(book.market().as_of(), contract.expiry());
            if days > 0.0 {
                self.time_weighted_vega += exposure.vega * (REFERENCE_DAYS / days).sqrt();
            }
        }
        let Some(asset) = position.instrument.underlying() else { return };
        let volatility = match position.option() {
            Some(contract) => book.market().volatility(contract),
            None => book.market().value(&Factor::Volatility(asset.clone())),
        };
        let deviation = volatility.map(|volatility| volatility / 252.0_f64.sqrt());
        add(&mut self.one_sigma, exposure.dollar_delta, deviation, || format!("{asset} has no volatility"));
        let beta = betas.and_then(|betas| betas.of(asset));
        add(&mut self.beta_weighted_delta, exposure.dollar_delta, beta, || format!("{asset} has no beta"));
    }
}

/// Adds `amount · factor`; a factor that is missing makes the sum unknown for good.
fn add(sum: &mut Status<f64>, amount: f64, factor: Option<f64>, reason: impl Fn() -> String) {
    let next = match (&*sum, factor) {
        (Status::Known(sum), Some(factor)) => Status::Known(sum + amount * factor),
        (Status::Known(_), None) => Status::Unknown { kind: ErrorKind::InsufficientData, reason: reason() },
        (unknown, _) => unknown.clone(),
    };
    *sum = next;
}

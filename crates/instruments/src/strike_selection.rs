//! The strike that has a wanted delta, under the skew.

use alluse_risk_core::{AssetId, Error as Input, Factor};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::calendar::year_fraction;
use crate::pricing::{BlackScholes, BlackScholesInputs, ExerciseBoundary, ExerciseStyle, OptionKind, Precision};
use crate::{Error, MarketSnapshot, Result};

/// Half the strikes that are looked at on the way to a delta.
const HALF_GRID: i32 = 60;
/// How far they reach, in standard deviations at the money; the next reach is taken when a delta is not within one.
const REACHES: [f64; 3] = [6.0, 15.0, 40.0];
const MAX_ITERATIONS: usize = 200;
/// Step of the derivative of delta in the strike, as a fraction of it.
const STRIKE_STEP: f64 = 1e-4;

/// Change of an option's price per unit of its underlying: in (−1, 1) and not 0, positive for a call and negative for
/// a put.
///
/// ```
/// use alluse_instruments::Delta;
///
/// assert!(Delta::new(-0.30).is_ok());
/// assert!(Delta::new(30.0).is_err()); // not in percent
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Delta(f64);

impl Delta {
    /// # Errors
    /// `OutOfDomain` unless in (−1, 1) and not 0.
    pub fn new(delta: f64) -> Result<Self> {
        if delta.abs() < 1.0 && delta != 0.0 {
            Ok(Self(delta))
        } else {
            Err(Error::out_of_domain("delta", "in (-1, 1) and not 0, per unit of the underlying", delta))
        }
    }

    /// The number.
    #[must_use]
    pub fn value(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Delta {
    type Error = Error;

    fn try_from(delta: f64) -> Result<Self> {
        Self::new(delta)
    }
}

impl From<Delta> for f64 {
    fn from(delta: Delta) -> Self {
        delta.0
    }
}

/// A range of deltas of one sign, both ends included.
///
/// ```
/// use alluse_instruments::{Delta, DeltaBand};
///
/// let band = DeltaBand::new(Delta::new(-0.40)?, Delta::new(-0.50)?)?;
/// assert!(band.contains(-0.45) && !band.contains(0.45));
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "(Delta, Delta)", into = "(Delta, Delta)")]
pub struct DeltaBand {
    low: Delta,
    high: Delta,
}

impl DeltaBand {
    /// The range between two deltas, in either order.
    ///
    /// # Errors
    /// `OutOfDomain` when they differ in sign.
    pub fn new(one: Delta, other: Delta) -> Result<Self> {
        if one.0 * other.0 < 0.0 {
            return Err(Error::out_of_domain("delta band", "of one sign", other.0));
        }
        let (low, high) = if one <= other { (one, other) } else { (other, one) };
        Ok(Self { low, high })
    }

    /// Whether a delta is in the range.
    #[must_use]
    pub fn contains(&self, delta: f64) -> bool {
        delta >= self.low.0 && delta <= self.high.0
    }
}

impl TryFrom<(Delta, Delta)> for DeltaBand {
    type Error = Error;

    fn try_from((one, other): (Delta, Delta)) -> Result<Self> {
        Self::new(one, other)
    }
}

impl From<DeltaBand> for (Delta, Delta) {
    fn from(band: DeltaBand) -> Self {
        (band.low, band.high)
    }
}

/// The options among which a strike is chosen: those of one underlying, kind, style and expiry.
///
/// The volatility at each strike is that of the underlying's surface, or its one volatility without a surface.
#[derive(Debug, Clone)]
pub struct StrikeRequest {
    spot: f64,
    rate: f64,
    dividend_yield: f64,
    time: f64,
    expiry: Date,
    kind: OptionKind,
    style: ExerciseStyle,
    smile: Volatilities,
    listed: Vec<f64>,
}

#[derive(Debug, Clone)]
enum Volatilities {
    Surface(Box<crate::surface::VolatilitySurface>),
    Flat(f64),
}

/// One strike and what an option there is like.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StrikeValues {
    /// The strike.
    pub strike: f64,
    /// Volatility there.
    pub volatility: f64,
    /// Delta per unit of the underlying, at that volatility.
    pub delta: f64,
    /// Change of that delta per unit of strike, the volatility moving along the smile.
    pub delta_slope: f64,
    /// Price per unit of the underlying.
    pub price: f64,
}

/// A strike chosen for its delta.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SelectedStrike {
    /// The strike to trade: the nearest listed one, or the exact one when none are listed.
    pub chosen: StrikeValues,
    /// The strike whose delta is the target.
    pub exact_strike: f64,
    /// The delta asked for.
    pub target: Delta,
    /// Every strike with that delta, increasing. More than one under a smile so steep that delta is not monotone.
    pub matches: Vec<f64>,
}

impl StrikeRequest {
    /// What the market says about the options of one expiry.
    ///
    /// # Errors
    /// [`Error::MissingQuote`] for a spot, rate, dividend yield or volatility that is not in the market; `OutOfDomain`
    /// for an expiry that is not ahead.
    pub fn new(
        market: &MarketSnapshot,
        underlying: &str,
        kind: OptionKind,
        style: ExerciseStyle,
        expiry: Date,
    ) -> Result<Self> {
        let asset = AssetId::new(underlying)?;
        let currency = market.quote_currency(&asset);
        let missing = |what, name: &str| Error::MissingQuote { what, name: name.to_owned() };
        let time = year_fraction(market.as_of(), expiry);
        if time <= 0.0 {
            return Err(Error::out_of_domain("time", "positive: the expiry must be ahead", time));
        }
        let smile = match market.surface(&asset) {
            Some(surface) => Volatilities::Surface(Box::new(surface.clone())),
            None => {
                let flat = market.value(&Factor::Volatility(asset.clone()));
                Volatilities::Flat(flat.ok_or_else(|| missing("volatility", underlying))?)
            }
        };
        Ok(Self {
            spot: market.spot(&asset).ok_or_else(|| missing("price", underlying))?,
            rate: market.rate(currency).ok_or_else(|| missing("rate", currency.as_str()))?,
            dividend_yield: market.dividend_yield(&asset).ok_or_else(|| missing("dividend yield", underlying))?,
            time,
            expiry,
            kind,
            style,
            smile,
            listed: Vec::new(),
        })
    }

    /// The strikes that are listed, in any order.
    ///
    /// # Errors
    /// `Empty` without strikes, `ElementOutOfDomain` unless all are positive and finite.
    pub fn with_listed_strikes(mut self, mut strikes: Vec<f64>) -> Result<Self> {
        if strikes.is_empty() {
            return Err(Input::Empty { name: "listed strikes" }.into());
        }
        if let Some(index) = strikes.iter().position(|strike| !(*strike > 0.0 && strike.is_finite())) {
            let (name, expected, value) = ("listed strikes", "positive and finite", strikes[index]);
            return Err(Input::ElementOutOfDomain { name, index, expected, value }.into());
        }
        strikes.sort_by(f64::total_cmp);
        strikes.dedup();
        self.listed = strikes;
        Ok(self)
    }

    /// Volatility, delta and price of the option at a strike.
    ///
    /// # Errors
    /// Those of the surface and of the pricing model.
    pub fn values(&self, strike: f64) -> Result<StrikeValues> {
        let step = STRIKE_STEP * strike;
        let (low, high) = (self.delta(strike - step)?, self.delta(strike + step)?);
        let model = self.model(strike)?;
        let (price, delta) = match self.style {
            ExerciseStyle::European => (model.price(self.kind), model.greeks(self.kind)?.delta),
            ExerciseStyle::American => {
                let boundary = ExerciseBoundary::new(self.kind, &model, Precision::default())?;
                (boundary.price(self.spot)?, boundary.delta(self.spot)?)
            }
        };
        let volatility = model.inputs().volatility;
        Ok(StrikeValues { strike, volatility, delta, delta_slope: (high - low) / (2.0 * step), price })
    }

    fn delta(&self, strike: f64) -> Result<f64> {
        let model = self.model(strike)?;
        match self.style {
            ExerciseStyle::European => Ok(model.greeks(self.kind)?.delta),
            ExerciseStyle::American => ExerciseBoundary::new(self.kind, &model, Precision::default())?.delta(self.spot),
        }
    }

    fn volatility(&self, strike: f64) -> Result<f64> {
        match &self.smile {
            Volatilities::Surface(surface) => surface.volatility(strike, self.expiry),
            Volatilities::Flat(volatility) => Ok(*volatility),
        }
    }

    fn model(&self, strike: f64) -> Result<BlackScholes> {
        let Self { spot, rate, dividend_yield, time, .. } = *self;
        let volatility = self.volatility(strike)?;
        BlackScholes::new(BlackScholesInputs { spot, strike, time, volatility, rate, dividend_yield })
    }

    fn forward(&self) -> f64 {
        self.spot * libm::exp((self.rate - self.dividend_yield) * self.time)
    }

    /// Strikes and their deltas, evenly spaced in log-moneyness.
    fn grid(&self, reach: f64) -> Result<Vec<(f64, f64)>> {
        let forward = self.forward();
        let deviation = self.volatility(forward)? * self.time.sqrt();
        let strike = |step: i32| forward * libm::exp(reach * deviation * f64::from(step) / f64::from(HALF_GRID));
        (-HALF_GRID..=HALF_GRID).map(|step| Ok((strike(step), self.delta(strike(step))?))).collect()
    }

    /// Every strike between the points of a grid that has the target.
    fn crossings(&self, grid: &[(f64, f64)], target: f64) -> Result<Vec<f64>> {
        let mut found = Vec::new();
        for pair in grid.windows(2) {
            let (low, high) = (pair[0].1 - target, pair[1].1 - target);
            if low == 0.0 {
                found.push(pair[0].0);
            } else if low * high < 0.0 {
                found.push(self.refine(pair[0], pair[1], target)?);
            }
        }
        Ok(found)
    }

    /// Regula falsi with the Illinois weight, which cannot leave its bracket.
    fn refine(&self, (mut a, da): (f64, f64), (mut b, db): (f64, f64), target: f64) -> Result<f64> {
        let (mut fa, mut fb) = (da - target, db - target);
        for _ in 0..MAX_ITERATIONS {
            let strike = (a * fb - b * fa) / (fb - fa);
            let f = self.delta(strike)? - target;
            if f.abs() <= 1e-13 || (b - a).abs() <= 1e-12 * b.abs() {
                return Ok(strike);
            }
            if f * fb < 0.0 {
                (a, fa) = (b, fb);
            } else {
                fa *= 0.5;
            }
            (b, fb) = (strike, f);
        }
        Err(Input::NotConverged { name: "strike for delta", iterations: MAX_ITERATIONS, residual: fb }.into())
    }

    /// The nearest listed strike; of two equally near the one further out of the money.
    fn nearest_listed(&self, strike: f64) -> Option<f64> {
        let distance = |listed: &f64| (listed - strike).abs();
        let further = |a: &f64, b: &f64| (self.kind.sign() * (b - a)).total_cmp(&0.0);
        let order = |a: &&f64, b: &&f64| distance(a).total_cmp(&distance(b)).then_with(|| further(a, b));
        self.listed.iter().min_by(order).copied()
    }

    fn check_sign(&self, delta: f64) -> Result<()> {
        if self.kind.sign() * delta > 0.0 {
            Ok(())
        } else {
            Err(Error::out_of_domain("delta", "above 0 for a call, below 0 for a put", delta))
        }
    }
}

/// The strike whose option has the wanted delta, each strike at its own volatility.
///
/// The delta is that of the model at fixed volatility, European or American as the options are; it is bracketed on a
/// grid of strikes and refined. Where several strikes have it, the one nearest the forward is taken and all are
/// reported.
/// With listed strikes the nearest of them is chosen; its delta says how well it serves.
///
/// # Errors
/// - `OutOfDomain` for a delta of the wrong sign.
/// - [`Error::NoStrikeForDelta`] when no strike has it, with the range that there is.
/// - Those of the surface and of the pricing model.
///
/// # Examples
/// ```
/// use alluse_instruments::pricing::{ExerciseStyle, OptionKind};
/// use alluse_instruments::{Delta, MarketSnapshot, StrikeRequest, strike_for_delta};
/// use jiff::civil::date;
///
/// let market = MarketSnapshot::usd(date(2018, 12, 31))
///     .with_spot("KO", 47.0)?
///     .with_volatility("KO", 0.2)?
///     .with_rate("USD", 0.02)?
///     .with_dividend_yield("KO", 0.03)?;
/// let puts = StrikeRequest::new(&market, "KO", OptionKind::Put, ExerciseStyle::American, date(2019, 2, 15))?
///     .with_listed_strikes(vec![43.0, 44.0, 45.0, 46.0, 47.0, 48.0])?;
/// let selected = strike_for_delta(&puts, Delta::new(-0.30)?)?;
/// assert_eq!(selected.chosen.strike, 45.0); // the exact strike is 45.3
/// assert!((selected.chosen.delta + 0.30).abs() < 0.1 && selected.matches.len() == 1);
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
pub fn strike_for_delta(request: &StrikeRequest, target: Delta) -> Result<SelectedStrike> {
    request.check_sign(target.0)?;
    let (mut lowest, mut highest) = (f64::INFINITY, f64::NEG_INFINITY);
    for reach in REACHES {
        let grid = request.grid(reach)?;
        let matches = request.crossings(&grid, target.0)?;
        let forward = request.forward();
        let from_money = |strike: &f64| libm::log(strike / forward).abs();
        if let Some(&exact_strike) = matches.iter().min_by(|a, b| from_money(a).total_cmp(&from_money(b))) {
            let strike = request.nearest_listed(exact_strike).unwrap_or(exact_strike);
            return Ok(SelectedStrike { chosen: request.values(strike)?, exact_strike, target, matches });
        }
        for (_, delta) in grid {
            (lowest, highest) = (lowest.min(delta), highest.max(delta));
        }
    }
    Err(Error::NoStrikeForDelta { target: target.0, lowest, highest })
}

/// Every listed strike whose delta is in a band, increasing; empty when there is none.
///
/// # Errors
/// - `Empty` when the request lists no strikes, `OutOfDomain` for a band of the wrong sign.
/// - Those of the surface and of the pricing model.
pub fn strikes_in_band(request: &StrikeRequest, band: DeltaBand) -> Result<Vec<StrikeValues>> {
    request.check_sign(band.low.0)?;
    if request.listed.is_empty() {
        return Err(Input::Empty { name: "listed strikes" }.into());
    }
    let mut inside = Vec::new();
    for &strike in &request.listed {
        let values = request.values(strike)?;
        if band.contains(values.delta) {
            inside.push(values);
        }
    }
    Ok(inside)
}

#[cfg(test)]
#[path = "strike_selection_tests.rs"]
mod tests;

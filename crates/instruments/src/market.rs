//! Prices, volatilities and rates at one close.

use std::collections::BTreeMap;

use alluse_risk_core::{AssetId, ContractId, Currency, Factor};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::pricing::{DividendModel, DividendSchedule};
use crate::surface::VolatilitySurface;
use crate::{Error, OptionContract, Result};

/// What the market said at the close of one day. Nothing in it is a default: what was not entered is
/// unknown, and positions that need it are reported as not valued.
///
/// ```
/// use alluse_instruments::MarketSnapshot;
/// use jiff::civil::date;
///
/// let market = MarketSnapshot::usd(date(2018, 12, 31))
///     .with_spot("AAPL", 157.74)?
///     .with_volatility("AAPL", 0.38)?
///     .with_rate("USD", 0.0218)?
///     .with_dividend_yield("AAPL", 0.017)?;
/// assert_eq!(market.spot(&"AAPL".to_owned().try_into()?), Some(157.74));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct MarketSnapshot {
    raw: Raw,
}

/// The plain parts and the stored form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Raw {
    as_of: Date,
    base: Currency,
    spots: BTreeMap<AssetId, f64>,
    reference_prices: BTreeMap<AssetId, f64>,
    volatilities: BTreeMap<AssetId, f64>,
    contract_volatilities: BTreeMap<ContractId, f64>,
    #[serde(default)]
    surfaces: BTreeMap<AssetId, VolatilitySurface>,
    dividend_yields: BTreeMap<AssetId, f64>,
    other_dividend_yields: Option<f64>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    dividends: BTreeMap<AssetId, Vec<(Date, f64)>>,
    #[serde(default)]
    dividend_model: DividendModel,
    rates: BTreeMap<Currency, f64>,
    fx: BTreeMap<Currency, f64>,
    quote_currencies: BTreeMap<AssetId, Currency>,
}

impl MarketSnapshot {
    /// An empty snapshot in a base currency.
    #[must_use]
    pub fn new(as_of: Date, base: Currency) -> Self {
        Self {
            raw: Raw {
                as_of,
                base,
                spots: BTreeMap::new(),
                reference_prices: BTreeMap::new(),
                volatilities: BTreeMap::new(),
                contract_volatilities: BTreeMap::new(),
                surfaces: BTreeMap::new(),
                dividend_yields: BTreeMap::new(),
                other_dividend_yields: None,
                dividends: BTreeMap::new(),
                dividend_model: DividendModel::default(),
                rates: BTreeMap::new(),
                fx: BTreeMap::new(),
                quote_currencies: BTreeMap::new(),
            },
        }
    }

    /// An empty snapshot in US dollars.
    #[must_use]
    pub fn usd(as_of: Date) -> Self {
        Self::new(as_of, Currency::usd())
    }

    /// With a price per share, in the currency the asset is quoted in.
    ///
    /// # Errors
    /// [`Error::Market`] unless positive and finite.
    pub fn with_spot(mut self, asset: &str, price: f64) -> Result<Self> {
        let asset = AssetId::new(asset)?;
        positive("spot", asset.as_str(), price)?;
        self.raw.spots.insert(asset, price);
        Ok(self)
    }

    /// With a last valid or declared price for an asset that has none today. It is never used for
    /// valuation, only to say how much of the book is not covered.
    ///
    /// # Errors
    /// [`Error::Market`] unless positive and finite.
    pub fn with_reference_price(mut self, asset: &str, price: f64) -> Result<Self> {
        let asset = AssetId::new(asset)?;
        positive("reference price", asset.as_str(), price)?;
        self.raw.reference_prices.insert(asset, price);
        Ok(self)
    }

    /// With one volatility for all options on an asset, per √year.
    ///
    /// # Errors
    /// [`Error::Market`] unless positive and finite.
    pub fn with_volatility(mut self, asset: &str, volatility: f64) -> Result<Self> {
        let asset = AssetId::new(asset)?;
        positive("volatility", asset.as_str(), volatility)?;
        self.raw.volatilities.insert(asset, volatility);
        Ok(self)
    }

    /// With the volatility of one contract; it takes precedence over that of the underlying.
    ///
    /// # Errors
    /// [`Error::Market`] unless positive and finite.
    pub fn with_contract_volatility(mut self, contract: &OptionContract, volatility: f64) -> Result<Self> {
        positive("volatility", &contract.to_string(), volatility)?;
        self.raw.contract_volatilities.insert(contract.id(), volatility);
        Ok(self)
    }

    /// With a volatility surface for all options on an asset; it takes precedence over one volatility for all, and a
    /// contract's own volatility over it. It is read by strike and expiry on its own forwards, whatever the spot of the
    /// market; [`add_smile_dynamics`](crate::surface::add_smile_dynamics) moves it with the spot.
    ///
    /// # Errors
    /// [`Error::SurfaceDateMismatch`] unless the surface is of the day of the market.
    pub fn with_surface(mut self, asset: &str, surface: VolatilitySurface) -> Result<Self> {
        let asset = AssetId::new(asset)?;
        same_day(self.raw.as_of, &asset, &surface)?;
        self.raw.surfaces.insert(asset, surface);
        Ok(self)
    }

    /// With a continuously compounded interest rate.
    ///
    /// # Errors
    /// [`Error::Market`] unless finite.
    pub fn with_rate(mut self, currency: &str, rate: f64) -> Result<Self> {
        let currency = Currency::new(currency)?;
        finite("rate", currency.as_str(), rate)?;
        self.raw.rates.insert(currency, rate);
        Ok(self)
    }

    /// With a continuous dividend yield.
    ///
    /// # Errors
    /// [`Error::Market`] unless finite.
    pub fn with_dividend_yield(mut self, asset: &str, dividend_yield: f64) -> Result<Self> {
        let asset = AssetId::new(asset)?;
        finite("dividend yield", asset.as_str(), dividend_yield)?;
        self.raw.dividend_yields.insert(asset, dividend_yield);
        Ok(self)
    }

    /// With one dividend yield for every asset that has none of its own.
    ///
    /// # Errors
    /// [`Error::Market`] unless finite.
    pub fn with_dividend_yield_otherwise(mut self, dividend_yield: f64) -> Result<Self> {
        finite("dividend yield", "other assets", dividend_yield)?;
        self.raw.other_dividend_yields = Some(dividend_yield);
        Ok(self)
    }

    /// With the cash dividends that an asset will pay: ex dates, and cash per share in the currency the asset is quoted
    /// in. They replace those entered before.
    ///
    /// They come on top of the dividend yield, which must be known all the same (0 if the cash is all there is), and
    /// they do not move with the price of the share. They move the prices of options that expire on or after the ex
    /// date, and are received on shares in a revaluation whose horizon ends on or after it.
    ///
    /// # Errors
    /// [`Error::ExDate`] unless the ex dates come after the day of the snapshot, each after the one before it;
    /// [`Error::Market`] for an amount that is negative or not finite.
    ///
    /// ```
    /// use alluse_instruments::MarketSnapshot;
    /// use jiff::civil::date;
    ///
    /// let market = MarketSnapshot::usd(date(2018, 12, 31))
    ///     .with_dividends("KO", vec![(date(2019, 3, 14), 0.40), (date(2019, 6, 13), 0.40)])?;
    /// assert!(market.clone().with_dividends("KO", vec![(date(2018, 12, 31), 0.40)]).is_err()); // paid already
    /// # Ok::<(), alluse_instruments::Error>(())
    /// ```
    pub fn with_dividends(mut self, asset: &str, dividends: Vec<(Date, f64)>) -> Result<Self> {
        let asset = AssetId::new(asset)?;
        check_dividends(self.raw.as_of, &asset, &dividends)?;
        self.raw.dividends.insert(asset, dividends);
        Ok(self)
    }

    /// With another model of what cash dividends do to the share price; [`DividendModel::Escrowed`] unless said.
    #[must_use]
    pub fn with_dividend_model(mut self, model: DividendModel) -> Self {
        self.raw.dividend_model = model;
        self
    }

    /// With the price of a unit of a currency in base currency.
    ///
    /// # Errors
    /// [`Error::Market`] unless positive and finite, and 1 for the base itself.
    pub fn with_fx(mut self, currency: &str, price: f64) -> Result<Self> {
        let currency = Currency::new(currency)?;
        positive("fx", currency.as_str(), price)?;
        base_is_one(&self.raw.base, &currency, price)?;
        self.raw.fx.insert(currency, price);
        Ok(self)
    }

    /// Says that an asset is quoted in another currency than the base.
    ///
    /// # Errors
    /// [`Error::Input`] for blank names.
    pub fn with_quote_currency(mut self, asset: &str, currency: &str) -> Result<Self> {
        self.raw.quote_currencies.insert(AssetId::new(asset)?, Currency::new(currency)?);
        Ok(self)
    }

    /// The day at whose close all this held.
    #[must_use]
    pub fn as_of(&self) -> Date {
        self.raw.as_of
    }

    /// The currency in which books are valued.
    #[must_use]
    pub fn base(&self) -> &Currency {
        &self.raw.base
    }

    /// Price of an asset, if known.
    #[must_use]
    pub fn spot(&self, asset: &AssetId) -> Option<f64> {
        self.raw.spots.get(asset).copied()
    }

    /// Price of an asset, or its reference price, for saying how much is not covered.
    #[must_use]
    pub fn spot_or_reference(&self, asset: &AssetId) -> Option<f64> {
        self.spot(asset).or_else(|| self.raw.reference_prices.get(asset).copied())
    }

    /// Volatility of a contract: its own, or that of the surface of its underlying, or the one volatility of its
    /// underlying.
    #[must_use]
    pub fn volatility(&self, contract: &OptionContract) -> Option<f64> {
        let own = self.raw.contract_volatilities.get(&contract.id()).copied();
        own.or_else(|| match self.surface(contract.underlying()) {
            Some(surface) => surface.volatility(contract.strike(), contract.expiry()).ok(),
            None => self.raw.volatilities.get(contract.underlying()).copied(),
        })
    }

    /// The volatility surface of an asset, if it has one.
    #[must_use]
    pub fn surface(&self, asset: &AssetId) -> Option<&VolatilitySurface> {
        self.raw.surfaces.get(asset)
    }

    /// Interest rate of a currency, if known.
    #[must_use]
    pub fn rate(&self, currency: &Currency) -> Option<f64> {
        self.raw.rates.get(currency).copied()
    }

    /// Dividend yield of an asset, if known.
    #[must_use]
    pub fn dividend_yield(&self, asset: &AssetId) -> Option<f64> {
        self.raw.dividend_yields.get(asset).copied().or(self.raw.other_dividend_yields)
    }

    /// Ex dates and cash dividends per share of an asset, first to last; none when nothing was entered.
    #[must_use]
    pub fn dividends(&self, asset: &AssetId) -> &[(Date, f64)] {
        self.raw.dividends.get(asset).map_or(&[], Vec::as_slice)
    }

    /// What cash dividends do to the share price.
    #[must_use]
    pub fn dividend_model(&self) -> DividendModel {
        self.raw.dividend_model
    }

    /// Cash per share that goes ex after one day and by another.
    pub(crate) fn dividends_between(&self, asset: &AssetId, after: Date, until: Date) -> Vec<(Date, f64)> {
        self.dividends(asset).iter().copied().filter(|(ex_date, _)| *ex_date > after && *ex_date <= until).collect()
    }

    /// What the option's life from `from` on still holds.
    pub(crate) fn dividend_schedule(&self, contract: &OptionContract, from: Date) -> Result<DividendSchedule> {
        let left = self.dividends_between(contract.underlying(), from, contract.expiry());
        DividendSchedule::from_dates(from, &left)
    }

    /// Price of a unit of a currency in base currency; 1 for the base itself.
    #[must_use]
    pub fn fx(&self, currency: &Currency) -> Option<f64> {
        if *currency == self.raw.base { Some(1.0) } else { self.raw.fx.get(currency).copied() }
    }

    /// Currency in which an asset is quoted: the base unless said otherwise.
    #[must_use]
    pub fn quote_currency(&self, asset: &AssetId) -> &Currency {
        self.raw.quote_currencies.get(asset).unwrap_or(&self.raw.base)
    }

    /// Today's value of a factor, if known. The volatility is that of the underlying as a whole.
    #[must_use]
    pub fn value(&self, factor: &Factor) -> Option<f64> {
        match factor {
            Factor::Spot(asset) => self.spot(asset),
            Factor::Volatility(asset) => self.raw.volatilities.get(asset).copied(),
            Factor::ContractVolatility(contract) => self.raw.contract_volatilities.get(contract).copied(),
            Factor::Rate(currency) => self.rate(currency),
            Factor::Dividend(asset) => self.dividend_yield(asset),
            Factor::Fx(currency) => self.fx(currency),
        }
    }
}

fn positive(what: &'static str, name: &str, value: f64) -> Result<()> {
    if value > 0.0 && value.is_finite() {
        Ok(())
    } else {
        Err(Error::Market { what, name: name.to_owned(), expected: "positive and finite", value })
    }
}

fn same_day(as_of: Date, asset: &AssetId, surface: &VolatilitySurface) -> Result<()> {
    if surface.as_of() == as_of {
        return Ok(());
    }
    Err(Error::SurfaceDateMismatch { asset: asset.to_string(), market: as_of, surface: surface.as_of() })
}

fn check_dividends(as_of: Date, asset: &AssetId, dividends: &[(Date, f64)]) -> Result<()> {
    let mut after = as_of;
    for (ex_date, amount) in dividends {
        if *ex_date <= after {
            return Err(Error::ExDate { name: asset.to_string(), ex_date: *ex_date, after });
        }
        if !(*amount >= 0.0 && amount.is_finite()) {
            let (what, name) = ("dividend", asset.to_string());
            return Err(Error::Market { what, name, expected: "at least 0 and finite", value: *amount });
        }
        after = *ex_date;
    }
    Ok(())
}

/// A price of the base in itself would be ignored if it were stored.
fn base_is_one(base: &Currency, currency: &Currency, price: f64) -> Result<()> {
    if currency != base || (price - 1.0).abs() < f64::EPSILON {
        return Ok(());
    }
    Err(Error::Market { what: "fx", name: base.to_string(), expected: "1, being the base", value: price })
}

fn finite(what: &'static str, name: &str, value: f64) -> Result<()> {
    if value.is_finite() {
        Ok(())
    } else {
        Err(Error::Market { what, name: name.to_owned(), expected: "finite", value })
    }
}

impl TryFrom<Raw> for MarketSnapshot {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let named = |map: &BTreeMap<AssetId, f64>| map.iter().map(|(k, v)| (k.to_string(), *v)).collect::<Vec<_>>();
        let money = |map: &BTreeMap<Currency, f64>| map.iter().map(|(k, v)| (k.to_string(), *v)).collect::<Vec<_>>();
        let contracts: Vec<_> = raw.contract_volatilities.iter().map(|(k, v)| (k.to_string(), *v)).collect();
        for (what, entries) in [
            ("spot", named(&raw.spots)),
            ("reference price", named(&raw.reference_prices)),
            ("volatility", named(&raw.volatilities)),
            ("volatility", contracts),
            ("fx", money(&raw.fx)),
        ] {
            entries.iter().try_for_each(|(name, value)| positive(what, name, *value))?;
        }
        for (what, entries) in [("dividend yield", named(&raw.dividend_yields)), ("rate", money(&raw.rates))] {
            entries.iter().try_for_each(|(name, value)| finite(what, name, *value))?;
        }
        raw.surfaces.iter().try_for_each(|(asset, surface)| same_day(raw.as_of, asset, surface))?;
        raw.dividends.iter().try_for_each(|(asset, paid)| check_dividends(raw.as_of, asset, paid))?;
        raw.fx.iter().try_for_each(|(currency, price)| base_is_one(&raw.base, currency, *price))?;
        raw.other_dividend_yields.map_or(Ok(()), |value| finite("dividend yield", "other assets", value))?;
        Ok(Self { raw })
    }
}

impl From<MarketSnapshot> for Raw {
    fn from(market: MarketSnapshot) -> Self {
        market.raw
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::Multiplier;

    fn market() -> MarketSnapshot {
        MarketSnapshot::usd(date(2018, 12, 31)).with_spot("A", 10.0).unwrap().with_volatility("A", 0.3).unwrap()
    }

    #[test]
    fn every_door_refuses_what_is_not_a_price() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(market().with_spot("B", bad), Err(Error::Market { what: "spot", .. })), "{bad}");
            assert!(market().with_reference_price("B", bad).is_err());
            assert!(market().with_volatility("B", bad).is_err());
            assert!(market().with_fx("EUR", bad).is_err());
        }
        for bad in [f64::NAN, f64::INFINITY] {
            assert!(market().with_rate("USD", bad).is_err());
            assert!(market().with_dividend_yield("B", bad).is_err());
            assert!(market().with_dividend_yield_otherwise(bad).is_err());
        }
        assert!(market().with_spot(" ", 1.0).is_err());
        let text = serde_json::to_string(&market()).unwrap();
        assert_eq!(serde_json::from_str::<MarketSnapshot>(&text).unwrap(), market());
        assert!(serde_json::from_str::<MarketSnapshot>(&text.replace("10.0", "0.0")).is_err());
        assert!(serde_json::from_str::<MarketSnapshot>(&text.replace("0.3", "-0.3")).is_err());
    }

    #[test]
    fn a_contract_volatility_takes_precedence() {
        let put = OptionContract::put("A", 9.0, date(2019, 1, 18), Multiplier::EQUITY).unwrap();
        let call = OptionContract::call("A", 9.0, date(2019, 1, 18), Multiplier::EQUITY).unwrap();
        let market = market().with_contract_volatility(&put, 0.5).unwrap();
        assert_eq!(market.volatility(&put), Some(0.5));
        assert_eq!(market.volatility(&call), Some(0.3));
        // The display leaves out style and multiplier, the market does not.
        let mini = OptionContract::put("A", 9.0, date(2019, 1, 18), Multiplier::new(10.0).unwrap()).unwrap();
        assert_eq!(market.volatility(&put.clone().european()), Some(0.3));
        assert_eq!(market.volatility(&mini), Some(0.3));
        assert!(market.with_contract_volatility(&put, 0.0).is_err());
    }

    #[test]
    fn a_surface_stands_between_contract_and_underlying() {
        use crate::surface::{Carry, ExpirySlice, Smile};

        let slice = ExpirySlice::new(date(2019, 12, 31), Carry::Rate(0.0), Smile::flat(0.4, 1.0).unwrap());
        let surface = |as_of| VolatilitySurface::new(as_of, 10.0, vec![slice.clone()]).unwrap();
        let put = OptionContract::put("A", 9.0, date(2019, 1, 18), Multiplier::EQUITY).unwrap();
        let market = market().with_surface("A", surface(date(2018, 12, 31))).unwrap();
        assert!((market.volatility(&put).unwrap() - 0.4).abs() < 1e-15);
        assert!(market.surface(put.underlying()).is_some());
        let own = market.clone().with_contract_volatility(&put, 0.5).unwrap();
        assert_eq!(own.volatility(&put), Some(0.5));
        let past = OptionContract::put("A", 9.0, date(2018, 12, 30), Multiplier::EQUITY).unwrap();
        assert_eq!(market.volatility(&past), None);
        let late = market.clone().with_surface("A", surface(date(2018, 12, 28)));
        assert!(matches!(late, Err(Error::SurfaceDateMismatch { .. })));
        let text = serde_json::to_string(&market).unwrap();
        assert_eq!(serde_json::from_str::<MarketSnapshot>(&text).unwrap(), market);
        let moved = text.replacen("2018-12-31", "2018-12-28", 1);
        assert!(serde_json::from_str::<MarketSnapshot>(&moved).is_err());
        let older = serde_json::to_string(&self::market()).unwrap().replace("\"surfaces\":{},", "");
        assert_eq!(serde_json::from_str::<MarketSnapshot>(&older).unwrap(), self::market());
    }

    #[test]
    fn dividends_lie_ahead_and_in_order() {
        let (early, late) = (date(2019, 3, 14), date(2019, 6, 13));
        let refused = |dividends| market().with_dividends("A", dividends).unwrap_err();
        assert!(
            matches!(refused(vec![(date(2018, 12, 31), 1.0)]), Error::ExDate { after, .. } if after == market().as_of())
        );
        assert!(matches!(refused(vec![(late, 1.0), (early, 1.0)]), Error::ExDate { ex_date, .. } if ex_date == early));
        assert!(matches!(refused(vec![(late, 1.0), (late, 1.0)]), Error::ExDate { after, .. } if after == late));
        for bad in [-0.1, f64::NAN, f64::INFINITY] {
            assert!(matches!(refused(vec![(early, bad)]), Error::Market { what: "dividend", .. }), "{bad}");
        }
        assert_eq!(refused(vec![(late, 1.0), (early, 1.0)]).kind(), alluse_risk_core::ErrorKind::InvalidInput);
        assert!(market().with_dividends(" ", vec![]).is_err());
        let market = market().with_dividends("A", vec![(early, 1.25), (late, 0.0)]).unwrap();
        let asset = AssetId::new("A").unwrap();
        assert_eq!(market.dividends(&asset), &[(early, 1.25), (late, 0.0)]);
        assert_eq!(market.dividends_between(&asset, early, late), [(late, 0.0)]);
        assert_eq!(market.dividends_between(&asset, date(2019, 3, 13), early), [(early, 1.25)]);
        assert!(market.dividends(&AssetId::new("B").unwrap()).is_empty());
        assert_eq!(market.dividend_model(), DividendModel::Escrowed);
        let market = market.with_dividend_model(DividendModel::Spot);
        assert_eq!(market.dividend_model(), DividendModel::Spot);
        let text = serde_json::to_string(&market).unwrap();
        assert_eq!(serde_json::from_str::<MarketSnapshot>(&text).unwrap(), market);
        assert!(serde_json::from_str::<MarketSnapshot>(&text.replace("1.25", "-1.25")).is_err());
        assert!(serde_json::from_str::<MarketSnapshot>(&text.replace("2019-03-14", "2018-03-14")).is_err());
    }

    #[test]
    fn a_snapshot_stored_before_there_were_dividends_still_loads() {
        let text = serde_json::to_string(&market()).unwrap().replace(r#""dividend_model":"escrowed","#, "");
        assert!(!text.contains("dividend_model"));
        assert_eq!(serde_json::from_str::<MarketSnapshot>(&text).unwrap(), market());
    }

    #[test]
    fn what_was_not_entered_is_unknown() {
        let asset = AssetId::new("B").unwrap();
        let market = market().with_reference_price("B", 7.0).unwrap();
        assert_eq!(market.spot(&asset), None);
        assert_eq!(market.spot_or_reference(&asset), Some(7.0));
        assert_eq!(market.dividend_yield(&asset), None);
        assert_eq!(market.rate(&Currency::usd()), None);
        assert_eq!(market.fx(&Currency::usd()), Some(1.0));
        assert_eq!(market.fx(&Currency::new("EUR").unwrap()), None);
        let market = market.with_dividend_yield_otherwise(0.01).unwrap().with_quote_currency("B", "EUR").unwrap();
        assert_eq!(market.dividend_yield(&asset), Some(0.01));
        assert_eq!(market.quote_currency(&asset).as_str(), "EUR");
        assert_eq!(market.value(&Factor::Volatility(AssetId::new("A").unwrap())), Some(0.3));
        assert_eq!(market.value(&Factor::Rate(Currency::usd())), None);
        assert_eq!(market.value(&Factor::Dividend(asset)), Some(0.01));
        assert_eq!(market.value(&Factor::Spot(AssetId::new("A").unwrap())), Some(10.0));
        assert_eq!(market.value(&Factor::Fx(Currency::usd())), Some(1.0));
    }
}

//! What is held, in units, and cash.

use alluse_risk_core::{AssetId, Error as InputError, Weights};
use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use super::check::{element, finished, finite, length, positive, sum};
use crate::{Error, Result, Universe};

/// Something that is traded: its price, what a unit of it stands for, and in which steps it is ordered.
///
/// ```text
/// value of u units = u · price · multiplier
/// ```
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `price` | | currency per unit of the underlying | positive |
/// | `multiplier` | 1 | 100 for a US equity option | positive |
/// | `lot` | 1 | units an order is a whole multiple of; `0.001` for fractional shares in thousandths | positive |
///
/// # Errors
/// The constructor and the setters: [`Error::Input`] for a number outside its range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawInstrument", into = "RawInstrument")]
pub struct Instrument {
    asset: AssetId,
    price: f64,
    multiplier: f64,
    lot: f64,
}

impl Instrument {
    /// Whole units of multiplier one.
    ///
    /// # Errors
    /// [`Error::Input`] for an empty name and unless the price is positive and finite.
    pub fn new(asset: impl Into<String>, price: f64) -> Result<Self> {
        Ok(Self { asset: AssetId::new(asset)?, price: positive("price", price)?, multiplier: 1.0, lot: 1.0 })
    }

    /// With this many units of the underlying behind each unit.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is positive and finite.
    pub fn with_multiplier(mut self, multiplier: f64) -> Result<Self> {
        self.multiplier = positive("multiplier", multiplier)?;
        Ok(self)
    }

    /// Ordered in whole multiples of this many units.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is positive and finite.
    pub fn with_lot(mut self, lot: f64) -> Result<Self> {
        self.lot = positive("lot", lot)?;
        Ok(self)
    }

    /// At another price.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is positive and finite.
    pub fn with_price(mut self, price: f64) -> Result<Self> {
        self.price = positive("price", price)?;
        Ok(self)
    }

    /// Its name.
    #[must_use]
    pub fn asset(&self) -> &AssetId {
        &self.asset
    }

    /// Currency per unit of the underlying.
    #[must_use]
    pub fn price(&self) -> f64 {
        self.price
    }

    /// Units of the underlying behind each unit.
    #[must_use]
    pub fn multiplier(&self) -> f64 {
        self.multiplier
    }

    /// Units an order is a whole multiple of.
    #[must_use]
    pub fn lot(&self) -> f64 {
        self.lot
    }

    /// What this many units are worth.
    #[must_use]
    pub fn value_of(&self, units: f64) -> f64 {
        units * (self.price * self.multiplier)
    }
}

/// An instrument and how many units of it are held; negative when short, zero when it may be bought.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Holding {
    /// What.
    pub instrument: Instrument,
    /// How many units.
    pub units: f64,
}

/// Positions in units, and cash.
///
/// # Examples
/// ```
/// use alluse_optimizer::rebalance::{Holdings, Instrument};
///
/// let holdings = Holdings::new(1_000.0)?
///     .with(Instrument::new("SPY", 50.0)?, 60.0)?
///     .with(Instrument::new("SPY put", 2.0)?.with_multiplier(100.0)?, 5.0)?;
/// assert_eq!(holdings.value()?, 5_000.0);
/// let weights = holdings.weights()?;
/// assert!((weights.view()[0] - 0.6).abs() < 1e-15 && (weights.cash() - 0.2).abs() < 1e-15);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawHoldings", into = "RawHoldings")]
pub struct Holdings {
    positions: Vec<Holding>,
    cash: f64,
}

impl Holdings {
    /// Nothing but cash; negative when it is owed.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is finite.
    pub fn new(cash: f64) -> Result<Self> {
        Ok(Self { positions: Vec::new(), cash: finite("cash", cash)? })
    }

    /// With one more position.
    ///
    /// # Errors
    /// [`Error::Input`] for an asset that is already there, and for units or a value that are not finite.
    pub fn with(mut self, instrument: Instrument, units: f64) -> Result<Self> {
        finite("units", units)?;
        finished("position value", instrument.value_of(units))?;
        if let Some(first) = self.positions.iter().position(|held| held.instrument.asset == instrument.asset) {
            let (value, second) = (instrument.asset.to_string(), self.positions.len());
            return Err(InputError::Duplicate { name: "holding", value, first, second }.into());
        }
        self.positions.push(Holding { instrument, units });
        Ok(self)
    }

    /// The positions, in order.
    #[must_use]
    pub fn positions(&self) -> &[Holding] {
        &self.positions
    }

    /// Cash.
    #[must_use]
    pub fn cash(&self) -> f64 {
        self.cash
    }

    /// The assets, in order.
    ///
    /// # Errors
    /// [`Error::Input`] without positions.
    pub fn universe(&self) -> Result<Universe> {
        Universe::new(self.positions.iter().map(|held| held.instrument.asset.clone()).collect())
    }

    /// What each position is worth.
    #[must_use]
    pub fn values(&self) -> Array1<f64> {
        self.positions.iter().map(|held| held.instrument.value_of(held.units)).collect()
    }

    /// Positions and cash together.
    ///
    /// # Errors
    /// [`Error::Input`] when the sum overflows.
    pub fn value(&self) -> Result<f64> {
        finished("portfolio value", sum(self.values().into_iter().chain([self.cash])))
    }

    /// The positions as fractions of [`value`](Self::value); cash is the rest.
    ///
    /// # Errors
    /// [`Error::Undefined`] unless the value is positive, [`Error::Input`] without positions.
    pub fn weights(&self) -> Result<Weights> {
        let value = self.value()?;
        if !(value > 0.0) {
            let reason = format!("the portfolio is worth {value}");
            return Err(Error::Undefined { what: "portfolio weights", reason });
        }
        Ok(Weights::new(self.values() / value)?)
    }

    /// The same units after one period of simple returns, cash earning `cash_return`.
    ///
    /// # Errors
    /// [`Error::Input`] for a wrong number of returns and for a return of −1 or less: a price of zero is no price
    /// to trade at.
    pub fn drift(&self, returns: ArrayView1<'_, f64>, cash_return: f64) -> Result<Self> {
        length("returns", self.positions.len(), returns.len())?;
        finite("cash return", cash_return)?;
        let mut after = Self::new(self.cash * (1.0 + cash_return))?;
        for (index, (held, r)) in self.positions.iter().zip(returns).enumerate() {
            element(*r > -1.0 && r.is_finite(), "returns", index, "finite and above -1", *r)?;
            let price = held.instrument.price * (1.0 + r);
            after = after.with(held.instrument.clone().with_price(price)?, held.units)?;
        }
        Ok(after)
    }

    pub(super) fn after(&self, units: &[f64], cash: f64) -> Result<Self> {
        self.positions
            .iter()
            .zip(units)
            .try_fold(Self::new(cash)?, |book, (held, units)| book.with(held.instrument.clone(), *units))
    }
}

/// Weights after one period of simple returns without a trade, cash earning `cash_return`.
///
/// ```text
/// wᵢ' = wᵢ (1 + rᵢ) / (1 + Σ wⱼ rⱼ + w_cash r_cash)
/// ```
///
/// # Errors
/// [`Error::Input`] for a wrong number of returns or one that is not finite, [`Error::Undefined`] when nothing is
/// left of the portfolio.
///
/// # Examples
/// ```
/// use alluse_optimizer::rebalance::drifted_weights;
/// use alluse_risk_core::Weights;
/// use ndarray::array;
///
/// let after = drifted_weights(&Weights::new(vec![0.5, 0.5])?, array![0.5, 0.0].view(), 0.0)?;
/// assert!((after.view()[0] - 0.6).abs() < 1e-15);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
pub fn drifted_weights(weights: &Weights, returns: ArrayView1<'_, f64>, cash_return: f64) -> Result<Weights> {
    length("returns", weights.len(), returns.len())?;
    finite("cash return", cash_return)?;
    for (index, r) in returns.iter().enumerate() {
        element(r.is_finite(), "returns", index, "finite", *r)?;
    }
    let gains = weights.view().into_iter().zip(returns).map(|(w, r)| w * r);
    let growth = 1.0 + sum(gains.chain([weights.cash() * cash_return]));
    if !(growth > 0.0) {
        let reason = format!("the portfolio is worth {growth} times what it was");
        return Err(Error::Undefined { what: "drifted weights", reason });
    }
    Ok(Weights::new(weights.view().into_iter().zip(returns).map(|(w, r)| w * (1.0 + r) / growth).collect::<Vec<_>>())?)
}

/// One-way turnover between two sets of weights, `½ Σ |xᵢ − wᵢ|` over the assets; cash is not one of them.
///
/// `held` are the weights just before the trade, after their drift.
///
/// # Errors
/// [`Error::Input`] unless both have the same length.
pub fn one_way_turnover(held: &Weights, after: &Weights) -> Result<f64> {
    length("weights after", held.len(), after.len())?;
    Ok(0.5 * sum(held.view().into_iter().zip(after.view()).map(|(w, x)| (x - w).abs())))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInstrument {
    asset: AssetId,
    price: f64,
    #[serde(default = "one")]
    multiplier: f64,
    #[serde(default = "one")]
    lot: f64,
}

fn one() -> f64 {
    1.0
}

impl TryFrom<RawInstrument> for Instrument {
    type Error = Error;

    fn try_from(raw: RawInstrument) -> Result<Self> {
        Self::new(raw.asset, raw.price)?.with_multiplier(raw.multiplier)?.with_lot(raw.lot)
    }
}

impl From<Instrument> for RawInstrument {
    fn from(it: Instrument) -> Self {
        Self { asset: it.asset, price: it.price, multiplier: it.multiplier, lot: it.lot }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawHoldings {
    positions: Vec<Holding>,
    cash: f64,
}

impl TryFrom<RawHoldings> for Holdings {
    type Error = Error;

    fn try_from(raw: RawHoldings) -> Result<Self> {
        raw.positions.into_iter().try_fold(Self::new(raw.cash)?, |book, held| book.with(held.instrument, held.units))
    }
}

impl From<Holdings> for RawHoldings {
    fn from(holdings: Holdings) -> Self {
        Self { positions: holdings.positions, cash: holdings.cash }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn book() -> Result<Holdings> {
        Holdings::new(20.0)?.with(Instrument::new("A", 10.0)?, 6.0)?.with(Instrument::new("B", 4.0)?, 5.0)
    }

    #[test]
    fn units_and_weights_drift_alike() -> Result<()> {
        let (book, returns) = (book()?, array![0.1, -0.25]);
        let after = book.drift(returns.view(), 0.05)?;
        // 66 + 15 + 21 = 102.
        assert!((after.value()? - 102.0).abs() < 1e-12);
        assert!((after.weights()?.view()[0] - 66.0 / 102.0).abs() < 1e-15);
        let weights = drifted_weights(&book.weights()?, returns.view(), 0.05)?;
        for (a, b) in weights.view().iter().zip(after.weights()?.view()) {
            assert!((a - b).abs() < 1e-15);
        }
        Ok(())
    }

    #[test]
    fn half_of_what_moves_is_one_way() -> Result<()> {
        let turnover = one_way_turnover(&Weights::new(vec![0.6, 0.4])?, &Weights::new(vec![0.5, 0.5])?)?;
        assert!((turnover - 0.1).abs() < 1e-15);
        Ok(())
    }

    #[test]
    fn bad_books_are_refused() -> Result<()> {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Instrument::new("A", bad).is_err());
            assert!(Instrument::new("A", 1.0)?.with_multiplier(bad).is_err());
            assert!(Instrument::new("A", 1.0)?.with_lot(bad).is_err());
        }
        let twice = book()?.with(Instrument::new("A", 1.0)?, 1.0);
        assert!(matches!(twice, Err(Error::Input(InputError::Duplicate { first: 0, second: 2, .. }))));
        assert!(book()?.with(Instrument::new("C", 1e200)?, 1e200).is_err());
        assert!(book()?.drift(array![0.1].view(), 0.0).is_err());
        assert!(book()?.drift(array![0.1, -1.0].view(), 0.0).is_err());
        assert!(Holdings::new(f64::NAN).is_err());
        let ruined = Holdings::new(-60.0)?.with(Instrument::new("A", 10.0)?, 6.0)?;
        assert!(matches!(ruined.weights(), Err(Error::Undefined { .. })));
        assert!(drifted_weights(&Weights::new(vec![2.0])?, array![-0.6].view(), 0.0).is_err());
        Ok(())
    }

    #[test]
    fn json_goes_through_the_checks() -> Result<()> {
        let text = serde_json::to_string(&book()?).unwrap();
        assert_eq!(serde_json::from_str::<Holdings>(&text).unwrap(), book()?);
        assert!(serde_json::from_str::<Holdings>(&text.replace("10.0", "-10.0")).is_err());
        assert!(serde_json::from_str::<Holdings>(&text.replace("\"A\"", "\"B\"")).is_err());
        Ok(())
    }
}

//! The percentages of strategy-based margin.

use std::collections::BTreeMap;

use alluse_risk_core::AssetId;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// What an option is written on decides its percentages.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OptionClass {
    /// A share or a fund on a narrow index: 20 % and 10 %.
    #[default]
    Equity,
    /// A broad index or a fund on one: 15 % and 10 %.
    BroadIndex,
    /// A leveraged fund: the percentages of an equity times its leverage, at most 100 %.
    Leveraged {
        /// Times the underlying's own move; negative for an inverse fund.
        leverage: f64,
    },
}

/// Requirement on shares, as a fraction of their market value.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StockRates {
    /// Regulation T when a position is opened: 50 % long, 50 % short beyond the proceeds.
    Initial,
    /// FINRA maintenance: 25 % long, 30 % short.
    Maintenance,
    /// A house's own.
    House {
        /// Of long shares.
        long: f64,
        /// Of short shares, beyond the proceeds.
        short: f64,
    },
}

impl StockRates {
    /// Fraction for long and for short shares.
    #[must_use]
    pub fn fractions(self) -> (f64, f64) {
        match self {
            Self::Initial => (0.50, 0.50),
            Self::Maintenance => (0.25, 0.30),
            Self::House { long, short } => (long, short),
        }
    }
}

/// Which percentages apply to what.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct MarginRates {
    stock: StockRates,
    classes: BTreeMap<AssetId, OptionClass>,
}

impl MarginRates {
    /// Every underlying an equity.
    ///
    /// # Errors
    /// [`Error::Input`] for a house rate outside [0, 1].
    pub fn new(stock: StockRates) -> Result<Self> {
        let (long, short) = stock.fractions();
        for rate in [long, short] {
            if !(0.0..=1.0).contains(&rate) {
                return Err(Error::out_of_domain("house rate", "in [0, 1]", rate));
            }
        }
        Ok(Self { stock, classes: BTreeMap::new() })
    }

    /// FINRA maintenance rates.
    #[must_use]
    pub fn maintenance() -> Self {
        Self { stock: StockRates::Maintenance, classes: BTreeMap::new() }
    }

    /// Regulation T rates for a position that is opened.
    #[must_use]
    pub fn initial() -> Self {
        Self { stock: StockRates::Initial, classes: BTreeMap::new() }
    }

    /// With the class of an underlying.
    ///
    /// # Errors
    /// [`Error::Input`] for a blank name, and a leverage of zero or not finite.
    pub fn with_class(mut self, underlying: &str, class: OptionClass) -> Result<Self> {
        if let OptionClass::Leveraged { leverage } = class
            && !(leverage != 0.0 && leverage.is_finite())
        {
            return Err(Error::out_of_domain("leverage", "finite and not zero", leverage));
        }
        self.classes.insert(AssetId::new(underlying)?, class);
        Ok(self)
    }

    /// The class of an underlying.
    #[must_use]
    pub fn class(&self, underlying: &AssetId) -> OptionClass {
        self.classes.get(underlying).copied().unwrap_or_default()
    }

    /// The percentage of the underlying's value, and the floor.
    pub(super) fn option_fractions(&self, underlying: &AssetId) -> (f64, f64) {
        match self.class(underlying) {
            OptionClass::Equity => (0.20, 0.10),
            OptionClass::BroadIndex => (0.15, 0.10),
            OptionClass::Leveraged { leverage } => ((0.20 * leverage.abs()).min(1.0), (0.10 * leverage.abs()).min(1.0)),
        }
    }

    /// Fraction for long and for short shares.
    pub(super) fn stock_fractions(&self, underlying: &AssetId) -> (f64, f64) {
        let (long, short) = self.stock.fractions();
        match self.class(underlying) {
            OptionClass::Leveraged { leverage } => {
                ((long * leverage.abs()).min(1.0), (short * leverage.abs()).min(1.0))
            }
            OptionClass::Equity | OptionClass::BroadIndex => (long, short),
        }
    }
}

/// The stored form, so that stored rates are checked when they are read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    stock: StockRates,
    classes: BTreeMap<AssetId, OptionClass>,
}

impl TryFrom<Raw> for MarginRates {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let rates = Self::new(raw.stock)?;
        raw.classes.into_iter().try_fold(rates, |rates, (asset, class)| rates.with_class(asset.as_str(), class))
    }
}

impl From<MarginRates> for Raw {
    fn from(MarginRates { stock, classes }: MarginRates) -> Self {
        Self { stock, classes }
    }
}

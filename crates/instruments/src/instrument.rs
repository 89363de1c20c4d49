//! What an account can hold.

use std::fmt;

use alluse_risk_core::{AssetId, ContractId, Currency};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::pricing::{ExerciseStyle, OptionKind};
use crate::{Error, Result};

/// Shares (or units) that one contract delivers. There is no default: a forgotten multiplier is a
/// hundredfold error.
///
/// ```
/// use alluse_instruments::Multiplier;
///
/// assert_eq!(Multiplier::EQUITY.units(), 100.0);
/// assert!(Multiplier::new(0.0).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Multiplier(f64);

impl Multiplier {
    /// 100 shares, the standard US equity and ETF option.
    pub const EQUITY: Self = Self(100.0);

    /// # Errors
    /// [`Error::Input`] unless the number of units is positive and finite.
    pub fn new(units: f64) -> Result<Self> {
        if units > 0.0 && units.is_finite() {
            Ok(Self(units))
        } else {
            Err(Error::out_of_domain("multiplier", "positive and finite", units))
        }
    }

    /// The number of units.
    #[must_use]
    pub fn units(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Multiplier {
    type Error = Error;

    fn try_from(units: f64) -> Result<Self> {
        Self::new(units)
    }
}

impl From<Multiplier> for f64 {
    fn from(multiplier: Multiplier) -> Self {
        multiplier.0
    }
}

/// A listed option. It expires at the close of its expiry date.
///
/// ```
/// use alluse_instruments::{Multiplier, OptionContract};
/// use jiff::civil::date;
///
/// let put = OptionContract::put("NVDA", 120.0, date(2019, 1, 18), Multiplier::EQUITY)?;
/// assert_eq!(put.to_string(), "NVDA 2019-01-18 P 120");
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawContract", into = "RawContract")]
pub struct OptionContract {
    underlying: AssetId,
    kind: OptionKind,
    style: ExerciseStyle,
    strike: f64,
    expiry: Date,
    multiplier: Multiplier,
}

impl OptionContract {
    /// An American call, as US equity options are.
    ///
    /// # Errors
    /// [`Error::Input`] for a blank underlying or a strike that is not positive and finite.
    pub fn call(underlying: &str, strike: f64, expiry: Date, multiplier: Multiplier) -> Result<Self> {
        Self::new(underlying, OptionKind::Call, ExerciseStyle::American, strike, expiry, multiplier)
    }

    /// An American put, as US equity options are.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn put(underlying: &str, strike: f64, expiry: Date, multiplier: Multiplier) -> Result<Self> {
        Self::new(underlying, OptionKind::Put, ExerciseStyle::American, strike, expiry, multiplier)
    }

    /// Any listed option.
    ///
    /// # Errors
    /// As [`call`](Self::call).
    pub fn new(
        underlying: &str,
        kind: OptionKind,
        style: ExerciseStyle,
        strike: f64,
        expiry: Date,
        multiplier: Multiplier,
    ) -> Result<Self> {
        if !(strike > 0.0 && strike.is_finite()) {
            return Err(Error::out_of_domain("strike", "positive and finite", strike));
        }
        Ok(Self { underlying: AssetId::new(underlying)?, kind, style, strike, expiry, multiplier })
    }

    /// With European exercise, as most index options have.
    #[must_use]
    pub fn european(mut self) -> Self {
        self.style = ExerciseStyle::European;
        self
    }

    /// What it is written on.
    #[must_use]
    pub fn underlying(&self) -> &AssetId {
        &self.underlying
    }

    /// Call or put.
    #[must_use]
    pub fn kind(&self) -> OptionKind {
        self.kind
    }

    /// When it may be exercised.
    #[must_use]
    pub fn style(&self) -> ExerciseStyle {
        self.style
    }

    /// Exercise price per unit.
    #[must_use]
    pub fn strike(&self) -> f64 {
        self.strike
    }

    /// The day at whose close it expires.
    #[must_use]
    pub fn expiry(&self) -> Date {
        self.expiry
    }

    /// Units per contract.
    #[must_use]
    pub fn multiplier(&self) -> Multiplier {
        self.multiplier
    }

    /// Its name with all its terms; the display leaves out the exercise style and the multiplier.
    ///
    /// ```
    /// use alluse_instruments::{Multiplier, OptionContract};
    /// use jiff::civil::date;
    ///
    /// let put = OptionContract::put("NVDA", 120.0, date(2019, 1, 18), Multiplier::EQUITY)?;
    /// assert_eq!(put.id().as_str(), "NVDA 2019-01-18 P 120 american x100");
    /// # Ok::<(), alluse_instruments::Error>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> ContractId {
        let style = match self.style {
            ExerciseStyle::American => "american",
            ExerciseStyle::European => "european",
        };
        let (expiry, kind, strike) = (self.expiry, self.letter(), self.strike);
        ContractId::of(&self.underlying, format_args!("{expiry} {kind} {strike} {style} x{}", self.multiplier.units()))
    }

    fn letter(&self) -> char {
        match self.kind {
            OptionKind::Call => 'C',
            OptionKind::Put => 'P',
        }
    }

    /// Payoff per unit at the price `spot`.
    #[must_use]
    pub fn intrinsic(&self, spot: f64) -> f64 {
        match self.kind {
            OptionKind::Call => (spot - self.strike).max(0.0),
            OptionKind::Put => (self.strike - spot).max(0.0),
        }
    }
}

impl fmt::Display for OptionContract {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {} {}", self.underlying, self.expiry, self.letter(), self.strike)
    }
}

/// The stored form, so that a stored contract is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct RawContract {
    underlying: AssetId,
    kind: OptionKind,
    style: ExerciseStyle,
    strike: f64,
    expiry: Date,
    multiplier: Multiplier,
}

impl TryFrom<RawContract> for OptionContract {
    type Error = Error;

    fn try_from(raw: RawContract) -> Result<Self> {
        Self::new(raw.underlying.as_str(), raw.kind, raw.style, raw.strike, raw.expiry, raw.multiplier)
    }
}

impl From<OptionContract> for RawContract {
    fn from(contract: OptionContract) -> Self {
        let OptionContract { underlying, kind, style, strike, expiry, multiplier } = contract;
        Self { underlying, kind, style, strike, expiry, multiplier }
    }
}

/// Something that an account can hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Instrument {
    /// Money; the quantity is the amount. Its value does not move with the rate.
    Cash {
        /// In which currency.
        currency: Currency,
    },
    /// A share, fund or index unit.
    Share {
        /// Its price's name.
        asset: AssetId,
    },
    /// A listed option; the quantity counts contracts.
    Option(OptionContract),
}

impl Instrument {
    /// The asset whose price moves the instrument, if any.
    #[must_use]
    pub fn underlying(&self) -> Option<&AssetId> {
        match self {
            Self::Cash { .. } => None,
            Self::Share { asset } => Some(asset),
            Self::Option(contract) => Some(contract.underlying()),
        }
    }
}

impl fmt::Display for Instrument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cash { currency } => write!(f, "{currency} cash"),
            Self::Share { asset } => write!(f, "{asset}"),
            Self::Option(contract) => write!(f, "{contract}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn put() -> OptionContract {
        OptionContract::put("NVDA", 120.0, date(2019, 1, 18), Multiplier::EQUITY).unwrap()
    }

    #[test]
    fn bad_contracts_are_refused_by_every_door() {
        for strike in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(OptionContract::call("X", strike, date(2019, 1, 18), Multiplier::EQUITY).is_err(), "{strike}");
        }
        assert!(OptionContract::call(" ", 1.0, date(2019, 1, 18), Multiplier::EQUITY).is_err());
        assert!(Multiplier::new(f64::NAN).is_err());
        let text = serde_json::to_string(&put()).unwrap();
        assert_eq!(serde_json::from_str::<OptionContract>(&text).unwrap(), put());
        assert!(serde_json::from_str::<OptionContract>(&text.replace("120.0", "-120.0")).is_err());
        assert!(serde_json::from_str::<OptionContract>(&text.replace("100.0", "0.0")).is_err());
    }

    #[test]
    fn payoffs() {
        assert_eq!(put().intrinsic(100.0), 20.0);
        assert_eq!(put().intrinsic(130.0), 0.0);
        let call = OptionContract::call("NVDA", 120.0, date(2019, 1, 18), Multiplier::EQUITY).unwrap();
        assert_eq!(call.intrinsic(130.0), 10.0);
        assert_eq!(call.clone().european().style(), ExerciseStyle::European);
        assert_eq!(Instrument::Option(call).to_string(), "NVDA 2019-01-18 C 120");
    }
}

//! One step of a scenario: what moves, and how.

use std::fmt;

use alluse_risk_core::{AssetId, Currency, Factor};
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Which assets a step moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Assets {
    /// Every asset that a position of the book depends on.
    Every,
    /// This one.
    One(AssetId),
    /// Every asset that a position with this label depends on. The price belongs to the asset, so positions in
    /// it without the label move too.
    Labelled {
        /// The axis.
        axis: String,
        /// The label.
        label: String,
    },
}

/// Which currencies a step moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Currencies {
    /// Every currency that a position of the book is quoted in; of exchange rates, every one but the base.
    Every,
    /// This one.
    One(Currency),
}

/// An inclusive range of numbers, at least 0; a missing end is open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawSpan", into = "RawSpan")]
pub struct Span {
    from: Option<f64>,
    to: Option<f64>,
}

/// The stored form, so that a stored range is checked when it is read back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSpan {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    to: Option<f64>,
}

impl Span {
    /// Everything.
    pub const ALL: Self = Self { from: None, to: None };

    /// From one number to another, both included.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn between(from: f64, to: f64) -> Result<Self> {
        Self::new(Some(from), Some(to))
    }

    /// A range with optional ends.
    ///
    /// # Errors
    /// [`Error::Input`] for an end that is negative or not finite, and for ends in the wrong order.
    pub fn new(from: Option<f64>, to: Option<f64>) -> Result<Self> {
        let refuse = |expected, value| {
            Err(Error::Input(alluse_risk_core::Error::OutOfDomain { name: "end of a range", expected, value }))
        };
        for value in [from, to].into_iter().flatten() {
            if !(value >= 0.0 && value.is_finite()) {
                return refuse("at least 0 and finite", value);
            }
        }
        match (from, to) {
            (Some(from), Some(to)) if from > to => refuse("at least its start", to),
            _ => Ok(Self { from, to }),
        }
    }

    /// Whether a number lies in the range.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.from.is_none_or(|from| value >= from) && self.to.is_none_or(|to| value <= to)
    }

    fn is_all(&self) -> bool {
        *self == Self::ALL
    }
}

impl TryFrom<RawSpan> for Span {
    type Error = Error;

    fn try_from(RawSpan { from, to }: RawSpan) -> Result<Self> {
        Self::new(from, to)
    }
}

impl From<Span> for RawSpan {
    fn from(Span { from, to }: Span) -> Self {
        Self { from, to }
    }
}

/// What moves in a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Target {
    /// Prices of assets.
    Spot(Assets),
    /// Implied volatilities, of the contracts in a bucket. Both ranges are open unless given.
    Volatility {
        /// On which assets the options are written.
        assets: Assets,
        /// Strike over today's price of the underlying, whatever earlier steps did to that price.
        #[serde(default, skip_serializing_if = "Span::is_all")]
        moneyness: Span,
        /// Calendar days from the date of the market to the expiry.
        #[serde(default, skip_serializing_if = "Span::is_all")]
        tenor_days: Span,
    },
    /// Continuously compounded interest rates.
    Rate(Currencies),
    /// Continuous dividend yields.
    DividendYield(Assets),
    /// Prices of currencies in base currency.
    Fx(Currencies),
}

impl Target {
    /// The price of one asset.
    ///
    /// # Errors
    /// [`Error::Input`] for a blank name.
    pub fn spot(asset: &str) -> Result<Self> {
        Ok(Self::Spot(Assets::One(AssetId::new(asset)?)))
    }

    /// The volatility of one asset, over all strikes and expiries.
    ///
    /// # Errors
    /// [`Error::Input`] for a blank name.
    pub fn volatility(asset: &str) -> Result<Self> {
        Ok(Self::volatility_of(Assets::One(AssetId::new(asset)?)))
    }

    /// The volatilities of assets, over all strikes and expiries.
    #[must_use]
    pub fn volatility_of(assets: Assets) -> Self {
        Self::Volatility { assets, moneyness: Span::ALL, tenor_days: Span::ALL }
    }

    /// The rate of one currency.
    ///
    /// # Errors
    /// [`Error::Input`] for a blank name.
    pub fn rate(currency: &str) -> Result<Self> {
        Ok(Self::Rate(Currencies::One(Currency::new(currency)?)))
    }

    /// The price of one currency.
    ///
    /// # Errors
    /// [`Error::Input`] for a blank name.
    pub fn fx(currency: &str) -> Result<Self> {
        Ok(Self::Fx(Currencies::One(Currency::new(currency)?)))
    }

    /// The target that moves one factor and nothing else.
    ///
    /// # Errors
    /// [`Error::UnknownFactor`] for the volatility of a single contract, which steps reach by buckets.
    pub fn of(factor: &Factor) -> Result<Self> {
        match factor {
            Factor::Spot(asset) => Ok(Self::Spot(Assets::One(asset.clone()))),
            Factor::Volatility(asset) => Ok(Self::volatility_of(Assets::One(asset.clone()))),
            Factor::ContractVolatility(_) => {
                Err(Error::UnknownFactor { what: "the scenario language", factor: factor.to_string() })
            }
            Factor::Rate(currency) => Ok(Self::Rate(Currencies::One(currency.clone()))),
            Factor::Dividend(asset) => Ok(Self::DividendYield(Assets::One(asset.clone()))),
            Factor::Fx(currency) => Ok(Self::Fx(Currencies::One(currency.clone()))),
        }
    }
}

/// How a step changes the value `x` that the step before it left.
///
/// ```text
/// relative              x · (1 + s)
/// absolute              x + s
/// log                   x · exp(s)
/// standard deviations   by z · σ · √max(days, 1), in the measure in which σ was given
/// level                 s
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shock {
    /// A fraction of the value: −0.2 is a fall of 20 %.
    Relative(f64),
    /// In the unit of the value: 0.05 of volatility is five points, 0.01 of rate is 100 basis points.
    Absolute(f64),
    /// A logarithmic change.
    Log(f64),
    /// So many standard deviations of the factor over the days that the scenario takes.
    StandardDeviations(f64),
    /// A new value, whatever it was before.
    Level(f64),
}

impl Shock {
    /// The number in it.
    #[must_use]
    pub fn size(self) -> f64 {
        match self {
            Self::Relative(size)
            | Self::Absolute(size)
            | Self::Log(size)
            | Self::StandardDeviations(size)
            | Self::Level(size) => size,
        }
    }
}

/// What moves, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What moves.
    pub target: Target,
    /// How.
    pub shock: Shock,
}

impl Step {
    /// A step of a scenario.
    #[must_use]
    pub fn new(target: Target, shock: Shock) -> Self {
        Self { target, shock }
    }
}

impl fmt::Display for Assets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => f.write_str("every asset"),
            Self::One(asset) => write!(f, "{asset}"),
            Self::Labelled { axis, label } => write!(f, "assets labelled {axis} = {label}"),
        }
    }
}

impl fmt::Display for Currencies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Every => f.write_str("every currency"),
            Self::One(currency) => write!(f, "{currency}"),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spot(assets) => write!(f, "spot of {assets}"),
            Self::Volatility { assets, moneyness, tenor_days } => {
                write!(f, "volatility of {assets}")?;
                if moneyness.is_all() && tenor_days.is_all() { Ok(()) } else { f.write_str(" in a bucket") }
            }
            Self::Rate(currencies) => write!(f, "rate of {currencies}"),
            Self::DividendYield(assets) => write!(f, "dividend yield of {assets}"),
            Self::Fx(currencies) => write!(f, "price of {currencies}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ContractId;

    use super::*;

    #[test]
    fn ranges_include_their_ends_and_refuse_nonsense() {
        let span = Span::between(0.8, 0.95).unwrap();
        assert!(span.contains(0.8) && span.contains(0.95) && !span.contains(0.79) && !span.contains(0.96));
        assert!(Span::new(None, Some(1.0)).unwrap().contains(0.0));
        assert!(Span::new(Some(1.0), None).unwrap().contains(f64::MAX));
        assert!(Span::between(0.0, 0.0).unwrap().contains(0.0));
        assert!(Span::between(1.0, 1.0).is_ok());
        for (from, to) in [(-0.1, 1.0), (0.0, f64::NAN), (f64::INFINITY, f64::INFINITY), (1.0, 0.9)] {
            assert!(Span::between(from, to).is_err(), "{from} {to}");
        }
        assert!(serde_json::from_str::<Span>(r#"{"from": 2, "to": 1}"#).is_err());
        assert!(serde_json::from_str::<Span>(r#"{"form": 2}"#).is_err());
    }

    #[test]
    fn a_factor_finds_its_target() {
        let asset = AssetId::new("A").unwrap();
        let eur = Currency::new("EUR").unwrap();
        for (factor, text) in [
            (Factor::Spot(asset.clone()), "spot of A"),
            (Factor::Volatility(asset.clone()), "volatility of A"),
            (Factor::Rate(eur.clone()), "rate of EUR"),
            (Factor::Dividend(asset.clone()), "dividend yield of A"),
            (Factor::Fx(eur), "price of EUR"),
        ] {
            assert_eq!(Target::of(&factor).unwrap().to_string(), text);
        }
        let contract = Factor::ContractVolatility(ContractId::of(&asset, "x"));
        assert!(matches!(Target::of(&contract), Err(Error::UnknownFactor { .. })));
        assert_eq!(Target::of(&Factor::Spot(asset)).unwrap(), Target::spot("A").unwrap());
    }

    #[test]
    fn targets_say_what_they_are() {
        let bucket = Target::Volatility {
            assets: Assets::Every,
            moneyness: Span::ALL,
            tenor_days: Span::between(0.0, 30.0).unwrap(),
        };
        assert_eq!(bucket.to_string(), "volatility of every asset in a bucket");
        assert_eq!(Target::Rate(Currencies::Every).to_string(), "rate of every currency");
        let labelled = Assets::Labelled { axis: "sector".into(), label: "tech".into() };
        assert_eq!(Target::Spot(labelled).to_string(), "spot of assets labelled sector = tech");
    }
}

//! How far a weight may drift from its target.

use alluse_risk_core::{Error as InputError, Horizon, Weights};
use serde::{Deserialize, Serialize};

use super::check::{length, not_negative, positive};
use crate::{Error, Result, RiskModel};

/// What the width of a band is measured in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BandScale {
    /// Points of weight: 0.05 lets 60 % become 55 % to 65 %.
    Absolute,
    /// Fractions of the target: 0.25 lets 20 % become 15 % to 25 %. A target of zero allows nothing.
    Relative,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Width {
    Uniform(f64),
    Each(Vec<f64>),
    Volatility { multiple: f64, horizon: Horizon },
}

/// The half-width of the band around each target weight.
///
/// | constructor | half-width |
/// |---|---|
/// | [`uniform`](Self::uniform) | the same for all |
/// | [`each`](Self::each) | one an asset |
/// | [`volatility_scaled`](Self::volatility_scaled) | `k σᵢ √h`, so that a volatile asset does not trade on noise |
///
/// Each is in points of weight or a fraction of the target, by [`BandScale`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawBands", into = "RawBands")]
pub struct Bands {
    scale: BandScale,
    width: Width,
}

impl Bands {
    /// The same half-width for every asset.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is finite and not negative.
    pub fn uniform(scale: BandScale, half_width: f64) -> Result<Self> {
        Ok(Self { scale, width: Width::Uniform(not_negative("band", half_width)?) })
    }

    /// One half-width an asset.
    ///
    /// # Errors
    /// [`Error::Input`] without one, or unless all are finite and not negative.
    pub fn each(scale: BandScale, half_widths: Vec<f64>) -> Result<Self> {
        if half_widths.is_empty() {
            return Err(InputError::Empty { name: "bands" }.into());
        }
        for (index, width) in half_widths.iter().enumerate() {
            let holds = *width >= 0.0 && width.is_finite();
            super::check::element(holds, "bands", index, "finite and not negative", *width)?;
        }
        Ok(Self { scale, width: Width::Each(half_widths) })
    }

    /// `k σᵢ √h`, σ per period of the risk model and h in its periods.
    ///
    /// # Errors
    /// [`Error::Input`] unless the multiple is positive and finite.
    pub fn volatility_scaled(scale: BandScale, multiple: f64, horizon: Horizon) -> Result<Self> {
        Ok(Self { scale, width: Width::Volatility { multiple: positive("band multiple", multiple)?, horizon } })
    }

    /// The half-widths around these targets, in points of weight.
    ///
    /// # Errors
    /// [`Error::Input`] for a wrong number of widths or assets, [`Error::Unsupported`] for a volatility-scaled band
    /// without a risk model.
    pub fn half_widths(&self, target: &Weights, risk: Option<&RiskModel>) -> Result<Vec<f64>> {
        let n = target.len();
        let widths = match &self.width {
            Width::Uniform(width) => vec![*width; n],
            Width::Each(widths) => {
                length("bands", n, widths.len())?;
                widths.clone()
            }
            Width::Volatility { multiple, horizon } => {
                let risk = needed(risk)?;
                length("risk model", n, risk.len())?;
                let root = f64::from(horizon.trading_days()).sqrt();
                risk.volatilities().iter().map(|volatility| multiple * volatility * root).collect()
            }
        };
        Ok(match self.scale {
            BandScale::Absolute => widths,
            BandScale::Relative => widths.iter().zip(target.view()).map(|(width, w)| width * w.abs()).collect(),
        })
    }
}

/// The risk model, where a rule cannot do without.
pub(super) fn needed(risk: Option<&RiskModel>) -> Result<&RiskModel> {
    risk.ok_or_else(|| Error::Unsupported { what: "this rule without a risk model".to_owned() })
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBands {
    scale: BandScale,
    width: Width,
}

impl TryFrom<RawBands> for Bands {
    type Error = Error;

    fn try_from(raw: RawBands) -> Result<Self> {
        match raw.width {
            Width::Uniform(width) => Self::uniform(raw.scale, width),
            Width::Each(widths) => Self::each(raw.scale, widths),
            Width::Volatility { multiple, horizon } => Self::volatility_scaled(raw.scale, multiple, horizon),
        }
    }
}

impl From<Bands> for RawBands {
    fn from(bands: Bands) -> Self {
        Self { scale: bands.scale, width: bands.width }
    }
}

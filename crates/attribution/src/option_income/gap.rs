//! Where premiums alone tell another story than the market.

use serde::{Deserialize, Serialize};

use super::{LabelIncome, OptionIncome};
use crate::{Result, check};

/// From which difference on a view misleads: a fraction of a capital.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawMateriality", into = "RawMateriality")]
pub struct Materiality {
    capital: f64,
    fraction: f64,
}

impl Materiality {
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a capital that is not positive and finite and a fraction that is
    /// negative or not finite.
    pub fn new(capital: f64, fraction: f64) -> Result<Self> {
        check::ensure(capital > 0.0 && capital.is_finite(), "capital", "positive and finite", capital)?;
        check::ensure(fraction >= 0.0 && fraction.is_finite(), "materiality", "finite and not negative", fraction)?;
        Ok(Self { capital, fraction })
    }
}

#[derive(Serialize, Deserialize)]
struct RawMateriality {
    capital: f64,
    fraction: f64,
}

impl TryFrom<RawMateriality> for Materiality {
    type Error = crate::Error;

    fn try_from(raw: RawMateriality) -> Result<Self> {
        Self::new(raw.capital, raw.fraction)
    }
}

impl From<Materiality> for RawMateriality {
    fn from(Materiality { capital, fraction }: Materiality) -> Self {
        Self { capital, fraction }
    }
}

/// How the premium view misleads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapKind {
    /// A gain by premiums that is a loss marked to market.
    LossShownAsGain,
    /// The same sign, but too much.
    Overstated,
}

/// A premium view that is materially above the mark-to-market view.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PremiumGap {
    /// Of which label; `total` for everything.
    pub label: String,
    /// How.
    pub kind: GapKind,
    /// Premiums received and paid, less fees.
    pub premium_only: f64,
    /// Realised against cost.
    pub realised: f64,
    /// What happened.
    pub mark_to_market: f64,
    /// By how much premiums alone overstate it.
    pub overstatement: f64,
    /// As a fraction of the capital.
    pub of_capital: f64,
}

impl OptionIncome {
    /// Where the premium view is above the mark-to-market view by more than is material: in total, or for each label of
    /// an axis.
    ///
    /// # Errors
    /// As [`by_label`](Self::by_label).
    pub fn premium_view_misleads(&self, axis: Option<&str>, materiality: Materiality) -> Result<Vec<PremiumGap>> {
        let views = match axis {
            Some(axis) => self.by_label(axis)?,
            None => vec![LabelIncome {
                label: "total".to_owned(),
                parts: self.total,
                mark_to_market: self.mark_to_market,
                premium_only: self.total.premium_only(),
                realised: self.realised,
            }],
        };
        Ok(views.into_iter().filter_map(|view| premium_gap(&view, materiality)).collect())
    }
}

fn premium_gap(view: &LabelIncome, materiality: Materiality) -> Option<PremiumGap> {
    let LabelIncome { label, mark_to_market, premium_only, realised, .. } = view.clone();
    let overstatement = premium_only - mark_to_market;
    let of_capital = overstatement / materiality.capital;
    let kind = match premium_only > 0.0 && mark_to_market < 0.0 {
        true => GapKind::LossShownAsGain,
        false => GapKind::Overstated,
    };
    let gap = PremiumGap { label, kind, premium_only, realised, mark_to_market, overstatement, of_capital };
    (of_capital > materiality.fraction).then_some(gap)
}

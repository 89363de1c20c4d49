//! Strategies as templates of legs.

use std::collections::BTreeSet;

use alluse_risk_core::{AssetId, Error as CoreError};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::pricing::{ExerciseStyle, OptionKind};
use crate::{Error, Instrument, Multiplier, OptionContract, Result};

/// What a leg is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegKind {
    /// As many shares as one contract delivers.
    Share,
    /// A call.
    Call,
    /// A put.
    Put,
}

/// One leg of a template. Strikes and expiries are slots: equal slots are equal, a higher slot is a higher strike or a
/// later expiry. A share has neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegTemplate {
    /// What it is.
    pub kind: LegKind,
    /// Contracts per unit of the strategy; negative when short.
    pub ratio: i32,
    /// Place among the strikes, from 0.
    #[serde(default)]
    pub strike: usize,
    /// Place among the expiries, from 0.
    #[serde(default)]
    pub expiry: usize,
}

/// How the strikes of a form lie.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StrikeSpacing {
    /// Increasing.
    #[default]
    Free,
    /// Increasing by equal steps, as those of a butterfly.
    Equal,
}

/// One way to build a strategy: a put butterfly and a call butterfly are two forms of one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrategyForm {
    /// Its legs.
    pub legs: Vec<LegTemplate>,
    /// How its strikes lie.
    #[serde(default)]
    pub spacing: StrikeSpacing,
}

/// A named strategy. Its mirror image, with every sign turned, is the other side of the same trade.
///
/// ```
/// use alluse_instruments::strategy::{StrategyTemplate, StrategyTerms};
/// use alluse_instruments::Multiplier;
/// use alluse_instruments::pricing::ExerciseStyle;
/// use jiff::civil::date;
///
/// let condor = StrategyTemplate::named("iron_condor")?;
/// let terms = StrategyTerms {
///     underlying: "SPY".to_owned().try_into()?,
///     strikes: vec![440.0, 450.0, 480.0, 490.0],
///     expiries: vec![date(2024, 1, 19)],
///     multiplier: Multiplier::EQUITY,
///     style: ExerciseStyle::American,
/// };
/// let legs = condor.legs(0, &terms, 2)?;
/// assert_eq!(legs[1].0.to_string(), "SPY 2024-01-19 P 450");
/// assert_eq!(legs[1].1, -2.0); // two contracts, short
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct StrategyTemplate {
    name: String,
    forms: Vec<StrategyForm>,
}

/// Where the slots of a template lie in a trade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StrategyTerms {
    /// What the legs are written on.
    pub underlying: AssetId,
    /// One strike per slot, increasing.
    pub strikes: Vec<f64>,
    /// One expiry per slot, increasing.
    pub expiries: Vec<Date>,
    /// Units per contract, and shares per share leg.
    pub multiplier: Multiplier,
    /// When the options may be exercised.
    pub style: ExerciseStyle,
}

impl StrategyTemplate {
    /// A strategy with one or more forms.
    ///
    /// # Errors
    /// [`Error::Strategy`] for a blank name, no form, a form without legs, a ratio of zero, ratios with a common
    /// factor, or slots that skip a number.
    pub fn new(name: impl Into<String>, forms: Vec<StrategyForm>) -> Result<Self> {
        let name = name.into();
        let refuse = |reason: String| Err(Error::Strategy { name: name.clone(), reason });
        if name.trim().is_empty() {
            return refuse("a strategy needs a name".to_owned());
        }
        if forms.is_empty() {
            return refuse("a strategy needs a form".to_owned());
        }
        for (index, form) in forms.iter().enumerate() {
            if let Some(reason) = form.fault() {
                return refuse(format!("form {index}: {reason}"));
            }
        }
        Ok(Self { name, forms })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The ways to build it.
    #[must_use]
    pub fn forms(&self) -> &[StrategyForm] {
        &self.forms
    }

    /// The legs of `units` of a form; negative units give the other side of the trade.
    ///
    /// # Errors
    /// [`Error::Strategy`] for a form that does not exist, no units, or another number of strikes or expiries than
    /// the form has slots; [`Error::Input`] for strikes or expiries that do not increase.
    pub fn legs(&self, form: usize, terms: &StrategyTerms, units: i32) -> Result<Vec<(Instrument, f64)>> {
        let refuse = |reason: String| Error::Strategy { name: self.name.clone(), reason };
        let count = self.forms.len();
        let form = self.forms.get(form).ok_or_else(|| refuse(format!("form {form} of {count} does not exist")))?;
        if units == 0 {
            return Err(refuse("no units".to_owned()));
        }
        form.check_terms(terms).map_err(|reason| refuse(reason.to_owned()))?;
        increasing("strikes", &terms.strikes)?;
        if let Some(index) = (1..terms.expiries.len()).find(|&i| terms.expiries[i - 1] >= terms.expiries[i]) {
            let value = terms.expiries[index].to_string();
            return Err(CoreError::NotIncreasing { name: "expiries", index, value }.into());
        }
        form.legs.iter().map(|leg| leg.open(terms, units)).collect()
    }
}

fn increasing(name: &'static str, values: &[f64]) -> Result<()> {
    match (1..values.len()).find(|&i| !(values[i - 1] < values[i])) {
        Some(index) => Err(CoreError::NotIncreasing { name, index, value: values[index].to_string() }.into()),
        None => Ok(()),
    }
}

impl LegTemplate {
    fn open(&self, terms: &StrategyTerms, units: i32) -> Result<(Instrument, f64)> {
        let contracts = f64::from(self.ratio) * f64::from(units);
        let kind = match self.kind {
            LegKind::Share => {
                let asset = terms.underlying.clone();
                return Ok((Instrument::Share { asset }, contracts * terms.multiplier.units()));
            }
            LegKind::Call => OptionKind::Call,
            LegKind::Put => OptionKind::Put,
        };
        let (strike, expiry) = (terms.strikes[self.strike], terms.expiries[self.expiry]);
        let contract =
            OptionContract::new(terms.underlying.as_str(), kind, terms.style, strike, expiry, terms.multiplier)?;
        Ok((Instrument::Option(contract), contracts))
    }
}

impl StrategyForm {
    /// Legs at freely increasing strikes.
    #[must_use]
    pub fn free(legs: Vec<LegTemplate>) -> Self {
        Self { legs, spacing: StrikeSpacing::Free }
    }

    /// Number of different strikes.
    #[must_use]
    pub fn strikes(&self) -> usize {
        self.options().map(|leg| leg.strike + 1).max().unwrap_or(0)
    }

    /// Number of different expiries.
    #[must_use]
    pub fn expiries(&self) -> usize {
        self.options().map(|leg| leg.expiry + 1).max().unwrap_or(0)
    }

    fn options(&self) -> impl Iterator<Item = &LegTemplate> {
        self.legs.iter().filter(|leg| leg.kind != LegKind::Share)
    }

    fn fault(&self) -> Option<&'static str> {
        if self.legs.is_empty() {
            return Some("it has no legs");
        }
        if self.legs.iter().any(|leg| leg.ratio == 0) {
            return Some("a leg with a ratio of zero is no leg");
        }
        if self.legs.iter().fold(0, |divisor, leg| gcd(divisor, leg.ratio.unsigned_abs())) > 1 {
            return Some("its ratios have a common factor");
        }
        let complete = |slots: BTreeSet<usize>| slots.iter().copied().eq(0..slots.len());
        if !complete(self.options().map(|leg| leg.strike).collect()) {
            return Some("its strike slots skip a number");
        }
        if !complete(self.options().map(|leg| leg.expiry).collect()) {
            return Some("its expiry slots skip a number");
        }
        None
    }

    fn check_terms(&self, terms: &StrategyTerms) -> std::result::Result<(), &'static str> {
        if terms.strikes.len() != self.strikes() {
            return Err("another number of strikes than the form has slots");
        }
        if terms.expiries.len() != self.expiries() {
            return Err("another number of expiries than the form has slots");
        }
        if self.spacing == StrikeSpacing::Equal && !equally_spaced(&terms.strikes) {
            return Err("the strikes must lie at equal distances");
        }
        Ok(())
    }
}

/// Listed strikes are written in decimals, so distances agree up to rounding only.
pub(super) fn equally_spaced(strikes: &[f64]) -> bool {
    let steps: Vec<f64> = strikes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let scale = strikes.iter().fold(0.0_f64, |most, strike| most.max(strike.abs()));
    steps.iter().all(|step| (step - steps[0]).abs() <= 1e-9 * scale)
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// The stored form, so that a stored template is checked when it is read back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    forms: Vec<StrategyForm>,
}

impl TryFrom<Raw> for StrategyTemplate {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.name, raw.forms)
    }
}

impl From<StrategyTemplate> for Raw {
    fn from(StrategyTemplate { name, forms }: StrategyTemplate) -> Self {
        Self { name, forms }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn leg(kind: LegKind, ratio: i32, strike: usize, expiry: usize) -> LegTemplate {
        LegTemplate { kind, ratio, strike, expiry }
    }

    fn terms(strikes: &[f64], months: &[i8]) -> StrategyTerms {
        StrategyTerms {
            underlying: AssetId::new("A").unwrap(),
            strikes: strikes.to_vec(),
            expiries: months.iter().map(|m| date(2024, *m, 19)).collect(),
            multiplier: Multiplier::EQUITY,
            style: ExerciseStyle::American,
        }
    }

    #[test]
    fn malformed_templates_are_refused_by_every_door() {
        let put = leg(LegKind::Put, -1, 0, 0);
        for (legs, said) in [
            (vec![], "no legs"),
            (vec![leg(LegKind::Put, 0, 0, 0)], "ratio of zero"),
            (vec![leg(LegKind::Put, -2, 0, 0), leg(LegKind::Call, 4, 1, 0)], "common factor"),
            (vec![put, leg(LegKind::Call, 1, 2, 0)], "strike slots"),
            (vec![put, leg(LegKind::Call, 1, 0, 2)], "expiry slots"),
        ] {
            let error = StrategyTemplate::new("x", vec![StrategyForm::free(legs)]).unwrap_err();
            assert!(error.to_string().contains(said), "{error}");
        }
        assert!(StrategyTemplate::new(" ", vec![StrategyForm::free(vec![put])]).is_err());
        assert!(StrategyTemplate::new("x", vec![]).is_err());
        let template = StrategyTemplate::new("x", vec![StrategyForm::free(vec![put])]).unwrap();
        let text = serde_json::to_string(&template).unwrap();
        assert_eq!(serde_json::from_str::<StrategyTemplate>(&text).unwrap(), template);
        assert!(serde_json::from_str::<StrategyTemplate>(&text.replace("\"ratio\":-1", "\"ratio\":0")).is_err());
        assert!(serde_json::from_str::<StrategyTemplate>(&text.replace("\"kind\"", "\"sort\"")).is_err());
    }

    #[test]
    fn terms_must_fit_the_slots() {
        let butterfly = StrategyTemplate::named("butterfly").unwrap();
        assert!(butterfly.legs(0, &terms(&[90.0, 100.0, 110.0], &[1]), 1).is_ok());
        assert!(butterfly.legs(0, &terms(&[90.0, 100.0, 111.0], &[1]), 1).is_err());
        assert!(butterfly.legs(0, &terms(&[90.0, 100.0], &[1]), 1).is_err());
        assert!(butterfly.legs(0, &terms(&[90.0, 100.0, 110.0], &[1, 2]), 1).is_err());
        assert!(butterfly.legs(0, &terms(&[90.0, 100.0, 110.0], &[1]), 0).is_err());
        assert!(butterfly.legs(9, &terms(&[90.0, 100.0, 110.0], &[1]), 1).is_err());
        let error = butterfly.legs(0, &terms(&[110.0, 100.0, 90.0], &[1]), 1).unwrap_err();
        assert!(matches!(error, Error::Input(CoreError::NotIncreasing { name: "strikes", index: 1, .. })));
        let calendar = StrategyTemplate::named("calendar").unwrap();
        let error = calendar.legs(0, &terms(&[100.0], &[2, 1]), 1).unwrap_err();
        assert!(matches!(error, Error::Input(CoreError::NotIncreasing { name: "expiries", index: 1, .. })));
    }

    #[test]
    fn a_share_leg_is_as_many_shares_as_a_contract_delivers() {
        let covered = StrategyTemplate::named("covered_call").unwrap();
        let legs = covered.legs(0, &terms(&[110.0], &[1]), 3).unwrap();
        assert_eq!((legs[0].0.to_string().as_str(), legs[0].1), ("A", 300.0));
        assert_eq!((legs[1].0.to_string().as_str(), legs[1].1), ("A 2024-01-19 C 110", -3.0));
        let other_side = covered.legs(0, &terms(&[110.0], &[1]), -3).unwrap();
        assert_eq!((other_side[0].1, other_side[1].1), (-300.0, 3.0));
    }
}

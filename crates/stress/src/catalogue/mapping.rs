//! From a recorded crisis to a scenario for a book: which factor follows which, and how closely.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Change, Crisis, CrisisFactor, crisis};
use crate::{Error, Result, Shock, Step, StressScenario, Target};

/// How the move of a crisis becomes a shock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkMeasure {
    /// By a fraction: of prices and index levels.
    Relative,
    /// By a difference: basis points become decimals, and points of a volatility index become decimals.
    Absolute,
    /// By an elasticity: a fall of half moves what follows with a beta of 2 to a quarter, never below zero.
    Log,
}

/// What moves in the book, and what it follows.
///
/// ```text
/// relative   x · (1 + β · r)           r the relative move on record
/// absolute   x + β · (end − start)     yields as decimals, volatility points / 100
/// log        x · (1 + r)^β
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrisisLink {
    target: Target,
    follows: CrisisFactor,
    beta: f64,
    measure: LinkMeasure,
}

impl CrisisLink {
    /// Lets a target move by `beta` times the move of a recorded factor: relative for prices and the volatility
    /// index, absolute for yields and spreads.
    #[must_use]
    pub fn new(target: Target, follows: CrisisFactor, beta: f64) -> Self {
        use CrisisFactor as F;
        let measure = match follows {
            F::Treasury3Month | F::Treasury2Year | F::Treasury10Year => LinkMeasure::Absolute,
            F::HighYieldSpread | F::InvestmentGradeSpread => LinkMeasure::Absolute,
            _ => LinkMeasure::Relative,
        };
        Self { target, follows, beta, measure }
    }

    /// In another measure: volatility in points, for one.
    #[must_use]
    pub fn in_measure(self, measure: LinkMeasure) -> Self {
        Self { measure, ..self }
    }
}

/// What stands in for a number that a crisis does not have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proxy {
    /// A relative change that the caller gives: 2.0 trebles a volatility.
    Relative(f64),
    /// An absolute change that the caller gives, as a decimal.
    Absolute(f64),
    /// What the same factor did in the crisis of this name.
    Crisis(String),
}

/// Which factors of a book follow which factors of a crisis. Nothing is assumed: what has no link does not move,
/// and what follows a factor that a crisis did not record needs a proxy by name.
///
/// ```
/// use alluse_stress::{CrisisFactor, CrisisLink, CrisisMapping, Proxy, Shock, Target, crisis};
///
/// let mapping = CrisisMapping::new(vec![
///     CrisisLink::new(Target::spot("AAPL")?, CrisisFactor::Equity, 1.2),
///     CrisisLink::new(Target::volatility("AAPL")?, CrisisFactor::VolatilityIndex, 0.8),
/// ])?;
/// let lehman = crisis("lehman_2008")?.scenario(&mapping)?;
/// assert!(matches!(lehman.steps()[0].shock, Shock::Relative(fall) if (fall + 1.2 * 0.2816).abs() < 1e-12));
///
/// // 1987 has no volatility on record.
/// let crash = crisis("black_monday_1987")?;
/// assert!(crash.scenario(&mapping).is_err());
/// let mapping = mapping.with_proxy(CrisisFactor::VolatilityIndex, Proxy::Crisis("lehman_2008".into()))?;
/// assert_eq!(crash.scenario(&mapping)?.assumptions().len(), 1); // and the scenario says so
/// # Ok::<(), alluse_stress::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct CrisisMapping {
    links: Vec<CrisisLink>,
    proxies: BTreeMap<CrisisFactor, Proxy>,
    days: u32,
}

impl CrisisMapping {
    /// A mapping of links, applied in this order; the shocks happen now.
    ///
    /// # Errors
    /// [`Error::Input`] for no links or a beta that is not finite; [`Error::Infeasible`] for a yield or a spread
    /// in the relative measure, which fails where rates are near zero.
    pub fn new(links: Vec<CrisisLink>) -> Result<Self> {
        Self::checked(Raw { links, proxies: BTreeMap::new(), days: 0 })
    }

    /// With a stand-in for the moves of a factor in crises that did not record it.
    ///
    /// # Errors
    /// [`Error::Input`] for a number that is not finite, or a crisis that the catalogue does not have.
    pub fn with_proxy(mut self, factor: CrisisFactor, proxy: Proxy) -> Result<Self> {
        self.proxies.insert(factor, proxy);
        Self::checked(self.into())
    }

    /// With the exchange days that the shocks take; 0, the default, is now.
    #[must_use]
    pub fn with_days(self, days: u32) -> Self {
        Self { days, ..self }
    }

    fn checked(raw: Raw) -> Result<Self> {
        let Raw { links, proxies, days } = raw;
        if links.is_empty() {
            return Err(alluse_risk_core::Error::Empty { name: "links" }.into());
        }
        for (index, link) in links.iter().enumerate() {
            if !link.beta.is_finite() {
                let value = link.beta;
                let error =
                    alluse_risk_core::Error::ElementOutOfDomain { name: "betas", index, expected: "finite", value };
                return Err(error.into());
            }
            let default = CrisisLink::new(link.target.clone(), link.follows, link.beta).measure;
            if default == LinkMeasure::Absolute && link.measure != LinkMeasure::Absolute {
                let reason = format!("the {} has no relative move", link.follows);
                return Err(Error::Infeasible { what: "the mapping of a crisis", reason });
            }
        }
        for proxy in proxies.values() {
            match proxy {
                Proxy::Crisis(name) => {
                    crisis(name)?;
                }
                Proxy::Relative(value) | Proxy::Absolute(value) if !value.is_finite() => {
                    let (name, expected, value) = ("proxy", "finite", *value);
                    return Err(alluse_risk_core::Error::OutOfDomain { name, expected, value }.into());
                }
                Proxy::Relative(_) | Proxy::Absolute(_) => {}
            }
        }
        Ok(Self { links, proxies, days })
    }
}

impl Crisis {
    /// The crisis as a scenario for a book, one step a link.
    ///
    /// # Errors
    /// [`Error::UnknownFactor`] for a factor that the crisis did not record and that has no proxy, or a proxy in
    /// another measure than its link; [`Error::Scenario`] for more than 10 000 days.
    pub fn scenario(&self, mapping: &CrisisMapping) -> Result<StressScenario> {
        let mut steps = Vec::with_capacity(mapping.links.len());
        let mut assumptions: Vec<String> = Vec::new();
        let mut sources: Vec<&str> = Vec::new();
        for link in &mapping.links {
            let size = match self.recorded(link.follows) {
                Some(recorded) => {
                    if !sources.contains(&recorded.source) {
                        sources.push(recorded.source);
                    }
                    in_measure(recorded.change, link)?
                }
                None => {
                    let (size, text) = self.stand_in(link, mapping.proxies.get(&link.follows))?;
                    if !assumptions.contains(&text) {
                        assumptions.push(text);
                    }
                    size
                }
            };
            let shock = match link.measure {
                LinkMeasure::Relative => Shock::Relative(link.beta * size),
                LinkMeasure::Absolute => Shock::Absolute(link.beta * size),
                LinkMeasure::Log => Shock::Log(link.beta * size),
            };
            steps.push(Step::new(link.target.clone(), shock));
        }
        let mut scenario = StressScenario::new(self.name, steps)?
            .with_description(&format!("{}, {} to {}", self.title, self.start, self.end))
            .with_days(mapping.days)?;
        if !sources.is_empty() {
            scenario = scenario.with_source(&sources.join("; "));
        }
        Ok(assumptions.iter().fold(scenario, |scenario, text| scenario.with_assumption(text)))
    }

    fn stand_in(&self, link: &CrisisLink, proxy: Option<&Proxy>) -> Result<(f64, String)> {
        let factor = link.follows;
        let missing = |reason: &str| Error::UnknownFactor {
            what: "the catalogue",
            factor: format!("{factor} in {} ({}); {reason}", self.title, self.name),
        };
        let size = match (proxy, link.measure) {
            (None, _) => return Err(missing("give a proxy for it")),
            (Some(Proxy::Relative(size)), LinkMeasure::Relative)
            | (Some(Proxy::Absolute(size)), LinkMeasure::Absolute) => *size,
            (Some(Proxy::Relative(size)), LinkMeasure::Log) if *size > -1.0 => libm::log1p(*size),
            (Some(Proxy::Relative(_) | Proxy::Absolute(_)), _) => {
                return Err(missing("the proxy is in another measure than the link"));
            }
            (Some(Proxy::Crisis(name)), _) => {
                let other = crisis(name)?;
                let recorded = other.recorded(factor).ok_or_else(|| missing("nor does the crisis of the proxy"))?;
                let size = in_measure(recorded.change, link)?;
                return Ok((size, format!("the {factor} moves as in {}: {size:+.4}", other.title)));
            }
        };
        Ok((size, format!("the {factor} moves by a given {size:+.4}")))
    }
}

/// The size of a move in the measure of a link, as a decimal.
fn in_measure(change: Change, link: &CrisisLink) -> Result<f64> {
    match (change, link.measure) {
        (Change::Relative(size), LinkMeasure::Relative) => Ok(size),
        (Change::Levels { start, end }, LinkMeasure::Relative) => Ok((end - start) / start),
        (Change::Levels { start, end }, LinkMeasure::Absolute) => Ok((end - start) / 100.0),
        (Change::BasisPoints(size), LinkMeasure::Absolute) => Ok(size / 10_000.0),
        (Change::Relative(size), LinkMeasure::Log) => Ok(libm::log1p(size)),
        (Change::Levels { start, end }, LinkMeasure::Log) => Ok(libm::log(end / start)),
        (Change::Relative(_), LinkMeasure::Absolute)
        | (Change::BasisPoints(_), LinkMeasure::Relative | LinkMeasure::Log) => {
            let reason = format!("the {} is not on record in the {:?} measure", link.follows, link.measure);
            Err(Error::Infeasible { what: "the scenario of a crisis", reason })
        }
    }
}

/// The stored form, so that a stored mapping is checked when it is read back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    links: Vec<CrisisLink>,
    #[serde(default)]
    proxies: BTreeMap<CrisisFactor, Proxy>,
    #[serde(default)]
    days: u32,
}

impl TryFrom<Raw> for CrisisMapping {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::checked(raw)
    }
}

impl From<CrisisMapping> for Raw {
    fn from(CrisisMapping { links, proxies, days }: CrisisMapping) -> Self {
        Self { links, proxies, days }
    }
}

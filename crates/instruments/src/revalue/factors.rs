//! Where the factors of a book stand in each scenario.

use std::collections::{BTreeMap, BTreeSet};

use alluse_risk_core::{AssetId, Assumption, ContractId, Currency, Factor, ScenarioSet, ShockKind};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::{Book, Error, Instrument, MarketSnapshot, OptionContract, Result};

/// Factors that may be missing from the scenarios and then stay where they are.
///
/// Rates and dividend yields may always be missing; what is held fixed is recorded as an assumption either
/// way. A volatility that does not move in a crash is a wrong number, so it must be asked for by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum HeldFixed {
    /// Volatilities without scenarios do not move.
    Volatility,
}

/// One factor today and in each scenario.
#[derive(Debug, Clone)]
pub(super) struct Path {
    pub(super) now: f64,
    /// `None` when it does not move.
    pub(super) then: Option<Vec<f64>>,
    /// Logarithms of `then` for a price that options are written on, taken once for all of them.
    pub(super) log_then: Vec<f64>,
}

impl Path {
    fn fixed(now: f64) -> Self {
        Self { now, then: None, log_then: Vec::new() }
    }

    /// The value in a scenario.
    pub(super) fn at(&self, scenario: usize) -> f64 {
        self.then.as_ref().map_or(self.now, |then| then[scenario])
    }
}

/// What the scenarios do to a volatility, whatever it is today.
#[derive(Debug, Clone)]
pub(super) enum VolatilityShock {
    Fixed,
    Multiply(Vec<f64>),
    Add(Vec<f64>),
}

impl VolatilityShock {
    fn new(kind: ShockKind, shocks: ArrayView1<'_, f64>) -> Self {
        match kind {
            ShockKind::Relative => Self::Multiply(shocks.iter().map(|s| 1.0 + s).collect()),
            ShockKind::Log => Self::Multiply(shocks.iter().map(|s| libm::exp(*s)).collect()),
            ShockKind::Absolute => Self::Add(shocks.to_vec()),
        }
    }

    /// Refuses additive shocks that would take any of `volatilities` below zero, and multipliers that are not
    /// finite.
    fn check(
        &self,
        scenarios: &ScenarioSet,
        factor: &Factor,
        volatilities: impl IntoIterator<Item = f64>,
    ) -> Result<()> {
        let refused = |index: usize, expected, value| Error::ShockOutOfDomain {
            scenario: scenarios.ids()[index].to_string(),
            factor: factor.to_string(),
            expected,
            value,
        };
        let shocks = match self {
            Self::Fixed => return Ok(()),
            Self::Multiply(by) => {
                return match by.iter().position(|by| !by.is_finite()) {
                    Some(index) => Err(refused(index, "finite", by[index])),
                    None => Ok(()),
                };
            }
            Self::Add(shocks) => shocks,
        };
        for volatility in volatilities {
            if let Some(index) = shocks.iter().position(|s| volatility + s < 0.0) {
                return Err(refused(index, "at least 0", volatility + shocks[index]));
            }
        }
        Ok(())
    }
}

/// Every factor that a book depends on.
#[derive(Debug)]
pub(super) struct Factors {
    spots: BTreeMap<AssetId, Path>,
    volatilities: BTreeMap<AssetId, VolatilityShock>,
    /// Of the contracts that the scenarios name; they take precedence.
    contract_volatilities: BTreeMap<ContractId, VolatilityShock>,
    dividends: BTreeMap<AssetId, Path>,
    rates: BTreeMap<Currency, Path>,
    fx: BTreeMap<Currency, Path>,
    held: BTreeSet<Factor>,
}

impl Factors {
    pub(super) fn new(book: &Book, scenarios: &ScenarioSet, held_fixed: Option<HeldFixed>) -> Result<Self> {
        let mut factors = Self {
            spots: BTreeMap::new(),
            volatilities: BTreeMap::new(),
            contract_volatilities: BTreeMap::new(),
            dividends: BTreeMap::new(),
            rates: BTreeMap::new(),
            fx: BTreeMap::new(),
            held: BTreeSet::new(),
        };
        for position in book.positions() {
            factors.add_fx(book.market(), scenarios, book.currency(position))?;
            if let Some(asset) = position.instrument.underlying() {
                factors.add_spot(book.market(), scenarios, asset)?;
            }
            if let Instrument::Option(contract) = &position.instrument {
                factors.add_option(book, scenarios, contract, book.currency(position), held_fixed)?;
            }
        }
        Ok(factors)
    }

    pub(super) fn spot(&self, asset: &AssetId) -> Option<&Path> {
        self.spots.get(asset)
    }

    pub(super) fn volatility(&self, contract: &OptionContract) -> Option<&VolatilityShock> {
        // The name of a contract is made anew each time: not for scenarios that name none.
        let own =
            if self.contract_volatilities.is_empty() { None } else { self.contract_volatilities.get(&contract.id()) };
        own.or_else(|| self.volatilities.get(contract.underlying()))
    }

    /// Whether the scenarios shock the volatility of this contract alone.
    pub(super) fn shocks_contract(&self, contract: &OptionContract) -> bool {
        !self.contract_volatilities.is_empty() && self.contract_volatilities.contains_key(&contract.id())
    }

    pub(super) fn dividend(&self, asset: &AssetId) -> Option<&Path> {
        self.dividends.get(asset)
    }

    pub(super) fn rate(&self, currency: &Currency) -> Option<&Path> {
        self.rates.get(currency)
    }

    pub(super) fn fx(&self, currency: &Currency) -> Option<&Path> {
        self.fx.get(currency)
    }

    /// What was left where it is.
    pub(super) fn assumptions(&self) -> Vec<Assumption> {
        self.held.iter().map(|factor| Assumption::HeldFixed { factor: factor.clone() }).collect()
    }

    fn add_fx(&mut self, market: &MarketSnapshot, scenarios: &ScenarioSet, currency: &Currency) -> Result<()> {
        if self.fx.contains_key(currency) {
            return Ok(());
        }
        // Without a price the position is not valued; that is found out when it is planned.
        let Some(now) = market.fx(currency) else { return Ok(()) };
        let factor = Factor::Fx(currency.clone());
        let path = if currency == market.base() {
            Path::fixed(1.0)
        } else {
            let path = shocked(scenarios, &factor, now, |v| v > 0.0, "positive")?;
            path.ok_or_else(|| Error::MissingFactor { factor: factor.to_string() })?
        };
        self.fx.insert(currency.clone(), path);
        Ok(())
    }

    fn add_spot(&mut self, market: &MarketSnapshot, scenarios: &ScenarioSet, asset: &AssetId) -> Result<()> {
        if self.spots.contains_key(asset) {
            return Ok(());
        }
        let Some(now) = market.spot(asset) else { return Ok(()) };
        let path = shocked(scenarios, &Factor::Spot(asset.clone()), now, |v| v >= 0.0, "at least 0")?;
        if let Some(path) = path {
            self.spots.insert(asset.clone(), path);
        }
        Ok(())
    }

    fn add_option(
        &mut self,
        book: &Book,
        scenarios: &ScenarioSet,
        contract: &OptionContract,
        currency: &Currency,
        held_fixed: Option<HeldFixed>,
    ) -> Result<()> {
        let asset = contract.underlying();
        if let Some(Path { then: Some(then), log_then, .. }) = self.spots.get_mut(asset)
            && log_then.is_empty()
        {
            // A price of zero is legal for the share; the logarithm wants something above it, and the
            // smallest number there is changes no price.
            log_then.extend(then.iter().map(|spot| libm::log(spot.max(f64::MIN_POSITIVE))));
        }
        self.add_volatility(book, scenarios, contract, held_fixed)?;
        if !self.dividends.contains_key(asset)
            && let Some(now) = book.market().dividend_yield(asset)
        {
            let path = self.moved_or_held(scenarios, Factor::Dividend(asset.clone()), now)?;
            self.dividends.insert(asset.clone(), path);
        }
        if !self.rates.contains_key(currency)
            && let Some(now) = book.market().rate(currency)
        {
            let path = self.moved_or_held(scenarios, Factor::Rate(currency.clone()), now)?;
            self.rates.insert(currency.clone(), path);
        }
        Ok(())
    }

    fn add_volatility(
        &mut self,
        book: &Book,
        scenarios: &ScenarioSet,
        contract: &OptionContract,
        held_fixed: Option<HeldFixed>,
    ) -> Result<()> {
        // The name of a contract is made anew each time: not for scenarios that name none.
        if scenarios.factors().iter().any(|(factor, _)| matches!(factor, Factor::ContractVolatility(_))) {
            let id = contract.id();
            let own = Factor::ContractVolatility(id.clone());
            if let Some((kind, shocks)) = scenarios.column(&own) {
                let shock = VolatilityShock::new(kind, shocks);
                shock.check(scenarios, &own, book.market().volatility(contract))?;
                self.contract_volatilities.insert(id, shock);
                return Ok(());
            }
        }
        let asset = contract.underlying();
        if self.volatilities.contains_key(asset) {
            return Ok(());
        }
        let factor = Factor::Volatility(asset.clone());
        let shock = match scenarios.column(&factor) {
            Some((kind, shocks)) => VolatilityShock::new(kind, shocks),
            None if held_fixed == Some(HeldFixed::Volatility) => {
                self.held.insert(factor.clone());
                VolatilityShock::Fixed
            }
            None => return Err(Error::MissingFactor { factor: factor.to_string() }),
        };
        let contracts = book.positions().iter().filter_map(|p| p.option()).filter(|c| c.underlying() == asset);
        shock.check(scenarios, &factor, contracts.filter_map(|contract| book.market().volatility(contract)))?;
        self.volatilities.insert(asset.clone(), shock);
        Ok(())
    }

    fn moved_or_held(&mut self, scenarios: &ScenarioSet, factor: Factor, now: f64) -> Result<Path> {
        if let Some(path) = shocked(scenarios, &factor, now, f64::is_finite, "finite")? {
            return Ok(path);
        }
        self.held.insert(factor);
        Ok(Path::fixed(now))
    }
}

/// The path of a factor, `None` when the scenarios do not move it.
fn shocked(
    scenarios: &ScenarioSet,
    factor: &Factor,
    now: f64,
    valid: impl Fn(f64) -> bool,
    expected: &'static str,
) -> Result<Option<Path>> {
    let Some((kind, shocks)) = scenarios.column(factor) else { return Ok(None) };
    let mut then = Vec::with_capacity(shocks.len());
    for (index, shock) in shocks.iter().enumerate() {
        let value = kind.apply(now, *shock);
        if !(valid(value) && value.is_finite()) {
            return Err(Error::ShockOutOfDomain {
                scenario: scenarios.ids()[index].to_string(),
                factor: factor.to_string(),
                expected,
                value,
            });
        }
        then.push(value);
    }
    Ok(Some(Path { now, then: Some(then), log_then: Vec::new() }))
}

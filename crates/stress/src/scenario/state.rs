//! The factors of a book, and where a scenario takes them.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use alluse_instruments::{Book, OptionContract};
use alluse_risk_core::labels::LabelSelector;
use alluse_risk_core::{AssetId, Currency, Factor, ShockKind};

use super::{Assets, Currencies, FactorVolatilities, Shock, Span, Step, StressScenario, Target};
use crate::{Error, Result};

/// An option of the book whose volatility can be shocked.
#[derive(Debug)]
pub(crate) struct Contract {
    pub(crate) factor: Factor,
    pub(crate) asset: AssetId,
    /// Strike over today's spot, where there is one.
    moneyness: Option<f64>,
    tenor_days: f64,
    /// Today's volatility, where there is one.
    pub(crate) volatility: Option<f64>,
}

impl Contract {
    fn new(book: &Book, contract: &OptionContract) -> Self {
        let market = book.market();
        let asset = contract.underlying().clone();
        Self {
            factor: Factor::ContractVolatility(contract.id()),
            moneyness: market.spot(&asset).map(|spot| contract.strike() / spot),
            tenor_days: f64::from((contract.expiry() - market.as_of()).get_days()),
            volatility: market.volatility(contract),
            asset,
        }
    }

    fn is_in(&self, moneyness: Span, tenor_days: Span) -> bool {
        let strike = moneyness == Span::ALL || self.moneyness.is_some_and(|ratio| moneyness.contains(ratio));
        strike && tenor_days.contains(self.tenor_days)
    }
}

/// What a book depends on.
#[derive(Debug)]
pub(crate) struct Universe<'a> {
    pub(crate) book: &'a Book,
    pub(crate) assets: BTreeSet<AssetId>,
    pub(crate) currencies: BTreeSet<Currency>,
    pub(crate) contracts: Vec<Contract>,
    by_asset: BTreeMap<AssetId, Vec<usize>>,
    by_factor: BTreeMap<Factor, usize>,
}

impl<'a> Universe<'a> {
    pub(crate) fn new(book: &'a Book) -> Self {
        let mut universe = Self {
            book,
            assets: BTreeSet::new(),
            currencies: BTreeSet::new(),
            contracts: Vec::new(),
            by_asset: BTreeMap::new(),
            by_factor: BTreeMap::new(),
        };
        for position in book.positions() {
            universe.currencies.insert(book.currency(position).clone());
            if let Some(asset) = position.instrument.underlying() {
                universe.assets.insert(asset.clone());
            }
            if let Some(contract) = position.option() {
                universe.add(contract);
            }
        }
        universe
    }

    /// Adds a contract once, however often it is held.
    fn add(&mut self, contract: &OptionContract) {
        let place = self.contracts.len();
        let entry = Contract::new(self.book, contract);
        if let Entry::Vacant(vacant) = self.by_factor.entry(entry.factor.clone()) {
            vacant.insert(place);
            self.by_asset.entry(entry.asset.clone()).or_default().push(place);
            self.contracts.push(entry);
        }
    }

    /// The assets that options are written on.
    pub(crate) fn underlyings(&self) -> BTreeSet<&AssetId> {
        self.by_asset.keys().collect()
    }

    /// Contracts on an asset.
    pub(crate) fn on(&self, asset: &AssetId) -> impl Iterator<Item = &Contract> {
        self.by_asset.get(asset).into_iter().flatten().map(|&place| &self.contracts[place])
    }

    /// Every factor of the book that the market quotes, where it is today.
    pub(super) fn today(&self) -> State {
        let market = self.book.market();
        let mut factors: Vec<Factor> = self.assets.iter().cloned().map(Factor::Spot).collect();
        factors.extend(self.underlyings().into_iter().cloned().map(Factor::Dividend));
        factors.extend(self.currencies.iter().cloned().map(Factor::Rate));
        let foreign = self.currencies.iter().filter(|currency| *currency != market.base());
        factors.extend(foreign.cloned().map(Factor::Fx));
        let quoted = factors.into_iter().filter_map(|factor| market.value(&factor).map(|now| (factor, now)));
        let implied = self.contracts.iter().filter_map(|c| c.volatility.map(|now| (c.factor.clone(), now)));
        State { levels: quoted.chain(implied).map(|(factor, now)| (factor, Level::new(now))).collect() }
    }

    /// A factor that a set can name when the book has none: money in the base currency only, which nothing moves.
    pub(crate) fn inert(&self) -> Factor {
        Factor::Rate(self.book.market().base().clone())
    }

    /// The factors that a target means, in a fixed order.
    fn select(&self, target: &Target) -> std::result::Result<Vec<Factor>, String> {
        match target {
            Target::Spot(assets) => self.quoted(assets, Factor::Spot),
            Target::Volatility { assets, moneyness, tenor_days } => {
                let chosen = self.assets_of(assets)?;
                let named = |contract: &&Contract| chosen.contains(&contract.asset);
                let mut missing = self.contracts.iter().filter(named).filter(|c| c.volatility.is_none());
                if let (Assets::One(_), Some(contract)) = (assets, missing.next()) {
                    return Err(contract.factor.to_string());
                }
                let bucket = self.contracts.iter().filter(named).filter(|c| c.is_in(*moneyness, *tenor_days));
                Ok(bucket.filter(|c| c.volatility.is_some()).map(|c| c.factor.clone()).collect())
            }
            Target::Rate(currencies) => self.priced(currencies, Factor::Rate),
            Target::DividendYield(assets) => {
                // Only options depend on a dividend yield.
                let underlyings = self.underlyings();
                let factors = self.quoted(assets, Factor::Dividend)?.into_iter();
                Ok(factors
                    .filter(|factor| matches!(factor, Factor::Dividend(asset) if underlyings.contains(asset)))
                    .collect())
            }
            Target::Fx(currencies) => self.priced(currencies, Factor::Fx),
        }
    }

    fn quoted(&self, assets: &Assets, factor: fn(AssetId) -> Factor) -> std::result::Result<Vec<Factor>, String> {
        let chosen = self.assets_of(assets)?.into_iter().map(factor);
        self.known(chosen.collect(), matches!(assets, Assets::One(_)))
    }

    fn priced(
        &self,
        currencies: &Currencies,
        factor: fn(Currency) -> Factor,
    ) -> std::result::Result<Vec<Factor>, String> {
        let base = Factor::Fx(self.book.market().base().clone());
        match currencies {
            Currencies::One(currency) => {
                let one = factor(currency.clone());
                if !self.currencies.contains(currency) || one == base {
                    return Err(one.to_string());
                }
                self.known(vec![one], true)
            }
            Currencies::Every => {
                let every = self.currencies.iter().cloned().map(factor).filter(|one| *one != base);
                self.known(every.collect(), false)
            }
        }
    }

    /// Those that the market quotes; one that was named must be among them.
    fn known(&self, factors: Vec<Factor>, named: bool) -> std::result::Result<Vec<Factor>, String> {
        let market = self.book.market();
        match factors.iter().find(|factor| named && market.value(factor).is_none()) {
            Some(factor) => Err(factor.to_string()),
            None => Ok(factors.into_iter().filter(|factor| market.value(factor).is_some()).collect()),
        }
    }

    fn assets_of(&self, assets: &Assets) -> std::result::Result<BTreeSet<AssetId>, String> {
        match assets {
            Assets::Every => Ok(self.assets.clone()),
            Assets::One(asset) if self.assets.contains(asset) => Ok(BTreeSet::from([asset.clone()])),
            Assets::One(asset) => Err(asset.to_string()),
            Assets::Labelled { axis, label } => {
                let rows = self.book.labels().select(&LabelSelector::is(axis, label));
                let rows = rows.ok().filter(|rows| !rows.is_empty()).ok_or_else(|| assets.to_string())?;
                let positions = rows.iter().filter_map(|&row| self.book.positions().get(row));
                Ok(positions.filter_map(|position| position.instrument.underlying().cloned()).collect())
            }
        }
    }
}

/// Where one factor is on its way through the steps.
///
/// The change is kept rather than the value, so that a single shock comes out as it was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Level {
    now: f64,
    pub(super) change: f64,
    pub(super) touched: bool,
}

impl Level {
    fn new(now: f64) -> Self {
        Self { now, change: 0.0, touched: false }
    }

    /// Where it is today.
    pub(super) fn now(&self) -> f64 {
        self.now
    }

    fn value(&self, kind: ShockKind) -> f64 {
        kind.apply(self.now, self.change)
    }

    fn apply(&mut self, kind: ShockKind, shock: Move) {
        self.touched = true;
        self.change = match (kind, shock) {
            (ShockKind::Absolute, Move::By(ShockKind::Absolute, size)) => self.change + size,
            (ShockKind::Absolute, Move::By(ShockKind::Relative, size)) => self.change + self.value(kind) * size,
            (ShockKind::Absolute, Move::By(ShockKind::Log, size)) => self.change + self.value(kind) * libm::expm1(size),
            (ShockKind::Absolute, Move::To(level)) => level - self.now,
            (_, Move::By(ShockKind::Absolute, size)) => self.change + size / self.now,
            (_, Move::By(ShockKind::Relative, size)) => compound(self.change, size),
            (_, Move::By(ShockKind::Log, size)) => compound(self.change, libm::expm1(size)),
            (_, Move::To(level)) => (level - self.now) / self.now,
        };
    }
}

/// `(1 + a)(1 + b) − 1`, exact when one of them is 0; `a` is above −1, so an infinite `b` stays infinite.
fn compound(a: f64, b: f64) -> f64 {
    a + b * (1.0 + a)
}

/// A shock without standard deviations.
#[derive(Debug, Clone, Copy)]
enum Move {
    By(ShockKind, f64),
    To(f64),
}

/// The measure in which the change of a factor is compiled.
pub(super) fn measure(factor: &Factor) -> ShockKind {
    match factor {
        // A rate may be zero or negative; fractions of it mean nothing.
        Factor::Rate(_) | Factor::Dividend(_) => ShockKind::Absolute,
        _ => ShockKind::Relative,
    }
}

/// Every factor of a book on its way through the steps of a scenario.
#[derive(Debug, Clone)]
pub(super) struct State {
    levels: BTreeMap<Factor, Level>,
}

impl State {
    pub(super) fn levels(&self) -> impl Iterator<Item = (&Factor, &Level)> {
        self.levels.iter()
    }

    pub(super) fn get(&self, factor: &Factor) -> Option<&Level> {
        self.levels.get(factor)
    }

    /// Takes one step and says how many factors it moved.
    pub(super) fn take(
        &mut self,
        universe: &Universe<'_>,
        scenario: &StressScenario,
        place: usize,
        step: &Step,
        volatilities: &FactorVolatilities,
    ) -> Result<usize> {
        let unknown = |what, factor: &str| Error::UnknownFactor {
            what,
            factor: format!("{factor} (scenario {:?}, step {place}: {})", scenario.name().as_str(), step.target),
        };
        let factors = universe.select(&step.target).map_err(|factor| unknown("the book", &factor))?;
        for factor in &factors {
            let shock = elementary(universe, scenario, step.shock, factor, volatilities)
                .ok_or_else(|| unknown("the map of factor volatilities", &factor.to_string()))?;
            // Selected factors are quoted, and what is quoted has a level.
            let Some(level) = self.levels.get_mut(factor) else { return Err(unknown("the book", &factor.to_string())) };
            let kind = measure(factor);
            level.apply(kind, shock);
            let value = level.value(kind);
            let positive = kind == ShockKind::Relative;
            if !(value.is_finite() && level.change.is_finite() && (!positive || value > 0.0)) {
                return Err(Error::ShockOutOfDomain {
                    scenario: scenario.name().to_string(),
                    step: place,
                    factor: factor.to_string(),
                    expected: if positive { "positive and finite" } else { "finite" },
                    value,
                });
            }
        }
        Ok(factors.len())
    }
}

/// The shock with its standard deviations spelt out; `None` for a factor whose volatility nobody gave.
fn elementary(
    universe: &Universe<'_>,
    scenario: &StressScenario,
    shock: Shock,
    factor: &Factor,
    volatilities: &FactorVolatilities,
) -> Option<Move> {
    match shock {
        Shock::Relative(size) => Some(Move::By(ShockKind::Relative, size)),
        Shock::Absolute(size) => Some(Move::By(ShockKind::Absolute, size)),
        Shock::Log(size) => Some(Move::By(ShockKind::Log, size)),
        Shock::Level(level) => Some(Move::To(level)),
        Shock::StandardDeviations(z) => {
            let of_asset = || {
                let contract = &universe.contracts[*universe.by_factor.get(factor)?];
                volatilities.get(&Factor::Volatility(contract.asset.clone()))
            };
            let (kind, daily) = volatilities.get(factor).or_else(of_asset)?;
            Some(Move::By(kind, z * daily * f64::from(scenario.days().max(1)).sqrt()))
        }
    }
}

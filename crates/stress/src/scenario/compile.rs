//! From scenarios in words to the factors of a book.

use std::collections::{BTreeMap, BTreeSet};

use alluse_instruments::{Book, Revaluation, TimeRoll};
use alluse_risk_core::{
    AssetId, Assumption, Factor, Horizon, Ordering, ScenarioId, ScenarioPnl, ScenarioPnlParts, ScenarioSet, ShockKind,
};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::state::{State, Universe, measure};
use super::{FactorVolatilities, StressScenario, check_list};
use crate::{Error, Result};

/// What to do when a scenario moves the price under an option and does not mention the option's volatility.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnmovedVolatility {
    /// It is an error: a volatility that does not move in a crash is a wrong number.
    #[default]
    Refuse,
    /// It stays where it is, and the result says so.
    Hold,
}

/// What to do with the correlation stress of a scenario.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrelationHandling {
    /// It is an error: direct shocks do not depend on correlations, so the stress would be lost.
    #[default]
    Refuse,
    /// It was used: the steps hold the propagated shocks.
    Propagated,
}

/// How scenarios are compiled.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `volatilities` | none | one-day volatilities for shocks in standard deviations |
/// | `unmoved_volatility` | `Refuse` | a price under an option moves and its volatility is not mentioned |
/// | `correlation` | `Refuse` | a scenario carries a correlation stress |
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompileOptions {
    volatilities: FactorVolatilities,
    unmoved_volatility: UnmovedVolatility,
    correlation: CorrelationHandling,
}

impl CompileOptions {
    /// With one-day volatilities for shocks in standard deviations.
    #[must_use]
    pub fn with_volatilities(self, volatilities: FactorVolatilities) -> Self {
        Self { volatilities, ..self }
    }

    pub(super) fn volatilities(&self) -> &FactorVolatilities {
        &self.volatilities
    }

    /// With another answer to volatilities that a scenario does not mention.
    #[must_use]
    pub fn with_unmoved_volatility(self, unmoved_volatility: UnmovedVolatility) -> Self {
        Self { unmoved_volatility, ..self }
    }

    /// With another answer to a correlation stress.
    #[must_use]
    pub fn with_correlation(self, correlation: CorrelationHandling) -> Self {
        Self { correlation, ..self }
    }
}

/// Scenarios that take the same time, as shocks of the factors of a book.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct CompiledSet {
    days: u32,
    scenarios: ScenarioSet,
    assumptions: Vec<Assumption>,
}

impl CompiledSet {
    fn new(days: u32, scenarios: ScenarioSet, assumptions: Vec<Assumption>) -> Result<Self> {
        if scenarios.horizon() != horizon(days)? {
            let value = f64::from(days);
            let expected = "the horizon of the scenarios, or 0 at a horizon of one day";
            return Err(alluse_risk_core::Error::OutOfDomain { name: "days", expected, value }.into());
        }
        Ok(Self { days, scenarios, assumptions })
    }

    /// Exchange days that the scenarios take; 0 is now.
    #[must_use]
    pub fn days(&self) -> u32 {
        self.days
    }

    /// Whether the book ages: not in a scenario that happens now.
    #[must_use]
    pub fn time_roll(&self) -> TimeRoll {
        if self.days == 0 { TimeRoll::Instant } else { TimeRoll::Horizon }
    }

    /// The shocks, named by scenario. The horizon of scenarios that happen now is nominally one day.
    #[must_use]
    pub fn scenarios(&self) -> &ScenarioSet {
        &self.scenarios
    }

    /// What was taken for granted, by the scenarios and in compiling them.
    #[must_use]
    pub fn assumptions(&self) -> &[Assumption] {
        &self.assumptions
    }

    /// The P&L of every position in every scenario, with the time that the scenarios take whatever the time
    /// roll of `revaluation`, and with all assumptions.
    ///
    /// # Errors
    /// [`Error::Pricing`] as [`Revaluation::revalue`].
    pub fn revalue(&self, book: &Book, revaluation: &Revaluation) -> Result<ScenarioPnl> {
        let pnl = revaluation.clone().with_time_roll(self.time_roll()).revalue(book, &self.scenarios)?;
        self.with_assumptions(pnl)
    }

    /// The P&L of every label of an axis; otherwise as [`revalue`](Self::revalue).
    ///
    /// # Errors
    /// [`Error::Pricing`] as [`Revaluation::revalue_by`].
    pub fn revalue_by(&self, book: &Book, revaluation: &Revaluation, axis: &str) -> Result<ScenarioPnl> {
        let pnl = revaluation.clone().with_time_roll(self.time_roll()).revalue_by(book, &self.scenarios, axis)?;
        self.with_assumptions(pnl)
    }

    fn with_assumptions(&self, pnl: ScenarioPnl) -> Result<ScenarioPnl> {
        let mut parts = ScenarioPnlParts::from(pnl);
        let new = self.assumptions.iter().filter(|one| !parts.assumptions.contains(one)).cloned();
        let new: Vec<Assumption> = new.collect();
        parts.assumptions.extend(new);
        Ok(ScenarioPnl::new(parts)?)
    }
}

/// Scenarios as shocks of the factors of `book`, grouped by the time they take, the shortest first.
///
/// Steps apply in the order written, each to the value left by the step before. Every asset and foreign currency
/// of the book gets a column, so a factor that no step mentions stays where it is, and the assumptions say so;
/// rates and dividend yields get a column when a scenario of the group moves one. Volatilities move by asset, or
/// by contract where the shocks of the contracts on an asset differ.
///
/// # Errors
/// - [`Error::Input`] for no scenarios or two of one name;
/// - [`Error::UnknownFactor`] for an asset, label or currency that the book does not have, for a named factor
///   without a quote, and for a shock in standard deviations of a factor without volatility;
/// - [`Error::ShockOutOfDomain`] for a step that takes a price or a volatility to zero or below;
/// - [`Error::Scenario`] for a volatility that should move and is not mentioned, and for a correlation stress,
///   unless the options allow them.
///
/// # Examples
/// ```
/// use alluse_instruments::{Book, MarketSnapshot, Multiplier, OptionContract, Revaluation};
/// use alluse_stress::{Assets, CompileOptions, Shock, Step, StressScenario, Target, compile};
/// use jiff::civil::date;
///
/// let market = MarketSnapshot::usd(date(2018, 12, 31))
///     .with_spot("KO", 41.0)?
///     .with_volatility("KO", 0.20)?
///     .with_rate("USD", 0.02)?
///     .with_dividend_yield("KO", 0.0)?;
/// let put = OptionContract::put("KO", 40.0, date(2019, 1, 18), Multiplier::EQUITY)?;
/// let book = Book::builder().share("KO", 100.0).option(put, -1.0).build(&market)?;
/// let crash = vec![Step::new(Target::Spot(Assets::Every), Shock::Relative(-0.20))];
///
/// // A crash that leaves the volatility where it is must be asked for by name.
/// let calm = StressScenario::new("crash", crash.clone())?;
/// assert!(compile(&[calm], &book, &CompileOptions::default()).is_err());
///
/// let volatile = Step::new(Target::volatility_of(Assets::Every), Shock::Absolute(0.25));
/// let crash = StressScenario::new("crash", [crash, vec![volatile]].concat())?;
/// let sets = compile(&[crash], &book, &CompileOptions::default())?;
/// let pnl = sets[0].revalue(&book, &Revaluation::default())?;
/// assert!((pnl.values()[[0, 0]] + 820.0).abs() < 1e-9); // a fifth of 4100
/// assert!(pnl.coverage().is_complete());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn compile(scenarios: &[StressScenario], book: &Book, options: &CompileOptions) -> Result<Vec<CompiledSet>> {
    check_list(scenarios)?;
    let universe = Universe::new(book);
    let mut groups: BTreeMap<u32, Vec<Run<'_>>> = BTreeMap::new();
    for scenario in scenarios {
        groups.entry(scenario.days()).or_default().push(Run::new(scenario, &universe, options)?);
    }
    groups.into_iter().map(|(days, runs)| assemble(days, &runs, &universe)).collect()
}

fn horizon(days: u32) -> Result<Horizon> {
    Ok(Horizon::days(days.max(1))?)
}

/// One scenario after all its steps.
struct Run<'a> {
    scenario: &'a StressScenario,
    state: State,
    assumptions: Vec<Assumption>,
}

impl<'a> Run<'a> {
    fn new(scenario: &'a StressScenario, universe: &Universe<'_>, options: &CompileOptions) -> Result<Self> {
        if scenario.correlation().is_some() && options.correlation == CorrelationHandling::Refuse {
            return Err(scenario.refuse("its correlation stress has no effect on direct shocks; propagate it first"));
        }
        let name = scenario.name().as_str();
        let note = |text: String| Assumption::Note { text: format!("scenario {name:?}: {text}") };
        let mut assumptions: Vec<Assumption> = scenario
            .assumptions()
            .iter()
            .map(|text| Assumption::ModelledInput { description: format!("scenario {name:?}: {text}") })
            .collect();
        let mut state = universe.today();
        for (index, step) in scenario.steps().iter().enumerate() {
            if state.take(universe, scenario, index + 1, step, &options.volatilities)? == 0 {
                assumptions.push(note(format!("step {}, {}, moves nothing in this book", index + 1, step.target)));
            }
        }
        let held = unmoved_volatilities(universe, &state);
        if let (UnmovedVolatility::Refuse, Some(factor)) = (options.unmoved_volatility, held.first()) {
            return Err(scenario.refuse(format!(
                "it moves the price under options and says nothing about the {factor}; hold it by name, or move it"
            )));
        }
        assumptions.extend(held.into_iter().map(|factor| Assumption::HeldFixed { factor }));
        assumptions.extend(untouched(&state).map(note));
        Ok(Self { scenario, state, assumptions })
    }

    fn change(&self, factor: &Factor) -> f64 {
        self.state.get(factor).map_or(0.0, |level| level.change)
    }
}

/// Volatilities that no step mentions although the price under the option moves.
fn unmoved_volatilities(universe: &Universe<'_>, state: &State) -> Vec<Factor> {
    let mut held = Vec::new();
    for asset in universe.underlyings() {
        let moves = |level: &super::state::Level| level.change != 0.0;
        if !state.get(&Factor::Spot(asset.clone())).is_some_and(moves) {
            continue;
        }
        let implied: Vec<_> = universe.on(asset).filter(|contract| contract.volatility.is_some()).collect();
        let still = |factor: &Factor| state.get(factor).is_some_and(|level| !level.touched);
        let unmoved: Vec<_> = implied.iter().filter(|contract| still(&contract.factor)).collect();
        if unmoved.is_empty() {
            continue;
        }
        if unmoved.len() == implied.len() {
            held.push(Factor::Volatility(asset.clone()));
        } else {
            held.extend(unmoved.iter().map(|contract| contract.factor.clone()));
        }
    }
    held
}

/// Says which prices and currencies stay where they are.
fn untouched(state: &State) -> Option<String> {
    const SHOWN: usize = 10;
    let still = |(factor, level): &(&Factor, &super::state::Level)| {
        !level.touched && matches!(factor, Factor::Spot(_) | Factor::Fx(_) | Factor::Rate(_) | Factor::Dividend(_))
    };
    let names: Vec<String> = state.levels().filter(still).map(|(factor, _)| factor.to_string()).collect();
    let more = names.len().saturating_sub(SHOWN);
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match (names.len(), more) {
        (0, _) => None,
        (_, 0) => Some(format!("held where they are: {shown}")),
        (_, more) => Some(format!("held where they are: {shown} and {more} more")),
    }
}

fn assemble(days: u32, runs: &[Run<'_>], universe: &Universe<'_>) -> Result<CompiledSet> {
    let mut columns: Vec<(Factor, ShockKind, Vec<f64>)> = Vec::new();
    let column = |factor: &Factor| runs.iter().map(|run| run.change(factor)).collect::<Vec<f64>>();
    let touched = |factor: &Factor| runs.iter().any(|run| run.state.get(factor).is_some_and(|level| level.touched));
    let today = universe.today();
    for (factor, _) in today.levels() {
        let needed = match factor {
            Factor::Spot(_) | Factor::Fx(_) => true,
            Factor::Rate(_) | Factor::Dividend(_) => touched(factor),
            Factor::Volatility(_) | Factor::ContractVolatility(_) => false,
        };
        if needed {
            columns.push((factor.clone(), measure(factor), column(factor)));
        }
    }
    for asset in universe.underlyings() {
        columns.extend(volatility_columns(asset, universe, &column));
    }
    if columns.is_empty() {
        columns.push((universe.inert(), ShockKind::Absolute, vec![0.0; runs.len()]));
    }
    let mut shocks = Array2::zeros((runs.len(), columns.len()));
    for ((_, _, from), mut to) in columns.iter().zip(shocks.columns_mut()) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }
    let factors = columns.into_iter().map(|(factor, kind, _)| (factor, kind)).collect();
    let ids: Vec<ScenarioId> = runs.iter().map(|run| run.scenario.name().clone()).collect();
    let set = ScenarioSet::new(universe.book.market().as_of(), horizon(days)?, factors, shocks)?
        .with_ids(ids, Ordering::Named)?;
    let mut assumptions: Vec<Assumption> = Vec::new();
    for assumption in runs.iter().flat_map(|run| &run.assumptions) {
        if !assumptions.contains(assumption) {
            assumptions.push(assumption.clone());
        }
    }
    CompiledSet::new(days, set, assumptions)
}

/// One column for the asset where its contracts move alike, one for each contract where they do not.
fn volatility_columns(
    asset: &AssetId,
    universe: &Universe<'_>,
    column: &impl Fn(&Factor) -> Vec<f64>,
) -> Vec<(Factor, ShockKind, Vec<f64>)> {
    let contracts: Vec<_> = universe.on(asset).collect();
    let implied = contracts.iter().filter(|contract| contract.volatility.is_some());
    let moves: Vec<Vec<f64>> = implied.map(|contract| column(&contract.factor)).collect();
    let distinct: BTreeSet<Vec<u64>> = moves.iter().map(|m| m.iter().map(|v| v.to_bits()).collect()).collect();
    if distinct.len() > 1 {
        let each = contracts.iter().map(|c| (c.factor.clone(), ShockKind::Relative, column(&c.factor)));
        return each.collect();
    }
    let alike = moves.into_iter().next();
    // Without a volatility the options are not valued, but the set must still speak of their factor.
    let alike = alike.unwrap_or_else(|| contracts.first().map(|c| column(&c.factor)).unwrap_or_default());
    vec![(Factor::Volatility(asset.clone()), ShockKind::Relative, alike)]
}

/// The stored form, so that a stored set is checked when it is read back.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    days: u32,
    scenarios: ScenarioSet,
    assumptions: Vec<Assumption>,
}

impl TryFrom<Raw> for CompiledSet {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.days, raw.scenarios, raw.assumptions)
    }
}

impl From<CompiledSet> for Raw {
    fn from(set: CompiledSet) -> Self {
        Self { days: set.days, scenarios: set.scenarios, assumptions: set.assumptions }
    }
}

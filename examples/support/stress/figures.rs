//! Every figure of the stress report.

use alluse_quant::instruments::Revaluation;
use alluse_quant::instruments::margin::{
    MarginComparison, MarginRates, PortfolioMarginRules, StrategyMarginRules, compare,
};
use alluse_quant::risk_core::labels::LabelSelector;
use alluse_quant::risk_core::liquidity::{AverageDailyVolume, ImpactModel};
use alluse_quant::risk_core::{Bound, Factor, Horizon, Limit, Measure, Status};
use alluse_quant::stress::{
    BookLoss, ExitCost, MarginRule, MarginSpiral, ReverseStress, ReverseStressResult, SpiralOutcome, StressGrid,
    StressReport, StressTest, VolatilityAxis, compile,
};
use serde::Serialize;

use super::scenarios::{AssetBeta, LeftOut, Scenarios, assemble, factor_model, underlyings};
use super::strategies::{self, StrategyFigures};
use crate::inputs::Inputs;
use crate::progress::Progress;
use crate::{Failure, Result};

/// What is asked of the report.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The index of the betas.
    pub index: std::path::PathBuf,
    /// The volatility index of the factor model.
    pub volatility_index: std::path::PathBuf,
    /// The user's own scenarios.
    pub scenarios: std::path::PathBuf,
    /// Largest loss that a scenario may cost, as a fraction of the value.
    pub limit: f64,
    /// Loss that the reverse stress looks for, as a fraction of the value.
    pub reverse: f64,
}

/// The whole report.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// The book in every scenario.
    pub report: StressReport,
    /// Margin today, by account.
    pub margin_today: Vec<MarginComparison>,
    /// Betas behind the crises.
    pub betas: Vec<AssetBeta>,
    /// Crises that could not be mapped.
    pub left_out: Vec<LeftOut>,
    /// P&L over moves of all prices and volatilities.
    pub grid: GridFigures,
    /// The least unusual ways to lose a given sum.
    pub reverse: Status<ReverseStressResult>,
    /// Forced sales after the worst scenario.
    pub spiral: Status<SpiralFigures>,
    /// One book per strategy.
    pub strategies: Vec<StrategyFigures>,
    /// The underlying of the strategies.
    pub strategy_underlying: String,
    /// Names of their scenarios.
    pub strategy_scenarios: Vec<String>,
    /// What was modelled or taken for granted, in words.
    pub notes: Vec<String>,
}

/// A grid of instant moves.
#[derive(Debug, Serialize)]
pub struct GridFigures {
    /// Relative moves of every price.
    pub spots: Vec<f64>,
    /// Relative moves of every volatility.
    pub volatilities: Vec<f64>,
    /// P&L, one row a move of volatility.
    pub pnl: Vec<Vec<f64>>,
}

/// The spiral of the worst scenario.
#[derive(Debug, Serialize)]
pub struct SpiralFigures {
    /// The scenario.
    pub scenario: String,
    /// Loss in it before any sale.
    pub first_loss: f64,
    /// What margin then forced.
    pub outcome: SpiralOutcome,
}

/// Underlying of the strategy table, where the market knows it.
const STRATEGY_UNDERLYING: &str = "AAPL";
const SEED: u64 = 20_181_231;

/// Computes everything.
///
/// # Errors
/// One sentence when a figure cannot be computed.
pub fn figures(inputs: &Inputs, settings: &Settings, progress: &mut Progress) -> Result<Figures> {
    let book = &inputs.book;
    progress.step("scenarios");
    let model = factor_model(book, &inputs.prices, &settings.volatility_index)?;
    let Scenarios { list, betas, left_out } =
        assemble(book, &inputs.prices, &settings.index, &settings.scenarios, &model)?;
    progress.step("stress test");
    let account = book.labels().axes().any(|axis| axis == "account").then_some("account");
    let axes: Vec<&str> =
        crate::figures::AXES.into_iter().filter(|axis| book.labels().axes().any(|a| a == *axis)).collect();
    let rates = MarginRates::maintenance();
    let strategy_rules = StrategyMarginRules::new(rates.clone());
    let portfolio_rules = PortfolioMarginRules::new(rates);
    let value = book.exposure().0.market_value;
    let limit = Limit {
        name: format!("at most {:.0} % of the value", 100.0 * settings.limit),
        measure: Measure::StressLoss { scenario: None },
        scope: LabelSelector::All,
        bound: Bound::AtMost { limit: settings.limit * value, warn_at: Some(0.8 * settings.limit * value) },
    };
    let test = StressTest::new(list.clone())?
        .with_calendar(inputs.calendar.clone())
        .with_axes(&axes)
        .with_limits(vec![limit])?
        .with_margin(account, strategy_rules.clone(), portfolio_rules.clone())
        .with_greeks_after();
    let report = test.run(book)?;
    let margin_today = compare(book, account, &strategy_rules, &portfolio_rules)?;
    progress.step("grid");
    let grid = grid(inputs)?;
    progress.step("reverse stress");
    let reverse = status(reverse(inputs, &model, settings.reverse * value));
    progress.step("margin spiral");
    let spiral = status(spiral(inputs, &list, &report, strategy_rules));
    progress.step("strategies");
    Ok(Figures {
        report,
        margin_today,
        betas,
        left_out,
        grid,
        reverse,
        spiral,
        strategies: strategies::figures(book.market(), STRATEGY_UNDERLYING)?,
        strategy_underlying: STRATEGY_UNDERLYING.to_owned(),
        strategy_scenarios: strategies::scenarios()?.iter().map(|s| s.name().to_string()).collect(),
        notes: inputs.notes.clone(),
    })
}

/// What failed is said in the report; the rest of it still stands.
fn status<T>(result: Result<T>) -> Status<T> {
    match result {
        Ok(value) => Status::Known(value),
        Err(Failure(reason)) => Status::Unknown { kind: alluse_quant::risk_core::ErrorKind::Undefined, reason },
    }
}

fn grid(inputs: &Inputs) -> Result<GridFigures> {
    let spots = vec![-0.30, -0.20, -0.10, -0.05, 0.0, 0.05, 0.10, 0.20];
    let volatilities = vec![-0.25, 0.0, 0.5, 1.0];
    let pnl = StressGrid::new(spots.clone(), VolatilityAxis::Relative(volatilities.clone()))?.revalue(&inputs.book)?;
    let total = pnl.total();
    let cell = |v: usize| (0..spots.len()).map(|s| total[[0, v, s]]).collect();
    Ok(GridFigures { pnl: (0..volatilities.len()).map(cell).collect(), spots, volatilities })
}

fn reverse(inputs: &Inputs, model: &alluse_quant::stress::FactorModel, target: f64) -> Result<ReverseStressResult> {
    let revaluation = Revaluation::default().with_calendar(inputs.calendar.clone());
    let revaluation = revaluation.with_time_roll(alluse_quant::instruments::TimeRoll::Instant);
    let loss = BookLoss::new(&inputs.book, model, revaluation)?;
    Ok(ReverseStress::new(target, SEED)?.with_max_scenarios(3)?.solve(model, &loss)?)
}

/// The worst scenario in which every account together would be called, with stated exit costs.
fn spiral(
    inputs: &Inputs,
    list: &[alluse_quant::stress::StressScenario],
    report: &StressReport,
    rules: StrategyMarginRules,
) -> Result<SpiralFigures> {
    let book = &inputs.book;
    let worst =
        report.ranked().first().map(|result| result.name.clone()).ok_or_else(|| Failure("no scenario".into()))?;
    let scenario: Vec<_> = list.iter().filter(|scenario| *scenario.name() == worst).cloned().collect();
    let sets = compile(&scenario, book, &Default::default())?;
    let set = &sets[0];
    let today = book.market().as_of();
    let end = if set.days() == 0 { today } else { inputs.calendar.advance(today, Horizon::days(set.days())?) };
    let after = book.after(set.scenarios(), 0, end)?;
    let mut exits = std::collections::BTreeMap::new();
    for asset in underlyings(book) {
        let volatility = after.book.market().value(&Factor::Volatility(asset.clone())).unwrap_or(0.60);
        let exit = ExitCost {
            half_spread_of_shares: 0.005,
            half_spread_of_options: 0.10,
            volume: AverageDailyVolume::new(1_000_000.0)?,
            daily_volatility: volatility / 252.0_f64.sqrt(),
        };
        exits.insert(asset, exit);
    }
    let outcome = MarginSpiral::new(MarginRule::StrategyBased(rules), ImpactModel::default(), exits)?.run(&after)?;
    let pnl = report.scenario(worst.as_str()).and_then(|result| result.pnl.value().copied());
    let first_loss = -pnl.ok_or_else(|| Failure(format!("{worst} has no P&L")))?;
    Ok(SpiralFigures { scenario: worst.to_string(), first_loss, outcome })
}

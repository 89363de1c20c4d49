//! Where the scenarios of the report come from.

use std::path::Path;

use alluse_quant::instruments::Book;
use alluse_quant::risk_core::covariance::{LinearShrinkage, ShrinkageTarget};
use alluse_quant::risk_core::expected_returns::Capm;
use alluse_quant::risk_core::panel::{Missing, PricePanel, SeriesPanel, align};
use alluse_quant::risk_core::{AssetId, Factor, Horizon, ShockKind};
use alluse_quant::stress::{
    CompileOptions, Crisis, CrisisFactor, CrisisLink, CrisisMapping, FactorModel, LinkMeasure, Proxy, Replay, Shock,
    Step, StressScenario, Target, crises, read_scenarios,
};
use jiff::civil::{Date, date};
use ndarray::{Array2, Axis, Slice};
use serde::Serialize;

use crate::{Failure, Result};

/// Days of the beta regressions.
const BETA_DAYS: usize = 1_000;

/// Windows of the book's own price history that are played again. The volatility index has no history there, so
/// volatilities move by a stated multiple.
const WINDOWS: [(&str, Date, Date, f64); 3] = [
    ("replay of August 1998", date(1998, 7, 17), date(1998, 8, 31), 1.0),
    ("replay of autumn 2008", date(2008, 9, 12), date(2008, 10, 10), 1.5),
    ("replay of August 2011", date(2011, 7, 22), date(2011, 8, 8), 1.0),
];

/// Beta of an underlying to the index.
#[derive(Debug, Clone, Serialize)]
pub struct AssetBeta {
    /// The underlying.
    pub asset: String,
    /// Its beta.
    pub beta: f64,
}

/// A crisis that was left out, and why.
#[derive(Debug, Clone, Serialize)]
pub struct LeftOut {
    /// The crisis.
    pub crisis: String,
    /// Why.
    pub reason: String,
}

/// All scenarios, with what they were made from.
#[derive(Debug)]
pub struct Scenarios {
    /// In the order of the report.
    pub list: Vec<StressScenario>,
    /// Betas behind the crises.
    pub betas: Vec<AssetBeta>,
    /// Crises that could not be mapped.
    pub left_out: Vec<LeftOut>,
}

/// The underlyings of a book, each once.
#[must_use]
pub fn underlyings(book: &Book) -> Vec<AssetId> {
    let mut assets: Vec<AssetId> =
        book.positions().iter().filter_map(|position| position.instrument.underlying().cloned()).collect();
    assets.sort();
    assets.dedup();
    assets
}

/// Crises by beta, replays, hand-written scenarios, and one shock that the other prices follow.
///
/// # Errors
/// One sentence about a file, or about a scenario that the book cannot take.
pub fn assemble(book: &Book, prices: &PricePanel, index: &Path, own: &Path, model: &FactorModel) -> Result<Scenarios> {
    let betas = betas(book, prices, index)?;
    let mut list = Vec::new();
    let mut left_out = Vec::new();
    for crisis in crises() {
        match mapping(crisis, &betas).and_then(|mapping| Ok(crisis.scenario(&mapping)?)) {
            Ok(scenario) => list.push(scenario),
            Err(error) => left_out.push(LeftOut { crisis: crisis.name.to_owned(), reason: error.to_string() }),
        }
    }
    let replay = Replay::new(prices.clone());
    for (name, start, end, rise) in WINDOWS {
        if let Some(scenario) = replayed(&replay, book, name, (start, end), rise)? {
            list.push(scenario);
        }
    }
    let file = own.display().to_string();
    let text = std::fs::read(own).map_err(|error| Failure::in_file(&file, error))?;
    list.extend(read_scenarios(&text).map_err(|error| Failure::in_file(&file, error))?);
    list.extend(followed(book, model)?);
    Ok(Scenarios { list, betas, left_out })
}

fn betas(book: &Book, prices: &PricePanel, index: &Path) -> Result<Vec<AssetBeta>> {
    let index = PricePanel::from_csv(index, Missing::Reject)?;
    let both = align(prices, &index).map_err(|_| Failure("the index and the prices have no date in common".into()))?;
    let (assets, market) = (both.left.simple_returns()?, both.right.simple_returns()?);
    let last = |matrix: ndarray::ArrayView2<'_, f64>| {
        let from = matrix.nrows().saturating_sub(BETA_DAYS);
        matrix.slice_axis(Axis(0), Slice::from(from..)).to_owned()
    };
    let (assets_last, market_last) = (last(assets.returns()), last(market.returns()));
    let fit = Capm::default().fit_to(assets_last.view(), market_last.column(0))?;
    let beta = |asset: &AssetId| {
        let column = assets.assets().iter().position(|known| known == asset);
        let column = column.ok_or_else(|| Failure(format!("{asset} has no prices to regress on the index")))?;
        Ok(AssetBeta { asset: asset.to_string(), beta: fit.betas[column] })
    };
    underlyings(book).iter().map(beta).collect()
}

/// Prices follow the equity index by their elasticity, volatilities the volatility index one to one, the rate the
/// three-month bill.
fn mapping(crisis: &Crisis, betas: &[AssetBeta]) -> Result<CrisisMapping> {
    let mut links = Vec::new();
    for AssetBeta { asset, beta } in betas {
        links.push(CrisisLink::new(Target::spot(asset)?, CrisisFactor::Equity, *beta).in_measure(LinkMeasure::Log));
        let volatility = CrisisLink::new(Target::volatility(asset)?, CrisisFactor::VolatilityIndex, 1.0);
        links.push(volatility.in_measure(LinkMeasure::Log));
    }
    links.push(CrisisLink::new(Target::rate("USD")?, CrisisFactor::Treasury3Month, 1.0));
    // 1987 saw the largest move of all; later gaps take a milder one.
    let like = if crisis.start.year() == 1987 { "lehman_to_november_2008" } else { "us_downgrade_2011" };
    Ok(CrisisMapping::new(links)?
        .with_proxy(CrisisFactor::VolatilityIndex, Proxy::Crisis(like.to_owned()))?
        .with_proxy(CrisisFactor::Treasury3Month, Proxy::Absolute(0.0))?)
}

/// A window of the history, when it reaches there; volatilities rise by a stated fraction.
fn replayed(
    replay: &Replay,
    book: &Book,
    name: &str,
    (start, end): (Date, Date),
    rise: f64,
) -> Result<Option<StressScenario>> {
    let Ok(replayed) = replay.scenario(name, book, start, end) else { return Ok(None) };
    let mut steps = replayed.scenario.steps().to_vec();
    for asset in underlyings(book) {
        steps.push(Step::new(Target::volatility(asset.as_str())?, Shock::Relative(rise)));
    }
    let scenario = StressScenario::new(name, steps)?
        .with_description(&format!("the prices of {start} to {end}, close to close"))
        .with_source("the price file of this report")
        .with_assumption(&format!("every volatility rises by {:.0} %: none is on record", 100.0 * rise));
    Ok(Some(scenario))
}

/// The underlying of the largest delta loses 30 %, and the other prices and volatilities follow with correlations half way to one.
fn followed(book: &Book, model: &FactorModel) -> Result<Option<StressScenario>> {
    let mut deltas: Vec<(AssetId, f64)> = underlyings(book).into_iter().map(|asset| (asset, 0.0)).collect();
    for (position, (_, exposure)) in book.positions().iter().zip(book.exposures()) {
        let place = deltas.iter_mut().find(|(asset, _)| position.instrument.underlying() == Some(asset));
        if let (Some((_, sum)), Some(exposure)) = (place, exposure.known()) {
            *sum += exposure.dollar_delta;
        }
    }
    let Some((asset, _)) = deltas.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)) else { return Ok(None) };
    let steps = vec![Step::new(Target::spot(asset.as_str())?, Shock::Relative(-0.30))];
    let scenario = StressScenario::new(&format!("{asset} falls, all follow"), steps)?
        .with_description(&format!("{asset} loses 30 %; the rest follows by its conditional mean"))
        .with_correlation(alluse_quant::stress::CorrelationStress {
            toward: alluse_quant::stress::CorrelationGoal::One,
            weight: 0.5,
        })?;
    let (scenario, _) = scenario.propagated(book, model, &Default::default(), &CompileOptions::default())?;
    Ok(Some(scenario))
}

/// Ten-day log moves of every price and of every volatility with the volatility index: the shrunk covariance of the
/// days that both files have.
///
/// # Errors
/// One sentence when a file does not fit.
pub fn factor_model(book: &Book, prices: &PricePanel, volatility_index: &Path) -> Result<FactorModel> {
    let index = SeriesPanel::from_csv(volatility_index, Missing::DropRow)?;
    let both = align(prices, &index)
        .map_err(|_| Failure("the prices and the volatility index have no date in common".to_owned()))?;
    let name = both.right.columns()[0].clone();
    let level = both.right.column(&name)?.to_owned();
    let implied =
        PricePanel::new(both.right.dates().to_vec(), vec![AssetId::new(&*name)?], level.insert_axis(Axis(1)))?;
    let (moves, implied) = (both.left.log_returns()?, implied.log_returns()?);
    let assets = underlyings(book);
    let optioned: Vec<&AssetId> = assets
        .iter()
        .filter(|asset| book.positions().iter().any(|p| p.option().is_some_and(|c| c.underlying() == *asset)))
        .collect();
    let mut factors: Vec<(Factor, ShockKind)> = Vec::new();
    let mut columns = Array2::zeros((moves.dates().len(), 0));
    let full = |_| Failure("the factor matrix does not fit in memory".to_owned());
    for asset in &assets {
        factors.push((Factor::Spot(asset.clone()), ShockKind::Log));
        columns.push_column(moves.column(asset)?).map_err(full)?;
    }
    for asset in optioned {
        factors.push((Factor::Volatility(asset.clone()), ShockKind::Log));
        columns.push_column(implied.column(&implied.assets()[0].clone())?).map_err(full)?;
    }
    let shrunk = LinearShrinkage::new(ShrinkageTarget::ConstantCorrelation).estimate(columns.view())?;
    let model = FactorModel::new(book.market().as_of(), Horizon::DAY, factors, shrunk.covariance)?;
    Ok(model.scaled_to(Horizon::TEN_DAYS)?)
}

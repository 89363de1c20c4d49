//! Every figure of the allocation.

use alluse_quant::optimizer::conflict::Conflict;
use alluse_quant::optimizer::frontier::{CriticalLine, Frontier};
use alluse_quant::optimizer::problem::Problem;
use alluse_quant::optimizer::rebalance::{AssetCosts, Holdings, Instrument, Plan, Planner, TradingCosts};
use alluse_quant::optimizer::stability::{WeightBands, WeightStability};
use alluse_quant::optimizer::{Error, Fallback, OneWayRate, RiskModel, Solution};
use alluse_quant::risk_core::expected_returns::JamesStein;
use alluse_quant::risk_core::{Confidence, Frequency};
use ndarray::Array1;
use serde::Serialize;

use super::inputs::{CRISIS, Market, Settings, covariance_of};
use super::mandate::{balanced, impossible, tight};
use super::options::{OptionFigures, strategies};
use crate::inputs::Inputs;
use crate::progress::Progress;
use crate::{Failure, Result};

/// Draws of the bootstrap, and its seed.
const DRAWS: (usize, u64) = (60, 20_181_231);

/// The whole allocation.
#[derive(Debug, Serialize)]
pub struct Figures {
    /// First and last date of the returns.
    pub window: (String, String),
    /// Returns.
    pub observations: usize,
    /// How far the covariance and the means were shrunk.
    pub shrinkage: (f64, f64),
    /// First and last date of the crisis.
    pub crisis: (String, String),
    /// Capital.
    pub capital: f64,
    /// The mandate with room.
    pub balanced: Mandate,
    /// Its weights when the sample is drawn again.
    pub bands: WeightBands,
    /// Orders from equal weights to the mandate's.
    pub plan: Plan,
    /// The tight mandate.
    pub tight: Mandate,
    /// Why the third cannot be kept.
    pub conflict: Conflict,
    /// The same in words.
    pub conflict_words: String,
    /// What a chain of fallbacks made of it.
    pub fallback: Solution,
    /// Corners of the exact frontier, long only up to the asset cap.
    pub frontier: Vec<FrontierPoint>,
    /// How many corners it has.
    pub corners: usize,
    /// The frontier itself.
    #[serde(skip)]
    pub exact: Frontier,
    /// The option book.
    pub options: OptionFigures,
}

/// A mandate and its solution.
#[derive(Debug, Serialize)]
pub struct Mandate {
    /// The solution.
    pub solution: Solution,
    /// What each binding limit costs as a whole, in basis points of utility a year, dearest first.
    pub costs: Vec<(String, f64)>,
}

/// A point of the frontier, a year.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct FrontierPoint {
    /// Expected return.
    pub mean: f64,
    /// Volatility.
    pub volatility: f64,
    /// Assets held.
    pub held: usize,
}

/// Computes everything.
///
/// # Errors
/// One sentence when a figure cannot be computed.
pub fn figures(settings: &Settings, inputs: &Inputs, progress: &mut Progress) -> Result<Figures> {
    progress.step("estimates");
    let market = Market::load(settings)?;
    progress.step("the balanced mandate");
    let balanced_problem = balanced(&market, settings)?;
    let balanced = mandate(&balanced_problem)?;
    progress.step("weights when the sample is drawn again");
    let bands = bands(&market, &balanced_problem)?;
    let plan = plan(&market, settings, &balanced.solution)?;
    progress.step("the tight mandate");
    let tight = mandate(&tight(&market, settings)?)?;
    progress.step("the impossible mandate");
    let impossible = impossible(&market, settings)?;
    let (conflict, conflict_words) = match impossible.solve() {
        Err(Error::Conflict(conflict)) => (*conflict.clone(), Error::Conflict(conflict).to_string()),
        Err(other) => return Err(other.into()),
        Ok(_) => return Err(Failure("the third mandate can be kept with these prices".to_owned())),
    };
    let fallback = impossible.solve_or(&[Fallback::RelaxLimits, Fallback::MinimumVariance])?;
    progress.step("the exact frontier");
    let (frontier, exact) = frontier(&market)?;
    progress.step("the option book");
    let options = strategies(inputs)?;
    let dates = market.returns.dates();
    Ok(Figures {
        window: (dates[0].to_string(), dates[dates.len() - 1].to_string()),
        observations: dates.len(),
        shrinkage: (market.covariance_shrinkage, market.mean_shrinkage),
        crisis: (CRISIS.0.to_string(), CRISIS.1.to_string()),
        capital: settings.capital,
        balanced,
        bands,
        plan,
        tight,
        conflict,
        conflict_words,
        fallback,
        frontier,
        corners: exact.corners.len(),
        exact,
        options,
    })
}

/// The solution, and what each limit that binds costs as a whole.
fn mandate(problem: &Problem) -> Result<Mandate> {
    let solution = problem.solve()?;
    let mut names: Vec<&str> = solution.active_limits.iter().map(|limit| limit.limit.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let yearly = Frequency::Daily.periods_per_year() * 1e4;
    let mut costs = Vec::new();
    for name in names.into_iter().filter(|name| *name != "budget") {
        costs.push((name.to_owned(), problem.cost_of(name)? * yearly));
    }
    costs.sort_by(|a, b| b.1.total_cmp(&a.1));
    Ok(Mandate { solution, costs })
}

/// The weights of the mandate when everything that was estimated is estimated again.
fn bands(market: &Market, problem: &Problem) -> Result<WeightBands> {
    let stability = WeightStability::new(DRAWS.0, DRAWS.1)?;
    let returns = market.returns.returns();
    Ok(stability.bands(returns, Confidence::P95, |sample| {
        let invalid = |error: Failure| alluse_quant::optimizer::Error::Invalid {
            what: "sample".into(),
            reason: error.to_string(),
        };
        let (covariance, _) = covariance_of(sample).map_err(invalid)?;
        let mean = JamesStein::default().estimate(sample)?.view().to_owned();
        problem.clone().with_covariance(covariance)?.with_mean(mean)?.solve()?.to_weights()
    })?)
}

/// Whole shares from equal weights to the solution.
fn plan(market: &Market, settings: &Settings, solution: &Solution) -> Result<Plan> {
    let costs = TradingCosts::new(AssetCosts::proportional(OneWayRate::from_basis_points(settings.cost_bps)?));
    let mut holdings = Holdings::new(settings.capital * 0.01)?;
    let n = market.prices.len() as f64;
    for (asset, price) in market.universe.assets().iter().zip(&market.prices) {
        let units = (0.99 * settings.capital / n / price).floor();
        holdings = holdings.with(Instrument::new(asset.as_str(), *price)?, units)?;
    }
    Ok(Planner::new(costs).plan(&holdings, &solution.to_weights()?)?)
}

/// A dozen points of the exact frontier, and the frontier.
fn frontier(market: &Market) -> Result<(Vec<FrontierPoint>, Frontier)> {
    let n = market.mean.len();
    let model = RiskModel::from(market.covariance.clone());
    let frontier = CriticalLine::new(market.mean.view(), &model)?
        .with_bounds(Array1::zeros(n), Array1::from_elem(n, 0.12))?
        .trace()?;
    let year = Frequency::Daily.periods_per_year();
    let points = frontier.points(9)?;
    let point = |portfolio: &alluse_quant::optimizer::frontier::EfficientPortfolio| FrontierPoint {
        mean: portfolio.mean * year,
        volatility: (portfolio.variance * year).sqrt(),
        held: portfolio.weights.iter().filter(|w| **w > 1e-9).count(),
    };
    Ok((points.iter().map(point).collect(), frontier))
}

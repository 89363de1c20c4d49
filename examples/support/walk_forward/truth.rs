//! (c) What estimation error costs in a market whose moments are known.

use std::path::Path;

use alluse_quant::optimizer::problem::{Constraint, Objective, Problem, RiskMeasure};
use alluse_quant::optimizer::{self, Universe};
use alluse_quant::risk_core::covariance::SampleCovariance;
use alluse_quant::risk_core::expected_returns::JamesStein;
use alluse_quant::risk_core::linalg::{Cholesky, cholesky};
use alluse_quant::risk_core::streams::{Streams, fill_chi_squares, fill_standard_normals};
use alluse_quant::risk_core::{AssetId, Covariance};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::Serialize;

use super::data::shares;
use super::rules::{DEFAULT, default_problem, long_only, shrunk};
use super::settings::{RISK_AVERSION, Settings, each};
use crate::Result;

/// Degrees of freedom of the returns.
pub const DEGREES_OF_FREEDOM: f64 = 5.0;

/// Days in a sample: 3 to 126 an asset.
const SIZES: [usize; 6] = [60, 120, 252, 500, 1_260, 2_520];

/// Days in a year.
const YEAR: f64 = 252.0;

/// Known moments of a day, and the best certainty equivalent that they allow.
#[derive(Debug, Clone)]
struct Market {
    assets: Vec<AssetId>,
    mean: Array1<f64>,
    covariance: Covariance,
    root: Cholesky,
}

/// The answer.
#[derive(Debug, Clone, Serialize)]
pub struct Truth {
    /// Days a sample, in the order of the columns.
    pub days: Vec<usize>,
    /// Assets.
    pub assets: usize,
    /// Samples of each size.
    pub samples: usize,
    /// Certainty equivalent a year of the oracle, long only and fully invested.
    pub oracle: f64,
    /// Volatility a year of its minimum variance, long only and fully invested.
    pub least_volatility: f64,
    /// The rules.
    pub rows: Vec<TruthRow>,
}

/// One rule by sample size: means over the samples and their standard errors.
#[derive(Debug, Clone, Serialize)]
pub struct TruthRow {
    /// The rule.
    pub rule: &'static str,
    /// Certainty equivalent over the oracle's.
    pub equivalents: Vec<(f64, f64)>,
    /// Volatility of the oracle's minimum variance over that of the rule.
    pub volatilities: Vec<(f64, f64)>,
    /// Samples in which the rule failed.
    pub failures: usize,
}

type Rule = fn(&Market, ArrayView2<'_, f64>) -> optimizer::Result<Array1<f64>>;

const RULES: [(&str, Rule); 7] = [
    ("oracle with the same cap", |market, _| {
        let known = default_problem(&market.assets, market.covariance.clone(), cap(market))?;
        weights(utility(known).with_mean(market.mean.clone())?)
    }),
    ("1/N", |market, _| Ok(Array1::from_elem(market.assets.len(), 1.0 / market.assets.len() as f64))),
    (DEFAULT, |market, returns| weights(default_problem(&market.assets, shrunk(returns)?, cap(market))?)),
    ("mean-variance, James-Stein, shrunk, capped", |market, returns| {
        let problem = default_problem(&market.assets, shrunk(returns)?, cap(market))?;
        weights(utility(problem).with_mean(JamesStein::default().estimate(returns)?.values)?)
    }),
    ("plain minimum variance, long only", |market, returns| {
        let problem = long_only(&market.assets, Objective::MinimiseRisk(RiskMeasure::Variance))?;
        weights(problem.with_covariance(SampleCovariance::default().covariance(returns)?)?)
    }),
    ("plain mean-variance, long only", |market, returns| {
        weights(plain(utility(long_only(&market.assets, Objective::MaximiseReturn)?), returns)?)
    }),
    ("plain mean-variance, shorts allowed", |market, returns| {
        let problem = Problem::new(Universe::new(market.assets.clone())?, Objective::MaximiseReturn);
        weights(plain(utility(problem.subject_to(Constraint::budget(1.0))), returns)?)
    }),
];

fn cap(market: &Market) -> f64 {
    2.0 / market.assets.len() as f64
}

fn utility(problem: Problem) -> Problem {
    problem.with_objective(Objective::MaximiseUtility { risk_aversion: RISK_AVERSION })
}

/// With the moments of the sample.
fn plain(problem: Problem, returns: ArrayView2<'_, f64>) -> optimizer::Result<Problem> {
    problem.with_mean(means(returns))?.with_covariance(SampleCovariance::default().covariance(returns)?)
}

fn means(returns: ArrayView2<'_, f64>) -> Array1<f64> {
    returns.sum_axis(Axis(0)) / returns.nrows() as f64
}

fn weights(problem: Problem) -> optimizer::Result<Array1<f64>> {
    Ok(problem.solve()?.to_weights()?.view().to_owned())
}

impl Market {
    fn of_shares(folder: &Path) -> Result<Self> {
        let panel = shares(folder)?;
        let covariance = SampleCovariance::default().covariance(panel.returns())?;
        Ok(Self {
            mean: means(panel.returns()),
            root: cholesky(covariance.view())?,
            assets: panel.assets().to_vec(),
            covariance,
        })
    }

    /// `μ'w − γ/2 w'Σw` a year.
    fn certainty_equivalent(&self, weights: ArrayView1<'_, f64>) -> Result<f64> {
        let variance = self.covariance.variance_of(weights)?;
        Ok(YEAR * (self.mean.dot(&weights) - 0.5 * RISK_AVERSION * variance))
    }

    /// Volatility a year.
    fn volatility(&self, weights: ArrayView1<'_, f64>) -> Result<f64> {
        Ok(self.covariance.volatility_of(weights)? * YEAR.sqrt())
    }

    /// Multivariate Student t with the market's moments.
    fn sample(&self, days: usize, streams: &Streams, draw: u64) -> Result<Array2<f64>> {
        let mut stream = streams.block(draw);
        let mut normals = vec![0.0; days * self.assets.len()];
        let mut squares = vec![0.0; days];
        fill_standard_normals(&mut stream, &mut normals);
        fill_chi_squares(&mut stream, DEGREES_OF_FREEDOM, &mut squares)?;
        let normals = Array2::from_shape_vec((days, self.assets.len()), normals)
            .map_err(|error| crate::Failure(error.to_string()))?;
        let mut returns = self.root.correlate(normals.view())?;
        for (mut day, square) in returns.rows_mut().into_iter().zip(squares) {
            day *= ((DEGREES_OF_FREEDOM - 2.0) / square).sqrt();
            day += &self.mean;
        }
        Ok(returns)
    }
}

/// What one rule reached in the samples of one size in which it did not fail.
#[derive(Debug, Clone, Default)]
struct Tally {
    equivalents: Vec<f64>,
    volatilities: Vec<f64>,
}

/// Runs the simulation with the moments of the twenty shares as the truth.
///
/// # Errors
/// One sentence when a figure cannot be computed.
pub fn simulate(settings: &Settings) -> Result<Truth> {
    let market = Market::of_shares(&settings.folder)?;
    let known = long_only(&market.assets, Objective::MaximiseReturn)?
        .with_mean(market.mean.clone())?
        .with_covariance(market.covariance.clone())?;
    let oracle = market.certainty_equivalent(weights(utility(known))?.view())?;
    let safest = long_only(&market.assets, Objective::MinimiseRisk(RiskMeasure::Variance))?
        .with_covariance(market.covariance.clone())?;
    let least_volatility = market.volatility(weights(safest)?.view())?;
    let samples = settings.scope.draws().samples;
    let columns = each(&SIZES, |days| column(&market, *days, samples, settings.seed))?;
    let row = |(place, (rule, _)): (usize, &(&'static str, Rule))| TruthRow {
        rule,
        equivalents: columns.iter().map(|column| summary(&column[place].equivalents, |it| it / oracle)).collect(),
        volatilities: columns
            .iter()
            .map(|column| summary(&column[place].volatilities, |it| least_volatility / it))
            .collect(),
        failures: columns.iter().map(|column| samples - column[place].equivalents.len()).sum(),
    };
    Ok(Truth {
        days: SIZES.to_vec(),
        assets: market.assets.len(),
        samples,
        oracle,
        least_volatility,
        rows: RULES.iter().enumerate().map(row).collect(),
    })
}

fn column(market: &Market, days: usize, samples: usize, seed: u64) -> Result<Vec<Tally>> {
    let streams = Streams::new(Streams::new(seed).derived_seed(days as u64));
    let mut tallies = vec![Tally::default(); RULES.len()];
    for draw in 0..samples {
        let returns = market.sample(days, &streams, draw as u64)?;
        for ((_, rule), tally) in RULES.iter().zip(&mut tallies) {
            if let Ok(weights) = rule(market, returns.view()) {
                tally.equivalents.push(market.certainty_equivalent(weights.view())?);
                tally.volatilities.push(market.volatility(weights.view())?);
            }
        }
    }
    Ok(tallies)
}

/// Mean and standard error; NaN without samples.
fn summary(values: &[f64], ratio: impl Fn(f64) -> f64) -> (f64, f64) {
    let ratios: Array1<f64> = values.iter().map(|value| ratio(*value)).collect();
    (ratios.mean().unwrap_or(f64::NAN), ratios.std(1.0) / (ratios.len() as f64).sqrt())
}

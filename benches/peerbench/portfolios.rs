//! W5 to W8 and W11: minimum variance and its frontier, mean-CVaR, equal risk contribution, hierarchical risk parity, and
//! a walk of re-optimisations.

use std::path::Path;

use alluse_quant::optimizer::frontier::CriticalLine;
use alluse_quant::optimizer::hierarchical::{Clustering, Distance, HierarchicalRiskParity};
use alluse_quant::optimizer::problem::{Constraint, Members, Objective, Problem, RiskMeasure, Scenarios};
use alluse_quant::optimizer::risk_budgeting::{Budgets, RiskBudgeting};
use alluse_quant::optimizer::walk_forward::RollingCovariance;
use alluse_quant::optimizer::{ActiveSet, Hessian, QuadraticProgram, RiskModel, Solution, Universe};
use alluse_quant::risk_core::covariance::{FactorCovariance, SampleCovariance};
use alluse_quant::risk_core::panel::PricePanel;
use alluse_quant::risk_core::{AssetId, Confidence, Covariance, HistorySplitter};
use ndarray::{Array1, Array2, ArrayView1, Axis};
use ndarray_npy::read_npy;
use serde_json::{Map, Value, json};

use crate::record::{Record, Result, digest};

/// A W5 problem: bounds, and lower and upper limits on each sector.
struct Sectors {
    mean: Array1<f64>,
    covariance: Covariance,
    sector: Vec<usize>,
    low: f64,
    high: f64,
    most: f64,
}

impl Sectors {
    fn read(data: &Path, n: usize) -> Result<Self> {
        let sector: Array1<i64> = read_npy(data.join(format!("w5_sector_{n}.npy")))?;
        let covariance: Array2<f64> = read_npy(data.join(format!("w5_cov_{n}.npy")))?;
        let (low, high) = if n == 20 { (0.05, 0.35) } else { (0.02, 0.25) };
        let most = match n {
            20 => 0.15,
            100 => 0.05,
            500 => 0.02,
            _ => 0.01,
        };
        let mean = read_npy(data.join(format!("w5_mu_{n}.npy")))?;
        let sector = sector.iter().map(|s| usize::try_from(*s)).collect::<std::result::Result<_, _>>()?;
        Ok(Self { mean, covariance: Covariance::new(covariance)?, sector, low, high, most })
    }

    fn names(&self) -> Vec<String> {
        (0..self.mean.len()).map(|asset| format!("A{asset}")).collect()
    }

    fn problem(&self, objective: Objective) -> Result<Problem> {
        let names = self.names();
        let mut problem = Problem::new(Universe::named(names.clone())?, objective)
            .with_mean(self.mean.clone())?
            .with_covariance(self.covariance.clone())?
            .subject_to(Constraint::budget(1.0))
            .subject_to(Constraint::weights(0.0..=self.most));
        for group in 0..=self.sector.iter().copied().max().unwrap_or(0) {
            let members = Members::of(names.iter().zip(&self.sector).filter(|(_, s)| **s == group).map(|(n, _)| n));
            problem = problem.subject_to(Constraint::group(format!("sector {group}"), members, self.low..=self.high));
        }
        Ok(problem)
    }

    fn line<'a>(&self, model: &'a RiskModel) -> Result<CriticalLine<'a>> {
        let n = self.mean.len();
        let groups = self.sector.iter().copied().max().unwrap_or(0) + 1;
        let mut rows = Array2::zeros((groups, n));
        for (asset, group) in self.sector.iter().enumerate() {
            rows[[*group, asset]] = 1.0;
        }
        Ok(CriticalLine::new(self.mean.view(), model)?
            .with_bounds(Array1::zeros(n), Array1::from_elem(n, self.most))?
            .with_rows(rows, Array1::from_elem(groups, self.low), Array1::from_elem(groups, self.high))?)
    }

    /// The peers' answer: variance, mean, Sharpe ratio and the largest violation.
    fn answer(&self, weights: ArrayView1<'_, f64>) -> Map<String, Value> {
        let variance = weights.dot(&self.covariance.view().dot(&weights));
        let mean = self.mean.dot(&weights);
        let mut sums = vec![0.0; self.sector.iter().copied().max().unwrap_or(0) + 1];
        self.sector.iter().zip(weights).for_each(|(group, w)| sums[*group] += w);
        let sides = sums.iter().map(|s| (self.low - s).max(s - self.high));
        let bounds = weights.iter().map(|w| (-w).max(w - self.most));
        let violation = sides.chain(bounds).fold((weights.sum() - 1.0).abs(), f64::max);
        Map::from_iter([
            ("variance".to_owned(), json!(variance)),
            ("ann_vol".to_owned(), json!((variance * 252.0).sqrt())),
            ("mean".to_owned(), json!(mean)),
            ("sharpe".to_owned(), json!(mean / variance.sqrt() * 252.0_f64.sqrt())),
            ("violation".to_owned(), json!(violation)),
            ("nonzero".to_owned(), json!(weights.iter().filter(|w| **w > 1e-5).count())),
            ("w".to_owned(), digest(&weights.to_vec())),
        ])
    }

    fn of_solution(&self, solution: &Solution) -> Map<String, Value> {
        let mut answer = self.answer(ArrayView1::from(&solution.weights));
        answer.insert("gap".into(), json!(solution.certificate.duality_gap));
        answer.insert("kkt".into(), json!(solution.certificate.stationarity));
        answer
    }
}

/// W5.
pub(crate) fn minimum_variance(data: &Path, record: &mut Record) -> Result<()> {
    for n in [20, 100, 500, 1000] {
        let sectors = Sectors::read(data, n)?;
        let least = sectors.problem(Objective::MinimiseRisk(RiskMeasure::Variance))?;
        record.case(&format!("minvar n={n}"), || Ok(least.solve()?), |s| sectors.of_solution(s))?;
        let model = RiskModel::from(sectors.covariance.clone());
        let ratio = sectors.problem(Objective::sharpe(0.0))?;
        record.case(&format!("maxsharpe n={n}"), || Ok(ratio.solve()?), |s| sectors.of_solution(s))?;
        if n == 100 || n == 500 {
            // The peers' targets: evenly spaced up to 98 % of the way to the greatest mean.
            let points = || {
                let frontier = sectors.line(&model)?.trace()?;
                let (low, high) = (frontier.minimum_variance()?.mean, frontier.maximum_return()?.mean);
                let target = |k: usize| low + 0.98 * (high - low) * k as f64 / 29.0;
                Ok((0..30).map(|k| frontier.at_return(target(k))).collect::<std::result::Result<Vec<_>, _>>()?)
            };
            record.case(&format!("frontier30 n={n}"), points, |points| {
                let of = |key: &str| -> Value {
                    points.iter().map(|p| sectors.answer(ArrayView1::from(&p.weights))[key].clone()).collect()
                };
                Map::from_iter([("vol".to_owned(), of("ann_vol")), ("mean".to_owned(), of("mean"))])
            })?;
        }
    }
    factors(data, record)
}

/// A thousand assets on twenty factors: the sample covariance of the data is not in factors, so the loadings are those of
/// a fixed rule, and the residual variances half the sample's.
fn factors(data: &Path, record: &mut Record) -> Result<()> {
    let sectors = Sectors::read(data, 1000)?;
    let loadings = Array2::from_shape_fn((1000, 20), |(i, k)| {
        let market = if k == 0 { 1.0 } else { 0.0 };
        0.01 * (market + 0.4 * ((i * (k + 3)) as f64 * 0.37).sin())
    });
    let residuals = sectors.covariance.variances() * 0.5;
    let model = FactorCovariance::new(loadings, Covariance::new(Array2::eye(20))?, residuals)?;
    let problem = sectors.problem(Objective::MinimiseRisk(RiskMeasure::Variance))?.with_covariance(model)?;
    record.case(
        "minvar factored n=1000 k=20",
        || Ok(problem.solve()?),
        |solution| {
            Map::from_iter([
                ("variance".to_owned(), json!(solution.objective)),
                ("gap".to_owned(), json!(solution.certificate.duality_gap)),
            ])
        },
    )
}

/// W6.
pub(crate) fn mean_cvar(data: &Path, record: &mut Record) -> Result<()> {
    let returns: Array2<f64> = read_npy(data.join("w5_ret_100.npy"))?;
    let mean = returns.mean_axis(Axis(0)).ok_or("no scenarios")?;
    let target = mean.sum() / 100.0;
    let names = (0..100).map(|asset| format!("A{asset}"));
    let measure = RiskMeasure::ExpectedShortfall(Confidence::P95);
    let problem = Problem::new(Universe::named(names)?, Objective::MinimiseRisk(measure))
        .with_scenarios(Scenarios::dated(returns.clone())?)?
        .subject_to(Constraint::budget(1.0))
        .subject_to(Constraint::weights(0.0..=0.1));
    let answer = |solution: &Solution| {
        let w = ArrayView1::from(&solution.weights);
        let outside = w.iter().map(|w| (-w).max(w - 0.1)).fold((w.sum() - 1.0).abs(), f64::max);
        Map::from_iter([
            ("cvar".to_owned(), json!(solution.objective)),
            ("mean".to_owned(), json!(mean.dot(&w))),
            ("sum".to_owned(), json!(w.sum())),
            ("violation".to_owned(), json!(outside)),
            ("gap".to_owned(), json!(solution.certificate.duality_gap)),
            ("w".to_owned(), digest(&solution.weights)),
        ])
    };
    record.case("mincvar", || Ok(problem.solve()?), answer)?;
    let floor = problem.clone().subject_to(Constraint::target_return(target));
    record.case("mincvar+return", || Ok(floor.solve()?), answer)
}

/// W7.
pub(crate) fn risk_parity(data: &Path, record: &mut Record) -> Result<()> {
    for n in [20, 100, 500, 1000] {
        let covariance: Array2<f64> = read_npy(data.join(format!("w5_cov_{n}.npy")))?;
        let model = RiskModel::from(Covariance::new(covariance.clone())?);
        let parity = RiskBudgeting::new(Budgets::Equal);
        record.case(
            &format!("n={n}"),
            || Ok(parity.solve(&model)?),
            |solution| {
                let w = solution.weights.view();
                let parts = &w * &covariance.dot(&w);
                let total = parts.sum();
                let worst = parts.iter().map(|part| (part / total * n as f64 - 1.0).abs()).fold(0.0, f64::max);
                Map::from_iter([
                    ("vol".to_owned(), json!((total * 252.0).sqrt())),
                    ("rc_maxdev".to_owned(), json!(worst)),
                    ("w".to_owned(), digest(&w.to_vec())),
                ])
            },
        )?;
    }
    Ok(())
}

/// W8.
pub(crate) fn hierarchical(data: &Path, record: &mut Record) -> Result<()> {
    for n in [100, 500, 1000] {
        let returns: Array2<f64> = read_npy(data.join(format!("w5_ret_{n}.npy")))?;
        let covariance: Array2<f64> = read_npy(data.join(format!("w5_cov_{n}.npy")))?;
        for (suffix, distance) in
            [("", Distance::Correlation), (" distance-of-distances", Distance::EuclideanOfCorrelationDistance)]
        {
            let method =
                HierarchicalRiskParity::default().with_clustering(Clustering::default().with_distance(distance));
            let solve = || {
                let sample = SampleCovariance::default().covariance(returns.view())?;
                Ok(method.allocate(&sample)?)
            };
            record.case(&format!("n={n}{suffix}"), solve, |portfolio| {
                let w = portfolio.weights.view();
                Map::from_iter([
                    ("vol".to_owned(), json!((w.dot(&covariance.dot(&w)) * 252.0).sqrt())),
                    ("sum".to_owned(), json!(w.sum())),
                    ("w".to_owned(), digest(&w.to_vec())),
                ])
            })?;
        }
    }
    Ok(())
}

/// W11: minimum variance, long only, fitted every 21 days on the last 252, weights constant inside each window.
pub(crate) fn walk(data: &Path, record: &mut Record) -> Result<()> {
    let prices: Array2<f64> = read_npy(data.join("w11_prices.npy"))?;
    let dates = std::fs::read_to_string(data.join("w11_dates.csv"))?;
    let dates: Vec<jiff::civil::Date> =
        dates.lines().skip(1).map(|line| line.trim().parse()).collect::<std::result::Result<_, _>>()?;
    let assets: Vec<AssetId> =
        (0..prices.ncols()).map(|a| AssetId::new(format!("A{a}"))).collect::<std::result::Result<_, _>>()?;
    let panel = PricePanel::new(dates, assets, prices)?.simple_returns()?;
    let returns = panel.returns();
    let (rows, n) = returns.dim();
    let starts: Vec<usize> = (252..rows - 20).step_by(21).collect();
    let splitter = HistorySplitter::new(&panel, vec![0.0; n])?;
    let walk = || -> Result<(Vec<Array1<f64>>, Vec<f64>)> {
        let mut rolling = RollingCovariance::new(1);
        let mut active: Option<ActiveSet> = None;
        let (mut chosen, mut earned) = (Vec::with_capacity(starts.len()), Vec::new());
        for &start in &starts {
            let covariance = rolling.update(splitter.ending(start, 252)?)?;
            let program = QuadraticProgram::new(Hessian::Dense(covariance.view()), Array1::zeros(n))?
                .with_bounds(Array1::zeros(n), Array1::from_elem(n, f64::INFINITY))?
                .with_rows(Array2::ones((1, n)), vec![1.0], vec![1.0])?;
            let solution = match &active {
                Some(active) => program.solve_from(active)?,
                None => program.solve()?,
            };
            active = Some(solution.active_set());
            for row in returns.rows().into_iter().skip(start).take(21) {
                earned.push(row.dot(&solution.x));
            }
            chosen.push(solution.x);
        }
        Ok((chosen, earned))
    };
    record.case("383 fits", walk, |(chosen, earned)| {
        let earned = ArrayView1::from(earned);
        let (mean, vol) = (earned.sum() / earned.len() as f64, earned.std(1.0));
        let ends = [chosen.first(), chosen.last()].map(|w| w.map(|w| digest(&w.to_vec())));
        Map::from_iter([
            ("fits".to_owned(), json!(chosen.len())),
            ("days".to_owned(), json!(earned.len())),
            ("mean".to_owned(), json!(mean)),
            ("vol".to_owned(), json!(vol)),
            ("sharpe".to_owned(), json!(mean / vol * 252.0_f64.sqrt())),
            ("w_first".to_owned(), json!(ends[0])),
            ("w_last".to_owned(), json!(ends[1])),
        ])
    })
}

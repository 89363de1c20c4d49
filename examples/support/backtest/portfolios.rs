//! The portfolios that models are judged on: what is held into every day, and what it earned.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use alluse_quant::risk_core::covariance::LinearShrinkage;
use alluse_quant::risk_core::linalg::solve_positive_definite;
use alluse_quant::risk_core::panel::{Missing, PricePanel, ReturnPanel, SeriesPanel};
use alluse_quant::risk_core::{AssetId, Factor};
use alluse_quant::var_models::BookSource;
use ndarray::{Array1, Array2, ArrayView2, Axis, Slice};

use super::option_programs::{self, Program};
use crate::{Failure, Result};

/// A portfolio over its whole history.
#[derive(Debug)]
pub struct Portfolio {
    /// Its name in the tables.
    pub name: String,
    /// Its kind in the tables.
    pub kind: Kind,
    /// Daily returns of what it holds.
    pub panel: ReturnPanel,
    /// Money in every column into every date, per unit of capital.
    pub exposures: Array2<f64>,
    /// What came, per unit of capital.
    pub pnl: Array1<f64>,
    /// The books of a portfolio with options, and the history of the factors that move them.
    pub options: Option<OptionBooks>,
}

impl Portfolio {
    /// Without its first `days`.
    ///
    /// # Errors
    /// When fewer than two are left.
    pub fn without_first(&self, days: usize) -> Result<Self> {
        let cut = |panel: &ReturnPanel| -> Result<ReturnPanel> {
            let kept = panel.returns().slice_axis_move(Axis(0), Slice::from(days..)).to_owned();
            Ok(ReturnPanel::new(panel.dates()[days..].to_vec(), panel.assets().to_vec(), kept)?)
        };
        let options = match &self.options {
            Some(OptionBooks { books, factors, panel }) => {
                Some(OptionBooks { books: Arc::clone(books), factors: factors.clone(), panel: cut(panel)? })
            }
            None => None,
        };
        Ok(Self {
            name: self.name.clone(),
            kind: self.kind,
            panel: cut(&self.panel)?,
            exposures: self.exposures.slice_axis(Axis(0), Slice::from(days..)).to_owned(),
            pnl: self.pnl.slice_axis(Axis(0), Slice::from(days..)).to_owned(),
            options,
        })
    }
}

/// What full revaluation needs.
#[derive(Debug)]
pub struct OptionBooks {
    /// The books, day by day.
    pub books: Arc<dyn BookSource>,
    /// The factors, one for every column of the panel.
    pub factors: Vec<Factor>,
    /// Their relative moves, on the dates of the portfolio.
    pub panel: ReturnPanel,
}

/// What a portfolio is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One share.
    Share,
    /// Fixed weights over shares.
    Mix,
    /// An index.
    Index,
    /// Several asset classes.
    MultiAsset,
    /// A programme that sells options.
    Options,
}

impl Kind {
    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Share => "share",
            Self::Mix => "mix of shares",
            Self::Index => "index",
            Self::MultiAsset => "multi-asset",
            Self::Options => "options",
        }
    }
}

/// The portfolios that the files allow, and what is missing for the others.
#[derive(Debug)]
pub struct Portfolios {
    /// All of them, in the order of the tables.
    pub all: Vec<Portfolio>,
    /// Names and reasons of those that could not be made.
    pub skipped: Vec<String>,
}

/// Where prices are.
#[derive(Debug, Clone)]
pub struct Sources {
    /// Folder of the files that come with the examples.
    pub bundled: PathBuf,
    /// Folder of further files, when there is one.
    pub further: Option<PathBuf>,
}

impl Sources {
    fn bundled(&self, file: &str) -> PathBuf {
        self.bundled.join(file)
    }

    fn further(&self, file: &str) -> std::result::Result<PathBuf, String> {
        let path = self.further.as_ref().map(|folder| folder.join(file)).filter(|path| path.exists());
        path.ok_or_else(|| format!("{file} is not in the folder of --data"))
    }
}

/// Groups of the twenty shares by what their companies do.
const GROUPS: [(&str, &[&str]); 5] = [
    ("technology", &["AAPL", "AMD", "MSFT"]),
    ("banks and industry", &["BAC", "JPM", "GE"]),
    ("energy", &["CVX", "RRC", "XOM"]),
    ("health", &["JNJ", "LLY", "MRK", "PFE", "UNH"]),
    ("consumer", &["BBY", "HD", "KO", "PEP", "PG", "WMT"]),
];

/// Makes every portfolio.
///
/// # Errors
/// When a file that comes with the examples cannot be read.
pub fn load(sources: &Sources) -> Result<Portfolios> {
    let shares = PricePanel::from_csv(sources.bundled("stocks20_daily.csv"), Missing::Reject)?.simple_returns()?;
    let mut all = Vec::new();
    let names = shares.assets().to_vec();
    for asset in &names {
        all.push(fixed(asset.as_str(), Kind::Share, pick(&shares, &[asset.as_str()])?, &[1.0])?);
    }
    for (name, members) in GROUPS {
        let weights = vec![1.0 / members.len() as f64; members.len()];
        all.push(fixed(name, Kind::Mix, pick(&shares, members)?, &weights)?);
    }
    let count = names.len();
    all.push(fixed("equal weight", Kind::Mix, shares.clone(), &vec![1.0 / count as f64; count])?);
    all.push(long_short(&shares)?);
    all.push(minimum_variance(shares)?);
    let index = PricePanel::from_csv(sources.bundled("sp500_index_daily.csv"), Missing::Reject)?;
    all.push(fixed("S&P 500", Kind::Index, index.simple_returns()?, &[1.0])?);
    let nasdaq = column(&sources.bundled("nasdaq_ohlcv_daily.csv"), "close", "NASDAQ")?;
    all.push(fixed("Nasdaq", Kind::Index, nasdaq.simple_returns()?, &[1.0])?);
    let mut skipped = Vec::new();
    further(sources, &index, &mut all, &mut skipped)?;
    Ok(Portfolios { all, skipped })
}

/// The portfolios whose data do not come with the examples.
fn further(sources: &Sources, index: &PricePanel, all: &mut Vec<Portfolio>, skipped: &mut Vec<String>) -> Result<()> {
    match (sources.further("spy_daily.csv"), sources.further("tlt_daily.csv")) {
        (Ok(spy), Ok(tlt)) => {
            let spy = column(&spy, "adj_close", "SPY")?;
            let tlt = column(&tlt, "close", "TLT")?;
            let both = joined(&spy, &tlt)?.simple_returns()?;
            all.push(fixed("60/40", Kind::MultiAsset, both, &[0.6, 0.4])?);
        }
        (Err(reason), _) | (_, Err(reason)) => skipped.push(format!("60/40: {reason}")),
    }
    match sources.further("qqq_daily.csv") {
        Ok(qqq) => {
            let qqq = column(&qqq, "adj_close", "QQQ")?;
            all.push(fixed("QQQ", Kind::Index, qqq.simple_returns()?, &[1.0])?);
        }
        Err(reason) => skipped.push(format!("QQQ: {reason}")),
    }
    match sources.further("vix_daily.csv") {
        Ok(vix) => {
            let vix = SeriesPanel::from_csv(&vix, Missing::Reject)?;
            for program in Program::ALL {
                all.push(option_programs::portfolio(program, index, &vix)?);
            }
        }
        Err(reason) => {
            skipped.extend(Program::ALL.map(|program| format!("{}: {reason}", program.name())));
        }
    }
    Ok(())
}

/// A portfolio whose weights are reset every day.
fn fixed(name: &str, kind: Kind, panel: ReturnPanel, weights: &[f64]) -> Result<Portfolio> {
    let weights = Array1::from(weights.to_vec());
    let shape = (panel.dates().len(), weights.len());
    let exposures = weights.broadcast(shape).ok_or_else(|| Failure("weights do not fit".into()))?.to_owned();
    varying(name, kind, panel, exposures)
}

fn varying(name: &str, kind: Kind, panel: ReturnPanel, exposures: Array2<f64>) -> Result<Portfolio> {
    let pnl = (&panel.returns() * &exposures).sum_axis(Axis(1));
    Ok(Portfolio { name: name.to_owned(), kind, panel, exposures, pnl, options: None })
}

/// 130 % in the ten shares with the lower volatility over the last 250 days, −30 % in the others; chosen
/// every 21 days from what was known.
fn long_short(shares: &ReturnPanel) -> Result<Portfolio> {
    let choose = |seen: ArrayView2<'_, f64>| {
        let spread = seen.std_axis(Axis(0), 1.0);
        let mut order: Vec<usize> = (0..spread.len()).collect();
        order.sort_by(|&a, &b| spread[a].total_cmp(&spread[b]));
        let half = order.len() / 2;
        let mut weights = Array1::zeros(order.len());
        for (place, &asset) in order.iter().enumerate() {
            weights[asset] = if place < half { 1.3 / half as f64 } else { -0.3 / (order.len() - half) as f64 };
        }
        Ok(weights)
    };
    rebalanced("130/30", shares, 250, choose)
}

/// The unconstrained minimum-variance mix of the last 500 days, under a shrunk covariance, every 21 days.
fn minimum_variance(shares: ReturnPanel) -> Result<Portfolio> {
    let estimator = LinearShrinkage::default();
    rebalanced("minimum variance", &shares, 500, |seen| {
        let covariance = estimator.estimate(seen)?.covariance;
        let weights = solve_positive_definite(covariance.view(), Array1::ones(seen.ncols()).view())?;
        let total = weights.sum();
        Ok(weights / total)
    })
}

/// Days between two choices of weights.
const REBALANCED_EVERY: usize = 21;

fn rebalanced(
    name: &str,
    shares: &ReturnPanel,
    window: usize,
    choose: impl Fn(ArrayView2<'_, f64>) -> Result<Array1<f64>>,
) -> Result<Portfolio> {
    let days = shares.dates().len();
    let mut exposures = Array2::zeros((days - window, shares.assets().len()));
    let mut weights = Array1::zeros(shares.assets().len());
    for (day, mut row) in exposures.rows_mut().into_iter().enumerate() {
        if day % REBALANCED_EVERY == 0 {
            let seen = shares.returns().slice_axis_move(Axis(0), Slice::from(day..day + window));
            weights = choose(seen)?;
        }
        row.assign(&weights);
    }
    let kept = shares.returns().slice_axis_move(Axis(0), Slice::from(window..)).to_owned();
    let panel = ReturnPanel::new(shares.dates()[window..].to_vec(), shares.assets().to_vec(), kept)?;
    varying(name, Kind::Mix, panel, exposures)
}

fn pick(returns: &ReturnPanel, names: &[&str]) -> Result<ReturnPanel> {
    let assets = names.iter().map(|name| AssetId::new(*name)).collect::<std::result::Result<Vec<_>, _>>()?;
    let mut picked = Array2::zeros((returns.dates().len(), assets.len()));
    for (asset, mut column) in assets.iter().zip(picked.columns_mut()) {
        column.assign(&returns.column(asset)?);
    }
    Ok(ReturnPanel::new(returns.dates().to_vec(), assets, picked)?)
}

/// One column of a file whose other columns may be anything, such as volumes.
fn column(file: &Path, column: &str, name: &str) -> Result<PricePanel> {
    let series = SeriesPanel::from_csv(file, Missing::Reject)?;
    let values = series.column(column)?.to_owned().insert_axis(Axis(1));
    Ok(PricePanel::new(series.dates().to_vec(), vec![AssetId::new(name)?], values)?)
}

/// Two single columns on the dates that both have.
fn joined(a: &PricePanel, b: &PricePanel) -> Result<PricePanel> {
    let mut rows = Vec::new();
    let mut dates = Vec::new();
    for (i, date) in a.dates().iter().enumerate() {
        if let Ok(j) = b.dates().binary_search(date) {
            dates.push(*date);
            rows.extend([a.prices()[[i, 0]], b.prices()[[j, 0]]]);
        }
    }
    let shape = (dates.len(), 2);
    let prices = Array2::from_shape_vec(shape, rows).map_err(|error| Failure(error.to_string()))?;
    Ok(PricePanel::new(dates, [a.assets(), b.assets()].concat(), prices)?)
}

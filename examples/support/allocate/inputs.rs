//! Prices, sectors and what was estimated from them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use alluse_quant::optimizer::Universe;
use alluse_quant::risk_core::covariance::{LinearShrinkage, ShrinkageTarget};
use alluse_quant::risk_core::expected_returns::JamesStein;
use alluse_quant::risk_core::panel::{Missing, PricePanel, ReturnPanel};
use alluse_quant::risk_core::{AssetId, Covariance, Weights};
use jiff::civil::{Date, date};
use ndarray::{Array1, ArrayView2};

use crate::{Failure, Result};

/// What is asked of the program.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Daily prices, one column per symbol.
    pub prices: PathBuf,
    /// Symbols and their sectors.
    pub sectors: PathBuf,
    /// The last so many returns are looked at.
    pub days: usize,
    /// `γ` of the utility.
    pub risk_aversion: f64,
    /// One-way cost of trading, in basis points.
    pub cost_bps: f64,
    /// The capital that is allocated, in dollars.
    pub capital: f64,
}

/// The market as estimated.
#[derive(Debug)]
pub struct Market {
    /// Its assets.
    pub universe: Universe,
    /// The returns behind the estimates.
    pub returns: ReturnPanel,
    /// Shrunk covariance of a day.
    pub covariance: Covariance,
    /// How far it was shrunk.
    pub covariance_shrinkage: f64,
    /// Shrunk mean of a day.
    pub mean: Array1<f64>,
    /// How far it was shrunk.
    pub mean_shrinkage: f64,
    /// Last prices.
    pub prices: Vec<f64>,
    /// Members of each sector.
    pub sectors: BTreeMap<String, Vec<String>>,
    /// What each asset lost in the crisis, from its own prices.
    pub crisis_losses: Vec<(String, f64)>,
    /// The weights held: equal.
    pub held: Weights,
}

/// First and last close of the crisis that limits are set on.
pub const CRISIS: (Date, Date) = (date(2008, 9, 12), date(2008, 11, 20));

impl Market {
    /// Reads the files and estimates.
    ///
    /// # Errors
    /// One sentence about whatever is wrong with a file.
    pub fn load(settings: &Settings) -> Result<Self> {
        let prices = PricePanel::from_csv(&settings.prices, Missing::Reject)?;
        let sectors = sectors(&settings.sectors, prices.assets())?;
        let crisis_losses = crisis_losses(&settings.prices.display().to_string(), &prices)?;
        let all = prices.simple_returns()?;
        let returns = all.last(settings.days)?;
        let (covariance, covariance_shrinkage) = covariance_of(returns.returns())?;
        let shrunk = JamesStein::default().estimate(returns.returns())?;
        let universe = Universe::new(prices.assets().to_vec())?;
        let rows = prices.prices();
        let last = rows.row(rows.nrows() - 1).to_vec();
        let n = universe.len();
        Ok(Self {
            covariance: covariance.with_assets(universe.assets().to_vec())?,
            covariance_shrinkage,
            mean: shrunk.view().to_owned(),
            mean_shrinkage: shrunk.shrinkage.map_or(0.0, |shrinkage| shrinkage.intensity),
            prices: last,
            crisis_losses,
            held: Weights::equal(n)?,
            universe,
            returns,
            sectors,
        })
    }
}

/// The covariance shrunk towards constant correlation, with its intensity.
///
/// # Errors
/// Those of the estimator.
pub fn covariance_of(returns: ArrayView2<'_, f64>) -> Result<(Covariance, f64)> {
    let shrunk = LinearShrinkage::new(ShrinkageTarget::ConstantCorrelation).shrink(returns)?;
    Ok((shrunk.covariance, shrunk.shrinkage))
}

/// Members of each sector.
///
/// # Errors
/// One sentence about whatever is wrong with the file; an asset without a sector is.
pub fn sectors(path: &Path, assets: &[AssetId]) -> Result<BTreeMap<String, Vec<String>>> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| Failure::in_file(&file, error))?;
    let mut lines = text.lines();
    if lines.next().map(str::trim) != Some("symbol,sector") {
        return Err(Failure::in_file(&file, "the first line must be \"symbol,sector\""));
    }
    let mut of: BTreeMap<String, String> = BTreeMap::new();
    for (line, row) in lines.enumerate().filter(|(_, row)| !row.trim().is_empty()) {
        let Some((symbol, sector)) = row.trim().split_once(',') else {
            return Err(Failure::in_file(&file, format!("line {}: {row:?} is not a symbol and a sector", line + 2)));
        };
        if of.insert(symbol.trim().to_owned(), sector.trim().to_owned()).is_some() {
            return Err(Failure::in_file(&file, format!("line {}: {symbol:?} occurs twice", line + 2)));
        }
    }
    let mut sectors: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for asset in assets {
        let Some(sector) = of.get(asset.as_str()) else {
            return Err(Failure::in_file(&file, format!("no sector for {asset}, which has prices")));
        };
        sectors.entry(sector.clone()).or_default().push(asset.as_str().to_owned());
    }
    Ok(sectors)
}

/// `1 − last / first` of each asset over the crisis.
fn crisis_losses(file: &str, prices: &PricePanel) -> Result<Vec<(String, f64)>> {
    let (first, last) = CRISIS;
    let place = |date: Date| {
        let missing = || Failure::in_file(file, format!("no prices on {date}, which the crisis limit needs"));
        prices.dates().iter().position(|d| *d == date).ok_or_else(missing)
    };
    let (from, to) = (place(first)?, place(last)?);
    let rows = prices.prices();
    let loss = |(column, asset): (usize, &AssetId)| {
        (asset.as_str().to_owned(), 1.0 - rows[[to, column]] / rows[[from, column]])
    };
    Ok(prices.assets().iter().enumerate().map(loss).collect())
}

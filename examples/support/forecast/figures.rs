//! The walk through time.

use std::path::PathBuf;

use alluse_quant::forecast::evaluation::Overlap;
use alluse_quant::forecast::evaluation::skill_table::{SkillSettings, SkillTable};
use alluse_quant::forecast::evaluation::volatility_table::{VolatilityEvaluation, VolatilityTable};
use alluse_quant::forecast::evaluation::walk_forward::{Naive, ReturnEvaluation, ReturnForecaster, WalkForwardRun};
use alluse_quant::forecast::trust::{TrustLevel, TrustRule};
use alluse_quant::risk_core::VolatilityModel;
use alluse_quant::risk_core::splits::TrainWindow;
use jiff::civil::Date;
use ndarray::Array1;
use serde::Serialize;

use super::models;
use super::series::{Series, load};
use super::today::{Today, today};
use crate::arguments::{Accepts, Arguments};
use crate::progress::Progress;
use crate::{Failure, Result};

/// How much is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everything.
    Full,
    /// Enough to see that it runs.
    Quick,
}

/// What is run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// Folder of further price files.
    #[serde(skip)]
    pub further: Option<PathBuf>,
    /// Where the forecast of the index is written as a page.
    #[serde(skip)]
    pub html: Option<PathBuf>,
    /// Of every simulation.
    pub seed: u64,
    /// How much is run.
    pub scope: Scope,
}

/// What the program accepts.
pub const ACCEPTS: Accepts =
    Accepts { options: &["--data", "--seed", "--json", "--html"], switches: &["--quick", "--help"] };

impl Settings {
    /// From the command line.
    ///
    /// # Errors
    /// For a seed that is not a number of at least 1.
    pub fn of(arguments: &Arguments) -> Result<Self> {
        Ok(Self {
            further: arguments.value("--data").map(Into::into),
            html: arguments.value("--html").map(Into::into),
            seed: arguments.count_or("--seed", 1)? as u64,
            scope: if arguments.has("--quick") { Scope::Quick } else { Scope::Full },
        })
    }
}

/// Rows before the first forecast.
const WINDOW: usize = 1_000;

/// Futures of every model at every origin, and outcomes of the naive distributions.
const PATHS: usize = 500;

impl Scope {
    /// Rows between two origins of the forecasts of a day and a week, and of the longer ones.
    fn strides(self) -> (usize, usize) {
        match self {
            Self::Full => (21, 21),
            Self::Quick => (101, 252),
        }
    }

    fn paths(self) -> usize {
        if self == Self::Full { PATHS } else { 100 }
    }
}

/// Everything on the page.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// What was run.
    pub settings: Settings,
    /// The series, judged.
    pub series: Vec<Judged>,
    /// The forecast of the index.
    pub today: Today,
}

/// A series and how well it was forecast.
#[derive(Debug, Clone, Serialize)]
pub struct Judged {
    /// Its name.
    pub name: String,
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
    /// Number of returns.
    pub returns: usize,
    /// Returns over a day and a week.
    pub short: SkillTable,
    /// Returns over a month, a quarter and a year.
    pub long: SkillTable,
    /// Volatility.
    pub volatility: VolatilityTable,
    /// What each model's forecasts of a month have earned, by name.
    pub trust: Vec<(String, TrustLevel)>,
}

/// Walks through every series.
///
/// # Errors
/// For files that cannot be read, and for a series too short to be judged.
pub fn figures(settings: &Settings) -> Result<Figures> {
    let all = load(settings.further.clone())?;
    let mut progress = Progress::new(3 * all.len() + 1);
    let mut judged = Vec::new();
    for series in &all {
        judged.push(judge(series, settings, &mut progress)?);
    }
    progress.step("the forecast of the index");
    let index = all.first().ok_or_else(|| Failure("there is no series".to_owned()))?;
    let track = judged.first().and_then(|index| sentence(&index.long));
    let today = today(index, settings, track)?;
    progress.finish();
    Ok(Figures { settings: settings.clone(), series: judged, today })
}

/// What the table says of the model of today's forecast over a month.
fn sentence(table: &SkillTable) -> Option<String> {
    table.rows.iter().find(|row| row.horizon == 21 && row.model == super::today::MODEL).map(|row| row.sentence.clone())
}

fn judge(series: &Series, settings: &Settings, progress: &mut Progress) -> Result<Judged> {
    let (near, far) = settings.scope.strides();
    let all = models::of_returns(settings.scope.paths());
    let borrowed: Vec<&dyn ReturnForecaster> = all.iter().map(AsRef::as_ref).collect();
    let walk = |horizons: Vec<usize>, stride: usize| -> Result<WalkForwardRun> {
        let evaluation = ReturnEvaluation::new(TrainWindow::Expanding(WINDOW.min(series.returns.len() / 2)), stride)
            .with_horizons(horizons)
            .with_stride(stride)
            .with_members(settings.scope.paths())
            .with_seed(settings.seed);
        Ok(evaluation.run(series.returns.view(), &borrowed)?)
    };
    let evidence = SkillSettings::default();
    progress.step(&format!("{}, days and weeks", series.name));
    let short = SkillTable::new(&walk(vec![1, 5], near)?, &evidence)?;
    progress.step(&format!("{}, months to a year", series.name));
    let months = walk(vec![21, 63, 252], far)?;
    let long = SkillTable::new(&months, &evidence)?;
    progress.step(&format!("{}, volatility", series.name));
    let owned = models::of_volatility()?;
    let named: Vec<(&str, &dyn VolatilityModel)> = owned.iter().map(|(name, model)| (*name, model.as_ref())).collect();
    let window = TrainWindow::Expanding(WINDOW.min(series.returns.len() / 2));
    let evaluation = VolatilityEvaluation::new(window, 21).with_horizons([1, 5, 21, 63]).with_stride(near);
    let volatility = VolatilityTable::new(&evaluation.run(series.returns.view(), &named)?, &evidence)?;
    let (Some(&from), Some(&to)) = (series.dates.first(), series.dates.last()) else {
        return Err(Failure(format!("{} has no dates", series.name)));
    };
    let trust = trust(&months)?;
    Ok(Judged { name: series.name.clone(), from, to, returns: series.returns.len(), short, long, volatility, trust })
}

/// What the forecasts of a month have earned against the unconditional bootstrap.
fn trust(run: &WalkForwardRun) -> Result<Vec<(String, TrustLevel)>> {
    let horizon = 21;
    let Some(naive) = run.naive(Naive::UnconditionalBootstrap) else { return Ok(Vec::new()) };
    let overlap: Overlap = run.overlap(horizon)?;
    let mut all = Vec::new();
    for model in run.models().iter().filter(|model| model.name != naive.name) {
        let (mut own, mut reference, mut origins) = (Vec::new(), Vec::new(), Vec::new());
        for record in model.at(horizon) {
            if let Some(other) = naive.at(horizon).find(|other| other.origin == record.origin) {
                own.push(record.crps);
                reference.push(other.crps);
                origins.push(record.origin);
            }
        }
        let effective = overlap.disjoint(&origins).len();
        let (own, reference) = (Array1::from(own), Array1::from(reference));
        let level = TrustRule::default().assess(own.view(), reference.view(), overlap.lags(), effective)?;
        all.push((model.name.clone(), level));
    }
    Ok(all)
}

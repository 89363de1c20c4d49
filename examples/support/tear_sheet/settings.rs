use std::path::PathBuf;

use alluse_quant::attribution::ReturnKind;
use alluse_quant::report::ReportKind;
use alluse_quant::risk_core::Frequency;

use crate::arguments::Arguments;
use crate::wheel::inputs;
use crate::{Failure, Result};

/// What the tear sheet is made of.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Values of the portfolio; the weekly option programme on the index when there is no file.
    pub portfolio: Option<PathBuf>,
    /// The column of the file; its only one by default.
    pub column: Option<String>,
    /// Periods a year of the file.
    pub frequency: Frequency,
    /// Whether its returns contain what was paid out.
    pub returns: ReturnKind,
    /// The index, its volatility index and bill rates.
    pub market: inputs::Settings,
    /// Heading.
    pub title: Option<String>,
    /// Daily, weekly, monthly, quarterly, or everything since inception.
    pub kind: ReportKind,
    /// Variants tried before this one was chosen.
    pub trials: Option<usize>,
    /// Resamples of the intervals.
    pub replicates: usize,
    /// Their seed.
    pub seed: u64,
}

impl Settings {
    /// From the command line.
    ///
    /// # Errors
    /// For a word that names no kind or frequency.
    pub fn of(arguments: &Arguments) -> Result<Self> {
        let frequency = match arguments.value("--frequency") {
            None | Some("daily") => Frequency::Daily,
            Some("weekly") => Frequency::Weekly,
            Some("monthly") => Frequency::Monthly,
            Some(other) => return Err(Failure(format!("--frequency is daily, weekly or monthly, not {other:?}"))),
        };
        let kind = match arguments.value("--kind") {
            None | Some("inception") => ReportKind::SinceInception,
            Some("daily") => ReportKind::Daily,
            Some("weekly") => ReportKind::Weekly,
            Some("monthly") => ReportKind::Monthly,
            Some("quarterly") => ReportKind::Quarterly,
            Some(other) => {
                let kinds = "inception, daily, weekly, monthly or quarterly";
                return Err(Failure(format!("--kind is {kinds}, not {other:?}")));
            }
        };
        let trials = arguments.value("--trials").map(|_| arguments.count_or("--trials", 1)).transpose()?;
        Ok(Self {
            portfolio: arguments.value("--portfolio").map(PathBuf::from),
            column: arguments.value("--column").map(str::to_owned),
            frequency,
            returns: super::kind(arguments.value("--returns"))?,
            market: inputs::Settings {
                index: arguments.path_or("--index", "sp500_index_daily.csv"),
                volatility_index: arguments.path_or("--volatility-index", "vix_2014_2018_daily.csv"),
                rates: arguments.path_or("--rates", "ff3_monthly.csv"),
                benchmark: None,
                delta: 0.45,
                half_spread: 0.02,
            },
            title: arguments.value("--title").map(str::to_owned),
            kind,
            trials,
            replicates: arguments.count_or("--replicates", 1_000)?,
            seed: 1,
        })
    }
}

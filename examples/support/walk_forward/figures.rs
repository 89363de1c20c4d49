//! Everything that the page says, as numbers.

use alluse_quant::optimizer::walk_forward::TruncationReport;
use serde::Serialize;

use super::comparison::{Compared, Judged, compare, judge, truncated};
use super::data::load;
use super::flag::{self, Flagged};
use super::settings::{Draws, Settings, each};
use super::truth::{self, Truth};
use super::turnover::{self, Certified, Traded};
use crate::progress::Progress;
use crate::{Failure, Result};

/// The whole study.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// What was run.
    pub settings: Settings,
    /// How often everything was drawn.
    pub draws: Draws,
    /// (a) data set by data set.
    pub compared: Vec<Compared>,
    /// (a) over all of them.
    pub judged: Vec<Judged>,
    /// Whether a rule looks ahead, tested on the first data set of five assets or less.
    pub truncated: Vec<TruncationReport>,
    /// (b).
    pub traded: Vec<Traded>,
    /// The solves that were checked on the way.
    pub certified: Certified,
    /// (c).
    pub truth: Truth,
    /// (d).
    pub flagged: Vec<Flagged>,
}

/// Computes everything.
///
/// # Errors
/// One sentence when a figure cannot be computed.
pub fn figures(settings: &Settings) -> Result<Figures> {
    let mut progress = Progress::new(5);
    let data = load(&settings.folder, settings.scope)?;
    progress.step("simulated strategies");
    let flagged = flag::simulate(settings)?;
    progress.step("a market of known truth");
    let truth = truth::simulate(settings)?;
    progress.step("every rule on every data set");
    let compared = each(&data, |data| compare(data, settings).map_err(|f| Failure::in_file(data.name, f)))?;
    progress.step("without the future");
    let small = data.iter().find(|data| data.assets() <= 5);
    let truncated = small.map(truncated).transpose()?.unwrap_or_default();
    progress.step("turnover");
    let studied = each(&data, |data| turnover::study(data, settings).map_err(|f| Failure::in_file(data.name, f)))?;
    progress.finish();
    Ok(Figures {
        settings: settings.clone(),
        draws: settings.scope.draws(),
        judged: judge(&compared),
        compared,
        truncated,
        certified: studied.iter().fold(Certified::default(), |all, (_, solves)| all.and(*solves)),
        traded: studied.into_iter().flat_map(|(rows, _)| rows).collect(),
        truth,
        flagged,
    })
}

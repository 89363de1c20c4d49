//! The allocation as a report.

use alluse_quant::report::allocation::AllocationReport;
use alluse_quant::report::{Document, ReportKind};
use alluse_quant::risk_core::Frequency;

use super::figures::Figures;
use crate::{Failure, Result};

/// The three mandates, the frontier, and why the third cannot be kept.
///
/// # Errors
/// One sentence when the parts do not fit together.
pub fn document(figures: &Figures) -> Result<Document> {
    let (from, to) = &figures.window;
    let as_of = to.parse().map_err(|error| Failure(format!("{to}: {error}")))?;
    let report = AllocationReport::new(as_of, Frequency::Daily, figures.observations)
        .with_mandate("balanced", &figures.balanced.solution, figures.balanced.costs.clone())
        .with_mandate("tight", &figures.tight.solution, figures.tight.costs.clone())
        .with_frontier(&figures.exact)
        .with_bands(&figures.bands)
        .with_conflict("impossible", &figures.conflict)
        .with_assumption(format!("Returns from {from} to {to}."))
        .with_assumption(format!(
            "The covariance is shrunk by {:.0} % and the expected returns by {:.0} %: errors of the means are larger than \
             their differences.",
            100.0 * figures.shrinkage.0,
            100.0 * figures.shrinkage.1
        ))
        .with_assumption("The frontier is long only with at most 12 % in an asset; the mandates have more limits.");
    Ok(report.document("Allocation among twenty shares", ReportKind::SinceInception)?)
}

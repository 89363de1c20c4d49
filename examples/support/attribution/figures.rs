//! Everything that the page prints.

use serde::Serialize;

use super::factors::{FactorFigures, factors};
use super::inputs::{Months, Settings};
use super::programme::{ProgrammeFigures, programme};
use super::sectors::{SectorFigures, sectors};
use crate::Result;
use crate::progress::Progress;

/// All figures of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// What was asked.
    pub settings: Settings,
    /// Shares by sector.
    pub sectors: SectorFigures,
    /// Shares by factor.
    pub factors: FactorFigures,
    /// The option programme.
    pub programme: ProgrammeFigures,
    /// What was modelled or taken for granted.
    pub notes: Vec<String>,
}

/// Attributes both.
///
/// # Errors
/// One sentence about whatever is wrong with the data.
pub fn figures(settings: &Settings, progress: &mut Progress) -> Result<Figures> {
    progress.step("shares by sector");
    let months = Months::load(settings)?;
    let sectors = sectors(&months)?;
    progress.step("shares by factor");
    let factors = factors(&months)?;
    let programme = programme(settings, progress)?;
    let notes = notes(&months, &programme);
    Ok(Figures { settings: settings.clone(), sectors, factors, programme, notes })
}

fn notes(months: &Months, programme: &ProgrammeFigures) -> Vec<String> {
    let mut notes = vec![
        "the shares are survivors, all still listed at the end of the file: returns and alphas of portfolio and benchmark \
         are higher than those of anybody who had to choose beforehand, and their difference is not untouched"
            .to_owned(),
        "prices are adjusted for dividends; portfolio and benchmark are rebalanced at no cost at the close of each month \
         and drift within it"
            .to_owned(),
        "option prices are the model's own at the volatility index, one volatility for all strikes: the residual of the \
         greeks says whether the effects add up, not whether the model is right"
            .to_owned(),
        "a price index without dividends; sales cost half the spread, delivery nothing; see the example wheel".to_owned(),
        "the borders of the week labels are a choice; tests count the labels of one axis, not the axes tried".to_owned(),
    ];
    if let Some(end) = months.ends.last().filter(|end| **end < months.last_priced) {
        notes.push(format!(
            "the factors end in {}-{:02}, and so does the portfolio of shares",
            end.year(),
            end.month()
        ));
    }
    if programme.left_out > 0 {
        notes.push(format!("{} days of the index have no volatility and are left out", programme.left_out));
    }
    notes
}

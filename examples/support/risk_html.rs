//! The risk report as a page, with limits, stress tests and what changed.

use std::path::{Path, PathBuf};

use alluse_quant::report::ReportKind;
use alluse_quant::report::risk::RiskReport;
use alluse_quant::risk_core::{Currency, Limit, Measure};
use alluse_quant::stress::{StressReport, StressTest};

use crate::arguments::Arguments;
use crate::figures::{AXES, Figures};
use crate::inputs::{Files, Inputs};
use crate::save::save;
use crate::stress::scenarios::{assemble, factor_model};
use crate::{Failure, Result};

/// The limits that the command line names. The examples' own limits are meant for the examples' own positions.
///
/// # Errors
/// For a file that cannot be read as limits.
pub fn limits(arguments: &Arguments) -> Result<Vec<Limit>> {
    if arguments.value("--limits").is_none() && arguments.value("--positions").is_some() {
        return Ok(Vec::new());
    }
    read(&arguments.path_or("--limits", "limits.json"))
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let file = path.display().to_string();
    let text = std::fs::read_to_string(path).map_err(|error| Failure::in_file(&file, error))?;
    serde_json::from_str(&text).map_err(|error| Failure::in_file(&file, error))
}

/// The book in the crises since 1987, in replays of its own history and in the hand-written scenarios.
///
/// # Errors
/// One sentence about a file, or about a scenario that the book cannot take.
pub fn stress_report(inputs: &Inputs, files: &Files, limits: &[Limit]) -> Result<StressReport> {
    let book = &inputs.book;
    let model = factor_model(book, &inputs.prices, &files.volatility_index)?;
    let own = crate::arguments::bundled("stress_scenarios.json");
    let scenarios = assemble(book, &inputs.prices, &files.index, &own, &model)?;
    let axes: Vec<&str> = AXES.into_iter().filter(|axis| book.labels().axes().any(|a| a == *axis)).collect();
    let stress_limits = limits.iter().filter(|limit| matches!(limit.measure, Measure::StressLoss { .. }));
    let test = StressTest::new(scenarios.list)?
        .with_calendar(inputs.calendar.clone())
        .with_axes(&axes)
        .with_limits(stress_limits.cloned().collect())?;
    Ok(test.run(book)?)
}

/// Where the page is written, and what it is compared with.
#[derive(Debug)]
pub struct Page {
    html: PathBuf,
    previous: Option<RiskReport>,
}

impl Page {
    /// `None` when no page is asked for.
    ///
    /// # Errors
    /// For an earlier report that cannot be read, or one without a page to compare it in.
    pub fn of(arguments: &Arguments) -> Result<Option<Self>> {
        let previous = arguments.value("--since").map(|file| read(Path::new(file))).transpose()?;
        match (arguments.value("--html"), previous) {
            (Some(html), previous) => Ok(Some(Self { html: html.into(), previous })),
            (None, Some(_)) => Err(Failure("--since needs --html: what changed is part of the page".to_owned())),
            (None, None) => Ok(None),
        }
    }

    /// Writes the page, and beside it the report as data.
    ///
    /// # Errors
    /// For a figure or chart that cannot be written, and for a file that cannot.
    pub fn write(&self, figures: &Figures, stress: StressReport) -> Result<()> {
        let report = report(figures)?.with_stress(stress);
        let document = report.document("Risk of the book", ReportKind::Daily, self.previous.as_ref())?;
        let html = document.html()?;
        save(&self.html, &html)?;
        let mut beside = self.html.clone().into_os_string();
        beside.push(".json");
        save(Path::new(&beside), &serde_json::to_string_pretty(&report)?)
    }
}

/// The figures of the program as a report.
fn report(figures: &Figures) -> Result<RiskReport> {
    let mut report = RiskReport::new(figures.as_of, Currency::new(&figures.base)?, figures.total, figures.coverage);
    for horizon in &figures.horizons {
        for level in horizon.levels.iter().rev() {
            report = report
                .with_estimate("historical simulation", level.expected_shortfall.clone())
                .with_estimate("historical simulation", level.value_at_risk.clone());
        }
        report = report.with_unvalued(horizon.unvalued.iter().cloned());
    }
    for level in &figures.student_t {
        report = report
            .with_estimate("Student t of the revalued P&L", level.expected_shortfall.clone())
            .with_estimate("Student t of the revalued P&L", level.value_at_risk.clone());
    }
    if let Some(day) = figures.horizons.first() {
        for split in &day.contributions {
            report = report.with_decomposition(split.clone());
        }
        let what = format!("One-day moves from {} to {}", day.window.0, day.window.1);
        report = report.with_scenario_pnl(what, figures.day.clone());
    }
    for (axis, labels) in &figures.exposures {
        report = report.with_exposures(axis, labels.clone());
    }
    for check in &figures.limits {
        report = report.with_limit(check.limit.clone(), check.status.clone());
    }
    for note in &figures.notes {
        report = report.with_note(note);
    }
    Ok(report.with_assumptions(&figures.receipt.assumptions).with_inputs(&figures.receipt.inputs))
}

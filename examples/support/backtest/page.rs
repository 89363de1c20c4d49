//! The tables as Markdown.

use std::collections::BTreeSet;
use std::fmt::{Result, Write};

use alluse_quant::var_models::backtest::CoverageReport;

use super::judge::{Cell, Ruling};
use super::verdict::{ModelVerdict, Share};

/// What stands above the tables.
#[derive(Debug, Clone, serde::Serialize)]
pub struct Setting {
    /// Returns behind every forecast.
    pub window: usize,
    /// Days between two fits.
    pub refit_every: usize,
    /// Portfolios judged, with their first and last judged date and the number of days.
    pub portfolios: Vec<(String, String, String, usize)>,
    /// Portfolios that could not be made, with the reason.
    pub skipped: Vec<String>,
    /// What was modelled.
    pub assumptions: Vec<String>,
}

/// The whole page.
///
/// # Errors
/// When the text cannot be written.
pub fn write(out: &mut String, setting: &Setting, verdicts: &[ModelVerdict], cells: &[Cell]) -> Result {
    writeln!(
        out,
        "{} portfolios, {} models, window {} days, parameters estimated every {} days.",
        setting.portfolios.len(),
        verdicts.len(),
        setting.window,
        setting.refit_every
    )?;
    for skipped in &setting.skipped {
        writeln!(out, "SKIPPED {skipped}")?;
    }
    for assumption in &setting.assumptions {
        writeln!(out, "assumed: {assumption}")?;
    }
    writeln!(out, "\n## Criteria\n")?;
    criteria(out, verdicts)?;
    missing(out, verdicts, cells)?;
    writeln!(out, "\n## Breaches, % of days\n")?;
    breaches(out, verdicts, cells)?;
    writeln!(out, "\n## Portfolios\n")?;
    portfolios(out, setting)?;
    writeln!(out, "\n## Rejections\n")?;
    rejections(out, cells)
}

fn criteria(out: &mut String, verdicts: &[ModelVerdict]) -> Result {
    writeln!(
        out,
        "| model | portfolios | (a) breaches in the exact 95 % band | (a) left after Holm | (b) conditional coverage | (b) dynamic quantile | (c) exceedance residuals | (c) ES regression | (d) joint loss less naive, p | (e) in the 90 % set | meets | days without forecast |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|---|---|---|---|---|")?;
    for v in verdicts {
        let loss = match (v.loss_difference, v.loss_p_value) {
            (Some(d), Some(p)) => format!("{d:+.4}, {}", p_value(p)),
            _ => "–".to_owned(),
        };
        let met: String = "abcde".chars().zip(v.meets).filter(|(_, met)| *met).map(|(letter, _)| letter).collect();
        let (inside, could) = v.in_confidence_set;
        writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {inside} of {could} | {} | {} |",
            v.model,
            v.portfolios,
            share(&v.coverage),
            v.rejected_after_holm,
            share(&v.conditional_coverage),
            share(&v.dynamic_quantile),
            share(&v.exceedance),
            share(&v.es_regression),
            loss,
            if met.is_empty() { "none" } else { &met },
            v.missing,
        )?;
    }
    Ok(())
}

/// Where days have no forecast, and why the first of them has none.
fn missing(out: &mut String, verdicts: &[ModelVerdict], cells: &[Cell]) -> Result {
    if verdicts.iter().any(|v| v.missing > 0) {
        writeln!(out, "\nDays without a forecast count for no model and against none:\n")?;
    }
    for v in verdicts {
        let own: Vec<&Cell> = cells.iter().filter(|cell| cell.model == v.model && cell.missing > 0).collect();
        let Some(Cell { portfolio, missing_reason, .. }) = own.first() else { continue };
        let days = own.iter().filter(|cell| cell.portfolio == *portfolio).map(|cell| cell.missing).max().unwrap_or(0);
        let others = own.iter().map(|cell| &cell.portfolio).collect::<BTreeSet<_>>().len() - 1;
        let reason = missing_reason.as_deref().unwrap_or("no reason was kept");
        write!(out, "- {}: {portfolio}, {days} days: {reason}", v.model)?;
        writeln!(out, "{}", if others > 0 { format!(" (and {others} portfolios more)") } else { String::new() })?;
    }
    Ok(())
}

fn share(share: &Share) -> String {
    match share.fraction() {
        Some(fraction) => {
            format!("{:.0} % of {}, power {:.0} %", 100.0 * fraction, share.held, 100.0 * share.median_power)
        }
        None => "not held".to_owned(),
    }
}

fn p_value(p: f64) -> String {
    if p < 0.0001 { "p < 0.0001".to_owned() } else { format!("p = {p:.4}") }
}

fn breaches(out: &mut String, verdicts: &[ModelVerdict], cells: &[Cell]) -> Result {
    writeln!(out, "| model | 95 % | 97.5 % | 99 % |")?;
    writeln!(out, "|---|---|---|---|")?;
    for v in verdicts {
        write!(out, "| {} |", v.model)?;
        for level in [0.95, 0.975, 0.99] {
            let own = cells.iter().filter(|c| c.model == v.model && (c.confidence.level() - level).abs() < 1e-9);
            let (mut count, mut days, mut low, mut high) = (0, 0, f64::INFINITY, 0.0_f64);
            for cell in own.filter(|cell| cell.days > 0) {
                (count, days) = (count + cell.breaches, days + cell.days);
                let rate = 100.0 * cell.breaches as f64 / cell.days as f64;
                (low, high) = (low.min(rate), high.max(rate));
            }
            match days {
                0 => write!(out, " not asked |")?,
                days => write!(out, " {:.2} ({low:.2} to {high:.2}) |", 100.0 * count as f64 / days as f64)?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

fn portfolios(out: &mut String, setting: &Setting) -> Result {
    writeln!(out, "| portfolio | judged from | to | days |")?;
    writeln!(out, "|---|---|---|---|")?;
    for (name, from, to, days) in &setting.portfolios {
        writeln!(out, "| {name} | {from} | {to} | {days} |")?;
    }
    Ok(())
}

/// By model and kind of portfolio: how many of the coverage and shortfall tests reject at 5 %.
fn rejections(out: &mut String, cells: &[Cell]) -> Result {
    writeln!(
        out,
        "| kind | model | cells | coverage | conditional coverage | dynamic quantile | exceedance residuals | ES regression |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|---|")?;
    let mut groups: Vec<(super::portfolios::Kind, &str)> = Vec::new();
    for cell in cells {
        if !groups.contains(&(cell.kind, cell.model.as_str())) {
            groups.push((cell.kind, &cell.model));
        }
    }
    groups.sort_by_key(|group| group.0);
    for (kind, model) in groups {
        let own: Vec<&Cell> = cells.iter().filter(|c| c.kind == kind && c.model == model).collect();
        let count =
            |of: fn(&Cell) -> &Ruling| own.iter().filter(|c| of(c).p_value().is_some_and(|p| p <= 0.05)).count();
        writeln!(
            out,
            "| {} | {model} | {} | {} | {} | {} | {} | {} |",
            kind.name(),
            own.len(),
            count(|c| &c.coverage),
            count(|c| &c.conditional_coverage),
            count(|c| &c.dynamic_quantile),
            count(|c| &c.exceedance),
            count(|c| &c.es_regression),
        )?;
    }
    Ok(())
}

/// Every test of one record, with its power.
///
/// # Errors
/// When the text cannot be written.
pub fn hearing(out: &mut String, title: &str, report: &CoverageReport) -> Result {
    writeln!(out, "\n## {title}\n")?;
    writeln!(
        out,
        "{} breaches on {} days, {:.1} expected.\n",
        report.breaches, report.observations, report.expected_breaches
    )?;
    writeln!(out, "| test | statistic | p | exact p | power | against |")?;
    writeln!(out, "|---|---|---|---|---|---|")?;
    for hearing in &report.hearings {
        let name = format!("{:?}", hearing.test);
        match hearing.outcome.known() {
            Some(outcome) => {
                let exact = outcome.exact_p_value.map_or("–".to_owned(), |p| format!("{p:.4}"));
                let (power, against) = match &outcome.power {
                    Some(power) => (format!("{:.0} %", 100.0 * power.power), power.description.clone()),
                    None => ("–".to_owned(), "–".to_owned()),
                };
                writeln!(
                    out,
                    "| {name} | {:.4} | {:.4} | {exact} | {power} | {against} |",
                    outcome.statistic, outcome.p_value
                )?;
            }
            None => writeln!(out, "| {name} | not held | – | – | – | – |")?,
        }
    }
    Ok(())
}

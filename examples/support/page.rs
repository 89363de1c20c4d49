//! The risk report as text.

use std::fmt::{self, Write};

use alluse_quant::instruments::Exposure;
use alluse_quant::risk_core::{Assumption, Bound, Coverage, Estimate, Factor};
use alluse_quant::var_models::Decomposition;

use crate::figures::{Figures, HorizonFigures, LevelFigures};

/// Writes the whole report.
///
/// # Errors
/// When the writer fails.
pub fn write(page: &mut impl Write, figures: &Figures) -> fmt::Result {
    head(page, figures)?;
    exposures(page, figures)?;
    obligations(page, figures)?;
    risk(page, figures)?;
    limits(page, figures)?;
    for horizon in &figures.horizons {
        contributions(page, horizon)?;
    }
    for horizon in &figures.horizons {
        worst(page, horizon)?;
    }
    foot(page, figures)
}

fn head(page: &mut impl Write, figures: &Figures) -> fmt::Result {
    writeln!(page, "RISK REPORT   close of {}   all amounts in {}", figures.as_of, figures.base)?;
    writeln!(page, "{} positions, {}", figures.positions, covered(&figures.coverage))?;
    let total = &figures.total;
    writeln!(
        page,
        "market value {}   gross notional {}   dollar delta {}",
        money(total.market_value),
        money(total.gross_notional),
        money(total.dollar_delta)
    )
}

pub(crate) fn title(page: &mut impl Write, text: &str) -> fmt::Result {
    writeln!(page, "\n{text}\n{}", "─".repeat(text.chars().count()))
}

fn exposures(page: &mut impl Write, figures: &Figures) -> fmt::Result {
    title(page, "EXPOSURES AND GREEKS")?;
    writeln!(
        page,
        "delta and gamma in dollars; gamma per 1 % move, vega per volatility point, theta per calendar day"
    )?;
    for (axis, rows) in &figures.exposures {
        writeln!(
            page,
            "\n{axis:<14}{:>13}{:>14}{:>13}{:>11}{:>9}{:>9}{:>9}",
            "value", "gross", "delta", "gamma", "vega", "theta", "covered"
        )?;
        for row in rows {
            exposure_line(page, &row.label, &row.exposure, &row.coverage)?;
        }
        exposure_line(page, "total", &figures.total, &figures.coverage)?;
    }
    Ok(())
}

fn exposure_line(page: &mut impl Write, label: &str, exposure: &Exposure, coverage: &Coverage) -> fmt::Result {
    writeln!(
        page,
        "{label:<14}{:>13}{:>14}{:>13}{:>11}{:>9}{:>9}{:>9}",
        money(exposure.market_value),
        money(exposure.gross_notional),
        money(exposure.dollar_delta),
        money(exposure.dollar_gamma_per_percent()),
        money(exposure.vega_per_point()),
        money(exposure.theta_per_day()),
        share(coverage.position_share())
    )
}

fn obligations(page: &mut impl Write, figures: &Figures) -> fmt::Result {
    title(page, "ASSIGNMENT OBLIGATION OF SHORT PUTS")?;
    writeln!(page, "cash to pay if every short put is assigned; long puts and premium are not netted")?;
    writeln!(page, "\n{:<14}{:>8}{:>14}{:>13}{:>12}", "account", "puts", "obligation", "cash", "cash share")?;
    let mut accounts: Vec<&str> = Vec::new();
    for (account, _) in &figures.obligations {
        if !accounts.contains(&account.as_str()) {
            accounts.push(account);
        }
    }
    for account in accounts {
        let own: Vec<f64> =
            figures.obligations.iter().filter(|(a, _)| a == account).map(|(_, obligation)| obligation.amount).collect();
        let cash: f64 = figures.cash.iter().filter(|(a, _)| a == account).map(|(_, cash)| cash).sum();
        let owed: f64 = own.iter().sum();
        writeln!(
            page,
            "{account:<14}{:>8}{:>14}{:>13}{:>12}",
            own.len(),
            money(owed),
            money(cash),
            share(Some(cash / owed))
        )?;
    }
    Ok(())
}

fn risk(page: &mut impl Write, figures: &Figures) -> fmt::Result {
    title(page, "VALUE AT RISK AND EXPECTED SHORTFALL")?;
    writeln!(
        page,
        "historical simulation, every option revalued in every scenario; 95 % intervals; tail = scenarios beyond VaR"
    )?;
    writeln!(
        page,
        "\n{:<18}{:>7}{:>11}{:>22}{:>11}{:>10}{:>22}{:>7}",
        "horizon", "level", "VaR", "interval", "ES", "error", "interval", "tail"
    )?;
    for horizon in &figures.horizons {
        let days = horizon.horizon.trading_days();
        let name = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
        for level in &horizon.levels {
            risk_line(page, &name, level)?;
        }
    }
    for level in &figures.student_t {
        risk_line(page, "1 day, Student t", level)?;
    }
    writeln!(page)?;
    for horizon in &figures.horizons {
        writeln!(
            page,
            "{} day(s): {} windows ending {} to {}, worth {:.0} independent ones; {}",
            horizon.horizon.trading_days(),
            horizon.scenarios,
            horizon.window.0,
            horizon.window.1,
            horizon.levels.first().map_or(0.0, |level| level.value_at_risk.effective_observations),
            covered(&horizon.coverage)
        )?;
    }
    Ok(())
}

fn risk_line(page: &mut impl Write, name: &str, level: &LevelFigures) -> fmt::Result {
    let (var, es) = (&level.value_at_risk, &level.expected_shortfall);
    let confidence = match var.measure {
        alluse_quant::risk_core::Measure::ValueAtRisk { confidence, .. } => 100.0 * confidence.level(),
        _ => f64::NAN,
    };
    writeln!(
        page,
        "{name:<18}{:>7}{:>11}{:>22}{:>11}{:>10}{:>22}{:>7}",
        format!("{confidence:.1} %"),
        money(var.value),
        interval(var),
        money(es.value),
        es.standard_error.map_or("-".to_owned(), money),
        interval(es),
        es.tail_observations.map_or("-".to_owned(), |tail| format!("{tail:.1}"))
    )
}

fn limits(page: &mut impl Write, figures: &Figures) -> fmt::Result {
    if figures.limits.is_empty() {
        return Ok(());
    }
    title(page, "LIMITS ON ONE DAY")?;
    for check in &figures.limits {
        let now = check.status.value().map_or_else(|| "unknown".to_owned(), |estimate| money(estimate.value));
        let bound = match check.limit.bound {
            Bound::AtMost { limit, .. } => format!("at most {}", money(limit)),
            Bound::AtLeast { limit, .. } => format!("at least {}", money(limit)),
        };
        let verdict = format!("{:?}", check.verdict()).to_uppercase();
        writeln!(page, "{:<48}{now:>11}   {bound:<18}{verdict}", check.limit.name)?;
    }
    Ok(())
}

fn interval(estimate: &Estimate) -> String {
    estimate.interval.map_or("-".to_owned(), |i| format!("{} to {}", money(i.lower), money(i.upper)))
}

fn contributions(page: &mut impl Write, horizon: &HorizonFigures) -> fmt::Result {
    let days = horizon.horizon.trading_days();
    title(page, &format!("CONTRIBUTIONS TO EXPECTED SHORTFALL AT 97.5 %, {days} DAY(S)"))?;
    writeln!(page, "components add up to the total; incremental is the change if the row were taken out")?;
    horizon.contributions.iter().try_for_each(|split| decomposition(page, split))
}

fn decomposition(page: &mut impl Write, split: &Decomposition) -> fmt::Result {
    writeln!(
        page,
        "\n{:<14}{:>13}{:>9}{:>9}{:>14}{:>14}{:>9}",
        split.axis.as_deref().unwrap_or("position"),
        "component",
        "error",
        "share",
        "stand-alone",
        "incremental",
        "covered"
    )?;
    let mut rows: Vec<_> = split.contributions.iter().collect();
    rows.sort_by(|a, b| b.component.total_cmp(&a.component).then_with(|| a.row.cmp(&b.row)));
    for row in rows {
        writeln!(
            page,
            "{:<14}{:>13}{:>9}{:>9}{:>14}{:>14}{:>9}",
            row.row.as_str(),
            money(row.component),
            row.standard_error.map_or("-".to_owned(), money),
            share(Some(row.component / split.total.value)),
            money(row.standalone),
            money(row.incremental),
            share(row.coverage.position_share())
        )?;
    }
    for row in &split.unvalued {
        writeln!(page, "{:<14}{:>13}  {}", row.row.as_str(), "unknown", row.reason)?;
    }
    let sum: f64 = split.contributions.iter().map(|c| c.component).sum();
    writeln!(
        page,
        "{:<14}{:>13}{:>9}{:>9}   residual {:.1e}, diversification benefit {}",
        "total",
        money(sum),
        "",
        share(Some(sum / split.total.value)),
        split.residual,
        money(split.diversification_benefit)
    )
}

fn worst(page: &mut impl Write, horizon: &HorizonFigures) -> fmt::Result {
    title(page, &format!("WORST HISTORICAL WINDOWS OF {} DAY(S)", horizon.horizon.trading_days()))?;
    for window in &horizon.worst {
        let rows: Vec<String> = window.worst_rows.iter().map(|(row, pnl)| format!("{row} {}", money(*pnl))).collect();
        writeln!(page, "{:<12}{:>12}   {}", window.window, money(window.pnl), rows.join(", "))?;
    }
    Ok(())
}

fn foot(page: &mut impl Write, figures: &Figures) -> fmt::Result {
    title(page, "INPUTS THAT WERE MODELLED, AND ASSUMPTIONS")?;
    for note in &figures.notes {
        writeln!(page, "- {note}")?;
    }
    if !figures.modelled.is_empty() {
        let line: Vec<String> =
            figures.modelled.iter().map(|m| format!("{} {:.1} %", m.asset, 100.0 * m.volatility)).collect();
        writeln!(page, "- modelled volatilities: {}", line.join(", "))?;
    }
    let yields: Vec<&str> = held_yields(&figures.receipt.assumptions);
    if !yields.is_empty() {
        writeln!(page, "- dividend yields held fixed: {}", yields.join(", "))?;
    }
    let mut said: Vec<String> = Vec::new();
    for assumption in figures.receipt.assumptions.iter().filter(|assumption| held_yield(assumption).is_none()) {
        let text = assumption.to_string();
        if !said.contains(&text) {
            writeln!(page, "- {text}")?;
            said.push(text);
        }
    }
    for horizon in &figures.horizons {
        for row in &horizon.unvalued {
            writeln!(page, "- NOT VALUED over {} day(s): {}: {}", horizon.horizon.trading_days(), row.row, row.reason)?;
        }
    }
    for input in &figures.receipt.inputs {
        writeln!(page, "- {} sha256 {}", input.name, &input.sha256[..16])?;
    }
    Ok(())
}

fn held_yield(assumption: &Assumption) -> Option<&str> {
    match assumption {
        Assumption::HeldFixed { factor: Factor::Dividend(asset) } => Some(asset.as_str()),
        _ => None,
    }
}

fn held_yields(assumptions: &[Assumption]) -> Vec<&str> {
    let mut assets: Vec<&str> = assumptions.iter().filter_map(held_yield).collect();
    assets.sort_unstable();
    assets.dedup();
    assets
}

pub(crate) fn covered(coverage: &Coverage) -> String {
    format!(
        "covers {} of {} positions, {} of gross notional",
        coverage.positions_valued,
        coverage.positions,
        share(coverage.notional_share())
    )
}

fn share(value: Option<f64>) -> String {
    // Adding zero turns a negative zero into a plain one.
    value.filter(|v| v.is_finite()).map_or("unknown".to_owned(), |v| format!("{:.1} %", 100.0 * v + 0.0))
}

/// Whole units with thousands separators.
pub(crate) fn money(value: f64) -> String {
    if !value.is_finite() {
        return "unknown".to_owned();
    }
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 && digits != "0" { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_separators_and_no_negative_zero() {
        assert_eq!(money(1_234_567.4), "1,234,567");
        assert_eq!(money(-999.6), "-1,000");
        assert_eq!(money(-0.2), "0");
        assert_eq!(money(f64::NAN), "unknown");
    }
}

//! The stress report as text.

use std::fmt::{Result, Write};

use alluse_quant::risk_core::{Status, Verdict};
use alluse_quant::stress::{ScenarioResult, SpiralEnd};

use super::figures::Figures;
use crate::page::{covered, money, title};

/// Writes the whole report.
///
/// # Errors
/// When the writer fails.
pub fn write(page: &mut impl Write, figures: &Figures) -> Result {
    head(page, figures)?;
    scenarios(page, figures)?;
    for result in figures.report.ranked().into_iter().take(3) {
        worst(page, result)?;
    }
    needs(page, figures)?;
    grid(page, figures)?;
    reverse(page, figures)?;
    spiral(page, figures)?;
    strategies(page, figures)?;
    foot(page, figures)
}

fn head(page: &mut impl Write, figures: &Figures) -> Result {
    let report = &figures.report;
    writeln!(page, "STRESS REPORT   close of {}   all amounts in {}", report.as_of, report.base)?;
    writeln!(page, "value {}, {}", money(report.value), covered(&report.coverage))?;
    writeln!(page, "verdict of all limits in all scenarios: {}", verdict(report.verdict))
}

fn scenarios(page: &mut impl Write, figures: &Figures) -> Result {
    title(page, "SCENARIOS, WORST FIRST")?;
    let value = figures.report.value;
    writeln!(
        page,
        "{:<32}{:>12}{:>9}{:>9}  {:<22}{:>10}",
        "", "P&L", "of value", "verdict", "worst position", "its P&L"
    )?;
    for result in figures.report.ranked() {
        let (worst, loss) =
            result.worst_positions.first().map_or(("", String::new()), |(id, pnl)| (id.as_str(), money(*pnl)));
        let share = result.pnl.value().map_or_else(String::new, |pnl| format!("{:.1} %", 100.0 * pnl / value));
        let judged = result.verdicts.first().map_or("", |v| verdict(v.verdict));
        writeln!(
            page,
            "{:<32}{:>12}{share:>9}{judged:>9}  {worst:<22}{loss:>10}",
            result.name.as_str(),
            amount(&result.pnl)
        )?;
    }
    for left in &figures.left_out {
        writeln!(page, "left out: {} ({})", left.crisis, left.reason)?;
    }
    Ok(())
}

fn worst(page: &mut impl Write, result: &ScenarioResult) -> Result {
    title(page, &format!("{}: {}", result.name.as_str().to_uppercase(), result.description))?;
    if let Some(source) = &result.source {
        writeln!(page, "source: {source}")?;
    }
    for axis in &result.by_label {
        let parts: Vec<String> = axis.labels.iter().map(|(label, pnl)| format!("{label} {}", amount(pnl))).collect();
        writeln!(page, "{:<11}{}", axis.axis, parts.join("   "))?;
    }
    let positions: Vec<String> =
        result.worst_positions.iter().map(|(id, pnl)| format!("{id} {}", money(*pnl))).collect();
    writeln!(page, "{:<11}{}", "worst", positions.join("   "))?;
    if let Some(greeks) = result.greeks_after.as_ref().and_then(Status::value) {
        for label in greeks {
            writeln!(
                page,
                "after      {:<14} dollar delta {:>11}   gamma per 1 % {:>9}   vega per point {:>9}",
                label.label,
                money(label.exposure.dollar_delta),
                money(label.exposure.dollar_gamma_per_percent()),
                money(label.exposure.vega_per_point())
            )?;
        }
    }
    Ok(())
}

fn needs(page: &mut impl Write, figures: &Figures) -> Result {
    title(page, "MARGIN AND ASSIGNMENT CASH, TODAY AND AFTER THE THREE WORST SCENARIOS")?;
    writeln!(page, "{:<32}{:<14}{:>16}{:>16}{:>16}", "", "account", "strategy based", "cash secured", "portfolio")?;
    let lines = |page: &mut dyn Write, name: &str, accounts: &[alluse_quant::instruments::margin::MarginComparison]| {
        for account in accounts {
            writeln!(
                page,
                "{name:<32}{:<14}{:>16}{:>16}{:>16}",
                account.label,
                amount(&account.strategy_based.requirement),
                amount(&account.cash_secured.requirement),
                amount(&account.portfolio.requirement)
            )?;
        }
        Ok::<(), std::fmt::Error>(())
    };
    lines(page, "today", &figures.margin_today)?;
    for result in figures.report.ranked().into_iter().take(3) {
        match result.margin_after.as_ref() {
            Some(Status::Known(accounts)) => lines(page, result.name.as_str(), accounts)?,
            Some(Status::Unknown { reason, .. }) => writeln!(page, "{:<32}unknown: {reason}", result.name.as_str())?,
            _ => {}
        }
        if let Some(cash) = result.assignment.value() {
            writeln!(
                page,
                "{:<32}puts in the money take {} against cash of {}: short by {}",
                "",
                money(cash.in_the_money),
                money(cash.cash),
                money(cash.shortfall)
            )?;
        }
    }
    Ok(())
}

fn grid(page: &mut impl Write, figures: &Figures) -> Result {
    title(page, "P&L OVER INSTANT MOVES OF ALL PRICES (ACROSS) AND ALL VOLATILITIES (DOWN)")?;
    let percent = |x: &f64| format!("{:+.0} %", 100.0 * x);
    let head: Vec<String> = figures.grid.spots.iter().map(|x| format!("{:>12}", percent(x))).collect();
    writeln!(page, "{:<10}{}", "", head.concat())?;
    for (volatility, row) in figures.grid.volatilities.iter().zip(&figures.grid.pnl) {
        let cells: Vec<String> = row.iter().map(|pnl| format!("{:>12}", money(*pnl))).collect();
        writeln!(page, "{:<10}{}", percent(volatility), cells.concat())?;
    }
    Ok(())
}

fn reverse(page: &mut impl Write, figures: &Figures) -> Result {
    title(page, "REVERSE STRESS: THE LEAST UNUSUAL TEN DAYS THAT COST AS MUCH")?;
    let found = match &figures.reverse {
        Status::Known(found) | Status::Partial { value: found, .. } => found,
        Status::Unknown { reason, .. } => return writeln!(page, "unknown: {reason}"),
    };
    writeln!(page, "loss looked for: {}", money(found.target_loss))?;
    for (number, scenario) in found.scenarios.iter().enumerate() {
        let mut moves: Vec<&(alluse_quant::risk_core::Factor, f64)> = scenario.shocks.iter().collect();
        moves.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
        let prices = moves.iter().filter(|(factor, _)| matches!(factor, alluse_quant::risk_core::Factor::Spot(_)));
        let shown: Vec<String> =
            prices.take(6).map(|(factor, log)| format!("{factor} {:+.1} %", 100.0 * log.exp_m1())).collect();
        let volatility = moves.iter().find(|(factor, _)| !matches!(factor, alluse_quant::risk_core::Factor::Spot(_)));
        let volatility = volatility
            .map_or_else(String::new, |(_, log)| format!(", volatilities up to {:+.0} %", 100.0 * log.exp_m1()));
        writeln!(
            page,
            "{}. {:.2} deviations out, loss {} (revalued), {} of {} searches: {}{volatility}",
            number + 1,
            scenario.distance,
            money(scenario.loss),
            scenario.starts,
            found.starts,
            shown.join(", ")
        )?;
    }
    Ok(())
}

fn spiral(page: &mut impl Write, figures: &Figures) -> Result {
    title(page, "MARGIN SPIRAL AFTER THE WORST SCENARIO")?;
    let found = match &figures.spiral {
        Status::Known(found) | Status::Partial { value: found, .. } => found,
        Status::Unknown { reason, .. } => return writeln!(page, "unknown: {reason}"),
    };
    let end = match found.outcome.end {
        SpiralEnd::NoCall => "no sale is forced",
        SpiralEnd::Stable => "the requirement is met by what is left",
        SpiralEnd::Closed => "everything is sold",
        SpiralEnd::Unstable => "still selling after the last round",
    };
    writeln!(page, "{}: loss {}, then {end}", found.scenario, money(found.first_loss))?;
    for (number, round) in found.outcome.rounds.iter().enumerate() {
        writeln!(
            page,
            "round {}: value {}, requirement {}; {:.1} % sold, costs {}, price impact {}",
            number + 1,
            money(round.value),
            money(round.requirement),
            100.0 * round.sold,
            money(round.cost),
            money(round.impact_loss)
        )?;
    }
    writeln!(
        page,
        "second-round loss {}, value at the end {}",
        money(found.outcome.second_round_loss),
        money(found.outcome.value)
    )?;
    writeln!(
        page,
        "assumed: half spreads of 0.5 % of shares and 10 % of premiums, a million units a day of every underlying, \
         square-root impact; one account"
    )
}

fn strategies(page: &mut impl Write, figures: &Figures) -> Result {
    title(page, &format!("TEN UNITS OF EACH STRATEGY ON {}", figures.strategy_underlying))?;
    let head: Vec<String> = figures.strategy_scenarios.iter().map(|name| format!("{name:>17}")).collect();
    writeln!(page, "{:<14}{:>9}{:>10}{:>10}{}", "", "value", "margin", "portfolio", head.concat())?;
    for row in &figures.strategies {
        let cells: Vec<String> = row.pnl.iter().map(|pnl| format!("{:>17}", amount(pnl))).collect();
        writeln!(
            page,
            "{:<14}{:>9}{:>10}{:>10}{}",
            row.strategy,
            money(row.value),
            amount(&row.margin),
            amount(&row.portfolio_margin),
            cells.concat()
        )?;
    }
    writeln!(page)?;
    for row in &figures.strategies {
        writeln!(page, "{:<14}{}", row.strategy, row.legs.join("; "))?;
    }
    Ok(())
}

fn foot(page: &mut impl Write, figures: &Figures) -> Result {
    title(page, "HOW IT WAS MADE")?;
    let betas: Vec<String> = figures.betas.iter().map(|b| format!("{} {:.2}", b.asset, b.beta)).collect();
    writeln!(
        page,
        "- crises: every price moves by its elasticity to the S&P 500 (betas of 1,000 days: {})",
        betas.join(", ")
    )?;
    writeln!(page, "- crises: every volatility moves with the VIX one to one, the rate with the three-month bill")?;
    for note in &figures.notes {
        writeln!(page, "- {note}")?;
    }
    let mut said: Vec<String> = Vec::new();
    for result in &figures.report.scenarios {
        for assumption in &result.assumptions {
            let text = assumption.to_string();
            if !said.contains(&text) && (text.contains("moves as in") || text.contains("deviations out")) {
                said.push(text);
            }
        }
    }
    for text in said {
        writeln!(page, "- {text}")?;
    }
    writeln!(page, "- every assumption of every scenario is in the JSON")
}

fn amount(status: &Status<f64>) -> String {
    match status {
        Status::Known(value) => money(*value),
        Status::Partial { value, .. } => format!("{} part", money(*value)),
        Status::Unknown { .. } => "unknown".to_owned(),
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Warn => "warn",
        Verdict::Breach => "BREACH",
        Verdict::Unknown => "UNKNOWN",
    }
}

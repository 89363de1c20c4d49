//! The allocation as text.

use std::fmt::{self, Write};

use alluse_quant::optimizer::Solution;
use alluse_quant::optimizer::problem::Side;
use alluse_quant::risk_core::Frequency;

use super::figures::{Figures, Mandate};
use crate::page::{money, title};

/// Writes the whole page.
///
/// # Errors
/// When the writer fails.
pub fn write(page: &mut String, figures: &Figures) -> fmt::Result {
    writeln!(page, "ALLOCATION   {} returns, {} to {}", figures.observations, figures.window.0, figures.window.1)?;
    writeln!(
        page,
        "covariance shrunk by {:.0} % to constant correlation, means by {:.0} % to their average",
        100.0 * figures.shrinkage.0,
        100.0 * figures.shrinkage.1
    )?;
    title(page, "A MANDATE WITH ROOM")?;
    summary(page, &figures.balanced.solution)?;
    weights(page, figures)?;
    prices(page, &figures.balanced)?;
    title(page, "ORDERS FROM EQUAL WEIGHTS, IN WHOLE SHARES")?;
    writeln!(page, "{}", figures.plan)?;
    title(page, "A TIGHT MANDATE")?;
    summary(page, &figures.tight.solution)?;
    prices(page, &figures.tight)?;
    impossible(page, figures)?;
    frontier(page, figures)?;
    options(page, figures)?;
    title(page, "WHAT THIS RESTS ON")?;
    writeln!(page, "- expected returns are shrunk sample means: their errors are larger than their differences")?;
    writeln!(
        page,
        "- the crisis limit is each asset's own loss from {} to {}, weights held",
        figures.crisis.0, figures.crisis.1
    )?;
    writeln!(page, "- option strategies are scaled as they are; their volatilities are modelled, as in risk_report")
}

/// Per cent without a negative zero.
pub(crate) fn percent(value: f64, digits: usize) -> String {
    let text = format!("{:.digits$}", 100.0 * value);
    match text.strip_prefix('-') {
        Some(zero) if zero.chars().all(|c| matches!(c, '0' | '.')) => zero.to_owned(),
        _ => text,
    }
}

fn yearly(value: f64) -> f64 {
    100.0 * value * Frequency::Daily.periods_per_year()
}

fn summary(page: &mut String, solution: &Solution) -> fmt::Result {
    let root = Frequency::Daily.periods_per_year().sqrt();
    writeln!(
        page,
        "expected return {:.2} % a year, volatility {:.2} %, cost of trading {:.1} bp a year",
        yearly(solution.expected_return.unwrap_or(f64::NAN)),
        100.0 * solution.volatility.unwrap_or(f64::NAN) * root,
        100.0 * yearly(solution.cost.unwrap_or(0.0)),
    )?;
    let proof = &solution.certificate;
    writeln!(
        page,
        "{}, {} iterations; checked apart from the solver: gap {:.0e}, stationarity {:.0e}, limits broken by {:.0e}",
        solution.method, solution.iterations, proof.duality_gap, proof.stationarity, proof.infeasibility
    )
}

fn weights(page: &mut String, figures: &Figures) -> fmt::Result {
    let (solution, bands) = (&figures.balanced.solution, &figures.bands);
    writeln!(
        page,
        "\n{:<8}{:>10}{:>12}{:>22}   band over {} draws of the sample, {} failed",
        "asset", "weight", "of risk", "95 % band", bands.draws, bands.failed
    )?;
    for (place, (asset, weight)) in solution.assets.iter().zip(&solution.weights).enumerate() {
        let part = solution.risk.as_ref().map_or(f64::NAN, |risk| risk.contributions[place] / risk.total);
        if *weight < 5e-5 && bands.upper[place] < 5e-5 {
            continue;
        }
        writeln!(
            page,
            "{:<8}{:>8} %{:>10} %{:>22}",
            asset.as_str(),
            percent(*weight, 2),
            percent(part, 1),
            format!("{} to {} %", percent(bands.lower[place], 1), percent(bands.upper[place], 1))
        )?;
    }
    writeln!(page, "a new sample would turn over {:.0} % of the portfolio", 100.0 * bands.mean_turnover)
}

fn prices(page: &mut String, mandate: &Mandate) -> fmt::Result {
    writeln!(page, "\nlimits that bind, dearest first")?;
    for limit in &mandate.solution.active_limits {
        let side = match limit.side {
            Side::Lower => "at least",
            Side::Upper => "at most",
        };
        let member = limit.member.as_deref().map_or(String::new(), |member| format!(" {member}"));
        writeln!(page, "- {}{member}, {side} {:.5}: {}", limit.limit, limit.bound, limit.meaning)?;
    }
    writeln!(page, "what each costs as a whole (the problem solved without it)")?;
    for (name, cost) in &mandate.costs {
        writeln!(page, "- {name}: {cost:.1} bp of utility a year")?;
    }
    Ok(())
}

fn impossible(page: &mut String, figures: &Figures) -> fmt::Result {
    title(page, "A MANDATE THAT CANNOT BE KEPT")?;
    for clause in figures.conflict_words.split("; ") {
        writeln!(page, "{clause}")?;
    }
    writeln!(page, "\nwith the cheapest relaxation:")?;
    summary(page, &figures.fallback)?;
    for attempt in &figures.fallback.attempts {
        writeln!(page, "tried before: {}", attempt.tried)?;
    }
    Ok(())
}

fn frontier(page: &mut String, figures: &Figures) -> fmt::Result {
    title(page, "THE EXACT FRONTIER, LONG ONLY UP TO 12 % AN ASSET")?;
    writeln!(page, "{} corner portfolios; weights are linear between them", figures.corners)?;
    writeln!(page, "\n{:>16}{:>14}{:>8}", "return a year", "volatility", "assets")?;
    for point in &figures.frontier {
        writeln!(page, "{:>14.2} %{:>12.2} %{:>8}", 100.0 * point.mean, 100.0 * point.volatility, point.held)?;
    }
    Ok(())
}

fn options(page: &mut String, figures: &Figures) -> fmt::Result {
    let options = &figures.options;
    let solution = &options.solution;
    let total: f64 = options.notional.iter().sum();
    title(page, "THE STRATEGIES OF AN OPTION BOOK, BY THEIR PAYOFF IN EVERY SCENARIO")?;
    writeln!(
        page,
        "{} scenarios, gross notional {}; each strategy may be halved or doubled, the mean P&L may not fall",
        options.scenarios,
        money(total)
    )?;
    writeln!(
        page,
        "one-day expected shortfall at 97.5 %: {} today, {} reweighted ({}; gap {:.0e})",
        money(options.shortfall_today * total),
        money(solution.objective * total),
        solution.method,
        solution.certificate.duality_gap
    )?;
    writeln!(page, "\n{:<22}{:>10}{:>12}{:>14}", "strategy", "today", "reweighted", "of shortfall")?;
    for (place, name) in options.strategies.iter().enumerate() {
        let part = solution.risk.as_ref().map_or(f64::NAN, |risk| risk.contributions[place] / risk.total);
        writeln!(
            page,
            "{name:<22}{:>8.1} %{:>10.1} %{:>12.1} %",
            100.0 * options.today[place],
            100.0 * solution.weights[place],
            100.0 * part + 0.0
        )?;
    }
    Ok(())
}

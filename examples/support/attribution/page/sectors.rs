use std::fmt::{Result, Write};

use alluse_quant::attribution::brinson::{Effect, LinkedEffects, Linking};

use super::{adds_up, p_value};
use crate::allocate::page::percent;
use crate::attribution::sectors::SectorFigures;
use crate::page::title;

pub(super) fn write(page: &mut String, figures: &SectorFigures) -> Result {
    let SectorFigures { from, to, shares, months, .. } = figures;
    writeln!(page, "ATTRIBUTION   {shares} shares, {from} to {to}, {} months", months.len())?;
    writeln!(
        page,
        "portfolio: weights in proportion to the rank of each share's return from twelve months to one month before,"
    )?;
    writeln!(
        page,
        "set at each month's start; benchmark: equal weights, set at each month's start; both drift within it"
    )?;
    linked(page, figures)?;
    years(page, figures)?;
    significance(page, figures)
}

fn linked(page: &mut String, figures: &SectorFigures) -> Result {
    title(page, "SECTORS: WHERE THE ACTIVE RETURN CAME FROM (BRINSON-FACHLER)")?;
    let Some(whole) = figures.linked.first() else { return Ok(()) };
    writeln!(
        page,
        "total return: portfolio {} %, benchmark {} %, active {} %; all months linked after Carino, in % of the capital",
        percent(whole.portfolio_return, 1),
        percent(whole.benchmark_return, 1),
        percent(whole.active_return, 1)
    )?;
    writeln!(page, "at the start; interaction is shown on its own\n")?;
    line(
        page,
        "",
        ["shares", "portfolio", "benchmark", "allocation", "selection", "interaction", "sum"].map(str::to_owned),
    )?;
    for (place, weight) in figures.weights.iter().enumerate() {
        let [a, s, i] = effects(whole, place);
        let cells = [
            weight.shares.to_string(),
            percent(weight.portfolio, 1),
            percent(weight.benchmark, 1),
            percent(a, 2),
            percent(s, 2),
            percent(i, 2),
            percent(a + s + i, 2),
        ];
        line(page, &weight.sector, cells)?;
    }
    let (a, s) = (whole.allocation_total(), whole.selection_total());
    let i = whole.interaction_total().unwrap_or(0.0);
    let totals = [a, s, i, a + s + i].map(|v| percent(v, 2));
    let [a, s, i, sum] = totals;
    line(page, "all", [figures.shares.to_string(), "100.0".into(), "100.0".into(), a, s, i, sum])?;
    writeln!(page, "portfolio and benchmark: mean weights, %\n")?;
    writeln!(page, "{:<12}{:>13}{:>13}{:>13}{:>13}", "linked by", "allocation", "selection", "interaction", "sum")?;
    for of in &figures.linked {
        let (a, s) = (of.allocation_total(), of.selection_total());
        let i = of.interaction_total().unwrap_or(0.0);
        let cells = [a, s, i, a + s + i].map(|v| format!("{:>13}", percent(v, 2))).concat();
        writeln!(page, "{:<12}{cells}   {}", name(of.linking), adds_up(of.residual(), of.portfolio_return))?;
    }
    writeln!(page, "methods differ in what each effect gets, not in the sum")?;
    writeln!(
        page,
        "single months: {}; against portfolios that drift day by day: {:.1e}",
        adds_up(figures.monthly_residual, 1.0),
        figures.daily_difference
    )?;
    writeln!(page, "without a sector: {} % of the weights", percent(figures.unlabelled, 1))
}

fn effects(of: &LinkedEffects, place: usize) -> [f64; 3] {
    let interaction = of.interaction.as_ref().map_or(0.0, |interaction| interaction[place]);
    [of.allocation[place], of.selection[place], interaction]
}

fn line(page: &mut String, name: &str, cells: [String; 7]) -> Result {
    let [shares, portfolio, benchmark, a, s, i, sum] = cells;
    writeln!(page, "{name:<14}{shares:>7}{portfolio:>11}{benchmark:>11}{a:>13}{s:>12}{i:>13}{sum:>12}")
}

fn name(linking: Linking) -> &'static str {
    match linking {
        Linking::Carino => "Carino",
        Linking::Menchero => "Menchero",
        Linking::Grap => "GRAP",
        _ => "other",
    }
}

fn years(page: &mut String, figures: &SectorFigures) -> Result {
    title(page, "SECTORS BY YEAR")?;
    writeln!(
        page,
        "{:<6}{:>8}{:>11}{:>11}{:>9}{:>13}{:>12}{:>13}{:>11}",
        "", "months", "portfolio", "benchmark", "active", "allocation", "selection", "interaction", "residual"
    )?;
    for year in &figures.years {
        let of = &year.linked;
        writeln!(
            page,
            "{:<6}{:>8}{:>11}{:>11}{:>9}{:>13}{:>12}{:>13}{:>11.0e}",
            year.year,
            of.periods,
            percent(of.portfolio_return, 2),
            percent(of.benchmark_return, 2),
            percent(of.active_return, 2),
            percent(of.allocation_total(), 2),
            percent(of.selection_total(), 2),
            percent(of.interaction_total().unwrap_or(0.0), 2),
            of.residual()
        )?;
    }
    writeln!(page, "months of each year linked after Carino, %; sectors by month are in the JSON")
}

fn significance(page: &mut String, figures: &SectorFigures) -> Result {
    title(page, "SECTORS: SKILL OR CHANCE?")?;
    writeln!(page, "means per month, not linked, in basis points; errors after Newey and West; t of the mean\n")?;
    writeln!(
        page,
        "{:<14}{:<14}{:>10}{:>10}{:>8}{:>10}{:>12}",
        "effect", "sector", "mean", "error", "t", "p", "p, all"
    )?;
    let (mut tested, mut found) = (0, Vec::new());
    for test in &figures.significance {
        let effect = match test.effect {
            Effect::Allocation => "allocation",
            Effect::Selection => "selection",
            Effect::Interaction => "interaction",
            _ => "other",
        };
        let sector = test.group.as_deref().unwrap_or("all sectors");
        if let Some(rate) = test.false_discovery_rate {
            tested += 1;
            if rate <= 0.05 {
                found.push(format!("{effect} in {sector}"));
            }
        }
        writeln!(
            page,
            "{effect:<14}{sector:<14}{:>10.2}{:>10.2}{:>8}{:>10}{:>12}",
            1e4 * test.mean,
            1e4 * test.standard_error,
            test.t_statistic.map_or_else(|| "-".to_owned(), |t| format!("{t:.2}")),
            p_value(test.p_value),
            p_value(test.false_discovery_rate)
        )?;
    }
    writeln!(page, "p, all: adjusted for all {tested} effects of sectors that vary (Benjamini and Hochberg)")?;
    match found.is_empty() {
        true => writeln!(
            page,
            "no effect of a sector is distinguishable from chance at 5 %: {} months are too few for effects of this size",
            figures.months.len()
        ),
        false => writeln!(page, "distinguishable from chance at 5 %: {}", found.join(", ")),
    }
}

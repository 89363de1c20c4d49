use std::fmt::{Result, Write};

use alluse_quant::attribution::factors::{Contribution, Contributions, FactorAttribution, Term};
use alluse_quant::risk_core::inference::StudentEstimate;
use alluse_quant::risk_core::{Confidence, Interval};

use super::{adds_up, p_value};
use crate::allocate::page::percent;
use crate::attribution::factors::{FactorFigures, MOMENTUM, WINDOW};
use crate::attribution::sectors::SectorFigures;
use crate::page::title;

const LEVEL: Confidence = Confidence::P95;

pub(super) fn write(page: &mut String, figures: &FactorFigures, sectors: &SectorFigures) -> Result {
    regression(page, figures)?;
    parts(page, &figures.portfolio)?;
    ex_ante(page, figures, sectors)?;
    across(page, figures)
}

fn regression(page: &mut String, figures: &FactorFigures) -> Result {
    title(page, "FACTORS OVER TIME: BETAS OF THE WHOLE SAMPLE (HINDSIGHT)")?;
    let summary = &figures.portfolio.regression;
    writeln!(
        page,
        "returns in excess of the bill on three factors, {} months, R² {:.2}; 95 % intervals allow for changing variance",
        summary.observations, summary.r_squared
    )?;
    writeln!(page, "and autocorrelation\n")?;
    writeln!(page, "{:<16}{:>10}{:>20}{:>8}{:>10}{:>16}", "", "portfolio", "95 % interval", "t", "p", "benchmark")?;
    let (own, other) = (&figures.portfolio, &figures.benchmark);
    let alpha = |of: &StudentEstimate| percent(of.value, 2);
    estimate(page, "alpha, % a year", &own.annual_alpha, 100.0, alpha(&other.annual_alpha))?;
    for (effect, benchmark) in own.effects.iter().zip(&other.effects) {
        let name = format!("beta {}", effect.factor);
        estimate(page, &name, &effect.beta, 1.0, format!("{:.2}", benchmark.beta.value))?;
    }
    let Interval { lower, upper, .. } = other.annual_alpha.interval(LEVEL);
    writeln!(
        page,
        "the benchmark's alpha lies between {} and {} %: equal weights of shares that are known to have survived take no",
        percent(lower, 2),
        percent(upper, 2)
    )?;
    writeln!(page, "skill, and as much of the portfolio's alpha is none either")?;
    let active = &figures.active.annual_alpha;
    let Interval { lower, upper, .. } = active.interval(LEVEL);
    writeln!(
        page,
        "alpha of the active return: {} % a year, {} to {} %, p {}: {}",
        percent(active.value, 2),
        percent(lower, 2),
        percent(upper, 2),
        p_value(Some(active.p_value)),
        if active.p_value <= 0.05 {
            "distinguishable from chance at 5 %"
        } else {
            "not distinguishable from chance at 5 %"
        }
    )
}

fn estimate(page: &mut String, name: &str, of: &StudentEstimate, scale: f64, benchmark: String) -> Result {
    let Interval { lower, upper, .. } = of.interval(LEVEL);
    writeln!(
        page,
        "{name:<16}{:>10.2}{:>20}{:>8.2}{:>10}{benchmark:>16}",
        scale * of.value,
        format!("{:.2} to {:.2}", scale * lower, scale * upper),
        of.t_statistic,
        p_value(Some(of.p_value))
    )
}

fn parts(page: &mut String, split: &FactorAttribution) -> Result {
    writeln!(page, "\nparts of the total return, % of the capital at the start")?;
    writeln!(page, "{:<16}{:>14}{:>26}", "", "contribution", "95 % interval, beta alone")?;
    let all = &split.contributions;
    for part in &all.parts {
        let interval = match &part.term {
            Term::Alpha => Some(split.realised_alpha(LEVEL).1),
            Term::Factor(name) => {
                split.effects.iter().find(|effect| effect.factor == *name).map(|effect| effect.realised_interval(LEVEL))
            }
            _ => None,
        };
        let interval =
            interval.map_or_else(String::new, |i| format!("{} to {}", percent(i.lower, 1), percent(i.upper, 1)));
        writeln!(page, "{:<16}{:>14}{interval:>26}", term(part), percent(part.linked, 2))?;
    }
    total(page, all)
}

fn total(page: &mut String, all: &Contributions) -> Result {
    let residual = adds_up(all.linking_residual(), all.total_return);
    writeln!(page, "{:<16}{:>14}   {residual}", "total return", percent(all.total_return, 2))
}

fn term(part: &Contribution) -> String {
    match &part.term {
        Term::RiskFree => "bill".to_owned(),
        Term::Alpha => "alpha".to_owned(),
        Term::Factor(name) => name.clone(),
        Term::Specific => "specific".to_owned(),
        _ => "other".to_owned(),
    }
}

fn ex_ante(page: &mut String, figures: &FactorFigures, sectors: &SectorFigures) -> Result {
    title(page, "FACTORS OVER TIME: BETAS KNOWN BEFOREHAND")?;
    let split = &figures.ex_ante;
    let from = &sectors.months[split.first_period];
    writeln!(
        page,
        "betas of the {WINDOW} months before each month; {} months, the first to {from}; out of sample the betas explain {} % \
         of the\nsquared excess returns",
        split.contributions.returns.len(),
        percent(split.out_of_sample_r_squared, 0)
    )?;
    writeln!(page, "tilt: mean beta times factor; timing: what changing beta added\n")?;
    writeln!(
        page,
        "{:<16}{:>14}{:>10}{:>10}{:>12}{:>16}{:>10}",
        "", "contribution", "tilt", "timing", "mean beta", "timing bp/month", "p"
    )?;
    for part in &split.contributions.parts {
        let (name, linked) = (term(part), percent(part.linked, 2));
        let Some(effect) = split.effects.iter().find(|effect| effect.factor == name) else {
            writeln!(page, "{name:<16}{linked:>14}")?;
            continue;
        };
        writeln!(
            page,
            "{name:<16}{linked:>14}{:>10}{:>10}{:>12.2}{:>16.2}{:>10}",
            percent(effect.linked_tilt, 2),
            percent(effect.linked_timing, 2),
            effect.mean_beta,
            1e4 * effect.timing,
            p_value(effect.timing_test.map(|test| test.p_value))
        )?;
    }
    total(page, &split.contributions)?;
    let Some(specific) = &split.specific else { return Ok(()) };
    let Interval { lower, upper, .. } = specific.interval(LEVEL);
    writeln!(
        page,
        "specific, alpha included: {:.1} bp a month, 95 % interval {:.1} to {:.1}",
        1e4 * specific.value,
        1e4 * lower,
        1e4 * upper
    )
}

fn across(page: &mut String, figures: &FactorFigures) -> Result {
    title(page, "FACTORS ACROSS SHARES: SECTORS, AND MOMENTUM WITHIN THEM")?;
    writeln!(page, "each month's returns regressed on sectors and on the rank known at its start, from -1 to 1\n")?;
    writeln!(page, "{:<16}{:>16}{:>10}{:>10}{:>16}", "", "mean bp/month", "t", "p", "contribution")?;
    for (premium, part) in figures.premia.iter().zip(&figures.across.contributions.parts) {
        writeln!(
            page,
            "{:<16}{:>16.1}{:>10.2}{:>10}{:>16}",
            premium.factor,
            1e4 * premium.premium.value,
            premium.premium.t_statistic,
            p_value(Some(premium.premium.p_value)),
            percent(part.linked, 2)
        )?;
    }
    let all = &figures.across.contributions;
    if let Some(specific) = all.part(&Term::Specific) {
        writeln!(page, "{:<16}{:>52}", "specific", percent(specific.linked, 2))?;
    }
    writeln!(
        page,
        "{:<16}{:>52}   {}",
        "total return",
        percent(all.total_return, 2),
        adds_up(all.linking_residual(), all.total_return)
    )?;
    writeln!(
        page,
        "nothing is specific, by construction: the weights are a straight line in the rank, which is a factor here"
    )?;
    let verdict = match figures.premia.iter().find(|premium| premium.factor == MOMENTUM) {
        Some(premium) if premium.premium.p_value <= 0.05 => "can be told from chance at 5 %",
        _ => "cannot be told from chance at 5 %",
    };
    writeln!(page, "the premium of momentum within sectors {verdict}")
}

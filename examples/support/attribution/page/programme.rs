use std::fmt::{Result, Write};

use alluse_quant::attribution::explain::{ExplainSummary, MoveSize, ResidualShare};
use alluse_quant::attribution::honesty::Severity;
use alluse_quant::attribution::option_income::{GapKind, IncomeParts};

use super::adds_up;
use crate::allocate::page::percent;
use crate::attribution::programme::{Income, PROMISE, ProgrammeFigures};
use crate::page::{money, title};

/// At most so much of the absolute P&L may be unexplained on days below two sigma.
const ACCEPTED: f64 = 0.05;

pub(super) fn write(page: &mut String, figures: &ProgrammeFigures) -> Result {
    title(page, "THE OPTION PROGRAMME: WHAT MOVED IT, DAY BY DAY")?;
    writeln!(
        page,
        "weekly puts on {}, the index when assigned, calls on it: from the close of {} to {}, {} to {} dollars",
        figures.index,
        figures.from,
        figures.to,
        money(figures.start_value),
        money(figures.end_value)
    )?;
    acceptance(page, figures)?;
    effects(page, figures)?;
    worst(page, figures)?;
    income(page, &figures.income)?;
    honesty(page, figures)
}

fn acceptance(page: &mut String, figures: &ProgrammeFigures) -> Result {
    writeln!(
        page,
        "unexplained: sum of |residual| over sum of |P&L| of the days; a tail day moves the index by {} sigma or more, at \
         the\nvolatility index of the day before\n",
        figures.path.tail_sigmas
    )?;
    writeln!(
        page,
        "{:<40}{:>7}{:>12}{:>12}{:>13}{:>12}  at most {} %",
        "",
        "days",
        "|P&L|",
        "|residual|",
        "unexplained",
        "largest",
        percent(ACCEPTED, 0)
    )?;
    for (name, summary) in [("along the path", &figures.path), ("greeks of the opening", &figures.taylor)] {
        classes(page, name, summary)?;
    }
    let [ends, others] = figures.taylor_by_expiry.map(|of| (of.days, percent(of.residual / of.pnl, 1)));
    writeln!(
        page,
        "greeks of the opening leave {} % unexplained on the {} days on which an option ends, {} % on the {} others",
        ends.1, ends.0, others.1, others.0
    )?;
    let coverage = &figures.path.coverage;
    writeln!(page, "{} of {} position-days explained", coverage.positions_valued, coverage.positions)
}

fn classes(page: &mut String, name: &str, summary: &ExplainSummary) -> Result {
    for (class, share, judged) in [
        ("below two sigma", &summary.common, true),
        ("tail days", &summary.tail, false),
        ("size not known", &summary.unclassified, false),
        ("all days", &summary.all, false),
    ] {
        let ResidualShare { days, pnl, residual, share, largest, .. } = share;
        if *days == 0 && class == "size not known" {
            continue;
        }
        let verdict = match (judged, share) {
            (true, Some(share)) if *share <= ACCEPTED => "met",
            (true, _) => "NOT MET",
            (false, _) => "",
        };
        writeln!(
            page,
            "{:<40}{days:>7}{:>12}{residual:>12.2}{:>13}{largest:>12.2}  {verdict}",
            format!("{name}, {class}"),
            money(*pnl),
            share.map_or_else(|| "-".to_owned(), |share| format!("{} %", percent(share, 4)))
        )?;
    }
    Ok(())
}

fn effects(page: &mut String, figures: &ProgrammeFigures) -> Result {
    writeln!(page, "\ndollars over all days, along the path, by leg; and all legs by greeks of the opening")?;
    write!(page, "{:<20}", "")?;
    figures.legs.iter().try_for_each(|leg| write!(page, "{:>14}", leg.leg))?;
    writeln!(page, "{:>14}{:>14}", "all", "by opening")?;
    let (all, opening) = (&figures.path.total, &figures.taylor.total);
    for (place, ((name, sum), (_, by_opening))) in
        all.effects.parts().into_iter().zip(opening.effects.parts()).enumerate()
    {
        let legs: Vec<f64> = figures.legs.iter().map(|leg| leg.path.effects.parts()[place].1).collect();
        if sum.abs() < 0.5 && by_opening.abs() < 0.5 && legs.iter().all(|amount| amount.abs() < 0.5) {
            continue;
        }
        write!(page, "{:<20}", name.replace('_', " "))?;
        legs.iter().try_for_each(|amount| write!(page, "{:>14}", money(*amount)))?;
        writeln!(page, "{:>14}{:>14}", money(sum), money(by_opening))?;
    }
    for (name, of) in [("residual", true), ("P&L", false)] {
        let pick = |explained: &alluse_quant::attribution::explain::Explained| match of {
            true => format!("{:.1}", explained.residual + 0.0),
            false => money(explained.actual),
        };
        write!(page, "{name:<20}")?;
        figures.legs.iter().try_for_each(|leg| write!(page, "{:>14}", pick(&leg.path)))?;
        writeln!(page, "{:>14}{:>14}", pick(all), pick(opening))?;
    }
    let legs: f64 = figures.legs.iter().map(|leg| leg.path.actual).sum();
    let change = figures.end_value - figures.start_value;
    writeln!(page, "legs against all: {}", adds_up(all.actual - legs, figures.scale))?;
    writeln!(page, "against the change of the account's value: {}", adds_up(all.actual - change, figures.scale))?;
    writeln!(
        page,
        "effects and residual against P&L: {}",
        adds_up(all.actual - all.effects.total() - all.residual, figures.scale)
    )
}

fn worst(page: &mut String, figures: &ProgrammeFigures) -> Result {
    writeln!(page, "\nthe days that greeks of the opening explain worst")?;
    writeln!(
        page,
        "{:<12}{:>8}{:>12}{:>22}{:>26}",
        "day", "sigma", "P&L", "residual by opening", "residual along the path"
    )?;
    for day in &figures.worst {
        let sigmas = match &day.size {
            MoveSize::Common { sigmas } | MoveSize::Tail { sigmas, .. } => format!("{sigmas:.1}"),
            _ => "-".to_owned(),
        };
        writeln!(
            page,
            "{:<12}{sigmas:>8}{:>12}{:>22.1}{:>26.0e}",
            day.date.to_string(),
            money(day.pnl),
            day.taylor,
            day.path
        )?;
    }
    Ok(())
}

fn income(page: &mut String, income: &Income) -> Result {
    title(page, "THE OPTION PROGRAMME: PREMIUM IS NOT INCOME")?;
    writeln!(
        page,
        "shares come at their market price when a put is assigned; what the strike was above it is the put's\n"
    )?;
    write!(page, "{:<22}", "dollars")?;
    income.legs.iter().try_for_each(|(leg, _)| write!(page, "{leg:>14}"))?;
    writeln!(page, "{:>14}", "all")?;
    let row = |page: &mut String, name: &str, legs: Vec<f64>, all: f64| -> Result {
        write!(page, "{name:<22}")?;
        legs.iter().try_for_each(|amount| write!(page, "{:>14}", money(*amount)))?;
        writeln!(page, "{:>14}", money(all))
    };
    for (place, (name, all)) in income.total.parts().into_iter().enumerate() {
        let legs: Vec<f64> = income.legs.iter().map(|(_, parts)| parts.parts()[place].1).collect();
        if all.abs() < 0.5 && legs.iter().all(|amount| amount.abs() < 0.5) {
            continue;
        }
        row(page, &name.replace('_', " "), legs, all)?;
    }
    let by_leg = |of: &dyn Fn(&IncomeParts) -> f64| income.legs.iter().map(|(_, parts)| of(parts)).collect::<Vec<_>>();
    row(page, "marked to market", by_leg(&IncomeParts::total), income.mark_to_market)?;
    row(page, "premiums less fees", by_leg(&IncomeParts::premium_only), income.total.premium_only())?;
    let legs: f64 = by_leg(&IncomeParts::total).iter().sum();
    writeln!(page, "parts against the ledger's statement: {}", adds_up(income.residual, income.turnover))?;
    writeln!(page, "legs against all: {}", adds_up(income.mark_to_market - legs, income.turnover))?;
    writeln!(
        page,
        "\n{:<8}{:>13}{:>13}{:>11}{:>11}{:>10}{:>14}{:>14}{:>12}",
        "", "premium", "assignment", "shares", "interest", "fees", "mark to mkt", "premium only", "realised"
    )?;
    for year in &income.years {
        let IncomeParts { premium_received, assignment, shares, interest, fees, .. } = year.parts;
        let note = match year.gap.as_ref().map(|gap| (gap.kind, gap.of_capital)) {
            Some((GapKind::LossShownAsGain, of)) => {
                format!("  a loss shown as a gain, by {} % of capital", percent(of, 1))
            }
            Some((GapKind::Overstated, of)) => format!("  overstated by {} % of capital", percent(of, 1)),
            None => String::new(),
        };
        writeln!(
            page,
            "{:<8}{:>13}{:>13}{:>11}{:>11}{:>10}{:>14}{:>14}{:>12}{note}",
            year.year,
            money(premium_received),
            money(assignment),
            money(shares),
            money(interest),
            money(fees),
            money(year.mark_to_market),
            money(year.premium_only),
            money(year.realised)
        )?;
    }
    let years: f64 = income.years.iter().map(|year| year.mark_to_market).sum();
    writeln!(page, "years against all: {}", adds_up(income.mark_to_market - years, income.turnover))?;
    for gap in &income.gaps {
        writeln!(
            page,
            "over the whole time premiums less fees say {}, the market says {}: {} too much, {} % of the capital",
            money(gap.premium_only),
            money(gap.mark_to_market),
            money(gap.overstatement),
            percent(gap.of_capital, 1)
        )?;
    }
    writeln!(page, "the change of open options over a year is in its P&L and in none of the columns before it")
}

fn honesty(page: &mut String, figures: &ProgrammeFigures) -> Result {
    title(page, "THE OPTION PROGRAMME: WHAT MISLEADS IN ITS RECORD")?;
    let report = &figures.honesty;
    writeln!(
        page,
        "{} weeks, in excess of the bill; a promise of {} % a week is held against the record itself",
        report.observations,
        percent(PROMISE, 0)
    )?;
    for warning in &report.warnings {
        let weight = match warning.severity {
            Severity::Serious => "serious",
            Severity::Caution => "caution",
            Severity::Note => "note",
        };
        writeln!(page, "- {weight}: {}", warning.sentence)?;
    }
    if report.warnings.is_empty() {
        writeln!(page, "- nothing was found, which is not praise")?;
    }
    for unchecked in &report.unchecked {
        writeln!(page, "- not checked: {}: {}", unchecked.check, unchecked.reason)?;
    }
    Ok(())
}

use std::fmt::{Result, Write};

use alluse_quant::attribution::contribution::{CellSum, CrossTable, LabelKnowledge, Labelled};
use alluse_quant::attribution::significance::{Evidence, TooFew};
use alluse_quant::risk_core::labels::UNLABELLED;

use super::{adds_up, p_value};
use crate::allocate::page::percent;
use crate::attribution::weeks::{LabelView, SchemeView, WeekFigures};
use crate::page::{money, title};

pub(super) fn write(page: &mut String, figures: &WeekFigures) -> Result {
    title(page, "THE OPTION PROGRAMME BY LEG AND YEAR")?;
    writeln!(
        page,
        "{} periods, {} of them whole weeks; contributions to the total return of {} %, which is that of the account: \
         {:.0e} apart\nwhat a sale costs belongs to the week that it is made for",
        figures.periods,
        figures.whole,
        percent(figures.legs.report.total_return, 2),
        figures.value_difference
    )?;
    cross(page, &figures.legs_by_year, &[])?;
    view(page, &figures.legs, &[])?;
    for scheme in &figures.schemes {
        labels(page, scheme, figures)?;
    }
    let Some(first) = figures.schemes.first() else { return Ok(()) };
    title(page, &format!("LEG BY {}", words(first.scheme.axis()).to_uppercase()))?;
    cross(page, &figures.legs_by_type, &names(first))
}

/// Chained contributions, %, and dollars in the last column.
fn cross(page: &mut String, table: &CrossTable, order: &[&str]) -> Result {
    let name = |label: &Option<String>| label.clone().unwrap_or_else(|| UNLABELLED.to_owned());
    // A group of no cells is not shown; it is 0 in every sum.
    let mut columns: Vec<usize> = (0..table.columns.len()).filter(|k| table.column_totals[*k].cells > 0).collect();
    columns.sort_by_key(|k| place(table.columns[*k].as_deref(), order));
    write!(page, "\n{:<14}", format!("{} \\ {}", table.row_axis, short(&table.column_axis)))?;
    columns.iter().try_for_each(|k| write!(page, "{:>12}", name(&table.columns[*k])))?;
    writeln!(page, "{:>10}{:>12}", "all", "dollars")?;
    let mut line = |name: &str, cells: &[CellSum], all: &CellSum| -> Result {
        write!(page, "{name:<14}")?;
        columns.iter().try_for_each(|k| write!(page, "{:>12}", percent(cells[*k].contribution, 2)))?;
        writeln!(page, "{:>10}{:>12}", percent(all.contribution, 2), money(all.pnl))
    };
    for (row, total) in table.rows.iter().zip(&table.cells).zip(&table.row_totals).filter(|(_, total)| total.cells > 0)
    {
        line(&name(row.0), row.1, total)?;
    }
    line("all", &table.column_totals, &table.total)?;
    let unlabelled: usize = table
        .columns
        .iter()
        .zip(&table.column_totals)
        .chain(table.rows.iter().zip(&table.row_totals))
        .filter(|(label, _)| label.is_none())
        .map(|(_, total)| total.cells)
        .sum();
    writeln!(
        page,
        "% of the capital at the start; {}; {unlabelled} of {} cells unlabelled",
        adds_up(table.residual, table.total_return),
        table.total.cells
    )
}

fn words(axis: &str) -> String {
    axis.replace('_', " ")
}

/// The labels of a scheme in the order of its rules.
fn names(scheme: &SchemeView) -> Vec<&str> {
    scheme.scheme.rules().iter().map(|rule| rule.label.as_str()).collect()
}

/// Where a label is shown: in the given order, others after it, what has no label last.
fn place(label: Option<&str>, order: &[&str]) -> usize {
    label.map_or(usize::MAX, |label| order.iter().position(|name| *name == label).unwrap_or(order.len()))
}

fn short(axis: &str) -> &str {
    axis.split('_').next_back().unwrap_or(axis)
}

fn labels(page: &mut String, scheme: &SchemeView, figures: &WeekFigures) -> Result {
    let (when, known) = match scheme.view.report.knowledge {
        LabelKnowledge::ExAnte => ("KNOWN WHEN THE WEEK BEGINS", "a rule could have used them"),
        LabelKnowledge::Hindsight => ("HINDSIGHT", "they describe what happened, and no rule could have used them"),
    };
    title(page, &format!("WEEKS BY {}: {when}", words(scheme.scheme.axis()).to_uppercase()))?;
    for rule in scheme.scheme.rules() {
        let conditions: Vec<String> = rule.conditions.iter().map(condition).collect();
        writeln!(page, "{:<14}{}", rule.label, conditions.join(" and "))?;
    }
    writeln!(
        page,
        "the rules give every week exactly one label; {} of {} were known when the week began:\n{known}",
        scheme.known_at_start, figures.whole
    )?;
    view(page, &scheme.view, &names(scheme))
}

fn condition(condition: &alluse_quant::attribution::contribution::scheme::Condition) -> String {
    use alluse_quant::attribution::contribution::scheme::Condition;
    match condition {
        Condition::In { variable, range } => format!("{variable} in {range}"),
        Condition::OneOf { variable, values } => format!("{variable} {}", values.join(" or ")),
    }
}

/// Return, risk and evidence of each label, one line a label.
fn view(page: &mut String, view: &LabelView, order: &[&str]) -> Result {
    writeln!(
        page,
        "\n{:<14}{:>7}{:>9}{:>14}{:>9}{:>12}{:>20}{:>8}{:>9}{:>9}  evidence",
        "", "weeks", "winning", "contribution", "% a week", "% of risk", "95 % interval", "ratio", "p", "p, all"
    )?;
    let mut rows: Vec<_> = view.report.labels.iter().zip(&view.risk.rows).collect();
    rows.sort_by_key(|(label, _)| place(label.label.as_deref(), order));
    for (label, risk) in rows {
        let tested = label.label.as_deref().and_then(|name| view.significance.label(name));
        writeln!(
            page,
            "{:<14}{:>7}{:>9}{:>14}{:>9}{:>12}{:>20}{:>8}{:>9}{:>9}  {}",
            risk.label,
            label.active_periods,
            label.hit_rate.map_or_else(|| "-".to_owned(), |share| format!("{} %", percent(share.share, 0))),
            percent(label.contribution, 2),
            label.mean_contribution.map_or_else(|| "-".to_owned(), |mean| percent(mean, 3)),
            percent(risk.volatility_share, 1),
            risk.share_interval.map_or_else(String::new, |i| format!(
                "{} to {}",
                percent(i.lower, 0),
                percent(i.upper, 0)
            )),
            risk.ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.2}")),
            p_value(tested.and_then(|test| test.p_value)),
            p_value(tested.and_then(|test| test.benjamini_hochberg)),
            tested.map_or_else(|| "not tested".to_owned(), |test| evidence(test.evidence))
        )?;
    }
    let (report, risk) = (&view.report, &view.risk);
    let shares: f64 = risk.rows.iter().map(|row| row.volatility_contribution).sum();
    writeln!(
        page,
        "{:<14}{:>7}{:>9}{:>14}{:>9}{:>12}{:>20}{:>8.2}",
        "all",
        report.periods,
        "",
        percent(report.total_return, 2),
        percent(risk.mean_return, 3),
        "100.0",
        "",
        risk.ratio
    )?;
    writeln!(
        page,
        "return: {}; volatility of {} % a week: {}\nunlabelled: {} % of the cells, {} % of |P&L|",
        adds_up(report.residual, report.total_return),
        percent(risk.volatility, 3),
        adds_up(risk.volatility - shares, risk.volatility),
        percent(report.unlabelled.share_of_cells, 1),
        report.unlabelled.share_of_absolute_pnl.map_or_else(|| "-".to_owned(), |share| percent(share, 1))
    )?;
    let against = if view.report.labelled == Labelled::Periods {
        "its mean week against all others"
    } else {
        "its mean contribution against zero"
    };
    writeln!(
        page,
        "ratio: return over its part of the volatility, - where that is not positive; p: {against}; p, all: adjusted for {} labels\n\
         not distinguishable: an effect of half a standard deviation of a week would have shown; too few: it would not",
        view.significance.tested
    )
}

fn evidence(evidence: Evidence) -> String {
    match evidence {
        Evidence::Distinguishable => "distinguishable".to_owned(),
        Evidence::NotDistinguishable => "not distinguishable".to_owned(),
        Evidence::TooFew(TooFew::Record { available, required }) => {
            format!("too few: {available} weeks, {required} needed")
        }
        Evidence::TooFew(TooFew::Labelled { available, required }) => {
            format!("too few: {available} weeks with it, {required} needed")
        }
        Evidence::TooFew(TooFew::Rest { available, required }) => {
            format!("too few: {available} weeks without it, {required} needed")
        }
        Evidence::TooFew(TooFew::Arrangements { smallest }) => format!("too few: no p below {smallest:.3} possible"),
        Evidence::TooFew(TooFew::Variation) => "too few: it never varies".to_owned(),
        Evidence::TooFew(TooFew::Runs) => "too few: its weeks lie in too few runs".to_owned(),
        _ => "too few".to_owned(),
    }
}

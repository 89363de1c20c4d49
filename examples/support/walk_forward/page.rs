//! The study as Markdown.

use std::fmt::{Result, Write};

use alluse_quant::optimizer::walk_forward::{AgainstEqualWeight, Performance};

use super::comparison::{Compared, Judged, against, names, shortfall_ratio};
use super::figures::Figures;
use super::flag::{Flagged, Kind, TRUE};
use super::settings::{COMPARED_AT, COSTS, RISK_AVERSION, Scope};
use super::truth::{DEGREES_OF_FREEDOM, Truth, TruthRow};
use super::turnover::Traded;

/// Writes the whole page.
///
/// # Errors
/// When the writer fails.
pub fn write(page: &mut String, figures: &Figures) -> Result {
    if figures.settings.scope == Scope::Quick {
        writeln!(page, "QUICK RUN: two data sets and few draws. It shows that the program runs and proves nothing.\n")?;
    }
    head(page, figures)?;
    writeln!(page, "\n### Against 1/N, over all data sets\n")?;
    judged(page, &figures.judged)?;
    failed(page, &figures.compared)?;
    for (title, cell) in CELLS {
        writeln!(page, "\n### {title}\n")?;
        by_data_set(page, &figures.compared, cell)?;
    }
    writeln!(page, "\n### Turnover\n")?;
    turnover(page, &figures.traded)?;
    let solved = figures.certified;
    writeln!(
        page,
        "\nCertified optimal (gap 1e-8, residuals 1e-7, limits 1e-9): {} of {} solves; the largest relative gap is {:.1e}.",
        solved.optimal, solved.solves, solved.largest_gap
    )?;
    writeln!(page, "\n### In a market of known truth\n")?;
    truth(page, &figures.truth)?;
    writeln!(page, "\n### The flag for correlated strategies\n")?;
    flags(page, &figures.flagged)?;
    writeln!(page, "\n### How alike the rules are\n")?;
    alike(page, &figures.compared)
}

fn head(page: &mut String, figures: &Figures) -> Result {
    let draws = figures.draws;
    writeln!(
        page,
        "Returns after {} basis points one-way, first purchase included; γ = {RISK_AVERSION}; {} replicates of every \
         bootstrap, {} samples of each size, {} pairs of strategies of each kind, seed {}.\n",
        COSTS[COMPARED_AT], draws.replicates, draws.samples, draws.pairs, figures.settings.seed
    )?;
    writeln!(page, "| data set | assets | out of sample | returns | decisions | rules tried, 1/N among them |")?;
    writeln!(page, "|---|---|---|---|---|---|")?;
    for data in &figures.compared {
        let (from, to) = data.dates;
        let (rows, rules) = (data.observations, data.rows.len());
        writeln!(
            page,
            "| {} | {} | {from} to {to} | {rows} | {} | {rules} |",
            data.data_set, data.assets, data.decisions
        )?;
    }
    let (passed, decisions) = figures.truncated.iter().fold((0, 0), |(passed, decisions), report| {
        (passed + usize::from(report.passed()), decisions + report.decisions_compared)
    });
    writeln!(
        page,
        "\nWithout the future: {passed} of {} rules choose the same weights bit for bit, {decisions} decisions compared.",
        figures.truncated.len()
    )
}

fn judged(page: &mut String, judged: &[Judged]) -> Result {
    writeln!(
        page,
        "| rule | data sets | volatility ≥ 10 % lower | 97.5 % ES ≥ 10 % lower | either | either higher | certainty equivalent > −0.5 % | Sharpe higher | Sharpe lower | failed decisions | ≥ 10 % lower on 6 of 8, never higher |"
    )?;
    writeln!(page, "|---|---|---|---|---|---|---|---|---|---|---|")?;
    for it in judged {
        writeln!(
            page,
            "| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
            it.rule,
            it.data_sets,
            it.volatility_lower,
            it.shortfall_lower,
            it.either_lower,
            it.worse,
            it.not_inferior,
            it.sharpe_higher,
            it.sharpe_lower,
            it.failures,
            if it.meets { "met" } else { "not met" }
        )?;
    }
    Ok(())
}

fn failed(page: &mut String, compared: &[Compared]) -> Result {
    writeln!(page)?;
    for data in compared {
        for it in &data.failed {
            writeln!(
                page,
                "Failed: {} on {}, {} decisions, first: {}.",
                it.rule, data.data_set, it.decisions, it.first
            )?;
        }
    }
    Ok(())
}

type Cell = fn(&Compared, &Performance, &AgainstEqualWeight) -> String;

const CELLS: [(&str, Cell); 6] = [
    ("Volatility over that of 1/N", |_, _, against| starred(against.volatility_ratio, against.variance_adjusted)),
    ("Expected shortfall at 97.5 % over that of 1/N", |data, row, against| {
        let ratio = shortfall_ratio(data, row).unwrap_or(f64::NAN);
        starred(ratio, against.expected_shortfall_adjusted)
    }),
    ("Certainty equivalent less that of 1/N, % a year (lower 90 % bound)", |_, _, against| {
        let it = &against.certainty_equivalent;
        format!("{:+.1} ({:+.1})", 100.0 * it.difference, 100.0 * it.lower_bound)
    }),
    ("Sharpe ratio less that of 1/N, a year (95 % interval)", |data, _, against| {
        let (it, year) = (&against.sharpe, data.periods_per_year.sqrt());
        format!("{:+.2} ({:+.2} to {:+.2})", it.difference * year, it.interval.lower * year, it.interval.upper * year)
    }),
    (
        "Sharpe ratio a year, and the probability that it beats what the best of the rules reaches by luck",
        |_, row, _| format!("{:.2}, {:.2}", row.annual_sharpe, row.deflated_sharpe.probability),
    ),
    ("One-way turnover a year and maximum drawdown, %", |_, row, _| {
        format!("{:.0}, {:.0}", 100.0 * row.annual_turnover, 100.0 * row.max_drawdown)
    }),
];

/// With a star where the difference is significant.
fn starred(ratio: f64, p_value: f64) -> String {
    format!("{ratio:.2}{}", if p_value < 0.05 { "*" } else { "" })
}

fn by_data_set(page: &mut String, compared: &[Compared], cell: Cell) -> Result {
    write!(page, "| rule |")?;
    for data in compared {
        write!(page, " {} |", data.data_set)?;
    }
    writeln!(page, "\n|---{}|", "|---".repeat(compared.len()))?;
    for rule in names(compared) {
        write!(page, "| {rule} |")?;
        for data in compared {
            match against(data, &rule) {
                Some((row, against)) => write!(page, " {} |", cell(data, row, against))?,
                None => write!(page, " – |")?,
            }
        }
        writeln!(page)?;
    }
    Ok(())
}

fn turnover(page: &mut String, traded: &[Traded]) -> Result {
    writeln!(
        page,
        "| data set | cost, bp | rule | decisions (searched) | turnover a year, % | cost a year, % | unnecessary, others kept, % | unnecessary, others chosen anew, % | beyond the least, % | reversed, % | mean, % | volatility, % |"
    )?;
    writeln!(page, "|---|---|---|---|---|---|---|---|---|---|---|---|")?;
    for it in traded {
        writeln!(
            page,
            "| {} | {} | {} | {} ({}) | {:.1} | {:.3} | {:.1} | {:.1} | {:.1} | {:.1} | {:.2} | {:.2} |",
            it.data_set,
            it.basis_points,
            it.rule,
            it.decisions,
            it.searched,
            100.0 * it.annual_turnover,
            100.0 * it.annual_cost,
            100.0 * it.unnecessary,
            100.0 * it.avoidable,
            100.0 * it.excess,
            100.0 * it.reversed,
            100.0 * it.annual_mean,
            100.0 * it.annual_volatility
        )?;
    }
    Ok(())
}

fn truth(page: &mut String, truth: &Truth) -> Result {
    writeln!(
        page,
        "{} assets, Student t with {DEGREES_OF_FREEDOM} degrees of freedom; the oracle's certainty equivalent is {:.1} % \
         a year. Cells: that of the rule over it, % (standard error over {} samples).\n",
        truth.assets,
        100.0 * truth.oracle,
        truth.samples
    )?;
    by_size(page, truth, |row| &row.equivalents)?;
    writeln!(
        page,
        "\nVolatility of the oracle's long-only minimum variance, {:.1} % a year, over that of the rule, % (standard error).\n",
        100.0 * truth.least_volatility
    )?;
    by_size(page, truth, |row| &row.volatilities)
}

fn by_size(page: &mut String, truth: &Truth, ratios: fn(&TruthRow) -> &[(f64, f64)]) -> Result {
    write!(page, "| rule |")?;
    for days in &truth.days {
        write!(page, " T = {days}, T/n = {:.1} |", *days as f64 / truth.assets as f64)?;
    }
    writeln!(page, " failed |\n|---{}|---|", "|---".repeat(truth.days.len()))?;
    for row in &truth.rows {
        write!(page, "| {} |", row.rule)?;
        for (mean, error) in ratios(row) {
            write!(page, " {:.1} ({:.1}) |", 100.0 * mean, 100.0 * error)?;
        }
        writeln!(page, " {} |", row.failures)?;
    }
    Ok(())
}

fn flags(page: &mut String, flagged: &[Flagged]) -> Result {
    write!(page, "| returns | n | pairs | |")?;
    for correlation in TRUE {
        write!(page, " true {correlation:.2} |")?;
    }
    writeln!(page, "\n|---|---|---|---{}|", "|---".repeat(TRUE.len()))?;
    for it in flagged {
        let kind = match it.kind {
            Kind::Normal => "normal, Fisher's interval",
            Kind::FatTails => "Student t with 4 degrees of freedom, Fisher's interval",
            Kind::FatTailsBootstrap => "the same, bootstrap interval",
        };
        for (what, shares) in [("breach", &it.breaches), ("by design", &it.designed), ("breach or warning", &it.above)]
        {
            write!(page, "| {kind} | {} | {} | {what} |", it.observations, it.pairs)?;
            for share in shares {
                write!(page, " {:.1} % |", 100.0 * share)?;
            }
            writeln!(page)?;
        }
    }
    Ok(())
}

fn alike(page: &mut String, compared: &[Compared]) -> Result {
    writeln!(
        page,
        "| data set | pairs of rules | lowest | median | highest | lower bound above 0.70 | only the point |"
    )?;
    writeln!(page, "|---|---|---|---|---|---|---|")?;
    for data in compared {
        let it = &data.alike;
        writeln!(
            page,
            "| {} | {} | {:.2} | {:.2} | {:.2} | {} | {} |",
            data.data_set, it.pairs, it.range[0], it.range[1], it.range[2], it.breaches, it.warnings
        )?;
    }
    Ok(())
}

//! The figures as text.

use std::fmt::{Result, Write};

use alluse_quant::instruments::ledger::{CycleOutcome, Pnl, WheelCycle};

use super::figures::{Figures, Performance, Sold};

/// The whole page.
///
/// # Errors
/// When the writer fails.
pub fn write(page: &mut impl Write, figures: &Figures) -> Result {
    head(page, figures)?;
    summary(page, figures)?;
    views(page, figures)?;
    trades(page, figures)?;
    cycles(page, figures)?;
    worst(page, figures)?;
    identity(page, figures)?;
    benchmarks(page, figures)?;
    title(page, "WHAT IS MODELLED")?;
    figures.notes.iter().try_for_each(|note| writeln!(page, "- {note}"))
}

fn title(page: &mut impl Write, text: &str) -> Result {
    writeln!(page, "\n{text}\n{}", "─".repeat(text.chars().count()))
}

fn head(page: &mut impl Write, figures: &Figures) -> Result {
    let Figures { index, from, to, settings, statement, .. } = figures;
    writeln!(page, "WEEKLY WHEEL ON {index}   {from} to {to}   amounts in USD")?;
    writeln!(
        page,
        "every week's end: a one-week put at delta {:.2}, cash secured; once assigned, a one-week call at delta {:.2}",
        settings.delta, settings.delta
    )?;
    let total = &statement.total;
    writeln!(
        page,
        "{} in, {} at the end, {} events in the ledger",
        money(total.external_flows),
        money(total.end_value),
        figures.events
    )
}

fn summary(page: &mut impl Write, figures: &Figures) -> Result {
    title(page, "SUMMARY")?;
    let (own, index) = (&figures.programme, &figures.buy_and_hold);
    writeln!(page, "{:<34}{:>14}{:>18}", "", "programme", "index, held")?;
    let mut line =
        |name: &str, of: &dyn Fn(&Performance) -> String| writeln!(page, "{name:<34}{:>14}{:>18}", of(own), of(index));
    line("annual return", &|p| percent(p.annual_return))?;
    line("volatility, from weekly returns", &|p| percent(p.volatility))?;
    line("Sharpe ratio", &|p| format!("{:.2}", p.sharpe))?;
    line("  its standard error", &|p| format!("{:.2}", p.sharpe_error))?;
    line("skewness of weekly returns", &|p| format!("{:.2}", p.skewness))?;
    line("largest drawdown, daily closes", &|p| percent(p.max_drawdown))?;
    line("weeks with a gain", &|p| percent(p.winning))?;
    line("worst week", &|p| percent(p.worst_week))?;
    writeln!(
        page,
        "\nprices are modelled at the volatility index, which flatters the programme: see the end of the page"
    )
}

fn views(page: &mut impl Write, figures: &Figures) -> Result {
    title(page, "P&L: MARKED TO MARKET FIRST, PREMIUM VIEW SECOND")?;
    writeln!(page, "the premium view counts what was realised and books an assigned index at its strike: open losses")?;
    writeln!(page, "are hidden in it until the index is sold; hidden = marked to market less premium view")?;
    writeln!(
        page,
        "\n{:<8}{:>14}{:>14}{:>12}{:>13}{:>11}",
        "", "mark to mkt", "premium view", "hidden", "programme", "index"
    )?;
    for year in &figures.years {
        writeln!(
            page,
            "{:<8}{:>14}{:>14}{:>12}{:>13}{:>11}",
            year.year,
            money(year.mark_to_market.total()),
            money(year.premium_view.total()),
            money(year.difference),
            percent(year.programme_return),
            percent(year.index_return)
        )?;
    }
    let total = &figures.statement.total;
    writeln!(
        page,
        "{:<8}{:>14}{:>14}{:>12}",
        "all",
        money(total.mark_to_market.total()),
        money(total.premium_view.total()),
        money(total.difference)
    )?;
    let first_day = total.mark_to_market.total() - figures.years.iter().map(|y| y.mark_to_market.total()).sum::<f64>();
    if first_day.abs() >= 0.5 {
        writeln!(
            page,
            "the years start at the close of {}: its costs of {} are in \"all\"",
            figures.from,
            money(-first_day)
        )?;
    }
    writeln!(page, "\n{:<14}{:>16}{:>16}", "over all years", "mark to market", "premium view")?;
    for ((name, marked), (_, premium)) in total.mark_to_market.parts().into_iter().zip(total.premium_view.parts()) {
        writeln!(page, "{name:<14}{:>16}{:>16}", money(marked), money(premium))?;
    }
    writeln!(
        page,
        "{:<14}{:>16}{:>16}",
        "total",
        money(total.mark_to_market.total()),
        money(total.premium_view.total())
    )
}

fn trades(page: &mut impl Write, figures: &Figures) -> Result {
    title(page, "WHAT WAS SOLD AND WHAT CAME OF IT")?;
    let mut line = |name: &str, sold: &Sold| match sold.moneyness {
        Some(moneyness) => writeln!(
            page,
            "{} {name} sold for {} at mid, strikes on average at {:.1} % of the index",
            sold.count,
            money(sold.premium),
            100.0 * moneyness
        ),
        None => writeln!(page, "no {name} sold"),
    };
    line("puts", &figures.puts)?;
    line("calls", &figures.calls)?;
    let lost: f64 = figures.assignments.iter().map(|assigned| assigned.intrinsic).sum();
    writeln!(
        page,
        "{} puts assigned, strike against market at assignment {}; {} times called away",
        figures.assignments.len(),
        money(lost),
        figures.cycles.iter().filter(|cycle| cycle.outcome == CycleOutcome::CalledAway).count()
    )?;
    let Some(deepest) = figures.assignments.iter().min_by(|a, b| a.intrinsic.total_cmp(&b.intrinsic)) else {
        return Ok(());
    };
    writeln!(
        page,
        "the dearest assignment: {}, index at {:.2} taken at {:.2}, {}",
        deepest.date,
        deepest.spot,
        deepest.strike,
        money(deepest.intrinsic)
    )
}

fn cycles(page: &mut impl Write, figures: &Figures) -> Result {
    title(page, "CYCLES: PUT, INDEX, CALL AS ONE HISTORY")?;
    writeln!(page, "cycles that held the index, marked to market; intrinsic is strike against market at delivery\n")?;
    cycle_line(
        page,
        ["opened", "closed", "outcome"],
        ["premium", "intrinsic", "index", "fees", "P&L"].map(str::to_owned),
    )?;
    let amounts = |pnl: &Pnl| [pnl.premium, pnl.intrinsic, pnl.shares, pnl.fees, pnl.total()].map(money);
    for cycle in &figures.cycles {
        let closed = cycle.closed.map_or("-".to_owned(), |date| date.to_string());
        let words = [&cycle.opened.to_string(), &closed, outcome(cycle)];
        cycle_line(page, words, amounts(&cycle.mark_to_market))?;
    }
    let open = figures.puts.count - figures.assignments.len() - figures.expired_puts;
    let others = format!("{} puts that expired, {open} open", figures.expired_puts);
    cycle_line(page, [&others, "", ""], amounts(&figures.expired_puts_pnl))?;
    cycle_line(page, ["the whole history at once", "", ""], amounts(&figures.wheel))?;
    writeln!(
        page,
        "the cycles leave {:.1e} of it unexplained; interest on cash is outside of it",
        figures.wheel_residual
    )
}

fn cycle_line(page: &mut impl Write, words: [&str; 3], amounts: [String; 5]) -> Result {
    let [premium, intrinsic, index, fees, pnl] = amounts;
    let words = match words {
        [all, "", ""] => format!("{all:<36}"),
        [opened, closed, outcome] => format!("{opened:<12}{closed:<12}{outcome:<12}"),
    };
    writeln!(page, "{words}{premium:>11}{intrinsic:>11}{index:>11}{fees:>9}{pnl:>11}")
}

fn outcome(cycle: &WheelCycle) -> &'static str {
    match cycle.outcome {
        CycleOutcome::Open => "open",
        CycleOutcome::Expired => "expired",
        CycleOutcome::CalledAway => "called away",
        CycleOutcome::Closed => "closed",
    }
}

fn worst(page: &mut impl Write, figures: &Figures) -> Result {
    title(page, "WORST WEEKS")?;
    writeln!(page, "{:<14}{:>11}{:>11}  held", "week to", "programme", "index")?;
    for week in &figures.worst_weeks {
        writeln!(page, "{:<14}{:>11}{:>11}  {}", week.date, percent(week.programme), percent(week.index), week.held)?;
    }
    Ok(())
}

fn identity(page: &mut impl Write, figures: &Figures) -> Result {
    title(page, "DOES IT ADD UP?")?;
    let total = &figures.statement.total;
    writeln!(
        page,
        "start {} + flows {} + P&L {} = end {}",
        money(total.start_value),
        money(total.external_flows),
        money(total.mark_to_market.total()),
        money(total.end_value)
    )?;
    writeln!(
        page,
        "residual {:.1e}, {:.0e} of all amounts that entered; the P&L is recomputed from the events, not from the values",
        total.residual,
        total.relative_residual()
    )
}

fn benchmarks(page: &mut impl Write, figures: &Figures) -> Result {
    title(page, "AGAINST PUBLISHED PROGRAMMES")?;
    let Some(compared) = &figures.benchmarks else {
        return writeln!(page, "not compared: no --benchmark file was given");
    };
    writeln!(
        page,
        "{:<8}{:>9}{:>12}{:>8}{:>11}{:>12}{:>12}{:>12}{:>12}",
        "index", "months", "correlation", "beta", "tracking", "mean, own", "mean, index", "vol., own", "vol., index"
    )?;
    for index in compared {
        writeln!(
            page,
            "{:<8}{:>9}{:>12.2}{:>8.2}{:>11}{:>12}{:>12}{:>12}{:>12}",
            index.name,
            index.months,
            index.correlation,
            index.beta,
            percent(index.tracking_error),
            percent(index.programme_return),
            percent(index.index_return),
            percent(index.programme_volatility),
            percent(index.index_volatility)
        )?;
    }
    if let Some(first) = compared.first() {
        writeln!(page, "monthly returns, {} to {}; means and volatilities are annualised", first.from, first.to)?;
        if first.programme_return > first.index_return {
            writeln!(
                page,
                "the programme's mean is {} above that of a traded put-write index: read it as what the modelled prices are \
                 worth, not as skill",
                percent(first.programme_return - first.index_return)
            )?;
        }
    }
    writeln!(page, "put and bxm sell one-month options at the money and earn dividends: a relative, not a twin")
}

fn percent(value: f64) -> String {
    format!("{:.1} %", 100.0 * value + 0.0)
}

/// Whole dollars with separators.
fn money(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 && digits != "0" { format!("-{text}") } else { text }
}

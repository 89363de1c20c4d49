//! The page, in Markdown.

use std::fmt::{Result, Write as _};

use alluse_quant::forecast::evaluation::skill_table::{RowRole, SkillRow, Superiority};
use alluse_quant::forecast::evaluation::volatility_table::{VolatilityRole, VolatilityRow};
use alluse_quant::forecast::evaluation::{Share, Skill};
use alluse_quant::forecast::trust::TrustLevel;
use alluse_quant::risk_core::Status;

use super::figures::{Figures, Judged};

/// Writes the page.
///
/// # Errors
/// Only those of the page it writes to.
pub fn write(page: &mut String, figures: &Figures) -> Result {
    writeln!(page, "# Forecasts and what they were worth\n")?;
    writeln!(
        page,
        "Walked forward; every forecast was made from the rows before its first day. CRPS: continuous ranked"
    )?;
    writeln!(
        page,
        "probability score, lower is better; skill: 1 less the share of the competitor's loss, with its 95 %"
    )?;
    writeln!(
        page,
        "interval. PT: Pesaran-Timmermann, on outcomes that do not overlap, and on all with an error that allows for"
    )?;
    writeln!(
        page,
        "what they share (HAC). n: forecasts, and independent outcomes among them. KS, Berkowitz: p of the tests"
    )?;
    writeln!(page, "that outcomes fell evenly over the forecasts, and independently; small is bad.\n")?;
    for series in &figures.series {
        judged(page, series)?;
    }
    today(page, figures)?;
    seventy(page, figures)
}

fn judged(page: &mut String, series: &Judged) -> Result {
    let Judged { name, from, to, returns, .. } = series;
    writeln!(page, "## {name}, {from} to {to}, {returns} days\n")?;
    writeln!(
        page,
        "| days ahead | model | n | CRPS skill against the bootstrap | against the random walk | p (Holm) | hit rate | base rate | PT p, disjoint | PT p, HAC | Brier skill | within 80 % | within 95 % | KS D, p | Berkowitz p | verdict |"
    )?;
    writeln!(page, "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")?;
    for row in series.short.rows.iter().chain(&series.long.rows) {
        writeln!(page, "{}", returns_row(row))?;
    }
    for superiority in series.short.superiority.iter().chain(&series.long.superiority) {
        writeln!(page, "\n{}", superior(superiority))?;
    }
    for table in [&series.short, &series.long] {
        for tried in table.tried.iter().filter(|tried| !tried.failures.is_empty()) {
            let first = &tried.failures[0];
            writeln!(page, "\n{} failed at {} origins, first: {}.", tried.name, tried.failures.len(), first.message)?;
        }
    }
    writeln!(page, "\n### Volatility of {name}\n")?;
    writeln!(page, "MZ: realised variance = a + b forecast, p that a = 0 and b = 1.\n")?;
    writeln!(
        page,
        "| days ahead | model | n | QLIKE against the random walk, p | against EWMA, p | MSE over that of the random walk | MZ a (%²) | MZ b | MZ p | direction | base rate | PT p, disjoint | PT p, HAC | verdict |"
    )?;
    writeln!(page, "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")?;
    for row in &series.volatility.rows {
        writeln!(page, "{}", volatility_row(row))?;
    }
    for (model, failures) in series.volatility.tried.iter().filter(|(_, failures)| !failures.is_empty()) {
        writeln!(page, "\n{model} failed at {} origins, first: {}.", failures.len(), failures[0].message)?;
    }
    writeln!(page, "\nTrust earned by forecasts of a month, 0 to 1:")?;
    for (model, level) in &series.trust {
        let words = match level {
            TrustLevel::Scored { value, .. } => format!("{value:.2}"),
            TrustLevel::Unknown { reason, .. } => format!("unknown ({reason})"),
            _ => "unknown".to_owned(),
        };
        writeln!(page, "- {model}: {words}")?;
    }
    writeln!(page)
}

fn returns_row(row: &SkillRow) -> String {
    let direction = row.direction.known();
    let percent = |share: Option<f64>| share.map_or("–".to_owned(), |share| format!("{:.1} %", 100.0 * share));
    let pt = direction.map(|it| match it.pesaran_timmermann.known() {
        Some(test) => p_value(test.p_value),
        None => "undefined".to_owned(),
    });
    let robust = direction.map(|it| match it.direction_regression.known() {
        Some(test) => p_value(test.p_value),
        None => "undefined".to_owned(),
    });
    let hit = direction.map(|it| {
        let rate = it.hit_rate;
        format!("{:.1} % ({:.0} to {:.0})", 100.0 * rate.value, 100.0 * rate.lower, 100.0 * rate.upper)
    });
    let calibration = row.calibration.known();
    let uniform = calibration.map(|it| &it.uniformity);
    let berkowitz = calibration.and_then(|it| it.berkowitz.known());
    format!(
        "| {} | {} | {}, {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        row.horizon,
        row.model,
        row.common,
        row.effective,
        skill(&row.against_bootstrap),
        skill(&row.against_random_walk),
        row.adjusted_p_value.known().map_or("–".to_owned(), |p| p_value(*p)),
        hit.unwrap_or("–".to_owned()),
        percent(direction.map(|it| it.base_rate)),
        pt.unwrap_or("–".to_owned()),
        robust.unwrap_or("–".to_owned()),
        direction.map_or("–".to_owned(), |it| skill(&it.brier_skill)),
        share(&row.coverage_80),
        share(&row.coverage_95),
        uniform.map_or("–".to_owned(), |it| format!("{:.3}, {}", it.statistic, p_value(it.best_p_value()))),
        berkowitz.map_or("–".to_owned(), |it| p_value(it.p_value)),
        row.sentence.split(';').next().unwrap_or_default(),
    )
}

/// Whether the best of everything tried beats the benchmark.
fn superior(of: &Superiority) -> String {
    let Superiority { horizon, benchmark, contenders, effective, .. } = of;
    match &of.test {
        Status::Unknown { reason, .. } => format!("{horizon} ahead, SPA against the {benchmark}: unknown ({reason})."),
        Status::Known(test) | Status::Partial { value: test, .. } => format!(
            "{horizon} ahead, SPA (Hansen) against the {benchmark}: p {} that none of {} is better, n {effective}; best {}.",
            resampled(test.p_values.consistent, test.replicates),
            contenders.len(),
            of.best().unwrap_or("unknown"),
        ),
    }
}

/// A share of replicates, which says no more than one of them does.
fn resampled(p: f64, replicates: usize) -> String {
    let least = 1.0 / replicates as f64;
    if p < least { format!("< {least:.4}") } else { format!("{p:.4}") }
}

fn volatility_row(row: &VolatilityRow) -> String {
    let direction = row.direction.known();
    let test = |status: &Status<alluse_quant::risk_core::inference::DieboldMarianoTest>| {
        status
            .known()
            .map_or("–".to_owned(), |test| format!("{:+.4}, {}", test.mean_differential, p_value(test.p_value)))
    };
    let line = row.mincer_zarnowitz.known();
    format!(
        "| {} | {} | {}, {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |",
        row.horizon,
        row.model,
        row.common,
        row.effective,
        test(&row.qlike_against_random_walk),
        test(&row.qlike_against_ewma),
        row.mse_ratio.known().map_or("–".to_owned(), |ratio| format!("{ratio:.2}")),
        line.map_or("–".to_owned(), |it| format!("{:+.2}", 1e4 * it.intercept.value)),
        line.map_or("–".to_owned(), |it| format!("{:.2}", it.slope.value)),
        line.map_or("–".to_owned(), |it| p_value(it.optimality.p_value)),
        direction.map_or("–".to_owned(), |it| format!("{:.1} %", 100.0 * it.hit_rate.value)),
        direction.map_or("–".to_owned(), |it| format!("{:.1} %", 100.0 * it.base_rate)),
        direction.and_then(|it| it.pesaran_timmermann.known()).map_or("–".to_owned(), |test| p_value(test.p_value)),
        direction.and_then(|it| it.direction_regression.known()).map_or("–".to_owned(), |test| p_value(test.p_value)),
        row.sentence.split(';').next().unwrap_or_default(),
    )
}

fn skill(status: &Status<Skill>) -> String {
    status.known().map_or("–".to_owned(), |it| {
        format!("{:+.3} ({:+.3} to {:+.3})", it.value, it.interval.lower, it.interval.upper)
    })
}

fn share(status: &Status<Share>) -> String {
    status.known().map_or("–".to_owned(), |it| {
        format!("{:.1} % ({:.0} to {:.0})", 100.0 * it.value, 100.0 * it.lower, 100.0 * it.upper)
    })
}

fn p_value(p: f64) -> String {
    if p < 1e-4 { "< 0.0001".to_owned() } else { format!("{p:.4}") }
}

fn today(page: &mut String, figures: &Figures) -> Result {
    let today = &figures.today;
    writeln!(page, "## Forecast of the {} after {}, by {}\n", today.series, today.as_of, today.model)?;
    writeln!(page, "| days ahead | median | 80 % | 95 % | volatility a year |")?;
    writeln!(page, "|---|---|---|---|---|")?;
    for (days, volatility) in &today.volatility {
        let place = days - 1;
        let band = |k: usize| {
            let band = today.fan.bands.get(k)?;
            Some(format!("{:+.1} to {:+.1} %", 100.0 * band.lower.get(place)?, 100.0 * band.upper.get(place)?))
        };
        let median = today.fan.median.get(place).copied().unwrap_or(f64::NAN);
        writeln!(
            page,
            "| {days} | {:+.2} % | {} | {} | {:.1} % |",
            100.0 * median,
            band(0).unwrap_or_default(),
            band(1).unwrap_or_default(),
            100.0 * volatility
        )?;
    }
    writeln!(page, "\n| what may happen | probability | 95 % interval of the simulation |\n|---|---|---|")?;
    for (words, event) in &today.events {
        let interval = event.interval;
        let [p, lower, upper] = [event.probability, interval.lower, interval.upper].map(|p| 100.0 * p);
        writeln!(page, "| {words} | {p:.1} % | {lower:.1} to {upper:.1} % |")?;
    }
    writeln!(page)?;
    for (name, scenario) in ["bear", "base", "bull"].iter().zip(&today.scenarios) {
        let (p, total) = (100.0 * scenario.probability, 100.0 * scenario.total_return);
        writeln!(page, "- {name}, the {p:.0} % quantile after a year: {total:+.1} %")?;
    }
    for (probability, volatility) in &today.regimes {
        let (p, volatility) = (100.0 * probability, 100.0 * volatility);
        writeln!(page, "- regime with {volatility:.0} % volatility a year: probability {p:.1} % (filtered)")?;
    }
    if let Some(record) = &today.track_record {
        writeln!(page, "- its record over a month: {record}")?;
    }
    writeln!(page)
}

/// Where 70 % of directions were right, and what that is worth.
fn seventy(page: &mut String, figures: &Figures) -> Result {
    writeln!(page, "## Where 70 % of the directions were right\n")?;
    writeln!(page, "Naive competitors left out; n counts independent outcomes, and fewer than 20 say nothing.\n")?;
    writeln!(page, "| series | what | days ahead | model | n | hit rate | base rate | PT p, disjoint | verdict |")?;
    writeln!(page, "|---|---|---|---|---|---|---|---|---|")?;
    let mut any = false;
    for series in &figures.series {
        for row in series.short.rows.iter().chain(&series.long.rows) {
            let judged = row.role == RowRole::Candidate && row.effective >= 20;
            let Some(it) = row.direction.known().filter(|it| judged && it.hit_rate.value >= 0.70) else { continue };
            any = true;
            let pt = it.pesaran_timmermann.known().map_or("undefined".to_owned(), |test| p_value(test.p_value));
            let (hit, base) = (100.0 * it.hit_rate.value, 100.0 * it.base_rate);
            let worth = if hit > base { "above its base rate" } else { "not above its base rate" };
            writeln!(
                page,
                "| {} | returns | {} | {} | {} | {hit:.1} % | {base:.1} % | {pt} | {worth} |",
                series.name, row.horizon, row.model, row.effective
            )?;
        }
        for row in &series.volatility.rows {
            let judged = row.role == VolatilityRole::Candidate && row.effective >= 20;
            let Some(it) = row.direction.known().filter(|it| judged && it.hit_rate.value >= 0.70) else { continue };
            any = true;
            let pt = it.pesaran_timmermann.known().map_or("undefined".to_owned(), |test| p_value(test.p_value));
            let (hit, base) = (100.0 * it.hit_rate.value, 100.0 * it.base_rate);
            writeln!(
                page,
                "| {} | change of volatility | {} | {} | {} | {hit:.1} % | {base:.1} % | {pt} | |",
                series.name, row.horizon, row.model, row.effective
            )?;
        }
    }
    if !any {
        writeln!(page, "| none | | | | | | | | |")?;
    }
    Ok(())
}

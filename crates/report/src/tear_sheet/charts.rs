//! The pictures of a tear sheet.

use alluse_attribution::Performance;
use alluse_attribution::rolling::{Rolling, RollingRelative, RollingValues};
use alluse_risk_core::Confidence;
use alluse_risk_core::measures::{Episode, LossSample};
use jiff::civil::Date;
use ndarray::ArrayView1;

use super::document::Sheet;
use crate::bins::histogram;
use crate::chart::{Line, Lines, Marker, Shade};
use crate::{Block, Chart, Result, Section, Table, Unit, Value};

/// Drawdowns listed, and how many of them are shaded in the picture.
const LISTED: usize = 10;
const SHADED: usize = 3;
/// Windows a series must hold before a rolling picture says anything.
const WINDOWS: usize = 2;

/// Values of one unit at the start, with the start itself where its date is known.
fn value_line(name: &str, start: Option<Date>, dates: &[Date], returns: ArrayView1<'_, f64>, filled: bool) -> Line {
    let mut value = 1.0;
    let mut line = Line { name: name.to_owned(), dates: Vec::new(), values: Vec::new(), filled };
    if let Some(start) = start {
        line.dates.push(start);
        line.values.push(1.0);
    }
    line.dates.extend_from_slice(dates);
    line.values.extend(returns.iter().map(|r| {
        value *= 1.0 + r;
        value
    }));
    line
}

pub(super) fn equity(page: &Sheet<'_>) -> Result<Chart> {
    let series = &page.sheet.portfolio;
    let (start, dates) = (series.start(), series.dates());
    let mut lines = vec![value_line(series.name(), start, dates, series.returns(), false)];
    for benchmark in &page.sheet.benchmarks {
        lines.push(value_line(benchmark.name(), start, dates, benchmark.returns(), false));
    }
    let lost = lines.iter().any(|line| line.values.iter().any(|value| *value <= 0.0));
    let ends: Vec<String> =
        lines.iter().filter_map(|line| Some(format!("{} {:.2}", line.name, line.values.last()?))).collect();
    Ok(Chart::Lines(Lines {
        title: "Value of one unit".to_owned(),
        description: format!(
            "Compounded returns{}. At the end: {}.",
            if lost { "" } else { ", on a logarithmic axis: equal heights are equal growth" },
            ends.join(", ")
        ),
        unit: Unit::RATIO,
        logarithmic: !lost,
        lines,
        shades: Vec::new(),
        reference: Some(1.0),
    }))
}

/// Drawdowns over time and the worst of them.
pub(super) fn path(page: &Sheet<'_>) -> Result<Section> {
    let mut section = Section::new("Drawdowns");
    let path = match page.performance.drawdown_path() {
        Ok(path) => path,
        Err(error) => return Ok(section.with(Block::Text(format!("There is no drawdown path: {error}.")))),
    };
    let dates = page.sheet.portfolio.dates();
    let deepest = path.deepest(LISTED);
    let line = |name: &str, depths: ArrayView1<'_, f64>, filled: bool| Line {
        name: name.to_owned(),
        dates: dates.to_vec(),
        values: depths.iter().map(|depth| 0.0 - depth).collect(),
        filled,
    };
    let mut lines = vec![line(page.sheet.portfolio.name(), path.drawdowns(), true)];
    let benchmark = page.sheet.benchmarks.first().map(|benchmark| (benchmark.name(), Performance::of(benchmark)));
    if let Some((name, performance)) = &benchmark
        && let Ok(other) = performance.drawdown_path()
    {
        lines.push(line(name, other.drawdowns(), false));
    }
    let shades = deepest
        .iter()
        .take(SHADED)
        .enumerate()
        .map(|(rank, episode)| Shade {
            name: format!("{}. worst", rank + 1),
            from: dates[episode.start],
            to: dates[episode.end().min(dates.len() - 1)],
        })
        .collect();
    section.push(Chart::Lines(Lines {
        title: "Fall from the running peak".to_owned(),
        description: format!(
            "The deepest fall is {}; {} of the periods lie below a peak. The worst three are shaded.",
            Unit::PERCENT.format(path.max()),
            Unit::Percent { decimals: 0 }
                .format(path.drawdowns().iter().filter(|d| **d > 0.0).count() as f64 / dates.len() as f64)
        ),
        unit: Unit::Percent { decimals: 0 },
        logarithmic: false,
        lines,
        shades,
        reference: Some(0.0),
    }));
    section.push(worst(&deepest, dates)?);
    Ok(section)
}

fn worst(deepest: &[Episode], dates: &[Date]) -> Result<Table> {
    let columns = ["rank", "depth", "first period below", "trough", "recovered", "periods to trough", "periods in all"];
    let mut table = Table::new("The worst drawdowns", columns);
    for (rank, episode) in deepest.iter().enumerate() {
        let end = if episode.is_recovered() { dates.get(episode.end()).copied() } else { None };
        table.push(vec![
            Value::text(format!("{}", rank + 1)),
            Value::percent(episode.depth),
            Value::Date(dates[episode.start]),
            Value::Date(dates[episode.trough]),
            end.map_or_else(|| Value::text("not yet"), Value::Date),
            Value::count(episode.to_trough()),
            Value::count(episode.length()),
        ])?;
    }
    Ok(table)
}

/// Risk and reward over a moving year.
pub(super) fn rolling(page: &Sheet<'_>) -> Result<Section> {
    let mut section = Section::new("Over a moving year");
    let series = &page.sheet.portfolio;
    let periods = series.frequency().periods_per_year();
    let window = periods.round() as usize;
    if window < 4 || series.len() < WINDOWS * window {
        return Ok(section.with(Block::Text(format!(
            "{} returns hold no two years of them; a moving year would show one year in slightly different cuts.",
            series.len()
        ))));
    }
    let rolling = Rolling::new(series.returns(), window)?;
    let line = |values: &RollingValues, name: &str| {
        let known: Vec<(usize, f64)> = values.known().collect();
        Line {
            name: name.to_owned(),
            dates: known.iter().map(|(position, _)| series.dates()[*position]).collect(),
            values: known.iter().map(|(_, value)| *value).collect(),
            filled: false,
        }
    };
    let chart = |title: &str, description: &str, unit: Unit, lines: Vec<Line>, reference: Option<f64>| {
        Chart::Lines(Lines {
            title: title.to_owned(),
            description: description.to_owned(),
            unit,
            logarithmic: false,
            lines: lines.into_iter().filter(|line| line.dates.len() > 1).collect(),
            shades: Vec::new(),
            reference,
        })
    };
    let mut volatilities = vec![line(&rolling.annual_volatility(series.frequency(), 1)?, series.name())];
    if let Some(benchmark) = page.sheet.benchmarks.first() {
        let other = Rolling::new(benchmark.returns(), window)?;
        volatilities.push(line(&other.annual_volatility(series.frequency(), 1)?, benchmark.name()));
    }
    let neighbours = format!("Neighbouring values share all but one of their {window} returns.");
    section.push(chart("Volatility a year", &neighbours, Unit::Percent { decimals: 0 }, volatilities, None));
    let sharpe = rolling.sharpe_ratio(&page.sheet.risk_free, series.frequency(), 1)?;
    let spread = "The standard error of a Sharpe ratio over one year is about 1: most of this movement is noise.";
    section.push(chart("Sharpe ratio a year", spread, Unit::RATIO, vec![line(&sharpe, series.name())], Some(0.0)));
    let mut betas = Vec::new();
    for benchmark in &page.sheet.benchmarks {
        betas.push(line(
            &RollingRelative::new(series.returns(), benchmark.returns(), window)?.beta(),
            &format!("to {}", benchmark.name()),
        ));
    }
    if !betas.is_empty() {
        section.push(chart("Beta", &neighbours, Unit::RATIO, betas, Some(0.0)));
    }
    // A metric without a value in any window leaves no line to draw.
    section.blocks.retain(|block| !matches!(block, Block::Chart(Chart::Lines(chart)) if chart.lines.is_empty()));
    Ok(section)
}

/// The distribution of the returns with its tail marked.
pub(super) fn distribution(page: &Sheet<'_>) -> Result<Section> {
    let mut section = Section::new("Distribution of the returns");
    let returns = page.performance.returns();
    let sample = LossSample::from_returns(returns)?;
    let mut markers = Vec::new();
    let mut table = Table::new(
        "Losses in the tail of one period, 95 % intervals",
        ["level", "VaR", "expected shortfall", "in the tail"],
    );
    for confidence in [Confidence::P95, Confidence::P99] {
        let level = Unit::Percent { decimals: 0 }.format(confidence.level());
        let (var, es) = (sample.value_at_risk(confidence)?, sample.expected_shortfall(confidence)?);
        let value = |estimate: &alluse_risk_core::Estimate| match &estimate.interval {
            Some(interval) => Value::between(estimate.value, interval, Unit::PERCENT),
            None => Value::percent(estimate.value),
        };
        markers.push(Marker { name: format!("VaR {level}"), value: 0.0 - var.value });
        let tail = es
            .tail_observations
            .map_or_else(|| Value::NotApplicable, |tail| Value::new(tail, Unit::Number { decimals: 1 }));
        table.push(vec![Value::text(level), value(&var), value(&es), tail])?;
    }
    let mean = returns.sum() / returns.len() as f64;
    let description = format!(
        "{} returns about a mean of {}; the worst is {}, the best {}.",
        returns.len(),
        Unit::PERCENT.format(mean),
        Unit::PERCENT.format(page.performance.sorted()[0]),
        Unit::PERCENT.format(page.performance.sorted()[returns.len() - 1])
    );
    let values: Vec<f64> = returns.to_vec();
    let unit = Unit::Percent { decimals: 1 };
    section.push(Chart::Histogram(histogram("Returns of one period", description, unit, &values, markers)?));
    section.push(table);
    Ok(section)
}

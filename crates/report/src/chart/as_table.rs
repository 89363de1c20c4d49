//! A chart as a table: every number of it, for those who do not see the picture and those who want to compute.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::fan::share_decimals;
use super::{Bars, Chart, Fan, Heatmap, Histogram, Lines, Scatter, Stack};
use crate::{Result, Table, Unit, Value};

impl Chart {
    /// Every number of the chart, unrounded, as a table. The picture may thin long series and leave names out; this does
    /// not.
    ///
    /// | chart     | a row is         | columns                                          |
    /// |-----------|------------------|--------------------------------------------------|
    /// | lines     | a date           | date, one per line                               |
    /// | heat map  | a row            | its name, the columns of the map                 |
    /// | histogram | a bin            | lower edge, upper edge, observations             |
    /// | bars      | a bar            | name, value, ends of the interval where there are any |
    /// | scatter   | a point          | name, or place along the curve; x; y             |
    /// | fan       | a date           | date, part, value or median, ends of every band  |
    /// | stack     | a place          | x, one per layer                                 |
    ///
    /// What has no column — shades, the reference, markers — is said in the caption.
    ///
    /// # Errors
    /// What [`check`](Self::check) refuses.
    pub fn table(&self) -> Result<Table> {
        self.check()?;
        match self {
            Self::Lines(chart) => lines(chart),
            Self::Heatmap(chart) => heatmap(chart),
            Self::Histogram(chart) => histogram(chart),
            Self::Bars(chart) => bars(chart),
            Self::Scatter(chart) => scatter(chart),
            Self::Fan(chart) => fan(chart),
            Self::Stack(chart) => stack(chart),
        }
    }
}

fn absent(reason: &str) -> Value {
    Value::Unknown { reason: reason.to_owned() }
}

/// The title, and after it what the columns do not say.
fn caption(title: &str, remarks: impl IntoIterator<Item = String>) -> String {
    let remarks: Vec<String> = remarks.into_iter().collect();
    if remarks.is_empty() { title.to_owned() } else { format!("{title} ({})", remarks.join("; ")) }
}

fn lines(chart: &Lines) -> Result<Table> {
    let level = chart.reference.map(|level| format!("reference {}", chart.unit.format(level)));
    let shades = chart.shades.iter().map(|shade| format!("{}: {} to {}", shade.name, shade.from, shade.to));
    let columns = std::iter::once("Date").chain(chart.lines.iter().map(|line| line.name.as_str()));
    let mut table = Table::new(caption(&chart.title, level.into_iter().chain(shades)), columns);
    let dates: BTreeSet<Date> = chart.lines.iter().flat_map(|line| line.dates.iter().copied()).collect();
    let mut next = vec![0; chart.lines.len()];
    for date in dates {
        let values = chart.lines.iter().zip(&mut next).map(|(line, next)| {
            if line.dates.get(*next) == Some(&date) {
                *next += 1;
                Value::new(line.values[*next - 1], chart.unit.clone())
            } else {
                absent("no value on this date")
            }
        });
        table.push(std::iter::once(Value::Date(date)).chain(values).collect())?;
    }
    Ok(table)
}

fn heatmap(chart: &Heatmap) -> Result<Table> {
    let mut table = Table::new(&chart.title, std::iter::once("").chain(chart.columns.iter().map(String::as_str)));
    for (name, cells) in chart.rows.iter().zip(&chart.cells) {
        let cells = cells.iter().map(|cell| match cell {
            Some(value) => Value::new(*value, chart.unit.clone()),
            None => absent("no value"),
        });
        table.push(std::iter::once(Value::text(name)).chain(cells).collect())?;
    }
    Ok(table)
}

fn histogram(chart: &Histogram) -> Result<Table> {
    let markers = chart.markers.iter().map(|marker| format!("{} {}", marker.name, chart.unit.format(marker.value)));
    let mut table = Table::new(caption(&chart.title, markers), ["From", "To", "Observations"]);
    for (edge, count) in chart.edges.windows(2).zip(&chart.counts) {
        let end = |value| Value::new(value, chart.unit.clone());
        table.push(vec![end(edge[0]), end(edge[1]), Value::count(*count)])?;
    }
    Ok(table)
}

fn bars(chart: &Bars) -> Result<Table> {
    let number = |value| Value::new(value, chart.unit.clone());
    let intervals = chart.bars.iter().any(|bar| bar.interval.is_some());
    let columns: &[&str] = if intervals { &["Name", "Value", "Lower", "Upper"] } else { &["Name", "Value"] };
    let mut table = Table::new(&chart.title, columns.iter().copied());
    for bar in &chart.bars {
        let mut row = vec![Value::text(&bar.name), number(bar.value)];
        if intervals {
            row.extend(match bar.interval {
                Some((lower, upper)) => [number(lower), number(upper)],
                None => [absent("no interval"), absent("no interval")],
            });
        }
        table.push(row)?;
    }
    Ok(table)
}

fn scatter(chart: &Scatter) -> Result<Table> {
    let mut table = Table::new(&chart.title, ["Point", &chart.x_name, &chart.y_name]);
    let row = |name: String, x: f64, y: f64| {
        vec![Value::Text(name), Value::new(x, chart.x_unit.clone()), Value::new(y, chart.y_unit.clone())]
    };
    for point in &chart.points {
        table.push(row(point.name.clone(), point.x, point.y))?;
    }
    for (index, (x, y)) in chart.curve.iter().enumerate() {
        table.push(row(format!("Curve, point {}", index + 1), *x, *y))?;
    }
    Ok(table)
}

fn fan(chart: &Fan) -> Result<Table> {
    let mut columns = vec!["Date".to_owned(), "Part".to_owned(), "Value or median".to_owned()];
    for band in &chart.bands {
        let share = Unit::Percent { decimals: share_decimals(band.probability) }.format(band.probability);
        columns.extend([format!("{share} from"), format!("{share} to")]);
    }
    let mut table = Table::new(&chart.title, columns);
    let number = |value| Value::new(value, chart.unit.clone());
    for (date, value) in &chart.history {
        let past = [Value::Date(*date), Value::text("history"), number(*value)];
        let bands = std::iter::repeat_n(Value::text("\u{2013}"), 2 * chart.bands.len());
        table.push(past.into_iter().chain(bands).collect())?;
    }
    for (day, (date, median)) in chart.dates.iter().zip(&chart.median).enumerate() {
        let future = [Value::Date(*date), Value::text("forecast"), number(*median)];
        let bands = chart.bands.iter().flat_map(|band| [number(band.lower[day]), number(band.upper[day])]);
        table.push(future.into_iter().chain(bands).collect())?;
    }
    Ok(table)
}

fn stack(chart: &Stack) -> Result<Table> {
    let columns = std::iter::once(&chart.x_name).chain(&chart.names);
    let mut table = Table::new(&chart.title, columns.map(String::as_str));
    for (place, x) in chart.xs.iter().enumerate() {
        let shares = chart.shares.iter().map(|shares| Value::percent(shares[place]));
        table.push(std::iter::once(Value::new(*x, chart.x_unit.clone())).chain(shares).collect())?;
    }
    Ok(table)
}

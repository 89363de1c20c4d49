//! What every chart must satisfy before it is drawn or written as a table.

use jiff::civil::Date;

use super::{Bars, Chart, Fan, Heatmap, Histogram, Lines, Scatter, Stack};
use crate::{Error, Result};

/// Beyond this, differences of values would no longer be numbers.
const LARGEST: f64 = 1e300;

impl Chart {
    /// Whether the chart can be drawn: its parts have the lengths they should, its numbers are finite and at most 1e300
    /// in size, its dates increase, and what must be positive is.
    ///
    /// # Errors
    /// [`Error::Invalid`] naming the chart, the series in it, the index and the value.
    pub fn check(&self) -> Result<()> {
        let checker = Checker { chart: self.title() };
        match self {
            Self::Lines(chart) => checker.lines(chart),
            Self::Heatmap(chart) => checker.heatmap(chart),
            Self::Histogram(chart) => checker.histogram(chart),
            Self::Bars(chart) => checker.bars(chart),
            Self::Scatter(chart) => checker.scatter(chart),
            Self::Fan(chart) => checker.fan(chart),
            Self::Stack(chart) => checker.stack(chart),
        }
    }
}

struct Checker<'a> {
    chart: &'a str,
}

impl Checker<'_> {
    fn refuse<T>(&self, part: &str, reason: impl Into<String>) -> Result<T> {
        Err(Error::invalid(format!("chart {:?}, {part}", self.chart), reason))
    }

    fn length(&self, part: &str, what: &str, found: usize, wanted: usize) -> Result<()> {
        if found == wanted { Ok(()) } else { self.refuse(part, format!("{found} {what} where {wanted} belong")) }
    }

    fn some(&self, part: &str, what: &str, found: usize) -> Result<()> {
        if found > 0 { Ok(()) } else { self.refuse(part, format!("no {what}")) }
    }

    fn finite(&self, part: &str, values: impl IntoIterator<Item = f64>) -> Result<()> {
        for (index, value) in values.into_iter().enumerate() {
            if !(value.abs() <= LARGEST) {
                let reason = if value.is_finite() { "beyond 1e300 in size" } else { "not a finite number" };
                return self.refuse(part, format!("value {index} is {value}, {reason}"));
            }
        }
        Ok(())
    }

    fn increasing(&self, part: &str, dates: &[Date]) -> Result<()> {
        match dates.windows(2).position(|pair| pair[0] >= pair[1]) {
            None => Ok(()),
            Some(index) => {
                let (date, before) = (dates[index + 1], dates[index]);
                self.refuse(part, format!("date {} is {date}, not after {before}", index + 1))
            }
        }
    }

    fn rising(&self, part: &str, values: &[f64]) -> Result<()> {
        match values.windows(2).position(|pair| pair[0] >= pair[1]) {
            None => Ok(()),
            Some(index) => {
                let (value, before) = (values[index + 1], values[index]);
                self.refuse(part, format!("value {} is {value}, not above {before}", index + 1))
            }
        }
    }

    fn ordered(&self, part: &str, index: usize, lower: f64, upper: f64) -> Result<()> {
        if lower <= upper {
            Ok(())
        } else {
            self.refuse(part, format!("value {index}: the lower end {lower} is above the upper end {upper}"))
        }
    }

    fn lines(&self, chart: &Lines) -> Result<()> {
        self.some("lines", "line", chart.lines.len())?;
        for line in &chart.lines {
            let part = format!("line {:?}", line.name);
            self.some(&part, "value", line.values.len())?;
            self.length(&part, "dates", line.dates.len(), line.values.len())?;
            self.increasing(&part, &line.dates)?;
            self.finite(&part, line.values.iter().copied())?;
            if chart.logarithmic {
                self.positive(&part, &line.values)?;
                if line.filled && chart.reference.is_none() {
                    return self.refuse(&part, "filled down to zero, which a logarithmic axis does not have");
                }
            }
        }
        if let Some(shade) = chart.shades.iter().find(|shade| shade.from > shade.to) {
            return self.refuse(&format!("shade {:?}", shade.name), format!("from {} to {}", shade.from, shade.to));
        }
        self.finite("reference", chart.reference)?;
        chart.reference.filter(|_| chart.logarithmic).map_or(Ok(()), |level| self.positive("reference", &[level]))
    }

    fn positive(&self, part: &str, values: &[f64]) -> Result<()> {
        match values.iter().position(|value| !(*value >= f64::MIN_POSITIVE)) {
            None => Ok(()),
            Some(index) => self
                .refuse(part, format!("value {index} is {}, not positive as a logarithmic axis needs", values[index])),
        }
    }

    fn heatmap(&self, chart: &Heatmap) -> Result<()> {
        self.some("columns", "column", chart.columns.len())?;
        self.some("rows", "row", chart.rows.len())?;
        self.length("cells", "rows of cells", chart.cells.len(), chart.rows.len())?;
        for (name, cells) in chart.rows.iter().zip(&chart.cells) {
            let part = format!("row {name:?}");
            self.length(&part, "cells", cells.len(), chart.columns.len())?;
            self.finite(&part, cells.iter().map(|cell| cell.unwrap_or(0.0)))?;
        }
        Ok(())
    }

    fn histogram(&self, chart: &Histogram) -> Result<()> {
        self.some("bins", "bin", chart.counts.len())?;
        self.length("edges", "edges", chart.edges.len(), chart.counts.len() + 1)?;
        self.finite("edges", chart.edges.iter().copied())?;
        self.rising("edges", &chart.edges)?;
        let (first, last) = (chart.edges[0], chart.edges[chart.counts.len()]);
        let width = (last - first) / chart.counts.len() as f64;
        // What rounding of the edges themselves may do to a width.
        let slack = 1e-6 * width + 8.0 * f64::EPSILON * first.abs().max(last.abs());
        if let Some(bin) = chart.edges.windows(2).position(|edge| (edge[1] - edge[0] - width).abs() > slack) {
            let found = chart.edges[bin + 1] - chart.edges[bin];
            return self.refuse("edges", format!("bin {bin} is {found} wide, not {width} as bins of equal width are"));
        }
        chart.markers.iter().try_for_each(|marker| self.finite(&format!("marker {:?}", marker.name), [marker.value]))
    }

    fn bars(&self, chart: &Bars) -> Result<()> {
        self.some("bars", "bar", chart.bars.len())?;
        for (index, bar) in chart.bars.iter().enumerate() {
            let part = format!("bar {:?}", bar.name);
            self.finite(&part, [bar.value])?;
            if let Some((lower, upper)) = bar.interval {
                self.finite(&format!("interval of bar {:?}", bar.name), [lower, upper])?;
                self.ordered(&part, index, lower, upper)?;
            }
        }
        Ok(())
    }

    fn scatter(&self, chart: &Scatter) -> Result<()> {
        self.some("points", "point and no curve", chart.points.len() + chart.curve.len())?;
        self.finite("curve, horizontal", chart.curve.iter().map(|point| point.0))?;
        self.finite("curve, vertical", chart.curve.iter().map(|point| point.1))?;
        chart.points.iter().try_for_each(|point| self.finite(&format!("point {:?}", point.name), [point.x, point.y]))
    }

    fn fan(&self, chart: &Fan) -> Result<()> {
        self.some("dates", "future date", chart.dates.len())?;
        let past: Vec<Date> = chart.history.iter().map(|(date, _)| *date).collect();
        self.increasing("history", &past)?;
        self.finite("history", chart.history.iter().map(|past| past.1))?;
        self.increasing("dates", &chart.dates)?;
        if let (Some(last), Some(first)) = (past.last(), chart.dates.first())
            && last >= first
        {
            return self.refuse("dates", format!("date 0 is {first}, not after the history, which ends on {last}"));
        }
        self.length("median", "values", chart.median.len(), chart.dates.len())?;
        self.finite("median", chart.median.iter().copied())?;
        let mut outer: Option<(f64, &[f64], &[f64])> = None;
        for (index, band) in chart.bands.iter().enumerate() {
            let part = format!("band {index} of probability {}", band.probability);
            if !(band.probability > 0.0 && band.probability < 1.0) {
                return self.refuse(&part, "a probability lies between 0 and 1");
            }
            self.length(&part, "lower ends", band.lower.len(), chart.dates.len())?;
            self.length(&part, "upper ends", band.upper.len(), chart.dates.len())?;
            self.finite(&part, band.lower.iter().copied())?;
            self.finite(&part, band.upper.iter().copied())?;
            for (day, (lower, upper)) in band.lower.iter().zip(&band.upper).enumerate() {
                self.ordered(&part, day, *lower, *upper)?;
                if !(*lower <= chart.median[day] && chart.median[day] <= *upper) {
                    let reason = format!("value {day}: the median {} is outside {lower} to {upper}", chart.median[day]);
                    return self.refuse(&part, reason);
                }
                if let Some((probability, lowest, highest)) = outer {
                    if !(probability > band.probability) {
                        return self.refuse(
                            &part,
                            format!("after a band of probability {probability}; the widest comes first"),
                        );
                    }
                    if *lower < lowest[day] || *upper > highest[day] {
                        return self
                            .refuse(&part, format!("value {day}: {lower} to {upper} leaves the band around it"));
                    }
                }
            }
            outer = Some((band.probability, &band.lower, &band.upper));
        }
        Ok(())
    }

    fn stack(&self, chart: &Stack) -> Result<()> {
        self.some("places", "place", chart.xs.len())?;
        self.some("layers", "layer", chart.names.len())?;
        self.finite("places", chart.xs.iter().copied())?;
        self.rising("places", &chart.xs)?;
        self.length("layers", "rows of shares", chart.shares.len(), chart.names.len())?;
        for (name, shares) in chart.names.iter().zip(&chart.shares) {
            let part = format!("layer {name:?}");
            self.length(&part, "shares", shares.len(), chart.xs.len())?;
            self.finite(&part, shares.iter().copied())?;
            if let Some(index) = shares.iter().position(|share| *share < 0.0) {
                return self.refuse(&part, format!("value {index} is {}; a share is not negative", shares[index]));
            }
        }
        Ok(())
    }
}

//! Shares that add up.

use super::Stack;
use super::canvas::{Canvas, Drawn, Rect, Side, TEXT_SIZE};
use super::draw::Picture;
use super::font;
use super::head::{Entry, Mark};
use super::lines::value_axis;
use super::plot::{CAPTION, FOOT, Plot, columns_for, rows_for};
use super::scale::Scale;
use super::scatter::measured_axis;
use super::theme::{Ink, SERIES};
use crate::Unit;

impl Picture for Stack {
    fn entries(&self) -> Vec<Entry> {
        let layers = self.layers();
        let entries =
            layers.iter().enumerate().map(|(index, layer)| Entry::new(&layer.name, Mark::Fill(Ink::layer(index))));
        entries.collect()
    }

    fn height(&self, _width: f64, narrow: bool) -> f64 {
        if narrow { 240.0 } else { 300.0 }
    }

    fn draw(&self, canvas: &Canvas<'_>, body: Rect) -> Drawn {
        let layers = self.layers();
        let mut edges: Vec<Vec<f64>> = vec![vec![0.0; self.xs.len()]];
        for layer in &layers {
            let below = edges.last().map_or(&[][..], Vec::as_slice);
            edges.push(below.iter().zip(&layer.shares).map(|(below, share)| below + share).collect());
        }
        let top = edges.last().into_iter().flatten().copied().fold(0.0, f64::max);
        // Shares that sum to one by rounding only should not open another interval of the axis.
        let top = if (top - 1.0).abs() < 1e-6 { 1.0 } else { top };
        let y =
            value_axis(&Unit::PERCENT, Scale::linear(0.0, if top > 0.0 { top } else { 1.0 }, rows_for(body.height())));
        let rect = Rect {
            left: body.left + y.room() + 7.0,
            top: body.top + 5.0,
            right: body.right - 8.0,
            bottom: body.bottom - FOOT - CAPTION,
        };
        let (low, high) = (self.xs.first().copied().unwrap_or(0.0), self.xs.last().copied().unwrap_or(1.0));
        let x = measured_axis(&self.x_name, &self.x_unit, Scale::tight(low, high, columns_for(rect.width(), 34.0)));
        let plot = Plot::bare(canvas, rect, x.scale.clone(), y.scale.clone());
        plot.draw_rows(&y)?;
        let xs = self.widened(&x.scale);
        let line = |values: &[f64]| -> Vec<(f64, f64)> {
            let values = if values.len() < xs.len() { [values, values].concat() } else { values.to_vec() };
            xs.iter().copied().zip(values).collect()
        };
        for (index, pair) in edges.windows(2).enumerate() {
            let mut outline = line(&pair[1]);
            outline.extend(line(&pair[0]).into_iter().rev());
            plot.surface(Ink::layer(index), outline)?;
        }
        for edge in edges.iter().skip(1) {
            plot.line(Ink::EDGE, Ink::EDGE, line(edge))?;
        }
        plot.draw_columns(&x, body)?;
        for (layer, pair) in layers.iter().zip(edges.windows(2)) {
            label(&plot, &layer.name, &line(&pair[0]), &line(&pair[1]))?;
        }
        Ok(())
    }
}

/// A layer as it is drawn.
struct Layer {
    name: String,
    shares: Vec<f64>,
}

impl Stack {
    /// The layers, bottom to top. Beyond eight, the smallest ones are drawn as one on top; the table keeps them apart.
    fn layers(&self) -> Vec<Layer> {
        let total = |index: &usize| self.shares[*index].iter().sum::<f64>();
        let mut largest: Vec<usize> = (0..self.names.len()).collect();
        if largest.len() > SERIES {
            largest.sort_by(|a, b| total(b).total_cmp(&total(a)));
            largest.truncate(SERIES - 1);
        }
        let mut layers: Vec<Layer> = Vec::new();
        let mut rest = vec![0.0; self.xs.len()];
        let mut others = 0;
        for (index, (name, shares)) in self.names.iter().zip(&self.shares).enumerate() {
            if largest.contains(&index) {
                layers.push(Layer { name: name.clone(), shares: shares.clone() });
            } else {
                others += 1;
                rest.iter_mut().zip(shares).for_each(|(sum, share)| *sum += share);
            }
        }
        if others > 0 {
            layers.push(Layer { name: format!("{others} others"), shares: rest });
        }
        layers
    }

    /// The places; a single one becomes the whole width.
    fn widened(&self, scale: &Scale) -> Vec<f64> {
        if self.xs.len() == 1 { vec![scale.low(), scale.high()] } else { self.xs.clone() }
    }
}

/// The name of a layer within it, at its thickest place, where it fits.
fn label(plot: &Plot<'_, '_>, name: &str, lower: &[(f64, f64)], upper: &[(f64, f64)]) -> Drawn {
    let half = font::width(name, TEXT_SIZE) / 2.0 + 4.0;
    let needed = TEXT_SIZE + 4.0;
    let edges: Vec<(f64, f64, f64)> =
        lower.iter().zip(upper).map(|(low, high)| (plot.x(low.0), plot.y(low.1), plot.y(high.1))).collect();
    // Along the slanted edges of a layer, room is what its whole label keeps clear of.
    let clear = |x: f64| -> Option<(f64, f64)> {
        if x - half < plot.rect.left || x + half > plot.rect.right {
            return None;
        }
        let steps = (0..=8).map(|step| x - half + half * f64::from(step) / 4.0);
        let (floor, ceiling) = steps
            .map(|x| between(&edges, x))
            .fold((f64::INFINITY, 0.0_f64), |(floor, ceiling), (low, high)| (floor.min(low), ceiling.max(high)));
        (floor - ceiling >= needed).then_some((floor - ceiling, (floor + ceiling) / 2.0))
    };
    let steps = 60;
    let places = (0..=steps).map(|step| plot.rect.left + plot.rect.width() * f64::from(step) / f64::from(steps));
    let best = places
        .filter_map(|x| clear(x).map(|(room, y)| (room, x, y)))
        .reduce(|best, next| if next.0 > best.0 + 0.5 { next } else { best });
    best.map_or(Ok(()), |(_, x, y)| plot.canvas.text(Ink::TEXT, TEXT_SIZE, Side::Middle, x, y, name))
}

/// Lower and upper edge at `x`, by straight lines between the places.
fn between(edges: &[(f64, f64, f64)], x: f64) -> (f64, f64) {
    let after = edges.partition_point(|edge| edge.0 < x);
    match (after.checked_sub(1).and_then(|index| edges.get(index)), edges.get(after)) {
        (Some(a), Some(b)) => {
            let part = if b.0 > a.0 { (x - a.0) / (b.0 - a.0) } else { 0.0 };
            (a.1 + (b.1 - a.1) * part, a.2 + (b.2 - a.2) * part)
        }
        (Some(only), None) | (None, Some(only)) => (only.1, only.2),
        (None, None) => (0.0, 0.0),
    }
}

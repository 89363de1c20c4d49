//! Gaps and overlaps: the ends of all ranges cut the domain into pieces on which every rule either holds or not.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Condition, Domain, Edge, LabelScheme, Range, Variable};
use crate::{Error, Result};

const MOST_CELLS: usize = 1_000_000;

/// What a region says of one variable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    /// A range of a number.
    Range(Range),
    /// Some words.
    Values(Vec<String>),
}

/// A region of the domain: a piece for each variable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Region {
    /// Variable names and pieces, in the order of the scheme.
    pub pieces: Vec<(String, Piece)>,
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, piece)) in self.pieces.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            match piece {
                Piece::Range(range) => write!(f, "{comma}{name} in {range}")?,
                Piece::Values(values) => write!(f, "{comma}{name} in {{{}}}", values.join(", "))?,
            }
        }
        Ok(())
    }
}

/// A region where rules of different labels hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Overlap {
    /// Where.
    pub region: Region,
    /// The labels, in the order of the rules.
    pub labels: Vec<String>,
}

/// Where a scheme gives no label and where it gives several: the answer of [`LabelScheme::check`].
///
/// Rules that share a label may overlap: the label is still one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SchemeCheck {
    /// Regions without a label.
    pub gaps: Vec<Region>,
    /// Regions with several labels.
    pub overlaps: Vec<Overlap>,
}

impl SchemeCheck {
    /// Whether every observation has a label.
    #[must_use]
    pub fn is_total(&self) -> bool {
        self.gaps.is_empty()
    }

    /// Whether no observation has two.
    #[must_use]
    pub fn is_exclusive(&self) -> bool {
        self.overlaps.is_empty()
    }
}

/// Consecutive pieces of every variable, first and last, and the labels that hold there.
#[derive(Clone, PartialEq)]
struct Cells {
    spans: Vec<(usize, usize)>,
    labels: Vec<String>,
}

pub(super) fn check(scheme: &LabelScheme) -> Result<SchemeCheck> {
    let pieces: Vec<Vec<Piece>> = scheme.variables.iter().map(|variable| cut(variable, scheme)).collect();
    let count = pieces.iter().try_fold(1_usize, |count, own| count.checked_mul(own.len()));
    let Some(count) = count.filter(|&count| count <= MOST_CELLS) else {
        let what = format!("label scheme {:?} cut into more than {MOST_CELLS} pieces", scheme.axis);
        return Err(Error::Unsupported { what });
    };
    // Rule × variable × piece: computed once, not for every cell.
    let holds: Vec<Vec<Vec<bool>>> = scheme
        .rules
        .iter()
        .map(|rule| {
            let on = |(variable, own): (&Variable, &Vec<Piece>)| {
                own.iter()
                    .map(|piece| rule.conditions.iter().all(|c| c.variable() != variable.name || accepts(c, piece)))
                    .collect()
            };
            scheme.variables.iter().zip(&pieces).map(on).collect()
        })
        .collect();
    let mut wrong = Vec::new();
    for cell in 0..count {
        let place = place(cell, &pieces);
        let mut labels: Vec<String> = Vec::new();
        for (rule, holds) in scheme.rules.iter().zip(&holds) {
            if holds.iter().zip(&place).all(|(holds, &at)| holds[at]) && !labels.contains(&rule.label) {
                labels.push(rule.label.clone());
            }
        }
        if labels.len() != 1 {
            wrong.push(Cells { spans: place.into_iter().map(|at| (at, at)).collect(), labels });
        }
    }
    for variable in (0..pieces.len()).rev() {
        wrong = merge(wrong, variable);
    }
    let region = |cells: &Cells| Region {
        pieces: scheme
            .variables
            .iter()
            .zip(&pieces)
            .zip(&cells.spans)
            .map(|((variable, own), &(first, last))| (variable.name.clone(), join(&own[first..=last])))
            .collect(),
    };
    let gaps = wrong.iter().filter(|cells| cells.labels.is_empty()).map(region).collect();
    let several = wrong.iter().filter(|cells| !cells.labels.is_empty());
    let overlaps = several.map(|cells| Overlap { region: region(cells), labels: cells.labels.clone() }).collect();
    Ok(SchemeCheck { gaps, overlaps })
}

/// The pieces of a variable's domain: words, or points and the open stretches between them.
fn cut(variable: &Variable, scheme: &LabelScheme) -> Vec<Piece> {
    let range = match &variable.domain {
        Domain::Category(values) => return values.iter().map(|value| Piece::Values(vec![value.clone()])).collect(),
        Domain::Number(range) => range,
    };
    let mut ends: Vec<f64> = scheme
        .rules
        .iter()
        .flat_map(|rule| &rule.conditions)
        .filter(|condition| condition.variable() == variable.name)
        .filter_map(|condition| match condition {
            Condition::In { range, .. } => Some([range.lower.at(), range.upper.at()]),
            Condition::OneOf { .. } => None,
        })
        .chain([[range.lower.at(), range.upper.at()]])
        .flatten()
        .flatten()
        .collect();
    ends.sort_by(f64::total_cmp);
    ends.dedup();
    let edge = |end: Option<f64>| end.map_or(Edge::Unbounded, Edge::Open);
    let mut pieces = Vec::with_capacity(2 * ends.len() + 1);
    let mut before = None;
    for &end in &ends {
        pieces.push(Range { lower: edge(before), upper: Edge::Open(end) });
        pieces.push(Range::closed(end, end));
        before = Some(end);
    }
    pieces.push(Range { lower: edge(before), upper: Edge::Unbounded });
    pieces.into_iter().filter(|piece| within(range, piece)).map(Piece::Range).collect()
}

/// Whether a range holds a piece whose inside it does not cut.
fn within(range: &Range, piece: &Range) -> bool {
    match (piece.lower, piece.upper) {
        (Edge::Closed(point), Edge::Closed(_)) => range.contains(point),
        (lower, upper) => range.covers(lower.at(), upper.at()),
    }
}

fn accepts(condition: &Condition, piece: &Piece) -> bool {
    match (condition, piece) {
        (Condition::In { range, .. }, Piece::Range(piece)) => within(range, piece),
        (Condition::OneOf { values, .. }, Piece::Values(words)) => words.iter().all(|word| values.contains(word)),
        _ => false,
    }
}

/// The piece of each variable at a cell number, the last variable running fastest.
fn place(mut cell: usize, pieces: &[Vec<Piece>]) -> Vec<usize> {
    let mut place = vec![0; pieces.len()];
    for (at, own) in place.iter_mut().zip(pieces).rev() {
        *at = cell % own.len();
        cell /= own.len();
    }
    place
}

/// Joins neighbours along one variable that agree in all else.
fn merge(mut cells: Vec<Cells>, variable: usize) -> Vec<Cells> {
    let others = |cells: &Cells| {
        let mut spans = cells.spans.clone();
        let own = spans.remove(variable);
        (spans, cells.labels.clone(), own)
    };
    cells.sort_by_cached_key(others);
    let mut merged: Vec<Cells> = Vec::with_capacity(cells.len());
    for next in cells {
        if let Some(last) = merged.last_mut() {
            let (a, b, _) = others(last);
            let (c, d, own) = others(&next);
            if a == c && b == d && last.spans[variable].1 + 1 == own.0 {
                last.spans[variable].1 = own.1;
                continue;
            }
        }
        merged.push(next);
    }
    merged.sort_by(|a, b| a.spans.cmp(&b.spans));
    merged
}

/// Neighbouring pieces as one.
fn join(pieces: &[Piece]) -> Piece {
    match (pieces.first(), pieces.last()) {
        (Some(Piece::Range(first)), Some(Piece::Range(last))) => {
            Piece::Range(Range { lower: first.lower, upper: last.upper })
        }
        _ => Piece::Values(
            pieces
                .iter()
                .flat_map(|piece| if let Piece::Values(words) = piece { words.clone() } else { Vec::new() })
                .collect(),
        ),
    }
}

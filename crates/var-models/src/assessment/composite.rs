//! One number between 0 and 100 from the figures of a node, with its parts shown.

use alluse_risk_core::{Coverage, ErrorKind, Status};
use serde::{Deserialize, Serialize};

use super::{RiskFigure, RiskKind};
use crate::{Error, Result};

/// How figures become a composite.
///
/// ```text
/// partᵢ = 100 · xᵢ / (xᵢ + referenceᵢ)        xᵢ the figure, 0 when it is a gain
/// composite = Σ weightᵢ partᵢ / Σ weightᵢ
/// ```
///
/// A figure at its reference scores 50; more risk never scores less. The references are the caller's, in the
/// unit of the figure: a figure that is acceptable for this book. There is no default, because none would mean
/// anything. The number orders nodes and days of one book under one scale; it is no probability of anything.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<ScaleEntry>", into = "Vec<ScaleEntry>")]
pub struct CompositeScale {
    entries: Vec<ScaleEntry>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct ScaleEntry {
    kind: RiskKind,
    reference: f64,
    weight: f64,
}

impl CompositeScale {
    /// With one risk.
    ///
    /// # Errors
    /// As [`and`](Self::and).
    pub fn new(kind: RiskKind, reference: f64, weight: f64) -> Result<Self> {
        Self { entries: Vec::new() }.and(kind, reference, weight)
    }

    /// And another.
    ///
    /// # Errors
    /// [`Error::Input`] unless reference and weight are positive and finite, and for a risk named twice.
    pub fn and(mut self, kind: RiskKind, reference: f64, weight: f64) -> Result<Self> {
        for (name, value) in [("reference", reference), ("weight", weight)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::out_of_domain(name, "positive and finite", value));
            }
        }
        if let Some(first) = self.entries.iter().position(|entry| entry.kind == kind) {
            let (name, value, second) = ("risk of the scale", kind.name().to_owned(), self.entries.len());
            return Err(alluse_risk_core::Error::Duplicate { name, value, first, second }.into());
        }
        self.entries.push(ScaleEntry { kind, reference, weight });
        Ok(self)
    }

    /// The composite of the figures; unknown when one that the scale names is, partial when one is.
    pub(super) fn of(&self, figures: &[RiskFigure]) -> Status<Composite> {
        let mut parts = Vec::with_capacity(self.entries.len());
        let mut partial: Option<Coverage> = None;
        for entry in &self.entries {
            let status = figures.iter().find(|figure| figure.kind == entry.kind).map(|figure| &figure.value);
            let value = match status {
                Some(Status::Known(value)) => *value,
                Some(Status::Partial { value, coverage }) => {
                    partial = Some(*coverage);
                    *value
                }
                Some(Status::Unknown { kind, reason }) => {
                    let reason = format!("{}: {reason}", entry.kind.name());
                    return Status::Unknown { kind: *kind, reason };
                }
                None => {
                    let reason = format!("{}: it was not assessed", entry.kind.name());
                    return Status::Unknown { kind: ErrorKind::Unsupported, reason };
                }
            };
            let x = value.max(0.0);
            let score = 100.0 * x / (x + entry.reference);
            parts.push(CompositePart {
                kind: entry.kind,
                value,
                reference: entry.reference,
                weight: entry.weight,
                score,
            });
        }
        let weight: f64 = parts.iter().map(|part| part.weight).sum();
        let score = parts.iter().map(|part| part.weight * part.score).sum::<f64>() / weight;
        let composite = Composite { score, parts };
        match partial {
            Some(coverage) => Status::Partial { value: composite, coverage },
            None => Status::Known(composite),
        }
    }
}

impl TryFrom<Vec<ScaleEntry>> for CompositeScale {
    type Error = Error;

    fn try_from(entries: Vec<ScaleEntry>) -> Result<Self> {
        let empty = Self { entries: Vec::new() };
        let scale = entries.into_iter().try_fold(empty, |scale, e| scale.and(e.kind, e.reference, e.weight))?;
        match scale.entries.is_empty() {
            true => Err(alluse_risk_core::Error::Empty { name: "scale" }.into()),
            false => Ok(scale),
        }
    }
}

impl From<CompositeScale> for Vec<ScaleEntry> {
    fn from(scale: CompositeScale) -> Self {
        scale.entries
    }
}

/// A composite and what it is made of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Composite {
    /// Between 0 and 100; more is worse.
    pub score: f64,
    /// Its parts.
    pub parts: Vec<CompositePart>,
}

/// The part of one risk in a composite.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CompositePart {
    /// Which risk.
    pub kind: RiskKind,
    /// The figure, in its unit.
    pub value: f64,
    /// The figure that scores 50.
    pub reference: f64,
    /// Weight of the part.
    pub weight: f64,
    /// `100 · x/(x + reference)`.
    pub score: f64,
}

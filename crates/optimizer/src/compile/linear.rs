//! The limits of a problem as bounds on the weights and rows over them, where they are linear.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, Axis};

use crate::Result;
use crate::conic::Source;
use crate::problem::{Constraint, ConstraintKind, Members, Problem, Side};

/// Bounds and rows with the way back to the limits.
#[derive(Debug)]
pub(crate) struct LinearLimits {
    pub(crate) lower: Array1<f64>,
    pub(crate) upper: Array1<f64>,
    pub(crate) rows: Array2<f64>,
    pub(crate) row_lower: Array1<f64>,
    pub(crate) row_upper: Array1<f64>,
    sources: Sources,
}

/// Which limit stands behind each bound and row.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    /// The limit and member behind each variable's lower and upper bound.
    bounds: Vec<[Option<(usize, usize)>; 2]>,
    /// The limit behind each row.
    rows: Vec<usize>,
}

impl Sources {
    /// The limit behind each row.
    pub(crate) fn row_limits(&self) -> &[usize] {
        &self.rows
    }

    /// What one more unit of each side of each limit is worth, never negative: a multiplier is positive on an upper side
    /// and negative on a lower one.
    pub(crate) fn multipliers(&self, bounds: &Array1<f64>, rows: &Array1<f64>) -> BTreeMap<Source, f64> {
        let mut multipliers = BTreeMap::new();
        let mut note = |limit, member, multiplier: f64| {
            if multiplier != 0.0 {
                let side = if multiplier > 0.0 { Side::Upper } else { Side::Lower };
                *multipliers.entry(Source::Limit { limit, member, side }).or_insert(0.0) += multiplier.abs();
            }
        };
        for (sides, multiplier) in self.bounds.iter().zip(bounds) {
            let source = if *multiplier > 0.0 { sides[1] } else { sides[0] };
            if let Some((limit, member)) = source {
                note(limit, member, *multiplier);
            }
        }
        for (limit, multiplier) in self.rows.iter().zip(rows) {
            note(*limit, 0, *multiplier);
        }
        multipliers
    }
}

/// The limits as bounds and rows; `None` when one of them is not linear in the weights or may be broken, or when two bounds
/// cross, which is for the analysis of conflicts to explain. Limits kept `apart` are for the caller.
pub(crate) fn linear_limits(problem: &Problem, apart: fn(&Constraint) -> bool) -> Result<Option<LinearLimits>> {
    if problem.costs.is_some() || problem.limits.iter().any(|limit| limit.price().is_some()) {
        return Ok(None);
    }
    let Some(limits) = Limits::collect(problem, apart)? else { return Ok(None) };
    let mut rows = Array2::zeros((limits.rows.len(), problem.universe.len()));
    for (mut to, row) in rows.axis_iter_mut(Axis(0)).zip(&limits.rows) {
        to.assign(&row.coefficients);
    }
    let side = |pick: fn(&Row) -> f64| limits.rows.iter().map(pick).collect::<Array1<f64>>();
    let (row_lower, row_upper) = (side(|row| row.lower), side(|row| row.upper));
    let sources = Sources { bounds: limits.sources, rows: limits.rows.iter().map(|row| row.limit).collect() };
    Ok(Some(LinearLimits { lower: limits.lower, upper: limits.upper, rows, row_lower, row_upper, sources }))
}

impl LinearLimits {
    pub(crate) fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Notes which limits stand behind rows that were added.
    pub(crate) fn note_rows(&mut self, limits: impl IntoIterator<Item = usize>) {
        self.sources.rows.extend(limits);
    }
}

/// A two-sided row.
#[derive(Debug)]
struct Row {
    limit: usize,
    coefficients: Array1<f64>,
    lower: f64,
    upper: f64,
}

/// The limits as bounds and rows.
#[derive(Debug)]
struct Limits {
    lower: Array1<f64>,
    upper: Array1<f64>,
    sources: Vec<[Option<(usize, usize)>; 2]>,
    rows: Vec<Row>,
}

impl Limits {
    /// `None` when a limit is not linear in the weights or two bounds cross.
    fn collect(problem: &Problem, apart: fn(&Constraint) -> bool) -> Result<Option<Self>> {
        let n = problem.universe.len();
        let mut limits = Self {
            lower: Array1::from_elem(n, f64::NEG_INFINITY),
            upper: Array1::from_elem(n, f64::INFINITY),
            sources: vec![[None, None]; n],
            rows: Vec::new(),
        };
        // Bounds first: they decide whether a sum of sizes is a sum of weights.
        for (place, limit) in problem.limits.iter().enumerate() {
            if let ConstraintKind::Weight(members) = limit.kind() {
                limits.tighten(place, limit, &problem.places(members)?);
            }
        }
        for (place, limit) in problem.limits.iter().enumerate() {
            let is_bound = matches!(limit.kind(), ConstraintKind::Weight(_));
            if !is_bound && !apart(limit) && !limits.row(problem, place, limit)? {
                return Ok(None);
            }
        }
        let crossed = limits.lower.iter().zip(&limits.upper).any(|(low, high)| low > high);
        Ok((!crossed).then_some(limits))
    }

    fn tighten(&mut self, place: usize, limit: &Constraint, assets: &[usize]) {
        for (member, &asset) in assets.iter().enumerate() {
            if limit.lower() > self.lower[asset] {
                self.lower[asset] = limit.lower();
                self.sources[asset][0] = Some((place, member));
            }
            if limit.upper() < self.upper[asset] {
                self.upper[asset] = limit.upper();
                self.sources[asset][1] = Some((place, member));
            }
        }
    }

    /// Adds a limit as rows; false when it is not linear.
    fn row(&mut self, problem: &Problem, place: usize, limit: &Constraint) -> Result<bool> {
        let n = problem.universe.len();
        let indicator = |members: &Members| -> Result<Array1<f64>> {
            let mut sum = Array1::zeros(n);
            problem.places(members)?.into_iter().for_each(|asset| sum[asset] = 1.0);
            Ok(sum)
        };
        let coefficients = match limit.kind() {
            ConstraintKind::Budget => Array1::ones(n),
            ConstraintKind::Group(members) => indicator(members)?,
            ConstraintKind::Linear(coefficients) => {
                let mut row = Array1::zeros(n);
                for (asset, coefficient) in coefficients {
                    row[problem.universe.position(asset)?] += coefficient;
                }
                row
            }
            ConstraintKind::ExpectedReturn => problem.expected_returns()?,
            ConstraintKind::Gross(members) if self.are_long(&problem.places(members)?) => indicator(members)?,
            ConstraintKind::ShareOfGroup { members, parent } => {
                let (inner, outer) = (indicator(members)?, indicator(parent)?);
                if limit.upper().is_finite() {
                    let coefficients = &inner - &(&outer * limit.upper());
                    self.rows.push(Row { limit: place, coefficients, lower: f64::NEG_INFINITY, upper: 0.0 });
                }
                if limit.lower().is_finite() {
                    let coefficients = &inner - &(&outer * limit.lower());
                    self.rows.push(Row { limit: place, coefficients, lower: 0.0, upper: f64::INFINITY });
                }
                return Ok(true);
            }
            // Left to the search that fixes them.
            ConstraintKind::Cardinality | ConstraintKind::PositionSize(_) => return Ok(true),
            _ => return Ok(false),
        };
        self.rows.push(Row { limit: place, coefficients, lower: limit.lower(), upper: limit.upper() });
        Ok(true)
    }

    fn are_long(&self, assets: &[usize]) -> bool {
        assets.iter().all(|&asset| self.lower[asset] >= 0.0)
    }
}

//! The pieces from which a weight is chosen.

use crate::Result;
use crate::problem::{ConstraintKind, Problem};

/// A piece: an interval of weights, what choosing it costs, and whether it counts as a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Piece {
    pub(super) lower: f64,
    pub(super) upper: f64,
    pub(super) cost: f64,
    pub(super) counts: bool,
}

impl Piece {
    /// How far a weight lies outside it.
    pub(super) fn distance(&self, weight: f64) -> f64 {
        (self.lower - weight).max(weight - self.upper).max(0.0)
    }

    fn is_empty(&self) -> bool {
        self.lower > self.upper
    }
}

/// The pieces of every asset, and how many positions there may be.
#[derive(Debug, Clone)]
pub(super) struct Pieces {
    pub(super) of: Vec<Vec<Piece>>,
    pub(super) least: usize,
    pub(super) most: usize,
}

impl Pieces {
    pub(super) fn of(problem: &Problem) -> Result<Self> {
        let n = problem.universe.len();
        let mut hull = vec![(f64::NEG_INFINITY, f64::INFINITY); n];
        let mut sizes = vec![(0.0_f64, f64::INFINITY); n];
        let (mut least, mut most) = (0.0_f64, n as f64);
        for limit in &problem.limits {
            match limit.kind() {
                ConstraintKind::Weight(members) if limit.price().is_none() => {
                    for asset in problem.places(members)? {
                        hull[asset].0 = hull[asset].0.max(limit.lower());
                        hull[asset].1 = hull[asset].1.min(limit.upper());
                    }
                }
                ConstraintKind::PositionSize(members) => {
                    for asset in problem.places(members)? {
                        sizes[asset].0 = sizes[asset].0.max(limit.lower());
                        sizes[asset].1 = sizes[asset].1.min(limit.upper());
                    }
                }
                ConstraintKind::Cardinality => {
                    least = least.max(limit.lower().max(0.0).ceil());
                    most = most.min(limit.upper().floor());
                }
                _ => {}
            }
        }
        let of = (0..n).map(|asset| pieces(problem, asset, hull[asset], sizes[asset])).collect();
        Ok(Self { of, least: least as usize, most: most.max(0.0) as usize })
    }
}

/// No position, a long one, a short one; where trading has a price, also what is held already, without it.
fn pieces(problem: &Problem, asset: usize, (low, high): (f64, f64), (smallest, largest): (f64, f64)) -> Vec<Piece> {
    let (held, fee) = problem.costs.as_ref().map_or((0.0, 0.0), |costs| {
        (costs.held().view()[asset], costs.per_period(asset).fixed)
    });
    let none = Piece { lower: low.max(0.0), upper: high.min(0.0), cost: if held == 0.0 { 0.0 } else { fee }, counts: false };
    let long = Piece { lower: low.max(smallest), upper: high.min(largest), cost: fee, counts: true };
    let short = Piece { lower: low.max(-largest), upper: high.min(-smallest), cost: fee, counts: true };
    let mut all = vec![none, long];
    // Without a least size, short and long are one piece.
    if low < 0.0 {
        if smallest > 0.0 {
            all.push(short);
        } else {
            all[1] = Piece { lower: short.lower, ..long };
        }
    }
    if fee > 0.0 && held != 0.0 {
        let fits = all.iter().any(|piece| piece.counts && piece.distance(held) == 0.0);
        if fits {
            all.push(Piece { lower: held, upper: held, cost: 0.0, counts: true });
        }
    }
    all.retain(|piece| !piece.is_empty());
    all
}

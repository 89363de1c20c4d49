//! Branch and bound.
//!
//! A node leaves each asset a set of its pieces. Its relaxation lets the weight range over their hull, charges the cheapest
//! of their costs and counts the fewest positions; two valid cuts tighten it: the number of positions is at least the sum of
//! weights over their greatest values, and a fixed cost is at least its share of the longest trade. Nodes are taken best
//! bound first; each is rounded to a choice of pieces, which, solved on its own, may become the best known.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use alluse_risk_core::ErrorKind;

use super::options::{Piece, Pieces};
use super::{Best, sign};
use crate::problem::{Constraint, ConstraintKind, Members, Problem};
use crate::solution::Found;
use crate::{Error, Result};

/// A weight this far outside a piece still belongs to it.
const FITS: f64 = 1e-9;

/// The pieces left to each asset, as bits.
type Left = Vec<u8>;

#[derive(Debug)]
struct Node {
    bound: f64,
    depth: usize,
    left: Left,
    weights: Vec<f64>,
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Node {}

impl PartialOrd for Node {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Node {
    /// Greatest first in a heap: the least bound, then the deepest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.bound.total_cmp(&self.bound).then(self.depth.cmp(&other.depth))
    }
}

/// The best choice of pieces, or `None` when there is no feasible one.
pub(super) fn search(problem: &Problem, nodes: usize) -> Result<Option<Best>> {
    let pieces = Pieces::of(problem)?;
    if pieces.of.iter().any(Vec::is_empty) || pieces.least > pieces.most {
        return Ok(None);
    }
    let mut tree = Tree { problem, stripped: stripped(problem), pieces, solved: 0, best: None };
    let mut open = BinaryHeap::new();
    open.extend(tree.relax(tree.everything(), 0)?);
    while let Some(node) = open.pop() {
        if tree.is_hopeless(node.bound) {
            open.clear();
            break;
        }
        if tree.solved >= nodes {
            open.push(node);
            break;
        }
        tree.round(&node)?;
        let Some(asset) = tree.undecided(&node) else { continue };
        for piece in 0..tree.pieces.of[asset].len() {
            if node.left[asset] & (1 << piece) != 0 {
                let mut left = node.left.clone();
                left[asset] = 1 << piece;
                open.extend(tree.relax(left, node.depth + 1)?);
            }
        }
    }
    let bound = open.peek().map_or(f64::INFINITY, |node| node.bound);
    match tree.best {
        Some((found, value)) => Ok(Some(Best { found, value, bound: bound.min(value), nodes: tree.solved })),
        None if open.is_empty() => Ok(None),
        None => {
            let residual = f64::INFINITY;
            Err(Error::NotConverged { method: "branch and bound", iterations: tree.solved, residual })
        }
    }
}

/// The problem without what is discrete: its choices become bounds.
fn stripped(problem: &Problem) -> Problem {
    let mut stripped = problem.clone();
    stripped.costs = stripped.costs.map(crate::problem::Costs::without_fixed);
    // They keep their places, for the sources of prices, but bound nothing.
    for limit in stripped.limits.iter_mut().filter(|limit| limit.is_discrete()) {
        *limit = limit.clone().between(f64::NEG_INFINITY, f64::INFINITY);
    }
    stripped
}

struct Tree<'a> {
    problem: &'a Problem,
    stripped: Problem,
    pieces: Pieces,
    solved: usize,
    best: Option<(Found, f64)>,
}

impl Tree<'_> {
    fn everything(&self) -> Left {
        self.pieces.of.iter().map(|pieces| ((1_u16 << pieces.len()) - 1) as u8).collect()
    }

    fn left<'b>(&'b self, left: &'b Left, asset: usize) -> impl Iterator<Item = &'b Piece> {
        let bits = left[asset];
        self.pieces.of[asset]
            .iter()
            .enumerate()
            .filter(move |(place, _)| bits & (1 << place) != 0)
            .map(|(_, piece)| piece)
    }

    fn is_hopeless(&self, bound: f64) -> bool {
        self.best.as_ref().is_some_and(|(_, value)| bound >= value - 1e-9 * value.abs())
    }

    /// Drops pieces that the number of positions rules out; false when nothing is left.
    fn tighten(&self, left: &mut Left) -> bool {
        let n = left.len();
        let must = |left: &Left, counts: bool| {
            (0..n).filter(|&asset| self.left(left, asset).all(|piece| piece.counts == counts)).count()
        };
        let (sure, never) = (must(left, true), must(left, false));
        if sure > self.pieces.most || n - never < self.pieces.least {
            return false;
        }
        let drop = if sure == self.pieces.most {
            Some(true)
        } else if n - never == self.pieces.least {
            Some(false)
        } else {
            None
        };
        if let Some(counts) = drop {
            for (bits, pieces) in left.iter_mut().zip(&self.pieces.of) {
                let keeps = |place: usize| *bits & (1 << place) != 0 && pieces[place].counts != counts;
                let kept = (0..pieces.len()).filter(|place| keeps(*place)).fold(0, |kept, place| kept | (1 << place));
                // An asset with nothing else keeps what it has.
                if kept != 0 {
                    *bits = kept;
                }
            }
        }
        true
    }

    /// Solves the relaxation of a node; `None` when it is infeasible or no better than the best known.
    fn relax(&mut self, mut left: Left, depth: usize) -> Result<Option<Node>> {
        if !self.tighten(&mut left) {
            return Ok(None);
        }
        self.solved += 1;
        let hulls: Vec<(f64, f64)> = (0..left.len()).map(|asset| hull(self.left(&left, asset))).collect();
        let (problem, fixed) = self.relaxation(&left, &hulls)?;
        let found = match problem.find() {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::Infeasible => return Ok(None),
            Err(error) => return Err(error),
        };
        let value = self.value(&problem, &found)? + fixed;
        // The relaxation is known to its own gap only.
        let bound = value - found.certificate.duality_gap * value.abs();
        Ok((!self.is_hopeless(bound)).then_some(Node { bound, depth, left, weights: found.weights }))
    }

    /// The objective to be made small.
    fn value(&self, problem: &Problem, found: &Found) -> Result<f64> {
        let objective = crate::certificate::objective_of(problem, &found.weights)?.value;
        Ok(sign(problem) * objective)
    }

    /// Bounds from the hulls, the two cuts, and the fixed costs that every choice left pays.
    fn relaxation(&self, left: &Left, hulls: &[(f64, f64)]) -> Result<(Problem, f64)> {
        let mut problem = self.stripped.clone();
        let assets = self.problem.universe.assets();
        for (asset, (lower, upper)) in hulls.iter().enumerate() {
            let kind = ConstraintKind::Weight(Members::of([assets[asset].as_str()]));
            if lower.is_finite() || upper.is_finite() {
                problem.limits.push(Constraint::new(format!("piece of {}", assets[asset]), kind, *lower..=*upper));
            }
        }
        if let Some(cut) = self.count_cut(left, hulls) {
            problem.limits.push(cut);
        }
        let cheapest = |asset| self.left(left, asset).map(|piece| piece.cost).fold(f64::INFINITY, f64::min);
        Ok((problem, (0..left.len()).map(cheapest).sum()))
    }

    /// `Σ wᵢ / upperᵢ ≤ most`, where no weight can be negative.
    fn count_cut(&self, left: &Left, hulls: &[(f64, f64)]) -> Option<Constraint> {
        let n = left.len();
        if self.pieces.most >= n || hulls.iter().any(|(lower, upper)| *lower < 0.0 || !upper.is_finite()) {
            return None;
        }
        let assets = self.problem.universe.assets();
        let terms = (0..n).filter(|&asset| hulls[asset].1 > 0.0).map(|a| (assets[a].as_str(), 1.0 / hulls[a].1));
        Some(Constraint::linear("positions", terms, ..=self.pieces.most as f64))
    }

    /// The asset whose weight fits none of its pieces, or whose piece still matters; `None` at a leaf.
    fn undecided(&self, node: &Node) -> Option<usize> {
        let open: Vec<usize> = (0..node.left.len()).filter(|&asset| node.left[asset].count_ones() > 1).collect();
        let gap = |asset: usize| {
            let fit = self.left(&node.left, asset).map(|piece| piece.distance(node.weights[asset]));
            fit.fold(f64::INFINITY, f64::min)
        };
        let worst = open.iter().copied().max_by(|&a, &b| gap(a).total_cmp(&gap(b)).then(b.cmp(&a)))?;
        if gap(worst) > FITS {
            return Some(worst);
        }
        // Everything fits a piece: what is open is the count or a fixed cost, largest weight first.
        open.into_iter().max_by(|&a, &b| node.weights[a].abs().total_cmp(&node.weights[b].abs()).then(b.cmp(&a)))
    }

    /// Chooses the nearest pieces, within the number of positions, and solves what is left.
    fn round(&mut self, node: &Node) -> Result<()> {
        let n = node.left.len();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&a, &b| node.weights[b].abs().total_cmp(&node.weights[a].abs()).then(a.cmp(&b)));
        let mut count = 0;
        let mut left = node.left.clone();
        for (rank, &asset) in order.iter().enumerate() {
            let still_needed = self.pieces.least.saturating_sub(count) >= n - rank;
            let full = count >= self.pieces.most;
            let weight = node.weights[asset];
            let choice = self.pieces.of[asset]
                .iter()
                .enumerate()
                .filter(|(place, piece)| {
                    node.left[asset] & (1 << place) != 0 && !(full && piece.counts) && (piece.counts || !still_needed)
                })
                .min_by(|(_, a), (_, b)| {
                    a.distance(weight).total_cmp(&b.distance(weight)).then(a.cost.total_cmp(&b.cost))
                });
            let Some((place, piece)) = choice else { return Ok(()) };
            count += usize::from(piece.counts);
            left[asset] = 1 << place;
        }
        self.solved += 1;
        let hulls: Vec<(f64, f64)> = (0..n).map(|asset| hull(self.left(&left, asset))).collect();
        let (problem, fixed) = self.relaxation(&left, &hulls)?;
        let found = match problem.find() {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::Infeasible => return Ok(()),
            Err(error) => return Err(error),
        };
        let value = self.value(&problem, &found)? + fixed;
        if self.best.as_ref().is_none_or(|(_, best)| value < *best) {
            self.best = Some((found, value));
        }
        Ok(())
    }
}

fn hull<'a>(pieces: impl Iterator<Item = &'a Piece>) -> (f64, f64) {
    pieces.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), piece| (low.min(piece.lower), high.max(piece.upper)))
}

//! Where the share of a group in its parent would have to be.

use super::filter::Bounded;
use crate::Result;
use crate::compile::{Treatment, compile_limits};
use crate::conic::{Affine, Outcome};
use crate::problem::{Problem, Side};

/// The share closest to this side's that the other members of a set allow: the best ratio of two sums of weights, by
/// Dinkelbach's method (1967). `None` where no ratio is best, such as with an empty parent.
///
/// A share is no distance in weights: by how much the sums miss it says nothing before it is divided by the parent's.
pub(super) fn needed(
    problem: &Problem,
    set: &[Bounded],
    side: Bounded,
    members: &[usize],
    parent: &[usize],
) -> Result<Option<f64>> {
    let treatment = |place: usize, of: Side| {
        if (place, of) != side && set.contains(&(place, of)) { Treatment::Hard } else { Treatment::Absent }
    };
    let compiled = compile_limits(problem, &treatment)?;
    let (mut share, sign) = match side.1 {
        Side::Lower => (problem.limits[side.0].lower(), 1.0),
        Side::Upper => (problem.limits[side.0].upper(), -1.0),
    };
    for _ in 0..50 {
        let mut program = compiled.program.clone();
        let inner = members.iter().fold(Affine::default(), |sum, asset| sum.plus(*asset, -sign));
        program.cost(&parent.iter().fold(inner, |row, asset| row.plus(*asset, sign * share)));
        let Ok(Outcome::Solved(solution)) = program.solve() else { return Ok(None) };
        let sum = |assets: &[usize]| assets.iter().map(|asset| solution.x[*asset]).sum::<f64>();
        let (inner, outer) = (sum(members), sum(parent));
        if !(outer > 1e-9) {
            return Ok(None);
        }
        let next = inner / outer;
        if (next - share).abs() <= 1e-10 {
            return Ok(Some(next));
        }
        share = next;
    }
    Ok(None)
}

//! Convex programs over cones, and their solution by an interior-point method.

mod program;
mod solve;

pub(crate) use program::{Affine, Block, Cone, ConicProgram, Source};
#[cfg(test)]
use solve::Accuracy;
pub(crate) use solve::{ConicSolution, Outcome, STEPS};

#[cfg(test)]
mod tests;

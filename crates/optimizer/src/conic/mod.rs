//! Convex programs over cones, and their solution by an interior-point method.

mod program;
mod solve;

pub(crate) use program::{Affine, Block, Cone, ConicProgram, Source};
pub(crate) use solve::{Outcome, STEPS};
#[cfg(test)]
use solve::Accuracy;

#[cfg(test)]
mod tests;

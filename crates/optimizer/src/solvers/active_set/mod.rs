//! Exact solution of convex quadratic programs: guess which limits hold with equality, solve the equations that
//! remain, correct the guess.
//!
//! Three methods stand behind each other. Block pivoting corrects all wrong guesses at once and needs a handful of
//! small factorisations. Where it goes round in circles, the dual method of Goldfarb and Idnani changes one guess
//! at a time and always ends. A curvature that is flat in some direction goes to the interior point method. No
//! answer leaves before its optimality conditions were checked.

mod block_pivot;
mod cholesky;
mod curvature;
mod definiteness;
mod dual;
mod factor;
mod instance;
mod interior;
mod kkt;
mod optimality;
mod solve;
mod working_set;

pub use working_set::{ActiveSet, Activity};

#[cfg(test)]
mod tests;

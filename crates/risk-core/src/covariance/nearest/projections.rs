//! Alternating projections with Dykstra's correction, accelerated.
//!
//! The plain step takes the correction `S` off the current matrix `Y`, projects onto the matrices with
//! large enough eigenvalues, and then onto those with the fixed entries:
//!
//! ```text
//! R = Y − S,  X = P_λ(R),  S ← X − R,  Y ← P_fixed(X)
//! ```
//!
//! It converges linearly and often slowly. Anderson's method sees it as a fixed point `z = g(z)` of
//! `z = (Y, S)` and extrapolates from the last few steps.

use std::collections::VecDeque;

use ndarray::{Array1, Array2, ArrayView2, Axis};

use super::{Found, NearestCorrelation, spectral};
use crate::Result;
use crate::covariance::symmetry::symmetrize;

/// The pair that the iteration moves, as one vector where Anderson's method wants one.
#[derive(Clone)]
struct State {
    y: Array2<f64>,
    correction: Array2<f64>,
}

pub(super) fn solve(
    config: &NearestCorrelation,
    target: ArrayView2<'_, f64>,
    constraints: &[(usize, usize, f64)],
) -> Result<Found> {
    let mut state = State { y: target.to_owned(), correction: Array2::zeros(target.dim()) };
    let mut memory = Memory::new(config.memory);
    let mut residual = f64::INFINITY;
    for iteration in 1..=config.max_iterations {
        let (x, next) = step(&state, config.min_eigenvalue, constraints)?;
        let size = spectral::frobenius(next.y.iter());
        let gap = spectral::frobenius((&next.y - &x).iter()) / size;
        let moved = spectral::frobenius((&next.y - &state.y).iter().chain(&(&next.correction - &state.correction)))
            / size.max(spectral::frobenius(next.correction.iter()));
        residual = gap.max(moved);
        if residual <= config.tolerance {
            return Ok(Found { matrix: x, iterations: iteration, residual });
        }
        state = memory.accelerate(&state, next)?;
    }
    Err(config.not_converged(config.max_iterations, residual))
}

/// One plain step: the semidefinite iterate and the next state.
fn step(state: &State, floor: f64, constraints: &[(usize, usize, f64)]) -> Result<(Array2<f64>, State)> {
    let mut corrected = &state.y - &state.correction;
    symmetrize(&mut corrected);
    let eigen = spectral::eigen("matrix", corrected.view())?;
    let x = spectral::recompose(&eigen, eigen.values.mapv(|value| value.max(floor)).view())?;
    let correction = &x - &corrected;
    let mut y = x.clone();
    for &(i, j, value) in constraints {
        y[[i, j]] = value;
        y[[j, i]] = value;
    }
    Ok((x, State { y, correction }))
}

/// What Anderson's method remembers: changes of `g(z)` and of `f = g(z) − z`.
struct Memory {
    depth: usize,
    changes: VecDeque<(Array1<f64>, Array1<f64>)>,
    last: Option<(Array1<f64>, Array1<f64>)>,
}

impl Memory {
    fn new(depth: usize) -> Self {
        Self { depth, changes: VecDeque::new(), last: None }
    }

    fn accelerate(&mut self, state: &State, next: State) -> Result<State> {
        if self.depth == 0 {
            return Ok(next);
        }
        let g = flat(&next);
        let f = &g - &flat(state);
        if let Some((last_g, last_f)) = self.last.take() {
            self.changes.push_back((&g - &last_g, &f - &last_f));
            if self.changes.len() > self.depth {
                self.changes.pop_front();
            }
        }
        let mut extrapolated = g.clone();
        // Steps that have become parallel cannot be told apart: forget the oldest until they can.
        while !self.changes.is_empty() {
            let columns: Vec<_> = self.changes.iter().map(|(_, change)| change.view()).collect();
            let Ok(stacked) = ndarray::stack(Axis(1), &columns) else { break };
            match spectral::regress(stacked.view(), f.view()) {
                Ok(shares) => {
                    for (share, (change, _)) in shares.iter().zip(&self.changes) {
                        extrapolated.scaled_add(-share, change);
                    }
                    break;
                }
                Err(crate::Error::Singular { .. } | crate::Error::InsufficientData { .. }) => {
                    self.changes.pop_front();
                }
                Err(other) => return Err(other),
            }
        }
        self.last = Some((g, f));
        Ok(unflat(&extrapolated, &next))
    }
}

fn flat(state: &State) -> Array1<f64> {
    state.y.iter().chain(&state.correction).copied().collect()
}

fn unflat(vector: &Array1<f64>, like: &State) -> State {
    let mut state = like.clone();
    for (slot, value) in state.y.iter_mut().chain(state.correction.iter_mut()).zip(vector) {
        *slot = *value;
    }
    state
}

//! The curvature on the free variables, factored.

use alluse_risk_core::linalg;
use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

use super::cholesky::{Lower, add_scaled, dot};
use super::curvature::{Curvature, Parts};

/// Blocks up to this size are factored here, larger ones by the library.
const SMALL: usize = 128;

/// A way to solve with `P` on some variables.
#[derive(Debug)]
pub(super) enum FreeFactor {
    Small(Lower),
    Large(linalg::Cholesky),
    /// Woodbury: `P = G G' + E`, `P⁻¹ = E⁻¹ − E⁻¹ G (I + G'E⁻¹G)⁻¹ G'E⁻¹`.
    Factored {
        root: Vec<f64>,
        factors: usize,
        own: Vec<f64>,
        capacitance: Lower,
    },
}

impl FreeFactor {
    /// None when the block is not positive definite to working precision.
    pub(super) fn new(curvature: &Curvature<'_>, free: &[usize]) -> Option<Self> {
        match &curvature.parts {
            Parts::Dense { scale, matrix, diagonal } => {
                let k = free.len();
                let block = curvature.block(*scale, matrix, *diagonal, free);
                if k <= SMALL {
                    return Lower::factor(block, k, k as f64 * f64::EPSILON).ok().map(Self::Small);
                }
                let block = Array2::from_shape_vec((k, k), block).ok()?;
                linalg::cholesky(block.view()).ok().map(Self::Large)
            }
            Parts::Factored { root, factors, own } => Self::woodbury(root, *factors, own, free),
        }
    }

    /// `P + ρ A'A` on some variables and its `ρ`, for the rows of a flat `A`; none when that is flat as well.
    pub(super) fn penalised(curvature: &Curvature<'_>, free: &[usize], normals: &[f64]) -> Option<(Self, f64)> {
        let k = free.len();
        let mut block = curvature.multiplied_out(free);
        let trace: f64 = (0..k).map(|i| block[i * k + i]).sum();
        let size = dot(normals, normals);
        if !(size > 0.0) {
            return None;
        }
        let penalty = if trace > 0.0 { trace / size } else { 1.0 };
        for normal in normals.chunks_exact(k) {
            for (a, row) in block.chunks_exact_mut(k).enumerate() {
                add_scaled(&mut row[..=a], penalty * normal[a], &normal[..=a]);
            }
        }
        Lower::factor(block, k, 16.0 * k as f64 * f64::EPSILON).ok().map(|lower| (Self::Small(lower), penalty))
    }

    fn woodbury(root: &[f64], factors: usize, own: &[f64], free: &[usize]) -> Option<Self> {
        let own: Vec<f64> = free.iter().map(|&i| own[i]).collect();
        if own.iter().any(|e| !(*e > 0.0)) {
            return None;
        }
        let root: Vec<f64> = free.iter().flat_map(|&i| &root[i * factors..(i + 1) * factors]).copied().collect();
        let mut capacitance = vec![0.0; factors * factors];
        for (row, e) in root.chunks_exact(factors).zip(&own) {
            for (j, g) in row.iter().enumerate() {
                add_scaled(&mut capacitance[j * factors..j * factors + j + 1], g / e, &row[..=j]);
            }
        }
        (0..factors).for_each(|j| capacitance[j * factors + j] += 1.0);
        let capacitance = Lower::factor(capacitance, factors, 0.0).ok()?;
        Some(Self::Factored { root, factors, own, capacitance })
    }

    /// `P⁻¹ B`, where each row of a flat `B` is one right-hand side; in place.
    pub(super) fn solve(&self, sides: &mut [f64], k: usize) {
        if k == 0 {
            return;
        }
        match self {
            Self::Small(lower) => sides.chunks_exact_mut(k).for_each(|b| lower.solve(b)),
            Self::Large(cholesky) => large(cholesky, sides, k),
            Self::Factored { root, factors, own, capacitance } => {
                for b in sides.chunks_exact_mut(k) {
                    let mut exposures = vec![0.0; *factors];
                    b.iter_mut().zip(own).for_each(|(b, e)| *b /= e);
                    root.chunks_exact(*factors).zip(&*b).for_each(|(row, b)| add_scaled(&mut exposures, *b, row));
                    capacitance.solve(&mut exposures);
                    for ((b, e), row) in b.iter_mut().zip(own).zip(root.chunks_exact(*factors)) {
                        *b -= dot(row, &exposures) / e;
                    }
                }
            }
        }
    }
}

/// By the library; a solution it refuses becomes NaN, which no check of optimality lets through.
fn large(cholesky: &linalg::Cholesky, sides: &mut [f64], k: usize) {
    let solved = if sides.len() == k {
        cholesky.solve(ArrayView1::from(&*sides)).map(|x| x.insert_axis(Axis(0)))
    } else {
        ArrayView2::from_shape((sides.len() / k, k), sides)
            .map_err(|_| alluse_risk_core::Error::Singular { name: "matrix" })
            .and_then(|b| cholesky.solve_matrix(b.t()))
            .map(Array2::reversed_axes)
    };
    match solved {
        Ok(solved) => sides.iter_mut().zip(&solved).for_each(|(side, x)| *side = *x),
        Err(_) => sides.fill(f64::NAN),
    }
}

//! Products with the correlation matrix of a risk model, without ever forming it.

use std::borrow::Cow;

use alluse_risk_core::linalg;
use ndarray::{Array1, ArrayView2, ArrayViewMut1};

use crate::{Result, RiskModel};

/// `S C S`: correlations of the assets as they are held, `S` the diagonal of sides.
///
/// Dense, the covariance is read where it lies and the vectors are scaled, so no matrix is copied.
#[derive(Debug)]
pub(super) enum Correlation<'a> {
    Dense {
        matrix: ArrayView2<'a, f64>,
        rows: Cow<'a, [f64]>,
        /// Side over volatility.
        scale: Vec<f64>,
    },
    Factored {
        /// Rows of the scaled root, one an asset.
        root: Vec<f64>,
        factors: usize,
        /// Share of the variance that is an asset's own.
        residual: Vec<f64>,
    },
}

impl<'a> Correlation<'a> {
    /// `scale` is side over volatility, finite and not zero.
    pub(super) fn new(model: &'a RiskModel, scale: Vec<f64>) -> Self {
        match model {
            RiskModel::Dense(covariance) => {
                let matrix = covariance.view();
                // A symmetric matrix reads the same along rows and along columns.
                let rows = match matrix.to_slice().or_else(|| matrix.reversed_axes().to_slice()) {
                    Some(slice) => Cow::Borrowed(slice),
                    None => Cow::Owned(matrix.iter().copied().collect()),
                };
                Self::Dense { matrix, rows, scale }
            }
            RiskModel::Factored(model) => {
                let root = model.sampling_root();
                let rows = root.rows().into_iter().zip(&scale);
                let root: Vec<f64> = rows.flat_map(|(row, s)| row.iter().map(|g| g * s).collect::<Vec<_>>()).collect();
                let residual = model.residual_variances().iter().zip(&scale).map(|(d, s)| d * s * s).collect();
                Self::Factored { root, factors: model.factors(), residual }
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Dense { scale, .. } => scale.len(),
            Self::Factored { residual, .. } => residual.len(),
        }
    }

    /// `S C S x`.
    pub(super) fn product(&self, x: &[f64]) -> Result<Vec<f64>> {
        match self {
            Self::Dense { matrix, scale, .. } => {
                let scaled: Array1<f64> = x.iter().zip(scale).map(|(x, s)| x * s).collect();
                let mut product = linalg::matvec(*matrix, scaled.view())?.to_vec();
                product.iter_mut().zip(scale).for_each(|(p, s)| *p *= s);
                Ok(product)
            }
            Self::Factored { root, factors, residual } => {
                let exposures = exposures(root, *factors, x);
                let rows = root.chunks_exact(*factors).zip(residual.iter().zip(x));
                Ok(rows.map(|(row, (d, x))| dot(row, &exposures) + d * x).collect())
            }
        }
    }

    /// What a coordinate method keeps between visits.
    pub(super) fn cursor(&self, y: &[f64]) -> Cursor {
        match self {
            Self::Dense { scale, .. } => Cursor { kept: y.iter().zip(scale).map(|(y, s)| y * s).collect() },
            Self::Factored { root, factors, .. } => Cursor { kept: exposures(root, *factors, y) },
        }
    }

    /// `(S C S y)ᵢ` from what the cursor keeps: `O(n)` dense, `O(K)` in factors.
    pub(super) fn element(&self, cursor: &Cursor, i: usize, y: f64) -> f64 {
        match self {
            Self::Dense { rows, scale, .. } => {
                let n = scale.len();
                scale[i] * dot(&rows[i * n..(i + 1) * n], &cursor.kept)
            }
            Self::Factored { root, factors, residual } => {
                dot(&root[i * factors..(i + 1) * factors], &cursor.kept) + residual[i] * y
            }
        }
    }

    /// Records that element `i` moved by `change`.
    pub(super) fn moved(&self, cursor: &mut Cursor, i: usize, change: f64) {
        match self {
            Self::Dense { scale, .. } => cursor.kept[i] += scale[i] * change,
            Self::Factored { root, factors, .. } => {
                let row = &root[i * factors..(i + 1) * factors];
                cursor.kept.iter_mut().zip(row).for_each(|(f, g)| *f += g * change);
            }
        }
    }
}

/// Scaled elements for a dense matrix, factor exposures for a factored one.
#[derive(Debug)]
pub(super) struct Cursor {
    kept: Vec<f64>,
}

fn exposures(root: &[f64], factors: usize, x: &[f64]) -> Vec<f64> {
    let mut exposures = Array1::zeros(factors);
    for (row, x) in root.chunks_exact(factors).zip(x) {
        add_multiple(exposures.view_mut(), *x, row);
    }
    exposures.to_vec()
}

fn add_multiple(mut to: ArrayViewMut1<'_, f64>, factor: f64, row: &[f64]) {
    to.iter_mut().zip(row).for_each(|(to, g)| *to += factor * g);
}

/// Eight running sums, so that additions do not wait for each other.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let (a_lanes, a_rest) = a.as_chunks::<8>();
    let (b_lanes, b_rest) = b.as_chunks::<8>();
    let mut sums = [0.0; 8];
    for (a, b) in a_lanes.iter().zip(b_lanes) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

//! The pure Rust backend. Inputs are finite, of matching shapes, not empty.

use std::borrow::Cow;

use ::faer::diag::DiagMut;
use ::faer::dyn_stack::{MemBuffer, MemStack};
use ::faer::linalg::cholesky::llt::factor::{
    LltError, LltRegularization, cholesky_in_place, cholesky_in_place_scratch,
};
use ::faer::linalg::evd::{ComputeEigenvectors, self_adjoint_evd, self_adjoint_evd_scratch};
use ::faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj,
};
use ::faer::linalg::matmul::matmul as multiply;
use ::faer::linalg::matmul::triangular::{BlockStructure, matmul as multiply_triangle};
use ::faer::linalg::qr::no_pivoting::factor::{qr_in_place, qr_in_place_scratch, recommended_block_size};
use ::faer::linalg::triangular_solve::{solve_lower_triangular_in_place, solve_upper_triangular_in_place};
use ::faer::{Accum, Conj, Mat, MatMut, MatRef, Par, Spec};
use ndarray::{Array1, Array2, ArrayView2};

use super::Failure;

/// Rows one after the other, copied only when they are not so already.
fn row_major<'a>(matrix: &'a ArrayView2<'_, f64>) -> Cow<'a, [f64]> {
    match matrix.as_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(matrix.iter().copied().collect()),
    }
}

fn to_array(matrix: MatRef<'_, f64>) -> Array2<f64> {
    Array2::from_shape_fn((matrix.nrows(), matrix.ncols()), |(row, column)| matrix[(row, column)])
}

fn with_scratch<T>(requirement: ::faer::dyn_stack::StackReq, work: impl FnOnce(&mut MemStack) -> T) -> T {
    let mut buffer = MemBuffer::new(requirement);
    work(MemStack::new(&mut buffer))
}

/// `L` with `A = L L'`; reads the lower triangle.
pub(super) fn cholesky(a: ArrayView2<'_, f64>) -> Result<Array2<f64>, Failure> {
    let n = a.nrows();
    let data = row_major(&a);
    let mut factor = MatRef::from_row_major_slice(&data, n, n).to_owned();
    let requirement = cholesky_in_place_scratch::<f64>(n, Par::Seq, Spec::default());
    with_scratch(requirement, |stack| {
        cholesky_in_place(factor.as_mut(), LltRegularization::default(), Par::Seq, stack, Spec::default())
    })
    .map_err(|LltError::NonPositivePivot { index }| Failure::Pivot(index))?;
    Ok(Array2::from_shape_fn((n, n), |(row, column)| if column <= row { factor[(row, column)] } else { 0.0 }))
}

/// `X` with `L X = B`.
pub(super) fn solve_lower(lower: ArrayView2<'_, f64>, b: Array2<f64>) -> Result<Array2<f64>, Failure> {
    solve_triangular(lower, b, |l, x| solve_lower_triangular_in_place(l, x, Par::Seq))
}

/// `X` with `L' X = B`.
pub(super) fn solve_lower_transposed(lower: ArrayView2<'_, f64>, b: Array2<f64>) -> Result<Array2<f64>, Failure> {
    solve_triangular(lower, b, |l, x| solve_upper_triangular_in_place(l.transpose(), x, Par::Seq))
}

fn solve_triangular(
    lower: ArrayView2<'_, f64>,
    b: Array2<f64>,
    solve: impl FnOnce(MatRef<'_, f64>, MatMut<'_, f64>),
) -> Result<Array2<f64>, Failure> {
    let (n, columns) = b.dim();
    let data = row_major(&lower);
    let mut x: Vec<f64> = b.iter().copied().collect();
    solve(MatRef::from_row_major_slice(&data, n, n), MatMut::from_row_major_slice_mut(&mut x, n, columns));
    array((n, columns), x)
}

/// Eigenvalues ascending and, when asked for, unit eigenvectors in columns.
pub(super) fn symmetric_eigen(
    a: ArrayView2<'_, f64>,
    vectors: bool,
) -> Result<(Array1<f64>, Option<Array2<f64>>), Failure> {
    let n = a.nrows();
    let data = row_major(&a);
    let a = MatRef::from_row_major_slice(&data, n, n);
    let compute = if vectors { ComputeEigenvectors::Yes } else { ComputeEigenvectors::No };
    let mut values = vec![0.0; n];
    let mut columns = vectors.then(|| Mat::<f64>::zeros(n, n));
    let requirement = self_adjoint_evd_scratch::<f64>(n, compute, Par::Seq, Spec::default());
    with_scratch(requirement, |stack| {
        let u = columns.as_mut().map(Mat::as_mut);
        self_adjoint_evd(a, DiagMut::from_slice_mut(&mut values), u, Par::Seq, stack, Spec::default())
    })
    .map_err(|_| Failure::NoConvergence)?;
    Ok((Array1::from(values), columns.map(|u| to_array(u.as_ref()))))
}

/// Thin `Q` (m × n) and upper triangular `R` (n × n) with `X = Q R`, m ≥ n.
pub(super) fn qr(x: ArrayView2<'_, f64>) -> Result<(Array2<f64>, Array2<f64>), Failure> {
    let (m, n) = x.dim();
    let data = row_major(&x);
    let mut basis = MatRef::from_row_major_slice(&data, m, n).to_owned();
    let block = recommended_block_size::<f64>(m, n);
    let mut coefficients = Mat::<f64>::zeros(block, n);
    let requirement = qr_in_place_scratch::<f64>(m, n, block, Par::Seq, Spec::default());
    let rank = with_scratch(requirement, |stack| {
        qr_in_place(basis.as_mut(), coefficients.as_mut(), Par::Seq, stack, Spec::default()).rank
    });
    if rank < n {
        return Err(Failure::Dependent);
    }
    let mut q = Mat::<f64>::identity(m, n);
    let requirement = apply_block_householder_sequence_on_the_left_in_place_scratch::<f64>(m, block, n);
    with_scratch(requirement, |stack| {
        let (basis, coefficients) = (basis.as_ref(), coefficients.as_ref());
        apply_block_householder_sequence_on_the_left_in_place_with_conj(
            basis,
            coefficients,
            Conj::No,
            q.as_mut(),
            Par::Seq,
            stack,
        );
    });
    let r = Array2::from_shape_fn((n, n), |(row, column)| if row <= column { basis[(row, column)] } else { 0.0 });
    Ok((to_array(q.as_ref()), r))
}

/// `A B`.
pub(super) fn matmul(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Result<Array2<f64>, Failure> {
    let ((m, k), n) = (a.dim(), b.ncols());
    let (left, right) = (row_major(&a), row_major(&b));
    let mut product = vec![0.0; m * n];
    multiply(
        MatMut::from_row_major_slice_mut(&mut product, m, n),
        Accum::Replace,
        MatRef::from_row_major_slice(&left, m, k),
        MatRef::from_row_major_slice(&right, k, n),
        1.0,
        Par::Seq,
    );
    array((m, n), product)
}

/// Rows of a triangle that one product takes: full kernels, and little of the zeros beside the diagonal.
const BAND: usize = 96;

/// `A L'` for a lower triangular `L`.
pub(super) fn times_lower_transposed(
    a: ArrayView2<'_, f64>,
    lower: ArrayView2<'_, f64>,
) -> Result<Array2<f64>, Failure> {
    let (m, n) = a.dim();
    let (left, right) = (row_major(&a), row_major(&lower));
    let (a, lower) = (MatRef::from_row_major_slice(&left, m, n), MatRef::from_row_major_slice(&right, n, n));
    let mut product = vec![0.0; m * n];
    let mut columns = MatMut::from_row_major_slice_mut(&mut product, m, n);
    for start in (0..n).step_by(BAND) {
        let width = BAND.min(n - start);
        let reach = start + width;
        multiply(
            columns.as_mut().subcols_mut(start, width),
            Accum::Replace,
            a.subcols(0, reach),
            lower.submatrix(start, 0, width, reach).transpose(),
            1.0,
            Par::Seq,
        );
    }
    array((m, n), product)
}

/// The lower triangle of `X'X`; what stands above it is not defined.
pub(super) fn gram_lower(x: ArrayView2<'_, f64>) -> Result<Array2<f64>, Failure> {
    let (m, n) = x.dim();
    // Inner products run along columns, so columns are laid out along memory.
    let transposed = x.t();
    let data = match transposed.as_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(columns_along_memory(x)),
    };
    let x = MatRef::from_column_major_slice(&data, m, n);
    let mut product = vec![0.0; n * n];
    multiply_triangle(
        MatMut::from_row_major_slice_mut(&mut product, n, n),
        BlockStructure::TriangularLower,
        Accum::Replace,
        x.transpose(),
        BlockStructure::Rectangular,
        x,
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
    array((n, n), product)
}

fn columns_along_memory(x: ArrayView2<'_, f64>) -> Vec<f64> {
    x.t().iter().copied().collect()
}

fn array(shape: (usize, usize), data: Vec<f64>) -> Result<Array2<f64>, Failure> {
    Array2::from_shape_vec(shape, data).map_err(|_| Failure::TooLarge)
}

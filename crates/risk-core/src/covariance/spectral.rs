//! The linear algebra of this module, and what is left of it when no backend is compiled.

#[cfg(any(feature = "linalg", feature = "lapack"))]
mod compiled {
    use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

    use crate::Result;
    use crate::linalg::{Cholesky, least_squares};
    pub(crate) use crate::linalg::{SymmetricEigen, gram, matmul, named_eigenvalues as eigenvalues};

    pub(crate) fn eigen(name: &'static str, matrix: ArrayView2<'_, f64>) -> Result<SymmetricEigen> {
        SymmetricEigen::named(name, matrix)
    }

    pub(crate) fn log_determinant(name: &'static str, matrix: ArrayView2<'_, f64>) -> Result<f64> {
        Ok(Cholesky::named(name, matrix)?.log_determinant())
    }

    pub(crate) fn inverse(name: &'static str, matrix: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        Cholesky::named(name, matrix)?.inverse()
    }

    pub(crate) fn regress(x: ArrayView2<'_, f64>, y: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
        Ok(least_squares(x, y)?.coefficients().to_owned())
    }

    pub(crate) fn negligible(values: ArrayView1<'_, f64>) -> f64 {
        crate::linalg::negligible(values)
    }

    pub(crate) fn recompose(eigen: &SymmetricEigen, values: ArrayView1<'_, f64>) -> Result<Array2<f64>> {
        eigen.recompose(values)
    }
}

#[cfg(not(any(feature = "linalg", feature = "lapack")))]
mod compiled {
    use ndarray::{Array1, Array2, ArrayView1, ArrayView2};

    use crate::covariance::symmetry::symmetrize;
    use crate::{Error, Result, check};

    const OFF: Error = Error::Unsupported { what: "linear algebra without the feature `linalg` or `lapack`" };

    #[derive(Debug)]
    pub(crate) struct SymmetricEigen {
        pub(crate) values: Array1<f64>,
        pub(crate) vectors: Array2<f64>,
    }

    pub(crate) fn eigen(_: &'static str, _: ArrayView2<'_, f64>) -> Result<SymmetricEigen> {
        Err(OFF)
    }

    pub(crate) fn eigenvalues(_: &'static str, _: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        Err(OFF)
    }

    pub(crate) fn log_determinant(_: &'static str, _: ArrayView2<'_, f64>) -> Result<f64> {
        Err(OFF)
    }

    pub(crate) fn inverse(_: &'static str, _: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        Err(OFF)
    }

    pub(crate) fn regress(_: ArrayView2<'_, f64>, _: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
        Err(OFF)
    }

    pub(crate) fn negligible(_: ArrayView1<'_, f64>) -> f64 {
        0.0
    }

    pub(crate) fn recompose(_: &SymmetricEigen, _: ArrayView1<'_, f64>) -> Result<Array2<f64>> {
        Err(OFF)
    }

    pub(crate) fn gram(x: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let mut product = matmul(x.t(), x)?;
        symmetrize(&mut product);
        Ok(product)
    }

    pub(crate) fn matmul(a: ArrayView2<'_, f64>, b: ArrayView2<'_, f64>) -> Result<Array2<f64>> {
        let product = a.dot(&b);
        check::finite_matrix("product", product.view())?;
        Ok(product)
    }
}

pub(crate) use compiled::*;

/// Frobenius norm, safe from overflow.
pub(crate) fn frobenius<'a>(entries: impl IntoIterator<Item = &'a f64> + Clone) -> f64 {
    let largest = entries.clone().into_iter().fold(0.0_f64, |a, v| a.max(v.abs()));
    if largest > 0.0 {
        largest * crate::sum::compensated(entries.into_iter().map(|v| (v / largest) * (v / largest))).sqrt()
    } else {
        0.0
    }
}

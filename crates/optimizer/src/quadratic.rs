//! The convex quadratic program with bounds and two-sided rows.

use alluse_risk_core::covariance::FactorCovariance;
use ndarray::{Array1, Array2, ArrayView2};

use crate::Result;
use crate::check::{elements, ensure, finite_matrix, length, ordered};

/// A positive semidefinite matrix, borrowed: dense or in factors.
#[derive(Debug, Clone, Copy)]
pub enum Hessian<'a> {
    /// Symmetric, `n × n`.
    Dense(ArrayView2<'a, f64>),
    /// `B F B' + D`, never multiplied out.
    Factored(&'a FactorCovariance),
}

impl Hessian<'_> {
    /// Number of variables.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a program without variables is refused")]
    pub fn len(&self) -> usize {
        match self {
            Self::Dense(matrix) => matrix.nrows(),
            Self::Factored(model) => model.len(),
        }
    }
}

/// A convex quadratic program.
///
/// ```text
/// minimise    ½ x'(s H + diag d) x + q'x + c
/// subject to  lower ≤ x ≤ upper,   row_lower ≤ A x ≤ row_upper
/// ```
///
/// Equal lower and upper values make an equation; infinities make a side free.
#[derive(Debug, Clone)]
pub struct QuadraticProgram<'a> {
    pub(crate) hessian: Hessian<'a>,
    /// `s`: what the Hessian is multiplied by.
    pub(crate) scale: f64,
    /// `d`, when there is one.
    pub(crate) diagonal: Option<Array1<f64>>,
    pub(crate) linear: Array1<f64>,
    pub(crate) constant: f64,
    pub(crate) lower: Array1<f64>,
    pub(crate) upper: Array1<f64>,
    /// `A`, one row a constraint.
    pub(crate) rows: Array2<f64>,
    pub(crate) row_lower: Array1<f64>,
    pub(crate) row_upper: Array1<f64>,
    pub(crate) curved: Curved,
}

/// What is known of the Hessian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Curved {
    /// Nothing yet.
    Untested,
    /// It is positive definite.
    Definite,
}

impl<'a> QuadraticProgram<'a> {
    /// Without constraints.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless the Hessian is square and `linear` has one finite element a variable.
    pub fn new(hessian: Hessian<'a>, linear: impl Into<Array1<f64>>) -> Result<Self> {
        let linear = linear.into();
        let n = hessian.len();
        if n == 0 {
            return Err(alluse_risk_core::Error::Empty { name: "hessian" }.into());
        }
        if let Hessian::Dense(matrix) = hessian {
            length("hessian columns", n, matrix.ncols())?;
        }
        length("linear", n, linear.len())?;
        elements("linear", "finite", &linear, f64::is_finite)?;
        Ok(Self {
            hessian,
            scale: 1.0,
            diagonal: None,
            linear,
            constant: 0.0,
            lower: Array1::from_elem(n, f64::NEG_INFINITY),
            upper: Array1::from_elem(n, f64::INFINITY),
            rows: Array2::zeros((0, n)),
            row_lower: Array1::zeros(0),
            row_upper: Array1::zeros(0),
            curved: Curved::Untested,
        })
    }

    /// With the Hessian multiplied by a positive number.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless it is finite and positive.
    pub fn with_scale(mut self, scale: f64) -> Result<Self> {
        ensure(scale > 0.0 && scale.is_finite(), "scale", "finite and positive", scale)?;
        self.scale = scale;
        Ok(self)
    }

    /// With a diagonal added to the scaled Hessian.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless it has one finite, not negative element a variable.
    pub fn with_diagonal(mut self, diagonal: impl Into<Array1<f64>>) -> Result<Self> {
        let diagonal = diagonal.into();
        length("diagonal", self.len(), diagonal.len())?;
        elements("diagonal", "finite and not negative", &diagonal, |v| v >= 0.0 && v.is_finite())?;
        self.diagonal = Some(diagonal);
        Ok(self)
    }

    /// With a constant added to the objective.
    #[must_use]
    pub fn with_constant(mut self, constant: f64) -> Self {
        self.constant = constant;
        self
    }

    /// With `lower ≤ x ≤ upper`.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a wrong length, [`Error::Invalid`](crate::Error::Invalid) for a NaN or a lower bound above its upper bound.
    pub fn with_bounds(mut self, lower: impl Into<Array1<f64>>, upper: impl Into<Array1<f64>>) -> Result<Self> {
        let (lower, upper) = (lower.into(), upper.into());
        length("lower", self.len(), lower.len())?;
        length("upper", self.len(), upper.len())?;
        ordered("bounds of variable", &lower, &upper)?;
        (self.lower, self.upper) = (lower, upper);
        Ok(self)
    }

    /// With `row_lower ≤ A x ≤ row_upper`.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a wrong shape or an entry that is not finite, [`Error::Invalid`](crate::Error::Invalid) for a NaN side or a
    /// lower side above its upper side.
    pub fn with_rows(
        mut self,
        rows: Array2<f64>,
        row_lower: impl Into<Array1<f64>>,
        row_upper: impl Into<Array1<f64>>,
    ) -> Result<Self> {
        let (row_lower, row_upper) = (row_lower.into(), row_upper.into());
        length("row columns", self.len(), rows.ncols())?;
        length("row_lower", rows.nrows(), row_lower.len())?;
        length("row_upper", rows.nrows(), row_upper.len())?;
        finite_matrix("rows", rows.view())?;
        ordered("sides of row", &row_lower, &row_upper)?;
        (self.rows, self.row_lower, self.row_upper) = (rows, row_lower, row_upper);
        Ok(self)
    }

    /// Number of variables, never zero.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a program without variables is refused")]
    pub fn len(&self) -> usize {
        self.linear.len()
    }
}

/// The optimum of a [`QuadraticProgram`] and its multipliers.
///
/// Stationarity reads `(s H + diag d) x + q + A'y + z = 0`: a multiplier is positive on an upper side, negative on a
/// lower side, zero away from both. Lifting an upper side by `ε` changes the optimum by `−ε` times its multiplier.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct QuadraticSolution {
    /// The variables.
    pub x: Array1<f64>,
    /// The objective, constant included.
    pub objective: f64,
    /// `z`, one a variable.
    pub bound_multipliers: Array1<f64>,
    /// `y`, one a row.
    pub row_multipliers: Array1<f64>,
    /// Iterations of the method.
    pub iterations: usize,
    /// The method that found it.
    pub method: &'static str,
}

//! What a caller states and what comes back.

use ndarray::{Array1, Array2, ArrayView2};

use crate::check::{elements, ensure, finite_matrix, length, ordered};
use crate::quadratic::Hessian;
use crate::{Error, Result};

/// What a scenario above zero costs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Penalty {
    /// `cₛ max(0, ·)` with `cₛ ≥ 0`.
    Linear(Array1<f64>),
    /// `½ cₛ max(0, ·)²` with `cₛ ≥ 0`.
    Squared(Array1<f64>),
    /// It is forbidden.
    Forbidden,
}

/// Affine functions `factor · Mₛ x[first..] + Σ level + eₛ`, one a scenario, and their penalty.
#[derive(Debug, Clone)]
pub(crate) struct HingeBlock<'a> {
    pub(super) matrix: ArrayView2<'a, f64>,
    pub(super) first: usize,
    pub(super) factor: f64,
    pub(super) levels: Vec<(usize, f64)>,
    pub(super) offsets: Array1<f64>,
    pub(super) penalty: Penalty,
    pub(super) charged_row: Option<usize>,
}

impl<'a> HingeBlock<'a> {
    /// `Mₛ x` over the leading variables, without offsets.
    pub(crate) fn new(matrix: ArrayView2<'a, f64>, penalty: Penalty) -> Self {
        let offsets = Array1::zeros(matrix.nrows());
        Self { matrix, first: 0, factor: 1.0, levels: Vec::new(), offsets, penalty, charged_row: None }
    }

    /// With the matrix multiplied by a number: −1 turns returns into losses without a copy.
    pub(crate) fn with_factor(mut self, factor: f64) -> Self {
        self.factor = factor;
        self
    }

    #[cfg(test)]
    /// With the columns of the matrix on the variables from `first` on.
    pub(crate) fn with_first(mut self, first: usize) -> Self {
        self.first = first;
        self
    }

    /// With `coefficient · x[variable]` added to every scenario: the threshold of expected shortfall.
    pub(crate) fn with_level(mut self, variable: usize, coefficient: f64) -> Self {
        self.levels.push((variable, coefficient));
        self
    }

    #[cfg(test)]
    /// With `eₛ`.
    pub(crate) fn with_offsets(mut self, offsets: impl Into<Array1<f64>>) -> Self {
        self.offsets = offsets.into();
        self
    }

    /// With the sum of its hinges added to a row, which has an upper side only, instead of the objective.
    pub(crate) fn charged_to_row(mut self, row: usize) -> Self {
        self.charged_row = Some(row);
        self
    }

    fn check(&self, n: usize) -> Result<()> {
        let (scenarios, columns) = self.matrix.dim();
        if scenarios == 0 || columns == 0 {
            return Err(alluse_risk_core::Error::Empty { name: "scenarios" }.into());
        }
        if self.first + columns > n {
            let reason = format!("columns {}..{} of {n} variables", self.first, self.first + columns);
            return Err(Error::invalid("scenarios", reason));
        }
        finite_matrix("scenarios", self.matrix)?;
        length("offsets", scenarios, self.offsets.len())?;
        elements("offsets", "finite", &self.offsets, f64::is_finite)?;
        if !(self.factor.is_finite() && self.factor != 0.0) {
            return Err(Error::invalid("factor", format!("{} is not a finite number other than zero", self.factor)));
        }
        for (variable, coefficient) in &self.levels {
            let columns = self.first..self.first + columns;
            if *variable >= n || columns.contains(variable) || !(coefficient.is_finite() && *coefficient != 0.0) {
                let reason = format!("{coefficient} times variable {variable} beside columns {columns:?} of {n}");
                return Err(Error::invalid("level", reason));
            }
        }
        if let Penalty::Linear(costs) | Penalty::Squared(costs) = &self.penalty {
            length("costs", scenarios, costs.len())?;
            elements("costs", "finite and not negative", costs, |c| c.is_finite() && c >= 0.0)?;
        }
        Ok(())
    }
}

/// The program of the [module](super).
#[derive(Debug, Clone)]
pub(crate) struct HingeProgram<'a> {
    pub(super) linear: Array1<f64>,
    pub(super) hessian: Option<(Hessian<'a>, f64)>,
    pub(super) diagonal: Option<Array1<f64>>,
    pub(super) lower: Array1<f64>,
    pub(super) upper: Array1<f64>,
    pub(super) rows: Array2<f64>,
    pub(super) row_lower: Array1<f64>,
    pub(super) row_upper: Array1<f64>,
    pub(super) blocks: Vec<HingeBlock<'a>>,
}

impl<'a> HingeProgram<'a> {
    /// With a linear objective and nothing else.
    ///
    /// # Errors
    /// [`Error::Input`] unless `linear` is finite and not empty.
    pub(crate) fn new(linear: impl Into<Array1<f64>>) -> Result<Self> {
        let linear = linear.into();
        let n = linear.len();
        if n == 0 {
            return Err(alluse_risk_core::Error::Empty { name: "linear" }.into());
        }
        elements("linear", "finite", &linear, f64::is_finite)?;
        Ok(Self {
            linear,
            hessian: None,
            diagonal: None,
            lower: Array1::from_elem(n, f64::NEG_INFINITY),
            upper: Array1::from_elem(n, f64::INFINITY),
            rows: Array2::zeros((0, n)),
            row_lower: Array1::zeros(0),
            row_upper: Array1::zeros(0),
            blocks: Vec::new(),
        })
    }

    /// With `½ scale · x'Hx` over the leading variables; `H` is positive semidefinite.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it has more rows than there are variables or is not square; [`Error::Input`] for
    /// an entry that is not finite or a scale that is not finite and positive.
    pub(crate) fn with_hessian(mut self, hessian: Hessian<'a>, scale: f64) -> Result<Self> {
        if hessian.len() > self.len() {
            let reason = format!("{} rows for {} variables", hessian.len(), self.len());
            return Err(Error::invalid("hessian", reason));
        }
        if let Hessian::Dense(matrix) = hessian {
            length("hessian columns", matrix.nrows(), matrix.ncols())?;
            finite_matrix("hessian", matrix)?;
        }
        ensure(scale > 0.0 && scale.is_finite(), "scale", "finite and positive", scale)?;
        self.hessian = Some((hessian, scale));
        Ok(self)
    }

    /// With `½ Σ dⱼ xⱼ²`.
    ///
    /// # Errors
    /// [`Error::Input`] unless it has one finite, not negative element a variable.
    pub(crate) fn with_diagonal(mut self, diagonal: impl Into<Array1<f64>>) -> Result<Self> {
        let diagonal = diagonal.into();
        length("diagonal", self.len(), diagonal.len())?;
        elements("diagonal", "finite and not negative", &diagonal, |d| d.is_finite() && d >= 0.0)?;
        self.diagonal = Some(diagonal);
        Ok(self)
    }

    /// With `lower ≤ x ≤ upper`.
    ///
    /// # Errors
    /// [`Error::Input`] for a wrong length, [`Error::Invalid`] for a NaN or a lower bound above its upper bound.
    pub(crate) fn with_bounds(mut self, lower: impl Into<Array1<f64>>, upper: impl Into<Array1<f64>>) -> Result<Self> {
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
    /// [`Error::Input`] for a wrong shape or an entry that is not finite, [`Error::Invalid`] for a NaN side or a
    /// lower side above its upper side.
    pub(crate) fn with_rows(
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

    /// With one more block of scenarios.
    ///
    /// # Errors
    /// [`Error::Input`] for a wrong length and an element out of its domain; [`Error::Invalid`] for columns
    /// outside the variables and a level among the columns of the matrix.
    pub(crate) fn with_block(mut self, block: HingeBlock<'a>) -> Result<Self> {
        block.check(self.len())?;
        self.blocks.push(block);
        Ok(self)
    }

    /// Number of variables, never zero.
    pub(crate) fn len(&self) -> usize {
        self.linear.len()
    }

    /// The optimum, verified.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a charged row that has a lower side, has no upper side, does not exist or belongs to
    /// a block that is not of plain hinges; [`Error::Infeasible`] when nothing satisfies the constraints, [`Error::Unbounded`] when the objective has
    /// no minimum, [`Error::NotConverged`] with what was left, [`Error::Numerical`] when a factorisation broke
    /// down.
    pub(crate) fn solve(&self) -> Result<HingeSolution> {
        super::method::solve(self)
    }
}

/// The optimum of a [`HingeProgram`] and its multipliers.
///
/// Stationarity reads `(s H + diag d) x + q + L'θ + A'y + z = 0`. A multiplier of a row or a bound is positive on an
/// upper side, negative on a lower side, zero away from both. A scenario charged to row `i` has `0 ≤ θₛ ≤ cₛ yᵢ`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct HingeSolution {
    /// The variables.
    pub(crate) x: Array1<f64>,
    /// The objective.
    pub(crate) objective: f64,
    /// `θ`, one array a block and one element a scenario.
    pub(crate) scenario_multipliers: Vec<Array1<f64>>,
    /// `y`, one a row.
    pub(crate) row_multipliers: Array1<f64>,
    /// `z`, one a variable.
    pub(crate) bound_multipliers: Array1<f64>,
    /// The objective less the bound that the multipliers prove, as a fraction of the objective's size.
    pub(crate) relative_gap: f64,
    /// The largest violation of a row or a forbidden scenario, in units of its largest term.
    pub(crate) primal_residual: f64,
    /// The largest part of stationarity that no bound can carry, in units of the objective's gradient.
    pub(crate) dual_residual: f64,
    /// Iterations of the interior-point method.
    pub(crate) iterations: usize,
}

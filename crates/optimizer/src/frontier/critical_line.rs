//! The question the critical line answers.

use ndarray::{Array1, Array2, ArrayView1};

use super::Frontier;
use super::path::Path;
use crate::{Hessian, QuadraticProgram, Result, RiskModel, check};

/// All efficient portfolios of some assets.
///
/// ```text
/// maximise  λ μ'w − ½ w'Σw   for every λ ≥ 0      Σᵢ wᵢ = budget,  lower ≤ w ≤ upper,  row_lower ≤ A w ≤ row_upper
/// ```
///
/// | parameter | default  | meaning                           |
/// |-----------|----------|-----------------------------------|
/// | `bounds`  | 0 to ∞   | least and greatest weights        |
/// | `budget`  | 1        | what the weights add up to        |
/// | `rows`    | none     | two-sided limits on combinations  |
///
/// # Source
/// Markowitz (1956), *The optimization of a quadratic function subject to linear constraints*; Niedermayer and
/// Niedermayer (2006), *Applying Markowitz's critical line algorithm*; Bailey and López de Prado (2013), *An
/// open-source implementation of the critical-line algorithm*. Where several limits change at once, the next
/// direction is that of the program of directions (Best and Chakravarti 1990), so that ties need no perturbation.
///
/// # Examples
/// ```
/// use alluse_optimizer::{RiskModel, frontier::CriticalLine};
/// use alluse_risk_core::Covariance;
/// use ndarray::array;
///
/// let risk = RiskModel::from(Covariance::new(array![[0.04, 0.0], [0.0, 0.01]])?);
/// let frontier = CriticalLine::new(array![0.10, 0.04].view(), &risk)?.trace()?;
///
/// // From the asset with the larger mean alone down to the least variance, weights inverse to the variances.
/// assert_eq!(frontier.corners.len(), 2);
/// assert!((frontier.minimum_variance()?.weights[0] - 0.2).abs() < 1e-14);
/// assert!((frontier.maximum_return()?.mean - 0.10).abs() < 1e-14);
/// // Weights of the best Sharpe ratio are proportional to mean over variance: 2.5 to 4.
/// assert!((frontier.maximum_sharpe(0.0)?.weights[0] - 2.5 / 6.5).abs() < 1e-12);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CriticalLine<'a> {
    risk: &'a RiskModel,
    mean: Array1<f64>,
    lower: Array1<f64>,
    upper: Array1<f64>,
    budget: f64,
    rows: Array2<f64>,
    row_lower: Array1<f64>,
    row_upper: Array1<f64>,
}

impl<'a> CriticalLine<'a> {
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless there is one finite mean an asset.
    pub fn new(mean: ArrayView1<'_, f64>, risk: &'a RiskModel) -> Result<Self> {
        let n = risk.len();
        check::length("mean", n, mean.len())?;
        check::elements("mean", "finite", mean, f64::is_finite)?;
        Ok(Self {
            risk,
            mean: mean.to_owned(),
            lower: Array1::zeros(n),
            upper: Array1::from_elem(n, f64::INFINITY),
            budget: 1.0,
            rows: Array2::zeros((0, n)),
            row_lower: Array1::zeros(0),
            row_upper: Array1::zeros(0),
        })
    }

    /// With least and greatest weights; infinities leave a side free.
    ///
    /// # Errors
    /// Those of [`QuadraticProgram::with_bounds`].
    pub fn with_bounds(mut self, lower: impl Into<Array1<f64>>, upper: impl Into<Array1<f64>>) -> Result<Self> {
        (self.lower, self.upper) = (lower.into(), upper.into());
        self.checked()
    }

    /// With limits on combinations of weights.
    ///
    /// # Errors
    /// Those of [`QuadraticProgram::with_rows`].
    pub fn with_rows(
        mut self,
        rows: Array2<f64>,
        row_lower: impl Into<Array1<f64>>,
        row_upper: impl Into<Array1<f64>>,
    ) -> Result<Self> {
        (self.rows, self.row_lower, self.row_upper) = (rows, row_lower.into(), row_upper.into());
        self.checked()
    }

    /// With another sum of the weights.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless it is finite.
    pub fn with_budget(mut self, budget: f64) -> Result<Self> {
        self.budget = check::number("budget", budget)?;
        Ok(self)
    }

    /// Follows the frontier from the least variance upwards.
    ///
    /// One direction between two corners costs a factorisation of the covariance of the assets held between their
    /// bounds. Each corner has met its optimality conditions to 1e-10 of the terms they are made of.
    ///
    /// # Errors
    /// - [`Error::Input`](crate::Error::Input) unless the covariance is positive definite: there would be more than one frontier
    ///   portfolio for a mean.
    /// - [`Error::Infeasible`](crate::Error::Infeasible) when nothing meets all limits.
    /// - [`Error::NotConverged`](crate::Error::NotConverged) when rounding defeats the method.
    pub fn trace(&self) -> Result<Frontier> {
        let program = self.program()?.proven_definite()?;
        let (corners, ray) = Path::start(program, self.mean.clone())?.follow()?;
        Ok(Frontier { assets: self.risk.assets().map(<[_]>::to_vec), corners, ray })
    }

    /// The minimum variance program, the budget its first row.
    pub(super) fn program(&self) -> Result<QuadraticProgram<'a>> {
        let n = self.mean.len();
        let hessian = match self.risk {
            RiskModel::Dense(matrix) => Hessian::Dense(matrix.view()),
            RiskModel::Factored(model) => Hessian::Factored(model),
        };
        let mut rows = Array2::ones((1 + self.rows.nrows(), n));
        for (mut to, from) in rows.outer_iter_mut().skip(1).zip(self.rows.outer_iter()) {
            to.assign(&from);
        }
        let sides = |sides: &Array1<f64>| std::iter::once(self.budget).chain(sides.iter().copied()).collect();
        let (row_lower, row_upper): (Array1<f64>, Array1<f64>) = (sides(&self.row_lower), sides(&self.row_upper));
        QuadraticProgram::new(hessian, Array1::zeros(n))?
            .with_bounds(self.lower.clone(), self.upper.clone())?
            .with_rows(rows, row_lower, row_upper)
    }

    /// With limits that a program accepts, named as the caller knows them.
    fn checked(self) -> Result<Self> {
        let n = self.mean.len();
        check::length("row columns", n, self.rows.ncols())?;
        let flat = Array2::zeros((n, n));
        QuadraticProgram::new(Hessian::Dense(flat.view()), Array1::zeros(n))?
            .with_bounds(self.lower.clone(), self.upper.clone())?
            .with_rows(self.rows.clone(), self.row_lower.clone(), self.row_upper.clone())?;
        Ok(self)
    }
}

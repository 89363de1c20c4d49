//! What is optimised within a cluster and between clusters.

use alluse_risk_core::{Covariance, Error as Core, linalg};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::risk_budgeting::RiskBudgeting;
use crate::{Error, Hessian, QuadraticProgram, Result, RiskModel};

/// An objective of one of the small problems of nested clustering; weights sum to 1 in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClusterObjective {
    /// The least variance of weights that are not negative.
    #[default]
    MinimumVariance,
    /// `Σ⁻¹1 / 1'Σ⁻¹1`: the least variance of any weights.
    UnconstrainedMinimumVariance,
    /// The largest `m'w/√(w'Σw)` of weights that are not negative. Needs expected returns, one of them positive.
    MaximumSharpe,
    /// `Σ⁻¹m / 1'Σ⁻¹m`: the same of any weights. Needs expected returns with `1'Σ⁻¹m > 0`.
    UnconstrainedMaximumSharpe,
    /// `1/n` each.
    EqualWeight,
    /// Proportional to `1/σ²`.
    InverseVariance,
    /// Every asset carries the same part of the volatility; weights are positive.
    EqualRiskContribution,
}

impl ClusterObjective {
    /// Whether expected returns enter.
    pub(super) fn needs_expected_returns(self) -> bool {
        matches!(self, Self::MaximumSharpe | Self::UnconstrainedMaximumSharpe)
    }

    /// The weights; a single asset always weighs 1. Expected returns must be given where they are needed.
    pub(super) fn weights(
        self,
        covariance: ArrayView2<'_, f64>,
        expected_returns: Option<ArrayView1<'_, f64>>,
    ) -> Result<Array1<f64>> {
        let n = covariance.nrows();
        if n == 1 {
            return Ok(Array1::ones(1));
        }
        let scale = scale(covariance)?;
        let expected = || {
            let name = "expected_returns";
            expected_returns.ok_or_else(|| Error::from(Core::Empty { name }))
        };
        match self {
            Self::MinimumVariance => minimum_variance(covariance, scale),
            Self::UnconstrainedMinimumVariance => unconstrained(covariance, scale, Array1::ones(n).view()),
            Self::MaximumSharpe => maximum_sharpe(covariance, scale, expected()?),
            Self::UnconstrainedMaximumSharpe => unconstrained(covariance, scale, expected()?),
            Self::EqualWeight => Ok(Array1::from_elem(n, 1.0 / n as f64)),
            Self::InverseVariance => {
                // Relative to the mean variance, so that no reciprocal overflows alone.
                let inverse = covariance.diag().mapv(|v| 1.0 / (scale * v));
                let total = inverse.sum();
                Ok(inverse / total)
            }
            Self::EqualRiskContribution => {
                let model = RiskModel::Dense(Covariance::new(&covariance * scale)?);
                Ok(RiskBudgeting::default().solve(&model)?.weights.view().to_owned())
            }
        }
    }
}

/// One over the mean variance, so that tolerances do not depend on the unit.
fn scale(covariance: ArrayView2<'_, f64>) -> Result<f64> {
    if let Some(index) = covariance.diag().iter().position(|v| !(*v > 0.0)) {
        let (name, expected, value) = ("variances", "positive", covariance[[index, index]]);
        return Err(Core::ElementOutOfDomain { name, index, expected, value }.into());
    }
    Ok(covariance.nrows() as f64 / covariance.diag().sum())
}

fn minimum_variance(covariance: ArrayView2<'_, f64>, scale: f64) -> Result<Array1<f64>> {
    let n = covariance.nrows();
    let program = QuadraticProgram::new(Hessian::Dense(covariance), Array1::zeros(n))?
        .with_scale(scale)?
        .with_bounds(Array1::zeros(n), Array1::ones(n))?
        .with_rows(Array2::ones((1, n)), Array1::ones(1), Array1::ones(1))?;
    Ok(program.solve()?.x)
}

/// Cornuéjols and Tütüncü: the least variance of `y ≥ 0` with `m'y = 1`, then scaled to sum 1.
fn maximum_sharpe(covariance: ArrayView2<'_, f64>, scale: f64, expected: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
    let n = covariance.nrows();
    let largest = expected.iter().fold(f64::NEG_INFINITY, |largest, m| largest.max(*m));
    if !(largest > 0.0) {
        let reason = format!("no excess return is positive, the largest is {largest:e}");
        return Err(Error::Infeasible { what: "the long-only maximum Sharpe ratio", reason });
    }
    let row = (&expected / largest).insert_axis(Axis(0));
    let program = QuadraticProgram::new(Hessian::Dense(covariance), Array1::zeros(n))?
        .with_scale(scale)?
        .with_bounds(Array1::zeros(n), Array1::from_elem(n, f64::INFINITY))?
        .with_rows(row, Array1::ones(1), Array1::ones(1))?;
    let y = program.solve()?.x;
    let total = y.sum();
    Ok(y / total)
}

/// `Σ⁻¹m / 1'Σ⁻¹m`.
fn unconstrained(covariance: ArrayView2<'_, f64>, scale: f64, m: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
    let largest = m.iter().fold(0.0_f64, |largest, m| largest.max(m.abs()));
    let shape = if largest > 0.0 { &m / largest } else { m.to_owned() };
    let x = linalg::solve_positive_definite((&covariance * scale).view(), shape.view())?;
    let (total, gross) = (x.sum(), x.mapv(f64::abs).sum());
    if total > x.len() as f64 * f64::EPSILON * gross {
        return Ok(x / total);
    }
    let reason = format!("the sum of the inverse covariance times the expected returns is {total:e}, not positive");
    Err(Error::Undefined { what: "the portfolio of maximum Sharpe ratio with sum 1", reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alluse_risk_core::ErrorKind;
    use ndarray::array;
    use testkit::close;

    const ALL: [ClusterObjective; 7] = [
        ClusterObjective::MinimumVariance,
        ClusterObjective::UnconstrainedMinimumVariance,
        ClusterObjective::MaximumSharpe,
        ClusterObjective::UnconstrainedMaximumSharpe,
        ClusterObjective::EqualWeight,
        ClusterObjective::InverseVariance,
        ClusterObjective::EqualRiskContribution,
    ];

    #[test]
    fn two_assets_by_hand() {
        // Σ⁻¹ ∝ [[4, −1.5], [−1.5, 1]]: Σ⁻¹1 ∝ (2.5, −0.5), Σ⁻¹(1, 2) ∝ (1, 0.5), Σ⁻¹(2, 1) ∝ (6.5, −2).
        let covariance = array![[0.01, 0.015], [0.015, 0.04]];
        let (low, high) = (array![0.1, 0.2], array![0.2, 0.1]);
        for (objective, expected, want) in [
            (ClusterObjective::MinimumVariance, &low, [1.0, 0.0]),
            (ClusterObjective::UnconstrainedMinimumVariance, &low, [1.25, -0.25]),
            (ClusterObjective::MaximumSharpe, &low, [2.0 / 3.0, 1.0 / 3.0]),
            (ClusterObjective::MaximumSharpe, &high, [1.0, 0.0]),
            (ClusterObjective::UnconstrainedMaximumSharpe, &high, [6.5 / 4.5, -2.0 / 4.5]),
            (ClusterObjective::EqualWeight, &low, [0.5, 0.5]),
            (ClusterObjective::InverseVariance, &low, [0.8, 0.2]),
            // Two assets: inverse volatility, whatever their correlation.
            (ClusterObjective::EqualRiskContribution, &low, [2.0 / 3.0, 1.0 / 3.0]),
        ] {
            for unit in [1e-12, 1.0, 1e12] {
                let weights = objective.weights((&covariance * unit).view(), Some(expected.view())).unwrap();
                close(weights[0], want[0], 1e-12);
                close(weights[1], want[1], 1e-12);
            }
        }
    }

    #[test]
    fn a_single_asset_weighs_one() {
        for objective in ALL {
            assert_eq!(objective.weights(array![[0.04]].view(), Some(array![-0.1].view())).unwrap(), array![1.0]);
        }
    }

    #[test]
    fn questions_without_an_answer() {
        let covariance = array![[0.01, 0.0], [0.0, 0.04]];
        let of = |objective: ClusterObjective, covariance: &Array2<f64>, expected: Option<&Array1<f64>>| {
            objective.weights(covariance.view(), expected.map(|m| m.view())).unwrap_err().kind()
        };
        let falling = array![-0.1, -0.2];
        assert_eq!(of(ClusterObjective::MaximumSharpe, &covariance, Some(&falling)), ErrorKind::Infeasible);
        assert_eq!(of(ClusterObjective::UnconstrainedMaximumSharpe, &covariance, Some(&falling)), ErrorKind::Undefined);
        let flat = array![0.0, 0.0];
        assert_eq!(of(ClusterObjective::UnconstrainedMaximumSharpe, &covariance, Some(&flat)), ErrorKind::Undefined);
        for objective in ALL.into_iter().filter(|objective| objective.needs_expected_returns()) {
            assert_eq!(of(objective, &covariance, None), ErrorKind::InvalidInput);
        }
        let singular = array![[1.0, 1.0], [1.0, 1.0]];
        assert_eq!(of(ClusterObjective::UnconstrainedMinimumVariance, &singular, None), ErrorKind::Numerical);
        let indefinite = array![[1.0, 2.0], [2.0, 1.0]];
        for objective in [ClusterObjective::MinimumVariance, ClusterObjective::UnconstrainedMinimumVariance] {
            assert_eq!(of(objective, &indefinite, None), ErrorKind::Numerical, "{objective:?}");
        }
        let still = array![[1.0, 0.0], [0.0, 0.0]];
        assert_eq!(of(ClusterObjective::InverseVariance, &still, None), ErrorKind::InvalidInput);
    }

    #[test]
    fn identical_assets_have_a_long_only_answer() {
        let weights = ClusterObjective::MinimumVariance.weights(array![[1.0, 1.0], [1.0, 1.0]].view(), None).unwrap();
        close(weights.sum(), 1.0, 1e-14);
        assert!(weights.iter().all(|w| *w >= 0.0));
    }
}

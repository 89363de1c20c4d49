//! Coordinates in which the distance of a scenario is its length.

use alluse_risk_core::Error as CoreError;
use alluse_risk_core::linalg::symmetric_eigen;
use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::loss::ScenarioLoss;
use crate::{Error, FactorModel, Result};

/// `x = μ + A y` with `AA' = Σ`; the axes of `y` are the principal components of the correlation.
#[derive(Debug)]
pub(super) struct Space {
    mean: Array1<f64>,
    root: Array2<f64>,
}

/// Components of the correlation with a smaller share of its largest eigenvalue do not move on their own.
const NEGLIGIBLE: f64 = 1e-10;

impl Space {
    pub(super) fn new(model: &FactorModel) -> Result<Self> {
        let volatilities = model.volatilities();
        let live: Vec<usize> = (0..volatilities.len()).filter(|&i| volatilities[i] > 0.0).collect();
        if live.is_empty() {
            let reason = "no factor of the model moves".to_owned();
            return Err(Error::Infeasible { what: "reverse stress test", reason });
        }
        let sigma = model.covariance().view();
        let correlation = Array2::from_shape_fn((live.len(), live.len()), |(i, j)| {
            let (i, j) = (live[i.max(j)], live[i.min(j)]);
            sigma[[i, j]] / volatilities[i] / volatilities[j]
        });
        let eigen = symmetric_eigen(correlation.view())?;
        let largest = eigen.values[live.len() - 1];
        // Largest first: the axes that matter most come first among the starts.
        let kept: Vec<usize> = (0..live.len()).rev().filter(|&k| eigen.values[k] > NEGLIGIBLE * largest).collect();
        let mut root = Array2::zeros((volatilities.len(), kept.len()));
        for (row, &factor) in live.iter().enumerate() {
            for (column, &k) in kept.iter().enumerate() {
                root[[factor, column]] = volatilities[factor] * eigen.vectors[[row, k]] * eigen.values[k].sqrt();
            }
        }
        Ok(Self { mean: model.mean().to_owned(), root })
    }

    /// Dimensions in which scenarios can differ.
    pub(super) fn rank(&self) -> usize {
        self.root.ncols()
    }

    pub(super) fn moves(&self, y: ArrayView1<'_, f64>) -> Array1<f64> {
        &self.mean + &self.root.dot(&y)
    }

    /// The gradient by `y` of a gradient by the moves.
    pub(super) fn pulled(&self, gradient: ArrayView1<'_, f64>) -> Array1<f64> {
        self.root.t().dot(&gradient)
    }
}

/// A loss in these coordinates.
#[derive(Debug)]
pub(super) struct Problem<'a> {
    pub(super) space: &'a Space,
    pub(super) loss: &'a dyn ScenarioLoss,
}

/// A scenario with what is known about the loss there.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) y: Array1<f64>,
    pub(super) loss: f64,
    pub(super) gradient: Array1<f64>,
}

impl Point {
    pub(super) fn distance(&self) -> f64 {
        norm(&self.y)
    }

    /// Sine of the angle between the scenario and the gradient of its loss: zero where the level set of the loss
    /// touches a sphere.
    pub(super) fn kkt_residual(&self) -> f64 {
        let (slope, distance) = (norm(&self.gradient), self.distance());
        if !(slope > 0.0 && distance > 0.0) {
            return 1.0;
        }
        let along = &self.gradient / slope;
        let across = &self.y - &(&along * along.dot(&self.y));
        norm(&across) / distance
    }
}

pub(super) fn norm(v: &Array1<f64>) -> f64 {
    v.dot(v).sqrt()
}

impl Problem<'_> {
    pub(super) fn at(&self, y: Array1<f64>) -> Result<Point> {
        let (loss, gradient) = self.loss.loss_and_gradient(self.space.moves(y.view()).view())?;
        let gradient = self.space.pulled(gradient.view());
        checked(loss)?;
        Ok(Point { y, loss, gradient })
    }

    pub(super) fn losses(&self, points: &[Array1<f64>]) -> Result<Array1<f64>> {
        let mut moves = Array2::zeros((points.len(), self.space.mean.len()));
        for (mut row, y) in moves.axis_iter_mut(Axis(0)).zip(points) {
            row.assign(&self.space.moves(y.view()));
        }
        let losses = self.loss.losses(moves.view())?;
        losses.iter().try_for_each(|loss| checked(*loss))?;
        Ok(losses)
    }

    pub(super) fn value(&self, y: &Array1<f64>) -> Result<f64> {
        Ok(self.losses(std::slice::from_ref(y))?[0])
    }

    /// Second derivatives: the loss's own, or differences of its gradient a thousandth of a standard deviation to each
    /// side.
    pub(super) fn hessian(&self, y: &Array1<f64>) -> Result<Array2<f64>> {
        const STEP: f64 = 1e-3;
        if let Some(hessian) = self.loss.hessian(self.space.moves(y.view()).view())? {
            return Ok(self.space.root.t().dot(&hessian.dot(&self.space.root)));
        }
        let n = y.len();
        let mut hessian = Array2::zeros((n, n));
        for (k, mut column) in hessian.columns_mut().into_iter().enumerate() {
            let side = |step: f64| {
                let mut moved = y.clone();
                moved[k] += step;
                self.at(moved)
            };
            let (up, down) = (side(STEP)?.gradient, side(-STEP)?.gradient);
            column.assign(&((up - down) / (2.0 * STEP)));
        }
        Ok((&hessian + &hessian.t()) * 0.5)
    }
}

fn checked(loss: f64) -> Result<()> {
    if loss.is_finite() {
        return Ok(());
    }
    Err(CoreError::OutOfDomain { name: "loss of a scenario", expected: "finite", value: loss }.into())
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::super::loss::LinearLoss;
    use super::*;
    use crate::factors::tests::spots;

    #[test]
    fn the_root_is_one_of_the_covariance() {
        let sigma = array![[4e-4, 1e-4, 0.0], [1e-4, 1e-2, 0.0], [0.0, 0.0, 0.0]];
        let model = spots(&["A", "B", "C"], sigma.clone()).with_mean(vec![0.1, 0.2, 0.3]).unwrap();
        let space = Space::new(&model).unwrap();
        assert_eq!(space.rank(), 2);
        let product = space.root.dot(&space.root.t());
        assert!((&product - &sigma).iter().all(|v| v.abs() < 1e-17));
        assert_eq!(space.moves(Array1::zeros(2).view()), array![0.1, 0.2, 0.3]);
        assert!(matches!(Space::new(&spots(&["A"], array![[0.0]])), Err(Error::Infeasible { .. })));
    }

    #[test]
    fn residuals_are_angles() {
        let point = |y: Array1<f64>, gradient| Point { y, loss: 0.0, gradient };
        assert!(point(array![3.0, 4.0], array![0.6, 0.8]).kkt_residual() < 1e-15);
        assert!((point(array![1.0, 1.0], array![2.0, 0.0]).kkt_residual() - 0.5_f64.sqrt()).abs() < 1e-15);
        assert_eq!(point(array![1.0, 1.0], array![0.0, 0.0]).kkt_residual(), 1.0);
        assert_eq!(point(array![3.0, 4.0], array![1.0, 0.0]).distance(), 5.0);
    }

    #[test]
    fn losses_in_whitened_coordinates() {
        let model = spots(&["A", "B"], array![[4.0, 0.0], [0.0, 9.0]]);
        let (space, loss) = (Space::new(&model).unwrap(), LinearLoss::new(array![1.0, 1.0]).unwrap());
        let problem = Problem { space: &space, loss: &loss };
        let at = problem.at(array![1.0, 1.0]).unwrap();
        // The axes are ±A and ±B in some order, so lengths are what can be said: 2² + 3².
        assert!((at.gradient.dot(&at.gradient) - 13.0).abs() < 1e-12);
        assert_eq!(problem.value(&at.y).unwrap(), at.loss);
        let endless = problem.value(&array![f64::MAX, f64::MAX]);
        assert!(matches!(endless, Err(Error::Input(CoreError::OutOfDomain { .. }))));
    }
}

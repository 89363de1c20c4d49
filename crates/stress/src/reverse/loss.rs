//! What a joint move of factors costs.

use std::fmt;

use alluse_risk_core::{Covariance, Error as CoreError, Factor};
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::factors::{finite, length};
use crate::{FactorModel, Result};

/// Step of the central differences that stand in for a gradient nobody supplied.
const STEP: f64 = 1e-4;

/// The loss of something as a function of factor moves, for [`ReverseStress`](super::ReverseStress).
pub trait ScenarioLoss: fmt::Debug + Send + Sync {
    /// Number of factors.
    fn factors(&self) -> usize;

    /// Loss of every row of moves, scenarios × factors, base currency, losses positive.
    ///
    /// # Errors
    /// When a move cannot be valued.
    fn losses(&self, moves: ArrayView2<'_, f64>) -> Result<Array1<f64>>;

    /// Loss and its derivative by each factor's move. By default central differences of step 1e-4, all in one batch.
    ///
    /// # Errors
    /// Those of [`losses`](Self::losses).
    fn loss_and_gradient(&self, moves: ArrayView1<'_, f64>) -> Result<(f64, Array1<f64>)> {
        let n = moves.len();
        let batch = Array2::from_shape_fn((2 * n + 1, n), |(row, factor)| {
            let side = if row == 2 * factor + 1 {
                STEP
            } else if row == 2 * factor + 2 {
                -STEP
            } else {
                0.0
            };
            moves[factor] + side
        });
        let losses = self.losses(batch.view())?;
        let gradient = (0..n).map(|factor| (losses[2 * factor + 1] - losses[2 * factor + 2]) / (2.0 * STEP)).collect();
        Ok((losses[0], gradient))
    }

    /// Second derivatives, factors × factors, where they are cheap to have; without them the search takes differences
    /// of gradients.
    ///
    /// # Errors
    /// When a move cannot be valued.
    fn hessian(&self, _moves: ArrayView1<'_, f64>) -> Result<Option<Array2<f64>>> {
        Ok(None)
    }

    /// A quick approximation within `radius` standard deviations, on which to search; what is found is then polished
    /// and measured on the loss itself.
    ///
    /// # Errors
    /// When the loss cannot be valued there.
    fn surrogate(&self, _model: &FactorModel, _radius: f64) -> Result<Option<Box<dyn ScenarioLoss>>> {
        Ok(None)
    }
}

/// The loss `−d'x` of a linear book.
///
/// ```
/// use alluse_stress::{LinearLoss, ScenarioLoss};
/// use ndarray::array;
///
/// let loss = LinearLoss::new(array![1_000.0, -500.0])?;
/// assert_eq!(loss.losses(array![[-0.1, 0.2]].view())?[0], 200.0);
/// # Ok::<(), alluse_stress::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LinearLoss {
    exposures: Array1<f64>,
}

impl LinearLoss {
    /// From the money gained per unit of each factor's move, in the order of the model.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) without exposures and for one that is not finite.
    pub fn new(exposures: impl Into<Array1<f64>>) -> Result<Self> {
        let exposures = exposures.into();
        if exposures.is_empty() {
            return Err(CoreError::Empty { name: "exposures" }.into());
        }
        finite("exposures", exposures.view())?;
        Ok(Self { exposures })
    }

    /// From exposures by name; factors not named have none.
    ///
    /// # Errors
    /// [`Error::UnknownFactor`](crate::Error::UnknownFactor), and [`Error::Input`](crate::Error::Input) for a factor
    /// given twice and an exposure that is not finite.
    pub fn named(model: &FactorModel, exposures: &[(Factor, f64)]) -> Result<Self> {
        Self::new(model.spread("exposures", exposures)?)
    }

    /// Money gained per unit of each factor's move.
    #[must_use]
    pub fn exposures(&self) -> ArrayView1<'_, f64> {
        self.exposures.view()
    }
}

impl ScenarioLoss for LinearLoss {
    fn factors(&self) -> usize {
        self.exposures.len()
    }

    fn losses(&self, moves: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        length("moves columns", self.factors(), moves.ncols())?;
        Ok(-moves.dot(&self.exposures))
    }

    fn loss_and_gradient(&self, moves: ArrayView1<'_, f64>) -> Result<(f64, Array1<f64>)> {
        length("moves", self.factors(), moves.len())?;
        Ok((-moves.dot(&self.exposures), -&self.exposures))
    }

    fn hessian(&self, _moves: ArrayView1<'_, f64>) -> Result<Option<Array2<f64>>> {
        Ok(Some(Array2::zeros((self.factors(), self.factors()))))
    }
}

/// The loss `−(d'x + ½ x'Γx)` of a book to second order.
///
/// ```
/// use alluse_stress::{QuadraticLoss, ScenarioLoss};
/// use ndarray::array;
///
/// let loss = QuadraticLoss::new(array![100.0], array![[-4_000.0]])?;
/// assert_eq!(loss.losses(array![[-0.5]].view())?[0], 550.0); // 50 + ½ · 4000 · 0.25
/// # Ok::<(), alluse_stress::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct QuadraticLoss {
    delta: Array1<f64>,
    gamma: Array2<f64>,
}

impl QuadraticLoss {
    /// From first and second derivatives of the P&L by the moves.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) without factors, unless `gamma` is square with one row a factor, finite
    /// and symmetric.
    pub fn new(delta: impl Into<Array1<f64>>, gamma: impl Into<Array2<f64>>) -> Result<Self> {
        let delta = LinearLoss::new(delta)?.exposures;
        let gamma = gamma.into();
        length("gamma", delta.len(), gamma.nrows())?;
        // A covariance plus a large enough diagonal is checked for everything that a gamma must be.
        let shift = gamma.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        let mut checked = gamma.clone();
        checked.diag_mut().mapv_inplace(|v| v + 2.0 * shift);
        Covariance::new(checked)?;
        let gamma = (&gamma + &gamma.t()) * 0.5;
        Ok(Self { delta, gamma })
    }
}

impl ScenarioLoss for QuadraticLoss {
    fn factors(&self) -> usize {
        self.delta.len()
    }

    fn losses(&self, moves: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
        length("moves columns", self.factors(), moves.ncols())?;
        let bent = moves.dot(&self.gamma);
        let curved = (&bent * &moves).sum_axis(Axis(1));
        Ok(-(moves.dot(&self.delta) + curved * 0.5))
    }

    fn loss_and_gradient(&self, moves: ArrayView1<'_, f64>) -> Result<(f64, Array1<f64>)> {
        length("moves", self.factors(), moves.len())?;
        let bent = self.gamma.dot(&moves);
        Ok((-(moves.dot(&self.delta) + 0.5 * moves.dot(&bent)), -(&self.delta + &bent)))
    }

    fn hessian(&self, _moves: ArrayView1<'_, f64>) -> Result<Option<Array2<f64>>> {
        Ok(Some(-&self.gamma))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::Error;
    use crate::factors::tests::{spot, spots};

    /// Only what has no default.
    #[derive(Debug)]
    struct Bare(QuadraticLoss);

    impl ScenarioLoss for Bare {
        fn factors(&self) -> usize {
            self.0.factors()
        }

        fn losses(&self, moves: ArrayView2<'_, f64>) -> Result<Array1<f64>> {
            self.0.losses(moves)
        }
    }

    #[test]
    fn gradients_agree_with_differences() {
        let loss = QuadraticLoss::new(array![1.0, -2.0], array![[3.0, 0.5], [0.5, -4.0]]).unwrap();
        let at = array![0.3, -0.7];
        let (value, gradient) = loss.loss_and_gradient(at.view()).unwrap();
        // By hand: d'x = 1.7; Γx = (0.55, 2.95); ½x'Γx = ½(0.165 − 2.065) = −0.95.
        assert!((value + 0.75).abs() < 1e-15);
        assert!((gradient[0] + 1.55).abs() < 1e-15 && (gradient[1] + 0.95).abs() < 1e-15);
        assert!((loss.losses(array![[0.0, 0.0], [0.3, -0.7]].view()).unwrap()[1] + 0.75).abs() < 1e-15);
        let bare = Bare(loss.clone());
        let (same, differences) = bare.loss_and_gradient(at.view()).unwrap();
        assert_eq!(same, value);
        // Central differences of a quadratic are exact up to rounding over the step.
        assert!(differences.iter().zip(&gradient).all(|(a, b)| (a - b).abs() < 1e-11));
        assert_eq!(loss.hessian(at.view()).unwrap().unwrap(), array![[-3.0, -0.5], [-0.5, 4.0]]);
        assert_eq!(bare.hessian(at.view()).unwrap(), None);
        assert!(bare.surrogate(&spots(&["A"], array![[1.0]]), 5.0).unwrap().is_none());
    }

    #[test]
    fn one_wrong_thing_at_a_time() {
        assert!(matches!(LinearLoss::new(Array1::zeros(0)), Err(Error::Input(CoreError::Empty { .. }))));
        assert!(matches!(
            LinearLoss::new(array![0.0, f64::NAN]),
            Err(Error::Input(CoreError::ElementOutOfDomain { index: 1, .. }))
        ));
        assert!(QuadraticLoss::new(array![1.0], Array2::zeros((2, 2))).is_err());
        assert!(QuadraticLoss::new(array![1.0, 2.0], array![[0.0, 1.0], [2.0, 0.0]]).is_err());
        assert!(QuadraticLoss::new(array![1.0], array![[f64::INFINITY]]).is_err());
        let model = spots(&["A", "B"], Array2::eye(2));
        assert!(matches!(LinearLoss::named(&model, &[(spot("C"), 1.0)]), Err(Error::UnknownFactor { .. })));
        let loss = LinearLoss::named(&model, &[(spot("B"), 2.0)]).unwrap();
        assert_eq!(loss.exposures(), array![0.0, 2.0]);
        assert!(loss.losses(Array2::zeros((1, 3)).view()).is_err());
        assert!(loss.loss_and_gradient(array![0.0].view()).is_err());
        let quadratic = QuadraticLoss::new(array![1.0], array![[1.0]]).unwrap();
        assert!(quadratic.losses(Array2::zeros((1, 3)).view()).is_err());
        assert!(quadratic.loss_and_gradient(array![0.0, 0.0].view()).is_err());
    }
}

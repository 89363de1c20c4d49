//! The P&L of factor moves.

use std::fmt;

use alluse_risk_core::linalg::matvec;
use alluse_risk_core::{Error as CoreError, Result as CoreResult};
use ndarray::{Array1, ArrayView2};

use crate::{DeltaGamma, Result};

/// What a book gains when its factors move.
pub trait FactorPnl: fmt::Debug + Send + Sync {
    /// One P&L a row of `moves`, paths × factors.
    ///
    /// # Errors
    /// For the wrong number of factors, and whatever the valuation refuses.
    fn pnl(&self, moves: ArrayView2<'_, f64>) -> CoreResult<Array1<f64>>;
}

/// A book that is linear in simple returns.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearPnl {
    exposures: Array1<f64>,
}

impl LinearPnl {
    /// From money per factor.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) without exposures and for one that is not finite.
    pub fn new(exposures: impl Into<Array1<f64>>) -> Result<Self> {
        let exposures = exposures.into();
        if exposures.is_empty() {
            return Err(CoreError::Empty { name: "exposures" }.into());
        }
        if let Some(index) = exposures.iter().position(|x| !x.is_finite()) {
            let value = exposures[index];
            return Err(CoreError::ElementOutOfDomain { name: "exposures", index, expected: "finite", value }.into());
        }
        Ok(Self { exposures })
    }
}

impl FactorPnl for LinearPnl {
    fn pnl(&self, moves: ArrayView2<'_, f64>) -> CoreResult<Array1<f64>> {
        matvec(moves, self.exposures.view())
    }
}

impl FactorPnl for DeltaGamma {
    fn pnl(&self, moves: ArrayView2<'_, f64>) -> CoreResult<Array1<f64>> {
        Ok(Self::pnl(self, moves)?)
    }
}

use ndarray::ArrayView1;

use crate::{Result, check};

/// Drawdowns of a value path.
#[derive(Debug, Clone, PartialEq)]
pub struct DrawdownPath {}

impl DrawdownPath {
    /// # Errors
    /// e
    pub fn from_values(values: ArrayView1<'_, f64>) -> Result<Self> {
        check::finite("values", values)?;
        Ok(Self {})
    }
}

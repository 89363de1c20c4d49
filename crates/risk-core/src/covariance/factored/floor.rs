use ndarray::Array1;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Share of an asset's variance up to which a residual variance is rounding: its volatility is then
/// a ten-millionth of the asset's.
const ROUNDING: f64 = 1e-14;

/// What happens to an asset that the factors explain entirely, so that Σ could not be inverted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ResidualFloor {
    /// An error that names the asset: a residual variance of at most 1e-14 of the asset's variance.
    #[default]
    Refuse,
    /// Kept as estimated, zero included; products work, solves refuse.
    Keep,
    /// Raised to this share of the asset's variance where it is below; in [0, 1]. An asset that never moved stays at
    /// zero.
    ShareOfVariance(f64),
    /// Raised to this variance where it is below.
    Absolute(f64),
}

impl ResidualFloor {
    fn check(self) -> Result<()> {
        let (name, expected, value, valid) = match self {
            Self::Refuse | Self::Keep => return Ok(()),
            Self::ShareOfVariance(share) => {
                ("floor as a share of variance", "in [0, 1]", share, (0.0..=1.0).contains(&share))
            }
            Self::Absolute(floor) => ("floor", "finite and not negative", floor, floor >= 0.0 && floor.is_finite()),
        };
        if valid { Ok(()) } else { Err(Error::OutOfDomain { name, expected, value }) }
    }

    /// The residual variances under this policy, and the assets it raised.
    pub(super) fn apply(
        self,
        mut residuals: Array1<f64>,
        variances: &Array1<f64>,
    ) -> Result<(Array1<f64>, Vec<usize>)> {
        self.check()?;
        let mut raised = Vec::new();
        for (index, (residual, &variance)) in residuals.iter_mut().zip(variances).enumerate() {
            let floor = match self {
                Self::Keep => continue,
                Self::Refuse if *residual > ROUNDING * variance => continue,
                Self::Refuse => {
                    let expected = "above rounding, or a floor must be named";
                    let value = *residual;
                    return Err(Error::ElementOutOfDomain { name: "residual variances", index, expected, value });
                }
                Self::ShareOfVariance(share) => share * variance,
                Self::Absolute(floor) => floor,
            };
            if *residual < floor {
                *residual = floor;
                raised.push(index);
            }
        }
        Ok((residuals, raised))
    }
}

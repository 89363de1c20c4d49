use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::inference::autocovariance::Centred;
use crate::inference::{BartlettLags, Hac};
use crate::{Error, Result, check};

/// What the standard errors of a regression allow for.
///
/// ```text
/// classical    s² (X'X)⁻¹                                     s² = e'e/(n − k)
/// robust       (X'X)⁻¹ Ω (X'X)⁻¹                              Ω = n times the long-run variance of xₜeₜ
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StandardErrors {
    /// Nothing: errors that are independent and equally variable.
    Classical,
    /// Changing variance: White's estimator with the factor `n/(n − k)` (MacKinnon and White 1985).
    Hc1,
    /// Changing variance and autocorrelation, by Bartlett weights and without a factor for small samples (Newey and
    /// West 1987).
    NeweyWest(BartlettLags),
    /// Changing variance and autocorrelation, with a reach that the data choose for each coefficient and the factor
    /// `n/(n − k)` (Andrews 1991; Andrews and Monahan 1992).
    Hac(Hac),
}

impl Default for StandardErrors {
    /// By a kernel whose reach the data choose: it needs no setting and its intervals hold best.
    fn default() -> Self {
        Self::Hac(Hac::default())
    }
}

impl StandardErrors {
    /// Standard error of an estimate that is, to first order, the mean of its influences: `√(V/n)`, V the long-run
    /// variance of `influences`, whose mean is zero by construction, after `parameters` were estimated.
    ///
    /// The influences of a product or ratio of estimates follow from theirs by the delta method. For
    /// [`Classical`](Self::Classical) and [`Hc1`](Self::Hc1) the influences count as independent: `n/(n − k)` times
    /// their variance.
    ///
    /// # Errors
    /// - [`Error::Empty`], [`Error::ElementOutOfDomain`] for influences that are not finite.
    /// - [`Error::InsufficientData`] unless there are more than `parameters` and more than the lags.
    /// - [`Error::OutOfDomain`] for a bandwidth that is not positive, [`Error::Overflow`].
    pub fn of_influences(&self, influences: ArrayView1<'_, f64>, parameters: usize) -> Result<f64> {
        check::finite("influences", influences)?;
        let n = influences.len();
        check::enough("standard error", parameters.saturating_add(1).max(2), n)?;
        let variance = match self {
            Self::Classical | Self::Hc1 => n as f64 / (n - parameters) as f64 * influences.dot(&influences) / n as f64,
            Self::NeweyWest(lags) => {
                let lags = lags.count(n);
                check::enough("long-run variance", lags.saturating_add(1), n)?;
                Centred::new(influences).bartlett(lags)
            }
            Self::Hac(hac) => match influences.as_slice() {
                Some(slice) => hac.variance(slice, parameters)?,
                None => hac.variance(&influences.to_vec(), parameters)?,
            },
        };
        let error = (variance.max(0.0) / n as f64).sqrt();
        if error.is_finite() { Ok(error) } else { Err(Error::Overflow { name: "standard error" }) }
    }

    /// The same for all pairs of columns of influences: the covariance of the estimates.
    pub(super) fn covariance(&self, influences: ArrayView2<'_, f64>, parameters: usize) -> Result<Array2<f64>> {
        let n = influences.nrows();
        let square = (n * n) as f64;
        let mut sum = influences.t().dot(&influences);
        match self {
            Self::Classical | Self::Hc1 => sum *= n as f64 / (n - parameters) as f64,
            Self::NeweyWest(lags) => {
                let lags = lags.count(n);
                check::enough("long-run variance", lags.saturating_add(1), n)?;
                for lag in 1..=lags {
                    let late = influences.split_at(Axis(0), lag).1;
                    let early = influences.split_at(Axis(0), n - lag).0;
                    let products = late.t().dot(&early);
                    let weight = 1.0 - lag as f64 / (lags + 1) as f64;
                    sum.zip_mut_with(&products, |s, p| *s += weight * p);
                    sum.zip_mut_with(&products.t(), |s, p| *s += weight * p);
                }
            }
            Self::Hac(_) => {
                let what = "a joint covariance with a bandwidth of its own for each coefficient: use Newey-West";
                return Err(Error::Unsupported { what });
            }
        }
        sum /= square;
        check::finite_matrix("covariance of the coefficients", sum.view())?;
        crate::covariance::symmetry::symmetrize(&mut sum);
        Ok(sum)
    }
}

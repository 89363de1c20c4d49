use alluse_risk_core::{moments, sum::CompensatedSum};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::tail;
use crate::{Error, Result, check};

/// Which sum of squared autocorrelations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PortmanteauKind {
    /// `n(n+2) Σ ρₖ²/(n−k)`, closer to its chi-square law in small samples (Ljung and Box 1978).
    #[default]
    LjungBox,
    /// `n Σ ρₖ²` (Box and Pierce 1970).
    BoxPierce,
}

/// Test of no autocorrelation at any of the lags from 1 to `h`.
///
/// ```text
/// ρₖ = Σₜ (xₜ − x̄)(xₜ₋ₖ − x̄)/Σₜ (xₜ − x̄)²      statistic ~ χ²(h − fitted parameters)
/// ```
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `kind` | Ljung-Box | which sum |
/// | `fitted_parameters` | 0 | p + q when the series is residuals of an ARMA(p, q); taken from the degrees of freedom |
///
/// The law holds for a series of constant conditional variance; changing variance makes the test reject too often.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Portmanteau {
    /// Which sum.
    pub kind: PortmanteauKind,
    /// Parameters of the model whose residuals are tested.
    pub fitted_parameters: usize,
}

/// Result of a [`Portmanteau`] test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PortmanteauTest {
    /// Which sum.
    pub kind: PortmanteauKind,
    /// The sum.
    pub statistic: f64,
    /// Lags tested.
    pub lags: usize,
    /// Of the chi-square law.
    pub degrees_of_freedom: usize,
    /// Probability of a larger statistic without autocorrelation.
    pub p_value: f64,
    /// Length of the series.
    pub observations: usize,
}

impl Portmanteau {
    /// Ljung and Box's test.
    #[must_use]
    pub fn ljung_box() -> Self {
        Self::default()
    }

    /// Box and Pierce's test.
    #[must_use]
    pub fn box_pierce() -> Self {
        Self { kind: PortmanteauKind::BoxPierce, ..Self::default() }
    }

    /// For residuals of a model with so many autoregressive and moving-average parameters.
    #[must_use]
    pub fn with_fitted_parameters(mut self, parameters: usize) -> Self {
        self.fitted_parameters = parameters;
        self
    }

    /// The test at the lags from 1 to `lags`.
    ///
    /// # Errors
    /// - [`Error::Input`] for a series that is empty or not finite, no lag, not more lags than fitted parameters, or
    ///   not more observations than lags.
    /// - [`Error::Undefined`] for a series that does not vary.
    pub fn test(&self, series: ArrayView1<'_, f64>, lags: usize) -> Result<PortmanteauTest> {
        let autocorrelations = self.checked(series, lags)?;
        self.after(series.len(), &autocorrelations)
    }

    /// The test at each of several numbers of lags, from one pass over the autocorrelations.
    ///
    /// # Errors
    /// As [`test`](Self::test) for each of them; [`Error::Input`] for none.
    pub fn test_each(&self, series: ArrayView1<'_, f64>, lags: &[usize]) -> Result<Vec<PortmanteauTest>> {
        let most = lags.iter().copied().max().ok_or(alluse_risk_core::Error::Empty { name: "lags" })?;
        let autocorrelations = self.checked(series, most)?;
        lags.iter()
            .map(|&count| {
                self.enough_lags(count)?;
                self.after(series.len(), &autocorrelations[..count])
            })
            .collect()
    }

    fn enough_lags(&self, lags: usize) -> Result<()> {
        let holds = lags > self.fitted_parameters;
        check::ensure(holds, "lags", "at least 1 and above the number of fitted parameters", lags as f64).map(|_| ())
    }

    fn checked(&self, series: ArrayView1<'_, f64>, lags: usize) -> Result<Vec<f64>> {
        self.enough_lags(lags)?;
        autocorrelations(series, lags)
    }

    fn after(&self, observations: usize, autocorrelations: &[f64]) -> Result<PortmanteauTest> {
        let n = observations as f64;
        let lags = autocorrelations.len();
        let squares = autocorrelations.iter().map(|rho| rho * rho);
        let statistic = match self.kind {
            PortmanteauKind::BoxPierce => n * squares.sum::<f64>(),
            PortmanteauKind::LjungBox => {
                let weighted = squares.enumerate().map(|(index, square)| square / (n - (index + 1) as f64));
                n * (n + 2.0) * weighted.sum::<f64>()
            }
        };
        let degrees_of_freedom = lags - self.fitted_parameters;
        let p_value = tail::chi_square(statistic, degrees_of_freedom);
        Ok(PortmanteauTest { kind: self.kind, statistic, lags, degrees_of_freedom, p_value, observations })
    }
}

/// Autocorrelations at the lags from 1 on, with the divisor `n` and about the mean.
fn autocorrelations(series: ArrayView1<'_, f64>, lags: usize) -> Result<Vec<f64>> {
    const NAME: &str = "autocorrelation";
    check::finite("series", series)?;
    check::enough(NAME, lags.saturating_add(1), series.len())?;
    let first = series[0];
    if series.iter().all(|value| value.total_cmp(&first).is_eq()) {
        return Err(Error::undefined(NAME, format!("all {} observations are {first}", series.len())));
    }
    let mean = moments::mean(series)?;
    // Scaled by the largest deviation, so that no square overflows or vanishes.
    let largest = series.iter().fold(0.0_f64, |a, v| a.max((v - mean).abs()));
    let deviations: Vec<f64> = series.iter().map(|value| (value - mean) / largest).collect();
    let products = |lag: usize| CompensatedSum::of(deviations[lag..].iter().zip(&deviations).map(|(a, b)| a * b));
    let squares = products(0);
    if !(largest > 0.0 && squares.is_finite()) {
        return Err(Error::undefined(NAME, format!("the deviations from the mean {mean:e} are at most {largest:e}")));
    }
    Ok((1..=lags).map(|lag| products(lag) / squares).collect())
}

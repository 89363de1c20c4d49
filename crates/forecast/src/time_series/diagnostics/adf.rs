use alluse_risk_core::inference::{Intercept, LeastSquares, Regression, StandardErrors};
use ndarray::{Array1, Array2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::mackinnon::{self, CriticalValues};
use crate::{Error, Result, check};

/// Deterministic terms of a unit-root regression.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deterministic {
    /// None: the alternative is a stationary series about zero.
    None,
    /// A constant: stationary about a level.
    #[default]
    Constant,
    /// A constant and a linear trend: stationary about a trend.
    ConstantAndTrend,
}

impl Deterministic {
    fn terms(self) -> usize {
        match self {
            Self::None => 0,
            Self::Constant => 1,
            Self::ConstantAndTrend => 2,
        }
    }
}

/// How many lagged differences a Dickey-Fuller regression has.
///
/// The criteria compare the counts from 0 to `most` on one common sample; the regression of the chosen count then uses
/// every observation it can. `None` is Schwert's `⌈12 (n/100)^¼⌉`, capped at `n/2 − 1 − terms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AdfLags {
    /// So many.
    Fixed(usize),
    /// The count with the least Akaike criterion.
    Aic {
        /// Greatest count compared.
        most: Option<usize>,
    },
    /// The count with the least Bayesian criterion.
    Bic {
        /// Greatest count compared.
        most: Option<usize>,
    },
}

impl Default for AdfLags {
    fn default() -> Self {
        Self::Aic { most: None }
    }
}

/// The augmented Dickey-Fuller test of a unit root.
///
/// ```text
/// Δyₜ = c + d t + γ yₜ₋₁ + Σₖ₌₁ᵖ aₖ Δyₜ₋ₖ + eₜ      statistic = γ̂/se(γ̂), classical error
/// ```
///
/// A small p-value speaks against the unit root. Its law is MacKinnon's surface for long samples; the critical values
/// are those of the sample size.
///
/// | setting | default |
/// |---|---|
/// | `deterministic` | constant |
/// | `lags` | Akaike's choice up to Schwert's bound |
///
/// # Source
/// Said and Dickey (1984); MacKinnon (1994), "Approximate Asymptotic Distribution Functions for Unit-Root and
/// Cointegration Tests"; critical values MacKinnon (2010), Queen's Economics Department working paper 1227.
///
/// # Examples
/// ```
/// use alluse_forecast::time_series::diagnostics::{AdfLags, AugmentedDickeyFuller};
/// use ndarray::Array1;
///
/// let wave = Array1::from_shape_fn(100, |t| (0.8 * t as f64).sin() + (2.3 * t as f64).cos());
/// let test = AugmentedDickeyFuller::default().with_lags(AdfLags::Fixed(1)).test(wave.view())?;
/// assert!(test.p_value < 0.01 && test.statistic < test.critical_values.one_percent);
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct AugmentedDickeyFuller {
    /// Deterministic terms.
    pub deterministic: Deterministic,
    /// Lagged differences.
    pub lags: AdfLags,
}

/// Result of an [`AugmentedDickeyFuller`] test.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AdfTest {
    /// t statistic of the lagged level.
    pub statistic: f64,
    /// Probability of a smaller statistic under a unit root; 0 and 1 beyond the range of the surface.
    pub p_value: f64,
    /// Lagged differences used.
    pub lags: usize,
    /// Observations of the regression.
    pub observations: usize,
    /// Deterministic terms.
    pub deterministic: Deterministic,
    /// Critical values for this number of observations.
    pub critical_values: CriticalValues,
}

impl AugmentedDickeyFuller {
    /// With other deterministic terms.
    #[must_use]
    pub fn with_deterministic(mut self, deterministic: Deterministic) -> Self {
        self.deterministic = deterministic;
        self
    }

    /// With another number of lagged differences.
    #[must_use]
    pub fn with_lags(mut self, lags: AdfLags) -> Self {
        self.lags = lags;
        self
    }

    /// The test.
    ///
    /// # Errors
    /// - [`Error::Input`] for a series that is empty, not finite or too short for its lags; for a regression whose
    ///   columns are collinear, as those of a constant series or an exact trend.
    /// - [`Error::Input`] of kind `Undefined` when the regression fits exactly.
    pub fn test(&self, series: ArrayView1<'_, f64>) -> Result<AdfTest> {
        check::finite("series", series)?;
        let lags = match self.lags {
            AdfLags::Fixed(lags) => lags,
            AdfLags::Aic { most } => self.chosen(series, most, |_| 2.0)?,
            AdfLags::Bic { most } => self.chosen(series, most, |n| libm::log(n as f64))?,
        };
        let (fit, level) = self.regression(series, lags, lags)?;
        let statistic = fit.coefficient(level, StandardErrors::Classical)?.t_statistic;
        let observations = fit.observations();
        Ok(AdfTest {
            statistic,
            p_value: mackinnon::p_value(statistic, self.deterministic),
            lags,
            observations,
            deterministic: self.deterministic,
            critical_values: mackinnon::critical_values(observations, self.deterministic),
        })
    }

    /// The count with the least `penalty(n) · k − 2 l` on the sample that the greatest count leaves.
    fn chosen(&self, series: ArrayView1<'_, f64>, most: Option<usize>, penalty: fn(usize) -> f64) -> Result<usize> {
        let n = series.len();
        let most = match most {
            Some(most) => most,
            None => {
                let cap = (n / 2).checked_sub(1 + self.deterministic.terms());
                let cap = cap.ok_or(alluse_risk_core::Error::InsufficientData {
                    name: "augmented Dickey-Fuller test",
                    required: 2 * (1 + self.deterministic.terms()),
                    available: n,
                })?;
                ((12.0 * (n as f64 / 100.0).powf(0.25)).ceil() as usize).min(cap)
            }
        };
        let mut best = (f64::INFINITY, 0);
        for lags in 0..=most {
            let (fit, _) = self.regression(series, lags, most)?;
            let criterion = penalty(fit.observations()) * fit.terms().len() as f64 - 2.0 * fit.log_likelihood()?;
            if criterion < best.0 {
                best = (criterion, lags);
            }
        }
        Ok(best.1)
    }

    /// The regression with `lags` differences on the sample that `held` of them leave, and the place of the level.
    fn regression(&self, series: ArrayView1<'_, f64>, lags: usize, held: usize) -> Result<(Regression, usize)> {
        let trend = usize::from(self.deterministic == Deterministic::ConstantAndTrend);
        let coefficients = lags.saturating_add(1 + self.deterministic.terms());
        let required = held.saturating_add(1).saturating_add(coefficients).saturating_add(1);
        check::enough("augmented Dickey-Fuller test", required, series.len())?;
        let differences: Array1<f64> = series.iter().skip(1).zip(series).map(|(now, last)| now - last).collect();
        if let Some(index) = differences.iter().position(|d| !d.is_finite()) {
            return Err(Error::invalid("series", format!("the difference after position {index} overflows")));
        }
        let rows = differences.len() - held;
        let regressors = Array2::from_shape_fn((rows, 1 + lags + trend), |(row, column)| match column {
            0 => series[held + row],
            lag if lag <= lags => differences[held + row - lag],
            _ => (row + 1) as f64,
        });
        let response: Array1<f64> = differences.iter().skip(held).copied().collect();
        let intercept = match self.deterministic {
            Deterministic::None => Intercept::Excluded,
            Deterministic::Constant | Deterministic::ConstantAndTrend => Intercept::Included,
        };
        let names = std::iter::once("lagged level".to_owned())
            .chain((1..=lags).map(|lag| format!("difference of lag {lag}")))
            .chain((trend == 1).then(|| "trend".to_owned()));
        let fit = LeastSquares::new(intercept).with_names(names).fit(regressors.view(), response.view())?;
        Ok((fit, usize::from(intercept == Intercept::Included)))
    }
}

use alluse_risk_core::Error as Input;
use alluse_risk_core::inference::{Intercept, LeastSquares, Regression, StandardErrors, StudentEstimate};
use ndarray::{Array1, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::{Contributions, Term};
use crate::{Error, Result, check};

/// The assets of one period: N of them, which may differ from period to period.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrossSection<'a> {
    /// Simple return of each asset over the period, shape `(N,)`.
    pub returns: ArrayView1<'a, f64>,
    /// Exposures known at the start of the period, shape `(N, K)`. A market factor is a column of ones.
    pub exposures: ArrayView2<'a, f64>,
    /// Market value of each asset at the start of the period, shape `(N,)`.
    pub capitalisations: Option<ArrayView1<'a, f64>>,
}

/// How much each asset counts in a cross-sectional regression.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RegressionWeights {
    /// All the same.
    #[default]
    Equal,
    /// By the root of its market value: specific variance falls about so with size.
    SquareRootOfCap,
}

/// What the standard errors of the factor returns of one period allow for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CrossSectionErrors {
    /// Specific variances in proportion to one over the weights.
    Classical,
    /// Any specific variances, with the factor `N/(N − K)`.
    #[default]
    Hc1,
}

/// Factor returns by regressions of asset returns on exposures, one a period.
///
/// ```text
/// rᵢₜ = Σₖ Bᵢₖ,ₜ₋₁ fₖₜ + uᵢₜ      min Σᵢ wᵢ uᵢₜ²
/// ```
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `factors` | required | names, one a column of exposures |
/// | `weights` | equal | how much each asset counts |
/// | `errors` | HC1 | what standard errors allow for |
///
/// There is no constant unless a column of exposures is one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CrossSectionModel {
    /// Names of the factors.
    pub factors: Vec<String>,
    /// How much each asset counts.
    pub weights: RegressionWeights,
    /// What standard errors allow for.
    pub errors: CrossSectionErrors,
}

/// Factor returns period by period: [`CrossSectionModel::fit`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FactorReturns {
    /// Names of the factors.
    pub factors: Vec<String>,
    /// One a period.
    pub periods: Vec<PeriodFactorReturns>,
}

/// The regression of one period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PeriodFactorReturns {
    /// Return of each factor.
    pub returns: Vec<StudentEstimate>,
    /// `uᵢ`, one an asset.
    pub specific: Vec<f64>,
    /// `1 − Σ w u²/Σ w (r − r̄)²`, r̄ the weighted mean; `None` when all assets returned the same.
    pub r_squared: Option<f64>,
}

/// A portfolio's return split by the factor returns of the market it invests in: [`FactorReturns::attribute`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PortfolioFactorAttribution {
    /// Names of the factors.
    pub factors: Vec<String>,
    /// `Xₖₜ = Σᵢ wᵢ Bᵢₖ` at the start of each period: one row a period.
    pub exposures: Vec<Vec<f64>>,
    /// Parts of the return by period and linked: factors, specific.
    pub contributions: Contributions,
}

impl CrossSectionModel {
    /// Of factors with these names.
    #[must_use]
    pub fn new<S: Into<String>>(factors: impl IntoIterator<Item = S>) -> Self {
        Self {
            factors: factors.into_iter().map(Into::into).collect(),
            weights: RegressionWeights::default(),
            errors: CrossSectionErrors::default(),
        }
    }

    /// With other weights of the assets.
    #[must_use]
    pub fn with_weights(mut self, weights: RegressionWeights) -> Self {
        self.weights = weights;
        self
    }

    /// With other standard errors.
    #[must_use]
    pub fn with_errors(mut self, errors: CrossSectionErrors) -> Self {
        self.errors = errors;
        self
    }

    /// Factor returns of each period.
    ///
    /// # Errors
    /// - [`Error::Input`]: no periods, inputs that are empty or not finite, returns below −1, lengths that differ,
    ///   market values that are not positive; [`InsufficientData`](Input::InsufficientData) unless `N > K`;
    ///   [`Collinear`](Input::Collinear) with the factor whose exposures others replicate, such as a market factor
    ///   beside a full set of industries; [`Undefined`](Input::Undefined) when the factors explain a period exactly.
    /// - [`Error::Invalid`] for weights by market value in a period that has none.
    ///
    /// # Source
    /// Rosenberg (1974); Menchero, Orr and Wang (2011) for the weights.
    pub fn fit(&self, periods: &[CrossSection<'_>]) -> Result<FactorReturns> {
        if periods.is_empty() {
            return Err(Input::Empty { name: "periods" }.into());
        }
        let fitted = periods.iter().enumerate().map(|(t, period)| self.period(t, period));
        Ok(FactorReturns { factors: self.factors.clone(), periods: fitted.collect::<Result<_>>()? })
    }

    fn period(&self, t: usize, period: &CrossSection<'_>) -> Result<PeriodFactorReturns> {
        let returns = period.returns;
        checked(self.factors.len(), period)?;
        let weights = self.weights(t, period)?;
        let roots = weights.mapv(f64::sqrt);
        let rows = &period.exposures * &roots.view().insert_axis(Axis(1));
        let response = &returns * &roots;
        let regression = LeastSquares::new(Intercept::Excluded).with_names(self.factors.iter().cloned());
        let fit = regression.fit(rows.view(), response.view())?;
        let specific = &returns - &period.exposures.dot(&fit.coefficients());
        Ok(PeriodFactorReturns {
            returns: self.estimates(&fit)?,
            r_squared: r_squared(returns, specific.view(), weights.view()),
            specific: specific.to_vec(),
        })
    }

    fn estimates(&self, fit: &Regression) -> Result<Vec<StudentEstimate>> {
        let errors = match self.errors {
            CrossSectionErrors::Classical => StandardErrors::Classical,
            CrossSectionErrors::Hc1 => StandardErrors::Hc1,
        };
        Ok((0..self.factors.len()).map(|k| fit.coefficient(k, errors)).collect::<std::result::Result<_, _>>()?)
    }

    /// Weights of mean one, so that residuals keep their size.
    fn weights(&self, t: usize, period: &CrossSection<'_>) -> Result<Array1<f64>> {
        let n = period.returns.len();
        let weights = match (self.weights, period.capitalisations) {
            (RegressionWeights::Equal, _) => return Ok(Array1::ones(n)),
            (RegressionWeights::SquareRootOfCap, None) => {
                return Err(Error::invalid("regression weights", format!("period {t} has no market values")));
            }
            (RegressionWeights::SquareRootOfCap, Some(caps)) => {
                check::length("market values", n, caps.len())?;
                check::elements("market values", "positive and finite", caps, |cap| cap > 0.0 && cap.is_finite())?;
                caps.mapv(f64::sqrt)
            }
        };
        let mean = weights.sum() / n as f64;
        Ok(weights / mean)
    }
}

impl FactorReturns {
    /// Splits the return of a portfolio of the same assets: `Rₜ = Σᵢ wᵢ rᵢ = Σₖ Xₖ fₖ + Σᵢ wᵢ uᵢ`.
    ///
    /// `holdings` are fractions of the portfolio's value at the start of each period, one vector a period in the order
    /// of that period's assets. What they leave to 1 is cash that earned nothing: give cash as an asset, or returns in
    /// excess of cash.
    ///
    /// # Errors
    /// [`Error::Input`] for other periods or assets than those of the fit, holdings that are not finite, and a
    /// portfolio return below −1.
    pub fn attribute(
        &self,
        periods: &[CrossSection<'_>],
        holdings: &[ArrayView1<'_, f64>],
    ) -> Result<PortfolioFactorAttribution> {
        check::length("periods", self.periods.len(), periods.len())?;
        check::length("periods of the holdings", self.periods.len(), holdings.len())?;
        let mut exposures = Vec::with_capacity(periods.len());
        let mut returns = Vec::with_capacity(periods.len());
        for ((fitted, period), holding) in self.periods.iter().zip(periods).zip(holdings) {
            checked(self.factors.len(), period)?;
            check::length("assets", fitted.specific.len(), period.returns.len())?;
            check::length("holdings", period.returns.len(), holding.len())?;
            check::finite("holdings", *holding)?;
            exposures.push(holding.dot(&period.exposures).to_vec());
            returns.push(holding.dot(&period.returns));
        }
        let returns = Array1::from(returns);
        check::returns("portfolio returns", returns.view())?;
        let part = |(k, name): (usize, &String)| {
            let by_period = exposures.iter().zip(&self.periods).map(|(x, period)| x[k] * period.returns[k].value);
            (Term::Factor(name.clone()), by_period.collect())
        };
        let contributions =
            Contributions::explained(returns.view(), self.factors.iter().enumerate().map(part).collect())?;
        Ok(PortfolioFactorAttribution { factors: self.factors.clone(), exposures, contributions })
    }
}

fn checked(factors: usize, period: &CrossSection<'_>) -> Result<()> {
    check::returns("asset returns", period.returns)?;
    check::length("exposures", period.returns.len(), period.exposures.nrows())?;
    check::length("factors", factors, period.exposures.ncols())?;
    check::finite_matrix("exposures", period.exposures)
}

fn r_squared(returns: ArrayView1<'_, f64>, specific: ArrayView1<'_, f64>, weights: ArrayView1<'_, f64>) -> Option<f64> {
    let mean = weights.dot(&returns) / weights.sum();
    let squares = |values: ArrayView1<'_, f64>, centre: f64| -> f64 {
        values.iter().zip(weights).map(|(v, w)| w * (v - centre) * (v - centre)).sum()
    };
    let first = returns[0];
    let varies = returns.iter().any(|r| r.total_cmp(&first).is_ne());
    let total = squares(returns, mean);
    (varies && total > 0.0).then(|| 1.0 - squares(specific, 0.0) / total)
}

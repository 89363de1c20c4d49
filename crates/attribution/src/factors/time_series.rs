use alluse_risk_core::inference::{LeastSquares, Regression, RegressionSummary, StandardErrors, StudentEstimate};
use alluse_risk_core::{Confidence, Error as Input, Interval};
use ndarray::{Array1, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::contributions::{growth_before, linked};
use super::{Contributions, Term};
use crate::{Annualisation, Result, RiskFree, check};

/// A model of returns in excess of cash by the returns of named factors.
///
/// ```text
/// Rₜ − fₜ = α + Σₖ βₖ Fₖₜ + eₜ
/// ```
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `factors` | required | names, one a column of factor returns |
/// | `errors` | kernel with a bandwidth from the data | what standard errors allow for |
///
/// Factor returns are those of portfolios that need no money, such as long-short portfolios or indices in excess of
/// cash; nothing is subtracted from them.
///
/// # Examples
/// ```
/// use alluse_attribution::factors::{FactorModel, Term};
/// use alluse_attribution::{Annualisation, RiskFree};
/// use alluse_risk_core::Frequency;
/// use ndarray::array;
///
/// let fund = array![0.021, -0.014, 0.032, 0.008, -0.009, 0.017];
/// let market = array![[0.02], [-0.02], [0.03], [0.01], [-0.01], [0.01]];
/// let monthly = Annualisation::Periods(Frequency::Monthly);
/// let model = FactorModel::new(["market"]);
/// let split = model.attribute(fund.view(), market.view(), &RiskFree::PerPeriod(0.001), monthly)?;
/// assert!(split.contributions.linking_residual().abs() < 1e-15);
/// assert!(split.contributions.factor("market").unwrap().linked > 0.03);
/// // Six months of cash at 0.1 %, put to work in a growing fund.
/// assert!(split.contributions.part(&Term::RiskFree).unwrap().linked > 0.006);
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FactorModel {
    /// Names of the factors.
    pub factors: Vec<String>,
    /// What standard errors allow for.
    pub errors: StandardErrors,
}

/// Returns split into cash, alpha, factors and the rest: [`FactorModel::attribute`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FactorAttribution {
    /// The regression, its coefficients in the order constant, factors.
    pub regression: RegressionSummary,
    /// The constant per period.
    pub alpha: StudentEstimate,
    /// The constant times the periods a year; not compounded.
    pub annual_alpha: StudentEstimate,
    /// What one unit of constant would have added when linked: `Σ Gₜ`.
    pub alpha_path: f64,
    /// One a factor.
    pub effects: Vec<FactorEffect>,
    /// Parts of the return by period and linked: cash, alpha, factors, specific.
    pub contributions: Contributions,
}

/// What a factor did to the returns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FactorEffect {
    /// Its name.
    pub factor: String,
    /// The exposure.
    pub beta: StudentEstimate,
    /// What a beta of one would have added to the total return: `Σₜ Fₜ Gₜ`.
    pub path: f64,
    /// `β F̄`, the contribution per period to expect when the future is like the sample. Its error is that of the
    /// product: beta's and that of the mean factor return, by the delta method on the influences
    /// `F̄ ψ_β + β (Fₜ − F̄)`.
    pub expected: StudentEstimate,
}

impl FactorEffect {
    /// What the factor added to the total return: `β Σₜ Fₜ Gₜ`.
    #[must_use]
    pub fn realised(&self) -> f64 {
        self.beta.value * self.path
    }

    /// Interval of [`realised`](Self::realised): the factor returns are what they were, so beta alone is uncertain.
    #[must_use]
    pub fn realised_interval(&self, level: Confidence) -> Interval {
        let beta = self.beta.interval(level);
        let (one, other) = (beta.lower * self.path, beta.upper * self.path);
        Interval { lower: one.min(other), upper: one.max(other), ..beta }
    }
}

impl FactorAttribution {
    /// What the constant added to the total return: `α Σ Gₜ`, and its interval.
    #[must_use]
    pub fn realised_alpha(&self, level: Confidence) -> (f64, Interval) {
        let alpha = self.alpha.interval(level);
        // Growth is not negative: no return is below −1.
        let interval = Interval { lower: alpha.lower * self.alpha_path, upper: alpha.upper * self.alpha_path, ..alpha };
        (self.alpha.value * self.alpha_path, interval)
    }
}

impl FactorModel {
    /// Of factors with these names.
    #[must_use]
    pub fn new<S: Into<String>>(factors: impl IntoIterator<Item = S>) -> Self {
        Self { factors: factors.into_iter().map(Into::into).collect(), errors: StandardErrors::default() }
    }

    /// With other standard errors.
    #[must_use]
    pub fn with_errors(mut self, errors: StandardErrors) -> Self {
        self.errors = errors;
        self
    }

    /// Splits the returns by betas of the whole sample.
    ///
    /// | argument | shape | unit |
    /// |---|---|---|
    /// | `returns` | `(T,)` | simple return per period |
    /// | `factors` | `(T, K)` | return per period of each factor |
    ///
    /// The betas know the whole sample; for those known beforehand see
    /// [`attribute_ex_ante`](Self::attribute_ex_ante).
    ///
    /// # Errors
    /// - [`Error::Input`](crate::Error::Input): empty or not finite inputs, returns below −1, lengths that differ,
    ///   names that repeat; [`InsufficientData`](Input::InsufficientData) unless `T > K + 1`;
    ///   [`Collinear`](Input::Collinear) with the factor that others replicate;
    ///   [`Undefined`](Input::Undefined) when the factors replicate the returns exactly or these are constant.
    /// - [`Error::Undefined`](crate::Error::Undefined) as in [`Annualisation::periods_per_year`].
    ///
    /// # Source
    /// Jensen (1968); Fama and French (1993); linking as in [`Contributions`].
    pub fn attribute(
        &self,
        returns: ArrayView1<'_, f64>,
        factors: ArrayView2<'_, f64>,
        risk_free: &RiskFree,
        annualisation: Annualisation,
    ) -> Result<FactorAttribution> {
        let excess = self.checked(returns, factors, risk_free)?;
        let fit = self.regression().fit(factors, excess.view())?;
        let coefficients = fit.coefficients();
        let growth = growth_before(returns)?;
        let periods = returns.len();

        let mut explained = vec![
            (Term::RiskFree, (0..periods).map(|t| risk_free.at(t)).collect()),
            (Term::Alpha, vec![coefficients[0]; periods]),
        ];
        let mut effects = Vec::with_capacity(self.factors.len());
        for (index, (name, factor)) in self.factors.iter().zip(factors.columns()).enumerate() {
            let beta = coefficients[index + 1];
            explained.push((Term::Factor(name.clone()), factor.iter().map(|f| beta * f).collect()));
            let path = check::result("linked factor return", linked(&factor.to_vec(), &growth))?;
            effects.push(FactorEffect {
                factor: name.clone(),
                beta: fit.coefficient(index + 1, self.errors)?,
                path,
                expected: self.expected(&fit, index + 1, factor)?,
            });
        }
        let alpha = fit.coefficient(0, self.errors)?;
        Ok(FactorAttribution {
            regression: fit.summary(self.errors)?,
            alpha,
            annual_alpha: alpha.scaled(annualisation.periods_per_year(periods)?)?,
            alpha_path: check::result("linked alpha", growth.iter().sum())?,
            effects,
            contributions: Contributions::explained(returns, explained)?,
        })
    }

    /// Mean contribution with the error of the product.
    fn expected(&self, fit: &Regression, index: usize, factor: ArrayView1<'_, f64>) -> Result<StudentEstimate> {
        let beta = fit.coefficients()[index];
        let mean = alluse_risk_core::moments::mean(factor)?;
        let influences: Array1<f64> = fit
            .influences()
            .column(index)
            .iter()
            .zip(factor)
            .map(|(influence, value)| mean * influence + beta * (value - mean))
            .collect();
        let error = self.errors.of_influences(influences.view(), fit.terms().len())?;
        Ok(StudentEstimate::new(beta * mean, error, fit.degrees_of_freedom() as f64)?)
    }

    pub(super) fn regression(&self) -> LeastSquares {
        LeastSquares::default().with_names(self.factors.iter().cloned())
    }

    /// Excess returns of inputs that fit each other.
    pub(super) fn checked(
        &self,
        returns: ArrayView1<'_, f64>,
        factors: ArrayView2<'_, f64>,
        risk_free: &RiskFree,
    ) -> Result<Array1<f64>> {
        check::returns("returns", returns)?;
        if self.factors.is_empty() {
            return Err(Input::Empty { name: "factors" }.into());
        }
        check::length("factor returns", self.factors.len(), factors.ncols())?;
        check::length("periods of the factor returns", returns.len(), factors.nrows())?;
        check::finite_matrix("factor returns", factors)?;
        risk_free.excess(returns)
    }
}

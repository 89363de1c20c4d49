use alluse_risk_core::inference::{BartlettLags, StudentEstimate, long_run_mean};
use ndarray::{Array1, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::contributions::{growth_before, linked};
use super::{Contributions, FactorModel, Term};
use crate::{Error, Result, RiskFree, check};

/// Which periods before t its betas are estimated on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EstimationWindow {
    /// The last so many.
    Rolling(usize),
    /// All, once there are so many.
    Expanding(usize),
}

impl EstimationWindow {
    /// Periods before the first that is attributed.
    fn first(self) -> usize {
        match self {
            Self::Rolling(periods) | Self::Expanding(periods) => periods,
        }
    }

    fn start(self, period: usize) -> usize {
        match self {
            Self::Rolling(periods) => period - periods,
            Self::Expanding(_) => 0,
        }
    }
}

/// Returns split by betas that were known beforehand: [`FactorModel::attribute_ex_ante`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ExAnteAttribution {
    /// The first period that is attributed, counted from 0; the ones before it only served to estimate.
    pub first_period: usize,
    /// Where the betas come from.
    pub window: EstimationWindow,
    /// One a factor.
    pub effects: Vec<TiltAndTiming>,
    /// Mean of the specific part per period, alpha included, with an error for autocorrelation; `None` when the
    /// specific part is the same in all periods.
    pub specific: Option<StudentEstimate>,
    /// `1 − Σ specific²/Σ (R − f)²`: what the betas explain of periods they have not seen. May be negative.
    pub out_of_sample_r_squared: f64,
    /// Parts of the return by period and linked: cash, factors, specific. Alpha is in the specific part: a constant of
    /// the past promises nothing.
    pub contributions: Contributions,
}

/// A factor's contribution split into what an average exposure earned and what changing it earned.
///
/// ```text
/// βₜFₜ = β̄ Fₜ + (βₜ − β̄) Fₜ      mean: β̄ F̄ (tilt) + cov(β, F) (timing, divisor T)
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TiltAndTiming {
    /// The factor.
    pub factor: String,
    /// Beta of each attributed period, estimated before it.
    pub betas: Vec<f64>,
    /// `β̄`. It is known only afterwards: the split is a description, not a strategy.
    pub mean_beta: f64,
    /// Mean tilt per period.
    pub tilt: f64,
    /// Mean timing per period: the covariance of beta with the factor.
    pub timing: f64,
    /// Timing with an error for autocorrelation; `None` when beta never changes.
    pub timing_test: Option<StudentEstimate>,
    /// Tilt linked over the periods.
    pub linked_tilt: f64,
    /// Timing linked over the periods; with the tilt it is the factor's linked contribution.
    pub linked_timing: f64,
}

impl FactorModel {
    /// Splits the return of each period by betas estimated on periods before it alone.
    ///
    /// ```text
    /// Rₜ − fₜ = Σₖ βₖ,ₜ Fₖₜ + specificₜ      βₖ,ₜ from the regression over the window that ends at t − 1
    /// ```
    ///
    /// Shapes as in [`attribute`](Self::attribute).
    ///
    /// # Errors
    /// Those of [`attribute`](Self::attribute), in any of the windows, and
    /// [`Error::Undefined`] when all excess returns attributed are zero.
    ///
    /// # Source
    /// The split into tilt and timing: Lo (2008), "Where do alphas come from? A measure of the value of active investment
    /// management".
    pub fn attribute_ex_ante(
        &self,
        returns: ArrayView1<'_, f64>,
        factors: ArrayView2<'_, f64>,
        risk_free: &RiskFree,
        window: EstimationWindow,
    ) -> Result<ExAnteAttribution> {
        let excess = self.checked(returns, factors, risk_free)?;
        let first = window.first();
        check::enough("ex-ante attribution", first.saturating_add(1), returns.len())?;
        check::enough("estimation window", self.factors.len() + 2, first)?;
        let regression = self.regression();
        let mut betas: Vec<Vec<f64>> = vec![Vec::with_capacity(returns.len() - first); self.factors.len()];
        for period in first..returns.len() {
            let past = window.start(period);
            let rows = factors.split_at(Axis(0), period).0.split_at(Axis(0), past).1;
            let response = excess.view().split_at(Axis(0), period).0.split_at(Axis(0), past).1;
            let fit = regression.fit(rows, response)?;
            betas.iter_mut().zip(fit.coefficients().iter().skip(1)).for_each(|(path, beta)| path.push(*beta));
        }
        self.split(returns, factors, &excess, risk_free, window, betas)
    }

    fn split(
        &self,
        returns: ArrayView1<'_, f64>,
        factors: ArrayView2<'_, f64>,
        excess: &Array1<f64>,
        risk_free: &RiskFree,
        window: EstimationWindow,
        betas: Vec<Vec<f64>>,
    ) -> Result<ExAnteAttribution> {
        let first = window.first();
        let later = returns.split_at(Axis(0), first).1;
        let factors = factors.split_at(Axis(0), first).1;
        let growth = growth_before(later)?;
        let mut explained = vec![(Term::RiskFree, (first..returns.len()).map(|t| risk_free.at(t)).collect())];
        let mut effects = Vec::with_capacity(betas.len());
        for ((name, path), factor) in self.factors.iter().zip(betas).zip(factors.columns()) {
            let whole: Vec<f64> = path.iter().zip(factor).map(|(beta, f)| beta * f).collect();
            effects.push(TiltAndTiming::of(name, path, factor, &growth)?);
            explained.push((Term::Factor(name.clone()), whole));
        }
        let contributions = Contributions::explained(later, explained)?;
        let specific = contributions.parts.last().map(|part| part.by_period.as_slice()).unwrap_or_default();
        let squares: f64 = excess.iter().skip(first).map(|r| r * r).sum();
        if squares == 0.0 {
            return Err(Error::undefined("out-of-sample R²", "all excess returns are zero"));
        }
        let out_of_sample_r_squared = 1.0 - specific.iter().map(|e| e * e).sum::<f64>() / squares;
        let specific = tested_mean(specific)?;
        Ok(ExAnteAttribution { first_period: first, window, effects, specific, out_of_sample_r_squared, contributions })
    }
}

impl TiltAndTiming {
    fn of(factor: &str, betas: Vec<f64>, returns: ArrayView1<'_, f64>, growth: &[f64]) -> Result<Self> {
        let periods = betas.len() as f64;
        let mean_beta = betas.iter().sum::<f64>() / periods;
        let tilt: Vec<f64> = returns.iter().map(|f| mean_beta * f).collect();
        let timing: Vec<f64> = betas.iter().zip(returns).map(|(beta, f)| (beta - mean_beta) * f).collect();
        let mean = |path: &[f64]| path.iter().sum::<f64>() / periods;
        Ok(Self {
            factor: factor.to_owned(),
            mean_beta,
            tilt: mean(&tilt),
            timing: mean(&timing),
            timing_test: tested_mean(&timing)?,
            linked_tilt: check::result("linked tilt", linked(&tilt, growth))?,
            linked_timing: check::result("linked timing", linked(&timing, growth))?,
            betas,
        })
    }
}

/// Mean with a Newey-West error of `⌊n^(1/3)⌋` lags; `None` where nothing varies or there is one period.
fn tested_mean(path: &[f64]) -> Result<Option<StudentEstimate>> {
    if path.len() < 2 {
        return Ok(None);
    }
    let mean = long_run_mean(ndarray::aview1(path), BartlettLags::CubeRoot)?;
    if mean.standard_error == 0.0 {
        return Ok(None);
    }
    Ok(Some(StudentEstimate::new(mean.mean, mean.standard_error, (path.len() - 1) as f64)?))
}

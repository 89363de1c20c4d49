use alluse_risk_core::inference::{BartlettLags, long_run_mean};
use alluse_risk_core::{Confidence, Interval};
use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::Relative;
use super::sums::{LANES, in_lanes};
use crate::{Error, Result, check};

/// Correlation of two regressors, squared, above which they are one.
const COLLINEAR: f64 = 1.0 - 1e-12;

/// How the standard errors of a regression allow for autocorrelation and changing variance.
///
/// | field | default |
/// |---|---|
/// | `lags` | `⌊n^(1/3)⌋` |
/// | `confidence` | 95 %, the coverage of the intervals |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HacErrors {
    /// Autocovariances that count, with Bartlett weights (Newey and West 1987).
    pub lags: BartlettLags,
    /// Coverage of the intervals.
    pub confidence: Confidence,
}

impl Default for HacErrors {
    fn default() -> Self {
        Self { lags: BartlettLags::default(), confidence: Confidence::P95 }
    }
}

/// A coefficient of a regression and how sure it is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Coefficient {
    /// The estimate.
    pub estimate: f64,
    /// Its heteroskedasticity and autocorrelation consistent standard error, without a small-sample factor.
    pub standard_error: f64,
    /// Estimate over standard error.
    pub t_statistic: f64,
    /// Estimate ± normal quantile × standard error.
    pub interval: Interval,
}

impl Coefficient {
    /// The coefficient in another unit.
    fn times(self, factor: f64) -> Self {
        let Interval { lower, upper, level, method } = self.interval;
        Self {
            estimate: self.estimate * factor,
            standard_error: self.standard_error * factor,
            t_statistic: self.t_statistic,
            interval: Interval { lower: lower * factor, upper: upper * factor, level, method },
        }
    }
}

/// Alpha and beta with their errors.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AlphaBeta {
    /// Alpha per period.
    pub alpha: Coefficient,
    /// The same times the periods a year.
    pub annual_alpha: Coefficient,
    /// Beta.
    pub beta: Coefficient,
    /// Autocovariances used.
    pub lags: usize,
    /// Periods used.
    pub observations: usize,
}

/// Which curve through the market a timer would leave.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TimingModel {
    /// `z = x²`: exposure that grows with the market (Treynor and Mazuy 1966).
    #[default]
    TreynorMazuy,
    /// `z = max(−x, 0)`: a free put on the market (Henriksson and Merton 1981).
    HenrikssonMerton,
}

/// Sums of deviations of the regressors of both timing models.
#[derive(Debug, Clone, Copy)]
pub(super) struct TimingSums {
    mean_z: [f64; 2],
    zz: [f64; 2],
    xz: [f64; 2],
    yz: [f64; 2],
}

impl TimingSums {
    /// Both models share the passes.
    pub(super) fn of(y: &[f64], x: &[f64], means: [f64; 2]) -> Self {
        let n = x.len() as f64;
        let regressors = |x: f64| [TimingModel::TreynorMazuy.regressor(x), TimingModel::HenrikssonMerton.regressor(x)];
        let zero = [[0.0; LANES]; 2];
        let total = |lanes: [f64; LANES]| lanes.iter().sum::<f64>();
        let mut sum_z = zero;
        in_lanes(y, x, |lane, _, x| {
            for (sum, z) in sum_z.iter_mut().zip(regressors(x)) {
                sum[lane] += z;
            }
        });
        let mut mean_z = sum_z.map(|lanes| total(lanes) / n);
        let [mean_y, mean_x] = means;
        let (mut zz, mut xz, mut yz, mut left) = (zero, zero, zero, zero);
        in_lanes(y, x, |lane, y, x| {
            for (model, z) in regressors(x).into_iter().enumerate() {
                let dz = z - mean_z[model];
                left[model][lane] += dz;
                zz[model][lane] += dz * dz;
                xz[model][lane] += (x - mean_x) * dz;
                yz[model][lane] += (y - mean_y) * dz;
            }
        });
        let [mut zz, xz, yz, left] = [zz, xz, yz, left].map(|models| models.map(total));
        for model in 0..2 {
            mean_z[model] += left[model] / n;
            zz[model] -= left[model] * left[model] / n;
        }
        Self { mean_z, zz, xz, yz }
    }
}

impl TimingModel {
    fn position(self) -> usize {
        match self {
            Self::TreynorMazuy => 0,
            Self::HenrikssonMerton => 1,
        }
    }

    fn regressor(self, x: f64) -> f64 {
        match self {
            Self::TreynorMazuy => x * x,
            Self::HenrikssonMerton => (-x).max(0.0),
        }
    }
}

/// Least squares `y = α + β x + γ z`, per period.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MarketTiming {
    /// The curve.
    pub model: TimingModel,
    /// Selection: what is left at `x = z = 0`.
    pub alpha: Coefficient,
    /// Exposure to the market.
    pub beta: Coefficient,
    /// Timing; positive when exposure was well timed.
    pub gamma: Coefficient,
    /// Autocovariances used.
    pub lags: usize,
    /// Periods used.
    pub observations: usize,
}

/// `y = α + β x + γ z` by the sums of deviations from the means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Curve {
    pub(super) alpha: f64,
    pub(super) beta: f64,
    pub(super) gamma: f64,
    mean_z: f64,
    /// Inverse of the mean products of deviations, `[xx, xz, zz]`.
    inverse: [f64; 3],
}

impl Relative<'_> {
    /// Alpha and beta of `y` on `x` with heteroskedasticity and autocorrelation consistent errors.
    ///
    /// The errors are those of the sandwich `(X'X)⁻¹ (Σ w_l Γ_l) (X'X)⁻¹` with Bartlett weights and no small-sample
    /// factor, as statsmodels has them with `cov_type="HAC"`.
    ///
    /// # Errors
    /// As [`beta`](Self::beta); [`Error::Input`] for fewer than 3 periods or no more periods than lags;
    /// [`Error::Undefined`] when beta explains everything, for the errors are then only rounding.
    ///
    /// # Source
    /// Newey and West (1987).
    pub fn alpha_beta_hac(&self, errors: &HacErrors) -> Result<AlphaBeta> {
        const NAME: &str = "alpha and beta with errors";
        check::enough(NAME, 3, self.len())?;
        let moments = self.over_risk_free();
        moments.benchmark_varies(NAME)?;
        let beta = check::result("beta", moments.xy / moments.xx)?;
        let alpha = check::result("alpha", moments.mean_y - beta * moments.mean_x)?;
        let variance = moments.xx / moments.n as f64;
        let pairs = || self.y().iter().zip(self.x());
        let residuals: Vec<f64> = pairs().map(|(y, x)| (y - moments.mean_y) - beta * (x - moments.mean_x)).collect();
        self.residuals_vary(NAME, &residuals, beta)?;
        let influence = |x: f64, residual: f64| (x - moments.mean_x) * residual / variance;
        let on_beta: Array1<f64> = self.x().iter().zip(&residuals).map(|(&x, &e)| influence(x, e)).collect();
        let on_alpha: Array1<f64> = residuals.iter().zip(&on_beta).map(|(e, psi)| e - moments.mean_x * psi).collect();
        let (alpha, lags) = errors.coefficient(alpha, &on_alpha)?;
        let (beta, _) = errors.coefficient(beta, &on_beta)?;
        let annual_alpha = alpha.times(self.periods_per_year()?);
        Ok(AlphaBeta { alpha, annual_alpha, beta, lags, observations: self.len() })
    }

    /// Market timing: least squares `y = α + β x + γ z` per period, `z` as the model says.
    ///
    /// The errors are as in [`alpha_beta_hac`](Self::alpha_beta_hac).
    ///
    /// # Errors
    /// As [`alpha_beta_hac`](Self::alpha_beta_hac), with 4 periods; [`Error::Undefined`] when `z` does not vary or is a
    /// linear function of `x`, such as in a market that never rose.
    ///
    /// # Source
    /// Treynor and Mazuy (1966); Henriksson and Merton (1981).
    pub fn market_timing(&self, model: TimingModel, errors: &HacErrors) -> Result<MarketTiming> {
        const NAME: &str = "market timing with errors";
        check::enough(NAME, 4, self.len())?;
        let curve = self.timing_curve(model)?;
        let moments = self.over_risk_free();
        let deviations = |x: f64| (x - moments.mean_x, model.regressor(x) - curve.mean_z);
        let residual = |y: f64, x: f64| {
            let (dx, dz) = deviations(x);
            (y - moments.mean_y) - curve.beta * dx - curve.gamma * dz
        };
        let residuals: Vec<f64> = self.y().iter().zip(self.x()).map(|(&y, &x)| residual(y, x)).collect();
        self.residuals_vary(NAME, &residuals, curve.beta)?;
        let n = self.len();
        let (mut on_alpha, mut on_beta, mut on_gamma) = (Array1::zeros(n), Array1::zeros(n), Array1::zeros(n));
        let [xx, xz, zz] = curve.inverse;
        for (t, (&x, &e)) in self.x().iter().zip(&residuals).enumerate() {
            let (dx, dz) = deviations(x);
            on_beta[t] = (xx * dx + xz * dz) * e;
            on_gamma[t] = (xz * dx + zz * dz) * e;
            on_alpha[t] = e - moments.mean_x * on_beta[t] - curve.mean_z * on_gamma[t];
        }
        let (alpha, lags) = errors.coefficient(curve.alpha, &on_alpha)?;
        let (beta, _) = errors.coefficient(curve.beta, &on_beta)?;
        let (gamma, _) = errors.coefficient(curve.gamma, &on_gamma)?;
        Ok(MarketTiming { model, alpha, beta, gamma, lags, observations: n })
    }

    pub(super) fn timing_curve(&self, model: TimingModel) -> Result<Curve> {
        const NAME: &str = "market timing";
        check::enough(NAME, 3, self.len())?;
        let moments = self.over_risk_free();
        moments.benchmark_varies(NAME)?;
        let n = self.len() as f64;
        let sums = self.timing_sums();
        let model = model.position();
        let (mean_z, zz, xz, yz) = (sums.mean_z[model], sums.zz[model], sums.xz[model], sums.yz[model]);
        let (xx, xy) = (moments.xx, moments.xy);
        if !(zz > 0.0) || xz * xz >= COLLINEAR * xx * zz {
            let reason = format!("the {} periods show no curve apart from the market itself", self.len());
            return Err(Error::undefined(NAME, reason));
        }
        let determinant = xx * zz - xz * xz;
        let beta = (xy * zz - yz * xz) / determinant;
        let gamma = (yz * xx - xy * xz) / determinant;
        let inverse = [zz, -xz, xx].map(|cofactor| cofactor * n / determinant);
        if !inverse.iter().all(|value| value.is_finite()) {
            return Err(alluse_risk_core::Error::Overflow { name: NAME }.into());
        }
        let alpha = check::result(NAME, moments.mean_y - beta * moments.mean_x - gamma * mean_z)?;
        Ok(Curve { alpha, beta: check::result(NAME, beta)?, gamma: check::result(NAME, gamma)?, mean_z, inverse })
    }

    /// Refuses residuals that are nothing but rounding: errors made of them would look sure of anything.
    fn residuals_vary(&self, what: &'static str, residuals: &[f64], beta: f64) -> Result<()> {
        let moments = self.over_risk_free();
        let noise = moments.noise_y.max(moments.noise_x * beta.abs());
        let squares: f64 = residuals.iter().map(|e| e * e).sum();
        if (squares / residuals.len() as f64).sqrt() > noise {
            Ok(())
        } else {
            Err(Error::undefined(what, "the regression explains everything and leaves only rounding"))
        }
    }
}

impl HacErrors {
    /// The coefficient to whose error the influences of the periods add up. Their mean is 0 by the normal equations, and
    /// the long-run variance of the influences is that diagonal entry of the sandwich.
    fn coefficient(&self, estimate: f64, influences: &Array1<f64>) -> Result<(Coefficient, usize)> {
        let error = long_run_mean(influences.view(), self.lags)?;
        let standard_error = error.standard_error;
        if !(standard_error > 0.0) {
            return Err(Error::undefined("standard error", "the long-run variance is 0 with these lags"));
        }
        let interval = Interval::asymptotic(estimate, standard_error, self.confidence);
        let t_statistic = estimate / standard_error;
        Ok((Coefficient { estimate, standard_error, t_statistic, interval }, error.lags))
    }
}

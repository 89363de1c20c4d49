//! Expected returns after the views.

use alluse_risk_core::linalg::{Cholesky, cholesky, symmetric_eigen};
use ndarray::{Array1, Array2, ArrayView1};
use statrs::distribution::{ChiSquared, ContinuousCDF};

use super::statement::{Statements, solve};
use super::{BlackLitterman, PosteriorCovariance, PosteriorWeights, Prior, ViewReport, ViewsTest, WeightsCovariance};
use crate::{Error, Result, RiskModel};

/// Below this reciprocal condition the views that are certain determine each other.
const SINGULAR: f64 = 1e-12;

/// What to expect after the views, made by [`BlackLitterman::posterior`].
#[derive(Debug, Clone, PartialEq)]
pub struct Posterior {
    risk: RiskModel,
    tau: f64,
    risk_free: f64,
    prior_mean: Array1<f64>,
    mean: Array1<f64>,
    /// `Σ⁻¹(π − r_f)` where it is known without a solve.
    direction: Option<Array1<f64>>,
    statements: Statements,
    /// `A⁻¹(q − Pπ)`, one a view that counts.
    pull: Array1<f64>,
    /// Columns of `U`, with `M = τΣ − UU'`.
    update: Vec<Array1<f64>>,
    views: Vec<ViewReport>,
    test: Option<ViewsTest>,
}

impl Posterior {
    pub(super) fn new(
        model: &BlackLitterman,
        risk: RiskModel,
        prior: Array1<f64>,
        statements: Statements,
    ) -> Result<Self> {
        let active = &statements.active;
        let names: Vec<&str> = active.iter().map(|&k| model.views[k].name()).collect();
        let surprise: Array1<f64> =
            active.iter().map(|&k| statements.rows[k].value - statements.rows[k].prior).collect();
        let system = pairs(active, |i, j| model.tau * statements.variance(i, j) + statements.errors[[i, j]]);
        let (pull, update) = if active.is_empty() {
            (Array1::zeros(0), Vec::new())
        } else {
            let system = ScaledSystem::new(&system, &names, surprise.view())?;
            (system.solve(surprise.view())?, update(&system, &statements, model.tau)?)
        };
        let mut mean = prior.clone();
        for (&k, weight) in active.iter().zip(&pull) {
            mean.scaled_add(model.tau * weight, &statements.rows[k].cross);
        }
        if let Some(index) = mean.iter().position(|v| !v.is_finite()) {
            let reason = format!("the posterior mean of asset {index} is {}", mean[index]);
            return Err(Error::Numerical { method: "Black-Litterman", reason });
        }
        let views = reports(model, &statements, pull.view(), &system);
        let test = test(surprise.view(), pull.view())?;
        let direction = match &model.prior {
            Prior::Equilibrium { risk_aversion, weights } => Some(&weights.view() * *risk_aversion),
            Prior::Mean(_) => None,
        };
        let (tau, risk_free) = (model.tau, model.basis.risk_free());
        Ok(Self { risk, tau, risk_free, prior_mean: prior, mean, direction, statements, pull, update, views, test })
    }

    /// Expected returns per period, one an asset, in the basis of the model.
    #[must_use]
    pub fn mean(&self) -> ArrayView1<'_, f64> {
        self.mean.view()
    }

    /// Those before the views.
    #[must_use]
    pub fn prior_mean(&self) -> ArrayView1<'_, f64> {
        self.prior_mean.view()
    }

    /// `M`: the covariance of the error of [`mean`](Self::mean).
    #[must_use]
    pub fn mean_covariance(&self) -> PosteriorCovariance<'_> {
        PosteriorCovariance { risk: &self.risk, scale: self.tau, update: &self.update }
    }

    /// `Σ + M`: the covariance of the returns to come.
    #[must_use]
    pub fn covariance(&self) -> PosteriorCovariance<'_> {
        PosteriorCovariance { risk: &self.risk, scale: 1.0 + self.tau, update: &self.update }
    }

    /// What became of each view, in order.
    #[must_use]
    pub fn views(&self) -> &[ViewReport] {
        &self.views
    }

    /// Whether the views together are compatible with the prior; `None` when no view counts.
    #[must_use]
    pub fn test(&self) -> Option<&ViewsTest> {
        self.test.as_ref()
    }

    /// The weights that maximise `μ'w − δ/2 w'V w` without limits, `(δV)⁻¹ μ` with μ in excess of the risk-free
    /// rate.
    ///
    /// They are the prior's portfolio plus a multiple of each view's portfolio:
    ///
    /// ```text
    /// V = Σ        w = w₀ + P'Λ
    /// V = Σ + M    w = (w₀ + P'Λ) / (1 + τ)        w₀ = Σ⁻¹(π − r_f) / δ
    /// ```
    ///
    /// With an equilibrium prior this needs no inverse of Σ, so an asset in no view keeps its weight exactly.
    ///
    /// # Errors
    /// [`Error::Input`] unless the risk aversion is positive and finite, and with a prior that is given when Σ
    /// cannot be inverted.
    pub fn weights(&self, covariance: WeightsCovariance, risk_aversion: f64) -> Result<PosteriorWeights> {
        crate::check::positive("risk aversion", risk_aversion)?;
        let base = match &self.direction {
            Some(direction) => direction.clone(),
            None => solve(&self.risk, self.prior_mean.mapv(|v| v - self.risk_free).view())?,
        };
        let (multiples, divisor) = match covariance {
            WeightsCovariance::Prior => (&self.pull * self.tau, risk_aversion),
            WeightsCovariance::Posterior => (self.predictive_multiples()?, risk_aversion * (1.0 + self.tau)),
        };
        let mut added = Array1::zeros(base.len());
        for (&k, multiple) in self.statements.active.iter().zip(&multiples) {
            added.scaled_add(*multiple, &self.statements.rows[k].portfolio);
        }
        let mut view_weights = vec![0.0; self.views.len()];
        for (&k, multiple) in self.statements.active.iter().zip(&multiples) {
            view_weights[k] = multiple / risk_aversion;
        }
        PosteriorWeights::new((base + &added) / divisor, added / divisor, view_weights, covariance)
    }

    /// `δΛ` with `Σ + M`, by Woodbury's identity on `(1 + τ)Σ − τ²ΣP'A⁻¹PΣ`.
    fn predictive_multiples(&self) -> Result<Array1<f64>> {
        let (statements, tau) = (&self.statements, self.tau);
        if statements.active.is_empty() {
            return Ok(Array1::zeros(0));
        }
        let reduced = pairs(&statements.active, |i, j| {
            tau * statements.unspanned[[i, j]]
                + tau / (1.0 + tau) * statements.spanned[[i, j]]
                + statements.errors[[i, j]]
        });
        let excess = self.mean.mapv(|v| v - self.risk_free);
        let viewed: Array1<f64> =
            statements.active.iter().map(|&k| statements.rows[k].portfolio.dot(&excess)).collect();
        let names: Vec<&str> = statements.active.iter().map(|&k| self.views[k].name.as_str()).collect();
        let solved = ScaledSystem::new(&reduced, &names, viewed.view())?.solve(viewed.view())?;
        Ok(&self.pull * tau + solved * (tau * tau / (1.0 + tau)))
    }
}

/// A positive definite system with its diagonal scaled to one, so that views in different units compare.
struct ScaledSystem {
    /// One over the square root of the diagonal.
    scales: Array1<f64>,
    factor: Cholesky,
}

impl ScaledSystem {
    fn new(system: &Array2<f64>, names: &[&str], surprise: ArrayView1<'_, f64>) -> Result<Self> {
        if let Some(k) = system.diag().iter().position(|v| !(*v > 0.0 && v.is_finite())) {
            let reason = format!("view {:?} is certain about something that does not vary", names[k]);
            return Err(Error::Infeasible { what: "blending the views", reason });
        }
        let scales = system.diag().mapv(|v| 1.0 / v.sqrt());
        let mut scaled = Array2::from_shape_fn(system.dim(), |(i, j)| system[[i, j]] * scales[i] * scales[j]);
        scaled.diag_mut().fill(1.0);
        let eigen = symmetric_eigen(scaled.view())?;
        if eigen.values[0] < SINGULAR {
            return Err(dependent(eigen.vectors.column(0), names, &scales, surprise));
        }
        Ok(Self { factor: cholesky(scaled.view())?, scales })
    }

    fn solve(&self, right: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
        Ok(self.factor.solve((&right * &self.scales).view())? * &self.scales)
    }
}

/// Views of which a combination is certain to be zero: `null` is that combination of the scaled views.
fn dependent(null: ArrayView1<'_, f64>, names: &[&str], scales: &Array1<f64>, surprise: ArrayView1<'_, f64>) -> Error {
    let involved: Vec<String> =
        names.iter().zip(null).filter(|(_, part)| part.abs() > 1e-6).map(|(name, _)| format!("{name:?}")).collect();
    let terms = || null.iter().zip(scales).zip(&surprise).map(|((part, scale), gap)| part * scale * gap);
    let (gap, size) = terms().fold((0.0, 0.0), |(sum, size): (f64, f64), term| (sum + term, size + term.abs()));
    let verdict = if gap.abs() > 1e-6 * size { "contradict" } else { "repeat" };
    let reason = format!("views {} are certain and {verdict} each other", involved.join(", "));
    Error::Infeasible { what: "blending the views", reason }
}

fn pairs(active: &[usize], entry: impl Fn(usize, usize) -> f64) -> Array2<f64> {
    Array2::from_shape_fn((active.len(), active.len()), |(i, j)| entry(active[i.min(j)], active[i.max(j)]))
}

/// `U = τΣP' L⁻'` with `A = LL'`.
fn update(system: &ScaledSystem, statements: &Statements, tau: f64) -> Result<Vec<Array1<f64>>> {
    let n = statements.rows[statements.active[0]].cross.len();
    let right = Array2::from_shape_fn((statements.active.len(), n), |(i, asset)| {
        tau * system.scales[i] * statements.rows[statements.active[i]].cross[asset]
    });
    Ok(system.factor.solve_lower(right.view())?.rows().into_iter().map(|row| row.to_owned()).collect())
}

fn reports(
    model: &BlackLitterman,
    statements: &Statements,
    pull: ArrayView1<'_, f64>,
    system: &Array2<f64>,
) -> Vec<ViewReport> {
    let mut reports = Vec::with_capacity(model.views.len());
    for (k, (view, row)) in model.views.iter().zip(&statements.rows).enumerate() {
        let moved: f64 = statements
            .active
            .iter()
            .zip(&pull)
            .map(|(&j, weight)| model.tau * statements.variance(k, j) * weight)
            .sum();
        let prior_variance = model.tau * statements.variance(k, k);
        let place = statements.active.iter().position(|&j| j == k);
        let surprise = row.value - row.prior;
        reports.push(ViewReport {
            name: view.name.clone(),
            value: row.value,
            prior_value: row.prior,
            posterior_value: row.prior + moved,
            prior_variance,
            error_variance: place.map(|_| statements.errors[[k, k]]),
            implied_confidence: match place {
                None => Some(0.0),
                Some(i) => (prior_variance > 0.0).then(|| prior_variance / system[[i, i]]),
            },
            surprise: place.map(|i| surprise / system[[i, i]].sqrt()),
            distance: place.map_or(0.0, |i| surprise * pull[i]),
        });
    }
    reports
}

fn test(surprise: ArrayView1<'_, f64>, pull: ArrayView1<'_, f64>) -> Result<Option<ViewsTest>> {
    if surprise.is_empty() {
        return Ok(None);
    }
    let distance = surprise.dot(&pull).max(0.0);
    let law = ChiSquared::new(surprise.len() as f64)
        .map_err(|error| Error::Numerical { method: "test of the views", reason: error.to_string() })?;
    Ok(Some(ViewsTest { distance, degrees_of_freedom: surprise.len(), p_value: law.sf(distance) }))
}

//! Views as linear functions of the returns: what each covaries with, and how firmly it is held.

use std::collections::BTreeMap;

use alluse_risk_core::linalg::{cholesky, symmetric_eigenvalues};
use ndarray::{Array1, Array2, ArrayView1};

use super::{BlackLitterman, Subject, Uncertainty, View, ViewPeriod};
use crate::check::{length, positive};
use crate::{Error, Result, RiskModel, Universe};

/// One view in numbers per period.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statement {
    /// `p`: the portfolio viewed, or the one that mimics the factor.
    pub(super) portfolio: Array1<f64>,
    /// `Σp`: how each asset covaries with what is viewed.
    pub(super) cross: Array1<f64>,
    /// What the prior says about it.
    pub(super) prior: f64,
    /// What the view says.
    pub(super) value: f64,
}

/// All views in numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Statements {
    pub(super) rows: Vec<Statement>,
    /// `PΣP'`.
    pub(super) spanned: Array2<f64>,
    /// What factors vary by beyond their mimicking portfolios.
    pub(super) unspanned: Array2<f64>,
    /// Ω; the entries of views that do not count are zero.
    pub(super) errors: Array2<f64>,
    /// Positions of the views that count.
    pub(super) active: Vec<usize>,
}

impl Statements {
    pub(super) fn new(
        model: &BlackLitterman,
        universe: &Universe,
        risk: &RiskModel,
        prior: ArrayView1<'_, f64>,
    ) -> Result<Self> {
        let rows: Result<Vec<_>> =
            model.views.iter().map(|view| statement(view, model, universe, risk, prior)).collect();
        let rows = rows?;
        let spanned = covariances(&model.views, &rows);
        let unspanned = unspanned(&model.views, risk, &spanned);
        let variances = &spanned.diag() + &unspanned.diag();
        let (errors, active) = errors(model, variances.view())?;
        Ok(Self { rows, spanned, unspanned, errors, active })
    }

    /// `V`: the covariance of what the views are about.
    pub(super) fn variance(&self, i: usize, j: usize) -> f64 {
        self.spanned[[i, j]] + self.unspanned[[i, j]]
    }
}

fn statement(
    view: &View,
    model: &BlackLitterman,
    universe: &Universe,
    risk: &RiskModel,
    prior: ArrayView1<'_, f64>,
) -> Result<Statement> {
    let scale = per_period(view, model)?;
    if !view.value.is_finite() {
        return Err(invalid(view, format!("its return is {}", view.value)));
    }
    let (portfolio, cross) = positions(view, universe, risk)?;
    let prior = match view.subject {
        // A factor's return is an excess return.
        Subject::Factor(_) => portfolio.dot(&prior) - portfolio.sum() * model.basis.risk_free(),
        _ => {
            if view.return_kind != model.basis.kind() {
                let reason = format!("it is about {:?} returns, the model about {:?}", view.return_kind, model.basis);
                return Err(invalid(view, reason));
            }
            portfolio.dot(&prior)
        }
    };
    Ok(Statement { portfolio, cross, prior, value: view.value * scale })
}

/// What a return stated by the view is multiplied by to be per period.
fn per_period(view: &View, model: &BlackLitterman) -> Result<f64> {
    match (view.period, model.frequency) {
        (ViewPeriod::Period, _) => Ok(1.0),
        (ViewPeriod::Year, Some(frequency)) => Ok(1.0 / frequency.periods_per_year()),
        (ViewPeriod::Year, None) => Err(invalid(view, "it is per year, and the model has no frequency")),
    }
}

/// `v`: the variance of what one view is about, whatever it says.
pub(super) fn variance(view: &View, universe: &Universe, risk: &RiskModel) -> Result<f64> {
    let (portfolio, cross) = positions(view, universe, risk)?;
    let (views, rows) = (std::slice::from_ref(view), [Statement { portfolio, cross, prior: 0.0, value: 0.0 }]);
    let spanned = covariances(views, &rows);
    Ok(spanned[[0, 0]] + unspanned(views, risk, &spanned)[[0, 0]])
}

/// `p` and `Σp`.
fn positions(view: &View, universe: &Universe, risk: &RiskModel) -> Result<(Array1<f64>, Array1<f64>)> {
    match &view.subject {
        Subject::Portfolio(weights) => {
            let portfolio = placed(view, weights, universe)?;
            let cross = risk.product(portfolio.view())?;
            Ok((portfolio, cross))
        }
        Subject::Loadings(loadings) => {
            let loadings = placed(view, loadings, universe)?;
            let solved = solve(risk, loadings.view())?;
            let size = loadings.dot(&solved);
            positive("precision of a loadings view", size)?;
            Ok((solved / size, loadings / size))
        }
        Subject::Factor(index) => {
            let RiskModel::Factored(factors) = risk else {
                return Err(invalid(view, "the risk model has no factors"));
            };
            if *index >= factors.factors() {
                return Err(invalid(view, format!("the risk model has {} factors", factors.factors())));
            }
            let covariance = factors.factor_covariance().view();
            let cross = factors.loadings().dot(&covariance.column(*index));
            Ok((factors.solve(cross.view())?, cross))
        }
    }
}

/// `Σ⁻¹ x`.
pub(super) fn solve(risk: &RiskModel, x: ArrayView1<'_, f64>) -> Result<Array1<f64>> {
    Ok(match risk {
        RiskModel::Dense(matrix) => cholesky(matrix.view())?.solve(x)?,
        RiskModel::Factored(model) => model.solve(x)?,
    })
}

fn placed(view: &View, weights: &[(String, f64)], universe: &Universe) -> Result<Array1<f64>> {
    let mut row = Array1::zeros(universe.len());
    let mut seen = BTreeMap::new();
    for (second, (name, weight)) in weights.iter().enumerate() {
        let position = universe.position(name)?;
        if let Some(first) = seen.insert(position, second) {
            let (what, value) = ("asset of a view", name.clone());
            return Err(alluse_risk_core::Error::Duplicate { name: what, value, first, second }.into());
        }
        if !weight.is_finite() {
            return Err(invalid(view, format!("the number for {name} is {weight}")));
        }
        row[position] = *weight;
    }
    if row.iter().all(|weight| *weight == 0.0) {
        return Err(invalid(view, "it has no positions"));
    }
    Ok(row)
}

/// `PΣP'`; a variance that is the rounding error of its terms is zero.
fn covariances(views: &[View], rows: &[Statement]) -> Array2<f64> {
    let mimics = |i: usize| matches!(views[i].subject, Subject::Factor(_));
    Array2::from_shape_fn((rows.len(), rows.len()), |(i, j)| {
        // Mirrored pairs are computed alike, and through the portfolio that is given rather than solved for.
        let (i, j) = (i.min(j), i.max(j));
        let (a, b) = if mimics(i) && !mimics(j) { (j, i) } else { (i, j) };
        let value = rows[a].portfolio.dot(&rows[b].cross);
        let size = rows[a].portfolio.iter().zip(&rows[b].cross).fold(0.0, |sum, (p, c)| sum + (p * c).abs());
        if value.abs() <= rows[a].portfolio.len() as f64 * f64::EPSILON * size { 0.0 } else { value }
    })
}

fn unspanned(views: &[View], risk: &RiskModel, spanned: &Array2<f64>) -> Array2<f64> {
    let RiskModel::Factored(model) = risk else { return Array2::zeros(spanned.dim()) };
    let covariance = model.factor_covariance().view();
    Array2::from_shape_fn(spanned.dim(), |(i, j)| match (&views[i].subject, &views[j].subject) {
        (Subject::Factor(a), Subject::Factor(b)) => covariance[[*a, *b]] - spanned[[i, j]],
        _ => 0.0,
    })
}

fn errors(model: &BlackLitterman, variances: ArrayView1<'_, f64>) -> Result<(Array2<f64>, Vec<usize>)> {
    let n = model.views.len();
    if let Some(given) = &model.view_covariance {
        length("view covariance", n, given.len())?;
        let values = symmetric_eigenvalues(given.view())?;
        let size = values.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        if values[0] < -(n as f64) * f64::EPSILON * size {
            let (name, smallest_eigenvalue) = ("view covariance", values[0]);
            return Err(alluse_risk_core::Error::NotPositiveSemidefinite { name, smallest_eigenvalue }.into());
        }
        return Ok((given.view().to_owned(), (0..n).collect()));
    }
    let (mut errors, mut active) = (Array2::zeros((n, n)), Vec::new());
    for (index, view) in model.views.iter().enumerate() {
        if let Some(error) = error(view, model, model.tau * variances[index])? {
            errors[[index, index]] = error;
            active.push(index);
        }
    }
    Ok((errors, active))
}

/// `ω` per period; `None` for a view that does not count.
fn error(view: &View, model: &BlackLitterman, prior_variance: f64) -> Result<Option<f64>> {
    let scale = per_period(view, model)?;
    let error = match view.uncertainty {
        Uncertainty::Proportional => prior_variance,
        Uncertainty::Variance(variance) if variance >= 0.0 => variance * scale * scale,
        Uncertainty::StandardDeviation(deviation) if deviation >= 0.0 => (deviation * scale) * (deviation * scale),
        Uncertainty::Confidence(0.0) => return Ok(None),
        Uncertainty::Confidence(c) if c > 0.0 && c <= 1.0 => prior_variance * (1.0 - c) / c,
        wrong => return Err(invalid(view, format!("{wrong:?} is outside its domain"))),
    };
    if error.is_finite() { Ok(Some(error)) } else { Err(invalid(view, "the variance of its error overflows")) }
}

pub(super) fn invalid(view: &View, reason: impl Into<String>) -> Error {
    Error::invalid(format!("view {:?}", view.name), reason)
}

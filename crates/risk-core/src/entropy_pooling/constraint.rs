//! Views as linear constraints on the probabilities.

use ndarray::{Array1, ArrayView1, ArrayView2};

use super::{Center, ConstraintRole, Relation, ScenarioView, Statistic};
use crate::sum::compensated;
use crate::{Confidence, Error, Result, check};

/// `Σ pⱼ aⱼ` against a target.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Constraint {
    pub(super) view: String,
    pub(super) role: ConstraintRole,
    pub(super) values: Array1<f64>,
    pub(super) relation: Relation,
    pub(super) target: f64,
}

/// A tail view whose first loss is still to be found.
pub(super) struct TailView {
    pub(super) view: String,
    pub(super) losses: Array1<f64>,
    pub(super) confidence: Confidence,
    pub(super) target: f64,
}

/// The columns of the scenarios by name.
pub(super) struct Columns<'a> {
    pub(super) names: Vec<&'a str>,
    pub(super) scenarios: ArrayView2<'a, f64>,
}

impl Columns<'_> {
    /// `x`, one value a scenario.
    pub(super) fn combined(&self, columns: &[(String, f64)]) -> Result<Array1<f64>> {
        check::unique("column of a view", columns.iter().map(|(name, _)| name.as_str()))?;
        let mut values = Array1::zeros(self.scenarios.nrows());
        for (name, weight) in columns {
            let place = self.names.iter().position(|known| known == name);
            let place = place.ok_or_else(|| Error::Unknown { name: "column", value: name.clone() })?;
            values.scaled_add(*weight, &self.scenarios.column(place));
        }
        if columns.is_empty() {
            return Err(Error::Empty { name: "columns of a view" });
        }
        check::finite("combined columns of a view", values.view())?;
        Ok(values)
    }
}

/// Mean under probabilities.
pub(super) fn mean(probabilities: ArrayView1<'_, f64>, values: ArrayView1<'_, f64>) -> f64 {
    compensated(probabilities.iter().zip(values).map(|(p, v)| p * v))
}

pub(super) fn infeasible(view: &str, reason: &str) -> Error {
    Error::Infeasible { name: "entropy pooling", reason: format!("view {view:?}: {reason}") }
}

/// Adds a constraint unless the same equation is there already. One with another target stays, so that the two
/// contradict each other rather than one of them be dropped.
fn hold(constraints: &mut Vec<Constraint>, held: Constraint) {
    let size = held.values.iter().fold(0.0_f64, |worst, v| worst.max((v - held.target).abs()));
    let same = |c: &Constraint| {
        c.relation == Relation::Equal && c.values == held.values && (c.target - held.target).abs() <= 1e-10 * size
    };
    if !constraints.iter().any(same) {
        constraints.push(held);
    }
}

/// Views on means, probabilities and functions.
pub(super) fn first_moments(columns: &Columns<'_>, view: &ScenarioView) -> Result<Option<Constraint>> {
    let values = match &view.statistic {
        Statistic::Mean => columns.combined(&view.columns)?,
        Statistic::Probability { threshold } => {
            check::finite_number("threshold of a view", *threshold)?;
            columns.combined(&view.columns)?.mapv(|x| f64::from(u8::from(x <= *threshold)))
        }
        Statistic::Function(values) => {
            check::length("function of a view", columns.scenarios.nrows(), values.len())?;
            let values = Array1::from(values.clone());
            check::finite("function of a view", values.view())?;
            values
        }
        _ => return Ok(None),
    };
    Ok(Some(statement(view, values, view.target)))
}

fn statement(view: &ScenarioView, values: Array1<f64>, target: f64) -> Constraint {
    let (role, relation) = (ConstraintRole::Statement, view.relation);
    Constraint { view: view.name.clone(), role, values, relation, target }
}

/// A view on an expected shortfall.
pub(super) fn tail(columns: &Columns<'_>, view: &ScenarioView) -> Result<Option<TailView>> {
    let Statistic::ExpectedShortfall(confidence) = view.statistic else { return Ok(None) };
    if view.relation != Relation::Equal {
        return Err(Error::Unsupported { what: "an inequality on an expected shortfall" });
    }
    let losses = columns.combined(&view.columns)?.mapv(|x| -x);
    Ok(Some(TailView { view: view.name.clone(), losses, confidence, target: view.target }))
}

/// Adds a view on a variance, its mean held at that of `current` or of the prior.
pub(super) fn variance(
    columns: &Columns<'_>,
    view: &ScenarioView,
    prior: ArrayView1<'_, f64>,
    current: ArrayView1<'_, f64>,
    constraints: &mut Vec<Constraint>,
) -> Result<()> {
    let Statistic::Variance(center) = view.statistic else { return Ok(()) };
    let x = columns.combined(&view.columns)?;
    if view.target < 0.0 {
        return Err(infeasible(view.name(), "a variance is not negative"));
    }
    let at = mean(at(center, prior, current), x.view());
    let squares = x.mapv(|v| (v - at) * (v - at));
    hold(constraints, held(view, ConstraintRole::HeldMean, x, at));
    constraints.push(statement(view, squares, view.target));
    Ok(())
}

/// Adds a view on a correlation, the means and variances of both held.
pub(super) fn correlation(
    columns: &Columns<'_>,
    view: &ScenarioView,
    prior: ArrayView1<'_, f64>,
    current: ArrayView1<'_, f64>,
    constraints: &mut Vec<Constraint>,
) -> Result<()> {
    let Statistic::Correlation { with, center } = &view.statistic else { return Ok(()) };
    if view.target.abs() > 1.0 {
        return Err(infeasible(view.name(), "a correlation lies in [−1, 1]"));
    }
    let weights = at(*center, prior, current);
    let (mut deviations, mut volatilities) = (Vec::new(), Vec::new());
    for part in [&view.columns, with] {
        let x = columns.combined(part)?;
        let center = mean(weights, x.view());
        let deviation = x.mapv(|v| v - center);
        let squares = deviation.mapv(|v| v * v);
        let variance = mean(weights, squares.view());
        if !(variance > 0.0) {
            return Err(Error::Undefined { name: "correlation", reason: "a column of the view does not vary" });
        }
        hold(constraints, held(view, ConstraintRole::HeldMean, x, center));
        hold(constraints, held(view, ConstraintRole::HeldSecondMoment, squares, variance));
        deviations.push(deviation);
        volatilities.push(variance.sqrt());
    }
    let products = &deviations[0] * &deviations[1] / (volatilities[0] * volatilities[1]);
    constraints.push(statement(view, products, view.target));
    Ok(())
}

fn at<'a>(center: Center, prior: ArrayView1<'a, f64>, current: ArrayView1<'a, f64>) -> ArrayView1<'a, f64> {
    match center {
        Center::Sequential => current,
        Center::Prior => prior,
    }
}

fn held(view: &ScenarioView, role: ConstraintRole, values: Array1<f64>, target: f64) -> Constraint {
    Constraint { view: view.name.clone(), role, values, relation: Relation::Equal, target }
}

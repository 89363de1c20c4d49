//! The method: from views to probabilities.

use ndarray::{Array1, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::constraint::{self, Columns, Constraint, mean};
use super::dual::{self, DualSolution};
use super::opinion::distribution;
use super::{ConstraintRole, Relation, ScenarioView, effective_scenarios, relative_entropy, tail};
use crate::{Error, Result, check};

/// The distribution over scenarios that meets views with the least relative entropy from a prior.
///
/// ```text
/// minimise  Σ pⱼ ln(pⱼ / priorⱼ)   subject to the views      pⱼ ∝ priorⱼ exp(−Σᵢ λᵢ aᵢⱼ)
/// posterior = c p + (1 − c) prior
/// ```
///
/// Views on means, probabilities, functions and an expected shortfall come first, then variances with means held,
/// then correlations with means and variances held; every stage starts from the prior again with all views so far.
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `views` | none | what is believed | one expected shortfall at most |
/// | `confidence` | 1 | `c`, trust in the views | [0, 1] |
///
/// # Source
/// Meucci (2008), "Fully flexible views: theory and practice"; Vorobets (2021), "Sequential entropy pooling
/// heuristics", for the stages.
///
/// # Examples
/// ```
/// use alluse_risk_core::entropy_pooling::{EntropyPooling, Relation, ScenarioView};
/// use ndarray::{Array1, array};
///
/// let returns = array![[0.02, 0.01], [-0.01, 0.0], [0.0, -0.02], [0.01, 0.03]];
/// let posterior = EntropyPooling::new()
///     .with_view(ScenarioView::mean("SPY", Relation::AtLeast, 0.01))
///     .with_view(ScenarioView::variance("SPY", Relation::Equal, 1e-4))
///     .posterior(&["SPY", "TLT"], returns.view(), Array1::from_elem(4, 0.25).view())?;
/// let mean: f64 = posterior.probabilities.iter().zip(returns.column(0)).map(|(p, r)| p * r).sum();
/// assert!((mean - 0.01).abs() < 1e-12);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntropyPooling {
    views: Vec<ScenarioView>,
    confidence: f64,
}

/// One linear constraint of the last stage, in the order in which they were imposed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ConstraintReport {
    /// The view it belongs to.
    pub view: String,
    /// What it is for.
    pub role: ConstraintRole,
    /// How its function stands to the target.
    pub relation: Relation,
    /// What the mean of its function should be.
    pub target: f64,
    /// What that is under the prior.
    pub prior_value: f64,
    /// What it is under the views with full confidence.
    pub value: f64,
    /// By how much `value` misses the target; 0 for an inequality that holds.
    pub residual: f64,
    /// `λ`: the relative entropy saved per unit by which the target is raised, at the optimum; 0 for an inequality
    /// that does not bind.
    pub multiplier: f64,
}

/// Probabilities that meet the views.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EntropyPosterior {
    /// One a scenario, summing to 1.
    pub probabilities: Vec<f64>,
    /// Their relative entropy from the prior, in nats.
    pub relative_entropy: f64,
    /// Equally likely scenarios that carry as much information. Far fewer than under the prior means that the
    /// views lean on a few scenarios.
    pub effective_scenarios: f64,
    /// The same for the prior.
    pub prior_effective_scenarios: f64,
    /// The constraints behind the views.
    pub constraints: Vec<ConstraintReport>,
    /// Newton steps of the last stage.
    pub iterations: usize,
}

impl EntropyPosterior {
    /// The probabilities as an array.
    #[must_use]
    pub fn view(&self) -> ArrayView1<'_, f64> {
        ArrayView1::from(&self.probabilities)
    }
}

impl Default for EntropyPooling {
    fn default() -> Self {
        Self::new()
    }
}

impl EntropyPooling {
    /// Without views, with full confidence in those to come.
    #[must_use]
    pub fn new() -> Self {
        Self { views: Vec::new(), confidence: 1.0 }
    }

    /// With one view more.
    #[must_use]
    pub fn with_view(mut self, view: ScenarioView) -> Self {
        self.views.push(view);
        self
    }

    /// With this much trust in the views, the rest in the prior.
    #[must_use]
    pub fn with_confidence(mut self, confidence: f64) -> Self {
        self.confidence = confidence;
        self
    }

    /// The views, in order.
    #[must_use]
    pub fn views(&self) -> &[ScenarioView] {
        &self.views
    }

    /// The posterior probabilities of scenarios, one a row, with one named column a variable.
    ///
    /// # Errors
    /// - [`Error::OutOfDomain`] unless the confidence is in [0, 1], and for a target that is not finite.
    /// - [`Error::Empty`], [`Error::EntryOutOfDomain`], [`Error::LengthMismatch`], [`Error::Duplicate`] for
    ///   scenarios that are empty, not finite or not named one by one, and a prior that is no distribution.
    /// - [`Error::Unknown`] for a view on a column that is not there.
    /// - [`Error::Infeasible`] naming the views that no probabilities on these scenarios meet.
    /// - [`Error::Unsupported`] for a second view on an expected shortfall or an inequality on one.
    /// - [`Error::NotConverged`] when views are met only in a limit that is not reached.
    pub fn posterior<N: AsRef<str>>(
        &self,
        columns: &[N],
        scenarios: ArrayView2<'_, f64>,
        prior: ArrayView1<'_, f64>,
    ) -> Result<EntropyPosterior> {
        self.check(columns, scenarios, prior)?;
        let columns = Columns { names: columns.iter().map(AsRef::as_ref).collect(), scenarios };
        let mut constraints = self.first_stage(&columns, prior)?;
        let mut solution = dual::solve(prior, &constraints)?;
        for stage in [constraint::variance, constraint::correlation] {
            let before = constraints.len();
            for view in &self.views {
                stage(&columns, view, prior, solution.probabilities.view(), &mut constraints)?;
            }
            if constraints.len() > before {
                solution = dual::solve(prior, &constraints)?;
            }
        }
        self.report(prior, &constraints, &solution)
    }

    fn check<N: AsRef<str>>(
        &self,
        columns: &[N],
        scenarios: ArrayView2<'_, f64>,
        prior: ArrayView1<'_, f64>,
    ) -> Result<()> {
        if !(0.0..=1.0).contains(&self.confidence) {
            let (name, expected, value) = ("confidence in the views", "in [0, 1]", self.confidence);
            return Err(Error::OutOfDomain { name, expected, value });
        }
        check::finite_matrix("scenarios", scenarios)?;
        check::length("columns", scenarios.ncols(), columns.len())?;
        check::unique("column", columns.iter().map(AsRef::as_ref))?;
        distribution(prior, scenarios.nrows())?;
        self.views.iter().try_for_each(|view| check::finite_number("target of a view", view.target))
    }

    fn first_stage(&self, columns: &Columns<'_>, prior: ArrayView1<'_, f64>) -> Result<Vec<Constraint>> {
        let (mut constraints, mut tails) = (Vec::new(), Vec::new());
        for view in &self.views {
            constraints.extend(constraint::first_moments(columns, view)?);
            tails.extend(constraint::tail(columns, view)?);
        }
        if tails.len() > 1 {
            return Err(Error::Unsupported { what: "views on more than one expected shortfall" });
        }
        for view in &tails {
            let found = tail::constraints(prior, view, &constraints)?;
            constraints.extend(found);
        }
        Ok(constraints)
    }

    fn report(
        &self,
        prior: ArrayView1<'_, f64>,
        constraints: &[Constraint],
        solution: &DualSolution,
    ) -> Result<EntropyPosterior> {
        let full = solution.probabilities.view();
        let probabilities: Array1<f64> =
            full.iter().zip(prior).map(|(p, q)| self.confidence * p + (1.0 - self.confidence) * q).collect();
        let reports = constraints.iter().zip(&solution.multipliers);
        Ok(EntropyPosterior {
            relative_entropy: relative_entropy(probabilities.view(), prior)?,
            effective_scenarios: effective_scenarios(probabilities.view())?,
            prior_effective_scenarios: effective_scenarios(prior)?,
            constraints: reports.map(|(constraint, &multiplier)| report(constraint, prior, full, multiplier)).collect(),
            iterations: solution.iterations,
            probabilities: probabilities.to_vec(),
        })
    }
}

fn report(
    constraint: &Constraint,
    prior: ArrayView1<'_, f64>,
    full: ArrayView1<'_, f64>,
    multiplier: f64,
) -> ConstraintReport {
    let value = mean(full, constraint.values.view());
    let gap = value - constraint.target;
    ConstraintReport {
        view: constraint.view.clone(),
        role: constraint.role,
        relation: constraint.relation,
        target: constraint.target,
        prior_value: mean(prior, constraint.values.view()),
        value,
        residual: match constraint.relation {
            Relation::Equal => gap,
            Relation::AtMost => gap.max(0.0),
            Relation::AtLeast => gap.min(0.0),
        },
        multiplier,
    }
}

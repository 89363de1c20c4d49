//! Statements about the distribution over scenarios.

use serde::{Deserialize, Serialize};

use crate::Confidence;

/// How a statistic stands to its target.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// It equals the target.
    #[default]
    Equal,
    /// It is not above it.
    AtMost,
    /// It is not below it.
    AtLeast,
}

/// Where means, and for a correlation variances, are held so that a view on a second moment is linear.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Center {
    /// Where the views on lower moments have put them (Vorobets 2021).
    #[default]
    Sequential,
    /// Where the prior has them (Meucci 2008).
    Prior,
}

/// What is stated about a combination of columns, `x`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Statistic {
    /// `E[x]`.
    Mean,
    /// `E[(x − m)²]` with `E[x] = m` held.
    Variance(Center),
    /// `(E[xy] − mₓm_y) / (sₓ s_y)` with the means and variances of both held.
    Correlation {
        /// `y`.
        with: Vec<(String, f64)>,
        /// Where they are held.
        center: Center,
    },
    /// `P(x ≤ threshold)`.
    Probability {
        /// The threshold.
        threshold: f64,
    },
    /// The mean of the worst `1 − confidence` of `−x`; the loss at which that tail starts is the one that takes the
    /// least relative entropy.
    ExpectedShortfall(Confidence),
    /// The mean of any function, one value a scenario; the columns do not matter.
    Function(Vec<f64>),
}

/// What a constraint is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConstraintRole {
    /// The view itself.
    Statement,
    /// A mean held for a view on a second moment.
    HeldMean,
    /// A second moment held for a view on a correlation.
    HeldSecondMoment,
    /// The probability of the tail whose mean is viewed.
    TailProbability,
}

/// One view on a distribution over scenarios.
///
/// The numbers are checked when the view is used, so that a stored view is checked too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioView {
    pub(super) name: String,
    pub(super) columns: Vec<(String, f64)>,
    pub(super) statistic: Statistic,
    pub(super) relation: Relation,
    pub(super) target: f64,
}

fn one(column: impl Into<String>) -> Vec<(String, f64)> {
    vec![(column.into(), 1.0)]
}

impl ScenarioView {
    /// A view on a statistic of a combination of columns, `x = Σ weight · column`.
    #[must_use]
    pub fn new<N: Into<String>>(
        name: impl Into<String>,
        columns: impl IntoIterator<Item = (N, f64)>,
        statistic: Statistic,
        relation: Relation,
        target: f64,
    ) -> Self {
        let columns = columns.into_iter().map(|(column, weight)| (column.into(), weight)).collect();
        Self { name: name.into(), columns, statistic, relation, target }
    }

    /// On the mean of a column.
    #[must_use]
    pub fn mean(column: impl Into<String>, relation: Relation, target: f64) -> Self {
        let columns = one(column);
        Self::new(format!("mean of {}", columns[0].0), columns, Statistic::Mean, relation, target)
    }

    /// One column has at least the mean of another; a ranking of several is one such view a pair of neighbours.
    #[must_use]
    pub fn ranking(better: impl Into<String>, worse: impl Into<String>) -> Self {
        let (better, worse) = (better.into(), worse.into());
        let name = format!("{better} over {worse}");
        Self::new(name, [(better, 1.0), (worse, -1.0)], Statistic::Mean, Relation::AtLeast, 0.0)
    }

    /// On the variance of a column.
    #[must_use]
    pub fn variance(column: impl Into<String>, relation: Relation, target: f64) -> Self {
        let columns = one(column);
        let statistic = Statistic::Variance(Center::Sequential);
        Self::new(format!("variance of {}", columns[0].0), columns, statistic, relation, target)
    }

    /// On the correlation of two columns.
    #[must_use]
    pub fn correlation(first: impl Into<String>, second: impl Into<String>, relation: Relation, target: f64) -> Self {
        let (columns, with) = (one(first), one(second));
        let name = format!("correlation of {} and {}", columns[0].0, with[0].0);
        Self::new(name, columns, Statistic::Correlation { with, center: Center::Sequential }, relation, target)
    }

    /// On the probability that a column is at most `threshold`.
    #[must_use]
    pub fn probability(column: impl Into<String>, threshold: f64, relation: Relation, target: f64) -> Self {
        let columns = one(column);
        let name = format!("probability of {} up to {threshold}", columns[0].0);
        Self::new(name, columns, Statistic::Probability { threshold }, relation, target)
    }

    /// A column is at most `value` with this probability: its quantile.
    #[must_use]
    pub fn quantile(column: impl Into<String>, probability: f64, value: f64) -> Self {
        Self::probability(column, value, Relation::Equal, probability)
    }

    /// The median of a column is `value`.
    #[must_use]
    pub fn median(column: impl Into<String>, value: f64) -> Self {
        Self::quantile(column, 0.5, value)
    }

    /// The expected shortfall of a column of returns, a positive number for a loss.
    #[must_use]
    pub fn expected_shortfall(column: impl Into<String>, confidence: Confidence, target: f64) -> Self {
        let columns = one(column);
        let name = format!("expected shortfall of {}", columns[0].0);
        Self::new(name, columns, Statistic::ExpectedShortfall(confidence), Relation::Equal, target)
    }

    /// On the mean of any function of the scenarios, one value a scenario.
    #[must_use]
    pub fn function(name: impl Into<String>, values: Vec<f64>, relation: Relation, target: f64) -> Self {
        Self::new(name, Vec::<(String, f64)>::new(), Statistic::Function(values), relation, target)
    }

    /// With another name for errors and results.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// How errors and results call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

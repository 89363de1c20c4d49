use std::fmt;

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::scenario::{ids_valid, probabilities_valid};
use super::{Coverage, Factor, Ordering};
use crate::labels::{LabelSelector, LabelTable};
use crate::measures::{DrawdownPath, LossSample};
use crate::{Error, ErrorKind, Horizon, Result, RowId, ScenarioId, check};

/// Something taken for granted on the way to a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Assumption {
    /// A factor without scenarios was left where it is.
    HeldFixed {
        /// The factor.
        factor: Factor,
    },
    /// An option that expires inside the horizon settles at intrinsic value on the end-of-horizon
    /// price, and the cash earns the rate until then.
    SettledInsideHorizon {
        /// The position.
        row: RowId,
    },
    /// Positions were revalued by an approximation.
    Approximated {
        /// How many positions.
        rows: usize,
        /// Largest error found against exact revaluation, in base currency.
        measured_error: f64,
        /// How many revaluations that error was measured on.
        sampled: usize,
    },
    /// An input was modelled rather than observed.
    ModelledInput {
        /// What, and how.
        description: String,
    },
    /// Anything else.
    Note {
        /// In words.
        text: String,
    },
}

impl fmt::Display for Assumption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HeldFixed { factor } => write!(f, "{factor} held fixed"),
            Self::SettledInsideHorizon { row } => {
                write!(f, "{row} expires inside the horizon: settled at intrinsic value on the end-of-horizon price")
            }
            Self::Approximated { rows, measured_error, sampled } => write!(
                f,
                "{rows} positions approximated; largest error against {sampled} exact revaluations {measured_error:.3e}"
            ),
            Self::ModelledInput { description } => write!(f, "modelled input: {description}"),
            Self::Note { text } => f.write_str(text),
        }
    }
}

/// A row that could not be valued: it has no numbers, but it does not disappear.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Unvalued {
    /// Its name.
    pub row: RowId,
    /// The kind of the obstacle.
    pub kind: ErrorKind,
    /// The obstacle in words.
    pub reason: String,
    /// Its share of the coverage.
    pub coverage: Coverage,
}

/// The plain parts of a [`ScenarioPnl`], and its stored form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScenarioPnlParts {
    /// Names of the valued rows.
    pub rows: Vec<RowId>,
    /// P&L, rows × scenarios, gain positive, base currency.
    #[serde(with = "crate::nested::matrix")]
    pub values: Array2<f64>,
    /// Coverage of each valued row.
    pub row_coverage: Vec<Coverage>,
    /// Rows that could not be valued.
    pub unvalued: Vec<Unvalued>,
    /// Labels of the valued rows, then of the unvalued ones.
    pub labels: LabelTable,
    /// Probabilities of the scenarios, or `None` for equally likely ones.
    #[serde(with = "crate::nested::optional_vector")]
    pub probabilities: Option<Array1<f64>>,
    /// Names of the scenarios.
    pub ids: Vec<ScenarioId>,
    /// What their order means.
    pub ordering: Ordering,
    /// Neighbouring scenarios that share an observation; 1 when they are independent.
    pub overlap: u32,
    /// Time that the scenarios take.
    pub horizon: Horizon,
    /// What was taken for granted.
    pub assumptions: Vec<Assumption>,
}

/// The P&L cube: one row per position (or label), one column per scenario.
///
/// Every question about risk is arithmetic on this matrix: sum the rows for a book, sum a label's rows
/// for its contribution, take tail means for risk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "ScenarioPnlParts", into = "ScenarioPnlParts")]
pub struct ScenarioPnl {
    parts: ScenarioPnlParts,
    coverage: Coverage,
}

impl ScenarioPnl {
    /// Checks the parts and takes them.
    ///
    /// # Errors
    /// [`Error::LengthMismatch`] when shapes disagree, [`Error::Duplicate`] for a row or scenario
    /// named twice, [`Error::EntryOutOfDomain`] for a P&L that is not finite, and the errors of
    /// [`ScenarioSet`](crate::ScenarioSet) for probabilities and dates.
    pub fn new(mut parts: ScenarioPnlParts) -> Result<Self> {
        let scenarios = parts.ids.len();
        if scenarios == 0 {
            return Err(Error::Empty { name: "scenarios" });
        }
        check::length("P&L rows", parts.rows.len(), parts.values.nrows())?;
        if !parts.rows.is_empty() {
            check::length("P&L scenarios", scenarios, parts.values.ncols())?;
        }
        check::length("row coverage", parts.rows.len(), parts.row_coverage.len())?;
        check::length("label rows", parts.rows.len() + parts.unvalued.len(), parts.labels.rows())?;
        check::unique("row", all_rows(&parts).map(RowId::as_str))?;
        ids_valid(&parts.ids, parts.ordering, scenarios)?;
        if let Some(probabilities) = &parts.probabilities {
            probabilities_valid(probabilities.view(), scenarios)?;
        }
        if parts.overlap == 0 {
            return Err(Error::OutOfDomain { name: "overlap", expected: "at least 1", value: 0.0 });
        }
        if let Some(((row, column), &value)) = parts.values.indexed_iter().find(|(_, v)| !v.is_finite()) {
            return Err(Error::EntryOutOfDomain {
                name: "P&L",
                row: parts.rows[row].to_string(),
                column: parts.ids[column].to_string(),
                expected: "finite",
                value,
            });
        }
        if !parts.values.is_standard_layout() {
            parts.values = parts.values.as_standard_layout().into_owned();
        }
        let coverage = total_coverage(&parts.row_coverage, &parts.unvalued);
        Ok(Self { parts, coverage })
    }

    /// Names of the valued rows.
    #[must_use]
    pub fn rows(&self) -> &[RowId] {
        &self.parts.rows
    }

    /// P&L, rows × scenarios, row after row, gain positive, base currency.
    #[must_use]
    pub fn values(&self) -> ArrayView2<'_, f64> {
        self.parts.values.view()
    }

    /// Coverage of each valued row.
    #[must_use]
    pub fn row_coverage(&self) -> &[Coverage] {
        &self.parts.row_coverage
    }

    /// Rows that could not be valued.
    #[must_use]
    pub fn unvalued(&self) -> &[Unvalued] {
        &self.parts.unvalued
    }

    /// Labels of the valued rows, then of the unvalued ones.
    #[must_use]
    pub fn labels(&self) -> &LabelTable {
        &self.parts.labels
    }

    /// Probabilities, or `None` for equally likely scenarios.
    #[must_use]
    pub fn probabilities(&self) -> Option<ArrayView1<'_, f64>> {
        self.parts.probabilities.as_ref().map(|p| p.view())
    }

    /// Names of the scenarios.
    #[must_use]
    pub fn ids(&self) -> &[ScenarioId] {
        &self.parts.ids
    }

    /// What their order means.
    #[must_use]
    pub fn ordering(&self) -> Ordering {
        self.parts.ordering
    }

    /// Neighbouring scenarios that share an observation.
    #[must_use]
    pub fn overlap(&self) -> u32 {
        self.parts.overlap
    }

    /// Time that the scenarios take.
    #[must_use]
    pub fn horizon(&self) -> Horizon {
        self.parts.horizon
    }

    /// What part of the book the matrix speaks for.
    #[must_use]
    pub fn coverage(&self) -> Coverage {
        self.coverage
    }

    /// What was taken for granted.
    #[must_use]
    pub fn assumptions(&self) -> &[Assumption] {
        &self.parts.assumptions
    }

    /// P&L of all valued rows together, one number per scenario.
    #[must_use]
    pub fn total(&self) -> Array1<f64> {
        let mut total = Array1::zeros(self.parts.ids.len());
        for row in self.parts.values.rows() {
            total += &row;
        }
        total
    }

    /// Losses of all valued rows together, ready for the measures.
    ///
    /// # Errors
    /// [`Error::Undefined`] for named scenarios, which are not a sample, and when no row was valued.
    pub fn losses(&self) -> Result<LossSample> {
        self.sample(self.total())
    }

    /// Losses of one row.
    ///
    /// # Errors
    /// [`Error::Unknown`] for a name that is not a valued row, and the errors of [`losses`](Self::losses).
    pub fn row_losses(&self, row: &RowId) -> Result<LossSample> {
        let index = self.parts.rows.iter().position(|r| r == row);
        let index = index.ok_or_else(|| Error::Unknown { name: "row", value: row.to_string() })?;
        let sample = self.sample(self.parts.values.row(index).to_owned())?;
        Ok(sample.with_coverage(self.parts.row_coverage[index]))
    }

    fn sample(&self, gains: Array1<f64>) -> Result<LossSample> {
        let undefined = |reason| Err(Error::Undefined { name: "loss sample", reason });
        if self.parts.ordering == Ordering::Named {
            return undefined("hand-written scenarios are not a sample of a distribution");
        }
        if self.parts.rows.is_empty() {
            return undefined("no position could be valued");
        }
        let losses = LossSample::new(gains.mapv_into(|gain| 0.0 - gain))?;
        let losses = match &self.parts.probabilities {
            Some(probabilities) => losses.with_probabilities(probabilities.clone())?,
            None => losses,
        };
        losses
            .with_horizon(self.parts.horizon)
            .with_coverage(self.coverage)
            .with_effective_observations(self.parts.ids.len() as f64 / f64::from(self.parts.overlap))
    }

    /// The value path that starts at `start_value` and earns the total P&L of each scenario in turn.
    ///
    /// # Errors
    /// [`Error::Undefined`] unless the scenarios are dated and do not overlap, and the errors of
    /// [`DrawdownPath::from_values`].
    pub fn path(&self, start_value: f64) -> Result<DrawdownPath> {
        if self.parts.ordering != Ordering::Dated || self.parts.overlap != 1 {
            return Err(Error::Undefined {
                name: "drawdown",
                reason: "it needs scenarios on consecutive dates that do not overlap",
            });
        }
        let mut value = start_value;
        let mut values = vec![start_value];
        values.extend(self.total().iter().map(|gain| {
            value += gain;
            value
        }));
        DrawdownPath::from_values(Array1::from(values).view())
    }

    /// One row per label of `axis`, rows without one under `unlabelled`.
    ///
    /// A label whose positions could none of them be valued stays an unvalued row.
    ///
    /// # Errors
    /// [`Error::Unknown`] for an axis that no row has.
    pub fn group_by(&self, axis: &str) -> Result<Self> {
        let valued = self.parts.rows.len();
        let mut rows = Vec::new();
        let mut row_coverage = Vec::new();
        let mut unvalued = Vec::new();
        let mut sums: Vec<Array1<f64>> = Vec::new();
        let groups = self.parts.labels.group_by(axis)?;
        let (with_values, without): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group| group.rows.iter().any(|&row| row < valued));
        for group in &with_values {
            let mut sum = Array1::zeros(self.parts.ids.len());
            let mut coverage = Coverage::complete(0, 0.0);
            for &row in &group.rows {
                if row < valued {
                    sum += &self.parts.values.row(row);
                    coverage = coverage.and(self.parts.row_coverage[row]);
                } else {
                    coverage = coverage.and(self.parts.unvalued[row - valued].coverage);
                }
            }
            rows.push(RowId::new(group.name())?);
            row_coverage.push(coverage);
            sums.push(sum);
        }
        for group in &without {
            let members: Vec<&Unvalued> = group.rows.iter().map(|&row| &self.parts.unvalued[row - valued]).collect();
            unvalued.push(Unvalued {
                row: RowId::new(group.name())?,
                kind: members[0].kind,
                reason: members[0].reason.clone(),
                coverage: members.iter().map(|m| m.coverage).fold(Coverage::complete(0, 0.0), Coverage::and),
            });
        }
        let mut values = Array2::zeros((rows.len(), self.parts.ids.len()));
        for (mut target, sum) in values.rows_mut().into_iter().zip(&sums) {
            target.assign(sum);
        }
        let names = with_values.iter().chain(&without).map(|group| group.label.clone()).collect();
        let labels = LabelTable::new(rows.len() + unvalued.len()).with_axis(axis, names)?;
        Self::new(ScenarioPnlParts { rows, values, row_coverage, unvalued, labels, ..self.frame() })
    }

    /// The rows that a selector picks.
    ///
    /// # Errors
    /// [`Error::Unknown`] for an axis that no row has, [`Error::Empty`] when nothing is picked.
    pub fn select(&self, selector: &LabelSelector) -> Result<Self> {
        let picked = self.parts.labels.select(selector)?;
        if picked.is_empty() {
            return Err(Error::Empty { name: "selection" });
        }
        let valued = self.parts.rows.len();
        let (inside, outside): (Vec<usize>, Vec<usize>) = picked.iter().partition(|&&row| row < valued);
        Self::new(ScenarioPnlParts {
            rows: inside.iter().map(|&row| self.parts.rows[row].clone()).collect(),
            values: self.parts.values.select(Axis(0), &inside),
            row_coverage: inside.iter().map(|&row| self.parts.row_coverage[row]).collect(),
            unvalued: outside.iter().map(|&row| self.parts.unvalued[row - valued].clone()).collect(),
            labels: self.parts.labels.rows_at(&picked)?,
            ..self.frame()
        })
    }

    /// Everything but the rows.
    fn frame(&self) -> ScenarioPnlParts {
        ScenarioPnlParts {
            rows: Vec::new(),
            values: Array2::zeros((0, 0)),
            row_coverage: Vec::new(),
            unvalued: Vec::new(),
            labels: LabelTable::new(0),
            probabilities: self.parts.probabilities.clone(),
            ids: self.parts.ids.clone(),
            ordering: self.parts.ordering,
            overlap: self.parts.overlap,
            horizon: self.parts.horizon,
            assumptions: self.parts.assumptions.clone(),
        }
    }
}

fn all_rows(parts: &ScenarioPnlParts) -> impl Iterator<Item = &RowId> {
    parts.rows.iter().chain(parts.unvalued.iter().map(|u| &u.row))
}

fn total_coverage(rows: &[Coverage], unvalued: &[Unvalued]) -> Coverage {
    rows.iter().copied().chain(unvalued.iter().map(|u| u.coverage)).fold(Coverage::complete(0, 0.0), Coverage::and)
}

impl TryFrom<ScenarioPnlParts> for ScenarioPnl {
    type Error = Error;

    fn try_from(parts: ScenarioPnlParts) -> Result<Self> {
        Self::new(parts)
    }
}

impl From<ScenarioPnl> for ScenarioPnlParts {
    fn from(pnl: ScenarioPnl) -> Self {
        pnl.parts
    }
}

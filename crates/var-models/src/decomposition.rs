//! How the risk of a book splits between its rows, by Euler's theorem on the P&L cube.

use alluse_risk_core::measures::{LossSample, QuantileRule};
use alluse_risk_core::{Confidence, Coverage, Estimate, Measure, RowId, ScenarioPnl, Unvalued};
use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::weights::{ScenarioWeights, additive_scale, value_at_risk_weights};
use crate::{Error, Result};

/// Which scenarios speak for the VaR scenario when its parts are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum VarAllocation {
    /// `E[Lᵢ | L = VaR]` by a Gaussian kernel over the losses (Nadaraya-Watson, Silverman's bandwidth), scaled
    /// so that the parts add up to the VaR.
    #[default]
    Kernel,
    /// The mean over the possible scenarios nearest in rank to the VaR scenario, by their probabilities, scaled
    /// likewise.
    NearestScenarios {
        /// How many, the VaR scenario included.
        count: usize,
    },
    /// The one or two scenarios that the VaR is made of. Exact, and as noisy as a single day.
    VarScenario,
}

/// The part of one row in a risk figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Contribution {
    /// The row: a position or a label.
    pub row: RowId,
    /// Its part; the parts of all rows add up to the total.
    pub component: f64,
    /// Standard error of the part, for expected shortfall.
    pub standard_error: Option<f64>,
    /// Change of the total per unit of gross notional added to the row in its present mix; `None` without
    /// notional.
    pub marginal: Option<f64>,
    /// The measure of the row alone.
    pub standalone: f64,
    /// Change of the total if the row were taken out, recomputed: `total − total without the row`.
    pub incremental: f64,
    /// What the row covers.
    pub coverage: Coverage,
}

/// A risk figure and its parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Decomposition {
    /// The axis of the labels, or `None` for positions.
    pub axis: Option<String>,
    /// The figure that is split.
    pub total: Estimate,
    /// The parts, in the order of the rows.
    pub contributions: Vec<Contribution>,
    /// Rows without numbers: they are part of the book and not of the total.
    pub unvalued: Vec<Unvalued>,
    /// `total − Σ components`; rounding only.
    pub residual: f64,
    /// Sum of the parts before they were scaled to the total; equal to it where no scaling takes place.
    pub raw_sum: f64,
    /// Sum of the stand-alone figures less the total.
    pub diversification_benefit: f64,
}

/// Splits VaR or ES of a cube by the labels of an axis, or by position.
///
/// ```text
/// ES parts    Σₛ wₛ Lᵢₛ over the tail scenarios, with the exact fractional weight of the last: additive as they are
/// VaR parts   E[Lᵢ | L = VaR], scaled to add up
/// ```
///
/// # Errors
/// [`Error::NotDecomposable`] for other measures; [`Error::Input`] for an axis that no row has, for what
/// [`ScenarioPnl::losses`] refuses, and when the scenarios that speak for the VaR do not lose on the same side
/// of zero as the VaR, so that no scaling makes their parts add up to it.
///
/// # Source
/// Tasche (2000), "Conditional expectation as quantile derivative"; Manistre & Hancock (2005) for the error.
pub fn contributions(
    pnl: &ScenarioPnl,
    measure: &Measure,
    axis: Option<&str>,
    allocation: VarAllocation,
) -> Result<Decomposition> {
    let grouped;
    let rows = match axis {
        Some(axis) => {
            grouped = pnl.group_by(axis)?;
            &grouped
        }
        None => pnl,
    };
    let question = Question::new(measure)?;
    let sample = question.prepare(rows.losses()?);
    let total = question.ask(&sample)?;
    let weights = question.weights(&sample, total.value, allocation)?;
    let raw: Vec<f64> = rows.values().rows().into_iter().map(|row| 0.0 - weights.dot(row)).collect();
    let raw_sum: f64 = raw.iter().sum();
    let scale = question.scale(total.value, raw_sum, allocation)?;
    let errors = question.standard_errors(rows, &sample, total.value, &raw)?;
    let book = rows.total();
    let mut contributions = Vec::with_capacity(raw.len());
    for (index, (id, row)) in rows.rows().iter().zip(rows.values().rows()).enumerate() {
        let coverage = rows.row_coverage()[index];
        let component = raw[index] * scale;
        let standalone = question.ask(&question.like(&sample, row.mapv(|gain| 0.0 - gain))?)?.value;
        let without = question.ask(&question.like(&sample, &row - &book)?)?.value;
        contributions.push(Contribution {
            row: id.clone(),
            component,
            standard_error: errors.as_ref().map(|errors| errors[index]),
            marginal: (coverage.notional_valued > 0.0).then(|| component / coverage.notional_valued),
            standalone,
            incremental: total.value - without,
            coverage,
        });
    }
    let sum: f64 = contributions.iter().map(|c| c.component).sum();
    let alone: f64 = contributions.iter().map(|c| c.standalone).sum();
    Ok(Decomposition {
        axis: axis.map(str::to_owned),
        residual: total.value - sum,
        diversification_benefit: alone - total.value,
        total,
        contributions,
        unvalued: rows.unvalued().to_vec(),
        raw_sum,
    })
}

/// What is asked of a sample of losses.
#[derive(Debug, Clone, Copy)]
enum Question {
    ValueAtRisk { confidence: Confidence, rule: QuantileRule },
    ExpectedShortfall { confidence: Confidence },
}

impl Question {
    fn new(measure: &Measure) -> Result<Self> {
        match measure {
            Measure::ValueAtRisk { confidence, rule } => {
                Ok(Self::ValueAtRisk { confidence: *confidence, rule: rule.unwrap_or_default() })
            }
            Measure::ExpectedShortfall { confidence } => Ok(Self::ExpectedShortfall { confidence: *confidence }),
            other => Err(Error::NotDecomposable { measure: format!("{other:?}") }),
        }
    }

    fn prepare(self, sample: LossSample) -> LossSample {
        match self {
            Self::ValueAtRisk { rule, .. } => sample.with_quantile_rule(rule),
            Self::ExpectedShortfall { .. } => sample,
        }
    }

    fn ask(self, sample: &LossSample) -> Result<Estimate> {
        Ok(match self {
            Self::ValueAtRisk { confidence, .. } => sample.value_at_risk(confidence)?,
            Self::ExpectedShortfall { confidence } => sample.expected_shortfall(confidence)?,
        })
    }

    /// Other losses in the same scenarios.
    fn like(self, sample: &LossSample, losses: Array1<f64>) -> Result<LossSample> {
        let other = LossSample::new(losses)?;
        let other = match sample.probabilities() {
            Some(probabilities) => other.with_probabilities(probabilities.to_owned())?,
            None => other,
        };
        Ok(self.prepare(other))
    }

    fn weights(self, sample: &LossSample, value: f64, allocation: VarAllocation) -> Result<ScenarioWeights> {
        match self {
            Self::ExpectedShortfall { confidence } => Ok(ScenarioWeights::Sparse(sample.tail_weights(confidence))),
            Self::ValueAtRisk { confidence, .. } => value_at_risk_weights(sample, confidence, value, allocation),
        }
    }

    /// What the raw parts are multiplied by: 1 for ES, whose parts add up by themselves.
    fn scale(self, total: f64, raw_sum: f64, allocation: VarAllocation) -> Result<f64> {
        match self {
            Self::ExpectedShortfall { .. } => Ok(1.0),
            Self::ValueAtRisk { .. } => additive_scale(total, raw_sum, allocation),
        }
    }

    /// Standard errors of the ES parts from their influence function,
    /// `[Var(Lᵢ | tail) + c (ESᵢ − E[Lᵢ | L = VaR])²] / (n (1 − c))`.
    fn standard_errors(
        self,
        rows: &ScenarioPnl,
        sample: &LossSample,
        total: f64,
        components: &[f64],
    ) -> Result<Option<Vec<f64>>> {
        let Self::ExpectedShortfall { confidence } = self else { return Ok(None) };
        let count = sample.effective_observations() * confidence.tail();
        if count < 2.0 || total == 0.0 {
            return Ok(None);
        }
        let tail = ScenarioWeights::Sparse(sample.tail_weights(confidence));
        let edge = sample.value_at_risk(confidence)?.value;
        let at_edge = value_at_risk_weights(sample, confidence, edge, VarAllocation::Kernel)?;
        let error = |(row, component): (ArrayView1<'_, f64>, &f64)| {
            let spread = tail.mean_of(|s| (-row[s] - component).powi(2));
            let gap = component + at_edge.dot(row);
            ((spread + confidence.level() * gap * gap) / count).sqrt()
        };
        Ok(Some(rows.values().rows().into_iter().zip(components).map(error).collect()))
    }
}

//! Who carries the risk.

use alluse_risk_core::measures::LossSample;
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::problem::{Problem, RiskMeasure};

/// A risk as the sum of what each asset contributes.
///
/// Of a volatility `wᵢ(Σw)ᵢ / σ`, of an expected shortfall the weight times the mean loss of the asset in the portfolio's
/// tail: both are Euler's, and add up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RiskShares {
    /// The risk, in words.
    pub measure: String,
    /// Its value.
    pub total: f64,
    /// The part of each asset.
    pub contributions: Vec<f64>,
    /// Total less the sum of the parts: rounding.
    pub residual: f64,
}

/// The risk that the problem speaks of, or the volatility.
pub(super) fn shares(problem: &Problem, weights: &[f64]) -> Result<Option<RiskShares>> {
    let w = ArrayView1::from(weights);
    if let Some(RiskMeasure::ExpectedShortfall(confidence)) = problem.objective.measure() {
        let scenarios = problem.scenario_returns()?;
        let portfolio = scenarios.returns().dot(&w);
        let mut sample = LossSample::from_returns(portfolio.view())?;
        if let Some(probabilities) = scenarios.probabilities() {
            sample = sample.with_probabilities(probabilities.to_owned())?;
        }
        let total = sample.expected_shortfall(confidence)?.value;
        let tail = sample.tail_weights(confidence);
        let mass: f64 = tail.iter().map(|(_, p)| p).sum();
        let mut contributions = vec![0.0; weights.len()];
        for (scenario, weight) in tail {
            for (part, (w, r)) in contributions.iter_mut().zip(weights.iter().zip(scenarios.returns().row(scenario))) {
                *part -= w * r * weight / mass;
            }
        }
        return Ok(Some(split("expected shortfall", total, contributions)));
    }
    let Some(model) = &problem.covariance else { return Ok(None) };
    let marginal = model.product(w)?;
    let total = marginal.dot(&w).max(0.0).sqrt();
    if total == 0.0 {
        return Ok(None);
    }
    let contributions = weights.iter().zip(&marginal).map(|(w, m)| w * m / total).collect();
    Ok(Some(split("volatility", total, contributions)))
}

fn split(measure: &str, total: f64, contributions: Vec<f64>) -> RiskShares {
    let residual = total - contributions.iter().sum::<f64>();
    RiskShares { measure: measure.to_owned(), total, contributions, residual }
}

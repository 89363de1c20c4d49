//! The objective at given weights, by its definition.

use alluse_risk_core::measures::{DrawdownKind, DrawdownPath, LossSample};
use alluse_risk_core::normal;
use ndarray::{Array1, ArrayView1};

use crate::problem::{Benchmark, MeanUncertainty, Objective, Problem, RiskMeasure};
use crate::{Error, Result};

/// An objective's value, costs included, and the size of its largest term.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ObjectiveValue {
    pub(crate) value: f64,
    pub(crate) size: f64,
}

/// The objective of a problem at these weights, without prices of broken soft limits.
pub(crate) fn objective_of(problem: &Problem, weights: &[f64]) -> Result<ObjectiveValue> {
    let w = ArrayView1::from(weights);
    let cost = problem.costs.as_ref().map_or(Ok(0.0), |costs| costs.of(weights))?;
    let mean = || Ok::<_, Error>(problem.expected_returns()?.dot(&w));
    let variance = || problem.risk_model().and_then(|model| model.variance_of(w));
    let (value, size) = match &problem.objective {
        Objective::MinimiseRisk(measure) => {
            let risk = measure_of(problem, *measure, weights)?;
            (risk + cost, risk.abs())
        }
        Objective::MaximiseReturn => (mean()? - cost, mean()?.abs()),
        Objective::MaximiseUtility { risk_aversion } => {
            let penalty = if *risk_aversion > 0.0 { 0.5 * risk_aversion * variance()? } else { 0.0 };
            (mean()? - penalty - cost, mean()?.abs().max(penalty))
        }
        Objective::MaximiseMeanRisk { measure, risk_aversion } => {
            let penalty = risk_aversion * measure_of(problem, *measure, weights)?;
            (mean()? - penalty - cost, mean()?.abs().max(penalty.abs()))
        }
        Objective::MaximiseRatio { measure, risk_free } => {
            let ratio = (mean()? - cost - risk_free) / measure_of(problem, *measure, weights)?;
            (ratio, ratio.abs())
        }
        Objective::MaximiseDiversification => {
            let spread = problem.risk_model()?.volatilities().dot(&w) - cost;
            let ratio = spread / variance()?.sqrt();
            (ratio, ratio.abs())
        }
        Objective::MinimiseTrackingVariance(benchmark) => {
            let variance = tracking_deviation(problem, benchmark, weights)?.powi(2);
            let against = tracking_deviation(problem, benchmark, &vec![0.0; weights.len()])?.powi(2);
            (variance + cost, variance.max(against))
        }
        Objective::MaximiseRobustUtility { uncertainty, risk_aversion } => {
            let penalty = mean_penalty(uncertainty, w);
            let risk = if *risk_aversion > 0.0 { 0.5 * risk_aversion * variance()? } else { 0.0 };
            (mean()? - penalty - risk - cost, mean()?.abs().max(penalty).max(risk))
        }
        Objective::MaximiseLogGrowth { risk_free } => {
            let scenarios = problem.scenario_returns()?;
            let mut growth = 0.0;
            for (place, row) in scenarios.returns().rows().into_iter().enumerate() {
                let excess: f64 = row.iter().zip(weights).map(|(r, w)| w * (r - risk_free)).sum();
                growth += scenarios.probability(place) * (risk_free + excess).ln_1p();
            }
            (growth - cost, growth.abs())
        }
        Objective::MaximiseEntropy => {
            let entropy: f64 = weights.iter().map(|w| if *w > 0.0 { -w * w.ln() } else { 0.0 }).sum();
            (entropy - cost, entropy.abs())
        }
    };
    Ok(ObjectiveValue { value, size: size.max(value.abs()) })
}

/// A risk of these weights.
pub(crate) fn measure_of(problem: &Problem, measure: RiskMeasure, weights: &[f64]) -> Result<f64> {
    let w = ArrayView1::from(weights);
    let variance = || problem.risk_model().and_then(|model| model.variance_of(w));
    let normal_risk = |multiple: f64| {
        let mean = problem.expected_returns()?.dot(&w);
        Ok::<_, Error>(multiple * variance()?.sqrt() - mean)
    };
    let returns = || problem.scenario_returns().map(|scenarios| scenarios.returns().dot(&w));
    let drawdowns = || Ok::<_, Error>(DrawdownPath::from_returns(returns()?.view(), DrawdownKind::Uncompounded)?);
    Ok(match measure {
        RiskMeasure::Variance => variance()?,
        RiskMeasure::Volatility => variance()?.sqrt(),
        RiskMeasure::NormalValueAtRisk(c) => normal_risk(normal::quantile(c.level())?)?,
        RiskMeasure::NormalExpectedShortfall(c) => {
            normal_risk(normal::density(normal::quantile(c.level())?) / c.tail())?
        }
        RiskMeasure::ExpectedShortfall(c) => sample(problem, &returns()?)?.expected_shortfall(c)?.value,
        RiskMeasure::EntropicValueAtRisk(c) => sample(problem, &returns()?)?.entropic_value_at_risk(c)?.value,
        RiskMeasure::MeanAbsoluteDeviation => sample(problem, &returns()?)?.mean_absolute_deviation()?,
        RiskMeasure::Semivariance => semivariance(&returns()?),
        RiskMeasure::Semideviation => semivariance(&returns()?).sqrt(),
        RiskMeasure::WorstLoss => sample(problem, &returns()?)?.worst_loss()?.value,
        RiskMeasure::MaximumDrawdown => drawdowns()?.max(),
        RiskMeasure::AverageDrawdown => drawdowns()?.average(),
        RiskMeasure::ConditionalDrawdown(c) => drawdowns()?.conditional(c)?,
        RiskMeasure::UlcerIndex => drawdowns()?.ulcer_index(0)?,
    })
}

/// The losses as a sample with the probabilities of the scenarios.
fn sample(problem: &Problem, returns: &Array1<f64>) -> Result<LossSample> {
    let losses = LossSample::from_returns(returns.view())?;
    Ok(match problem.scenario_returns()?.probabilities() {
        Some(probabilities) => losses.with_probabilities(probabilities.to_owned())?,
        None => losses,
    })
}

fn semivariance(returns: &Array1<f64>) -> f64 {
    let n = returns.len() as f64;
    let mean = returns.sum() / n;
    returns.iter().map(|r| (r - mean).min(0.0).powi(2)).sum::<f64>() / (n - 1.0)
}

/// The standard deviation of the return over a benchmark's.
pub(super) fn tracking_deviation(problem: &Problem, benchmark: &Benchmark, weights: &[f64]) -> Result<f64> {
    let w = ArrayView1::from(weights);
    match benchmark {
        Benchmark::Weights(held) => {
            let active = &w - &held.view();
            Ok(problem.risk_model()?.variance_of(active.view())?.sqrt())
        }
        Benchmark::Returns(returns) => {
            let active = problem.scenario_returns()?.returns().dot(&w) - ArrayView1::from(returns);
            Ok(active.std(1.0))
        }
    }
}

fn mean_penalty(uncertainty: &MeanUncertainty, w: ArrayView1<'_, f64>) -> f64 {
    match uncertainty {
        MeanUncertainty::Box(widths) => widths.iter().zip(w).map(|(d, w)| d * w.abs()).sum(),
        MeanUncertainty::IndependentErrors { standard_errors, radius } => {
            radius * standard_errors.iter().zip(w).map(|(e, w)| (e * w).powi(2)).sum::<f64>().sqrt()
        }
        MeanUncertainty::Ellipsoid { error_covariance, radius } => {
            radius * w.dot(&error_covariance.dot(&w)).max(0.0).sqrt()
        }
    }
}

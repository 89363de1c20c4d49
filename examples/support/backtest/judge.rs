//! What the court says of one model on one portfolio.

use alluse_quant::risk_core::Confidence;
use alluse_quant::var_models::ForecastRecord;
use alluse_quant::var_models::backtest::{
    DynamicQuantile, EsRegression, FirstObservation, MonteCarlo, PowerStudy, Sidedness, TestOutcome, binomial_test,
    christoffersen, exceedance_residuals,
};
use ndarray::Array1;
use serde::Serialize;

use super::portfolios::Kind;
use crate::Result;

/// The p-value of a test and its power, or the reason why there is none.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ruling {
    /// The test was held.
    Held {
        /// The p-value that decides: exact where there is one.
        p_value: f64,
        /// Probability of a rejection, had the model been wrong in the way that the power study states.
        power: f64,
    },
    /// It could not be.
    NotHeld(String),
}

impl Ruling {
    /// The p-value.
    #[must_use]
    pub fn p_value(&self) -> Option<f64> {
        match self {
            Self::Held { p_value, .. } => Some(*p_value),
            Self::NotHeld(_) => None,
        }
    }

    /// The power.
    #[must_use]
    pub fn power(&self) -> Option<f64> {
        match self {
            Self::Held { power, .. } => Some(*power),
            Self::NotHeld(_) => None,
        }
    }
}

/// One model on one portfolio at one level.
#[derive(Debug, Clone, Serialize)]
pub struct Cell {
    /// The portfolio.
    pub portfolio: String,
    /// Its kind.
    pub kind: Kind,
    /// The model.
    pub model: String,
    /// The level.
    pub confidence: Confidence,
    /// Days with a forecast.
    pub days: usize,
    /// Days without.
    pub missing: usize,
    /// Why the first of them has none.
    pub missing_reason: Option<String>,
    /// Breaches.
    pub breaches: usize,
    /// Exact two-sided binomial test of their number.
    pub coverage: Ruling,
    /// Christoffersen's test of independence and coverage.
    pub conditional_coverage: Ruling,
    /// The dynamic quantile test.
    pub dynamic_quantile: Ruling,
    /// Exceedance residuals (McNeil and Frey).
    pub exceedance: Ruling,
    /// ES regression, intercept version.
    pub es_regression: Ruling,
    /// Mean joint loss of VaR and ES; `None` when some shortfall forecast is missing or not positive.
    pub joint_loss: Option<f64>,
}

/// A cell and the joint loss of every day, which comparisons between models need.
#[derive(Debug)]
pub struct Judged {
    /// The cell.
    pub cell: Cell,
    /// Joint losses; `None` as in the cell.
    pub losses: Option<Array1<f64>>,
}

/// Days of the power study: records whose lengths differ by a few missing days share one. Shorter samples see
/// less, so the power is not overstated.
fn studied(days: usize) -> usize {
    if days > 250 { days / 250 * 250 } else { days }
}

/// Judges one record at one level.
///
/// # Errors
/// When the record does not have that level.
pub fn judge(
    portfolio: (&str, Kind),
    record: &ForecastRecord,
    confidence: Confidence,
    study: &mut PowerStudy,
) -> Result<Judged> {
    let missing = record.level(confidence)?.value_at_risk.iter().filter(|var| var.is_none()).count();
    let missing_reason = record.missing().first().filter(|_| missing > 0).map(|first| first.reason.clone());
    let (name, kind) = portfolio;
    let level = match record.at(confidence) {
        Ok(level) => level,
        Err(error) => {
            let none = || Ruling::NotHeld(error.to_string());
            let cell = Cell {
                portfolio: name.to_owned(),
                kind,
                model: record.model().to_owned(),
                confidence,
                days: record.len() - missing,
                missing,
                missing_reason,
                breaches: 0,
                coverage: none(),
                conditional_coverage: none(),
                dynamic_quantile: none(),
                exceedance: none(),
                es_regression: none(),
                joint_loss: None,
            };
            return Ok(Judged { cell, losses: None });
        }
    };
    let breaches = level.breaches();
    let (days, count) = (breaches.observations(), breaches.count());
    let mut hear = |outcome: alluse_quant::var_models::Result<TestOutcome>| match outcome
        .and_then(|outcome| study.attach(outcome, studied(days), confidence))
    {
        Ok(outcome) => match &outcome.power {
            Some(power) => Ruling::Held { p_value: outcome.best_p_value(), power: power.power },
            None => Ruling::NotHeld("its power is not known".to_owned()),
        },
        Err(error) => Ruling::NotHeld(error.to_string()),
    };
    let coverage = hear(binomial_test(days, count, confidence, Sidedness::TwoSided));
    let conditional_coverage =
        hear(christoffersen(breaches, confidence, FirstObservation::Counted).map(|tests| tests.conditional_coverage));
    let dynamic_quantile = hear(DynamicQuantile::default().test(breaches, level.value_at_risk(), confidence));
    let exceedance = hear(exceedance_residuals(&level, None, MonteCarlo::new(1)));
    let es_regression = hear(EsRegression::Intercept.fit(&level).map(|fit| fit.outcome));
    let losses = if missing == 0 { level.joint_loss().ok() } else { None };
    let joint_loss = losses.as_ref().and_then(|losses| losses.mean());
    let cell = Cell {
        portfolio: name.to_owned(),
        kind,
        model: record.model().to_owned(),
        confidence,
        days,
        missing,
        missing_reason,
        breaches: count,
        coverage,
        conditional_coverage,
        dynamic_quantile,
        exceedance,
        es_regression,
        joint_loss,
    };
    Ok(Judged { cell, losses })
}

//! For smooth objectives: how much of the objective is left to gain, bounded by its gradient. The objective is concave, so
//! no portfolio within the limits gains more than the best of a linear function (Frank and Wolfe 1956).

use alluse_optimizer::problem::{Objective, RiskMeasure};
use alluse_risk_core::Confidence;
use ndarray::Array1;

use crate::case::Case;
use crate::reference::least_linear;

/// What can be gained at most, in the unit of the objective.
pub(crate) fn left_to_gain(case: &Case, w: &Array1<f64>) -> f64 {
    let gradient = match &case.objective {
        Objective::MaximiseLogGrowth { risk_free } => growth(case, w, *risk_free),
        Objective::MinimiseRisk(RiskMeasure::EntropicValueAtRisk(c)) => entropic(case, w, *c),
        Objective::MaximiseEntropy => w.mapv(|w| w.max(1e-300).ln() + 1.0),
        other => panic!("{other} is not smooth"),
    };
    gradient.dot(w) - least_linear(case, &gradient)
}

fn growth(case: &Case, w: &Array1<f64>, risk_free: f64) -> Array1<f64> {
    let mut gradient = Array1::zeros(w.len());
    for row in case.market.scenarios.rows() {
        let excess = row.mapv(|r| r - risk_free);
        let wealth = 1.0 + risk_free + excess.dot(w);
        gradient = gradient - excess / (wealth * case.market.scenarios.nrows() as f64);
    }
    gradient
}

/// The gradient at the best rate `t`, found by golden section on its logarithm.
fn entropic(case: &Case, w: &Array1<f64>, confidence: Confidence) -> Array1<f64> {
    let losses = -case.market.scenarios.dot(w);
    let most = losses.fold(f64::NEG_INFINITY, |most, l| most.max(*l));
    let count = losses.len() as f64;
    let value = |log: f64| {
        let t = log.exp();
        let sum: f64 = losses.iter().map(|loss| (t * (loss - most)).exp()).sum();
        most + ((sum / count).ln() - confidence.tail().ln()) / t
    };
    let (mut low, mut high) = (0.0_f64, 15.0_f64);
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    for _ in 0..200 {
        let (a, b) = (high - golden * (high - low), low + golden * (high - low));
        if value(a) < value(b) { high = b } else { low = a }
    }
    let t = (0.5 * (low + high)).exp();
    let shares: Array1<f64> = losses.mapv(|loss| (t * (loss - most)).exp());
    -case.market.scenarios.t().dot(&(&shares / shares.sum()))
}

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

/// The gradient at the best rate `t`, found by bisection on its logarithm.
fn entropic(case: &Case, w: &Array1<f64>, confidence: Confidence) -> Array1<f64> {
    let losses = -case.market.scenarios.dot(w);
    let most = losses.fold(f64::NEG_INFINITY, |most, l| most.max(*l));
    let count = losses.len() as f64;
    // Zero where the derivative by t is: t times the mean loss under the tilted shares less the logarithm of their sum.
    let slope = |log: f64| {
        let tilted: Array1<f64> = losses.mapv(|loss| (log.exp() * (loss - most)).exp());
        let mean = tilted.dot(&losses.mapv(|loss| loss - most)) / tilted.sum();
        log.exp() * mean - (tilted.sum() / count).ln() + confidence.tail().ln()
    };
    let (mut low, mut high) = (-5.0_f64, 25.0_f64);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if slope(middle) < 0.0 { low = middle } else { high = middle }
    }
    let t = (0.5 * (low + high)).exp();
    let shares: Array1<f64> = losses.mapv(|loss| (t * (loss - most)).exp());
    -case.market.scenarios.t().dot(&(&shares / shares.sum()))
}

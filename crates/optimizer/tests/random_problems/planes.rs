//! For smooth objectives: how much is left to gain, bounded from below by planes that touch the convex function
//! (Kelley 1960). The planes start at the solver's weights, and need nothing but values and gradients.

use alluse_optimizer::problem::{Objective, RiskMeasure};
use alluse_risk_core::Confidence;
use ndarray::Array1;

use crate::case::Case;
use crate::reference::{Plane, least_of_planes};

/// What can be gained at most over the value at these weights, in the unit of the objective; planes are added until that is
/// little or they are many.
pub(crate) fn left_to_gain(case: &Case, weights: &Array1<f64>, little: f64) -> f64 {
    let start = touching(case, weights);
    let reached = start.value;
    let (mut planes, mut left) = (vec![start], f64::INFINITY);
    for _ in 0..150 {
        let (least, at) = least_of_planes(case, &planes);
        left = reached - least;
        if left <= little {
            break;
        }
        // Halfway back to the weights is where the function is still close to its planes.
        planes.push(touching(case, &((&at + weights) / 2.0)));
        planes.push(touching(case, &at));
    }
    left
}

fn touching(case: &Case, at: &Array1<f64>) -> Plane {
    let (value, gradient) = match &case.objective {
        Objective::MaximiseLogGrowth { risk_free } => growth(case, at, *risk_free),
        Objective::MinimiseRisk(RiskMeasure::EntropicValueAtRisk(c)) => entropic(case, at, *c),
        other => panic!("{other} is not smooth"),
    };
    Plane { value, gradient, at: at.clone() }
}

fn growth(case: &Case, w: &Array1<f64>, risk_free: f64) -> (f64, Array1<f64>) {
    let count = case.market.scenarios.nrows() as f64;
    let (mut value, mut gradient) = (0.0, Array1::zeros(w.len()));
    for row in case.market.scenarios.rows() {
        let excess = row.mapv(|r| r - risk_free);
        let wealth = 1.0 + risk_free + excess.dot(w);
        value -= wealth.ln() / count;
        gradient = gradient - excess / (wealth * count);
    }
    (value, gradient)
}

/// At the best rate `t`, found by bisection on its logarithm.
fn entropic(case: &Case, w: &Array1<f64>, confidence: Confidence) -> (f64, Array1<f64>) {
    let losses = -case.market.scenarios.dot(w);
    let most = losses.fold(f64::NEG_INFINITY, |most, l| most.max(*l));
    let count = losses.len() as f64;
    let tilted = |t: f64| -> Array1<f64> { losses.mapv(|loss| (t * (loss - most)).exp()) };
    // t times the mean loss under the tilted shares less the logarithm of their sum grows with t.
    let slope = |t: f64| {
        let shares = tilted(t);
        let mean = shares.dot(&losses.mapv(|loss| loss - most)) / shares.sum();
        t * mean - (shares.sum() / count).ln() + confidence.tail().ln()
    };
    let (mut low, mut high) = (-5.0_f64, 25.0_f64);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if slope(middle.exp()) < 0.0 { low = middle } else { high = middle }
    }
    let t = (0.5 * (low + high)).exp();
    let shares = tilted(t);
    let value = most + ((shares.sum() / count).ln() - confidence.tail().ln()) / t;
    (value, -case.market.scenarios.t().dot(&(&shares / shares.sum())))
}

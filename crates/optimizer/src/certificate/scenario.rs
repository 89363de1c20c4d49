//! The optimality conditions of a risk that is a sum over scenarios.

use ndarray::{Array1, Array2, ArrayView2};

use super::Optimality;
use super::conic::ratio;

/// What a scenario's loss `t` costs.
#[derive(Debug, Clone)]
pub(crate) enum ScenarioPenalty {
    /// `cₛ max(0, t)`.
    Linear(Array1<f64>),
    /// `½ cₛ max(0, t)²`.
    Squared(Array1<f64>),
    /// `t ≤ 0` must hold.
    Forbidden,
}

/// A program `q'x + Σ penalty(tₛ)`, `tₛ = −returnsₛ'w − level`, over bounds and rows, with a primal and a dual point.
#[derive(Debug, Clone)]
pub(crate) struct ScenarioTerms<'a> {
    pub(crate) returns: ArrayView2<'a, f64>,
    pub(crate) penalty: &'a ScenarioPenalty,
    /// The place of the level among the variables, where there is one.
    pub(crate) level: Option<usize>,
    pub(crate) linear: &'a Array1<f64>,
    pub(crate) lower: &'a Array1<f64>,
    pub(crate) upper: &'a Array1<f64>,
    pub(crate) rows: &'a Array2<f64>,
    pub(crate) row_lower: &'a Array1<f64>,
    pub(crate) row_upper: &'a Array1<f64>,
    pub(crate) x: &'a Array1<f64>,
    pub(crate) scenario_multipliers: &'a Array1<f64>,
    pub(crate) row_multipliers: &'a Array1<f64>,
    pub(crate) bound_multipliers: &'a Array1<f64>,
}

/// Stationarity `q + L'θ + A'y + z = 0`, multipliers in their ranges, and the gap to the dual value.
pub(crate) fn scenario_optimality(terms: &ScenarioTerms<'_>) -> Optimality {
    let assets = terms.returns.ncols();
    let theta = terms.scenario_multipliers;
    let weights: Array1<f64> = terms.x.iter().take(assets).copied().collect();
    let level = terms.level.map_or(0.0, |place| terms.x[place]);
    let losses = terms.returns.dot(&weights).mapv(|r| -r - level);
    // Pull of the scenarios on each variable, and of the sides.
    let mut pull = terms.rows.t().dot(terms.row_multipliers) + terms.bound_multipliers;
    let scenario_pull = terms.returns.t().dot(theta);
    for (asset, pulled) in scenario_pull.iter().enumerate() {
        pull[asset] -= pulled;
    }
    if let Some(place) = terms.level {
        pull[place] -= theta.sum();
    }
    let (mut residual, mut size) = (0.0_f64, theta.sum().abs() * largest(terms.returns));
    for (linear, pulled) in terms.linear.iter().zip(&pull) {
        residual = residual.max((linear + pulled).abs());
        size = size.max(linear.abs()).max(pulled.abs());
    }
    let (penalties, conjugates, mut wrong) = match terms.penalty {
        ScenarioPenalty::Linear(costs) => {
            let paid: f64 = costs.iter().zip(&losses).map(|(c, t)| c * t.max(0.0)).sum();
            (paid, 0.0, theta.iter().zip(costs).fold(0.0, |worst: f64, (m, c)| worst.max(-m).max(m - c)))
        }
        ScenarioPenalty::Squared(costs) => {
            let paid: f64 = costs.iter().zip(&losses).map(|(c, t)| 0.5 * c * t.max(0.0).powi(2)).sum();
            // The conjugate of ½ c max(0, t)² at θ ≥ 0 is θ²/2c.
            let conjugate: f64 =
                theta.iter().zip(costs).map(|(m, c)| if *m == 0.0 { 0.0 } else { m * m / (2.0 * c) }).sum();
            (paid, conjugate, theta.fold(0.0, |worst: f64, m| worst.max(-m)))
        }
        ScenarioPenalty::Forbidden => (0.0, 0.0, theta.fold(0.0, |worst: f64, m| worst.max(-m))),
    };
    let sides = terms.lower.iter().zip(terms.upper).chain(terms.row_lower.iter().zip(terms.row_upper));
    let multipliers = terms.bound_multipliers.iter().chain(terms.row_multipliers);
    let mut bounds = 0.0;
    let mut most = theta.fold(0.0, |most: f64, m| most.max(m.abs()));
    for ((lower, upper), multiplier) in sides.zip(multipliers) {
        let side = if *multiplier > 0.0 { *upper } else { *lower };
        most = most.max(multiplier.abs());
        if side.is_finite() {
            bounds += multiplier * side;
        } else {
            wrong = wrong.max(multiplier.abs());
        }
    }
    let primal = terms.linear.dot(terms.x) + penalties;
    let dual = -conjugates - bounds;
    Optimality {
        duality_gap: ratio((primal - dual).abs(), primal.abs().max(dual.abs()).max(penalties)),
        stationarity: ratio(residual, size),
        cone_violation: ratio(wrong, most),
    }
}

fn largest(matrix: ArrayView2<'_, f64>) -> f64 {
    matrix.fold(0.0, |most: f64, v| most.max(v.abs()))
}

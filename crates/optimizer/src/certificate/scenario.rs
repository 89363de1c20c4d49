//! The optimality conditions of a program with sums over scenarios.

use ndarray::{Array1, Array2, ArrayView2};

use super::Optimality;
use super::conic::ratio;
use super::quadratic::hessian_product;
use crate::Hessian;

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

/// Losses `tₛ = −returnsₛ'w − level` with their penalties and multipliers.
#[derive(Debug, Clone)]
pub(crate) struct ScenarioBlock<'a> {
    pub(crate) returns: ArrayView2<'a, f64>,
    pub(crate) penalty: &'a ScenarioPenalty,
    /// The place of the level among the variables, where there is one.
    pub(crate) level: Option<usize>,
    /// The row that bears the penalties instead of the objective.
    pub(crate) charged_row: Option<usize>,
    pub(crate) multipliers: &'a Array1<f64>,
}

/// A program `½x'(sH)x + q'x + Σ penalty(tₛ)` over bounds and rows, with a primal and a dual point.
#[derive(Debug, Clone)]
pub(crate) struct ScenarioTerms<'a> {
    pub(crate) blocks: Vec<ScenarioBlock<'a>>,
    /// `H`, over the leading variables, and `s`.
    pub(crate) curvature: Option<(Hessian<'a>, f64)>,
    pub(crate) linear: &'a Array1<f64>,
    pub(crate) lower: &'a Array1<f64>,
    pub(crate) upper: &'a Array1<f64>,
    pub(crate) rows: &'a Array2<f64>,
    pub(crate) row_lower: &'a Array1<f64>,
    pub(crate) row_upper: &'a Array1<f64>,
    pub(crate) x: &'a Array1<f64>,
    pub(crate) row_multipliers: &'a Array1<f64>,
    pub(crate) bound_multipliers: &'a Array1<f64>,
}

/// What a block adds to the objective and its dual, and how far its multipliers leave their ranges.
struct BlockValue {
    paid: f64,
    conjugate: f64,
    outside: f64,
}

/// Stationarity `sHx + q + L'θ + A'y + z = 0`, multipliers in their ranges, and the gap to the dual value.
pub(crate) fn scenario_optimality(terms: &ScenarioTerms<'_>) -> Optimality {
    let mut curved = Array1::zeros(terms.linear.len());
    if let Some((hessian, scale)) = terms.curvature {
        let leading: Array1<f64> = terms.x.iter().take(hessian.len()).copied().collect();
        let product = hessian_product(hessian, &leading) * scale;
        curved.iter_mut().zip(&product).for_each(|(to, from)| *to = *from);
    }
    let mut pull = terms.rows.t().dot(terms.row_multipliers) + terms.bound_multipliers;
    let mut size = 0.0_f64;
    let (mut penalties, mut conjugates, mut wrong, mut most) = (0.0, 0.0, 0.0_f64, 0.0_f64);
    for block in &terms.blocks {
        let theta = block.multipliers;
        for (to, pulled) in pull.iter_mut().zip(block.returns.t().dot(theta)) {
            *to -= pulled;
        }
        if let Some(level) = block.level {
            pull[level] -= theta.sum();
        }
        size = size.max(theta.sum().abs() * block.returns.fold(0.0, |most: f64, v| most.max(v.abs())));
        let value = value_of(block, terms);
        penalties += value.paid;
        conjugates += value.conjugate;
        wrong = wrong.max(value.outside);
        most = theta.fold(most, |most: f64, m| most.max(m.abs()));
    }
    let mut residual = 0.0_f64;
    for ((curved, linear), pulled) in curved.iter().zip(terms.linear).zip(&pull) {
        residual = residual.max((curved + linear + pulled).abs());
        size = size.max(curved.abs()).max(linear.abs()).max(pulled.abs());
    }
    let sides = terms.lower.iter().zip(terms.upper).chain(terms.row_lower.iter().zip(terms.row_upper));
    let multipliers = terms.bound_multipliers.iter().chain(terms.row_multipliers);
    let mut bounds = 0.0;
    for ((lower, upper), multiplier) in sides.zip(multipliers) {
        let side = if *multiplier > 0.0 { *upper } else { *lower };
        most = most.max(multiplier.abs());
        if side.is_finite() {
            bounds += multiplier * side;
        } else {
            wrong = wrong.max(multiplier.abs());
        }
    }
    let bent = curved.dot(terms.x);
    let primal = 0.5 * bent + terms.linear.dot(terms.x) + penalties;
    let dual = -0.5 * bent - conjugates - bounds;
    Optimality {
        duality_gap: ratio((primal - dual).abs(), primal.abs().max(dual.abs()).max(penalties).max(0.5 * bent.abs())),
        stationarity: ratio(residual, size),
        cone_violation: ratio(wrong, most),
    }
}

fn value_of(block: &ScenarioBlock<'_>, terms: &ScenarioTerms<'_>) -> BlockValue {
    let theta = block.multipliers;
    let weights: Array1<f64> = terms.x.iter().take(block.returns.ncols()).copied().collect();
    let level = block.level.map_or(0.0, |place| terms.x[place]);
    let losses = block.returns.dot(&weights).mapv(|r| -r - level);
    let negative = theta.fold(0.0, |worst: f64, m| worst.max(-m));
    // Penalties charged to a row are priced by its multiplier and are no part of the objective.
    let price = block.charged_row.map(|row| terms.row_multipliers[row]);
    match block.penalty {
        ScenarioPenalty::Linear(costs) => {
            let most = price.unwrap_or(1.0);
            let above = theta.iter().zip(costs).fold(negative, |worst: f64, (m, c)| worst.max(m - c * most));
            let paid: f64 = costs.iter().zip(&losses).map(|(c, t)| c * t.max(0.0)).sum();
            BlockValue { paid: if price.is_some() { 0.0 } else { paid }, conjugate: 0.0, outside: above }
        }
        ScenarioPenalty::Squared(costs) => {
            let paid = costs.iter().zip(&losses).map(|(c, t)| 0.5 * c * t.max(0.0).powi(2)).sum();
            // The conjugate of ½ c max(0, t)² at θ ≥ 0 is θ²/2c.
            let part = |(m, c): (&f64, &f64)| if *m == 0.0 { 0.0 } else { m * m / (2.0 * c) };
            BlockValue { paid, conjugate: theta.iter().zip(costs).map(part).sum(), outside: negative }
        }
        ScenarioPenalty::Forbidden => BlockValue { paid: 0.0, conjugate: 0.0, outside: negative },
    }
}

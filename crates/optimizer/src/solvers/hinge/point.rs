//! A point of the interior-point method, what it leaves of the optimality conditions, and how far it may move.

use ndarray::{Array1, Zip};

use super::form::Form;

/// What is left of an equation by rounding alone, relative to its side.
const ROUNDING: f64 = 8.0 * f64::EPSILON;

/// Every variable of the method; a direction has the same parts.
///
/// A side that does not exist has an infinite distance and a multiplier of zero.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) x: Array1<f64>,
    /// Distances of `x` from its bounds and their multipliers.
    pub(super) x_sides: Sides,
    /// `t = G x + charges`: the value of every inequality.
    pub(super) t: Array1<f64>,
    /// Distances of `t` from its sides and their multipliers.
    pub(super) t_sides: Sides,
    /// Multipliers of the equations.
    pub(super) equations: Array1<f64>,
    /// How far a scenario lies below zero, and `θ`.
    pub(super) below: Array1<f64>,
    pub(super) theta: Array1<f64>,
    /// How far a hinge lies above zero, and `cap · price − θ`; 0 and ∞ where there is no cap.
    pub(super) above: Array1<f64>,
    pub(super) spare: Array1<f64>,
}

/// Two-sided limits of a vector.
#[derive(Debug, Clone)]
pub(super) struct Sides {
    pub(super) below: Array1<f64>,
    pub(super) above: Array1<f64>,
    pub(super) lower: Array1<f64>,
    pub(super) upper: Array1<f64>,
}

impl Sides {
    fn new(value: &Array1<f64>, lower: &Array1<f64>, upper: &Array1<f64>, product: f64) -> Self {
        let with = |distance: &Array1<f64>| distance.mapv(|d| if d.is_finite() { product / d } else { 0.0 });
        let (below, above) = (value - lower, upper - value);
        Self { lower: with(&below), upper: with(&above), below, above }
    }

    /// Multipliers as one signed vector.
    pub(super) fn multipliers(&self) -> Array1<f64> {
        &self.upper - &self.lower
    }

    /// What the sides add to the curvature of their vector.
    pub(super) fn curvature(&self) -> Array1<f64> {
        &self.lower / &self.below + &self.upper / &self.above
    }

    fn pairs(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let lower = self.below.iter().zip(&self.lower);
        lower.chain(self.above.iter().zip(&self.upper)).map(|(d, m)| (*d, *m)).filter(|(d, _)| d.is_finite())
    }
}

/// What is left of the conditions that are linear.
#[derive(Debug, Clone)]
pub(super) struct Residuals {
    pub(super) stationarity: Array1<f64>,
    pub(super) scenarios: Array1<f64>,
    pub(super) caps: Array1<f64>,
    pub(super) inequalities: Array1<f64>,
    pub(super) equations: Array1<f64>,
}

impl Residuals {
    /// Nothing left.
    pub(super) fn none(form: &Form) -> Self {
        Self {
            stationarity: Array1::zeros(form.len()),
            scenarios: Array1::zeros(form.offsets.len()),
            caps: Array1::zeros(form.offsets.len()),
            inequalities: Array1::zeros(form.range_lower.len()),
            equations: Array1::zeros(form.sides.len()),
        }
    }
}

impl Point {
    /// Inside every bound, with all products of one size and the scenarios' own equations satisfied.
    pub(super) fn start(form: &Form) -> Self {
        let x = inside(&Array1::zeros(form.len()), &form.lower, &form.upper);
        let t = inside(&form.inequalities.dot(&x), &form.range_lower, &form.range_upper);
        let values = form.apply(&x) + &form.offsets;
        let mu = starting_product(form, &values);
        let mut x_sides = Sides::new(&x, &form.lower, &form.upper, mu);
        for j in (0..form.len()).filter(|j| form.is_fixed(*j)) {
            // No distance to keep: the method holds the variable still.
            (x_sides.below[j], x_sides.above[j]) = (f64::INFINITY, f64::INFINITY);
            (x_sides.lower[j], x_sides.upper[j]) = (0.0, 0.0);
        }
        let t_sides = Sides::new(&t, &form.range_lower, &form.range_upper, mu);
        let none = Array1::zeros(values.len());
        let mut point = Self {
            below: none.clone(),
            theta: none.clone(),
            above: none,
            spare: Array1::from_elem(values.len(), f64::INFINITY),
            equations: Array1::zeros(form.sides.len()),
            x,
            x_sides,
            t,
            t_sides,
        };
        let caps = point.cap_prices(form);
        for (s, value) in values.iter().enumerate() {
            (point.below[s], point.theta[s]) = if caps[s].is_finite() {
                let (theta, spare) = split_cap(caps[s], *value, mu);
                (point.above[s], point.spare[s]) = (mu / spare, spare);
                (mu / theta, theta)
            } else {
                let distance = (-value + (value * value + 4.0 * form.gives[s] * mu).sqrt()) * 0.5;
                let distance = if form.gives[s] > 0.0 { distance } else { distance.max(1.0) };
                (distance, mu / distance)
            };
        }
        point
    }

    /// `cap` times what a unit above zero costs in each scenario; ∞ without a cap.
    pub(super) fn cap_prices(&self, form: &Form) -> Array1<f64> {
        let mut caps = form.caps.clone();
        for kernel in &form.kernels {
            if let Some(row) = kernel.charged {
                let price = self.t_sides.upper[row];
                kernel.span.clone().for_each(|s| caps[s] *= price);
            }
        }
        caps
    }

    pub(super) fn residuals(&self, form: &Form) -> Residuals {
        let mut stationarity = form.curve(&self.x)
            + &form.linear
            + form.apply_transposed(&self.theta)
            + form.equations.t().dot(&self.equations)
            + form.inequalities.t().dot(&self.t_sides.multipliers())
            + self.x_sides.multipliers();
        stationarity.mapv_inplace(|v| -v);
        (0..form.len()).filter(|j| form.is_fixed(*j)).for_each(|j| stationarity[j] = 0.0);
        let scenarios = &self.above - form.apply(&self.x) - &form.offsets - &self.below + &form.gives * &self.theta;
        let spare = &self.theta + &self.spare;
        let caps = Zip::from(&self.cap_prices(form))
            .and(&spare)
            .map_collect(|cap, used| if cap.is_finite() { cap - used } else { 0.0 });
        let mut inequalities = &self.t - form.inequalities.dot(&self.x);
        for kernel in &form.kernels {
            if let Some(row) = kernel.charged {
                inequalities[row] -= kernel.span.clone().map(|s| form.caps[s] * self.above[s]).sum::<f64>();
            }
        }
        let mut equations = &form.sides - form.equations.dot(&self.x);
        Zip::from(&mut equations).and(&form.sides).for_each(|left, side| {
            // Rounding: where an equation leaves no interior, chasing it would push a distance through zero.
            if left.abs() <= ROUNDING * side.abs().max(1.0) {
                *left = 0.0;
            }
        });
        Residuals { stationarity, scenarios, caps, inequalities, equations }
    }

    /// Every product that is zero at the optimum.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let scenarios = self.below.iter().zip(&self.theta);
        let caps = self.above.iter().zip(&self.spare).filter(|(_, spare)| spare.is_finite());
        let scenarios = scenarios.chain(caps).map(|(a, b)| (*a, *b));
        self.x_sides.pairs().chain(self.t_sides.pairs()).chain(scenarios)
    }

    /// The sum of the products and their number.
    pub(super) fn complementarity(&self) -> (f64, usize) {
        self.pairs().fold((0.0, 0), |(sum, count), (a, b)| (sum + a * b, count + 1))
    }

    /// The longest steps, at most 1, that keep distances and multipliers from passing zero.
    pub(super) fn longest_steps(&self, direction: &Self) -> (f64, f64) {
        let primal = [
            (&self.x_sides.below, &direction.x_sides.below),
            (&self.x_sides.above, &direction.x_sides.above),
            (&self.t_sides.below, &direction.t_sides.below),
            (&self.t_sides.above, &direction.t_sides.above),
            (&self.below, &direction.below),
            (&self.above, &direction.above),
        ];
        let dual = [
            (&self.x_sides.lower, &direction.x_sides.lower),
            (&self.x_sides.upper, &direction.x_sides.upper),
            (&self.t_sides.lower, &direction.t_sides.lower),
            (&self.t_sides.upper, &direction.t_sides.upper),
            (&self.theta, &direction.theta),
            (&self.spare, &direction.spare),
        ];
        let longest = |parts: &[(&Array1<f64>, &Array1<f64>)]| {
            parts.iter().fold(1.0, |step, (value, change)| shortest(value, change, step))
        };
        (longest(&primal), longest(&dual))
    }

    /// Moves along a direction.
    pub(super) fn advance(&mut self, direction: &Self, primal: f64, dual: f64) {
        self.x.scaled_add(primal, &direction.x);
        self.t.scaled_add(primal, &direction.t);
        self.below.scaled_add(primal, &direction.below);
        self.above.scaled_add(primal, &direction.above);
        for (sides, change) in [(&mut self.x_sides, &direction.x_sides), (&mut self.t_sides, &direction.t_sides)] {
            sides.below.scaled_add(primal, &change.below);
            sides.above.scaled_add(primal, &change.above);
            sides.lower.scaled_add(dual, &change.lower);
            sides.upper.scaled_add(dual, &change.upper);
        }
        self.theta.scaled_add(dual, &direction.theta);
        self.spare.scaled_add(dual, &direction.spare);
        self.equations.scaled_add(dual, &direction.equations);
    }
}

/// The size of a product where a typical scenario is neither priced nor free.
fn starting_product(form: &Form, values: &Array1<f64>) -> f64 {
    let count = values.len().max(1) as f64;
    let size = (values.dot(values) / count).sqrt().max(1.0);
    let caps: f64 = form.caps.iter().filter(|cap| cap.is_finite()).sum();
    let price = if caps > 0.0 { caps } else { 1.0 };
    size * price / count
}

/// `θ` and `cap − θ` with `µ/(cap − θ) − µ/θ = value`.
fn split_cap(cap: f64, value: f64, mu: f64) -> (f64, f64) {
    // The smaller of the two solves |value| a² − (|value| cap + 2µ) a + µ cap = 0; as a quotient, without cancellation:
    let reach = value.abs() * cap;
    let small = 2.0 * mu * cap / (reach + 2.0 * mu + (reach * reach + 4.0 * mu * mu).sqrt());
    let large = cap - small;
    if value > 0.0 { (large, small) } else { (small, large) }
}

fn shortest(value: &Array1<f64>, change: &Array1<f64>, step: f64) -> f64 {
    value.iter().zip(change).fold(step, |step, (v, c)| if *c < 0.0 { step.min(-v / c) } else { step })
}

/// The nearest value one unit, or half the width, away from both sides.
fn inside(value: &Array1<f64>, lower: &Array1<f64>, upper: &Array1<f64>) -> Array1<f64> {
    Zip::from(value).and(lower).and(upper).map_collect(|v, low, high| {
        let margin = (0.5 * (high - low)).min(1.0);
        v.max(low + margin).min(high - margin)
    })
}

pub(super) fn largest(x: &Array1<f64>) -> f64 {
    x.iter().fold(0.0, |m, v| m.max(v.abs()))
}

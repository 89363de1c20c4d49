//! How good a candidate is, measured from the program alone.

use ndarray::{Array1, Zip};

use super::form::{Form, RowPlace};
use super::point::{Point, largest};
use super::program::{HingeProgram, HingeSolution};

/// Variables and multipliers, in scaled units.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    pub(super) x: Array1<f64>,
    pub(super) theta: Array1<f64>,
    pub(super) equations: Array1<f64>,
    pub(super) inequalities: Array1<f64>,
}

/// A candidate made to respect every bound and sign, and what is left.
///
/// The multipliers of the bounds follow from stationarity, so a multiplier that no bound can carry is a residual,
/// and the gap is a bound proved by the multipliers up to the two residuals.
#[derive(Debug, Clone)]
pub(super) struct Verdict {
    pub(super) candidate: Candidate,
    pub(super) bounds: Array1<f64>,
    pub(super) objective: f64,
    pub(super) gap: f64,
    pub(super) primal: f64,
    pub(super) dual: f64,
}

/// The smallest size an objective is measured against, in units of the largest term of its gradient.
const FLOOR: f64 = 1e-3;

impl Verdict {
    /// The worst of the three measures, each as a fraction of what is accepted.
    pub(super) fn excess(&self) -> f64 {
        let worst = (self.gap.abs() / GAP).max(self.primal / RESIDUAL).max(self.dual / RESIDUAL);
        if worst.is_nan() { f64::INFINITY } else { worst }
    }

    pub(super) fn is_accepted(&self) -> bool {
        self.excess() <= 1.0
    }
}

/// What is accepted.
pub(super) const GAP: f64 = 1e-9;
pub(super) const RESIDUAL: f64 = 1e-10;

impl Candidate {
    pub(super) fn of(point: &Point) -> Self {
        Self {
            x: point.x.clone(),
            theta: point.theta.clone(),
            equations: point.equations.clone(),
            inequalities: point.t_sides.multipliers(),
        }
    }

    /// With the multiplier of every squared hinge as the function of the variables that it is at an optimum.
    pub(super) fn with_exact_squares(mut self, form: &Form) -> Self {
        if form.gives.iter().any(|give| *give > 0.0) {
            let values = form.apply(&self.x) + &form.offsets;
            Zip::from(&mut self.theta).and(&values).and(&form.gives).for_each(|theta, value, give| {
                if *give > 0.0 {
                    *theta = value.max(0.0) / give;
                }
            });
        }
        self
    }

    pub(super) fn judge(mut self, form: &Form) -> Verdict {
        Zip::from(&mut self.x).and(&form.lower).and(&form.upper).for_each(|x, low, high| *x = x.max(*low).min(*high));
        Zip::from(&mut self.inequalities).and(&form.range_lower).and(&form.range_upper).for_each(|y, low, high| {
            if (*y > 0.0 && !high.is_finite()) || (*y < 0.0 && !low.is_finite()) {
                *y = 0.0;
            }
        });
        let values = form.apply(&self.x) + &form.offsets;
        let caps = self.caps(form);
        Zip::from(&mut self.theta).and(&caps).for_each(|theta, cap| *theta = theta.max(0.0).min(*cap));
        let curve = form.curve(&self.x);
        let bounds = -(&curve
            + &form.linear
            + form.apply_transposed(&self.theta)
            + form.equations.t().dot(&self.equations)
            + form.inequalities.t().dot(&self.inequalities));
        let dual = Zip::from(&bounds).and(&form.lower).and(&form.upper).map_collect(|z, low, high| {
            if (*z > 0.0 && !high.is_finite()) || (*z < 0.0 && !low.is_finite()) { z.abs() } else { 0.0 }
        });
        let objective = 0.5 * self.x.dot(&curve) + form.linear.dot(&self.x) + penalties(form, &values);
        let proved = self.proved(form, &curve, &bounds);
        let size = objective.abs().max(proved.abs()).max(FLOOR);
        let primal = self.violation(form, &values);
        let gap = (objective - proved) / size;
        Verdict { bounds, objective, gap, primal, dual: largest(&dual), candidate: self }
    }

    fn caps(&self, form: &Form) -> Array1<f64> {
        let mut caps = form.caps.clone();
        for kernel in &form.kernels {
            if let Some(row) = kernel.charged {
                kernel.span.clone().for_each(|s| caps[s] *= self.inequalities[row].max(0.0));
            }
        }
        caps
    }

    /// The Lagrangian dual's value.
    fn proved(&self, form: &Form, curve: &Array1<f64>, bounds: &Array1<f64>) -> f64 {
        let scenarios: f64 = Zip::from(&self.theta)
            .and(&form.offsets)
            .and(&form.gives)
            .fold(0.0, |sum, theta, offset, give| sum + theta * (offset - 0.5 * give * theta));
        let sides = |multipliers: &Array1<f64>, lower: &Array1<f64>, upper: &Array1<f64>| {
            Zip::from(multipliers).and(lower).and(upper).fold(0.0, |sum, m, low, high| {
                let side = if *m > 0.0 { *high } else { *low };
                if side.is_finite() { sum + m * side } else { sum }
            })
        };
        scenarios
            - 0.5 * self.x.dot(curve)
            - self.equations.dot(&form.sides)
            - sides(&self.inequalities, &form.range_lower, &form.range_upper)
            - sides(bounds, &form.lower, &form.upper)
    }

    fn violation(&self, form: &Form, values: &Array1<f64>) -> f64 {
        let mut rows = form.inequalities.dot(&self.x);
        let mut worst = largest(&(form.equations.dot(&self.x) - &form.sides));
        for kernel in &form.kernels {
            for s in kernel.span.clone() {
                match kernel.charged {
                    Some(row) => rows[row] += form.caps[s] * values[s].max(0.0),
                    None if form.caps[s].is_infinite() && form.gives[s] == 0.0 => worst = worst.max(values[s]),
                    None => {}
                }
            }
        }
        for (value, (low, high)) in rows.iter().zip(form.range_lower.iter().zip(&form.range_upper)) {
            worst = worst.max(low - value).max(value - high);
        }
        worst
    }
}

/// What the scenarios of the objective cost.
fn penalties(form: &Form, values: &Array1<f64>) -> f64 {
    let mut sum = 0.0;
    for s in form.kernels.iter().filter(|kernel| kernel.charged.is_none()).flat_map(|kernel| kernel.span.clone()) {
        let above = values[s].max(0.0);
        if form.gives[s] > 0.0 {
            sum += 0.5 * above * above / form.gives[s];
        } else if form.caps[s].is_finite() {
            sum += form.caps[s] * above;
        }
    }
    sum
}

/// The solution in the caller's units.
pub(super) fn unscaled(program: &HingeProgram<'_>, form: &Form, verdict: Verdict, iterations: usize) -> HingeSolution {
    let scales = &form.scales;
    let mut thetas = verdict.candidate.theta.iter();
    let scenario_multipliers = program.blocks.iter().enumerate().map(|(b, block)| {
        let mut multipliers = Array1::zeros(block.matrix.nrows());
        for (s, theta) in scales.kept[b].iter().zip(&mut thetas) {
            multipliers[*s] = theta * scales.objective / scales.blocks[b];
        }
        multipliers
    });
    let scenario_multipliers = scenario_multipliers.collect();
    let row_multipliers = scales.places.iter().zip(&scales.rows).map(|(place, scale)| match place {
        RowPlace::Nowhere => 0.0,
        RowPlace::Equation(index) => verdict.candidate.equations[*index] * scales.objective / scale,
        RowPlace::Inequality(index) => verdict.candidate.inequalities[*index] * scales.objective / scale,
    });
    HingeSolution {
        row_multipliers: row_multipliers.collect(),
        x: &verdict.candidate.x * &scales.variables,
        objective: verdict.objective * scales.objective,
        scenario_multipliers,
        bound_multipliers: &verdict.bounds * scales.objective / &scales.variables,
        relative_gap: verdict.gap,
        primal_residual: verdict.primal,
        dual_residual: verdict.dual,
        iterations,
    }
}

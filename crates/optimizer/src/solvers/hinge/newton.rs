//! One factorisation and the directions that come from it.
//!
//! Eliminating every distance and multiplier leaves, with positive weights `w` and `ω`,
//!
//! ```text
//! (P + D + L' diag(w) L + V' diag(ω) V) Δx + E'Δy = r₁        E Δx = r₂
//! ```
//!
//! where a row of `V` is an inequality, with the charges of its hinges. A vertex leaves the matrix almost singular
//! along the equations only, so `γ E'E` joins it before the Cholesky factorisation, and refinement against the
//! matrix without regularisation removes what that and a relative `10⁻¹³` on the diagonal cost.

use alluse_risk_core::linalg::{self, Cholesky};
use ndarray::{Array1, Array2, Axis, Zip};

use super::form::Form;
use super::method::broke_down;
use super::point::{Point, Residuals, Sides, largest};
use crate::Result;

/// Relative additions to the diagonal, tried in turn.
const SHIFTS: [f64; 5] = [1e-13, 1e-11, 1e-9, 1e-7, 1e-5];
const REFINEMENTS: usize = 4;

/// What the products of a point shall become: `target − product − correction` for every pair.
#[derive(Debug, Clone)]
pub(super) struct Targets {
    x_below: Array1<f64>,
    x_above: Array1<f64>,
    t_below: Array1<f64>,
    t_above: Array1<f64>,
    below: Array1<f64>,
    above: Array1<f64>,
}

impl Targets {
    /// Aims at `mu`, less the second-order term of a predicted direction.
    pub(super) fn new(point: &Point, mu: f64, predicted: Option<&Point>) -> Self {
        let mut targets = Self::of(point, |product| mu - product);
        if let Some(d) = predicted {
            let parts = [
                (&mut targets.x_below, &d.x_sides.below, &d.x_sides.lower),
                (&mut targets.x_above, &d.x_sides.above, &d.x_sides.upper),
                (&mut targets.t_below, &d.t_sides.below, &d.t_sides.lower),
                (&mut targets.t_above, &d.t_sides.above, &d.t_sides.upper),
                (&mut targets.below, &d.below, &d.theta),
                (&mut targets.above, &d.above, &d.spare),
            ];
            for (target, da, db) in parts {
                // The direction of a side that does not exist is zero.
                Zip::from(target).and(da).and(db).for_each(|t, da, db| *t -= da * db);
            }
        }
        targets
    }

    /// Brings the products at the end of a step back between a tenth of `mu` and ten times it.
    pub(super) fn centring(ahead: &Point, mu: f64) -> Self {
        Self::of(ahead, |product| (product.clamp(0.1 * mu, 10.0 * mu) - product).max(-10.0 * mu))
    }

    fn of(point: &Point, target: impl Fn(f64) -> f64) -> Self {
        // A side that does not exist has no product: it would be zero times infinity.
        let aim = |a: &Array1<f64>, b: &Array1<f64>| {
            Zip::from(a).and(b).map_collect(|a, b| if a.is_finite() && b.is_finite() { target(a * b) } else { 0.0 })
        };
        let (x, t) = (&point.x_sides, &point.t_sides);
        Self {
            x_below: aim(&x.below, &x.lower),
            x_above: aim(&x.above, &x.upper),
            t_below: aim(&t.below, &t.lower),
            t_above: aim(&t.above, &t.upper),
            below: aim(&point.below, &point.theta),
            above: aim(&point.above, &point.spare),
        }
    }
}

/// The factorised system at a point.
#[derive(Debug)]
pub(super) struct Newton<'f> {
    form: &'f Form,
    weights: Array1<f64>,
    /// `above / spare`, 0 without a cap.
    ratios: Array1<f64>,
    /// `V`, `ω` and the curvature of the sides of every inequality.
    charged: Array2<f64>,
    omega: Array1<f64>,
    sides: Array1<f64>,
    matrix: Array2<f64>,
    /// The equations without the columns of fixed variables.
    equations: Array2<f64>,
    gamma: f64,
    root: Array1<f64>,
    factor: Cholesky,
    /// `K⁻¹E'` and the factor of `E K⁻¹E'`.
    schur: Option<(Array2<f64>, Cholesky)>,
}

impl<'f> Newton<'f> {
    pub(super) fn new(form: &'f Form, point: &Point) -> Result<Self> {
        let ratios = Zip::from(&point.above).and(&point.spare).map_collect(|a, b| a / b);
        let slopes = &point.below / &point.theta + &form.gives;
        let weights = Zip::from(&slopes).and(&ratios).map_collect(|slope, ratio| 1.0 / (slope + ratio));
        let (charged, kappa) = charges(form, &ratios, &slopes, &weights);
        let sides = point.t_sides.curvature();
        let omega = Zip::from(&kappa).and(&sides).map_collect(|kappa, side| 1.0 / (kappa + 1.0 / side));
        let mut matrix = form.curvature.clone().unwrap_or_else(|| Array2::zeros((form.len(), form.len())));
        matrix.diag_mut().scaled_add(1.0, &point.x_sides.curvature());
        for kernel in &form.kernels {
            kernel.add_gram(&weights, &mut matrix)?;
        }
        if !omega.is_empty() {
            matrix += &charged.t().dot(&(&charged * &omega.view().insert_axis(Axis(1))));
        }
        let mut equations = form.equations.clone();
        hold_fixed(form, &mut matrix, &mut equations);
        let gamma = if equations.is_empty() { 0.0 } else { median(matrix.diag().to_vec()) };
        let mut bordered = matrix.clone();
        if gamma > 0.0 {
            bordered.scaled_add(gamma, &equations.t().dot(&equations));
        }
        let (root, factor) = factorise(bordered)?;
        let mut newton =
            Self { form, weights, ratios, charged, omega, sides, matrix, equations, gamma, root, factor, schur: None };
        newton.schur = newton.equation_factor()?;
        Ok(newton)
    }

    /// The direction that removes the residuals and reaches the targets to first order.
    pub(super) fn direction(&self, point: &Point, residuals: &Residuals, targets: &Targets) -> Result<Point> {
        let form = self.form;
        // Every division below is by an interior quantity or by infinity.
        let gap = &targets.below / &point.theta - &targets.above / &point.spare + &self.ratios * &residuals.caps
            - &residuals.scenarios;
        let (lower_push, upper_push) =
            (&targets.x_below / &point.x_sides.below, &targets.x_above / &point.x_sides.above);
        let push = &targets.t_above / &point.t_sides.above - &targets.t_below / &point.t_sides.below;
        let shift = self.charge_shift(point, residuals, targets, &gap) + &push / &self.sides - &residuals.inequalities;
        let mut rhs = &residuals.stationarity + &lower_push
            - &upper_push
            - form.apply_transposed(&(&self.weights * &gap))
            - self.charged.t().dot(&(&self.omega * &shift));
        (0..form.len()).filter(|j| form.is_fixed(*j)).for_each(|j| rhs[j] = 0.0);
        let (dx, equations) = self.solve(&rhs, &residuals.equations)?;

        let dy = &self.omega * &(self.charged.dot(&dx) + &shift);
        let dt = (&dy - &push) / &self.sides;
        let price = self.cap_changes(&dy);
        let theta = &self.weights * &(form.apply(&dx) + &self.ratios * &price + &gap);
        let spare = Zip::from(&price)
            .and(&residuals.caps)
            .and(&theta)
            .and(&form.caps)
            .map_collect(|p, r, t, cap| if cap.is_finite() { p + r - t } else { 0.0 });
        let below = (&targets.below - &point.below * &theta) / &point.theta;
        let above = (&targets.above - &point.above * &spare) / &point.spare;
        Ok(Point {
            x_sides: moved(&point.x_sides, &dx, &targets.x_below, &targets.x_above),
            t_sides: moved(&point.t_sides, &dt, &targets.t_below, &targets.t_above),
            x: dx,
            t: dt,
            equations,
            below,
            theta,
            above,
            spare,
        })
    }

    /// What the charges of every inequality change by before `Δx` and its own multiplier.
    fn charge_shift(&self, point: &Point, residuals: &Residuals, targets: &Targets, gap: &Array1<f64>) -> Array1<f64> {
        let mut shift = Array1::zeros(self.omega.len());
        for kernel in &self.form.kernels {
            let Some(row) = kernel.charged else { continue };
            for s in kernel.span.clone() {
                let ratio = self.ratios[s];
                let change = targets.above[s] / point.spare[s] - ratio * residuals.caps[s];
                shift[row] += self.form.caps[s] * (change + ratio * self.weights[s] * gap[s]);
            }
        }
        shift
    }

    /// `cap · Δprice` of every scenario.
    fn cap_changes(&self, dy: &Array1<f64>) -> Array1<f64> {
        let mut changes = Array1::zeros(self.weights.len());
        for kernel in &self.form.kernels {
            if let Some(row) = kernel.charged {
                kernel.span.clone().for_each(|s| changes[s] = self.form.caps[s] * dy[row]);
            }
        }
        changes
    }

    fn equation_factor(&self) -> Result<Option<(Array2<f64>, Cholesky)>> {
        if self.equations.is_empty() {
            return Ok(None);
        }
        let mut columns = Array2::zeros((self.form.len(), self.equations.nrows()));
        for (mut column, row) in columns.columns_mut().into_iter().zip(self.equations.outer_iter()) {
            column.assign(&self.back_solve(&row.to_owned())?);
        }
        let mut schur = self.equations.dot(&columns);
        // Rounding leaves it a little unsymmetric; a row of fixed variables only, without a pivot.
        schur = 0.5 * (&schur + &schur.t());
        let size = largest(&schur.diag().to_owned()).max(f64::MIN_POSITIVE);
        for shift in SHIFTS {
            let mut shifted = schur.clone();
            shifted.diag_mut().map_inplace(|d| *d += shift * size);
            if let Ok(factor) = linalg::cholesky(shifted.view()) {
                return Ok(Some((columns, factor)));
            }
        }
        Err(broke_down("the equations' matrix has no Cholesky factor"))
    }

    fn back_solve(&self, rhs: &Array1<f64>) -> Result<Array1<f64>> {
        let solution = self.factor.solve((rhs * &self.root).view());
        Ok(solution.map_err(|error| broke_down(error.to_string()))? * &self.root)
    }

    fn solve_once(&self, rhs: &Array1<f64>, sides: &Array1<f64>) -> Result<(Array1<f64>, Array1<f64>)> {
        let Some((columns, schur)) = &self.schur else { return Ok((self.back_solve(rhs)?, Array1::zeros(0))) };
        let dx = self.back_solve(&(rhs + &(self.gamma * self.equations.t().dot(sides))))?;
        let dy = schur.solve((self.equations.dot(&dx) - sides).view());
        let dy = dy.map_err(|error| broke_down(error.to_string()))?;
        Ok((dx - columns.dot(&dy), dy))
    }

    /// Solves the system and refines the solution while that helps.
    fn solve(&self, rhs: &Array1<f64>, sides: &Array1<f64>) -> Result<(Array1<f64>, Array1<f64>)> {
        let (mut dx, mut dy) = self.solve_once(rhs, sides)?;
        let left = |dx: &Array1<f64>, dy: &Array1<f64>| {
            let first = rhs - &self.matrix.dot(dx) - self.equations.t().dot(dy);
            let second = sides - &self.equations.dot(dx);
            let size = largest(&(&first * &self.root)) + largest(&second);
            (first, second, size)
        };
        let enough = 1e-14 * (largest(&(rhs * &self.root)) + largest(sides));
        let (mut first, mut second, mut size) = left(&dx, &dy);
        for _ in 0..REFINEMENTS {
            if size <= enough {
                break;
            }
            let (more_x, more_y) = self.solve_once(&first, &second)?;
            let (next_x, next_y) = (&dx + &more_x, &dy + &more_y);
            let next = left(&next_x, &next_y);
            if !(next.2 < size) {
                break;
            }
            (dx, dy) = (next_x, next_y);
            (first, second, size) = next;
        }
        Ok((dx, dy))
    }
}

/// `V` and what the charged hinges give way under the multiplier of their row.
fn charges(
    form: &Form,
    ratios: &Array1<f64>,
    slopes: &Array1<f64>,
    weights: &Array1<f64>,
) -> (Array2<f64>, Array1<f64>) {
    let (mut rows, mut kappa) = (form.inequalities.clone(), Array1::zeros(form.inequalities.nrows()));
    for kernel in &form.kernels {
        let Some(row) = kernel.charged else { continue };
        let mut pull = Array1::zeros(weights.len());
        for s in kernel.span.clone() {
            let cap = form.caps[s];
            pull[s] = cap * ratios[s] * weights[s];
            kappa[row] += cap * pull[s] * slopes[s];
        }
        let mut sum = Array1::zeros(form.len());
        kernel.add_transposed(&pull, &mut sum);
        rows.row_mut(row).scaled_add(1.0, &sum);
    }
    (rows, kappa)
}

fn hold_fixed(form: &Form, matrix: &mut Array2<f64>, equations: &mut Array2<f64>) {
    for j in (0..form.len()).filter(|j| form.is_fixed(*j)) {
        matrix.row_mut(j).fill(0.0);
        matrix.column_mut(j).fill(0.0);
        equations.column_mut(j).fill(0.0);
        matrix[[j, j]] = 1.0;
    }
}

/// Cholesky with a unit diagonal; returns `diag^−½` with the factor.
fn factorise(mut matrix: Array2<f64>) -> Result<(Array1<f64>, Cholesky)> {
    let floor = 1e-14 * largest(&matrix.diag().to_owned()).min(1.0);
    let root = matrix.diag().mapv(|d| 1.0 / d.max(floor).max(f64::MIN_POSITIVE).sqrt());
    matrix = matrix * &root * root.view().insert_axis(Axis(1));
    matrix = 0.5 * (&matrix + &matrix.t());
    let mut added = 0.0;
    for shift in SHIFTS {
        matrix.diag_mut().map_inplace(|d| *d += shift - added);
        added = shift;
        if let Ok(factor) = linalg::cholesky(matrix.view()) {
            return Ok((root, factor));
        }
    }
    Err(broke_down("the normal matrix has no Cholesky factor"))
}

fn moved(sides: &Sides, change: &Array1<f64>, below: &Array1<f64>, above: &Array1<f64>) -> Sides {
    let finite = |distance: &Array1<f64>, step: Array1<f64>| {
        Zip::from(distance).and(&step).map_collect(|d, step| if d.is_finite() { *step } else { 0.0 })
    };
    Sides {
        lower: (below - &(&sides.lower * change)) / &sides.below,
        upper: (above + &(&sides.upper * change)) / &sides.above,
        below: finite(&sides.below, change.clone()),
        above: finite(&sides.above, -change),
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

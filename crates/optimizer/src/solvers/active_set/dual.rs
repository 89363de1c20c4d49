//! The dual active set method: one limit at a time, and always an end.
//!
//! Goldfarb and Idnani (1983), *A numerically stable dual method for solving strictly convex quadratic programs*,
//! Mathematical Programming 27. It keeps the minimum under some of the limits, with multipliers of the right signs,
//! and takes in limits that are violated there. Each minimum lies above the one before, so no set of limits comes
//! twice, whatever is degenerate or dependent. All violated limits are tried together first, and those with wrong
//! multipliers let go; one at a time is the way when that does not lift the minimum.

use super::cholesky::{add_scaled, dot};
use super::instance::{Instance, Point};
use super::kkt::{Breakdown, Kkt};
use super::working_set::{ActiveSet, Activity};

/// Violations up to this share of the terms they come from are rounding.
const ROUNDING: f64 = 1e-11;
/// Share of a limit's curvature below which the limits held already determine it.
const DEPENDENT: f64 = 1e-11;

/// How the dual method ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Solved {
        point: Point,
        iterations: usize,
    },
    /// A limit, and by how much the others keep it from being met.
    Infeasible {
        limit: Limit,
        side: Activity,
        violation: f64,
    },
    /// Rounding got the better of it.
    Stuck,
}

/// One limit of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    Variable(usize),
    Row(usize),
}

/// A limit that is not met, on the side where it is not, and by how much.
#[derive(Debug, Clone, Copy)]
struct Violated {
    limit: Limit,
    side: Activity,
    amount: f64,
    /// `amount` in units of the variables.
    distance: f64,
}

/// Starts from the limits of a guess whose multipliers have the right signs.
pub(super) fn dual(instance: &Instance<'_>, guess: ActiveSet) -> Outcome {
    let loosest = ActiveSet::loosest(instance);
    let mut bare = loosest.clone();
    bare.rows.fill(Activity::Inactive);
    // Equations that depend on each other come in one by one.
    let start = [guess, loosest, bare].into_iter().find_map(|active| Dual::start(instance, active).ok());
    start.and_then(|mut dual| dual.run().ok()).unwrap_or(Outcome::Stuck)
}

struct Dual<'a> {
    instance: &'a Instance<'a>,
    active: ActiveSet,
    point: Point,
    kkt: Kkt,
    iterations: usize,
}

/// What the variables and multipliers do per unit of the multiplier of a limit that comes in.
struct Direction {
    x: Vec<f64>,
    y: Vec<f64>,
    z: Vec<f64>,
    /// `P x`.
    curved: Vec<f64>,
    /// How fast the violation shrinks; none when the limits held already determine it.
    slope: Option<f64>,
}

impl<'a> Dual<'a> {
    /// The minimum under those limits of a guess that push the right way.
    fn start(instance: &'a Instance<'a>, mut active: ActiveSet) -> Result<Self, Breakdown> {
        let mut iterations = 0;
        loop {
            iterations += 1;
            let kkt = Kkt::new(instance, &active)?;
            let point = kkt.point(instance, &active);
            if !let_go(instance, &mut active, &point) {
                return Ok(Self { instance, active, point, kkt, iterations });
            }
        }
    }

    fn run(&mut self) -> Result<Outcome, Breakdown> {
        // Each round takes one limit in; in practice there are about as many as limits held at the end.
        let most = 100 + 20 * (self.instance.n + self.instance.m);
        while let Some(violated) = self.most_violated() {
            if self.iterations > most {
                return Ok(Outcome::Stuck);
            }
            if !self.take_all_in() && !self.take_in(violated)? {
                let Violated { limit, side, amount: violation, .. } = violated;
                return Ok(Outcome::Infeasible { limit, side, violation });
            }
        }
        let point = self.kkt.refined(self.instance, &self.active, self.point.clone());
        Ok(Outcome::Solved { point, iterations: self.iterations })
    }

    /// Moves to the minimum under all violated limits and those held, less those with wrong multipliers. False, and
    /// nothing moves, when that minimum is not clearly above the present one.
    fn take_all_in(&mut self) -> bool {
        let mut active = self.active.clone();
        for Violated { limit, side, .. } in self.violated() {
            match limit {
                Limit::Variable(i) => active.bounds[i] = side,
                Limit::Row(r) => active.rows[r] = side,
            }
        }
        let Ok(mut next) = Self::start(self.instance, active) else { return false };
        self.iterations += next.iterations;
        let (before, after) = (self.instance.objective(&self.point), self.instance.objective(&next.point));
        let lifted = after - before > ROUNDING * (before.abs() + after.abs());
        if lifted {
            next.iterations = self.iterations;
            *self = next;
        }
        lifted
    }

    /// The limit with the largest violation relative to its normal, if any is more than rounding.
    fn most_violated(&self) -> Option<Violated> {
        self.violated().into_iter().reduce(|worst, next| if next.distance > worst.distance { next } else { worst })
    }

    /// All limits violated by more than rounding.
    fn violated(&self) -> Vec<Violated> {
        let (instance, scales) = (self.instance, self.instance.scales(&self.point));
        let mut violated = Vec::new();
        let mut look = |limit, value: f64, lower: f64, upper: f64, size: f64, normal: f64| {
            let (side, amount) = if lower - value > value - upper {
                (Activity::Lower, lower - value)
            } else {
                (Activity::Upper, value - upper)
            };
            let size = [lower, upper].iter().filter(|v| v.is_finite()).fold(size, |a, v| a.max(v.abs()));
            if amount > ROUNDING * size {
                violated.push(Violated { limit, side, amount, distance: amount / normal });
            }
        };
        for i in (0..instance.n).filter(|&i| self.active.bounds[i] == Activity::Inactive) {
            look(Limit::Variable(i), self.point.x[i], instance.lower[i], instance.upper[i], scales.x, 1.0);
        }
        for r in (0..instance.m).filter(|&r| self.active.rows[r] == Activity::Inactive) {
            let (row, normal) = (instance.row(r), dot(instance.row(r), instance.row(r)).sqrt());
            let activity = dot(row, &self.point.x);
            let normal = if normal > 0.0 { normal } else { 1.0 };
            look(Limit::Row(r), activity, instance.row_lower[r], instance.row_upper[r], scales.rows[r], normal);
        }
        violated
    }

    /// Moves until a limit is met, letting others go where they must. False when nothing can meet it.
    fn take_in(&mut self, violated: Violated) -> Result<bool, Breakdown> {
        let mut multiplier = 0.0;
        let mut left = violated.amount;
        loop {
            self.iterations += 1;
            let direction = self.direction(violated);
            let full = direction.slope.map(|slope| left / slope);
            let blocking = self.blocking(&direction);
            let step = match (full, blocking) {
                (None, None) => return Ok(false),
                (Some(full), None) => full,
                (None, Some((_, block))) => block,
                (Some(full), Some((_, block))) => full.min(block),
            };
            if let Some(slope) = direction.slope {
                add_scaled(&mut self.point.x, step, &direction.x);
                add_scaled(&mut self.point.curved, step, &direction.curved);
                left -= step * slope;
            }
            add_scaled(&mut self.point.y, step, &direction.y);
            add_scaled(&mut self.point.z, step, &direction.z);
            multiplier += step;
            match blocking {
                Some((limit, block)) if full.is_none_or(|full| block < full) => {
                    self.set(limit, Activity::Inactive, 0.0);
                    self.kkt = Kkt::new(self.instance, &self.active)?;
                }
                _ => {
                    let sign = if violated.side == Activity::Upper { 1.0 } else { -1.0 };
                    self.set(violated.limit, violated.side, sign * multiplier);
                    self.kkt = Kkt::new(self.instance, &self.active)?;
                    // Rounding of many steps would add up; the equations are at hand.
                    self.point = self.kkt.point(self.instance, &self.active);
                    return Ok(true);
                }
            }
        }
    }

    fn direction(&self, violated: Violated) -> Direction {
        let instance = self.instance;
        let sign = if violated.side == Activity::Upper { -1.0 } else { 1.0 };
        let mut normal = vec![0.0; instance.n];
        match violated.limit {
            Limit::Variable(i) => normal[i] = sign,
            Limit::Row(r) => add_scaled(&mut normal, sign, instance.row(r)),
        }
        let mut step: Vec<f64> = self.kkt.free.iter().map(|&i| normal[i]).collect();
        let (rows, size) = self.kkt.project(&mut step);
        let (mut x, mut y) = (vec![0.0; instance.n], vec![0.0; instance.m]);
        self.kkt.free.iter().zip(&step).for_each(|(&i, step)| x[i] = *step);
        self.kkt.rows.iter().zip(&rows).for_each(|(&r, step)| y[r] = *step);
        let slope = dot(&normal, &x);
        let slope = (slope > DEPENDENT * size).then_some(slope);
        if slope.is_none() {
            x.fill(0.0);
        }
        let curved = instance.curvature.product(&x);
        let mut pull = curved.clone();
        for &r in &self.kkt.rows {
            add_scaled(&mut pull, y[r], instance.row(r));
        }
        let z = (0..instance.n)
            .map(|i| if self.active.bounds[i] == Activity::Inactive { 0.0 } else { normal[i] - pull[i] });
        Direction { z: z.collect(), x, y, curved, slope }
    }

    /// The first inequality held whose multiplier would change its sign, and after which step.
    fn blocking(&self, direction: &Direction) -> Option<(Limit, f64)> {
        let (instance, point) = (self.instance, &self.point);
        let mut first: Option<(Limit, f64)> = None;
        let mut look = |limit, side, equation: bool, multiplier: f64, change: f64, size: f64| {
            let shrinks = match side {
                Activity::Lower => change > ROUNDING * size,
                Activity::Upper => change < -ROUNDING * size,
                Activity::Inactive => false,
            };
            if shrinks && !equation {
                let step = (-multiplier / change).max(0.0);
                if first.is_none_or(|(_, least)| step < least) {
                    first = Some((limit, step));
                }
            }
        };
        let largest = |v: &[f64]| v.iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        let (bounds, rows) = (largest(&direction.z), largest(&direction.y));
        for i in 0..instance.n {
            let equation = instance.lower[i] >= instance.upper[i];
            look(Limit::Variable(i), self.active.bounds[i], equation, point.z[i], direction.z[i], bounds);
        }
        for r in 0..instance.m {
            let equation = instance.row_lower[r] >= instance.row_upper[r];
            look(Limit::Row(r), self.active.rows[r], equation, point.y[r], direction.y[r], rows);
        }
        first
    }

    fn set(&mut self, limit: Limit, side: Activity, multiplier: f64) {
        match limit {
            Limit::Variable(i) => (self.active.bounds[i], self.point.z[i]) = (side, multiplier),
            Limit::Row(r) => (self.active.rows[r], self.point.y[r]) = (side, multiplier),
        }
    }
}

/// Lets go of the inequalities whose multipliers have the wrong sign; false when there is none.
fn let_go(instance: &Instance<'_>, active: &mut ActiveSet, point: &Point) -> bool {
    let size = ROUNDING * instance.scales(point).gradient;
    let mut any = false;
    let mut look = |side: &mut Activity, equation: bool, multiplier: f64| {
        let wrong = match side {
            Activity::Lower => multiplier > size,
            Activity::Upper => multiplier < -size,
            Activity::Inactive => false,
        };
        if wrong && !equation {
            (*side, any) = (Activity::Inactive, true);
        }
    };
    for (i, side) in active.bounds.iter_mut().enumerate() {
        look(side, instance.lower[i] >= instance.upper[i], point.z[i]);
    }
    for (r, side) in active.rows.iter_mut().enumerate() {
        let largest = instance.row(r).iter().fold(0.0_f64, |a, v| a.max(v.abs()));
        look(side, instance.row_lower[r] >= instance.row_upper[r], point.y[r] * largest);
    }
    any
}

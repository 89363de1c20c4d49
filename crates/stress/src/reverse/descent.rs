//! From a start to a point of the level set that is locally nearest to the centre.

use alluse_risk_core::linalg::symmetric_eigen;
use ndarray::{Array1, Array2};

use super::dense;
use super::space::{Point, Problem, norm};
use crate::Result;

/// The loss to reach, within what tolerance, and how far out it may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target {
    pub(super) level: f64,
    /// Loss between the centre and the level: the unit of what is missing.
    pub(super) scale: f64,
    /// How near the level an answer must be.
    pub(super) tolerance: f64,
    /// How near it is tried to come.
    pub(super) goal: f64,
    pub(super) radius: f64,
}

impl Target {
    pub(super) fn is_met(&self, point: &Point) -> bool {
        (point.loss - self.level).abs() <= self.tolerance
    }

    fn is_reached(&self, point: &Point) -> bool {
        (point.loss - self.level).abs() <= self.goal
    }

    fn distress(&self, point: &Point) -> f64 {
        point.kkt_residual() + (point.loss - self.level).abs() / self.scale
    }

    fn inside(&self, y: Array1<f64>) -> Array1<f64> {
        let length = norm(&y);
        if length > self.radius { y * (self.radius / length) } else { y }
    }
}

/// The iteration of Hasofer, Lind, Rackwitz and Fiessler with a line search: each step goes to the point of the
/// linearised level set that is nearest to the centre.
///
/// ```text
/// d = [(g'y − ℓ(y) + L)/g'g] g − y      merit ½ y'y + c |ℓ(y) − L|,  c > |y|/|g|
/// ```
pub(super) fn approach(
    problem: &Problem<'_>,
    target: &Target,
    start: Point,
    steps: usize,
    kkt_tolerance: f64,
) -> Result<Point> {
    let mut point = start;
    for _ in 0..steps {
        let slope = point.gradient.dot(&point.gradient);
        if !(slope > 0.0) || (target.is_reached(&point) && point.kkt_residual() <= kkt_tolerance) {
            break;
        }
        let multiplier = (point.gradient.dot(&point.y) - point.loss + target.level) / slope;
        let direction = &point.gradient * multiplier - &point.y;
        let penalty = 2.0 * multiplier.abs().max(point.distance() / slope.sqrt());
        let merit = |p: &Point| 0.5 * p.y.dot(&p.y) + penalty * (p.loss - target.level).abs();
        let now = merit(&point);
        let mut share = 1.0;
        let mut found = None;
        for _ in 0..12 {
            let trial = problem.at(target.inside(&point.y + &(&direction * share)))?;
            if merit(&trial) < now {
                found = Some(trial);
                break;
            }
            share *= 0.5;
        }
        let Some(better) = found else { break };
        point = better;
    }
    Ok(point)
}

/// Newton's method on the conditions of a minimum, while it helps; second derivatives come from `curvature`.
///
/// ```text
/// [I − λH  −g] [Δ ]   [ −y  ]
/// [  g'     0] [λ⁺] = [L − ℓ]
/// ```
pub(super) fn polish(
    problem: &Problem<'_>,
    curvature: &Problem<'_>,
    target: &Target,
    start: Point,
    steps: usize,
    kkt_tolerance: f64,
) -> Result<Point> {
    let mut point = start;
    for _ in 0..steps {
        if target.is_reached(&point) && point.kkt_residual() <= kkt_tolerance {
            break;
        }
        let Some(mut step) = newton_step(curvature, target, &point)? else { break };
        let length = norm(&step);
        // Far steps leave the region that the derivatives speak for.
        let most = 0.5 * point.distance().max(1e-3);
        if length > most {
            step *= most / length;
        }
        let before = target.distress(&point);
        let mut found = None;
        for _ in 0..4 {
            let trial = problem.at(target.inside(&point.y + &step))?;
            if target.distress(&trial) < before {
                found = Some(trial);
                break;
            }
            step *= 0.5;
        }
        let Some(better) = found else { break };
        point = better;
    }
    Ok(point)
}

fn newton_step(curvature: &Problem<'_>, target: &Target, point: &Point) -> Result<Option<Array1<f64>>> {
    let slope = point.gradient.dot(&point.gradient);
    if !(slope > 0.0) {
        return Ok(None);
    }
    let bent = reduced(curvature, point)?;
    let n = point.y.len();
    let mut system = Array2::zeros((n + 1, n + 1));
    let mut right = Array1::zeros(n + 1);
    // The gradient is scaled to length one, so that pivots compare like with like.
    let unit = &point.gradient / slope.sqrt();
    for i in 0..n {
        for j in 0..n {
            system[[i, j]] = bent[[i, j]];
        }
        system[[i, n]] = -unit[i];
        system[[n, i]] = unit[i];
        right[i] = -point.y[i];
    }
    right[n] = (target.level - point.loss) / slope.sqrt();
    Ok(dense::solve(system, right).map(|solution| solution.iter().take(n).copied().collect()))
}

/// `I − λH` at a point, with the multiplier that fits it best.
fn reduced(curvature: &Problem<'_>, point: &Point) -> Result<Array2<f64>> {
    let multiplier = point.y.dot(&point.gradient) / point.gradient.dot(&point.gradient);
    let mut bent = curvature.hessian(&point.y)? * -multiplier;
    bent.diag_mut().mapv_inplace(|v| v + 1.0);
    Ok(bent)
}

/// A direction along the level set in which a stationary point is not a minimum, if it is a saddle or a maximum.
pub(super) fn escape(curvature: &Problem<'_>, point: &Point) -> Result<Option<Array1<f64>>> {
    let slope = point.gradient.dot(&point.gradient);
    if !(slope > 0.0) {
        return Ok(None);
    }
    let bent = reduced(curvature, point)?;
    let unit = &point.gradient / slope.sqrt();
    let n = unit.len();
    // P B P + u u': the gradient's own direction counts as harmless.
    let twisted = bent.dot(&unit);
    let along = unit.dot(&twisted);
    let projected = Array2::from_shape_fn((n, n), |(i, j)| {
        let (i, j) = (i.max(j), i.min(j));
        bent[[i, j]] - unit[i] * twisted[j] - twisted[i] * unit[j] + unit[i] * unit[j] * (along + 1.0)
    });
    let eigen = symmetric_eigen(projected.view())?;
    Ok((eigen.values[0] < -1e-6).then(|| eigen.vectors.column(0).to_owned()))
}

/// Moves a point along its own ray until the loss is the level; `None` when the ray does not lead there.
pub(super) fn restore(problem: &Problem<'_>, target: &Target, point: &Point) -> Result<Option<Array1<f64>>> {
    let distance = point.distance();
    let mut slope = point.gradient.dot(&point.y) / distance;
    let (mut length, mut loss) = (distance, point.loss);
    for _ in 0..12 {
        if (loss - target.level).abs() <= target.goal {
            return Ok(Some(&point.y * (length / distance)));
        }
        if !(slope > 0.0) {
            return Ok(None);
        }
        let next = (length + (target.level - loss) / slope).clamp(0.5 * length, 2.0 * length);
        let there = problem.value(&(&point.y * (next / distance)))?;
        slope = (there - loss) / (next - length);
        (length, loss) = (next, there);
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::super::loss::QuadraticLoss;
    use super::super::space::Space;
    use super::*;
    use crate::factors::tests::spots;

    fn target(level: f64) -> Target {
        Target { level, scale: level, tolerance: 1e-12 * level, goal: 1e-12 * level, radius: 20.0 }
    }

    #[test]
    fn a_saddle_shows_the_way_down() {
        // ℓ = 2x² + y²/2 in unit coordinates: on ℓ = 2, (0, ±2) is farthest and (±1, 0) nearest.
        let model = spots(&["A", "B"], array![[1.0, 0.0], [0.0, 1.0]]);
        let loss = QuadraticLoss::new(array![0.0, 0.0], array![[-4.0, 0.0], [0.0, -1.0]]).unwrap();
        let space = Space::new(&model).unwrap();
        let problem = Problem { space: &space, loss: &loss };
        // Which axis of the coordinates is which factor is found out first.
        let steep = if problem.value(&array![1.0, 0.0]).unwrap() > 1.0 { 0 } else { 1 };
        let axis = |k: usize, length: f64| Array1::from_shape_fn(2, |i| if i == k { length } else { 0.0 });
        let far = problem.at(axis(1 - steep, 2.0)).unwrap();
        assert!(far.kkt_residual() < 1e-12 && target(2.0).is_met(&far));
        let way = escape(&problem, &far).unwrap().unwrap();
        assert!((way[steep].abs() - 1.0).abs() < 1e-12);
        let near = problem.at(axis(steep, 1.0)).unwrap();
        assert!(escape(&problem, &near).unwrap().is_none());
        let start = problem.at(&far.y + &(way * 0.2)).unwrap();
        let end = approach(&problem, &target(2.0), start, 200, 1e-9).unwrap();
        assert!((end.distance() - 1.0).abs() < 1e-8, "{end:?}");
        let rough = problem.at(axis(steep, 1.2) + &axis(1 - steep, 0.3)).unwrap();
        let end = polish(&problem, &problem, &target(2.0), rough, 30, 1e-10).unwrap();
        assert!((end.distance() - 1.0).abs() < 1e-9 && end.kkt_residual() <= 1e-10);
    }

    #[test]
    fn rays_are_followed_to_the_level() {
        let model = spots(&["A"], array![[1.0]]);
        let loss = QuadraticLoss::new(array![0.0], array![[-2.0]]).unwrap();
        let space = Space::new(&model).unwrap();
        let problem = Problem { space: &space, loss: &loss };
        let start = problem.at(array![1.5]).unwrap();
        let end = restore(&problem, &target(4.0), &start).unwrap().unwrap();
        assert!((end[0] - 2.0).abs() < 1e-9);
        // Losses that fall along the ray lead nowhere.
        let gains = QuadraticLoss::new(array![0.0], array![[2.0]]).unwrap();
        let problem = Problem { space: &space, loss: &gains };
        assert!(restore(&problem, &target(4.0), &problem.at(array![1.5]).unwrap()).unwrap().is_none());
    }

    #[test]
    fn a_flat_loss_is_left_alone() {
        let model = spots(&["A"], array![[1.0]]);
        let flat = QuadraticLoss::new(array![0.0], array![[0.0]]).unwrap();
        let space = Space::new(&model).unwrap();
        let problem = Problem { space: &space, loss: &flat };
        let start = problem.at(array![1.0]).unwrap();
        let end = approach(&problem, &target(1.0), start.clone(), 10, 1e-9).unwrap();
        assert_eq!(end.y, start.y);
        assert_eq!(polish(&problem, &problem, &target(1.0), start.clone(), 10, 1e-9).unwrap().y, start.y);
        assert!(escape(&problem, &start).unwrap().is_none());
    }
}

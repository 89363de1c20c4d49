//! The linear half of an SVI fit: the best level, tilt and bend once centre and roundness are given.

/// Greatest |ρ|; at 1 one wing would be flat and the parameters undetermined.
pub(super) const MAX_TILT: f64 = 0.9999;
/// Lee's bound on the slope of total variance in a wing.
const MAX_WING_SLOPE: f64 = 2.0;
/// Tangents that may be laid against the cone of positive smiles, and the gap left open relative to the level.
const MAX_CUTS: usize = 40;
const CUT_GAP: f64 = 1e-10;
/// Smallest pivot of the scaled normal equations below which they are regularised.
const PIVOT: f64 = 1e-11;

type Vector = [f64; 3];
type Matrix = [Vector; 3];

/// Observations of one smile, with weights that sum to 1.
#[derive(Debug)]
pub(super) struct Observations<'a> {
    pub(super) log_moneyness: &'a [f64],
    pub(super) total_variance: &'a [f64],
    pub(super) weights: &'a [f64],
    /// The total variance that a fitted smile must keep everywhere.
    pub(super) floor: f64,
}

/// `w = level + tilt (k − m) + bend (√((k − m)² + σ²) − σ)`, and how well it fits.
#[derive(Debug, Clone, Copy)]
pub(super) struct Inner {
    pub(super) level: f64,
    pub(super) tilt: f64,
    pub(super) bend: f64,
    /// Weighted mean of the squared errors.
    pub(super) mean_square: f64,
}

/// One half-space `normal · u ≥ bound`.
#[derive(Debug, Clone, Copy)]
struct HalfSpace {
    normal: Vector,
    bound: f64,
}

impl Observations<'_> {
    /// The constrained least squares of the quasi-explicit method.
    ///
    /// A convex quadratic in three unknowns: over a polytope its minimum lies where at most three constraints bind, so
    /// that all sets of them are tried. Positivity is a cone; tangents to it are added where it is left.
    pub(super) fn solve(&self, m: f64, sigma: f64) -> Option<Inner> {
        let columns = |k: f64| {
            let x = k - m;
            // √(x² + σ²) − σ without cancellation.
            [1.0, x, x * x / (libm::hypot(x, sigma) + sigma)]
        };
        let (mut gram, mut moment) = ([[0.0; 3]; 3], [0.0; 3]);
        for ((k, y), weight) in self.log_moneyness.iter().zip(self.total_variance).zip(self.weights) {
            let row = columns(*k);
            for i in 0..3 {
                moment[i] += weight * row[i] * y;
                (0..3).for_each(|j| gram[i][j] += weight * row[i] * row[j]);
            }
        }
        let scale = [0, 1, 2].map(|i| gram[i][i].sqrt());
        if !scale.iter().all(|s| *s > 0.0 && s.is_finite()) {
            return None;
        }
        for i in 0..3 {
            moment[i] /= scale[i];
            (0..3).for_each(|j| gram[i][j] /= scale[i] * scale[j]);
        }
        let inverse = inverse(&gram)?;
        let free = times(&inverse, &moment);
        let [mut level, tilt, bend] = self.positive(sigma, &scale, &inverse, &free)?;
        // What the last tangent left open.
        level += (self.floor - lowest(sigma, &[level, tilt, bend])).max(0.0);
        let error = |k: f64, y: f64| {
            let row = columns(k);
            level + tilt * row[1] + bend * row[2] - y
        };
        let points = self.log_moneyness.iter().zip(self.total_variance).zip(self.weights);
        let mean_square = points.map(|((k, y), weight)| weight * error(*k, *y) * error(*k, *y)).sum();
        Some(Inner { level, tilt, bend, mean_square })
    }

    /// The minimum over the positive smiles, but for a gap of [`CUT_GAP`].
    fn positive(&self, sigma: f64, scale: &Vector, inverse: &Matrix, free: &Vector) -> Option<Vector> {
        let scaled = |space: HalfSpace| HalfSpace { normal: [0, 1, 2].map(|i| space.normal[i] / scale[i]), ..space };
        let mut spaces = half_spaces().map(scaled).to_vec();
        let mut best = if feasible(&spaces, free, free) { *free } else { constrained(inverse, free, &spaces, None)? };
        for _ in 0..MAX_CUTS {
            let point = [0, 1, 2].map(|i| best[i] / scale[i]);
            if lowest(sigma, &point) >= self.floor - CUT_GAP * point[0].abs() {
                break;
            }
            spaces.push(scaled(tangent(sigma, self.floor, &point)));
            best = constrained(inverse, free, &spaces, Some(spaces.len() - 1))?;
        }
        Some([0, 1, 2].map(|i| best[i] / scale[i]))
    }
}

/// `a + bσ√(1 − ρ²)` in the unknowns (level, tilt, bend), `level = a + σ bend`.
fn lowest(sigma: f64, [level, tilt, bend]: &Vector) -> f64 {
    level - sigma * bend + sigma * ((bend - tilt) * (bend + tilt)).max(0.0).sqrt()
}

/// Limits of tilt and wings.
fn half_spaces() -> [HalfSpace; 4] {
    [
        HalfSpace { normal: [0.0, -1.0, MAX_TILT], bound: 0.0 },
        HalfSpace { normal: [0.0, 1.0, MAX_TILT], bound: 0.0 },
        HalfSpace { normal: [0.0, -1.0, -1.0], bound: -MAX_WING_SLOPE },
        HalfSpace { normal: [0.0, 1.0, -1.0], bound: -MAX_WING_SLOPE },
    ]
}

/// `a + σ (bend − ρ tilt)/√(1 − ρ²) ≥ floor`, which touches the cone at the tilt of a point.
fn tangent(sigma: f64, floor: f64, [_, tilt, bend]: &Vector) -> HalfSpace {
    let rho = if *bend > 0.0 { (tilt / bend).clamp(-MAX_TILT, MAX_TILT) } else { 0.0 };
    let root = ((1.0 - rho) * (1.0 + rho)).sqrt();
    HalfSpace { normal: [1.0, -sigma * rho / root, sigma * (1.0 / root - 1.0)], bound: floor }
}

/// Up to the rounding of a point that was reached from `free`.
fn feasible(spaces: &[HalfSpace], u: &Vector, free: &Vector) -> bool {
    spaces.iter().all(|space| {
        let size: f64 = (0..3).map(|i| space.normal[i].abs() * u[i].abs().max(free[i].abs())).sum();
        dot(&space.normal, u) >= space.bound - 1e-13 * size
    })
}

/// The feasible point nearest to `free` in the metric of the quadratic. Where the last constraint was `added` to a
/// solved problem whose solution breaks it, it binds, and only sets with it are tried.
fn constrained(inverse: &Matrix, free: &Vector, spaces: &[HalfSpace], added: Option<usize>) -> Option<Vector> {
    let mut best: Option<(f64, Vector)> = None;
    let mut consider = |active: &[usize]| {
        if let Some((increase, point)) = project(inverse, free, spaces, active)
            && best.is_none_or(|(lowest, _)| increase < lowest)
            && feasible(spaces, &point, free)
        {
            best = Some((increase, point));
        }
    };
    let firsts = added.map_or(0..spaces.len(), |added| added..added + 1);
    for first in firsts {
        consider(&[first]);
        let others = if added.is_some() { 0..first } else { first + 1..spaces.len() };
        for second in others.clone() {
            consider(&[first, second]);
            (second + 1..others.end).for_each(|third| consider(&[first, second, third]));
        }
    }
    best.map(|(_, point)| point)
}

/// The minimum with the `active` constraints as equations, and how much it costs.
fn project(inverse: &Matrix, free: &Vector, spaces: &[HalfSpace], active: &[usize]) -> Option<(f64, Vector)> {
    let size = active.len();
    let directions: Vec<Vector> = active.iter().map(|i| times(inverse, &spaces[*i].normal)).collect();
    let mut system = [[0.0; 4]; 3];
    for (row, &i) in active.iter().enumerate() {
        directions.iter().enumerate().for_each(|(column, d)| system[row][column] = dot(&spaces[i].normal, d));
        system[row][3] = spaces[i].bound - dot(&spaces[i].normal, free);
    }
    let gap: Vec<f64> = (0..size).map(|row| system[row][3]).collect();
    let multipliers = eliminate(&mut system, size)?;
    let mut point = *free;
    for (direction, multiplier) in directions.iter().zip(&multipliers) {
        (0..3).for_each(|i| point[i] += multiplier * direction[i]);
    }
    Some((gap.iter().zip(&multipliers).map(|(gap, multiplier)| gap * multiplier).sum(), point))
}

/// Solves a system of up to three equations whose right-hand side is the last column.
fn eliminate(system: &mut [[f64; 4]; 3], size: usize) -> Option<Vector> {
    let largest = (0..size).map(|i| system[i][i].abs()).fold(0.0, f64::max);
    for pivot in 0..size {
        let row = (pivot..size).max_by(|a, b| system[*a][pivot].abs().total_cmp(&system[*b][pivot].abs()))?;
        system.swap(pivot, row);
        if !(system[pivot][pivot].abs() > 1e-14 * largest) {
            return None;
        }
        for below in pivot + 1..size {
            let factor = system[below][pivot] / system[pivot][pivot];
            let upper = system[pivot];
            system[below].iter_mut().zip(upper).for_each(|(entry, above)| *entry -= factor * above);
        }
    }
    let mut solution = [0.0; 3];
    for row in (0..size).rev() {
        let known: f64 = (row + 1..size).map(|column| system[row][column] * solution[column]).sum();
        solution[row] = (system[row][3] - known) / system[row][row];
    }
    Some(solution)
}

/// Inverse of a correlation-like matrix, regularised where it is nearly singular.
fn inverse(gram: &Matrix) -> Option<Matrix> {
    let mut matrix = *gram;
    if smallest_pivot(&matrix) < PIVOT {
        (0..3).for_each(|i| matrix[i][i] += 10.0 * PIVOT);
    }
    let mut inverse = [[0.0; 3]; 3];
    for column in 0..3 {
        let mut system = [[0.0; 4]; 3];
        for row in 0..3 {
            system[row][..3].copy_from_slice(&matrix[row]);
        }
        system[column][3] = 1.0;
        let solution = eliminate(&mut system, 3)?;
        (0..3).for_each(|row| inverse[row][column] = solution[row]);
    }
    Some(inverse)
}

fn smallest_pivot(m: &Matrix) -> f64 {
    let second = m[1][1] - m[0][1] * m[0][1];
    let across = m[1][2] - m[0][1] * m[0][2];
    second.min(m[2][2] - m[0][2] * m[0][2] - across * across / second.max(f64::MIN_POSITIVE))
}

fn dot(a: &Vector, b: &Vector) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

fn times(matrix: &Matrix, v: &Vector) -> Vector {
    [dot(&matrix[0], v), dot(&matrix[1], v), dot(&matrix[2], v)]
}

#[cfg(test)]
mod tests {
    use super::*;

    const K: [f64; 7] = [-0.6, -0.4, -0.2, 0.0, 0.2, 0.4, 0.6];

    fn solve(variances: &[f64], m: f64, sigma: f64) -> Inner {
        let weights = [1.0 / 7.0; 7];
        let data = Observations { log_moneyness: &K, total_variance: variances, weights: &weights, floor: 1e-10 };
        data.solve(m, sigma).unwrap()
    }

    #[test]
    fn a_hyperbola_is_its_own_fit() {
        let w: Vec<f64> =
            K.iter().map(|k| 0.02 + 0.3 * (-0.5 * (k - 0.1) + ((k - 0.1_f64).powi(2) + 0.04).sqrt())).collect();
        let inner = solve(&w, 0.1, 0.2);
        assert!((inner.tilt + 0.15).abs() < 1e-13 && (inner.bend - 0.3).abs() < 1e-12, "{inner:?}");
        assert!((inner.level - 0.08).abs() < 1e-14 && inner.mean_square < 1e-30);
    }

    #[test]
    fn an_upside_down_smile_gets_no_bend() {
        let w: Vec<f64> = K.iter().map(|k| 0.5 - 0.2 * k * k).collect();
        let inner = solve(&w, 0.0, 0.2);
        assert!(inner.bend.abs() < 1e-12 && inner.tilt.abs() < 1e-12);
        // The mean of k² over the seven points is 0.16.
        assert!((inner.level - 0.468).abs() < 1e-12);
    }

    #[test]
    fn wings_stay_within_the_bound() {
        let w: Vec<f64> = K.iter().map(|k: &f64| 0.1 + 5.0 * k.abs() - k).collect();
        let inner = solve(&w, 0.0, 0.05);
        assert!((inner.bend + inner.tilt.abs() - 2.0).abs() < 1e-12, "{inner:?}");
    }

    #[test]
    fn a_steep_line_is_tilted_as_far_as_allowed() {
        let w: Vec<f64> = K.iter().map(|k| 1.0 - k).collect();
        let inner = solve(&w, 0.0, 0.3);
        assert!(inner.tilt < 0.0 && (inner.tilt / inner.bend + MAX_TILT).abs() < 1e-12, "{inner:?}");
    }

    #[test]
    fn a_tangent_touches_the_cone_and_stays_above_it() {
        let (sigma, floor) = (0.3, 0.01);
        let at = |space: &HalfSpace, point: &Vector| dot(&space.normal, point) - space.bound;
        for rho in [-0.99, -0.6, 0.0, 0.3, 0.8] {
            // On the cone: a = floor − bσ√(1 − ρ²), level = a + bσ.
            let b = 0.5;
            let on = |rho: f64| [floor - b * sigma * (1.0 - rho * rho).sqrt() + b * sigma, rho * b, b];
            let space = tangent(sigma, floor, &on(rho));
            assert!(at(&space, &on(rho)).abs() < 1e-14 && (lowest(sigma, &on(rho)) - floor).abs() < 1e-14);
            for other in [-0.9, -0.4, 0.1, 0.5, 0.95] {
                assert!(at(&space, &on(other)) >= -1e-14, "{rho} {other}");
            }
        }
    }

    #[test]
    fn positivity_binds_where_the_data_ask_for_less_than_nothing() {
        let w: Vec<f64> = K.iter().map(|k| (0.9 * k * k - 0.05_f64).max(1e-4)).collect();
        let inner = solve(&w, 0.0, 0.3);
        let lowest = (0..=1_000)
            .map(|i| {
                let x = -1.0 + 0.002 * f64::from(i);
                inner.level + inner.tilt * x + inner.bend * ((x * x + 0.09_f64).sqrt() - 0.3)
            })
            .fold(f64::INFINITY, f64::min);
        assert!(lowest > 0.0 && lowest < 1e-9, "{lowest}");
    }
}

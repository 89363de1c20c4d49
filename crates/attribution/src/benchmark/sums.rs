//! The sums that several statistics share, each gathered in one pass over the pairs.

use crate::{Error, Result};

/// Means and growth of two series side by side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Totals {
    /// Means of the returns and of the benchmark.
    pub(super) mean: [f64; 2],
    /// Products of `1 + value`.
    pub(super) growth: [f64; 2],
    /// The largest absolute values.
    pub(super) largest: [f64; 2],
    /// Whether a factor `1 + value` was below zero: growth then means nothing.
    pub(super) negative_factor: [bool; 2],
}

impl Totals {
    pub(super) fn of(first: &[f64], second: &[f64]) -> Self {
        let (mut sum, mut growth, mut largest, mut lowest) = ([0.0; 2], [1.0; 2], [0.0_f64; 2], [0.0_f64; 2]);
        for (&a, &b) in first.iter().zip(second) {
            for (side, value) in [a, b].into_iter().enumerate() {
                sum[side] += value;
                growth[side] *= 1.0 + value;
                largest[side] = if value.abs() > largest[side] { value.abs() } else { largest[side] };
                lowest[side] = if value < lowest[side] { value } else { lowest[side] };
            }
        }
        let n = first.len() as f64;
        Self { mean: sum.map(|sum| sum / n), growth, largest, negative_factor: lowest.map(|value| value < -1.0) }
    }
}

/// Sums of products of deviations from the means; `x` is the benchmark and `y` the returns.
#[derive(Debug, Clone, Copy)]
pub(super) struct CoMoments {
    pub(super) n: usize,
    pub(super) mean_y: f64,
    pub(super) mean_x: f64,
    pub(super) yy: f64,
    pub(super) xy: f64,
    pub(super) xx: f64,
    /// Sum of squared deviations of `y − x`. Its own sum: from the three others a close tracker would keep no digit.
    pub(super) active: f64,
    /// Deviations below these are rounding.
    pub(super) noise_y: f64,
    pub(super) noise_x: f64,
}

/// Standard deviations at most so many units in the last place of the largest value are rounding.
const NOISE: f64 = 4.0 * f64::EPSILON;

impl CoMoments {
    /// What the rounded means missed is in the sums of the deviations and is taken out.
    pub(super) fn of(y: &[f64], x: &[f64], totals: Totals, largest: [f64; 2]) -> Self {
        let [mean_y, mean_x] = totals.mean;
        let (mut sum_y, mut sum_x, mut yy, mut xy, mut xx, mut active) = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0);
        for (y, x) in y.iter().zip(x) {
            let (dy, dx) = (y - mean_y, x - mean_x);
            let difference = dy - dx;
            sum_y += dy;
            sum_x += dx;
            yy += dy * dy;
            xy += dy * dx;
            xx += dx * dx;
            active += difference * difference;
        }
        let n = y.len();
        let count = n as f64;
        Self {
            n,
            mean_y: mean_y + sum_y / count,
            mean_x: mean_x + sum_x / count,
            yy: (yy - sum_y * sum_y / count).max(0.0),
            xy: xy - sum_y * sum_x / count,
            xx: (xx - sum_x * sum_x / count).max(0.0),
            active: (active - (sum_y - sum_x) * (sum_y - sum_x) / count).max(0.0),
            noise_y: NOISE * largest[0],
            noise_x: NOISE * largest[1],
        }
    }

    /// Refuses a benchmark of which only rounding varies.
    pub(super) fn benchmark_varies(&self, what: &'static str) -> Result<()> {
        varies(what, "benchmark", self.xx, self.n, self.noise_x)
    }

    /// Refuses returns of which only rounding varies.
    pub(super) fn returns_vary(&self, what: &'static str) -> Result<()> {
        varies(what, "returns", self.yy, self.n, self.noise_y)
    }
}

/// The slope of the returns on the benchmark over one side of the market.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct SideMoments {
    pub(super) n: usize,
    pub(super) xy: f64,
    pub(super) xx: f64,
}

/// Both sides at once: `[x > 0, x < 0]`.
pub(super) fn side_moments(y: &[f64], x: &[f64]) -> [SideMoments; 2] {
    let (mut count, mut sum_y, mut sum_x) = ([0.0; 2], [0.0; 2], [0.0; 2]);
    for (&y, &x) in y.iter().zip(x) {
        for (side, inside) in [x > 0.0, x < 0.0].into_iter().enumerate() {
            count[side] += if inside { 1.0 } else { 0.0 };
            sum_y[side] += if inside { y } else { 0.0 };
            sum_x[side] += if inside { x } else { 0.0 };
        }
    }
    let mean = |sum: f64, count: f64| if count > 0.0 { sum / count } else { 0.0 };
    let mean_y = [mean(sum_y[0], count[0]), mean(sum_y[1], count[1])];
    let mean_x = [mean(sum_x[0], count[0]), mean(sum_x[1], count[1])];
    let (mut xy, mut xx, mut left_y, mut left_x) = ([0.0; 2], [0.0; 2], [0.0; 2], [0.0; 2]);
    for (&y, &x) in y.iter().zip(x) {
        for (side, inside) in [x > 0.0, x < 0.0].into_iter().enumerate() {
            let dy = if inside { y - mean_y[side] } else { 0.0 };
            let dx = if inside { x - mean_x[side] } else { 0.0 };
            left_y[side] += dy;
            left_x[side] += dx;
            xy[side] += dy * dx;
            xx[side] += dx * dx;
        }
    }
    [0, 1].map(|side| SideMoments {
        n: count[side] as usize,
        xy: xy[side] - mean(left_y[side] * left_x[side], count[side]),
        xx: (xx[side] - mean(left_x[side] * left_x[side], count[side])).max(0.0),
    })
}

/// Counts and growth over the periods on one side of the benchmark's sign.
#[derive(Debug, Clone, Copy)]
pub(super) struct SideGrowth {
    pub(super) count: usize,
    /// Growth of the returns and of the benchmark.
    pub(super) growth: [f64; 2],
    /// Periods in which the returns beat the benchmark.
    pub(super) wins: usize,
    /// Periods in which the returns have the sign of the side.
    pub(super) same_sign: usize,
}

impl SideGrowth {
    /// Of two sets of periods together.
    pub(super) fn with(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            growth: [self.growth[0] * other.growth[0], self.growth[1] * other.growth[1]],
            wins: self.wins + other.wins,
            same_sign: self.same_sign + other.same_sign,
        }
    }
}

/// The three sides at once: `[b > 0, b < 0, b = 0]`. Selections instead of jumps: signs cannot be predicted.
pub(super) fn side_growth(returns: &[f64], benchmark: &[f64]) -> [SideGrowth; 3] {
    let mut growth = [[1.0; 2]; 2];
    let (mut count, mut wins, mut same) = ([0_usize; 3], [0_usize; 3], [0_usize; 3]);
    let mut flat = 1.0;
    for (&r, &b) in returns.iter().zip(benchmark) {
        let sides = [b > 0.0, b < 0.0, b == 0.0];
        let signs = [r > 0.0, r < 0.0, r == 0.0];
        for (side, pair) in growth.iter_mut().enumerate() {
            pair[0] *= if sides[side] { 1.0 + r } else { 1.0 };
            pair[1] *= if sides[side] { 1.0 + b } else { 1.0 };
        }
        flat *= if sides[2] { 1.0 + r } else { 1.0 };
        let win = r > b;
        for side in 0..3 {
            count[side] += usize::from(sides[side]);
            wins[side] += usize::from(sides[side] & win);
            same[side] += usize::from(sides[side] & signs[side]);
        }
    }
    let growth = [growth[0], growth[1], [flat, 1.0]];
    [0, 1, 2].map(|side| SideGrowth {
        count: count[side],
        growth: growth[side],
        wins: wins[side],
        same_sign: same[side],
    })
}

/// Refuses a sum of squared deviations that is nothing but rounding.
pub(super) fn varies(what: &'static str, who: &str, sum: f64, n: usize, noise: f64) -> Result<()> {
    if (sum / n as f64).sqrt() > noise {
        Ok(())
    } else {
        Err(Error::undefined(what, format!("the {who} of {n} periods does not vary")))
    }
}

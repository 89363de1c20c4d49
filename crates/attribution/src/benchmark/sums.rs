//! The sums that several statistics share, each gathered in one pass over the pairs.

use crate::{Error, Result};

/// Sums run side by side in so many lanes: one alone would wait for each addition to finish before the next.
pub(super) const LANES: usize = 4;

/// Hands every pair to `step` with the lane it belongs to, always the same one.
#[inline(always)]
pub(super) fn in_lanes(first: &[f64], second: &[f64], mut step: impl FnMut(usize, f64, f64)) {
    let (whole, rest) = first.as_chunks::<LANES>();
    let (other, other_rest) = second.as_chunks::<LANES>();
    // Lanes by constant numbers, or the sums could not stay in registers.
    for (a, b) in whole.iter().zip(other) {
        step(0, a[0], b[0]);
        step(1, a[1], b[1]);
        step(2, a[2], b[2]);
        step(3, a[3], b[3]);
    }
    if let ([a, ..], [b, ..]) = (rest, other_rest) {
        step(0, *a, *b);
    }
    if let ([_, a, ..], [_, b, ..]) = (rest, other_rest) {
        step(1, *a, *b);
    }
    if let ([_, _, a], [_, _, b]) = (rest, other_rest) {
        step(2, *a, *b);
    }
}

/// Means and growth of two series side by side.
#[derive(Debug, Clone, Copy)]
pub(super) struct Totals {
    /// Means of the returns and of the benchmark.
    pub(super) mean: [f64; 2],
    /// Products of `1 + value`.
    pub(super) growth: [f64; 2],
    /// The largest absolute values.
    pub(super) largest: [f64; 2],
    /// The smallest values, or 0 when none is negative. Below −1 growth means nothing.
    pub(super) lowest: [f64; 2],
}

impl Totals {
    pub(super) fn of(first: &[f64], second: &[f64]) -> Self {
        let (one, other) = (Total::of(first), Total::of(second));
        Self {
            mean: [one.mean, other.mean],
            growth: [one.growth, other.growth],
            largest: [one.largest, other.largest],
            lowest: [one.lowest, other.lowest],
        }
    }
}

/// Of one series.
struct Total {
    mean: f64,
    growth: f64,
    largest: f64,
    lowest: f64,
}

impl Total {
    fn of(values: &[f64]) -> Self {
        let (mut sum, mut growth, mut highest, mut lowest) = ([0.0; LANES], [1.0; LANES], [0.0; LANES], [0.0; LANES]);
        in_lanes(values, values, |lane, value, _| {
            sum[lane] += value;
            growth[lane] *= 1.0 + value;
            highest[lane] = if value > highest[lane] { value } else { highest[lane] };
            lowest[lane] = if value < lowest[lane] { value } else { lowest[lane] };
        });
        let highest = highest.into_iter().fold(0.0, f64::max);
        let lowest = lowest.into_iter().fold(0.0, f64::min);
        Self {
            mean: sum.iter().sum::<f64>() / values.len() as f64,
            growth: growth.iter().product(),
            largest: f64::max(highest, -lowest),
            lowest,
        }
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
        let (mut sum_y, mut sum_x, mut active) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        let (mut yy, mut xy, mut xx) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
        in_lanes(y, x, |lane, y, x| {
            let (dy, dx) = (y - mean_y, x - mean_x);
            let difference = dy - dx;
            sum_y[lane] += dy;
            sum_x[lane] += dx;
            yy[lane] += dy * dy;
            xy[lane] += dy * dx;
            xx[lane] += dx * dx;
            active[lane] += difference * difference;
        });
        let [sum_y, sum_x, yy, xy, xx, active] =
            [sum_y, sum_x, yy, xy, xx, active].map(|lanes| lanes.iter().sum::<f64>());
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

    /// Of both series less a constant.
    pub(super) fn less(self, rate: f64) -> Self {
        Self {
            mean_y: self.mean_y - rate,
            mean_x: self.mean_x - rate,
            noise_y: self.noise_y.max(NOISE * rate.abs()),
            noise_x: self.noise_x.max(NOISE * rate.abs()),
            ..self
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
    [one_side_moments(y, x, |x| x > 0.0), one_side_moments(y, x, |x| x < 0.0)]
}

/// Masks instead of jumps: signs cannot be predicted.
#[inline(always)]
fn one_side_moments(y: &[f64], x: &[f64], inside: impl Fn(f64) -> bool) -> SideMoments {
    let mask = |x: f64| if inside(x) { 1.0 } else { 0.0 };
    let (mut count, mut sum_y, mut sum_x) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    in_lanes(y, x, |lane, y, x| {
        let mask = mask(x);
        count[lane] += mask;
        sum_y[lane] += mask * y;
        sum_x[lane] += mask * x;
    });
    let count: f64 = count.iter().sum();
    if !(count > 0.0) {
        return SideMoments::default();
    }
    let [mean_y, mean_x] = [sum_y, sum_x].map(|lanes| lanes.iter().sum::<f64>() / count);
    let (mut left_y, mut left_x, mut xy, mut xx) = ([0.0; LANES], [0.0; LANES], [0.0; LANES], [0.0; LANES]);
    in_lanes(y, x, |lane, y, x| {
        let mask = mask(x);
        let (dy, dx) = (mask * (y - mean_y), mask * (x - mean_x));
        left_y[lane] += dy;
        left_x[lane] += dx;
        xy[lane] += dy * dx;
        xx[lane] += dx * dx;
    });
    let [left_y, left_x, xy, xx] = [left_y, left_x, xy, xx].map(|lanes| lanes.iter().sum::<f64>());
    SideMoments { n: count as usize, xy: xy - left_y * left_x / count, xx: (xx - left_x * left_x / count).max(0.0) }
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

/// The three sides at once: `[b > 0, b < 0, b = 0]`.
pub(super) fn side_growth(returns: &[f64], benchmark: &[f64]) -> [SideGrowth; 3] {
    let up = one_side_growth(returns, benchmark, |value| value > 0.0);
    let down = one_side_growth(returns, benchmark, |value| value < 0.0);
    let mut flat = SideGrowth { count: 0, growth: [1.0, 1.0], wins: 0, same_sign: 0 };
    if up.count + down.count < returns.len() {
        for (&r, _) in returns.iter().zip(benchmark).filter(|(_, b)| **b == 0.0) {
            flat.count += 1;
            flat.growth[0] *= 1.0 + r;
            flat.wins += usize::from(r > 0.0);
            flat.same_sign += usize::from(r == 0.0);
        }
    }
    [up, down, flat]
}

/// Growth in lanes; counts are whole numbers, which may be added in any order and so several at once.
#[inline(always)]
fn one_side_growth(returns: &[f64], benchmark: &[f64], inside: impl Fn(f64) -> bool) -> SideGrowth {
    let (mut own, mut market) = ([1.0; LANES], [1.0; LANES]);
    in_lanes(returns, benchmark, |lane, r, b| {
        let mask = if inside(b) { 1.0 } else { 0.0 };
        own[lane] *= 1.0 + mask * r;
        market[lane] *= 1.0 + mask * b;
    });
    let growth = [own, market].map(|lanes| lanes.iter().product());
    let mut found = SideGrowth { count: 0, growth, wins: 0, same_sign: 0 };
    for (&r, &b) in returns.iter().zip(benchmark) {
        let counts = inside(b);
        found.count += usize::from(counts);
        found.wins += usize::from(counts & (r > b));
        found.same_sign += usize::from(counts & inside(r));
    }
    found
}

/// Sum of squared deviations of `r − β b`. From the co-moments a close tracker would keep no digit.
pub(super) fn unexplained(returns: &[f64], benchmark: &[f64], moments: CoMoments, beta: f64) -> f64 {
    let (mut sum, mut squares) = ([0.0; LANES], [0.0; LANES]);
    in_lanes(returns, benchmark, |lane, r, b| {
        let residual = (r - moments.mean_y) - beta * (b - moments.mean_x);
        sum[lane] += residual;
        squares[lane] += residual * residual;
    });
    let [sum, squares] = [sum, squares].map(|lanes| lanes.iter().sum::<f64>());
    (squares - sum * sum / returns.len() as f64).max(0.0)
}

/// Refuses a sum of squared deviations that is nothing but rounding.
pub(super) fn varies(what: &'static str, who: &str, sum: f64, n: usize, noise: f64) -> Result<()> {
    if (sum / n as f64).sqrt() > noise {
        Ok(())
    } else {
        Err(Error::undefined(what, format!("the {who} of {n} periods does not vary")))
    }
}

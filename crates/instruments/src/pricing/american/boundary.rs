//! The exercise boundary of an American put with strike 1, as the fixed point of an integral equation.

#![allow(clippy::needless_range_loop, reason = "one index runs over the lanes of several arrays")]

use alluse_risk_core::Error as Input;
use pulp::{Arch, NullaryFnOnce};

use super::Precision;
use super::tables::{MAX_NODES, Tables};
use super::vector::{density_and_cdf, exp};
use crate::Result;

/// A put with strike 1 whose boundary is a single curve: `σ√T > 0`, and `r > 0` or `q < 0`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct NormalPut {
    pub(super) rate: f64,
    pub(super) dividend_yield: f64,
    pub(super) volatility: f64,
    pub(super) time: f64,
}

impl NormalPut {
    /// The boundary of the option that never expires, 0 where there is none.
    fn perpetual(&self) -> f64 {
        let half_variance = 0.5 * self.volatility * self.volatility;
        let tilt = (self.rate - self.dividend_yield) / half_variance - 1.0;
        let exponent = 0.5 * (tilt + (tilt * tilt + 4.0 * self.rate / half_variance).sqrt());
        if exponent > 0.0 { exponent / (1.0 + exponent) } else { 0.0 }
    }

    /// The node value to interpolate, from the distance of the log boundary below its limit: `ln²B − ln²B(0+)`.
    ///
    /// It is smooth in `√τ` whether the boundary leaves its limit like `√τ`, like `√(τ ln 1/τ)`, or first one and
    /// then the other as it does for `q` just above `r`.
    pub(super) fn shape(&self, distance: f64) -> f64 {
        distance * (distance - 2.0 * self.limit().ln())
    }

    /// The distance from an interpolated value, which rounding may leave below 0.
    pub(super) fn distance(&self, shape: f64) -> f64 {
        let limit_log = self.limit().ln();
        (shape + limit_log * limit_log).max(0.0).sqrt() + limit_log
    }

    /// The boundary just before expiry, `min(1, r/q)`.
    pub(super) fn limit(&self) -> f64 {
        if self.dividend_yield > self.rate { self.rate / self.dividend_yield } else { 1.0 }
    }
}

/// The boundary at the nodes, in the shape to interpolate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Solved {
    pub(super) shape: [f64; MAX_NODES],
    /// Whether the boundary is near the approximation that it started from.
    pub(super) plausible: bool,
    pub(super) iterations: usize,
    pub(super) change: f64,
}

/// Numbers of nodes are multiples of this, so that sums over points run in blocks that fit a register.
const LANES: usize = 4;

/// Newton steps towards the first boundary.
const START_ROUNDS: usize = 60;
const MAX_ITERATIONS: usize = 60;

/// Solves for the boundary.
///
/// With ages `v = τ − u`, the fixed point is `B(τ) = N/D`,
/// ```text
/// N = e^(−rτ) Φ(d₋(τ, B(τ))) + r ∫₀^τ e^(−rv) Φ(d₋(v, B(τ)/B(τ−v))) dv
/// D = e^(−qτ) Φ(d₊(τ, B(τ))) + q ∫₀^τ e^(−qv) Φ(d₊(v, B(τ)/B(τ−v))) dv
/// ```
/// and each iteration takes a Newton step per node that treats the rest of the curve as given.
pub(super) fn solve(put: &NormalPut, tables: &Tables) -> Result<Solved> {
    let arch = Arch::new();
    let solved = match tables.scheme.precision {
        Precision::Fast => arch.dispatch(Solve::<8, 64> { put, tables }),
        Precision::Standard => arch.dispatch(Solve::<12, 144> { put, tables }),
        Precision::High => arch.dispatch(Solve::<24, 768> { put, tables }),
    };
    // A NaN must not pass for a small change, nor a stray root of the discrete equations for the boundary.
    let is_boundary = solved.plausible && is_boundary(put, &solved.shape[..tables.scheme.nodes]);
    if solved.change <= tables.scheme.tolerance && is_boundary {
        Ok(solved)
    } else {
        let (iterations, residual) = (solved.iterations, solved.change);
        Err(Input::NotConverged { name: "exercise boundary", iterations, residual }.into())
    }
}

/// A boundary falls with the time to expiry and stays above that of the perpetual option, up to the error of the
/// discretisation.
fn is_boundary(put: &NormalPut, shape: &[f64]) -> bool {
    let falls = shape.windows(2).all(|pair| pair[0] > 0.99 * pair[1] && pair[1] > 0.0);
    let lowest = put.limit() * (-put.distance(shape[0])).exp();
    falls && lowest >= 0.999 * put.perpetual()
}

struct Solve<'a, const N: usize, const P: usize> {
    put: &'a NormalPut,
    tables: &'a Tables,
}

impl<const N: usize, const P: usize> NullaryFnOnce for Solve<'_, N, P> {
    type Output = Solved;

    #[inline(always)]
    fn call(self) -> Solved {
        Iteration::<N, P>::new(self.put, self.tables).run()
    }
}

/// The state of the iteration and what it needs at every point, computed once per option.
struct Iteration<'a, const N: usize, const P: usize> {
    put: &'a NormalPut,
    tables: &'a Tables,
    limit_log: f64,
    /// Distance of the log boundary below its limit.
    distance: [f64; N],
    /// `1/(σ√v)`.
    inverse: [f64; P],
    /// `(r − q)√v/σ`.
    drift: [f64; P],
    /// `σ√v/2`.
    half: [f64; P],
    /// `r e^(−rv)` times the weight of the point.
    rate_weight: [f64; P],
    /// `q e^(−qv)` times the weight of the point.
    yield_weight: [f64; P],
}

impl<'a, const N: usize, const P: usize> Iteration<'a, N, P> {
    #[inline(always)]
    fn new(put: &'a NormalPut, tables: &'a Tables) -> Self {
        let mut state = Self {
            put,
            tables,
            limit_log: put.limit().ln(),
            distance: [0.0; N],
            inverse: [0.0; P],
            drift: [0.0; P],
            half: [0.0; P],
            rate_weight: [0.0; P],
            yield_weight: [0.0; P],
        };
        let NormalPut { rate, dividend_yield, volatility, time } = *put;
        let (roots, weights) = (&tables.root_age[..P], &tables.weight[..P]);
        let root_time = time.sqrt();
        for p in 0..P {
            let root_age = roots[p] * root_time;
            let age = root_age * root_age;
            state.inverse[p] = 1.0 / (volatility * root_age);
            state.drift[p] = (rate - dividend_yield) / volatility * root_age;
            state.half[p] = 0.5 * volatility * root_age;
            state.rate_weight[p] = rate * time * weights[p] * exp(-rate * age);
            state.yield_weight[p] = dividend_yield * time * weights[p] * exp(-dividend_yield * age);
        }
        state
    }

    #[inline(always)]
    fn run(mut self) -> Solved {
        self.start();
        let start = self.distance;
        let mut change = f64::INFINITY;
        let mut iterations = 0;
        while iterations < MAX_ITERATIONS && change > self.tables.scheme.tolerance {
            change = self.step();
            iterations += 1;
        }
        let mut shape = [0.0; MAX_NODES];
        for (shape, &distance) in shape.iter_mut().zip(&self.distance) {
            *shape = self.put.shape(distance);
        }
        let plausible = (0..N).all(|i| {
            let deviation = self.put.volatility * self.put.time.sqrt() * self.tables.x[i];
            (self.distance[i] - start[i]).abs() < 0.6 * start[i] + 0.3 * deviation
        });
        Solved { shape, plausible, iterations, change }
    }

    /// One Newton step for the whole boundary; the largest change of its logarithm.
    #[inline(always)]
    fn step(&mut self) -> f64 {
        let shape = self.distance.map(|distance| distance * (distance - 2.0 * self.limit_log));
        // Distance of the log boundary below its limit, at the time of each point.
        let mut there = [0.0; P];
        interpolate(&self.tables.cardinal, &shape, &mut there);
        // Derivative of the distance by the interpolated value, up to that of the latter by the node's distance.
        let mut bend = [0.0; P];
        let offset = self.limit_log * self.limit_log;
        for p in 0..P {
            let total = there[p] + offset;
            let floored = if total > 1e-300 { total } else { 1e-300 };
            let root = floored.sqrt();
            bend[p] = if total > 1e-300 { 1.0 / root } else { 0.0 };
            there[p] = root + self.limit_log;
        }
        let mut here = [0.0; P];
        for row in here.chunks_exact_mut(N) {
            row.copy_from_slice(&self.distance);
        }
        let mut terms = Terms {
            numerator: [0.0; P],
            denominator: [0.0; P],
            numerator_slope: [0.0; P],
            denominator_slope: [0.0; P],
        };
        for p in 0..P {
            let middle = (there[p] - here[p]) * self.inverse[p] + self.drift[p];
            let (density_minus, cdf_minus) = density_and_cdf(middle - self.half[p]);
            let (density_plus, cdf_plus) = density_and_cdf(middle + self.half[p]);
            terms.numerator[p] = self.rate_weight[p] * cdf_minus;
            terms.denominator[p] = self.yield_weight[p] * cdf_plus;
            terms.numerator_slope[p] = self.rate_weight[p] * self.inverse[p] * density_minus;
            terms.denominator_slope[p] = self.yield_weight[p] * self.inverse[p] * density_plus;
        }
        let mut sums = self.known_part();
        accumulate(&terms.numerator, &mut sums.numerator);
        accumulate(&terms.denominator, &mut sums.denominator);
        accumulate(&terms.numerator_slope, &mut sums.numerator_slope);
        accumulate(&terms.denominator_slope, &mut sums.denominator_slope);
        // Matrix of the linear system: equation by row, node by column.
        let mut matrix = [[0.0; N]; N];
        let (per_numerator, per_denominator) = (sums.numerator.map(f64::recip), sums.denominator.map(f64::recip));
        let (ups, downs) = (terms.numerator_slope.as_chunks::<N>().0, terms.denominator_slope.as_chunks::<N>().0);
        for (bend, (up, down)) in bend.as_chunks_mut::<N>().0.iter_mut().zip(ups.iter().zip(downs)) {
            for i in 0..N {
                bend[i] *= up[i] * per_numerator[i] - down[i] * per_denominator[i];
            }
        }
        let cardinals = self.tables.cardinal_by_point.as_chunks::<N>().0.as_chunks::<N>().0;
        for (bend, cardinals) in bend.as_chunks::<N>().0.iter().zip(cardinals) {
            for i in 0..N {
                for k in 0..N {
                    matrix[i][k] = bend[i].mul_add(cardinals[i][k], matrix[i][k]);
                }
            }
        }
        for row in &mut matrix {
            for k in 0..N {
                row[k] *= self.distance[k] - self.limit_log;
            }
        }
        let mut residual = [0.0; N];
        for i in 0..N {
            residual[i] = (sums.numerator[i] / sums.denominator[i]).ln() - (self.limit_log - self.distance[i]);
            matrix[i][i] +=
                1.0 - sums.numerator_slope[i] / sums.numerator[i] + sums.denominator_slope[i] / sums.denominator[i];
        }
        eliminate(&mut matrix, &mut residual);
        self.update(&residual)
    }

    /// The terms of numerator and denominator outside the integrals.
    #[inline(always)]
    fn known_part(&self) -> Sums<N> {
        let NormalPut { rate, dividend_yield, volatility, time } = *self.put;
        let x = &self.tables.x[..N];
        let mut sums =
            Sums { numerator: [0.0; N], denominator: [0.0; N], numerator_slope: [0.0; N], denominator_slope: [0.0; N] };
        for i in 0..N {
            let root_time = x[i] * time.sqrt();
            let inverse = 1.0 / (volatility * root_time);
            let middle =
                (self.limit_log - self.distance[i]) * inverse + (rate - dividend_yield) / volatility * root_time;
            let (density_minus, cdf_minus) = density_and_cdf(middle - 0.5 * volatility * root_time);
            let (density_plus, cdf_plus) = density_and_cdf(middle + 0.5 * volatility * root_time);
            let bond = exp(-rate * root_time * root_time);
            let share = exp(-dividend_yield * root_time * root_time);
            sums.numerator[i] = bond * cdf_minus;
            sums.denominator[i] = share * cdf_plus;
            sums.numerator_slope[i] = bond * density_minus * inverse;
            sums.denominator_slope[i] = share * density_plus * inverse;
        }
        sums
    }

    /// Moves the boundary; the largest change relative to its distance from the limit.
    #[inline(always)]
    fn update(&mut self, step: &[f64; N]) -> f64 {
        let mut largest: f64 = 0.0;
        let mut failed = false;
        for i in 0..N {
            failed |= !step[i].is_finite();
            largest = largest.max((step[i] / self.distance[i]).abs());
        }
        // From a poor start a full step may leave the region where the equations make sense.
        let damping = if largest > 0.5 { 0.5 / largest } else { 1.0 };
        for i in 0..N {
            self.distance[i] -= damping * step[i];
        }
        if failed { f64::NAN } else { largest }
    }

    /// A first boundary: the critical prices of Barone-Adesi and Whaley (1987), from the longest life to the shortest.
    #[inline(always)]
    fn start(&mut self) {
        let x = &self.tables.x[..N];
        // In units of √τ the distance changes slowly from node to node.
        let (mut scaled, mut trend) = (1.5 * self.put.volatility * self.put.time.sqrt(), 0.0);
        for i in 0..N {
            let found = self.quadratic_approximation(x[i], x[i] * (scaled + trend)) / x[i];
            trend = if i == 0 { 0.0 } else { found - scaled };
            scaled = found;
            self.distance[i] = x[i] * found;
        }
    }

    /// Distance of the approximate critical price by Newton's method from `guess`, to a percent.
    #[inline(always)]
    fn quadratic_approximation(&self, x: f64, guess: f64) -> f64 {
        let NormalPut { rate, dividend_yield, volatility, time } = *self.put;
        let variance = volatility * volatility;
        let tau = time * x * x;
        let deviation = volatility * tau.sqrt();
        // What cash and share yield until expiry; differences from 1 would cancel near it.
        let (interest, dividends) = (-(-rate * tau).exp_m1(), -(-dividend_yield * tau).exp_m1());
        // r/(1 − e^(−rτ)), which tends to 1/τ as r tends to 0.
        let annuity = if interest.abs() < 1e-12 { 1.0 / tau } else { rate / interest };
        let tilt = 2.0 * (rate - dividend_yield) / variance - 1.0;
        let exponent = -0.5 * (tilt + (tilt * tilt + 8.0 * annuity / variance).sqrt());
        let (mut low, mut high) = (0.0, f64::INFINITY);
        let mut distance = guess;
        for _ in 0..START_ROUNDS {
            let log = self.limit_log - distance;
            let s = exp(log);
            let d1 = (log + (rate - dividend_yield) * tau) / deviation + 0.5 * deviation;
            let (density, cdf) = density_and_cdf(d1);
            let (_, cdf_minus) = density_and_cdf(d1 - deviation);
            let call = s * (1.0 - dividends) * cdf - (1.0 - interest) * cdf_minus;
            let slack = dividends + (1.0 - dividends) * cdf;
            let value = interest - s * dividends - call + slack * s / exponent;
            let gamma = (1.0 - dividends) * density / deviation;
            let slope = s * ((slack + gamma) / exponent - slack);
            if value > 0.0 {
                high = distance;
            } else {
                low = distance;
            }
            let newton = distance + value / slope;
            let next = if newton > low && newton < high {
                newton
            } else if high < f64::INFINITY {
                0.5 * (low + high)
            } else {
                2.0 * distance
            };
            let small = (next - distance).abs() < 0.01 * distance;
            distance = next;
            if small {
                break;
            }
        }
        distance
    }
}

/// The integrands of numerator and denominator at the points, and their derivatives by the log boundary.
struct Terms<const P: usize> {
    numerator: [f64; P],
    denominator: [f64; P],
    numerator_slope: [f64; P],
    denominator_slope: [f64; P],
}

/// Numerator and denominator of the fixed point and their derivatives by the log boundary.
struct Sums<const N: usize> {
    numerator: [f64; N],
    denominator: [f64; N],
    numerator_slope: [f64; N],
    denominator_slope: [f64; N],
}

/// Solves a linear system in place by elimination without exchanging rows: the systems here are diagonally dominant.
#[inline(always)]
fn eliminate<const N: usize>(matrix: &mut [[f64; N]; N], rhs: &mut [f64; N]) {
    for pivot in 0..N {
        let lead = matrix[pivot];
        let reciprocal = lead[pivot].recip();
        for row in pivot + 1..N {
            let factor = -matrix[row][pivot] * reciprocal;
            // Columns that are done change without being read again, so that every round has the full width.
            for column in 0..N {
                matrix[row][column] = factor.mul_add(lead[column], matrix[row][column]);
            }
            rhs[row] = factor.mul_add(rhs[pivot], rhs[row]);
        }
    }
    for row in (0..N).rev() {
        let mut value = rhs[row];
        for column in row + 1..N {
            value -= matrix[row][column] * rhs[column];
        }
        rhs[row] = value / matrix[row][row];
    }
}

/// Adds the points of each node.
#[inline(always)]
fn accumulate<const N: usize>(points: &[f64], nodes: &mut [f64; N]) {
    for (block, nodes) in nodes.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let mut sum = *nodes;
        for row in points.as_chunks::<N>().0 {
            let row = &row.as_chunks::<LANES>().0[block];
            for i in 0..LANES {
                sum[i] += row[i];
            }
        }
        *nodes = sum;
    }
}

/// `out[p] = Σₖ rows[k][p] · values[k]`.
#[inline(always)]
pub(super) fn interpolate(rows: &[f64], values: &[f64], out: &mut [f64]) {
    out.fill(0.0);
    for (row, &value) in rows.chunks_exact(out.len()).zip(values) {
        for (out, &cardinal) in out.iter_mut().zip(row) {
            *out = cardinal.mul_add(value, *out);
        }
    }
}

//! Vector exponential, logarithm and normal distribution.
//!
//! | function        | error bound (tested)                       | special values                            |
//! |-----------------|--------------------------------------------|-------------------------------------------|
//! | [`exp`]         | 1 ulp                                      | gradual underflow, +∞ above 709.78        |
//! | [`ln`]          | 1 ulp                                      | ln 0 = −∞, NaN below 0, subnormals exact  |
//! | [`normal_cdf`]  | 1e-15 relative, both tails, down to x = −37.5 | 0 and 1 at ±∞; subnormal results rounded |
//!
//! NaN gives NaN. Coefficients: `scripts/fit_kernel.py` (Remez exchange in 50 digits).

use pulp::{Simd, WithSimd};

use super::Dispatch;
use super::lanes::{Bits, Lanes, Rows, Source, fill};
use crate::Result;

// (e^r - 1 - r) / r^2 on |r| <= ln(2)/2, relative error of e^r 1.7e-17.
const EXP: [f64; 10] = [
    0.5000000000000001,
    0.16666666666666674,
    0.04166666666662412,
    0.008333333333322207,
    0.0013888888917215519,
    0.0001984126988659355,
    2.480152129350725e-05,
    2.7557242334206275e-06,
    2.7620089475860007e-07,
    2.5110050714647773e-08,
];

// (2 atanh(s)/s - 2) / s^2 in z = s^2, |s| <= (sqrt 2 - 1)/(sqrt 2 + 1), relative error of ln 4.6e-18.
pub(crate) const LN: [f64; 7] = [
    0.666666666666667,
    0.39999999999898445,
    0.28571428626398654,
    0.22222211072894535,
    0.18182893216800716,
    0.1533159698024087,
    0.14617872803129472,
];

// Mills ratio (1 - Phi(x)) / phi(x) on [0, 40] as top/bottom, relative error 2.5e-16 after rounding. All
// coefficients are positive: Horner's rule loses nothing to cancellation.
pub(crate) const MILLS_TOP: [f64; 10] = [
    1.2533141373155001,
    1.9920650673577698,
    1.5617373092952203,
    0.7775556199263688,
    0.2685494454494707,
    0.0664962329292547,
    0.01181068223504898,
    0.0014571011005372115,
    0.00011430367393035323,
    4.418133800868921e-06,
];
pub(crate) const MILLS_BOTTOM: [f64; 11] = [
    1.0,
    2.3873225221623153,
    2.6508938692077915,
    1.8078071740463946,
    0.8411818822560574,
    0.28013151925798485,
    0.06794449775247823,
    0.011924985910493915,
    0.001461519234289827,
    0.00011430367393107908,
    4.41813380086452e-06,
];

/// End of the range of the Mills ratio.
pub(crate) const MILLS_END: f64 = 40.0;

// ln 2 in two parts; the first has 21 trailing zero bits, so that its product with an exponent is exact.
const LN_2_HIGH: f64 = f64::from_bits(0x3FE6_2E42_FEE0_0000);
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;

/// Adding it and taking it away rounds to the nearest integer.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// 1.5 · 2^20, where bit 32 of the mantissa weighs one, plus the bias of the exponent.
const EXPONENT_CARRIER: f64 = 1_572_864.0 + 1023.0;

/// The largest x with a finite e^x.
const EXP_FINITE: f64 = 709.782_712_893_384;

/// 2^64.
const TWO_64: f64 = 18_446_744_073_709_551_616.0;

const FRAC_1_SQRT_2PI: f64 = 0.398_942_280_401_432_7;

#[inline(always)]
pub(crate) fn horner<S: Simd, const N: usize>(x: Lanes<S>, coefficients: &[f64; N]) -> Lanes<S> {
    let mut sum = x.constant(coefficients[N - 1]);
    for &c in coefficients.iter().rev().skip(1) {
        sum = sum.times_plus(x, x.constant(c));
    }
    sum
}

/// The even powers of an argument, for polynomials that are summed as a tree: a chain of additions would leave
/// the processor waiting for each of them.
#[derive(Clone, Copy)]
pub(crate) struct Powers<S: Simd> {
    x: Lanes<S>,
    pub(crate) x2: Lanes<S>,
    x4: Lanes<S>,
    x8: Lanes<S>,
}

impl<S: Simd> Powers<S> {
    #[inline(always)]
    pub(crate) fn new(x: Lanes<S>) -> Self {
        let x2 = x * x;
        let x4 = x2 * x2;
        Self { x, x2, x4, x8: x4 * x4 }
    }

    #[inline(always)]
    fn linear(&self, constant: f64, slope: f64) -> Lanes<S> {
        self.x.times_plus(self.x.constant(slope), self.x.constant(constant))
    }

    #[inline(always)]
    fn cubic(&self, a: f64, b: f64, c: f64, d: f64) -> Lanes<S> {
        self.x2.times_plus(self.linear(c, d), self.linear(a, b))
    }

    #[inline(always)]
    pub(crate) fn degree_5(&self, c: &[f64; 6]) -> Lanes<S> {
        self.x4.times_plus(self.linear(c[4], c[5]), self.cubic(c[0], c[1], c[2], c[3]))
    }

    #[inline(always)]
    pub(crate) fn degree_6(&self, c: &[f64; 7]) -> Lanes<S> {
        let high = self.x2.times_plus(self.x.constant(c[6]), self.linear(c[4], c[5]));
        self.x4.times_plus(high, self.cubic(c[0], c[1], c[2], c[3]))
    }

    #[inline(always)]
    fn degree_9(&self, c: &[f64; 10]) -> Lanes<S> {
        let low = self.x4.times_plus(self.cubic(c[4], c[5], c[6], c[7]), self.cubic(c[0], c[1], c[2], c[3]));
        self.x8.times_plus(self.linear(c[8], c[9]), low)
    }

    #[inline(always)]
    fn degree_10(&self, c: &[f64; 11]) -> Lanes<S> {
        let low = self.x4.times_plus(self.cubic(c[4], c[5], c[6], c[7]), self.cubic(c[0], c[1], c[2], c[3]));
        let high = self.x2.times_plus(self.x.constant(c[10]), self.linear(c[8], c[9]));
        self.x8.times_plus(high, low)
    }
}

/// The two parts of e^(high + low) = 2ⁿ(1 + q): n, and q = e^r − 1, |r| ≤ ln(2)/2.
#[inline(always)]
fn exp_parts<S: Simd>(high: Lanes<S>, low: Option<Lanes<S>>) -> (Lanes<S>, Lanes<S>) {
    let n = high.times_plus(high.constant(std::f64::consts::LOG2_E), high.constant(ROUND)) - ROUND;
    let r = n.times_from(n.constant(LN_2_HIGH), high);
    let mut r = n.times_from(n.constant(LN_2_LOW), r);
    if let Some(low) = low {
        r = r + low;
    }
    let powers = Powers::new(r);
    (n, powers.x2.times_plus(powers.degree_9(&EXP), r))
}

/// 2ⁿ(1 + q) for a normal power of two. NaN in q survives whatever its payload did to n.
#[inline(always)]
fn scale<S: Simd>(n: Lanes<S>, q: Lanes<S>) -> Lanes<S> {
    let power = (n + EXPONENT_CARRIER).bits().upper_left().number();
    power.times_plus(q, power)
}

/// e^x for |x| ≤ 708 only.
#[inline(always)]
pub(crate) fn exp_moderate<S: Simd>(x: Lanes<S>) -> Lanes<S> {
    let (n, q) = exp_parts(x, None);
    scale(n, q)
}

/// e^x; what is below the smallest normal number is 0, what is above e^709 infinite.
#[inline(always)]
pub(crate) fn exp_flushed<S: Simd>(x: Lanes<S>) -> Lanes<S> {
    let value = exp_moderate(x);
    let value = x.less_than(x.constant(-708.0)).select(x.constant(0.0), value);
    x.greater_than(x.constant(709.0)).select(x.constant(f64::INFINITY), value)
}

/// e^(high + low), |low| at most an ulp of high, with gradual underflow.
#[inline(always)]
fn exp_pair<S: Simd>(high: Lanes<S>, low: Option<Lanes<S>>) -> Lanes<S> {
    let bounded = high.less_than(high.constant(-750.0)).select(high.constant(-750.0), high);
    let (n, q) = exp_parts(bounded, low);
    let (tiny, huge) = (bounded.less_than(high.constant(-700.0)), bounded.greater_than(high.constant(700.0)));
    // Away from the ends by 2^64 and back: the last product rounds once, to the subnormal grid if need be.
    let detour = tiny.select(high.constant(64.0), huge.select(high.constant(-64.0), high.constant(0.0)));
    let back = tiny.select(high.constant(1.0 / TWO_64), huge.select(high.constant(TWO_64), high.constant(1.0)));
    let value = scale(n + detour, q) * back;
    high.greater_than(high.constant(EXP_FINITE)).select(high.constant(f64::INFINITY), value)
}

/// e^x over the whole range.
#[inline(always)]
pub(crate) fn exp_lanes<S: Simd>(x: Lanes<S>) -> Lanes<S> {
    exp_pair(x, None)
}

/// The exponent field of a positive pattern as a number.
#[inline(always)]
fn exponent<S: Simd>(bits: Bits<S>) -> Lanes<S> {
    // In 2^20 bit 32 of the mantissa weighs one: the field, shifted there, adds its value.
    let carrier = bits.upper_right().and(0x7FF_0000_0000).or(0x4130_0000_0000_0000);
    carrier.number() - 1_048_576.0
}

/// ln x; −∞ at 0, NaN below.
#[inline(always)]
pub(crate) fn ln_lanes<S: Simd>(x: Lanes<S>) -> Lanes<S> {
    const SQRT_HALF: u64 = 0x3FE6_A09E_667F_3BCD;
    const ONE: u64 = 0x3FF0_0000_0000_0000;
    let subnormal = x.less_than(x.constant(f64::MIN_POSITIVE));
    let normal = subnormal.select(x * 18_014_398_509_481_984.0, x);
    // x = 2^e m with m in [sqrt(1/2), sqrt 2).
    let bits = normal.bits();
    let biased = bits.plus(ONE - SQRT_HALF);
    let m = bits.minus(biased.and(0x7FF0_0000_0000_0000)).plus(ONE).number();
    let e = exponent(biased) - subnormal.select(x.constant(1077.0), x.constant(1023.0));
    // ln(1 + f) = 2 atanh(s) with s = f / (2 + f), and 2s = f - s f: the leading term f is exact.
    let f = m - 1.0;
    let s = f / (f + 2.0);
    let z = s * s;
    let r = z * horner(z, &LN);
    let small = e.times_plus(x.constant(LN_2_LOW), -(s * (f - r)));
    let value = e.times_plus(x.constant(LN_2_HIGH), f + small);
    let value = x.greater_than(x.constant(f64::MAX)).select(x, value);
    let at_zero = x.at_least(x.constant(0.0)).select(x.constant(f64::NEG_INFINITY), x.constant(f64::NAN));
    x.greater_than(x.constant(0.0)).select(value, at_zero)
}

/// Numerator and denominator of the Mills ratio for 0 ≤ x ≤ 40.
#[inline(always)]
pub(crate) fn mills<S: Simd>(x: Lanes<S>) -> (Lanes<S>, Lanes<S>) {
    let powers = Powers::new(x);
    (powers.degree_9(&MILLS_TOP), powers.degree_10(&MILLS_BOTTOM))
}

/// Φ(x).
#[inline(always)]
pub(crate) fn normal_cdf_lanes<S: Simd>(x: Lanes<S>) -> Lanes<S> {
    let distance = x.abs().clamp_above(MILLS_END);
    let square = distance * distance;
    let low = distance.square_error(square) * -0.5;
    let density = exp_pair(square * -0.5, Some(low)) * FRAC_1_SQRT_2PI;
    let (top, bottom) = mills(distance);
    let tail = density * (top / bottom);
    x.greater_than(x.constant(0.0)).select(-tail + 1.0, tail)
}

#[derive(Clone, Copy)]
enum Function {
    Exp,
    Ln,
    NormalCdf,
}

struct Map<'a> {
    function: Function,
    values: &'a [f64],
    out: &'a mut [f64],
}

struct MapRows<'a, S: Simd> {
    function: Function,
    values: Source<'a, S>,
}

impl<S: Simd> Rows<S, 1> for MapRows<'_, S> {
    #[inline(always)]
    fn row(&self, index: usize) -> [Lanes<S>; 1] {
        let x = self.values.at(index);
        [match self.function {
            Function::Exp => exp_lanes(x),
            Function::Ln => ln_lanes(x),
            Function::NormalCdf => normal_cdf_lanes(x),
        }]
    }
}

impl WithSimd for Map<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        fill([self.out], &MapRows { function: self.function, values: Source::each(simd, self.values) });
    }
}

fn map(dispatch: Dispatch, function: Function, values: &[f64], out: &mut [f64]) -> Result<()> {
    super::same_length("out", values.len(), out.len())?;
    dispatch.run(Map { function, values, out });
    Ok(())
}

/// Writes eˣ of every element into `out`.
///
/// # Errors
/// `LengthMismatch` unless `out` is as long as `values`.
pub fn exp(dispatch: Dispatch, values: &[f64], out: &mut [f64]) -> Result<()> {
    map(dispatch, Function::Exp, values, out)
}

/// Writes the natural logarithm of every element into `out`.
///
/// The logarithms of the spots of an underlying are what all its options share in
/// [`Scenarios::with_log_spot`](super::Scenarios::with_log_spot).
///
/// # Errors
/// `LengthMismatch` unless `out` is as long as `values`.
pub fn ln(dispatch: Dispatch, values: &[f64], out: &mut [f64]) -> Result<()> {
    map(dispatch, Function::Ln, values, out)
}

/// Writes Φ(x), the standard normal distribution function, of every element into `out`.
///
/// ```text
/// Φ(x) = φ(x) · Y(−x)   for x ≤ 0, with Mills' ratio Y
/// Φ(x) = 1 − Φ(−x)      for x > 0
/// ```
///
/// # Errors
/// `LengthMismatch` unless `out` is as long as `values`.
///
/// # Examples
/// ```
/// use alluse_instruments::kernel::{Dispatch, math::normal_cdf};
/// let mut tail = [0.0; 2];
/// normal_cdf(Dispatch::detect(), &[0.0, -10.0], &mut tail)?;
/// assert!((tail[0] - 0.5).abs() < 1e-15);
/// assert!((tail[1] / 7.619853024160527e-24 - 1.0).abs() < 1e-14);
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
pub fn normal_cdf(dispatch: Dispatch, values: &[f64], out: &mut [f64]) -> Result<()> {
    map(dispatch, Function::NormalCdf, values, out)
}

#[cfg(test)]
#[path = "math_tests.rs"]
mod tests;

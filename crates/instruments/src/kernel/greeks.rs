//! First-order sensitivities in batches.

use pulp::{Simd, WithSimd};
use serde::{Deserialize, Serialize};

use super::european::{BLOCK, Book, Options, Quote};
use super::lanes::{Lanes, Rows, fill};
use super::math::{exp_moderate, mills};
use super::{Dispatch, same_length};
use crate::Result;
use alluse_risk_core::Error;

const FRAC_1_SQRT_2PI: f64 = 0.398_942_280_401_432_7;

/// Beyond this many standard deviations the density counts as 0.
const END: f64 = 36.0;

/// Where [`greeks`] writes: five slices as long as the options.
#[derive(Debug, PartialEq)]
pub struct Greeks<'a> {
    /// ∂V/∂S.
    pub delta: &'a mut [f64],
    /// ∂²V/∂S².
    pub gamma: &'a mut [f64],
    /// ∂V/∂σ, per 1.00 of volatility.
    pub vega: &'a mut [f64],
    /// −∂V/∂T, per year.
    pub theta: &'a mut [f64],
    /// ∂V/∂r, per 1.00 of rate.
    pub rho: &'a mut [f64],
}

/// The sensitivities of a book: sums of quantity times the option's own, in currency per unit of the input.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BookGreeks {
    /// Σ quantity · ∂V/∂S, as if all underlyings moved by one unit of currency.
    pub delta: f64,
    /// Σ quantity · ∂²V/∂S².
    pub gamma: f64,
    /// Σ quantity · ∂V/∂σ, per 1.00 of volatility.
    pub vega: f64,
    /// −Σ quantity · ∂V/∂T, per year.
    pub theta: f64,
    /// Σ quantity · ∂V/∂r, per 1.00 of rate.
    pub rho: f64,
}

/// One vector of results: delta, gamma, vega, theta, rho.
type Row<S> = [Lanes<S>; 5];

#[inline(always)]
fn sensitivities<S: Simd>(quote: &Quote<S>) -> Row<S> {
    let terms = &quote.terms;
    let sign = terms.sign;
    let zero = sign.constant(0.0);
    let (d1, d2) = terms.distances();
    let (a, b) = (d1.times_sign(sign), d2.times_sign(sign));
    let (x, y) = (a.abs().clamp_above(END), b.abs().clamp_above(END));
    let density = exp_moderate(x * x * -0.5) * FRAC_1_SQRT_2PI;
    let density = a.abs().greater_than(a.constant(END)).select(zero, density);
    let ((top_x, bottom_x), (top_y, bottom_y)) = (mills(x), mills(y));
    let cdf_a = density.times_from((top_x / bottom_x).times_sign(a), a.is_positive());
    // S' φ(d₁) = K' φ(d₂), as in the price.
    let h = terms.spot * density;
    let strike_leg = h.times_from((top_y / bottom_y).times_sign(b), b.is_positive() * terms.strike).times_sign(sign);
    // A density of 0 wins over a deviation of 0: away from the money an expired option has no gamma.
    let curved = density.greater_than(zero);
    let delta = (quote.yield_factor * cdf_a).times_sign(sign);
    let gamma = curved.select(quote.yield_factor * density / (quote.spot * terms.deviation), density);
    let vega = h * quote.root_time;
    let decay = curved.select(h * quote.volatility / (quote.root_time + quote.root_time), density);
    let carry = quote.rate.times_from(strike_leg, quote.dividend_yield * quote.spot * delta);
    let theta = carry - decay;
    let rho = quote.time * strike_leg;
    let valid = terms.deviation.at_least(zero);
    let nan = zero.constant(f64::NAN);
    [
        valid.select(delta, nan),
        valid.select(gamma, nan),
        valid.select(vega, nan),
        valid.select(theta, nan),
        valid.select(rho, nan),
    ]
}

struct Sensitivities<'a, S: Simd>(Book<'a, S>);

impl<S: Simd> Rows<S, 5> for Sensitivities<'_, S> {
    #[inline(always)]
    fn row(&self, index: usize) -> Row<S> {
        sensitivities(&self.0.quote(index))
    }
}

struct GreeksKernel<'a> {
    options: Options<'a>,
    out: Greeks<'a>,
}

impl WithSimd for GreeksKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Greeks { delta, gamma, vega, theta, rho } = self.out;
        let mut signs = [0.0; BLOCK];
        let blocks = delta
            .chunks_mut(BLOCK)
            .zip(gamma.chunks_mut(BLOCK))
            .zip(vega.chunks_mut(BLOCK))
            .zip(theta.chunks_mut(BLOCK))
            .zip(rho.chunks_mut(BLOCK));
        for (index, ((((delta, gamma), vega), theta), rho)) in blocks.enumerate() {
            let block = self.options.block(index * BLOCK, &mut signs);
            let book = Book::new(simd, &block, signs.get(..delta.len()).unwrap_or(&signs));
            fill([delta, gamma, vega, theta, rho], &Sensitivities(book));
        }
    }
}

struct BookKernel<'a> {
    options: Options<'a>,
    quantities: &'a [f64],
}

impl WithSimd for BookKernel<'_> {
    type Output = BookGreeks;
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> BookGreeks {
        let mut signs = [0.0; BLOCK];
        let mut rows = [[0.0; BLOCK]; 5];
        let mut total = [0.0; 5];
        for (index, quantities) in self.quantities.chunks(BLOCK).enumerate() {
            let n = quantities.len();
            let block = self.options.block(index * BLOCK, &mut signs);
            let book = Book::new(simd, &block, signs.get(..n).unwrap_or(&signs));
            let out = rows.each_mut().map(|row| row.split_at_mut(n).0);
            fill(out, &Sensitivities(book));
            // One block, then the blocks in order: the order of the sum does not depend on the lanes.
            let mut part = [0.0; 5];
            for (i, quantity) in quantities.iter().enumerate() {
                for (sum, row) in part.iter_mut().zip(&rows) {
                    *sum += quantity * row.get(i).copied().unwrap_or(f64::NAN);
                }
            }
            for (sum, part) in total.iter_mut().zip(part) {
                *sum += part;
            }
        }
        let [delta, gamma, vega, theta, rho] = total;
        BookGreeks { delta, gamma, vega, theta, rho }
    }
}

/// Writes the first-order Black-Scholes-Merton sensitivities of every option, and gamma, into `out`.
///
/// ```text
/// delta = ω e^(−qT) Φ(ω d₁)            gamma = e^(−qT) φ(d₁) / (S σ√T)      vega = S e^(−qT) φ(d₁) √T
/// theta = −S e^(−qT) φ(d₁) σ/(2√T) − ω [r K e^(−rT) Φ(ω d₂) − q S e^(−qT) Φ(ω d₁)]
/// rho   = ω K T e^(−rT) Φ(ω d₂)        ω = +1 for a call, −1 for a put
/// ```
///
/// Per unit of the input: vega per 1.00 of volatility, rho per 1.00 of rate, theta per year. Without time or
/// volatility these are the limits: a step for delta and no gamma; exactly at the money delta is half way, gamma
/// infinite, and where the limit does not exist the result is NaN.
///
/// # Errors
/// - `Empty` without options.
/// - `LengthMismatch` unless all slices are of one length.
///
/// A NaN among an option's terms or a negative volatility or time gives NaN in its place of every slice.
///
/// # Source
/// Merton (1973); Haug (2007), chapter 2.
pub fn greeks(dispatch: Dispatch, options: &Options<'_>, out: Greeks<'_>) -> Result<()> {
    let n = options.check()?;
    for (name, slice) in
        [("delta", &out.delta), ("gamma", &out.gamma), ("vega", &out.vega), ("theta", &out.theta), ("rho", &out.rho)]
    {
        same_length(name, n, slice.len())?;
    }
    dispatch.run(GreeksKernel { options: *options, out });
    Ok(())
}

/// The sensitivities of a book of options, weighted by `quantities` (units of the underlying, signed).
///
/// # Errors
/// - `Empty` without options.
/// - `LengthMismatch` unless all slices are of one length.
/// - `Undefined` when a sum is not a finite number: an option with NaN or a negative volatility or time among
///   its terms, or one that is exactly at the money without time or volatility.
///
/// # Examples
/// ```
/// use alluse_instruments::kernel::{Dispatch, OptionKind, Options, book_greeks};
/// // A call and a put of one strike: long one, short the other, is a forward.
/// let options = Options {
///     kind: &[OptionKind::Call, OptionKind::Put],
///     spot: &[100.0; 2],
///     strike: &[105.0; 2],
///     time: &[0.75; 2],
///     volatility: &[0.2; 2],
///     rate: &[0.03; 2],
///     dividend_yield: &[0.0; 2],
/// };
/// let forward = book_greeks(Dispatch::detect(), &options, &[1.0, -1.0])?;
/// assert!((forward.delta - 1.0).abs() < 1e-15);
/// assert!(forward.gamma.abs() < 1e-15 && forward.vega.abs() < 1e-12);
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
pub fn book_greeks(dispatch: Dispatch, options: &Options<'_>, quantities: &[f64]) -> Result<BookGreeks> {
    let n = options.check()?;
    same_length("quantities", n, quantities.len())?;
    let total = dispatch.run(BookKernel { options: *options, quantities });
    let BookGreeks { delta, gamma, vega, theta, rho } = total;
    for (name, value) in [("delta", delta), ("gamma", gamma), ("vega", vega), ("theta", theta), ("rho", rho)] {
        if !value.is_finite() {
            let reason = "an option's terms are invalid, or it is at the money without time or volatility";
            return Err(Error::Undefined { name, reason }.into());
        }
    }
    Ok(total)
}

#[cfg(test)]
#[path = "greeks_tests.rs"]
mod tests;

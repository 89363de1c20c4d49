//! Implied volatilities in batches.

use pulp::{Simd, WithSimd};

use super::european::{BLOCK, discount};
use super::lanes::{Lanes, Rows, Source, fill};
use super::math::{LN, Powers, horner, ln_lanes, mills};
use super::{Dispatch, OptionKind, same_length};
use crate::Result;
use crate::pricing::implied::{guess, logarithm, normalized, solve};
use crate::pricing::{SpotQuote, implied_volatility};
use alluse_risk_core::Error;

const FRAC_1_SQRT_2PI: f64 = 0.398_942_280_401_432_7;

/// Prices below, in units of their limit, leave the vectors.
const LEAST: f64 = 1e-280;

/// Many quoted options with a market each, as a structure of arrays of one length.
///
/// | field            | unit                                   |
/// |------------------|----------------------------------------|
/// | `kind`           | call or put                            |
/// | `price`          | currency                               |
/// | `spot`, `strike` | currency, positive                     |
/// | `time`           | years, positive                        |
/// | `rate`, `dividend_yield` | per year, continuously compounded |
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the table above describes the fields")]
pub struct Quotes<'a> {
    pub kind: &'a [OptionKind],
    pub price: &'a [f64],
    pub spot: &'a [f64],
    pub strike: &'a [f64],
    pub time: &'a [f64],
    pub rate: &'a [f64],
    pub dividend_yield: &'a [f64],
}

impl Quotes<'_> {
    fn columns(&self) -> [(&'static str, &[f64]); 6] {
        [
            ("price", self.price),
            ("spot", self.spot),
            ("strike", self.strike),
            ("time", self.time),
            ("rate", self.rate),
            ("dividend_yield", self.dividend_yield),
        ]
    }

    fn check(&self) -> Result<()> {
        if self.kind.is_empty() {
            return Err(Error::Empty { name: "kind" }.into());
        }
        self.columns().iter().try_for_each(|(name, values)| same_length(name, self.kind.len(), values.len()))
    }
}

/// The volatility that each price implies, or why there is none.
///
/// Each element is [`implied_volatility`] of its quote, to a few units in the last place of what the price carries,
/// and with the same errors; quotes in ranges that markets do not reach are handed to it. A result does not depend on
/// its place in the batch.
///
/// # Errors
/// - `Empty` without quotes.
/// - `LengthMismatch` unless all slices are of one length.
///
/// # Examples
/// ```
/// use alluse_instruments::kernel::{Dispatch, OptionKind, Quotes, implied_volatilities};
///
/// let quotes = Quotes {
///     kind: &[OptionKind::Call, OptionKind::Put],
///     price: &[2.573_120_575_220_967e-7, -1.0],
///     spot: &[100.0, 100.0],
///     strike: &[150.0, 150.0],
///     time: &[0.1, 0.1],
///     rate: &[0.0, 0.0],
///     dividend_yield: &[0.0, 0.0],
/// };
/// let volatilities = implied_volatilities(Dispatch::detect(), &quotes)?;
/// assert!((volatilities[0].clone()? - 0.25).abs() < 1e-14);
/// assert!(volatilities[1].is_err()); // below the intrinsic value
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
///
/// # Source
/// As [`implied_volatility`].
pub fn implied_volatilities(dispatch: Dispatch, quotes: &Quotes<'_>) -> Result<Vec<Result<f64>>> {
    quotes.check()?;
    let mut volatilities = vec![0.0; quotes.kind.len()];
    dispatch.run(Kernel { quotes, out: &mut volatilities });
    let Quotes { kind, price, spot, strike, time, rate, dividend_yield } = *quotes;
    let terms = kind.iter().zip(price).zip(spot).zip(strike).zip(time).zip(rate).zip(dividend_yield);
    let results = volatilities.iter().zip(terms).map(
        |(&volatility, ((((((&kind, &price), &spot), &strike), &time), &rate), &dividend_yield))| {
            if volatility.is_finite() {
                Ok(volatility)
            } else {
                implied_volatility(kind, price, &SpotQuote { spot, strike, time, rate, dividend_yield })
            }
        },
    );
    Ok(results.collect())
}

struct Kernel<'a> {
    quotes: &'a Quotes<'a>,
    out: &'a mut [f64],
}

impl WithSimd for Kernel<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut signs = [0.0; BLOCK];
        let columns = self.quotes.columns();
        let kinds = self.quotes.kind.chunks(BLOCK);
        for (index, (out, kinds)) in self.out.chunks_mut(BLOCK).zip(kinds).enumerate() {
            for (sign, kind) in signs.iter_mut().zip(kinds) {
                *sign = kind.sign();
            }
            let start = index * BLOCK;
            let [price, spot, strike, time, rate, dividend_yield] = &columns;
            let sources = [
                part(simd, price.1, start),
                part(simd, spot.1, start),
                part(simd, strike.1, start),
                part(simd, time.1, start),
                part(simd, rate.1, start),
                part(simd, dividend_yield.1, start),
            ];
            fill([out], &Block { sign: Source::each(simd, signs.get(..kinds.len()).unwrap_or(&signs)), sources });
        }
    }
}

/// At most [`BLOCK`] numbers from `start` on.
#[inline(always)]
fn part<S: Simd>(simd: S, values: &[f64], start: usize) -> Source<'_, S> {
    let rest = values.get(start..).unwrap_or(&[]);
    Source::each(simd, rest.get(..BLOCK).unwrap_or(rest))
}

/// Up to [`BLOCK`] quotes: the sign of the kind, and the columns in their order.
struct Block<'a, S: Simd> {
    sign: Source<'a, S>,
    sources: [Source<'a, S>; 6],
}

impl<S: Simd> Rows<S, 1> for Block<'_, S> {
    #[inline(always)]
    fn row(&self, index: usize) -> [Lanes<S>; 1] {
        let [price, spot, strike, time, rate, dividend_yield] = &self.sources;
        let (price, spot, strike, time) = (price.at(index), spot.at(index), strike.at(index), time.at(index));
        let (rate, dividend_yield) = (rate.at(index), dividend_yield.at(index));
        // NaN, and with it the scalar road, for whatever is not finite.
        let doubt = (price + spot + strike + time + rate + dividend_yield) * 0.0;
        let zero = doubt.constant(0.0);
        let doubt = unless(doubt, spot, zero);
        let doubt = unless(doubt, strike, zero);
        let doubt = unless(doubt, time, zero);
        let log_moneyness = (rate - dividend_yield) * time + log_ratio(spot, strike);
        let (forward, strike) = (spot * discount(dividend_yield, time), strike * discount(rate, time));
        let payoff = (forward - strike).times_sign(self.sign.at(index));
        let time_value = price - payoff.greater_than(zero).select(payoff, zero);
        let below = forward.less_than(strike);
        let target = Target {
            x: log_moneyness.abs(),
            time_value,
            limit: below.select(forward, strike),
            gap: (forward - strike).abs(),
        };
        [(target.deviation() + doubt) / time.sqrt()]
    }
}

/// `doubt` where `large > small`, NaN elsewhere.
#[inline(always)]
fn unless<S: Simd>(doubt: Lanes<S>, large: Lanes<S>, small: Lanes<S>) -> Lanes<S> {
    large.greater_than(small).select(doubt, doubt.constant(f64::NAN))
}

/// As the scalar logarithm of a ratio.
#[inline(always)]
fn log_ratio<S: Simd>(a: Lanes<S>, b: Lanes<S>) -> Lanes<S> {
    let s = (a - b) / (a + b);
    let z = s * s;
    let near = (z * horner(z, &LN)).times_plus(s, s + s);
    s.abs().greater_than(s.constant(logarithm::NEAR)).select(ln_lanes(a / b), near)
}

/// The price of an option out of the money, to be reached: as for one quote.
#[derive(Clone, Copy)]
struct Target<S: Simd> {
    x: Lanes<S>,
    time_value: Lanes<S>,
    limit: Lanes<S>,
    gap: Lanes<S>,
}

impl<S: Simd> Target<S> {
    /// The deviation after one step, or NaN where that is not enough.
    #[inline(always)]
    fn deviation(self) -> Lanes<S> {
        let Self { x, time_value, limit, .. } = self;
        let price = time_value / limit;
        let doubt = unless(x.constant(0.0), price, x.constant(LEAST));
        let doubt = unless(doubt, x.constant(guess::HIGH), price);
        let doubt = unless(doubt, x.constant(guess::WIDE), x);
        let s = self.guess(price);
        let Step { w, newton, householder } = self.step(s, price);
        let doubt = unless(doubt, x.constant(normalized::FAR), w);
        let last = s * solve::LAST_STEP;
        let doubt = unless(unless(doubt, last, newton.abs()), last, householder.abs());
        s + householder + doubt
    }

    #[inline(always)]
    fn guess(self, price: Lanes<S>) -> Lanes<S> {
        let least = price * guess::AT_THE_MONEY;
        let x = self.x.less_than(least).select(least, self.x);
        let k = x * x;
        let series = self.limit * k.times_plus(x.constant(0.5), x);
        let gap = x.less_than(x.constant(1e-3)).select(series, self.gap);
        let log = ln_lanes(gap / self.time_value + 1.0);
        let powers = Powers::new(log);
        let ratio = k * powers.degree_6(&guess::NORMAL_TOP) / (powers.x2 * powers.degree_5(&guess::NORMAL_BOTTOM));
        let correction = monomials(&guess::CORRECTION_TOP, ratio, k) / monomials(&guess::CORRECTION_BOTTOM, ratio, k);
        ratio.sqrt() * correction
    }

    #[inline(always)]
    fn step(self, s: Lanes<S>, price: Lanes<S>) -> Step<S> {
        let x = self.x;
        let (one, zero) = (x.constant(1.0), x.constant(0.0));
        let (z, t) = (x / s, s * 0.5);
        let w = z - t;
        // One ratio of Mills serves both ways of taking the difference.
        let near = x.greater_than(one).select(one, s).less_than(one);
        let ((top, bottom), (mirrored_top, mirrored_bottom)) = (mills(near.select(z, w.abs())), mills(z + t));
        let first = top / bottom;
        let direct = first.times_sign(w) - mirrored_top / mirrored_bottom;
        let ratio = near.select(near_difference(z, s, first), direct);
        let rest = (self.limit - self.time_value) / self.limit;
        let target = ratio.greater_than(zero).select(price, rest);
        let f = (w * w).times_plus(x.constant(-0.5), ln_lanes(ratio.abs() * FRAC_1_SQRT_2PI / target));
        let slope = z * (ratio / s);
        let second = (s * ratio).times_plus(x.constant(-0.25), z * slope);
        let third = second * second - slope * slope * 3.0 - ratio * ratio * 0.25;
        let curvature = f * (second - 1.0);
        let torsion = f * f * (second.times_plus(x.constant(-3.0), third) + 2.0);
        let divisor = torsion.times_plus(x.constant(1.0 / 6.0), one - curvature);
        let newton = -(f * ratio);
        Step { w, newton, householder: newton * (curvature.times_plus(x.constant(-0.5), one) / divisor) }
    }
}

/// Steps from one deviation, and its `w`.
#[derive(Clone, Copy)]
struct Step<S: Simd> {
    w: Lanes<S>,
    newton: Lanes<S>,
    householder: Lanes<S>,
}

/// `Σ` of the coefficients times 1, y, y², k, yk, y²k.
#[inline(always)]
fn monomials<S: Simd>(coefficients: &[f64; 6], y: Lanes<S>, k: Lanes<S>) -> Lanes<S> {
    let [a, b, c, d, e, f] = *coefficients;
    let whole = k.times_plus(k.constant(d), k.constant(a));
    let linear = k.times_plus(k.constant(e), k.constant(b));
    let square = k.times_plus(k.constant(f), k.constant(c));
    y.times_plus(y.times_plus(square, linear), whole)
}

/// `Y(z − s/2) − Y(z + s/2)` from `Y(z)`, as for one quote.
#[inline(always)]
fn near_difference<S: Simd>(z: Lanes<S>, s: Lanes<S>, mills: Lanes<S>) -> Lanes<S> {
    let (z2, square) = (z * z, s * s * 0.25);
    let first = z.times_from(mills, z.constant(1.0));
    let (mut before, mut term) = (z.constant(1.0), first);
    let (mut sum, mut power) = (first, square);
    for (&inverse, &step) in normalized::INVERSE.iter().zip(&normalized::STEP) {
        let next = ((z2 + step) * term - before) * inverse;
        (before, term) = (term, next);
        sum = term.times_plus(power, sum);
        power = power * square;
    }
    s * sum
}

#[cfg(test)]
#[path = "implied_tests.rs"]
mod tests;

//! Black-Scholes-Merton prices in batches.

use pulp::{Simd, WithSimd};

use super::lanes::{Lanes, Rows, Source, fill};
use super::math::{exp_flushed, exp_moderate, ln_lanes, mills};
use super::{Dispatch, OptionKind, same_length};
use crate::Result;
use alluse_risk_core::Error;

/// Beyond this many standard deviations a tail counts as empty: Φ(−36) is 4e-284.
const END: f64 = 36.0;

const FRAC_1_SQRT_2PI: f64 = 0.398_942_280_401_432_7;

/// The terms of one European option on one unit of the underlying.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct European {
    kind: OptionKind,
    strike: f64,
    time: f64,
}

impl European {
    /// An option with `time` years to expiry; an expired one (0) is worth its intrinsic value.
    ///
    /// # Errors
    /// `OutOfDomain` unless `strike` is finite and positive and `time` finite and not negative.
    pub fn new(kind: OptionKind, strike: f64, time: f64) -> Result<Self> {
        if !(strike > 0.0 && strike.is_finite()) {
            return Err(Error::OutOfDomain { name: "strike", expected: "finite and positive", value: strike }.into());
        }
        if !(time >= 0.0 && time.is_finite()) {
            return Err(Error::OutOfDomain { name: "time", expected: "finite, 0 or more", value: time }.into());
        }
        Ok(Self { kind, strike, time })
    }

    /// Call or put.
    #[must_use]
    pub fn kind(&self) -> OptionKind {
        self.kind
    }

    /// Strike per unit of the underlying.
    #[must_use]
    pub fn strike(&self) -> f64 {
        self.strike
    }

    /// Years to expiry.
    #[must_use]
    pub fn time(&self) -> f64 {
        self.time
    }
}

/// One number for every scenario, or one for each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Input<'a> {
    /// The same in every scenario.
    Constant(f64),
    /// One per scenario.
    PerScenario(&'a [f64]),
}

impl From<f64> for Input<'_> {
    fn from(value: f64) -> Self {
        Self::Constant(value)
    }
}

impl<'a> From<&'a [f64]> for Input<'a> {
    fn from(values: &'a [f64]) -> Self {
        Self::PerScenario(values)
    }
}

impl<'a> Input<'a> {
    fn check(
        &self,
        name: &'static str,
        scenarios: usize,
        valid: impl Fn(f64) -> bool,
        expected: &'static str,
    ) -> Result<()> {
        match *self {
            Self::Constant(value) if !(value.is_finite() && valid(value)) => {
                Err(Error::OutOfDomain { name, expected, value }.into())
            }
            Self::Constant(_) => Ok(()),
            Self::PerScenario(values) => same_length(name, scenarios, values.len()),
        }
    }

    #[inline(always)]
    fn source<S: Simd>(self, simd: S) -> Source<'a, S> {
        match self {
            Self::Constant(value) => Source::Constant(Lanes::splat(simd, value)),
            Self::PerScenario(values) => Source::each(simd, values),
        }
    }
}

/// The market of one option under many scenarios.
///
/// | field            | unit                                   |
/// |------------------|----------------------------------------|
/// | `spot`           | currency, positive                     |
/// | `volatility`     | per √year, 0 or more                   |
/// | `rate`           | per year, continuously compounded      |
/// | `dividend_yield` | per year, continuously compounded      |
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scenarios<'a> {
    spot: Input<'a>,
    volatility: Input<'a>,
    rate: Input<'a>,
    dividend_yield: Input<'a>,
    log_spot: Option<&'a [f64]>,
}

impl<'a> Scenarios<'a> {
    /// Constants and slices in any mixture; all slices of one length.
    pub fn new(
        spot: impl Into<Input<'a>>,
        volatility: impl Into<Input<'a>>,
        rate: impl Into<Input<'a>>,
        dividend_yield: impl Into<Input<'a>>,
    ) -> Self {
        Self {
            spot: spot.into(),
            volatility: volatility.into(),
            rate: rate.into(),
            dividend_yield: dividend_yield.into(),
            log_spot: None,
        }
    }

    /// The logarithms of the spots from [`math::ln`](super::math::ln), to be shared by all options of one
    /// underlying. The prices are the same bits with them and without.
    #[must_use]
    pub fn with_log_spot(mut self, log_spot: &'a [f64]) -> Self {
        self.log_spot = Some(log_spot);
        self
    }

    fn check(&self, scenarios: usize) -> Result<()> {
        self.spot.check("spot", scenarios, |v| v > 0.0, "finite and positive")?;
        self.volatility.check("volatility", scenarios, |v| v >= 0.0, "finite, 0 or more")?;
        self.rate.check("rate", scenarios, |_| true, "finite")?;
        self.dividend_yield.check("dividend_yield", scenarios, |_| true, "finite")?;
        self.log_spot.map_or(Ok(()), |values| same_length("log_spot", scenarios, values.len()))
    }
}

/// What the formula needs of one option, in lanes.
#[derive(Clone, Copy)]
pub(super) struct Terms<S: Simd> {
    /// +1 for a call, −1 for a put.
    pub(super) sign: Lanes<S>,
    /// S e^(−qT).
    pub(super) spot: Lanes<S>,
    /// K e^(−rT).
    pub(super) strike: Lanes<S>,
    /// ln of the two's ratio.
    pub(super) log_moneyness: Lanes<S>,
    /// σ√T.
    pub(super) deviation: Lanes<S>,
}

impl<S: Simd> Terms<S> {
    /// d₁ and d₂. Without deviation they are infinite, or 0 at the money.
    #[inline(always)]
    pub(super) fn distances(&self) -> (Lanes<S>, Lanes<S>) {
        let s = self.deviation;
        let divisor = s.greater_than(s.constant(0.0)).select(s, s.constant(f64::MIN_POSITIVE));
        let ratio = self.log_moneyness / divisor;
        let half = s.constant(0.5);
        (s.times_plus(half, ratio), s.times_from(half, ratio))
    }

    /// The option's value.
    ///
    /// ```text
    /// V = ω [S' Φ(ω d₁) − K' Φ(ω d₂)],   Φ(a) = 1{a>0} − sgn(a) φ(a) Y(|a|),   S' φ(d₁) = K' φ(d₂) = h
    /// V = ω [S' 1{a>0} − K' 1{b>0} − h (sgn(a) Y(|a|) − sgn(b) Y(|b|))],   a = ω d₁, b = ω d₂
    /// ```
    ///
    /// One exponential serves both tails, and out of the money the large terms are exactly absent.
    #[inline(always)]
    pub(super) fn value(&self) -> Lanes<S> {
        let zero = self.sign.constant(0.0);
        let (d1, d2) = self.distances();
        let (a, b) = (d1.times_sign(self.sign), d2.times_sign(self.sign));
        let (x, y) = (a.abs().clamp_above(END), b.abs().clamp_above(END));
        let h = self.spot * FRAC_1_SQRT_2PI * exp_moderate(x * x * -0.5);
        let ((top_x, bottom_x), (top_y, bottom_y)) = (mills(x), mills(y));
        let tails = (top_x * bottom_y).times_sign(a) - (top_y * bottom_x).times_sign(b);
        let tails = tails / (bottom_x * bottom_y);
        let whole = b.is_positive().times_from(self.strike, a.is_positive() * self.spot);
        let value = h.times_from(tails, whole);
        let intrinsic = self.spot - self.strike;
        let value = self.deviation.greater_than(zero).select(value, intrinsic).times_sign(self.sign);
        let value = value.less_than(zero).select(zero, value);
        self.deviation.at_least(zero).select(value, zero.constant(f64::NAN))
    }
}

struct ScenarioKernel<'a> {
    option: European,
    market: Scenarios<'a>,
    out: &'a mut [f64],
}

/// An argument with a function of it that is computed once when the argument is constant.
struct Derived<'a, S: Simd> {
    argument: Source<'a, S>,
    known: Option<Source<'a, S>>,
}

/// One option's constants and sources in lanes.
struct ScenarioRows<'a, S: Simd> {
    sign: Lanes<S>,
    strike: Lanes<S>,
    log_strike: Lanes<S>,
    time: Lanes<S>,
    root_time: Lanes<S>,
    /// With its logarithm.
    spot: Derived<'a, S>,
    volatility: Source<'a, S>,
    /// With its discount factor.
    rate: Derived<'a, S>,
    /// With its discount factor.
    dividend_yield: Derived<'a, S>,
}

#[inline(always)]
pub(super) fn discount<S: Simd>(rate: Lanes<S>, time: Lanes<S>) -> Lanes<S> {
    exp_flushed(-(rate * time))
}

impl<'a, S: Simd> ScenarioRows<'a, S> {
    #[inline(always)]
    fn new(simd: S, option: &European, market: &Scenarios<'a>) -> Self {
        let (strike, time) = (Lanes::splat(simd, option.strike), Lanes::splat(simd, option.time));
        let spot = market.spot.source(simd);
        let logs = match (market.log_spot, spot) {
            (Some(values), _) => Some(Source::each(simd, values)),
            (None, Source::Constant(value)) => Some(Source::Constant(ln_lanes(value))),
            (None, Source::Each { .. }) => None,
        };
        Self {
            sign: Lanes::splat(simd, option.kind.sign()),
            strike,
            log_strike: ln_lanes(strike),
            time,
            root_time: time.sqrt(),
            spot: Derived { argument: spot, known: logs },
            volatility: market.volatility.source(simd),
            rate: Derived::discounting(market.rate.source(simd), time),
            dividend_yield: Derived::discounting(market.dividend_yield.source(simd), time),
        }
    }
}

impl<'a, S: Simd> Derived<'a, S> {
    #[inline(always)]
    fn discounting(argument: Source<'a, S>, time: Lanes<S>) -> Self {
        let known = match argument {
            Source::Constant(rate) => Some(Source::Constant(discount(rate, time))),
            Source::Each { .. } => None,
        };
        Self { argument, known }
    }
}

impl<S: Simd> Rows<S, 1> for ScenarioRows<'_, S> {
    #[inline(always)]
    fn row(&self, index: usize) -> [Lanes<S>; 1] {
        let spot = self.spot.argument.at(index);
        let (rate, dividend_yield) = (self.rate.argument.at(index), self.dividend_yield.argument.at(index));
        let log_spot = match &self.spot.known {
            Some(logs) => logs.at(index),
            None => ln_lanes(spot),
        };
        let rate_factor = match &self.rate.known {
            Some(factor) => factor.at(index),
            None => discount(rate, self.time),
        };
        let yield_factor = match &self.dividend_yield.known {
            Some(factor) => factor.at(index),
            None => discount(dividend_yield, self.time),
        };
        let terms = Terms {
            sign: self.sign,
            spot: spot * yield_factor,
            strike: self.strike * rate_factor,
            log_moneyness: (rate - dividend_yield).times_plus(self.time, log_spot - self.log_strike),
            deviation: self.volatility.at(index) * self.root_time,
        };
        [terms.value()]
    }
}

impl WithSimd for ScenarioKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        fill([self.out], &ScenarioRows::new(simd, &self.option, &self.market));
    }
}

/// Writes the Black-Scholes-Merton value of one option in every scenario into `out`.
///
/// ```text
/// C = S e^(−qT) Φ(d₁) − K e^(−rT) Φ(d₂)      d₁,₂ = [ln(S/K) + (r − q) T] / (σ√T) ± σ√T/2
/// P = K e^(−rT) Φ(−d₂) − S e^(−qT) Φ(−d₁)
/// ```
///
/// Without time or volatility the value is the discounted intrinsic value of the forward. The error stays below
/// 1e-14 of spot plus strike, and below 1e-10 of the price where that exceeds 1e-8 of the spot and σ√T exceeds
/// 1e-4. Nothing is allocated.
///
/// # Errors
/// - `Empty` without scenarios.
/// - `LengthMismatch` unless every slice is as long as `out`.
/// - `OutOfDomain` for a constant that is not finite, a spot that is not positive, a negative volatility.
///
/// A NaN inside a slice gives NaN in the same place of `out`.
///
/// # Source
/// Black and Scholes (1973); Merton (1973) for the dividend yield.
///
/// # Examples
/// ```
/// use alluse_instruments::kernel::{Dispatch, European, OptionKind, Scenarios, price_scenarios};
/// let put = European::new(OptionKind::Put, 100.0, 0.5)?;
/// let spot = [90.0, 100.0, 110.0];
/// let mut value = [0.0; 3];
/// price_scenarios(Dispatch::detect(), &put, &Scenarios::new(&spot[..], 0.2, 0.03, 0.0), &mut value)?;
/// assert!((value[1] - 4.882_221_902_473_7).abs() < 1e-9);
/// assert!(value[0] > value[1] && value[1] > value[2]);
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
pub fn price_scenarios(
    dispatch: Dispatch,
    option: &European,
    scenarios: &Scenarios<'_>,
    out: &mut [f64],
) -> Result<()> {
    if out.is_empty() {
        return Err(Error::Empty { name: "out" }.into());
    }
    scenarios.check(out.len())?;
    dispatch.run(ScenarioKernel { option: *option, market: *scenarios, out });
    Ok(())
}

/// Many options with a market each, as a structure of arrays of one length.
///
/// | field            | unit                                   |
/// |------------------|----------------------------------------|
/// | `kind`           | call or put                            |
/// | `spot`, `strike` | currency, positive                     |
/// | `time`           | years, 0 or more                       |
/// | `volatility`     | per √year, 0 or more                   |
/// | `rate`, `dividend_yield` | per year, continuously compounded |
#[derive(Debug, Clone, Copy, PartialEq)]
#[expect(missing_docs, reason = "the table above describes the fields")]
pub struct Options<'a> {
    pub kind: &'a [OptionKind],
    pub spot: &'a [f64],
    pub strike: &'a [f64],
    pub time: &'a [f64],
    pub volatility: &'a [f64],
    pub rate: &'a [f64],
    pub dividend_yield: &'a [f64],
}

impl<'a> Options<'a> {
    pub(super) fn check(&self) -> Result<usize> {
        let n = self.kind.len();
        if n == 0 {
            return Err(Error::Empty { name: "kind" }.into());
        }
        for (name, values) in [
            ("spot", self.spot),
            ("strike", self.strike),
            ("time", self.time),
            ("volatility", self.volatility),
            ("rate", self.rate),
            ("dividend_yield", self.dividend_yield),
        ] {
            same_length(name, n, values.len())?;
        }
        Ok(n)
    }

    /// The options from `start` on, at most `BLOCK` of them, with their signs; the lengths were checked.
    #[inline(always)]
    pub(super) fn block(&self, start: usize, signs: &mut [f64; BLOCK]) -> Self {
        fn part<T>(values: &[T], start: usize) -> &[T] {
            let rest = values.get(start..).unwrap_or(&[]);
            rest.get(..BLOCK).unwrap_or(rest)
        }
        let kind = part(self.kind, start);
        for (sign, kind) in signs.iter_mut().zip(kind) {
            *sign = kind.sign();
        }
        Self {
            kind,
            spot: part(self.spot, start),
            strike: part(self.strike, start),
            time: part(self.time, start),
            volatility: part(self.volatility, start),
            rate: part(self.rate, start),
            dividend_yield: part(self.dividend_yield, start),
        }
    }
}

/// Options handled at a time, so that signs and intermediate results stay on the stack.
pub(super) const BLOCK: usize = 64;

/// The arguments of a block of options as lane sources.
pub(super) struct Book<'a, S: Simd> {
    sign: Source<'a, S>,
    spot: Source<'a, S>,
    strike: Source<'a, S>,
    time: Source<'a, S>,
    volatility: Source<'a, S>,
    rate: Source<'a, S>,
    dividend_yield: Source<'a, S>,
}

/// One vector of options.
#[derive(Clone, Copy)]
pub(super) struct Quote<S: Simd> {
    pub(super) terms: Terms<S>,
    pub(super) spot: Lanes<S>,
    pub(super) time: Lanes<S>,
    pub(super) root_time: Lanes<S>,
    pub(super) volatility: Lanes<S>,
    pub(super) rate: Lanes<S>,
    pub(super) dividend_yield: Lanes<S>,
    /// e^(−qT).
    pub(super) yield_factor: Lanes<S>,
}

impl<'a, S: Simd> Book<'a, S> {
    #[inline(always)]
    pub(super) fn new(simd: S, block: &Options<'a>, signs: &'a [f64]) -> Self {
        Self {
            sign: Source::each(simd, signs),
            spot: Source::each(simd, block.spot),
            strike: Source::each(simd, block.strike),
            time: Source::each(simd, block.time),
            volatility: Source::each(simd, block.volatility),
            rate: Source::each(simd, block.rate),
            dividend_yield: Source::each(simd, block.dividend_yield),
        }
    }

    #[inline(always)]
    pub(super) fn quote(&self, i: usize) -> Quote<S> {
        let (spot, strike, time) = (self.spot.at(i), self.strike.at(i), self.time.at(i));
        let (volatility, rate, dividend_yield) = (self.volatility.at(i), self.rate.at(i), self.dividend_yield.at(i));
        let root_time = time.sqrt();
        let yield_factor = discount(dividend_yield, time);
        let terms = Terms {
            sign: self.sign.at(i),
            spot: spot * yield_factor,
            strike: strike * discount(rate, time),
            log_moneyness: (rate - dividend_yield).times_plus(time, ln_lanes(spot) - ln_lanes(strike)),
            deviation: volatility * root_time,
        };
        Quote { terms, spot, time, root_time, volatility, rate, dividend_yield, yield_factor }
    }
}

struct Prices<'a, S: Simd>(Book<'a, S>);

impl<S: Simd> Rows<S, 1> for Prices<'_, S> {
    #[inline(always)]
    fn row(&self, index: usize) -> [Lanes<S>; 1] {
        [self.0.quote(index).terms.value()]
    }
}

struct OptionKernel<'a> {
    options: Options<'a>,
    out: &'a mut [f64],
}

impl WithSimd for OptionKernel<'_> {
    type Output = ();
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let mut signs = [0.0; BLOCK];
        for (index, out) in self.out.chunks_mut(BLOCK).enumerate() {
            let block = self.options.block(index * BLOCK, &mut signs);
            let book = Book::new(simd, &block, signs.get(..out.len()).unwrap_or(&signs));
            fill([out], &Prices(book));
        }
    }
}

/// Writes the Black-Scholes-Merton value of every option into `out`; formula as in [`price_scenarios`], and the
/// same bits.
///
/// # Errors
/// - `Empty` without options.
/// - `LengthMismatch` unless all slices are of one length.
///
/// A NaN among an option's terms or a negative volatility or time gives NaN in its place of `out`.
pub fn price_options(dispatch: Dispatch, options: &Options<'_>, out: &mut [f64]) -> Result<()> {
    let n = options.check()?;
    same_length("out", n, out.len())?;
    dispatch.run(OptionKernel { options: *options, out });
    Ok(())
}

#[cfg(test)]
#[path = "european_tests.rs"]
mod tests;

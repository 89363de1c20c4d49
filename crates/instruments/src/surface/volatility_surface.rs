//! Implied volatility at any strike and expiry.

use alluse_risk_core::Error as Input;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Smile, VariancePoint, check};
use crate::{Error, Result, year_fraction};

/// What the underlying is worth at an expiry.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Carry {
    /// The forward price.
    Forward(f64),
    /// The continuously compounded rate at which the forward exceeds the spot: interest less dividend yield.
    Rate(f64),
}

/// Forward and smile of one expiry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExpirySlice {
    /// The day at whose close the options expire.
    pub expiry: Date,
    /// What the underlying is worth then.
    pub carry: Carry,
    /// Total variance by log-moneyness.
    pub smile: Smile,
}

impl ExpirySlice {
    /// A slice from its parts.
    #[must_use]
    pub fn new(expiry: Date, carry: Carry, smile: impl Into<Smile>) -> Self {
        Self { expiry, carry, smile: smile.into() }
    }
}

/// Implied volatility of all European options on an underlying, as of one close.
///
/// Between expiries total variance is linear in time at constant log-moneyness `ln(K/F)`. Before the first expiry and
/// after the last the volatility at a log-moneyness is that of the nearest expiry. The logarithm of forward over spot
/// is linear in time, from 0 today; after the last expiry the last carry rate goes on.
///
/// A surface is a description; it may contain arbitrage. [`ArbitrageCheck`](super::ArbitrageCheck) looks for it.
///
/// # Examples
/// ```
/// use alluse_instruments::surface::{Carry, ExpirySlice, Smile, VolatilitySurface};
/// use jiff::civil::date;
///
/// let (today, near, far) = (date(2019, 1, 1), date(2020, 1, 1), date(2021, 1, 1));
/// let surface = VolatilitySurface::new(
///     today,
///     100.0,
///     vec![
///         ExpirySlice::new(near, Carry::Rate(0.0), Smile::flat(0.20, 1.0)?),
///         ExpirySlice::new(far, Carry::Rate(0.0), Smile::flat(0.30, 731.0 / 365.0)?),
///     ],
/// )?;
/// assert!((surface.volatility(90.0, date(2019, 7, 1))? - 0.20).abs() < 1e-15);
/// assert!((surface.volatility(90.0, far)? - 0.30).abs() < 1e-15);
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawSurface", into = "RawSurface")]
pub struct VolatilitySurface {
    as_of: Date,
    spot: f64,
    slices: Vec<ExpirySlice>,
    /// Years to each expiry.
    times: Vec<f64>,
    /// `ln(F/S)` of each expiry.
    log_carries: Vec<f64>,
}

/// The stored form.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct RawSurface {
    as_of: Date,
    spot: f64,
    slices: Vec<ExpirySlice>,
}

/// A pair of neighbouring expiries and the share of the later one.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// Before the first or after the last, at this multiple of its time.
    Outside {
        slice: usize,
        ratio: f64,
    },
    Between {
        before: usize,
        share: f64,
    },
}

impl VolatilitySurface {
    /// # Errors
    /// - `OutOfDomain` unless the spot and every forward are positive and finite.
    /// - `Empty` without slices; `NotIncreasing` unless the expiries increase.
    /// - [`Error::ExpiredQuote`] for an expiry on or before `as_of`.
    pub fn new(as_of: Date, spot: f64, slices: Vec<ExpirySlice>) -> Result<Self> {
        check::positive("spot", spot)?;
        if slices.is_empty() {
            return Err(Input::Empty { name: "slices of a surface" }.into());
        }
        let (mut times, mut log_carries) = (Vec::new(), Vec::new());
        for (index, slice) in slices.iter().enumerate() {
            let expiry = slice.expiry;
            let time = year_fraction(as_of, expiry);
            if time <= 0.0 {
                return Err(Error::ExpiredQuote { contract: format!("smile of {expiry}"), expiry, as_of });
            }
            if times.last().is_some_and(|before| time <= *before) {
                return Err(Input::NotIncreasing { name: "expiries", index, value: expiry.to_string() }.into());
            }
            let log_carry = match slice.carry {
                Carry::Forward(forward) => {
                    check::positive("forward", forward)?;
                    libm::log(forward / spot)
                }
                Carry::Rate(rate) => {
                    check::finite("carry rate", rate)?;
                    rate * time
                }
            };
            check::positive("forward", spot * libm::exp(log_carry))?;
            times.push(time);
            log_carries.push(log_carry);
        }
        Ok(Self { as_of, spot, slices, times, log_carries })
    }

    /// The day at whose close it held.
    #[must_use]
    pub fn as_of(&self) -> Date {
        self.as_of
    }

    /// The price of the underlying from which it was made.
    #[must_use]
    pub fn spot(&self) -> f64 {
        self.spot
    }

    /// The expiries with their smiles.
    #[must_use]
    pub fn slices(&self) -> &[ExpirySlice] {
        &self.slices
    }

    /// Implied volatility per √year. On the valuation date itself it is the limit of shorter and shorter options.
    ///
    /// # Errors
    /// `OutOfDomain` unless the strike is positive and finite; [`Error::ExpiredQuote`] for an expiry before the
    /// date of the surface; `Overflow` for an expiry so far that the forward is not a number.
    pub fn volatility(&self, strike: f64, expiry: Date) -> Result<f64> {
        let (log_moneyness, time) = (self.log_moneyness(strike, expiry)?, self.time(expiry)?);
        if time > 0.0 {
            return Ok((self.point(log_moneyness, time).variance / time).sqrt());
        }
        Ok((self.slices[0].smile.total_variance(log_moneyness) / self.times[0]).sqrt())
    }

    /// Total variance `σ²T` at a strike and expiry; 0 on the valuation date.
    ///
    /// # Errors
    /// As [`volatility`](Self::volatility).
    pub fn total_variance(&self, strike: f64, expiry: Date) -> Result<f64> {
        let volatility = self.volatility(strike, expiry)?;
        Ok(volatility * volatility * self.time(expiry)?)
    }

    /// Forward price of the underlying.
    ///
    /// # Errors
    /// [`Error::ExpiredQuote`] for an expiry before the date of the surface; `Overflow` for one so far that the forward
    /// is not a number.
    pub fn forward(&self, expiry: Date) -> Result<f64> {
        let forward = self.spot * libm::exp(self.log_carry(self.time(expiry)?));
        if forward > 0.0 && forward.is_finite() { Ok(forward) } else { Err(Input::Overflow { name: "forward" }.into()) }
    }

    /// `ln(K/F)`.
    ///
    /// # Errors
    /// As [`volatility`](Self::volatility).
    pub fn log_moneyness(&self, strike: f64, expiry: Date) -> Result<f64> {
        check::positive("strike", strike)?;
        let log_moneyness = libm::log(strike / self.forward(expiry)?);
        check::finite("log-moneyness", log_moneyness)?;
        Ok(log_moneyness)
    }

    /// Total variance and its derivatives in log-moneyness, `time` years from now.
    pub(super) fn point(&self, log_moneyness: f64, time: f64) -> VariancePoint {
        let at = |slice: usize| self.slices[slice].smile.at(log_moneyness);
        match self.place(time) {
            Place::Outside { slice, ratio } => at(slice).scaled(ratio),
            Place::Between { before, share } => at(before + 1).mix(at(before), share),
        }
    }

    pub(super) fn time(&self, expiry: Date) -> Result<f64> {
        let time = year_fraction(self.as_of, expiry);
        if time < 0.0 {
            return Err(Error::ExpiredQuote { contract: "surface".to_owned(), expiry, as_of: self.as_of });
        }
        Ok(time)
    }

    pub(super) fn times(&self) -> &[f64] {
        &self.times
    }

    fn log_carry(&self, time: f64) -> f64 {
        match self.place(time) {
            Place::Outside { slice, ratio } => ratio * self.log_carries[slice],
            Place::Between { before, share } => {
                share * self.log_carries[before + 1] + (1.0 - share) * self.log_carries[before]
            }
        }
    }

    fn place(&self, time: f64) -> Place {
        let times = &self.times;
        match times.partition_point(|t| *t < time) {
            0 => Place::Outside { slice: 0, ratio: time / times[0] },
            n if n == times.len() => Place::Outside { slice: n - 1, ratio: time / times[n - 1] },
            n => Place::Between { before: n - 1, share: (time - times[n - 1]) / (times[n] - times[n - 1]) },
        }
    }
}

impl TryFrom<RawSurface> for VolatilitySurface {
    type Error = Error;

    fn try_from(RawSurface { as_of, spot, slices }: RawSurface) -> Result<Self> {
        Self::new(as_of, spot, slices)
    }
}

impl From<VolatilitySurface> for RawSurface {
    fn from(VolatilitySurface { as_of, spot, slices, .. }: VolatilitySurface) -> Self {
        Self { as_of, spot, slices }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;
    use crate::surface::{Svi, SviParameters};

    const TODAY: Date = date(2019, 1, 1);
    const NEAR: Date = date(2019, 4, 11); // 100 days
    const FAR: Date = date(2019, 10, 28); // 300 days

    fn svi(a: f64) -> Svi {
        Svi::new(SviParameters { a, b: 0.1, rho: -0.5, m: 0.0, sigma: 0.1 }).unwrap()
    }

    fn surface() -> VolatilitySurface {
        let slices = vec![
            ExpirySlice::new(NEAR, Carry::Forward(102.0), svi(0.01)),
            ExpirySlice::new(FAR, Carry::Forward(105.0), svi(0.04)),
        ];
        VolatilitySurface::new(TODAY, 100.0, slices).unwrap()
    }

    #[test]
    fn at_an_expiry_it_is_the_smile() {
        let variance = |forward: f64, a: f64| {
            let k = (90.0 / forward).ln();
            a + 0.1 * (-0.5 * k + (k * k + 0.01).sqrt())
        };
        let near = surface().volatility(90.0, NEAR).unwrap();
        assert!((near * near * 100.0 / 365.0 - variance(102.0, 0.01)).abs() < 1e-15);
        assert!((surface().total_variance(90.0, FAR).unwrap() - variance(105.0, 0.04)).abs() < 1e-15);
        assert!((surface().forward(NEAR).unwrap() - 102.0).abs() < 1e-12);
    }

    #[test]
    fn half_way_variance_is_the_mean_at_the_same_moneyness() {
        let between = date(2019, 7, 20); // 200 days
        let forward = surface().forward(between).unwrap();
        assert!((forward - (102.0_f64 * 105.0).sqrt()).abs() < 1e-12);
        let variance = surface().total_variance(0.9 * forward, between).unwrap();
        let mean =
            0.5 * (surface().total_variance(0.9 * 102.0, NEAR).unwrap() + surface().total_variance(94.5, FAR).unwrap());
        assert!((variance - mean).abs() < 1e-15);
    }

    #[test]
    fn outside_the_expiries_volatility_stays() {
        let surface = surface();
        let early = date(2019, 2, 20); // 50 days: half the carry of the first
        assert!((surface.forward(early).unwrap() - (100.0_f64 * 102.0).sqrt()).abs() < 1e-12);
        let at = |moneyness: f64, expiry: Date| {
            surface.volatility(moneyness * surface.forward(expiry).unwrap(), expiry).unwrap()
        };
        for moneyness in [0.7, 1.0, 1.2] {
            assert!((at(moneyness, early) - at(moneyness, NEAR)).abs() < 1e-14);
            assert!((at(moneyness, TODAY) - at(moneyness, NEAR)).abs() < 1e-14);
            assert!((at(moneyness, date(2021, 1, 1)) - at(moneyness, FAR)).abs() < 1e-14);
        }
        let later = date(2020, 8, 23); // 600 days: twice the carry of the last
        assert!((surface.forward(later).unwrap() - 100.0 * 1.05 * 1.05).abs() < 1e-10);
        assert_eq!(surface.total_variance(100.0, TODAY).unwrap(), 0.0);
    }

    #[test]
    fn one_wrong_thing_at_a_time() {
        let slice = |expiry, carry| ExpirySlice::new(expiry, carry, svi(0.01));
        let fails = |spot, slices| VolatilitySurface::new(TODAY, spot, slices).unwrap_err();
        assert!(matches!(fails(0.0, vec![slice(NEAR, Carry::Rate(0.0))]), Error::Input(Input::OutOfDomain { .. })));
        assert!(matches!(fails(1.0, vec![]), Error::Input(Input::Empty { .. })));
        assert!(matches!(fails(1.0, vec![slice(TODAY, Carry::Rate(0.0))]), Error::ExpiredQuote { .. }));
        let twice = vec![slice(NEAR, Carry::Rate(0.0)), slice(NEAR, Carry::Rate(0.0))];
        assert!(matches!(fails(1.0, twice), Error::Input(Input::NotIncreasing { index: 1, .. })));
        for carry in [Carry::Forward(0.0), Carry::Forward(f64::NAN), Carry::Rate(f64::INFINITY), Carry::Rate(1e5)] {
            assert!(matches!(fails(1.0, vec![slice(NEAR, carry)]), Error::Input(Input::OutOfDomain { .. })));
        }
        for strike in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(surface().volatility(strike, NEAR), Err(Error::Input(Input::OutOfDomain { .. }))));
        }
        assert!(matches!(surface().volatility(1.0, date(2018, 12, 31)), Err(Error::ExpiredQuote { .. })));
        let steep = VolatilitySurface::new(TODAY, 1.0, vec![slice(NEAR, Carry::Rate(100.0))]).unwrap();
        assert!(matches!(steep.forward(date(2100, 1, 1)), Err(Error::Input(Input::Overflow { .. }))));
    }

    #[test]
    fn the_stored_form_is_checked() {
        let text = serde_json::to_string(&surface()).unwrap();
        assert_eq!(serde_json::from_str::<VolatilitySurface>(&text).unwrap(), surface());
        assert!(serde_json::from_str::<VolatilitySurface>(&text.replace("102.0", "0.0")).is_err());
        assert!(serde_json::from_str::<VolatilitySurface>(&text.replace("-0.5", "-1.5")).is_err());
        let flat = Smile::flat(0.2, 1.0).unwrap();
        let text = serde_json::to_string(&flat).unwrap();
        assert_eq!(serde_json::from_str::<Smile>(&text).unwrap(), flat);
        assert!(serde_json::from_str::<Smile>(r#"{"flat":0.0}"#).is_err());
        assert!(Smile::flat(0.0, 1.0).is_err() && Smile::flat(0.2, f64::NAN).is_err());
    }

    proptest! {
        #[test]
        fn variance_grows_with_time_when_the_slices_do(days in 1_i64..900, strike in 50.0..200.0_f64) {
            let surface = surface();
            let expiry = TODAY.checked_add(jiff::Span::new().days(days)).unwrap();
            let next = TODAY.checked_add(jiff::Span::new().days(days + 1)).unwrap();
            let k = surface.log_moneyness(strike, expiry).unwrap();
            let moved = surface.forward(next).unwrap() * k.exp();
            prop_assert!(surface.total_variance(moved, next).unwrap() > surface.total_variance(strike, expiry).unwrap());
        }
    }
}

//! Variance from the open, high, low and close of a day.

use jiff::civil::Date;
use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::{Error, Result, check};

/// Bars of prices in date order, checked: `high ≥ max(open, close) ≥ min(open, close) ≥ low > 0`.
#[derive(Debug, Clone, PartialEq)]
pub struct Bars {
    open: Array1<f64>,
    high: Array1<f64>,
    low: Array1<f64>,
    close: Array1<f64>,
}

/// How a range becomes a variance.
///
/// With `u = ln(H/O)`, `d = ln(L/O)`, `c = ln(C/O)` of a day:
///
/// | estimator | variance of a day | assumes |
/// |---|---|---|
/// | `Parkinson` | `(u − d)²/(4 ln 2)` | no drift |
/// | `GarmanKlass` | `½ (u − d)² − (2 ln 2 − 1) c²` | no drift |
/// | `RogersSatchell` | `u (u − c) + d (d − c)` | any drift |
/// | `YangZhang` | none: `V_open + k V_close + (1 − k) V_RS` over several days | any drift, opening jumps |
///
/// The first three measure from open to close and know nothing of the night. Yang and Zhang's takes the sample
/// variances, with n − 1, of `ln(Oₜ/Cₜ₋₁)` and of `c`, the mean of Rogers and Satchell's, and
/// `k = 0.34/(1.34 + (n + 1)/(n − 1))`. Prices on a grid and rare trades make every range too small.
///
/// # Source
/// Parkinson (1980); Garman and Klass (1980), the practical form; Rogers and Satchell (1991); Yang and Zhang (2000).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RangeEstimator {
    /// High over low.
    Parkinson,
    /// High over low, less a part of the open-to-close return.
    GarmanKlass,
    /// Free of the drift.
    RogersSatchell,
    /// Free of the drift, and with the night.
    YangZhang,
}

/// Variance of a day as the mean of several: [`RangeEstimator::average`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RangeVariance {
    /// The estimator.
    pub estimator: RangeEstimator,
    /// Variance per day, of log returns.
    pub variance: f64,
    /// Days it is made of.
    pub days: usize,
}

impl RangeVariance {
    /// Square root of the variance.
    #[must_use]
    pub fn volatility(&self) -> f64 {
        self.variance.sqrt()
    }
}

impl Bars {
    /// From columns of equal length.
    ///
    /// # Errors
    /// [`Error::Input`] for no bar and columns of different length; [`Error::Invalid`] with the position of the first
    /// bar that cannot be.
    pub fn new(
        open: impl Into<Array1<f64>>,
        high: impl Into<Array1<f64>>,
        low: impl Into<Array1<f64>>,
        close: impl Into<Array1<f64>>,
    ) -> Result<Self> {
        Self::checked([open.into(), high.into(), low.into(), close.into()], |index| format!("bar {index}"))
    }

    /// The same with the date of each bar, which errors then name.
    ///
    /// # Errors
    /// As [`new`](Self::new), and [`Error::Input`] for dates that do not increase.
    pub fn dated(
        dates: &[Date],
        open: impl Into<Array1<f64>>,
        high: impl Into<Array1<f64>>,
        low: impl Into<Array1<f64>>,
        close: impl Into<Array1<f64>>,
    ) -> Result<Self> {
        let columns = [open.into(), high.into(), low.into(), close.into()];
        check::length("dates", columns[0].len(), dates.len())?;
        if let Some(before) = dates.windows(2).position(|pair| pair[1] <= pair[0]) {
            let (index, value) = (before + 1, dates[before + 1].to_string());
            return Err(alluse_risk_core::Error::NotIncreasing { name: "dates", index, value }.into());
        }
        Self::checked(columns, |index| format!("bar {index} of {}", dates[index]))
    }

    fn checked(columns: [Array1<f64>; 4], name: impl Fn(usize) -> String) -> Result<Self> {
        let [open, high, low, close] = columns;
        if open.is_empty() {
            return Err(alluse_risk_core::Error::Empty { name: "bars" }.into());
        }
        for (what, column) in [("high", &high), ("low", &low), ("close", &close)] {
            check::length(what, open.len(), column.len())?;
        }
        for (index, (((o, h), l), c)) in open.iter().zip(&high).zip(&low).zip(&close).enumerate() {
            let wrong = |reason: String| Err(Error::invalid(name(index), reason));
            for (what, price) in [("open", o), ("high", h), ("low", l), ("close", c)] {
                if !(*price > 0.0 && price.is_finite()) {
                    return wrong(format!("{what} must be positive and finite, got {price}"));
                }
            }
            for (what, price) in [("open", o), ("close", c)] {
                if price > h {
                    return wrong(format!("high {h} is below the {what} {price}"));
                }
                if price < l {
                    return wrong(format!("low {l} is above the {what} {price}"));
                }
            }
        }
        Ok(Self { open, high, low, close })
    }

    /// Number of bars.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Never: there is at least one bar.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Opening prices.
    #[must_use]
    pub fn open(&self) -> ArrayView1<'_, f64> {
        self.open.view()
    }

    /// Highest prices.
    #[must_use]
    pub fn high(&self) -> ArrayView1<'_, f64> {
        self.high.view()
    }

    /// Lowest prices.
    #[must_use]
    pub fn low(&self) -> ArrayView1<'_, f64> {
        self.low.view()
    }

    /// Closing prices.
    #[must_use]
    pub fn close(&self) -> ArrayView1<'_, f64> {
        self.close.view()
    }

    /// Log returns of a bar from its open: high, low, close.
    fn logs(&self, t: usize) -> (f64, f64, f64) {
        let from_open = |price: f64| libm::log(price / self.open[t]);
        (from_open(self.high[t]), from_open(self.low[t]), from_open(self.close[t]))
    }
}

impl RangeEstimator {
    /// Variance of each day from its own bar.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for `YangZhang`, which needs several days.
    ///
    /// # Examples
    /// ```
    /// use alluse_forecast::volatility::{Bars, RangeEstimator};
    ///
    /// let day = Bars::new(vec![100.0], vec![102.0], vec![99.0], vec![101.0])?;
    /// let variance = RangeEstimator::Parkinson.daily(&day)?;
    /// assert!((variance[0] - (102.0_f64 / 99.0).ln().powi(2) / 4.0 / 2.0_f64.ln()).abs() < 1e-16);
    /// # Ok::<(), alluse_forecast::Error>(())
    /// ```
    pub fn daily(self, bars: &Bars) -> Result<Array1<f64>> {
        if self == Self::YangZhang {
            return Err(Error::Unsupported { what: "Yang and Zhang's variance of a single day".to_owned() });
        }
        Ok((0..bars.len()).map(|t| self.of_day(bars, t)).collect())
    }

    /// Variance per day over all the bars; `YangZhang` uses the first for its close only.
    ///
    /// # Errors
    /// [`Error::Input`] with fewer than 3 bars for `YangZhang`.
    pub fn average(self, bars: &Bars) -> Result<RangeVariance> {
        self.over(bars, 0, bars.len())
    }

    /// Variance per day over each run of `window` days, as known at the close of the last of them.
    ///
    /// Element `i` belongs to the bar `i + window − 1`, or `i + window` for `YangZhang`, whose first day needs the
    /// close before it.
    ///
    /// # Errors
    /// [`Error::Input`] for a window of no day (one day for `YangZhang`) or longer than the bars.
    pub fn rolling(self, bars: &Bars, window: usize) -> Result<Vec<RangeVariance>> {
        check::at_least_one("window", window)?;
        let held = window.saturating_add(usize::from(self == Self::YangZhang));
        check::enough("window of ranges", held, bars.len())?;
        (0..=bars.len() - held).map(|first| self.over(bars, first, first + held)).collect()
    }

    /// Over the bars from `first` to before `end`.
    fn over(self, bars: &Bars, first: usize, end: usize) -> Result<RangeVariance> {
        if self == Self::YangZhang {
            return yang_zhang(bars, first, end);
        }
        let days = end - first;
        let variance = (first..end).map(|t| self.of_day(bars, t)).sum::<f64>() / days as f64;
        Ok(RangeVariance { estimator: self, variance, days })
    }

    fn of_day(self, bars: &Bars, t: usize) -> f64 {
        use std::f64::consts::LN_2;
        let (u, d, c) = bars.logs(t);
        let range = u - d;
        match self {
            Self::Parkinson => range * range / (4.0 * LN_2),
            Self::GarmanKlass => 0.5 * range * range - (2.0 * LN_2 - 1.0) * c * c,
            Self::RogersSatchell | Self::YangZhang => u * (u - c) + d * (d - c),
        }
    }
}

fn yang_zhang(bars: &Bars, first: usize, end: usize) -> Result<RangeVariance> {
    const NAME: &str = "Yang-Zhang variance";
    check::enough(NAME, 3, end - first)?;
    let nights: Array1<f64> = (first + 1..end).map(|t| libm::log(bars.open[t] / bars.close[t - 1])).collect();
    let days: Array1<f64> = (first + 1..end).map(|t| bars.logs(t).2).collect();
    let n = days.len() as f64;
    let ranges = (first + 1..end).map(|t| RangeEstimator::RogersSatchell.of_day(bars, t)).sum::<f64>() / n;
    let k = 0.34 / (1.34 + (n + 1.0) / (n - 1.0));
    let sample = |values: &Array1<f64>| alluse_risk_core::moments::variance(values.view(), 1);
    let variance = sample(&nights)? + k * sample(&days)? + (1.0 - k) * ranges;
    Ok(RangeVariance { estimator: RangeEstimator::YangZhang, variance, days: days.len() })
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use jiff::civil::date;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    const ALL: [RangeEstimator; 4] = [
        RangeEstimator::Parkinson,
        RangeEstimator::GarmanKlass,
        RangeEstimator::RogersSatchell,
        RangeEstimator::YangZhang,
    ];

    /// Written by `tests/golden/volatility_kit.py` with numpy's own logarithms and variances.
    #[test]
    fn agrees_with_numpy() {
        let file: Value = serde_json::from_str(include_str!("../../tests/golden/volatility_kit.json")).unwrap();
        let numbers = |value: &Value| -> Vec<f64> { serde_json::from_value(value.clone()).unwrap() };
        let bars = &file["bars"];
        let column = |name: &str| numbers(&bars[name]);
        let bars = Bars::new(column("open"), column("high"), column("low"), column("close")).unwrap();
        let close = |got: f64, want: f64| assert!((got / want - 1.0).abs() < 1e-12, "{got:e} {want:e}");
        for (estimator, key) in ALL.into_iter().zip(["parkinson", "garman_klass", "rogers_satchell", "yang_zhang"]) {
            let want = &file["range"][key];
            close(estimator.average(&bars).unwrap().variance, want["average"].as_f64().unwrap());
            let rolling = estimator.rolling(&bars, 10).unwrap();
            let expected = numbers(&want["rolling"]);
            assert_eq!(rolling.len(), expected.len());
            rolling.iter().zip(expected).for_each(|(got, want)| close(got.variance, want));
        }
    }

    #[test]
    fn a_day_by_hand() {
        // u = 2, d = −1, c = 1 in logarithms: ranges of 3.
        let e = std::f64::consts::E;
        let bars = Bars::new(vec![1.0], vec![e * e], vec![1.0 / e], vec![e]).unwrap();
        let daily = |estimator: RangeEstimator| estimator.daily(&bars).unwrap()[0];
        assert!((daily(RangeEstimator::RogersSatchell) - 4.0).abs() < 1e-14);
        assert!((daily(RangeEstimator::Parkinson) - 3.246_063_841_1).abs() < 1e-9);
        assert!((daily(RangeEstimator::GarmanKlass) - 4.113_705_638_9).abs() < 1e-9);
    }

    #[test]
    fn an_impossible_bar_is_named() {
        let refused = |o: f64, h: f64, l: f64, c: f64| {
            let error = Bars::new(vec![1.0, o], vec![1.0, h], vec![1.0, l], vec![1.0, c]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert!(error.to_string().starts_with("bar 1: "), "{error}");
        };
        refused(2.0, 1.9, 1.0, 1.5);
        refused(1.5, 1.9, 1.0, 2.0);
        refused(0.9, 1.9, 1.0, 1.5);
        refused(1.5, 1.9, 1.0, 0.9);
        refused(1.5, 1.9, 0.0, 1.5);
        refused(1.5, 1.9, -1.0, 1.5);
        refused(f64::NAN, 1.9, 1.0, 1.5);
        refused(1.5, f64::INFINITY, 1.0, 1.5);
        let days = [date(2024, 1, 2), date(2024, 1, 3)];
        let dated = |days: &[Date], high: f64| {
            Bars::dated(days, vec![1.0, 1.0], vec![1.0, high], vec![1.0, 1.0], vec![1.0, 1.0])
        };
        assert!(dated(&days, 0.5).unwrap_err().to_string().contains("bar 1 of 2024-01-03"));
        assert!(dated(&days, 1.0).is_ok());
        assert!(dated(&days[..1], 1.0).is_err() && dated(&[days[1], days[0]], 1.0).is_err());
        let nothing = Vec::<f64>::new;
        assert!(Bars::new(nothing(), nothing(), nothing(), nothing()).is_err());
        assert!(Bars::new(vec![1.0], vec![1.0, 1.0], vec![1.0], vec![1.0]).is_err());
    }

    #[test]
    fn too_few_days() {
        let two = Bars::new(vec![1.0, 1.0], vec![1.0, 1.0], vec![1.0, 1.0], vec![1.0, 1.0]).unwrap();
        assert_eq!(RangeEstimator::YangZhang.average(&two).unwrap_err().kind(), ErrorKind::InsufficientData);
        assert_eq!(RangeEstimator::YangZhang.daily(&two).unwrap_err().kind(), ErrorKind::Unsupported);
        assert!(RangeEstimator::Parkinson.rolling(&two, 0).is_err());
        for window in [3, usize::MAX] {
            assert!(ALL.iter().all(|estimator| estimator.rolling(&two, window).is_err()));
        }
        assert_eq!(RangeEstimator::Parkinson.average(&two).unwrap().variance, 0.0);
    }

    fn bars_from(shares: &[(f64, f64, f64, f64)], unit: f64) -> Bars {
        let mut last = 100.0 * unit;
        let (mut open, mut high, mut low, mut close) = (vec![], vec![], vec![], vec![]);
        for (night, day, up, down) in shares {
            let o = last * (1.0 + night);
            let c = o * (1.0 + day);
            open.push(o);
            close.push(c);
            high.push(o.max(c) * (1.0 + up));
            low.push(o.min(c) * (1.0 - down));
            last = c;
        }
        Bars::new(open, high, low, close).unwrap()
    }

    proptest! {
        /// The currency does not matter, no variance is negative, and later days change no earlier window.
        #[test]
        fn laws(
            shares in proptest::collection::vec((-0.03..0.03f64, -0.03..0.03f64, 0.0..0.02f64, 0.0..0.02f64), 8..20),
        ) {
            let (one, other) = (bars_from(&shares, 1.0), bars_from(&shares, 0.37));
            let early = bars_from(&shares[..7], 1.0);
            for estimator in ALL {
                let (a, b) = (estimator.rolling(&one, 4)?, estimator.rolling(&other, 4)?);
                for (a, b) in a.iter().zip(&b) {
                    // Logarithms of a few per cent carry the rounding of the prices: 10⁻¹⁶ over 10⁻².
                    prop_assert!((a.variance - b.variance).abs() <= 1e-15 + 1e-12 * a.variance);
                    prop_assert!(a.variance >= 0.0);
                }
                let known = estimator.rolling(&early, 4)?;
                prop_assert_eq!(&a[..known.len()], &known[..]);
            }
        }
    }
}

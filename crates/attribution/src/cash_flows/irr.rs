use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use alluse_risk_core::Error as Input;

use super::flow::days;
use super::roots::Exponentials;
use super::{AccountHistory, FeeBasis, FlowTiming};
use crate::exact_sum::ExactSum;
use crate::{Error, Result, check};

/// Days of a year: actual days over 365, as spreadsheets count.
const DAYS_PER_YEAR: f64 = 365.0;

/// Money that an investor received (positive) or paid (negative) on a day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Payment {
    /// The day.
    pub date: Date,
    /// Positive when received.
    pub amount: f64,
}

impl Payment {
    /// On a day.
    #[must_use]
    pub fn new(date: Date, amount: f64) -> Self {
        Self { date, amount }
    }
}

/// Every rate at which the present value of payments is zero.
///
/// Payments that change sign more than once can have several such rates, none of which is *the* return. Look at
/// [`is_unique`](Self::is_unique) before quoting one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Irr {
    /// The rate whose `ln(1 + rate)` is nearest to 0: a year, or a period.
    pub rate: f64,
    /// The other rates, ascending; empty when the rate is unique.
    pub other_roots: Vec<f64>,
    /// Time from the first to the last payment, in the unit of the rate.
    pub time: f64,
    /// `(1 + rate)^time − 1`: over the whole time, which is what to quote when that is less than a year.
    pub total_return: f64,
}

impl Irr {
    /// Whether there is no other rate.
    #[must_use]
    pub fn is_unique(&self) -> bool {
        self.other_roots.is_empty()
    }

    /// From `ln(1 + rate)` of every root.
    fn new(mut roots: Vec<f64>, time: f64) -> Result<Self> {
        roots.sort_by(f64::total_cmp);
        let nearest = (0..roots.len()).min_by(|&a, &b| roots[a].abs().total_cmp(&roots[b].abs()));
        let Some(nearest) = nearest else {
            return Err(Error::undefined("rate of return", "no rate makes the present value of the payments zero"));
        };
        let log = roots.remove(nearest);
        let rate = |log: f64| check::result("rate of return", libm::expm1(log));
        let other_roots = roots.into_iter().map(rate).collect::<Result<_>>()?;
        let total_return = check::result("return over the whole time", libm::expm1(log * time))?;
        Ok(Self { rate: rate(log)?, other_roots, time, total_return })
    }
}

/// The annual rates at which dated payments are worth nothing: a spreadsheet's `XIRR`, with all its solutions.
///
/// ```text
/// Σ aᵢ (1 + rate)^{−(dᵢ − d₀)/365} = 0,   rate > −1
/// ```
///
/// Zeros are separated by Descartes' rule of signs and each found by Newton's method inside its bracket, so none is
/// missed; a rate at which the value touches zero without crossing it is found up to rounding and reported once.
///
/// # Errors
/// [`Error::Input`] for fewer than two payments or an amount that is not finite; [`Error::Undefined`] when payments
/// have one sign, fall on one day, or no rate solves the equation; [`Error::Unsupported`] for more than 400 sign
/// changes that leave room for several rates.
///
/// # Examples
/// ```
/// use alluse_attribution::cash_flows::{Payment, irr};
/// use jiff::civil::date;
///
/// let payments = [(2020, -100.0), (2021, 230.0), (2022, -132.0)]; // two rates: 10 % and 20 %
/// let payments: Vec<Payment> = payments.iter().map(|&(y, amount)| Payment::new(date(y, 3, 1), amount)).collect();
/// let irr = irr(&payments)?;
/// assert!((irr.rate - 0.1).abs() < 1e-12 && (irr.other_roots[0] - 0.2).abs() < 1e-12);
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
pub fn irr(payments: &[Payment]) -> Result<Irr> {
    check::enough("payments", 2, payments.len())?;
    let first = payments.iter().map(|payment| payment.date).min().unwrap_or(payments[0].date);
    let times = payments.iter().map(|payment| (days(first, payment.date), payment.amount));
    solve(times.collect(), DAYS_PER_YEAR)
}

/// The rates per period at which payments one period apart are worth nothing: a spreadsheet's `IRR`.
///
/// # Errors
/// As [`irr`].
pub fn irr_per_period(amounts: &[f64]) -> Result<Irr> {
    check::enough("payments", 2, amounts.len())?;
    solve(amounts.iter().enumerate().map(|(period, amount)| (period as f64, *amount)).collect(), 1.0)
}

/// Of payments at whole times, `unit` of which make the unit of the rate.
fn solve(mut payments: Vec<(f64, f64)>, unit: f64) -> Result<Irr> {
    if let Some(index) = payments.iter().position(|(_, amount)| !amount.is_finite()) {
        let value = payments[index].1;
        return Err(Input::ElementOutOfDomain { name: "payments", index, expected: "finite", value }.into());
    }
    payments.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Payments of one day are one payment.
    let net = payments.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq());
    let net: Vec<(f64, f64)> = net
        .map(|day| Ok((day[0].0, ExactSum::of(day.iter().map(|(_, amount)| *amount)).checked("payments of a day")?)))
        .collect::<Result<_>>()?;
    let mut paid = net.iter().filter(|(_, amount)| *amount != 0.0);
    let (Some(first), last) = (paid.next(), paid.next_back()) else {
        return Err(Error::undefined("rate of return", "all payments are zero"));
    };
    let span = last.map_or(0.0, |last| last.0 - first.0);
    // x = 1/(1 + rate) = e^u: in days u is small, and the largest exponent is 1.
    let value = Exponentials::new(net.iter().map(|(time, amount)| ((time - first.0) / span.max(1.0), *amount)));
    if span == 0.0 || !value.changes_sign() {
        let reason = "the payments do not change sign over time";
        return Err(Error::undefined("rate of return", reason));
    }
    let roots = value.zeros()?.into_iter().map(|u| -u * unit / span).collect();
    Irr::new(roots, span / unit)
}

impl AccountHistory {
    /// The money-weighted return: what the owner's money earned a year, timing of the flows included.
    ///
    /// The owner pays the first valuation and the flows, and receives the last valuation. A flow at the start of a
    /// day counts from the close of the day before. Actual days over 365.
    ///
    /// # Errors
    /// As [`irr`].
    ///
    /// # Source
    /// CFA Institute, Global Investment Performance Standards (2020); Bacon (2008), section 2.4.1.
    pub fn money_weighted(&self, fees: FeeBasis) -> Result<Irr> {
        let (start, end) = self.ends();
        let mut payments = vec![(0.0, -start.value), (days(start.date, end.date), end.value)];
        payments.extend(self.flows_between(start.date, end.date, fees).map(|flow| {
            let passed = days(start.date, flow.date) - if flow.timing == FlowTiming::Start { 1.0 } else { 0.0 };
            (passed, -flow.amount)
        }));
        solve(payments, DAYS_PER_YEAR)
    }
}

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Assumptions, BuiltBenchmark};
use crate::benchmark::PeriodEnd;
use crate::{Error, Result, ReturnKind, ReturnSeries, check};

/// The weights of a blend sum to one within this.
const WEIGHT_TOLERANCE: f64 = 1e-9;

/// When a blend goes back to its weights, at the close of the date.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rebalancing {
    /// After every period.
    #[default]
    EveryPeriod,
    /// Never: bought once and left to drift.
    Never,
    /// At the last date of each calendar period.
    Calendar(PeriodEnd),
    /// On these dates; each must be a date of the series.
    On(BTreeSet<Date>),
}

/// A benchmark of fixed weights in several series.
///
/// ```
/// use alluse_attribution::{ReturnKind, ReturnSeries, benchmark::{Blend, Rebalancing}};
/// use alluse_risk_core::Frequency;
/// use jiff::civil::date;
///
/// let series = |name: &str, returns: Vec<f64>| {
///     let dates = vec![date(2024, 1, 31), date(2024, 2, 29)];
///     ReturnSeries::new(name, dates, returns, Frequency::Monthly, ReturnKind::Total)
/// };
/// let (stocks, bonds) = (series("stocks", vec![0.10, 0.10])?, series("bonds", vec![0.0, 0.0])?);
/// let drifting = Blend::new("60/40").with(&stocks, 0.6).with(&bonds, 0.4).rebalanced(Rebalancing::Never).build()?;
/// // 0.6 · 1.21 + 0.4 in the end.
/// let growth: f64 = drifting.series.returns().iter().map(|r| 1.0 + r).product();
/// assert!((growth - 1.126).abs() < 1e-15);
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Blend<'a> {
    name: String,
    components: Vec<(&'a ReturnSeries, f64)>,
    rebalancing: Rebalancing,
}

impl<'a> Blend<'a> {
    /// A blend of nothing yet, rebalanced every period.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), components: Vec::new(), rebalancing: Rebalancing::default() }
    }

    /// With a share of `weight` in a series. Shares may be negative; together they are 1.
    #[must_use]
    pub fn with(mut self, series: &'a ReturnSeries, weight: f64) -> Self {
        self.components.push((series, weight));
        self
    }

    /// Rebalanced at other times.
    #[must_use]
    pub fn rebalanced(mut self, rebalancing: Rebalancing) -> Self {
        self.rebalancing = rebalancing;
        self
    }

    /// The returns of the blend, without costs of rebalancing.
    ///
    /// ```text
    /// Vᵢ ← Vᵢ (1 + rᵢ)      R = Σ Vᵢ after / Σ Vᵢ before − 1      on rebalancing Vᵢ = wᵢ Σ V
    /// ```
    ///
    /// # Errors
    /// [`Error::Input`] without series and for a weight that is not finite; [`Error::Invalid`] for weights that do not
    /// sum to 1 within 1e-9, series whose dates, frequencies or return kinds differ
    /// ([`align`](crate::benchmark::align) them first), and a rebalancing date that is none of theirs;
    /// [`Error::Undefined`] when the value of the blend is used up.
    pub fn build(&self) -> Result<BuiltBenchmark> {
        let first = self.checked()?;
        // What the sum lacks in the last digits must not appear as a return.
        let sum: f64 = self.components.iter().map(|(_, weight)| weight).sum();
        let targets: Vec<f64> = self.components.iter().map(|(_, weight)| weight / sum).collect();
        let dates = first.dates();
        let mut values = targets.clone();
        let mut total = 1.0;
        let mut returns = Vec::with_capacity(dates.len());
        for (period, &date) in dates.iter().enumerate() {
            let before = total;
            for (value, (series, _)) in values.iter_mut().zip(&self.components) {
                *value *= 1.0 + series.returns()[period];
            }
            total = values.iter().sum();
            let change = total / before - 1.0;
            if !(total >= 0.0) || (total == 0.0 && period + 1 < dates.len()) {
                let reason = format!("nothing is left of {:?} on {date}: its value is {total}", self.name);
                return Err(Error::undefined("blended benchmark", reason));
            }
            returns.push(check::result("blended return", change)?);
            if self.rebalances(date, dates.get(period + 1).copied())? {
                total = 1.0;
                values.copy_from_slice(&targets);
            }
        }
        let series = ReturnSeries::new(self.name.clone(), dates.to_vec(), returns, first.frequency(), first.kind())?;
        let series = match first.start() {
            Some(start) if self.components.iter().all(|(one, _)| one.start() == Some(start)) => {
                series.starting(start)?
            }
            _ => series,
        };
        Ok(BuiltBenchmark { series, assumptions: self.assumptions(first.kind()), rolls: Vec::new() })
    }

    fn checked(&self) -> Result<&'a ReturnSeries> {
        let Some(&(first, _)) = self.components.first() else {
            return Err(alluse_risk_core::Error::Empty { name: "components of the blend" }.into());
        };
        for (index, (series, weight)) in self.components.iter().enumerate() {
            if !weight.is_finite() {
                let (name, expected, value) = ("weights of the blend", "finite", *weight);
                return Err(alluse_risk_core::Error::ElementOutOfDomain { name, index, expected, value }.into());
            }
            let same = [
                ("dates", series.dates() == first.dates()),
                ("frequencies", series.frequency() == first.frequency()),
                ("return kinds", series.kind() == first.kind()),
            ];
            if let Some((what, _)) = same.into_iter().find(|(_, same)| !same) {
                let reason = format!("the {what} of {:?} and {:?} differ", first.name(), series.name());
                return Err(Error::invalid("components of the blend", reason));
            }
        }
        let sum: f64 = self.components.iter().map(|(_, weight)| weight).sum();
        if (sum - 1.0).abs() > WEIGHT_TOLERANCE {
            return Err(Error::invalid("weights of the blend", format!("they sum to {sum}, not to 1")));
        }
        if let Rebalancing::On(days) = &self.rebalancing
            && let Some(day) = days.iter().find(|day| first.dates().binary_search(day).is_err())
        {
            return Err(Error::invalid("rebalancing date", format!("{day} is not a date of the series")));
        }
        Ok(first)
    }

    fn rebalances(&self, date: Date, next: Option<Date>) -> Result<bool> {
        Ok(match (&self.rebalancing, next) {
            (Rebalancing::EveryPeriod, _) => true,
            (Rebalancing::Never, _) | (Rebalancing::Calendar(_), None) => false,
            (Rebalancing::Calendar(period), Some(next)) => period.of(date)? != period.of(next)?,
            (Rebalancing::On(days), _) => days.contains(&date),
        })
    }

    fn assumptions(&self, kind: ReturnKind) -> Assumptions {
        let mut assumptions = Assumptions::default();
        let when = match &self.rebalancing {
            Rebalancing::EveryPeriod => "after every period".to_owned(),
            Rebalancing::Never => "never".to_owned(),
            Rebalancing::Calendar(period) => format!("at the last date of each period, {period:?}"),
            Rebalancing::On(days) => format!("on {} dates", days.len()),
        };
        assumptions.assume("rebalancing", format!("to the weights {when}, at the close and without cost"));
        if kind == ReturnKind::Price {
            assumptions.assume("dividends", "none: the components are price returns");
        }
        assumptions
    }
}

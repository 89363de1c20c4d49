//! Calm days against days of market stress.

use alluse_risk_core::{Error as Input, Status};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::estimate::{CorrelationEstimate, pearson};
use super::normal_theory::selected_correlation;
use super::report::{StrategyCorrelation, status};
use crate::strategies::{StrategyReturns, check};
use crate::{Error, Result};

/// Which days count as a crisis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StressDays {
    /// The worst share of the market's days, `⌊share · n⌋` of them, the earlier first among ties.
    WorstShare(f64),
    /// These days.
    Dates(Vec<Date>),
}

/// The market, and when it was under stress.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MarketStress {
    /// Its return on every date of the strategies.
    pub market: Vec<f64>,
    /// The days of crisis; the others are calm.
    pub days: StressDays,
}

/// Whether a correlation in a crisis says more than that days were selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rise {
    /// The interval of the crisis lies above what selection alone explains.
    Higher,
    /// It contains it.
    Explained,
    /// It lies below.
    Lower,
}

/// A pair on calm days and in a crisis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CrisisComparison {
    /// On calm days.
    pub calm: Status<CorrelationEstimate>,
    /// On the days of crisis.
    pub crisis: Status<CorrelationEstimate>,
    /// What normal returns whose dependence stayed as on calm days would show in the crisis; see
    /// [`selected_correlation`]. It takes the calm correlations as known.
    pub explained: Status<f64>,
    /// The crisis against that.
    pub rise: Status<Rise>,
}

impl MarketStress {
    /// Which rows are days of crisis.
    pub(super) fn rows(&self, dates: &[Date]) -> Result<Vec<bool>> {
        check::length("market returns", dates.len(), self.market.len())?;
        check::elements("market returns", "finite", &self.market, f64::is_finite)?;
        let mut crisis = vec![false; dates.len()];
        match &self.days {
            StressDays::WorstShare(share) => {
                check::within("share of stress days", *share, f64::MIN_POSITIVE, 0.5, "above 0 and at most 0.5")?;
                let mut order: Vec<usize> = (0..dates.len()).collect();
                order.sort_by(|a, b| self.market[*a].total_cmp(&self.market[*b]));
                let count = share * dates.len() as f64;
                let count = if (count - count.round()).abs() < 1e-9 { count.round() } else { count.floor() };
                order.iter().take(count as usize).for_each(|row| crisis[*row] = true);
            }
            StressDays::Dates(days) => {
                for day in days {
                    let unknown = || Input::Unknown { name: "stress date", value: day.to_string() };
                    crisis[dates.binary_search(day).map_err(|_| unknown())?] = true;
                }
            }
        }
        Ok(crisis)
    }

    /// A pair, whose common rows are given, on both kinds of days.
    pub(super) fn compare(
        &self,
        settings: &StrategyCorrelation,
        returns: &StrategyReturns,
        pair: (usize, usize),
        rows: &[usize],
        crisis: &[bool],
    ) -> Result<CrisisComparison> {
        let (stressed, calm): (Vec<usize>, Vec<usize>) = rows.iter().partition(|row| crisis[**row]);
        let on = |rows: &[usize]| (returns.on_rows(pair.0, rows), returns.on_rows(pair.1, rows));
        let estimate = |rows: &[usize]| {
            let (x, y) = on(rows);
            status(settings.estimate(&x, &y))
        };
        let (calm_estimate, crisis_estimate) = (estimate(&calm)?, estimate(&stressed)?);
        let explained = match (&calm_estimate, &crisis_estimate) {
            (Status::Known(before), Status::Known(_)) => {
                let (x, y) = on(&calm);
                status(self.explained(before.correlation, (&x, &y), &calm, &stressed))?
            }
            (Status::Unknown { kind, reason }, _) | (_, Status::Unknown { kind, reason }) => {
                Status::Unknown { kind: *kind, reason: reason.clone() }
            }
            _ => status(Err(undefined("the correlations speak for a part only".to_owned())))?,
        };
        let rise = match (&explained, &crisis_estimate) {
            (Status::Known(explained), Status::Known(crisis)) => Status::Known(rise(*explained, crisis)),
            (Status::Unknown { kind, reason }, _) => Status::Unknown { kind: *kind, reason: reason.clone() },
            _ => status(Err(undefined("there is no crisis correlation".to_owned())))?,
        };
        Ok(CrisisComparison { calm: calm_estimate, crisis: crisis_estimate, explained, rise })
    }

    fn explained(&self, calm_rho: f64, (x, y): (&[f64], &[f64]), calm: &[usize], stressed: &[usize]) -> Result<f64> {
        let market = |rows: &[usize]| rows.iter().map(|row| self.market[*row]).collect::<Vec<f64>>();
        let (before, during) = (market(calm), market(stressed));
        let ratio = variance(&during) / variance(&before);
        if !(ratio > 0.0 && ratio.is_finite()) {
            return Err(undefined(format!("the market's variance ratio is {ratio}")));
        }
        selected_correlation(calm_rho, (pearson(x, &before)?, pearson(y, &before)?), ratio)
    }
}

fn rise(explained: f64, crisis: &CorrelationEstimate) -> Rise {
    if crisis.interval.lower > explained {
        Rise::Higher
    } else if crisis.interval.upper < explained {
        Rise::Lower
    } else {
        Rise::Explained
    }
}

fn undefined(reason: String) -> Error {
    Error::Undefined { what: "crisis comparison", reason }
}

fn variance(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)
}

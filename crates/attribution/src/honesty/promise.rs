//! What is promised, what was tried, and what such strategies have earned.

use alluse_risk_core::moments;
use serde::{Deserialize, Serialize};

use crate::{Error, Result, ReturnSeries, check};

/// How many variants were tried before this one was shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Trials {
    /// Independent trials, above 1.
    pub count: f64,
    /// Variance of their Sharpe ratios per period.
    pub variance: f64,
}

/// A return that is promised.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Target {
    /// So much a year.
    Annual(f64),
    /// So much in each period of the record.
    PerPeriod(f64),
}

/// What strategies of the kind have earned: compounded annual return and annual volatility.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaseRate {
    /// Whose.
    pub name: String,
    /// Compounded, per year.
    pub annual_return: f64,
    /// Of log returns, per year.
    pub annual_volatility: f64,
}

impl BaseRate {
    /// From the record of a comparable strategy, such as a put-write index: the mean and deviation of its log returns.
    ///
    /// # Errors
    /// [`Error::Input`] for fewer than two returns, [`Error::Undefined`] for one of −1 and for returns that are constant.
    pub fn of(record: &ReturnSeries) -> Result<Self> {
        check::enough("base rate", 2, record.len())?;
        if let Some(index) = record.returns().iter().position(|r| *r <= -1.0) {
            return Err(Error::undefined("base rate", format!("return {index} loses everything")));
        }
        let logs = record.returns().mapv(f64::ln_1p);
        let per_year = record.frequency().periods_per_year();
        let annual_volatility = moments::standard_deviation(logs.view(), 1)? * per_year.sqrt();
        if annual_volatility <= 0.0 {
            return Err(Error::undefined("base rate", "the returns are constant"));
        }
        let annual_return = (moments::mean(logs.view())? * per_year).exp_m1();
        Ok(Self { name: record.name().to_owned(), annual_return, annual_volatility })
    }
}

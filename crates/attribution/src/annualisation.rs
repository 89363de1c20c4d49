use alluse_risk_core::Frequency;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Days of a mean Gregorian year.
const DAYS_PER_YEAR: f64 = 365.2425;

/// How a number per period becomes a number per year.
///
/// Growth over `n` periods is annualised over `n / periods_per_year` years; a volatility by `√periods_per_year`.
///
/// ```
/// use alluse_attribution::Annualisation;
/// use alluse_risk_core::Frequency;
/// use jiff::civil::date;
///
/// assert_eq!(Annualisation::Periods(Frequency::Weekly).years(104)?, 2.0);
/// // Nine irregular periods that take 365 days between them are nine a year, whatever their names.
/// let elapsed = Annualisation::elapsed(date(2023, 1, 2), date(2024, 1, 2))?;
/// assert!((elapsed.periods_per_year(9)? - 9.0).abs() < 0.01);
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Annualisation {
    /// By counting periods of a stated frequency.
    Periods(Frequency),
    /// By the calendar: years of 365.2425 days between two dates. For irregular dates.
    Elapsed {
        /// The date at which the first return starts, which is the date before the first return's own.
        start: Date,
        /// The date of the last return.
        end: Date,
    },
}

impl Annualisation {
    /// By the days between two dates.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless `end` comes after `start`.
    pub fn elapsed(start: Date, end: Date) -> Result<Self> {
        if end > start {
            Ok(Self::Elapsed { start, end })
        } else {
            Err(Error::invalid("elapsed time", format!("{end} does not come after {start}")))
        }
    }

    /// Years that `periods` periods take.
    ///
    /// # Errors
    /// [`Error::Undefined`] for no periods, [`Error::Invalid`] for dates that do not increase.
    pub fn years(self, periods: usize) -> Result<f64> {
        if periods == 0 {
            return Err(Error::undefined("annualisation", "there are no periods"));
        }
        match self {
            Self::Periods(frequency) => Ok(periods as f64 / frequency.periods_per_year()),
            Self::Elapsed { start, end } => {
                let days = start.until(end).map_or(0, |span| span.get_days());
                if days > 0 {
                    Ok(f64::from(days) / DAYS_PER_YEAR)
                } else {
                    Err(Error::invalid("elapsed time", format!("{end} does not come after {start}")))
                }
            }
        }
    }

    /// Periods a year, counted or over the elapsed time.
    ///
    /// # Errors
    /// As [`years`](Self::years).
    pub fn periods_per_year(self, periods: usize) -> Result<f64> {
        match self {
            Self::Periods(frequency) => Ok(frequency.periods_per_year()),
            Self::Elapsed { .. } => Ok(periods as f64 / self.years(periods)?),
        }
    }
}

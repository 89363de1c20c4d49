use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::prices::{log_change, relative_change};
use crate::{Error, Factor, Result, ShockKind, check};

/// Which factors a column of a series moves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DrivenFactors {
    /// This one.
    One(Factor),
    /// The implied volatility of every underlying and every contract.
    EveryVolatility,
    /// The interest rate of every currency.
    EveryRate,
    /// The dividend yield of every underlying.
    EveryDividend,
}

impl DrivenFactors {
    pub(super) fn include(&self, factor: &Factor) -> bool {
        match self {
            Self::One(one) => one == factor,
            Self::EveryVolatility => matches!(factor, Factor::Volatility(_) | Factor::ContractVolatility(_)),
            Self::EveryRate => matches!(factor, Factor::Rate(_)),
            Self::EveryDividend => matches!(factor, Factor::Dividend(_)),
        }
    }
}

/// How the history of a series becomes shocks of factors.
///
/// ```text
/// relative   scale · (xₜ − xₜ₋ₕ) / xₜ₋ₕ
/// absolute   scale · (xₜ − xₜ₋ₕ)
/// log        scale · ln(xₜ / xₜ₋ₕ)
/// ```
///
/// The scale is 1 unless said otherwise. Absolute changes need it where the series has another unit than
/// the factor: 0.01 for a yield in percent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct Driver {
    factors: DrivenFactors,
    column: String,
    kind: ShockKind,
    scale: f64,
}

impl Driver {
    /// Lets `column` move `factors` by its own change.
    pub fn new(factors: DrivenFactors, column: impl Into<String>, kind: ShockKind) -> Self {
        Self { factors, column: column.into(), kind, scale: 1.0 }
    }

    /// With the change multiplied by `scale`.
    ///
    /// # Errors
    /// [`Error::OutOfDomain`] for a scale that is not finite.
    pub fn with_scale(self, scale: f64) -> Result<Self> {
        check::finite_number("scale", scale)?;
        Ok(Self { scale, ..self })
    }

    /// What it moves.
    #[must_use]
    pub fn factors(&self) -> &DrivenFactors {
        &self.factors
    }

    /// The column whose history it takes.
    #[must_use]
    pub fn column(&self) -> &str {
        &self.column
    }

    /// How the change is measured and applied.
    #[must_use]
    pub fn kind(&self) -> ShockKind {
        self.kind
    }

    /// What the change is multiplied by.
    #[must_use]
    pub fn scale(&self) -> f64 {
        self.scale
    }

    /// The shock from one value of the column to a later one.
    pub(super) fn shock(&self, before: (Date, f64), after: (Date, f64)) -> Result<f64> {
        if self.kind != ShockKind::Absolute {
            for (date, value) in [before, after] {
                if value <= 0.0 {
                    return Err(Error::EntryOutOfDomain {
                        name: "series",
                        row: date.to_string(),
                        column: self.column.clone(),
                        expected: "positive where its relative or log change is taken",
                        value,
                    });
                }
            }
        }
        let change = match self.kind {
            ShockKind::Relative => relative_change(before.1, after.1),
            ShockKind::Absolute => after.1 - before.1,
            ShockKind::Log => log_change(before.1, after.1),
        };
        Ok(self.scale * change)
    }
}

/// The stored form, so that a stored scale is checked when it is read back.
#[derive(Serialize, Deserialize)]
struct Raw {
    factors: DrivenFactors,
    column: String,
    kind: ShockKind,
    scale: f64,
}

impl TryFrom<Raw> for Driver {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.factors, raw.column, raw.kind).with_scale(raw.scale)
    }
}

impl From<Driver> for Raw {
    fn from(driver: Driver) -> Self {
        Self { factors: driver.factors, column: driver.column, kind: driver.kind, scale: driver.scale }
    }
}

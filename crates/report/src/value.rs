use std::fmt;

use alluse_risk_core::{Currency, Interval, Status, Verdict};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What a number means, and so how it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unit {
    /// A fraction, written as per cent with so many decimals.
    Percent {
        /// Decimals of the per cent figure.
        decimals: u8,
    },
    /// A pure number.
    Number {
        /// Decimals.
        decimals: u8,
    },
    /// A p-value, with three decimals or as below 0.001.
    PValue,
    /// An amount in whole units of a currency.
    Money(Currency),
}

impl Unit {
    /// Per cent with two decimals.
    pub const PERCENT: Self = Self::Percent { decimals: 2 };
    /// A ratio with two decimals.
    pub const RATIO: Self = Self::Number { decimals: 2 };
    /// A whole number.
    pub const WHOLE: Self = Self::Number { decimals: 0 };

    /// `value` in this unit, with grouped thousands and a true minus sign.
    #[must_use]
    pub fn format(&self, value: f64) -> String {
        match self {
            Self::Percent { decimals } => format!("{} %", grouped(value * 100.0, usize::from(*decimals))),
            Self::Number { decimals } => grouped(value, usize::from(*decimals)),
            Self::PValue if value < 0.001 => "< 0.001".to_owned(),
            Self::PValue => grouped(value, 3),
            Self::Money(currency) => format!("{} {}", grouped(value, 0), currency.as_str()),
        }
    }
}

/// One figure of a report: a number with its unit, a word, or the reason why there is none.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Value {
    /// A finite number.
    Number {
        /// The number, unrounded.
        value: f64,
        /// Its unit.
        unit: Unit,
    },
    /// A number with the interval around it.
    Between {
        /// The number, unrounded.
        value: f64,
        /// Lower end.
        lower: f64,
        /// Upper end.
        upper: f64,
        /// Coverage the interval promises, such as 0.95.
        level: f64,
        /// Unit of all three.
        unit: Unit,
    },
    /// A day.
    Date(Date),
    /// Words.
    Text(String),
    /// The outcome of a check.
    Verdict(Verdict),
    /// A question that does not arise here.
    NotApplicable,
    /// What could not be computed, and why. Never an empty cell.
    Unknown {
        /// The obstacle in words.
        reason: String,
    },
}

impl Value {
    /// A number; what is not finite becomes [`Unknown`](Self::Unknown).
    #[must_use]
    pub fn new(value: f64, unit: Unit) -> Self {
        if value.is_finite() {
            Self::Number { value, unit }
        } else {
            Self::Unknown { reason: format!("the computation gave {value}") }
        }
    }

    /// A fraction as per cent with two decimals.
    #[must_use]
    pub fn percent(value: f64) -> Self {
        Self::new(value, Unit::PERCENT)
    }

    /// A ratio with two decimals.
    #[must_use]
    pub fn ratio(value: f64) -> Self {
        Self::new(value, Unit::RATIO)
    }

    /// A number with the interval around it; without one where an end is not finite.
    #[must_use]
    pub fn between(value: f64, interval: &Interval, unit: Unit) -> Self {
        let Interval { lower, upper, level, .. } = *interval;
        if value.is_finite() && lower.is_finite() && upper.is_finite() {
            Self::Between { value, lower, upper, level: level.level(), unit }
        } else {
            Self::new(value, unit)
        }
    }

    /// A count.
    #[must_use]
    pub fn count(value: usize) -> Self {
        Self::new(value as f64, Unit::WHOLE)
    }

    /// Words.
    #[must_use]
    pub fn text(words: impl Into<String>) -> Self {
        Self::Text(words.into())
    }

    /// A number, or the error in its place.
    #[must_use]
    pub fn of<E: fmt::Display>(result: std::result::Result<f64, E>, unit: Unit) -> Self {
        match result {
            Ok(value) => Self::new(value, unit),
            Err(error) => Self::Unknown { reason: error.to_string() },
        }
    }

    /// A status of the contract: a partial value says that it is partial.
    #[must_use]
    pub fn of_status(status: &Status<f64>, unit: Unit) -> Self {
        match status {
            Status::Known(value) => Self::new(*value, unit),
            Status::Partial { value, coverage } => Self::Text(match coverage.position_share() {
                Some(share) => {
                    format!("{} (covers {} of the positions)", unit.format(*value), Unit::PERCENT.format(share))
                }
                None => format!("{} (partial)", unit.format(*value)),
            }),
            Status::Unknown { reason, .. } => Self::Unknown { reason: reason.clone() },
        }
    }

    /// The unrounded number, when it is one.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number { value, .. } | Self::Between { value, .. } => Some(*value),
            _ => None,
        }
    }

    /// Whether it belongs in a column of numbers.
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        self.number().is_some()
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { value, unit } => f.write_str(&unit.format(*value)),
            Self::Between { value, lower, upper, unit, .. } => {
                write!(f, "{} ({} to {})", unit.format(*value), unit.format(*lower), unit.format(*upper))
            }
            Self::Date(date) => write!(f, "{date}"),
            Self::Text(words) => f.write_str(words),
            Self::Verdict(verdict) => f.write_str(match verdict {
                Verdict::Pass => "pass",
                Verdict::Warn => "warn",
                Verdict::Breach => "BREACH",
                Verdict::Unknown => "UNKNOWN",
            }),
            Self::NotApplicable => f.write_str("–"),
            Self::Unknown { reason } => write!(f, "unknown: {reason}"),
        }
    }
}

/// Digits in groups of three, with `−` for a minus; what rounds to zero has no sign.
fn grouped(value: f64, decimals: usize) -> String {
    let plain = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = plain.split_once('.').unwrap_or((&plain, ""));
    let mut out = String::new();
    if value < 0.0 && plain.bytes().any(|digit| digit.is_ascii_digit() && digit != b'0') {
        out.push('\u{2212}');
    }
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if !fraction.is_empty() {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!(Value::percent(0.12345).to_string(), "12.35 %");
        assert_eq!(Value::ratio(-0.001).to_string(), "0.00");
        assert_eq!(Value::new(-1_234_567.4, Unit::Money(Currency::usd())).to_string(), "\u{2212}1,234,567 USD");
        assert_eq!(Value::count(1000).to_string(), "1,000");
        assert_eq!(Value::ratio(f64::NAN).to_string(), "unknown: the computation gave NaN");
    }
}

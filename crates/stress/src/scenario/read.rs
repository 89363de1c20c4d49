//! Scenarios as text: a JSON list.

use super::{StressScenario, check_list};
use crate::{Error, Result};

/// Longest scenario text that is read, in bytes.
pub const MAX_SCENARIO_BYTES: usize = 4 << 20;

/// The scenarios of a JSON list.
///
/// Fields that the language does not have are refused, so a misspelt one cannot be lost. Ranges, days and shocks
/// are checked as they are read.
///
/// # Errors
/// [`Error::Read`] with line and column for a text that is not such a list, not UTF-8, or longer than
/// [`MAX_SCENARIO_BYTES`]; [`Error::Input`] for an empty list or two scenarios of one name.
///
/// # Examples
/// ```
/// use alluse_stress::{Error, read_scenarios};
///
/// let text = r#"[{
///     "name": "rates up",
///     "days": 5,
///     "steps": [
///         {"target": {"rate": {"one": "USD"}}, "shock": {"absolute": 0.01}},
///         {"target": {"spot": "every"}, "shock": {"relative": -0.05}},
///         {"target": {"volatility": {"assets": "every", "moneyness": {"to": 0.95}}}, "shock": {"absolute": 0.04}}
///     ]
/// }]"#;
/// assert_eq!(read_scenarios(text.as_bytes())?[0].steps().len(), 3);
///
/// let wrong = text.replace("\"days\"", "\"dais\"");
/// assert!(matches!(read_scenarios(wrong.as_bytes()), Err(Error::Read { line: 3, .. })));
/// # Ok::<(), Error>(())
/// ```
pub fn read_scenarios(text: &[u8]) -> Result<Vec<StressScenario>> {
    if text.len() > MAX_SCENARIO_BYTES {
        let message = format!("the text has {} bytes, more than {MAX_SCENARIO_BYTES}", text.len());
        return Err(Error::Read { line: 1, column: 1, message });
    }
    let scenarios: Vec<StressScenario> = serde_json::from_slice(text).map_err(|error| read_error(&error))?;
    check_list(&scenarios)?;
    Ok(scenarios)
}

/// The JSON text of scenarios, which reads back as the same scenarios.
///
/// # Errors
/// [`Error::Input`] for an empty list or two scenarios of one name.
pub fn write_scenarios(scenarios: &[StressScenario]) -> Result<String> {
    check_list(scenarios)?;
    serde_json::to_string_pretty(scenarios).map_err(|error| read_error(&error))
}

fn read_error(error: &serde_json::Error) -> Error {
    let (line, column) = (error.line().max(1), error.column().max(1));
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = message.strip_suffix(&place).unwrap_or(&message).to_owned();
    Error::Read { line, column, message }
}

#[cfg(test)]
mod tests;

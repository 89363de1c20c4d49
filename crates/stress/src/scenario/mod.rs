//! The scenario language: scenarios as data that can be written, read, checked and compiled.

mod compile;
mod propagated;
mod read;
mod state;
mod step;
mod volatilities;

use alluse_risk_core::{Error as CoreError, ScenarioId};
use serde::{Deserialize, Serialize};

pub use compile::{CompileOptions, CompiledSet, CorrelationHandling, UnmovedVolatility, compile};
pub use read::{MAX_SCENARIO_BYTES, read_scenarios, write_scenarios};
pub(crate) use state::Universe;
pub use step::{Assets, Currencies, Shock, Span, Step, Target};
pub use volatilities::FactorVolatilities;

use crate::{Error, Result};

/// Longest scenario, in exchange days.
const MAX_DAYS: u32 = 10_000;
/// Most steps of one scenario.
const MAX_STEPS: usize = 10_000;

/// Where correlations go in a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CorrelationGoal {
    /// Every correlation goes toward 1.
    One,
    /// Toward a matrix that the caller keeps under this name.
    Matrix(String),
}

/// A correlation stress `(1 − weight) · R + weight · target`.
///
/// It is data for the propagation of shocks to factors that a scenario does not name. Direct shocks do not
/// depend on it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrelationStress {
    /// Where the correlations go.
    pub toward: CorrelationGoal,
    /// How far, from 0 to 1.
    pub weight: f64,
}

/// A named set of shocks.
///
/// Steps apply in the order written, each to the value that the step before it left: −10 % and then −5 leaves
/// 85 of 100, −5 and then −10 % leaves 85.50.
///
/// ```
/// use alluse_stress::{Assets, Shock, Step, StressScenario, Target};
///
/// let crash = StressScenario::new(
///     "crash",
///     vec![
///         Step::new(Target::Spot(Assets::Every), Shock::Relative(-0.20)),
///         Step::new(Target::volatility_of(Assets::Every), Shock::Absolute(0.25)),
///     ],
/// )?
/// .with_description("a fifth of every price, and 25 points of volatility");
/// assert_eq!(crash.days(), 0); // now
/// assert!(StressScenario::new("nothing", vec![]).is_err());
/// # Ok::<(), alluse_stress::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct StressScenario {
    name: ScenarioId,
    description: String,
    source: Option<String>,
    days: u32,
    steps: Vec<Step>,
    correlation: Option<CorrelationStress>,
    assumptions: Vec<String>,
}

impl StressScenario {
    /// A scenario that happens now.
    ///
    /// # Errors
    /// [`Error::Input`] for a blank name; [`Error::Scenario`] without steps, with more than 10 000, or with a
    /// shock that is not finite.
    pub fn new(name: &str, steps: Vec<Step>) -> Result<Self> {
        let scenario = Self {
            name: ScenarioId::new(name)?,
            description: String::new(),
            source: None,
            days: 0,
            steps,
            correlation: None,
            assumptions: Vec::new(),
        };
        scenario.check()?;
        Ok(scenario)
    }

    /// With a description.
    #[must_use]
    pub fn with_description(mut self, description: &str) -> Self {
        description.clone_into(&mut self.description);
        self
    }

    /// With the origin of its numbers.
    #[must_use]
    pub fn with_source(mut self, source: &str) -> Self {
        self.source = Some(source.to_owned());
        self
    }

    /// With the exchange days that the shocks take; 0 is now.
    ///
    /// # Errors
    /// [`Error::Scenario`] for more than 10 000 days.
    pub fn with_days(mut self, days: u32) -> Result<Self> {
        self.days = days;
        self.check()?;
        Ok(self)
    }

    /// With a correlation stress for propagation.
    ///
    /// # Errors
    /// [`Error::Scenario`] unless the weight is from 0 to 1 and the matrix has a name.
    pub fn with_correlation(mut self, correlation: CorrelationStress) -> Result<Self> {
        self.correlation = Some(correlation);
        self.check()?;
        Ok(self)
    }

    /// With something that was taken for granted when its numbers were made.
    #[must_use]
    pub fn with_assumption(mut self, assumption: &str) -> Self {
        self.assumptions.push(assumption.to_owned());
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &ScenarioId {
        &self.name
    }

    /// What it is about; may be empty.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// Where its numbers come from.
    #[must_use]
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// Exchange days that the shocks take; 0 is now.
    #[must_use]
    pub fn days(&self) -> u32 {
        self.days
    }

    /// The steps, in the order in which they apply.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Its correlation stress, which has no effect on direct shocks.
    #[must_use]
    pub fn correlation(&self) -> Option<&CorrelationStress> {
        self.correlation.as_ref()
    }

    /// What was taken for granted when its numbers were made.
    #[must_use]
    pub fn assumptions(&self) -> &[String] {
        &self.assumptions
    }

    pub(crate) fn refuse(&self, message: impl Into<String>) -> Error {
        Error::Scenario { scenario: self.name.to_string(), message: message.into() }
    }

    fn check(&self) -> Result<()> {
        if self.steps.is_empty() {
            return Err(self.refuse("it has no steps"));
        }
        if self.steps.len() > MAX_STEPS {
            return Err(self.refuse(format!("it has {} steps, more than {MAX_STEPS}", self.steps.len())));
        }
        if self.days > MAX_DAYS {
            return Err(self.refuse(format!("it takes {} days, more than {MAX_DAYS}", self.days)));
        }
        for (index, step) in self.steps.iter().enumerate() {
            let size = step.shock.size();
            if !size.is_finite() {
                let place = index + 1;
                return Err(self.refuse(format!("step {place}, {}: the shock is {size}, not finite", step.target)));
            }
        }
        let Some(correlation) = &self.correlation else { return Ok(()) };
        if !(0.0..=1.0).contains(&correlation.weight) {
            return Err(self.refuse(format!("the correlation weight is {}, not from 0 to 1", correlation.weight)));
        }
        match &correlation.toward {
            CorrelationGoal::Matrix(name) if name.trim().is_empty() => {
                Err(self.refuse("the correlation matrix has no name"))
            }
            _ => Ok(()),
        }
    }
}

/// Refuses an empty list and two scenarios of one name.
pub(crate) fn check_list(scenarios: &[StressScenario]) -> Result<()> {
    if scenarios.is_empty() {
        return Err(CoreError::Empty { name: "scenarios" }.into());
    }
    let mut seen = std::collections::BTreeMap::new();
    for (second, scenario) in scenarios.iter().enumerate() {
        if let Some(first) = seen.insert(&scenario.name, second) {
            let value = scenario.name.to_string();
            return Err(CoreError::Duplicate { name: "scenario", value, first, second }.into());
        }
    }
    Ok(())
}

/// The written form, so that a scenario is checked when it is read.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: ScenarioId,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    description: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(default)]
    days: u32,
    steps: Vec<Step>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correlation: Option<CorrelationStress>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    assumptions: Vec<String>,
}

impl TryFrom<Raw> for StressScenario {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        let Raw { name, description, source, days, steps, correlation, assumptions } = raw;
        let scenario = Self { name, description, source, days, steps, correlation, assumptions };
        scenario.check()?;
        Ok(scenario)
    }
}

impl From<StressScenario> for Raw {
    fn from(scenario: StressScenario) -> Self {
        let StressScenario { name, description, source, days, steps, correlation, assumptions } = scenario;
        Self { name, description, source, days, steps, correlation, assumptions }
    }
}

#[cfg(test)]
mod tests;

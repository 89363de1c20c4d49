//! The Basel traffic light.

use alluse_risk_core::Confidence;
use serde::{Deserialize, Serialize};

use super::coverage::check_counts;
use super::laws::{Binomial, first_true};
use super::outcome::{Alternative, BREACH_MULTIPLE, Power, TestName, TestOutcome, more_breaches};
use crate::Result;

/// Zone of the Basel traffic light.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Zone {
    /// Consistent with a right model.
    Green,
    /// Questionable.
    Yellow,
    /// Almost surely wrong.
    Red,
}

/// What the traffic light shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TrafficLight {
    /// The zone.
    pub zone: Zone,
    /// `P(X ≤ x)` when the model is right.
    pub cumulative_probability: f64,
    /// What the supervisor adds to the multiplier of 3.
    pub plus_factor: f64,
    /// The zone as a test: rejects outside green; p-value `P(X ≥ x)`.
    pub outcome: TestOutcome,
}

/// Plus factors for 5 to 9 breaches in 250 days at 99 %.
const PLUS: [(usize, f64); 5] = [(5, 0.40), (6, 0.50), (7, 0.65), (8, 0.75), (9, 0.85)];

/// The zone of a number of breaches, at any level and over any number of days.
///
/// ```text
/// P(X ≤ x), rounded to four digits      yellow from 0.95, red from 0.9999
/// ```
/// The plus factor is the Basel table's for the same cumulative probability: of 250 days at 99 % itself, of other
/// lengths and levels that of the highest row whose probability is not above it.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) without observations and for more breaches than observations.
///
/// # Source
/// Basel Committee (1996), *Supervisory framework for the use of backtesting*, Table 2.
///
/// # Examples
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::backtest::{Zone, traffic_light};
///
/// let light = traffic_light(250, 5, Confidence::P99)?;
/// assert_eq!((light.zone, light.plus_factor), (Zone::Yellow, 0.4));
/// # Ok::<(), alluse_var_models::Error>(())
/// ```
pub fn traffic_light(observations: usize, breaches: usize, confidence: Confidence) -> Result<TrafficLight> {
    check_counts(observations, breaches)?;
    let law = Binomial::new(observations, confidence.tail());
    let cumulative_probability = law.at_most(breaches);
    let zone = zone(cumulative_probability);
    let plus_factor = match zone {
        Zone::Green => 0.0,
        Zone::Yellow => plus_of(cumulative_probability),
        Zone::Red => 1.0,
    };
    let outcome = TestOutcome::new(TestName::TrafficLight, breaches as f64, law.at_least(breaches), observations)
        .with_exact(law.at_least(breaches))
        .with_power(light_power(observations, confidence, BREACH_MULTIPLE))
        .with_note("rejects outside the green zone");
    Ok(TrafficLight { zone, cumulative_probability, plus_factor, outcome })
}

fn rounded(probability: f64) -> f64 {
    (probability * 1e4).round() / 1e4
}

fn zone(cumulative: f64) -> Zone {
    match rounded(cumulative) {
        p if p >= 0.9999 => Zone::Red,
        p if p >= 0.95 => Zone::Yellow,
        _ => Zone::Green,
    }
}

fn plus_of(cumulative: f64) -> f64 {
    let table = Binomial::new(250, 0.01);
    let reached = PLUS.iter().rev().find(|(x, _)| rounded(table.at_most(*x)) <= rounded(cumulative));
    reached.map_or(PLUS[0].1, |(_, plus)| *plus)
}

/// Probability of leaving the green zone when breaches are `multiple` times as likely; the significance is what
/// the green zone comes to when they are not.
pub(super) fn light_power(observations: usize, confidence: Confidence, multiple: f64) -> Power {
    let null = Binomial::new(observations, confidence.tail());
    let yellow = first_true(0, observations + 1, |x| zone(null.at_most(x)) != Zone::Green);
    let alternative = more_breaches(confidence, multiple);
    let p = if let Alternative::BreachProbability { probability, .. } = alternative { probability } else { 0.0 };
    Power::exact(alternative, null.at_least(yellow), Binomial::new(observations, p).at_least(yellow))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_basel_committee() {
        // Basel Committee (1996), Table 2: 250 days at 99 %; probabilities are printed to four digits.
        let table = [
            (0, 0.0811, Zone::Green, 0.0),
            (1, 0.2858, Zone::Green, 0.0),
            (2, 0.5432, Zone::Green, 0.0),
            (3, 0.7581, Zone::Green, 0.0),
            (4, 0.8922, Zone::Green, 0.0),
            (5, 0.9588, Zone::Yellow, 0.40),
            (6, 0.9863, Zone::Yellow, 0.50),
            (7, 0.9960, Zone::Yellow, 0.65),
            (8, 0.9989, Zone::Yellow, 0.75),
            (9, 0.9997, Zone::Yellow, 0.85),
            (10, 0.9999, Zone::Red, 1.0),
            (40, 1.0, Zone::Red, 1.0),
        ];
        for (x, probability, zone, plus) in table {
            let light = traffic_light(250, x, Confidence::P99).unwrap();
            assert!((light.cumulative_probability - probability).abs() < 5.1e-5, "{x}");
            assert_eq!((light.zone, light.plus_factor), (zone, plus), "{x}");
        }
    }

    #[test]
    fn other_lengths_borrow_the_row_of_like_probability() {
        // SciPy 1.17.1, binom(500, 0.01).cdf: 8 → 0.93289, 9 → 0.96890, 11 → 0.99479, 14 → 0.99979, 15 → 0.99994.
        let light = |x| traffic_light(500, x, Confidence::P99).unwrap();
        assert_eq!(light(8).zone, Zone::Green);
        assert_eq!((light(9).zone, light(9).plus_factor), (Zone::Yellow, 0.40));
        assert_eq!((light(11).zone, light(11).plus_factor), (Zone::Yellow, 0.50));
        assert_eq!((light(14).zone, light(14).plus_factor), (Zone::Yellow, 0.85));
        assert_eq!((light(15).zone, light(15).plus_factor), (Zone::Red, 1.0));
    }

    #[test]
    fn power_is_the_chance_to_leave_green() {
        let outcome = traffic_light(250, 3, Confidence::P99).unwrap().outcome;
        let power = outcome.power.unwrap();
        // SciPy 1.17.1, binom.sf(4, 250, [0.01, 0.02]) and binom.sf(2, 250, 0.01); Basel (1996) prints for true coverage of
        // 99 % and 98 %: 10.8 % and 56.1 % outside green.
        assert!((power.significance - 0.107_812_37).abs() < 1e-7, "{}", power.significance);
        assert!((power.power - 0.561_280_98).abs() < 1e-7, "{}", power.power);
        assert!((outcome.p_value - 0.456_831_026_684_274).abs() < 1e-12, "{}", outcome.p_value);
        assert!(traffic_light(0, 0, Confidence::P99).is_err());
        assert!(traffic_light(2, 3, Confidence::P99).is_err());
    }
}

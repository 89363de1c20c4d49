//! When to rebalance, and why.

use alluse_risk_core::{AssetId, Error as InputError, Weights};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::band::needed;
use super::check::{length, not_negative};
use super::{Bands, Period, PeriodDay, TradingDay};
use crate::{Error, Result, RiskModel, Universe};

/// What a trigger looks at: the weights held, after their drift, and the weights wanted.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    pub(super) universe: &'a Universe,
    pub(super) held: &'a Weights,
    pub(super) target: &'a Weights,
    pub(super) day: Option<TradingDay>,
    pub(super) risk: Option<&'a RiskModel>,
}

impl<'a> Situation<'a> {
    /// Without a calendar and without a risk model.
    ///
    /// # Errors
    /// [`Error::Input`] unless there is one weight of each kind an asset.
    pub fn new(universe: &'a Universe, held: &'a Weights, target: &'a Weights) -> Result<Self> {
        length("held weights", universe.len(), held.len())?;
        length("target weights", universe.len(), target.len())?;
        Ok(Self { universe, held, target, day: None, risk: None })
    }

    /// On this trading day.
    #[must_use]
    pub fn with_day(mut self, day: TradingDay) -> Self {
        self.day = Some(day);
        self
    }

    /// With this covariance.
    ///
    /// # Errors
    /// [`Error::Input`] unless it covers as many assets, [`Error::Invalid`] when it names others.
    pub fn with_risk(mut self, risk: &'a RiskModel) -> Result<Self> {
        length("risk model", self.universe.len(), risk.len())?;
        let other = risk.assets().and_then(|names| names.iter().zip(self.universe.assets()).find(|(a, b)| a != b));
        if let Some((name, asset)) = other {
            return Err(Error::invalid("risk model", format!("it has {name} where the universe has {asset}")));
        }
        self.risk = Some(risk);
        Ok(self)
    }

    fn today(&self) -> Result<TradingDay> {
        self.day.ok_or_else(|| Error::Unsupported { what: "a calendar trigger without a trading day".to_owned() })
    }
}

/// When to rebalance.
///
/// # Examples
/// ```
/// use alluse_optimizer::Universe;
/// use alluse_optimizer::rebalance::{BandScale, Bands, Situation, Trigger, TriggerReason};
/// use alluse_risk_core::Weights;
///
/// let universe = Universe::named(["SPY", "TLT"])?;
/// let (held, target) = (Weights::new(vec![0.66, 0.34])?, Weights::new(vec![0.6, 0.4])?);
/// let trigger = Trigger::Band(Bands::uniform(BandScale::Absolute, 0.05)?);
/// let answer = trigger.evaluate(&Situation::new(&universe, &held, &target)?)?;
/// let TriggerReason::OutOfBand { asset, excess, .. } = &answer.reasons[0] else { panic!() };
/// assert!(asset.as_str() == "SPY" && (excess - 0.01).abs() < 1e-12);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trigger {
    /// This many trading days after the last rebalancing, and when there was none; zero is refused.
    EveryTradingDays(usize),
    /// On the first or last trading day of each period.
    Calendar(PeriodDay, Period),
    /// When a weight is further from its target than its band is wide.
    Band(Bands),
    /// When `√((w − w*)'Σ(w − w*))`, in volatility per period of the risk model, is above this.
    TrackingError(f64),
    /// When one of them does.
    AnyOf(Vec<Trigger>),
    /// When all of them do.
    AllOf(Vec<Trigger>),
}

/// Why a trigger fired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TriggerReason {
    /// Enough trading days have passed; `since_last` is `None` when there was no rebalancing before.
    DaysPassed {
        /// Trading days since the last rebalancing.
        since_last: Option<usize>,
        /// Trading days to wait.
        every: usize,
    },
    /// The calendar says so.
    CalendarDay {
        /// Today.
        date: Date,
        /// First or last.
        day: PeriodDay,
        /// Of what.
        period: Period,
    },
    /// A weight left its band.
    OutOfBand {
        /// Whose.
        asset: AssetId,
        /// The weight held.
        weight: f64,
        /// The weight wanted.
        target: f64,
        /// Half-width of the band in points of weight.
        half_width: f64,
        /// How far beyond the edge, in points of weight.
        excess: f64,
    },
    /// The portfolio strays too far from its target.
    TrackingError {
        /// As it is.
        value: f64,
        /// As it may be.
        limit: f64,
        /// How far beyond the limit.
        excess: f64,
    },
}

/// What a trigger says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TriggerAnswer {
    /// Why to rebalance; empty when there is no reason to.
    pub reasons: Vec<TriggerReason>,
}

impl TriggerAnswer {
    /// Whether to rebalance.
    #[must_use]
    pub fn fired(&self) -> bool {
        !self.reasons.is_empty()
    }
}

impl Trigger {
    /// Whether to rebalance now, and every reason for it.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when the situation lacks the day or the risk model that the trigger needs,
    /// [`Error::Undefined`] where the calendar ends, [`Error::Input`] for a bad parameter or a list without triggers.
    pub fn evaluate(&self, situation: &Situation<'_>) -> Result<TriggerAnswer> {
        let reasons = match self {
            Self::EveryTradingDays(every) => days_passed(*every, situation.today()?)?,
            Self::Calendar(day, period) => calendar_day(*day, *period, situation.today()?)?,
            Self::Band(bands) => out_of_band(bands, situation)?,
            Self::TrackingError(limit) => tracking_error(*limit, situation)?,
            Self::AnyOf(triggers) => each(triggers, situation)?.concat(),
            Self::AllOf(triggers) => {
                let each = each(triggers, situation)?;
                if each.iter().all(|reasons| !reasons.is_empty()) { each.concat() } else { Vec::new() }
            }
        };
        Ok(TriggerAnswer { reasons })
    }
}

fn each(triggers: &[Trigger], situation: &Situation<'_>) -> Result<Vec<Vec<TriggerReason>>> {
    if triggers.is_empty() {
        return Err(InputError::Empty { name: "triggers" }.into());
    }
    triggers.iter().map(|trigger| Ok(trigger.evaluate(situation)?.reasons)).collect()
}

fn days_passed(every: usize, day: TradingDay) -> Result<Vec<TriggerReason>> {
    if every == 0 {
        let (name, expected) = ("trading days between rebalancings", "at least 1");
        return Err(InputError::OutOfDomain { name, expected, value: 0.0 }.into());
    }
    let since_last = day.since_last;
    let due = since_last.is_none_or(|days| days >= every);
    Ok(due.then_some(TriggerReason::DaysPassed { since_last, every }).into_iter().collect())
}

fn calendar_day(day: PeriodDay, period: Period, today: TradingDay) -> Result<Vec<TriggerReason>> {
    let reason = TriggerReason::CalendarDay { date: today.date, day, period };
    Ok(today.is(day, period)?.then_some(reason).into_iter().collect())
}

fn out_of_band(bands: &Bands, situation: &Situation<'_>) -> Result<Vec<TriggerReason>> {
    let widths = bands.half_widths(situation.target, situation.risk)?;
    let weights = situation.held.view().into_iter().zip(situation.target.view());
    let assets = situation.universe.assets().iter().zip(weights.zip(widths));
    Ok(assets
        .filter_map(|(asset, ((&weight, &target), half_width))| {
            let excess = (weight - target).abs() - half_width;
            // A weight on the edge, but for rounding, is inside.
            let rounding = 4.0 * f64::EPSILON * (weight.abs() + target.abs() + half_width);
            let asset = asset.clone();
            (excess > rounding).then_some(TriggerReason::OutOfBand { asset, weight, target, half_width, excess })
        })
        .collect())
}

fn tracking_error(limit: f64, situation: &Situation<'_>) -> Result<Vec<TriggerReason>> {
    let limit = not_negative("tracking error limit", limit)?;
    let active = &situation.held.view() - &situation.target.view();
    let value = needed(situation.risk)?.variance_of(active.view())?.sqrt();
    let reason = TriggerReason::TrackingError { value, limit, excess: value - limit };
    Ok((value > limit).then_some(reason).into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rebalance::BandScale;
    use alluse_risk_core::{Covariance, Horizon};
    use jiff::civil::date;
    use ndarray::array;

    struct Case {
        universe: Universe,
        held: Weights,
        target: Weights,
        risk: RiskModel,
    }

    /// Volatilities of 2 % and 1 % a day, uncorrelated.
    fn case(held: [f64; 2], target: [f64; 2]) -> Result<Case> {
        Ok(Case {
            universe: Universe::named(["A", "B"])?,
            held: Weights::new(held.to_vec())?,
            target: Weights::new(target.to_vec())?,
            risk: Covariance::new(array![[4e-4, 0.0], [0.0, 1e-4]])?.into(),
        })
    }

    fn names(case: &Case, trigger: &Trigger) -> Result<Vec<String>> {
        let situation = Situation::new(&case.universe, &case.held, &case.target)?.with_risk(&case.risk)?;
        let answer = trigger.evaluate(&situation)?;
        let name = |reason| match reason {
            TriggerReason::OutOfBand { asset, .. } => asset.to_string(),
            other => format!("{other:?}"),
        };
        Ok(answer.reasons.into_iter().map(name).collect())
    }

    #[test]
    fn bands_name_the_assets_outside() -> Result<()> {
        let case = case([0.86, 0.14], [0.9, 0.1])?;
        let absolute = |width| Bands::uniform(BandScale::Absolute, width).map(Trigger::Band);
        assert_eq!(names(&case, &absolute(0.03)?)?, ["A", "B"]);
        assert!(names(&case, &absolute(0.04)?)?.is_empty()); // on the edge, but for rounding
        // 0.04 is 4.4 % of 0.9 and 40 % of 0.1.
        let relative = |width| Bands::uniform(BandScale::Relative, width).map(Trigger::Band);
        assert_eq!(names(&case, &relative(0.25)?)?, ["B"]);
        let each = Trigger::Band(Bands::each(BandScale::Absolute, vec![0.03, 0.05])?);
        assert_eq!(names(&case, &each)?, ["A"]);
        // One and a half deviations over four days are 6 points for A and 3 for B.
        let scaled = |k| Bands::volatility_scaled(BandScale::Absolute, k, Horizon::days(4)?).map(Trigger::Band);
        assert_eq!(names(&case, &scaled(1.5)?)?, ["B"]);
        Ok(())
    }

    #[test]
    fn tracking_error_by_hand() -> Result<()> {
        // Off by 0.03 and 0.08: √(0.03² 4e-4 + 0.08² 1e-4) = 1e-3.
        let case = case([0.53, 0.32], [0.5, 0.4])?;
        assert!(names(&case, &Trigger::TrackingError(1.000_001e-3))?.is_empty());
        let fired = names(&case, &Trigger::TrackingError(0.9e-3))?;
        assert_eq!(fired.len(), 1);
        Ok(())
    }

    #[test]
    fn any_and_all() -> Result<()> {
        let case = case([0.6, 0.4], [0.5, 0.5])?;
        let near = Trigger::Band(Bands::uniform(BandScale::Absolute, 0.05)?);
        let far = Trigger::Band(Bands::uniform(BandScale::Absolute, 0.2)?);
        assert_eq!(names(&case, &Trigger::AnyOf(vec![near.clone(), far.clone()]))?, ["A", "B"]);
        assert!(names(&case, &Trigger::AllOf(vec![near.clone(), far]))?.is_empty());
        assert_eq!(names(&case, &Trigger::AllOf(vec![near.clone(), near]))?.len(), 4);
        assert!(names(&case, &Trigger::AnyOf(Vec::new())).is_err());
        Ok(())
    }

    #[test]
    fn every_third_day_counts_from_the_last() -> Result<()> {
        let case = case([0.6, 0.4], [0.6, 0.4])?;
        let calendar: Vec<_> = (1..=7).map(|day| date(2024, 5, day)).collect();
        let fired = |index, last| -> Result<bool> {
            let day = TradingDay::of(&calendar, index, last)?;
            let situation = Situation::new(&case.universe, &case.held, &case.target)?.with_day(day);
            Ok(Trigger::EveryTradingDays(3).evaluate(&situation)?.fired())
        };
        assert!(fired(0, None)? && !fired(3, Some(1))? && fired(4, Some(1))? && fired(6, Some(1))?);
        Ok(())
    }

    #[test]
    fn what_is_missing_is_said() -> Result<()> {
        let case = case([0.6, 0.4], [0.5, 0.5])?;
        let bare = Situation::new(&case.universe, &case.held, &case.target)?;
        let scaled = Bands::volatility_scaled(BandScale::Relative, 1.0, Horizon::days(1)?)?;
        let lacking = [
            Trigger::EveryTradingDays(1),
            Trigger::Calendar(PeriodDay::First, Period::Month),
            Trigger::TrackingError(0.01),
            Trigger::Band(scaled),
        ];
        for trigger in lacking {
            assert!(matches!(trigger.evaluate(&bare), Err(Error::Unsupported { .. })), "{trigger:?}");
        }
        let with_risk = bare.with_risk(&case.risk)?;
        assert!(Trigger::TrackingError(f64::NAN).evaluate(&with_risk).is_err());
        assert!(Trigger::Band(Bands::each(BandScale::Absolute, vec![0.1])?).evaluate(&bare).is_err());
        assert!(Bands::uniform(BandScale::Absolute, -0.1).is_err());
        assert!(Bands::each(BandScale::Absolute, vec![0.1, f64::NAN]).is_err());
        let three = Universe::named(["A", "B", "C"])?;
        assert!(Situation::new(&three, &case.held, &case.target).is_err());
        let text = r#"{"band": {"scale": "absolute", "width": {"uniform": -1.0}}}"#;
        assert!(serde_json::from_str::<Trigger>(text).is_err());
        Ok(())
    }
}

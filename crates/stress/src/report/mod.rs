//! Stress reports: what a book loses in each scenario, where, and what it then needs.

mod limits;
mod run;

use alluse_instruments::margin::{MarginComparison, PortfolioMarginRules, StrategyMarginRules};
use alluse_instruments::{PortfolioGreeks, Revaluation};
use alluse_risk_core::{
    Assumption, Coverage, ErrorKind, Limit, Measure, Receipt, RowId, ScenarioId, Status, Unvalued, Verdict,
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub use limits::stress_losses;

use crate::scenario::check_list;
use crate::{CompileOptions, Result, StressScenario};

/// A stress test: scenarios, and what is asked of each.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `compile` | refuse | how scenarios become factor shocks |
/// | `revaluation` | exact | how positions are revalued |
/// | `axes` | none | label axes of the breakdowns |
/// | `limits` | none | limits on [`Measure::StressLoss`] |
/// | `worst_positions` | 5 | positions listed per scenario |
/// | `margin` | none | margin after the shock, by account |
/// | `greeks_after` | no | greeks after the shock |
///
/// ```
/// use alluse_instruments::{Book, MarketSnapshot, Multiplier, OptionContract};
/// use alluse_risk_core::labels::LabelSelector;
/// use alluse_risk_core::{Bound, Limit, Measure, Verdict};
/// use alluse_stress::{Assets, Shock, Step, StressScenario, StressTest, Target};
/// use jiff::civil::date;
///
/// let market = MarketSnapshot::usd(date(2018, 12, 31))
///     .with_spot("KO", 41.0)?
///     .with_volatility("KO", 0.2)?
///     .with_rate("USD", 0.02)?
///     .with_dividend_yield("KO", 0.0)?;
/// let put = OptionContract::put("KO", 40.0, date(2019, 1, 18), Multiplier::EQUITY)?;
/// let book = Book::builder().cash("USD", 5_000.0).option(put, -1.0).build(&market)?;
/// let crash = StressScenario::new(
///     "crash",
///     vec![
///         Step::new(Target::Spot(Assets::Every), Shock::Relative(-0.20)),
///         Step::new(Target::volatility_of(Assets::Every), Shock::Absolute(0.25)),
///     ],
/// )?;
/// let limit = Limit {
///     name: "no scenario costs more than 500".into(),
///     measure: Measure::StressLoss { scenario: None },
///     scope: LabelSelector::All,
///     bound: Bound::AtMost { limit: 500.0, warn_at: None },
/// };
/// let report = StressTest::new(vec![crash])?.with_limits(vec![limit])?.run(&book)?;
/// assert_eq!(report.verdict, Verdict::Breach);
/// assert!(*report.scenarios[0].pnl.known().unwrap() < -600.0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct StressTest {
    scenarios: Vec<StressScenario>,
    compile: CompileOptions,
    revaluation: Revaluation,
    calendar: alluse_instruments::ExchangeCalendar,
    axes: Vec<String>,
    limits: Vec<Limit>,
    worst_positions: usize,
    margin: Option<MarginAfter>,
    greeks_after: bool,
}

/// How margin after the shock is computed.
#[derive(Debug, Clone, PartialEq)]
struct MarginAfter {
    axis: Option<String>,
    strategy_based: StrategyMarginRules,
    portfolio: PortfolioMarginRules,
}

/// What a book does in every scenario of a test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StressReport {
    /// Valuation date.
    pub as_of: Date,
    /// Base currency.
    pub base: String,
    /// Value of the positions that have one today.
    pub value: f64,
    /// Which part of the book that is.
    pub coverage: Coverage,
    /// One result a scenario, in the order in which they were given.
    pub scenarios: Vec<ScenarioResult>,
    /// The worst verdict of all limits in all scenarios; a breach before an unknown.
    pub verdict: Verdict,
    /// Hash of inputs and settings, versions, assumptions.
    pub receipt: Receipt,
}

/// What a book does in one scenario. Gains are positive, in base currency.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScenarioResult {
    /// The scenario.
    pub name: ScenarioId,
    /// What it is about.
    pub description: String,
    /// Where its numbers come from.
    pub source: Option<String>,
    /// Exchange days it takes; 0 is now.
    pub days: u32,
    /// P&L of the book.
    pub pnl: Status<f64>,
    /// P&L by the labels of each axis.
    pub by_label: Vec<AxisPnl>,
    /// The positions that lose most, the worst first.
    pub worst_positions: Vec<(RowId, f64)>,
    /// Positions without a number, and why.
    pub unvalued: Vec<Unvalued>,
    /// Greeks after the shock, by label of the first axis or of the book; `None` when not asked for.
    pub greeks_after: Option<Status<Vec<PortfolioGreeks>>>,
    /// Margin after the shock, by account; `None` when not asked for.
    pub margin_after: Option<Status<Vec<MarginComparison>>>,
    /// Cash that assignment would take after the shock.
    pub assignment: Status<AssignmentCash>,
    /// Verdict of each limit.
    pub verdicts: Vec<LimitVerdict>,
    /// What the P&L speaks for.
    pub coverage: Coverage,
    /// What was taken for granted.
    pub assumptions: Vec<Assumption>,
}

/// P&L by the labels of an axis.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AxisPnl {
    /// The axis.
    pub axis: String,
    /// Label and P&L; the valued ones add up to the book's.
    pub labels: Vec<(RowId, Status<f64>)>,
}

/// Cash that short puts take when they are assigned after a shock.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AssignmentCash {
    /// `Σ strike · units` of the short puts that are then in the money.
    pub in_the_money: f64,
    /// The same of every short put.
    pub every_short_put: f64,
    /// Cash in the book after the shock, with what expired options paid.
    pub cash: f64,
    /// What the in-the-money assignments need beyond the cash; 0 when it suffices.
    pub shortfall: f64,
}

/// One limit in one scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LimitVerdict {
    /// The limit's name.
    pub limit: String,
    /// The loss it was judged on.
    pub loss: Status<f64>,
    /// The verdict; what could not be computed is not passed.
    pub verdict: Verdict,
}

impl StressTest {
    /// A test of these scenarios.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) without scenarios, or for two of one name.
    pub fn new(scenarios: Vec<StressScenario>) -> Result<Self> {
        check_list(&scenarios)?;
        Ok(Self {
            scenarios,
            compile: CompileOptions::default(),
            revaluation: Revaluation::default(),
            calendar: alluse_instruments::ExchangeCalendar::weekdays(),
            axes: Vec::new(),
            limits: Vec::new(),
            worst_positions: 5,
            margin: None,
            greeks_after: false,
        })
    }

    /// With other ways to compile scenarios.
    #[must_use]
    pub fn with_compile(self, compile: CompileOptions) -> Self {
        Self { compile, ..self }
    }

    /// With another revaluation. Its time roll plays no part: each scenario says how long it takes.
    #[must_use]
    pub fn with_revaluation(self, revaluation: Revaluation) -> Self {
        Self { revaluation, ..self }
    }

    /// With the exchange days that scenarios count.
    #[must_use]
    pub fn with_calendar(self, calendar: alluse_instruments::ExchangeCalendar) -> Self {
        Self { revaluation: self.revaluation.with_calendar(calendar.clone()), calendar, ..self }
    }

    /// With a breakdown by each of these axes.
    #[must_use]
    pub fn with_axes(self, axes: &[&str]) -> Self {
        Self { axes: axes.iter().map(|axis| (*axis).to_owned()).collect(), ..self }
    }

    /// With limits on the loss: [`Measure::StressLoss`] of one scenario by name, or of each.
    ///
    /// # Errors
    /// [`Error::Scenario`](crate::Error::Scenario) for a limit on a scenario that is not run;
    /// [`Error::Input`](crate::Error::Input) for a limit on another measure.
    pub fn with_limits(self, limits: Vec<Limit>) -> Result<Self> {
        for limit in &limits {
            let Measure::StressLoss { scenario } = &limit.measure else {
                let what = "a stress test of a limit on another measure than the stress loss";
                return Err(alluse_risk_core::Error::Unsupported { what }.into());
            };
            if let Some(name) = scenario
                && !self.scenarios.iter().any(|run| run.name() == name)
            {
                let message = format!("limit {:?} is on it, but it is not among those that are run", limit.name);
                return Err(crate::Error::Scenario { scenario: name.to_string(), message });
            }
        }
        Ok(Self { limits, ..self })
    }

    /// With another number of positions listed per scenario.
    #[must_use]
    pub fn with_worst_positions(self, worst_positions: usize) -> Self {
        Self { worst_positions, ..self }
    }

    /// With margin after the shock, by the labels of `axis` or for the whole book.
    #[must_use]
    pub fn with_margin(
        self,
        axis: Option<&str>,
        strategy_based: StrategyMarginRules,
        portfolio: PortfolioMarginRules,
    ) -> Self {
        let axis = axis.map(str::to_owned);
        Self { margin: Some(MarginAfter { axis, strategy_based, portfolio }), ..self }
    }

    /// With greeks after the shock, by the first axis or for the whole book.
    #[must_use]
    pub fn with_greeks_after(self) -> Self {
        Self { greeks_after: true, ..self }
    }
}

impl StressReport {
    /// The result of a scenario.
    #[must_use]
    pub fn scenario(&self, name: &str) -> Option<&ScenarioResult> {
        self.scenarios.iter().find(|result| result.name.as_str() == name)
    }

    /// The scenarios from the worst P&L to the best; those without one come first, for they are not known to be
    /// harmless.
    #[must_use]
    pub fn ranked(&self) -> Vec<&ScenarioResult> {
        let mut ranked: Vec<&ScenarioResult> = self.scenarios.iter().collect();
        let pnl = |result: &ScenarioResult| result.pnl.value().copied().unwrap_or(f64::NEG_INFINITY);
        ranked.sort_by(|a, b| pnl(a).total_cmp(&pnl(b)));
        ranked
    }
}

fn unknown<T>(kind: ErrorKind, reason: impl ToString) -> Status<T> {
    Status::Unknown { kind, reason: reason.to_string() }
}

#[cfg(test)]
mod tests;

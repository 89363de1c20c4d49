//! Running a stress test.

use std::collections::BTreeMap;

use alluse_instruments::margin::{MarginComparison, compare};
use alluse_instruments::pricing::OptionKind;
use alluse_instruments::{Book, BookAfter, Error as PricingError, Instrument, PortfolioGreeks, TimeRoll};
use alluse_risk_core::{
    Assumption, Coverage, Error as CoreError, Horizon, InputHash, Receipt, RowId, ScenarioId, ScenarioPnl, Status,
    Verdict,
};

use super::limits::{column, judge, worst};
use super::{AssignmentCash, AxisPnl, MarginAfter, ScenarioResult, StressReport, StressTest, unknown};
use crate::{CompiledSet, Result, StressScenario, compile, write_scenarios};

impl StressTest {
    /// What the book does in every scenario.
    ///
    /// A position that cannot be valued lowers the coverage of a scenario, a question that cannot be answered after
    /// the shock is unknown with the reason; neither stops the report.
    ///
    /// # Errors
    /// Those of [`compile`], of [`Revaluation::revalue`](alluse_instruments::Revaluation::revalue), and
    /// [`Error::Input`](crate::Error::Input) for an axis that no position has.
    pub fn run(&self, book: &Book) -> Result<StressReport> {
        let mut results: BTreeMap<ScenarioId, ScenarioResult> = BTreeMap::new();
        let mut assumptions: Vec<Assumption> = Vec::new();
        let scenarios: BTreeMap<&ScenarioId, &StressScenario> = self.scenarios.iter().map(|s| (s.name(), s)).collect();
        for set in compile(&self.scenarios, book, &self.compile)? {
            let pnl = set.revalue(book, &self.revaluation)?;
            let grouped =
                self.axes.iter().map(|axis| pnl.group_by(axis)).collect::<std::result::Result<Vec<_>, _>>()?;
            let verdicts = judge(&pnl, &self.limits);
            assumptions
                .extend(pnl.assumptions().iter().filter(|a| !assumptions.contains(a)).cloned().collect::<Vec<_>>());
            for ((index, id), verdicts) in set.scenarios().ids().iter().enumerate().zip(verdicts) {
                let Some(scenario) = scenarios.get(id) else { continue };
                let after = self.after(book, &set, index);
                let result = ScenarioResult {
                    name: id.clone(),
                    description: scenario.description().to_owned(),
                    source: scenario.source().map(str::to_owned),
                    days: set.days(),
                    pnl: column(&pnl, index),
                    by_label: self.axes.iter().zip(&grouped).map(|(axis, pnl)| by_label(axis, pnl, index)).collect(),
                    worst_positions: self.worst(&pnl, index),
                    unvalued: pnl.unvalued().to_vec(),
                    greeks_after: self.greeks_after.then(|| answer(&after, |after| self.greeks(after))),
                    margin_after: self.margin.as_ref().map(|rules| answer(&after, |after| margin(rules, after))),
                    assignment: answer(&after, assignment),
                    verdicts,
                    coverage: pnl.coverage(),
                    assumptions: scenario_assumptions(scenario, &pnl),
                };
                results.insert(id.clone(), result);
            }
        }
        let results: Vec<ScenarioResult> =
            self.scenarios.iter().filter_map(|scenario| results.remove(scenario.name())).collect();
        let verdict = worst(results.iter().flat_map(|result| &result.verdicts).map(|v| v.verdict));
        self.report(book, results, verdict, &assumptions)
    }

    fn report(
        &self,
        book: &Book,
        scenarios: Vec<ScenarioResult>,
        verdict: Verdict,
        assumptions: &[Assumption],
    ) -> Result<StressReport> {
        let (exposure, coverage) = book.exposure();
        let unwritable = |_| CoreError::Unsupported { what: "a book or scenario that cannot be written as JSON" };
        let bytes = serde_json::to_vec(book).map_err(unwritable)?;
        let receipt = Receipt::new(write_scenarios(&self.scenarios)?)
            .with_input(InputHash::of_bytes("book", &bytes))
            .with_version(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
            .with_assumptions(assumptions);
        Ok(StressReport {
            as_of: book.market().as_of(),
            base: book.market().base().to_string(),
            value: exposure.market_value,
            coverage,
            scenarios,
            verdict,
            receipt,
        })
    }

    /// The book at the end of a scenario, or why there is none.
    fn after(&self, book: &Book, set: &CompiledSet, index: usize) -> std::result::Result<BookAfter, PricingError> {
        let today = book.market().as_of();
        let end = match set.time_roll() {
            TimeRoll::Instant => today,
            TimeRoll::Horizon => self.calendar.advance(today, Horizon::days(set.days())?),
        };
        book.after(set.scenarios(), index, end)
    }

    fn worst(&self, pnl: &ScenarioPnl, index: usize) -> Vec<(RowId, f64)> {
        let mut rows: Vec<(RowId, f64)> = pnl.rows().iter().cloned().zip(pnl.values().column(index).to_vec()).collect();
        rows.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
        rows.retain(|(_, value)| *value < 0.0);
        rows.truncate(self.worst_positions);
        rows
    }

    fn greeks(&self, after: &BookAfter) -> std::result::Result<Status<Vec<PortfolioGreeks>>, PricingError> {
        let greeks = after.book.greeks_by(self.axes.first().map(String::as_str), None)?;
        let coverage = greeks.iter().fold(Coverage::complete(0, 0.0), |all, label| all.and(label.coverage));
        Ok(Status::with_coverage(greeks, coverage))
    }
}

/// The answer to a question about the book after a scenario; without one, the reason.
fn answer<T>(
    after: &std::result::Result<BookAfter, PricingError>,
    question: impl FnOnce(&BookAfter) -> std::result::Result<Status<T>, PricingError>,
) -> Status<T> {
    after.as_ref().map_err(Clone::clone).and_then(question).unwrap_or_else(|error| unknown(error.kind(), error))
}

fn by_label(axis: &str, pnl: &ScenarioPnl, index: usize) -> AxisPnl {
    let valued = pnl.rows().iter().zip(pnl.row_coverage()).zip(pnl.values().column(index).to_vec());
    let valued = valued.map(|((row, coverage), value)| (row.clone(), Status::with_coverage(value, *coverage)));
    let without = pnl.unvalued().iter().map(|row| (row.row.clone(), unknown(row.kind, &row.reason)));
    AxisPnl { axis: axis.to_owned(), labels: valued.chain(without).collect() }
}

/// What was taken for granted in this scenario, without what the others of its set say of themselves.
fn scenario_assumptions(scenario: &StressScenario, pnl: &ScenarioPnl) -> Vec<Assumption> {
    let own = format!("scenario {:?}:", scenario.name().as_str());
    let concerns = |assumption: &&Assumption| match assumption {
        Assumption::ModelledInput { description: text } | Assumption::Note { text } => {
            !text.starts_with("scenario \"") || text.starts_with(&own)
        }
        _ => true,
    };
    pnl.assumptions().iter().filter(concerns).cloned().collect()
}

fn margin(rules: &MarginAfter, after: &BookAfter) -> std::result::Result<Status<Vec<MarginComparison>>, PricingError> {
    let accounts = compare(&after.book, rules.axis.as_deref(), &rules.strategy_based, &rules.portfolio)?;
    Ok(Status::Known(accounts))
}

fn assignment(after: &BookAfter) -> std::result::Result<Status<AssignmentCash>, PricingError> {
    let (book, market) = (&after.book, after.book.market());
    let missing = |name: &dyn ToString| PricingError::MissingQuote { what: "price", name: name.to_string() };
    let settled: f64 = after.settled.iter().map(|(_, cash)| cash).sum();
    let (mut in_the_money, mut every_short_put, mut cash) = (0.0, 0.0, settled + after.dividends);
    for position in book.positions() {
        let currency = book.currency(position);
        let fx = market.fx(currency).ok_or_else(|| missing(currency))?;
        match &position.instrument {
            Instrument::Cash { .. } => cash += position.quantity * fx,
            Instrument::Option(contract) if contract.kind() == OptionKind::Put && position.quantity < 0.0 => {
                let amount = -position.units() * contract.strike() * fx;
                every_short_put += amount;
                let spot = market.spot(contract.underlying()).ok_or_else(|| missing(contract.underlying()))?;
                if spot < contract.strike() {
                    in_the_money += amount;
                }
            }
            Instrument::Option(_) | Instrument::Share { .. } => {}
        }
    }
    let shortfall = (in_the_money - cash).max(0.0);
    Ok(Status::Known(AssignmentCash { in_the_money, every_short_put, cash, shortfall }))
}

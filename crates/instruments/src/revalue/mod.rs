//! Full revaluation of a book under scenarios: from `Book` × `ScenarioSet` to the P&L cube.

mod after;
mod approximate;
mod factors;
mod row;

use std::collections::BTreeMap;

use alluse_risk_core::labels::LabelTable;
use alluse_risk_core::{
    Assumption, Coverage, Error as CoreError, ErrorKind, RowId, ScenarioPnl, ScenarioPnlParts, ScenarioSet, Unvalued,
};
use ndarray::Array2;
use serde::{Deserialize, Serialize};

pub use after::BookAfter;
pub use approximate::Method;
use factors::Factors;
pub use factors::HeldFixed;
use row::{Plan, Scratch};

use crate::{Book, Error, ExchangeCalendar, Result};

/// Whether the book grows older in a scenario.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeRoll {
    /// Options lose the calendar time to the exchange day that ends the horizon.
    #[default]
    Horizon,
    /// The shock happens now.
    Instant,
}

/// How a book is revalued.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `time_roll` | `Horizon` | whether options age by the horizon |
/// | `calendar` | weekdays | which days the horizon counts |
/// | `method` | `Exact` | full revaluation, or a checked approximation where it is good enough |
/// | `held_fixed` | nothing | volatility factors that may be missing from the scenarios |
/// | `max_cells` | 250 million | largest cube that is made; beyond it, group by label |
///
/// ```
/// use alluse_instruments::{Book, HeldFixed, MarketSnapshot, Multiplier, OptionContract, Revaluation};
/// use alluse_risk_core::{AssetId, Factor, Horizon, ScenarioSet, ShockKind};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let market = MarketSnapshot::usd(date(2018, 12, 31))
///     .with_spot("KO", 41.0)?
///     .with_volatility("KO", 0.2)?
///     .with_rate("USD", 0.02)?
///     .with_dividend_yield("KO", 0.0)?;
/// let put = OptionContract::put("KO", 40.0, date(2019, 1, 18), Multiplier::EQUITY)?;
/// let book = Book::builder().share("KO", 100.0).option(put, -1.0).build(&market)?;
/// let spot = (Factor::Spot(AssetId::new("KO")?), ShockKind::Relative);
/// let crash = ScenarioSet::new(date(2018, 12, 31), Horizon::DAY, vec![spot], array![[-0.10], [0.0]])?;
///
/// let pnl = Revaluation::default().with_held_fixed(HeldFixed::Volatility).revalue(&book, &crash)?;
/// assert!((pnl.values()[[0, 0]] + 410.0).abs() < 1e-9); // the shares lose exactly a tenth
/// assert!(pnl.values()[[1, 0]] < -200.0); // and the short put loses on top
/// assert!(pnl.values()[[1, 1]] > 0.0); // a quiet day is worth a day of theta
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Revaluation {
    time_roll: TimeRoll,
    calendar: ExchangeCalendar,
    method: Method,
    held_fixed: Option<HeldFixed>,
    max_cells: usize,
}

impl Default for Revaluation {
    fn default() -> Self {
        Self {
            time_roll: TimeRoll::default(),
            calendar: ExchangeCalendar::weekdays(),
            method: Method::Exact,
            held_fixed: None,
            max_cells: 250_000_000,
        }
    }
}

impl Revaluation {
    /// Whether options age by the horizon.
    #[must_use]
    pub fn with_time_roll(mut self, time_roll: TimeRoll) -> Self {
        self.time_roll = time_roll;
        self
    }

    /// Which days the horizon counts.
    #[must_use]
    pub fn with_calendar(mut self, calendar: ExchangeCalendar) -> Self {
        self.calendar = calendar;
        self
    }

    /// Full revaluation, or a checked approximation.
    #[must_use]
    pub fn with_method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Which missing factors stay where they are; every one is recorded as an assumption.
    #[must_use]
    pub fn with_held_fixed(mut self, held_fixed: HeldFixed) -> Self {
        self.held_fixed = Some(held_fixed);
        self
    }

    /// The largest cube to make, in cells.
    #[must_use]
    pub fn with_max_cells(mut self, max_cells: usize) -> Self {
        self.max_cells = max_cells;
        self
    }

    /// The P&L of every position in every scenario.
    ///
    /// A position without price, volatility, rate, dividend yield or model, and one whose price has no
    /// scenarios, stays in the result as an unvalued row with the reason and lowers the coverage.
    ///
    /// # Errors
    /// [`Error::TooLarge`] before anything is allocated; [`Error::AsOfMismatch`] when the scenarios start
    /// on another day than the market; [`Error::MissingFactor`] for a volatility or currency that the
    /// scenarios do not move; [`Error::ShockOutOfDomain`] when a shock leads below zero.
    pub fn revalue(&self, book: &Book, scenarios: &ScenarioSet) -> Result<ScenarioPnl> {
        let cells = book.positions().len().saturating_mul(scenarios.len());
        if cells > self.max_cells {
            return Err(Error::TooLarge { cells, limit: self.max_cells });
        }
        let mut run = Run::new(self, book, scenarios)?;
        let mut values = Array2::zeros((run.plans.len(), scenarios.len()));
        let outcomes = run.fill_rows(&mut values)?;
        let failed = run.note(outcomes);
        if !failed.is_empty() {
            let kept: Vec<usize> = (0..run.plans.len()).filter(|i| !failed.iter().any(|(f, _)| f == i)).collect();
            values = values.select(ndarray::Axis(0), &kept);
            run.drop_plans(failed);
        }
        let rows: Vec<usize> = run.plans.iter().map(|plan| plan.position).collect();
        let order: Vec<usize> = rows.iter().copied().chain(run.unvalued.iter().map(|(i, _)| *i)).collect();
        let parts = ScenarioPnlParts {
            rows: rows.iter().map(|&i| book.positions()[i].id.clone()).collect(),
            values,
            row_coverage: rows.iter().map(|&i| book.coverage_of(&book.positions()[i], true)).collect(),
            unvalued: run.unvalued.iter().map(|(_, unvalued)| unvalued.clone()).collect(),
            labels: book.labels().rows_at(&order)?,
            ..run.frame()
        };
        Ok(ScenarioPnl::new(parts)?)
    }

    /// The P&L of every label of an axis, accumulated block by block: a million positions never become a
    /// million rows. The same numbers as [`revalue`](Self::revalue) followed by
    /// [`group_by`](ScenarioPnl::group_by).
    ///
    /// # Errors
    /// As [`revalue`](Self::revalue), and [`CoreError::Unknown`] for an axis that no position has.
    pub fn revalue_by(&self, book: &Book, scenarios: &ScenarioSet, axis: &str) -> Result<ScenarioPnl> {
        let groups = book.labels().group_by(axis)?;
        let cells = groups.len().saturating_mul(scenarios.len());
        if cells > self.max_cells {
            return Err(Error::TooLarge { cells, limit: self.max_cells });
        }
        let mut group_of = vec![0; book.positions().len()];
        for (index, group) in groups.iter().enumerate() {
            group.rows.iter().for_each(|&row| group_of[row] = index);
        }
        let mut run = Run::new(self, book, scenarios)?;
        let mut sums = run.accumulate(groups.len(), &group_of)?;
        let mut coverage = vec![Coverage::complete(0, 0.0); groups.len()];
        let mut valued = vec![false; groups.len()];
        for plan in &run.plans {
            let group = group_of[plan.position];
            valued[group] = true;
            coverage[group] = coverage[group].and(book.coverage_of(&book.positions()[plan.position], true));
        }
        let mut reasons: Vec<Vec<(ErrorKind, &str)>> = vec![Vec::new(); groups.len()];
        for (position, unvalued) in &run.unvalued {
            let group = group_of[*position];
            coverage[group] = coverage[group].and(unvalued.coverage);
            if !reasons[group].iter().any(|(_, reason)| *reason == unvalued.reason) {
                reasons[group].push((unvalued.kind, &unvalued.reason));
            }
        }
        // In the order of `group_by` on the cube, where valued positions come before the others.
        let mut first_use = vec![usize::MAX; groups.len()];
        let in_cube = run.plans.iter().map(|plan| plan.position).chain(run.unvalued.iter().map(|(i, _)| *i));
        for (place, position) in in_cube.enumerate() {
            let group = group_of[position];
            first_use[group] = first_use[group].min(place);
        }
        let mut order: Vec<usize> = (0..groups.len()).collect();
        order.sort_by_key(|&g| (groups[g].label.is_none(), first_use[g]));
        let (with, without): (Vec<usize>, Vec<usize>) = order.into_iter().partition(|&g| valued[g]);
        sums = sums.select(ndarray::Axis(0), &with);
        let unvalued = without
            .iter()
            .map(|&g| {
                let kind = reasons[g].first().map_or(ErrorKind::Undefined, |(kind, _)| *kind);
                let reason = reasons[g].iter().map(|(_, reason)| *reason).collect::<Vec<_>>().join("; ");
                Ok(Unvalued { row: RowId::new(groups[g].name())?, kind, reason, coverage: coverage[g] })
            })
            .collect::<Result<Vec<_>>>()?;
        let names = with.iter().chain(&without).map(|&g| groups[g].label.clone()).collect();
        let parts = ScenarioPnlParts {
            rows: with.iter().map(|&g| RowId::new(groups[g].name())).collect::<std::result::Result<_, CoreError>>()?,
            values: sums,
            row_coverage: with.iter().map(|&g| coverage[g]).collect(),
            unvalued,
            labels: LabelTable::new(groups.len()).with_axis(axis, names)?,
            ..run.frame()
        };
        Ok(ScenarioPnl::new(parts)?)
    }
}

impl Book {
    /// The P&L cube by exact revaluation with the default [`Revaluation`].
    ///
    /// # Errors
    /// As [`Revaluation::revalue`].
    pub fn revalue(&self, scenarios: &ScenarioSet) -> Result<ScenarioPnl> {
        Revaluation::default().revalue(self, scenarios)
    }
}

/// One revaluation under way.
struct Run<'a> {
    book: &'a Book,
    scenarios: &'a ScenarioSet,
    factors: Factors,
    method: Method,
    plans: Vec<Plan<'a>>,
    unvalued: Vec<(usize, Unvalued)>,
    assumptions: Vec<Assumption>,
}

impl<'a> Run<'a> {
    fn new(config: &Revaluation, book: &'a Book, scenarios: &'a ScenarioSet) -> Result<Self> {
        let market = book.market();
        if market.as_of() != scenarios.as_of() {
            return Err(Error::AsOfMismatch { market: market.as_of(), scenarios: scenarios.as_of() });
        }
        let end = match config.time_roll {
            TimeRoll::Instant => market.as_of(),
            TimeRoll::Horizon => config.calendar.advance(market.as_of(), scenarios.horizon()),
        };
        let factors = Factors::new(book, scenarios, config.held_fixed)?;
        let mut assumptions = factors.assumptions();
        let mut plans = Vec::new();
        let mut unvalued = Vec::new();
        for (index, position) in book.positions().iter().enumerate() {
            match Plan::new(book, &factors, index, end) {
                Ok(plan) => {
                    assumptions.extend(plan.assumptions(position));
                    plans.push(plan);
                }
                Err(error) => unvalued.push((index, without_value(book, index, &error))),
            }
        }
        Ok(Self { book, scenarios, factors, method: config.method, plans, unvalued, assumptions })
    }

    /// Prices every plan into its row, in parallel over rows; each row is computed by one thread, so the
    /// numbers do not depend on how many there are. American options that share their exercise boundaries go together.
    fn fill_rows(&self, values: &mut Array2<f64>) -> Result<Vec<Result<row::Outcome>>> {
        let columns = self.scenarios.len();
        let flat = values.as_slice_mut().ok_or(CoreError::Unsupported { what: "a cube that is not contiguous" })?;
        let mut rows: Vec<Option<&mut [f64]>> = flat.chunks_mut(columns).map(Some).collect();
        let tasks: Vec<(Vec<usize>, Vec<&mut [f64]>)> = self
            .families()
            .into_iter()
            .map(|family| {
                let taken = family.iter().filter_map(|&plan| rows[plan].take()).collect();
                (family, taken)
            })
            .collect();
        let fill = |scratch: &mut Scratch, (family, mut rows): (Vec<usize>, Vec<&mut [f64]>)| {
            let plans: Vec<&Plan<'_>> = family.iter().map(|&plan| &self.plans[plan]).collect();
            if plans.len() > 1 && Plan::fill_together(&plans, &self.factors, 0..columns, scratch, &mut rows).is_ok() {
                return family.into_iter().map(|plan| (plan, Ok(row::Outcome::default()))).collect();
            }
            // Alone, or one by one where an error must find its row.
            let each = family.into_iter().zip(plans).zip(rows);
            each.map(|((index, plan), out)| (index, plan.fill(&self.factors, self.method, 0..columns, scratch, out)))
                .collect::<Vec<_>>()
        };
        #[cfg(feature = "parallel")]
        let mut outcomes: Vec<(usize, Result<row::Outcome>)> = {
            use rayon::prelude::*;
            tasks.into_par_iter().map_init(Scratch::default, fill).flatten_iter().collect()
        };
        #[cfg(not(feature = "parallel"))]
        let mut outcomes: Vec<(usize, Result<row::Outcome>)> = {
            let mut scratch = Scratch::default();
            tasks.into_iter().flat_map(|task| fill(&mut scratch, task)).collect()
        };
        outcomes.sort_by_key(|(plan, _)| *plan);
        Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
    }

    /// Plans that are filled together: those that share exercise boundaries, and every other one alone.
    fn families(&self) -> Vec<Vec<usize>> {
        let mut families: Vec<Vec<usize>> = Vec::new();
        let mut place: BTreeMap<row::BoundaryKey<'_>, usize> = BTreeMap::new();
        for (index, plan) in self.plans.iter().enumerate() {
            match plan.boundary_key(&self.factors).filter(|_| self.method == Method::Exact) {
                None => families.push(vec![index]),
                Some(key) => {
                    let family = *place.entry(key).or_insert(families.len());
                    match families.get_mut(family) {
                        Some(members) => members.push(index),
                        None => families.push(vec![index]),
                    }
                }
            }
        }
        families
    }

    /// Sums rows into groups, in parallel over blocks of scenarios; within a block the positions are added
    /// in book order. Starts again without the positions that turn out to have no value.
    fn accumulate(&mut self, groups: usize, group_of: &[usize]) -> Result<Array2<f64>> {
        /// Scenarios per block: the scratch row stays in the first cache level.
        const BLOCK: usize = 512;
        loop {
            let columns = self.scenarios.len();
            let starts: Vec<usize> = (0..columns).step_by(BLOCK).collect();
            let block = |scratch: &mut Scratch, start: usize| {
                let range = start..(start + BLOCK).min(columns);
                let width = range.len();
                let mut sums = vec![0.0; groups * width];
                let mut row = vec![0.0; width];
                let mut outcomes = Vec::with_capacity(self.plans.len());
                for plan in &self.plans {
                    outcomes.push(plan.fill(&self.factors, self.method, range.clone(), scratch, &mut row));
                    let target = &mut sums[group_of[plan.position] * width..][..width];
                    target.iter_mut().zip(&row).for_each(|(sum, value)| *sum += value);
                }
                (start, width, sums, outcomes)
            };
            #[cfg(feature = "parallel")]
            let blocks: Vec<_> = {
                use rayon::prelude::*;
                starts.into_par_iter().map_init(Scratch::default, block).collect()
            };
            #[cfg(not(feature = "parallel"))]
            let blocks: Vec<_> = {
                let mut scratch = Scratch::default();
                starts.into_iter().map(|start| block(&mut scratch, start)).collect()
            };
            let mut total = Array2::zeros((groups, columns));
            let mut merged: Vec<Result<row::Outcome>> = vec![Ok(row::Outcome::default()); self.plans.len()];
            for (start, width, sums, outcomes) in blocks {
                for (group, part) in sums.chunks(width).enumerate() {
                    part.iter().enumerate().for_each(|(i, value)| total[[group, start + i]] = *value);
                }
                for (all, part) in merged.iter_mut().zip(outcomes) {
                    row::Outcome::merge(all, part);
                }
            }
            let failed = self.note(merged);
            if failed.is_empty() {
                return Ok(total);
            }
            self.drop_plans(failed);
        }
    }

    /// Records what was approximated, and returns the plans that failed.
    fn note(&mut self, outcomes: Vec<Result<row::Outcome>>) -> Vec<(usize, Error)> {
        let (mut rows, mut measured_error, mut sampled) = (0, 0.0_f64, 0);
        let mut failed = Vec::new();
        for (index, outcome) in outcomes.into_iter().enumerate() {
            match outcome {
                Ok(outcome) if outcome.approximated => {
                    rows += 1;
                    measured_error = measured_error.max(outcome.measured_error);
                    sampled += outcome.sampled;
                }
                Ok(_) => {}
                Err(error) => failed.push((index, error)),
            }
        }
        self.assumptions.retain(|a| !matches!(a, Assumption::Approximated { .. }));
        if rows > 0 {
            self.assumptions.push(Assumption::Approximated { rows, measured_error, sampled });
        }
        failed
    }

    fn drop_plans(&mut self, failed: Vec<(usize, Error)>) {
        for (index, error) in failed.into_iter().rev() {
            let plan = self.plans.remove(index);
            self.unvalued.push((plan.position, without_value(self.book, plan.position, &error)));
        }
        self.unvalued.sort_by_key(|(position, _)| *position);
    }

    /// Everything of the cube but its rows.
    fn frame(&self) -> ScenarioPnlParts {
        ScenarioPnlParts {
            rows: Vec::new(),
            values: Array2::zeros((0, 0)),
            row_coverage: Vec::new(),
            unvalued: Vec::new(),
            labels: LabelTable::new(0),
            probabilities: self.scenarios.probabilities().map(|p| p.to_owned()),
            ids: self.scenarios.ids().to_vec(),
            ordering: self.scenarios.ordering(),
            overlap: self.scenarios.overlap(),
            horizon: self.scenarios.horizon(),
            assumptions: self.assumptions.clone(),
        }
    }
}

fn without_value(book: &Book, position: usize, error: &Error) -> Unvalued {
    let position = &book.positions()[position];
    Unvalued {
        row: position.id.clone(),
        kind: error.kind(),
        reason: error.to_string(),
        coverage: book.coverage_of(position, false),
    }
}

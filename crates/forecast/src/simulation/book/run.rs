//! One forecast under way.

use std::collections::{BTreeMap, BTreeSet};

use alluse_instruments::{Book, Error as Refusal, Instrument, Position};
use alluse_risk_core::{Assumption, Coverage, ErrorKind, Factor, Horizon, Unvalued};
use jiff::civil::Date;
use ndarray::Array2;

use super::book_paths::Parts;
use super::groups::Groups;
use super::levels::Levels;
use super::scenarios::Open;
use super::settlement::{dates, settling_step};
use super::{AssetPaths, BookForecast, BookPaths, GroupPaths};
use crate::{Error, Result};

/// Why a position has no value.
type Obstacle = (ErrorKind, String);

/// One forecast under way.
#[derive(Debug)]
pub(super) struct Run<'a> {
    pub(super) config: &'a BookForecast,
    pub(super) book: &'a Book,
    pub(super) levels: Levels<'a>,
    /// Of every step up to the last horizon, today first.
    pub(super) dates: Vec<Date>,
    /// The step at which each position settles, for options that do so within the horizons.
    pub(super) settles: Vec<Option<usize>>,
    groups: Groups,
    /// Market values of today in base currency.
    values: Vec<Option<f64>>,
    unvalued: BTreeMap<usize, Obstacle>,
}

/// The book at one horizon.
struct Valued {
    /// P&L on each path, of the book and then of each group.
    sums: Vec<Vec<f64>>,
    failed: Vec<(usize, Obstacle)>,
    assumptions: Vec<Assumption>,
}

impl<'a> Run<'a> {
    pub(super) fn new(config: &'a BookForecast, book: &'a Book, paths: &'a AssetPaths) -> Result<Self> {
        let last = config.horizons().iter().map(|horizon| step_of(*horizon)).max().unwrap_or(0);
        let dates = dates(config.calendar(), book.market().as_of(), last);
        let settling = |position: &Position| settling_step(&dates, config.calendar(), position.option()?);
        let settles: Vec<Option<usize>> = book.positions().iter().map(settling).collect();
        let mut steps: BTreeSet<usize> = config.horizons().iter().map(|horizon| step_of(*horizon)).collect();
        steps.extend(settles.iter().flatten());
        let mut run = Self {
            config,
            book,
            levels: Levels::new(paths, &steps)?,
            dates,
            settles,
            groups: Groups::new(book, config.axes())?,
            values: Vec::new(),
            unvalued: BTreeMap::new(),
        };
        for (row, position) in book.positions().iter().enumerate() {
            let value = run.value_now(position);
            run.values.push(value.as_ref().ok().copied());
            if let Err(refusal) = value {
                run.unvalued.insert(row, (refusal.kind(), refusal.to_string()));
            }
        }
        Ok(run)
    }

    /// Today's value of a position that has all that the paths ask of it.
    fn value_now(&self, position: &Position) -> alluse_instruments::Result<f64> {
        let market = self.book.market();
        let currency = self.book.currency(position);
        if let Some(asset) = position.instrument.underlying().filter(|asset| self.levels.column(asset).is_none()) {
            return Err(Refusal::NoScenarios { name: asset.to_string() });
        }
        if matches!(position.instrument, Instrument::Cash { .. })
            && self.config.earns_interest()
            && market.rate(currency).is_none()
        {
            return Err(Refusal::MissingQuote { what: "rate", name: currency.to_string() });
        }
        let value = self.book.market_value(position)?;
        if self.has_exchange_rate(position) {
            return Ok(value);
        }
        Err(Refusal::MissingFactor { factor: Factor::Fx(currency.clone()).to_string() })
    }

    /// Whether the position's currency has a price today and on the paths.
    pub(super) fn has_exchange_rate(&self, position: &Position) -> bool {
        let currency = self.book.currency(position);
        let simulated = currency == self.book.market().base() || self.levels.currency_column(currency).is_some();
        simulated && self.book.market().fx(currency).is_some()
    }

    /// Values the book at every horizon, again without the positions that turn out to have no value on one of them.
    pub(super) fn finish(mut self) -> Result<BookPaths> {
        loop {
            if self.unvalued.len() == self.book.positions().len() {
                let reason = self.unvalued.values().next().map_or("it is empty", |(_, reason)| reason.as_str());
                return Err(Error::undefined("P&L of the book", format!("no position can be valued: {reason}")));
            }
            let horizons = self.value_all()?;
            let failed: BTreeMap<usize, Obstacle> =
                horizons.iter().rev().flat_map(|valued| valued.failed.iter().cloned()).collect();
            if failed.is_empty() {
                return self.result(&horizons);
            }
            self.unvalued.extend(failed);
        }
    }

    /// The book at every horizon. Each is computed by itself and in the order of the positions, so the numbers do not
    /// depend on the number of threads.
    fn value_all(&self) -> Result<Vec<Valued>> {
        let mut open: Vec<Option<Open>> = Vec::new();
        let mut tasks: Vec<(Horizon, usize)> = Vec::new();
        let mut before: Option<Vec<usize>> = None;
        for &horizon in self.config.horizons() {
            let rows = self.open_rows(step_of(horizon));
            if before.as_ref() != Some(&rows) {
                open.push(Open::new(self.book, &rows)?);
                before = Some(rows);
            }
            tasks.push((horizon, open.len() - 1));
        }
        let value = |&(horizon, stage): &(Horizon, usize)| self.value_at(horizon, open[stage].as_ref());
        #[cfg(feature = "parallel")]
        {
            use rayon::prelude::*;
            tasks.par_iter().map(value).collect()
        }
        #[cfg(not(feature = "parallel"))]
        {
            tasks.iter().map(value).collect()
        }
    }

    /// Shares, and options that have not settled by a step.
    fn open_rows(&self, step: usize) -> Vec<usize> {
        let is_open = |&row: &usize| {
            let cash = matches!(self.book.positions()[row].instrument, Instrument::Cash { .. });
            !cash && !self.unvalued.contains_key(&row) && self.settles[row].is_none_or(|settled| settled > step)
        };
        (0..self.book.positions().len()).filter(is_open).collect()
    }

    fn value_at(&self, horizon: Horizon, open: Option<&Open>) -> Result<Valued> {
        let step = step_of(horizon);
        let cube = open.map(|open| open.revalue(self.config, &self.levels, horizon)).transpose()?;
        let mut priced: BTreeMap<&str, usize> = BTreeMap::new();
        let mut assumptions = Vec::new();
        let mut reasons: BTreeMap<&str, Obstacle> = BTreeMap::new();
        if let Some(cube) = &cube {
            priced.extend(cube.rows().iter().enumerate().map(|(index, row)| (row.as_str(), index)));
            assumptions.extend(cube.assumptions().iter().cloned());
            let lost = cube.unvalued().iter();
            reasons.extend(lost.map(|lost| (lost.row.as_str(), (lost.kind, lost.reason.clone()))));
        }
        let mut valued = Valued {
            sums: vec![vec![0.0; self.levels.len()]; 1 + self.groups.slots.len()],
            failed: Vec::new(),
            assumptions,
        };
        for (row, position) in self.book.positions().iter().enumerate() {
            let Some(value_now) = self.values[row].filter(|_| !self.unvalued.contains_key(&row)) else { continue };
            let own;
            let pnl = match (&position.instrument, self.settles[row].filter(|settled| *settled <= step)) {
                (Instrument::Cash { .. }, _) => {
                    own = self.cash(position, value_now, step);
                    ndarray::aview1(&own)
                }
                (Instrument::Option(contract), Some(settled)) => {
                    own = self.settled(position, contract, value_now, settled, step)?;
                    ndarray::aview1(&own)
                }
                _ => match (&cube, priced.get(position.id.as_str())) {
                    (Some(cube), Some(&index)) => cube.values().index_axis_move(ndarray::Axis(0), index),
                    _ => {
                        let unknown = || (ErrorKind::Undefined, "the revaluation left it out".to_owned());
                        let obstacle = reasons.remove(position.id.as_str()).unwrap_or_else(unknown);
                        valued.failed.push((row, obstacle));
                        continue;
                    }
                },
            };
            for place in std::iter::once(0).chain(self.groups.of[row].iter().map(|group| 1 + group)) {
                valued.sums[place].iter_mut().zip(pnl).for_each(|(sum, pnl)| *sum += pnl);
            }
        }
        Ok(valued)
    }

    fn result(&self, horizons: &[Valued]) -> Result<BookPaths> {
        let (assignments, first_assignment) = self.assignments();
        let table = |place: usize| {
            Array2::from_shape_fn((horizons.len(), self.levels.len()), |(h, path)| horizons[h].sums[place][path])
        };
        let groups = self.groups.slots.iter().enumerate().map(|(place, slot)| {
            let valued = slot.rows.iter().any(|row| !self.unvalued.contains_key(row));
            GroupPaths {
                axis: slot.axis.clone(),
                label: slot.label.clone(),
                coverage: self.coverage(&slot.rows),
                pnl: valued.then(|| table(1 + place).rows().into_iter().map(|row| row.to_vec()).collect()),
            }
        });
        let all: Vec<usize> = (0..self.book.positions().len()).collect();
        let unvalued = self.unvalued.iter().map(|(&row, (kind, reason))| Unvalued {
            row: self.book.positions()[row].id.clone(),
            kind: *kind,
            reason: reason.clone(),
            coverage: self.coverage(&[row]),
        });
        let known = all.iter().filter(|row| !self.unvalued.contains_key(row)).filter_map(|&row| self.values[row]);
        Parts {
            as_of: self.book.market().as_of(),
            horizons: self.config.horizons().to_vec(),
            dates: self.config.horizons().iter().map(|horizon| self.dates[step_of(*horizon)]).collect(),
            value_now: alluse_risk_core::sum::CompensatedSum::of(known),
            pnl: table(0),
            groups: groups.collect(),
            coverage: self.coverage(&all),
            unvalued: unvalued.collect(),
            assumptions: self.assumptions(horizons),
            assignments,
            first_assignment,
        }
        .try_into()
    }

    fn coverage(&self, rows: &[usize]) -> Coverage {
        rows.iter().fold(Coverage::complete(0, 0.0), |coverage, row| {
            let notional = self.book.gross_notional(&self.book.positions()[*row]);
            coverage.and(match notional.filter(|_| !self.unvalued.contains_key(row)) {
                Some(notional) => Coverage::complete(1, notional),
                None => Coverage::missing(1, notional),
            })
        })
    }

    fn assumptions(&self, horizons: &[Valued]) -> Vec<Assumption> {
        let mut made = Vec::new();
        let mut note = |text: String| made.push(Assumption::Note { text });
        let market = self.book.market();
        let (mut american, mut money) = (false, false);
        let mut yields = BTreeSet::new();
        for (row, position) in self.book.positions().iter().enumerate() {
            if self.unvalued.contains_key(&row) {
                continue;
            }
            match &position.instrument {
                Instrument::Cash { .. } => money = true,
                Instrument::Share { asset } => {
                    yields.extend(market.dividend_yield(asset).filter(|q| *q != 0.0).map(|_| asset));
                }
                Instrument::Option(contract) => {
                    american |= contract.style() == alluse_instruments::pricing::ExerciseStyle::American;
                    let Some(settled) = self.settles[row] else { continue };
                    money = true;
                    let how = match self.config.settlement().delivers(contract) {
                        true => "by delivery of shares that go on along the path",
                        false => "in cash",
                    };
                    note(format!("{} settles on {} at the price of its path, {how}", position.id, self.dates[settled]));
                }
            }
        }
        if self.book.positions().iter().any(|position| position.option().is_some()) {
            note(self.config.volatility().note());
        }
        if american {
            note(
                "American options are exercised at expiry only; the right to do so earlier is in their price"
                    .to_owned(),
            );
        }
        if money {
            let interest = if self.config.earns_interest() { "the market's rate" } else { "no interest" };
            note(format!("cash of the account and of settlements earns {interest}"));
        }
        for asset in yields {
            note(format!(
                "the dividend yield of {asset} is in option prices; shares do not receive it beyond the returns of the paths"
            ));
        }
        let mut approximated: Option<(usize, f64, usize)> = None;
        for assumption in horizons.iter().flat_map(|valued| &valued.assumptions) {
            match assumption {
                Assumption::Approximated { rows, measured_error, sampled } => {
                    let (most, worst, all) = approximated.unwrap_or_default();
                    approximated = Some((most.max(*rows), worst.max(*measured_error), all + sampled));
                }
                other if made.contains(other) => {}
                other => made.push(other.clone()),
            }
        }
        if let Some((rows, measured_error, sampled)) = approximated {
            made.push(Assumption::Approximated { rows, measured_error, sampled });
        }
        made
    }
}

fn step_of(horizon: Horizon) -> usize {
    horizon.trading_days() as usize
}

use std::collections::BTreeMap;

use alluse_risk_core::splits::{Split, TrainWindow, WalkForward};
use alluse_risk_core::streams::Streams;
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use super::record::{Failure, FailureStage, ForecastRecord, ModelRun, Outcome, Role, WalkForwardRun};
use super::{FittedForecaster, Naive, ReturnForecaster};
use crate::{Error, Predictive, Result, check};

/// A day, a week, a month, a quarter and a year of exchange days.
pub const DEFAULT_HORIZONS: [usize; 5] = [1, 5, 21, 63, 252];

/// A walk through time at whose every origin all models forecast total returns over several horizons at once.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `window` | required | rows to learn from |
/// | `refit_every` | required | rows between two fits; in between, a model keeps its parameters and sees the new rows |
/// | `horizons` | 1, 5, 21, 63, 252 | rows ahead, increasing |
/// | `stride` | 1 | rows between two origins |
/// | `purge` | 0 | rows before the first origin of a fit that the parameters must not be estimated on |
/// | `members` | 1,000 | outcomes in the distributions of the naive competitors |
/// | `seed` | 0 | of the streams of every origin |
///
/// An origin is the first row of its targets. The parameters are estimated on training rows that end `purge` rows
/// before the first origin of the fit; a forecast starts from all rows before its origin, back to the first training
/// row. A walk forward never learns from rows after a target, so there is nothing to embargo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReturnEvaluation {
    /// Rows to learn from.
    pub window: TrainWindow,
    /// Rows between two fits.
    pub refit_every: usize,
    /// Rows ahead.
    pub horizons: Vec<usize>,
    /// Rows between two origins.
    pub stride: usize,
    /// Rows between the training rows and the first origin of a fit.
    pub purge: usize,
    /// Outcomes in the distributions of the naive competitors.
    pub members: usize,
    /// Of the streams.
    pub seed: u64,
}

impl ReturnEvaluation {
    /// With a training window and the number of rows between two fits; [`run`](Self::run) checks them.
    #[must_use]
    pub fn new(window: TrainWindow, refit_every: usize) -> Self {
        let horizons = DEFAULT_HORIZONS.to_vec();
        Self { window, refit_every, horizons, stride: 1, purge: 0, members: 1_000, seed: 0 }
    }

    /// With other horizons, increasing.
    #[must_use]
    pub fn with_horizons(mut self, horizons: impl Into<Vec<usize>>) -> Self {
        self.horizons = horizons.into();
        self
    }

    /// With so many rows between two origins.
    #[must_use]
    pub fn with_stride(mut self, rows: usize) -> Self {
        self.stride = rows;
        self
    }

    /// With rows left out between the training rows and the first origin of a fit.
    #[must_use]
    pub fn with_purge(mut self, rows: usize) -> Self {
        self.purge = rows;
        self
    }

    /// With so many outcomes in the distributions of the naive competitors.
    #[must_use]
    pub fn with_members(mut self, members: usize) -> Self {
        self.members = members;
        self
    }

    /// With another seed.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        let Some(&longest) = self.horizons.last() else {
            return Err(alluse_risk_core::Error::Empty { name: "horizons" }.into());
        };
        check::at_least_one("horizon", self.horizons[0])?;
        if let Some(at) = (1..self.horizons.len()).find(|&at| self.horizons[at] <= self.horizons[at - 1]) {
            let value = self.horizons[at].to_string();
            return Err(alluse_risk_core::Error::NotIncreasing { name: "horizons", index: at, value }.into());
        }
        check::at_least_one("stride", self.stride)?;
        let enough = self.members >= 2;
        check::ensure(enough, "members", "at least 2", self.members as f64)?;
        let (TrainWindow::Rolling(rows) | TrainWindow::Expanding(rows)) = self.window;
        // Base rates and deviations need something to be known at the first origin.
        check::enough("training window", longest.max(2), rows)?;
        WalkForward::new(self.window, self.refit_every)?;
        Ok(())
    }

    /// Runs all models and the naive competitors over simple returns in date order.
    ///
    /// A model that fails at an origin is recorded there as a [`Failure`]; the evaluation goes on.
    ///
    /// # Errors
    /// - [`Error::Input`] for settings out of their domain, a training window shorter than the longest horizon, too few
    ///   rows, and a return that is not finite or not above −1.
    /// - [`Error::Invalid`] for two models of the same name, or one with the name of a naive competitor.
    pub fn run(&self, returns: ArrayView1<'_, f64>, models: &[&dyn ReturnForecaster]) -> Result<WalkForwardRun> {
        self.check()?;
        check::finite("returns", returns)?;
        check::elements("returns", "greater than -1", returns, |r| r > -1.0)?;
        unique_names(models)?;
        let rows = returns.len();
        let splits = WalkForward::new(self.window, self.refit_every)?.with_purge(self.purge).splits(rows)?;
        let first = splits.first().map_or(rows, |split| split.test.start);
        let origins: Vec<usize> = (first..rows).step_by(self.stride).collect();
        let outcomes = self.outcomes(returns, &splits, &origins)?;
        let mut runs = Vec::with_capacity(Naive::ALL.len() + models.len());
        for naive in Naive::ALL {
            let forecaster = NaiveForecaster { naive, members: self.members };
            runs.push(self.run_one(returns, &splits, &outcomes, &forecaster, Role::Naive(naive)));
        }
        for model in models {
            runs.push(self.run_one(returns, &splits, &outcomes, *model, Role::Candidate));
        }
        Ok(WalkForwardRun::new(self.clone(), rows, origins, outcomes, runs))
    }

    fn outcomes(
        &self,
        returns: ArrayView1<'_, f64>,
        splits: &[Split],
        origins: &[usize],
    ) -> Result<BTreeMap<usize, Vec<Outcome>>> {
        let rows = returns.len();
        let mut all = BTreeMap::new();
        for &horizon in &self.horizons {
            let totals: Vec<f64> = returns
                .windows(horizon)
                .into_iter()
                .map(|w| w.iter().map(|r| 1.0 + r).product::<f64>() - 1.0)
                .collect();
            if let Some(start) = totals.iter().position(|total| !total.is_finite()) {
                let reason = format!("the total return of rows {start} to {} is not finite", start + horizon - 1);
                return Err(Error::invalid("returns", reason));
            }
            let rises: Vec<usize> = std::iter::once(0)
                .chain(totals.iter().scan(0, |sum, total| {
                    *sum += usize::from(*total > 0.0);
                    Some(*sum)
                }))
                .collect();
            let outcome = |&origin: &usize| {
                let start = history_start(splits, self.refit_every, origin);
                // Total returns that had ended by the origin.
                let base_returns = (origin + 1 - horizon) - start;
                let base_rate = (rises[origin + 1 - horizon] - rises[start]) as f64 / base_returns as f64;
                Outcome { origin, realised: totals[origin], base_rate, base_returns }
            };
            let known = origins.iter().take_while(|origin| **origin + horizon <= rows);
            all.insert(horizon, known.map(outcome).collect());
        }
        Ok(all)
    }

    fn run_one(
        &self,
        returns: ArrayView1<'_, f64>,
        splits: &[Split],
        outcomes: &BTreeMap<usize, Vec<Outcome>>,
        model: &dyn ReturnForecaster,
        role: Role,
    ) -> ModelRun {
        // The shortest horizon has an outcome wherever any has one.
        let origins = outcomes.get(&self.horizons[0]).map_or(&[][..], Vec::as_slice);
        let seeds = Streams::new(self.seed);
        let (mut records, mut failures) = (Vec::new(), Vec::new());
        for split in splits {
            let due: Vec<usize> = origins.iter().map(|o| o.origin).filter(|o| split.test.contains(o)).collect();
            if due.is_empty() {
                continue;
            }
            let (start, end) = (split.train[0].start, split.train[0].end);
            let fitted = match model.fit(rows_between(returns, start, end)) {
                Ok(fitted) => fitted,
                Err(error) => {
                    failures.extend(due.iter().map(|&origin| Failure::new(origin, FailureStage::Fit, &error)));
                    continue;
                }
            };
            let one = |&origin: &usize| {
                let history = rows_between(returns, start, origin);
                self.forecast(&*fitted, history, origin, seeds.derived_seed(origin as u64), outcomes)
            };
            #[cfg(feature = "parallel")]
            let made: Vec<_> = {
                use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
                due.par_iter().map(one).collect()
            };
            #[cfg(not(feature = "parallel"))]
            let made: Vec<_> = due.iter().map(one).collect();
            for forecast in made {
                match forecast {
                    Ok(made) => records.extend(made),
                    Err(failure) => failures.push(failure),
                }
            }
        }
        ModelRun { name: model.name().to_owned(), role, records, failures }
    }

    /// The records of one origin: all horizons whose outcome is known, or none.
    fn forecast(
        &self,
        fitted: &dyn FittedForecaster,
        history: ArrayView1<'_, f64>,
        origin: usize,
        seed: u64,
        outcomes: &BTreeMap<usize, Vec<Outcome>>,
    ) -> std::result::Result<Vec<ForecastRecord>, Failure> {
        // All horizons are asked for everywhere: what a model is asked must not tell it where the series ends.
        let predicted = fitted.predict(history, &self.horizons, seed);
        let predicted = predicted.and_then(|all| {
            check::length("forecasts", self.horizons.len(), all.len())?;
            Ok(all)
        });
        let predicted: Vec<Predictive> = predicted.map_err(|e| Failure::new(origin, FailureStage::Predict, &e))?;
        let mut records = Vec::with_capacity(predicted.len());
        for (forecast, horizon) in predicted.iter().zip(&self.horizons) {
            let known = outcomes.get(horizon).map_or(&[][..], Vec::as_slice);
            if let Ok(place) = known.binary_search_by_key(&origin, |outcome| outcome.origin) {
                let record = ForecastRecord::new(forecast, *horizon, &known[place]);
                records.push(record.map_err(|e| Failure::new(origin, FailureStage::Score, &e))?);
            }
        }
        Ok(records)
    }
}

/// First row that is known to a forecast: that of the training rows of its fit.
fn history_start(splits: &[Split], refit_every: usize, origin: usize) -> usize {
    let first = splits.first().map_or(0, |split| split.test.start);
    let number = (origin.saturating_sub(first) / refit_every).min(splits.len().saturating_sub(1));
    splits.get(number).and_then(|split| split.train.first()).map_or(0, |train| train.start)
}

pub(crate) fn rows_between(series: ArrayView1<'_, f64>, start: usize, end: usize) -> ArrayView1<'_, f64> {
    series.split_at(ndarray::Axis(0), end).0.split_at(ndarray::Axis(0), start).1
}

fn unique_names(models: &[&dyn ReturnForecaster]) -> Result<()> {
    let mut seen: BTreeMap<&str, &str> = Naive::ALL.iter().map(|naive| (naive.name(), "a naive competitor")).collect();
    seen.insert("always up", "a naive competitor");
    for model in models {
        if let Some(holder) = seen.insert(model.name(), "another model") {
            return Err(Error::invalid("models", format!("the name {:?} belongs to {holder}", model.name())));
        }
    }
    Ok(())
}

#[derive(Debug)]
struct NaiveForecaster {
    naive: Naive,
    members: usize,
}

impl ReturnForecaster for NaiveForecaster {
    fn name(&self) -> &str {
        self.naive.name()
    }

    fn fit<'a>(&'a self, _: ArrayView1<'_, f64>) -> Result<Box<dyn FittedForecaster + 'a>> {
        Ok(Box::new(Self { ..*self }))
    }
}

impl FittedForecaster for NaiveForecaster {
    fn predict(&self, history: ArrayView1<'_, f64>, horizons: &[usize], seed: u64) -> Result<Vec<Predictive>> {
        self.naive.predict(history, horizons, self.members, seed)
    }
}

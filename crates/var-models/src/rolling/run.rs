//! The walk along the history.

use std::sync::atomic::{AtomicUsize, Ordering};

use alluse_risk_core::{
    Error as CoreError, FittedVarModel, HistorySplitter, Horizon, LossDistribution, Result as CoreResult, VarModel,
};
use ndarray::ArrayView1;

use super::{Asked, ForecastRecord, LevelForecasts, MissingForecast, Rolling};
use crate::Result;

/// How far an evaluation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RollingProgress {
    /// Forecasts made, over all models.
    pub done: usize,
    /// Forecasts to be made.
    pub total: usize,
}

/// Days of one task when nothing has to be fitted; long enough that handing it out costs nothing.
const BLOCK: usize = 64;

/// The forecasts of one date: level by level VaR and ES, then the predictive probability.
struct Day {
    tails: Vec<(Option<f64>, Option<f64>)>,
    pit: Option<f64>,
    missing: Vec<MissingForecast>,
}

impl Rolling {
    /// Forecasts of one model, judged by the P&L of the exposures of `history`.
    ///
    /// A date on which the model fails is missing from the forecasts, with its reason.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless there are more returns than the window holds, and when the
    /// window is shorter than the model's least number of observations.
    pub fn run(&self, model: &dyn VarModel, history: &HistorySplitter<'_>) -> Result<ForecastRecord> {
        self.run_on(model, history, history.pnl().view())
    }

    /// Forecasts of one model, judged by a P&L of its own: that of a book with options, or of a strategy
    /// whose positions the model knows. `realised` has one element for every date of the panel.
    ///
    /// # Errors
    /// As [`run`](Self::run), and for a P&L that does not fit the panel.
    pub fn run_on(
        &self,
        model: &dyn VarModel,
        history: &HistorySplitter<'_>,
        realised: ArrayView1<'_, f64>,
    ) -> Result<ForecastRecord> {
        self.walk(model, history, realised, &|_| ())
    }

    /// Forecasts of several models on one history, in the order of the models; `progress` is told after
    /// every block of days, from whichever thread did it.
    ///
    /// # Errors
    /// As [`run_on`](Self::run_on), for the first model that cannot be asked at all.
    pub fn run_all(
        &self,
        models: &[Box<dyn VarModel>],
        history: &HistorySplitter<'_>,
        realised: ArrayView1<'_, f64>,
        progress: &(dyn Fn(RollingProgress) + Sync),
    ) -> Result<Vec<ForecastRecord>> {
        let days = history.panel().dates().len().saturating_sub(self.window.first());
        let total = days * models.len();
        let done = AtomicUsize::new(0);
        let tell = |days: usize| {
            let done = done.fetch_add(days, Ordering::Relaxed) + days;
            progress(RollingProgress { done, total });
        };
        models.iter().map(|model| self.walk(&**model, history, realised, &tell)).collect()
    }

    fn walk(
        &self,
        model: &dyn VarModel,
        history: &HistorySplitter<'_>,
        realised: ArrayView1<'_, f64>,
        tell: &(dyn Fn(usize) + Sync),
    ) -> Result<ForecastRecord> {
        let dates = history.panel().dates();
        let (first, available) = (self.window.first(), dates.len());
        if realised.len() != available {
            let (name, expected, got) = ("realised P&L", available, realised.len());
            return Err(CoreError::LengthMismatch { name, expected, got }.into());
        }
        if available <= first {
            let required = first.saturating_add(1);
            return Err(CoreError::InsufficientData { name: "rolling forecast", required, available }.into());
        }
        if first < model.min_observations() {
            let required = model.min_observations();
            return Err(CoreError::InsufficientData { name: "window of the model", required, available: first }.into());
        }
        let step = if self.refit_every > 1 { self.refit_every } else { BLOCK };
        let starts: Vec<usize> = (first..available).step_by(step).collect();
        let block = |start: &usize| {
            let ends = *start..available.min(start + step);
            let days = self.days(model, history, realised, ends.clone());
            tell(ends.len());
            days
        };
        let blocks: Vec<Vec<Day>> = in_order(&starts, block);
        let mut levels: Vec<LevelForecasts> = self.levels.iter().map(|&c| LevelForecasts::empty(c)).collect();
        let (mut pit, mut missing) = (Vec::new(), Vec::new());
        for day in blocks.into_iter().flatten() {
            for (level, (var, es)) in levels.iter_mut().zip(day.tails) {
                level.value_at_risk.push(var);
                level.expected_shortfall.push(es);
            }
            pit.push(day.pit);
            missing.extend(day.missing);
        }
        let came = realised.iter().skip(first).copied().collect();
        ForecastRecord::new(model.name(), dates[first..].to_vec(), came, levels, pit, missing)
    }

    /// The days `ends`, whose parameters are those of the fit before the first of them.
    fn days(
        &self,
        model: &dyn VarModel,
        history: &HistorySplitter<'_>,
        realised: ArrayView1<'_, f64>,
        ends: std::ops::Range<usize>,
    ) -> Vec<Day> {
        let fitted = match self.refit_every {
            1 => Ok(None),
            _ => history.ending(ends.start, self.window.at(ends.start)).and_then(|history| model.fit(history)),
        };
        ends.map(|end| {
            let law = self.law(model, &fitted, history, end);
            self.day(law, history.panel().dates()[end], realised[end])
        })
        .collect()
    }

    fn law(
        &self,
        model: &dyn VarModel,
        fitted: &CoreResult<Option<Box<dyn FittedVarModel>>>,
        history: &HistorySplitter<'_>,
        end: usize,
    ) -> CoreResult<Box<dyn LossDistribution>> {
        let seen = history.ending(end, self.window.at(end))?;
        match fitted {
            Ok(Some(fitted)) => fitted.forecast(seen, Horizon::DAY),
            Ok(None) => model.forecast(seen, Horizon::DAY),
            Err(error) => Err(error.clone()),
        }
    }

    fn day(&self, law: CoreResult<Box<dyn LossDistribution>>, date: jiff::civil::Date, realised: f64) -> Day {
        let mut missing = Vec::new();
        let mut note = |asked, error: CoreError| {
            missing.push(MissingForecast { date, asked, kind: error.kind(), reason: error.to_string() });
        };
        let law = match law {
            Ok(law) => law,
            Err(error) => {
                note(Asked::Distribution, error);
                return Day { tails: vec![(None, None); self.levels.len()], pit: None, missing };
            }
        };
        let mut kept = |asked, answer: CoreResult<f64>| match answer {
            Ok(value) => Some(value),
            Err(error) => {
                note(asked, error);
                None
            }
        };
        let tails = self.levels.iter().map(|&level| {
            let var = kept(Asked::ValueAtRisk(level), law.value_at_risk(level).map(|e| e.value));
            let es = kept(Asked::ExpectedShortfall(level), law.expected_shortfall(level).map(|e| e.value));
            (var, es)
        });
        let tails = tails.collect();
        let pit = kept(Asked::Probability, law.cdf(0.0 - realised));
        Day { tails, pit, missing }
    }
}

impl LevelForecasts {
    fn empty(confidence: alluse_risk_core::Confidence) -> Self {
        Self { confidence, value_at_risk: Vec::new(), expected_shortfall: Vec::new() }
    }
}

/// The answers in the order of the questions, whoever computed them.
fn in_order<Q: Sync, A: Send>(questions: &[Q], answer: impl Fn(&Q) -> A + Send + Sync) -> Vec<A> {
    #[cfg(feature = "parallel")]
    {
        use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
        questions.par_iter().map(answer).collect()
    }
    #[cfg(not(feature = "parallel"))]
    questions.iter().map(answer).collect()
}

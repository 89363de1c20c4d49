use alluse_risk_core::splits::{TrainWindow, WalkForward};
use alluse_risk_core::{Error as Input, FittedVolatility, VolatilityModel, sum};
use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::evaluation::walk_forward::{Failure, FailureStage, rows_between};
use crate::{Error, Result, check};

/// The variance forecasts that cost nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NaiveVolatility {
    /// The realised variance of the last h rows.
    RandomWalk,
    /// h times the exponentially weighted mean square with decay 0.94, started at the mean square of the known rows.
    Ewma,
    /// h times the mean square of the known rows.
    Historical,
}

/// Decay of the exponentially weighted variance (RiskMetrics 1996, daily).
const DECAY: f64 = 0.94;

impl NaiveVolatility {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 3] = [Self::RandomWalk, Self::Ewma, Self::Historical];

    /// What it is called in tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RandomWalk => "random walk",
            Self::Ewma => "exponentially weighted variance",
            Self::Historical => "historical variance",
        }
    }

    fn forecast(self, history: ArrayView1<'_, f64>, horizons: &[usize]) -> Vec<f64> {
        let mean_square = realised(history) / history.len() as f64;
        let per_row = match self {
            Self::Ewma => history.iter().fold(mean_square, |v, r| DECAY * v + (1.0 - DECAY) * r * r),
            _ => mean_square,
        };
        let at = |&horizon: &usize| match self {
            Self::RandomWalk => realised(rows_between(history, history.len() - horizon, history.len())),
            _ => horizon as f64 * per_row,
        };
        horizons.iter().map(at).collect()
    }
}

/// Sum of the squared returns.
fn realised(returns: ArrayView1<'_, f64>) -> f64 {
    sum::CompensatedSum::of(returns.iter().map(|r| r * r))
}

/// Whether a variance forecast is judged or judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VolatilityRole {
    /// A model that claims skill.
    Candidate,
    /// A competitor that costs nothing.
    Naive(NaiveVolatility),
}

/// One variance forecast and what came about.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VolatilityRecord {
    /// First row of the target.
    pub origin: usize,
    /// Rows ahead.
    pub horizon: usize,
    /// Forecast sum of squared returns over the target, positive.
    pub forecast: f64,
    /// Their realised sum: an unbiased but noisy measure of the variance.
    pub realised: f64,
    /// The realised sum over as many rows before the origin.
    pub last: f64,
}

/// Everything that one model did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VolatilityModelRun {
    /// What the model is called.
    pub name: String,
    /// Whether it is judged or judges.
    pub role: VolatilityRole,
    /// Its forecasts, by origin and then by horizon.
    pub records: Vec<VolatilityRecord>,
    /// The origins at which it gave none, and why.
    pub failures: Vec<Failure>,
}

/// The forecasts of all models and of all naive competitors; a stored one without these is refused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct VolatilityRun {
    pub(super) evaluation: VolatilityEvaluation,
    pub(super) rows: usize,
    /// Origins at which forecasts were asked for.
    pub(super) origins: Vec<usize>,
    pub(super) models: Vec<VolatilityModelRun>,
}

#[derive(Deserialize)]
struct Stored {
    evaluation: VolatilityEvaluation,
    rows: usize,
    origins: Vec<usize>,
    models: Vec<VolatilityModelRun>,
}

impl TryFrom<Stored> for VolatilityRun {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let Stored { evaluation, rows, origins, models } = stored;
        evaluation.check()?;
        for (place, model) in models.iter().enumerate() {
            let expected = NaiveVolatility::ALL.get(place).map(|naive| VolatilityRole::Naive(*naive));
            if model.role != expected.unwrap_or(VolatilityRole::Candidate) {
                let reason = format!("model {place}, {:?}, stands where it does not belong", model.name);
                return Err(Error::invalid("stored evaluation", reason));
            }
            for record in &model.records {
                check::positive("stored variance forecast", record.forecast)?;
            }
        }
        if models.len() < NaiveVolatility::ALL.len() {
            return Err(Error::invalid("stored evaluation", "its naive competitors are missing"));
        }
        Ok(Self { evaluation, rows, origins, models })
    }
}

impl VolatilityRun {
    /// The settings.
    #[must_use]
    pub fn evaluation(&self) -> &VolatilityEvaluation {
        &self.evaluation
    }

    /// Every model that was tried: the naive competitors first.
    #[must_use]
    pub fn models(&self) -> &[VolatilityModelRun] {
        &self.models
    }
}

/// A walk through time at whose every origin all models forecast the variance of the next h rows.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `window` | required | rows to learn from |
/// | `refit_every` | required | rows between two fits; in between, a model filters the new rows |
/// | `horizons` | 1, 5, 21 | rows ahead, increasing |
/// | `stride` | 1 | rows between two origins |
/// | `purge` | 0 | rows before the first origin of a fit that the parameters must not be estimated on |
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct VolatilityEvaluation {
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
}

impl VolatilityEvaluation {
    /// With a training window and the number of rows between two fits; [`run`](Self::run) checks them.
    #[must_use]
    pub fn new(window: TrainWindow, refit_every: usize) -> Self {
        Self { window, refit_every, horizons: vec![1, 5, 21], stride: 1, purge: 0 }
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

    fn check(&self) -> Result<()> {
        let Some(&longest) = self.horizons.last() else {
            return Err(Input::Empty { name: "horizons" }.into());
        };
        check::at_least_one("horizon", self.horizons[0])?;
        if let Some(index) = (1..self.horizons.len()).find(|&at| self.horizons[at] <= self.horizons[at - 1]) {
            let value = self.horizons[index].to_string();
            return Err(Input::NotIncreasing { name: "horizons", index, value }.into());
        }
        check::at_least_one("stride", self.stride)?;
        let (TrainWindow::Rolling(least) | TrainWindow::Expanding(least)) = self.window;
        check::enough("training window", longest.max(2), least)?;
        WalkForward::new(self.window, self.refit_every)?;
        Ok(())
    }

    /// Runs all models, each with its name, and the naive competitors over returns in date order.
    ///
    /// A model that fails at an origin, or whose forecast is not positive there, is recorded as a [`Failure`].
    ///
    /// # Errors
    /// [`Error::Input`] for settings out of their domain, too few rows and a return that is not finite;
    /// [`Error::Invalid`] for a name that occurs twice.
    pub fn run(&self, returns: ArrayView1<'_, f64>, models: &[(&str, &dyn VolatilityModel)]) -> Result<VolatilityRun> {
        self.check()?;
        check::finite("returns", returns)?;
        if !realised(returns).is_finite() {
            return Err(Input::Overflow { name: "realised variance" }.into());
        }
        let mut names: Vec<&str> = NaiveVolatility::ALL.iter().map(|naive| naive.name()).collect();
        for (name, _) in models {
            if names.contains(name) {
                return Err(Error::invalid("models", format!("the name {name:?} occurs twice")));
            }
            names.push(name);
        }
        let splits = WalkForward::new(self.window, self.refit_every)?.with_purge(self.purge).splits(returns.len())?;
        let first = splits.first().map_or(returns.len(), |split| split.test.start);
        let origins: Vec<usize> = (first..returns.len()).step_by(self.stride).collect();
        let blank = |name: &str, role| VolatilityModelRun {
            name: name.to_owned(),
            role,
            records: Vec::new(),
            failures: Vec::new(),
        };
        let mut runs: Vec<VolatilityModelRun> =
            NaiveVolatility::ALL.iter().map(|naive| blank(naive.name(), VolatilityRole::Naive(*naive))).collect();
        runs.extend(models.iter().map(|(name, _)| blank(name, VolatilityRole::Candidate)));
        for split in &splits {
            let (start, end) = (split.train[0].start, split.train[0].end);
            let due: Vec<usize> = origins
                .iter()
                .copied()
                .filter(|origin| split.test.contains(origin) && origin + self.horizons[0] <= returns.len())
                .collect();
            for (place, run) in runs.iter_mut().enumerate() {
                let fitted = match place.checked_sub(NaiveVolatility::ALL.len()) {
                    Some(model) if !due.is_empty() => Some(models[model].1.fit(rows_between(returns, start, end))),
                    _ => None,
                };
                for &origin in &due {
                    let history = rows_between(returns, start, origin);
                    let forecasts = match (&fitted, run.role) {
                        (_, VolatilityRole::Naive(naive)) => Ok(naive.forecast(history, &self.horizons)),
                        (Some(Ok(fitted)), _) => filtered(&**fitted, history, &self.horizons)
                            .map_err(|e| Failure::new(origin, FailureStage::Predict, &e)),
                        (Some(Err(error)), _) => {
                            Err(Failure::new(origin, FailureStage::Fit, &Error::from(error.clone())))
                        }
                        (None, _) => continue,
                    };
                    match forecasts.and_then(|all| self.records(returns, origin, &all)) {
                        Ok(records) => run.records.extend(records),
                        Err(failure) => run.failures.push(failure),
                    }
                }
            }
        }
        Ok(VolatilityRun { evaluation: self.clone(), rows: returns.len(), origins, models: runs })
    }

    fn records(
        &self,
        returns: ArrayView1<'_, f64>,
        origin: usize,
        forecasts: &[f64],
    ) -> std::result::Result<Vec<VolatilityRecord>, Failure> {
        let mut records = Vec::with_capacity(forecasts.len());
        for (&forecast, &horizon) in forecasts.iter().zip(&self.horizons) {
            let holds = check::positive("variance forecast", forecast);
            holds.map_err(|e| Failure::new(origin, FailureStage::Score, &e))?;
            if origin + horizon <= returns.len() {
                let realised_between = |from, to| realised(rows_between(returns, from, to));
                let (realised, last) =
                    (realised_between(origin, origin + horizon), realised_between(origin - horizon, origin));
                records.push(VolatilityRecord { origin, horizon, forecast, realised, last });
            }
        }
        Ok(records)
    }
}

/// Sums of the forecast variances of the next rows.
fn filtered(fitted: &dyn FittedVolatility, history: ArrayView1<'_, f64>, horizons: &[usize]) -> Result<Vec<f64>> {
    let longest = horizons.last().copied().unwrap_or(1);
    let rows = fitted.filter(history)?.forecast_variance(longest)?;
    check::length("variance forecasts", longest, rows.len())?;
    Ok(horizons.iter().map(|&horizon| sum::CompensatedSum::of(rows.iter().take(horizon).copied())).collect())
}

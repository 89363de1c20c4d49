//! Full revaluation of a book that changes from day to day.

use std::sync::Arc;

use alluse_instruments::{Book, Revaluation};
use alluse_risk_core::measures::QuantileRule;
use alluse_risk_core::{
    Error as CoreError, Factor, History, Horizon, LossDistribution, Result as CoreResult, ScenarioSet, ShockKind,
    VarModel,
};
use jiff::civil::Date;

use crate::{EmpiricalLoss, Error, Result, ScenarioFilter};

/// What is in the book on which day.
pub trait BookSource: std::fmt::Debug + Send + Sync {
    /// The book as it stands after the close of `as_of`, valued in the market of that close.
    ///
    /// # Errors
    /// When there is no book or no market on that day.
    fn book(&self, as_of: Date) -> CoreResult<Book>;
}

/// Revalues the book of the day under the moves of a history of its factors.
///
/// The columns of the [`History`] are the factors, one to one, and their returns are relative shocks: the
/// returns of a volatility index move the volatility of its underlying. The exposures of the history are not
/// used, because the book says what is held.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `filter` | none | scales the scenarios to today's volatility, factor by factor |
/// | `revaluation` | `default()` | ageing, method, calendar |
/// | `quantile_rule` | `Linear` | which sample quantile VaR is |
/// | `min_observations` | 100 | fewest observations accepted |
///
/// Several days need a filter, which simulates them; without one the model answers for one day.
#[derive(Debug)]
pub struct FullRevaluation {
    name: String,
    books: Arc<dyn BookSource>,
    factors: Vec<(Factor, ShockKind)>,
    filter: Option<ScenarioFilter>,
    revaluation: Revaluation,
    quantile_rule: QuantileRule,
    min_observations: usize,
}

impl FullRevaluation {
    /// For the books of `books`, whose factors are the columns of the history, in their order.
    ///
    /// # Errors
    /// [`Error::Input`] without factors.
    pub fn new(books: Arc<dyn BookSource>, factors: Vec<Factor>) -> Result<Self> {
        if factors.is_empty() {
            return Err(CoreError::Empty { name: "factors" }.into());
        }
        Ok(Self {
            name: "full revaluation".to_owned(),
            books,
            factors: factors.into_iter().map(|factor| (factor, ShockKind::Relative)).collect(),
            filter: None,
            revaluation: Revaluation::default(),
            quantile_rule: QuantileRule::default(),
            min_observations: 100,
        })
    }

    /// With another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// With scenarios scaled to today's volatility.
    #[must_use]
    pub fn with_filter(mut self, filter: ScenarioFilter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// With another revaluation.
    #[must_use]
    pub fn with_revaluation(mut self, revaluation: Revaluation) -> Self {
        self.revaluation = revaluation;
        self
    }

    /// With another sample quantile.
    #[must_use]
    pub fn with_quantile_rule(mut self, rule: QuantileRule) -> Self {
        self.quantile_rule = rule;
        self
    }

    /// With another least number of observations.
    #[must_use]
    pub fn with_min_observations(mut self, min_observations: usize) -> Self {
        self.min_observations = min_observations.max(1);
        self
    }

    fn scenarios(&self, history: &History<'_>, horizon: Horizon) -> CoreResult<ScenarioSet> {
        let dates = history.dates();
        let available = dates.len();
        let (name, required) = ("full revaluation", self.min_observations);
        let Some(&as_of) = dates.last().filter(|_| available >= required) else {
            return Err(CoreError::InsufficientData { name, required, available });
        };
        let set = ScenarioSet::new(as_of, Horizon::DAY, self.factors.clone(), history.returns().to_owned())?;
        let set = set.with_dates(dates)?;
        match &self.filter {
            Some(filter) => filter.apply(&set, horizon),
            None if horizon == Horizon::DAY => Ok(set),
            None => {
                let asked_days = horizon.trading_days();
                Err(Error::Horizon { model: "full revaluation", model_days: 1, asked_days }.into())
            }
        }
    }
}

impl VarModel for FullRevaluation {
    fn name(&self) -> &str {
        &self.name
    }

    fn min_observations(&self) -> usize {
        self.min_observations
    }

    fn forecast(&self, history: History<'_>, horizon: Horizon) -> CoreResult<Box<dyn LossDistribution>> {
        let scenarios = self.scenarios(&history, horizon)?;
        let book = self.books.book(scenarios.as_of())?;
        let pnl = self.revaluation.revalue(&book, &scenarios).map_err(Error::from)?;
        if !pnl.coverage().is_complete() {
            let missing: Vec<String> = pnl.unvalued().iter().map(|u| format!("{}: {}", u.row, u.reason)).collect();
            return Err(Error::Incomplete { unvalued: missing.join("; ") }.into());
        }
        Ok(Box::new(EmpiricalLoss::new(pnl.losses()?.with_quantile_rule(self.quantile_rule))))
    }
}

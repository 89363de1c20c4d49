//! One call for every layer of a book: seven risks of each position, strategy, account and the whole.

mod composite;
mod figures;
mod tree;

use std::collections::BTreeMap;

use alluse_instruments::{Book, Revaluation, TimeRoll};
use alluse_risk_core::{
    AssetId, Confidence, Error as CoreError, ErrorKind, Factor, RowId, ScenarioPnl, ScenarioSet, Status,
};
use ndarray::{Array1, Array2};

use crate::{Error, Result};
pub use composite::{Composite, CompositePart, CompositeScale};
pub use figures::{RiskFigure, RiskKind, RiskUnit};
pub use tree::AssessmentNode;

/// How a book is assessed.
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `confidence` | 97.5 % | of the expected shortfalls |
/// | `revaluation` | `default()` | how the scenarios price the book |
/// | `capital` | unknown | what leverage is measured against, in base currency |
/// | `liquidation_costs` | unknown | cost of trading one unit of money of an asset, as a share of it |
/// | `scale` | none | makes a composite of the figures |
///
/// What is not given is `Unknown` in the result; nothing is assumed in its place.
#[derive(Debug, Clone)]
pub struct RiskAssessment {
    confidence: Confidence,
    revaluation: Revaluation,
    capital: Option<f64>,
    liquidation_costs: BTreeMap<AssetId, f64>,
    scale: Option<CompositeScale>,
}

impl Default for RiskAssessment {
    fn default() -> Self {
        Self {
            confidence: Confidence::P975,
            revaluation: Revaluation::default(),
            capital: None,
            liquidation_costs: BTreeMap::new(),
            scale: None,
        }
    }
}

impl RiskAssessment {
    /// With another level.
    #[must_use]
    pub fn with_confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// With another revaluation.
    #[must_use]
    pub fn with_revaluation(mut self, revaluation: Revaluation) -> Self {
        self.revaluation = revaluation;
        self
    }

    /// With the capital of the whole book.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is positive and finite.
    pub fn with_capital(mut self, capital: f64) -> Result<Self> {
        if !(capital > 0.0 && capital.is_finite()) {
            return Err(Error::out_of_domain("capital", "positive and finite", capital));
        }
        self.capital = Some(capital);
        Ok(self)
    }

    /// With the cost of trading one unit of money of the shares of `asset`, such as half the relative spread.
    /// An option costs what its delta costs.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is in [0, 1).
    pub fn with_liquidation_cost(mut self, asset: AssetId, relative_cost: f64) -> Result<Self> {
        if !(0.0..1.0).contains(&relative_cost) {
            return Err(Error::out_of_domain("liquidation cost", "in [0, 1)", relative_cost));
        }
        self.liquidation_costs.insert(asset, relative_cost);
        Ok(self)
    }

    /// With a scale that makes a composite of the figures.
    #[must_use]
    pub fn with_scale(mut self, scale: CompositeScale) -> Self {
        self.scale = Some(scale);
        self
    }

    /// Assesses `book` under `scenarios`, layer by layer: the whole, the labels of `axes` one inside the other,
    /// and the positions.
    ///
    /// # Errors
    /// [`Error::Input`] for an axis that no position has; [`Error::Pricing`] for scenarios that do not fit the
    /// market of the book. What a single figure lacks makes that figure unknown.
    pub fn assess(&self, book: &Book, scenarios: &ScenarioSet, axes: &[&str]) -> Result<AssessmentNode> {
        let pnl = self.revaluation.revalue(book, scenarios)?;
        let evidence = Evidence {
            volatility_pnl: self.volatility_pnl(book, scenarios, &pnl)?,
            exposures: book.exposures().into_iter().collect(),
            underlyings: underlyings(book),
            settings: self,
            pnl,
        };
        tree::build(&evidence, axes)
    }

    /// The P&L when volatilities move and nothing else does.
    fn volatility_pnl(&self, book: &Book, scenarios: &ScenarioSet, whole: &ScenarioPnl) -> Result<Status<ScenarioPnl>> {
        let factors = scenarios.factors();
        let moved: Vec<usize> = (0..factors.len()).filter(|&i| matches!(factors[i].0, Factor::Volatility(_))).collect();
        if moved.is_empty() {
            let has_options = book.positions().iter().any(|position| position.option().is_some());
            if has_options {
                let reason = "the scenarios do not move volatilities".to_owned();
                return Ok(Status::Unknown { kind: ErrorKind::InsufficientData, reason });
            }
        }
        let mut shocks: Array2<f64> = scenarios.shocks().to_owned();
        for (i, mut column) in shocks.columns_mut().into_iter().enumerate() {
            if !moved.contains(&i) {
                column.fill(0.0);
            }
        }
        let still = ScenarioSet::new(scenarios.as_of(), scenarios.horizon(), factors.to_vec(), shocks)?
            .with_ids(scenarios.ids().to_vec(), scenarios.ordering())?
            .with_overlap(scenarios.overlap())?;
        let still = match scenarios.probabilities() {
            Some(probabilities) => still.with_probabilities(probabilities.to_owned())?,
            None => still,
        };
        let instant = self.revaluation.clone().with_time_roll(TimeRoll::Instant);
        let pnl = instant.revalue(book, &still)?;
        if pnl.rows() != whole.rows() {
            let reason = "other positions can be valued when only volatilities move".to_owned();
            return Ok(Status::Unknown { kind: ErrorKind::Undefined, reason });
        }
        Ok(Status::Known(pnl))
    }
}

/// Everything the figures are read from.
pub(crate) struct Evidence<'a> {
    settings: &'a RiskAssessment,
    pnl: ScenarioPnl,
    volatility_pnl: Status<ScenarioPnl>,
    exposures: BTreeMap<RowId, Status<alluse_instruments::Exposure>>,
    underlyings: BTreeMap<RowId, Option<AssetId>>,
}

fn underlyings(book: &Book) -> BTreeMap<RowId, Option<AssetId>> {
    book.positions().iter().map(|p| (p.id.clone(), p.instrument.underlying().cloned())).collect()
}

/// The gains of some rows together.
pub(crate) fn sum_of_rows(pnl: &ScenarioPnl, rows: &[usize]) -> Array1<f64> {
    let mut sum = Array1::zeros(pnl.ids().len());
    for &row in rows {
        sum += &pnl.values().row(row);
    }
    sum
}

/// An error as the reason why a figure is unknown.
pub(crate) fn unknown<T>(error: &CoreError) -> Status<T> {
    Status::Unknown { kind: error.kind(), reason: error.to_string() }
}

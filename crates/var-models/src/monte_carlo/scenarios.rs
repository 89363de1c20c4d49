//! Simulated scenarios, so that a book with options is revalued on them.

use alluse_risk_core::{
    Confidence, Error as CoreError, Factor, Horizon, Result as CoreResult, ScenarioSet, ScenarioSource, ShockKind,
};
use jiff::civil::Date;
use ndarray::{Array1, Array2, ArrayView1, Axis};

use super::importance::tail_probabilities;
use super::model::FactorModel;
use super::simulation::Simulation;
use crate::{DeltaGamma, Result};

/// A source of scenarios drawn from a factor model: exchangeable, equally likely unless importance sampling is on.
///
/// All factors of the model are drawn whatever is asked for, so the shocks of a factor do not depend on which others are.
/// The errors of a cube take scenarios as independent; for antithetic, matched or Sobol paths they overstate.
///
/// ```
/// use alluse_risk_core::{AssetId, Covariance, Factor, Horizon, ScenarioSource};
/// use alluse_var_models::{FactorModel, MonteCarloScenarios, Simulation};
/// use jiff::civil::date;
/// use ndarray::array;
///
/// let spy = Factor::Spot(AssetId::new("SPY")?);
/// let model = FactorModel::normal(array![0.0], &Covariance::new(array![[1e-4]])?)?;
/// let simulation = Simulation::new(1).with_paths(1_000);
/// let source = MonteCarloScenarios::new(date(2024, 1, 5), vec![spy.clone()], model, simulation)?;
/// assert_eq!(source.scenarios(&[spy], Horizon::WEEK)?.len(), 1_000);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct MonteCarloScenarios {
    as_of: Date,
    factors: Vec<Factor>,
    model: FactorModel,
    simulation: Simulation,
    importance: Option<(DeltaGamma, Confidence)>,
}

impl MonteCarloScenarios {
    /// From the names of the model's factors, in its order; the model's [kinds](FactorModel::with_kinds) say what a move
    /// of each is.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless there is one name a factor and none occurs twice.
    pub fn new(as_of: Date, factors: Vec<Factor>, model: FactorModel, simulation: Simulation) -> Result<Self> {
        let (expected, got) = (model.factors(), factors.len());
        if expected != got {
            return Err(CoreError::LengthMismatch { name: "factors", expected, got }.into());
        }
        for (second, factor) in factors.iter().enumerate() {
            if let Some(first) = factors[..second].iter().position(|earlier| earlier == factor) {
                return Err(CoreError::Duplicate { name: "factor", value: factor.to_string(), first, second }.into());
            }
        }
        Ok(Self { as_of, factors, model, simulation, importance: None })
    }

    /// With scenarios drawn from the tail of a delta-gamma approximation, and probabilities that make up for it. The law of
    /// the moves is then that of the approximation, over its horizon. Read quantiles of the cube's losses with
    /// [`QuantileRule::LowerLoss`](alluse_risk_core::measures::QuantileRule::LowerLoss): rules that interpolate by rank are
    /// not meant for weights as unequal as these.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless the approximation has the factors of the model.
    pub fn with_importance(mut self, approximation: DeltaGamma, confidence: Confidence) -> Result<Self> {
        let (expected, got) = (self.factors.len(), approximation.factors());
        if expected != got {
            return Err(CoreError::LengthMismatch { name: "factors of the approximation", expected, got }.into());
        }
        self.importance = Some((approximation, confidence));
        Ok(self)
    }

    fn draw(&self, horizon: Horizon) -> Result<(Array2<f64>, Option<Array1<f64>>)> {
        let Some((approximation, confidence)) = &self.importance else {
            return Ok((self.simulation.moves(&self.model, horizon)?, None));
        };
        if approximation.horizon() != horizon {
            let (model_days, asked_days) = (approximation.horizon().trading_days(), horizon.trading_days());
            return Err(crate::Error::Horizon { model: "delta-gamma approximation", model_days, asked_days });
        }
        let twisted = self.simulation.twisted(approximation, *confidence)?;
        let approximate = ArrayView1::from(twisted.approximate.as_slice());
        let probabilities = tail_probabilities(&twisted.ratios, approximate);
        Ok((twisted.moves, Some(Array1::from(probabilities))))
    }
}

impl ScenarioSource for MonteCarloScenarios {
    fn scenarios(&self, factors: &[Factor], horizon: Horizon) -> CoreResult<ScenarioSet> {
        let places: Vec<usize> = factors
            .iter()
            .map(|factor| {
                let unknown = || CoreError::Unknown { name: "factor", value: factor.to_string() };
                self.factors.iter().position(|known| known == factor).ok_or_else(unknown)
            })
            .collect::<CoreResult<_>>()?;
        let (moves, probabilities) = self.draw(horizon)?;
        let kinds = self.model.kinds();
        let named: Vec<(Factor, ShockKind)> =
            factors.iter().zip(&places).map(|(factor, place)| (factor.clone(), kinds[*place])).collect();
        let set = ScenarioSet::new(self.as_of, horizon, named, moves.select(Axis(1), &places))?;
        match probabilities {
            None => Ok(set),
            Some(probabilities) => set.with_probabilities(probabilities),
        }
    }
}

use ndarray::{Array2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::{BrinsonModel, LinkedEffects, Linking, SectorData};
use crate::{Result, check};

/// The effects of every period and group.
///
/// Matrices are `(T, S)`, vectors `(T,)`, all in simple return of the period. In each period
/// `Σ allocation + Σ selection + Σ interaction = R − B`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Effects {
    /// Names of the groups.
    pub labels: Vec<String>,
    /// The model that split them.
    pub model: BrinsonModel,
    /// Total returns of the portfolio, `R`.
    pub portfolio_return: Vec<f64>,
    /// Total returns of the benchmark, `B`.
    pub benchmark_return: Vec<f64>,
    /// What the weights of groups earned.
    #[serde(with = "alluse_risk_core::nested::matrix")]
    pub allocation: Array2<f64>,
    /// What the choice within groups earned.
    #[serde(with = "alluse_risk_core::nested::matrix")]
    pub selection: Array2<f64>,
    /// What both together earned; `None` when it is part of one of them.
    #[serde(with = "alluse_risk_core::nested::optional_matrix")]
    pub interaction: Option<Array2<f64>>,
}

impl SectorData {
    /// Splits the active return of every period into effects by group.
    ///
    /// A group that the benchmark does not hold (`W = 0`) has no selection effect of its own: what the portfolio
    /// earned in it is allocation `w (b − B)` at the return `b` it was given, and interaction `w (r − b)`.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for an effect that overflows.
    pub fn effects(&self, model: BrinsonModel) -> Result<Effects> {
        let shape = (self.periods(), self.groups());
        let [mut allocation, mut selection, mut interaction] = [(); 3].map(|()| Array2::zeros(shape));
        for ((t, s), &w) in self.portfolio_weights().indexed_iter() {
            let weights = [w, self.benchmark_weights()[[t, s]]];
            let returns = [self.portfolio_returns()[[t, s]], self.benchmark_returns()[[t, s]]];
            let [a, b, c] = model.split(weights, returns, self.benchmark_return()[t]);
            (allocation[[t, s]], selection[[t, s]], interaction[[t, s]]) = (a, b, c);
        }
        for (name, effects) in [("allocation", &allocation), ("selection", &selection), ("interaction", &interaction)] {
            check::finite_matrix(name, effects.view())?;
        }
        Ok(Effects {
            labels: self.labels().to_vec(),
            model,
            portfolio_return: self.portfolio_return().to_vec(),
            benchmark_return: self.benchmark_return().to_vec(),
            allocation,
            selection,
            interaction: model.separates().then_some(interaction),
        })
    }

    /// The effects added up over the periods to the active return of the whole span.
    ///
    /// # Errors
    /// Those of [`effects`](Self::effects) and of [`Linking::coefficients`].
    pub fn linked(&self, model: BrinsonModel, linking: Linking) -> Result<LinkedEffects> {
        self.effects(model)?.link(linking)
    }
}

impl Effects {
    /// Active returns by period, `R − B`.
    #[must_use]
    pub fn active_return(&self) -> Vec<f64> {
        self.portfolio_return
            .iter()
            .zip(&self.benchmark_return)
            .map(|(portfolio, benchmark)| portfolio - benchmark)
            .collect()
    }

    /// Allocation of all groups by period.
    #[must_use]
    pub fn allocation_total(&self) -> Vec<f64> {
        by_period(self.allocation.view())
    }

    /// Selection of all groups by period.
    #[must_use]
    pub fn selection_total(&self) -> Vec<f64> {
        by_period(self.selection.view())
    }

    /// Interaction of all groups by period; `None` when it is part of another effect.
    #[must_use]
    pub fn interaction_total(&self) -> Option<Vec<f64>> {
        self.interaction.as_ref().map(|interaction| by_period(interaction.view()))
    }

    /// What the effects leave of the active return, by period. Rounding, and `B` times what the weights miss of 1.
    #[must_use]
    pub fn residual(&self) -> Vec<f64> {
        let effects = [Some(&self.allocation), Some(&self.selection), self.interaction.as_ref()];
        unexplained(self.active_return(), effects.into_iter().flatten())
    }

    /// The effects added up over the periods to the active return of the whole span.
    ///
    /// # Errors
    /// Those of [`Linking::coefficients`].
    pub fn link(&self, linking: Linking) -> Result<LinkedEffects> {
        let coefficients =
            linking.coefficients(self.portfolio_return.as_slice().into(), self.benchmark_return.as_slice().into())?;
        LinkedEffects::new(self, linking, coefficients)
    }
}

/// What effects by period and group leave of an active return by period.
pub(super) fn unexplained<'a>(mut active: Vec<f64>, effects: impl IntoIterator<Item = &'a Array2<f64>>) -> Vec<f64> {
    for matrix in effects {
        active.iter_mut().zip(matrix.sum_axis(Axis(1))).for_each(|(rest, sum)| *rest -= sum);
    }
    active
}

fn by_period(effects: ArrayView2<'_, f64>) -> Vec<f64> {
    effects.sum_axis(Axis(1)).to_vec()
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;
    use crate::brinson::{Allocation, Interaction};

    /// The portfolio holds a third group that the benchmark lacks.
    fn off_benchmark() -> SectorData {
        SectorData::new(
            array![[0.5, 0.3, 0.2]].view(),
            array![[0.6, 0.4, 0.0]].view(),
            array![[0.02, 0.01, 0.10]].view(),
            array![[0.01, 0.03, 0.06]].view(),
        )
        .unwrap()
    }

    #[test]
    fn a_group_without_benchmark_weight_has_no_selection() {
        let effects = off_benchmark().effects(BrinsonModel::default()).unwrap();
        // B = 0.018: allocation 0.2 × (0.06 − 0.018), interaction 0.2 × 0.04.
        assert!((effects.allocation[[0, 2]] - 0.0084).abs() < 1e-16);
        assert_eq!(effects.selection[[0, 2]], 0.0);
        assert!((effects.interaction.as_ref().unwrap()[[0, 2]] - 0.008).abs() < 1e-16);
        assert!(effects.residual()[0].abs() < 1e-16);
    }

    #[test]
    fn merged_interaction_is_absent_not_zero() {
        for interaction in [Interaction::WithSelection, Interaction::WithAllocation] {
            let model =
                BrinsonModel::default().with_allocation(Allocation::BrinsonHoodBeebower).with_interaction(interaction);
            let effects = off_benchmark().effects(model).unwrap();
            assert_eq!((effects.interaction.as_ref(), effects.interaction_total()), (None, None));
            assert!(effects.residual()[0].abs() < 1e-16);
            let linked = effects.link(Linking::Grap).unwrap();
            assert_eq!((linked.interaction.as_ref(), linked.interaction_total()), (None, None));
        }
    }

    #[test]
    fn an_effect_that_overflows_is_an_error() {
        let data = SectorData::new(
            array![[1e200, -1e200, 1.0]].view(),
            array![[0.3, 0.3, 0.4]].view(),
            array![[0.0, 0.0, 0.1]].view(),
            array![[1e150, 1e150, 0.0]].view(),
        );
        let error = data.unwrap().effects(BrinsonModel::default()).unwrap_err().to_string();
        assert!(error.starts_with("allocation[0, 0] must be finite"), "{error}");
    }

    #[test]
    fn stored_effects_that_do_not_fit_are_refused() {
        let mut effects = off_benchmark().effects(BrinsonModel::default()).unwrap();
        effects.selection = Array2::zeros((2, 3));
        assert_eq!(effects.residual().len(), 1);
        let error = effects.link(Linking::Grap).unwrap_err().to_string();
        assert_eq!(error, "effects must have length 1, got 2");
    }

    #[test]
    fn serde_round_trip() {
        let effects = off_benchmark().effects(BrinsonModel::default()).unwrap();
        let text = serde_json::to_string(&effects).unwrap();
        assert_eq!(serde_json::from_str::<Effects>(&text).unwrap(), effects);
        let linked = effects.link(Linking::Carino).unwrap();
        let text = serde_json::to_string(&linked).unwrap();
        assert_eq!(serde_json::from_str::<LinkedEffects>(&text).unwrap(), linked);
    }
}

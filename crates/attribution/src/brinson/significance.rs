use alluse_risk_core::inference::{BartlettLags, benjamini_hochberg, long_run_mean};
use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::Effects;
use crate::{Error, Result};

/// One of the effects that an active return is split into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// Of weights.
    Allocation,
    /// Within groups.
    Selection,
    /// Of both.
    Interaction,
}

/// Whether an effect can be told from chance: its mean per period against its standard error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EffectSignificance {
    /// The effect.
    pub effect: Effect,
    /// The group; `None` for the sum of all groups.
    pub group: Option<String>,
    /// Mean per period, not linked.
    pub mean: f64,
    /// Its standard error, after Newey and West.
    pub standard_error: f64,
    /// `mean / standard_error`; `None` for an effect that never changes, such as that of a group without bets or the
    /// selection in a group of one security, of which nothing but rounding is left.
    pub t_statistic: Option<f64>,
    /// Two-sided, from Student's distribution with `n − 1` degrees of freedom.
    pub p_value: Option<f64>,
    /// The p-value after Benjamini and Hochberg, over all tests of the same list that are of groups; `None` for sums.
    pub false_discovery_rate: Option<f64>,
    /// Number of periods.
    pub observations: usize,
    /// Autocovariances that the standard error allows for.
    pub lags: usize,
}

impl Effects {
    /// Tests each effect, of all groups together and of each group, against a mean of zero.
    ///
    /// A few years of months rarely tell an effect of some basis points from chance; that is what the p-values say.
    /// With many groups, small p-values are to be expected, and the false discovery rate allows for that.
    ///
    /// # Errors
    /// [`Error::Input`] unless there are two periods, and more of them than lags.
    ///
    /// # Source
    /// Newey and West (1987); Benjamini and Hochberg (1995).
    pub fn significance(&self, lags: BartlettLags) -> Result<Vec<EffectSignificance>> {
        let effects = [
            (Effect::Allocation, Some(&self.allocation)),
            (Effect::Selection, Some(&self.selection)),
            (Effect::Interaction, self.interaction.as_ref()),
        ];
        let rounding = self.rounding();
        let mut tests = Vec::new();
        for (effect, matrix) in effects {
            let Some(matrix) = matrix else { continue };
            tests.push(test(effect, None, matrix.sum_axis(ndarray::Axis(1)).view(), lags, rounding)?);
            for (label, column) in self.labels.iter().zip(matrix.columns()) {
                tests.push(test(effect, Some(label), column, lags, rounding)?);
            }
        }
        let tested = |test: &EffectSignificance| test.p_value.filter(|_| test.group.is_some());
        let p_values: Array1<f64> = tests.iter().filter_map(tested).collect();
        if !p_values.is_empty() {
            let mut adjusted = benjamini_hochberg(p_values.view())?.into_iter();
            for test in &mut tests {
                test.false_discovery_rate = tested(test).and_then(|_| adjusted.next());
            }
        }
        Ok(tests)
    }

    /// Effects this small are what rounding leaves of returns of this size.
    fn rounding(&self) -> f64 {
        let effects = [Some(&self.allocation), Some(&self.selection), self.interaction.as_ref()];
        let returns = self.portfolio_return.iter().chain(&self.benchmark_return);
        let largest = effects.into_iter().flatten().flatten().chain(returns).fold(0.0_f64, |most, x| most.max(x.abs()));
        64.0 * f64::EPSILON * largest
    }
}

fn test(
    effect: Effect,
    group: Option<&String>,
    series: ArrayView1<'_, f64>,
    lags: BartlettLags,
    rounding: f64,
) -> Result<EffectSignificance> {
    let mean = long_run_mean(series, lags)?;
    let student = StudentsT::new(0.0, 1.0, (mean.observations - 1) as f64)
        .map_err(|error| Error::invalid("degrees of freedom", error.to_string()))?;
    let varies = series.iter().any(|effect| effect.abs() > rounding);
    let t_statistic = (varies && mean.standard_error > 0.0).then(|| mean.mean / mean.standard_error);
    Ok(EffectSignificance {
        effect,
        group: group.cloned(),
        mean: mean.mean,
        standard_error: mean.standard_error,
        t_statistic,
        p_value: t_statistic.map(|t| (2.0 * student.cdf(-t.abs())).min(1.0)),
        false_discovery_rate: None,
        observations: mean.observations,
        lags: mean.lags,
    })
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use testkit::close;

    use crate::brinson::*;

    #[test]
    fn a_selection_effect_against_scipy() {
        // Equal weights: selection of group 0 is half its active return, group 1 never differs.
        let active = array![0.02, -0.01, 0.03, 0.01, 0.00, 0.02];
        let half = ndarray::Array2::from_elem((6, 2), 0.5);
        let mut returns = ndarray::Array2::from_elem((6, 2), 0.01);
        let benchmark = returns.clone();
        returns.column_mut(0).zip_mut_with(&active, |r, a| *r += a);
        let data = SectorData::new(half.view(), half.view(), returns.view(), benchmark.view()).unwrap();
        let effects = data.effects(BrinsonModel::default().with_interaction(Interaction::WithSelection)).unwrap();
        let tests = effects.significance(alluse_risk_core::inference::BartlettLags::Fixed(0)).unwrap();
        let find = |effect, group: Option<&str>| {
            tests.iter().find(|test| test.effect == effect && test.group.as_deref() == group).unwrap()
        };
        // scipy: x = active/2; t = x.mean()/(x.std()/√6), p = 2·stats.t.sf(t, 5).
        let selection = find(Effect::Selection, Some("0"));
        close(selection.t_statistic.unwrap(), T, 1e-12);
        close(selection.p_value.unwrap(), P, 1e-9);
        // The only group that was tested.
        assert_eq!(selection.false_discovery_rate, selection.p_value);
        assert_eq!(find(Effect::Selection, None).false_discovery_rate, None);
        // No bets, no test; not a p-value of 1.
        let allocation = find(Effect::Allocation, Some("1"));
        assert_eq!((allocation.mean, allocation.t_statistic, allocation.p_value), (0.0, None, None));
        assert_eq!((tests.len(), selection.observations), (6, 6));
        let text = serde_json::to_string(&tests).unwrap();
        assert_eq!(serde_json::from_str::<Vec<EffectSignificance>>(&text).unwrap(), tests);
    }

    const T: f64 = 2.1267526708757;
    const P: f64 = 0.08676019416268956;

    #[test]
    fn the_selection_of_a_single_security_is_rounding_and_is_not_tested() {
        // Weights whose quotients round: w r/w is not always r.
        let grouping = Grouping::from_labels(&["alone", "pair", "pair"]).unwrap();
        let of = |t: usize, k: usize| 0.1 + 0.07 * ((3 * t + 5 * k) as f64).sin();
        let weights = ndarray::Array2::from_shape_fn((40, 3), |(t, k)| of(t, k));
        let weights = &weights / &weights.sum_axis(ndarray::Axis(1)).insert_axis(ndarray::Axis(1));
        let equal = ndarray::Array2::from_elem((40, 3), 1.0 / 3.0);
        let returns = ndarray::Array2::from_shape_fn((40, 3), |(t, k)| of(7 * t, k) - 0.09);
        let input = BrinsonInput::new(weights.view(), equal.view(), returns.view(), &grouping).unwrap();
        let effects = input.sectors(EmptyGroups::default()).unwrap().effects(BrinsonModel::default()).unwrap();
        // Not zero, or there would be nothing to see through.
        assert!(effects.selection.column(0).iter().any(|x| *x != 0.0));
        let tests = effects.significance(Default::default()).unwrap();
        for test in &tests {
            let rounding = test.group.as_deref() == Some("alone") && test.effect != Effect::Allocation;
            assert_eq!(test.p_value.is_none(), rounding, "{test:?}");
            assert_eq!(test.false_discovery_rate.is_none(), rounding || test.group.is_none());
        }
    }

    #[test]
    fn one_period_says_nothing() {
        let one = array![[1.0]];
        let data = SectorData::new(one.view(), one.view(), array![[0.1]].view(), array![[0.05]].view()).unwrap();
        let effects = data.effects(BrinsonModel::default()).unwrap();
        assert!(effects.significance(Default::default()).is_err());
    }
}

use ndarray::{Array2, ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::block_means;
use crate::measures::{Bootstrap, StationaryBlocks};
use crate::sum::{compensated, mean};
use crate::{Confidence, Error, Result, check};

const NAME: &str = "model confidence set";

/// How the models left are compared in a model confidence set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SetStatistic {
    /// T_max: each with the average of all.
    #[default]
    Maximum,
    /// T_R: each with each other; the range of the mean losses, in standard errors of the pair.
    Range,
}

/// A model that was worse than the rest, in the order of leaving.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Elimination {
    /// Its column.
    pub model: usize,
    /// The [statistic](SetStatistic) of the test, in standard errors: T_max or T_R.
    pub statistic: f64,
    /// p-value of the test that the models left, it included, are equally good.
    pub p_value: f64,
}

/// Which models may be the best: the answer of [`model_confidence_set`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelConfidenceSet {
    /// One per model: the highest p-value of the tests up to its elimination; 1 for the last one left.
    pub p_values: Vec<f64>,
    /// The worst first; the last model left is not among them.
    pub eliminations: Vec<Elimination>,
    /// How the models left were compared.
    #[serde(default)]
    pub statistic: SetStatistic,
    /// Losses per model.
    pub observations: usize,
    /// Resamples drawn.
    pub replicates: usize,
}

impl ModelConfidenceSet {
    /// Columns of the models that hold the best one with this confidence: those with `p ≥ 1 − confidence`.
    #[must_use]
    pub fn members(&self, confidence: Confidence) -> Vec<usize> {
        // p-values are whole replicates; 1 − 0.95 is a little above 0.05 in floating point.
        let least = confidence.tail() - 1e-12;
        (0..self.p_values.len()).filter(|&model| self.p_values[model] >= least).collect()
    }
}

/// The models that cannot be told from the best by their losses, with a p-value for each.
///
/// ```text
/// tᵢ = d̄ᵢ/√var*(d̄ᵢ)      d̄ᵢ = L̄ᵢ − mean of L̄ over the models left      T_max = maxᵢ tᵢ
/// p  = share of replicates with maxᵢ (d̄*ᵢ − d̄ᵢ)/√var*(d̄ᵢ) ≥ T_max
/// ```
///
/// The model with the largest tᵢ leaves, and the test is repeated on the rest until one is left. A model's
/// p-value is the highest p up to its leaving.
///
/// | argument    | shape    | meaning                                                                 |
/// |-------------|----------|-------------------------------------------------------------------------|
/// | `losses`    | `(T, M)` | loss of model m at time t, such as a [`score`](crate::scores); any unit |
/// | `blocks`    |          | the stationary bootstrap: longer blocks for longer dependence           |
/// | `bootstrap` |          | seed and number of replicates, which bounds the resolution of a p-value |
///
/// Models with the same losses are never told apart; of two that tie, the one further left leaves first.
///
/// # Errors
/// - [`Error::Empty`]; [`Error::EntryOutOfDomain`] for a loss that is not finite.
/// - [`Error::InsufficientData`] for fewer than 2 observations.
/// - [`Error::OutOfDomain`] for fewer than 2 replicates.
/// - [`Error::Undefined`] when a model's loss differs from the average by the same amount all the time.
/// - [`Error::Overflow`] when the losses are too large to add up.
///
/// # Source
/// Hansen, Lunde and Nason (2011), "The model confidence set"; Politis and Romano (1994) for the bootstrap.
///
/// # Examples
/// ```
/// use alluse_risk_core::{Confidence, inference::model_confidence_set};
/// use alluse_risk_core::measures::{Bootstrap, StationaryBlocks};
/// use ndarray::Array2;
///
/// // The third model loses as the second does and 0.3 more on average.
/// let losses = Array2::from_shape_fn((300, 3), |(t, m)| ((t * (7 + m) + m) % 11) as f64 / 11.0 + [0.0, 0.0, 0.3][m]);
/// let set = model_confidence_set(losses.view(), StationaryBlocks::new(5.0)?, &Bootstrap::new(1))?;
/// assert_eq!(set.members(Confidence::P95), vec![0, 1]);
/// assert_eq!(set.eliminations[0].model, 2);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn model_confidence_set(
    losses: ArrayView2<'_, f64>,
    blocks: StationaryBlocks,
    bootstrap: &Bootstrap,
) -> Result<ModelConfidenceSet> {
    model_confidence_set_by(SetStatistic::Maximum, losses, blocks, bootstrap)
}

/// The [`model_confidence_set`] by either statistic.
///
/// ```text
/// T_R = maxᵢⱼ |tᵢⱼ|      tᵢⱼ = (L̄ᵢ − L̄ⱼ)/√var*(L̄ᵢ − L̄ⱼ)      p = share of replicates with maxᵢⱼ |t*ᵢⱼ| ≥ T_R
/// ```
///
/// By the range the model leaves that loses most against any other; the pairs take O(M²) a replicate. It tells
/// models apart whose losses move together, where the average over many unlike models blurs the difference.
///
/// # Errors
/// As [`model_confidence_set`]; by the range [`Error::Undefined`] when the losses of two models differ by a constant.
pub fn model_confidence_set_by(
    statistic: SetStatistic,
    losses: ArrayView2<'_, f64>,
    blocks: StationaryBlocks,
    bootstrap: &Bootstrap,
) -> Result<ModelConfidenceSet> {
    bootstrap.check()?;
    check::finite_matrix("losses", losses)?;
    check::enough(NAME, 2, losses.nrows())?;
    let sample = Sample::new(losses, blocks, bootstrap)?;
    let mut left: Vec<usize> = (0..losses.ncols()).collect();
    let mut p_values = vec![1.0; losses.ncols()];
    let mut eliminations = Vec::with_capacity(left.len());
    let mut highest = 0.0_f64;
    while left.len() > 1 {
        let (place, elimination) = match statistic {
            SetStatistic::Maximum => sample.worst(&left)?,
            SetStatistic::Range => sample.worst_of_pairs(&left)?,
        };
        highest = highest.max(elimination.p_value);
        p_values[elimination.model] = highest;
        eliminations.push(elimination);
        left.remove(place);
    }
    let (observations, replicates) = (losses.nrows(), bootstrap.replicates);
    Ok(ModelConfidenceSet { p_values, eliminations, statistic, observations, replicates })
}

/// Mean losses and how they scatter when resampled.
struct Sample {
    means: Vec<f64>,
    /// Resampled mean less mean, replicates × models.
    deviations: Array2<f64>,
    /// Largest absolute loss of each model.
    sizes: Vec<f64>,
}

impl Sample {
    fn new(losses: ArrayView2<'_, f64>, blocks: StationaryBlocks, bootstrap: &Bootstrap) -> Result<Self> {
        let columns = || losses.columns().into_iter();
        let means: Vec<f64> = columns().map(|column| mean(column.iter())).collect();
        let sizes = columns().map(|column| column.fold(0.0_f64, |size, loss| size.max(loss.abs()))).collect();
        let deviations = block_means::deviations(losses, &means, blocks, bootstrap);
        if means.iter().chain(&deviations).all(|value| value.is_finite()) {
            Ok(Self { means, deviations, sizes })
        } else {
            Err(Error::Overflow { name: NAME })
        }
    }

    /// The worst of the models left, its place among them, and the test that there is none.
    fn worst(&self, left: &[usize]) -> Result<(usize, Elimination)> {
        let excess = self.excess(left);
        let scatter = self.scatter(left);
        let errors = standard_errors(&scatter)?;
        let rounding = self.rounding(left);
        let mut worst = (0, f64::NEG_INFINITY);
        for (place, (&excess, &error)) in excess.iter().zip(&errors).enumerate() {
            let statistic = studentised(excess, error, rounding)?;
            if statistic > worst.1 {
                worst = (place, statistic);
            }
        }
        let (place, statistic) = worst;
        let as_bad = scatter.rows().into_iter().filter(|row| {
            // What does not vary is not divided by its rounding.
            let varying = row.iter().zip(&errors).filter(|(_, error)| **error > rounding);
            varying.map(|(deviation, error)| deviation / error).fold(0.0, f64::max) >= statistic
        });
        let p_value = as_bad.count() as f64 / scatter.nrows() as f64;
        Ok((place, Elimination { model: left[place], statistic, p_value }))
    }

    /// The same by pairs.
    fn worst_of_pairs(&self, left: &[usize]) -> Result<(usize, Elimination)> {
        let rounding = self.rounding(left);
        let replicates = self.deviations.nrows();
        let mut highest = vec![0.0_f64; replicates];
        let mut worst = (0, f64::NEG_INFINITY);
        for (i, &a) in left.iter().enumerate() {
            for (j, &b) in left.iter().enumerate().skip(i + 1) {
                let apart = &self.deviations.column(a) - &self.deviations.column(b);
                let error = root_mean_square(apart.view())?;
                let excess = self.means[a] - self.means[b];
                let statistic = studentised(excess, error, rounding)?.abs();
                if statistic > worst.1 {
                    worst = (if excess < 0.0 { j } else { i }, statistic);
                }
                if error > rounding {
                    highest.iter_mut().zip(&apart).for_each(|(most, d)| *most = most.max(d.abs() / error));
                }
            }
        }
        let (place, statistic) = worst;
        let p_value = highest.iter().filter(|most| **most >= statistic).count() as f64 / replicates as f64;
        Ok((place, Elimination { model: left[place], statistic, p_value }))
    }

    /// Mean loss of each model left less the average over them.
    fn excess(&self, left: &[usize]) -> Vec<f64> {
        let average = compensated(left.iter().map(|&model| self.means[model])) / left.len() as f64;
        left.iter().map(|&model| self.means[model] - average).collect()
    }

    /// Resampled excess less excess, replicates × models left.
    fn scatter(&self, left: &[usize]) -> Array2<f64> {
        let mut scatter = self.deviations.select(ndarray::Axis(1), left);
        for mut row in scatter.rows_mut() {
            let average = row.sum() / left.len() as f64;
            row -= average;
        }
        scatter
    }

    /// What rounding alone makes of means of losses of this size.
    fn rounding(&self, left: &[usize]) -> f64 {
        64.0 * f64::EPSILON * left.iter().fold(0.0_f64, |size, &model| size.max(self.sizes[model]))
    }
}

/// Root mean square of each column.
fn standard_errors(scatter: &Array2<f64>) -> Result<Vec<f64>> {
    scatter.columns().into_iter().map(root_mean_square).collect()
}

fn root_mean_square(column: ArrayView1<'_, f64>) -> Result<f64> {
    let root = (compensated(column.iter().map(|d| d * d)) / column.len() as f64).sqrt();
    // An infinite error would make every model as good as the rest.
    if root.is_finite() { Ok(root) } else { Err(Error::Overflow { name: NAME }) }
}

fn studentised(excess: f64, error: f64, rounding: f64) -> Result<f64> {
    if error > rounding {
        return Ok(excess / error);
    }
    if excess.abs() <= rounding {
        return Ok(0.0);
    }
    Err(Error::Undefined { name: NAME, reason: "a model's losses differ from the average by a constant" })
}

#[cfg(test)]
mod tests;

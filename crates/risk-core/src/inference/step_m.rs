use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::relative_performance::RelativePerformance;
use crate::measures::{Bootstrap, StationaryBlocks};
use crate::{Confidence, Result};

/// Which of many models beat a benchmark: [`step_m`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StepM {
    /// One per model, adjusted for the search among all of them.
    pub p_values: Vec<f64>,
    /// Gain of each model over the benchmark in standard errors; 0 for a model with the benchmark's losses.
    pub statistics: Vec<f64>,
    /// Losses per model.
    pub observations: usize,
    /// Resamples drawn.
    pub replicates: usize,
}

impl StepM {
    /// Columns of the models that are better than the benchmark, with this confidence that not one is there by luck:
    /// those with `p ≤ 1 − confidence`.
    #[must_use]
    pub fn superior(&self, confidence: Confidence) -> Vec<usize> {
        // p-values are whole replicates; 1 − 0.95 is a little above 0.05 in floating point, 1 − 0.9 a little below.
        let most = confidence.tail() + 1e-12;
        (0..self.p_values.len()).filter(|&model| self.p_values[model] <= most).collect()
    }
}

/// The stepwise test of Romano and Wolf: the models that are better than a benchmark, however many were tried.
///
/// ```text
/// dₖₜ = L₀ₜ − Lₖₜ      tₖ = √n d̄ₖ/ωₖ      models in order t₍₁₎ ≥ t₍₂₎ ≥ …
/// p₍ⱼ₎ = max(p₍ⱼ₋₁₎, (1 + #{max over l ≥ j of √n (d̄*₍ₗ₎ − d̄₍ₗ₎)/ω₍ₗ₎ ≥ t₍ⱼ₎})/(B + 1))
/// ```
///
/// The first step compares the best model with the best of all by chance; each further step compares the next with
/// the best of those that are left, which finds more than one step would. Of all models that are not better than
/// the benchmark, *any* is among [`superior`](StepM::superior) with probability of at most `1 − confidence`, whatever
/// the dependence between them. Arguments and ω are those of
/// [`superior_predictive_ability`](super::superior_predictive_ability).
///
/// # Errors
/// As [`superior_predictive_ability`](super::superior_predictive_ability).
///
/// # Source
/// Romano and Wolf (2005), "Stepwise multiple testing as formalized data snooping", studentised, on the stationary
/// bootstrap; Romano and Wolf (2016), "Efficient computation of adjusted p-values", for the p-values.
///
/// # Examples
/// ```
/// use alluse_risk_core::{Confidence, inference::step_m};
/// use alluse_risk_core::measures::{Bootstrap, StationaryBlocks};
/// use ndarray::{Array1, Array2};
///
/// let benchmark = Array1::from_shape_fn(300, |t| ((7 * t) % 11) as f64 / 11.0);
/// let losses = Array2::from_shape_fn((300, 2), |(t, m)| ((t * (8 + m)) % 11) as f64 / 11.0 - [0.0, 0.3][m]);
/// let steps = step_m(benchmark.view(), losses.view(), StationaryBlocks::new(5.0)?, &Bootstrap::new(1))?;
/// assert_eq!(steps.superior(Confidence::P95), [1]);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn step_m(
    benchmark: ArrayView1<'_, f64>,
    losses: ArrayView2<'_, f64>,
    blocks: StationaryBlocks,
    bootstrap: &Bootstrap,
) -> Result<StepM> {
    let RelativePerformance { statistics, scatter } =
        RelativePerformance::new("stepwise test", benchmark, losses, blocks, bootstrap)?;
    let mut ascending: Vec<usize> = (0..statistics.len()).collect();
    ascending.sort_by(|&a, &b| statistics[a].total_cmp(&statistics[b]));
    let mut p_values = vec![1.0; statistics.len()];
    // From the worst to the best, the largest replicate of those that are no better.
    let mut largest = vec![f64::NEG_INFINITY; scatter.nrows()];
    for &model in &ascending {
        largest.iter_mut().zip(scatter.column(model)).for_each(|(largest, z)| *largest = largest.max(*z));
        let as_good = largest.iter().filter(|z| **z >= statistics[model]).count();
        p_values[model] = (as_good + 1) as f64 / (scatter.nrows() + 1) as f64;
    }
    let mut highest = 0.0_f64;
    for &model in ascending.iter().rev() {
        highest = highest.max(p_values[model]);
        p_values[model] = highest;
    }
    Ok(StepM { p_values, statistics, observations: benchmark.len(), replicates: bootstrap.replicates })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis, array};

    use super::*;
    use crate::inference::relative_performance::tests::five;
    use crate::streams::Streams;

    fn steps(losses: &Array2<f64>, benchmark: usize, block: f64, replicates: usize) -> StepM {
        let others: Vec<usize> = (0..losses.ncols()).filter(|m| *m != benchmark).collect();
        let models = losses.select(Axis(1), &others);
        let bootstrap = Bootstrap::new(1).with_replicates(replicates);
        let blocks = StationaryBlocks::new(block).unwrap();
        step_m(losses.column(benchmark), models.view(), blocks, &bootstrap).unwrap()
    }

    #[test]
    fn agrees_with_arch() {
        // arch 8: StepM(zeros, −d/ω, size=s, block_size=3, reps=20000, bootstrap="stationary", seed=1) finds a model
        // from the size s on that is its p-value; GOLDEN has the smallest such s by bisection to 1e-3.
        // Both sides draw 20,000 replicates: five standard errors of the difference and the step of the bisection.
        let got = steps(&(&five() + &array![0.0, 0.03, 0.0, 0.03, 0.0]), 3, 3.0, 20_000);
        for (p, want) in got.p_values.iter().zip(GOLDEN) {
            let error = (2.0 * want * (1.0 - want) / 20_000.0_f64).sqrt();
            assert!((p - want).abs() <= 5.0 * error + 1e-3, "{p} against {want}");
        }
    }

    const GOLDEN: [f64; 4] = [0.0029, 0.2021, 0.0684, 0.3389];

    #[test]
    fn later_steps_find_more() {
        // One model far ahead widens nothing for the second once it has left.
        let losses = &five().select(Axis(1), &[0, 1, 2]) + &array![0.3, 0.15, -0.8];
        let got = steps(&losses, 0, 2.0, 1_000);
        let alone = steps(&losses.select(Axis(1), &[0, 1]), 0, 2.0, 1_000);
        assert_eq!(got.p_values[0], alone.p_values[0]);
        assert!(got.p_values[1] <= got.p_values[0]);
    }

    #[test]
    fn p_values_at_the_level_are_inside() {
        let p_values = vec![0.05, 0.050_001, 0.1];
        let got = StepM { p_values, statistics: vec![0.0; 3], observations: 9, replicates: 19 };
        assert_eq!(got.superior(Confidence::P95), [0]);
        assert_eq!(got.superior(Confidence::new(0.9).unwrap()), [0, 1, 2]);
        let text = serde_json::to_string(&got).unwrap();
        assert_eq!(serde_json::from_str::<StepM>(&text).unwrap(), got);
    }

    /// Three better models among ten: a false one is found no more often than the level allows.
    #[test]
    fn luck_is_among_the_superior_as_seldom_as_promised() {
        let z = Streams::new(4).standard_normals(400 * 100, 11);
        let better = array![0.0, -0.6, -0.6, -0.6, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let (mut lucky, mut found) = (0, 0);
        for noise in z.axis_chunks_iter(Axis(0), 100) {
            let superior = steps(&(&noise + &better), 0, 1.0, 199).superior(Confidence::new(0.9).unwrap());
            lucky += u32::from(superior.iter().any(|m| *m > 2));
            found += superior.iter().filter(|m| **m <= 2).count();
        }
        // Binomial(400, 0.1) and four standard errors of it; power is far from nothing.
        assert!((16..=64).contains(&lucky), "{lucky}");
        assert!(found > 1_000, "{found}");
    }
}

use ndarray::{ArrayView1, ArrayView2};
use serde::{Deserialize, Serialize};

use super::relative_performance::RelativePerformance;
use crate::Result;
use crate::measures::{Bootstrap, StationaryBlocks};

const NAME: &str = "superior predictive ability";

/// Chance of so good a best model when none is better than the benchmark, under three views of the poor ones.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SuperiorityPValues {
    /// As if every model that did worse than the benchmark were exactly as bad as it looked: too small, a lower bound.
    pub lower: f64,
    /// As if only those were that bad that did worse by more than `√(2 ln ln n)` standard errors: Hansen's SPA.
    pub consistent: f64,
    /// As if every model were as good as the benchmark: too large, an upper bound (White's reality check,
    /// studentised).
    pub upper: f64,
}

/// Whether the best of many models beats a benchmark by more than luck: [`superior_predictive_ability`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SuperiorPredictiveAbility {
    /// `max(0, maxₖ tₖ)`.
    pub statistic: f64,
    /// Column of the model with the largest tₖ, the leftmost of several.
    pub best_model: usize,
    /// Gain of each model over the benchmark in standard errors, tₖ; 0 for a model with the benchmark's losses.
    pub statistics: Vec<f64>,
    /// Three p-values; `consistent` is the one to report.
    pub p_values: SuperiorityPValues,
    /// Losses per model.
    pub observations: usize,
    /// Resamples drawn.
    pub replicates: usize,
}

/// The test of Hansen that none of many models is better than a benchmark.
///
/// ```text
/// dₖₜ = L₀ₜ − Lₖₜ      tₖ = √n d̄ₖ/ωₖ      T = max(0, maxₖ tₖ)
/// p = share of replicates with max(0, maxₖ √n (d̄*ₖ − gₖ)/ωₖ) ≥ T
/// g: lower max(0, d̄ₖ);  consistent d̄ₖ where tₖ ≥ −√(2 ln ln n), else 0;  upper d̄ₖ
/// ```
///
/// | argument    | shape    | meaning                                                                 |
/// |-------------|----------|-------------------------------------------------------------------------|
/// | `benchmark` | `(n,)`   | losses of the benchmark, such as a [`score`](crate::scores); any unit   |
/// | `losses`    | `(n, M)` | losses of *every* model that was tried, one a column                    |
/// | `blocks`    |          | the stationary bootstrap: longer blocks for longer dependence           |
/// | `bootstrap` |          | seed and number of replicates, which bounds the resolution of a p-value |
///
/// ω² is the long-run variance of the gain with the weights of the stationary bootstrap, in closed form. When no
/// model did better than the benchmark every p-value is 1.
///
/// # Errors
/// - [`Error::Empty`](crate::Error::Empty), [`Error::LengthMismatch`](crate::Error::LengthMismatch);
///   [`Error::ElementOutOfDomain`](crate::Error::ElementOutOfDomain) and
///   [`Error::EntryOutOfDomain`](crate::Error::EntryOutOfDomain) for losses that are not finite.
/// - [`Error::InsufficientData`](crate::Error::InsufficientData) for fewer than 3 observations.
/// - [`Error::OutOfDomain`](crate::Error::OutOfDomain) for fewer than 2 replicates.
/// - [`Error::Undefined`](crate::Error::Undefined) when a model's losses differ from the benchmark's by a constant.
/// - [`Error::Overflow`](crate::Error::Overflow) when the losses are too large.
///
/// # Source
/// Hansen (2005), "A test for superior predictive ability"; White (2000), "A reality check for data snooping".
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::superior_predictive_ability;
/// use alluse_risk_core::measures::{Bootstrap, StationaryBlocks};
/// use ndarray::{Array1, Array2};
///
/// let benchmark = Array1::from_shape_fn(300, |t| ((7 * t) % 11) as f64 / 11.0);
/// // The second model loses 0.3 less than its noise would.
/// let losses = Array2::from_shape_fn((300, 2), |(t, m)| ((t * (8 + m)) % 11) as f64 / 11.0 - [0.0, 0.3][m]);
/// let blocks = StationaryBlocks::new(5.0)?;
/// let test = superior_predictive_ability(benchmark.view(), losses.view(), blocks, &Bootstrap::new(1))?;
/// assert!(test.best_model == 1 && test.p_values.consistent < 0.01);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn superior_predictive_ability(
    benchmark: ArrayView1<'_, f64>,
    losses: ArrayView2<'_, f64>,
    blocks: StationaryBlocks,
    bootstrap: &Bootstrap,
) -> Result<SuperiorPredictiveAbility> {
    let RelativePerformance { statistics, scatter } =
        RelativePerformance::new(NAME, benchmark, losses, blocks, bootstrap)?;
    let mut best_model = 0;
    for (model, t) in statistics.iter().enumerate() {
        if *t > statistics[best_model] {
            best_model = model;
        }
    }
    let statistic = statistics[best_model].max(0.0);
    let hopeless = -(2.0 * libm::log(libm::log(benchmark.len() as f64))).sqrt();
    // What stays of the gain after the recentring of each law.
    let p_value = |left: &dyn Fn(f64) -> f64| {
        let left: Vec<f64> = statistics.iter().map(|t| left(*t)).collect();
        let as_good = scatter
            .rows()
            .into_iter()
            .filter(|row| row.iter().zip(&left).fold(0.0_f64, |most, (z, left)| most.max(z + left)) >= statistic);
        as_good.count() as f64 / scatter.nrows() as f64
    };
    let p_values = SuperiorityPValues {
        lower: p_value(&|t| t.min(0.0)),
        consistent: p_value(&|t| if t < hopeless { t } else { 0.0 }),
        upper: p_value(&|_| 0.0),
    };
    let (observations, replicates) = (benchmark.len(), bootstrap.replicates);
    Ok(SuperiorPredictiveAbility { statistic, best_model, statistics, p_values, observations, replicates })
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis, array};
    use proptest::prelude::*;

    use super::*;
    use crate::inference::relative_performance::tests::five;
    use crate::streams::Streams;

    fn spa(losses: &Array2<f64>, benchmark: usize, block: f64, replicates: usize) -> SuperiorPredictiveAbility {
        let others: Vec<usize> = (0..losses.ncols()).filter(|m| *m != benchmark).collect();
        let models = losses.select(Axis(1), &others);
        let bootstrap = Bootstrap::new(1).with_replicates(replicates);
        let blocks = StationaryBlocks::new(block).unwrap();
        superior_predictive_ability(losses.column(benchmark), models.view(), blocks, &bootstrap).unwrap()
    }

    #[test]
    fn agrees_with_arch() {
        // arch 8: SPA(zeros, −d/ω, block_size=b, reps=20000, bootstrap="stationary", seed=1), ω from its own closed
        // form; it compares plain means, which are the studentised ones once each gain is divided by its ω.
        // Both sides draw 20,000 replicates: five standard errors of the difference.
        for (shift, block, want) in GOLDEN {
            let got = spa(&(&five() + &array![0.0, 0.0, shift, 0.0, shift]), 3, block, 20_000);
            let p = got.p_values;
            for (p, want) in [p.lower, p.consistent, p.upper].into_iter().zip(want) {
                let error = (2.0 * want * (1.0 - want) / 20_000.0_f64).sqrt();
                assert!((p - want).abs() <= 5.0 * error, "{shift} {block}: {p} against {want}");
            }
            assert_eq!((got.best_model, got.observations, got.replicates), (0, 400, 20_000));
        }
    }

    const GOLDEN: [(f64, f64, [f64; 3]); 5] = [
        (0.0, 1.0, [0.0061, 0.00655, 0.00655]),
        (0.0, 8.0, [0.0459, 0.0488, 0.0488]),
        (0.15, 1.0, [0.00335, 0.00335, 0.00655]),
        (0.15, 8.0, [0.02575, 0.02575, 0.0488]),
        (0.5, 8.0, [0.02575, 0.02575, 0.0488]),
    ];

    #[test]
    fn nothing_better_means_one() {
        let got = spa(&(&five() + &array![-5.0, 0.0, 0.0, 0.0, 0.0]), 0, 2.0, 100);
        let p = got.p_values;
        assert_eq!((got.statistic, p.lower, p.consistent, p.upper), (0.0, 1.0, 1.0, 1.0));
        let twins = spa(&five().select(Axis(1), &[0, 0, 1]), 0, 2.0, 100);
        assert_eq!(twins.statistics[0], 0.0);
    }

    /// Ten models as good as the benchmark: the share of rejections is that of the level.
    #[test]
    fn rejects_as_often_as_it_says() {
        let z = Streams::new(3).standard_normals(400 * 100, 11);
        let rejected = z.axis_chunks_iter(Axis(0), 100).filter(|losses| {
            let p = spa(&losses.to_owned(), 0, 1.0, 199).p_values;
            p.consistent <= 0.1
        });
        // Binomial(400, 0.1): four standard errors are 6 %.
        let share = rejected.count() as f64 / 400.0;
        assert!((0.04..0.16).contains(&share), "{share}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]

        #[test]
        fn level_and_unit_do_not_matter_and_the_bounds_are_in_order(
            shift in -3.0_f64..3.0, unit in 0.1_f64..10.0, bad in 0.0_f64..0.5,
        ) {
            let losses = &five() + &array![0.0, bad, 0.0, 0.0, 2.0 * bad];
            let (got, changed) = (spa(&losses, 3, 3.0, 200), spa(&(&losses * unit + shift), 3, 3.0, 200));
            let p = got.p_values;
            prop_assert!(p.lower <= p.consistent && p.consistent <= p.upper);
            // A replicate at the very edge may fall to the other side.
            prop_assert!((p.consistent - changed.p_values.consistent).abs() < 0.006);
            for (a, b) in got.statistics.iter().zip(&changed.statistics) {
                prop_assert!((a - b).abs() < 1e-9);
            }
        }
    }
}

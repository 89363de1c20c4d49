use ndarray::{Array2, ArrayView1, ArrayView2, Axis};

use super::autocovariance::Centred;
use super::block_means;
use crate::measures::{Bootstrap, StationaryBlocks};
use crate::{Error, Result, check};

/// Gains of models over a benchmark, in standard errors, and how they scatter when resampled.
pub(super) struct RelativePerformance {
    /// `d̄ₖ/se(d̄ₖ)`; 0 for a model whose losses are the benchmark's.
    pub(super) statistics: Vec<f64>,
    /// `(d̄*ₖ − d̄ₖ)/se(d̄ₖ)`, replicates × models.
    pub(super) scatter: Array2<f64>,
}

impl RelativePerformance {
    /// The standard error is the one that the stationary bootstrap would have with endless replicates.
    pub(super) fn new(
        name: &'static str,
        benchmark: ArrayView1<'_, f64>,
        losses: ArrayView2<'_, f64>,
        blocks: StationaryBlocks,
        bootstrap: &Bootstrap,
    ) -> Result<Self> {
        bootstrap.check()?;
        check::finite("benchmark", benchmark)?;
        check::finite_matrix("losses", losses)?;
        check::length("losses", benchmark.len(), losses.nrows())?;
        // The threshold of the consistent law has a double logarithm.
        check::enough(name, 3, benchmark.len())?;
        let gains = &benchmark.insert_axis(Axis(1)) - &losses;
        let centred: Vec<Centred> = gains.columns().into_iter().map(Centred::new).collect();
        let means: Vec<f64> = centred.iter().map(|model| model.mean).collect();
        let mut scatter = block_means::deviations(gains.view(), &means, blocks, bootstrap);
        let weights = lag_weights(benchmark.len(), blocks);
        let mut statistics = Vec::with_capacity(means.len());
        for ((model, column), mut deviations) in centred.iter().zip(losses.columns()).zip(scatter.columns_mut()) {
            let size = benchmark.iter().chain(column).fold(0.0_f64, |size, loss| size.max(loss.abs()));
            let rounding = 64.0 * f64::EPSILON * size;
            let sides: f64 = weights.iter().map(|(lag, weight)| weight * model.autocovariance(*lag)).sum();
            let variance = model.autocovariance(0) + 2.0 * sides;
            // Before the maximum, which would turn a difference of infinities into zero.
            if !(variance.is_finite() && model.mean.is_finite()) {
                return Err(Error::Overflow { name });
            }
            let error = (variance.max(0.0) / model.len() as f64).sqrt();
            if error > rounding {
                statistics.push(model.mean / error);
                deviations /= error;
            } else if model.mean.abs() <= rounding {
                statistics.push(0.0);
                // What does not vary is not divided by its rounding.
                deviations.fill(0.0);
            } else {
                let reason = "a model's losses differ from the benchmark's by a constant";
                return Err(Error::Undefined { name, reason });
            }
        }
        Ok(Self { statistics, scatter })
    }
}

/// Weights of the autocovariances in the variance of a mean under the stationary bootstrap, those that matter:
/// `(1 − k/n)(1 − q)ᵏ + (k/n)(1 − q)ⁿ⁻ᵏ`, q one over the mean block length (Politis and Romano 1994).
fn lag_weights(n: usize, blocks: StationaryBlocks) -> Vec<(usize, f64)> {
    let stay = 1.0 - 1.0 / f64::from(blocks);
    let share = |lag: usize| lag as f64 / n as f64;
    let power = |lag: usize| libm::pow(stay, lag as f64);
    let weight = |lag: usize| (1.0 - share(lag)) * power(lag) + share(lag) * power(n - lag);
    (1..n).map(|lag| (lag, weight(lag))).filter(|(_, weight)| *weight > 1e-18).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use ndarray::{Array1, array};

    use super::*;

    /// Moving averages of a linear congruential sequence, so that another program can make the same losses.
    pub(in crate::inference) fn five() -> Array2<f64> {
        let mut state = 42_u64;
        let uniform = Array2::from_shape_simple_fn((401, 5), || {
            state = (1_103_515_245 * state + 12_345) % (1 << 31);
            state as f64 / (1_u64 << 31) as f64 - 0.5
        });
        let (before, _) = uniform.view().split_at(Axis(0), 400);
        let (_, now) = uniform.view().split_at(Axis(0), 1);
        (&now + &(&before * 0.5)) * array![1.0, 1.0, 2.0, 1.0, 3.0] + array![0.0, 0.03, 0.05, 0.1, 0.12]
    }

    #[test]
    fn standard_errors_agree_with_the_replicates() {
        let losses = five();
        let (benchmark, models) = losses.view().split_at(Axis(1), 1);
        let bootstrap = Bootstrap::new(5).with_replicates(20_000);
        let blocks = StationaryBlocks::new(8.0).unwrap();
        let got = RelativePerformance::new("test", benchmark.column(0), models, blocks, &bootstrap).unwrap();
        for column in got.scatter.columns() {
            let variance = column.iter().map(|z| z * z).sum::<f64>() / 20_000.0;
            // Five standard errors of a variance from 20,000 normal draws.
            assert!((variance - 1.0).abs() < 5.0 * (2.0 / 20_000.0_f64).sqrt(), "{variance}");
        }
    }

    #[test]
    fn hostile_inputs_are_named() {
        let losses = five();
        let benchmark = losses.column(0).to_owned();
        let call = |b: &Array1<f64>, l: &Array2<f64>, replicates| {
            let bootstrap = Bootstrap::new(1).with_replicates(replicates);
            RelativePerformance::new("test", b.view(), l.view(), StationaryBlocks::new(2.0).unwrap(), &bootstrap).err()
        };
        assert!(matches!(call(&benchmark, &losses, 1), Some(Error::OutOfDomain { name: "replicates", .. })));
        assert_eq!(call(&array![], &losses, 10), Some(Error::Empty { name: "benchmark" }));
        assert!(matches!(call(&array![1.0], &losses, 10), Some(Error::LengthMismatch { name: "losses", .. })));
        let mut nan = losses.clone();
        nan[(7, 2)] = f64::NAN;
        assert!(matches!(call(&benchmark, &nan, 10), Some(Error::EntryOutOfDomain { name: "losses", .. })));
        let short = call(&array![1.0, 2.0], &array![[1.0], [3.0]], 10);
        assert_eq!(short, Some(Error::InsufficientData { name: "test", required: 3, available: 2 }));
        assert!(matches!(call(&(&benchmark + 1.0), &losses, 10), Some(Error::Undefined { .. })));
        assert_eq!(call(&(&benchmark * 1e200), &losses, 10), Some(Error::Overflow { name: "test" }));
    }
}

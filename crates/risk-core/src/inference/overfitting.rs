use ndarray::{ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::sum::compensated;
use crate::{Error, Result, check};

const NAME: &str = "probability of backtest overfitting";

/// By what the best strategy is chosen: larger is better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SelectedBy {
    /// Mean over standard deviation of divisor n − 1, per period.
    #[default]
    SharpeRatio,
    /// Mean return.
    Mean,
}

/// How often the strategy that is best on one half of the blocks disappoints on the other: the answer of
/// [`overfitting_probability`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Overfitting {
    /// Share of the splits whose logit is not positive: the chosen strategy was not above the median of the other half.
    pub probability: f64,
    /// `ln(ω/(1 − ω))` of the relative rank ω = rank/(N + 1) out of sample, one a split, rank N the best; tied
    /// strategies share the mean of their ranks.
    pub logits: Vec<f64>,
    /// Share of the splits in which the chosen strategy was negative out of sample.
    pub probability_of_loss: f64,
    /// Slope of the chosen strategy's result out of sample on that in sample; negative when choosing harder does harm.
    /// `None` when the results in sample are all the same.
    pub degradation: Option<f64>,
    /// Strategies compared.
    pub strategies: usize,
    /// Splits, `C(S, S/2)`.
    pub splits: usize,
}

/// The probability of backtest overfitting by combinatorially symmetric cross-validation.
///
/// The rows are cut into `blocks` S stretches of equal length, give or take one row. For each of the `C(S, S/2)` ways to
/// take half of them, the strategy that is best there is ranked among all on the other half.
///
/// | argument   | shape    | meaning                                                          |
/// |------------|----------|------------------------------------------------------------------|
/// | `returns`  | `(T, N)` | of every strategy that was tried, the discarded ones included    |
/// | `blocks`   |          | S, even, from 2 to 20; 16 is usual and makes 12,870 splits       |
/// | `selected` |          | by what the best is chosen                                       |
///
/// Of strategies that tie in sample the first is chosen.
///
/// # Errors
/// - [`Error::Empty`]; [`Error::EntryOutOfDomain`] for a return that is not finite.
/// - [`Error::OutOfDomain`] for a number of blocks that is odd or outside 2 to 20.
/// - [`Error::InsufficientData`] for fewer than two strategies, or two rows a block.
/// - [`Error::Undefined`] for a strategy that is constant on half of the blocks, which has no Sharpe ratio there.
///
/// # Source
/// Bailey, Borwein, López de Prado and Zhu (2015), "The probability of backtest overfitting".
///
/// # Examples
/// ```
/// use alluse_risk_core::inference::{SelectedBy, overfitting_probability};
/// use alluse_risk_core::streams::Streams;
///
/// let mut returns = Streams::new(4).standard_normals(800, 10);
/// returns.column_mut(3).mapv_inplace(|z| z + 0.3); // one strategy with skill
/// let found = overfitting_probability(returns.view(), 8, SelectedBy::SharpeRatio)?;
/// assert!(found.splits == 70 && found.probability < 0.05);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn overfitting_probability(
    returns: ArrayView2<'_, f64>,
    blocks: usize,
    selected: SelectedBy,
) -> Result<Overfitting> {
    check::finite_matrix("returns", returns)?;
    if !(2..=20).contains(&blocks) || blocks % 2 == 1 {
        return Err(Error::OutOfDomain { name: "blocks", expected: "even, from 2 to 20", value: blocks as f64 });
    }
    check::enough("strategies to choose from", 2, returns.ncols())?;
    check::enough(NAME, 2 * blocks, returns.nrows())?;
    let sums = BlockSums::new(returns, blocks);
    let strategies = returns.ncols();
    let (mut logits, mut inside, mut outside) = (Vec::new(), Vec::new(), Vec::new());
    let mut halves = [vec![0.0; strategies], vec![0.0; strategies]];
    for half in (0..1_u32 << blocks).filter(|half| half.count_ones() as usize == blocks / 2) {
        let [train, test] = &mut halves;
        sums.scores(selected, half, train)?;
        sums.scores(selected, !half, test)?;
        let best = first_largest(train);
        let omega = mean_rank(test, test[best]) / (strategies + 1) as f64;
        logits.push(libm::log(omega / (1.0 - omega)));
        inside.push(train[best]);
        outside.push(test[best]);
    }
    let share = |count: usize| count as f64 / logits.len() as f64;
    Ok(Overfitting {
        probability: share(logits.iter().filter(|logit| **logit <= 0.0).count()),
        probability_of_loss: share(outside.iter().filter(|result| **result < 0.0).count()),
        degradation: slope(&inside, &outside),
        strategies,
        splits: logits.len(),
        logits,
    })
}

/// Rows, sums and sums of squares of every strategy in every block, about the strategy's mean.
struct BlockSums {
    rows: Vec<f64>,
    /// For each strategy, its mean over all rows.
    means: Vec<f64>,
    /// Block after block, strategy after strategy.
    sums: Vec<[f64; 2]>,
}

impl BlockSums {
    fn new(returns: ArrayView2<'_, f64>, blocks: usize) -> Self {
        let (n, strategies) = returns.dim();
        let means: Vec<f64> = returns.axis_iter(Axis(1)).map(|c| compensated(c.iter().copied()) / n as f64).collect();
        let mut rows = vec![0.0; blocks];
        let mut sums = vec![[0.0; 2]; blocks * strategies];
        for (t, row) in returns.axis_iter(Axis(0)).enumerate() {
            // The last block whose start k n/S is not after t.
            let block = ((t + 1) * blocks - 1) / n;
            rows[block] += 1.0;
            let own = sums.iter_mut().skip(block * strategies);
            for ((sum, value), mean) in own.zip(row).zip(&means) {
                let deviation = value - mean;
                *sum = [sum[0] + deviation, sum[1] + deviation * deviation];
            }
        }
        Self { rows, means, sums }
    }

    /// What every strategy achieved on the blocks whose bits are set.
    fn scores(&self, selected: SelectedBy, half: u32, scores: &mut [f64]) -> Result<()> {
        let strategies = self.means.len();
        let mut rows = 0.0;
        let mut totals = vec![[0.0; 2]; strategies];
        for (block, own) in self.sums.chunks_exact(strategies).enumerate().filter(|(b, _)| half >> b & 1 == 1) {
            rows += self.rows[block];
            totals.iter_mut().zip(own).for_each(|(t, s)| *t = [t[0] + s[0], t[1] + s[1]]);
        }
        for ((score, [sum, squares]), mean) in scores.iter_mut().zip(totals).zip(&self.means) {
            let shift = sum / rows;
            *score = match selected {
                SelectedBy::Mean => mean + shift,
                SelectedBy::SharpeRatio => {
                    let left = squares - rows * shift * shift;
                    // What is left of sums that cancel to their last digits is rounding, not variance.
                    if left <= 1e-12 * squares || left <= 0.0 {
                        let reason = "a strategy is constant on half of the blocks";
                        return Err(Error::Undefined { name: NAME, reason });
                    }
                    (mean + shift) / (left / (rows - 1.0)).sqrt()
                }
            };
        }
        Ok(())
    }
}

fn first_largest(values: &[f64]) -> usize {
    let mut best = 0;
    for (index, value) in values.iter().enumerate() {
        if *value > values[best] {
            best = index;
        }
    }
    best
}

/// Rank of a value that is among the others, 1 the smallest; the mean of the ranks that tied values share.
fn mean_rank(values: &[f64], value: f64) -> f64 {
    let below = values.iter().filter(|other| **other < value).count();
    let tied = values.iter().filter(|other| other.total_cmp(&value).is_eq()).count();
    below as f64 + 0.5 * (tied + 1) as f64
}

fn slope(x: &[f64], y: &[f64]) -> Option<f64> {
    let n = x.len() as f64;
    let (mean_x, mean_y) = (compensated(x.iter().copied()) / n, compensated(y.iter().copied()) / n);
    let squares = compensated(x.iter().map(|x| (x - mean_x) * (x - mean_x)));
    let products = compensated(x.iter().zip(y).map(|(x, y)| (x - mean_x) * (y - mean_y)));
    (squares > 0.0).then(|| products / squares)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, array};

    use super::*;
    use crate::moments;
    use crate::streams::Streams;

    #[test]
    fn two_blocks_by_hand() {
        // Means by half: strategy 0 (1, −1), 1 (0, 0), 2 (−1, 1). The best of one half is the worst of the other.
        let returns = array![[1.5, 0.5, -0.5], [0.5, -0.5, -1.5], [-0.5, 0.5, 1.5], [-1.5, -0.5, 0.5]];
        let found = overfitting_probability(returns.view(), 2, SelectedBy::Mean).unwrap();
        assert_eq!((found.probability, found.probability_of_loss, found.splits), (1.0, 1.0, 2));
        // Rank 1 of 3: ω = 1/4.
        assert!(found.logits.iter().all(|logit| (logit - (1.0_f64 / 3.0).ln()).abs() < 1e-15));
        assert_eq!(found.degradation, None);
    }

    #[test]
    fn scores_are_sharpe_ratios_of_the_rows() {
        let returns = Streams::new(2).standard_normals(23, 3) + 5.0;
        let sums = BlockSums::new(returns.view(), 4);
        // 23 rows in four blocks start at 0, 5, 11 and 17; bits 1 and 3 are rows 5..11 and 17..23.
        assert_eq!(sums.rows, [5.0, 6.0, 6.0, 6.0]);
        let mut scores = vec![0.0; 3];
        sums.scores(SelectedBy::SharpeRatio, 0b1010, &mut scores).unwrap();
        let rows: Vec<usize> = (5..11).chain(17..23).collect();
        let half = returns.select(Axis(0), &rows);
        for (score, column) in scores.iter().zip(half.columns()) {
            let want = moments::mean(column).unwrap() / moments::standard_deviation(column, 1).unwrap();
            assert!((score / want - 1.0).abs() < 1e-12);
        }
    }

    /// Without skill the best is anywhere out of sample; centring every strategy's mean makes it worse than that.
    #[test]
    fn noise_overfits() {
        let mut total = 0.0;
        for seed in 0..12 {
            let returns = Streams::new(seed).standard_normals(400, 20);
            total += overfitting_probability(returns.view(), 8, SelectedBy::SharpeRatio).unwrap().probability / 12.0;
        }
        assert!((0.35..0.75).contains(&total), "{total}");
    }

    #[test]
    fn the_usual_number_of_splits() {
        let returns = Streams::new(3).standard_normals(320, 4);
        assert_eq!(overfitting_probability(returns.view(), 16, SelectedBy::Mean).unwrap().splits, 12_870);
    }

    #[test]
    fn copies_of_one_strategy_are_in_the_middle() {
        let one = Streams::new(3).standard_normals(40, 1);
        let returns = Array2::from_shape_fn((40, 3), |(t, _)| one[[t, 0]]);
        let found = overfitting_probability(returns.view(), 4, SelectedBy::SharpeRatio).unwrap();
        assert!(found.logits.iter().all(|logit| logit.abs() < 1e-15) && found.probability == 1.0);
    }

    #[test]
    fn hostile_input() {
        let returns = Streams::new(1).standard_normals(40, 3);
        for blocks in [0, 1, 3, 22] {
            let error = overfitting_probability(returns.view(), blocks, SelectedBy::Mean).unwrap_err();
            assert!(matches!(error, Error::OutOfDomain { name: "blocks", .. }));
        }
        let run =
            |returns: Array2<f64>| overfitting_probability(returns.view(), 4, SelectedBy::SharpeRatio).unwrap_err();
        assert!(matches!(run(Array2::zeros((0, 2))), Error::Empty { .. }));
        assert!(matches!(run(Array2::zeros((40, 1))), Error::InsufficientData { required: 2, .. }));
        assert!(matches!(run(Array2::zeros((7, 2))), Error::InsufficientData { required: 8, .. }));
        assert!(matches!(run(Array2::from_elem((40, 2), 0.1)), Error::Undefined { .. }));
        let mut bad = returns;
        bad[[4, 2]] = f64::NAN;
        assert!(matches!(run(bad), Error::EntryOutOfDomain { .. }));
    }
}

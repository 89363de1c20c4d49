use ndarray::{Array2, ArrayView2, ArrayViewMut1, Axis, Zip};
use rand::{Rng, RngExt};

use crate::measures::{Bootstrap, StationaryBlocks};
use crate::streams::Streams;

/// Resampled column means less the column means, replicates × columns, by the stationary bootstrap.
///
/// All columns of a replicate are drawn at the same dates, so their dependence on each other stays.
pub(super) fn deviations(
    values: ArrayView2<'_, f64>,
    means: &[f64],
    blocks: StationaryBlocks,
    bootstrap: &Bootstrap,
) -> Array2<f64> {
    let running = RunningSums::new(values, means);
    let lengths = BlockLengths::new(blocks);
    let mut deviations = Array2::zeros((bootstrap.replicates, values.ncols()));
    Streams::new(bootstrap.seed).fill_blocks(&mut deviations, |stream, mut rows| {
        for row in rows.axis_iter_mut(Axis(0)) {
            running.resampled_mean(&lengths, stream, row);
        }
    });
    deviations
}

/// Sums of the deviations from the column means up to each date: a block costs one difference, however
/// long it is.
struct RunningSums {
    sums: Array2<f64>,
}

impl RunningSums {
    fn new(values: ArrayView2<'_, f64>, means: &[f64]) -> Self {
        let mut sums = Array2::zeros((values.nrows() + 1, values.ncols()));
        for (column, mean) in means.iter().enumerate() {
            let mut sum = 0.0;
            for (date, value) in values.column(column).iter().enumerate() {
                sum += value - mean;
                sums[(date + 1, column)] = sum;
            }
        }
        Self { sums }
    }

    fn dates(&self) -> usize {
        self.sums.nrows() - 1
    }

    fn resampled_mean(&self, lengths: &BlockLengths, stream: &mut impl Rng, mut row: ArrayViewMut1<'_, f64>) {
        let dates = self.dates();
        let mut left = dates;
        while left > 0 {
            let start = stream.random_range(0..dates);
            let length = lengths.draw(stream).min(left);
            self.add_block(start, length, &mut row);
            left -= length;
        }
        row /= dates as f64;
    }

    /// Adds the block of `length` dates from `start` on, which goes on at the beginning beyond the end.
    fn add_block(&self, start: usize, length: usize, row: &mut ArrayViewMut1<'_, f64>) {
        let (dates, end) = (self.dates(), start + length);
        self.add_between(start, end.min(dates), row);
        if end > dates {
            self.add_between(0, end - dates, row);
        }
    }

    fn add_between(&self, start: usize, end: usize, row: &mut ArrayViewMut1<'_, f64>) {
        Zip::from(row)
            .and(self.sums.row(end))
            .and(self.sums.row(start))
            .for_each(|sum, end, start| *sum += end - start);
    }
}

/// Geometric block lengths, by inversion of their distribution function.
pub(super) struct BlockLengths {
    /// `ln(1 − 1/mean)`; −∞ for blocks of one.
    log_stay: f64,
}

impl BlockLengths {
    pub(super) fn new(blocks: StationaryBlocks) -> Self {
        Self { log_stay: libm::log1p(-1.0 / f64::from(blocks)) }
    }

    pub(super) fn draw(&self, stream: &mut impl Rng) -> usize {
        // From (0, 1]: a logarithm of zero would make an endless block.
        let uniform = 1.0 - stream.random::<f64>();
        (libm::log(uniform) / self.log_stay) as usize + 1
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, array};

    use super::*;

    #[test]
    fn block_lengths_are_geometric() {
        let mut stream = Streams::new(2).block(0);
        let lengths = BlockLengths::new(StationaryBlocks::new(5.0).unwrap());
        let drawn: Vec<usize> = (0..40_000).map(|_| lengths.draw(&mut stream)).collect();
        // Mean 5, variance (1 − p)/p² = 20; shares p = 0.2 and p(1 − p) = 0.16; five standard errors.
        let mean = drawn.iter().sum::<usize>() as f64 / 40_000.0;
        assert!((mean - 5.0).abs() < 5.0 * (20.0 / 40_000.0_f64).sqrt(), "{mean}");
        for (length, share) in [(1, 0.2), (2, 0.16)] {
            let got = drawn.iter().filter(|l| **l == length).count() as f64 / 40_000.0;
            assert!((got - share).abs() < 5.0 * (share * (1.0 - share) / 40_000.0_f64).sqrt(), "{length}: {got}");
        }
    }

    #[test]
    fn blocks_of_mean_one_have_one_date_each() {
        let mut stream = Streams::new(2).block(0);
        let lengths = BlockLengths::new(StationaryBlocks::new(1.0).unwrap());
        assert!((0..1_000).all(|_| lengths.draw(&mut stream) == 1));
    }

    #[test]
    fn blocks_are_sums_that_wrap_around() {
        let values = array![[1.0, 10.0], [2.0, 20.0], [4.0, 40.0], [8.0, 80.0]];
        let running = RunningSums::new(values.view(), &[0.0, 0.0]);
        for (start, length, want) in [(0, 1, 1.0), (1, 2, 6.0), (2, 2, 12.0), (3, 2, 9.0), (2, 4, 15.0), (3, 4, 15.0)] {
            let mut row = Array1::zeros(2);
            running.add_block(start, length, &mut row.view_mut());
            assert_eq!(row, array![want, 10.0 * want], "{start} {length}");
        }
    }

    #[test]
    fn spread_of_the_resampled_mean_is_that_of_the_block_law() {
        // An alternating series: Politis and Romano's variance of √n(mean* − mean) is
        // γ₀ + 2Σ (1 − k/n)(1 − p)ᵏ γₖ on the circle plus its mirror; for γₖ = (−1)ᵏ and n large,
        // 1 + 2Σ (−q)ᵏ = (1 − q)/(1 + q), here 1/3 with q = 1/2.
        let n = 2_000;
        let values = Array2::from_shape_fn((n, 1), |(t, _)| if t % 2 == 0 { 1.0 } else { -1.0 });
        let bootstrap = Bootstrap::new(4).with_replicates(4_000);
        let deviations = deviations(values.view(), &[0.0], StationaryBlocks::new(2.0).unwrap(), &bootstrap);
        let variance = n as f64 * deviations.iter().map(|d| d * d).sum::<f64>() / 4_000.0;
        // Five standard errors of a variance from 4,000 normal draws.
        assert!((variance - 1.0 / 3.0).abs() < 5.0 / 3.0 * (2.0 / 4_000.0_f64).sqrt(), "{variance}");
    }

    #[test]
    fn the_first_draws_of_a_seed_stay_what_they_are() {
        let values = Array2::from_shape_fn((50, 1), |(t, _)| t as f64);
        let drawn = deviations(
            values.view(),
            &[24.5],
            StationaryBlocks::new(5.0).unwrap(),
            &Bootstrap::new(7).with_replicates(2),
        );
        assert_eq!(drawn.column(0).to_vec(), PINNED);
    }

    const PINNED: [f64; 2] = [-4.2, -5.04];
}

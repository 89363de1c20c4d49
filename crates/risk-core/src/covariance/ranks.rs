//! Ranks with averaged ties.

/// Positions of the values in ascending order; the values are finite.
pub(super) fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    // `total_cmp` would put −0 before 0, which are a tie.
    order.sort_by(|&a, &b| (values[a] + 0.0).total_cmp(&(values[b] + 0.0)));
    order
}

/// Lengths of the runs of equal values along ascending `order`: neighbours tie unless they rise.
pub(super) fn runs(values: &[f64], order: &[usize]) -> Vec<usize> {
    order.chunk_by(|&a, &b| values[a] >= values[b]).map(<[usize]>::len).collect()
}

/// Ranks from 1; values that tie share the mean of their ranks.
pub(super) fn average_ranks(values: &[f64]) -> Vec<f64> {
    let order = ascending(values);
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for length in runs(values, &order) {
        let shared = before as f64 + (length + 1) as f64 / 2.0;
        for &position in &order[before..before + length] {
            ranks[position] = shared;
        }
        before += length;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ties_share_their_mean_rank() {
        assert_eq!(average_ranks(&[3.0, 1.0, 3.0, 2.0, 3.0]), [4.0, 1.0, 4.0, 2.0, 4.0]);
        assert_eq!(average_ranks(&[0.0, -0.0]), [1.5, 1.5]);
        assert_eq!(runs(&[2.0, 1.0, 2.0], &ascending(&[2.0, 1.0, 2.0])), [1, 2]);
    }
}

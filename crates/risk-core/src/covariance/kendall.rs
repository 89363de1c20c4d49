//! Kendall's tau-b in O(n log n) a pair of series.

use super::ranks::{ascending, runs};

/// A series with its order, so that each of the pairs it is in needs no sort of its own.
pub(super) struct Ordered {
    values: Vec<f64>,
    order: Vec<usize>,
    ties: f64,
}

impl Ordered {
    pub(super) fn new(values: Vec<f64>) -> Self {
        let order = ascending(&values);
        let ties = runs(&values, &order).into_iter().map(pairs).sum();
        Self { values, order, ties }
    }
}

fn pairs(n: usize) -> f64 {
    n as f64 * (n as f64 - 1.0) / 2.0
}

/// ```text
/// τ_b = (C − D) / √((N − Tₓ)(N − T_y))      N pairs, T tied pairs
/// ```
///
/// Knight (1966): with the pairs ordered by x, then y, the discordant ones are the exchanges that
/// sort y. The caller has excluded constant series.
pub(super) fn tau_b(x: &Ordered, y: &Ordered) -> f64 {
    let mut along: Vec<f64> = x.order.iter().map(|&i| y.values[i]).collect();
    let (mut start, mut tied_in_both) = (0, 0.0);
    for length in runs(&x.values, &x.order) {
        let group = &mut along[start..start + length];
        // Ascending, so neighbours tie unless they rise.
        group.sort_by(|a, b| (a + 0.0).total_cmp(&(b + 0.0)));
        tied_in_both += group.chunk_by(|a, b| a >= b).map(|run| pairs(run.len())).sum::<f64>();
        start += length;
    }
    let all = pairs(along.len());
    let discordant = exchanges(&mut along) as f64;
    let concordant_less_discordant = all - x.ties - y.ties + tied_in_both - 2.0 * discordant;
    concordant_less_discordant / ((all - x.ties).sqrt() * (all - y.ties).sqrt())
}

/// Sorts and counts the pairs that stood in strictly descending order.
fn exchanges(values: &mut [f64]) -> u64 {
    let n = values.len();
    let mut buffer = values.to_vec();
    let (mut width, mut count) = (1, 0_u64);
    while width < n {
        for start in (0..n).step_by(2 * width) {
            let (middle, end) = ((start + width).min(n), (start + 2 * width).min(n));
            let (mut left, mut right) = (start, middle);
            for slot in &mut buffer[start..end] {
                if right == end || (left < middle && values[left] <= values[right]) {
                    *slot = values[left];
                    left += 1;
                } else {
                    *slot = values[right];
                    right += 1;
                    count += (middle - left) as u64;
                }
            }
        }
        values.copy_from_slice(&buffer);
        width *= 2;
    }
    count
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn exchanges_count_inversions() {
        assert_eq!(exchanges(&mut [3.0, 1.0, 2.0]), 2);
        assert_eq!(exchanges(&mut [5.0, 4.0, 3.0, 2.0, 1.0]), 10);
        assert_eq!(exchanges(&mut [1.0, 1.0, 1.0]), 0);
    }

    proptest! {
        #[test]
        fn agrees_with_counting_every_pair(
            points in prop::collection::vec((-3_i8..3, -3_i8..3), 2..40)
        ) {
            let (x, y): (Vec<f64>, Vec<f64>) = points.iter().map(|&(a, b)| (f64::from(a), f64::from(b))).unzip();
            let (mut score, mut in_x, mut in_y) = (0.0, 0.0, 0.0);
            for i in 0..x.len() {
                for j in 0..i {
                    let (a, b) = (x[i] - x[j], y[i] - y[j]);
                    score += if a * b == 0.0 { 0.0 } else { (a * b).signum() };
                    in_x += f64::from(u8::from(a != 0.0));
                    in_y += f64::from(u8::from(b != 0.0));
                }
            }
            prop_assume!(in_x > 0.0 && in_y > 0.0);
            let got = tau_b(&Ordered::new(x), &Ordered::new(y));
            prop_assert!((got - score / f64::sqrt(in_x * in_y)).abs() < 1e-14);
        }
    }
}

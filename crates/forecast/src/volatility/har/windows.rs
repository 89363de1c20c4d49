//! Means over the last values, for several spans at once.

/// For each span the mean of the `span` values that end at each position from `first` on.
///
/// Sums over powers of two are made by doubling and joined to any span: every sum is a short tree of additions, which
/// vectorises and never subtracts, so that a large value leaves no rounding behind when it drops out.
pub(super) fn trailing_means(values: &[f64], spans: &[usize], first: usize) -> Vec<Vec<f64>> {
    let n = values.len();
    let mut sums: Vec<Vec<f64>> = spans.iter().map(|_| Vec::new()).collect();
    // How much of each span is summed already.
    let mut done = vec![0; spans.len()];
    let longest = spans.iter().copied().max().unwrap_or(0);
    let mut block = values.to_vec();
    let mut size = 1;
    loop {
        for ((sum, &span), done) in sums.iter_mut().zip(spans).zip(&mut done) {
            if span & size == 0 {
                continue;
            }
            // `block[t]` is the sum of the `size` values that end at `t`; the part before the `done` last ones.
            let part = &block[first - *done..n - *done];
            if sum.is_empty() {
                sum.extend_from_slice(part);
            } else {
                sum.iter_mut().zip(part).for_each(|(sum, more)| *sum += more);
            }
            *done += size;
        }
        if 2 * size > longest {
            break;
        }
        // Positions before `2 size − 1` have no full window and are never read.
        let mut next = Vec::with_capacity(n);
        next.extend_from_slice(&block[..size]);
        next.extend(block[size..].iter().zip(&block).map(|(sum, more)| sum + more));
        block = next;
        size *= 2;
    }
    for (sum, &span) in sums.iter_mut().zip(spans).filter(|(_, span)| **span > 1) {
        let scale = 1.0 / span as f64;
        sum.iter_mut().for_each(|sum| *sum *= scale);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_of_the_last_values() {
        let values: Vec<f64> = (0..40).map(|t| f64::from(t * t % 11)).collect();
        let spans = [1, 2, 3, 5, 13, 22];
        for (means, span) in trailing_means(&values, &spans, 21).iter().zip(spans) {
            assert_eq!(means.len(), 19);
            for (offset, got) in means.iter().enumerate() {
                let end = 22 + offset;
                let want = values[end - span..end].iter().sum::<f64>() / span as f64;
                assert!((got - want).abs() < 1e-14, "{span} {offset}");
            }
        }
        assert_eq!(trailing_means(&values, &[1], 0)[0], values);
    }

    #[test]
    fn a_large_value_leaves_nothing_behind() {
        let mut values = vec![0.1; 60];
        values[10] = 1e18;
        let means = trailing_means(&values, &[3, 7], 20);
        assert!(means.iter().flatten().all(|mean| (mean - 0.1).abs() < 1e-16));
    }
}

//! Sums whose rounding error does not grow with the length.

/// Neumaier's compensated sum.
pub(crate) fn compensated(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = sum + value;
        lost += if sum.abs() >= value.abs() { (sum - next) + value } else { (value - next) + sum };
        sum = next;
    }
    sum + lost
}

/// Mean by a compensated sum; the caller has checked that there is at least one value.
pub(crate) fn mean<'a>(values: impl ExactSizeIterator<Item = &'a f64>) -> f64 {
    let n = values.len() as f64;
    compensated(values.copied()) / n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_terms_survive_large_ones() {
        assert_eq!(compensated([1.0, 1e100, 1.0, -1e100]), 2.0);
    }

    #[test]
    fn mean_of_ten_tenths_is_a_tenth() {
        assert_eq!(mean([0.1; 10].iter()), 0.1);
    }
}

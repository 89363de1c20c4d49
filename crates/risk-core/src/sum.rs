//! Sums whose rounding error does not grow with the length.

/// Neumaier's compensated sum, term by term.
///
/// ```
/// use alluse_risk_core::sum::CompensatedSum;
///
/// assert_eq!(CompensatedSum::of([1.0, 1e100, 1.0, -1e100]), 2.0); // small terms survive large ones
/// ```
///
/// # Source
/// Neumaier (1974), "Rundungsfehleranalyse einiger Verfahren zur Summation endlicher Summen".
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CompensatedSum {
    sum: f64,
    lost: f64,
}

impl CompensatedSum {
    /// Adds a term.
    pub fn add(&mut self, value: f64) {
        let next = self.sum + value;
        self.lost += if self.sum.abs() >= value.abs() { (self.sum - next) + value } else { (value - next) + self.sum };
        self.sum = next;
    }

    /// The sum so far.
    #[must_use]
    pub fn value(self) -> f64 {
        self.sum + self.lost
    }

    /// The sum of all the values.
    #[must_use]
    pub fn of(values: impl IntoIterator<Item = f64>) -> f64 {
        let mut sum = Self::default();
        values.into_iter().for_each(|value| sum.add(value));
        sum.value()
    }
}

/// The sum of all the values.
pub(crate) fn compensated(values: impl IntoIterator<Item = f64>) -> f64 {
    CompensatedSum::of(values)
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
        assert_eq!(compensated([]), 0.0);
    }

    #[test]
    fn mean_of_ten_tenths_is_a_tenth() {
        assert_eq!(mean([0.1; 10].iter()), 0.1);
    }
}

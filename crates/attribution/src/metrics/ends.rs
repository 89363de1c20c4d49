use super::performance::{key, number};

/// The lowest and the highest sixteenth of the returns in order: all that tail measures look at, for a third of the
/// time that a full sort takes.
#[derive(Debug)]
pub(super) struct Ends {
    /// Ascending.
    lowest: Vec<f64>,
    /// Ascending.
    highest: Vec<f64>,
    n: usize,
}

impl Ends {
    pub(super) fn of(values: &[f64]) -> Self {
        let n = values.len();
        let each = n / 16 + 2;
        let mut keys: Vec<u64> = values.iter().map(|&value| key(value)).collect();
        if 2 * each + 2 > n {
            keys.sort_unstable();
            return Self { lowest: keys.into_iter().map(number).collect(), highest: Vec::new(), n };
        }
        let (low, _, rest) = keys.select_nth_unstable(each);
        low.sort_unstable();
        let lowest = low.iter().copied().map(number).collect();
        let between = rest.len() - each - 1;
        let (_, _, high) = rest.select_nth_unstable(between);
        high.sort_unstable();
        Self { lowest, highest: high.iter().copied().map(number).collect(), n }
    }

    /// Value number `k` in ascending order, counted from 0, unless it lies in the middle.
    pub(super) fn at(&self, k: usize) -> Option<f64> {
        self.lowest.get(k).or_else(|| self.highest.get(k.checked_sub(self.n - self.highest.len())?)).copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ends_are_those_of_a_sort(
            values in prop::collection::vec(prop_oneof![Just(0.0), Just(-0.0), Just(0.01), -1.0_f64..3.0], 1..400),
        ) {
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let ends = Ends::of(&values);
            for (k, value) in sorted.iter().enumerate() {
                let from_the_end = values.len() - 1 - k;
                match ends.at(k) {
                    Some(found) => prop_assert_eq!(found.to_bits(), value.to_bits()),
                    None => prop_assert!(k.min(from_the_end) > values.len() / 16 + 1),
                }
            }
        }
    }
}

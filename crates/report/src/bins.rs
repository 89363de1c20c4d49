//! Bins of a histogram.

use crate::chart::{Histogram, Marker};
use crate::{Error, Result, Unit};

/// Most bins: more cannot be told apart on a screen.
const MOST: usize = 60;

/// A histogram by the rule of Freedman and Diaconis, the width rounded to 1, 2 or 5 times a power of ten and the edges to
/// its multiples, so that zero never lies inside a bin.
pub(crate) fn histogram(
    title: impl Into<String>,
    description: impl Into<String>,
    unit: Unit,
    values: &[f64],
    markers: Vec<Marker>,
) -> Result<Histogram> {
    if let Some(index) = values.iter().position(|value| !value.is_finite()) {
        return Err(Error::invalid("histogram", format!("value {index} is {}", values[index])));
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (Some(&least), Some(&most)) = (sorted.first(), sorted.last()) else {
        return Err(Error::invalid("histogram", "there are no values"));
    };
    let n = sorted.len();
    let spread = sorted[(3 * n / 4).min(n - 1)] - sorted[n / 4];
    let range = most - least;
    let wanted = 2.0 * spread / (n as f64).cbrt();
    let width =
        rounded(if wanted > 0.0 { wanted.max(range / MOST as f64) } else { (range / 10.0).max(least.abs() / 10.0) });
    let first = (least / width).floor();
    // A value on the last edge needs a bin of its own.
    let bins = ((most / width).floor() - first) as usize + 1;
    let mut counts = vec![0; bins];
    for value in values {
        let bin = ((value / width).floor() - first) as usize;
        counts[bin.min(bins - 1)] += 1;
    }
    let edges = (0..=bins).map(|edge| (first + edge as f64) * width).collect();
    Ok(Histogram { title: title.into(), description: description.into(), unit, edges, counts, markers })
}

/// The next larger of 1, 2 and 5 times a power of ten; 1 for zero.
fn rounded(width: f64) -> f64 {
    if !(width > 0.0) {
        return 1.0;
    }
    let scale = 10_f64.powf(width.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().find(|step| step * scale >= width * (1.0 - 1e-12)).unwrap_or(10.0) * scale
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(values: &[f64]) -> Histogram {
        histogram("t", "d", Unit::RATIO, values, Vec::new()).unwrap()
    }

    #[test]
    fn degenerate_values_have_one_bin() {
        assert_eq!(of(&[0.0, 0.0]).counts, [2]);
        assert_eq!(of(&[3.0]).counts, [1]);
        assert!(histogram("t", "d", Unit::RATIO, &[], Vec::new()).is_err());
        assert!(histogram("t", "d", Unit::RATIO, &[f64::NAN], Vec::new()).is_err());
    }

    proptest! {
        #[test]
        fn every_value_is_counted_in_the_bin_that_holds_it(values in prop::collection::vec(-1.0_f64..1.0, 1..200)) {
            let chart = of(&values);
            prop_assert_eq!(chart.counts.iter().sum::<usize>(), values.len());
            prop_assert!(chart.counts.len() <= 2 * MOST + 2);
            let slack = 1e-9;
            for (bin, count) in chart.counts.iter().enumerate() {
                let (low, high) = (chart.edges[bin], chart.edges[bin + 1]);
                let surely = values.iter().filter(|v| **v > low + slack && **v < high - slack).count();
                let perhaps = values.iter().filter(|v| **v > low - slack && **v < high + slack).count();
                prop_assert!(surely <= *count && *count <= perhaps);
                prop_assert!(!(low < -slack && high > slack), "zero lies inside a bin");
            }
        }
    }
}

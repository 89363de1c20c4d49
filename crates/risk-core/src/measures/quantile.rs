use ndarray::ArrayView1;
use serde::{Deserialize, Serialize};

use crate::types::confidence::snap;
use crate::{Error, Result, check};

/// Which sample quantile.
///
/// Stated on `n` losses in ascending order, `L₁ ≤ … ≤ Lₙ`, at the confidence `c`. Counts such as `n·c`
/// within 1e-9 of a whole number are that number, because `0.95 · 20` need not be 19 in floating point.
///
/// | rule | value | Hyndman-Fan | on returns at `1 − c` |
/// |---|---|---|---|
/// | [`Linear`](Self::Linear) | position `(n−1)c`, interpolated | 7 | the same |
/// | [`LowerLoss`](Self::LowerLoss) | `L` number `⌈nc⌉`, at least 1 | 1 | `UpperLoss` |
/// | [`UpperLoss`](Self::UpperLoss) | `L` number `⌊nc⌋ + 1`, at most `n` | | `LowerLoss` |
/// | [`Lower`](Self::Lower) | position `⌊(n−1)c⌋` | | `Higher` |
/// | [`Higher`](Self::Higher) | position `⌈(n−1)c⌉` | | `Lower` |
/// | [`Hazen`](Self::Hazen) | number `nc + ½`, interpolated | 5 | the same |
/// | [`Weibull`](Self::Weibull) | number `(n+1)c`, interpolated | 6 | the same |
/// | [`MedianUnbiased`](Self::MedianUnbiased) | number `(n+⅓)c + ⅓`, interpolated | 8 | the same |
///
/// `Linear` is the default of NumPy and R. A library that works on returns at the tail mass uses the
/// rule of the last column, which [`mirrored`](Self::mirrored) names.
///
/// Under unequal probabilities `LowerLoss` and `UpperLoss` are the ends of the interval of exact
/// quantiles of the weighted sample, and the interpolating rules put loss `k` at
/// `(N·mₖ + ½ − a)/(N + 1 − 2a)`, where `mₖ` is the probability below it plus half its own, `N` is
/// Kish's effective number and `a` is 1, ½, 0 or ⅓ for types 7, 5, 6 and 8. Equal probabilities give
/// the table above back.
///
/// # Source
/// Hyndman and Fan (1996), "Sample quantiles in statistical packages".
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum QuantileRule {
    /// Hyndman-Fan type 7.
    #[default]
    Linear,
    /// The smallest loss that at least a share `c` of the sample does not exceed: type 1.
    LowerLoss,
    /// The largest loss that at least a share `1 − c` of the sample reaches.
    UpperLoss,
    /// The loss at or before the position of `Linear`.
    Lower,
    /// The loss at or after the position of `Linear`.
    Higher,
    /// Hyndman-Fan type 5.
    Hazen,
    /// Hyndman-Fan type 6.
    Weibull,
    /// Hyndman-Fan type 8.
    MedianUnbiased,
}

impl QuantileRule {
    /// The rule `r'` with `quantile(−x, 1 − p, r') = −quantile(x, p, r)`.
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::LowerLoss => Self::UpperLoss,
            Self::UpperLoss => Self::LowerLoss,
            Self::Lower => Self::Higher,
            Self::Higher => Self::Lower,
            same @ (Self::Linear | Self::Hazen | Self::Weibull | Self::MedianUnbiased) => same,
        }
    }

    /// Where the quantile lies among `n ≥ 1` ascending values.
    pub(super) fn place(self, n: usize, probability: f64) -> Place {
        let last = n - 1;
        let count = n as f64;
        match self {
            Self::LowerLoss => Place::at((snap(count * probability).ceil() as usize).saturating_sub(1).min(last)),
            Self::UpperLoss => Place::at((snap(count * probability).floor() as usize).min(last)),
            Self::Lower => Place::at(snap(last as f64 * probability).floor() as usize),
            Self::Higher => Place::at(snap(last as f64 * probability).ceil() as usize),
            Self::Linear | Self::Hazen | Self::Weibull | Self::MedianUnbiased => {
                let a = self.plotting_constant();
                let position = snap(a - 1.0 + probability * (count + 1.0 - 2.0 * a)).clamp(0.0, last as f64);
                let low = position.floor();
                Place::between(low as usize, position - low)
            }
        }
    }

    /// Where the quantile lies among ascending values of unequal probability.
    ///
    /// `cumulative[k]` is the probability of the values up to and with `k`; `effective` is Kish's number.
    pub(super) fn weighted_place(self, cumulative: &[f64], effective: f64, probability: f64) -> Place {
        let last = cumulative.len() - 1;
        // The same tolerance as for a count of equally likely values.
        let slack = 1e-9 / cumulative.len() as f64;
        match self {
            Self::LowerLoss => Place::at(cumulative.partition_point(|&c| c < probability - slack).min(last)),
            Self::UpperLoss => Place::at(cumulative.partition_point(|&c| c <= probability + slack).min(last)),
            Self::Lower => Place::at(self.bracket(cumulative, effective, probability).low),
            Self::Higher => {
                let place = self.bracket(cumulative, effective, probability);
                Place::at(if place.fraction > 0.0 { place.low + 1 } else { place.low })
            }
            _ => self.bracket(cumulative, effective, probability),
        }
    }

    fn bracket(self, cumulative: &[f64], effective: f64, probability: f64) -> Place {
        let a = self.plotting_constant();
        let middle = |k: usize| 0.5 * (cumulative[k] + if k == 0 { 0.0 } else { cumulative[k - 1] });
        // Number, counted from 1, that the value would have in a sample of `effective` equal ones.
        let number = |k: usize| effective * middle(k) + 0.5;
        let target = a + probability * (effective + 1.0 - 2.0 * a);
        let last = cumulative.len() - 1;
        let (mut low, mut high) = (0, last);
        if target <= number(0) {
            return Place::at(0);
        }
        if target >= number(last) {
            return Place::at(last);
        }
        while high - low > 1 {
            let between = usize::midpoint(low, high);
            if number(between) <= target { low = between } else { high = between }
        }
        let fraction = snap((target - number(low)) / (number(high) - number(low)));
        if fraction < 1.0 { Place::between(low, fraction) } else { Place::at(high) }
    }

    /// Hyndman and Fan's `a = b`: value `k` of `n` stands at `(k − a)/(n + 1 − 2a)`.
    fn plotting_constant(self) -> f64 {
        match self {
            Self::Hazen => 0.5,
            Self::Weibull => 0.0,
            Self::MedianUnbiased => 1.0 / 3.0,
            _ => 1.0,
        }
    }
}

/// `(1 − fraction)` of the value number `low` and `fraction` of the next, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) low: usize,
    pub(super) fraction: f64,
}

impl Place {
    fn at(low: usize) -> Self {
        Self { low, fraction: 0.0 }
    }

    fn between(low: usize, fraction: f64) -> Self {
        Self { low, fraction }
    }
}

/// Value number `k`, counted from 0 in ascending order; the buffer is reordered, not sorted.
pub(super) fn order_statistic(buffer: &mut [f64], k: usize) -> f64 {
    *buffer.select_nth_unstable_by(k, f64::total_cmp).1
}

/// The quantile at `place` by selection, in time proportional to the length.
pub(super) fn select(buffer: &mut [f64], place: Place) -> f64 {
    let (_, &mut low, above) = buffer.select_nth_unstable_by(place.low, f64::total_cmp);
    if place.fraction > 0.0 {
        let high = above.iter().copied().fold(f64::INFINITY, f64::min);
        interpolate(low, high, place.fraction)
    } else {
        low
    }
}

/// Whether two losses are the same atom of the sample.
#[expect(clippy::float_cmp, reason = "a tie is exact: nearby losses are different atoms")]
pub(super) fn tied(a: f64, b: f64) -> bool {
    a == b
}

/// A point between two values, exact when they are equal and free of overflow.
pub(super) fn interpolate(low: f64, high: f64, fraction: f64) -> f64 {
    if tied(low, high) { low } else { (1.0 - fraction) * low + fraction * high }
}

/// Sample quantile of `values` at `probability` in `[0, 1]`, in time proportional to their number.
///
/// The rules of [`QuantileRule`] are worded for losses; on any other values read "value" for "loss".
///
/// # Errors
/// [`Error::Empty`] and [`Error::ElementOutOfDomain`] for values that are missing or not finite,
/// [`Error::OutOfDomain`] for a probability outside `[0, 1]`.
///
/// # Examples
/// ```
/// use alluse_risk_core::measures::{QuantileRule, quantile};
/// use ndarray::array;
///
/// let values = array![4.0, 1.0, 3.0, 2.0];
/// assert_eq!(quantile(values.view(), 0.5, QuantileRule::Linear)?, 2.5);
/// assert_eq!(quantile(values.view(), 0.5, QuantileRule::LowerLoss)?, 2.0);
/// assert_eq!(quantile(values.view(), 0.5, QuantileRule::UpperLoss)?, 3.0);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
pub fn quantile(values: ArrayView1<'_, f64>, probability: f64, rule: QuantileRule) -> Result<f64> {
    check::finite("values", values)?;
    if !(0.0..=1.0).contains(&probability) {
        return Err(Error::OutOfDomain { name: "probability", expected: "in [0, 1]", value: probability });
    }
    Ok(select(&mut values.to_vec(), rule.place(values.len(), probability)))
}

/// Sample quantile at `probability` in `[0, 1]` of `n` values that are already in order: `value(k)` is number `k`
/// in ascending order, counted from 0. It is asked for at most two of them, and the order is the caller's word.
///
/// # Errors
/// [`Error::Empty`] for no values, [`Error::OutOfDomain`] for a probability outside `[0, 1]`.
pub fn quantile_in_order(n: usize, probability: f64, rule: QuantileRule, value: impl Fn(usize) -> f64) -> Result<f64> {
    if n == 0 {
        return Err(Error::Empty { name: "values" });
    }
    if !(0.0..=1.0).contains(&probability) {
        return Err(Error::OutOfDomain { name: "probability", expected: "in [0, 1]", value: probability });
    }
    let place = rule.place(n, probability);
    let low = value(place.low);
    Ok(if place.fraction > 0.0 { interpolate(low, value(place.low + 1), place.fraction) } else { low })
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;
    use proptest::prelude::*;

    use super::*;

    pub(super) const RULES: [QuantileRule; 8] = [
        QuantileRule::Linear,
        QuantileRule::LowerLoss,
        QuantileRule::UpperLoss,
        QuantileRule::Lower,
        QuantileRule::Higher,
        QuantileRule::Hazen,
        QuantileRule::Weibull,
        QuantileRule::MedianUnbiased,
    ];

    #[test]
    fn rules_agree_with_numpy() {
        // numpy 2 np.quantile(x, p, method=...): linear, inverted_cdf, lower, higher, hazen, weibull,
        // median_unbiased. Both are one interpolation in doubles, so they agree to rounding.
        let x = Array1::from(vec![0.3, -1.2, 2.5, 0.7, -0.4, 1.1, 3.9, -2.2, 0.05, 1.6]);
        for (rule, probability, want) in [
            (QuantileRule::Linear, 0.93, 3.018),
            (QuantileRule::LowerLoss, 0.93, 3.9),
            (QuantileRule::Lower, 0.93, 2.5),
            (QuantileRule::Higher, 0.93, 3.9),
            (QuantileRule::Hazen, 0.93, 3.62),
            (QuantileRule::Weibull, 0.93, 3.9),
            (QuantileRule::MedianUnbiased, 0.93, 3.820_666_666_666_666_4),
            (QuantileRule::MedianUnbiased, 0.77, 1.861),
            (QuantileRule::Weibull, 0.77, 2.023),
            (QuantileRule::LowerLoss, 0.9, 2.5),
            (QuantileRule::UpperLoss, 0.9, 3.9),
            (QuantileRule::Linear, 0.0, -2.2),
            (QuantileRule::Weibull, 0.05, -2.2),
            (QuantileRule::UpperLoss, 1.0, 3.9),
            (QuantileRule::LowerLoss, 0.0, -2.2),
        ] {
            let got = quantile(x.view(), probability, rule).unwrap();
            assert!((got - want).abs() < 1e-12, "{rule:?} at {probability}: got {got}, want {want}");
        }
    }

    #[test]
    fn values_in_order_have_the_quantiles_of_the_same_values_in_disorder() {
        let (sorted, shuffled) = ([-2.0, -0.5, 0.1, 0.4, 1.7], [0.4, -2.0, 1.7, 0.1, -0.5]);
        for rule in RULES {
            for probability in [0.0, 0.03, 0.25, 0.61, 0.9, 1.0] {
                let want = quantile(ArrayView1::from(&shuffled), probability, rule).unwrap();
                assert_eq!(quantile_in_order(5, probability, rule, |k| sorted[k]).unwrap(), want, "{rule:?}");
            }
        }
        assert!(quantile_in_order(0, 0.5, QuantileRule::Linear, |_| 0.0).is_err());
        assert!(quantile_in_order(5, f64::NAN, QuantileRule::Linear, |k| sorted[k]).is_err());
    }

    #[test]
    fn counts_that_are_whole_up_to_rounding_are_whole() {
        // 0.95 · 20 and 0.07 · 100 are not whole in floating point (0.07 · 100 = 7.000000000000001).
        let twenty: Array1<f64> = (1..=20).map(f64::from).collect();
        assert_eq!(quantile(twenty.view(), 0.95, QuantileRule::LowerLoss).unwrap(), 19.0);
        assert_eq!(quantile(twenty.view(), 0.95, QuantileRule::UpperLoss).unwrap(), 20.0);
        let hundred: Array1<f64> = (1..=100).map(f64::from).collect();
        assert_eq!(quantile(hundred.view(), 0.07, QuantileRule::LowerLoss).unwrap(), 7.0);
        let hundred_and_one: Array1<f64> = (0..=100).map(f64::from).collect();
        assert_eq!(quantile(hundred_and_one.view(), 0.07, QuantileRule::Higher).unwrap(), 7.0);
        assert_eq!(quantile(hundred_and_one.view(), 0.29, QuantileRule::Lower).unwrap(), 29.0);
    }

    #[test]
    fn hostile_input_is_refused() {
        let rule = QuantileRule::Linear;
        let x = ndarray::array![1.0, 2.0];
        assert_eq!(quantile(Array1::zeros(0).view(), 0.5, rule), Err(Error::Empty { name: "values" }));
        for p in [-0.1, 1.1, f64::NAN] {
            assert!(matches!(quantile(x.view(), p, rule), Err(Error::OutOfDomain { name: "probability", .. })));
        }
        let bad = ndarray::array![1.0, f64::NAN];
        assert!(matches!(quantile(bad.view(), 0.5, rule), Err(Error::ElementOutOfDomain { index: 1, .. })));
    }

    proptest! {
        #[test]
        fn mirrored_rule_is_the_rule_of_the_negated_values(
            values in proptest::collection::vec(-1e3..1e3_f64, 1..40), probability in 0.0..=1.0_f64,
        ) {
            let values = Array1::from(values);
            let negated = values.mapv(|v| -v);
            for rule in RULES {
                let direct = quantile(values.view(), probability, rule).unwrap();
                let mirror = -quantile(negated.view(), 1.0 - probability, rule.mirrored()).unwrap();
                prop_assert!((direct - mirror).abs() <= 1e-9, "{rule:?}: {direct} {mirror}");
            }
        }

        #[test]
        fn equal_probabilities_are_no_probabilities(n in 1_usize..60, probability in 0.0..=1.0_f64) {
            let cumulative: Vec<f64> = (1..=n).map(|k| k as f64 / n as f64).collect();
            for rule in RULES {
                let plain = rule.place(n, probability);
                let weighted = rule.weighted_place(&cumulative, n as f64, probability);
                let at = |p: Place| p.low as f64 + p.fraction;
                prop_assert!((at(plain) - at(weighted)).abs() < 1e-8, "{rule:?}: {plain:?} {weighted:?}");
            }
        }
    }
}

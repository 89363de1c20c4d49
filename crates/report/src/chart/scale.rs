//! Axes: from values to places, and where the ticks are.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged};

/// Values on a line, with their ticks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    logarithmic: bool,
    ticks: Vec<f64>,
}

impl Scale {
    /// From `low` to `high` with round ticks, about `count` of them. An end moves out to the next tick where that is near.
    pub(super) fn linear(low: f64, high: f64, count: usize) -> Self {
        let (low, high) = spread(low, high);
        let step = nice_step(high - low, count);
        let pulled = |end: f64, tick: f64| {
            let gap = (end - tick).abs();
            if gap <= 0.45 * step { tick } else { end + (tick - end).signum() * 0.04 * step }
        };
        let low = pulled(low, (low / step + 1e-9).floor() * step);
        let high = pulled(high, (high / step - 1e-9).ceil() * step);
        Self { low, high, logarithmic: false, ticks: multiples(low, high, step) }
    }

    /// From `low` to `high` exactly, with these ticks.
    pub(super) fn exact(low: f64, high: f64, ticks: Vec<f64>) -> Self {
        Self { low, high, logarithmic: false, ticks }
    }

    /// From `low` to `high` exactly, with round ticks, about `count` of them.
    pub(super) fn tight(low: f64, high: f64, count: usize) -> Self {
        let (low, high) = spread(low, high);
        Self { low, high, logarithmic: false, ticks: multiples(low, high, nice_step(high - low, count)) }
    }

    /// From `low` to `high`, both positive, by ratios.
    pub(super) fn logarithmic(low: f64, high: f64, count: usize) -> Self {
        let span = high.log10() - low.log10();
        let margin = if span > 1e-9 { 10.0_f64.powf((0.03 * span).min(1.0)) } else { 1.05 };
        // Numbers below the smallest normal one have no ratios to speak of.
        let (low, high) = ((low / margin).max(f64::MIN_POSITIVE), high * margin);
        Self { low, high, logarithmic: true, ticks: log_ticks(low, high, count) }
    }

    /// The ticks, increasing.
    pub(super) fn ticks(&self) -> &[f64] {
        &self.ticks
    }

    /// Whether ratios are even.
    pub(super) fn is_logarithmic(&self) -> bool {
        self.logarithmic
    }

    /// The lowest value of the axis.
    pub(super) fn low(&self) -> f64 {
        self.low
    }

    /// The highest value of the axis.
    pub(super) fn high(&self) -> f64 {
        self.high
    }

    /// The place of `value` between 0 at the low end and 1 at the high end.
    pub(super) fn place(&self, value: f64) -> f64 {
        if self.logarithmic {
            (value.ln() - self.low.ln()) / (self.high.ln() - self.low.ln())
        } else {
            // Halved, so that no difference overflows.
            (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
        }
    }
}

impl Ranged for Scale {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, limit: (i32, i32)) -> i32 {
        limit.0 + (f64::from(limit.1 - limit.0) * self.place(*value)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.low..self.high
    }
}

/// Two ends that differ: a single value gets room on both sides.
fn spread(low: f64, high: f64) -> (f64, f64) {
    let size = low.abs().max(high.abs());
    if high - low > size * 1e-9 && high - low > 1e-290 {
        (low, high)
    } else {
        let room = if size < 1e-280 { 1.0 } else { size * 0.1 };
        (low - room, high + room)
    }
}

/// The 1, 2 or 5 times a power of ten that cuts `span` into about `count` pieces.
fn nice_step(span: f64, count: usize) -> f64 {
    let raw = span / count.max(1) as f64;
    let power = power_of_ten(raw.log10().floor() as i32);
    match raw / power {
        part if part <= 1.0 + 1e-9 => power,
        part if part <= 2.0 + 1e-9 => 2.0 * power,
        part if part <= 5.0 + 1e-9 => 5.0 * power,
        _ => 10.0 * power,
    }
}

/// 10ⁿ rounded once, which repeated multiplication is not.
pub(super) fn power_of_ten(exponent: i32) -> f64 {
    format!("1e{}", exponent.max(-307)).parse().unwrap_or(f64::MIN_POSITIVE)
}

fn multiples(low: f64, high: f64, step: f64) -> Vec<f64> {
    let first = (low / step - 1e-9).ceil();
    let count = ((high / step + 1e-9).floor() - first).clamp(-1.0, 1_000.0);
    let parts = (1.0 / step).round();
    // Below one, a quotient of whole numbers is rounded once: 12/10, where 12 · 0.1 is not 1.2. Adding zero turns a
    // negative zero into zero.
    let tick = |multiple: f64| if step < 1.0 && parts.is_finite() { multiple / parts } else { multiple * step } + 0.0;
    (0..=count as i64).map(|index| tick(first + index as f64)).take((count + 1.0) as usize).collect()
}

/// Ticks at 1, 2 and 5 times powers of ten; at powers of ten alone, or every so many, where those would be too many; and
/// even ones where there would be hardly any.
fn log_ticks(low: f64, high: f64, count: usize) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().floor() as i32);
    let within = |every: i32, parts: &[f64]| -> Vec<f64> {
        let powers = (first..=last).filter(|exponent| exponent.rem_euclid(every) == 0);
        let all = powers.flat_map(|exponent| parts.iter().map(move |part| part * power_of_ten(exponent)));
        all.filter(|tick| *tick >= low && *tick <= high).collect()
    };
    let dense = within(1, &[1.0, 2.0, 5.0]);
    if dense.len() < 3 {
        // An even step may leave a single tick inside; half of it or less leaves more.
        let even = |count| multiples(low, high, nice_step(high - low, count));
        let few = even(count);
        return if few.len() < 2 { even(3 * count) } else { few };
    }
    if dense.len() <= count + 1 {
        return dense;
    }
    for every in 1..=700 {
        let ticks = within(every, &[1.0]);
        if ticks.len() <= count + 1 {
            // Less than two decades may hold a single power of ten.
            return if ticks.len() < 2 { dense } else { ticks };
        }
    }
    dense
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ticks_are_round() {
        assert_eq!(Scale::linear(0.3, 9.7, 5).ticks(), [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]);
        assert_eq!(Scale::linear(-0.56, 0.0, 5).ticks().last(), Some(&0.0));
        assert_eq!(Scale::logarithmic(0.9, 30.0, 6).ticks(), [1.0, 2.0, 5.0, 10.0, 20.0]);
        assert_eq!(Scale::logarithmic(1e-3, 1e6, 6).ticks(), [1e-2, 1.0, 1e2, 1e4, 1e6]);
        assert_eq!(Scale::logarithmic(1.0, 1.4, 5).ticks(), [1.0, 1.1, 1.2, 1.3, 1.4]);
        assert!(Scale::logarithmic(4.03e9, 1.825e10, 3).ticks().len() >= 2);
        assert_eq!(Scale::logarithmic(1.2e-10, 6e-9, 3).ticks(), [2e-10, 5e-10, 1e-9, 2e-9, 5e-9]);
        assert_eq!(Scale::tight(1.0, 4.2, 4).ticks(), [1.0, 2.0, 3.0, 4.0]);
    }

    proptest! {
        /// For any two ends there are a few increasing ticks within the axis, and the data lie within it.
        #[test]
        fn every_axis_has_ticks(a in -1.0_f64..1.0, b in -1.0_f64..1.0, exponent in -250_i32..250, count in 3_usize..9) {
            let size = power_of_ten(exponent);
            let (low, high) = (a.min(b) * size, a.max(b) * size);
            let scale = Scale::linear(low, high, count);
            prop_assert!(scale.low() <= low && scale.high() >= high);
            prop_assert!(scale.ticks().len() >= 2 && scale.ticks().len() <= 2 * count + 3, "{:?}", scale);
            prop_assert!(scale.ticks().windows(2).all(|pair| pair[0] < pair[1]));
            prop_assert!(scale.ticks().iter().all(|tick| (-1e-6..=1.0 + 1e-6).contains(&scale.place(*tick))));
        }

        #[test]
        fn every_logarithmic_axis_has_ticks(a in 0.0_f64..1.0, ratio in 0.0_f64..40.0, count in 3_usize..9) {
            let low = 10.0_f64.powf(a * 20.0 - 10.0);
            let high = low * 10.0_f64.powf(ratio);
            let scale = Scale::logarithmic(low, high, count);
            prop_assert!(scale.ticks().len() >= 2 && scale.ticks().len() <= 2 * count + 3, "{:?}", scale);
            prop_assert!(scale.ticks().iter().all(|tick| (-1e-9..=1.0 + 1e-9).contains(&scale.place(*tick))));
        }
    }
}

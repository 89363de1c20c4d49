//! How the numbers beside an axis are written.

use crate::Unit;

use super::scale::Scale;

/// Writes the values of one axis, with the decimals its ticks need.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TickFormat {
    unit: Unit,
    /// The smallest difference that must show; `None` where each value stands for itself, as on an axis of ratios.
    step: Option<f64>,
    largest: f64,
}

impl TickFormat {
    /// For the ticks of `scale`.
    pub(super) fn new(unit: &Unit, scale: &Scale) -> Self {
        let ticks = scale.ticks();
        let even = ticks.windows(2).map(|pair| pair[1] - pair[0]).fold(f64::INFINITY, f64::min);
        let step = (!scale.is_logarithmic() && even.is_finite()).then_some(even);
        let largest = ticks.iter().fold(0.0, |largest: f64, tick| largest.max(tick.abs()));
        Self { unit: unit.clone(), step, largest }
    }

    /// What stands above the axis, when the numbers do not say it.
    pub(super) fn caption(&self) -> Option<String> {
        match &self.unit {
            Unit::Money(currency) => Some(currency.as_str().to_owned()),
            _ => None,
        }
    }

    /// `value` as it is written beside the axis. An amount of money comes without its currency.
    pub(super) fn write(&self, value: f64) -> String {
        let step = self.step.unwrap_or_else(|| last_digit(value));
        let largest = if self.step.is_some() { self.largest } else { value.abs() };
        match &self.unit {
            Unit::Percent { .. } => format!("{} %", number(value * 100.0, step * 100.0, largest * 100.0)),
            _ => number(value, step, largest),
        }
    }
}

/// The power of ten of the last digit that `value` needs, as 0.1 for 1.5; at most six digits after the first.
fn last_digit(value: f64) -> f64 {
    let first = power_below(value);
    let whole = |step: &f64| {
        let multiple = value / step;
        (multiple - multiple.round()).abs() <= 1e-9 * multiple.abs()
    };
    (0..=6).map(|digits| first / 10_f64.powi(digits)).find(whole).unwrap_or(first / 1e6)
}

fn power_below(value: f64) -> f64 {
    if value == 0.0 { 1.0 } else { super::scale::power_of_ten(value.abs().log10().floor() as i32) }
}

/// Plain digits, in millions and beyond with a letter, and in powers of ten where digits would be too many.
fn number(value: f64, step: f64, largest: f64) -> String {
    let (divisor, suffix) = match largest {
        size if size < 1e6 => (1.0, ""),
        size if size < 1e9 => (1e6, "M"),
        size if size < 1e12 => (1e9, "bn"),
        _ => (1e12, "tn"),
    };
    let decimals = decimals_of(step / divisor);
    if value == 0.0 {
        "0".to_owned()
    } else if largest >= 1e15 || decimals > 6 {
        scientific(value, step)
    } else {
        format!("{}{suffix}", Unit::Number { decimals: decimals as u8 }.format(value / divisor))
    }
}

/// Decimals that show `step` in full, for a step of 1, 2 or 5 times a power of ten.
fn decimals_of(step: f64) -> i32 {
    (-(step.log10() + 1e-9).floor()).clamp(0.0, 400.0) as i32
}

fn scientific(value: f64, step: f64) -> String {
    let digits = (value.abs().log10().floor() - (step.log10() + 1e-9).floor()).clamp(0.0, 6.0) as usize;
    format!("{value:.digits$e}").replace('-', "\u{2212}")
}

/// `value` in its unit for the eye, short where the unit alone would make it long.
pub(super) fn short(unit: &Unit, value: f64) -> String {
    let size = match unit {
        Unit::Percent { .. } => value.abs() * 100.0,
        _ => value.abs(),
    };
    if size == 0.0 || (1e-4..1e6).contains(&size) {
        return unit.format(value);
    }
    let step = power_below(value) / 100.0;
    match unit {
        Unit::Percent { .. } => format!("{} %", number(value * 100.0, step * 100.0, size)),
        Unit::Number { .. } | Unit::PValue => number(value, step, size),
        Unit::Money(currency) => format!("{} {}", number(value, step, size), currency.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::Currency;

    use super::*;

    fn written(unit: &Unit, scale: &Scale) -> Vec<String> {
        let format = TickFormat::new(unit, scale);
        scale.ticks().iter().map(|tick| format.write(*tick)).collect()
    }

    #[test]
    fn ticks_have_the_decimals_they_need() {
        assert_eq!(written(&Unit::RATIO, &Scale::logarithmic(0.9, 2.2, 5)), ["1", "1.5", "2"]);
        assert_eq!(written(&Unit::PERCENT, &Scale::linear(-0.5, 0.0, 5))[..2], ["\u{2212}50 %", "\u{2212}40 %"]);
        assert_eq!(
            written(&Unit::PERCENT, &Scale::linear(0.0, 0.005, 5)),
            ["0 %", "0.1 %", "0.2 %", "0.3 %", "0.4 %", "0.5 %"]
        );
        assert_eq!(written(&Unit::RATIO, &Scale::logarithmic(0.4, 12.0, 6)), ["0.5", "1", "2", "5", "10"]);
        assert_eq!(written(&Unit::WHOLE, &Scale::linear(0.0, 12_000.0, 3))[1..3], ["5,000", "10,000"]);
        let money = Unit::Money(Currency::usd());
        assert_eq!(written(&money, &Scale::linear(0.0, 2.4e6, 5))[..3], ["0", "0.5M", "1.0M"]);
        assert_eq!(written(&Unit::RATIO, &Scale::linear(0.0, 4e-12, 4))[1..3], ["1e\u{2212}12", "2e\u{2212}12"]);
        assert_eq!(written(&Unit::RATIO, &Scale::linear(0.0, 4e20, 4))[1..3], ["1e20", "2e20"]);
        assert_eq!(written(&Unit::RATIO, &Scale::linear(0.0, 4e12, 4))[1..3], ["1tn", "2tn"]);
    }

    #[test]
    fn single_values_are_short() {
        assert_eq!(short(&Unit::PERCENT, -0.0231), "\u{2212}2.31 %");
        assert_eq!(short(&Unit::Money(Currency::usd()), 1_234_567.0), "1.23M USD");
        assert_eq!(short(&Unit::RATIO, 2.5e-12), "2.50e\u{2212}12");
        assert_eq!(short(&Unit::RATIO, 0.0), "0.00");
    }
}

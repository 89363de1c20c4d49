//! What the tests of this module share.

use std::collections::BTreeMap;

use super::Dispatch;

use super::OptionKind;

/// The golden file; `tests/golden/kernel.py` made it with mpmath in 60 digits. Its numbers are text: the JSON
/// reader may miss the last place, and e^700 shows it 600 times enlarged.
pub(super) struct Golden(BTreeMap<String, Vec<Vec<String>>>);

/// An option with the numbers that belong to it: spot, strike, time, rate, dividend yield, volatility, results.
pub(super) type Row = (OptionKind, Vec<f64>);

impl Golden {
    pub(super) fn load() -> Self {
        Self(serde_json::from_str(include_str!("../../tests/golden/kernel.json")).unwrap())
    }

    /// Argument and value of a function.
    pub(super) fn function(&self, name: &str) -> Vec<(f64, f64)> {
        self.0[name].iter().map(|row| (row[0].parse().unwrap(), row[1].parse().unwrap())).collect()
    }

    pub(super) fn options(&self, name: &str) -> Vec<Row> {
        let kind = |text: &str| if text == "call" { OptionKind::Call } else { OptionKind::Put };
        self.0[name].iter().map(|row| (kind(&row[0]), row[1..].iter().map(|v| v.parse().unwrap()).collect())).collect()
    }
}

/// The vector path of this machine and the path without vectors.
pub(super) fn paths() -> [Dispatch; 2] {
    [Dispatch::detect(), Dispatch::scalar()]
}

/// Distance in units of the last place of `expected`; subnormal numbers count on their own grid.
pub(super) fn ulps(got: f64, expected: f64) -> f64 {
    if got.to_bits() == expected.to_bits() {
        return 0.0;
    }
    let unit = (expected.abs().next_up() - expected.abs()).min(expected.abs() - expected.abs().next_down());
    (got - expected).abs() / unit
}

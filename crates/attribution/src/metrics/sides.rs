use super::GainsAndLosses;
use super::lanes::{indicator, sums};

/// Sums of powers of the distances from a target, on both sides of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sides {
    pub(super) target: f64,
    pub(super) below: Below,
    /// Values strictly above.
    pub(super) count_above: usize,
    /// `Σ max(r − target, 0)` and its second power.
    pub(super) above: [f64; 2],
}

/// The lower side.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Below {
    /// Values strictly below.
    pub(super) count: usize,
    /// `Σ max(target − r, 0)` and its second and third powers.
    pub(super) sums: [f64; 3],
}

/// A distance that is nothing but the rounding of the target is no distance.
fn rounding(target: f64) -> f64 {
    4.0 * f64::EPSILON * target.abs()
}

impl Below {
    pub(super) fn of(values: &[f64], target: f64) -> Self {
        let rounding = rounding(target);
        let [count, first, second, third] = sums(values, |r| {
            let counts = indicator(target - r > rounding);
            let d = (target - r) * counts;
            [counts, d, d * d, d * d * d]
        });
        Self { count: count as usize, sums: [first, second, third] }
    }
}

impl Sides {
    pub(super) fn of(values: &[f64], target: f64) -> Self {
        let rounding = rounding(target);
        let [count, first, second] = sums(values, |r| {
            let counts = indicator(r - target > rounding);
            let d = (r - target) * counts;
            [counts, d, d * d]
        });
        Self { target, below: Below::of(values, target), count_above: count as usize, above: [first, second] }
    }

    /// Of the sides of zero among `n` values.
    pub(super) fn gains_and_losses(&self, n: usize) -> GainsAndLosses {
        let (gains, losses) = (self.count_above, self.below.count);
        GainsAndLosses { gains, losses, zeros: n - gains - losses, gained: self.above[0], lost: self.below.sums[0] }
    }
}

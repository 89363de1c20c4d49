use alluse_risk_core::{Confidence, normal};

use crate::{Result, check};

/// `z_{1−α/2} + z_power`: by how many standard errors an effect must stand off to be seen.
pub(super) fn distance(level: Confidence, power: Confidence) -> Result<f64> {
    Ok(normal::quantile(1.0 - 0.5 * level.tail())? + normal::quantile(power.level())?)
}

/// How many periods a record needs before an effect of a label can be seen.
///
/// ```text
/// n = (z_{1−α/2} + z_power)² σ² / (δ² p (1 − p))
/// ```
///
/// | argument | meaning |
/// |---|---|
/// | `effect` | difference δ between the mean with the label and without, per period |
/// | `deviation` | standard deviation σ of a period |
/// | `share` | share p of the periods that carry the label |
/// | `level` | 1 − α of the two-sided test |
/// | `power` | chance of seeing the effect |
///
/// Periods are taken as independent and the deviation as the same with and without the label.
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) for an effect that is zero or not finite, a deviation that is not positive and
/// finite, a share outside (0, 1), and when the count overflows.
///
/// # Source
/// The two-sample normal approximation; Cohen (1988), chapter 2.
///
/// # Examples
/// ```
/// use alluse_attribution::significance::required_periods;
/// use alluse_risk_core::Confidence;
///
/// // Two weeks a year, weeks of 2 % deviation, an effect of 1 %: sixteen years.
/// let weeks = required_periods(0.01, 0.02, 2.0 / 52.0, Confidence::P95, Confidence::new(0.8)?)?;
/// assert_eq!((weeks, weeks / 52), (849, 16));
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
pub fn required_periods(
    effect: f64,
    deviation: f64,
    share: f64,
    level: Confidence,
    power: Confidence,
) -> Result<usize> {
    check::ensure(effect != 0.0 && effect.is_finite(), "effect", "finite and not zero", effect)?;
    let positive = deviation > 0.0 && deviation.is_finite();
    check::ensure(positive, "standard deviation", "positive and finite", deviation)?;
    check::ensure(share > 0.0 && share < 1.0, "share of the periods", "in (0, 1)", share)?;
    let ratio = distance(level, power)? * deviation / effect;
    whole(ratio * ratio / (share * (1.0 - share)))
}

/// Periods as a whole number, rounded up.
pub(super) fn whole(periods: f64) -> Result<usize> {
    let up = check::result("required periods", periods.ceil())?;
    // Up to 2⁵³ every whole number is a float of its own.
    check::ensure(up <= 9_007_199_254_740_992.0, "required periods", "at most 2^53", up).map(|up| up as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_a_sample_size_table() {
        // Cohen (1988), table 2.4.1: two equal groups, d = 0.5, two-sided 5 %, power 80 %: 64 each by the t test;
        // the normal approximation is a little less (statsmodels `NormalIndPower`: 62.79 each).
        let n = required_periods(0.5, 1.0, 0.5, Confidence::P95, Confidence::new(0.8).unwrap()).unwrap();
        assert_eq!(n, 126);
    }

    #[test]
    fn hostile_input() {
        let of = |effect, deviation, share| {
            required_periods(effect, deviation, share, Confidence::P95, Confidence::P90).is_err()
        };
        assert!(of(0.0, 1.0, 0.5) && of(f64::NAN, 1.0, 0.5) && of(1.0, 0.0, 0.5) && of(1.0, 1.0, 0.0));
        assert!(of(1.0, 1.0, 1.0) && of(1e-200, 1.0, 0.5) && of(1e-20, 1.0, 0.5));
    }
}

use alluse_risk_core::{Frequency, normal};
use serde::{Deserialize, Serialize};

use crate::{Result, check};

/// What a return of every period compounds to in a year: `(1 + r)^P − 1`.
///
/// ```
/// use alluse_attribution::contribution::implied_annual;
/// use alluse_risk_core::Frequency;
///
/// // Targets of 1.5, 1.0 and 0.5 % a week are targets of 117, 68 and 30 % a year.
/// for (weekly, annual) in [(0.015, 1.17), (0.010, 0.68), (0.005, 0.30)] {
///     assert!((implied_annual(weekly, Frequency::Weekly)? - annual).abs() < 0.005);
/// }
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
///
/// # Errors
/// [`Error::Input`](crate::Error::Input) for a return that is not finite or below −1, and when the growth overflows.
pub fn implied_annual(per_period: f64, frequency: Frequency) -> Result<f64> {
    check::ensure(per_period >= -1.0 && per_period.is_finite(), "return of a period", "at least -1", per_period)?;
    check::result("implied annual return", (per_period.ln_1p() * frequency.periods_per_year()).exp_m1())
}

/// A base rate that a target is held against: log returns of a period, independent and normal.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct BaseRate {
    /// Mean log return of a period.
    pub mean: f64,
    /// Its standard deviation.
    pub standard_deviation: f64,
}

/// The chance that a year under the base rate returns at least what the target compounds to.
///
/// ```text
/// 1 − Φ((ln(1 + r) − μ) √P / σ)
/// ```
///
/// # Errors
/// Those of [`implied_annual`]; [`Error::Input`](crate::Error::Input) for a target of −1, a mean that is not finite and a
/// deviation that is not positive.
pub fn chance_of_target(per_period: f64, frequency: Frequency, base: BaseRate) -> Result<f64> {
    check::ensure(per_period > -1.0 && per_period.is_finite(), "target of a period", "above -1", per_period)?;
    let BaseRate { mean, standard_deviation } = base;
    check::number("mean of the base rate", mean)?;
    let positive = standard_deviation > 0.0 && standard_deviation.is_finite();
    check::ensure(positive, "deviation of the base rate", "positive and finite", standard_deviation)?;
    let distance = (per_period.ln_1p() - mean) * frequency.periods_per_year().sqrt() / standard_deviation;
    Ok(normal::cdf(-distance))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_held_against_a_base_rate() {
        // Half of the years beat their own median.
        let base = |mean: f64| BaseRate { mean, standard_deviation: 0.02 };
        let chance = |target, mean| chance_of_target(target, Frequency::Weekly, base(mean)).unwrap();
        assert!((chance(0.01, 0.01_f64.ln_1p()) - 0.5).abs() < 1e-15);
        // scipy.stats.norm.sf((log(1.015) - 0.0017)*sqrt(52)/0.02) with scipy 1.x.
        assert!((chance(0.015, 0.0017) / GOLD - 1.0).abs() < 1e-10);
        for (target, base) in [(-1.0, base(0.0)), (0.1, base(f64::NAN)), (f64::NAN, base(0.0))] {
            assert!(chance_of_target(target, Frequency::Weekly, base).is_err());
        }
        let still = BaseRate { mean: 0.0, standard_deviation: 0.0 };
        assert!(chance_of_target(0.1, Frequency::Weekly, still).is_err());
        assert!(implied_annual(-1.1, Frequency::Weekly).is_err() && implied_annual(1e9, Frequency::Daily).is_err());
        assert_eq!(implied_annual(-1.0, Frequency::Weekly), Ok(-1.0));
    }

    const GOLD: f64 = 9.91143017481877e-07;
}

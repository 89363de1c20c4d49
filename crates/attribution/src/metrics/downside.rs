//! Returns against a target: what falls short of it and what exceeds it.

use alluse_risk_core::moments::{Divisor, Target};
use serde::{Deserialize, Serialize};

use super::Performance;
use super::lanes::sums;
use super::ratio::ratio;
use super::sides::{Below, Sides};
use crate::{Error, Result, check};

const NO_SHORTFALL: &str = "no return falls short of the target";

/// How a downside deviation is measured.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `target` | 0 | per period, or the mean of the returns |
/// | `divisor` | [`Divisor::All`] | all periods, or those below the target |
/// | `ddof` | 0 | taken off the divisor |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Downside {
    /// What returns must reach.
    pub target: Target,
    /// What the sum of squares is divided by.
    pub divisor: Divisor,
    /// Taken off the divisor.
    pub ddof: usize,
}

impl Default for Downside {
    fn default() -> Self {
        Self { target: Target::Value(0.0), divisor: Divisor::All, ddof: 0 }
    }
}

impl Downside {
    /// Below a fixed return per period.
    #[must_use]
    pub fn below(target: f64) -> Self {
        Self { target: Target::Value(target), ..Self::default() }
    }

    /// With another divisor.
    #[must_use]
    pub fn with_divisor(self, divisor: Divisor) -> Self {
        Self { divisor, ..self }
    }

    /// With `ddof` taken off the divisor.
    #[must_use]
    pub fn with_ddof(self, ddof: usize) -> Self {
        Self { ddof, ..self }
    }
}

/// What a Sortino ratio is scaled by, to be read beside a Sharpe ratio.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SortinoScale {
    /// Nothing.
    #[default]
    None,
    /// Divided by √2, which makes it equal to the Sharpe ratio for symmetric returns around a target of 0.
    RootTwo,
}

/// Which power of the partial deviations [`Performance::volatility_skewness`] compares.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VolatilitySkewness {
    /// Upside variance over downside variance.
    #[default]
    Variances,
    /// Upside deviation over downside deviation: the variability skewness.
    Deviations,
}

impl Performance<'_> {
    /// Downside deviation per period, `√(Σ max(target − r, 0)²/(divisor − ddof))`; 0 when nothing falls short.
    ///
    /// # Errors
    /// [`Error::Input`] for a target that is not finite or too few returns for `ddof`; [`Error::Undefined`] when the
    /// divisor counts the returns below the target and there are not more of them than `ddof`.
    ///
    /// # Source
    /// Sortino and van der Meer (1991).
    pub fn downside_deviation(&self, downside: Downside) -> Result<f64> {
        const NAME: &str = "downside deviation";
        let below = self.shortfalls(downside.target, NAME)?;
        let count = match downside.divisor {
            Divisor::BeyondTarget => below.count,
            _ => self.len(),
        };
        if count <= downside.ddof {
            if downside.divisor == Divisor::BeyondTarget {
                let reason = format!("{count} returns fall short of the target, ddof is {}", downside.ddof);
                return Err(Error::undefined(NAME, reason));
            }
            check::enough(NAME, downside.ddof + 1, count)?;
        }
        check::result(NAME, (below.sums[1] / (count - downside.ddof) as f64).sqrt())
    }

    /// Downside deviation times the root of the periods a year.
    ///
    /// # Errors
    /// As [`downside_deviation`](Self::downside_deviation).
    pub fn annual_downside_deviation(&self, downside: Downside) -> Result<f64> {
        Ok(self.downside_deviation(downside)? * self.periods_per_year()?.sqrt())
    }

    /// Sortino ratio per year: `(m − target)/downside deviation · √P`, scaled.
    ///
    /// # Errors
    /// [`Error::Undefined`] when nothing falls short of the target, and those of
    /// [`downside_deviation`](Self::downside_deviation).
    pub fn sortino_ratio(&self, downside: Downside, scale: SortinoScale) -> Result<f64> {
        let target = self.target(downside.target, "Sortino ratio")?;
        if self.shortfalls(downside.target, "Sortino ratio")?.count == 0 {
            return Err(Error::undefined("Sortino ratio", NO_SHORTFALL));
        }
        let scale = match scale {
            SortinoScale::None => self.periods_per_year()?,
            SortinoScale::RootTwo => 0.5 * self.periods_per_year()?,
        };
        let deviation = self.downside_deviation(downside)?;
        ratio("Sortino ratio", (self.moments().mean - target) * scale.sqrt(), deviation, NO_SHORTFALL)
    }

    /// Kappa of an order, per period: `(m − target)/(Σ max(target − r, 0)^order / n)^{1/order}`.
    ///
    /// Order 1 is the Omega-Sharpe ratio, order 2 the Sortino ratio per period.
    ///
    /// # Errors
    /// [`Error::Input`] for an order outside 1 to 64 or a target that is not finite; [`Error::Undefined`] when
    /// nothing falls short of the target.
    ///
    /// # Source
    /// Kaplan and Knowles (2004), "Kappa: a generalized downside risk-adjusted performance measure".
    pub fn kappa_ratio(&self, target: f64, order: u32) -> Result<f64> {
        check::ensure((1..=64).contains(&order), "kappa order", "from 1 to 64", f64::from(order))?;
        let sides = self.around(target)?;
        if sides.below.count == 0 {
            return Err(Error::undefined("kappa ratio", NO_SHORTFALL));
        }
        let n = self.len() as f64;
        let risk = match order {
            1 => sides.below.sums[0] / n,
            2 => (sides.below.sums[1] / n).sqrt(),
            3 => (sides.below.sums[2] / n).cbrt(),
            _ => {
                // Distances in units of the largest keep high powers from under- and overflowing.
                let largest = target - self.moments().extremes.0;
                let [sum] = sums(self.slice(), |r| [((target - r) / largest).max(0.0).powi(order as i32)]);
                largest * (sum / n).powf(1.0 / f64::from(order))
            }
        };
        ratio("kappa ratio", self.moments().mean - target, risk, NO_SHORTFALL)
    }

    /// Omega ratio: `Σ max(r − threshold, 0) / Σ max(threshold − r, 0)`.
    ///
    /// # Errors
    /// [`Error::Undefined`] when no return is below the threshold, [`Error::Input`] for a threshold that is not
    /// finite.
    ///
    /// # Source
    /// Keating and Shadwick (2002); at threshold 0 also Bernardo and Ledoit (2000).
    pub fn omega_ratio(&self, threshold: f64) -> Result<f64> {
        let sides = self.around(threshold)?;
        ratio("Omega ratio", sides.above[0], sides.below.sums[0], NO_SHORTFALL)
    }

    /// Omega ratio less one: the mean excess over the threshold per unit of mean shortfall.
    ///
    /// # Errors
    /// As [`omega_ratio`](Self::omega_ratio).
    pub fn omega_sharpe_ratio(&self, threshold: f64) -> Result<f64> {
        let sides = self.around(threshold)?;
        ratio("Omega-Sharpe ratio", sides.above[0] - sides.below.sums[0], sides.below.sums[0], NO_SHORTFALL)
    }

    /// Upside potential ratio: mean gain over the target per unit of downside deviation, each over the `divisor`.
    ///
    /// # Errors
    /// [`Error::Undefined`] when nothing falls short of the target, or nothing exceeds it and the divisor counts
    /// what does; [`Error::Input`] for a target that is not finite.
    ///
    /// # Source
    /// Sortino, van der Meer and Plantinga (1999).
    pub fn upside_potential_ratio(&self, target: f64, divisor: Divisor) -> Result<f64> {
        const NAME: &str = "upside potential ratio";
        let sides = self.around(target)?;
        let (above, below) = match divisor {
            Divisor::BeyondTarget => (sides.count_above, sides.below.count),
            _ => (self.len(), self.len()),
        };
        if above == 0 {
            return Err(Error::undefined(NAME, "no return exceeds the target"));
        }
        if below == 0 {
            return Err(Error::undefined(NAME, NO_SHORTFALL));
        }
        ratio(NAME, sides.above[0] / above as f64, (sides.below.sums[1] / below as f64).sqrt(), NO_SHORTFALL)
    }

    /// Prospect ratio: `(Σ r⁺ + 2.25 Σ r⁻ − target)/(n · downside deviation)`, where losses weigh 2.25 times.
    ///
    /// # Errors
    /// [`Error::Undefined`] when nothing falls short of the target, [`Error::Input`] for a target that is not finite.
    ///
    /// # Source
    /// Watanabe (2006); the loss aversion is that of Tversky and Kahneman (1992). The target is taken off once,
    /// as in Bacon (2012).
    pub fn prospect_ratio(&self, target: f64) -> Result<f64> {
        const LOSS_AVERSION: f64 = 2.25;
        let sides = self.around(target)?;
        let gains = self.gains_and_losses();
        let n = self.len() as f64;
        let felt = gains.gained - LOSS_AVERSION * gains.lost - target;
        ratio("prospect ratio", felt, n * (sides.below.sums[1] / n).sqrt(), NO_SHORTFALL)
    }

    /// Upside over downside variance about the target, or over deviation: above 1 when the upside is wider.
    ///
    /// # Errors
    /// [`Error::Undefined`] when nothing falls short of the target, [`Error::Input`] for a target that is not finite.
    ///
    /// # Source
    /// Bacon (2008), chapter 4.
    pub fn volatility_skewness(&self, target: f64, of: VolatilitySkewness) -> Result<f64> {
        let sides = self.around(target)?;
        let variances = ratio("volatility skewness", sides.above[1], sides.below.sums[1], NO_SHORTFALL)?;
        Ok(match of {
            VolatilitySkewness::Variances => variances,
            VolatilitySkewness::Deviations => variances.sqrt(),
        })
    }

    /// The target as a number.
    fn target(&self, target: Target, what: &'static str) -> Result<f64> {
        match target {
            Target::Value(value) => check::number("target", value),
            Target::Mean => Ok(self.moments().mean),
            _ => Err(Error::Unsupported { what: format!("{what} with target {target:?}") }),
        }
    }

    /// Sums below the target; constant returns are all at their mean.
    fn shortfalls(&self, target: Target, what: &'static str) -> Result<Below> {
        let value = self.target(target, what)?;
        match target {
            Target::Mean if self.moments().is_constant() => Ok(Below::default()),
            Target::Mean => Ok(Below::of(self.slice(), value)),
            _ => Ok(self.sides(value).below),
        }
    }

    /// Sums about a fixed target.
    pub(super) fn around(&self, target: f64) -> Result<Sides> {
        Ok(self.sides(check::number("target", target)?))
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::Frequency;
    use ndarray::array;

    use super::*;
    use crate::Annualisation;

    #[test]
    fn shortfalls_by_hand() {
        // Below 0.01 by 0.02 and 0.04; above by 0.03 and 0.05; one at the target.
        let returns = array![-0.01, 0.04, -0.03, 0.06, 0.01];
        let yearly = Performance::new(returns.view(), Annualisation::Periods(Frequency::Yearly)).unwrap();
        let close = |got: Result<f64>, want: f64| assert!((got.unwrap() - want).abs() < 1e-14);
        close(yearly.downside_deviation(Downside::below(0.01)), 0.02);
        let of_two = Downside::below(0.01).with_divisor(Divisor::BeyondTarget);
        close(yearly.downside_deviation(of_two), 0.001_f64.sqrt());
        close(yearly.downside_deviation(of_two.with_ddof(1)), 0.002_f64.sqrt());
        close(yearly.omega_ratio(0.01), 0.08 / 0.06);
        close(yearly.kappa_ratio(0.01, 1), 0.02 / 0.06);
        close(yearly.kappa_ratio(0.01, 4), 0.004 / (0.04 * (1.0625_f64 / 5.0).powf(0.25)));
        close(yearly.upside_potential_ratio(0.01, Divisor::BeyondTarget), 0.04 / 0.001_f64.sqrt());
        close(yearly.volatility_skewness(0.01, VolatilitySkewness::Variances), 34.0 / 20.0);
        close(yearly.prospect_ratio(0.01), (0.11 - 2.25 * 0.04 - 0.01) / (5.0 * 0.02));
        close(yearly.sortino_ratio(Downside::below(0.01), SortinoScale::None), 0.004 / 0.02);
        // scipy's generic power mean of the shortfalls on another series is in the table's test.
        assert!(yearly.kappa_ratio(0.01, 0).is_err() && yearly.kappa_ratio(0.01, 65).is_err());
        assert!(yearly.omega_ratio(f64::NAN).is_err());
        assert!(matches!(yearly.downside_deviation(of_two.with_ddof(2)), Err(Error::Undefined { .. })));
        let at_mean = Downside { target: Target::Mean, ..Downside::default() };
        assert!(yearly.sortino_ratio(at_mean, SortinoScale::None).unwrap().abs() < 1e-15);
    }

    #[test]
    fn nothing_below_a_target_is_no_ratio() {
        let returns = array![0.02, 0.03];
        let yearly = Performance::new(returns.view(), Annualisation::Periods(Frequency::Yearly)).unwrap();
        let at_mean = Downside { target: Target::Mean, ..Downside::default() };
        assert_eq!(yearly.downside_deviation(Downside::default()).unwrap(), 0.0);
        assert!(yearly.sortino_ratio(at_mean, SortinoScale::None).is_ok());
        for error in [
            yearly.sortino_ratio(Downside::default(), SortinoScale::None).unwrap_err(),
            yearly.omega_ratio(0.0).unwrap_err(),
            yearly.prospect_ratio(0.0).unwrap_err(),
            yearly.kappa_ratio(0.02, 7).unwrap_err(),
        ] {
            assert!(error.to_string().contains("no return falls short of the target"), "{error}");
        }
    }
}

//! How far returns stray.

use alluse_risk_core::moments::{self, MomentEstimator};

use super::Performance;
use super::lanes::sums;
use crate::{Result, check};

impl Performance<'_> {
    /// Variance per period, `Σ(r − m)²/(n − ddof)`; exactly 0 for constant returns.
    ///
    /// Returns whose population standard deviation is at most `4ε (1 + max |r|)`, with the machine's `ε`, are
    /// constant: a return is a ratio of values less one, and such a deviation is the rounding of that ratio.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) unless there are more returns than `ddof`.
    pub fn variance(&self, ddof: usize) -> Result<f64> {
        self.moments().variance(ddof, "variance")
    }

    /// Standard deviation per period with divisor `n − ddof`; 0 for constant returns.
    ///
    /// # Errors
    /// As [`variance`](Self::variance).
    pub fn volatility(&self, ddof: usize) -> Result<f64> {
        Ok(self.moments().variance(ddof, "volatility")?.sqrt())
    }

    /// Standard deviation times the root of the periods a year.
    ///
    /// # Errors
    /// As [`variance`](Self::variance); [`Error::Invalid`](crate::Error::Invalid) for an annualisation whose dates do not increase.
    pub fn annual_volatility(&self, ddof: usize) -> Result<f64> {
        Ok(self.moments().variance(ddof, "annual volatility")?.sqrt() * self.periods_per_year()?.sqrt())
    }

    /// Mean absolute deviation from the mean, `Σ|r − m|/n`, per period.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) when it overflows.
    pub fn mean_absolute_deviation(&self) -> Result<f64> {
        let moments = self.moments();
        if moments.is_constant() {
            return Ok(0.0);
        }
        let [sum] = sums(self.slice(), |r| [(r - moments.mean).abs()]);
        check::result("mean absolute deviation", sum / self.len() as f64)
    }

    /// Skewness; the estimators are those of [`MomentEstimator`].
    ///
    /// # Errors
    /// [`Error::Undefined`](crate::Error::Undefined) for constant returns, [`Error::Input`](crate::Error::Input) for fewer than 3 returns unless `Population`.
    pub fn skewness(&self, estimator: MomentEstimator) -> Result<f64> {
        let population = self.moments().skewness("skewness")?;
        match estimator {
            MomentEstimator::Population => Ok(population),
            other => Ok(moments::skewness(self.returns(), other)?),
        }
    }

    /// Excess kurtosis, 0 for a normal law.
    ///
    /// # Errors
    /// As [`skewness`](Self::skewness), with 4 returns where that needs 3.
    pub fn excess_kurtosis(&self, estimator: MomentEstimator) -> Result<f64> {
        let raw = self.moments().kurtosis("kurtosis")?;
        match estimator {
            MomentEstimator::Population => Ok(raw - 3.0),
            other => Ok(moments::excess_kurtosis(self.returns(), other)?),
        }
    }

    /// Jarque and Bera's statistic `n/6 (S² + K²/4)` with population moments: chi-square with two degrees of freedom
    /// for many normal returns.
    ///
    /// [`jarque_bera`](alluse_risk_core::moments::jarque_bera) gives the p-value as well.
    ///
    /// # Errors
    /// [`Error::Undefined`](crate::Error::Undefined) for constant returns.
    pub fn jarque_bera(&self) -> Result<f64> {
        const NAME: &str = "Jarque-Bera statistic";
        let moments = self.moments();
        let (s, k) = (moments.skewness(NAME)?, moments.kurtosis(NAME)? - 3.0);
        check::result(NAME, self.len() as f64 / 6.0 * (s * s + 0.25 * k * k))
    }

    /// Population skewness over raw population kurtosis: asymmetry against the weight of both tails.
    ///
    /// # Errors
    /// [`Error::Undefined`](crate::Error::Undefined) for constant returns.
    ///
    /// # Source
    /// Bacon (2008), chapter 4.
    pub fn skewness_kurtosis_ratio(&self) -> Result<f64> {
        const NAME: &str = "skewness-kurtosis ratio";
        let moments = self.moments();
        Ok(moments.skewness(NAME)? / moments.kurtosis(NAME)?)
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::Frequency;
    use ndarray::{Array1, array};
    use proptest::prelude::*;

    use super::*;
    use crate::{Annualisation, Error};

    const DAILY: Annualisation = Annualisation::Periods(Frequency::Daily);

    #[test]
    fn constants_have_a_volatility_of_zero_and_no_shape() {
        let returns = Array1::from_elem(25, 0.01);
        let constant = Performance::new(returns.view(), DAILY).unwrap();
        assert_eq!(constant.annual_volatility(1).unwrap(), 0.0);
        assert_eq!(constant.mean_absolute_deviation().unwrap(), 0.0);
        for estimator in [MomentEstimator::Population, MomentEstimator::BiasCorrected, MomentEstimator::Sample] {
            assert!(matches!(constant.skewness(estimator), Err(Error::Undefined { .. })));
            assert!(matches!(constant.excess_kurtosis(estimator), Err(Error::Undefined { .. })));
        }
        let one = array![0.01];
        let one = Performance::new(one.view(), DAILY).unwrap();
        assert_eq!(one.volatility(1).unwrap_err().to_string(), "volatility needs at least 2 observations, got 1");
        assert_eq!(one.volatility(0).unwrap(), 0.0);
    }

    proptest! {
        /// Volatility scales with the returns and does not see a shift; skewness sees neither.
        #[test]
        fn scale_and_translation(
            returns in prop::collection::vec(-0.1_f64..0.1, 4..50), scale in 0.2_f64..4.0, shift in -0.1_f64..0.1,
        ) {
            let first = Array1::from(returns);
            let second = &first * scale + shift;
            let (a, b) = (Performance::new(first, DAILY).unwrap(), Performance::new(second, DAILY).unwrap());
            let (u, v) = (a.volatility(1).unwrap(), b.volatility(1).unwrap());
            prop_assert!((v - scale * u).abs() <= 1e-12 * v.max(1e-3));
            let (u, v) = (a.mean_absolute_deviation().unwrap(), b.mean_absolute_deviation().unwrap());
            prop_assert!((v - scale * u).abs() <= 1e-12 * v.max(1e-3));
            if let (Ok(u), Ok(v)) = (a.skewness(MomentEstimator::Sample), b.skewness(MomentEstimator::Sample)) {
                prop_assert!((u - v).abs() <= 1e-8 * u.abs().max(1.0));
            }
        }
    }
}

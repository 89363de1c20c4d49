use super::lanes::{extremes, sums};
use crate::{Error, Result, RiskFree, check};

/// The mean and the sums of powers of the deviations from it.
///
/// Returns are ratios of values less one, so their rounding has the size of `1 + |r|`: a series whose population
/// standard deviation is at most `4ε (1 + max |r|)` is constant, and its sums are exactly 0.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CentralMoments {
    /// Number of values.
    pub(crate) n: usize,
    /// Arithmetic mean.
    pub(crate) mean: f64,
    /// `Σ (r − mean)²`, and the third and fourth powers.
    pub(crate) sums: [f64; 3],
    /// The smallest and the largest value.
    pub(crate) extremes: (f64, f64),
}

/// The first pass over a series.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan {
    pub(super) low: f64,
    pub(super) high: f64,
    /// Not finite when a value is not.
    pub(super) sum: f64,
}

impl Scan {
    pub(super) fn of(values: &[f64]) -> Self {
        let (low, high) = extremes(values);
        Self { low, high, sum: sums(values, |v| [v])[0] }
    }
}

impl CentralMoments {
    /// Of at least one value.
    pub(crate) fn of_slice(values: &[f64]) -> Self {
        Self::of_scanned(values, Scan::of(values))
    }

    /// The second pass: the powers of the deviations, corrected by the mean of the deviations.
    pub(super) fn of_scanned(values: &[f64], Scan { low, high, sum }: Scan) -> Self {
        let n = values.len() as f64;
        let first = sum / n;
        let [s1, s2, s3, s4] = sums(values, |v| {
            let d = v - first;
            let square = d * d;
            [d, square, square * d, square * square]
        });
        // The first mean is rounded. What it missed, `e`, is tiny against the deviations, so that moving the sums
        // to the true mean loses nothing.
        let e = s1 / n;
        let second = s2 - n * e * e;
        let third = s3 - 3.0 * e * s2 + 2.0 * n * e * e * e;
        let fourth = s4 - 4.0 * e * s3 + 6.0 * e * e * s2 - 3.0 * n * e * e * e * e;
        let rounding = 4.0 * f64::EPSILON * (1.0 + low.abs().max(high.abs()));
        let varies = high > low && (second / n).sqrt() > rounding;
        let sums = if varies { [second, third, fourth] } else { [0.0; 3] };
        let mean = (first + e).clamp(low, high);
        Self { n: values.len(), mean, sums, extremes: (low, high) }
    }

    /// Of the values less a constant.
    pub(crate) fn less(self, constant: f64) -> Self {
        let (low, high) = self.extremes;
        Self { mean: self.mean - constant, extremes: (low - constant, high - constant), ..self }
    }

    pub(crate) fn is_constant(&self) -> bool {
        self.sums[0] <= 0.0
    }

    /// Variance with divisor `n − ddof`.
    pub(crate) fn variance(&self, ddof: usize, what: &'static str) -> Result<f64> {
        check::enough(what, ddof + 1, self.n)?;
        check::result(what, self.sums[0] / (self.n - ddof) as f64)
    }

    /// Standard deviation with divisor `n − ddof`, refused when it is 0.
    pub(crate) fn positive_deviation(&self, ddof: usize, what: &'static str) -> Result<f64> {
        let variance = self.variance(ddof, what)?;
        if variance > 0.0 { Ok(variance.sqrt()) } else { Err(Error::undefined(what, "the returns do not vary")) }
    }

    /// Population skewness `m₃/m₂^{3/2}`.
    pub(crate) fn skewness(&self, what: &'static str) -> Result<f64> {
        self.positive_deviation(0, what)?;
        let [second, third, _] = self.sums.map(|sum| sum / self.n as f64);
        check::result(what, third / (second * second.sqrt()))
    }

    /// Raw population kurtosis `m₄/m₂²`.
    pub(crate) fn kurtosis(&self, what: &'static str) -> Result<f64> {
        self.positive_deviation(0, what)?;
        let [second, _, fourth] = self.sums.map(|sum| sum / self.n as f64);
        check::result(what, fourth / (second * second))
    }
}

/// Returns in excess of cash.
pub(super) struct Excess<'a> {
    /// The excess returns, up to a constant that no deviation sees.
    pub(super) shifted: std::borrow::Cow<'a, [f64]>,
    pub(super) moments: CentralMoments,
}

impl super::Performance<'_> {
    /// Excess returns and their moments; no pass over the data unless cash varies.
    pub(super) fn excess(&self, risk_free: &RiskFree) -> Result<Excess<'_>> {
        risk_free.check(self.len())?;
        Ok(match risk_free {
            RiskFree::Zero => Excess { shifted: self.slice().into(), moments: self.moments() },
            RiskFree::PerPeriod(rate) => Excess { shifted: self.slice().into(), moments: self.moments().less(*rate) },
            RiskFree::Series(rates) => {
                let values: Vec<f64> = self.slice().iter().zip(rates).map(|(r, f)| r - f).collect();
                Excess { moments: CentralMoments::of_slice(&values), shifted: values.into() }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::moments;
    use ndarray::Array1;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_constant_series_does_not_vary() {
        for value in [0.01, 1.0 / 3.0, 1e-9, 0.0, -0.07] {
            let moments = CentralMoments::of_slice(&[value; 37]);
            assert!(moments.is_constant() && moments.mean == value, "{value}");
            assert!(moments.skewness("skewness").is_err());
        }
        // Prices that grow by exactly one per cent, as far as prices can.
        let prices: Vec<f64> = (0..200).map(|t| 100.0 * 1.01_f64.powi(t)).collect();
        let returns: Vec<f64> = prices.windows(2).map(|pair| pair[1] / pair[0] - 1.0).collect();
        assert!(CentralMoments::of_slice(&returns).is_constant());
        assert!(!CentralMoments::of_slice(&[0.01, 0.01 + 1e-12]).is_constant());
    }

    proptest! {
        #[test]
        fn central_sums_agree_with_the_moments(values in prop::collection::vec(-0.5_f64..0.5, 2..60), far in -0.5_f64..3.0) {
            let values = Array1::from(values) + far;
            let sums = CentralMoments::of_slice(&values.to_vec());
            // Both round deviations of size 1 in sums of at most 60 terms.
            prop_assert!((sums.variance(0, "variance").unwrap() - moments::variance(values.view(), 0).unwrap()).abs() <= 1e-14);
            if let Ok(skewness) = moments::skewness(values.view(), moments::MomentEstimator::Population) {
                prop_assert!((sums.skewness("skewness").unwrap() - skewness).abs() <= 1e-9 * skewness.abs().max(1.0));
                let kurtosis = moments::kurtosis(values.view(), moments::MomentEstimator::Population).unwrap();
                prop_assert!((sums.kurtosis("kurtosis").unwrap() - kurtosis).abs() <= 1e-9 * kurtosis);
            }
        }
    }
}

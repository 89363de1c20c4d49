use std::sync::OnceLock;

use alluse_risk_core::measures::{DrawdownKind, DrawdownPath};
use ndarray::{Array1, ArrayView1, CowArray, Ix1};

use super::GainsAndLosses;
use crate::{Annualisation, Result, ReturnSeries, check};

/// The performance of one return series. Its methods are the metrics.
///
/// What several metrics need (central moments, sorted returns, the drawdown path) is computed when the first of them
/// asks and kept.
///
/// ```
/// use alluse_attribution::{Annualisation, Performance};
/// use alluse_risk_core::Frequency;
/// use ndarray::array;
///
/// let returns = array![0.02, -0.01, 0.03];
/// let performance = Performance::new(returns.view(), Annualisation::Periods(Frequency::Monthly))?;
/// assert_eq!(performance.len(), 3);
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug)]
pub struct Performance<'a> {
    returns: CowArray<'a, f64, Ix1>,
    annualisation: Annualisation,
    moments: OnceLock<CentralMoments>,
    gains: OnceLock<GainsAndLosses>,
    sorted: OnceLock<Array1<f64>>,
    growth: OnceLock<f64>,
    drawdowns: OnceLock<Result<DrawdownPath>>,
}

/// The mean and the sums of powers of the deviations from it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CentralMoments {
    /// Arithmetic mean.
    pub(crate) mean: f64,
    /// `Σ (r − mean)²`, and the third and fourth powers.
    pub(crate) sums: [f64; 3],
}

impl<'a> Performance<'a> {
    /// Of these simple returns.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for no returns and for a return that is not finite or below −1.
    pub fn new(returns: impl Into<CowArray<'a, f64, Ix1>>, annualisation: Annualisation) -> Result<Self> {
        let returns = returns.into();
        check::returns("returns", returns.view())?;
        Ok(Self::unchecked(returns, annualisation))
    }

    /// Of a series, annualised by its stated frequency.
    #[must_use]
    pub fn of(series: &'a ReturnSeries) -> Self {
        Self::unchecked(series.returns().into(), series.annualisation())
    }

    fn unchecked(returns: CowArray<'a, f64, Ix1>, annualisation: Annualisation) -> Self {
        Self {
            returns,
            annualisation,
            moments: OnceLock::new(),
            gains: OnceLock::new(),
            sorted: OnceLock::new(),
            growth: OnceLock::new(),
            drawdowns: OnceLock::new(),
        }
    }

    /// The returns.
    #[must_use]
    pub fn returns(&self) -> ArrayView1<'_, f64> {
        self.returns.view()
    }

    /// Number of periods.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is at least one return")]
    pub fn len(&self) -> usize {
        self.returns.len()
    }

    /// How numbers per period become numbers per year.
    #[must_use]
    pub fn annualisation(&self) -> Annualisation {
        self.annualisation
    }

    /// Years that the returns span.
    ///
    /// # Errors
    /// As [`Annualisation::years`].
    pub fn years(&self) -> Result<f64> {
        self.annualisation.years(self.len())
    }

    /// Periods a year.
    ///
    /// # Errors
    /// As [`Annualisation::periods_per_year`].
    pub fn periods_per_year(&self) -> Result<f64> {
        self.annualisation.periods_per_year(self.len())
    }

    /// Sums and counts of gains and losses.
    #[must_use]
    pub fn gains_and_losses(&self) -> GainsAndLosses {
        *self.gains.get_or_init(|| GainsAndLosses::of(self.returns.view()))
    }

    /// The returns in ascending order.
    #[must_use]
    pub fn sorted(&self) -> ArrayView1<'_, f64> {
        self.sorted.get_or_init(|| sorted(self.returns.view())).view()
    }

    /// The drawdown path of the compounded value, which starts at 1.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) when a period loses everything: nothing follows it.
    pub fn drawdown_path(&self) -> Result<&DrawdownPath> {
        self.drawdowns
            .get_or_init(|| Ok(DrawdownPath::from_returns(self.returns.view(), DrawdownKind::Compounded)?))
            .as_ref()
            .map_err(Clone::clone)
    }

    /// Value at the end of one unit at the start: `Π (1 + r)`.
    pub(crate) fn growth(&self) -> f64 {
        *self.growth.get_or_init(|| self.returns.iter().map(|r| 1.0 + r).product())
    }

    /// Mean and central sums.
    pub(crate) fn moments(&self) -> CentralMoments {
        *self.moments.get_or_init(|| CentralMoments::of(self.returns.view()))
    }
}

impl CentralMoments {
    /// Two passes: the mean, corrected by the mean of the deviations, then the powers.
    pub(crate) fn of(values: ArrayView1<'_, f64>) -> Self {
        let n = values.len() as f64;
        let first = values.sum() / n;
        let mean = first + values.iter().map(|value| value - first).sum::<f64>() / n;
        let mut sums = [0.0; 3];
        for value in values {
            let deviation = value - mean;
            let square = deviation * deviation;
            sums[0] += square;
            sums[1] += square * deviation;
            sums[2] += square * square;
        }
        Self { mean, sums }
    }
}

/// Ascending, by the integers whose order is that of the numbers: they sort several times faster.
fn sorted(values: ArrayView1<'_, f64>) -> Array1<f64> {
    const SIGN: u64 = 1 << 63;
    let mut keys: Vec<u64> = values
        .iter()
        .map(|value| {
            let bits = value.to_bits();
            if bits & SIGN == 0 { bits | SIGN } else { !bits }
        })
        .collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| f64::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN })).collect()
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::Frequency;
    use ndarray::array;
    use proptest::prelude::*;

    use super::*;

    const DAILY: Annualisation = Annualisation::Periods(Frequency::Daily);

    #[test]
    fn hostile_returns_are_named() {
        let refuse = |returns: Array1<f64>| Performance::new(returns, DAILY).unwrap_err().to_string();
        assert_eq!(refuse(array![]), "returns is empty");
        assert_eq!(refuse(array![0.1, -1.5]), "returns[1] must be a finite simple return of at least -1, got -1.5");
        assert!(refuse(array![f64::NAN]).starts_with("returns[0]"));
    }

    proptest! {
        #[test]
        fn sorting_by_keys_is_sorting(values in prop::collection::vec(-1.0_f64..3.0, 1..80)) {
            let mut plain = values.clone();
            plain.sort_by(f64::total_cmp);
            prop_assert_eq!(sorted(Array1::from(values).view()).to_vec(), plain);
        }

        #[test]
        fn central_sums_agree_with_the_moments(values in prop::collection::vec(-0.5_f64..0.5, 2..60)) {
            let values = Array1::from(values);
            let sums = CentralMoments::of(values.view());
            let variance = alluse_risk_core::moments::variance(values.view(), 0).unwrap();
            prop_assert!((sums.sums[0] / values.len() as f64 - variance).abs() <= 1e-14);
        }
    }
}

use std::sync::OnceLock;

use alluse_risk_core::measures::{DrawdownKind, DrawdownPath};
use ndarray::{Array1, ArrayView1, CowArray, Ix1};

use super::GainsAndLosses;
use super::central::{CentralMoments, Scan};
use super::depths::Depths;
use super::ends::Ends;
use super::lanes;
use super::sides::Sides;
use super::wins::LongestRuns;
use crate::{Annualisation, Error, Result, ReturnSeries, check};

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
    scan: OnceLock<Scan>,
    moments: OnceLock<CentralMoments>,
    /// About zero.
    gains: OnceLock<Sides>,
    /// About another target.
    sides: OnceLock<Sides>,
    runs: OnceLock<LongestRuns>,
    sorted: OnceLock<Array1<f64>>,
    ends: OnceLock<Ends>,
    growth: OnceLock<f64>,
    drawdowns: OnceLock<Result<DrawdownPath>>,
    depths: OnceLock<Result<Depths>>,
}

impl<'a> Performance<'a> {
    /// Of these simple returns.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for no returns and for a return that is not finite or below −1.
    pub fn new(returns: impl Into<CowArray<'a, f64, Ix1>>, annualisation: Annualisation) -> Result<Self> {
        let performance = Self::unchecked(returns.into(), annualisation);
        // Two numbers tell whether all returns will do; only when they do not is the culprit looked for.
        let scan = performance.scan();
        if performance.returns.is_empty() || !(scan.low >= -1.0 && scan.sum.is_finite()) {
            check::returns("returns", performance.returns())?;
        }
        Ok(performance)
    }

    /// Of a series, annualised by its stated frequency.
    #[must_use]
    pub fn of(series: &'a ReturnSeries) -> Self {
        Self::unchecked(series.returns().into(), series.annualisation())
    }

    fn unchecked(returns: CowArray<'a, f64, Ix1>, annualisation: Annualisation) -> Self {
        // A column of a matrix is copied once: every metric reads one after the other.
        let contiguous = returns.as_slice().is_some();
        let returns = if contiguous { returns } else { Array1::from(returns.to_vec()).into() };
        Self {
            returns,
            annualisation,
            scan: OnceLock::new(),
            moments: OnceLock::new(),
            gains: OnceLock::new(),
            sides: OnceLock::new(),
            runs: OnceLock::new(),
            sorted: OnceLock::new(),
            ends: OnceLock::new(),
            growth: OnceLock::new(),
            drawdowns: OnceLock::new(),
            depths: OnceLock::new(),
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
        self.sides(0.0).gains_and_losses(self.len())
    }

    /// The returns in ascending order.
    #[must_use]
    pub fn sorted(&self) -> ArrayView1<'_, f64> {
        self.sorted.get_or_init(|| sorted(self.returns.view())).view()
    }

    /// The drawdown path of the compounded value, which starts at 1.
    ///
    /// # Errors
    /// [`Error::Undefined`] when a period loses everything, for nothing follows it, and
    /// [`Error::Input`](crate::Error::Input) when the value overflows.
    pub fn drawdown_path(&self) -> Result<&DrawdownPath> {
        self.drawdowns
            .get_or_init(|| {
                self.not_ruined("drawdown path")?;
                Ok(DrawdownPath::from_returns(self.returns.view(), DrawdownKind::Compounded)?)
            })
            .as_ref()
            .map_err(Clone::clone)
    }

    /// The returns, one after the other in memory.
    pub(crate) fn slice(&self) -> &[f64] {
        self.returns.as_slice().unwrap_or(&[])
    }

    /// Value at the end of one unit at the start: `Π (1 + r)`.
    pub(crate) fn growth(&self) -> f64 {
        *self.growth.get_or_init(|| lanes::compounded(self.slice()))
    }

    fn scan(&self) -> Scan {
        *self.scan.get_or_init(|| Scan::of(self.slice()))
    }

    /// Mean and central sums.
    pub(crate) fn moments(&self) -> CentralMoments {
        *self.moments.get_or_init(|| CentralMoments::of_scanned(self.slice(), self.scan()))
    }

    /// Sums about a target; those about zero and about the first other target asked for are kept.
    pub(super) fn sides(&self, target: f64) -> Sides {
        if target.abs() <= 0.0 {
            return *self.gains.get_or_init(|| Sides::of(self.slice(), 0.0));
        }
        let kept = self.sides.get_or_init(|| Sides::of(self.slice(), target));
        if kept.target.total_cmp(&target).is_eq() { *kept } else { Sides::of(self.slice(), target) }
    }

    /// The longest runs of gains and of losses.
    pub(super) fn runs(&self) -> LongestRuns {
        *self.runs.get_or_init(|| LongestRuns::of(self.slice()))
    }

    /// Return number `k` in ascending order, counted from 0.
    pub(super) fn order_statistic(&self, k: usize) -> f64 {
        self.ends.get_or_init(|| Ends::of(self.slice())).at(k).unwrap_or_else(|| self.sorted()[k])
    }

    /// What the ratios over drawdowns need of the path.
    pub(super) fn depths(&self) -> Result<&Depths> {
        self.depths
            .get_or_init(|| {
                self.not_ruined("drawdown")?;
                let depths = Depths::of(self.slice());
                check::result("drawdown", depths.squares)?;
                Ok(depths)
            })
            .as_ref()
            .map_err(Clone::clone)
    }

    /// No period loses everything.
    pub(super) fn not_ruined(&self, what: &'static str) -> Result<()> {
        if self.moments().extremes.0 > -1.0 {
            return Ok(());
        }
        let index = self.slice().iter().position(|&r| r <= -1.0).unwrap_or(0);
        Err(Error::undefined(what, format!("return {index} loses everything")))
    }
}

/// Ascending, by the integers whose order is that of the numbers: they sort several times faster.
fn sorted(values: ArrayView1<'_, f64>) -> Array1<f64> {
    let mut keys: Vec<u64> = values.iter().map(|&value| key(value)).collect();
    keys.sort_unstable();
    keys.into_iter().map(number).collect()
}

const SIGN: u64 = 1 << 63;

/// An integer that orders like the number.
pub(super) fn key(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits & SIGN == 0 { bits | SIGN } else { !bits }
}

/// The number of a key.
pub(super) fn number(key: u64) -> f64 {
    f64::from_bits(if key & SIGN == 0 { !key } else { key & !SIGN })
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::Frequency;
    use ndarray::{Axis, array};
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

    #[test]
    fn a_column_of_a_matrix_and_a_reversed_view_keep_their_order() {
        let panel = array![[0.1, 9.0], [-0.2, 9.0], [0.3, 9.0]];
        let column = Performance::new(panel.column(0), DAILY).unwrap();
        assert_eq!(column.slice(), [0.1, -0.2, 0.3]);
        let mut reversed = panel.column(0);
        reversed.invert_axis(Axis(0));
        let backwards = Performance::new(reversed, DAILY).unwrap();
        assert_eq!(backwards.slice(), [0.3, -0.2, 0.1]);
    }

    proptest! {
        #[test]
        fn sorting_by_keys_is_sorting(values in prop::collection::vec(-1.0_f64..3.0, 1..80)) {
            let mut plain = values.clone();
            plain.sort_by(f64::total_cmp);
            prop_assert_eq!(sorted(Array1::from(values.clone()).view()).to_vec(), plain.clone());
            let performance = Performance::new(Array1::from(values), DAILY).unwrap();
            for (k, value) in plain.into_iter().enumerate() {
                prop_assert_eq!(performance.order_statistic(k), value);
            }
        }
    }
}

use alluse_risk_core::moments::{MomentEstimator, RunningMoments};
use alluse_risk_core::{Confidence, Frequency, measures::QuantileRule};
use ndarray::{Array1, ArrayView1};

use super::window::{Summary, each_window};
use super::{RollingValues, tail};
use crate::streaming::DrawdownSummary;
use crate::{Error, Result, RiskFree, check};

impl Summary for RunningMoments {
    fn append(&mut self, later: &Self) {
        self.merge(later);
    }
}

impl Summary for DrawdownSummary {
    fn append(&mut self, later: &Self) {
        DrawdownSummary::append(self, later);
    }
}

impl<A: Summary, B: Summary> Summary for (A, B) {
    fn append(&mut self, later: &Self) {
        self.0.append(&later.0);
        self.1.append(&later.1);
    }
}

/// A plain sum.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sum(f64);

impl Summary for Sum {
    fn append(&mut self, later: &Self) {
        self.0 += later.0;
    }
}

/// Gains and losses, counted.
#[derive(Debug, Clone, Copy)]
struct Count {
    gains: usize,
    losses: usize,
}

impl Summary for Count {
    fn append(&mut self, later: &Self) {
        self.gains += later.gains;
        self.losses += later.losses;
    }
}

/// The moments of one finite value.
pub(super) fn moments_of(value: f64) -> RunningMoments {
    let mut moments = RunningMoments::new();
    // Callers have checked that the value is finite, which is all that can be wrong with it.
    let _ = moments.push(value);
    moments
}

/// The returns of a series, seen through a window.
#[derive(Debug, Clone, Copy)]
pub struct Rolling<'a> {
    returns: ArrayView1<'a, f64>,
    window: usize,
}

impl<'a> Rolling<'a> {
    /// Of simple returns, over windows of so many periods.
    ///
    /// # Errors
    /// [`Error::Input`] for no returns, a return that is not finite or below −1, a window of no periods, and fewer
    /// returns than a window.
    pub fn new(returns: ArrayView1<'a, f64>, window: usize) -> Result<Self> {
        check::returns("returns", returns)?;
        check::ensure(window > 0, "window", "at least 1", window as f64)?;
        check::enough("rolling window", window, returns.len())?;
        Ok(Self { returns, window })
    }

    /// Length of the window.
    #[must_use]
    pub fn window(&self) -> usize {
        self.window
    }

    /// Arithmetic mean per period.
    #[must_use]
    pub fn mean_return(&self) -> RollingValues {
        self.moments("mean return", self.returns, |moments| Ok(moments.mean()?))
    }

    /// `Π (1 + r) − 1` over the window.
    ///
    /// A window whose growth overflows has no value.
    #[must_use]
    pub fn total_return(&self) -> RollingValues {
        self.path("total return", DrawdownSummary::total_return)
    }

    /// `Π (1 + r)^(P/n) − 1`.
    ///
    /// A window whose growth overflows has no value.
    #[must_use]
    pub fn annual_return(&self, frequency: Frequency) -> RollingValues {
        let years = self.window as f64 / frequency.periods_per_year();
        self.path("annual return", |path| check::result("annual return", libm::expm1(path.log_growth() / years)))
    }

    /// `σ √P` with divisor `n − ddof`; 0 in a window that does not vary.
    ///
    /// # Errors
    /// [`Error::Undefined`] unless the window is longer than `ddof`.
    pub fn annual_volatility(&self, frequency: Frequency, ddof: usize) -> Result<RollingValues> {
        self.longer_than("annual volatility", ddof)?;
        let scale = frequency.periods_per_year().sqrt();
        Ok(self.moments("annual volatility", self.returns, |moments| {
            check::result("annual volatility", moments.variance(ddof as u64)?.sqrt() * scale)
        }))
    }

    /// `mean(x) / σ(x) √P` of the excess returns `x = r − f`.
    ///
    /// # Errors
    /// [`Error::Undefined`] unless the window is longer than `ddof`, [`Error::Input`] for a risk-free return that does
    /// not fit. A window that does not vary has no value.
    pub fn sharpe_ratio(&self, risk_free: &RiskFree, frequency: Frequency, ddof: usize) -> Result<RollingValues> {
        self.longer_than("Sharpe ratio", ddof)?;
        let excess = risk_free.excess(self.returns)?;
        check::finite("excess returns", excess.view())?;
        let scale = frequency.periods_per_year().sqrt();
        let mut largest = Largest::new(&excess, self.window);
        Ok(self.moments("Sharpe ratio", excess.view(), |moments| {
            let deviation = moments.variance(ddof as u64)?.sqrt();
            if deviation <= 4.0 * f64::EPSILON * largest.next() {
                return Err(Error::undefined("Sharpe ratio", "the excess returns do not vary"));
            }
            check::result("Sharpe ratio", moments.mean()? / deviation * scale)
        }))
    }

    /// `√(Σ max(target − r, 0)² / n) √P`; the target is per period.
    ///
    /// # Errors
    /// [`Error::Input`] for a target that is not finite.
    pub fn annual_downside_deviation(&self, target: f64, frequency: Frequency) -> Result<RollingValues> {
        check::number("target", target)?;
        let (scale, n) = (frequency.periods_per_year().sqrt(), self.window as f64);
        let below = |i: usize| Sum(below(target, self.returns[i]));
        Ok(self.collect("annual downside deviation", below, |sum| {
            check::result("annual downside deviation", (sum.0 / n).sqrt() * scale)
        }))
    }

    /// `(mean − target) / downside deviation √P`; the target is per period.
    ///
    /// # Errors
    /// [`Error::Input`] for a target that is not finite. A window without a return below the target has no value.
    pub fn sortino_ratio(&self, target: f64, frequency: Frequency) -> Result<RollingValues> {
        check::number("target", target)?;
        let (scale, n) = (frequency.periods_per_year().sqrt(), self.window as f64);
        let above = self.returns.mapv(|value| value - target);
        check::finite("returns less the target", above.view())?;
        let item = |i: usize| (moments_of(above[i]), Sum(below(target, self.returns[i])));
        Ok(self.collect("Sortino ratio", item, |(above, sum)| {
            if sum.0 <= 0.0 {
                return Err(Error::undefined("Sortino ratio", format!("no return is below {target}")));
            }
            check::result("Sortino ratio", above.mean()? / (sum.0 / n).sqrt() * scale)
        }))
    }

    /// Skewness.
    ///
    /// A window that does not vary, or is too short for the estimator, has no value.
    #[must_use]
    pub fn skewness(&self, estimator: MomentEstimator) -> RollingValues {
        self.moments("skewness", self.returns, |moments| Ok(moments.skewness(estimator)?))
    }

    /// Raw kurtosis, 3 for a normal law.
    ///
    /// A window that does not vary, or is too short for the estimator, has no value.
    #[must_use]
    pub fn kurtosis(&self, estimator: MomentEstimator) -> RollingValues {
        self.moments("kurtosis", self.returns, |moments| Ok(moments.kurtosis(estimator)?))
    }

    /// Excess kurtosis, 0 for a normal law.
    ///
    /// A window that does not vary, or is too short for the estimator, has no value.
    #[must_use]
    pub fn excess_kurtosis(&self, estimator: MomentEstimator) -> RollingValues {
        self.moments("excess kurtosis", self.returns, |moments| Ok(moments.excess_kurtosis(estimator)?))
    }

    /// The deepest fall of the compounded value inside the window, whose start counts as a peak; positive.
    #[must_use]
    pub fn max_drawdown(&self) -> RollingValues {
        self.path("max drawdown", |path| Ok(path.max_drawdown()))
    }

    /// Gains over gains and losses, periods of exactly zero left out.
    ///
    /// A window of zeros has no value.
    #[must_use]
    pub fn win_rate(&self) -> RollingValues {
        self.collect(
            "win rate",
            |i| self.count(i),
            |count| {
                let decided = count.gains + count.losses;
                if decided == 0 {
                    return Err(Error::undefined("win rate", "every return is zero"));
                }
                Ok(count.gains as f64 / decided as f64)
            },
        )
    }

    /// Share of the periods with a positive return, zeros counted among the others.
    #[must_use]
    pub fn gain_frequency(&self) -> RollingValues {
        let n = self.window as f64;
        self.collect("gain frequency", |i| self.count(i), |count| Ok(count.gains as f64 / n))
    }

    /// Historical value at risk of the window, a positive number when it is a loss.
    ///
    /// The window is kept sorted: a step costs a search and a move within the window.
    ///
    /// # Errors
    /// Those of [`quantile`](alluse_risk_core::measures::quantile), which valid confidences do not meet.
    pub fn value_at_risk(&self, confidence: Confidence, rule: QuantileRule) -> Result<RollingValues> {
        tail::value_at_risk(self.returns, self.window, confidence, rule)
    }

    /// Historical expected shortfall of the window: the mean of exactly the tail mass `1 − c`, the last loss in part.
    #[must_use]
    pub fn expected_shortfall(&self, confidence: Confidence) -> RollingValues {
        tail::expected_shortfall(self.returns, self.window, confidence)
    }

    fn count(&self, index: usize) -> Count {
        let value = self.returns[index];
        Count { gains: usize::from(value > 0.0), losses: usize::from(value < 0.0) }
    }

    fn longer_than(&self, what: &'static str, ddof: usize) -> Result<()> {
        if self.window > ddof {
            Ok(())
        } else {
            Err(Error::undefined(what, format!("a window of {} is not longer than ddof {ddof}", self.window)))
        }
    }

    fn moments(
        &self,
        metric: &'static str,
        values: ArrayView1<'_, f64>,
        of: impl FnMut(&RunningMoments) -> Result<f64>,
    ) -> RollingValues {
        self.collect(metric, |i| moments_of(values[i]), of)
    }

    fn path(&self, metric: &'static str, of: impl FnMut(&DrawdownSummary) -> Result<f64>) -> RollingValues {
        self.collect(metric, |i| DrawdownSummary::one(self.returns[i]), of)
    }

    fn collect<S: Summary>(
        &self,
        metric: &'static str,
        item: impl Fn(usize) -> S,
        of: impl FnMut(&S) -> Result<f64>,
    ) -> RollingValues {
        collect(metric, (self.returns.len(), self.window), item, of)
    }
}

/// A metric of the summary of every window.
pub(super) fn collect<S: Summary>(
    metric: &'static str,
    (items, window): (usize, usize),
    item: impl Fn(usize) -> S,
    mut of: impl FnMut(&S) -> Result<f64>,
) -> RollingValues {
    let mut values = RollingValues::new(metric, window - 1, items + 1 - window);
    each_window(items, window, item, |_, whole| values.push(of(whole)));
    values
}

fn below(target: f64, value: f64) -> f64 {
    let short = (target - value).max(0.0);
    short * short
}

/// The largest absolute value of each window in turn, against which rounding is measured.
struct Largest {
    values: std::vec::IntoIter<f64>,
}

impl Largest {
    fn new(values: &Array1<f64>, window: usize) -> Self {
        let mut out = Vec::with_capacity(values.len() + 1 - window);
        each_window(values.len(), window, |i| Top(values[i].abs()), |_, top| out.push(top.0));
        Self { values: out.into_iter() }
    }

    fn next(&mut self) -> f64 {
        self.values.next().unwrap_or(0.0)
    }
}

#[derive(Debug, Clone, Copy)]
struct Top(f64);

impl Summary for Top {
    fn append(&mut self, later: &Self) {
        self.0 = self.0.max(later.0);
    }
}

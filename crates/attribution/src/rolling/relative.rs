use alluse_risk_core::Frequency;
use alluse_risk_core::moments::RunningMoments;
use ndarray::{Array1, ArrayView1};

use super::RollingValues;
use super::single::{collect, moments_of};
use super::window::Summary;
use crate::pair_moments::PairMoments;
use crate::{Error, Result, RiskFree, check};

impl Summary for PairMoments {
    fn append(&mut self, later: &Self) {
        self.merge(later);
    }
}

/// Returns and those of a benchmark, seen through a window.
#[derive(Debug, Clone)]
pub struct RollingRelative<'a> {
    returns: ArrayView1<'a, f64>,
    benchmark: ArrayView1<'a, f64>,
    active: Array1<f64>,
    window: usize,
}

impl<'a> RollingRelative<'a> {
    /// Of simple returns and benchmark returns of the same periods, over windows of so many periods.
    ///
    /// # Errors
    /// [`Error::Input`] for bad returns on either side, lengths that differ, a window of no periods, and fewer returns
    /// than a window.
    pub fn new(returns: ArrayView1<'a, f64>, benchmark: ArrayView1<'a, f64>, window: usize) -> Result<Self> {
        check::returns("returns", returns)?;
        check::returns("benchmark", benchmark)?;
        check::length("benchmark", returns.len(), benchmark.len())?;
        check::ensure(window > 0, "window", "at least 1", window as f64)?;
        check::enough("rolling window", window, returns.len())?;
        let active = &returns - &benchmark;
        check::finite("active returns", active.view())?;
        Ok(Self { returns, benchmark, active, window })
    }

    /// `cov(r, b) / var(b)` of the raw returns.
    ///
    /// A window whose benchmark does not vary has no value.
    #[must_use]
    pub fn beta(&self) -> RollingValues {
        self.pairs("beta", self.returns, self.benchmark, PairMoments::beta)
    }

    /// `mean(r − f) − β mean(b − f)` per period, beta of the excess returns.
    ///
    /// # Errors
    /// [`Error::Input`] for a risk-free return that does not fit. A window whose benchmark does not vary has no value.
    pub fn alpha(&self, risk_free: &RiskFree) -> Result<RollingValues> {
        let (r, b) = (risk_free.excess(self.returns)?, risk_free.excess(self.benchmark)?);
        check::finite("excess returns", r.view())?;
        check::finite("excess benchmark returns", b.view())?;
        Ok(self.pairs("alpha", r.view(), b.view(), |pair| {
            check::result("alpha", pair.mean_r - pair.beta()? * pair.mean_b)
        }))
    }

    /// Correlation of the raw returns.
    ///
    /// A window in which either does not vary has no value.
    #[must_use]
    pub fn correlation(&self) -> RollingValues {
        self.pairs("correlation", self.returns, self.benchmark, PairMoments::correlation)
    }

    /// Mean of `r − b` per period.
    #[must_use]
    pub fn mean_active_return(&self) -> RollingValues {
        self.active("mean active return", |moments| Ok(moments.mean()?))
    }

    /// `σ(r − b) √P` with divisor `n − ddof`.
    ///
    /// # Errors
    /// [`Error::Undefined`] unless the window is longer than `ddof`.
    pub fn tracking_error(&self, frequency: Frequency, ddof: usize) -> Result<RollingValues> {
        self.longer_than("tracking error", ddof)?;
        let scale = frequency.periods_per_year().sqrt();
        Ok(self.active("tracking error", |moments| {
            check::result("tracking error", moments.variance(ddof as u64)?.sqrt() * scale)
        }))
    }

    /// `mean(r − b) P / tracking error`.
    ///
    /// # Errors
    /// [`Error::Undefined`] unless the window is longer than `ddof`. A window without tracking error has no value.
    pub fn information_ratio(&self, frequency: Frequency, ddof: usize) -> Result<RollingValues> {
        self.longer_than("information ratio", ddof)?;
        let scale = frequency.periods_per_year().sqrt();
        Ok(self.active("information ratio", |moments| {
            let (mean, deviation) = (moments.mean()?, moments.variance(ddof as u64)?.sqrt());
            // Rounding of equal differences is no tracking error.
            if deviation <= 4.0 * f64::EPSILON * mean.abs() {
                return Err(Error::undefined("information ratio", "there is no tracking error"));
            }
            check::result("information ratio", mean / deviation * scale)
        }))
    }

    fn longer_than(&self, what: &'static str, ddof: usize) -> Result<()> {
        if self.window > ddof {
            Ok(())
        } else {
            Err(Error::undefined(what, format!("a window of {} is not longer than ddof {ddof}", self.window)))
        }
    }

    fn active(&self, metric: &'static str, of: impl FnMut(&RunningMoments) -> Result<f64>) -> RollingValues {
        collect(metric, (self.active.len(), self.window), |i| moments_of(self.active[i]), of)
    }

    fn pairs(
        &self,
        metric: &'static str,
        r: ArrayView1<'_, f64>,
        b: ArrayView1<'_, f64>,
        of: impl FnMut(&PairMoments) -> Result<f64>,
    ) -> RollingValues {
        collect(metric, (r.len(), self.window), |i| PairMoments::one(r[i], b[i]), of)
    }
}

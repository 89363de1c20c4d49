use serde::{Deserialize, Serialize};

use crate::{Error, Result, check};

/// What a stretch of returns did to a value: how it ended, its highest and lowest point, and its deepest fall.
///
/// Summaries of consecutive stretches [append](Self::append) into that of both, associatively up to rounding. Kept as
/// logarithms, so that neither long nor ruinous stretches leave the numbers.
///
/// ```
/// use alluse_attribution::streaming::DrawdownSummary;
///
/// let mut january = DrawdownSummary::of([0.10, -0.10])?;
/// let february = DrawdownSummary::of([-0.10, 0.30])?;
/// january.append(&february);
/// assert!((january.max_drawdown() - 0.19).abs() < 1e-15); // two falls of 10 % in a row, over the month's end
/// assert!((january.total_return()? - (1.1 * 0.81 * 1.3 - 1.0)).abs() < 1e-15);
/// # Ok::<(), alluse_attribution::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct DrawdownSummary {
    periods: u64,
    /// Logarithms of end, highest and lowest value over the start: −∞ when everything was lost.
    growth: f64,
    peak: f64,
    trough: f64,
    /// Largest logarithm of a peak over a later value.
    fall: f64,
}

impl DrawdownSummary {
    /// Of no periods.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Of consecutive simple returns.
    ///
    /// # Errors
    /// [`Error::Input`] for a return that is not finite or below −1.
    pub fn of(returns: impl IntoIterator<Item = f64>) -> Result<Self> {
        let mut path = Self::new();
        returns.into_iter().try_for_each(|value| path.push(value))?;
        Ok(path)
    }

    /// Appends one period.
    ///
    /// # Errors
    /// [`Error::Input`] for a return that is not finite or below −1; the summary is unchanged then.
    pub fn push(&mut self, value: f64) -> Result<()> {
        check::ensure(value >= -1.0 && value.is_finite(), "return", "finite and at least -1", value)?;
        self.append(&Self::one(value));
        Ok(())
    }

    /// Of one valid return.
    pub(crate) fn one(value: f64) -> Self {
        let growth = value.ln_1p();
        Self { periods: 1, growth, peak: growth.max(0.0), trough: growth.min(0.0), fall: (-growth).max(0.0) }
    }

    /// Appends the stretch that follows.
    pub fn append(&mut self, later: &Self) {
        if later.periods == 0 {
            return;
        }
        if self.periods == 0 {
            *self = *later;
            return;
        }
        // No difference of two infinities: a peak is never infinite.
        self.fall = self.fall.max(later.fall).max(self.peak - (self.growth + later.trough));
        self.peak = self.peak.max(self.growth + later.peak);
        self.trough = self.trough.min(self.growth + later.trough);
        self.growth += later.growth;
        self.periods += later.periods;
    }

    /// Number of periods.
    #[must_use]
    pub fn periods(&self) -> u64 {
        self.periods
    }

    /// `Π (1 + r) − 1`.
    ///
    /// # Errors
    /// [`Error::Input`] on overflow.
    pub fn total_return(&self) -> Result<f64> {
        check::result("total return", libm::expm1(self.growth))
    }

    /// The highest value over the starting value, at least 1.
    ///
    /// # Errors
    /// [`Error::Input`] on overflow.
    pub fn peak(&self) -> Result<f64> {
        check::result("peak", libm::exp(self.peak))
    }

    /// The lowest value over the starting value, at most 1; 0 when everything was lost.
    #[must_use]
    pub fn trough(&self) -> f64 {
        libm::exp(self.trough)
    }

    /// The deepest fall from a peak, the start included: positive, 0 without a fall, 1 when everything was lost.
    #[must_use]
    pub fn max_drawdown(&self) -> f64 {
        // Subtracting from zero keeps a path without a fall from ending at −0.
        0.0 - libm::expm1(-self.fall)
    }

    /// How far the end is below the highest value.
    #[must_use]
    pub fn current_drawdown(&self) -> f64 {
        0.0 - libm::expm1(self.growth - self.peak)
    }

    pub(crate) fn log_growth(&self) -> f64 {
        self.growth
    }
}

/// The stored form, checked when it is read back; an absent logarithm is that of zero.
#[derive(Serialize, Deserialize)]
struct Stored {
    periods: u64,
    log_growth: Option<f64>,
    log_peak: f64,
    log_trough: Option<f64>,
    log_fall: Option<f64>,
}

impl TryFrom<Stored> for DrawdownSummary {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let or_lost = |log: Option<f64>| log.unwrap_or(f64::NEG_INFINITY);
        let (growth, trough) = (or_lost(stored.log_growth), or_lost(stored.log_trough));
        let (peak, fall) = (stored.log_peak, stored.log_fall.unwrap_or(f64::INFINITY));
        let ordered = peak >= growth.max(0.0) && trough <= growth.min(0.0) && fall >= -trough && peak.is_finite();
        let empty = stored.periods > 0 || (peak == 0.0 && trough == 0.0 && fall == 0.0);
        if !(ordered && empty) {
            return Err(Error::invalid("stored drawdown summary", "its numbers contradict each other"));
        }
        Ok(Self { periods: stored.periods, growth, peak, trough, fall })
    }
}

impl From<DrawdownSummary> for Stored {
    fn from(path: DrawdownSummary) -> Self {
        let finite = |log: f64| log.is_finite().then_some(log);
        let DrawdownSummary { periods, growth, peak, trough, fall } = path;
        Self { periods, log_growth: finite(growth), log_peak: peak, log_trough: finite(trough), log_fall: finite(fall) }
    }
}

//! Static arbitrage in a surface, and in a table of call prices.

use alluse_risk_core::Error as Input;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::hull::{lower_hull, on_hull};
use super::{VolatilitySurface, check};
use crate::{Error, Result};

/// Lee's bound on the slope of total variance in a wing.
const WING_BOUND: f64 = 2.0;

/// The side of a smile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wing {
    /// Strikes below the forward.
    Low,
    /// Strikes above it.
    High,
}

/// One place where a surface allows a riskless profit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ArbitrageViolation {
    /// A butterfly of a negative price: Durrleman's function is negative.
    Butterfly {
        /// The expiry.
        expiry: Date,
        /// Log-moneyness.
        log_moneyness: f64,
        /// The function there.
        butterfly: f64,
    },
    /// A calendar spread of a negative price: total variance falls with time.
    Calendar {
        /// The nearer expiry.
        near: Date,
        /// The later one, whose variance is lower.
        far: Date,
        /// Log-moneyness.
        log_moneyness: f64,
        /// Total variance of the later less that of the nearer, negative.
        increase: f64,
    },
    /// A wing too steep for the underlying to have a mean.
    WingSlope {
        /// The expiry.
        expiry: Date,
        /// Which side.
        wing: Wing,
        /// `|dw/dk|` far out.
        slope: f64,
    },
}

/// What a check found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ArbitrageReport {
    /// Every violation: by expiry, then log-moneyness.
    pub violations: Vec<ArbitrageViolation>,
    /// Smallest value of Durrleman's function.
    pub smallest_butterfly: f64,
    /// Smallest increase of total variance from one expiry to the next; none with one expiry.
    pub smallest_increase: Option<f64>,
    /// Steepest wing.
    pub steepest_wing: f64,
    /// Places looked at.
    pub points: usize,
}

impl ArbitrageReport {
    /// Whether nothing was found on the grid.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.violations.is_empty()
    }
}

/// Where static arbitrage is looked for.
///
/// ```text
/// butterfly   g(k) ≥ 0            at each expiry and half-way between neighbours
/// calendar    w(k, T₂) ≥ w(k, T₁)
/// wings       |dw/dk| < 2         in the limit
/// ```
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `log_moneyness` | (−1.5, 1.5) | ends of the grid | finite, increasing |
/// | `points` | 301 | of the grid | at least 2 |
/// | `tolerance` | 1e-9 | by how much `g` or an increase of `w` may be negative | at least 0 |
///
/// # Source
/// Durrleman (2005); Lee (2004); Gatheral and Jacquier (2014), section 2.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ArbitrageCheck {
    log_moneyness: (f64, f64),
    points: usize,
    tolerance: f64,
}

impl Default for ArbitrageCheck {
    fn default() -> Self {
        Self { log_moneyness: (-1.5, 1.5), points: 301, tolerance: 1e-9 }
    }
}

impl ArbitrageCheck {
    /// Ends of the grid.
    #[must_use]
    pub fn with_log_moneyness(mut self, low: f64, high: f64) -> Self {
        self.log_moneyness = (low, high);
        self
    }

    /// Size of the grid.
    #[must_use]
    pub fn with_points(mut self, points: usize) -> Self {
        self.points = points;
        self
    }

    /// What is put down to rounding.
    #[must_use]
    pub fn with_tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Looks at every expiry and every pair of neighbours.
    ///
    /// # Errors
    /// `OutOfDomain` for a grid of fewer than 2 points or ends that do not increase, or a negative tolerance.
    pub fn check(&self, surface: &VolatilitySurface) -> Result<ArbitrageReport> {
        let grid = self.grid()?;
        let mut report = ArbitrageReport {
            violations: Vec::new(),
            smallest_butterfly: f64::INFINITY,
            smallest_increase: None,
            steepest_wing: 0.0,
            points: 0,
        };
        let (slices, times) = (surface.slices(), surface.times());
        for (index, slice) in slices.iter().enumerate() {
            self.butterflies(surface, slice.expiry, times[index], &grid, &mut report);
            wings(slice.expiry, slice.smile.wing_slopes(), &mut report);
            let Some(next) = slices.get(index + 1) else { break };
            self.calendars(surface, index, &grid, &mut report);
            let days = slice.expiry.duration_since(next.expiry).as_hours() / 24;
            // Neighbouring days have nothing between them.
            if let Ok(middle) = slice.expiry.checked_add(jiff::Span::new().days(-days / 2))
                && middle > slice.expiry
            {
                self.butterflies(surface, middle, surface.time(middle)?, &grid, &mut report);
            }
        }
        Ok(report)
    }

    fn grid(&self) -> Result<Vec<f64>> {
        let (low, high) = self.log_moneyness;
        check::finite("lowest log-moneyness", low)?;
        check::finite("highest log-moneyness", high)?;
        if !(low < high) {
            return Err(Error::out_of_domain("highest log-moneyness", "above the lowest", high));
        }
        if self.points < 2 {
            return Err(Error::out_of_domain("points", "at least 2", self.points as f64));
        }
        if !(self.tolerance >= 0.0 && self.tolerance.is_finite()) {
            return Err(Error::out_of_domain("tolerance", "at least 0 and finite", self.tolerance));
        }
        let step = (high - low) / (self.points - 1) as f64;
        Ok((0..self.points).map(|i| low + step * i as f64).collect())
    }

    fn butterflies(
        &self,
        surface: &VolatilitySurface,
        expiry: Date,
        time: f64,
        grid: &[f64],
        report: &mut ArbitrageReport,
    ) {
        for &log_moneyness in grid {
            let butterfly = surface.point(log_moneyness, time).butterfly(log_moneyness);
            report.points += 1;
            report.smallest_butterfly = report.smallest_butterfly.min(butterfly);
            if !(butterfly >= -self.tolerance) {
                report.violations.push(ArbitrageViolation::Butterfly { expiry, log_moneyness, butterfly });
            }
        }
    }

    fn calendars(&self, surface: &VolatilitySurface, near: usize, grid: &[f64], report: &mut ArbitrageReport) {
        let (first, second) = (&surface.slices()[near], &surface.slices()[near + 1]);
        for &log_moneyness in grid {
            let increase = second.smile.total_variance(log_moneyness) - first.smile.total_variance(log_moneyness);
            report.points += 1;
            report.smallest_increase = Some(report.smallest_increase.map_or(increase, |least| least.min(increase)));
            if !(increase >= -self.tolerance) {
                let (near, far) = (first.expiry, second.expiry);
                report.violations.push(ArbitrageViolation::Calendar { near, far, log_moneyness, increase });
            }
        }
    }
}

fn wings(expiry: Date, (low, high): (f64, f64), report: &mut ArbitrageReport) {
    for (wing, slope) in [(Wing::Low, low), (Wing::High, high)] {
        report.steepest_wing = report.steepest_wing.max(slope);
        if !(slope < WING_BOUND) {
            report.violations.push(ArbitrageViolation::WingSlope { expiry, wing, slope });
        }
    }
}

/// A riskless profit in a table of call prices.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallPriceViolation {
    /// A price below `D max(F − K, 0)`.
    BelowIntrinsic {
        /// Place in the table.
        index: usize,
        /// By how much, positive.
        amount: f64,
    },
    /// A price above `D F`.
    AboveForward {
        /// Place in the table.
        index: usize,
        /// By how much, positive.
        amount: f64,
    },
    /// A price that rises with the strike.
    Rises {
        /// Place of the higher strike.
        index: usize,
        /// By how much, positive.
        amount: f64,
    },
    /// A price that falls by more than the discounted difference of the strikes.
    FallsTooFast {
        /// Place of the higher strike.
        index: usize,
        /// By how much, positive.
        amount: f64,
    },
    /// A price above the line between two others.
    Butterfly {
        /// Place of the lower strike.
        low: usize,
        /// Place of the price that is too high.
        middle: usize,
        /// Place of the higher strike.
        high: usize,
        /// By how much, positive.
        amount: f64,
    },
}

/// Every static arbitrage in European call prices of one expiry; empty when there is none beyond `tolerance`.
///
/// ```text
/// D max(F − K, 0) ≤ C(K) ≤ D F      −D ≤ ΔC/ΔK ≤ 0      C convex
/// ```
///
/// Slopes are compared between neighbours, convexity with all others.
///
/// # Errors
/// - `LengthMismatch`, `Empty` or `NotIncreasing` unless there is one price for each of increasing strikes.
/// - `ElementOutOfDomain` for a strike that is not positive or a price that is not finite.
/// - `OutOfDomain` unless forward and discount factor are positive and the tolerance, in units of price, is at least 0.
///
/// # Source
/// Carr and Madan (2005), "A note on sufficient conditions for no arbitrage".
///
/// # Examples
/// ```
/// use alluse_instruments::surface::{CallPriceViolation, check_call_prices};
///
/// let found = check_call_prices(&[90.0, 100.0, 110.0], &[12.0, 8.0, 2.0], 100.0, 1.0, 0.0)?;
/// // The middle price is 1 above the mean of its neighbours.
/// assert_eq!(found, [CallPriceViolation::Butterfly { low: 0, middle: 1, high: 2, amount: 1.0 }]);
/// # Ok::<(), alluse_instruments::Error>(())
/// ```
pub fn check_call_prices(
    strikes: &[f64],
    prices: &[f64],
    forward: f64,
    discount_factor: f64,
    tolerance: f64,
) -> Result<Vec<CallPriceViolation>> {
    check::length("prices", strikes.len(), prices.len())?;
    if strikes.is_empty() {
        return Err(Input::Empty { name: "strikes" }.into());
    }
    check::all_positive("strikes", strikes)?;
    check::increasing("strikes", strikes)?;
    check::all_finite("prices", prices)?;
    check::positive("forward", forward)?;
    check::positive("discount_factor", discount_factor)?;
    if !(tolerance >= 0.0 && tolerance.is_finite()) {
        return Err(Error::out_of_domain("tolerance", "at least 0 and finite", tolerance));
    }
    let mut found = Vec::new();
    let mut note = |amount: f64, violation: &dyn Fn(f64) -> CallPriceViolation| {
        if amount > tolerance {
            found.push(violation(amount));
        }
    };
    for (index, (strike, price)) in strikes.iter().zip(prices).enumerate() {
        let intrinsic = discount_factor * (forward - strike).max(0.0);
        note(intrinsic - price, &|amount| CallPriceViolation::BelowIntrinsic { index, amount });
        note(price - discount_factor * forward, &|amount| CallPriceViolation::AboveForward { index, amount });
    }
    for before in 0..strikes.len() - 1 {
        let index = before + 1;
        let rise = prices[index] - prices[before];
        let most = discount_factor * (strikes[index] - strikes[before]);
        note(rise, &|amount| CallPriceViolation::Rises { index, amount });
        note(-rise - most, &|amount| CallPriceViolation::FallsTooFast { index, amount });
    }
    let hull = lower_hull(strikes, prices);
    for middle in 0..strikes.len() {
        if let Some((line, low, high)) = on_hull(&hull, strikes, prices, strikes[middle]) {
            note(prices[middle] - line, &|amount| CallPriceViolation::Butterfly { low, middle, high, amount });
        }
    }
    Ok(found)
}

#[cfg(test)]
#[path = "arbitrage_tests.rs"]
mod tests;

//! One asset that trades continuously.

use alluse_risk_core::normal;
use serde::{Deserialize, Serialize};

use super::{ensure, finite, positive};
use crate::{Error, Result};

/// The Kelly rule for an asset that follows a geometric Brownian motion, held at a constant fraction of wealth.
///
/// ```text
/// f* = (μ − r) / σ²      g(f) = r + f (μ − r) − f²σ²/2      g(f*) = r + (μ − r)² / 2σ²
/// g(k f*) − r = k (2 − k) (g(f*) − r)
/// ```
///
/// Mean, volatility and rate are of one unit of time, most often a year; so are growth, Sharpe ratio and horizons.
/// μ is the drift of `dS/S`.
///
/// # Source
/// Merton (1969); Thorp (2006), "The Kelly criterion in blackjack, sports betting and the stock market", §7.
///
/// # Examples
/// ```
/// use alluse_optimizer::kelly::ContinuousKelly;
///
/// let stocks = ContinuousKelly::new(0.11, 0.15, 0.06)?;
/// assert!((stocks.fraction() - 20.0 / 9.0).abs() < 1e-12);
/// // Half the stake keeps three quarters of the excess growth.
/// let (half, full) = (stocks.growth_at_multiple(0.5)? - 0.06, stocks.growth() - 0.06);
/// assert!((half / full - 0.75).abs() < 1e-12);
/// // With full stakes, the chance ever to be down to x times the discounted start is x.
/// let excess = ContinuousKelly::new(0.05, 0.15, 0.0)?;
/// assert!((excess.probability_of_falling_to(0.5, 1.0)? - 0.5).abs() < 1e-12);
/// # Ok::<(), alluse_optimizer::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Raw", into = "Raw")]
pub struct ContinuousKelly {
    mean: f64,
    volatility: f64,
    risk_free: f64,
}

/// Logarithm of wealth as a Brownian motion with drift.
struct LogWealth {
    drift: f64,
    volatility: f64,
}

impl LogWealth {
    /// `2 drift / volatility²`: wealth to minus this power is a martingale.
    fn exponent(&self) -> f64 {
        2.0 * self.drift / (self.volatility * self.volatility)
    }
}

impl ContinuousKelly {
    /// # Errors
    /// [`Error::Input`] unless all are finite and the volatility is positive; [`Error::Numerical`] when the
    /// fraction or its growth overflows.
    pub fn new(mean: f64, volatility: f64, risk_free: f64) -> Result<Self> {
        finite("mean", mean)?;
        positive("volatility", volatility)?;
        finite("risk-free rate", risk_free)?;
        let kelly = Self { mean, volatility, risk_free };
        if kelly.fraction().is_finite() && kelly.growth().is_finite() {
            return Ok(kelly);
        }
        let reason = format!("a mean of {mean} with volatility {volatility} overflows");
        Err(Error::Numerical { method: "Kelly fraction", reason })
    }

    /// `f*`: fraction of wealth; above 1 borrows, below 0 sells short.
    #[must_use]
    pub fn fraction(&self) -> f64 {
        self.sharpe() / self.volatility
    }

    /// `(μ − r) / σ`.
    #[must_use]
    pub fn sharpe(&self) -> f64 {
        (self.mean - self.risk_free) / self.volatility
    }

    /// Growth of the best fraction, continuously compounded.
    #[must_use]
    pub fn growth(&self) -> f64 {
        self.risk_free + 0.5 * self.sharpe() * self.sharpe()
    }

    /// Growth at any fraction.
    ///
    /// # Errors
    /// [`Error::Input`] unless it is finite.
    pub fn growth_at(&self, fraction: f64) -> Result<f64> {
        finite("fraction", fraction)?;
        let risk = fraction * self.volatility;
        Ok(self.risk_free + risk * (self.sharpe() - 0.5 * risk))
    }

    /// Growth at `multiple` times the best fraction.
    ///
    /// # Errors
    /// [`Error::Input`] unless the multiple is finite.
    pub fn growth_at_multiple(&self, multiple: f64) -> Result<f64> {
        finite("multiple", multiple)?;
        self.growth_at(multiple * self.fraction())
    }

    /// Fractions and their growth, for a chart.
    ///
    /// # Errors
    /// [`Error::Input`] for a fraction that is not finite.
    pub fn growth_curve(&self, fractions: &[f64]) -> Result<Vec<(f64, f64)>> {
        fractions.iter().map(|&fraction| Ok((fraction, self.growth_at(fraction)?))).collect()
    }

    /// The probability that wealth ever falls to `level` times its start, at `multiple` times the best fraction.
    ///
    /// ```text
    /// P = level^(2 g / (f σ)²), and 1 when g ≤ 0; without interest the exponent is 2/k − 1
    /// ```
    ///
    /// # Errors
    /// [`Error::Input`] unless `0 < level < 1` and the multiple is finite; [`Error::Undefined`] when nothing is
    /// staked and so nothing is at risk.
    pub fn probability_of_falling_to(&self, level: f64, multiple: f64) -> Result<f64> {
        ensure(level > 0.0 && level < 1.0, "level", "in (0, 1)", level)?;
        let wealth = self.log_wealth(multiple)?;
        Ok(libm::pow(level, wealth.exponent().max(0.0)))
    }

    /// The probability of that within a horizon.
    ///
    /// ```text
    /// Φ((ln x − gT) / s√T) + x^(2g/s²) Φ((ln x + gT) / s√T)      s = f σ
    /// ```
    ///
    /// # Errors
    /// Those of [`probability_of_falling_to`](Self::probability_of_falling_to), and [`Error::Input`] unless the
    /// horizon is positive and finite.
    pub fn probability_of_falling_to_within(&self, level: f64, multiple: f64, horizon: f64) -> Result<f64> {
        ensure(level > 0.0 && level < 1.0, "level", "in (0, 1)", level)?;
        positive("horizon", horizon)?;
        let wealth = self.log_wealth(multiple)?;
        let (depth, drift, spread) = (libm::log(level), wealth.drift * horizon, wealth.volatility * horizon.sqrt());
        let below = normal::cdf((depth - drift) / spread);
        // The reflected part is at most 1: where the power overflows, the other factor is smaller still.
        let tail = normal::cdf((depth + drift) / spread);
        let reflected = if tail > 0.0 { libm::exp(wealth.exponent() * depth + libm::log(tail)) } else { 0.0 };
        Ok((below + reflected).clamp(0.0, 1.0))
    }

    /// The probability that wealth rises to `high` times its start before it falls to `low` times it.
    ///
    /// ```text
    /// (low^−θ − 1) / (low^−θ − high^−θ)      θ = 2 g / (f σ)²      θ = 0: ln(1/low) / ln(high/low)
    /// ```
    ///
    /// # Errors
    /// [`Error::Input`] unless `0 < low < 1 < high`, and otherwise those of
    /// [`probability_of_falling_to`](Self::probability_of_falling_to).
    pub fn probability_of_reaching(&self, high: f64, low: f64, multiple: f64) -> Result<f64> {
        ensure(low > 0.0 && low < 1.0, "low", "in (0, 1)", low)?;
        ensure(high > 1.0 && high.is_finite(), "high", "above 1 and finite", high)?;
        let exponent = self.log_wealth(multiple)?.exponent();
        let (down, width) = (-libm::log(low), libm::log(high) - libm::log(low));
        if exponent == 0.0 {
            return Ok(down / width);
        }
        // 1 − e^(−θ down) over 1 − e^(−θ width), with the larger power divided out when θ is negative.
        if exponent > 0.0 {
            return Ok(libm::expm1(-exponent * down) / libm::expm1(-exponent * width));
        }
        let up = libm::log(high);
        Ok(libm::exp(exponent * up) * libm::expm1(exponent * down) / libm::expm1(exponent * width))
    }

    fn log_wealth(&self, multiple: f64) -> Result<LogWealth> {
        finite("multiple", multiple)?;
        let fraction = multiple * self.fraction();
        let (drift, volatility) = (self.growth_at(fraction)?, (fraction * self.volatility).abs());
        let usable = volatility * volatility > 0.0 && volatility.is_finite() && drift.is_finite();
        if usable && (2.0 * drift / (volatility * volatility)).is_finite() {
            return Ok(LogWealth { drift, volatility });
        }
        let reason = format!("at a fraction of {fraction} wealth has no risk that a number can hold");
        Err(Error::Undefined { what: "probability of a drawdown", reason })
    }
}

#[derive(Serialize, Deserialize)]
struct Raw {
    mean: f64,
    volatility: f64,
    risk_free: f64,
}

impl TryFrom<Raw> for ContinuousKelly {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self> {
        Self::new(raw.mean, raw.volatility, raw.risk_free)
    }
}

impl From<ContinuousKelly> for Raw {
    fn from(kelly: ContinuousKelly) -> Self {
        Self { mean: kelly.mean, volatility: kelly.volatility, risk_free: kelly.risk_free }
    }
}

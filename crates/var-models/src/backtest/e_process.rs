//! E-backtests: evidence against the forecasts that may be looked at every day.

use alluse_risk_core::{Confidence, Error as CoreError};
use serde::{Deserialize, Serialize};

use super::LevelRecord;
use super::check::{positive, probability};
use crate::{Error, Result};

/// What the e-process doubts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForecastTarget {
    /// `e = 1{L > VaR}/p`
    ValueAtRisk,
    /// `e = (L − VaR)⁺/(p (ES − VaR))`, which rejects only understated shortfall whatever the value at risk.
    ExpectedShortfall,
}

/// How much of the wealth is staked on a day; always decided before the day.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Betting {
    /// The same share every day, at most the cap.
    Constant {
        /// The share, in `[0, 1)`.
        fraction: f64,
    },
    /// Growth-rate optimal for the e-values seen so far (GREE).
    EmpiricalEValues,
    /// Growth-rate optimal for the losses seen so far under today's forecast (GREL).
    EmpiricalLosses,
    /// Half the wealth with each of the two (GREM).
    #[default]
    Mixture,
}

/// A running e-process: wealth of a bet against the forecasts, which starts at 1 and cannot grow on average if they
/// do not understate risk.
///
/// ```text
/// Mₜ = Π (1 − λₛ + λₛ eₛ)      P(sup Mₜ ≥ 1/a) ≤ a for right forecasts, at every stop
/// λ maximises Σ ln(1 − λ + λ e) over the past, in [0, cap]
/// ```
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `betting` | mixture | how λ is chosen |
/// | `cap` | 0.5 | largest stake, below 1 |
/// | `significance` | 0.05 | rejects when the wealth reaches 1/0.05 = 20 |
///
/// The state is plain data: stored and read back it goes on where it stopped.
///
/// # Source
/// Wang, Wang and Ziegel (2022), *E-backtesting*.
///
/// # Examples
/// ```
/// use alluse_risk_core::Confidence;
/// use alluse_var_models::backtest::{EProcess, ForecastTarget};
///
/// let mut process = EProcess::new(ForecastTarget::ValueAtRisk, Confidence::P99);
/// for day in 0..200 {
///     let loss = if day % 20 == 19 { 0.05 } else { 0.0 }; // five times as many breaches as promised
///     process.observe(-loss, 0.02, None)?;
/// }
/// assert!(process.first_rejection().is_some());
/// # Ok::<(), alluse_var_models::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawProcess")]
pub struct EProcess {
    target: ForecastTarget,
    confidence: Confidence,
    betting: Betting,
    cap: f64,
    significance: f64,
    observations: usize,
    /// E-values above zero.
    e_values: Vec<f64>,
    /// Losses, largest first.
    losses: Vec<f64>,
    /// Logarithms of the wealth of the two rules; a constant bet uses the first.
    log_wealth: [f64; 2],
    highest: f64,
    first_rejection: Option<usize>,
}

/// What one day did.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EStep {
    /// The day's e-value.
    pub e_value: f64,
    /// Share of the wealth that was staked on it.
    pub stake: f64,
    /// Logarithm of the wealth after it.
    pub log_wealth: f64,
    /// Whether the process has rejected by now.
    pub rejected: bool,
}

/// A whole record judged in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct EBacktest {
    /// Logarithm of the wealth after each day.
    pub log_wealth: Vec<f64>,
    /// Day of the first rejection, counted from 1.
    pub first_rejection: Option<usize>,
    /// `1/sup M`, a p-value that is valid at every stop.
    pub anytime_p_value: f64,
    /// The state after the last day, to go on from.
    pub state: EProcess,
}

impl EProcess {
    /// At the start, with the default settings.
    #[must_use]
    pub fn new(target: ForecastTarget, confidence: Confidence) -> Self {
        Self {
            target,
            confidence,
            betting: Betting::default(),
            cap: 0.5,
            significance: 0.05,
            observations: 0,
            e_values: Vec::new(),
            losses: Vec::new(),
            log_wealth: [0.0; 2],
            highest: 0.0,
            first_rejection: None,
        }
    }

    /// With another rule of betting; only before the first day.
    ///
    /// # Errors
    /// [`Error::Input`] for a constant share outside `[0, 1)` and after the first day.
    pub fn with_betting(mut self, betting: Betting) -> Result<Self> {
        if let Betting::Constant { fraction } = betting
            && !(0.0..1.0).contains(&fraction)
        {
            return Err(Error::out_of_domain("fraction", "in [0, 1)", fraction));
        }
        self.fresh()?;
        self.betting = betting;
        Ok(self)
    }

    /// With another largest stake; only before the first day.
    ///
    /// # Errors
    /// [`Error::Input`] unless it lies in `(0, 1)`, and after the first day.
    pub fn with_cap(mut self, cap: f64) -> Result<Self> {
        probability("cap", cap)?;
        self.fresh()?;
        self.cap = cap;
        Ok(self)
    }

    /// With another significance; only before the first day.
    ///
    /// # Errors
    /// [`Error::Input`] unless it lies in `(0, 1)`, and after the first day.
    pub fn with_significance(mut self, significance: f64) -> Result<Self> {
        probability("significance", significance)?;
        self.fresh()?;
        self.significance = significance;
        Ok(self)
    }

    fn fresh(&self) -> Result<()> {
        if self.observations == 0 {
            return Ok(());
        }
        Err(Error::out_of_domain("observations", "none before the settings change", self.observations as f64))
    }

    /// Judges one more day: the return (or P&L), value at risk and, where the target is shortfall, expected shortfall that
    /// had been forecast for it.
    ///
    /// # Errors
    /// [`Error::Input`] for numbers that are not finite, and for an expected shortfall that is missing or not above value
    /// at risk. The state is then as before.
    pub fn observe(&mut self, outcome: f64, value_at_risk: f64, expected_shortfall: Option<f64>) -> Result<EStep> {
        for (name, value) in [("return", outcome), ("value at risk", value_at_risk)] {
            if !value.is_finite() {
                return Err(Error::out_of_domain(name, "finite", value));
            }
        }
        let room = match self.target {
            ForecastTarget::ValueAtRisk => None,
            ForecastTarget::ExpectedShortfall => {
                let shortfall = expected_shortfall.ok_or(CoreError::Empty { name: "expected shortfall" })?;
                positive("expected shortfall less value at risk", shortfall - value_at_risk)?;
                Some(shortfall - value_at_risk)
            }
        };
        let tail = self.confidence.tail();
        let e_of = |loss: f64| match room {
            None => f64::from(loss > value_at_risk) / tail,
            Some(room) => (loss - value_at_risk).max(0.0) / (tail * room),
        };
        let stakes = self.stakes(&e_of, value_at_risk);
        let e_value = e_of(-outcome);
        positive("e-value", e_value + 1.0)?;
        for (wealth, stake) in self.log_wealth.iter_mut().zip(stakes) {
            *wealth += (stake * (e_value - 1.0)).ln_1p();
        }
        self.record(-outcome, e_value);
        let log_wealth = self.log_wealth();
        self.highest = self.highest.max(log_wealth);
        // A wealth that reaches the bar up to rounding has reached it.
        if self.first_rejection.is_none() && log_wealth >= -self.significance.ln() - 1e-12 {
            self.first_rejection = Some(self.observations);
        }
        let stake = if self.betting == Betting::Mixture { 0.5 * (stakes[0] + stakes[1]) } else { stakes[0] };
        Ok(EStep { e_value, stake, log_wealth, rejected: self.first_rejection.is_some() })
    }

    fn record(&mut self, loss: f64, e_value: f64) {
        self.observations += 1;
        if e_value > 0.0 {
            self.e_values.push(e_value);
        }
        let place = self.losses.partition_point(|known| *known >= loss);
        self.losses.insert(place, loss);
    }

    /// Stakes of the two purses; they are equal but in the mixture.
    fn stakes(&self, e_of: &dyn Fn(f64) -> f64, value_at_risk: f64) -> [f64; 2] {
        let by_e_values = || best_stake(&self.e_values, self.observations, self.cap);
        let by_losses = || {
            let beyond = self.losses.iter().take_while(|loss| **loss > value_at_risk);
            best_stake(&beyond.map(|loss| e_of(*loss)).collect::<Vec<_>>(), self.observations, self.cap)
        };
        match self.betting {
            Betting::Constant { fraction } => [fraction.min(self.cap); 2],
            Betting::EmpiricalEValues => [by_e_values(); 2],
            Betting::EmpiricalLosses => [by_losses(); 2],
            Betting::Mixture => [by_e_values(), by_losses()],
        }
    }

    /// Logarithm of the wealth; 0 at the start.
    #[must_use]
    pub fn log_wealth(&self) -> f64 {
        let [a, b] = self.log_wealth;
        let (low, high) = (a.min(b), a.max(b));
        // ln of the mean of the two purses.
        high + ((low - high).exp_m1() * 0.5).ln_1p()
    }

    /// Days judged.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.observations
    }

    /// Day of the first rejection, counted from 1.
    #[must_use]
    pub fn first_rejection(&self) -> Option<usize> {
        self.first_rejection
    }

    /// `1/sup M`: valid whenever one stops.
    #[must_use]
    pub fn anytime_p_value(&self) -> f64 {
        (-self.highest).exp().min(1.0)
    }

    /// Judges a whole record from here on.
    ///
    /// # Errors
    /// As [`observe`](Self::observe).
    pub fn judge(mut self, record: &LevelRecord) -> Result<EBacktest> {
        let shortfall = match self.target {
            ForecastTarget::ValueAtRisk => None,
            ForecastTarget::ExpectedShortfall => Some(record.expected_shortfall()?),
        };
        let mut log_wealth = Vec::with_capacity(record.observations());
        for (t, (r, var)) in record.returns().iter().zip(record.value_at_risk()).enumerate() {
            log_wealth.push(self.observe(*r, *var, shortfall.map(|es| es[t]))?.log_wealth);
        }
        Ok(EBacktest {
            log_wealth,
            first_rejection: self.first_rejection,
            anytime_p_value: self.anytime_p_value(),
            state: self,
        })
    }
}

/// The stake that would have made the wealth grow fastest over `observations` e-values, of which those listed are
/// above zero: the slope of `Σ ln(1 − λ + λe)` falls in λ.
fn best_stake(above: &[f64], observations: usize, cap: f64) -> f64 {
    let zeros = (observations - above.len().min(observations)) as f64;
    let slope = |stake: f64| {
        let gains: f64 = above.iter().map(|e| (e - 1.0) / (1.0 + stake * (e - 1.0))).sum();
        gains - zeros / (1.0 - stake)
    };
    if !(slope(0.0) > 0.0) {
        return 0.0;
    }
    if slope(cap) >= 0.0 {
        return cap;
    }
    let (mut low, mut high) = (0.0, cap);
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if slope(middle) > 0.0 { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[derive(Deserialize)]
struct RawProcess {
    target: ForecastTarget,
    confidence: Confidence,
    betting: Betting,
    cap: f64,
    significance: f64,
    observations: usize,
    e_values: Vec<f64>,
    losses: Vec<f64>,
    log_wealth: [f64; 2],
    highest: f64,
    first_rejection: Option<usize>,
}

impl TryFrom<RawProcess> for EProcess {
    type Error = Error;

    fn try_from(raw: RawProcess) -> Result<Self> {
        let process = Self::new(raw.target, raw.confidence)
            .with_betting(raw.betting)?
            .with_cap(raw.cap)?
            .with_significance(raw.significance)?;
        super::check::length("losses", raw.observations, raw.losses.len())?;
        if raw.e_values.len() > raw.observations {
            return Err(Error::out_of_domain("e-values", "at most one a day", raw.e_values.len() as f64));
        }
        let (name, expected) = ("losses", "finite and not above the one before");
        let falls = |i: usize| raw.losses[i].is_finite() && (i == 0 || raw.losses[i - 1] >= raw.losses[i]);
        if let Some(index) = (0..raw.losses.len()).find(|i| !falls(*i)) {
            return Err(CoreError::ElementOutOfDomain { name, index, expected, value: raw.losses[index] }.into());
        }
        raw.e_values.iter().try_for_each(|e| positive("e-value", *e))?;
        let top = raw.log_wealth[0].max(raw.log_wealth[1]);
        if !(raw.log_wealth.iter().all(|w| w.is_finite()) && raw.highest >= 0.0 && raw.highest.is_finite()) {
            return Err(Error::out_of_domain("log wealth", "finite", top));
        }
        if let Some(day) = raw.first_rejection
            && !(1..=raw.observations).contains(&day)
        {
            return Err(Error::out_of_domain("first rejection", "a day of the process", day as f64));
        }
        Ok(Self {
            observations: raw.observations,
            e_values: raw.e_values,
            losses: raw.losses,
            log_wealth: raw.log_wealth,
            highest: raw.highest,
            first_rejection: raw.first_rejection,
            ..process
        })
    }
}

#[cfg(test)]
mod tests;

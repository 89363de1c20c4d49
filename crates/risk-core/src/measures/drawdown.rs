use ndarray::{Array1, ArrayView1};
use serde::{Deserialize, Serialize};

use super::episodes::{Episode, EpisodeField, Unfinished, episodes};
use super::sample::LossSample;
use super::tail::TailMean;
use crate::sum::{compensated, mean};
use crate::{Confidence, Error, Result, check, measures::QuantileRule};

/// How returns become a value path, and how its falls are measured.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DrawdownKind {
    /// `d = 1 − W/max W`, `W` the product of `1 + r`.
    #[default]
    Compounded,
    /// `d = max S − S`, `S` one plus the sum of `r`: the fall in units of the starting value.
    Uncompounded,
    /// `d = 1 − S/max S`.
    UncompoundedRelative,
}

/// Whether drawdowns are looked at in every period or once per episode.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DrawdownSample {
    /// One drawdown per period.
    #[default]
    Periods,
    /// One depth per [`Episode`]; tail measures add one 0 for every run of periods at a peak.
    Episodes,
}

/// A value path seen from its running peak: one drawdown `d ≥ 0` per period, 0 at a peak.
///
/// The starting value counts as a peak but not as a period, so `n` returns give `n` drawdowns.
///
/// # Examples
/// ```
/// use alluse_risk_core::measures::{DrawdownKind, DrawdownPath};
/// use ndarray::array;
///
/// let returns = array![0.10, -0.20, 0.05, 0.30];
/// let path = DrawdownPath::from_returns(returns.view(), DrawdownKind::Compounded)?;
/// assert!((path.max() - 0.20).abs() < 1e-15);
/// assert!((path.average() - (0.20 + 0.16) / 4.0).abs() < 1e-15);
/// # Ok::<(), alluse_risk_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct DrawdownPath {
    drawdowns: Array1<f64>,
}

impl DrawdownPath {
    /// The path that starts at 1 and earns the returns in turn.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::ElementOutOfDomain`] for a return that is not finite or, compounded, loses
    /// 100 % or more; [`Error::Overflow`] when the value does.
    pub fn from_returns(returns: ArrayView1<'_, f64>, kind: DrawdownKind) -> Result<Self> {
        check::finite("returns", returns)?;
        let compounded = kind == DrawdownKind::Compounded;
        if compounded && let Some(index) = returns.iter().position(|&r| r <= -1.0) {
            let (expected, value) = ("above -1", returns[index]);
            return Err(Error::ElementOutOfDomain { name: "returns", index, expected, value });
        }
        let mut value = 1.0;
        let values = returns.iter().map(|&r| {
            value = if compounded { value * (1.0 + r) } else { value + r };
            value
        });
        Self::measured(1.0, values, kind != DrawdownKind::Uncompounded)
    }

    /// Relative drawdowns `1 − V/max V` of a value path; the first value is the start.
    ///
    /// # Errors
    /// [`Error::Empty`], [`Error::InsufficientData`] for a start without periods,
    /// [`Error::ElementOutOfDomain`] for a value that is not positive and finite: a relative drawdown says
    /// nothing about a path that lost everything.
    pub fn from_values(values: ArrayView1<'_, f64>) -> Result<Self> {
        check::finite("values", values)?;
        if let Some(index) = values.iter().position(|&v| v <= 0.0) {
            let value = values[index];
            return Err(Error::ElementOutOfDomain { name: "values", index, expected: "positive", value });
        }
        check::enough("drawdown path", 2, values.len())?;
        Self::measured(values[0], values.iter().copied().skip(1), true)
    }

    /// Absolute drawdowns `max V − V` of a value or P&L path of any sign; the first value is the start.
    ///
    /// # Errors
    /// As [`from_values`](Self::from_values), but values may have any sign; [`Error::Overflow`].
    pub fn absolute_from_values(values: ArrayView1<'_, f64>) -> Result<Self> {
        check::finite("values", values)?;
        check::enough("drawdown path", 2, values.len())?;
        Self::measured(values[0], values.iter().copied().skip(1), false)
    }

    fn measured(start: f64, values: impl Iterator<Item = f64>, relative: bool) -> Result<Self> {
        let mut peak = start;
        let drawdowns: Array1<f64> = values
            .map(|value| {
                peak = peak.max(value);
                if relative { 1.0 - value / peak } else { peak - value }
            })
            .collect();
        // A value that overflowed to infinity is its own peak, and ∞/∞ is not a number.
        if drawdowns.iter().all(|d| d.is_finite()) {
            Ok(Self { drawdowns })
        } else {
            Err(Error::Overflow { name: "drawdown path" })
        }
    }

    /// One drawdown per period.
    #[must_use]
    pub fn drawdowns(&self) -> ArrayView1<'_, f64> {
        self.drawdowns.view()
    }

    /// The deepest drawdown; 0 when the path never falls.
    #[must_use]
    pub fn max(&self) -> f64 {
        self.drawdowns.iter().copied().fold(0.0, f64::max)
    }

    /// Mean drawdown over all periods: the pain index.
    #[must_use]
    pub fn average(&self) -> f64 {
        mean(self.drawdowns.iter())
    }

    /// Mean depth of the episodes.
    ///
    /// # Errors
    /// [`Error::Undefined`] when the path never falls.
    pub fn average_depth(&self) -> Result<f64> {
        let depths: Vec<f64> = self.episodes().iter().map(|e| e.depth).collect();
        if depths.is_empty() { Err(NO_EPISODE) } else { Ok(mean(depths.iter())) }
    }

    /// Ulcer index `√(Σ d² / (n − ddof))`.
    ///
    /// # Errors
    /// [`Error::Undefined`] unless there are more periods than `ddof`.
    pub fn ulcer_index(&self, ddof: usize) -> Result<f64> {
        let n = self.drawdowns.len();
        if n <= ddof {
            return Err(Error::Undefined { name: "ulcer index", reason: "it needs more periods than ddof" });
        }
        Ok((compensated(self.drawdowns.iter().map(|d| d * d)) / (n - ddof) as f64).sqrt())
    }

    /// Drawdown deviation `√(Σ depth² / n)` over the episodes, `n` the number of periods.
    #[must_use]
    pub fn deviation(&self) -> f64 {
        (compensated(self.episodes().iter().map(|e| e.depth * e.depth)) / self.drawdowns.len() as f64).sqrt()
    }

    /// Drawdown at risk: the quantile of the drawdowns of all periods.
    ///
    /// # Errors
    /// None on a checked path.
    pub fn at_risk(&self, confidence: Confidence, rule: QuantileRule) -> Result<f64> {
        let sample = self.sample(DrawdownSample::Periods)?.with_quantile_rule(rule);
        Ok(sample.tail_risk(&[confidence])?[0].value_at_risk)
    }

    /// Conditional drawdown at risk with the exact fractional atom, over all periods.
    ///
    /// # Errors
    /// None on a checked path.
    ///
    /// # Source
    /// Chekhlov, Uryasev and Zabarankin (2005), "Drawdown measure in portfolio optimization".
    pub fn conditional(&self, confidence: Confidence) -> Result<f64> {
        self.conditional_with(confidence, DrawdownSample::Periods, TailMean::FractionalAtom, QuantileRule::Linear)
    }

    /// Conditional drawdown at risk in the conventions of other libraries.
    ///
    /// # Errors
    /// [`Error::Undefined`] when `tail_mean` finds no drawdown beyond the quantile.
    pub fn conditional_with(
        &self,
        confidence: Confidence,
        over: DrawdownSample,
        tail_mean: TailMean,
        rule: QuantileRule,
    ) -> Result<f64> {
        let sample = self.sample(over)?.with_quantile_rule(rule);
        Ok(sample.tail_mean(confidence, tail_mean)?.value)
    }

    /// Entropic value at risk of the drawdowns of all periods.
    ///
    /// # Errors
    /// Those of [`LossSample::entropic_value_at_risk`].
    pub fn entropic(&self, confidence: Confidence) -> Result<f64> {
        Ok(self.sample(DrawdownSample::Periods)?.entropic_value_at_risk(confidence)?.value)
    }

    /// The drawdowns as a sample for any other measure. Drawdowns of neighbouring periods depend on each
    /// other: the error statements of the sample do not hold for them.
    ///
    /// # Errors
    /// None on a checked path.
    pub fn sample(&self, over: DrawdownSample) -> Result<LossSample> {
        match over {
            DrawdownSample::Periods => LossSample::new(self.drawdowns.clone()),
            DrawdownSample::Episodes => {
                let mut depths: Vec<f64> = self.episodes().iter().map(|e| e.depth).collect();
                let at_peak = |t: usize| self.drawdowns[t] <= 0.0;
                let runs = (0..self.drawdowns.len()).filter(|&t| at_peak(t) && (t == 0 || !at_peak(t - 1))).count();
                depths.extend(std::iter::repeat_n(0.0, runs));
                LossSample::new(depths)
            }
        }
    }

    /// The falls below a peak, in the order of time.
    #[must_use]
    pub fn episodes(&self) -> Vec<Episode> {
        episodes(self.drawdowns.view())
    }

    /// The `top` deepest episodes, deepest first; equal depths in the order of time.
    #[must_use]
    pub fn deepest(&self, top: usize) -> Vec<Episode> {
        let mut found = self.episodes();
        found.sort_by(|a, b| b.depth.total_cmp(&a.depth));
        found.truncate(top);
        found
    }

    /// Mean of a field over the episodes, in periods.
    ///
    /// # Errors
    /// [`Error::Undefined`] when no episode counts.
    pub fn episode_mean(&self, field: EpisodeField, unfinished: Unfinished) -> Result<f64> {
        let counts = |e: &&Episode| unfinished == Unfinished::EndsWithData || e.is_recovered();
        let found = self.episodes();
        let values: Vec<f64> = found.iter().filter(counts).map(|e| field.of(e) as f64).collect();
        if values.is_empty() { Err(NO_EPISODE) } else { Ok(mean(values.iter())) }
    }
}

const NO_EPISODE: Error = Error::Undefined { name: "mean over drawdown episodes", reason: "no episode counts" };

use alluse_risk_core::Confidence;
use alluse_risk_core::measures::{DrawdownKind, DrawdownPath, DrawdownSample, Episode, QuantileRule, TailMean};

use super::Relative;
use crate::{Error, Result, check};

impl Relative<'_> {
    /// Drawdown beta: what the returns lost, on average, while the benchmark fell in its worst drawdowns, per unit of
    /// what it lost itself.
    ///
    /// The worst drawdowns are the episodes whose depth is at or beyond the quantile at `confidence` of the depths,
    /// runs of periods at a peak counting as one depth of 0 each, interpolated linearly. The loss of an episode is that
    /// from its first period to its trough, and is negative when the returns gained.
    ///
    /// # Errors
    /// [`Error::Undefined`] when the benchmark never falls, or when the quantile is a depth of 0;
    /// [`Error::Input`] when the benchmark loses everything.
    ///
    /// # Source
    /// Zabarankin, Pavlikov and Uryasev (2014), "Capital asset pricing model (CAPM) with drawdown measure", on
    /// episodes as in R's PerformanceAnalytics.
    pub fn drawdown_beta(&self, confidence: Confidence) -> Result<f64> {
        const NAME: &str = "drawdown beta";
        let path = DrawdownPath::from_returns(self.benchmark(), DrawdownKind::Compounded)?;
        let episodes = path.episodes();
        if episodes.is_empty() {
            return Err(Error::undefined(NAME, "the benchmark never falls below a peak"));
        }
        let sample = path.sample(DrawdownSample::Episodes)?.with_quantile_rule(QuantileRule::Linear);
        let quantile = sample.tail_risk(&[confidence])?[0].value_at_risk;
        if quantile <= 0.0 {
            let reason = format!("the quantile of the drawdowns at {} is 0", confidence.level());
            return Err(Error::undefined(NAME, reason));
        }
        let depth = sample.tail_mean(confidence, TailMean::AtOrBeyond)?.value;
        let worst = episodes.iter().filter(|episode| episode.depth >= quantile);
        let (mut losses, mut count) = (0.0, 0_usize);
        for &Episode { start, trough, .. } in worst {
            losses += 1.0 - self.r()[start..=trough].iter().map(|r| 1.0 + r).product::<f64>();
            count += 1;
        }
        if count == 0 {
            return Err(Error::undefined(NAME, "no drawdown reaches the quantile"));
        }
        check::result(NAME, losses / count as f64 / depth)
    }

    /// Drawdown alpha: `(1 + r̄)^P − 1 − β_D ((1 + b̄)^P − 1)`, `β_D` the drawdown beta.
    ///
    /// # Errors
    /// As [`drawdown_beta`](Self::drawdown_beta).
    pub fn drawdown_alpha(&self, confidence: Confidence) -> Result<f64> {
        self.drawdown_alpha_given(self.drawdown_beta(confidence)?)
    }

    pub(super) fn drawdown_alpha_given(&self, beta: f64) -> Result<f64> {
        let raw = self.raw();
        let periods = self.periods_per_year()?;
        let annual = |mean: f64| (periods * mean.ln_1p()).exp_m1();
        check::result("drawdown alpha", annual(raw.mean_y) - beta * annual(raw.mean_x))
    }
}

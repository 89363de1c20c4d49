use alluse_risk_core::Confidence;
use alluse_risk_core::measures::{QuantileRule, quantile};
use ndarray::Array1;

use super::Relative;
use super::beta::ratio;
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
        if self.totals().lowest[1] <= -1.0
            && let Some(index) = self.b().iter().position(|&b| b <= -1.0)
        {
            let (name, expected, value) = ("benchmark", "above -1", self.b()[index]);
            return Err(alluse_risk_core::Error::ElementOutOfDomain { name, index, expected, value }.into());
        }
        check::result("growth of the benchmark", self.totals().growth[1])?;
        let (falls, runs_at_peak) = falls(self.r(), self.b());
        if falls.is_empty() {
            return Err(Error::undefined(NAME, "the benchmark never falls below a peak"));
        }
        let depths: Array1<f64> =
            falls.iter().map(|fall| fall.depth).chain(std::iter::repeat_n(0.0, runs_at_peak)).collect();
        let quantile = quantile(depths.view(), confidence.level(), QuantileRule::Linear)?;
        if quantile <= 0.0 {
            let reason = format!("the quantile of the drawdowns at {} is 0", confidence.level());
            return Err(Error::undefined(NAME, reason));
        }
        let (mut loss, mut depth) = (0.0, 0.0);
        for fall in falls.iter().filter(|fall| fall.depth >= quantile) {
            loss += fall.loss;
            depth += fall.depth;
        }
        ratio(NAME, loss, depth, "the depth of the worst drawdowns")
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

/// One fall of the benchmark below its peak.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fall {
    /// Its depth.
    depth: f64,
    /// What the returns lost from its first period to its trough.
    loss: f64,
}

/// The falls of the benchmark and the number of runs of periods at a peak, in one pass over the pairs: what
/// `DrawdownPath` finds, without a path. The benchmark never loses everything.
fn falls(returns: &[f64], benchmark: &[f64]) -> (Vec<Fall>, usize) {
    let mut found = Vec::new();
    let (mut runs, mut at_peak) = (0, false);
    let (mut value, mut peak) = (1.0, 1.0);
    let mut pairs = returns.iter().zip(benchmark);
    while let Some((r, b)) = pairs.next() {
        value *= 1.0 + b;
        if value < peak {
            at_peak = false;
            let (fall, recovered) = fall(peak, value, 1.0 + r, &mut pairs);
            found.push(fall);
            match recovered {
                Some(recovered) => value = recovered,
                None => break,
            }
        }
        peak = value;
        runs += usize::from(!at_peak);
        at_peak = true;
    }
    (found, runs)
}

/// The fall below `peak` that has begun with `value` and the growth of the returns until now, and the value that
/// recovers, if one does. Nothing is called on the way, so that all of it stays in registers.
fn fall<'a>(
    peak: f64,
    mut value: f64,
    mut growth: f64,
    pairs: &mut impl Iterator<Item = (&'a f64, &'a f64)>,
) -> (Fall, Option<f64>) {
    let (mut lowest, mut growth_at_lowest) = (value, growth);
    let mut recovered = None;
    for (r, b) in pairs {
        value *= 1.0 + b;
        if value >= peak {
            recovered = Some(value);
            break;
        }
        growth *= 1.0 + r;
        if value < lowest {
            (lowest, growth_at_lowest) = (value, growth);
        }
    }
    (Fall { depth: 1.0 - lowest / peak, loss: 1.0 - growth_at_lowest }, recovered)
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::measures::{DrawdownKind, DrawdownPath, DrawdownSample};
    use ndarray::aview1;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn falls_are_the_episodes_of_the_path(
            pairs in prop::collection::vec((-0.9_f64..0.5, prop_oneof![Just(0.0), -0.3_f64..0.3]), 1..80),
        ) {
            let (r, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            let path = DrawdownPath::from_returns(aview1(&b), DrawdownKind::Compounded).unwrap();
            let (found, runs) = falls(&r, &b);
            let episodes = path.episodes();
            prop_assert_eq!(found.len(), episodes.len());
            for (fall, episode) in found.iter().zip(&episodes) {
                prop_assert_eq!(fall.depth, episode.depth);
                let growth: f64 = r[episode.start..=episode.trough].iter().map(|r| 1.0 + r).product();
                prop_assert!((fall.loss - (1.0 - growth)).abs() <= 1e-12 * growth.max(1.0));
            }
            let sample = path.sample(DrawdownSample::Episodes).unwrap();
            prop_assert_eq!(sample.len(), found.len() + runs);
        }
    }
}

//! Likelihood-ratio intervals of a fitted tail.

use alluse_risk_core::{Confidence, Error as CoreError, Interval, IntervalMethod};
use ndarray::ArrayView1;

use super::GeneralizedPareto;
use super::pareto::allowed_fall;
use super::pareto_tail::ParetoTailFit;
use super::series::exp_ratio;
use super::solve::{largest, root};
use crate::{Error, Result};

/// Shapes that are searched, open at both ends; below −1 the likelihood has no bound.
const SHAPES: (f64, f64) = (-0.999, 10.0);

/// Profile-likelihood intervals: every value that a likelihood-ratio test at `level` does not reject.
///
/// ```text
/// { v : 2 (l(ξ̂, β̂) − max l(ξ, β) subject to v) ≤ χ²₁(level) }
/// ```
///
/// They are not symmetric about the estimate: far in the tail the data say less about how large a loss can be
/// than about how small. The share of exceedances is taken as known. Source: Coles (2001), *An Introduction to
/// Statistical Modeling of Extreme Values*, §4.3.3; McNeil, Frey and Embrechts, §5.2.3.
impl ParetoTailFit {
    /// Interval of the shape `ξ`.
    ///
    /// # Errors
    /// [`Error::Input`] with [`Undefined`](CoreError::Undefined) when the likelihood does not fall far enough
    /// between −1 and 10.
    pub fn xi_interval(&self, level: Confidence) -> Result<Interval> {
        let step = self.fit.xi_standard_error().unwrap_or(0.1);
        self.interval(level, self.fit.law.xi(), step, SHAPES, |xi| self.highest_at_shape(xi))
    }

    /// Interval of the value at risk at `confidence`.
    ///
    /// # Errors
    /// [`Error::Input`] unless the level lies beyond the threshold, and when an end is not found.
    pub fn value_at_risk_interval(&self, confidence: Confidence, level: Confidence) -> Result<Interval> {
        let (depth, centre) = self.beyond(confidence, self.tail.value_at_risk(confidence)?)?;
        let error = self.tail.value_at_risk_standard_error(confidence)?;
        self.loss_interval(level, centre, error, SHAPES.1, |xi| depth * exp_ratio(xi * depth))
    }

    /// Interval of the expected shortfall at `confidence`.
    ///
    /// # Errors
    /// As [`value_at_risk_interval`](Self::value_at_risk_interval), [`Error::InfiniteTailMean`] for `ξ ≥ 1`,
    /// and [`Undefined`](CoreError::Undefined) when the upper end is infinite because the data do not reject a
    /// tail without a mean.
    pub fn expected_shortfall_interval(&self, confidence: Confidence, level: Confidence) -> Result<Interval> {
        let (depth, centre) = self.beyond(confidence, self.tail.expected_shortfall(confidence)?)?;
        // Ever larger shortfalls bring ξ ever closer to 1, so that the profile levels off at the likelihood there.
        if self.highest_at_shape(1.0) >= self.floor(level)? {
            let reason = "its upper end is infinite: a shape of 1 is not rejected";
            return Err(CoreError::Undefined { name: "interval of the expected shortfall", reason }.into());
        }
        let error = self.tail.expected_shortfall_standard_error(confidence)?;
        self.loss_interval(level, centre, error, 1.0 - 1e-9, |xi| (depth * exp_ratio(xi * depth) + 1.0) / (1.0 - xi))
    }

    /// How deep the level lies, and the loss there less the threshold.
    fn beyond(&self, confidence: Confidence, loss: f64) -> Result<(f64, f64)> {
        let depth = self.tail.depth(confidence)?;
        let excess = loss - self.tail.threshold();
        if depth > 0.0 && excess > 0.0 {
            return Ok((depth, excess));
        }
        Err(Error::out_of_domain("confidence", "beyond the threshold", confidence.level()))
    }

    /// Interval of a loss `u + β m(ξ)`, searched on the logarithm of its excess.
    fn loss_interval(
        &self,
        level: Confidence,
        excess: f64,
        error: Option<f64>,
        heaviest: f64,
        multiple: impl Fn(f64) -> f64,
    ) -> Result<Interval> {
        let step = error.map_or(0.1, |error| (error / excess).min(1.0));
        let highest = |log_excess: f64| {
            let excess = log_excess.exp();
            largest(SHAPES.0, heaviest, 64, |xi| self.log_likelihood(xi, excess / multiple(xi)))
        };
        let on_log = self.interval(level, excess.ln(), step, (-700.0, 700.0), highest)?;
        let threshold = self.tail.threshold();
        Ok(Interval { lower: threshold + on_log.lower.exp(), upper: threshold + on_log.upper.exp(), ..on_log })
    }

    /// Where `highest`, the best log-likelihood at a value, has fallen by what the level allows.
    fn interval(
        &self,
        level: Confidence,
        estimate: f64,
        step: f64,
        (low, high): (f64, f64),
        highest: impl Fn(f64) -> f64,
    ) -> Result<Interval> {
        let floor = self.floor(level)?;
        let end = |limit: f64, step: f64| {
            let (mut inside, mut stride) = (estimate, step);
            while (limit - inside).abs() > 0.0 {
                let outside = if step > 0.0 { (inside + stride).min(limit) } else { (inside + stride).max(limit) };
                if highest(outside) < floor {
                    return root(inside, outside, 1e-9, |value| (highest(value) - floor).max(-1e9));
                }
                (inside, stride) = (outside, 2.0 * stride);
            }
            None
        };
        let missing = CoreError::Undefined {
            name: "profile-likelihood interval",
            reason: "the likelihood does not fall far enough on one side of the estimate",
        };
        let (Some(lower), Some(upper)) = (end(low, -step), end(high, step)) else { return Err(missing.into()) };
        Ok(Interval { lower, upper, level, method: IntervalMethod::ProfileLikelihood })
    }

    /// The lowest log-likelihood inside an interval.
    fn floor(&self, level: Confidence) -> Result<f64> {
        Ok(self.fit.log_likelihood - allowed_fall(level.level())?)
    }

    /// The log-likelihood; `−∞` where an excess is outside the support.
    fn log_likelihood(&self, xi: f64, beta: f64) -> f64 {
        let excesses = ArrayView1::from(self.excesses());
        GeneralizedPareto::new(xi, beta).and_then(|law| law.log_likelihood(excesses)).unwrap_or(f64::NEG_INFINITY)
    }

    /// The largest log-likelihood over `β` for a given `ξ > −1`, where `(1 + ξ) mean y/(β + ξ y) = 1`.
    fn highest_at_shape(&self, xi: f64) -> f64 {
        let y = self.excesses();
        let n = y.len() as f64;
        let (mut smallest, mut largest, mut mean) = (f64::INFINITY, 0.0_f64, 0.0);
        for &y in y {
            (smallest, largest, mean) = (smallest.min(y), largest.max(y), mean + y / n);
        }
        // Each term is at least 1 at a scale of the smallest excess when ξ ≥ 0; for ξ < 0 the term of the largest
        // alone reaches n close enough to the end of the support.
        let below = if xi >= 0.0 { smallest } else { largest * ((1.0 + xi) / n - xi) };
        let above = (1.0 + xi) * mean - xi.min(0.0) * largest;
        let score = |beta: f64| (1.0 + xi) / n * y.iter().map(|y| y / (beta + xi * y)).sum::<f64>() - 1.0;
        let (low, high) = ((below * (1.0 - 1e-12)).ln(), (above * (1.0 + 1e-12)).ln());
        let beta = root(low, high, 1e-15, |log_beta| score(log_beta.exp())).map(f64::exp);
        beta.map_or(f64::NEG_INFINITY, |beta| self.log_likelihood(xi, beta))
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::Array1;

    use super::*;
    use crate::PeaksOverThreshold;
    use crate::TailThreshold;

    /// Excesses that are quantiles of the law at the middles of `n` equal shares, `n` more losses at zero.
    fn regular(xi: f64, beta: f64, n: usize) -> ParetoTailFit {
        let law = GeneralizedPareto::new(xi, beta).unwrap();
        let losses: Array1<f64> =
            (0..2 * n).map(|i| if i < n { law.quantile((i as f64 + 0.5) / n as f64).unwrap() } else { 0.0 }).collect();
        let model = PeaksOverThreshold::default().with_threshold(TailThreshold::Loss(0.0)).with_min_exceedances(10);
        model.estimate(losses.view()).unwrap()
    }

    #[test]
    fn intervals_agree_with_scipy() {
        // scipy 1.17: the profile by minimize_scalar over the other parameter, ends by brentq on twice the
        // fall less chi2.ppf; both optimisers stop near 1e-9.
        let close = |got: Interval, want: [f64; 2]| {
            assert!((got.lower / want[0] - 1.0).abs() < 1e-6, "{got:?} {want:?}");
            assert!((got.upper / want[1] - 1.0).abs() < 1e-6, "{got:?} {want:?}");
            assert_eq!(got.method, IntervalMethod::ProfileLikelihood);
        };
        let fit = regular(0.3, 2.0, 100);
        close(fit.xi_interval(Confidence::P95).unwrap(), [0.07219179730518323, 0.5952118177880898]);
        close(
            fit.value_at_risk_interval(Confidence::P99, Confidence::P95).unwrap(),
            [10.135884256133435, 27.22150701462747],
        );
        close(
            fit.expected_shortfall_interval(Confidence::P99, Confidence::P95).unwrap(),
            [13.830585369249668, 69.82837009006923],
        );
        let fit = regular(-0.1, 1.0, 200);
        close(fit.xi_interval(Confidence::P95).unwrap(), [-0.22205442253704444, 0.042850047831260396]);
        close(
            fit.value_at_risk_interval(Confidence::P99, Confidence::P95).unwrap(),
            [2.8170563304367815, 3.9050588602576535],
        );
        close(
            fit.expected_shortfall_interval(Confidence::P99, Confidence::P95).unwrap(),
            [3.2642318849099445, 4.968976149169839],
        );
        let fit = regular(0.05, 0.01, 100);
        close(fit.xi_interval(Confidence::P95).unwrap(), [-0.14096646559396162, 0.2931778276491879]);
        close(
            fit.value_at_risk_interval(Confidence::P99, Confidence::P95).unwrap(),
            [0.033510300566941986, 0.0643628652607387],
        );
        close(
            fit.expected_shortfall_interval(Confidence::P99, Confidence::P95).unwrap(),
            [0.040579400111427515, 0.10145537528485833],
        );
    }

    #[test]
    fn the_scale_at_a_shape_is_the_best() {
        let fit = regular(0.3, 2.0, 100);
        for xi in [-0.2, -0.05, 0.0, 0.1, 0.7] {
            let best = fit.highest_at_shape(xi);
            let grid =
                (1..4_000).map(|i| fit.log_likelihood(xi, 0.005 * f64::from(i))).fold(f64::NEG_INFINITY, f64::max);
            assert!(best >= grid && best - grid < 1e-3, "{xi}: {best} {grid}");
        }
        let at_estimate = fit.highest_at_shape(fit.fit.law.xi());
        assert!((at_estimate - fit.fit.log_likelihood).abs() < 1e-9);
    }

    #[test]
    fn what_has_no_interval_says_so() {
        // Thirty excesses with a shape near 0.8 do not reject a shape of 1, at which the mean is infinite.
        let heavy = regular(0.8, 1.0, 30);
        assert!(heavy.value_at_risk_interval(Confidence::P99, Confidence::P95).is_ok());
        let error = heavy.expected_shortfall_interval(Confidence::P99, Confidence::P95).unwrap_err();
        assert!(matches!(error, Error::Input(CoreError::Undefined { .. })), "{error}");
        let infinite = regular(1.5, 1.0, 100).expected_shortfall_interval(Confidence::P99, Confidence::P95);
        assert!(matches!(infinite.unwrap_err(), Error::InfiniteTailMean { .. }));
        // Half of the losses exceed: the 50 % level is the threshold itself.
        let fit = regular(0.2, 1.0, 60);
        for level in [0.4, 0.5] {
            let error = fit.value_at_risk_interval(Confidence::new(level).unwrap(), Confidence::P95).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
        }
        // Near -1 the likelihood stays high.
        let light = regular(-0.4, 1.0, 12);
        assert_eq!(light.xi_interval(Confidence::P99).unwrap_err().kind(), ErrorKind::Undefined);
    }

    #[test]
    fn a_higher_level_is_a_wider_interval() {
        let fit = regular(0.2, 1.0, 80);
        let (narrow, wide) = (fit.xi_interval(Confidence::P90).unwrap(), fit.xi_interval(Confidence::P99).unwrap());
        assert!(wide.lower < narrow.lower && narrow.upper < wide.upper);
        let loss = |level| fit.value_at_risk_interval(Confidence::P99, level).unwrap();
        assert!(loss(Confidence::P99).upper > loss(Confidence::P90).upper);
        // The upper side is the longer one.
        let (value, ends) = (fit.tail.value_at_risk(Confidence::P99).unwrap(), loss(Confidence::P95));
        assert!(ends.upper - value > value - ends.lower && value > ends.lower);
    }
}

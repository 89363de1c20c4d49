//! A predictive loss distribution with a generalised Pareto tail.

use alluse_risk_core::measures::{LossSample, QuantileRule, Spectrum};
use alluse_risk_core::{
    Confidence, Error as CoreError, Estimate, Horizon, LossDistribution, Measure, Result as CoreResult,
};
use ndarray::Array1;

use super::pareto_tail::{ParetoTail, Sensitive};
use super::series::{exp_ratio, exp_ratio_slope};
use crate::normal::asymptotic_interval;
use crate::spectral::integrate;
use crate::{Error, Result};

/// The losses of a sample up to a threshold, and a generalised Pareto tail beyond it.
///
/// ```text
/// F(l) = #{Lᵢ ≤ l}/n  for l ≤ u        F(l) = 1 − N/n (1 + ξ (l − u)/β)^(−1/ξ)  for l > u
/// ```
///
/// Value at risk below the threshold is the smallest loss that a share `c` of the sample does not exceed, the
/// rule that belongs to this `F`. Beyond the threshold, `tail_observations` of an answer counts the exceedances
/// that the tail was fitted to.
#[derive(Debug, Clone, PartialEq)]
pub struct PeaksOverThresholdLoss {
    sample: LossSample,
    /// Losses up to the threshold, ascending.
    body: Vec<f64>,
    tail: ParetoTail,
}

impl PeaksOverThresholdLoss {
    /// From a sample of losses and its tail.
    ///
    /// # Errors
    /// [`Error::Input`] for losses that are missing or not finite, and unless the tail is that of the sample: as
    /// many losses, as many of them above its threshold.
    pub fn new(losses: impl Into<Array1<f64>>, tail: ParetoTail) -> Result<Self> {
        let losses = losses.into();
        let mut body: Vec<f64> = losses.iter().copied().filter(|loss| *loss <= tail.threshold()).collect();
        let sample = LossSample::new(losses)?.with_quantile_rule(QuantileRule::LowerLoss);
        for (name, expected, got) in [
            ("losses", tail.observations(), sample.len()),
            ("losses above the threshold", tail.exceedances(), sample.len() - body.len()),
        ] {
            if expected != got {
                return Err(CoreError::LengthMismatch { name, expected, got }.into());
            }
        }
        body.sort_unstable_by(f64::total_cmp);
        Ok(Self { sample, body, tail })
    }

    /// The tail.
    #[must_use]
    pub fn tail(&self) -> &ParetoTail {
        &self.tail
    }

    /// The whole sample.
    #[must_use]
    pub fn sample(&self) -> &LossSample {
        &self.sample
    }

    /// The distribution of `location + scale · L`.
    ///
    /// # Errors
    /// [`Error::Input`] unless the location is finite and the scale positive and finite, and for losses beyond
    /// the range of numbers.
    pub fn moved(&self, location: f64, scale: f64) -> Result<Self> {
        if !location.is_finite() {
            return Err(Error::out_of_domain("location", "finite", location));
        }
        if !(scale > 0.0 && scale.is_finite()) {
            return Err(Error::out_of_domain("scale", "positive and finite", scale));
        }
        let move_one = |loss: f64| location + scale * loss;
        let losses = self.sample.losses().mapv(move_one);
        let sample = LossSample::new(losses)?.with_quantile_rule(QuantileRule::LowerLoss);
        let body = self.body.iter().map(|loss| move_one(*loss)).collect();
        Ok(Self { sample, body, tail: self.tail.moved(location, scale)? })
    }

    /// An answer of the fitted tail alone.
    fn of_tail(&self, measure: Measure, of: Sensitive) -> CoreResult<Estimate> {
        self.answer(measure, of.value, self.tail.standard_error(of), self.tail.exceedances() as f64)
    }

    fn answer(&self, measure: Measure, value: f64, error: Option<f64>, tail: f64) -> CoreResult<Estimate> {
        if !value.is_finite() {
            return Err(CoreError::Overflow { name: "loss" });
        }
        let estimate = Estimate::new(value, measure, Horizon::DAY, self.sample.len()).with_tail_observations(tail);
        Ok(match error {
            Some(error) => estimate.with_standard_error(error).with_interval(asymptotic_interval(value, error)),
            None => estimate,
        })
    }

    /// A spectral measure: the body from its losses, the tail by quadrature or in closed form.
    fn weighted(&self, spectrum: &Spectrum, measure: Measure, tail: Sensitive, count: f64) -> CoreResult<Estimate> {
        let losses = self.sample.losses();
        let body: f64 = self
            .sample
            .spectral_weights(spectrum)
            .into_iter()
            .filter(|(i, _)| losses[*i] <= self.tail.threshold())
            .map(|(i, weight)| weight * losses[i])
            .sum();
        let error = self.tail.fit_variance(tail).map(|fit| {
            let n = losses.len() as f64;
            (fit + self.influence_variance(spectrum, tail.share) / n).sqrt()
        });
        self.answer(measure, body + tail.value, error.filter(|error| *error > 0.0 && error.is_finite()), count)
    }

    /// Variance over the sample of the influence that one loss has on the measure through the share of losses
    /// below each level: `∫ φ(F(l)) dl` up to the loss, and its mean over the tail for an exceedance.
    fn influence_variance(&self, spectrum: &Spectrum, beyond: f64) -> f64 {
        let n = self.sample.len() as f64;
        let mut influence = Vec::with_capacity(self.body.len() + 1);
        let mut sum = 0.0;
        let upper = self.body.iter().copied().skip(1).chain([self.tail.threshold()]);
        for (k, (loss, next)) in self.body.iter().zip(upper).enumerate() {
            influence.push(sum);
            sum += (next - loss) * spectrum.density((k + 1) as f64 / n);
        }
        let (last, share) = (sum + beyond, self.tail.share());
        let mean = influence.iter().sum::<f64>() / n + share * last;
        let body = influence.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
        body + share * (last - mean).powi(2)
    }

    /// `∫ φ(p) q(p) dp` over the tail with its slopes, on the depth `l = ln(ζ/(1 − p))`.
    fn tail_integral(&self, spectrum: &Spectrum) -> CoreResult<Sensitive> {
        let law = self.tail.law();
        let (xi, beta, share) = (law.xi(), law.beta(), self.tail.share());
        if xi >= 1.0 {
            return Err(Error::InfiniteTailMean { xi }.into());
        }
        let inside = spectrum.breaks().into_iter().map(|b| (share / (1.0 - b)).ln()).filter(|depth| *depth > 0.0);
        let edges = pieces(inside.collect(), 45.0 / (1.0 - xi.max(0.0)));
        let integral = |of: fn(Depth) -> f64| -> CoreResult<f64> {
            let mut total = 0.0;
            for edge in edges.windows(2) {
                total += integrate(edge[0], edge[1], |depth| {
                    // A step belongs to its inside: at an edge the density may already be that of the next.
                    let inside = depth.clamp(edge[0].next_up(), edge[1].next_down());
                    let density = spectrum.density(1.0 - share * (-inside).exp());
                    Ok(density * share * of(Depth { xi, depth }))
                })?;
            }
            Ok(total)
        };
        let multiple = integral(Depth::multiple)?;
        Ok(Sensitive {
            value: self.tail.threshold() * integral(Depth::mass)? + beta * multiple,
            xi: beta * integral(Depth::slope)?,
            beta: multiple,
            share: beta / share * integral(Depth::spacing)?,
        })
    }
}

/// Ends of the pieces that the depth is integrated over: the breaks, and in between pieces that double, so that
/// a density that changes within a few units of depth is seen everywhere.
fn pieces(mut breaks: Vec<f64>, reach: f64) -> Vec<f64> {
    breaks.push(0.0);
    let deepest = breaks.iter().copied().fold(0.0, f64::max);
    breaks.push(deepest + reach);
    let (mut edge, mut length) = (4.0, 4.0);
    while edge < deepest + reach {
        breaks.push(edge);
        edge += length;
        length *= 2.0;
    }
    breaks.sort_unstable_by(f64::total_cmp);
    breaks
}

/// What is integrated at a depth `l`, each times `e^(−l)`; written so that no factor overflows.
#[derive(Clone, Copy)]
struct Depth {
    xi: f64,
    depth: f64,
}

impl Depth {
    /// 1
    fn mass(self) -> f64 {
        (-self.depth).exp()
    }

    /// `e^(ξl)`, what one more exceedance moves.
    fn spacing(self) -> f64 {
        ((self.xi - 1.0) * self.depth).exp()
    }

    /// `k = (e^(ξl) − 1)/ξ`, the quantile less the threshold in units of β.
    fn multiple(self) -> f64 {
        match self.xi * self.depth > 1.0 {
            true => (self.spacing() - self.mass()) / self.xi,
            false => self.depth * exp_ratio(self.xi * self.depth) * self.mass(),
        }
    }

    /// `∂k/∂ξ`
    fn slope(self) -> f64 {
        match self.xi * self.depth > 1.0 {
            true => (self.depth * self.spacing() - self.multiple()) / self.xi,
            false => self.depth * self.depth * exp_ratio_slope(self.xi * self.depth) * self.mass(),
        }
    }
}

impl LossDistribution for PeaksOverThresholdLoss {
    fn horizon(&self) -> Horizon {
        Horizon::DAY
    }

    fn value_at_risk(&self, confidence: Confidence) -> CoreResult<Estimate> {
        if !self.tail.reaches(confidence) {
            return self.sample.value_at_risk(confidence);
        }
        let measure = Measure::ValueAtRisk { confidence, rule: None };
        self.of_tail(measure, self.tail.quantile(confidence)?)
    }

    fn expected_shortfall(&self, confidence: Confidence) -> CoreResult<Estimate> {
        let measure = Measure::ExpectedShortfall { confidence };
        if self.tail.reaches(confidence) {
            return self.of_tail(measure, self.tail.tail_mean(confidence)?);
        }
        // All of the fitted tail lies in the tail asked about: its mean, times its part of the mass.
        let law = self.tail.law();
        let (mean, rest) = (law.mean()?, 1.0 - law.xi());
        let part = self.tail.share() / confidence.tail();
        let tail = Sensitive {
            value: part * (self.tail.threshold() + mean),
            xi: part * mean / rest,
            beta: part / rest,
            share: mean / confidence.tail(),
        };
        let count = confidence.tail_count(self.sample.len());
        self.weighted(&Spectrum::expected_shortfall(confidence), measure, tail, count)
    }

    fn spectral(&self, spectrum: &Spectrum) -> CoreResult<Estimate> {
        let measure = Measure::Spectral { spectrum: spectrum.name() };
        self.weighted(spectrum, measure, self.tail_integral(spectrum)?, self.tail.exceedances() as f64)
    }

    fn cdf(&self, loss: f64) -> CoreResult<f64> {
        if loss > self.tail.threshold() {
            return Ok(1.0 - self.tail.survival(loss)?);
        }
        self.sample.cdf(loss)
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use proptest::prelude::*;

    use super::super::GeneralizedPareto;
    use super::super::pareto_tail::tests::{fitted, losses};
    use super::*;
    use crate::PeaksOverThreshold;

    fn loss() -> PeaksOverThresholdLoss {
        PeaksOverThresholdLoss::new(losses(), fitted().tail).unwrap()
    }

    fn level(confidence: f64) -> Confidence {
        Confidence::new(confidence).unwrap()
    }

    #[test]
    fn weighted_answers_agree_with_scipy() {
        // The body summed with NumPy, the tail by scipy.integrate.quad; errors from numerical derivatives of
        // that functional in xi, beta and in the weight of every single loss (infinitesimal jackknife). The
        // differences leave seven digits of the errors.
        let loss = loss();
        let exponential = Spectrum::exponential(5.0).unwrap();
        let step = Spectrum::step(vec![0.8], vec![0.5, 3.0]).unwrap();
        for (estimate, value, error) in [
            (loss.spectral(&exponential), 1.380_450_052_642_564, 0.182_336_817_106_017_07),
            (loss.expected_shortfall(level(0.371)), 0.701_886_973_400_114_1, 0.101_915_777_176_70),
            (loss.spectral(&Spectrum::expected_shortfall(level(0.371))), 0.701_886_973_400_114_1, 0.101_915_777_176_70),
            (loss.spectral(&step), 0.876_883_591_886_536, 0.144_590_341_911_856_93),
        ] {
            let estimate = estimate.unwrap();
            let got = estimate.standard_error.unwrap();
            assert!((estimate.value / value - 1.0).abs() < 1e-8, "{} {value}", estimate.value);
            assert!((got / error - 1.0).abs() < 1e-5, "{got} {error}");
            assert_eq!(estimate.observations, 200);
        }
        assert_eq!(loss.spectral(&step).unwrap().tail_observations, Some(50.0));
        let shortfall = loss.expected_shortfall(level(0.371)).unwrap();
        assert!((shortfall.tail_observations.unwrap() - 125.8).abs() < 1e-9);
    }

    #[test]
    fn the_shortfall_spectrum_is_the_shortfall_at_every_shape() {
        for xi in [-0.4, 0.0, 1e-9, 0.1, 0.5, 0.9, 0.99] {
            let tail = ParetoTail::new(fitted().tail.threshold(), GeneralizedPareto::new(xi, 0.7).unwrap(), 200, 50);
            let loss = PeaksOverThresholdLoss::new(losses(), tail.unwrap()).unwrap();
            for c in [0.3, 0.76, 0.99, 0.9999] {
                let direct = loss.expected_shortfall(level(c)).unwrap();
                let weighted = loss.spectral(&Spectrum::expected_shortfall(level(c))).unwrap();
                assert!((weighted.value / direct.value - 1.0).abs() < 1e-11, "{xi} {c}: {direct:?} {weighted:?}");
                assert_eq!(weighted.standard_error, None);
            }
        }
    }

    #[test]
    fn both_ways_to_the_shortfall_have_one_error() {
        let loss = loss();
        for c in [0.5, 0.8, 0.95, 0.99] {
            let direct = loss.expected_shortfall(level(c)).unwrap().standard_error.unwrap();
            let weighted = loss.spectral(&Spectrum::expected_shortfall(level(c))).unwrap().standard_error.unwrap();
            assert!((weighted / direct - 1.0).abs() < 1e-9, "{c}: {direct} {weighted}");
        }
    }

    #[test]
    fn answers_carry_what_they_rest_on() {
        let loss = loss();
        let var = loss.value_at_risk(Confidence::P99).unwrap();
        assert_eq!((var.observations, var.tail_observations), (200, Some(50.0)));
        assert_eq!(var.measure, Measure::ValueAtRisk { confidence: Confidence::P99, rule: None });
        let (error, interval) = (var.standard_error.unwrap(), var.interval.unwrap());
        assert!((error - 0.658_994_484_952_137_5).abs() < 1e-8);
        assert!((interval.upper - interval.lower - 2.0 * 1.959_963_984_540_054 * error).abs() < 1e-12);
        let below = loss.value_at_risk(level(0.6)).unwrap();
        // Loss number 120 of 200.
        assert_eq!(below.value, losses()[119]);
        assert!(below.interval.is_some());
        assert_eq!(loss.horizon(), Horizon::DAY);
        assert_eq!(loss.sample().len(), 200);
    }

    #[test]
    fn the_distribution_joins_at_the_threshold() {
        let loss = loss();
        let threshold = loss.tail().threshold();
        assert_eq!(loss.cdf(threshold).unwrap(), 0.75);
        assert!((loss.cdf(threshold + 1e-9).unwrap() - 0.75).abs() < 1e-8);
        assert_eq!(loss.value_at_risk(level(0.75)).unwrap().value, threshold);
        assert_eq!(loss.cdf(-1e9).unwrap(), 0.0);
        assert_eq!(loss.cdf(f64::INFINITY).unwrap(), 1.0);
        assert!(loss.cdf(f64::NAN).is_err());
    }

    #[test]
    fn moving_the_losses_moves_every_answer() {
        let (loss, spectrum) = (loss(), Spectrum::exponential(3.0).unwrap());
        let moved = loss.moved(-0.2, 5.0).unwrap();
        let pairs = [
            (loss.value_at_risk(Confidence::P99), moved.value_at_risk(Confidence::P99)),
            (loss.value_at_risk(level(0.5)), moved.value_at_risk(level(0.5))),
            (loss.expected_shortfall(Confidence::P99), moved.expected_shortfall(Confidence::P99)),
            (loss.expected_shortfall(level(0.5)), moved.expected_shortfall(level(0.5))),
            (loss.spectral(&spectrum), moved.spectral(&spectrum)),
        ];
        for (plain, moved) in pairs {
            let (plain, moved) = (plain.unwrap(), moved.unwrap());
            assert!((moved.value - 5.0 * plain.value + 0.2).abs() < 1e-11, "{plain:?} {moved:?}");
            if let Some(error) = plain.standard_error {
                assert!((moved.standard_error.unwrap() / error - 5.0).abs() < 1e-9);
            }
        }
        for (location, scale) in [(f64::NAN, 1.0), (0.0, 0.0), (0.0, -1.0), (0.0, f64::NAN), (0.0, f64::INFINITY)] {
            assert_eq!(loss.moved(location, scale).unwrap_err().kind(), ErrorKind::InvalidInput);
        }
    }

    #[test]
    fn a_tail_of_other_losses_is_refused() {
        let tail = fitted().tail;
        let fewer = losses().iter().copied().skip(1).collect::<Array1<f64>>();
        let error = PeaksOverThresholdLoss::new(fewer, tail.clone()).unwrap_err();
        assert!(matches!(error, Error::Input(CoreError::LengthMismatch { expected: 200, got: 199, .. })));
        let error = PeaksOverThresholdLoss::new(losses().mapv(|l| l - 0.1), tail.clone()).unwrap_err();
        assert!(matches!(error, Error::Input(CoreError::LengthMismatch { expected: 50, .. })));
        assert!(PeaksOverThresholdLoss::new(losses().mapv(|_| f64::NAN), tail).is_err());
    }

    #[test]
    fn an_infinite_mean_is_an_error() {
        let tail = ParetoTail::new(fitted().tail.threshold(), GeneralizedPareto::new(1.2, 0.7).unwrap(), 200, 50);
        let loss = PeaksOverThresholdLoss::new(losses(), tail.unwrap()).unwrap();
        assert!(loss.value_at_risk(Confidence::P99).is_ok());
        for c in [0.5, 0.99] {
            assert_eq!(loss.expected_shortfall(level(c)).unwrap_err().kind(), ErrorKind::Undefined);
        }
        assert_eq!(loss.spectral(&Spectrum::exponential(1.0).unwrap()).unwrap_err().kind(), ErrorKind::Undefined);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn laws_of_a_loss_distribution(
            seeds in proptest::collection::vec(-1.0..1.0_f64, 120..200), a in 0.02..0.995_f64, b in 0.02..0.995_f64,
        ) {
            let losses: Array1<f64> = seeds.iter().map(|v| v / (1.01 - v.abs()).powf(0.3)).collect();
            let model = PeaksOverThreshold::default().with_min_exceedances(10);
            if let Ok(loss) = model.loss(losses) {
                let (low, high) = (level(a.min(b)), level(a.max(b)));
                let var = loss.value_at_risk(low).unwrap().value;
                prop_assert!(loss.value_at_risk(high).unwrap().value >= var);
                match loss.expected_shortfall(low) {
                    Ok(es) => {
                        prop_assert!(es.value >= var - 1e-12);
                        prop_assert!(loss.expected_shortfall(high).unwrap().value >= es.value - 1e-12);
                    }
                    Err(error) => {
                        prop_assert_eq!(error.kind(), ErrorKind::Undefined);
                        prop_assert!(loss.tail().law().xi() >= 1.0);
                    }
                }
                prop_assert!(loss.cdf(var).unwrap() >= low.level() - 1e-12);
            }
        }
    }
}

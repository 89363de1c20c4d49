use std::f64::consts::FRAC_PI_2;

use alluse_risk_core::Confidence;
use serde::{Deserialize, Serialize};

use super::base::{BaseInterval, ConformalInterval};
use crate::{Error, Result, check};

/// How hard misses in excess of the promised ones push back: the tangent integrator.
///
/// ```text
/// rₜ(x) = K tan(x ln t / (t C)), and ±∞ where the argument leaves (−π/2, π/2)
/// ```
///
/// | parameter | unit | meaning |
/// |---|---|---|
/// | `gain`, K | that of the observations | the push where the argument is π/4; about the largest error expected |
/// | `patience`, C | | excess misses are answered without limit from `(π/2) C t/ln t` on |
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "(f64, f64)", into = "(f64, f64)")]
pub struct Saturation {
    gain: f64,
    patience: f64,
}

impl Saturation {
    /// From the gain K and the patience C.
    ///
    /// # Errors
    /// [`Error::Input`] for a number that is not positive and finite.
    pub fn new(gain: f64, patience: f64) -> Result<Self> {
        check::positive("gain", gain)?;
        check::positive("patience", patience)?;
        Ok(Self { gain, patience })
    }

    /// With the patience that keeps the share of misses within `distance` of the promised one after `rounds` rounds,
    /// whatever comes.
    ///
    /// # Errors
    /// [`Error::Input`] for a gain that is not positive and finite, fewer than 10 rounds, and a distance that is not above
    /// `2/rounds` and below 1.
    ///
    /// # Examples
    /// ```
    /// use alluse_forecast::evaluation::conformal::{BaseInterval, ConformalPid, Saturation};
    /// use alluse_risk_core::Confidence;
    ///
    /// let saturation = Saturation::within(0.05, 500, 10.0)?;
    /// let mut pid = ConformalPid::new(Confidence::P90, 0.1, saturation)?;
    /// for day in 0..500 {
    ///     pid.observe(BaseInterval::point(0.0)?, f64::from(day * 7 % 13))?;
    /// }
    /// assert!((pid.coverage_bound().unwrap() - 0.05).abs() < 1e-12);
    /// # Ok::<(), alluse_forecast::Error>(())
    /// ```
    pub fn within(distance: f64, rounds: usize, gain: f64) -> Result<Self> {
        check::ensure(rounds >= 10, "rounds", "at least 10", rounds as f64)?;
        let holds = distance > 2.0 / rounds as f64 && distance < 1.0;
        check::ensure(holds, "distance", "above 2/rounds and below 1", distance)?;
        Self::new(gain, (distance * rounds as f64 - 1.0) / (FRAC_PI_2 * latest(rounds)))
    }

    /// The push after so many rounds with so many misses more than promised; infinite where it is saturated.
    fn push(self, excess: f64, rounds: usize) -> f64 {
        if rounds == 0 {
            return 0.0;
        }
        let t = rounds as f64;
        let angle = excess * libm::log(t) / (t * self.patience);
        if angle.abs() < FRAC_PI_2 { self.gain * libm::tan(angle) } else { angle.signum() * f64::INFINITY }
    }
}

impl TryFrom<(f64, f64)> for Saturation {
    type Error = Error;

    fn try_from((gain, patience): (f64, f64)) -> Result<Self> {
        Self::new(gain, patience)
    }
}

impl From<Saturation> for (f64, f64) {
    fn from(saturation: Saturation) -> Self {
        (saturation.gain, saturation.patience)
    }
}

/// The largest `s/ln s` of the rounds `2 ≤ s < rounds`.
fn latest(rounds: usize) -> f64 {
    let over = |s: f64| s / libm::log(s);
    // It falls until e and grows from there.
    over(2.0).max(over(rounds.saturating_sub(1).max(2) as f64))
}

/// Intervals widened by a tracked quantile of the errors and by the misses in excess of the promised ones: conformal
/// control with a proportional and an integral part.
///
/// ```text
/// widening qₜ₊₁ = q̂ₜ₊₁ + rₜ(Σᵢ≤ₜ (missᵢ − α))      q̂ₜ₊₁ = q̂ₜ + η (missₜ − α)
/// ```
///
/// | parameter | default | meaning |
/// |---|---|---|
/// | `rate`, η | required | step of the tracked quantile, in the unit of the observations |
/// | `saturation`, r | required | the [integrator](Saturation) |
/// | `start`, q̂₁ | 0 | the first widening |
///
/// After T rounds the share of misses m obeys `|m − α| ≤ max(2, 1 + (π/2) C max(2/ln 2, (T − 1)/ln(T − 1)))/T` for every
/// sequence whatsoever, because the integrator pushes without limit: the interval is then the whole line, or empty. Unlike
/// that of [`AdaptiveConformal`](super::AdaptiveConformal) the widening may exceed every error seen so far, so a sudden
/// shift is answered at once. The derivative part of the original, a forecast of the errors themselves, belongs in the
/// base interval.
///
/// The order of a round: [`interval`](Self::interval), then [`observe`](Self::observe) with the same base.
///
/// # Source
/// Angelopoulos, Candès and Tibshirani (2023), "Conformal PID control for time series prediction", NeurIPS 36. Their bound
/// takes `t/ln t` for increasing, which it is from e on; this one counts the first rounds too.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct ConformalPid {
    coverage: Confidence,
    rate: f64,
    saturation: Saturation,
    tracked: f64,
    rounds: usize,
    covered: usize,
}

impl ConformalPid {
    /// With the step of the tracked quantile and the integrator.
    ///
    /// # Errors
    /// [`Error::Input`] for a rate that is not positive and finite.
    pub fn new(coverage: Confidence, rate: f64, saturation: Saturation) -> Result<Self> {
        check::positive("rate", rate)?;
        Ok(Self { coverage, rate, saturation, tracked: 0.0, rounds: 0, covered: 0 })
    }

    /// With another first widening, such as a quantile of past errors.
    ///
    /// # Errors
    /// [`Error::Input`] for one that is not finite.
    pub fn with_start(mut self, widening: f64) -> Result<Self> {
        self.tracked = check::number("first widening", widening)?;
        Ok(self)
    }

    /// The promised coverage.
    #[must_use]
    pub fn promised(&self) -> Confidence {
        self.coverage
    }

    /// The next widening; infinite where the integrator is saturated.
    #[must_use]
    pub fn widening(&self) -> f64 {
        let misses = (self.rounds - self.covered) as f64;
        self.tracked + self.saturation.push(misses - self.coverage.tail() * self.rounds as f64, self.rounds)
    }

    /// Rounds observed.
    #[must_use]
    pub fn rounds(&self) -> usize {
        self.rounds
    }

    /// Share of the rounds whose observation was inside; `None` before the first.
    #[must_use]
    pub fn coverage(&self) -> Option<f64> {
        (self.rounds > 0).then(|| self.covered as f64 / self.rounds as f64)
    }

    /// What the share of misses cannot be further away from the promised one, whatever comes; `None` before the first
    /// round.
    #[must_use]
    pub fn coverage_bound(&self) -> Option<f64> {
        let excess = (1.0 + FRAC_PI_2 * self.saturation.patience * latest(self.rounds)).max(2.0);
        (self.rounds > 0).then(|| excess / self.rounds as f64)
    }

    /// The interval around that of the next forecast: the whole line or empty where the integrator is saturated.
    #[must_use]
    pub fn interval(&self, base: BaseInterval) -> ConformalInterval {
        let widening = self.widening();
        match widening {
            f64::INFINITY => ConformalInterval::WholeLine,
            f64::NEG_INFINITY => ConformalInterval::Empty,
            _ => base.widened(widening),
        }
    }

    /// Shows what came about and tells whether the interval held it.
    ///
    /// # Errors
    /// [`Error::Input`] for an observation that is not finite or too far away, and when the tracked quantile leaves the
    /// numbers; the state is then unchanged.
    pub fn observe(&mut self, base: BaseInterval, observed: f64) -> Result<bool> {
        let held = base.score(observed)? <= self.widening();
        let miss = f64::from(u8::from(!held));
        self.tracked = check::number("tracked quantile", self.tracked + self.rate * (miss - self.coverage.tail()))?;
        self.rounds += 1;
        self.covered += usize::from(held);
        Ok(held)
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    coverage: Confidence,
    rate: f64,
    saturation: Saturation,
    tracked: f64,
    rounds: usize,
    covered: usize,
}

impl TryFrom<Stored> for ConformalPid {
    type Error = Error;

    fn try_from(stored: Stored) -> Result<Self> {
        let Stored { coverage, rate, saturation, tracked, rounds, covered } = stored;
        check::ensure(covered <= rounds, "covered", "at most the rounds", covered as f64)?;
        let fresh = Self::new(coverage, rate, saturation)?;
        Ok(Self { tracked: check::number("tracked quantile", tracked)?, rounds, covered, ..fresh })
    }
}

impl From<ConformalPid> for Stored {
    fn from(state: ConformalPid) -> Self {
        let ConformalPid { coverage, rate, saturation, tracked, rounds, covered } = state;
        Self { coverage, rate, saturation, tracked, rounds, covered }
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::streams::Streams;
    use proptest::prelude::*;

    use super::*;

    fn zero() -> BaseInterval {
        BaseInterval::point(0.0).unwrap()
    }

    fn pid(level: f64, rate: f64, gain: f64, patience: f64) -> ConformalPid {
        let saturation = Saturation::new(gain, patience).unwrap();
        ConformalPid::new(Confidence::new(level).unwrap(), rate, saturation).unwrap()
    }

    #[test]
    fn agrees_with_the_authors_iteration() {
        // NumPy 2.4: quantile tracker plus `saturation_fn_log` of the authors' published code, K_I 1.5, C_sat 0.8.
        let mut state = pid(0.8, 0.3, 1.5, 0.8).with_start(0.5).unwrap();
        let base = BaseInterval::new(-1.0, 1.0).unwrap();
        for (score, widening) in SCORES.into_iter().zip(WIDENINGS) {
            assert!((state.widening() - widening).abs() < 1e-12, "{} against {widening}", state.widening());
            // Of an interval from −1 to 1 the score is the distance beyond 1.
            state.observe(base, 1.0 + score).unwrap();
        }
        assert!((state.widening() - WIDENINGS[15]).abs() < 1e-12);
        assert_eq!((state.rounds(), state.covered), (15, COVERED));
    }

    const SCORES: [f64; 15] = [0.2, 1.4, 0.9, -0.3, 2.5, 3.1, 0.0, 0.7, 4.0, 0.1, 0.1, 0.2, 0.1, 6.0, 0.3];
    const WIDENINGS: [f64; 16] = [
        0.5,
        0.44,
        1.078920193609286,
        0.8977641729851502,
        0.6902912952971306,
        1.4383658685170118,
        2.2330511125525714,
        1.9120333971370493,
        1.6536280473785494,
        2.3517399725474313,
        2.073445344952293,
        1.8410045587392478,
        1.6393631357062004,
        1.4595358880773994,
        2.015631560518224,
        1.8270663728641603,
    ];
    const COVERED: usize = 10;

    /// Whoever chooses every observation to be outside still cannot break the promise.
    #[test]
    fn an_adversary_is_held_off() {
        let saturation = Saturation::within(0.02, 5_000, 3.0).unwrap();
        let mut state = ConformalPid::new(Confidence::P90, 0.05, saturation).unwrap();
        for round in 0..5_000_u32 {
            let outside = match state.interval(zero()) {
                ConformalInterval::Bounded { upper, .. } => upper + 1.0 + f64::from(round % 7),
                _ => 0.0,
            };
            state.observe(zero(), outside).unwrap();
        }
        let miss = 1.0 - state.coverage().unwrap();
        assert!((state.coverage_bound().unwrap() - 0.02).abs() < 1e-12);
        // It gets all that the bound leaves it, and no more.
        assert!(miss <= 0.12 + 1e-12 && miss > 0.115, "{miss}");
    }

    #[test]
    fn coverage_holds_when_the_spread_changes() {
        let z = Streams::new(8).standard_normals(4_000, 1);
        let mut state = pid(0.9, 0.05, 2.0, 0.5).with_start(1.645).unwrap();
        let mut stormy = 0;
        for (t, z) in z.iter().enumerate() {
            let scale = [1.0, 5.0, 5.0, 0.5][t / 1_000];
            let held = state.observe(zero(), scale * z).unwrap();
            stormy += usize::from(held && t / 2_000 == 0 && t >= 1_000);
        }
        // Learning a spread five times as wide costs some coverage of the thousand rounds after the change.
        assert!(stormy > 800, "{stormy}");
        let share = state.coverage().unwrap();
        assert!((share - 0.9).abs() < 0.03 && (share - 0.9).abs() < state.coverage_bound().unwrap(), "{share}");
    }

    #[test]
    fn hostile_input() {
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(Saturation::new(bad, 1.0).is_err() && Saturation::new(1.0, bad).is_err());
            assert!(ConformalPid::new(Confidence::P90, bad, Saturation::new(1.0, 1.0).unwrap()).is_err());
        }
        assert!(Saturation::within(0.2, 10, 1.0).is_err() && Saturation::within(0.21, 10, 1.0).is_ok());
        assert!(Saturation::within(0.5, 9, 1.0).is_err() && Saturation::within(f64::NAN, 100, 1.0).is_err());
        assert!(Saturation::within(1.0, 100, 1.0).is_err());
        let mut state = pid(0.9, 0.1, 1.0, 1.0);
        assert!(state.clone().with_start(f64::NAN).is_err());
        assert_eq!((state.coverage(), state.coverage_bound(), state.widening()), (None, None, 0.0));
        let before = state.clone();
        assert!(state.observe(zero(), f64::NAN).is_err());
        let far = BaseInterval::point(-1e308).unwrap();
        assert!(state.observe(far, 1e308).is_err());
        assert_eq!(state, before);
        // The tracked quantile cannot leave the numbers.
        let mut edge = pid(0.5, f64::MAX, 1.0, 1e9).with_start(-f64::MAX).unwrap();
        let before = edge.clone();
        assert!(edge.observe(BaseInterval::new(-f64::MAX, f64::MAX).unwrap(), 0.0).is_err());
        assert_eq!(edge, before);
        state.observe(zero(), 1.0).unwrap();
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<ConformalPid>(&text).unwrap(), state);
        for (from, to) in [
            ("\"covered\":0", "\"covered\":2"),
            ("\"rate\":0.1", "\"rate\":0.0"),
            ("\"saturation\":[1.0,1.0]", "\"saturation\":[1.0,-1.0]"),
            ("\"tracked\":0.09", "\"tracked\":null,\"x\":0.09"),
        ] {
            assert!(text.contains(from), "{text}");
            assert!(serde_json::from_str::<ConformalPid>(&text.replace(from, to)).is_err(), "{to}");
        }
    }

    proptest! {
        /// The bound holds on every sequence and for all parameters, and the verdict is that of the interval.
        #[test]
        fn the_share_of_misses_is_bounded(
            observed in prop::collection::vec(-100.0_f64..100.0, 1..300),
            level in 0.05_f64..0.99,
            rate in 0.001_f64..10.0,
            gain in 0.001_f64..100.0,
            patience in 0.001_f64..5.0,
        ) {
            let mut state = pid(level, rate, gain, patience);
            for value in observed {
                let held = state.interval(zero()).contains(value);
                prop_assert_eq!(state.observe(zero(), value).unwrap(), held);
                let miss = (state.coverage().unwrap() - level).abs();
                prop_assert!(miss <= state.coverage_bound().unwrap() + 1e-9);
            }
        }

        /// An adversary who knows the interval and shifts every observation out of it, or into it.
        #[test]
        fn no_adversary_breaks_the_bound(
            inside in prop::collection::vec(any::<bool>(), 1..300),
            level in 0.05_f64..0.99,
            rate in 0.001_f64..10.0,
            patience in 0.001_f64..2.0,
        ) {
            let mut state = pid(level, rate, 1.0, patience);
            for inside in inside {
                let value = match state.interval(zero()) {
                    ConformalInterval::Bounded { upper, .. } if !inside => upper + 1.0,
                    _ => 0.0,
                };
                state.observe(zero(), value).unwrap();
                let miss = (state.coverage().unwrap() - level).abs();
                prop_assert!(miss <= state.coverage_bound().unwrap() + 1e-9);
            }
        }

        /// The unit of the observations does not matter when rate and gain share it.
        #[test]
        fn scale_does_not_matter(
            observed in prop::collection::vec(-3.0_f64..3.0, 1..100), power in -8_i32..8,
        ) {
            let unit = 2.0_f64.powi(power);
            let (mut one, mut other) = (pid(0.9, 0.1, 1.0, 0.5), pid(0.9, 0.1 * unit, unit, 0.5));
            for value in observed {
                let (a, b) = (one.observe(zero(), value).unwrap(), other.observe(zero(), unit * value).unwrap());
                prop_assert_eq!(a, b);
                prop_assert_eq!(one.widening() * unit, other.widening());
            }
        }
    }
}

use serde::{Deserialize, Serialize};

use crate::{Result, check};

/// Which way a mean moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shift {
    /// Up.
    Up,
    /// Down.
    Down,
}

/// Online detection of a change of the mean by Page's cumulative sums.
///
/// ```text
/// zₜ = (xₜ − target)/deviation
/// Sₜ⁺ = max(0, Sₜ₋₁⁺ + zₜ − k)        Sₜ⁻ = max(0, Sₜ₋₁⁻ − zₜ − k)        alarm when either exceeds h
/// ```
///
/// | parameter | default | meaning | range |
/// |---|---|---|---|
/// | `target` | required | mean without a change | |
/// | `deviation` | required | standard deviation without a change | positive |
/// | `allowance` | 0.5 | `k`, half the shift to be found, in deviations | at least 0 |
/// | `threshold` | 5 | `h`, in deviations | positive |
///
/// For a change of the variance give the detector squares or absolute values.
///
/// ```
/// use alluse_forecast::regimes::{Cusum, Shift};
///
/// let mut detector = Cusum::new(0.0, 1.0).with_threshold(4.0).detector()?;
/// assert_eq!(detector.observe(0.5)?, None);
/// assert_eq!(detector.observe(2.5)?, None); // S⁺ = 2
/// assert_eq!(detector.observe(2.0)?, None); // S⁺ = 3.5
/// let alarm = detector.observe(1.5)?.expect("S⁺ = 4.5 is above 4");
/// assert_eq!((alarm.index, alarm.change, alarm.shift), (3, 1, Shift::Up));
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
///
/// # Source
/// Page (1954), "Continuous inspection schemes"; the run length by Siegmund (1985), *Sequential Analysis*.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cusum {
    target: f64,
    deviation: f64,
    allowance: f64,
    threshold: f64,
}

/// An alarm. It was known when observation `index` was, and not before.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CusumAlarm {
    /// The observation that raised it, counted from 0.
    pub index: usize,
    /// The observation with which the sum left zero for the last time: where the change seems to have begun.
    pub change: usize,
    /// Which way the mean moved.
    pub shift: Shift,
    /// The sum, in deviations; above the threshold.
    pub statistic: f64,
}

impl Cusum {
    /// About this mean and standard deviation.
    #[must_use]
    pub fn new(target: f64, deviation: f64) -> Self {
        Self { target, deviation, allowance: 0.5, threshold: 5.0 }
    }

    /// With another allowance.
    #[must_use]
    pub fn with_allowance(mut self, allowance: f64) -> Self {
        self.allowance = allowance;
        self
    }

    /// With another threshold.
    #[must_use]
    pub fn with_threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }

    /// A detector that has seen nothing yet.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a parameter out of range.
    pub fn detector(&self) -> Result<CusumDetector> {
        self.check()?;
        Ok(CusumDetector { cusum: *self, observed: 0, sums: [0.0; 2], since: [0; 2] })
    }

    /// The alarms along a series; after each the sums begin anew.
    ///
    /// # Errors
    /// As [`detector`](Self::detector), and for a value that is not finite.
    pub fn alarms(&self, series: ndarray::ArrayView1<'_, f64>) -> Result<Vec<CusumAlarm>> {
        check::finite("series", series)?;
        let mut detector = self.detector()?;
        let mut alarms = Vec::new();
        for &value in series {
            alarms.extend(detector.observe(value)?);
        }
        Ok(alarms)
    }

    /// Mean number of observations to an alarm, on either side, when normal observations have been shifted by `shift`
    /// deviations from the start; `shift` 0 gives the time between false alarms. Siegmund's approximation.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a parameter out of range.
    pub fn average_run_length(&self, shift: f64) -> Result<f64> {
        self.check()?;
        check::number("shift", shift)?;
        let bound = self.threshold + 1.166;
        let one_side = |shift: f64| {
            let drift = shift - self.allowance;
            let x = 2.0 * drift * bound;
            // (e^−x + x − 1)/(2 drift²), whose limit without drift is the square of the bound.
            if x.abs() < 1e-4 { bound * bound } else { (libm::expm1(-x) + x) / (2.0 * drift * drift) }
        };
        Ok(1.0 / (1.0 / one_side(shift) + 1.0 / one_side(-shift)))
    }

    fn check(&self) -> Result<()> {
        check::number("target", self.target)?;
        check::positive("deviation", self.deviation)?;
        let holds = self.allowance >= 0.0 && self.allowance.is_finite();
        check::ensure(holds, "allowance", "finite and at least 0", self.allowance)?;
        check::positive("threshold", self.threshold).map(|_| ())
    }
}

/// A running cumulative sum.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CusumDetector {
    cusum: Cusum,
    observed: usize,
    /// Upwards and downwards.
    sums: [f64; 2],
    /// Where each of them left zero.
    since: [usize; 2],
}

impl CusumDetector {
    /// Takes the next observation; an alarm restarts both sums.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for a value that is not finite; the detector then stays where it was.
    pub fn observe(&mut self, value: f64) -> Result<Option<CusumAlarm>> {
        check::number("observation", value)?;
        let index = self.observed;
        let z = check::number("standardised observation", (value - self.cusum.target) / self.cusum.deviation)?;
        self.observed += 1;
        for (side, signed) in [z, -z].into_iter().enumerate() {
            if self.sums[side] <= 0.0 {
                self.since[side] = index;
            }
            self.sums[side] = (self.sums[side] + signed - self.cusum.allowance).max(0.0);
        }
        let side = usize::from(self.sums[1] > self.sums[0]);
        let statistic = self.sums[side];
        if statistic > self.cusum.threshold {
            let change = self.since[side];
            self.sums = [0.0; 2];
            let shift = if side == 0 { Shift::Up } else { Shift::Down };
            return Ok(Some(CusumAlarm { index, change, shift, statistic }));
        }
        Ok(None)
    }

    /// The sums upwards and downwards, in deviations.
    #[must_use]
    pub fn sums(&self) -> [f64; 2] {
        self.sums
    }

    /// Number of observations taken.
    #[must_use]
    pub fn observed(&self) -> usize {
        self.observed
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::streams::Streams;
    use ndarray::{Array1, array};

    use super::*;

    #[test]
    fn run_lengths_of_the_textbook() {
        // Montgomery, Introduction to Statistical Quality Control (6th ed.), section 9.1.2: k = 1/2, h = 5 gives 938.2
        // on one side and 469.1 on both, and Siegmund's approximation 10.3 for a shift of one deviation.
        let cusum = Cusum::new(0.0, 1.0);
        assert!((cusum.average_run_length(0.0).unwrap() - 469.1).abs() < 0.05);
        assert!((cusum.average_run_length(1.0).unwrap() - 10.3).abs() < 0.05);
        assert!((cusum.with_allowance(0.0).average_run_length(0.0).unwrap() - 6.166 * 6.166 / 2.0).abs() < 1e-9);
    }

    #[test]
    fn simulated_run_lengths_agree() {
        let z = Streams::new(1).standard_normals(400, 6_000);
        let cusum = Cusum::new(0.0, 1.0);
        let lengths: Vec<f64> = z
            .rows()
            .into_iter()
            .map(|row| cusum.alarms(row).unwrap().first().map_or(6_000.0, |alarm| alarm.index as f64 + 1.0))
            .collect();
        let mean = Array1::from(lengths).mean().unwrap();
        // Nearly exponential: standard error 465/20 = 23; four of them. (The exact value is 465.)
        assert!((mean - 465.0).abs() < 93.0, "{mean}");
    }

    #[test]
    fn alarms_come_after_the_change_and_restart() {
        let series = Array1::from_shape_fn(60, |t| match t {
            20..30 => 3.0,
            40..50 => -3.0,
            _ => 0.0,
        });
        let alarms = Cusum::new(0.0, 1.0).with_threshold(6.0).alarms(series.view()).unwrap();
        // 2.5 an observation: 7.5 with the third; again from zero.
        let found: Vec<_> = alarms.iter().map(|a| (a.index, a.change, a.shift)).collect();
        let up = |index, change| (index, change, Shift::Up);
        let down = |index, change| (index, change, Shift::Down);
        assert_eq!(found, [up(22, 20), up(25, 23), up(28, 26), down(42, 40), down(45, 43), down(48, 46)]);
        assert_eq!(alarms[0].statistic, 7.5);
        // Nothing that comes later changes an alarm.
        let part = Cusum::new(0.0, 1.0).with_threshold(6.0).alarms(series.view().split_at(ndarray::Axis(0), 26).0);
        assert_eq!(part.unwrap(), alarms[..2]);
    }

    #[test]
    fn hostile_input_is_refused() {
        assert!(Cusum::new(f64::NAN, 1.0).detector().is_err() && Cusum::new(0.0, 0.0).detector().is_err());
        assert!(Cusum::new(0.0, 1.0).with_allowance(-1.0).detector().is_err());
        assert!(Cusum::new(0.0, 1.0).with_threshold(0.0).average_run_length(0.0).is_err());
        assert!(Cusum::new(0.0, 1.0).average_run_length(f64::NAN).is_err());
        assert!(Cusum::new(0.0, 1.0).alarms(array![0.0, f64::NAN].view()).is_err());
        let mut detector = Cusum::new(0.0, 1.0).detector().unwrap();
        detector.observe(1.0).unwrap();
        let before = detector.clone();
        assert!(detector.observe(f64::INFINITY).is_err());
        assert_eq!((detector.clone(), detector.observed(), detector.sums()), (before, 1, [0.5, 0.0]));
    }
}

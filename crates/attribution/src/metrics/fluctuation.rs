//! Detrended fluctuation analysis.

use super::Performance;
use super::lanes::trend;
use crate::{Error, Result, check};

/// The shortest window.
const SHORTEST: usize = 10;
/// Window lengths asked for, spread evenly over the logarithms.
const LENGTHS: usize = 20;
/// Returns needed: windows from 10 to a quarter of the series must span a range worth a slope.
const REQUIRED: usize = 100;

impl Performance<'_> {
    /// Hurst exponent by detrended fluctuation analysis: the slope of `ln F(s)` in `ln s`.
    ///
    /// `F(s)²` is the mean squared residual of the cumulated deviations from a straight line in each window of
    /// `s` periods, windows laid side by side from the start and again from the end; `s` takes up to 20 whole
    /// values, evenly spread in logarithms from 10 to `n/4`. Unlike the rescaled range it does not mistake a trend
    /// for persistence.
    ///
    /// # Errors
    /// [`Error::Input`] for fewer than 100 returns, [`Error::Undefined`] for returns that do not vary.
    ///
    /// # Source
    /// Peng and others (1994); Kantelhardt and others (2001) for the windows from both ends.
    pub fn hurst_exponent_detrended(&self) -> Result<f64> {
        const NAME: &str = "detrended Hurst exponent";
        check::enough(NAME, REQUIRED, self.len())?;
        let moments = self.moments();
        moments.positive_deviation(0, NAME)?;
        let mut sum = 0.0;
        let profile: Vec<f64> = self
            .slice()
            .iter()
            .map(|r| {
                sum += r - moments.mean;
                sum
            })
            .collect();
        let mut points = Vec::with_capacity(LENGTHS);
        for length in lengths(profile.len()) {
            let fluctuation = squared_fluctuation(&profile, length);
            if !(fluctuation > 0.0) {
                return Err(Error::undefined(NAME, format!("windows of {length} periods are straight lines")));
            }
            points.push(((length as f64).ln(), 0.5 * fluctuation.ln()));
        }
        check::result(NAME, slope(&points))
    }
}

/// Window lengths, increasing.
fn lengths(n: usize) -> Vec<usize> {
    let longest = n / 4;
    let step = (longest as f64 / SHORTEST as f64).ln() / (LENGTHS - 1) as f64;
    let mut lengths: Vec<usize> =
        (0..LENGTHS).map(|k| (SHORTEST as f64 * (k as f64 * step).exp()).round() as usize).collect();
    lengths.dedup();
    lengths
}

fn squared_fluctuation(profile: &[f64], length: usize) -> f64 {
    let from_start = profile.chunks_exact(length);
    let from_end = profile.rchunks_exact(length);
    let windows = 2 * (profile.len() / length);
    from_start.chain(from_end).map(|window| residual(window) / length as f64).sum::<f64>() / windows as f64
}

/// Sum of squares about the straight line of best fit.
fn residual(window: &[f64]) -> f64 {
    let n = window.len() as f64;
    let [cross, squares, _] = trend(window);
    squares - 12.0 * cross * cross / (n * (n * n - 1.0))
}

/// Least-squares slope.
fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / n, y + point.1 / n));
    let (cross, square) = points
        .iter()
        .fold((0.0, 0.0), |(c, s), point| (c + (point.0 - x) * (point.1 - y), s + (point.0 - x) * (point.0 - x)));
    cross / square
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::Frequency;
    use ndarray::Array1;

    use super::super::smoothing::tests::smoothed;
    use super::*;
    use crate::Annualisation;

    const MONTHLY: Annualisation = Annualisation::Periods(Frequency::Monthly);

    /// numpy's `polyfit` in every window of the lengths 10, 11, 12, 13, 15, 16, 18, 19, 21, 23, 26, 28, 31, 34, 37,
    /// 41, 45, 50, 55 and 60.
    #[test]
    fn the_slope_is_that_of_straight_lines_fitted_elsewhere() {
        let returns = smoothed(240);
        let found = Performance::new(returns.view(), MONTHLY).unwrap().hurst_exponent_detrended().unwrap();
        assert!((found - 0.527_672_881_488_467_6).abs() < 1e-10, "{found}");
    }

    #[test]
    fn hostile_input() {
        let short = smoothed(99);
        assert!(matches!(
            Performance::new(short.view(), MONTHLY).unwrap().hurst_exponent_detrended(),
            Err(Error::Input(_))
        ));
        let constant = Array1::from_elem(200, 0.01);
        assert!(matches!(
            Performance::new(constant.view(), MONTHLY).unwrap().hurst_exponent_detrended(),
            Err(Error::Undefined { .. })
        ));
    }
}

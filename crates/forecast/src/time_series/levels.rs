use alluse_risk_core::{Confidence, normal};
use ndarray::{Array1, Array2, ArrayView1};

use crate::{Predictive, Result};

/// A model of the level of a series: prices, their logarithms, volatilities, rates.
pub trait LevelModel: std::fmt::Debug + Send + Sync {
    /// What the model is called in tables.
    fn name(&self) -> String;

    /// Fewest observations it works with.
    fn min_observations(&self) -> usize;

    /// Fits the model to levels in date order.
    ///
    /// # Errors
    /// When the series is too short, not finite or constant, or the fit does not converge.
    fn fit(&self, levels: ArrayView1<'_, f64>) -> Result<Box<dyn FittedLevels>>;
}

/// A model of levels that has seen its history and can be asked about what comes after it.
pub trait FittedLevels: std::fmt::Debug + Send + Sync {
    /// What the fitted model is called in tables, with the orders that a selection chose.
    fn name(&self) -> String;

    /// Point forecast of each of the next `steps` levels.
    ///
    /// # Errors
    /// When `steps` is zero or a forecast leaves the numbers.
    fn forecast(&self, steps: usize) -> Result<Array1<f64>>;

    /// Simulates `paths` futures of `steps` levels each, one path a row. The same seed gives the same futures,
    /// whatever the number of threads; the first paths do not depend on how many follow.
    ///
    /// # Errors
    /// When `steps` or `paths` is zero, or a future leaves the numbers.
    fn simulate(&self, steps: usize, paths: usize, seed: u64) -> Result<Array2<f64>>;

    /// Central prediction interval, lower and upper end, of each of the next `steps` levels. Unless the model knows
    /// better, from the quantiles of 10,000 simulated paths. Parameters count as known.
    ///
    /// # Errors
    /// As [`forecast`](Self::forecast) and [`simulate`](Self::simulate).
    fn intervals(&self, steps: usize, coverage: Confidence) -> Result<Vec<(f64, f64)>> {
        simulated_intervals(&self.simulate(steps, SIMULATED, 1)?, coverage)
    }
}

/// Paths that intervals take when there is no formula.
pub(super) const SIMULATED: usize = 10_000;

/// The quantiles of simulated paths, step after step.
pub(super) fn simulated_intervals(paths: &Array2<f64>, coverage: Confidence) -> Result<Vec<(f64, f64)>> {
    paths.columns().into_iter().map(|step| Ok(Predictive::new(step.to_vec())?.interval(coverage))).collect()
}

/// Normal intervals around forecasts with these variances.
pub(super) fn normal_intervals(
    mean: ArrayView1<'_, f64>,
    variance: ArrayView1<'_, f64>,
    coverage: Confidence,
) -> Result<Vec<(f64, f64)>> {
    let z = normal::quantile(0.5 + 0.5 * coverage.level())?;
    Ok(mean.iter().zip(variance).map(|(m, v)| (m - z * v.sqrt(), m + z * v.sqrt())).collect())
}

/// Numbers that came out of a calculation over `steps`: all finite, or an overflow of `name`.
pub(super) fn all_finite(name: &'static str, values: Vec<f64>) -> Result<Array1<f64>> {
    if values.iter().all(|value| value.is_finite()) {
        Ok(Array1::from_vec(values))
    } else {
        Err(alluse_risk_core::Error::Overflow { name }.into())
    }
}

#[cfg(test)]
mod tests {
    use alluse_risk_core::ErrorKind;
    use ndarray::Axis;

    use super::super::samples::hormone;
    use super::super::{Arima, AutoArima, AutoExponentialSmoothing, Combination, ErrorTerm, ExponentialSmoothing};
    use super::super::{Theta, Trend};
    use super::*;

    fn models() -> Vec<Box<dyn LevelModel>> {
        let members: Vec<Box<dyn LevelModel>> = vec![Box::new(Theta::new(1)), Box::new(Arima::new(1, 0, 0))];
        vec![
            Box::new(Arima::new(1, 0, 1)),
            Box::new(ExponentialSmoothing::new(ErrorTerm::Additive, Trend::None)),
            Box::new(Theta::new(1)),
            Box::new(AutoArima::new(1)),
            Box::new(AutoExponentialSmoothing::new(1)),
            Box::new(Combination::new(members).unwrap()),
        ]
    }

    #[test]
    fn every_model_of_levels_keeps_the_contract() {
        for model in models() {
            let fitted = model.fit(hormone().view()).unwrap();
            assert!(!model.name().is_empty() && !fitted.name().is_empty());
            let name = fitted.name();
            assert_eq!(fitted.forecast(4).unwrap().len(), 4, "{name}");
            // Seeds decide, and the first paths do not depend on how many follow.
            let (few, many) = (fitted.simulate(4, 20, 7).unwrap(), fitted.simulate(4, 600, 7).unwrap());
            assert_eq!(few, many.view().split_at(Axis(0), 20).0, "{name}");
            assert_ne!(few, fitted.simulate(4, 20, 8).unwrap(), "{name}");
            let inner = fitted.intervals(4, Confidence::P90).unwrap();
            let outer = fitted.intervals(4, Confidence::P95).unwrap();
            assert_eq!(inner.len(), 4);
            for ((a, b), (c, d)) in inner.into_iter().zip(outer) {
                assert!(c < a && a < b && b < d, "{name}");
            }
            assert!(fitted.forecast(0).is_err() && fitted.simulate(0, 1, 1).is_err(), "{name}");
            assert!(fitted.simulate(1, 0, 1).is_err() && fitted.intervals(0, Confidence::P90).is_err(), "{name}");
            let short: Array1<f64> = hormone().iter().take(model.min_observations() - 1).copied().collect();
            let kind = model.fit(short.view()).map(|fitted| fitted.name()).map_err(|error| error.kind());
            assert_eq!(kind, Err(ErrorKind::InsufficientData), "{name}");
        }
    }
}

use alluse_risk_core::streams::Streams;
use ndarray::{Array1, Array2, ArrayView1};

use super::levels::{FittedLevels, LevelModel};
use super::selection::{AutoArima, AutoExponentialSmoothing};
use super::theta::Theta;
use crate::{Error, Result, check};

/// The median of the forecasts of several models: hard to beat, because their mistakes differ.
///
/// A simulated path belongs to each member in turn and is shifted, step by step, by the distance from the forecast of
/// its member to the median: the spread is that of the equal mixture, the centre the median.
///
/// # Source
/// Petropoulos and Svetunkov (2020), *A simple combination of univariate models*.
///
/// # Examples
/// ```
/// use alluse_forecast::time_series::{Arima, Combination, FittedLevels, LevelModel, Theta};
/// use ndarray::array;
///
/// let pair = Combination::new(vec![Box::new(Arima::new(0, 1, 0)), Box::new(Theta::new(1))])?;
/// let fitted = pair.fit(array![1.0, 3.0, 2.0, 5.0, 4.0, 6.0, 5.5].view())?;
/// assert_eq!(fitted.forecast(3)?.len(), 3);
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug)]
pub struct Combination {
    members: Vec<Box<dyn LevelModel>>,
}

#[derive(Debug)]
struct FittedCombination {
    members: Vec<Box<dyn FittedLevels>>,
}

impl Combination {
    /// Of these models.
    ///
    /// # Errors
    /// [`Error::Input`] for no model.
    pub fn new(members: Vec<Box<dyn LevelModel>>) -> Result<Self> {
        check::at_least_one("members", members.len())?;
        Ok(Self { members })
    }

    /// ARIMA and exponential smoothing with selected orders, and Theta, for a series with `period` observations a
    /// season, 1 for none.
    #[must_use]
    pub fn standard(period: usize) -> Self {
        let members: Vec<Box<dyn LevelModel>> = vec![
            Box::new(AutoArima::new(period)),
            Box::new(AutoExponentialSmoothing::new(period)),
            Box::new(Theta::new(period)),
        ];
        Self { members }
    }
}

fn joined(names: impl Iterator<Item = String>) -> String {
    format!("median of {}", names.collect::<Vec<_>>().join(", "))
}

impl LevelModel for Combination {
    fn name(&self) -> String {
        joined(self.members.iter().map(|member| member.name()))
    }

    fn min_observations(&self) -> usize {
        self.members.iter().map(|member| member.min_observations()).max().unwrap_or(0)
    }

    fn fit(&self, levels: ArrayView1<'_, f64>) -> Result<Box<dyn FittedLevels>> {
        let members: Result<Vec<_>> = self.members.iter().map(|member| member.fit(levels)).collect();
        Ok(Box::new(FittedCombination { members: members? }))
    }
}

impl FittedCombination {
    fn forecasts(&self, steps: usize) -> Result<Vec<Array1<f64>>> {
        self.members.iter().map(|member| member.forecast(steps)).collect()
    }
}

fn medians(forecasts: &[Array1<f64>], steps: usize) -> Array1<f64> {
    let median = |h: usize| {
        let mut values: Vec<f64> = forecasts.iter().map(|forecast| forecast[h]).collect();
        values.sort_unstable_by(f64::total_cmp);
        0.5 * (values[(values.len() - 1) / 2] + values[values.len() / 2])
    };
    (0..steps).map(median).collect()
}

impl FittedLevels for FittedCombination {
    fn name(&self) -> String {
        joined(self.members.iter().map(|member| member.name()))
    }

    fn forecast(&self, steps: usize) -> Result<Array1<f64>> {
        Ok(medians(&self.forecasts(steps)?, steps))
    }

    fn simulate(&self, steps: usize, paths: usize, seed: u64) -> Result<Array2<f64>> {
        check::at_least_one("paths", paths)?;
        let forecasts = self.forecasts(steps)?;
        let centre = medians(&forecasts, steps);
        let count = self.members.len();
        let mut out = Array2::zeros((paths, steps));
        for (at, (member, forecast)) in self.members.iter().zip(&forecasts).enumerate().take(paths) {
            let shift = &centre - forecast;
            let seed = Streams::new(seed).derived_seed(at as u64);
            let own = member.simulate(steps, (paths - at).div_ceil(count), seed)? + &shift;
            for (mut row, path) in out.rows_mut().into_iter().skip(at).step_by(count).zip(own.rows()) {
                row.assign(&path);
            }
        }
        if out.iter().all(|level| level.is_finite()) {
            Ok(out)
        } else {
            Err(Error::Input(alluse_risk_core::Error::Overflow { name: "simulated level" }))
        }
    }
}

#[cfg(test)]
mod tests {
    use testkit::close;

    use super::super::arima::Arima;
    use super::super::samples::hormone;
    use super::*;

    #[test]
    fn the_median_is_the_middle_of_three() {
        let models = || -> Vec<Box<dyn LevelModel>> {
            vec![Box::new(Arima::new(1, 0, 0)), Box::new(Arima::new(0, 1, 0)), Box::new(Theta::new(1))]
        };
        let singles: Vec<f64> =
            models().iter().map(|model| model.fit(hormone().view()).unwrap().forecast(3).unwrap()[2]).collect();
        let fitted = Combination::new(models()).unwrap().fit(hormone().view()).unwrap();
        let middle = fitted.forecast(3).unwrap()[2];
        assert_eq!(singles.iter().filter(|single| **single < middle).count(), 1);
        assert!(singles.contains(&middle), "{middle} of {singles:?}");
        // 20,000 paths: their spread is below 1, so four standard errors are below 0.03.
        let paths = fitted.simulate(3, 20_000, 9).unwrap();
        close(paths.column(2).mean().unwrap(), middle, 0.03);
        assert_eq!(fitted.simulate(3, 7, 9).unwrap(), paths.view().split_at(ndarray::Axis(0), 7).0);
        let intervals = fitted.intervals(3, alluse_risk_core::Confidence::P95).unwrap();
        assert!(intervals[2].0 < middle && middle < intervals[2].1);
    }

    #[test]
    fn hostile_input() {
        assert!(Combination::new(vec![]).is_err());
        let pair = Combination::new(vec![Box::new(Arima::new(0, 1, 0)), Box::new(Theta::new(1))]).unwrap();
        assert!(pair.fit(Array1::from_elem(20, 1.0).view()).is_err());
        let fitted = pair.fit(hormone().view()).unwrap();
        assert!(fitted.simulate(3, 0, 1).is_err() && fitted.forecast(0).is_err());
        assert_eq!(fitted.name(), "median of ARIMA(0,1,0), Theta");
    }
}

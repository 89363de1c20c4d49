use alluse_risk_core::{Confidence, Error as Input};
use serde::{Deserialize, Serialize};

use super::ReturnPaths;
use super::return_paths::growth;
use crate::{Predictive, Result};

/// Quantiles of the total return after every period.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fan {
    /// The median after each period.
    pub median: Vec<f64>,
    /// Central bands, in the order in which they were asked for.
    pub bands: Vec<FanBand>,
}

/// A central band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FanBand {
    /// Probability that the total return lies in it, after each period by itself.
    pub coverage: Confidence,
    /// Lower ends.
    pub lower: Vec<f64>,
    /// Upper ends.
    pub upper: Vec<f64>,
}

/// A stated quantile of the total return, and a path that ends near it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Scenario {
    /// Probability of a lower total return.
    pub probability: f64,
    /// The quantile.
    pub total_return: f64,
    /// Number of the path whose total return is nearest to it.
    pub path: usize,
    /// Total returns of that path, period by period.
    pub totals: Vec<f64>,
}

impl ReturnPaths {
    /// Median and central bands of the total return after every period.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for total returns that overflow.
    pub fn fan(&self, coverages: &[Confidence]) -> Result<Fan> {
        let mut fan = Fan { median: Vec::with_capacity(self.steps()), bands: Vec::new() };
        let empty = |&coverage| FanBand { coverage, lower: Vec::new(), upper: Vec::new() };
        fan.bands.extend(coverages.iter().map(empty));
        let mut levels = vec![1.0; self.len()];
        for step in self.values().columns() {
            levels.iter_mut().zip(step).for_each(|(level, r)| *level *= 1.0 + r);
            let totals = Predictive::new(levels.iter().map(|level| level - 1.0).collect::<Vec<_>>())?;
            fan.median.push(totals.median());
            for band in &mut fan.bands {
                let (lower, upper) = totals.interval(band.coverage);
                band.lower.push(lower);
                band.upper.push(upper);
            }
        }
        Ok(fan)
    }

    /// Scenarios such as bear, base and bull as stated quantiles of the total return over `steps` periods: what a tenth
    /// of the paths stays below is the 0.1 quantile, whatever the shape of the distribution.
    ///
    /// # Errors
    /// [`Error::Input`](crate::Error::Input) for no probability or one outside [0, 1], and unless `steps` lies in 1 to
    /// [`steps`](Self::steps).
    pub fn scenarios(&self, probabilities: &[f64], steps: usize) -> Result<Vec<Scenario>> {
        if probabilities.is_empty() {
            return Err(Input::Empty { name: "probabilities" }.into());
        }
        let steps = self.within(steps)?;
        let ends = self.over_paths(|path| growth(path, steps) - 1.0);
        let all = Predictive::new(ends.clone())?;
        let scenario = |&probability: &f64| {
            let total_return = all.quantile(probability)?;
            let gap = |end: &f64| (end - total_return).abs();
            let nearest = ends.iter().enumerate().min_by(|(_, a), (_, b)| gap(a).total_cmp(&gap(b)));
            let path = nearest.map_or(0, |(path, _)| path);
            let mut level = 1.0;
            let total = |r: &f64| {
                level *= 1.0 + r;
                level - 1.0
            };
            let totals = self.values().row(path).iter().take(steps).map(total).collect();
            Ok(Scenario { probability, total_return, path, totals })
        };
        probabilities.iter().map(scenario).collect()
    }
}

use ndarray::{Array1, Array2, ArrayView1};

use super::levels::{FittedLevels, LevelModel};
use crate::simulation::{FittedPaths, PathModel, ReturnPaths};
use crate::{Result, check};

/// A model of returns made of a model of levels: it is fitted to the logarithm of the price that the returns compound
/// to, 0 before the first, and its simulated levels are turned back into simple returns.
///
/// ```
/// use alluse_forecast::simulation::PathModel;
/// use alluse_forecast::time_series::{Arima, Constant, GrowthPaths};
/// use ndarray::array;
///
/// // A random walk with drift of the logarithm of the price.
/// let model = GrowthPaths::new(Box::new(Arima::new(0, 1, 0).with_constant(Constant::Mean)));
/// let fitted = model.fit(array![0.01, -0.02, 0.015, 0.0, 0.01, -0.005].view())?;
/// assert_eq!(fitted.simulate(20, 100, 1)?.len(), 100);
/// # Ok::<(), alluse_forecast::Error>(())
/// ```
#[derive(Debug)]
pub struct GrowthPaths {
    name: String,
    model: Box<dyn LevelModel>,
}

#[derive(Debug)]
struct FittedGrowth {
    fitted: Box<dyn FittedLevels>,
    last: f64,
}

impl GrowthPaths {
    /// Growth as this model of levels sees it.
    #[must_use]
    pub fn new(model: Box<dyn LevelModel>) -> Self {
        Self { name: format!("growth: {}", model.name()), model }
    }
}

impl PathModel for GrowthPaths {
    fn name(&self) -> &str {
        &self.name
    }

    fn min_observations(&self) -> usize {
        // The level before the first return counts.
        self.model.min_observations().saturating_sub(1).max(1)
    }

    fn fit(&self, returns: ArrayView1<'_, f64>) -> Result<Box<dyn FittedPaths>> {
        check::finite("returns", returns)?;
        check::elements("returns", "above -1", returns, |r| r > -1.0)?;
        let mut last = 0.0;
        let mut levels = Vec::with_capacity(returns.len() + 1);
        levels.push(last);
        for r in returns {
            last += r.ln_1p();
            levels.push(last);
        }
        Ok(Box::new(FittedGrowth { fitted: self.model.fit(Array1::from_vec(levels).view())?, last }))
    }
}

impl FittedPaths for FittedGrowth {
    fn simulate(&self, steps: usize, paths: usize, seed: u64) -> Result<ReturnPaths> {
        let levels = self.fitted.simulate(steps, paths, seed)?;
        let mut returns = Array2::zeros(levels.dim());
        for (mut out, path) in returns.rows_mut().into_iter().zip(levels.rows()) {
            let mut before = self.last;
            for (slot, level) in out.iter_mut().zip(path) {
                *slot = (level - before).exp_m1();
                before = *level;
            }
        }
        ReturnPaths::new(returns)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use testkit::close;

    use super::super::arima::{Arima, Constant};
    use super::*;

    #[test]
    fn a_random_walk_with_drift_grows_like_its_history() {
        let returns = array![0.10, -0.05, 0.02, 0.03, -0.04, 0.05, 0.01, -0.02];
        let logs = returns.mapv(f64::ln_1p);
        let model = GrowthPaths::new(Box::new(Arima::new(0, 1, 0).with_constant(Constant::Mean)));
        assert_eq!(model.name(), "growth: ARIMA(0,1,0) with drift");
        let paths = model.fit(returns.view()).unwrap().simulate(4, 50_000, 5).unwrap();
        // The log of the total is normal with four times mean and variance of the logs; four standard errors.
        let total: Array1<f64> = paths.total_return(4).unwrap().outcomes().iter().map(|r| r.ln_1p()).collect();
        let (mean, variance) = (4.0 * logs.mean().unwrap(), 4.0 * logs.var(0.0));
        close((total.mean().unwrap() - mean) / (variance / 50_000.0).sqrt(), 0.0, 4.0);
        close(total.var(0.0) / variance, 1.0, 4.0 * (2.0 / 50_000_f64).sqrt());
    }

    #[test]
    fn hostile_input() {
        let model = GrowthPaths::new(Box::new(Arima::new(0, 1, 0)));
        assert!(model.fit(array![0.1, -1.0, 0.2].view()).is_err());
        assert!(model.fit(array![0.1, f64::NAN, 0.2].view()).is_err());
        assert!(model.fit(array![0.1].view()).is_err());
    }
}

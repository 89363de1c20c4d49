//! Simulated futures of a hidden Markov model.

use alluse_risk_core::streams::{BLOCK, Streams};
use ndarray::{Array2, ArrayView1};
use rand::{Rng, RngExt};
use rand_distr::{ChiSquared, Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::{FittedHiddenMarkov, HiddenMarkov, RegimeFilter};
use crate::simulation::{FittedPaths, PathModel, ReturnPaths};
use crate::{Error, Result, check};

/// Returns by regime: the state goes on from its filtered probabilities at the end of the history, and every return
/// is drawn from the law of its state.
///
/// A simple return below −1 is a total loss: it is drawn as −1. (At the volatility of a market over a day no draw
/// comes near it.)
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RegimePaths {
    model: HiddenMarkov,
}

impl RegimePaths {
    /// Paths of this model.
    #[must_use]
    pub fn new(model: HiddenMarkov) -> Self {
        Self { model }
    }
}

impl PathModel for RegimePaths {
    fn name(&self) -> &str {
        "hidden Markov regimes"
    }

    fn min_observations(&self) -> usize {
        self.model.fewest_observations()
    }

    fn fit(&self, returns: ArrayView1<'_, f64>) -> Result<Box<dyn FittedPaths>> {
        Ok(Box::new(self.model.fit(returns)?))
    }
}

impl FittedPaths for FittedHiddenMarkov {
    fn simulate(&self, steps: usize, paths: usize, seed: u64) -> Result<ReturnPaths> {
        self.filter().simulate(steps, paths, seed)
    }
}

impl FittedPaths for RegimeFilter {
    fn simulate(&self, steps: usize, paths: usize, seed: u64) -> Result<ReturnPaths> {
        check::at_least_one("steps", steps)?;
        check::at_least_one("paths", paths)?;
        let draws = Draws::new(self)?;
        let mut values = Array2::zeros((paths, steps));
        let filled = Streams::new(seed).try_fill_chunks(&mut values, BLOCK, |_, stream, mut rows| {
            for mut row in rows.rows_mut() {
                let mut cumulative = draws.first.as_slice();
                for slot in &mut row {
                    let state = draw(cumulative, stream);
                    *slot = draws.laws[state].draw(stream).max(-1.0);
                    cumulative = &draws.moves[state];
                }
            }
            Ok(())
        });
        filled?;
        ReturnPaths::new(values)
    }
}

/// The chain as cumulative probabilities, and the laws ready to draw from.
struct Draws {
    first: Vec<f64>,
    moves: Vec<Vec<f64>>,
    laws: Vec<Law>,
}

struct Law {
    mean: f64,
    scale: f64,
    degrees: Option<(f64, ChiSquared<f64>)>,
}

impl Draws {
    fn new(filter: &RegimeFilter) -> Result<Self> {
        let parameters = filter.parameters();
        let laws = parameters.states().iter().map(|law| {
            let degrees = law.degrees_of_freedom().map(|nu| {
                let squares = ChiSquared::new(nu);
                squares.map(|squares| (nu, squares)).map_err(|_| Error::invalid("degrees of freedom", format!("{nu}")))
            });
            Ok(Law { mean: law.mean(), scale: law.squared_scale().sqrt(), degrees: degrees.transpose()? })
        });
        Ok(Self {
            first: cumulative(filter.predicted().iter().copied()),
            moves: parameters.transition().rows().iter().map(|row| cumulative(row.iter().copied())).collect(),
            laws: laws.collect::<Result<_>>()?,
        })
    }
}

impl Law {
    fn draw(&self, stream: &mut impl Rng) -> f64 {
        let normal: f64 = StandardNormal.sample(stream);
        let shock = match &self.degrees {
            None => normal,
            Some((nu, squares)) => normal * (nu / squares.sample(stream)).sqrt(),
        };
        self.mean + self.scale * shock
    }
}

fn cumulative(probabilities: impl Iterator<Item = f64>) -> Vec<f64> {
    let running = probabilities.scan(0.0, |sum, p| {
        *sum += p;
        Some(*sum)
    });
    running.collect()
}

fn draw(cumulative: &[f64], stream: &mut impl Rng) -> usize {
    let uniform = stream.random::<f64>();
    cumulative.partition_point(|bound| *bound <= uniform).min(cumulative.len() - 1)
}

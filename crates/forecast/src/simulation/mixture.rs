use alluse_risk_core::Error as Input;
use alluse_risk_core::streams::Streams;
use ndarray::ArrayView1;
use rand::RngExt;

use super::{FittedPaths, PathModel, ReturnPaths};
use crate::{Error, Result, check};

/// One of several models, chosen path by path by fixed weights.
#[derive(Debug)]
pub struct Mixture {
    name: String,
    parts: Vec<(f64, Box<dyn PathModel>)>,
}

impl Mixture {
    /// From weights, brought to the sum one, and models.
    ///
    /// # Errors
    /// [`Error::Input`] for no part, a weight that is negative or not finite, and weights that are all zero.
    pub fn new(name: impl Into<String>, parts: Vec<(f64, Box<dyn PathModel>)>) -> Result<Self> {
        if parts.is_empty() {
            return Err(Input::Empty { name: "parts of a mixture" }.into());
        }
        let fits = |weight: f64| weight >= 0.0 && weight.is_finite();
        if let Some(index) = parts.iter().position(|(weight, _)| !fits(*weight)) {
            let (name, expected, value) = ("weights", "finite and not negative", parts[index].0);
            return Err(Input::ElementOutOfDomain { name, index, expected, value }.into());
        }
        let total = check::positive("sum of the weights", parts.iter().map(|(weight, _)| weight).sum())?;
        let parts = parts.into_iter().map(|(weight, model)| (weight / total, model)).collect();
        Ok(Self { name: name.into(), parts })
    }
}

impl PathModel for Mixture {
    fn name(&self) -> &str {
        &self.name
    }

    fn min_observations(&self) -> usize {
        self.parts.iter().map(|(_, model)| model.min_observations()).max().unwrap_or(1)
    }

    fn fit(&self, returns: ArrayView1<'_, f64>) -> Result<Box<dyn FittedPaths>> {
        let mut parts = Vec::new();
        for (weight, model) in &self.parts {
            if *weight > 0.0 {
                let named = |error: Error| Error::invalid(model.name(), error.to_string());
                parts.push((*weight, model.fit(returns).map_err(named)?));
            }
        }
        Ok(Box::new(FittedMixture { parts }))
    }
}

#[derive(Debug)]
struct FittedMixture {
    parts: Vec<(f64, Box<dyn FittedPaths>)>,
}

impl FittedPaths for FittedMixture {
    fn simulate(&self, steps: usize, paths: usize, seed: u64) -> Result<ReturnPaths> {
        let mut values = super::model::room(steps, paths)?;
        let streams = Streams::new(seed);
        let mut choice = streams.block(0);
        let chosen: Vec<usize> = (0..paths).map(|_| self.part(choice.random())).collect();
        for (k, (_, part)) in self.parts.iter().enumerate() {
            let count = chosen.iter().filter(|&&of| of == k).count();
            if count == 0 {
                continue;
            }
            let own = part.simulate(steps, count, streams.derived_seed(k as u64 + 1))?;
            let rows = chosen.iter().enumerate().filter(|&(_, &of)| of == k);
            for ((row, _), path) in rows.zip(own.values().rows()) {
                values.row_mut(row).assign(&path);
            }
        }
        ReturnPaths::new(values)
    }
}

impl FittedMixture {
    fn part(&self, draw: f64) -> usize {
        let mut sum = 0.0;
        let above = |(weight, _): &(f64, Box<dyn FittedPaths>)| {
            sum += weight;
            draw < sum
        };
        self.parts.iter().position(above).unwrap_or(self.parts.len() - 1)
    }
}

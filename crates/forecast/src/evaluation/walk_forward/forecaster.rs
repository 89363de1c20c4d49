use std::fmt;

use ndarray::ArrayView1;

use crate::simulation::PathModel;
use crate::{Predictive, Result};

/// A model whose forecasts are to be judged.
pub trait ReturnForecaster: fmt::Debug + Send + Sync {
    /// What the model is called in tables.
    fn name(&self) -> &str;

    /// Estimates the parameters on simple returns in date order. The view ends where the training rows end: there is
    /// no way from it to a later row.
    ///
    /// # Errors
    /// When the rows are too few or the fit fails; the evaluation counts it as a failure at every origin that this fit
    /// would have served.
    fn fit<'a>(&'a self, training: ArrayView1<'_, f64>) -> Result<Box<dyn FittedForecaster + 'a>>;
}

/// A model with its parameters estimated, to be asked from this and later origins.
pub trait FittedForecaster: fmt::Debug + Send + Sync {
    /// The distributions of the total return `Π(1 + rₜ) − 1` of the next h rows, one for each of the `horizons`, which
    /// increase. `history` holds the rows known at the origin: those of the fit and what came after them.
    ///
    /// # Errors
    /// When the model cannot answer from this history; counted and listed by the evaluation.
    fn predict(&self, history: ArrayView1<'_, f64>, horizons: &[usize], seed: u64) -> Result<Vec<Predictive>>;
}

/// A forecaster that is a function of the known rows, without parameters to keep.
pub struct FnForecaster<F> {
    name: String,
    predict: F,
}

impl<F> FnForecaster<F>
where
    F: Fn(ArrayView1<'_, f64>, &[usize], u64) -> Result<Vec<Predictive>> + Send + Sync,
{
    /// From a name and a function of the rows known at the origin, the horizons and a seed.
    pub fn new(name: impl Into<String>, predict: F) -> Self {
        Self { name: name.into(), predict }
    }
}

impl<F> fmt::Debug for FnForecaster<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("FnForecaster").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<F> ReturnForecaster for FnForecaster<F>
where
    F: Fn(ArrayView1<'_, f64>, &[usize], u64) -> Result<Vec<Predictive>> + Send + Sync,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn fit<'a>(&'a self, _: ArrayView1<'_, f64>) -> Result<Box<dyn FittedForecaster + 'a>> {
        Ok(Box::new(Call(self)))
    }
}

struct Call<'a, F>(&'a FnForecaster<F>);

impl<F> fmt::Debug for Call<'_, F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, formatter)
    }
}

impl<F> FittedForecaster for Call<'_, F>
where
    F: Fn(ArrayView1<'_, f64>, &[usize], u64) -> Result<Vec<Predictive>> + Send + Sync,
{
    fn predict(&self, history: ArrayView1<'_, f64>, horizons: &[usize], seed: u64) -> Result<Vec<Predictive>> {
        (self.0.predict)(history, horizons, seed)
    }
}

/// A path model as a forecaster.
///
/// A fitted path model goes on from the end of its own sample, so it is fitted at every origin, on all rows known
/// there; the refit schedule and the purge do not apply to it.
#[derive(Debug)]
pub struct PathForecaster<M> {
    model: M,
    paths: usize,
}

impl<M: PathModel> PathForecaster<M> {
    /// From a model and the number of futures to simulate at each origin.
    pub fn new(model: M, paths: usize) -> Self {
        Self { model, paths }
    }
}

impl<M: PathModel> ReturnForecaster for PathForecaster<M> {
    fn name(&self) -> &str {
        self.model.name()
    }

    fn fit<'a>(&'a self, _: ArrayView1<'_, f64>) -> Result<Box<dyn FittedForecaster + 'a>> {
        Ok(Box::new(AtOrigin(self)))
    }
}

#[derive(Debug)]
struct AtOrigin<'a, M>(&'a PathForecaster<M>);

impl<M: PathModel> FittedForecaster for AtOrigin<'_, M> {
    fn predict(&self, history: ArrayView1<'_, f64>, horizons: &[usize], seed: u64) -> Result<Vec<Predictive>> {
        let steps = horizons.iter().copied().max().unwrap_or(0);
        let futures = self.0.model.fit(history)?.simulate(steps, self.0.paths, seed)?;
        horizons.iter().map(|&horizon| futures.total_return(horizon)).collect()
    }
}

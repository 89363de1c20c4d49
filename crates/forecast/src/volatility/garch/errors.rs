use alluse_risk_core::linalg::cholesky;
use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use super::certificate::Concern;
use super::fitted::FittedGarch;
use super::layout::Layout;
use super::model::VarianceEquation;
use super::recursion::{Recursion, Sample};
use crate::{Error, Result};

/// Where standard errors come from. With second derivatives `H` and scores `S` of the log-likelihood by return:
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ParameterErrors {
    /// `(−H)⁻¹`: right when the law is.
    Hessian,
    /// `(S'S)⁻¹`: right when the law is, without second derivatives.
    OuterProduct,
    /// `(−H)⁻¹ S'S (−H)⁻¹` of Bollerslev and Wooldridge (1992): right when mean and variance are, whatever the law.
    #[default]
    Robust,
}

/// A parameter with its standard error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ParameterError {
    /// Its name.
    pub name: String,
    /// Its estimate.
    pub value: f64,
    /// Its standard error; `None` at a bound, where there is none.
    pub standard_error: Option<f64>,
}

impl FittedGarch {
    /// Standard errors of the parameters.
    ///
    /// # Errors
    /// [`Error::Undefined`] where the log-likelihood is not curved downwards in every direction, and at parameters that
    /// were given and not fitted.
    pub fn standard_errors(&self, method: ParameterErrors) -> Result<Vec<ParameterError>> {
        let Some(certificate) = self.certificate() else {
            return Err(Error::undefined("standard errors", "the parameters were given, not fitted"));
        };
        let layout = Layout::new(&self.model);
        let names = layout.names();
        let bounded = |name: &String| {
            certificate.concerns.iter().any(|c| matches!(c, Concern::AtBound { parameter } if parameter == name))
        };
        let free: Vec<usize> = (0..layout.len()).filter(|&k| !bounded(&names[k])).collect();
        let sample = Sample::new(&layout, self.returns.iter().map(|value| value / self.scale).collect())?;
        let at = self.parameters.clone().scaled(1.0 / self.scale).vector();
        let mut differences = Differences { recursion: Recursion::new(&layout, &sample), sample: &sample, layout, at };
        let covariance = match method {
            ParameterErrors::Hessian => inverse(differences.information(&free))?,
            ParameterErrors::OuterProduct => inverse(differences.outer_product(&free)?)?,
            ParameterErrors::Robust => {
                let bread = inverse(differences.information(&free))?;
                bread.dot(&differences.outer_product(&free)?).dot(&bread)
            }
        };
        let turn = self.unit_change(&layout, &free);
        let covariance = turn.dot(&covariance).dot(&turn.t());
        let values = self.parameters.vector();
        let of = |(k, name): (usize, String)| {
            let place = free.iter().position(|&position| position == k);
            let standard_error = place.map(|i| covariance[(i, i)].sqrt());
            ParameterError { name, value: values[k], standard_error }
        };
        Ok(names.into_iter().enumerate().map(of).collect())
    }

    /// Slopes of the parameters in the unit of the returns by those of returns of variance 1.
    fn unit_change(&self, layout: &Layout, free: &[usize]) -> Array2<f64> {
        let (s, omega) = (self.scale, layout.omega());
        let mut turn = Array2::eye(free.len());
        let place = |k: usize| free.iter().position(|&position| position == k);
        if layout.constants() == 1
            && let Some(i) = place(0)
        {
            turn[(i, i)] = s;
        }
        let Some(row) = place(omega) else { return turn };
        match layout.equation {
            VarianceEquation::Garch => turn[(row, row)] = s * s,
            VarianceEquation::Tarch => turn[(row, row)] = s,
            VarianceEquation::Egarch => {
                for column in (layout.beta()..layout.power()).filter_map(place) {
                    turn[(row, column)] = -2.0 * libm::log(s);
                }
            }
            VarianceEquation::Aparch => {
                turn[(row, row)] = libm::pow(s, self.parameters.power.unwrap_or(2.0));
                if let Some(column) = place(layout.power()) {
                    turn[(row, column)] = self.parameters.omega * libm::log(s);
                }
            }
        }
        turn
    }
}

/// Derivatives of the log-likelihood of returns of variance 1.
struct Differences<'a> {
    recursion: Recursion,
    sample: &'a Sample,
    layout: Layout,
    at: Vec<f64>,
}

impl Differences<'_> {
    /// Small against the parameter, and against its distance from a bound at zero.
    fn step(&self, k: usize) -> f64 {
        let size = self.at[k].abs();
        let step = 1e-5 * size.max(0.05);
        let positive = self.layout.equation != VarianceEquation::Egarch
            && k >= self.layout.omega()
            && !(self.layout.gamma()..self.layout.beta()).contains(&k);
        if positive { step.min(0.3 * size) } else { step }
    }

    fn moved(&mut self, k: usize, by: f64) -> Vec<f64> {
        let mut at = self.at.clone();
        at[k] += by;
        at
    }

    /// Minus the second derivatives, by central differences of the gradient.
    fn information(&mut self, free: &[usize]) -> Array2<f64> {
        let mut information = Array2::zeros((free.len(), free.len()));
        let (mut up, mut down) = (vec![0.0; self.at.len()], vec![0.0; self.at.len()]);
        for (row, &k) in free.iter().enumerate() {
            let step = self.step(k);
            let at = self.moved(k, step);
            self.recursion.evaluate(self.sample, &at, Some(&mut up));
            let at = self.moved(k, -step);
            self.recursion.evaluate(self.sample, &at, Some(&mut down));
            for (column, &j) in free.iter().enumerate() {
                information[(row, column)] = (down[j] - up[j]) / (2.0 * step);
            }
        }
        0.5 * (&information + &information.t())
    }

    fn outer_product(&mut self, free: &[usize]) -> Result<Array2<f64>> {
        let mut scores = Array2::zeros((self.sample.residual_count(&self.layout), free.len()));
        for (column, &k) in free.iter().enumerate() {
            let step = self.step(k);
            let mut side = |by: f64| {
                let at = self.moved(k, by);
                let unusable = || Error::undefined("standard errors", "a variance beside the optimum is not positive");
                self.recursion.by_return(self.sample, &at).ok_or_else(unusable)
            };
            let (up, down) = (side(step)?, side(-step)?);
            let slopes: Array1<f64> = up.iter().zip(&down).map(|(a, b)| (a - b) / (2.0 * step)).collect();
            scores.column_mut(column).assign(&slopes);
        }
        Ok(scores.t().dot(&scores))
    }
}

fn inverse(matrix: Array2<f64>) -> Result<Array2<f64>> {
    let scale = matrix.diag().mapv(|value: f64| if value > 0.0 { 1.0 / value.sqrt() } else { f64::NAN });
    let refused =
        || Error::undefined("standard errors", "the log-likelihood is not curved downwards in every direction");
    if scale.iter().any(|value| !value.is_finite()) {
        return Err(refused());
    }
    let unit = Array2::from_shape_fn(matrix.raw_dim(), |(i, j)| matrix[(i, j)] * scale[i] * scale[j]);
    let inverse = cholesky(unit.view()).and_then(|factor| factor.inverse()).map_err(|_| refused())?;
    Ok(Array2::from_shape_fn(matrix.raw_dim(), |(i, j)| inverse[(i, j)] * scale[i] * scale[j]))
}

//! The GARCH family by maximum likelihood.

mod certificate;
mod errors;
mod fitted;
mod forecast;
mod layout;
mod model;
mod one_lag;
mod parameters;
mod recursion;
mod search;
#[cfg(test)]
mod tests;
mod transform;

pub use certificate::{Certificate, Concern};
pub use errors::{ParameterError, ParameterErrors};
pub use fitted::FittedGarch;
pub use forecast::AsymmetryShare;
pub use model::{Garch, InitialVariance, MeanEquation, VarianceEquation};
pub use parameters::GarchParameters;

//! The heterogeneous autoregression of variances (Corsi 2009).
//!
//! [`Har`] regresses any series of variances: squared returns, ranges, realised variances. [`HarVolatility`] puts it
//! behind the contract of volatility models.

mod average;
mod fit;
mod forecast;
mod model;
mod normal_equations;
#[cfg(test)]
mod tests;
mod volatility;
mod windows;

pub use average::{HarAverageFit, HarAverageForecast};
pub use fit::{HarFit, HarSummary};
pub use forecast::HarForecast;
pub use model::{Har, HarFloor, HarTransform};
pub use volatility::{FittedHar, HarVolatility, ReturnMean};

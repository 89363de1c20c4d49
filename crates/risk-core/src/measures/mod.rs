//! Risk measures on samples of losses and on value paths.

mod drawdown;
mod quantile;
mod sample;
mod spectrum;

pub use drawdown::DrawdownPath;
pub use quantile::QuantileRule;
pub use sample::LossSample;
pub use spectrum::Spectrum;

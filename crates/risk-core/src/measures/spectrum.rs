/// A spectrum of risk aversion: weights over the quantiles of the loss.
#[derive(Debug, Clone, PartialEq)]
pub struct Spectrum {}

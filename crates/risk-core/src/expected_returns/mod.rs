//! Expected returns and how uncertain they are.
//!
//! | estimator | expected return |
//! |---|---|
//! | [`HistoricalMean`] | mean of the sample, arithmetic or compounded |
//! | [`ExponentialMean`] | the same, recent observations count more |
//! | [`JamesStein`] | sample mean, pulled towards a common value |
//! | [`BayesStein`] | the same with Jorion's prior, predictive covariance included |
//! | [`Capm`] | risk-free rate plus beta times the market's premium |
//! | [`Equilibrium`] | what would make given weights optimal |
//!
//! Every estimate says how its errors covary where that can be said, for optimisers that want to be robust
//! against them. Estimates are per period of the returns unless a [`Frequency`](crate::Frequency) is named.
//! [`JamesStein`] and [`BayesStein`] need one of the features `linalg` and `lapack`.
//!
//! ```
//! use alluse_risk_core::Frequency;
//! use alluse_risk_core::expected_returns::{Compounding, ExpectedReturns, HistoricalMean};
//! use ndarray::array;
//!
//! let returns = array![[0.01, 0.02], [-0.01, 0.01], [0.03, -0.03], [0.01, 0.04]];
//! let yearly = HistoricalMean::new(Compounding::Arithmetic).with_frequency(Frequency::Monthly);
//! let estimate = yearly.estimate(returns.view())?;
//! assert!((estimate.values[0] - 0.12).abs() < 1e-15);
//! # Ok::<(), alluse_risk_core::Error>(())
//! ```

#[cfg(any(feature = "linalg", feature = "lapack"))]
mod bayes_stein;
mod capm;
mod equilibrium;
mod estimate;
mod exponential;
mod historical;
#[cfg(any(feature = "linalg", feature = "lapack"))]
mod james_stein;

#[cfg(any(feature = "linalg", feature = "lapack"))]
pub use bayes_stein::{BayesStein, BayesSteinEstimate};
pub use capm::{Capm, CapmEstimate, MarketProxy};
pub use equilibrium::{Equilibrium, implied_risk_aversion};
pub use estimate::{Compounding, ExpectedReturns, ExpectedReturnsEstimate, Shrinkage};
pub use exponential::ExponentialMean;
pub use historical::HistoricalMean;
#[cfg(any(feature = "linalg", feature = "lapack"))]
pub use james_stein::{JamesStein, ShrinkageLoss, ShrinkageTarget};

#[cfg(test)]
mod tests;

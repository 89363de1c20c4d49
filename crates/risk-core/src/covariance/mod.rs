//! Covariance and correlation: the checked type, the estimators, and repairs of matrices that are
//! not positive semidefinite.
//!
//! | estimator | answers |
//! |---|---|
//! | [`SampleCovariance`] | every observation counts the same |
//! | [`EwmaCovariance`] | recent observations count more |
//! | [`SemiCovariance`] | only returns below a target count |
//! | [`PairwiseCovariance`] | some returns are missing |
//! | [`LinearShrinkage`] | few observations an asset: drawn toward a simple target |
//! | [`NonlinearShrinkage`] | many assets: every eigenvalue corrected on its own |
//! | [`GerberCovariance`] | only moves beyond a threshold count, by their direction |
//! | [`DenoisedCovariance`] | what looks like noise in the eigenvalues is averaged away |
//! | [`DetonedCovariance`] | the market component is taken out |
//! | [`GraphicalLasso`] | most partial correlations are zero |
//! | [`SampleCorrelation`] | Pearson, Spearman or Kendall correlation |
//!
//! Estimates are per period of the returns; [`Covariance::annualized`] says otherwise. Questions of
//! definiteness and every repair need one of the features `linalg` and `lapack`; without them they
//! return [`Error::Unsupported`](crate::Error::Unsupported).
//!
//! ```
//! use alluse_risk_core::covariance::SampleCovariance;
//! use ndarray::array;
//!
//! let returns = array![[0.01, 0.02], [-0.01, 0.01], [0.03, -0.03], [0.01, 0.04]];
//! let estimate = SampleCovariance::default().estimate(returns.view())?;
//! let variance = estimate.covariance.variance_of(array![0.5, 0.5].view())?;
//! // Half of each: 1.5 %, 0 %, 0 %, 2.5 %.
//! assert!((variance - 4.5e-4 / 3.0).abs() < 1e-18);
//! # Ok::<(), alluse_risk_core::Error>(())
//! ```

mod correlation;
mod definiteness;
mod denoise;
mod detone;
mod estimate;
pub mod ewma;
#[cfg(any(feature = "linalg", feature = "lapack"))]
mod factored;
mod gerber;
mod graphical_lasso;
mod kendall;
mod marchenko_pastur;
mod matrix;
mod nearest;
mod nonlinear;
mod pairwise;
mod ranks;
mod repair;
#[cfg(any(feature = "linalg", feature = "lapack"))]
mod robust;
mod sample;
mod semi;
mod shrinkage;
mod spectral;
pub(crate) mod symmetry;

pub use correlation::{CorrelationEstimate, CorrelationMethod, SampleCorrelation};
pub use definiteness::{CovarianceSummary, Definiteness};
pub use denoise::{Denoised, DenoisedCovariance, NoiseTreatment, NoiseVariance};
pub use detone::DetonedCovariance;
pub use estimate::{CovarianceEstimate, CovarianceEstimator, CovarianceFlag};
pub use ewma::{EwmaCentre, EwmaCovariance, EwmaWeights};
#[cfg(any(feature = "linalg", feature = "lapack"))]
pub use factored::{
    FactorCovariance, FactorInverse, FactorRegression, FactorRegressionEstimate, FactorRisk, FactorScaling,
    ResidualDdof, ResidualFloor, StatisticalFactorEstimate, StatisticalFactors,
};
pub use gerber::{GerberCovariance, GerberDenominator};
pub use graphical_lasso::{GraphicalLasso, GraphicalLassoSolution, LassoScale};
pub use matrix::Covariance;
pub use nearest::{NearestAlgorithm, NearestCorrelation, NearestCorrelationSolution};
pub use nonlinear::{EigenvalueOrder, NonlinearShrinkage, NonlinearlyShrunk};
pub use pairwise::{PairwiseCovariance, PairwiseEstimate};
pub use repair::{
    ClippedEigenvalues, PsdPolicy, RepairAction, Repaired, ShrunkCorrelation, clip_correlation, clip_eigenvalues,
    shrink_correlation,
};
#[cfg(any(feature = "linalg", feature = "lapack"))]
pub use robust::{
    DegreesOfFreedom, DegreesOfFreedomStatus, MultivariateStudentT, ScatterCentre, ScatterScale, StudentTScatter,
    TylerFit, TylerScatter,
};
pub use sample::SampleCovariance;
pub use semi::{SemiCovariance, SemiTarget};
pub use shrinkage::{LinearShrinkage, LinearlyShrunk, ShrinkageIntensity, ShrinkageTarget};
pub(crate) use spectral::{eigenvalues, gram};

#[cfg(test)]
mod tests;

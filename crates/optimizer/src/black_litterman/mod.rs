//! Expected returns from a prior and views (Black and Litterman), dense or on factors.

mod model;
mod posterior;
mod report;
mod risk_aversion;
mod statement;
#[cfg(test)]
mod tests;
mod view;

pub use model::{BlackLitterman, Prior, ReturnBasis};
pub use posterior::Posterior;
pub use report::{ImpliedConfidence, PosteriorCovariance, PosteriorWeights, ViewReport, ViewsTest, WeightsCovariance};
pub use risk_aversion::implied_risk_aversion;
pub use view::{ReturnKind, Subject, Uncertainty, View, ViewPeriod};

//! Returns explained by factors: over time, across assets, by style, by principal components.
//!
//! Every attribution adds up: in each period the parts sum to the return, and linked over the periods they sum to
//! the total return. What factors do not explain is a part of its own, never spread over the others.
//!
//! | question | answer |
//! |---|---|
//! | which factors did the returns move with, and what did each add? | [`FactorModel::attribute`] |
//! | the same with betas that were known beforehand; was it tilt or timing? | [`FactorModel::attribute_ex_ante`] |
//! | what did exposures known at the start of each period earn? | [`CrossSectionModel::fit`] |
//! | which mix of indices behaves like the fund? | [`StyleAnalysis::fit`] |
//! | how many forces move a market? | [`PrincipalComponents::of`], [`absorption_ratio`] |
//! | are the alphas of many portfolios zero together? | [`grs_test`] |

mod alpha_test;
mod contributions;
mod cross_section;
mod ex_ante;
mod fama_macbeth;
mod principal_components;
mod simplex;
mod style;
#[cfg(test)]
mod tests;
mod time_series;

pub use alpha_test::{GrsTest, grs_test};
pub use contributions::{Contribution, Contributions, Term};
pub use cross_section::{
    CrossSection, CrossSectionErrors, CrossSectionModel, FactorReturns, PeriodFactorReturns,
    PortfolioFactorAttribution, RegressionWeights,
};
pub use ex_ante::{EstimationWindow, ExAnteAttribution, TiltAndTiming};
pub use fama_macbeth::FactorPremium;
pub use principal_components::{ComponentMatrix, LoadingSign, PrincipalComponents, absorption_ratio};
pub use style::{StyleAnalysis, StyleFit};
pub use time_series::{FactorAttribution, FactorEffect, FactorModel};

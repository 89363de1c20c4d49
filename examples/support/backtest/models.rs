//! The models that are judged.

use std::sync::Arc;

use alluse_quant::forecast::innovations::Innovations as Shocks;
use alluse_quant::forecast::volatility::Garch;
use alluse_quant::risk_core::volatility::EwmaVolatility;
use alluse_quant::risk_core::{HalfLife, VarModel};
use alluse_quant::var_models::{
    AgeWeighted, Conditional, ConditionalPeaksOverThreshold, FactorLaw, FilterScope, FilteredHistorical,
    FullRevaluation, Historical, Innovations, KernelHistorical, MarginalKind, MonteCarlo, ParametricCornishFisher,
    ParametricNormal, ParametricSkewedT, ParametricStudentT, PeaksOverThreshold, ScenarioFilter, Simulation,
    VolatilityWeighted,
};

use super::portfolios::{OptionBooks, Portfolio};
use crate::Result;

/// A model and how often its parameters are estimated.
#[derive(Debug)]
pub struct Contender {
    /// The model.
    pub model: Box<dyn VarModel>,
    /// Days between two fits; 1 for models that have nothing to fit.
    pub refit_every: usize,
    /// Whether it revalues the books instead of looking at the series that they earned.
    pub revalues: bool,
}

/// Days between two fits of a model with parameters.
pub const REFIT_EVERY: usize = 21;

impl Contender {
    fn daily(model: impl VarModel + 'static) -> Self {
        Self { model: Box::new(model), refit_every: 1, revalues: false }
    }

    fn monthly(model: impl VarModel + 'static) -> Self {
        Self { model: Box::new(model), refit_every: REFIT_EVERY, revalues: false }
    }
}

/// GARCH(1,1) with t shocks, and GJR-GARCH with skewed t shocks.
fn garch() -> Box<Garch> {
    Box::new(Garch::new(1, 1).with_innovations(Shocks::StudentT))
}

fn gjr() -> Box<Garch> {
    Box::new(Garch::gjr(1, 1, 1).with_innovations(Shocks::SkewedT))
}

fn ewma() -> Box<EwmaVolatility> {
    Box::new(EwmaVolatility::default())
}

/// Every model that can be asked about a portfolio.
///
/// # Errors
/// For a portfolio whose factors do not fit its books.
pub fn contenders(portfolio: &Portfolio) -> Result<Vec<Contender>> {
    let mut all = vec![
        Contender::daily(Historical::default()),
        Contender::daily(AgeWeighted::new(HalfLife::periods(125.0)?)),
        Contender::daily(KernelHistorical::default()),
        Contender::daily(ParametricNormal::default()),
        Contender::monthly(ParametricStudentT::default()),
        Contender::monthly(ParametricSkewedT),
        Contender::daily(ParametricCornishFisher::default()),
        Contender::daily(VolatilityWeighted::default()),
        Contender::daily(FilteredHistorical::default()),
        Contender::daily(Conditional::default()),
        Contender::monthly(Conditional::new(ewma(), Innovations::StudentT)),
        Contender::monthly(Conditional::new(ewma(), Innovations::SkewedT)),
        Contender::monthly(PeaksOverThreshold::default()),
        Contender::monthly(ConditionalPeaksOverThreshold::default()),
        Contender::monthly(FilteredHistorical::new(garch()).named("filtered historical simulation, GARCH t")),
        Contender::monthly(FilteredHistorical::new(gjr()).named("filtered historical simulation, GJR skewed t")),
        Contender::monthly(VolatilityWeighted::new(gjr()).named("volatility-weighted historical simulation, GJR")),
        Contender::monthly(Conditional::new(gjr(), Innovations::SkewedT).named("conditional skewed t, GJR")),
        Contender::monthly(ConditionalPeaksOverThreshold::new(gjr()).named("conditional peaks over threshold, GJR")),
    ];
    if portfolio.panel.assets().len() > 1 {
        let simulation = Simulation::new(1).with_paths(2_000);
        let laws = [
            FactorLaw::Normal,
            FactorLaw::StudentT { degrees_of_freedom: 5.0 },
            FactorLaw::TCopula { degrees_of_freedom: 5.0, marginal: MarginalKind::Empirical },
        ];
        all.extend(laws.map(|law| Contender::monthly(MonteCarlo::new(simulation).with_law(law))));
        let joint = FilteredHistorical::default().with_scope(FilterScope::EachAsset);
        all.push(Contender::daily(joint.named("filtered historical simulation, joint")));
    }
    if let Some(OptionBooks { books, factors, .. }) = &portfolio.options {
        let plain = FullRevaluation::new(Arc::clone(books), factors.clone())?;
        let filtered = FullRevaluation::new(Arc::clone(books), factors.clone())?
            .with_filter(ScenarioFilter::default())
            .named("full revaluation, filtered");
        all.extend([plain, filtered].map(|model| Contender { revalues: true, ..Contender::daily(model) }));
    }
    Ok(all)
}

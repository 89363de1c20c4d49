//! The models that are judged.

use std::sync::Arc;

use alluse_quant::risk_core::VarModel;
use alluse_quant::risk_core::volatility::EwmaVolatility;
use alluse_quant::var_models::{
    Conditional, FilterScope, FilteredHistorical, FullRevaluation, Historical, Innovations, ParametricNormal,
    ParametricStudentT, ScenarioFilter, VolatilityWeighted,
};

use super::portfolios::{OptionBooks, Portfolio};
use crate::Result;

/// A model and how often its parameters are estimated.
#[derive(Debug)]
pub struct Contender {
    /// The model.
    pub model: Box<dyn VarModel>,
    /// Days between two fits; 1 for models that fit nothing, or cheaply.
    pub refit_every: usize,
    /// Whether it revalues the books instead of looking at the series that they earned.
    pub revalues: bool,
}

impl Contender {
    fn daily(model: impl VarModel + 'static) -> Self {
        Self { model: Box::new(model), refit_every: 1, revalues: false }
    }

    fn monthly(model: impl VarModel + 'static) -> Self {
        Self { model: Box::new(model), refit_every: 21, revalues: false }
    }
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
        Contender::daily(ParametricNormal::default()),
        Contender::monthly(ParametricStudentT::default()),
        Contender::daily(VolatilityWeighted::default()),
        Contender::daily(FilteredHistorical::default()),
        Contender::daily(Conditional::default()),
        Contender::monthly(Conditional::new(ewma(), Innovations::StudentT)),
    ];
    if portfolio.panel.assets().len() > 1 {
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

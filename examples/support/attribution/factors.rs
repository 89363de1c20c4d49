//! The same portfolio by factors: over time with betas of the whole sample and with betas known before, and across
//! shares.

use alluse_quant::attribution::factors::{
    CrossSection, CrossSectionModel, EstimationWindow, ExAnteAttribution, FactorAttribution, FactorModel,
    FactorPremium, PortfolioFactorAttribution,
};
use alluse_quant::attribution::{Annualisation, RiskFree};
use alluse_quant::risk_core::Frequency;
use alluse_quant::risk_core::inference::BartlettLags;
use ndarray::{Array2, ArrayView2, Axis, concatenate};
use serde::Serialize;

use super::inputs::{FACTORS, Months};
use crate::Result;

/// Months before a month that its betas are estimated on.
pub const WINDOW: usize = 36;

/// The name of the score across shares.
pub const MOMENTUM: &str = "momentum";

/// What factors explain.
#[derive(Debug, Clone, Serialize)]
pub struct FactorFigures {
    /// Of the portfolio, with betas of the whole sample.
    pub portfolio: FactorAttribution,
    /// Of the benchmark.
    pub benchmark: FactorAttribution,
    /// Of the active return.
    pub active: FactorAttribution,
    /// Of the portfolio, with betas known at each month's start.
    pub ex_ante: ExAnteAttribution,
    /// What one unit of each exposure across shares earned: sectors, and momentum within them.
    pub premia: Vec<FactorPremium>,
    /// The portfolio by these.
    pub across: PortfolioFactorAttribution,
}

/// Attributes the return to factors.
///
/// # Errors
/// Those of the library.
pub fn factors(months: &Months) -> Result<FactorFigures> {
    let model = FactorModel::new(FACTORS);
    let bills = RiskFree::Series(months.bills.clone());
    let monthly = Annualisation::Periods(Frequency::Monthly);
    let of = |weights: &Array2<f64>| (weights * &months.returns).sum_axis(Axis(1));
    let (portfolio, benchmark) = (of(&months.portfolio), of(&months.benchmark));
    let factors = months.factors.view();
    let (premia, across) = across(months)?;
    Ok(FactorFigures {
        portfolio: model.attribute(portfolio.view(), factors, &bills, monthly)?,
        benchmark: model.attribute(benchmark.view(), factors, &bills, monthly)?,
        active: model.attribute((&portfolio - &benchmark).view(), factors, &RiskFree::Zero, monthly)?,
        ex_ante: model.attribute_ex_ante(portfolio.view(), factors, &bills, EstimationWindow::Rolling(WINDOW))?,
        premia,
        across,
    })
}

/// Returns of sectors and of momentum within them, from regressions across the shares.
fn across(months: &Months) -> Result<(Vec<FactorPremium>, PortfolioFactorAttribution)> {
    let mut names = months.sectors.clone();
    names.sort();
    names.dedup();
    let member = |(share, sector): (usize, usize)| f64::from(u8::from(months.sectors[share] == names[sector]));
    let sectors = Array2::from_shape_fn((months.sectors.len(), names.len()), member);
    names.push(MOMENTUM.to_owned());
    let exposures = |rank: ndarray::ArrayView1<'_, f64>| {
        let views: [ArrayView2<'_, f64>; 2] = [sectors.view(), rank.insert_axis(Axis(1))];
        concatenate(Axis(1), &views)
    };
    let exposures: Vec<Array2<f64>> = months
        .ranks
        .rows()
        .into_iter()
        .map(exposures)
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| crate::Failure(error.to_string()))?;
    let periods: Vec<CrossSection<'_>> = months
        .returns
        .rows()
        .into_iter()
        .zip(&exposures)
        .map(|(returns, exposures)| CrossSection { returns, exposures: exposures.view(), capitalisations: None })
        .collect();
    let fitted = CrossSectionModel::new(names).fit(&periods)?;
    let holdings: Vec<_> = months.portfolio.rows().into_iter().collect();
    Ok((fitted.premia(BartlettLags::default())?, fitted.attribute(&periods, &holdings)?))
}

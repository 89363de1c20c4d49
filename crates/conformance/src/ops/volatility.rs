//! `volatility.*`

use alluse_quant::forecast::volatility::Har;
use alluse_quant::risk_core::covariance::ewma::{self, InitialVariance};
use alluse_quant::risk_core::{Decay, Frequency};

use ndarray::Array1;

use super::Table;
use crate::args::Args;
use crate::outcome::Outcome;
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("volatility.ewma", variance),
    ("volatility.ewma_effective_observations", effective_observations),
    ("volatility.har", har),
];

fn variance(args: &mut Args<'_>) -> Outcome {
    let returns = args.vector("returns")?;
    let initial = args.choice("initial_variance", &[("first_square", InitialVariance::FirstSquare)])?;
    if args.has("observations") {
        let (observations, decay) = (args.count("observations")?, args.number("decay")?);
        let series = ewma::variance(returns.view(), Decay::new(decay)?, initial)?;
        return Ok(Tree::fields([("variance", series.after(observations)?.into())]));
    }
    let (periods, horizon) = (args.number("periods_per_year")?, args.count("horizon")?);
    let series = ewma::variance(returns.view(), Decay::new(args.number("decay")?)?, initial)?;
    Ok(Tree::fields([
        ("variance", series.last().into()),
        ("volatility_annualised", series.annualized_volatility(Frequency::custom(periods)?).into()),
        ("variance_horizon", series.over(horizon)?.into()),
    ]))
}

fn effective_observations(args: &mut Args<'_>) -> Outcome {
    let (tail_weight, decay) = (args.number("tail_weight")?, args.number("decay")?);
    Ok(Decay::new(decay)?.effective_observations(tail_weight)?.into())
}

fn har(args: &mut Args<'_>) -> Outcome {
    let (series, lags, horizon) = (args.vector("series")?, args.counts("lags")?, args.count("horizon")?);
    let fitted = Har::new(lags)?.fit(series.view())?;
    Ok(Tree::fields([
        ("intercept", fitted.intercept().into()),
        ("coefficients", Array1::from(fitted.coefficients().to_vec()).into()),
        ("residual_variance", fitted.residual_variance().into()),
        ("r_squared", fitted.r_squared().into()),
        ("forecast", Array1::from(fitted.forecast(horizon)?.variance).into()),
    ]))
}

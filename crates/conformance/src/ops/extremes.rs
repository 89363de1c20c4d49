//! `evt.*`

use alluse_quant::risk_core::{self, Confidence};
use alluse_quant::var_models::{
    GeneralizedExtremeValue, GeneralizedPareto, Hill, ParetoTail, PeaksOverThreshold, TailThreshold,
};

use super::Table;
use crate::args::{Args, Result};
use crate::outcome::Outcome;
use crate::tree::Tree;

pub(super) const TABLE: Table =
    &[("evt.gev_fit", gev_fit), ("evt.gpd_fit", gpd_fit), ("evt.gpd_tail_risk", gpd_tail_risk), ("evt.hill", hill)];

fn confidences(args: &mut Args<'_>, name: &str) -> Result<Vec<Confidence>> {
    let levels = args.vector(name)?.to_vec();
    Ok(levels.into_iter().map(Confidence::new).collect::<risk_core::Result<_>>()?)
}

fn hill(args: &mut Args<'_>) -> Outcome {
    let (losses, count) = (args.vector("losses")?, args.count("tail_count")?);
    let levels = args.optional("confidence", confidences)?.unwrap_or_default();
    let hill = Hill::estimate(losses.view(), count)?;
    Ok(Tree::fields([
        ("xi", hill.xi().into()),
        ("tail_index", hill.tail_index().into()),
        ("threshold", hill.threshold().into()),
        ("var", hill.values_at_risk(&levels)?.into()),
    ]))
}

fn gpd_fit(args: &mut Args<'_>) -> Outcome {
    let losses = args.vector("losses")?;
    let threshold = match args.has("threshold") {
        true => TailThreshold::Loss(args.number("threshold")?),
        false => TailThreshold::Quantile(Confidence::new(args.number("threshold_quantile")?)?),
    };
    let levels = args.optional("confidence", confidences)?.unwrap_or_default();
    let with_errors = args.optional("standard_errors", Args::flag)?.unwrap_or(false);
    // The op has no least number of exceedances of its own.
    let model = PeaksOverThreshold::default().with_threshold(threshold).with_min_exceedances(0);
    let fitted = model.estimate(losses.view())?;
    let table = fitted.tail.table(&levels)?;
    let common = [
        ("threshold", fitted.tail.threshold().into()),
        ("exceedances", fitted.tail.exceedances().into()),
        ("xi", fitted.fit.law.xi().into()),
        ("beta", fitted.fit.law.beta().into()),
        ("loglikelihood", fitted.fit.log_likelihood.into()),
        ("var", table.value_at_risk.into()),
        ("es", table.expected_shortfall.into()),
    ];
    if !with_errors {
        return Ok(Tree::fields(common));
    }
    let reason = "the shape is at or below -1/2";
    let undefined = risk_core::Error::Undefined { name: "standard errors", reason };
    let xi_error = fitted.fit.xi_standard_error().ok_or(undefined.clone())?;
    let beta_error = fitted.fit.beta_standard_error().ok_or(undefined)?;
    let [threshold, exceedances, xi, beta, likelihood, var, es] = common;
    let first = ("xi_standard_error", xi_error.into());
    let second = ("beta_standard_error", beta_error.into());
    Ok(Tree::fields([threshold, exceedances, xi, beta, likelihood, var, es, first, second]))
}

fn gpd_tail_risk(args: &mut Args<'_>) -> Outcome {
    let (threshold, xi, beta) = (args.number("threshold")?, args.number("xi")?, args.number("beta")?);
    let (observations, exceedances) = (args.count("observations")?, args.count("exceedances")?);
    let levels = confidences(args, "confidence")?;
    let tail = ParetoTail::new(threshold, GeneralizedPareto::new(xi, beta)?, observations, exceedances)?;
    let table = tail.table(&levels)?;
    Ok(Tree::fields([("var", table.value_at_risk.into()), ("es", table.expected_shortfall.into())]))
}

fn gev_fit(args: &mut Args<'_>) -> Outcome {
    let maxima = args.vector("maxima")?;
    let fit = GeneralizedExtremeValue::fit(maxima.view())?;
    Ok(Tree::fields([
        ("xi", fit.law.xi().into()),
        ("mu", fit.law.mu().into()),
        ("sigma", fit.law.sigma().into()),
        ("loglikelihood", fit.log_likelihood.into()),
    ]))
}

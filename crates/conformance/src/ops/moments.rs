//! `moment.*`

use alluse_quant::risk_core::moments::{
    self, Divisor, MomentEstimator, Normalisation, PartialMoment, QuantileRule, Root, Side, Target,
};

use super::Table;
use crate::args::{Args, Result};
use crate::outcome::Outcome;
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("moment.central", central),
    ("moment.comoment", comoment),
    ("moment.jarque_bera", jarque_bera),
    ("moment.kurtosis", kurtosis),
    ("moment.partial", partial),
    ("moment.quantile", quantile),
    ("moment.skewness", skewness),
    ("moment.variance", variance),
];

/// A rule for the quantile of ascending values at a probability.
pub(super) fn quantile_rule(args: &mut Args<'_>, name: &str) -> Result<QuantileRule> {
    args.choice(
        name,
        &[
            ("linear_type7", QuantileRule::Linear),
            ("order_statistic", QuantileRule::LowerLoss),
            ("lower", QuantileRule::Lower),
            ("higher", QuantileRule::Higher),
            ("hazen_type5", QuantileRule::Hazen),
            ("weibull_type6", QuantileRule::Weibull),
            ("median_unbiased_type8", QuantileRule::MedianUnbiased),
        ],
    )
}

fn root(args: &mut Args<'_>) -> Result<Root> {
    args.choice("root", &[("none", Root::None), ("square", Root::Square), ("order", Root::Order)])
}

pub(super) fn estimator(args: &mut Args<'_>) -> Result<MomentEstimator> {
    args.choice(
        "estimator",
        &[
            ("population", MomentEstimator::Population),
            ("bias_corrected", MomentEstimator::BiasCorrected),
            ("sample", MomentEstimator::Sample),
        ],
    )
}

fn variance(args: &mut Args<'_>) -> Outcome {
    Ok(moments::variance(args.vector("returns")?.view(), args.count("ddof")?)?.into())
}

fn central(args: &mut Args<'_>) -> Outcome {
    let (returns, order, root) = (args.vector("returns")?, args.count("order")?, root(args)?);
    Ok(moments::central_moment(returns.view(), order, root)?.into())
}

fn partial(args: &mut Args<'_>) -> Outcome {
    let returns = args.vector("returns")?;
    let side = args.choice("side", &[("lower", Side::Lower), ("upper", Side::Upper)])?;
    let target = args.choice_or_number("target", &[("mean", Target::Mean)], Target::Value)?;
    let divisor = args.choice("divisor", &[("all", Divisor::All), ("beyond_target", Divisor::BeyondTarget)])?;
    let moment = PartialMoment::new(side, target, args.count("order")?)
        .with_divisor(divisor)
        .with_ddof(args.count("ddof")?)
        .with_root(root(args)?);
    Ok(moments::partial_moment(returns.view(), &moment)?.into())
}

fn skewness(args: &mut Args<'_>) -> Outcome {
    let (returns, estimator) = (args.vector("returns")?, estimator(args)?);
    Ok(moments::skewness(returns.view(), estimator)?.into())
}

fn kurtosis(args: &mut Args<'_>) -> Outcome {
    let (returns, estimator) = (args.vector("returns")?, estimator(args)?);
    let kurtosis = if args.flag("excess")? { moments::excess_kurtosis } else { moments::kurtosis };
    Ok(kurtosis(returns.view(), estimator)?.into())
}

fn jarque_bera(args: &mut Args<'_>) -> Outcome {
    let test = moments::jarque_bera(args.vector("returns")?.view())?;
    Ok(Tree::fields([("statistic", test.statistic.into()), ("p_value", test.p_value.into())]))
}

fn quantile(args: &mut Args<'_>) -> Outcome {
    let (returns, rule) = (args.vector("returns")?, quantile_rule(args, "rule")?);
    Ok(moments::quantile(returns.view(), args.number("probability")?, rule)?.into())
}

fn comoment(args: &mut Args<'_>) -> Outcome {
    let (returns, benchmark) = (args.vector("returns")?, args.vector("benchmark")?);
    let normalisations = [("none", Normalisation::None), ("benchmark_moment", Normalisation::BenchmarkMoment)];
    let normalisation = args.choice("normalise", &normalisations)?;
    Ok(moments::comoment(returns.view(), benchmark.view(), args.count("power")?, normalisation)?.into())
}

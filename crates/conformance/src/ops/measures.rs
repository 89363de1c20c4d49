//! `measure.*`

use alluse_quant::risk_core::Confidence;
use alluse_quant::risk_core::measures::{ExpansionDomain, LossSample, QuantileRule, ShortfallFloor, TailMean};

use super::{Table, moments};
use crate::args::{Args, Result};
use crate::outcome::Outcome;

pub(super) const TABLE: Table = &[
    ("measure.entropic_risk", entropic_risk),
    ("measure.entropic_var", entropic_value_at_risk),
    ("measure.expected_shortfall", expected_shortfall),
    ("measure.expected_shortfall_range", expected_shortfall_range),
    ("measure.gini_mean_difference", gini_mean_difference),
    ("measure.mean_absolute_deviation", mean_absolute_deviation),
    ("measure.range", range),
    ("measure.relativistic_var", relativistic_value_at_risk),
    ("measure.tail_gini", tail_gini),
    ("measure.value_at_risk", value_at_risk),
    ("measure.worst_loss", worst_loss),
];

#[derive(Clone)]
enum Method {
    Historical,
    Normal,
    CornishFisher,
}

fn method(args: &mut Args<'_>) -> Result<Method> {
    args.choice(
        "method",
        &[("historical", Method::Historical), ("normal", Method::Normal), ("cornish_fisher", Method::CornishFisher)],
    )
}

fn sample(args: &mut Args<'_>) -> Result<LossSample> {
    Ok(LossSample::from_returns(args.vector("returns")?.view())?)
}

fn tail_of(args: &mut Args<'_>) -> Result<(LossSample, Confidence)> {
    let confidence = args.number("confidence")?;
    Ok((sample(args)?, Confidence::new(confidence)?))
}

/// The rule on losses: cases state theirs on ascending returns.
pub(super) fn loss_rule(args: &mut Args<'_>, name: &str) -> Result<QuantileRule> {
    Ok(moments::quantile_rule(args, name)?.mirrored())
}

pub(super) fn tail_mean(args: &mut Args<'_>) -> Result<TailMean> {
    args.choice(
        "tail_mean",
        &[
            ("fractional_atom", TailMean::FractionalAtom),
            ("strictly_beyond", TailMean::StrictlyBeyond),
            ("at_or_beyond", TailMean::AtOrBeyond),
            ("whole_count", TailMean::WholeCount),
        ],
    )
}

fn value_at_risk(args: &mut Args<'_>) -> Outcome {
    Ok(match method(args)? {
        Method::Historical => {
            let rule = loss_rule(args, "quantile")?;
            let (sample, confidence) = tail_of(args)?;
            sample.with_quantile_rule(rule).value_at_risk(confidence)?.into()
        }
        Method::Normal => {
            let ddof = args.count("ddof")?;
            let (sample, confidence) = tail_of(args)?;
            sample.normal_value_at_risk(confidence, ddof)?.into()
        }
        Method::CornishFisher => {
            let (sample, confidence) = tail_of(args)?;
            sample.cornish_fisher_value_at_risk(confidence, ExpansionDomain::Unchecked)?.into()
        }
    })
}

fn expected_shortfall(args: &mut Args<'_>) -> Outcome {
    Ok(match method(args)? {
        Method::Historical => {
            let tail_mean = tail_mean(args)?;
            let rule = args.optional("quantile", loss_rule)?.unwrap_or_default();
            let (sample, confidence) = tail_of(args)?;
            sample.with_quantile_rule(rule).tail_mean(confidence, tail_mean)?.into()
        }
        Method::Normal => {
            let ddof = args.count("ddof")?;
            let (sample, confidence) = tail_of(args)?;
            sample.normal_expected_shortfall(confidence, ddof)?.into()
        }
        Method::CornishFisher => {
            let floor = if args.flag("floor_at_var")? { ShortfallFloor::ValueAtRisk } else { ShortfallFloor::None };
            let (sample, confidence) = tail_of(args)?;
            sample.cornish_fisher_expected_shortfall(confidence, ExpansionDomain::Unchecked, floor)?.into()
        }
    })
}

fn entropic_value_at_risk(args: &mut Args<'_>) -> Outcome {
    let (sample, confidence) = tail_of(args)?;
    Ok(sample.entropic_value_at_risk(confidence)?.into())
}

fn relativistic_value_at_risk(args: &mut Args<'_>) -> Outcome {
    let kappa = args.number("kappa")?;
    let (sample, confidence) = tail_of(args)?;
    Ok(sample.relativistic_value_at_risk(confidence, kappa)?.into())
}

fn entropic_risk(args: &mut Args<'_>) -> Outcome {
    let theta = args.number("theta")?;
    let (sample, confidence) = tail_of(args)?;
    Ok(sample.entropic_risk(theta, confidence)?.into())
}

fn mean_absolute_deviation(args: &mut Args<'_>) -> Outcome {
    Ok(sample(args)?.mean_absolute_deviation()?.into())
}

fn gini_mean_difference(args: &mut Args<'_>) -> Outcome {
    Ok(sample(args)?.gini_mean_difference()?.into())
}

fn worst_loss(args: &mut Args<'_>) -> Outcome {
    Ok(sample(args)?.worst_loss()?.into())
}

fn range(args: &mut Args<'_>) -> Outcome {
    Ok(sample(args)?.range()?.into())
}

fn tail_gini(args: &mut Args<'_>) -> Outcome {
    let levels = args.count("levels")?;
    let (sample, confidence) = tail_of(args)?;
    Ok(sample.tail_gini(confidence, levels)?.into())
}

fn expected_shortfall_range(args: &mut Args<'_>) -> Outcome {
    let (sample, confidence) = tail_of(args)?;
    Ok(sample.expected_shortfall_range(confidence)?.into())
}

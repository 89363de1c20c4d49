//! `drawdown.*`

use alluse_quant::risk_core::Confidence;
use alluse_quant::risk_core::measures::{
    DrawdownKind, DrawdownPath, DrawdownSample, Episode, EpisodeField, Unfinished,
};

use super::Table;
use super::measures::{loss_rule, tail_mean};
use crate::args::{Args, Result};
use crate::outcome::Outcome;
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("drawdown.at_risk", at_risk),
    ("drawdown.average", average),
    ("drawdown.conditional", conditional),
    ("drawdown.deviation", deviation),
    ("drawdown.entropic", entropic),
    ("drawdown.episode_mean", episode_mean),
    ("drawdown.max", max),
    ("drawdown.table", table),
    ("drawdown.ulcer_index", ulcer_index),
];

fn path(args: &mut Args<'_>) -> Result<DrawdownPath> {
    let kinds = [
        ("compounded", DrawdownKind::Compounded),
        ("uncompounded", DrawdownKind::Uncompounded),
        ("uncompounded_relative", DrawdownKind::UncompoundedRelative),
    ];
    let (returns, kind) = (args.vector("returns")?, args.choice("drawdown", &kinds)?);
    Ok(DrawdownPath::from_returns(returns.view(), kind)?)
}

/// Episodes are those of the compounded path.
fn compounded(args: &mut Args<'_>) -> Result<DrawdownPath> {
    Ok(DrawdownPath::from_returns(args.vector("returns")?.view(), DrawdownKind::Compounded)?)
}

fn over(args: &mut Args<'_>) -> Result<DrawdownSample> {
    args.choice("over", &[("periods", DrawdownSample::Periods), ("episodes", DrawdownSample::Episodes)])
}

fn max(args: &mut Args<'_>) -> Outcome {
    Ok(path(args)?.max().into())
}

fn average(args: &mut Args<'_>) -> Outcome {
    let over = over(args)?;
    let path = path(args)?;
    Ok(if over == DrawdownSample::Periods { path.average() } else { path.average_depth()? }.into())
}

fn ulcer_index(args: &mut Args<'_>) -> Outcome {
    let ddof = args.count("ddof")?;
    Ok(path(args)?.ulcer_index(ddof)?.into())
}

fn at_risk(args: &mut Args<'_>) -> Outcome {
    let rule = loss_rule(args, "quantile")?;
    let confidence = args.number("confidence")?;
    Ok(path(args)?.at_risk(Confidence::new(confidence)?, rule)?.into())
}

fn conditional(args: &mut Args<'_>) -> Outcome {
    let (over, tail_mean) = (over(args)?, tail_mean(args)?);
    let rule = args.optional("quantile", loss_rule)?.unwrap_or_default();
    let confidence = args.number("confidence")?;
    Ok(path(args)?.conditional_with(Confidence::new(confidence)?, over, tail_mean, rule)?.into())
}

fn entropic(args: &mut Args<'_>) -> Outcome {
    let confidence = args.number("confidence")?;
    Ok(path(args)?.entropic(Confidence::new(confidence)?)?.into())
}

fn episode_mean(args: &mut Args<'_>) -> Outcome {
    let field = args.choice("field", &[("length", EpisodeField::Length), ("recovery", EpisodeField::Recovery)])?;
    Ok(compounded(args)?.episode_mean(field, Unfinished::EndsWithData)?.into())
}

fn deviation(args: &mut Args<'_>) -> Outcome {
    Ok(compounded(args)?.deviation().into())
}

fn table(args: &mut Args<'_>) -> Outcome {
    let top = args.count("top")?;
    let episodes = compounded(args)?.deepest(top);
    let column = |field: fn(&Episode) -> usize| Tree::from(episodes.iter().map(field).collect::<Vec<_>>());
    Ok(Tree::fields([
        ("depth", episodes.iter().map(|episode| episode.depth).collect::<Vec<_>>().into()),
        ("start", column(|episode| episode.start)),
        ("trough", column(|episode| episode.trough)),
        ("to_trough", column(Episode::to_trough)),
        ("length", column(Episode::length)),
        ("recovery", column(Episode::recovery_so_far)),
    ]))
}

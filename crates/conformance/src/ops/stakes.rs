//! `kelly.*`

use alluse_quant::optimizer::kelly::{BinaryBet, ContinuousKelly};

use super::Table;
use crate::args::Args;
use crate::outcome::Outcome;
use crate::tree::Tree;

pub(super) const TABLE: Table = &[("kelly.binary", binary), ("kelly.continuous", continuous)];

fn binary(args: &mut Args<'_>) -> Outcome {
    let (probability, odds) = (args.number("probability")?, args.number("odds")?);
    let stake = BinaryBet::new(probability, odds)?.optimum();
    Ok(Tree::fields([("fraction", stake.fraction.into()), ("growth", stake.growth.into())]))
}

fn continuous(args: &mut Args<'_>) -> Outcome {
    let (mean, volatility) = (args.number("mean")?, args.number("volatility")?);
    let kelly = ContinuousKelly::new(mean, volatility, args.number("risk_free")?)?;
    Ok(Tree::fields([
        ("fraction", kelly.fraction().into()),
        ("growth", kelly.growth().into()),
        ("sharpe", kelly.sharpe().into()),
    ]))
}

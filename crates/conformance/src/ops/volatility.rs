//! `volatility.*`

use alluse_quant::risk_core::Decay;

use super::Table;
use crate::args::Args;
use crate::outcome::Outcome;

pub(super) const TABLE: Table = &[("volatility.ewma_effective_observations", effective_observations)];

fn effective_observations(args: &mut Args<'_>) -> Outcome {
    let tail_weight = args.number("tail_weight")?;
    let decay = Decay::new(args.number("decay")?)?;
    Ok(decay.effective_observations(tail_weight)?.into())
}

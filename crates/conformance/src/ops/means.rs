//! `mean.*`

use alluse_quant::risk_core::expected_returns::{Capm, Compounding, ExponentialMean, HistoricalMean, MarketProxy};
use alluse_quant::risk_core::{Decay, Frequency};

use super::Table;
use crate::args::{Args, Result};
use crate::outcome::Outcome;

pub(super) const TABLE: Table =
    &[("mean.capm", capm), ("mean.exponential", exponential), ("mean.historical", historical)];

fn compounding(args: &mut Args<'_>) -> Result<Compounding> {
    args.choice("compounding", &[("arithmetic", Compounding::Arithmetic), ("geometric", Compounding::Geometric)])
}

fn historical(args: &mut Args<'_>) -> Outcome {
    let (returns, compounding) = (args.matrix("returns")?, compounding(args)?);
    let frequency = Frequency::custom(args.number("periods_per_year")?)?;
    Ok(HistoricalMean::new(compounding).with_frequency(frequency).estimate(returns.view())?.values.into())
}

fn exponential(args: &mut Args<'_>) -> Outcome {
    let (returns, compounding) = (args.matrix("returns")?, compounding(args)?);
    let (periods, span) = (args.number("periods_per_year")?, args.number("span")?);
    let (frequency, decay) = (Frequency::custom(periods)?, Decay::from_span(span)?);
    Ok(ExponentialMean::new(decay, compounding).with_frequency(frequency).estimate(returns.view())?.values.into())
}

fn capm(args: &mut Args<'_>) -> Outcome {
    let (returns, compounding) = (args.matrix("returns")?, compounding(args)?);
    let market = args.choice("market", &[("equal_weight", MarketProxy::EqualWeight)])?;
    let (risk_free, periods) = (args.number("risk_free_annual")?, args.number("periods_per_year")?);
    let capm = Capm::new(market).with_risk_free(risk_free).with_compounding(compounding);
    Ok(capm.with_frequency(Frequency::custom(periods)?).fit(returns.view())?.expected.values.into())
}

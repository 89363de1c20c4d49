//! `rolling.*`

use alluse_quant::attribution::rolling::{Rolling, RollingRelative, ewma_volatility};
use alluse_quant::risk_core::Frequency;

use super::Table;
use super::moments::estimator;
use crate::args::Args;
use crate::outcome::Outcome;

pub(super) const TABLE: Table = &[
    ("rolling.beta", beta),
    ("rolling.ewma_volatility", ewma),
    ("rolling.kurtosis", kurtosis),
    ("rolling.skewness", skewness),
    ("rolling.volatility", volatility),
];

fn beta(args: &mut Args<'_>) -> Outcome {
    let (returns, benchmark) = (args.vector("returns")?, args.vector("benchmark")?);
    let (window, at) = (args.count("window")?, args.counts("at")?);
    Ok(RollingRelative::new(returns.view(), benchmark.view(), window)?.beta().at(&at)?.into())
}

fn volatility(args: &mut Args<'_>) -> Outcome {
    let (returns, window, at) = (args.vector("returns")?, args.count("window")?, args.counts("at")?);
    let (periods, ddof) = (args.number("periods_per_year")?, args.count("ddof")?);
    let frequency = Frequency::custom(periods)?;
    Ok(Rolling::new(returns.view(), window)?.annual_volatility(frequency, ddof)?.at(&at)?.into())
}

fn skewness(args: &mut Args<'_>) -> Outcome {
    let (returns, window, at) = (args.vector("returns")?, args.count("window")?, args.counts("at")?);
    let estimator = estimator(args)?;
    Ok(Rolling::new(returns.view(), window)?.skewness(estimator).at(&at)?.into())
}

fn kurtosis(args: &mut Args<'_>) -> Outcome {
    let (returns, window, at) = (args.vector("returns")?, args.count("window")?, args.counts("at")?);
    let (estimator, excess) = (estimator(args)?, args.flag("excess")?);
    let rolling = Rolling::new(returns.view(), window)?;
    let kurtosis = if excess { rolling.excess_kurtosis(estimator) } else { rolling.kurtosis(estimator) };
    Ok(kurtosis.at(&at)?.into())
}

fn ewma(args: &mut Args<'_>) -> Outcome {
    let (returns, span, at) = (args.vector("returns")?, args.number("span")?, args.counts("at")?);
    Ok(ewma_volatility(returns.view(), span)?.at(&at)?.into())
}

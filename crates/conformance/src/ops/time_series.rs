//! `timeseries.*`

use alluse_quant::forecast::time_series::diagnostics::{self, Centre, Deterministic};
use alluse_quant::risk_core::inference;
use ndarray::Array1;

use super::Table;
use crate::args::Args;
use crate::outcome::Outcome;
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("timeseries.adf", adf),
    ("timeseries.arch_lm", arch_lm),
    ("timeseries.ljung_box", ljung_box),
    ("timeseries.optimal_block_length", optimal_block_length),
];

fn ljung_box(args: &mut Args<'_>) -> Outcome {
    let (series, lags) = (args.vector("series")?, args.counts("lags")?);
    let tests = diagnostics::ljung_box(series.view(), &lags)?;
    let (statistics, p_values): (Vec<f64>, Vec<f64>) = tests.iter().map(|test| (test.statistic, test.p_value)).unzip();
    Ok(Tree::fields([("statistic", Array1::from(statistics).into()), ("p_value", Array1::from(p_values).into())]))
}

fn arch_lm(args: &mut Args<'_>) -> Outcome {
    let (series, lags) = (args.vector("series")?, args.count("lags")?);
    let centre = if args.flag("demean")? { Centre::Mean } else { Centre::Zero };
    let test = diagnostics::arch_lm(series.view(), lags, centre)?;
    Ok(Tree::fields([
        ("lm_statistic", test.lm_statistic.into()),
        ("lm_p_value", test.lm_p_value.into()),
        ("f_statistic", test.f_statistic.into()),
        ("f_p_value", test.f_p_value.into()),
    ]))
}

fn adf(args: &mut Args<'_>) -> Outcome {
    let (series, lags) = (args.vector("series")?, args.count("lags")?);
    let deterministic = args.choice("regression", &[("constant", Deterministic::Constant)])?;
    let test = diagnostics::augmented_dickey_fuller(series.view(), lags, deterministic)?;
    Ok(Tree::fields([("statistic", test.statistic.into()), ("p_value", test.p_value.into())]))
}

fn optimal_block_length(args: &mut Args<'_>) -> Outcome {
    let lengths = inference::optimal_block_length(args.vector("series")?.view())?;
    Ok(Tree::fields([("stationary", lengths.stationary.into()), ("circular", lengths.circular.into())]))
}

//! `inference.*` and `timeseries.optimal_block_length`

use alluse_quant::risk_core::Confidence;
use alluse_quant::risk_core::inference::{
    SharpeRatio, expected_maximum_sharpe as expected_maximum, optimal_block_length as block_length,
};
use alluse_quant::risk_core::moments::{self, MomentEstimator};
use ndarray::Array1;

use super::Table;
use crate::args::{Args, Result};
use crate::outcome::Outcome;
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("inference.deflated_sharpe_from_moments", deflated_from_moments),
    ("inference.deflated_sharpe_ratio", deflated),
    ("inference.expected_maximum_sharpe", expected_maximum_sharpe),
    ("inference.minimum_track_record_from_moments", minimum_track_record_from_moments),
    ("inference.minimum_track_record_length", minimum_track_record),
    ("inference.probabilistic_sharpe_from_moments", probabilistic_from_moments),
    ("inference.probabilistic_sharpe_ratio", probabilistic),
    ("timeseries.optimal_block_length", optimal_block_length),
];

/// Returns, and how the ratio and its error are estimated from them.
struct Record {
    returns: Array1<f64>,
    estimator: MomentEstimator,
}

impl Record {
    fn read(args: &mut Args<'_>) -> Result<Self> {
        let returns = args.vector("returns")?;
        args.choice("ddof", &[("1", ())])?;
        args.choice("kurtosis", &[("estimated", ())])?;
        let estimators =
            [("population", MomentEstimator::Population), ("bias_corrected", MomentEstimator::BiasCorrected)];
        Ok(Self { returns, estimator: args.choice("moments", &estimators)? })
    }

    fn ratio(&self) -> Result<SharpeRatio> {
        Ok(SharpeRatio::of(self.returns.view(), self.estimator)?)
    }
}

fn probabilistic(args: &mut Args<'_>) -> Outcome {
    let (record, reference) = (Record::read(args)?, args.number("reference")?);
    Ok(record.ratio()?.probability_above(reference)?.into())
}

fn minimum_track_record(args: &mut Args<'_>) -> Outcome {
    let (record, reference, level) = (Record::read(args)?, args.number("reference")?, args.number("confidence")?);
    Ok(record.ratio()?.minimum_track_record(reference, Confidence::new(level)?)?.into())
}

fn deflated(args: &mut Args<'_>) -> Outcome {
    let (record, trials) = (Record::read(args)?, args.vector("trial_sharpes")?);
    Ok(record.ratio()?.deflated_by(trials.view())?.probability.into())
}

fn expected_maximum_sharpe(args: &mut Args<'_>) -> Outcome {
    let (trials, ddof) = (args.vector("trial_sharpes")?, args.count("ddof")?);
    Ok(expected_maximum(trials.len() as f64, moments::variance(trials.view(), ddof)?)?.into())
}

/// A ratio, skewness and kurtosis.
fn three_moments(args: &mut Args<'_>) -> Result<(f64, f64, f64)> {
    Ok((args.number("sharpe")?, args.number("skewness")?, args.number("kurtosis")?))
}

fn probabilistic_from_moments(args: &mut Args<'_>) -> Outcome {
    let ((ratio, skewness, kurtosis), observations) = (three_moments(args)?, args.count("observations")?);
    let reference = args.number("reference")?;
    Ok(SharpeRatio::from_moments(ratio, observations, skewness, kurtosis)?.probability_above(reference)?.into())
}

fn deflated_from_moments(args: &mut Args<'_>) -> Outcome {
    let ((ratio, skewness, kurtosis), observations) = (three_moments(args)?, args.count("observations")?);
    let (trials, variance) = (args.number("trials")?, args.number("trial_sharpe_variance")?);
    let deflated = SharpeRatio::from_moments(ratio, observations, skewness, kurtosis)?.deflated(trials, variance)?;
    Ok(Tree::fields([
        ("expected_maximum_sharpe", deflated.expected_maximum.into()),
        ("probability", deflated.probability.into()),
    ]))
}

fn minimum_track_record_from_moments(args: &mut Args<'_>) -> Outcome {
    /// The number of returns behind a ratio does not enter the number that would be enough.
    const ANY: usize = 2;
    let ((ratio, skewness, kurtosis), reference) = (three_moments(args)?, args.number("reference")?);
    let level = args.number("confidence")?;
    let sharpe = SharpeRatio::from_moments(ratio, ANY, skewness, kurtosis)?;
    Ok(sharpe.minimum_track_record(reference, Confidence::new(level)?)?.into())
}

fn optimal_block_length(args: &mut Args<'_>) -> Outcome {
    let found = block_length(args.vector("series")?.view())?;
    Ok(Tree::fields([("stationary", found.stationary.into()), ("circular", found.circular.into())]))
}

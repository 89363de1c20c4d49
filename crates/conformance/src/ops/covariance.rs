//! `covariance.*`

use alluse_quant::risk_core::Decay;
use alluse_quant::risk_core::covariance::{
    CorrelationMethod, EwmaCentre, EwmaCovariance, EwmaWeights, NearestCorrelation, SampleCorrelation,
    SampleCovariance, SemiCovariance, SemiTarget,
};

use super::Table;
use crate::args::Args;
use crate::outcome::Outcome;
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("covariance.correlation", correlation),
    ("covariance.ewma", ewma),
    ("covariance.nearest_correlation", nearest_correlation),
    ("covariance.sample", sample),
    ("covariance.semi", semi),
    ("covariance.summary", summary),
];

fn sample(args: &mut Args<'_>) -> Outcome {
    let returns = args.matrix("returns")?;
    Ok(SampleCovariance::new(args.count("ddof")?).covariance(returns.view())?.into_matrix().into())
}

fn summary(args: &mut Args<'_>) -> Outcome {
    let returns = args.matrix("returns")?;
    let summary = SampleCovariance::new(args.count("ddof")?).covariance(returns.view())?.summary()?;
    Ok(Tree::fields([
        ("trace", summary.trace.into()),
        ("frobenius_norm", summary.frobenius_norm.into()),
        ("log_determinant", summary.log_determinant.map_or("none".into(), Tree::from)),
        ("largest_eigenvalue", summary.largest_eigenvalue.into()),
        ("smallest_eigenvalue", summary.smallest_eigenvalue.into()),
    ]))
}

fn semi(args: &mut Args<'_>) -> Outcome {
    let returns = args.matrix("returns")?;
    let target = args.choice_or_number("target", &[("mean", SemiTarget::Mean)], SemiTarget::Value)?;
    let semi = SemiCovariance::new(target).with_ddof(args.count("ddof")?);
    Ok(semi.estimate(returns.view())?.covariance.into_matrix().into())
}

fn correlation(args: &mut Args<'_>) -> Outcome {
    let methods = [
        ("pearson", CorrelationMethod::Pearson),
        ("spearman", CorrelationMethod::Spearman),
        ("kendall_tau_b", CorrelationMethod::KendallTauB),
    ];
    let (returns, method) = (args.matrix("returns")?, args.choice("method", &methods)?);
    Ok(SampleCorrelation::new(method).estimate(returns.view())?.correlation.into())
}

fn ewma(args: &mut Args<'_>) -> Outcome {
    let centres = [
        ("zero", EwmaCentre::Zero),
        ("sample_mean", EwmaCentre::SampleMean),
        ("weighted_mean", EwmaCentre::WeightedMean),
    ];
    let weights = [("normalised", EwmaWeights::Normalised), ("first_observation", EwmaWeights::FirstObservation)];
    let (centre, weights) = (args.choice("centre", &centres)?, args.choice("weights", &weights)?);
    let (returns, bias_corrected) = (args.matrix("returns")?, args.flag("bias_corrected")?);
    let ewma = EwmaCovariance::new(Decay::new(args.number("decay")?)?).with_centre(centre).with_weights(weights);
    let ewma = if bias_corrected { ewma.bias_corrected() } else { ewma };
    Ok(ewma.estimate(returns.view())?.covariance.into_matrix().into())
}

fn nearest_correlation(args: &mut Args<'_>) -> Outcome {
    let solution = NearestCorrelation::default().solve(args.matrix("matrix")?.view())?;
    Ok(Tree::fields([("correlation", solution.correlation.into()), ("distance", solution.distance.into())]))
}

//! `covariance.*`

use alluse_quant::risk_core::Decay;
use alluse_quant::risk_core::covariance::{
    CorrelationMethod, DenoisedCovariance, DetonedCovariance, EwmaCentre, EwmaCovariance, EwmaWeights,
    GerberCovariance, GerberDenominator, GraphicalLasso, LassoScale, LinearShrinkage, NearestCorrelation,
    NoiseTreatment, NoiseVariance, NonlinearShrinkage, SampleCorrelation, SampleCovariance, SemiCovariance, SemiTarget,
    ShrinkageIntensity, ShrinkageTarget,
};

use super::Table;
use crate::args::Args;
use crate::outcome::Outcome;
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("covariance.correlation", correlation),
    ("covariance.denoise", denoise),
    ("covariance.detone", detone),
    ("covariance.ewma", ewma),
    ("covariance.gerber", gerber),
    ("covariance.graphical_lasso", graphical_lasso),
    ("covariance.nearest_correlation", nearest_correlation),
    ("covariance.nonlinear_shrinkage", nonlinear_shrinkage),
    ("covariance.sample", sample),
    ("covariance.semi", semi),
    ("covariance.shrinkage", shrinkage),
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

fn shrinkage(args: &mut Args<'_>) -> Outcome {
    let targets = [
        ("scaled_identity", ShrinkageTarget::ScaledIdentity),
        ("single_factor", ShrinkageTarget::SingleFactor),
        ("constant_correlation", ShrinkageTarget::ConstantCorrelation),
    ];
    let intensities = [("ledoit_wolf", ShrinkageIntensity::LedoitWolf), ("oas", ShrinkageIntensity::Oas)];
    let (returns, target) = (args.matrix("returns")?, args.choice("target", &targets)?);
    let intensity = args.choice_or_number("intensity", &intensities, ShrinkageIntensity::Fixed)?;
    let shrinkage = LinearShrinkage::new(target).with_intensity(intensity).with_ddof(args.count("ddof")?);
    let shrunk = shrinkage.shrink(returns.view())?;
    Ok(Tree::fields([("shrinkage", shrunk.shrinkage.into()), ("covariance", shrunk.covariance.into_matrix().into())]))
}

fn nonlinear_shrinkage(args: &mut Args<'_>) -> Outcome {
    let shrunk = NonlinearShrinkage::default().fit(args.matrix("returns")?.view())?;
    Ok(Tree::fields([
        ("sample_eigenvalues", shrunk.sample_eigenvalues.into()),
        ("shrunk_eigenvalues", shrunk.shrunk_eigenvalues.into()),
    ]))
}

fn gerber(args: &mut Args<'_>) -> Outcome {
    let denominators =
        [("active_pairs", GerberDenominator::ActivePairs), ("unit_diagonal", GerberDenominator::UnitDiagonal)];
    let (returns, denominator) = (args.matrix("returns")?, args.choice("denominator", &denominators)?);
    let gerber = GerberCovariance::new(args.number("threshold")?).with_denominator(denominator);
    let gerber = gerber.with_ddof(args.count("ddof")?);
    Ok(gerber.estimate(returns.view())?.covariance.into_matrix().into())
}

fn denoise(args: &mut Args<'_>) -> Outcome {
    let treatments = [
        ("constant_residual", NoiseTreatment::ConstantResidual),
        ("zero_residual", NoiseTreatment::ZeroResidual),
        ("targeted_shrinkage", NoiseTreatment::TargetedShrinkage { alpha: f64::NAN }),
    ];
    let (returns, mut treatment) = (args.matrix("returns")?, args.choice("method", &treatments)?);
    if let NoiseTreatment::TargetedShrinkage { alpha } = &mut treatment {
        *alpha = args.number("alpha")?;
    }
    let kernel_fit = [("kernel_fit", NoiseVariance::KernelFit { bandwidth: f64::NAN })];
    let mut noise = args.choice_or_number("noise_variance", &kernel_fit, NoiseVariance::Given)?;
    if let NoiseVariance::KernelFit { bandwidth } = &mut noise {
        *bandwidth = args.number("bandwidth")?;
    }
    // Components of the sample taken out of a denoised correlation leave an indefinite matrix, which the library
    // does not make: it takes out those of the denoised one.
    args.choice("detone", &[("0", ())])?;
    let result =
        args.optional("result", |args, name| args.choice(name, &[("covariance", false), ("correlation", true)]))?;
    let denoised = DenoisedCovariance::new(treatment).with_noise_variance(noise).denoise(returns.view())?;
    Ok(match result {
        Some(true) => denoised.correlation.into(),
        _ => denoised.estimate.covariance.into_matrix().into(),
    })
}

fn detone(args: &mut Args<'_>) -> Outcome {
    let returns = args.matrix("returns")?;
    let detoned = DetonedCovariance::new(args.count("components")?).estimate(returns.view())?;
    Ok(detoned.covariance.into_matrix().into())
}

fn graphical_lasso(args: &mut Args<'_>) -> Outcome {
    let (returns, penalty, standardise) = (args.matrix("returns")?, args.number("penalty")?, args.flag("standardise")?);
    let scale = if standardise { LassoScale::Standardised } else { LassoScale::Returns };
    let solution = GraphicalLasso::new(penalty).with_scale(scale).fit(returns.view())?;
    let nonzeros = solution.nonzeros(1e-10);
    Ok(Tree::fields([("covariance", solution.covariance.into()), ("precision_nonzeros", nonzeros.into())]))
}

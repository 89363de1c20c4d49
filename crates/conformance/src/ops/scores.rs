//! `score.*`

use alluse_quant::risk_core::Confidence;
use alluse_quant::risk_core::inference::{
    DieboldMariano, DirectionCounts, PointLoss, SmallSample, pesaran_timmermann as direction_test,
};
use alluse_quant::risk_core::{moments, scores};

use super::Table;
use crate::args::Args;
use crate::outcome::{Outcome, Stop};
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("score.crps_normal", crps_normal),
    ("score.diebold_mariano", diebold_mariano),
    ("score.pesaran_timmermann", pesaran_timmermann),
    ("score.quantile_loss", quantile_loss),
];

fn quantile_loss(args: &mut Args<'_>) -> Outcome {
    let (returns, var, confidence) = (args.vector("returns")?, args.vector("var")?, args.number("confidence")?);
    let losses = scores::quantile_loss(returns.view(), var.view(), Confidence::new(confidence)?)?;
    Ok(Tree::fields([("mean", moments::mean(losses.view())?.into())]))
}

fn crps_normal(args: &mut Args<'_>) -> Outcome {
    let (mean, volatility, observed) = (args.number("mean")?, args.number("volatility")?, args.number("observed")?);
    Ok(scores::crps_normal(mean, volatility, observed)?.into())
}

fn diebold_mariano(args: &mut Args<'_>) -> Outcome {
    let (actual, a, b) = (args.vector("actual")?, args.vector("forecast_a")?, args.vector("forecast_b")?);
    let known = [("abs", PointLoss::Absolute), ("squared", PointLoss::Squared), ("power4", PointLoss::FourthPower)];
    let loss = args.choice("loss", &known)?;
    let horizon = args.count("horizon")?;
    let small_sample = if args.flag("small_sample")? { SmallSample::HarveyLeybourneNewbold } else { SmallSample::None };
    let test = DieboldMariano::default().with_horizon(horizon).with_small_sample(small_sample);
    let found = test.compare_forecasts(actual.view(), a.view(), b.view(), loss)?;
    Ok(Tree::fields([("statistic", found.statistic.into()), ("p_value", found.p_value.into())]))
}

fn pesaran_timmermann(args: &mut Args<'_>) -> Outcome {
    let table = args.matrix("counts")?;
    let whole = table.iter().all(|count| *count >= 0.0 && *count < 2_f64.powi(53) && count.fract() == 0.0);
    if table.dim() != (2, 2) || !whole {
        return Err(Stop::Unsupported("counts must be two rows of two whole numbers".to_owned()));
    }
    let found = direction_test(DirectionCounts {
        up_predicted_up: table[(0, 0)] as u64,
        up_predicted_down: table[(0, 1)] as u64,
        down_predicted_up: table[(1, 0)] as u64,
        down_predicted_down: table[(1, 1)] as u64,
    })?;
    Ok(Tree::fields([
        ("hit_rate", found.hit_rate.into()),
        ("expected_hit_rate", found.expected_hit_rate.into()),
        ("statistic", found.statistic.into()),
    ]))
}

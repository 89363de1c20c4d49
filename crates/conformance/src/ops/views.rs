//! `black_litterman.*`

use alluse_quant::optimizer::black_litterman::{
    BlackLitterman, Prior, View, WeightsCovariance, implied_risk_aversion as least_squares,
};
use alluse_quant::optimizer::{RiskModel, Universe};
use alluse_quant::risk_core::{Covariance, Weights};
use ndarray::{Array1, Array2};

use super::Table;
use crate::args::{Args, Result};
use crate::outcome::{Outcome, Stop};
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("black_litterman.implied_confidence", implied_confidence),
    ("black_litterman.implied_returns", implied_returns),
    ("black_litterman.implied_risk_aversion", implied_risk_aversion),
    ("black_litterman.posterior", posterior),
    ("black_litterman.view_variance", view_variance),
];

/// Assets are named by their place.
fn named(covariance: Array2<f64>) -> Result<(Universe, RiskModel)> {
    let names = (0..covariance.ncols()).map(|place| place.to_string());
    Ok((Universe::named(names)?, Covariance::new(covariance)?.into()))
}

/// A view a row.
fn stated(rows: &Array2<f64>, values: &Array1<f64>, assets: usize) -> Result<Vec<View>> {
    if rows.dim() != (values.len(), assets) {
        return Err(Stop::Unsupported("views other than a row a view return and a column an asset".to_owned()));
    }
    let row = |row: ndarray::ArrayView1<'_, f64>, value: &f64| {
        View::portfolio(row.iter().enumerate().map(|(place, weight)| (place.to_string(), *weight)), *value)
    };
    Ok(rows.outer_iter().zip(values).map(|(weights, value)| row(weights, value)).collect())
}

fn implied_returns(args: &mut Args<'_>) -> Outcome {
    let (covariance, weights) = (args.matrix("covariance")?, args.vector("weights")?);
    let risk_aversion = args.number("risk_aversion")?;
    let (universe, risk) = named(covariance)?;
    let prior = Prior::Equilibrium { risk_aversion, weights: Weights::new(weights)? };
    let implied = BlackLitterman::new(prior).prior_mean(&universe, &risk)?;
    Ok(Tree::fields([("implied_returns", implied.into())]))
}

fn implied_risk_aversion(args: &mut Args<'_>) -> Outcome {
    let (covariance, weights) = (args.matrix("covariance")?, args.vector("weights")?);
    let implied = args.vector("implied_returns")?;
    let risk = RiskModel::from(Covariance::new(covariance)?);
    Ok(least_squares(&risk, weights.view(), implied.view())?.into())
}

fn view_variance(args: &mut Args<'_>) -> Outcome {
    let (covariance, rows) = (args.matrix("covariance")?, args.matrix("views")?);
    // What a view says about its portfolio does not change how that varies.
    let views = stated(&rows, &Array1::zeros(rows.nrows()), covariance.ncols())?;
    let (universe, risk) = named(covariance)?;
    let variance = views.iter().map(|view| Ok(view.variance(&universe, &risk)?)).collect::<Result<Vec<f64>>>()?;
    Ok(Tree::fields([("variance", variance.into())]))
}

/// `Ω`, or none for errors in proportion to the variances of the views.
fn view_covariance(args: &mut Args<'_>, name: &str) -> Result<Option<Array2<f64>>> {
    if args.is_vector(name) { args.matrix(name).map(Some) } else { args.choice(name, &[("proportional", None)]) }
}

fn posterior(args: &mut Args<'_>) -> Outcome {
    let (covariance, mean, tau) = (args.matrix("covariance")?, args.vector("prior_mean")?, args.number("tau")?);
    let views = stated(&args.matrix("views")?, &args.vector("view_returns")?, covariance.ncols())?;
    let errors = view_covariance(args, "view_covariance")?;
    let risk_aversion = args.number("risk_aversion")?;
    let covariances = [("posterior", WeightsCovariance::Posterior), ("prior", WeightsCovariance::Prior)];
    let weights_covariance = args.choice("weights_covariance", &covariances)?;
    let normalise = args.optional("normalise_weights", Args::flag)?.unwrap_or(false);
    let (universe, risk) = named(covariance)?;
    let mut model = BlackLitterman::new(Prior::Mean(mean.to_vec())).with_tau(tau).with_views(views);
    if let Some(errors) = errors {
        model = model.with_view_covariance(Covariance::new(errors)?);
    }
    let posterior = model.posterior(&universe, &risk)?;
    let optimal = posterior.weights(weights_covariance, risk_aversion)?;
    let weights = if normalise { optimal.fully_invested()? } else { optimal.weights };
    let mut fields = vec![
        ("mean", posterior.mean().to_owned().into()),
        ("covariance", posterior.covariance().to_dense()?.into_matrix().into()),
        ("weights", weights.into()),
    ];
    if weights_covariance == WeightsCovariance::Posterior && !normalise {
        fields.push(("weights_minus_scaled_market", optimal.tilt.into()));
    }
    Ok(Tree::fields(fields))
}

fn implied_confidence(args: &mut Args<'_>) -> Outcome {
    let (covariance, weights) = (args.matrix("covariance")?, args.vector("market_weights")?);
    let (risk_aversion, tau) = (args.number("risk_aversion")?, args.number("tau")?);
    let views = stated(&args.matrix("views")?, &args.vector("view_returns")?, covariance.ncols())?;
    let (universe, risk) = named(covariance)?;
    let prior = Prior::Equilibrium { risk_aversion, weights: Weights::new(weights)? };
    let model = BlackLitterman::new(prior).with_tau(tau).with_views(views);
    let implied = model.implied_confidence(&universe, &risk, risk_aversion)?;
    let mut fields = vec![("full_confidence_weights", implied.full_confidence_weights.into())];
    let first: Option<Vec<f64>> = implied.confidence.into_iter().take(7).collect();
    fields.extend(first.map(|confidence| ("implied_confidence_first7", confidence.into())));
    Ok(Tree::fields(fields))
}

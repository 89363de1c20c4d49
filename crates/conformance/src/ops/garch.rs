//! `volatility.garch_*`

use alluse_quant::forecast::innovations::{InnovationLaw, Innovations};
use alluse_quant::forecast::volatility::garch::{
    AsymmetryShare, FittedGarch, Garch, GarchParameters, InitialVariance, MeanEquation, ParameterErrors,
    VarianceEquation,
};
use alluse_quant::prelude::FittedVolatility as _;
use ndarray::Array1;

use super::Table;
use crate::args::{Args, Result};
use crate::outcome::{Outcome, Stop};
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("volatility.garch_filter", garch_filter),
    ("volatility.garch_fit", garch_fit),
    ("volatility.garch_forecast", garch_forecast),
];

/// Returns in the unit of the case, the model, and the law whose shapes the parameters give.
struct Case {
    returns: Array1<f64>,
    model: Garch,
    equation: VarianceEquation,
    innovations: Innovations,
}

fn garch(args: &mut Args<'_>) -> Result<Case> {
    let returns = args.scaled("returns")?;
    let kinds = [
        ("arch", VarianceEquation::Garch),
        ("garch", VarianceEquation::Garch),
        ("gjr", VarianceEquation::Garch),
        ("tarch", VarianceEquation::Tarch),
        ("egarch", VarianceEquation::Egarch),
    ];
    let equation = args.choice("model", &kinds)?;
    let (p, o, q) = (args.count("arch_order")?, args.count("asymmetry_order")?, args.count("garch_order")?);
    let mean = args.choice("mean", &[("constant", MeanEquation::Constant), ("zero", MeanEquation::Zero)])?;
    let laws = [
        ("normal", Innovations::Normal),
        ("student_t", Innovations::StudentT),
        ("hansen_skew_t", Innovations::SkewedT),
    ];
    let innovations = args.choice("distribution", &laws)?;
    let starts = [("backcast", InitialVariance::Backcast), ("mean_square", InitialVariance::MeanSquare)];
    let initial = args.choice("initial_variance", &starts)?;
    let model = match equation {
        VarianceEquation::Tarch => Garch::tarch(p, o, q),
        VarianceEquation::Egarch => Garch::egarch(p, o, q),
        _ => Garch::gjr(p, o, q),
    };
    let model = model.with_mean(mean).with_innovations(innovations).with_initial_variance(initial);
    Ok(Case { returns, model, equation, innovations })
}

fn parameters(args: &mut Args<'_>, case: &Case) -> Result<GarchParameters> {
    let vector = |args: &mut Args<'_>, name: &str| -> Result<Vec<f64>> {
        Ok(args.optional(name, Args::vector)?.unwrap_or_default().to_vec())
    };
    args.record("parameters", |args| {
        let (alpha, gamma, beta) = (vector(args, "alpha")?, vector(args, "gamma")?, vector(args, "beta")?);
        let parameters = GarchParameters::new(args.number("omega")?, alpha, beta).with_equation(case.equation);
        let parameters = parameters.with_gamma(gamma).with_law(match case.innovations {
            Innovations::StudentT => InnovationLaw::StudentT { degrees_of_freedom: args.number("degrees_of_freedom")? },
            Innovations::SkewedT => InnovationLaw::SkewedT {
                degrees_of_freedom: args.number("degrees_of_freedom")?,
                skew: args.number("skew")?,
            },
            _ => InnovationLaw::Normal,
        });
        Ok(match args.optional("mean", Args::number)? {
            Some(mean) => parameters.with_mean(mean),
            None => parameters,
        })
    })
}

fn garch_filter(args: &mut Args<'_>) -> Outcome {
    let case = garch(args)?;
    let parameters = parameters(args, &case)?;
    let filtered = case.model.at(case.returns.view(), &parameters)?;
    let volatility = filtered.volatility();
    let end =
        |value: Option<&f64>| value.copied().map(Tree::from).ok_or_else(|| Stop::Unsupported("no returns".into()));
    Ok(Tree::fields([
        ("loglikelihood", filtered.log_likelihood().into()),
        ("first_volatility", end(volatility.first())?),
        ("last_volatility", end(volatility.last())?),
    ]))
}

fn garch_forecast(args: &mut Args<'_>) -> Outcome {
    let case = garch(args)?;
    let parameters = parameters(args, &case)?;
    let horizon = args.count("horizon")?;
    let filtered = case.model.at(case.returns.view(), &parameters)?;
    Ok(Tree::fields([("variance", filtered.forecast_with(horizon, AsymmetryShare::Half)?.into())]))
}

fn garch_fit(args: &mut Args<'_>) -> Outcome {
    let case = garch(args)?;
    let kinds = [("hessian", ParameterErrors::Hessian), ("robust", ParameterErrors::Robust)];
    let method = args.optional("standard_errors", |args, name| args.choice(name, &kinds))?;
    let fitted = case.model.estimate(case.returns.view())?;
    let mut fields = vec![
        ("parameters", named(&fitted)),
        ("loglikelihood", fitted.log_likelihood().into()),
        ("aic", fitted.aic().into()),
        ("bic", fitted.bic().into()),
    ];
    if let Some(method) = method {
        fields.push(("standard_errors", errors(&fitted, method)?));
    }
    Ok(Tree::fields(fields))
}

fn named(fitted: &FittedGarch) -> Tree {
    let parameters = fitted.parameters();
    let list = |values: &[f64]| Array1::from(values.to_vec()).into();
    let mut fields: Vec<(&str, Tree)> = vec![
        ("omega", parameters.omega.into()),
        ("alpha", list(&parameters.alpha)),
        ("gamma", list(&parameters.gamma)),
        ("beta", list(&parameters.beta)),
    ];
    fields.extend(parameters.mean.map(|mean| ("mean", mean.into())));
    let names = parameters.law.family().shape_names();
    fields.extend(names.iter().copied().zip(parameters.law.shapes().into_iter().map(Tree::from)));
    Tree::fields(fields)
}

fn errors(fitted: &FittedGarch, method: ParameterErrors) -> Outcome {
    let mut fields: Vec<(&str, Tree)> = Vec::new();
    let found = fitted.standard_errors(method)?;
    for name in ["mean", "omega", "degrees_of_freedom", "skew"] {
        let error = found.iter().find(|error| error.name == name).and_then(|error| error.standard_error);
        fields.extend(error.map(|error| (name, error.into())));
    }
    for name in ["alpha", "gamma", "beta"] {
        let of = found.iter().filter(|error| error.name.starts_with(name)).filter_map(|error| error.standard_error);
        fields.push((name, of.collect::<Array1<f64>>().into()));
    }
    Ok(Tree::fields(fields))
}

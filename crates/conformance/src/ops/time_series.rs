//! `timeseries.*`

use alluse_quant::forecast::time_series::diagnostics::{
    self, AdfLags, AugmentedDickeyFuller, Centring, Deterministic, Portmanteau,
};
use alluse_quant::forecast::time_series::{
    Arima, ArimaParameters, Constant, ErrorTerm, ExponentialSmoothing, Season, Trend,
};
use ndarray::Array1;

use super::Table;
use crate::args::{Args, Result};
use crate::outcome::{Outcome, Stop};
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("timeseries.adf", adf),
    ("timeseries.arch_lm", arch_lm),
    ("timeseries.arima_fit", arima_fit),
    ("timeseries.arima_forecast", arima_forecast),
    ("timeseries.arima_loglikelihood", arima_log_likelihood),
    ("timeseries.exponential_smoothing_fit", exponential_smoothing),
    ("timeseries.ljung_box", ljung_box),
];

fn ljung_box(args: &mut Args<'_>) -> Outcome {
    let (series, lags) = (args.vector("series")?, args.counts("lags")?);
    let tests = Portmanteau::ljung_box().test_each(series.view(), &lags)?;
    let (statistics, p_values): (Vec<f64>, Vec<f64>) = tests.iter().map(|test| (test.statistic, test.p_value)).unzip();
    Ok(Tree::fields([("statistic", Array1::from(statistics).into()), ("p_value", Array1::from(p_values).into())]))
}

fn arch_lm(args: &mut Args<'_>) -> Outcome {
    let (series, lags) = (args.vector("series")?, args.count("lags")?);
    let centring = if args.flag("demean")? { Centring::Mean } else { Centring::None };
    let test = diagnostics::arch_lm(series.view(), lags, centring)?;
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
    let model = AugmentedDickeyFuller::default().with_deterministic(deterministic).with_lags(AdfLags::Fixed(lags));
    let test = model.test(series.view())?;
    Ok(Tree::fields([("statistic", test.statistic.into()), ("p_value", test.p_value.into())]))
}

fn arima(args: &mut Args<'_>) -> Result<Arima> {
    let order = args.counts("order")?;
    let constant = args.choice("mean", &[("constant", Constant::Mean), ("none", Constant::Zero)])?;
    let seasonal = args.optional("seasonal_order", Args::counts)?;
    let period = args.optional("period", Args::count)?;
    let &[p, d, q] = order.as_slice() else {
        return Err(Stop::Unsupported("an order of three numbers".to_owned()));
    };
    let model = Arima::new(p, d, q).with_constant(constant);
    match (seasonal.as_deref(), period) {
        (None, None) => Ok(model),
        (Some(&[p, d, q]), Some(period)) => Ok(model.with_seasonal(p, d, q, period)),
        _ => Err(Stop::Unsupported("a seasonal order of three numbers with its period".to_owned())),
    }
}

fn arima_parameters(args: &mut Args<'_>) -> Result<ArimaParameters> {
    args.record("parameters", |args| {
        Ok(ArimaParameters {
            ar: args.optional("ar", Args::vector)?.unwrap_or_default().to_vec(),
            ma: args.optional("ma", Args::vector)?.unwrap_or_default().to_vec(),
            mean: args.optional("mean", Args::number)?,
            innovation_variance: args.number("sigma2")?,
            ..ArimaParameters::default()
        })
    })
}

fn arima_log_likelihood(args: &mut Args<'_>) -> Outcome {
    let (series, model, parameters) = (args.scaled("series")?, arima(args)?, arima_parameters(args)?);
    Ok(Tree::fields([("loglikelihood", model.log_likelihood(series.view(), &parameters)?.into())]))
}

fn arima_forecast(args: &mut Args<'_>) -> Outcome {
    let (series, model, parameters) = (args.scaled("series")?, arima(args)?, arima_parameters(args)?);
    let horizon = args.count("horizon")?;
    Ok(Tree::fields([("forecast", model.forecast(series.view(), &parameters, horizon)?.into())]))
}

fn arima_fit(args: &mut Args<'_>) -> Outcome {
    let (series, model) = (args.scaled("series")?, arima(args)?);
    let fitted = model.fit(series.view())?;
    let found = fitted.parameters();
    let list = |values: &[f64]| Tree::from(Array1::from(values.to_vec()));
    let known = [
        ("ar", list(&found.ar)),
        ("ma", list(&found.ma)),
        ("seasonal_ma", list(&found.seasonal_ma)),
        ("sigma2", found.innovation_variance.into()),
    ];
    let parameters = Tree::fields(known.into_iter().chain(found.mean.map(|mean| ("mean", mean.into()))));
    Ok(Tree::fields([
        ("loglikelihood", fitted.log_likelihood().into()),
        ("aic", fitted.criteria().aic.into()),
        ("parameters", parameters),
    ]))
}

fn exponential_smoothing(args: &mut Args<'_>) -> Outcome {
    let series = args.scaled("series")?;
    let trend = args.optional("trend", |args, name| args.choice(name, &[("additive", Trend::Additive)]))?;
    let damped = args.optional("damped", Args::flag)?.unwrap_or(false);
    let season = args.optional("seasonal", |args, name| args.choice(name, &[("additive", Season::Additive)]))?;
    let period = args.optional("period", Args::count)?;
    let horizon = args.count("horizon")?;
    let trend = match (trend, damped) {
        (None, _) => Trend::None,
        (Some(_), true) => Trend::Damped,
        (Some(trend), false) => trend,
    };
    let model = ExponentialSmoothing::new(ErrorTerm::Additive, trend).with_damping(0.8, 0.995);
    let model = match (season, period) {
        (Some(season), Some(period)) => model.with_season(season, period),
        _ => model,
    };
    let fitted = model.fit(series.view())?;
    let filtered = fitted.filtered();
    Ok(Tree::fields([("sse", filtered.sum_of_squares().into()), ("forecast", filtered.forecast(horizon)?.into())]))
}

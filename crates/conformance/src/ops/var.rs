//! `var.*` and `var_forecast.*`

use alluse_quant::risk_core::measures::{CornishFisher, ExpansionDomain, ExpansionOrder, QuantileRule};
use alluse_quant::risk_core::volatility::{EwmaStart, EwmaVolatility};
use alluse_quant::risk_core::{Confidence, Decay, Horizon, LossDistribution, VarModel};
use alluse_quant::var_models::{
    ComponentVar, Conditional, DeltaNormal, FilteredHistorical, Historical, Innovations, NormalLoss,
    ParametricCornishFisher, ParametricNormal, ParametricStudentT, Residuals, Rolling, StudentTLoss, Window,
    tail_table,
};

use super::Table;
use crate::args::{Args, Result};
use crate::outcome::Outcome;
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("var.component", component),
    ("var.cornish_fisher", cornish_fisher),
    ("var.delta_normal", delta_normal),
    ("var.parametric", parametric),
    ("var.student_t_fit", student_t_fit),
    ("var_forecast.rolling", rolling),
];

fn component(args: &mut Args<'_>) -> Outcome {
    let (exposures, volatility) = (args.vector("exposures")?, args.vector("volatility")?);
    let (correlation, multiplier, days) =
        (args.matrix("correlation")?, args.number("multiplier")?, args.count("horizon")?);
    let horizon = Horizon::days(days)?;
    let book = DeltaNormal::from_correlation(exposures.view(), volatility.view(), correlation.view(), horizon)?;
    Ok(parts(book.at_multiplier(multiplier)?))
}

fn delta_normal(args: &mut Args<'_>) -> Outcome {
    let (deltas, spots, volatility) = (args.vector("deltas")?, args.vector("spots")?, args.vector("volatility")?);
    let (correlation, multiplier, days) =
        (args.matrix("correlation")?, args.number("multiplier")?, args.count("horizon")?);
    let horizon = Horizon::days(days)?;
    let book = DeltaNormal::from_deltas(deltas.view(), spots.view(), volatility.view(), correlation.view(), horizon)?;
    Ok(parts(book.at_multiplier(multiplier)?))
}

fn parts(parts: ComponentVar) -> Tree {
    Tree::fields([
        ("standard_deviation", parts.standard_deviation.into()),
        ("var", parts.value_at_risk.into()),
        ("individual_var", parts.individual.into()),
        ("marginal_var", parts.marginal.into()),
        ("component_var", parts.component.into()),
        ("diversification_benefit", parts.diversification_benefit.into()),
    ])
}

fn cornish_fisher(args: &mut Args<'_>) -> Outcome {
    let order = args.choice("order", &[("3", ExpansionOrder::Third), ("4", ExpansionOrder::Fourth)])?;
    let (mean, deviation) = (args.number("mean")?, args.number("standard_deviation")?);
    let (skewness, excess) = (args.number("skewness")?, args.number("excess_kurtosis")?);
    let multiplier = args.number("multiplier")?;
    let expansion = CornishFisher::new(mean, deviation, skewness, excess, ExpansionDomain::Unchecked)?;
    let quantile = expansion.at_multiplier(multiplier, order)?;
    Ok(Tree::fields([("z", quantile.z.into()), ("var", quantile.value_at_risk.into())]))
}

#[derive(Clone)]
enum Law {
    Normal,
    StudentT,
}

fn parametric(args: &mut Args<'_>) -> Outcome {
    let mean = args.number("mean")?;
    match args.choice("distribution", &[("normal", Law::Normal), ("student_t", Law::StudentT)])? {
        Law::Normal => {
            let deviation = args.number("standard_deviation")?;
            if args.has("multiplier") {
                let multiplier = args.number("multiplier")?;
                let loss = NormalLoss::new(mean, deviation, Horizon::DAY)?.loss_at_multiplier(multiplier)?;
                return Ok(Tree::fields([("var", loss.into())]));
            }
            let levels = Levels::read(args)?;
            levels.of(&NormalLoss::new(mean, deviation, Horizon::DAY)?)
        }
        Law::StudentT => {
            let nu = args.number("degrees_of_freedom")?;
            let from_scale = args.has("scale");
            let spread = args.number(if from_scale { "scale" } else { "standard_deviation" })?;
            let law = if from_scale { StudentTLoss::new } else { StudentTLoss::with_standard_deviation };
            if args.has("multiplier") {
                let multiplier = args.number("multiplier")?;
                let loss = law(mean, spread, nu, Horizon::DAY)?.loss_at_multiplier(multiplier)?;
                return Ok(Tree::fields([("var", loss.into())]));
            }
            let levels = Levels::read(args)?;
            levels.of(&law(mean, spread, nu, Horizon::DAY)?)
        }
    }
}

/// One level or a list of them.
enum Levels {
    One(f64),
    Many(Vec<f64>),
}

impl Levels {
    fn read(args: &mut Args<'_>) -> Result<Self> {
        Ok(match args.is_vector("confidence") {
            true => Self::Many(args.vector("confidence")?.to_vec()),
            false => Self::One(args.number("confidence")?),
        })
    }

    fn of(self, loss: &dyn LossDistribution) -> Outcome {
        match self {
            Self::One(level) => {
                let confidence = Confidence::new(level)?;
                let (var, es) = (loss.value_at_risk(confidence)?, loss.expected_shortfall(confidence)?);
                Ok(Tree::fields([("var", var.into()), ("es", es.into())]))
            }
            Self::Many(levels) => {
                let table = tail_table(loss, &confidences(&levels)?)?;
                Ok(Tree::fields([("var", table.value_at_risk.into()), ("es", table.expected_shortfall.into())]))
            }
        }
    }
}

fn confidences(levels: &[f64]) -> Result<Vec<Confidence>> {
    Ok(levels.iter().map(|level| Confidence::new(*level)).collect::<alluse_quant::risk_core::Result<_>>()?)
}

fn student_t_fit(args: &mut Args<'_>) -> Outcome {
    let returns = args.vector("returns")?;
    let levels = args.optional("confidence", Args::vector)?;
    let fit = ParametricStudentT::default().fit(returns.view())?;
    let fitted = [
        ("degrees_of_freedom", fit.degrees_of_freedom.into()),
        ("location", fit.location.into()),
        ("scale", fit.scale.into()),
        ("loglikelihood", fit.log_likelihood.into()),
    ];
    let Some(levels) = levels else { return Ok(Tree::fields(fitted)) };
    let table = tail_table(&StudentTLoss::from_fit(&fit, Horizon::DAY)?, &confidences(&levels.to_vec())?)?;
    let [nu, location, scale, likelihood] = fitted;
    let (var, es) = (table.value_at_risk.into(), table.expected_shortfall.into());
    Ok(Tree::fields([nu, location, scale, likelihood, ("var", var), ("es", es)]))
}

#[derive(Clone)]
enum Method {
    Historical,
    Normal,
    EwmaNormal,
    Filtered,
    CornishFisher,
}

/// The rules are stated on ascending returns, the models' on losses.
fn quantile(args: &mut Args<'_>) -> Result<QuantileRule> {
    let rules = [
        ("linear_type7", QuantileRule::Linear.mirrored()),
        ("upper_order_statistic", QuantileRule::UpperLoss.mirrored()),
    ];
    args.choice("quantile", &rules)
}

/// The model and the window that an op names.
pub(super) fn forecaster(args: &mut Args<'_>, window: usize) -> Result<(Box<dyn VarModel>, Window)> {
    let methods = [
        ("historical", Method::Historical),
        ("normal", Method::Normal),
        ("ewma_normal", Method::EwmaNormal),
        ("filtered_historical", Method::Filtered),
        ("cornish_fisher", Method::CornishFisher),
    ];
    let (fixed, expanding) = (Window::Fixed(window), Window::Expanding(window));
    Ok(match args.choice("method", &methods)? {
        Method::Historical => {
            let rule = quantile(args)?;
            (Box::new(Historical::default().with_quantile_rule(rule).with_min_observations(window)), fixed)
        }
        Method::Normal => (Box::new(ParametricNormal::default().with_ddof(args.count("ddof")?)), fixed),
        Method::CornishFisher => {
            args.choice("ddof", &[("0", ())])?;
            let model = ParametricCornishFisher::default().with_domain(ExpansionDomain::Unchecked);
            (Box::new(model.with_min_observations(window)), fixed)
        }
        Method::EwmaNormal => {
            let volatility = EwmaVolatility::default().with_decay(Decay::new(args.number("decay")?)?);
            let volatility = volatility.with_start(EwmaStart::Held { observations: window });
            (Box::new(Conditional::new(Box::new(volatility), Innovations::Normal)), expanding)
        }
        Method::Filtered => {
            let volatility = EwmaVolatility::default().with_decay(Decay::new(args.number("decay")?)?);
            let volatility = volatility.with_start(EwmaStart::Backcast { observations: window });
            let model = FilteredHistorical::new(Box::new(volatility)).with_residuals(Residuals::AsTheyAre);
            let model = model.with_residual_window(window).with_quantile_rule(quantile(args)?);
            (Box::new(model.with_min_observations(window)), expanding)
        }
    })
}

fn rolling(args: &mut Args<'_>) -> Outcome {
    let (returns, window, level) = (args.vector("returns")?, args.count("window")?, args.number("confidence")?);
    let (model, window) = forecaster(args, window)?;
    let confidence = Confidence::new(level)?;
    let rolling = Rolling::new(window)?.with_levels(vec![confidence])?;
    let forecast = rolling.of_returns(&*model, returns.view())?;
    let (var, es) = (forecast.value_at_risk_summary(confidence)?, forecast.expected_shortfall_summary(confidence)?);
    Ok(Tree::fields([
        ("count", forecast.len().into()),
        ("var_first", var.first.into()),
        ("var_last", var.last.into()),
        ("var_mean", var.mean.into()),
        ("var_max", var.max.into()),
        ("var_max_index", var.max_index.into()),
        ("es_first", es.first.into()),
        ("es_last", es.last.into()),
        ("es_mean", es.mean.into()),
    ]))
}

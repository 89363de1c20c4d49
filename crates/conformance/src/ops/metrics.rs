//! `metric.*`

use alluse_quant::attribution::metrics::{
    Autocorrelation, BurkeEpisodes, BurkeScale, Compounding, Downside, ExposureShare, Kelly, MartinNumerator,
    ModifiedRisk, Outcome as Period, RachevTails, RecoveryNumerator, Sharpe, SortinoScale, VolatilitySkewness, Zeros,
};
use alluse_quant::attribution::{self, Annualisation, Performance, RiskFree};
use alluse_quant::risk_core::measures::ExpansionDomain;
use alluse_quant::risk_core::moments::{Divisor, Side, Target};
use alluse_quant::risk_core::{Confidence, Frequency};

use super::Table;
use super::moments::quantile_rule;
use crate::args::{Args, Result};
use crate::outcome::Outcome;

pub(super) const TABLE: Table = &[
    ("metric.adjusted_sharpe_ratio", adjusted_sharpe_ratio),
    ("metric.annual_return", annual_return),
    ("metric.annual_volatility", annual_volatility),
    ("metric.average_loss", |args| per_period(args, |p| p.average_loss())),
    ("metric.average_win", |args| per_period(args, |p| p.average_win())),
    ("metric.best_return", |args| per_period(args, |p| Ok(p.best_return()))),
    ("metric.burke_ratio", burke_ratio),
    ("metric.calmar_ratio", |args| per_year(args, |p| p.calmar_ratio())),
    ("metric.common_sense_ratio", common_sense_ratio),
    ("metric.cpc_index", |args| per_period(args, |p| p.cpc_index())),
    ("metric.d_ratio", |args| per_period(args, |p| p.d_ratio())),
    ("metric.downside_deviation", downside_deviation),
    ("metric.frequency", frequency),
    ("metric.gain_to_pain_ratio", |args| per_period(args, |p| p.gain_to_pain_ratio())),
    ("metric.hurst_exponent", |args| per_period(args, |p| p.hurst_exponent())),
    ("metric.kappa_ratio", kappa_ratio),
    ("metric.kelly_fraction", kelly_fraction),
    ("metric.longest_run", longest_run),
    ("metric.martin_ratio", martin_ratio),
    ("metric.mean_return", mean_return),
    ("metric.omega_ratio", omega_ratio),
    ("metric.omega_sharpe_ratio", omega_sharpe_ratio),
    ("metric.outlier_ratio", outlier_ratio),
    ("metric.pain_ratio", pain_ratio),
    ("metric.payoff_ratio", |args| per_period(args, |p| p.payoff_ratio())),
    ("metric.profit_factor", |args| per_period(args, |p| p.profit_factor())),
    ("metric.prospect_ratio", prospect_ratio),
    ("metric.rachev_ratio", rachev_ratio),
    ("metric.recovery_factor", recovery_factor),
    ("metric.return_over_exposure", |args| per_year(args, |p| p.return_over_exposure(ExposureShare::WholePercent))),
    ("metric.reward_to_risk", reward_to_risk),
    ("metric.risk_of_ruin", |args| per_period(args, |p| p.risk_of_ruin())),
    ("metric.serenity_index", |args| per_period(args, |p| p.serenity_index())),
    ("metric.sharpe_ratio", sharpe_ratio),
    ("metric.skewness_kurtosis_ratio", |args| per_period(args, |p| p.skewness_kurtosis_ratio())),
    ("metric.smoothing_index", smoothing_index),
    ("metric.sortino_ratio", sortino_ratio),
    ("metric.stability", |args| per_period(args, |p| p.stability())),
    ("metric.sterling_ratio", sterling_ratio),
    ("metric.tail_ratio", tail_ratio),
    ("metric.total_return", total_return),
    ("metric.upside_potential_ratio", upside_potential_ratio),
    ("metric.volatility_skewness", volatility_skewness),
    ("metric.win_rate", win_rate),
    ("metric.worst_return", |args| per_period(args, |p| Ok(p.worst_return()))),
];

/// A metric of returns that no number of periods a year enters.
fn per_period(args: &mut Args<'_>, metric: impl FnOnce(&Performance<'_>) -> attribution::Result<f64>) -> Outcome {
    let returns = args.vector("returns")?;
    Ok(metric(&Performance::new(returns, Annualisation::Periods(Frequency::Yearly))?)?.into())
}

/// A metric of returns and the number of periods a year.
fn per_year(args: &mut Args<'_>, metric: impl FnOnce(&Performance<'_>) -> attribution::Result<f64>) -> Outcome {
    let (returns, periods) = (args.vector("returns")?, args.number("periods_per_year")?);
    Ok(metric(&Performance::new(returns, Annualisation::Periods(Frequency::custom(periods)?))?)?.into())
}

/// One simple return for all periods, or one for each.
pub(super) fn risk_free(args: &mut Args<'_>) -> Result<RiskFree> {
    if args.is_vector("risk_free") {
        args.vector("risk_free").map(RiskFree::Series)
    } else {
        args.number("risk_free").map(RiskFree::PerPeriod)
    }
}

fn compounding(args: &mut Args<'_>, name: &str) -> Result<Compounding> {
    args.choice(name, &[("geometric", Compounding::Geometric), ("arithmetic", Compounding::Arithmetic)])
}

fn divisor(args: &mut Args<'_>) -> Result<Divisor> {
    args.choice("divisor", &[("all", Divisor::All), ("beyond_target", Divisor::BeyondTarget)])
}

fn target(args: &mut Args<'_>) -> Result<Target> {
    args.choice_or_number("target", &[("mean", Target::Mean)], Target::Value)
}

fn side(args: &mut Args<'_>) -> Result<Period> {
    args.choice("side", &[("win", Period::Win), ("loss", Period::Loss)])
}

fn total_return(args: &mut Args<'_>) -> Outcome {
    let compounding = compounding(args, "compounding")?;
    per_period(args, |p| p.total_return(compounding))
}

fn mean_return(args: &mut Args<'_>) -> Outcome {
    let compounding = compounding(args, "compounding")?;
    per_period(args, |p| p.mean_return(compounding))
}

fn annual_return(args: &mut Args<'_>) -> Outcome {
    let compounding = compounding(args, "compounding")?;
    per_year(args, |p| p.annual_return(compounding))
}

fn annual_volatility(args: &mut Args<'_>) -> Outcome {
    let ddof = args.count("ddof")?;
    per_year(args, |p| p.annual_volatility(ddof))
}

fn sharpe_ratio(args: &mut Args<'_>) -> Outcome {
    let (risk_free, ddof) = (risk_free(args)?, args.count("ddof")?);
    let penalties = [("none", Autocorrelation::None), ("lag1_powers", Autocorrelation::LagOnePowers)];
    let penalty = args.optional("autocorrelation_penalty", |args, name| args.choice(name, &penalties))?;
    let how = Sharpe::default().with_ddof(ddof).with_autocorrelation(penalty.unwrap_or_default());
    per_year(args, |p| p.sharpe_ratio(&risk_free, how))
}

fn adjusted_sharpe_ratio(args: &mut Args<'_>) -> Outcome {
    let (risk_free, ddof) = (risk_free(args)?, args.count("ddof")?);
    let mean = args.optional("mean", compounding)?.unwrap_or(Compounding::Arithmetic);
    let how = Sharpe { mean, ..Sharpe::default() }.with_ddof(ddof);
    per_year(args, |p| p.adjusted_sharpe_ratio(&risk_free, how))
}

fn reward_to_risk(args: &mut Args<'_>) -> Outcome {
    let measures = [("modified_var", ModifiedRisk::ValueAtRisk), ("modified_es", ModifiedRisk::ExpectedShortfall)];
    let (risk_free, measure) = (risk_free(args)?, args.choice("measure", &measures)?);
    let level = args.number("confidence")?;
    per_period(args, |p| p.reward_to_risk(&risk_free, measure, Confidence::new(level)?, ExpansionDomain::Unchecked))
}

fn downside_deviation(args: &mut Args<'_>) -> Outcome {
    let downside = Downside { target: target(args)?, divisor: divisor(args)?, ddof: args.count("ddof")? };
    per_year(args, |p| p.annual_downside_deviation(downside))
}

fn sortino_ratio(args: &mut Args<'_>) -> Outcome {
    let downside = Downside { target: target(args)?, divisor: divisor(args)?, ddof: 0 };
    let scale = args.choice("scaled_by", &[("none", SortinoScale::None), ("sqrt2", SortinoScale::RootTwo)])?;
    per_year(args, |p| p.sortino_ratio(downside, scale))
}

fn kappa_ratio(args: &mut Args<'_>) -> Outcome {
    let (target, order) = (args.number("target")?, args.count("order")?);
    per_period(args, |p| p.kappa_ratio(target, order))
}

fn omega_ratio(args: &mut Args<'_>) -> Outcome {
    let threshold = args.number("threshold")?;
    per_period(args, |p| p.omega_ratio(threshold))
}

fn omega_sharpe_ratio(args: &mut Args<'_>) -> Outcome {
    let threshold = args.number("threshold")?;
    per_period(args, |p| p.omega_sharpe_ratio(threshold))
}

fn upside_potential_ratio(args: &mut Args<'_>) -> Outcome {
    let (target, divisor) = (args.number("target")?, divisor(args)?);
    per_period(args, |p| p.upside_potential_ratio(target, divisor))
}

fn prospect_ratio(args: &mut Args<'_>) -> Outcome {
    let target = args.number("target")?;
    per_period(args, |p| p.prospect_ratio(target))
}

fn volatility_skewness(args: &mut Args<'_>) -> Outcome {
    let orders = [("2", VolatilitySkewness::Variances), ("1", VolatilitySkewness::Deviations)];
    let (target, of) = (args.number("target")?, args.choice("order", &orders)?);
    per_period(args, |p| p.volatility_skewness(target, of))
}

fn frequency(args: &mut Args<'_>) -> Outcome {
    let side = args.choice("side", &[("lower", Side::Lower), ("upper", Side::Upper)])?;
    let target = args.number("target")?;
    per_period(args, |p| p.frequency(side, target))
}

fn sterling_ratio(args: &mut Args<'_>) -> Outcome {
    let excess = args.number("excess")?;
    per_year(args, |p| p.sterling_ratio(excess))
}

fn pain_ratio(args: &mut Args<'_>) -> Outcome {
    let risk_free = args.number("risk_free_annual")?;
    per_year(args, |p| p.pain_ratio(risk_free))
}

fn martin_ratio(args: &mut Args<'_>) -> Outcome {
    let numerators = [("annual_return", MartinNumerator::AnnualReturn), ("total_return", MartinNumerator::TotalReturn)];
    let (risk_free, numerator) = (args.number("risk_free_annual")?, args.choice("numerator", &numerators)?);
    let ddof = args.count("ddof")?;
    per_year(args, |p| p.martin_ratio(risk_free, numerator, ddof))
}

fn burke_ratio(args: &mut Args<'_>) -> Outcome {
    let risk_free = args.number("risk_free_annual")?;
    let episodes = args.choice("episodes", &[("negative_runs_in_percent", BurkeEpisodes::NegativeRunsInPercent)])?;
    let scale = if args.flag("modified")? { BurkeScale::RootPeriods } else { BurkeScale::Plain };
    per_year(args, |p| p.burke_ratio(risk_free, episodes, scale))
}

fn recovery_factor(args: &mut Args<'_>) -> Outcome {
    let numerators = [("sum", RecoveryNumerator::Sum), ("total_return", RecoveryNumerator::TotalReturn)];
    let numerator = args.choice("numerator", &numerators)?;
    per_period(args, |p| p.recovery_factor(numerator))
}

fn tail_ratio(args: &mut Args<'_>) -> Outcome {
    let (level, rule) = (args.number("confidence")?, quantile_rule(args, "quantile")?);
    per_period(args, |p| p.tail_ratio(Confidence::new(level)?, rule))
}

fn common_sense_ratio(args: &mut Args<'_>) -> Outcome {
    let (level, rule) = (args.number("confidence")?, quantile_rule(args, "quantile")?);
    per_period(args, |p| p.common_sense_ratio(Confidence::new(level)?, rule))
}

fn rachev_ratio(args: &mut Args<'_>) -> Outcome {
    let tails = args.choice("tails", &[("performance_analytics", RachevTails::PerformanceAnalytics)])?;
    let level = args.number("confidence")?;
    per_period(args, |p| p.rachev_ratio(Confidence::new(level)?, Confidence::new(level)?, tails))
}

fn outlier_ratio(args: &mut Args<'_>) -> Outcome {
    let (side, probability) = (side(args)?, args.number("probability")?);
    let rule = quantile_rule(args, "quantile")?;
    per_period(args, |p| p.outlier_ratio(side, probability, rule))
}

fn win_rate(args: &mut Args<'_>) -> Outcome {
    let zeros = args.choice("zeros", &[("excluded", Zeros::Excluded), ("included", Zeros::Included)])?;
    per_period(args, |p| p.win_rate(zeros))
}

fn longest_run(args: &mut Args<'_>) -> Outcome {
    let (side, returns) = (side(args)?, args.vector("returns")?);
    Ok(Performance::new(returns, Annualisation::Periods(Frequency::Yearly))?.longest_run(side).into())
}

fn kelly_fraction(args: &mut Args<'_>) -> Outcome {
    let methods = [("win_loss", Kelly::WinLoss), ("mean_variance", Kelly::MeanVariance)];
    let (method, risk_free) = (args.choice("method", &methods)?, risk_free(args)?);
    let fraction = args.number("fraction")?;
    per_period(args, |p| p.kelly_fraction(method, &risk_free, fraction))
}

fn smoothing_index(args: &mut Args<'_>) -> Outcome {
    let order = args.count("order")?;
    per_period(args, |p| Ok(p.smoothing(order)?.index))
}

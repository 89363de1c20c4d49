//! `benchmark.*`

use alluse_quant::attribution::benchmark::{
    AlphaBasis, AppraisalDenominator, CaptureMethod, HacErrors, MarketDirection, MarketPeriods, MeanReturn,
    TimingModel, TreynorDenominator, TreynorNumerator, ZeroBenchmark,
};
use alluse_quant::attribution::{self, Annualisation, Relative, RiskFree};
use alluse_quant::risk_core::{Confidence, Frequency};
use ndarray::Array1;

use super::Table;
use super::metrics::risk_free;
use crate::args::{Args, Result};
use crate::outcome::Outcome;
use crate::tree::Tree;

pub(super) const TABLE: Table = &[
    ("benchmark.active_return", |args| per_year(args, |pair| pair.active_return(MeanReturn::Geometric))),
    ("benchmark.alpha", alpha),
    ("benchmark.appraisal_ratio", appraisal_ratio),
    ("benchmark.batting_average", batting_average),
    ("benchmark.beta", beta),
    ("benchmark.beta_fragility", |args| per_period(args, |pair| pair.beta_fragility())),
    ("benchmark.capture_frequency", capture_frequency),
    ("benchmark.capture_ratio", capture_ratio),
    ("benchmark.drawdown_alpha", drawdown_alpha),
    ("benchmark.drawdown_beta", drawdown_beta),
    ("benchmark.fama_beta", |args| per_period(args, |pair| pair.fama_beta())),
    ("benchmark.information_ratio", information_ratio),
    ("benchmark.jensen_alpha", |args| excess_per_year(args, |pair| pair.jensen_alpha())),
    ("benchmark.m2_sortino", m2_sortino),
    ("benchmark.m_squared", m_squared),
    ("benchmark.m_squared_excess", m_squared_excess),
    ("benchmark.market_timing", market_timing),
    ("benchmark.omega_excess_return", omega_excess_return),
    ("benchmark.r_squared", |args| per_period(args, |pair| pair.r_squared())),
    ("benchmark.regression_epsilon", |args| excess_per_year(args, |pair| pair.regression_epsilon())),
    ("benchmark.specific_risk", specific_risk),
    ("benchmark.systematic_risk", systematic_risk),
    ("benchmark.timing_ratio", timing_ratio),
    ("benchmark.total_risk", total_risk),
    ("benchmark.tracking_error", tracking_error),
    ("benchmark.treynor_ratio", treynor_ratio),
    ("benchmark.up_down_capture", up_down_capture),
];

/// Returns and benchmark, and the two numbers that only some metrics want.
struct Pair {
    returns: Array1<f64>,
    benchmark: Array1<f64>,
    risk_free: RiskFree,
    periods_per_year: f64,
}

impl Pair {
    fn read(args: &mut Args<'_>) -> Result<Self> {
        let (returns, benchmark) = (args.vector("returns")?, args.vector("benchmark")?);
        Ok(Self { returns, benchmark, risk_free: RiskFree::Zero, periods_per_year: 1.0 })
    }

    fn read_per_year(args: &mut Args<'_>) -> Result<Self> {
        Ok(Self { periods_per_year: args.number("periods_per_year")?, ..Self::read(args)? })
    }

    fn metric<T>(self, metric: impl FnOnce(&Relative<'_>) -> attribution::Result<T>) -> Result<T> {
        let annualisation = Annualisation::Periods(Frequency::custom(self.periods_per_year)?);
        Ok(metric(&Relative::new(self.returns.view(), self.benchmark.view(), self.risk_free, annualisation)?)?)
    }
}

fn per_period(args: &mut Args<'_>, metric: impl FnOnce(&Relative<'_>) -> attribution::Result<f64>) -> Outcome {
    Ok(Pair::read(args)?.metric(metric)?.into())
}

fn per_year(args: &mut Args<'_>, metric: impl FnOnce(&Relative<'_>) -> attribution::Result<f64>) -> Outcome {
    Ok(Pair::read_per_year(args)?.metric(metric)?.into())
}

fn excess_per_period<T: Into<Tree>>(
    args: &mut Args<'_>,
    metric: impl FnOnce(&Relative<'_>) -> attribution::Result<T>,
) -> Outcome {
    Ok(Pair { risk_free: risk_free(args)?, ..Pair::read(args)? }.metric(metric)?.into())
}

fn excess_per_year(args: &mut Args<'_>, metric: impl FnOnce(&Relative<'_>) -> attribution::Result<f64>) -> Outcome {
    Ok(Pair { risk_free: risk_free(args)?, ..Pair::read_per_year(args)? }.metric(metric)?.into())
}

fn market_periods(args: &mut Args<'_>, name: &str) -> Result<MarketPeriods> {
    let periods = [("all", MarketPeriods::All), ("up", MarketPeriods::Up), ("down", MarketPeriods::Down)];
    args.choice(name, &periods)
}

fn capture_method(args: &mut Args<'_>) -> Result<CaptureMethod> {
    let methods = [("total_return", CaptureMethod::TotalReturn), ("annual_return", CaptureMethod::AnnualReturn)];
    args.choice("method", &methods)
}

fn beta(args: &mut Args<'_>) -> Outcome {
    let subset = market_periods(args, "subset")?;
    excess_per_period(args, |pair| pair.beta(subset))
}

fn alpha(args: &mut Args<'_>) -> Outcome {
    let bases = [("arithmetic", AlphaBasis::Arithmetic), ("geometric", AlphaBasis::Geometric)];
    let basis = args.choice("annualisation", &bases)?;
    excess_per_year(args, |pair| pair.alpha(basis))
}

fn timing_ratio(args: &mut Args<'_>) -> Outcome {
    excess_per_period(args, |pair| pair.timing_ratio())
}

fn systematic_risk(args: &mut Args<'_>) -> Outcome {
    let ddof = args.count("ddof")?;
    excess_per_year(args, |pair| pair.systematic_risk(ddof))
}

fn specific_risk(args: &mut Args<'_>) -> Outcome {
    let ddof = args.count("ddof")?;
    excess_per_year(args, |pair| pair.specific_risk(ddof))
}

fn total_risk(args: &mut Args<'_>) -> Outcome {
    let (systematic, specific) = (args.count("ddof_systematic")?, args.count("ddof_specific")?);
    excess_per_year(args, |pair| pair.total_risk(systematic, specific))
}

fn treynor_ratio(args: &mut Args<'_>) -> Outcome {
    let numerators = [
        ("annual_excess_return", TreynorNumerator::AnnualExcessReturn),
        ("total_return", TreynorNumerator::TotalReturn),
    ];
    let numerator = args.choice("numerator", &numerators)?;
    let ddof = args.optional("ddof", |args, name| args.count(name))?.unwrap_or(1);
    let denominators =
        [("beta", TreynorDenominator::Beta), ("systematic_risk", TreynorDenominator::SystematicRisk { ddof })];
    let denominator = args.choice("denominator", &denominators)?;
    excess_per_year(args, |pair| pair.treynor_ratio(numerator, denominator))
}

fn appraisal_ratio(args: &mut Args<'_>) -> Outcome {
    let ddof = args.count("ddof")?;
    let denominators =
        [("beta", AppraisalDenominator::Beta), ("specific_risk", AppraisalDenominator::SpecificRisk { ddof })];
    let denominator = args.choice("denominator", &denominators)?;
    excess_per_year(args, |pair| pair.appraisal_ratio(denominator))
}

fn tracking_error(args: &mut Args<'_>) -> Outcome {
    let ddof = args.count("ddof")?;
    per_year(args, |pair| pair.tracking_error(ddof))
}

fn information_ratio(args: &mut Args<'_>) -> Outcome {
    let means = [("geometric", MeanReturn::Geometric), ("arithmetic", MeanReturn::Arithmetic)];
    let (mean, ddof) = (args.choice("numerator", &means)?, args.count("ddof")?);
    per_year(args, |pair| pair.information_ratio(mean, ddof))
}

/// In the geometric form the risk-free rate is an annual one, in the arithmetic form one per period.
fn m_squared(args: &mut Args<'_>) -> Outcome {
    let means = [("geometric", MeanReturn::Geometric), ("arithmetic", MeanReturn::Arithmetic)];
    let (mean, ddof) = (args.choice("mean", &means)?, args.count("ddof")?);
    match mean {
        MeanReturn::Geometric => {
            Ok(with_annual_risk_free(args)?.metric(|pair| pair.m_squared(MeanReturn::Geometric, ddof))?.into())
        }
        MeanReturn::Arithmetic => excess_per_year(args, |pair| pair.m_squared(MeanReturn::Arithmetic, ddof)),
    }
}

/// The library has the geometric form alone.
fn m_squared_excess(args: &mut Args<'_>) -> Outcome {
    args.choice("mean", &[("geometric", ())])?;
    let ddof = args.count("ddof")?;
    Ok(with_annual_risk_free(args)?.metric(|pair| pair.m_squared_excess(ddof))?.into())
}

fn with_annual_risk_free(args: &mut Args<'_>) -> Result<Pair> {
    let (pair, rate) = (Pair::read_per_year(args)?, args.number("risk_free")?);
    Ok(Pair { risk_free: RiskFree::annual(rate, Frequency::custom(pair.periods_per_year)?)?, ..pair })
}

fn m2_sortino(args: &mut Args<'_>) -> Outcome {
    let target = args.number("target")?;
    per_year(args, |pair| pair.m2_sortino(target))
}

fn omega_excess_return(args: &mut Args<'_>) -> Outcome {
    let target = args.number("target")?;
    per_year(args, |pair| pair.omega_excess_return(target))
}

fn capture_ratio(args: &mut Args<'_>) -> Outcome {
    let (side, method) = (market_periods(args, "side")?, capture_method(args)?);
    let zeros = [("excluded", ZeroBenchmark::Excluded), ("down", ZeroBenchmark::Down)];
    let zero_benchmark = args.choice("zero_benchmark", &zeros)?;
    per_year(args, |pair| pair.capture_ratio(side, method, zero_benchmark))
}

fn up_down_capture(args: &mut Args<'_>) -> Outcome {
    let method = capture_method(args)?;
    per_year(args, |pair| pair.up_down_capture(method))
}

fn capture_frequency(args: &mut Args<'_>) -> Outcome {
    let direction = args.choice("side", &[("up", MarketDirection::Up), ("down", MarketDirection::Down)])?;
    per_period(args, |pair| pair.capture_frequency(direction))
}

fn batting_average(args: &mut Args<'_>) -> Outcome {
    let side = market_periods(args, "side")?;
    let zeros = [("excluded", ZeroBenchmark::Excluded), ("up", ZeroBenchmark::Up)];
    let zero_benchmark = args.choice("zero_benchmark", &zeros)?;
    per_period(args, |pair| pair.batting_average(side, zero_benchmark))
}

fn market_timing(args: &mut Args<'_>) -> Outcome {
    let models = [("treynor_mazuy", TimingModel::TreynorMazuy), ("henriksson_merton", TimingModel::HenrikssonMerton)];
    let model = args.choice("model", &models)?;
    excess_per_period(args, |pair| {
        let timing = pair.market_timing(model, &HacErrors::default())?;
        Ok(Tree::fields([
            ("alpha", timing.alpha.estimate.into()),
            ("beta", timing.beta.estimate.into()),
            ("gamma", timing.gamma.estimate.into()),
        ]))
    })
}

fn drawdown_beta(args: &mut Args<'_>) -> Outcome {
    let level = args.number("confidence")?;
    per_period(args, |pair| pair.drawdown_beta(Confidence::new(level)?))
}

fn drawdown_alpha(args: &mut Args<'_>) -> Outcome {
    let level = args.number("confidence")?;
    per_year(args, |pair| pair.drawdown_alpha(Confidence::new(level)?))
}

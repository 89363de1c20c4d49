//! The models that are judged.

use alluse_quant::forecast::evaluation::walk_forward::{PathForecaster, ReturnForecaster};
use alluse_quant::forecast::innovations::Innovations;
use alluse_quant::forecast::regimes::{HiddenMarkov, RegimePaths};
use alluse_quant::forecast::simulation::{FilteredBootstrap, GarchPaths, PathModel, StationaryBootstrap};
use alluse_quant::forecast::time_series::{ErrorTerm, ExponentialSmoothing, GrowthPaths, Trend};
use alluse_quant::forecast::volatility::har::HarVolatility;
use alluse_quant::forecast::volatility::{Garch, Har, RiskMetrics2006};
use alluse_quant::risk_core::VolatilityModel;
use alluse_quant::risk_core::volatility::EwmaVolatility;

use crate::Result;

/// GJR-GARCH with skewed t shocks.
#[must_use]
pub fn skewed_gjr() -> Garch {
    Garch::gjr(1, 1, 1).with_innovations(Innovations::SkewedT)
}

/// Every model of returns.
#[must_use]
pub fn of_returns(paths: usize) -> Vec<Box<dyn ReturnForecaster>> {
    fn judged<M: PathModel + 'static>(model: M, paths: usize) -> Box<dyn ReturnForecaster> {
        Box::new(PathForecaster::new(model, paths))
    }
    let ewma = FilteredBootstrap::new(EwmaVolatility::default()).named("filtered bootstrap, EWMA");
    let garch = FilteredBootstrap::new(Garch::new(1, 1)).named("filtered bootstrap, GARCH");
    let simulated = GarchPaths::new(skewed_gjr()).named("GJR with skewed t shocks");
    let smoothed = ExponentialSmoothing::new(ErrorTerm::Additive, Trend::Damped);
    vec![
        judged(StationaryBootstrap::default(), paths),
        judged(ewma, paths),
        judged(garch, paths),
        judged(simulated, paths),
        judged(RegimePaths::new(HiddenMarkov::new(2)), paths),
        judged(GrowthPaths::new(Box::new(smoothed)), paths),
    ]
}

/// Every model of volatility, by name.
///
/// # Errors
/// Never with these settings.
pub fn of_volatility() -> Result<Vec<(&'static str, Box<dyn VolatilityModel>)>> {
    let student = Garch::gjr(1, 1, 1).with_innovations(Innovations::StudentT);
    Ok(vec![
        ("GARCH(1,1)", Box::new(Garch::new(1, 1)) as Box<dyn VolatilityModel>),
        ("GJR(1,1,1), t shocks", Box::new(student)),
        ("TARCH(1,1,1)", Box::new(Garch::tarch(1, 1, 1))),
        ("HAR on squared returns", Box::new(HarVolatility::new(Har::new(vec![1, 5, 22])?))),
        ("RiskMetrics 2006", Box::new(RiskMetrics2006::default())),
    ])
}

//! Returns against a benchmark.
//!
//! [`Relative`] holds returns and benchmark on the same dates and the statistics that metrics share; the metrics are its
//! methods, and [`BenchmarkMetric`] is their catalogue.

mod align;
mod beta;
mod builders;
mod capture;
mod catalogue;
mod conventions;
mod drawdown;
mod regression;
mod relative;
mod risk;
mod sums;
#[cfg(test)]
mod tests;

pub use align::{
    Aligned, Alignment, AlignmentReport, BridgedDate, DropReason, DroppedDate, GapPolicy, KindPolicy, PartialPeriod,
    PeriodEnd, Resampled, SeriesCount, align, resample,
};
pub use builders::{
    Assumption, Assumptions, Blend, BuiltBenchmark, OptionMarket, OptionWriting, PremiumSource, QuotedPremium,
    Rebalancing, Roll, StrikeRule, Tenor, WritingCost, buy_write, put_write,
};
pub use catalogue::{BenchmarkMetric, BenchmarkValue};
pub use conventions::{
    AlphaBasis, AppraisalDenominator, BenchmarkConventions, CaptureMethod, MarketDirection, MarketPeriods, MeanReturn,
    TreynorDenominator, TreynorNumerator, ZeroBenchmark,
};
pub use regression::{AlphaBeta, Coefficient, HacErrors, MarketTiming, TimingModel};
pub use relative::Relative;

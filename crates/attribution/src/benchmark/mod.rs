//! Returns against a benchmark.
//!
//! | question | answer |
//! |---|---|
//! | how do returns compare with a benchmark on the same dates? | [`Relative`], whose methods are the metrics |
//! | which metrics are there, and what are they? | [`BenchmarkMetric`], all at once: [`Relative::table`] |
//! | how sure are alpha, beta and timing? | [`Relative::alpha_beta_hac`], [`Relative::market_timing`] |
//! | how do series of different frequency and calendar meet? | [`align`], [`resample`] |
//! | what if the benchmark has to be built? | [`Blend`], [`put_write`], [`buy_write`] |

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

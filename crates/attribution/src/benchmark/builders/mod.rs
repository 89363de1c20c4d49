//! Benchmarks that have to be built: blends of series, and option writing on an index.

mod blended;
mod expiries;
mod option_market;
mod option_writing;
mod position;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

pub use blended::{Blend, Rebalancing};
pub use expiries::Tenor;
pub use option_market::OptionMarket;
pub use option_writing::{OptionWriting, QuotedPremium, StrikeRule, WritingCost, buy_write, put_write};
pub use position::{PremiumSource, Roll};

use crate::ReturnSeries;

/// Something that was assumed where it was not observed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assumption {
    /// About what.
    pub subject: String,
    /// What.
    pub statement: String,
}

/// Everything that was assumed on the way to a benchmark.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assumptions {
    /// One by one.
    pub assumed: Vec<Assumption>,
}

impl Assumptions {
    fn assume(&mut self, subject: &str, statement: impl Into<String>) {
        self.assumed.push(Assumption { subject: subject.to_owned(), statement: statement.into() });
    }
}

/// A benchmark and what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct BuiltBenchmark {
    /// Its returns.
    pub series: ReturnSeries,
    /// What was assumed.
    pub assumptions: Assumptions,
    /// Options sold, in order; empty for a blend.
    pub rolls: Vec<Roll>,
}

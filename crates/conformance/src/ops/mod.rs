//! From the name of an op to one public library call, one file per family.
//!
//! A mapping converts shapes and names: it reads arguments, calls the library once, and returns what the
//! call returned. Arithmetic, loops over time and solvers belong to the library.

use crate::args::Args;
use crate::outcome::Outcome;

mod allocations;
mod attribution;
mod backtests;
mod benchmarks;
mod covariance;
mod drawdowns;
mod extremes;
mod factors;
mod garch;
mod means;
mod measures;
mod metrics;
mod moments;
mod options;
mod portfolios;
mod regimes;
mod rolling;
mod rolling_metrics;
mod scores;
mod sharpe;
mod stakes;
mod time_series;
mod var;
mod views;
mod volatility;

/// The mapping of one op.
pub type Op = fn(&mut Args<'_>) -> Outcome;

/// The ops of one family.
pub type Table = &'static [(&'static str, Op)];

/// Every family.
const FAMILIES: &[Table] = &[
    allocations::TABLE,
    attribution::TABLE,
    backtests::TABLE,
    benchmarks::TABLE,
    covariance::TABLE,
    drawdowns::TABLE,
    means::TABLE,
    extremes::TABLE,
    factors::TABLE,
    garch::TABLE,
    measures::TABLE,
    metrics::TABLE,
    moments::TABLE,
    options::TABLE,
    portfolios::TABLE,
    regimes::TABLE,
    rolling::TABLE,
    rolling_metrics::TABLE,
    scores::TABLE,
    sharpe::TABLE,
    stakes::TABLE,
    time_series::TABLE,
    var::TABLE,
    views::TABLE,
    volatility::TABLE,
];

/// The mapping of an op, when it has one.
#[must_use]
pub fn find(name: &str) -> Option<Op> {
    all().find(|(known, _)| *known == name).map(|(_, op)| op)
}

fn all() -> impl Iterator<Item = (&'static str, Op)> {
    FAMILIES.iter().flat_map(|table| table.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_op_is_mapped_twice() {
        let mut names = BTreeSet::new();
        for (name, _) in all() {
            assert!(names.insert(name), "{name}");
        }
    }

    /// The folder is run by the tests of the command; here only its completeness counts.
    #[test]
    fn every_op_has_a_case_from_its_definition() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/folders/by_definition");
        let files = crate::case::folder(folder.as_ref()).unwrap();
        let tried: BTreeSet<&str> = files.iter().flat_map(|(_, cases)| cases).map(|case| case.op.as_str()).collect();
        for (name, _) in all() {
            assert!(tried.contains(name), "{name}");
        }
    }

    #[test]
    fn ops_are_found_by_their_full_name() {
        assert!(find("volatility.ewma_effective_observations").is_some());
        assert!(find("volatility.ewma_effective").is_none());
    }
}
